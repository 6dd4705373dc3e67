/* yes: a line again and again, until nobody wants more. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char buf[8192];
	size_t n = 0, line, i;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return puts("usage: yes [word...]") < 0;
	for (i = 1; i < (size_t)argc || (argc == 1 && i == 1); i++) {
		const char *word = argc == 1 ? "y" : argv[i];

		if (n + strlen(word) + 2 > sizeof(buf))
			errx(1, "line too long");
		if (i > 1)
			buf[n++] = ' ';
		strcpy(buf + n, word);
		n += strlen(word);
	}
	buf[n++] = '\n';
	line = n;
	while (n + line <= sizeof(buf)) {
		memcpy(buf + n, buf, line);
		n += line;
	}
	while (write(1, buf, n) > 0)
		;
	err(1, "write error");
}
