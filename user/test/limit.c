/*
 * Limits that hold: processes and threads of a user, address space, data,
 * stack, core. Those of descriptors, the size of a file, CPU time and queued
 * signals are in fd.c, file.c, timer.c and sigqueue.c.
 *
 * QEMU's user mode keeps limits of memory from its guests, and breaks where it
 * is refused a thread of its own, so most of this is not for it.
 */
#define TEST_SELF(argc, argv)                                                  \
	do {                                                                   \
		int self_ = self(argc, argv);                                  \
		if (self_ >= 0)                                                \
			return self_;                                          \
	} while (0)
#include "user/test/thread.h"

#include <sys/resource.h>

#define OTHERS 1235
#define BREAKS "QEMU's user mode breaks there"

#define ROOT_ONLY()                                                            \
	do {                                                                   \
		if (geteuid())                                                 \
			test_skip("not started by root");                      \
	} while (0)

static void limit(int which, rlim_t n)
{
	struct rlimit l = { n, n };

	CHECK(!setrlimit(which, &l));
}

static void soft_limit(int which, rlim_t n)
{
	struct rlimit l;

	CHECK(!getrlimit(which, &l));
	l.rlim_cur = n;
	CHECK(!setrlimit(which, &l));
}

/* ---- processes ---- */

/* How many more fit, at most 100; all of them are ended again. */
static int how_many_fit(void)
{
	pid_t pids[100];
	int n = 0, i;

	while (n < (int)ARRAY_SIZE(pids)) {
		pids[n] = fork();
		if (pids[n] < 0)
			break;
		if (!pids[n])
			for (;;)
				pause();
		n++;
	}
	if (n < (int)ARRAY_SIZE(pids))
		CHECK_EQ(errno, EAGAIN);
	for (i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (i = 0; i < n; i++)
		CHECK_EQ(WTERMSIG(wait_status(pids[i])), SIGKILL);
	return n;
}

static void processes(void)
{
	pid_t pid;
	int n;

	ROOT_ONLY();
	test_skip_in_user_mode(BREAKS);
	pid = fork();
	if (!pid) {
		become_nobody();
		limit(RLIMIT_NPROC, 20);
		n = how_many_fit();
		CHECK_EQ(n, 19);
		/* They are not used up. */
		CHECK_EQ(how_many_fit(), n);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	/* Not for root. */
	limit(RLIMIT_NPROC, 20);
	CHECK_EQ(how_many_fit(), 100);
}

/* The limit is the caller's, the count is the user's, and nobody else's. */
static void users_are_counted_apart(void)
{
	int go[2], n;
	pid_t pids[8], pid;
	char c;

	ROOT_ONLY();
	test_skip_in_user_mode(BREAKS);
	CHECK(!pipe(go));
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (!pids[i]) {
			CHECK(!setgid(OTHERS) && !setuid(OTHERS));
			CHECK_EQ(write(go[1], "x", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(go[0], &c, 1), 1);
	}
	pid = fork();
	if (!pid) {
		limit(RLIMIT_NPROC, 20);
		become_nobody();
		n = how_many_fit();
		CHECK_EQ(n, 19);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	pid = fork();
	if (!pid) {
		limit(RLIMIT_NPROC, 8);
		CHECK(!setgid(OTHERS) && !setuid(OTHERS));
		CHECK_EQ(how_many_fit(), 0);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
		kill(pids[i], SIGKILL);
		wait_status(pids[i]);
	}
}

/* Whose real user it is counts, not who it acts for. */
static void real_user_counts(void)
{
	pid_t pid;

	ROOT_ONLY();
	test_skip_in_user_mode(BREAKS);
	limit(RLIMIT_NPROC, 8);
	pid = fork();
	if (!pid) {
		CHECK(!setresuid(0, 1234, 0));
		CHECK_EQ(how_many_fit(), 100);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	pid = fork();
	if (!pid) {
		CHECK(!setresuid(1234, 0, 0)); /* with root's rights */
		if (!test_half_root())
			CHECK_EQ(how_many_fit(), 100);
		CHECK(!setresuid(1234, 1234, 0));
		CHECK(how_many_fit() < 8);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

static volatile int n_threads;

static void sits(void *arg)
{
	__atomic_fetch_add(&n_threads, 1, __ATOMIC_SEQ_CST);
	for (;;)
		sys(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

static void threads_count(void)
{
	static struct tthread t[6];
	static char stack[THREAD_STACK];

	ROOT_ONLY();
	test_skip_in_user_mode("QEMU's user mode makes threads its own way");
	become_nobody();
	limit(RLIMIT_NPROC, 12);
	CHECK_EQ(how_many_fit(), 11);
	for (int i = 0; i < 5; i++)
		thread_start(&t[i], sits, NULL);
	WAIT_UNTIL(n_threads == 5);
	CHECK_EQ(how_many_fit(), 6);
	limit(RLIMIT_NPROC, 6);
	CHECK_EQ(how_many_fit(), 0);
	CHECK_EQ(thread_clone(THREAD_FLAGS, stack + sizeof(stack), &t[5].tid,
			      sits, NULL),
		 -EAGAIN);
}

/* Nobody has waited for them: they count. */
static void zombies_count(void)
{
	pid_t pids[4];

	ROOT_ONLY();
	test_skip_in_user_mode(BREAKS);
	become_nobody();
	limit(RLIMIT_NPROC, 40);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
		siginfo_t info;

		pids[i] = fork();
		if (!pids[i])
			_exit(0);
		CHECK(!waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOWAIT));
	}
	limit(RLIMIT_NPROC, ARRAY_SIZE(pids) + 1);
	CHECK_EQ(how_many_fit(), 0);
	CHECK_EQ(wait_status(pids[0]), 0);
	CHECK_EQ(how_many_fit(), 1);
	for (unsigned i = 1; i < ARRAY_SIZE(pids); i++)
		CHECK_EQ(wait_status(pids[i]), 0);
}

/* Who becomes a user who has more processes than may be already may not run a
 * program, until there are fewer. */
static void too_many_by_becoming(void)
{
	char *argv[] = { (char *)"/proc/self/exe", (char *)"seven", NULL };
	int go[2], hold[2];
	pid_t pids[5], pid;
	char c;

	ROOT_ONLY();
	test_skip_in_user_mode("QEMU's user mode runs no other program");
	CHECK(!pipe(go) && !pipe(hold));
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (!pids[i]) {
			become_nobody();
			CHECK_EQ(write(go[1], "x", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(go[0], &c, 1), 1);
	}
	/* Just as many: that is none too many. */
	pid = fork();
	if (!pid) {
		limit(RLIMIT_NPROC, 5);
		become_nobody();
		execv(argv[0], argv);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
	pid = fork();
	if (!pid) {
		limit(RLIMIT_NPROC, 4);
		become_nobody();
		CHECK_ERR(execv(argv[0], argv), EAGAIN);
		CHECK_EQ(write(go[1], "x", 1), 1);
		CHECK_EQ(read(hold[0], &c, 1), 1);
		execv(argv[0], argv);
		_exit(99);
	}
	CHECK_EQ(read(go[0], &c, 1), 1);
	for (unsigned i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		wait_status(pids[i]);
	}
	CHECK_EQ(write(hold[1], "x", 1), 1);
	CHECK_EQ(wait_status(pid) >> 8, 7);
	/* Who was there before runs what it likes. */
	pid = fork();
	if (!pid) {
		become_nobody();
		limit(RLIMIT_NPROC, 1);
		execv(argv[0], argv);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
	for (unsigned i = 2; i < ARRAY_SIZE(pids); i++) {
		kill(pids[i], SIGKILL);
		wait_status(pids[i]);
	}
}

/* As many as the system says, and not one more. */
static void groups(void)
{
	long max = sysconf(_SC_NGROUPS_MAX);
	gid_t *list = malloc(((size_t)max + 1) * sizeof(*list));

	ROOT_ONLY();
	if (test_other_libc() != test_on_linux())
		test_skip("that library speaks of another system");
	CHECK(max >= 32 && list);
	for (long i = 0; i <= max; i++)
		list[i] = (gid_t)(i + 100);
	CHECK_EQ(sys(SYS_setgroups, max + 1, list), -EINVAL);
	CHECK_EQ(sys(SYS_setgroups, max, list), 0);
	CHECK_EQ(getgroups(0, NULL), max);
	memset(list, 0, (size_t)max * sizeof(*list));
	CHECK_EQ(getgroups((int)max, list), max);
	CHECK(list[0] == 100 && list[max - 1] == (gid_t)(max + 99));
	free(list);
}

/* ---- memory ---- */

#define MB (1ul << 20)

static void *map(size_t n, int prot, int flags)
{
	return mmap(NULL, n, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static void address_space(void)
{
	char *p, *argv[] = { (char *)"/proc/self/exe", (char *)"seven", NULL };
	pid_t pid;

	test_skip_in_user_mode("QEMU's user mode takes no such limit");
	soft_limit(RLIMIT_AS, 32 * MB);
	CHECK(map(64 * MB, PROT_NONE, MAP_PRIVATE) == MAP_FAILED);
	CHECK_EQ(errno, ENOMEM);
	p = map(16 * MB, PROT_NONE, MAP_PRIVATE);
	CHECK(p != MAP_FAILED);
	CHECK(map(20 * MB, PROT_READ, MAP_SHARED) == MAP_FAILED);
	CHECK(mremap(p, 16 * MB, 40 * MB, MREMAP_MAYMOVE) == MAP_FAILED);
	CHECK_EQ(errno, ENOMEM);
	CHECK_ERR((long)sbrk(40 * MB), ENOMEM);
	CHECK(!munmap(p, 16 * MB));
	p = map(20 * MB, PROT_READ, MAP_SHARED);
	CHECK(p != MAP_FAILED);
	/* It is inherited, and a program that does not fit does not run. */
	pid = fork();
	if (!pid) {
		CHECK(map(20 * MB, PROT_NONE, MAP_PRIVATE) == MAP_FAILED);
		execv(argv[0], argv);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
	pid = fork();
	if (!pid) {
		soft_limit(RLIMIT_AS, 4096);
		CHECK_ERR(execv(argv[0], argv), ENOMEM);
		_exit(0);
	}
	/* Linux finds out when there is nothing left to return to. */
	CHECK_EQ(wait_status(pid), test_on_linux() ? SIGSEGV : 0);
}

static void data(void)
{
	char *p, *q;

	test_skip_in_user_mode("QEMU's user mode takes no such limit");
	soft_limit(RLIMIT_DATA, 16 * MB);
	CHECK(map(32 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE) == MAP_FAILED);
	CHECK_EQ(errno, ENOMEM);
	CHECK_ERR((long)sbrk(32 * MB), ENOMEM);
	/* What is shared or cannot be written is no data. */
	p = map(32 * MB, PROT_READ, MAP_PRIVATE);
	q = map(32 * MB, PROT_READ | PROT_WRITE, MAP_SHARED);
	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	CHECK_ERR(mprotect(p, 32 * MB, PROT_READ | PROT_WRITE), ENOMEM);
	CHECK(!mprotect(q, 32 * MB, PROT_READ));
	CHECK(!mprotect(q, 32 * MB, PROT_READ | PROT_WRITE));
	CHECK(!mprotect(p, 8 * MB, PROT_READ | PROT_WRITE));
	CHECK(!mprotect(p, 8 * MB, PROT_READ | PROT_WRITE));
	CHECK(map(12 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE) == MAP_FAILED);
	CHECK(map(4 * MB, PROT_READ | PROT_WRITE, MAP_PRIVATE) != MAP_FAILED);
}

/* Uses so much of the stack, a page at a time. */
__attribute__((noinline)) static int deep(size_t n)
{
	volatile char page[3000];

	page[0] = 1;
	return n > sizeof(page) ? deep(n - sizeof(page)) + page[0] : 1;
}

static int deep_status(size_t n)
{
	pid_t pid = fork();

	if (!pid)
		_exit(deep(n) > 0 ? 0 : 1);
	return wait_status(pid);
}

static void stack(void)
{
	char *argv[] = { (char *)"/proc/self/exe", (char *)"deep", NULL };
	pid_t pid;

	test_skip_in_user_mode("QEMU's user mode takes no such limit");
	CHECK_EQ(deep_status(6 * MB), 0);
	soft_limit(RLIMIT_STACK, MB);
	CHECK_EQ(deep_status(MB / 2), 0);
	CHECK_EQ(WTERMSIG(deep_status(2 * MB)), SIGSEGV);
	soft_limit(RLIMIT_STACK, 8 * MB);
	CHECK_EQ(deep_status(6 * MB), 0);
	CHECK_EQ(WTERMSIG(deep_status(12 * MB)), SIGSEGV);
	/* More room than before has the next program. */
	soft_limit(RLIMIT_STACK, 64 * MB);
	pid = fork();
	if (!pid) {
		execv(argv[0], argv);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
	soft_limit(RLIMIT_STACK, RLIM_INFINITY);
	pid = fork();
	if (!pid) {
		execv(argv[0], argv);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
}

/* No file is left by a program that breaks. */
static void no_core(void)
{
	struct rlimit l;
	struct dirent *e;
	int n = 0, status;
	DIR *d;
	pid_t pid;

	CHECK(!getrlimit(RLIMIT_CORE, &l));
	if (!test_on_linux())
		CHECK_EQ(l.rlim_cur, 0);
	soft_limit(RLIMIT_CORE, 0);
	pid = fork();
	if (!pid) {
		signal(SIGQUIT, SIG_DFL);
		raise(SIGQUIT);
		_exit(1);
	}
	status = wait_status(pid);
	CHECK_EQ(WTERMSIG(status), SIGQUIT);
	CHECK(!WCOREDUMP(status));
	d = opendir(".");
	CHECK(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	CHECK_EQ(n, 0);
}

static int self(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "seven"))
		return 7;
	if (argc == 2 && !strcmp(argv[1], "deep"))
		return deep(40 * MB) > 0 ? 7 : 8;
	return -1;
}

TEST_MAIN(CASE(processes), CASE(users_are_counted_apart),
	  CASE(real_user_counts), CASE(threads_count), CASE(zombies_count),
	  CASE(too_many_by_becoming), CASE(groups), CASE(address_space),
	  CASE(data), CASE(stack), CASE(no_core))
