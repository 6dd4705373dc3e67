/*
 * Groups, from /etc/group, read anew at each question.  Where the file is
 * missing or has no line for it, number 0 is still called root.
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/lib/users.h"

#define GROUP "/etc/group"

static struct users_line line;
static struct group found;
static FILE *all;
static char *nobody[1];
static char **members;
static size_t room;

/* Take the list apart; names that are empty are none. */
static int split_members(char *list)
{
	size_t n = 0;
	char *name, **more;

	while ((name = strsep(&list, ","))) {
		if (n + 2 > room) {
			more = reallocarray(members, room * 2 + 8,
					    sizeof(*more));
			if (!more)
				return -1;
			members = more;
			room = room * 2 + 8;
		}
		if (*name)
			members[n++] = name;
	}
	members[n] = NULL;
	found.gr_mem = members;
	return 0;
}

static struct group *next(FILE *f)
{
	if (__users_next(f, &line, 4, 1u << 2) <= 0)
		return NULL;
	found.gr_name = line.fields[0];
	found.gr_passwd = line.fields[1];
	found.gr_gid = __users_number(line.fields[2]);
	return split_members(line.fields[3]) < 0 ? NULL : &found;
}

struct group *fgetgrent(FILE *f)
{
	return next(f);
}

int putgrent(const struct group *g, FILE *f)
{
	size_t i;

	if (!*g->gr_name || !__users_plain(g->gr_name) ||
	    !__users_plain(g->gr_passwd))
		goto invalid;
	for (i = 0; g->gr_mem && g->gr_mem[i]; i++)
		if (!__users_plain(g->gr_mem[i]) || strchr(g->gr_mem[i], ','))
			goto invalid;
	fprintf(f, "%s:%s:%u:", g->gr_name, g->gr_passwd ? g->gr_passwd : "",
		g->gr_gid);
	for (i = 0; g->gr_mem && g->gr_mem[i]; i++)
		fprintf(f, "%s%s", i ? "," : "", g->gr_mem[i]);
	return putc('\n', f) == EOF ? -1 : 0;

invalid:
	errno = EINVAL;
	return -1;
}

void setgrent(void)
{
	if (all)
		rewind(all);
}

void endgrent(void)
{
	if (all)
		fclose(all);
	all = NULL;
}

struct group *getgrent(void)
{
	if (!all)
		all = fopen(GROUP, "re");
	return all ? next(all) : NULL;
}

static struct group *lookup(const char *name, gid_t gid)
{
	static char root[] = "root", x[] = "x";
	FILE *f = fopen(GROUP, "re");
	struct group *g = NULL;

	while (f && (g = next(f)))
		if (name ? !strcmp(g->gr_name, name) : g->gr_gid == gid)
			break;
	if (f)
		fclose(f);
	if (g || (name ? strcmp(name, "root") != 0 : gid != 0))
		return g;
	found = (struct group){ root, x, 0, nobody };
	return &found;
}

struct group *getgrgid(gid_t gid)
{
	return lookup(NULL, gid);
}

struct group *getgrnam(const char *name)
{
	return lookup(name, 0);
}

static int is_member(const struct group *g, const char *name)
{
	size_t i;

	for (i = 0; g->gr_mem[i]; i++)
		if (!strcmp(g->gr_mem[i], name))
			return 1;
	return 0;
}

int getgrouplist(const char *name, gid_t first, gid_t *list, int *n)
{
	FILE *f = fopen(GROUP, "re");
	int count = 0, max = *n, i;
	struct group *g;

	if (max > 0)
		list[0] = first;
	count = 1;
	while (f && (g = next(f))) {
		if (g->gr_gid == first || !is_member(g, name))
			continue;
		for (i = 1; i < count && i < max; i++)
			if (list[i] == g->gr_gid)
				break;
		if (i < count && i < max)
			continue;
		if (count < max)
			list[count] = g->gr_gid;
		count++;
	}
	if (f)
		fclose(f);
	*n = count;
	return count > max ? -1 : count;
}

int initgroups(const char *name, gid_t first)
{
	int n = 32, ret = -1;
	gid_t *list = NULL, *more;

	for (;;) {
		more = reallocarray(list, (size_t)n, sizeof(*list));
		if (!more)
			break;
		list = more;
		if (getgrouplist(name, first, list, &n) >= 0) {
			/* The first ones, where the system takes fewer. */
			ret = setgroups((size_t)(n < NGROUPS_MAX ? n :
								   NGROUPS_MAX),
					list);
			break;
		}
	}
	free(list);
	return ret;
}
