/*
 * Ending a program.  exit() knows the functions of atexit and the open streams
 * only by weak names: a program that uses neither does not carry them.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "user/lib/syscall.h"

__attribute__((weak)) void __atexit_run(void);
__attribute__((weak)) void __stdio_exit(void);

_Noreturn void _exit(int status)
{
	for (;;)
		SYS(exit_group, status);
}

_Noreturn void _Exit(int status)
{
	_exit(status);
}

_Noreturn void quick_exit(int status)
{
	_exit(status);
}

_Noreturn void exit(int status)
{
	if (__atexit_run)
		__atexit_run();
	if (__stdio_exit)
		__stdio_exit();
	_exit(status);
}
