#pragma once
/*
 * Memory that programs share without a file of theirs (MAP_SHARED |
 * MAP_ANONYMOUS).
 */
#include <stdint.h>

struct file;

/* Once, when fs/ is up. */
void shm_init(void);
/* A file of `size` zero bytes without a name, one reference: -ENOMEM,
 * -ENOSPC. May sleep. */
int shm_file_create(uint64_t size, struct file **out);
