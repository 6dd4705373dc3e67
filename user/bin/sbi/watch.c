/*
 * sbi stat, sbi trace: the calls that all harts make while a command runs.
 * One such watch at a time; what a program does beside the command is in it.
 * The tables go to standard error, as those of strace do.
 */
#include "user/bin/sbi/run.h"
#include "user/bin/sbi/sbi.h"

#define STAT  "/proc/sbi/stat"
#define TRACE "/proc/sbi/trace"

/* 1234567 ns as "1234.6", in us */
static void put_time(const char *ns, int width)
{
	unsigned long long n = strtoull(ns, NULL, 10);

	fprintf(stderr, " %*llu.%llu", width - 2, n / 1000, n / 100 % 10);
}

static void put_table(char *text, int by_hart)
{
	int rows = 0;
	char *l;

	while ((l = line(&text))) {
		char *hart = field(&l), *extension = field(&l);
		char *name = field(&l), *calls = field(&l);
		char *errors = field(&l);

		if (by_hart != !!strcmp(hart, "all"))
			continue;
		if (!rows++)
			fprintf(stderr, "%s%8s %7s %9s %9s %9s %10s  %s\n",
				by_hart ? "hart  " : "", "calls", "errors",
				"min us", "median", "max", "all", "call");
		if (by_hart)
			fprintf(stderr, "%4s  ", hart);
		fprintf(stderr, "%8s %7s", calls, errors);
		for (int i = 0; i < 3; i++)
			put_time(field(&l), 9);
		put_time(field(&l), 10);
		fprintf(stderr, "  %s %s\n", extension, name);
	}
	if (!rows)
		fprintf(stderr, "no calls\n");
}

static void put_trace(char *text)
{
	char *l;

	if (!*text)
		fprintf(stderr, "no calls\n");
	while ((l = line(&text))) {
		char *time = field(&l), *hart = field(&l), *ns = field(&l);

		if (!strcmp(time, "lost")) {
			fprintf(stderr,
				"hart %s: the first %s calls are lost\n", hart,
				ns);
			continue;
		}
		fprintf(stderr, "%s hart %s  %s <%s ns>\n", time, hart, l, ns);
	}
}

/* The command's status, with what was seen while it ran. */
static int watch(const char *path, char **command, char **text)
{
	int status;

	fflush(NULL);
	switch_on(path, "on");
	status = run(command);
	*text = read_all(path);
	if (!*text)
		warn("%s", path);
	if (order(path, "off"))
		warn("%s", path);
	return status;
}

int sbi_stat(int argc, char **argv)
{
	int by_hart = argc > 1 && !strcmp(argv[1], "-h"), status;
	char *text;

	argv += 1 + by_hart;
	if (!*argv || **argv == '-') {
		fprintf(stderr, "usage: sbi stat [-h] COMMAND [ARGUMENT...]\n");
		return 2;
	}
	status = watch(STAT, argv, &text);
	if (text)
		put_table(text, by_hart);
	return status;
}

int sbi_trace(int argc, char **argv)
{
	char *text;
	int status;

	if (argc < 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: sbi trace COMMAND [ARGUMENT...]\n");
		return 2;
	}
	status = watch(TRACE, argv + 1, &text);
	if (text)
		put_trace(text);
	return status;
}
