/*
 * Editing a line at the terminal, with the keys that people have in their
 * fingers (those of emacs): see the table in edit.c, and `help edit`.
 *
 * It is used where there is a terminal on descriptors 0 and 2 that TERM does
 * not call dumb, and as long as `set -o emacs` is on. While it works the
 * terminal is in the modes of term.h; they are the user's own again before
 * anything else runs, traps included. One byte is read at a time: what was
 * typed ahead is left to the command that it was meant for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum edit_result {
	EDIT_LINE,   /* *line has it, with its newline, until the next call */
	EDIT_EOF,    /* ^D on an empty line, or the terminal is gone */
	EDIT_SIGNAL, /* ^C or a trap: there is no line; sh.skip may be set */
	EDIT_NONE,   /* no such terminal: read it plainly */
};

bool edit_wanted(void);
/* more: it continues a command. */
enum edit_result edit_line(const char *prompt, bool more, const char **line,
			   size_t *len);
