/* Functions to call at exit, last registered first; and abort(). */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "user/lib/libc.h"

static void (*atexit_small[32])(void);
static void (**atexit_funcs)(void) = atexit_small;
static size_t atexit_count, atexit_cap = 32;

int atexit(void (*func)(void))
{
	void (**bigger)(void);
	size_t i;

	if (atexit_count == atexit_cap) {
		bigger = malloc(2 * atexit_cap * sizeof(*bigger));
		if (!bigger)
			return -1;
		for (i = 0; i < atexit_count; i++)
			bigger[i] = atexit_funcs[i];
		if (atexit_funcs != atexit_small)
			free(atexit_funcs);
		atexit_funcs = bigger;
		atexit_cap *= 2;
	}
	atexit_funcs[atexit_count++] = func;
	return 0;
}

void __atexit_run(void)
{
	while (atexit_count)
		atexit_funcs[--atexit_count]();
}
