/*
 * demo: a tour of what the system can do.
 *
 * Each stop does something and shows what came out: harts, processes, pipes,
 * memory, files, signals.  On a terminal it waits for Enter between the stops,
 * elsewhere it goes through.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int stop, interactive;

static void title(const char *text)
{
	char line[16];

	if (stop++ && interactive) {
		printf("\n[Enter for more] ");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin)) {
			putchar('\n');
			exit(0);
		}
	}
	printf("\n--- %d. %s ---\n\n", stop, text);
}

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Before a fork: or the child would print what waits in the buffer again. */
static pid_t start(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	return pid;
}

static void show_machine(void)
{
	struct utsname u;
	struct sysinfo si;

	title("The machine");
	if (uname(&u) < 0 || sysinfo(&si) < 0)
		err(1, "uname");
	printf("%s %s on %s, %s\n", u.sysname, u.release, u.machine, u.version);
	printf("%d harts, %lu MB of memory, %lu MB free, up %ld s\n",
	       get_nprocs(), (unsigned long)si.totalram * si.mem_unit >> 20,
	       (unsigned long)si.freeram * si.mem_unit >> 20, (long)si.uptime);
	printf("The firmware runs below: whoever asks it for something goes "
	       "through the SBI.\n");
}

static volatile unsigned long sink;

static void work(unsigned long n)
{
	unsigned long x = 88172645463325252ul;

	for (; n; n--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	sink = x;
}

static long time_work(int workers, unsigned long n)
{
	long began = now_us();
	int i;

	for (i = 0; i < workers; i++) {
		if (start() == 0) {
			work(n);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return now_us() - began;
}

static void show_harts(void)
{
	int harts = get_nprocs(), n;
	long one, many;

	title("Many harts");
	if (harts > 8)
		harts = 8;
	time_work(1, 2000000); /* so that none of the others is the first */
	one = time_work(1, 2000000);
	printf("The same piece of work, done by more and more processes at "
	       "once:\n\n");
	for (n = 1; n <= harts; n *= 2) {
		many = time_work(n, 2000000);
		printf("  %d at once: %6ld ms, as one after the other: %6ld "
		       "ms\n",
		       n, many / 1000, one * n / 1000);
	}
}

static void show_processes(void)
{
	int i, status, sum = 0;
	long began = now_us(), took;

	title("Processes");
	for (i = 0; i < 100; i++) {
		pid_t pid = start();

		if (pid == 0)
			_exit(i & 1);
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
			sum += WEXITSTATUS(status);
	}
	took = now_us() - began;
	printf("100 processes came and went in %ld us; %d of them ended with "
	       "status 1.\n",
	       took, sum);
	printf("A family, each the child of the one before:\n  ");
	for (i = 1; i <= 5; i++) {
		printf("%d%s", (int)getpid(), i < 5 ? " -> " : "\n");
		if (i == 5 || start() > 0)
			break;
	}
	/* Each waits for its child, and all but the first end here. */
	while (wait(NULL) > 0)
		;
	if (i > 1) {
		fflush(stdout);
		_exit(0);
	}
}

static void show_pipes(void)
{
	int there[2], back[2], i, rounds = 1000;
	long began, took;
	char byte = 'x';
	pid_t pid;

	title("Pipes");
	if (pipe(there) < 0 || pipe(back) < 0)
		err(1, "pipe");
	pid = start();
	if (pid == 0) {
		close(there[1]);
		close(back[0]);
		while (read(there[0], &byte, 1) == 1)
			if (write(back[1], &byte, 1) != 1)
				break;
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	began = now_us();
	for (i = 0; i < rounds; i++)
		if (write(there[1], &byte, 1) != 1 ||
		    read(back[0], &byte, 1) != 1)
			err(1, "pipe");
	took = now_us() - began;
	close(there[1]);
	close(back[0]);
	waitpid(pid, NULL, 0);
	printf("A byte went to another process and back %d times: %ld.%03ld "
	       "us a round.\n",
	       rounds, took / rounds, took % rounds * 1000 / rounds);
	printf("And a row of processes, each taking the multiples of its prime "
	       "away:\n\n  ");
	fflush(stdout);
	if (system("primes 60 2>/dev/null | tr '\\n' ' '") != 0)
		printf("(primes is not there)");
	putchar('\n');
}

static void show_memory(void)
{
	size_t size = 8 << 20;
	long began, took;
	char *p;
	pid_t pid;

	title("Memory");
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	began = now_us();
	memset(p, 1, size);
	took = now_us() - began;
	printf("8 MB were asked for, and came page by page as they were "
	       "touched: %ld us.\n",
	       took);
	began = now_us();
	pid = start();
	if (pid == 0) {
		p[0] = 2;
		_exit(p[0] + p[size - 1]);
	}
	waitpid(pid, NULL, 0);
	took = now_us() - began;
	printf("A child got all of it in a fork and wrote to one page, which "
	       "alone was copied:\n  %ld us; here the byte is still %d.\n",
	       took, p[0]);
	munmap(p, size);
	fflush(stdout);
	pid = start();
	if (pid == 0) {
		*(volatile char *)p = 1;
		_exit(0);
	}
	{
		int status = 0;

		waitpid(pid, &status, 0);
		if (WIFSIGNALED(status))
			printf("Another wrote where nothing is, and ended "
			       "with: %s.\n",
			       strsignal(WTERMSIG(status)));
	}
}

static void show_files(void)
{
	char dir[] = "/tmp/demoXXXXXX", path[64], other[64], text[64];
	struct stat st;
	int fd;
	ssize_t n;

	title("Files");
	if (!mkdtemp(dir)) {
		printf("There is no folder to write to (%s).\n",
		       strerror(errno));
		return;
	}
	snprintf(path, sizeof(path), "%s/letter", dir);
	snprintf(other, sizeof(other), "%s/same-letter", dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
	if (fd < 0 || write(fd, "Dear reader,\n", 13) != 13 ||
	    link(path, other) < 0 || fstat(fd, &st) < 0)
		err(1, "%s", path);
	printf("%s has %ld bytes and, under another name too, %u links.\n",
	       path, (long)st.st_size, (unsigned int)st.st_nlink);
	if (pwrite(fd, "!", 1, 1000000000) != 1 || fstat(fd, &st) < 0)
		err(1, "%s", path);
	printf("A byte was written at 1,000,000,000: the file is that long, "
	       "and takes %ld KB.\n",
	       (long)st.st_blocks / 2);
	unlink(path);
	unlink(other);
	n = pread(fd, text, 12, 0);
	printf("Both names were removed; whoever has it open still reads "
	       "'%.*s'.\n",
	       (int)(n > 0 ? n : 0), text);
	close(fd);
	rmdir(dir);
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static void show_signals(void)
{
	struct sigaction act;
	pid_t pid;

	title("Signals");
	memset(&act, 0, sizeof(act));
	act.sa_handler = on_signal;
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	if (caught)
		printf("This process sent itself a signal, and took it: %s.\n",
		       strsignal(caught));
	pid = start();
	if (pid == 0) {
		for (;;)
			pause();
	}
	kill(pid, SIGTERM);
	{
		int status = 0;

		waitpid(pid, &status, 0);
		printf("A child that wanted to sleep for ever: %s.\n",
		       WIFSIGNALED(status) ? strsignal(WTERMSIG(status))
					   : "ended");
	}
}

int main(int argc, char **argv)
{
	int help = argc == 2 && !strcmp(argv[1], "--help");

	if (argc > 1) {
		fputs("usage: demo\n", help ? stdout : stderr);
		return !help;
	}
	interactive = isatty(0) && isatty(1);
	show_machine();
	show_harts();
	show_processes();
	show_pipes();
	show_memory();
	show_files();
	show_signals();
	printf("\nThat was the tour. `ls /bin` shows what else there is, "
	       "`man intro` says more.\n");
	return 0;
}
