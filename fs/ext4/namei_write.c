/*
 * Making, removing and moving names.
 *
 * Each call is one handle, so a crash leaves all of it or nothing. It reserves
 * the worst case, joins the inodes that it will change, finds or makes the
 * records of the names, and puts what may lose its last name on the list of
 * orphans; up to there everything may fail and no name has changed. Then the
 * names change, which cannot fail.
 *
 * Blocks and inodes that were freed come back only when the journal has
 * committed that; who finds the disk full waits for it once, and tries again.
 */
#include "fs/ext4/alloc.h"
#include "fs/ext4/dir.h"
#include "fs/ext4/write.h"

#define LINK_MAX 65000u

#define FL_SYNC    0x00000008u
#define FL_DIRSYNC 0x00010000u

/* ---- numbers of links ---- */

/*
 * A directory has one link from each below it. When they are too many, and the
 * disk knows dir_nlink, the number is 1 from then on: "not counted".
 */
static bool links_full(const struct inode *dir)
{
	return dir->nlink >= LINK_MAX &&
	       !(ext4_sb(dir->sb)->ro_compat & EXT4_RO_DIR_NLINK &&
		 ext4_dir_indexed(dir));
}

static void links_up(struct inode *dir)
{
	if (dir->nlink > 1 && ++dir->nlink > LINK_MAX)
		dir->nlink = 1;
}

static void links_down(struct inode *dir)
{
	if (dir->nlink > 2)
		dir->nlink--;
}

/* ---- the beginning and the end of each call ---- */

static int may_change(const struct inode *dir, const struct inode *ip)
{
	if (dir->flags & EXT4_FL_IMMUTABLE)
		return -EPERM;
	if (ip && (dir->flags & EXT4_FL_APPEND ||
		   ip->flags & (EXT4_FL_APPEND | EXT4_FL_IMMUTABLE)))
		return -EPERM;
	return 0;
}

/* The block of its inode is joined to h: from now on what changes in it can be
 * told without an error. */
static int join(struct handle *h, struct inode *ip)
{
	return ip ? ext4_inode_join(h, ip) : 0;
}

/* ip was joined. */
static void changed(struct handle *h, struct inode *ip)
{
	int err = ext4_inode_dirty(h, ip, false);

	if (err)
		journal_abort(ext4_sb(ip->sb), err);
}

static void dir_changed(struct handle *h, struct inode *dir)
{
	dir->mtime = vfs_now();
	dir->ctime = dir->mtime;
	changed(h, dir);
}

static void inode_changed(struct handle *h, struct inode *ip)
{
	ip->ctime = vfs_now();
	changed(h, ip);
}

/* ip, which is an orphan already if it was its last, lost a name. */
static void name_gone(struct handle *h, struct inode *ip)
{
	if (S_ISDIR(ip->mode))
		ip->nlink = 0;
	else if (ip->nlink)
		ip->nlink--;
	inode_changed(h, ip);
}

static bool is_last_name(const struct inode *ip)
{
	return S_ISDIR(ip->mode) || ip->nlink == 1;
}

static int finish(struct handle *h, const struct inode *dir, int err)
{
	struct ext4_sb *es = h->es;
	tid_t tid = handle_stop(h);

	if (!err && dir->flags & (FL_SYNC | FL_DIRSYNC))
		err = journal_commit_wait(es, tid);
	/* A journal that died under us kept nothing of it. */
	return err ? err : journal_error(es);
}

/* After -ENOSPC: may it help to wait for a commit? Once. */
static bool try_again(struct ext4_sb *es, int err, bool *tried)
{
	if (err != -ENOSPC || *tried)
		return false;
	*tried = true;
	return READ_ONCE(es->alloc->freeing) && !journal_sync(es, false);
}

/* ---- create ---- */

/* The text of a symbolic link: in i_block, or in a block of its own. */
static int text_write(struct handle *h, struct inode *ip, const char *target)
{
	struct ext4_inode_info *info = ext4_info(ip);
	size_t n = strlen(target);
	struct buf *bp;
	int err;

	if (n < sizeof(info->block)) {
		ip->flags &= ~(uint32_t)EXT4_FL_EXTENTS;
		memset(info->block, 0, sizeof(info->block));
		memcpy(info->block, target, n);
	} else {
		ext4_map_init(ext4_sb(ip->sb), ip);
		err = ext4_meta_append(h, ip, 0, &bp);
		if (err)
			return err;
		memcpy(bp->data, target, n);
		journal_dirty(h, bp, NULL, 0);
		buf_put(bp);
	}
	ip->size = (off_t)n;
	info->disk_size = n;
	changed(h, ip);
	return 0;
}

static int create_once(struct inode *dir, const char *name, unsigned len,
		       mode_t mode, dev_t rdev, const char *target,
		       struct inode **out)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	unsigned credits = ext4_dir_credits(dir) + EXT4_CREDITS_NEW_INODE +
			   EXT4_CREDITS_ORPHAN;
	struct ext4_dir_slot slot;
	struct inode *ip = NULL;
	struct handle h;
	int err;

	/* Its first block needs no node above it; but it may be taken back. */
	if (S_ISDIR(mode) || S_ISLNK(mode))
		credits += 2 + EXT4_CREDITS_ALLOC;
	err = handle_start(es, &h, credits);
	if (err)
		return err;
	err = ext4_dir_make_room(&h, dir, name, len, &slot);
	if (err)
		return finish(&h, dir, err);
	err = ext4_new_inode(&h, dir, mode, rdev, S_ISDIR(mode) ? 2 : 1, &ip);
	if (!err && S_ISDIR(mode))
		err = ext4_dir_init(&h, ip, dir);
	else if (!err && S_ISLNK(mode))
		err = text_write(&h, ip, target);
	if (!err) {
		ext4_dir_put(&h, dir, &slot, name, len, ip);
		if (S_ISDIR(mode)) {
			ext4_dir_named(ip, name, len);
			links_up(dir);
		}
		dir_changed(&h, dir);
	} else if (ip) {
		/* Goes when it is put, or, after a crash, at the next mount. */
		ip->nlink = 0;
		if (!ext4_orphan_add(&h, ip))
			changed(&h, ip);
	}
	ext4_dir_slot_put(&slot);
	err = finish(&h, dir, err);
	if (err && ip)
		inode_put(ip);
	else
		*out = ip;
	return err;
}

int ext4_create(struct inode *dir, const char *name, unsigned len, mode_t mode,
		dev_t rdev, const char *target, struct inode **out)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	bool tried = false;
	int err = may_change(dir, NULL);

	*out = NULL;
	if (err)
		return err;
	if (S_ISDIR(mode) && links_full(dir))
		return -EMLINK;
	if (S_ISLNK(mode) && strlen(target) >= es->block_size)
		return -ENAMETOOLONG;
	do {
		err = create_once(dir, name, len, mode, rdev, target, out);
	} while (try_again(es, err, &tried));
	return err;
}

/* ---- link, unlink ---- */

static int link_once(struct inode *dir, const char *name, unsigned len,
		     struct inode *ip)
{
	struct ext4_dir_slot slot;
	struct handle h;
	int err;

	err = handle_start(ext4_sb(dir->sb), &h, ext4_dir_credits(dir) + 1);
	if (err)
		return err;
	err = join(&h, ip);
	if (!err)
		err = ext4_dir_make_room(&h, dir, name, len, &slot);
	if (!err) {
		ext4_dir_put(&h, dir, &slot, name, len, ip);
		ext4_dir_slot_put(&slot);
		ip->nlink++;
		inode_changed(&h, ip);
		dir_changed(&h, dir);
	}
	return finish(&h, dir, err);
}

__attribute__((cold))
int ext4_link(struct inode *dir, const char *name, unsigned len,
	      struct inode *ip)
{
	bool tried = false;
	int err = may_change(dir, NULL);

	if (!err && ip->flags & (EXT4_FL_APPEND | EXT4_FL_IMMUTABLE))
		err = -EPERM;
	if (!err && ip->nlink >= LINK_MAX)
		err = -EMLINK;
	if (err)
		return err;
	do {
		err = link_once(dir, name, len, ip);
	} while (try_again(ext4_sb(dir->sb), err, &tried));
	return err;
}

/* A directory that will go. */
static int check_empty(struct inode *dir)
{
	int err = ext4_dir_empty(dir);

	if (err < 0)
		return err;
	return err ? 0 : -ENOTEMPTY;
}

int ext4_unlink(struct inode *dir, const char *name, unsigned len,
		struct inode *ip)
{
	struct ext4_dir_slot slot = { .bp = NULL };
	struct handle h;
	int err = may_change(dir, ip);

	if (!err && S_ISDIR(ip->mode))
		err = check_empty(ip);
	if (!err) /* the record, both inodes */
		err = handle_start(ext4_sb(dir->sb), &h,
				   3 + EXT4_CREDITS_ORPHAN);
	if (err)
		return err;
	err = join(&h, dir);
	if (!err)
		err = join(&h, ip);
	if (!err)
		err = ext4_dir_find(&h, dir, name, len, ip, &slot);
	if (!err && is_last_name(ip))
		err = ext4_orphan_insert(&h, ip);
	if (!err) {
		ext4_dir_clear(&h, dir, &slot);
		if (S_ISDIR(ip->mode))
			links_down(dir);
		name_gone(&h, ip);
		dir_changed(&h, dir);
	}
	ext4_dir_slot_put(&slot);
	return finish(&h, dir, err);
}

/* ---- rename ---- */

struct mover {
	struct inode *od, *nd, *ip, *target;
	const char *oname, *nname;
	unsigned olen, nlen;
	bool exchange;
	bool ip_moves, target_moves; /* directories that get another ".." */
	bool replaces;               /* target loses this name */
	struct ext4_dir_slot from, to, ip_up, target_up;
};

/* Everything that may fail. */
static int rename_prepare(struct handle *h, struct mover *m)
{
	struct inode *const all[] = { m->od, m->nd, m->ip, m->target };
	int err = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(all) && !err; i++)
		err = join(h, all[i]);
	/* Making room moves names, so it comes before they are looked for. */
	if (!err && m->target)
		err = ext4_dir_find(h, m->nd, m->nname, m->nlen, m->target,
				    &m->to);
	else if (!err)
		err = ext4_dir_make_room(h, m->nd, m->nname, m->nlen, &m->to);
	if (!err)
		err = ext4_dir_find(h, m->od, m->oname, m->olen, m->ip,
				    &m->from);
	if (!err && m->ip_moves)
		err = ext4_dir_find(h, m->ip, "..", 2, m->od, &m->ip_up);
	if (!err && m->target_moves)
		err = ext4_dir_find(h, m->target, "..", 2, m->nd,
				    &m->target_up);
	if (!err && m->replaces && is_last_name(m->target))
		err = ext4_orphan_insert(h, m->target);
	return err;
}

/* Nothing of it may fail. */
static void rename_change(struct handle *h, struct mover *m)
{
	if (m->target)
		ext4_dir_set(h, m->nd, &m->to, m->ip);
	else
		ext4_dir_put(h, m->nd, &m->to, m->nname, m->nlen, m->ip);
	if (m->exchange)
		ext4_dir_set(h, m->od, &m->from, m->target);
	else
		ext4_dir_clear(h, m->od, &m->from);
	if (S_ISDIR(m->ip->mode))
		ext4_dir_named(m->ip, m->nname, m->nlen);
	if (m->exchange && S_ISDIR(m->target->mode))
		ext4_dir_named(m->target, m->oname, m->olen);
	if (m->ip_moves) {
		ext4_dir_set(h, m->ip, &m->ip_up, m->nd);
		links_down(m->od);
	}
	if (m->target_moves) {
		ext4_dir_set(h, m->target, &m->target_up, m->od);
		links_down(m->nd);
	}
	if (m->replaces && S_ISDIR(m->target->mode))
		links_down(m->nd);
	if (m->ip_moves)
		links_up(m->nd);
	if (m->target_moves)
		links_up(m->od);
	inode_changed(h, m->ip);
	if (m->replaces)
		name_gone(h, m->target);
	else if (m->target)
		inode_changed(h, m->target);
	dir_changed(h, m->od);
	if (m->nd != m->od)
		dir_changed(h, m->nd);
}

static int rename_once(struct mover *m)
{
	struct handle h;
	int err;

	/* Room for the new name, which counts one inode; three more of them;
	 * the old name and two times "..". */
	err = handle_start(ext4_sb(m->od->sb), &h,
			   ext4_dir_credits(m->nd) + 3 + 3 +
				   EXT4_CREDITS_ORPHAN);
	if (err)
		return err;
	err = rename_prepare(&h, m);
	if (!err)
		rename_change(&h, m);
	ext4_dir_slot_put(&m->from);
	ext4_dir_slot_put(&m->to);
	ext4_dir_slot_put(&m->ip_up);
	ext4_dir_slot_put(&m->target_up);
	return finish(&h, m->nd, err);
}

/* Would a directory get a link more than it may have? */
static bool rename_overflows(const struct mover *m)
{
	bool gone = m->target_moves ||
		    (m->replaces && S_ISDIR(m->target->mode));

	return (m->ip_moves && !gone && links_full(m->nd)) ||
	       (m->target_moves && !m->ip_moves && links_full(m->od));
}

__attribute__((cold))
int ext4_rename(struct inode *od, const char *oname, unsigned olen,
		struct inode *ip, struct inode *nd, const char *nname,
		unsigned nlen, struct inode *target, bool exchange)
{
	struct mover m = {
		.od = od,
		.nd = nd,
		.ip = ip,
		.target = target,
		.oname = oname,
		.nname = nname,
		.olen = olen,
		.nlen = nlen,
		.exchange = exchange,
		.ip_moves = od != nd && S_ISDIR(ip->mode),
		.target_moves = exchange && od != nd && S_ISDIR(target->mode),
		.replaces = target && !exchange,
	};
	bool tried = false;
	int err = may_change(od, ip);

	if (!err)
		err = may_change(nd, target);
	if (!err && m.replaces && S_ISDIR(target->mode))
		err = check_empty(target);
	if (!err && rename_overflows(&m))
		err = -EMLINK;
	if (err)
		return err;
	do {
		err = rename_once(&m);
	} while (try_again(ext4_sb(od->sb), err, &tried));
	return err;
}
