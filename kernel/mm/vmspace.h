#pragma once
/*
 * Address spaces of user programs: an ordered set of regions and the page
 * table that caches them. A region says what ought to be at its addresses
 * (fresh zeroes, a file's pages, shared memory); faults fill it on demand.
 *
 * vmspace.lock (reader-writer, sleeping): faults take it for reading, changes
 * of regions for writing. The page table has its own spinlock for entries.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"
#include "kernel/lock.h"
#include "kernel/mm/page.h"
#include "kernel/rbtree.h"

struct file;
struct mapping;
struct thread;
typedef uint64_t uaddr_t; /* an address in user space, not yet checked */

#define VM_READ   (1u << 0)
#define VM_WRITE  (1u << 1)
#define VM_EXEC   (1u << 2)
#define VM_SHARED (1u << 3)
#define VM_STACK  (1u << 4) /* grows downwards */
#define VM_BRK    (1u << 5)

struct region {
	struct rb_node node;        /* vmspace.regions, by start */
	struct list_head map_link;  /* mapping's list of regions (file, shared) */
	uaddr_t start, end;         /* page aligned, end exclusive */
	unsigned flags;             /* VM_* */
	struct vmspace *vs;
	struct file *file;          /* a reference, or NULL for anonymous */
	uint64_t pgoff;             /* page of the file at start */
	uaddr_t file_end;           /* bytes from here on are zero (ELF bss) */
};

struct vmspace {
	struct rwsem lock;
	struct rb_root regions;     /* [lock] */
	struct region *last_hit;    /* [lock] a hint; see fault.c */
	struct spinlock pt_lock;    /* entries of the page table */
	pte_t *root;                /* its top table, in the direct map */
	paddr_t root_pa;
	int32_t refs;               /* threads, borrowers */
	uaddr_t brk_start, brk;     /* [lock] */
	uaddr_t mmap_base;          /* [lock] search downwards from here */
	uint64_t resident;          /* [pt_lock] pages */
	uint64_t total_pages;       /* [lock] pages in regions */
	uaddr_t arg_start, arg_end, env_start, env_end; /* for /proc */
	struct file *exe;           /* for /proc, a reference, or NULL */
	/* shootdown.c: which harts run it, ASIDs, stale and i-cache masks */
	struct vmspace_harts *harts;
};

/* An empty space with the kernel's half in place; one reference. */
int vmspace_create(struct vmspace **out);
/* A copy-on-write copy of vs (the current thread's). sp: the page under it is
 * copied at once. -ENOMEM leaves nothing behind. */
int vmspace_fork(struct vmspace *vs, uaddr_t sp, struct vmspace **out);
void vmspace_get(struct vmspace *vs);
void vmspace_put(struct vmspace *vs); /* may sleep: puts files */

/*
 * Maps [start, start+len) (page aligned, inside user space; start 0 without
 * fixed: a free place is chosen below mmap_base). What is there already is
 * unmapped if fixed. file may be NULL. prot and flags are VM_*. file_bytes:
 * how many bytes from start come from the file (the rest of that page and
 * what follows is zero); 0 means all. Result in *out (may be NULL).
 * Takes lock. Errors: -ENOMEM, -EINVAL, -EEXIST (noreplace).
 */
int vmspace_map(struct vmspace *vs, uaddr_t start, uint64_t len, unsigned flags,
                bool fixed, struct file *file, uint64_t pgoff,
                uint64_t file_bytes, uaddr_t *out);
int vmspace_unmap(struct vmspace *vs, uaddr_t start, uint64_t len);
int vmspace_protect(struct vmspace *vs, uaddr_t start, uint64_t len,
                    unsigned prot);
/* The stack region [top - limit reserve, top) that grows on demand. */
int vmspace_map_stack(struct vmspace *vs, uaddr_t top, uint64_t size);
/* Sets where the heap begins (exec). */
void vmspace_set_brk(struct vmspace *vs, uaddr_t start);

/*
 * A page fault by user mode or by a user copy, at va. access: one of VM_READ,
 * VM_WRITE, VM_EXEC. Sleeps. 0: try the access again. Else -EFAULT (no such
 * mapping or right: SIGSEGV; *code gets SEGV_MAPERR or SEGV_ACCERR), -EIO or
 * -ENXIO (SIGBUS), -ENOMEM.
 */
int vmspace_fault(struct vmspace *vs, uaddr_t va, unsigned access, int *code);

/* exec builds a new stack in a space that does not run: writes/zero-fills. */
int vmspace_write(struct vmspace *vs, uaddr_t dst, const void *src, size_t n);

/* Makes vs the space of this hart (NULL: keep what there is; kernel threads
 * and idle harts borrow it, with a reference). Called with the run queue's
 * lock held; never sleeps. Returns with satp right. */
void vmspace_switch(struct vmspace *vs);
/* Lets go of a borrowed space for good (a hart that idles long). The last put
 * is done by a kernel thread. */
void vmspace_unborrow(void);

/* For fs: unmaps pages [first, last] of m from every address space (truncate,
 * write-back). */
void vm_unmap_mapping(struct mapping *m, uint64_t first, uint64_t last,
                      bool write_protect_only);

/* A page whose content was just written for execution: makes instruction
 * fetches of this space see it, on every hart (fence.i now or at switch). */
void vmspace_flush_icache(struct vmspace *vs);

/* /proc/PID/maps: calls fn for each region, lock held for reading. */
void vmspace_walk(struct vmspace *vs,
                  void (*fn)(void *arg, const struct region *r), void *arg);

/* Kernel side. */
void vm_init(const struct mem_range *ram, unsigned n_ram,
             const struct mem_range *holes, unsigned n_holes);
/* The page table of the kernel's half, to start other harts with. */
uint64_t kernel_satp(void);
/* Device registers; uncached attributes where the hart needs them. NULL: no
 * memory or absurd range. Mapped for ever. */
volatile void *device_map(paddr_t pa, size_t size);
/* A kernel stack: returns its top. NULL: no memory. Pooled, never unmapped. */
void *kstack_alloc(void);
void kstack_free(void *top);
