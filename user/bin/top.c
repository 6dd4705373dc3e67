/*
 * top: what the machine is doing, again and again.  `h` tells the keys; -b
 * prints it without a terminal.
 *
 * A share of a processor is what a process used since the last picture; in
 * the first one, since it started.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "process.h"
#include "signum.h"
#include "utf8.h"

#define HARTS_MAX 64

static const char help[] =
	"P  most of the processor first     M  most memory first\r\n"
	"T  longest time first              N  by number\r\n"
	"R  the other way round             1  each hart, or all together\r\n"
	"arrows, PgUp, PgDn, Home           move in the list\r\n"
	"k  end a process by a signal       u  one user's only\r\n"
	"d  seconds between the pictures    space  the next one at once\r\n"
	"q  end\r\n"
	"\r\n[any key]";

static int proc, batch, rows = 24, columns = 80, backwards, each_hart;
static long ticks, page_kib;
static double delay = 3;
static int key = 'P';
static size_t first; /* the list's first row that is seen */
static long owner = -1;
static int pids[64], n_pids;
static char message[200];

static struct process *list, *before;
static size_t n, n_before;
static double now, then; /* uptime at the two of them */
static unsigned long memory;

/* Of each hart, and of all together in [0]. */
static struct hart {
	unsigned long long busy, idle;
	int number;
} harts[HARTS_MAX + 1], harts_before[HARTS_MAX + 1];
static int n_harts;

static struct termios own;
static int raw;
static volatile sig_atomic_t ended, suspended, resized;
static sigset_t open_mask;

/* --- The terminal ------------------------------------------------------ */

static void make_raw(void)
{
	struct termios t = own;

	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	tcsetattr(0, TCSADRAIN, &t);
	fputs("\033[?1049h\033[H\033[2J", stdout);
	raw = 1;
}

static void restore(void)
{
	if (!raw)
		return;
	printf("\033[?25h\033[m\033[%d;1H\033[K\033[?1049l", rows);
	fflush(stdout);
	tcsetattr(0, TCSADRAIN, &own);
	raw = 0;
}

static void on_end(int sig)
{
	ended = sig;
}

static void on_suspend(int sig)
{
	suspended = 1;
}

static void on_resize(int sig)
{
	resized = 1;
}

static void on_signal(int sig, void (*handler)(int), sigset_t *set)
{
	struct sigaction sa = { .sa_handler = handler };

	sigaction(sig, &sa, NULL);
	sigaddset(set, sig);
}

/* All are blocked but while a key is waited for. */
static void catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	on_signal(SIGINT, on_end, &set);
	on_signal(SIGTERM, on_end, &set);
	on_signal(SIGHUP, on_end, &set);
	on_signal(SIGQUIT, on_end, &set);
	on_signal(SIGTSTP, on_suspend, &set);
	on_signal(SIGWINCH, on_resize, &set);
	sigprocmask(SIG_BLOCK, &set, &open_mask);
}

static void get_size(void)
{
	struct winsize w;

	resized = 0;
	if (ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col) {
		rows = w.ws_row;
		columns = w.ws_col;
	}
}

/* A byte, or -1 when the time is over or a signal came. */
static int get_byte(double seconds)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };
	struct timespec ts;
	unsigned char c;
	ssize_t got;

	if (seconds < 0)
		seconds = 0;
	ts.tv_sec = (time_t)seconds;
	ts.tv_nsec = (long)((seconds - (double)ts.tv_sec) * 1e9);
	if (ppoll(&p, 1, &ts, &open_mask) <= 0)
		return -1;
	got = read(0, &c, 1);
	if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
		ended = SIGHUP;
	return got == 1 ? c : -1;
}

enum { UP = 256, DOWN, PAGE_UP, PAGE_DOWN, HOME };

static int get_key(double seconds)
{
	int c = get_byte(seconds), number = 0;

	if (c != 27)
		return c;
	c = get_byte(0.05);
	if (c != '[' && c != 'O')
		return 27;
	while ((c = get_byte(0.05)) >= 0 && (isdigit(c) || c == ';'))
		if (c != ';' && number < 1000)
			number = number * 10 + c - '0';
	switch (c) {
	case 'A':
		return UP;
	case 'B':
		return DOWN;
	case 'H':
		return HOME;
	case '~':
		return number == 5   ? PAGE_UP
		       : number == 6 ? PAGE_DOWN
		       : number == 1 ? HOME
				     : 27;
	}
	return 27;
}

/* --- What is --------------------------------------------------------- */

static void read_harts(const char *text)
{
	unsigned long long v[7];
	int got, i;

	n_harts = 0;
	for (; text && n_harts <= HARTS_MAX && !strncmp(text, "cpu", 3);) {
		struct hart *h = &harts[n_harts];

		memset(v, 0, sizeof(v));
		h->number = atoi(text + 3);
		text += strcspn(text, " ");
		got = sscanf(text, "%llu %llu %llu %llu %llu %llu %llu", &v[0],
			     &v[1], &v[2], &v[3], &v[4], &v[5], &v[6]);
		h->idle = v[3] + v[4]; /* waiting for a disk is idle */
		h->busy = 0;
		for (i = 0; i < got; i++)
			h->busy += v[i];
		h->busy -= h->idle;
		n_harts++;
		text = strchr(text, '\n');
		text += text != NULL;
	}
}

static double share(const struct hart *h)
{
	const struct hart *old = &harts_before[h - harts];
	double busy = (double)h->busy - (double)old->busy;
	double all = busy + (double)h->idle - (double)old->idle;

	return all > 0 && busy > 0 ? busy * 100 / all : 0;
}

static int by_pid(const void *a, const void *b)
{
	return ((const struct process *)a)->pid -
	       ((const struct process *)b)->pid;
}

static int compare(const void *a, const void *b)
{
	const struct process *p = a, *q = b;
	double x = 0, y = 0;

	switch (key) {
	case 'P':
		x = q->cpu;
		y = p->cpu;
		break;
	case 'M':
		x = (double)q->resident;
		y = (double)p->resident;
		break;
	case 'T':
		x = (double)(q->utime + q->stime);
		y = (double)(p->utime + p->stime);
		break;
	}
	if (x == y) {
		x = p->pid;
		y = q->pid;
	}
	return (x < y ? -1 : x > y) * (backwards ? -1 : 1);
}

static void take_picture(void)
{
	static char text[65536];
	struct process *old;
	double used, since;
	size_t i;

	free(before);
	before = list;
	n_before = n;
	then = now;
	memcpy(harts_before, harts, sizeof(harts));
	n = process_all(proc, &list);
	now = proc_uptime(proc);
	if (proc_read(proc, "stat", text, sizeof(text)) > 0)
		read_harts(text);
	if (n_before)
		qsort(before, n_before, sizeof(*before), by_pid);
	for (i = 0; i < n; i++) {
		struct process *p = &list[i];

		old = n_before ? bsearch(p, before, n_before, sizeof(*before),
					 by_pid)
			       : NULL;
		used = (double)(p->utime + p->stime);
		since = now - (double)p->start / (double)ticks;
		if (old && old->start == p->start) {
			used -= (double)(old->utime + old->stime);
			since = now - then;
		}
		/* Times come in hundredths of a second, of whole ticks. */
		p->cpu = since > 0.001 && used > 0
				 ? used * 100 / (double)ticks / since
				 : 0;
	}
}

static int is_wanted(const struct process *p)
{
	int i;

	for (i = 0; i < n_pids; i++)
		if (pids[i] == p->pid)
			break;
	return (!n_pids || i < n_pids) && (owner < 0 || p->uid == (uid_t)owner);
}

/* --- The picture ------------------------------------------------------- */

static int left; /* rows that are free */

/* Ends a row: the rest of what was there goes. */
static void end_row(void)
{
	fputs(batch ? "\n" : "\033[K\r\n", stdout);
	left--;
}

static void row(const char *text)
{
	if (left <= 1)
		return;
	utf8_put(text, columns, stdout);
	end_row();
}

static void head(void)
{
	char text[2048], load[64] = "";
	int count[256] = { 0 }, used;
	unsigned long total, free_, available, cached;
	time_t t = time(NULL);
	long up = (long)now;
	struct tm tm;
	size_t i;
	int h;

	localtime_r(&t, &tm);
	if (proc_read(proc, "loadavg", load, sizeof(load)) > 0) {
		char *p = load;

		for (h = 0; h < 3 && p; h++)
			p = strchr(p + 1, ' ');
		if (p)
			*p = 0;
	}
	used = snprintf(text, sizeof(text), "top - %02d:%02d:%02d up ",
			tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (up >= 86400)
		used += snprintf(text + used, sizeof(text) - (size_t)used,
				 "%ld day%s, ", up / 86400,
				 up >= 172800 ? "s" : "");
	snprintf(text + used, sizeof(text) - (size_t)used,
		 "%ld:%02ld:%02ld, load average: %s", up / 3600 % 24,
		 up / 60 % 60, up % 60, load);
	row(text);
	for (i = 0; i < n; i++)
		count[(unsigned char)list[i].state]++;
	snprintf(text, sizeof(text),
		 "Processes: %zu total, %d running, %d sleeping, %d stopped, "
		 "%d zombie",
		 n, count['R'], count['S'] + count['D'] + count['I'],
		 count['T'] + count['t'], count['Z']);
	row(text);
	if (each_hart) {
		for (h = 1; h < n_harts; h++) {
			snprintf(text, sizeof(text), "Hart %d: %5.1f%% busy",
				 harts[h].number, share(&harts[h]));
			row(text);
		}
	} else {
		snprintf(text, sizeof(text), "Harts: %d, %.1f%% busy",
			 n_harts - 1, n_harts ? share(&harts[0]) : 0);
		row(text);
	}
	if (proc_read(proc, "meminfo", text, sizeof(text)) > 0) {
		memory = total = proc_memory(text, "MemTotal");
		free_ = proc_memory(text, "MemFree");
		available = proc_memory(text, "MemAvailable");
		cached = proc_memory(text, "Cached") +
			 proc_memory(text, "Buffers");
		snprintf(text, sizeof(text),
			 "Memory (MiB): %.1f total, %.1f free, %.1f cached, "
			 "%.1f available",
			 (double)total / 1024, (double)free_ / 1024,
			 (double)cached / 1024, (double)available / 1024);
		row(text);
	}
	row(message);
}

static void show(void)
{
	struct process *p;
	size_t i, seen = 0;
	unsigned long s;
	char time_text[64], text[128];
	int used;

	if (n)
		qsort(list, n, sizeof(*list), compare);
	left = batch ? INT_MAX : rows;
	fputs(batch ? "" : "\033[?25l\033[H", stdout);
	head();
	if (left > 1) {
		printf("%s%-*.*s%s", batch ? "" : "\033[7m",
		       batch ? 0 : columns, columns,
		       "  PID USER      NI  HART    VIRT    RES S  %CPU  %MEM     "
		       "TIME COMMAND",
		       batch ? "" : "\033[m");
		end_row();
	}
	for (i = 0; i < n && left > 1; i++) {
		p = &list[i];
		if (!is_wanted(p) || seen++ < first)
			continue;
		s = (unsigned long)((p->utime + p->stime) /
				    (unsigned long)ticks);
		snprintf(time_text, sizeof(time_text), "%lu:%02lu.%02lu",
			 s / 60, s % 60,
			 (unsigned long)((p->utime + p->stime) %
					 (unsigned long)ticks * 100 /
					 (unsigned long)ticks));
		printf("%5d ", p->pid);
		for (s = (unsigned long)utf8_put(user_name(p->uid), 8, stdout);
		     s < 8; s++)
			putchar(' ');
		snprintf(text, sizeof(text),
			 " %3d %5d %7llu %6ld %c %5.1f %5.1f %8s ", p->nice,
			 p->hart, p->size / 1024, p->resident * page_kib,
			 p->state, p->cpu,
			 memory ? (double)(p->resident * page_kib) * 100 /
					  (double)memory
				: 0,
			 time_text);
		used = 14 + utf8_put(text, columns - 14, stdout);
		utf8_put(*p->command == '[' ? p->command : p->name,
			 columns - used, stdout);
		end_row();
	}
	if (!batch)
		fputs("\033[J", stdout);
	if (fflush(stdout) && batch)
		err(1, "write error");
}

/* --- Keys -------------------------------------------------------------- */

/* A line typed in place of the message; 0 when it was given up. */
static int ask(const char *question, char *buf, size_t size)
{
	size_t len = 0;
	int c;

	*buf = 0;
	for (;;) {
		snprintf(message, sizeof(message), "%s%s", question, buf);
		show();
		/* On the row of the message, behind it. */
		printf("\033[%d;%zuH\033[?25h",
		       4 + (each_hart ? n_harts - 1 : 1), strlen(message) + 1);
		fflush(stdout);
		c = get_key(3600);
		*message = 0;
		if (ended || c == 27)
			return 0;
		if (c == '\r' || c == '\n')
			return 1;
		if (c == 127 || c == 8)
			len -= len > 0;
		else if (c == 21)
			len = 0;
		else if (c > ' ' && c < 127 && len + 1 < size)
			buf[len++] = (char)c;
		buf[len] = 0;
	}
}

static void kill_one(void)
{
	char question[64], typed[20], *end;
	int pid = n ? list[0].pid : 0, sig = SIGTERM;
	size_t i, seen = 0;

	for (i = 0; i < n; i++)
		if (is_wanted(&list[i]) && seen++ == first) {
			pid = list[i].pid;
			break;
		}
	snprintf(question, sizeof(question), "Process to end [%d]: ", pid);
	if (!ask(question, typed, sizeof(typed)))
		return;
	if (*typed) {
		long number = strtol(typed, &end, 10);

		if (*end || number <= 0 || number > INT_MAX) {
			strcpy(message, "That is no process number");
			return;
		}
		pid = (int)number;
	}
	snprintf(question, sizeof(question), "Signal for %d [TERM]: ", pid);
	if (!ask(question, typed, sizeof(typed)))
		return;
	if (*typed)
		sig = signal_number(typed);
	if (sig < 0)
		strcpy(message, "There is no such signal");
	else if (kill(pid, sig) < 0)
		snprintf(message, sizeof(message), "%d: %s", pid,
			 strerror(errno));
	else
		snprintf(message, sizeof(message), "%d was sent %s", pid,
			 sig < SIGNAL_NAMES ? signal_names[sig] : typed);
}

static void ask_delay(void)
{
	char typed[20], *end;
	double d;

	if (!ask("Seconds between the pictures: ", typed, sizeof(typed)))
		return;
	d = strtod(typed, &end);
	if (*end || end == typed || !(d >= 0.1) || d > 100000)
		strcpy(message, "That is no number of seconds");
	else
		delay = d;
}

static void ask_user(void)
{
	char typed[40], *end;
	struct passwd *pw;

	if (!ask("User (none: all): ", typed, sizeof(typed)))
		return;
	owner = -1;
	if (!*typed)
		return;
	pw = getpwnam(typed);
	owner = pw ? (long)pw->pw_uid : strtol(typed, &end, 10);
	if (!pw && (*end || owner < 0)) {
		owner = -1;
		strcpy(message, "There is no such user");
	}
	first = 0;
}

/* 0 to end; `next` asks for another picture. */
static int obey(int c, int *next)
{
	size_t page = rows > 8 ? (size_t)rows - 7 : 1;

	switch (c) {
	case 'q':
	case 'Q':
		return 0;
	case 'P':
	case 'M':
	case 'T':
	case 'N':
		key = c;
		backwards = 0;
		first = 0;
		break;
	case 'R':
		backwards = !backwards;
		break;
	case '1':
		each_hart = !each_hart;
		break;
	case UP:
		first -= first > 0;
		break;
	case DOWN:
		first += first + 1 < n;
		break;
	case PAGE_UP:
		first = first > page ? first - page : 0;
		break;
	case PAGE_DOWN:
		first = first + page < n ? first + page : first;
		break;
	case HOME:
		first = 0;
		break;
	case 'k':
		kill_one();
		*next = 1;
		break;
	case 'd':
	case 's':
		ask_delay();
		break;
	case 'u':
	case 'U':
		ask_user();
		break;
	case ' ':
	case '\r':
	case '\n':
		*next = 1;
		break;
	case 'h':
	case '?':
		printf("\033[H\033[2J%s", help);
		fflush(stdout);
		get_key(3600);
		break;
	}
	return 1;
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Until it is time for the next picture, or 0: the end. */
static int wait_for_keys(void)
{
	double until = seconds() + delay;
	int c, next = 0;

	while (!next && seconds() < until) {
		show();
		c = get_key(until - seconds());
		*message = 0;
		if (ended)
			return 0;
		if (suspended) {
			suspended = 0;
			restore();
			raise(SIGSTOP);
			make_raw();
		}
		if (resized || c == 12)
			get_size();
		if (c >= 0 && !obey(c, &next))
			return 0;
		if (ended)
			return 0;
	}
	return 1;
}

static _Noreturn void usage(int status)
{
	fputs("usage: top [-b] [-d seconds] [-n pictures] [-p pid,...] "
	      "[-u user] [-o P|M|T|N]\n"
	      "-b: print, without a terminal; the key h tells the keys\n",
	      status ? stderr : stdout);
	exit(status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	long pictures = 0, i;
	struct timespec ts;
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "bd:hn:o:p:u:", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'b':
			batch = 1;
			break;
		case 'd':
			delay = strtod(optarg, &end);
			if (*end || end == optarg || !(delay >= 0) ||
			    delay > 100000)
				errx(1, "%s: no number of seconds", optarg);
			if (delay < 0.1)
				delay = 0.1;
			break;
		case 'n':
			pictures = strtol(optarg, &end, 10);
			if (*end || pictures <= 0)
				errx(1, "%s: no number of pictures", optarg);
			break;
		case 'o':
			if (strlen(optarg) != 1 || !strchr("PMTN", *optarg))
				usage(1);
			key = *optarg;
			break;
		case 'p':
			for (end = optarg; *end && n_pids < 64;) {
				char *word = end;

				pids[n_pids++] = (int)strtol(word, &end, 10);
				if (end == word || (*end && *end != ','))
					errx(1, "%s: not a process number",
					     word);
				end += *end == ',';
			}
			break;
		case 'u':
			owner = (long)user_number(optarg);
			break;
		case 'h':
		case 'H':
			usage(0);
		default:
			usage(1);
		}
	}
	if (optind < argc)
		usage(1);
	ticks = sysconf(_SC_CLK_TCK);
	page_kib = sysconf(_SC_PAGESIZE) / 1024;
	proc = proc_open();
	if (batch) {
		columns = 512;
		ts.tv_sec = (time_t)delay;
		ts.tv_nsec = (long)((delay - (double)ts.tv_sec) * 1e9);
		for (i = 0; !pictures || i < pictures; i++) {
			if (i) {
				putchar('\n');
				fflush(stdout);
				nanosleep(&ts, NULL);
			}
			take_picture();
			show();
		}
		return 0;
	}
	if (!isatty(0) || !isatty(1) || tcgetattr(0, &own) < 0)
		errx(1, "it needs a terminal, or -b");
	get_size();
	catch_signals();
	make_raw();
	for (i = 0; !pictures || i < pictures; i++) {
		take_picture();
		if (!wait_for_keys())
			break;
	}
	restore();
	if (ended && ended != SIGINT) {
		signal(ended, SIG_DFL);
		raise(ended);
		sigprocmask(SIG_SETMASK, &open_mask, NULL);
	}
	return 0;
}
