/*
 * The DBCN extension, and the console that falls back on the legacy calls.
 */
#include "sbi/dbcn.h"
#include "sbi/legacy.h"

enum dbcn_fid { DBCN_WRITE, DBCN_READ, DBCN_WRITE_BYTE };

_Static_assert(DBCN_WRITE_BYTE == SBI_DBCN_WRITE_BYTE, "as head.S has it");

/*
 * The address goes over as low and high word. Only a 32-bit hart has a high
 * one.
 */
long sbi_dbcn_write(uint64_t pa, size_t n, size_t *done)
{
	struct sbiret ret = sbi_ecall3(SBI_EXT_DBCN, DBCN_WRITE, n, pa, 0);

	*done = ret.error ? 0 : ret.value;
	return ret.error;
}

long sbi_dbcn_read(uint64_t pa, size_t n, size_t *done)
{
	struct sbiret ret = sbi_ecall3(SBI_EXT_DBCN, DBCN_READ, n, pa, 0);

	*done = ret.error ? 0 : ret.value;
	return ret.error;
}

long sbi_dbcn_write_byte(unsigned char c)
{
	return sbi_ecall1(SBI_EXT_DBCN, DBCN_WRITE_BYTE, c).error;
}

void sbi_console_write(const char *text, uint64_t pa, size_t n)
{
	size_t done, i = 0;

	if (!sbi_probe(SBI_EXT_DBCN)) {
		while (i < n)
			sbi_legacy_console_putchar((unsigned char)text[i++]);
		return;
	}
	while (i < n) {
		if (sbi_dbcn_write(pa + i, n - i, &done) || done > n - i)
			done = 0;
		/* Full or refused: one byte the way that waits. */
		if (!done) {
			if (sbi_dbcn_write_byte((unsigned char)text[i]))
				return;
			done = 1;
		}
		i += done;
	}
}

size_t sbi_console_read(char *buf, uint64_t pa, size_t n)
{
	size_t done = 0;
	long c;

	if (sbi_probe(SBI_EXT_DBCN)) {
		if (sbi_dbcn_read(pa, n, &done) || done > n)
			return 0;
		return done;
	}
	while (done < n) {
		c = sbi_legacy_console_getchar();
		if (c < 0)
			break;
		buf[done++] = (char)c;
	}
	return done;
}
