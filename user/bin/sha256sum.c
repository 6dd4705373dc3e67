/*
 * sha256sum: SHA-256 (FIPS 180-4) of files; -c reads such lines back and
 * checks the files that they name.
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

struct sha {
	uint32_t h[8];
	uint64_t bytes;
	unsigned char block[64];
};

static int quiet, status_only, warn_lines, strict, ignore_missing, tagged;
static int failed;

/* First 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void sha_block(struct sha *s, const unsigned char *p)
{
	uint32_t w[64], v[8], t1, t2;
	int i;

	for (i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
	for (; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^
			w[i - 15] >> 3) +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, s->h, sizeof(v));
	for (i = 0; i < 64; i++) {
		t1 = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
		     ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
		t2 = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++)
		s->h[i] += v[i];
}

static void sha_init(struct sha *s)
{
	static const uint32_t h[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(s->h, h, sizeof(h));
	s->bytes = 0;
}

static void sha_add(struct sha *s, const unsigned char *p, size_t n)
{
	size_t have = s->bytes % 64, take;

	s->bytes += n;
	while (n) {
		if (!have && n >= 64) {
			sha_block(s, p);
			p += 64;
			n -= 64;
			continue;
		}
		take = n < 64 - have ? n : 64 - have;
		memcpy(s->block + have, p, take);
		have += take;
		p += take;
		n -= take;
		if (have == 64) {
			sha_block(s, s->block);
			have = 0;
		}
	}
}

/* Closes with a one bit, zeros, and the number of bits; the digest as text. */
static void sha_end(struct sha *s, char *text)
{
	static const unsigned char pad[64] = { 0x80 };
	uint64_t bits = s->bytes * 8;
	unsigned char len[8];
	int i;

	for (i = 0; i < 8; i++)
		len[i] = (unsigned char)(bits >> (56 - 8 * i));
	sha_add(s, pad, 1 + (119 - s->bytes % 64) % 64);
	sha_add(s, len, 8);
	for (i = 0; i < 8; i++)
		sprintf(text + 8 * i, "%08x", s->h[i]);
}

/* The digest of a file; -1 with errno when it cannot be read. */
static int digest(const char *name, char *text)
{
	static unsigned char buf[65536];
	struct sha s;
	ssize_t n;
	int fd, saved;

	fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;
	if (fd < 0)
		return -1;
	sha_init(&s);
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n > 0) {
			sha_add(&s, buf, (size_t)n);
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
	sha_end(&s, text);
	return 0;
}

/* A name with a newline in it is written with \n, and marked by a first \. */
static void put_name(const char *name)
{
	for (; *name; name++) {
		if (*name == '\n')
			fputs("\\n", stdout);
		else if (*name == '\r')
			fputs("\\r", stdout);
		else if (*name == '\\')
			fputs("\\\\", stdout);
		else
			putchar(*name);
	}
}

static int needs_marks(const char *name)
{
	return name[strcspn(name, "\\\n\r")] != 0;
}

static void print(const char *name, int binary)
{
	int marks = needs_marks(name);
	char text[65];

	if (digest(name, text) < 0) {
		warn("%s", name);
		failed = 1;
		return;
	}
	if (marks)
		putchar('\\');
	if (tagged)
		fputs("SHA256 (", stdout);
	else
		printf("%s %c", text, binary ? '*' : ' ');
	if (marks)
		put_name(name);
	else
		fputs(name, stdout);
	if (tagged)
		printf(") = %s", text);
	putchar('\n');
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

	for (i = 0; i < 64; i++)
		if (!isxdigit((unsigned char)s[i]))
			return 0;
	return 1;
}

/* Parts of a line, "digest  name" or "SHA256 (name) = digest"; 0 if neither */
static int split(char *line, char **name, char **sum)
{
	int marks;
	char *p;

	line += strspn(line, " \t");
	marks = *line == '\\';
	line += marks;
	if (!strncmp(line, "SHA256 (", 8)) {
		p = strrchr(line, ')');
		if (!p || strncmp(p, ") = ", 4) || !is_digest(p + 4) || p[68])
			return 0;
		*p = 0;
		*name = line + 8;
		*sum = p + 4;
	} else {
		if (!is_digest(line) || line[64] != ' ' ||
		    (line[65] != ' ' && line[65] != '*') || !line[66])
			return 0;
		*sum = line;
		*name = line + 66;
		line[64] = 0;
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
		fputs(name, stdout);
	}
	printf(": %s\n", result);
}

static void check(const char *list)
{
	unsigned long good = 0, bad_lines = 0, missing = 0, wrong = 0, at = 0;
	unsigned long right = 0;
	char text[65], *line = NULL, *name, *sum;
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
				warnx("%s: %lu: improperly formatted SHA256 "
				      "checksum line",
				      list, at);
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
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, binary = 0, checking = 0;

	while ((c = getopt_long(argc, argv, "bctw", longs, NULL)) != -1) {
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
		default:
			fprintf(c == 'h' ? stdout : stderr,
				"usage: sha256sum [-bt] [--tag] [file...]\n"
				"       sha256sum -c [-w] [--quiet | --status] "
				"[--strict] [--ignore-missing] [file...]\n");
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
