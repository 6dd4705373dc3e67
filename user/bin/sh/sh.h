/*
 * The state of the shell that all of its parts share: $?, the options, the
 * positional parameters, and "skip", which is how control leaves the normal
 * order. break, continue, return, an error and ^C set sh.skip; every loop of
 * the executor looks at it and returns to whoever clears it. There are no
 * long jumps, so what a function took it also gives back.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum skip {
	SKIP_NONE,
	SKIP_BREAK,
	SKIP_CONTINUE,
	SKIP_RETURN,
	SKIP_ERROR, /* back to the prompt after a message */
	SKIP_INTR,  /* back to the prompt after ^C */
};

enum option {
	OPT_ALLEXPORT,
	OPT_NOTIFY,
	OPT_NOCLOBBER,
	OPT_ERREXIT,
	OPT_NOGLOB,
	OPT_INTERACTIVE,
	OPT_MONITOR,
	OPT_NOEXEC,
	OPT_STDIN,
	OPT_NOUNSET,
	OPT_VERBOSE,
	OPT_XTRACE,
	OPT_IGNOREEOF,
	OPT_NOLOG,
	OPT_VI,
	OPT_EMACS,
	OPT_PIPEFAIL,
	OPT_COUNT,
};

/* Positional parameters; v[0] is $1. */
struct params {
	char **v;
	int n;
	/* The block to free when they are replaced, or NULL: not ours. */
	void *block;
	int optind; /* getopts: its own idea of OPTIND, */
	int optoff; /* and where it is in a group like -abc */
};

struct shell {
	int status; /* $? */
	enum skip skip;
	int skip_count;    /* loops that break or continue still has to leave */
	int loop_depth;    /* loops around the current command */
	int eval_depth;    /* functions, eval, dot and traps that are running */
	int func_depth;    /* functions and dot scripts: where return works */
	int shielded;      /* inside "command": errors do not exit */
	int tested;        /* the status is looked at: -e does not apply */
	int trap_status;   /* $? when the trap that runs began, */
	int trap_depth;    /* and func_depth then; -1: no trap runs */
	int line;          /* of the command that runs, for messages */
	int sub_status;    /* of the last command substitution, -1 if none */
	bool subshell;     /* a forked copy */
	bool at_prompt;    /* the interactive shell itself, not a copy of it */
	pid_t pid;         /* $$ */
	pid_t last_bg;     /* $!, 0 if none */
	const char *name;  /* $0 */
	const char *where; /* eval or the dot script that runs, or NULL */
	struct params params;
	char opt[OPT_COUNT];
};

extern struct shell sh;

/* Runs the EXIT trap and ends the process. */
void sh_exit(int status) __attribute__((noreturn));
/* Runs everything that the newest input yields; returns $?. */
int sh_run_input(bool last);
/* Runs the text of eval, a trap and the like; returns $?. */
int sh_run_string(const char *text, int line);
/* Refuses recursion that would eat the stack; 0 or -1 after a message. */
int sh_enter(void);
void sh_leave(void);

/* Changes $1...; copies the strings. */
void params_set(char **v, int n);
void params_free(struct params *p);
