/*
 * tty: what a terminal does to what is typed and written, and whose it is. The
 * terminal is a pseudo terminal, whose line discipline and sessions are those
 * of a serial line.
 */
#include "pty.h"

/* ---- lines ---- */

static void lines(void)
{
	struct pair p = pty_pair();
	char buf[16];

	FLAGS(p.s, c_lflag, 0, ECHO);
	type(p.m, "one\ntwo\n");
	CHECK_EQ(read(p.s, buf, sizeof(buf)), 4);
	CHECK_EQ(read(p.s, buf, 2), 2);
	CHECK_EQ(read(p.s, buf, sizeof(buf)), 2);
	/* ^D ends a read, at the start of a line the input. */
	type(p.m, "ab\004\004");
	CHECK_EQ(read(p.s, buf, sizeof(buf)), 2);
	CHECK_EQ(read(p.s, buf, sizeof(buf)), 0);
	type(p.m, "more\n");
	CHECK_EQ(read(p.s, buf, sizeof(buf)), 5);
	/* Two other characters may end a line. */
	{
		struct termios t = settings(p.s);

		t.c_cc[VEOL] = ';';
		t.c_cc[VEOL2] = '!';
		CHECK(!tcsetattr(p.s, TCSANOW, &t));
	}
	type(p.m, "a;bc!");
	CHECK_EQ(read(p.s, buf, sizeof(buf)), 2);
	CHECK_EQ(read(p.s, buf, sizeof(buf)), 3);
	CHECK_EQ(buf[2], '!');
	/* Nothing is an end when it is switched off. */
	{
		struct termios t = settings(p.s);

		t.c_cc[VEOF] = 0;
		CHECK(!tcsetattr(p.s, TCSANOW, &t));
	}
	type(p.m, "\004\n");
	CHECK_EQ(read(p.s, buf, sizeof(buf)), 2);
}

static void longest_line(void)
{
	static char line[5000], got[5000];
	struct pair p = pty_pair();

	FLAGS(p.s, c_lflag, 0, ECHO);
	memset(line, 'x', sizeof(line));
	CHECK_EQ(write(p.m, line, 4095), 4095);
	type(p.m, "\n");
	CHECK_EQ(read(p.s, got, sizeof(got)), 4096);
	CHECK(!memcmp(got, line, 4095) && got[4095] == '\n');
	/* What is too much is lost, the line still ends. */
	CHECK_EQ(write(p.m, line, 4500), 4500);
	type(p.m, "\n");
	CHECK_EQ(read(p.s, got, sizeof(got)), 4096);
	CHECK_EQ(got[4095], '\n');
	type(p.m, "and on\n");
	EXPECT(p.s, "and on\n");
}

static void edited(void)
{
	struct pair p = pty_pair();

	FLAGS(p.s, c_iflag, IUTF8, 0);
	type(p.m, "ab\177c\n");
	EXPECT(p.s, "ac\n");
	EXPECT(p.m, "ab\b \bc\r\n");
	type(p.m, "one two.three  \027x\n");
	EXPECT(p.s, "one two.x\n");
	EXPECT(p.m, "one two.three  \b \b\b \b\b \b\b \b\b \b\b \b\b \bx\r\n");
	type(p.m, "abc\025d\n");
	EXPECT(p.s, "d\n");
	EXPECT(p.m, "abc\b \b\b \b\b \bd\r\n");
	type(p.m, "ab\022c\n");
	EXPECT(p.s, "abc\n");
	EXPECT(p.m, "ab^R\r\nabc\r\n");
	/* ^V takes what a key means from it, from the end of a line too. */
	type(p.m, "\026\003\026\n\n");
	EXPECT(p.s, "\003\n\n");
	EXPECT(p.m, "^\b^C^\b^J\r\n");
	/* A character of several bytes goes as one. */
	type(p.m, "a\xc3\xa9\177b\n");
	EXPECT(p.s, "ab\n");
	EXPECT(p.m, "a\xc3\xa9\b \bb\r\n");
	FLAGS(p.s, c_iflag, 0, IUTF8);
	type(p.m, "a\xc3\xa9\177\177b\n");
	EXPECT(p.s, "ab\n");
	EXPECT(p.m, "a\xc3\xa9\b \b\b \bb\r\n");
	/* Behind a tab the cursor goes back where it was. */
	type(p.m, "a\t\177b\n");
	EXPECT(p.s, "ab\n");
	EXPECT(p.m, "a\t\b\b\b\b\b\b\bb\r\n");
}

static void echo_choices(void)
{
	struct pair p = pty_pair();

	FLAGS(p.s, c_lflag, 0, ECHOE);
	type(p.m, "ab\177\n");
	EXPECT(p.m, "ab^?\r\n");
	EXPECT(p.s, "a\n");
	type(p.m, "ab\025\n");
	EXPECT(p.m, "ab^U\r\n\r\n");
	EXPECT(p.s, "\n");
	FLAGS(p.s, c_lflag, 0, ECHOK);
	type(p.m, "ab\025\n");
	EXPECT(p.m, "ab^U\r\n");
	EXPECT(p.s, "\n");
	FLAGS(p.s, c_lflag, ECHOE | ECHOK | ECHOPRT, 0);
	type(p.m, "abc\177\177d\n");
	EXPECT(p.m, "abc\\cb/d\r\n");
	EXPECT(p.s, "ad\n");
	type(p.m, "ab\177\177c\n");
	EXPECT(p.m, "ab\\ba/c\r\n");
	EXPECT(p.s, "c\n");
	FLAGS(p.s, c_lflag, 0, ECHOPRT | ECHOCTL);
	type(p.m, "\001\n");
	EXPECT(p.m, "\001\r\n");
	EXPECT(p.s, "\001\n");
	FLAGS(p.s, c_lflag, ECHONL, ECHO);
	type(p.m, "secret\n");
	EXPECT(p.m, "\r\n");
	EXPECT(p.s, "secret\n");
	/* Without ICANON it has no meaning. */
	FLAGS(p.s, c_lflag, ECHO, ECHONL);
	FLAGS(p.s, c_lflag, ECHOCTL, ICANON);
	type(p.m, "\001");
	EXPECT(p.m, "^A");
	EXPECT(p.s, "\001");
	NOTHING(p.m);
}

/* ---- input and output, byte for byte ---- */

/* What set_raw leaves, with these flags, makes `want` of `typed`. */
static void input_is(tcflag_t iflag, tcflag_t lflag, const char *typed,
		     const char *want, size_t n)
{
	struct pair p = pty_pair();
	char got[32];
	size_t have = 0;

	set_raw(p.s, 1, 0);
	FLAGS(p.s, c_iflag, iflag, 0);
	FLAGS(p.s, c_lflag, lflag, 0);
	type(p.m, typed);
	while (have < n) {
		ssize_t r = read(p.s, got + have, sizeof(got) - have);

		CHECK(r > 0);
		have += (size_t)r;
	}
	CHECK_EQ(have, n);
	CHECK(!memcmp(got, want, n));
	close(p.s);
	close(p.m);
}

static void input_flags(void)
{
	input_is(0, 0, "a\r\n\003\377", "a\r\n\003\377", 5);
	input_is(ICRNL, 0, "a\r\n", "a\n\n", 3);
	input_is(INLCR, 0, "a\r\nb", "a\r\rb", 4);
	input_is(IGNCR, 0, "a\r\nb", "a\nb", 3);
	input_is(IGNCR | ICRNL, 0, "\ra", "a", 1);
	input_is(ISTRIP, 0, "\341\377", "a\177", 2);
	input_is(IUCLC, IEXTEN, "AbZ[", "abz[", 4);
	input_is(IUCLC, 0, "AbZ", "AbZ", 3);
	input_is(PARMRK, 0, "a\377b", "a\377\377b", 4);
	input_is(PARMRK | ISTRIP, 0, "\377b", "\177b", 2);
	input_is(PARMRK, ICANON, "\377\n", "\377\377\n", 3);
}

static void output_is(tcflag_t oflag, const char *written, const char *want)
{
	struct pair p = pty_pair();
	struct termios t = settings(p.s);

	t.c_oflag = OPOST | oflag;
	CHECK(!tcsetattr(p.s, TCSANOW, &t));
	type(p.s, written);
	EXPECT(p.m, want);
	NOTHING(p.m);
	close(p.s);
	close(p.m);
}

static void output_flags(void)
{
	output_is(0, "a\nb\r", "a\nb\r");
	output_is(ONLCR, "a\nb", "a\r\nb");
	output_is(OCRNL, "a\rb", "a\nb");
	output_is(OCRNL | ONLCR, "a\rb\n", "a\nb\r\n");
	output_is(ONOCR, "\ra\rb", "a\rb");
	output_is(ONOCR | ONLRET, "a\n\rb", "a\nb");
	output_is(OLCUC, "aZ[\xc3\xa9", "AZ[\xc3\xa9");
	output_is(XTABS, "a\tb\r\t|", "a       b\r        |");
	output_is(XTABS, "abc\b\t|", "abc\b      |");
	{
		struct pair p = pty_pair();

		FLAGS(p.s, c_oflag, 0, OPOST);
		type(p.s, "a\n\t");
		EXPECT(p.m, "a\n\t");
	}
}

/* A write that is cut short tells how much went out, tabs being eight. */
static void short_writes(void)
{
	static char tabs[420], got[4096];
	struct pair p = pty_pair();
	size_t written = 0, shown = 0;
	ssize_t n;

	FLAGS(p.s, c_oflag, XTABS, 0);
	CHECK(!fcntl(p.s, F_SETFL, O_NONBLOCK));
	memset(tabs, '\t', sizeof(tabs));
	while ((n = write(p.s, tabs, sizeof(tabs))) > 0)
		written += (size_t)n;
	CHECK_EQ(errno, EAGAIN);
	while (shown < 8 * written) {
		struct pollfd one = { p.m, POLLIN, 0 };

		CHECK_EQ(poll(&one, 1, 10000), 1);
		n = read(p.m, got, sizeof(got));
		CHECK(n > 0);
		shown += (size_t)n;
	}
	CHECK_EQ(shown, 8 * written);
	NOTHING(p.m);
}

/* ---- VMIN and VTIME ---- */

static long long took;

static ssize_t timed_read(int fd, size_t n)
{
	static char buf[64];
	long long began = now_ns();
	ssize_t got = read(fd, buf, n);

	took = (now_ns() - began) / 1000000;
	return got;
}

static void least_and_time(void)
{
	struct pair p = pty_pair();

	/* Neither: what there is. */
	set_raw(p.s, 0, 0);
	CHECK_EQ(timed_read(p.s, 10), 0);
	type(p.m, "abc");
	WAIT_UNTIL(look(p.s, POLLIN));
	CHECK_EQ(timed_read(p.s, 2), 2);
	CHECK_EQ(timed_read(p.s, 10), 1);
	/* Time alone: from the call on, any byte ends it. */
	set_raw(p.s, 0, 2);
	CHECK_EQ(timed_read(p.s, 10), 0);
	CHECK(took >= 190 && took < 5000);
	type(p.m, "a");
	CHECK_EQ(timed_read(p.s, 10), 1);
	/* A number alone: so many, or as many as fit. */
	set_raw(p.s, 3, 0);
	type(p.m, "ab");
	nap_ms(20);
	CHECK_EQ(look(p.s, POLLIN), 0);
	type(p.m, "cd");
	WAIT_UNTIL(look(p.s, POLLIN));
	CHECK_EQ(timed_read(p.s, 10), 4);
	type(p.m, "ab");
	CHECK_EQ(timed_read(p.s, 2), 2);
	/* Both: the clock starts with each byte, the first one too. */
	set_raw(p.s, 3, 2);
	type(p.m, "ab");
	CHECK_EQ(timed_read(p.s, 10), 2);
	CHECK(took >= 150 && took < 5000);
	type(p.m, "abc");
	CHECK_EQ(timed_read(p.s, 10), 3);
	/* Nobody waits who does not want to. */
	CHECK(!fcntl(p.s, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(p.s, (char[1]){ 0 }, 1), EAGAIN);
	type(p.m, "a");
	WAIT_UNTIL(look(p.s, POLLIN));
	CHECK_EQ(timed_read(p.s, 10), 1);
}

static void slow_typist(void)
{
	struct pair p = pty_pair();
	ssize_t got = 0;
	pid_t pid;

	set_raw(p.s, 4, 5);
	/* No pause is half a second, all of them together are; unless the
	 * machine is too busy to type. */
	for (int tries = 0; tries < 10 && got != 4; tries++) {
		pid = fork();
		if (!pid) {
			for (int i = 0; i < 4; i++) {
				type(p.m, "x");
				nap_ms(150);
			}
			_exit(0);
		}
		got = timed_read(p.s, 10);
		CHECK_EQ(wait_status(pid), 0);
		CHECK(!tcflush(p.s, TCIFLUSH));
	}
	CHECK_EQ(got, 4);
}

/* More are wanted than there are when a signal comes: those it is. */
static void read_five(struct pair *p)
{
	char got[8];

	watch_for(SIGUSR1);
	type(p->s, "r");
	CHECK_EQ(read(p->s, got, 5), 3);
	CHECK(!memcmp(got, "abc", 3) && caught[SIGUSR1] > 0);
	CHECK_ERR(read(p->s, got, 5), EINTR);
	type(p->s, "e");
	/* One that cannot be handled ends it as well. */
	for (;;)
		if (read(p->s, got, 5) == 0)
			_exit(1);
}

static void signal_for_a_slow_reader(void)
{
	struct pair p = pty_pair();
	pid_t pid;

	set_raw(p.s, 5, 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		read_five(&p);
	EXPECT(p.m, "r");
	type(p.m, "abc");
	while (!look(p.m, POLLIN)) {
		nap_ms(20);
		CHECK(!kill(pid, SIGUSR1));
	}
	EXPECT(p.m, "e");
	type(p.m, "de");
	nap_ms(50);
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(wait_status(pid), SIGKILL);
}

/* ---- settings ---- */

struct settings2 {
	unsigned iflag, oflag, cflag, lflag;
	unsigned char line, cc[19];
	unsigned ispeed, ospeed;
};

static void speeds(void)
{
	struct pair p = pty_pair();
	struct settings2 t;
	struct termios old = settings(p.s);

	CHECK(!cfsetospeed(&old, B9600));
	CHECK(!tcsetattr(p.s, TCSANOW, &old));
	CHECK_EQ(cfgetospeed(&(struct termios[1]){ settings(p.s) }[0]), B9600);
	test_skip_on_linux("QEMU does not know the newer calls");
	CHECK_EQ(sys(SYS_ioctl, p.s, 0x802c542a, &t), 0);
	CHECK_EQ(t.ospeed, 9600);
	CHECK_EQ(t.ispeed, 9600);
	t.cflag = (t.cflag & ~010017u) | 010000;
	t.ospeed = 12345;
	t.lflag &= ~(unsigned)ECHO;
	CHECK_EQ(sys(SYS_ioctl, p.s, 0x402c542b, &t), 0);
	memset(&t, 0, sizeof(t));
	CHECK_EQ(sys(SYS_ioctl, p.s, 0x802c542a, &t), 0);
	CHECK_EQ(t.ospeed, 12345);
	CHECK_EQ(t.cflag & 010017, 010000);
	CHECK_EQ(t.lflag & ECHO, 0);
	/* That goes with the calls that wait and flush, too. */
	t.lflag |= ECHO;
	CHECK_EQ(sys(SYS_ioctl, p.s, 0x402c542c, &t), 0);
	type(p.m, "x\n");
	EXPECT(p.m, "x\r\n");
	CHECK_EQ(sys(SYS_ioctl, p.s, 0x402c542d, &t), 0);
	NOTHING(p.s);
	CHECK_EQ(sys(SYS_ioctl, p.s, 0x802c542a, bad_pointer), -EFAULT);
	CHECK_EQ(sys(SYS_ioctl, p.s, 0x402c542b, bad_pointer), -EFAULT);
}

static void read_back(void)
{
	struct pair p = pty_pair();
	struct termios t = settings(p.s), got;

	t.c_iflag = IGNBRK | PARMRK | INPCK | INLCR | IXANY | IUTF8;
	t.c_oflag = OPOST | OCRNL | ONLRET;
	t.c_lflag = ICANON | ECHO | ECHONL | NOFLSH | TOSTOP | IEXTEN;
	for (int i = 0; i < 17; i++)
		t.c_cc[i] = (cc_t)(i + 1);
	CHECK(!tcsetattr(p.s, TCSADRAIN, &t));
	got = settings(p.s);
	CHECK_EQ(got.c_iflag, t.c_iflag);
	CHECK_EQ(got.c_oflag, t.c_oflag);
	CHECK_EQ(got.c_lflag, t.c_lflag);
	CHECK(!memcmp(got.c_cc, t.c_cc, 17));
	/* Such a line has always eight bits. */
	t.c_cflag = (t.c_cflag & ~(tcflag_t)CSIZE) | CS7 | PARENB;
	/* A library may tell. */
	CHECK(!tcsetattr(p.s, TCSANOW, &t) || errno == EINVAL);
	CHECK_EQ(settings(p.s).c_cflag & (CSIZE | PARENB), CS8);
}

/* Nothing that was typed is lost when the mode changes. */
static void mode_changes(void)
{
	struct pair p = pty_pair();
	char buf[32];

	FLAGS(p.s, c_lflag, 0, ECHO);
	type(p.m, "one\ntw");
	EXPECT(p.s, "one\n");
	FLAGS(p.s, c_lflag, 0, ICANON);
	EXPECT(p.s, "tw");
	type(p.m, "o\nthree\n");
	WAIT_UNTIL(look(p.s, POLLIN));
	nap_ms(20);
	FLAGS(p.s, c_lflag, ICANON, 0);
	CHECK(read(p.s, buf, sizeof(buf)) >= 2);
	CHECK(!memcmp(buf, "o\n", 2));
	/* TCSAFLUSH is the exception. */
	type(p.m, "gone\n");
	WAIT_UNTIL(look(p.s, POLLIN));
	{
		struct termios t = settings(p.s);

		CHECK(!tcsetattr(p.s, TCSAFLUSH, &t));
	}
	NOTHING(p.s);
}

/* ---- keys that send signals ---- */

static int told[2];

static void counts_keys(void)
{
	sigset_t old, block;

	sigfillset(&block);
	sigprocmask(SIG_BLOCK, &block, &old);
	watch_for(SIGINT);
	watch_for(SIGQUIT);
	watch_for(SIGTSTP);
	CHECK_EQ(write(told[1], "r", 1), 1);
	for (int n = 1; n <= 3; n++) {
		while (caught[SIGINT] + caught[SIGQUIT] + caught[SIGTSTP] < n)
			sigsuspend(&old);
		CHECK_EQ(write(told[1],
			       caught[SIGTSTP]   ? "z"
			       : caught[SIGQUIT] ? "q"
						 : "i",
			       1),
			 1);
	}
}

static void lives_on(void)
{
	nap_ms(100000);
}

static void leads_others(void)
{
	pid_t back = behind(lives_on);

	counts_keys();
	/* Whoever is not in front hears nothing. */
	CHECK_EQ(waitpid(back, NULL, WNOHANG), 0);
	kill(back, SIGKILL);
	CHECK_EQ(wait_status(back), SIGKILL);
}

static void signal_keys(void)
{
	struct pair p = pty_new();
	pid_t pid;
	char c;

	CHECK(!pipe(told));
	pid = session_on(&p, leads_others);
	CHECK_EQ(read(told[0], &c, 1), 1);
	type(p.m, "\003");
	EXPECT(p.m, "^C");
	CHECK_EQ(read(told[0], &c, 1), 1);
	CHECK_EQ(c, 'i');
	type(p.m, "\034");
	EXPECT(p.m, "^\\");
	CHECK_EQ(read(told[0], &c, 1), 1);
	CHECK_EQ(c, 'q');
	type(p.m, "\032");
	EXPECT(p.m, "^Z");
	CHECK_EQ(read(told[0], &c, 1), 1);
	CHECK_EQ(c, 'z');
	CHECK_EQ(wait_status(pid), 0);
}

static void hears_one(void)
{
	watch_for(SIGINT);
	CHECK_EQ(write(told[1], "r", 1), 1);
	while (!caught[SIGINT])
		nap_ms(1);
}

static void puts_one_in_front(void)
{
	pid_t pid;

	signal(SIGTTOU, SIG_IGN);
	watch_for(SIGINT);
	pid = behind(hears_one);
	CHECK(!tcsetpgrp(0, pid));
	CHECK_EQ(write(told[1], "r", 1), 1);
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(caught[SIGINT], 0);
}

/* The keys are for who is in front, and not for the leader behind. */
static void key_for_the_front(void)
{
	struct pair p = pty_new();
	pid_t pid;
	char c;

	CHECK(!pipe(told));
	pid = session_on(&p, puts_one_in_front);
	CHECK_EQ(read(told[0], &c, 1), 1);
	CHECK_EQ(read(told[0], &c, 1), 1);
	type(p.m, "\003");
	CHECK_EQ(wait_status(pid), 0);
}

static void flushed_by_key(void)
{
	struct pair p = pty_pair();

	FLAGS(p.s, c_lflag, 0, ECHO);
	type(p.m, "line\nhalf\003x\n");
	EXPECT(p.s, "x\n");
	FLAGS(p.s, c_lflag, NOFLSH, 0);
	type(p.m, "kept\003x\n");
	EXPECT(p.s, "keptx\n");
	FLAGS(p.s, c_lflag, 0, ISIG);
	type(p.m, "a\003\n");
	EXPECT(p.s, "a\003\n");
}

/* The key that shows the processes on the console is a byte elsewhere. */
static void no_dump_here(void)
{
	struct pair p = pty_pair();

	type(p.m, "a\020b\n");
	EXPECT(p.s, "a\020b\n");
	EXPECT(p.m, "a^Pb\r\n");
}

/* ---- whose terminal it is ---- */

static char place[24];

static int has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR);

	if (fd >= 0)
		close(fd);
	else
		CHECK_EQ(errno, ENXIO);
	return fd >= 0;
}

static void gets_one(void)
{
	pid_t pid, sid = -1;
	int fd, again;

	CHECK(!has_terminal() || getsid(0) != getpid());
	CHECK(setsid() == getpid());
	CHECK(!has_terminal());
	fd = open(place, O_RDWR | O_NOCTTY);
	CHECK(fd >= 0);
	CHECK(!has_terminal());
	CHECK_ERR(tcgetpgrp(fd), ENOTTY);
	/* Not who cannot read it. */
	close(open(place, O_WRONLY));
	CHECK(!has_terminal());
	/* Not who does not lead. */
	pid = fork();
	if (!pid) {
		close(open(place, O_RDWR));
		CHECK(!has_terminal());
		CHECK_ERR(ioctl(fd, TIOCSCTTY, 0), EPERM);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	again = open(place, O_RDWR);
	CHECK(has_terminal());
	CHECK_EQ(tcgetpgrp(fd), getpid());
	CHECK(!ioctl(again, TIOCGSID, &sid));
	if (!test_on_linux()) /* QEMU does not hand the answer on */
		CHECK_EQ(sid, getpid());
	CHECK(!ioctl(fd, TIOCSCTTY, 0));
	/* The children have it too, until they say that they do not want it. */
	pid = fork();
	if (!pid) {
		CHECK(has_terminal());
		CHECK(!ioctl(fd, TIOCNOTTY));
		CHECK(!has_terminal());
		CHECK_ERR(ioctl(fd, TIOCNOTTY), ENOTTY);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK(has_terminal());
	pid = fork();
	if (!pid) {
		CHECK(setsid() == getpid());
		CHECK(!has_terminal());
		/* It is taken. */
		CHECK_ERR(ioctl(fd, TIOCSCTTY, 0), EPERM);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	/* One is enough. */
	{
		struct pair other = pty_pair();

		CHECK_ERR(ioctl(other.s, TIOCSCTTY, 0), EPERM);
	}
	signal(SIGHUP, SIG_IGN);
	CHECK(!ioctl(fd, TIOCNOTTY));
	CHECK(!has_terminal());
	CHECK(!ioctl(fd, TIOCSCTTY, 0));
	CHECK(has_terminal());
}

static void acquired(void)
{
	struct pair p = pty_new();

	strcpy(place, p.name);
	in_child(gets_one);
}

static void is_stolen_from(void)
{
	CHECK(has_terminal());
	CHECK_EQ(write(told[1], "r", 1), 1);
	while (has_terminal())
		nap_ms(1);
}

static void steals(void)
{
	int fd;

	CHECK(setsid() == getpid());
	fd = open(place, O_RDWR);
	CHECK(fd >= 0);
	CHECK(!has_terminal());
	CHECK_ERR(ioctl(fd, TIOCSCTTY, 0), EPERM);
	CHECK(!ioctl(fd, TIOCSCTTY, 1));
	CHECK(has_terminal());
	CHECK_EQ(tcgetpgrp(fd), getpid());
}

static void steals_in_vain(void)
{
	int fd;

	fd = open(place, O_RDWR | O_NOCTTY);
	become_nobody();
	CHECK(setsid() == getpid());
	CHECK_ERR(ioctl(fd, TIOCSCTTY, 1), EPERM);
	CHECK(!has_terminal());
}

static void stolen(void)
{
	struct pair p = pty_new();
	pid_t pid;
	char c;

	CHECK(!pipe(told));
	strcpy(place, p.name);
	pid = session_on(&p, is_stolen_from);
	CHECK_EQ(read(told[0], &c, 1), 1);
	in_child(steals_in_vain);
	if (geteuid())
		kill(pid, SIGKILL);
	else
		in_child(steals);
	CHECK_EQ(wait_status(pid), geteuid() ? SIGKILL : 0);
}

static void sets_groups(void)
{
	pid_t a = behind(lives_on), b;
	int fd;

	signal(SIGTTOU, SIG_IGN);
	CHECK(!tcsetpgrp(0, a));
	CHECK_EQ(tcgetpgrp(0), a);
	CHECK(!tcsetpgrp(0, getpgrp()));
	CHECK_ERR(tcsetpgrp(0, 0x3ffffe), ESRCH);
	CHECK_ERR(tcsetpgrp(0, -1), EINVAL);
	b = fork();
	if (!b) {
		setsid();
		CHECK_EQ(write(told[1], "s", 1), 1);
		lives_on();
	}
	CHECK_EQ(read(told[0], &fd, 1), 1);
	CHECK_ERR(tcsetpgrp(0, b), EPERM);
	kill(a, SIGKILL);
	kill(b, SIGKILL);
	/* A terminal that is nobody's. */
	{
		struct pair p = pty_pair();

		CHECK_ERR(tcsetpgrp(p.s, getpgrp()), ENOTTY);
		CHECK_ERR(tcgetpgrp(p.s), ENOTTY);
	}
}

static void foreground(void)
{
	struct pair p = pty_new();

	CHECK(!pipe(told));
	CHECK_EQ(wait_status(session_on(&p, sets_groups)), 0);
}

/* ---- who is behind ---- */

static void reads_line(void)
{
	char buf[16];

	CHECK_EQ(read(0, buf, sizeof(buf)), 3);
	CHECK(!memcmp(buf, "hi\n", 3));
}

static void reads_deaf(void)
{
	char c;

	signal(SIGTTIN, SIG_IGN);
	CHECK_ERR(read(0, &c, 1), EIO);
	signal(SIGTTIN, SIG_DFL);
	{
		sigset_t s;

		sigemptyset(&s);
		sigaddset(&s, SIGTTIN);
		CHECK(!sigprocmask(SIG_BLOCK, &s, NULL));
	}
	CHECK_ERR(read(0, &c, 1), EIO);
}

static void reads_caught(void)
{
	struct sigaction a = { 0 };
	char c;

	a.sa_handler = catch_it; /* without SA_RESTART */
	CHECK(!sigaction(SIGTTIN, &a, NULL));
	CHECK_ERR(read(0, &c, 1), EINTR);
	CHECK(caught[SIGTTIN] >= 1);
}

static void shell_with_readers(void)
{
	pid_t pid;

	signal(SIGTTOU, SIG_IGN);
	pid = behind(reads_line);
	CHECK_EQ(stopped_by(pid), SIGTTIN);
	CHECK(!tcsetpgrp(0, pid));
	CHECK(!kill(-pid, SIGCONT));
	CHECK_EQ(write(told[1], "t", 1), 1);
	CHECK_EQ(wait_status(pid), 0);
	CHECK(!tcsetpgrp(0, getpgrp()));
	CHECK_EQ(wait_status(behind(reads_deaf)), 0);
	CHECK_EQ(wait_status(behind(reads_caught)), 0);
}

static void reading_from_behind(void)
{
	struct pair p = pty_new();
	pid_t pid;
	char c;

	CHECK(!pipe(told));
	pid = session_on(&p, shell_with_readers);
	CHECK_EQ(read(told[0], &c, 1), 1);
	type(p.m, "hi\n");
	CHECK_EQ(wait_status(pid), 0);
}

static void writes_line(void)
{
	type(0, "out\n");
}

static void changes_settings(void)
{
	struct termios t = settings(0);

	CHECK(!tcsetattr(0, TCSANOW, &t));
}

static void takes_terminal(void)
{
	CHECK(!tcsetpgrp(0, getpgrp()));
}

static void writes_deaf(void)
{
	sigset_t s;

	signal(SIGTTOU, SIG_IGN);
	type(0, "ign\n");
	signal(SIGTTOU, SIG_DFL);
	sigemptyset(&s);
	sigaddset(&s, SIGTTOU);
	CHECK(!sigprocmask(SIG_BLOCK, &s, NULL));
	type(0, "blk\n");
	takes_terminal();
}

static void shell_with_writers(void)
{
	static void (*const stops[])(void) = { writes_line, changes_settings,
					       takes_terminal };

	CHECK_EQ(wait_status(behind(writes_line)), 0);
	FLAGS(0, c_lflag, TOSTOP, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(stops); i++) {
		pid_t pid = behind(stops[i]);

		CHECK_EQ(stopped_by(pid), SIGTTOU);
		/* Going on behind, it is stopped again. */
		CHECK(!kill(-pid, SIGCONT));
		CHECK_EQ(stopped_by(pid), SIGTTOU);
		signal(SIGTTOU, SIG_IGN);
		CHECK(!tcsetpgrp(0, pid));
		CHECK(!kill(-pid, SIGCONT));
		CHECK_EQ(wait_status(pid), 0);
		CHECK(!tcsetpgrp(0, getpgrp()));
		signal(SIGTTOU, SIG_DFL);
	}
	CHECK_EQ(wait_status(behind(writes_deaf)), 0);
	/* Changes stop without TOSTOP. */
	signal(SIGTTOU, SIG_IGN);
	CHECK(!tcsetpgrp(0, getpgrp()));
	FLAGS(0, c_lflag, 0, TOSTOP);
	signal(SIGTTOU, SIG_DFL);
	{
		pid_t pid = behind(changes_settings);

		CHECK_EQ(stopped_by(pid), SIGTTOU);
		kill(pid, SIGKILL);
		CHECK_EQ(wait_status(pid), SIGKILL);
	}
}

static void writing_from_behind(void)
{
	struct pair p = pty_new();
	pid_t pid = session_on(&p, shell_with_writers);

	CHECK_EQ(wait_status(pid), 0);
	EXPECT(p.m, "out\r\nout\r\nign\r\nblk\r\n");
}

/* Its parent is gone: nobody could let it go on. */
static void orphan_reads(void)
{
	char c;

	CHECK_ERR(read(0, &c, 1), EIO);
	{
		struct termios t = settings(0);

		CHECK_ERR(tcsetattr(0, TCSANOW, &t), EIO);
	}
	CHECK_ERR(tcsetpgrp(0, getpgrp()), ENOTTY);
	CHECK_EQ(write(told[1], "o", 1), 1);
}

static void leaves_orphan(void)
{
	pid_t mid = fork();
	char c;

	if (!mid) {
		pid_t me = getpid();

		setpgid(0, 0);
		if (!fork()) {
			WAIT_UNTIL(getppid() != me);
			orphan_reads();
			_exit(0);
		}
		_exit(0);
	}
	CHECK_EQ(wait_status(mid), 0);
	CHECK_EQ(read(told[0], &c, 1), 1);
}

static void orphans_get_errors(void)
{
	struct pair p = pty_new();

	CHECK(!pipe(told));
	CHECK_EQ(wait_status(session_on(&p, leaves_orphan)), 0);
}

/* ---- the end of a session ---- */

static void waits_for_hangup(void)
{
	watch_for(SIGHUP);
	CHECK_EQ(write(told[1], "r", 1), 1);
	while (!caught[SIGHUP])
		nap_ms(1);
	CHECK_EQ(write(told[1], "h", 1), 1);
}

static void ends_early(void)
{
	pid_t pid;

	signal(SIGTTOU, SIG_IGN);
	pid = behind(waits_for_hangup);
	CHECK(!tcsetpgrp(0, pid));
	/* When it is ready. */
	nap_ms(50);
}

static void leader_ends(void)
{
	struct pair p = pty_new();
	pid_t pid;
	char c;

	CHECK(!pipe(told));
	pid = session_on(&p, ends_early);
	CHECK_EQ(read(told[0], &c, 1), 1);
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(read(told[0], &c, 1), 1);
	CHECK_EQ(c, 'h');
	/* The terminal is free for the next. */
	CHECK_EQ(wait_status(session_on(&p, changes_settings)), 0);
}

static void stops_itself(void)
{
	watch_for(SIGHUP);
	watch_for(SIGCONT);
	raise(SIGSTOP);
	while (!caught[SIGHUP])
		nap_ms(1);
	CHECK_EQ(caught[SIGCONT], 1);
	CHECK_EQ(write(told[1], "h", 1), 1);
}

static void leaves_a_stopped_one(void)
{
	pid_t pid = behind(stops_itself);

	CHECK_EQ(stopped_by(pid), SIGSTOP);
}

/* Nobody is left who could let the stopped ones go on. */
static void stopped_orphans(void)
{
	struct pair p = pty_new();
	char c;

	CHECK(!pipe(told));
	CHECK_EQ(wait_status(session_on(&p, leaves_a_stopped_one)), 0);
	CHECK_EQ(read(told[0], &c, 1), 1);
}

static void hangs_up(void)
{
	int other = open("/dev/tty", O_RDWR), again;
	char c;

	watch_for(SIGHUP);
	watch_for(SIGCONT);
	CHECK_EQ(sys(SYS_vhangup), 0);
	CHECK(caught[SIGHUP] && caught[SIGCONT]);
	CHECK(!has_terminal());
	CHECK_EQ(read(0, &c, 1), 0);
	CHECK_ERR(write(other, "x", 1), EIO);
	/* Who opens it afterwards has a terminal like any other. */
	again = open(place, O_RDWR);
	CHECK(has_terminal());
	type(again, "back");
	CHECK_EQ(read(0, &c, 1), 0);
	CHECK_EQ(write(told[1], "b", 1), 1);
	CHECK_EQ(read(again, &c, 1), 1);
	CHECK_EQ(c, 'n');
	become_nobody();
	CHECK_EQ(sys(SYS_vhangup), -EPERM);
	CHECK_ERR(ioctl(again, TIOCVHANGUP), EPERM);
}

static void hung_up(void)
{
	struct pair p = pty_new();
	pid_t pid;
	char c;

	if (geteuid())
		test_skip("only root may");
	CHECK(!pipe(told));
	strcpy(place, p.name);
	pid = session_on(&p, hangs_up);
	CHECK_EQ(read(told[0], &c, 1), 1);
	EXPECT(p.m, "back");
	type(p.m, "n\n");
	CHECK_EQ(wait_status(pid), 0);
}

TEST_MAIN(CASE(lines), CASE(longest_line), CASE(edited), CASE(echo_choices),
	  CASE(input_flags), CASE(output_flags), CASE(short_writes),
	  CASE(least_and_time), CASE(slow_typist),
	  CASE(signal_for_a_slow_reader), CASE(speeds), CASE(read_back),
	  CASE(mode_changes), CASE(signal_keys), CASE(key_for_the_front),
	  CASE(flushed_by_key), CASE(no_dump_here), CASE(acquired),
	  CASE(stolen), CASE(foreground), CASE(reading_from_behind),
	  CASE(writing_from_behind), CASE(orphans_get_errors),
	  CASE(leader_ends), CASE(stopped_orphans), CASE(hung_up))
