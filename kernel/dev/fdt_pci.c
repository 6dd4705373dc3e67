/*
 * What the tree says of a PCI host bridge (Open Firmware's PCI binding, as
 * the Devicetree Specification 0.4 takes it over; section 2.4.3 for the
 * interrupt map). An address on that bus has three cells: what kind of space
 * and which function, then 64 bits.
 */
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/fdt.h"

#define PCI_ADDRESS_CELLS 3u
#define PCI_SIZE_CELLS    2u
/* 32 slots, each with up to 8 functions and 4 pins. A longer list is meant
 * to keep us busy. */
#define MAP_ENTRIES_MAX 1024u

static uint64_t two_cells(const struct fdt_prop *p, uint32_t i)
{
	uint32_t hi = 0, lo = 0;

	fdt_cell(p, i, &hi);
	fdt_cell(p, i + 1, &lo);
	return (uint64_t)hi << 32 | lo;
}

int fdt_pci_window(const struct fdt *t, const struct fdt_node *host,
		   unsigned int i, struct fdt_pci_window *w)
{
	struct fdt_node above;
	struct fdt_prop p;
	uint32_t outer, entry, at;
	uint64_t end;

	if (!fdt_parent(host, &above) || !fdt_prop(t, host, "ranges", &p))
		return -ENOENT;
	outer = fdt_address_cells(t, &above);
	if (fdt_address_cells(t, host) != PCI_ADDRESS_CELLS ||
	    fdt_size_cells(t, host) != PCI_SIZE_CELLS || !outer || outer > 2)
		return -EINVAL;
	entry = PCI_ADDRESS_CELLS + outer + PCI_SIZE_CELLS;
	if (i >= p.len / 4 / entry)
		return -ENOENT;
	at = i * entry;
	fdt_cell(&p, at, &w->space);
	w->pci = two_cells(&p, at + 1);
	at += PCI_ADDRESS_CELLS;
	w->base = two_cells(&p, at + outer - 2);
	if (outer == 1)
		w->base &= UINT32_MAX; /* the cell before is not of it */
	w->size = two_cells(&p, at + outer);
	if (fdt_translate(t, &above, &w->base) || !w->size ||
	    __builtin_add_overflow(w->base, w->size - 1, &end) ||
	    __builtin_add_overflow(w->pci, w->size - 1, &end))
		return -ERANGE;
	return 0;
}

/* Cells of an address and of an interrupt at the controller `phandle`. */
static bool parent_cells(const struct fdt *t, uint32_t phandle, uint32_t *ac,
			 uint32_t *ic)
{
	struct fdt_node n;

	if (!fdt_find_phandle(t, phandle, &n) ||
	    !fdt_prop_u32(t, &n, "#interrupt-cells", ic))
		return false;
	/* Here, unlike elsewhere, none is the default. */
	if (!fdt_prop_u32(t, &n, "#address-cells", ac))
		*ac = 0;
	return *ic && *ic <= FDT_IRQ_CELLS_MAX && *ac <= 4;
}

int fdt_pci_irq(const struct fdt *t, const struct fdt_node *host,
		uint32_t function, uint32_t pin, struct fdt_irq *irq)
{
	const uint32_t want[4] = { function, 0, 0, pin };
	uint32_t known = 0, ac = 0, ic = 0, at = 0, v, mask;
	struct fdt_prop map, masks;

	if (!fdt_prop(t, host, "interrupt-map", &map))
		return -ENOENT;
	if (!fdt_prop(t, host, "interrupt-map-mask", &masks))
		masks.len = 0;
	for (unsigned int n = 0; fdt_cell(&map, at + 4, &irq->parent); n++) {
		bool match = true;

		if (n == MAP_ENTRIES_MAX)
			return -EINVAL;
		if ((!n || irq->parent != known) &&
		    !parent_cells(t, irq->parent, &ac, &ic))
			return -EINVAL;
		known = irq->parent;
		for (uint32_t i = 0; i < 4; i++) {
			if (!fdt_cell(&masks, i, &mask))
				mask = UINT32_MAX;
			fdt_cell(&map, at + i, &v);
			match &= !((v ^ want[i]) & mask);
		}
		at += 5 + ac;
		if (match) {
			irq->ncells = ic;
			for (uint32_t i = 0; i < ic; i++)
				if (!fdt_cell(&map, at + i, &irq->cell[i]))
					return -EINVAL;
			return 0;
		}
		at += ic;
	}
	return -ENOENT;
}
