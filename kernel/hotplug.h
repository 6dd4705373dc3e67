#pragma once
/*
 * Harts that go and come back while the system runs, and the whole machine
 * asleep. /proc/sbi/harts and /proc/sbi/suspend are the way to both.
 *
 * A hart is named by the firmware's number. What is so already is a success.
 */
#include <stdint.h>

/*
 * Its threads, timeouts and interrupts go to others, then it stops (HSM). A
 * thread that is bound to it runs anywhere until it is back. Sleeps. -ENODEV:
 * no such hart; -EBUSY: the last one, or the only one that gets interrupts;
 * -EOPNOTSUPP: no HSM; -ETIMEDOUT: it did not listen, or not stop, in time;
 * -EIO: the firmware refuses. The last three with a message.
 */
int hart_off(uint64_t hartid);
/* -ENODEV, -ENOMEM (never prepared), -EIO, -ETIMEDOUT. Sleeps. */
int hart_on(uint64_t hartid);

/*
 * Suspend to RAM (SUSP), until an interrupt of a device comes (a key) or the
 * seconds are over, if not 0. Everything is written to the disks first, all
 * other harts stop, and come back. Sleeps. -EOPNOTSUPP: the firmware cannot;
 * -EINVAL: nothing would wake it; -EBUSY: a disk does not come to rest; or as
 * hart_off and hart_on.
 */
int suspend_to_ram(uint64_t seconds);

/* The idle loop of a hart that has been asked to go (hart.plug). */
void hart_leave(void);

/* The files; once /proc takes rows. */
void hotplug_init(void);
