/*
 * More memory is wanted than there is. Somebody has to be killed; the others go
 * on, and afterwards everything is there again. Only on Octopos: elsewhere it
 * would be the build machine's memory.
 */
#include "user/test/pty.h"

#include <sys/sysinfo.h>

#define HOGS 4
#define RW   (PROT_READ | PROT_WRITE)

static size_t all_memory(void)
{
	struct sysinfo si;

	CHECK(!sysinfo(&si));
	return (size_t)si.totalram * si.mem_unit;
}

/* Takes pages of its own until somebody ends it, or it has had enough. */
static void eat(size_t most, int flags)
{
	while (most) {
		char *p = mmap(NULL, 1 << 20, RW, flags | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(0);
		for (int i = 0; i < 1 << 20; i += 4096)
			p[i] = 1;
		most -= most < 1 << 20 ? most : 1 << 20;
	}
}

static void feast(int flags, size_t each)
{
	int more[2], status, killed = 0;
	pid_t pid;
	char c;

	CHECK(!pipe(more));
	for (int i = 0; i < HOGS; i++) {
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			close(more[1]);
			eat(each, flags);
			/* Keeps it until somebody had to die. */
			_exit(read(more[0], &c, 1) != 0);
		}
	}
	for (int i = 0; i < HOGS; i++) {
		CHECK(wait(&status) > 0);
		if (!i)
			close(more[1]);
		/* A page of shared memory that cannot be had is SIGBUS. */
		CHECK(!status || status == SIGKILL || status == SIGBUS);
		killed += status != 0;
	}
	CHECK(killed > 0);
}

static void private_memory(void)
{
	test_skip_on_linux("it is the build machine's memory");
	for (unsigned i = 0; i <= test_seconds / 10; i++)
		feast(MAP_PRIVATE, all_memory() / 2);
}

/* Forks while there is none left: fork may fail, nobody may hang. */
static void forks_without_memory(void)
{
	pid_t hog;

	test_skip_on_linux("it is the build machine's memory");
	hog = fork();
	CHECK(hog >= 0);
	if (!hog) {
		eat(all_memory() * 2, MAP_PRIVATE);
		_exit(0);
	}
	for (int i = 0; i < 300; i++) {
		pid_t pid = fork();

		if (!pid) {
			char *argv[] = { (char[]){ "/bin/true" }, NULL };

			execve(argv[0], argv, &argv[1]);
			_exit(1);
		}
		if (pid > 0)
			wait_status(pid);
		else
			CHECK(errno == ENOMEM);
	}
	kill(hog, SIGKILL);
	CHECK_EQ(wait_status(hog), SIGKILL);
}

/* Terminals that are made, filled and closed meanwhile: nothing may hang, be
 * left behind or come out of order. */
static void terminals_without_memory(void)
{
	static char block[4096], got[4096];
	unsigned char next, seen;
	pid_t hog;
	int made = 0;

	test_skip_on_linux("it is the build machine's memory");
	/* On a busy machine the hunger lasts, and the frame itself may die. */
	if (!test_seconds)
		test_skip("only with -t");
	hog = fork();
	CHECK(hog >= 0);
	if (!hog) {
		eat(all_memory() * 2, MAP_PRIVATE);
		_exit(0);
	}
	for (int i = 0; i < 20 || !made; i++) {
		int m = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
		int s, n, off = 0;
		struct termios t;
		char name[24];
		ssize_t r;

		if (m < 0) {
			CHECK(errno == ENOMEM || errno == ENFILE);
			nap_ms(1);
			continue;
		}
		CHECK(!ioctl(m, GET_NUMBER, &n) && !ioctl(m, SET_LOCK, &off));
		snprintf(name, sizeof(name), "/dev/pts/%d", n);
		s = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
		if (s >= 0 && !tcgetattr(s, &t)) {
			cfmakeraw(&t);
			CHECK(!tcsetattr(s, TCSANOW, &t));
			next = seen = 0;
			for (size_t k = 0; k < sizeof(block); k++)
				block[k] = (char)k;
			/* The ring would like to grow. */
			while ((r = write(m, block + next,
					  sizeof(block) - next)) > 0)
				next = (unsigned char)(next + r);
			CHECK_EQ(errno, EAGAIN);
			while ((r = read(s, got, sizeof(got))) > 0)
				for (ssize_t k = 0; k < r; k++, seen++)
					CHECK_EQ((unsigned char)got[k], seen);
			CHECK_EQ(seen, next);
			made++;
		}
		if (s >= 0)
			close(s);
		close(m);
	}
	kill(hog, SIGKILL);
	wait_status(hog);
}

TEST_MAIN(CASE_LIMIT(terminals_without_memory, 120),
	  CASE_LIMIT(private_memory, 120),
	  CASE_LIMIT(forks_without_memory, 120))
