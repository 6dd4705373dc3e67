/*
 * strptime: a time out of text, as a format has it.  What POSIX names is there,
 * and %F, %s, %z as with other libraries; the modifiers E and O mean nothing in
 * the one locale.  A year with month and day, or with the day of the year, sets
 * the rest of the date as well, but for a day of the week that was given.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "user/lib/libc.h"

/* What was found, beside the struct tm. */
struct found {
	int century, in_century; /* -1: not given */
	int hour12, pm;
	unsigned int parts;
};

#define YEAR    1u
#define MONTH   2u
#define DAY     4u
#define YEARDAY 8u
#define WEEKDAY 16u

/* A number of so many digits at most; NULL when there is none, or it lies
 * outside. */
static const char *number(const char *s, int *n, int low, int high, int digits)
{
	int value = 0;

	while (isspace((unsigned char)*s))
		s++;
	if (!isdigit((unsigned char)*s))
		return NULL;
	/* A digit that makes it too large is left to what follows. */
	for (; digits-- && isdigit((unsigned char)*s) && value * 10 <= high;
	     s++)
		value = value * 10 + (*s - '0');
	if (value < low || value > high)
		return NULL;
	*n = value;
	return s;
}

/* One of some names, whole or its first three letters. */
static const char *name(const char *s, const char (*names)[10], int count,
			int *index)
{
	size_t n;
	int i;

	for (i = 0; i < count; i++) {
		n = strlen(names[i]);
		if (strncasecmp(s, names[i], n) != 0)
			n = 3;
		if (strncasecmp(s, names[i], n) == 0) {
			*index = i;
			return s + n;
		}
	}
	return NULL;
}

/* +hh, +hhmm, +hh:mm or Z, in seconds east of Greenwich. */
static const char *zone(const char *s, long *east)
{
	int sign, hours, minutes = 0;

	while (isspace((unsigned char)*s))
		s++;
	if (*s == 'Z') {
		*east = 0;
		return s + 1;
	}
	if (*s != '+' && *s != '-')
		return NULL;
	sign = *s++ == '-' ? -1 : 1;
	if (!isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1]))
		return NULL;
	hours = (s[0] - '0') * 10 + s[1] - '0';
	s += 2;
	if (*s == ':' && isdigit((unsigned char)s[1]))
		s++;
	if (isdigit((unsigned char)s[0]) && isdigit((unsigned char)s[1])) {
		minutes = (s[0] - '0') * 10 + s[1] - '0';
		s += 2;
	} else if (isdigit((unsigned char)*s)) {
		return NULL;
	}
	if (minutes > 59)
		return NULL;
	*east = sign * (hours * 3600L + minutes * 60);
	return s;
}

static const char *parse(const char *s, const char *fmt, struct tm *tm,
			 struct found *f)
{
	const char *end;
	time_t t;
	int n;

	for (; s && *fmt; fmt++) {
		if (isspace((unsigned char)*fmt)) {
			while (isspace((unsigned char)*s))
				s++;
			continue;
		}
		if (*fmt != '%') {
			if (*s++ != *fmt)
				return NULL;
			continue;
		}
		fmt++;
		if (*fmt == 'E' || *fmt == 'O')
			fmt++;
		switch (*fmt) {
		case 'a':
		case 'A':
			s = name(s, __day_names, 7, &tm->tm_wday);
			f->parts |= WEEKDAY;
			break;
		case 'b':
		case 'B':
		case 'h':
			s = name(s, __month_names, 12, &tm->tm_mon);
			f->parts |= MONTH;
			break;
		case 'c':
			s = parse(s, "%a %b %e %H:%M:%S %Y", tm, f);
			break;
		case 'C':
			s = number(s, &f->century, 0, 99, 2);
			break;
		case 'd':
		case 'e':
			s = number(s, &tm->tm_mday, 1, 31, 2);
			f->parts |= DAY;
			break;
		case 'D':
		case 'x':
			s = parse(s, "%m/%d/%y", tm, f);
			break;
		case 'F':
			s = parse(s, "%Y-%m-%d", tm, f);
			break;
		case 'H':
		case 'k':
			s = number(s, &tm->tm_hour, 0, 23, 2);
			f->hour12 = 0;
			break;
		case 'I':
		case 'l':
			s = number(s, &n, 1, 12, 2);
			if (s)
				tm->tm_hour = n % 12;
			f->hour12 = 1;
			break;
		case 'j':
			s = number(s, &n, 1, 366, 3);
			if (s)
				tm->tm_yday = n - 1;
			f->parts |= YEARDAY;
			break;
		case 'm':
			s = number(s, &n, 1, 12, 2);
			if (s)
				tm->tm_mon = n - 1;
			f->parts |= MONTH;
			break;
		case 'M':
			s = number(s, &tm->tm_min, 0, 59, 2);
			break;
		case 'n':
		case 't':
			while (isspace((unsigned char)*s))
				s++;
			break;
		case 'p':
			if (strncasecmp(s, "AM", 2) && strncasecmp(s, "PM", 2))
				return NULL;
			f->pm = (*s | 32) == 'p';
			s += 2;
			break;
		case 'r':
			s = parse(s, "%I:%M:%S %p", tm, f);
			break;
		case 'R':
			s = parse(s, "%H:%M", tm, f);
			break;
		case 's':
			t = (time_t)strtol(s, (char **)(void *)&end, 10);
			if (!isdigit((unsigned char)*s) || !localtime_r(&t, tm))
				return NULL;
			s = end;
			break;
		case 'S':
			s = number(s, &tm->tm_sec, 0, 61, 2);
			break;
		case 'T':
		case 'X':
			s = parse(s, "%H:%M:%S", tm, f);
			break;
		case 'U':
		case 'W':
			s = number(s, &n, 0, 53, 2);
			break;
		case 'w':
			s = number(s, &tm->tm_wday, 0, 6, 1);
			f->parts |= WEEKDAY;
			break;
		case 'y':
			s = number(s, &f->in_century, 0, 99, 2);
			f->parts |= YEAR;
			break;
		case 'Y':
			s = number(s, &n, 0, 9999, 4);
			if (s)
				tm->tm_year = n - 1900;
			f->century = f->in_century = -1;
			f->parts |= YEAR;
			break;
		case 'z':
			s = zone(s, &tm->tm_gmtoff);
			break;
		case '%':
			if (*s++ != '%')
				return NULL;
			break;
		default:
			return NULL;
		}
	}
	return s;
}

char *strptime(const char *restrict s, const char *restrict fmt,
	       struct tm *restrict tm)
{
	struct found f = { .century = -1, .in_century = -1, .pm = -1 };
	struct tm day;
	int whole;

	s = parse(s, fmt, tm, &f);
	if (!s)
		return NULL;
	if (f.hour12 && f.pm == 1)
		tm->tm_hour += 12;
	/* Without a century the years are 1969 to 2068. */
	if (f.in_century >= 0)
		tm->tm_year =
			f.in_century + (f.century >= 0 ? f.century * 100 - 1900
					: f.in_century < 69 ? 100
							    : 0);
	else if (f.century >= 0)
		tm->tm_year = f.century * 100 - 1900 +
			      (tm->tm_year % 100 + 100) % 100;
	whole = (f.parts & (MONTH | DAY)) == (MONTH | DAY);
	if ((f.parts & YEAR) && (whole || (f.parts & YEARDAY))) {
		day = (struct tm){ .tm_year = tm->tm_year,
				   .tm_mon = whole ? tm->tm_mon : 0,
				   .tm_mday = whole ? tm->tm_mday
						    : tm->tm_yday + 1 };
		timegm(&day);
		if (!(f.parts & WEEKDAY))
			tm->tm_wday = day.tm_wday;
		tm->tm_yday = day.tm_yday;
		if (!whole) {
			tm->tm_mon = day.tm_mon;
			tm->tm_mday = day.tm_mday;
		}
	}
	return (char *)s;
}
