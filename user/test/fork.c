/* fork, exit, wait: what the child inherits, what the parent learns. */
#include "test.h"

#include <sys/mount.h>
#include <sys/mman.h>
#include <sys/resource.h>

static void exit_statuses(void)
{
	for (int code = 0; code < 256; code += 51) {
		pid_t pid = fork();
		int status;

		if (!pid)
			_exit(code);
		status = wait_status(pid);
		CHECK(WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), code);
	}
}

static void wait_without_children(void)
{
	int status;

	CHECK_ERR(wait(&status), ECHILD);
	CHECK_ERR(waitpid(1, &status, 0), ECHILD);
	CHECK_ERR(waitpid(-1, &status, 0x1000), EINVAL);
}

static void sleep_long(void)
{
	sleep(100);
}

static void wait_with_bad_pointer(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(7);
	CHECK_ERR(waitpid(pid, bad_pointer, 0), EFAULT);
	/* Linux has let go of the child by then; to keep it is as good. What
	 * counts is that it is one or the other. */
	if (waitpid(pid, &status, 0) == pid)
		CHECK_EQ(WEXITSTATUS(status), 7);
	else
		CHECK_EQ(errno, ECHILD);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

static void wait_no_hang(void)
{
	pid_t pid = spawn(sleep_long);
	int status;

	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	status = wait_status(pid);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGKILL);
}

static int shared = 1;

static void child_has_its_own_memory(void)
{
	int local = 5;
	pid_t pid = fork();

	if (!pid) {
		shared = 2;
		local = 6;
		_exit(shared + local);
	}
	CHECK_EQ(WEXITSTATUS(wait_status(pid)), 8);
	CHECK_EQ(shared, 1);
	CHECK_EQ(local, 5);
}

static void parent_writes_after_fork(void)
{
	int there[2];
	pid_t pid;
	char c;

	CHECK(!pipe(there));
	shared = 10;
	pid = fork();
	if (!pid) {
		CHECK_EQ(read(there[0], &c, 1), 1);
		_exit(shared);
	}
	shared = 20;
	CHECK_EQ(write(there[1], "x", 1), 1);
	CHECK_EQ(WEXITSTATUS(wait_status(pid)), 10);
}

static void orphans_go_to_init(void)
{
	int fd[2];
	pid_t pid, seen = 0;

	CHECK(!pipe(fd));
	pid = fork();
	if (!pid) {
		pid_t parent = getpid();

		if (!fork()) {
			while (getppid() == parent)
				usleep(1000);
			seen = getppid();
			CHECK_EQ(write(fd[1], &seen, sizeof(seen)),
				 (int)sizeof(seen));
		}
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(read(fd[0], &seen, sizeof(seen)), (int)sizeof(seen));
	CHECK(seen == 1 || test_on_linux());
}

static void thousand_processes(void)
{
	enum { N = 1000 };
	int gate[2], n = 0;
	char c;

	CHECK(!pipe(gate));
	for (; n < N; n++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (!pid) {
			close(gate[1]);
			_exit(read(gate[0], &c, 1) != 0);
		}
	}
	close(gate[1]);
	for (int i = 0; i < n; i++) {
		int status;

		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	CHECK_EQ(n, N);
}

static void nested_forks(void)
{
	int depth = 0, status;

	while (depth < 40) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid) {
			CHECK_EQ(waitpid(pid, &status, 0), pid);
			CHECK_EQ(status, 0);
			if (depth)
				_exit(0);
			return;
		}
		depth++;
	}
	_exit(0);
}

static void vfork_shares_memory(void)
{
	volatile int seen = 0;
	pid_t pid = vfork();

	if (!pid) {
		seen = 42;
		_exit(0);
	}
	CHECK(pid > 0);
	/* QEMU's user mode makes it a plain fork. */
	CHECK(seen == 42 || test_on_linux());
	CHECK_EQ(wait_status(pid), 0);
}

static void stopped_and_continued(void)
{
	pid_t pid = spawn(sleep_long);
	int status;

	CHECK_EQ(kill(pid, SIGSTOP), 0);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGSTOP);
	CHECK_EQ(kill(pid, SIGCONT), 0);
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK(WIFCONTINUED(status));
	CHECK_EQ(kill(pid, SIGTERM), 0);
	status = wait_status(pid);
	CHECK_EQ(WTERMSIG(status), SIGTERM);
}

/* Exit, kill and wait meet in every order. */
static void exit_races_kill_and_wait(void)
{
	for (int i = 0; i < 300; i++) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (!pid) {
			for (volatile int k = 0; k < i * 20; k++)
				;
			_exit(3);
		}
		kill(pid, SIGKILL);
		status = wait_status(pid);
		CHECK(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL :
					    WEXITSTATUS(status) == 3);
		CHECK_ERR(kill(pid, 0), ESRCH);
	}
}

static void many_fork_at_once(void)
{
	enum { PARENTS = 8, CHILDREN = 60 };
	int status;

	for (int i = 0; i < PARENTS; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			for (int k = 0; k < CHILDREN; k++) {
				pid_t c = fork();

				CHECK(c >= 0);
				if (!c)
					_exit(k & 0x7f);
				CHECK_EQ(WEXITSTATUS(wait_status(c)),
					 k & 0x7f);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < PARENTS; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

/* What a process stood in is free once its parent has heard of its end. */
static void wait_lets_go_of_folders(void)
{
	enum { CHILDREN = 4 };
	int status;

	CHECK(!mkdir("m", 0755));
	for (int i = 0; i < 300; i++) {
		if (mount("none", "m", "tmpfs", 0, NULL))
			test_skip("not allowed to mount");
		for (int k = 0; k < CHILDREN; k++) {
			pid_t c = fork();

			CHECK(c >= 0);
			if (!c)
				_exit(chdir("m"));
		}
		for (int k = 0; k < CHILDREN; k++) {
			CHECK(wait(&status) > 0);
			CHECK_EQ(status, 0);
		}
		CHECK(!umount2("m", 0));
	}
}

/* Who makes siblings, and wants no signal from them, becomes init's while it
 * does: then they are init's as others are. */
static void siblings_of_an_orphan(void)
{
	enum { SIZE = 16 << 20, PARENT = 0x8000 };
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	test_skip_on_linux("QEMU's user mode makes no such children");
	CHECK(p != MAP_FAILED);
	memset(p, 1, SIZE); /* so that a fork takes a while */
	for (int round = 0; round < 20; round++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid) {
			setpgid(0, 0);
			if (sys(SYS_clone, 0, 0, 0, 0, 0)) {
				nap_ms(3 + round % 5);
				_exit(0);
			}
			for (int i = 0; i < 10; i++)
				if (!sys(SYS_clone, PARENT, 0, 0, 0, 0))
					_exit(0);
			_exit(0);
		}
		CHECK_EQ(wait_status(pid), 0);
		WAIT_UNTIL(kill(-pid, 0) < 0);
		CHECK_EQ(errno, ESRCH);
	}
}

TEST_MAIN(CASE(exit_statuses), CASE(wait_without_children),
	  CASE(wait_with_bad_pointer), CASE(wait_no_hang),
	  CASE(child_has_its_own_memory), CASE(parent_writes_after_fork),
	  CASE(orphans_go_to_init), CASE_LIMIT(thousand_processes, 120),
	  CASE(nested_forks), CASE(vfork_shares_memory),
	  CASE(stopped_and_continued), CASE(exit_races_kill_and_wait),
	  CASE_LIMIT(many_fork_at_once, 120), CASE(wait_lets_go_of_folders),
	  CASE(siblings_of_an_orphan))
