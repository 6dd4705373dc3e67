/*
 * A plugin for QEMU's translator that tells which instructions access memory
 * misaligned. No QEMU traps such an access, as some harts do; so this watches
 * each load and store of a machine, and writes one line for each distinct
 * instruction (by its pc) that was seen with an address that is no multiple of
 * the access's size:
 *
 *	kernel load 8 pc 0xffffffff80001234 address 0xffffffd601234561
 *
 * The first word is whose it is: kernel, firmware or user. Vector accesses
 * come element by element where QEMU makes them so, and not at all where it
 * copies.
 *
 *	gcc -shared -fPIC -o aligned.so aligned.c
 *	qemu-system-riscv64 -plugin aligned.so,out=FILE
 *
 * What is used of QEMU's interface is declared here, as Debian has no header
 * for it. These functions are the same from version 1 (QEMU 4.2) on.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum { CB_NO_REGS, MEM_RW = 3 };

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
typedef uint32_t meminfo_t;

typedef void tb_fn(uint64_t id, struct qemu_plugin_tb *tb);
typedef void mem_fn(unsigned cpu, meminfo_t info, uint64_t address, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_fn *fn);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_fn *fn,
				      int flags, int rw, void *data);
unsigned qemu_plugin_mem_size_shift(meminfo_t info);
bool qemu_plugin_mem_is_store(meminfo_t info);

/* There since version 2, which is the oldest that newer QEMUs take. */
void *qemu_plugin_scoreboard_new(size_t size) __attribute__((weak));

/* QEMU reads it when this is loaded, and refuses one that it does not know. */
EXPORT int qemu_plugin_version = 1;

__attribute__((constructor)) static void choose_version(void)
{
	if (qemu_plugin_scoreboard_new)
		qemu_plugin_version = 2;
}

/* Where virt's firmware is, and where the kernel begins before paging. */
#define FIRMWARE     0x80000000ul
#define KERNEL_EARLY 0x80200000ul
#define KERNEL_END   0x80a00000ul
#define ROM_END      0x2000ul
#define UPPER_HALF   (1ul << 63)

/* Those that were told. When it is full, that is told. */
#define TOLD 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t told[TOLD];
static unsigned n_told;
static FILE *out;

static const char *whose(uint64_t pc)
{
	if (pc & UPPER_HALF || (pc >= KERNEL_EARLY && pc < KERNEL_END))
		return "kernel";
	return pc < ROM_END || (pc >= FIRMWARE && pc < KERNEL_EARLY)
		       ? "firmware"
		       : "user";
}

static bool is_new(uint64_t pc)
{
	for (unsigned i = 0; i < n_told; i++)
		if (told[i] == pc)
			return false;
	if (n_told == TOLD)
		return false;
	told[n_told++] = pc;
	return true;
}

static void access_made(unsigned cpu, meminfo_t info, uint64_t address,
			void *data)
{
	unsigned size = 1u << qemu_plugin_mem_size_shift(info);
	uint64_t pc = (uintptr_t)data;

	(void)cpu;
	if ((address & (size - 1)) == 0)
		return;
	pthread_mutex_lock(&lock);
	if (is_new(pc)) {
		fprintf(out,
			"%s %s %u pc 0x%" PRIx64 " address 0x%" PRIx64 "\n",
			whose(pc),
			qemu_plugin_mem_is_store(info) ? "store" : "load", size,
			pc, address);
		if (n_told == TOLD)
			fprintf(out, "too many\n");
		fflush(out);
	}
	pthread_mutex_unlock(&lock);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uintptr_t pc = qemu_plugin_insn_vaddr(insn);

		qemu_plugin_register_vcpu_mem_cb(insn, access_made, CB_NO_REGS,
						 MEM_RW, (void *)pc);
	}
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info,
			       int argc, char **argv)
{
	(void)info;
	if (argc == 1 && !strncmp(argv[0], "out=", 4))
		out = fopen(argv[0] + 4, "w");
	if (!out) {
		fprintf(stderr, "aligned: needs out=FILE that can be made\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
