/*
 * Characters of several bytes, of which the one locale has none: each byte is a
 * character, and the wide one has its value.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

int mblen(const char *s, size_t n)
{
	return mbtowc(NULL, s, n);
}

int mbtowc(wchar_t *restrict wide, const char *restrict s, size_t n)
{
	if (!s)
		return 0;
	if (!n)
		return -1;
	if (wide)
		*wide = (unsigned char)*s;
	return *s != 0;
}

int wctomb(char *s, wchar_t wide)
{
	if (!s)
		return 0;
	if ((unsigned int)wide > UCHAR_MAX) {
		errno = EILSEQ;
		return -1;
	}
	*s = (char)wide;
	return 1;
}

size_t mbstowcs(wchar_t *restrict to, const char *restrict s, size_t n)
{
	size_t i;

	for (i = 0; !to || i < n; i++) {
		if (to)
			to[i] = (unsigned char)s[i];
		if (!s[i])
			break;
	}
	return i;
}

size_t wcstombs(char *restrict to, const wchar_t *restrict s, size_t n)
{
	size_t i;

	for (i = 0; !to || i < n; i++) {
		if ((unsigned int)s[i] > UCHAR_MAX) {
			errno = EILSEQ;
			return (size_t)-1;
		}
		if (to)
			to[i] = (char)s[i];
		if (!s[i])
			break;
	}
	return i;
}
