/* Numbers from strings, division, pseudo-random numbers, sorting. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/*
 * Read a whole number.  `limit` is the largest magnitude for a positive value
 * and `neg_limit` for a negative one; beyond them the magnitude stays there
 * and errno says ERANGE.
 */
static unsigned long number(const char *s, char **end, int base,
			    unsigned long limit, unsigned long neg_limit,
			    int *negative, int *beyond)
{
	const char *start = s;
	unsigned long value = 0;
	int any = 0, over = 0, d;

	*negative = *beyond = 0;
	if (base < 0 || base == 1 || base > 36) {
		errno = EINVAL;
		if (end)
			*end = (char *)(uintptr_t)start;
		return 0;
	}
	while (isspace((unsigned char)*s))
		s++;
	if (*s == '+' || *s == '-')
		*negative = *s++ == '-';
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 32) == 'x' &&
	    isxdigit((unsigned char)s[2])) {
		s += 2;
		base = 16;
	}
	if (base == 0)
		base = *s == '0' ? 8 : 10;
	if (*negative)
		limit = neg_limit;
	for (;; s++) {
		if (isdigit((unsigned char)*s))
			d = *s - '0';
		else if (isalpha((unsigned char)*s))
			d = (*s | 32) - 'a' + 10;
		else
			break;
		if (d >= base)
			break;
		any = 1;
		if (value > (limit - (unsigned long)d) / (unsigned long)base ||
		    (unsigned long)d > limit)
			over = 1;
		else
			value = value * (unsigned long)base + (unsigned long)d;
	}
	if (end)
		*end = (char *)(uintptr_t)(any ? s : start);
	*beyond = over;
	if (over) {
		errno = ERANGE;
		return limit;
	}
	return value;
}

long strtol(const char *restrict s, char **restrict end, int base)
{
	int neg, beyond;
	unsigned long v =
		number(s, end, base, LONG_MAX, LONG_MAX + 1ul, &neg, &beyond);

	return (long)(neg ? -v : v);
}

unsigned long strtoul(const char *restrict s, char **restrict end, int base)
{
	int neg, beyond;
	unsigned long v =
		number(s, end, base, ULONG_MAX, ULONG_MAX, &neg, &beyond);

	/* A minus is allowed and wraps, except from beyond the range. */
	return neg && !beyond ? -v : v;
}

long long strtoll(const char *restrict s, char **restrict end, int base)
{
	return strtol(s, end, base);
}

unsigned long long strtoull(const char *restrict s, char **restrict end,
			    int base)
{
	return strtoul(s, end, base);
}

intmax_t strtoimax(const char *s, char **end, int base)
{
	return strtol(s, end, base);
}

uintmax_t strtoumax(const char *s, char **end, int base)
{
	return strtoul(s, end, base);
}

int atoi(const char *s)
{
	return (int)strtol(s, NULL, 10);
}

long atol(const char *s)
{
	return strtol(s, NULL, 10);
}

long long atoll(const char *s)
{
	return strtol(s, NULL, 10);
}

double atof(const char *s)
{
	return strtod(s, NULL);
}

int abs(int i)
{
	return i < 0 ? -i : i;
}

long labs(long i)
{
	return i < 0 ? -i : i;
}

long long llabs(long long i)
{
	return i < 0 ? -i : i;
}

div_t div(int a, int b)
{
	return (div_t){ a / b, a % b };
}

ldiv_t ldiv(long a, long b)
{
	return (ldiv_t){ a / b, a % b };
}

lldiv_t lldiv(long long a, long long b)
{
	return (lldiv_t){ a / b, a % b };
}

/* The upper bits of a 64-bit linear congruence. */
static uint64_t random_state = 1;

long random(void)
{
	random_state =
		random_state * 6364136223846793005ul + 1442695040888963407ul;
	return (long)(random_state >> 33);
}

void srandom(unsigned int seed)
{
	random_state = seed;
}

int rand(void)
{
	return (int)random();
}

void srand(unsigned int seed)
{
	random_state = seed;
}

int rand_r(unsigned int *seed)
{
	uint64_t x = *seed * 6364136223846793005ul + 1442695040888963407ul;

	*seed = (unsigned int)(x >> 32);
	return (int)(x >> 33);
}

static void swap_items(char *a, char *b, size_t size)
{
	char t;

	while (size--) {
		t = *a;
		*a++ = *b;
		*b++ = t;
	}
}

/*
 * Heap sort: in place, n log n whatever the input, and no stack that grows.
 * Equal items may change places.
 */
void qsort_r(void *base, size_t n, size_t size,
	     int (*cmp)(const void *, const void *, void *), void *arg)
{
	size_t start, end, root, child;
	char *a = base;

	if (n < 2)
		return;
	for (start = n / 2, end = n; end > 1;) {
		if (start > 0)
			start--;
		else
			swap_items(a, a + --end * size, size);
		for (root = start; (child = 2 * root + 1) < end; root = child) {
			if (child + 1 < end &&
			    cmp(a + child * size, a + (child + 1) * size, arg) <
				    0)
				child++;
			if (cmp(a + root * size, a + child * size, arg) >= 0)
				break;
			swap_items(a + root * size, a + child * size, size);
		}
	}
}

static int compare_plain(const void *a, const void *b, void *arg)
{
	int (**cmp)(const void *, const void *) = arg;

	return (*cmp)(a, b);
}

void qsort(void *base, size_t n, size_t size,
	   int (*cmp)(const void *, const void *))
{
	qsort_r(base, n, size, compare_plain, &cmp);
}

void *bsearch(const void *key, const void *base, size_t n, size_t size,
	      int (*cmp)(const void *, const void *))
{
	const char *a = base;
	int order;

	while (n) {
		const char *mid = a + n / 2 * size;

		order = cmp(key, mid);
		if (order == 0)
			return (void *)(uintptr_t)mid;
		if (order > 0) {
			a = mid + size;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return NULL;
}

long double strtold(const char *restrict s, char **restrict end)
{
	return strtod(s, end);
}

int getsubopt(char **options, char *const *words, char **value)
{
	char *word = *options, *end = strchrnul(word, ',');
	size_t n;
	int i;

	*options = end + (*end != 0);
	*end = 0;
	n = strcspn(word, "=");
	*value = word[n] ? word + n + 1 : NULL;
	for (i = 0; words[i]; i++)
		if (!strncmp(words[i], word, n) && !words[i][n])
			return i;
	*value = word;
	return -1;
}

intmax_t imaxabs(intmax_t i)
{
	return i < 0 ? -i : i;
}

imaxdiv_t imaxdiv(intmax_t a, intmax_t b)
{
	return (imaxdiv_t){ a / b, a % b };
}
