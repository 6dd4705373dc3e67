/*
 * SSE: the software events for real. Kept back by the mask, one shot, one
 * within another, what the handler may do to what it interrupted, on every
 * hart. The other events (failing memory, counters) are not made to happen;
 * the double trap is, in the boot mode.
 *
 * A handler has a place (sse_place.h) with a stack of its own, and must not
 * print: what it sees is noted, and told behind it.
 */
#include "kernel/bits.h"
#include "kernel/riscv.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/sbitest/sse_place.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "sbi/fwft.h"
#include "sbi/sse.h"

static struct note {
	const char *text;
	bool is_error;
	long got, wanted;
} notes[32];
static unsigned n_notes;

/* The handlers' order: an event's letter at its start, a small one at its
 * end. */
static char order[8 * 4];
static unsigned n_order;

static void note(long got, long wanted, bool is_error, const char *text)
{
	if (n_notes < ARRAY_SIZE(notes))
		notes[n_notes++] = (struct note){ text, is_error, got, wanted };
}

static void note_error(long got, long wanted, const char *text)
{
	note(got, wanted, true, text);
}

static void note_value(uint64_t got, uint64_t wanted, const char *text)
{
	note((long)got, (long)wanted, false, text);
}

static void tell_notes(struct sbitest *t, const char *name)
{
	for (unsigned i = 0; i < n_notes; i++) {
		const struct note *n = &notes[i];

		if (n->is_error)
			sbitest_error(t, n->got, n->wanted, "%s: handler: %s",
				      name, n->text);
		else
			sbitest_value(t, (uint64_t)n->got, (uint64_t)n->wanted,
				      "%s: handler: %s", name, n->text);
	}
	n_notes = 0;
}

/* ---- one event ---- */

static bool pending_now(struct sse_place *p)
{
	return SBI_SSE_PENDING(sse_attr(p, SBI_SSE_STATUS));
}

static void handler_counts(struct sse_place *p, unsigned long hartid)
{
	p->hartid = hartid;
	__atomic_fetch_add(&p->count, 1, __ATOMIC_RELEASE);
}

/* All four words of the interrupted state, in both places. */
static long get_interrupted(struct sse_place *p, uint64_t *out)
{
	uint64_t *w = p->words;
	long err;

	for (unsigned i = 0; i < ARRAY_SIZE(p->words); i++)
		w[i] = SSE_NOTHING;
	err = sbi_sse_read_attrs(p->event, SBI_SSE_INTERRUPTED_SEPC, 4,
				 va_to_pa(w));
	memcpy(out, w[0] == SSE_NOTHING ? w + SBI_SSE_INTERRUPTED_SEPC : w,
	       4 * sizeof(*out));
	return err;
}

static long set_interrupted(struct sse_place *p, const uint64_t *in)
{
	memcpy(p->words, in, 4 * sizeof(*in));
	memcpy(p->words + SBI_SSE_INTERRUPTED_SEPC, in, 4 * sizeof(*in));
	return sbi_sse_write_attrs(p->event, SBI_SSE_INTERRUPTED_SEPC, 4,
				   va_to_pa(p->words));
}

static unsigned same_words(const uint64_t *a, const uint64_t *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 4; i++)
		n += a[i] == b[i];
	return n;
}

/* What was interrupted may be read and changed; it is put back at the end. */
static void in_interrupted_state(struct sse_place *p)
{
	static const uint64_t other[4] = { 0x1234, SBI_SSE_SPIE,
					   0x1111111122222222,
					   0x3333333344444444 };
	uint64_t was[4], now[4], value;
	unsigned kept = 0, flags = 0;

	note_error(get_interrupted(p, was), 0, "read of what it interrupted");
	/* As the kernel has them while C runs. With others it would go back
	 * to elsewhere. */
	note_value(was[1], SBI_SSE_SPIE,
		   "flags of the code that it interrupted");
	if (was[1] != SBI_SSE_SPIE)
		return;
	note_value(was[2], 7, "a6 of the code that it interrupted");
	note_value(was[3], SBI_EXT_SSE, "a7 of the code that it interrupted");
	note_error(set_interrupted(p, other), 0, "write of all of it");
	note_error(get_interrupted(p, now), 0, "read of what was written");
	note_value(same_words(now, other), 4, "all four as they were written");
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t attr = SBI_SSE_INTERRUPTED_SEPC + i;

		if (!sse_set(p, attr, was[i]) && !sse_get(p, attr, &value))
			kept += value == was[i];
	}
	note_value(kept, 4, "each of them written and read alone");
	for (unsigned bit = 0; bit < 6; bit++)
		flags += !sse_set(p, SBI_SSE_INTERRUPTED_FLAGS, 1ul << bit);
	note_value(flags, 6, "flags 0 to 5 may be written");
	note_error(sse_set(p, SBI_SSE_INTERRUPTED_FLAGS, 1ul << 6),
		   SBI_ERR_INVALID_PARAM, "flag 6");
	note_error(sse_set(p, SBI_SSE_INTERRUPTED_FLAGS, 1ul << 63),
		   SBI_ERR_INVALID_PARAM, "flag 63");
	note_error(set_interrupted(p, was), 0, "write of what there was");
	note_error(get_interrupted(p, now), 0, "read of what there was");
	note_value(same_words(now, was), 4, "all is as it was");
}

static void handler_asks(struct sse_place *p, unsigned long hartid)
{
	uint64_t status, sstatus = csr_read(sstatus);

	note_error(sse_get(p, SBI_SSE_STATUS, &status), 0,
		   "read of the status");
	note_value(SBI_SSE_STATE(status), SBI_SSE_RUNNING, "it is running");
	note_value(SBI_SSE_PENDING(status), 0, "it is not pending any more");
	note_value(sstatus & SSTATUS_SPP, SSTATUS_SPP, "it interrupted S-mode");
	note_value(sstatus & SSTATUS_SIE, 0, "interrupts are off");
	note_error(sse_set(p, SBI_SSE_PRIORITY, 1), SBI_ERR_INVALID_STATE,
		   "write of the priority while it runs");
	if (SBI_SSE_IS_GLOBAL(p->event))
		note_error(sse_set(p, SBI_SSE_PREFERRED_HART, hartid),
			   SBI_ERR_INVALID_STATE,
			   "write of the preferred hart while it runs");
	in_interrupted_state(p);
	handler_counts(p, hartid);
}

/* An event that this hart injects into itself comes at once. */
#define AT_ONCE (50 * NSEC_PER_MSEC)

static uint64_t patience(void)
{
	return time_to_ticks(AT_ONCE);
}

static bool test_delivery(struct sbitest *t, struct sse_place *p)
{
	const char *name = sbi_sse_event_name(p->event);
	unsigned long hartid = this_hart()->hartid;

	if (!sbitest_error(t, sse_register_place(p), 0,
			   "%s: register for delivery", name))
		return false;
	if (SBI_SSE_IS_GLOBAL(p->event))
		sbitest_error(t, sse_set(p, SBI_SSE_PREFERRED_HART, hartid), 0,
			      "%s: this hart is to take it", name);
	if (!sbitest_error(t, sbi_sse_enable(p->event), 0, "%s: enable", name))
		return false;
	sbitest_value(t, sse_state(p), SBI_SSE_ENABLED, "%s: enabled", name);
	if (SBI_SSE_IS_GLOBAL(p->event))
		sbitest_error(t, sse_set(p, SBI_SSE_PREFERRED_HART, hartid),
			      SBI_ERR_INVALID_STATE,
			      "%s: preferred hart of an enabled event", name);
	sbitest_error(t, sse_provoke(p->event, hartid, &p->count, 0, 1), 0,
		      "%s: inject while the hart is masked", name);
	sbitest_value(t, READ_ONCE(p->count), 0, "%s: the mask keeps it back",
		      name);
	sbitest_check(t, pending_now(p), "%s: pending", name);
	p->fn = handler_counts;
	sbitest_error(t, sbi_sse_hart_unmask(), 0, "%s: hart_unmask", name);
	sbitest_check(t, SBITEST_UNTIL(READ_ONCE(p->count) == 1, AT_ONCE),
		      "%s: comes when the hart is unmasked", name);
	sbitest_value(t, p->hartid, hartid, "%s: on this hart", name);
	p->fn = handler_asks;
	sbitest_error(t,
		      sse_provoke(p->event, hartid, &p->count, 1, patience()),
		      0, "%s: inject", name);
	sbitest_value(t, READ_ONCE(p->count), 2, "%s: comes at once", name);
	tell_notes(t, name);
	sbitest_value(t, sse_state(p), SBI_SSE_ENABLED,
		      "%s: enabled again behind the handler", name);
	return sbitest_check(t, !pending_now(p), "%s: not pending any more",
			     name);
}

static void test_one_shot(struct sbitest *t, struct sse_place *p)
{
	const char *name = sbi_sse_event_name(p->event);
	unsigned long hartid = this_hart()->hartid;
	uint32_t before = p->count;

	p->fn = handler_counts;
	sbitest_error(t, sbi_sse_disable(p->event), 0, "%s: disable", name);
	sbitest_value(t, sse_state(p), SBI_SSE_REGISTERED,
		      "%s: registered when disabled", name);
	sbitest_error(t, sse_set(p, SBI_SSE_CONFIG, 1), 0, "%s: one shot",
		      name);
	sbitest_error(t, sbi_sse_enable(p->event), 0, "%s: enable one shot",
		      name);
	sbitest_error(
		t, sse_provoke(p->event, hartid, &p->count, before, patience()),
		0, "%s: inject one shot", name);
	sbitest_value(t, READ_ONCE(p->count), before + 1,
		      "%s: the one shot comes", name);
	sbitest_value(t, sse_state(p), SBI_SSE_REGISTERED,
		      "%s: registered behind one shot", name);
	sbitest_error(t, sse_set(p, SBI_SSE_CONFIG, 0), 0, "%s: no one shot",
		      name);
	sbitest_error(t, sbi_sse_unregister(p->event), 0,
		      "%s: unregister behind it", name);
	sbitest_value(t, sse_state(p), SBI_SSE_UNUSED, "%s: unused behind it",
		      name);
}

void sse_test_software(struct sbitest *t, unsigned i)
{
	struct sse_place *p = sse_place_at(t, i);
	uint64_t preferred;

	sse_place_init(t, i, sse_events[i], handler_counts);
	preferred = sse_attr(p, SBI_SSE_PREFERRED_HART);
	if (test_delivery(t, p))
		test_one_shot(t, p);
	sbi_sse_hart_mask();
	sse_take_back(p);
	if (SBI_SSE_IS_GLOBAL(p->event))
		sse_set(p, SBI_SSE_PREFERRED_HART, preferred);
	if (!SBI_SSE_IS_GLOBAL(p->event))
		sbitest_error(t, sbi_sse_inject(p->event, sbitest_no_hart()),
			      SBI_ERR_INVALID_PARAM,
			      "inject into a hart that there is not");
}

/* ---- two of them ---- */

static void log_order(char c)
{
	if (n_order < sizeof(order) - 1)
		order[n_order++] = c;
}

/* Injects the other one, if it is to, and goes on. */
static void handler_injects(struct sse_place *p, unsigned long hartid)
{
	log_order(p->name);
	if (p->other)
		sse_provoke(p->other->event, hartid, &p->other->count, 0,
			    time_to_ticks(NSEC_PER_MSEC));
	log_order((char)(p->name - 'A' + 'a'));
	handler_counts(p, hartid);
}

/* The first one injects the second; both have run behind it. */
static void run_pair(struct sse_place *first, struct sse_place *second,
		     uint32_t first_priority, uint32_t second_priority)
{
	struct sse_place *both[] = { first, second };

	memset(order, 0, sizeof(order));
	n_order = 0;
	for (unsigned i = 0; i < 2; i++) {
		both[i]->count = 0;
		sse_set(both[i], SBI_SSE_PRIORITY,
			i ? second_priority : first_priority);
		sbi_sse_enable(both[i]->event);
	}
	first->other = second;
	second->other = NULL;
	sse_provoke(first->event, this_hart()->hartid, &second->count, 0,
		    patience());
	SBITEST_UNTIL(READ_ONCE(first->count), AT_ONCE);
	for (unsigned i = 0; i < 2; i++)
		sbi_sse_disable(both[i]->event);
}

/* Both are pending when the hart is unmasked. */
static void run_pending(struct sse_place *first, struct sse_place *second,
			uint32_t first_priority, uint32_t second_priority)
{
	unsigned long hartid = this_hart()->hartid;

	memset(order, 0, sizeof(order));
	n_order = 0;
	first->count = second->count = 0;
	first->other = second->other = NULL;
	sse_set(first, SBI_SSE_PRIORITY, first_priority);
	sse_set(second, SBI_SSE_PRIORITY, second_priority);
	sbi_sse_hart_mask();
	sbi_sse_enable(first->event);
	sbi_sse_enable(second->event);
	sbi_sse_inject(first->event, hartid);
	sbi_sse_inject(second->event, hartid);
	sbi_sse_hart_unmask();
	SBITEST_UNTIL(READ_ONCE(first->count) && READ_ONCE(second->count),
		      AT_ONCE);
	sbi_sse_disable(first->event);
	sbi_sse_disable(second->event);
}

static void check_order(struct sbitest *t, struct sse_place *a,
			struct sse_place *b, bool nested, const char *what)
{
	char A = a->name, B = b->name;
	char small_a = (char)(A - 'A' + 'a'), small_b = (char)(B - 'A' + 'a');
	const char within[] = { A, B, small_b, small_a, 0 };
	const char behind[] = { A, small_a, B, small_b, 0 };

	sbitest_check(t, !strcmp(order, nested ? within : behind),
		      "0x%x, then 0x%x: %s", a->event, b->event, what);
}

static void test_pair(struct sbitest *t, struct sse_place *a,
		      struct sse_place *b)
{
	run_pair(a, b, 20, 10);
	check_order(t, a, b, true, "the higher one comes in between");
	run_pair(a, b, 10, 20);
	check_order(t, a, b, false, "the lower one waits");
	run_pair(b, a, 20, 10);
	check_order(t, b, a, true, "the higher one comes in between");
	run_pair(b, a, 10, 20);
	check_order(t, b, a, false, "the lower one waits");
	run_pending(a, b, 20, 10);
	check_order(t, b, a, false, "the higher one is first of two pending");
	run_pending(a, b, 10, 20);
	check_order(t, a, b, false, "the higher one is first of two pending");
	run_pending(b, a, 5, 5);
	check_order(t, a, b, false, "of two equal the lower number is first");
}

/* Of those that can be injected, each with the next. */
void sse_test_priorities(struct sbitest *t, const bool *there)
{
	struct sse_place *use[SSE_EVENTS];
	uint64_t preferred[SSE_EVENTS] = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < SSE_EVENTS; i++) {
		struct sse_place *p = sse_place_at(t, i);

		sse_place_init(t, i, sse_events[i], handler_injects);
		if (!there[i] ||
		    !SBI_SSE_CAN_INJECT(sse_attr(p, SBI_SSE_STATUS)) ||
		    sse_register_place(p))
			continue;
		preferred[n] = sse_attr(p, SBI_SSE_PREFERRED_HART);
		if (SBI_SSE_IS_GLOBAL(p->event))
			sse_set(p, SBI_SSE_PREFERRED_HART, this_hart()->hartid);
		use[n++] = p;
	}
	sbi_sse_hart_unmask();
	for (unsigned i = 0; i + 1 < n; i++)
		test_pair(t, use[i], use[i + 1]);
	sbi_sse_hart_mask();
	for (unsigned i = 0; i < n; i++) {
		sse_take_back(use[i]);
		sse_set(use[i], SBI_SSE_PRIORITY, 0);
		if (SBI_SSE_IS_GLOBAL(use[i]->event))
			sse_set(use[i], SBI_SSE_PREFERRED_HART, preferred[i]);
	}
	if (n < 2)
		sbitest_skip(t, "fewer than two can be injected",
			     "which of two events is first");
}

/* ---- other harts ---- */

/* Not on a stack: a hart may come too late. */
static struct crew {
	struct sse_place *local;
	long registered, enabled, unmasked, masked, disabled, unregistered;
} crew;

static void join(void *arg)
{
	struct crew *c = arg;

	c->local->thread = this_hart()->idle;
	c->registered = sse_register_place(c->local);
	c->enabled = sbi_sse_enable(c->local->event);
	c->unmasked = sbi_sse_hart_unmask();
}

static void leave(void *arg)
{
	struct crew *c = arg;

	c->masked = sbi_sse_hart_mask();
	c->disabled = sbi_sse_disable(c->local->event);
	c->unregistered = sbi_sse_unregister(c->local->event);
}

static bool comes(struct sbitest *t, struct sse_place *p, unsigned i,
		  const char *what)
{
	struct hart *h = sbitest_hart(t, i);

	if (!sbitest_check(
		    t,
		    SBITEST_UNTIL(READ_ONCE(p->count) == 1, SBITEST_PATIENCE),
		    "other hart %u: %s event comes", i, what))
		return false;
	return sbitest_value(t, p->hartid, h->hartid,
			     "other hart %u: %s event has its number", i, what);
}

static bool test_local(struct sbitest *t, unsigned i, struct sse_place *p)
{
	return sbitest_error(
		       t, sbi_sse_inject(p->event, sbitest_hart(t, i)->hartid),
		       0, "other hart %u: inject a local event", i) &&
	       comes(t, p, i, "a local");
}

/* This hart stays masked, and the others are: there is one to take it. */
static bool test_global(struct sbitest *t, unsigned i, struct sse_place *p)
{
	struct hart *h = sbitest_hart(t, i);
	bool ok;

	p->count = 0;
	p->hartid = ~0ul;
	p->thread = h->idle;
	if (!sbitest_error(t, sse_set(p, SBI_SSE_PREFERRED_HART, h->hartid), 0,
			   "other hart %u: preferred", i) ||
	    !sbitest_error(t, sbi_sse_enable(p->event), 0,
			   "other hart %u: enable a global event", i))
		return false;
	ok = sbitest_error(t, sbi_sse_inject(p->event, this_hart()->hartid), 0,
			   "other hart %u: inject a global event", i) &&
	     comes(t, p, i, "a global") &&
	     sbitest_check(t,
			   SBITEST_UNTIL(sse_state(p) == SBI_SSE_ENABLED,
					 SBITEST_PATIENCE),
			   "other hart %u: the global event is enabled again",
			   i);
	return sbitest_error(t, sbi_sse_disable(p->event), 0,
			     "other hart %u: disable a global event", i) &&
	       ok;
}

/* False when it is not worth while to go on with the next. */
static bool test_hart(struct sbitest *t, unsigned i, struct sse_place *local,
		      struct sse_place *global)
{
	struct crew *c = &crew;
	bool kept = t->keep, ok;

	*c = (struct crew){ .local = local, .unregistered = 1 };
	local->count = 0;
	local->hartid = ~0ul;
	t->keep = true; /* until it is known to be unregistered */
	if (!sbitest_check(t, sbitest_call(t, i, join, c),
			   "other hart %u: joins", i))
		return false;
	ok = sbitest_error(t, c->registered, 0, "other hart %u: register", i) &&
	     sbitest_error(t, c->enabled, 0, "other hart %u: enable", i) &&
	     sbitest_error(t, c->unmasked, 0, "other hart %u: hart_unmask", i);
	ok = ok && test_local(t, i, local) && test_global(t, i, global);
	if (!sbitest_check(t, sbitest_call(t, i, leave, c),
			   "other hart %u: leaves", i))
		return false;
	sbitest_error(t, c->masked, 0, "other hart %u: hart_mask", i);
	sbitest_error(t, c->disabled, 0, "other hart %u: disable", i);
	if (sbitest_error(t, c->unregistered, 0, "other hart %u: unregister",
			  i))
		t->keep = kept;
	return ok;
}

void sse_test_harts(struct sbitest *t)
{
	struct sse_place *local = sse_place_at(t, 0),
			 *global = sse_place_at(t, 1);
	uint64_t preferred;

	if (!t->others) {
		sbitest_skip(t, "there is no other hart",
			     "events on other harts");
		return;
	}
	sse_place_init(t, 0, SBI_SSE_LOCAL_SOFTWARE, handler_counts);
	sse_place_init(t, 1, SBI_SSE_GLOBAL_SOFTWARE, handler_counts);
	preferred = sse_attr(global, SBI_SSE_PREFERRED_HART);
	if (!sbitest_error(t, sse_register_place(global), 0,
			   "register a global event for all"))
		return;
	for (unsigned i = 0; i < t->others; i++)
		if (!test_hart(t, i, local, global))
			break;
	sse_take_back(global);
	sse_set(global, SBI_SSE_PREFERRED_HART, preferred);
}

/* ---- the double trap ---- */

/* Behind the instruction that made it: its sepc is where it goes on. */
static void handler_skips(struct sse_place *p, unsigned long hartid)
{
	uint64_t at = csr_read(sepc);

	note_value(sse_attr(p, SBI_SSE_INTERRUPTED_FLAGS) & SBI_SSE_SDT,
		   SBI_SSE_SDT, "a trap was being handled");
	csr_write(sepc, at + 4);
	handler_counts(p, hartid);
}

/*
 * A trap while one is being handled. Alone, since a hart whose firmware has no
 * answer to it is lost.
 */
void sbitest_sse_alone(struct sbitest *t)
{
	struct sse_place *p = sse_place_at(t, 0);
	struct sbitest_trap trap;
	unsigned long value;

	n_notes = 0;
	sse_place_init(t, 0, SBI_SSE_LOCAL_DOUBLE, handler_skips);
	if (!sbi_probe(SBI_EXT_FWFT) ||
	    sbi_fwft_get(SBI_FWFT_DOUBLE_TRAP, &value) ||
	    sse_attr(p, SBI_SSE_STATUS) == SSE_NOTHING) {
		sbitest_skip(t, "the machine does not tell them apart",
			     "double trap");
		return;
	}
	if (!sbitest_error(t, sse_register_place(p), 0,
			   "double trap: register") ||
	    !sbitest_error(t, sbi_sse_enable(p->event), 0,
			   "double trap: enable") ||
	    !sbitest_error(t, sbi_sse_hart_unmask(), 0,
			   "double trap: hart_unmask") ||
	    !sbitest_error(t, sbi_fwft_set(SBI_FWFT_DOUBLE_TRAP, 1, 0), 0,
			   "double trap: told apart"))
		return;
	sbitest_catch(&trap);
	sse_double_trap();
	sbitest_release(&trap);
	sbitest_value(t, trap.count, 0, "double trap: not an ordinary one");
	sbitest_value(t, READ_ONCE(p->count), 1, "double trap: an event");
	sbitest_value(t, p->hartid, this_hart()->hartid,
		      "double trap: on this hart");
	tell_notes(t, "double trap");
	sbitest_error(t, sbi_fwft_set(SBI_FWFT_DOUBLE_TRAP, 0, 0), 0,
		      "double trap: not told apart any more");
	sbi_sse_hart_mask();
	sse_take_back(p);
}
