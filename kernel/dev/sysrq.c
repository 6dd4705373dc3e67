/*
 * See sysrq.h. The keys are those of Linux, as far as there is something to
 * do. Whoever can send a break sits at the machine's console, so nobody is
 * asked for rights.
 *
 * Most is done at once, in the interrupt handler. What waits for disks is left
 * to a thread that was made at start, since there may be no memory by then.
 */
#include "kernel/dev/sysrq.h"

#include "fs/namei.h"
#include "kernel/abi/signal.h"
#include "kernel/bits.h"
#include "kernel/dev/power.h"
#include "kernel/mm/page.h"
#include "kernel/printk.h"
#include "kernel/proc.h"
#include "kernel/signal.h"
#include "kernel/thread.h"
#include "kernel/wait.h"
#include "sbi/srst.h"

#define LATER_SYNC      1u
#define LATER_READ_ONLY 2u

#define DELETE 0x7f /* the key; Backspace sends it as well */

static struct wait_queue wake;
static unsigned todo; /* LATER_*, atomic */

static void sysrq_thread(void *unused)
{
	unsigned what;

	for (;;) {
		wait_event(&wake, READ_ONCE(todo));
		what = __atomic_exchange_n(&todo, 0, __ATOMIC_RELAXED);
		if (what & LATER_SYNC) {
			vfs_sync_all();
			pr_emerg("sysrq: all is written\n");
		}
		if (what & LATER_READ_ONLY) {
			vfs_shutdown();
			pr_emerg("sysrq: all disks are read-only\n");
		}
	}
}

static void later(unsigned what)
{
	__atomic_fetch_or(&todo, what, __ATOMIC_RELAXED);
	wait_wake_all(&wake);
}

static void do_sync(void)
{
	later(LATER_SYNC);
}

static void do_read_only(void)
{
	later(LATER_READ_ONLY);
}

static void do_restart(void)
{
	sbi_reboot(SBI_SRST_REASON_NONE);
	power_restart_by_device();
	pr_emerg("sysrq: nothing here can restart the machine\n");
}

static void do_off(void)
{
	sbi_shutdown(SBI_SRST_REASON_NONE);
	power_off_by_device();
	pr_emerg("sysrq: nothing here can switch the machine off\n");
}

static bool cad_at_once;

void sysrq_restart_at_once(bool yes)
{
	cad_at_once = yes;
}

/* Where there are no three keys at once, a break and one. */
static void do_ctrl_alt_del(void)
{
	if (cad_at_once) {
		do_restart();
		return;
	}
	spin_lock(&proc_tree.lock);
	if (proc_tree.init)
		signal_send_locked(proc_tree.init, SIGINT, NULL);
	spin_unlock(&proc_tree.lock);
}

static void do_memory(void)
{
	struct page_counts c;

	page_count(&c);
	pr_emerg("pages: %lu in all, %lu free, %lu cache, %lu of programs, "
		 "%lu tables of pages, %lu slab, %lu kernel\n",
		 c.total, c.free, c.by_kind[PAGE_CACHE], c.by_kind[PAGE_ANON],
		 c.by_kind[PAGE_PAGETABLE], c.by_kind[PAGE_SLAB],
		 c.by_kind[PAGE_KERNEL]);
}

static void signal_all(int sig)
{
	struct proc *p;

	spin_lock(&proc_tree.lock);
	list_for_each_entry (p, &proc_tree.all, all_link)
		if (p->pid != 1)
			signal_send_many_locked(p, sig, NULL);
	spin_unlock(&proc_tree.lock);
}

static void do_term(void)
{
	signal_all(SIGTERM);
}

static void do_kill(void)
{
	signal_all(SIGKILL);
}

static const struct {
	char key;
	const char *what;
	void (*fn)(void);
} keys[] = {
	{ 'b', "restart at once", do_restart },
	{ 'e', "end all programs", do_term },
	{ 'f', "kill the one with most memory", oom_kill },
	{ 'i', "kill all programs", do_kill },
	{ 'm', "memory", do_memory },
	{ 'o', "switch off at once", do_off },
	{ 'p', "processes", proc_dump },
	{ 's', "sync", do_sync },
	{ 't', "processes", proc_dump },
	{ 'u', "disks read-only", do_read_only },
	{ DELETE, "ctrl-alt-del", do_ctrl_alt_del },
};

static void show(unsigned i)
{
	if (keys[i].key == DELETE)
		pr_emerg("sysrq: Del %s\n", keys[i].what);
	else
		pr_emerg("sysrq: %c %s\n", keys[i].key, keys[i].what);
}

void sysrq_key(unsigned char key)
{
	if (key >= '0' && key <= '8') {
		printk_set_loglevel(key - '0');
		pr_emerg("sysrq: messages below level %c are shown\n", key);
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].key == (key | 0x20)) {
			pr_emerg("sysrq: %s\n", keys[i].what);
			keys[i].fn();
			return;
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		show(i);
	pr_emerg("sysrq: 0-8 level of messages\n");
}

void sysrq_init(void)
{
	wait_queue_init(&wake);
	if (kthread_create("sysrq", sysrq_thread, NULL, NULL))
		pr_err("sysrq: no memory for its thread\n");
}
