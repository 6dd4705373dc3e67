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
#include "kernel/time.h"
#include "sbi/base.h"
#include "sbi/calls.h"
#include "sbi/cppc.h"
#include "sbi/dbtr.h"
#include "sbi/fwft.h"
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

static int show_sse(struct proc_text *t)
{
	static const uint32_t events[] = {
		SBI_SSE_LOCAL_RAS_HIGH,  SBI_SSE_LOCAL_DOUBLE,
		SBI_SSE_GLOBAL_RAS_HIGH, SBI_SSE_LOCAL_PMU,
		SBI_SSE_LOCAL_RAS_LOW,   SBI_SSE_GLOBAL_RAS_LOW,
		SBI_SSE_LOCAL_SOFTWARE,  SBI_SSE_GLOBAL_SOFTWARE,
	};
	static const char *const states[] = { "unused", "registered", "enabled",
					      "running" };
	uint64_t *status;

	if (!sbi_probe(SBI_EXT_SSE))
		return 0;
	status = kzalloc(sizeof(*status), GFP_KERNEL);
	if (!status)
		return -ENOMEM;
	for (unsigned i = 0; i < ARRAY_SIZE(events); i++) {
		long err = sbi_sse_read_attrs(events[i], SBI_SSE_STATUS, 1,
					      va_to_pa(status));

		proc_printf(t, "0x%08x\t%s\t%s\n", events[i],
			    sbi_sse_event_name(events[i]),
			    err ? sbi_error_name(err)
				: states[SBI_SSE_STATE(*status)]);
	}
	kfree(status);
	return 0;
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
