/*
 * System calls about processes: which one is, groups and sessions, limits, use
 * of resources, and the machine as a whole. Users are in sys_cred.c.
 */
#include "fs/namei.h"
#include "kernel/abi/capability.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/prctl.h"
#include "kernel/abi/reboot.h"
#include "kernel/abi/resource.h"
#include "kernel/abi/sysinfo.h"
#include "kernel/abi/utsname.h"
#include "kernel/cpu.h"
#include "kernel/dev/power.h"
#include "kernel/dev/random.h"
#include "kernel/dev/sysrq.h"
#include "kernel/dev/tty.h"
#include "kernel/futex.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/printk.h"
#include "kernel/proc.h"
#include "kernel/proc_info.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/sigtimer.h"
#include "kernel/smp.h"
#include "kernel/start.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "sbi/sbi.h"
#include "sbi/srst.h"

static struct spinlock names_lock =
	SPINLOCK_INIT("host name", RANK_DEVICE);
static char host_name[ABI_UTSNAME_LEN] = "octopos";
static char domain_name[ABI_UTSNAME_LEN] = "(none)";

/* ---- which ---- */

SYSCALL0(getpid)
{
	return current_proc()->pid;
}

SYSCALL0(getppid)
{
	return READ_ONCE(current_proc()->ppid);
}

SYSCALL0(gettid)
{
	return current_thread()->tid;
}

SYSCALL1(set_tid_address, uaddr_t, p)
{
	current_thread()->clear_child_tid = p;
	return current_thread()->tid;
}

/* ---- groups and sessions ---- */

SYSCALL1(getpgid, int, pid)
{
	struct proc *p;
	long res;

	if (!pid)
		return current_proc()->pgid;
	spin_lock(&proc_tree.lock);
	p = proc_find_locked(pid);
	res = p ? p->pgid : -ESRCH;
	spin_unlock(&proc_tree.lock);
	return res;
}

SYSCALL1(getsid, int, pid)
{
	struct proc *p;
	long res;

	if (!pid)
		return current_proc()->sid;
	spin_lock(&proc_tree.lock);
	p = proc_find_locked(pid);
	res = p ? p->sid : -ESRCH;
	spin_unlock(&proc_tree.lock);
	return res;
}

static bool group_in_session(int pgid, int sid)
{
	struct proc *p;

	list_for_each_entry(p, &proc_tree.all, all_link)
		if (p->pgid == pgid && p->sid == sid)
			return true;
	return false;
}

static long set_group(struct proc *me, struct proc *p, int pgid)
{
	if (!p || (p != me && p->parent != me))
		return -ESRCH;
	if (p != me && p->sid != me->sid)
		return -EPERM;
	if (p != me && p->execed)
		return -EACCES;
	if (p->sid == p->pid)
		return -EPERM;
	if (pgid != p->pid && !group_in_session(pgid, me->sid))
		return -EPERM;
	p->pgid = pgid;
	return 0;
}

SYSCALL2(setpgid, int, pid, int, pgid)
{
	struct proc *me = current_proc();
	bool walks;
	long res;

	if (!pid)
		pid = me->pid;
	if (!pgid)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	walks = proc_walk_begin();
	spin_lock(&proc_tree.lock);
	res = set_group(me, proc_find_locked(pid), pgid);
	spin_unlock(&proc_tree.lock);
	proc_walk_end(walks);
	return res;
}

SYSCALL0(setsid)
{
	struct proc *me = current_proc(), *p;
	bool walks = proc_walk_begin();
	long res = me->pid;

	spin_lock(&proc_tree.lock);
	list_for_each_entry(p, &proc_tree.all, all_link)
		if (p->pgid == me->pid)
			res = -EPERM;
	if (res > 0) {
		me->sid = me->pgid = me->pid;
		me->leads_tty = me->no_tty = false;
		me->hung_pgrp = 0;
	}
	spin_unlock(&proc_tree.lock);
	proc_walk_end(walks);
	return res;
}

SYSCALL0(vhangup)
{
	struct tty *t;

	if (!proc_is_root())
		return -EPERM;
	t = tty_mine();
	if (t) {
		tty_hangup(t, true);
		tty_put(t);
	}
	return 0;
}

/* ---- limits and use ---- */

static long set_limit(struct proc *p, unsigned which, const struct rlimit *new)
{
	struct rlimit *l = &p->rlimits[which];

	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (new->rlim_max > l->rlim_max && !proc_is_root())
		return -EPERM;
	*l = *new;
	if (which == RLIMIT_CPU)
		sigtimer_watch_cpu_locked(p);
	if (which == RLIMIT_STACK && p->vmspace)
		WRITE_ONCE(p->vmspace->stack_max, new->rlim_cur);
	return 0;
}

static long do_prlimit(int pid, unsigned which, const struct rlimit *new,
		       struct rlimit *old)
{
	struct proc *p;
	long res = 0;

	if (which >= RLIMIT_NLIMITS)
		return -EINVAL;
	spin_lock(&proc_tree.lock);
	p = pid ? proc_find_locked(pid) : current_proc();
	if (!p)
		res = -ESRCH;
	else if (!proc_is_mine(p))
		res = -EPERM;
	if (!res && old)
		*old = p->rlimits[which];
	if (!res && new)
		res = set_limit(p, which, new);
	spin_unlock(&proc_tree.lock);
	return res;
}

SYSCALL4(prlimit64, int, pid, unsigned, which, uaddr_t, unew, uaddr_t, uold)
{
	struct rlimit new, old;
	long res;

	if (unew && get_user(new, unew))
		return -EFAULT;
	res = do_prlimit(pid, which, unew ? &new : NULL, &old);
	if (!res && uold && put_user(old, uold))
		return -EFAULT;
	return res;
}

SYSCALL2(getrlimit, unsigned, which, uaddr_t, uold)
{
	struct rlimit old;
	long res = do_prlimit(0, which, NULL, &old);

	return res ? res : put_user(old, uold);
}

SYSCALL2(setrlimit, unsigned, which, uaddr_t, unew)
{
	struct rlimit new;

	if (get_user(new, unew))
		return -EFAULT;
	return do_prlimit(0, which, &new, NULL);
}

SYSCALL2(getrusage, int, who, uaddr_t, uru)
{
	struct proc *p = current_proc();
	struct rusage ru = { 0 };
	uint64_t ns;

	switch (who) {
	case RUSAGE_SELF:
	case RUSAGE_THREAD:
		ns = ticks_to_time(proc_ticks(
			p, who == RUSAGE_THREAD ? current_thread()->tid : 0));
		ru.ru_maxrss = (int64_t)(p->vmspace->resident * 4);
		break;
	case RUSAGE_CHILDREN:
		ns = ticks_to_time(p->child_ticks);
		break;
	default:
		return -EINVAL;
	}
	ru.ru_utime.tv_sec = (time_t)(ns / NSEC_PER_SEC);
	ru.ru_utime.tv_usec = (suseconds_t)(ns % NSEC_PER_SEC / 1000);
	return put_user(ru, uru);
}

/* ---- scheduling ---- */

SYSCALL0(sched_yield)
{
	sched_yield_now();
	return 0;
}

SYSCALL3(sched_getaffinity, int, tid, size_t, size, uaddr_t, umask)
{
	struct thread *t;
	uint64_t mask = 0;

	if (size < sizeof(mask) || size % sizeof(mask))
		return -EINVAL;
	spin_lock(&proc_tree.lock);
	t = tid ? thread_find_locked(tid) : current_thread();
	if (t)
		mask = sched_allowed(t);
	spin_unlock(&proc_tree.lock);
	if (!t)
		return -ESRCH;
	return copy_to_user(umask, &mask, sizeof(mask)) ? -EFAULT :
							  (long)sizeof(mask);
}

SYSCALL3(sched_setaffinity, int, tid, size_t, size, uaddr_t, umask)
{
	struct thread *t;
	uint64_t mask = 0;
	long res = 0;

	if (copy_from_user(&mask, umask,
			   size < sizeof(mask) ? size : sizeof(mask)))
		return -EFAULT;
	if (!(mask & online_harts))
		return -EINVAL;
	spin_lock(&proc_tree.lock);
	t = tid ? thread_find_locked(tid) : current_thread();
	if (!t) {
		res = -ESRCH;
	} else if (!proc_may_schedule(t->proc)) {
		res = -EPERM;
	} else {
		t->affinity = mask;
		/* Where it may not stay it leaves at its next look. */
		__atomic_fetch_or(&t->work, WORK_RESCHED, __ATOMIC_SEQ_CST);
		thread_kick(t);
	}
	spin_unlock(&proc_tree.lock);
	return res;
}

SYSCALL3(getcpu, uaddr_t, ucpu, uaddr_t, unode, uaddr_t, unused)
{
	unsigned cpu = (unsigned)this_hart()->index, node = 0;

	if (ucpu && put_user(cpu, ucpu))
		return -EFAULT;
	return unode ? put_user(node, unode) : 0;
}

/* ---- niceness: a process's, for all of its threads ---- */

static long set_nice(struct proc *p, int nice)
{
	struct thread *t;

	if (!proc_may_schedule(p))
		return -EPERM;
	if (nice < p->nice && !proc_is_root() &&
	    (rlim_t)(20 - nice) > p->rlimits[RLIMIT_NICE].rlim_cur)
		return -EACCES;
	p->nice = (int8_t)nice;
	list_for_each_entry (t, &p->threads, proc_link)
		t->slice = sched_slice(nice);
	return 0;
}

/* Of a process or of any thread of it, of a group, or of all whose real user it
 * is; 0: the caller's. */
static int id_of(const struct proc *p, int which)
{
	return which == PRIO_PROCESS ? p->pid :
	       which == PRIO_PGRP    ? p->pgid :
				       (int)p->cred.uid;
}

static long one_priority(struct proc *p, const int *nice)
{
	return nice ? set_nice(p, *nice) : 20 - p->nice;
}

/* Sets what is asked for; or, for NULL, finds the best of them: 40 to 1, lest it
 * look like an error. */
static long priority(int which, int who, const int *nice)
{
	bool walks = which != PRIO_PROCESS && proc_walk_begin();
	long res = -ESRCH, one;
	struct thread *t;
	struct proc *p;

	spin_lock(&proc_tree.lock);
	if (!who)
		who = id_of(current_proc(), which);
	if (which == PRIO_PROCESS) {
		t = thread_find_locked(who);
		p = t ? t->proc : proc_find_locked(who);
		if (p)
			res = one_priority(p, nice);
	} else {
		list_for_each_entry (p, &proc_tree.all, all_link) {
			if (id_of(p, which) != who)
				continue;
			one = one_priority(p, nice);
			/* What was refused once stays an error. */
			if (res == -ESRCH || (nice ? one < 0 : one > res))
				res = one;
		}
	}
	spin_unlock(&proc_tree.lock);
	proc_walk_end(walks);
	return res;
}

SYSCALL3(setpriority, int, which, int, who, int, nice)
{
	nice = MAX(MIN(nice, 19), -20);
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	return priority(which, who, &nice);
}

SYSCALL2(getpriority, int, which, int, who)
{
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	return priority(which, who, NULL);
}

/* ---- names and the machine ---- */

SYSCALL1(uname, uaddr_t, u)
{
	struct utsname n;

	memset(&n, 0, sizeof(n));
	strlcpy(n.sysname, "Octopos", sizeof(n.sysname));
	strlcpy(n.release, kernel_release, sizeof(n.release));
	strlcpy(n.version, CONFIG_DEBUG ? "SMP debug" : "SMP",
		sizeof(n.version));
	strlcpy(n.machine, "riscv64", sizeof(n.machine));
	spin_lock(&names_lock);
	strlcpy(n.nodename, host_name, sizeof(n.nodename));
	strlcpy(n.domainname, domain_name, sizeof(n.domainname));
	spin_unlock(&names_lock);
	return put_user(n, u);
}

SYSCALL2(sethostname, uaddr_t, u, size_t, len)
{
	char name[ABI_UTSNAME_LEN] = "";

	if (!proc_is_root())
		return -EPERM;
	if (len >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, u, len))
		return -EFAULT;
	spin_lock(&names_lock);
	memcpy(host_name, name, sizeof(host_name));
	spin_unlock(&names_lock);
	return 0;
}

SYSCALL1(sysinfo, uaddr_t, u)
{
	struct sysinfo si = { 0 };
	struct page_counts pages;

	page_count(&pages);
	si.uptime = (int64_t)(time_now() / NSEC_PER_SEC);
	si.totalram = pages.total;
	si.freeram = pages.free;
	si.mem_unit = PAGE_SIZE;
	si.procs = (uint16_t)proc_tree.count;
	proc_loads(si.loads);
	return put_user(si, u);
}

SYSCALL5(prctl, int, op, uint64_t, a, uint64_t, b, uint64_t, c, uint64_t, d)
{
	struct thread *t = current_thread();
	char name[ABI_COMM_LEN] = "";
	long n;

	switch (op) {
	case PR_SET_NAME:
		n = strncpy_from_user(name, a, sizeof(name));
		if (n == -EFAULT)
			return n;
		name[sizeof(name) - 1] = '\0';
		strlcpy(t->name, name, sizeof(t->name));
		if (t->tid == t->proc->pid)
			strlcpy(t->proc->name, name, sizeof(t->proc->name));
		return 0;
	case PR_GET_NAME:
		return copy_to_user(a, t->name, sizeof(name));
	case PR_GET_DUMPABLE:
		return t->proc->dumpable;
	case PR_SET_DUMPABLE:
		if (a > 1)
			return -EINVAL;
		t->proc->dumpable = a;
		return 0;
	case PR_SET_NO_NEW_PRIVS: /* a process's here, not a thread's */
		if (a != 1 || b || c || d)
			return -EINVAL;
		t->proc->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return a || b || c || d ? -EINVAL : t->proc->no_new_privs;
	case PR_CAPBSET_READ:
		return a <= CAP_LAST ? 1 : -EINVAL;
	case PR_GET_KEEPCAPS:
	case PR_GET_SECUREBITS:
		return 0;
	case PR_SET_KEEPCAPS:
		return a > 1 ? -EINVAL : a ? -EPERM : 0;
	case PR_SET_SECUREBITS:
		return !proc_is_root() || a ? -EPERM : 0;
	case PR_CAPBSET_DROP:
		return proc_is_root() && a > CAP_LAST ? -EINVAL : -EPERM;
	case PR_CAP_AMBIENT: /* none is inheritable, so none can be raised */
		if (c || d || (a == PR_CAP_AMBIENT_CLEAR ? b : b > CAP_LAST) ||
		    a < PR_CAP_AMBIENT_IS_SET || a > PR_CAP_AMBIENT_CLEAR)
			return -EINVAL;
		return a == PR_CAP_AMBIENT_RAISE ? -EPERM : 0;
	default:
		return -EINVAL;
	}
}

SYSCALL3(getrandom, uaddr_t, buf, size_t, n, unsigned, flags)
{
	uint8_t chunk[256];
	size_t done = 0;

	if (flags & ~7u)
		return -EINVAL;
	if (n > INT32_MAX)
		n = INT32_MAX;
	while (done < n) {
		size_t part = n - done < sizeof(chunk) ? n - done :
							 sizeof(chunk);

		random_bytes(chunk, part);
		if (copy_to_user(buf + done, chunk, part))
			return done ? (long)done : -EFAULT;
		done += part;
		resched_point();
		if (signal_pending(current_thread()) && done)
			break;
	}
	return (long)done;
}

struct hwprobe_pair {
	int64_t key;
	uint64_t value;
};

/* What the harts can do; all are alike, so the set of harts is not looked at
 * (but it must be there to be read). Unknown keys become -1. */
SYSCALL5(riscv_hwprobe, uaddr_t, pairs, size_t, n, size_t, set_size, uaddr_t,
	 set, unsigned, flags)
{
	struct hwprobe_pair pair;

	if (flags)
		return -EINVAL;
	for (size_t i = 0; i < n; i++, pairs += sizeof(pair)) {
		if (get_user(pair, pairs))
			return -EFAULT;
		switch (pair.key) {
		case 3: /* base behaviour: I, M, A and the privileged part */
			pair.value = 1;
			break;
		case 4: /* F and D, C; the rest is not told */
			pair.value = (cpu_has.d ? 1 : 0) | 2;
			break;
		default:
			pair.key = -1;
			pair.value = 0;
		}
		if (put_user(pair, pairs))
			return -EFAULT;
	}
	return 0;
}

static void told_no(const char *what, long err)
{
	pr_warn("system_reset, %s: %s\n", what, sbi_error_name(err));
}

/* Through the firmware, else by a device; back only if neither works. */
static long power_off(void)
{
	told_no("shutdown", sbi_shutdown(SBI_SRST_REASON_NONE));
	power_off_by_device();
	pr_err("nothing here can switch the machine off\n");
	return -EIO;
}

static long power_restart(bool warm)
{
	if (warm && sbi_probe(SBI_EXT_SRST))
		told_no("warm reboot",
			sbi_system_reset(SBI_SRST_TYPE_WARM_REBOOT,
					 SBI_SRST_REASON_NONE));
	told_no("cold reboot", sbi_reboot(SBI_SRST_REASON_NONE));
	power_restart_by_device();
	pr_err("nothing here can restart the machine\n");
	return -EIO;
}

/* RESTART2's argument: "warm" means something here. */
SYSCALL4(reboot, unsigned, magic1, unsigned, magic2, unsigned, cmd, uaddr_t,
	 arg)
{
	char how[32] = "";
	bool warm;
	long len;

	if (!proc_is_root())
		return -EPERM;
	if (magic1 != LINUX_REBOOT_MAGIC1 ||
	    (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
	     magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		sysrq_restart_at_once(cmd == LINUX_REBOOT_CMD_CAD_ON);
		return 0;
	case LINUX_REBOOT_CMD_RESTART2:
		len = strncpy_from_user(how, arg, sizeof(how));
		if (len == -EFAULT)
			return len;
		how[len < 0 ? 0 : len] = '\0';
		/* fallthrough */
	case LINUX_REBOOT_CMD_RESTART:
		warm = !strcmp(how, "warm");
		vfs_shutdown();
		pr_notice("restarting%s\n", warm ? ", warm" : "");
		return power_restart(warm);
	case LINUX_REBOOT_CMD_HALT:
	case LINUX_REBOOT_CMD_POWER_OFF:
		vfs_shutdown();
		pr_notice("power off\n");
		return power_off();
	default:
		return -EINVAL;
	}
}

/* The message log. Reading it all and the sizes are for everybody. */
SYSCALL3(syslog, int, action, uaddr_t, buf, int, len)
{
	static uint64_t read_pos; /* of SYSLOG_ACTION_READ */
	uint64_t pos = 0;
	char *text;
	long done = 0, err = 0;
	size_t n;

	if (action != SYSLOG_ACTION_READ_ALL &&
	    action != SYSLOG_ACTION_SIZE_BUFFER && !proc_is_root())
		return -EPERM;
	switch (action) {
	case SYSLOG_ACTION_CLOSE:
	case SYSLOG_ACTION_OPEN:
		return 0;
	case SYSLOG_ACTION_CLEAR:
		printk_clear();
		return 0;
	case SYSLOG_ACTION_CONSOLE_OFF:
		printk_set_loglevel(1);
		return 0;
	case SYSLOG_ACTION_CONSOLE_ON:
		printk_set_loglevel(7);
		return 0;
	case SYSLOG_ACTION_CONSOLE_LEVEL:
		if (len < 1 || len > 8)
			return -EINVAL;
		printk_set_loglevel(len);
		return 0;
	case SYSLOG_ACTION_SIZE_UNREAD:
		return (long)printk_pending(read_pos);
	case SYSLOG_ACTION_SIZE_BUFFER:
		return PRINTK_RING_SIZE;
	case SYSLOG_ACTION_READ:
		pos = read_pos;
		break;
	case SYSLOG_ACTION_READ_ALL:
	case SYSLOG_ACTION_READ_CLEAR:
		break;
	default:
		return -EINVAL;
	}
	if (len < 0 || !buf)
		return -EINVAL;
	text = kmalloc(PRINTK_READ_MIN, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	while (done < len) {
		n = printk_read(&pos, text, PRINTK_READ_MIN);
		if (!n)
			break;
		if (n > (size_t)(len - done))
			n = (size_t)(len - done);
		if (copy_to_user(buf + (uint64_t)done, text, n)) {
			err = -EFAULT;
			break;
		}
		done += (long)n;
		resched_point();
	}
	kfree(text);
	if (err)
		return err;
	if (action == SYSLOG_ACTION_READ)
		read_pos = pos;
	if (action == SYSLOG_ACTION_READ_CLEAR)
		printk_clear();
	return done;
}
