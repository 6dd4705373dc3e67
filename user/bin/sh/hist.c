/*
 * A ring of texts and a file that is only appended to. The file is whatever
 * somebody left there: what is no regular file is not used, of a long one the
 * end is read, and it is made short again (in a new file that then takes its
 * name) when it holds twice of what is kept. See hist.h.
 */
#include "user/bin/sh/hist.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/bin/sh/builtin.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/exec.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/redir.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/var.h"

#define SIZE_DEFAULT 500
#define SIZE_LIMIT   30000
/* So much of the end of the file is looked at; a longer entry is not kept. */
#define FILE_BYTES  (1024 * 1024)
#define ENTRY_BYTES (64 * 1024)

static char **ring;
static long size;      /* places in the ring */
static long first = 1; /* number of the oldest entry */
static long next = 1;  /* number of the one to come */
static bool opened;
static bool last_kept; /* the newest line went into the newest entry */

long hist_first(void)
{
	return first;
}

long hist_next(void)
{
	return next;
}

const char *hist_get(long number)
{
	if (number < first || number >= next)
		return NULL;
	return ring[number % size];
}

static void drop_first(void)
{
	free(ring[first % size]);
	ring[first % size] = NULL;
	first++;
}

static void put(const char *text, size_t len)
{
	char *copy = mem_heap(NULL, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	if (next - first == size)
		drop_first();
	ring[next++ % size] = copy;
}

static long wanted_size(void)
{
	const char *s = var_get("HISTSIZE");
	long n = 0;

	if (!s || !is_digit(*s))
		return SIZE_DEFAULT;
	for (; is_digit(*s) && n < SIZE_LIMIT; s++)
		n = n * 10 + *s - '0';
	if (n > SIZE_LIMIT)
		n = SIZE_LIMIT;
	return n ? n : 1;
}

/* The name of the file on the command's arena, or NULL. */
static const char *file_name(void)
{
	const char *name = var_get("HISTFILE"), *home = var_get("HOME");
	struct strbuf sb = { 0 };

	if (name)
		return *name ? name : NULL;
	if (!home || !*home)
		return NULL;
	sb_puts(&sb, home);
	sb_puts(&sb, "/.sh_history");
	return sb_str(&sb);
}

/* Opens it if it is a regular file; a pipe or a device would hold us up. */
static int open_file(const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -1;
	}
	return redir_move_up(fd);
}

static bool write_all(int fd, const char *s, size_t len)
{
	while (len) {
		ssize_t n = write(fd, s, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s += n;
		len -= (size_t)n;
	}
	return true;
}

/* The entry as it stands in the file: a tab after each newline in it. */
static void put_entry(struct strbuf *sb, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		sb_putc(sb, text[i]);
		if (text[i] == '\n')
			sb_putc(sb, '\t');
	}
	sb_putc(sb, '\n');
}

/* A file full of old entries becomes one with those that are kept. */
static void rewrite(const char *name)
{
	struct strbuf tmp = { 0 }, sb = { 0 };
	long i;
	int fd;

	sb_puts(&tmp, name);
	sb_puts(&tmp, ".");
	sb_putnum(&tmp, sh.pid);
	fd = open_file(sb_str(&tmp), O_WRONLY | O_CREAT | O_EXCL);
	if (fd < 0)
		return;
	for (i = first; i < next; i++)
		put_entry(&sb, ring[i % size], strlen(ring[i % size]));
	if (!write_all(fd, sb_str(&sb), sb.len) || rename(tmp.p, name) < 0)
		unlink(tmp.p);
	close(fd);
}

/* Takes the entries out of the end of a file; returns how many there were. */
static long take(const char *p, const char *end)
{
	struct strbuf sb = { 0 };
	const char *line;
	long count = 0;

	while (p < end) {
		sb.len = 0;
		for (;;) {
			line = p;
			while (p < end && *p != '\n')
				p++;
			if (sb.len)
				sb_putc(&sb, '\n');
			sb_put(&sb, line, (size_t)(p - line));
			if (p < end)
				p++;
			if (p == end || *p != '\t')
				break;
			p++;
		}
		if (!sb.len || sb.len > ENTRY_BYTES || memchr(sb.p, 0, sb.len))
			continue;
		put(sb.p, sb.len);
		count++;
	}
	return count;
}

static void read_file(const char *name)
{
	int fd = open_file(name, O_RDONLY);
	long len, count;
	size_t got = 0;
	char *buf, *p;
	ssize_t n;

	if (fd < 0)
		return;
	len = lseek(fd, 0, SEEK_END);
	if (len > FILE_BYTES)
		len = FILE_BYTES;
	if (len <= 0 || lseek(fd, -len, SEEK_END) < 0) {
		close(fd);
		return;
	}
	buf = p = mem_heap(NULL, (size_t)len);
	while (got < (size_t)len) {
		n = read(fd, buf + got, (size_t)len - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	close(fd);
	if (len == FILE_BYTES) {
		/* It begins somewhere in an entry. */
		while (p < buf + got && *p != '\n')
			p++;
	}
	count = take(p, buf + got);
	free(buf);
	if (count > 2 * size || len == FILE_BYTES)
		rewrite(name);
}

void hist_open(void)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	const char *name;

	if (opened)
		return;
	opened = true;
	size = wanted_size();
	ring = mem_heap(NULL, (size_t)size * sizeof(*ring));
	memset(ring, 0, (size_t)size * sizeof(*ring));
	name = file_name();
	if (name)
		read_file(name);
	arena_release(&cmd_arena, m);
}

static void append(const char *s, size_t len, bool more)
{
	const char *name = file_name();
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	struct strbuf sb = { 0 };
	int fd;

	if (!name)
		return;
	fd = open_file(name, O_WRONLY | O_CREAT | O_APPEND);
	if (fd < 0)
		return;
	if (more)
		sb_putc(&sb, '\t');
	put_entry(&sb, s, len);
	/* A full disk costs the history, not the session; nor does ulimit -f. */
	sigaction(SIGXFSZ, &ignore, &old);
	write_all(fd, sb_str(&sb), sb.len);
	sigaction(SIGXFSZ, &old, NULL);
	close(fd);
}

/* HISTSIZE may have been set meanwhile. */
static void resize(void)
{
	long want = wanted_size(), i;
	char **to;

	if (want == size)
		return;
	while (next - first > want)
		drop_first();
	to = mem_heap(NULL, (size_t)want * sizeof(*to));
	memset(to, 0, (size_t)want * sizeof(*to));
	for (i = first; i < next; i++)
		to[i % want] = ring[i % size];
	free(ring);
	ring = to;
	size = want;
}

void hist_add(const char *text, size_t len, bool more)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	struct strbuf sb = { 0 };
	const char *last;

	hist_open();
	resize();
	while (len && text[len - 1] == '\n')
		len--;
	last = hist_get(next - 1);
	if (more) {
		if (!last_kept || !last || strlen(last) + len >= ENTRY_BYTES)
			return;
		sb_puts(&sb, last);
		sb_putc(&sb, '\n');
		sb_put(&sb, text, len);
		free(ring[--next % size]);
		ring[next % size] = NULL;
		put(sb_str(&sb), sb.len);
		append(text, len, true);
	} else {
		last_kept = len && len < ENTRY_BYTES && text[0] != ' ' &&
			    text[0] != '\t';
		if (!last_kept)
			return;
		if (last && strlen(last) == len &&
		    memcmp(last, text, len) == 0) {
			/* What continues it would be new after all: rare. */
			last_kept = false;
			return;
		}
		put(text, len);
		append(text, len, false);
	}
	arena_release(&cmd_arena, m);
}

long hist_find(long number, const char *text, size_t len, bool anywhere)
{
	const char *s;
	long i;

	if (number > next)
		number = next;
	for (i = number - 1; i >= first; i--) {
		s = hist_get(i);
		if (strncmp(s, text, len) == 0)
			return i;
		for (; anywhere && *s; s++)
			if (strncmp(s, text, len) == 0)
				return i;
	}
	return 0;
}

/* ---- !! ---- */

size_t hist_last_word(const char *s, size_t *end)
{
	size_t n = *end, at = 0, i;
	char quote = 0;

	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\n'))
		n--;
	for (i = 0; i < n; i++) {
		if (quote) {
			if (s[i] == quote)
				quote = 0;
		} else if (s[i] == '\'' || s[i] == '"') {
			quote = s[i];
		} else if (s[i] == '\\' && i + 1 < n) {
			i++;
		} else if (s[i] == ' ' || s[i] == '\t' || s[i] == '\n') {
			at = i + 1;
		}
	}
	*end = n;
	return at;
}

/* The last word of the newest entry, on the command's arena. */
static const char *newest_word(void)
{
	const char *s = hist_get(next - 1);
	size_t n = s ? strlen(s) : 0, at;

	if (!s)
		return NULL;
	at = hist_last_word(s, &n);
	return arena_dup(&cmd_arena, s + at, n - at);
}

/* What stands at p, behind a "!": how much of it there is, and its text. */
static size_t event(const char *p, const char **text)
{
	size_t n = 0;
	long number;

	*text = NULL;
	if (*p == '!' || *p == '$') {
		*text = *p == '$' ? newest_word() : hist_get(next - 1);
		return 1;
	}
	if (is_digit(p[*p == '-'])) {
		n = *p == '-';
		for (number = 0; is_digit(p[n]) && number < next + 1; n++)
			number = number * 10 + p[n] - '0';
		while (is_digit(p[n]))
			n++;
		*text = hist_get(*p == '-' ? next - number : number);
		return n;
	}
	if (!is_name_start(*p) && *p != '/' && *p != '.')
		return 0;
	while (p[n] && !is_meta(p[n]))
		n++;
	*text = hist_get(hist_find(next, p, n, false));
	return n;
}

const char *hist_expand(const char *line)
{
	struct strbuf sb = { 0 };
	const char *p, *text;
	bool start = true, any = false;
	char quote = 0;
	size_t n;

	if (!strchr(line, '!'))
		return NULL;
	for (p = line; *p; p++) {
		if (*p == '!' && start && !quote && (n = event(p + 1, &text))) {
			if (!text) {
				sb.len = 0;
				sb_put(&sb, p, n + 1);
				err_plain("%s: event not found", sb_str(&sb));
				return "";
			}
			any = true;
			sb_puts(&sb, text);
			p += n;
			start = false;
			continue;
		}
		if (*p == '\\' && quote != '\'' && p[1])
			sb_putc(&sb, *p++);
		else if (quote ? *p == quote : *p == '\'' || *p == '"')
			quote = quote ? 0 : *p;
		start = is_meta(*p);
		sb_putc(&sb, *p);
	}
	return any ? sb_str(&sb) : NULL;
}

/* ---- the builtins ---- */

int bi_history(int argc, char **argv)
{
	char buf[24];
	long i;
	int n = -1;
	size_t k;

	if (argc > 1 && strcmp(argv[1], "-c") == 0) {
		while (first < next)
			drop_first();
		return 0;
	}
	if (argc > 1 && builtin_number("history", argv[1], &n) < 0)
		return 2;
	i = n >= 0 && next - n > first ? next - n : first;
	for (; i < next; i++) {
		const char *text = num_text(buf, i);

		for (k = strlen(text); k < 5; k++)
			out_putc(' ');
		out_printf("%s  %s\n", text, hist_get(i));
	}
	return 0;
}

/* An entry that fc's operand means: N, -N, or the start of its text. */
static long fc_entry(const char *s, long newest)
{
	const char *p = s + (*s == '-' || *s == '+');
	long n = 0;

	if (is_digit(*p)) {
		for (; is_digit(*p) && n < newest + 1; p++)
			n = n * 10 + *p - '0';
		if (*s == '-')
			n = newest - n + 1;
		return n < first ? first : n > newest ? newest : n;
	}
	n = hist_find(newest + 1, s, strlen(s), false);
	if (!n)
		err_print("fc: %s: event not found", s);
	return n;
}

static void fc_list(long a, long b, bool numbers, bool reverse)
{
	long step = a <= b ? 1 : -1, i;
	const char *s;

	if (reverse) {
		i = a;
		a = b;
		b = i;
		step = -step;
	}
	for (i = a;; i += step) {
		if (numbers)
			out_printf("%ld", i);
		out_putc('\t');
		for (s = hist_get(i); s && *s; s++) {
			out_putc(*s);
			if (*s == '\n')
				out_putc('\t');
		}
		out_putc('\n');
		if (i == b)
			return;
	}
}

/* Shows a text, keeps it as if it had been typed, and runs it. */
static int fc_run(const char *text)
{
	size_t len = strlen(text);

	err_plain("%s", text);
	hist_add(text, len, false);
	return sh_run_string(text, sh.line);
}

/* old=new, for the first place of old. */
static const char *replaced(const char *text, const char *rule)
{
	size_t n = strcspn(rule, "=");
	struct strbuf sb = { 0 };
	const char *p;

	for (p = text; *p; p++)
		if (strncmp(p, rule, n) == 0)
			break;
	if (!*p || !n)
		return text;
	sb_put(&sb, text, (size_t)(p - text));
	sb_puts(&sb, rule + n + 1);
	sb_puts(&sb, p + n);
	return sb_str(&sb);
}

/* Hands the entries to an editor and runs what it leaves. */
static int fc_edit(long a, long b, const char *editor)
{
	char name[] = "/tmp/fc.XXXXXX";
	struct strbuf sb = { 0 };
	char *argv[3], buf[512];
	int fd, status;
	ssize_t n;

	for (; a <= b; a++) {
		sb_puts(&sb, hist_get(a));
		sb_putc(&sb, '\n');
	}
	fd = mkstemp(name);
	if (fd < 0 || !write_all(fd, sb_str(&sb), sb.len)) {
		err_print("fc: %s: %s", name, strerror(errno));
		if (fd >= 0) {
			close(fd);
			unlink(name);
		}
		return 1;
	}
	close(fd);
	argv[0] = (char *)editor;
	argv[1] = name;
	argv[2] = NULL;
	status = exec_args(2, argv, NULL);
	sb.len = 0;
	fd = status ? -1 : open(name, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		sb_put(&sb, buf, (size_t)n);
	if (fd >= 0)
		close(fd);
	unlink(name);
	if (status)
		return status;
	while (sb.len && sb.p[sb.len - 1] == '\n')
		sb.len--;
	return fc_run(sb_str(&sb));
}

int bi_fc(int argc, char **argv)
{
	const char *editor = NULL, *rule = NULL, *p;
	bool list = false, numbers = true, reverse = false, again = false;
	long newest = next - 1, a, b;
	int i;

	/* The command itself is not meant. */
	if (last_kept && newest >= first &&
	    strncmp(hist_get(newest), "fc", 2) == 0)
		newest--;
	for (i = 1; i < argc && argv[i][0] == '-' && !is_digit(argv[i][1]) &&
		    argv[i][1];
	     i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		for (p = argv[i] + 1; *p; p++) {
			if (*p == 'l') {
				list = true;
			} else if (*p == 'n') {
				numbers = false;
			} else if (*p == 'r') {
				reverse = true;
			} else if (*p == 's') {
				again = true;
			} else if (*p == 'e' && i + 1 < argc) {
				editor = argv[++i];
				break;
			} else {
				err_print("fc: Illegal option -%c", *p);
				return 2;
			}
		}
	}
	if (editor && strcmp(editor, "-") == 0)
		again = true;
	if (newest < first) {
		err_print("fc: history is empty");
		return 1;
	}
	if (again) {
		if (i < argc && strchr(argv[i], '='))
			rule = argv[i++];
		a = i < argc ? fc_entry(argv[i], newest) : newest;
		if (!a)
			return 1;
		p = arena_dup(&cmd_arena, hist_get(a), strlen(hist_get(a)));
		return fc_run(rule ? replaced(p, rule) : p);
	}
	a = i < argc ? fc_entry(argv[i], newest) : list ? newest - 15 : newest;
	b = i + 1 < argc ? fc_entry(argv[i + 1], newest) : list ? newest : a;
	if (!a || !b)
		return 1;
	if (a < first)
		a = first;
	if (list) {
		fc_list(a, b, numbers, reverse);
		return 0;
	}
	if (!editor)
		editor = var_get("FCEDIT");
	if (!editor || !*editor)
		editor = var_get("EDITOR");
	if (!editor || !*editor)
		editor = "ed";
	if (a > b) {
		newest = a;
		a = b;
		b = newest;
	}
	return fc_edit(a, b, editor);
}
