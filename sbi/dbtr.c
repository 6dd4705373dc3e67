/*
 * The DBTR extension.
 */
#include "sbi/dbtr.h"

enum dbtr_fid {
	DBTR_NUM_TRIGGERS,
	DBTR_SET_SHMEM,
	DBTR_READ,
	DBTR_INSTALL,
	DBTR_UPDATE,
	DBTR_UNINSTALL,
	DBTR_ENABLE,
	DBTR_DISABLE,
};

_Static_assert(sizeof(struct sbi_dbtr_trigger) == 4 * sizeof(long), "");

unsigned long sbi_dbtr_num_triggers(unsigned long tdata1)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_DBTR, DBTR_NUM_TRIGGERS, tdata1);

	return ret.error ? 0 : ret.value;
}

long sbi_dbtr_set_shmem(uint64_t pa)
{
	return sbi_ecall_shmem(SBI_EXT_DBTR, DBTR_SET_SHMEM, pa, 0);
}

long sbi_dbtr_read(unsigned long first, unsigned long n)
{
	return sbi_ecall2(SBI_EXT_DBTR, DBTR_READ, first, n).error;
}

/* These say in the value which one failed, so it has a meaning on an error. */
static long each(enum dbtr_fid fid, unsigned long n, unsigned long *done)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_DBTR, fid, n);

	if (done)
		*done = ret.error ? ret.value : n;
	return ret.error;
}

long sbi_dbtr_install(unsigned long n, unsigned long *done)
{
	return each(DBTR_INSTALL, n, done);
}

long sbi_dbtr_update(unsigned long n, unsigned long *done)
{
	return each(DBTR_UPDATE, n, done);
}

static long set(enum dbtr_fid fid, struct sbi_dbtr_triggers triggers)
{
	return sbi_ecall2(SBI_EXT_DBTR, fid, triggers.base, triggers.mask)
		.error;
}

long sbi_dbtr_uninstall(struct sbi_dbtr_triggers triggers)
{
	return set(DBTR_UNINSTALL, triggers);
}

long sbi_dbtr_enable(struct sbi_dbtr_triggers triggers)
{
	return set(DBTR_ENABLE, triggers);
}

long sbi_dbtr_disable(struct sbi_dbtr_triggers triggers)
{
	return set(DBTR_DISABLE, triggers);
}
