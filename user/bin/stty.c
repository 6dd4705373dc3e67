/*
 * stty: shows and changes the settings of the terminal that is the standard
 * input.
 *
 * A word is a flag (with - in front: off), the name of a control character and
 * what it is from now on, or a group of settings (sane, raw, cooked, cbreak).
 * All is looked at before anything is set.
 */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum word { IFLAG, OFLAG, CFLAG, LFLAG };

static const struct flag {
	const char *name;
	enum word word;
	tcflag_t bit;
	int sane; /* 1: set, 0: cleared, -1: left alone by `sane` */
} flags[] = {
	{ "parenb", CFLAG, PARENB, -1 },   { "parodd", CFLAG, PARODD, -1 },
	{ "cstopb", CFLAG, CSTOPB, -1 },   { "cread", CFLAG, CREAD, 1 },
	{ "hupcl", CFLAG, HUPCL, -1 },     { "clocal", CFLAG, CLOCAL, -1 },
	{ "crtscts", CFLAG, CRTSCTS, -1 }, { "ignbrk", IFLAG, IGNBRK, 0 },
	{ "brkint", IFLAG, BRKINT, 0 },    { "ignpar", IFLAG, IGNPAR, 0 },
	{ "parmrk", IFLAG, PARMRK, 0 },    { "inpck", IFLAG, INPCK, 0 },
	{ "istrip", IFLAG, ISTRIP, 0 },    { "inlcr", IFLAG, INLCR, 0 },
	{ "igncr", IFLAG, IGNCR, 0 },      { "icrnl", IFLAG, ICRNL, 1 },
	{ "iuclc", IFLAG, IUCLC, 0 },      { "ixon", IFLAG, IXON, 1 },
	{ "ixany", IFLAG, IXANY, 0 },      { "ixoff", IFLAG, IXOFF, 0 },
	{ "imaxbel", IFLAG, IMAXBEL, 0 },  { "iutf8", IFLAG, IUTF8, -1 },
	{ "opost", OFLAG, OPOST, 1 },      { "olcuc", OFLAG, OLCUC, 0 },
	{ "onlcr", OFLAG, ONLCR, 1 },      { "ocrnl", OFLAG, OCRNL, 0 },
	{ "onocr", OFLAG, ONOCR, 0 },      { "onlret", OFLAG, ONLRET, 0 },
	{ "tab3", OFLAG, XTABS, 0 },       { "isig", LFLAG, ISIG, 1 },
	{ "icanon", LFLAG, ICANON, 1 },    { "iexten", LFLAG, IEXTEN, 1 },
	{ "echo", LFLAG, ECHO, 1 },        { "echoe", LFLAG, ECHOE, 1 },
	{ "echok", LFLAG, ECHOK, 1 },      { "echonl", LFLAG, ECHONL, 0 },
	{ "noflsh", LFLAG, NOFLSH, 0 },    { "tostop", LFLAG, TOSTOP, 0 },
	{ "echoctl", LFLAG, ECHOCTL, 1 },  { "echoprt", LFLAG, ECHOPRT, 0 },
	{ "echoke", LFLAG, ECHOKE, 1 },
};

static const struct character {
	const char *name;
	int index;
	cc_t sane;
} characters[] = {
	{ "intr", VINTR, 3 },       { "quit", VQUIT, 034 },
	{ "erase", VERASE, 0177 },  { "kill", VKILL, 025 },
	{ "eof", VEOF, 4 },         { "eol", VEOL, 0 },
	{ "eol2", VEOL2, 0 },       { "start", VSTART, 021 },
	{ "stop", VSTOP, 023 },     { "susp", VSUSP, 032 },
	{ "rprnt", VREPRINT, 022 }, { "werase", VWERASE, 027 },
	{ "lnext", VLNEXT, 026 },   { "discard", VDISCARD, 017 },
};

static const struct {
	int number;
	speed_t code;
} speeds[] = {
	{ 0, B0 },           { 50, B50 },         { 300, B300 },
	{ 1200, B1200 },     { 2400, B2400 },     { 4800, B4800 },
	{ 9600, B9600 },     { 19200, B19200 },   { 38400, B38400 },
	{ 57600, B57600 },   { 115200, B115200 }, { 230400, B230400 },
	{ 460800, B460800 }, { 921600, B921600 }, { 1500000, B1500000 },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct termios now;
static struct winsize size;
static int new_size;

static tcflag_t *word_of(enum word w)
{
	return w == IFLAG   ? &now.c_iflag
	       : w == OFLAG ? &now.c_oflag
	       : w == CFLAG ? &now.c_cflag
			    : &now.c_lflag;
}

static void set_flag(const struct flag *f, int on)
{
	tcflag_t *w = word_of(f->word);

	*w = on ? *w | f->bit : *w & ~f->bit;
}

static int is_set(const struct flag *f)
{
	return (*word_of(f->word) & f->bit) == f->bit;
}

/* ---- showing ---- */

static unsigned column;

static void put(const char *word)
{
	unsigned n = (unsigned)strlen(word);
	unsigned width = size.ws_col ? size.ws_col : 80;

	if (column && column + n + 1 >= width) {
		putchar('\n');
		column = 0;
	}
	column += (unsigned)printf("%s%s", column ? " " : "", word);
}

static void end_line(void)
{
	if (column)
		putchar('\n');
	column = 0;
}

static void put_character(const struct character *c)
{
	unsigned char v = now.c_cc[c->index];
	char text[40];

	if (!v)
		snprintf(text, sizeof(text), "%s = <undef>;", c->name);
	else if (v < ' ' || v == 0177)
		snprintf(text, sizeof(text), "%s = ^%c;", c->name, v ^ 0100);
	else if (v < 0177)
		snprintf(text, sizeof(text), "%s = %c;", c->name, v);
	else
		snprintf(text, sizeof(text), "%s = 0x%x;", c->name, v);
	put(text);
}

static int speed_now(void)
{
	for (size_t i = 0; i < COUNT(speeds); i++)
		if (speeds[i].code == cfgetospeed(&now))
			return speeds[i].number;
	return -1;
}

static void show(int all)
{
	char text[40];
	enum word last = CFLAG;

	printf("speed %d baud;", speed_now());
	if (all)
		printf(" rows %d; columns %d;", size.ws_row, size.ws_col);
	putchar('\n');
	for (size_t i = 0; i < COUNT(characters); i++)
		if (all || now.c_cc[characters[i].index] != characters[i].sane)
			put_character(&characters[i]);
	if (all || !(now.c_lflag & ICANON)) {
		snprintf(text, sizeof(text), "min = %d; time = %d;",
			 now.c_cc[VMIN], now.c_cc[VTIME]);
		put(text);
	}
	end_line();
	if (all) {
		snprintf(text, sizeof(text), "cs%d",
			 5 + (int)((now.c_cflag & CSIZE) / CS6));
		put(text);
	}
	for (size_t i = 0; i < COUNT(flags); i++) {
		const struct flag *f = &flags[i];

		if (all && f->word != last)
			end_line();
		last = f->word;
		if (!all && (f->sane < 0 || is_set(f) == f->sane))
			continue;
		snprintf(text, sizeof(text), "%s%s", is_set(f) ? "" : "-",
			 f->name);
		put(text);
	}
	end_line();
}

/* All of it in one word, for another time. */
static void show_for_later(void)
{
	printf("%x:%x:%x:%x", now.c_iflag, now.c_oflag, now.c_cflag,
	       now.c_lflag);
	for (int i = 0; i < NCCS; i++)
		printf(":%x", now.c_cc[i]);
	putchar('\n');
}

static int set_from_earlier(const char *s)
{
	unsigned long v[4 + NCCS];
	char *end;

	for (size_t i = 0; i < COUNT(v); i++) {
		if (!isxdigit((unsigned char)*s))
			return 0;
		v[i] = strtoul(s, &end, 16);
		if (*end != (i + 1 < COUNT(v) ? ':' : '\0'))
			return 0;
		s = end + 1;
	}
	now.c_iflag = (tcflag_t)v[0];
	now.c_oflag = (tcflag_t)v[1];
	now.c_cflag = (tcflag_t)v[2];
	now.c_lflag = (tcflag_t)v[3];
	for (int i = 0; i < NCCS; i++)
		now.c_cc[i] = (cc_t)v[4 + i];
	return 1;
}

/* ---- changing ---- */

static void set_sane(void)
{
	for (size_t i = 0; i < COUNT(flags); i++)
		if (flags[i].sane >= 0)
			set_flag(&flags[i], flags[i].sane);
	for (size_t i = 0; i < COUNT(characters); i++)
		now.c_cc[characters[i].index] = characters[i].sane;
}

static int set_group(const char *word)
{
	if (!strcmp(word, "sane")) {
		set_sane();
	} else if (!strcmp(word, "raw") || !strcmp(word, "-cooked")) {
		cfmakeraw(&now);
		now.c_cc[VMIN] = 1;
		now.c_cc[VTIME] = 0;
	} else if (!strcmp(word, "cooked") || !strcmp(word, "-raw")) {
		now.c_iflag |= ICRNL | IXON;
		now.c_oflag |= OPOST;
		now.c_lflag |= ISIG | ICANON;
	} else if (!strcmp(word, "cbreak")) {
		now.c_lflag &= ~(tcflag_t)ICANON;
	} else if (!strcmp(word, "-cbreak")) {
		now.c_lflag |= ICANON;
	} else if (!strcmp(word, "ek")) {
		now.c_cc[VERASE] = 0177;
		now.c_cc[VKILL] = 025;
	} else {
		return 0;
	}
	return 1;
}

static int number(const char *word, const char *s, int max)
{
	char *end;
	long n;

	if (!s)
		errx(1, "%s: which number?", word);
	n = strtol(s, &end, 10);
	if (end == s || *end || n < 0 || n > max)
		errx(1, "%s: %s is no number up to %d", word, s, max);
	return (int)n;
}

static cc_t character(const char *word, const char *s)
{
	if (!s)
		errx(1, "%s: which character?", word);
	if (!strcmp(s, "undef") || !strcmp(s, "^-") || !*s)
		return 0;
	if (s[0] == '^' && s[1] && !s[2])
		return s[1] == '?' ? 0177 : (cc_t)(s[1] & 037);
	if (!s[1])
		return (cc_t)s[0];
	return (cc_t)number(word, s, 255);
}

static int set_speed(const char *word)
{
	for (size_t i = 0; i < COUNT(speeds); i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", speeds[i].number);
		if (!strcmp(word, text)) {
			cfsetospeed(&now, speeds[i].code);
			return 1;
		}
	}
	return 0;
}

static int usage(FILE *f)
{
	fputs("usage: stty [-a | -g | size]\n"
	      "       stty [-]setting... [character key]... [rows n] [cols n]\n"
	      "       stty settings-of-g\n",
	      f);
	return f == stderr;
}

/* What one word asks for; how many words more it took. */
static int change(const char *word, const char *next)
{
	if (set_group(word) || set_from_earlier(word) || set_speed(word))
		return 0;
	for (size_t i = 0; i < COUNT(flags); i++) {
		if (!strcmp(word + (*word == '-'), flags[i].name)) {
			set_flag(&flags[i], *word != '-');
			return 0;
		}
	}
	for (size_t i = 0; i < COUNT(characters); i++) {
		if (!strcmp(word, characters[i].name)) {
			now.c_cc[characters[i].index] = character(word, next);
			return 1;
		}
	}
	if (!strcmp(word, "min") || !strcmp(word, "time")) {
		now.c_cc[*word == 'm' ? VMIN : VTIME] =
			(cc_t)number(word, next, 255);
		return 1;
	}
	if (!strcmp(word, "rows")) {
		size.ws_row = (unsigned short)number(word, next, 65535);
	} else if (!strcmp(word, "cols") || !strcmp(word, "columns")) {
		size.ws_col = (unsigned short)number(word, next, 65535);
	} else {
		warnx("invalid argument '%s'", word);
		exit(usage(stderr));
	}
	new_size = 1;
	return 1;
}

int main(int argc, char **argv)
{
	struct termios got;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout);
	if (tcgetattr(0, &now) < 0 || ioctl(0, TIOCGWINSZ, &size) < 0)
		err(1, "standard input");
	if (argc == 1 || (argc == 2 && !strcmp(argv[1], "-a"))) {
		show(argc == 2);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "-g")) {
		show_for_later();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "size")) {
		printf("%d %d\n", size.ws_row, size.ws_col);
		return 0;
	}
	for (int i = 1; i < argc; i++)
		i += change(argv[i], argv[i + 1]);
	if (new_size && ioctl(0, TIOCSWINSZ, &size) < 0)
		err(1, "size");
	if (tcsetattr(0, TCSADRAIN, &now) < 0)
		err(1, "standard input");
	/* A terminal takes what it can. */
	if (tcgetattr(0, &got) < 0 || got.c_iflag != now.c_iflag ||
	    got.c_oflag != now.c_oflag || got.c_cflag != now.c_cflag ||
	    got.c_lflag != now.c_lflag ||
	    memcmp(got.c_cc, now.c_cc, sizeof(got.c_cc)) != 0)
		errx(1, "the terminal does not do all of that");
	return 0;
}
