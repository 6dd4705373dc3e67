/*
 * perf: the performance counters that the firmware offers.
 *
 *	perf list [-a]			what can be counted; -a: and what cannot
 *	perf stat [-e EVENT,...] COMMAND	count on all harts meanwhile
 *
 * An event's name is the kernel's with '-' for what is between words. Without
 * -e it is all that can be counted, less what only hypervisors do.
 */
#include "user/bin/sbi/run.h"
#include <time.h>

#define PMU    "/proc/sbi/pmu"
#define EVENTS "/proc/sbi/events"

static struct event {
	char *number, *name, *can;
	int wanted;
} events[128];
static size_t n_events;

static void read_events(void)
{
	char *text = read_all(EVENTS), *l;

	if (!text && errno == EBUSY)
		errx(1, "somebody is counting; to end it: echo off >" PMU);
	if (!text)
		err(1, EVENTS);
	while (n_events < sizeof(events) / sizeof(*events) &&
	       (l = line(&text))) {
		struct event *e = &events[n_events++];
		char *from, *to;

		e->number = field(&l);
		e->name = field(&l);
		e->can = l;
		for (from = to = e->name; *from; from++)
			if (*from != ',')
				*to++ = *from == ' ' ? '-' : *from;
		*to = '\0';
	}
	if (!n_events)
		errx(1, "the firmware has no performance counters");
}

static int list(int all)
{
	int hidden = 0;

	read_events();
	for (size_t i = 0; i < n_events; i++) {
		int can = !strcmp(events[i].can, "yes");

		if (can || all)
			printf("%-6s  %s%s\n", events[i].number, events[i].name,
			       can ? "" : "  <not supported>");
		hidden += !can;
	}
	if (hidden && !all)
		printf("%d more that nothing here counts: perf list -a\n",
		       hidden);
	return 0;
}

/* One of -e's names. */
static void want(const char *name)
{
	for (size_t i = 0; i < n_events; i++)
		if (!strcmp(events[i].name, name) ||
		    !strcmp(events[i].number, name)) {
			events[i].wanted = 1;
			return;
		}
	errx(2, "%s: no such event; see perf list -a", name);
}

static void choose(char *names)
{
	char *name;

	if (!names[strspn(names, ",")])
		errx(2, "-e wants events; see perf list");
	while ((name = strsep(&names, ",")))
		if (*name)
			want(name);
}

static void choose_all(void)
{
	for (size_t i = 0; i < n_events; i++)
		events[i].wanted = !strcmp(events[i].can, "yes") &&
				   !strstr(events[i].name, "hfence");
}

/* What was counted on all harts; or the error, NULL without one. */
static const char *sum(char *text, const char *number,
		       unsigned long long *total)
{
	static char error[32];
	char *l;

	*total = 0;
	error[0] = '\0';
	for (; *text; text = l + strcspn(l, "\n") + 1) {
		size_t n = strcspn(text, "\t");

		l = text + n + 1;
		l += strcspn(l, "\t") + 1; /* the hart */
		if (strncmp(text, number, n) || number[n])
			continue;
		if (*l >= '0' && *l <= '9')
			*total += strtoull(l, NULL, 10);
		else
			snprintf(error, sizeof(error), "%.*s",
				 (int)strcspn(l, "\n"), l);
	}
	return error[0] ? error : NULL;
}

static void put_number(unsigned long long n)
{
	char buf[40], *at = buf + sizeof(buf) - 1;
	int digits = 0;

	*at = '\0';
	do {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + n % 10);
		digits++;
	} while (n /= 10);
	fprintf(stderr, "%20s", at);
}

static void put_counts(char *text, char **command, double seconds)
{
	unsigned long long n;

	fprintf(stderr, "\ncounted on all harts while '%s' ran:\n\n",
		command[0]);
	for (size_t i = 0; i < n_events; i++) {
		const char *error;

		if (!events[i].wanted)
			continue;
		error = sum(text, events[i].number, &n);
		if (!error)
			put_number(n);
		else if (strcmp(events[i].can, "yes"))
			fprintf(stderr, "%20s", "<not supported>");
		else
			fprintf(stderr, "%20s", "<no counter free>");
		fprintf(stderr, "  %s\n", events[i].name);
	}
	fprintf(stderr, "\n%20.6f  seconds\n", seconds);
}

static int stat_command(int argc, char **argv)
{
	struct timespec from, to;
	char text[512] = "on", *names = NULL, *counts;
	int c, status;

	while ((c = getopt(argc, argv, "+e:")) != -1) {
		if (c != 'e')
			return 2;
		names = optarg;
	}
	if (optind == argc) {
		fprintf(stderr, "usage: perf stat [-e EVENT,...] "
				"COMMAND [ARGUMENT...]\n");
		return 2;
	}
	read_events();
	if (names)
		choose(names);
	else
		choose_all();
	for (size_t i = 0; i < n_events; i++)
		if (events[i].wanted && strlen(text) < sizeof(text) - 8) {
			strcat(text, " ");
			strcat(text, events[i].number);
		}
	fflush(NULL);
	switch_on(PMU, text);
	clock_gettime(CLOCK_MONOTONIC, &from);
	status = run(argv + optind);
	clock_gettime(CLOCK_MONOTONIC, &to);
	counts = read_all(PMU);
	if (!counts)
		warn(PMU);
	if (order(PMU, "off"))
		warn(PMU);
	if (counts)
		put_counts(counts, argv + optind,
			   (double)(to.tv_sec - from.tv_sec) +
				   (double)(to.tv_nsec - from.tv_nsec) / 1e9);
	return status;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list(0);
	if (argc == 3 && !strcmp(argv[1], "list") && !strcmp(argv[2], "-a"))
		return list(1);
	if (argc > 1 && !strcmp(argv[1], "stat"))
		return stat_command(argc - 1, argv + 1);
	fprintf(argc > 1 && !strcmp(argv[1], "--help") ? stdout : stderr,
		"usage: perf list [-a]\n"
		"       perf stat [-e EVENT,...] COMMAND [ARGUMENT...]\n");
	return argc > 1 && !strcmp(argv[1], "--help") ? 0 : 2;
}
