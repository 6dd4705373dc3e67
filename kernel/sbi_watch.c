/*
 * /proc/sbi/stat and /proc/sbi/trace: which calls the firmware was asked for.
 *
 * Both are off until root writes "on", and one of them may be on at a time:
 * a second "on" is -EBUSY, whoever asks. "reset" forgets what was seen so far;
 * "off", to any of the two, ends it, and what was not read is gone. Off, calls
 * are not slower than they are without all this: the hook is a NULL pointer.
 *
 * Every hart writes to memory of its own, and interrupts are off in the kernel,
 * so there is nothing to lock. Where the hook has been taken away, every hart
 * is waited for to take an interrupt; a hart that comes or goes is not in
 * between then, as whoever does that has the lock that asking them all takes.
 *
 * stat has for each hart and call: the count, how many of these failed, and
 * the time in firmware: least, median, most, and the sum. The median comes from
 * a histogram: exact up to 15 ticks of the clock, then the middle of a range
 * an eighth as wide as the value. A call that does not return (a hart that
 * stops, a reset) is not seen.
 *
 * trace has a ring for each hart, with the last calls; those that had to make
 * room are counted ("lost"). The text has all harts' calls in order of time:
 * seconds since boot, hart, time in firmware, the call.
 */
#include "fs/procfs.h"
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/mm/slab.h"
#include "kernel/riscv.h"
#include "kernel/sbi_info.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "sbi/calls.h"

/* A range of values for each eighth of an octave, up to 2^20 ticks. */
#define EIGHTHS 8
#define OCTAVES 20
#define BUCKETS ((OCTAVES - 2) * EIGHTHS)

struct tally {
	uint32_t calls, errors;
	uint32_t min, max; /* ticks */
	uint64_t total;
	uint32_t bucket[BUCKETS];
};

struct ring {
	uint64_t seen;
	struct sbi_call call[];
};

static enum { OFF, STAT, TRACE } what; /* [sbi_files_lock] */
static void **memory;                  /* [nharts] */
static unsigned n_calls;   /* known ones; one more counts the unknown */
static size_t memory_size; /* of a hart */
static unsigned ring_size; /* calls */

static unsigned bucket_of(uint64_t ticks)
{
	unsigned shift = 0;

	while (ticks >> shift >= 2 * EIGHTHS)
		shift++;
	return (unsigned)MIN(shift * EIGHTHS + (ticks >> shift), BUCKETS - 1ul);
}

static uint64_t bucket_middle(unsigned b)
{
	unsigned shift = b < 2 * EIGHTHS ? 0 : b / EIGHTHS - 1;

	return ((uint64_t)(b - shift * EIGHTHS) << shift) + (1ull << shift) / 2;
}

static void count_call(const struct sbi_call *call)
{
	struct tally *t = memory[this_hart()->index];
	uint64_t ticks = MIN(call->end - call->start, UINT32_MAX);
	int at = sbi_function_index(call->eid, call->fid);

	t += at < 0 ? n_calls : (unsigned)at;
	t->min = t->calls ? MIN(t->min, (uint32_t)ticks) : (uint32_t)ticks;
	t->max = MAX(t->max, (uint32_t)ticks);
	t->calls++;
	t->errors += call->ret.error < 0;
	t->total += ticks;
	t->bucket[bucket_of(ticks)]++;
}

static void keep_call(const struct sbi_call *call)
{
	struct ring *r = memory[this_hart()->index];

	r->call[r->seen++ % ring_size] = *call;
}

/* ---- switching ---- */

static void nothing(void *arg)
{
}

/* Once all have taken the interrupt, none is in a hook that it has begun. */
static void watch(void (*hook)(const struct sbi_call *))
{
	__atomic_store_n(&sbi_trace_hook, hook, __ATOMIC_RELEASE);
	if (!hook)
		sbi_on_each_hart(nothing, NULL);
}

static void free_memory(void)
{
	for (unsigned i = 0; memory && i < nharts; i++)
		kfree(memory[i]);
	kfree(memory);
	memory = NULL;
}

static int get_memory(void)
{
	if (!n_calls) {
		while (sbi_function_get(n_calls))
			n_calls++;
		memory_size = (n_calls + 1) * sizeof(struct tally);
		ring_size = (unsigned)((memory_size - sizeof(struct ring)) /
				       sizeof(struct sbi_call));
	}
	memory = kzalloc(nharts * sizeof(*memory), GFP_KERNEL);
	for (unsigned i = 0; memory && i < nharts; i++) {
		memory[i] = kzalloc(memory_size, GFP_KERNEL);
		if (!memory[i])
			free_memory();
	}
	return memory ? 0 : -ENOMEM;
}

static int order(const char *text, int kind,
		 void (*hook)(const struct sbi_call *))
{
	int err = 0;

	if (!strcmp(text, "on")) {
		if (what)
			return -EBUSY;
		err = get_memory();
		if (err)
			return err;
		what = kind == STAT ? STAT : TRACE;
		watch(hook);
	} else if (!strcmp(text, "reset")) {
		if (what && kind != (int)what)
			return -EBUSY;
		if (!what)
			return 0;
		watch(NULL);
		for (unsigned i = 0; i < nharts; i++)
			memset(memory[i], 0, memory_size);
		watch(hook);
	} else if (!strcmp(text, "off")) {
		watch(NULL);
		free_memory();
		what = OFF;
	} else {
		err = -EINVAL;
	}
	return err;
}

static int locked_order(const char *text, int kind,
			void (*hook)(const struct sbi_call *))
{
	int err;

	mutex_lock(&sbi_files_lock);
	err = order(text, kind, hook);
	mutex_unlock(&sbi_files_lock);
	return err;
}

int sbi_write_stat(char *text)
{
	return locked_order(text, STAT, count_call);
}

int sbi_write_trace(char *text)
{
	return locked_order(text, TRACE, keep_call);
}

/* ---- showing ---- */

static uint64_t median(const struct tally *t)
{
	uint32_t before = 0;
	unsigned b;

	for (b = 0; b < BUCKETS - 1; b++) {
		before += t->bucket[b];
		if (before >= (t->calls + 1) / 2)
			break;
	}
	return MIN(MAX(bucket_middle(b), t->min), t->max);
}

static void show_tally(struct proc_text *t, unsigned at, const struct tally *c)
{
	const struct sbi_function *f = sbi_function_get(at);
	const struct sbi_extension *e = NULL;

	if (!c->calls)
		return;
	for (size_t i = 0; f && (e = sbi_extension_get(i)); i++)
		if (e->eid == f->eid)
			break;
	proc_printf(t, "%s\t%s\t%u\t%u\t%lu\t%lu\t%lu\t%lu\n",
		    e ? e->name : "?", f ? f->name : "unknown", c->calls,
		    c->errors, ticks_to_time(c->min), ticks_to_time(median(c)),
		    ticks_to_time(c->max), ticks_to_time(c->total));
}

static void add_tally(struct tally *sum, const struct tally *c)
{
	if (!c->calls)
		return;
	sum->min = sum->calls ? MIN(sum->min, c->min) : c->min;
	sum->max = MAX(sum->max, c->max);
	sum->calls += c->calls;
	sum->errors += c->errors;
	sum->total += c->total;
	for (unsigned b = 0; b < BUCKETS; b++)
		sum->bucket[b] += c->bucket[b];
}

/* hart ("all" first), extension, call, calls, errors, min, median, max, sum */
int sbi_show_stat(struct proc_text *t)
{
	struct tally *sum = kmalloc(sizeof(*sum), GFP_KERNEL);
	unsigned at, i;

	if (!sum)
		return -ENOMEM;
	mutex_lock(&sbi_files_lock);
	for (at = 0; what == STAT && at <= n_calls; at++) {
		memset(sum, 0, sizeof(*sum));
		for (i = 0; i < nharts; i++)
			add_tally(sum, (struct tally *)memory[i] + at);
		if (sum->calls)
			proc_printf(t, "all\t");
		show_tally(t, at, sum);
		for (i = 0; i < nharts && sum->calls; i++) {
			struct tally *c = (struct tally *)memory[i] + at;

			if (c->calls)
				proc_printf(t, "%lu\t", harts[i].hartid);
			show_tally(t, at, c);
		}
	}
	mutex_unlock(&sbi_files_lock);
	kfree(sum);
	return 0;
}

/* The oldest call that has not been shown, and its hart. */
static const struct sbi_call *oldest(const uint64_t *shown, unsigned *hart)
{
	const struct sbi_call *best = NULL, *c;

	for (unsigned i = 0; i < nharts; i++) {
		struct ring *r = memory[i];

		if (shown[i] == r->seen)
			continue;
		c = &r->call[shown[i] % ring_size];
		if (best && best->start <= c->start)
			continue;
		best = c;
		*hart = i;
	}
	return best;
}

static void show_rings(struct proc_text *t, uint64_t *shown)
{
	uint64_t boot = rdtime() - time_to_ticks(time_now()), at;
	const struct sbi_call *c;
	char text[SBI_CALL_TEXT];
	unsigned i;

	for (i = 0; i < nharts; i++) {
		struct ring *r = memory[i];

		shown[i] = r->seen > ring_size ? r->seen - ring_size : 0;
		if (shown[i])
			proc_printf(t, "lost\t%lu\t%lu\n", harts[i].hartid,
				    shown[i]);
	}
	while ((c = oldest(shown, &i))) {
		shown[i]++;
		at = ticks_to_time(c->start - boot) / 1000;
		sbi_call_text(c, text, sizeof(text));
		proc_printf(t, "%lu.%06lu\t%lu\t%lu\t%s\n", at / 1000000,
			    at % 1000000, harts[i].hartid,
			    ticks_to_time(c->end - c->start), text);
	}
}

/* No call is kept meanwhile: not those of this reading, and none half way. */
int sbi_show_trace(struct proc_text *t)
{
	uint64_t *shown = kmalloc(nharts * sizeof(*shown), GFP_KERNEL);

	if (!shown)
		return -ENOMEM;
	mutex_lock(&sbi_files_lock);
	if (what == TRACE) {
		watch(NULL);
		show_rings(t, shown);
		watch(keep_call);
	}
	mutex_unlock(&sbi_files_lock);
	kfree(shown);
	return 0;
}
