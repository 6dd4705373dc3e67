/*
 * SSE: what the calls answer, for every event that the machine has. Nothing
 * in this kernel uses it, so all is unused when a run begins, and again
 * behind it. The events themselves are in sse_event.c.
 */
#include "sbi/sse.h"
#include "kernel/bits.h"
#include "kernel/riscv.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/sbitest/sse_place.h"
#include "kernel/smp.h"
#include "kernel/string.h"

#define RESERVED 0x00000002u
#define UPPER    (0x5aul << 32) /* bits that a 32-bit argument does not have */

/* What sbi/sse.c does not give away: the calls with arguments as they are. */
enum { READ_ATTRS, WRITE_ATTRS };

/* A run has come to its end: what events had when they ran may be left. */
static bool were_used;

const uint32_t sse_events[SSE_EVENTS] = {
	SBI_SSE_LOCAL_RAS_HIGH,  SBI_SSE_LOCAL_DOUBLE,
	SBI_SSE_GLOBAL_RAS_HIGH, SBI_SSE_LOCAL_PMU,
	SBI_SSE_LOCAL_RAS_LOW,   SBI_SSE_GLOBAL_RAS_LOW,
	SBI_SSE_LOCAL_SOFTWARE,  SBI_SSE_GLOBAL_SOFTWARE,
};

_Static_assert(SSE_EVENTS *PLACE_SIZE <= SBITEST_PAGES * PAGE_SIZE, "");

struct sse_place *sse_place_at(struct sbitest *t, unsigned i)
{
	return (struct sse_place *)(t->memory + i * PLACE_SIZE);
}

void sse_place_init(struct sbitest *t, unsigned i, uint32_t event,
		    void (*fn)(struct sse_place *, unsigned long))
{
	struct sse_place *p = sse_place_at(t, i);

	memset(p, 0, sizeof(*p));
	p->x[0] = (uint64_t)p + PLACE_SIZE;
	p->thread = this_hart()->idle;
	p->fn = fn;
	p->event = event;
	p->name = (char)('A' + i);
}

/*
 * Attributes. The specification has attribute i at word i of the buffer,
 * OpenSBI at the first word when i is the first that is asked for: either is
 * taken, and what is written stands in both.
 */
long sse_get(struct sse_place *p, uint32_t attr, uint64_t *value)
{
	long err;

	for (unsigned i = 0; i < ARRAY_SIZE(p->words); i++)
		p->words[i] = SSE_NOTHING;
	err = sbi_sse_read_attrs(p->event, attr, 1, va_to_pa(p->words));
	*value = p->words[0] != SSE_NOTHING ? p->words[0] : p->words[attr];
	return err;
}

uint64_t sse_attr(struct sse_place *p, uint32_t attr)
{
	uint64_t value;

	return sse_get(p, attr, &value) ? SSE_NOTHING : value;
}

long sse_set(struct sse_place *p, uint32_t attr, uint64_t value)
{
	p->words[0] = p->words[attr] = value;
	return sbi_sse_write_attrs(p->event, attr, 1, va_to_pa(p->words));
}

enum sbi_sse_state sse_state(struct sse_place *p)
{
	return SBI_SSE_STATE(sse_attr(p, SBI_SSE_STATUS));
}

long sse_register_place(struct sse_place *p)
{
	return sbi_sse_register(p->event, (unsigned long)sse_entry,
				(unsigned long)p);
}

void sse_take_back(struct sse_place *p)
{
	sbi_sse_disable(p->event);
	sse_set(p, SBI_SSE_CONFIG, 0);
	sbi_sse_unregister(p->event);
}

/* ---- what needs no event ---- */

static void test_mask(struct sbitest *t)
{
	sbitest_error(t, sbi_sse_hart_mask(), SBI_ERR_ALREADY_STOPPED,
		      "a hart begins masked");
	sbitest_error(t, sbi_sse_hart_unmask(), 0, "hart_unmask");
	sbitest_error(t, sbi_sse_hart_unmask(), SBI_ERR_ALREADY_STARTED,
		      "hart_unmask twice");
	sbitest_error(t, sbi_sse_hart_mask(), 0, "hart_mask");
	sbitest_error(t, sbi_sse_hart_mask(), SBI_ERR_ALREADY_STOPPED,
		      "hart_mask twice");
}

static void test_reserved(struct sbitest *t)
{
	struct sse_place *p = sse_place_at(t, 0);

	sse_place_init(t, 0, RESERVED, NULL);
	sbitest_error(t, sse_register_place(p), SBI_ERR_INVALID_PARAM,
		      "register a reserved event");
	sbitest_error(t, sbi_sse_unregister(RESERVED), SBI_ERR_INVALID_PARAM,
		      "unregister a reserved event");
	sbitest_error(t, sbi_sse_enable(RESERVED), SBI_ERR_INVALID_PARAM,
		      "enable a reserved event");
	sbitest_error(t, sbi_sse_disable(RESERVED), SBI_ERR_INVALID_PARAM,
		      "disable a reserved event");
	sbitest_error(t, sbi_sse_inject(RESERVED, this_hart()->hartid),
		      SBI_ERR_INVALID_PARAM, "inject a reserved event");
	sbitest_error(t, sbi_sse_read_attrs(RESERVED, 0, 1, va_to_pa(p->words)),
		      SBI_ERR_INVALID_PARAM, "read of a reserved event");
	sbitest_error(t, sse_set(p, SBI_SSE_PRIORITY, 0), SBI_ERR_INVALID_PARAM,
		      "write of a reserved event");
}

/* ---- attributes of one that is not used ---- */

static void test_read_only(struct sbitest *t, struct sse_place *p,
			   const char *name)
{
	static const struct {
		uint32_t attr;
		const char *text;
	} rows[] = { { SBI_SSE_STATUS, "status" },
		     { SBI_SSE_ENTRY_PC, "entry pc" },
		     { SBI_SSE_ENTRY_ARG, "entry arg" } };

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		sbitest_error(t, sse_set(p, rows[i].attr, 0), SBI_ERR_DENIED,
			      "%s: write of its %s", name, rows[i].text);
}

static void test_values(struct sbitest *t, struct sse_place *p,
			const char *name)
{
	uint64_t all[SBI_SSE_ATTRS], value, wanted;
	unsigned same = 0, zero = 0;

	sbitest_error(t,
		      sbi_sse_read_attrs(p->event, 0, SBI_SSE_ATTRS,
					 va_to_pa(p->words)),
		      0, "%s: all attributes at once", name);
	memcpy(all, p->words, sizeof(all));
	for (uint32_t i = 0; i < SBI_SSE_ATTRS; i++) {
		same += !sse_get(p, i, &value) && value == all[i];
		wanted = i == SBI_SSE_STATUS ? all[i] & 8 : 0;
		if (i == SBI_SSE_PREFERRED_HART ||
		    (i >= SBI_SSE_ENTRY_PC && were_used))
			wanted = all[i];
		zero += all[i] == wanted;
	}
	sbitest_value(t, same, SBI_SSE_ATTRS,
		      "%s: each attribute as in all of them", name);
	sbitest_value(t, zero, SBI_SSE_ATTRS,
		      "%s: attributes of an unused event are 0", name);
}

static void test_writes(struct sbitest *t, struct sse_place *p,
			const char *name)
{
	uint64_t preferred = sse_attr(p, SBI_SSE_PREFERRED_HART);

	sbitest_error(t, sse_set(p, SBI_SSE_PRIORITY, 1ul << 32),
		      SBI_ERR_INVALID_PARAM, "%s: priority of 33 bits", name);
	sbitest_error(t, sse_set(p, SBI_SSE_PRIORITY, UINT32_MAX), 0,
		      "%s: priority of 32 bits", name);
	sbitest_value(t, sse_attr(p, SBI_SSE_PRIORITY), UINT32_MAX,
		      "%s: priority as it was written", name);
	sbitest_error(t, sse_set(p, SBI_SSE_PRIORITY, 0), 0, "%s: priority 0",
		      name);
	for (unsigned bit = 1; bit < 64; bit += 31)
		sbitest_error(t, sse_set(p, SBI_SSE_CONFIG, 1ul << bit),
			      SBI_ERR_INVALID_PARAM, "%s: config with bit %u",
			      name, bit);
	if (SBI_SSE_IS_GLOBAL(p->event)) {
		sbitest_error(
			t,
			sse_set(p, SBI_SSE_PREFERRED_HART, sbitest_no_hart()),
			SBI_ERR_INVALID_PARAM,
			"%s: preferred hart that there is not", name);
		sbitest_error(
			t,
			sse_set(p, SBI_SSE_PREFERRED_HART, this_hart()->hartid),
			0, "%s: preferred hart that there is", name);
		sbitest_value(t, sse_attr(p, SBI_SSE_PREFERRED_HART),
			      this_hart()->hartid,
			      "%s: preferred hart as it was written", name);
		sse_set(p, SBI_SSE_PREFERRED_HART, preferred);
	} else {
		sbitest_error(t, sse_set(p, SBI_SSE_PREFERRED_HART, preferred),
			      SBI_ERR_DENIED,
			      "%s: preferred hart of a local event", name);
	}
}

static void test_interrupted(struct sbitest *t, struct sse_place *p,
			     const char *name)
{
	uint64_t value;

	for (uint32_t i = SBI_SSE_INTERRUPTED_SEPC; i < SBI_SSE_ATTRS; i++) {
		sbitest_error(t, sse_get(p, i, &value), 0,
			      "%s: read of attribute %u", name, i);
		sbitest_error(t, sse_set(p, i, 0), SBI_ERR_INVALID_STATE,
			      "%s: write of attribute %u while it does not run",
			      name, i);
	}
}

static void test_ranges(struct sbitest *t, struct sse_place *p,
			const char *name)
{
	static const struct {
		uint32_t first, n;
		unsigned offset;
		long wanted;
		const char *text;
	} rows[] = {
		{ 0, 0, 0, SBI_ERR_INVALID_PARAM, "no attributes" },
		{ SBI_SSE_ATTRS, 1, 0, SBI_ERR_BAD_RANGE, "attribute 10" },
		{ SBI_SSE_ATTRS - 1, 2, 0, SBI_ERR_BAD_RANGE,
		  "attributes 9 and 10" },
		{ 0, 1, 1, SBI_ERR_INVALID_ADDRESS, "misaligned memory" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t pa = va_to_pa(p->words) + rows[i].offset;

		sbitest_error(t,
			      sbi_sse_read_attrs(p->event, rows[i].first,
						 rows[i].n, pa),
			      rows[i].wanted, "%s: read of %s", name,
			      rows[i].text);
		sbitest_error(t,
			      sbi_sse_write_attrs(p->event, rows[i].first,
						  rows[i].n, pa),
			      rows[i].wanted, "%s: write of %s", name,
			      rows[i].text);
	}
}

/* On a 64-bit hart, too, these arguments have 32 bits. */
static void test_upper_halves(struct sbitest *t, struct sse_place *p,
			      const char *name)
{
	struct sbiret ret;

	p->words[0] = p->words[SBI_SSE_PRIORITY] = 77;
	ret = sbi_ecall(SBI_EXT_SSE, WRITE_ATTRS, p->event | UPPER,
			SBI_SSE_PRIORITY | UPPER, 1 | UPPER, va_to_pa(p->words),
			0, 0);
	sbitest_error(t, ret.error, 0, "%s: write with upper halves", name);
	sbitest_value(t, sse_attr(p, SBI_SSE_PRIORITY), 77,
		      "%s: priority written with upper halves", name);
	memset(p->words, 0, sizeof(p->words));
	ret = sbi_ecall(SBI_EXT_SSE, READ_ATTRS, p->event | UPPER,
			SBI_SSE_PRIORITY | UPPER, 1 | UPPER, va_to_pa(p->words),
			0, 0);
	sbitest_error(t, ret.error, 0, "%s: read with upper halves", name);
	sbitest_value(t, p->words[0] | p->words[SBI_SSE_PRIORITY], 77,
		      "%s: priority read with upper halves", name);
	sse_set(p, SBI_SSE_PRIORITY, 0);
}

static void test_register(struct sbitest *t, struct sse_place *p,
			  const char *name)
{
	sbitest_error(t, sbi_sse_unregister(p->event), SBI_ERR_INVALID_STATE,
		      "%s: unregister before register", name);
	sbitest_error(t, sbi_sse_enable(p->event), SBI_ERR_INVALID_STATE,
		      "%s: enable before register", name);
	sbitest_error(t, sbi_sse_disable(p->event), SBI_ERR_INVALID_STATE,
		      "%s: disable before register", name);
	sbitest_error(
		t, sbi_sse_register(p->event, (unsigned long)sse_entry + 1, 0),
		SBI_ERR_INVALID_PARAM, "%s: register an odd address", name);
	sbitest_error(t, sse_register_place(p), 0, "%s: register", name);
	sbitest_value(t, sse_state(p), SBI_SSE_REGISTERED, "%s: registered",
		      name);
	sbitest_value(t, sse_attr(p, SBI_SSE_ENTRY_PC), (uint64_t)sse_entry,
		      "%s: entry pc as it was registered", name);
	sbitest_value(t, sse_attr(p, SBI_SSE_ENTRY_ARG), (uint64_t)p,
		      "%s: entry arg as it was registered", name);
	sbitest_error(t, sse_register_place(p), SBI_ERR_INVALID_STATE,
		      "%s: register twice", name);
	sbitest_error(t, sbi_sse_unregister(p->event), 0, "%s: unregister",
		      name);
	sbitest_value(t, sse_state(p), SBI_SSE_UNUSED, "%s: unused again",
		      name);
}

/* False where the rest has nothing to work with. */
static bool test_event(struct sbitest *t, unsigned i)
{
	struct sse_place *p = sse_place_at(t, i);
	const char *name = sbi_sse_event_name(sse_events[i]);
	uint64_t status;
	long err;

	sse_place_init(t, i, sse_events[i], NULL);
	err = sse_get(p, SBI_SSE_STATUS, &status);
	if (err == SBI_ERR_NOT_SUPPORTED) {
		sbitest_skip(t, "the machine has no such event", "%s", name);
		return false;
	}
	if (!sbitest_error(t, err, 0, "%s: read of the status", name) ||
	    !sbitest_value(t, SBI_SSE_STATE(status), SBI_SSE_UNUSED,
			   "%s: unused", name))
		return false;
	test_read_only(t, p, name);
	test_values(t, p, name);
	test_writes(t, p, name);
	test_interrupted(t, p, name);
	test_ranges(t, p, name);
	test_upper_halves(t, p, name);
	test_register(t, p, name);
	return true;
}

void sbitest_sse(struct sbitest *t)
{
	bool there[SSE_EVENTS];

	test_mask(t);
	test_reserved(t);
	for (unsigned i = 0; i < SSE_EVENTS; i++)
		there[i] = test_event(t, i);
	for (unsigned i = 0; i < SSE_EVENTS; i++)
		if (there[i] && (sse_events[i] == SBI_SSE_LOCAL_SOFTWARE ||
				 sse_events[i] == SBI_SSE_GLOBAL_SOFTWARE))
			sse_test_software(t, i);
	sse_test_priorities(t, there);
	sse_test_harts(t);
	for (unsigned i = 0; i < SSE_EVENTS; i++) {
		sse_place_init(t, i, sse_events[i], NULL);
		if (there[i] && sse_state(sse_place_at(t, i)) != SBI_SSE_UNUSED)
			t->keep = true;
	}
	were_used = true;
}
