/*
 * stress: a load, of as many processes as one likes that use the processor,
 * memory, or a disk, for a time or until ^C.
 *
 * The memory that is used is looked at too: a byte that is not what it was is
 * told, and so is a worker that cannot go on; then the others are ended and
 * the status is 1.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "size.h"

enum kind { CPU, VM, IO, HDD, KINDS };

static const char *const names[] = { "cpu", "vm", "io", "hdd" };
static long counts[KINDS];
static size_t vm_bytes = (size_t)16 << 20, hdd_bytes = (size_t)64 << 20;
static pid_t *workers;
static long n_workers;
static sigset_t watched, usual; /* signals that are waited for */

static _Noreturn void use_cpu(void)
{
	volatile uint64_t x = 88172645463325252u;

	for (;;) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
}

static _Noreturn void use_memory(void)
{
	size_t words = vm_bytes / sizeof(uint64_t), i;
	uint64_t seed = (uint64_t)getpid(), *p;

	for (;; seed++) {
		p = mmap(NULL, vm_bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			err(1, "vm: %zu bytes", vm_bytes);
		for (i = 0; i < words; i++)
			p[i] = i * 0x9e3779b97f4a7c15u + seed;
		for (i = 0; i < words; i++)
			if (p[i] != i * 0x9e3779b97f4a7c15u + seed)
				errx(1, "vm: a byte at %p has changed",
				     (void *)&p[i]);
		munmap(p, vm_bytes);
	}
}

static _Noreturn void use_io(void)
{
	for (;;)
		sync();
}

static _Noreturn void use_disk(void)
{
	static char block[65536];
	size_t left;
	ssize_t n;
	int fd;

	memset(block, 0x5a, sizeof(block));
	for (;;) {
		char name[] = "./stress.XXXXXX";

		/* It does not stay, whenever we are told to end. */
		sigprocmask(SIG_BLOCK, &watched, NULL);
		fd = mkostemp(name, O_CLOEXEC);
		if (fd < 0)
			err(1, "hdd: %s", name);
		unlink(name);
		sigprocmask(SIG_SETMASK, &usual, NULL);
		for (left = hdd_bytes; left; left -= (size_t)n) {
			n = write(fd, block,
				  left < sizeof(block) ? left : sizeof(block));
			if (n < 0)
				err(1, "hdd");
		}
		close(fd);
	}
}

/* -1: there are too many already. */
static int start(enum kind kind)
{
	pid_t parent = getpid(), pid = fork();

	if (pid > 0)
		workers[n_workers++] = pid;
	if (pid)
		return pid < 0 ? -1 : 0;
	/* It does not stay behind, whatever ends its parent. */
	signal(SIGTERM, SIG_DFL);
	sigdelset(&usual, SIGTERM);
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	sigprocmask(SIG_SETMASK, &usual, NULL);
	if (kind == CPU)
		use_cpu();
	if (kind == VM)
		use_memory();
	if (kind == IO)
		use_io();
	use_disk();
}

static void end_all(void)
{
	long i;

	for (i = 0; i < n_workers; i++) {
		kill(workers[i], SIGTERM);
		kill(workers[i], SIGCONT); /* if somebody has stopped it */
	}
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

/* Until somebody or the clock ends it; 1 when a worker ended, which none does
 * unless something is wrong. */
static int watch(void)
{
	int status, sig;

	for (;;) {
		if (sigwait(&watched, &sig) != 0)
			return 1;
		if (sig != SIGCHLD)
			return 0;
		if (waitpid(-1, &status, WNOHANG) <= 0)
			continue;
		if (WIFSIGNALED(status))
			warnx("a worker was ended: %s",
			      strsignal(WTERMSIG(status)));
		return 1;
	}
}

static long count(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (*end || end == s || n < 0 || n > 10000)
		errx(2, "%s: no number of processes", s);
	return n;
}

/* 90, 90s, 5m, 2h, 1d */
static unsigned int duration(const char *s)
{
	unsigned long n, unit = 1;
	char *end;

	n = strtoul(s, &end, 10);
	switch (*end) {
	case 'd':
		unit *= 24;
		/* fallthrough */
	case 'h':
		unit *= 60;
		/* fallthrough */
	case 'm':
		unit *= 60;
		/* fallthrough */
	case 's':
		end++;
	}
	if (*end || end == s || *s == '-' || !n || n > 100000000)
		errx(2, "%s: no time", s);
	return (unsigned int)(n * unit);
}

static size_t bytes(const char *s)
{
	off_t n;

	if (size_parse(s, &n) < 0 || n <= 0)
		errx(2, "%s: no number of bytes", s);
	return (size_t)n;
}

static _Noreturn void usage(int status)
{
	fputs("usage: stress [-c n] [-m n] [-i n] [-d n] [-t time] [-q]\n"
	      "-c --cpu, -m --vm, -i --io, -d --hdd: how many processes of the "
	      "kind\n"
	      "--vm-bytes, --hdd-bytes: for each (16M, 64M); -t --timeout: "
	      "90, 5m, 2h\n",
	      status ? stderr : stdout);
	exit(status);
}

int main(int argc, char **argv)
{
	enum { VM_BYTES = 256, HDD_BYTES, HELP };
	static const struct option longs[] = {
		{ "cpu", required_argument, NULL, 'c' },
		{ "vm", required_argument, NULL, 'm' },
		{ "io", required_argument, NULL, 'i' },
		{ "hdd", required_argument, NULL, 'd' },
		{ "timeout", required_argument, NULL, 't' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "vm-bytes", required_argument, NULL, VM_BYTES },
		{ "hdd-bytes", required_argument, NULL, HDD_BYTES },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	int c, quiet = 0, failed = 0, kind;
	struct timespec from, to;
	unsigned int limit = 0;
	long i, n = 0;

	while ((c = getopt_long(argc, argv, "c:m:i:d:t:q", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'c':
			counts[CPU] = count(optarg);
			break;
		case 'm':
			counts[VM] = count(optarg);
			break;
		case 'i':
			counts[IO] = count(optarg);
			break;
		case 'd':
			counts[HDD] = count(optarg);
			break;
		case 't':
			limit = duration(optarg);
			break;
		case 'q':
			quiet = 1;
			break;
		case VM_BYTES:
			vm_bytes = bytes(optarg);
			break;
		case HDD_BYTES:
			hdd_bytes = bytes(optarg);
			break;
		case HELP:
			usage(0);
		default:
			usage(2);
		}
	}
	for (kind = 0; kind < KINDS; kind++)
		n += counts[kind];
	if (optind < argc || !n)
		usage(2);
	workers = calloc((size_t)n, sizeof(*workers));
	if (!workers)
		err(1, NULL);
	if (!quiet) {
		printf("stress:");
		for (kind = 0; kind < KINDS; kind++)
			if (counts[kind])
				printf(" %ld %s", counts[kind], names[kind]);
		putchar('\n');
		fflush(stdout);
	}
	sigemptyset(&watched);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGALRM);
	sigaddset(&watched, SIGCHLD);
	sigprocmask(SIG_BLOCK, &watched, &usual);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (kind = 0; kind < KINDS && !failed; kind++)
		for (i = 0; i < counts[kind] && !failed; i++)
			failed = start((enum kind)kind) < 0;
	if (failed)
		warn("fork");
	alarm(limit);
	failed = failed || watch();
	end_all();
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (!quiet)
		printf("stress: %s after %ld s\n", failed ? "FAILED" : "done",
		       (long)(to.tv_sec - from.tv_sec));
	return failed;
}
