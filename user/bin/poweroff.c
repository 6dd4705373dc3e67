/*
 * poweroff: have init end all processes, bring everything to the disks and
 * switch the machine off.  -f: do it at once, without init.  As shutdown it
 * may be told when, in minutes from now, and -r starts the machine again.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "power.h"

/* Seconds until "now" or "+minutes"; others are wrong. */
static unsigned int delay(const char *when)
{
	unsigned long n;
	char *end;

	if (!strcmp(when, "now"))
		return 0;
	n = strtoul(when + (*when == '+'), &end, 10);
	if (*when != '+' || when[1] < '0' || when[1] > '9' || *end ||
	    n > 1000000)
		errx(1, "%s: say now, or +minutes", when);
	return (unsigned int)n * 60;
}

/* Who is not root learns it now, not when the time has come. */
static void wait_until(const char *what, unsigned int seconds)
{
	if (!seconds)
		return;
	if (geteuid())
		errx(1, "only root may do that");
	fprintf(stderr, "shutdown: %s in %u minute%s; ^C takes it back\n", what,
		seconds / 60, seconds == 60 ? "" : "s");
	sleep(seconds);
}

static int usage(FILE *f, int shutdown)
{
	static const char off[] = "poweroff [-f]\n";
	static const char when[] = "shutdown [-hHPr] [now | +minutes]\n";

	fprintf(f,
		"usage: %s       %s"
		"-f: at once, without asking init to end what runs\n"
		"-h, -H, -P: switch off; -r: start again; in one minute if "
		"no time is said\n",
		shutdown ? when : off, shutdown ? off : when);
	return f == stderr;
}

static _Noreturn void end_machine(int again, int force)
{
	if (!force) {
		order_init(again ? SIGTERM : SIGUSR2, 0);
		sync();
	}
	reboot(again ? RB_AUTOBOOT : RB_POWER_OFF);
	err(1, again ? "restart failed" : "power-off failed");
}

static int shutdown_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "halt", no_argument, NULL, 'H' },
		{ "poweroff", no_argument, NULL, 'P' },
		{ "reboot", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	int c, again = 0;

	while ((c = getopt_long(argc, argv, "hHPr", options, NULL)) != -1) {
		if (c == '?' || c == 'u')
			return usage(c == 'u' ? stdout : stderr, 1);
		again = c == 'r';
	}
	if (argc - optind > 1)
		errx(1, "%s: there is no message to others", argv[optind + 1]);
	wait_until(again ? "the machine starts again"
			 : "the machine is switched off",
		   delay(optind < argc ? argv[optind] : "+1"));
	end_machine(again, 0);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *me = argc ? strrchr(argv[0], '/') : NULL;
	int c, force = 0;

	me = me ? me + 1 : argc ? argv[0] : "";
	if (!strcmp(me, "shutdown"))
		return shutdown_main(argc, argv);
	while ((c = getopt_long(argc, argv, "fh", options, NULL)) != -1) {
		if (c != 'f')
			return usage(c == 'h' ? stdout : stderr, 0);
		force = 1;
	}
	end_machine(0, force);
}
