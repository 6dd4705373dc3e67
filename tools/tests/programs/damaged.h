/*
 * Damaged input for a program that a test includes with its main renamed to
 * program_main: good files are spoilt in some thousand ways, each is given to
 * the program in a process of its own, which must end by itself, soon, with one
 * of its usual statuses, and must have changed nothing outside of the directory
 * that it works in.
 */
#pragma once

#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char top[] = "/tmp/octopos-damagedXXXXXX";
static uint64_t dice_state = 88172645463325252u;

/* Programs that give up leave their memory to the system. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

static unsigned int dice(unsigned int sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (unsigned int)(dice_state >> 11) % sides;
}

/* CASES asks for another number than what fits a test. */
static int cases(void)
{
	const char *n = getenv("CASES");

	return n ? atoi(n) : 300;
}

static void check(int right, const char *what, int number)
{
	if (right)
		return;
	printf("FAIL: case %d: %s\n", number, what);
	exit(1);
}

static char *in_top(const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", top, name) < 0)
		abort();
	return path;
}

static void put_file_at(const char *path, const char *buf, size_t n)
{
	FILE *f = fopen(path, "w");

	check(f && fwrite(buf, 1, n, f) == n && !fclose(f), path, -1);
}

static size_t get_file_at(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	check(f != NULL, path, -1);
	n = fread(buf, 1, size, f);
	fclose(f);
	return n;
}

static int remove_one(const char *path, const struct stat *st, int kind,
		      struct FTW *where)
{
	return where->level ? remove(path) : 0;
}

static int open_up(const char *path, const struct stat *st, int kind,
		   struct FTW *where)
{
	return kind == FTW_D || kind == FTW_DNR ? chmod(path, 0700) : 0;
}

static void empty(const char *path)
{
	nftw(path, open_up, 20, FTW_PHYS);
	nftw(path, remove_one, 20, FTW_PHYS | FTW_DEPTH);
}

/* The directory outside of which nothing may change. */
static void prepare(void)
{
	char *path;

	check(mkdtemp(top) != NULL, "mkdtemp", -1);
	path = in_top("work");
	check(mkdir(path, 0700) == 0, path, -1);
	free(path);
	path = in_top("out");
	check(mkdir(path, 0700) == 0, path, -1);
	free(path);
	path = in_top("out/sentinel");
	put_file_at(path, "safe\n", 5);
	free(path);
}

static void look_outside(int number)
{
	static const char *const there[] = { "bad", "good", "out", "work" };
	char *path = in_top("out/sentinel"), text[16];
	struct dirent **list;
	struct stat st;
	int n, i;

	check(lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		      st.st_nlink == 1 && (st.st_mode & 0777) == 0644,
	      "a file outside was touched", number);
	check(get_file_at(path, text, sizeof(text)) == 5 &&
		      !memcmp(text, "safe\n", 5),
	      "a file outside was written to", number);
	free(path);
	path = in_top("out");
	n = scandir(path, &list, NULL, alphasort);
	check(n == 3, "there is something new outside", number);
	while (n--)
		free(list[n]);
	free(list);
	free(path);
	n = scandir(top, &list, NULL, alphasort);
	check(n == 6, "there is something new above", number);
	for (i = 2; i < n; i++)
		check(!strcmp(list[i]->d_name, there[i - 2]),
		      "there is another name above", number);
	while (n--)
		free(list[n]);
	free(list);
}

/* Run the program on what stands in "bad"; its status. */
static int run(char **argv, const char *input, int number)
{
	int argc = 0, how, fd;
	pid_t pid;

	while (argv[argc])
		argc++;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct rlimit limit = { 8 << 20, 8 << 20 };
		char *work = in_top("work"), *err = in_top("bad");

		setsid();
		alarm(20);
		setrlimit(RLIMIT_FSIZE, &limit);
		signal(SIGXFSZ, SIG_IGN);
		umask(022);
		if (chdir(work) < 0)
			_exit(98);
		fd = open(input ? input : "/dev/null", O_RDONLY);
		dup2(fd, 0);
		fd = open("/dev/null", O_WRONLY);
		dup2(fd, 1);
		fd = open(getenv("SHOW") ? "/dev/stderr" : "/dev/null",
			  O_WRONLY);
		if (!getenv("SHOW"))
			dup2(fd, 2);
		free(work);
		free(err);
		how = program_main(argc, argv);
		exit(how);
	}
	check(pid > 0 && waitpid(pid, &how, 0) == pid, "fork", number);
	check(WIFEXITED(how), "killed by a signal, or too slow", number);
	check(WEXITSTATUS(how) <= 2, "not one of its statuses", number);
	return WEXITSTATUS(how);
}

/* Spoil n bytes of buf, which has room for 64 more; the new length. */
static size_t spoil(char *buf, size_t n)
{
	static const char *const words[] = {
		"\xff\xff\xff\xff", "77777777", "99999999",
		"../../",           "-1 ",      "/",
		"00000000"
	};
	int times = 1 + (int)dice(3);
	const char *word;
	size_t at, len;

	while (times-- && n) {
		at = dice((unsigned int)n);
		switch (dice(6)) {
		case 0:
			if (dice(4) == 0)
				n = at;
			break;
		case 1:
			buf[at] ^= (char)(1 << dice(8));
			break;
		case 2:
			buf[at] = (char)dice(256);
			break;
		case 3:
			word = words[dice(7)];
			len = strlen(word);
			if (at + len < n)
				memcpy(buf + at, word, len);
			break;
		case 4:
			len = 1 + dice(40);
			if (len > n - at)
				len = n - at;
			memmove(buf + at, buf + at + len, n - at - len);
			n -= len;
			break;
		case 5:
			len = 1 + dice(16);
			memmove(buf + at + len, buf + at, n - at);
			while (len--) {
				buf[at + len] = (char)dice(256);
				n++;
			}
			break;
		}
	}
	return n;
}

static void finish(int cases, int failed)
{
	empty(top);
	rmdir(top);
	printf("%d damaged files, %d refused\n", cases, failed);
	check(failed > cases / 10, "too few were refused", -1);
}
