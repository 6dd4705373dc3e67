/*
 * DBCN: what is written comes out, and no address is taken that is not
 * S-mode's to name. Only the firmware's own memory is tried for that: from a
 * hole in the memory map some firmware reads, and hangs.
 *
 * That the bytes are right only who reads the console can tell:
 * tools/tests/test_sbi_conform.py does.
 */
#include "sbi/dbcn.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/string.h"

enum { DBCN_WRITE, DBCN_READ, DBCN_WRITE_BYTE };

/* The firmware may take a part at a time, and none while it is busy. */
static long write_all(paddr_t pa, size_t n, size_t *done)
{
	uint64_t until = rdtime() + time_to_ticks(SBITEST_PATIENCE);
	long err = SBI_SUCCESS;
	size_t part;

	for (*done = 0; *done < n && !err && rdtime() < until; *done += part) {
		err = sbi_dbcn_write(pa + *done, n - *done, &part);
		if (part > n - *done)
			return SBI_ERR_FAILED;
	}
	return err;
}

static void check_write(struct sbitest *t, const char *where, paddr_t pa)
{
	char *text = pa_to_va(pa);
	size_t n, done;

	n = (size_t)snprintf(text, 80, "sbi test: a line written by DBCN, %s\n",
			     where);
	sbitest_error(t, write_all(pa, n, &done), SBI_SUCCESS,
		      "write, %s: gives SUCCESS", where);
	sbitest_value(t, done, n, "write, %s: takes all bytes", where);
}

static void check_bytes(struct sbitest *t)
{
	const char *text = "sbi test: a line written by DBCN, byte by byte\n";
	bool success = true, value = true;

	/* Upper bits of the argument are to be ignored. */
	for (; *text; text++) {
		struct sbiret ret =
			sbi_ecall3(SBI_EXT_DBCN, DBCN_WRITE_BYTE,
				   (unsigned char)*text | 0xabcd00ul, 0, 0);

		success &= ret.error == SBI_SUCCESS;
		value &= ret.value == 0;
	}
	sbitest_check(t, success, "write_byte gives SUCCESS");
	sbitest_check(t, value, "write_byte gives the value 0");
}

static void check_read(struct sbitest *t)
{
	char *end = t->memory + PAGE_SIZE;
	size_t done;
	bool kept = true;

	memset(t->memory, 0x5a, 2 * PAGE_SIZE);
	sbitest_error(t, sbi_dbcn_read(t->memory_pa + PAGE_SIZE - 8, 16, &done),
		      SBI_SUCCESS, "read gives SUCCESS");
	sbitest_check(t, done <= 16, "read gives no more than was asked for");
	if (done && !t->alone)
		sbitest_skip(t, "somebody has typed something",
			     "read without input gives no bytes");
	else
		sbitest_value(t, done, 0, "read without input gives no bytes");
	for (size_t i = 0; i < 16; i++)
		kept &= i < done || end[i - 8] == 0x5a;
	sbitest_check(t, kept, "read changes nothing behind what it gives");
	sbitest_error(t, sbi_dbcn_read(t->memory_pa, 0, &done), SBI_SUCCESS,
		      "read of 0 bytes gives SUCCESS");
	sbitest_value(t, done, 0, "read of 0 bytes gives none");
}

static void check_addresses(struct sbitest *t)
{
	paddr_t firmware = sbitest_firmware();
	size_t done;

	sbitest_error(
		t,
		sbi_ecall3(SBI_EXT_DBCN, DBCN_WRITE, 1, t->memory_pa, 1).error,
		SBI_ERR_INVALID_PARAM,
		"write, upper word of the address: INVALID_PARAM");
	sbitest_error(
		t,
		sbi_ecall3(SBI_EXT_DBCN, DBCN_READ, 1, t->memory_pa, 1).error,
		SBI_ERR_INVALID_PARAM,
		"read, upper word of the address: INVALID_PARAM");
	if (!firmware) {
		sbitest_skip(t, "the device tree does not tell where it is",
			     "the firmware's memory");
		return;
	}
	sbitest_error(t, sbi_dbcn_write(firmware, 1, &done),
		      SBI_ERR_INVALID_PARAM,
		      "write, the firmware's memory: INVALID_PARAM");
	sbitest_error(t, sbi_dbcn_read(firmware, 1, &done),
		      SBI_ERR_INVALID_PARAM,
		      "read, the firmware's memory: INVALID_PARAM");
}

void sbitest_dbcn(struct sbitest *t)
{
	size_t done;

	check_write(t, "in a page", t->memory_pa);
	check_write(t, "across two pages", t->memory_pa + PAGE_SIZE - 20);
	if (t->edge_pa) {
		check_write(t, "across 4 GiB", t->edge_pa + PAGE_SIZE - 20);
		check_write(t, "above 4 GiB", t->edge_pa + PAGE_SIZE);
	} else {
		sbitest_skip(t, "no such memory was at hand",
			     "write, across 4 GiB");
		sbitest_skip(t, "no such memory was at hand",
			     "write, above 4 GiB");
	}
	sbitest_error(t, sbi_dbcn_write(t->memory_pa, 0, &done), SBI_SUCCESS,
		      "write of 0 bytes gives SUCCESS");
	sbitest_value(t, done, 0, "write of 0 bytes takes none");
	check_bytes(t);
	check_read(t);
	check_addresses(t);
}
