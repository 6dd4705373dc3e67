/*
 * DBCN (SBI 3.0, chapter "Debug Console Extension", EID 0x4442434E): the
 * firmware's console, for messages before and beside the kernel's own driver.
 *
 * Buffers are named by *physical* address. Only RAM may be named: a firmware
 * that checks less than it should hangs on a hole.
 */
#pragma once

#include "sbi/sbi.h"

/*
 * Write and read do not wait and may do less than asked for; `*done` is the
 * number of bytes. Errors: INVALID_PARAM (address), DENIED, FAILED (I/O).
 */
long sbi_dbcn_write(uint64_t pa, size_t n, size_t *done);
long sbi_dbcn_read(uint64_t pa, size_t n, size_t *done);
/* Waits until the byte is out. Errors: DENIED, FAILED. */
long sbi_dbcn_write_byte(unsigned char c);

/*
 * The console by whatever the firmware has, DBCN or the legacy calls. `text`
 * and `buf` are the caller's addresses of the same bytes as `pa`. Write loops
 * until all is out and gives up when the firmware does not take a byte; read
 * does not wait and returns the number of bytes.
 */
void sbi_console_write(const char *text, uint64_t pa, size_t n);
size_t sbi_console_read(char *buf, uint64_t pa, size_t n);
