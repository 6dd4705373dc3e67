/*
 * Panic and back-trace.
 *
 * Everything here expects the worst: locks may be held by the crashed code,
 * other harts may panic at the same moment, and printing may itself trap. The
 * first hart that arrives does the work. A second arrival is either another
 * hart, or the first one that trapped while it printed: it waits long enough
 * for the first to finish, then finishes instead.
 *
 * There are no frame pointers. A word on the stack is taken for a return
 * address when it lies in the text and the instruction before it is a call.
 */
#include "kernel/panic.h"

#include "kernel/bits.h"
#include "kernel/dev/power.h"
#include "kernel/ksyms.h"
#include "kernel/memlayout.h"
#include "kernel/printk.h"
#include "kernel/riscv.h"
#include "kernel/string.h"
#include "kernel/trapframe.h"
#include "sbi/srst.h"

#define TRACE_MAX 24

enum panic_action { PANIC_HALT, PANIC_REBOOT, PANIC_OFF };

static enum panic_action action;
static unsigned int reboot_delay; /* seconds */
static uint32_t arrivals;         /* atomic */
static uint64_t first_slot;       /* stack slot of the first arrival */

void (*panic_stop_others)(void);
void (*panic_describe)(void);

void panic_set_option(const char *value)
{
	unsigned int seconds = 0;

	action = PANIC_HALT;
	reboot_delay = 0;
	if (!strcmp(value, "reboot")) {
		action = PANIC_REBOOT;
	} else if (!strcmp(value, "off")) {
		action = PANIC_OFF;
	} else {
		for (; *value >= '0' && *value <= '9' && seconds < 100000;
		     value++)
			seconds = seconds * 10 + (unsigned int)(*value - '0');
		if (seconds && !*value) {
			action = PANIC_REBOOT;
			reboot_delay = seconds;
		}
	}
}

static bool in_text(uint64_t pc)
{
	return pc >= (uint64_t)__text_start && pc < (uint64_t)__text_end;
}

/* Is `addr` where a call would return to? (jal, jalr, c.jalr with rd = ra) */
static bool is_return_address(uint64_t addr)
{
	const uint16_t *p = (const uint16_t *)addr;
	uint32_t word;

	if (addr & 1 || !in_text(addr) || !in_text(addr - 4))
		return false;
	if ((p[-1] & 0xf07f) == 0x9002 && p[-1] & 0xf80)
		return true;
	word = p[-2] | (uint32_t)p[-1] << 16;
	if ((word & 0xfff) == 0x0ef)
		return true;
	return (word & 0x7fff) == 0x00e7;
}

static void print_address(uint64_t addr, const char *name)
{
	pr_emerg("  %016lx %s", addr, name);
}

/*
 * The call is the instruction before: behind the last call of a function that
 * does not return, the return address is in the next function already.
 */
static void print_return(uint64_t addr)
{
	char name[80], text[100];
	uint64_t offset;

	if (ksyms_lookup(addr - 1, name, sizeof(name), &offset))
		snprintf(text, sizeof(text), "%s+0x%lx", name, offset + 1);
	else
		strlcpy(text, "?", sizeof(text));
	print_address(addr, text);
}

/* Is the stack at `sp` in memory that may be read? */
static bool stack_readable(uint64_t sp)
{
	return !(sp & 7) &&
	       (va_is_image((void *)sp) || va_is_direct((void *)sp) ||
		sp - KSTACK_BASE < KSTACK_AREA);
}

void backtrace_print(uint64_t pc, uint64_t ra, uint64_t sp)
{
	uint64_t end = round_down(sp, KSTACK_SLOT) + KSTACK_SLOT;
	uint64_t last = 0;
	char name[80];
	int n = 0;

	pr_emerg("call trace:");
	if (pc)
		print_address(pc, ksyms_format(pc, name, sizeof(name)));
	if (is_return_address(ra)) {
		print_return(ra);
		last = ra;
	}
	if (!stack_readable(sp))
		return;
	/* Below the upper half lies the guard: the stack has overflowed. */
	if (!(sp & KSTACK_SIZE))
		sp = end - KSTACK_SIZE;
	for (; sp < end && n < TRACE_MAX; sp += 8) {
		uint64_t word = *(const uint64_t *)sp;

		/* A function that calls at once has just saved its ra. */
		if (word == last || !is_return_address(word))
			continue;
		print_return(word);
		last = word;
		n++;
	}
}

static void print_registers(const struct trapframe *tf)
{
	static const char names[32][4] = {
		"pc", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
		"s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
		"a6", "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
		"s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
	};
	int i;

	pr_emerg("scause %lx stval %lx sstatus %lx", tf->scause, tf->stval,
		 tf->sstatus);
	for (i = 0; i < 32; i += 4)
		pr_emerg("%3s %016lx %3s %016lx %3s %016lx %3s %016lx",
			 names[i], tf->x[i], names[i + 1], tf->x[i + 1],
			 names[i + 2], tf->x[i + 2], names[i + 3],
			 tf->x[i + 3]);
}

static void wait_seconds(unsigned int seconds)
{
	uint64_t start = printk_time_us(), i;

	/* Without a clock a count must do. */
	for (i = 0; i < 200000000ul * seconds; i++) {
		if (printk_time_us() - start >= 1000000ul * seconds)
			return;
		cpu_relax();
	}
}

static void __attribute__((noreturn)) halt(void)
{
	csr_write(sie, 0);
	for (;;)
		wfi();
}

static void __attribute__((noreturn)) finish(void)
{
	pr_emerg(PANIC_MARKER);
	if (action == PANIC_OFF) {
		sbi_shutdown(SBI_SRST_REASON_FAILURE);
		power_off_by_device();
		pr_emerg("the firmware cannot power off");
	} else if (action == PANIC_REBOOT) {
		if (reboot_delay)
			wait_seconds(reboot_delay);
		sbi_reboot(SBI_SRST_REASON_FAILURE);
		pr_emerg("the firmware cannot restart the machine");
	}
	halt();
}

void boot_stop(const char *fmt, ...)
{
	va_list ap;
	char text[PRINTK_LINE_MAX];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	csr_clear(sstatus, SSTATUS_SIE);
	if (panic_stop_others)
		panic_stop_others();
	pr_emerg("octopos stops: %s", text);
	if (action == PANIC_REBOOT) {
		wait_seconds(reboot_delay);
		sbi_reboot(SBI_SRST_REASON_FAILURE);
		power_restart_by_device();
	} else {
		sbi_shutdown(SBI_SRST_REASON_FAILURE);
		power_off_by_device();
	}
	pr_emerg("nothing here can switch the machine off");
	halt();
}

bool panic_in_progress(void)
{
	return READ_ONCE(arrivals) != 0;
}

void panic_park(void)
{
	uint64_t sp = (uint64_t)__builtin_frame_address(0);

	if (round_down(sp, KSTACK_SLOT) == first_slot)
		finish();
	halt();
}

static void __attribute__((noreturn))
panic_common(const struct trapframe *tf, uint64_t ra, uint64_t sp,
	     const char *fmt, va_list ap)
{
	uint32_t before;

	csr_clear(sstatus, SSTATUS_SIE);
	before = __atomic_fetch_add(&arrivals, 1, __ATOMIC_ACQ_REL);
	if (before) {
		if (before > 8 || round_down(sp, KSTACK_SLOT) != first_slot)
			wait_seconds(3);
		if (before <= 8)
			vprintk(PRINTK_EMERG, fmt, ap);
		finish();
	}
	first_slot = round_down(sp, KSTACK_SLOT);
	if (panic_stop_others)
		panic_stop_others();
	printk_begin_panic();
	{
		char text[PRINTK_LINE_MAX];

		vsnprintf(text, sizeof(text), fmt, ap);
		pr_emerg("PANIC: %s", text);
	}
	if (tf)
		print_registers(tf);
	/* A trap out of user mode has nothing of the kernel's in it. */
	if (tf && tf->sstatus & SSTATUS_SPP)
		backtrace_print(tf->sepc, tf->ra, tf->sp);
	else
		backtrace_print(0, ra, sp);
	if (panic_describe)
		panic_describe();
	finish();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_common(NULL, (uint64_t)__builtin_return_address(0),
		     (uint64_t)__builtin_frame_address(0), fmt, ap);
}

void panic_regs(const struct trapframe *tf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_common(tf, (uint64_t)__builtin_return_address(0),
		     (uint64_t)__builtin_frame_address(0), fmt, ap);
}
