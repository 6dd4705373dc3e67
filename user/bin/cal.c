/*
 * cal: a month, three of them, or a year.  As POSIX says: days of the Julian
 * calendar up to 2 September 1752, of the Gregorian one from the next day on,
 * which was the 14th.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define WEEKS 6

static const char *const months[] = {
	"January", "February", "March",     "April",   "May",      "June",
	"July",    "August",   "September", "October", "November", "December",
};

static int monday; /* weeks begin with it */
static int mark;   /* show today inverse */
static struct tm today;

/* The day that follows: 0 behind the month's last. */
static int next_day(int day, int month, int year)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	int leap = year % 4 == 0 &&
		   (year <= 1752 || year % 100 != 0 || year % 400 == 0);

	if (year == 1752 && month == 9 && day == 2)
		return 14;
	return day < days[month - 1] + (month == 2 && leap) ? day + 1 : 0;
}

/* 0: the week's first day. */
static int week_day(int day, int month, int year)
{
	/* Years begin in March here: the odd day is at the end of one. */
	int y = year - (month <= 2), m = (month + 9) % 12;
	int n = day + (153 * m + 2) / 5 + 365 * y + y / 4;

	if (year * 10000 + month * 100 + day >= 17520914)
		n += y / 400 - y / 100;
	else
		n -= 2;
	return (n + (monday ? 1 : 2)) % 7;
}

/* A row of one month: week w, its first day; returns the next week's. */
static int put_week(int day, int month, int year)
{
	int column, here;

	for (column = 0; column < 7; column++) {
		if (!day || week_day(day, month, year) != column) {
			fputs("   ", stdout);
			continue;
		}
		here = mark && day == today.tm_mday &&
		       month == today.tm_mon + 1 &&
		       year == today.tm_year + 1900;
		printf(here ? "\033[7m%2d\033[m " : "%2d ", day);
		day = next_day(day, month, year);
	}
	putchar(' ');
	return day;
}

static void centre(const char *text, int width, int all)
{
	int before = (width - (int)strlen(text)) / 2;

	printf("%*s%-*s", before, "", all - before, text);
}

/* Months side by side, the first of them and how many. */
static void put_months(int month, int year, int count, int with_year)
{
	int m[3], y[3], day[3], i, week;
	char title[40];

	for (i = 0; i < count; i++) {
		m[i] = (month + i - 1) % 12 + 1;
		y[i] = year + (month + i - 1) / 12;
		day[i] = 1;
		snprintf(title, sizeof(title), with_year ? "%s %d" : "%s",
			 months[m[i] - 1], y[i]);
		centre(title, 20, 22);
	}
	putchar('\n');
	for (i = 0; i < count; i++)
		fputs(monday ? "Mo Tu We Th Fr Sa Su  "
			     : "Su Mo Tu We Th Fr Sa  ",
		      stdout);
	putchar('\n');
	for (week = 0; week < WEEKS; week++) {
		for (i = 0; i < count; i++)
			day[i] = put_week(day[i], m[i], y[i]);
		putchar('\n');
	}
}

static void put_year_title(int year)
{
	char title[16];

	snprintf(title, sizeof(title), "%d", year);
	printf("%*s%s\n", (60 - (int)strlen(title)) / 2, "", title);
}

static int number(const char *s, int min, int max)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (*end || end == s || n < min || n > max)
		errx(1, "%s: not a number from %d to %d", s, min, max);
	return (int)n;
}

/* 2, feb, February; 0 for what is no name. */
static int month_by_name(const char *s)
{
	int i;

	for (i = 0; i < 12; i++)
		if (strlen(s) >= 3 && !strncasecmp(s, months[i], strlen(s)))
			return i + 1;
	return 0;
}

static _Noreturn void usage(int status)
{
	fputs("usage: cal [-13hmsy] [[month] year]\n"
	      "-1 -3 -y: a month, three, a year; -m -s: weeks begin with "
	      "Monday, Sunday;\n"
	      "-h: today is not marked\n",
	      status ? stderr : stdout);
	exit(status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	int c, three = 0, whole = 0, month, year;
	time_t now = time(NULL);

	mark = isatty(1);
	while ((c = getopt_long(argc, argv, "13hmMsSy", longs, NULL)) != -1) {
		switch (c) {
		case '1':
			three = 0;
			break;
		case '3':
			three = 1;
			break;
		case 'h':
			mark = 0;
			break;
		case 'm':
		case 'M':
			monday = 1;
			break;
		case 's':
		case 'S':
			monday = 0;
			break;
		case 'y':
			whole = 1;
			break;
		case 'H':
			usage(0);
		default:
			usage(1);
		}
	}
	localtime_r(&now, &today);
	month = today.tm_mon + 1;
	year = today.tm_year + 1900;
	argv += optind;
	argc -= optind;
	if (argc > 2)
		usage(1);
	if (argc == 1 && month_by_name(argv[0])) {
		month = month_by_name(argv[0]);
	} else if (argc == 1) {
		year = number(argv[0], 1, 9999);
		whole = !three;
	} else if (argc == 2) {
		month = month_by_name(argv[0]);
		if (!month)
			month = number(argv[0], 1, 12);
		year = number(argv[1], 1, 9999);
	}
	if (whole) {
		put_year_title(year);
		for (month = 1; month <= 12; month += 3) {
			if (month > 1)
				putchar('\n');
			put_months(month, year, 3, 0);
		}
	} else if (three) {
		/* There is no month before the first. */
		if (month == 1 && year == 1)
			month++;
		/* A row of the page of a year has that above. */
		if (month % 3 == 2)
			put_year_title(year);
		if (month == 1)
			put_months(12, year - 1, 3, 1);
		else
			put_months(month - 1, year, 3, month % 3 != 2);
	} else {
		put_months(month, year, 1, 1);
	}
	if (fflush(stdout))
		err(1, "write error");
	return 0;
}
