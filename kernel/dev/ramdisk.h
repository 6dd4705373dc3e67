/*
 * The RAM disk that a boot loader hands over (/chosen linux,initrd-start): as
 * a disk "ram0" when it is no cpio archive, and as plain bytes for whoever
 * unpacks archives.
 */
#pragma once

#include <stddef.h>

/* Looks what there is; called by dev_probe_all. */
void ramdisk_probe(void);
/* The bytes in memory, or NULL: there is none. */
const void *ramdisk_data(size_t *size);
