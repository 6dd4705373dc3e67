#pragma once
/*
 * All that fs/ knows of the world around it. The kernel provides these things
 * (kernel/host_impl.h and what it includes), and so does the shim for the
 * build machine (tools/hostfs/host_impl.h), so the whole of fs/ also builds
 * there for unit tests, fuzzing and crash exploration. Which of the two is
 * meant, the include path says.
 *
 * host_impl.h must provide, with the contracts of the kernel's headers:
 *
 *  locks         struct spinlock, mutex, rwsem and their calls, enum lock_rank
 *                (kernel/lock.h)
 *  waiting       struct wait_queue, wait_sleep, wait_wake_all, wait_event
 *                (kernel/wait.h)
 *  pages         struct page, PG_*, GFP_*, page_alloc, page_put, page_get,
 *                page_to_va, va_to_page, struct shrinker (kernel/mm/page.h)
 *  objects       kmem_cache_*, kmalloc, kzalloc, kfree (kernel/mm/slab.h)
 *  printing      pr_err, pr_warn, pr_info, pr_debug (kernel/printk.h), panic
 *  time          time_now, time_real (kernel/time.h)
 *  kernel threads, resched_point
 *  and what is declared below.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/errno.h"
#include "kernel/abi/types.h"
#include "kernel/abi/uio.h"
#include "kernel/bits.h"
#include "kernel/list.h"
#include "kernel/string.h"

#include "host_impl.h"

struct mapping;
struct file;
struct path;
struct fs_context;
struct fdtable;

/* ---- who asks ---- */
struct cred {
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	unsigned ngroups;
	gid_t groups[32];
};
const struct cred *host_cred(void);     /* of the caller; stays valid for it */
bool host_signal_pending(void);         /* should a long wait end? */
bool host_fatal_signal_pending(void);   /* should a long copy end? */
int host_pid(void);
/* The caller's limits: size of a file in bytes, number of descriptors. */
uint64_t host_file_size_limit(void);
unsigned host_fd_limit(void);
/* Root, current directory and umask (fs/namei.h), and the descriptors
 * (fs/fdtable.h) of the caller. They stay valid for the call. A kernel thread
 * has those that the kernel started with. */
struct fs_context *host_fs(void);
struct fdtable *host_files(void);
/* SIGPIPE, SIGXFSZ to the caller. */
void host_send_signal(int sig);

/* ---- data of the caller ---- */
/*
 * A list of buffers of the caller (user addresses, or kernel ones) and how
 * far they have been used. Copies advance it.
 */
struct uio {
	const struct iovec *iov; /* kernel copy of the vector */
	unsigned iovcnt;
	unsigned cur;            /* current element */
	size_t off;              /* inside it */
	size_t resid;            /* bytes left in all */
	bool kernel;             /* iov_base are kernel addresses */
};
void uio_init_kernel(struct uio *u, struct iovec *iov, void *buf, size_t n);

/* Copies up to n bytes between kernel memory and the caller's buffers; bytes
 * copied (less than n: a bad address; 0 and nothing could be: -EFAULT is for
 * the caller to return). May sleep: no page lock, handle or spinlock. */
size_t uio_copy_to(struct uio *u, const void *src, size_t n);
size_t uio_copy_from(struct uio *u, void *dst, size_t n);
/* The same under locks: stop at the first page that is not there. */
size_t uio_copy_to_nofault(struct uio *u, const void *src, size_t n);
size_t uio_copy_from_nofault(struct uio *u, void *dst, size_t n);
/* Faults in what the next nofault copy of up to n bytes needs: 0/-EFAULT. */
int uio_fault_in(struct uio *u, size_t n, bool to_user);
void uio_advance(struct uio *u, size_t n);

/* Arguments of ioctl: user addresses. 0 or -EFAULT. May sleep. */
int host_copy_to_user(uint64_t to, const void *from, size_t n);

/* ---- mappings into address spaces ---- */
/* Takes pages [first, last] of m out of every address space, or only write-
 * protects them there. No lock of the page is needed; may not sleep... */
void host_unmap_range(struct mapping *m, uint64_t first, uint64_t last,
                      bool write_protect_only);

/* ---- the machine ---- */
void host_random(void *buf, size_t n);
/* Multiplication without carries: polynomials whose coefficients are bits.
 * NULL where there is no such instruction. */
const struct host_clmul {
	uint64_t (*multiply)(uint64_t a, uint64_t b); /* the lower half */
	/* crc32c over n words that are aligned; see fs/ext4/crc32c.h. */
	uint32_t (*crc32c)(uint32_t crc, const void *p, size_t n);
} *host_clmul(void);
uint64_t host_total_pages(void); /* RAM that the allocator was given */
