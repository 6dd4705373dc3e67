/*
 * What was typed before: the last HISTSIZE commands (500 unless it is set),
 * in memory and in the file that HISTFILE names (~/.sh_history; none when it
 * is empty), to which each command is added as it is typed, so that nothing
 * is lost with the shell and several shells share one file.
 *
 * A command of several lines is one entry. Lines that begin with a blank are
 * not kept, nor is one that repeats the last. In the file, a line that begins
 * with a tab continues the entry before it.
 *
 * Entries have numbers that go on rising; they are read and written lazily, at
 * the first line that is edited.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Reads the file, once. */
void hist_open(void);
/* Adds a line; more: it belongs to the same command as the one before. */
void hist_add(const char *text, size_t len, bool more);
/* The numbers of the oldest entry and of the one that is to come. */
long hist_first(void);
long hist_next(void);
/* NULL when there is no such entry (any more). */
const char *hist_get(long number);
/* The newest entry before number that begins with (or has) text; 0: none. */
long hist_find(long number, const char *text, size_t len, bool anywhere);
/* Where the last word of *n bytes begins; *n is where it ends. */
size_t hist_last_word(const char *s, size_t *n);
/*
 * Replaces !! !$ !N !-N !TEXT where a word begins. Returns NULL when there is
 * nothing to replace, an empty text after a message, or the new line, on the
 * command's arena.
 */
const char *hist_expand(const char *line);

int bi_fc(int argc, char **argv);
int bi_history(int argc, char **argv);
