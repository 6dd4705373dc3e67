/*
 * crc32c where the machine multiplies without carries: eight bytes in four
 * instructions. Elsewhere four bytes a step: three more tables say what a byte
 * does that is followed by one, two or three others, so the four look-ups do
 * not wait for each other. 4 KiB of tables, made once at the first use; making
 * them twice at the same time gives the same values, so no lock is needed.
 */
#include "fs/ext4/crc32c.h"

#include "fs/host.h"

#define POLY_CRC32C 0x82f63b78u /* bits reversed */
#define POLY_CRC16  0xa001u

static uint32_t table[4][256];
static uint32_t shifts[64], far_shifts[128]; /* x^8n, x^(8*64n) mod P */
static const struct host_clmul *clmul;
static int ready;

static uint32_t times_x(uint32_t b)
{
	return b >> 1 ^ ((uint32_t)-(int32_t)(b & 1) & POLY_CRC32C);
}

/* a * b mod P, four bits of a at a time; the highest bit of a word stands for
 * x^0. folds[v] is what v becomes when it is moved out of a word. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	static const uint32_t folds[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	uint32_t t[16], r = 0;

	t[0] = 0;
	t[8] = b;
	t[4] = times_x(b);
	t[2] = times_x(t[4]);
	t[1] = times_x(t[2]);
	for (unsigned i = 2; i < 16; i *= 2) {
		for (unsigned k = 1; k < i; k++)
			t[i + k] = t[i] ^ t[k];
	}
	for (unsigned i = 0; i < 32; i += 4)
		r = r >> 4 ^ folds[r & 15] ^ t[a >> i & 15];
	return r;
}

/*
 * With clmul, all of them times x^-33: the product of two sums in a word is
 * theirs times x, since a word has x^63 in bit 0; and the word that is summed
 * up then is multiplied by x^32.
 */
static void make_shifts(void)
{
	uint32_t first = clmul ? 0xa9cdda0d : 0x80000000u, x = 0x80000000u, far;

	for (unsigned i = 0; i < 64; i++) {
		__atomic_store_n(&shifts[i], multiply(x, first),
				 __ATOMIC_RELAXED);
		x = multiply(x, 0x00800000u);
	}
	far = x;
	x = 0x80000000u;
	for (unsigned i = 0; i < 128; i++) {
		__atomic_store_n(&far_shifts[i], multiply(x, first),
				 __ATOMIC_RELAXED);
		x = multiply(x, far);
	}
}

static void make_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (unsigned k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? POLY_CRC32C : 0);
		__atomic_store_n(&table[0][i], c, __ATOMIC_RELAXED);
	}
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = table[0][i];

		for (unsigned t = 1; t < 4; t++) {
			c = c >> 8 ^ table[0][c & 255];
			__atomic_store_n(&table[t][i], c, __ATOMIC_RELAXED);
		}
	}
	__atomic_store_n(&clmul, host_clmul(), __ATOMIC_RELAXED);
	make_shifts();
	__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
}

uint32_t crc32c(uint32_t crc, const void *buf, size_t n)
{
	const unsigned char *p = buf;
	uintptr_t odd;

	if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
		make_tables();
	for (odd = clmul ? 7 : 3; n && (uintptr_t)p & odd; n--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 255];
	if (clmul && n >= 8) {
		crc = clmul->crc32c(crc, p, n / 8);
		p += n & ~(size_t)7;
		n &= 7;
	}
	for (; n >= 4; n -= 4, p += 4) {
		crc ^= *(const uint32_t *)(const void *)p;
		crc = table[3][crc & 255] ^ table[2][crc >> 8 & 255] ^
		      table[1][crc >> 16 & 255] ^ table[0][crc >> 24];
	}
	for (; n; n--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 255];
	return crc;
}

static uint32_t shift(uint32_t crc, uint32_t by)
{
	uint64_t product;

	if (!clmul)
		return multiply(crc, by);
	product = clmul->multiply(crc, by);
	return clmul->crc32c(0, &product, 1);
}

uint32_t crc32c_zeros(uint32_t crc, size_t n)
{
	if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
		make_tables();
	if (n & 63)
		crc = shift(crc, shifts[n & 63]);
	if (n >= 64)
		crc = shift(crc, far_shifts[n / 64 & 127]);
	return crc;
}

uint16_t crc16(uint16_t crc, const void *buf, size_t n)
{
	const unsigned char *p = buf;

	while (n--) {
		crc ^= *p++;
		for (unsigned k = 0; k < 8; k++)
			crc = (uint16_t)(crc >> 1 ^ (crc & 1 ? POLY_CRC16 : 0));
	}
	return crc;
}
