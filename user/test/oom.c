/*
 * When memory ends: calls fail with ENOMEM or the greediest program is killed,
 * and everything else goes on. Nothing of this is tried where the program runs
 * as Linux: that would be the build machine's memory.
 */
#include "thread.h"

#include <poll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "kernel/abi/ptrace.h"

#define PAGE 4096ul

static void needs_own_machine(void)
{
	test_skip_on_linux("the memory would be the build machine's");
}

static void take_all(void)
{
	for (;;) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(12);
		for (unsigned long i = 0; i < 1 << 20; i += PAGE)
			p[i] = 1;
	}
}

static void greedy_is_killed(void)
{
	needs_own_machine();
	for (int i = 0; i < 2; i++)
		CHECK_EQ(wait_status(spawn(take_all)), SIGKILL);
}

/* Another program, which has little, is left alone meanwhile. */
static void others_live_on(void)
{
	int there[2], back[2], status;
	pid_t small, greedy;
	char c = 0;

	needs_own_machine();
	CHECK(!pipe(there) && !pipe(back));
	small = fork();
	if (!small) {
		close(there[1]);
		while (read(there[0], &c, 1) == 1)
			CHECK_EQ(write(back[1], &c, 1), 1);
		_exit(0);
	}
	close(there[0]);
	greedy = spawn(take_all);
	while (waitpid(greedy, &status, WNOHANG) == 0) {
		CHECK_EQ(write(there[1], &c, 1), 1);
		CHECK_EQ(read(back[0], &c, 1), 1);
	}
	close(there[1]);
	CHECK_EQ(wait_status(small), 0);
}

/* The program's own text and data, read from its file again each time. */
static void read_own_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	volatile char *p;
	struct stat st;

	CHECK(fd >= 0 && !fstat(fd, &st));
	for (;;) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
			 0);
		if (p == MAP_FAILED)
			continue;
		for (off_t i = 0; i < st.st_size; i += PAGE)
			(void)p[i];
		CHECK(!munmap((void *)p, (size_t)st.st_size));
		nap_ms(1);
	}
}

/* Those who want nothing but the pages of a file that the greedy one runs,
 * too: they are neither killed in its place nor told of errors. */
static void readers_live_on(void)
{
	pid_t reader[2], pid;
	int status;

	needs_own_machine();
	for (unsigned i = 0; i < ARRAY_SIZE(reader); i++)
		reader[i] = spawn(read_own_file);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(wait_status(spawn(take_all)), SIGKILL);
	pid = waitpid(-1, &status, WNOHANG);
	if (pid)
		test_fail("a reader ended with status %#x", (unsigned)status);
	for (unsigned i = 0; i < ARRAY_SIZE(reader); i++) {
		CHECK(!kill(reader[i], SIGKILL));
		CHECK_EQ(wait_status(reader[i]), SIGKILL);
	}
}

static unsigned long free_pages(void)
{
	struct sysinfo si;

	CHECK(!sysinfo(&si));
	return si.freeram * si.mem_unit / PAGE;
}

static char *take(unsigned long pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	for (unsigned long i = 0; i < pages; i++)
		p[i * PAGE] = 1;
	return p;
}

/* Another program that holds so many pages until its end; -1: it was killed
 * before it had them. */
static pid_t hold(unsigned long pages)
{
	int told[2];
	ssize_t n;
	pid_t pid;

	CHECK(!pipe(told));
	pid = fork();
	if (!pid) {
		CHECK_EQ(write(told[1], take(pages), 1), 1);
		for (;;)
			pause();
	}
	CHECK(pid > 0);
	close(told[1]);
	n = read(told[0], &told[1], 1);
	close(told[0]);
	if (n == 1)
		return pid;
	CHECK_EQ(wait_status(pid), SIGKILL);
	return -1;
}

/* One that holds most of what there is. */
static pid_t hold_most(void)
{
	pid_t pid = hold(free_pages() / 4 * 3);

	CHECK(pid > 0);
	return pid;
}

static void stay(void *arg)
{
	for (;;)
		sys(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

/* So many threads, until it is killed; a page of stack each. */
static pid_t crowd(unsigned long n)
{
	static volatile int tid;
	int told[2];
	pid_t pid;
	char *p;

	CHECK(!pipe(told));
	pid = fork();
	if (!pid) {
		p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(p != MAP_FAILED);
		for (unsigned long i = 1; i <= n; i++)
			CHECK(thread_clone(THREAD_FLAGS, p + i * PAGE, &tid,
					   stay, NULL) > 0);
		CHECK_EQ(write(told[1], p, 1), 1);
		stay(NULL);
	}
	CHECK(pid > 0);
	close(told[1]);
	CHECK_EQ(read(told[0], &told[1], 1), 1);
	close(told[0]);
	return pid;
}

static void end_it(pid_t pid)
{
	CHECK(pid > 0);
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(wait_status(pid), SIGKILL);
}

/* What the kernel had for a crowd, a quarter of the memory and more, is there
 * for one program when the crowd is gone; and then for a crowd again. */
static void crowds_leave_nothing(void)
{
	unsigned long n = free_pages() / 16;

	needs_own_machine();
	end_it(crowd(n));
	end_it(hold(free_pages() / 8 * 7));
	end_it(crowd(n));
}

/* It was killed, and dies soon. */
static void holder_is_killed(pid_t pid)
{
	int status;

	for (int i = 0; waitpid(pid, &status, WNOHANG) == 0; i++) {
		CHECK(i < 3000);
		nap_ms(10);
	}
	CHECK_EQ(status, SIGKILL);
}

/*
 * Who wants the last page, and has less than another one, gets it, and nothing
 * happens to him. Here it is a page for a table: a page of one file is seen at
 * more places than there is room for their tables.
 */
static void asker_of_tables_lives_on(void)
{
	enum { STEP = 2 << 20 };
	unsigned long places = free_pages() / 4 + 8192, i;
	volatile char *p;
	pid_t holder;
	int fd;

	needs_own_machine();
	fd = open("page", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && !ftruncate(fd, PAGE));
	p = mmap(NULL, places * STEP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		 -1, 0);
	CHECK(p != MAP_FAILED);
	for (i = 0; i < places; i++)
		CHECK(mmap((void *)(p + i * STEP), PAGE, PROT_READ,
			   MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED);
	holder = hold_most();
	for (i = 0; i < places; i++)
		CHECK_EQ(p[i * STEP], 0);
	holder_is_killed(holder);
	CHECK(!unlink("page"));
}

/* So with pages of a file in memory, which a fault makes. */
static void asker_of_a_file_lives_on(void)
{
	unsigned long pages = free_pages() / 8 * 3, i;
	volatile char *p;
	pid_t holder;
	int fd;

	needs_own_machine();
	fd = open("some", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && !ftruncate(fd, (off_t)(pages * PAGE)));
	p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	holder = hold_most();
	for (i = 0; i < pages; i++)
		p[i * PAGE] = 1;
	holder_is_killed(holder);
	CHECK(!munmap((void *)p, pages * PAGE));
	close(fd);
	CHECK(!unlink("some"));
}

/* Half of what there is, so that fork's copies do not fit a second time. */
static void fork_until_it_ends(void)
{
	unsigned long pages = free_pages() / 3;
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid[6];

	CHECK(p != MAP_FAILED);
	for (unsigned long i = 0; i < pages; i++)
		p[i * PAGE] = 1;
	for (int n = 0; n < 6; n++) {
		pid[n] = fork();
		if (!pid[n]) {
			/* Each page becomes this child's own. */
			for (unsigned long i = 0; i < pages; i++)
				p[i * PAGE] = 2;
			pause();
			_exit(0);
		}
	}
	/* Some are killed for it; the others are told to go. */
	nap_ms(300);
	for (int n = 0; n < 6; n++)
		if (pid[n] > 0)
			kill(pid[n], SIGKILL);
	while (wait(NULL) > 0)
		;
	for (unsigned long i = 0; i < pages; i++)
		if (p[i * PAGE] != 1)
			_exit(9);
	_exit(0);
}

static void copies_do_not_fit(void)
{
	int status;

	needs_own_machine();
	status = wait_status(spawn(fork_until_it_ends));
	CHECK(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
				  : WEXITSTATUS(status) == 0);
}

/* Processes without end: fork says so at some point, half-way through or not,
 * and what was begun is undone (the frame counts). */
static void fork_bomb(void)
{
	enum { MOST = 1000 };
	int gate[2], n = 0, error = 0;
	char c;

	needs_own_machine();
	CHECK(!pipe(gate));
	for (; n < MOST; n++) {
		pid_t pid = fork();

		if (pid < 0) {
			error = errno;
			break;
		}
		if (!pid) {
			static char own[64 * PAGE];

			close(gate[1]);
			for (unsigned i = 0; i < sizeof(own); i += PAGE)
				own[i] = 1;
			_exit(read(gate[0], &c, 1) != 0);
		}
	}
	close(gate[1]);
	CHECK(n > 100);
	CHECK(n == MOST || error == ENOMEM || error == EAGAIN);
	while (n--) {
		int status;

		CHECK(wait(&status) > 0);
		CHECK(status == 0 || WIFSIGNALED(status));
	}
}

/* A file system of half of the memory, filled: no program dies of it. */
static void files_without_end(void)
{
	static char buf[1 << 16];
	long total = 0;
	ssize_t n;
	int fd;

	needs_own_machine();
	fd = open("big", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	while ((n = write(fd, buf, sizeof(buf))) > 0)
		total += n;
	CHECK(n < 0 && (errno == ENOSPC || errno == ENOMEM));
	CHECK(total > 1 << 20);
	CHECK_EQ(pread(fd, buf, 4096, total - 4096), 4096);
	CHECK(!ftruncate(fd, 0));
	CHECK_EQ(write(fd, buf, sizeof(buf)), (long)sizeof(buf));
	close(fd);
	CHECK(!unlink("big"));
}

static void spin(void *arg)
{
	for (;;)
		;
}

/* Every thread waits to run, as one of this user and of that one. */
static void be_many_users(void *arg)
{
	for (uid_t uid = 0;; uid = (uid + 1) % 8)
		sys(SYS_setresuid, (long)uid, 0, 0, 0, 0);
}

static void take_all_as_many_users(void)
{
	static struct tthread t[4];

	take(free_pages() / 8 * 7);
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
		thread_start(&t[i], i ? spin : be_many_users, NULL);
	take_all();
}

/* Who is killed for memory is the next to run, in whichever queue it waits. */
static void killed_while_users_change(void)
{
	needs_own_machine();
	CHECK_EQ(wait_status(spawn(take_all_as_many_users)), SIGKILL);
}

static void fork_on(void *arg)
{
	long pid;

	for (;;) {
		pid = sys(SYS_clone, SIGCHLD);
		if (!pid)
			sys(SYS_exit_group, 0);
		if (pid > 0)
			sys(SYS_wait4, pid);
	}
}

static int begun[2];

static void fork_as_many_users(void)
{
	static struct tthread t[4];

	for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
		thread_start(&t[i], i ? fork_on : be_many_users, NULL);
	CHECK_EQ(write(begun[1], "b", 1), 1);
	for (;;)
		pause();
}

/* Too little is left to begin something, while it changes who asks. */
static void users_change_while_one_forks(void)
{
	struct sysinfo si;
	unsigned long left;
	pid_t pid;
	char c;

	needs_own_machine();
	CHECK(!pipe(begun));
	pid = spawn(fork_as_many_users);
	CHECK_EQ(read(begun[0], &c, 1), 1);
	CHECK(!sysinfo(&si));
	left = si.totalram * si.mem_unit / PAGE / 16;
	for (int i = 0; i < 8 && free_pages() > left; i++)
		CHECK(hold(free_pages() - left) > 0);
	nap_ms(2000);
	end_it(pid);
	signal(SIGTERM, SIG_IGN);
	CHECK(!kill(0, SIGTERM));
	while (wait(NULL) > 0)
		;
}

/* Who ends by itself, and is kept from it by its tracer, does not count as one
 * that gives its memory back. */
static void ends_too_late(void)
{
	unsigned long pages = free_pages();
	pid_t traced, holder;
	int status;

	needs_own_machine();
	traced = fork();
	if (!traced) {
		CHECK(!sys(SYS_ptrace, PTRACE_TRACEME));
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK_EQ(waitpid(traced, &status, 0), traced);
	CHECK(WIFSTOPPED(status));
	CHECK(!sys(SYS_ptrace, PTRACE_SETOPTIONS, traced, 0,
		   PTRACE_O_TRACEEXIT));
	CHECK(!sys(SYS_ptrace, PTRACE_CONT, traced));
	CHECK_EQ(waitpid(traced, &status, 0), traced);
	CHECK_EQ(status >> 8, SIGTRAP | PTRACE_EVENT_EXIT << 8);
	holder = hold_most();
	take(pages / 8 * 3);
	holder_is_killed(holder);
	CHECK(!kill(traced, SIGKILL));
	CHECK_EQ(waitpid(traced, &status, 0), traced);
}

/* What holds memory of the kernel's, as much as there is: regions, open files,
 * full pipes. */
static void hoard(int kind)
{
	static char buf[1 << 16];
	int fds[2];
	char *p;

	switch (kind) {
	case 0:
		p = mmap(NULL, 32ul << 30, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		while (!mprotect(p, PAGE, PROT_READ))
			p += 2 * PAGE;
		break;
	case 1:
		while (open("/dev/null", O_RDONLY) >= 0)
			;
		break;
	default:
		while (!pipe2(fds, O_NONBLOCK))
			while (write(fds[1], buf, sizeof(buf)) > 0)
				;
	}
}

/*
 * A user takes all memory by what the kernel has to keep for it. Root can still
 * begin something, and another user's process that has more pages than the
 * hoarder's lives on.
 */
static void hoards(int kind)
{
	struct rlimit rl;
	int ready[2], n, status = 0;
	pid_t other, pid[64];
	char c;

	needs_own_machine();
	if (geteuid())
		test_skip("not started by root");
	CHECK(!getrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_cur = rl.rlim_max;
	CHECK(!setrlimit(RLIMIT_NOFILE, &rl));
	CHECK(!pipe(ready));
	other = fork();
	if (!other) {
		static char own[2 << 20];

		CHECK(!setgid(1235) && !setuid(1235));
		memset(own, 1, sizeof(own));
		CHECK_EQ(write(ready[1], "r", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	for (n = 0; n < 64 && !status; n++) {
		pid[n] = fork();
		if (!pid[n]) {
			become_nobody();
			hoard(kind);
			CHECK_EQ(write(ready[1], "r", 1), 1);
			for (;;)
				pause();
		}
		CHECK(pid[n] > 0);
		/* Until this one has all that it gets, or one is killed. */
		while (poll(&(struct pollfd){ ready[0], POLLIN, 0 }, 1, 10) ==
			       0 &&
		       waitpid(-1, &status, WNOHANG) == 0)
			;
		if (!status)
			CHECK_EQ(read(ready[0], &c, 1), 1);
	}
	CHECK_EQ(status, SIGKILL);
	CHECK(!kill(other, 0) && waitpid(other, &status, WNOHANG) == 0);
	CHECK(!kill(other, SIGKILL));
	while (n--)
		kill(pid[n], SIGKILL);
	while (wait(NULL) > 0)
		;
}

static void hoarded_regions(void)
{
	hoards(0);
}

static void hoarded_files(void)
{
	hoards(1);
}

static void hoarded_pipes(void)
{
	hoards(2);
}

static void address_space_limit(void)
{
	struct rlimit rl = { 64 << 20, 64 << 20 };
	char *p;

	needs_own_machine();
	CHECK(!setrlimit(RLIMIT_AS, &rl));
	p = mmap(NULL, 128 << 20, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		CHECK_EQ(errno, ENOMEM);
}

TEST_MAIN(CASE(greedy_is_killed), CASE(others_live_on), CASE(readers_live_on),
	  CASE(crowds_leave_nothing), CASE(asker_of_tables_lives_on),
	  CASE(asker_of_a_file_lives_on), CASE(copies_do_not_fit),
	  CASE(fork_bomb), CASE(files_without_end),
	  CASE(hoarded_regions), CASE(hoarded_files), CASE(hoarded_pipes),
	  CASE(killed_while_users_change),
	  CASE(users_change_while_one_forks), CASE(ends_too_late),
	  CASE(address_space_limit))
