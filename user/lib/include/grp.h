/* Groups, from /etc/group; members are not listed. */
#pragma once

#include <stddef.h>

#include "kernel/abi/types.h"

struct group {
	char *gr_name;
	char *gr_passwd;
	gid_t gr_gid;
	char **gr_mem;
};

struct group *getgrgid(gid_t gid);
struct group *getgrnam(const char *name);
int setgroups(size_t n, const gid_t *list);
