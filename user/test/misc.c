/* The rest: names, limits, random numbers, /proc, sessions. */
#include "test.h"

#include <limits.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

static void names(void)
{
	struct utsname n;

	CHECK(!uname(&n));
	CHECK(n.sysname[0] && n.release[0] && n.version[0]);
	CHECK(!strcmp(n.machine, "riscv64"));
	CHECK_ERR(uname(bad_pointer), EFAULT);
}

static void system_information(void)
{
	struct sysinfo si;
	char *p;

	CHECK(!sysinfo(&si));
	CHECK(si.mem_unit > 0);
	CHECK(si.totalram * si.mem_unit > 16 << 20);
	CHECK(si.freeram > 0 && si.freeram < si.totalram);
	CHECK(si.procs > 0);
	CHECK(si.uptime >= 0);
	p = malloc(1000);
	CHECK(p);
	free(p);
}

static void random_numbers(void)
{
	unsigned char a[64], b[64];
	unsigned bits = 0;
	static char big[100000];

	CHECK_EQ(getrandom(a, sizeof(a), 0), 64);
	CHECK_EQ(getrandom(b, sizeof(b), 0), 64);
	CHECK(memcmp(a, b, sizeof(a)));
	for (unsigned i = 0; i < sizeof(a); i++)
		for (int k = 0; k < 8; k++)
			bits += a[i] >> k & 1;
	CHECK(bits > 150 && bits < 362);
	CHECK(getrandom(big, sizeof(big), 0) > 0);
	CHECK_EQ(getrandom(a, 0, 0), 0);
	CHECK_ERR(getrandom(a, 1, 0x1000), EINVAL);
}

static void limits(void)
{
	struct rlimit rl, old;

	for (int i = 0; i < 16; i++) {
		CHECK(!getrlimit(i, &rl));
		CHECK(rl.rlim_cur <= rl.rlim_max);
	}
	CHECK_ERR(getrlimit(16, &rl), EINVAL);
	CHECK_ERR(setrlimit(99, &rl), EINVAL);
	CHECK(!getrlimit(RLIMIT_CORE, &old));
	rl = old;
	rl.rlim_cur = 0;
	CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_CORE, &rl, &old), 0);
	CHECK_EQ(sys(SYS_prlimit64, getpid(), RLIMIT_CORE, NULL, &rl), 0);
	CHECK_EQ(rl.rlim_cur, 0);
	CHECK_EQ(sys(SYS_prlimit64, 0x3ffffff, RLIMIT_CORE, NULL, &rl),
		 -ESRCH);
	/* Handed on. */
	if (!fork()) {
		CHECK(!getrlimit(RLIMIT_CORE, &rl));
		_exit(rl.rlim_cur != 0);
	}
	{
		int status;

		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

static void sessions(void)
{
	pid_t pid;

	CHECK_EQ(getpgid(0), getpgrp());
	CHECK_EQ(getpgid(getpid()), getpgid(0));
	CHECK_ERR(getpgid(0x3ffffff), ESRCH);
	CHECK_ERR(getsid(0x3ffffff), ESRCH);
	pid = fork();
	if (!pid) {
		CHECK_EQ(getpgid(0), getpgid(getppid()));
		CHECK(!setpgid(0, 0));
		CHECK_EQ(getpgid(0), getpid());
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

static void working_directory(void)
{
	char buf[PATH_MAX];
	long n = sys(SYS_getcwd, buf, sizeof(buf));

	CHECK_EQ(n, strlen(test_dir) + 1);
	CHECK(!strcmp(buf, test_dir));
	CHECK_EQ(sys(SYS_getcwd, buf, n), n);
	CHECK_EQ(sys(SYS_getcwd, buf, n - 1), -ERANGE);
	CHECK_EQ(sys(SYS_getcwd, buf, 0), -ERANGE);
	CHECK(!chdir("/"));
	CHECK_EQ(sys(SYS_getcwd, buf, sizeof(buf)), 2);
	CHECK(!strcmp(buf, "/"));
}

static void own_name(void)
{
	char name[32] = "";

	CHECK(!prctl(PR_SET_NAME, "a-name-that-is-too-long", 0, 0, 0));
	CHECK(!prctl(PR_GET_NAME, name, 0, 0, 0));
	CHECK(!strcmp(name, "a-name-that-is-") || test_on_linux());
	CHECK_ERR(prctl(0x7fffff, 0, 0, 0, 0), EINVAL);
}

/* All that /proc shows can be read, in pieces too, while others come and go. */
static void read_below(const char *path, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char name[600];

	if (!dir)
		return;
	while ((e = readdir(dir))) {
		struct stat st;
		char buf[700];
		ssize_t n = 0;
		int fd;

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (lstat(name, &st))
			continue;
		if (S_ISDIR(st.st_mode) && depth < 3)
			read_below(name, depth + 1);
		if (S_ISLNK(st.st_mode))
			CHECK(readlink(name, buf, sizeof(buf)) != 0);
		if (!S_ISREG(st.st_mode))
			continue;
		fd = open(name, O_RDONLY | O_NONBLOCK);
		if (fd < 0)
			continue;
		for (int i = 0; i < 2000; i++) {
			n = read(fd, buf, 1 + (size_t)i % sizeof(buf));
			if (n <= 0)
				break;
		}
		pread(fd, buf, sizeof(buf), 1 << 30);
		close(fd);
	}
	closedir(dir);
}

static void all_of_proc(void)
{
	pid_t pid;

	test_skip_on_linux("its /proc is the build machine's");
	pid = fork();
	if (!pid)
		for (;;) {
			pid_t one = fork();

			if (!one)
				_exit(0);
			waitpid(one, NULL, 0);
		}
	for (int i = 0; i < 3; i++)
		read_below("/proc", 0);
	CHECK(!kill(pid, SIGKILL));
	wait_status(pid);
}

static void own_part_of_proc(void)
{
	char buf[64], want[64];
	ssize_t n = readlink("/proc/self", buf, sizeof(buf) - 1);

	CHECK(n > 0);
	buf[n] = '\0';
	snprintf(want, sizeof(want), "%d", (int)getpid());
	CHECK(!strcmp(buf, want) || test_on_linux());
	snprintf(want, sizeof(want), "/proc/%d/stat", (int)getpid());
	CHECK(!access(want, R_OK));
	CHECK(!access("/proc/meminfo", R_OK));
	CHECK(!access("/proc/uptime", R_OK));
	CHECK(!access("/proc/mounts", R_OK));
	CHECK_ERR(access("/proc/999999999", F_OK), ENOENT);
}

TEST_MAIN(CASE(names), CASE(system_information), CASE(random_numbers),
	  CASE(limits), CASE(sessions), CASE(working_directory),
	  CASE(own_name), CASE(all_of_proc), CASE(own_part_of_proc))
