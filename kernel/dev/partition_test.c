/*
 * Partition tables: what sfdisk and sgdisk write is read as they mean it, and
 * what is damaged or made to deceive ends in disks that lie inside of the one
 * they are on and overlap with no other, whatever bytes there are. Memory and
 * disks that fail only make partitions fewer.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/blk.c"
#include "kernel/dev/partition.c"

#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)

/* ---- one disk at a time ---- */

/* Forgets the partitions, and all disks. */
static void forget(void)
{
	struct blkdev *bd, *next;

	for (bd = blk_first(); bd; bd = next) {
		next = blk_next(bd);
		if (as_partition(bd))
			kfree(bd->priv);
	}
	list_init(&disks);
}

/* Looks at a disk; the number of partitions, each of which is checked. */
static unsigned scan(struct blkdev *disk)
{
	unsigned n = 0;

	forget();
	host_log_clear();
	blk_register(disk);
	disk_scan(disk);
	for (struct blkdev *a = blk_first(); a; a = blk_next(a)) {
		const struct partition *p = as_partition(a);

		if (!p)
			continue;
		n++;
		CHECK(p->disk == disk && p->start && a->sectors);
		CHECK(p->start < disk->sectors &&
		      a->sectors <= disk->sectors - p->start);
		CHECK(strlen(p->uuid) >= 11);
		for (struct blkdev *b = blk_next(a); b; b = blk_next(b)) {
			const struct partition *q = as_partition(b);

			CHECK(p->start + a->sectors <= q->start ||
			      q->start + b->sectors <= p->start);
			CHECK(a->dev != b->dev && strcmp(a->name, b->name));
		}
	}
	return n;
}

/* ---- against sfdisk and sgdisk ---- */

/* The name ends with a letter: behind a digit sfdisk writes a "p". */
static char image[] = "/tmp/partition_test.XXXXXX.img";

static const struct {
	const char *name, *make;
} tables[] = {
	{ "MBR", "printf 'label: dos\nlabel-id: 0x1234abcd\n"
		 "size=4096,type=c,bootable\nsize=20000,type=83\n' | "
		 "sfdisk -q $1" },
	{ "MBR with a hole", "printf 'label: dos\n4 : size=4096\n2 : size=99\n"
			     "' | sfdisk -q $1" },
	{ "MBR, extended", "printf 'label: dos\nsize=4096\nsize=40000,type=5\n"
			   "size=3000\nsize=100\nsize=7777\nsize=50\nsize=60\n"
			   "size=70\nsize=80\nsize=90\n' | sfdisk -q $1" },
	{ "MBR, extended in front",
	  "printf 'label: dos\nsize=40000,type=f\nstart=45056,size=2048\n"
	  "start=4096,size=100\n' | sfdisk -q $1" },
	{ "GPT", "printf 'label: gpt\nsize=2048,name=a\nsize=4096,type=U\n"
		 "size=9999\n' | sfdisk -q $1" },
	{ "GPT of sgdisk", "sgdisk -n 1:0:+1M -n 5:0:+2M -n 128:0:0 "
			   "-u 1:6fa0a7c8-0000-1111-2222-333344445555 $1" },
	{ "GPT, hybrid", "sgdisk -n 1:0:+1M -n 2:0:+2M -n 3:0:+1M -h 1:2 $1" },
	{ "GPT, 18 partitions", "set -- \"$1\" -n0:0:+1M -n0:0:+1M -n0:0:+1M "
				"-n0:0:+1M -n0:0:+1M -n0:0:+1M; i=$1; shift; "
				"sgdisk \"$@\" \"$@\" \"$@\" $i" },
	{ "no table", "true" },
	{ "ext4 on the whole", "mke2fs -q -F $1" },
};

/* A script, in which $1 is the image. */
static int run(const char *script)
{
	char line[2048];

	snprintf(line, sizeof(line),
		 "cat >%s.sh <<'END'\n%s\nEND\nsh %s.sh %s >/dev/null 2>&1",
		 image, script, image, image);
	return system(line);
}

/* The same as what `sfdisk -d` says of the image: name, start, size, and with
 * a GPT its GUID. An extended partition is none here. */
static void compare(const char *what)
{
	unsigned n = 0, ours = 0;
	char line[512];
	FILE *f;

	snprintf(line, sizeof(line), "sfdisk -d %s 2>/dev/null", image);
	f = popen(line, "r");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long long start, size;
		char *at = strstr(line, "start="), *guid, name[16];
		const struct partition *p;
		unsigned number, type = 0;
		struct blkdev *bd;

		if (!at || sscanf(line + strlen(image), "%u", &number) != 1 ||
		    sscanf(at, "start= %llu, size= %llu, type=%x", &start,
			   &size, &type) < 2)
			continue;
		guid = strstr(line, "uuid=");
		if (!guid && is_extended(type))
			continue;
		n++;
		snprintf(name, sizeof(name), "mmcblk0p%u", number);
		bd = blk_find(name);
		p = bd ? as_partition(bd) : NULL;
		if (!p || p->start != start || bd->sectors != size ||
		    (guid && strncasecmp(guid + 5, p->uuid, 36))) {
			printf("FAIL %s: %s", what, line);
			failures++;
		}
	}
	if (f)
		pclose(f);
	for (struct blkdev *bd = blk_first(); bd; bd = blk_next(bd))
		ours += !!as_partition(bd);
	if (ours != n) {
		printf("FAIL %s: %u partitions, not %u\n", what, ours, n);
		failures++;
	}
}

static void test_judges(void)
{
	struct host_disk d;
	char data[1024];

	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
		CHECK(!run("rm -f $1; truncate -s 32M $1"));
		if (run(tables[i].make)) {
			printf("FAIL %s cannot be made\n", tables[i].name);
			failures++;
		}
		CHECK(!host_disk_open(&d, image));
		strcpy(d.bd.name, "mmcblk0");
		d.bd.dev = (uint32_t)ABI_DEV(179, 0);
		scan(&d.bd);
		compare(tables[i].name);
		if (!strncmp(tables[i].name, "GPT", 3)) {
			/* The spare, with the same result. */
			d.data[512 + 60] ^= 1;
			scan(&d.bd);
			CHECK(host_log_has("damaged"));
			compare(tables[i].name);
			d.data[512 + 60] ^= 1;
			d.data[1024 + 40] ^= 1;
			scan(&d.bd);
			CHECK(host_log_has("damaged"));
			compare(tables[i].name);
			d.data[d.bytes - 512] ^= 1;
			CHECK(!scan(&d.bd));
		}
		if (!strcmp(tables[i].name, "MBR")) {
			struct blkdev *bd;

			scan(&d.bd);
			CHECK(!strcmp(partition_uuid(blk_find("mmcblk0p2")),
				      "1234abcd-02"));
			bd = blk_find("/dev/mmcblk0p1");
			CHECK(bd && bd->dev == ABI_DEV(179, 1));
			CHECK(partition_found_on(&d.bd) &&
			      !partition_found_on(bd) &&
			      !partition_uuid(&d.bd));
			memset(d.data + 2048 * 512, 7, 512);
			CHECK(!blk_rw(bd, BLK_READ, 0, data, 512) &&
			      data[0] == 7 && data[511] == 7);
			CHECK(blk_rw(bd, BLK_READ, 4095, data, 1024) ==
			      -EINVAL);
			data[0] = 9;
			CHECK(!blk_rw(bd, BLK_WRITE, 4095, data, 512) &&
			      d.data[(2048 + 4095) * 512] == 9);
			CHECK(!blk_flush(bd) && d.n_flushes == 1);
		}
		forget();
		host_disk_close(&d);
	}
}

/* ---- past the checks of blk_rw, as file systems come ---- */

static int last_err;

static void note_done(struct blk_request *rq)
{
	last_err = rq->err;
}

static int submit(struct blkdev *bd, uint64_t sector, void *buf, uint32_t n)
{
	struct blk_seg seg = { buf, n };
	struct blk_request rq = {
		.op = BLK_READ,
		.sector = sector,
		.segs = &seg,
		.nsegs = 1,
		.done = note_done,
	};

	last_err = 1;
	bd->submit(bd, &rq);
	return last_err;
}

/* ---- tables made here ---- */

#define SECTORS 4096u

static uint8_t content[SECTORS * 512];

static void put32(uint8_t *p, uint32_t v)
{
	put_le32(p, v);
}

static void put64(uint8_t *p, uint64_t v)
{
	put_le32(p, (uint32_t)v);
	put_le32(p + 4, (uint32_t)(v >> 32));
}

static void mbr_entry(uint64_t sector, unsigned i, unsigned type,
		      uint32_t start, uint32_t size)
{
	uint8_t *s = content + sector * 512, *e = s + 446 + 16 * i;

	e[4] = (uint8_t)type;
	put32(e + 8, start);
	put32(e + 12, size);
	s[510] = 0x55;
	s[511] = 0xaa;
}

static void test_mbr(void)
{
	struct host_disk d;
	struct blkdev *bd;
	char buf[1024];

	host_disk_memory(&d, content, sizeof(content));
	memset(content, 0, sizeof(content));
	CHECK(scan(&d.bd) == 0);
	mbr_entry(0, 0, 0x83, 10, 20);
	mbr_entry(0, 1, 0x83, 29, 10);   /* overlaps */
	mbr_entry(0, 2, 0x83, 4090, 7);  /* beyond the end */
	mbr_entry(0, 3, 0x83, 4090, 6);  /* to the end */
	CHECK(scan(&d.bd) == 2 && blk_find("vda1") && blk_find("vda4"));
	CHECK(host_log_has("in another one") && host_log_has("beyond"));
	bd = blk_find("vda1");
	CHECK(submit(bd, 19, buf, 512) == 0);
	CHECK(submit(bd, 19, buf, 1024) == -EIO);
	bd = blk_find("vda4");
	CHECK(submit(bd, 0, buf, 512) == 0 && submit(bd, 5, buf, 512) == 0);
	CHECK(submit(bd, 5, buf, 1024) == -EIO);
	CHECK(submit(bd, 6, buf, 512) == -EIO);
	CHECK(submit(bd, UINT64_MAX, buf, 512) == -EIO);
	mbr_entry(0, 1, 0x83, 0xffffffff, 0xffffffff);
	mbr_entry(0, 2, 0x83, 0, 5); /* the table itself */
	CHECK(scan(&d.bd) == 2);
	content[446] = 1; /* no status that there is */
	CHECK(scan(&d.bd) == 0);
	/* A chain that leads to itself, to its beginning, and a long one. */
	memset(content, 0, sizeof(content));
	mbr_entry(0, 0, 5, 100, 3000);
	mbr_entry(100, 0, 0x83, 1, 5);
	mbr_entry(100, 1, 5, 10, 10);
	mbr_entry(110, 0, 0x83, 1, 5);
	mbr_entry(110, 1, 5, 10, 10);
	CHECK(scan(&d.bd) == 2 && host_log_has("does not end"));
	mbr_entry(110, 1, 5, 0, 10);
	CHECK(scan(&d.bd) == 2 && !host_log_has("does not end"));
	mbr_entry(110, 1, 0xf, 0xffffffff, 10);
	CHECK(scan(&d.bd) == 2);
	for (unsigned i = 0; i < 200; i++) {
		mbr_entry(100 + 10 * i, 0, 0x83, 1, 5);
		mbr_entry(100 + 10 * i, 1, 5, 10 * (i + 1), 10);
	}
	CHECK(scan(&d.bd) == LINKS_MAX && host_log_has("does not end"));
	CHECK(blk_find("vda5") && blk_find("vda68"));
	/* A logical partition that leaves the extended one. */
	mbr_entry(100, 0, 0x83, 2999, 2);
	mbr_entry(100, 1, 0, 0, 0);
	CHECK(scan(&d.bd) == 0 && host_log_has("outside"));
	/* An extended one beyond the disk. */
	mbr_entry(0, 0, 5, 0xfffffff0, 3000);
	CHECK(scan(&d.bd) == 0);
	forget();
}

static void gpt_seal(unsigned unit, uint64_t lba, uint64_t table)
{
	uint8_t *h = content + lba * unit;
	uint32_t size = get_le32(h + GPT_COUNT) * get_le32(h + GPT_SIZE);

	put64(h + GPT_THIS_LBA, lba);
	put64(h + GPT_TABLE, table);
	if (table * unit < sizeof(content) &&
	    size <= sizeof(content) - table * unit)
		put32(h + GPT_TABLE_CRC, crc32(content + table * unit, size));
	put32(h + GPT_HEAD_CRC, 0);
	put32(h + GPT_HEAD_CRC, crc32(h, MIN(get_le32(h + GPT_HEAD_SIZE),
					     unit)));
}

/* A GPT with n partitions of eight blocks each. */
static void gpt_make(unsigned unit, unsigned n)
{
	uint8_t *h = content + unit;
	uint64_t blocks = sizeof(content) / unit;

	memset(content, 0, 64 << 10); /* nothing is written behind that */
	mbr_entry(0, 0, 0xee, 1, SECTORS - 1);
	memcpy(h, "EFI PART", 8);
	put32(h + GPT_REVISION, 0x10000);
	put32(h + GPT_HEAD_SIZE, 92);
	put64(h + GPT_FIRST, 40);
	put64(h + GPT_LAST, blocks - 40);
	put32(h + GPT_COUNT, 128);
	put32(h + GPT_SIZE, 128);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *e = content + 2 * unit + 128 * i;

		e[0] = 1;
		e[16] = (uint8_t)i;
		put64(e + ENTRY_FIRST, 40 + 8 * i);
		put64(e + ENTRY_LAST, 47 + 8 * i);
	}
	gpt_seal(unit, 1, 2);
}

static void test_gpt(void)
{
	uint8_t *h = content + 512, *e = content + 1024;
	struct host_disk d;
	struct blkdev *bd;

	host_disk_memory(&d, content, sizeof(content));
	gpt_make(512, 40);
	CHECK(scan(&d.bd) == 40 && !host_log_has("damaged"));
	bd = blk_find("vda16");
	CHECK(bd && ABI_DEV_MAJOR(bd->dev) == EXTENDED_MAJOR);
	CHECK(!strcmp(partition_uuid(bd),
		      "0000000f-0000-0000-0000-000000000000"));
	/* Blocks of 4096 bytes. */
	gpt_make(4096, 20);
	d.bd.block_size = 4096;
	CHECK(scan(&d.bd) == 20);
	bd = blk_find("vda2");
	CHECK(bd && as_partition(bd)->start == 48 * 8 && bd->sectors == 64);
	d.bd.block_size = 512;
	/* Places that are none. */
	gpt_make(512, 3);
	put64(e + ENTRY_FIRST, 48);
	put64(e + 128 + ENTRY_FIRST, 39);
	put64(e + 256 + ENTRY_LAST, UINT64_MAX);
	gpt_seal(512, 1, 2);
	CHECK(scan(&d.bd) == 0 && host_log_has("no place"));
	put64(h + GPT_FIRST, 0);
	put64(h + GPT_LAST, UINT64_MAX);
	put64(e + ENTRY_FIRST, 0);
	put64(e + 128 + ENTRY_LAST, UINT64_MAX);
	gpt_seal(512, 1, 2);
	CHECK(scan(&d.bd) == 0);
	/* A table that is none, with a checksum that is right. */
	gpt_make(512, 3);
	gpt_seal(512, 1, UINT64_MAX / 512);
	CHECK(scan(&d.bd) == 0);
	gpt_make(512, 3);
	put32(h + GPT_COUNT, 0xffffffff);
	gpt_seal(512, 1, 2);
	CHECK(scan(&d.bd) == 0);
	gpt_make(512, 3);
	put32(h + GPT_HEAD_SIZE, 0xffffffff);
	gpt_seal(512, 1, 2);
	CHECK(scan(&d.bd) == 0);
	gpt_make(512, 3);
	put32(h + GPT_SIZE, 3);
	gpt_seal(512, 1, 2);
	CHECK(scan(&d.bd) == 0);
	forget();
}

/* ---- any bytes, and things that fail ---- */

static uint32_t rand_state = 1;

static uint32_t rnd(uint32_t below)
{
	rand_state = rand_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(rand_state >> 8) * below >> 24);
}

/* A number that is likely to be on some border. */
static uint32_t odd_number(void)
{
	static const uint32_t odd[] = { 0, 1, 2, 100, SECTORS - 1, SECTORS,
					0x7fffffff, 0xffffffff, 128, 40 };

	return rnd(2) ? odd[rnd(ARRAY_SIZE(odd))] : rnd(SECTORS + 9);
}

static void test_any_bytes(void)
{
	struct host_disk d;
	unsigned found = 0;

	host_disk_memory(&d, content, sizeof(content));
	for (unsigned round = 0; round < 6000; round++) {
		bool gpt = round & 1;
		unsigned unit = round & 2 ? 512 : 4096;

		rand_state = round + 1;
		if (gpt) {
			gpt_make(unit, 5);
		} else {
			memset(content, 0, 512 * 200);
			for (unsigned s = 0; s < 4; s++)
				for (unsigned i = 0; i < 4; i++)
					mbr_entry(s * 50, i,
						  rnd(2) ? 5 : rnd(256),
						  rnd(2) ? 50 * rnd(4)
							 : odd_number(),
						  odd_number());
			if (rnd(4))
				for (unsigned i = 0; i < 4; i++)
					if (content[450 + 16 * i] == 0xee)
						content[450 + 16 * i] = 1;
		}
		for (unsigned n = rnd(6); gpt && n; n--)
			put32(content + (rnd(2) ? unit + 4 * rnd(24)
						: 2 * unit + 4 * rnd(200)),
			      odd_number());
		if (gpt) {
			memcpy(content + unit, "EFI PART", 8);
			gpt_seal(unit, 1, rnd(4) ? 2 : odd_number());
		}
		d.bd.block_size = unit;
		found += scan(&d.bd);
	}
	/* It did not just refuse all of it. */
	CHECK(found > 3000);
	forget();
}

static void test_failing(void)
{
	struct host_disk d;
	unsigned all = 0;

	gpt_make(512, 20);
	for (unsigned n = 1; n < 40; n++) {
		host_disk_memory(&d, content, sizeof(content));
		d.fail_nth = n;
		all += scan(&d.bd) == 20;
		d.fail_nth = 0;
		forget();
		host_disk_memory(&d, content, sizeof(content));
		blk_register(&d.bd);
		host_fail_alloc(n);
		disk_scan(&d.bd);
		host_fail_alloc(0);
		forget();
	}
	CHECK(all >= 36);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} tests[] = {
		{ "judges", test_judges },
		{ "MBR", test_mbr },
		{ "GPT", test_gpt },
		{ "any bytes", test_any_bytes },
		{ "failing", test_failing },
	};
	uint64_t pages, objects;
	int fd = mkstemps(image, 4);

	setvbuf(stdout, NULL, _IOLBF, 0);
	host_set_log_level(0);
	vfs_init();
	close(fd);
	pages = host_pages_in_use();
	objects = host_objects_in_use();
	for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
		int before = failures;

		tests[i].fn();
		CHECK(host_pages_in_use() == pages);
		CHECK(host_objects_in_use() == objects);
		printf("%s %s\n", failures == before ? "ok" : "FAIL",
		       tests[i].name);
	}
	run("rm -f $1 $1.sh");
	return failures ? 1 : 0;
}
