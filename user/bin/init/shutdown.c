/*
 * The end of everything, in order: all processes are asked to end, then made
 * to; the shutdown lines run; the disks get what is theirs, file systems are
 * taken out of the tree from the leaves on, and what is in use (the root) is
 * made read-only; the kernel does the rest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>
#if __has_include(<linux/reboot.h>)
#include <linux/reboot.h> /* where sys/reboot.h has not these names */
#endif

#include "init.h"
#include "user/bin/fstab.h"

/* How long a process may take to end after TERM, and to vanish after KILL. */
#define TERM_SECONDS 3
#define KILL_SECONDS 3
/* How long a shutdown line may take. */
#define LINE_SECONDS 30
#define MOUNTS_MAX   256

/* Wait until no process is left, at most so long; 0 when that is so. */
static int wait_all(int seconds)
{
	time_t end = now() + seconds;

	while (reap()) {
		if (now() >= end)
			return -1;
		wait_event(1);
	}
	return 0;
}

static void end_processes(void)
{
	struct line *l;

	ending = 1;
	kill(-1, SIGTERM);
	/* A shell at a terminal takes no TERM, but it goes with its terminal.
	 */
	for (l = lines; l; l = l->next)
		if (l->pid > 0)
			kill(l->pid, SIGHUP);
	kill(-1, SIGCONT);
	if (wait_all(TERM_SECONDS) == 0)
		return;
	kill(-1, SIGKILL);
	if (wait_all(KILL_SECONDS) < 0)
		dprintf(2, "init: not all processes could be killed\n");
}

/* Has the file system nothing that could be lost? */
static int keeps_nothing(const char *type)
{
	static const char *const types[] = { "proc",   "devtmpfs", "devfs",
					     "devpts", "tmpfs",    "rootfs" };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i]))
			return 1;
	return 0;
}

static int read_only(const char *path)
{
	return mount("", path, "", MS_REMOUNT | MS_RDONLY, "");
}

static void unmount_all(void)
{
	static char *paths[MOUNTS_MAX];
	struct mounting m = { 0 };
	char *text = NULL;
	FILE *f = fopen(MOUNTS, "re");
	int n = 0, got;

	if (!f)
		dprintf(2, "init: " MOUNTS ": %s\n", strerror(errno));
	while (f && n < MOUNTS_MAX && (got = mounting_next(f, &text, &m))) {
		if (got < 0 || keeps_nothing(m.type))
			continue;
		paths[n] = strdup(m.folder);
		if (paths[n])
			n++;
	}
	if (f)
		fclose(f);
	free(text);
	/* Later ones may lie on earlier ones. */
	while (n--) {
		if ((!strcmp(paths[n], "/") || umount2(paths[n], 0) < 0) &&
		    read_only(paths[n]) < 0)
			dprintf(2, "init: %s cannot be made read-only: %s\n",
				paths[n], strerror(errno));
		free(paths[n]);
	}
}

/* For last: that the machine was told to end. */
static void note_end(void)
{
	struct utmpx u = { .ut_type = RUN_LVL };

	strcpy(u.ut_line, "~");
	strcpy(u.ut_id, "~~");
	strcpy(u.ut_user, "shutdown");
	u.ut_tv.tv_sec = (int)time(NULL);
	updwtmpx(_PATH_WTMPX, &u);
}

void shut_down(struct order order)
{
	struct line *l;
	int err;

	dprintf(2, "init: %s\n",
		order.signal == SIGTERM   ? "restarting the machine"
		: order.signal == SIGQUIT ? "starting anew"
					  : "switching the machine off");
	end_processes();
	ending = 0;
	for (l = lines; l; l = l->next)
		if (l->action == SHUTDOWN)
			line_wait(l, LINE_SECONDS);
	if (order.signal == SIGQUIT) {
		for (l = lines; l; l = l->next)
			if (l->action == RESTART)
				line_exec(l);
		return;
	}
	note_end();
	sync();
	unmount_all();
	if (order.signal != SIGTERM)
		reboot(RB_POWER_OFF);
	else if (order.warm)
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_RESTART2, "warm");
	else
		reboot(RB_AUTOBOOT);
	err = errno;
	mount("", "/", "", MS_REMOUNT, "");
	dprintf(2, "init: that failed (%s): going on\n", strerror(err));
}
