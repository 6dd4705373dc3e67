/*
 * The machine's harts and arguments. A hart is used when the tree does not
 * say that it is disabled and when it has an MMU: the small monitor harts of
 * some chips accept a start request from the firmware and never arrive.
 */
#include "kernel/cpu.h"

#include "kernel/bits.h"
#include "kernel/mm/pagetable.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/smp.h"
#include "kernel/string.h"

struct fdt machine_tree;
struct cpu_features cpu_has;
uint64_t cpu_hwcap;
uint64_t cpu_timebase;
uint32_t cpu_cbom_size;
char cpu_isa[128];

static const char isa_letters[] = "imafdcbvh";

static void note_features(const struct fdt_cpu *cpu, bool first)
{
	static const struct {
		const char *name;
		bool *has;
	} table[] = {
		{ "sstc", &cpu_has.sstc },     { "zbc", &cpu_has.zbc },
		{ "svpbmt", &cpu_has.svpbmt }, { "svinval", &cpu_has.svinval },
		{ "zicbom", &cpu_has.zicbom }, { "zicboz", &cpu_has.zicboz },
		{ "v", &cpu_has.v },           { "f", &cpu_has.f },
		{ "d", &cpu_has.d },
	};
	uint64_t letters = 0;
	uint32_t cbom = 0;

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bool has = fdt_cpu_has(cpu, table[i].name);

		*table[i].has = has && (first || *table[i].has);
	}
	for (const char *c = isa_letters; *c; c++) {
		char name[2] = { *c, '\0' };

		if (*c != 'h' && *c != 'v' && fdt_cpu_has(cpu, name))
			letters |= 1ull << (*c - 'a');
	}
	cpu_hwcap = first ? letters : cpu_hwcap & letters;
	/* Steps that are too short are only slow. */
	fdt_prop_u32(&machine_tree, &cpu->node, "riscv,cbom-block-size", &cbom);
	cpu_cbom_size = first ? cbom : MIN(cpu_cbom_size, cbom);
}

static void copy_isa(const struct fdt_cpu *cpu)
{
	const char *s;

	if (cpu->isa) {
		strlcpy(cpu_isa, cpu->isa, sizeof(cpu_isa));
		return;
	}
	strlcpy(cpu_isa, cpu->isa_base ? cpu->isa_base : "rv64i",
		sizeof(cpu_isa));
	for (unsigned i = 0; (s = fdt_string(&cpu->isa_extensions, i)); i++) {
		if (s[0] == 'i' && !s[1])
			continue;
		if (s[1])
			strlcat(cpu_isa, "_", sizeof(cpu_isa));
		strlcat(cpu_isa, s, sizeof(cpu_isa));
	}
}

void cpu_init(uint64_t boot_hartid)
{
	const struct fdt *tree = &machine_tree;
	uint64_t ids[MAX_HARTS];
	uint32_t intc[MAX_HARTS] = { 0 };
	unsigned n = 1, left_out = 0, unusable = 0;
	struct fdt_cpu cpu;

	ids[0] = boot_hartid;
	for (unsigned i = 0; fdt_cpu(tree, i, &cpu); i++) {
		if (cpu.hartid == boot_hartid) {
			intc[0] = cpu.intc_phandle;
			copy_isa(&cpu);
			note_features(&cpu, true);
		}
	}
	for (unsigned i = 0; fdt_cpu(tree, i, &cpu); i++) {
		if (cpu.hartid == boot_hartid)
			continue;
		if (!cpu.enabled || !cpu.mmu_type) {
			unusable++;
			continue;
		}
		if (pt_levels > PT_LEVELS &&
		    !strcmp(cpu.mmu_type, "riscv,sv39")) {
			pr_warn("hart %lu has no Sv48 and is left alone\n",
				cpu.hartid);
			continue;
		}
		if (n == MAX_HARTS) {
			left_out++;
			continue;
		}
		intc[n] = cpu.intc_phandle;
		ids[n++] = cpu.hartid;
		note_features(&cpu, false);
	}
	if (left_out)
		pr_warn("%u harts more than %u are left alone\n", left_out,
			MAX_HARTS);
	/* The tree tells what the hart has; whether S-mode may use it is the
	 * firmware's to say (menvcfg.STCE), and some machines have the one
	 * without the other. */
	if (cpu_has.sstc && !csr_try_write(0x14d, UINT64_MAX)) {
		pr_warn("Sstc is in the tree and does not work\n");
		cpu_has.sstc = false;
	}
	cpu_timebase = fdt_timebase(tree);
	if (!cpu_timebase) {
		pr_warn("no timebase-frequency in the tree: taking 10 MHz\n");
		cpu_timebase = 10000000;
	}
	if (pte_memory_bits)
		pr_info("page entries have T-Head's attributes\n");
	if (cpu_has.svpbmt && (pte_memory_bits || !vm_pbmt_works())) {
		pr_warn("Svpbmt is in the tree and does not work\n");
		cpu_has.svpbmt = false;
	}
	if (cpu_has.svpbmt)
		pte_io_bits = PTE_PBMT_IO;
	smp_init(ids, n);
	for (unsigned i = 0; i < n; i++)
		harts[i].intc_phandle = intc[i];
	if (unusable)
		pr_info("%u harts are disabled or have no MMU\n", unusable);
}

bool bootarg(const char *name, char *buf, size_t size)
{
	const char *s = fdt_bootargs(&machine_tree);
	size_t len = strlen(name), n;

	while (*s) {
		const char *end;

		while (*s == ' ')
			s++;
		for (end = s; *end && *end != ' '; end++)
			;
		if (!strncmp(s, name, len) &&
		    (s + len == end || s[len] == '=')) {
			s += len + (s + len < end);
			n = (size_t)(end - s);
			if (n >= size)
				n = size - 1;
			memcpy(buf, s, n);
			buf[n] = '\0';
			return true;
		}
		s = end;
	}
	return false;
}
