/* Memory, environment, processes, signals, time, directories, patterns. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fts.h>
#include <ftw.h>
#include <getopt.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <locale.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/test/check.h"

static void test_malloc(void)
{
	enum { N = 300 };
	static unsigned char *p[N];
	static size_t n[N];
	unsigned int seed = 5, i, k;
	size_t j, want;
	volatile size_t huge = (size_t)1 << 63;

	for (i = 0; i < 20000; i++) {
		k = (unsigned int)rand_r(&seed) % N;
		want = (unsigned int)rand_r(&seed) % (i % 97 == 0  ? 400000
						      : i % 7 == 0 ? 5000
								   : 200);
		for (j = 0; j < n[k]; j += 1 + n[k] / 7)
			if (p[k][j] != (unsigned char)(k + j))
				CHECK(!"memory kept");
		if (i & 1) {
			free(p[k]);
			p[k] = i & 2 ? malloc(want) : calloc(1, want);
			if (!(i & 2))
				for (j = 0; j < want; j++)
					if (p[k][j])
						CHECK(!"zeroed");
		} else {
			p[k] = realloc(p[k], want + 1);
			for (j = 0; j < n[k] && j < want; j += 1 + n[k] / 7)
				if (p[k][j] != (unsigned char)(k + j))
					CHECK(!"kept by realloc");
		}
		CHECK(((uintptr_t)p[k] & 15) == 0);
		n[k] = want;
		for (j = 0; j < want; j++)
			p[k][j] = (unsigned char)(k + j);
	}
	for (k = 0; k < N; k++)
		free(p[k]);
	CHECK(!malloc(huge) && errno == ENOMEM);
	CHECK(!calloc(huge, 8));
	for (k = 32; k <= 65536; k *= 2) {
		p[0] = aligned_alloc(k, k * 3);
		CHECK(p[0] && ((uintptr_t)p[0] & (k - 1)) == 0);
		memset(p[0], 1, k * 3);
		free(p[0]);
	}
}

static void test_environment(void)
{
	CHECK(!getenv("CHECK_NONE"));
	CHECK(setenv("CHECK_A", "1", 0) == 0);
	CHECK_STR(getenv("CHECK_A"), "1");
	CHECK(setenv("CHECK_A", "2", 0) == 0);
	CHECK_STR(getenv("CHECK_A"), "1");
	CHECK(setenv("CHECK_A", "three", 1) == 0);
	CHECK_STR(getenv("CHECK_A"), "three");
	CHECK(unsetenv("CHECK_A") == 0 && !getenv("CHECK_A"));
	CHECK(setenv("A=B", "x", 1) == -1 && errno == EINVAL);
	CHECK(putenv((char *)(uintptr_t) "CHECK_B=b") == 0);
	CHECK_STR(getenv("CHECK_B"), "b");
}

static void test_processes(void)
{
	int status, fds[2];
	char buf[20];
	pid_t pid;
	FILE *f;

	pid = fork();
	if (pid == 0)
		_exit(7);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	pid = vfork();
	if (pid == 0)
		_exit(9);
	CHECK(pid > 0 && wait(&status) == pid && WEXITSTATUS(status) == 9);
	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		abort();
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGABRT);
	CHECK(pipe(fds) == 0);
	CHECK(write(fds[1], "xyz", 3) == 3 && read(fds[0], buf, 20) == 3);
	CHECK(dup2(fds[0], fds[0]) == fds[0] && dup2(999, 999) == -1);
	close(fds[0]);
	close(fds[1]);
	CHECK(wait(NULL) == -1 && errno == ECHILD);
	CHECK(execl("/nonexistent/x", "x", (char *)NULL) == -1 &&
	      errno == ENOENT);
	setenv("PATH", "/bin:/usr/bin", 1);
	CHECK(execlp("no-such-program-here", "x", (char *)NULL) == -1 &&
	      errno == ENOENT);
	f = tmpfile();
	CHECK(f && fclose(f) == 0);
}

static volatile sig_atomic_t got;
static jmp_buf jump;

static void on_signal(int sig)
{
	got = sig;
}

static void on_info(int sig, siginfo_t *info, void *context)
{
	got = info->si_signo == sig && info->si_pid == getpid() ? 77 : 1;
}

static void on_jump(int sig)
{
	siglongjmp(jump, 5);
}

static void test_signals(void)
{
	struct sigaction act, old;
	sigset_t set, before;
	volatile int kept = 1;

	CHECK(signal(SIGUSR1, on_signal) == SIG_DFL);
	CHECK(raise(SIGUSR1) == 0 && got == SIGUSR1);
	memset(&act, 0, sizeof(act));
	act.sa_sigaction = on_info;
	act.sa_flags = SA_SIGINFO;
	CHECK(sigaction(SIGUSR1, &act, &old) == 0);
	CHECK(old.sa_handler == on_signal);
	CHECK(kill(getpid(), SIGUSR1) == 0 && got == 77);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	got = 0;
	CHECK(sigprocmask(SIG_BLOCK, &set, &before) == 0);
	raise(SIGUSR1);
	CHECK(got == 0 && sigpending(&set) == 0 && sigismember(&set, SIGUSR1));
	CHECK(sigprocmask(SIG_SETMASK, &before, NULL) == 0 && got != 0);
	CHECK(sigaction(SIGKILL, &act, NULL) == -1 && errno == EINVAL);
	signal(SIGUSR2, on_jump);
	if (sigsetjmp(jump, 1) == 0) {
		kept = 2;
		raise(SIGUSR2);
		CHECK(!"jumped");
	}
	CHECK(kept == 2);
	sigprocmask(SIG_SETMASK, NULL, &set);
	CHECK(!sigismember(&set, SIGUSR2));
}

static double half = 0.5;

static int jumper(int depth, double x)
{
	if (depth == 0)
		longjmp(jump, 0);
	if (depth < 0)
		return x > 1;
	return jumper(depth - 1, x * 2) + 1;
}

static void test_setjmp(void)
{
	double a = half * 3, b = half * 5;

	if (setjmp(jump) == 0)
		jumper(10, a);
	CHECK(a == 1.5 && b == 2.5);
}

static void check_date(time_t t, const char *want)
{
	struct tm tm;
	char s[80];

	CHECK(gmtime_r(&t, &tm) != NULL);
	strftime(s, sizeof(s), "%Y-%m-%d %H:%M:%S %a %b %j %u %U %W %V %G %y",
		 &tm);
	CHECK_STR(s, want);
	CHECK(timegm(&tm) == t);
}

static void test_time(void)
{
	struct timespec ts = { 0, 1000 }, a, b;
	time_t t;

	check_date(0, "1970-01-01 00:00:00 Thu Jan 001 4 00 00 01 1970 70");
	check_date(951782399,
		   "2000-02-28 23:59:59 Mon Feb 059 1 09 09 09 2000 00");
	check_date(951782400,
		   "2000-02-29 00:00:00 Tue Feb 060 2 09 09 09 2000 00");
	check_date(1609459200,
		   "2021-01-01 00:00:00 Fri Jan 001 5 00 00 53 2020 21");
	check_date(1735603200,
		   "2024-12-31 00:00:00 Tue Dec 366 2 52 53 01 2025 24");
	check_date(4107542400,
		   "2100-03-01 00:00:00 Mon Mar 060 1 09 09 09 2100 00");
	check_date(-1, "1969-12-31 23:59:59 Wed Dec 365 3 52 52 01 1970 69");
	check_date(-62135596800,
		   "1-01-01 00:00:00 Mon Jan 001 1 00 01 01 1 01");
	for (t = -3000000000; t < 6000000000; t += 8640000 - 77) {
		struct tm tm;

		gmtime_r(&t, &tm);
		if (timegm(&tm) != t)
			CHECK(!"there and back");
	}
	CHECK(clock_gettime(CLOCK_MONOTONIC, &a) == 0);
	CHECK(nanosleep(&ts, NULL) == 0);
	CHECK(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
	CHECK(b.tv_sec > a.tv_sec || b.tv_nsec > a.tv_nsec);
	CHECK(time(NULL) > 0);
}

static void check_read(const char *text, const char *format, const char *want)
{
	struct tm tm = { .tm_mday = 1, .tm_year = 70 };
	char out[80];
	char *end = strptime(text, format, &tm);

	if (!end) {
		CHECK_STR("(none)", want);
		return;
	}
	snprintf(out, sizeof(out), "%.4d-%.2d-%.2d %.2d:%.2d:%.2d %d %d|%s",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		 tm.tm_min, tm.tm_sec, tm.tm_wday, tm.tm_yday, end);
	CHECK_STR(out, want);
}

static void test_times_read(void)
{
	struct tm tm = { .tm_year = -1901, .tm_wday = 99, .tm_mon = -5 };
	char out[80];

	check_read("2001-09-09 01:46:40 rest", "%Y-%m-%d %T",
		   "2001-09-09 01:46:40 0 251| rest");
	check_read("Sun Sep  9 01:46:40 2001", "%c",
		   "2001-09-09 01:46:40 0 251|");
	check_read(" 9 september 01", "%e %b %y", "2001-09-09 00:00:00 0 251|");
	check_read("2/29/68", "%D", "2068-02-29 00:00:00 3 59|");
	check_read("12:05 am", "%I:%M %p", "1970-01-01 00:05:00 0 0|");
	check_read("12:05pm", "%I:%M%p", "1970-01-01 12:05:00 0 0|");
	check_read("2000 366", "%Y %j", "2000-12-31 00:00:00 0 365|");
	check_read("25:00", "%H:%M", "(none)");
	check_read("13/01/01", "%D", "(none)");
	check_read("2001-02", "%Y-%m-%d", "(none)");
	check_read("100%x", "%S%%", "(none)");
	check_read("", "%d", "(none)");
	check_read("x", "%", "(none)");
	strptime("+0530", "%z", &tm);
	CHECK(tm.tm_gmtoff == 19800);
	/* What is no day and no month is no reason to fall. */
	CHECK(strftime(out, sizeof(out), "%A %B", &tm) > 0);
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = 8099;
	CHECK_STR(asctime_r(&tm, out), "Sun Jan  0 00:00:00 9999\n");
	tm.tm_year = INT_MAX;
	memset(out, 'x', sizeof(out));
	CHECK(!asctime_r(&tm, out) && errno == EOVERFLOW && out[26] == 'x');
	tm.tm_year = -1901;
	CHECK(strftime(out, 10, "%10Y", &tm) == 0);
	CHECK(strftime(out, 11, "%10Y", &tm) == 10);
	CHECK_STR(out, "-000000001");
	CHECK(strftime(out, sizeof(out), "%99999999999999999999d", &tm) == 0);
}

/* Calls that are a few lines each. */
static void test_small_calls(void)
{
	struct timespec soon = { .tv_nsec = 1000000 };
	char name[] = "small-XXXXXX", *end;
	int fd = mkstemp(name), fds[2], status;
	sigset_t mask, old;
	fd_set set;

	CHECK(fd >= 0 && write(fd, "0123456789", 10) == 10);
	CHECK(pathconf(".", _PC_NAME_MAX) == 255);
	CHECK(fpathconf(fd, _PC_PATH_MAX) == 4096);
	CHECK(pathconf(".", _PC_PIPE_BUF) == 4096);
	errno = 0;
	CHECK(pathconf("/nonexistent", _PC_NAME_MAX) == -1 && errno == ENOENT);
	errno = 0;
	CHECK(fpathconf(-1, _PC_NAME_MAX) == -1 && errno == EBADF);
	errno = 0;
	CHECK(fpathconf(fd, 9999) == -1 && errno == EINVAL);
	lseek(fd, 2, SEEK_SET);
	CHECK(lockf(fd, F_LOCK, 3) == 0 && lockf(fd, F_TEST, 3) == 0);
	if (!fork()) {
		lseek(fd, 0, SEEK_SET);
		_exit(lockf(fd, F_TEST, 2) == 0 && lockf(fd, F_TEST, 3) == -1 &&
		      errno == EACCES && lockf(fd, F_TLOCK, 0) == -1 &&
		      (errno == EACCES || errno == EAGAIN));
	}
	CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 1);
	lseek(fd, 2, SEEK_SET);
	CHECK(lockf(fd, F_ULOCK, 3) == 0);
	errno = 0;
	CHECK(lockf(fd, 99, 3) == -1 && errno == EINVAL);
	close(fd);
	unlink(name);
	CHECK(mkfifoat(AT_FDCWD, name, 0600) == 0);
	errno = 0;
	CHECK(mkfifoat(AT_FDCWD, name, 0600) == -1 && errno == EEXIST);
	unlink(name);
	/* A signal that is held back comes while pselect waits. */
	CHECK(pipe(fds) == 0);
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	CHECK(pselect(fds[0] + 1, &set, NULL, NULL, &soon, NULL) == 0 &&
	      !FD_ISSET(fds[0], &set) && soon.tv_nsec == 1000000);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signal(SIGUSR2, on_signal);
	raise(SIGUSR2);
	errno = 0;
	FD_SET(fds[0], &set);
	CHECK(pselect(fds[0] + 1, &set, NULL, NULL, NULL, &old) == -1 &&
	      errno == EINTR);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR2, SIG_DFL);
	CHECK(write(fds[1], "x", 1) == 1);
	FD_SET(fds[0], &set);
	CHECK(pselect(fds[0] + 1, &set, NULL, NULL, NULL, NULL) == 1);
	close(fds[0]);
	close(fds[1]);
	CHECK_STR(localeconv()->decimal_point, ".");
	CHECK(localeconv()->frac_digits == CHAR_MAX);
	CHECK_STR(ctermid(NULL), "/dev/tty");
	CHECK(strtold("1.5e3x", &end) == 1500 && *end == 'x');
	CHECK(ftrylockfile(stdout) == 0);
	funlockfile(stdout);
}

static void test_directories(void)
{
	char dir[] = "checkXXXXXX", path[100], real[PATH_MAX], cwd[PATH_MAX];
	struct dirent *e, **list;
	int i, n = 0, fd;
	struct stat st;
	glob_t g;
	DIR *d;

	CHECK(mkdtemp(dir) != NULL && stat(dir, &st) == 0 &&
	      S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
	for (i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "%s/file-%d", dir, i);
		fd = open(path, O_WRONLY | O_CREAT, 0644);
		CHECK(fd >= 0 && close(fd) == 0);
	}
	d = opendir(dir);
	while ((e = readdir(d)))
		n += e->d_name[0] == 'f' && e->d_type == DT_REG;
	CHECK(n == 200);
	rewinddir(d);
	for (n = 0; readdir(d); n++)
		;
	CHECK(n == 202 && closedir(d) == 0);
	n = scandir(dir, &list, NULL, alphasort);
	CHECK(n == 202);
	CHECK_STR(list[0]->d_name, ".");
	CHECK_STR(list[2]->d_name, "file-0");
	CHECK_STR(list[3]->d_name, "file-1");
	CHECK_STR(list[4]->d_name, "file-10");
	for (i = 0; i < n; i++)
		free(list[i]);
	free(list);
	snprintf(path, sizeof(path), "%s/file-1[0-3]", dir);
	CHECK(glob(path, 0, NULL, &g) == 0 && g.gl_pathc == 4);
	snprintf(path, sizeof(path), "%s/file-13", dir);
	CHECK_STR(g.gl_pathv[3], path);
	globfree(&g);
	snprintf(path, sizeof(path), "%s*/*-?9", dir);
	CHECK(glob(path, 0, NULL, &g) == 0 && g.gl_pathc == 9);
	globfree(&g);
	CHECK(glob("no*such", 0, NULL, &g) == GLOB_NOMATCH);
	CHECK(glob("no*such", GLOB_NOCHECK, NULL, &g) == 0 && g.gl_pathc == 1);
	CHECK_STR(g.gl_pathv[0], "no*such");
	globfree(&g);
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	snprintf(path, sizeof(path), "%s/link", dir);
	CHECK(symlink("../././file-5", path) == 0);
	CHECK(!realpath(path, real) && errno == ENOENT);
	CHECK(unlink(path) == 0 && symlink("./file-5", path) == 0);
	CHECK(realpath(path, real) != NULL && !strncmp(real, cwd, strlen(cwd)));
	CHECK_STR(strrchr(real, '/'), "/file-5");
	CHECK(unlink(path) == 0 && symlink("link", path) == 0);
	CHECK(!realpath(path, real) && errno == ELOOP);
	CHECK(unlink(path) == 0);
	CHECK(realpath("/./..//../", real) != NULL);
	CHECK_STR(real, "/");
	CHECK(remove(dir) == -1 && errno == ENOTEMPTY);
	for (i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "%s/file-%d", dir, i);
		CHECK(remove(path) == 0);
	}
	CHECK(remove(dir) == 0);
	CHECK(access(dir, F_OK) == -1 && errno == ENOENT);
}

static void check_parts(const char *path, const char *dir, const char *base)
{
	char a[64], b[64];

	strcpy(a, path);
	strcpy(b, path);
	CHECK_STR(dirname(a), dir);
	CHECK_STR(basename(b), base);
}

static void test_patterns(void)
{
	CHECK(!fnmatch("*.c", "a.c", 0) && fnmatch("*.c", "a.h", 0));
	CHECK(!fnmatch("*", "", 0) && fnmatch("?", "", 0));
	CHECK(!fnmatch("a*b*c", "axxbxxbxc", 0));
	CHECK(fnmatch("a*b*c", "axxbxxbx", 0));
	CHECK(!fnmatch("[a-c]x", "bx", 0) && fnmatch("[!a-c]x", "bx", 0));
	CHECK(!fnmatch("[]a]", "]", 0) && !fnmatch("[[:digit:]]*", "5x", 0));
	CHECK(fnmatch("*", ".x", FNM_PERIOD) && !fnmatch(".*", ".x", 4));
	CHECK(fnmatch("*", "a/b", FNM_PATHNAME) && !fnmatch("*", "a/b", 0));
	CHECK(!fnmatch("*/b", "a/b", FNM_PATHNAME));
	CHECK(!fnmatch("\\*", "*", 0) && fnmatch("\\*", "x", 0));
	CHECK(!fnmatch("[", "[", 0) && !fnmatch("a[", "a[", 0));
	CHECK(fnmatch("*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		      0));
	CHECK(!fnmatch("ABC", "abc", FNM_CASEFOLD));
	check_parts("/usr/lib", "/usr", "lib");
	check_parts("/usr/", "/", "usr");
	check_parts("usr", ".", "usr");
	check_parts("/", "/", "/");
	check_parts(".", ".", ".");
	check_parts("a//b//", "a", "b");
}

static void test_getopt(void)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "size", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	static char *argv[] = {
		(char *)"prog", (char *)"x",        (char *)"-ab5",
		(char *)"y",    (char *)"--size=9", (char *)"--all",
		(char *)"--",   (char *)"-z",       NULL
	};
	char seen[40] = "";
	int c;

	while ((c = getopt_long(8, argv, "ab:s:", longs, NULL)) != -1) {
		char piece[20];

		snprintf(piece, sizeof(piece), "%c%s ", c,
			 c == 'a' ? "" : optarg);
		strcat(seen, piece);
	}
	CHECK_STR(seen, "a b5 s9 a ");
	CHECK(optind == 5);
	CHECK_STR(argv[5], "x");
	CHECK_STR(argv[6], "y");
	CHECK_STR(argv[7], "-z");
}

/* What getopt writes to standard error, of a word with these options. */
static long getopt_says(const char *options, const char *word)
{
	char prog[] = "prog", *argv[] = { prog, (char *)(uintptr_t)word, NULL };
	FILE *f = tmpfile();
	int saved = dup(2);
	long said;

	CHECK(f && dup2(fileno(f), 2) == 2);
	optind = 0;
	optopt = 0;
	getopt(2, argv, options);
	dup2(saved, 2);
	close(saved);
	said = (long)lseek(fileno(f), 0, SEEK_END);
	fclose(f);
	return said;
}

static void test_getopt_messages(void)
{
	CHECK(getopt_says("a:", "-x") > 0 && optopt == 'x');
	CHECK(getopt_says("a:", "-a") > 0 && optopt == 'a');
	CHECK(getopt_says(":a:", "-x") == 0 && optopt == 'x');
	CHECK(getopt_says(":a:", "-a") == 0 && optopt == 'a');
}

static void test_ptys(void)
{
	struct winsize ws = { 10, 20, 0, 0 }, now;
	char name[40], buf[40];
	int master, slave, m, n, status;
	pid_t pid;

	CHECK(openpty(&master, &slave, name, NULL, &ws) == 0);
	CHECK_STR(ttyname(slave), name);
	CHECK_STR(ptsname(master), name);
	CHECK(ioctl(slave, TIOCGWINSZ, &now) == 0 && now.ws_col == 20);
	close(slave);
	close(master);
	m = posix_openpt(O_RDWR | O_NOCTTY);
	CHECK(m >= 0 && grantpt(m) == 0 && unlockpt(m) == 0);
	CHECK(ptsname_r(m, name, 3) == ERANGE);
	CHECK(ptsname_r(m, name, sizeof(name)) == 0);
	close(m);
	m = open("/dev/null", O_RDWR);
	CHECK(grantpt(m) < 0 && unlockpt(m) < 0 && !ptsname(m));
	close(m);
	pid = forkpty(&m, name, NULL, NULL);
	if (pid == 0) {
		if (getsid(0) != getpid() || tcgetpgrp(0) != getpid())
			_exit(1);
		n = (int)read(0, buf, sizeof(buf));
		_exit(n == 3 && write(1, "ok", 2) == 2 ? 7 : 2);
	}
	CHECK(pid > 0);
	CHECK(write(m, "hi\n", 3) == 3);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	n = (int)read(m, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	CHECK(strncmp(buf, "hi\r\n", 4) == 0);
	close(m);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* One letter for what each entry is, and the path below the top. */
static void walk(char *top, int options, const char *skip, char *out)
{
	static const char letters[] = "?dc?n.P?f?!oxs";
	char *paths[] = { top, NULL };
	FTS *f = fts_open(paths, options, by_name);
	FTSENT *e;

	*out = 0;
	CHECK(f);
	while (f && (e = fts_read(f))) {
		char one[2] = { letters[e->fts_info], 0 };

		CHECK(e->fts_level >= 0 &&
		      e->fts_pathlen == strlen(e->fts_path));
		strcat(out, one);
		strcat(out, e->fts_path + strlen(top));
		strcat(out, " ");
		if (skip && !strcmp(e->fts_name, skip) && e->fts_info == FTS_D)
			CHECK(fts_set(f, e, FTS_SKIP) == 0);
	}
	CHECK(errno == 0);
	CHECK(!f || fts_close(f) == 0);
}

static void test_fts(void)
{
	static const char *const names[] = { "a", "b/up", "b/c", "b", "" };
	char top[] = "/tmp/ftsXXXXXX", path[300], out[2000];
	char *none[] = { top, NULL };
	FTS *f;
	int i;

	CHECK(mkdtemp(top));
	snprintf(path, sizeof(path), "%s/b", top);
	CHECK(mkdir(path, 0755) == 0);
	snprintf(path, sizeof(path), "%s/b/c", top);
	CHECK(close(open(path, O_CREAT | O_WRONLY, 0644)) == 0);
	snprintf(path, sizeof(path), "%s/b/up", top);
	CHECK(symlink("..", path) == 0);
	snprintf(path, sizeof(path), "%s/a", top);
	CHECK(symlink("nowhere", path) == 0);
	walk(top, FTS_PHYSICAL | FTS_NOCHDIR, NULL, out);
	CHECK(!strcmp(out, "d x/a d/b f/b/c x/b/up P/b P "));
	walk(top, FTS_PHYSICAL | FTS_NOCHDIR, "b", out);
	CHECK(strstr(out, "d/b P/b P "));
	/* The link up is a cycle, the other one leads nowhere. */
	walk(top, FTS_LOGICAL | FTS_NOCHDIR, NULL, out);
	CHECK(strstr(out, "s/a d/b f/b/c c/b/up P/b P "));
	/* One that is not there is told, and is no end. */
	snprintf(path, sizeof(path), "%s/nix", top);
	walk(path, FTS_PHYSICAL | FTS_NOCHDIR, NULL, out);
	CHECK(!strcmp(out, "! "));
	f = fts_open(none, FTS_PHYSICAL | 0x10000, NULL);
	CHECK(!f && errno == EINVAL);
	/* More than a batch, unsorted: each once; closed in the middle. */
	for (i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "%s/b/%d", top, i);
		CHECK(close(open(path, O_CREAT | O_WRONLY, 0644)) == 0);
	}
	f = fts_open(none, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	CHECK(f);
	for (i = 0; f && fts_read(f); i++)
		;
	CHECK(i == 5000 + 7);
	CHECK(!f || fts_close(f) == 0);
	f = fts_open(none, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	for (i = 0; f && i < 100 && fts_read(f); i++)
		;
	CHECK(!f || fts_close(f) == 0);
	for (i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "%s/b/%d", top, i);
		unlink(path);
	}
	for (i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/%s", top, names[i]);
		CHECK(remove(path) == 0);
	}
}

static int told_unreadable, told_folders;

static int tell(const char *path, const struct stat *st, int what,
		struct FTW *place)
{
	(void)path, (void)st, (void)place;
	told_unreadable += what == FTW_DNR;
	told_folders += what == FTW_D || what == FTW_DP;
	return 0;
}

/* A folder that cannot be read is told once. */
static void test_nftw(void)
{
	char top[] = "/tmp/nftw.XXXXXX", path[64];
	int status = -1;
	pid_t pid;

	CHECK(mkdtemp(top) && chmod(top, 0755) == 0);
	snprintf(path, sizeof(path), "%s/shut", top);
	CHECK(mkdir(path, 0) == 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(1234) < 0)
			_exit(1);
		if (nftw(top, tell, 5, FTW_PHYS) || told_folders != 1 ||
		    told_unreadable != 1)
			_exit(2);
		if (nftw(top, tell, 5, FTW_PHYS | FTW_DEPTH) ||
		    told_folders != 2 || told_unreadable != 2)
			_exit(3);
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(rmdir(path) == 0 && rmdir(top) == 0);
}

int main(void)
{
	test_malloc();
	test_environment();
	test_processes();
	test_signals();
	test_setjmp();
	test_time();
	test_times_read();
	test_small_calls();
	test_directories();
	test_patterns();
	test_getopt();
	test_getopt_messages();
	test_ptys();
	test_fts();
	test_nftw();
	puts(check_failed ? "system: failed" : "system: ok");
	return check_failed;
}
