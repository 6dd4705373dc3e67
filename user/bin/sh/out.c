/*
 * Output without stdio: the shell writes little, and start-up and size
 * matter more to it than speed. See out.h.
 */
#include "user/bin/sh/out.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "user/bin/sh/mem.h"
#include "user/bin/sh/sh.h"
#include "user/bin/shown.h"

static char buf[1024];
static size_t buf_len;
static int buf_err;

static int write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0) {
			if (errno == EINTR && sh.skip != SKIP_INTR)
				continue;
			return errno;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int out_flush(void)
{
	int err = buf_err;

	if (buf_len && !err)
		err = write_all(1, buf, buf_len);
	buf_len = 0;
	buf_err = 0;
	return err;
}

void out_drop(void)
{
	buf_len = 0;
	buf_err = 0;
}

void out_put(const char *s, size_t len)
{
	if (!len)
		return;
	if (len > sizeof(buf) - buf_len) {
		buf_err = out_flush();
		if (len > sizeof(buf)) {
			if (!buf_err)
				buf_err = write_all(1, s, len);
			return;
		}
	}
	memcpy(buf + buf_len, s, len);
	buf_len += len;
}

void out_putc(int c)
{
	char ch = (char)c;

	out_put(&ch, 1);
}

void out_puts(const char *s)
{
	out_put(s, strlen(s));
}

void out_quoted(const char *s)
{
	size_t n;

	do {
		n = strcspn(s, "'");
		out_putc('\'');
		out_put(s, n);
		out_putc('\'');
		s += n;
		n = strspn(s, "'");
		if (n) {
			out_putc('"');
			out_put(s, n);
			out_putc('"');
		}
		s += n;
	} while (*s);
}

static void octal(struct strbuf *sb, unsigned long n)
{
	if (n >= 8)
		octal(sb, n / 8);
	sb_putc(sb, '0' + (int)(n % 8));
}

static void format(struct strbuf *sb, const char *fmt, va_list ap)
{
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			sb_putc(sb, *fmt);
			continue;
		}
		fmt++;
		if (*fmt == 's')
			sb_puts(sb, va_arg(ap, const char *));
		else if (*fmt == 'd')
			sb_putnum(sb, va_arg(ap, int));
		else if (*fmt == 'l') {
			fmt++;
			sb_putnum(sb, va_arg(ap, long));
		} else if (*fmt == 'c')
			sb_putc(sb, va_arg(ap, int));
		else if (*fmt == 'o')
			octal(sb, va_arg(ap, unsigned int));
		else
			sb_putc(sb, *fmt);
	}
}

void out_printf(const char *fmt, ...)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	struct strbuf sb = { 0 };
	va_list ap;

	va_start(ap, fmt);
	format(&sb, fmt, ap);
	va_end(ap);
	out_put(sb.p, sb.len);
	arena_release(&cmd_arena, m);
}

static void message(bool prefix, const char *fmt, va_list ap)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	struct strbuf sb = { 0 };
	size_t i;

	if (prefix) {
		/* A login shell is called -sh. */
		sb_puts(&sb, sh.name + (sh.name[0] == '-'));
		sb_puts(&sb, ": ");
		if (sh.line) {
			sb_putnum(&sb, sh.line);
			sb_puts(&sb, ": ");
		}
		if (sh.where) {
			sb_puts(&sb, sh.where);
			sb_puts(&sb, ": ");
		}
	}
	format(&sb, fmt, ap);
	/* A name of a file does not command the terminal. */
	for (i = isatty(2) ? 0 : sb.len; i < sb.len; i++)
		if (shown_control(sb.p, i) && sb.p[i] != '\n')
			sb.p[i] = '?';
	sb_putc(&sb, '\n');
	write_all(2, sb.p, sb.len);
	arena_release(&cmd_arena, m);
}

void err_print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(true, fmt, ap);
	va_end(ap);
}

void err_plain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(false, fmt, ap);
	va_end(ap);
}

void err_raise(int status)
{
	sh.status = status;
	if (!sh.at_prompt && !sh.shielded)
		sh_exit(status);
	sh.skip = SKIP_ERROR;
}

void err_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(true, fmt, ap);
	va_end(ap);
	err_raise(2);
}
