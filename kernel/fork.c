/*
 * New processes and threads: fork, vfork and clone are one function. All that
 * can fail is done before the child can be seen by anybody; the labels at the
 * end undo it in reverse.
 */
#include "fs/fdtable.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/ptrace.h"
#include "kernel/abi/sched.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/proc.h"
#include "kernel/ptrace.h"
#include "kernel/riscv.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/signal_impl.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "kernel/users.h"

static struct kmem_cache *proc_cache;

void fork_init(void)
{
	proc_cache = kmem_cache_create("proc", sizeof(struct proc), 0);
	if (!proc_cache)
		boot_stop("no memory for the first objects");
}

void proc_free(struct proc *p)
{
	kmem_cache_free(proc_cache, p);
}

/* A process with nothing in it. NULL: no memory. */
static struct proc *proc_alloc(void)
{
	struct proc *p = kmem_cache_alloc(proc_cache, GFP_ZERO);

	if (!p)
		return NULL;
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->all_link);
	list_init(&p->threads);
	list_init(&p->pending.queue);
	list_init(&p->timers);
	list_init(&p->tracees);
	mutex_init(&p->cred_lock, "credentials", RANK_TIMERS);
	mutex_init(&p->timers_lock, "signal timers", RANK_TIMERS);
	spin_init(&p->sig_lock, "signals", RANK_SIGNAL);
	wait_queue_init(&p->child_wait);
	wait_queue_init(&p->stop_wait);
	wait_queue_init(&p->vfork_wait);
	return p;
}

static void inherit(struct proc *child, const struct proc *parent)
{
	child->cred = parent->cred;
	memcpy(child->rlimits, parent->rlimits, sizeof(child->rlimits));
	memcpy(child->name, parent->name, sizeof(child->name));
	child->vdso_base = parent->vdso_base;
	child->dumpable = parent->dumpable;
	child->no_new_privs = parent->no_new_privs;
	child->start_time = time_now();
}

/* The parts of a process that fork copies or shares. 0 or -ENOMEM. */
static int copy_parts(struct proc *child, struct proc *parent, uint64_t flags,
		      uint64_t sp)
{
	int err = -ENOMEM;

	if (flags & CLONE_FILES) {
		fdtable_get(parent->files);
		child->files = parent->files;
	} else {
		child->files = fdtable_fork(parent->files);
		if (!child->files)
			return -ENOMEM;
	}
	if (flags & CLONE_FS) {
		fs_context_get(parent->fs);
		child->fs = parent->fs;
	} else {
		child->fs = fs_context_fork(parent->fs);
		if (!child->fs)
			goto put_files;
	}
	if (flags & CLONE_VM) {
		vmspace_get(parent->vmspace);
		child->vmspace = parent->vmspace;
	} else {
		err = vmspace_fork(parent->vmspace, sp, &child->vmspace);
		if (err)
			goto put_fs;
	}
	spin_lock(&parent->sig_lock);
	child->actions = sigactions_get(parent->actions);
	spin_unlock(&parent->sig_lock);
	if (flags & CLONE_SIGHAND) {
		child->actions_shared = parent->actions_shared = true;
	} else if (parent->actions_shared) { /* others change it in place */
		err = -ENOMEM;
		if (!sigactions_own_lock(child))
			goto put_actions;
		spin_unlock(&child->sig_lock);
	}
	return 0;

put_actions:
	sigactions_put(child->actions);
	vmspace_put(child->vmspace);
put_fs:
	fs_context_put(child->fs);
put_files:
	fdtable_put(child->files);
	return err;
}

static void drop_parts(struct proc *p)
{
	sigactions_put(p->actions);
	vmspace_put(p->vmspace);
	fs_context_put(p->fs);
	fdtable_put(p->files);
}

static int copy_thread(struct thread *t, const struct thread *parent,
		       const struct fork_args *a)
{
	*t->tf = *parent->tf;
	t->tf->a0 = 0;
	if (a->stack)
		t->tf->sp = a->stack;
	if (a->flags & CLONE_SETTLS)
		t->tf->tp = a->tls;
	if (a->flags & CLONE_CHILD_CLEARTID)
		t->clear_child_tid = a->child_tid;
	t->sigmask = parent->sigmask;
	t->affinity = parent->affinity;
	list_init(&t->pending.queue);
	memcpy(t->name, parent->name, sizeof(t->name));
	if (!(a->flags & CLONE_VM) || a->flags & CLONE_VFORK) {
		t->altstack_sp = parent->altstack_sp;
		t->altstack_size = parent->altstack_size;
		t->altstack_flags = parent->altstack_flags;
	}
	if (parent->fp) {
		t->fp = kmalloc(sizeof(*t->fp), GFP_KERNEL);
		if (!t->fp)
			return -ENOMEM;
		if ((csr_read(sstatus) & SSTATUS_FS) == SSTATUS_FS_DIRTY)
			fp_save(parent->fp);
		*t->fp = *parent->fp;
	}
	return 0;
}

/* A thread of the calling process. trace: for one that is traced, or NULL. */
static long clone_thread(const struct fork_args *a, struct trace *trace)
{
	struct proc *p = current_proc();
	struct thread *t = thread_alloc(thread_first_user);
	int tid, err;

	if (!t)
		return -ENOMEM;
	err = copy_thread(t, current_thread(), a);
	if (err)
		goto free_thread;
	t->vmspace = p->vmspace;
	vmspace_get(p->vmspace);
	spin_lock(&proc_tree.lock);
	/* Or somebody counts threads to nought already. */
	if (user_is_full_locked() || p->group_exit) {
		spin_unlock(&proc_tree.lock);
		err = -EAGAIN;
		goto put_space;
	}
	user_add_locked(p->user);
	t->queue = current_thread()->queue;
	t->slice = current_thread()->slice;
	tid = pid_alloc_locked();
	t->cpu_timed = current_thread()->cpu_timed;
	thread_insert_locked(p, t, tid);
	signal_waits_locked(t); /* then it looks; or the process is stopped */
	trace_child_locked(t, trace);
	fdtable_get(p->files); /* its count is of threads */
	spin_unlock(&proc_tree.lock);
	if (a->flags & CLONE_PARENT_SETTID)
		put_user(tid, a->parent_tid);
	if (a->flags & CLONE_CHILD_SETTID)
		put_user(tid, a->child_tid);
	sched_start(t);
	return tid;

put_space:
	vmspace_put(t->vmspace);
free_thread:
	thread_free(t);
	return err;
}

/* Who is killed meanwhile does not wait; the memory stays as long as the child
 * has it. Under the lock the two cannot miss each other. */
static void wait_for_vfork_child(struct proc *p)
{
	struct thread *t = current_thread();

	spin_lock(&proc_tree.lock);
	while (t->vfork_child && !signal_fatal_pending(t))
		wait_sleep(&p->vfork_wait, &proc_tree.lock, WAIT_KILLABLE,
			   WAIT_FOREVER);
	if (t->vfork_child) {
		t->vfork_child->vfork_parent = NULL;
		t->vfork_child = NULL;
	}
	spin_unlock(&proc_tree.lock);
}

static long clone_process(const struct fork_args *a, struct trace *trace)
{
	struct proc *parent = current_proc(), *child;
	struct thread *t;
	int pid, err = -ENOMEM;
	unsigned sent;
	bool waits, full;

	/* What waits goes first: a child does not take it over. Who may have
	 * no more is told before all is copied. */
	spin_lock(&proc_tree.lock);
	sent = parent->sent_to_many;
	waits = signal_waits_locked(current_thread());
	full = user_is_full_locked();
	spin_unlock(&proc_tree.lock);
	if (waits || full)
		return waits ? -EINTR : -EAGAIN;
	child = proc_alloc();
	if (!child)
		return -ENOMEM;
	t = thread_alloc(thread_first_user);
	if (!t)
		goto free_proc;
	err = copy_thread(t, current_thread(), a);
	if (err)
		goto free_thread;
	inherit(child, parent);
	err = copy_parts(child, parent, a->flags, t->tf->sp);
	if (err)
		goto free_thread;
	t->vmspace = child->vmspace;
	vmspace_get(child->vmspace);

	spin_lock(&proc_tree.lock);
	if (user_is_full_locked()) {
		err = -EAGAIN;
		goto unlock;
	}
	/* A signal to the group reaches the child, or goes before the fork,
	 * whichever thread has taken it. One to the parent alone comes after
	 * it: a timer may be quicker than a fork, which would never be done. */
	if (parent->group_exit ||
	    (parent->sent_to_many != sent &&
	     (parent->nthreads > 1 ||
	      signal_waits_locked(current_thread())))) {
		/* It goes by there, to begin again. */
		__atomic_fetch_or(&current_thread()->work, WORK_SIGNAL,
				  __ATOMIC_SEQ_CST);
		err = -EINTR;
		goto unlock;
	}
	pid = child->pid = pid_alloc_locked();
	child->parent = a->flags & CLONE_PARENT && parent->parent ?
				parent->parent : parent;
	child->ppid = child->parent->pid;
	/* Under the lock: when ours ends we are init's, which wants SIGCHLD. */
	child->exit_signal = a->flags & CLONE_PARENT ? parent->exit_signal
						     : (int)(a->flags & 0xff);
	child->user = parent->user; /* counted by proc_insert_locked */
	child->pgid = parent->pgid;
	child->sid = parent->sid;
	child->no_tty = parent->no_tty;
	child->nice = parent->nice;
	t->queue = current_thread()->queue;
	t->slice = current_thread()->slice;
	t->cpu_timed = child->rlimits[RLIMIT_CPU].rlim_cur != RLIM_INFINITY;
	thread_insert_locked(child, t, pid);
	list_add_tail(&child->sibling, &child->parent->children);
	proc_insert_locked(child);
	trace_child_locked(t, trace);
	spin_unlock(&proc_tree.lock);

	if (a->flags & CLONE_PARENT_SETTID)
		put_user(pid, a->parent_tid);
	if (a->flags & CLONE_CHILD_SETTID)
		vmspace_write(child->vmspace, a->child_tid, &pid, sizeof(pid));
	if (a->flags & CLONE_VFORK) {
		/*
		 * The child borrows our memory until it execs or ends. It may
		 * be gone by then, so it leaves word with us, not in itself.
		 */
		current_thread()->vfork_child = child;
		child->vfork_parent = current_thread();
	}
	sched_start(t);
	return pid;

unlock:
	spin_unlock(&proc_tree.lock);
	vmspace_put(t->vmspace);
	drop_parts(child);
free_thread:
	thread_free(t);
free_proc:
	proc_free(child);
	return err;
}

void vfork_finish(struct proc *p)
{
	struct thread *t;

	if (!READ_ONCE(p->vfork_parent))
		return;
	spin_lock(&proc_tree.lock);
	t = p->vfork_parent;
	if (t) {
		p->vfork_parent = NULL;
		t->vfork_child = NULL;
		wait_wake_all(&t->proc->vfork_wait);
	}
	spin_unlock(&proc_tree.lock);
}

long proc_fork(const struct fork_args *a)
{
	uint64_t flags = a->flags;
	struct trace *trace;
	int event;
	long id;

	if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if (flags & CLONE_SIGHAND && !(flags & CLONE_VM))
		return -EINVAL;
	if (flags & (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
		     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
		     CLONE_NEWCGROUP | CLONE_PIDFD))
		return -EINVAL;
	if (!(flags & CLONE_THREAD) && (flags & 0xff) > ABI_NSIG)
		return -EINVAL;
	/* Whoever runs goes on; whoever wants more of them is told in time. */
	if (page_is_short())
		return -ENOMEM;
	event = trace_clone(flags, &trace);
	if (event < 0)
		return event;
	id = flags & CLONE_THREAD ? clone_thread(a, trace)
				  : clone_process(a, trace);
	if (id < 0) {
		kfree(trace);
		return id;
	}
	if (event)
		trace_event((unsigned)event, (uint64_t)id);
	if (flags & CLONE_VFORK && !(flags & CLONE_THREAD)) {
		wait_for_vfork_child(current_proc());
		trace_event(PTRACE_EVENT_VFORK_DONE, (uint64_t)id);
	}
	return id;
}

/* riscv64's order of arguments: the new thread pointer before child_tid. */
SYSCALL5(clone, uint64_t, flags, uaddr_t, stack, uaddr_t, parent_tid, uint64_t,
	 tls, uaddr_t, child_tid)
{
	struct fork_args a = {
		.flags = flags,
		.stack = stack,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.tls = tls,
	};

	return proc_fork(&a);
}

/* The first process: made by hand, then it execs. */
int proc_start_init(void (*start)(void *))
{
	struct proc *p = proc_alloc();
	struct thread *t = thread_alloc(thread_first_kernel);
	uint64_t max;
	int err;

	if (!p || !t)
		return -ENOMEM;
	p->files = fdtable_create();
	p->fs = fs_context_create();
	p->actions = sigactions_create();
	err = vmspace_create(&p->vmspace);
	if (err || !p->files || !p->fs || !p->actions)
		return -ENOMEM;
	for (unsigned i = 0; i < RLIMIT_NLIMITS; i++)
		p->rlimits[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	p->rlimits[RLIMIT_STACK].rlim_cur = 8 << 20;
	p->rlimits[RLIMIT_NOFILE] = (struct rlimit){ 20000, 0x100000 };
	/* Of each user but root: small ones that fill half of the memory. */
	max = MIN(host_total_pages() / 64, 30000ul);
	p->rlimits[RLIMIT_NPROC] = (struct rlimit){ max, max };
	p->rlimits[RLIMIT_SIGPENDING] = (struct rlimit){ 30000, 30000 };
	p->rlimits[RLIMIT_CORE].rlim_cur = 0;
	p->rlimits[RLIMIT_NICE] = (struct rlimit){ 0, 0 };
	p->exit_signal = SIGCHLD;
	p->user = &root_user;
	p->dumpable = true;
	t->vmspace = p->vmspace;
	vmspace_get(p->vmspace);
	list_init(&t->pending.queue);
	t->start = start;
	t->slice = sched_slice(0);
	strlcpy(t->name, "init", sizeof(t->name));
	strlcpy(p->name, "init", sizeof(p->name));
	spin_lock(&proc_tree.lock);
	p->pid = pid_alloc_locked();
	p->pgid = p->sid = p->pid;
	thread_insert_locked(p, t, p->pid);
	proc_insert_locked(p);
	proc_tree.init = p;
	spin_unlock(&proc_tree.lock);
	sched_start(t);
	return 0;
}
