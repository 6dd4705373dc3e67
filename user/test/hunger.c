/*
 * More memory is wanted than there is. Somebody has to be killed; the others go
 * on, and afterwards everything is there again. Only on Octopos: elsewhere it
 * would be the build machine's memory.
 */
#include "user/test/test.h"

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
	pid_t pid[HOGS];
	int killed = 0;

	for (int i = 0; i < HOGS; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (!pid[i]) {
			eat(each, flags);
			_exit(0);
		}
	}
	for (int i = 0; i < HOGS; i++) {
		int status = wait_status(pid[i]);

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

TEST_MAIN(CASE_LIMIT(private_memory, 120),
	  CASE_LIMIT(forks_without_memory, 120))
