/*
 * sha256sum, and by other names sha224sum, sha384sum, sha512sum, sha1sum and
 * md5sum: sums of files by FIPS 180-4 and RFC 1321; -c reads such lines back
 * and checks the files that they name.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shown.h"

/* Of an algorithm with words of 32 bits the lower halves are used. */
struct state {
	uint64_t h[8];
	uint64_t bytes;
	unsigned char block[128];
};

struct algorithm {
	const char *program, *name;
	void (*block)(struct state *s, const unsigned char *p);
	size_t size; /* of a block */
	int words;   /* of the digest: */
	int bits;    /* in each */
	int digits;  /* of it as text */
};

static int quiet, status_only, warn_lines, strict, ignore_missing, tagged;
static int failed, line_end = '\n';
static const struct algorithm *sum_by;

/*
 * First 64 bits of the fractions of the cube roots of the first 80 primes; the
 * algorithms with words of 32 bits take the upper halves of the first 64.
 */
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

/* And of the square roots of the first 16. */
static const uint64_t roots[16] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
	0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b, 0x5be0cd19137e2179, 0xcbbb9d5dc1059ed8,
	0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
	0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7,
	0x47b5481dbefa4fa4,
};

/* The sines of 1 to 64, without sign, as fractions of 32 bits. */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
	0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
	0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
	0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
	0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
	0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
	0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
	0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static uint64_t ror64(uint64_t x, int n)
{
	return x >> n | x << (64 - n);
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void sha256_block(struct state *s, const unsigned char *p)
{
	uint32_t w[64], v[8], t1, t2;
	int i;

	for (i = 0; i < 16; i++, p += 4)
		w[i] = big_endian(p);
	for (; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^
			w[i - 15] >> 3) +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	for (i = 0; i < 8; i++)
		v[i] = (uint32_t)s->h[i];
	for (i = 0; i < 64; i++) {
		t1 = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
		     ((v[4] & v[5]) ^ (~v[4] & v[6])) + (uint32_t)(k[i] >> 32) +
		     w[i];
		t2 = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++)
		s->h[i] += v[i];
}

static void sha512_block(struct state *s, const unsigned char *p)
{
	uint64_t w[80], v[8], t1, t2;
	int i;

	for (i = 0; i < 16; i++, p += 8)
		w[i] = (uint64_t)big_endian(p) << 32 | big_endian(p + 4);
	for (; i < 80; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror64(w[i - 15], 1) ^ ror64(w[i - 15], 8) ^
			w[i - 15] >> 7) +
		       (ror64(w[i - 2], 19) ^ ror64(w[i - 2], 61) ^
			w[i - 2] >> 6);
	memcpy(v, s->h, sizeof(v));
	for (i = 0; i < 80; i++) {
		t1 = v[7] +
		     (ror64(v[4], 14) ^ ror64(v[4], 18) ^ ror64(v[4], 41)) +
		     ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
		t2 = (ror64(v[0], 28) ^ ror64(v[0], 34) ^ ror64(v[0], 39)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++)
		s->h[i] += v[i];
}

static void sha1_block(struct state *s, const unsigned char *p)
{
	static const uint32_t add[] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
					0xca62c1d6 };
	uint32_t w[80], v[5], f, t;
	int i;

	for (i = 0; i < 16; i++, p += 4)
		w[i] = big_endian(p);
	for (; i < 80; i++)
		w[i] = ror(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 31);
	for (i = 0; i < 5; i++)
		v[i] = (uint32_t)s->h[i];
	for (i = 0; i < 80; i++) {
		f = i < 20 ? (v[1] & v[2]) | (~v[1] & v[3])
		    : i >= 40 && i < 60
			    ? (v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])
			    : v[1] ^ v[2] ^ v[3];
		t = ror(v[0], 27) + f + v[4] + add[i / 20] + w[i];
		memmove(v + 1, v, 4 * sizeof(*v));
		v[2] = ror(v[2], 2);
		v[0] = t;
	}
	for (i = 0; i < 5; i++)
		s->h[i] += v[i];
}

static void md5_block(struct state *s, const unsigned char *p)
{
	static const unsigned char turns[4][4] = {
		{ 7, 12, 17, 22 },
		{ 5, 9, 14, 20 },
		{ 4, 11, 16, 23 },
		{ 6, 10, 15, 21 },
	};
	uint32_t a = (uint32_t)s->h[0], b = (uint32_t)s->h[1];
	uint32_t c = (uint32_t)s->h[2], d = (uint32_t)s->h[3], f;
	int i, g;

	for (i = 0; i < 64; i++) {
		switch (i / 16) {
		case 0:
			f = (b & c) | (~b & d);
			g = i;
			break;
		case 1:
			f = (d & b) | (~d & c);
			g = 5 * i + 1;
			break;
		case 2:
			f = b ^ c ^ d;
			g = 3 * i + 5;
			break;
		default:
			f = c ^ (b | ~d);
			g = 7 * i;
		}
		f += a + sines[i] +
		     __builtin_bswap32(big_endian(p + g % 16 * 4));
		a = d;
		d = c;
		c = b;
		b += ror(f, 32 - turns[i / 16][i % 4]);
	}
	s->h[0] += a;
	s->h[1] += b;
	s->h[2] += c;
	s->h[3] += d;
}

static const struct algorithm algorithms[] = {
	{ "sha256sum", "SHA256", sha256_block, 64, 8, 32, 64 },
	{ "sha224sum", "SHA224", sha256_block, 64, 8, 32, 56 },
	{ "sha512sum", "SHA512", sha512_block, 128, 8, 64, 128 },
	{ "sha384sum", "SHA384", sha512_block, 128, 8, 64, 96 },
	{ "sha1sum", "SHA1", sha1_block, 64, 5, 32, 40 },
	{ "md5sum", "MD5", md5_block, 64, 4, 32, 32 },
};
#define DIGITS_MAX 128

static void start(struct state *s)
{
	static const uint32_t plain[5] = { 0x67452301, 0xefcdab89, 0x98badcfe,
					   0x10325476, 0xc3d2e1f0 };
	int i, shorter = sum_by->digits < sum_by->words * sum_by->bits / 4;

	/* Whose digest is cut off has the other eight roots. */
	for (i = 0; i < sum_by->words; i++)
		s->h[i] = sum_by->words < 8    ? plain[i]
			  : sum_by->bits == 64 ? roots[i + 8 * shorter]
			  : shorter            ? (uint32_t)roots[i + 8]
					       : roots[i] >> 32;
	s->bytes = 0;
}

static void add(struct state *s, const unsigned char *p, size_t n)
{
	size_t size = sum_by->size, have = s->bytes % size, take;

	s->bytes += n;
	while (n) {
		if (!have && n >= size) {
			sum_by->block(s, p);
			p += size;
			n -= size;
			continue;
		}
		take = n < size - have ? n : size - have;
		memcpy(s->block + have, p, take);
		have += take;
		p += take;
		n -= take;
		if (have == size) {
			sum_by->block(s, s->block);
			have = 0;
		}
	}
}

/*
 * Closes with a one bit, zeros, and the number of bits in an eighth of a block;
 * the digest as text. MD5 has its lower bytes first.
 */
static void finish(struct state *s, char *text)
{
	static const unsigned char pad[128] = { 0x80 };
	uint64_t bits = s->bytes * 8, low;
	int i, md5 = sum_by->block == md5_block, wide = sum_by->bits / 4;
	size_t rest = s->bytes % sum_by->size, end = sum_by->size / 8;
	unsigned char len[8];

	for (i = 0; i < 8; i++)
		len[i] = (unsigned char)(bits >> 8 * (md5 ? i : 7 - i));
	/* No file has so many bits that the upper half of 16 bytes counts. */
	add(s, pad, 1 + (2 * sum_by->size - 1 - end - rest) % sum_by->size);
	add(s, pad + 1, end - 8);
	add(s, len, 8);
	for (i = 0; i < sum_by->words; i++) {
		low = s->h[i];
		if (md5)
			low = __builtin_bswap32((uint32_t)low);
		else if (sum_by->bits == 32)
			low = (uint32_t)low;
		snprintf(text + wide * i, (size_t)wide + 1, "%0*jx", wide,
			 (uintmax_t)low);
	}
	text[sum_by->digits] = 0;
}

/* The digest of a file; -1 with errno when it cannot be read. */
static int digest(const char *name, char *text)
{
	static unsigned char buf[65536];
	struct state s;
	ssize_t n;
	int fd, saved;

	fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;
	if (fd < 0)
		return -1;
	start(&s);
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n > 0) {
			add(&s, buf, (size_t)n);
		} else if (errno != EINTR) {
			saved = errno;
			if (fd)
				close(fd);
			errno = saved;
			return -1;
		}
	}
	if (fd)
		close(fd);
	finish(&s, text);
	return 0;
}

/* A name with a newline in it is written with \n, and marked by a first \. */
static void put_name(const char *name)
{
	for (; *name; name++) {
		char one[2] = { *name, 0 };

		if (*name == '\n')
			fputs("\\n", stdout);
		else if (*name == '\r')
			fputs("\\r", stdout);
		else if (*name == '\\')
			fputs("\\\\", stdout);
		else
			shown_name(stdout, one);
	}
}

static int needs_marks(const char *name)
{
	return name[strcspn(name, "\\\n\r")] != 0;
}

static void print(const char *name, int binary)
{
	int marks = line_end && needs_marks(name);
	char text[DIGITS_MAX + 1];

	if (digest(name, text) < 0) {
		warn("%s", name);
		failed = 1;
		return;
	}
	if (marks)
		putchar('\\');
	if (tagged)
		printf("%s (", sum_by->name);
	else
		printf("%s %c", text, binary ? '*' : ' ');
	if (marks)
		put_name(name);
	else if (line_end)
		shown_name(stdout, name);
	else
		fputs(name, stdout);
	if (tagged)
		printf(") = %s", text);
	putchar(line_end);
}

/* Take the marks out of a name, in place; 0 when they are wrong. */
static int unmark(char *name)
{
	char *to = name;

	for (; *name; name++) {
		if (*name != '\\') {
			*to++ = *name;
			continue;
		}
		name++;
		if (*name == 'n')
			*to++ = '\n';
		else if (*name == 'r')
			*to++ = '\r';
		else if (*name == '\\')
			*to++ = '\\';
		else
			return 0;
	}
	*to = 0;
	return 1;
}

static int is_digest(const char *s)
{
	int i;

	for (i = 0; i < sum_by->digits; i++)
		if (!isxdigit((unsigned char)s[i]))
			return 0;
	return 1;
}

/* Parts of a line, "digest  name" or "SHA256 (name) = digest"; 0 if neither */
static int split(char *line, char **name, char **sum)
{
	size_t digits = (size_t)sum_by->digits, n = strlen(sum_by->name);
	int marks;
	char *p;

	line += strspn(line, " \t");
	marks = *line == '\\';
	line += marks;
	if (!strncmp(line, sum_by->name, n) && !strncmp(line + n, " (", 2)) {
		p = strrchr(line, ')');
		if (!p || strncmp(p, ") = ", 4) || !is_digest(p + 4) ||
		    p[4 + digits])
			return 0;
		*p = 0;
		*name = line + n + 2;
		*sum = p + 4;
	} else {
		if (!is_digest(line) || line[digits] != ' ' ||
		    (line[digits + 1] != ' ' && line[digits + 1] != '*') ||
		    !line[digits + 2])
			return 0;
		*sum = line;
		*name = line + digits + 2;
		line[digits] = 0;
	}
	return !marks || unmark(*name);
}

static void count_warning(unsigned long n, const char *one, const char *many)
{
	if (n && !status_only)
		warnx("WARNING: %lu %s", n, n == 1 ? one : many);
}

static void put_result(const char *name, const char *result)
{
	if (strchr(name, '\n')) {
		putchar('\\');
		put_name(name);
	} else {
		shown_name(stdout, name);
	}
	printf(": %s\n", result);
}

static void check(const char *list)
{
	unsigned long good = 0, bad_lines = 0, missing = 0, wrong = 0, at = 0;
	unsigned long right = 0;
	char text[DIGITS_MAX + 1], *line = NULL, *name, *sum;
	size_t cap = 0;
	ssize_t n;
	FILE *f;
	int same;

	f = strcmp(list, "-") ? fopen(list, "r") : stdin;
	if (!f) {
		warn("%s", list);
		failed = 1;
		return;
	}
	while ((n = getline(&line, &cap, f)) > 0) {
		at++;
		if (line[n - 1] == '\n')
			line[--n] = 0;
		if (n && line[n - 1] == '\r')
			line[--n] = 0;
		if (line[0] == '#' || !n)
			continue;
		if (strlen(line) != (size_t)n || !split(line, &name, &sum)) {
			bad_lines++;
			if (warn_lines)
				warnx("%s: %lu: improperly formatted %s "
				      "checksum line",
				      list, at, sum_by->name);
			continue;
		}
		good++;
		if (digest(name, text) < 0) {
			if (ignore_missing && errno == ENOENT)
				continue;
			warn("%s", name);
			missing++;
			if (!status_only) {
				put_result(name, "FAILED open or read");
			}
			continue;
		}
		same = !strcasecmp(text, sum);
		wrong += !same;
		right += same;
		if (status_only || (same && quiet))
			continue;
		put_result(name, same ? "OK" : "FAILED");
	}
	if (ferror(f)) {
		warn("%s", list);
		failed = 1;
	}
	free(line);
	if (f != stdin)
		fclose(f);
	fflush(stdout);
	list = strcmp(list, "-") ? list : "'standard input'";
	if (!good) {
		warnx("%s: no properly formatted checksum lines found", list);
		failed = 1;
		return;
	}
	count_warning(bad_lines, "line is improperly formatted",
		      "lines are improperly formatted");
	count_warning(missing, "listed file could not be read",
		      "listed files could not be read");
	count_warning(wrong, "computed checksum did NOT match",
		      "computed checksums did NOT match");
	if (ignore_missing && !right && !wrong && !missing) {
		if (!status_only)
			warnx("%s: no file was verified", list);
		failed = 1;
	}
	if (missing || wrong || (strict && bad_lines))
		failed = 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "binary", no_argument, NULL, 'b' },
		{ "check", no_argument, NULL, 'c' },
		{ "text", no_argument, NULL, 't' },
		{ "warn", no_argument, NULL, 'w' },
		{ "quiet", no_argument, &quiet, 1 },
		{ "status", no_argument, &status_only, 1 },
		{ "strict", no_argument, &strict, 1 },
		{ "ignore-missing", no_argument, &ignore_missing, 1 },
		{ "tag", no_argument, &tagged, 1 },
		{ "zero", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *own = strrchr(argv[0], '/');
	int c, i, binary = 0, checking = 0;

	own = own ? own + 1 : argv[0];
	sum_by = algorithms;
	for (i = 0; i < (int)(sizeof(algorithms) / sizeof(*algorithms)); i++)
		if (!strcmp(own, algorithms[i].program))
			sum_by = &algorithms[i];
	while ((c = getopt_long(argc, argv, "bctwz", longs, NULL)) != -1) {
		switch (c) {
		case 0:
			break;
		case 'b':
		case 't':
			binary = c == 'b';
			break;
		case 'c':
			checking = 1;
			break;
		case 'w':
			warn_lines = 1;
			break;
		case 'z':
			line_end = 0;
			break;
		default:
			fprintf(c == 'h' ? stdout : stderr,
				"usage: %s [-btz] [--tag] [file...]\n"
				"       %s -c [-w] [--quiet | --status] "
				"[--strict] [--ignore-missing] [file...]\n",
				sum_by->program, sum_by->program);
			return c == 'h' ? 0 : 1;
		}
	}
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		if (checking)
			check(name);
		else
			print(name, binary);
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
