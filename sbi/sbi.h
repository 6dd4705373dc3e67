/*
 * The Supervisor Binary Interface: what the firmware does for the kernel.
 *
 * This header has what all extensions share: extension numbers, error codes
 * and their names, and the question whether an extension is there. Each
 * extension has a pair of files of its own with one typed function for each
 * firmware request.
 *
 * Functions that return `long` return 0 (SBI_SUCCESS) or a negative SBI_ERR_*
 * code. These are not errno values; sbi_error_name() makes text of them.
 *
 * Numbers and errors follow the SBI specification, version 3.0. Firmware of
 * specification 0.1 has only the legacy calls: everything else probes as
 * absent there.
 *
 * The numbers are for assembly too.
 */
#pragma once

/* Extension identifiers; calls.h says since when, and what for */
#define SBI_EXT_LEGACY_SET_TIMER       0x00
#define SBI_EXT_LEGACY_PUTCHAR         0x01
#define SBI_EXT_LEGACY_GETCHAR         0x02
#define SBI_EXT_LEGACY_CLEAR_IPI       0x03
#define SBI_EXT_LEGACY_SEND_IPI        0x04
#define SBI_EXT_LEGACY_FENCE_I         0x05
#define SBI_EXT_LEGACY_SFENCE_VMA      0x06
#define SBI_EXT_LEGACY_SFENCE_VMA_ASID 0x07
#define SBI_EXT_LEGACY_SHUTDOWN        0x08
#define SBI_EXT_BASE                   0x10
#define SBI_EXT_TIME                   0x54494D45
#define SBI_EXT_IPI                    0x735049
#define SBI_EXT_RFENCE                 0x52464E43
#define SBI_EXT_HSM                    0x48534D
#define SBI_EXT_SRST                   0x53525354
#define SBI_EXT_PMU                    0x504D55
#define SBI_EXT_DBCN                   0x4442434E
#define SBI_EXT_SUSP                   0x53555350
#define SBI_EXT_CPPC                   0x43505043
#define SBI_EXT_NACL                   0x4E41434C
#define SBI_EXT_STA                    0x535441
#define SBI_EXT_SSE                    0x535345
#define SBI_EXT_FWFT                   0x46574654
#define SBI_EXT_DBTR                   0x44425452
#define SBI_EXT_MPXY                   0x4D505859
/* Beginnings of what is numbered elsewhere, 24 bits each */
#define SBI_EXT_EXPERIMENTAL 0x08000000
#define SBI_EXT_VENDOR       0x09000000 /* + the low bits of mvendorid */
#define SBI_EXT_FIRMWARE     0x0A000000 /* + the implementation's id */

/* Function numbers that boot/head.S needs too */
#define SBI_BASE_PROBE          3
#define SBI_BASE_MVENDORID      4
#define SBI_BASE_MARCHID        5
#define SBI_BASE_MIMPID         6
#define SBI_HSM_HART_STOP       1
#define SBI_SRST_SYSTEM_RESET   0
#define SBI_SRST_TYPE_SHUTDOWN  0
#define SBI_SRST_REASON_FAILURE 1
#define SBI_DBCN_WRITE_BYTE     2

#ifndef __ASSEMBLER__
#include "sbi/ecall.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Standard errors: -1..-6 since 0.2, -7 and -8 0.3, -9 2.0, the rest 3.0 */
#define SBI_SUCCESS               0
#define SBI_ERR_FAILED            (-1)
#define SBI_ERR_NOT_SUPPORTED     (-2)
#define SBI_ERR_INVALID_PARAM     (-3)
#define SBI_ERR_DENIED            (-4)
#define SBI_ERR_INVALID_ADDRESS   (-5)
#define SBI_ERR_ALREADY_AVAILABLE (-6)
#define SBI_ERR_ALREADY_STARTED   (-7)
#define SBI_ERR_ALREADY_STOPPED   (-8)
#define SBI_ERR_NO_SHMEM          (-9)
#define SBI_ERR_INVALID_STATE     (-10)
#define SBI_ERR_BAD_RANGE         (-11)
#define SBI_ERR_TIMEOUT           (-12)
#define SBI_ERR_IO                (-13)
#define SBI_ERR_DENIED_LOCKED     (-14)

/* "INVALID_PARAM" and so on, as the specification has it; else "UNKNOWN". */
const char *sbi_error_name(long err);

/*
 * Is the extension there, and the one that is described here? The firmware is
 * asked once for each of the known extensions, afterwards the answer is
 * remembered; no set-up is needed. An extension number that calls.h does not
 * list is asked for each time.
 *
 * SSE, FWFT, DBTR and MPXY were in firmware before they were ratified, with
 * other numbers and other errors: where the firmware follows an older
 * specification than 3.0 the answer is no, whatever it says itself
 * (sbi_base_probe).
 */
bool sbi_probe(uint32_t eid);

/*
 * From now on sbi_probe() says no: to try what is done without an extension.
 * Before the first use of it; some functions remember that they have it. False
 * when calls.h does not list it.
 */
bool sbi_hide(uint32_t eid);

/*
 * Some harts as one call takes them: bit i is hart base + i (SBI 3.0, chapter
 * "Binary Encoding", "Hart list parameter"). At most 64, near each other.
 */
struct sbi_hartmask {
	unsigned long mask;
	unsigned long base;
};

/* All harts that the firmware gives to this kernel, the caller included. */
#define SBI_HARTMASK_ALL ((struct sbi_hartmask){ 0, ~0UL })

/*
 * A set of any number of harts in any numbering: their ids, ascending, each
 * once, in memory of the caller's with room for `max`. Never name a stopped
 * hart: newer firmware then refuses the whole call.
 */
struct sbi_harts {
	unsigned long *ids;
	size_t n, max;
};

/*
 * Adds one; quickest in ascending order. False when there is no room, and for
 * the one id that the firmware takes for "all".
 */
bool sbi_harts_add(struct sbi_harts *harts, unsigned long hartid);

/*
 * The set as masks, the fewest that there can be: with *at = 0 at first, the
 * next mask each time, and false when there is none.
 */
bool sbi_harts_next(const struct sbi_harts *harts, size_t *at,
		    struct sbi_hartmask *out);
#endif /* __ASSEMBLER__ */
