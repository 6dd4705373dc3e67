/*
 * gzip, gunzip, zcat: files in the format of RFC 1952, packed as RFC 1951
 * (deflate) says.
 *
 * Packing: matches are found through chains of places that begin with the same
 * three bytes, and a match waits whether the next byte begins a longer one;
 * each block takes the shortest of stored, fixed and its own Huffman codes.
 * Unpacking trusts nothing: codes must be complete, distances must lie in what
 * was written, and sum and length must agree.
 *
 * A result is written under another name beside its place and renamed when it
 * is complete; only then the original goes.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shown.h"
#include "temp.h"

#define WINDOW    32768 /* how far back a match may lie */
#define MATCH_MAX 258
#define MATCH_MIN 3
#define CODE_MAX  15

static int to_stdout, unpack, keep, force, listing, testing, verbose, quiet;
static int no_name, use_name, recursive, level = 6;
static const char *suffix = ".gz";
static int status;
static char temporary[PATH_MAX]; /* to be removed when something stops us */

/* Lengths 3 .. 258 are symbols 257 .. 285, distances symbols 0 .. 29. */
static const uint16_t length_base[29] = {
	3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23,  27,
	31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
};
static const uint8_t length_extra[29] = {
	0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
	2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
};
static const uint16_t dist_base[30] = {
	1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
	33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
	1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
};
static const uint8_t dist_extra[30] = {
	0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
	6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
};
/* The order in which a block gives the lengths of its length codes. */
static const uint8_t code_order[19] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
					11, 4,  12, 3, 13, 2, 14, 1, 15 };

static uint32_t crc_table[256];

static void crc_init(void)
{
	uint32_t i, bit, c;

	for (i = 0; i < 256; i++) {
		for (c = i, bit = 0; bit < 8; bit++)
			c = (c >> 1) ^ (c & 1 ? 0xedb88320 : 0);
		crc_table[i] = c;
	}
}

static uint32_t crc_add(uint32_t crc, const unsigned char *p, size_t n)
{
	crc = ~crc;
	while (n--)
		crc = (crc >> 8) ^ crc_table[(crc ^ *p++) & 255];
	return ~crc;
}

static void note(int worst)
{
	if (status != 1)
		status = worst;
}

/* --- Bytes in and out -------------------------------------------------- */

struct input {
	int fd;
	unsigned char buf[32768];
	size_t pos, have;
	uint64_t total; /* bytes taken by the reader */
	int error;      /* errno of a failed read */
	uint64_t bits;
	int count; /* how many bits there are */
	int pad;   /* of which these were made up behind the end */
};

struct output {
	int fd; /* -1: only count */
	unsigned char buf[32768];
	size_t have;
	int error;
};

static int in_byte(struct input *in)
{
	ssize_t n;

	if (in->pos == in->have) {
		do {
			n = read(in->fd, in->buf, sizeof(in->buf));
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			in->error = errno;
		if (n <= 0)
			return -1;
		in->pos = 0;
		in->have = (size_t)n;
	}
	in->total++;
	return in->buf[in->pos++];
}

static void out_flush(struct output *out)
{
	size_t done = 0;
	ssize_t n;

	while (out->fd >= 0 && !out->error && done < out->have) {
		n = write(out->fd, out->buf + done, out->have - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			out->error = errno;
	}
	out->have = 0;
}

static void out_byte(struct output *out, int c)
{
	out->buf[out->have++] = (unsigned char)c;
	if (out->have == sizeof(out->buf))
		out_flush(out);
}

/* --- Unpacking --------------------------------------------------------- */

/* A Huffman code: a table for its first bits, and what longer ones need. */
#define FAST 10
struct code {
	uint16_t fast[1 << FAST]; /* symbol * 16 + length; 0: longer */
	uint16_t count[CODE_MAX + 1];
	uint16_t symbol[288]; /* in the order of their codes */
};

static const char *const violated = "invalid compressed data--format violated";
static const char *const cut_off = "unexpected end of file";

static void need(struct input *in, int n)
{
	int c;

	while (in->count < n) {
		c = in_byte(in);
		if (c < 0) {
			in->pad += 8;
			c = 0;
		}
		in->bits |= (uint64_t)c << in->count;
		in->count += 8;
	}
}

static unsigned int take(struct input *in, int n)
{
	unsigned int v;

	need(in, n);
	v = (unsigned int)(in->bits & ((1ull << n) - 1));
	in->bits >>= n;
	in->count -= n;
	return v;
}

/* Have bits been used that the file does not have? */
static int past_end(const struct input *in)
{
	return in->count < in->pad;
}

/*
 * Make a code of the lengths of its symbols.  -1 when there are too many
 * codes, or too few; a single code of one bit may be alone.
 */
static int code_make(struct code *c, const uint8_t *len, int n)
{
	uint16_t start[CODE_MAX + 2];
	int i, k, left = 1, most = 0, code = 0;
	unsigned int turned;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < n; i++)
		c->count[len[i]]++;
	c->count[0] = 0;
	for (i = 1; i <= CODE_MAX; i++) {
		left = left * 2 - c->count[i];
		if (left < 0)
			return -1;
		if (c->count[i])
			most = i;
	}
	if (left && most > 1)
		return -1;
	start[1] = 0;
	for (i = 1; i <= CODE_MAX; i++)
		start[i + 1] = (uint16_t)(start[i] + c->count[i]);
	for (i = 0; i < n; i++)
		if (len[i])
			c->symbol[start[len[i]]++] = (uint16_t)i;
	/* Codes come with their first bit lowest: turn them for the table. */
	for (i = 1, k = 0; i <= FAST; i++, code <<= 1) {
		int m;

		for (m = 0; m < c->count[i]; m++, k++, code++) {
			int b;

			for (b = 0, turned = 0; b < i; b++)
				turned |= ((unsigned int)code >> b & 1)
					  << (i - 1 - b);
			for (; turned < 1 << FAST; turned += 1u << i)
				c->fast[turned] =
					(uint16_t)(c->symbol[k] << 4 | i);
		}
	}
	return 0;
}

/* The next symbol; -1 when no code is like that. */
static int decode(struct input *in, const struct code *c)
{
	int code = 0, first = 0, index = 0, i;
	uint16_t f;

	need(in, CODE_MAX);
	f = c->fast[in->bits & ((1 << FAST) - 1)];
	if (f) {
		in->bits >>= f & 15;
		in->count -= f & 15;
		return f >> 4;
	}
	for (i = 1; i <= CODE_MAX; i++) {
		code |= (int)(in->bits >> (i - 1) & 1);
		if (code - first < c->count[i]) {
			in->bits >>= i;
			in->count -= i;
			return c->symbol[index + code - first];
		}
		index += c->count[i];
		first = (first + c->count[i]) << 1;
		code <<= 1;
	}
	return -1;
}

/* What was unpacked: a ring that is also the window. */
struct ring {
	unsigned char buf[WINDOW];
	size_t pos;
	int full; /* once around already */
	uint32_t crc;
	uint64_t total;
	struct output *out;
};

static void ring_flush(struct ring *r)
{
	size_t done = 0;
	ssize_t n;

	r->crc = crc_add(r->crc, r->buf, r->pos);
	r->total += r->pos;
	while (r->out->fd >= 0 && !r->out->error && done < r->pos) {
		n = write(r->out->fd, r->buf + done, r->pos - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			r->out->error = errno;
	}
	r->full |= r->pos == WINDOW;
	r->pos = 0;
}

static void ring_put(struct ring *r, int c)
{
	r->buf[r->pos++] = (unsigned char)c;
	if (r->pos == WINDOW)
		ring_flush(r);
}

static const char *inflate_codes(struct input *in, struct ring *r,
				 const struct code *lengths,
				 const struct code *dists)
{
	unsigned int length, dist;
	size_t from;
	int s;

	for (;;) {
		s = decode(in, lengths);
		if (past_end(in))
			return cut_off;
		if (s < 0)
			return violated;
		if (s < 256) {
			ring_put(r, s);
			continue;
		}
		if (s == 256)
			return NULL;
		s -= 257;
		if (s >= 29)
			return violated;
		length = length_base[s] + take(in, length_extra[s]);
		s = decode(in, dists);
		if (s < 0 || s >= 30)
			return past_end(in) ? cut_off : violated;
		dist = dist_base[s] + take(in, dist_extra[s]);
		if (past_end(in))
			return cut_off;
		if (!r->full && dist > r->pos)
			return violated;
		from = (r->pos + WINDOW - dist) % WINDOW;
		while (length--) {
			ring_put(r, r->buf[from]);
			from = (from + 1) % WINDOW;
		}
		if (r->out->error)
			return NULL;
	}
}

static const char *inflate_stored(struct input *in, struct ring *r)
{
	unsigned int n, inverse;

	take(in, in->count & 7);
	n = take(in, 16);
	inverse = take(in, 16);
	if (past_end(in))
		return cut_off;
	if ((n ^ inverse) != 0xffff)
		return violated;
	while (n--) {
		ring_put(r, (int)take(in, 8));
		if (past_end(in))
			return cut_off;
	}
	return NULL;
}

static const char *inflate_dynamic(struct input *in, struct ring *r)
{
	static struct code lengths, dists;
	uint8_t len[286 + 30 + 138] = { 0 };
	int nlen = (int)take(in, 5) + 257, ndist = (int)take(in, 5) + 1;
	int ncode = (int)take(in, 4) + 4, i, s, n, value;

	if (nlen > 286 || ndist > 30)
		return past_end(in) ? cut_off : violated;
	for (i = 0; i < ncode; i++)
		len[code_order[i]] = (uint8_t)take(in, 3);
	if (past_end(in))
		return cut_off;
	if (code_make(&lengths, len, 19) < 0)
		return violated;
	memset(len, 0, sizeof(len));
	for (i = 0; i < nlen + ndist;) {
		s = decode(in, &lengths);
		value = 0;
		n = 1;
		if (s < 0)
			return past_end(in) ? cut_off : violated;
		if (s < 16) {
			value = s;
		} else if (s == 16) {
			if (!i)
				return violated;
			value = len[i - 1];
			n = (int)take(in, 2) + 3;
		} else if (s == 17) {
			n = (int)take(in, 3) + 3;
		} else {
			n = (int)take(in, 7) + 11;
		}
		if (past_end(in))
			return cut_off;
		if (i + n > nlen + ndist)
			return violated;
		while (n--)
			len[i++] = (uint8_t)value;
	}
	if (!len[256] || code_make(&lengths, len, nlen) < 0 ||
	    code_make(&dists, len + nlen, ndist) < 0)
		return violated;
	return inflate_codes(in, r, &lengths, &dists);
}

static const char *inflate_fixed(struct input *in, struct ring *r)
{
	static struct code lengths, dists;
	static int made;
	uint8_t len[288];

	if (!made) {
		memset(len, 8, 144);
		memset(len + 144, 9, 112);
		memset(len + 256, 7, 24);
		memset(len + 280, 8, 8);
		code_make(&lengths, len, 288);
		/* 30 and 31 are never used, but complete the code. */
		memset(len, 5, 32);
		code_make(&dists, len, 32);
		made = 1;
	}
	return inflate_codes(in, r, &lengths, &dists);
}

/* Unpack one stream; NULL, or what is wrong with it. */
static const char *inflate(struct input *in, struct ring *r)
{
	const char *wrong = NULL;
	int last = 0;

	while (!last && !wrong && !r->out->error) {
		last = (int)take(in, 1);
		switch (take(in, 2)) {
		case 0:
			wrong = inflate_stored(in, r);
			break;
		case 1:
			wrong = inflate_fixed(in, r);
			break;
		case 2:
			wrong = inflate_dynamic(in, r);
			break;
		default:
			wrong = past_end(in) ? cut_off : violated;
		}
	}
	take(in, in->count & 7);
	return wrong;
}

/* --- The format of the file -------------------------------------------- */

struct header {
	char name[NAME_MAX + 1];
	uint32_t time;
};

/* A string of the header; kept as far as it fits, without its directories. */
static int skip_string(struct input *in, char *keep_it)
{
	size_t n = 0;
	int c;

	while ((c = (int)take(in, 8)) != 0 && !past_end(in)) {
		if (!keep_it)
			continue;
		if (c == '/')
			n = 0;
		else if (n < NAME_MAX)
			keep_it[n++] = (char)c;
	}
	if (keep_it)
		keep_it[n] = 0;
	return past_end(in) ? -1 : 0;
}

/* The header behind its two magic bytes. */
static const char *read_header(struct input *in, struct header *h)
{
	unsigned int method = take(in, 8), flags = take(in, 8), n;

	memset(h, 0, sizeof(*h));
	if (past_end(in))
		return cut_off;
	if (method != 8)
		return "unknown method -- not supported";
	if (flags & 0xe0)
		return "has flags -- not supported";
	h->time = take(in, 16);
	h->time |= (uint32_t)take(in, 16) << 16;
	take(in, 16);
	if (flags & 4)
		for (n = take(in, 16); n && !past_end(in); n--)
			take(in, 8);
	if (flags & 8)
		skip_string(in, h->name);
	if (flags & 16)
		skip_string(in, NULL);
	if (flags & 2)
		take(in, 16);
	return past_end(in) ? cut_off : NULL;
}

struct result {
	uint64_t size, packed; /* packed: without the header of the first */
	uint64_t file;         /* all of the packed bytes */
	uint32_t crc;
	struct header header;
	int garbage; /* something that is no member follows the last */
};

/* All members of a file; NULL, or what is wrong. `first`: the magic is read. */
static const char *unpack_all(struct input *in, struct output *out,
			      struct result *res)
{
	static struct ring ring;
	const char *wrong;
	uint32_t crc, size;
	struct header h;
	int first = 1;

	memset(res, 0, sizeof(*res));
	for (;;) {
		wrong = read_header(in, &h);
		if (wrong)
			return wrong;
		if (first) {
			res->header = h;
			res->packed = in->total;
		}
		ring.pos = 0;
		ring.full = 0;
		ring.crc = 0;
		ring.total = 0;
		ring.out = out;
		wrong = inflate(in, &ring);
		ring_flush(&ring);
		if (in->error || out->error)
			return NULL;
		if (wrong)
			return wrong;
		crc = take(in, 16);
		crc |= (uint32_t)take(in, 16) << 16;
		size = take(in, 16);
		size |= (uint32_t)take(in, 16) << 16;
		if (past_end(in))
			return cut_off;
		if (crc != ring.crc)
			return "invalid compressed data--crc error";
		if (size != (uint32_t)ring.total)
			return "invalid compressed data--length error";
		res->size += ring.total;
		res->crc = crc;
		res->file = in->total;
		if (first)
			res->packed = in->total - res->packed;
		first = 0;
		/* Another member, zeros that a tape left, or the end. */
		need(in, 16);
		while (!in->pad && (in->bits & 0xff) == 0) {
			take(in, 8);
			need(in, 16);
			res->file = in->total;
		}
		if (in->pad >= 16 || (in->pad == 8 && (in->bits & 0xff) == 0)) {
			return NULL;
		}
		if (in->pad || take(in, 16) != 0x8b1f) {
			res->garbage = 1;
			return NULL;
		}
	}
}

/* --- Packing ----------------------------------------------------------- */

#define HASH_BITS 15
#define SPACE     (WINDOW * 4)
#define SYMBOLS   16384
#define RAW_MAX   60000 /* bytes of a block, so that they are still there */

/* How hard to look, for -1 .. -9. */
static const struct effort {
	int chain; /* places that are tried */
	int lazy;  /* a shorter match waits for a better one */
	int good;  /* a match that ends the search */
} efforts[10] = {
	{ 0, 0, 0 },        { 4, 0, 16 },     { 8, 0, 32 },
	{ 16, 0, 64 },      { 16, 4, 32 },    { 32, 16, 64 },
	{ 128, 16, 128 },   { 256, 32, 258 }, { 1024, 258, 258 },
	{ 4096, 258, 258 },
};

struct packer {
	struct output *out;
	unsigned char buf[SPACE];
	int head[1 << HASH_BITS]; /* the last place with a hash, or -1 */
	int prev[WINDOW];         /* the one before it, by place % WINDOW */
	int pos, end, block;      /* in buf: now, end of input, the block's */
	uint16_t length[SYMBOLS]; /* of a match, or 0: a byte */
	uint16_t what[SYMBOLS];   /* a distance or the byte */
	int symbols;
	unsigned int freq[286], dist_freq[30];
	uint64_t bits;
	int count;
};

/* A code for writing: turned bits and their number. */
struct word {
	uint16_t bits;
	uint8_t len;
};

static uint8_t length_symbol[MATCH_MAX + 1];

static void length_init(void)
{
	int i, k;

	for (i = 0; i < 28; i++)
		for (k = 0; k < 1 << length_extra[i]; k++)
			length_symbol[length_base[i] + k] = (uint8_t)i;
	length_symbol[MATCH_MAX] = 28;
}

static int dist_symbol(unsigned int dist)
{
	int bits;

	dist--;
	if (dist < 4)
		return (int)dist;
	bits = 31 - __builtin_clz(dist);
	return bits * 2 + (int)(dist >> (bits - 1) & 1);
}

static void put_bits(struct packer *p, unsigned int v, int n)
{
	p->bits |= (uint64_t)v << p->count;
	for (p->count += n; p->count >= 8; p->count -= 8) {
		out_byte(p->out, (int)(p->bits & 255));
		p->bits >>= 8;
	}
}

static const unsigned int *sort_freq;

static int by_freq(const void *a, const void *b)
{
	uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;

	if (sort_freq[x] != sort_freq[y])
		return sort_freq[x] < sort_freq[y] ? -1 : 1;
	return x - y;
}

/*
 * Lengths of a Huffman code for these frequencies, none above `most`.  When
 * the code gets too long the frequencies are brought nearer together.
 */
static void huffman(const unsigned int *freq, int n, int most, uint8_t *len)
{
	unsigned int weight[2 * 286], f[286];
	int parent[2 * 286], i, k, a, b, used, longest;
	uint16_t order[286];

	memcpy(f, freq, (size_t)n * sizeof(*f));
	memset(len, 0, (size_t)n);
	do {
		for (i = used = 0; i < n; i++)
			if (f[i])
				order[used++] = (uint16_t)i;
		if (used < 2) {
			/* One code of one bit, and a second to be complete. */
			a = used ? order[0] : 0;
			len[a] = 1;
			len[a ? 0 : 1] = 1;
			return;
		}
		sort_freq = f;
		qsort(order, (size_t)used, sizeof(*order), by_freq);
		for (i = 0; i < used; i++)
			weight[i] = f[order[i]];
		/* Leaves and made nodes are both in order: take the least. */
		a = 0;
		b = used;
		for (k = used; k < 2 * used - 1; k++) {
			weight[k] = 0;
			for (i = 0; i < 2; i++) {
				int least = a < used && (b == k ||
							 weight[a] <= weight[b])
						    ? a++
						    : b++;

				weight[k] += weight[least];
				parent[least] = k;
			}
		}
		/* A node's depth is one more than that of its parent. */
		weight[2 * used - 2] = 0;
		for (k = 2 * used - 3, longest = 0; k >= 0; k--) {
			weight[k] = weight[parent[k]] + 1;
			if (k < used) {
				len[order[k]] = (uint8_t)weight[k];
				if ((int)weight[k] > longest)
					longest = (int)weight[k];
			}
		}
		for (i = 0; i < n; i++)
			f[i] = f[i] ? f[i] / 2 + 1 : 0;
	} while (longest > most);
}

static void make_words(const uint8_t *len, int n, struct word *w)
{
	unsigned int count[CODE_MAX + 1] = { 0 }, next[CODE_MAX + 1] = { 0 }, c;
	int i, b;

	for (i = 0; i < n; i++)
		count[len[i]]++;
	count[0] = 0;
	for (i = 1; i <= CODE_MAX; i++)
		next[i] = (next[i - 1] + count[i - 1]) << 1;
	for (i = 0; i < n; i++) {
		w[i].len = len[i];
		w[i].bits = 0;
		if (!len[i])
			continue;
		c = next[len[i]]++;
		for (b = 0; b < len[i]; b++)
			w[i].bits |=
				(uint16_t)((c >> b & 1) << (len[i] - 1 - b));
	}
}

/* Lengths of codes, with runs written shorter: symbols and extra bits. */
static int pack_lengths(const uint8_t *len, int n, uint8_t *sym, uint8_t *extra)
{
	int i, run, count = 0;

	for (i = 0; i < n; i += run) {
		for (run = 1; i + run < n && len[i + run] == len[i]; run++)
			;
		if (!len[i] && run >= 3) {
			if (run > 138)
				run = 138;
			sym[count] = run < 11 ? 17 : 18;
			extra[count++] = (uint8_t)(run - (run < 11 ? 3 : 11));
		} else if (len[i] && run >= 4) {
			if (run > 7)
				run = 7;
			sym[count] = len[i];
			extra[count++] = 0;
			sym[count] = 16;
			extra[count++] = (uint8_t)(run - 4);
		} else {
			run = 1;
			sym[count] = len[i];
			extra[count++] = 0;
		}
	}
	return count;
}

static uint64_t cost(const struct packer *p, const uint8_t *len,
		     const uint8_t *dist_len)
{
	uint64_t bits = 0;
	int i;

	for (i = 0; i < 286; i++)
		bits += (uint64_t)p->freq[i] *
			(unsigned int)(len[i] +
				       (i > 256 ? length_extra[i - 257] : 0));
	for (i = 0; i < 30; i++)
		bits += (uint64_t)p->dist_freq[i] *
			(unsigned int)(dist_len[i] + dist_extra[i]);
	return bits;
}

static void put_symbols(struct packer *p, const uint8_t *len,
			const uint8_t *dist_len)
{
	struct word w[288], d[30];
	int i, s;

	make_words(len, 288, w);
	make_words(dist_len, 30, d);
	for (i = 0; i < p->symbols; i++) {
		unsigned int length = p->length[i], what = p->what[i];

		if (!length) {
			put_bits(p, w[what].bits, w[what].len);
			continue;
		}
		s = length_symbol[length];
		put_bits(p, w[257 + s].bits, w[257 + s].len);
		put_bits(p, length - length_base[s], length_extra[s]);
		s = dist_symbol(what);
		put_bits(p, d[s].bits, d[s].len);
		put_bits(p, what - dist_base[s], dist_extra[s]);
	}
	put_bits(p, w[256].bits, w[256].len);
}

static void put_stored(struct packer *p, int last)
{
	int n = p->pos - p->block, i;

	put_bits(p, (unsigned int)last, 3);
	put_bits(p, 0, (8 - p->count) & 7);
	put_bits(p, (unsigned int)n, 16);
	put_bits(p, (unsigned int)n ^ 0xffff, 16);
	for (i = 0; i < n; i++)
		put_bits(p, p->buf[p->block + i], 8);
}

static void end_block(struct packer *p, int last)
{
	uint8_t len[288] = { 0 }, dist_len[30] = { 0 }, fixed[288], fixed5[30];
	uint8_t sym[316], extra[316], both[316], code_len[19];
	static const uint8_t more[19] = { [16] = 2, [17] = 3, [18] = 7 };
	int i, nlen = 286, ndist = 30, ncode = 19, count;
	uint64_t own, plain, stored;
	unsigned int freq[19] = { 0 };
	struct word w[19];

	p->freq[256]++;
	huffman(p->freq, 286, CODE_MAX, len);
	huffman(p->dist_freq, 30, CODE_MAX, dist_len);
	while (nlen > 257 && !len[nlen - 1])
		nlen--;
	while (ndist > 1 && !dist_len[ndist - 1])
		ndist--;
	memcpy(both, len, (size_t)nlen);
	memcpy(both + nlen, dist_len, (size_t)ndist);
	count = pack_lengths(both, nlen + ndist, sym, extra);
	for (i = 0; i < count; i++)
		freq[sym[i]]++;
	huffman(freq, 19, 7, code_len);
	while (ncode > 4 && !code_len[code_order[ncode - 1]])
		ncode--;
	own = 3 + 14 + 3 * (unsigned int)ncode + cost(p, len, dist_len);
	for (i = 0; i < 19; i++)
		own += freq[i] * (unsigned int)(code_len[i] + more[i]);
	memset(fixed, 8, 144);
	memset(fixed + 144, 9, 112);
	memset(fixed + 256, 7, 24);
	memset(fixed + 280, 8, 8);
	memset(fixed5, 5, sizeof(fixed5));
	plain = 3 + cost(p, fixed, fixed5);
	stored = 3 + 7 + 32 + 8 * (uint64_t)(p->pos - p->block);
	if (stored <= own && stored <= plain) {
		put_stored(p, last);
	} else if (plain <= own) {
		put_bits(p, (unsigned int)last | 1 << 1, 3);
		put_symbols(p, fixed, fixed5);
	} else {
		put_bits(p, (unsigned int)last | 2 << 1, 3);
		put_bits(p, (unsigned int)nlen - 257, 5);
		put_bits(p, (unsigned int)ndist - 1, 5);
		put_bits(p, (unsigned int)ncode - 4, 4);
		for (i = 0; i < ncode; i++)
			put_bits(p, code_len[code_order[i]], 3);
		make_words(code_len, 19, w);
		for (i = 0; i < count; i++) {
			put_bits(p, w[sym[i]].bits, w[sym[i]].len);
			put_bits(p, extra[i], more[sym[i]]);
		}
		put_symbols(p, len, dist_len);
	}
	p->block = p->pos;
	p->symbols = 0;
	memset(p->freq, 0, sizeof(p->freq));
	memset(p->dist_freq, 0, sizeof(p->dist_freq));
}

/* A byte, or a match that lies `dist` back. */
static void add_symbol(struct packer *p, int length, int what)
{
	p->length[p->symbols] = (uint16_t)length;
	p->what[p->symbols++] = (uint16_t)what;
	if (length) {
		p->freq[257 + length_symbol[length]]++;
		p->dist_freq[dist_symbol((unsigned int)what)]++;
	} else {
		p->freq[what]++;
	}
}

static unsigned int hash(const unsigned char *s)
{
	uint32_t v =
		(uint32_t)s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16;

	return v * 2654435761u >> (32 - HASH_BITS);
}

/* Enter a place, and return the last one with the same hash. */
static int enter(struct packer *p, int pos)
{
	unsigned int h;
	int old;

	if (p->end - pos < MATCH_MIN)
		return -1;
	h = hash(p->buf + pos);
	old = p->head[h];
	p->prev[pos % WINDOW] = old;
	p->head[h] = pos;
	return old;
}

/* The longest match at pos that is longer than `best`; 0 when there is none. */
static int find_match(const struct packer *p, int pos, int from, int best,
		      int chain, int good, int *at)
{
	const unsigned char *here = p->buf + pos;
	int most = p->end - pos, n, found = 0;

	if (most > MATCH_MAX)
		most = MATCH_MAX;
	if (best < MATCH_MIN - 1)
		best = MATCH_MIN - 1;
	if (best >= most)
		return 0;
	/* An entry that another place has taken over leads out of reach. */
	for (; from >= 0 && pos - from <= WINDOW && chain--;
	     from = p->prev[from % WINDOW]) {
		const unsigned char *there = p->buf + from;

		if (there[best] != here[best] || there[0] != here[0])
			continue;
		for (n = 0; n < most && there[n] == here[n]; n++)
			;
		if (n <= best)
			continue;
		best = found = n;
		*at = from;
		if (n >= good || n == most)
			break;
	}
	return found;
}

/* Make room at the end by dropping what no match can reach. */
static void slide(struct packer *p)
{
	int by = p->block < p->pos - WINDOW ? p->block : p->pos - WINDOW, i;

	by = by / WINDOW * WINDOW; /* places keep their remainder */
	memmove(p->buf, p->buf + by, (size_t)(p->end - by));
	p->pos -= by;
	p->end -= by;
	p->block -= by;
	for (i = 0; i < 1 << HASH_BITS; i++)
		p->head[i] = p->head[i] < by ? -1 : p->head[i] - by;
	for (i = 0; i < WINDOW; i++)
		p->prev[i] = p->prev[i] < by ? -1 : p->prev[i] - by;
}

/* Fill the space behind what is there; 0 at the end of the file. */
static int refill(struct packer *p, struct input *in, uint32_t *crc)
{
	ssize_t n;

	if (p->end == SPACE)
		slide(p);
	do {
		n = read(in->fd, p->buf + p->end, (size_t)(SPACE - p->end));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		in->error = errno;
	if (n <= 0)
		return 0;
	*crc = crc_add(*crc, p->buf + p->end, (size_t)n);
	in->total += (uint64_t)n;
	p->end += (int)n;
	return 1;
}

static void deflate(struct input *in, struct output *out, uint32_t *crc)
{
	static struct packer pack;
	struct packer *p = &pack;
	const struct effort *e = &efforts[level];
	int more = 1, length, at = 0, old, waiting = 0, wait_dist = 0, skip;

	memset(p, 0, sizeof(*p));
	memset(p->head, -1, sizeof(p->head));
	memset(p->prev, -1, sizeof(p->prev));
	p->out = out;
	*crc = 0;
	while (!out->error) {
		while (more && p->end - p->pos <= MATCH_MAX)
			more = refill(p, in, crc);
		if (p->pos == p->end)
			break;
		old = enter(p, p->pos);
		length = find_match(p, p->pos, old, waiting, e->chain, e->good,
				    &at);
		/* Three bytes from far away cost more than they save. */
		if (length == MATCH_MIN && p->pos - at > 4096)
			length = 0;
		if (waiting && !length) {
			/* The one that waited was the better one. */
			add_symbol(p, waiting, wait_dist);
			skip = waiting - 1;
			waiting = 0;
		} else {
			if (waiting)
				add_symbol(p, 0, p->buf[p->pos - 1]);
			waiting = 0;
			if (!length) {
				add_symbol(p, 0, p->buf[p->pos]);
				skip = 1;
			} else if (length < e->lazy) {
				waiting = length;
				wait_dist = p->pos - at;
				skip = 1;
			} else {
				add_symbol(p, length, p->pos - at);
				skip = length;
			}
		}
		for (p->pos++; --skip > 0; p->pos++)
			enter(p, p->pos);
		if (!waiting &&
		    (p->symbols >= SYMBOLS - 2 || p->pos - p->block >= RAW_MAX))
			end_block(p, 0);
	}
	if (waiting)
		add_symbol(p, waiting, wait_dist);
	end_block(p, 1);
	put_bits(p, 0, (8 - p->count) & 7);
}

static void put_little(struct output *out, uint32_t v)
{
	int i;

	for (i = 0; i < 4; i++, v >>= 8)
		out_byte(out, (int)(v & 255));
}

/* Write a whole gzip file; its length without the header is returned. */
static void pack_all(struct input *in, struct output *out, const char *name,
		     time_t when)
{
	const char *base = name ? strrchr(name, '/') : NULL;
	uint32_t crc;

	base = base ? base + 1 : name;
	if (no_name)
		base = NULL;
	out_byte(out, 0x1f);
	out_byte(out, 0x8b);
	out_byte(out, 8);
	out_byte(out, base ? 8 : 0);
	put_little(out, no_name || when < 0 || when > UINT32_MAX
				? 0
				: (uint32_t)when);
	out_byte(out, level == 9 ? 2 : level == 1 ? 4 : 0);
	out_byte(out, 3); /* Unix */
	for (; base && *base; base++)
		out_byte(out, (unsigned char)*base);
	if (base)
		out_byte(out, 0);
	deflate(in, out, &crc);
	put_little(out, crc);
	put_little(out, (uint32_t)in->total);
	out_flush(out);
}

/* --- Files ------------------------------------------------------------- */

static void complain(const char *name, const char *what)
{
	warnx("%s: %s", name, what);
	status = 1;
}

static void warning(const char *name, const char *what)
{
	if (!quiet)
		warnx("%s%s", name, what);
	note(2);
}

static void drop_temporary(void)
{
	if (*temporary)
		unlink(temporary);
}

static double ratio(uint64_t whole, uint64_t packed)
{
	return whole ? 100.0 * ((double)whole - (double)packed) / (double)whole
		     : 0;
}

static void list(const char *name, const struct result *r)
{
	static int begun;
	static uint64_t packed, payload, size;
	static int files;
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;
	time_t t;

	if (r && !begun && !quiet) {
		if (verbose)
			printf("method  crc     date  time  ");
		printf("%19s %19s  ratio uncompressed_name\n", "compressed",
		       "uncompressed");
		begun = 1;
	}
	if (!r) {
		if (files < 2)
			return;
		if (verbose)
			printf("%28s", "");
		printf("%19lu %19lu %5.1f%% (totals)\n", (unsigned long)packed,
		       (unsigned long)size, ratio(size, payload));
		return;
	}
	files++;
	packed += r->file;
	payload += r->packed > 8 ? r->packed - 8 : 0; /* without the sums */
	size += r->size;
	if (verbose) {
		t = (time_t)r->header.time;
		localtime_r(&t, &tm);
		printf("defla %08x %.3s %2d %02d:%02d ", r->crc,
		       months + 3 * tm.tm_mon, tm.tm_mday, tm.tm_hour,
		       tm.tm_min);
	}
	printf("%19lu %19lu %5.1f%% %s\n", (unsigned long)r->file,
	       (unsigned long)r->size,
	       ratio(r->size, r->packed > 8 ? r->packed - 8 : 0), name);
}

/* Bytes that are no gzip file pass as they are, for zcat -f. */
static void copy_through(struct input *in, struct output *out, int a, int b)
{
	int c;

	if (a >= 0)
		out_byte(out, a);
	if (b >= 0)
		out_byte(out, b);
	while ((c = in_byte(in)) >= 0 && !out->error)
		out_byte(out, c);
	out_flush(out);
}

/*
 * From one descriptor to the other (-1: to nowhere).  0, or -1 with a message;
 * what is known then stands in *res.
 */
static int convert(int from, int to, const char *name, const char *header_name,
		   const struct stat *st, struct result *res)
{
	static struct input in;
	static struct output out;
	const char *wrong = NULL;
	int a, b;

	memset(&in, 0, sizeof(in));
	memset(&out, 0, sizeof(out));
	memset(res, 0, sizeof(*res));
	in.fd = from;
	out.fd = to;
	if (!unpack) {
		pack_all(&in, &out, header_name, st ? st->st_mtime : 0);
		res->size = in.total;
	} else {
		a = in_byte(&in);
		b = a < 0 ? -1 : in_byte(&in);
		if (a == 0x1f && b == 0x8b)
			wrong = unpack_all(&in, &out, res);
		else if (force && to_stdout)
			copy_through(&in, &out, a, b);
		else if (b < 0 && !in.error)
			wrong = cut_off;
		else if (!in.error)
			wrong = "not in gzip format";
	}
	if (in.error) {
		errno = in.error;
		warn("%s", name);
		status = 1;
		return -1;
	}
	if (out.error) {
		errno = out.error;
		warn("write error");
		status = 1;
		return -1;
	}
	if (wrong) {
		complain(name, wrong);
		return -1;
	}
	if (res->garbage)
		warning(name, ": decompression OK, trailing garbage ignored");
	return 0;
}

static size_t known_suffix(const char *name, const char **instead)
{
	static const struct {
		const char *end, *instead;
	} known[] = {
		{ ".gz", "" },      { "-gz", "" }, { ".z", "" },
		{ "-z", "" },       { "_z", "" },  { ".tgz", ".tar" },
		{ ".taz", ".tar" },
	};
	size_t n = strlen(name), k, i;

	*instead = "";
	k = strlen(suffix);
	if (n > k && !strcmp(name + n - k, suffix) && name[n - k - 1] != '/')
		return k;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		k = strlen(known[i].end);
		if (n > k && !strcasecmp(name + n - k, known[i].end) &&
		    name[n - k - 1] != '/') {
			*instead = known[i].instead;
			return k;
		}
	}
	return 0;
}

static int agreed(const char *name)
{
	char answer[80];

	fputs("gzip: ", stderr);
	shown_name(stderr, name);
	fputs(" already exists; ", stderr);
	if (!isatty(0)) {
		fputs("	not overwritten\n", stderr);
		return 0;
	}
	fputs("do you wish to overwrite (y or n)? ", stderr);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (*answer == 'y' || *answer == 'Y'))
		return 1;
	fputs("	not overwritten\n", stderr);
	return 0;
}

/* The name of the result, in out; 0 when there is to be none. */
static int result_name(const char *name, char *out, size_t size)
{
	const char *instead;
	size_t n = strlen(name), k = known_suffix(name, &instead);
	int len;

	if (unpack) {
		if (!k) {
			warning(name, ": unknown suffix -- ignored");
			return 0;
		}
		len = snprintf(out, size, "%.*s%s", (int)(n - k), name,
			       instead);
	} else {
		if (k && !force) {
			if (verbose || !quiet)
				warnx("%s already has %s suffix -- unchanged",
				      name, name + n - k);
			note(2);
			return 0;
		}
		len = snprintf(out, size, "%s%s", name, suffix);
	}
	if (len < 0 || (size_t)len >= size) {
		complain(name, strerror(ENAMETOOLONG));
		return 0;
	}
	return 1;
}

static void tell(const char *name, const char *result, const struct result *r,
		 uint64_t packed)
{
	if (!verbose)
		return;
	shown_name(stderr, name);
	if (testing) {
		fputs(":\t OK\n", stderr);
		return;
	}
	fprintf(stderr, ":\t%5.1f%%", ratio(r->size, packed));
	if (result) {
		fputs(keep ? " -- created " : " -- replaced with ", stderr);
		shown_name(stderr, result);
	}
	fputc('\n', stderr);
}

/* The result is put in its place, and the original removed. */
static void replace(int fd, const char *name, char *result, size_t size,
		    const struct stat *st)
{
	const char *slash = strrchr(name, '/');
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	struct result r;
	struct stat now;
	int out, tries = 0;

	/* -N: the name and time that it had. */
	if (lstat(result, &now) == 0 && !force && !agreed(result)) {
		note(2);
		return;
	}
	do {
		snprintf(temporary, sizeof(temporary), "%.*s.gzip%d.%d",
			 slash ? (int)(slash + 1 - name) : 0, name,
			 (int)getpid(), tries);
		out = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			   0600);
	} while (out < 0 && errno == EEXIST && tries++ < 100);
	if (out < 0) {
		*temporary = 0;
		warn("%s", result);
		status = 1;
		return;
	}
	if (convert(fd, out, name, name, st, &r) < 0) {
		close(out);
		goto drop;
	}
	if (unpack && use_name && r.header.name[0] &&
	    strcmp(r.header.name, ".") && strcmp(r.header.name, "..")) {
		snprintf(result, size, "%.*s%s",
			 slash ? (int)(slash + 1 - name) : 0, name,
			 r.header.name);
		if (lstat(result, &now) == 0 && !force && !agreed(result)) {
			note(2);
			close(out);
			goto drop;
		}
	}
	if (unpack && use_name && r.header.time)
		times[1] = (struct timespec){ (time_t)r.header.time, 0 };
	/* Who may not give it away keeps it; the rights come after that. */
	if (fchown(out, st->st_uid, st->st_gid) < 0 &&
	    fchown(out, (uid_t)-1, st->st_gid) < 0)
		errno = 0;
	futimens(out, times);
	if (fstat(out, &now) < 0 || fchmod(out, st->st_mode & 0777) < 0 ||
	    close(out) < 0 || rename(temporary, result) < 0) {
		warn("%s", result);
		status = 1;
		goto drop;
	}
	*temporary = 0;
	if (!keep && unlink(name) < 0) {
		warn("%s", name);
		status = 1;
	}
	tell(name, result, &r,
	     unpack ? (r.packed > 8 ? r.packed - 8 : 0)
		    : (uint64_t)now.st_size);
	return;

drop:
	unlink(temporary);
	*temporary = 0;
}

static void handle(const char *name);

static void handle_folder(const char *name)
{
	struct dirent *e;
	char *path;
	DIR *d;

	d = opendir(name);
	if (!d) {
		warn("%s", name);
		status = 1;
		return;
	}
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (asprintf(&path, "%s/%s", name, e->d_name) < 0)
			err(1, NULL);
		handle(path);
		free(path);
	}
	closedir(d);
}

static void handle_stdin(void)
{
	struct result r;
	struct stat st;

	if (!unpack && !force && isatty(1)) {
		complain("standard output", "compressed data not written to a "
					    "terminal; use -f to force it");
		return;
	}
	if (unpack && !force && isatty(0)) {
		complain("standard input", "compressed data not read from a "
					   "terminal; use -f to force it");
		return;
	}
	if (convert(0, testing || listing ? -1 : 1, "stdin", NULL,
		    fstat(0, &st) == 0 && S_ISREG(st.st_mode) ? &st : NULL,
		    &r) == 0) {
		if (listing)
			list("stdout", &r);
		else
			tell("stdin", NULL, &r, r.packed);
	}
}

static void handle(const char *name)
{
	char result[PATH_MAX], longer[PATH_MAX];
	const char *instead;
	struct result r;
	struct stat st;
	int fd, plain = to_stdout || testing || listing;
	size_t n, k;

	if (!strcmp(name, "-")) {
		handle_stdin();
		return;
	}
	fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC |
				(force || plain ? 0 : O_NOFOLLOW));
	if (fd < 0 && errno == ENOENT && unpack &&
	    !known_suffix(name, &instead) &&
	    snprintf(longer, sizeof(longer), "%s%s", name, suffix) <
		    (int)sizeof(longer)) {
		fd = open(longer, O_RDONLY | O_NONBLOCK | O_CLOEXEC |
					  (force || plain ? 0 : O_NOFOLLOW));
		if (fd >= 0)
			name = longer;
		else
			errno = ENOENT;
	}
	if (fd < 0 || fstat(fd, &st) < 0) {
		warn("%s", name);
		status = 1;
		goto out;
	}
	if (S_ISDIR(st.st_mode)) {
		if (recursive)
			handle_folder(name);
		else
			warning(name, " is a directory -- ignored");
		goto out;
	}
	if (plain) {
		if (!unpack && !force && isatty(1)) {
			complain(name, "compressed data not written to a "
				       "terminal; use -f to force it");
			goto out;
		}
		if (convert(fd, testing || listing ? -1 : 1, name, name, &st,
			    &r) < 0)
			goto out;
		if (listing) {
			n = strlen(name);
			k = known_suffix(name, &instead);
			snprintf(result, sizeof(result), "%.*s%s", (int)(n - k),
				 name, instead);
			list(use_name && r.header.name[0] ? r.header.name
							  : result,
			     &r);
		} else {
			tell(name, NULL, &r, r.packed);
		}
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		warning(name,
			" is not a directory or a regular file - ignored");
	} else if (!force && (st.st_mode & (S_ISUID | S_ISGID))) {
		warning(name, " is set-user-ID or set-group-ID - ignored");
	} else if (!force && (st.st_mode & S_ISVTX)) {
		warning(name, " has the sticky bit set - ignored");
	} else if (!force && !keep && st.st_nlink > 1) {
		warning(name, " has other links -- file ignored");
	} else if (result_name(name, result, sizeof(result))) {
		replace(fd, name, result, sizeof(result), &st);
	}
out:
	if (fd >= 0)
		close(fd);
}

static _Noreturn void usage(int to)
{
	fprintf(to ? stderr : stdout,
		"usage: gzip [-cdfklnNqrtv] [-1 ... -9] [-S suffix] [file...]\n"
		"       gunzip, zcat: the same as gzip -d, gzip -dc\n");
	exit(to);
}

int main(int argc, char **argv)
{
	enum { HELP = 256 };
	static const struct option longs[] = {
		{ "stdout", no_argument, NULL, 'c' },
		{ "to-stdout", no_argument, NULL, 'c' },
		{ "decompress", no_argument, NULL, 'd' },
		{ "uncompress", no_argument, NULL, 'd' },
		{ "force", no_argument, NULL, 'f' },
		{ "keep", no_argument, NULL, 'k' },
		{ "list", no_argument, NULL, 'l' },
		{ "no-name", no_argument, NULL, 'n' },
		{ "name", no_argument, NULL, 'N' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "recursive", no_argument, NULL, 'r' },
		{ "suffix", required_argument, NULL, 'S' },
		{ "test", no_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "fast", no_argument, NULL, '1' },
		{ "best", no_argument, NULL, '9' },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	const char *me = argc ? strrchr(argv[0], '/') : NULL;
	int c;

	me = me ? me + 1 : argc ? argv[0] : "";
	if (!strcmp(me, "gunzip"))
		unpack = 1;
	else if (!strcmp(me, "zcat"))
		unpack = to_stdout = 1;
	while ((c = getopt_long(argc, argv, "cdfhklnNqrS:tv123456789", longs,
				NULL)) != -1) {
		switch (c) {
		case 'c':
			to_stdout = 1;
			break;
		case 'd':
			unpack = 1;
			break;
		case 'f':
			force = 1;
			break;
		case 'k':
			keep = 1;
			break;
		case 'l':
			listing = unpack = 1;
			break;
		case 'n':
			no_name = 1;
			use_name = 0;
			break;
		case 'N':
			use_name = 1;
			no_name = 0;
			break;
		case 'q':
			quiet = 1;
			verbose = 0;
			break;
		case 'r':
			recursive = 1;
			break;
		case 'S':
			suffix = optarg;
			if (!*suffix || strchr(suffix, '/'))
				errx(1, "invalid suffix '%s'", suffix);
			break;
		case 't':
			testing = unpack = 1;
			break;
		case 'v':
			verbose = 1;
			quiet = 0;
			break;
		case 'h':
		case HELP:
			usage(0);
		case '?':
			usage(1);
		default:
			level = c - '0';
		}
	}
	crc_init();
	length_init();
	temp_guard(drop_temporary);
	if (optind == argc)
		handle_stdin();
	for (; optind < argc; optind++)
		handle(argv[optind]);
	if (listing)
		list(NULL, NULL);
	if (fflush(stdout))
		err(1, "write error");
	return status;
}
