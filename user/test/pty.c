/* pty: pairs of pseudo terminals, from their making to their hang-up. */
#include "pty.h"

#include <sys/resource.h>

static void made_and_gone(void)
{
	char link[64], self[32];
	struct stat st;
	struct pair p;
	int n = -1, on = -1;
	ssize_t len;

	p.m = pty_master();
	CHECK(!ioctl(p.m, GET_NUMBER, &n));
	CHECK(n >= 0);
	snprintf(p.name, sizeof(p.name), "/dev/pts/%d", n);
	CHECK(!stat(p.name, &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_uid, geteuid());
	CHECK_EQ(st.st_rdev, (136 << 8) | n);
	CHECK_EQ(st.st_mode & 0606, 0600);
	/* Locked at first. */
	if (!test_on_linux()) { /* QEMU does not know this one */
		CHECK(!ioctl(p.m, GET_LOCK, &on));
		CHECK_EQ(on, 1);
	}
	CHECK_ERR(open(p.name, O_RDWR | O_NOCTTY), EIO);
	on = 0;
	CHECK(!ioctl(p.m, SET_LOCK, &on));
	p.s = open(p.name, O_RDWR | O_NOCTTY);
	CHECK(p.s >= 0);
	CHECK(isatty(p.s) && isatty(p.m));
	snprintf(self, sizeof(self), "/proc/self/fd/%d", p.s);
	len = readlink(self, link, sizeof(link));
	CHECK(len > 0);
	link[len] = '\0';
	CHECK(!strcmp(link, p.name));
	CHECK_ERR(lseek(p.s, 0, SEEK_SET), ESPIPE);
	CHECK_ERR(lseek(p.m, 0, SEEK_SET), ESPIPE);
	close(p.m);
	CHECK_ERR(stat(p.name, &st), ENOENT);
	CHECK_ERR(open(p.name, O_RDWR | O_NOCTTY), ENOENT);
	close(p.s);
}

static void listed(void)
{
	struct pair a = pty_new(), b = pty_new();
	struct dirent *e;
	int found = 0;
	DIR *d = opendir("/dev/pts");

	CHECK(d);
	while ((e = readdir(d))) {
		found += !strcmp(e->d_name, a.name + 9);
		found += !strcmp(e->d_name, b.name + 9);
	}
	closedir(d);
	CHECK_EQ(found, 2);
	CHECK_ERR(open("/dev/pts/00", O_RDWR), ENOENT);
	CHECK_ERR(open("/dev/pts/99999999999", O_RDWR), ENOENT);
	CHECK_ERR(open("/dev/pts/x", O_RDWR), ENOENT);
	CHECK(mkdir("/dev/pts/d", 0700) == -1);
	CHECK(unlink(a.name) == -1);
	/* The owner may say who else may use it. */
	CHECK(!chmod(a.name, 0640));
	{
		struct stat st;

		CHECK(!stat(a.name, &st));
		CHECK_EQ(st.st_mode & 0777, 0640);
	}
}

static void typed_and_shown(void)
{
	struct pair p = pty_pair();
	int n;

	type(p.m, "one\rtw");
	EXPECT(p.m, "one\r\ntw");
	EXPECT(p.s, "one\n");
	NOTHING(p.s);
	type(p.m, "o\n");
	WAIT_UNTIL(!ioctl(p.s, FIONREAD, &n) && n == 4);
	EXPECT(p.s, "two\n");
	EXPECT(p.m, "o\r\n");
	type(p.s, "a\nb\n");
	WAIT_UNTIL(!ioctl(p.m, FIONREAD, &n) && n == 6);
	EXPECT(p.m, "a\r\nb\r\n");
	NOTHING(p.m);
	/* The settings are the slave's, from either end. */
	FLAGS(p.m, c_lflag, 0, ECHO);
	CHECK_EQ(settings(p.s).c_lflag & ECHO, 0);
	type(p.m, "x\n");
	EXPECT(p.s, "x\n");
	NOTHING(p.m);
}

/* ---- one end goes ---- */

static void slave_goes(void)
{
	struct pair p = pty_new();
	char c;

	/* Nobody was there yet: nothing is wrong. */
	CHECK(!fcntl(p.m, F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(p.m, &c, 1), EAGAIN);
	CHECK_EQ(look(p.m, POLLIN | POLLOUT), POLLOUT);
	p.s = open(p.name, O_RDWR | O_NOCTTY);
	CHECK(p.s >= 0);
	type(p.s, "last");
	close(p.s);
	CHECK_EQ(look(p.m, POLLIN), POLLIN | POLLHUP);
	EXPECT(p.m, "last");
	CHECK_ERR(read(p.m, &c, 1), EIO);
	CHECK_EQ(look(p.m, POLLIN), POLLHUP);
	/* It comes back, with what was typed meanwhile. */
	type(p.m, "hello\n");
	p.s = open(p.name, O_RDWR | O_NOCTTY);
	CHECK(p.s >= 0);
	CHECK_EQ(look(p.m, POLLHUP), 0);
	EXPECT(p.s, "hello\n");
	/* Two have it: the last one counts. */
	{
		int more = dup(p.s), again = open(p.name, O_RDWR | O_NOCTTY);

		close(p.s);
		close(more);
		CHECK_EQ(look(p.m, POLLHUP), 0);
		close(again);
		CHECK_EQ(look(p.m, POLLHUP), POLLHUP);
	}
}

static void slave_goes_while_waited_for(void)
{
	struct pair p = pty_pair();
	pid_t pid = fork();
	char c;

	if (!pid) {
		close(p.m);
		nap_ms(30);
		_exit(0); /* its slave goes with it */
	}
	close(p.s);
	CHECK_ERR(read(p.m, &c, 1), EIO);
	CHECK_EQ(wait_status(pid), 0);
}

static void master_goes(void)
{
	struct pair p = pty_pair();
	struct winsize ws;
	struct termios t;
	char c;

	type(p.m, "never read\n");
	close(p.m);
	CHECK_EQ(read(p.s, &c, 1), 0);
	CHECK_ERR(write(p.s, "x", 1), EIO);
	CHECK_EQ(look(p.s, POLLIN | POLLOUT),
		 POLLIN | POLLOUT | POLLERR | POLLHUP);
	CHECK_ERR(tcgetattr(p.s, &t), EIO);
	CHECK_ERR(ioctl(p.s, TIOCGWINSZ, &ws), EIO);
	CHECK(!isatty(p.s));
}

static void master_goes_while_waited_for(void)
{
	static char much[65536];
	struct pair p = pty_pair();
	pid_t reader = fork(), writer;
	char c;

	if (!reader) {
		close(p.m);
		/* Which of the two, POSIX leaves open. */
		CHECK(read(p.s, &c, 1) == 0 || errno == EIO);
		_exit(0);
	}
	writer = fork();
	if (!writer) {
		close(p.m);
		while (write(p.s, much, sizeof(much)) > 0)
			;
		CHECK_EQ(errno, EIO);
		_exit(0);
	}
	nap_ms(50);
	close(p.m);
	CHECK_EQ(wait_status(reader), 0);
	CHECK_EQ(wait_status(writer), 0);
}

static int told[2]; /* what the session says */

/* The leader hears of it at once, who was in front when the leader ends. */
static void in_front(void)
{
	watch_for(SIGHUP);
	CHECK_EQ(write(told[1], "f", 1), 1);
	while (!caught[SIGHUP])
		nap_ms(1);
	CHECK_EQ(write(told[1], "h", 1), 1);
}

static void leads(void)
{
	pid_t pid;
	int fd;

	watch_for(SIGHUP);
	watch_for(SIGCONT);
	signal(SIGTTOU, SIG_IGN);
	pid = behind(in_front);
	CHECK(!tcsetpgrp(0, pid));
	CHECK_EQ(write(told[1], "l", 1), 1);
	while (!caught[SIGHUP] || !caught[SIGCONT])
		nap_ms(1);
	fd = open("/dev/tty", O_RDWR);
	CHECK(fd < 0 && errno == ENXIO);
	nap_ms(50);
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_EQ(write(told[1], "e", 1), 1);
}

static void hang_up_signals(void)
{
	struct pair p = pty_new();
	char said[5] = "";
	pid_t pid;

	CHECK(!pipe(told));
	pid = session_on(&p, leads);
	close(told[1]);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(read(told[0], said + i, 1), 1);
	close(p.m);
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(read(told[0], said + 2, 1), 1);
	CHECK_EQ(read(told[0], said + 3, 1), 1);
	CHECK(!strcmp(said + 2, "eh"));
	CHECK_EQ(read(told[0], said, 1), 0);
}

/* ---- full, and nobody waits ---- */

static void fill(int from, int to)
{
	static char block[1000], got[1000];
	unsigned char next = 0, seen = 0;
	size_t in = 0, out = 0;
	ssize_t n;

	CHECK(!fcntl(from, F_SETFL, O_NONBLOCK));
	CHECK(!fcntl(to, F_SETFL, O_NONBLOCK));
	for (int round = 0; round < 3; round++) {
		for (;;) {
			for (size_t i = 0; i < sizeof(block); i++)
				block[i] = (char)(next + i);
			n = write(from, block, sizeof(block));
			if (n < 0)
				break;
			next = (unsigned char)(next + n);
			in += (size_t)n;
		}
		CHECK_EQ(errno, EAGAIN);
		/* Elsewhere some of it moves on behind our back. */
		if (!test_on_linux())
			CHECK_EQ(look(from, POLLOUT), 0);
		CHECK(in - out >= 4095);
		for (;;) {
			n = read(to, got, sizeof(got));
			if (n < 0 && errno == EAGAIN) {
				struct pollfd p = { to, POLLIN, 0 };

				if (poll(&p, 1, 100) == 1)
					continue;
				break;
			}
			CHECK(n > 0);
			for (ssize_t i = 0; i < n; i++, seen++)
				CHECK_EQ((unsigned char)got[i], seen);
			out += (size_t)n;
		}
		CHECK_EQ(out, in);
		CHECK_EQ(look(from, POLLOUT), POLLOUT);
	}
}

static void full_of_input(void)
{
	struct pair p = pty_pair();

	set_raw(p.s, 1, 0);
	fill(p.m, p.s);
}

static void full_of_output(void)
{
	struct pair p = pty_pair();

	set_raw(p.s, 1, 0);
	fill(p.s, p.m);
}

/* Line n of the paste, a length that is different each time. */
static size_t paste_line(char *to, unsigned n)
{
	size_t len = n % 7 == 0 ? 4095 : n * 37 % 90;

	memset(to, 'a' + (int)(n % 26), len);
	to[len] = '\n';
	return len + 1;
}

/* 100 KB in lines up to the longest, into a reader that is slower. */
static void long_paste(void)
{
	static char line[4096], got[4096];
	struct pair p = pty_pair();
	size_t all = 0;
	pid_t pid;

	FLAGS(p.s, c_lflag, 0, ECHO);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		close(p.s);
		for (unsigned n = 0; all < 100000; n++) {
			size_t len = paste_line(line, n);

			CHECK_EQ(write(p.m, line, len), (long)len);
			all += len;
		}
		CHECK_EQ(read(p.m, got, 1), 1);
		_exit(0);
	}
	for (unsigned n = 0; all < 100000; n++) {
		size_t len = paste_line(line, n);

		if (n % 10 == 0)
			nap_ms(5);
		CHECK_EQ(read(p.s, got, sizeof(got)), (long)len);
		CHECK(!memcmp(got, line, len));
		all += len;
	}
	type(p.s, "x");
	CHECK_EQ(wait_status(pid), 0);
}

static void sleeps(void)
{
	CHECK_EQ(write(told[1], "s", 1), 1);
	for (;;)
		nap_ms(1000);
}

/* ^C behind a paste that nobody reads; and while output has no end. */
static void interrupt_behind_paste(void)
{
	static char line[100];
	struct pair p = pty_new();
	long long began;
	pid_t pid;
	int status;
	char c;

	test_skip_on_linux(
		"there a ^C behind so much input waits for a reader");
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	CHECK(!pipe(told));
	pid = session_on(&p, sleeps);
	CHECK_EQ(read(told[0], &c, 1), 1);
	/* Echo has no reader either. */
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(write(p.m, line, sizeof(line)), sizeof(line));
	began = now_ns();
	type(p.m, "\003");
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	CHECK(now_ns() - began < test_patience * 1000000000ll);
}

static void prints(void)
{
	for (;;)
		type(0, "and on\n");
}

static void interrupt_endless_output(void)
{
	struct pair p = pty_new();
	long long began;
	char buf[256];
	size_t n = 0;
	pid_t pid;
	int status;

	pid = session_on(&p, prints);
	while (n < 100000) {
		ssize_t got = read(p.m, buf, sizeof(buf));

		CHECK(got > 0);
		n += (size_t)got;
	}
	/* Nobody reads any more, so it waits for room. */
	nap_ms(20);
	began = now_ns();
	type(p.m, "\003");
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	CHECK(now_ns() - began < test_patience * 1000000000ll);
}

static void held_and_let_go(void)
{
	struct pair p = pty_pair();

	CHECK(!fcntl(p.s, F_SETFL, O_NONBLOCK));
	type(p.m, "\023");
	CHECK_EQ(look(p.s, POLLOUT), 0);
	CHECK_ERR(write(p.s, "x", 1), EAGAIN);
	type(p.m, "\021");
	CHECK_EQ(look(p.s, POLLOUT), POLLOUT);
	type(p.s, "go\n");
	EXPECT(p.m, "go\r\n");
	CHECK(!tcflow(p.s, TCOOFF));
	CHECK_ERR(write(p.s, "x", 1), EAGAIN);
	CHECK(!tcflow(p.s, TCOON));
	type(p.s, "x");
	EXPECT(p.m, "x");
	/* What is thrown away does not arrive. */
	type(p.m, "typed\n");
	CHECK(!tcflush(p.s, TCIFLUSH));
	CHECK_ERR(read(p.s, (char[2]){ 0 }, 2), EAGAIN);
	CHECK_ERR(tcflush(p.s, 7), EINVAL);
	CHECK_ERR(tcflow(p.s, 7), EINVAL);
}

/* ---- what a master may ask ---- */

static void waits_for_size(void)
{
	struct winsize ws;

	watch_for(SIGWINCH);
	CHECK_EQ(write(told[1], "r", 1), 1);
	while (!caught[SIGWINCH])
		nap_ms(1);
	CHECK(!ioctl(0, TIOCGWINSZ, &ws));
	CHECK_EQ(ws.ws_row, 50);
	CHECK_EQ(ws.ws_col, 132);
	CHECK_EQ(write(told[1], "s", 1), 1);
	nap_ms(100);
	CHECK_EQ(caught[SIGWINCH], 1);
}

static void window_size(void)
{
	struct winsize ws = { 50, 132, 1, 2 };
	struct pair p = pty_new();
	pid_t pid;
	char c;

	CHECK(!pipe(told));
	pid = session_on(&p, waits_for_size);
	CHECK_EQ(read(told[0], &c, 1), 1);
	CHECK(!ioctl(p.m, TIOCSWINSZ, &ws));
	memset(&ws, 0, sizeof(ws));
	CHECK(!ioctl(p.m, TIOCGWINSZ, &ws));
	CHECK_EQ(ws.ws_col, 132);
	CHECK_EQ(read(told[0], &c, 1), 1);
	/* The same again is no news. */
	CHECK(!ioctl(p.m, TIOCSWINSZ, &ws));
	CHECK_EQ(wait_status(pid), 0);
}

static void peer(void)
{
	struct pair p = pty_new();
	int on = 1;

	p.s = ioctl(p.m, GET_PEER, O_RDWR | O_NOCTTY);
	CHECK(p.s >= 0);
	type(p.s, "me\n");
	EXPECT(p.m, "me\r\n");
	CHECK_EQ(fcntl(p.s, F_GETFD), 0);
	close(p.s);
	p.s = ioctl(p.m, GET_PEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK_EQ(fcntl(p.s, F_GETFD), FD_CLOEXEC);
	CHECK(!ioctl(p.m, SET_LOCK, &on));
	CHECK_ERR(ioctl(p.m, GET_PEER, O_RDWR | O_NOCTTY), EIO);
	CHECK_ERR(ioctl(p.s, GET_PEER, O_RDWR | O_NOCTTY),
		  test_on_linux() ? EIO : ENOTTY);
}

static void packets(void)
{
	struct pair p = pty_pair();
	char buf[16];
	int on = 1;

	CHECK(!ioctl(p.m, SET_PACKET, &on));
	type(p.s, "data");
	CHECK_EQ(read(p.m, buf, sizeof(buf)), 5);
	CHECK(!memcmp(buf, "\0data", 5));
	CHECK(!tcflush(p.s, TCOFLUSH));
	CHECK(look(p.m, POLLPRI) & POLLPRI);
	CHECK_EQ(read(p.m, buf, sizeof(buf)), 1);
	CHECK(buf[0] & 2);
	FLAGS(p.s, c_iflag, 0, IXON);
	CHECK_EQ(read(p.m, buf, sizeof(buf)), 1);
	CHECK(buf[0] & 16);
	on = 0;
	CHECK(!ioctl(p.m, SET_PACKET, &on));
	type(p.s, "x");
	EXPECT(p.m, "x");
}

/* From the master's end the slave's output is the input. */
static void master_flushes(void)
{
	struct pair p = pty_pair();

	CHECK(!fcntl(p.m, F_SETFL, O_NONBLOCK));
	CHECK(!fcntl(p.s, F_SETFL, O_NONBLOCK));
	FLAGS(p.s, c_lflag, 0, ECHO);
	type(p.s, "shown");
	WAIT_UNTIL(look(p.m, POLLIN));
	CHECK(!tcflush(p.m, TCIFLUSH));
	CHECK_ERR(read(p.m, (char[8]){ 0 }, 8), EAGAIN);
	type(p.s, "kept");
	type(p.m, "typed\n");
	WAIT_UNTIL(look(p.s, POLLIN));
	CHECK_ERR(tcflush(p.m, 7), EINVAL);
	EXPECT(p.m, "kept");
	EXPECT(p.s, "typed\n");
}

static void waits_for_signals(void)
{
	watch_for(SIGINT);
	watch_for(SIGTSTP);
	CHECK_EQ(write(told[1], "r", 1), 1);
	while (!caught[SIGINT] || !caught[SIGTSTP])
		nap_ms(1);
}

static void master_asks_and_signals(void)
{
	struct pair p = pty_new();
	pid_t pid, id = -1;
	char c;

	test_skip_on_linux("QEMU does not know these");
	CHECK_ERR(ioctl(p.m, TIOCGSID, &id), ENOTTY);
	CHECK(!pipe(told));
	pid = session_on(&p, waits_for_signals);
	CHECK_EQ(read(told[0], &c, 1), 1);
	CHECK(!ioctl(p.m, TIOCGSID, &id));
	CHECK_EQ(id, pid);
	CHECK(!ioctl(p.m, TIOCGPGRP, &id));
	CHECK_EQ(id, pid);
	CHECK_ERR(ioctl(p.m, SEND_SIGNAL, SIGKILL), EINVAL);
	CHECK(!ioctl(p.m, SEND_SIGNAL, SIGINT));
	CHECK(!ioctl(p.m, SEND_SIGNAL, SIGTSTP));
	CHECK_EQ(wait_status(pid), 0);
}

static void alone_nobody(void)
{
	struct pair p = pty_pair();

	CHECK(!ioctl(p.s, SET_ALONE));
	CHECK_ERR(open(p.name, O_RDWR | O_NOCTTY), EBUSY);
	CHECK(!ioctl(p.s, SET_SHARED));
	CHECK(open(p.name, O_RDWR | O_NOCTTY) >= 0);
}

static void alone(void)
{
	become_nobody();
	alone_nobody();
}

static void types_for_itself(void)
{
	char buf[8];

	become_nobody();
	for (const char *s = "hi\n"; *s; s++)
		CHECK(!ioctl(0, TYPE_BYTE, s));
	CHECK_EQ(read(0, buf, sizeof(buf)), 3);
	CHECK(!memcmp(buf, "hi\n", 3));
	CHECK_ERR(ioctl(0, TYPE_BYTE, bad_pointer), EFAULT);
}

static void typed_by_program(void)
{
	struct pair p = pty_new(), other;

	test_skip_on_linux("often switched off there");
	CHECK_EQ(wait_status(session_on(&p, types_for_itself)), 0);
	/* Not at a terminal that is somebody else's. */
	become_nobody();
	other = pty_pair();
	CHECK_ERR(ioctl(other.s, TYPE_BYTE, "x"), EPERM);
}

static void bad_pointers(void)
{
	static const unsigned long slave[] = { TIOCGWINSZ, TIOCSWINSZ, FIONREAD,
					       TIOCOUTQ };
	static const unsigned long master[] = { GET_NUMBER, SET_LOCK,
						SET_PACKET, TIOCGWINSZ };
	struct pair p = pty_pair();

	for (unsigned i = 0; i < ARRAY_SIZE(slave); i++)
		CHECK_ERR(ioctl(p.s, slave[i], bad_pointer), EFAULT);
	for (unsigned i = 0; i < ARRAY_SIZE(master); i++)
		CHECK_ERR(ioctl(p.m, master[i], bad_pointer), EFAULT);
	CHECK_EQ(sys(SYS_ioctl, p.s, TCGETS, bad_pointer), -EFAULT);
	CHECK_EQ(sys(SYS_ioctl, p.s, TCSETS, bad_pointer), -EFAULT);
	CHECK_EQ(sys(SYS_write, p.m, bad_pointer, 10), -EFAULT);
	CHECK_EQ(sys(SYS_write, p.s, bad_pointer, 10), -EFAULT);
	/* What was to be read is still there afterwards. */
	type(p.m, "kept\n");
	EXPECT(p.m, "kept\r\n");
	CHECK_EQ(sys(SYS_read, p.s, bad_pointer, 10), -EFAULT);
	EXPECT(p.s, "kept\n");
	type(p.s, "too");
	CHECK_EQ(sys(SYS_read, p.m, bad_pointer, 10), -EFAULT);
	EXPECT(p.m, "too");
	if (!test_on_linux()) { /* QEMU answers itself */
		CHECK_ERR(ioctl(p.m, 0x54ff, 0), ENOTTY);
		CHECK_ERR(ioctl(p.s, 0x54ff, 0), ENOTTY);
	}
}

static void many(void)
{
	struct pair p[40];

	for (int i = 0; i < 40; i++) {
		p[i] = pty_pair();
		for (int k = 0; k < i; k++)
			CHECK(strcmp(p[i].name, p[k].name));
	}
	for (int i = 0; i < 40; i++)
		type(p[i].m, p[i].name);
	for (int i = 0; i < 40; i++) {
		EXPECT(p[i].m, p[i].name);
		type(p[i].m, "\n");
		EXPECT(p[i].s, p[i].name);
		close(p[i].m);
		close(p[i].s);
	}
}

/* There is an end to it, and then again a beginning. */
static void as_many_as_may_be(void)
{
	struct rlimit files = { 5000, 5000 };
	int fd[5000], n = 0;

	test_skip_on_linux("there they are everybody's");
	CHECK(!setrlimit(RLIMIT_NOFILE, &files));
	while (n < 4990 && (fd[n] = open("/dev/ptmx", O_RDWR)) >= 0)
		n++;
	CHECK_EQ(errno, ENOSPC);
	CHECK(n >= 16);
	close(fd[n / 2]);
	fd[n / 2] = open("/dev/ptmx", O_RDWR);
	CHECK(fd[n / 2] >= 0);
	CHECK_ERR(open("/dev/ptmx", O_RDWR), ENOSPC);
}

TEST_MAIN(CASE(made_and_gone), CASE(listed), CASE(typed_and_shown),
	  CASE(slave_goes), CASE(slave_goes_while_waited_for),
	  CASE(master_goes), CASE(master_goes_while_waited_for),
	  CASE(hang_up_signals), CASE(full_of_input), CASE(full_of_output),
	  CASE(long_paste), CASE(interrupt_behind_paste),
	  CASE(interrupt_endless_output), CASE(held_and_let_go),
	  CASE(window_size), CASE(peer), CASE(packets), CASE(master_flushes),
	  CASE(master_asks_and_signals), CASE(alone), CASE(typed_by_program),
	  CASE(bad_pointers), CASE(many), CASE(as_many_as_may_be))
