/*
 * The auxiliary vector lies behind the environment that the kernel passed, and
 * that list is found from argv: environ itself may have moved.
 */
#include <errno.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "user/lib/libc.h"
#include "user/lib/syscall.h"

unsigned long getauxval(unsigned long type)
{
	char **p = __libc_argv;
	unsigned long *aux;

	while (*p++)
		;
	while (*p++)
		;
	for (aux = (unsigned long *)p; aux[0] != AT_NULL; aux += 2)
		if (aux[0] == type)
			return aux[1];
	errno = ENOENT;
	return 0;
}
