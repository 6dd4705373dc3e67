/*
 * The rows of /proc that the kernel owns: processes, memory, harts, time,
 * disks. The numbers are taken under proc_tree.lock and printed without it.
 */
#include "kernel/proc_info.h"

#include "fs/blk.h"
#include "fs/dcache.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/procfs.h"
#include "kernel/abi/capability.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/sysinfo.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/tty.h"
#include "kernel/mm/page.h"
#include "kernel/mm/pagetable.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/proc.h"
#include "kernel/ptrace.h"
#include "kernel/smp.h"
#include "kernel/start.h"
#include "kernel/string.h"
#include "kernel/time.h"

#define CLOCK_HZ 100 /* the unit of times in /proc/PID/stat and /proc/stat */

/* ---- the hooks ---- */

static int next_pid(int from)
{
	struct proc *p;
	int best = -1;

	spin_lock(&proc_tree.lock);
	if (proc_find_locked(from)) { /* mostly, and needs no walk */
		spin_unlock(&proc_tree.lock);
		return from;
	}
	list_for_each_entry (p, &proc_tree.all, all_link) {
		if (p->pid >= from && (best < 0 || p->pid < best))
			best = p->pid;
		/* As long as numbers only grow, they stand in order. */
		if (best >= 0 && !proc_tree.wrapped)
			break;
	}
	spin_unlock(&proc_tree.lock);
	return best;
}

static int owner(int pid, uid_t *uid, gid_t *gid)
{
	struct proc *p;
	bool mine;

	spin_lock(&proc_tree.lock);
	p = proc_find_locked(pid);
	if (p) {
		/* One that has secrets is root's to all but itself. */
		mine = p->dumpable || p == current_proc();
		*uid = mine ? p->cred.euid : 0;
		*gid = mine ? p->cred.egid : 0;
	}
	spin_unlock(&proc_tree.lock);
	return p ? 0 : -ESRCH;
}

static struct vmspace *space_of(int pid)
{
	struct vmspace *vs = NULL;
	struct proc *p;

	spin_lock(&proc_tree.lock);
	p = proc_find_locked(pid);
	if (p && p->vmspace) {
		vs = p->vmspace;
		vmspace_get(vs);
	}
	spin_unlock(&proc_tree.lock);
	return vs;
}

/* The same for who has permission: it may have been given before the process
 * became another's. NULL with *err: -EACCES, or 0 where there is none. */
static struct vmspace *space_to_look(int pid, int *err)
{
	struct vmspace *vs = NULL;
	struct proc *p;

	*err = 0;
	spin_lock(&proc_tree.lock);
	p = proc_find_locked(pid);
	if (p && !proc_may_look(p)) {
		*err = -EACCES;
	} else if (p && p->vmspace) {
		vs = p->vmspace;
		vmspace_get(vs);
	}
	spin_unlock(&proc_tree.lock);
	return vs;
}

static int place(int pid, enum proc_place what, struct path *out)
{
	struct vmspace *vs;
	struct proc *p;
	int err = -ESRCH;

	if (what == PROC_EXE) {
		vs = space_to_look(pid, &err);
		if (!vs)
			return err ? err : -ENOENT;
		err = -ENOENT;
		if (vs->exe && vs->exe->dentry) {
			out->mnt = vs->exe->mnt;
			out->dentry = vs->exe->dentry;
			path_get(out);
			err = 0;
		}
		vmspace_put(vs);
		return err;
	}
	spin_lock(&proc_tree.lock);
	p = proc_find_locked(pid);
	if (p && !proc_may_look(p)) {
		err = -EACCES;
	} else if (p && p->fs) {
		spin_lock(&p->fs->lock);
		*out = what == PROC_CWD ? p->fs->cwd : p->fs->root;
		path_get(out);
		spin_unlock(&p->fs->lock);
		err = 0;
	}
	spin_unlock(&proc_tree.lock);
	return err;
}

static int files_of(int pid, struct fdtable **out)
{
	struct proc *p;
	int err = -ENOENT;

	spin_lock(&proc_tree.lock);
	p = proc_find_locked(pid);
	if (p && !proc_may_look(p)) {
		err = -EACCES;
	} else if (p && p->files) {
		*out = p->files;
		fdtable_get(p->files);
		err = 0;
	}
	spin_unlock(&proc_tree.lock);
	return err;
}

/* ---- /proc/PID ---- */

struct snapshot {
	int pid, ppid, pgid, sid, tracer;
	char state;
	char name[16];
	unsigned threads;
	uint64_t ticks, child_ticks, start;
	uint64_t pages, resident;
	uint64_t pending, blocked, ignored, caught;
	struct cred cred;
	bool no_new_privs;
	int hart, nice;
};

static char state_of(const struct proc *p)
{
	struct thread *t;
	char state = 'S';

	if (p->zombie)
		return 'Z';
	if (p->stopped)
		return 'T';
	list_for_each_entry (t, &p->threads, proc_link) {
		if (t->trace && t->trace->stopped)
			return 't';
		if (t->state == THREAD_RUNNING || t->state == THREAD_RUNNABLE)
			return 'R';
		if (t->sleep_mode == WAIT_UNINTERRUPTIBLE)
			state = 'D';
	}
	return state;
}

static int take_snapshot(int pid, struct snapshot *s)
{
	struct proc *p;
	struct thread *t;

	memset(s, 0, sizeof(*s));
	spin_lock(&proc_tree.lock);
	p = proc_find_locked(pid);
	if (!p) {
		spin_unlock(&proc_tree.lock);
		return -ESRCH;
	}
	s->pid = p->pid;
	s->ppid = p->ppid;
	s->pgid = p->pgid;
	s->sid = p->sid;
	s->state = state_of(p);
	strlcpy(s->name, p->name, sizeof(s->name));
	s->threads = p->nthreads;
	s->ticks = proc_ticks_locked(p, 0);
	s->child_ticks = p->child_ticks;
	s->start = p->start_time;
	s->cred = p->cred;
	s->no_new_privs = p->no_new_privs;
	s->nice = p->nice;
	s->pending = p->pending.set;
	list_for_each_entry (t, &p->threads, proc_link) {
		s->blocked = t->sigmask;
		if (thread_traced(t))
			s->tracer = t->trace->tracer->pid;
		s->hart = t->hart ? t->hart->index : 0;
	}
	if (p->vmspace) {
		s->pages = p->vmspace->total_pages;
		s->resident = READ_ONCE(p->vmspace->resident);
	}
	spin_lock(&p->sig_lock);
	for (int sig = 1; sig <= ABI_NSIG && p->actions; sig++) {
		sighandler_t h = p->actions->action[sig].sa_handler;

		if (h == SIG_IGN)
			s->ignored |= 1ull << (sig - 1);
		else if (h != SIG_DFL)
			s->caught |= 1ull << (sig - 1);
	}
	spin_unlock(&p->sig_lock);
	spin_unlock(&proc_tree.lock);
	return 0;
}

static uint64_t to_hz(uint64_t ticks)
{
	return ticks_to_time(ticks) / (NSEC_PER_SEC / CLOCK_HZ);
}

static int show_stat(struct proc_text *t, int pid)
{
	struct snapshot s;
	uint64_t tty;
	int pgrp = -1, err = take_snapshot(pid, &s);

	if (err)
		return err;
	tty = tty_of_session(s.sid, &pgrp);
	proc_printf(t, "%d (%s) %c %d %d %d %lu %d 0 0 0 0 0 %lu 0 %lu 0 %d %d ",
		    s.pid, s.name, s.state, s.ppid, s.pgid, s.sid, tty,
		    tty ? pgrp : -1, to_hz(s.ticks), to_hz(s.child_ticks),
		    20 + s.nice, s.nice);
	proc_printf(t, "%u 0 %lu %lu %lu 18446744073709551615 0 0 0 0 0 ",
		    s.threads, s.start / (NSEC_PER_SEC / CLOCK_HZ),
		    s.pages * PAGE_SIZE, s.resident);
	proc_printf(t,
		    "%lu %lu %lu %lu 0 0 0 17 %d 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		    s.pending & 0x7fffffff, s.blocked & 0x7fffffff,
		    s.ignored & 0x7fffffff, s.caught & 0x7fffffff, s.hart);
	return 0;
}

static int show_status(struct proc_text *t, int pid)
{
	static const char *const names[] = {
		['R'] = "running", ['S'] = "sleeping", ['D'] = "disk sleep",
		['T'] = "stopped", ['Z'] = "zombie", ['t'] = "tracing stop",
	};
	uint64_t effective, permitted;
	struct snapshot s;
	int err = take_snapshot(pid, &s);

	if (err)
		return err;
	proc_printf(t, "Name:\t%s\nState:\t%c (%s)\nTgid:\t%d\nPid:\t%d\n",
		    s.name, s.state, names[(unsigned char)s.state], s.pid,
		    s.pid);
	proc_printf(t, "PPid:\t%d\nTracerPid:\t%d\n", s.ppid, s.tracer);
	proc_printf(t, "Uid:\t%u\t%u\t%u\t%u\n", s.cred.uid, s.cred.euid,
		    s.cred.suid, s.cred.fsuid);
	proc_printf(t, "Gid:\t%u\t%u\t%u\t%u\nGroups:\t", s.cred.gid,
		    s.cred.egid, s.cred.sgid, s.cred.fsgid);
	for (unsigned i = 0; i < s.cred.ngroups; i++)
		proc_printf(t, "%u ", s.cred.groups[i]);
	if (s.state != 'Z')
		proc_printf(t, "\nVmSize:\t%8lu kB\nVmRSS:\t%8lu kB",
			    s.pages * 4, s.resident * 4);
	proc_printf(t, "\nThreads:\t%u\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n",
		    s.threads, s.pending, s.blocked);
	proc_printf(t, "SigIgn:\t%016lx\nSigCgt:\t%016lx\n", s.ignored,
		    s.caught);
	cred_capabilities(&s.cred, &effective, &permitted);
	proc_printf(t, "CapInh:\t%016x\nCapPrm:\t%016lx\nCapEff:\t%016lx\n", 0,
		    permitted, effective);
	proc_printf(t, "CapBnd:\t%016llx\nNoNewPrivs:\t%d\n", CAP_ALL,
		    s.no_new_privs);
	return 0;
}

static int show_comm(struct proc_text *t, int pid)
{
	struct snapshot s;
	int err = take_snapshot(pid, &s);

	if (!err)
		proc_printf(t, "%s\n", s.name);
	return err;
}

static int show_statm(struct proc_text *t, int pid)
{
	struct snapshot s;
	int err = take_snapshot(pid, &s);

	if (!err)
		proc_printf(t, "%lu %lu 0 0 0 0 0\n", s.pages, s.resident);
	return err;
}

static int show_memory_of(struct proc_text *t, int pid, bool environment)
{
	int err = 0;
	struct vmspace *vs = environment ? space_to_look(pid, &err)
					 : space_of(pid);
	uaddr_t at, end;
	char *buf;

	if (!vs)
		return err; /* zombies have none; that is no error */
	at = environment ? vs->env_start : vs->arg_start;
	end = environment ? vs->env_end : vs->arg_end;
	buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	while (buf && at < end) {
		size_t n = vmspace_read(vs, buf, at, MIN(end - at, PAGE_SIZE));

		if (!n)
			break;
		proc_append(t, buf, n);
		at += n;
	}
	vmspace_put(vs);
	if (!buf)
		return -ENOMEM;
	kfree(buf);
	return 0;
}

static int show_cmdline(struct proc_text *t, int pid)
{
	return show_memory_of(t, pid, false);
}

static int show_environ(struct proc_text *t, int pid)
{
	return show_memory_of(t, pid, true);
}

struct maps_row {
	struct proc_text *t;
	struct vmspace *vs;
	char *path; /* PAGE_SIZE */
};

static void show_region(void *arg, const struct region *r)
{
	struct maps_row *m = arg;
	struct inode *ip = r->file ? r->file->inode : NULL;
	const char *name = "";
	char *found;

	if (r->flags & VM_STACK)
		name = "[stack]";
	else if (r->flags & VM_BRK)
		name = "[heap]";
	if (r->file && r->file->dentry && !r->file->mnt) {
		name = r->file->dentry->name; /* in no directory: "[vdso]" */
	} else if (r->file && r->file->dentry && m->path) {
		struct path p = { r->file->mnt, r->file->dentry };

		if (path_name(&p, &host_fs()->root, m->path, PAGE_SIZE, true,
			      &found) >= 0)
			name = found;
	}
	proc_printf(m->t, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu", r->start,
		    r->end, r->flags & VM_READ ? 'r' : '-',
		    r->flags & VM_WRITE ? 'w' : '-',
		    r->flags & VM_EXEC ? 'x' : '-',
		    r->flags & VM_SHARED ? 's' : 'p', r->pgoff << PAGE_SHIFT,
		    ip ? ABI_DEV_MAJOR(ip->sb->dev) : 0,
		    ip ? ABI_DEV_MINOR(ip->sb->dev) : 0, ip ? ip->ino : 0);
	proc_printf(m->t, "%s%s\n", *name ? "                " : "", name);
}

static int show_maps(struct proc_text *t, int pid)
{
	int err;
	struct maps_row m = { t, space_to_look(pid, &err), NULL };

	if (!m.vs)
		return err;
	m.path = kmalloc(PAGE_SIZE, GFP_KERNEL);
	vmspace_walk(m.vs, show_region, &m);
	kfree(m.path);
	vmspace_put(m.vs);
	return 0;
}

/* ---- the machine ---- */

/* A hart that is away does nothing. */
static uint64_t idle_ticks(const struct hart *h)
{
	int64_t ticks = READ_ONCE(h->idle_ticks);

	if (ticks < 0)
		ticks += (int64_t)rdtime();
	if (!hart_in(&online_harts, h))
		ticks += (int64_t)(rdtime() - READ_ONCE(h->off_since));
	return (uint64_t)ticks;
}

static uint64_t idle_time(const struct hart *h)
{
	return to_hz(idle_ticks(h));
}

static int show_uptime(struct proc_text *t)
{
	uint64_t now = time_now() / (NSEC_PER_SEC / CLOCK_HZ), idle = 0;

	for (unsigned i = 0; i < nharts; i++)
		idle += idle_time(&harts[i]);
	proc_printf(t, "%lu.%02lu %lu.%02lu\n", now / 100, now % 100,
		    idle / 100, idle % 100);
	return 0;
}

static unsigned count_running(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nharts; i++)
		n += READ_ONCE(harts[i].rq_len) +
		     (READ_ONCE(harts[i].current) != harts[i].idle);
	return n;
}

/* Threads that wait for a device, or for something that does. */
static unsigned count_blocked(void)
{
	struct thread *t;
	struct proc *p;
	unsigned n = 0;

	spin_lock(&proc_tree.lock);
	list_for_each_entry (p, &proc_tree.all, all_link)
		list_for_each_entry (t, &p->threads, proc_link)
			n += t->state == THREAD_SLEEPING &&
			     t->sleep_mode == WAIT_UNINTERRUPTIBLE;
	spin_unlock(&proc_tree.lock);
	return n;
}

static int show_machine_stat(struct proc_text *t)
{
	uint64_t now = time_now() / (NSEC_PER_SEC / CLOCK_HZ);
	uint64_t switches = 0, idle_sum = 0, interrupts = 0;

	for (unsigned i = 0; i < nharts; i++)
		idle_sum += idle_time(&harts[i]);
	proc_printf(t, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n",
		    now * nharts > idle_sum ? now * nharts - idle_sum : 0,
		    idle_sum);
	for (unsigned i = 0; i < nharts; i++) {
		uint64_t idle = idle_time(&harts[i]);

		proc_printf(t, "cpu%u %lu 0 0 %lu 0 0 0 0 0 0\n", i,
			    now > idle ? now - idle : 0, idle);
		switches += harts[i].n_switch;
		interrupts += harts[i].n_irq + harts[i].n_ipi +
			      harts[i].n_timer;
	}
	proc_printf(t, "intr %lu\nctxt %lu\nbtime %lu\nprocesses %u\n",
		    interrupts, switches,
		    (time_real() - time_now()) / NSEC_PER_SEC,
		    READ_ONCE(proc_tree.last_pid));
	proc_printf(t, "procs_running %u\nprocs_blocked %u\n",
		    count_running(), count_blocked());
	return 0;
}

/* The form of Linux's: how often each hart switched, and the nanoseconds in
 * which it did not idle. */
static int show_schedstat(struct proc_text *t)
{
	uint64_t now = time_now();

	proc_printf(t, "version 15\ntimestamp %lu\n",
		    now / (NSEC_PER_SEC / CLOCK_HZ));
	for (unsigned i = 0; i < nharts; i++)
		proc_printf(t, "cpu%u 0 0 %lu 0 0 0 %lu 0 0\n", i,
			    harts[i].n_switch,
			    now - ticks_to_time(idle_ticks(&harts[i])));
	return 0;
}

static int show_version(struct proc_text *t)
{
	proc_printf(t, "Octopos version %s (riscv64) %s\n", kernel_release,
		    CONFIG_DEBUG ? "SMP debug" : "SMP");
	return 0;
}

static int show_cpuinfo(struct proc_text *t)
{
	for (unsigned i = 0; i < nharts; i++) {
		if (!hart_in(&online_harts, &harts[i]))
			continue;
		proc_printf(t,
			    "processor\t: %u\nhart\t\t: %lu\nisa\t\t: %s\n"
			    "mmu\t\t: sv%u\n\n",
			    i, harts[i].hartid, cpu_isa, 12 + 9 * pt_levels);
	}
	return 0;
}

static int show_loadavg(struct proc_text *t)
{
	uint64_t loads[3];

	proc_loads(loads);
	for (int i = 0; i < 3; i++)
		proc_printf(t, "%lu.%02lu ", loads[i] >> SI_LOAD_SHIFT,
			    (loads[i] & ((1 << SI_LOAD_SHIFT) - 1)) * 100 >>
				    SI_LOAD_SHIFT);
	proc_printf(t, "%u/%u %d\n", count_running(),
		    READ_ONCE(proc_tree.count), READ_ONCE(proc_tree.last_pid));
	return 0;
}

static int show_boot_arguments(struct proc_text *t)
{
	proc_printf(t, "%s\n", fdt_bootargs(&machine_tree));
	return 0;
}

static void show_interrupt(void *arg, const char *chip, unsigned source,
			   const char *name, const uint64_t *counts)
{
	struct proc_text *t = arg;

	proc_printf(t, "%3u:", source);
	for (unsigned i = 0; i < nharts; i++)
		proc_printf(t, " %10lu", counts[i]);
	proc_printf(t, "  %s  %s\n", chip, name);
}

static int show_interrupts(struct proc_text *t)
{
	proc_printf(t, "    ");
	for (unsigned i = 0; i < nharts; i++)
		proc_printf(t, "       CPU%-2u", i);
	proc_printf(t, "\n");
	irq_walk(show_interrupt, t);
	proc_printf(t, "IPI:");
	for (unsigned i = 0; i < nharts; i++)
		proc_printf(t, " %10lu", harts[i].n_ipi);
	proc_printf(t, "  between harts\nTMR:");
	for (unsigned i = 0; i < nharts; i++)
		proc_printf(t, " %10lu", harts[i].n_timer);
	proc_printf(t, "  timer\nERR: %10lu\n", irq_spurious());
	return 0;
}

/* All disks, with their partitions, in blocks of 1024 bytes. */
static int show_partitions(struct proc_text *t)
{
	proc_printf(t, "major minor  #blocks  name\n\n");
	for (struct blkdev *bd = blk_first(); bd; bd = blk_next(bd))
		proc_printf(t, "%4u  %7u %10llu %s\n", ABI_DEV_MAJOR(bd->dev),
			    ABI_DEV_MINOR(bd->dev),
			    (unsigned long long)(bd->sectors / 2), bd->name);
	return 0;
}

/* ---- for tests: what is in use when all that can be freed is ---- */

static void count_objects(void *arg, const char *name, size_t size,
			  uint64_t in_use, uint64_t pages)
{
	proc_printf(arg, "%s %lu\n", name, in_use);
}

static int show_memcheck(struct proc_text *t)
{
	static const char *const kinds[] = {
		[PAGE_FREE] = "free",           [PAGE_RESERVED] = "reserved",
		[PAGE_KERNEL] = "kernel",       [PAGE_SLAB] = "slab",
		[PAGE_PAGETABLE] = "pagetable", [PAGE_ANON] = "anon",
		[PAGE_CACHE] = "cache",         [PAGE_PIPE] = "pipe",
	};
	struct page_counts c;

	if (!proc_is_root()) /* what is cached is not theirs to throw away */
		return -EPERM;
	reclaim_all();
	page_count(&c);
	for (unsigned i = PAGE_KERNEL; i < PAGE_KINDS; i++)
		if (i != PAGE_SLAB) /* half-full slabs stay; objects tell */
			proc_printf(t, "%s %lu\n", kinds[i], c.by_kind[i]);
	kmem_cache_walk(count_objects, t);
	return 0;
}

/* What spinlocks cost, of all harts together. */
static int show_locks(struct proc_text *t)
{
	uint64_t acquisitions = 0, contended = 0, spins = 0;

	for (unsigned i = 0; i < nharts; i++) {
		acquisitions += harts[i].acquisitions;
		contended += harts[i].contended;
		spins += harts[i].spins;
	}
	if (CONFIG_DEBUG)
		proc_printf(t, "acquisitions %lu\n", acquisitions);
	proc_printf(t, "contended %lu\nspins %lu\n", contended, spins);
	return 0;
}

/* ---- load averages ---- */

/* Every 5 seconds: load = load * e + running * (1 - e), fixed point. */
#define LOAD_PERIOD (5 * NSEC_PER_SEC)
#define FIXED_1     (1u << SI_LOAD_SHIFT)

static const uint64_t load_decay[3] = { 60298, 64454, 65173 }; /* e^-5/T */
static struct spinlock load_lock = SPINLOCK_INIT("load", RANK_DEVICE);
static uint64_t load[3];      /* [load_lock] */
static uint64_t load_updated; /* [load_lock] ns */

/*
 * No clock ticks for this alone: the averages are brought up to date when
 * somebody asks, as if what runs now had run all the time since.
 */
void proc_loads(uint64_t loads[3])
{
	uint64_t now = time_now(), running = count_running();

	if (running) /* the one who asks does not count */
		running--;
	spin_lock(&load_lock);
	for (int steps = 0; now - load_updated >= LOAD_PERIOD; steps++) {
		for (int i = 0; i < 3; i++)
			load[i] = (load[i] * load_decay[i] +
				   running * FIXED_1 *
					   (FIXED_1 - load_decay[i])) >>
				  SI_LOAD_SHIFT;
		load_updated += LOAD_PERIOD;
		if (steps == 1000) /* long enough for all of them to settle */
			load_updated = now;
	}
	memcpy(loads, load, sizeof(load));
	spin_unlock(&load_lock);
}

void proc_info_init(void)
{
	static const struct proc_hooks hooks = {
		.next_pid = next_pid,
		.owner = owner,
		.place = place,
		.files = files_of,
	};
	static const struct {
		const char *name;
		int (*show)(struct proc_text *t);
	} rows[] = {
		{ "uptime", show_uptime },
		{ "stat", show_machine_stat },
		{ "schedstat", show_schedstat },
		{ "version", show_version },
		{ "cpuinfo", show_cpuinfo },
		{ "loadavg", show_loadavg },
		{ "cmdline", show_boot_arguments },
		{ "interrupts", show_interrupts },
		{ "partitions", show_partitions },
		{ "memcheck", show_memcheck },
		{ "locks", show_locks },
	};
	static const struct {
		const char *name;
		mode_t mode;
		int (*show)(struct proc_text *t, int pid);
	} pid_rows[] = {
		{ "stat", 0444, show_stat },
		{ "status", 0444, show_status },
		{ "statm", 0444, show_statm },
		{ "comm", 0444, show_comm },
		{ "cmdline", 0444, show_cmdline },
		{ "environ", 0400, show_environ },
		{ "maps", 0400, show_maps },
	};
	int err = 0;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		err |= proc_register(rows[i].name, rows[i].show);
	for (unsigned i = 0; i < sizeof(pid_rows) / sizeof(pid_rows[0]); i++)
		err |= proc_register_pid(pid_rows[i].name, pid_rows[i].mode,
					 pid_rows[i].show);
	if (err)
		panic("no memory for the first objects");
	proc_set_hooks(&hooks);
}
