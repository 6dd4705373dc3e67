/* awk: find patterns in text, and act on what is found. */
#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/bin/awk/awk.h"

extern char **environ;

static struct str *source;

static void usage(FILE *f, int status)
{
	fprintf(f, "usage: awk [-F separator] [-v name=value]... program "
		   "[file | name=value]...\n"
		   "       awk [-F separator] [-v name=value]... -f file... "
		   "[file | name=value]...\n");
	exit(status);
}

static void add_file(const char *name)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "r") : stdin;
	char piece[4096];
	size_t n;

	if (!f)
		err(2, "%s", name);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		source = str_append(source, piece, n);
	if (ferror(f))
		err(2, "%s", name);
	source = str_append(source, "\n", 1);
	if (f != stdin)
		fclose(f);
}

static void set_element(struct cell *c, const char *key, size_t len,
			const char *text)
{
	struct str *k = str_new(key, len);

	if (c->kind == FREE) {
		c->kind = ARRAY;
		c->a = array_new();
	}
	array_get(c->a, k)->v = input(text, strlen(text));
	str_put(k);
}

static void set_text(int index, const char *text)
{
	global_set(index, string(str_new(text, strlen(text))));
}

static void set_globals(int argc, char **argv)
{
	char key[32];
	char **e, *eq;
	int i;

	set_text(V_FS, " ");
	set_text(V_RS, "\n");
	set_text(V_OFS, " ");
	set_text(V_ORS, "\n");
	set_text(V_SUBSEP, "\034");
	set_text(V_CONVFMT, "%.6g");
	set_text(V_OFMT, "%.6g");
	global_set(V_NR, number(0));
	global_set(V_FNR, number(0));
	global_set(V_RSTART, number(0));
	global_set(V_RLENGTH, number(-1));
	for (e = environ; *e; e++) {
		eq = strchr(*e, '=');
		if (eq)
			set_element(&globals[V_ENVIRON], *e, (size_t)(eq - *e),
				    eq + 1);
	}
	global_set(V_ARGC, number(argc));
	for (i = 0; i < argc; i++)
		set_element(&globals[V_ARGV], key,
			    (size_t)snprintf(key, sizeof(key), "%d", i),
			    argv[i]);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	char **assigned = NULL, *name = argv[0];
	size_t nassigned = 0, i;
	const char *fs = NULL;
	struct program *p;
	struct str *s;
	int c, files = 0;

	source = str_new("", 0);
	while ((c = getopt_long(argc, argv, "+F:f:v:", longs, NULL)) != -1) {
		switch (c) {
		case 'F':
			fs = optarg;
			break;
		case 'f':
			add_file(optarg);
			files = 1;
			break;
		case 'v':
			if (!strchr(optarg, '='))
				errx(2, "%s: not name=value", optarg);
			assigned = grow(assigned,
					(nassigned + 1) * sizeof(*assigned));
			assigned[nassigned++] = optarg;
			break;
		default:
			usage(c == 'h' ? stdout : stderr, c != 'h');
		}
	}
	if (!files) {
		if (optind == argc)
			usage(stderr, 1);
		source = str_append(source, argv[optind], strlen(argv[optind]));
		optind++;
	}
	lex_start(source->s, source->len);
	p = parse();
	globals = calloc((size_t)p->nglobals, sizeof(*globals));
	if (!globals)
		err(2, NULL);
	argv[optind - 1] = name;
	set_globals(argc - optind + 1, argv + optind - 1);
	if (fs) {
		s = unescape(fs, strlen(fs), 0);
		global_set(V_FS, string(s));
	}
	for (i = 0; i < nassigned; i++)
		assign_operand(assigned[i]);
	return run_program(p);
}
