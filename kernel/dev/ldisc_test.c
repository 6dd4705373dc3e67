/*
 * The line discipline: editing, echo, signals, raw mode, long lines, full
 * rings, changes of mode; and a comparison with a simple model under random
 * input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dev/ldisc.c"

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)

static struct ldisc l;
#define RING 16384u
static unsigned char ring[RING];
static uint64_t ring_ends[RING / 64];
static char screen[1 << 20];
static size_t on_screen;

static void take_echo(void *arg, const unsigned char *p, unsigned n)
{
	if (on_screen + n < sizeof(screen))
		memcpy(screen + on_screen, p, n);
	on_screen += n;
	screen[on_screen] = 0;
}

static void fresh(void)
{
	ldisc_init(&l);
	l.ring = (struct ldisc_ring){ ring, ring_ends, RING };
	l.dump_key = true;
	l.echo = take_echo;
	on_screen = 0;
	screen[0] = 0;
}

static unsigned type(const char *s)
{
	return ldisc_input(&l, (const unsigned char *)s, strlen(s));
}

static bool shown(const char *s)
{
	bool same = !strcmp(screen, s);

	if (!same)
		printf("on the screen: \"%s\"\n", screen);
	on_screen = 0;
	screen[0] = 0;
	return same;
}

/* Reads one line (or what there is) and compares. */
static bool reads(const char *want, bool want_done)
{
	unsigned char buf[512];
	bool done;
	unsigned n = ldisc_read(&l, buf, sizeof(buf), &done);

	return n == strlen(want) && !memcmp(buf, want, n) && done == want_done;
}

static void test_lines(void)
{
	fresh();
	CHECK(!(type("hello") & LDISC_WAKE));
	CHECK(!ldisc_readable(&l));
	CHECK(type("\r") & LDISC_WAKE);
	CHECK(ldisc_readable(&l));
	CHECK(ldisc_count(&l) == 6);
	CHECK(shown("hello\r\n"));
	CHECK(reads("hello\n", true));
	CHECK(!ldisc_readable(&l));

	type("one\ntwo\nthr");
	CHECK(reads("one\n", true));
	CHECK(reads("two\n", true));
	CHECK(reads("", false));
	type("ee\n");
	CHECK(reads("three\n", true));
	on_screen = 0;

	/* A line in small reads. */
	type("abcdef\n");
	{
		unsigned char b[4];
		bool done;

		CHECK(ldisc_read(&l, b, 4, &done) == 4 && !done);
		CHECK(ldisc_readable(&l));
		CHECK(ldisc_read(&l, b, 4, &done) == 3 && done);
	}
}

static void test_erase(void)
{
	fresh();
	type("ab\x7f"
	     "c\b\bd\n");
	CHECK(shown("ab\b \bc\b \b\b \bd\r\n"));
	CHECK(reads("d\n", true));
	type("\x7f\x7f"
	     "x\n"); /* nothing to rub out */
	CHECK(shown("x\r\n"));
	CHECK(reads("x\n", true));

	type("foo bar  \x17");
	on_screen = 0;
	type("\n");
	CHECK(reads("foo \n", true));
	type("foo bar\x15zz\n");
	CHECK(reads("zz\n", true));
	on_screen = 0;

	/* Control characters take two columns, a tab up to eight. */
	type("\x01\x7f");
	CHECK(shown("^A\b \b\b \b"));
	type("\r");
	CHECK(reads("\n", true));
	on_screen = 0;
	screen[0] = 0;
	l.column = 0;
	type("abc\t\x7f");
	CHECK(shown("abc\t\b\b\b\b\b"));
	type("\x15\n");
	CHECK(reads("\n", true));

	/* One key takes a character of several bytes. */
	on_screen = 0;
	type("a\xc3\xa9\x7f"
	     "b\n");
	CHECK(reads("ab\n", true));
	CHECK(shown("a\xc3\xa9\b \bb\r\n"));

	/* ^R shows the line again, ^V takes the next byte as it is. */
	type("xy\x12");
	CHECK(shown("xy^R\r\nxy"));
	type("\x16\x03\x16\x15\n");
	CHECK(reads("xy\x03\x15\n", true));
}

static void test_eof(void)
{
	fresh();
	CHECK(type("\x04") & LDISC_WAKE);
	CHECK(ldisc_readable(&l));
	CHECK(ldisc_count(&l) == 0);
	CHECK(reads("", true));
	CHECK(!ldisc_readable(&l));
	type("ab\x04");
	CHECK(reads("ab", true));
	CHECK(!ldisc_readable(&l));
	/* The end behind exactly as much as the reader wanted is not left. */
	type("ab\x04"
	     "c\n");
	{
		unsigned char b[2];
		bool done;

		CHECK(ldisc_read(&l, b, 2, &done) == 2 && done);
	}
	CHECK(reads("c\n", true));
}

static void test_signals(void)
{
	fresh();
	type("abc");
	CHECK(type("\x03") & LDISC_INTR);
	CHECK(shown("abc^C"));
	type("d\n");
	CHECK(reads("d\n", true));
	CHECK(type("\x1c") & LDISC_QUIT);
	CHECK(type("\x1a") & LDISC_SUSP);
	CHECK(type("\x10") & LDISC_DUMP);
	CHECK(type("\x03") & LDISC_FLUSH);
	l.tio.c_lflag |= NOFLSH;
	type("xy");
	CHECK(!(type("\x03") & LDISC_FLUSH));
	type("\n");
	CHECK(reads("xy\n", true));
	l.tio.c_lflag &= ~ISIG;
	CHECK(!(type("\x03\x10") & (LDISC_INTR | LDISC_DUMP)));
	type("\n");
	CHECK(reads("\x03\x10\n", true));

	fresh();
	CHECK(type("\x13") == LDISC_STOP && l.stopped);
	CHECK(type("\x11") == LDISC_START && !l.stopped);
	CHECK(type("\x13\x11") == LDISC_START);
	CHECK(type("\x11\x13") == LDISC_STOP);
	l.tio.c_iflag |= IXANY;
	CHECK(type("a") & LDISC_START);
}

static void test_raw(void)
{
	struct termios t;

	fresh();
	type("left");
	t = l.tio;
	t.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
	t.c_iflag = 0;
	t.c_oflag &= ~OPOST;
	CHECK(ldisc_set_termios(&l, &t) & LDISC_WAKE);
	CHECK(ldisc_readable(&l) == 4);
	on_screen = 0;
	screen[0] = 0;
	CHECK(type("\x03\r\n\x04\x7f") & LDISC_WAKE);
	CHECK(shown(""));
	CHECK(reads("left\x03\r\n\x04\x7f", false));

	/* Typed raw, read as lines; the rest can be edited. */
	type("abc\ndef\r\x04gh");
	t.c_lflag |= ICANON;
	t.c_iflag |= ICRNL;
	ldisc_set_termios(&l, &t);
	CHECK(reads("abc\n", true));
	CHECK(reads("def\n", true));
	CHECK(reads("", true));
	CHECK(!ldisc_readable(&l));
	type("\x7fi\n");
	CHECK(reads("gi\n", true));
	/* A line waiting when raw mode comes, and back. */
	type("one\ntwo\n");
	t.c_lflag &= ~ICANON;
	ldisc_set_termios(&l, &t);
	CHECK(ldisc_readable(&l) == 8);
	t.c_lflag |= ICANON;
	ldisc_set_termios(&l, &t);
	CHECK(reads("one\n", true));
	CHECK(reads("two\n", true));
	CHECK(!ldisc_readable(&l) && l.ends == 0);
}

static void test_long(void)
{
	static unsigned char line[3 * RING];
	unsigned char got[8192];
	bool done;
	unsigned n;

	fresh();
	l.tio.c_lflag &= ~ECHO;
	memset(line, 'x', sizeof(line));
	ldisc_input(&l, line, 4095);
	type("\n");
	n = ldisc_read(&l, got, sizeof(got), &done);
	CHECK(n == 4096 && done && got[4095] == '\n');

	/* Longer than a line: cut, but it ends. */
	ldisc_input(&l, line, sizeof(line));
	CHECK(ldisc_room(&l) >= RING / 2);
	type("\n");
	n = ldisc_read(&l, got, sizeof(got), &done);
	CHECK(n == 4096 && done && got[4095] == '\n');

	/* Many lines: as long as the room is told, nothing is lost. */
	unsigned lines = 0, chars = 0;

	while (ldisc_room(&l) >= 512) {
		ldisc_input(&l, line, 70);
		type("\n");
		lines++;
	}
	CHECK(lines > 150);
	while (ldisc_readable(&l)) {
		n = ldisc_read(&l, got, sizeof(got), &done);
		CHECK(n == 71 && done);
		chars += n;
		lines--;
	}
	CHECK(lines == 0 && chars > 10000);

	/* Nobody reads and the ring is full: still sane. */
	for (unsigned i = 0; i < 100; i++) {
		ldisc_input(&l, line, 1000);
		type("\n");
	}
	CHECK(l.wr - l.rd <= RING);
	while (ldisc_readable(&l))
		ldisc_read(&l, got, sizeof(got), &done);
	CHECK(l.ends == 0);
}

static void test_output(void)
{
	unsigned char out[16];
	unsigned made, used;

	fresh();
	used = ldisc_output(&l, (const unsigned char *)"a\nb", 3, out, 16,
			    &made);
	CHECK(used == 3 && made == 4 && !memcmp(out, "a\r\nb", 4));
	used = ldisc_output(&l, (const unsigned char *)"a\nb", 3, out, 2,
			    &made);
	CHECK(used == 1 && made == 1); /* CR NL stay together */
	l.tio.c_oflag |= XTABS;
	l.column = 3;
	used = ldisc_output(&l, (const unsigned char *)"\tz", 2, out, 16,
			    &made);
	CHECK(used == 2 && made == 6 && !memcmp(out, "     z", 6));
	l.tio.c_oflag = 0;
	used = ldisc_output(&l, (const unsigned char *)"a\nb", 3, out, 16,
			    &made);
	CHECK(used == 3 && made == 3);
}

/* What is no byte: breaks and damaged ones. */
static void test_marks(void)
{
	struct termios t;

	fresh();
	t = l.tio;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	ldisc_set_termios(&l, &t);
	CHECK(ldisc_input_break(&l) & LDISC_WAKE);
	CHECK(ldisc_count(&l) == 1);
	ldisc_flush_input(&l);
	l.tio.c_iflag |= PARMRK;
	ldisc_input_break(&l);
	CHECK(ldisc_count(&l) == 3 && ring[(l.rd) % RING] == 0xff);
	l.tio.c_iflag |= IGNBRK;
	ldisc_flush_input(&l);
	CHECK(!ldisc_input_break(&l) && !ldisc_count(&l));
	l.tio.c_iflag &= ~(tcflag_t)IGNBRK;
	l.tio.c_iflag |= BRKINT;
	type("abc");
	CHECK(ldisc_input_break(&l) == (LDISC_INTR | LDISC_FLUSH));
	CHECK(!ldisc_count(&l));
	l.tio.c_lflag |= NOFLSH;
	type("abc");
	CHECK(ldisc_input_break(&l) == LDISC_INTR && ldisc_count(&l) == 3);

	/* Damaged: as it is, dropped, zero, or marked. */
	l.tio.c_iflag = 0;
	ldisc_flush_input(&l);
	ldisc_input_error(&l, 'x');
	CHECK(reads("x", false));
	l.tio.c_iflag = INPCK | IGNPAR;
	ldisc_input_error(&l, 'x');
	CHECK(!ldisc_count(&l));
	l.tio.c_iflag = INPCK;
	ldisc_input_error(&l, 'x');
	CHECK(ldisc_count(&l) == 1 && ring[l.rd % RING] == 0);
	ldisc_flush_input(&l);
	l.tio.c_iflag = INPCK | PARMRK;
	ldisc_input_error(&l, 'x');
	CHECK(ldisc_count(&l) == 3 && ring[(l.rd + 2) % RING] == 'x');
}

/* A larger ring in the middle of everything. */
static void test_grow(void)
{
	static unsigned char small[2][LDISC_IN_MIN], line[3000];
	static uint64_t ends[2][LDISC_IN_MIN / 64];
	struct ldisc_ring old;
	unsigned char got[4096];
	bool done;

	fresh();
	l.tio.c_lflag &= ~(tcflag_t)ECHO;
	l.ring = (struct ldisc_ring){ small[0], ends[0], LDISC_IN_MIN };
	memset(line, 'q', sizeof(line));
	/* Positions that have gone round. */
	for (unsigned i = 0; i < 5; i++) {
		ldisc_input(&l, line, 3000);
		type("\n");
		CHECK(ldisc_read(&l, got, sizeof(got), &done) == 3001 && done);
	}
	type("one\n\x04two\x04");
	ldisc_input(&l, line, 3000);
	CHECK(ldisc_free(&l) < 1100 && ldisc_room(&l) < 1100);
	old = ldisc_use(&l, (struct ldisc_ring){ ring, ring_ends, RING });
	CHECK(old.in == small[0] && old.end == ends[0]);
	memset(small[0], 0, sizeof(small[0]));
	CHECK(ldisc_room(&l) > 12000);
	type("\n");
	CHECK(reads("one\n", true));
	CHECK(reads("", true));
	CHECK(reads("two", true));
	/* And a small one again. */
	ldisc_use(&l, (struct ldisc_ring){ small[1], ends[1], LDISC_IN_MIN });
	CHECK(ldisc_read(&l, got, sizeof(got), &done) == 3001 && done);
	CHECK(!memcmp(got, line, 3000) && l.ends == 0 && l.eofs == 0);
}

static void test_choices(void)
{
	struct termios t;

	fresh();
	l.dump_key = false;
	CHECK(!(type("a\x10") & LDISC_DUMP));
	type("\n");
	CHECK(reads("a\x10\n", true));
	/* In raw mode it is no key, on the console neither. */
	l.dump_key = true;
	t = l.tio;
	t.c_lflag &= ~(tcflag_t)ICANON;
	ldisc_set_termios(&l, &t);
	CHECK(!(type("\x10") & LDISC_DUMP));
	CHECK(reads("\x10", false));
	/* What is not heeded is not kept. */
	t.c_oflag |= OFILL | OFDEL | OPOST;
	t.c_lflag |= XCASE | FLUSHO | PENDIN | ECHOPRT;
	t.c_line = 3;
	ldisc_set_termios(&l, &t);
	CHECK(!(l.tio.c_oflag & (OFILL | OFDEL)) && l.tio.c_oflag & OPOST);
	CHECK(!(l.tio.c_lflag & (XCASE | FLUSHO | PENDIN)));
	CHECK(l.tio.c_lflag & ECHOPRT && !l.tio.c_line);
}

static void test_random(void)
{
	static const char keys[] = "abc de\t\n\n\r\x7f\x15\x17\x12\x04\x16\x03";
	struct termios t;
	unsigned char buf[700];
	bool done;

	for (unsigned seed = 1; seed < 200; seed++) {
		srand(seed);
		fresh();
		for (unsigned i = 0; i < 4000; i++) {
			unsigned r = rand() % 100;
			unsigned char c = keys[rand() % (sizeof(keys) - 1)];

			if (r < 90) {
				ldisc_input(&l, &c, 1);
			} else if (r < 98) {
				ldisc_read(&l, buf, rand() % sizeof(buf),
					   &done);
			} else {
				t = l.tio;
				t.c_lflag ^= ICANON;
				ldisc_set_termios(&l, &t);
			}
			/* The rings stay whole. */
			CHECK(l.ready - l.rd <= l.wr - l.rd);
			CHECK(l.wr - l.rd <= RING);
			unsigned ends = 0;

			for (uint32_t p = l.rd; p != l.ready; p++)
				ends += is_end(&l, p);
			CHECK(ends == l.ends);
			if (failures > 5)
				return;
			on_screen = 0;
		}
	}
}

int main(void)
{
	test_lines();
	test_erase();
	test_eof();
	test_signals();
	test_raw();
	test_long();
	test_output();
	test_marks();
	test_grow();
	test_choices();
	test_random();
	if (!failures)
		printf("ldisc_test: ok\n");
	return failures != 0;
}
