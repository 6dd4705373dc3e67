/* Memory mappings. */
#pragma once

#include <sys/types.h>

#include "kernel/abi/mman.h"

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int munmap(void *addr, size_t len);
int mprotect(void *addr, size_t len, int prot);
int msync(void *addr, size_t len, int flags);
void *mremap(void *addr, size_t old_len, size_t len, int flags, ...);
int madvise(void *addr, size_t len, int advice);
