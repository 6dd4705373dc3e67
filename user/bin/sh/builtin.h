/*
 * The commands that the shell runs itself. Each gets argc and argv and
 * returns a status; what it printed through out.h is flushed for it.
 */
#pragma once

#include <stdbool.h>

struct args;

#define BUILTIN_SPECIAL 1 /* POSIX 2.14: errors end a script */
#define BUILTIN_ASSIGN  2 /* NAME=value arguments are assignments */
#define BUILTIN_EXEC    4 /* its redirections stay */

struct builtin {
	const char *name;
	int (*run)(int argc, char **argv);
	int flags;
	const char *usage; /* for help: the arguments, */
	const char *what;  /* and what it is for */
};

const struct builtin *builtin_find(const char *name);
/* Runs it, or says how it is used when --help is its only argument. */
int builtin_run(const struct builtin *b, int argc, char **argv);
bool builtin_is_special(const char *name);
/* Adds the names of all. */
void builtin_names(struct args *out);

/*
 * Parses the number s into *n; 0, or -1 after a message in who's name.
 * Only digits, and below 2^31.
 */
int builtin_number(const char *who, const char *s, int *n);

/* bi_flow.c */
int bi_break(int argc, char **argv);
int bi_command(int argc, char **argv);
int bi_dot(int argc, char **argv);
int bi_eval(int argc, char **argv);
int bi_exec(int argc, char **argv);
int bi_exit(int argc, char **argv);
int bi_return(int argc, char **argv);
int bi_type(int argc, char **argv);

/* bi_dir.c */
int bi_cd(int argc, char **argv);
int bi_pwd(int argc, char **argv);
int bi_times(int argc, char **argv);
int bi_umask(int argc, char **argv);
int bi_ulimit(int argc, char **argv);

/* bi_vars.c */
int bi_export(int argc, char **argv);
int bi_getopts(int argc, char **argv);
int bi_let(int argc, char **argv);
int bi_local(int argc, char **argv);
int bi_read(int argc, char **argv);
int bi_set(int argc, char **argv);
int bi_shift(int argc, char **argv);
int bi_unset(int argc, char **argv);
/* An option as in set -x, set +o name: returns 0 or -1 after a message. */
int set_option_letter(int letter, bool on);
int set_option_name(const char *name, bool on);

/* bi_print.c */
int bi_echo(int argc, char **argv);
int bi_printf(int argc, char **argv);

/* bi_test.c */
int bi_test(int argc, char **argv);
