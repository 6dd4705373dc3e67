/* Groups, from /etc/group. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "kernel/abi/types.h"

struct group {
	char *gr_name;
	char *gr_passwd;
	gid_t gr_gid;
	char **gr_mem;
};

struct group *getgrgid(gid_t gid);
struct group *getgrnam(const char *name);
struct group *getgrent(void);
void setgrent(void);
void endgrent(void);
struct group *fgetgrent(FILE *f);
int putgrent(const struct group *g, FILE *f);
/*
 * The groups of which name is a member, `first` before the others.  *n is the
 * room in list, then how many there are; -1 if that is more.
 */
int getgrouplist(const char *name, gid_t first, gid_t *list, int *n);
int initgroups(const char *name, gid_t first);
int setgroups(size_t n, const gid_t *list);
