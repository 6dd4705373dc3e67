/*
 * zombie: a child that has ended and that nobody asks about.  It stays in the
 * table of processes (ps shows it with Z) until its parent ends too; then init
 * collects it.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "plain.h"

static const char usage_text[] = "usage: zombie [seconds]\n";

int main(int argc, char **argv)
{
	unsigned int seconds = 5;
	pid_t pid;

	plain_help(argc, argv, usage_text);
	if (argc > 2 || (argc == 2 && atoi(argv[1]) <= 0)) {
		fputs(usage_text, stderr);
		return 2;
	}
	if (argc == 2)
		seconds = (unsigned int)atoi(argv[1]);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0)
		_exit(0);
	printf("process %d is a zombie for %u seconds; its parent is %d\n",
	       (int)pid, seconds, (int)getpid());
	fflush(stdout);
	sleep(seconds);
	return 0;
}
