/* Threads: made, joined, ended together; futexes; what they share. */
#define TEST_SELF(argc, argv) be_init()
static void be_init(void);

#include "user/test/thread.h"

static volatile int shared, gate;

static void add_thousand(void *arg)
{
	for (int i = 0; i < 1000; i++)
		__atomic_fetch_add(&shared, 1, __ATOMIC_RELAXED);
}

static void create_and_join(void)
{
	static struct tthread t[8];

	for (int round = 0; round < 30; round++) {
		shared = 0;
		for (int i = 0; i < 8; i++)
			thread_start(&t[i], add_thousand, NULL);
		for (int i = 0; i < 8; i++)
			thread_join(&t[i]);
		CHECK_EQ(shared, 8000);
	}
}

static void wait_for_gate(void *arg)
{
	wait_at_least(&gate, 1);
	__atomic_fetch_add(&shared, 1, __ATOMIC_RELAXED);
}

static void hundred_at_once(void)
{
	enum { N = 100 };
	static struct tthread t[N];

	shared = gate = 0;
	for (int i = 0; i < N; i++)
		thread_start(&t[i], wait_for_gate, NULL);
	CHECK_EQ(shared, 0);
	set_and_wake(&gate, 1);
	for (int i = 0; i < N; i++)
		thread_join(&t[i]);
	CHECK_EQ(shared, N);
}

static volatile long ids[4];

static void tell_ids(void *arg)
{
	ids[0] = sys(SYS_gettid);
	ids[1] = sys(SYS_getpid);
	ids[2] = sys(SYS_getppid);
}

static void who_they_are(void)
{
	static struct tthread t;

	for (int i = 0; i < 20; i++) {
		thread_start(&t, tell_ids, NULL);
		thread_join(&t);
		CHECK_EQ(ids[1], getpid());
		CHECK_EQ(ids[2], getppid());
		CHECK(ids[0] != getpid());
	}
	CHECK_EQ(sys(SYS_gettid), getpid());
	CHECK_EQ(sys(SYS_set_tid_address, &gate), getpid());
}

static void change_things(void *arg)
{
	shared = (int)sys(SYS_openat, AT_FDCWD, "made", O_RDWR | O_CREAT,
			  0600);
	sys(SYS_write, shared, "thread", 6);
	sys(SYS_mkdirat, AT_FDCWD, "d", 0700);
	sys(SYS_chdir, "d");
	sys(SYS_umask, 0777);
}

static void what_they_share(void)
{
	static struct tthread t;
	char buf[8] = "", cwd[128];

	thread_start(&t, change_things, NULL);
	thread_join(&t);
	CHECK(shared > 0);
	CHECK_EQ(pread(shared, buf, 8, 0), 6);
	CHECK(!strcmp(buf, "thread"));
	CHECK(getcwd(cwd, sizeof(cwd)));
	CHECK(!strcmp(cwd + strlen(cwd) - 2, "/d"));
	CHECK_EQ(umask(022), 0777);
}

/* A lock of one word: 0 free, 1 held, 2 held and somebody waits. */
static volatile int lock_word;
static long guarded;

static void lock(void)
{
	int seen = 0;

	if (__atomic_compare_exchange_n(&lock_word, &seen, 1, 0,
					__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&lock_word, 2, __ATOMIC_ACQUIRE) != 0)
		futex_wait(&lock_word, 2);
}

static void unlock(void)
{
	if (__atomic_exchange_n(&lock_word, 0, __ATOMIC_RELEASE) == 2)
		futex_wake(&lock_word, 1);
}

static void lock_and_count(void *arg)
{
	for (int i = 0; i < 500; i++) {
		long was;

		lock();
		was = guarded;
		if (i % 50 == 0)
			sys(SYS_sched_yield);
		guarded = was + 1;
		unlock();
	}
}

static void a_lock_of_futexes(void)
{
	static struct tthread t[8];

	guarded = 0;
	for (int i = 0; i < 8; i++)
		thread_start(&t[i], lock_and_count, NULL);
	for (int i = 0; i < 8; i++)
		thread_join(&t[i]);
	CHECK_EQ(guarded, 8 * 500);
}

static void pong(void *arg)
{
	for (int i = 1; i < 1000; i += 2) {
		wait_at_least(&gate, i);
		set_and_wake(&gate, i + 1);
	}
}

static void futex_ping_pong(void)
{
	static struct tthread t;

	gate = 0;
	thread_start(&t, pong, NULL);
	for (int i = 0; i < 1000; i += 2) {
		wait_at_least(&gate, i);
		set_and_wake(&gate, i + 1);
	}
	thread_join(&t);
	CHECK_EQ(gate, 1000);
}

static void futex_arguments(void)
{
	struct timespec t = { 0, 10000000 }, wrong = { 0, 1000000000 };
	static volatile int word = 5;
	long long start = now_ns();

	CHECK_EQ(futex_wait(&word, 4), -EAGAIN);
	CHECK_EQ(sys(SYS_futex, &word, FUTEX_WAIT, 5, &t), -ETIMEDOUT);
	CHECK(now_ns() - start >= 10000000);
	CHECK_EQ(futex_wake(&word, 1), 0);
	CHECK_EQ(sys(SYS_futex, bad_pointer, FUTEX_WAIT, 5, &t), -EFAULT);
	CHECK_EQ(sys(SYS_futex, (char *)(uintptr_t)&word + 2, FUTEX_WAIT, 5,
		     &t), -EINVAL);
	CHECK_EQ(sys(SYS_futex, &word, FUTEX_WAIT, 5, &wrong), -EINVAL);
	CHECK_EQ(sys(SYS_futex, &word, 77, 5, &t), -ENOSYS);
}

static void wait_once(void *arg)
{
	add_and_wake(&shared, 1);
	while (futex_wait(&gate, 0) != 0 && gate == 0)
		;
	add_and_wake(&shared, 100);
}

/* As many wake as were asked for, and the others when they are moved. */
static void wake_some_move_others(void)
{
	enum { N = 5 };
	static struct tthread t[N];
	static volatile int elsewhere;
	long woken = 0;

	shared = gate = 0;
	for (int i = 0; i < N; i++)
		thread_start(&t[i], wait_once, NULL);
	wait_at_least(&shared, N);
	gate = 1;
	/* They may still be on their way to sleep. */
	while (woken < 2) {
		long n = futex_wake(&gate, 1);

		CHECK(n >= 0 && n <= 1);
		woken += n;
		if (__atomic_load_n(&shared, __ATOMIC_RELAXED) >= N + 200)
			break;
	}
	/* FUTEX_CMP_REQUEUE: wake none, move the rest. */
	CHECK_EQ(sys(SYS_futex, &gate, 4, 0, 100, &elsewhere, 2), -EAGAIN);
	CHECK(sys(SYS_futex, &gate, 4, 0, 100, &elsewhere, 1) <= N - 2);
	CHECK_EQ(futex_wake(&gate, 100), 0);
	futex_wake(&elsewhere, 100);
	for (int i = 0; i < N; i++)
		thread_join(&t[i]);
	CHECK_EQ(shared, N + N * 100);
}

/* ---- the end ---- */

static int pipe_fd[2];

static void spin(void *arg)
{
	for (;;)
		;
}

static void sleep_long(void *arg)
{
	struct timespec t = { 1000, 0 };

	for (;;)
		sys(SYS_nanosleep, &t, NULL);
}

static void read_long(void *arg)
{
	char c;

	for (;;)
		sys(SYS_read, pipe_fd[0], &c, 1);
}

static void wait_long(void *arg)
{
	static volatile int never;

	for (;;)
		futex_wait(&never, 0);
}

static void end_all(void *arg)
{
	struct timespec t = { 0, 5000000 };

	sys(SYS_nanosleep, &t, NULL);
	sys(SYS_exit_group, 44);
}

static void (*const busy[])(void *) = { spin, sleep_long, read_long,
					wait_long };

static void start_busy_ones(void)
{
	static struct tthread t[12];

	CHECK(!pipe(pipe_fd));
	for (int i = 0; i < 12; i++)
		thread_start(&t[i], busy[i % 4], NULL);
}

static void exit_ends_all(void)
{
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();

		if (!pid) {
			static struct tthread t;

			start_busy_ones();
			if (i % 2) {
				thread_start(&t, end_all, NULL);
				sleep_long(NULL);
			}
			sys(SYS_exit_group, 44);
		}
		CHECK_EQ(WEXITSTATUS(wait_status(pid)), 44);
	}
}

static void kill_ends_all(void)
{
	for (int i = 0; i < 6; i++) {
		int ready[2];
		pid_t pid;
		char c;

		CHECK(!pipe(ready));
		pid = fork();
		if (!pid) {
			start_busy_ones();
			CHECK_EQ(write(ready[1], "x", 1), 1);
			spin(NULL);
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		CHECK(!kill(pid, i % 2 ? SIGKILL : SIGTERM));
		CHECK_EQ(WTERMSIG(wait_status(pid)), i % 2 ? SIGKILL :
							     SIGTERM);
		close(ready[0]);
		close(ready[1]);
	}
}

static int may_exit[2];

static void exit_when_told(void *arg)
{
	static char c;

	sys(SYS_read, may_exit[0], &c, 1);
	sys(SYS_exit_group, 55);
}

/* The first thread goes, the process stays. */
static void first_thread_goes(void)
{
	pid_t pid;
	int status;

	CHECK(!pipe(may_exit));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		static struct tthread t;

		thread_start(&t, exit_when_told, NULL);
		sys(SYS_exit, 3);
	}
	nap_ms(5);
	/* A first thread that has ended is no zombie yet. */
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(write(may_exit[1], "x", 1), 1);
	CHECK_EQ(WEXITSTATUS(wait_status(pid)), 55);
}

static void find_myself(void *arg)
{
	struct timespec moment = { 0, 10000000 };
	long pid = sys(SYS_getpid), me = sys(SYS_gettid);

	while (gate)
		futex_wait(&gate, 1);
	sys(SYS_nanosleep, &moment, NULL);
	sys(SYS_exit_group,
	    sys(SYS_tgkill, pid, me, 0) || sys(SYS_tkill, me, 0));
}

/* Who is left of a process, and has not its number, is found all the same. */
static void the_last_is_found(void)
{
	static struct tthread t;
	pid_t pid;

	gate = 1;
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		thread_start(&t, find_myself, NULL);
		/* Cleared when this one ends. */
		sys(SYS_set_tid_address, &gate);
		sys(SYS_exit, 9);
	}
	CHECK_EQ(wait_status(pid), 0);
}

static void null_access(void *arg)
{
	*(volatile char *)bad_pointer = 1;
}

static void fault_ends_all(void)
{
	pid_t pid = fork();

	if (!pid) {
		static struct tthread t;

		start_busy_ones();
		thread_start(&t, null_access, NULL);
		spin(NULL);
	}
	CHECK_EQ(WTERMSIG(wait_status(pid)), SIGSEGV);
}

static char *const echo_env[] = { NULL };

static void exec_shell(void *arg)
{
	static char *args[] = { (char *)(uintptr_t)"sh",
				(char *)(uintptr_t)"-c",
				(char *)(uintptr_t)"test $$ = $0 && exit 66",
				NULL, NULL };

	args[3] = arg;
	sys(SYS_execve, "/bin/sh", args, echo_env);
	sys(SYS_exit_group, 1);
}

/* Only the one that calls exec is left, and it has the process's number. */
static void exec_ends_the_others(void)
{
	test_skip_on_linux("QEMU's user mode hands execve to its host");
	for (int i = 0; i < 6; i++) {
		pid_t pid = fork();

		if (!pid) {
			static struct tthread t;
			static char number[16];

			snprintf(number, sizeof(number), "%d", (int)getpid());
			start_busy_ones();
			if (i % 2)
				exec_shell(number);
			thread_start(&t, exec_shell, number);
			sleep_long(NULL);
		}
		CHECK_EQ(WEXITSTATUS(wait_status(pid)), 66);
	}
}

static void fork_here(void *arg)
{
	long pid = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		sys(SYS_exit_group, sys(SYS_gettid) == sys(SYS_getpid) ? 12 :
									 13);
	shared = (int)pid;
}

static void fork_in_a_thread(void)
{
	static struct tthread t;

	for (int i = 0; i < 10; i++) {
		thread_start(&t, fork_here, NULL);
		thread_join(&t);
		CHECK(shared > 0);
		/* Any thread may wait for it. */
		CHECK_EQ(WEXITSTATUS(wait_status(shared)), 12);
	}
}

/* ---- signals ---- */

static volatile int handled_by;

static void note_thread(int sig)
{
	handled_by = (int)sys(SYS_gettid);
	futex_wake(&handled_by, 10);
}

static void ready_then_sleep(void *arg)
{
	add_and_wake(&shared, 1);
	wait_at_least(&gate, 1);
}

static void signal_for_one(void)
{
	static struct tthread t[3];
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = note_thread;
	CHECK(!sigaction(SIGUSR1, &act, NULL));
	shared = gate = 0;
	for (int i = 0; i < 3; i++)
		thread_start(&t[i], ready_then_sleep, NULL);
	wait_at_least(&shared, 3);
	for (int i = 0; i < 9; i++) {
		int tid = t[i % 3].tid;

		handled_by = 0;
		CHECK_EQ(sys(SYS_tgkill, getpid(), tid, SIGUSR1), 0);
		while (!handled_by)
			futex_wait(&handled_by, 0);
		CHECK_EQ(handled_by, tid);
	}
	CHECK_EQ(sys(SYS_tgkill, getpid(), 0x3ffffff, SIGUSR1), -ESRCH);
	CHECK_EQ(sys(SYS_tgkill, 1, t[0].tid, SIGUSR1), -ESRCH);
	CHECK_EQ(sys(SYS_tgkill, getpid(), t[0].tid, 0), 0);
	set_and_wake(&gate, 1);
	for (int i = 0; i < 3; i++)
		thread_join(&t[i]);
}

/* ---- floating point is each thread's own ---- */

static void compute(void *arg)
{
	double start = (double)(long)arg, x = start;

	for (int round = 0; round < 300; round++) {
		for (int i = 1; i <= 50; i++)
			x += i * start;
		if (round % 10 == 0)
			sys(SYS_sched_yield);
		for (int i = 50; i >= 1; i--)
			x -= i * start;
		if (x != start) {
			__atomic_store_n(&shared, 1, __ATOMIC_RELAXED);
			return;
		}
	}
}

static void fp_of_ones_own(void)
{
	static struct tthread t[8];

	shared = 0;
	for (long i = 0; i < 8; i++)
		thread_start(&t[i], compute, (void *)(i + 3));
	for (int i = 0; i < 8; i++)
		thread_join(&t[i]);
	CHECK_EQ(shared, 0);
}

/* ---- races over one descriptor table ---- */

static void open_and_close(void *arg)
{
	for (int i = 0; i < 300; i++) {
		long fd = sys(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);

		if (fd < 0)
			continue;
		sys(SYS_write, fd, "x", 1);
		sys(SYS_dup3, fd, 60 + (i & 3), 0);
		sys(SYS_write, 60 + ((i + 1) & 3), "x", 1);
		sys(SYS_close, fd);
		sys(SYS_close, 60 + ((i + 2) & 3));
	}
}

static void table_under_fire(void)
{
	static struct tthread t[6];
	int before = dup(0);

	close(before);
	for (int i = 0; i < 6; i++)
		thread_start(&t[i], open_and_close, NULL);
	for (int i = 0; i < 6; i++)
		thread_join(&t[i]);
	for (int i = 60; i < 64; i++)
		close(i);
	/* Nothing was lost: the lowest free number is what it was. */
	CHECK_EQ(dup(0), before);
}

static void read_pipe(void *arg)
{
	char c = 0;

	add_and_wake(&shared, 1);
	if (sys(SYS_read, pipe_fd[0], &c, 1) == 1 && c == 'q')
		add_and_wake(&shared, 10);
}

/* A file is not torn from under the one that reads it. */
static void closed_while_read(void)
{
	static struct tthread t;

	for (int i = 0; i < 20; i++) {
		CHECK(!pipe(pipe_fd));
		shared = 0;
		thread_start(&t, read_pipe, NULL);
		wait_at_least(&shared, 1);
		if (i % 2)
			nap_ms(2);
		CHECK_EQ(write(pipe_fd[1], "q", 1), 1);
		close(pipe_fd[0]);
		thread_join(&t);
		CHECK(shared == 11 || shared == 1);
		close(pipe_fd[1]);
	}
}

static void wrong_flags(void)
{
	CHECK_EQ(sys(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0),
		 -EINVAL);
	CHECK_EQ(sys(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), -EINVAL);
	if (!test_on_linux())
		CHECK_EQ(sys(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0),
			 -EINVAL);
}

/* A word in shared memory is one word, wherever it is mapped. */
static void futex_between_processes(void)
{
	volatile int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	CHECK(word != MAP_FAILED);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		for (int i = 1; i <= 100; i += 2) {
			wait_at_least(word, i);
			set_and_wake(word, i + 1);
		}
		_exit(0);
	}
	for (int i = 1; i <= 100; i += 2) {
		set_and_wake(word, i);
		wait_at_least(word, i + 1);
	}
	CHECK_EQ(wait_status(pid), 0);
	/* One that is said to be private is not found from here. */
	*word = 0;
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		sys(SYS_futex, word, FUTEX_WAIT | 128, 0, NULL);
		_exit(0);
	}
	nap_ms(50);
	CHECK_EQ(sys(SYS_futex, word, FUTEX_WAKE, 9), 0);
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(wait_status(pid), SIGKILL);
}

static void wait_then_end(void *arg)
{
	while (!__atomic_load_n(&gate, __ATOMIC_ACQUIRE))
		;
}

/* As the first program (init=/test/thread): all its threads end at once. */
static void be_init(void)
{
	static struct tthread t[3];

	if (getpid() != 1)
		return;
	for (int i = 0; i < 3; i++)
		thread_start(&t[i], wait_then_end, NULL);
	nap_ms(50);
	gate = 1;
	sys(SYS_exit, 0);
}

TEST_MAIN(CASE(create_and_join), CASE(hundred_at_once), CASE(who_they_are),
	  CASE(what_they_share), CASE(a_lock_of_futexes), CASE(futex_ping_pong),
	  CASE(futex_arguments), CASE(wake_some_move_others),
	  CASE(exit_ends_all), CASE(kill_ends_all), CASE(first_thread_goes),
	  CASE(the_last_is_found), CASE(fault_ends_all),
	  CASE(exec_ends_the_others), CASE(fork_in_a_thread),
	  CASE(signal_for_one), CASE(fp_of_ones_own), CASE(table_under_fire),
	  CASE(closed_while_read), CASE(wrong_flags),
	  CASE(futex_between_processes))
