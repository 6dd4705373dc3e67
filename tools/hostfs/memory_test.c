/*
 * The shim's pool of objects sees what the C library's would: each misuse ends
 * the program that does it.
 */
// host-test: tools/hostfs/*.c fs/*.c fs/ext4/*.c kernel/strl.c -Itools/hostfs

#include "fs/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 100u

static unsigned failures;

/* In a program of its own, silently: does it end badly? */
static void must_die(const char *what, void (*fn)(volatile char *p))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(0);
		fn(kmalloc(SIZE, GFP_KERNEL));
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return;
	printf("FAIL: %s is not seen\n", what);
	failures++;
}

static void behind(volatile char *p)
{
	p[SIZE] = 1;
}

static void before(volatile char *p)
{
	p[-1] = 1;
}

static void freed(volatile char *p)
{
	kfree((void *)(uintptr_t)p);
	p[0] = 1;
}

static void freed_long_ago(volatile char *p)
{
	kfree((void *)(uintptr_t)p);
	for (unsigned i = 0; i < 1000; i++)
		kfree(kmalloc(SIZE, GFP_KERNEL));
	/* Used again, it is whole; and then it is gone. */
	p[0] = 1;
}

static void twice(volatile char *p)
{
	kfree((void *)(uintptr_t)p);
	kfree((void *)(uintptr_t)p);
}

static void inside(volatile char *p)
{
	kfree((void *)(uintptr_t)(p + 64));
}

/* Objects of many sizes keep what is in them and begin where they should. */
static void test_sizes(void)
{
	static unsigned char *objects[10000];
	uint64_t in_use = host_objects_in_use();

	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 10000; i++) {
			objects[i] = kzalloc(i, GFP_KERNEL);
			if (!objects[i] || (uintptr_t)objects[i] % 16 ||
			    (i && (objects[i][0] || objects[i][i - 1])))
				abort();
			memset(objects[i], (int)i, i);
		}
		for (unsigned i = 0; i < 10000; i++) {
			for (unsigned k = 0; k < i; k += 97) {
				if (objects[i][k] != (unsigned char)i)
					abort();
			}
			kfree(objects[i]);
		}
	}
	if (host_objects_in_use() != in_use) {
		printf("FAIL: objects are left\n");
		failures++;
	}
}

int main(void)
{
	host_use_pool();
	must_die("a byte behind", behind);
	must_die("a byte before", before);
	must_die("use after free", freed);
	must_die("use after free, later", freed_long_ago);
	must_die("a second free", twice);
	must_die("a free of what lies inside", inside);
	test_sizes();
	printf(failures ? "FAIL\n" : "ok\n");
	return failures ? 1 : 0;
}
