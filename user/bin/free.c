/* free: memory in use and free, from /proc/meminfo; -b -k -m -h: the unit. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int main(int argc, char **argv)
{
	unsigned long cache;
	char line[200];
	size_t n;
	int c, i;
	FILE *f;

	while ((c = getopt(argc, argv, "bkmgh")) != -1) {
		if (c == '?') {
			fprintf(stderr, "usage: free [-bkmgh]\n");
			return 1;
		}
		unit = c;
	}
	f = fopen("/proc/meminfo", "r");
	if (!f)
		err(1, "/proc/meminfo");
	while (fgets(line, sizeof(line), f)) {
		n = strcspn(line, ":");
		for (i = 0; i < COUNT; i++)
			if (strlen(wanted[i]) == n &&
			    !strncmp(line, wanted[i], n))
				value[i] = strtoul(line + n + 1, NULL, 10);
	}
	fclose(f);
	cache = value[BUFFERS] + value[CACHED] + value[SLAB];
	printf("%17s%12s%12s%12s%12s%12s\n", "total", "used", "free", "shared",
	       "buff/cache", "available");
	printf("Mem: ");
	put(value[TOTAL]);
	put(value[TOTAL] > value[FREE] + cache
		    ? value[TOTAL] - value[FREE] - cache
		    : 0);
	put(value[FREE]);
	put(value[SHARED]);
	put(cache);
	put(value[AVAILABLE] ? value[AVAILABLE] : value[FREE] + cache);
	printf("\nSwap:");
	put(value[SWAP]);
	put(value[SWAP] - value[SWAP_FREE]);
	put(value[SWAP_FREE]);
	putchar('\n');
	return 0;
}
