#pragma once
/*
 * Futexes: a thread sleeps while a word of user memory has an expected value.
 * A word is named by address space and address; words in shared mappings by
 * the page that holds them, so that processes meet.
 */
#include <stdint.h>

typedef uint64_t uaddr_t;
struct thread;

/* Wakes up to n sleepers on the caller's word; how many. */
int futex_wake_address(uaddr_t addr, unsigned n);
/* A thread ends: the locks on its robust list are marked and passed on. */
void futex_exit_robust(struct thread *t);
void futex_init(void);
