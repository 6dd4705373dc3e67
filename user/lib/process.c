/*
 * Making, replacing and awaiting processes.  execvp's search, and the forms of
 * exec that take their arguments one by one, end in execve.
 */
#include <alloca.h>
#include <errno.h>
#include <limits.h>
#include <paths.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/syscall.h"

pid_t fork(void)
{
	return (pid_t)CALL(clone, SIGCHLD, 0, 0, 0, 0);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)CALL(execve, path, argv, envp);
}

int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

/* A file that the kernel does not know how to run is given to the shell. */
static int exec_script(const char *path, char *const argv[], char *const envp[])
{
	size_t n = 0;
	char **args;

	while (argv[n])
		n++;
	args = alloca((n + 3) * sizeof(*args));
	args[0] = argv[0] ? argv[0] : (char *)(uintptr_t)path;
	args[1] = (char *)(uintptr_t)path;
	if (n)
		memcpy(args + 2, argv + 1, n * sizeof(*args));
	else
		args[2] = NULL;
	return execve(_PATH_BSHELL, args, envp);
}

static int exec_try(const char *path, char *const argv[], char *const envp[])
{
	execve(path, argv, envp);
	if (errno == ENOEXEC)
		exec_script(path, argv, envp);
	return -1;
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
	const char *dir, *end, *path;
	char full[PATH_MAX];
	size_t dir_len, file_len;
	int denied = 0;

	if (!*file)
		return (int)__syscall_fail(-ENOENT);
	if (strchr(file, '/'))
		return exec_try(file, argv, envp);
	file_len = strlen(file);
	if (file_len > NAME_MAX)
		return (int)__syscall_fail(-ENAMETOOLONG);
	path = getenv("PATH");
	if (!path)
		path = _PATH_DEFPATH;
	for (dir = path;; dir = end + 1) {
		end = strchrnul(dir, ':');
		dir_len = (size_t)(end - dir);
		if (dir_len + file_len + 2 <= sizeof(full)) {
			memcpy(full, dir, dir_len);
			if (dir_len)
				full[dir_len++] = '/';
			memcpy(full + dir_len, file, file_len + 1);
			exec_try(full, argv, envp);
			if (errno == EACCES)
				denied = 1;
			else if (errno != ENOENT && errno != ENOTDIR &&
				 errno != ELOOP && errno != ENAMETOOLONG)
				return -1;
		}
		if (!*end)
			break;
	}
	return (int)__syscall_fail(denied ? -EACCES : -ENOENT);
}

int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

enum exec_kind { EXEC_PATH, EXEC_SEARCH, EXEC_ENVIRON };

static int exec_list(enum exec_kind kind, const char *path, const char *arg,
		     va_list ap)
{
	va_list count;
	size_t i, n = 0;
	char **argv;

	va_copy(count, ap);
	if (arg)
		for (n = 1; va_arg(count, char *); n++)
			;
	va_end(count);
	argv = alloca((n + 1) * sizeof(*argv));
	argv[0] = (char *)(uintptr_t)arg;
	for (i = 1; i <= n; i++)
		argv[i] = va_arg(ap, char *);
	if (kind == EXEC_ENVIRON)
		return execve(path, argv, va_arg(ap, char **));
	if (kind == EXEC_SEARCH)
		return execvp(path, argv);
	return execv(path, argv);
}

int execl(const char *path, const char *arg, ...)
{
	va_list ap;
	int ret;

	va_start(ap, arg);
	ret = exec_list(EXEC_PATH, path, arg, ap);
	va_end(ap);
	return ret;
}

int execlp(const char *file, const char *arg, ...)
{
	va_list ap;
	int ret;

	va_start(ap, arg);
	ret = exec_list(EXEC_SEARCH, file, arg, ap);
	va_end(ap);
	return ret;
}

int execle(const char *path, const char *arg, ...)
{
	va_list ap;
	int ret;

	va_start(ap, arg);
	ret = exec_list(EXEC_ENVIRON, path, arg, ap);
	va_end(ap);
	return ret;
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *ru)
{
	return (pid_t)CALL(wait4, pid, status, options, ru);
}

pid_t wait3(int *status, int options, struct rusage *ru)
{
	return wait4(-1, status, options, ru);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
	return wait4(-1, status, 0, NULL);
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	return (int)CALL(waitid, type, id, info, options, 0);
}

int system(const char *command)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old_int, old_quit;
	sigset_t block, old_mask;
	int status = -1;
	pid_t pid;

	if (!command)
		return access(_PATH_BSHELL, X_OK) == 0;
	sigaction(SIGINT, &ignore, &old_int);
	sigaction(SIGQUIT, &ignore, &old_quit);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, &old_mask);
	pid = fork();
	if (pid == 0) {
		sigaction(SIGINT, &old_int, NULL);
		sigaction(SIGQUIT, &old_quit, NULL);
		sigprocmask(SIG_SETMASK, &old_mask, NULL);
		execl(_PATH_BSHELL, "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	return status;
}
