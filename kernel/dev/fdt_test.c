/*
 * The device-tree reader against trees made by dtc and by QEMU: every
 * property is compared with what fdtget says, what the kernel asks for with
 * what is known of the machine; then the same trees cut off at every length
 * and damaged in every way that a seed of random numbers gives.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/dev/fdt_fuzz.c"

#define SIZE_MAX_BLOB (1 << 20)

static int failures;
static char dir[] = "/tmp/fdt_test.XXXXXX";

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)

#define CHECK_STR(a, b) CHECK((a) && !strcmp((a), (b)))

/* A tree with what QEMU's trees do not have. */
static const char own_tree[] =
	"/dts-v1/;\n"
	"/memreserve/ 0x88000000 0x100000;\n"
	"/memreserve/ 0x123456789000 0x2000;\n"
	"/ {\n"
	" #address-cells = <2>; #size-cells = <2>;\n"
	" interrupt-parent = <&plic>;\n"
	" aliases { serial0 = &uart; bad = \"serial0\"; };\n"
	" chosen { bootargs = \"root=/dev/vda quiet\";\n"
	"  stdout-path = \"serial0:115200n8\";\n"
	"  linux,initrd-start = <0x88000000>;\n"
	"  linux,initrd-end = <0x0 0x88100000>;\n"
	"  rng-seed = [01 02 03 04 05]; };\n"
	" memory@40000000 { device_type = \"memory\";\n"
	"  reg = <0 0x40000000 0 0x40000000>, <0x10 0 0 0x80000000>; };\n"
	" memory@2000000000 { device_type = \"memory\";\n"
	"  reg = <0x20 0 0 0x1000>; status = \"disabled\"; };\n"
	" memory@3000000000 { device_type = \"memory\"; reg = <0x30 0 1 0>; "
	"};\n"
	" reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;\n"
	"  fw@40000000 { reg = <0 0x40000000 0 0x80000>; no-map; };\n"
	"  two { reg = <0 0x50000000 0 0x1000>, <0 0x60000000 0 0x2000>; };\n"
	"  dynamic { size = <0 0x1000000>; reusable; };\n"
	"  last@70000000 { reg = <0 0x70000000 0 0x1000>; reusable; }; };\n"
	" cpus { #address-cells = <1>; #size-cells = <0>;\n"
	"  cpu@0 { device_type = \"cpu\"; reg = <0>; status = \"disabled\";\n"
	"   riscv,isa = \"rv64imac\"; timebase-frequency = <4000000>;\n"
	"   i0: interrupt-controller { interrupt-controller;\n"
	"    #interrupt-cells = <1>; compatible = \"riscv,cpu-intc\"; }; };\n"
	"  cpu@5 { device_type = \"cpu\"; reg = <5>; status = \"okay\";\n"
	"   mmu-type = \"riscv,sv39\";\n"
	"   riscv,isa = \"rv64imafdc_zicsr_zba1p0_sstcx\";\n"
	"   i5: interrupt-controller { interrupt-controller;\n"
	"    #interrupt-cells = <1>; }; };\n"
	"  cpu@7 { device_type = \"cpu\"; reg = <7>; mmu-type = "
	"\"riscv,sv48\";\n"
	"   riscv,isa-base = \"rv64i\";\n"
	"   riscv,isa-extensions = \"i\", \"m\", \"a\", \"sstc\";\n"
	"   riscv,isa = \"rv64imafdcv\"; };\n"
	"  cpu-map { }; };\n"
	" soc { #address-cells = <1>; #size-cells = <1>; compatible = \"x\";\n"
	"  ranges = <0x0 0x0 0x10000000 0x10000000>,\n"
	"   <0x80000000 0x2 0x0 0x1000000>;\n"
	"  plic: plic@c000000 { compatible = \"a,b\", \"riscv,plic0\";\n"
	"   #interrupt-cells = <1>; interrupt-controller; reg = <0xc000000 "
	"4>;\n"
	"   interrupts-extended = <&i0 11>, <&i5 0xffffffff>, <&i5 9>; };\n"
	"  bus@1000 { #address-cells = <1>; #size-cells = <1>;\n"
	"   ranges = <0 0x1000 0x1000>;\n"
	"   uart: serial@10 { compatible = \"ns16550a\"; reg = <0x10 0x10>,\n"
	"    <0x2000 4>; interrupts = <10 4>; reg-names = \"a\", \"b\";\n"
	"    interrupt-parent = <&apl>; reg-shift = <2>; }; };\n"
	"  apl: aplic { #interrupt-cells = <2>; interrupt-controller;\n"
	"   child { interrupts = <7 8>, <9 1>; }; };\n"
	"  high@80001000 { reg = <0x80001000 0x100>; interrupts = <3>; };\n"
	"  wraps@80fff000 { reg = <0xfffffff0 0x100>; };\n"
	"  noranges { #address-cells = <1>; #size-cells = <0>;\n"
	"   dev@4 { reg = <4>; }; };\n"
	"  pci { #address-cells = <3>; #size-cells = <2>; ranges;\n"
	"   dev { reg = <1 2 3 4 5>; }; };\n"
	"  host@80002000 { #address-cells = <3>; #size-cells = <2>;\n"
	"   #interrupt-cells = <1>;\n"
	"   ranges = <0x01000000 0 0 0x100 0 0x100>,\n"
	"    <0x42000000 0x5 0x10 0x80400000 0 0x100000>,\n"
	"    <0x02000000 0 0x40000000 0x20000000 0 0x1000>,\n"
	"    <0x02000000 0xffffffff 0xfffff000 0x400 0 0x2000>;\n"
	"   interrupt-map-mask = <0x1800 0 0 7>;\n"
	"   interrupt-map = <0 0 0 1 &plic 40>, <0 0 0 2 &apl 41 4>,\n"
	"    <0x800 0 0 1 &plic 42>; };\n"
	" };\n"
	" d1 { d2 { d3 { d4 { d5 { d6 { d7 { d8 { d9 { d10 { d11 { d12 {\n"
	"  d13 { d14 { d15 { fifteen; d16 { sixteen; d17 { deep; }; }; }; };\n"
	"  }; }; }; }; }; }; }; }; }; }; }; }; };\n"
	" behind { here; };\n"
	"};\n";

static uint8_t *load(const char *path, size_t *size)
{
	uint8_t *all = malloc(SIZE_MAX_BLOB), *fit;
	FILE *f = fopen(path, "rb");

	*size = f ? fread(all, 1, SIZE_MAX_BLOB, f) : 0;
	if (f)
		fclose(f);
	/* Exactly as large as the tree says: reading past it is seen. */
	if (*size >= 8 && fdt_blob_size(all) <= *size)
		*size = fdt_blob_size(all);
	fit = malloc(*size ? *size : 1);
	memcpy(fit, all, *size);
	free(all);
	return fit;
}

static bool shell(const char *fmt, ...)
{
	char cmd[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd) == 0;
}

static void node_path(const struct fdt *t, const struct fdt_node *n, char *out)
{
	struct fdt_node up = *n;

	if (!n->depth) {
		strcpy(out, "/");
		return;
	}
	*out = '\0';
	for (unsigned int d = 1; d <= n->depth; d++) {
		up.depth = d;
		strcat(out, "/");
		strcat(out, fdt_name(t, &up));
	}
}

/* All properties of all nodes, byte by byte, as fdtget sees them. */
static void compare_with_fdtget(const struct fdt *t, const char *file)
{
	char path[1000], want[300], script[300];
	struct fdt_node n;
	unsigned int props = 0;
	bool more;
	FILE *f;

	snprintf(script, sizeof(script), "%s/get.sh", dir);
	f = fopen(script, "w");
	fprintf(f, "fdtget -t bx '%s'", file);
	for (more = fdt_root(t, &n); more; more = fdt_next(t, &n)) {
		struct fdt_prop p = { 0 };

		node_path(t, &n, path);
		while (fdt_prop_next(t, &n, &p))
			if (p.len && p.len < 80)
				fprintf(f, " '%s' '%s'", path, p.name);
	}
	fprintf(f, "\n");
	fclose(f);
	snprintf(path, sizeof(path), "sh %s", script);
	f = popen(path, "r");
	for (more = fdt_root(t, &n); more; more = fdt_next(t, &n)) {
		struct fdt_prop p = { 0 };

		while (fdt_prop_next(t, &n, &p)) {
			char *at = want;

			if (!p.len || p.len >= 80)
				continue;
			for (uint32_t i = 0; i < p.len; i++)
				at += sprintf(at, "%s%x", i ? " " : "",
					      p.data[i]);
			strcat(want, "\n");
			if (!fgets(path, sizeof(path), f))
				strcpy(path, "nothing\n");
			if (strcmp(path, want)) {
				printf("FAIL %s: %s %s: fdtget says %s", file,
				       fdt_name(t, &n), p.name, path);
				failures++;
			}
			props++;
		}
	}
	CHECK(!fgets(path, sizeof(path), f));
	CHECK(pclose(f) == 0);
	CHECK(props > 20);
}

static void test_own_memory(const struct fdt *t)
{
	struct fdt_reserved r;
	uint64_t a, s;

	CHECK(fdt_memory(t, 0, &a, &s) && a == 0x40000000 && s == 0x40000000);
	CHECK(fdt_memory(t, 1, &a, &s) && a == 0x1000000000 && s == 0x80000000);
	CHECK(fdt_memory(t, 2, &a, &s) && a == 0x3000000000 &&
	      s == 0x100000000);
	CHECK(!fdt_memory(t, 3, &a, &s));
	CHECK(fdt_memreserve(t, 0, &a, &s) && a == 0x88000000 && s == 0x100000);
	CHECK(fdt_memreserve(t, 1, &a, &s) && a == 0x123456789000);
	CHECK(!fdt_memreserve(t, 2, &a, &s));
	CHECK(fdt_reserved(t, 0, &r) && r.base == 0x40000000 && r.no_map);
	CHECK_STR(r.name, "fw@40000000");
	CHECK(fdt_reserved(t, 1, &r) && r.base == 0x50000000 && !r.no_map);
	CHECK(fdt_reserved(t, 2, &r) && r.base == 0x60000000 &&
	      r.size == 0x2000);
	CHECK(fdt_reserved(t, 3, &r) && r.base == 0x70000000 && r.reusable);
	CHECK(!fdt_reserved(t, 4, &r));
}

static void test_own_cpus(const struct fdt *t)
{
	struct fdt_cpu c;

	CHECK(fdt_cpu(t, 0, &c) && c.hartid == 0 && !c.enabled && !c.mmu_type);
	CHECK(!fdt_cpu_has(&c, "sstc") && fdt_cpu_has(&c, "c"));
	CHECK(fdt_cpu(t, 1, &c) && c.hartid == 5 && c.enabled);
	CHECK_STR(c.mmu_type, "riscv,sv39");
	CHECK(!fdt_cpu_has(&c, "sstc") && fdt_cpu_has(&c, "zba"));
	CHECK(fdt_cpu_has(&c, "zicsr") && !fdt_cpu_has(&c, "z"));
	CHECK(!fdt_cpu_has(&c, "v") && fdt_cpu_has(&c, "d"));
	CHECK(c.intc_phandle != 0);
	CHECK(fdt_cpu(t, 2, &c) && c.hartid == 7 && c.enabled);
	CHECK_STR(c.isa_base, "rv64i");
	CHECK(fdt_cpu_has(&c, "sstc") && !fdt_cpu_has(&c, "v"));
	CHECK(!fdt_cpu(t, 3, &c));
	CHECK(fdt_timebase(t) == 4000000);
}

static void test_isa_strings(void)
{
	static const struct {
		const char *isa, *extension;
		bool has;
	} rows[] = {
		{ "rv64gc", "d", true },
		{ "rv64gc", "v", false },
		{ "RV64IMAFDC_Zicsr_SSTC", "sstc", true },
		{ "rv64imafdcsu", "u", true },
		{ "rv64imafdczicsr_zbb", "zicsr", true },
		{ "rv64imafdczicsr_zbb", "zbb", true },
		{ "rv64i2p1_m2p0_a2p1_zba1p0", "zba", true },
		{ "rv64i2p1_m2p0_a2p1_zba1p0", "m", true },
		{ "rv64i2p1", "p", false },
		{ "rv64imac_zbbx", "zbb", false },
		{ "rv64imac_", "", false },
		{ "64imac", "i", false },
		{ "rv", "i", false },
		{ "", "i", false },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!rows[i].extension[0])
			continue;
		if (isa_string_has(rows[i].isa, rows[i].extension) !=
		    rows[i].has) {
			printf("FAIL isa \"%s\" has %s\n", rows[i].isa,
			       rows[i].extension);
			failures++;
		}
	}
}

static void test_own_devices(const struct fdt *t)
{
	struct fdt_node n, plic;
	const char *options;
	struct fdt_irq irq;
	struct fdt_prop p;
	uint64_t a, s;
	uint32_t v;

	CHECK(fdt_stdout(t, &n, &options));
	CHECK_STR(options, "115200n8");
	CHECK_STR(fdt_name(t, &n), "serial@10");
	CHECK(!fdt_reg(t, &n, 0, &a, &s) && a == 0x10001010 && s == 0x10);
	CHECK(fdt_reg(t, &n, 1, &a, &s) == -ERANGE);
	CHECK(fdt_reg(t, &n, 2, &a, &s) == -ENOENT);
	CHECK(!fdt_reg_named(t, &n, "a", &a, &s) && a == 0x10001010);
	CHECK(fdt_reg_named(t, &n, "c", &a, &s) == -ENOENT);
	CHECK(fdt_prop_u32(t, &n, "reg-shift", &v) && v == 2);
	CHECK(!fdt_irq(t, &n, 0, &irq) && irq.ncells == 2 &&
	      irq.cell[0] == 10 && irq.cell[1] == 4);
	CHECK(fdt_irq(t, &n, 1, &irq) == -ENOENT);

	CHECK(fdt_find_path(t, "/soc/plic", &plic));
	CHECK(fdt_is_compatible(t, &plic, "riscv,plic0"));
	CHECK(!fdt_is_compatible(t, &plic, "riscv,plic"));
	CHECK(!fdt_irq(t, &plic, 0, &irq) && irq.cell[0] == 11);
	CHECK(!fdt_irq(t, &plic, 1, &irq) && irq.cell[0] == 0xffffffff);
	CHECK(!fdt_irq(t, &plic, 2, &irq) && irq.cell[0] == 9);
	CHECK(fdt_irq(t, &plic, 3, &irq) == -ENOENT);

	CHECK(fdt_find_path(t, "/soc/high", &n));
	CHECK(!fdt_reg(t, &n, 0, &a, &s) && a == 0x200001000);
	CHECK(!fdt_irq(t, &n, 0, &irq) && irq.cell[0] == 3 &&
	      irq.parent == fdt_phandle(t, &plic));
	CHECK(fdt_find_phandle(t, irq.parent, &n) && fdt_same_node(&n, &plic));
	CHECK(fdt_find_path(t, "/soc/aplic/child", &n));
	CHECK(!fdt_irq(t, &n, 1, &irq) && irq.cell[0] == 9);
	CHECK(fdt_find_path(t, "/soc/wraps", &n) &&
	      fdt_reg(t, &n, 0, &a, &s) == -ERANGE);
	CHECK(fdt_find_path(t, "/soc/noranges/dev", &n));
	CHECK(fdt_reg(t, &n, 0, &a, &s) == -ERANGE);
	CHECK(!fdt_reg_raw(t, &n, 0, &a, &s) && a == 4 && s == 0);
	CHECK(fdt_find_path(t, "/soc/pci/dev", &n));
	CHECK(fdt_reg(t, &n, 0, &a, &s) == -EINVAL);

	CHECK(fdt_root(t, &n) && fdt_next_compatible(t, &n, "a,b") &&
	      fdt_same_node(&n, &plic));
	CHECK(fdt_prop(t, &n, "compatible", &p) && !fdt_string(&p, 2));
	CHECK_STR(fdt_string(&p, 1), "riscv,plic0");
}

static void test_own_pci(const struct fdt *t)
{
	struct fdt_pci_window w;
	struct fdt_node n, plic;
	struct fdt_irq irq;

	CHECK(fdt_find_path(t, "/soc/host", &n));
	CHECK(!fdt_pci_window(t, &n, 0, &w) && w.base == 0x10000100 &&
	      w.pci == 0 && w.size == 0x100);
	CHECK(FDT_PCI_KIND(w.space) == FDT_PCI_IO);
	CHECK(!fdt_pci_window(t, &n, 1, &w) && w.base == 0x200400000 &&
	      w.pci == 0x500000010 && w.size == 0x100000);
	CHECK(FDT_PCI_KIND(w.space) == FDT_PCI_MEMORY32);
	CHECK(fdt_pci_window(t, &n, 2, &w) == -ERANGE);
	CHECK(fdt_pci_window(t, &n, 3, &w) == -ERANGE);
	CHECK(fdt_pci_window(t, &n, 4, &w) == -ENOENT);
	CHECK(fdt_find_path(t, "/soc/plic", &plic));
	CHECK(!fdt_pci_irq(t, &n, 0x2000, 1, &irq) && irq.ncells == 1 &&
	      irq.cell[0] == 40 && irq.parent == fdt_phandle(t, &plic));
	CHECK(!fdt_pci_irq(t, &n, 0, 2, &irq) && irq.ncells == 2 &&
	      irq.cell[0] == 41 && irq.cell[1] == 4);
	CHECK(!fdt_pci_irq(t, &n, 0x800, 1, &irq) && irq.cell[0] == 42);
	CHECK(fdt_pci_irq(t, &n, 0x800, 2, &irq) == -ENOENT);
	CHECK(fdt_pci_irq(t, &plic, 0, 1, &irq) == -ENOENT);
	CHECK(fdt_pci_window(t, &plic, 0, &w) == -ENOENT);
}

static void test_own_rest(const struct fdt *t)
{
	struct fdt_prop seed;
	bool fifteen = false;
	struct fdt_node n;
	uint64_t a, s;
	bool more;

	CHECK_STR(fdt_bootargs(t), "root=/dev/vda quiet");
	CHECK(fdt_initrd(t, &a, &s) && a == 0x88000000 && s == 0x88100000);
	CHECK(fdt_rng_seed(t, &seed) && seed.len == 5 && seed.data[4] == 5);
	CHECK(!fdt_find_path(t, "bad", &n));
	CHECK(!fdt_find_path(t, "serial0/none", &n));
	CHECK(!fdt_find_path(t, "/soc/seri", &n));
	/* Too deep is left out, what follows is not. */
	for (more = fdt_root(t, &n); more; more = fdt_next(t, &n)) {
		CHECK(n.depth < FDT_DEPTH_MAX);
		CHECK(!fdt_has_prop(t, &n, "deep"));
		fifteen |= fdt_has_prop(t, &n, "fifteen");
	}
	CHECK(fifteen);
	CHECK(fdt_find_path(t, "/behind", &n) && fdt_has_prop(t, &n, "here"));
}

/* Cut off anywhere, with the size in the header as it was and made to fit. */
static void test_truncated(const uint8_t *blob, size_t size, size_t step)
{
	for (size_t n = 0; n < size; n += step) {
		uint8_t *part = malloc(n ? n : 1);
		struct fdt t;

		memcpy(part, blob, n);
		CHECK(fdt_open(&t, part, n) == -EINVAL);
		if (n >= 8) {
			for (int i = 0; i < 4; i++)
				part[4 + i] = (uint8_t)(n >> (24 - 8 * i));
			fdt_exercise(part, n);
		}
		free(part);
	}
}

static uint64_t random_state = 88172645463325252ull;

static uint64_t random64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void test_damaged(const uint8_t *blob, size_t size, int rounds)
{
	static const uint32_t words[] = { 0,          1,          2,
					  3,          4,          9,
					  0x7fffffff, 0x80000000, 0xffffffff,
					  0xfffffff0, 0x10000,    40 };
	uint8_t *copy = malloc(size);

	while (rounds--) {
		unsigned int n = 1 + random64() % 4;

		memcpy(copy, blob, size);
		while (n--) {
			size_t at = random64() % size;
			uint32_t w = words[random64() % ARRAY_SIZE(words)];

			/* The header a third of the time. */
			if (random64() % 3 == 0)
				at = random64() % 40;
			if (random64() % 2) {
				copy[at] ^= (uint8_t)(1u << random64() % 8);
				continue;
			}
			at &= ~(size_t)3;
			for (int i = 0; i < 4 && at + 4 <= size; i++)
				copy[at + i] = (uint8_t)(w >> (24 - 8 * i));
		}
		fdt_exercise(copy, size);
	}
	free(copy);
}

static void test_own(void)
{
	char src[300], dtb[300];
	uint8_t *blob;
	struct fdt t;
	size_t size;
	FILE *f;

	snprintf(src, sizeof(src), "%s/own.dts", dir);
	snprintf(dtb, sizeof(dtb), "%s/own.dtb", dir);
	f = fopen(src, "w");
	fputs(own_tree, f);
	fclose(f);
	if (!shell("dtc -q -f -I dts -O dtb -o %s %s", dtb, src)) {
		printf("FAIL dtc does not run\n");
		failures++;
		return;
	}
	blob = load(dtb, &size);
	CHECK(!fdt_open(&t, blob, size));
	test_own_memory(&t);
	test_own_cpus(&t);
	test_own_devices(&t);
	test_own_pci(&t);
	test_own_rest(&t);
	test_truncated(blob, size, 1);
	test_damaged(blob, size, 12000);
	free(blob);
	/* An older version of the format, without a size of the structure. */
	CHECK(shell("dtc -q -f -V 16 -I dts -O dtb -o %s %s", dtb, src));
	blob = load(dtb, &size);
	CHECK(!fdt_open(&t, blob, size));
	test_own_devices(&t);
	test_own_pci(&t);
	test_damaged(blob, size, 2000);
	free(blob);
}

struct machine {
	const char *args; /* QEMU's */
	const char *dump; /* ... machine with options */
	unsigned int harts, usable;
	uint64_t memory, timebase;
	const char *uart;
	uint32_t uart_irq;
};

static const struct machine machines[] = {
	{ "-smp 1 -m 128M", "virt", 1, 1, 128ull << 20, 10000000, "ns16550a",
	  10 },
	{ "-smp 8 -m 3G", "virt,aclint=on", 8, 8, 3ull << 30, 10000000,
	  "ns16550a", 10 },
	{ "-smp 4 -m 256M", "virt,aia=aplic", 4, 4, 256ull << 20, 10000000,
	  "ns16550a", 10 },
	{ "-smp 2 -m 8G", "virt,aia=aplic-imsic", 2, 2, 8ull << 30, 10000000,
	  "ns16550a", 10 },
	{ "-smp 4 -m 2G -numa node,mem=1G -numa node,mem=1G", "virt", 4, 4,
	  2ull << 30, 10000000, "ns16550a", 10 },
	{ "-smp 5 -m 1G", "sifive_u", 5, 4, 1ull << 30, 1000000, "sifive,uart0",
	  4 },
	{ "-smp 2 -m 512M", "spike", 2, 2, 512ull << 20, 10000000, NULL, 0 },
};

static void check_machine(const struct fdt *t, const struct machine *m)
{
	unsigned int harts = 0, usable = 0, contexts = 0, i;
	uint64_t a, s, memory = 0;
	struct fdt_node n;
	struct fdt_irq irq;
	struct fdt_cpu c;

	for (i = 0; fdt_memory(t, i, &a, &s); i++) {
		CHECK(a >= 0x80000000);
		memory += s;
	}
	CHECK(memory == m->memory);
	for (; fdt_cpu(t, harts, &c); harts++) {
		CHECK(c.intc_phandle);
		if (c.enabled && c.mmu_type)
			usable++;
	}
	CHECK(harts == m->harts && usable == m->usable);
	CHECK(fdt_timebase(t) == m->timebase);
	if (!m->uart)
		return;
	CHECK(fdt_stdout(t, &n, NULL) && fdt_is_compatible(t, &n, m->uart));
	CHECK(!fdt_reg(t, &n, 0, &a, &s) && a >> 20 == 0x100);
	CHECK(!fdt_irq(t, &n, 0, &irq) && irq.cell[0] == m->uart_irq);
	CHECK(fdt_root(t, &n));
	for (i = 0; fdt_next_compatible(t, &n, "virtio,mmio"); i++)
		CHECK(!fdt_reg(t, &n, 0, &a, &s) && a >= 0x10001000 &&
		      a <= 0x10008000);
	CHECK(i == (m->uart_irq == 10 ? 8 : 0));
	/*
	 * Two contexts a hart (one on the first hart of sifive_u), on one
	 * controller or one for each NUMA node.
	 */
	CHECK(fdt_root(t, &n));
	while (fdt_next_compatible(t, &n, "sifive,plic-1.0.0")) {
		for (i = 0; !fdt_irq(t, &n, i, &irq); i++)
			CHECK(irq.cell[0] == 9 || irq.cell[0] == 11);
		contexts += i;
	}
	CHECK(contexts == harts + usable || strstr(m->dump, "aia"));
}

static void test_qemu(void)
{
	char file[300];
	uint8_t *blob;
	struct fdt t;
	size_t size;

	for (unsigned int i = 0; i < ARRAY_SIZE(machines); i++) {
		const struct machine *m = &machines[i];
		int before = failures;

		snprintf(file, sizeof(file), "%s/m%u.dtb", dir, i);
		if (!shell("qemu-system-riscv64 -display none -M "
			   "%s,dumpdtb=%s %s >/dev/null 2>&1 </dev/null",
			   m->dump, file, m->args)) {
			printf("FAIL qemu dumps no tree of %s %s\n", m->dump,
			       m->args);
			failures++;
			continue;
		}
		blob = load(file, &size);
		CHECK(!fdt_open(&t, blob, size));
		compare_with_fdtget(&t, file);
		check_machine(&t, m);
		test_truncated(blob, size, 97);
		test_damaged(blob, size, 60);
		free(blob);
		if (failures != before)
			printf("FAIL ... on %s %s\n", m->dump, m->args);
	}
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	test_isa_strings();
	test_own();
	test_qemu();
	shell("rm -r %s", dir);
	printf("%s\n", failures ? "FAIL" : "device tree: all well");
	return failures != 0;
}
