/*
 * The alias list and its two builtins. A person has a dozen aliases and a
 * script none: a list is enough. See alias.h.
 */
#include "user/bin/sh/alias.h"

#include <stdlib.h>
#include <string.h>

#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"

static struct alias *aliases;

struct alias *alias_find(const char *name)
{
	struct alias *al;

	for (al = aliases; al; al = al->next)
		if (strcmp(al->name, name) == 0)
			return al->busy ? NULL : al;
	return NULL;
}

static void alias_free(struct alias *al)
{
	free(al->name);
	free(al->value);
	free(al);
}

void alias_put(struct alias *al)
{
	if (--al->busy == 0 && al->gone)
		alias_free(al);
}

static bool alias_remove(const char *name)
{
	struct alias **at, *al;

	for (at = &aliases; (al = *at); at = &al->next) {
		if (name && strcmp(al->name, name) != 0)
			continue;
		*at = al->next;
		al->gone = true;
		if (!al->busy)
			alias_free(al);
		return true;
	}
	return false;
}

static void alias_set(const char *name, size_t len, const char *value)
{
	struct alias **at = &aliases;
	struct alias *al = mem_heap(NULL, sizeof(*al));

	memset(al, 0, sizeof(*al));
	al->name = mem_heap(NULL, len + 1);
	memcpy(al->name, name, len);
	al->name[len] = '\0';
	al->value = mem_dup(value);
	alias_remove(al->name);
	while (*at && strcmp((*at)->name, al->name) < 0)
		at = &(*at)->next;
	al->next = *at;
	*at = al;
}

static void alias_print(const struct alias *al)
{
	out_puts(al->name);
	out_putc('=');
	out_quoted(al->value);
	out_putc('\n');
}

void alias_names(struct args *out)
{
	const struct alias *al;

	for (al = aliases; al; al = al->next)
		args_add(out, al->name);
}

int bi_alias(int argc, char **argv)
{
	struct alias *al;
	int i, status = 0;

	if (argc == 1) {
		for (al = aliases; al; al = al->next)
			alias_print(al);
		return 0;
	}
	for (i = 1; i < argc; i++) {
		const char *eq = strchr(argv[i] + (argv[i][0] != '\0'), '=');

		if (eq) {
			alias_set(argv[i], (size_t)(eq - argv[i]), eq + 1);
			continue;
		}
		for (al = aliases; al; al = al->next)
			if (strcmp(al->name, argv[i]) == 0)
				break;
		if (al) {
			alias_print(al);
		} else {
			err_plain("alias: %s not found", argv[i]);
			status = 1;
		}
	}
	return status;
}

int bi_unalias(int argc, char **argv)
{
	int i, status = 0;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-a") == 0) {
			while (alias_remove(NULL))
				;
			return 0;
		}
		if (!alias_remove(argv[i])) {
			err_plain("unalias: %s not found", argv[i]);
			status = 1;
		}
	}
	return status;
}
