/*
 * IPI (SBI 3.0, chapter "IPI Extension", EID 0x735049): a supervisor software
 * interrupt for other harts, or for the caller itself. It is taken back by
 * clearing sip.SSIP.
 */
#pragma once

#include "sbi/sbi.h"

/*
 * To the harts of one mask; an empty mask is allowed. Errors: INVALID_PARAM
 * (a hart is unknown or, on newer firmware, stopped), FAILED. Falls back on
 * the legacy call where the extension is missing; a hart id from 1024 on is
 * INVALID_PARAM there.
 */
long sbi_send_ipi(struct sbi_hartmask harts);

/*
 * To any set of harts in as few calls as possible. Goes on after an error and
 * returns the first one.
 */
long sbi_send_ipi_many(const struct sbi_harts *harts);
