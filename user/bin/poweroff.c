/* poweroff: bring everything to the disks and switch the machine off. */
#include <err.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int c, force = 0;

	while ((c = getopt(argc, argv, "f")) != -1) {
		if (c != 'f') {
			fprintf(stderr, "usage: poweroff [-f]\n");
			return 1;
		}
		force = 1;
	}
	if (!force)
		sync();
	reboot(RB_POWER_OFF);
	err(1, "power-off failed");
}
