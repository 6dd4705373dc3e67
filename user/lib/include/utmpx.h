/*
 * Who is logged in: a file of records, one for each terminal that somebody came
 * in by, and one for the start of the machine. login and init write it.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define EMPTY         0
#define RUN_LVL       1
#define BOOT_TIME     2
#define NEW_TIME      3
#define OLD_TIME      4
#define INIT_PROCESS  5
#define LOGIN_PROCESS 6
#define USER_PROCESS  7
#define DEAD_PROCESS  8

#define UT_LINESIZE 32
#define UT_NAMESIZE 32
#define UT_HOSTSIZE 256

struct utmpx {
	short ut_type;
	pid_t ut_pid;
	char ut_line[UT_LINESIZE]; /* the terminal, without /dev/ */
	char ut_id[4];             /* of the record; its end */
	char ut_user[UT_NAMESIZE]; /* these need not end with a NUL */
	char ut_host[UT_HOSTSIZE];
	struct {
		short e_termination, e_exit;
	} ut_exit;
	int32_t ut_session;
	struct {
		int32_t tv_sec, tv_usec;
	} ut_tv;
	int32_t ut_addr_v6[4];
	char ut_reserved[20];
};

_Static_assert(sizeof(struct utmpx) == 384, "as in the files of other systems");

#define _PATH_UTMPX "/run/utmp"
#define _PATH_WTMPX "/var/log/wtmp"

/* The next record; the next that has u's type (and, of processes, its id); the
 * next of that terminal. NULL: none. What is found is changed by the next
 * call. */
struct utmpx *getutxent(void);
struct utmpx *getutxid(const struct utmpx *u);
struct utmpx *getutxline(const struct utmpx *u);
/* Writes u in the place of the last one found, or of what getutxid finds from
 * there on, or at the end. */
struct utmpx *pututxline(const struct utmpx *u);
void setutxent(void);
void endutxent(void);
/* Another file than _PATH_UTMPX. */
int utmpxname(const char *path);
/* At the end of a file that has all that ever was; if it is there. */
void updwtmpx(const char *path, const struct utmpx *u);
