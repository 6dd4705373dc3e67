/*
 * Words for numbers: the calls, from the kernel's own list, and the values and
 * bits of their arguments.
 */
#include "strace.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>

const struct call calls[SYSCALL_LIMIT] = {
#define ROW(number, name, ...) [number] = { #name, { __VA_ARGS__ } },
	SYSCALL_LIST(ROW)
#undef ROW
};

struct name {
	unsigned long value;
	const char *name;
};

#define N(x)    { (unsigned long)(x), #x }
#define END     { 0, NULL }
#define ABI(x)  { (unsigned long)PTRACE_##x, "PTRACE_" #x }
#define PLAIN   static const struct name

PLAIN access_names[] = { N(F_OK), END };
PLAIN access_bits[] = { N(R_OK), N(W_OK), N(X_OK), END };
PLAIN whence_names[] = { N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), END };
PLAIN fcntl_names[] = {
	N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL), N(F_GETLK),
	N(F_SETLK), N(F_SETLKW), N(F_GETOWN), N(F_SETOWN), N(F_DUPFD_CLOEXEC),
	N(F_OFD_GETLK), N(F_OFD_SETLK), N(F_OFD_SETLKW),
	END,
};
PLAIN ioctl_names[] = {
	N(TCGETS), N(TCSETS), N(TCSETSW), N(TCSETSF), N(TCSBRK), N(TCXONC),
	N(TCFLSH), N(TIOCSCTTY), N(TIOCGPGRP), N(TIOCSPGRP), N(TIOCOUTQ),
	N(TIOCGWINSZ), N(TIOCSWINSZ), N(FIONREAD), N(TIOCNOTTY), N(TIOCGSID),
	N(TIOCGPTN), N(TIOCSPTLCK), END,
};
PLAIN at_bits[] = {
	N(AT_SYMLINK_NOFOLLOW), N(AT_REMOVEDIR), N(AT_SYMLINK_FOLLOW),
	N(AT_NO_AUTOMOUNT), N(AT_EMPTY_PATH), END,
};
PLAIN access_at_bits[] = {
	N(AT_SYMLINK_NOFOLLOW), N(AT_EACCESS), N(AT_EMPTY_PATH), END,
};
PLAIN prot_names[] = { N(PROT_NONE), END };
PLAIN prot_bits[] = { N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC), END };
PLAIN map_bits[] = {
	N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_FIXED), N(MAP_ANONYMOUS),
	N(MAP_GROWSDOWN), N(MAP_DENYWRITE), N(MAP_NORESERVE), N(MAP_POPULATE),
	N(MAP_STACK), N(MAP_FIXED_NOREPLACE), END,
};
PLAIN wait_bits[] = {
	N(WNOHANG), N(WSTOPPED), N(WEXITED), N(WCONTINUED), N(WNOWAIT),
	{ 0x40000000, "__WALL" }, { 0x80000000, "__WCLONE" }, END,
};
PLAIN idtype_names[] = { N(P_ALL), N(P_PID), N(P_PGID), END };
PLAIN clone_bits[] = {
	N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND),
	N(CLONE_PTRACE), N(CLONE_VFORK), N(CLONE_PARENT), N(CLONE_THREAD),
	N(CLONE_SYSVSEM), N(CLONE_SETTLS), N(CLONE_PARENT_SETTID),
	N(CLONE_CHILD_CLEARTID), N(CLONE_UNTRACED), N(CLONE_CHILD_SETTID),
	END,
};
PLAIN sighow_names[] = { N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK), END };
PLAIN clock_names[] = {
	N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID),
	N(CLOCK_THREAD_CPUTIME_ID), END,
};
PLAIN rlimit_names[] = {
	N(RLIMIT_CPU), N(RLIMIT_FSIZE), N(RLIMIT_DATA), N(RLIMIT_STACK),
	N(RLIMIT_CORE), N(RLIMIT_NPROC), N(RLIMIT_NOFILE), N(RLIMIT_AS), END,
};
PLAIN prio_names[] = {
	N(PRIO_PROCESS), N(PRIO_PGRP), N(PRIO_USER), END,
};
PLAIN flock_bits[] = {
	N(LOCK_SH), N(LOCK_EX), N(LOCK_NB), N(LOCK_UN), END,
};
PLAIN futex_names[] = {
	{ 0, "FUTEX_WAIT" },	    { 1, "FUTEX_WAKE" },
	{ 3, "FUTEX_REQUEUE" },	    { 4, "FUTEX_CMP_REQUEUE" },
	{ 5, "FUTEX_WAKE_OP" },	    { 9, "FUTEX_WAIT_BITSET" },
	{ 10, "FUTEX_WAKE_BITSET" }, END,
};
PLAIN ptrace_names[] = {
	ABI(TRACEME), ABI(PEEKTEXT), ABI(PEEKDATA), ABI(POKETEXT),
	ABI(POKEDATA), ABI(CONT), ABI(KILL), ABI(SINGLESTEP), ABI(ATTACH),
	ABI(DETACH), ABI(SYSCALL), ABI(SETOPTIONS), ABI(GETEVENTMSG),
	ABI(GETSIGINFO), ABI(SETSIGINFO), ABI(GETREGSET), ABI(SETREGSET),
	ABI(SEIZE), ABI(INTERRUPT), ABI(LISTEN), ABI(GETSIGMASK),
	ABI(SETSIGMASK), ABI(GET_SYSCALL_INFO), END,
};
PLAIN open_bits[] = {
	N(O_CREAT), N(O_EXCL), N(O_NOCTTY), N(O_TRUNC), N(O_APPEND),
	N(O_NONBLOCK), N(O_SYNC), N(O_DSYNC), N(O_DIRECT), N(O_LARGEFILE),
	N(O_TMPFILE), N(O_DIRECTORY), N(O_NOFOLLOW), N(O_NOATIME), N(O_CLOEXEC),
	N(O_PATH), END,
};
PLAIN action_bits[] = {
	N(SA_NOCLDSTOP), N(SA_NOCLDWAIT), N(SA_SIGINFO), N(SA_ONSTACK),
	N(SA_RESTART), N(SA_NODEFER), N(SA_RESETHAND), END,
};
PLAIN poll_bits[] = {
	N(POLLIN), N(POLLPRI), N(POLLOUT), N(POLLERR), N(POLLHUP), N(POLLNVAL),
	END,
};
PLAIN type_names[] = {
	N(S_IFSOCK), N(S_IFLNK), N(S_IFREG), N(S_IFBLK), N(S_IFDIR),
	N(S_IFCHR), N(S_IFIFO), END,
};
PLAIN any_codes[] = {
	N(SI_USER), N(SI_KERNEL), N(SI_QUEUE), N(SI_TIMER), N(SI_TKILL), END,
};
PLAIN child_codes[] = {
	N(CLD_EXITED), N(CLD_KILLED), N(CLD_DUMPED), N(CLD_TRAPPED),
	N(CLD_STOPPED), N(CLD_CONTINUED), END,
};
PLAIN segv_codes[] = { N(SEGV_MAPERR), N(SEGV_ACCERR), END };
PLAIN bus_codes[] = { N(BUS_ADRALN), N(BUS_ADRERR), END };
PLAIN ill_codes[] = { N(ILL_ILLOPC), N(ILL_ILLTRP), N(ILL_PRVOPC), END };
PLAIN trap_codes[] = { N(TRAP_BRKPT), N(TRAP_TRACE), END };

static const struct name *find(const struct name *n, unsigned long value)
{
	for (; n && n->name; n++)
		if (n->value == value)
			return n;
	return NULL;
}

static const struct name *names_of(enum kind kind)
{
	switch (kind) {
	case ACCESS:
		return access_names;
	case WHENCE:
		return whence_names;
	case FCNTL:
		return fcntl_names;
	case IOCTL:
		return ioctl_names;
	case PROT:
		return prot_names;
	case IDTYPE:
		return idtype_names;
	case SIGHOW:
		return sighow_names;
	case CLOCK:
		return clock_names;
	case RLIMIT:
		return rlimit_names;
	case PRIO:
		return prio_names;
	case PTRACE:
		return ptrace_names;
	default:
		return NULL;
	}
}

static const struct name *bits_of(enum kind kind)
{
	switch (kind) {
	case ACCESS:
		return access_bits;
	case AT:
		return at_bits;
	case ACCESS_AT:
		return access_at_bits;
	case PROT:
		return prot_bits;
	case MAP:
		return map_bits;
	case WAIT:
		return wait_bits;
	case FLOCK:
		return flock_bits;
	default:
		return NULL;
	}
}

void put_name(enum kind kind, unsigned long value)
{
	/* An int in a register is extended by its sign. */
	const struct name *n = find(names_of(kind), value & 0xffffffff);

	if (n)
		fputs(n->name, opt.out);
	else
		fprintf(opt.out, "%#lx", value);
}

/* begun: something of it is shown already. */
static void put_list(const struct name *n, unsigned long value, int begun)
{
	const char *bar = begun ? "|" : "";

	for (; n->name; n++) {
		if (!n->value || (value & n->value) != n->value)
			continue;
		fprintf(opt.out, "%s%s", bar, n->name);
		value &= ~n->value;
		bar = "|";
	}
	if (value || !*bar)
		fprintf(opt.out, value ? "%s%#lx" : "%s%lu", bar, value);
}

void put_bits(enum kind kind, unsigned long value)
{
	const struct name *n;

	value &= 0xffffffff;
	n = find(names_of(kind), value);
	if (n) {
		fputs(n->name, opt.out);
	} else if (kind == CLONE) {
		int sig = (int)(value & 0xff);

		if (value & ~0xfful || !sig)
			put_list(clone_bits, value & ~0xfful, 0);
		if (value & ~0xfful && sig)
			fputc('|', opt.out);
		if (sig)
			put_signal(sig);
	} else if (kind == FUTEX) {
		n = find(futex_names, value & 0x7f);
		fprintf(opt.out, n ? "%s" : "%.0s%#lx", n ? n->name : "",
			value & 0x7f);
		if (value & 0x80)
			fputs("|FUTEX_PRIVATE_FLAG", opt.out);
		if (value & 0x100)
			fputs("|FUTEX_CLOCK_REALTIME", opt.out);
	} else {
		put_list(bits_of(kind), value, 0);
	}
}

void put_open_flags(unsigned long flags, int opens)
{
	static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR",
					     "O_ACCMODE" };

	if (opens)
		fputs(modes[flags & 3], opt.out);
	if (flags & 0xfffffffc || !opens)
		put_list(open_bits, flags & 0xfffffffc, opens);
}

void put_action_flags(unsigned long flags)
{
	put_list(action_bits, flags, 0);
}

void put_poll_bits(unsigned long bits)
{
	put_list(poll_bits, bits, 0);
}

void put_mode(unsigned long mode)
{
	const struct name *n = find(type_names, mode & S_IFMT);

	if (n)
		fprintf(opt.out, "%s|", n->name);
	fprintf(opt.out, "%#03lo", n ? mode & ~(unsigned long)S_IFMT : mode);
}

/* "TERM", or as a number in buf. */
static const char *short_name(int sig, char *buf, size_t size)
{
	const char *name = sigabbrev_np(sig);

	if (name)
		return name;
	if (sig >= 32 && sig <= 64)
		snprintf(buf, size, "RT_%d", sig - 32);
	else
		snprintf(buf, size, "%d", sig);
	return buf;
}

void put_signal(int sig)
{
	char buf[16];

	fprintf(opt.out, "%s%s", sig > 0 && sig <= 64 ? "SIG" : "",
		short_name(sig, buf, sizeof(buf)));
}

void put_set(unsigned long set)
{
	const char *space = "";
	int more = __builtin_popcountl(set) > 32;
	char buf[16];

	fputs(more ? "~[" : "[", opt.out);
	if (more)
		set = ~set;
	for (int sig = 1; sig <= 64; sig++)
		if (set >> (sig - 1) & 1) {
			fprintf(opt.out, "%s%s", space,
				short_name(sig, buf, sizeof(buf)));
			space = " ";
		}
	fputs("]", opt.out);
}

void put_sigcode(int sig, int code)
{
	const struct name *n = find(any_codes, (unsigned long)code);

	if (!n)
		n = find(sig == SIGCHLD	 ? child_codes
			 : sig == SIGSEGV ? segv_codes
			 : sig == SIGBUS  ? bus_codes
			 : sig == SIGILL  ? ill_codes
			 : sig == SIGTRAP ? trap_codes
					  : NULL,
			 (unsigned long)code);
	if (n)
		fputs(n->name, opt.out);
	else
		fprintf(opt.out, "%d", code);
}

/* ---- which calls ---- */

/* What a call is about shows in its arguments. */
static int in_group(const struct call *c, const char *group)
{
	static const char *const process[] = { "clone", "execve", "exit",
					       "exit_group", "wait4", "waitid",
					       "kill", "tkill", "tgkill" };
	static const char *const memory[] = { "brk", "mmap", "munmap", "mremap",
					      "mprotect", "msync", "madvise" };
	const char *const *list = NULL;
	size_t n = 0;

	for (int i = 0; i < 6; i++) {
		int k = c->kind[i];

		if (!strcmp(group, "file") && k == PATH)
			return 1;
		if (!strcmp(group, "desc") &&
		    (k == FD || k == DIRFD || k == FDS_OUT))
			return 1;
		if (!strcmp(group, "signal") &&
		    (k == SIGNAL || k == SIGSET || k == SIGSET_OUT))
			return 1;
	}
	if (!strcmp(group, "process")) {
		list = process;
		n = sizeof(process) / sizeof(*process);
	} else if (!strcmp(group, "memory")) {
		list = memory;
		n = sizeof(memory) / sizeof(*memory);
	}
	while (n--)
		if (!strcmp(list[n], c->name))
			return 1;
	return 0;
}

static int is_meant(const struct call *c, const char *word)
{
	if (*word == '%')
		return in_group(c, word + 1);
	return !strcmp(word, "all") || !strcmp(word, c->name);
}

const char *choose_calls(char *list)
{
	int without = *list == '!';
	char *word;

	list += without;
	memset(opt.wanted, without, sizeof(opt.wanted));
	while ((word = strsep(&list, ","))) {
		int known = !*word || !strcmp(word, "none");

		for (int i = 0; i < SYSCALL_LIMIT; i++)
			if (calls[i].name && is_meant(&calls[i], word)) {
				opt.wanted[i] = !without;
				known = 1;
			}
		if (!known)
			return word;
	}
	return NULL;
}
