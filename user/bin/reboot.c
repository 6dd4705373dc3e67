/*
 * reboot: have init end all processes, bring everything to the disks and start
 * the machine again.  -w: a warm start, where the firmware knows one: only the
 * harts begin anew.  -f: do it at once, without init.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<linux/reboot.h>)
#include <linux/reboot.h> /* where sys/reboot.h has not these names */
#endif

#include "power.h"

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "force", no_argument, NULL, 'f' },
		{ "warm", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, force = 0, warm = 0;

	while ((c = getopt_long(argc, argv, "fwh", options, NULL)) != -1) {
		if (c != 'f' && c != 'w') {
			fprintf(c == 'h' ? stdout : stderr,
				"usage: reboot [-fw]\n"
				"-f: at once, without asking init to end "
				"what runs\n"
				"-w: a warm start, if the firmware knows "
				"one\n");
			return c != 'h';
		}
		force |= c == 'f';
		warm |= c == 'w';
	}
	if (!force) {
		order_init(SIGTERM, warm ? 'w' : 0);
		sync();
	}
	if (warm)
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			LINUX_REBOOT_CMD_RESTART2, "warm");
	else
		reboot(RB_AUTOBOOT);
	err(1, "restart failed");
}
