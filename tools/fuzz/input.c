/*
 * What the bytes of an input mean. The first chooses the disk, the second how
 * it is mounted; each six behind them are a damage (the highest bit of the
 * first is set) or a call. Damages that stand together are done at once, to a
 * disk that is not mounted; the next call mounts it. A call with the bit below
 * it is made by a thread of its own while the next ones go on. At the end the
 * disk is unmounted, and nothing may be left in memory.
 *
 * The second byte: 1: checksums are left as they are. 2: read-only. 4, 8:
 * requests end later, in any order. 16: threads are switched at random.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

/* Faster; what is found is looked at with gcc's, and all stacks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0:quarantine_size_mb=1:malloc_context_size=2:"
	       "max_malloc_fill_size=0";
}

static void init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	ops_init();
	for (unsigned i = 0; i < n_bases; i++)
		base_make(&bases[i]);
}

static void check_memory(uint64_t objects, uint64_t pages)
{
	if (objects == host_objects_in_use() && pages == host_pages_in_use())
		return;
	reclaim_all();
	if (objects == host_objects_in_use() && pages == host_pages_in_use())
		return;
	fprintf(stderr, "left behind: %ld objects, %ld pages\n",
		(long)(host_objects_in_use() - objects),
		(long)(host_pages_in_use() - pages));
	abort();
}

/* Is it a call after which a sound disk need not be one? */
static bool is_rough(const uint8_t *r)
{
	return r[0] & 0x80 || op_may_fail(r);
}

static void run(const uint8_t *data, size_t size, unsigned how, bool gently)
{
	bool hurt = false;
	unsigned mounts = 0;

	for (size_t i = 0; i + RECORD <= size; i += RECORD) {
		const uint8_t *r = data + i;

		if (gently && is_rough(r))
			continue;
		if (r[0] & 0x80) {
			if (sb)
				disk_umount();
			damage(r);
			hurt = true;
			continue;
		}
		if (hurt && !(how & 1))
			repair(false);
		hurt = false;
		if (!sb && (++mounts > 4 || disk_mount(how & 2)))
			break;
		op(r);
	}
	if (sb)
		disk_umount();
}

bool run_input(const uint8_t *data, size_t size, bool gently)
{
	uint64_t objects, pages;

	init();
	if (size < 2 + RECORD)
		return false;
	base = &bases[data[0] % n_bases];
	host_log_clear();
	objects = host_objects_in_use();
	pages = host_pages_in_use();
	disk.deferred = data[1] & 4;
	disk.shuffle_seed = data[1] & 8 ? data[1] : 0;
	host_set_chaos(data[1] & 16 ? data[1] : 0);
	run(data + 2, MIN(size - 2, (size_t)RECORD * RECORDS_MAX),
	    gently ? data[1] & ~2u : data[1], gently);
	host_set_chaos(0);
	host_fail_alloc(0);
	ops_reset();
	check_memory(objects, pages);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run_input(data, size, false);
	if (base)
		restore();
	return 0;
}
