/*
 * The table of harts, starting them, and interrupts from hart to hart.
 *
 * A hart is started through the firmware (HSM) with everything it needs ready:
 * its idle thread with a stack, the page table, and the address of the C
 * function to go to. It is waited for, but not for ever: a hart that does not
 * come is named and left out. So is one that no longer hears the others:
 * firmware may lose an interrupt, and some then sends that hart no more.
 */
#include "kernel/smp.h"

#include "boot/boot.h"
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/irq.h"
#include "kernel/memlayout.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/riscv.h"
#include "kernel/sched.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/trap.h"
#include "kernel/wait.h"
#include "sbi/fwft.h"
#include "sbi/hsm.h"
#include "sbi/ipi.h"
#include "sbi/sbi.h"

#define START_TIMEOUT (2 * NSEC_PER_SEC)
/* After one that did not come: a tree may name dozens that do not exist. */
#define START_TIMEOUT_NEXT (100 * NSEC_PER_MSEC)

static struct hart boot_hart;
struct hart *harts = &boot_hart;
unsigned nharts = 1;

/* Until the next IPI to a hart that has not looked; until it is left out. */
#define CALL_AGAIN    NSEC_PER_SEC
#define CALL_PATIENCE (10 * NSEC_PER_SEC)

uint64_t online_harts = 1, active_harts = 1, deaf_harts;
struct mutex smp_lock;

/* One function to call on all others. [smp_lock] */
static struct {
	void (*fn)(void *);
	void *arg;
	uint64_t asked;           /* by index */
	uint64_t again, deadline; /* ns */
	uint32_t left;            /* harts that have not called it yet */
} cross_call;

static void hart_setup(struct hart *h, int index, uint64_t hartid)
{
	h->index = index;
	h->hartid = hartid;
	h->armed = UINT64_MAX;
	h->off_since = boot_entry_time;
	spin_init(&h->rq_lock, "run queue", RANK_RUNQUEUE);
	for (unsigned i = 0; i < RUN_QUEUES; i++)
		list_init(&h->rq[i]);
	spin_init(&h->timeout_lock, "timeouts", RANK_TIMEOUT);
}

/* The boot hart's structure exists before there is memory for a table. */
void smp_init_boot_hart(uint64_t hartid, struct thread *t)
{
	hart_setup(&boot_hart, 0, hartid);
	boot_hart.current = boot_hart.idle = t;
	t->hart = &boot_hart;
}

void smp_init(const uint64_t *ids, unsigned n)
{
	/* The first row is what the boot hart has used so far; nothing points
	 * at it but the current thread. */
	struct hart *table = early_alloc(n * sizeof(*table), 64);
	struct thread *t = current_thread();

	table[0] = boot_hart;
	hart_setup(&table[0], 0, ids[0]);
	for (unsigned i = 1; i < n; i++)
		hart_setup(&table[i], (int)i, ids[i]);
	t->hart = &table[0];
	harts = table;
	nharts = n;
	emergency_stacks = early_alloc(n * sizeof(uint64_t), 8);
	mutex_init(&smp_lock, "harts", RANK_SLEEP_LEAF);
}

static int prepare_stacks(struct hart *h)
{
	h->emergency_stack = kstack_alloc();
	if (!h->emergency_stack)
		return -1;
	emergency_stacks[h->index] = (uint64_t)h->emergency_stack;
	return 0;
}

void hart_init_csrs(void)
{
	csr_write(sscratch, 0);
	csr_write(stvec, (uint64_t)trap_vector);
	csr_write(sie, SIE_SSIE | SIE_SEIE);
	csr_clear(sstatus, SSTATUS_SIE | SSTATUS_SPP | SSTATUS_FS | SSTATUS_VS);
	csr_set(sstatus, SSTATUS_SPIE | SSTATUS_SUM);
	/* Programs may read time, as everywhere; cycle and instret too. */
	csr_write(scounteren, SCOUNTEREN_CY | SCOUNTEREN_TM | SCOUNTEREN_IR);
}

void hart_init_misaligned(void)
{
	unsigned long ours;
	long err;

	if (!sbi_probe(SBI_EXT_FWFT))
		return;
	err = sbi_fwft_set(SBI_FWFT_MISALIGNED_DELEG, 0, 0);
	if (err && !sbi_fwft_get(SBI_FWFT_MISALIGNED_DELEG, &ours) && ours)
		pr_warn("hart %lu: the firmware leaves misaligned accesses to "
			"us, and they will be SIGBUS: %s\n",
			this_hart()->hartid, sbi_error_name(err));
}

void smp_join(void)
{
	struct hart *h = this_hart();

	hart_init_csrs();
	hart_init_misaligned();
	time_init_hart();
	tlb_hart_joins();
	irq_init_hart();
	h->idle_ticks += (int64_t)(rdtime() - h->off_since);
	__atomic_store_n(&h->plug, PLUG_NONE, __ATOMIC_RELEASE);
	sched_activate(h, true);
	/* What was sent while it was away: no more is, until that is read. */
	ipi_interrupt();
}

static void stop_for_good(void)
{
	for (;;)
		wfi();
}

/* First C function of a hart that was started; on its idle thread. */
static void secondary_main(uint64_t hartid)
{
	struct hart *h = this_hart();
	long err = tlb_try_fences();

	/* Without fences two harts cannot share a page table. */
	if (err) {
		__atomic_store_n(&h->refused, err, __ATOMIC_RELEASE);
		sbi_hart_stop();
		stop_for_good();
	}
	smp_join();
	sched_idle();
}

/* All that a hart needs; as long as nobody else runs, new stacks are mapped
 * without asking anybody. */
static void prepare_hart(struct hart *h)
{
	if (!h->idle)
		h->idle = thread_create_idle(h);
	if (h->idle && !prepare_stacks(h))
		h->boot_args = kmalloc(sizeof(*h->boot_args), GFP_KERNEL);
	if (!h->boot_args)
		pr_err("no memory to start hart %lu\n", h->hartid);
	h->current = h->idle;
}

void smp_pause(void)
{
	if (current_thread() == this_hart()->idle) {
		cpu_relax();
		return;
	}
	thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
	thread_sleep(time_now() + NSEC_PER_MSEC);
}

uint64_t smp_entry_args(struct hart *h)
{
	struct boot_secondary_args *args = h->boot_args;

	args->satp = kernel_satp();
	args->stack_top = h->idle->kstack_top;
	args->thread = (uint64_t)h->idle;
	args->entry = secondary_main;
	smp_mb();
	return va_to_pa(args);
}

int smp_start_hart(struct hart *h, uint64_t patience)
{
	enum sbi_hsm_state state = SBI_HSM_START_PENDING;
	uint64_t args = smp_entry_args(h), deadline;
	long err, refused;

	h->refused = 0;
	err = sbi_hart_start(h->hartid, image_va_to_pa(boot_secondary), args);
	if (err) {
		pr_err("hart %lu does not start: %s\n", h->hartid,
		       sbi_error_name(err));
		return -EIO;
	}
	deadline = time_now() + patience;
	while (!hart_in(&active_harts, h)) {
		if (time_now() > deadline) {
			pr_err("hart %lu was started and has not come (%s)\n",
			       h->hartid, sbi_hsm_state_name(state));
			return -ETIMEDOUT;
		}
		err = sbi_hart_status(h->hartid, &state);
		refused = __atomic_load_n(&h->refused, __ATOMIC_ACQUIRE);
		if (refused) {
			pr_err("hart %lu stays off: the firmware refuses fences on it (%s)\n",
			       h->hartid, sbi_error_name(refused));
			return -EIO;
		}
		/* It may have come in at the wrong door: see head.S. */
		if (!err && state == SBI_HSM_STOPPED)
			sbi_hart_start(h->hartid,
				       image_va_to_pa(boot_secondary), args);
		smp_pause();
	}
	return 0;
}

/* How many harts the boot arguments want at work; the others can be switched
 * on later. */
static unsigned harts_wanted(void)
{
	char text[8];
	unsigned n = 0;

	if (bootarg("nosmp", text, sizeof(text)))
		return 1;
	if (!bootarg("maxcpus", text, sizeof(text)))
		return nharts;
	for (const char *c = text; *c >= '0' && *c <= '9'; c++)
		n = n * 10 + (unsigned)(*c - '0');
	return MIN(n, nharts);
}

void smp_start_others(void)
{
	uint64_t patience = START_TIMEOUT;
	unsigned wanted = harts_wanted();

	for (unsigned i = 0; i < nharts; i++)
		prepare_hart(&harts[i]);
	if (!harts[0].emergency_stack)
		boot_stop("no memory for the first stacks");
	if (nharts > 1 && !sbi_probe(SBI_EXT_HSM))
		pr_warn("the firmware has no HSM: no other hart starts\n");
	for (unsigned i = 1; i < wanted && sbi_probe(SBI_EXT_HSM); i++)
		if (harts[i].boot_args &&
		    smp_start_hart(&harts[i], patience) == -ETIMEDOUT)
			patience = START_TIMEOUT_NEXT;
	pr_info("%u of %u harts run; hart %lu booted\n",
		popcount64(online_harts), nharts, harts[0].hartid);
}

static void interrupt(struct hart *h)
{
	struct sbi_hartmask one = { 1, h->hartid };
	long err = sbi_send_ipi(one);

	/* It may stop this moment; then there was nothing left to ask. */
	if (err && hart_in(&online_harts, h) && !h->ipi_err) {
		h->ipi_err = true;
		pr_err("hart %lu: send_ipi: %s\n", h->hartid,
		       sbi_error_name(err));
	}
}

void ipi_send(struct hart *h, uint32_t what)
{
	uint32_t before =
		__atomic_fetch_or(&h->ipi_pending, what, __ATOMIC_SEQ_CST);

	if (!(before & what) && hart_in(&online_harts, h))
		interrupt(h);
}

void ipi_interrupt(void)
{
	struct hart *h = this_hart();
	uint32_t what;

	h->n_ipi++;
	csr_clear(sip, SIP_SSIP);
	if (__builtin_expect(hart_in(&deaf_harts, h), 0)) {
		__atomic_fetch_and(&deaf_harts, ~BIT(h->index),
				   __ATOMIC_SEQ_CST);
		pr_info("hart %lu hears the others again\n", h->hartid);
		sched_activate(h, true);
	}
	what = __atomic_exchange_n(&h->ipi_pending, 0, __ATOMIC_SEQ_CST);
	if (what & IPI_STOP)
		stop_for_good();
	if (what & IPI_CALL) {
		cross_call.fn(cross_call.arg);
		__atomic_fetch_sub(&cross_call.left, 1, __ATOMIC_RELEASE);
	}
	if (what & IPI_RESCHED)
		sched_ipi();
}

uint64_t smp_others(void)
{
	return __atomic_load_n(&online_harts, __ATOMIC_ACQUIRE) &
	       ~__atomic_load_n(&deaf_harts, __ATOMIC_ACQUIRE) &
	       ~BIT(this_hart()->index);
}

void smp_call_begin(void (*fn)(void *), void *arg)
{
	uint64_t others = smp_others();

	cross_call.fn = fn;
	cross_call.arg = arg;
	cross_call.asked = others;
	cross_call.again = time_now() + CALL_AGAIN;
	cross_call.deadline = time_now() + CALL_PATIENCE;
	__atomic_store_n(&cross_call.left, (uint32_t)popcount64(others),
			 __ATOMIC_RELEASE);
	for (; others; others &= others - 1)
		ipi_send(&harts[ctz64(others)], IPI_CALL);
}

/* It keeps what it runs, and wakes for its clock and devices; but threads
 * that are put there would wait for an interrupt that does not come. */
static void leave_out(struct hart *h)
{
	pr_err("hart %lu does not hear the others, and gets no more threads\n",
	       h->hartid);
	__atomic_fetch_or(&deaf_harts, BIT(h->index), __ATOMIC_SEQ_CST);
	if (active_harts != BIT(h->index)) {
		sched_activate(h, false);
		sched_take_over(h);
	}
}

void smp_call_wait(void)
{
	uint64_t now = time_now();

	/* Others may ask us for something in the meantime. */
	interrupts_poll();
	if (now < cross_call.again)
		return;
	cross_call.again = now + CALL_AGAIN;
	for (uint64_t m = cross_call.asked; m; m &= m - 1) {
		struct hart *h = &harts[ctz64(m)];

		/* Who has taken the bit is in the function, or was. */
		if (!(__atomic_load_n(&h->ipi_pending, __ATOMIC_ACQUIRE) &
		      IPI_CALL))
			continue;
		if (now < cross_call.deadline) {
			interrupt(h);
		} else if (__atomic_exchange_n(&h->ipi_pending, 0,
					       __ATOMIC_SEQ_CST) &
			   IPI_CALL) {
			leave_out(h);
			__atomic_fetch_sub(&cross_call.left, 1,
					   __ATOMIC_RELEASE);
		}
	}
}

void smp_call_end(void)
{
	while (__atomic_load_n(&cross_call.left, __ATOMIC_ACQUIRE))
		smp_call_wait();
}

void smp_call_others(void (*fn)(void *), void *arg)
{
	mutex_lock(&smp_lock); /* it may move while it waits */
	smp_call_begin(fn, arg);
	smp_call_end();
	mutex_unlock(&smp_lock);
}

/* For panics: no locks, no waiting for answers. */
void smp_stop_others(void)
{
	for (unsigned i = 0; i < nharts; i++)
		if (&harts[i] != this_hart())
			ipi_send(&harts[i], IPI_STOP);
}

unsigned int smp_hart_index(void)
{
	return (unsigned int)this_hart()->index;
}
