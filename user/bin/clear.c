/* clear: an empty screen; without -x what has scrolled away goes too. */
#include <err.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	int keep = argc == 2 && !strcmp(argv[1], "-x");

	if (argc > 1 && !keep) {
		fputs("usage: clear [-x]\n",
		      strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") != 0;
	}
	fputs(keep ? "\033[H\033[2J" : "\033[H\033[2J\033[3J", stdout);
	if (fflush(stdout))
		err(1, "write error");
	return 0;
}
