/*
 * The Goldfish real-time clock: nanoseconds since 1970 in two 32-bit
 * registers; reading the low one holds the high one. Read once, at start.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/driver.h"
#include "kernel/printk.h"
#include "kernel/time.h"

#define REG_TIME_LOW  0
#define REG_TIME_HIGH 4

/* Years 2000 to 2200: anything else is a clock that was never set. */
#define EARLIEST_NS (UINT64_C(946684800) * NSEC_PER_SEC)
#define LATEST_NS   (UINT64_C(7258118400) * NSEC_PER_SEC)

static int rtc_probe(struct device *dev)
{
	volatile char *base = device_reg(dev, 0, 8);
	uint64_t ns;

	if (!base)
		return -EINVAL;
	ns = mmio_read32(base + REG_TIME_LOW);
	ns |= (uint64_t)mmio_read32(base + REG_TIME_HIGH) << 32;
	if (ns < EARLIEST_NS || ns > LATEST_NS) {
		pr_warn("%s: the clock was never set\n", dev->name);
		return 0;
	}
	time_set_real(ns);
	return 0;
}

static const char *const rtc_compatible[] = { "google,goldfish-rtc", NULL };

const struct driver rtc_goldfish_driver = {
	.name = "rtc_goldfish",
	.compatible = rtc_compatible,
	.probe = rtc_probe,
};
