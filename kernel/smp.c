/*
 * The table of harts, starting them, and interrupts from hart to hart.
 *
 * A hart is started through the firmware (HSM) with everything it needs ready:
 * its idle thread with a stack, the page table, and the address of the C
 * function to go to. It is waited for, but not for ever: a hart that does not
 * come is named and left out.
 */
#include "kernel/smp.h"

#include "boot/boot.h"
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
#include "sbi/hsm.h"
#include "sbi/ipi.h"
#include "sbi/sbi.h"

#define START_TIMEOUT (2 * NSEC_PER_SEC)
/* After one that did not come: a tree may name dozens that do not exist. */
#define START_TIMEOUT_NEXT (100 * NSEC_PER_MSEC)

static struct hart boot_hart;
struct hart *harts = &boot_hart;
unsigned nharts = 1;

/* One function to call on all others; one caller at a time. */
static struct {
	struct mutex lock;
	void (*fn)(void *);
	void *arg;
	uint32_t left; /* harts that have not called it yet */
} cross_call;

static void hart_setup(struct hart *h, int index, uint64_t hartid)
{
	h->index = index;
	h->hartid = hartid;
	h->armed = UINT64_MAX;
	spin_init(&h->rq_lock, "run queue", RANK_RUNQUEUE);
	list_init(&h->rq);
	spin_init(&h->timeout_lock, "timeouts", RANK_TIMEOUT);
}

/* The boot hart's structure exists before there is memory for a table. */
void smp_init_boot_hart(uint64_t hartid, struct thread *t)
{
	hart_setup(&boot_hart, 0, hartid);
	boot_hart.current = boot_hart.idle = t;
	boot_hart.online = true;
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
	mutex_init(&cross_call.lock, "cross call", RANK_SLEEP_LEAF);
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

/* First C function of a hart that was started; on its idle thread. */
static void secondary_main(uint64_t hartid)
{
	struct hart *h = this_hart();

	hart_init_csrs();
	time_init_hart();
	irq_init_hart();
	__atomic_store_n(&h->online, true, __ATOMIC_RELEASE);
	sched_idle();
}

/* All that a hart needs; as long as nobody else runs, new stacks are mapped
 * without asking anybody. */
static void prepare_hart(struct hart *h)
{
	h->idle = thread_create_idle(h);
	if (h->idle && !prepare_stacks(h))
		h->boot_args = kmalloc(sizeof(*h->boot_args), GFP_KERNEL);
	if (!h->boot_args)
		pr_err("no memory to start hart %lu\n", h->hartid);
	h->current = h->idle;
}

static void start_hart(struct hart *h)
{
	static uint64_t patience = START_TIMEOUT;
	struct boot_secondary_args *args = h->boot_args;
	enum sbi_hsm_state state = SBI_HSM_START_PENDING;
	uint64_t deadline;
	long err;

	if (!args)
		return;
	args->satp = kernel_satp();
	args->stack_top = h->idle->kstack_top;
	args->thread = (uint64_t)h->idle;
	args->entry = secondary_main;
	smp_mb();
	err = sbi_hart_start(h->hartid, image_va_to_pa(boot_secondary),
			     va_to_pa(args));
	if (err) {
		pr_err("hart %lu does not start: %s\n", h->hartid,
		       sbi_error_name(err));
		return;
	}
	deadline = time_now() + patience;
	while (!__atomic_load_n(&h->online, __ATOMIC_ACQUIRE)) {
		if (time_now() > deadline) {
			pr_err("hart %lu was started and has not come (%s)\n",
			       h->hartid, sbi_hsm_state_name(state));
			patience = START_TIMEOUT_NEXT;
			return;
		}
		/* It may have come in at the wrong door: see head.S. */
		if (!sbi_hart_status(h->hartid, &state) &&
		    state == SBI_HSM_STOPPED)
			sbi_hart_start(h->hartid, image_va_to_pa(boot_secondary),
				       va_to_pa(args));
		cpu_relax();
	}
}

void smp_start_others(void)
{
	if (prepare_stacks(&harts[0]))
		boot_stop("no memory for the first stacks");
	for (unsigned i = 1; i < nharts; i++)
		prepare_hart(&harts[i]);
	for (unsigned i = 1; i < nharts; i++)
		start_hart(&harts[i]);
	pr_info("%u of %u harts run; hart %lu booted\n", smp_online(), nharts,
		harts[0].hartid);
}

unsigned smp_online(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nharts; i++)
		n += harts[i].online;
	return n;
}

void ipi_send(struct hart *h, uint32_t what)
{
	uint32_t before =
		__atomic_fetch_or(&h->ipi_pending, what, __ATOMIC_SEQ_CST);
	struct sbi_hartmask one = { 1, h->hartid };

	if (!(before & what))
		sbi_send_ipi(one);
}

static void stop_for_good(void)
{
	for (;;)
		wfi();
}

void ipi_interrupt(void)
{
	struct hart *h = this_hart();
	uint32_t what;

	h->n_ipi++;
	csr_clear(sip, SIP_SSIP);
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

void smp_call_others(void (*fn)(void *), void *arg)
{
	struct hart *me;

	mutex_lock(&cross_call.lock);
	me = this_hart(); /* may have moved while it waited */
	cross_call.fn = fn;
	cross_call.arg = arg;
	__atomic_store_n(&cross_call.left, smp_online() - 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < nharts; i++)
		if (&harts[i] != me && harts[i].online)
			ipi_send(&harts[i], IPI_CALL);
	/* Others may ask us for something in the meantime. */
	while (__atomic_load_n(&cross_call.left, __ATOMIC_ACQUIRE))
		interrupts_poll();
	mutex_unlock(&cross_call.lock);
}

/* For panics: no locks, no waiting for answers. */
void smp_stop_others(void)
{
	for (unsigned i = 0; i < nharts; i++)
		if (&harts[i] != this_hart() && harts[i].online)
			ipi_send(&harts[i], IPI_STOP);
}

unsigned int smp_hart_index(void)
{
	return (unsigned int)this_hart()->index;
}
