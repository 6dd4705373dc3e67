/*
 * See random.h. One key for all harts under a spinlock; a request takes a
 * fresh key from the old one under it and makes its bytes with that outside,
 * so long requests keep nobody waiting.
 */
#include "kernel/dev/random.h"

#include "fs/host.h"
#include "kernel/bits.h"
#include "kernel/dev/chacha.h"
#include "kernel/lock.h"
#include "kernel/riscv.h"
#include "kernel/string.h"

static struct spinlock lock = SPINLOCK_INIT("random", RANK_SLAB);
static uint32_t key[8]; /* [lock] */
static bool seeded;     /* [lock] */
static uint64_t events; /* mixed without a lock, on purpose */

/* Key and 32 bytes of input become the next key, and 32 bytes that nobody can
 * tell from it: out[8] and behind. */
static void mix(const uint32_t *in, uint32_t out[16])
{
	static const uint32_t nonce[3] = { 1, 0, 0 };

	for (unsigned i = 0; i < 8; i++)
		key[i] ^= in[i];
	chacha20_block(key, 0, nonce, out);
	/* Half of the block only: the way back to the old key is closed. */
	memcpy(key, out, sizeof(key));
}

void random_event(void)
{
	uint64_t e = READ_ONCE(events);

	WRITE_ONCE(events, (e << 7 | e >> 57) ^ rdtime());
}

void random_add(const void *p, size_t n, bool good)
{
	const unsigned char *b = p;
	uint32_t in[8], out[16];

	spin_lock(&lock);
	while (n) {
		size_t part = MIN(n, sizeof(in));

		memset(in, 0, sizeof(in));
		memcpy(in, b, part);
		mix(in, out);
		b += part;
		n -= part;
	}
	if (good)
		seeded = true;
	spin_unlock(&lock);
}

void random_bytes(void *buf, size_t n)
{
	static const uint32_t nonce[3] = { 2, 0, 0 };
	uint32_t mine[16], block[16];
	uint64_t now[4] = { rdtime(), READ_ONCE(events), 0, 0 };
	unsigned char *out = buf;
	uint32_t in[8];

	memcpy(in, now, sizeof(in));
	spin_lock(&lock);
	mix(in, mine);
	spin_unlock(&lock);
	if (n <= 32) {
		memcpy(out, mine + 8, n);
		n = 0;
	}
	for (uint32_t counter = 0; n; counter++) {
		size_t part = MIN(n, sizeof(block));

		chacha20_block(mine + 8, counter, nonce, block);
		memcpy(out, block, part);
		out += part;
		n -= part;
	}
	memset(mine, 0, sizeof(mine));
	memset(block, 0, sizeof(block));
	barrier();
}

/* What fs/ asks for. */
void host_random(void *buf, size_t n)
{
	random_bytes(buf, n);
}
