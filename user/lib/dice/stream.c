/* Streams: what a row of calls on a file, or on memory, returns and leaves. */
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include "user/lib/dice/dice.h"

static char data[300];

static const char *fill(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		data[i] = "abc\n"[dice(4)];
	return data;
}

/* One call. What was called last decides what may be next: C wants a seek
 * between reading and writing. */
static void call(FILE *f, int *mode, int pushed)
{
	static const int buffering[] = { SEEK_SET, SEEK_CUR, SEEK_END };
	char text[300], *line = NULL;
	size_t n = dice(dice(6) ? 12 : 299), cap = 0;
	int c;

	memset(text, 0, sizeof(text));
	switch (dice(14)) {
	case 0:
		*mode = 0;
		/* A seek that fails leaves what was pushed back, but with
		 * glibc. */
		c = pushed ? SEEK_SET : PICK(buffering);
		printf(" seek%d",
		       fseek(f, (long)dice(40) - (c == SEEK_SET ? 0 : 20), c));
		break;
	case 1:
		printf(" tell%ld", ftell(f));
		break;
	case 2:
		*mode = 0;
		rewind(f);
		printf(" rewind");
		break;
	case 3:
		if (*mode == 'w')
			break;
		*mode = 'r';
		printf(" getc%d", getc(f));
		break;
	case 4:
		if (*mode == 'w')
			break;
		*mode = 'r';
		printf(" read%zu", fread(text, 1 + dice(3), n / 3, f));
		dice_show(text, strlen(text));
		break;
	case 5:
		if (*mode == 'w')
			break;
		*mode = 'r';
		printf(" gets");
		if (fgets(text, (int)n + 1, f))
			dice_show(text, strlen(text));
		break;
	case 6:
		if (*mode == 'w')
			break;
		*mode = 'r';
		printf(" line%zd", getline(&line, &cap, f));
		free(line);
		break;
	case 7:
		if (*mode != 'r')
			break;
		c = getc(f);
		if (c != EOF)
			printf(" unget%d", ungetc(pushed ? 'u' : c, f));
		break;
	case 8:
		if (*mode == 'r')
			break;
		*mode = 'w';
		printf(" putc%d", putc("xyz\n"[dice(4)], f));
		break;
	case 9:
		if (*mode == 'r')
			break;
		*mode = 'w';
		printf(" write%zu", fwrite(fill(n), 1 + dice(3), n / 3, f));
		break;
	case 10:
		if (*mode == 'r')
			break;
		*mode = 'w';
		printf(" printf%d", fprintf(f, "<%d %s>", (int)n, "w"));
		break;
	case 11:
		printf(" eof%d,%d", !!feof(f), !!ferror(f));
		break;
	case 12:
		if (*mode == 'r')
			break;
		printf(" flush%d", fflush(f));
		*mode = 0;
		break;
	default:
		clearerr(f);
		printf(" clear");
	}
}

static void on_file(void)
{
	static const char *const modes[] = { "r+", "w+", "a+", "r", "w", "a" };
	const char *how = PICK(modes);
	int mode = !how[1] && *how == 'r' ? 'r'
		   : !how[1]              ? 'w'
					  : 0,
	    only = mode, i, n = (int)dice(25), pushed = (int)dice(2);
	static char own[64];
	FILE *f = fopen("stream", "w");
	char back[4000];
	size_t got;

	fwrite(fill(60), 1, 60, f);
	fclose(f);
	f = fopen("stream", how);
	switch (dice(4)) {
	case 0:
		setvbuf(f, NULL, _IONBF, 0);
		break;
	case 1:
		setvbuf(f, NULL, _IOLBF, 0);
		break;
	case 2:
		setvbuf(f, own, _IOFBF, 1 + dice(sizeof(own)));
		break;
	}
	printf("file %s:", how);
	for (i = 0; i < n; i++) {
		call(f, &mode, pushed);
		if (only)
			mode = only;
	}
	printf(" close%d", fclose(f));
	f = fopen("stream", "r");
	got = fread(back, 1, sizeof(back), f);
	fclose(f);
	putchar(' ');
	dice_show(back, got);
}

static void on_memory(void)
{
	char *p = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&p, &size);
	long n;
	int i;

	printf("memory:");
	for (i = (int)dice(12); i; i--) {
		switch (dice(5)) {
		case 0:
			/* Behind the end glibc pads, and POSIX does not. */
			fflush(f);
			n = (long)size;
			printf(" seek%d",
			       fseek(f, (long)dice((size_t)n + 1), SEEK_SET));
			break;
		case 1:
			fflush(f);
			printf(" %zu", size);
			dice_show(p, size);
			break;
		case 2:
			printf(" tell%ld", ftell(f));
			break;
		case 3:
			printf(" printf%d", fprintf(f, "<%u>", dice(1000)));
			break;
		default:
			printf(" write%zu", fwrite(fill(12), 1, dice(12), f));
		}
	}
	printf(" close%d", fclose(f));
	printf(" %zu", size);
	dice_show(p, size);
	free(p);
}

int main(int argc, char **argv)
{
	unsigned long cases = dice_begin(argc, argv);

	while (cases--) {
		if (dice(4))
			on_file();
		else
			on_memory();
		putchar('\n');
	}
	unlink("stream");
	return 0;
}
