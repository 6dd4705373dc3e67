/*
 * Damage, and its repair: a structure is chosen, some of its bytes change, and
 * then all checksums that cover them are made again, inside out: else these
 * would catch nearly everything. What was touched, by this or by the file
 * system, is copied from the sound disk when an input is done.
 */
#include "fuzz.h"

#include "fs/ext4/crc32c.h"
#include "fs/ext4/jbd2.h"

#include <string.h>

void put_be32(void *p, uint32_t x)
{
	put_le32(p, bswap32(x));
}

#define UNIT_BITS 10u
#define UNIT      (1u << UNIT_BITS)

/* Units that differ from the sound disk, or may, and those that were damaged
 * since checksums were right. */
struct units {
	uint8_t has[MAX_BLOCKS];
	uint32_t list[MAX_BLOCKS];
	unsigned n;
};
static struct units touched, damaged;

static void units_add(struct units *u, uint64_t at, uint64_t n)
{
	if (!n || at >= base->bytes || n > base->bytes - at)
		return;
	for (uint64_t i = at >> UNIT_BITS; i <= (at + n - 1) >> UNIT_BITS;
	     i++) {
		if (!u->has[i])
			u->list[u->n++] = (uint32_t)i;
		u->has[i] = 1;
	}
}

static void units_clear(struct units *u)
{
	while (u->n)
		u->has[u->list[--u->n]] = 0;
}

void touch(uint64_t at, uint64_t n)
{
	units_add(&touched, at, n);
}

void restore(void)
{
	for (unsigned i = 0; i < touched.n; i++) {
		uint64_t at = (uint64_t)touched.list[i] << UNIT_BITS;

		memcpy(base->data + at, base->clean + at, UNIT);
	}
	units_clear(&touched);
	units_clear(&damaged);
}

/* Whole blocks: their checksums are at their ends. */
static void changed(const void *p, uint64_t n)
{
	uint64_t at = (uint64_t)((const unsigned char *)p - base->data);
	uint64_t first = round_down(at, (uint64_t)base->block_size);

	n = round_up(at + n, (uint64_t)base->block_size) - first;
	units_add(&touched, first, n);
	units_add(&damaged, first, n);
}

/* ---- checksums ---- */

static const struct ext4_super_block *super_of(const unsigned char *disk)
{
	return (const void *)(disk + 1024);
}

static uint32_t seed_of(const struct ext4_super_block *raw)
{
	if (raw->s_feature_incompat & EXT4_IN_CSUM_SEED)
		return raw->s_checksum_seed;
	return crc32c(~0u, raw->s_uuid, 16);
}

static uint32_t owner_seed(const struct object *o)
{
	const struct ext4_inode *raw = (const void *)(base->data + o->owner_at);
	uint32_t c = crc32c(seed_of(super_of(base->data)), &o->id, 4);

	return crc32c(c, &raw->i_generation, 4);
}

static void repair_inode(const struct object *o)
{
	struct ext4_inode *raw = (void *)(base->data + o->at);
	unsigned size = base->inode_size;
	bool wide = size > 128 && raw->i_extra_isize >= 4;
	uint32_t c;

	raw->i_checksum = 0;
	if (wide)
		raw->i_checksum_hi = 0;
	c = crc32c(owner_seed(o), raw, size);
	raw->i_checksum = (uint16_t)c;
	if (wide)
		raw->i_checksum_hi = (uint16_t)(c >> 16);
	changed(raw, size);
}

static void repair_index(const struct object *o)
{
	unsigned char *p = base->data + o->at;
	unsigned bs = base->block_size, off = o->kind == OBJ_DX ? 8 : 32;
	const struct ext4_dx_count *n = (const void *)(p + off);
	const uint32_t zero = 0;
	uint32_t c;

	if (off + n->limit * 8u + 8 > bs || off + n->count * 8u > bs)
		return;
	c = crc32c(owner_seed(o), p, off + n->count * 8u);
	c = crc32c(c, p + off + n->limit * 8u, 4);
	c = crc32c(c, &zero, 4);
	put_le32(p + off + n->limit * 8u + 4, c);
}

static void repair_bitmap(const struct object *o)
{
	struct ext4_group_desc *d = (void *)(base->data + o->owner_at);
	const struct ext4_super_block *raw = super_of(base->clean);
	unsigned bits = o->kind == OBJ_BLOCKS ? raw->s_blocks_per_group
					      : raw->s_inodes_per_group;
	uint32_t c = crc32c(seed_of(super_of(base->data)), base->data + o->at,
			    bits / 8);

	if (o->kind == OBJ_BLOCKS)
		d->bg_block_bitmap_csum = (uint16_t)c;
	else
		d->bg_inode_bitmap_csum = (uint16_t)c;
	if (base->desc_size > 32 && o->kind == OBJ_BLOCKS)
		d->bg_block_bitmap_csum_hi = (uint16_t)(c >> 16);
	if (base->desc_size > 32 && o->kind == OBJ_INODES)
		d->bg_inode_bitmap_csum_hi = (uint16_t)(c >> 16);
	changed(d, base->desc_size);
}

static void repair_desc(const struct object *o)
{
	struct ext4_group_desc *d = (void *)(base->data + o->at);
	uint32_t c = crc32c(seed_of(super_of(base->data)), &o->id, 4);

	d->bg_checksum = 0;
	d->bg_checksum = (uint16_t)crc32c(c, d, base->desc_size);
}

/* ---- of the log ---- */

static uint32_t log_seed;
static bool log_sums;

static void log_begin(void)
{
	const struct jbd2_super *s;

	log_sums = false;
	if (!base->n_kind[OBJ_LOG])
		return;
	s = (const void *)(base->data +
			   base->objects[base->by_kind[OBJ_LOG]].at);
	log_seed = crc32c(~0u, s->s_uuid, 16);
	log_sums = s->s_feature_incompat & bswap32(JBD2_INCOMPAT_CSUM_V3);
}

static void repair_log(const struct object *o)
{
	const unsigned bs = base->block_size;
	unsigned char *p = base->data + o->at, *sum = p + bs - JBD2_TAIL_BYTES;
	const uint32_t tid = bswap32(o->id);
	uint32_t c = log_seed;
	unsigned n = bs;

	if (o->kind == OBJ_LOGGED) {
		put_be32(base->data + o->owner_at,
			 crc32c(crc32c(c, &tid, 4), p, bs));
		changed(base->data + o->owner_at, 4);
		return;
	}
	if (o->kind == OBJ_COMMIT)
		sum = p + offsetof(struct jbd2_commit, c_chksum);
	if (o->kind == OBJ_LOG) {
		sum = p + offsetof(struct jbd2_super, s_checksum);
		c = ~0u;
		n = sizeof(struct jbd2_super);
	}
	put_be32(sum, 0);
	put_be32(sum, crc32c(c, p, n));
}

/* ---- all of it ---- */

static void repair_block(const struct object *o)
{
	const unsigned bs = base->block_size;
	const uint64_t block = o->block;
	unsigned char *p = base->data + o->at;
	const struct ext4_extent_header *h = (const void *)p;
	unsigned n;
	uint32_t c;

	switch (o->kind) {
	case OBJ_EXTENTS:
		n = 12 + 12u * h->eh_max;
		if (n + 4 <= bs)
			put_le32(p + n, crc32c(owner_seed(o), p, n));
		break;
	case OBJ_LEAF:
		put_le32(p + bs - 4, crc32c(owner_seed(o), p, bs - 12));
		break;
	case OBJ_XATTR:
		put_le32(p + 16, 0);
		c = crc32c(seed_of(super_of(base->data)), &block, 8);
		put_le32(p + 16, crc32c(c, p, bs));
		break;
	case OBJ_ORPHANS:
		c = crc32c(owner_seed(o), &block, 8);
		put_le32(p + bs - 4, crc32c(c, p, bs - 8));
		break;
	default:
		break;
	}
}

static void repair_object(const struct object *o)
{
	struct ext4_super_block *raw;

	if (o->kind < OBJ_LOGGED ? !base->has_csum : !log_sums)
		return;
	switch (o->kind) {
	case OBJ_LOGGED:
	case OBJ_TAGS:
	case OBJ_COMMIT:
	case OBJ_LOG:
		repair_log(o);
		break;
	case OBJ_INODE:
		repair_inode(o);
		break;
	case OBJ_DX_ROOT:
	case OBJ_DX:
		repair_index(o);
		break;
	case OBJ_BLOCKS:
	case OBJ_INODES:
		repair_bitmap(o);
		break;
	case OBJ_DESC:
		repair_desc(o);
		break;
	case OBJ_SUPER:
		raw = (void *)(base->data + o->at);
		raw->s_checksum = crc32c(~0u, raw, 1020);
		break;
	default:
		repair_block(o);
	}
	changed(base->data + o->at, 4);
}

/* Those of a kind in blocks that were damaged. */
static void repair_kind(enum kind kind)
{
	const unsigned bs = base->block_size;

	/* The list may grow. */
	for (unsigned i = 0; i < damaged.n; i++) {
		uint64_t at = (uint64_t)damaged.list[i] << UNIT_BITS;
		uint32_t k = base->in_block[at / bs];

		for (; k; k = base->objects[k - 1].next) {
			const struct object *o = &base->objects[k - 1];

			if (o->kind == kind)
				repair_object(o);
		}
	}
}

/* A new seed changes every checksum, a new generation those of all that
 * belongs to the inode. */
static bool seeds_differ(void)
{
	const unsigned bs = base->block_size;

	if (seed_of(super_of(base->data)) != seed_of(super_of(base->clean)))
		return true;
	for (unsigned i = 0; i < damaged.n; i++) {
		uint64_t at = (uint64_t)damaged.list[i] << UNIT_BITS;
		uint32_t k = base->in_block[at / bs];

		for (; k; k = base->objects[k - 1].next) {
			const struct object *o = &base->objects[k - 1];
			const unsigned at =
				offsetof(struct ext4_inode, i_generation);

			if (o->kind == OBJ_INODE &&
			    get_le32(base->data + o->at + at) !=
				    get_le32(base->clean + o->at + at))
				return true;
		}
	}
	return false;
}

void repair(bool all)
{
	all = all || (base->has_csum && seeds_differ());
	log_begin();
	for (unsigned i = 0; all && i < base->n_objects; i++)
		repair_object(&base->objects[i]);
	for (int kind = 0; !all && kind < OBJ_KINDS; kind++)
		repair_kind((enum kind)kind);
	units_clear(&damaged);
}

bool is_sound(const struct object *o)
{
	bool same = true;

	log_begin();
	repair_object(o);
	for (unsigned i = 0; i < touched.n; i++) {
		uint64_t at = (uint64_t)touched.list[i] << UNIT_BITS;

		same = same && !memcmp(base->data + at, base->clean + at, UNIT);
	}
	restore();
	return same;
}

/* ---- damage ---- */

static const struct object *choose(unsigned kind, unsigned n)
{
	kind %= OBJ_KINDS;
	while (!base->n_kind[kind])
		kind = (kind + 1) % OBJ_KINDS;
	return &base->objects[base->by_kind[kind] + n % base->n_kind[kind]];
}

/* A record in a block of names, counted from the last one. */
static uint64_t record_at(const struct object *o, unsigned n)
{
	unsigned end = base->block_size - (base->has_csum ? 12 : 0);
	unsigned starts[4096 / EXT4_DIRENT_MIN], count = 0, off = 0, len;

	for (; off + EXT4_DIRENT_MIN <= end; off += len) {
		starts[count++] = off;
		len = get_le16(base->data + o->at + off + 4);
		if (len < EXT4_DIRENT_MIN || len > end - off)
			break;
	}
	return o->at + starts[count - 1 - n % count];
}

/*
 * Byte 0: what is done; 1 and 2: to which structure; 3 and 4: where in it (its
 * head is where it is interesting, and the heads of names; with the highest
 * bit of 3, anywhere); 5: with which value. Some look at another structure,
 * which 4 and 5 choose.
 */
void damage(const uint8_t *r)
{
	static const uint32_t numbers[] = {
		0,        1,        2,          11,         12,     255,
		256,      0x7fff,   0x8000,     0xffff,     0xfffc, 1u << 16,
		1u << 24, 1u << 30, 0x7fffffff, 0xffffffff,
	};
	static const uint8_t often[] = { 0, 1, 2, 4, 8, 12, 254, 255 };
	const unsigned bs = base->block_size;
	const struct object *o = choose(r[1], r[2]);
	const struct object *other = choose(r[4], r[5]);
	uint64_t at =
		o->at + (r[3] & 0x80 ? (r[3] & 0x7f) + 128u * r[4] : r[3]) % bs;
	unsigned char *p;
	uint32_t v;

	if (o->kind == OBJ_LEAF && r[3] < 0x80)
		at = record_at(o, r[3] >> 3) + (r[3] & 7);
	/* Structures do not begin at blocks. */
	at = o->at / bs * bs + at % bs;
	if (r[0] % 16 >= 2)
		at &= ~3ull;
	p = base->data + at;
	v = get_le32(p);
	switch (r[0] % 16) {
	case 0:
		*p = r[5];
		break;
	case 1:
		*p = often[r[5] % ARRAY_SIZE(often)];
		break;
	case 2:
	case 3:
		put_le32(p, v + r[5] - 128);
		break;
	case 4:
		put_le32(p, r[5]);
		break;
	case 5:
		put_le32(p, v ^ 1u << (r[5] & 31));
		break;
	case 6:
		put_le32(p, numbers[r[5] % ARRAY_SIZE(numbers)]);
		break;
	case 7:
		put_be32(p, numbers[r[5] % ARRAY_SIZE(numbers)]);
		break;
	case 8:
		put_le16(p + 2 * (r[5] >> 7),
			 (uint16_t)numbers[r[5] % ARRAY_SIZE(numbers)]);
		break;
	case 9:
		put_le16(p + 2 * (r[5] >> 7), (uint16_t)(r[5] & 0x7f));
		break;
	case 10:
		put_be32(p, get_be32(p) + r[5] - 128);
		break;
	case 11:
		/* It is somebody else's, too. */
		put_le32(p, (uint32_t)(other->at / bs));
		break;
	case 12:
		put_le32(p, other->id);
		break;
	case 13:
		put_be32(p, (uint32_t)(other->at / bs));
		break;
	case 14:
		memcpy(p, base->data + other->at / bs * bs + at % bs,
		       MIN(64u, bs - at % bs));
		changed(p, MIN(64u, bs - at % bs));
		return;
	case 15:
		p = base->data + o->at / bs * bs;
		memmove(p, base->data + other->at / bs * bs, bs);
		changed(p, bs);
		return;
	}
	changed(p, 4);
}
