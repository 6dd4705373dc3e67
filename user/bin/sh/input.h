/*
 * Where the characters of a script come from: a stack of sources. A file, a
 * terminal or a string is the bottom; the text of an alias, of eval, of
 * `...` goes on top of it for as long as it lasts.
 *
 * A script on standard input is shared with the commands in it (they may
 * read what follows), so it is never read past the command in hand: a file
 * is read in blocks and the offset put right before each command, a pipe is
 * read byte by byte, and a terminal gives a line at a time by itself.
 *
 * The function that fills from a terminal calls the line editor (edit.h);
 * nothing else knows where a typed line comes from.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define INPUT_EOF (-1)

struct alias;

struct input {
	struct input *up;
	const char *p, *end;
	char *buf; /* of a file */
	size_t buf_size;
	int fd; /* -1: a string */
	int line;
	bool shared; /* standard input: do not read ahead */
	bool seekable;
	bool tty; /* prompt before each line */
	bool eof;
	unsigned char nback; /* characters given back */
	char back[6];
	struct alias *alias; /* text of this alias: goes away at its end */
	struct input *ended; /* the next of those that have come to theirs */
};

/* The object is the caller's and must live until input_pop. */
void input_push_string(struct input *in, const char *s, size_t len, int line);
void input_push_file(struct input *in, int fd, bool shared, bool tty);
void input_push_alias(struct alias *al);
/* A token begins: aliases whose text has ended may be used again. */
void input_end_aliases(void);
void input_pop(void);
/* Drops sources above in, after an error. */
void input_pop_to(struct input *in);
struct input *input_top(void);

int input_getc(void);
void input_ungetc(int c);
int input_line(void);
/* Nothing but blanks is left of a string: the command is the last one. */
bool input_at_end(void);
/* Puts the file offset where the shell stopped to read. */
void input_sync(void);
/* Drops the rest of what was read, after an error at the terminal. */
void input_discard(void);
/* An alias whose text ends in a blank was used up since it was cleared. */
extern bool input_alias_blank;
/* Which prompt the next line gets: false PS1, true PS2. */
extern bool input_more;
