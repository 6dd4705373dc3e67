/* nproc: how many harts a program may run on; --all: how many there are. */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(int status)
{
	fputs("usage: nproc [--all] [--ignore=n]\n", status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "ignore", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, all = 0;
	long ignore = 0, n;
	cpu_set_t set;
	char *end;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'a':
			all = 1;
			break;
		case 'i':
			ignore = strtol(optarg, &end, 10);
			if (*end || end == optarg || ignore < 0)
				errx(1, "invalid number '%s'", optarg);
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (optind < argc) {
		warnx("extra operand '%s'", argv[optind]);
		return usage(1);
	}
	/* Those that this process could run on, if it wanted to. */
	memset(&set, 0xff, sizeof(set));
	if (all)
		sched_setaffinity(0, sizeof(set), &set);
	n = sysconf(_SC_NPROCESSORS_ONLN);
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	printf("%ld\n", n - ignore > 1 ? n - ignore : 1);
	if (fflush(stdout))
		err(1, "write error");
	return 0;
}
