/*
 * vmstat: what the machine is busy with, in a line; with a delay, a line every
 * so many seconds.  The first one tells the mean since the machine started, the
 * others what was since the line before.
 */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

static int proc;

/* Sums since the start, and what is now. */
struct sums {
	double busy, idle, switches, interrupts, in, out, uptime;
	unsigned long running, blocked, free, cached, anonymous;
};

/* The number behind a word at the beginning of a line. */
static double after(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (!strncmp(text, word, n) && text[n] == ' ')
			return strtod(text + n + 1, NULL);
	}
	return 0;
}

/* Sectors of the disks, not of their partitions: those come behind them. */
static void read_disks(char *text, struct sums *s)
{
	char name[64], disk[64] = "";
	double in, out;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (sscanf(line, "%*u %*u %63s %*u %*u %lf %*u %*u %*u %lf",
			   name, &in, &out) != 3)
			continue;
		if (*disk && !strncmp(name, disk, strlen(disk)))
			continue;
		strcpy(disk, name);
		s->in += in / 2; /* of 512 bytes, to KiB */
		s->out += out / 2;
	}
}

static void take(struct sums *s)
{
	static char text[65536];
	double v[8] = { 0 };
	int i;

	memset(s, 0, sizeof(*s));
	s->uptime = proc_uptime(proc);
	if (proc_read(proc, "stat", text, sizeof(text)) < 0)
		err(1, "/proc/stat");
	sscanf(text, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1], &v[2],
	       &v[3], &v[4], &v[5], &v[6], &v[7]);
	s->idle = v[3] + v[4];
	for (i = 0; i < 8; i++)
		s->busy += v[i];
	s->busy -= s->idle;
	s->switches = after(text, "ctxt");
	s->interrupts = after(text, "intr");
	s->running = (unsigned long)after(text, "procs_running");
	/* This one runs because it looks. */
	s->running -= s->running > 0;
	s->blocked = (unsigned long)after(text, "procs_blocked");
	if (proc_read(proc, "meminfo", text, sizeof(text)) > 0) {
		s->free = proc_memory(text, "MemFree");
		s->cached = proc_memory(text, "Cached") +
			    proc_memory(text, "Buffers");
		s->anonymous = proc_memory(text, "AnonPages");
	}
	if (proc_read(proc, "diskstats", text, sizeof(text)) > 0)
		read_disks(text, s);
}

static double rate(double now, double then, double time)
{
	return now > then && time > 0 ? (now - then) / time : 0;
}

static void show(const struct sums *s, const struct sums *old)
{
	double t = s->uptime - old->uptime, busy = s->busy - old->busy;
	double all = busy + s->idle - old->idle;

	busy = all > 0 && busy > 0 ? busy * 100 / all : 0;
	printf("%3lu %3lu %8lu %8lu %8lu %7.0f %7.0f %6.0f %6.0f %4.0f %4.0f\n",
	       s->running, s->blocked, s->free, s->cached, s->anonymous,
	       rate(s->in, old->in, t), rate(s->out, old->out, t),
	       rate(s->interrupts, old->interrupts, t),
	       rate(s->switches, old->switches, t), busy, 100 - busy);
	if (fflush(stdout))
		err(1, "write error");
}

static void head(void)
{
	puts("processes ---memory in KiB---------- -disk, KiB/s- --per second- "
	     "-harts, %-\n"
	     "run blk     free   cached     anon    read   write   intr switch "
	     "busy idle");
}

static _Noreturn void usage(int status)
{
	fputs("usage: vmstat [seconds [count]]\n", status ? stderr : stdout);
	exit(status);
}

static double number(const char *s)
{
	char *end;
	double d = strtod(s, &end);

	if (*end || end == s || !(d > 0) || d > 1e6)
		errx(1, "%s: no number above 0", s);
	return d;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct sums now, old = { 0 };
	double delay = 0, count = 1;
	struct timespec ts;
	struct winsize w;
	long lines = 20, i;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		usage(c == 'h' ? 0 : 1);
	if (argc - optind > 2)
		usage(1);
	if (optind < argc) {
		delay = number(argv[optind]);
		count = argv[optind + 1] ? number(argv[optind + 1]) : 0;
	}
	if (isatty(1) && ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_row > 4)
		lines = w.ws_row - 3;
	proc = proc_open();
	ts.tv_sec = (time_t)delay;
	ts.tv_nsec = (long)((delay - (double)ts.tv_sec) * 1e9);
	for (i = 0;; i++, old = now) {
		if (i % lines == 0)
			head();
		take(&now);
		show(&now, &old);
		if (count > 0 && (double)i + 1 >= count)
			return 0;
		nanosleep(&ts, NULL);
	}
}
