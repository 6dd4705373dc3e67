/*
 * Where each character stands is worked out from the text; the screen is
 * never read. "Rows" count from the one in which the last line of the prompt
 * begins. See screen.h.
 */
#include "user/bin/sh/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "user/bin/sh/mem.h"
#include "user/bin/utf8.h"
#include "user/bin/sh/var.h"

#define TAB 8
/* A narrower terminal is treated as one of so many columns. */
#define LEAST_COLUMNS 4

struct place {
	size_t row, col;
};

static size_t rows = 24, cols = 80;
static char *prompt;       /* its last line */
static struct place start; /* behind the prompt */
static struct place cur;   /* the cursor, which is */
static size_t cur_at;      /* before this byte of the text */
static struct place end;   /* behind what is drawn */
static size_t top;         /* the first row that is seen */
/* It stands behind a full row, really, and cur says the start of the next. */
static bool pending;

static char buf[512];
static size_t buf_len;

void screen_flush(void)
{
	const char *p = buf;
	ssize_t n;

	while (buf_len) {
		n = write(2, p, buf_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* nobody sees it: the terminal is gone */
		p += n;
		buf_len -= (size_t)n;
	}
	buf_len = 0;
}

void screen_put(const char *s, size_t len)
{
	while (len) {
		size_t n = sizeof(buf) - buf_len;

		if (n > len)
			n = len;
		memcpy(buf + buf_len, s, n);
		buf_len += n;
		s += n;
		len -= n;
		if (buf_len == sizeof(buf))
			screen_flush();
	}
}

void screen_puts(const char *s)
{
	screen_put(s, strlen(s));
}

void screen_bell(void)
{
	screen_puts("\a");
	screen_flush();
}

size_t screen_columns(void)
{
	return cols;
}

void screen_set_size(size_t r, size_t c)
{
	rows = r ? r : 24;
	cols = c ? c : 80;
	if (cols < LEAST_COLUMNS)
		cols = LEAST_COLUMNS;
}

/* A small number in a variable, 0 if it is none. */
static size_t number_in(const char *name)
{
	const char *s = var_get(name);
	size_t n = 0;

	for (; s && *s >= '0' && *s <= '9' && n < 10000; s++)
		n = n * 10 + (size_t)(*s - '0');
	return s && !*s ? n : 0;
}

bool screen_measure(void)
{
	size_t r = rows, c = cols;
	struct winsize ws;

	if (ioctl(2, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		screen_set_size(ws.ws_row, ws.ws_col);
	else
		screen_set_size(number_in("LINES"), number_in("COLUMNS"));
	return r != rows || c != cols;
}

/* ---- where things stand ---- */

static void step(struct place *p, size_t width)
{
	/* A wide character that does not fit goes to the next row. */
	if (p->col + width > cols) {
		p->row++;
		p->col = 0;
	}
	p->col += width;
	if (p->col >= cols) {
		p->row++;
		p->col = 0;
	}
}

/* What is seen of one character: so many columns of this text. */
struct shown {
	char text[TAB + 1];
	size_t len;
	size_t width; /* 0..2 for one character, or of that many bytes */
	bool cells;   /* each byte is a column by itself */
};

/* Takes the character at s for a place in column col; returns its bytes. */
static size_t show(struct shown *x, const char *s, size_t n, size_t col)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)*s;
	int code;
	size_t used = utf8_get(s, n, &code);

	x->cells = true;
	if (code == '\t') {
		x->len = TAB - col % TAB;
		memset(x->text, ' ', x->len);
	} else if (code >= 0 && (code < ' ' || code == 127)) {
		x->len = 2;
		x->text[0] = '^';
		x->text[1] = (char)(code ^ 64);
	} else if (code < 0 || (code >= 128 && code < 160)) {
		/* Not a character, or one that a terminal would obey. */
		c = (unsigned char)s[used - 1];
		x->len = 4;
		x->text[0] = '<';
		x->text[1] = hex[c >> 4];
		x->text[2] = hex[c & 15];
		x->text[3] = '>';
	} else {
		x->cells = false;
		x->len = used;
		memcpy(x->text, s, used);
	}
	x->width = x->cells ? x->len : (size_t)utf8_width(code);
	return used;
}

static void step_shown(struct place *p, const struct shown *x)
{
	size_t i;

	if (x->cells)
		for (i = 0; i < x->len; i++)
			step(p, 1);
	else if (x->width)
		step(p, x->width);
}

/* Moves p from byte at of the text to byte to. */
static void walk(struct place *p, const char *s, size_t len, size_t at,
		 size_t to)
{
	struct shown x;

	while (at < to) {
		if (s[at] == '\n') {
			p->row++;
			p->col = 0;
			at++;
			continue;
		}
		at += show(&x, s + at, len - at, p->col);
		step_shown(p, &x);
	}
}

/* The place of a byte; known is one whose place is cur. */
static struct place place_of(const char *s, size_t len, size_t at, size_t known)
{
	struct place p = start;

	if (at >= known) {
		p = cur;
		walk(&p, s, len, known, at);
	} else {
		walk(&p, s, len, 0, at);
	}
	return p;
}

/* The first byte that stands in a row. */
static size_t byte_of_row(const char *s, size_t len, size_t row)
{
	struct place p = start;
	struct shown x;
	size_t at = 0;

	while (at < len && p.row < row) {
		if (s[at] == '\n') {
			p.row++;
			p.col = 0;
			at++;
			continue;
		}
		at += show(&x, s + at, len - at, p.col);
		step_shown(&p, &x);
	}
	return at;
}

/* ---- moving and writing ---- */

static void put_move(size_t n, char what)
{
	char text[24];

	if (!n)
		return;
	screen_puts("\033[");
	if (n > 1)
		screen_puts(num_text(text, (long)n));
	screen_put(&what, 1);
}

static void move_to(struct place p)
{
	if (p.row < cur.row)
		put_move(cur.row - p.row, 'A');
	else
		put_move(p.row - cur.row, 'B');
	if (p.col == 0 && (cur.col || cur.row != p.row))
		screen_puts("\r");
	else if (p.row == cur.row && p.col + 1 == cur.col)
		screen_puts("\b");
	else if (p.row == cur.row && p.col > cur.col)
		put_move(p.col - cur.col, 'C');
	else if (p.col != cur.col || p.row != cur.row) {
		screen_puts("\r");
		put_move(p.col, 'C');
	}
	cur = p;
}

/*
 * The cursor behind the last column stays there until something follows. A
 * blank and a return bring it to the next row on every kind of terminal.
 */
static void settle(void)
{
	if (pending)
		screen_puts(" \r");
	pending = false;
}

/*
 * Writes the text from byte at on, which stands at cur, but nothing below
 * row last. Returns where it stopped.
 */
static size_t paint(const char *s, size_t len, size_t at, size_t last)
{
	struct place after;
	struct shown x;
	size_t used;

	while (at < len && cur.row <= last) {
		if (s[at] == '\n') {
			if (cur.row == last)
				break;
			settle();
			screen_puts("\033[K\n");
			cur.row++;
			cur.col = 0;
			at++;
			continue;
		}
		used = show(&x, s + at, len - at, cur.col);
		if (!x.cells && x.width == 2 && cur.col + 2 > cols) {
			if (cur.row == last)
				break;
			screen_puts(" ");
		}
		after = cur;
		step_shown(&after, &x);
		if (after.row > last && after.col)
			break;
		screen_put(x.text, x.len);
		at += used;
		cur = after;
		pending = x.width && !cur.col;
	}
	return at;
}

/* Works out where the prompt ends; a sequence in it takes no room. */
static void measure_prompt(void)
{
	const char *p = prompt;
	size_t n = strlen(p), used;
	struct shown x;
	int code;

	start.row = start.col = 0;
	for (; n; p += used, n -= used) {
		if (p[0] == '\033' && n > 1 && (p[1] == '[' || p[1] == ']')) {
			bool osc = p[1] == ']';

			for (used = 2; used < n; used++)
				if (osc ? p[used] == '\a'
					: p[used] >= '@' && p[used] <= '~')
					break;
			used += used < n;
			continue;
		}
		used = utf8_get(p, n, &code);
		if (code < ' ' || code == 127)
			continue;
		show(&x, p, n, start.col);
		step_shown(&start, &x);
	}
}

static void put_prompt(void)
{
	measure_prompt();
	screen_puts(prompt);
	cur = end = start;
	cur_at = 0;
	pending = start.row && !start.col;
	settle();
}

static void set_prompt(const char *text)
{
	char *copy = mem_dup(text);

	free(prompt);
	prompt = copy;
}

void screen_begin(const char *text)
{
	const char *last = strrchr(text, '\n');

	last = last ? last + 1 : text;
	screen_put(text, (size_t)(last - text));
	set_prompt(last);
	top = 0;
	put_prompt();
	screen_flush();
}

static bool is_behind(struct place a, struct place b)
{
	return a.row > b.row || (a.row == b.row && a.col > b.col);
}

void screen_draw(const char *s, size_t len, size_t pos, size_t from)
{
	size_t known = cur_at <= from ? cur_at : (size_t)-1;
	size_t new_top = top;
	struct place want = place_of(s, len, pos, known);
	struct place at = place_of(s, len, from, known);
	struct place old = end;

	if (want.row < top)
		new_top = want.row;
	else if (want.row >= top + rows)
		new_top = want.row - rows + 1;
	if (new_top < top || at.row < top || at.row >= top + rows) {
		/* Other rows than before: all of them anew. */
		at.row = top;
		at.col = 0;
		move_to(at);
		screen_puts("\033[J");
		top = new_top;
		from = byte_of_row(s, len, top);
		if (top == 0) {
			from = 0;
			put_prompt();
		} else {
			cur.row = top;
			cur.col = 0;
		}
		at = old = cur;
	}
	if (from < len || is_behind(old, at)) {
		move_to(at);
		paint(s, len, from, new_top + rows - 1);
		end = cur;
		if (cur.row < new_top + rows) {
			settle();
		} else {
			/* Not below the last row: the first would be lost. */
			screen_puts("\r");
			pending = false;
			cur.row--;
			cur.col = 0;
		}
		if (is_behind(old, end))
			screen_puts("\033[J");
		if (new_top > top)
			top = new_top;
	}
	move_to(want);
	cur_at = pos;
	screen_flush();
}

void screen_redraw(const char *text, const char *s, size_t len, size_t pos)
{
	struct place home = { top, 0 };

	if (text) {
		const char *last = strrchr(text, '\n');

		set_prompt(last ? last + 1 : text);
	}
	move_to(home);
	screen_puts("\033[J");
	top = 0;
	put_prompt();
	screen_draw(s, len, pos, 0);
}

void screen_resize(const char *s, size_t len, size_t pos)
{
	if (!screen_measure())
		return;
	measure_prompt();
	cur = start;
	walk(&cur, s, len, 0, cur_at);
	top = cur.row >= rows ? cur.row - rows + 1 : 0;
	screen_redraw(NULL, s, len, pos);
}

void screen_clear(void)
{
	screen_puts("\033[H\033[2J");
	cur.row = cur.col = 0;
	top = 0;
}

void screen_leave(const char *s, size_t len, const char *after)
{
	screen_draw(s, len, len, len);
	screen_puts(after);
	screen_flush();
}

size_t screen_put_name(const char *name, bool put)
{
	size_t n = strlen(name), used, width = 0;
	struct shown x;
	int code;

	for (; n; name += used, n -= used) {
		used = utf8_get(name, n, &code);
		if (code < 0 || (code < ' ' && code >= 0) ||
		    (code >= 127 && code < 160)) {
			x.text[0] = '?';
			x.len = x.width = 1;
		} else {
			show(&x, name, n, 0);
		}
		width += x.width;
		if (put)
			screen_put(x.text, x.len);
	}
	return width;
}
