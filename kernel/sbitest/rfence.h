#pragma once
/*
 * What the checks of RFENCE and of the legacy fences share: whether the effect
 * of a fence is there on another hart.
 */
#include "kernel/sbitest/sbitest.h"

/* Both after SBI_ERR_*; asid: of the other hart's satp. */
typedef long (*sbitest_fence_fn)(struct sbi_hartmask harts, unsigned long start,
				 unsigned long size, unsigned long asid);

/*
 * A page of the kernel's half is made to show another frame, and the other
 * hart, which has the old one in its TLB, is asked to fence: it must see the
 * new one. `start` and `size` as offset from the page, or as they are if
 * `whole`. local: the page is not global, so that an ASID matters.
 */
struct sbitest_range {
	const char *name;
	unsigned long start, size;
	bool whole, local;
};
void sbitest_check_fence(struct sbitest *t, const struct sbitest_range *r,
			 sbitest_fence_fn fence);
/* New code in the place of old: the other hart must run the new one. */
void sbitest_check_fence_i(struct sbitest *t,
			   long (*fence)(struct sbi_hartmask harts));
