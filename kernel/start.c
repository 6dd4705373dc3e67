/*
 * Bring-up, from the first C function to init: a table of named steps in
 * order, each printed with the time since entry. What a step needs, the ones
 * above it have made. Whatever the machine lacks is told in a message, and the
 * best that can go on without it goes on.
 */
#include "kernel/start.h"

#include "boot/boot.h"
#include "fs/devfs.h"
#include "fs/initramfs.h"
#include "fs/namei.h"
#include "fs/procfs.h"
#include "fs/vfs.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/pty.h"
#include "kernel/dev/ramdisk.h"
#include "kernel/dev/random.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/sysrq.h"
#include "kernel/dev/tty.h"
#include "kernel/futex.h"
#include "kernel/hotplug.h"
#include "kernel/init.h"
#include "kernel/memlayout.h"
#include "kernel/mm/page.h"
#include "kernel/mm/pagetable.h"
#include "kernel/mm/shm.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/proc.h"
#include "kernel/proc_info.h"
#include "kernel/riscv.h"
#include "kernel/root.h"
#include "kernel/sbi_info.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "sbi/base.h"
#include "sbi/calls.h"
#include "sbi/sbi.h"

#define MAX_RANGES 64

const char kernel_release[] = "0.1.0";

static struct thread boot_thread;
static const void *window_fdt; /* the tree, in its first place */
static paddr_t fdt_pa;
static paddr_t initrd_start, initrd_end;
static struct mem_range ram[MAX_RANGES], reserved[MAX_RANGES],
	holes[MAX_RANGES];
static unsigned n_ram, n_reserved, n_holes;

static void add_range(struct mem_range *r, unsigned *n, paddr_t base,
		      paddr_t size)
{
	if (!size)
		return;
	if (*n == MAX_RANGES) {
		pr_warn("too many ranges of memory: %#lx is left out\n", base);
		return;
	}
	r[(*n)++] = (struct mem_range){ base, size };
}

/* Where the device tree lies, by the early page table that maps it. */
static paddr_t find_fdt(const void *fdt)
{
	vaddr_t va = (vaddr_t)fdt;
	pte_t *l2 = boot_page_table, *l1;

	l1 = image_pa_to_va(pte_pa(l2[va >> GIGAPAGE_SHIFT & 511]));
	return pte_pa(l1[va >> MEGAPAGE_SHIFT & 511]) +
	       (va & (MEGAPAGE_SIZE - 1));
}

static const char *machine_model(void)
{
	struct fdt_node root;
	const char *model = NULL;

	if (fdt_root(&machine_tree, &root))
		model = fdt_prop_string(&machine_tree, &root, "model");
	return model ? model : "unnamed machine";
}

static void step_tree(void)
{
	uint32_t size = fdt_blob_size(window_fdt);

	if (fdt_open(&machine_tree, window_fdt,
		     FDT_WINDOW_BASE + FDT_WINDOW_SIZE - (vaddr_t)window_fdt))
		boot_stop("the device tree at %#lx is damaged", fdt_pa);
	pr_info("device tree: %u bytes at %#lx, model %s\n", size, fdt_pa,
		machine_model());
}

/* "TIME,IPI": extensions that are to be done without. */
static void hide_extensions(const char *names)
{
	while (*names) {
		size_t n = 0, i = 0;
		const struct sbi_extension *e;

		while (names[n] && names[n] != ',')
			n++;
		while ((e = sbi_extension_get(i++)) &&
		       (strlen(e->name) != n || strncmp(e->name, names, n)))
			;
		if (e)
			sbi_hide(e->eid);
		else
			pr_warn("sbi.hide: no extension %.*s\n", (int)n,
				names);
		names += n + (names[n] == ',');
	}
}

static void step_arguments(void)
{
	char value[16], names[128];

	if (bootarg("sbi.hide", names, sizeof(names)))
		hide_extensions(names);

	if (*fdt_bootargs(&machine_tree))
		pr_info("boot arguments: %s\n", fdt_bootargs(&machine_tree));
	if (bootarg("quiet", value, sizeof(value)))
		printk_set_loglevel(4);
	if (bootarg("debug", value, sizeof(value)))
		printk_set_loglevel(8);
	if (bootarg("loglevel", value, sizeof(value)) && value[0] >= '0' &&
	    value[0] <= '9')
		printk_set_loglevel(value[0] - '0');
	if (bootarg("panic", value, sizeof(value)))
		panic_set_option(value);
}

static bool in_ram(paddr_t pa)
{
	for (unsigned i = 0; i < n_ram; i++)
		if (pa - ram[i].base < ram[i].size && pa >= ram[i].base)
			return true;
	return false;
}

/* The reserved range that pa lies in, or NULL. */
static const struct mem_range *reserved_at(paddr_t pa)
{
	for (unsigned i = 0; i < n_reserved; i++)
		if (pa - reserved[i].base < reserved[i].size)
			return &reserved[i];
	return NULL;
}

/* Does memory answer at pa, or behind what is reserved there? */
static bool ram_answers(const struct mem_range *bank, paddr_t pa)
{
	const struct mem_range *r;

	while ((r = reserved_at(pa)) && r->base + r->size > pa)
		pa = round_up(r->base + r->size, PAGE_SIZE);
	return pa - bank->base < bank->size && pagetable_boot_probe(pa);
}

/*
 * A tree may promise more memory than there is: that of a board which is sold
 * with more or less of it, when the firmware has not put it right. One look at
 * a bank's last page tells; what does not answer is cut off.
 */
static void cut_absent(struct mem_range *bank)
{
	paddr_t end = bank->base + bank->size, low = bank->base, high, last;
	const struct mem_range *r;

	/* What no mode reaches is not looked at. */
	if (end < low || end > DIRECT_SV48_SIZE)
		end = DIRECT_SV48_SIZE;
	if (low >= end || end - low < 2 * PAGE_SIZE)
		return;
	high = end;
	last = round_down(end, PAGE_SIZE) - PAGE_SIZE;
	while ((r = reserved_at(last))) {
		if (r->base <= bank->base + PAGE_SIZE)
			return; /* nothing of it is free */
		last = round_down(r->base, PAGE_SIZE) - PAGE_SIZE;
	}
	if (pagetable_boot_probe(last))
		return;
	if (!ram_answers(bank, round_up(low, PAGE_SIZE)))
		high = low;
	while (high - low > MEGAPAGE_SIZE) {
		paddr_t mid = round_up(low + (high - low) / 2, MEGAPAGE_SIZE);

		if (mid >= high)
			break;
		if (ram_answers(bank, mid))
			low = mid;
		else
			high = mid;
	}
	bank->size = high - bank->base;
	pr_warn("memory: nothing answers from %#lx to %#lx\n", high, end);
}

static void step_memory(void)
{
	struct fdt_reserved r;
	uint64_t base, size, total = 0;

	for (unsigned i = 0; fdt_memory(&machine_tree, i, &base, &size); i++)
		add_range(ram, &n_ram, base, size);
	for (unsigned i = 0; fdt_memreserve(&machine_tree, i, &base, &size);
	     i++)
		add_range(reserved, &n_reserved, base, size);
	/* The firmware's own memory is protected even where the tree forgets
	 * to say no-map: none of it is mapped. */
	for (unsigned i = 0; fdt_reserved(&machine_tree, i, &r); i++) {
		if (r.reusable)
			continue;
		add_range(reserved, &n_reserved, r.base, r.size);
		add_range(holes, &n_holes, r.base, r.size);
	}
	add_range(reserved, &n_reserved, fdt_pa, fdt_blob_size(window_fdt));
	if (fdt_initrd(&machine_tree, &initrd_start, &initrd_end) &&
	    initrd_end > initrd_start)
		add_range(reserved, &n_reserved, initrd_start,
			  initrd_end - initrd_start);
	else
		initrd_start = initrd_end = 0;
	for (unsigned i = 0; i < n_ram; i++) {
		cut_absent(&ram[i]);
		total += ram[i].size;
	}
	if (!n_ram)
		boot_stop("the device tree names no memory");
	if (!in_ram(image_pa) || !in_ram(image_va_to_pa(__image_end) - 1))
		boot_stop("the memory that the device tree names has no room "
			  "for the kernel at %#lx", image_pa);
	page_init(ram, n_ram, reserved, n_reserved);
	slab_init();
	pr_info("memory: %lu MiB in %u bank%s, %u range%s reserved\n",
		total >> 20, n_ram, n_ram == 1 ? "" : "s", n_reserved,
		n_reserved == 1 ? "" : "s");
}

/* The tree moves out of the window, which goes away with the early tables. */
static void step_copy_tree(void)
{
	uint32_t size = fdt_blob_size(window_fdt);
	void *copy = kmalloc(size, GFP_KERNEL);

	if (!copy)
		boot_stop("no memory for the device tree");
	memcpy(copy, window_fdt, size);
	if (fdt_open(&machine_tree, copy, size))
		boot_stop("the device tree changed while it was copied");
	vm_init(ram, n_ram, holes, n_holes);
}

static void step_harts(void)
{
	cpu_init(boot_thread.hart->hartid);
	hart_init_misaligned();
	page_init_harts();
	printk_set_clock(cpu_timebase);
	printk_set_hart_index(smp_hart_index);
	panic_stop_others = smp_stop_others;
	pr_info("%u harts, %s, clock %lu kHz, timer by %s\n", nharts, cpu_isa,
		cpu_timebase / 1000, cpu_has.sstc ? "Sstc" : "the firmware");
}

static void step_time(void)
{
	time_init(cpu_timebase, cpu_has.sstc);
	time_init_hart();
	sched_init();
}

static void step_threads(void)
{
	thread_init();
	harts[0].idle = thread_create_idle(&harts[0]);
	futex_init();
}

static void step_random(void)
{
	struct fdt_prop seed;
	uint64_t now = rdtime();

	if (fdt_rng_seed(&machine_tree, &seed))
		random_add(seed.data, seed.len, true);
	random_add(&now, sizeof(now), false);
}

static void step_files(void)
{
	vfs_init();
	shm_init();
	signal_init();
	proc_init();
	proc_info_init();
	hotplug_init();
	sbi_info_init(fdt_pa);
	sbitest_init();
}

static void step_devices(void)
{
	dev_probe_all();
	tty_init();
	pty_init();
	sysrq_init();
	irq_init_hart();
}

struct step {
	const char *name;
	void (*fn)(void);
};

static const struct step steps[] = {
	{ "tree", step_tree },
	{ "arguments", step_arguments },
	{ "memory", step_memory },
	{ "copy of the tree", step_copy_tree },
	{ "harts", step_harts },
	{ "time", step_time },
	{ "threads", step_threads },
	{ "randomness", step_random },
	{ "files", step_files },
	{ "devices", step_devices },
	{ "other harts", smp_start_others },
};

static void unpack(const char *which, const void *data, size_t size)
{
	int err = size ? initramfs_unpack(data, size) : 0;

	if (err)
		pr_err("the %s RAM root is damaged: error %d\n", which, -err);
}

/* The rest may sleep, so it is a thread: root file system, then init. */
static void start_late(void *unused)
{
	static char path[128];
	char single[8];
	const void *initrd;
	size_t size = 0;
	bool named, archive;

	if (bootarg("sbitest", single, sizeof(single)))
		sbitest_boot();
	unpack("built-in", __initramfs_start,
	       (vaddr_t)__initramfs_end - (vaddr_t)__initramfs_start);
	initrd = ramdisk_data(&size);
	archive = initrd && !blk_find("ram0"); /* not a disk */
	if (archive)
		unpack("initrd's", initrd, size);
	vfs_errors_panic = bootarg("errors", path, sizeof(path)) &&
			   !strcmp(path, "panic");
	/* Who hands an archive over wants to see it, unless a disk is named. */
	root_mount(archive);
	named = bootarg("init", path, sizeof(path)) && path[0];
	if (init_start(named ? path : NULL,
		       bootarg("single", single, sizeof(single)) ? "single"
								 : NULL))
		boot_stop("no memory for the first process");
}

void start_boot(uint64_t hartid, const void *fdt, uint64_t image)
{
	boot_thread.kstack_top = (uint64_t)__boot_stack_top;
	boot_thread.tf =
		(struct trapframe *)((vaddr_t)__boot_stack_top - TF_SIZE);
	boot_thread.affinity = 1;
	boot_thread.state = THREAD_RUNNING;
	current_thread_register = &boot_thread;
	smp_init_boot_hart(hartid, &boot_thread);
	hart_init_csrs();
	window_fdt = fdt;
	fdt_pa = find_fdt(fdt);
	pr_notice("Octopos %s on hart %lu, image at %#lx, SBI %u.%u (%s)\n",
		  kernel_release, hartid, image, sbi_spec_major(),
		  sbi_spec_minor(), sbi_impl_name_now());

	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		pr_debug("start: %s\n", steps[i].name);
		steps[i].fn();
	}
	if (kthread_create("start", start_late, NULL, NULL))
		boot_stop("no memory for the first thread");
	sched_idle();
}
