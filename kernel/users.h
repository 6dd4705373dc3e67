#pragma once
/*
 * Users, as far as something is counted for them: the threads whose real user
 * they are. RLIMIT_NPROC allows so many, a hart's queues give each of them a
 * turn, and when memory is out the greediest of them pays.
 *
 * There is a record for each user that has a thread or a process that nobody
 * has waited for yet, and for root. Calls named _locked want
 * proc_tree.lock.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"
#include "kernel/list.h"

struct proc;

struct user {
	struct hlist_node link;
	uid_t uid;         /* [I] */
	unsigned threads;  /* [proc_tree.lock] */
	uint64_t resident; /* [proc_tree.lock] pages; oom_kill reckons here */
	uint64_t short_at; /* [proc_tree.lock] when fork had no memory */
};
extern struct user root_user;

/* One thread more, or less; the record goes with the last one. */
void user_add_locked(struct user *u);
void user_drop_locked(struct user *u);

/* Would one more thread of the caller's be more than RLIMIT_NPROC allows?
 * Never for root. */
bool user_is_full_locked(void);

/*
 * The threads of the calling process are uid's from now on. Were those more
 * than RLIMIT_NPROC allows, exec refuses as long as that is so (proc.crowded).
 * Takes the lock; may sleep. 0, or -EAGAIN: no memory for a record.
 */
int user_change(uid_t uid);

/* For exec: 0, or -EAGAIN. */
int user_may_exec(void);

/* The queue of a hart's that threads of this user wait in: root and the kernel
 * have one for themselves. */
unsigned user_queue(uid_t uid);
