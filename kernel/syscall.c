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
#include "kernel/thread.h"

_Static_assert(SYSCALL_TABLE_SIZE == SYSCALL_LIMIT, "kernel/thread.h");

#define DECLARE(number, name) long sys_##name(void);
SYSCALL_LIST(DECLARE)
#undef DECLARE

typedef long (*syscall_fn)(void);
extern const syscall_fn syscall_table[SYSCALL_LIMIT];

/* Every number first means "missing", then the rows of the list. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#define ROW(number, name) [number] = sys_##name,
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
