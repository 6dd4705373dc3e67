/*
 * errno, and the one place where a kernel's answer turns into it; and
 * syscall(), for calls that have no function of their own.
 */
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "user/lib/syscall.h"

int errno;

long __syscall_fail(long err)
{
	errno = (int)-err;
	return -1;
}

long syscall(long number, ...)
{
	va_list ap;
	long a[6];
	int i;

	va_start(ap, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return syscall_result(
		syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}
