/*
 * See hotplug.h.
 *
 * Whoever wants a hart away closes it for threads (sched_activate), and asks
 * it to go to its idle loop (hart.plug, with an IPI for it to look). There it
 * hands over what only itself can: interrupts, cached pages, the address space
 * that it has borrowed; takes itself off the list of those that may be named
 * to the firmware; and stops. What it leaves behind, queued threads and
 * timeouts, the asker then moves to its own hart and others. Should it not
 * listen, the question is taken back.
 *
 * It starts again as it did when the machine booted, at the top of its idle
 * thread's stack. So there is nothing that says which hart booted.
 *
 * The last hart that is awake puts the machine to sleep the same way: from its
 * idle loop, with SUSP in the place of the stop. Its queue stays where it is,
 * the asker in it.
 */
#include "kernel/hotplug.h"

#include "boot/boot.h"
#include "fs/blk.h"
#include "fs/namei.h"
#include "fs/procfs.h"
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/serial.h"
#include "kernel/memlayout.h"
#include "kernel/mm/page.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/riscv.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "sbi/base.h"
#include "sbi/hsm.h"
#include "sbi/susp.h"

/* To leave a long call of the kernel; to stop; to start. */
#define PATIENCE    (10 * NSEC_PER_SEC)
#define SECONDS_MAX 1000000000u

/* As OpenSBI packs its version. */
#define OPENSBI             1
#define OPENSBI_V(maj, min) ((unsigned long)(maj) << 16 | (min))

static uint64_t wake_ticks; /* [smp_lock] when the clock ends the sleep */

static struct hart *hart_find(uint64_t hartid)
{
	for (unsigned i = 0; i < nharts; i++)
		if (harts[i].hartid == hartid)
			return &harts[i];
	return NULL;
}

static bool has_stopped(const struct hart *h)
{
	enum sbi_hsm_state state;

	return !hart_in(&online_harts, h) &&
	       !sbi_hart_status(h->hartid, &state) && state == SBI_HSM_STOPPED;
}

/* Until it has stopped. After an error it may be online still. */
static int wait_gone(struct hart *h)
{
	uint64_t deadline = time_now() + PATIENCE;

	for (;; smp_pause()) {
		bool late = time_now() > deadline;
		uint32_t plug = PLUG_OFF;

		if (has_stopped(h))
			return 0;
		if (late && __atomic_compare_exchange_n(
				    &h->plug, &plug, PLUG_NONE, false,
				    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			sched_activate(h, true);
			pr_err("hart %lu has other things to do and stays\n",
			       h->hartid);
			return -ETIMEDOUT;
		}
		if (__atomic_load_n(&h->plug, __ATOMIC_ACQUIRE) == PLUG_NONE)
			return -EIO; /* it has said why */
		if (late && !hart_in(&online_harts, h)) {
			pr_err("hart %lu was told to stop and has not\n",
			       h->hartid);
			return -ETIMEDOUT;
		}
	}
}

/* smp_lock is held. */
static int take_down(struct hart *h)
{
	int err;

	if (!hart_in(&active_harts, h)) /* deaf: it cannot be told */
		return hart_in(&online_harts, h) ? -EIO : 0;
	if (active_harts == BIT(h->index) || irq_only_hart(h->index))
		return -EBUSY;
	sched_activate(h, false);
	__atomic_store_n(&h->plug, PLUG_OFF, __ATOMIC_SEQ_CST);
	if (h == this_hart())
		sched_yield_now(); /* it may not stay, and goes elsewhere */
	else
		ipi_send(h, IPI_RESCHED);
	err = wait_gone(h);
	if (hart_in(&online_harts, h))
		return err;
	time_take_over(h);
	sched_take_over(h);
	return err;
}

/* One that was deaf. It says itself when it hears this. */
static int call_again(struct hart *h)
{
	uint64_t deadline = time_now() + PATIENCE / 10;

	__atomic_store_n(&h->ipi_pending, 0, __ATOMIC_SEQ_CST);
	ipi_send(h, IPI_RESCHED);
	for (; hart_in(&deaf_harts, h); smp_pause())
		if (time_now() > deadline)
			return -EIO;
	return 0;
}

/* smp_lock is held. */
static int bring_up(struct hart *h)
{
	int err;

	if (hart_in(&deaf_harts, h))
		return call_again(h);
	if (hart_in(&online_harts, h))
		return 0;
	if (!h->boot_args)
		return -ENOMEM;
	err = smp_start_hart(h, PATIENCE);
	if (!err)
		sched_rebind();
	return err;
}

/*
 * OpenSBI 1.4 and 1.5: a hart that starts clears, in the place of its own, the
 * interrupt of the hart whose place in the tree is its id. If that had one
 * pending, the firmware sends it no more: it neither wakes nor fences. Where
 * each id is its place no harm is done. Places are those that OpenSBI counted:
 * it disables harts without an MMU afterwards.
 */
static bool starts_make_deaf(void)
{
	unsigned long version = sbi_base_impl_version();
	struct fdt_cpu cpu;
	uint64_t place = 0;

	if (sbi_base_impl_id() != OPENSBI || version < OPENSBI_V(1, 4) ||
	    version >= OPENSBI_V(1, 6))
		return false;
	for (unsigned i = 0; fdt_cpu(&machine_tree, i, &cpu); i++)
		if (cpu.enabled || !cpu.mmu_type)
			if (cpu.hartid != place++)
				return true;
	return false;
}

/* 0, or -EOPNOTSUPP and why. */
static int may_change(void)
{
	if (!sbi_probe(SBI_EXT_HSM)) {
		pr_warn("the firmware has no HSM: harts stay as they are\n");
		return -EOPNOTSUPP;
	}
	if (starts_make_deaf()) {
		pr_warn("with gaps in the harts' ids, hart_start of this "
			"OpenSBI "
			"loses interrupts of others: harts stay as they are\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int change(uint64_t hartid, int (*how)(struct hart *h))
{
	struct hart *h = hart_find(hartid);
	int err;

	if (!h)
		return -ENODEV;
	err = may_change();
	if (err)
		return err;
	mutex_lock(&smp_lock);
	err = how(h);
	mutex_unlock(&smp_lock);
	return err;
}

int hart_off(uint64_t hartid)
{
	return change(hartid, take_down);
}

int hart_on(uint64_t hartid)
{
	return change(hartid, bring_up);
}

/* ---- the other side, on the idle thread ---- */

static bool devices_busy(void)
{
	struct blkdev *bd;

	for (bd = blk_first(); bd; bd = blk_next(bd))
		if (bd->busy && bd->busy(bd))
			return true;
	return serial_console() && serial_queued(serial_console());
}

static void system_sleep(struct hart *h)
{
	uint64_t deadline = time_now() + PATIENCE;
	long err;

	/* No thread runs any more that could ask a device for something. */
	do {
		interrupts_poll();
		dev_poll();
	} while (devices_busy() && time_now() < deadline);
	h->plug_err = -EBUSY;
	if (!devices_busy()) {
		page_leave_hart();
		time_leave_hart(wake_ticks);
		h->plug_err = 0;
		h->off_since = rdtime();
		err = sbi_system_suspend(SBI_SUSP_TO_RAM,
					 image_va_to_pa(boot_secondary),
					 smp_entry_args(h));
		h->plug_err = -EIO;
		pr_err("the machine does not suspend: %s\n",
		       sbi_error_name(err));
		time_init_hart();
	}
	__atomic_store_n(&h->plug, PLUG_NONE, __ATOMIC_RELEASE);
}

void hart_leave(void)
{
	struct hart *h = this_hart();
	uint32_t plug = PLUG_OFF;
	long err;

	if (READ_ONCE(h->plug) == PLUG_SUSPEND) {
		system_sleep(h);
		return;
	}
	if (!__atomic_compare_exchange_n(&h->plug, &plug, PLUG_GOING, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return;
	irq_leave_hart();
	time_leave_hart(UINT64_MAX);
	page_leave_hart();
	h->off_since = rdtime();
	tlb_hart_leaves();
	csr_write(sie, 0);
	err = sbi_hart_stop();
	pr_err("hart %lu cannot stop: %s\n", h->hartid, sbi_error_name(err));
	smp_join();
}

int suspend_to_ram(uint64_t seconds)
{
	uint64_t others, m, start;
	struct hart *h;
	int err = 0, back;

	if (!sbi_probe(SBI_EXT_SUSP)) {
		pr_warn("suspend: the firmware has no SUSP\n");
		return -EOPNOTSUPP;
	}
	if (!seconds && irq_polling) {
		pr_warn("suspend: no interrupt would wake the machine\n");
		return -EINVAL;
	}
	if (active_harts != BIT(this_hart()->index)) {
		err = may_change();
		if (err)
			return err;
	}
	vfs_sync_all();
	mutex_lock(&smp_lock);
	pr_info("suspend to RAM\n");
	start = time_now();
	h = this_hart();
	others = active_harts & ~BIT(h->index);
	for (m = others; m && !err; m &= m - 1)
		err = take_down(&harts[ctz64(m)]);
	if (!err) {
		wake_ticks = seconds ? rdtime() + time_to_ticks(seconds *
								NSEC_PER_SEC)
				     : UINT64_MAX;
		__atomic_store_n(&h->plug, PLUG_SUSPEND, __ATOMIC_SEQ_CST);
		sched_yield_now(); /* back when the machine is */
		err = h->plug_err;
	}
	for (m = others; m; m &= m - 1) {
		back = bring_up(&harts[ctz64(m)]);
		err = err ? err : back;
	}
	if (!err)
		pr_info("awake again after %lu ms\n",
			(time_now() - start) / NSEC_PER_MSEC);
	mutex_unlock(&smp_lock);
	return err;
}

/* ---- /proc/sbi ---- */

static int show_harts(struct proc_text *t)
{
	for (unsigned i = 0; i < nharts; i++) {
		enum sbi_hsm_state state;
		long err = sbi_hart_status(harts[i].hartid, &state);

		proc_printf(t, "%lu %u %s%s%s %s\n", harts[i].hartid, i,
			    hart_in(&online_harts, &harts[i]) ? "online"
							      : "offline",
			    i ? "" : ",boot",
			    hart_in(&deaf_harts, &harts[i]) ? ",deaf" : "",
			    err ? sbi_error_name(err)
				: sbi_hsm_state_name(state));
	}
	return 0;
}

/* "WORD" or "WORD NUMBER"; false: something else. *n stays without one. */
static bool order_is(const char *text, const char *word, uint64_t *n)
{
	size_t len = strlen(word);
	uint64_t v = 0;

	if (strncmp(text, word, len))
		return false;
	text += len;
	if (!*text)
		return true;
	if (*text++ != ' ' || !*text)
		return false;
	for (; *text >= '0' && *text <= '9' && v < UINT64_MAX / 10; text++)
		v = v * 10 + (uint64_t)(*text - '0');
	*n = v;
	return !*text;
}

static int write_harts(char *text)
{
	uint64_t n = UINT64_MAX;

	if (order_is(text, "on", &n) && n != UINT64_MAX)
		return hart_on(n);
	if (order_is(text, "off", &n) && n != UINT64_MAX)
		return hart_off(n);
	return -EINVAL;
}

static int show_suspend(struct proc_text *t)
{
	proc_printf(t, "%s\n", sbi_probe(SBI_EXT_SUSP) ? "mem" : "");
	return 0;
}

static int write_suspend(char *text)
{
	uint64_t seconds = 0;

	if (!order_is(text, "mem", &seconds) || seconds > SECONDS_MAX)
		return -EINVAL;
	return suspend_to_ram(seconds);
}

void hotplug_init(void)
{
	if (proc_register_file("sbi/harts", 0644, show_harts, write_harts) ||
	    proc_register_file("sbi/suspend", 0644, show_suspend,
			       write_suspend))
		panic("no memory for the first objects");
}
