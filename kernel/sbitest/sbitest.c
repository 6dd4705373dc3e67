/*
 * The run: which groups, on which hart, what becomes of a line, and the two
 * ways to start one.
 *
 * While a group runs, every other hart is in serve(), called by an IPI, where
 * it does what the group asks for and nothing else: no other hart sends,
 * fences or is started meanwhile, so what a check sees is of its own making.
 * That is why a group is short. Between two groups everybody goes on.
 */
#include "kernel/sbitest/sbitest.h"

#include "fs/procfs.h"
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/power.h"
#include "kernel/mm/slab.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/riscv.h"
#include "kernel/sbi_info.h"
#include "kernel/sbitest/trap.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "sbi/base.h"
#include "sbi/ipi.h"
#include "sbi/srst.h"

#define TEXT_SIZE  65536
#define LINE_MAX   256
#define NAME_MAX   96
#define DETAIL_MAX 80

/* A function that no extension has. */
#define NO_FUNCTION 0xbad

static const struct sbitest_group groups[] = {
	{ "BASE", SBI_EXT_BASE, sbitest_base, false },
	{ "TIME", SBI_EXT_TIME, sbitest_time, false },
	{ "IPI", SBI_EXT_IPI, sbitest_ipi, false },
	{ "RFENCE", SBI_EXT_RFENCE, sbitest_rfence, false },
	{ "HSM", SBI_EXT_HSM, sbitest_hsm, false },
	{ "SRST", SBI_EXT_SRST, sbitest_srst, false },
	{ "PMU", SBI_EXT_PMU, sbitest_pmu, false },
	{ "DBCN", SBI_EXT_DBCN, sbitest_dbcn, false },
	{ "CPPC", SBI_EXT_CPPC, sbitest_cppc, false },
	{ "NACL", SBI_EXT_NACL, sbitest_nacl, false },
	{ "STA", SBI_EXT_STA, sbitest_sta, false },
	{ "SSE", SBI_EXT_SSE, sbitest_sse, false },
	{ "FWFT", SBI_EXT_FWFT, sbitest_fwft, false },
	{ "DBTR", SBI_EXT_DBTR, sbitest_dbtr, false },
	{ "MPXY", SBI_EXT_MPXY, sbitest_mpxy, false },
	{ "legacy", SBI_EXT_LEGACY_SET_TIMER, sbitest_legacy, false },
	{ "SSE", SBI_EXT_SSE, sbitest_sse_alone, true },
	{ "FWFT", SBI_EXT_FWFT, sbitest_fwft_alone, true },
	{ "HSM", SBI_EXT_HSM, sbitest_hsm_alone, true },
	{ "SUSP", SBI_EXT_SUSP, sbitest_susp, true },
	{ "SRST", SBI_EXT_SRST, sbitest_srst_alone, true },
};

/* One for each hart, by index. Asked and done: how often. */
struct helper {
	void (*fn)(void *);
	void *arg;
	unsigned asked, done;
	uint32_t here;
};

static uint32_t running; /* atomic */
/* [text_lock] the last run's */
static char *last_text;
static size_t last_len;
static struct mutex text_lock;

_Static_assert(offsetof(struct sbitest_trap, count) == TRAP_COUNT, "trap.S");
_Static_assert(offsetof(struct sbitest_trap, cause) == TRAP_CAUSE, "trap.S");
_Static_assert(offsetof(struct sbitest_trap, epc) == TRAP_EPC, "trap.S");
_Static_assert(offsetof(struct sbitest_trap, tval) == TRAP_TVAL, "trap.S");
_Static_assert(offsetof(struct sbitest_trap, sip) == TRAP_SIP, "trap.S");
_Static_assert(offsetof(struct sbitest_trap, scratch) == TRAP_T1, "trap.S");

/* ---- lines ---- */

static void put_line(struct sbitest *t, const char *verdict, const char *name,
		     const char *more)
{
	char buf[LINE_MAX];
	size_t n;

	snprintf(buf, sizeof(buf), "%s\t%s\t%s%s%s", verdict, t->group->name,
		 name, more ? "\t" : "", more ? more : "");
	if (!t->text) {
		printk(PRINTK_NOTICE, "%s", buf);
		return;
	}
	n = strlen(buf);
	if (n + 1 > TEXT_SIZE - t->len) {
		t->lost = true;
		return;
	}
	memcpy(t->text + t->len, buf, n);
	t->text[t->len + n] = '\n';
	t->len += n + 1;
}

static bool verdict(struct sbitest *t, bool ok, const char *detail,
		    const char *fmt, va_list ap)
{
	const char *fault;
	char name[NAME_MAX];

	vsnprintf(name, sizeof(name), fmt, ap);
	fault = ok ? NULL : sbitest_known(t->group->name, name);
	if (ok) {
		t->passed++;
		put_line(t, "pass", name, NULL);
	} else if (fault) {
		t->known++;
		put_line(t, "known", name, fault);
	} else {
		t->failed++;
		put_line(t, "fail", name, detail);
	}
	return ok;
}

bool sbitest_check(struct sbitest *t, bool ok, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	verdict(t, ok, NULL, fmt, ap);
	va_end(ap);
	return ok;
}

bool sbitest_error(struct sbitest *t, long got, long wanted, const char *fmt,
		   ...)
{
	char detail[DETAIL_MAX];
	va_list ap;

	snprintf(detail, sizeof(detail), "got %s (%ld), wanted %s (%ld)",
		 sbi_error_name(got), got, sbi_error_name(wanted), wanted);
	va_start(ap, fmt);
	verdict(t, got == wanted, detail, fmt, ap);
	va_end(ap);
	return got == wanted;
}

bool sbitest_value(struct sbitest *t, uint64_t got, uint64_t wanted,
		   const char *fmt, ...)
{
	char detail[DETAIL_MAX];
	va_list ap;

	snprintf(detail, sizeof(detail), "got %#lx, wanted %#lx", got, wanted);
	va_start(ap, fmt);
	verdict(t, got == wanted, detail, fmt, ap);
	va_end(ap);
	return got == wanted;
}

void sbitest_skip(struct sbitest *t, const char *why, const char *fmt, ...)
{
	char name[NAME_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	t->skipped++;
	put_line(t, "skip", name, why);
}

/* ---- other harts ---- */

/*
 * By the IPI that smp_call_begin sends. Each order is an IPI, and none is
 * looked for without one: so no late IPI of an order is taken for one that is
 * tested.
 */
static void serve(void *arg)
{
	struct sbitest *t = arg;
	struct helper *h = &t->helper[this_hart()->index];
	uint64_t sie = csr_swap(sie, SIE_SSIE);
	unsigned asked;

	__atomic_store_n(&h->here, 1, __ATOMIC_RELEASE);
	for (;;) {
		if (!(csr_read(sip) & SIP_SSIP)) {
			wfi();
			continue;
		}
		csr_clear(sip, SIP_SSIP);
		asked = __atomic_load_n(&h->asked, __ATOMIC_SEQ_CST);
		if (asked != h->done) {
			h->fn(h->arg);
			csr_write(sie, SIE_SSIE);
			__atomic_store_n(&h->done, asked, __ATOMIC_RELEASE);
		} else if (__atomic_load_n(&t->leave, __ATOMIC_SEQ_CST)) {
			break;
		}
	}
	csr_write(sie, sie);
	time_rearm();
	/* Whatever the kernel was told meanwhile, it looks at now. */
	csr_set(sip, SIP_SSIP);
}

struct hart *sbitest_hart(const struct sbitest *t, unsigned i)
{
	uint64_t others = smp_others();

	while (i--)
		others &= others - 1;
	return &harts[ctz64(others)];
}

static void wake(struct hart *h)
{
	struct sbi_hartmask one = { 1, h->hartid };

	sbi_send_ipi(one);
}

void sbitest_on(struct sbitest *t, unsigned i, void (*fn)(void *), void *arg)
{
	struct hart *h = sbitest_hart(t, i);
	struct helper *helper = &t->helper[h->index];

	helper->fn = fn;
	helper->arg = arg;
	__atomic_fetch_add(&helper->asked, 1, __ATOMIC_SEQ_CST);
	wake(h);
}

bool sbitest_wait(struct sbitest *t, unsigned i)
{
	struct helper *h = &t->helper[sbitest_hart(t, i)->index];

	return SBITEST_UNTIL(__atomic_load_n(&h->done, __ATOMIC_ACQUIRE) ==
				     h->asked,
			     5 * SBITEST_PATIENCE);
}

unsigned long sbitest_no_hart(void)
{
	unsigned long max = 0;
	struct fdt_cpu cpu;

	for (unsigned i = 0; fdt_cpu(&machine_tree, i, &cpu); i++)
		max = MAX(max, cpu.hartid);
	return max + 1;
}

paddr_t sbitest_firmware(void)
{
	struct fdt_reserved r;

	for (unsigned i = 0; fdt_reserved(&machine_tree, i, &r); i++)
		if (!strncmp(r.name, "mmode_resv", 10))
			return r.base;
	return 0;
}

/* ---- traps ---- */

void sbitest_catch(struct sbitest_trap *trap)
{
	*trap = (struct sbitest_trap){ .stvec = csr_read(stvec) };
	csr_write(sscratch, trap);
	csr_write(stvec, (uint64_t)sbitest_vector);
}

void sbitest_release(struct sbitest_trap *trap)
{
	csr_clear(sstatus, SSTATUS_SIE);
	csr_write(stvec, trap->stvec);
	csr_write(sscratch, 0);
}

/* ---- groups ---- */

static void nothing(void *arg)
{
}

static bool all_here(const struct sbitest *t)
{
	for (uint64_t m = smp_others(); m; m &= m - 1)
		if (!__atomic_load_n(&t->helper[ctz64(m)].here,
				     __ATOMIC_ACQUIRE))
			return false;
	return true;
}

static void begin(struct sbitest *t)
{
	mutex_lock(&smp_lock);
	memset(t->helper, 0, nharts * sizeof(*t->helper));
	t->leave = false;
	smp_call_begin(serve, t);
	while (!all_here(t))
		smp_call_wait();
	t->others = popcount64(smp_others());
	/* What they had sent each other before that has arrived as well. */
	for (unsigned i = 0; i < t->others; i++)
		sbitest_call(t, i, nothing, NULL);
}

static void end(struct sbitest *t)
{
	__atomic_store_n(&t->leave, true, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < t->others; i++)
		wake(sbitest_hart(t, i));
	smp_call_end();
	mutex_unlock(&smp_lock);
}

/* An extension may have two groups. */
static bool is_first(const struct sbitest_group *g)
{
	for (const struct sbitest_group *i = groups; i < g; i++)
		if (i->eid == g->eid)
			return false;
	return true;
}

static void call_group(struct sbitest *t)
{
	const struct sbitest_group *g = t->group;
	uint64_t sie = csr_read(sie), stvec = csr_read(stvec);
	uint64_t sstatus = csr_read(sstatus);

	memset(t->memory, 0, SBITEST_PAGES * PAGE_SIZE);
	if (g->eid > SBI_EXT_LEGACY_SHUTDOWN && is_first(g))
		sbitest_error(t, sbi_ecall0(g->eid, NO_FUNCTION).error,
			      SBI_ERR_NOT_SUPPORTED,
			      "function %#x gives NOT_SUPPORTED", NO_FUNCTION);
	g->run(t);
	csr_write(sstatus, sstatus);
	csr_write(stvec, stvec);
	csr_write(sscratch, 0);
	csr_write(sie, sie);
	time_rearm();
	csr_set(sip, SIP_SSIP);
}

static void run_group(struct sbitest *t, const struct sbitest_group *g)
{
	t->group = g;
	if (!sbi_probe(g->eid)) {
		if (is_first(g))
			sbitest_skip(t,
				     sbi_base_probe(g->eid)
					     ? "the firmware has a draft of "
					       "it, or it is hidden"
					     : "the firmware does not have it",
				     "all");
		return;
	}
	if (g->alone && !t->alone) {
		sbitest_skip(t,
			     "only in the boot mode: \"sbitest\" on the "
			     "kernel's command line",
			     "what stops all other harts");
		return;
	}
	/* In the boot mode the others do not come back from the first group
	 * that stops them. */
	if (!g->alone) {
		begin(t);
		call_group(t);
		end(t);
		resched_point();
	} else {
		call_group(t);
	}
}

/* name: NULL for all. How many there were. */
static unsigned run_groups(struct sbitest *t, const char *name)
{
	unsigned n = 0;
	bool parked = false;

	for (int alone = 0; alone < 2; alone++) {
		for (unsigned i = 0; i < ARRAY_SIZE(groups); i++) {
			if (groups[i].alone != alone)
				continue;
			if (name && strcmp(groups[i].name, name) != 0)
				continue;
			if (alone && t->alone && !parked) {
				begin(t);
				parked = true;
			}
			run_group(t, &groups[i]);
			n++;
		}
	}
	return n;
}

static void destroy(struct sbitest *t)
{
	if (t->memory && !t->keep)
		page_free(va_to_page(t->memory), ctz64(SBITEST_PAGES));
	if (t->edge_pa)
		sbitest_edge_put();
	kfree(t->helper);
	kfree(t->text);
	kfree(t);
}

static struct sbitest *create(bool alone)
{
	struct sbitest *t = kzalloc(sizeof(*t), GFP_KERNEL);
	struct page *pg;

	if (!t)
		return NULL;
	t->alone = alone;
	t->helper = kzalloc(nharts * sizeof(*t->helper), GFP_KERNEL);
	pg = page_alloc(ctz64(SBITEST_PAGES), GFP_KERNEL, PAGE_KERNEL);
	if (pg) {
		t->memory = page_to_va(pg);
		t->memory_pa = page_to_pa(pg);
	}
	if (!alone)
		t->text = kmalloc(TEXT_SIZE, GFP_KERNEL);
	if (!t->helper || !t->memory || (!alone && !t->text)) {
		destroy(t);
		return NULL;
	}
	t->edge_pa = sbitest_edge_get();
	return t;
}

/* ---- /proc/sbi/test ---- */

/* They become what is shown. */
static void keep(char *text, size_t len)
{
	mutex_lock(&text_lock);
	kfree(last_text);
	last_text = text;
	last_len = len;
	mutex_unlock(&text_lock);
}

static int keep_lines(const struct sbitest *t)
{
	char *text = kmalloc(t->len, GFP_KERNEL);

	if (!text)
		return -ENOMEM;
	memcpy(text, t->text, t->len);
	keep(text, t->len);
	return 0;
}

static int run(const char *name)
{
	struct sbitest *t;
	int err = 0;

	if (__atomic_exchange_n(&running, 1u, __ATOMIC_ACQUIRE))
		return -EBUSY;
	t = create(false);
	if (!t)
		err = -ENOMEM;
	else if (!run_groups(t, name))
		err = -EINVAL;
	else if (t->lost)
		err = -ENOSPC;
	if (!err)
		err = keep_lines(t);
	if (t)
		destroy(t);
	__atomic_store_n(&running, 0u, __ATOMIC_RELEASE);
	return err;
}

static int write_test(char *text)
{
	if (!strcmp(text, "run"))
		return run(NULL);
	if (!strncmp(text, "run ", 4))
		return run(text + 4);
	if (strcmp(text, "off") != 0)
		return -EINVAL;
	keep(NULL, 0);
	return 0;
}

static int show_test(struct proc_text *t)
{
	mutex_lock(&text_lock);
	if (last_text)
		proc_append(t, last_text, last_len);
	mutex_unlock(&text_lock);
	return 0;
}

void sbitest_init(void)
{
	/* Taken by who reads or writes the file, whose inode is locked. */
	mutex_init(&text_lock, "sbi test", RANK_HANDLE);
	if (proc_register_file("sbi/test", 0644, show_test, write_test))
		panic("no memory for the first objects");
}

/* ---- the boot mode ---- */

void sbitest_boot(void)
{
	struct sbitest *t = create(true);

	if (!t)
		boot_stop("no memory for the tests of the firmware");
	run_groups(t, NULL);
	/* Also where the console is quiet. */
	printk(PRINTK_ERR,
	       "sbitest: %u passed, %u failed, %u skipped, %u known", t->passed,
	       t->failed, t->skipped, t->known);
	sbi_shutdown(SBI_SRST_REASON_NONE);
	power_off_by_device();
	boot_stop("the machine cannot be switched off");
}
