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
#define VM_PROT   (VM_READ | VM_WRITE | VM_EXEC)
/* Only for vmspace_map with fixed: -EEXIST if something is there already. */
#define VM_NOREPLACE (1u << 31)

struct region {
	struct rb_node node; /* vmspace.regions, by start */
	struct list_head
		map_link;   /* mapping's list of regions (file, shared) */
	uaddr_t start, end; /* page aligned, end exclusive */
	unsigned flags;     /* VM_* */
	struct vmspace *vs;
	struct file *file; /* a reference, or NULL for anonymous */
	uint64_t pgoff;    /* page of the file at start */
	uaddr_t file_end;  /* bytes from here on are zero (ELF bss);
			    * UINT64_MAX: none are */
};

struct vmspace {
	struct rwsem lock;
	struct rb_root regions;  /* [lock] */
	struct region *last_hit; /* [lock] a hint; see fault.c */
	struct spinlock pt_lock; /* entries of the page table */
	pte_t *root;             /* its level 2, in the direct map */
	struct page *root_page;  /* of that; see pt_root_alloc */
	uint64_t satp;           /* for it, without an ASID */
	int32_t users;          /* who may touch user addresses: atomic */
	int32_t refs;           /* one for all users, one for each hart
				 * whose satp names it: atomic */
	uaddr_t brk_start, brk; /* [lock] */
	uaddr_t mmap_base;      /* [lock] search downwards from here */
	uint64_t resident;      /* [pt_lock] pages */
	uint64_t total_pages;   /* [lock] pages in regions */
	uint64_t n_regions;     /* [lock] */
	uint64_t stack_size;    /* bytes of the region that exec made for it */
	uint64_t stack_max;     /* bytes that it may grow to */
	uaddr_t arg_start, arg_end, env_start, env_end; /* for /proc */
	struct file *exe; /* for /proc, a reference, or NULL */
	/* shootdown.c: which harts run it, ASIDs, stale and i-cache masks */
	struct vmspace_harts *harts;
};

/* An empty space with the kernel's half in place; one reference. */
int vmspace_create(struct vmspace **out);
/* A copy-on-write copy of vs (the current thread's). sp: the page under it is
 * copied at once. -ENOMEM leaves nothing behind. */
int vmspace_fork(struct vmspace *vs, uaddr_t sp, struct vmspace **out);
/*
 * A use, and its end. The last put takes everything out of the space and frees
 * it; it may sleep (files are put), so no lock is held, and the thread that
 * calls it touches no user memory any more. Harts that have the space in satp
 * may go on with it: nothing but the kernel's half is left.
 */
void vmspace_get(struct vmspace *vs);
void vmspace_put(struct vmspace *vs);

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
/* The stack region [top - size, top), filled on demand; mmap_base moves below
 * it. Later, stack_max may make it smaller. */
int vmspace_map_stack(struct vmspace *vs, uaddr_t top, uint64_t size);
/* Sets where the heap begins (exec). */
void vmspace_set_brk(struct vmspace *vs, uaddr_t start);
/* brk(2): the new end of the heap, or the old one if it cannot be had. */
uaddr_t vmspace_brk(struct vmspace *vs, uaddr_t end);
/* mremap(2); flags are MREMAP_*. 0 or negative errno. */
int vmspace_remap(struct vmspace *vs, uaddr_t old, uint64_t old_len,
		  uint64_t new_len, unsigned flags, uaddr_t new_addr,
		  uaddr_t *out);
/* madvise(MADV_DONTNEED): the pages' content is not needed any more. -ENOMEM
 * if part of the range is not mapped (the rest is done). */
int vmspace_discard(struct vmspace *vs, uaddr_t start, uint64_t len);
/* Is all of [start, start+len) mapped? Takes lock. */
bool vmspace_range_mapped(struct vmspace *vs, uaddr_t start, uint64_t len);
/* msync(2): writes back shared file pages of the range, waits if asked. */
int vmspace_sync(struct vmspace *vs, uaddr_t start, uint64_t len, bool wait);
/* Fills the range as if each page was touched; stops at the first error. */
void vmspace_populate(struct vmspace *vs, uaddr_t start, uint64_t len);

/*
 * A page fault by user mode or by a user copy, at va. access: one of VM_READ,
 * VM_WRITE, VM_EXEC. Sleeps. 0: try the access again. Else -EFAULT (no such
 * mapping or right: SIGSEGV; *code gets SEGV_MAPERR or SEGV_ACCERR), -EIO or
 * -ENXIO (SIGBUS), -ENOMEM.
 */
int vmspace_fault(struct vmspace *vs, uaddr_t va, unsigned access, int *code);

/* Bytes in all regions, as RLIMIT_AS counts them: of the stack, which is there
 * whole from the start, only what every program has of it. */
uint64_t vmspace_size(const struct vmspace *vs);

/* If addr lies in a shared mapping of a file: which (its struct mapping) and
 * where in it; else *object and *offset stay. For names only: no reference. */
void vmspace_shared_place(struct vmspace *vs, uaddr_t addr,
			  const void **object, uint64_t *offset);

/* exec builds a new stack in a space that does not run: writes (src NULL:
 * zeroes). Where the region is not writable the pages become private copies
 * all the same. 0 or what vmspace_fault says. */
int vmspace_write(struct vmspace *vs, uaddr_t dst, const void *src, size_t n);
/* Another process's memory, for /proc: bytes that are there (a page that is
 * not in memory ends it). */
size_t vmspace_read(struct vmspace *vs, void *dst, uaddr_t src, size_t n);

/*
 * Makes vs the space of this hart (NULL: keep what there is; kernel threads
 * and idle harts borrow it, with a reference). Called with interrupts off,
 * under the run queue's lock or none; never sleeps. Returns with satp right.
 */
void vmspace_switch(struct vmspace *vs);
/* The idle hart goes on with the space that it had kept (it may have missed
 * fences, since nobody wakes one out of wfi for them). Called when a hart
 * switches away from its idle thread and not to another space. */
void vmspace_resume(void);
/* This hart goes back to the kernel's own table: it lets go of the space that
 * it has borrowed. Never sleeps. */
void vmspace_unborrow(void);
/* Whether the firmware takes each form of fence that others will ask for on
 * this hart: 0 or an SBI error (chapter "RFENCE Extension"). It is asked by the
 * hart itself, which waits for nobody: to wait for others took 64 harts on two
 * cores a minute and more. */
long tlb_try_fences(void);
/* This hart is online from now on, with nothing cached from before; and no
 * more: nobody names it to the firmware after that. */
void tlb_hart_joins(void);
void tlb_hart_leaves(void);

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
/*
 * After page_init and slab_init: maps what is RAM but was not free and is no
 * hole (holes: firmware, no-map), takes the window of the device tree away,
 * and makes the roots final. The lists are as the device tree has them.
 */
void vm_init(const struct mem_range *ram, unsigned n_ram,
	     const struct mem_range *holes, unsigned n_holes);
/* The page table of the kernel's half, to start other harts with. */
uint64_t kernel_satp(void);
/* Device registers; uncached attributes where the hart needs them. NULL: no
 * memory or absurd range. Mapped for ever. */
volatile void *device_map(paddr_t pa, size_t size);
/* May entries name a memory type? Once, while only one hart runs. */
bool vm_pbmt_works(void);
/* A kernel stack: returns its top. NULL: no memory. Pooled; unmapped only when
 * the pool has many and memory is short. */
void *kstack_alloc(void);
void kstack_free(void *top);
