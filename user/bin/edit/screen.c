/* See screen.h. */
#define _GNU_SOURCE
#include "user/bin/edit/screen.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "user/bin/edit/file.h"
#include "user/bin/utf8.h"

#define ROWS_MAX    1000
#define COLUMNS_MAX 1000
#define ROW_SIZE    (COLUMNS_MAX * 8 + 64) /* in bytes, with what marks it */

static const char keys[] = "^S save ^Q quit ^F find ^R replace ^G line ^K cut "
			   "^U paste ^Z undo F1 help";

int screen_rows = 22;
static int columns = 80;
static size_t top, left; /* the first line; the first column of its own */
static size_t left_line; /* whose that is */
static struct termios before;
static char *shown[ROWS_MAX]; /* NULL: it may be anything */

/* A row as it is made. */
static char row[ROW_SIZE];
static size_t row_len;

/*
 * Where a column is known: the left edge of the cursor's line. Without it
 * each key in a line of a megabyte would have to count from its beginning.
 */
static struct {
	struct place p;
	size_t column;
} known = { { (size_t)-1, 0 }, 0 };

static void forget_rows(void)
{
	int i;

	for (i = 0; i < ROWS_MAX; i++) {
		free(shown[i]);
		shown[i] = NULL;
	}
}

void screen_again(void)
{
	struct termios raw = before;
	struct winsize w;
	int rows = 24;

	columns = 80;
	if (ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col) {
		rows = w.ws_row;
		columns = w.ws_col;
	}
	if (rows > ROWS_MAX)
		rows = ROWS_MAX;
	if (columns > COLUMNS_MAX)
		columns = COLUMNS_MAX;
	if (columns < 8)
		columns = 8;
	screen_rows = rows > 3 ? rows - 2 : 1;
	forget_rows();
	/* Whoever stopped us may have changed it. */
	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP | IXON);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_oflag |= OPOST | ONLCR;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(0, TCSADRAIN, &raw);
	/* Pasted text is to come with marks around it. */
	fputs("\033[?2004h\033[r\033[H\033[2J", stdout);
}

void screen_begin(void)
{
	if (!isatty(0) || !isatty(1) || tcgetattr(0, &before) < 0)
		errx(1, "it needs a terminal");
	setvbuf(stdout, NULL, _IOFBF, 16384);
	/* Where there is another screen: what is here now comes back. */
	fputs("\033[?1049h", stdout);
	screen_again();
}

void screen_end(void)
{
	printf("\033[?2004l\033[?25h\033[0m\033[%d;1H\033[K\033[?1049l",
	       screen_rows + 2);
	fflush(stdout);
	tcsetattr(0, TCSADRAIN, &before);
}

/* --- Columns ----------------------------------------------------------- */

static size_t character(const char *s, size_t n, size_t column, char out[16],
			int *width)
{
	if (*s != '\t')
		return utf8_shown(s, n, out, width);
	*width = (int)(TAB - column % TAB);
	memset(out, ' ', (size_t)*width);
	out[*width] = 0;
	return 1;
}

/*
 * Go from the line's beginning, or from a place that is known, until `at` or
 * until a character that reaches beyond `column`.
 */
static struct place walk(size_t line, size_t at, size_t column, size_t *is)
{
	size_t len, used, col = 0, i = 0;
	const char *s = text_line(line, &len);
	char out[16];
	int width;

	if (place_before(text_touched, known.p))
		known.p = no_place;
	text_touched = no_place;
	if (known.p.line == line && known.p.at <= at &&
	    known.column <= column) {
		i = known.p.at;
		col = known.column;
	}
	for (; i < at && i < len; i += used) {
		used = character(s + i, len - i, col, out, &width);
		if (col + (size_t)width > column)
			break;
		col += (size_t)width;
	}
	*is = col;
	return (struct place){ line, i };
}

size_t screen_column(struct place p)
{
	size_t is;

	walk(p.line, p.at, (size_t)-1, &is);
	return is;
}

size_t screen_place(size_t line, size_t column)
{
	size_t is;

	return walk(line, (size_t)-1, column, &is).at;
}

/* --- Rows -------------------------------------------------------------- */

static void add(const char *s)
{
	size_t n = strlen(s);

	/* What is left out can only be marks that combine. */
	if (row_len + n + 16 < ROW_SIZE || *s == '\033') {
		memcpy(row + row_len, s, n);
		row_len += n;
	}
}

static void inverse(int *is, int on)
{
	if (*is != on)
		add(on ? "\033[7m" : "\033[m");
	*is = on;
}

/* Line n from column `from` on, with [hit.at, hit_end) inverse. */
static void make_row(size_t n, size_t from, size_t hit, size_t hit_end)
{
	size_t len, used, col, room = (size_t)columns, at;
	const char *s = text_line(n, &len);
	int width, is = 0;
	char out[16];

	row_len = 0;
	at = walk(n, (size_t)-1, from, &col).at;
	if (from) {
		/* The first column tells that there is something before. */
		known.p = (struct place){ n, at };
		known.column = col;
		while (at < len && col <= from) {
			at += character(s + at, len - at, col, out, &width);
			col += (size_t)width;
		}
		inverse(&is, 1);
		add("<");
		inverse(&is, 0);
		for (used = from + 1; used < col; used++)
			add(" ");
	}
	for (; at < len; at += used) {
		used = character(s + at, len - at, col, out, &width);
		if (col + (size_t)width - from > room - (at + used < len)) {
			for (; col - from < room - 1; col++)
				add(" ");
			inverse(&is, 1);
			add(">");
			break;
		}
		inverse(&is, at >= hit && at < hit_end);
		add(out);
		col += (size_t)width;
	}
	inverse(&is, 0);
	row[row_len] = 0;
}

/* Send what is different; plain letters at its beginning need not be sent. */
static void send_row(int y)
{
	size_t same = 0;

	if (shown[y] && !strcmp(shown[y], row))
		return;
	while (shown[y] && row[same] == shown[y][same] && row[same] >= ' ' &&
	       row[same] < 127)
		same++;
	/* What follows may combine with the letter before. */
	if (same)
		same--;
	printf("\033[%d;%zuH\033[K%s", y + 1, same + 1, row + same);
	free(shown[y]);
	shown[y] = strdup(row);
}

/* The lines between have moved: let the terminal move them. */
static void scroll(size_t from)
{
	size_t rows = (size_t)screen_rows, n, i;
	int down = from < top;

	n = down ? top - from : from - top;
	top = from;
	if (!n || n > rows / 2)
		return;
	printf("\033[1;%zur\033[H\033[%zu%c\033[r", rows, n, down ? 'L' : 'M');
	for (i = 0; i < n; i++) {
		char **gone = &shown[down ? rows - 1 : 0];

		free(*gone);
		if (down)
			memmove(shown + 1, shown, (rows - 1) * sizeof(*shown));
		else
			memmove(shown, shown + 1, (rows - 1) * sizeof(*shown));
		shown[down ? 0 : rows - 1] = strdup("");
	}
}

static void look_at(struct place cursor)
{
	size_t rows = (size_t)screen_rows, column, width = (size_t)columns;
	size_t from = top;

	if (cursor.line < top)
		from = top - cursor.line < rows ? cursor.line
		       : cursor.line > rows / 2 ? cursor.line - rows / 2
						: 0;
	else if (cursor.line >= top + rows)
		from = cursor.line - top < rows * 2 ? cursor.line - rows + 1
						    : cursor.line - rows / 2;
	/* Lines may have gone; and below the end there is nothing to see. */
	if (from != top || from >= text_lines())
		if (from + rows > text_lines())
			from = text_lines() > rows ? text_lines() - rows : 0;
	if (from != top)
		scroll(from);
	if (left_line != cursor.line)
		left = 0;
	left_line = cursor.line;
	column = screen_column(cursor);
	if (column < width - 1)
		left = 0;
	else if (column <= left || column >= left + width - 1)
		left = column - width / 2;
}

static void make_status(struct place cursor)
{
	size_t name_room = (size_t)columns, n, i;
	char place[80], *text;
	FILE *f;

	snprintf(place, sizeof(place), "  line %zu/%zu column %zu ",
		 cursor.line + 1, text_lines(), screen_column(cursor) + 1);
	f = open_memstream(&text, &n);
	if (!f)
		return;
	i = strlen(place);
	name_room = name_room > i + 24 ? name_room - i - 1 : 0;
	fputs(" ", f);
	name_room -= (size_t)utf8_put(file_name ? file_name : "new text",
				      (int)name_room, f);
	snprintf(row, sizeof(row), "%s%s%s", text_changed() ? " (changed)" : "",
		 file_locked ? " (read-only)" : "",
		 file_new && file_name ? " (new file)" : "");
	if (strlen(row) < name_room) {
		fputs(row, f);
		name_room -= strlen(row);
	}
	while (name_room-- > 0 && name_room < COLUMNS_MAX)
		fputc(' ', f);
	if (fclose(f) == 0)
		snprintf(row, sizeof(row), "\033[7m%s%.*s\033[m", text,
			 columns - 1, place);
	free(text);
}

/* A text so that it does nothing to the terminal, in so many columns. */
static size_t add_text(const char *s, size_t room)
{
	size_t n = strlen(s), used, column = 0;
	char out[16];
	int width;

	for (; n; s += used, n -= used) {
		used = utf8_shown(s, n, out, &width);
		if (column + (size_t)width > room)
			break;
		add(out);
		column += (size_t)width;
	}
	return column;
}

/* The last row; of what is typed there the end is seen. */
static size_t make_bottom(const char *text, const char *typed)
{
	size_t room = (size_t)columns - 1, n, used, all = 0;
	char out[16];
	int width;

	row_len = 0;
	n = add_text(text, room);
	room -= n;
	for (used = 0; typed && typed[used]; all += (size_t)width)
		used += utf8_shown(typed + used, strlen(typed + used), out,
				   &width);
	for (; all > room; all -= (size_t)width)
		typed += utf8_shown(typed, strlen(typed), out, &width);
	if (typed)
		n += add_text(typed, room);
	row[row_len] = 0;
	return n;
}

void screen_draw(struct place cursor, struct place hit, const char *bottom,
		 const char *typed)
{
	size_t n, end, column;
	int y;

	look_at(cursor);
	end = hit.line == cursor.line ? hit.at : 0;
	fputs("\033[?25l", stdout);
	for (y = 0; y < screen_rows; y++) {
		n = top + (size_t)y;
		if (n >= text_lines())
			strcpy(row, "~");
		else if (n == cursor.line)
			make_row(n, left, cursor.at, end);
		else
			make_row(n, 0, 0, 0);
		send_row(y);
	}
	make_status(cursor);
	send_row(y++);
	column = make_bottom(bottom ? bottom : keys, typed);
	send_row(y);
	if (!typed) {
		y = (int)(cursor.line - top);
		column = screen_column(cursor) - left;
	}
	printf("\033[%d;%zuH\033[?25h", y + 1, column + 1);
	fflush(stdout);
}

void screen_page(const char *text)
{
	printf("\033[H\033[2J%s", text);
	fflush(stdout);
	forget_rows();
}
