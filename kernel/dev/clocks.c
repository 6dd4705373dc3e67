/*
 * Switches on what feeds a device: the gates of its clocks, and its resets let
 * go. Firmware does that for what it uses itself, the console and the card it
 * booted from; this is for the rest.
 *
 * What is known: the clock and reset generators of the StarFive JH7110. Clock
 * number n of the tree is the word at 4 n, bit 31 its gate; resets are bits of
 * words that begin at a place of the generator's, 1 is "held"; as many words
 * behind them tell what is let go. Rates and sources stay as they are.
 */
#include "kernel/bits.h"
#include "kernel/dev/driver.h"
#include "kernel/mm/vmspace.h"
#include "kernel/printk.h"
#include "kernel/time.h"

#define GATE       (1u << 31)
#define RESET_NS   (10 * NSEC_PER_MSEC)
#define INPUTS_MAX 8u

struct generator {
	const char *compatible;
	unsigned clocks, resets;        /* how many there are */
	unsigned reset_at, released_at; /* first words */
};

static const struct generator generators[] = {
	{ "starfive,jh7110-syscrg", 190, 126, 0x2f8, 0x308 },
};

static volatile char *mapped[ARRAY_SIZE(generators)];

/* The generator behind a phandle, and its registers; NULL when it is none
 * that is known. */
static const struct generator *generator_find(uint32_t phandle,
					      volatile char **regs)
{
	uint64_t base, size;
	struct fdt_node n;

	if (!fdt_find_phandle(&machine_tree, phandle, &n))
		return NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(generators); i++) {
		const struct generator *g = &generators[i];

		if (!fdt_is_compatible(&machine_tree, &n, g->compatible))
			continue;
		if (fdt_reg(&machine_tree, &n, 0, &base, &size) ||
		    size < g->released_at + 4 * (g->resets / 32 + 1) ||
		    size > 1u << 20 || pa_is_ram(base))
			return NULL;
		if (!mapped[i])
			mapped[i] = device_map(base, size);
		*regs = mapped[i];
		return *regs ? g : NULL;
	}
	return NULL;
}

static void clock_on(const struct generator *g, volatile char *regs,
		     uint32_t id)
{
	volatile char *p = regs + 4 * id;

	if (id < g->clocks && !(mmio_read32(p) & GATE))
		mmio_write32(p, mmio_read32(p) | GATE);
}

static void reset_release(const struct generator *g, volatile char *regs,
			  uint32_t id)
{
	volatile char *word = regs + g->reset_at + 4 * (id / 32);
	volatile char *released = regs + g->released_at + 4 * (id / 32);
	uint64_t until = time_now() + RESET_NS;
	uint32_t bit = 1u << id % 32;

	if (id >= g->resets || !(mmio_read32(word) & bit))
		return;
	mmio_write32(word, mmio_read32(word) & ~bit);
	while (!(mmio_read32(released) & bit) && time_now() < until)
		cpu_relax();
}

/* Each pair of phandle and number in a property. */
static void for_each_input(struct device *dev, const char *property,
			   void (*on)(const struct generator *g,
				      volatile char *regs, uint32_t id))
{
	const struct generator *g;
	volatile char *regs;
	struct fdt_prop p;
	uint32_t phandle, id;

	if (!fdt_prop(&machine_tree, &dev->node, property, &p))
		return;
	for (uint32_t i = 0; i < INPUTS_MAX && fdt_cell(&p, 2 * i, &phandle) &&
			     fdt_cell(&p, 2 * i + 1, &id);
	     i++) {
		g = generator_find(phandle, &regs);
		if (!g)
			return; /* nor is it known how many cells follow */
		on(g, regs, id);
	}
}

void device_switch_on(struct device *dev)
{
	for_each_input(dev, "clocks", clock_on);
	for_each_input(dev, "resets", reset_release);
}
