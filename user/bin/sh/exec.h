/*
 * Runs trees. The status of what ran is in sh.status and returned; sh.skip
 * tells when control leaves the normal order (sh.h).
 *
 * "last" promises that the process ends after this: then a program replaces
 * the shell and a subshell is the shell itself, without a fork.
 */
#pragma once

#include <stdbool.h>

struct args;
struct node;
struct strbuf;

int exec_node(struct node *n, bool last);
/* Runs it as $(...) and collects what it prints; status in sh.sub_status. */
void exec_capture(struct node *n, struct strbuf *out);
/*
 * The path of a program, on the command's arena; NULL when there is none,
 * with *status 127 or 126. path is a PATH to search.
 */
char *exec_find(const char *name, const char *path, int *status);
/* Replaces the process by a program; returns only after a failed exec. */
int exec_program(const char *path, char **argv);
/* Runs a command, builtin or program but no function, and waits for it. */
int exec_args(int argc, char **argv, const char *path);

/* Functions. */
bool func_exists(const char *name);
void func_unset(const char *name);
/* Adds the names of all. */
void func_names(struct args *out);
