/*
 * sbi: the firmware below the kernel, from the files of /proc/sbi.
 *
 *	sbi		what it is and what it has
 *	sbi NAME	an extension in full: calls, arguments, state
 *	sbi stat, trace	the calls that are made while a command runs: watch.c
 *	sbi test	what the firmware gets wrong: test.c
 */
#include "user/bin/sbi/run.h"
#include "user/bin/sbi/sbi.h"
#include <strings.h>

#define PROC "/proc/sbi/"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "stat", sbi_stat },
	{ "trace", sbi_trace },
	{ "test", sbi_test },
};

static void usage(FILE *to)
{
	fprintf(to, "usage: sbi                       what the firmware is\n"
		    "       sbi NAME                  one extension in full\n"
		    "       sbi stat [-h] COMMAND...  count its calls, -h: by "
		    "hart\n"
		    "       sbi trace COMMAND...      show its calls\n"
		    "       sbi test [-q] [NAME...]   does it do as the "
		    "specification says?\n");
}

/* A file of /proc/sbi that there always is. */
static char *get(const char *name)
{
	char path[64], *text;

	snprintf(path, sizeof(path), PROC "%s", name);
	text = read_all(path);
	if (!text)
		err(1, "%s", path);
	return text;
}

/* The value that a key of `info` has; of its lines "key\tvalue" the n-th. */
static const char *info(const char *key, int n)
{
	static char buf[80];
	char *text = get("info"), *at = text, *l;
	size_t len = strlen(key);

	buf[0] = '\0';
	while ((l = line(&at)))
		if (!strncmp(l, key, len) && l[len] == '\t' && !n--)
			snprintf(buf, sizeof(buf), "%s", l + len + 1);
	free(text);
	return buf[0] ? buf : NULL;
}

static void show_info(const char *title, const char *key)
{
	const char *value = info(key, 0);

	if (value)
		printf("%-16s %s\n", title, value);
}

static void show_machine(void)
{
	printf("SBI %s", info("specification", 0));
	printf(", %s ", info("implementation", 0));
	printf("%s\n", info("version", 0));
	show_info("vendor", "mvendorid");
	show_info("architecture", "marchid");
	show_info("implementation", "mimpid");
	show_info("timer", "timer");
	show_info("boot hart", "boot hart");
	show_info("device tree at", "device tree");
	show_info("triggers", "triggers");
	for (int i = 0; info("reserved", i); i++)
		printf("%-16s %s\n", i ? "" : "reserved", info("reserved", i));
}

static void show_extensions(void)
{
	char *text = get("extensions"), *at = text, *l;

	printf("\n%-10s  %-31s %5s %5s  %s\n", "EID", "extension", "since",
	       "probe", "Octopos uses it for");
	while ((l = line(&at))) {
		char *eid = field(&l), *name = field(&l), *since = field(&l);
		char *probe = field(&l);

		printf("%-10s  %-31s %5s %5s  %s\n", eid, name, since, probe,
		       strcmp(probe, "0") ? l : "-");
	}
	free(text);
}

/* The lines of a file as a table. Nothing when it is empty, or not there. */
static void show_file(const char *title, const char *name)
{
	char path[64], *text, *copy, *at, *l;
	int width[8] = { 0 }, n, i;

	snprintf(path, sizeof(path), PROC "%s", name);
	text = read_all(path);
	copy = text && *text ? strdup(text) : NULL;
	if (copy)
		printf("\n%s:\n", title);
	for (at = copy; at && (l = line(&at));)
		for (i = 0; *l && i < 8; i++) {
			n = (int)strlen(field(&l));
			width[i] = n > width[i] ? n : width[i];
		}
	for (at = text; at && (l = line(&at));) {
		printf("  ");
		for (i = 0; *l && i < 8; i++) {
			char *f = field(&l);

			printf("  %-*s", *l ? width[i] : 0, f);
		}
		putchar('\n');
	}
	free(copy);
	free(text);
}

static const struct {
	const char *extension, *title, *file;
} states[] = {
	{ "HSM", "harts", "harts" },
	{ "PMU", "counters (those of hardware with CSR and bits)", "counters" },
	{ "FWFT", "features of each hart", "features" },
	{ "SSE", "events", "sse" },
	{ "CPPC", "registers", "cppc" },
	{ "MPXY",
	  "channels (protocol, bytes, microseconds to send and to answer, what "
	  "they can)",
	  "mpxy" },
};

static int overview(void)
{
	char *text = get("counters"), *at = text, *l;
	int hardware = 0, firmware = 0;

	while ((l = line(&at))) {
		hardware += !!strstr(l, "\thardware");
		firmware += !!strstr(l, "\tfirmware");
	}
	free(text);
	show_machine();
	if (hardware + firmware)
		printf("%-16s %d hardware, %d firmware\n", "counters", hardware,
		       firmware);
	show_extensions();
	show_file("harts", "harts");
	show_file("features of each hart", "features");
	return 0;
}

/* "hartid:h opaque:x = n" as "(hartid, opaque) -> value" */
static void show_arguments(const char *args)
{
	const char *end = strstr(args, " = ");
	size_t n = end ? (size_t)(end - args) : strlen(args);

	putchar('(');
	for (size_t i = 0; i < n; i++) {
		if (args[i] == ':')
			i++; /* and its kind */
		else if (args[i] == ' ')
			printf(", ");
		else
			putchar(args[i]);
	}
	printf(")%s\n", end ? " -> value" : "");
}

static int show_functions(const char *eid)
{
	char *text = get("functions"), *at = text, *l;
	int n = 0;

	while ((l = line(&at))) {
		char *of = field(&l), *fid = field(&l), *name = field(&l);

		if (strcmp(of, eid))
			continue;
		printf("  %2s  %s", fid, name);
		show_arguments(l);
		n++;
	}
	free(text);
	return n;
}

/* "legacy" is the name of nine of one call each. */
static int is_named(const char *name, const char *eid, const char *wanted)
{
	char *end;
	unsigned long number = strtoul(wanted, &end, 0);

	return !strcasecmp(name, wanted) ||
	       (!strcasecmp(wanted, "legacy") && !strncmp(name, "legacy", 6)) ||
	       (*wanted && !*end && number == strtoul(eid, NULL, 0));
}

static int show_extension(const char *wanted)
{
	char *text = get("extensions"), *at = text, *l;
	int found = 0;

	while ((l = line(&at))) {
		char *eid = field(&l), *name = field(&l), *since = field(&l);
		char *probe = field(&l);

		if (!is_named(name, eid, wanted))
			continue;
		if (!strcasecmp(wanted, "legacy")) {
			printf("%s  probe says %s ", eid, probe);
			found += show_functions(eid);
			continue;
		}
		printf("%s%s: EID %s, since SBI %s, probe says %s\n",
		       found++ ? "\n" : "", name, eid, since, probe);
		if (strcmp(probe, "0"))
			printf("Octopos uses it for: %s\n", l);
		printf("\ncalls:\n");
		show_functions(eid);
		for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
			if (!strcmp(states[i].extension, name))
				show_file(states[i].title, states[i].file);
	}
	free(text);
	if (found)
		return 0;
	warnx("%s: the specification has no such extension; it has", wanted);
	text = at = get("extensions");
	for (; (l = line(&at)); found++) {
		field(&l);
		fprintf(stderr, "%s%s", found ? ", " : "", field(&l));
	}
	fputc('\n', stderr);
	free(text);
	return 1;
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 1 &&
	    (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		usage(stdout);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (argc > 1 && !strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (argc > 2 || (argc > 1 && argv[1][0] == '-')) {
		usage(stderr);
		return 2;
	}
	status = argc > 1 ? show_extension(argv[1]) : overview();
	if (fflush(stdout))
		err(1, "write error");
	return status;
}
