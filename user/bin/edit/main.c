/*
 * edit: a full-screen editor that needs no learning: what is typed goes into
 * the text, and the last line tells the keys. F1 shows all of them.
 *
 * ^Z is undo here, as it is in most editors today, and stops no program.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "user/bin/edit/file.h"
#include "user/bin/edit/keys.h"
#include "user/bin/edit/screen.h"
#include "user/bin/edit/text.h"
#include "user/bin/utf8.h"

#define CTRL(letter) ((letter) & 31)

static const char help[] =
	"Typed text goes in where the cursor is.\r\n\r\n"
	"^S  save               ^O  save under another name\r\n"
	"^Q  end (or ^X)        ^L  draw anew\r\n"
	"^F  find (or ^W)       ^N  find the next one (or F3)\r\n"
	"^R  replace            ^G  go to a line\r\n"
	"^K  cut the line       ^U  paste it (or ^V); ^K ^K ^K: all three\r\n"
	"^Z  undo               ^Y  redo\r\n"
	"^A  beginning of line  ^E  its end (Home, End)\r\n"
	"^D  delete right       Backspace  left\r\n\r\n"
	"ctrl with the arrows: by words; with Home, End: the first, last "
	"line\r\n"
	"^C or Esc leaves a question.\r\n"
	"\r\n[any key]";

static struct place cursor;
static struct place hit; /* the end of what was found at the cursor */
static size_t goal;      /* the column that up and down keep to */
static int keeps_goal;
static char message[300];
static char wanted[256]; /* what is looked for */
static char *clip;       /* what was cut */
static size_t clip_len;
static int cutting; /* the key before was ^K too */
static int typing;  /* the key before was a letter */

/* --- The end ----------------------------------------------------------- */

static _Noreturn void leave(int status)
{
	screen_end();
	exit(status);
}

/* The end was ordered: the text shall not be lost. */
static _Noreturn void die(void)
{
	const char *to;
	sigset_t set;

	screen_end();
	if (text_changed()) {
		to = file_rescue();
		if (to)
			warnx("ended by a signal; the text is in %s", to);
		else
			warn("ended by a signal; the text is LOST");
	}
	signal(key_signal, SIG_DFL);
	raise(key_signal);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	_exit(128 + key_signal);
}

/* --- Questions --------------------------------------------------------- */

/* A key; those that are no answer to anything are dealt with here. */
static int answer(const char *question, const char *typed)
{
	int key;

	for (;;) {
		screen_draw(cursor, hit, question, typed);
		key = key_get();
		if (key == KEY_DEATH)
			die();
		if (key != KEY_WINDOW)
			return key;
		screen_again();
	}
}

/* A line of text, to be changed or typed anew; 0 when it was given up. */
static int ask(const char *question, char *buf, size_t size)
{
	size_t n = strlen(buf);
	int key;

	for (;;) {
		key = answer(question, buf);
		switch (key) {
		case '\r':
		case '\n':
			return 1;
		case CTRL('C'):
		case CTRL('G'):
		case CTRL('Q'):
		case KEY_ESCAPE:
			return 0;
		case CTRL('H'):
		case 127:
			n = utf8_back(buf, n);
			break;
		case CTRL('U'):
			n = 0;
			break;
		case '\t':
			key_text = "\t";
			key_text_len = 1;
			/* fallthrough */
		case KEY_TEXT:
			/* A line is meant, also where more was pasted. */
			if (memchr(key_text, '\n', key_text_len) ||
			    memchr(key_text, 0, key_text_len) ||
			    n + key_text_len >= size)
				continue;
			memcpy(buf + n, key_text, key_text_len);
			n += key_text_len;
		}
		buf[n] = 0;
	}
}

/* One of the letters; 0 when it was given up. */
static int choose(const char *question, const char *letters)
{
	int key;

	for (;;) {
		key = answer(question, "");
		if (key == CTRL('C') || key == CTRL('G') || key == KEY_ESCAPE)
			return 0;
		if (key == KEY_TEXT && key_text_len == 1 &&
		    strchr(letters, tolower((unsigned char)*key_text)))
			return tolower((unsigned char)*key_text);
	}
}

/* --- Saving ------------------------------------------------------------ */

/* 0 when the text is on the disk. */
static int save(int as)
{
	char name[1024] = "", question[100];
	const char *doubt;

	if (file_name && strlen(file_name) < sizeof(name))
		strcpy(name, file_name);
	if ((as || !*name) && (!ask("Save as: ", name, sizeof(name)) || !*name))
		return -1;
	doubt = file_question(name);
	if (doubt) {
		snprintf(question, sizeof(question),
			 "%s. Write over it? (y n) ", doubt);
		if (choose(question, "yn") != 'y')
			return -1;
	}
	if (file_save(name, message, sizeof(message)) < 0)
		return -1;
	snprintf(message, sizeof(message), "Saved: %s", name);
	return 0;
}

static void quit(void)
{
	int what = 'n';

	if (text_changed())
		what = choose("Save what was changed? y: yes, n: no, "
			      "^C: go on editing ",
			      "yn");
	if (what == 'n' || (what == 'y' && save(0) == 0))
		leave(0);
}

/* --- Moving ------------------------------------------------------------ */

static size_t length(size_t line)
{
	size_t len;

	text_line(line, &len);
	return len;
}

/* Does a character combine with the one before it? */
static int combines(const char *s, size_t len, size_t at)
{
	int code;

	if (at >= len)
		return 0;
	utf8_get(s + at, len - at, &code);
	return code >= 0 && !utf8_hidden(code) && utf8_width(code) == 0;
}

static struct place after(struct place p)
{
	size_t len;
	const char *s = text_line(p.line, &len);
	int code;

	if (p.at == len) {
		if (p.line + 1 < text_lines())
			p = (struct place){ p.line + 1, 0 };
		return p;
	}
	do
		p.at += utf8_get(s + p.at, len - p.at, &code);
	while (combines(s, len, p.at));
	return p;
}

static struct place ahead(struct place p)
{
	size_t len;
	const char *s = text_line(p.line, &len);

	if (!p.at) {
		if (p.line)
			p = (struct place){ p.line - 1, length(p.line - 1) };
		return p;
	}
	do
		p.at = utf8_back(s, p.at);
	while (p.at && combines(s, len, p.at));
	return p;
}

static int in_word(struct place p)
{
	size_t len;
	const char *s = text_line(p.line, &len);

	return p.at < len && (isalnum((unsigned char)s[p.at]) ||
			      s[p.at] == '_' || s[p.at] & 0x80);
}

static int same(struct place a, struct place b)
{
	return a.line == b.line && a.at == b.at;
}

static void word_right(void)
{
	while (in_word(cursor))
		cursor = after(cursor);
	while (!in_word(cursor) && !same(cursor, after(cursor)))
		cursor = after(cursor);
}

static void word_left(void)
{
	struct place p = ahead(cursor);

	while (!in_word(p) && !same(p, ahead(p)))
		p = ahead(p);
	for (cursor = p; in_word(p) && !same(p, ahead(p)); p = ahead(p))
		cursor = p;
	if (in_word(p))
		cursor = p;
}

static void move_to_line(size_t line)
{
	if (!keeps_goal)
		goal = screen_column(cursor);
	keeps_goal = 1;
	cursor.line = line;
	cursor.at = screen_place(line, goal);
}

static void up(size_t by)
{
	move_to_line(cursor.line > by ? cursor.line - by : 0);
}

static void down(size_t by)
{
	size_t last = text_lines() - 1;

	move_to_line(last - cursor.line > by ? cursor.line + by : last);
}

static void go_to_line(void)
{
	char typed[24] = "", *end;
	size_t n, column = 1;

	if (!ask("Go to line: ", typed, sizeof(typed)) || !*typed)
		return;
	n = strtoul(typed, &end, 10);
	if (*end == ':' || *end == ',')
		column = strtoul(end + 1, &end, 10);
	if (*end || end == typed || *typed == '-') {
		strcpy(message, "That is no number of a line");
		return;
	}
	cursor.line = n > text_lines() ? text_lines() - 1 : n ? n - 1 : 0;
	cursor.at = screen_place(cursor.line, column ? column - 1 : 0);
}

/* --- Changing ---------------------------------------------------------- */

static void no_memory(void)
{
	snprintf(message, sizeof(message), "It was not done: %s",
		 strerror(errno));
}

static void insert(const char *s, size_t n)
{
	if (text_insert(cursor, s, n, &cursor) < 0)
		no_memory();
}

static void type(void)
{
	/* A word, a paste are each taken back at once. */
	if (!typing || (key_text_len == 1 && *key_text == ' '))
		text_group(cursor);
	typing = 1;
	insert(key_text, key_text_len);
}

static void erase(struct place from, struct place to)
{
	text_group(cursor);
	if (text_delete(from, to) < 0)
		no_memory();
	else
		cursor = from;
}

static void cut(void)
{
	struct place from = { cursor.line, 0 }, to = { cursor.line + 1, 0 };
	size_t n;
	char *p;

	if (to.line == text_lines())
		to = (struct place){ cursor.line, length(cursor.line) };
	n = text_size(from, to);
	if (!n)
		return;
	if (!cutting)
		clip_len = 0;
	p = realloc(clip, clip_len + n);
	if (!p) {
		no_memory();
		return;
	}
	clip = p;
	text_copy(from, to, clip + clip_len);
	erase(from, to);
	if (!*message)
		clip_len += n;
}

static void paste(void)
{
	if (!clip_len) {
		strcpy(message, "Nothing was cut");
		return;
	}
	text_group(cursor);
	insert(clip, clip_len);
}

static void take_back(int (*way)(struct place *), const char *none)
{
	int done = way(&cursor);

	if (done < 0)
		no_memory();
	else if (!done)
		strcpy(message, none);
}

/* --- Finding ----------------------------------------------------------- */

/* Capitals are told apart where there are some in what is looked for. */
static const char *find_in(const char *s, size_t n)
{
	size_t len = strlen(wanted), i;
	int small = 0, capital = 0;
	const char *p;

	for (p = wanted; *p; p++) {
		small |= islower((unsigned char)*p);
		capital |= isupper((unsigned char)*p);
	}
	if (capital || !small)
		return memmem(s, n, wanted, len);
	for (i = 0; i + len <= n; i++)
		if (tolower((unsigned char)s[i]) == (unsigned char)*wanted &&
		    !strncasecmp(s + i, wanted, len))
			return s + i;
	return NULL;
}

/* From a place on, up to the text's end; 0 when there is none. */
static int find_from(struct place p, struct place *found)
{
	const char *s, *q;
	size_t len;

	for (; p.line < text_lines(); p.line++, p.at = 0) {
		s = text_line(p.line, &len);
		q = p.at <= len ? find_in(s + p.at, len - p.at) : NULL;
		if (q) {
			*found = (struct place){ p.line, (size_t)(q - s) };
			return 1;
		}
	}
	return 0;
}

static void show_hit(void)
{
	hit = (struct place){ cursor.line, cursor.at + strlen(wanted) };
}

static void find_next(void)
{
	struct place from = { cursor.line, cursor.at + 1 };

	if (!*wanted) {
		strcpy(message, "Nothing was looked for");
		return;
	}
	if (!find_from(from, &cursor)) {
		from = (struct place){ 0, 0 };
		if (!find_from(from, &cursor)) {
			strcpy(message, "It is not there");
			return;
		}
		strcpy(message, "On from the beginning");
	}
	show_hit();
}

static int ask_wanted(const char *question)
{
	char typed[sizeof(wanted)] = "", full[sizeof(wanted) + 40];

	if (*wanted)
		snprintf(full, sizeof(full), "%s [%.30s]: ", question, wanted);
	else
		snprintf(full, sizeof(full), "%s: ", question);
	if (!ask(full, typed, sizeof(typed)))
		return 0;
	if (*typed)
		strcpy(wanted, typed);
	return *wanted != 0;
}

static void find(void)
{
	if (ask_wanted("Find"))
		find_next();
}

/*
 * Replace all between two places in one go.  A change for each would need
 * more memory than the text.  Returns how many, or -1 and errno.
 */
static long replace_all(struct place from, struct place to, const char *by)
{
	struct place p = from, found, end;
	size_t size = 0, room = 0, bytes, new = strlen(by);
	char *out = NULL, *grown;
	long n = 0;
	int e;

	while (find_from(p, &found) && place_before(found, to)) {
		if (!n)
			from = p = found;
		bytes = text_size(p, found);
		if (!out || size + bytes + new > room) {
			room = (size + bytes + new) * 2;
			grown = realloc(out, room + 1);
			if (!grown)
				goto fail;
			out = grown;
		}
		text_copy(p, found, out + size);
		memcpy(out + size + bytes, by, new);
		size += bytes + new;
		p = (struct place){ found.line, found.at + strlen(wanted) };
		n++;
	}
	if (n) {
		if (text_delete(from, p) < 0)
			goto fail;
		if (text_insert(from, out, size, &end) < 0) {
			e = errno;
			text_undo(&cursor);
			errno = e;
			goto fail;
		}
		cursor = end;
	}
	free(out);
	return n;

fail:
	e = errno;
	free(out);
	errno = e;
	return -1;
}

static void replace(void)
{
	struct place start = cursor, limit = { text_lines(), 0 }, p = cursor;
	char by[sizeof(wanted)] = "";
	size_t old, new;
	long n = 0, more;
	int key = 0, around = 0;

	if (!ask_wanted("Replace") || !ask("by: ", by, sizeof(by)))
		return;
	text_group(cursor);
	old = strlen(wanted);
	new = strlen(by);
	for (;;) {
		if (key == 'a') {
			more = replace_all(p, limit, by);
			if (more < 0) {
				no_memory();
				return;
			}
			n += more;
			p = limit;
		}
		if (key == 'a' || !find_from(p, &p) ||
		    !place_before(p, limit)) {
			/* And from the beginning to where it began. */
			if (around++)
				break;
			limit = start;
			p = (struct place){ 0, 0 };
			continue;
		}
		cursor = p;
		show_hit();
		key = choose("Replace this? y: yes, n: no, a: all that follow, "
			     "^C: no more ",
			     "yna");
		hit = no_place;
		if (!key)
			break;
		if (key == 'a')
			continue;
		p.at += old;
		if (key == 'n')
			continue;
		if (text_delete(cursor, p) < 0 ||
		    text_insert(cursor, by, new, &p) < 0) {
			no_memory();
			return;
		}
		if (around && limit.line == p.line)
			limit.at += new - old;
		n++;
	}
	snprintf(message, sizeof(message), "%ld replaced", n);
}

/* --- Keys -------------------------------------------------------------- */

static void obey(int key)
{
	int vertical = 0, cut_now = 0, typed = 0;

	switch (key) {
	case KEY_TEXT:
		type();
		typed = 1;
		break;
	case '\r':
	case '\n':
		text_group(cursor);
		insert("\n", 1);
		break;
	case '\t':
		key_text = "\t";
		key_text_len = 1;
		type();
		typed = 1;
		break;
	case CTRL('H'):
	case 127:
		erase(ahead(cursor), cursor);
		break;
	case CTRL('D'):
	case KEY_DELETE:
		erase(cursor, after(cursor));
		break;
	case KEY_LEFT:
		cursor = ahead(cursor);
		break;
	case KEY_RIGHT:
		cursor = after(cursor);
		break;
	case KEY_UP:
		up(1);
		vertical = 1;
		break;
	case KEY_DOWN:
		down(1);
		vertical = 1;
		break;
	case KEY_PAGE_UP:
		up((size_t)screen_rows);
		vertical = 1;
		break;
	case KEY_PAGE_DOWN:
		down((size_t)screen_rows);
		vertical = 1;
		break;
	case CTRL('A'):
	case KEY_HOME:
		cursor.at = 0;
		break;
	case CTRL('E'):
	case KEY_END:
		cursor.at = length(cursor.line);
		break;
	case KEY_WORD_LEFT:
		word_left();
		break;
	case KEY_WORD_RIGHT:
		word_right();
		break;
	case KEY_TOP:
		cursor = (struct place){ 0, 0 };
		break;
	case KEY_BOTTOM:
		cursor.line = text_lines() - 1;
		cursor.at = length(cursor.line);
		break;
	case CTRL('S'):
		save(0);
		break;
	case CTRL('O'):
		save(1);
		break;
	case CTRL('Q'):
	case CTRL('X'):
		quit();
		break;
	case CTRL('F'):
	case CTRL('W'):
		find();
		break;
	case CTRL('N'):
	case KEY_NEXT:
		find_next();
		break;
	case CTRL('R'):
		replace();
		break;
	case CTRL('G'):
		go_to_line();
		break;
	case CTRL('K'):
		cut();
		cut_now = 1;
		break;
	case CTRL('U'):
	case CTRL('V'):
		paste();
		break;
	case CTRL('Z'):
		take_back(text_undo, "Nothing to undo");
		break;
	case CTRL('Y'):
		take_back(text_redo, "Nothing to redo");
		break;
	case KEY_HELP:
		screen_page(help);
		if (key_get() == KEY_DEATH)
			die();
		screen_again();
		break;
	case CTRL('L'):
	case KEY_WINDOW:
		screen_again();
		break;
	case KEY_DEATH:
		die();
	case KEY_ESCAPE:
	case CTRL('C'):
		strcpy(message, "^Q ends the editor, F1 shows the keys");
		break;
	default:
		strcpy(message, "This key does nothing; F1 shows the keys");
	}
	keeps_goal = keeps_goal && vertical;
	cutting = cut_now;
	typing = typed;
}

/* Not for each of many keys that are there already, but ten times a second. */
static void draw(void)
{
	static struct timespec last;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (key_waits() && (now.tv_sec - last.tv_sec) * 1000000000L +
					   now.tv_nsec - last.tv_nsec <
				   100000000)
		return;
	screen_draw(cursor, hit, *message ? message : NULL, NULL);
	clock_gettime(CLOCK_MONOTONIC, &last);
}

static _Noreturn void usage(int status)
{
	fputs("usage: edit [+line] [file]\n"
	      "A full-screen editor; its last line tells the keys, F1 all of "
	      "them.\n",
	      status ? stderr : stdout);
	exit(status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *start = NULL, *left;
	int c;

	while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1)
		usage(c == 'h' ? 0 : 2);
	argv += optind;
	if (*argv && **argv == '+' && isdigit((unsigned char)(*argv)[1]))
		start = *argv++ + 1;
	if (*argv && argv[1])
		usage(2);
	if (*argv)
		file_open(*argv);
	else if (text_read(-1) < 0)
		err(1, NULL);
	hit = no_place;
	if (start) {
		cursor.line = strtoul(start, NULL, 10);
		cursor.line = cursor.line > text_lines() ? text_lines() - 1
			      : cursor.line              ? cursor.line - 1
							 : 0;
	}
	left = file_rescued();
	if (left)
		snprintf(message, sizeof(message),
			 "A text that was not saved is in %s", left);
	else if (file_locked)
		strcpy(message, "This file can only be read; ^O saves under "
				"another name");
	key_begin();
	screen_begin();
	for (;;) {
		draw();
		c = key_get();
		*message = 0;
		hit = no_place;
		obey(c);
	}
}
