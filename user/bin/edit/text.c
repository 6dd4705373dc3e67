/* See text.h. */
#define _GNU_SOURCE
#include "user/bin/edit/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct line {
	char *text;
	unsigned int len;
	unsigned int cap; /* 0: it is a part of what was read */
};

/* What was put in or taken out. */
struct change {
	struct place at, end; /* before and behind it */
	struct place cursor;  /* when it began */
	char *text;
	size_t n, cap;
	unsigned int group;
	int deleted;
};

#define LENGTH_MAX (UINT_MAX / 8 * 7)
/* How much text is kept to be put back; beyond that the oldest is forgotten. */
#ifndef UNDO_MAX
#define UNDO_MAX ((size_t)64 << 20)
#endif
#define NEVER    ((size_t)-1)

static char *block;        /* what was read: lines are parts of it */
static struct line *lines; /* [0, gap) and [gap + cap - count, cap) */
static size_t count, cap, gap;

static struct change *changes; /* [0, done) can be undone, the rest redone */
static size_t done, known, change_cap;
static size_t kept;  /* bytes of text in them */
static size_t saved; /* `done` when it was as on the disk; or NEVER */
static unsigned int group;
static struct place group_cursor;

const struct place no_place = { NEVER, NEVER };
struct place text_touched = { NEVER, NEVER };

static struct line *line_at(size_t n)
{
	return &lines[n < gap ? n : n + cap - count];
}

/* --- Lines ------------------------------------------------------------- */

size_t text_lines(void)
{
	return count;
}

const char *text_line(size_t n, size_t *len)
{
	*len = line_at(n)->len;
	return line_at(n)->text;
}

size_t text_size(struct place from, struct place to)
{
	size_t n = to.at - from.at, i;

	for (i = from.line; i < to.line; i++)
		n += (size_t)line_at(i)->len + 1;
	return n;
}

void text_copy(struct place from, struct place to, char *out)
{
	const struct line *l;

	for (; from.line < to.line; from.line++, from.at = 0) {
		l = line_at(from.line);
		memcpy(out, l->text + from.at, l->len - from.at);
		out += l->len - from.at;
		*out++ = '\n';
	}
	memcpy(out, line_at(to.line)->text + from.at, to.at - from.at);
}

/* Make a line one that has room for n bytes. */
static int need(struct line *l, size_t n)
{
	size_t want = n + n / 8 + 16;
	char *p;

	if (n <= l->cap)
		return 0;
	if (n > LENGTH_MAX) {
		errno = EFBIG;
		return -1;
	}
	p = realloc(l->cap ? l->text : NULL, want);
	if (!p)
		return -1;
	if (!l->cap)
		memcpy(p, l->text, l->len);
	l->text = p;
	l->cap = (unsigned int)want;
	return 0;
}

/* The gap to before line n, with room for some more. */
static int open_gap(size_t n, size_t more)
{
	size_t behind = count - gap, want;
	struct line *p;

	if (cap - count < more) {
		want = count + more + count / 8 + 64;
		p = reallocarray(lines, want, sizeof(*lines));
		if (!p)
			return -1;
		memmove(p + want - behind, p + cap - behind,
			behind * sizeof(*p));
		lines = p;
		cap = want;
	}
	p = lines + (cap - count);
	if (n < gap)
		memmove(p + n, lines + n, (gap - n) * sizeof(*p));
	else
		memmove(lines + gap, p + gap, (n - gap) * sizeof(*p));
	gap = n;
	return 0;
}

static void touch(struct place p)
{
	if (place_before(p, text_touched))
		text_touched = p;
}

static int put(struct place p, const char *s, size_t n, struct place *end)
{
	static char nothing[1];
	const char *stop = s + n, *from = s, *to = memchr(s, '\n', n);
	size_t first = to ? (size_t)(to - s) : n, more = 0, i, len, rest;
	struct line *l, *new;

	while ((from = memchr(from, '\n', (size_t)(stop - from)))) {
		from++;
		more++;
	}
	if (!more) {
		l = line_at(p.line);
		if (need(l, (size_t)l->len + n) < 0)
			return -1;
		memmove(l->text + p.at + n, l->text + p.at, l->len - p.at);
		memcpy(l->text + p.at, s, n);
		l->len += (unsigned int)n;
		*end = (struct place){ p.line, p.at + n };
		touch(p);
		return 0;
	}
	/* The new lines are built in the gap, where nobody sees them yet. */
	if (open_gap(p.line + 1, more) < 0)
		return -1;
	l = line_at(p.line);
	new = lines + gap;
	for (i = 0; i < more; i++) {
		from = to + 1;
		to = memchr(from, '\n', (size_t)(stop - from));
		if (!to)
			to = stop;
		len = (size_t)(to - from);
		/* The last one takes what stood behind the place. */
		rest = i + 1 < more ? 0 : l->len - p.at;
		new[i] = (struct line){ nothing, 0, 0 };
		if (need(&new[i], len + rest) < 0)
			goto forget;
		memcpy(new[i].text, from, len);
		memcpy(new[i].text + len, l->text + p.at, rest);
		new[i].len = (unsigned int)(len + rest);
		*end = (struct place){ p.line + more, len };
	}
	if (need(l, p.at + first) < 0)
		goto forget;
	memcpy(l->text + p.at, s, first);
	l->len = (unsigned int)(p.at + first);
	gap += more;
	count += more;
	touch(p);
	return 0;

forget:
	while (i--)
		if (new[i].cap)
			free(new[i].text);
	return -1;
}

static int take(struct place from, struct place to)
{
	struct line *l = line_at(from.line), *last = line_at(to.line);
	size_t rest = last->len - to.at, i;

	/* Within a line it stays where it is, even where it was read to. */
	if (from.line != to.line && need(l, from.at + rest) < 0)
		return -1;
	memmove(l->text + from.at, last->text + to.at, rest);
	l->len = (unsigned int)(from.at + rest);
	touch(from);
	if (from.line == to.line)
		return 0;
	open_gap(from.line + 1, 0);
	for (i = from.line + 1; i <= to.line; i++)
		if (line_at(i)->cap)
			free(line_at(i)->text);
	count -= to.line - from.line;
	return 0;
}

/* --- What was done ----------------------------------------------------- */

void text_group(struct place cursor)
{
	group++;
	group_cursor = cursor;
}

static void forget(size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++) {
		kept -= changes[i].n;
		free(changes[i].text);
	}
	memmove(changes + from, changes + to, (known - to) * sizeof(*changes));
	known -= to - from;
}

/* Before anything is changed: room to remember it. */
static int need_change(void)
{
	size_t n = change_cap * 2 + 64;
	struct change *p;

	if (done < change_cap)
		return 0;
	p = reallocarray(changes, n, sizeof(*changes));
	if (!p)
		return -1;
	changes = p;
	change_cap = n;
	return 0;
}

/* It is done: remember it, and forget what was undone before, or too old. */
static void note(const struct change *c)
{
	size_t n;

	if (done < known)
		forget(done, known);
	if (saved != NEVER && saved > done)
		saved = NEVER;
	if (kept > UNDO_MAX && done > 1) {
		for (n = done / 4 + 1; n < done; n++)
			if (changes[n].group != changes[n - 1].group)
				break;
		/* A group stays as a whole, however large. */
		if (n < done || changes[n - 1].group != c->group) {
			forget(0, n);
			done -= n;
			saved = saved == NEVER || saved < n ? NEVER : saved - n;
		}
	}
	changes[done] = *c;
	known = ++done;
	kept += c->n;
}

/* Behind what was typed just now: -1 when it has to be a change of its own. */
static int join(const char *s, size_t n, struct place p, struct place *end)
{
	struct change *c = &changes[done - 1];
	char *grown;

	if (c->n + n > c->cap) {
		grown = realloc(c->text, (c->n + n) * 2);
		if (!grown)
			return -1;
		c->text = grown;
		c->cap = (c->n + n) * 2;
	}
	if (put(p, s, n, end) < 0)
		return -1;
	memcpy(c->text + c->n, s, n);
	c->n += n;
	c->end = *end;
	kept += n;
	return 0;
}

int text_insert(struct place p, const char *s, size_t n, struct place *end)
{
	struct change *c = done && done == known ? &changes[done - 1] : NULL;
	struct change new;

	*end = p;
	if (!n)
		return 0;
	if (c && !c->deleted && c->group == group && done != saved &&
	    c->end.line == p.line && c->end.at == p.at)
		return join(s, n, p, end);
	new = (struct change){ .at = p,
			       .cursor = group_cursor,
			       .n = n,
			       .cap = n,
			       .group = group };
	if (need_change() < 0 || !(new.text = malloc(n)))
		return -1;
	if (put(p, s, n, &new.end) < 0) {
		free(new.text);
		return -1;
	}
	memcpy(new.text, s, n);
	*end = new.end;
	note(&new);
	return 0;
}

int text_delete(struct place from, struct place to)
{
	struct change new = { .at = from,
			      .end = to,
			      .cursor = group_cursor,
			      .n = text_size(from, to),
			      .group = group,
			      .deleted = 1 };

	if (!new.n)
		return 0;
	if (need_change() < 0 || !(new.text = malloc(new.n)))
		return -1;
	text_copy(from, to, new.text);
	if (take(from, to) < 0) {
		free(new.text);
		return -1;
	}
	note(&new);
	return 0;
}

/* Do it, or do the opposite. */
static int apply(const struct change *c, int undo)
{
	struct place end;

	return c->deleted == undo ? put(c->at, c->text, c->n, &end)
				  : take(c->at, c->end);
}

int text_undo(struct place *cursor)
{
	unsigned int g = done ? changes[done - 1].group : 0;

	if (!done)
		return 0;
	while (done && changes[done - 1].group == g) {
		if (apply(&changes[done - 1], 1) < 0)
			return -1;
		*cursor = changes[--done].cursor;
	}
	return 1;
}

int text_redo(struct place *cursor)
{
	unsigned int g = done < known ? changes[done].group : 0;
	const struct change *c;

	if (done == known)
		return 0;
	while (done < known && changes[done].group == g) {
		c = &changes[done];
		if (apply(c, 0) < 0)
			return -1;
		*cursor = c->deleted ? c->at : c->end;
		done++;
	}
	return 1;
}

int text_changed(void)
{
	return done != saved;
}

void text_saved(void)
{
	saved = done;
}

/* --- Files ------------------------------------------------------------- */

/* All that fd gives. */
static char *read_all(int fd, size_t *size)
{
	size_t room = 65536;
	char *all, *grown;
	struct stat st;
	ssize_t n;

	*size = 0;
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		room = (size_t)st.st_size + 1;
	if (room > LENGTH_MAX) {
		errno = EFBIG;
		return NULL;
	}
	all = malloc(room);
	while (all && fd >= 0) {
		if (*size == room) {
			grown = room < LENGTH_MAX ? realloc(all, room * 2)
						  : NULL;
			if (!grown)
				break;
			all = grown;
			room *= 2;
		}
		n = read(fd, all + *size, room - *size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			fd = n < 0 ? fd : -1;
			break;
		}
		*size += (size_t)n;
	}
	if (fd >= 0 && all) {
		free(all);
		return NULL;
	}
	return all;
}

int text_read(int fd)
{
	char *p, *end, *stop;
	size_t size, i;

	block = read_all(fd, &size);
	if (!block)
		return -1;
	end = block + size;
	count = 1;
	for (p = block; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		count++;
	cap = count + 64;
	gap = count;
	lines = calloc(cap, sizeof(*lines));
	if (!lines) {
		free(block);
		return -1;
	}
	for (i = 0, p = block; i < count; i++, p = stop + 1) {
		stop = memchr(p, '\n', (size_t)(end - p));
		if (!stop)
			stop = end;
		lines[i].text = p;
		lines[i].len = (unsigned int)(stop - p);
	}
	return 0;
}

static int write_all(int fd, const char *p, size_t n)
{
	ssize_t some;

	while (n) {
		some = write(fd, p, n);
		if (some < 0 && errno != EINTR)
			return -1;
		if (some > 0) {
			p += some;
			n -= (size_t)some;
		}
	}
	return 0;
}

int text_write(int fd)
{
	static char buf[65536];
	size_t used = 0, i;

	for (i = 0; i < count; i++) {
		const struct line *l = line_at(i);

		if (used + l->len + 1 > sizeof(buf)) {
			if (write_all(fd, buf, used) < 0)
				return -1;
			used = 0;
		}
		if (l->len >= sizeof(buf)) {
			if (write_all(fd, l->text, l->len) < 0)
				return -1;
		} else {
			memcpy(buf + used, l->text, l->len);
			used += l->len;
		}
		if (i + 1 < count)
			buf[used++] = '\n';
	}
	return write_all(fd, buf, used);
}
