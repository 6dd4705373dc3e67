/*
 * What the shell prints: builtins' output on descriptor 1 through one small
 * buffer that is flushed when the builtin ends, and messages on descriptor 2,
 * each put together first and written with one call so that lines of several
 * processes do not mix.
 *
 * The formats know %s %d %ld %c %o %% and nothing more.
 */
#pragma once

#include <stddef.h>

void out_putc(int c);
void out_put(const char *s, size_t len);
void out_puts(const char *s);
void out_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Writes s so that the shell reads it back as one word. */
void out_quoted(const char *s);
/* Returns 0, or the errno of the first write that failed since the last. */
int out_flush(void);
/* Forgets what is buffered (in a child that inherited it). */
void out_drop(void);

/* "name: line: message", as a warning. */
void err_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same without name and line. */
void err_plain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/*
 * The same as err_print, for what ends a script: $? becomes 2 and a shell
 * that is not interactive exits; an interactive one goes back to its prompt
 * (sh.skip is SKIP_ERROR on return).
 */
void err_fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void err_raise(int status);
