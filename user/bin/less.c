/*
 * less: look at text page by page.  `h` tells the keys.  As more it ends behind
 * the last page and leaves it on the screen.
 *
 * Text is read as far as it is looked at and kept in memory; where each line
 * begins is noted.  What a line shows is computed when it is shown: tabs,
 * control characters as ^X, bytes that are no UTF-8 as <9B>, and with -R the
 * colours of ESC [ ... m.  Keys come from the terminal, the text may come from
 * a pipe.  What is looked for is an extended regular expression.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "utf8.h"

#define TAB 8

static char *text;
static size_t size, cap;
static size_t *line; /* where each begins; line[lines] is the end so far */
static size_t lines, line_cap;
static int in = -1, tty = -1, at_end;
static int slow; /* more may come late: do not ask for it unasked */
static const char *name;

static int numbers, colours, chop, quit_if_one, quit_at_end, ignore_case;
static int no_init;
static int rows = 24, columns = 80;
static size_t top;     /* the line at the top of the screen */
static size_t top_row; /* and which of its rows */
static char pattern[256];
static regex_t expression; /* of the pattern, when there is one */
static int backwards;
static struct termios before;
static int raw;
static volatile sig_atomic_t resized, stopped, suspended, continued;
static const char *said;  /* by -P, to stand at the bottom */
static const char *start; /* what followed a + */

/* The terminal belongs to another job: then it is not to be changed. */
static int behind(void)
{
	pid_t front = tcgetpgrp(tty);

	return front > 0 && front != getpgrp();
}

static void restore(void)
{
	if (!raw || behind())
		return;
	fputs("\r\033[K", stdout);
	fflush(stdout);
	tcsetattr(tty, TCSADRAIN, &before);
	raw = 0;
}

static _Noreturn void leave(int status)
{
	restore();
	exit(status);
}

static void on_resize(int sig)
{
	resized = 1;
}

static void on_stop(int sig)
{
	stopped = sig;
}

static void on_suspend(int sig)
{
	suspended = 1;
}

static void on_continue(int sig)
{
	continued = 1;
}

static void handle(int sig, void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn };

	sigaction(sig, &sa, NULL);
}

/* Keys come one by one and are not echoed from here on. */
static void begin_raw(void)
{
	struct termios now = before;

	now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	now.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	tcsetattr(tty, TCSADRAIN, &now);
	raw = 1;
}

/*
 * ^Z: the terminal is as it was while this is stopped. Whoever stopped it in
 * another way has changed the terminal perhaps. Behind, begin_raw is where this
 * is stopped again, and what continues it interrupts the change: then once
 * more.
 */
static void pause_here(void)
{
	while ((suspended || continued) && !stopped) {
		continued = 0;
		if (suspended) {
			suspended = 0;
			restore();
			handle(SIGTSTP, SIG_DFL);
			raise(SIGTSTP);
			handle(SIGTSTP, on_suspend);
		}
		begin_raw();
	}
	resized = 1; /* all is drawn anew */
}

static void get_size(void)
{
	struct winsize w;

	resized = 0;
	if (ioctl(tty, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col) {
		rows = w.ws_row;
		columns = w.ws_col;
	}
	if (rows < 2)
		rows = 2;
	if (columns < 4)
		columns = 4;
}

static char message[128];

/*
 * Wait until fd can be read; 0 when a signal came. It is let in only while this
 * sleeps, so none is missed between the look at what it said and the sleep.
 */
static int wait_for(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	sigset_t all, was;
	int ready = 0;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &was);
	if (!stopped && !suspended && !continued && (fd != tty || !resized))
		ready = ppoll(&p, 1, NULL, &was) > 0;
	sigprocmask(SIG_SETMASK, &was, NULL);
	if (suspended || continued)
		pause_here();
	return ready;
}

/* --- Text -------------------------------------------------------------- */

static void *grow(void *p, size_t n, size_t each)
{
	p = reallocarray(p, n, each);
	if (!p) {
		restore();
		errx(1, "not enough memory for all of the text");
	}
	return p;
}

static void note_line(size_t at)
{
	if (lines + 2 > line_cap) {
		line_cap = line_cap ? line_cap * 2 : 1024;
		line = grow(line, line_cap, sizeof(*line));
	}
	line[lines] = at;
}

/* Read a piece more; 0 when there is none, or a signal came. */
static int read_more(void)
{
	size_t from = size, i;
	ssize_t n;

	if (at_end)
		return 0;
	if (size + 65536 > cap) {
		cap = cap ? cap * 2 : 1 << 18;
		text = grow(text, cap, 1);
	}
	/* What is written already is seen while a slow pipe is waited for. */
	fflush(stdout);
	while (slow && !wait_for(in))
		if (stopped)
			return 0;
	n = read(in, text + size, 65536);
	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0) {
		at_end = 1;
		if (size && text[size - 1] != '\n') {
			lines++;
			note_line(size);
		}
		return 0;
	}
	size += (size_t)n;
	for (i = from; i < size; i++) {
		if (text[i] != '\n')
			continue;
		lines++;
		note_line(i + 1);
	}
	return 1;
}

/* Is there a line n (from 0)?  Reads until that is known. */
static int have_line(size_t n)
{
	while (lines <= n && !stopped)
		if (!read_more() && at_end)
			break;
	return n < lines;
}

/* --- One line on the screen -------------------------------------------- */

/* The columns that are left beside the number. */
static int room(void)
{
	int w = columns - (numbers ? 8 : 0);

	return w > 1 ? w : 1;
}

/* The length of ESC [ digits m at p, or 0. */
static size_t colour_length(const char *p, const char *end)
{
	const char *q = p;

	if (end - p < 3 || q[0] != 27 || q[1] != '[')
		return 0;
	for (q += 2;
	     q < end && (isdigit((unsigned char)*q) || *q == ';' || *q == ':');
	     q++)
		;
	return q < end && *q == 'm' ? (size_t)(q + 1 - p) : 0;
}

/* Where the text of line n ends, without what ends the line. */
static const char *line_end(size_t n)
{
	const char *p = text + line[n], *end = text + line[n + 1];

	if (end > p && end[-1] == '\n')
		end--;
	if (end > p && end[-1] == '\r')
		end--;
	return end;
}

struct hit {
	const char *from, *to;
};

/* What is looked for, at p or behind it in line n; else it is at the end. */
static struct hit find_hit(size_t n, const char *p)
{
	const char *base = text + line[n], *end = line_end(n);
	regmatch_t m;

	for (; *pattern && p <= end; p = base + m.rm_eo + 1) {
		m.rm_so = (regoff_t)(p - base);
		m.rm_eo = (regoff_t)(end - base);
		if (regexec(&expression, base, 1, &m, REG_STARTEND) != 0)
			break;
		/* Of nothing there is nothing to show. */
		if (m.rm_eo > m.rm_so)
			return (struct hit){ base + m.rm_so, base + m.rm_eo };
	}
	return (struct hit){ end, end };
}

/* 0 and a message when it is no expression: then the one before stays. */
static int set_pattern(const char *typed)
{
	regex_t new;
	int e;

	e = regcomp(&new, typed, REG_EXTENDED | (ignore_case ? REG_ICASE : 0));
	if (e) {
		regerror(e, &new, message, sizeof(message));
		return 0;
	}
	if (*pattern)
		regfree(&expression);
	expression = new;
	if (typed != pattern)
		strcpy(pattern, typed);
	return 1;
}

/*
 * Go through line n in rows of the screen, and print the rows from `first` on,
 * at most `most`.  Returns how many rows the line has.
 */
static size_t show_line(size_t n, size_t first, size_t most)
{
	const char *p = text + line[n], *end = line_end(n);
	struct hit hit = find_hit(n, p);
	int width = room(), column = 0, w, marked = 0;
	size_t row = 0, len;
	char shown[16];

#define VISIBLE (row >= first && row - first < most)
	if (numbers && VISIBLE)
		printf("%7zu ", n + 1);
	for (; p < end; p += len) {
		len = 1;
		if (colours && (len = colour_length(p, end))) {
			/* A colour of an earlier row still holds here. */
			if (most && row < first + most)
				fwrite(p, 1, len, stdout);
			continue;
		}
		len = 1;
		if (p >= hit.to && hit.to < end)
			hit = find_hit(n, p);
		if (marked != (p >= hit.from && p < hit.to)) {
			marked = !marked;
			if (VISIBLE)
				fputs(marked ? "\033[7m" : "\033[27m", stdout);
		}
		if (*p == '\t') {
			w = TAB - column % TAB;
			snprintf(shown, sizeof(shown), "%*s", w, "");
		} else {
			len = utf8_shown(p, (size_t)(end - p), shown, &w);
		}
		if (column + w > width) {
			if (marked && VISIBLE)
				fputs("\033[27m", stdout);
			if (chop)
				break;
			if (VISIBLE && row + 1 - first < most)
				fputs("\r\n", stdout);
			row++;
			column = 0;
			if (*p == '\t') {
				w = TAB;
				snprintf(shown, sizeof(shown), "%*s", w, "");
			}
			if (numbers && VISIBLE)
				printf("%8s", "");
			if (marked && VISIBLE)
				fputs("\033[7m", stdout);
		}
		if (VISIBLE)
			fputs(shown, stdout);
		column += w;
	}
	if (marked || colours)
		fputs(most ? "\033[0m" : "", stdout);
#undef VISIBLE
	return row + 1;
}

static size_t rows_of(size_t n)
{
	return show_line(n, 0, 0);
}

/* --- Moving ------------------------------------------------------------ */

/* One row on; 0 at the end. */
static int step_on(size_t *n, size_t *row)
{
	if (!have_line(*n))
		return 0;
	if (*row + 1 < rows_of(*n)) {
		++*row;
		return 1;
	}
	if (!have_line(*n + 1))
		return 0;
	++*n;
	*row = 0;
	return 1;
}

static int step_back(size_t *n, size_t *row)
{
	if (*row) {
		--*row;
		return 1;
	}
	if (!*n)
		return 0;
	--*n;
	*row = rows_of(*n) - 1;
	return 1;
}

/* Does the last row of the text stand on the screen? */
static int end_is_shown(void)
{
	size_t n = top, row = top_row;
	int i;

	for (i = 1; i < rows - 1; i++)
		if (!step_on(&n, &row))
			return 1;
	return !step_on(&n, &row);
}

static void move_on(long by)
{
	while (by-- > 0 && !end_is_shown() && step_on(&top, &top_row))
		;
}

static void move_back(long by)
{
	while (by-- > 0 && step_back(&top, &top_row))
		;
}

static void go_end(void)
{
	int i;

	while (!at_end && !stopped)
		read_more();
	if (!lines)
		return;
	top = lines - 1;
	top_row = rows_of(top) - 1;
	for (i = 1; i < rows - 1; i++)
		if (!step_back(&top, &top_row))
			break;
}

static void go_line(size_t n)
{
	if (!have_line(n)) {
		go_end();
		return;
	}
	top = n;
	top_row = 0;
}

static int line_has(size_t n)
{
	struct hit hit = find_hit(n, text + line[n]);

	return hit.to > hit.from;
}

/* --- The screen -------------------------------------------------------- */

/* What -P says, with the number of the top line for %lt. */
static void show_said(void)
{
	const char *at = strstr(said, "%lt");
	char full[256];

	if (at)
		snprintf(full, sizeof(full), "%.*s%zu%s", (int)(at - said),
			 said, top + 1, at + 3);
	else
		snprintf(full, sizeof(full), "%s", said);
	printf("\033[7m%.*s\033[0m", columns - 1, full);
}

static void draw(void)
{
	size_t n = top, row = top_row, count;
	int left = rows - 1, percent;

	fputs("\033[H\033[J", stdout);
	while (left > 0) {
		if (!have_line(n)) {
			fputs("~\r\n", stdout);
			left--;
			continue;
		}
		count = rows_of(n) - row;
		if (count > (size_t)left)
			count = (size_t)left;
		show_line(n, row, count);
		fputs("\r\n", stdout);
		left -= (int)count;
		row = 0;
		n++;
	}
	if (*message) {
		printf("\033[7m%.*s\033[0m", columns - 1, message);
		*message = 0;
	} else if ((at_end || !slow) && end_is_shown() && at_end) {
		printf("\033[7m(END)\033[0m");
	} else if (said) {
		show_said();
	} else if (!top && !top_row && name) {
		printf("\033[7m%.*s\033[0m", columns - 1, name);
	} else if (at_end && size) {
		percent = (int)(line[n < lines ? n : lines] * 100 / size);
		printf("\033[7m%d%%\033[0m", percent);
	} else {
		putchar(':');
	}
	fflush(stdout);
}

/* A key; 0 when a signal came, -1 when the terminal is gone. */
static int get_key(void)
{
	unsigned char c;
	ssize_t n;

	if (!wait_for(tty))
		return 0;
	n = read(tty, &c, 1);
	if (n == 1)
		return c;
	return n < 0 && errno == EINTR ? 0 : -1;
}

enum { UP = 256, DOWN, PAGE_UP, PAGE_DOWN, HOME, END };

/* What follows ESC, if it comes at once. */
static int get_escape(void)
{
	struct pollfd p = { .fd = tty, .events = POLLIN };
	int c, number = 0;

	if (poll(&p, 1, 50) <= 0)
		return 27;
	c = get_key();
	if (c == 'v')
		return PAGE_UP;
	if (c == '<' || c == '>')
		return c == '<' ? HOME : END;
	if (c != '[' && c != 'O')
		return 27;
	while (poll(&p, 1, 50) > 0 && (c = get_key()) > 0 && isdigit(c))
		number = number * 10 + c - '0';
	switch (c) {
	case 'A':
		return UP;
	case 'B':
		return DOWN;
	case 'H':
		return HOME;
	case 'F':
		return END;
	case '~':
		return number == 5   ? PAGE_UP
		       : number == 6 ? PAGE_DOWN
		       : number == 1 ? HOME
		       : number == 4 ? END
				     : 27;
	}
	return 27;
}

/* A line typed at the bottom; 0 when it was given up. */
static int prompt(char mark, char *to, size_t room_for)
{
	size_t n = 0;
	int c;

	for (;;) {
		printf("\r\033[K%c%.*s", mark, (int)n, to);
		fflush(stdout);
		c = get_key();
		if (c == 0 && !stopped) {
			get_size();
			continue;
		}
		if (c <= 0 || c == 27 || c == 3 || c == 7)
			return 0;
		if (c == '\r' || c == '\n') {
			to[n] = 0;
			return 1;
		}
		if (c == 8 || c == 127) {
			if (!n)
				return 0;
			n--;
		} else if (c == 21) {
			n = 0;
		} else if (n + 1 < room_for && (c >= 32 || c == '\t')) {
			to[n++] = (char)c;
		}
	}
}

/* The nth line with the pattern, from the one after the top on or back. */
static void search(int back, long times)
{
	size_t n = top;

	if (!*pattern) {
		strcpy(message, "No previous search pattern");
		return;
	}
	while (!stopped) {
		if (back ? !n : !have_line(n + 1))
			break;
		n = back ? n - 1 : n + 1;
		if (line_has(n) && --times <= 0) {
			go_line(n);
			return;
		}
	}
	strcpy(message, "Pattern not found");
}

static void help(void)
{
	fputs("\033[H\033[J"
	      "space f    a page on        b          a page back\r\n"
	      "j Enter    a line on        k          a line back\r\n"
	      "d          half a page on   u          half a page back\r\n"
	      "g          first line, or the line of the number before it\r\n"
	      "G          last line, or the line of the number before it\r\n"
	      "/pattern   look on for it   ?pattern   look back for it\r\n"
	      "n          the next one     N          the other way\r\n"
	      "-N -S -i -R  numbers, cut lines, case, colours: on or off\r\n"
	      "=          where this is    r ^L       draw anew\r\n"
	      "q          end\r\n\r\n"
	      "\033[7m(press a key)\033[0m",
	      stdout);
	fflush(stdout);
	while (get_key() == 0 && !stopped)
		get_size();
}

static void toggle(void)
{
	int c;

	printf("\r\033[K-");
	fflush(stdout);
	c = get_key();
	switch (c) {
	case 'N':
		numbers = !numbers;
		break;
	case 'n':
		numbers = 0;
		break;
	case 'S':
		chop = !chop;
		break;
	case 'i':
	case 'I':
		ignore_case = !ignore_case;
		if (*pattern)
			set_pattern(pattern);
		break;
	case 'R':
	case 'r':
		colours = !colours;
		break;
	default:
		strcpy(message, "There is no such option");
	}
	/* The line may have fewer rows now. */
	top_row = 0;
}

static void where(void)
{
	snprintf(message, sizeof(message), "%.60s line %zu%s%zu",
		 name ? name : "standard input", top + 1, at_end ? "/" : " of ",
		 lines);
}

/* One key; 0 to end. */
static int obey(void)
{
	static char typed[sizeof(pattern)];
	long count = 0, page = rows - 1;
	int c;

	for (;;) {
		c = get_key();
		if (c == 27)
			c = get_escape();
		if (c < '0' || c > '9')
			break;
		if (count < 100000000)
			count = count * 10 + c - '0';
		printf("\r\033[K:%ld", count);
		fflush(stdout);
	}
	switch (c) {
	case -1:
	case 'q':
	case 'Q':
		return 0;
	case ' ':
	case 'f':
	case 6:
	case 22:
	case PAGE_DOWN:
		if (quit_at_end && end_is_shown())
			return 0;
		move_on(count ? count : page);
		break;
	case 'b':
	case 2:
	case PAGE_UP:
		move_back(count ? count : page);
		break;
	case 'd':
	case 4:
		move_on(count ? count : page / 2);
		break;
	case 'u':
	case 21:
		move_back(count ? count : page / 2);
		break;
	case 'j':
	case 'e':
	case '\r':
	case '\n':
	case 14:
	case 5:
	case DOWN:
		if (quit_at_end && end_is_shown())
			return 0;
		move_on(count ? count : 1);
		break;
	case 'k':
	case 'y':
	case 16:
	case 25:
	case UP:
		move_back(count ? count : 1);
		break;
	case 'g':
	case '<':
	case HOME:
		go_line(count ? (size_t)count - 1 : 0);
		break;
	case 'G':
	case '>':
	case END:
		if (count)
			go_line((size_t)count - 1);
		else
			go_end();
		break;
	case '/':
	case '?':
		if (!prompt((char)c, typed, sizeof(typed)))
			break;
		backwards = c == '?';
		if (*typed && !set_pattern(typed))
			break;
		search(backwards, count ? count : 1);
		break;
	case 'n':
		search(backwards, count ? count : 1);
		break;
	case 'N':
		search(!backwards, count ? count : 1);
		break;
	case '-':
		toggle();
		break;
	case '=':
	case 7:
		where();
		break;
	case 'h':
	case 'H':
		help();
		break;
	}
	return 1;
}

/* Where standard output is no terminal it is cat. */
static int copy(int fd, const char *path)
{
	static char buf[65536];
	ssize_t n, put, k;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			warn("%s", path);
			return 1;
		}
		for (k = 0; k < n; k += put) {
			put = write(1, buf + k, (size_t)(n - k));
			if (put < 0)
				err(1, "write error");
		}
	}
	return 0;
}

static void look(void)
{
	size_t n, used;

	at_end = 0;
	size = lines = 0;
	top = top_row = 0;
	note_line(0);
	if (quit_if_one) {
		for (n = used = 0; used <= (size_t)rows - 1; n++) {
			if (!have_line(n)) {
				fwrite(text, 1, size, stdout);
				return;
			}
			used += rows_of(n);
		}
	}
	if (start && *start == 'G') {
		go_end();
	} else if (start && *start == '/') {
		if (strlen(start + 1) >= sizeof(pattern))
			strcpy(message, "The pattern is too long");
		else if (start[1] && set_pattern(start + 1) && have_line(0) &&
			 !line_has(0))
			search(0, 1);
	} else if (start && atol(start) > 0) {
		go_line((size_t)atol(start) - 1);
	}
	do {
		if (resized)
			get_size();
		/* What ^C was to stop has stopped. */
		stopped = stopped == SIGINT ? 0 : stopped;
		if (stopped)
			break;
		draw();
	} while (obey());
}

static _Noreturn void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: less [-EFiNRSX] [-P prompt] [-p pattern | +line | +G | "
		"+/pattern] [file...]\n"
		"keys: space b d u j k g G /pattern ?pattern n N -N -S -R = h "
		"q\n");
	exit(status);
}

int main(int argc, char **argv)
{
	enum { HELP = 256 };
	static const struct option longs[] = {
		{ "quit-at-eof", no_argument, NULL, 'E' },
		{ "pattern", required_argument, NULL, 'p' },
		{ "prompt", required_argument, NULL, 'P' },
		{ "quit-if-one-screen", no_argument, NULL, 'F' },
		{ "ignore-case", no_argument, NULL, 'i' },
		{ "LINE-NUMBERS", no_argument, NULL, 'N' },
		{ "RAW-CONTROL-CHARS", no_argument, NULL, 'R' },
		{ "chop-long-lines", no_argument, NULL, 'S' },
		{ "no-init", no_argument, NULL, 'X' },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	static char dash[] = "-", *standard[] = { dash, NULL };
	const char *own = strrchr(argv[0], '/');
	char **files, *search_for;
	int c, status = 0;
	struct stat st = { 0 };

	if (!strcmp(own ? own + 1 : argv[0], "more"))
		quit_at_end = quit_if_one = no_init = 1;
	while ((c = getopt_long(argc, argv, "eEfFgiImMnNp:P:qQRrSX", longs,
				NULL)) != -1) {
		switch (c) {
		case 'p':
			if (asprintf(&search_for, "/%s", optarg) < 0)
				err(1, NULL);
			start = search_for;
			break;
		case 'P':
			said = optarg;
			break;
		case 'f':
		case 'g':
		case 'm':
		case 'M':
		case 'n':
		case 'q':
		case 'Q':
			/* What others say so that they are as this one is. */
			break;
		case 'e':
		case 'E':
			quit_at_end = 1;
			break;
		case 'F':
			quit_if_one = 1;
			break;
		case 'i':
		case 'I':
			ignore_case = 1;
			break;
		case 'N':
			numbers = 1;
			break;
		case 'R':
		case 'r':
			colours = 1;
			break;
		case 'S':
			chop = 1;
			break;
		case 'X':
			no_init = 1;
			break;
		case HELP:
			usage(0);
		default:
			usage(1);
		}
	}
	if (optind < argc && argv[optind][0] == '+')
		start = argv[optind++] + 1;
	files = argv + optind;
	if (!*files) {
		if (isatty(0)) {
			warnx("a file name is missing");
			usage(1);
		}
		files = standard;
	}
	if (isatty(1)) {
		tty = open("/dev/tty", O_RDONLY | O_CLOEXEC);
		if (tty < 0 && isatty(2))
			tty = 2;
		if (tty < 0)
			err(1, "/dev/tty");
		if (tcgetattr(tty, &before) < 0)
			err(1, "the terminal");
		get_size();
	}
	for (; *files; files++) {
		name = strcmp(*files, "-") ? *files : NULL;
		in = name ? open(*files, O_RDONLY | O_CLOEXEC) : 0;
		if (in >= 0 && fstat(in, &st) == 0 && S_ISDIR(st.st_mode)) {
			warnx("%s is a directory", *files);
			close(in);
			status = 1;
			continue;
		}
		if (in < 0) {
			warn("%s", *files);
			status = 1;
			continue;
		}
		slow = !S_ISREG(st.st_mode);
		if (tty < 0) {
			status |= copy(in, *files);
		} else {
			if (!raw) {
				handle(SIGWINCH, on_resize);
				handle(SIGINT, on_stop);
				handle(SIGTERM, on_stop);
				handle(SIGHUP, on_stop);
				/* Who ignores stops is not to be stopped. */
				if (signal(SIGTSTP, SIG_IGN) != SIG_IGN)
					handle(SIGTSTP, on_suspend);
				handle(SIGCONT, on_continue);
				begin_raw();
			}
			look();
			if (stopped)
				leave(128 + stopped);
		}
		if (in > 0)
			close(in);
	}
	leave(status);
}
