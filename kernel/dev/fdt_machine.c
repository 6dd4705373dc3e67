/*
 * What every machine's tree says at the same places: memory and what is
 * reserved of it, /chosen, /cpus. Built on the reader in fdt.c, so nothing
 * here touches the blob itself but the memory reservation block.
 */
#include "kernel/bits.h"
#include "kernel/dev/fdt.h"
#include "kernel/string.h"

bool fdt_memory(const struct fdt *t, unsigned int i, uint64_t *base,
		uint64_t *size)
{
	struct fdt_node n;
	unsigned int entry;
	bool more;

	if (!fdt_root(t, &n))
		return false;
	for (more = fdt_first_child(t, &n, &n); more;
	     more = fdt_next_sibling(t, &n)) {
		if (!fdt_prop_is(t, &n, "device_type", "memory") ||
		    !fdt_is_enabled(t, &n))
			continue;
		for (entry = 0; !fdt_reg(t, &n, entry, base, size); entry++)
			if (!i--)
				return true;
	}
	return false;
}

bool fdt_memreserve(const struct fdt *t, unsigned int i, uint64_t *base,
		    uint64_t *size)
{
	uint64_t off = t->reserve;

	for (;; off += 16) {
		if (off > t->size || t->size - off < 16)
			return false;
		*base = get_be64(t->blob + off);
		*size = get_be64(t->blob + off + 8);
		if (!*base && !*size)
			return false;
		if (!i--)
			return true;
	}
}

bool fdt_reserved(const struct fdt *t, unsigned int i, struct fdt_reserved *out)
{
	struct fdt_node n;
	unsigned int entry;
	bool more;

	if (!fdt_find_path(t, "/reserved-memory", &n))
		return false;
	for (more = fdt_first_child(t, &n, &n); more;
	     more = fdt_next_sibling(t, &n)) {
		for (entry = 0; !fdt_reg(t, &n, entry, &out->base, &out->size);
		     entry++) {
			if (i--)
				continue;
			out->no_map = fdt_has_prop(t, &n, "no-map");
			out->reusable = fdt_has_prop(t, &n, "reusable");
			out->name = fdt_name(t, &n);
			return true;
		}
	}
	return false;
}

const char *fdt_bootargs(const struct fdt *t)
{
	struct fdt_node n;
	const char *s = NULL;

	if (fdt_find_path(t, "/chosen", &n))
		s = fdt_prop_string(t, &n, "bootargs");
	return s ? s : "";
}

bool fdt_stdout(const struct fdt *t, struct fdt_node *n, const char **options)
{
	const char *path, *colon;

	if (!fdt_find_path(t, "/chosen", n))
		return false;
	path = fdt_prop_string(t, n, "stdout-path");
	if (!path)
		path = fdt_prop_string(t, n, "linux,stdout-path");
	if (!path)
		return false;
	colon = strchr(path, ':');
	if (options)
		*options = colon ? colon + 1 : "";
	return fdt_find_path(t, path, n);
}

bool fdt_initrd(const struct fdt *t, uint64_t *start, uint64_t *end)
{
	struct fdt_node n;

	return fdt_find_path(t, "/chosen", &n) &&
	       fdt_prop_u64(t, &n, "linux,initrd-start", start) &&
	       fdt_prop_u64(t, &n, "linux,initrd-end", end) && *start < *end;
}

bool fdt_rng_seed(const struct fdt *t, struct fdt_prop *seed)
{
	struct fdt_node n;

	return fdt_find_path(t, "/chosen", &n) &&
	       fdt_prop(t, &n, "rng-seed", seed) && seed->len;
}

/* The phandle of the interrupt controller inside a cpu node. */
static uint32_t cpu_intc(const struct fdt *t, const struct fdt_node *cpu)
{
	struct fdt_node n;
	bool more;

	for (more = fdt_first_child(t, cpu, &n); more;
	     more = fdt_next_sibling(t, &n))
		if (fdt_has_prop(t, &n, "interrupt-controller"))
			return fdt_phandle(t, &n);
	return 0;
}

bool fdt_cpu(const struct fdt *t, unsigned int i, struct fdt_cpu *cpu)
{
	struct fdt_node *n = &cpu->node;
	uint64_t size;
	bool more;

	if (!fdt_find_path(t, "/cpus", n))
		return false;
	for (more = fdt_first_child(t, n, n); more;
	     more = fdt_next_sibling(t, n)) {
		if (!fdt_prop_is(t, n, "device_type", "cpu") ||
		    fdt_reg_raw(t, n, 0, &cpu->hartid, &size))
			continue;
		if (i--)
			continue;
		cpu->enabled = fdt_is_enabled(t, n);
		cpu->mmu_type = fdt_prop_string(t, n, "mmu-type");
		if (cpu->mmu_type && !strcmp(cpu->mmu_type, "riscv,none"))
			cpu->mmu_type = NULL;
		cpu->isa = fdt_prop_string(t, n, "riscv,isa");
		cpu->isa_base = fdt_prop_string(t, n, "riscv,isa-base");
		if (!fdt_prop(t, n, "riscv,isa-extensions",
			      &cpu->isa_extensions))
			cpu->isa_extensions.len = 0;
		cpu->intc_phandle = cpu_intc(t, n);
		return true;
	}
	return false;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Does `s` begin with the extension, a version behind it perhaps? */
static bool isa_part_is(const char *s, const char *extension)
{
	while (*extension && lower(*s) == *extension) {
		s++;
		extension++;
	}
	if (*extension)
		return false;
	if (is_digit(*s)) {
		while (is_digit(*s))
			s++;
		if (lower(*s) == 'p' && is_digit(s[1]))
			for (s++; is_digit(*s); s++)
				;
	}
	return !*s || *s == '_';
}

/* "rv64imafdch_zicsr_sstc": single letters, then names between underlines. */
static bool isa_string_has(const char *isa, const char *extension)
{
	bool single = !extension[1];

	if (lower(isa[0]) != 'r' || lower(isa[1]) != 'v')
		return false;
	for (isa += 2; is_digit(*isa); isa++)
		;
	/* The first name may follow the letters at once. */
	for (; *isa && *isa != '_'; isa++) {
		if (lower(*isa) == 'z' || lower(*isa) == 'x')
			break;
		if (single && lower(*isa) == extension[0])
			return true;
		/* A version: the 'p' in it is no letter of its own. */
		if (is_digit(*isa) && lower(isa[1]) == 'p' && is_digit(isa[2]))
			isa++;
		if (lower(*isa) == 'g' && single && strchr("imafd", *extension))
			return true;
	}
	while (*isa) {
		if (*isa == '_')
			isa++;
		if (isa_part_is(isa, extension))
			return true;
		while (*isa && *isa != '_')
			isa++;
	}
	return false;
}

bool fdt_cpu_has(const struct fdt_cpu *cpu, const char *extension)
{
	if (cpu->isa_extensions.len)
		return fdt_string_index(&cpu->isa_extensions, extension) >= 0;
	return cpu->isa && isa_string_has(cpu->isa, extension);
}

uint64_t fdt_timebase(const struct fdt *t)
{
	struct fdt_node n;
	uint64_t hz;
	bool more;

	if (!fdt_find_path(t, "/cpus", &n))
		return 0;
	if (fdt_prop_u64(t, &n, "timebase-frequency", &hz))
		return hz;
	for (more = fdt_first_child(t, &n, &n); more;
	     more = fdt_next_sibling(t, &n))
		if (fdt_prop_u64(t, &n, "timebase-frequency", &hz))
			return hz;
	return 0;
}
