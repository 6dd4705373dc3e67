/*
 * Reader for the flattened device tree, the firmware's description of the
 * machine (Devicetree Specification 0.4, chapters 2, 3 and 5).
 *
 * The blob comes from outside, so nothing in it is believed: every offset and
 * length is checked at every use, nesting is limited, and whatever is wrong
 * makes a call fail or a walk end early. No call panics, recurses, allocates
 * or writes to the blob. Used before there is memory management; any number
 * of harts may read at the same time.
 *
 * A node is named by a small value, struct fdt_node, that remembers its
 * ancestors, so that what depends on them (cells, ranges, interrupt parents)
 * needs no second walk. Strings and data that are returned point into the
 * blob; strings are checked to end inside it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nodes that are nested deeper are skipped. */
#define FDT_DEPTH_MAX     16
#define FDT_IRQ_CELLS_MAX 4

struct fdt {
	const uint8_t *blob;
	uint32_t size;    /* totalsize */
	uint32_t structs; /* where the structure block is... */
	uint32_t structs_size;
	uint32_t strings;
	uint32_t strings_size;
	uint32_t reserve; /* ... and the memory reservation block */
};

struct fdt_node {
	unsigned int depth;         /* the root has 0 */
	uint32_t at[FDT_DEPTH_MAX]; /* offsets: root ... parent, the node */
};

struct fdt_prop {
	const char *name;
	const uint8_t *data;
	uint32_t len;
};

/*
 * The size that the header claims, 0 if `blob` is no device tree; reads 8
 * bytes only. For copying a blob before it is opened.
 */
uint32_t fdt_blob_size(const void *blob);

/*
 * Checks the header and that the structure is well formed from end to end.
 * `max` is the number of bytes that may be read. 0, or -EINVAL.
 */
int fdt_open(struct fdt *t, const void *blob, size_t max);

/* Walking. Each returns false when there is no such node. */

bool fdt_root(const struct fdt *t, struct fdt_node *n);
/* The next node of the whole tree in the order of the blob (parents first). */
bool fdt_next(const struct fdt *t, struct fdt_node *n);
bool fdt_first_child(const struct fdt *t, const struct fdt_node *parent,
		     struct fdt_node *child);
bool fdt_next_sibling(const struct fdt *t, struct fdt_node *n);
bool fdt_parent(const struct fdt_node *n, struct fdt_node *parent);
bool fdt_same_node(const struct fdt_node *a, const struct fdt_node *b);

/* With its unit address: "serial@10000000"; "" for the root. */
const char *fdt_name(const struct fdt *t, const struct fdt_node *n);

/*
 * By path ("/soc/serial@10000000"; a part may leave out its unit address),
 * or by alias ("serial0", "serial0/child"). What follows a ':' is ignored.
 */
bool fdt_find_path(const struct fdt *t, const char *path, struct fdt_node *n);
bool fdt_find_phandle(const struct fdt *t, uint32_t phandle,
		      struct fdt_node *n);
/* The node's own phandle; 0 when it has none. */
uint32_t fdt_phandle(const struct fdt *t, const struct fdt_node *n);

/* Properties. Numbers are big-endian cells of 32 bits. */

bool fdt_prop(const struct fdt *t, const struct fdt_node *n, const char *name,
	      struct fdt_prop *p);
/* All of them in turn; begin with p->data = NULL. */
bool fdt_prop_next(const struct fdt *t, const struct fdt_node *n,
		   struct fdt_prop *p);
bool fdt_has_prop(const struct fdt *t, const struct fdt_node *n,
		  const char *name);
/* The first cell. */
bool fdt_prop_u32(const struct fdt *t, const struct fdt_node *n,
		  const char *name, uint32_t *v);
/* One cell or two, as long as the property is. */
bool fdt_prop_u64(const struct fdt *t, const struct fdt_node *n,
		  const char *name, uint64_t *v);
/* The first string; NULL when there is none that ends. */
const char *fdt_prop_string(const struct fdt *t, const struct fdt_node *n,
			    const char *name);
/* Is the first string exactly this? */
bool fdt_prop_is(const struct fdt *t, const struct fdt_node *n,
		 const char *name, const char *value);
/* Cell `i` of a property. */
bool fdt_cell(const struct fdt_prop *p, uint32_t i, uint32_t *v);
/* String `i` of a list of strings, or NULL. */
const char *fdt_string(const struct fdt_prop *p, unsigned int i);
/* Position of `s` in a list of strings, or -1. */
int fdt_string_index(const struct fdt_prop *p, const char *s);

/* Is one of the strings of "compatible" exactly this? */
bool fdt_is_compatible(const struct fdt *t, const struct fdt_node *n,
		       const char *compatible);
/* The next node behind `n` (fdt_root first) that is. */
bool fdt_next_compatible(const struct fdt *t, struct fdt_node *n,
			 const char *compatible);
/* No "status", or "okay" ("ok"). */
bool fdt_is_enabled(const struct fdt *t, const struct fdt_node *n);

/* Addresses. */

/* "#address-cells" and "#size-cells" for the children of `n`: 2 and 1 by
 * default. */
uint32_t fdt_address_cells(const struct fdt *t, const struct fdt_node *n);
uint32_t fdt_size_cells(const struct fdt *t, const struct fdt_node *n);

/*
 * Entry `i` of "reg" as it stands, in the address space of the parent.
 * -ENOENT: no such entry; -EINVAL: cells that make no 64-bit number.
 */
int fdt_reg_raw(const struct fdt *t, const struct fdt_node *n, unsigned int i,
		uint64_t *addr, uint64_t *size);
/*
 * The same as a physical address, through the "ranges" of all parents.
 * Also -ERANGE: the address is not reachable, or wraps.
 */
int fdt_reg(const struct fdt *t, const struct fdt_node *n, unsigned int i,
	    uint64_t *addr, uint64_t *size);
/* An address inside `bus` as a physical one: 0 or those errors. */
int fdt_translate(const struct fdt *t, const struct fdt_node *bus,
		  uint64_t *addr);
/* Entry with this name in "reg-names". */
int fdt_reg_named(const struct fdt *t, const struct fdt_node *n,
		  const char *name, uint64_t *addr, uint64_t *size);

/* Interrupts. */

struct fdt_irq {
	uint32_t parent; /* phandle of the controller */
	uint32_t ncells;
	uint32_t cell[FDT_IRQ_CELLS_MAX];
};

/*
 * Interrupt `i` of a device, or input `i` of a controller's parent, from
 * "interrupts-extended" or "interrupts" with the inherited
 * "interrupt-parent". -ENOENT: no such; -EINVAL: the tree is wrong.
 */
int fdt_irq(const struct fdt *t, const struct fdt_node *n, unsigned int i,
	    struct fdt_irq *irq);

/* PCI host bridges. */

struct fdt_pci_window {
	uint32_t space; /* FDT_PCI_KIND and more */
	uint64_t pci;   /* its address on the bus */
	uint64_t base;  /* and as the harts see it */
	uint64_t size;  /* neither range wraps */
};

#define FDT_PCI_KIND(space) ((space) >> 24 & 3)
#define FDT_PCI_IO          1u
#define FDT_PCI_MEMORY32    2u
#define FDT_PCI_MEMORY64    3u

/*
 * Entry `i` of the host's "ranges". -ENOENT: no such; -EINVAL: the tree is
 * wrong; -ERANGE: this one cannot be reached.
 */
int fdt_pci_window(const struct fdt *t, const struct fdt_node *host,
		   unsigned int i, struct fdt_pci_window *w);
/*
 * What pin 1 to 4 of a function is wired to, by the host's "interrupt-map".
 * function: bus << 16 | slot << 11 | number << 8. Errors as fdt_irq.
 */
int fdt_pci_irq(const struct fdt *t, const struct fdt_node *host,
		uint32_t function, uint32_t pin, struct fdt_irq *irq);

/* Memory. Each sequence is walked by i = 0, 1, 2... until false. */

/* Banks of RAM: the "reg" entries of nodes with device_type "memory". */
bool fdt_memory(const struct fdt *t, unsigned int i, uint64_t *base,
		uint64_t *size);
/* The memory reservation block of the header. */
bool fdt_memreserve(const struct fdt *t, unsigned int i, uint64_t *base,
		    uint64_t *size);

struct fdt_reserved {
	uint64_t base;
	uint64_t size;
	bool no_map;   /* must not even be mapped */
	bool reusable; /* may be used until its driver wants it */
	const char *name;
};

/*
 * Fixed ranges of /reserved-memory, whatever their status. Those without
 * "reg", which a system may put anywhere, are left out.
 */
bool fdt_reserved(const struct fdt *t, unsigned int i,
		  struct fdt_reserved *out);

/* /chosen */

/* The command line; "" when there is none. */
const char *fdt_bootargs(const struct fdt *t);
/*
 * The console's node; `options` (may be NULL) gets what follows the ':', or
 * "". False when stdout-path is missing or leads nowhere.
 */
bool fdt_stdout(const struct fdt *t, struct fdt_node *n, const char **options);
/* Physical bounds of the RAM disk that the loader handed over. */
bool fdt_initrd(const struct fdt *t, uint64_t *start, uint64_t *end);
/* Random bytes from the firmware. To be used once. */
bool fdt_rng_seed(const struct fdt *t, struct fdt_prop *seed);

/* /cpus */

struct fdt_cpu {
	uint64_t hartid;
	bool enabled;                   /* by "status" */
	const char *mmu_type;           /* "riscv,sv39"...; NULL: no MMU */
	const char *isa;                /* "riscv,isa", or NULL */
	const char *isa_base;           /* "riscv,isa-base", or NULL */
	struct fdt_prop isa_extensions; /* len 0: no such property */
	uint32_t intc_phandle;          /* its interrupt controller; 0: none */
	struct fdt_node node;
};

/* Node `i` of device_type "cpu", usable or not. */
bool fdt_cpu(const struct fdt *t, unsigned int i, struct fdt_cpu *cpu);
/*
 * By "riscv,isa-extensions", or else by the ISA string. Lower case:
 * "sstc", "zbb", "v".
 */
bool fdt_cpu_has(const struct fdt_cpu *cpu, const char *extension);
/* Ticks of `time` in a second, from /cpus or its first node that has it; 0
 * when the tree does not say. */
uint64_t fdt_timebase(const struct fdt *t);
