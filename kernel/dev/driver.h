/*
 * Devices of the device tree and the drivers for them.
 *
 * Drivers stand in one list (DRIVERS). Each of them is offered, in the order of
 * the tree, the enabled nodes whose `compatible` it knows and that no other has
 * taken; more than one string may match, and an earlier one in the driver's
 * list does not win over a later one. The tree is not trusted: what is absurd
 * is told and left alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/cpu.h"
#include "kernel/dev/fdt.h"
#include "kernel/list.h"
#include "kernel/memlayout.h"

#define DEV_REGS_MAX 8
#define DEV_IRQS_MAX 16

struct driver;

struct dev_reg {
	paddr_t base; /* as the harts see it */
	uint64_t size;
	volatile void *va; /* once device_reg mapped it */
};

struct device {
	const char *name; /* of the node: "serial@10000000" */
	struct fdt_node node;
	struct fdt_prop compatible;
	const struct driver *driver; /* that was asked last */
	unsigned n_regs;
	struct dev_reg regs[DEV_REGS_MAX];
	unsigned n_irqs;
	struct fdt_irq irqs[DEV_IRQS_MAX];
	void *priv;            /* the driver's */
	struct list_head link; /* devices with a driver */
};

struct driver {
	const char *name;
	const char *const *compatible; /* ends with NULL */
	/* 0: taken. -ENODEV: not for me after all, say nothing. Other errors
	 * are told. The device structure stays for ever when 0. */
	int (*probe)(struct device *dev);
};

/* Accesses to registers that nothing answered; trap.c makes them read as
 * ones. */
extern uint64_t device_faults;

/* Finds drivers for all devices. After memory, time and the boot hart's
 * structures; before the scheduler runs, or in the first thread. */
void dev_probe_all(void);

/* Registers n of dev, mapped; NULL with a message when they are not there,
 * smaller than `want` bytes, not at a multiple of 4, or in RAM. */
volatile void *device_reg(struct device *dev, unsigned n, size_t want);

/* Lets clocks run and resets go that the device needs, where it is known how
 * (clocks.c). Before its probe. */
void device_switch_on(struct device *dev);

/* One 32-bit number of the node, or `otherwise` if it is not there. */
uint32_t device_u32(const struct device *dev, const char *property,
		    uint32_t otherwise);

/* Names the node: equal for the same node only. */
static inline int fdt_node_id(const struct fdt_node *n)
{
	return (int)n->at[n->depth];
}

/*
 * Every driver, in the order in which they are probed: interrupt controllers
 * before what interrupts. X(name) stands for `const struct driver name_driver`
 * in a file of its own; a new one is that file and a line here.
 */
#define DRIVERS(X)         \
	X(plic)            \
	X(imsic)           \
	X(aplic)           \
	X(ccache_sifive)   \
	X(uart16550)       \
	X(uart_sifive)     \
	X(rtc_goldfish)    \
	X(syscon_poweroff) \
	X(syscon_reboot)   \
	X(virtio_mmio)     \
	X(pci)             \
	X(sdhci_cadence)   \
	X(spi_sifive)      \
	X(mmc_dw)

#define DRIVER_DECLARED(name) extern const struct driver name##_driver;
DRIVERS(DRIVER_DECLARED)
#undef DRIVER_DECLARED

/*
 * Register access of one width each. A device's registers are accessed in
 * order by one hart. Beyond that the ISA promises nothing, so a read comes
 * before the reads of memory behind it, a write behind the writes of memory
 * before it, and before those behind it: the store that lets a lock go lets no
 * other hart come earlier. What a device itself does with memory is ordered by
 * the fences of dma.h.
 */
#ifdef __riscv
#define MMIO_FENCE(from, to)                                                   \
	__asm__ __volatile__("fence " #from ", " #to : : : "memory")

static inline uint8_t mmio_read8(const volatile void *p)
{
	uint8_t v = *(const volatile uint8_t *)p;

	MMIO_FENCE(i, r);
	return v;
}

static inline uint16_t mmio_read16(const volatile void *p)
{
	uint16_t v = *(const volatile uint16_t *)p;

	MMIO_FENCE(i, r);
	return v;
}

static inline uint32_t mmio_read32(const volatile void *p)
{
	uint32_t v = *(const volatile uint32_t *)p;

	MMIO_FENCE(i, r);
	return v;
}

static inline void mmio_write8(volatile void *p, uint8_t v)
{
	MMIO_FENCE(w, o);
	*(volatile uint8_t *)p = v;
	MMIO_FENCE(o, w);
}

static inline void mmio_write16(volatile void *p, uint16_t v)
{
	MMIO_FENCE(w, o);
	*(volatile uint16_t *)p = v;
	MMIO_FENCE(o, w);
}

static inline void mmio_write32(volatile void *p, uint32_t v)
{
	MMIO_FENCE(w, o);
	*(volatile uint32_t *)p = v;
	MMIO_FENCE(o, w);
}

static inline void mmio_write64(volatile void *p, uint64_t v)
{
	MMIO_FENCE(w, o);
	*(volatile uint64_t *)p = v;
	MMIO_FENCE(o, w);
}
#else
/* On the build machine a model of the device answers (tools/board). */
uint8_t mmio_read8(const volatile void *p);
uint16_t mmio_read16(const volatile void *p);
uint32_t mmio_read32(const volatile void *p);
void mmio_write8(volatile void *p, uint8_t v);
void mmio_write16(volatile void *p, uint16_t v);
void mmio_write32(volatile void *p, uint32_t v);
void mmio_write64(volatile void *p, uint64_t v);
#endif
