/*
 * Partitions: pieces of a disk that are disks of their own, as the table at
 * its beginning says: the MBR of PCs with its extended partitions, or the GPT
 * of UEFI (UEFI Specification 2.10, chapter 5). Named as on Linux: vda1,
 * mmcblk0p1.
 */
#pragma once

#include <stdbool.h>

#include "fs/blk.h"

#define PARTITION_UUID_SIZE 37 /* with the 0 at its end */

/*
 * Looks for partitions on the disks that came since the last call, and
 * registers them. In one thread at a time; sleeps.
 */
void partition_scan(void);

/* What PARTUUID= calls it: a GUID, or for an MBR its number and the
 * partition's. NULL: bd is no partition. The text stays. */
const char *partition_uuid(const struct blkdev *bd);
/* Is bd a disk with partitions on it? */
bool partition_found_on(const struct blkdev *bd);
