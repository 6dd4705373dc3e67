/*
 * The line of a call: its name, then its arguments as the list of calls says
 * what they are. What the call itself fills in is shown when it is back; until
 * then the line stands open, and is cut when another thread has something to
 * say.
 */
#include "strace.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#define MOST 32 /* elements of a list */

static struct tracee *open_line; /* whose line has no end yet */
static struct timespec last;

/* ---- what stands before ---- */

static void put_clock(void)
{
	struct timespec now;
	struct tm tm;

	if (opt.clock == 3) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (!last.tv_sec && !last.tv_nsec)
			last = now;
		fprintf(opt.out, "%6ld.%06ld ",
			(long)(now.tv_sec - last.tv_sec) -
				(now.tv_nsec < last.tv_nsec),
			(now.tv_nsec - last.tv_nsec +
			 (now.tv_nsec < last.tv_nsec ? 1000000000 : 0)) /
				1000);
		last = now;
	} else if (opt.clock) {
		clock_gettime(CLOCK_REALTIME, &now);
		localtime_r(&now.tv_sec, &tm);
		fprintf(opt.out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min,
			tm.tm_sec);
		if (opt.clock == 2)
			fprintf(opt.out, ".%06ld", now.tv_nsec / 1000);
		fputc(' ', opt.out);
	}
}

static void begin_line(const struct tracee *t)
{
	if (open_line) {
		fputs(" <unfinished ...>\n", opt.out);
		open_line = NULL;
	}
	if (opt.follow)
		fprintf(opt.out, opt.out == stderr ? "[pid %5d] " : "%-5d ",
			(int)t->pid);
	put_clock();
}

static void end_line(void)
{
	fputc('\n', opt.out);
	fflush(opt.out);
	open_line = NULL;
}

/* ---- pieces ---- */

static void put_address(unsigned long at)
{
	if (at)
		fprintf(opt.out, "%#lx", at);
	else
		fputs("NULL", opt.out);
}

static void put_bytes(const char *s, size_t n)
{
	static const char special[] = "\n\t\r\v\f\"\\", word[] = "ntrvf\"\\";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		const char *e = c ? strchr(special, c) : NULL;

		if (e)
			fprintf(opt.out, "\\%c", word[e - special]);
		else if (c >= ' ' && c < 127)
			fputc(c, opt.out);
		else if (i + 1 < n && s[i + 1] >= '0' && s[i + 1] <= '9')
			fprintf(opt.out, "\\%03o", c);
		else
			fprintf(opt.out, "\\%o", c);
	}
}

/* n bytes at `at`; a string: up to its end. As much as -s says, of a path all.
 */
static void put_text(const struct tracee *t, unsigned long at, size_t n,
		     int is_string, size_t most)
{
	size_t want = n < most ? n : most, got;
	char *buf;

	if (!at) {
		fputs("NULL", opt.out);
		return;
	}
	buf = malloc(want + 1);
	if (!buf)
		err(1, NULL);
	got = tracee_read(t, at, buf, is_string ? want + 1 : want);
	if (is_string) {
		const char *end = memchr(buf, '\0', got);

		if (end)
			n = got = (size_t)(end - buf);
		else if (got > want)
			got = want;
		else
			n = got = 0;
		if (!end && !got) {
			put_address(at);
			free(buf);
			return;
		}
	} else if (got < want) {
		put_address(at);
		free(buf);
		return;
	}
	fputc('"', opt.out);
	put_bytes(buf, got);
	fputs(got < n ? "\"..." : "\"", opt.out);
	free(buf);
}

static void put_strings(const struct tracee *t, unsigned long at)
{
	unsigned long s;

	if (!at || tracee_read(t, at, &s, sizeof(s)) != sizeof(s)) {
		put_address(at);
		return;
	}
	fputc('[', opt.out);
	for (int i = 0; s && i < MOST; i++) {
		if (i)
			fputs(", ", opt.out);
		put_text(t, s, (size_t)-1 / 2, 1, opt.string);
		at += 8;
		if (tracee_read(t, at, &s, sizeof(s)) != sizeof(s))
			s = 0;
	}
	fputs(s ? ", ...]" : "]", opt.out);
}

static void put_environment(const struct tracee *t, unsigned long at)
{
	unsigned long s, n = 0;

	put_address(at);
	while (at && n < 100000 &&
	       tracee_read(t, at + n * 8, &s, sizeof(s)) == sizeof(s) && s)
		n++;
	if (at)
		fprintf(opt.out, " /* %lu var%s */", n, n == 1 ? "" : "s");
}

/* total: how many bytes the call has moved, or -1 for all of it. */
static void put_vector(const struct tracee *t, unsigned long at,
		       unsigned long count, long total)
{
	struct iovec v;

	if (!at || !count) {
		put_address(at);
		return;
	}
	fputc('[', opt.out);
	for (unsigned long i = 0; i < count; i++, at += sizeof(v)) {
		size_t n;

		if (i)
			fputs(", ", opt.out);
		if (i == MOST ||
		    tracee_read(t, at, &v, sizeof(v)) != sizeof(v)) {
			fputs("...", opt.out);
			break;
		}
		n = v.iov_len;
		if (total >= 0 && (size_t)total < n)
			n = (size_t)total;
		if (total >= 0)
			total -= (long)n;
		fputs("{iov_base=", opt.out);
		put_text(t, (unsigned long)v.iov_base, n, 0, opt.string);
		fprintf(opt.out, ", iov_len=%zu}", v.iov_len);
	}
	fputc(']', opt.out);
}

static void put_time(const struct tracee *t, unsigned long at)
{
	struct timespec ts;

	if (tracee_read(t, at, &ts, sizeof(ts)) != sizeof(ts))
		put_address(at);
	else
		fprintf(opt.out, "{tv_sec=%lld, tv_nsec=%ld}",
			(long long)ts.tv_sec, (long)ts.tv_nsec);
}

static void put_times(const struct tracee *t, unsigned long at)
{
	if (!at) {
		fputs("NULL", opt.out);
		return;
	}
	fputc('[', opt.out);
	put_time(t, at);
	fputs(", ", opt.out);
	put_time(t, at + sizeof(struct timespec));
	fputc(']', opt.out);
}

static void put_sigset(const struct tracee *t, unsigned long at)
{
	unsigned long set;

	if (tracee_read(t, at, &set, sizeof(set)) != sizeof(set))
		put_address(at);
	else
		put_set(set);
}

static void put_action(const struct tracee *t, unsigned long at)
{
	unsigned long w[3]; /* handler, flags, mask */

	if (tracee_read(t, at, w, sizeof(w)) != sizeof(w)) {
		put_address(at);
		return;
	}
	fputs("{sa_handler=", opt.out);
	if (w[0] < 2)
		fputs(w[0] ? "SIG_IGN" : "SIG_DFL", opt.out);
	else
		put_address(w[0]);
	fputs(", sa_mask=", opt.out);
	put_set(w[2]);
	fputs(", sa_flags=", opt.out);
	put_action_flags(w[1]);
	fputc('}', opt.out);
}

static void put_limit(unsigned long n)
{
	if (n == ~0ul)
		fputs("RLIM64_INFINITY", opt.out);
	else if (n >= 1024 && n % 1024 == 0)
		fprintf(opt.out, "%lu*1024", n / 1024);
	else
		fprintf(opt.out, "%lu", n);
}

static void put_limits(const struct tracee *t, unsigned long at)
{
	unsigned long l[2];

	if (tracee_read(t, at, l, sizeof(l)) != sizeof(l)) {
		put_address(at);
		return;
	}
	fputs("{rlim_cur=", opt.out);
	put_limit(l[0]);
	fputs(", rlim_max=", opt.out);
	put_limit(l[1]);
	fputc('}', opt.out);
}

static void put_polls(const struct tracee *t, unsigned long at, unsigned long n)
{
	struct pollfd p;

	if (!at) {
		put_address(at);
		return;
	}
	fputc('[', opt.out);
	for (unsigned long i = 0; i < n; i++, at += sizeof(p)) {
		if (i)
			fputs(", ", opt.out);
		if (i == MOST ||
		    tracee_read(t, at, &p, sizeof(p)) != sizeof(p)) {
			fputs("...", opt.out);
			break;
		}
		fprintf(opt.out, "{fd=%d, events=", p.fd);
		put_poll_bits((unsigned short)p.events);
		fputc('}', opt.out);
	}
	fputc(']', opt.out);
}

static void put_stat(const struct tracee *t, unsigned long at)
{
	struct stat st;

	if (tracee_read(t, at, &st, sizeof(st)) != sizeof(st)) {
		put_address(at);
		return;
	}
	fputs("{st_mode=", opt.out);
	put_mode(st.st_mode);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		fprintf(opt.out, ", st_rdev=makedev(%#x, %#x), ...}",
			(unsigned)major(st.st_rdev),
			(unsigned)minor(st.st_rdev));
	else
		fprintf(opt.out, ", st_size=%lld, ...}", (long long)st.st_size);
}

static void put_status(const struct tracee *t, unsigned long at)
{
	int s;

	if (tracee_read(t, at, &s, sizeof(s)) != sizeof(s)) {
		put_address(at);
	} else if (WIFEXITED(s)) {
		fprintf(opt.out, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]",
			WEXITSTATUS(s));
	} else if (WIFSIGNALED(s)) {
		fputs("[{WIFSIGNALED(s) && WTERMSIG(s) == ", opt.out);
		put_signal(WTERMSIG(s));
		fputs("}]", opt.out);
	} else if (WIFSTOPPED(s)) {
		fputs("[{WIFSTOPPED(s) && WSTOPSIG(s) == ", opt.out);
		put_signal(WSTOPSIG(s));
		fputs("}]", opt.out);
	} else {
		fputs("[{WIFCONTINUED(s)}]", opt.out);
	}
}

static void put_info(const siginfo_t *i)
{
	if (!i->si_signo) {
		fputs("{}", opt.out);
		return;
	}
	fputs("{si_signo=", opt.out);
	put_signal(i->si_signo);
	fputs(", si_code=", opt.out);
	put_sigcode(i->si_signo, i->si_code);
	if (i->si_code > 0 && i->si_code != 0x80 &&
	    (i->si_signo == SIGSEGV || i->si_signo == SIGBUS ||
	     i->si_signo == SIGILL || i->si_signo == SIGTRAP ||
	     i->si_signo == SIGFPE)) {
		fputs(", si_addr=", opt.out);
		put_address((unsigned long)i->si_addr);
	} else if (i->si_code != 0x80) {
		fprintf(opt.out, ", si_pid=%d, si_uid=%u", (int)i->si_pid,
			(unsigned)i->si_uid);
		if (i->si_signo == SIGCHLD && i->si_code > 0) {
			fputs(", si_status=", opt.out);
			if (i->si_code == CLD_EXITED)
				fprintf(opt.out, "%d", i->si_status);
			else
				put_signal(i->si_status);
		}
	}
	fputc('}', opt.out);
}

/* ---- an argument ---- */

/* result: of the call, if it is back. */
static void put_argument(const struct tracee *t, unsigned i, long result)
{
	enum kind kind = calls[t->nr].kind[i];
	unsigned long a = t->args[i], next = i < 5 ? t->args[i + 1] : 0;
	siginfo_t info;
	int fds[2];

	/* Nothing was filled in. */
	if (kind >= FIRST_OUT && result < 0) {
		put_address(a);
		return;
	}
	switch (kind) {
	case INT:
	case FD:
		fprintf(opt.out, "%ld", (long)a);
		break;
	case SIZE:
		fprintf(opt.out, "%lu", a);
		break;
	case HEX:
		fprintf(opt.out, a ? "%#lx" : "%lu", a);
		break;
	case ID:
		fprintf(opt.out, (int)a == -1 ? "-1" : "%u", (unsigned)a);
		break;
	case DEV:
		fprintf(opt.out, "makedev(%#x, %#x)", (unsigned)major((dev_t)a),
			(unsigned)minor((dev_t)a));
		break;
	case MODE:
		put_mode(a & 0xffff);
		break;
	case DIRFD:
		fprintf(opt.out, (int)a == AT_FDCWD ? "AT_FDCWD" : "%d",
			(int)a);
		break;
	case PATH:
		put_text(t, a, (size_t)-1 / 2, 1, 4096);
		break;
	case STR:
		put_text(t, a, (size_t)-1 / 2, 1, opt.string);
		break;
	case BUF:
		put_text(t, a, next, 0, opt.string);
		break;
	case BUF_OUT:
		put_text(t, a, (size_t)result, 0, opt.string);
		break;
	case IOV:
		put_vector(t, a, next, -1);
		break;
	case IOV_OUT:
		put_vector(t, a, next, result);
		break;
	case ARGS:
		put_strings(t, a);
		break;
	case ENVS:
		put_environment(t, a);
		break;
	case TIME:
		if (t->nr == SYS_utimensat)
			put_times(t, a);
		else
			put_time(t, a);
		break;
	case TIME_OUT:
		put_time(t, a);
		break;
	case SIGNAL:
		put_signal((int)a);
		break;
	case SIGSET:
	case SIGSET_OUT:
		put_sigset(t, a);
		break;
	case ACTION:
	case ACTION_OUT:
		put_action(t, a);
		break;
	case RLIM:
	case RLIM_OUT:
		put_limits(t, a);
		break;
	case POLL:
		put_polls(t, a, next);
		break;
	case STAT_OUT:
		put_stat(t, a);
		break;
	case STATUS_OUT:
		if (result)
			put_status(t, a);
		else
			put_address(a);
		break;
	case INFO_OUT:
		if (tracee_read(t, a, &info, sizeof(info)) == sizeof(info))
			put_info(&info);
		else
			put_address(a);
		break;
	case FDS_OUT:
		if (tracee_read(t, a, fds, sizeof(fds)) == sizeof(fds))
			fprintf(opt.out, "[%d, %d]", fds[0], fds[1]);
		else
			put_address(a);
		break;
	case OPEN:
		put_open_flags(a, t->nr == SYS_openat);
		break;
	case WHENCE:
	case FCNTL:
	case IOCTL:
	case IDTYPE:
	case SIGHOW:
	case CLOCK:
	case RLIMIT:
	case PRIO:
	case PTRACE:
		put_name(kind, a);
		break;
	case AT:
	case ACCESS_AT:
	case ACCESS:
	case PROT:
	case MAP:
	case WAIT:
	case CLONE:
	case FUTEX:
	case FLOCK:
		put_bits(kind, a);
		break;
	default:
		put_address(a);
	}
}

/* From where the line stands: all that is known now. */
static void put_arguments(struct tracee *t, long result, int back)
{
	const struct call *c = &calls[t->nr];

	if (t->nr >= SYSCALL_LIMIT || !c->name) {
		if (!back)
			for (unsigned i = 0; i < 6; i++)
				fprintf(opt.out, i ? ", %#lx" : "%#lx",
					t->args[i]);
		return;
	}
	while (t->done < 6 && c->kind[t->done] != NOTHING) {
		int later = !back && c->kind[t->done] >= FIRST_OUT;

		/* The mode matters to what is made. */
		if (t->nr == SYS_openat && t->done == 3 &&
		    !(t->args[2] & (O_CREAT | 0x400000)))
			break;
		if (t->done && !t->comma)
			fputs(", ", opt.out);
		t->comma = later;
		if (later)
			return;
		put_argument(t, t->done, result);
		t->done++;
	}
}

static int is_wanted(const struct tracee *t)
{
	if (t->hidden || opt.counts)
		return 0;
	return t->nr >= SYSCALL_LIMIT || opt.wanted[t->nr];
}

static void put_call_name(const struct tracee *t)
{
	if (t->nr < SYSCALL_LIMIT && calls[t->nr].name)
		fputs(calls[t->nr].name, opt.out);
	else
		fprintf(opt.out, "syscall_%#lx", t->nr);
}

void show_entry(struct tracee *t)
{
	t->shown = t->comma = 0;
	t->done = 0;
	if (!is_wanted(t))
		return;
	begin_line(t);
	put_call_name(t);
	fputc('(', opt.out);
	put_arguments(t, 0, 0);
	fflush(opt.out);
	t->shown = 1;
	open_line = t;
}

static void put_result(const struct tracee *t, long result)
{
	const char *name;

	if (result < 0 && result > -4096) {
		name = strerrorname_np((int)-result);
		fprintf(opt.out, "-1 %s (%s)", name ? name : "E?",
			strerror((int)-result));
	} else if (t->nr == SYS_mmap || t->nr == SYS_brk ||
		   t->nr == SYS_mremap) {
		fprintf(opt.out, "%#lx", (unsigned long)result);
	} else {
		fprintf(opt.out, "%ld", result);
	}
}

void show_exit(struct tracee *t, long result)
{
	struct timespec now;

	if (!t->shown)
		return;
	if (open_line != t) {
		begin_line(t);
		fputs("<... ", opt.out);
		put_call_name(t);
		fputs(" resumed>", opt.out);
	}
	put_arguments(t, result, 1);
	fputs(") = ", opt.out);
	put_result(t, result);
	if (opt.took) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		now.tv_sec -= t->since.tv_sec;
		now.tv_nsec -= t->since.tv_nsec;
		if (now.tv_nsec < 0) {
			now.tv_sec--;
			now.tv_nsec += 1000000000;
		}
		fprintf(opt.out, " <%lld.%06ld>", (long long)now.tv_sec,
			now.tv_nsec / 1000);
	}
	end_line();
	t->shown = 0;
}

void show_signal(struct tracee *t, const siginfo_t *info)
{
	if (opt.counts || t->hidden)
		return;
	begin_line(t);
	fputs("--- ", opt.out);
	put_signal(info->si_signo);
	fputc(' ', opt.out);
	put_info(info);
	fputs(" ---", opt.out);
	end_line();
}

void show_note(struct tracee *t, const char *format, ...)
{
	va_list ap;

	if (opt.counts || t->hidden)
		return;
	/* A call that never comes back. */
	if (open_line == t) {
		fputs(") = ?\n", opt.out);
		open_line = NULL;
	}
	begin_line(t);
	va_start(ap, format);
	vfprintf(opt.out, format, ap);
	va_end(ap);
	end_line();
}
