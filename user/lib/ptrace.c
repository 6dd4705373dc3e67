/* ptrace. The kernel puts a word that is asked for where data points to; a
 * program gets it as the result. */
#include <errno.h>
#include <stdarg.h>
#include <sys/ptrace.h>
#include <sys/types.h>

#include "user/lib/syscall.h"

long ptrace(int request, ...)
{
	long addr, data, word;
	pid_t pid;
	va_list ap;

	va_start(ap, request);
	pid = va_arg(ap, pid_t);
	addr = va_arg(ap, long);
	data = va_arg(ap, long);
	va_end(ap);
	if (request != PTRACE_PEEKTEXT && request != PTRACE_PEEKDATA)
		return CALL(ptrace, request, pid, addr, data);
	if (CALL(ptrace, request, pid, addr, &word) < 0)
		return -1;
	errno = 0;
	return word;
}
