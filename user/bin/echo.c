/* echo: write the arguments.  -n: no end of line; -e: with escapes. */
#include <err.h>
#include <stdio.h>
#include <string.h>

/* Write with escapes; gives 1 when \c says to stop. */
static int put_escaped(const char *s)
{
	static const char from[] = "abefnrtv\\", to[] = "\a\b\033\f\n\r\t\v\\";
	const char *p;
	int n, v;

	for (; *s; s++) {
		if (*s != '\\' || !s[1]) {
			putchar(*s);
			continue;
		}
		s++;
		if (*s == 'c')
			return 1;
		if (*s == '0') {
			for (n = v = 0; n < 3 && s[1] >= '0' && s[1] <= '7';
			     n++)
				v = v * 8 + *++s - '0';
			putchar(v & 255);
		} else if ((p = strchr(from, *s))) {
			putchar(to[p - from]);
		} else {
			putchar('\\');
			putchar(*s);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int i, newline = 1, escapes = 0;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strspn(argv[i] + 1, "neE") != strlen(argv[i] + 1))
			break;
		if (strchr(argv[i], 'n'))
			newline = 0;
		if (strchr(argv[i], 'e'))
			escapes = 1;
		if (strchr(argv[i], 'E'))
			escapes = 0;
	}
	for (; i < argc; i++) {
		if (escapes) {
			if (put_escaped(argv[i])) {
				newline = 0;
				break;
			}
		} else {
			fputs(argv[i], stdout);
		}
		if (i + 1 < argc)
			putchar(' ');
	}
	if (newline)
		putchar('\n');
	if (fflush(stdout))
		err(1, "write error");
	return 0;
}
