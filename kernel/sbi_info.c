/*
 * The rows of /proc/sbi that only tell. Each reading asks the firmware anew:
 * an answer may change, and the question is what one wants to watch.
 */
#include "kernel/sbi_info.h"

#include "fs/procfs.h"
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/memlayout.h"
#include "kernel/mm/slab.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "sbi/base.h"
#include "sbi/calls.h"
#include "sbi/cppc.h"
#include "sbi/dbtr.h"
#include "sbi/fwft.h"
#include "sbi/mpxy.h"
#include "sbi/pmu.h"
#include "sbi/sse.h"

struct mutex sbi_files_lock;
static paddr_t fdt_place;

void sbi_on_each_hart(void (*fn)(void *), void *arg)
{
	smp_call_others(fn, arg);
	fn(arg);
}

static void show_range(struct proc_text *t, uint64_t base, uint64_t size)
{
	proc_printf(t, "reserved\t0x%lx-0x%lx\n", base, base + size - 1);
}

static int show_info(struct proc_text *t)
{
	uint32_t spec = sbi_base_spec_version();
	unsigned long id = sbi_base_impl_id();
	unsigned long version = sbi_base_impl_version();
	struct fdt_reserved r;
	uint64_t base, size;
	char text[24];

	proc_printf(t, "specification\t%u.%u\n", SBI_SPEC_MAJOR(spec),
		    SBI_SPEC_MINOR(spec));
	proc_printf(t, "implementation\t%s\nimplementation id\t%lu\n",
		    sbi_impl_name_now(), id);
	proc_printf(t, "version\t%s\nversion word\t0x%lx\n",
		    sbi_impl_version_text(id, version, text, sizeof(text)),
		    version);
	proc_printf(t, "mvendorid\t0x%lx\nmarchid\t0x%lx\nmimpid\t0x%lx\n",
		    sbi_base_mvendorid(), sbi_base_marchid(),
		    sbi_base_mimpid());
	proc_printf(t, "timer\t%s\nboot hart\t%lu\ndevice tree\t0x%lx\n",
		    time_uses_sstc() ? "Sstc" : "SBI", harts[0].hartid,
		    fdt_place);
	if (sbi_probe(SBI_EXT_DBTR))
		proc_printf(t, "triggers\t%lu\n", sbi_dbtr_num_triggers(0));
	for (unsigned i = 0; fdt_memreserve(&machine_tree, i, &base, &size);
	     i++)
		show_range(t, base, size);
	for (unsigned i = 0; fdt_reserved(&machine_tree, i, &r); i++)
		show_range(t, r.base, r.size);
	return 0;
}

static const char *use_of(uint32_t eid)
{
	static const struct {
		uint32_t eid;
		const char *use;
	} uses[] = {
		{ SBI_EXT_BASE, "to know all this" },
		{ SBI_EXT_IPI, "interrupts from hart to hart" },
		{ SBI_EXT_RFENCE, "TLB shoot-down, new code" },
		{ SBI_EXT_HSM, "harts start, stop, come back" },
		{ SBI_EXT_SRST, "power off, restart" },
		{ SBI_EXT_PMU, "perf" },
		{ SBI_EXT_DBCN, "console without a UART, panics" },
		{ SBI_EXT_SUSP, "suspend" },
		{ SBI_EXT_CPPC, "shown" },
		{ SBI_EXT_SSE, "shown" },
		{ SBI_EXT_FWFT, "shown" },
		{ SBI_EXT_DBTR, "shown" },
		{ SBI_EXT_MPXY, "shown" },
	};

	if (eid == SBI_EXT_TIME)
		return time_uses_sstc() ? "not needed: Sstc" : "timer";
	if (eid <= SBI_EXT_LEGACY_SHUTDOWN)
		return "where nothing newer is";
	for (unsigned i = 0; i < ARRAY_SIZE(uses); i++)
		if (uses[i].eid == eid)
			return uses[i].use;
	return "nothing";
}

static int show_extensions(struct proc_text *t)
{
	const struct sbi_extension *e;

	for (size_t i = 0; (e = sbi_extension_get(i)); i++) {
		unsigned long there = sbi_base_probe(e->eid);

		proc_printf(t, "0x%08x\t%s\t%u.%u\t%lu\t%s\n", e->eid, e->name,
			    SBI_SPEC_MAJOR(e->since), SBI_SPEC_MINOR(e->since),
			    there,
			    there && !sbi_probe(e->eid)
				    ? "nothing: a draft, or hidden"
				    : use_of(e->eid));
	}
	return 0;
}

static int show_functions(struct proc_text *t)
{
	const struct sbi_function *f;

	for (size_t i = 0; (f = sbi_function_get(i)); i++)
		proc_printf(t, "0x%08x\t%u\t%s\t%s\n", f->eid, f->fid, f->name,
			    f->args);
	return 0;
}

static int show_counters(struct proc_text *t)
{
	struct sbi_pmu_counter c;
	unsigned long n = sbi_pmu_num_counters();
	long err;

	for (unsigned long i = 0; i < n; i++) {
		err = sbi_pmu_counter_get_info(i, &c);
		if (err)
			proc_printf(t, "%lu\t%s\n", i, sbi_error_name(err));
		else if (c.firmware)
			proc_printf(t, "%lu\tfirmware\n", i);
		else
			proc_printf(t, "%lu\thardware\t%#x\t%u\n", i, c.csr,
				    c.width);
	}
	return 0;
}

struct feature {
	long err;
	unsigned long value;
};

/* Each hart has its own. */
static void ask_features(void *arg)
{
	struct feature *f = arg;

	f += (unsigned)this_hart()->index * SBI_FWFT_FEATURES;
	for (uint32_t i = 0; i < SBI_FWFT_FEATURES; i++)
		f[i].err = sbi_fwft_get(i, &f[i].value);
}

static int show_features(struct proc_text *t)
{
	struct feature *all, *f;

	if (!sbi_probe(SBI_EXT_FWFT))
		return 0;
	all = kmalloc(nharts * SBI_FWFT_FEATURES * sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	for (unsigned i = 0; i < nharts * SBI_FWFT_FEATURES; i++)
		all[i].err = 1; /* a hart that is away does not answer */
	sbi_on_each_hart(ask_features, all);
	f = all;
	for (unsigned i = 0; i < nharts; i++) {
		for (uint32_t id = 0; id < SBI_FWFT_FEATURES; id++, f++) {
			if (f->err > 0)
				continue;
			proc_printf(t, "%lu\t0x%x\t%s\t", harts[i].hartid, id,
				    sbi_fwft_feature_name(id));
			if (f->err)
				proc_printf(t, "%s\n", sbi_error_name(f->err));
			else
				proc_printf(t, "%lu\n", f->value);
		}
	}
	kfree(all);
	return 0;
}

static const uint32_t sse_events[] = {
	SBI_SSE_LOCAL_RAS_HIGH,  SBI_SSE_LOCAL_DOUBLE,
	SBI_SSE_GLOBAL_RAS_HIGH, SBI_SSE_LOCAL_PMU,
	SBI_SSE_LOCAL_RAS_LOW,   SBI_SSE_GLOBAL_RAS_LOW,
	SBI_SSE_LOCAL_SOFTWARE,  SBI_SSE_GLOBAL_SOFTWARE,
};
#define SSE_EVENTS ARRAY_SIZE(sse_events)

struct sse_answer {
	uint64_t status; /* written by the firmware */
	long err;
};

/* A local event is each hart's own. */
static void ask_sse(void *arg)
{
	struct sse_answer *a = arg;

	a += (unsigned)this_hart()->index * SSE_EVENTS;
	for (unsigned i = 0; i < SSE_EVENTS; i++)
		a[i].err = sbi_sse_read_attrs(sse_events[i], SBI_SSE_STATUS, 1,
					      va_to_pa(&a[i].status));
}

static void show_sse_event(struct proc_text *t, uint32_t event,
			   const char *hart, const struct sse_answer *a)
{
	static const char *const states[] = { "unused", "registered", "enabled",
					      "running" };

	proc_printf(t, "0x%08x\t%s\t%s\t%s\n", event, sbi_sse_event_name(event),
		    hart,
		    a->err ? sbi_error_name(a->err)
			   : states[SBI_SSE_STATE(a->status)]);
}

/* In one line what is the same on all harts because it is nobody's own. */
static bool sse_is_shared(const struct sse_answer *all, unsigned event)
{
	if (SBI_SSE_IS_GLOBAL(sse_events[event]))
		return true;
	for (unsigned i = 0; i < nharts; i++)
		if (all[i * SSE_EVENTS + event].err <= 0 &&
		    all[i * SSE_EVENTS + event].err != SBI_ERR_NOT_SUPPORTED)
			return false;
	return true;
}

static int show_sse(struct proc_text *t)
{
	unsigned here;
	struct sse_answer *all;
	char hart[24];

	if (!sbi_probe(SBI_EXT_SSE))
		return 0;
	all = kmalloc(nharts * SSE_EVENTS * sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	for (unsigned i = 0; i < nharts * SSE_EVENTS; i++)
		all[i].err = 1; /* a hart that is away does not answer */
	sbi_on_each_hart(ask_sse, all);
	here = (unsigned)this_hart()->index;
	for (unsigned e = 0; e < SSE_EVENTS; e++) {
		if (sse_is_shared(all, e)) {
			show_sse_event(t, sse_events[e], "all",
				       &all[here * SSE_EVENTS + e]);
			continue;
		}
		for (unsigned i = 0; i < nharts; i++) {
			snprintf(hart, sizeof(hart), "%lu", harts[i].hartid);
			if (all[i * SSE_EVENTS + e].err <= 0)
				show_sse_event(t, sse_events[e], hart,
					       &all[i * SSE_EVENTS + e]);
		}
	}
	kfree(all);
	return 0;
}

#define MPXY_PART 16   /* channels of one question */
#define MPXY_MOST 1024 /* that are shown */

static void show_channel(struct proc_text *t, const struct sbi_mpxy_channel *c)
{
	uint32_t version = c->attrs[SBI_MPXY_PROTOCOL_VERSION];
	const char *name = sbi_mpxy_protocol_name(c->attrs[SBI_MPXY_PROTOCOL]);
	char number[16], can[SBI_MPXY_CAP_TEXT];

	if (c->error) {
		proc_printf(t, "0x%x\t%s\n", c->id, sbi_error_name(c->error));
		return;
	}
	snprintf(number, sizeof(number), "0x%x", c->attrs[SBI_MPXY_PROTOCOL]);
	proc_printf(t, "0x%x\t%s\t%u.%u\t%u\t%u\t%u\t%s\n", c->id,
		    name ? name : number, version >> 16, version & 0xffff,
		    c->attrs[SBI_MPXY_MAX_LEN], c->attrs[SBI_MPXY_SEND_TIMEOUT],
		    c->attrs[SBI_MPXY_COMPLETION_TIMEOUT],
		    sbi_mpxy_capability_text(c->attrs[SBI_MPXY_CAPABILITY], can,
					     sizeof(can)));
}

/* Never freed: there is firmware that cannot be made to forget it. */
static void *mpxy_shmem; /* [sbi_files_lock] */

/*
 * A part of the list, on whichever hart this is: it does not sleep while the
 * memory is the firmware's.
 */
static long ask_mpxy(uint32_t first, struct sbi_mpxy_channel *out, uint32_t *n,
		     uint32_t *left)
{
	long err = sbi_mpxy_set_shmem(va_to_pa(mpxy_shmem), 0);

	*n = *left = 0;
	if (!err)
		err = sbi_mpxy_list(mpxy_shmem, first, MPXY_PART, out, n, left);
	sbi_mpxy_set_shmem(SBI_SHMEM_OFF, 0);
	return err;
}

static int show_channels(struct proc_text *t, struct sbi_mpxy_channel *part)
{
	unsigned long size = sbi_mpxy_get_shmem_size();
	uint32_t n, left, first = 0;
	long err;

	if (!mpxy_shmem) /* the size is one for all harts and times */
		mpxy_shmem = kzalloc(MAX(size, PAGE_SIZE), GFP_KERNEL);
	if (!mpxy_shmem)
		return -ENOMEM;
	do {
		err = ask_mpxy(first, part, &n, &left);
		for (uint32_t i = 0; i < n; i++)
			show_channel(t, &part[i]);
		first += n;
	} while (!err && n && left && first < MPXY_MOST);
	if (err)
		proc_printf(t, "%s\n", sbi_error_name(err));
	else if (left)
		proc_printf(t, "and %u more\n", left);
	return 0;
}

static int show_mpxy(struct proc_text *t)
{
	struct sbi_mpxy_channel *part;
	int err;

	if (!sbi_probe(SBI_EXT_MPXY))
		return 0;
	part = kmalloc(MPXY_PART * sizeof(*part), GFP_KERNEL);
	if (!part)
		return -ENOMEM;
	mutex_lock(&sbi_files_lock);
	err = show_channels(t, part);
	mutex_unlock(&sbi_files_lock);
	kfree(part);
	return err;
}

static int show_cppc(struct proc_text *t)
{
	unsigned width;
	uint64_t value;
	long err;

	for (uint32_t r = 0; r < SBI_CPPC_REGISTERS && sbi_probe(SBI_EXT_CPPC);
	     r++) {
		if (sbi_cppc_probe(r, &width) || !width)
			continue;
		err = sbi_cppc_read(r, &value);
		proc_printf(t, "0x%x\t%s\t", r, sbi_cppc_register_name(r));
		if (err)
			proc_printf(t, "%s\n", sbi_error_name(err));
		else
			proc_printf(t, "%lu\n", value);
	}
	return 0;
}

void sbi_info_init(paddr_t fdt)
{
	static const struct {
		const char *name;
		int (*show)(struct proc_text *t);
		int (*write)(char *text);
	} rows[] = {
		{ "sbi/info", show_info, NULL },
		{ "sbi/extensions", show_extensions, NULL },
		{ "sbi/functions", show_functions, NULL },
		{ "sbi/counters", show_counters, NULL },
		{ "sbi/features", show_features, NULL },
		{ "sbi/events", sbi_show_events, NULL },
		{ "sbi/sse", show_sse, NULL },
		{ "sbi/cppc", show_cppc, NULL },
		{ "sbi/mpxy", show_mpxy, NULL },
		{ "sbi/stat", sbi_show_stat, sbi_write_stat },
		{ "sbi/trace", sbi_show_trace, sbi_write_trace },
		{ "sbi/pmu", sbi_show_pmu, sbi_write_pmu },
	};

	fdt_place = fdt;
	/* Taken by who reads or writes a file, whose inode is locked. */
	mutex_init(&sbi_files_lock, "sbi files", RANK_HANDLE);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (proc_register_file(rows[i].name,
				       rows[i].write ? 0644 : 0444,
				       rows[i].show, rows[i].write))
			panic("no memory for the first objects");
}
