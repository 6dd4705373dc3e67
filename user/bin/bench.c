/*
 * bench - what the ordinary operations cost
 *
 * Prints a row for each: name, cost of one operation, unit. Time comes from
 * the monotonic clock; under an emulator that counts one nanosecond for each
 * instruction the figures are instructions, exact from run to run. Each row
 * repeats its operation often enough that the clock's grain does not show.
 *
 * With -p N, N processes do the row at once, each for itself, and the row is
 * the mean cost of one operation as each of them saw it.
 *
 * With -b, for a machine of one hart, the clock stands while the hart idles: a
 * row has what everybody did for it, the kernel's threads too, but not how long
 * the disk took.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE  4096
#define BLOCK 65536

static char buffer[BLOCK];
static char dir[64] = "/tmp"; /* where files are made */
static char name[96];         /* a file of this process's own */

static bool busy_only;

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void check(int ok, const char *what)
{
	if (!ok)
		die(what);
}

/* The time in which the first hart did something. */
static uint64_t now_busy(void)
{
	FILE *f = fopen("/proc/schedstat", "r");
	unsigned long long ns = 0;
	char line[256];

	check(f != NULL, "/proc/schedstat");
	while (fgets(line, sizeof(line), f) &&
	       sscanf(line, "cpu0 %*u %*u %*u %*u %*u %*u %llu", &ns) != 1)
		;
	fclose(f);
	return ns;
}

static uint64_t now(void)
{
	struct timespec ts;

	if (busy_only)
		return now_busy();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static const char *own_file(const char *suffix)
{
	snprintf(name, sizeof(name), "%s/bench.%d%s", dir, (int)getpid(),
		 suffix);
	return name;
}

/* Each row returns nanoseconds for one operation. */

static double row_syscall(void)
{
	const int n = 20000;
	uint64_t start = now();

	for (int i = 0; i < n; i++)
		getppid();
	return (double)(now() - start) / n;
}

static volatile sig_atomic_t signals_seen;

static void note_signal(int sig)
{
	signals_seen = signals_seen + 1;
}

static double row_sig_install(void)
{
	const int n = 5000;
	struct sigaction act;
	uint64_t start = now();

	memset(&act, 0, sizeof(act));
	act.sa_handler = note_signal;
	for (int i = 0; i < n; i++)
		if (sigaction(SIGUSR1, &act, NULL))
			die("sigaction");
	start = now() - start;
	act.sa_handler = SIG_DFL; /* for other rows, which exec */
	sigaction(SIGUSR1, &act, NULL);
	return (double)start / n;
}

/* Sent to itself, handled, and back. */
static double row_sig_deliver(void)
{
	const int n = 5000;
	pid_t me = getpid();
	uint64_t start;

	signal(SIGUSR1, note_signal);
	signals_seen = 0;
	start = now();
	for (int i = 0; i < n; i++)
		if (kill(me, SIGUSR1))
			die("kill");
	start = now() - start;
	check(signals_seen == n, "signals");
	signal(SIGUSR1, SIG_DFL);
	return (double)start / n;
}

static void echo_bytes(int in, int out)
{
	char c;

	while (read(in, &c, 1) == 1)
		if (write(out, &c, 1) != 1)
			break;
	_exit(0);
}

static double row_pipe(void)
{
	const int n = 2000;
	int there[2], back[2];
	uint64_t start;
	pid_t pid;
	char c = 'x';

	check(!pipe(there) && !pipe(back), "pipe");
	pid = fork();
	check(pid >= 0, "fork");
	if (!pid) {
		close(there[1]);
		close(back[0]);
		echo_bytes(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	for (int i = 0; i < 20; i++) /* warm */
		check(write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1,
		      "pipe");
	start = now();
	for (int i = 0; i < n; i++)
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			die("pipe");
	start = now() - start;
	close(there[1]);
	close(back[0]);
	waitpid(pid, NULL, 0);
	return (double)start / n;
}

/* A token goes round; each hop is a read, a write and a switch. */
static double row_ring(void)
{
	enum { PROCS = 8 };
	const int rounds = 500;
	int fd[PROCS][2];
	pid_t pid[PROCS];
	uint64_t start;
	char c = 'x';

	for (int i = 0; i < PROCS; i++)
		check(!pipe(fd[i]), "pipe");
	for (int i = 1; i < PROCS; i++) {
		pid[i] = fork();
		check(pid[i] >= 0, "fork");
		if (!pid[i]) {
			for (int k = 0; k < PROCS; k++) {
				if (k != i - 1)
					close(fd[k][0]);
				if (k != i)
					close(fd[k][1]);
			}
			echo_bytes(fd[i - 1][0], fd[i][1]);
		}
	}
	for (int k = 0; k < PROCS; k++) {
		if (k != PROCS - 1)
			close(fd[k][0]);
		if (k != 0)
			close(fd[k][1]);
	}
	for (int i = 0; i < 10; i++)
		check(write(fd[0][1], &c, 1) == 1 &&
			      read(fd[PROCS - 1][0], &c, 1) == 1,
		      "ring");
	start = now();
	for (int i = 0; i < rounds; i++)
		if (write(fd[0][1], &c, 1) != 1 ||
		    read(fd[PROCS - 1][0], &c, 1) != 1)
			die("ring");
	start = now() - start;
	close(fd[0][1]);
	for (int i = 1; i < PROCS; i++)
		waitpid(pid[i], NULL, 0);
	close(fd[PROCS - 1][0]);
	return (double)start / (rounds * PROCS);
}

static double fork_argv(int n, char *const argv[])
{
	const char *program = argv[0];
	char *const envp[] = { NULL };
	uint64_t start = now();

	for (int i = 0; i < n; i++) {
		int status;
		pid_t pid = fork();

		check(pid >= 0, "fork");
		if (!pid) {
			if (program)
				execve(program, argv, envp);
			_exit(program ? 127 : 0);
		}
		check(waitpid(pid, &status, 0) == pid, "wait");
		if (status) {
			errno = ENOEXEC;
			die(program ? program : "fork");
		}
	}
	return (double)(now() - start) / n;
}

static double fork_wait(int n, const char *program)
{
	char *const argv[] = { (char *)program, NULL };

	return fork_argv(n, argv);
}

static double row_fork(void)
{
	fork_wait(10, NULL);
	return fork_wait(200, NULL);
}

static double row_exec(void)
{
	fork_wait(5, "/bin/true");
	return fork_wait(100, "/bin/true");
}

#define GLIBC_PROGRAM "/test/glibc/true"

static double row_exec_glibc(void)
{
	if (access(GLIBC_PROGRAM, X_OK))
		return -1;
	fork_wait(5, GLIBC_PROGRAM);
	return fork_wait(50, GLIBC_PROGRAM);
}

static double row_sh(void)
{
	static char *const argv[] = { (char *)"/bin/sh", (char *)"-c",
				      (char *)"true", NULL };

	fork_argv(5, argv);
	return fork_argv(50, argv);
}

static char *map_anonymous(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(p != MAP_FAILED, "mmap");
	return p;
}

static void touch(volatile char *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += PAGE)
		p[i] = 1;
}

static double row_anon_fault(void)
{
	const size_t bytes = 2048 * PAGE;
	char *p = map_anonymous(bytes);
	uint64_t start = now();

	touch(p, bytes);
	start = now() - start;
	munmap(p, bytes);
	return (double)start / (double)(bytes / PAGE);
}

static double row_file_fault(void)
{
	const size_t bytes = 1024 * PAGE;
	volatile char *p;
	uint64_t start;
	int fd = open(own_file(".map"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	char sum = 0;

	check(fd >= 0, name);
	for (size_t i = 0; i < bytes; i += BLOCK)
		check(write(fd, buffer, BLOCK) == BLOCK, "write");
	unlink(name);
	p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	check(p != MAP_FAILED, "mmap");
	start = now();
	for (size_t i = 0; i < bytes; i += PAGE)
		sum ^= p[i];
	start = now() - start;
	munmap((void *)p, bytes);
	close(fd);
	return (double)start / (double)(bytes / PAGE) + 0 * sum;
}

static double row_fork_64m(void)
{
	const size_t bytes = 64u << 20;
	char *p = map_anonymous(bytes);
	double cost;

	touch(p, bytes);
	cost = fork_wait(5, NULL);
	munmap(p, bytes);
	return cost;
}

static double row_cow_fault(void)
{
	const size_t bytes = 2048 * PAGE;
	char *p = map_anonymous(bytes), c;
	int hold[2], ready[2];
	uint64_t start;
	pid_t pid;

	touch(p, bytes);
	check(!pipe(hold) && !pipe(ready), "pipe");
	pid = fork();
	check(pid >= 0, "fork");
	if (!pid) {
		close(hold[1]);
		check(write(ready[1], "r", 1) == 1, "write");
		_exit(read(hold[0], &c, 1) < 0);
	}
	check(read(ready[0], &c, 1) == 1, "read");
	start = now();
	touch(p, bytes);
	start = now() - start;
	close(hold[1]);
	close(hold[0]);
	close(ready[0]);
	close(ready[1]);
	waitpid(pid, NULL, 0);
	munmap(p, bytes);
	return (double)start / (double)(bytes / PAGE);
}

static double row_open(void)
{
	const int n = 2000;
	uint64_t start;
	int fd = open(own_file(".open"), O_RDWR | O_CREAT, 0600);

	check(fd >= 0, name);
	close(fd);
	start = now();
	for (int i = 0; i < n; i++) {
		fd = open(name, O_RDONLY);
		if (fd < 0)
			die(name);
		close(fd);
	}
	start = now() - start;
	unlink(name);
	return (double)start / n;
}

static double row_stat(void)
{
	const int n = 2000;
	char top[96], mid[128], path[160];
	struct stat st;
	uint64_t start;
	int fd;

	snprintf(top, sizeof(top), "%s/bench.%d.d", dir, (int)getpid());
	snprintf(mid, sizeof(mid), "%s/two", top);
	snprintf(path, sizeof(path), "%s/file", mid);
	check(!mkdir(top, 0700) && !mkdir(mid, 0700), top);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	check(fd >= 0, path);
	close(fd);
	start = now();
	for (int i = 0; i < n; i++)
		if (stat(path, &st))
			die(path);
	start = now() - start;
	unlink(path);
	rmdir(mid);
	rmdir(top);
	return (double)start / n;
}

static double row_create(void)
{
	const int n = 1000;
	uint64_t start;

	own_file(".new");
	start = now();
	for (int i = 0; i < n; i++) {
		int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

		if (fd < 0 || close(fd) || unlink(name))
			die(name);
	}
	return (double)(now() - start) / n;
}

static double row_read(void)
{
	const int n = 200;
	uint64_t start;
	int fd = open(own_file(".read"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	check(fd >= 0 && write(fd, buffer, BLOCK) == BLOCK, name);
	check(pread(fd, buffer, BLOCK, 0) == BLOCK, name);
	start = now();
	for (int i = 0; i < n; i++)
		if (pread(fd, buffer, BLOCK, 0) != BLOCK)
			die(name);
	start = now() - start;
	close(fd);
	unlink(name);
	return (double)start / n;
}

static double row_write(void)
{
	const int n = 100;
	uint64_t start;
	int fd = open(own_file(".write"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	check(fd >= 0, name);
	start = now();
	for (int i = 0; i < n; i++)
		if (write(fd, buffer, BLOCK) != BLOCK)
			die(name);
	start = now() - start;
	close(fd);
	unlink(name);
	return (double)start / n;
}

/* What is written goes out, too. */
static double row_write_out(void)
{
	const int n = 100;
	uint64_t start;
	int fd = open(own_file(".out"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	check(fd >= 0, name);
	start = now();
	for (int i = 0; i < n; i++)
		if (write(fd, buffer, BLOCK) != BLOCK)
			die(name);
	check(!fsync(fd), "fsync");
	start = now() - start;
	close(fd);
	unlink(name);
	return (double)start / n;
}

static double row_append(void)
{
	const int n = 200;
	uint64_t start;
	int fd = open(own_file(".log"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	check(fd >= 0 && !fsync(fd), name);
	start = now();
	for (int i = 0; i < n; i++)
		if (write(fd, buffer, PAGE) != PAGE || fsync(fd))
			die(name);
	start = now() - start;
	close(fd);
	unlink(name);
	return (double)start / n;
}

static double row_many(void)
{
	const int n = 100000;
	char top[96], path[128];
	uint64_t start;

	snprintf(top, sizeof(top), "%s/bench.%d.d", dir, (int)getpid());
	check(!mkdir(top, 0700), top);
	start = now();
	for (int i = 0; i < n; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/file%d", top, i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || close(fd))
			die(path);
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/file%d", top, i);
		if (unlink(path))
			die(path);
	}
	start = now() - start;
	rmdir(top);
	return (double)start / n;
}

#define NAMED_ONLY 3 /* of the rows, the last ones: for disks */

static const struct row {
	const char *name;
	double (*run)(void);
	const char *what;
} rows[] = {
	{ "syscall", row_syscall, "getppid" },
	{ "sig-install", row_sig_install, "install a signal handler" },
	{ "sig-deliver", row_sig_deliver, "signal to oneself, handler, return" },
	{ "pipe", row_pipe, "round trip of a byte, two processes" },
	{ "ring", row_ring, "switch in a ring of 8 processes" },
	{ "fork", row_fork, "fork, exit, wait" },
	{ "exec", row_exec, "fork, exec of /bin/true, wait" },
	{ "exec-glibc", row_exec_glibc, "the same of a static glibc program" },
	{ "sh", row_sh, "fork, exec of sh -c true, wait" },
	{ "anon-fault", row_anon_fault, "first touch of a page" },
	{ "file-fault", row_file_fault, "first touch of a cached file page" },
	{ "fork-64m", row_fork_64m, "fork of 64 MB, exit, wait" },
	{ "cow-fault", row_cow_fault, "write to a page shared by fork" },
	{ "open", row_open, "open, close" },
	{ "stat", row_stat, "stat of a path 4 deep" },
	{ "create", row_create, "create, close, unlink" },
	{ "read-64k", row_read, "read of 64 KB" },
	{ "write-64k", row_write, "write of 64 KB" },
	{ "write-out", row_write_out, "write of 64 KB, written back" },
	{ "append", row_append, "append of 4 KB, fsync" },
	{ "many", row_many, "create, delete 100,000 files" },
};

static int run_alone(const struct row *r)
{
	double cost = r->run();

	if (cost < 0)
		return 0;
	printf("%s: %.1f ns %s\n", r->name, cost, r->what);
	fflush(stdout);
	return 0;
}

/* Counts itself, and does the row until all have. */
static void meet(_Atomic int *count, int procs, const struct row *r)
{
	for (++*count; *count < procs;)
		r->run();
}

/* All start together: each waits for the same pipe to be closed. Each does the
 * row until the last has begun, measures, and goes on until the last has
 * measured, so that no hart is idle meanwhile. */
static int run_together(const struct row *r, int procs)
{
	int gate[2], result[2];
	double sum = 0, cost;
	int counted = 0, status, bad = 0;
	char c;
	_Atomic int *met = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	check(met != MAP_FAILED, "mmap");
	check(!pipe(gate) && !pipe(result), "pipe");
	for (int i = 0; i < procs; i++) {
		pid_t pid = fork();

		check(pid >= 0, "fork");
		if (!pid) {
			close(gate[1]);
			close(result[0]);
			if (read(gate[0], &c, 1) < 0)
				_exit(1);
			meet(&met[0], procs, r);
			cost = r->run();
			meet(&met[1], procs, r);
			_exit(write(result[1], &cost, sizeof(cost)) !=
			      sizeof(cost));
		}
	}
	close(gate[0]);
	close(gate[1]);
	close(result[1]);
	while (read(result[0], &cost, sizeof(cost)) == sizeof(cost)) {
		sum += cost;
		counted++;
	}
	close(result[0]);
	while (wait(&status) > 0)
		bad |= status;
	munmap((void *)met, PAGE);
	if (bad || counted != procs) {
		fprintf(stderr, "bench: %s: a process failed\n", r->name);
		return 1;
	}
	if (sum >= 0)
		printf("%s: %.1f ns %d at once, %s\n", r->name, sum / counted,
		       procs, r->what);
	fflush(stdout);
	return 0;
}

static int usage(FILE *f, int status)
{
	fputs("usage: bench [-bl] [-d dir] [-p processes] [row ...]\n"
	      "  -b  do not count idle time (one hart)\n"
	      "  -l  list the rows\n"
	      "  -d  make files there instead of in /tmp\n"
	      "  -p  so many processes do each row at once\n",
	      f);
	return status;
}

int main(int argc, char **argv)
{
	const unsigned count = sizeof(rows) / sizeof(rows[0]);
	int procs = 0, opt, status = 0;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout, 0);
	while ((opt = getopt(argc, argv, "bld:p:h")) != -1) {
		switch (opt) {
		case 'b':
			busy_only = true;
			break;
		case 'l':
			for (unsigned i = 0; i < count; i++)
				printf("%-11s %s\n", rows[i].name,
				       rows[i].what);
			return 0;
		case 'd':
			snprintf(dir, sizeof(dir), "%s", optarg);
			break;
		case 'p':
			procs = atoi(optarg);
			if (procs < 1)
				return usage(stderr, 2);
			break;
		case 'h':
			return usage(stdout, 0);
		default:
			return usage(stderr, 2);
		}
	}
	memset(buffer, 'b', sizeof(buffer));
	for (int i = optind; i < argc; i++) {
		unsigned k = 0;

		while (k < count && strcmp(rows[k].name, argv[i]))
			k++;
		if (k == count) {
			fprintf(stderr, "bench: no row %s (see bench -l)\n",
				argv[i]);
			return 2;
		}
		status |= procs ? run_together(&rows[k], procs)
				: run_alone(&rows[k]);
	}
	for (unsigned k = 0; optind == argc && k < count - NAMED_ONLY; k++)
		status |= procs ? run_together(&rows[k], procs)
				: run_alone(&rows[k]);
	return status;
}
