/*
 * DBTR: the hart's triggers. Each is set on words and code of this file that
 * nobody else touches, and a hit is caught here; so a running system does not
 * notice, as long as no trigger stays behind.
 */
#include "sbi/dbtr.h"
#include "kernel/bits.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/string.h"

/* tdata1 of an address trigger (Sdtrig): mcontrol6, or mcontrol of old */
#define MCONTROL6 (6ul << 60)
#define MCONTROL  (2ul << 60)
#define LOAD      (1ul << 0)
#define STORE     (1ul << 1)
#define EXECUTE   (1ul << 2)
#define IN_U      (1ul << 3)
#define IN_S      (1ul << 4)
#define IN_M      (1ul << 6)
#define KINDS     (LOAD | STORE | EXECUTE)

#define MOST 16ul /* triggers at once */

enum { NUM_TRIGGERS, SET_SHMEM };

/* Two bytes of code that can be executed without consequence. */
static __attribute__((noinline, naked, aligned(4))) void target(void)
{
	__asm__ __volatile__("nop\n"
			     "ret");
}

static volatile unsigned long word;
static unsigned long control; /* MCONTROL6 or MCONTROL */

static struct sbi_dbtr_trigger *record(struct sbitest *t, unsigned i)
{
	return (struct sbi_dbtr_trigger *)t->memory + i;
}

/* ---- hits ---- */

/* Does the access make a breakpoint trap, and no other? */
static bool hit(const struct sbitest_trap *trap)
{
	return trap->count == 1 && trap->cause == EXC_BREAKPOINT;
}

static bool load_hits(volatile unsigned long *at)
{
	struct sbitest_trap trap;
	unsigned long value;

	sbitest_catch(&trap);
	__asm__ __volatile__("ld %0, 0(%1)" : "=r"(value) : "r"(at) : "memory");
	sbitest_release(&trap);
	return hit(&trap);
}

static bool store_hits(volatile unsigned long *at)
{
	struct sbitest_trap trap;

	sbitest_catch(&trap);
	__asm__ __volatile__("sd %0, 0(%0)" : : "r"(at) : "memory");
	sbitest_release(&trap);
	return hit(&trap);
}

static bool execute_hits(void)
{
	struct sbitest_trap trap;

	sbitest_catch(&trap);
	target();
	sbitest_release(&trap);
	return hit(&trap) && trap.epc == (uint64_t)target;
}

/* Which kinds of access hit: LOAD, STORE, EXECUTE. */
static unsigned long hits(volatile unsigned long *at)
{
	return (load_hits(at) ? LOAD : 0) | (store_hits(at) ? STORE : 0) |
	       (execute_hits() ? EXECUTE : 0);
}

/* ---- one trigger ---- */

/* A record for an address that such an access to is to hit. */
static void describe(struct sbitest *t, unsigned i, unsigned long kinds,
		     const volatile void *at)
{
	*record(t, i) = (struct sbi_dbtr_trigger){
		.tdata1 = control | IN_S | kinds,
		.tdata2 = (unsigned long)at,
	};
}

/* Its index in *idx. */
static bool install(struct sbitest *t, unsigned long kinds,
		    const volatile void *at, unsigned long *idx,
		    const char *what)
{
	long err;

	describe(t, 0, kinds, at);
	err = sbi_dbtr_install(1, NULL);
	*idx = record(t, 0)->state;
	return sbitest_error(t, err, 0, "install for %s", what);
}

static struct sbi_dbtr_triggers only(unsigned long idx)
{
	return (struct sbi_dbtr_triggers){ idx, 1 };
}

static bool is_off(struct sbitest *t, unsigned long idx, const char *what)
{
	sbitest_error(t, sbi_dbtr_uninstall(only(idx)), 0, "uninstall of %s",
		      what);
	return sbitest_value(t, hits(&word), 0, "%s, uninstalled: no hit",
			     what);
}

/* What read says of one that is installed for S-mode, with these kinds. */
static void test_read(struct sbitest *t, unsigned long idx, unsigned long kinds,
		      const volatile void *at, const char *what)
{
	struct sbi_dbtr_trigger *r = record(t, 0);

	memset(r, 0, sizeof(*r));
	sbitest_error(t, sbi_dbtr_read(idx, 1), 0, "read of %s", what);
	sbitest_value(t, r->state & 0x1f, SBI_DBTR_MAPPED | SBI_DBTR_S,
		      "%s: state", what);
	sbitest_value(t, r->tdata1 & (IN_S | IN_U | IN_M | KINDS), IN_S | kinds,
		      "%s: tdata1", what);
	sbitest_value(t, r->tdata1 >> 60, control >> 60,
		      "%s: type of the trigger", what);
	sbitest_value(t, r->tdata2, (unsigned long)at, "%s: tdata2", what);
}

static void test_kind(struct sbitest *t, unsigned long kinds,
		      const volatile void *at, const char *what)
{
	unsigned long idx;

	if (!install(t, kinds, at, &idx, what))
		return;
	sbitest_value(t, hits(&word), kinds, "%s: it hits, nothing else does",
		      what);
	test_read(t, idx, kinds, at, what);
	is_off(t, idx, what);
}

/* ---- off and on ---- */

static void test_disable(struct sbitest *t)
{
	struct sbi_dbtr_trigger *r = record(t, 0);
	unsigned long idx;

	if (!install(t, STORE, &word, &idx, "a store, to disable"))
		return;
	sbitest_error(t, sbi_dbtr_disable(only(idx)), 0, "disable");
	sbitest_value(t, hits(&word), 0, "disabled: no hit");
	sbitest_error(t, sbi_dbtr_read(idx, 1), 0, "read of a disabled one");
	sbitest_value(t, r->state & 0x1f, SBI_DBTR_MAPPED | SBI_DBTR_S,
		      "disabled: state as before");
	sbitest_value(t, r->tdata1 & (IN_S | IN_U | IN_M), 0,
		      "disabled: tdata1 has no mode");
	sbitest_error(t, sbi_dbtr_enable(only(idx)), 0, "enable");
	sbitest_value(t, hits(&word), STORE, "enabled: hits again");
	sbitest_error(t, sbi_dbtr_disable(only(idx)), 0, "disable again");
	sbitest_error(t, sbi_dbtr_uninstall(only(idx)), 0,
		      "uninstall of a disabled one");
	sbitest_value(t, hits(&word), 0, "disabled and uninstalled: no hit");
	sbitest_error(t, sbi_dbtr_enable(only(idx)), SBI_ERR_INVALID_PARAM,
		      "enable of an uninstalled one");
	sbitest_error(t, sbi_dbtr_disable(only(idx)), SBI_ERR_INVALID_PARAM,
		      "disable of an uninstalled one");
	sbitest_value(t, hits(&word), 0, "enabled when uninstalled: no hit");
	if (!install(t, STORE, &word, &idx, "a store, once more"))
		return;
	sbitest_value(t, hits(&word), STORE, "installed once more: it hits");
	is_off(t, idx, "a store, once more");
}

static void test_update(struct sbitest *t)
{
	unsigned long idx, done = 77;
	long err;

	if (!install(t, STORE, &word, &idx, "a store, to update"))
		return;
	describe(t, 0, LOAD, &word);
	record(t, 0)->state = idx;
	sbitest_error(t, sbi_dbtr_update(1, &done), 0, "update to a load");
	sbitest_value(t, hits(&word), LOAD, "updated: a load hits");
	is_off(t, idx, "what was updated");
	describe(t, 0, LOAD, &word);
	record(t, 0)->state = idx;
	err = sbi_dbtr_update(1, &done);
	sbitest_error(t, err, SBI_ERR_FAILED, "update of an uninstalled one");
	if (err)
		sbitest_value(t, done, 0,
			      "update of an uninstalled one: at which record");
	sbitest_value(t, hits(&word), 0, "updated when uninstalled: no hit");
}

/* ---- all of them ---- */

static void test_many(struct sbitest *t, unsigned n)
{
	static volatile unsigned long words[MOST];
	unsigned long idx[MOST], done, i, own, others;

	for (i = 0; i < n; i++)
		describe(t, (unsigned)i, STORE, &words[i]);
	if (!sbitest_error(t, sbi_dbtr_install(n, &done), 0,
			   "install all at once"))
		return;
	for (i = 0; i < n; i++)
		idx[i] = record(t, (unsigned)i)->state;
	describe(t, 0, STORE, &word);
	sbitest_error(t, sbi_dbtr_install(1, &done), SBI_ERR_FAILED,
		      "install one more than there are");
	sbitest_value(t, done, 0, "one more than there are: at which record");
	for (i = own = 0; i < n; i++)
		own += store_hits(&words[i]) && !load_hits(&words[i]);
	sbitest_value(t, own, n, "all at once: each hits");
	for (i = 0; i < n; i++) {
		sbitest_error(t, sbi_dbtr_uninstall(only(idx[i])), 0,
			      "all at once: uninstall of %lu", i);
		others = 0;
		for (unsigned k = 0; k < n; k++)
			others += store_hits(&words[k]) == (k > i);
		sbitest_value(t, others, n,
			      "all at once: without %lu, the others hit", i);
	}
}

static void test_wrong(struct sbitest *t, unsigned long total)
{
	unsigned long done;

	sbitest_error(t, sbi_dbtr_read(total, 1), SBI_ERR_BAD_RANGE,
		      "read behind the last one");
	sbitest_error(t, sbi_dbtr_read(0, total + 1), SBI_ERR_BAD_RANGE,
		      "read of more than there are");
	sbitest_error(t, sbi_dbtr_install(total + 1, &done), SBI_ERR_BAD_RANGE,
		      "install more than there are");
	sbitest_error(t, sbi_dbtr_uninstall(only(total)), SBI_ERR_INVALID_PARAM,
		      "uninstall behind the last one");
	sbitest_error(t, sbi_dbtr_uninstall(only(0)), SBI_ERR_INVALID_PARAM,
		      "uninstall what is not installed");
	/* Triggers of M-mode are not to be had. */
	describe(t, 0, STORE, &word);
	record(t, 0)->tdata1 |= IN_M;
	sbitest_error(t, sbi_dbtr_install(1, &done), SBI_ERR_INVALID_PARAM,
		      "install for M-mode");
	sbitest_value(t, done, 0, "install for M-mode: at which record");
	describe(t, 0, STORE, &word);
	record(t, 0)->tdata1 |= 1ul << 59;
	sbitest_error(t, sbi_dbtr_install(1, &done), SBI_ERR_INVALID_PARAM,
		      "install with dmode");
	sbitest_value(t, hits(&word), 0, "what is refused does not hit");
}

static void test_shmem(struct sbitest *t)
{
	sbitest_error(t, sbi_dbtr_set_shmem(SBI_SHMEM_OFF), 0,
		      "set_shmem: none");
	sbitest_error(t, sbi_dbtr_read(0, 1), SBI_ERR_NO_SHMEM,
		      "read without memory");
	sbitest_error(t, sbi_dbtr_install(1, NULL), SBI_ERR_NO_SHMEM,
		      "install without memory");
	sbitest_error(t, sbi_dbtr_update(1, NULL), SBI_ERR_NO_SHMEM,
		      "update without memory");
	sbitest_error(t, sbi_dbtr_set_shmem(t->memory_pa + 4),
		      SBI_ERR_INVALID_PARAM, "set_shmem: misaligned");
	sbitest_error(t,
		      sbi_ecall_shmem(SBI_EXT_DBTR, SET_SHMEM, t->memory_pa, 1),
		      SBI_ERR_INVALID_PARAM, "set_shmem: a flag");
	sbi_dbtr_set_shmem(SBI_SHMEM_OFF);
}

void sbitest_dbtr(struct sbitest *t)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_DBTR, NUM_TRIGGERS, 0);
	unsigned long total = ret.value;
	unsigned n;

	if (!sbitest_error(t, ret.error, 0, "num_triggers"))
		return;
	if (!total) {
		sbitest_skip(t, "the hart has no triggers", "all");
		return;
	}
	control = MCONTROL6;
	if (!sbi_dbtr_num_triggers(control | IN_S | STORE))
		control = MCONTROL;
	n = (unsigned)MIN(sbi_dbtr_num_triggers(control | IN_S | STORE), MOST);
	if (!sbitest_check(t, n, "some triggers watch addresses"))
		return;
	sbitest_check(t, n <= total, "no more of them than there are");
	test_shmem(t);
	if (!sbitest_error(t, sbi_dbtr_set_shmem(t->memory_pa), 0, "set_shmem"))
		return;
	test_kind(t, STORE, &word, "a store");
	test_kind(t, LOAD, &word, "a load");
	test_kind(t, EXECUTE, target, "code");
	test_kind(t, LOAD | STORE, &word, "a load or a store");
	test_disable(t);
	test_update(t);
	test_many(t, n);
	test_wrong(t, total);
	t->keep |= !sbitest_error(t, sbi_dbtr_set_shmem(SBI_SHMEM_OFF), 0,
				  "set_shmem: none any more");
}
