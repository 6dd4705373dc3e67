/*
 * Recovery of journals that debugfs wrote: what is on the disk afterwards is
 * what e2fsck makes of a copy, with every kind of checksum and width of block
 * numbers; journals that are damaged, or that this kernel does not know, are
 * refused with the disk as it was; and requests and allocations fail.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#define _GNU_SOURCE
#include "fs/ext4/crc32c.h"
#include "fs/ext4/ext4.h"
#include "fs/ext4/jbd2.h"
#include "fs/vfs.h"

#include "disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(cond, ...)                                                       \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s: ", __FILE__, __LINE__, #cond); \
			printf(__VA_ARGS__);                                   \
			printf("\n");                                          \
			if (++failures > 20)                                   \
				exit(1);                                       \
		}                                                              \
	} while (0)

static int failures;
static char folder[64];
static uint64_t bytes;    /* of the image */
static unsigned block_size;
static unsigned char *before, *ours, *theirs;
static uint32_t log_blocks[20000]; /* of the disk, by block of the journal */
static const char *kind;

static int run(const char *fmt, ...)
{
	char cmd[1500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static unsigned char *load(const char *name)
{
	char path[120];
	unsigned char *p;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	if (!f)
		abort();
	fseek(f, 0, SEEK_END);
	bytes = (uint64_t)ftell(f);
	rewind(f);
	p = malloc(bytes);
	CHECK(fread(p, 1, bytes, f) == bytes, "load %s", name);
	fclose(f);
	return p;
}

static void save(const char *name, const void *data)
{
	char path[120];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	CHECK(f && fwrite(data, 1, bytes, f) == bytes, "save %s", name);
	fclose(f);
}

static void load_map(void)
{
	char path[120];
	FILE *f;

	run("debugfs -R 'blocks <8>' %s/disk >%s/blocks 2>/dev/null", folder,
	    folder);
	snprintf(path, sizeof(path), "%s/blocks", folder);
	f = fopen(path, "r");
	for (unsigned i = 0; fscanf(f, "%u", &log_blocks[i]) == 1; i++)
		;
	fclose(f);
}

/* A block of the journal in memory. */
static unsigned char *log_at(unsigned char *data, unsigned n)
{
	return data + (uint64_t)log_blocks[n] * block_size;
}

static struct jbd2_super *log_super(unsigned char *data)
{
	return (void *)log_at(data, 0);
}

static void log_super_seal(unsigned char *data)
{
	struct jbd2_super *s = log_super(data);

	s->s_checksum = 0;
	s->s_checksum = bswap32(crc32c(~0u, s, sizeof(*s)));
}

/* Mounted and unmounted by us, in memory; what mount said. */
static struct host_disk disk;
static unsigned fail_request;

static int recover(unsigned char *data, bool read_only)
{
	struct super *sb;
	int err;

	host_disk_memory(&disk, data, bytes);
	disk.fail_nth = fail_request;
	err = ext4_type.mount(&ext4_type, &disk.bd, read_only, NULL, &sb);
	if (!err) {
		sb->refs = 1;
		super_put(sb);
	}
	host_disk_close(&disk);
	return err;
}

/* Blocks that differ, the super block and the journal left out. */
static unsigned differ(const unsigned char *a, const unsigned char *b)
{
	static bool in_log[1 << 16];
	unsigned n = 0;

	memset(in_log, 0, sizeof(in_log));
	for (unsigned i = 0; log_blocks[i]; i++)
		in_log[log_blocks[i]] = true;
	for (uint64_t i = 0; i < bytes / block_size; i++) {
		if (in_log[i] || i == 1024 / block_size)
			continue;
		n += memcmp(a + i * block_size, b + i * block_size,
			    block_size) != 0;
	}
	return n;
}

static void make(const char *options, const char *size, unsigned bs,
		 const char *journal, const char *script)
{
	char path[120];
	FILE *f;

	kind = options;
	block_size = bs;
	memset(log_blocks, 0, sizeof(log_blocks));
	CHECK(!run("cd %s; rm -f disk; mke2fs -q -F -t ext4 -I 256 -b %u %s "
		   "disk %s >/dev/null 2>&1",
		   folder, bs, options, size),
	      "mke2fs %s", options);
	load_map();
	snprintf(path, sizeof(path), "%s/script", folder);
	f = fopen(path, "w");
	fprintf(f, "jo %s\n%sjc\n", journal, script);
	fclose(f);
	CHECK(!run("cd %s; debugfs -w -f script disk >out 2>&1", folder),
	      "debugfs");
	free(before);
	before = load("disk");
}

/* Blocks of content, one of which looks like one of a journal. */
static void make_content(unsigned bs)
{
	CHECK(!run("cd %s; for i in 1 2 3 4 5; do "
		   "dd if=/dev/urandom of=c$i bs=%u count=4 2>/dev/null; done; "
		   "printf '\\300\\073\\071\\230' | dd of=c2 bs=1 seek=%u "
		   "conv=notrunc 2>/dev/null",
		   folder, bs, bs),
	      "content");
}

static const char *const script =
	"jw -b 2000,2001,2002,2003 c1\n"
	"jw -b 2001,2002,2004,2005 c2\n"
	"jw -r 2000,2004\n"
	"jw -b 2006,2000,2007,2008 c3\n"
	"jw -r 2003,2007\n"
	"jw -b 2007 c4\n"
	"jw -b 2009,2010,2011 -c c5\n";

/* As e2fsck does. */
static void same(void)
{
	free(ours);
	free(theirs);
	save("copy", before);
	run("cd %s; e2fsck -y -E journal_only copy >out 2>&1", folder);
	theirs = load("copy");
	CHECK(!run("cd %s; e2fsck -fn copy >out 2>&1 || { cat out; false; }",
		   folder),
	      "%s: e2fsck", kind);
	ours = load("disk");
	CHECK(differ(before, theirs) >= 5, "%s: nothing was played", kind);
	for (unsigned ro = 0; ro < 2; ro++) {
		memcpy(ours, before, bytes);
		CHECK(!recover(ours, ro), "%s: recovery", kind);
		CHECK(!differ(ours, theirs), "%s: %u blocks are not the same",
		      kind, differ(ours, theirs));
		CHECK(!log_super(ours)->s_start, "the log is not empty");
		save("copy", ours);
		CHECK(!run("cd %s; e2fsck -fn copy >out 2>&1 || "
			   "{ cat out; false; }",
			   folder),
		      "%s: e2fsck afterwards", kind);
	}
}

static void test_foreign(void)
{
	static const char *const journals[] = { "", "-c", "-c -v 2",
						"-c -v 3" };
	static const char *const disks[] = {
		"-J size=1",
		"-J size=1 -O ^64bit",
		"-J size=1 -O ^64bit,^extent,^metadata_csum",
	};

	make_content(1024);
	for (unsigned d = 0; d < ARRAY_SIZE(disks); d++) {
		/* debugfs miscounts the old kind of checksum, which it
		 * makes where there is no metadata_csum. */
		unsigned n = d == 2 ? 1 : ARRAY_SIZE(journals);

		for (unsigned k = 0; k < n; k++) {
			make(disks[d], "3M", 1024, journals[k], script);
			same();
		}
	}
	make_content(4096);
	make("-J size=4", "9M", 4096, "-c -v 3", script);
	same();
}

/* ---- what is refused ---- */

static void refused(int want, const char *word)
{
	int err;

	memcpy(ours, before, bytes);
	free(theirs);
	theirs = malloc(bytes);
	memcpy(theirs, before, bytes);
	for (unsigned ro = 0; ro < 2; ro++) {
		host_log_clear();
		err = recover(ours, ro);
		CHECK(err == want, "%s: %d", word, err);
		CHECK(host_log_has(word), "no message of %s", word);
		CHECK(!memcmp(ours, theirs, bytes), "%s: it was written to",
		      word);
	}
}

#define WITH(change, want, word)                                               \
	do {                                                                   \
		struct jbd2_super *s = log_super(before);                      \
		struct jbd2_super was = *s;                                    \
		change;                                                        \
		log_super_seal(before);                                        \
		refused(want, word);                                           \
		*s = was;                                                      \
	} while (0)

static void test_refused(void)
{
	struct ext4_super_block *es;
	uint32_t inum;

	make_content(1024);
	make("-J size=1 -O ^metadata_csum", "3M", 1024, "", script);
	WITH(s->s_feature_incompat |= bswap32(JBD2_INCOMPAT_FAST_COMMIT),
	     -EOPNOTSUPP, "fast_commit");
	WITH(s->s_feature_incompat |= bswap32(0x100), -EOPNOTSUPP,
	     "not known");
	WITH(s->s_feature_ro_compat = bswap32(1), -EOPNOTSUPP, "not known");
	WITH(s->s_header.h_blocktype = bswap32(JBD2_SUPER_V1), -EOPNOTSUPP,
	     "version 1");
	WITH(s->s_header.h_magic = 0, -EFSCORRUPTED, "magic");
	WITH(s->s_blocksize = bswap32(2048), -EFSCORRUPTED, "s_blocksize");
	WITH(s->s_maxlen = bswap32(1025), -EFSCORRUPTED, "s_maxlen");
	WITH(s->s_maxlen = bswap32(100), -EFSCORRUPTED, "s_maxlen");
	WITH(s->s_first = 0, -EFSCORRUPTED, "s_first");
	WITH(s->s_first = bswap32(1023), -EFSCORRUPTED, "s_first");
	WITH(s->s_start = bswap32(1024), -EFSCORRUPTED, "s_start");
	es = (void *)(before + 1024);
	inum = es->s_journal_inum;
	es->s_journal_inum = 0;
	refused(-EOPNOTSUPP, "on another disk");
	es->s_journal_inum = 2;
	refused(-EFSCORRUPTED, "inode");
	es->s_journal_inum = inum;
	make("-J size=1", "3M", 1024, "-c -v 3", script);
	log_super(before)->s_checksum ^= 1;
	refused(-EFSCORRUPTED, "checksum");
	log_super(before)->s_checksum ^= 1;
	WITH(s->s_feature_incompat |= bswap32(JBD2_INCOMPAT_CSUM_V2),
	     -EFSCORRUPTED, "two kinds");
	WITH(s->s_checksum_type = 1, -EOPNOTSUPP, "not known");
}

/* ---- damage in the log ---- */

static void test_damage(void)
{
	/* Transaction 1 is blocks 1 to 6 of the log, 2 is 7 to 12. */
	make_content(1024);
	make("-J size=1", "3M", 1024, "-c -v 3", script);
	log_at(before, 8)[500] ^= 1;
	refused(-EFSCORRUPTED, "bad checksum");
	log_at(before, 8)[500] ^= 1;
	log_at(before, 7)[500] ^= 1;
	refused(-EFSCORRUPTED, "more behind it");
	log_at(before, 7)[500] ^= 1;
	log_at(before, 12)[500] ^= 1;
	refused(-EFSCORRUPTED, "more behind it");
	log_at(before, 12)[500] ^= 1;
	log_at(before, 13)[500] ^= 1;
	refused(-EFSCORRUPTED, "more behind it");
	log_at(before, 13)[500] ^= 1;
	same();

	/* The last one: it never was. */
	make("-J size=1", "3M", 1024, "-c -v 3",
	     "jw -b 2000,2001,2002,2003 c1\n"
	     "jw -b 2001,2002,2004,2005 c2\n"
	     "jw -b 2006,2007,2008,2009 c3\n");
	log_at(before, 18)[500] ^= 1;
	same();
	/* A place that is in the journal, or nowhere. */
	make("-J size=1 -O ^metadata_csum", "3M", 1024, "",
	     "jw -b 2000,2001,2002,2003 c1\n");
	*(uint32_t *)(log_at(before, 1) + 12) = bswap32(log_blocks[3]);
	refused(-EFSCORRUPTED, "nowhere");
	*(uint32_t *)(log_at(before, 1) + 12) = bswap32(3072);
	refused(-EFSCORRUPTED, "nowhere");
}

/* Damage by chance: whatever it makes of it, it comes to an end. */
static void test_chance(bool csum)
{
	unsigned seed = 5, good = 0;

	make_content(1024);
	make(csum ? "-J size=1" : "-J size=1 -O ^metadata_csum", "3M", 1024,
	     csum ? "-c -v 3" : "", script);
	for (unsigned i = 0; i < 1500; i++) {
		memcpy(ours, before, bytes);
		for (unsigned k = 0; k < 1 + i % 3; k++) {
			unsigned block, at;

			seed = seed * 1103515245 + 12345;
			block = seed >> 16 & 31;
			seed = seed * 1103515245 + 12345;
			at = seed >> 8 & (seed & 128 ? 63 : 1023);
			seed = seed * 1103515245 + 12345;
			log_at(ours, block)[at] = (unsigned char)(seed >> 16);
			if (!block)
				log_super_seal(ours);
		}
		good += !recover(ours, i & 1);
	}
	CHECK(good > 50 && good < 1500, "%u of 1500 recovered", good);
}

/* ---- what fails ---- */

static void test_failing(void)
{
	unsigned n;
	int err;

	make_content(1024);
	make("-J size=1", "3M", 1024, "-c -v 3", script);
	same();
	for (n = 1; n < 1000; n++) {
		memcpy(ours, before, bytes);
		fail_request = n;
		err = recover(ours, false);
		fail_request = 0;
		if (!err && disk.fail_nth)
			break;
		err = recover(ours, false);
		CHECK(!err, "request %u, and again: %d", n, err);
		CHECK(!differ(ours, theirs), "request %u", n);
	}
	CHECK(n > 20 && n < 1000, "%u requests", n);
	for (n = 1; n < 2000; n++) {
		memcpy(ours, before, bytes);
		host_fail_alloc(n);
		err = recover(ours, n & 1);
		host_fail_alloc(0);
		CHECK(!err || err == -ENOMEM || err == -EINVAL,
		      "allocation %u: %d", n, err);
		if (!err && n > 400)
			break;
		err = recover(ours, false);
		CHECK(!err && !differ(ours, theirs), "allocation %u, and "
		      "again: %d", n, err);
	}
}

int main(void)
{
	uint64_t objects;

	strcpy(folder, "/tmp/recover_test.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	vfs_init();
	host_set_log_level(-1);
	test_foreign();
	reclaim_all();
	objects = host_objects_in_use();
	test_refused();
	test_damage();
	test_chance(true);
	test_chance(false);
	test_failing();
	reclaim_all();
	CHECK(host_objects_in_use() == objects, "%lu objects, were %lu",
	      (unsigned long)host_objects_in_use(), (unsigned long)objects);
	run("rm -rf %s", folder);
	free(before);
	free(ours);
	free(theirs);
	printf("%s\n", failures ? "FAIL" : "ok");
	return failures != 0;
}
