/* Memory: that it goes back to the system, and that mistakes are found. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/test/check.h"

#ifdef __GLIBC__
#define OURS 0
#else
#define OURS 1
#endif

/* So that the compiler knows nothing of what happens to blocks. */
static void *volatile hidden;

static char *block(size_t n)
{
	hidden = malloc(n);
	return hidden;
}

static void release(void *p)
{
	hidden = p;
	free(hidden);
}

static void twice(void)
{
	char *a = block(40);

	release(a);
	release(a);
}

/* Joined with the one in front, its own start lies in the middle. */
static void twice_joined(void)
{
	char *a = block(2000), *b = block(2000), *c = block(2000);

	release(a);
	release(b);
	release(b);
	release(c);
}

static void twice_large(void)
{
	char *a = block(1000000);

	release(a);
	release(a);
}

static void inside(void)
{
	release(block(100) + 16);
}

static void past_the_end(void)
{
	char *a = block(41);

	a[41] = 1;
	release(a);
}

static void past_by_realloc(void)
{
	char *a = block(24);

	a[24] = 1;
	hidden = realloc(a, 5000);
}

static void before_the_start(void)
{
	char *a = block(40);

	a[-1] = 1;
	release(a);
}

static void after_it_was_freed(void)
{
	char *a = block(100);
	int i;

	release(a);
	a[50] = 1;
	for (i = 0; i < 1000; i++)
		release(block(100));
}

/* Nothing is wrong here. */
static void nothing(void)
{
	unsigned char *p[50];
	uintptr_t align;
	int i, k;

	for (i = 0; i < 20000; i++) {
		k = i * 31 % 50;
		if (i >= 50)
			release(p[k]);
		align = 16u << i % 10;
		p[k] = i % 3 == 0   ? calloc(1, (size_t)i % 700)
		       : i % 3 == 1 ? aligned_alloc(align, (size_t)i % 700)
				    : realloc(malloc(10), (size_t)i % 700 + 1);
		if (!p[k] || (i % 3 == 1 && (uintptr_t)p[k] % align))
			_exit(1);
		memset(p[k], i, (size_t)i % 700);
	}
	_exit(0);
}

/* What ends a child that does it, with or without MALLOC_DEBUG. */
static int ends(void (*what)(void), int debug, char *said)
{
	static char word[] = "MALLOC_DEBUG=1";
	static char *own[] = { word, NULL };
	struct rlimit none = { 0, 0 };
	int fds[2], status;
	ssize_t n;

	if (pipe(fds) < 0)
		return -1;
	if (!fork()) {
		setrlimit(RLIMIT_CORE, &none);
		dup2(fds[1], 2);
		if (debug)
			environ = own;
		what();
		_exit(0);
	}
	close(fds[1]);
	n = read(fds[0], said, 99);
	said[n > 0 ? n : 0] = 0;
	close(fds[0]);
	wait(&status);
	return status;
}

static void test_mistakes(void)
{
	static const struct {
		void (*what)(void);
		const char *said;
		int always; /* not only the debug form finds it */
	} mistakes[] = {
		{ twice, "freed before", 1 },
		{ twice_joined, "freed before", 1 },
		{ twice_large, "freed before", 0 },
		{ inside, "not an allocated block", OURS },
		{ past_the_end, "past its end", 0 },
		{ past_by_realloc, "past its end", 0 },
		{ before_the_start, "before its start", 0 },
		{ after_it_was_freed, "after it was freed", 0 },
	};
	char said[100];
	size_t i;
	int status;

	for (i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		if (mistakes[i].always) {
			status = ends(mistakes[i].what, 0, said);
			CHECK(WIFSIGNALED(status) &&
			      WTERMSIG(status) == SIGABRT);
		}
		if (OURS) {
			status = ends(mistakes[i].what, 1, said);
			CHECK(WIFSIGNALED(status) &&
			      WTERMSIG(status) == SIGABRT);
			if (!strstr(said, mistakes[i].said))
				CHECK_STR(said, mistakes[i].said);
		}
	}
	CHECK(ends(nothing, 0, said) == 0);
	CHECK(ends(nothing, 1, said) == 0);
	CHECK_STR(said, "");
}

static void test_goes_back(void)
{
	enum { N = 20000 };
	static char *p[N];
	char *before, *large, *page;
	int i;

	before = sbrk(0);
	for (i = 0; i < N; i++)
		p[i] = block(1000);
	CHECK((char *)sbrk(0) - before > 10 << 20);
	for (i = 0; i < N; i++)
		release(p[i * 7 % N]);
	CHECK((char *)sbrk(0) - before < 1 << 20);
	large = block(8 << 20);
	memset(large, 1, 8 << 20);
	page = large + (-(uintptr_t)large & 4095);
	CHECK(msync(page, 4096, MS_ASYNC) == 0);
	release(large);
	CHECK(msync(page, 4096, MS_ASYNC) < 0 && errno == ENOMEM);
}

int main(void)
{
	/* Before anything here has memory, and so before all is laid down. */
	test_mistakes();
	test_goes_back();
	puts(check_failed ? "malloc: failed" : "malloc: ok");
	return check_failed;
}
