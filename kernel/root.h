#pragma once
/*
 * Which disk the root is on: what "root=" says, or the first that looks right.
 */
#include <stdbool.h>

/*
 * Waits for the disks, looks for partitions, and mounts the root. Whatever
 * goes wrong is told; then the root stays in RAM. ram: do not look for a disk
 * that nobody has named. In the first thread; sleeps.
 *
 * Boot arguments: "root=" a disk ("vda", "/dev/mmcblk0p2"), "LABEL=",
 * "UUID=" (of an ext4), "PARTUUID=", or "ram"; "ro"; "rootdelay=" seconds
 * before the first look; "rootwait": look again every second until it is
 * there, "rootwait=" for so many seconds.
 */
void root_mount(bool ram);
