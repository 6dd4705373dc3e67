/*
 * Every call of the device-tree reader on bytes from anywhere. Nothing is
 * expected but that it comes back, and that the sanitizers have nothing to
 * say. fdt_test.c uses it on damaged trees; alone it is a libFuzzer target:
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -I. -x c \
 *		kernel/dev/fdt_fuzz.c -o fdt_fuzz
 */
#include "kernel/dev/fdt.c"
#include "kernel/dev/fdt_machine.c"
#include "kernel/dev/fdt_pci.c"

#define MANY 40 /* hostile lists may be long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something to look at, so that no read is optimised away. */
static volatile uint64_t fdt_fuzz_sink;

static void fuzz_node(const struct fdt *t, const struct fdt_node *n)
{
	struct fdt_prop p = { 0 };
	struct fdt_node other;
	struct fdt_irq irq;
	uint64_t a, s;
	unsigned int i;

	fdt_fuzz_sink += strlen(fdt_name(t, n)) + fdt_phandle(t, n) +
			 fdt_address_cells(t, n) + fdt_size_cells(t, n) +
			 fdt_is_enabled(t, n) + fdt_is_compatible(t, n, "a");
	while (fdt_prop_next(t, n, &p)) {
		uint32_t v;
		const char *str;

		for (i = 0; i < p.len; i++)
			fdt_fuzz_sink += p.data[i];
		for (i = 0; i < MANY && fdt_cell(&p, i, &v); i++)
			fdt_fuzz_sink += v;
		for (i = 0; i < MANY && (str = fdt_string(&p, i)); i++)
			fdt_fuzz_sink += strlen(str);
		fdt_fuzz_sink += (uint64_t)fdt_string_index(&p, "x");
		if (fdt_prop_u64(t, n, p.name, &a))
			fdt_fuzz_sink += a;
	}
	for (i = 0; i < MANY && !fdt_reg(t, n, i, &a, &s); i++)
		fdt_fuzz_sink += a + s;
	for (i = 0; i < MANY && !fdt_irq(t, n, i, &irq); i++)
		fdt_fuzz_sink += irq.parent + irq.cell[irq.ncells - 1];
	for (i = 0; i < MANY; i++) {
		struct fdt_pci_window w;
		int err = fdt_pci_window(t, n, i, &w);

		if (err && err != -ERANGE)
			break;
		if (!err)
			fdt_fuzz_sink += w.space + w.pci + w.base + w.size;
		if (!fdt_pci_irq(t, n, i << 11, 1 + i % 4, &irq))
			fdt_fuzz_sink += irq.cell[irq.ncells - 1];
	}
	fdt_fuzz_sink += (uint64_t)fdt_reg_named(t, n, "x", &a, &s);
	if (fdt_parent(n, &other))
		fdt_fuzz_sink += fdt_same_node(n, &other);
	other = *n;
	fdt_fuzz_sink +=
		fdt_next_sibling(t, &other) + fdt_first_child(t, n, &other);
}

static void fdt_exercise(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {
		"/",
		"",
		"/soc/serial",
		"serial0",
		"serial0:115200",
		":",
		"//",
		"/soc/serial@10000000/x",
		"/cpus/cpu@0",
		"nothing/at/all",
	};
	const char *options;
	struct fdt_reserved r;
	struct fdt_cpu cpu;
	struct fdt_prop p;
	struct fdt_node n;
	uint64_t a, s;
	struct fdt t;
	unsigned int i;
	bool more;

	if (size >= 8)
		fdt_fuzz_sink += fdt_blob_size(data);
	if (fdt_open(&t, data, size))
		return;
	for (more = fdt_root(&t, &n), i = 0; more && i < 200;
	     more = fdt_next(&t, &n), i++)
		fuzz_node(&t, &n);
	for (i = 0; i < ARRAY_SIZE(paths); i++)
		if (fdt_find_path(&t, paths[i], &n))
			fdt_fuzz_sink += strlen(fdt_name(&t, &n));
	for (i = 0; i < 8; i++)
		fdt_fuzz_sink += fdt_find_phandle(&t, i, &n);
	for (i = 0; i < MANY && fdt_memory(&t, i, &a, &s); i++)
		fdt_fuzz_sink += a + s;
	for (i = 0; i < MANY && fdt_memreserve(&t, i, &a, &s); i++)
		fdt_fuzz_sink += a + s;
	for (i = 0; i < MANY && fdt_reserved(&t, i, &r); i++)
		fdt_fuzz_sink += r.base + strlen(r.name) + r.no_map;
	for (i = 0; i < MANY && fdt_cpu(&t, i, &cpu); i++)
		fdt_fuzz_sink += cpu.hartid + fdt_cpu_has(&cpu, "sstc") +
				 fdt_cpu_has(&cpu, "v") + cpu.intc_phandle;
	fdt_fuzz_sink += strlen(fdt_bootargs(&t)) + fdt_timebase(&t);
	if (fdt_stdout(&t, &n, &options))
		fdt_fuzz_sink += strlen(options);
	if (fdt_initrd(&t, &a, &s))
		fdt_fuzz_sink += a + s;
	if (fdt_rng_seed(&t, &p))
		fdt_fuzz_sink += p.data[p.len - 1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fdt_exercise(data, size);
	return 0;
}
