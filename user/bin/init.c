/*
 * init: the first process.
 *
 * It mounts what a program may expect (/proc, /dev, a writable /tmp and /root),
 * opens the console, runs /etc/rc, and then keeps a shell on the console: when
 * the shell ends, another is started.  Every process whose parent is gone
 * becomes a child of this one, so between those it collects whatever has
 * ended.  Nothing here may be fatal: when something is missing, it says so on
 * the console and goes on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONSOLE "/dev/console"
#define SHELL   "/bin/sh"

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

/* A child with a session of its own and the console as its terminal. */
static pid_t start(char *const argv[])
{
	pid_t pid = fork();
	sigset_t none;

	if (pid < 0)
		dprintf(2, "init: fork: %s\n", strerror(errno));
	if (pid != 0)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	ioctl(0, TIOCSCTTY, 1);
	tcsetpgrp(0, getpid());
	if (chdir(getenv("HOME")) < 0 && chdir("/") < 0)
		dprintf(2, "init: /: %s\n", strerror(errno));
	execv(SHELL, argv);
	dprintf(2, "init: " SHELL ": %s\n", strerror(errno));
	_exit(127);
}

/* Collect children until this one has ended; gives its status. */
static int reap_until(pid_t pid)
{
	int status;
	pid_t got;

	for (;;) {
		got = wait(&status);
		if (got == pid)
			return status;
		if (got < 0 && errno == ECHILD)
			return 0;
	}
}

static void run_rc(void)
{
	static char *argv[] = { (char *)"sh", (char *)"/etc/rc", NULL };
	pid_t pid;

	if (access("/etc/rc", R_OK) < 0)
		return;
	pid = start(argv);
	if (pid > 0)
		reap_until(pid);
}

int main(void)
{
	static char *shell[] = { (char *)"-sh", NULL };
	int status, quick = 0, broken = 0;
	time_t began;
	pid_t pid;

	if (getpid() != 1) {
		dprintf(2, "init: only the kernel starts this program\n");
		return 1;
	}
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("SHELL", SHELL, 1);
	setenv("TERM", "vt100", 0);
	mount_all();
	open_console();
	set_hostname();
	run_rc();
	banner();
	for (;;) {
		began = time(NULL);
		pid = start(shell);
		if (pid < 0) {
			sleep(5);
			continue;
		}
		status = reap_until(pid);
		if (WIFSIGNALED(status))
			dprintf(2,
				"\ninit: the shell was killed by signal %d;"
				" here is another\n",
				WTERMSIG(status));
		else
			dprintf(2,
				"\ninit: the shell ended with status %d;"
				" here is another\n",
				WEXITSTATUS(status));
		/* A shell that cannot live shall not fill the console. */
		quick = time(NULL) - began < 2 ? quick + 1 : 0;
		if (quick &&
		    (WIFSIGNALED(status) || WEXITSTATUS(status) == 127))
			broken++;
		else
			broken = 0;
		/* The kernel has one more root, in RAM. */
		if (broken == 3) {
			dprintf(2, "init: no shell runs here, this ends\n");
			return 1;
		}
		if (quick > 5)
			sleep(5);
	}
}
