/*
 * crypt() in the form $6$, as "Unix crypt using SHA-256 and SHA-512" (version
 * 0.6) describes it, with SHA-512 of FIPS 180-4.  Its step numbers stand at the
 * code.  Other forms, DES among them, are not known here.
 */
#include <crypt.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SALT_MAX       16
#define ROUNDS_DEFAULT 5000
#define ROUNDS_MIN     1000
#define ROUNDS_MAX     999999999

struct sha {
	uint64_t state[8];
	uint64_t len; /* bytes; 2^64 of them are not reached */
	unsigned char block[128];
};

static const uint64_t k[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
	0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
	0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
	0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
	0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
	0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
	0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
	0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
	0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
	0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
	0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
	0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
	0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
	0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
	0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
	0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
	0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
	0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
	0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
	0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
	0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static const uint64_t start[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
	0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

static uint64_t rotr(uint64_t x, int n)
{
	return x >> n | x << (64 - n);
}

static uint64_t be64(const unsigned char *p)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void sha_block(struct sha *s)
{
	uint64_t w[80], v[8], t1, t2;
	int i;

	for (i = 0; i < 16; i++)
		w[i] = be64(s->block + 8 * i);
	for (; i < 80; i++)
		w[i] = (rotr(w[i - 2], 19) ^ rotr(w[i - 2], 61) ^
			w[i - 2] >> 6) +
		       w[i - 7] +
		       (rotr(w[i - 15], 1) ^ rotr(w[i - 15], 8) ^
			w[i - 15] >> 7) +
		       w[i - 16];
	memcpy(v, s->state, sizeof(v));
	for (i = 0; i < 80; i++) {
		t1 = v[7] + (rotr(v[4], 14) ^ rotr(v[4], 18) ^ rotr(v[4], 41)) +
		     ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
		t2 = (rotr(v[0], 28) ^ rotr(v[0], 34) ^ rotr(v[0], 39)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++)
		s->state[i] += v[i];
}

static void sha_begin(struct sha *s)
{
	memcpy(s->state, start, sizeof(start));
	s->len = 0;
}

static void sha_add(struct sha *s, const void *data, size_t n)
{
	const unsigned char *p = data;
	size_t at, part;

	while (n) {
		at = s->len % 128;
		part = n < 128 - at ? n : 128 - at;
		memcpy(s->block + at, p, part);
		s->len += part;
		p += part;
		n -= part;
		if (at + part == 128)
			sha_block(s);
	}
}

static void sha_end(struct sha *s, unsigned char out[64])
{
	uint64_t bits = s->len * 8;
	int i;

	sha_add(s, "\x80", 1);
	while (s->len % 128 != 112)
		sha_add(s, "", 1);
	/* The length has 128 bits, of which the upper half is 0. */
	sha_add(s, "\0\0\0\0\0\0\0", 8);
	for (i = 0; i < 8; i++)
		out[i] = (unsigned char)(bits >> (56 - 8 * i));
	sha_add(s, out, 8);
	for (i = 0; i < 64; i++)
		out[i] = (unsigned char)(s->state[i / 8] >> (56 - i % 8 * 8));
}

/* n bytes of a digest that is repeated as often as needed. */
static void sha_add_repeated(struct sha *s, const unsigned char d[64], size_t n)
{
	for (; n > 64; n -= 64)
		sha_add(s, d, 64);
	sha_add(s, d, n);
}

/* Six bits a character, the lowest first. */
static char *put64(char *out, unsigned int v, int n)
{
	static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz";

	for (; n--; v >>= 6)
		*out++ = digits[v & 63];
	return out;
}

static char *put_digest(char *out, const unsigned char d[64])
{
	int i, a = 0, b = 21, c = 42, t;

	/* 22: three bytes at a time, each row turned by one place. */
	for (i = 0; i < 21; i++) {
		out = put64(out,
			    (unsigned int)d[a] << 16 | (unsigned int)d[b] << 8 |
				    d[c],
			    4);
		t = a + 1;
		a = b + 1;
		b = c + 1;
		c = t;
	}
	return put64(out, d[63], 2);
}

/* The number behind "rounds="; -1 if it is none. */
static long parse_rounds(const char **setting)
{
	static const char word[] = "rounds=";
	const char *p = *setting;
	unsigned long n;
	char *end;

	if (strncmp(p, word, sizeof(word) - 1) != 0)
		return 0;
	p += sizeof(word) - 1;
	if (*p < '0' || *p > '9')
		return -1;
	n = strtoul(p, &end, 10);
	if (*end != '$')
		return -1;
	*setting = end + 1;
	return n < ROUNDS_MIN   ? ROUNDS_MIN
	       : n > ROUNDS_MAX ? ROUNDS_MAX
				: (long)n;
}

char *crypt(const char *key, const char *setting)
{
	static char out[4 + 7 + 10 + SALT_MAX + 1 + 86 + 1];
	unsigned char a[64], b[64], p[64], s[64];
	size_t key_len = strlen(key), salt_len, n;
	const char *salt = setting + 3;
	long rounds, i;
	struct sha sha;
	char *to = out;

	if (strncmp(setting, "$6$", 3) != 0)
		goto invalid;
	rounds = parse_rounds(&salt);
	salt_len = strcspn(salt, "$");
	if (salt_len > SALT_MAX)
		salt_len = SALT_MAX;
	/* Such a hash would end a field, or the line, that it stands in. */
	if (rounds < 0 || strcspn(salt, ":\n") < salt_len)
		goto invalid;
	/* 4 to 8 */
	sha_begin(&sha);
	sha_add(&sha, key, key_len);
	sha_add(&sha, salt, salt_len);
	sha_add(&sha, key, key_len);
	sha_end(&sha, b);
	/* 1 to 3, 9 to 12 */
	sha_begin(&sha);
	sha_add(&sha, key, key_len);
	sha_add(&sha, salt, salt_len);
	sha_add_repeated(&sha, b, key_len);
	for (n = key_len; n; n >>= 1) {
		if (n & 1)
			sha_add(&sha, b, 64);
		else
			sha_add(&sha, key, key_len);
	}
	sha_end(&sha, a);
	/* 13 to 16: what stands for the key below */
	sha_begin(&sha);
	for (n = 0; n < key_len; n++)
		sha_add(&sha, key, key_len);
	sha_end(&sha, p);
	/* 17 to 20: and for the salt */
	sha_begin(&sha);
	for (n = 0; n < 16u + a[0]; n++)
		sha_add(&sha, salt, salt_len);
	sha_end(&sha, s);
	/* 21 */
	for (i = 0; i < (rounds ? rounds : ROUNDS_DEFAULT); i++) {
		sha_begin(&sha);
		if (i & 1)
			sha_add_repeated(&sha, p, key_len);
		else
			sha_add(&sha, a, 64);
		if (i % 3)
			sha_add_repeated(&sha, s, salt_len);
		if (i % 7)
			sha_add_repeated(&sha, p, key_len);
		if (i & 1)
			sha_add(&sha, a, 64);
		else
			sha_add_repeated(&sha, p, key_len);
		sha_end(&sha, a);
	}
	to += sprintf(to, "$6$");
	if (rounds)
		to += sprintf(to, "rounds=%ld$", rounds);
	memcpy(to, salt, salt_len);
	to += salt_len;
	*to++ = '$';
	*put_digest(to, a) = 0;
	explicit_bzero(&sha, sizeof(sha));
	explicit_bzero(a, sizeof(a));
	explicit_bzero(b, sizeof(b));
	explicit_bzero(p, sizeof(p));
	return out;

invalid:
	errno = EINVAL;
	return NULL;
}
