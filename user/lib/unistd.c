/*
 * System calls that need no more than their arguments put in place.  Where the
 * kernel only has the form that names a directory (...at), the older forms are
 * made of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "user/lib/syscall.h"

/* Who am I: these cannot fail. */
pid_t getpid(void)
{
	return (pid_t)SYS(getpid);
}

pid_t getppid(void)
{
	return (pid_t)SYS(getppid);
}

pid_t gettid(void)
{
	return (pid_t)SYS(gettid);
}

uid_t getuid(void)
{
	return (uid_t)SYS(getuid);
}

uid_t geteuid(void)
{
	return (uid_t)SYS(geteuid);
}

gid_t getgid(void)
{
	return (gid_t)SYS(getgid);
}

gid_t getegid(void)
{
	return (gid_t)SYS(getegid);
}

mode_t umask(mode_t mask)
{
	return (mode_t)SYS(umask, mask);
}

void sync(void)
{
	SYS(sync);
}

/* Groups, sessions, credentials. */
pid_t getpgid(pid_t pid)
{
	return (pid_t)CALL(getpgid, pid);
}

pid_t getpgrp(void)
{
	return (pid_t)SYS(getpgid, 0);
}

int setpgid(pid_t pid, pid_t pgid)
{
	return (int)CALL(setpgid, pid, pgid);
}

int setpgrp(void)
{
	return setpgid(0, 0);
}

pid_t getsid(pid_t pid)
{
	return (pid_t)CALL(getsid, pid);
}

pid_t setsid(void)
{
	return (pid_t)CALL(setsid);
}

int setuid(uid_t uid)
{
	return (int)CALL(setuid, uid);
}

int setgid(gid_t gid)
{
	return (int)CALL(setgid, gid);
}

int setreuid(uid_t ruid, uid_t euid)
{
	return (int)CALL(setreuid, ruid, euid);
}

int setregid(gid_t rgid, gid_t egid)
{
	return (int)CALL(setregid, rgid, egid);
}

int setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	return (int)CALL(setresuid, ruid, euid, suid);
}

int setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	return (int)CALL(setresgid, rgid, egid, sgid);
}

int seteuid(uid_t uid)
{
	return setresuid((uid_t)-1, uid, (uid_t)-1);
}

int setegid(gid_t gid)
{
	return setresgid((gid_t)-1, gid, (gid_t)-1);
}

int getresuid(uid_t *ruid, uid_t *euid, uid_t *suid)
{
	return (int)CALL(getresuid, ruid, euid, suid);
}

int getresgid(gid_t *rgid, gid_t *egid, gid_t *sgid)
{
	return (int)CALL(getresgid, rgid, egid, sgid);
}

int getgroups(int n, gid_t *list)
{
	return (int)CALL(getgroups, n, list);
}

int setgroups(size_t n, const gid_t *list)
{
	return (int)CALL(setgroups, n, list);
}

/* Descriptors. */
int open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return (int)CALL(openat, AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return (int)CALL(openat, dir, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int close(int fd)
{
	return (int)CALL(close, fd);
}

ssize_t read(int fd, void *buf, size_t n)
{
	return CALL(read, fd, buf, n);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	return CALL(write, fd, buf, n);
}

ssize_t pread(int fd, void *buf, size_t n, off_t off)
{
	return CALL(pread64, fd, buf, n, off);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t off)
{
	return CALL(pwrite64, fd, buf, n, off);
}

ssize_t readv(int fd, const struct iovec *iov, int n)
{
	return CALL(readv, fd, iov, n);
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
	return CALL(writev, fd, iov, n);
}

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t off)
{
	return CALL(preadv, fd, iov, n, off, 0);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t off)
{
	return CALL(pwritev, fd, iov, n, off, 0);
}

ssize_t sendfile(int out, int in, off_t *off, size_t n)
{
	return CALL(sendfile, out, in, off, n);
}

off_t lseek(int fd, off_t off, int whence)
{
	return CALL(lseek, fd, off, whence);
}

int dup(int fd)
{
	return (int)CALL(dup, fd);
}

int dup3(int old, int fd, int flags)
{
	return (int)CALL(dup3, old, fd, flags);
}

int dup2(int old, int fd)
{
	/* dup3 refuses old == fd; dup2 has to check old and give it back. */
	if (old == fd)
		return SYS(fcntl, old, F_GETFD) < 0
			       ? (int)__syscall_fail(-EBADF)
			       : fd;
	return dup3(old, fd, 0);
}

int pipe2(int fds[2], int flags)
{
	return (int)CALL(pipe2, fds, flags);
}

int pipe(int fds[2])
{
	return pipe2(fds, 0);
}

int fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return (int)CALL(fcntl, fd, cmd, arg);
}

int flock(int fd, int op)
{
	return (int)CALL(flock, fd, op);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	long arg;

	va_start(ap, request);
	arg = va_arg(ap, long);
	va_end(ap);
	return (int)CALL(ioctl, fd, request, arg);
}

int fsync(int fd)
{
	return (int)CALL(fsync, fd);
}

int fdatasync(int fd)
{
	return (int)CALL(fdatasync, fd);
}

int syncfs(int fd)
{
	return (int)CALL(syncfs, fd);
}

int ftruncate(int fd, off_t len)
{
	return (int)CALL(ftruncate, fd, len);
}

int truncate(const char *path, off_t len)
{
	return (int)CALL(truncate, path, len);
}

int fallocate(int fd, int mode, off_t off, off_t len)
{
	return (int)CALL(fallocate, fd, mode, off, len);
}

int posix_fallocate(int fd, off_t off, off_t len)
{
	return (int)-SYS(fallocate, fd, 0, off, len);
}

/* Paths. */
int access(const char *path, int mode)
{
	return (int)CALL(faccessat, AT_FDCWD, path, mode);
}

int faccessat(int dir, const char *path, int mode, int flags)
{
	return (int)CALL(faccessat2, dir, path, mode, flags);
}

int eaccess(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

int chdir(const char *path)
{
	return (int)CALL(chdir, path);
}

int fchdir(int fd)
{
	return (int)CALL(fchdir, fd);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to,
	   int flags)
{
	return (int)CALL(linkat, from_dir, from, to_dir, to, flags);
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int symlinkat(const char *target, int dir, const char *path)
{
	return (int)CALL(symlinkat, target, dir, path);
}

int symlink(const char *target, const char *path)
{
	return symlinkat(target, AT_FDCWD, path);
}

ssize_t readlinkat(int dir, const char *restrict path, char *restrict buf,
		   size_t size)
{
	return CALL(readlinkat, dir, path, buf, size);
}

ssize_t readlink(const char *restrict path, char *restrict buf, size_t size)
{
	return readlinkat(AT_FDCWD, path, buf, size);
}

int unlinkat(int dir, const char *path, int flags)
{
	return (int)CALL(unlinkat, dir, path, flags);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
	long ret = SYS(unlinkat, AT_FDCWD, path, 0);

	if (ret == -EISDIR)
		ret = SYS(unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
	return (int)syscall_result(ret);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to,
	      unsigned int flags)
{
	return (int)CALL(renameat2, from_fd, from, to_fd, to, flags);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return renameat2(from_fd, from, to_fd, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int fchownat(int dir, const char *path, uid_t uid, gid_t gid, int flags)
{
	return (int)CALL(fchownat, dir, path, uid, gid, flags);
}

int chown(const char *path, uid_t uid, gid_t gid)
{
	return fchownat(AT_FDCWD, path, uid, gid, 0);
}

int lchown(const char *path, uid_t uid, gid_t gid)
{
	return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)CALL(fchown, fd, uid, gid);
}

int fstatat(int dir, const char *restrict path, struct stat *restrict st,
	    int flags)
{
	return (int)CALL(newfstatat, dir, path, st, flags);
}

int stat(const char *restrict path, struct stat *restrict st)
{
	return fstatat(AT_FDCWD, path, st, 0);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
	return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *st)
{
	return (int)CALL(fstat, fd, st);
}

int statx(int dir, const char *restrict path, int flags, unsigned int mask,
	  struct statx *restrict st)
{
	return (int)CALL(statx, dir, path, flags, mask, st);
}

int statfs(const char *path, struct statfs *st)
{
	return (int)CALL(statfs, path, st);
}

int fstatfs(int fd, struct statfs *st)
{
	return (int)CALL(fstatfs, fd, st);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	return (int)CALL(mkdirat, dir, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int mknodat(int dir, const char *path, mode_t mode, dev_t dev)
{
	return (int)CALL(mknodat, dir, path, mode, dev);
}

int mknod(const char *path, mode_t mode, dev_t dev)
{
	return mknodat(AT_FDCWD, path, mode, dev);
}

int mkfifo(const char *path, mode_t mode)
{
	return mknodat(AT_FDCWD, path, (mode & ~(mode_t)S_IFMT) | S_IFIFO, 0);
}

int mkfifoat(int dir, const char *path, mode_t mode)
{
	return mknodat(dir, path, (mode & ~(mode_t)S_IFMT) | S_IFIFO, 0);
}

int lockf(int fd, int cmd, off_t len)
{
	struct flock l = { .l_type = F_WRLCK,
			   .l_whence = SEEK_CUR,
			   .l_len = len };

	switch (cmd) {
	case F_ULOCK:
		l.l_type = F_UNLCK;
		return fcntl(fd, F_SETLK, &l);
	case F_LOCK:
		return fcntl(fd, F_SETLKW, &l);
	case F_TLOCK:
		return fcntl(fd, F_SETLK, &l);
	case F_TEST:
		if (fcntl(fd, F_GETLK, &l) < 0)
			return -1;
		return l.l_type == F_UNLCK ? 0 : (int)__syscall_fail(-EACCES);
	}
	return (int)__syscall_fail(-EINVAL);
}

void swab(const void *restrict from, void *restrict to, ssize_t n)
{
	const char *s = from;
	char *p = to, c;

	for (; n > 1; n -= 2, s += 2, p += 2) {
		c = s[0];
		p[0] = s[1];
		p[1] = c;
	}
}

static long path_limit(int name, const struct statfs *fs)
{
	switch (name) {
	case _PC_LINK_MAX:
		return LINK_MAX;
	case _PC_MAX_CANON:
	case _PC_MAX_INPUT:
		return 255;
	case _PC_NAME_MAX:
		return (long)fs->f_namelen;
	case _PC_PATH_MAX:
		return PATH_MAX;
	case _PC_PIPE_BUF:
		return PIPE_BUF;
	case _PC_CHOWN_RESTRICTED:
	case _PC_NO_TRUNC:
		return 1;
	case _PC_VDISABLE:
		return _POSIX_VDISABLE;
	}
	return __syscall_fail(-EINVAL);
}

long pathconf(const char *path, int name)
{
	struct statfs fs;

	return statfs(path, &fs) < 0 ? -1 : path_limit(name, &fs);
}

long fpathconf(int fd, int name)
{
	struct statfs fs;

	return fstatfs(fd, &fs) < 0 ? -1 : path_limit(name, &fs);
}

int fchmodat(int dir, const char *path, mode_t mode, int flags)
{
	char name[32] = "/proc/self/fd/";
	struct stat st;
	int fd, n, k, ret = -1;

	if (flags & ~AT_SYMLINK_NOFOLLOW)
		return (int)__syscall_fail(-EINVAL);
	if (!flags)
		return (int)CALL(fchmodat, dir, path, mode);
	/* The system call takes no flags.  A link itself cannot be changed, and
	 * what is none is kept from becoming one. */
	fd = openat(dir, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	for (k = (int)strlen(name), n = fd; n > 9; n /= 10)
		k++;
	for (n = fd; name[k] != '/'; n /= 10)
		name[k--] = (char)('0' + n % 10);
	if (fstat(fd, &st) == 0)
		ret = S_ISLNK(st.st_mode)
			      ? (int)__syscall_fail(-EOPNOTSUPP)
			      : (int)CALL(fchmodat, AT_FDCWD, name, mode);
	k = errno;
	close(fd);
	errno = k;
	return ret;
}

int chmod(const char *path, mode_t mode)
{
	return fchmodat(AT_FDCWD, path, mode, 0);
}

int fchmod(int fd, mode_t mode)
{
	return (int)CALL(fchmod, fd, mode);
}

int utimensat(int dir, const char *path, const struct timespec times[2],
	      int flags)
{
	return (int)CALL(utimensat, dir, path, times, flags);
}

int futimens(int fd, const struct timespec times[2])
{
	return utimensat(fd, NULL, times, 0);
}

/* Memory. */
void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return (void *)CALL(mmap, addr, len, prot, flags, fd, off);
}

int munmap(void *addr, size_t len)
{
	return (int)CALL(munmap, addr, len);
}

int mprotect(void *addr, size_t len, int prot)
{
	return (int)CALL(mprotect, addr, len, prot);
}

int msync(void *addr, size_t len, int flags)
{
	return (int)CALL(msync, addr, len, flags);
}

int madvise(void *addr, size_t len, int advice)
{
	return (int)CALL(madvise, addr, len, advice);
}

void *mremap(void *addr, size_t old_len, size_t len, int flags, ...)
{
	va_list ap;
	void *to;

	va_start(ap, flags);
	to = va_arg(ap, void *);
	va_end(ap);
	return (void *)CALL(mremap, addr, old_len, len, flags, to);
}

/* brk gives the end of the data segment, changed or not, never an errno. */
static char *brk_end;

int brk(void *end)
{
	brk_end = (char *)SYS(brk, end);
	if (brk_end != end)
		return (int)__syscall_fail(-ENOMEM);
	return 0;
}

void *sbrk(intptr_t change)
{
	char *old;

	if (!brk_end)
		brk_end = (char *)SYS(brk, 0);
	old = brk_end;
	if (change == 0)
		return old;
	if ((change < 0 && (uintptr_t)old < (uintptr_t)-change) ||
	    (char *)SYS(brk, old + change) != old + change)
		return (void *)__syscall_fail(-ENOMEM);
	brk_end = old + change;
	return old;
}

/* The system as a whole. */
int uname(struct utsname *names)
{
	return (int)CALL(uname, names);
}

int sysinfo(struct sysinfo *info)
{
	return (int)CALL(sysinfo, info);
}

int klogctl(int type, char *buf, int len)
{
	return (int)CALL(syslog, type, buf, len);
}

int mount(const char *source, const char *target, const char *type,
	  unsigned long flags, const void *data)
{
	return (int)CALL(mount, source, target, type, flags, data);
}

int umount2(const char *target, int flags)
{
	return (int)CALL(umount2, target, flags);
}

int umount(const char *target)
{
	return umount2(target, 0);
}

int reboot(int command)
{
	return (int)CALL(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			 command, 0);
}

int sethostname(const char *name, size_t size)
{
	return (int)CALL(sethostname, name, size);
}

int gethostname(char *name, size_t size)
{
	struct utsname names;
	size_t n;

	if (uname(&names) < 0)
		return -1;
	n = strlen(names.nodename) + 1;
	if (n > size)
		return (int)__syscall_fail(-ENAMETOOLONG);
	memcpy(name, names.nodename, n);
	return 0;
}

ssize_t getrandom(void *buf, size_t n, unsigned int flags)
{
	return CALL(getrandom, buf, n, flags);
}

int getentropy(void *buf, size_t n)
{
	if (n > 256)
		return (int)__syscall_fail(-EIO);
	return getrandom(buf, n, 0) == (ssize_t)n ? 0 : -1;
}

int prctl(int option, ...)
{
	va_list ap;
	long a[4];
	int i;

	va_start(ap, option);
	for (i = 0; i < 4; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return (int)CALL(prctl, option, a[0], a[1], a[2], a[3]);
}

clock_t times(struct tms *tms)
{
	return CALL(times, tms);
}

int getrusage(int who, struct rusage *ru)
{
	return (int)CALL(getrusage, who, ru);
}

int getpriority(int which, id_t who)
{
	long n = CALL(getpriority, which, who);

	/* 40 to 1, as an answer below 0 would be an error. */
	return n < 0 ? -1 : (int)(20 - n);
}

int setpriority(int which, id_t who, int value)
{
	return (int)CALL(setpriority, which, who, value);
}

int nice(int change)
{
	int now;

	errno = 0;
	now = getpriority(PRIO_PROCESS, 0);
	if (now == -1 && errno)
		return -1;
	now += change;
	now = now < -20 ? -20 : now > 19 ? 19 : now;
	if (setpriority(PRIO_PROCESS, 0, now) < 0) {
		if (errno == EACCES)
			errno = EPERM;
		return -1;
	}
	return now;
}

int prlimit(pid_t pid, int which, const struct rlimit *set, struct rlimit *get)
{
	return (int)CALL(prlimit64, pid, which, set, get);
}

int getrlimit(int which, struct rlimit *rl)
{
	return prlimit(0, which, NULL, rl);
}

int setrlimit(int which, const struct rlimit *rl)
{
	return prlimit(0, which, rl, NULL);
}

int sched_yield(void)
{
	return (int)CALL(sched_yield);
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	long n = CALL(sched_getaffinity, pid, size, set);

	if (n < 0)
		return -1;
	/* The kernel fills only as much as it has harts for. */
	if ((size_t)n < size)
		memset((char *)set + n, 0, size - (size_t)n);
	return 0;
}

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	return (int)CALL(sched_setaffinity, pid, size, set);
}

int sched_getcpu(void)
{
	unsigned int cpu;

	return CALL(getcpu, &cpu, 0, 0) < 0 ? -1 : (int)cpu;
}

int __cpu_count(const cpu_set_t *set)
{
	unsigned long w;
	int i, n = 0;

	for (i = 0; i < CPU_SETSIZE / 64; i++)
		for (w = set->bits[i]; w; w &= w - 1)
			n++;
	return n;
}

int get_nprocs(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return __cpu_count(&set);
}

int get_nprocs_conf(void)
{
	return get_nprocs();
}

int getpagesize(void)
{
	return PAGE_SIZE;
}

long sysconf(int name)
{
	struct sysinfo info;
	struct rlimit rl;

	switch (name) {
	case _SC_ARG_MAX:
		return ARG_MAX;
	case _SC_CHILD_MAX:
		if (getrlimit(RLIMIT_NPROC, &rl) < 0)
			return -1;
		return rl.rlim_cur == RLIM_INFINITY ? -1 : (long)rl.rlim_cur;
	case _SC_CLK_TCK:
		return ABI_CLK_TCK;
	case _SC_NGROUPS_MAX:
		return NGROUPS_MAX;
	case _SC_OPEN_MAX:
		if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
			return -1;
		return rl.rlim_cur == RLIM_INFINITY ? -1 : (long)rl.rlim_cur;
	case _SC_PAGESIZE:
		return PAGE_SIZE;
	case _SC_NPROCESSORS_CONF:
	case _SC_NPROCESSORS_ONLN:
		return get_nprocs();
	case _SC_PHYS_PAGES:
	case _SC_AVPHYS_PAGES:
		if (sysinfo(&info) < 0)
			return -1;
		return (long)((name == _SC_PHYS_PAGES ? info.totalram
						      : info.freeram) *
			      info.mem_unit / PAGE_SIZE);
	}
	return __syscall_fail(-EINVAL);
}
