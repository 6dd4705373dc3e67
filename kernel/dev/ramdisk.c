/*
 * See ramdisk.h. The memory was reserved at start and stays so; requests are
 * copies, done when submit returns.
 */
#include "kernel/dev/ramdisk.h"

#include "fs/blk.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/types.h"
#include "kernel/bits.h"
#include "kernel/dev/driver.h"
#include "kernel/mm/page.h"
#include "kernel/mm/pagetable.h"
#include "kernel/printk.h"
#include "kernel/string.h"

#define RAMDISK_MAJOR 1

static char *data;
static size_t data_size;
static struct blkdev ram0;

static void ramdisk_submit(struct blkdev *bd, struct blk_request *rq)
{
	uint64_t at = rq->sector;

	rq->err = 0;
	for (unsigned i = 0; rq->op != BLK_FLUSH && i < rq->nsegs; i++) {
		const struct blk_seg *seg = &rq->segs[i];
		uint64_t n = seg->len / BLK_SECTOR;

		if (seg->len % BLK_SECTOR) {
			rq->err = -EINVAL;
			break;
		}
		if (at > bd->sectors || n > bd->sectors - at) {
			rq->err = -EIO;
			break;
		}
		if (rq->op == BLK_READ)
			memcpy(seg->va, data + at * BLK_SECTOR, seg->len);
		else
			memcpy(data + at * BLK_SECTOR, seg->va, seg->len);
		at += n;
	}
	rq->done(rq);
}

const void *ramdisk_data(size_t *size)
{
	*size = data_size;
	return data;
}

/* A cpio archive of the "new" kind, plain or as gzip and others pack it. */
static bool looks_packed(void)
{
	static const unsigned char gzip[2] = { 0x1f, 0x8b };
	static const unsigned char xz[4] = { 0xfd, '7', 'z', 'X' };
	static const unsigned char zstd[4] = { 0x28, 0xb5, 0x2f, 0xfd };

	if (data_size < 6)
		return true;
	return !memcmp(data, "070701", 6) || !memcmp(data, "070702", 6) ||
	       !memcmp(data, gzip, 2) || !memcmp(data, xz, 4) ||
	       !memcmp(data, zstd, 4);
}

/* Is all of [start, end) RAM that may be looked at? What lies between banks, or
 * is somebody else's (no-map), has no place in the direct map. */
static bool is_visible(paddr_t start, paddr_t end)
{
	unsigned level;

	if (end <= start || !pa_is_ram(start) || !pa_is_ram(end - 1))
		return false;
	while (start < end) {
		uint64_t size;

		if (!kernel_walk((vaddr_t)pa_to_va(start), &level))
			return false;
		size = PAGE_SIZE << 9 * level;
		start = round_down(start, size) + size;
	}
	return true;
}

void ramdisk_probe(void)
{
	uint64_t start, end;

	if (!fdt_initrd(&machine_tree, &start, &end))
		return;
	if (!is_visible(start, end)) {
		pr_warn("initrd at 0x%llx..0x%llx: not all of it is RAM\n",
			(unsigned long long)start, (unsigned long long)end);
		return;
	}
	data = pa_to_va(start);
	data_size = end - start;
	if (looks_packed())
		return;
	snprintf(ram0.name, sizeof(ram0.name), "ram0");
	ram0.dev = (uint32_t)ABI_DEV(RAMDISK_MAJOR, 0);
	ram0.sectors = data_size / BLK_SECTOR;
	ram0.block_size = BLK_SECTOR;
	ram0.max_segs = 256;
	ram0.max_bytes = 1u << 20;
	ram0.submit = ramdisk_submit;
	blk_register(&ram0);
	pr_info("ram0: %llu KiB from the boot loader\n",
		(unsigned long long)(data_size >> 10));
}
