/*
 * IPI (SBI 3.0, chapter "IPI Extension", EID 0x735049): a supervisor software
 * interrupt for other harts, or for the caller itself. It is taken back by
 * clearing sip.SSIP.
 */
#pragma once

#include "sbi/sbi.h"

/*
 * To the harts of one mask; an empty mask is allowed. Errors:
 * SBI_ERR_INVALID_PARAM when a hart is unknown or (newer firmware) stopped.
 */
long sbi_send_ipi(struct sbi_hartmask harts);

/*
 * To any set of harts, given by their ids, in as few calls as possible;
 * ascending order is best. Goes on after an error and returns the first one.
 * Falls back on the legacy call where the extension is missing (ids below 64
 * only there: SBI_ERR_INVALID_PARAM otherwise).
 */
long sbi_send_ipi_many(const unsigned long *ids, size_t n);
