#pragma once
/*
 * What the machine is, read from the device tree once: the harts that can be
 * used, what they all understand, the clock, the boot arguments.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/dev/fdt.h"

struct cpu_features {
	bool sstc, zbc, svpbmt, svinval, zicbom, zicboz, v, f, d;
};

extern struct fdt machine_tree;       /* a copy, valid for ever */
extern struct cpu_features cpu_has;   /* true: every usable hart has it */
extern uint64_t cpu_hwcap;            /* AT_HWCAP: letters every hart has */
extern uint64_t cpu_timebase;         /* ticks of `time` a second */
extern uint32_t cpu_cbom_size;       /* Zicbom's bytes of a line; 0: not told */
extern char cpu_isa[128];             /* the boot hart's, for /proc/cpuinfo */

/* Fills the above and calls smp_init. boot_hartid: the hart that runs this. */
void cpu_init(uint64_t boot_hartid);

/* Boot arguments: "name=value" or "name". The value ("" if there is none)
 * copied to buf, false when it is not there. */
bool bootarg(const char *name, char *buf, size_t size);
