/*
 * Everything at once: for a second, or for `-t SECONDS`. Workers of each kind
 * run side by side until the time is over; each checks what it sees, so a
 * fault that needs a crowd shows as a failure and not only as a crash.
 */
#include "user/test/thread.h"

#include <sys/wait.h>

static long long until;
static unsigned seed;

static unsigned dice(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

static int more(void)
{
	return now_ns() < until;
}

static void forks(void)
{
	while (more()) {
		pid_t pid[8];
		int n = 1 + (int)dice(8);

		for (int i = 0; i < n; i++) {
			pid[i] = fork();
			CHECK(pid[i] >= 0);
			if (!pid[i]) {
				if (dice(2))
					sched_yield();
				_exit(i);
			}
		}
		for (int i = n - 1; i >= 0; i--)
			CHECK_EQ(WEXITSTATUS(wait_status(pid[i])), i);
	}
}

static void killed_ones(void)
{
	while (more()) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (!pid) {
			int fd[2];
			char c;

			if (dice(3) == 0)
				_exit(3);
			if (dice(2))
				for (;;)
					;
			CHECK(!pipe(fd));
			read(fd[0], &c, 1);
			_exit(4);
		}
		if (dice(2))
			sched_yield();
		kill(pid, SIGKILL);
		status = wait_status(pid);
		CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 3);
	}
}

static void pipes(void)
{
	static unsigned char buf[3000];

	while (more()) {
		int fd[2];
		unsigned sent = 2000 + dice(60000), got = 0;
		ssize_t n;
		pid_t pid;

		CHECK(!pipe(fd));
		pid = fork();
		if (!pid) {
			unsigned at = 0;

			close(fd[0]);
			while (at < sent) {
				unsigned len = 1 + dice(sizeof(buf));

				if (len > sent - at)
					len = sent - at;
				for (unsigned i = 0; i < len; i++)
					buf[i] = (unsigned char)((at + i) %
								 253);
				CHECK_EQ(write(fd[1], buf, len), len);
				at += len;
			}
			_exit(0);
		}
		close(fd[1]);
		while ((n = read(fd[0], buf, 1 + dice(sizeof(buf)))) > 0) {
			for (ssize_t i = 0; i < n; i++)
				CHECK_EQ(buf[i], (got + i) % 253);
			got += (unsigned)n;
		}
		CHECK_EQ(got, sent);
		CHECK_EQ(wait_status(pid), 0);
		close(fd[0]);
	}
}

/* In a folder of one's own, so that the outcome is certain. */
static void files(void)
{
	static char out[20000], in[20000];
	char name[32], other[32];

	snprintf(name, sizeof(name), "d%d", (int)getpid());
	CHECK(!mkdir(name, 0755) && !chdir(name));
	while (more()) {
		unsigned at = dice(40000), len = 1 + dice(sizeof(out));
		struct stat st;
		int fd;

		snprintf(name, sizeof(name), "f%u", dice(6));
		snprintf(other, sizeof(other), "f%u", dice(6));
		fd = open(name, O_RDWR | O_CREAT, 0600);
		CHECK(fd >= 0);
		memset(out, 'a' + (int)dice(26), len);
		CHECK_EQ(pwrite(fd, out, len, at), len);
		CHECK_EQ(pread(fd, in, len, at), len);
		CHECK(!memcmp(in, out, len));
		CHECK(!fstat(fd, &st));
		CHECK(st.st_size >= (off_t)(at + len));
		if (dice(3) == 0)
			CHECK(!ftruncate(fd, dice(30000)));
		CHECK(!rename(name, other));
		if (dice(2)) {
			CHECK(!unlink(other));
			CHECK_EQ(pwrite(fd, "x", 1, 5), 1);
		}
		close(fd);
	}
}

/* And in one that all share: each call may fail, in known ways only. */
static void names(void)
{
	char a[16], b[16];

	while (more()) {
		int ok, fd;

		snprintf(a, sizeof(a), "n%u", dice(5));
		snprintf(b, sizeof(b), "n%u", dice(5));
		switch (dice(6)) {
		case 0:
			ok = !mkdir(a, 0755) || errno == EEXIST;
			break;
		case 1:
			ok = !rename(a, b) || errno == ENOENT ||
			     errno == EISDIR || errno == ENOTDIR ||
			     errno == ENOTEMPTY || errno == EEXIST;
			break;
		case 2:
			ok = !link(a, b) || errno == ENOENT ||
			     errno == EEXIST || errno == EPERM;
			break;
		case 3:
			ok = !unlink(a) || errno == ENOENT ||
			     errno == EISDIR || errno == EPERM;
			break;
		case 4:
			ok = !rmdir(a) || errno == ENOENT ||
			     errno == ENOTDIR;
			break;
		default:
			fd = open(a, O_RDWR | O_CREAT, 0600);
			ok = fd >= 0 || errno == EISDIR;
			if (fd >= 0)
				close(fd);
		}
		CHECK(ok);
	}
}

static void mappings(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	if (fd >= 0)
		close(fd);
	while (more()) {
		size_t pages = 1 + dice(40), cut = dice((unsigned)pages);
		char *p = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		pid_t pid;

		CHECK(p != MAP_FAILED);
		for (size_t i = 0; i < pages; i++) {
			CHECK_EQ(p[i * 4096], 0);
			p[i * 4096] = (char)i;
		}
		pid = fork();
		if (!pid) {
			for (size_t i = 0; i < pages; i++)
				p[i * 4096 + 1] = p[i * 4096];
			for (size_t i = 0; i < pages; i++)
				CHECK_EQ(p[i * 4096 + 1], i);
			_exit(0);
		}
		for (size_t i = 0; i < pages; i += 2)
			p[i * 4096] = 77;
		CHECK(!munmap(p + cut * 4096, (pages - cut) * 4096));
		for (size_t i = 0; i < cut; i++)
			CHECK_EQ(p[i * 4096], i % 2 ? (int)i : 77);
		CHECK_EQ(wait_status(pid), 0);
		if (cut)
			CHECK(!munmap(p, cut * 4096));
	}
}

static volatile int counter;

static void count(void *arg)
{
	for (int i = 0; i < 200; i++)
		__atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
}

static void threads(void)
{
	static struct tthread t[5];

	while (more()) {
		int n = 1 + (int)dice(5);

		counter = 0;
		for (int i = 0; i < n; i++)
			thread_start(&t[i], count, NULL);
		for (int i = 0; i < n; i++)
			thread_join(&t[i]);
		CHECK_EQ(counter, 200 * n);
	}
}

static volatile int caught;

static void on_signal(int sig)
{
	caught++;
}

static void signals(void)
{
	struct sigaction act;
	double x = 1;

	memset(&act, 0, sizeof(act));
	act.sa_handler = on_signal;
	CHECK(!sigaction(SIGUSR1, &act, NULL));
	while (more()) {
		int before = caught;
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid)
			_exit(kill(getppid(), SIGUSR1));
		while (waitpid(pid, NULL, 0) != pid)
			CHECK_EQ(errno, EINTR);
		CHECK_EQ(caught, before + 1);
		x += 0.5;
		CHECK(x == 1 + caught * 0.5);
	}
}

static void all_at_once(void)
{
	static void (*const kinds[])(void) = { forks,	 killed_ones, pipes,
					       files,	 names,	      names,
					       mappings, threads,     signals };
	pid_t pid[2 * ARRAY_SIZE(kinds)];
	unsigned n = 0;
	int status;

	until = now_ns() + (test_seconds ? test_seconds : 2) * 1000000000ll;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
			pid[n] = fork();
			CHECK(pid[n] >= 0);
			if (!pid[n]) {
				seed = (unsigned)getpid() * 2654435761u;
				kinds[i]();
				_exit(0);
			}
			n++;
		}
	}
	for (unsigned i = 0; i < n; i++) {
		status = wait_status(pid[i]);
		if (status)
			test_fail("worker %u ends with %#x",
				  i % (unsigned)ARRAY_SIZE(kinds), status);
	}
}

TEST_MAIN(CASE_LIMIT(all_at_once, 120))
