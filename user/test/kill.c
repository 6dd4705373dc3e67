/* Who may send what to whom: kill, tkill and tgkill. */
#define TEST_SELF(argc, argv) be_init()
static void be_init(void);

#include "user/test/signals.h"

static int ready[2];

static void say_ready(void)
{
	CHECK_EQ(write(ready[1], "r", 1), 1);
}

static void wait_ready(void)
{
	char c;

	CHECK_EQ(read(ready[0], &c, 1), 1);
}

static void wait_as_root(void)
{
	say_ready();
	wait_for_ever();
}

static void wait_in_session(void)
{
	CHECK(setsid() == getpid());
	say_ready();
	wait_for_ever();
}

static void wrong_targets(void)
{
	pid_t me = getpid();

	for (int sig = 0; sig <= 65; sig += 65) {
		/* Who is not there is told before what is no signal. */
		CHECK_EQ(sys(SYS_kill, 0x3ffffff, sig), -ESRCH);
		CHECK_EQ(sys(SYS_tgkill, 0x3ffffff, 0x3ffffff, sig), -ESRCH);
		CHECK_EQ(sys(SYS_tkill, 0x3ffffff, sig), -ESRCH);
		CHECK_EQ(sys(SYS_tgkill, me, 0x3ffffff, sig), -ESRCH);
		CHECK_EQ(sys(SYS_tgkill, 0, me, sig), -EINVAL);
		CHECK_EQ(sys(SYS_tgkill, me, 0, sig), -EINVAL);
		CHECK_EQ(sys(SYS_tgkill, -1, me, sig), -EINVAL);
		CHECK_EQ(sys(SYS_tkill, 0, sig), -EINVAL);
		CHECK_EQ(sys(SYS_tkill, -1, sig), -EINVAL);
	}
	CHECK_EQ(sys(SYS_kill, -0x3ffffff, SIGTERM), -ESRCH);
	CHECK_EQ(sys(SYS_kill, INT32_MIN, SIGTERM), -ESRCH);
	CHECK_EQ(sys(SYS_kill, me, 65), -EINVAL);
	CHECK_EQ(sys(SYS_kill, me, -1), -EINVAL);
	CHECK_EQ(sys(SYS_tkill, me, 65), -EINVAL);
	CHECK_EQ(sys(SYS_tgkill, me, me, 65), -EINVAL);
	/* Signal 0 only looks. */
	CHECK_EQ(sys(SYS_kill, me, 0), 0);
	CHECK_EQ(sys(SYS_kill, 0, 0), 0);
	CHECK_EQ(sys(SYS_kill, -1, 0), 0);
	CHECK_EQ(sys(SYS_tkill, me, 0), 0);
	CHECK_EQ(sys(SYS_tgkill, me, me, 0), 0);
}

static void the_dead(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	CHECK(!waitid(P_PID, (unsigned)pid, &info, WEXITED | WNOWAIT));
	/* Until somebody has waited for it, it is there. */
	CHECK(!kill(pid, 0));
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(wait_status(pid), 0);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

static pid_t target, in_session;

static void nobody_tries(void)
{
	become_nobody();
	CHECK_ERR(kill(target, 0), EPERM);
	CHECK_ERR(kill(target, SIGTERM), EPERM);
	CHECK_EQ(sys(SYS_tkill, target, SIGTERM), -EPERM);
	CHECK_EQ(sys(SYS_tgkill, target, target, SIGTERM), -EPERM);
	/* A group of others: not one may be signalled. */
	CHECK_ERR(kill(-target, SIGTERM), EPERM);
	/* In the same session it may be continued. */
	CHECK(!kill(target, SIGCONT));
	CHECK(!kill(-target, SIGCONT));
	CHECK_ERR(kill(in_session, SIGCONT), EPERM);
	CHECK_ERR(kill(1, SIGTERM), EPERM);
	/* Its own group has members that are its own. */
	CHECK(!setpgid(0, 0));
	CHECK(!kill(0, 0));
	/* And itself. */
	CHECK(!kill(getpid(), SIGCONT));
}

static void of_other_users(void)
{
	if (getuid())
		test_skip("only root can become somebody else");
	CHECK(!pipe(ready));
	target = spawn(wait_as_root);
	CHECK(!setpgid(target, target));
	wait_ready();
	in_session = spawn(wait_in_session);
	wait_ready();
	in_child(nobody_tries);
	CHECK(!kill(target, SIGTERM) && !kill(in_session, SIGTERM));
	CHECK_EQ(wait_status(target), SIGTERM);
	CHECK_EQ(wait_status(in_session), SIGTERM);
}

/* Real or effective user of the sender, real or saved of the target. */
static void wait_with_ids(int real, int effective, int saved)
{
	CHECK(!sys(SYS_setresuid, real, effective, saved));
	say_ready();
	wait_for_ever();
}

static int may(int my_real, int my_effective, int real, int effective,
	       int saved)
{
	int status;
	pid_t to = fork(), from;

	if (!to)
		wait_with_ids(real, effective, saved);
	wait_ready();
	from = fork();
	if (!from) {
		CHECK(!sys(SYS_setresuid, my_real, my_effective, my_effective));
		_exit(kill(to, 0) ? errno : 0);
	}
	status = wait_status(from);
	end_child(to);
	CHECK(status == 0 || status == EPERM << 8);
	return !status;
}

static void by_user(void)
{
	static const struct row {
		int mine[2], its[3], allowed;
	} rows[] = {
		{ { 10, 10 }, { 10, 10, 10 }, 1 },
		{ { 10, 10 }, { 20, 20, 20 }, 0 },
		{ { 10, 20 }, { 20, 30, 30 }, 1 },
		{ { 10, 20 }, { 30, 30, 20 }, 1 },
		{ { 10, 20 }, { 10, 30, 30 }, 1 },
		{ { 10, 20 }, { 30, 30, 10 }, 1 },
		{ { 10, 20 }, { 30, 10, 30 }, 0 },
		{ { 10, 20 }, { 30, 20, 30 }, 0 },
		{ { 10, 0 }, { 30, 30, 30 }, 1 },
		{ { 0, 10 }, { 30, 30, 30 }, 0 },
		{ { 0, 10 }, { 0, 30, 30 }, 1 },
	};

	if (getuid())
		test_skip("only root can become somebody else");
	CHECK(!pipe(ready));
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];

		if (may(r->mine[0], r->mine[1], r->its[0], r->its[1],
			r->its[2]) != r->allowed)
			test_fail("row %u", i);
	}
}

static void all_but_some(void)
{
	pid_t a, b;

	test_skip_in_company();
	if (getuid())
		test_skip("only root can become somebody else");
	/* As a user that nobody else is: to all of its own, and not itself. */
	CHECK(!pipe(ready));
	CHECK(!setgid(4242) && !setuid(4242));
	a = spawn(wait_as_root);
	b = spawn(wait_as_root);
	wait_ready();
	wait_ready();
	CHECK(!kill(-1, SIGTERM));
	CHECK_EQ(wait_status(a), SIGTERM);
	CHECK_EQ(wait_status(b), SIGTERM);
	/* Nobody is left whom it may signal; that is no error. */
	CHECK(!kill(-1, SIGTERM));
}

static void init_is_spared(void)
{
	test_skip_on_linux("there it is another program");
	if (getuid())
		test_skip("only root may try");
	CHECK(!kill(1, SIGKILL));
	CHECK(!kill(1, SIGSTOP));
	nap_ms(20);
	CHECK(!kill(1, 0));
}

/* As the first program (init=/test/kill): it waits for signals that it has no
 * handler for, and is not hurt by those that it does not want. */
static void be_init(void)
{
	static const int sigs[] = { SIGUSR1, SIGTERM, SIGTSTP };
	sigset_t set, one;
	int fd;

	if (getpid() != 1)
		return;
	fd = open("/dev/console", O_RDWR);
	dup2(fd, 1);
	test_pipe = 1;
	sigemptyset(&set);
	for (unsigned i = 0; i < ARRAY_SIZE(sigs); i++)
		sigaddset(&set, sigs[i]);
	CHECK(!sigprocmask(SIG_BLOCK, &set, NULL));
	for (unsigned i = 0; i < ARRAY_SIZE(sigs); i++)
		CHECK(!kill(1, sigs[i]));
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	CHECK_EQ(sigwaitinfo(&one, NULL), SIGUSR1);
	CHECK(!sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK(!kill(1, SIGTERM) && !kill(1, SIGKILL));
	printf("init is well\n");
	fflush(stdout);
	sync();
	sys(SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc);
}

TEST_MAIN(CASE(wrong_targets), CASE(the_dead), CASE(of_other_users),
	  CASE(by_user), CASE(all_but_some), CASE(init_is_spared))
