/* whoami: the name of the effective user. */
#include <err.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct passwd *pw;

	if (argc > 1) {
		int help = !strcmp(argv[1], "--help");

		fprintf(help ? stdout : stderr, "usage: whoami\n");
		return !help;
	}
	pw = getpwuid(geteuid());
	if (!pw)
		errx(1, "user %u has no name", geteuid());
	puts(pw->pw_name);
	return 0;
}
