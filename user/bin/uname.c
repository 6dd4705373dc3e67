/* uname: the names of the system; as arch: that of the machine's kind. */
#include <err.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "plain.h"

static const char usage_text[] = "usage: uname [-asnrvm]\n       arch\n";

int main(int argc, char **argv)
{
	static const char letters[] = "snrvm";
	int arch = plain_named(argv, "arch");
	int c, i, want = arch << 4, first = 1;
	struct utsname u;
	const char *text[5];

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv, arch ? "" : "asnrvmop")) != -1) {
		switch (c) {
		case 'a':
			want = 31;
			break;
		case 'o':
			want |= 1;
			break;
		case 'p':
			want |= 16;
			break;
		case '?':
			fputs(usage_text, stderr);
			return 1;
		default:
			for (i = 0; letters[i] != c; i++)
				;
			want |= 1 << i;
		}
	}
	if (optind < argc)
		errx(1, "extra operand '%s'", argv[optind]);
	if (uname(&u) < 0)
		err(1, "uname");
	text[0] = u.sysname;
	text[1] = u.nodename;
	text[2] = u.release;
	text[3] = u.version;
	text[4] = u.machine;
	for (i = 0; i < 5; i++) {
		if (!((want ? want : 1) & (1 << i)))
			continue;
		printf("%s%s", first ? "" : " ", text[i]);
		first = 0;
	}
	putchar('\n');
	return plain_end(0, 1);
}
