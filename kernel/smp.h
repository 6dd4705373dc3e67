#pragma once
/*
 * Harts. Each usable hart of the device tree has a dense index (0 is the one
 * that booted) and a struct hart; hart ids of the firmware are any numbers.
 * Other harts are asked for things by IPI: "look at your run queue", "stop",
 * "call this function".
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/lock.h"
#include "kernel/rbtree.h"
#include "kernel/thread.h"

struct thread;
struct vmspace;

#define RUN_QUEUES 8

struct hart {
	/* What the hot paths use, first. */
	struct thread *current;    /* owner hart only */
	struct thread *idle;
	struct vmspace *vmspace;   /* the space in satp, with a reference */
	int index;
	uint32_t plug;             /* PLUG_*, atomic */

	struct spinlock rq_lock;
	/* Runnable threads: a queue for root, and some that users share. */
	struct list_head rq[RUN_QUEUES]; /* [rq_lock] */
	unsigned rq_filled;        /* [rq_lock] a bit for each queue */
	unsigned rq_turn;          /* [rq_lock] the bit of the last one served */
	unsigned rq_len;           /* [rq_lock] threads in all of them */
	uint64_t slice_end;        /* ticks; 0: nobody waits to run */
	uint64_t cpu_end;          /* ticks; 0: no CPU timer of `current` */
	struct thread *switched_from; /* between switch and its finish */

	uint64_t hartid;           /* the firmware's number */
	void *emergency_stack;     /* top */
	struct boot_secondary_args *boot_args;
	unsigned intc_phandle;     /* the tree's name of its interrupt inputs */

	struct spinlock timeout_lock;
	struct rb_root timeouts;   /* [timeout_lock] by deadline */
	struct timeout *timeout_running;
	uint64_t armed;            /* ticks, in the comparator; ~0: none */

	uint32_t ipi_pending;      /* IPI_* bits, atomic */
	bool ipi_err;              /* one was refused, and that was said */

	/* shootdown.c */
	uint64_t asid_generation;
	uint16_t asid_next;
	uint64_t kstack_epoch;     /* vm.c: the stacks that it knows of */

	/* mm: per-hart caches of pages and objects */
	void *page_cache;
	void *slab_cache;

	uint64_t off_since;        /* ticks; counted as idle when it comes */
	int plug_err;              /* why it did not suspend */
	long refused;              /* atomic: why it stopped when it came */

	/* counters for /proc and bench */
	uint64_t n_switch, n_irq, n_ipi, n_timer;
	int64_t idle_ticks; /* while it idles, less the time it began: < 0 */
	uint64_t spins, contended; /* turns waited for spinlocks; how often */
	uint64_t acquisitions;     /* of spinlocks; only CONFIG_DEBUG counts */
};

_Static_assert(offsetof(struct hart, index) == HART_INDEX, "trapvec.S");

/* What is asked of a hart: it goes to its idle loop at once, and from there
 * where it was told to (hotplug.c). */
enum {
	PLUG_NONE,
	PLUG_OFF,     /* may still be taken back */
	PLUG_GOING,   /* no more */
	PLUG_SUSPEND, /* the last one, the whole machine with it */
};

#define IPI_RESCHED (1u << 0)
#define IPI_STOP    (1u << 1) /* a panic: stop for good */
#define IPI_CALL    (1u << 2)

/* Bit masks of hart indices (affinity, idle harts) are one word. */
#define MAX_HARTS 64

extern struct hart *harts; /* [nharts] */
extern unsigned nharts;    /* usable ones, whether online or not */
/* Bit per index, atomic. A hart is online while it may be named to the
 * firmware; active while threads may be put there, a shorter time. */
extern uint64_t online_harts, active_harts;
extern uint64_t idle_harts; /* waits in wfi */
/* Online, and left out until one comes: IPIs do not arrive. */
extern uint64_t deaf_harts;
/* Held by who asks all harts something, and while harts come and go. */
extern struct mutex smp_lock;

/* Sends one IPI; nothing if the bit was pending already. */
void ipi_send(struct hart *h, uint32_t what);
/* SSIP is pending: acts on this hart's bits. */
void ipi_interrupt(void);
/* Starts every usable hart through HSM and waits (bounded) until they run. */
void smp_start_others(void);
/* One of them, prepared before; waits for at most so many ns. 0, -EIO (refused),
 * -ETIMEDOUT, each with a message. */
int smp_start_hart(struct hart *h, uint64_t patience);
/* Between two looks at another hart's state: sleeps where that is possible. */
void smp_pause(void);
/* The calling hart is in service from now on: threads, interrupts, IPIs. */
void smp_join(void);
/* What boot_secondary wants to know to bring h to its idle loop: physical. */
uint64_t smp_entry_args(struct hart *h);
/* The boot hart as it is before the tree has been read. */
void smp_init_boot_hart(uint64_t hartid, struct thread *t);
/* Makes the table of harts: ids[0] is the one that runs this. */
void smp_init(const uint64_t *ids, unsigned n);
/* Per-hart CSRs: traps, counters, interrupt enables. */
void hart_init_csrs(void);
/*
 * Asks the firmware to do misaligned accesses of this hart itself, as all did
 * before FWFT (feature 0) let them leave these to S-mode: there a program would
 * get SIGBUS. Nothing without FWFT; a refusal is told when they do come here.
 */
void hart_init_misaligned(void);
/* Online and not deaf, but for the calling hart: a bit per index. */
uint64_t smp_others(void);
/* The two halves of smp_call_others, for who has smp_lock: between them the
 * others are in fn, as long as that likes. No sleep between them. */
void smp_call_begin(void (*fn)(void *), void *arg);
void smp_call_end(void);
/* In a loop between them that waits for the others to be in fn: a hart that
 * has not looked after a second is sent another IPI; after ten it is named,
 * is deaf, and will not call fn. */
void smp_call_wait(void);
/* Runs fn on smp_others and waits until all have, or are deaf. No spinlock
 * held. Interrupts are off in the kernel, so it may take a while. */
void smp_call_others(void (*fn)(void *), void *arg);
void smp_stop_others(void);
unsigned int smp_hart_index(void);

/* The hart that runs this. The kernel is not preempted, so it stays true
 * until the caller sleeps. */
static inline struct hart *this_hart(void)
{
	return current_thread()->hart;
}

static inline bool hart_in(uint64_t *mask, const struct hart *h)
{
	return __atomic_load_n(mask, __ATOMIC_ACQUIRE) >> h->index & 1;
}
