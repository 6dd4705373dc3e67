/*
 * Interrupts of devices. Controllers stand behind a small table of operations;
 * drivers name an interrupt of their device and give a function for it.
 *
 * Handlers run where the kernel looks for interrupts: with no spinlock held,
 * never inside each other, and one source at a time on one hart. They
 * acknowledge their device, queue and wake; they do not sleep.
 *
 * Where the tree has no controller that this kernel knows, the same handlers
 * are called every few milliseconds instead (polling), so everything still
 * works, slower. A source that storms ends up there too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/list.h"
#include "kernel/lock.h"

struct device;
struct irq_chip;

/* Returns whether the device had something to say. */
typedef bool (*irq_handler)(void *arg);

struct irq_chip_ops {
	const char *name;
	/* A specifier from the tree becomes a source number, or -EINVAL. */
	int (*translate)(struct irq_chip *c, const uint32_t *cells,
			 unsigned n_cells);
	/* Interrupts of `source` go to that hart from now on. Called while the
	 * source is disabled, or by the hart that has it, outside of claim and
	 * complete. chip->lock is held. */
	void (*enable)(struct irq_chip *c, unsigned source, int hart);
	void (*disable)(struct irq_chip *c, unsigned source, int hart);
	/* The next pending source of the calling hart, 0 if there is none. */
	unsigned (*claim)(struct irq_chip *c, int hart);
	void (*complete)(struct irq_chip *c, int hart, unsigned source);
	/* Can this hart get interrupts of the chip? Makes it ready. */
	bool (*init_hart)(struct irq_chip *c, int hart);
};

struct irq_chip {
	const struct irq_chip_ops *ops;
	void *priv;
	uint32_t phandle;
	unsigned n_sources;     /* 1 .. n_sources; 0 is none */
	struct irq_line *lines; /* [n_sources + 1], made by irq_chip_add */
	struct spinlock lock;
	uint64_t harts; /* bit per hart index that init_hart took */
	struct list_head link;
};

/* A controller was found. Called from probe; 0 or -ENOMEM. */
int irq_chip_add(struct irq_chip *c);

/*
 * fn(arg) for interrupt n (counted from 0) of dev. Devices on the same line
 * are asked in turn. 0, or 1 when it will be polled; -ENOENT: the device has
 * no such interrupt; -EINVAL: absurd; -ENOMEM. From probe only, where one hart
 * runs and takes no interrupt.
 */
int irq_request(struct device *dev, unsigned n, irq_handler fn, void *arg,
		const char *name);
/* Calls fn(arg) by the clock, for devices without an interrupt: 0/-ENOMEM. */
int irq_poll_add(irq_handler fn, void *arg, const char *name);

/* Some handlers are polled: idle harts call dev_poll in their loop. */
extern bool irq_polling;
/* Calls what is to be polled, unless another hart is at it. Where handlers may
 * run. True: something is expected soon, do not wait in wfi yet. */
bool dev_poll(void);
/* A driver expects its device to be done soon. Callable under spinlocks;
 * nothing happens when nothing is polled. */
void irq_poll_soon(void);

/* SEIP is pending on this hart: handles what there is. */
void irq_external(void);
/* Each hart, once it runs: takes its share of the interrupts. */
void irq_init_hart(void);
/* This hart is about to stop: others get its interrupts. */
void irq_leave_hart(void);
/* Would there be interrupts that no other hart could get? */
bool irq_only_hart(int hart);

/* /proc/interrupts: calls fn for each source that is in use. counts has one
 * number for each hart (nharts of them). */
void irq_walk(void (*fn)(void *arg, const char *chip, unsigned source,
			 const char *name, const uint64_t *counts),
	      void *arg);
/* Claims that found no handler, over all. */
uint64_t irq_spurious(void);
