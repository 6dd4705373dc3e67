/*
 * See partition.h. The table is data from outside: what lies beyond the disk,
 * is empty, or overlaps with a partition that came before it is left out with
 * a message, so that two file systems never share a sector. Extended
 * partitions are a chain of tables, which may be a loop: no more than
 * LINKS_MAX of them are followed. An extended partition itself is no disk
 * here.
 *
 * Nothing is believed of a GPT whose checksums are wrong; then its spare at
 * the end of the disk is looked at. It is told, not repaired.
 */
#include "kernel/dev/partition.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/types.h"
#include "kernel/bits.h"
#include "kernel/list.h"
#include "kernel/string.h"

#define MBR_DISK_ID   440
#define MBR_ENTRIES   446
#define MBR_ENTRY     16
#define MBR_SIGNATURE 510
#define ENTRY_STATUS  0 /* 0x80: the one to boot from */
#define ENTRY_TYPE    4
#define ENTRY_START   8
#define ENTRY_SIZE    12
#define TYPE_GPT      0xee
#define FIRST_LOGICAL 5
#define LINKS_MAX     64u

#define GPT_REVISION  8
#define GPT_HEAD_SIZE 12
#define GPT_HEAD_CRC  16
#define GPT_THIS_LBA  24
#define GPT_FIRST     40
#define GPT_LAST      48
#define GPT_TABLE     72
#define GPT_COUNT     80
#define GPT_SIZE      84
#define GPT_TABLE_CRC 88
#define GPT_HEAD_MIN  92
#define GPT_TABLE_MAX (64u << 10) /* bytes; the usual one has a quarter */
#define ENTRY_GUID    16
#define ENTRY_FIRST   32
#define ENTRY_LAST    40
#define GPT_ENTRY_MIN 128

#define EXTENDED_MAJOR 259 /* device numbers behind the first fifteen */
#define MINORS         16u

struct partition {
	struct blkdev bd;
	struct blkdev *disk;
	uint64_t start; /* sectors of 512 bytes */
	char uuid[PARTITION_UUID_SIZE];
};

/* ---- a partition as a disk ---- */

static void partition_submit(struct blkdev *bd, struct blk_request *rq)
{
	struct partition *p = bd->priv;
	uint64_t sectors = 0;

	for (unsigned i = 0; rq->op != BLK_FLUSH && i < rq->nsegs; i++)
		sectors += rq->segs[i].len / BLK_SECTOR;
	if (rq->sector > bd->sectors || sectors > bd->sectors - rq->sector) {
		rq->err = -EIO;
		rq->done(rq);
		return;
	}
	rq->sector += p->start;
	p->disk->submit(p->disk, rq);
}

static bool partition_busy(struct blkdev *bd)
{
	struct partition *p = bd->priv;

	return p->disk->busy && p->disk->busy(p->disk);
}

static const struct partition *as_partition(const struct blkdev *bd)
{
	return bd->submit == partition_submit ? bd->priv : NULL;
}

const char *partition_uuid(const struct blkdev *bd)
{
	const struct partition *p = as_partition(bd);

	return p ? p->uuid : NULL;
}

bool partition_found_on(const struct blkdev *disk)
{
	struct blkdev *bd;

	for (bd = blk_first(); bd; bd = blk_next(bd)) {
		const struct partition *p = as_partition(bd);

		if (p && p->disk == disk)
			return true;
	}
	return false;
}

/* ---- what a table says ---- */

/* A sector number of a table, in units of the disk's block size. */
static uint64_t to_sectors(const struct blkdev *disk, uint64_t lba)
{
	uint64_t sectors;

	if (__builtin_mul_overflow(lba, disk->block_size / BLK_SECTOR,
				   &sectors))
		return UINT64_MAX;
	return sectors;
}

static bool overlaps(const struct blkdev *disk, uint64_t start, uint64_t count)
{
	struct blkdev *bd;

	for (bd = blk_first(); bd; bd = blk_next(bd)) {
		const struct partition *p = as_partition(bd);

		if (p && p->disk == disk && start < p->start + bd->sectors &&
		    p->start < start + count)
			return true;
	}
	return false;
}

/* Registers a partition, if it makes sense. Sectors of 512 bytes. */
static void partition_add(struct blkdev *disk, unsigned number, uint64_t start,
			  uint64_t count, const char *uuid)
{
	static unsigned n_extended;
	size_t len = strlen(disk->name);
	const char *wrong = NULL;
	struct partition *p;

	if (!count || !start)
		wrong = "empty, or the table itself";
	else if (start > disk->sectors || count > disk->sectors - start)
		wrong = "beyond the end of the disk";
	else if (overlaps(disk, start, count))
		wrong = "in another one";
	if (wrong) {
		pr_warn("%s: partition %u is %s: left out\n", disk->name,
			number, wrong);
		return;
	}
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p) {
		pr_err("%s: no memory for partition %u\n", disk->name, number);
		return;
	}
	p->disk = disk;
	p->start = start;
	strlcpy(p->uuid, uuid, sizeof(p->uuid));
	p->bd = *disk;
	snprintf(p->bd.name, sizeof(p->bd.name), "%s%s%u", disk->name,
		 disk->name[len - 1] >= '0' && disk->name[len - 1] <= '9' ? "p"
									  : "",
		 number);
	p->bd.dev = disk->dev + number;
	if (number >= MINORS) {
		p->bd.dev = (uint32_t)ABI_DEV(EXTENDED_MAJOR, n_extended);
		n_extended++;
	}
	p->bd.sectors = count;
	p->bd.submit = partition_submit;
	p->bd.busy = partition_busy;
	p->bd.priv = p;
	p->bd.flushes_begun = 0;
	p->bd.flushes_done = 0;
	blk_register(&p->bd);
}

/* ---- MBR ---- */

static bool is_extended(unsigned type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* Is this a table at all? A boot sector of FAT has the same signature. */
static bool mbr_is_one(const uint8_t *s)
{
	bool any = false;

	if (get_le16(s + MBR_SIGNATURE) != 0xaa55)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		const uint8_t *e = s + MBR_ENTRIES + i * MBR_ENTRY;

		if (e[ENTRY_STATUS] & 0x7f)
			return false;
		any |= e[ENTRY_TYPE] != 0;
	}
	return any;
}

/* The chain inside the extended partition [start, start + size): each table
 * has a partition, and where the next one is. Numbers of the tables. */
static void mbr_chain(struct blkdev *disk, uint8_t *s, uint64_t start,
		      uint64_t size, uint32_t id, unsigned *number)
{
	uint64_t at = 0;

	for (unsigned links = 0; links < LINKS_MAX; links++) {
		const uint8_t *e = s + MBR_ENTRIES;
		uint64_t next = 0;
		char uuid[PARTITION_UUID_SIZE];

		if (blk_rw(disk, BLK_READ, to_sectors(disk, start + at), s,
			   disk->block_size)) {
			pr_warn("%s: cannot read its partitions\n", disk->name);
			return;
		}
		if (get_le16(s + MBR_SIGNATURE) != 0xaa55)
			return;
		for (unsigned i = 0; i < 4; i++, e += MBR_ENTRY) {
			uint64_t from = get_le32(e + ENTRY_START);
			uint64_t count = get_le32(e + ENTRY_SIZE);

			if (is_extended(e[ENTRY_TYPE])) {
				next = next ? next : from;
				continue;
			}
			if (!e[ENTRY_TYPE] || !count)
				continue;
			/* A partition counts from its table. */
			from += at;
			if (from >= size || count > size - from) {
				pr_warn("%s: partition %u is outside of the "
					"extended one: left out\n",
					disk->name, *number);
				(*number)++;
				continue;
			}
			snprintf(uuid, sizeof(uuid), "%08x-%02x", id, *number);
			partition_add(disk, (*number)++,
				      to_sectors(disk, start + from),
				      to_sectors(disk, count), uuid);
		}
		/* The next table counts from the first. */
		if (!next || next >= size)
			return;
		at = next;
	}
	pr_warn("%s: the chain of its partitions does not end\n", disk->name);
}

static void mbr_read(struct blkdev *disk, uint8_t *s)
{
	uint32_t id = get_le32(s + MBR_DISK_ID);
	unsigned logical = FIRST_LOGICAL;
	uint8_t entries[4 * MBR_ENTRY], *e = entries;
	char uuid[PARTITION_UUID_SIZE];

	memcpy(entries, s + MBR_ENTRIES, sizeof(entries));
	for (unsigned n = 1; n <= 4; n++, e += MBR_ENTRY) {
		if (!e[ENTRY_TYPE] || is_extended(e[ENTRY_TYPE]))
			continue;
		snprintf(uuid, sizeof(uuid), "%08x-%02x", id, n);
		partition_add(disk, n,
			      to_sectors(disk, get_le32(e + ENTRY_START)),
			      to_sectors(disk, get_le32(e + ENTRY_SIZE)), uuid);
	}
	for (e = entries; e < entries + sizeof(entries); e += MBR_ENTRY)
		if (is_extended(e[ENTRY_TYPE]) && get_le32(e + ENTRY_START))
			mbr_chain(disk, s, get_le32(e + ENTRY_START),
				  get_le32(e + ENTRY_SIZE), id, &logical);
}

/* ---- GPT ---- */

/* The checksum of UEFI, Ethernet and zip; four bits at a time. */
static uint32_t crc32(const uint8_t *p, size_t n)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *p++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

/* A GUID as text: its first three numbers have their lowest byte first. */
static void guid_text(const uint8_t *g, char *to)
{
	snprintf(to, PARTITION_UUID_SIZE,
		 "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 get_le32(g), get_le16(g + 4), get_le16(g + 6), g[8], g[9],
		 g[10], g[11], g[12], g[13], g[14], g[15]);
}

static uint64_t blocks_of(const struct blkdev *disk)
{
	return disk->sectors / (disk->block_size / BLK_SECTOR);
}

/* Checks the header in s, which was read at lba, and what it says of the
 * table; then reads that too. NULL: do not believe any of it. */
static uint8_t *gpt_table(struct blkdev *disk, uint8_t *s, uint64_t lba)
{
	uint32_t head = get_le32(s + GPT_HEAD_SIZE);
	uint32_t crc = get_le32(s + GPT_HEAD_CRC);
	uint64_t size = (uint64_t)get_le32(s + GPT_COUNT) *
			get_le32(s + GPT_SIZE);
	uint64_t at = get_le64(s + GPT_TABLE), bytes;
	uint8_t *table;

	if (memcmp(s, "EFI PART", 8) || head < GPT_HEAD_MIN ||
	    head > disk->block_size)
		return NULL;
	memset(s + GPT_HEAD_CRC, 0, 4);
	if (crc32(s, head) != crc || get_le64(s + GPT_THIS_LBA) != lba)
		return NULL;
	if (get_le32(s + GPT_SIZE) < GPT_ENTRY_MIN || !size ||
	    size > GPT_TABLE_MAX || at < 2 || at >= blocks_of(disk))
		return NULL;
	bytes = round_up(size, disk->block_size);
	if (bytes / disk->block_size > blocks_of(disk) - at)
		return NULL;
	table = kmalloc(bytes, GFP_KERNEL);
	if (!table)
		return NULL;
	if (blk_rw(disk, BLK_READ, to_sectors(disk, at), table, bytes) ||
	    crc32(table, size) != get_le32(s + GPT_TABLE_CRC)) {
		kfree(table);
		return NULL;
	}
	return table;
}

static void gpt_read(struct blkdev *disk, uint8_t *s)
{
	uint64_t last = blocks_of(disk) - 1, first_usable, last_usable;
	static const uint8_t unused[16];
	uint8_t *table = NULL;
	uint32_t step;

	if (last < 2)
		return;
	if (!blk_rw(disk, BLK_READ, to_sectors(disk, 1), s, disk->block_size))
		table = gpt_table(disk, s, 1);
	if (!table) {
		pr_warn("%s: its GPT is damaged, the spare at the end is used\n",
			disk->name);
		if (!blk_rw(disk, BLK_READ, to_sectors(disk, last), s,
			    disk->block_size))
			table = gpt_table(disk, s, last);
	}
	if (!table) {
		pr_warn("%s: both are damaged: no partitions\n", disk->name);
		return;
	}
	first_usable = get_le64(s + GPT_FIRST);
	last_usable = get_le64(s + GPT_LAST);
	step = get_le32(s + GPT_SIZE);
	for (uint32_t i = 0; i < get_le32(s + GPT_COUNT); i++) {
		const uint8_t *e = table + (size_t)i * step;
		uint64_t from = get_le64(e + ENTRY_FIRST);
		uint64_t to = get_le64(e + ENTRY_LAST);
		char uuid[PARTITION_UUID_SIZE];

		if (!memcmp(e, unused, sizeof(unused)))
			continue;
		if (from < first_usable || to > last_usable || from > to ||
		    to > last) {
			pr_warn("%s: partition %u has no place: left out\n",
				disk->name, i + 1);
			continue;
		}
		guid_text(e + ENTRY_GUID, uuid);
		partition_add(disk, i + 1, to_sectors(disk, from),
			      to_sectors(disk, to - from + 1), uuid);
	}
	kfree(table);
}

/* ---- all disks ---- */

static void disk_scan(struct blkdev *disk)
{
	uint8_t *s = kmalloc(PAGE_SIZE, GFP_KERNEL);
	bool gpt = false;

	if (!s || disk->block_size < BLK_SECTOR ||
	    disk->block_size > PAGE_SIZE || !blocks_of(disk)) {
		kfree(s);
		return;
	}
	if (blk_rw(disk, BLK_READ, 0, s, disk->block_size)) {
		pr_warn("%s: cannot read its partitions\n", disk->name);
	} else if (mbr_is_one(s)) {
		for (unsigned i = 0; i < 4; i++)
			gpt |= s[MBR_ENTRIES + i * MBR_ENTRY + ENTRY_TYPE] ==
			       TYPE_GPT;
		if (gpt)
			gpt_read(disk, s);
		else
			mbr_read(disk, s);
	}
	kfree(s);
}

void partition_scan(void)
{
	static struct blkdev *seen;
	struct blkdev *bd = seen ? blk_next(seen) : blk_first();

	for (; bd; bd = blk_next(bd)) {
		seen = bd;
		if (!as_partition(bd))
			disk_scan(bd);
	}
}
