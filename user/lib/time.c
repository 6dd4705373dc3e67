/*
 * Time.  The zone is a name and a fixed offset: TZ=CET-1.  The calendar is the
 * proleptic Gregorian one; days are counted
 * from 1 March of a year 0, so that the leap day is the last of its year and a
 * cycle of 400 years needs no special case.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "user/lib/libc.h"
#include "user/lib/syscall.h"

#define DAY_SECONDS 86400
#define CYCLE_DAYS  146097 /* 400 years */
#define EPOCH_DAYS  719468 /* 0000-03-01 to 1970-01-01 */

static char utc_name[] = "UTC", zone_name[16] = "UTC";
char *tzname[2] = { zone_name, zone_name };
long timezone;
int daylight;

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	return (int)CALL(clock_gettime, clock, ts);
}

int clock_settime(clockid_t clock, const struct timespec *ts)
{
	return (int)CALL(clock_settime, clock, ts);
}

int clock_getres(clockid_t clock, struct timespec *ts)
{
	return (int)CALL(clock_getres, clock, ts);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *ts,
		    struct timespec *left)
{
	return (int)-SYS(clock_nanosleep, clock, flags, ts, left);
}

int nanosleep(const struct timespec *ts, struct timespec *left)
{
	return (int)CALL(nanosleep, ts, left);
}

unsigned int sleep(unsigned int seconds)
{
	struct timespec ts = { .tv_sec = seconds };

	if (nanosleep(&ts, &ts) == 0)
		return 0;
	return (unsigned int)ts.tv_sec + (ts.tv_nsec >= 500000000);
}

int usleep(unsigned int usec)
{
	struct timespec ts = { .tv_sec = usec / 1000000,
			       .tv_nsec = usec % 1000000 * 1000 };

	return nanosleep(&ts, NULL);
}

time_t time(time_t *t)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	if (t)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	if (zone)
		memset(zone, 0, sizeof(struct timezone));
	return 0;
}

int settimeofday(const struct timeval *tv, const struct timezone *zone)
{
	struct timespec ts = { tv->tv_sec, tv->tv_usec * 1000 };

	return clock_settime(CLOCK_REALTIME, &ts);
}

clock_t clock(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) < 0)
		return -1;
	return ts.tv_sec * CLOCKS_PER_SEC + ts.tv_nsec / 1000;
}

double difftime(time_t a, time_t b)
{
	return (double)(a - b);
}

/* hh[:mm[:ss]] in seconds, -1 when there is none. */
static long zone_offset(const char *s)
{
	long part, sum = 0;
	char *end;
	int i;

	for (i = 0; i < 3; i++, s = end + 1) {
		if (!isdigit((unsigned char)*s))
			return -1;
		part = strtol(s, &end, 10);
		if (part > (i ? 59 : 24))
			return -1;
		sum = sum * 60 + part;
		if (*end != ':')
			break;
	}
	for (; i < 2; i++)
		sum *= 60;
	return sum;
}

/* "CET-1", "<+0530>-5:30". What follows, as of summer time, is not looked at.
 */
void tzset(void)
{
	const char *tz = getenv("TZ"), *name = tz;
	long offset = -1;
	size_t n = 0;
	int east = 0;

	if (tz && *tz == '<') {
		name = ++tz;
		n = strcspn(name, ">");
		tz += n + (tz[n] != 0);
	} else if (tz) {
		while (isalpha((unsigned char)tz[n]))
			n++;
		tz += n;
	}
	if (n >= 3 && n < sizeof(zone_name)) {
		east = *tz == '-';
		offset = zone_offset(tz + (*tz == '-' || *tz == '+'));
	}
	if (offset < 0) {
		name = utc_name;
		n = 3;
		offset = 0;
	}
	memcpy(zone_name, name, n);
	zone_name[n] = 0;
	timezone = east ? -offset : offset;
}

int utimes(const char *path, const struct timeval times[2])
{
	struct timespec ts[2];
	int i;

	for (i = 0; times && i < 2; i++) {
		ts[i].tv_sec = times[i].tv_sec;
		ts[i].tv_nsec = times[i].tv_usec * 1000;
	}
	return utimensat(AT_FDCWD, path, times ? ts : NULL, 0);
}

int utime(const char *path, const struct utimbuf *times)
{
	struct timespec ts[2];

	if (times) {
		ts[0] = (struct timespec){ .tv_sec = times->actime };
		ts[1] = (struct timespec){ .tv_sec = times->modtime };
	}
	return utimensat(AT_FDCWD, path, times ? ts : NULL, 0);
}

static int is_leap(long year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01 to the first of a month (0 = January) of a year. */
static long days_before(long year, int month)
{
	long cycle, y;

	/* January and February belong to the year before. */
	month += 10;
	year += month / 12 - 1;
	month %= 12;
	cycle = (year >= 0 ? year : year - 399) / 400;
	y = year - cycle * 400;
	return cycle * CYCLE_DAYS + y * 365 + y / 4 - y / 100 +
	       (month * 153 + 2) / 5 - EPOCH_DAYS;
}

struct tm *gmtime_r(const time_t *restrict t, struct tm *restrict tm)
{
	long days = *t / DAY_SECONDS, rest = *t % DAY_SECONDS;
	long cycle, day, y, year;
	int month;

	if (rest < 0) {
		rest += DAY_SECONDS;
		days--;
	}
	tm->tm_hour = (int)(rest / 3600);
	tm->tm_min = (int)(rest / 60 % 60);
	tm->tm_sec = (int)(rest % 60);
	tm->tm_wday = (int)((days % 7 + 11) % 7); /* 1970-01-01: Thursday */
	days += EPOCH_DAYS;
	cycle = (days >= 0 ? days : days - CYCLE_DAYS + 1) / CYCLE_DAYS;
	day = days - cycle * CYCLE_DAYS;
	y = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= y * 365 + y / 4 - y / 100;
	month = (int)(day * 5 + 2) / 153; /* 0 = March */
	tm->tm_mday = (int)(day - (month * 153 + 2) / 5 + 1);
	month = (month + 2) % 12;
	year = cycle * 400 + y + (month < 2);
	if (year - 1900 != (int)(year - 1900)) {
		errno = EOVERFLOW;
		return NULL;
	}
	tm->tm_mon = month;
	tm->tm_year = (int)(year - 1900);
	tm->tm_yday = (int)(days - EPOCH_DAYS - days_before(year, 0));
	tm->tm_isdst = 0;
	tm->tm_gmtoff = 0;
	tm->tm_zone = utc_name;
	return tm;
}

struct tm *gmtime(const time_t *t)
{
	static struct tm tm;

	return gmtime_r(t, &tm);
}

struct tm *localtime_r(const time_t *restrict t, struct tm *restrict tm)
{
	time_t there;

	tzset();
	if (__builtin_sub_overflow(*t, timezone, &there)) {
		errno = EOVERFLOW;
		return NULL;
	}
	if (!gmtime_r(&there, tm))
		return NULL;
	tm->tm_gmtoff = -timezone;
	tm->tm_zone = zone_name;
	return tm;
}

struct tm *localtime(const time_t *t)
{
	static struct tm tm;

	return localtime_r(t, &tm);
}

time_t timegm(struct tm *tm)
{
	long year = tm->tm_year + 1900L + tm->tm_mon / 12;
	int month = tm->tm_mon % 12;
	time_t t;

	if (month < 0) {
		month += 12;
		year--;
	}
	t = days_before(year, month) + tm->tm_mday - 1;
	t = t * DAY_SECONDS + tm->tm_hour * 3600L + tm->tm_min * 60L +
	    tm->tm_sec;
	if (!gmtime_r(&t, tm))
		return -1;
	return t;
}

time_t mktime(struct tm *tm)
{
	struct tm copy = *tm;
	time_t t;

	tzset();
	/* -1 is a second before 1970 as well. */
	copy.tm_isdst = -1;
	t = timegm(&copy);
	if (t == -1 && copy.tm_isdst)
		return -1;
	if (__builtin_add_overflow(t, timezone, &t) || !localtime_r(&t, tm)) {
		errno = EOVERFLOW;
		return -1;
	}
	return t;
}

const char __day_names[7][10] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
				  "Thursday", "Friday", "Saturday" };
const char __month_names[12][10] = { "January", "February", "March",
				     "April",   "May",      "June",
				     "July",    "August",   "September",
				     "October", "November", "December" };

static const char *day_name(const struct tm *tm)
{
	return tm->tm_wday >= 0 && tm->tm_wday < 7 ? __day_names[tm->tm_wday]
						   : "???";
}

static const char *month_name(const struct tm *tm)
{
	return tm->tm_mon >= 0 && tm->tm_mon < 12 ? __month_names[tm->tm_mon]
						  : "???";
}

char *asctime_r(const struct tm *restrict tm, char *restrict buf)
{
	/* There is room for 26 bytes. */
	int n = snprintf(buf, 26, "%.3s %.3s %2d %.2d:%.2d:%.2d %ld\n",
			 day_name(tm), month_name(tm), tm->tm_mday, tm->tm_hour,
			 tm->tm_min, tm->tm_sec, tm->tm_year + 1900l);

	if (n < 26)
		return buf;
	errno = EOVERFLOW;
	return NULL;
}

char *asctime(const struct tm *tm)
{
	static char buf[26];

	return asctime_r(tm, buf);
}

char *ctime_r(const time_t *t, char *buf)
{
	struct tm tm;

	return localtime_r(t, &tm) ? asctime_r(&tm, buf) : NULL;
}

char *ctime(const time_t *t)
{
	struct tm *tm = localtime(t);

	return tm ? asctime(tm) : NULL;
}

/* The year and week of ISO 8601: week 1 is the one with the first Thursday. */
static int iso_week(const struct tm *tm, int *year)
{
	int monday = (tm->tm_wday + 6) % 7; /* days since Monday */
	int week = (tm->tm_yday - monday + 10) / 7;
	int days;

	*year = tm->tm_year + 1900;
	if (week < 1) {
		--*year;
		days = tm->tm_yday + 365 + is_leap(*year);
		return (days - monday + 10) / 7;
	}
	days = 365 + is_leap(*year);
	if (week == 53 && tm->tm_yday - monday + 3 >= days) {
		++*year;
		return 1;
	}
	return week;
}

/* With the flag + there is one in front of more digits than four. */
static void put_year(char *piece, size_t size, int year, int pad, size_t width)
{
	int plus = pad == '+' && year >= 0 && (width > 4 || year > 9999);

	snprintf(piece, size, "%s%d", plus ? "+" : "", year);
}

size_t strftime(char *restrict s, size_t max, const char *restrict fmt,
		const struct tm *restrict tm)
{
	size_t n = 0, len, width, sign, blanks;
	int year, pad, east, fill, upper, lower, other;
	char piece[128];
	const char *from;
	long minutes;
	char zero[8];
	struct tm copy;

	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			if (n + 1 >= max)
				return 0;
			s[n++] = *fmt;
			continue;
		}
		from = fmt++;
		pad = upper = lower = other = 0;
		for (; *fmt && strchr("-_0+^#", *fmt); fmt++) {
			if (*fmt == '^')
				upper = 1;
			else if (*fmt == '#')
				other = 1;
			else
				pad = *fmt;
		}
		for (width = 0; isdigit((unsigned char)*fmt); fmt++)
			if (width < max)
				width = width * 10 + (size_t)(*fmt - '0');
		if (*fmt == 'E' || *fmt == 'O')
			fmt++;
		fill = ' '; /* numbers have another one */
		/* How a number of two digits is written. */
		strcpy(zero, pad == '-' ? "%d" : pad == '_' ? "%2d" : "%.2d");
		piece[0] = 0;
#define NUMBER(v) (fill = '0', snprintf(piece, sizeof(piece), zero, (int)(v)))
#define BLANK(v)                                                               \
	snprintf(piece, sizeof(piece),                                         \
		 pad == '-'                 ? "%d"                             \
		 : pad == '0' || pad == '+' ? "%.2d"                           \
					    : "%2d",                           \
		 (int)(v))
#define AGAIN(f) strftime(piece, sizeof(piece), f, tm)
		switch (*fmt) {
		case 'a':
			upper |= other;
			strncat(piece, day_name(tm), 3);
			break;
		case 'A':
			upper |= other;
			strcpy(piece, day_name(tm));
			break;
		case 'b':
		case 'h':
			upper |= other;
			strncat(piece, month_name(tm), 3);
			break;
		case 'B':
			upper |= other;
			strcpy(piece, month_name(tm));
			break;
		case 'c':
			AGAIN("%a %b %e %H:%M:%S %Y");
			break;
		case 'C':
			NUMBER((tm->tm_year + 1900) / 100);
			break;
		case 'd':
			NUMBER(tm->tm_mday);
			break;
		case 'D':
		case 'x':
			AGAIN("%m/%d/%y");
			break;
		case 'e':
			BLANK(tm->tm_mday);
			break;
		case 'F':
			/* What a width adds is the year's. */
			put_year(piece, sizeof(piece), tm->tm_year + 1900, pad,
				 width > 6 ? width - 6 : 0);
			len = strlen(piece);
			strftime(piece + len, sizeof(piece) - len, "-%m-%d",
				 tm);
			fill = '0';
			break;
		case 'g':
			iso_week(tm, &year);
			NUMBER(year % 100);
			break;
		case 'G':
			iso_week(tm, &year);
			put_year(piece, sizeof(piece), year, pad, width);
			fill = '0';
			break;
		case 'H':
			NUMBER(tm->tm_hour);
			break;
		case 'I':
			NUMBER((tm->tm_hour + 11) % 12 + 1);
			break;
		case 'j':
			snprintf(piece, sizeof(piece),
				 pad == '-'   ? "%d"
				 : pad == '_' ? "%3d"
					      : "%.3d",
				 tm->tm_yday + 1);
			fill = '0';
			break;
		case 'k':
			BLANK(tm->tm_hour);
			break;
		case 'l':
			BLANK((tm->tm_hour + 11) % 12 + 1);
			break;
		case 'm':
			NUMBER(tm->tm_mon + 1);
			break;
		case 'M':
			NUMBER(tm->tm_min);
			break;
		case 'n':
			strcpy(piece, "\n");
			break;
		case 'p':
			lower = other;
			strcpy(piece, tm->tm_hour < 12 ? "AM" : "PM");
			break;
		case 'P':
			lower = 1;
			strcpy(piece, tm->tm_hour < 12 ? "am" : "pm");
			break;
		case 'r':
			AGAIN("%I:%M:%S %p");
			break;
		case 'R':
			AGAIN("%H:%M");
			break;
		case 's':
			copy = *tm;
			snprintf(piece, sizeof(piece), "%ld", mktime(&copy));
			fill = '0';
			break;
		case 'S':
			NUMBER(tm->tm_sec);
			break;
		case 't':
			strcpy(piece, "\t");
			break;
		case 'T':
		case 'X':
			AGAIN("%H:%M:%S");
			break;
		case 'u':
			snprintf(piece, sizeof(piece), "%d",
				 (tm->tm_wday + 6) % 7 + 1);
			fill = '0';
			break;
		case 'U':
			NUMBER((tm->tm_yday + 7 - tm->tm_wday) / 7);
			break;
		case 'V':
			NUMBER(iso_week(tm, &year));
			break;
		case 'w':
			snprintf(piece, sizeof(piece), "%d", tm->tm_wday);
			fill = '0';
			break;
		case 'W':
			NUMBER((tm->tm_yday + 7 - (tm->tm_wday + 6) % 7) / 7);
			break;
		case 'y':
			NUMBER((tm->tm_year % 100 + 100) % 100);
			break;
		case 'Y':
			put_year(piece, sizeof(piece), tm->tm_year + 1900, pad,
				 width);
			fill = '0';
			break;
		case 'z':
			east = tm->tm_gmtoff >= 0;
			minutes = tm->tm_gmtoff / (east ? 60 : -60);
			snprintf(piece, sizeof(piece), "%c%.2ld%.2ld",
				 east ? '+' : '-', minutes / 60, minutes % 60);
			fill = '0';
			break;
		case 'Z':
			lower = other;
			if (tm->tm_zone)
				strncat(piece, tm->tm_zone, 20);
			break;
		case '%':
			strcpy(piece, "%");
			break;
		default: /* unknown: as it stands */
			if (!*fmt)
				fmt--;
			len = (size_t)(fmt + 1 - from);
			if (n + len >= max)
				return 0;
			memcpy(s + n, from, len);
			n += len;
			continue;
		}
#undef NUMBER
#undef BLANK
#undef AGAIN
		len = strlen(piece);
		blanks = pad != '-' && width > len ? width - len : 0;
		if (n + blanks + len >= max)
			return 0;
		if (pad)
			fill = pad == '_' ? ' ' : '0';
		/* Zeros stand behind a sign. */
		sign = fill == '0' && (*piece == '-' || *piece == '+');
		memcpy(s + n, piece, sign);
		memset(s + n + sign, fill, blanks);
		for (n += sign + blanks; sign < len; sign++) {
			int c = (unsigned char)piece[sign];

			s[n++] = (char)(lower   ? tolower(c)
					: upper ? toupper(c)
						: c);
		}
	}
	if (n < max)
		s[n] = 0;
	return n;
}
