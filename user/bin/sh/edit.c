/*
 * The text of the line, a cursor in it, and a function for each key. What is
 * seen is screen.c's business. See edit.h.
 */
#include "user/bin/sh/edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "user/bin/sh/chars.h"
#include "user/bin/sh/complete.h"
#include "user/bin/sh/hist.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/screen.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/term.h"
#include "user/bin/sh/trap.h"
#include "user/bin/sh/var.h"
#include "user/bin/utf8.h"

#define CTL(c) ((c)&31)
/* More possibilities than this are listed only after a question. */
#define ASK_NAMES 100

/* What keys are called when they are no byte; META goes with one. */
enum {
	KEY_SIGNAL = -2,
	KEY_EOF = -1,
	KEY_META = 0x100,
	KEY_UP = 0x200,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_DELETE,
	KEY_WORD_LEFT,
	KEY_WORD_RIGHT,
	KEY_PASTE,
	KEY_SIZE,
	KEY_TEXT, /* a character of several bytes: key_text */
	KEY_NONE, /* a sequence that means nothing here */
};

static char *text; /* the line, a heap block that only grows */
static size_t len, cap, pos;
static const char *prompt;
static long shown;   /* the history entry that is seen, */
static char *draft;  /* and what was there before, or NULL */
static char *killed; /* what ^Y puts back */
static bool killing; /* the last key killed too */
static bool was_killing;
static long word_from; /* Alt-.: the entry that it took a word from, */
static size_t word_at; /* and where the word begins */
static bool tabbed;    /* the last key was a Tab that led nowhere */
static bool was_tabbed;
static int back = -1; /* a byte given back */
static char key_text[8];
static size_t key_len;
static unsigned int report[2]; /* a size that the terminal reported */

/* ---- keys ---- */

/* A byte, KEY_EOF, or KEY_SIGNAL when the line is not to go on. */
static int get_byte(void)
{
	unsigned char c;
	ssize_t n;

	if (back >= 0) {
		c = (unsigned char)back;
		back = -1;
		return c;
	}
	for (;;) {
		if (!trap_poll(0)) {
			if (trap_pending)
				return KEY_SIGNAL;
			/* Another size, or we were stopped and go on. */
			term_edit();
			screen_resize(text, len, pos);
			continue;
		}
		n = read(0, &c, 1);
		if (n == 1)
			return c;
		if (n == 0 || errno != EINTR)
			return KEY_EOF;
	}
}

/* What comes behind ESC [ : numbers, and a last byte. */
static int get_sequence(void)
{
	unsigned int v[4] = { 0 }, n = 0;
	int c;

	for (;;) {
		c = get_byte();
		if (c < 0)
			return c;
		if (is_digit(c)) {
			if (v[n] < 100000)
				v[n] = v[n] * 10 + (unsigned int)c - '0';
		} else if (c == ';') {
			if (n < 3)
				n++;
		} else if (c < ' ' || c >= '@') {
			break;
		}
	}
	switch (c) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return v[1] ? KEY_WORD_RIGHT : KEY_RIGHT;
	case 'D':
		return v[1] ? KEY_WORD_LEFT : KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	case 'R':
		report[0] = v[0];
		report[1] = v[1];
		return KEY_SIZE;
	case '~':
		switch (v[0]) {
		case 1:
		case 7:
			return KEY_HOME;
		case 3:
			return KEY_DELETE;
		case 4:
		case 8:
			return KEY_END;
		case 200:
			return KEY_PASTE;
		}
	}
	return KEY_NONE;
}

static int get_escape(void)
{
	int c = get_byte();

	switch (c) {
	case '[':
		return get_sequence();
	case 'O':
		c = get_byte();
		switch (c) {
		case 'A':
			return KEY_UP;
		case 'B':
			return KEY_DOWN;
		case 'C':
			return KEY_RIGHT;
		case 'D':
			return KEY_LEFT;
		case 'H':
			return KEY_HOME;
		case 'F':
			return KEY_END;
		case 'c':
			return KEY_WORD_RIGHT;
		case 'd':
			return KEY_WORD_LEFT;
		}
		return c < 0 ? c : KEY_NONE;
	case 033:
		/* Alt with a key that sends a sequence itself. */
		c = get_escape();
		return c == KEY_LEFT    ? KEY_WORD_LEFT
		       : c == KEY_RIGHT ? KEY_WORD_RIGHT
					: c;
	}
	return c < 0 ? c : KEY_META + c;
}

/* The user's own keys for what the terminal would do by itself. */
static int translate(int c)
{
	const cc_t *cc = term_own()->c_cc;

	if (c == 127 || c == '\b' || (c && c == cc[VERASE]))
		return 127;
	if (c && c == cc[VKILL])
		return CTL('U');
	if (c && c == cc[VWERASE])
		return CTL('W');
	if (c && c == cc[VEOF])
		return CTL('D');
	return c == '\r' ? '\n' : c;
}

static int get_key(void)
{
	int c = get_byte();
	size_t want;

	if (c < 0)
		return c;
	if (c == 033)
		return get_escape();
	want = utf8_expect(c);
	if (want == 1 && c < 128)
		return translate(c);
	key_text[0] = (char)c;
	for (key_len = 1; key_len < want; key_len++) {
		c = get_byte();
		if (c < 0)
			return c;
		if ((c & 0xc0) != 0x80) {
			back = c;
			break;
		}
		key_text[key_len] = (char)c;
	}
	return KEY_TEXT;
}

/* ---- the text ---- */

static void reserve(size_t n)
{
	if (n < cap)
		return;
	while (cap <= n)
		cap = cap ? cap * 2 : 256;
	text = mem_heap(text, cap);
}

/* Is there a mark that belongs to the character before it? */
static bool is_mark(size_t at)
{
	int code;

	if (!at || at >= len)
		return false;
	utf8_get(text + at, len - at, &code);
	return code >= 0 && utf8_width(code) == 0;
}

/* Behind the character at at, with its marks; and before the one before. */
static size_t forward(size_t at)
{
	int code;

	do
		at += at < len ? utf8_get(text + at, len - at, &code) : 0;
	while (is_mark(at));
	return at;
}

static size_t backward(size_t at)
{
	do
		at = utf8_back(text, at);
	while (is_mark(at));
	return at;
}

/* Puts s in the place of what is between two bytes; the cursor behind it. */
static void replace(size_t from, size_t to, const char *s, size_t n)
{
	reserve(len - (to - from) + n + 2);
	memmove(text + from + n, text + to, len - to);
	memcpy(text + from, s, n);
	len = len - (to - from) + n;
	pos = from + n;
	/* A mark is drawn with what it stands on. */
	screen_draw(text, len, pos, is_mark(from) ? backward(from) : from);
}

static void move(size_t to)
{
	pos = to;
	screen_draw(text, len, pos, len);
}

static bool is_word(char c)
{
	return is_name((unsigned char)c) || (unsigned char)c >= 128;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static size_t word_left(size_t at)
{
	while (at && !is_word(text[at - 1]))
		at--;
	while (at && is_word(text[at - 1]))
		at--;
	return at;
}

static size_t word_right(size_t at)
{
	while (at < len && !is_word(text[at]))
		at++;
	while (at < len && is_word(text[at]))
		at++;
	return at;
}

/* Keys that kill one after the other make one text for ^Y. */
static void kill_text(size_t from, size_t to)
{
	size_t had = was_killing && killed ? strlen(killed) : 0;
	size_t n = to - from;
	bool before = to == pos && from != pos;
	char *s;

	killing = true;
	if (!n)
		return;
	s = mem_heap(NULL, had + n + 1);
	memcpy(s + (before ? n : 0), killed ? killed : "", had);
	memcpy(s + (before ? 0 : had), text + from, n);
	s[had + n] = '\0';
	free(killed);
	killed = s;
	replace(from, to, "", 0);
}

static void set_text(const char *s)
{
	replace(0, len, s, strlen(s));
}

/* ---- what keys do ---- */

static void do_left(void)
{
	if (!pos)
		screen_bell();
	else
		move(backward(pos));
}

static void do_right(void)
{
	if (pos == len)
		screen_bell();
	else
		move(forward(pos));
}

static void do_word_left(void)
{
	move(word_left(pos));
}

static void do_word_right(void)
{
	move(word_right(pos));
}

static void do_home(void)
{
	move(0);
}

static void do_end(void)
{
	move(len);
}

static void do_backspace(void)
{
	if (!pos)
		screen_bell();
	else
		replace(backward(pos), pos, "", 0);
}

static void do_delete(void)
{
	if (pos == len)
		screen_bell();
	else
		replace(pos, forward(pos), "", 0);
}

static void do_kill_end(void)
{
	kill_text(pos, len);
}

static void do_kill_start(void)
{
	kill_text(0, pos);
}

static void do_kill_blank(void)
{
	size_t from = pos;

	while (from && is_blank(text[from - 1]))
		from--;
	while (from && !is_blank(text[from - 1]))
		from--;
	kill_text(from, pos);
}

static void do_kill_word_left(void)
{
	kill_text(word_left(pos), pos);
}

static void do_kill_word_right(void)
{
	kill_text(pos, word_right(pos));
}

static void do_yank(void)
{
	if (killed)
		replace(pos, pos, killed, strlen(killed));
	else
		screen_bell();
}

/* The character before the cursor goes behind the one at it. */
static void do_transpose(void)
{
	size_t mid = pos, from, to;
	char both[64];

	if (mid == len && mid)
		mid = backward(mid);
	if (!mid) {
		screen_bell();
		return;
	}
	from = backward(mid);
	to = forward(mid);
	if (to - from > sizeof(both)) {
		screen_bell(); /* marks upon marks */
		return;
	}
	memcpy(both, text + mid, to - mid);
	memcpy(both + (to - mid), text + from, mid - from);
	replace(from, to, both, to - from);
}

static void do_clear(void)
{
	screen_clear();
	screen_redraw(NULL, text, len, pos);
}

static void show_entry(long number)
{
	const char *s;
	char *copy;

	if (shown == hist_next()) {
		text[len] = '\0';
		copy = mem_dup(text);
		free(draft);
		draft = copy;
	}
	s = number == hist_next() ? draft : hist_get(number);
	if (!s) {
		screen_bell();
		return;
	}
	shown = number;
	set_text(s);
}

static void do_older(void)
{
	show_entry(shown - 1);
}

static void do_newer(void)
{
	if (shown == hist_next())
		screen_bell();
	else
		show_entry(shown + 1);
}

static void do_oldest(void)
{
	show_entry(hist_first());
}

static void do_newest(void)
{
	if (shown != hist_next())
		show_entry(hist_next());
}

/* The last word of the command before, of the one before that, ... */
static void do_last_word(void)
{
	long from = word_from ? word_from - 1 : hist_next() - 1;
	const char *s = hist_get(from);
	size_t at = word_from ? word_at : pos, n, start;

	if (!s) {
		screen_bell();
		return;
	}
	n = strlen(s);
	start = hist_last_word(s, &n);
	replace(at, pos, s + start, n - start);
	word_from = from;
	word_at = at;
}

/* Takes the next byte as it is. */
static void do_literal(void)
{
	int c;
	char ch;

	term_literal(true);
	c = get_byte();
	term_literal(false);
	ch = (char)c;
	if (c > 0)
		replace(pos, pos, &ch, 1);
}

/* All that comes up to ESC [ 201 ~, whatever it is. */
static void do_paste(void)
{
	static const char stop[] = "\033[201~";
	struct arena_mark m = arena_mark(&cmd_arena);
	struct strbuf sb = { 0 };
	size_t n = sizeof(stop) - 1;
	int c;

	for (;;) {
		c = get_byte();
		if (c < 0)
			break;
		if (c)
			sb_putc(&sb, c == '\r' ? '\n' : c);
		if (sb.len >= n && memcmp(sb.p + sb.len - n, stop, n) == 0) {
			sb.len -= n;
			break;
		}
	}
	replace(pos, pos, sb_str(&sb), sb.len);
	arena_release(&cmd_arena, m);
}

/* The terminal said how large it is, because it was asked. */
static void do_size(void)
{
	struct winsize ws = { 0 };

	if (ioctl(0, TIOCGWINSZ, &ws) < 0 || ws.ws_col || report[0] < 2 ||
	    report[1] < 2 || report[0] > 1000 || report[1] > 1000)
		return;
	ws.ws_row = (unsigned short)report[0];
	ws.ws_col = (unsigned short)report[1];
	ioctl(0, TIOCSWINSZ, &ws);
	screen_resize(text, len, pos);
}

/* ---- completion ---- */

static void begin(void)
{
	screen_puts("\033[?2004h");
	screen_begin(prompt);
	screen_draw(text, len, pos, 0);
}

/* Columns of names, read downwards. */
static void list_names(const struct args *a)
{
	size_t widest = 0, width, n = (size_t)a->n, across, down, i, k;

	for (i = 0; i < n; i++) {
		width = screen_put_name(a->v[i], false);
		if (width > widest)
			widest = width;
	}
	across = screen_columns() / (widest + 2);
	if (!across)
		across = 1;
	down = (n + across - 1) / across;
	for (i = 0; i < down; i++) {
		for (k = i; k < n; k += down) {
			width = screen_put_name(a->v[k], true);
			for (; k + down < n && width < widest + 2; width++)
				screen_puts(" ");
		}
		screen_puts("\n");
	}
}

static bool ask(int n)
{
	char buf[24];
	int c;

	screen_puts("Display all ");
	screen_puts(num_text(buf, n));
	screen_puts(" possibilities? (y or n)");
	screen_flush();
	c = get_key();
	screen_puts("\n");
	return c == 'y' || c == 'Y' || c == ' ' || c == '\t';
}

static void do_complete(void)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	struct completion c;

	text[len] = '\0';
	complete(text, pos, &c);
	if (c.text && (strlen(c.text) != pos - c.from ||
		       memcmp(c.text, text + c.from, pos - c.from) != 0)) {
		replace(c.from, pos, c.text, strlen(c.text));
	} else if (!c.names.n || !was_tabbed) {
		screen_bell();
		tabbed = c.names.n > 1;
	} else {
		screen_leave(text, len, "\n");
		if (c.names.n <= ASK_NAMES || ask(c.names.n))
			list_names(&c.names);
		begin();
		tabbed = true;
	}
	arena_release(&cmd_arena, m);
}

/* ---- searching ---- */

/* Returns the key that ended it, which is then obeyed. */
static int search(void)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	struct strbuf want = { 0 }, head = { 0 };
	long at = hist_next(), found;
	bool failed = false;
	const char *s, *hit;
	size_t n;
	int c;

	text[len] = '\0';
	s = arena_dup(&cmd_arena, text, len);
	for (;;) {
		head.len = 0;
		sb_puts(&head, failed ? "(not found: " : "(search: ");
		sb_put(&head, want.p ? want.p : "", want.len);
		sb_puts(&head, ") ");
		screen_redraw(sb_str(&head), text, len, pos);
		c = get_key();
		if (c == CTL('R')) {
			found = hist_find(at, sb_str(&want), want.len, true);
		} else if (c == 127) {
			if (want.len)
				want.len = utf8_back(want.p, want.len);
			found = hist_find(hist_next(), sb_str(&want), want.len,
					  true);
		} else if (c == KEY_TEXT || (c >= ' ' && c < 127)) {
			if (c != KEY_TEXT)
				sb_putc(&want, c);
			else
				sb_put(&want, key_text, key_len);
			found = hist_find(at < hist_next() ? at + 1 : at,
					  sb_str(&want), want.len, true);
		} else {
			break;
		}
		failed = !found && want.len;
		if (!found || !want.len)
			continue;
		at = found;
		hit = hist_get(at);
		n = strlen(hit);
		reserve(n + 2);
		memcpy(text, hit, n + 1);
		len = n;
		hit = strstr(text, want.p);
		pos = hit ? (size_t)(hit - text) : len;
	}
	if (c == CTL('G')) {
		n = strlen(s);
		reserve(n + 2);
		memcpy(text, s, n);
		len = pos = n;
	} else if (at < hist_next()) {
		shown = at;
		free(draft);
		draft = mem_dup(s);
	}
	screen_redraw(prompt, text, len, pos);
	arena_release(&cmd_arena, m);
	return c == CTL('G') ? KEY_NONE : c;
}

/* ---- all together ---- */

static const struct {
	int key;
	void (*run)(void);
} keys[] = {
	{ CTL('A'), do_home },
	{ CTL('B'), do_left },
	{ CTL('E'), do_end },
	{ CTL('F'), do_right },
	{ CTL('I'), do_complete },
	{ CTL('K'), do_kill_end },
	{ CTL('L'), do_clear },
	{ CTL('N'), do_newer },
	{ CTL('P'), do_older },
	{ CTL('T'), do_transpose },
	{ CTL('U'), do_kill_start },
	{ CTL('V'), do_literal },
	{ CTL('W'), do_kill_blank },
	{ CTL('Y'), do_yank },
	{ 127, do_backspace },
	{ KEY_META + '.', do_last_word },
	{ KEY_META + '_', do_last_word },
	{ KEY_META + '<', do_oldest },
	{ KEY_META + '>', do_newest },
	{ KEY_META + 'b', do_word_left },
	{ KEY_META + 'd', do_kill_word_right },
	{ KEY_META + 'f', do_word_right },
	{ KEY_META + 127, do_kill_word_left },
	{ KEY_META + '\b', do_kill_word_left },
	{ KEY_UP, do_older },
	{ KEY_DOWN, do_newer },
	{ KEY_LEFT, do_left },
	{ KEY_RIGHT, do_right },
	{ KEY_HOME, do_home },
	{ KEY_END, do_end },
	{ KEY_DELETE, do_delete },
	{ KEY_WORD_LEFT, do_word_left },
	{ KEY_WORD_RIGHT, do_word_right },
	{ KEY_PASTE, do_paste },
	{ KEY_SIZE, do_size },
};

bool edit_wanted(void)
{
	const char *term = var_get("TERM");

	return sh.opt[OPT_EMACS] && term && *term && strcmp(term, "dumb") != 0;
}

/*
 * The end: the cursor behind the line, the terminal as it was. It is so before
 * the line ends: who sees that may type for the command, which wants its echo.
 */
static void leave(const char *after, bool newline)
{
	const tcflag_t both = OPOST | ONLCR;

	screen_leave(text, len, "\033[?2004l");
	term_restore();
	screen_puts(after);
	if (newline)
		screen_puts((term_own()->c_oflag & both) == both ? "\n"
								 : "\r\n");
	screen_flush();
}

/* A terminal on a serial line does not tell its size unless it is asked. */
static void ask_size(void)
{
	static bool asked;
	struct winsize ws;

	if (asked || ioctl(0, TIOCGWINSZ, &ws) < 0 || ws.ws_col)
		return;
	asked = true;
	/* To the far corner, "where is that?", and back. */
	screen_puts("\0337\033[999;999H\033[6n\0338");
}

/* Does what a key says; false when it is none of those of the table. */
static bool obey(int key)
{
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].key == key) {
			keys[i].run();
			return true;
		}
	return false;
}

/* ^C, or another signal that has a trap; true when the line goes on. */
static bool after_signal(void)
{
	bool dropped = trap_came_interrupt();

	if (trap_interrupted()) {
		leave("^C", false); /* the loop of commands ends the line */
		sh.skip = SKIP_INTR;
		return false;
	}
	leave(dropped ? "^C" : "", true);
	trap_run_pending();
	if (dropped || sh.skip || !term_edit())
		return false;
	begin();
	return true;
}

static enum edit_result accept(bool more, const char **line, size_t *n)
{
	const char *s = NULL;

	text[len] = '\0';
	leave("", true);
	if (!more)
		s = hist_expand(text);
	if (s) {
		len = strlen(s);
		reserve(len + 2);
		memcpy(text, s, len + 1);
		if (len)
			err_plain("%s", text);
	}
	hist_add(text, len, more);
	text[len++] = '\n';
	text[len] = '\0';
	*line = text;
	*n = len;
	return EDIT_LINE;
}

enum edit_result edit_line(const char *ask_for, bool more, const char **line,
			   size_t *n)
{
	long took;
	int key;

	if (!term_edit())
		return EDIT_NONE;
	hist_open();
	reserve(2);
	len = pos = 0;
	shown = hist_next();
	killing = tabbed = false;
	word_from = 0;
	prompt = ask_for;
	screen_measure();
	ask_size();
	begin();
	for (;;) {
		was_killing = killing;
		was_tabbed = tabbed;
		took = word_from;
		killing = tabbed = false;
		key = get_key();
		if (key == CTL('R'))
			key = search();
		if (key == KEY_SIGNAL) {
			if (!after_signal())
				return EDIT_SIGNAL;
			continue;
		}
		if (key == '\n')
			return accept(more, line, n);
		if (key == KEY_EOF || (key == CTL('D') && !len)) {
			leave("", more);
			return EDIT_EOF;
		}
		if (key == CTL('D'))
			do_delete();
		else if (key == KEY_TEXT)
			replace(pos, pos, key_text, key_len);
		else if (key >= ' ' && key < 127)
			replace(pos, pos, (const char[]){ (char)key }, 1);
		else if (!obey(key))
			screen_bell();
		/* Only one Alt-. behind another goes further back. */
		if (word_from == took)
			word_from = 0;
	}
}
