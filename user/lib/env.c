/*
 * The environment.  crt0 points environ at the strings on the first stack; the
 * first change moves the list, not the strings, into allocated memory.  An
 * entry that setenv replaces is freed when setenv made it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "user/lib/syscall.h"

char **environ;

static char **env_list; /* environ as this file allocated it */
static size_t env_cap;  /* entries that env_list has room for */
static char **env_made; /* strings that setenv allocated */
static size_t env_made_count;

/* The entry that begins with the first len bytes of name and '='. */
static char **env_find(const char *name, size_t len)
{
	char **e;

	if (environ)
		for (e = environ; *e; e++)
			if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
				return e;
	return NULL;
}

char *getenv(const char *name)
{
	size_t len = strlen(name);
	char **e = env_find(name, len);

	return e && len ? *e + len + 1 : NULL;
}

char *secure_getenv(const char *name)
{
	return getauxval(AT_SECURE) ? NULL : getenv(name);
}

static void env_release(char *entry)
{
	size_t i;

	for (i = 0; i < env_made_count; i++) {
		if (env_made[i] != entry)
			continue;
		env_made[i] = env_made[--env_made_count];
		free(entry);
		return;
	}
}

/* Make room for one more entry behind those that are there. */
static int env_grow(void)
{
	size_t n = 0, cap;
	char **list;

	if (environ)
		while (environ[n])
			n++;
	if (environ == env_list && env_list && n + 2 <= env_cap)
		return 0;
	cap = n + 16;
	list = malloc(cap * sizeof(*list));
	if (!list)
		return -1;
	if (n)
		memcpy(list, environ, n * sizeof(*list));
	list[n] = NULL;
	free(env_list);
	environ = env_list = list;
	env_cap = cap;
	return 0;
}

static int env_put(char *entry, size_t name_len)
{
	char **e = env_find(entry, name_len);
	size_t n = 0;

	if (e) {
		env_release(*e);
		*e = entry;
		return 0;
	}
	if (env_grow() < 0)
		return -1;
	while (environ[n])
		n++;
	environ[n] = entry;
	environ[n + 1] = NULL;
	return 0;
}

int setenv(const char *name, const char *value, int overwrite)
{
	size_t name_len, value_len;
	char *entry, **made;

	if (!name || !*name || strchr(name, '='))
		return (int)__syscall_fail(-EINVAL);
	name_len = strlen(name);
	if (!overwrite && env_find(name, name_len))
		return 0;
	value_len = strlen(value);
	entry = malloc(name_len + value_len + 2);
	if (!entry)
		return -1;
	memcpy(entry, name, name_len);
	entry[name_len] = '=';
	memcpy(entry + name_len + 1, value, value_len + 1);
	made = realloc(env_made, (env_made_count + 1) * sizeof(*made));
	if (!made)
		goto free_entry;
	env_made = made;
	if (env_put(entry, name_len) < 0)
		goto free_entry;
	env_made[env_made_count++] = entry;
	return 0;

free_entry:
	free(entry);
	return -1;
}

int unsetenv(const char *name)
{
	char **e;
	size_t len;

	if (!name || !*name || strchr(name, '='))
		return (int)__syscall_fail(-EINVAL);
	len = strlen(name);
	while ((e = env_find(name, len))) {
		env_release(*e);
		for (; *e; e++)
			*e = e[1];
	}
	return 0;
}

int putenv(char *entry)
{
	char *eq = strchr(entry, '=');

	if (!eq)
		return unsetenv(entry);
	return env_put(entry, (size_t)(eq - entry));
}

int clearenv(void)
{
	while (environ && *environ) {
		env_release(*environ);
		environ++;
	}
	environ = NULL;
	return 0;
}
