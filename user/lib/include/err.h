/* Messages on standard error, headed by the program's name. */
#pragma once

#include <stdarg.h>

#define __err_like(f, a) __attribute__((format(printf, f, a)))

_Noreturn void err(int status, const char *fmt, ...) __err_like(2, 3);
_Noreturn void errx(int status, const char *fmt, ...) __err_like(2, 3);
_Noreturn void verr(int status, const char *fmt, va_list ap) __err_like(2, 0);
_Noreturn void verrx(int status, const char *fmt, va_list ap) __err_like(2, 0);
void warn(const char *fmt, ...) __err_like(1, 2);
void warnx(const char *fmt, ...) __err_like(1, 2);
void vwarn(const char *fmt, va_list ap) __err_like(1, 0);
void vwarnx(const char *fmt, va_list ap) __err_like(1, 0);
