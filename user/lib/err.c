/*
 * The program's name, messages that begin with it, and assert.  crt0 stores
 * argv only because this file, when linked in, asks for it.
 */
#include <assert.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/libc.h"
#include "user/lib/stdio.h"

char **__libc_argv;

const char *getprogname(void)
{
	const char *name = __libc_argv ? __libc_argv[0] : NULL;
	const char *slash = name ? strrchr(name, '/') : NULL;

	return slash ? slash + 1 : name ? name : "?";
}

/* A name with control characters is shown as the shell would read it, '$'\n'',
 * so that no name commands the terminal of who gets the message. */
static void message(int code, const char *fmt, va_list ap)
{
	fflush(stdout);
	stderr->flags |= F_SHOWN;
	fprintf(stderr, "%s: ", getprogname());
	if (fmt)
		vfprintf(stderr, fmt, ap);
	if (code >= 0)
		fprintf(stderr, "%s%s", fmt ? ": " : "", strerror(code));
	fprintf(stderr, "\n");
	stderr->flags &= ~F_SHOWN;
}

void vwarn(const char *fmt, va_list ap)
{
	message(errno, fmt, ap);
}

void vwarnx(const char *fmt, va_list ap)
{
	message(-1, fmt, ap);
}

_Noreturn void verr(int status, const char *fmt, va_list ap)
{
	message(errno, fmt, ap);
	exit(status);
}

_Noreturn void verrx(int status, const char *fmt, va_list ap)
{
	message(-1, fmt, ap);
	exit(status);
}

void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap);
	va_end(ap);
}

void warnx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarnx(fmt, ap);
	va_end(ap);
}

_Noreturn void err(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verr(status, fmt, ap);
}

_Noreturn void errx(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verrx(status, fmt, ap);
}

_Noreturn void __assert_fail(const char *expr, const char *file, int line,
			     const char *func)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s:%d: %s: assertion failed: %s\n", getprogname(),
		file, line, func, expr);
	abort();
}
