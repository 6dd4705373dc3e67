/*
 * demo: a tour of what the system can do.
 *
 * Each stop does something and shows what came out: the firmware below, harts,
 * processes, pipes, memory, files, what a power cut leaves, signals.  On a
 * terminal it waits for Enter between the stops, elsewhere it goes through.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "temp.h"

static int stop, interactive;

static void title(const char *text)
{
	int c, first;

	if (stop++ && interactive) {
		printf("\n[Enter for more, q and Enter for the end] ");
		fflush(stdout);
		for (first = c = getchar(); c != '\n' && c != EOF;)
			c = getchar();
		if (c == EOF)
			putchar('\n');
		if (c == EOF || first == 'q')
			exit(0);
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
}

/* The value of a key in /proc/sbi/info; an empty one where there is none. */
static const char *sbi_info(const char *key)
{
	static char line[128];
	size_t n = strlen(key);
	FILE *f = fopen("/proc/sbi/info", "r");
	int found = 0;

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, key, n) && line[n] == '\t';
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = 0;
	return found ? line + n + 1 : "";
}

/* A line for the shell, shown before what it says; not as a prompt would be,
 * for whoever waits for one. */
static int say_and_run(const char *command)
{
	printf("\n%% %s\n", command);
	fflush(stdout);
	return system(command);
}

/* Of the extensions that the kernel knows: how many the firmware has. */
static int count_extensions(int *all)
{
	FILE *f = fopen("/proc/sbi/extensions", "r");
	char line[200], *word;
	int there = 0, i;

	*all = 0;
	while (f && fgets(line, sizeof(line), f)) {
		for (i = 0, word = line; word && i < 3; i++) {
			word = strchr(word, '\t');
			word += word != NULL;
		}
		++*all;
		there += word && *word == '1';
	}
	if (f)
		fclose(f);
	return there;
}

/* The last hart that may be sent off, by the firmware's number; or -1. */
static int spare_hart(void)
{
	FILE *f = fopen("/proc/sbi/harts", "r");
	int hart, spare = -1;
	char line[200], use[64];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %*d %63s", &hart, use) == 2 &&
		    !strcmp(use, "online"))
			spare = hart;
	if (f)
		fclose(f);
	return spare;
}

static void show_firmware(void)
{
	int all, there, hart = spare_hart();
	char command[64], name[40];

	title("The firmware");
	snprintf(name, sizeof(name), "%s", sbi_info("implementation"));
	if (!*name) {
		printf("Nothing is known of a firmware below this kernel.\n");
		return;
	}
	printf("The kernel runs in S-mode. In M-mode below it is %s %s; ", name,
	       sbi_info("version"));
	printf("what it is asked\nfor goes through the SBI, version %s.\n",
	       sbi_info("specification"));
	there = count_extensions(&all);
	printf("Of %d extensions that the kernel knows it has %d (`sbi` lists "
	       "them).\nA call as it is made, one hart asking another to look "
	       "up:\n",
	       all, there);
	say_and_run("sbi trace sleep 0.05 2>&1 | head -n 3");
	if (hart < 0 || geteuid() != 0)
		return;
	printf("\nHarts come and go: the firmware stops one, and starts it "
	       "again.\n");
	snprintf(command, sizeof(command), "hart off %d && hart", hart);
	if (say_and_run(command) != 0)
		printf("It does not go: this firmware may not know how.\n");
	snprintf(command, sizeof(command), "hart on %d && nproc", hart);
	say_and_run(command);
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

/* --- What is left ------------------------------------------------------ */

#define LINES    2000
#define EXT4     0xef53
#define KILLINGS 20

static char letter[256], draft[264];

/* The letter: when the machine was started, the lines, the end. */
static int write_letter(const char *path, long boot, int version)
{
	FILE *f = fopen(path, "w");
	int i, bad;

	if (!f)
		return -1;
	fprintf(f, "started %ld\n", boot);
	for (i = 0; i < LINES; i++)
		fprintf(f, "line %d of version %d\n", i, version);
	fputs("end\n", f);
	bad = fflush(f) || fsync(fileno(f)) < 0;
	return fclose(f) || bad ? -1 : 0;
}

/* 1: whole, and all of one version; 0 not; -1: there is none. */
static int read_letter(long *boot)
{
	FILE *f = fopen(letter, "r");
	int i, version = -1, v, n = 0;
	char line[80];

	if (!f)
		return -1;
	if (fscanf(f, "started %ld\n", boot) != 1)
		n = -1;
	for (i = 0; i < LINES && n >= 0; i++, version = v) {
		if (fscanf(f, "line %d of version %d\n", &n, &v) != 2 ||
		    n != i || (i && v != version))
			n = -1;
	}
	if (n >= 0 && (!fgets(line, sizeof(line), f) || strcmp(line, "end\n")))
		n = -1;
	fclose(f);
	return n >= 0;
}

static int sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), bad;

	bad = fd < 0 || fsync(fd) < 0;
	if (fd >= 0)
		close(fd);
	return bad ? -1 : 0;
}

static long boot_time(void)
{
	struct timespec now, up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_MONOTONIC, &up);
	return now.tv_sec - up.tv_sec;
}

/* What the letter of an earlier tour has come through. */
static void tell_of_earlier(long boot)
{
	long earlier = 0;
	int whole = read_letter(&earlier);

	if (whole < 0)
		return;
	/* The clock and the time since the start are read one after the other.
	 */
	if (earlier >= boot - 1 && earlier <= boot + 1)
		return;
	printf("A tour before this start left a letter of %d lines, and it %s"
	       ".\nWhat the kernel did about it when it started:\n",
	       LINES, whole ? "is whole" : "IS NOT WHOLE");
	say_and_run("dmesg | grep -e recovered -e 'root is'");
	putchar('\n');
}

/* Who writes drafts; 0: none, or this process. */
static volatile pid_t writer;
static volatile sig_atomic_t drafting; /* the draft is this tour's */

static void drop_draft(void)
{
	if (writer > 0)
		kill(writer, SIGKILL);
	if (drafting)
		unlink(draft);
}

/* A child replaces the letter again and again, until it is killed. */
static int kill_while_writing(long boot)
{
	int i, whole = 0, version;
	struct timespec ts = { 0, 0 };

	for (i = 0; i < KILLINGS; i++) {
		writer = start();
		if (writer == 0) {
			for (version = 1;; version++)
				if (write_letter(draft, boot, version) < 0 ||
				    rename(draft, letter) < 0)
					_exit(1);
		}
		ts.tv_nsec = (long)(i + 1) * 7919 * 613 % 40000000;
		nanosleep(&ts, NULL);
		kill(writer, SIGKILL);
		waitpid(writer, NULL, 0);
		writer = 0;
		whole += read_letter(&boot) == 1;
	}
	return whole;
}

static void show_safety(void)
{
	int folder;
	const char *home = getenv("HOME");
	long boot = boot_time(), began, took;
	struct statfs fs;

	title("What a power cut leaves");
	home = home && *home ? home : "/root";
	snprintf(letter, sizeof(letter), "%.200s/demo.letter", home);
	snprintf(draft, sizeof(draft), "%s.new", letter);
	if (statfs(home, &fs) < 0 || fs.f_type != EXT4) {
		printf("%s is on no disk here, so a power cut leaves nothing "
		       "of it.\n",
		       home);
		return;
	}
	/* Another tour of the same user has its turn first. */
	folder = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0 && flock(folder, LOCK_EX | LOCK_NB) < 0) {
		printf("Somebody else has %s locked, as another tour at this "
		       "stop: waiting for it.\n",
		       home);
		fflush(stdout);
		flock(folder, LOCK_EX);
	}
	drafting = 1;
	temp_guard(drop_draft);
	tell_of_earlier(boot);
	began = now_us();
	if (write_letter(draft, boot, 0) < 0 || rename(draft, letter) < 0 ||
	    sync_folder(home) < 0) {
		printf("%s cannot be written: %s\n", letter, strerror(errno));
		goto done;
	}
	took = now_us() - began;
	printf("A letter of %d lines was written, synced and given its name:\n"
	       "  %s, %ld us.\nThe disk has a journal: of what it consists is "
	       "there as a whole or not at all.\n",
	       LINES, letter, took);
	printf("%d times a process that was replacing it was killed at any "
	       "moment:\n  %d times the letter is whole, old or new.\n",
	       KILLINGS, kill_while_writing(boot));
	printf("\nTry it: pull the plug now (ctrl-a x ends QEMU at once), "
	       "start "
	       "again, and take the\ntour to this stop: it looks for the "
	       "letter.\n");
done:
	unlink(draft);
	drafting = 0;
	if (folder >= 0)
		close(folder);
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

static void show_more(void)
{
	title("And now");
	printf("  edit FILE     an editor; its last line tells the keys\n"
	       "  less /etc/rc  a pager: / finds, q ends\n"
	       "  top           what runs; q ends\n"
	       "  sbi test      what the firmware gets wrong\n"
	       "  perf stat ls  cycles and cache misses, where they are "
	       "counted\n"
	       "  calc 2^100    numbers of any size\n"
	       "  primes 100    a row of processes\n"
	       "  help          what the shell can do; help edit: its keys\n"
	       "  ls /bin       all the programs; each has --help\n"
	       "  poweroff      the end\n");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*show)(void);
	} stops[] = {
		{ "machine", show_machine }, { "firmware", show_firmware },
		{ "harts", show_harts },     { "processes", show_processes },
		{ "pipes", show_pipes },     { "memory", show_memory },
		{ "files", show_files },     { "safety", show_safety },
		{ "signals", show_signals }, { "more", show_more },
	};
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	size_t n = sizeof(stops) / sizeof(*stops), i;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		fprintf(c == 'h' ? stdout : stderr, "usage: demo [stop...]\n");
		fprintf(c == 'h' ? stdout : stderr, "stops:");
		for (i = 0; i < n; i++)
			fprintf(c == 'h' ? stdout : stderr, " %s",
				stops[i].name);
		fputc('\n', c == 'h' ? stdout : stderr);
		return c == 'h' ? 0 : 2;
	}
	interactive = isatty(0) && isatty(1);
	if (optind == argc) {
		for (i = 0; i < n; i++)
			stops[i].show();
		return 0;
	}
	for (; optind < argc; optind++) {
		for (i = 0; i < n && strcmp(argv[optind], stops[i].name); i++)
			;
		if (i == n)
			errx(2, "%s: there is no such stop", argv[optind]);
		stops[i].show();
	}
	return 0;
}
