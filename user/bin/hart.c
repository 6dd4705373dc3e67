/*
 * hart: the machine's harts.  Alone: each one's number (the firmware's), the
 * number that programs know it by, whether it takes part, and what the
 * firmware says of it.  off N, on N: takes it out, or back in; several numbers
 * are done in turn.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "/proc/sbi/harts"

static void usage(FILE *to)
{
	fprintf(to, "usage: hart [on|off number...]\n");
}

static int show(void)
{
	char line[128], use[32], state[64];
	unsigned long hart, cpu;
	FILE *f = fopen(FILE_NAME, "r");

	if (!f)
		err(1, FILE_NAME);
	printf("%4s %4s  %-13s %s\n", "hart", "cpu", "use", "firmware");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lu %lu %31s %63[^\n]", &hart, &cpu, use,
			   state) == 4)
			printf("%4lu %4lu  %-13s %s\n", hart, cpu, use, state);
	if (ferror(f))
		err(1, FILE_NAME);
	fclose(f);
	return fflush(stdout) ? 1 : 0;
}

static const char *why(void)
{
	switch (errno) {
	case ENODEV:
		return "no such hart";
	case EBUSY:
		return "the last one, or nobody else gets interrupts";
	case EINVAL:
		return "not a hart's number";
	case EOPNOTSUPP:
		return "the firmware cannot stop or start harts";
	default:
		return strerror(errno);
	}
}

static int change(const char *how, const char *number)
{
	char order[64];
	int fd = open(FILE_NAME, O_WRONLY), n, ret = 0;

	if (fd < 0)
		err(1, FILE_NAME);
	n = snprintf(order, sizeof(order), "%s %s", how, number);
	if (n >= (int)sizeof(order)) {
		errno = EINVAL;
		n = -1;
	}
	if (n < 0 || write(fd, order, (size_t)n) < 0) {
		warnx("%s %s: %s", how, number, why());
		ret = 1;
	}
	close(fd);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int ret = 0, c;

	c = getopt_long(argc, argv, "+h", options, NULL);
	if (c != -1) {
		usage(c == 'h' ? stdout : stderr);
		return c != 'h';
	}
	if (optind == argc)
		return show();
	if (optind + 1 == argc || (strcmp(argv[optind], "on") != 0 &&
				   strcmp(argv[optind], "off") != 0)) {
		usage(stderr);
		return 1;
	}
	for (int i = optind + 1; i < argc; i++)
		ret |= change(argv[optind], argv[i]);
	return ret;
}
