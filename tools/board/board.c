/*
 * make board-check DTB=file: what Octopos would do with a board.
 *
 *	board-check [-v] FILE...	a report on each tree (-v: with what the
 *					kernel would print)
 *	board-check --table		the `compatible` strings that are known
 *	board-check --damage SEED N FILE...	N times each tree with damage,
 *and registers of any content: nothing may happen; which case it was is told,
 *and with N = 1 all that is said is shown
 *
 * The kernel's own code probes: cpu.c and kernel/dev, built for this machine.
 * A line is a word for what it is about, then values; nothing that a driver
 * asks of hardware is known here, so "asked" means: decided on the board.
 *
 * The first five files are included for what is private to them.
 */
#include "kernel/dev/aplic.c"
#include "kernel/dev/driver.c"
#include "kernel/dev/plic.c"
#include "kernel/dev/serial.c"
#include "kernel/dev/uart16550.c"

#include "tools/board/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOB_MAX  (8u << 20) /* as the kernel's window */
#define LINES_MAX 64

bool board_verbose;

static void node_path(const struct fdt_node *n, char *out, size_t size)
{
	struct fdt_node up = *n;

	*out = '\0';
	for (unsigned d = 1; d <= n->depth; d++) {
		size_t used = strlen(out);

		up.depth = d;
		snprintf(out + used, size - used, "/%s",
			 fdt_name(&machine_tree, &up));
	}
}

static const char *node_compatible(const struct fdt_node *n)
{
	const char *s = fdt_prop_string(&machine_tree, n, "compatible");

	return s ? s : "-";
}

static void say_board(void)
{
	struct fdt_node root;
	const char *model = NULL;

	if (fdt_root(&machine_tree, &root))
		model = fdt_prop_string(&machine_tree, &root, "model");
	printf("board        %s\n", model ? model : "unnamed");
}

/* cpu_init takes the hart that the firmware chose: here the first of those
 * that can be chosen. */
static bool say_harts(void)
{
	struct fdt_cpu cpu;
	uint64_t first = 0;
	bool found = false;

	for (unsigned i = 0; i < LINES_MAX && !found; i++) {
		if (!fdt_cpu(&machine_tree, i, &cpu))
			break;
		found = cpu.enabled && cpu.mmu_type;
		first = cpu.hartid;
	}
	if (!found) {
		printf("harts        none with an MMU: this is no board for "
		       "Octopos\n");
		return false;
	}
	cpu_init(first);
	printf("harts       ");
	for (unsigned i = 0; i < nharts; i++)
		printf(" %llu", (unsigned long long)harts[i].hartid);
	printf("\nisa          %s\nclock        %llu\n", cpu_isa,
	       (unsigned long long)cpu_timebase);
	for (unsigned i = 0; i < LINES_MAX; i++) {
		if (!fdt_cpu(&machine_tree, i, &cpu))
			break;
		if (!cpu.enabled || !cpu.mmu_type)
			printf("without      hart %llu: %s\n",
			       (unsigned long long)cpu.hartid,
			       cpu.enabled ? "no MMU" : "disabled");
	}
	return true;
}

static void say_memory(void)
{
	struct fdt_reserved r;
	uint64_t base, size;
	unsigned n = 0;

	for (; n < LINES_MAX && fdt_memory(&machine_tree, n, &base, &size); n++)
		printf("memory       0x%llx 0x%llx\n", (unsigned long long)base,
		       (unsigned long long)size);
	if (!n)
		printf("memory       none: the firmware has to add it\n");
	for (unsigned i = 0; i < LINES_MAX; i++) {
		if (!fdt_reserved(&machine_tree, i, &r))
			break;
		printf("reserved     0x%llx 0x%llx %s%s\n",
		       (unsigned long long)r.base, (unsigned long long)r.size,
		       r.name, r.reusable ? " (reusable)" : "");
	}
}

static void say_controller(const struct device *dev, const char *kind,
			   unsigned sources, const int *place)
{
	char path[400];

	node_path(&dev->node, path, sizeof(path));
	printf("interrupts   %s %s 0x%llx %u", path, kind,
	       (unsigned long long)dev->regs[0].base, sources);
	for (unsigned i = 0; i < nharts; i++)
		printf(" %llu:%d", (unsigned long long)harts[i].hartid,
		       place[i]);
	printf("\n");
}

/* The chip of a controller's node; its list is irq.c's. */
static void say_interrupts(void)
{
	struct device *dev;
	unsigned n = 0;

	list_for_each_entry (dev, &devices, link) {
		if (dev->driver == &plic_driver && dev->priv) {
			struct plic *p = dev->priv;

			say_controller(dev, "plic", p->chip.n_sources,
				       p->context);
			n++;
		} else if (dev->driver == &aplic_driver && dev->priv) {
			struct aplic *a = dev->priv;

			say_controller(dev, a->msi ? "aplic+imsic" : "aplic",
				       a->chip.n_sources, a->place);
			n++;
		}
	}
	if (!n)
		printf("interrupts   none that is known: devices are polled\n");
}

/* The serial line that a device is, whatever its driver; or NULL. */
static const struct serial_port *serial_of(const struct device *dev)
{
	for (unsigned i = 0; i < SERIAL_MAX; i++)
		if (ports[i] && ports[i]->node == fdt_node_id(&dev->node))
			return ports[i];
	return NULL;
}

/* Bytes from one register to the next and of an access, where the tree says
 * so to the driver: the others have what their chip has. */
static void say_layout(const struct device *dev)
{
	const struct uart16550 *u = dev->priv;

	if (dev->driver == &uart16550_driver)
		printf(" %u %u", 1u << u->shift, u->width);
	else
		printf(" - -");
}

static void say_serial(void)
{
	const struct serial_port *port;
	struct device *dev;
	char path[400];

	list_for_each_entry (dev, &devices, link) {
		port = serial_of(dev);
		if (!port)
			continue;
		node_path(&dev->node, path, sizeof(path));
		printf("%s %s %s 0x%llx",
		       port == console ? "console     " : "serial      ", path,
		       port->kind, (unsigned long long)dev->regs[0].base);
		say_layout(dev);
		if (dev->n_irqs)
			printf(" %u\n", dev->irqs[0].cell[0]);
		else
			printf(" -\n");
	}
	if (console && console->node < 0)
		printf("console      the firmware's: no serial port that is "
		       "known\n");
}

static bool is_serial_or_controller(const struct device *dev)
{
	return serial_of(dev) || dev->driver == &plic_driver ||
	       dev->driver == &aplic_driver;
}

/* Some driver has this node. */
static bool device_taken(const struct fdt_node *n)
{
	struct device *dev;

	list_for_each_entry (dev, &devices, link)
		if (fdt_same_node(&dev->node, n))
			return true;
	return false;
}

/* Every enabled node with a `compatible`: taken, known, or not. */
static void say_devices(void)
{
	char path[400];
	struct fdt_node n;
	struct device *dev;

	list_for_each_entry (dev, &devices, link)
		if (!is_serial_or_controller(dev))
			printf("device       %s %s\n", dev->name,
			       dev->driver->name);
	if (!fdt_root(&machine_tree, &n))
		return;
	while (fdt_next(&machine_tree, &n)) {
		const struct driver *known = NULL;
		struct fdt_prop compatible;

		if (!fdt_prop(&machine_tree, &n, "compatible", &compatible) ||
		    !fdt_is_enabled(&machine_tree, &n) || device_taken(&n))
			continue;
		for (unsigned i = 0; i < ARRAY_SIZE(drivers) && !known; i++)
			if (driver_matches(drivers[i], &compatible))
				known = drivers[i];
		node_path(&n, path, sizeof(path));
		if (known)
			printf("asked        %s %s\n", path, known->name);
		else if (fdt_has_prop(&machine_tree, &n, "reg") &&
			 !fdt_prop_is(&machine_tree, &n, "device_type", "cpu"))
			printf("ignored      %s %s\n", path,
			       node_compatible(&n));
	}
}

/* Can a driver with this name do something here, asked or not? */
static bool driver_wanted(const char *word)
{
	struct fdt_node n;
	struct fdt_prop compatible;

	if (!fdt_root(&machine_tree, &n))
		return false;
	while (fdt_next(&machine_tree, &n))
		for (unsigned i = 0; i < ARRAY_SIZE(drivers); i++)
			if (strstr(drivers[i]->name, word) &&
			    fdt_prop(&machine_tree, &n, "compatible",
				     &compatible) &&
			    driver_matches(drivers[i], &compatible) &&
			    fdt_is_enabled(&machine_tree, &n))
				return true;
	return false;
}

static void say_lacks(void)
{
	/* Hosts for cards count by themselves when they are taken. */
	static const char *const disks[] = { "virtio", "pci", "mmc",
					     "sdhci",  "spi" };
	bool disk = board_disks;

	for (unsigned i = 0; i < ARRAY_SIZE(disks); i++)
		disk |= driver_wanted(disks[i]);
	if (!disk)
		printf("lacks        a disk: the root is the RAM root or an "
		       "initrd\n");
	if (!driver_wanted("rtc"))
		printf("lacks        a clock with the date\n");
	if (!driver_wanted("poweroff"))
		printf("lacks        a device to switch it off: the firmware's "
		       "SRST does, or nothing\n");
}

/* 0, or 1: it would not boot. */
static int report(const uint8_t *blob, size_t size)
{
	if (fdt_open(&machine_tree, blob, size)) {
		printf("tree         damaged\n");
		return 1;
	}
	say_board();
	if (!say_harts())
		return 1;
	say_memory();
	dev_probe_all();
	irq_init_hart();
	say_interrupts();
	say_serial();
	say_devices();
	say_lacks();
	return 0;
}

static uint8_t *load_file(const char *path, size_t *size)
{
	uint8_t *all = malloc(BLOB_MAX), *fit;
	FILE *f = fopen(path, "rb");

	*size = f && all ? fread(all, 1, BLOB_MAX, f) : 0;
	if (f)
		fclose(f);
	if (!*size) {
		fprintf(stderr, "board-check: %s cannot be read\n", path);
		exit(2);
	}
	/* As large as it is: what is read behind it is seen. */
	fit = malloc(*size);
	memcpy(fit, all, *size);
	free(all);
	return fit;
}

/* The kernel's lists are global: each tree has a process of its own. */
static int in_child(int (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(60); /* a hang is a fault too */
		status = fn(arg);
		fflush(stdout);
		_exit(status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	if (WIFSIGNALED(status)) {
		fprintf(stderr, "ERROR: signal %d\n", WTERMSIG(status));
		return 3;
	}
	return WEXITSTATUS(status);
}

struct job {
	const char *path;
	uint64_t seed;
	bool quiet;
};

static int job_report(void *arg)
{
	const struct job *j = arg;
	size_t size;
	uint8_t *blob = load_file(j->path, &size);

	return report(blob, size);
}

static uint64_t any(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) +
		 UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* A few bytes changed, or words swapped for those that do harm. */
static void damage(uint8_t *blob, size_t size, uint64_t *state)
{
	static const uint32_t words[] = {
		0, 1, 2, 3, 4, 9, 16, 64, 0x7fffffff, 0x80000000, 0xffffffff,
	};
	unsigned n = any(state) % 2 ? 0 : (unsigned)(any(state) % 24);

	while (n-- && size > 64) {
		size_t at = 40 + any(state) % (size - 44);
		uint32_t v = words[any(state) % ARRAY_SIZE(words)];

		if (any(state) % 2) {
			blob[at] = (uint8_t)any(state);
			continue;
		}
		at &= ~(size_t)3;
		for (unsigned i = 0; i < 4; i++)
			blob[at + i] = (uint8_t)(v >> (24 - 8 * i));
	}
}

/* The low bytes of a device's address, or of its size. */
static void damage_reg(uint8_t *blob, size_t size, uint64_t *state)
{
	uint64_t n = any(state) % 100;
	struct fdt_node node;
	struct fdt_prop reg;
	struct fdt t;

	if (fdt_open(&t, blob, size) || !fdt_root(&t, &node))
		return;
	while (fdt_next(&t, &node))
		if (fdt_prop(&t, &node, "reg", &reg) && reg.len >= 8 && !n--) {
			size_t cell = any(state) % (reg.len / 4);

			blob[reg.data - blob + cell * 4 + 3] =
				(uint8_t)any(state);
		}
}

static int job_damage(void *arg)
{
	const struct job *j = arg;
	uint64_t state = j->seed;
	size_t size;
	uint8_t *blob = load_file(j->path, &size);

	if (j->quiet && !freopen("/dev/null", "w", stdout))
		return 2;
	board_verbose = true; /* messages are made too */
	damage_reg(blob, size, &state);
	damage(blob, size, &state);
	registers_seed(any(&state));
	board_no_memory = any(&state) % 4 ? 0 : 1 + any(&state) % 200;
	if (report(blob, size))
		return 0;
	/* Interrupts that nobody sent, from controllers of any content. */
	for (unsigned i = 0; i < 3; i++) {
		irq_external();
		dev_poll();
	}
	return 0;
}

static int table(void)
{
	printf("| `compatible` | driver |\n|---|---|\n");
	for (unsigned i = 0; i < ARRAY_SIZE(drivers); i++)
		for (const char *const *c = drivers[i]->compatible; *c; c++)
			printf("| `%s` | %s |\n", *c, drivers[i]->name);
	return 0;
}

static int damage_all(int argc, char **argv)
{
	uint64_t seed = strtoull(argv[0], NULL, 0);
	unsigned n = (unsigned)strtoul(argv[1], NULL, 0);

	for (int i = 2; i < argc; i++)
		for (unsigned k = 0; k < n; k++) {
			struct job j = { argv[i], seed + k, n > 1 };
			int status = in_child(job_damage, &j);

			if (!status)
				continue;
			printf("FAIL %s: --damage %llu 1: status %d\n", argv[i],
			       (unsigned long long)j.seed, status);
			return 1;
		}
	printf("%u trees\n", n * (unsigned)(argc - 2));
	return 0;
}

int main(int argc, char **argv)
{
	int worst = 0, i = 1;

	if (argc == 2 && !strcmp(argv[1], "--table"))
		return table();
	if (argc > 4 && !strcmp(argv[1], "--damage"))
		return damage_all(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "-v")) {
		board_verbose = true;
		i++;
	}
	if (i == argc) {
		fprintf(stderr, "usage: make board-check DTB=FILE\n");
		return 2;
	}
	for (; i < argc; i++) {
		struct job j = { argv[i], 0, false };
		int status;

		printf("tree         %s\n", argv[i]);
		status = in_child(job_report, &j);
		worst = MAX(worst, status);
	}
	return worst;
}
