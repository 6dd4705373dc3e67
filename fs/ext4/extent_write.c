/*
 * Changing the tree of extents.
 *
 * Everything that happens to a tree is one thing: in one leaf, n entries become
 * m others (tree_replace). Inserting with merging, converting a part of an
 * extent, cutting, punching only decide which. If the entries do not fit, the
 * node is split, which makes two of one entry in the node above; if none are
 * left the node goes, which makes none of one; if the first has another key,
 * that is an entry above, too. So the change goes up as far as it must, and at
 * the root makes the tree deeper, or empty.
 *
 * It is done in two halves. The first decides what becomes of each level, asks
 * for the buffers, takes new blocks, frees old ones; whatever may fail is
 * there, and is undone. The second moves entries and cannot fail. When more
 * than one thing has to be freed and not the first of them fails, the journal
 * is aborted: what is on the disk by then is the state before.
 *
 * Nodes that become sparse are not joined with their neighbours, but a tree of
 * which so little is left that it fits into the inode goes back there.
 */
#include "fs/ext4/extent.h"

#include "fs/ext4/crc32c.h"
#include "fs/ext4/map_write.h"
#include "fs/ext4/write.h"

#define LEVELS (EXT4_EXT_MAX_DEPTH + 1u)

/* A change adds two entries at most; two nodes must have room for them. */
#define ENTRIES_MIN 4u

#define UNWRITTEN_MAX (EXT4_EXT_INIT_MAX - 1u)

/* The way from the root to the leaf where a file block is, or would be. */
struct way {
	unsigned depth; /* of the root; the leaf is nodes[depth] */
	uint64_t end;   /* the first file block that belongs to the next leaf */
	struct way_node {
		struct buf *bp; /* NULL: the root */
		struct ext4_extent_header *h;
		/* The entry that leads on. In the leaf: how many begin at the
		 * block or before. */
		unsigned at;
	} nodes[LEVELS];
};

/* What becomes of one node. */
struct edit {
	unsigned first, n_old, n_new; /* entries that are replaced */
	struct ext4_extent new[3];    /* by these; or indexes, of one size */
	unsigned count;               /* entries then */
	bool split, drop;
	struct buf *fresh; /* where the rest of a split goes */
};

struct change {
	unsigned top; /* the uppermost node that changes */
	struct edit edits[LEVELS];
};

/* ---- going down ---- */

static void way_put(struct way *w)
{
	for (unsigned i = 0; i < LEVELS; i++) {
		buf_put(w->nodes[i].bp);
		w->nodes[i].bp = NULL;
	}
}

/* A node that writing can rely on: room for splits, inside its place. */
static bool node_usable(const struct ext4_extent_header *h, uint64_t end)
{
	unsigned n = h->eh_entries;

	if (h->eh_max < ENTRIES_MIN)
		return false;
	if (!n)
		return true;
	if (h->eh_depth)
		return ext4_indexes(h)[n - 1].ei_block < end;
	return ext4_extent_end(&ext4_extents(h)[n - 1]) <= end;
}

static int way_find(struct inode *ip, uint64_t lblk, struct way *w)
{
	struct ext4_extent_header *h = ext4_root(ip);
	unsigned level = 0, n;
	int err;

	memset(w, 0, sizeof(*w));
	w->depth = h->eh_depth;
	w->end = EXT4_FILE_BLOCKS_END;
	w->nodes[0].h = h;
	for (;;) {
		const struct ext4_extent_idx *x;
		struct buf *bp;

		if (!node_usable(h, w->end)) {
			err = ext4_corrupt(ext4_sb(ip->sb),
					   "inode %llu: extents: bad node at "
					   "level %u",
					   (unsigned long long)ip->ino, level);
			break;
		}
		n = ext4_node_search(h, lblk);
		if (level == w->depth) {
			w->nodes[level].at = n;
			return 0;
		}
		if (!n) /* before all: the first leaf's */
			n = 1;
		x = &ext4_indexes(h)[n - 1];
		if (n < h->eh_entries)
			w->end = x[1].ei_block;
		w->nodes[level].at = n - 1;
		level++;
		err = ext4_node_read(ip, ext4_index_block(x), w->depth - level,
				     x->ei_block, &bp);
		if (err)
			break;
		h = bp->data;
		w->nodes[level].bp = bp;
		w->nodes[level].h = h;
	}
	way_put(w);
	return err;
}

/* ---- planning ---- */

static uint32_t key_after(const struct edit *e, const struct way_node *nd)
{
	const struct ext4_extent *x = ext4_extents(nd->h);

	if (e->first)
		return x->ee_block;
	return e->n_new ? e->new[0].ee_block : x[e->n_old].ee_block;
}

static void change_plan(struct change *c, const struct way *w, unsigned first,
			unsigned n_old, const struct ext4_extent *new,
			unsigned n_new)
{
	unsigned level = w->depth;
	struct edit *e, *up;

	memset(c, 0, sizeof(*c));
	e = &c->edits[level];
	e->first = first;
	e->n_old = n_old;
	e->n_new = n_new;
	if (n_new)
		memcpy(e->new, new, n_new * sizeof(*new));
	for (;; level--, e = up) {
		const struct way_node *nd = &w->nodes[level];
		unsigned at;

		e->count = nd->h->eh_entries - e->n_old + e->n_new;
		e->split = e->count > nd->h->eh_max;
		c->top = level;
		if (!level)
			return;
		e->drop = !e->count;
		at = w->nodes[level - 1].at;
		up = &c->edits[level - 1];
		up->first = at;
		up->n_old = 1;
		if (e->drop)
			continue;
		up->new[0].ee_block = key_after(e, nd);
		if (e->split)
			up->n_new = 2;
		else if (up->new[0].ee_block !=
			 ext4_indexes(w->nodes[level - 1].h)[at].ei_block)
			up->n_new = 1;
		else
			return;
	}
}

/* Buffers and new nodes: all that may fail and can be taken back. */
static int change_prepare(struct handle *h, struct inode *ip, struct way *w,
			  struct change *c)
{
	uint64_t goal = 0;
	int err = 0;

	if (c->edits[0].split && w->depth == EXT4_EXT_MAX_DEPTH)
		return -ENOSPC;
	for (unsigned i = w->depth + 1; i-- > c->top && !err;) {
		struct edit *e = &c->edits[i];
		struct buf *bp = w->nodes[i].bp;

		if (bp && !e->drop)
			err = journal_write_access(h, bp);
		if (bp)
			goal = bp->block + 1;
		if (!err && e->split)
			err = ext4_new_meta_block(h, ip, goal, &e->fresh);
	}
	return err;
}

static void change_undo(struct handle *h, struct inode *ip, struct change *c)
{
	for (unsigned i = 0; i < LEVELS; i++) {
		struct buf *bp = c->edits[i].fresh;
		uint64_t block;
		int err;

		if (!bp)
			continue;
		block = bp->block;
		buf_put(bp);
		err = ext4_free_blocks(h, ip, block, 1, true);
		if (err)
			journal_abort(ext4_sb(ip->sb), err);
	}
}

/* Gives back what the change makes superfluous: blocks of data, and nodes. */
static int change_free(struct handle *h, struct inode *ip, struct way *w,
		       struct change *c, uint64_t start, uint64_t len)
{
	bool begun = false;
	int err = 0;

	if (len) {
		err = ext4_free_blocks(h, ip, start, len,
				       ext4_map_revokes(ip));
		begun = true;
	}
	for (unsigned i = w->depth; i > c->top && !err; i--) {
		struct way_node *nd = &w->nodes[i];
		uint64_t block;

		if (!c->edits[i].drop)
			continue;
		block = nd->bp->block;
		buf_put(nd->bp);
		nd->bp = NULL;
		err = ext4_free_blocks(h, ip, block, 1, true);
		if (err && begun)
			journal_abort(ext4_sb(ip->sb), err);
		begun = true;
	}
	return err;
}

/* ---- doing it: nothing fails from here on ---- */

static void node_seal(struct ext4_sb *es, const struct buf *bp, void *data,
		      uint64_t arg)
{
	const struct ext4_extent_header *h = data;
	size_t at = ext4_node_tail(h);

	put_le32((char *)data + at, crc32c((uint32_t)arg, data, at));
}

static void node_dirty(struct handle *h, struct inode *ip, struct buf *bp)
{
	ext4_buf_set_checked(bp, EXT4_CHECKED(EXT4_KIND_EXTENTS, ip->ino));
	journal_dirty(h, bp, h->es->has_csum ? node_seal : NULL,
		      ext4_info(ip)->csum_seed);
}

/* Entry i of those that there will be. */
static struct ext4_extent *entry_after(const struct way_node *nd,
				       struct edit *e, unsigned i)
{
	struct ext4_extent *x = ext4_extents(nd->h);

	if (i < e->first)
		return &x[i];
	i -= e->first;
	if (i < e->n_new)
		return &e->new[i];
	return &x[e->first + e->n_old + i - e->n_new];
}

/* The first `keep` entries of those that there will be are now. */
static void node_keep(struct way_node *nd, const struct edit *e, unsigned keep)
{
	struct ext4_extent *x = ext4_extents(nd->h) + e->first;
	unsigned n = keep > e->first ? keep - e->first : 0;
	unsigned rest = n > e->n_new ? n - e->n_new : 0;

	memmove(x + e->n_new, x + e->n_old, rest * sizeof(*x));
	memcpy(x, e->new, (n - rest) * sizeof(*x));
	nd->h->eh_entries = (uint16_t)keep;
}

static void index_set(struct ext4_extent *entry, uint32_t key, uint64_t block)
{
	struct ext4_extent_idx *x = (struct ext4_extent_idx *)entry;

	x->ei_block = key;
	x->ei_leaf = (uint32_t)block;
	x->ei_leaf_hi = (uint16_t)(block >> 32);
	x->ei_unused = 0;
}

/* Makes the node that takes the entries from `keep` on. */
static void node_fill_fresh(struct handle *h, struct inode *ip,
			    const struct way_node *nd, struct edit *e,
			    unsigned keep)
{
	struct ext4_extent_header *to = e->fresh->data;

	to->eh_magic = EXT4_EXT_MAGIC;
	to->eh_entries = (uint16_t)(e->count - keep);
	to->eh_max = (uint16_t)ext4_node_room(h->es);
	to->eh_depth = nd->h->eh_depth;
	to->eh_generation = nd->h->eh_generation;
	for (unsigned i = keep; i < e->count; i++)
		ext4_extents(to)[i - keep] = *entry_after(nd, e, i);
	node_dirty(h, ip, e->fresh);
}

static void root_apply(struct handle *h, struct inode *ip, struct way_node *nd,
		       struct edit *e)
{
	struct ext4_extent_header *root = nd->h;
	uint32_t key;

	if (!e->split) {
		node_keep(nd, e, e->count);
		if (!e->count)
			root->eh_depth = 0;
		return;
	}
	/* Everything moves down. */
	key = entry_after(nd, e, 0)->ee_block;
	node_fill_fresh(h, ip, nd, e, 0);
	index_set(ext4_extents(root), key, e->fresh->block);
	root->eh_entries = 1;
	root->eh_depth++;
}

static void change_apply(struct handle *h, struct inode *ip, struct way *w,
			 struct change *c)
{
	for (unsigned i = w->depth; i > 0 && i >= c->top; i--) {
		struct way_node *nd = &w->nodes[i];
		struct edit *e = &c->edits[i], *up = &c->edits[i - 1];
		unsigned keep = e->count;

		if (e->drop)
			continue;
		if (e->split) {
			/* Who writes from the front to the end leaves full
			 * nodes behind. */
			keep = e->first + e->n_old == nd->h->eh_entries
				       ? nd->h->eh_max
				       : e->count / 2;
			node_fill_fresh(h, ip, nd, e, keep);
			index_set(&up->new[1],
				  ext4_extents(e->fresh->data)->ee_block,
				  e->fresh->block);
		}
		node_keep(nd, e, keep);
		node_dirty(h, ip, nd->bp);
		index_set(&up->new[0], ext4_extents(nd->h)->ee_block,
			  nd->bp->block);
	}
	if (!c->top)
		root_apply(h, ip, &w->nodes[0], &c->edits[0]);
}

/*
 * In the leaf of w, entries [first, first + n_old) become the n_new of `new`
 * (two more than before at most). Blocks [start, start + len) of data, in one
 * group, are freed with it. Counts nodes and freed blocks in ip->blocks; the
 * caller makes the inode dirty. w is used up.
 */
static int tree_replace(struct handle *h, struct inode *ip, struct way *w,
			unsigned first, unsigned n_old,
			const struct ext4_extent *new, unsigned n_new,
			uint64_t start, uint64_t len)
{
	int64_t blocks = -(int64_t)len;
	struct change c;
	int err;

	change_plan(&c, w, first, n_old, new, n_new);
	err = change_prepare(h, ip, w, &c);
	if (!err)
		err = change_free(h, ip, w, &c, start, len);
	if (err) {
		change_undo(h, ip, &c);
	} else {
		change_apply(h, ip, w, &c);
		for (unsigned i = c.top; i <= w->depth; i++) {
			blocks += c.edits[i].split;
			blocks -= c.edits[i].drop;
			buf_put(c.edits[i].fresh);
		}
		if (blocks)
			ext4_add_blocks(ip, blocks);
	}
	way_put(w);
	return err;
}

/*
 * What one tree_replace may want, beside the inode: the nodes of the way; for
 * each a group and a revoke record when it goes; or for each new one a group,
 * itself, and the record when it is taken back.
 */
static unsigned replace_credits(const struct inode *ip, bool may_split)
{
	unsigned depth = ext4_root(ip)->eh_depth;

	return depth + (may_split ? (depth + 1) * (EXT4_CREDITS_ALLOC + 2)
				  : depth * (EXT4_CREDITS_ALLOC + 1));
}

static int want_credits(struct handle *h, unsigned n)
{
	return h->credits >= n ? 0 : handle_extend(h, n - h->credits);
}

/* If all of the tree fits into the root, it goes there. Nothing depends on
 * it. */
static int tree_shrink(struct handle *h, struct inode *ip)
{
	struct ext4_extent_header *root = ext4_root(ip), *child, old;
	struct ext4_extent *x = ext4_extents(root), old_x;
	uint64_t block;
	struct buf *bp;
	int err;

	while (root->eh_depth && root->eh_entries == 1 &&
	       h->credits >= EXT4_CREDITS_ALLOC + 1) {
		block = ext4_index_block(ext4_indexes(root));
		if (ext4_node_read(ip, block, root->eh_depth - 1u,
				   ext4_indexes(root)->ei_block, &bp))
			return 0;
		child = bp->data;
		if (child->eh_entries > root->eh_max) {
			buf_put(bp);
			return 0;
		}
		old = *root;
		old_x = *x;
		memcpy(x, ext4_extents(child), child->eh_entries * sizeof(*x));
		root->eh_entries = child->eh_entries;
		root->eh_depth = child->eh_depth;
		buf_put(bp);
		err = ext4_free_blocks(h, ip, block, 1, true);
		if (err) {
			*root = old;
			*x = old_x;
			return err;
		}
		ext4_add_blocks(ip, -1);
	}
	return 0;
}

/* ---- extents as the callers want them ---- */

static void extent_set(struct ext4_extent *x, uint32_t lblk, uint64_t pblk,
		       uint32_t len, bool unwritten)
{
	x->ee_block = lblk;
	x->ee_len = (uint16_t)(unwritten ? len + EXT4_EXT_INIT_MAX : len);
	x->ee_start = (uint32_t)pblk;
	x->ee_start_hi = (uint16_t)(pblk >> 32);
}

/* Can b be a part of a? An extent is never joined in part, so that nobody's
 * extent is split by what a neighbour does. */
static bool extents_join(const struct ext4_extent *a,
			 const struct ext4_extent *b)
{
	bool unwritten = ext4_extent_unwritten(a);
	uint32_t len = ext4_extent_len(a);

	return ext4_extent_unwritten(b) == unwritten &&
	       a->ee_block + len == b->ee_block &&
	       ext4_extent_start(a) + len == ext4_extent_start(b) &&
	       len + ext4_extent_len(b) <=
		       (unwritten ? UNWRITTEN_MAX : EXT4_EXT_INIT_MAX);
}

/* b becomes a part of a. What marks a as unwritten stays. */
static void extent_take(struct ext4_extent *a, const struct ext4_extent *b)
{
	a->ee_len = (uint16_t)(a->ee_len + ext4_extent_len(b));
}

/* Entries [*first, *first + *n_old) of the leaf become `list`; takes those on
 * either side in, too, if they join. */
static void list_widen(const struct ext4_extent_header *leaf,
		       struct ext4_extent *list, unsigned n,
		       unsigned *first, unsigned *n_old)
{
	const struct ext4_extent *x = ext4_extents(leaf);

	if (*first && extents_join(&x[*first - 1], &list[0])) {
		struct ext4_extent left = x[*first - 1];

		extent_take(&left, &list[0]);
		list[0] = left;
		--*first;
		++*n_old;
	}
	if (*first + *n_old < leaf->eh_entries &&
	    extents_join(&list[n - 1], &x[*first + *n_old])) {
		extent_take(&list[n - 1], &x[*first + *n_old]);
		++*n_old;
	}
}

int ext4_extent_insert(struct handle *h, struct inode *ip, uint32_t lblk,
		       uint64_t pblk, uint32_t len, bool unwritten)
{
	uint64_t end = (uint64_t)lblk + len;
	struct ext4_extent list[2];
	const struct ext4_extent *x;
	unsigned n = 1, first, n_old = 0;
	struct way w;
	uint32_t most = unwritten ? UNWRITTEN_MAX : EXT4_EXT_INIT_MAX;
	int err;

	if (end > EXT4_FILE_BLOCKS_END)
		return -EFBIG;
	err = want_credits(h, replace_credits(ip, true));
	if (!err)
		err = way_find(ip, lblk, &w);
	if (err)
		return err;
	first = w.nodes[w.depth].at;
	x = ext4_extents(w.nodes[w.depth].h) + first;
	if ((first && ext4_extent_end(x - 1) > lblk) ||
	    (first < w.nodes[w.depth].h->eh_entries && x->ee_block < end) ||
	    w.end < end) {
		way_put(&w);
		return ext4_corrupt(ext4_sb(ip->sb),
				    "inode %llu: blocks %u to %llu are there "
				    "already",
				    (unsigned long long)ip->ino, lblk,
				    (unsigned long long)end - 1);
	}
	extent_set(&list[0], lblk, pblk, MIN(len, most), unwritten);
	if (len > most) {
		extent_set(&list[1], lblk + most, pblk + most, len - most,
			   unwritten);
		n = 2;
	}
	list_widen(w.nodes[w.depth].h, list, n, &first, &n_old);
	err = tree_replace(h, ip, &w, first, n_old, list, n, 0, 0);
	if (!err)
		ext4_add_blocks(ip, len);
	return err;
}

/* Converts what begins at *lblk or behind it; 0 and *lblk moved on. */
static int convert_step(struct handle *h, struct inode *ip, uint64_t *lblk,
			uint64_t end)
{
	struct ext4_extent list[3];
	const struct ext4_extent_header *leaf;
	const struct ext4_extent *x;
	unsigned n = 0, first, n_old = 1;
	uint64_t lo, hi, start;
	struct way w;
	int err;

	err = way_find(ip, *lblk, &w);
	if (err)
		return err;
	leaf = w.nodes[w.depth].h;
	first = w.nodes[w.depth].at;
	x = ext4_extents(leaf) + first;
	/* The extent that *lblk is in, or the next one. */
	if (first && ext4_extent_end(x - 1) > *lblk) {
		first--;
		x--;
	}
	if (first == leaf->eh_entries) {
		*lblk = w.end;
		way_put(&w);
		return 0;
	}
	lo = MAX((uint64_t)x->ee_block, *lblk);
	hi = MIN(ext4_extent_end(x), end);
	*lblk = ext4_extent_end(x);
	if (hi <= lo || !ext4_extent_unwritten(x)) {
		way_put(&w);
		return 0;
	}
	start = ext4_extent_start(x) - x->ee_block;
	if (lo > x->ee_block)
		extent_set(&list[n++], x->ee_block, start + x->ee_block,
			   (uint32_t)(lo - x->ee_block), true);
	extent_set(&list[n++], (uint32_t)lo, start + lo, (uint32_t)(hi - lo),
		   false);
	if (hi < *lblk)
		extent_set(&list[n++], (uint32_t)hi, start + hi,
			   (uint32_t)(*lblk - hi), true);
	list_widen(leaf, list, n, &first, &n_old);
	return tree_replace(h, ip, &w, first, n_old, list, n, 0, 0);
}

int ext4_extent_convert(struct handle *h, struct inode *ip, uint32_t lblk,
			uint32_t len)
{
	uint64_t at = lblk, end = at + len;
	int err = 0;

	while (!err && at < end) {
		err = want_credits(h, replace_credits(ip, true));
		if (!err)
			err = convert_step(h, ip, &at, end);
	}
	return err ? err : tree_shrink(h, ip);
}

/* The lowest block of the group that `block` is in. */
static uint64_t group_start(const struct ext4_sb *es, uint64_t block)
{
	return block - (block - es->first_data_block) % es->blocks_per_group;
}

/*
 * Takes the last blocks of [first, *last] away, as many as one extent and one
 * group of the disk have. 1: done, or *last moved down; 0: there are none.
 */
static int punch_step(struct handle *h, struct inode *ip, uint32_t first,
		      uint32_t *last)
{
	struct ext4_extent list[2];
	const struct ext4_extent *x;
	const struct way_node *leaf;
	uint64_t lo, hi, start;
	unsigned n = 0, at;
	struct way w;
	int err;

	err = way_find(ip, *last, &w);
	if (err)
		return err;
	leaf = &w.nodes[w.depth];
	at = leaf->at;
	if (!at && w.depth) {
		const struct way_node *up = leaf - 1;
		uint32_t key = ext4_indexes(up->h)[up->at].ei_block;

		if (!leaf->h->eh_entries) { /* nobody else takes it away */
			err = tree_replace(h, ip, &w, 0, 0, NULL, 0, 0, 0);
			return err ? err : 1;
		}
		/* It begins behind its key: what is before it? */
		way_put(&w);
		if (key > *last || key <= first)
			return 0;
		*last = key - 1;
		return 1;
	}
	x = ext4_extents(leaf->h) + at - 1;
	if (!at || ext4_extent_end(x) <= first) {
		way_put(&w);
		return 0;
	}
	lo = MAX(x->ee_block, first);
	hi = MIN(ext4_extent_end(x), (uint64_t)*last + 1);
	start = ext4_extent_start(x) - x->ee_block;
	lo = MAX(lo + start, group_start(h->es, hi - 1 + start)) - start;
	if (ext4_map_revokes(ip) && hi - lo > ext4_map_revokes(ip))
		lo = hi - ext4_map_revokes(ip);
	if (lo > x->ee_block)
		extent_set(&list[n++], x->ee_block, start + x->ee_block,
			   (uint32_t)(lo - x->ee_block),
			   ext4_extent_unwritten(x));
	if (hi < ext4_extent_end(x))
		extent_set(&list[n++], (uint32_t)hi, start + hi,
			   (uint32_t)(ext4_extent_end(x) - hi),
			   ext4_extent_unwritten(x));
	err = tree_replace(h, ip, &w, at - 1, 1, list, n, start + lo, hi - lo);
	return err ? err : 1;
}

int ext4_extent_punch(struct handle *h, struct inode *ip, uint32_t first,
		      uint32_t last)
{
	bool may_split = last < EXT4_FILE_BLOCKS_END;
	unsigned need;
	int err = 1;

	for (unsigned n = 0; err > 0; n++) {
		need = replace_credits(ip, may_split) + EXT4_CREDITS_ALLOC +
		       ext4_map_revokes(ip);
		if (n == EXT4_PUNCH_STEPS || (n && h->credits < need))
			return 1;
		err = want_credits(h, need);
		if (err == -EAGAIN)
			return 1;
		if (!err)
			err = punch_step(h, ip, first, &last);
	}
	return err ? err : tree_shrink(h, ip);
}
