/*
 * Checksums by the build machine's own instructions, as the kernel uses those
 * of a hart that has them: half of an execution was checksums. The tables are
 * tested by fs/ext4/crc32c_test.c.
 */
#include "fs/host.h"

#ifdef __x86_64__
#include <immintrin.h>

__attribute__((target("pclmul"))) static uint64_t multiply(uint64_t a,
							   uint64_t b)
{
	const __m128i x = _mm_set_epi64x(0, (long long)a);
	const __m128i y = _mm_set_epi64x(0, (long long)b);

	return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(x, y, 0));
}

__attribute__((target("sse4.2"))) static uint32_t
crc_words(uint32_t crc, const void *p, size_t n)
{
	const uint64_t *words = p;
	uint64_t c = crc;

	for (size_t i = 0; i < n; i++)
		c = _mm_crc32_u64(c, words[i]);
	return (uint32_t)c;
}

const struct host_clmul *host_clmul(void)
{
	static const struct host_clmul ours = { multiply, crc_words };

	if (__builtin_cpu_supports("sse4.2") &&
	    __builtin_cpu_supports("pclmul"))
		return &ours;
	return NULL;
}
#endif
