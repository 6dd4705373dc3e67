/*
 * sbi test: does the firmware do what the specification says? The kernel asks
 * it (kernel/sbitest), this shows the lines, and the sum of them.
 */
#include "user/bin/sbi/run.h"
#include "user/bin/sbi/sbi.h"
#include <ctype.h>
#include <strings.h>

#define FILE_NAME "/proc/sbi/test"

static struct {
	const char *verdict;
	unsigned n;
} sums[] = { { "pass", 0 }, { "fail", 0 }, { "skip", 0 }, { "known", 0 } };

/* "pass BASE probe finds BASE", and behind a colon what more there is. */
static void show(char *l, int quiet)
{
	char *verdict = field(&l), *group = field(&l), *check = field(&l);

	for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++)
		if (!strcmp(sums[i].verdict, verdict))
			sums[i].n++;
	if (quiet && !strcmp(verdict, "pass"))
		return;
	printf("%-5s  %-6s  %s", verdict, group, check);
	if (*l)
		printf(": %s", l);
	putchar('\n');
}

/* Extensions have their names in capitals, but the nine old calls. */
static const char *group_name(const char *typed)
{
	static char name[16];
	size_t i;

	if (!strcasecmp(typed, "legacy"))
		return "legacy";
	for (i = 0; typed[i] && i < sizeof(name) - 1; i++)
		name[i] = (char)toupper((unsigned char)typed[i]);
	name[i] = '\0';
	return name;
}

/* One order, and what came of it. 0, or 1 when it cannot be given. */
static int run_group(const char *typed, int quiet)
{
	char text[32] = "run", *all, *at, *l;

	if (typed)
		snprintf(text, sizeof(text), "run %s", group_name(typed));
	if (order(FILE_NAME, text)) {
		if (errno == EBUSY)
			warnx("somebody else is testing");
		else if (errno == EINVAL && typed)
			warnx("%s: there is no test of that name", typed);
		else
			warn("%s", FILE_NAME);
		return 1;
	}
	all = at = read_all(FILE_NAME);
	if (!all) {
		warn("%s", FILE_NAME);
		return 1;
	}
	while ((l = line(&at)))
		show(l, quiet);
	free(all);
	return 0;
}

int sbi_test(int argc, char **argv)
{
	int quiet = argc > 1 && !strcmp(argv[1], "-q"), bad = 0;

	argv += 1 + quiet;
	if (*argv && **argv == '-') {
		fprintf(stderr, "usage: sbi test [-q] [NAME...]\n");
		return 2;
	}
	if (!*argv)
		bad = run_group(NULL, quiet);
	for (; *argv; argv++)
		bad |= run_group(*argv, quiet);
	printf("sbi test: %u passed, %u failed, %u skipped, %u known\n",
	       sums[0].n, sums[1].n, sums[2].n, sums[3].n);
	if (fflush(stdout))
		err(1, "write error");
	return bad || sums[1].n;
}
