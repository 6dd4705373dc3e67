/*
 * Many at once: what goes wrong only when two harts are in the same place at
 * the same time. Each case lets a crowd do for a while what hardly anybody does
 * once, at moments that chance picks; the frame then sees whether anything was
 * left behind. -t SECONDS makes each case run that much longer.
 */
#include "user/test/crowd.h"
#include "user/test/thread.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* Each of n children runs fn until it returns; all must end well. */
static void crowd(int n, void (*fn)(void))
{
	pid_t pid[64];

	for (int i = 0; i < n; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (!pid[i]) {
			seed = 0;
			fn();
			_exit(0);
		}
	}
	for (int i = 0; i < n; i++)
		CHECK_EQ(wait_status(pid[i]), 0);
}

/* ---- killed while being born, while dying, while waiting for a child ---- */

static void breed(void)
{
	for (int i = 0; i < 1000; i++) {
		pid_t pid = fork();
		int fd[2];

		if (!pid) {
			if (chance(4) == 0) /* a child that outlives us */
				nap_us(chance(2000));
			_exit(0);
		}
		if (pipe(fd))
			continue;
		if (write(fd[1], "x", 1) == 1 && chance(2))
			waitpid(pid, NULL, 0);
		close(fd[0]);
		close(fd[1]);
	}
}

static void killed_at_any_moment(void)
{
	long long end = end_of_case();

	while (now_ns() < end) {
		pid_t pid[6];

		for (int i = 0; i < 6; i++) {
			pid[i] = fork();
			CHECK(pid[i] >= 0);
			if (!pid[i]) {
				setpgid(0, 0);
				seed = 0;
				breed();
				_exit(0);
			}
			setpgid(pid[i], pid[i]);
		}
		nap_us(chance(8000));
		for (int i = 0; i < 6; i++)
			CHECK(!kill(-pid[i], SIGKILL));
		for (int i = 0; i < 6; i++)
			wait_status(pid[i]);
	}
}

/* ---- stopped and continued: the last word counts ---- */

static void stop_then_continue(void)
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN };
	long long end = end_of_case();
	volatile int *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	CHECK(count != MAP_FAILED && pid >= 0);
	if (!pid)
		for (;;)
			*count = *count + 1;
	for (int round = 0; now_ns() < end; round++) {
		int before = *count;

		CHECK(!kill(pid, stops[chance(3)]));
		if (chance(2))
			nap_us(chance(300));
		CHECK(!kill(pid, SIGCONT));
		if (round % 4 == 0)
			WAIT_UNTIL(*count != before);
		while (waitpid(pid, NULL, WNOHANG | WUNTRACED) > 0)
			;
	}
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(wait_status(pid), SIGKILL);
	munmap((void *)count, 4096);
}

static void read_between(void)
{
	long long end = end_of_case();
	int in[2], out[2];
	char c = 'a';
	pid_t pid;

	CHECK(!pipe(in) && !pipe(out));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		/* No handler anywhere: a call never ends with EINTR. */
		while (read(in[0], &c, 1) == 1)
			if (write(out[1], &c, 1) != 1)
				_exit(1);
		_exit(errno == EINTR ? 2 : 3);
	}
	while (now_ns() < end) {
		CHECK(!kill(pid, chance(2) ? SIGSTOP : SIGTSTP));
		nap_us(chance(500));
		CHECK(!kill(pid, SIGCONT));
		CHECK_EQ(write(in[1], &c, 1), 1);
		CHECK_EQ(read(out[0], &c, 1), 1);
	}
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(wait_status(pid), SIGKILL);
}

/* ---- signals to a process whose threads come and go ---- */

static volatile int got_signals, no_more;

static void count_signal(int sig)
{
	__atomic_fetch_add(&got_signals, 1, __ATOMIC_RELAXED);
}

static void short_life(void *arg)
{
	unsigned long set = 1ul << (SIGUSR1 - 1);

	if ((long)arg & 1) /* takes it over, perhaps, and will not have it */
		sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
}

static void busy_with_threads(void *arg)
{
	static struct tthread t[3];

	while (!no_more) {
		for (long i = 0; i < 3; i++)
			thread_start(&t[i], short_life, (void *)i);
		for (int i = 0; i < 3; i++)
			thread_join(&t[i]);
	}
}

static void long_sleep(void *arg)
{
	while (!no_more)
		sys(SYS_ppoll, NULL, 0, NULL, NULL, 8);
}

/* One signal at a time, each must be acted on though the thread that was told
 * of it may be gone. */
static void signal_finds_a_thread(void)
{
	static struct tthread t[2];
	struct sigaction act = { 0 };
	sigset_t mine;
	long long end = end_of_case();
	int sent = 0;

	act.sa_handler = count_signal;
	CHECK(!sigaction(SIGUSR1, &act, NULL));
	thread_start(&t[0], busy_with_threads, NULL);
	thread_start(&t[1], long_sleep, NULL);
	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR1);
	CHECK(!sigprocmask(SIG_BLOCK, &mine, NULL));
	while (now_ns() < end) {
		CHECK(!sys(SYS_kill, getpid(), SIGUSR1));
		sent++;
		WAIT_UNTIL(got_signals == sent);
	}
	no_more = 1;
	CHECK(!sys(SYS_kill, getpid(), SIGUSR1));
	thread_join(&t[0]);
	sys(SYS_tkill, t[1].tid, SIGUSR1);
}

/* ---- a program that ends, or becomes another, under its threads ---- */

static void spin_in_calls(void *arg)
{
	for (;;) {
		char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, ANON, -1, 0);

		p[0] = p[4096] = 1;
		munmap(p, 8192);
	}
}

static void sleep_for_ever(void *arg)
{
	volatile int word = 0;

	for (;;)
		futex_wait(&word, 0);
}

static void exec_now(void *arg)
{
	static char path[] = "/bin/true";
	char *argv[] = { path, NULL };

	sys(SYS_execve, argv[0], argv, &argv[1]);
	sys(SYS_exit_group, 9);
}

static void exit_now(void *arg)
{
	sys(SYS_exit_group, 0);
}

static void ends_with_threads(void)
{
	long long end = end_of_case();

	test_skip_on_linux("QEMU's user mode runs out of its own threads");
	while (now_ns() < end) {
		unsigned how = chance(4);
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (!pid) {
			static struct tthread t[5];

			seed = 0;
			thread_start(&t[0], spin_in_calls, NULL);
			thread_start(&t[1], sleep_for_ever, NULL);
			thread_start(&t[2], spin_in_calls, NULL);
			if (how == 0)
				thread_start(&t[3], exec_now, NULL);
			if (how <= 1)
				thread_start(&t[4], exit_now, NULL);
			if (how == 2)
				exec_now(NULL);
			sleep_for_ever(NULL);
		}
		if (how == 3) {
			nap_us(chance(3000));
			CHECK(!kill(pid, SIGKILL));
		}
		status = wait_status(pid);
		CHECK(status == 0 || (how == 3 && status == SIGKILL));
	}
}

static void vfork_and_kill(void)
{
	long long end = end_of_case();

	while (now_ns() < end) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (!pid) {
			setpgid(0, 0);
			for (;;) {
				/* CLONE_VM | CLONE_VFORK on a stack of its own:
				 * our stack is not disturbed by the child. */
				static char stack[8192]
					__attribute__((aligned(16)));

				thread_clone(0x100 | 0x4000 | SIGCHLD,
					     stack + sizeof(stack), NULL,
					     chance(2) ? exec_now : exit_now,
					     NULL);
				sys(SYS_wait4, -1, NULL, WNOHANG, NULL);
			}
		}
		setpgid(pid, pid);
		nap_us(chance(6000));
		CHECK(!kill(chance(2) ? pid : -pid, SIGKILL));
		status = wait_status(pid);
		CHECK_EQ(status, SIGKILL);
	}
}

/* ---- waiting for signals that are ignored by default ---- */

static void wait_for_children_by_signal(void)
{
	long long end = end_of_case();
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	while (now_ns() < end) {
		struct timespec t = { 20, 0 };
		unsigned long bits = 1ul << (SIGCHLD - 1);
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			nap_us(chance(200));
			_exit(0);
		}
		CHECK_EQ(sys(SYS_rt_sigtimedwait, &bits, NULL, &t, 8), SIGCHLD);
		CHECK_EQ(waitpid(pid, NULL, WNOHANG), pid);
	}
}

/* ---- memory ---- */

static long long deadline;

static void map_and_fork(void)
{
	enum { SIZE = 64 * 4096 };

	while (now_ns() < deadline) {
		char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, ANON, -1, 0);
		pid_t pid;

		CHECK(p != MAP_FAILED);
		for (int i = 0; i < SIZE; i += 4096)
			p[i] = (char)(i >> 12);
		pid = fork();
		CHECK(pid >= 0);
		for (int i = 0; i < SIZE; i += 4096) {
			if (p[i] != (char)(i >> 12))
				test_fail("page %d has %d", i >> 12, p[i]);
			if (!pid || chance(2))
				p[i] = pid ? 1 : 2;
		}
		if (!pid)
			_exit(0);
		CHECK(!munmap(p + SIZE / 2, SIZE / 4));
		CHECK(!mprotect(p, SIZE / 4, PROT_READ));
		CHECK(!munmap(p, SIZE));
		CHECK_EQ(wait_status(pid), 0);
	}
}

static void many_spaces(void)
{
	deadline = end_of_case();
	crowd(6, map_and_fork);
}

/* ---- one folder ---- */

static void one_of_eight(char *name)
{
	name[0] = (char)('a' + chance(8));
	name[1] = '\0';
}

static void fight_for_names(void)
{
	while (now_ns() < deadline) {
		char a[2], b[2], buf[64];
		DIR *dir;
		int fd;

		one_of_eight(a);
		one_of_eight(b);
		switch (chance(9)) {
		case 0:
			fd = open(a, O_RDWR | O_CREAT, 0600);
			if (fd >= 0) {
				CHECK_EQ(write(fd, "hello", 5), 5);
				CHECK(pread(fd, buf, 5, 0) >= 0);
				close(fd);
			}
			break;
		case 1:
			unlink(a);
			break;
		case 2:
			rename(a, b);
			break;
		case 3:
			link(a, b);
			break;
		case 4:
			mkdir(a, 0700);
			break;
		case 5:
			rmdir(a);
			break;
		case 6:
			symlink(a, b);
			break;
		case 7:
			dir = opendir(".");
			while (dir && readdir(dir))
				;
			if (dir)
				closedir(dir);
			break;
		default:
			snprintf(buf, sizeof(buf), "%s/%s", a, b);
			fd = open(buf, O_RDWR | O_CREAT, 0600);
			if (fd >= 0)
				close(fd);
			unlink(buf);
			truncate(a, chance(20000));
		}
	}
}

static void one_folder(void)
{
	deadline = end_of_case();
	crowd(6, fight_for_names);
}

/* ---- /proc while its processes come and go ---- */

static void read_all_proc(void)
{
	static const char *const rows[] = { "stat", "status", "maps", "cmdline",
					    "environ", "cwd", "exe", "fd" };
	char path[64], buf[1024];

	while (now_ns() < deadline) {
		DIR *dir = opendir("/proc");
		struct dirent *e;

		CHECK(dir);
		while ((e = readdir(dir))) {
			int fd;

			if (e->d_name[0] < '0' || e->d_name[0] > '9')
				continue;
			snprintf(path, sizeof(path), "/proc/%.10s/%s",
				 e->d_name, rows[chance(ARRAY_SIZE(rows))]);
			readlink(path, buf, sizeof(buf));
			fd = open(path, O_RDONLY);
			if (fd < 0)
				continue;
			while (read(fd, buf, sizeof(buf)) > 0)
				;
			close(fd);
		}
		closedir(dir);
	}
}

static void exec_and_wait(void)
{
	while (now_ns() < deadline) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid)
			exec_now(NULL);
		CHECK_EQ(wait_status(pid), 0);
	}
}

static void look_or_live(void)
{
	if (getpid() & 1)
		read_all_proc();
	else
		exec_and_wait();
}

static void proc_of_others(void)
{
	deadline = end_of_case();
	crowd(6, look_or_live);
}

/* ---- a file stays as long as somebody is inside of it ---- */

static int kept[2];
static volatile int reading;
static volatile long was_read;

static void read_one(void *arg)
{
	char c = 0;
	long n;

	add_and_wake(&reading, 1);
	n = sys(SYS_read, kept[0], &c, 1);
	was_read = n == 1 ? c : n;
}

static void closed_under_a_reader(void)
{
	static struct tthread t;

	for (int round = 0; round < 20; round++) {
		int others[2];

		CHECK(!pipe(kept));
		reading = 0;
		thread_start(&t, read_one, NULL);
		wait_at_least(&reading, 1);
		nap_ms(5); /* it sleeps in the call by now, most likely */
		if (round % 2) {
			CHECK(!pipe(others));
			CHECK_EQ(dup2(others[0], kept[0]), kept[0]);
		} else {
			CHECK(!close(kept[0]));
			CHECK(!pipe(others));
		}
		CHECK_EQ(write(kept[1], "k", 1), 1);
		thread_join(&t);
		CHECK_EQ(was_read, 'k');
		close(kept[0]);
		close(kept[1]);
		close(others[0]);
		close(others[1]);
	}
}

/* ---- moved from hart to hart while being woken ---- */

static int ring[2];

static void hop_and_answer(void)
{
	int harts = count_harts();
	char c;

	while (read(ring[0], &c, 1) == 1 && c != 'q') {
		unsigned long one = 1ul << chance((unsigned)harts);

		sys(SYS_sched_setaffinity, chance(2) ? 0 : getppid(),
		    sizeof(one), &one);
		CHECK_EQ(write(ring[1], &c, 1), 1);
		nap_us(chance(50));
	}
}

static void restless(void)
{
	long long end = end_of_case();
	pid_t pid[4];

	CHECK(!pipe(ring));
	for (int i = 0; i < 4; i++)
		pid[i] = spawn(hop_and_answer);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(write(ring[1], "x", 1), 1);
	while (now_ns() < end)
		nap_ms(1);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(write(ring[1], "q", 1), 1);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(wait_status(pid[i]), 0);
}

/* ---- terminals that come and go under those who use them ---- */

/* A number of a terminal that is there, or was just now. */
static int some_terminal(int flags)
{
	char name[24];

	snprintf(name, sizeof(name), "/dev/pts/%u", chance(8));
	return open(name, O_RDWR | O_NONBLOCK | flags);
}

static void use_terminal(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
	struct winsize ws = { (unsigned short)chance(50), 80, 0, 0 };
	struct termios t;
	char buf[600];
	int n;

	memset(buf, "x\n\003\032\004\021"[chance(6)], sizeof(buf));
	switch (chance(11)) {
	case 0:
		if (read(fd, buf, sizeof(buf)) < 0)
			nap_us(chance(50));
		break;
	case 1:
	case 2:
		if (write(fd, buf, 1 + chance(sizeof(buf))) < 0)
			nap_us(chance(50));
		break;
	case 3:
		poll(&p, 1, (int)chance(2));
		break;
	case 4:
		if (!tcgetattr(fd, &t)) {
			t.c_lflag ^= chance(2) ? ICANON : ECHO;
			tcsetattr(fd, (int)chance(3), &t);
		}
		break;
	case 5:
		ioctl(fd, TIOCSWINSZ, &ws);
		break;
	case 6:
		tcflush(fd, (int)chance(3));
		break;
	case 7:
		tcflow(fd, chance(4) ? TCOON : TCOOFF);
		break;
	case 8:
		if (chance(2))
			ioctl(fd, TIOCSCTTY, chance(2));
		else
			tcsetpgrp(fd, getpgrp());
		break;
	case 9:
		ioctl(fd, FIONREAD, &n);
		break;
	default:
		fd = open("/dev/tty", O_RDWR | O_NONBLOCK);
		if (fd >= 0)
			close(fd);
	}
}

static void terminal_life(void)
{
	int master = -1, slave = -1, off = 0;

	for (int sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGCHLD && sig != SIGSEGV)
			signal(sig, SIG_IGN);
	while (now_ns() < deadline) {
		switch (chance(12)) {
		case 0:
			if (master >= 0)
				close(master);
			master = open("/dev/ptmx",
				      O_RDWR | O_NONBLOCK | O_NOCTTY);
			if (master >= 0)
				ioctl(master, 0x40045431, &off);
			break;
		case 1:
			if (slave >= 0)
				close(slave);
			slave = some_terminal(chance(2) ? O_NOCTTY : 0);
			break;
		case 2: {
			/* A session begins, and ends with whoever is in it. */
			pid_t pid = fork();

			CHECK(pid >= 0);
			if (!pid) {
				int fd;

				setsid();
				fd = some_terminal(0);
				for (unsigned i = chance(5); fd >= 0 && i; i--)
					use_terminal(fd);
				_exit(0);
			}
			CHECK_EQ(waitpid(pid, NULL, 0), pid);
			break;
		}
		default:
			if (master >= 0 && chance(2))
				use_terminal(master);
			else if (slave >= 0)
				use_terminal(slave);
		}
	}
}

static void terminals(void)
{
	test_skip_on_linux("there the terminals are others' too");
	deadline = end_of_case();
	crowd(10, terminal_life);
}

/* A reader and a writer that wait, on either end, when the other one goes. */
static void hang_up_under_waiters(void)
{
	static char much[4096];
	long long end = end_of_case();

	while (now_ns() < end) {
		int m = open("/dev/ptmx", O_RDWR | O_NOCTTY), s, n, off = 0;
		char name[24], c;
		pid_t pid[4];

		CHECK(m >= 0 && !ioctl(m, 0x80045430, &n));
		CHECK(!ioctl(m, 0x40045431, &off));
		snprintf(name, sizeof(name), "/dev/pts/%d", n);
		s = open(name, O_RDWR | O_NOCTTY);
		CHECK(s >= 0);
		for (int i = 0; i < 4; i++) {
			pid[i] = fork();
			CHECK(pid[i] >= 0);
			if (pid[i])
				continue;
			close(i < 2 ? m : s);
			if (i % 2)
				while (write(i < 2 ? s : m, much, 4096) > 0)
					;
			else
				while (read(i < 2 ? s : m, &c, 1) > 0)
					;
			_exit(0);
		}
		nap_us(chance(3000));
		/* Whoever has the master ends when told, and then the others. */
		close(s);
		close(m);
		for (int i = 2; i < 4; i++) {
			if (chance(2))
				nap_us(chance(500));
			kill(pid[i], SIGKILL);
		}
		for (int i = 0; i < 4; i++)
			waitpid(pid[i], NULL, 0);
	}
}

TEST_MAIN(CASE_LIMIT(terminals, 60), CASE_LIMIT(hang_up_under_waiters, 60),
	  CASE_LIMIT(killed_at_any_moment, 60),
	  CASE_LIMIT(stop_then_continue, 60), CASE_LIMIT(read_between, 60),
	  CASE_LIMIT(signal_finds_a_thread, 60),
	  CASE_LIMIT(ends_with_threads, 60), CASE_LIMIT(vfork_and_kill, 60),
	  CASE_LIMIT(wait_for_children_by_signal, 60),
	  CASE_LIMIT(many_spaces, 60), CASE_LIMIT(one_folder, 60),
	  CASE_LIMIT(proc_of_others, 60), CASE_LIMIT(closed_under_a_reader, 60),
	  CASE_LIMIT(restless, 60))
