/*
 * Names in what programs say: a file may have any name, and a name may hold
 * what a terminal obeys.  (Messages of err.h are the library's matter.)
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* Would a terminal obey s[i]?  Of UTF-8 that are C0, DEL and C1, and of bytes
 * that are no UTF-8 those that an older terminal takes for C1. */
static inline int shown_control(const char *s, size_t i)
{
	unsigned char c = (unsigned char)s[i];
	unsigned char before = i ? (unsigned char)s[i - 1] : 0;

	return c < 32 || c == 127 ||
	       ((c & 0xe0) == 0x80 && (before < 0x80 || before == 0xc2));
}

/* As within the quotes of a shell, which stand around it: a'$'\n''b. */
static inline void shown_quoted(FILE *f, const char *s)
{
	int control, before = 0;
	size_t i;

	for (i = 0; s[i]; i++) {
		control = shown_control(s, i);
		if (control != before)
			fputs(control ? "'$'" : "''", f);
		before = control;
		if (s[i] >= 7 && s[i] <= 13)
			fprintf(f, "\\%c", "abtnvfr"[s[i] - 7]);
		else if (control)
			fprintf(f, "\\%03o", (unsigned int)s[i] & 255);
		else
			fputc(s[i], f);
	}
}

/* As fprintf, of which it knows '%s', in quotes, and %s for words of our own.
 */
static inline void shown_print(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int quote = 0;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		if (*fmt != '%')
			fputc(*fmt, f);
		else if (fmt++, quote)
			shown_quoted(f, va_arg(ap, const char *));
		else
			fputs(va_arg(ap, const char *), f);
		quote = *fmt == '\'';
	}
	va_end(ap);
}

/* A name in a list: what a terminal would obey is ? when f is one. */
static inline void shown_name(FILE *f, const char *s)
{
	static FILE *known;
	static int terminal;
	size_t i;

	if (known != f) {
		known = f;
		terminal = isatty(fileno(f));
	}
	if (!terminal) {
		fputs(s, f);
		return;
	}
	for (i = 0; s[i]; i++)
		fputc(shown_control(s, i) ? '?' : s[i], f);
}
