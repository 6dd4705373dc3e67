/*
 * Caches around DMA: exactly the lines that a buffer lies in are flushed, by
 * whichever way there is, and the tree says who needs it.
 */
// host-test: -iquotetools/board -iquotekernel -DCONFIG_DEBUG=0

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/riscv.h"
#undef cbo_flush
#define cbo_flush(at) flush_of_hart(at)

#include "kernel/dev/driver.h"

static bool flush_of_hart(uintptr_t at);
#include "kernel/dev/dma.c"

#define CHECK(x)                                                               \
	do {                                                                   \
		if (!(x)) {                                                    \
			fprintf(stderr, "%d: %s\n", __LINE__, #x);            \
			exit(1);                                               \
		}                                                              \
	} while (0)

struct fdt machine_tree;
struct cpu_features cpu_has;
uint32_t cpu_cbom_size;
static bool hart_refuses;
static char ccache_regs[0x1000];

/* What was flushed since `n` was cleared, and by which of the two. */
static uintptr_t lines[4096];
static unsigned n, by_hart, by_cache;

static bool flush_of_hart(uintptr_t at)
{
	if (hart_refuses)
		return false;
	lines[n++] = at;
	by_hart++;
	return true;
}

void mmio_write64(volatile void *p, uint64_t v)
{
	CHECK((volatile char *)p == ccache_regs + 0x200);
	lines[n++] = v;
	by_cache++;
}

volatile void *device_reg(struct device *dev, unsigned i, size_t want)
{
	CHECK(i == 0 && want == 0x208);
	return ccache_regs;
}

void printk(enum printk_level level, const char *format, ...)
{
}

/* The node at each depth has one of these properties, or none. */
static const char *says[4];

bool fdt_has_prop(const struct fdt *t, const struct fdt_node *node,
		  const char *name)
{
	const char *s = says[node->depth];

	return s && !strcmp(s, name);
}

bool fdt_parent(const struct fdt_node *node, struct fdt_node *out)
{
	if (!node->depth)
		return false;
	*out = *node;
	out->depth--;
	return true;
}

static void tree_says(const char *root, const char *bus, const char *node,
		      bool coherent)
{
	struct device dev = { .node.depth = 2 };

	says[0] = root;
	says[1] = bus;
	says[2] = node;
	CHECK(dma_is_coherent(&dev) == coherent);
}

static void start(uint32_t cbom, bool zicbom, bool refuses)
{
	memset(&caches, 0, sizeof(caches));
	cpu_cbom_size = cbom;
	cpu_has.zicbom = zicbom;
	hart_refuses = refuses;
}

/* All buffers near the edges of lines. */
static void flushes(uint32_t line)
{
	static char area[1024] __attribute__((aligned(1024)));

	for (unsigned at = 0; at < 200; at++) {
		for (unsigned len = 1; len < 300; len++) {
			uintptr_t va = (uintptr_t)area + at;
			uintptr_t first = va / line * line;
			uintptr_t last = (va + len - 1) / line * line;

			n = 0;
			dma_sync(area + at, len);
			CHECK(n == (last - first) / line + 1);
			for (unsigned i = 0; i < n; i++)
				CHECK(lines[i] == first + i * line);
			CHECK(dma_owns_lines(area + at, len) ==
			      (at % line == 0 && len % line == 0));
		}
	}
}

int main(void)
{
	static const uint32_t bad[] = { 0, 48, 8192, 0x80000000u };
	struct device cache = { 0 };

	tree_says(NULL, NULL, NULL, true);
	tree_says(NULL, "dma-noncoherent", NULL, false);
	tree_says("dma-noncoherent", NULL, NULL, false);
	tree_says("dma-noncoherent", "dma-coherent", NULL, true);
	tree_says(NULL, "dma-noncoherent", "dma-coherent", true);
	tree_says(NULL, "dma-coherent", "dma-noncoherent", false);

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		start(bad[i], true, false);
		CHECK(!dma_can_sync());
	}
	start(64, false, false);
	CHECK(!dma_can_sync());
	start(64, true, true);
	CHECK(!dma_can_sync());

	for (uint32_t line = 16; line <= 256; line *= 2) {
		start(line, true, false);
		CHECK(dma_can_sync());
		flushes(line);
	}
	CHECK(by_hart && !by_cache);

	/* The chip's cache, as long as the harts have nothing. */
	start(64, true, true);
	CHECK(!ccache_probe(&cache) && dma_can_sync());
	by_hart = 0;
	flushes(64);
	CHECK(by_cache && !by_hart);
	start(32, true, false);
	CHECK(!ccache_probe(&cache) && dma_can_sync());
	by_cache = 0;
	flushes(32);
	CHECK(by_hart && !by_cache);
	return 0;
}
