/*
 * init: the first process.
 *
 * It mounts what a program may expect (/proc, /dev, a writable /tmp and /root),
 * opens the console, does what /etc/inittab says, and then waits: for what ends
 * and is to be started again, and for orders, which are signals:
 *
 *	HUP   read the table again	USR1, USR2  switch the machine off
 *	INT   the ctrlaltdel lines	TERM        restart it
 *	QUIT  the restart line, or all from the table on again
 *
 * Every process whose parent is gone becomes a child of this one, so it
 * collects whatever has ended.  Nothing here may be fatal: when something is
 * missing, it says so on the console and goes on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#include "init.h"

#ifndef SYSLOG_ACTION_READ_ALL
#define SYSLOG_ACTION_READ_ALL 3
#endif

int single;

/* A mount point is on another device than the folder above it. */
static int is_mounted(const char *path)
{
	struct stat at, above;
	char up[64];

	snprintf(up, sizeof(up), "%s/..", path);
	return stat(path, &at) == 0 && stat(up, &above) == 0 &&
	       at.st_dev != above.st_dev;
}

static int try_mount(const char *type, const char *path, const char *options)
{
	return mount(type, path, type, 0, options);
}

static void mount_all(void)
{
	if (!is_mounted("/dev") && try_mount("devtmpfs", "/dev", "") < 0)
		try_mount("devfs", "/dev", "");
	/* Group 5 is tty: programs of it may write to terminals. */
	if (!is_mounted("/dev/pts"))
		try_mount("devpts", "/dev/pts", "gid=5,mode=620");
	if (!is_mounted("/proc"))
		try_mount("proc", "/proc", "");
	if (!is_mounted("/tmp") && try_mount("tmpfs", "/tmp", "mode=1777") < 0)
		try_mount("tmpfs", "/tmp", "");
	if (!is_mounted("/run"))
		try_mount("tmpfs", "/run", "mode=755");
	/* Root's folder may be on a disk that is kept: then it stays. */
	if (!is_mounted("/root") && access("/root", W_OK) < 0 &&
	    errno == EROFS && try_mount("tmpfs", "/root", "mode=700") < 0)
		try_mount("tmpfs", "/root", "");
}

/* Make the console descriptors 0, 1 and 2. */
static int open_console(void)
{
	int fd = open(CONSOLE, O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	if (fd < 0)
		return -1;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
	return 0;
}

static void set_hostname(void)
{
	char name[65];
	int fd = open("/etc/hostname", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, name, sizeof(name) - 1);
	close(fd);
	if (n <= 0)
		return;
	name[n] = 0;
	name[strcspn(name, " \t\r\n")] = 0;
	sethostname(name, strlen(name));
}

static void banner(void)
{
	struct utsname u;
	struct sysinfo si;

	if (uname(&u) < 0 || sysinfo(&si) < 0)
		return;
	dprintf(1, "\n%s %s (%s) on %s: %d hart%s, %lu MB\n\n", u.sysname,
		u.release, u.machine, u.nodename, get_nprocs(),
		get_nprocs() == 1 ? "" : "s",
		(unsigned long)si.totalram * si.mem_unit >> 20);
}

/* Does the word stand among the kernel's boot arguments? */
static int boot_word(const char *word)
{
	static char text[4096];
	char *p = text, *w;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	while ((w = strsep(&p, " \t\n")))
		if (!strcmp(w, word))
			return 1;
	return 0;
}

/*
 * A root in RAM that nobody asked for: say why, with the kernel's own words.
 */
static void tell_rescue(void)
{
	static const char *const reasons[] = { " cannot be the root",
					       ": it stays in RAM",
					       "init has ended with",
					       "init was killed by" };
	static char log[65536];
	char *p = log, *l, *why = NULL;
	size_t i;
	int n = klogctl(SYSLOG_ACTION_READ_ALL, log, sizeof(log) - 1);

	log[n > 0 ? n : 0] = 0;
	while ((l = strsep(&p, "\n")))
		for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
			if (!why && strstr(l, reasons[i]))
				why = l;
	if (!why)
		return;
	l = strstr(why, "] ");
	dprintf(2,
		"\ninit: the root is in RAM: %s\n"
		"init: this shell is there to mend it: `dmesg` says more, "
		"`blkid` which disks there are,\n"
		"init: `mount` tries one by hand (mount /dev/vda /mnt), "
		"`reboot` all of it again\n",
		l ? l + 2 : why);
}

/* Nobody is here yet, whatever a file says that a power cut left. */
static void begin_logins(void)
{
	struct utmpx u = { .ut_type = BOOT_TIME };
	struct utsname name;
	struct stat st;
	int fd;

	fd = open(_PATH_UTMPX, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	close(fd);
	strcpy(u.ut_line, "~");
	strcpy(u.ut_id, "~~");
	strcpy(u.ut_user, "reboot");
	if (uname(&name) == 0)
		strncpy(u.ut_host, name.release, sizeof(u.ut_host) - 1);
	u.ut_tv.tv_sec = (int)time(NULL);
	pututxline(&u);
	endutxent();
	/* Of all that ever was there are two files, the older one whole. */
	if (stat(_PATH_WTMPX, &st) == 0 && st.st_size > 1 << 20 &&
	    rename(_PATH_WTMPX, _PATH_WTMPX ".1") == 0)
		close(open(_PATH_WTMPX, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	updwtmpx(_PATH_WTMPX, &u);
}

/* Orders are waited for, not caught; but one without a handler is lost. */
static void no_handler(int sig)
{
}

static void take_orders(void)
{
	struct sigaction act = { .sa_handler = no_handler };
	sigset_t set;
	int i;

	orders(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 1; i < NSIG; i++)
		if (sigismember(&set, i))
			sigaction(i, &act, NULL);
}

static void run_all(enum action action, int waited)
{
	struct line *l;

	for (l = lines; l && !order_is_urgent(); l = l->next) {
		if (l->action != action)
			continue;
		if (waited)
			line_wait(l, 0);
		else
			line_start(l);
	}
}

/* Start what ought to run and does not; the seconds until one more ought to,
 * -1 for none. */
static int start_missing(void)
{
	time_t soon = -1, left;
	struct line *l;

	for (l = lines; l; l = l->next) {
		if ((l->action != RESPAWN && l->action != ASKFIRST) ||
		    l->pid > 0)
			continue;
		left = l->paused - now();
		if (left <= 0) {
			l->began = now();
			l->pid = line_start(l);
			if (l->pid > 0)
				continue;
			l->pid = 0;
			left = 5;
		}
		if (soon < 0 || left < soon)
			soon = left;
	}
	return (int)soon;
}

/* From the first line to the shells. */
static void start_up(void)
{
	inittab_read();
	run_all(SYSINIT, 1);
	banner();
	run_all(WAIT, 1);
	run_all(ONCE, 0);
}

static void obey(struct order order)
{
	switch (order.signal) {
	case SIGHUP:
		inittab_read_again();
		break;
	case SIGINT:
		run_all(CTRLALTDEL, 0);
		break;
	case SIGQUIT:
		shut_down(order);
		start_up();
		break;
	default:
		shut_down(order);
	}
}

static void usage(FILE *f)
{
	fprintf(f, "usage: init q | 0 | 6\n"
		   "The kernel starts init itself. Later: q has it read "
		   "/etc/inittab again,\n0 switches the machine off and 6 "
		   "restarts it, as poweroff and reboot do.\n");
}

/* Called by hand: tell the first process. */
static int tell(int argc, char **argv)
{
	static const struct {
		char word[4];
		int signal;
	} orders[] = { { "q", SIGHUP },
		       { "Q", SIGHUP },
		       { "0", SIGUSR2 },
		       { "6", SIGTERM } };
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return 0;
	}
	for (i = 0; argc == 2 && i < sizeof(orders) / sizeof(*orders); i++) {
		if (strcmp(argv[1], orders[i].word) != 0)
			continue;
		if (kill(1, orders[i].signal) == 0)
			return 0;
		fprintf(stderr, "init: %s\n", strerror(errno));
		return 1;
	}
	usage(stderr);
	return 1;
}

int main(int argc, char **argv)
{
	if (getpid() != 1)
		return tell(argc, argv);
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("SHELL", SHELL, 1);
	setenv("TERM", "vt100", 0);
	take_orders();
	mount_all();
	open_console();
	begin_logins();
	set_hostname();
	single = boot_word("single") || boot_word("1") || boot_word("S");
	start_up();
	tell_rescue();
	if (single)
		dprintf(2, "init: for a single user: a shell and nothing else; "
			   "when it ends, the ordinary start goes on\n");
	for (;;) {
		int soon = inittab_leave();

		if (soon < 0)
			soon = start_missing();
		if (!order_waits())
			wait_event(soon);
		if (single && lines && lines->pid == 0) {
			single = 0;
			start_up();
		}
		if (order_waits())
			obey(order_next());
	}
}
