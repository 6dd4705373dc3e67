/* reboot: bring everything to the disks and start the machine again. */
#include <err.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int c, force = 0;

	while ((c = getopt(argc, argv, "f")) != -1) {
		if (c != 'f') {
			fprintf(stderr, "usage: reboot [-f]\n");
			return 1;
		}
		force = 1;
	}
	if (!force)
		sync();
	reboot(RB_AUTOBOOT);
	err(1, "restart failed");
}
