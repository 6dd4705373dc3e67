/*
 * Texts for error numbers and signals.  The tables hold the texts themselves,
 * so that they need no relocation and stay read-only; those of the errors are
 * in nearly every program, and have no gaps.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ERROR_LIST(X)                                                          \
	X(EPERM, "Operation not permitted")                                    \
	X(ENOENT, "No such file or directory")                                 \
	X(ESRCH, "No such process")                                            \
	X(EINTR, "Interrupted system call")                                    \
	X(EIO, "Input/output error")                                           \
	X(ENXIO, "No such device or address")                                  \
	X(E2BIG, "Argument list too long")                                     \
	X(ENOEXEC, "Exec format error")                                        \
	X(EBADF, "Bad file descriptor")                                        \
	X(ECHILD, "No child processes")                                        \
	X(EAGAIN, "Resource temporarily unavailable")                          \
	X(ENOMEM, "Cannot allocate memory")                                    \
	X(EACCES, "Permission denied")                                         \
	X(EFAULT, "Bad address")                                               \
	X(ENOTBLK, "Block device required")                                    \
	X(EBUSY, "Device or resource busy")                                    \
	X(EEXIST, "File exists")                                               \
	X(EXDEV, "Invalid cross-device link")                                  \
	X(ENODEV, "No such device")                                            \
	X(ENOTDIR, "Not a directory")                                          \
	X(EISDIR, "Is a directory")                                            \
	X(EINVAL, "Invalid argument")                                          \
	X(ENFILE, "Too many open files in system")                             \
	X(EMFILE, "Too many open files")                                       \
	X(ENOTTY, "Inappropriate ioctl for device")                            \
	X(ETXTBSY, "Text file busy")                                           \
	X(EFBIG, "File too large")                                             \
	X(ENOSPC, "No space left on device")                                   \
	X(ESPIPE, "Illegal seek")                                              \
	X(EROFS, "Read-only file system")                                      \
	X(EMLINK, "Too many links")                                            \
	X(EPIPE, "Broken pipe")                                                \
	X(EDOM, "Numerical argument out of domain")                            \
	X(ERANGE, "Numerical result out of range")                             \
	X(EDEADLK, "Resource deadlock avoided")                                \
	X(ENAMETOOLONG, "File name too long")                                  \
	X(ENOLCK, "No locks available")                                        \
	X(ENOSYS, "Function not implemented")                                  \
	X(ENOTEMPTY, "Directory not empty")                                    \
	X(ELOOP, "Too many levels of symbolic links")                          \
	X(ENOMSG, "No message of desired type")                                \
	X(EIDRM, "Identifier removed")                                         \
	X(ENODATA, "No data available")                                        \
	X(ETIME, "Timer expired")                                              \
	X(EPROTO, "Protocol error")                                            \
	X(EBADMSG, "Bad message")                                              \
	X(EOVERFLOW, "Value too large for defined data type")                  \
	X(EILSEQ, "Invalid or incomplete multibyte or wide character")         \
	X(EUSERS, "Too many users")                                            \
	X(ENOTSOCK, "Socket operation on non-socket")                          \
	X(EDESTADDRREQ, "Destination address required")                        \
	X(EMSGSIZE, "Message too long")                                        \
	X(EPROTOTYPE, "Protocol wrong type for socket")                        \
	X(ENOPROTOOPT, "Protocol not available")                               \
	X(EPROTONOSUPPORT, "Protocol not supported")                           \
	X(EOPNOTSUPP, "Operation not supported")                               \
	X(EAFNOSUPPORT, "Address family not supported by protocol")            \
	X(EADDRINUSE, "Address already in use")                                \
	X(EADDRNOTAVAIL, "Cannot assign requested address")                    \
	X(ENETDOWN, "Network is down")                                         \
	X(ENETUNREACH, "Network is unreachable")                               \
	X(ECONNABORTED, "Software caused connection abort")                    \
	X(ECONNRESET, "Connection reset by peer")                              \
	X(ENOBUFS, "No buffer space available")                                \
	X(EISCONN, "Transport endpoint is already connected")                  \
	X(ENOTCONN, "Transport endpoint is not connected")                     \
	X(ETIMEDOUT, "Connection timed out")                                   \
	X(ECONNREFUSED, "Connection refused")                                  \
	X(EHOSTUNREACH, "No route to host")                                    \
	X(EALREADY, "Operation already in progress")                           \
	X(EINPROGRESS, "Operation now in progress")                            \
	X(ESTALE, "Stale file handle")                                         \
	X(EUCLEAN, "Structure needs cleaning")                                 \
	X(EDQUOT, "Disk quota exceeded")                                       \
	X(ENOMEDIUM, "No medium found")                                        \
	X(ECANCELED, "Operation canceled")                                     \
	X(EOWNERDEAD, "Owner died")                                            \
	X(ENOTRECOVERABLE, "State not recoverable")

#define SIGNAL_LIST(X)                                                         \
	X(SIGHUP, "HUP", "Hangup")                                             \
	X(SIGINT, "INT", "Interrupt")                                          \
	X(SIGQUIT, "QUIT", "Quit")                                             \
	X(SIGILL, "ILL", "Illegal instruction")                                \
	X(SIGTRAP, "TRAP", "Trace/breakpoint trap")                            \
	X(SIGABRT, "ABRT", "Aborted")                                          \
	X(SIGBUS, "BUS", "Bus error")                                          \
	X(SIGFPE, "FPE", "Floating point exception")                           \
	X(SIGKILL, "KILL", "Killed")                                           \
	X(SIGUSR1, "USR1", "User defined signal 1")                            \
	X(SIGSEGV, "SEGV", "Segmentation fault")                               \
	X(SIGUSR2, "USR2", "User defined signal 2")                            \
	X(SIGPIPE, "PIPE", "Broken pipe")                                      \
	X(SIGALRM, "ALRM", "Alarm clock")                                      \
	X(SIGTERM, "TERM", "Terminated")                                       \
	X(SIGSTKFLT, "STKFLT", "Stack fault")                                  \
	X(SIGCHLD, "CHLD", "Child exited")                                     \
	X(SIGCONT, "CONT", "Continued")                                        \
	X(SIGSTOP, "STOP", "Stopped (signal)")                                 \
	X(SIGTSTP, "TSTP", "Stopped")                                          \
	X(SIGTTIN, "TTIN", "Stopped (tty input)")                              \
	X(SIGTTOU, "TTOU", "Stopped (tty output)")                             \
	X(SIGURG, "URG", "Urgent I/O condition")                               \
	X(SIGXCPU, "XCPU", "CPU time limit exceeded")                          \
	X(SIGXFSZ, "XFSZ", "File size limit exceeded")                         \
	X(SIGVTALRM, "VTALRM", "Virtual timer expired")                        \
	X(SIGPROF, "PROF", "Profiling timer expired")                          \
	X(SIGWINCH, "WINCH", "Window changed")                                 \
	X(SIGIO, "IO", "I/O possible")                                         \
	X(SIGPWR, "PWR", "Power failure")                                      \
	X(SIGSYS, "SYS", "Bad system call")

/* Names and sentences, each with a zero byte behind it, in a row each: few
 * programs want the names. */
#define ERROR_NUMBER(number, text) number,
#define ERROR_NAME(number, text)   #number "\0"
#define ERROR_TEXT(number, text)   text "\0"

static const unsigned char error_numbers[] = { ERROR_LIST(ERROR_NUMBER) };
static const char error_names[] = ERROR_LIST(ERROR_NAME);
static const char error_texts[] = ERROR_LIST(ERROR_TEXT);

#define SIGNAL_TEXT(number, name, text) [number] = name "\0" text,

static const char signals[SIGSYS + 1][40] = { SIGNAL_LIST(SIGNAL_TEXT) };

static const char *after_zero(const char *s)
{
	return s + strlen(s) + 1;
}

/* What stands for the error in one of the rows; NULL for a number of none. */
static const char *find(const char *row, int err)
{
	size_t i;

	for (i = 0; i < sizeof(error_numbers); i++) {
		if (error_numbers[i] == err)
			return row;
		row = after_zero(row);
	}
	return NULL;
}

const char *strerrorname_np(int err)
{
	return find(error_names, err);
}

int strerror_r(int err, char *buf, size_t size)
{
	const char *text = find(error_texts, err);

	if (err == 0)
		snprintf(buf, size, "Success");
	else if (text)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, "Unknown error %d", err);
	return 0;
}

char *strerror(int err)
{
	static char buf[80];

	strerror_r(err, buf, sizeof(buf));
	return buf;
}

void perror(const char *s)
{
	int err = errno;

	fprintf(stderr, "%s%s%s\n", s ? s : "", s && *s ? ": " : "",
		strerror(err));
}

const char *sigabbrev_np(int sig)
{
	return sig > 0 && sig <= SIGSYS ? signals[sig] : NULL;
}

char *strsignal(int sig)
{
	static char buf[40];
	const char *name = sigabbrev_np(sig);

	if (name)
		snprintf(buf, sizeof(buf), "%s", after_zero(name));
	else if (sig >= SIGRTMIN && sig <= SIGRTMAX)
		snprintf(buf, sizeof(buf), "Real-time signal %d",
			 sig - SIGRTMIN);
	else
		snprintf(buf, sizeof(buf), "Unknown signal %d", sig);
	return buf;
}

void psignal(int sig, const char *s)
{
	fprintf(stderr, "%s%s%s\n", s ? s : "", s && *s ? ": " : "",
		strsignal(sig));
}
