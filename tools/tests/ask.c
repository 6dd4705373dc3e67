/*
 * What one hart asks of another, for `sbi trace` to see (test_sbi_tool.py).
 *
 *	ask wake N	N times, a process on cpu 0 writes to a pipe whose
 *			reader sleeps on cpu 1, and nothing else is there
 *	ask shoot N	N times, a thread on cpu 0 unmaps a page that a second
 *			one on cpu 1 has just read; another process spins on
 *			cpu 2
 *	ask code N	N times, a thread on cpu 0 writes code that a second
 *			one on cpu 1, which spins, then runs; another process
 *			spins on cpu 2
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE ((char *)0x3000000000)

static volatile int round_no, seen, stop;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		exit(3);
}

static void wake(int n)
{
	volatile int *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int p[2];
	char c;

	if (pipe(p))
		exit(3);
	if (!fork()) {
		pin(1);
		close(p[1]);
		do
			++*count;
		while (read(p[0], &c, 1) == 1);
		_exit(0);
	}
	pin(0);
	close(p[0]);
	for (int i = 1; i <= n; i++) {
		while (*count != i)
			usleep(1000);
		usleep(30000); /* by now it sleeps, and its hart too */
		if (write(p[1], "", 1) != 1)
			exit(3);
	}
	close(p[1]);
	wait(NULL);
}

static void *reader(void *unused)
{
	pin(1);
	while (!stop) {
		int r = round_no;

		if (r != seen && (r & 1)) {
			(void)*(volatile char *)PLACE;
			seen = r;
		}
	}
	return NULL;
}

static void shoot(int n)
{
	pthread_t t;
	pid_t pid = fork();

	if (!pid) {
		pin(2);
		for (;;)
			;
	}
	pin(0);
	if (pthread_create(&t, NULL, reader, NULL))
		exit(3);
	for (int i = 0; i < n; i++) {
		if (mmap(PLACE, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			 0) != PLACE)
			exit(3);
		*PLACE = 1;
		round_no = 2 * i + 1;
		while (seen != round_no)
			;
		round_no++;
		munmap(PLACE, 4096);
	}
	stop = 1;
	pthread_join(t, NULL);
	kill(pid, 9);
	wait(NULL);
}

static void *runner(void *unused)
{
	pin(1);
	for (int r = 1; !stop; ) {
		if (round_no < r)
			continue;
		if (((int (*)(void))PLACE)() != r)
			exit(4);
		seen = r++;
	}
	return NULL;
}

static void code(int n)
{
	volatile unsigned *place = mmap(PLACE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	pthread_t t;
	pid_t pid = fork();

	if (!pid) {
		pin(2);
		for (;;)
			;
	}
	pin(0);
	if (place != (void *)PLACE || pthread_create(&t, NULL, runner, NULL))
		exit(3);
	for (int i = 1; i <= n; i++) {
		place[0] = 0x513 | i << 20; /* li a0, i */
		place[1] = 0x8067;          /* ret */
		__builtin___clear_cache((char *)place, (char *)place + 8);
		round_no = i;
		while (seen != i)
			;
	}
	stop = 1;
	pthread_join(t, NULL);
	kill(pid, 9);
	wait(NULL);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "wake"))
		wake(atoi(argv[2]));
	else if (!strcmp(argv[1], "shoot"))
		shoot(atoi(argv[2]));
	else
		code(atoi(argv[2]));
	return 0;
}
