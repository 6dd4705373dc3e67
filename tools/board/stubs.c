/*
 * What probing wants of the rest of the kernel, as little of it as will do:
 * memory from this machine, a clock that jumps ahead whenever it is looked at
 * (so what waits for a device that is not there does not wait long), and
 * terminals, disks and threads that nobody uses.
 */
#include "tools/board/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/blk.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/mmc.h"
#include "kernel/dev/random.h"
#include "kernel/dev/sysrq.h"
#include "kernel/dev/tty.h"
#include "kernel/mm/page.h"
#include "kernel/mm/pagetable.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmspace.h"
#include "kernel/printk.h"
#include "kernel/smp.h"
#include "kernel/sched.h"
#include "kernel/time.h"
#include "kernel/wait.h"
#include "sbi/dbcn.h"
#include "sbi/legacy.h"
#include "sbi/sbi.h"

static struct hart first_hart;
static struct thread this_thread = { .hart = &first_hart };
static uint64_t now;

struct thread *current_thread_register = &this_thread;
struct hart *harts = &first_hart;
unsigned nharts = 1;
pte_t pte_io_bits, pte_memory_bits;
const vaddr_t direct_base = DIRECT_SV39;
unsigned pt_levels = PT_LEVELS;
unsigned board_disks;
unsigned board_no_memory;

void smp_init(const uint64_t *ids, unsigned n)
{
	harts = calloc(n, sizeof(*harts));
	nharts = n;
	for (unsigned i = 0; i < n; i++) {
		harts[i].index = (int)i;
		harts[i].hartid = ids[i];
	}
	this_thread.hart = harts;
}

bool vm_pbmt_works(void)
{
	return true;
}

void *kmalloc(size_t size, unsigned gfp)
{
	static unsigned n;

	if (board_no_memory && ++n % board_no_memory == 0)
		return NULL;
	return calloc(1, size);
}

void kfree(void *p)
{
	free(p);
}

struct page *page_alloc(unsigned order, unsigned gfp, enum page_kind kind)
{
	size_t size = PAGE_SIZE << order;
	void *p = aligned_alloc(PAGE_SIZE, size);

	if (p)
		memset(p, 0, size);
	return p;
}

void page_free(struct page *pg, unsigned order)
{
	free(pg);
}

void printk(enum printk_level level, const char *fmt, ...)
{
	va_list ap;

	if (!board_verbose)
		return;
	printf("kernel       ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	if (fmt[strlen(fmt) - 1] != '\n')
		printf("\n");
}

void printk_set_console(void (*write)(const char *text, size_t n))
{
}

/* ---- time ---- */

uint64_t time_now(void)
{
	return now += NSEC_PER_MSEC;
}

uint64_t rdtime(void)
{
	return time_now();
}

void time_delay(uint64_t ns)
{
	now += ns;
}

void time_set_real(uint64_t ns)
{
}

void timeout_init(struct timeout *t, void (*fn)(struct timeout *))
{
}

void timeout_set(struct timeout *t, uint64_t deadline)
{
}

/* ---- locks: one thread runs ---- */

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	l->locked = 0;
}

void spin_lock_contended(struct spinlock *l)
{
	abort(); /* it would wait for itself */
}

/* ---- threads: this one, which nobody wakes ---- */

void wait_queue_init(struct wait_queue *q)
{
}

int wait_sleep(struct wait_queue *q, struct spinlock *held, int mode,
	       uint64_t deadline)
{
	now = deadline;
	return -ETIMEDOUT;
}

void wait_wake_all(struct wait_queue *q)
{
}

void resched_point(void)
{
}

/* ---- who uses the devices ---- */

/* What the file systems divide by and count on. */
void blk_register(struct blkdev *bd)
{
	if (bd->sectors > UINT64_C(1) << 54 || bd->block_size < BLK_SECTOR ||
	    bd->block_size > PAGE_SIZE ||
	    bd->block_size & (bd->block_size - 1) || !bd->max_segs ||
	    bd->max_bytes < bd->block_size || !bd->submit) {
		fprintf(stderr, "ERROR: an absurd disk, %s\n", bd->name);
		abort();
	}
	board_disks++;
}

/* The slot's thread comes no further than this where there is no card. */
int mmc_host_add(struct mmc_host *h)
{
	struct mmc_cmd idle = { .answer = h->spi ? MMC_R1 : MMC_NONE };

	board_disks++;
	if (!h->ops->present || h->ops->present(h)) {
		h->ops->reset(h);
		h->ops->request(h, &idle, NULL);
	}
	return 0;
}

void mmc_nap(uint64_t ns)
{
	now += ns;
}

void random_add(const void *data, size_t n, bool good)
{
}

void random_event(void)
{
}

size_t sbi_console_read(char *buf, uint64_t pa, size_t n)
{
	return 0;
}

bool sbi_probe(uint32_t eid)
{
	return false;
}

void sbi_legacy_shutdown(void)
{
}

void sbi_console_write(const char *text, uint64_t pa, size_t n)
{
}

void sysrq_key(unsigned char key)
{
}

struct tty *tty_create(const struct tty_ops *ops, void *driver, dev_t dev,
		       const char *name)
{
	struct tty *t = kmalloc(sizeof(*t), GFP_KERNEL);

	if (t)
		snprintf(t->name, sizeof(t->name), "%s", name);
	return t;
}

void tty_set_console(struct tty *t)
{
}

void tty_input(struct tty *t, const unsigned char *p, unsigned n)
{
}

void tty_input_break(struct tty *t)
{
}

void tty_input_error(struct tty *t, unsigned char c)
{
}

void tty_output_ready(struct tty *t)
{
}

void tty_act(struct tty *t)
{
}
