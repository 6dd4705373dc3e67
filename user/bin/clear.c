/* clear: an empty screen, and nothing kept of what was on it. */
#include <stdio.h>

#include "plain.h"

static const char usage_text[] = "usage: clear\n";

int main(int argc, char **argv)
{
	plain_help(argc, argv, usage_text);
	if (argc > 1) {
		fputs(usage_text, stderr);
		return 1;
	}
	fputs("\033[H\033[2J\033[3J", stdout);
	return plain_end(0, 1);
}
