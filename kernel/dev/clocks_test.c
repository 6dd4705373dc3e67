/*
 * What switches a device on, against a model of the JH7110's clock and reset
 * generator: clock n is the word at 4 n with its gate in bit 31, resets are
 * bits from 0x2f8 on (1: held), and what they let go shows from 0x308 on a
 * while later. All that is not asked for stays as it is.
 */
// host-test: -iquotetools/board -iquotekernel -DCONFIG_DEBUG=0
//	kernel/dev/fdt.c kernel/dev/fdt_machine.c kernel/strl.c

#include "kernel/dev/clocks.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)

#define CRG_BASE UINT64_C(0x13020000)
#define CRG_SIZE 0x10000u
#define CRG      ((volatile void *)0x7000000)
#define RESET_AT 0x2f8u
#define FREE_AT  0x308u
#define WORDS    (0x318 / 4)

/* The generator, and how many looks it takes until a reset is let go. */
static uint32_t word[WORDS], before[WORDS];
static unsigned slow, writes, looks, maps;
static bool stuck;
static uint64_t now;

struct fdt machine_tree;

uint64_t time_now(void)
{
	return now += 1000;
}

bool pa_is_ram(paddr_t pa)
{
	return pa >= 0x40000000;
}

volatile void *device_map(paddr_t pa, size_t size)
{
	CHECK(pa == CRG_BASE && size == CRG_SIZE);
	maps++;
	return CRG;
}

static unsigned index_of(const volatile void *p)
{
	uintptr_t off = (uintptr_t)p - (uintptr_t)CRG;

	if (off % 4 || off / 4 >= WORDS) {
		printf("FAIL access at %#lx: no register\n", (long)off);
		exit(1);
	}
	return (unsigned)off / 4;
}

uint32_t mmio_read32(const volatile void *p)
{
	unsigned i = index_of(p);

	if (i >= FREE_AT / 4 && !stuck && ++looks > slow)
		word[i] = ~word[i - (FREE_AT - RESET_AT) / 4];
	return word[i];
}

void mmio_write32(volatile void *p, uint32_t v)
{
	unsigned i = index_of(p);

	CHECK(i < FREE_AT / 4); /* the rest is only read */
	word[i] = v;
	looks = 0;
	writes++;
}

static const char tree[] =
	"/dts-v1/;\n"
	"/ { #address-cells = <2>; #size-cells = <2>;\n"
	" crg: clock@13020000 { compatible = \"starfive,jh7110-syscrg\";\n"
	"  reg = <0 0x13020000 0 0x10000>; #clock-cells = <1>; };\n"
	" other: clock@17000000 { compatible = \"starfive,jh7110-aoncrg\";\n"
	"  reg = <0 0x17000000 0 0x10000>; #clock-cells = <1>; };\n"
	" card { clocks = <&crg 92>, <&crg 94>; resets = <&crg 65>; };\n"
	" serial { clocks = <&crg 146>, <&crg 145>;\n"
	"  resets = <&crg 83>, <&crg 84>; };\n"
	" last { clocks = <&crg 189>; resets = <&crg 125>; };\n"
	" absurd { clocks = <&crg 190>, <&crg 0xffffffff>, <&crg 0x40000001>;\n"
	"  resets = <&crg 126>, <&crg 127>, <&crg 0xffffffff>; };\n"
	" strange { clocks = <&other 92>, <&crg 94>; resets = <0x999 65>; };\n"
	" short { clocks = <&crg>; resets = [01 02 03]; };\n"
	" many { clocks = <&crg 1>, <&crg 2>, <&crg 3>, <&crg 4>, <&crg 5>,\n"
	"  <&crg 6>, <&crg 7>, <&crg 8>, <&crg 9>, <&crg 10>; };\n"
	" none { };\n"
	"};\n";

static bool tree_load(void)
{
	static uint8_t blob[64 << 10];
	char dir[] = "/tmp/clocks_test.XXXXXX", path[64], cmd[200];
	size_t n = 0;
	FILE *f;

	if (!mkdtemp(dir))
		return false;
	snprintf(path, sizeof(path), "%s/dtb", dir);
	snprintf(cmd, sizeof(cmd), "dtc -q -f -I dts -O dtb -o %s", path);
	f = popen(cmd, "w");
	if (f) {
		fputs(tree, f);
		pclose(f);
	}
	f = fopen(path, "rb");
	if (f) {
		n = fread(blob, 1, sizeof(blob), f);
		fclose(f);
	}
	unlink(path);
	rmdir(dir);
	return n && !fdt_open(&machine_tree, blob, n);
}

/* Switches a node on, in a generator where all is off and held; how many
 * words that changed? */
static unsigned switch_on(const char *path)
{
	struct device dev = { 0 };
	unsigned changed = 0;
	uint64_t began;

	for (unsigned i = 0; i < WORDS; i++)
		word[i] = i * 0x01010101u & ~GATE;
	for (unsigned i = RESET_AT / 4; i < FREE_AT / 4; i++) {
		word[i] = ~0u;
		word[i + 4] = 0;
	}
	memcpy(before, word, sizeof(word));
	writes = 0;
	CHECK(fdt_find_path(&machine_tree, path, &dev.node));
	began = now;
	device_switch_on(&dev);
	CHECK(now - began < 100 * NSEC_PER_MSEC);
	for (unsigned i = 0; i < FREE_AT / 4; i++)
		changed += word[i] != before[i];
	return changed;
}

static bool is_on(unsigned id)
{
	return word[id] == (before[id] | GATE);
}

static bool is_free(unsigned id)
{
	return !(word[RESET_AT / 4 + id / 32] >> id % 32 & 1);
}

int main(void)
{
	if (!tree_load()) {
		printf("FAIL no tree\n");
		return 1;
	}
	CHECK(switch_on("/card") == 3);
	CHECK(is_on(92) && is_on(94) && is_free(65));
	CHECK(word[RESET_AT / 4 + 2] == ~(1u << 1));
	/* Once more: it is on, and nothing is written. */
	{
		struct device dev = { 0 };

		CHECK(fdt_find_path(&machine_tree, "/card", &dev.node));
		writes = 0;
		device_switch_on(&dev);
		CHECK(!writes);
	}
	CHECK(switch_on("/serial") == 3);
	CHECK(is_on(145) && is_on(146) && is_free(83) && is_free(84));
	slow = 100;
	CHECK(switch_on("/last") == 2);
	CHECK(is_on(189) && is_free(125));
	CHECK(word[FREE_AT / 4 + 3] >> 29 & 1); /* it was waited for */
	slow = 0;
	/* One that is never let go does not hold anything up. */
	stuck = true;
	CHECK(switch_on("/card") == 3);
	stuck = false;
	CHECK(switch_on("/absurd") == 0 && !writes);
	CHECK(switch_on("/strange") == 0 && !writes);
	CHECK(switch_on("/short") == 0 && !writes);
	CHECK(switch_on("/many") == INPUTS_MAX && is_on(8) && !is_on(9));
	CHECK(switch_on("/none") == 0 && !writes);
	CHECK(maps == 1);
	printf("%s clocks\n", failures ? "FAIL" : "ok");
	return failures ? 1 : 0;
}
