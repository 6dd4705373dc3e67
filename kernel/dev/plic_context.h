/*
 * Which context of a PLIC belongs to a hart's supervisor mode. The order is
 * the SoC designer's: context i is entry i of `interrupts-extended`, a pair of
 * (interrupt controller of a hart, cause). Formulas such as 2h + 1 are wrong
 * on half of the chips. Apart, so that the unit test can have it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/bits.h"

#define PLIC_CAUSE_S_EXT 9u

/* Entry of `prop` (len bytes, big-endian pairs) for (phandle, S external), or
 * -1. */
static inline int plic_context_find(const uint8_t *prop, size_t len,
				    uint32_t phandle)
{
	if (!phandle)
		return -1;
	for (size_t i = 0; (i + 1) * 8 <= len; i++)
		if (get_be32(prop + i * 8) == phandle &&
		    get_be32(prop + i * 8 + 4) == PLIC_CAUSE_S_EXT)
			return (int)i;
	return -1;
}
