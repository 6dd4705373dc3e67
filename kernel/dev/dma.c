/*
 * Devices that do not see the harts' caches (see dma.h): what the tree says of
 * them, and how memory and caches are brought together.
 *
 * A line is written back if it is dirty, and dropped, before a transfer and
 * again behind it, in either direction: what the hart fetched meanwhile, of
 * itself, is clean, so the second time throws away and writes nothing. It is
 * done by Zicbom where all harts have that and the firmware lets S-mode use
 * it (menvcfg.CBCFE), else by the second-level cache of SiFive's chips, which
 * flushes the line whose address is written to a register.
 */
#include "kernel/dev/dma.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/driver.h"
#include "kernel/mm/usercopy.h"
#include "kernel/printk.h"
#include "kernel/riscv.h"

#define CCACHE_FLUSH 0x200 /* 64 bits: the address of a line */
#define CCACHE_LINE  64u

static struct {
	uint32_t line;         /* bytes of what is flushed at once; 0: no way */
	bool asked;            /* Zicbom was tried */
	volatile char *ccache; /* NULL: Zicbom */
} caches;

static bool line_flush(uintptr_t at)
{
	if (!caches.ccache)
		return cbo_flush(at);
	mmio_write64(caches.ccache + CCACHE_FLUSH, dma_map((void *)at));
	return true;
}

/* Zicbom, if it is there and works; tried once, on a line of this file's. */
static void try_zicbom(void)
{
	uint32_t line = cpu_cbom_size;

	if (caches.asked)
		return;
	caches.asked = true;
	if (!cpu_has.zicbom || !is_power_of_2(line) || line > PAGE_SIZE)
		return;
	if (cbo_flush((uintptr_t)&caches)) {
		caches.line = line;
		caches.ccache = NULL;
	} else {
		pr_warn("Zicbom is in the tree and does not work\n");
	}
}

bool dma_is_coherent(const struct device *dev)
{
	struct fdt_node n = dev->node;

	do {
		if (fdt_has_prop(&machine_tree, &n, "dma-coherent"))
			return true;
		if (fdt_has_prop(&machine_tree, &n, "dma-noncoherent"))
			return false;
	} while (fdt_parent(&n, &n));
	return true;
}

bool dma_can_sync(void)
{
	try_zicbom();
	return caches.line;
}

bool dma_owns_lines(const void *va, size_t len)
{
	return !(((uintptr_t)va | len) & (caches.line - 1));
}

void dma_sync(const void *va, size_t len)
{
	uintptr_t at = round_down((uintptr_t)va, caches.line);

	dma_mb();
	for (; at < (uintptr_t)va + len; at += caches.line)
		line_flush(at);
	dma_mb();
}

static int ccache_probe(struct device *dev)
{
	volatile char *regs = device_reg(dev, 0, CCACHE_FLUSH + 8);

	if (!regs)
		return -EINVAL;
	if (!caches.line) {
		caches.ccache = regs;
		caches.line = CCACHE_LINE;
	}
	return 0;
}

static const char *const ccache_compatible[] = {
	"sifive,ccache0", "sifive,fu540-c000-ccache", "starfive,jh7100-ccache",
	NULL
};

const struct driver ccache_sifive_driver = {
	.name = "ccache_sifive",
	.compatible = ccache_compatible,
	.probe = ccache_probe,
};
