/*
 * The damage of ext4_fuzz.c, with inputs by chance: the form that needs no
 * fuzzer and always does the same. With an argument: so many rounds, with
 * another beginning (ext4_mutate_test 100000 7).
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/ext4/ext4_fuzz.c"

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 4000;
	uint64_t x = 0x9e3779b97f4a7c15ull;
	uint8_t input[64];

	if (argc > 2)
		x += (uint64_t)atoi(argv[2]) * 7919;
	for (unsigned i = 0; i < rounds; i++) {
		size_t size = 4 + 6 * (1 + i % 8);

		for (unsigned k = 0; k < sizeof(input); k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			input[k] = (uint8_t)(x >> 32);
		}
		/* Mostly damage alone, and checksums that hide it. */
		if (i % 4)
			input[0] |= 0x80;
		if (i % 5)
			input[2] &= 0x7f;
		if (i % 7)
			input[3] &= 0x7f;
		/* What does not end is a fault too. */
		alarm(60);
		LLVMFuzzerTestOneInput(input, size);
	}
	printf("ok\n");
	return 0;
}
