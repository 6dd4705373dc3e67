/*
 * Names of the kernel's functions, for back-traces. The table is made from
 * the linked kernel by tools/ksyms and lies in .ksyms; an image without one
 * simply has no names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The function that contains `addr`: its name (cut to `size`) and how far
 * behind its start. False when addr is not in the text or there is no table.
 */
bool ksyms_lookup(uint64_t addr, char *name, size_t size, uint64_t *offset);

/* "name+0x1c", or "?" when unknown. Returns `buf`. */
const char *ksyms_format(uint64_t addr, char *buf, size_t size);
