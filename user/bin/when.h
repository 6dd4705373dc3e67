/*
 * Times as people write them, for date -d and touch -d: "2001-02-03
 * 04:05:06.7",
 * "@981173106", "3 Feb 2001", "now", "yesterday 12:00", "2 hours ago",
 * "next month".  All in the zone of TZ unless an offset (+0100, Z) follows the
 * time.
 */
#pragma once

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct when {
	const char *s;
	struct tm tm;
	long nsec;
	long add[6]; /* years, months, days, hours, minutes, seconds */
	long offset; /* seconds, east is positive */
	int date, time, weekday, zone;
	int year; /* is known */
	int week; /* -1, 1: of "last monday", "next monday" */
};

static const char *const when_months[] = {
	"january",  "february", "march",  "april",     "may",
	"june",     "july",     "august", "september", "october",
	"november", "december", NULL,
};

/* Three letters or more of one of the words; -1: none. */
static inline int when_word(const char *s, size_t n, const char *const *words)
{
	int i;

	for (i = 0; words[i]; i++)
		if ((n >= 3 && n <= strlen(words[i]) &&
		     !strncasecmp(s, words[i], n)))
			return i;
	return -1;
}

/* am or pm. */
static inline int when_is_half(const char *s)
{
	return (!strncasecmp(s, "am", 2) || !strncasecmp(s, "pm", 2)) &&
	       !isalpha((unsigned char)s[2]);
}

static inline void when_fraction(struct when *w)
{
	long unit = 100000000;

	if ((*w->s != '.' && *w->s != ',') || !isdigit((unsigned char)w->s[1]))
		return;
	for (w->s++; isdigit((unsigned char)*w->s); w->s++, unit /= 10)
		w->nsec += (*w->s - '0') * unit;
}

/* hh:mm[:ss[.frac]] [am|pm] [Z|+hh[:]mm], from the hour on. */
static inline int when_clock(struct when *w, long hour)
{
	char *end;

	if (w->time++)
		return -1;
	w->tm.tm_hour = (int)hour;
	w->tm.tm_min = (int)strtol(w->s + 1, &end, 10);
	if (end != w->s + 3 || !isdigit((unsigned char)w->s[1]))
		return -1;
	w->s = end;
	w->tm.tm_sec = 0;
	w->nsec = 0;
	if (*w->s == ':') {
		w->tm.tm_sec = (int)strtol(w->s + 1, &end, 10);
		if (end != w->s + 3 || !isdigit((unsigned char)w->s[1]))
			return -1;
		w->s = end;
		when_fraction(w);
	}
	w->s += strspn(w->s, " ");
	if (when_is_half(w->s)) {
		if (hour < 1 || hour > 12)
			return -1;
		w->tm.tm_hour = (int)hour % 12 +
				(tolower((unsigned char)*w->s) == 'p' ? 12 : 0);
		w->s += 2;
	}
	if ((*w->s == '+' || *w->s == '-') && isdigit((unsigned char)w->s[1])) {
		int sign = *w->s == '-' ? -1 : 1;
		size_t n = strspn(w->s + 1, "0123456789");
		long v = strtol(w->s + 1, &end, 10);

		/* "10:00 +1 day" is no zone. */
		if (n <= 2 && *end == ':')
			v = v * 100 + strtol(end + 1, &end, 10);
		else if (n <= 2 && *end)
			return 0;
		else if (n <= 2)
			v *= 100;
		else if (n != 4)
			return -1;
		w->offset = sign * (v / 100 * 3600 + v % 100 * 60);
		w->zone = 1;
		w->s = end;
	}
	return w->tm.tm_hour > 23 || w->tm.tm_min > 59 || w->tm.tm_sec > 60 ? -1
									    : 0;
}

static inline int when_date(struct when *w, long year, long month, long day)
{
	static const char days[] = { 31, 29, 31, 30, 31, 30,
				     31, 31, 30, 31, 30, 31 };

	if (w->date++ || month < 1 || month > 12 || day < 1 ||
	    day > days[month - 1] ||
	    (month == 2 && day == 29 &&
	     (year % 4 || (year % 100 == 0 && year % 400))))
		return -1;
	w->tm.tm_year = (int)year - 1900;
	w->tm.tm_mon = (int)month - 1;
	w->tm.tm_mday = (int)day;
	return 0;
}

/* "hours", "day", "weeks ago", with the number in front of it. */
static inline int when_unit(struct when *w, long n)
{
	static const char *const units[] = {
		"years",   "months", "days",       "hours", "minutes",
		"seconds", "weeks",  "fortnights", NULL,
	};
	size_t len;
	int i;

	w->s += strspn(w->s, " \t");
	for (len = 0; isalpha((unsigned char)w->s[len]); len++)
		;
	i = when_word(w->s, len, units);
	if (i < 0)
		return -1;
	w->s += len;
	w->s += strspn(w->s, " \t");
	if (!strncasecmp(w->s, "ago", 3) && !isalpha((unsigned char)w->s[3])) {
		w->s += 3;
		n = -n;
	}
	if (i >= 6) {
		n *= i == 6 ? 7 : 14;
		i = 2;
	}
	w->add[i] += n;
	return 0;
}

static inline int when_number(struct when *w)
{
	const char *start = w->s;
	size_t n;
	char *end;
	long v, month, day;
	int i;

	errno = 0;
	if (*start == '+' || *start == '-')
		w->s += 1 + strspn(w->s + 1, " ");
	if (!isdigit((unsigned char)*w->s))
		return -1;
	v = strtol(w->s, &end, 10);
	if (errno)
		return -1;
	n = (size_t)(end - w->s);
	w->s = end;
	if (*start == '-')
		v = -v;
	if (*start == '+' || *start == '-')
		return when_unit(w, v);
	if (*w->s == ':' && n <= 2)
		return when_clock(w, v);
	if (n <= 2 && when_is_half(w->s + strspn(w->s, " "))) {
		w->s += strspn(w->s, " ");
		if (w->time++ || v < 1 || v > 12)
			return -1;
		w->tm.tm_hour = (int)v % 12 +
				(tolower((unsigned char)*w->s) == 'p' ? 12 : 0);
		w->tm.tm_min = w->tm.tm_sec = 0;
		w->nsec = 0;
		w->s += 2;
		return 0;
	}
	if (*w->s == '-' && isdigit((unsigned char)w->s[1])) {
		month = strtol(w->s + 1, &end, 10);
		if (*end != '-' || !isdigit((unsigned char)end[1]))
			return -1;
		w->s = end + 1;
		day = strtol(w->s, &end, 10);
		w->s = end;
		if ((*w->s == 'T' || *w->s == 't') &&
		    isdigit((unsigned char)w->s[1]))
			w->s++;
		w->year = 1;
		return when_date(w, v, month, day);
	}
	if (*w->s == '/' && isdigit((unsigned char)w->s[1])) {
		/* month/day/year */
		day = strtol(w->s + 1, &end, 10);
		w->s = end;
		month = v;
		v = w->tm.tm_year + 1900;
		if (*w->s == '/') {
			v = strtol(w->s + 1, &end, 10);
			w->s = end;
			w->year = 1;
		}
		return when_date(w, v, month, day);
	}
	if (n == 4 && !isalpha((unsigned char)w->s[strspn(w->s, " ")])) {
		/* "Feb 3 04:05:06 UTC 2001" */
		if (w->date && !w->year) {
			w->tm.tm_year = (int)v - 1900;
			w->year = 1;
			return 0;
		}
		/* "20010203 0405" */
		if (w->time++ || v / 100 > 23 || v % 100 > 59)
			return -1;
		w->tm.tm_hour = (int)v / 100;
		w->tm.tm_min = (int)v % 100;
		w->tm.tm_sec = 0;
		w->nsec = 0;
		return 0;
	}
	if (n == 8 && !w->date) {
		w->year = 1;
		return when_date(w, v / 10000, v / 100 % 100, v % 100);
	}
	w->s += strspn(w->s, " \t-");
	for (n = 0; isalpha((unsigned char)w->s[n]); n++)
		;
	i = when_word(w->s, n, when_months);
	/* "5 mon" could be months as well: those go on with an s. */
	if (i < 0 || !strncasecmp(w->s, "mon", 3))
		return when_unit(w, v);
	w->s += n;
	w->s += strspn(w->s, " \t-,");
	month = w->tm.tm_year + 1900;
	if (isdigit((unsigned char)*w->s) && strspn(w->s, "0123456789") == 4) {
		month = strtol(w->s, &end, 10);
		w->s = end;
		w->year = 1;
	}
	return when_date(w, month, i + 1, v);
}

static inline int when_name(struct when *w)
{
	static const char *const days[] = {
		"sunday",   "monday", "tuesday",  "wednesday",
		"thursday", "friday", "saturday", NULL,
	};
	size_t n = 0;
	long day, year;
	char *end;
	int i;

	for (; isalpha((unsigned char)w->s[n]); n++)
		;
#define WHEN_IS(word) (n == strlen(word) && !strncasecmp(w->s, word, n))
	if (WHEN_IS("now") || WHEN_IS("today")) {
		w->s += n;
		return 0;
	}
	if (WHEN_IS("yesterday") || WHEN_IS("tomorrow")) {
		w->add[2] += w->s[0] == 'y' || w->s[0] == 'Y' ? -1 : 1;
		w->s += n;
		return 0;
	}
	if (WHEN_IS("z") || WHEN_IS("utc") || WHEN_IS("gmt")) {
		w->s += n;
		w->offset = 0;
		return w->zone++ ? -1 : 0;
	}
	if (WHEN_IS("noon") || WHEN_IS("midnight")) {
		w->tm.tm_hour = w->s[1] == 'o' || w->s[1] == 'O' ? 12 : 0;
		w->tm.tm_min = w->tm.tm_sec = 0;
		w->nsec = 0;
		w->s += n;
		return w->time++ ? -1 : 0;
	}
	if (WHEN_IS("next") || WHEN_IS("last")) {
		i = tolower((unsigned char)*w->s) == 'n' ? 1 : -1;
		w->s += n;
		w->s += strspn(w->s, " \t");
		for (n = 0; isalpha((unsigned char)w->s[n]); n++)
			;
		/* Three letters are a day's: "next mon" is no month. */
		if (when_word(w->s, n, days) < 0)
			return when_unit(w, i);
		w->week = i;
	}
#undef WHEN_IS
	i = when_word(w->s, n, days);
	if (i >= 0) {
		w->s += n;
		w->s += *w->s == ',';
		w->weekday = i + 1;
		return 0;
	}
	i = when_word(w->s, n, when_months);
	if (i < 0)
		return when_unit(w, 1);
	w->s += n;
	w->s += strspn(w->s, " \t");
	day = strtol(w->s, &end, 10);
	if (end == w->s)
		return -1;
	w->s = end;
	/* A year, unless it is an hour. */
	w->s += strspn(w->s, " \t,");
	year = w->tm.tm_year + 1900;
	if (isdigit((unsigned char)*w->s) && strspn(w->s, "0123456789") == 4) {
		year = strtol(w->s, &end, 10);
		w->s = end;
		w->year = 1;
	}
	return when_date(w, year, i + 1, day);
}

/* What `s` says at the time `now`; 0, or -1 when it is not understood. */
static inline int when_parse(const char *s, struct timespec now,
			     struct timespec *result)
{
	struct when w;
	char *end;
	time_t t;

	memset(&w, 0, sizeof(w));
	w.s = s + strspn(s, " \t");
	if (*w.s == '@') {
		errno = 0;
		result->tv_sec = strtol(w.s + 1, &end, 10);
		if (end == w.s + 1 || errno)
			return -1;
		w.s = end;
		when_fraction(&w);
		result->tv_nsec = w.nsec;
		/* -1.25 is a quarter second before -1. */
		if (s[1] == '-' && w.nsec) {
			result->tv_sec--;
			result->tv_nsec = 1000000000 - w.nsec;
		}
		return w.s[strspn(w.s, " \t\n")] ? -1 : 0;
	}
	if (!localtime_r(&now.tv_sec, &w.tm))
		return -1;
	w.nsec = now.tv_nsec;
	if (!*w.s)
		w.date = 1; /* nothing at all is today at midnight */
	while (*w.s) {
		if (isspace((unsigned char)*w.s)) {
			w.s++;
			continue;
		}
		if ((isalpha((unsigned char)*w.s) ? when_name(&w)
						  : when_number(&w)) < 0)
			return -1;
	}
	if (!w.time && (w.date || w.weekday)) {
		w.tm.tm_hour = w.tm.tm_min = w.tm.tm_sec = 0;
		w.nsec = 0;
	}
	if (w.weekday && !w.date)
		w.tm.tm_mday += (w.weekday - 1 - w.tm.tm_wday + 7) % 7 +
				7 * (w.week > 0 ? w.weekday - 1 == w.tm.tm_wday
						: w.week);
	w.tm.tm_year += (int)w.add[0];
	w.tm.tm_mon += (int)w.add[1];
	w.tm.tm_mday += (int)w.add[2];
	t = w.zone ? timegm(&w.tm) : mktime(&w.tm);
	result->tv_sec =
		t + w.add[3] * 3600 + w.add[4] * 60 + w.add[5] - w.offset;
	result->tv_nsec = w.nsec;
	return 0;
}
