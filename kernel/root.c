/*
 * See root.h. An ext4 tells its label and its UUID in its superblock, so that
 * is read of each disk and each partition, when somebody wants to know; it is
 * fs/ext4 alone that then looks whether it may be believed.
 */
#include "kernel/root.h"

#include "fs/blk.h"
#include "fs/ext4/format.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/cpu.h"
#include "kernel/dev/mmc.h"
#include "kernel/dev/partition.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/time.h"

#define SUPER_SECTOR 2
#define SUPER_SIZE   1024
#define LABEL_SIZE   17

/* What an ext4 calls itself. */
struct identity {
	char label[LABEL_SIZE];
	char uuid[PARTITION_UUID_SIZE];
};

/* Has bd an ext4? buf: SUPER_SIZE bytes. */
static bool identify(struct blkdev *bd, struct ext4_super_block *buf,
		     struct identity *id)
{
	const uint8_t *u = buf->s_uuid;

	if (partition_found_on(bd) ||
	    blk_rw(bd, BLK_READ, SUPER_SECTOR, buf, SUPER_SIZE) ||
	    buf->s_magic != EXT4_MAGIC)
		return false;
	strlcpy(id->label, "", sizeof(id->label));
	/* It need not end with a 0; and it is printed. */
	for (unsigned i = 0; i < sizeof(buf->s_volume_name); i++) {
		char c = buf->s_volume_name[i];

		id->label[i] = c && (c < ' ' || c > '~') ? '?' : c;
		id->label[i + 1] = '\0';
	}
	snprintf(id->uuid, sizeof(id->uuid),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x",
		 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9],
		 u[10], u[11], u[12], u[13], u[14], u[15]);
	return true;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_uuid(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return !*a && !*b;
}

/* What stands behind "LABEL=" and the like, or NULL. */
static const char *behind(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) ? NULL : text + n;
}

/* The disk that is meant by `root`, "" for the first with an ext4; or NULL. */
static struct blkdev *root_find(const char *root, struct ext4_super_block *buf)
{
	const char *label = behind(root, "LABEL=");
	const char *uuid = behind(root, "UUID=");
	const char *partuuid = behind(root, "PARTUUID=");
	struct blkdev *bd;

	if (*root && !label && !uuid && !partuuid)
		return blk_find(root);
	for (bd = blk_first(); bd; bd = blk_next(bd)) {
		const char *is = partition_uuid(bd);
		struct identity id;

		if (partuuid) {
			if (is && same_uuid(is, partuuid))
				break;
		} else if (identify(bd, buf, &id)) {
			if (label ? !strcmp(label, id.label)
				  : !uuid || same_uuid(uuid, id.uuid))
				break;
		}
	}
	return bd;
}

/* The disks there are, for somebody whose root was not found. */
__attribute__((cold))
static void tell_disks(struct ext4_super_block *buf)
{
	for (struct blkdev *bd = blk_first(); bd; bd = blk_next(bd)) {
		const char *part = partition_uuid(bd);
		struct identity id;
		bool ext4 = identify(bd, buf, &id);

		pr_err("  %s: %llu MiB%s%s%s%s%s%s%s\n", bd->name,
		       (unsigned long long)(bd->sectors >> 11),
		       ext4 ? ", ext4 LABEL=" : "", ext4 ? id.label : "",
		       ext4 ? " UUID=" : "", ext4 ? id.uuid : "",
		       part ? " PARTUUID=" : "", part ? part : "",
		       partition_found_on(bd) ? ", partitions" : "");
	}
}

/* A number of seconds behind a boot argument, else `otherwise`. */
static uint64_t seconds(const char *name, uint64_t otherwise)
{
	char text[8];
	uint64_t n = 0;

	if (!bootarg(name, text, sizeof(text)) || !*text)
		return otherwise;
	for (const char *c = text; *c >= '0' && *c <= '9'; c++)
		n = n * 10 + (uint64_t)(*c - '0');
	return n;
}

/* Looks once, or as long as "rootwait" wants. */
static struct blkdev *root_wait(const char *root, struct ext4_super_block *buf)
{
	char word[8];
	bool wait = bootarg("rootwait", word, sizeof(word)), told = false;
	uint64_t patience = seconds("rootwait", UINT64_MAX);
	struct blkdev *bd;

	mmc_nap(seconds("rootdelay", 0) * NSEC_PER_SEC);
	for (;;) {
		mmc_settle(told);
		partition_scan();
		bd = root_find(root, buf);
		if (bd || !wait || !patience--)
			return bd;
		if (!told)
			pr_notice("waiting for the root%s%s\n",
				  *root ? " " : "", root);
		told = true;
		mmc_nap(NSEC_PER_SEC);
	}
}

void root_mount(bool ram)
{
	struct ext4_super_block *buf = kmalloc(SUPER_SIZE, GFP_KERNEL);
	char root[128], word[8];
	struct blkdev *bd;

	if (!bootarg("root", root, sizeof(root)))
		strlcpy(root, "", sizeof(root));
	if (!strcmp(root, "/dev/ram"))
		strlcpy(root, "ram", sizeof(root));
	if (!buf || (ram && !*root) || !strcmp(root, "ram")) {
		/* The other disks are there all the same. */
		mmc_settle(false);
		partition_scan();
		kfree(buf);
		return;
	}
	bd = root_wait(root, buf);
	/* Nothing looks right: let the first say why not. */
	if (!bd && !*root)
		bd = blk_first();
	if (!bd || vfs_mount_root(bd, bootarg("ro", word, sizeof(word)))) {
		pr_err("no root%s%s: it stays in RAM. %s\n", *root ? " " : "",
		       root, blk_first() ? "There are:" : "There is no disk.");
		tell_disks(buf);
	}
	kfree(buf);
}
