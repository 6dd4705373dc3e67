/*
 * Delivering signals: what a thread does on its way to user mode, where its
 * registers are all in the trap frame.
 *
 * Handlers run on a frame as Linux puts it on the stack (siginfo, ucontext with
 * all registers and the FP state) and return through two instructions on a
 * page that every address space maps. rt_sigreturn takes back only what a
 * program may set for itself, so a forged frame gains nothing.
 */
#include "fs/pagecache.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/syscalls.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/proc.h"
#include "kernel/riscv.h"
#include "kernel/signal.h"
#include "kernel/signal_impl.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/trap.h"

static struct file *vdso_file;

/* The lowest deliverable signal; synchronous faults have low numbers of their
 * thread, and those come first. 0: none. */
static int take_signal(struct thread *t, struct siginfo *info,
		       struct sigaction *act, unsigned *continues)
{
	struct proc *p = t->proc;
	uint64_t own, all;
	int sig = 0;

	spin_lock(&p->sig_lock);
	own = t->pending.set & ~t->sigmask;
	all = own | (p->pending.set & ~t->sigmask);
	if (all & SIGBIT(SIGKILL)) {
		sig = SIGKILL;
	} else if (all) {
		uint64_t first = own ? own : all;

		while (!(first & SIGBIT(sig + 1)))
			sig++;
		sig++;
	}
	if (sig) {
		signal_dequeue(own & SIGBIT(sig) ? &t->pending : &p->pending, sig,
			info);
		*act = p->actions->action[sig];
	}
	*continues = p->continues;
	signal_recalc(t);
	spin_unlock(&p->sig_lock);
	return sig;
}

static uint64_t frame_address(struct thread *t, struct trapframe *tf,
			      const struct sigaction *act)
{
	uint64_t sp = tf->sp;
	bool on_alt = sp - t->altstack_sp < t->altstack_size;

	if (act->sa_flags & SA_ONSTACK && t->altstack_size && !on_alt)
		sp = t->altstack_sp + t->altstack_size;
	return (sp - sizeof(struct rt_sigframe)) & ~15ull;
}

static int push_frame(struct thread *t, struct trapframe *tf, int sig,
		      const struct siginfo *info, const struct sigaction *act,
		      uint64_t mask)
{
	uint64_t addr = frame_address(t, tf, act);
	struct rt_sigframe *f;
	int err;

	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->info = *info;
	f->uc.uc_stack.ss_sp = (void *)t->altstack_sp;
	f->uc.uc_stack.ss_size = t->altstack_size;
	f->uc.uc_stack.ss_flags = t->altstack_size ? 0 : SS_DISABLE;
	if (tf->sp - t->altstack_sp < t->altstack_size)
		f->uc.uc_stack.ss_flags = SS_ONSTACK;
	memcpy(&f->uc.uc_sigmask, &mask, sizeof(mask));
	memcpy(f->uc.uc_mcontext.gregs, tf->x, sizeof(tf->x));
	if (t->fp) {
		if ((csr_read(sstatus) & SSTATUS_FS) == SSTATUS_FS_DIRTY)
			fp_save(t->fp);
		memcpy(&f->uc.uc_mcontext.fp.d, t->fp, 32 * 8 + 4);
	}
	err = copy_to_user(addr, f, sizeof(*f));
	kfree(f);
	if (err)
		return err;
	tf->sp = addr;
	tf->sepc = (uint64_t)act->sa_handler;
	tf->ra = t->proc->vdso_base;
	tf->a0 = (uint64_t)sig;
	tf->a1 = addr + offsetof(struct rt_sigframe, info);
	tf->a2 = addr + offsetof(struct rt_sigframe, uc);
	return 0;
}

/* Calls that are made again after a handler with SA_RESTART. They return
 * -EINTR only when they have done nothing. */
static bool call_restarts(uint64_t number)
{
	switch (number) {
	case SYS_read:
	case SYS_readv:
	case SYS_write:
	case SYS_writev:
	case SYS_openat:
	case SYS_ioctl:
	case SYS_wait4:
	case SYS_waitid:
	case SYS_futex:
		return true;
	default:
		return false;
	}
}

/* Calls that end with -EINTR after any handler, and go on when none runs: the
 * program was only stopped for a while. Their time counts on. */
static bool call_continues(uint64_t number)
{
	switch (number) {
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
	case SYS_ppoll:
	case SYS_pselect6:
	case SYS_rt_sigsuspend:
		return true;
	default:
		return call_restarts(number);
	}
}

/* act NULL: no handler runs, so the call goes on whatever the flags. */
static void restart_call(struct thread *t, struct trapframe *tf,
			 const struct sigaction *act)
{
	if (!t->in_syscall || (long)tf->a0 != -EINTR)
		return;
	if (act ? act->sa_flags & SA_RESTART && call_restarts(tf->a7) :
		  call_continues(tf->a7)) {
		tf->a0 = tf->orig_a0;
		tf->sepc -= 4;
		t->again = act ? 0 : (uint32_t)tf->a7;
	}
	t->in_syscall = false;
}

static void run_handler(struct thread *t, struct trapframe *tf, int sig,
			const struct siginfo *info, const struct sigaction *act)
{
	uint64_t mask = t->sigmask, block;

	restart_call(t, tf, act);
	t->again = 0; /* the handler's calls come first */
	if (t->restore_sigmask) {
		mask = t->saved_sigmask;
		t->restore_sigmask = false;
	}
	if (push_frame(t, tf, sig, info, act, mask)) {
		/* No stack to run it on: as if SIGSEGV were not handled. */
		proc_exit_group(SIGSEGV);
	}
	memcpy(&block, &act->sa_mask, sizeof(block));
	if (!(act->sa_flags & SA_NODEFER))
		block |= SIGBIT(sig);
	signal_set_mask(t, t->sigmask | block);
}

/* Once was enough. The table may still be shared with a child or parent. */
static void reset_handler(struct proc *p, int sig)
{
	struct sigactions *own = sigactions_own_lock(p);

	if (!own)
		return; /* no memory: it stays for the next time */
	own->action[sig].sa_handler = SIG_DFL;
	spin_unlock(&p->sig_lock);
}

/* What a signal does that the program does not handle: nothing, a stop, or the
 * end. False: it has a handler. */
static bool acts_without_handler(struct proc *p, int sig,
				 const struct sigaction *act,
				 unsigned continues)
{
	if (act->sa_handler != SIG_DFL)
		return act->sa_handler == SIG_IGN;
	if (SIGBIT(sig) & SIG_IGNORED_BY_DEFAULT)
		return true;
	if (!(SIGBIT(sig) & SIG_STOPS))
		proc_exit_group(sig);
	jobs_stop_here(p, sig, continues);
	return true;
}

void signal_deliver(struct trapframe *tf)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	struct siginfo info;
	struct sigaction act;
	unsigned continues;
	int sig;

	do {
		if (p->stopped)
			jobs_stop_here(p, 0, 0);
		sig = take_signal(t, &info, &act, &continues);
	} while (sig && acts_without_handler(p, sig, &act, continues));
	if (sig) {
		if (act.sa_flags & SA_RESETHAND)
			reset_handler(p, sig);
		run_handler(t, tf, sig, &info, &act);
		return;
	}
	/* No handler runs: a call that was interrupted goes on, and a mask that
	 * was set for it is put back. */
	restart_call(t, tf, NULL);
	if (t->restore_sigmask) {
		t->restore_sigmask = false;
		signal_set_mask(t, t->saved_sigmask);
	}
}
SYSCALL0(rt_sigreturn)
{
	struct thread *t = current_thread();
	struct trapframe *tf = t->tf;
	struct rt_sigframe *f;
	uint64_t mask;
	long ret;

	f = kmalloc(sizeof(*f), GFP_KERNEL);
	if (!f || copy_from_user(f, tf->sp, sizeof(*f)) ||
	    f->uc.uc_mcontext.fp.q.reserved[0] ||
	    f->uc.uc_mcontext.fp.q.reserved[1] ||
	    f->uc.uc_mcontext.fp.q.reserved[2]) {
		kfree(f);
		signal_fault(SIGSEGV, SEGV_MAPERR, tf->sp);
		return 0;
	}
	memcpy(tf->x, f->uc.uc_mcontext.gregs, sizeof(tf->x));
	if (t->fp) {
		memcpy(t->fp, &f->uc.uc_mcontext.fp.d, 32 * 8 + 4);
		csr_set(sstatus, SSTATUS_FS_INIT);
		fp_restore(t->fp);
	}
	memcpy(&mask, &f->uc.uc_sigmask, sizeof(mask));
	kfree(f);
	signal_set_mask(t, mask);
	ret = (long)tf->a0;
	return ret; /* a0 of the frame, whatever it looks like */
}

/* ---- the page that handlers return through ---- */

int signal_map_vdso(struct vmspace *vs, uint64_t *base)
{
	return vmspace_map(vs, 0, PAGE_SIZE, VM_READ | VM_EXEC, false,
			   vdso_file, 0, 0, base);
}

void vdso_init(void)
{
	static const uint32_t code[] = {
		0x08b00893, /* li a7, 139 (rt_sigreturn) */
		0x00000073, /* ecall: this one is made in user mode */
	};
	struct page *pg;

	if (vfs_anonymous_file("[vdso]", &vdso_file) ||
	    pagecache_grab(&vdso_file->inode->mapping, 0, &pg))
		panic("no memory for the first objects");
	memcpy(page_to_va(pg), code, sizeof(code));
	page_set_bits(pg, PG_UPTODATE);
	page_unlock(pg);
	page_put(pg);
}
