/*
 * What a trap means. User faults go to the address space, and become signals
 * when it has no answer. FP is off until a thread's first FP instruction
 * traps here. A fault of the kernel on a user address is tried again once the
 * page is there, or goes on at the copy routine's fix-up; an access to a device
 * that nothing answers reads ones and writes nothing, as on many a bus; any
 * other trap in the kernel is a bug, and a panic.
 */
#include "kernel/trap.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/driver.h"
#include "kernel/memlayout.h"
#include "kernel/mm/pagetable.h"
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
#include "kernel/sigtimer.h"
#include "kernel/smp.h"

uint64_t *emergency_stacks;

static unsigned access_of(uint64_t scause)
{
	if (scause == EXC_INST_PAGE_FAULT)
		return VM_EXEC;
	return scause == EXC_STORE_PAGE_FAULT ? VM_WRITE : VM_READ;
}

/* Of a process that is to die anyway, whoever chose it has told. */
static void user_no_memory(void)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;

	if (!signal_fatal_pending(t))
		pr_err("out of memory: killing %s[%d], which can be given none\n",
		       p->name, p->pid);
	signal_fault(SIGKILL, 0, 0);
}

static void user_page_fault(struct trapframe *tf)
{
	struct thread *t = current_thread();
	int code = SEGV_MAPERR;
	int err;

	err = vmspace_fault(t->vmspace, tf->stval, access_of(tf->scause),
			    &code);
	switch (err) {
	case 0:
	case -EINTR: /* a signal is waiting; the access is made again */
		return;
	case -EIO:
	case -ENXIO:
		signal_fault(SIGBUS, BUS_ADRERR, tf->stval);
		return;
	case -ENOMEM: /* nobody could be found to give memory back */
		user_no_memory();
		return;
	default:
		signal_fault(SIGSEGV, code, tf->stval);
	}
}

/* The first FP instruction of a thread; else an illegal one. */
static void user_illegal(struct trapframe *tf)
{
	struct thread *t = current_thread();

	if (cpu_has.d && (csr_read(sstatus) & SSTATUS_FS) == 0 && !t->fp) {
		unsigned tries = 0;

		do
			t->fp = kzalloc(sizeof(*t->fp), GFP_KERNEL);
		while (!t->fp && page_make_room(tries++));
		if (!t->fp) {
			user_no_memory();
			return;
		}
		csr_set(sstatus, SSTATUS_FS_INIT);
		fp_restore(t->fp);
		return; /* an instruction that is really illegal traps again */
	}
	signal_fault(SIGILL, ILL_ILLOPC, tf->sepc);
}

void trap_user(struct trapframe *tf)
{
	if (tf->scause & SCAUSE_INTERRUPT) {
		interrupts_poll();
		return;
	}
	switch (tf->scause) {
	case EXC_INST_PAGE_FAULT:
	case EXC_LOAD_PAGE_FAULT:
	case EXC_STORE_PAGE_FAULT:
		user_page_fault(tf);
		break;
	case EXC_ILLEGAL_INST:
		user_illegal(tf);
		break;
	case EXC_BREAKPOINT:
		signal_fault(SIGTRAP, TRAP_BRKPT, tf->sepc);
		break;
	/* Firmware does them where it can (hart_init_misaligned): what comes
	 * here is an atomic one, or refused. */
	case EXC_LOAD_MISALIGNED:
	case EXC_STORE_MISALIGNED:
	case EXC_INST_MISALIGNED:
		signal_fault(SIGBUS, BUS_ADRALN, tf->stval);
		break;
	case EXC_INST_ACCESS:
	case EXC_LOAD_ACCESS:
	case EXC_STORE_ACCESS:
		signal_fault(SIGSEGV, SEGV_ACCERR, tf->stval);
		break;
	default:
		signal_fault(SIGILL, ILL_ILLTRP, tf->sepc);
	}
}

void trap_work(struct trapframe *tf)
{
	struct thread *t = current_thread();
	uint32_t work;

	while ((work = READ_ONCE(t->work)) != 0) {
		if (work & WORK_EXIT)
			thread_exit();
		if (work & WORK_RESCHED)
			sched_yield_now();
		if (work & WORK_CPUTIME)
			sigtimer_check_cpu();
		if (work & WORK_TRACE)
			trace_syscall(TRACE_AT_EXIT);
		if (work & WORK_SIGNAL)
			signal_deliver(tf);
	}
}

void syscall_return_work(struct trapframe *tf)
{
	struct thread *t = current_thread();

	t->in_syscall = true;
	trap_work(tf);
	t->in_syscall = false;
}

/*
 * A tree may name registers where nothing is, and a device may go away. The
 * load or store that found out is done here, and counted; its driver sees ones
 * in every bit. Nothing is printed: this may be the console.
 */
static bool device_fault(struct trapframe *tf)
{
	uint32_t insn, rd, kind;
	const uint16_t *pc;
	bool load;

	if ((tf->scause != EXC_LOAD_ACCESS && tf->scause != EXC_STORE_ACCESS) ||
	    tf->stval - DEVICE_BASE >= DEVICE_SIZE)
		return false;
	pc = (const uint16_t *)tf->sepc;
	insn = pc[0];
	if ((insn & 3) == 3) {
		insn |= (uint32_t)pc[1] << 16;
		rd = insn >> 7 & 31;
		kind = insn >> 12 & 7; /* 4 to 6: lbu, lhu, lwu */
		load = (insn & 0x7f) == 0x03;
		if (!load && (insn & 0x7f) != 0x23)
			return false;
		tf->sepc += 4;
	} else {
		/* c.lw, c.ld, c.sw, c.sd */
		rd = (insn >> 2 & 7) + 8;
		kind = insn >> 13;
		load = kind == 2 || kind == 3;
		if ((insn & 3) != 0 || (!load && kind != 6 && kind != 7))
			return false;
		tf->sepc += 2;
	}
	if (load && rd)
		tf->x[rd] = kind >= 4 ? BIT(8u << (kind - 4)) - 1 : UINT64_MAX;
	device_faults++;
	return true;
}

void trap_kernel(struct trapframe *tf)
{
	struct thread *t = current_thread();
	uint64_t fixup = usercopy_fixup(tf->sepc);
	bool page_fault = tf->scause == EXC_LOAD_PAGE_FAULT ||
			  tf->scause == EXC_STORE_PAGE_FAULT;

	if (!fixup && device_fault(tf))
		return;
	if (page_fault && kstack_fault(tf->stval))
		return;
	if (!fixup)
		panic_regs(tf, "trap in the kernel: cause %#lx, address %#lx",
			   tf->scause, tf->stval);
	if (page_fault && tf->stval < USER_TOP && t->vmspace && !t->nofault) {
		int code;

		if (!vmspace_fault(t->vmspace, tf->stval,
				   access_of(tf->scause), &code))
			return;
	}
	tf->sepc = fixup;
}

void trap_stack_overflow(struct trapframe *tf)
{
	panic_regs(tf, "kernel stack overflow of thread %s",
		   current_thread()->name);
}
