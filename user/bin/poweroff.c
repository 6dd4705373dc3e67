/*
 * poweroff: have init end all processes, bring everything to the disks and
 * switch the machine off.  -f: do it at once, without init.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "power.h"

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, force = 0;

	while ((c = getopt_long(argc, argv, "fh", options, NULL)) != -1) {
		if (c != 'f') {
			fprintf(c == 'h' ? stdout : stderr,
				"usage: poweroff [-f]\n"
				"-f: at once, without asking init to end "
				"what runs\n");
			return c != 'h';
		}
		force = 1;
	}
	if (!force) {
		order_init(SIGUSR2, 0);
		sync();
	}
	reboot(RB_POWER_OFF);
	err(1, "power-off failed");
}
