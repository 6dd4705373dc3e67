/*
 * Variables. What came in the environment is not copied: a variable points
 * at its "NAME=value" text there until it is changed.
 *
 * A scope keeps the values that a function's local or an assignment before a
 * command replaces, and puts them back at its end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VAR_EXPORT   1
#define VAR_READONLY 2

struct args;

struct var_scope {
	struct var_scope *up;
	bool function;
	char *options; /* as they were before "local -", or NULL */
	struct var_saved *saved;
};

void var_init(char **environ);
/* NULL when it is not set. The value is good until it is set again. */
const char *var_get(const char *name);
/*
 * value NULL changes flags only. Returns 0, or -1 after an error (read-only)
 * which has ended the command.
 */
int var_set(const char *name, const char *value, int flags);
int var_set_len(const char *name, size_t len, const char *value, int flags);
int var_unset(const char *name);
/* The "NAME=value" strings that are exported, on the command's arena. */
char **var_environ(void);
/* Prints all (flags 0) or those with a flag, as commands with that prefix. */
void var_print(int flags, const char *prefix);
bool var_exists(const char *name);
bool var_read_only(const char *name);
/* Adds the names of all that are set, on the command's arena. */
void var_names(struct args *out);
void var_unexport(const char *name, size_t len);
/* The working directory's logical name, also when PWD was unset. */
const char *var_pwd(void);

void var_scope_push(struct var_scope *s, bool function);
void var_scope_pop(void);
/* The newest scope will put back what the variable is now. */
void var_save(const char *name, size_t len);
/* The same for the innermost function's scope. */
void var_save_local(const char *name, size_t len);
/* And for the options of set. */
void var_save_options(void);
