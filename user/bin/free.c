/* free: memory in use and free, from /proc/meminfo; -b -k -m -g -h: the unit. */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const wanted[] = {
	"MemTotal",  "MemFree",  "Buffers",      "Cached",      "Shmem",
	"SwapTotal", "SwapFree", "SReclaimable", "MemAvailable"
};
enum {
	TOTAL,
	FREE,
	BUFFERS,
	CACHED,
	SHARED,
	SWAP,
	SWAP_FREE,
	SLAB,
	AVAILABLE,
	COUNT
};

static unsigned long value[COUNT]; /* KiB */
static int unit = 'k';

static void put(unsigned long kib)
{
	static const char units[] = "KMGT";
	unsigned long tenths = kib * 10;
	char text[24];
	int i = 0;

	if (unit == 'h') {
		while (tenths >= 10240 && units[i + 1]) {
			tenths = (tenths + 512) / 1024;
			i++;
		}
		if (!kib)
			snprintf(text, sizeof(text), "0B");
		else if (tenths < 100)
			snprintf(text, sizeof(text), "%lu.%lu%ci", tenths / 10,
				 tenths % 10, units[i]);
		else
			snprintf(text, sizeof(text), "%lu%ci", tenths / 10,
				 units[i]);
		printf("%12s", text);
		return;
	}
	printf("%12lu", unit == 'b'   ? kib << 10
			: unit == 'm' ? kib >> 10
			: unit == 'g' ? kib >> 20
				      : kib);
}

static unsigned long minus(unsigned long a, unsigned long b)
{
	return a > b ? a - b : 0;
}

static void show(int totals)
{
	unsigned long cache, used;
	char line[200];
	size_t n;
	FILE *f;
	int i;

	f = fopen("/proc/meminfo", "r");
	if (!f)
		err(1, "/proc/meminfo");
	memset(value, 0, sizeof(value));
	while (fgets(line, sizeof(line), f)) {
		n = strcspn(line, ":");
		for (i = 0; i < COUNT; i++)
			if (strlen(wanted[i]) == n &&
			    !strncmp(line, wanted[i], n))
				value[i] = strtoul(line + n + 1, NULL, 10);
	}
	fclose(f);
	cache = value[BUFFERS] + value[CACHED] + value[SLAB];
	used = minus(value[TOTAL], value[FREE] + cache);
	printf("%17s%12s%12s%12s%12s%12s\n", "total", "used", "free", "shared",
	       "buff/cache", "available");
	printf("Mem: ");
	put(value[TOTAL]);
	put(used);
	put(value[FREE]);
	put(value[SHARED]);
	put(cache);
	put(value[AVAILABLE] ? value[AVAILABLE] : value[FREE] + cache);
	printf("\nSwap:");
	put(value[SWAP]);
	put(minus(value[SWAP], value[SWAP_FREE]));
	put(value[SWAP_FREE]);
	if (totals) {
		printf("\nTotal");
		put(value[TOTAL] + value[SWAP]);
		put(used + minus(value[SWAP], value[SWAP_FREE]));
		put(value[FREE] + value[SWAP_FREE]);
	}
	putchar('\n');
	if (fflush(stdout))
		err(1, "write error");
}

static _Noreturn void usage(int status)
{
	fputs("usage: free [-bkmgh] [-t] [-s seconds] [-c count]\n"
	      "-b -k -m -g: the unit, -h: as it suits; -t: the sum; -s: again "
	      "and again\n",
	      status ? stderr : stdout);
	exit(status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "bytes", no_argument, NULL, 'b' },
		{ "kibi", no_argument, NULL, 'k' },
		{ "mebi", no_argument, NULL, 'm' },
		{ "gibi", no_argument, NULL, 'g' },
		{ "human", no_argument, NULL, 'h' },
		{ "total", no_argument, NULL, 't' },
		{ "seconds", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	double seconds = 0;
	long count = 0, i;
	struct timespec ts;
	int c, totals = 0;
	char *end;

	while ((c = getopt_long(argc, argv, "bkmghts:c:", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			totals = 1;
			break;
		case 's':
			seconds = strtod(optarg, &end);
			if (*end || !(seconds > 0) || seconds > 1e6)
				errx(1, "%s: no number of seconds", optarg);
			break;
		case 'c':
			count = strtol(optarg, &end, 10);
			if (*end || count <= 0)
				errx(1, "%s: no number of times", optarg);
			break;
		case 'H':
			usage(0);
		case '?':
			usage(1);
		default:
			unit = c;
		}
	}
	if (optind < argc)
		usage(1);
	if (count && !seconds)
		seconds = 1;
	else if (!seconds)
		count = 1;
	ts.tv_sec = (time_t)seconds;
	ts.tv_nsec = (long)((seconds - (double)ts.tv_sec) * 1e9);
	for (i = 0;; i++) {
		show(totals);
		if (count && i + 1 == count)
			return 0;
		nanosleep(&ts, NULL);
		putchar('\n');
	}
}
