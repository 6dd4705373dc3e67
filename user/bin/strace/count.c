/*
 * -c: how often each call was made, how often it failed, and how long it took
 * by the clock on the wall.
 */
#include "strace.h"

static struct count {
	unsigned long calls, errors, ns;
} counts[SYSCALL_LIMIT];

void count_call(const struct tracee *t, long result)
{
	struct timespec now;
	struct count *c;

	if (t->nr >= SYSCALL_LIMIT || !opt.wanted[t->nr])
		return;
	c = &counts[t->nr];
	clock_gettime(CLOCK_MONOTONIC, &now);
	c->calls++;
	c->errors += result < 0 && result > -4096;
	c->ns += (unsigned long)((now.tv_sec - t->since.tv_sec) * 1000000000l +
				 now.tv_nsec - t->since.tv_nsec);
}

static int longer(const void *a, const void *b)
{
	const struct count *x = &counts[*(const int *)a];
	const struct count *y = &counts[*(const int *)b];

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->calls < y->calls ? 1 : x->calls > y->calls ? -1 : 0;
}

static void show_row(const struct count *c, unsigned long all, const char *name)
{
	/* In hundredths of a percent. */
	unsigned long part = all ? c->ns / 100 * 1000000 / all : 0;
	char errors[24] = "";

	if (c->errors)
		snprintf(errors, sizeof(errors), "%lu", c->errors);
	fprintf(opt.out, "%3lu.%02lu %4lu.%06lu %11lu %9lu %9s %s\n",
		part / 100, part % 100, c->ns / 1000000000,
		c->ns / 1000 % 1000000, c->calls ? c->ns / 1000 / c->calls : 0,
		c->calls, errors, name);
}

void count_show(void)
{
	static const char rule[] = "------ ----------- ----------- --------- "
				   "--------- ----------------\n";
	struct count sum = { 0, 0, 0 };
	int order[SYSCALL_LIMIT], n = 0;

	for (int i = 0; i < SYSCALL_LIMIT; i++) {
		if (!counts[i].calls)
			continue;
		order[n++] = i;
		sum.calls += counts[i].calls;
		sum.errors += counts[i].errors;
		sum.ns += counts[i].ns;
	}
	qsort(order, (size_t)n, sizeof(*order), longer);
	fprintf(opt.out,
		"%% time     seconds  usecs/call     calls    errors "
		"syscall\n%s",
		rule);
	for (int i = 0; i < n; i++)
		show_row(&counts[order[i]], sum.ns, calls[order[i]].name);
	fputs(rule, opt.out);
	show_row(&sum, sum.ns, "total");
	fflush(opt.out);
}
