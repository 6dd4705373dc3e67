#pragma once
/*
 * The frame of a test program: a table of cases, each run in a process group
 * of its own, in an empty folder of its own, with a limit on its time. A case
 * fails when a CHECK does not hold, when it is killed, when it hangs, or when
 * it leaves a file that cannot be removed; and on Octopos also when the system
 * has not exactly as many pages of each kind and objects of each cache after
 * it as before (/proc/memcheck; other kernels have no such file). The system
 * has to be quiet for that: what ran before may just end, and the reader of a
 * pipe take what it was told.
 *
 * Output, one line a case: "ok NAME", "FAIL NAME: why", "skip NAME: why"; last
 * "N passed, M failed, K skipped". Arguments: names of the cases to run, and
 * "-t SECONDS" for those that run as long as one wants (test_seconds). What
 * they make is made below TEST_DIR, else /tmp; TEST_PATIENCE=N gives each N
 * times its limit, for a machine that is very busy.
 *
 * The same file is compiled with our library and with that of Linux, so cases
 * use what both have. Where QEMU's user mode, which plays Linux on the build
 * machine, is not Linux, a case says so with test_skip_on_linux().
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __riscv
#include "kernel/abi/syscalls.h"
#else
#include <sys/syscall.h>
#endif

struct test_case {
	const char *name;
	void (*run)(void);
	unsigned seconds; /* limit; 0: TEST_SECONDS */
};

#define TEST_SECONDS 60
#define CASE(fn) { #fn, fn, 0 }
#define CASE_LIMIT(fn, s) { #fn, fn, s }
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The child's last words; shown behind FAIL. */
static int test_pipe = -1;
/* -t; 0 when not given. */
static unsigned test_seconds;
/* TEST_PATIENCE: how often the usual limit of time; in a case, too. */
__attribute__((unused)) static unsigned test_patience = 1;

/* Only the first failure of a case is shown, up to its end of line. */
__attribute__((noreturn, format(printf, 1, 2))) static inline void
test_fail(const char *fmt, ...)
{
	char text[200];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(text) - 2)
		n = (int)sizeof(text) - 2;
	text[n++] = '\n';
	if (write(test_pipe, text, (size_t)n) != n)
		_exit(3);
	_exit(1);
}

__attribute__((noreturn)) static inline void test_skip(const char *why)
{
	if (write(test_pipe, why, strlen(why)) < 0)
		_exit(3);
	_exit(77);
}

#define CHECK(cond)                                                       \
	do {                                                              \
		if (!(cond))                                              \
			test_fail("line %d: %s (errno %d)", __LINE__,     \
				  #cond, errno);                          \
	} while (0)
/* The two numbers are equal; both are shown when not. */
#define CHECK_EQ(a, b)                                                    \
	do {                                                              \
		long long a_ = (long long)(a), b_ = (long long)(b);       \
		if (a_ != b_)                                             \
			test_fail("line %d: %s is %lld, not %lld "        \
				  "(errno %d)",                           \
				  __LINE__, #a, a_, b_, errno);           \
	} while (0)
/* The call fails with exactly this errno. */
#define CHECK_ERR(call, err)                                              \
	do {                                                              \
		errno = 0;                                                \
		long long r_ = (long long)(call);                         \
		if (r_ != -1 || errno != (err))                           \
			test_fail("line %d: %s gives %lld, errno %d, "    \
				  "not %d",                               \
				  __LINE__, #call, r_, errno, (err));     \
	} while (0)

/*
 * A system call as the kernel answers it: a result or a negative errno. Cases
 * with threads use it, because the threads share one errno.
 */
static inline long sys6(long n, long a, long b, long c, long d, long e, long f)
{
#ifdef __riscv
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
			 : "memory");
	return a0;
#else
	long res = syscall(n, a, b, c, d, e, f);

	return res == -1 ? -errno : res;
#endif
}

#define sys_pick(n, a, b, c, d, e, f, ...)                               \
	sys6((long)(n), (long)(a), (long)(b), (long)(c), (long)(d),      \
	     (long)(e), (long)(f))
#define sys(...) sys_pick(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

static inline int test_on_linux(void)
{
	struct utsname names;

	return !uname(&names) && !strcmp(names.sysname, "Linux");
}

/* Is it the Linux that QEMU's user mode plays? It is there for programs of this
 * machine's kind; compiled for the build machine, a test has Linux itself. */
static inline int test_in_user_mode(void)
{
#ifdef __riscv
	return test_on_linux();
#else
	return 0;
#endif
}

/* Is root only root of a name space, who has no rights in what is the whole
 * machine's? */
static inline int test_half_root(void)
{
	char map[64] = "";
	unsigned long ids = 0;
	int fd = test_on_linux() ? open("/proc/self/uid_map", O_RDONLY) : -1;

	if (fd < 0)
		return 0;
	if (read(fd, map, sizeof(map) - 1) > 0)
		sscanf(map, "%*u %*u %lu", &ids);
	close(fd);
	return ids < UINT32_MAX;
}

/* May a case signal whomever it reaches? On Linux only where whoever starts the
 * test has shut it off and says so. */
static inline void test_skip_in_company(void)
{
	if (test_on_linux() && !getenv("TEST_ALONE"))
		test_skip("it would reach what else runs there");
}

static inline void test_skip_in_user_mode(const char *why)
{
	if (test_in_user_mode())
		test_skip(why);
}

static inline void test_skip_on_linux(const char *why)
{
	if (test_on_linux())
		test_skip(why);
}

/* Is this program linked with another C library than ours? */
static inline int test_other_libc(void)
{
#ifdef __GLIBC__
	return 1;
#else
	return 0;
#endif
}

/* ---- what many cases need ---- */

/* Nothing is there; volatile, so that the compiler does not know either. */
__attribute__((unused)) static void *volatile bad_pointer = (void *)16;

static inline int wait_status(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

/* Runs fn in a child that ends with status 0 when fn returns. */
static inline pid_t spawn(void (*fn)(void))
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		fn();
		_exit(0);
	}
	return pid;
}

/* Runs fn in a child, which must end well. A failed CHECK there is reported
 * from there. */
static inline void in_child(void (*fn)(void))
{
	CHECK_EQ(wait_status(spawn(fn)), 0);
}

/* The signal that ends fn in a child; 0 when it ends by itself. */
static inline int killed_by(void (*fn)(void))
{
	int status = wait_status(spawn(fn));

	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* For good: from now on nobody in particular. No difference where the test
 * was started by such a user. */
static inline void become_nobody(void)
{
	if (geteuid())
		return;
	CHECK(!sys(SYS_setgroups, 0, NULL));
	CHECK(!setgid(1234));
	CHECK(!setuid(1234));
}

static inline void make_file(const char *path, const void *data, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, data, n), (long)n);
	CHECK(!close(fd));
}

/* Does the file hold exactly these bytes? */
static inline int file_is(const char *path, const void *data, size_t n)
{
	char *got = malloc(n + 1);
	int fd = open(path, O_RDONLY), same;
	size_t have = 0;
	ssize_t r;

	CHECK(got && fd >= 0);
	while (have < n + 1 && (r = read(fd, got + have, n + 1 - have)) > 0)
		have += (size_t)r;
	same = have == n && !memcmp(got, data, n);
	close(fd);
	free(got);
	return same;
}

/* What was written is run from now on, on every hart. */
static inline void flush_icache(const void *start, const void *end)
{
#ifdef __riscv
	sys(SYS_riscv_flush_icache, start, end, 0);
	__asm__ volatile("fence.i" ::: "memory");
#else
	__builtin___clear_cache((char *)start, (char *)end);
#endif
}

static inline long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static inline void nap_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000l };

	nanosleep(&t, NULL);
}

/* Pauses until the condition holds; the case's limit ends it otherwise. */
#define WAIT_UNTIL(cond)           \
	do {                       \
		while (!(cond))    \
			nap_ms(1); \
	} while (0)

/* ---- running the cases ---- */

#define TEST_TEXT 16384
static char test_before[TEST_TEXT], test_after[TEST_TEXT], test_out[4096];
static char test_dir[64];
static int test_has_counts = 1;

/* Reads the counts; false where there are none. */
static inline int test_memory(char *text)
{
	size_t n = 0;
	ssize_t got;
	int fd;

	/* What a disk's journal and caches keep is no leak. */
	if (!test_has_counts || getenv("TEST_DIR"))
		return 0;
	fd = open("/proc/memcheck", O_RDONLY);
	if (fd < 0)
		return test_has_counts = 0;
	while (n < TEST_TEXT - 1 &&
	       (got = read(fd, text + n, TEST_TEXT - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	text[n] = '\0';
	return 1;
}

/* Was the last case not followed by as many pages and objects as were before? */
static int test_unsettled = 1;

/*
 * The counts before a case. They are the last ones, which the case before left
 * as it found them: a look at any one moment may see what the kernel needs
 * only for that moment, such as to write its journal. Where others may still be
 * at work they are such as stay the same for a while, when the disks have all
 * that is theirs. These are whoever ran before, or is behind a pipe and may
 * still read what it was told last, or just begin.
 */
static inline void test_memory_settled(void)
{
	struct stat st;

	if (!test_unsettled && (fstat(1, &st) || !S_ISFIFO(st.st_mode)))
		return;
	if (!test_memory(test_before))
		return;
	if (test_unsettled)
		sync();
	for (int tries = 0; tries < 50; tries++) {
		test_memory(test_before);
		nap_ms(20);
		if (test_memory(test_after) && !strcmp(test_before, test_after))
			break;
	}
}

/* The first line that differs, as "before -> after". */
static inline void test_difference(const char *a, const char *b, char *out,
				   size_t size)
{
	while (*a && *b) {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

		if (n != m || memcmp(a, b, n)) {
			snprintf(out, size, "leaves %.*s, found %.*s", (int)m,
				 b, (int)n, a);
			return;
		}
		a += n + (a[n] != '\0');
		b += m + (b[m] != '\0');
	}
	snprintf(out, size, "leaves more or fewer kinds of memory");
}

/* Waits for pid up to `seconds`; then its whole group is killed. True if it
 * ended by itself. */
static inline int test_wait(pid_t pid, unsigned seconds, int *status)
{
	long long until = now_ns() + seconds * 1000000000ll;

	for (;;) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return 1;
		if (now_ns() > until) {
			kill(-pid, SIGKILL);
			waitpid(pid, status, 0);
			return 0;
		}
		nap_ms(2);
	}
}

/* Removes all that is in the current folder, however deep. */
static inline void test_empty(void)
{
	DIR *dir = opendir(".");
	struct dirent *e;
	struct stat st;

	if (!dir)
		return;
	while ((e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!unlink(e->d_name) || lstat(e->d_name, &st) ||
		    !S_ISDIR(st.st_mode))
			continue;
		chmod(e->d_name, 0700);
		if (rmdir(e->d_name) && !chdir(e->d_name)) {
			test_empty();
			if (chdir(".."))
				_exit(1);
			rmdir(e->d_name);
		}
		rewinddir(dir);
	}
	closedir(dir);
}

/* In a child, so that its memory is not this program's. */
static inline int test_clean(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (!chdir(test_dir)) {
			chmod(".", 0777);
			test_empty();
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return rmdir(test_dir);
}

/* 0 passed, 1 failed, 2 skipped. */
static inline int test_run(const struct test_case *c, int quiet)
{
	char why[256] = "";
	int fd[2], status = 0, ended, result = 1;
	ssize_t n, have = 0;
	unsigned limit = c->seconds ? c->seconds : TEST_SECONDS;
	pid_t pid;

	limit *= test_patience;
	fflush(stdout);
	test_memory_settled();
	if (pipe(fd) || mkdir(test_dir, 0777) || chmod(test_dir, 0777)) {
		printf("FAIL %s: no pipe or no folder %s (errno %d)\n",
		       c->name, test_dir, errno);
		return 1;
	}
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		close(fd[0]);
		fcntl(fd[1], F_SETFD, FD_CLOEXEC);
		test_pipe = fd[1];
		if (chdir(test_dir))
			_exit(3);
		c->run();
		_exit(0);
	}
	close(fd[1]);
	setpgid(pid, pid);
	ended = test_wait(pid, limit + test_seconds, &status);
	/* What it started and left behind ends with it. */
	kill(-pid, SIGKILL);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	while (have < (ssize_t)sizeof(why) - 1 &&
	       (n = read(fd[0], why + have,
			 sizeof(why) - 1 - (size_t)have)) > 0)
		have += n;
	why[have] = '\0';
	why[strcspn(why, "\n")] = '\0';
	close(fd[0]);
	if (!ended)
		snprintf(why, sizeof(why), "hangs");
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "killed by signal %d",
			 WTERMSIG(status));
	else if (WEXITSTATUS(status) == 77)
		result = 2;
	else if (WEXITSTATUS(status) == 0)
		result = 0;
	else if (!why[0])
		snprintf(why, sizeof(why), "exit status %d",
			 WEXITSTATUS(status));
	/* Orphans of the case end in their own time: look more than once. */
	for (int tries = 0; test_clean() && tries < 50; tries++)
		nap_ms(20);
	if (!access(test_dir, F_OK) && result != 1) {
		snprintf(why, sizeof(why), "leaves %s not empty", test_dir);
		result = 1;
	}
	for (int tries = 0; result != 1 && test_memory(test_after); tries++) {
		if (quiet || !strcmp(test_before, test_after))
			break;
		if (tries == 50) {
			test_difference(test_before, test_after, why,
					sizeof(why));
			result = 1;
		}
		nap_ms(20);
	}
	test_unsettled = quiet || result == 1;
	if (quiet && result != 1)
		return result;
	if (result == 0)
		printf("ok %s\n", c->name);
	else
		printf("%s %s: %s\n", result == 2 ? "skip" : "FAIL", c->name,
		       why);
	fflush(stdout);
	return result;
}

/* What the kernel makes once, at the first use, it makes here. */
static inline void test_nothing(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*(volatile char *)p = 1;
}

/* All pages of this program, so that none comes in later; by a call that only
 * fails where there is nothing. */
static inline void test_touch_self(void)
{
	extern char _end[];
	int fd[2];
	char c;

	if (pipe(fd))
		return;
	for (uintptr_t at = 0x10000; at < (uintptr_t)_end; at += 4096)
		if (write(fd[1], (void *)at, 1) == 1 && read(fd[0], &c, 1) != 1)
			break;
	close(fd[0]);
	close(fd[1]);
}

static inline int test_main(const struct test_case *cases, unsigned n,
			    int argc, char **argv)
{
	static const struct test_case nothing = { "nothing", test_nothing, 0 };
	const char *name = strrchr(argv[0], '/');
	const char *patience = getenv("TEST_PATIENCE");
	unsigned count[3] = { 0, 0, 0 };
	int first = 1;

	if (argc > 2 && !strcmp(argv[1], "-t")) {
		test_seconds = (unsigned)atoi(argv[2]);
		first = 3;
	}
	if (patience && atoi(patience) > 0)
		test_patience = (unsigned)atoi(patience);
	/* All that this program itself ever needs is there before the first
	 * count: its buffers, its stack, what a first round brings along. */
	memset(test_before, 1, sizeof(test_before));
	memset(test_after, 1, sizeof(test_after));
	memset(test_out, 0, sizeof(test_out));
	setvbuf(stdout, test_out, _IOFBF, sizeof(test_out));
	snprintf(test_dir, sizeof(test_dir), "%.30s/%.20s.%d",
		 getenv("TEST_DIR") ? getenv("TEST_DIR") : "/tmp",
		 name ? name + 1 : argv[0], (int)getpid());
	umask(022);
	test_touch_self();
	if (test_run(&nothing, 1) || test_run(&nothing, 1))
		count[1]++;
	for (unsigned i = 0; i < n; i++) {
		int wanted = first >= argc;

		for (int k = first; k < argc; k++)
			wanted |= !strcmp(argv[k], cases[i].name);
		if (wanted)
			count[test_run(&cases[i], 0)]++;
	}
	printf("%u passed, %u failed, %u skipped\n", count[0], count[1],
	       count[2]);
	fflush(stdout);
	return count[1] != 0;
}

/*
 * A program that runs itself says what its child part is: main() calls
 * TEST_SELF(argc, argv), which may end the program, before any case.
 */
#ifndef TEST_SELF
#define TEST_SELF(argc, argv)
#endif

#define TEST_MAIN(...)                                                    \
	static const struct test_case test_cases[] = { __VA_ARGS__ };     \
	int main(int argc, char **argv)                                   \
	{                                                                 \
		TEST_SELF(argc, argv);                                    \
		return test_main(test_cases, ARRAY_SIZE(test_cases),      \
				 argc, argv);                             \
	}
