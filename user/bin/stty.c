/*
 * stty: shows and changes the settings of the terminal that is the standard
 * input, or that -F names.
 *
 * A word is a flag (with - in front: off), the name of a control character and
 * what it is from now on, a speed, or a group of settings (sane, raw, nl, ...).
 * All is looked at before anything is set.
 */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
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

static int fd; /* of the terminal */
static const char *name = "standard input";
static struct termios now;
static struct winsize size;
static int new_size, changed;

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

/* Words that stand for several. What comes from a terminal may be UTF-8, so
 * `cooked` does not strip it, as elsewhere. */
#define RAW                                                                    \
	"-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr -icrnl " \
	"-ixon -ixoff -iuclc -ixany -imaxbel -opost -isig -icanon "            \
	"min 1 time 0"
#define COOKED "icrnl ixon opost isig icanon"

static const struct {
	const char *name, *words;
} groups[] = {
	{ "raw", RAW },
	{ "-cooked", RAW },
	{ "cooked", COOKED },
	{ "-raw", COOKED },
	{ "cbreak", "-icanon" },
	{ "-cbreak", "icanon" },
	{ "nl", "-icrnl -onlcr" },
	{ "-nl", "icrnl -inlcr -igncr onlcr -ocrnl -onlret" },
	{ "ek", "erase ^? kill ^U" },
	{ "crt", "echoe echoctl echoke" },
	{ "dec", "echoe echoctl echoke -ixany intr ^C erase ^? kill ^U" },
	{ "tabs", "-tab3" },
	{ "-tabs", "tab3" },
	{ "tab0", "-tab3" },
	{ "lcase", "iuclc olcuc" },
	{ "-lcase", "-iuclc -olcuc" },
	{ "decctlq", "-ixany" },
	{ "-decctlq", "ixany" },
	{ "evenp", "parenb -parodd cs7" },
	{ "parity", "parenb -parodd cs7" },
	{ "oddp", "parenb parodd cs7" },
	{ "-evenp", "-parenb cs8" },
	{ "-parity", "-parenb cs8" },
	{ "-oddp", "-parenb cs8" },
	{ "pass8", "-parenb -istrip cs8" },
	{ "-pass8", "parenb istrip cs7" },
	{ "litout", "-parenb -istrip -opost cs8" },
	{ "-litout", "parenb istrip opost cs7" },
	{ "tandem", "ixoff" },
	{ "-tandem", "-ixoff" },
	{ "hup", "hupcl" },
	{ "-hup", "-hupcl" },
	{ "ctlecho", "echoctl" },
	{ "-ctlecho", "-echoctl" },
	{ "crterase", "echoe" },
	{ "-crterase", "-echoe" },
	{ "crtkill", "echoke" },
	{ "-crtkill", "-echoke" },
	{ "prterase", "echoprt" },
	{ "-prterase", "-echoprt" },
};

static int change(const char *word, const char *next);

static int set_group(const char *word)
{
	char text[200], *words[32], *rest = text;
	int n = 0;

	if (!strcmp(word, "sane")) {
		set_sane();
		return 1;
	}
	for (size_t i = 0; i < COUNT(groups); i++) {
		if (strcmp(word, groups[i].name) != 0)
			continue;
		strcpy(text, groups[i].words);
		while ((words[n] = strtok_r(rest, " ", &rest)))
			n++;
		for (int k = 0; k < n; k++)
			k += change(words[k], words[k + 1]);
		return 1;
	}
	return 0;
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

/* The code of a speed, in *code; 0: no such one. */
static int find_speed(const char *word, speed_t *code)
{
	for (size_t i = 0; i < COUNT(speeds); i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", speeds[i].number);
		*code = speeds[i].code;
		if (!strcmp(word, text))
			return 1;
	}
	return 0;
}

static int set_speed(const char *word)
{
	speed_t code;

	if (!find_speed(word, &code))
		return 0;
	cfsetospeed(&now, code);
	cfsetispeed(&now, code);
	return 1;
}

/* "ispeed N" and "ospeed N". */
static void set_one_speed(const char *word, const char *next)
{
	speed_t code;

	if (!next)
		errx(1, "%s: which number?", word);
	if (!find_speed(next, &code))
		errx(1, "%s: there is no speed %s", word, next);
	if (*word == 'i')
		cfsetispeed(&now, code);
	else
		cfsetospeed(&now, code);
}

/* What one word asks for; how many words more it took. */
static int change(const char *word, const char *next)
{
	if (!strcmp(word, "size")) {
		printf("%d %d\n", size.ws_row, size.ws_col);
		return 0;
	}
	if (!strcmp(word, "speed")) {
		printf("%d\n", speed_now());
		return 0;
	}
	changed = 1;
	if (set_group(word) || set_from_earlier(word) || set_speed(word))
		return 0;
	if (!strncmp(word, "cs", 2) && word[2] >= '5' && word[2] <= '8' &&
	    !word[3]) {
		now.c_cflag &= ~(tcflag_t)CSIZE;
		now.c_cflag |= (tcflag_t)(word[2] - '5') * CS6;
		return 0;
	}
	if (!strcmp(word, "ispeed") || !strcmp(word, "ospeed")) {
		set_one_speed(word, next);
		return 1;
	}
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
		errx(1, "invalid argument '%s'", word);
	}
	new_size = 1;
	return 1;
}

static _Noreturn void usage(void)
{
	printf("usage: stty [-F terminal] [-a | -g | setting...]\n"
	       "settings: [-]flag (stty -a names them), rows N, columns N, a "
	       "speed, min N, time N,\n"
	       "intr erase kill ... and a character (^C, undef), sane raw "
	       "cooked cbreak nl ek crt\n"
	       "evenp oddp pass8 litout tabs lcase; size and speed show\n");
	exit(0);
}

/* The options, which may stand anywhere; what is left are settings. */
static int options(int argc, char **argv, int *shown)
{
	int left = 1;

	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (!strcmp(a, "--help"))
			usage();
		if (!strcmp(a, "-a") || !strcmp(a, "--all"))
			*shown = 'a';
		else if (!strcmp(a, "-g") || !strcmp(a, "--save"))
			*shown = 'g';
		else if (!strcmp(a, "-F") || !strcmp(a, "--file"))
			name = ++i < argc ? argv[i] : "";
		else if (!strncmp(a, "-F", 2))
			name = a + 2;
		else if (!strncmp(a, "--file=", 7))
			name = a + 7;
		else
			argv[left++] = argv[i];
	}
	argv[left] = NULL;
	return left;
}

int main(int argc, char **argv)
{
	struct termios got;
	int shown = 0;

	argc = options(argc, argv, &shown);
	if (shown && argc > 1)
		errx(1, "-%c shows, and %s is to be set", shown, argv[1]);
	if (strcmp(name, "standard input") != 0)
		fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || tcgetattr(fd, &now) < 0 ||
	    ioctl(fd, TIOCGWINSZ, &size) < 0)
		err(1, "%s", name);
	if (shown == 'g') {
		show_for_later();
		return 0;
	}
	if (argc == 1) {
		show(shown == 'a');
		return 0;
	}
	for (int i = 1; i < argc; i++)
		i += change(argv[i], argv[i + 1]);
	if (!changed)
		return 0;
	if (new_size && ioctl(fd, TIOCSWINSZ, &size) < 0)
		err(1, "size");
	if (tcsetattr(fd, TCSADRAIN, &now) < 0)
		err(1, "%s", name);
	/* A terminal takes what it can. */
	if (tcgetattr(fd, &got) < 0 || got.c_iflag != now.c_iflag ||
	    got.c_oflag != now.c_oflag || got.c_cflag != now.c_cflag ||
	    got.c_lflag != now.c_lflag ||
	    memcmp(got.c_cc, now.c_cc, sizeof(got.c_cc)) != 0)
		errx(1, "the terminal does not do all of that");
	return 0;
}
