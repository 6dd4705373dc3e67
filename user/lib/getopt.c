/*
 * getopt and getopt_long.  Operands in front of options are moved behind them,
 * unless the option string begins with '+' or POSIXLY_CORRECT is set.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/lib/stdio.h"

char *optarg;
int optind = 1, opterr = 1, optopt;

static int next_char;     /* within a group of short options */
static int first_operand; /* operands moved so far: from here */
static int last_operand;  /* to before here */

/* The way of words is between them and the option: " --" or "". */
static void complain(char *const argv[], const char *options, const char *text,
		     const char *way, const char *name, size_t len)
{
	const char *slash = strrchr(argv[0], '/');

	if (!opterr || *options == ':')
		return;
	stderr->flags |= F_SHOWN;
	fprintf(stderr, "%s: %s%s '%.*s'\n", slash ? slash + 1 : argv[0], text,
		way, (int)len, name);
	stderr->flags &= ~F_SHOWN;
}

/* Bring the options at last_operand .. optind in front of the operands. */
static void move_operands(char **argv)
{
	int i, n = optind - last_operand;
	char *t;

	for (; n > 0; n--, last_operand++, first_operand++) {
		t = argv[last_operand];
		for (i = last_operand; i > first_operand; i--)
			argv[i] = argv[i - 1];
		argv[first_operand] = t;
	}
}

static int long_option(int argc, char *const argv[], const char *options,
		       const struct option *longs, int *index)
{
	const char *name = argv[optind] + 2, *eq = strchrnul(name, '=');
	size_t len = (size_t)(eq - name);
	int i, found = -1, many = 0;

	for (i = 0; longs[i].name; i++) {
		if (strncmp(longs[i].name, name, len) != 0)
			continue;
		if (!longs[i].name[len]) {
			found = i;
			many = 0;
			break;
		}
		/* Two names of one option are not two options. */
		if (found < 0)
			found = i;
		else if (longs[i].val != longs[found].val ||
			 longs[i].flag != longs[found].flag ||
			 longs[i].has_arg != longs[found].has_arg)
			many = 1;
	}
	optind++;
	optopt = 0;
	if (found < 0 || many) {
		complain(argv, options,
			 found < 0 ? "unrecognized option" : "ambiguous option",
			 "", name - 2, len + 2);
		return '?';
	}
	optarg = NULL;
	if (*eq) {
		if (longs[found].has_arg == no_argument) {
			complain(argv, options, "option takes no argument", "",
				 name - 2, len + 2);
			optopt = longs[found].val;
			return '?';
		}
		optarg = (char *)(uintptr_t)eq + 1;
	} else if (longs[found].has_arg == required_argument) {
		if (optind >= argc) {
			complain(argv, options, "option requires an argument",
				 "", name - 2, len + 2);
			optopt = longs[found].val;
			return *options == ':' ? ':' : '?';
		}
		optarg = argv[optind++];
	}
	if (index)
		*index = found;
	if (longs[found].flag) {
		*longs[found].flag = longs[found].val;
		return 0;
	}
	return longs[found].val;
}

static int short_option(int argc, char *const argv[], const char *options)
{
	const char *word = argv[optind];
	const char *known;
	char c = word[next_char++];
	int last = !word[next_char];

	optopt = c;
	optarg = NULL;
	known = c == ':' ? NULL : strchr(options, c);
	if (!known) {
		complain(argv, options, "invalid option", " --", &c, 1);
	} else if (known[1] == ':') {
		if (!last)
			optarg = (char *)(uintptr_t)word + next_char;
		else if (known[2] != ':' && optind + 1 < argc)
			optarg = argv[++optind];
		else if (known[2] != ':')
			known = NULL;
		last = 1;
		if (!known) {
			optind++;
			next_char = 0;
			if (*options == ':')
				return ':';
			complain(argv, options, "option requires an argument",
				 " --", &c, 1);
			return '?';
		}
	}
	if (last) {
		optind++;
		next_char = 0;
	}
	return known ? c : '?';
}

int getopt_long(int argc, char *const argv[], const char *options,
		const struct option *longs, int *index)
{
	int in_order, ret;

	if (optind == 0 || (optind == 1 && !next_char)) {
		if (optind == 0) {
			optind = 1;
			next_char = 0;
		}
		first_operand = last_operand = optind;
	}
	in_order = *options == '+' || getenv("POSIXLY_CORRECT");
	if (*options == '+' || *options == '-')
		options++;
	if (next_char)
		return short_option(argc, argv, options);
	/* Options taken since the last call go in front of the operands. */
	move_operands((char **)(uintptr_t)argv);
	while (!in_order && optind < argc &&
	       (argv[optind][0] != '-' || !argv[optind][1]))
		optind++;
	last_operand = optind;
	ret = -1;
	if (optind < argc && argv[optind][0] == '-' && argv[optind][1]) {
		if (strcmp(argv[optind], "--") == 0) {
			optind++;
		} else if (argv[optind][1] == '-' && longs) {
			ret = long_option(argc, argv, options, longs, index);
			return ret;
		} else {
			next_char = 1;
			return short_option(argc, argv, options);
		}
	}
	move_operands((char **)(uintptr_t)argv);
	if (!in_order)
		optind = first_operand;
	return ret;
}

int getopt(int argc, char *const argv[], const char *options)
{
	return getopt_long(argc, argv, options, NULL, NULL);
}
