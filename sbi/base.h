/*
 * BASE (SBI 3.0, chapter "Base Extension", EID 0x10): who the firmware is and
 * which hart this is. None of these calls can fail; a register that the hart
 * does not have reads 0.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Version of the specification: major in bits 30:24, minor in 23:0. */
#define SBI_SPEC_MAJOR(v)      ((v) >> 24 & 0x7f)
#define SBI_SPEC_MINOR(v)      ((v)&0xffffff)
#define SBI_SPEC(major, minor) ((uint32_t)(major) << 24 | (minor))

/* 0.1 (that is, 1) when the firmware has no BASE extension. */
uint32_t sbi_base_spec_version(void);
unsigned long sbi_base_impl_id(void);
unsigned long sbi_base_impl_version(void);
/* Raw probe, not remembered: 0 means absent. */
unsigned long sbi_base_probe(uint32_t eid);
unsigned long sbi_base_mvendorid(void);
unsigned long sbi_base_marchid(void);
unsigned long sbi_base_mimpid(void);

/* The firmware that runs: its version of the specification, and its name. */
unsigned int sbi_spec_major(void);
unsigned int sbi_spec_minor(void);
const char *sbi_impl_name_now(void);

/* "OpenSBI" and so on; NULL for an unknown implementation. */
const char *sbi_impl_name(unsigned long impl_id);

/*
 * The implementation's version as it writes it itself, e.g. "1.5" (OpenSBI
 * reports no patch level), or in hex where the encoding is not known. `buf`
 * of 24 bytes always suffices. Returns `buf`.
 */
char *sbi_impl_version_text(unsigned long impl_id, unsigned long version,
			    char *buf, size_t size);
