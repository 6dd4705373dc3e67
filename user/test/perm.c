/* Who may do what: as a user with no rights, and as root. */
#include "test.h"

#include <sys/mount.h>
#include <sys/resource.h>

#define ROOT_ONLY()                                     \
	do {                                            \
		if (geteuid())                          \
			test_skip("not started by root"); \
	} while (0)

/* As the owner, who is not root: the owner's bits count, no others. */
static void owner_bits(void)
{
	struct stat st;
	int fd;

	become_nobody();
	fd = open("f", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	CHECK(!fstat(fd, &st));
	CHECK_EQ(st.st_uid, geteuid());
	CHECK_EQ(st.st_gid, getegid());
	close(fd);
	CHECK(!chmod("f", 0077));
	CHECK_ERR(open("f", O_RDONLY), EACCES);
	CHECK_ERR(open("f", O_WRONLY), EACCES);
	CHECK_ERR(access("f", R_OK), EACCES);
	CHECK(!access("f", F_OK));
	CHECK(!chmod("f", 0400));
	CHECK(!access("f", R_OK));
	CHECK_ERR(access("f", W_OK), EACCES);
	CHECK_ERR(access("f", X_OK), EACCES);
	CHECK_ERR(open("f", O_RDWR), EACCES);
	CHECK_ERR(open("f", O_RDONLY | O_TRUNC), EACCES);
	CHECK_ERR(truncate("f", 0), EACCES);
	CHECK_ERR(execl("./f", "f", (char *)NULL), EACCES);
	close(open("f", O_RDONLY));
	CHECK(!unlink("f"));
}

/* What the bits of a folder mean. */
static void folder_bits(void)
{
	struct stat st;
	int fd;

	become_nobody();
	CHECK(!mkdir("d", 0700));
	make_file("d/f", "x", 1);
	/* Listing without entering. */
	CHECK(!chmod("d", 0400));
	CHECK_ERR(stat("d/f", &st), EACCES);
	CHECK_ERR(open("d/f", O_RDONLY), EACCES);
	CHECK_ERR(chdir("d"), EACCES);
	fd = open("d", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0);
	close(fd);
	/* Entering without listing. */
	CHECK(!chmod("d", 0100));
	CHECK(!stat("d/f", &st));
	CHECK_ERR(open("d", O_RDONLY | O_DIRECTORY), EACCES);
	CHECK(!chdir("d") && !chdir(".."));
	/* No changes. */
	CHECK(!chmod("d", 0500));
	CHECK_ERR(open("d/g", O_WRONLY | O_CREAT, 0600), EACCES);
	CHECK_ERR(mkdir("d/g", 0700), EACCES);
	CHECK_ERR(symlink("x", "d/g"), EACCES);
	CHECK_ERR(mkfifo("d/g", 0600), EACCES);
	CHECK_ERR(link("d/f", "d/g"), EACCES);
	CHECK_ERR(unlink("d/f"), EACCES);
	CHECK_ERR(rename("d/f", "f"), EACCES);
	CHECK_ERR(rename("d/f", "d/g"), EACCES);
	make_file("h", "x", 1);
	CHECK_ERR(rename("h", "d/h"), EACCES);
	/* What is there already may be opened, even with O_CREAT. */
	fd = open("d/f", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	close(fd);
	CHECK(!chmod("d", 0700));
}

static void only_for_root(void)
{
	struct timespec t = { 1, 0 };
	struct rlimit rl;
	uid_t me;
	int fd;

	become_nobody();
	me = getuid();
	CHECK_ERR(chown("/tmp", me, (gid_t)-1), EPERM);
	CHECK_ERR(chmod("/tmp", 0777), EPERM);
	make_file("f", "x", 1);
	CHECK_ERR(chown("f", 0, (gid_t)-1), EPERM);
	CHECK_ERR(chown("f", (uid_t)-1, 0), EPERM);
	CHECK(!chown("f", me, getgid()));
	/* Who reads without leaving a trace must own the file. */
	CHECK_ERR(open("/", O_RDONLY | O_NOATIME), EPERM);
	fd = open("/", O_RDONLY);
	CHECK(fd >= 0);
	CHECK_ERR(fcntl(fd, F_SETFL, O_NOATIME), EPERM);
	close(fd);
	fd = open("f", O_RDONLY | O_NOATIME);
	CHECK(fd >= 0 && !fcntl(fd, F_SETFL, 0) &&
	      !fcntl(fd, F_SETFL, O_NOATIME));
	close(fd);
	CHECK_ERR(setuid(0), EPERM);
	CHECK_ERR(setgid(0), EPERM);
	CHECK_ERR(setresuid(0, 0, 0), EPERM);
	CHECK_ERR(setreuid((uid_t)-1, 0), EPERM);
	CHECK(!setuid(me) && !setresuid(me, me, me));
	CHECK_EQ(sys(SYS_setgroups, 1, &me), -EPERM);
	CHECK_ERR(mknod("n", S_IFCHR | 0600, 0x103), EPERM);
	CHECK_EQ(sys(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL), -EPERM);
	CHECK_EQ(sys(SYS_umount2, "/tmp", 0), -EPERM);
	CHECK_EQ(sys(SYS_sethostname, "x", 1), -EPERM);
	CHECK_EQ(sys(SYS_clock_settime, CLOCK_REALTIME, &t), -EPERM);
	CHECK_EQ(sys(SYS_reboot, 0xfee1deadu, 672274793, 0x4321fedc, 0),
		 -EPERM);
	CHECK(!getrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_max++;
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &rl), EPERM);
	rl.rlim_max = rl.rlim_cur = 50;
	CHECK(!setrlimit(RLIMIT_NOFILE, &rl));
	rl.rlim_max = 51;
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &rl), EPERM);
	rl.rlim_cur = 60;
	rl.rlim_max = 50;
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &rl), EINVAL);
}

static void signals_of_others(void)
{
	pid_t pid, other;
	int status;

	ROOT_ONLY();
	other = getpid();
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK_ERR(kill(other, 0), EPERM);
		CHECK_ERR(kill(other, SIGTERM), EPERM);
		CHECK_ERR(kill(1, SIGTERM), EPERM);
		CHECK(!kill(getpid(), 0));
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	/* Root may. */
	pid = fork();
	if (!pid) {
		become_nobody();
		for (;;)
			pause();
	}
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(WTERMSIG(wait_status(pid)), SIGKILL);
}

static void as_root(void)
{
	struct stat st;
	int fd;

	ROOT_ONLY();
	make_file("f", "x", 1);
	CHECK(!chmod("f", 0));
	fd = open("f", O_RDWR);
	CHECK(fd >= 0);
	close(fd);
	CHECK(!access("f", R_OK | W_OK));
	/* Even root runs only what somebody may run. */
	CHECK_ERR(access("f", X_OK), EACCES);
	CHECK_ERR(execl("./f", "f", (char *)NULL), EACCES);
	CHECK(!mkdir("d", 0));
	CHECK(!chdir("d") && !chdir(".."));
	CHECK(!chown("f", 5, 6));
	CHECK(!stat("f", &st));
	CHECK(st.st_uid == 5 && st.st_gid == 6);
}

static void devices_by_root(void)
{
	struct stat st;
	int fd;

	ROOT_ONLY();
	if (test_half_root())
		test_skip("root of a name space makes no devices");
	CHECK(!mknod("null", S_IFCHR | 0666, 0x103));
	fd = open("null", O_RDWR);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_EQ(read(fd, &st, 3), 0);
	close(fd);
}

static void three_users(void)
{
	uid_t r, e, s;

	ROOT_ONLY();
	CHECK(!setresuid(10, 20, 30));
	CHECK(!getresuid(&r, &e, &s));
	CHECK(r == 10 && e == 20 && s == 30);
	CHECK_EQ(getuid(), 10);
	CHECK_EQ(geteuid(), 20);
	/* Among its own it may choose. */
	CHECK(!seteuid(30));
	CHECK(!seteuid(10));
	CHECK_ERR(seteuid(40), EPERM);
	CHECK_ERR(setresuid(0, 10, 10), EPERM);
	CHECK(!setresuid((uid_t)-1, 30, 10));
	CHECK(!getresuid(&r, &e, &s));
	CHECK(r == 10 && e == 30 && s == 10);
	/* Files are made by the effective one. */
	{
		struct stat st;

		make_file("f", "x", 1);
		CHECK(!stat("f", &st));
		CHECK_EQ(st.st_uid, 30);
	}
}

/* The effective user opens, the real one is who access() asks about. */
static void access_asks_the_real_one(void)
{
	const gid_t group = 300;
	int fd;

	ROOT_ONLY();
	CHECK(!mkdir("closed", 0700) && !mkdir("closed/open", 0755));
	make_file("closed/open/f", "x", 1);
	make_file("f", "x", 1);
	CHECK(!chmod("f", 0600));
	CHECK(!setresuid(10, 0, 0));
	CHECK_ERR(access("f", R_OK), EACCES);
	CHECK(!faccessat(AT_FDCWD, "f", F_OK, 0));
	close(open("f", O_RDONLY));
	/* But where one asks for the effective one. */
	CHECK(!faccessat(AT_FDCWD, "f", R_OK | W_OK, AT_EACCESS));
	CHECK_ERR(faccessat(AT_FDCWD, "f", X_OK, AT_EACCESS), EACCES);
	CHECK(!faccessat(AT_FDCWD, "closed", X_OK, AT_EACCESS));
	/* The way there is asked for, too. */
	CHECK_ERR(access("closed/open/f", R_OK), EACCES);
	CHECK_ERR(access("closed/open/f", F_OK), EACCES);
	close(open("closed/open/f", O_RDONLY));
	CHECK(!setresuid(0, 0, 0) && !setresuid(0, 10, 0));
	CHECK(!access("closed/open/f", R_OK));
	CHECK_ERR(open("closed/open/f", O_RDONLY), EACCES);
	CHECK(!access("f", R_OK));
	CHECK_ERR(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS), EACCES);
	CHECK_ERR(faccessat(AT_FDCWD, "closed/open/f", F_OK, AT_EACCESS),
		  EACCES);
	/* By its owner's bits, a group's, by any group it is in. */
	CHECK(!setresuid(0, 0, 0) && !chown("f", 10, 300));
	CHECK(!chmod("f", 0461) && !sys(SYS_setgroups, 1, &group));
	CHECK(!setresuid(0, 10, 0));
	CHECK(!faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
	CHECK_ERR(faccessat(AT_FDCWD, "f", W_OK, AT_EACCESS), EACCES);
	CHECK(!setresuid(0, 0, 0) && !setresuid(0, 11, 0));
	CHECK(!faccessat(AT_FDCWD, "f", R_OK | W_OK, AT_EACCESS));
	CHECK_ERR(faccessat(AT_FDCWD, "f", X_OK, AT_EACCESS), EACCES);
	CHECK(!setresuid(0, 0, 0) && !sys(SYS_setgroups, 0, NULL));
	CHECK(!setresuid(0, 11, 0));
	CHECK(!faccessat(AT_FDCWD, "f", X_OK, AT_EACCESS));
	CHECK_ERR(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS), EACCES);
	CHECK_ERR(faccessat(AT_FDCWD, "f", 8, AT_EACCESS), EINVAL);
	CHECK_ERR(faccessat(AT_FDCWD, "f", X_OK, AT_SYMLINK_FOLLOW), EINVAL);
	CHECK(!symlink("nothing", "link"));
	CHECK(!faccessat(AT_FDCWD, "link", W_OK, AT_SYMLINK_NOFOLLOW));
	CHECK_ERR(faccessat(AT_FDCWD, "link", F_OK, AT_EACCESS), ENOENT);
	/* What is open already, by its rights now. */
	CHECK(!setresuid(0, 0, 0) && !chmod("f", 0200));
	fd = open("f", O_RDONLY);
	CHECK(!setresuid(0, 10, 0));
	CHECK_EQ(sys(SYS_faccessat2, fd, "", W_OK, AT_EACCESS | AT_EMPTY_PATH), 0);
	CHECK_EQ(sys(SYS_faccessat2, fd, "", R_OK, AT_EACCESS | AT_EMPTY_PATH),
		 -EACCES);
	CHECK_EQ(sys(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH), 0);
	CHECK_EQ(sys(SYS_faccessat2, fd, "", R_OK, AT_EACCESS), -ENOENT);
}

static void groups(void)
{
	gid_t list[3] = { 100, 200, 300 }, got[8];
	struct stat st;
	pid_t pid;

	ROOT_ONLY();
	make_file("f", "x", 1);
	CHECK(!chown("f", 5, 200));
	CHECK(!chmod("f", 0040));
	CHECK(!sys(SYS_setgroups, 3, list));
	CHECK_EQ(getgroups(8, got), 3);
	CHECK(got[0] == 100 && got[1] == 200 && got[2] == 300);
	CHECK_EQ(getgroups(0, got), 3);
	CHECK_ERR(getgroups(2, got), EINVAL);
	/* In a child and by one of several groups. */
	pid = fork();
	if (!pid) {
		CHECK(!setgid(100) && !setuid(10));
		CHECK(open("f", O_RDONLY) >= 0);
		CHECK_ERR(open("f", O_WRONLY), EACCES);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	/* The owner has the owner's bits, though the group's were better. */
	pid = fork();
	if (!pid) {
		CHECK(!setgid(200) && !setuid(5));
		CHECK_ERR(open("f", O_RDONLY), EACCES);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	pid = fork();
	if (!pid) {
		CHECK(!sys(SYS_setgroups, 0, NULL));
		CHECK(!setgid(100) && !setuid(10));
		CHECK_ERR(open("f", O_RDONLY), EACCES);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	/* A folder that hands its group on. */
	CHECK(!mkdir("d", 0777) && !chown("d", 0, 300) &&
	      !chmod("d", 02777));
	make_file("d/f", "x", 1);
	CHECK(!mkdir("d/e", 0755));
	CHECK(!stat("d/f", &st));
	CHECK_EQ(st.st_gid, 300);
	CHECK(!stat("d/e", &st));
	CHECK_EQ(st.st_gid, 300);
	CHECK(st.st_mode & S_ISGID);
}

/* Every bit for the owner, the group and others, against what it says. */
static void every_mode(void)
{
	static const struct {
		uid_t uid;
		gid_t gid, more;
		int shift;
	} who[] = {
		{ 5, 200, 300, 6 }, /* the owner, though of the group too */
		{ 6, 200, 300, 3 },
		{ 6, 300, 200, 3 }, /* by a supplementary group */
		{ 6, 300, 400, 0 },
	};

	ROOT_ONLY();
	make_file("f", "x", 1);
	CHECK(!mkdir("d", 0777));
	CHECK(!chown("f", 5, 200) && !chown("d", 5, 200));
	for (unsigned i = 0; i < ARRAY_SIZE(who); i++) {
		int say[2], done[2];
		pid_t pid;
		int mode;

		CHECK(!pipe(say) && !pipe(done));
		pid = fork();
		if (!pid) {
			close(say[1]);
			CHECK(!sys(SYS_setgroups, 1, &who[i].more));
			CHECK(!setgid(who[i].gid) && !setuid(who[i].uid));
			while (read(say[0], &mode, sizeof(mode)) > 0) {
				int can = mode >> who[i].shift & 7;
				int fd = open("f", O_RDONLY);

				CHECK_EQ(fd >= 0, !!(can & 4));
				close(fd);
				fd = open("f", O_WRONLY);
				CHECK_EQ(fd >= 0, !!(can & 2));
				close(fd);
				fd = open("f", O_RDWR);
				CHECK_EQ(fd >= 0, (can & 6) == 6);
				close(fd);
				CHECK_EQ(!access("f", X_OK), can & 1);
				CHECK_EQ(!access("f", R_OK | W_OK),
					 (can & 6) == 6);
				CHECK_EQ(!truncate("f", 1), !!(can & 2));
				CHECK_EQ(!access("d/none", F_OK) ||
						 errno == ENOENT,
					 can & 1);
				fd = open("d", O_RDONLY | O_DIRECTORY);
				CHECK_EQ(fd >= 0, !!(can & 4));
				close(fd);
				CHECK_EQ(!mkdir("d/x", 0700), (can & 3) == 3);
				CHECK_EQ(!rmdir("d/x"), (can & 3) == 3);
				CHECK_EQ(write(done[1], "d", 1), 1);
			}
			_exit(0);
		}
		close(say[0]);
		close(done[1]);
		for (mode = 0; mode < 0777; mode++) {
			char c;

			CHECK(!chmod("f", (mode_t)mode));
			CHECK(!chmod("d", (mode_t)mode));
			CHECK_EQ(write(say[1], &mode, sizeof(mode)),
				 sizeof(mode));
			if (read(done[0], &c, 1) != 1)
				test_fail("mode %o, user %u", mode, i);
		}
		close(say[1]);
		CHECK_EQ(wait_status(pid), 0);
		close(done[0]);
	}
}

/* Each call that takes a path, when a folder on the way lets nobody through,
 * and when the last one lets nobody write. */
static void every_call(void)
{
	static const struct timespec now[2] = { { 0, UTIME_NOW },
						{ 0, UTIME_NOW } };
	char buf[64];
	struct stat st;

	become_nobody();
	CHECK(!mkdir("d", 0700) && !mkdir("d/e", 0700) && !mkdir("d/g", 0700));
	make_file("d/e/f", "x", 1);
	make_file("mine", "x", 1);
	CHECK(!symlink("f", "d/e/l") && !mkdir("d/e/s", 0700));
	for (int locked = 0; locked < 2; locked++) {
		if (locked)
			CHECK(!chmod("d/e", 0500));
		else
			CHECK(!chmod("d", 0600));
		if (!locked) {
			CHECK_ERR(stat("d/e/f", &st), EACCES);
			CHECK_ERR(lstat("d/e/l", &st), EACCES);
			CHECK_ERR(open("d/e/f", O_RDONLY), EACCES);
			CHECK_ERR(access("d/e/f", F_OK), EACCES);
			CHECK_ERR(chmod("d/e/f", 0600), EACCES);
			CHECK_ERR(chown("d/e/f", (uid_t)-1, (gid_t)-1), EACCES);
			CHECK_ERR(utimensat(AT_FDCWD, "d/e/f", now, 0), EACCES);
			CHECK_ERR(truncate("d/e/f", 0), EACCES);
			CHECK_ERR(readlink("d/e/l", buf, sizeof(buf)), EACCES);
			CHECK_ERR(chdir("d/e"), EACCES);
			CHECK_ERR(opendir("d/e") != NULL ? 0 : -1, EACCES);
			CHECK_ERR(link("d/e/f", "here"), EACCES);
			CHECK_ERR(rename("d/e/f", "here"), EACCES);
			CHECK_EQ(sys(SYS_statfs, "d/e/f", buf), -EACCES);
		} else {
			CHECK(!stat("d/e/f", &st) && !access("d/e/f", R_OK));
			CHECK(!chmod("d/e/f", 0600));
			CHECK(!truncate("d/e/f", 1));
			CHECK(!link("d/e/f", "here") && !unlink("here"));
		}
		CHECK_ERR(open("d/e/n", O_WRONLY | O_CREAT, 0600), EACCES);
		CHECK_ERR(mkdir("d/e/n", 0700), EACCES);
		CHECK_ERR(mkfifo("d/e/n", 0600), EACCES);
		CHECK_ERR(mknod("d/e/n", S_IFREG | 0600, 0), EACCES);
		CHECK_ERR(symlink("x", "d/e/n"), EACCES);
		CHECK_ERR(link("mine", "d/e/n"), EACCES);
		CHECK_ERR(rename("mine", "d/e/n"), EACCES);
		CHECK_ERR(rename("d/e/f", "d/e/n"), EACCES);
		CHECK_ERR(rename("d/e/f", "d/g/f"), EACCES);
		CHECK_ERR(unlink("d/e/f"), EACCES);
		CHECK_ERR(rmdir("d/e/s"), EACCES);
		CHECK(!chmod("d", 0700));
	}
	/* Nor does a folder move whose ".." may not be changed. */
	CHECK(!chmod("d/e", 0700) && !chmod("d/e/s", 0500));
	CHECK_ERR(rename("d/e/s", "d/g/s"), EACCES);
	CHECK(!chmod("d/e/s", 0700) && !rename("d/e/s", "d/g/s"));
}

/* What only the owner may do, whoever else may write. */
static void owners_rights(void)
{
	static const struct timespec now[2] = { { 0, UTIME_NOW },
						{ 0, UTIME_NOW } };
	static const struct timespec past[2] = { { 9, 0 }, { 9, 0 } };
	gid_t more[] = { 300 };
	struct stat st;
	pid_t pid;

	ROOT_ONLY();
	make_file("all", "x", 1);
	make_file("none", "x", 1);
	make_file("mine", "x", 1);
	CHECK(!chmod("all", 0666) && !chmod("none", 0444));
	CHECK(!chown("mine", 1234, 1234));
	pid = fork();
	if (!pid) {
		CHECK(!sys(SYS_setgroups, 1, more));
		CHECK(!setgid(1234) && !setuid(1234));
		CHECK_ERR(chmod("all", 0600), EPERM);
		CHECK_ERR(chown("all", 1234, (gid_t)-1), EPERM);
		CHECK_ERR(chown("all", (uid_t)-1, 1234), EPERM);
		CHECK(!utimensat(AT_FDCWD, "all", NULL, 0));
		CHECK(!utimensat(AT_FDCWD, "all", now, 0));
		CHECK_ERR(utimensat(AT_FDCWD, "all", past, 0), EPERM);
		CHECK_ERR(utimensat(AT_FDCWD, "none", NULL, 0), EACCES);
		CHECK_ERR(utimensat(AT_FDCWD, "none", past, 0), EPERM);
		CHECK(!utimensat(AT_FDCWD, "mine", past, 0));
		/* To a group of one's own, and to no other; not away. */
		CHECK(!chmod("mine", 06711));
		CHECK(!chown("mine", (uid_t)-1, 300));
		CHECK(!stat("mine", &st));
		CHECK_EQ(st.st_gid, 300);
		CHECK_EQ(st.st_mode & 07777, 0711);
		CHECK(!chmod("mine", 02711));
		CHECK(!stat("mine", &st));
		CHECK_EQ(st.st_mode & 07777, 02711);
		CHECK_ERR(chown("mine", (uid_t)-1, 400), EPERM);
		CHECK_ERR(chown("mine", 5, (gid_t)-1), EPERM);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	/* The bit for a group is not for who is not in it. */
	CHECK(!chown("mine", 1234, 400));
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK(!chmod("mine", 06711));
		CHECK(!stat("mine", &st));
		CHECK_EQ(st.st_mode & 07777, 04711);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

/* The user for files alone. */
static void file_system_user(void)
{
	struct stat st;

	ROOT_ONLY();
	make_file("f", "x", 1);
	CHECK(!chmod("f", 0600));
	CHECK_EQ(sys(SYS_setfsgid, 1234), 0);
	CHECK_EQ(sys(SYS_setfsuid, 1234), 0);
	CHECK_EQ(sys(SYS_setfsuid, -1), 1234);
	CHECK_EQ(sys(SYS_setfsgid, -1), 1234);
	CHECK_EQ(geteuid(), 0);
	/* A change of the group is none of the user. */
	CHECK(!setgid(5) && !setregid(6, 7) && !setresgid(5, 6, 7));
	CHECK_EQ(sys(SYS_setfsuid, -1), 1234);
	CHECK_EQ(sys(SYS_setfsgid, 1234), 6);
	CHECK_ERR(open("f", O_RDONLY), EACCES);
	CHECK_EQ(sys(SYS_setfsuid, 0), 1234);
	CHECK(!chmod(".", 0777));
	CHECK_EQ(sys(SYS_setfsuid, 1234), 0);
	close(open("g", O_WRONLY | O_CREAT, 0600));
	CHECK(!stat("g", &st));
	CHECK(st.st_uid == 1234 && st.st_gid == 1234);
	/* A change of the effective one takes it along. */
	CHECK(!setresuid((uid_t)-1, 10, (uid_t)-1));
	CHECK_EQ(sys(SYS_setfsuid, -1), 10);
	CHECK_EQ(sys(SYS_setfsuid, 77), 10);
	CHECK_EQ(sys(SYS_setfsuid, -1), 10);
}

/* In a folder like /tmp one removes only what is one's own. */
static void sticky_folder(void)
{
	pid_t pid;

	ROOT_ONLY();
	CHECK(!mkdir("d", 0777) && !chmod("d", 01777));
	make_file("d/roots", "x", 1);
	CHECK(!mkdir("d/folder", 0777));
	pid = fork();
	if (!pid) {
		become_nobody();
		make_file("d/mine", "x", 1);
		CHECK_ERR(unlink("d/roots"), EPERM);
		CHECK_ERR(rename("d/roots", "d/x"), EPERM);
		CHECK_ERR(rename("d/mine", "d/roots"), EPERM);
		CHECK(!unlink("d/mine"));
		CHECK_ERR(rmdir("d/folder"), EPERM);
		CHECK_ERR(rename("d/folder", "d/x"), EPERM);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK(!access("d/roots", F_OK));
	/* Whose the folder is removes all of it. */
	CHECK(!chown("d", 1234, 1234));
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK(!rename("d/roots", "d/x") && !unlink("d/x"));
		CHECK(!rmdir("d/folder"));
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

/* One makes no name for what one could not write, or what lends rights. */
static void names_for_others_files(void)
{
	static const struct {
		const char *name;
		mode_t mode;
		int err;
	} files[] = {
		{ "shadow", 0600, EPERM },     { "readable", 0644, EPERM },
		{ "writable", 0622, EPERM },   { "open", 0666, 0 },
		{ "setuid", 04777, EPERM },    { "setgid", 02777, EPERM },
		{ "locking", 02767 & ~010, 0 },
	};
	int fd = open("/proc/sys/fs/protected_hardlinks", O_RDONLY);
	char c = '1';

	ROOT_ONLY();
	if (fd >= 0) {
		CHECK_EQ(read(fd, &c, 1), 1);
		close(fd);
	}
	if (c != '1')
		test_skip("not asked for here");
	CHECK(!mkdir("d", 0777) && !chmod("d", 0777));
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		make_file(files[i].name, "x", 1);
		CHECK(!chmod(files[i].name, files[i].mode));
	}
	CHECK(!mkfifo("fifo", 0666) && !chmod("fifo", 0666));
	CHECK(!symlink("open", "link"));
	CHECK(!link("shadow", "d/roots"));
	become_nobody();
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		if (files[i].err)
			CHECK_ERR(link(files[i].name, "d/x"), files[i].err);
		else
			CHECK(!link(files[i].name, "d/x") && !unlink("d/x"));
	}
	CHECK_ERR(link("fifo", "d/x"), EPERM);
	CHECK_ERR(link("link", "d/x"), EPERM);
	make_file("d/mine", "x", 1);
	CHECK(!chmod("d/mine", 04700) && !link("d/mine", "d/x"));
}

static mode_t bits_of(const char *path)
{
	struct stat st;

	CHECK(!lstat(path, &st));
	return st.st_mode & 07777;
}

/* As user 1234 of that group, and of those others. */
static void become_member(gid_t group, unsigned n, const gid_t *more)
{
	CHECK(!sys(SYS_setgroups, n, more));
	CHECK(!setgid(group) && !setuid(1234));
}

/* Who changes neither owner nor group is refused nothing, unless the call takes
 * rights away that the file lends. */
static void chown_to_nobody_else(void)
{
	static const mode_t modes[] = { 0644,  02755, 02745, 04755, 04644,
					06755, 06745, 01777, 0 };
	const uid_t same = (uid_t)-1;
	struct stat before, after;
	pid_t pid;
	int fd;

	ROOT_ONLY();
	make_file("roots", "x", 1);
	make_file("mine", "x", 1);
	make_file("both", "x", 1);
	CHECK(!mkdir("rootsdir", 0755) && !mkdir("dir", 0755));
	CHECK(!chown("mine", 1234, 500) && !chown("dir", 1234, 500) &&
	      !chown("both", 1234, 1234));
	for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
		mode_t mode = modes[i], kept = mode & ~(mode_t)06000;

		CHECK(!chmod("roots", mode) && !chmod("mine", mode) &&
		      !chmod("both", mode) && !chmod("dir", mode | 02000) &&
		      !chmod("rootsdir", mode | 06000));
		pid = fork();
		if (!pid) {
			become_nobody();
			/* It takes a group's bit, even for locking, as this
			 * user is not of the group. */
			if (mode & 06000)
				CHECK_ERR(chown("roots", same, same), EPERM);
			else
				CHECK(!chown("roots", same, same));
			CHECK(!chown("rootsdir", same, same));
			CHECK_ERR(chown("roots", 0, same), EPERM);
			CHECK_ERR(chown("roots", same, 0), EPERM);
			CHECK(!chown("mine", same, same));
			CHECK(!chown("both", same, same));
			CHECK(!chown("dir", same, same));
			_exit(0);
		}
		CHECK_EQ(wait_status(pid), 0);
		CHECK_EQ(bits_of("roots"), mode);
		CHECK_EQ(bits_of("rootsdir"), mode | 06000);
		CHECK_EQ(bits_of("mine"), kept);
		/* Of its own group the mark for locking stays. */
		if (mode & 02000 && !(mode & 010))
			kept |= 02000;
		CHECK_EQ(bits_of("both"), kept);
		/* A folder's bit is none that lends rights. */
		CHECK_EQ(bits_of("dir"), mode | 02000);
		/* Nor is the mark for locking to who is of any group. */
		CHECK(!chmod("mine", mode) && !chown("mine", same, same));
		CHECK_EQ(bits_of("mine"), kept);
	}
	/* The time of the change is another afterwards. */
	CHECK(!stat("roots", &before));
	nap_ms(20);
	fd = open("roots", O_RDONLY);
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK(!fchown(fd, same, same));
		CHECK(!fchownat(AT_FDCWD, "roots", same, same,
				AT_SYMLINK_NOFOLLOW));
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK(!stat("roots", &after));
	CHECK(before.st_ctim.tv_sec != after.st_ctim.tv_sec ||
	      before.st_ctim.tv_nsec != after.st_ctim.tv_nsec);
}

/* From one group to another: what the bit was for the first one. */
static void chown_between_groups(void)
{
	static const struct {
		mode_t mode;
		gid_t from, to;
		mode_t left;
	} t[] = {
		{ 02645, 300, 400, 02645 }, /* a member of both */
		{ 02655, 300, 400, 0655 },
		{ 02645, 500, 400, 0645 }, /* of the second alone */
		{ 06645, 500, 400, 0645 },
		{ 06645, 300, 400, 02645 },
		{ 06755, 300, 300, 0755 },
	};
	const gid_t more[] = { 300, 400 };
	pid_t pid;

	ROOT_ONLY();
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		make_file("f", "x", 1);
		CHECK(!chown("f", 1234, t[i].from) && !chmod("f", t[i].mode));
		pid = fork();
		if (!pid) {
			become_member(1234, 2, more);
			CHECK(!chown("f", (uid_t)-1, t[i].to));
			CHECK_ERR(chown("f", (uid_t)-1, 500), EPERM);
			CHECK_ERR(chown("f", 1235, t[i].to), EPERM);
			_exit(0);
		}
		CHECK_EQ(wait_status(pid), 0);
		if (bits_of("f") != t[i].left)
			test_fail("row %u leaves %o", i, bits_of("f"));
		CHECK(!unlink("f"));
	}
	/* Root leaves the mark for locking. */
	make_file("f", "x", 1);
	CHECK(!chmod("f", 06745) && !chown("f", 5, 6));
	CHECK_EQ(bits_of("f"), 02745);
	CHECK(!mkdir("d", 0755) && !chmod("d", 07755) && !chown("d", 5, 6));
	CHECK_EQ(bits_of("d"), 07755);
}

enum change { WRITE, CUT, STRETCH, CUT_OPEN, CUT_AT_OPEN, HOLE, N_CHANGES };

static void change_file(enum change how)
{
	int fd = open("f", how == CUT_AT_OPEN ? O_RDWR | O_TRUNC : O_RDWR);

	CHECK(fd >= 0);
	switch (how) {
	case WRITE:
		CHECK_EQ(write(fd, "y", 1), 1);
		break;
	case CUT:
		CHECK(!truncate("f", 1));
		break;
	case STRETCH:
		CHECK(!truncate("f", 10000));
		break;
	case CUT_OPEN:
		CHECK(!ftruncate(fd, 2));
		break;
	case HOLE:
		CHECK(!fallocate(fd, FALLOC_FL_PUNCH_HOLE |
					     FALLOC_FL_KEEP_SIZE, 0, 2));
		break;
	default:
		break;
	}
	close(fd);
}

/* Whoever changes what the file says takes such bits away, but root does not. */
static void set_id_bits(void)
{
	/* Root of a name space is no root in this. */
	int users = test_half_root() ? 2 : 3;
	struct stat st;
	pid_t pid;

	ROOT_ONLY();
	for (int how = 0; how < N_CHANGES; how++) {
		for (int by = 0; by < users; by++) {
			make_file("f", "xyz", 3);
			CHECK(!chown("f", by == 1 ? 1234 : 0, 0));
			CHECK(!chmod("f", 06777));
			pid = fork();
			if (!pid) {
				if (by < 2) /* another, the owner, root */
					become_nobody();
				change_file((enum change)how);
				_exit(0);
			}
			CHECK_EQ(wait_status(pid), 0);
			CHECK(!stat("f", &st));
			if ((st.st_mode & 07777) != (by < 2 ? 0777 : 06777))
				test_fail("change %d by %d leaves %o", how, by,
					  st.st_mode);
			CHECK(!unlink("f"));
		}
	}
	/* A change that fails changes nothing. */
	make_file("f", "xyz", 3);
	CHECK(!chmod("f", 06777));
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK_ERR(truncate("f", -1), EINVAL);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK(!stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 06777);
}

/* The group's bit without its right to run: it stays for who is of the group. */
static void mark_for_locking(void)
{
	const gid_t more[] = { 300 };
	pid_t pid;

	ROOT_ONLY();
	for (int how = 0; how < N_CHANGES; how++) {
		for (int member = 0; member < 3; member++) {
			make_file("f", "xyz", 3);
			CHECK(!chown("f", 0, 300) && !chmod("f", 06767));
			pid = fork();
			if (!pid) {
				if (member < 2)
					become_member(member ? 300 : 1234, 0,
						      NULL);
				else
					become_member(1234, 1, more);
				change_file((enum change)how);
				_exit(0);
			}
			CHECK_EQ(wait_status(pid), 0);
			if (bits_of("f") != (member ? 02767 : 0767))
				test_fail("change %d by %d leaves %o", how,
					  member, bits_of("f"));
			CHECK(!unlink("f"));
		}
	}
}

/* In a folder that hands its group on nobody makes a program with the rights of
 * a group that is not one's own. */
static void group_of_a_folder(void)
{
	static const struct {
		mode_t mode;
		int member;
		mode_t made;
	} t[] = {
		{ 02755, 0, 0755 },  { 02745, 0, 02745 }, { 06755, 0, 04755 },
		{ 02755, 1, 02755 }, { 06711, 1, 06711 }, { 0755, 0, 0755 },
	};
	const gid_t more[] = { 300 };
	struct stat st;
	pid_t pid;

	ROOT_ONLY();
	CHECK(!mkdir("g", 0777) && !chown("g", 0, 300) && !chmod("g", 02777));
	CHECK(!mkdir("p", 0777) && !chown("p", 0, 300) && !chmod("p", 0777));
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		pid = fork();
		if (!pid) {
			umask(0);
			become_member(1234, t[i].member ? 1 : 0, more);
			close(open("g/open", O_WRONLY | O_CREAT, t[i].mode));
			CHECK(!mknod("g/node", S_IFREG | t[i].mode, 0));
			CHECK(!mknod("g/fifo", S_IFIFO | t[i].mode, 0));
			CHECK(!mknod("g/sock", S_IFSOCK | t[i].mode, 0));
			CHECK_EQ(bits_of("g/open"), t[i].made);
			CHECK_EQ(bits_of("g/node"), t[i].made);
			CHECK_EQ(bits_of("g/fifo"), t[i].made);
			CHECK_EQ(bits_of("g/sock"), t[i].made);
			CHECK(!stat("g/open", &st));
			CHECK_EQ(st.st_gid, 300);
			/* The folder's group is asked, not the mask. */
			umask(010);
			CHECK(!unlink("g/open"));
			close(open("g/open", O_WRONLY | O_CREAT, t[i].mode));
			CHECK_EQ(bits_of("g/open"),
				 t[i].made & ~(mode_t)010);
			umask(0);
			/* Elsewhere it is the maker's own group. */
			close(open("p/f", O_WRONLY | O_CREAT, t[i].mode));
			CHECK_EQ(bits_of("p/f"), t[i].mode);
			/* A folder never asks for it, but is given it. */
			CHECK(!mkdir("g/dir", 06755) && !mkdir("p/dir", 07755));
			CHECK_EQ(bits_of("g/dir"), 02755);
			CHECK_EQ(bits_of("p/dir"), 01755);
			CHECK(!unlink("g/open") && !unlink("g/node") &&
			      !unlink("g/fifo") && !unlink("g/sock") &&
			      !unlink("p/f") && !rmdir("g/dir") &&
			      !rmdir("p/dir"));
			_exit(0);
		}
		CHECK_EQ(wait_status(pid), 0);
	}
	/* Root is of every group. */
	umask(0);
	close(open("g/open", O_WRONLY | O_CREAT, 02755));
	CHECK_EQ(bits_of("g/open"), 02755);
}

/* Where several things are wrong: which of them a program hears of. */
static void order_of_refusals(void)
{
	static const struct timespec omit[2] = { { 0, UTIME_OMIT },
						 { 0, UTIME_OMIT } };
	static const struct timespec wrong[2] = { { 0, -1 }, { 0, 0 } };
	struct timespec bad_time = { 0, -1 };
	pid_t pid;

	ROOT_ONLY();
	CHECK(!mkdir("shut", 0755) && !mkdir("roots", 0777) &&
	      !mkdir("secret", 0700));
	make_file("shut/f", "x", 1);
	make_file("f", "x", 1);
	CHECK(!mkfifo("fifo", 0600));
	pid = fork();
	if (pid) {
		CHECK_EQ(wait_status(pid), 0);
		return;
	}
	CHECK(!chmod(".", 0777));
	become_nobody();
	CHECK(!mkdir("own", 0777));
	/* A name for a folder: first whether one may name it at all, then the
	 * place, then that it is a folder. */
	CHECK_ERR(link("roots", "shut/x"), EPERM);
	CHECK_ERR(link("roots", "shut/f"), EEXIST);
	CHECK_ERR(link("roots", "none/x"), ENOENT);
	CHECK_ERR(link("own", "shut/x"), EACCES);
	CHECK_ERR(link("own", "x"), EPERM);
	CHECK_ERR(link("f", "shut/x"), EPERM);
	CHECK_ERR(link("none", "shut/x"), ENOENT);
	/* A device: first the place. */
	CHECK_ERR(mknod("f", S_IFCHR | 0600, 0x103), EEXIST);
	CHECK_ERR(mknod("none/x", S_IFCHR | 0600, 0x103), ENOENT);
	CHECK_ERR(mknod("f/x", S_IFCHR | 0600, 0x103), ENOTDIR);
	CHECK_ERR(mknod("secret/x", S_IFCHR | 0600, 0x103), EACCES);
	CHECK_ERR(mknod("shut/x", S_IFBLK | 0600, 0x103), EACCES);
	CHECK_ERR(mknod("shut/f", S_IFBLK | 0600, 0x103), EEXIST);
	CHECK_ERR(mknod("x", S_IFBLK | 0600, 0x103), EPERM);
	CHECK_ERR(mknod("x", S_IFBLK | 0600, 0), EPERM);
	CHECK_ERR(mknod("x", S_IFCHR | 0600, 0x103), EPERM);
	/* This one is no device, and for everybody. */
	CHECK(!mknod("x", S_IFCHR | 0600, 0) && !unlink("x"));
	/* A kind of file that has no size, before the right to change it. */
	CHECK_ERR(truncate("fifo", 0), EINVAL);
	CHECK_ERR(truncate("roots", 0), EISDIR);
	CHECK_ERR(truncate("shut", 0), EISDIR);
	CHECK_ERR(truncate("f", -1), EINVAL);
	CHECK_ERR(truncate("secret/none", 0), EACCES);
	/* Nothing to do is done, to whatever it is, if it is anything. */
	CHECK(!utimensat(AT_FDCWD, "f", omit, 0));
	CHECK(!utimensat(AT_FDCWD, "none", omit, 0));
	CHECK(!utimensat(AT_FDCWD, "secret/x", omit, 0));
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, "f", omit, 0x40000), 0);
	CHECK_EQ(sys(SYS_utimensat, -1, NULL, omit, 0), 0);
	CHECK_EQ(sys(SYS_utimensat, AT_FDCWD, NULL, NULL, 0), -EFAULT);
	CHECK_EQ(sys(SYS_utimensat, -1, NULL, NULL, 0), -EBADF);
	CHECK_ERR(utimensat(AT_FDCWD, "f", wrong, 0), EINVAL);
	CHECK_ERR(utimensat(AT_FDCWD, "none", wrong, 0), ENOENT);
	CHECK_ERR(utimensat(AT_FDCWD, "secret/x", wrong, 0), EACCES);
	/* Where, before who. */
	CHECK_EQ(sys(SYS_mount, "none", "none", "tmpfs", 0, NULL), -ENOENT);
	CHECK_EQ(sys(SYS_mount, "none", "secret/x", "tmpfs", 0, NULL), -EACCES);
	CHECK_EQ(sys(SYS_mount, "none", "own", "tmpfs", 0, NULL), -EPERM);
	CHECK_EQ(sys(SYS_mount, "none", "f", "nonsense", 0, NULL), -EPERM);
	CHECK_EQ(sys(SYS_umount2, "none", 0), -ENOENT);
	CHECK_EQ(sys(SYS_umount2, "secret/x", 0), -EACCES);
	CHECK_EQ(sys(SYS_umount2, "own", 0), -EPERM);
	CHECK_EQ(sys(SYS_umount2, "own", 0x1000), -EINVAL);
	/* Who, before what. */
	CHECK_EQ(sys(SYS_reboot, 1, 2, 3, 0), -EPERM);
	CHECK_EQ(sys(SYS_sethostname, "x", 100), -EPERM);
	/* And the other way round. */
	CHECK_EQ(sys(SYS_clock_settime, CLOCK_REALTIME, &bad_time), -EINVAL);
	CHECK_EQ(sys(SYS_clock_settime, CLOCK_MONOTONIC, &bad_time), -EINVAL);
	CHECK_EQ(sys(SYS_clock_settime, CLOCK_REALTIME, bad_pointer), -EFAULT);
	_exit(0);
}

/* Nobody writes where nobody can, and that is said first, or not. */
static void read_only_disk(void)
{
	static const struct timespec past[2] = { { 9, 0 }, { 9, 0 } };
	int fd, failed = 0;
	pid_t pid;

	ROOT_ONLY();
	CHECK(!mkdir("m", 0755));
	if (sys(SYS_mount, "none", "m", "tmpfs", 0, ""))
		test_skip("nothing can be mounted");
	CHECK(!chmod("m", 0777));
	make_file("m/f", "x", 1);
	CHECK(!mkdir("m/d", 0777) && !mkfifo("m/fifo", 0600));
	CHECK(!mkdir("m/secret", 0700));
	CHECK_EQ(sys(SYS_mount, "none", "m", "tmpfs", MS_REMOUNT | MS_RDONLY,
		     ""), 0);
	for (int user = 0; user < 2; user++) {
		pid = fork();
		if (!pid) {
			if (user)
				become_nobody();
			CHECK_ERR(access("m/f", W_OK), EROFS);
			CHECK_ERR(access("m/d", W_OK), EROFS);
			CHECK_ERR(access("m/f", W_OK | X_OK), EROFS);
			CHECK_ERR(access("m/f", X_OK), EACCES);
			if (user)
				CHECK_ERR(access("m/fifo", W_OK), EACCES);
			else
				CHECK(!access("m/fifo", W_OK));
			CHECK_ERR(open("m/f", O_WRONLY), EROFS);
			CHECK_ERR(open("m/f", O_RDONLY | O_TRUNC), EROFS);
			CHECK_ERR(open("m/x", O_WRONLY | O_CREAT, 0600), EROFS);
			CHECK_ERR(open("m/f", O_WRONLY | O_CREAT | O_EXCL,
				       0600), EEXIST);
			fd = open("m/f", O_RDONLY | O_CREAT, 0600);
			CHECK(fd >= 0);
			CHECK_ERR(fchmod(fd, 0600), EROFS);
			CHECK_ERR(fchown(fd, (uid_t)-1, (gid_t)-1), EROFS);
			CHECK_ERR(futimens(fd, past), EROFS);
			CHECK_ERR(truncate("m/f", 0), EROFS);
			CHECK_ERR(truncate("m/fifo", 0), EINVAL);
			CHECK_ERR(chmod("m/f", 0600), EROFS);
			CHECK_ERR(utimensat(AT_FDCWD, "m/f", NULL, 0), EROFS);
			CHECK_ERR(mkdir("m/f", 0700), EEXIST);
			CHECK_ERR(mkdir("m/x", 0700), EROFS);
			CHECK_ERR(mknod("m/x", S_IFIFO | 0600, 0), EROFS);
			CHECK_ERR(mknod("m/x", S_IFCHR | 0600, 0x103), EROFS);
			CHECK_ERR(symlink("f", "m/x"), EROFS);
			CHECK_ERR(link("m/f", "m/x"), EROFS);
			CHECK_ERR(link("m/f", "x"), EXDEV);
			CHECK_ERR(rename("m/f", "m/x"), EROFS);
			CHECK_ERR(rename("m/none", "m/x"), EROFS);
			CHECK_ERR(rename("m/f", "x"), EXDEV);
			CHECK_ERR(unlink("m/f"), EROFS);
			CHECK_ERR(unlink("m/none"), EROFS);
			CHECK_ERR(unlink("m/d"), EROFS);
			CHECK_ERR(unlink("m/f/"), EROFS);
			CHECK_ERR(unlink("m/."), EISDIR);
			CHECK_ERR(rmdir("m/d"), EROFS);
			CHECK_ERR(rmdir("m/none"), EROFS);
			CHECK_ERR(rmdir("m/f"), EROFS);
			/* The way there is looked at before. */
			if (user)
				CHECK_ERR(unlink("m/secret/x"), EACCES);
			_exit(0);
		}
		failed |= wait_status(pid);
	}
	/* In any case: nobody else could remove what is there. */
	CHECK_EQ(sys(SYS_umount2, "m", 0), 0);
	CHECK_EQ(failed, 0);
}

/* The descriptors in /proc are the process's own, whoever it is for files; what
 * they lead to is not. */
static void own_descriptors(void)
{
	char to[64];
	struct stat st;
	int fd, again;
	DIR *dir;

	ROOT_ONLY();
	make_file("f", "x", 1);
	CHECK(!chmod("f", 0600));
	fd = open("f", O_RDONLY);
	CHECK(fd >= 0 && dup2(fd, 40) == 40);
	CHECK_EQ(sys(SYS_setfsuid, 1234), 0);
	CHECK(!access("/proc/self/fd/40", F_OK));
	CHECK(!lstat("/proc/self/fd/40", &st) && S_ISLNK(st.st_mode));
	CHECK(readlink("/proc/self/fd/40", to, sizeof(to)) > 0);
	CHECK(readlink("/proc/self/cwd", to, sizeof(to)) > 0);
	CHECK(!stat("/proc/self/fd/40", &st));
	dir = opendir("/proc/self/fd");
	CHECK(dir);
	for (again = 0;;) {
		struct dirent *e = readdir(dir);

		if (!e)
			break;
		again |= !strcmp(e->d_name, "40");
	}
	closedir(dir);
	CHECK(again);
	CHECK_ERR(open("/proc/self/fd/40", O_RDONLY), EACCES);
	CHECK_EQ(sys(SYS_setfsuid, 0), 1234);
	CHECK_EQ(sys(SYS_setfsgid, 1234), 0);
	again = open("/proc/self/fd/40", O_RDONLY);
	CHECK(again >= 0);
}

/* A pipe has no name, but an owner. */
static void pipes_have_owners(void)
{
	static const struct timespec past[2] = { { 9, 0 }, { 9, 0 } };
	struct stat st;
	int mine[2], roots[2];
	pid_t pid;

	ROOT_ONLY();
	CHECK(!pipe(roots));
	CHECK(!fstat(roots[0], &st) && !st.st_uid);
	CHECK(!fchmod(roots[0], 06666) && !fchown(roots[0], 5, 6));
	CHECK(!fstat(roots[0], &st));
	CHECK(st.st_uid == 5 && st.st_gid == 6);
	CHECK_EQ(st.st_mode & 07777, 02666);
	CHECK(!futimens(roots[0], past));
	CHECK(!fstat(roots[0], &st));
	CHECK_EQ(st.st_mtim.tv_sec, 9);
	CHECK_ERR(ftruncate(roots[1], 0), EINVAL);
	CHECK_EQ(sys(SYS_utimensat, roots[0], NULL, past, AT_EMPTY_PATH),
		 -EINVAL);
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK_ERR(fchmod(roots[0], 0666), EPERM);
		CHECK_ERR(fchown(roots[0], 1234, (gid_t)-1), EPERM);
		CHECK_ERR(futimens(roots[0], past), EPERM);
		CHECK(!futimens(roots[0], NULL));
		CHECK(!pipe(mine));
		CHECK(!fstat(mine[0], &st) && st.st_uid == 1234);
		CHECK(!fchmod(mine[0], 0400) && !futimens(mine[0], past));
		CHECK_ERR(futimens(roots[1], past), EPERM);
		CHECK_ERR(fchown(mine[0], 0, (gid_t)-1), EPERM);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

/* What an open folder is good for to who may not go through it, and what an
 * open file is to who may not open it. */
static void by_descriptor(void)
{
	char buf[64];
	struct stat st;
	pid_t pid;
	int dir, ro, rw, place;

	ROOT_ONLY();
	CHECK(!mkdir("d", 0700) && !mkdir("d/e", 0777) && !chmod("d/e", 0777));
	make_file("d/f", "xyz", 3);
	CHECK(!chmod("d/f", 0600) && !symlink("f", "d/l"));
	dir = open("d", O_RDONLY | O_DIRECTORY);
	place = open("d/e", O_PATH | O_DIRECTORY);
	ro = open("d/f", O_RDONLY);
	rw = open("d/f", O_RDWR);
	CHECK(dir >= 0 && place >= 0 && ro >= 0 && rw >= 0);
	pid = fork();
	if (!pid) {
		become_nobody();
		CHECK_ERR(openat(dir, "f", O_RDONLY), EACCES);
		CHECK_ERR(openat(dir, "f", O_PATH), EACCES);
		CHECK_ERR(openat(dir, "x", O_WRONLY | O_CREAT, 0600), EACCES);
		CHECK_ERR(openat(dir, ".", O_RDONLY), EACCES);
		CHECK_ERR(fstatat(dir, "f", &st, 0), EACCES);
		CHECK(!fstat(dir, &st) && !fstatat(dir, "", &st, AT_EMPTY_PATH));
		CHECK_ERR(fchdir(dir), EACCES);
		CHECK_ERR(mkdirat(dir, "x", 0700), EACCES);
		CHECK_ERR(mknodat(dir, "x", S_IFIFO | 0600, 0), EACCES);
		CHECK_ERR(symlinkat("x", dir, "x"), EACCES);
		CHECK_ERR(readlinkat(dir, "l", buf, sizeof(buf)), EACCES);
		CHECK_ERR(unlinkat(dir, "f", 0), EACCES);
		CHECK_ERR(unlinkat(dir, "e", AT_REMOVEDIR), EACCES);
		CHECK_ERR(renameat(dir, "f", place, "f"), EACCES);
		CHECK_ERR(linkat(dir, "f", place, "f", 0), EACCES);
		CHECK_ERR(fchmodat(dir, "f", 0600, 0), EACCES);
		CHECK_ERR(fchownat(dir, "f", 1234, 1234, 0), EACCES);
		CHECK_ERR(utimensat(dir, "f", NULL, 0), EACCES);
		CHECK_ERR(faccessat(dir, "f", F_OK, 0), EACCES);
		/* Past the folder that stops it. */
		CHECK(!mkdirat(place, "x", 0700));
		CHECK(!unlinkat(place, "x", AT_REMOVEDIR));
		CHECK(!fchdir(place));
		CHECK_ERR(chdir(".."), EACCES);
		CHECK_ERR(open("../f", O_RDONLY), EACCES);
		/* What an open file allows, whoever has it. */
		CHECK_EQ(pread(ro, buf, 3, 0), 3);
		CHECK_ERR(pwrite(ro, "y", 1, 0), EBADF);
		CHECK_ERR(ftruncate(ro, 0), EINVAL);
		CHECK_EQ(pwrite(rw, "y", 1, 0), 1);
		CHECK(!ftruncate(rw, 2));
		CHECK_ERR(fchmod(rw, 0666), EPERM);
		CHECK_ERR(fchown(rw, 1234, (gid_t)-1), EPERM);
		CHECK_ERR(futimens(ro, NULL), EACCES);
		CHECK_ERR(fchmod(place, 0700), EBADF);
		CHECK_ERR(fchown(place, 1234, 1234), EBADF);
		snprintf(buf, sizeof(buf), "/proc/self/fd/%d", ro);
		CHECK_ERR(open(buf, O_RDONLY), EACCES);
		CHECK_ERR(open(buf, O_RDWR), EACCES);
		CHECK(open(buf, O_PATH) >= 0);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static long swap(const char *a, const char *b)
{
	return sys(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

/* Two names that change places: each is removed and made. */
static void swapped_names(void)
{
	pid_t pid;

	ROOT_ONLY();
	CHECK(!mkdir("sticky", 0777) && !chmod("sticky", 01777));
	CHECK(!mkdir("free", 0777) && !chmod("free", 0777));
	CHECK(!mkdir("shut", 0755));
	make_file("sticky/roots", "x", 1);
	make_file("free/roots", "x", 1);
	make_file("shut/roots", "x", 1);
	CHECK(!mkdir("free/roots-dir", 0755));
	pid = fork();
	if (!pid) {
		become_nobody();
		make_file("sticky/mine", "x", 1);
		make_file("free/mine", "x", 1);
		CHECK(!mkdir("free/dir", 0755) && !mkdir("free/d", 0755));
		CHECK(!mkdir("free/fixed", 0555));
		CHECK_EQ(swap("sticky/mine", "sticky/roots"), -EPERM);
		CHECK_EQ(swap("sticky/roots", "sticky/mine"), -EPERM);
		CHECK_EQ(swap("free/mine", "sticky/roots"), -EPERM);
		CHECK_EQ(swap("sticky/roots", "free/mine"), -EPERM);
		CHECK_EQ(swap("free/roots", "sticky/mine"), 0);
		CHECK_EQ(swap("sticky/mine", "free/roots"), -EPERM);
		CHECK_EQ(swap("free/roots", "shut/roots"), -EACCES);
		CHECK_EQ(swap("shut/roots", "free/roots"), -EACCES);
		CHECK_EQ(swap("free/none", "shut/roots"), -ENOENT);
		CHECK_EQ(swap("shut/none", "free/mine"), -ENOENT);
		/* A folder's ".." is written where it goes to another. */
		CHECK_EQ(swap("free/mine", "free/roots-dir"), 0);
		CHECK_EQ(swap("free/mine", "free/roots-dir"), 0);
		make_file("free/dir/f", "x", 1);
		CHECK_EQ(swap("free/dir/f", "free/roots-dir"), -EACCES);
		CHECK_EQ(swap("free/roots-dir", "free/dir/f"), -EACCES);
		CHECK_EQ(swap("free/dir/f", "free/fixed"), -EACCES);
		CHECK_EQ(swap("free/dir/f", "free/d"), 0);
		CHECK_ERR(rename("free/fixed", "free/dir/x"), EACCES);
		CHECK(!rename("free/fixed", "free/other"));
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
}

/* What stands in the way of whom: a sticky folder asks whose the file is and
 * whose the folder, of each name that goes. */
static void sticky_owners(void)
{
	static const uid_t who[] = { 0, 1234, 1235 };
	pid_t pid;

	ROOT_ONLY();
	for (unsigned i = 0; i < 27; i++) {
		uid_t folder = who[i % 3], file = who[i / 3 % 3];
		uid_t target = who[i / 9];
		int may = folder == 1234 || file == 1234;
		int both = folder == 1234 || (file == 1234 && target == 1234);

		CHECK(!mkdir("d", 0777) && !mkdir("d/dir", 0777));
		make_file("d/f", "x", 1);
		make_file("d/t", "x", 1);
		CHECK(!chown("d/f", file, 0) && !chown("d/dir", file, 0) &&
		      !chown("d/t", target, 0) && !chown("d", folder, 0) &&
		      !chmod("d", 01777));
		pid = fork();
		if (!pid) {
			become_nobody();
			CHECK_EQ(!rename("d/f", "d/t") || errno != EPERM, both);
			if (!both)
				CHECK_EQ(!rename("d/f", "d/g") ||
						 errno != EPERM,
					 may);
			CHECK_EQ(!rename("d/dir", "d/e") || errno != EPERM,
				 may);
			CHECK_EQ(!rmdir(may ? "d/e" : "d/dir") ||
					 errno != EPERM,
				 may);
			_exit(0);
		}
		CHECK_EQ(wait_status(pid), 0);
		unlink("d/f");
		unlink("d/g");
		unlink("d/t");
		rmdir("d/dir");
		CHECK(!rmdir("d"));
	}
}

static void masks(void)
{
	struct stat st;

	CHECK_EQ(umask(077), 022);
	CHECK_EQ(umask(027), 077);
	close(open("f", O_WRONLY | O_CREAT, 0777));
	CHECK(!mkdir("d", 0777));
	CHECK(!stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 0750);
	CHECK(!stat("d", &st));
	CHECK_EQ(st.st_mode & 0777, 0750);
	CHECK_EQ(umask(07777), 027);
	CHECK_EQ(umask(0), 0777);
	/* chmod heeds no mask. */
	umask(0777);
	CHECK(!chmod("f", 0666));
	CHECK(!stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 0666);
}

static void read_only_places(void)
{
	int fd;

	/* A place of the kernel's own is for nobody to change. */
	CHECK_EQ(mkdir("/proc/x", 0755), -1);
	CHECK_EQ(unlink("/proc/meminfo"), -1);
	CHECK_EQ(open("/proc/new", O_WRONLY | O_CREAT, 0600), -1);
	fd = open("/proc/meminfo", O_RDONLY);
	CHECK(fd >= 0);
	CHECK_ERR(write(fd, "x", 1), EBADF);
}

TEST_MAIN(CASE(owner_bits), CASE(folder_bits), CASE(only_for_root),
	  CASE(signals_of_others), CASE(as_root), CASE(devices_by_root),
	  CASE(three_users),
	  CASE(access_asks_the_real_one), CASE(groups), CASE(every_mode),
	  CASE(every_call), CASE(owners_rights), CASE(file_system_user),
	  CASE(sticky_folder), CASE(names_for_others_files),
	  CASE(chown_to_nobody_else), CASE(chown_between_groups),
	  CASE(set_id_bits), CASE(mark_for_locking), CASE(group_of_a_folder),
	  CASE(order_of_refusals), CASE(read_only_disk), CASE(own_descriptors),
	  CASE(pipes_have_owners),
	  CASE(by_descriptor), CASE(swapped_names), CASE(sticky_owners),
	  CASE(masks), CASE(read_only_places))
