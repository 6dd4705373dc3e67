/*
 * The text that is edited: lines of any bytes, and what was done to them.
 *
 * A file is its lines with newlines between them, so one that ends with a
 * newline has an empty last line here, and whatever is read is written again
 * byte by byte. The lines are an array with a gap where the last change was;
 * a line that nobody changed stays where it was read to.
 */
#pragma once

#include <stddef.h>

struct place {
	size_t line, at; /* at: bytes into the line */
};

/* Is a before b? */
static inline int place_before(struct place a, struct place b)
{
	return a.line < b.line || (a.line == b.line && a.at < b.at);
}

/*
 * Read all of a file (fd < 0: there is none, the text is empty).  0, or -1
 * and errno; EFBIG from 3.5 GB on.
 */
int text_read(int fd);
/* Write all of it, from where fd stands.  0, or -1 and errno. */
int text_write(int fd);

size_t text_lines(void); /* 1 at least */
/* Line n, without its newline; good until the next change. */
const char *text_line(size_t n, size_t *len);
/* The bytes between two places, newlines counted; and they themselves. */
size_t text_size(struct place from, struct place to);
void text_copy(struct place from, struct place to, char *out);

/*
 * Put n bytes there, in which there may be newlines; *end is behind them.
 * Take away what is between two places.  -1 and errno when there is no memory
 * for it: then nothing has changed.
 */
int text_insert(struct place p, const char *s, size_t n, struct place *end);
int text_delete(struct place from, struct place to);

/* What follows is undone together; the cursor was there before it. */
void text_group(struct place cursor);
/*
 * Take the last group back, or do it again.  *cursor is where to go; 1 when
 * there was one, 0 if not, -1 and errno without memory: a part of it is done.
 */
int text_undo(struct place *cursor);
int text_redo(struct place *cursor);

int text_changed(void); /* since it was read, or text_saved() */
void text_saved(void);

/* The first place that has changed since somebody set this to no_place. */
extern struct place text_touched;
extern const struct place no_place;
