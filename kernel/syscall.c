/*
 * The dispatch table of system calls, made from the one list. trapvec.S jumps
 * through it with the arguments still in their registers.
 *
 * The rows are declared here without their arguments, which only the caller
 * in assembly and the function itself know; so this file includes nothing
 * that declares them.
 */
#include "kernel/syscall.h"

#include "kernel/abi/syscalls.h"
#include "kernel/ksyms.h"
#include "kernel/printk.h"
#include "kernel/proc.h"
#include "kernel/ptrace.h"
#include "kernel/thread.h"

_Static_assert(SYSCALL_TABLE_SIZE == SYSCALL_LIMIT, "kernel/thread.h");

#define DECLARE(number, name, ...) long sys_##name(void);
SYSCALL_LIST(DECLARE)
#undef DECLARE

typedef long (*syscall_fn)(void);
extern const syscall_fn syscall_table[SYSCALL_LIMIT];

/* Every number first means "missing", then the rows of the list. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#define ROW(number, name, ...) [number] = sys_##name,
const syscall_fn syscall_table[SYSCALL_LIMIT] = {
	[0 ... SYSCALL_LIMIT - 1] = syscall_missing,
	SYSCALL_LIST(ROW)
};
#undef ROW
#pragma GCC diagnostic pop

/* The name of the function behind "sys_". */
const char *syscall_name(unsigned number, char *buf, size_t size)
{
	uint64_t offset;

	if (number >= SYSCALL_LIMIT ||
	    syscall_table[number] == syscall_missing ||
	    !ksyms_lookup((uint64_t)syscall_table[number], buf, size, &offset))
		return NULL;
	return buf + 4;
}

long syscall_missing(void)
{
	struct thread *t = current_thread();
	unsigned number = (unsigned)t->tf->a7;
	uint64_t bit = 1ull << (number % 64);

	/* Once per program; a coarse set of numbers is enough for that. */
	if (!(t->proc->missing_seen & bit)) {
		t->proc->missing_seen |= bit;
		pr_debug("%s[%d]: no system call %u\n", t->name, t->proc->pid,
			 number);
	}
	return -ENOSYS;
}

/*
 * Where trapvec.S goes with a number that is not below the thread's limit: one
 * that is in no table, or, if the limit is 0, any call of a thread whose calls
 * somebody traces. Meanwhile its result looks like that of a missing call, and
 * a tracer that makes the number -1 has it skipped. Its first argument cannot
 * be changed, as on Linux.
 */
long syscall_odd(void)
{
	struct thread *t = current_thread();
	struct trapframe *tf = t->tf;
	long (*call)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
		     uint64_t);

	if (t->call_limit)
		return syscall_missing();
	tf->a0 = (uint64_t)-ENOSYS;
	trace_syscall(TRACE_AT_ENTRY);
	if (tf->a7 < SYSCALL_LIMIT) {
		call = (__typeof__(call))(void (*)(void))syscall_table[tf->a7];
		tf->a0 = (uint64_t)call(tf->orig_a0, tf->a1, tf->a2, tf->a3,
					tf->a4, tf->a5);
	} else if ((int)tf->a7 != -1) {
		tf->a0 = (uint64_t)syscall_missing();
	}
	if (!t->call_limit)
		trace_syscall(TRACE_AT_EXIT);
	return (long)tf->a0;
}
