/*
 * What a user who is not root may not do to root and to another user: look
 * into their processes, reach their files by detours, stop them, or make a
 * set-id program do it.
 */
#define TEST_SELF(argc, argv)                                                  \
	do {                                                                   \
		int self_ = self(argc, argv);                                  \
		if (self_ >= 0)                                                \
			return self_;                                          \
	} while (0)
#include "thread.h"

#include <sched.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#define MINE   1234 /* as become_nobody has it */
#define OTHERS 1235

#define ROOT_ONLY()                                                            \
	do {                                                                   \
		if (geteuid())                                                 \
			test_skip("not started by root");                      \
	} while (0)

static void become_user(uid_t id)
{
	CHECK(!sys(SYS_setgroups, 0, NULL));
	CHECK(!setgid(id) && !setuid(id));
}

/* A process of another user's that sits in a folder of its own, with a file
 * open that nobody else may read. */
static pid_t victim(uid_t id)
{
	int ready[2], fd;
	pid_t pid;
	char c;

	CHECK(!pipe(ready));
	CHECK(!mkdir("closed", 0700) && !mkdir("closed/open", 0755));
	make_file("closed/open/file", "x", 1);
	make_file("closed/secret", "x", 1);
	CHECK(!chmod("closed/secret", 0600) && !chown("closed/secret", id, id));
	CHECK(!chown("closed/open", id, id) && !chown("closed", id, id));
	pid = fork();
	if (!pid) {
		close(ready[0]);
		if (id)
			become_user(id);
		CHECK(!chdir("closed"));
		fd = open("secret", O_RDONLY);
		CHECK(fd >= 0 && dup2(fd, 50) == 50);
		CHECK(!chdir("open"));
		CHECK_EQ(write(ready[1], "r", 1), 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void refused(pid_t pid, const char *what, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	CHECK_ERR(open(path, flags), EACCES);
}

static void look_into(uid_t id)
{
	char path[64], to[64];
	pid_t pid, spy;

	ROOT_ONLY();
	pid = victim(id);
	spy = fork();
	if (!spy) {
		become_nobody();
		refused(pid, "environ", O_RDONLY);
		refused(pid, "fd", O_RDONLY | O_DIRECTORY);
		refused(pid, "fd/50", O_RDONLY);
		/* It stands where nobody else gets to. */
		refused(pid, "cwd/file", O_RDONLY);
		refused(pid, "cwd", O_RDONLY | O_DIRECTORY);
		refused(pid, "exe", O_RDONLY);
		snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
		CHECK_ERR(chdir(path), EACCES);
		CHECK_ERR(readlink(path, to, sizeof(to)), EACCES);
		snprintf(path, sizeof(path), "/proc/%d/mem", pid);
		CHECK(open(path, O_RDWR) < 0 &&
		      (errno == EACCES || errno == ENOENT));
		refused(pid, "maps", O_RDONLY);
		snprintf(path, sizeof(path), "/proc/%d/status", pid);
		CHECK_ERR(open(path, O_WRONLY), EACCES);
		_exit(0);
	}
	CHECK_EQ(wait_status(spy), 0);
	kill(pid, SIGKILL);
	wait_status(pid);
}

static void processes_of_root(void)
{
	look_into(0);
}

static void processes_of_another(void)
{
	look_into(OTHERS);
}

static void stop(uid_t id)
{
	struct rlimit rl = { 10, 10 };
	unsigned long mask = 1;
	pid_t pid, foe;
	int sig;

	ROOT_ONLY();
	pid = victim(id);
	foe = fork();
	if (!foe) {
		become_nobody();
		/* To go on is for all of a session to say. (QEMU's user mode
		 * keeps some of the real-time ones for itself.) */
		for (sig = 0; sig <= (test_on_linux() ? 31 : 64); sig++)
			if (sig != SIGCONT)
				CHECK_ERR(kill(pid, sig), EPERM);
		CHECK_EQ(sys(SYS_tkill, pid, SIGKILL), -EPERM);
		CHECK_EQ(sys(SYS_tgkill, pid, pid, SIGKILL), -EPERM);
		CHECK_ERR(sigqueue(pid, SIGKILL, (union sigval){ 0 }), EPERM);
		CHECK_EQ(sys(SYS_prlimit64, pid, RLIMIT_FSIZE, &rl, NULL),
			 -EPERM);
		CHECK_EQ(sys(SYS_prlimit64, pid, RLIMIT_FSIZE, NULL, &rl),
			 -EPERM);
		CHECK_EQ(sys(SYS_sched_setaffinity, pid, sizeof(mask), &mask),
			 -EPERM);
		CHECK(setpgid(pid, 0) < 0);
		_exit(0);
	}
	CHECK_EQ(wait_status(foe), 0);
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(WTERMSIG(wait_status(pid)), SIGKILL);
}

static void signals_to_root(void)
{
	stop(0);
}

static void signals_to_another(void)
{
	stop(OTHERS);
}

/* To all at once: those of others are not among them. */
static void signals_to_all(void)
{
	pid_t pid, mine, foe;

	ROOT_ONLY();
	test_skip_in_company();
	pid = victim(OTHERS);
	mine = fork();
	if (!mine) {
		become_nobody();
		for (;;)
			pause();
	}
	nap_ms(50);
	foe = fork();
	if (!foe) {
		become_nobody();
		CHECK(!kill(-1, SIGKILL));
		_exit(0);
	}
	CHECK_EQ(wait_status(foe), 0);
	CHECK_EQ(WTERMSIG(wait_status(mine)), SIGKILL);
	CHECK(!kill(pid, 0));
	CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	CHECK(!kill(pid, SIGKILL));
	wait_status(pid);
}

/* What is there for all may be used, what is not may not. */
static void devices(void)
{
	static const char *const closed[] = { "/dev/vda", "/dev/console",
					      "/proc/1/environ" };
	static const char *const not_written[] = { "/proc/sbi/harts",
						   "/proc/sbi/suspend",
						   "/proc/cmdline",
						   "/proc/1/status" };
	DIR *dir;
	struct dirent *e;
	struct stat st;
	unsigned i, seen = 0;

	ROOT_ONLY();
	test_skip_on_linux("its /dev is another");
	become_nobody();
	for (i = 0; i < ARRAY_SIZE(closed); i++)
		if (open(closed[i], O_RDONLY) >= 0 || errno != EACCES)
			test_fail("%s: errno %d", closed[i], errno);
	for (i = 0; i < ARRAY_SIZE(not_written); i++)
		if (open(not_written[i], O_WRONLY) >= 0 || errno != EACCES)
			test_fail("%s: errno %d", not_written[i], errno);
	dir = opendir("/dev");
	CHECK(dir);
	while ((e = readdir(dir))) {
		if (fstatat(dirfd(dir), e->d_name, &st, 0) ||
		    S_ISDIR(st.st_mode))
			continue;
		seen++;
		CHECK(!S_ISBLK(st.st_mode) || !(st.st_mode & 0007));
		/* Terminals are no others' to read, nor to write to. */
		if (S_ISCHR(st.st_mode) && major(st.st_rdev) == 4)
			CHECK(!(st.st_mode & 0006));
	}
	closedir(dir);
	CHECK(seen > 5);
	CHECK_ERR(unlink("/dev/null"), EACCES);
	CHECK_ERR(chmod("/dev/null", 0600), EPERM);
	CHECK_ERR(open("/dev/new", O_WRONLY | O_CREAT, 0600), EACCES);
}

static void kernel_log(void)
{
	char buf[64];

	ROOT_ONLY();
	become_nobody();
	CHECK_EQ(sys(SYS_syslog, 5, NULL, 0), -EPERM); /* clear */
	CHECK_EQ(sys(SYS_syslog, 6, NULL, 0), -EPERM); /* console off */
	CHECK_EQ(sys(SYS_syslog, 8, NULL, 1), -EPERM); /* console level */
	CHECK_EQ(sys(SYS_syslog, 2, buf, sizeof(buf)), -EPERM);
}

/* What a user calls a process is shown to root, and does nothing there. */
static void kernel_log_obeys_nobody(void)
{
	static char text[1 << 16];
	long n, at = 0;
	pid_t pid;

	ROOT_ONLY();
	test_skip_on_linux("it is the build machine's");
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK(!prctl(PR_SET_NAME, "\033[2J\r\n\177\233x", 0, 0, 0));
		CHECK_EQ(sys(1999), -ENOSYS);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	n = sys(SYS_syslog, 3, text, sizeof(text) - 1);
	CHECK(n > 0);
	CHECK(strstr(text, "?[2J????x["));
	for (; at < n; at++)
		CHECK(text[at] == '\n' || text[at] == '\t' ||
		      (text[at] >= ' ' && text[at] < 0x7f));
}

/* To look there makes the kernel give up what it has cached. */
static void caches_of_all(void)
{
	char text[64];
	int fd;

	ROOT_ONLY();
	test_skip_on_linux("there is no such file");
	become_nobody();
	fd = open("/proc/memcheck", O_RDONLY);
	CHECK(fd < 0 || read(fd, text, sizeof(text)) < 0);
	CHECK_EQ(errno, EPERM);
}

/* A crowd that does nothing but calls which look at every process; each of them
 * takes the lock that root's ps needs a thousand times. */
static void walkers(void)
{
	struct timespec begun, now;

	ROOT_ONLY();
	test_skip_on_linux("there the crowd's turns alone take longer");
	for (int i = 0; i < 300; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid)
			continue;
		become_nobody();
		for (;;) {
			(void)!getpriority(PRIO_USER, getuid());
			(void)!kill(-1, 0);
			(void)!setpgid(0, 1);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (int i = 0; i < 1000; i++)
		CHECK(getsid(getppid()) >= 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	CHECK((now.tv_sec - begun.tv_sec) * 1000 +
		      (now.tv_nsec - begun.tv_nsec) / 1000000 <
	      1000 * test_patience);
}

/* A descriptor for reading is none for writing by way of its name. */
static void names_of_descriptors(void)
{
	char path[32];
	int fd;

	ROOT_ONLY();
	make_file("f", "x", 1);
	CHECK(!chmod("f", 0644));
	fd = open("f", O_RDONLY);
	CHECK(fd >= 0);
	become_nobody();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_ERR(open(path, O_RDWR), EACCES);
	CHECK_ERR(open(path, O_WRONLY | O_TRUNC), EACCES);
	CHECK_ERR(truncate(path, 0), EACCES);
	CHECK_ERR(chmod(path, 0666), EPERM);
	CHECK(file_is("f", "x", 1));
}

static void copy_self(const char *to, mode_t mode)
{
	char buf[4096];
	int in, out;
	ssize_t n;

	test_skip_in_user_mode("QEMU's user mode runs no other program");
	in = open("/proc/self/exe", O_RDONLY);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0700);
	CHECK(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK_EQ(write(out, buf, (size_t)n), n);
	close(in);
	CHECK(!fchmod(out, mode));
	close(out);
}

/* What may only be run is not read by way of the process either. */
static void run_only(void)
{
	char *argv[] = { (char *)"x", (char *)"readself", NULL };
	pid_t pid;

	ROOT_ONLY();
	copy_self("x", 0711);
	pid = fork();
	if (!pid) {
		become_nobody();
		execv("./x", argv);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
}

/* Set-id bits give the rights, and whoever gets them is known to be another:
 * the number of who started it stays, the library hears of it. */
static void set_id_program(void)
{
	char *argv[] = { (char *)"x", (char *)"ids", NULL };
	char *env[] = { (char *)"LD_PRELOAD=./evil.so", NULL };
	pid_t pid;

	ROOT_ONLY();
	copy_self("x", 0755);
	CHECK(!chown("x", OTHERS, OTHERS) && !chmod("x", 06755));
	pid = fork();
	if (!pid) {
		become_nobody();
		execve("./x", argv, env);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
}

/* While it is started root takes it from its owner, and the bits with it: it is
 * never root's and has them. */
static void set_id_taken_away(void)
{
	int status;
	pid_t pid;

	ROOT_ONLY();
	copy_self("x", 0755);
	pid = fork();
	if (!pid) {
		become_nobody();
		for (int i = 0; i < 300; i++) {
			pid = fork();
			if (!pid) {
				execl("./x", "x", "not-root", (char *)NULL);
				_exit(99);
			}
			CHECK_EQ(wait_status(pid) >> 8, 7);
		}
		_exit(0);
	}
	do {
		CHECK(!chown("x", OTHERS, OTHERS) && !chmod("x", 06755));
		CHECK(!chown("x", 0, 0));
	} while (!waitpid(pid, &status, WNOHANG));
	CHECK_EQ(status, 0);
}

/* On a script they are without meaning: its name could be exchanged. */
static void set_id_script(void)
{
	static const char text[] = "#!./x ids-not\n";
	pid_t pid;

	ROOT_ONLY();
	copy_self("x", 0755);
	make_file("s", text, sizeof(text) - 1);
	CHECK(!chown("s", OTHERS, OTHERS) && !chmod("s", 06755));
	pid = fork();
	if (!pid) {
		become_nobody();
		execl("./s", "s", (char *)NULL);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
}

/* Who changes such a file, or whose it is, takes the bits away. */
static void set_id_lost(void)
{
	struct stat st;
	pid_t pid;

	ROOT_ONLY();
	make_file("f", "xyz", 3);
	CHECK(!chmod("f", 06777));
	CHECK(!chown("f", OTHERS, OTHERS));
	CHECK(!stat("f", &st));
	CHECK_EQ(st.st_mode & 06000, 0);
	/* Nor does one give a group's bit that is not one's own group. */
	CHECK(!chown("f", MINE, OTHERS));
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK(!chmod("f", 02755));
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK(!stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 0755);
}

/* While a set-id program runs its process is not its starter's to look into,
 * whatever was opened before. */
static void set_id_process(void)
{
	static const char *const early[] = { "environ", "maps" };
	static const char *const links[] = { "cwd", "root", "exe", "fd/1" };
	char *argv[] = { (char *)"x", (char *)"hold", NULL };
	int go[2], fds, env, early_fds[ARRAY_SIZE(early)];
	int link_fds[ARRAY_SIZE(links)];
	char path[64], buf[16];
	pid_t pid, spy;

	ROOT_ONLY();
	copy_self("x", 0755);
	make_file("secret", "x", 1);
	CHECK(!chown("x", OTHERS, OTHERS) && !chmod("x", 06755));
	CHECK(!chown("secret", OTHERS, OTHERS) && !chmod("secret", 0600));
	spy = fork();
	if (!spy) {
		become_nobody();
		CHECK(!pipe(go));
		CHECK(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
		pid = fork();
		if (!pid) {
			CHECK_EQ(dup2(go[1], 1), 1);
			nap_ms(200);
			execv("./x", argv);
			_exit(99);
		}
		close(go[1]);
		snprintf(path, sizeof(path), "/proc/%d/fd", pid);
		fds = open(path, O_RDONLY | O_DIRECTORY);
		CHECK(fds >= 0);
		for (unsigned i = 0; i < ARRAY_SIZE(early); i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", pid,
				 early[i]);
			early_fds[i] = open(path, O_RDONLY);
			CHECK(early_fds[i] >= 0);
		}
		for (unsigned i = 0; i < ARRAY_SIZE(links); i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", pid,
				 links[i]);
			link_fds[i] = open(path, O_PATH | O_NOFOLLOW);
			CHECK(readlinkat(link_fds[i], "", path, 64) > 0);
		}
		/* It has the secret open as number 50. */
		CHECK_EQ(read(go[0], buf, 1), 1);
		env = openat(fds, "50", O_RDONLY);
		CHECK(env < 0 && (errno == EACCES || errno == ENOENT));
		for (unsigned i = 0; i < ARRAY_SIZE(early); i++) {
			CHECK(read(early_fds[i], path, sizeof(path)) <= 0);
			refused(pid, early[i], O_RDONLY);
		}
		for (unsigned i = 0; i < ARRAY_SIZE(links); i++)
			CHECK(readlinkat(link_fds[i], "", path, 64) < 0);
		refused(pid, "fd", O_RDONLY | O_DIRECTORY);
		CHECK(!kill(pid, SIGKILL)); /* the real user's it is */
		wait_status(pid);
		_exit(0);
	}
	CHECK_EQ(wait_status(spy), 0);
}

static volatile int stop_changing;

static void change_group(void *arg)
{
	(void)arg;
	while (!stop_changing) {
		sys(SYS_setresgid, -1, MINE, -1);
		sys(SYS_setresgid, -1, OTHERS, -1);
	}
}

/* What one thread gives up another one that changes something else meanwhile does
 * not bring back. */
static void given_up_beside_others(void)
{
	struct tthread other = { 0 };
	pid_t pid;

	ROOT_ONLY();
	for (int i = 0; i < 100; i++) {
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			thread_start(&other, change_group, NULL);
			for (int j = 0; j < i * 20; j++)
				(void)!getppid();
			CHECK_EQ(sys(SYS_setresuid, MINE, MINE, MINE), 0);
			stop_changing = 1;
			thread_join(&other);
			CHECK_EQ(sys(SYS_geteuid), MINE);
			CHECK_EQ(sys(SYS_setresuid, -1, 0, -1), -EPERM);
			_exit(0);
		}
		CHECK_EQ(wait_status(pid), 0);
	}
}

/* Whoever shares current directory and umask with its starter gets no rights:
 * the starter would change them for it. */
static void set_id_shared(void)
{
	char *ids[] = { (char *)"x", (char *)"ids", NULL };
	char *ids_not[] = { (char *)"x", (char *)"ids-not", NULL };
	pid_t pid;

	ROOT_ONLY();
	copy_self("x", 0755);
	CHECK(!chown("x", OTHERS, OTHERS) && !chmod("x", 06755));
	pid = fork();
	if (!pid) {
		become_nobody();
		pid = (pid_t)sys(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
		if (!pid) {
			execv("./x", ids_not);
			_exit(99);
		}
		CHECK_EQ(wait_status(pid) >> 8, 7);
		/* Alone again. */
		execv("./x", ids);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
}

/* What could become root is not for its user to slow down. */
static void niceness(void)
{
	static const uid_t ids[][3] = { { MINE, 0, 0 }, { 0, MINE, MINE },
					{ MINE, MINE, 0 } };
	unsigned long all = 1;
	int ready[2];
	pid_t pid, spy;
	char c;

	ROOT_ONLY();
	CHECK(!pipe(ready));
	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		pid = fork();
		if (!pid) {
			CHECK(!setresuid(ids[i][0], ids[i][1], ids[i][2]));
			CHECK_EQ(write(ready[1], "r", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		spy = fork();
		if (!spy) {
			become_nobody();
			CHECK_ERR(setpriority(PRIO_PROCESS, pid, 10), EPERM);
			CHECK_EQ(sys(SYS_sched_setaffinity, pid, sizeof(all),
				     &all), -EPERM);
			/* Its own. */
			CHECK(!setpriority(PRIO_PROCESS, 0, 10));
			_exit(0);
		}
		CHECK_EQ(wait_status(spy), 0);
		CHECK(!kill(pid, SIGKILL));
		wait_status(pid);
	}
}

/* Who has become another has what the first one's memory held. */
static void changed_process(void)
{
	int ready[2], done[2];
	char path[64], c;
	pid_t pid, spy;

	ROOT_ONLY();
	CHECK(!pipe(ready) && !pipe(done));
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
		CHECK_EQ(write(ready[1], "r", 1), 1);
		CHECK_EQ(read(done[0], &c, 1), 1);
		/* It may say that it has no secrets. */
		CHECK(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
		CHECK_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
		CHECK_ERR(prctl(PR_SET_DUMPABLE, 3, 0, 0, 0), EINVAL);
		CHECK_EQ(write(ready[1], "r", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	spy = fork();
	if (!spy) {
		become_nobody();
		refused(pid, "environ", O_RDONLY);
		refused(pid, "fd", O_RDONLY | O_DIRECTORY);
		refused(pid, "maps", O_RDONLY);
		CHECK_EQ(write(done[1], "d", 1), 1);
		CHECK_EQ(read(ready[0], &c, 1), 1);
		snprintf(path, sizeof(path), "/proc/%d/environ", pid);
		CHECK(open(path, O_RDONLY) >= 0);
		_exit(0);
	}
	CHECK_EQ(wait_status(spy), 0);
	CHECK(!kill(pid, SIGKILL));
	wait_status(pid);
}

static void as_three(uid_t r, uid_t e, uid_t s)
{
	CHECK(!sys(SYS_setgroups, 0, NULL));
	CHECK(!setresgid(MINE, MINE, MINE) && !setresuid(r, e, s));
}

/* Whose limits one may set: all ids must be one's own. Whose harts: one's own
 * effective id must be its real or effective one. */
static void partly_mine(void)
{
	static const uid_t ids[][3] = {
		{ MINE, MINE, MINE },	  { OTHERS, MINE, MINE },
		{ MINE, OTHERS, MINE },	  { MINE, MINE, OTHERS },
		{ OTHERS, OTHERS, MINE }, { MINE, OTHERS, OTHERS },
		{ OTHERS, OTHERS, OTHERS }
	};
	int ready[2];
	char c;

	ROOT_ONLY();
	CHECK(!pipe(ready));
	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		const uid_t *id = ids[i];
		pid_t pid = fork(), foe;

		if (!pid) {
			as_three(id[0], id[1], id[2]);
			CHECK_EQ(write(ready[1], "r", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		foe = fork();
		if (!foe) {
			struct rlimit rl = { 100, 100 };
			unsigned long mask[16];
			long n;

			become_nobody();
			n = sys(SYS_sched_getaffinity, pid, sizeof(mask), mask);
			CHECK(n > 0);
			CHECK_EQ(sys(SYS_prlimit64, pid, RLIMIT_CORE, NULL,
				     &rl),
				 i ? -EPERM : 0);
			CHECK_EQ(sys(SYS_prlimit64, pid, RLIMIT_CORE, &rl,
				     NULL),
				 i ? -EPERM : 0);
			CHECK_EQ(sys(SYS_sched_setaffinity, pid, n, mask),
				 id[0] == MINE || id[1] == MINE ? 0 : -EPERM);
			/* Real and saved are who may be signalled. */
			CHECK_EQ(sys(SYS_kill, pid, 0),
				 id[0] == MINE || id[2] == MINE ? 0 : -EPERM);
			_exit(0);
		}
		CHECK_EQ(wait_status(foe), 0);
		CHECK(!kill(pid, SIGKILL));
		wait_status(pid);
	}
}

/* Real, effective or saved: by which of one's own ids one has a right to a
 * process whose ids are all the same. */
static void by_which_id(void)
{
	const int nice = getpriority(PRIO_PROCESS, 0);
	char path[64], to[64], c;
	pid_t pid, foe;
	int ready[2], fd;

	ROOT_ONLY();
	CHECK(!pipe(ready));
	for (unsigned i = 0; i < 8 * 3; i++) {
		uid_t r = i & 1 ? OTHERS : MINE, e = i & 2 ? OTHERS : MINE;
		uid_t s = i & 4 ? OTHERS : MINE;
		gid_t rg = i / 8 == 1 ? OTHERS : MINE;
		gid_t eg = i / 8 == 2 ? OTHERS : MINE;

		pid = fork();
		if (!pid) {
			become_nobody();
			CHECK(!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
			CHECK_EQ(write(ready[1], "r", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
		foe = fork();
		if (!foe) {
			int real = r == MINE && rg == MINE;
			int files = e == MINE && eg == MINE;
			struct rlimit rl = { 100, 100 };
			unsigned long mask[16];
			long n;

			CHECK(!sys(SYS_setgroups, 0, NULL));
			CHECK(!setresgid(rg, eg, MINE) && !setresuid(r, e, s));
			CHECK_EQ(sys(SYS_kill, pid, 0),
				 r == MINE || e == MINE ? 0 : -EPERM);
			CHECK_EQ(sys(SYS_setpriority, PRIO_PROCESS, pid, nice),
				 e == MINE ? 0 : -EPERM);
			n = sys(SYS_sched_getaffinity, pid, sizeof(mask), mask);
			CHECK(n > 0);
			CHECK_EQ(sys(SYS_sched_setaffinity, pid, n, mask),
				 e == MINE ? 0 : -EPERM);
			CHECK_EQ(sys(SYS_prlimit64, pid, RLIMIT_CORE, NULL,
				     &rl),
				 real ? 0 : -EPERM);
			snprintf(path, sizeof(path), "/proc/%d/environ", pid);
			fd = open(path, O_RDONLY);
			CHECK_EQ(fd < 0 ? errno : 0, files ? 0 : EACCES);
			snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
			CHECK_EQ(readlink(path, to, sizeof(to)) < 0 ? errno
									: 0,
				 files ? 0 : EACCES);
			_exit(0);
		}
		if (wait_status(foe))
			test_fail("ids %u %u %u, groups %u %u", r, e, s, rg, eg);
		CHECK(!kill(pid, SIGKILL));
		wait_status(pid);
	}
}

/* The calls of ptrace that differ in nothing between kinds of machines. */
#ifndef PTRACE_TRACEME
#define PTRACE_TRACEME 0
#define PTRACE_ATTACH  16
#define PTRACE_SEIZE   0x4206
#endif

/* Does the caller, with these ids, get to trace a process with those? */
static void trace_tried(const uid_t me[3], const gid_t my[3],
			const uid_t its[3], const gid_t its_g[3], int dumpable,
			long want)
{
	int ready[2];
	pid_t pid, foe;
	char c;

	CHECK(!pipe(ready));
	pid = fork();
	if (!pid) {
		CHECK(!sys(SYS_setgroups, 0, NULL));
		CHECK(!setresgid(its_g[0], its_g[1], its_g[2]));
		CHECK(!setresuid(its[0], its[1], its[2]));
		CHECK(!prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0));
		CHECK_EQ(write(ready[1], "r", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	foe = fork();
	if (!foe) {
		CHECK(!sys(SYS_setgroups, 0, NULL));
		CHECK(!setresgid(my[0], my[1], my[2]));
		CHECK(!setresuid(me[0], me[1], me[2]));
		CHECK_EQ(sys(SYS_ptrace, PTRACE_SEIZE, pid, 0, 0), want);
		if (want)
			CHECK_EQ(sys(SYS_ptrace, PTRACE_ATTACH, pid, 0, 0),
				 want);
		_exit(0);
	}
	if (wait_status(foe))
		test_fail("%u %u %u traces %u %u %u", me[0], me[1], me[2],
			  its[0], its[1], its[2]);
	CHECK(!kill(pid, SIGKILL));
	wait_status(pid);
	close(ready[0]);
	close(ready[1]);
}

static void who_may_trace(void)
{
	static const uid_t mine[3] = { MINE, MINE, MINE };
	static const uid_t root[3] = { 0, 0, 0 };
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY);
	pid_t pid;
	char c = '0';

	ROOT_ONLY();
	test_skip_in_user_mode("QEMU's user mode has no ptrace");
	if (fd >= 0) {
		CHECK_EQ(read(fd, &c, 1), 1);
		close(fd);
	}
	if (c != '0')
		test_skip("one traces only one's children there");
	trace_tried(mine, mine, mine, mine, 1, 0);
	trace_tried(mine, mine, mine, mine, 0, -EPERM);
	trace_tried(mine, mine, root, root, 1, -EPERM);
	trace_tried(root, root, mine, mine, 0, 0);
	trace_tried(root, root, root, root, 0, 0);
	for (int i = 0; i < 3; i++) {
		uid_t ids[3] = { MINE, MINE, MINE };

		/* One of its ids is another's. */
		ids[i] = OTHERS;
		trace_tried(mine, mine, ids, mine, 1, -EPERM);
		trace_tried(mine, mine, mine, ids, 1, -EPERM);
		/* Or of those of who tries: it is the real one that counts. */
		trace_tried(ids, mine, mine, mine, 1, i ? 0 : -EPERM);
		trace_tried(mine, ids, mine, mine, 1, i ? 0 : -EPERM);
		/* It can become root. */
		ids[i] = 0;
		trace_tried(mine, mine, ids, mine, 1, -EPERM);
		/* Whose effective id is root's may all. */
		trace_tried(ids, mine, root, root, 0, i == 1 ? 0 : -EPERM);
	}
	pid = fork();
	if (!pid) {
		CHECK_EQ(sys(SYS_ptrace, PTRACE_SEIZE, getpid(), 0, 0), -EPERM);
		CHECK_EQ(sys(SYS_ptrace, PTRACE_SEIZE, 0x3ffff0, 0, 0), -ESRCH);
		become_nobody();
		CHECK_EQ(sys(SYS_ptrace, PTRACE_SEIZE, 1, 0, 0), -EPERM);
		CHECK_EQ(sys(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0), -EPERM);
		CHECK_EQ(sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0), 0);
		CHECK_EQ(sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0), -EPERM);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

static void run_x(const char *how)
{
	pid_t pid = fork();

	if (!pid) {
		become_nobody();
		execl("./x", "x", how, (char *)NULL);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
}

/* The bits that let one run a file: by whom, and what is no program. */
static void who_may_run(void)
{
	static const struct {
		mode_t mode;
		uid_t uid;
		gid_t gid;
		int err; /* for MINE, who is of group 300 too */
	} t[] = {
		{ 0700, MINE, 0, 0 },	   { 0677, MINE, 0, EACCES },
		{ 0070, MINE, 300, EACCES }, { 0010, 0, 300, 0 },
		{ 0707, 0, 300, EACCES },  { 0001, 0, 0, 0 },
		{ 0776, 0, 0, EACCES },	   { 0711, 0, 0, 0 },
		{ 0666, 0, 0, EACCES },	   { 0010, 0, MINE, 0 },
	};
	const gid_t more[] = { 300 };
	char *argv[] = { (char *)"x", (char *)"ids-not", NULL };
	static const char script[] = "#!./x ids-not\n";
	int status;
	pid_t pid;

	ROOT_ONLY();
	copy_self("x", 0755);
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		CHECK(!chown("x", t[i].uid, t[i].gid) && !chmod("x", t[i].mode));
		pid = fork();
		if (!pid) {
			CHECK(!sys(SYS_setgroups, 1, more));
			CHECK(!setgid(MINE) && !setuid(MINE));
			execv("./x", argv);
			_exit(errno);
		}
		if (wait_status(pid) >> 8 != (t[i].err ? t[i].err : 7))
			test_fail("row %u", i);
		/* Root runs what anybody may. */
		pid = fork();
		if (!pid) {
			argv[1] = (char *)"root";
			execv("./x", argv);
			_exit(errno);
		}
		if (wait_status(pid) >> 8 != (t[i].mode & 0111 ? 7 : EACCES))
			test_fail("row %u by root", i);
	}
	/* A script, and what shall read it. */
	CHECK(!chown("x", 0, 0) && !chmod("x", 0755));
	make_file("s", script, sizeof(script) - 1);
	CHECK(!mkdir("d", 0755) && !mkfifo("fifo", 0755));
	for (int i = 0; i < 6; i++) {
		static const mode_t modes[][2] = {
			{ 0755, 0755 }, { 0644, 0755 }, { 0755, 0644 },
			{ 0711, 0711 }, { 0755, 0700 }, { 0700, 0755 },
		};
		CHECK(!chmod("s", modes[i][0]) && !chmod("x", modes[i][1]));
		pid = fork();
		if (!pid) {
			become_nobody();
			execl("./s", "s", (char *)NULL);
			_exit(errno);
		}
		if (wait_status(pid) >> 8 != (i == 0 || i == 3 ? 7 : EACCES))
			test_fail("script %d", i);
	}
	/* What is no file, or where one does not get to. */
	CHECK(!mkdir("shut", 0700) && !chmod("x", 0755));
	CHECK(!link("x", "shut/x") && !symlink("shut/x", "l"));
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK_ERR(execv("./d", argv), EACCES);
		CHECK_ERR(execv("./fifo", argv), EACCES);
		CHECK_ERR(execv("./shut/x", argv), EACCES);
		CHECK_ERR(execv("./shut/none", argv), EACCES);
		CHECK_ERR(execv("./l", argv), EACCES);
		CHECK_ERR(execv("./none", argv), ENOENT);
		CHECK_ERR(execv("/proc/1/exe", argv), EACCES);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	/* Where nothing runs, for nobody. */
	CHECK(!mkdir("m", 0755));
	CHECK(!mount("none", "m", "tmpfs", MS_NOEXEC, ""));
	pid = fork();
	if (!pid) {
		void *at;
		int fd;

		CHECK(!chdir("m"));
		copy_self("x", 0755);
		make_file("s", script, sizeof(script) - 1);
		CHECK(!chmod("s", 0755));
		CHECK_ERR(execv("./x", argv), EACCES);
		CHECK_ERR(execv("./s", argv), EACCES);
		CHECK_ERR(access("x", X_OK), EACCES);
		CHECK(!access("x", R_OK) && !access(".", X_OK));
		fd = open("x", O_RDONLY);
		CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd,
			   0) == MAP_FAILED &&
		      errno == EPERM);
		at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
		CHECK(at != MAP_FAILED);
		CHECK_ERR(mprotect(at, 4096, PROT_READ | PROT_EXEC), EACCES);
		become_nobody();
		CHECK_ERR(execv("./x", argv), EACCES);
		_exit(0);
	}
	status = wait_status(pid);
	CHECK(!umount("m"));
	CHECK_EQ(status, 0);
}

/* Each set-id bit alone; and where it lends nothing. */
static void set_id_one_by_one(void)
{
	static const struct {
		mode_t mode;
		const char *is;
	} t[] = {
		{ 04755, "user" },    { 02755, "group" }, { 02745, "ids-not" },
		{ 06745, "user" },    { 06755, "ids" },	  { 04711, "user" },
		{ 02711, "group" },   { 0755, "ids-not" },
	};

	ROOT_ONLY();
	copy_self("x", 0755);
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		CHECK(!chown("x", OTHERS, OTHERS) && !chmod("x", t[i].mode));
		run_x(t[i].is);
	}
	/* One's own bits change nothing but what was saved. */
	CHECK(!chown("x", MINE, MINE) && !chmod("x", 06755));
	run_x("ids-not");
	/* Root's program makes its user root, but not really. */
	CHECK(!chown("x", 0, 0) && !chmod("x", 04755));
	run_x("user-root");
}

/* By the saved ids nothing is run: what was set aside for a while comes back as
 * the effective one. */
static void saved_by_exec(void)
{
	char *argv[] = { (char *)"x", (char *)"saved", NULL };
	pid_t pid;

	ROOT_ONLY();
	copy_self("x", 0755);
	pid = fork();
	if (!pid) {
		CHECK(!sys(SYS_setgroups, 0, NULL));
		CHECK(!setresgid(10, 20, 30) && !setresuid(10, 20, 30));
		execv("./x", argv);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
	pid = fork();
	if (!pid) {
		CHECK(!sys(SYS_setgroups, 0, NULL));
		CHECK(!setresgid(10, 20, 30));
		CHECK_EQ(sys(SYS_setfsgid, 30), 20);
		CHECK(!setresuid(10, 20, 30));
		CHECK_EQ(sys(SYS_setfsuid, 30), 20);
		execv("./x", argv);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
}

/* What is about to be slowed down, or told something, by whom. */
static void orders_to_others(void)
{
	/* Whoever started this may have been nice. */
	const int nice = getpriority(PRIO_PROCESS, 0);
	siginfo_t info;
	pid_t pid, foe;
	int ready[2];
	char c;

	ROOT_ONLY();
	CHECK(nice < 17);
	CHECK(!pipe(ready));
	pid = fork();
	if (!pid) {
		become_user(OTHERS);
		CHECK_EQ(write(ready[1], "r", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	foe = fork();
	if (!foe) {
		become_nobody();
		memset(&info, 0, sizeof(info));
		info.si_code = SI_QUEUE;
		info.si_signo = SIGUSR1;
		CHECK_EQ(sys(SYS_kill, pid, SIGUSR1), -EPERM);
		CHECK_EQ(sys(SYS_kill, pid, SIGCONT), 0); /* same session */
		CHECK_EQ(sys(SYS_tkill, pid, SIGUSR1), -EPERM);
		CHECK_EQ(sys(SYS_tgkill, pid, pid, SIGUSR1), -EPERM);
		CHECK_EQ(sys(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info), -EPERM);
		CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, pid, pid, SIGUSR1, &info),
			 -EPERM);
		CHECK_EQ(sys(SYS_rt_sigqueueinfo, pid, 0, &info), -EPERM);
		CHECK_ERR(setpriority(PRIO_PROCESS, pid, 19), EPERM);
		CHECK_ERR(setpriority(PRIO_USER, OTHERS, 19), EPERM);
		CHECK_ERR(setpriority(PRIO_USER, 0x3fff, 19), ESRCH);
		CHECK_ERR(setpriority(3, 0, 19), EINVAL);
		errno = 0;
		CHECK(getpriority(PRIO_PROCESS, pid) == nice && !errno);
		/* Its own: down, and no way up. */
		CHECK(!setpriority(PRIO_PROCESS, 0, nice + 3));
		CHECK_ERR(setpriority(PRIO_PROCESS, 0, nice + 2), EACCES);
		CHECK_ERR(setpriority(PRIO_PROCESS, 0, -20), EACCES);
		CHECK(!setpriority(PRIO_PROCESS, 0, nice + 3));
		CHECK_EQ(sys(SYS_vhangup), -EPERM);
		/* In a session of its own even SIGCONT is none of its. */
		CHECK(setsid() > 0);
		CHECK_EQ(sys(SYS_kill, pid, SIGCONT), -EPERM);
		_exit(0);
	}
	CHECK_EQ(wait_status(foe), 0);
	CHECK(!kill(pid, SIGKILL));
	wait_status(pid);
}

/* Where set-id bits are not to count. */
static void set_id_switched_off(void)
{
	pid_t pid;

	ROOT_ONLY();
	copy_self("x", 0755);
	CHECK(!chown("x", OTHERS, OTHERS) && !chmod("x", 06755));
	pid = fork();
	if (!pid) {
		CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
		CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
		CHECK(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
		run_x("ids-not"); /* and the child inherits it */
		CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	run_x("ids");
	CHECK(!mkdir("m", 0755));
	CHECK(!mount("none", "m", "tmpfs", MS_NOSUID, ""));
	pid = fork();
	if (!pid) {
		CHECK(!chdir("m"));
		copy_self("x", 0755);
		CHECK(!chown("x", OTHERS, OTHERS) && !chmod("x", 06755));
		run_x("ids-not");
		/* Nor is what was saved kept. */
		CHECK(!setresgid(MINE, MINE, OTHERS));
		CHECK(!setresuid(MINE, MINE, 0));
		execl("./x", "x", "ids-not", (char *)NULL);
		_exit(99);
	}
	CHECK_EQ(wait_status(pid) >> 8, 7);
	CHECK(!umount("m") && !rmdir("m"));
}

/* ---- a model of what Linux makes of the ids ---- */

struct ids {
	uid_t r, e, s;
};

static int among(const struct ids *i, uid_t id)
{
	return id == i->r || id == i->e || id == i->s;
}

/* kind 0: setuid(a); 1: setreuid(a, b); 2: setresuid(a, b, c). */
static int model(struct ids *i, int privileged, int kind, uid_t a, uid_t b,
		 uid_t c)
{
	const uid_t keep = (uid_t)-1;
	struct ids old = *i;

	switch (kind) {
	case 0:
		if (a == keep)
			return EINVAL;
		if (privileged)
			i->r = i->s = a;
		else if (a != old.r && a != old.s)
			return EPERM;
		i->e = a;
		return 0;
	case 1:
		if (!privileged && ((a != keep && a != old.r && a != old.e) ||
				    (b != keep && !among(&old, b))))
			return EPERM;
		if (a != keep)
			i->r = a;
		if (b != keep)
			i->e = b;
		if (a != keep || (b != keep && b != old.r))
			i->s = i->e;
		return 0;
	default:
		if (!privileged &&
		    ((a != keep && !among(&old, a)) ||
		     (b != keep && !among(&old, b)) ||
		     (c != keep && !among(&old, c))))
			return EPERM;
		i->r = a != keep ? a : old.r;
		i->e = b != keep ? b : old.e;
		i->s = c != keep ? c : old.s;
		return 0;
	}
}

static long set_ids(int of_group, int kind, uid_t a, uid_t b, uid_t c)
{
	static const int calls[2][3] = {
		{ SYS_setuid, SYS_setreuid, SYS_setresuid },
		{ SYS_setgid, SYS_setregid, SYS_setresgid },
	};

	return sys(calls[of_group][kind], a, b, c);
}

/* One call from one state, in a process of its own. */
static void try_ids(int of_group, int root, const struct ids *from, int kind,
		    uid_t a, uid_t b, uid_t c)
{
	struct ids want = *from, got;
	int privileged = of_group ? root : from->e == 0;
	int err = model(&want, privileged, kind, a, b, c);
	pid_t pid = fork();

	if (!pid) {
		long res;

		CHECK_EQ(set_ids(of_group, 2, from->r, from->e, from->s), 0);
		if (of_group && !root)
			CHECK(!setresuid(10, 10, 10));
		res = set_ids(of_group, kind, a, b, c);
		if (of_group)
			CHECK(!getresgid(&got.r, &got.e, &got.s));
		else
			CHECK(!getresuid(&got.r, &got.e, &got.s));
		if (res != -err || got.r != want.r || got.e != want.e ||
		    got.s != want.s ||
		    sys(of_group ? SYS_setfsgid : SYS_setfsuid, -1) !=
			    (long)want.e)
			_exit(1);
		_exit(0);
	}
	if (wait_status(pid))
		test_fail("%s, call %d of %d %d %d from %u %u %u",
			  of_group ? "groups" : "users", kind, (int)a, (int)b,
			  (int)c, from->r, from->e, from->s);
}

/* Every call that sets ids, from every state, to each of these. */
static void all_ids(int of_group, int root)
{
	static const uid_t id[] = { (uid_t)-1, 0, 10, 20 };

	for (unsigned f = 0; f < 27; f++) {
		struct ids from = { id[1 + f % 3], id[1 + f / 3 % 3],
				    id[1 + f / 9] };

		for (unsigned i = 0; i < 4; i++)
			try_ids(of_group, root, &from, 0, id[i], 0, 0);
		for (unsigned i = 0; i < 16; i++)
			try_ids(of_group, root, &from, 1, id[i % 4], id[i / 4],
				0);
		/* A third of these, another one each time. */
		for (unsigned i = f % 3; i < 64; i += 3)
			try_ids(of_group, root, &from, 2, id[i % 4],
				id[i / 4 % 4], id[i / 16]);
	}
}

static void users_to_become(void)
{
	ROOT_ONLY();
	all_ids(0, 1);
}

static void groups_to_become(void)
{
	ROOT_ONLY();
	all_ids(1, 0);
	all_ids(1, 1);
}

/* The ids for files: those that one has, or any where the effective is root's. */
static void ids_for_files(void)
{
	static const uid_t id[] = { 0, 10, 20, 30, 40 };
	pid_t pid;

	ROOT_ONLY();
	for (unsigned i = 0; i < 5; i++) {
		for (int root = 0; root < 2; root++) {
			int may = root || (i > 0 && i < 4);

			pid = fork();
			if (!pid) {
				CHECK(!setresgid(10, 20, 30));
				CHECK(!setresuid(10, root ? 0 : 20, 30));
				CHECK_EQ(sys(SYS_setfsuid, id[i]),
					 root ? 0 : 20);
				CHECK_EQ(sys(SYS_setfsuid, -1),
					 may ? id[i] : (root ? 0u : 20u));
				CHECK_EQ(sys(SYS_setfsgid, id[i]), 20);
				CHECK_EQ(sys(SYS_setfsgid, -1),
					 may ? id[i] : 20u);
				_exit(0);
			}
			CHECK_EQ(wait_status(pid), 0);
		}
	}
	/* Groups are given by who is root, whatever it is for files. */
	pid = fork();
	if (!pid) {
		gid_t list[2] = { 5, 6 };

		CHECK_EQ(sys(SYS_setfsuid, 1234), 0);
		CHECK(!sys(SYS_setgroups, 2, list));
		CHECK(!setresuid(10, 10, 0));
		CHECK_EQ(sys(SYS_setgroups, 2, list), -EPERM);
		CHECK_EQ(sys(SYS_setgroups, 0, NULL), -EPERM);
		CHECK_EQ(getgroups(0, NULL), 2);
		CHECK(!setresuid(0, 0, 0) || errno == EPERM);
		CHECK(!setresuid(10, 0, 0) && !sys(SYS_setgroups, 1, list));
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

struct cap_header {
	unsigned version;
	int pid;
};
struct cap_data {
	unsigned effective, permitted, inheritable;
};
#define CAP_VERSION 0x20080522

/* Whose effective id is root's has all, and nobody else any. */
static void capabilities(void)
{
	struct cap_header h = { CAP_VERSION, 0 };
	struct cap_data d[2] = { { 1, 1, 1 }, { 1, 1, 1 } };
	struct cap_data root[2];
	pid_t pid;

	ROOT_ONLY();
	CHECK_EQ(sys(SYS_capget, &h, root), 0);
	CHECK_EQ(root[0].effective, 0xffffffff);
	CHECK_EQ(root[0].permitted, 0xffffffff);
	CHECK(root[1].effective & 0xff && !root[0].inheritable);
	CHECK_EQ(sys(SYS_capset, &h, root), 0);
	h.version = 1;
	CHECK_EQ(sys(SYS_capget, &h, NULL), 0);
	CHECK_EQ(h.version, CAP_VERSION);
	h.version = 1;
	CHECK_EQ(sys(SYS_capget, &h, d), -EINVAL);
	CHECK_EQ(h.version, CAP_VERSION);
	CHECK_EQ(sys(SYS_capget, NULL, d), -EFAULT);
	h.pid = -1;
	CHECK_EQ(sys(SYS_capget, &h, d), -EINVAL);
	h.pid = 0x3ffffe;
	CHECK_EQ(sys(SYS_capget, &h, d), -ESRCH);
	h.pid = 1;
	CHECK_EQ(sys(SYS_capset, &h, root), -EPERM);
	CHECK_EQ(prctl(PR_CAPBSET_READ, 0, 0, 0, 0), 1);
	CHECK_ERR(prctl(PR_CAPBSET_READ, 1000, 0, 0, 0), EINVAL);
	h.pid = 0;
	pid = fork();
	if (!pid) {
		CHECK(!setresuid(MINE, MINE, 0));
		CHECK_EQ(sys(SYS_capget, &h, d), 0);
		CHECK(!d[0].effective && !d[1].effective);
		CHECK_EQ(d[0].permitted, 0xffffffff);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	become_nobody();
	CHECK_EQ(sys(SYS_capget, &h, d), 0);
	CHECK(!d[0].effective && !d[0].permitted && !d[0].inheritable &&
	      !d[1].effective && !d[1].permitted);
	CHECK_EQ(sys(SYS_capset, &h, d), 0);
	CHECK_EQ(sys(SYS_capset, &h, root), -EPERM);
	/* One may ask of others. */
	h.pid = 1;
	CHECK_EQ(sys(SYS_capget, &h, d), 0);
	CHECK(d[0].effective);
}

/* The user for files takes the rights over files along. */
static void capabilities_for_files(void)
{
	const unsigned files = 0x1f | 1u << 9 | 1u << 27, more = 1;
	struct cap_header h = { CAP_VERSION, 0 };
	struct cap_data all[2], d[2];
	pid_t pid;

	ROOT_ONLY();
	CHECK_EQ(sys(SYS_capget, &h, all), 0);
	CHECK_EQ(sys(SYS_setfsuid, MINE), 0);
	CHECK_EQ(sys(SYS_capget, &h, d), 0);
	CHECK_EQ(d[0].effective, all[0].effective & ~files);
	CHECK_EQ(d[1].effective, all[1].effective & ~more);
	CHECK_EQ(d[0].permitted, all[0].permitted);
	CHECK_EQ(sys(SYS_setfsuid, 0), MINE);
	CHECK_EQ(sys(SYS_capget, &h, d), 0);
	CHECK_EQ(d[0].effective, all[0].effective);
	/* And brings them to who could become root. */
	pid = fork();
	if (!pid) {
		CHECK(!setresuid(MINE, MINE, 0));
		CHECK_EQ(sys(SYS_capget, &h, d), 0);
		CHECK_EQ(d[0].effective, 0);
		CHECK_EQ(sys(SYS_setfsuid, 0), MINE);
		CHECK_EQ(sys(SYS_capget, &h, d), 0);
		CHECK_EQ(d[0].effective, all[0].effective & files);
		CHECK(!chown(".", 0, 0));
		CHECK_EQ(sys(SYS_sethostname, "x", 1), -EPERM);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#endif
#ifndef PR_CAPBSET_DROP
#define PR_CAPBSET_DROP 24
#endif
#ifndef PR_SET_SECUREBITS
#define PR_SET_SECUREBITS 28
#define PR_GET_SECUREBITS 27
#endif

/* What a user without any may not change, and what it is told. */
static void capabilities_of_users(void)
{
	struct cap_header h = { CAP_VERSION, 0 };
	struct cap_data none[2] = { { 0, 0, 0 } }, one[2] = { { 0, 0, 1 } };

	ROOT_ONLY();
	CHECK_EQ(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), 0);
	CHECK(!prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
	CHECK_ERR(prctl(PR_CAPBSET_DROP, 1000, 0, 0, 0), EINVAL);
	become_nobody();
	CHECK_EQ(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), 0);
	CHECK_ERR(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_SET_SECUREBITS, 1, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_CAPBSET_DROP, 0, 0, 0, 0), EPERM);
	CHECK_ERR(prctl(PR_CAPBSET_DROP, 1000, 0, 0, 0), EPERM);
	CHECK_EQ(prctl(PR_CAPBSET_READ, 40, 0, 0, 0), 1);
	for (unsigned long cap = 0; cap <= 40; cap += 8) {
		CHECK_EQ(prctl(PR_CAP_AMBIENT, 1ul, cap, 0, 0), 0);
		CHECK_ERR(prctl(PR_CAP_AMBIENT, 2ul, cap, 0, 0), EPERM);
		CHECK_EQ(prctl(PR_CAP_AMBIENT, 3ul, cap, 0, 0), 0);
	}
	CHECK_ERR(prctl(PR_CAP_AMBIENT, 1ul, 1000ul, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_CAP_AMBIENT, 1ul, 0ul, 1ul, 0), EINVAL);
	CHECK_ERR(prctl(PR_CAP_AMBIENT, 9ul, 0ul, 0, 0), EINVAL);
	CHECK_EQ(prctl(PR_CAP_AMBIENT, 4ul, 0ul, 0, 0), 0);
	CHECK_ERR(prctl(PR_CAP_AMBIENT, 4ul, 1ul, 0, 0), EINVAL);
	CHECK_EQ(sys(SYS_capset, &h, none), 0);
	CHECK_EQ(sys(SYS_capset, &h, one), -EPERM);
	one[0].inheritable = 0;
	one[0].permitted = 1;
	CHECK_EQ(sys(SYS_capset, &h, one), -EPERM);
	one[0].permitted = 0;
	one[0].effective = 1;
	CHECK_EQ(sys(SYS_capset, &h, one), -EPERM);
	h.pid = 1;
	CHECK_EQ(sys(SYS_capset, &h, none), -EPERM);
	h.pid = (int)getpid();
	CHECK_EQ(sys(SYS_capset, &h, none), 0);
}

/* Somebody else's terminal takes no words from this user. */
static void terminals(void)
{
	char name[32], c = 'x';
	int master, n, off = 0;
	struct stat st;
	pid_t pid;

	ROOT_ONLY();
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	CHECK(master >= 0 && !ioctl(master, TIOCGPTN, &n) &&
	      !ioctl(master, TIOCSPTLCK, &off));
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	CHECK(!stat(name, &st));
	CHECK(!(st.st_mode & 0007) && st.st_uid == 0);
	pid = fork();
	if (!pid) {
		int fd = open(name, O_RDWR | O_NOCTTY);

		become_nobody();
		CHECK_ERR(open(name, O_RDWR | O_NOCTTY), EACCES);
		CHECK_ERR(open(name, O_WRONLY | O_NOCTTY), EACCES);
		CHECK_ERR(chown(name, MINE, MINE), EPERM);
		/* Even where a descriptor was left open. */
		CHECK(fd >= 0);
		CHECK_ERR(ioctl(fd, TIOCSTI, &c), EPERM);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	close(master);
}

/* Root's terminal is not typed at by whom root has become for a while. */
static void typing_for_root(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), n = -1, off = 0, fd;
	char name[24], c = 'x';
	pid_t pid, su;

	ROOT_ONLY();
	test_skip_on_linux("it is allowed there, where it is not switched off");
	CHECK(master >= 0 && !ioctl(master, TIOCGPTN, &n) &&
	      !ioctl(master, TIOCSPTLCK, &off));
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	for (int own = 0; own < 2; own++) {
		pid = fork();
		if (!pid) {
			CHECK(setsid() > 0);
			fd = open(name, O_RDWR);
			CHECK(fd >= 0);
			if (own)
				become_nobody();
			su = fork();
			if (!su) {
				become_nobody();
				if (own)
					CHECK(!ioctl(fd, TIOCSTI, &c));
				else
					CHECK_ERR(ioctl(fd, TIOCSTI, &c),
						  EPERM);
				_exit(0);
			}
			CHECK_EQ(wait_status(su), 0);
			_exit(0);
		}
		CHECK_EQ(wait_status(pid), 0);
	}
	close(master);
}

/* What this program is, when it is started by the cases above. */
static int self(int argc, char **argv)
{
	uid_t r, e, s;

	if (argc < 2)
		return -1;
	getresuid(&r, &e, &s);
	if (!strcmp(argv[1], "ids"))
		return r == MINE && e == OTHERS && s == OTHERS &&
				       getgid() == MINE &&
				       getegid() == OTHERS &&
				       getauxval(AT_SECURE) == 1
			       ? 7
			       : 8;
	if (!strcmp(argv[1], "ids-not"))
		return r == MINE && e == MINE && s == MINE && getegid() == MINE
			       ? 7
			       : 8;
	if (!strcmp(argv[1], "not-root"))
		return r == MINE && e && s && getegid() ? 7 : 8;
	if (!strcmp(argv[1], "user"))
		return r == MINE && e == OTHERS && s == OTHERS &&
				       getgid() == MINE && getegid() == MINE
			       ? 7
			       : 8;
	if (!strcmp(argv[1], "group"))
		return r == MINE && e == MINE && s == MINE &&
				       getgid() == MINE &&
				       getegid() == OTHERS
			       ? 7
			       : 8;
	if (!strcmp(argv[1], "user-root"))
		return r == MINE && !e && !s && getegid() == MINE &&
				       sys(SYS_setfsuid, -1) == 0
			       ? 7
			       : 8;
	if (!strcmp(argv[1], "saved"))
		return r == 10 && e == 20 && s == 20 && getgid() == 10 &&
				       getegid() == 20 &&
				       sys(SYS_setfsuid, -1) == 20 &&
				       sys(SYS_setfsgid, -1) == 20
			       ? 7
			       : 8;
	if (!strcmp(argv[1], "root"))
		return !r && !e ? 7 : 8;
	if (!strcmp(argv[1], "readself"))
		return open("/proc/self/exe", O_RDONLY) < 0 && errno == EACCES
			       ? 7
			       : 8;
	if (!strcmp(argv[1], "hold")) {
		if (dup2(open("secret", O_RDONLY), 50) != 50)
			return 8;
		if (write(1, "r", 1) != 1)
			return 8;
		for (;;)
			pause();
	}
	return -1;
}

TEST_MAIN(CASE(processes_of_root), CASE(processes_of_another),
	  CASE(signals_to_root), CASE(signals_to_another), CASE(signals_to_all),
	  CASE(devices), CASE(kernel_log), CASE(kernel_log_obeys_nobody),
	  CASE(caches_of_all), CASE(walkers),
	  CASE(names_of_descriptors), CASE(run_only), CASE(set_id_program),
	  CASE(set_id_taken_away), CASE(set_id_script),
	  CASE(set_id_lost), CASE(set_id_process),
	  CASE(who_may_run), CASE(set_id_one_by_one),
	  CASE(saved_by_exec), CASE(orders_to_others),
	  CASE(set_id_switched_off), CASE(set_id_shared),
	  CASE(given_up_beside_others), CASE(niceness),
	  CASE(changed_process), CASE(partly_mine), CASE(by_which_id),
	  CASE(who_may_trace), CASE(capabilities), CASE(capabilities_for_files),
	  CASE(capabilities_of_users), CASE(users_to_become),
	  CASE(groups_to_become), CASE(ids_for_files),
	  CASE(terminals), CASE(typing_for_root))
