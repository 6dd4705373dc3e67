/*
 * The inputs of tools/fuzz/corpus, one in a line (in hexadecimal digits; # is a
 * comment): those that together reach what the fuzzer has reached, and all
 * that found a fault once. Of some the calls are done once more, without the
 * damage: e2fsck has nothing to say about the disk then.
 *
 * With arguments: these files are inputs (tools/fuzz/run shows findings and
 * measures coverage with it).
 */
// host-test: tools/fuzz/*.c fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c
// -Itools/hostfs

#include "tools/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JUDGED_EACH 16u

/* Of a program that counts which lines are reached: what makes the disks does
 * not count. */
__attribute__((weak)) void __llvm_profile_reset_counters(void);

static char image[] = "/tmp/fuzz_image.XXXXXX";
static unsigned failures;

static void judge(const char *line)
{
	char cmd[200];
	FILE *f = fopen(image, "w");

	if (!f || fwrite(base->data, 1, base->bytes, f) != base->bytes ||
	    fclose(f))
		abort();
	snprintf(cmd, sizeof(cmd), "e2fsck -fn %s >%s.fsck 2>&1", image, image);
	if (system(cmd)) {
		printf("FAIL: e2fsck after %s\n", line);
		snprintf(cmd, sizeof(cmd), "grep -v ^Pass %s.fsck | head -20",
			 image);
		fflush(stdout);
		failures += 1 + !!system(cmd);
	}
}

/* The digits of a line; how many bytes they are. */
static size_t bytes_of(const char *line, uint8_t *out, size_t room)
{
	size_t n = 0;

	while (n < room && sscanf(line + 2 * n, "%2hhx", &out[n]) == 1)
		n++;
	return n;
}

static void test_corpus(void)
{
	FILE *f = fopen("tools/fuzz/corpus", "r");
	char line[1000];
	uint8_t input[400];
	unsigned n = 0;

	if (!f)
		abort();
	while (fgets(line, sizeof(line), f)) {
		size_t size = bytes_of(line, input, sizeof(input));

		if (line[0] == '#')
			continue;
		/* What does not end is a fault, too. */
		alarm(60);
		LLVMFuzzerTestOneInput(input, size);
		if (n++ % JUDGED_EACH == 0 && run_input(input, size, true)) {
			judge(line);
			restore();
		}
	}
	fclose(f);
	if (n < 100)
		failures++;
	printf("%u inputs\n", n);
}

int main(int argc, char **argv)
{
	char cmd[100];
	int fd;

	run_input(NULL, 0, false);
	if (__llvm_profile_reset_counters)
		__llvm_profile_reset_counters();
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");
		uint8_t input[4096];

		if (!f)
			abort();
		LLVMFuzzerTestOneInput(input,
				       fread(input, 1, sizeof(input), f));
		fclose(f);
	}
	if (argc > 1)
		return 0;
	fd = mkstemp(image);
	if (fd < 0)
		abort();
	close(fd);
	test_corpus();
	snprintf(cmd, sizeof(cmd), "rm -f %s %s.fsck", image, image);
	if (system(cmd))
		failures++;
	printf(failures ? "FAIL\n" : "ok\n");
	return failures ? 1 : 0;
}
