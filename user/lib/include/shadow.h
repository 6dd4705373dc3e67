/* Passwords, from /etc/shadow, and the lock around changes. */
#pragma once

#include <stdio.h>

struct spwd {
	char *sp_namp;
	char *sp_pwdp;
	long sp_lstchg; /* days since 1970; these are -1 where nothing stands */
	long sp_min;
	long sp_max;
	long sp_warn;
	long sp_inact;
	long sp_expire;
	unsigned long sp_flag;
};

struct spwd *getspnam(const char *name);
struct spwd *getspent(void);
void setspent(void);
void endspent(void);
struct spwd *fgetspent(FILE *f);
int putspent(const struct spwd *s, FILE *f);
/* Held by one process at a time; waited for 15 seconds. */
int lckpwdf(void);
int ulckpwdf(void);
