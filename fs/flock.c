/*
 * Locks of files: a short list at the inode, in no order; the ranges of one
 * owner do not overlap, and alike ones that touch are one. One spinlock guards
 * all of them, and the list of those who wait, which is also what deadlocks
 * are found in. A user may have 1024, and root what there is memory for: so
 * no list is long.
 *
 * Left out: mandatory locks, leases, and who waits for a lock of flock's is in
 * no deadlock (as on Linux).
 */
#include "fs/flock.h"

#define OFFSET_MAX INT64_MAX
#define LOCKS_MAX  1024 /* of a user; those whose numbers end alike share */
#define RING_MAX   64   /* owners who wait for each other */

/* All of it is guarded by `guard`. */
struct file_lock {
	struct file_lock *next;
	const void *owner; /* open file or descriptor table */
	off_t start, end;  /* both included */
	int pid;           /* for F_GETLK; -1: an open file's */
	uint8_t type;      /* F_RDLCK, F_WRLCK; F_UNLCK: what is asked for */
	uint8_t user;
	bool whole;        /* flock's */
};

struct lock_wait {
	struct list_head link;
	struct wait_queue queue;
	const struct inode *inode;
	const void *owner, *blocker; /* NULL: does not count for deadlocks */
};

static struct spinlock guard = SPINLOCK_INIT("file locks", RANK_FILES);
static struct list_head waiting = LIST_INIT(waiting);
static uint32_t locks_of[256];

static struct file_lock *lock_alloc(void)
{
	uid_t uid = host_cred()->uid;
	uint8_t user = (uint8_t)uid;
	struct file_lock *l = NULL;

	if (__atomic_add_fetch(&locks_of[user], 1, __ATOMIC_RELAXED) <=
		    LOCKS_MAX || !uid)
		l = kmalloc(sizeof(*l), GFP_KERNEL);
	if (l)
		l->user = user;
	else
		__atomic_fetch_sub(&locks_of[user], 1, __ATOMIC_RELAXED);
	return l;
}

static void lock_free(struct file_lock *l)
{
	__atomic_fetch_sub(&locks_of[l->user], 1, __ATOMIC_RELAXED);
	kfree(l);
}

/* One that keeps `want` from being given, or NULL. */
static const struct file_lock *in_the_way(const struct inode *ip,
					  const struct file_lock *want)
{
	for (const struct file_lock *l = ip->locks; l; l = l->next)
		if (l->whole == want->whole && l->owner != want->owner &&
		    l->start <= want->end && l->end >= want->start &&
		    (l->type == F_WRLCK || want->type == F_WRLCK))
			return l;
	return NULL;
}

/* Would owner wait for itself? */
static bool closes_ring(const void *owner, const void *blocker)
{
	struct lock_wait *w;

	for (unsigned i = 0; blocker && i < RING_MAX; i++) {
		const void *next = NULL;

		if (blocker == owner)
			return true;
		list_for_each_entry (w, &waiting, link)
			if (w->owner == blocker)
				next = w->blocker;
		blocker = next;
	}
	return false;
}

/* Puts a copy at *at. */
static void insert(struct file_lock **at, const struct file_lock *l,
		   struct file_lock **spare)
{
	struct file_lock *n = *spare;
	uint8_t user = n->user;

	*spare = n->next;
	*n = *l;
	n->user = user;
	n->next = *at;
	*at = n;
}

/* How many spare locks replace() takes for want: one for itself, one where it
 * leaves both ends of another. */
static unsigned spares_for(const struct inode *ip, const struct file_lock *want)
{
	unsigned n = want->type != F_UNLCK;

	for (const struct file_lock *l = ip->locks; l; l = l->next)
		n += l->whole == want->whole && l->owner == want->owner &&
		     l->type != want->type && l->start < want->start &&
		     l->end > want->end;
	return n;
}

/*
 * Where want lies its owner has what want says, and nothing else. That takes
 * as many spare locks as spares_for says. Who waits at the inode looks again.
 */
static void replace(struct inode *ip, struct file_lock want,
		    struct file_lock **spare)
{
	struct file_lock **at = &ip->locks, *l;
	struct lock_wait *w;

	while ((l = *at)) {
		bool like = l->type == want.type;

		if (l->whole != want.whole || l->owner != want.owner ||
		    l->end < want.start - like || l->start - like > want.end) {
			at = &l->next;
			continue;
		}
		if (like) {
			want.start = MIN(want.start, l->start);
			want.end = MAX(want.end, l->end);
		} else if (l->start < want.start) {
			if (l->end > want.end) {
				insert(&l->next, l, spare);
				l->next->start = want.end + 1;
			}
			l->end = want.start - 1;
			at = &l->next;
			continue;
		} else if (l->end > want.end) {
			l->start = want.end + 1;
			continue;
		}
		*at = l->next;
		lock_free(l);
	}
	if (want.type != F_UNLCK)
		insert(&ip->locks, &want, spare);
	list_for_each_entry (w, &waiting, link) {
		if (w->inode == ip) {
			w->blocker = NULL;
			wait_wake_all(&w->queue);
		}
	}
}

void flock_forget_all(struct inode *ip, const void *owner)
{
	struct file_lock all = {
		.owner = owner, .end = OFFSET_MAX, .type = F_UNLCK,
	};

	spin_lock(&guard);
	replace(ip, all, NULL);
	all.whole = true;
	replace(ip, all, NULL);
	spin_unlock(&guard);
}

/* Waits, if it may, until nothing is in the way of want. */
static int wait_for_turn(struct inode *ip, const struct file_lock *want,
			 bool wait)
{
	const struct file_lock *l;
	struct lock_wait w = { .inode = ip };
	int err = 0;

	wait_queue_init(&w.queue);
	if (want->pid >= 0)
		w.owner = want->owner;
	while (!err && want->type != F_UNLCK && (l = in_the_way(ip, want))) {
		if (!wait)
			return -EAGAIN;
		if (w.owner && closes_ring(w.owner, l->owner))
			return -EDEADLK;
		w.blocker = l->owner;
		list_add_tail(&w.link, &waiting);
		err = wait_sleep(&w.queue, &guard, WAIT_INTERRUPTIBLE,
				 WAIT_FOREVER);
		list_del(&w.link);
	}
	return err;
}

static int lock_set(struct inode *ip, const struct file_lock *want, bool wait)
{
	bool all = !want->start && want->end == OFFSET_MAX;
	struct file_lock *spare = NULL, *l, old = *want;
	unsigned n = 0;
	int err = 0;

	/* Who has as many as a user may can still give some of them up: whether
	 * what there is is enough is seen below. */
	while (n < 2 && !(all && want->type == F_UNLCK)) {
		l = lock_alloc();
		if (!l)
			break;
		l->next = spare;
		spare = l;
		n++;
	}
	if (!n && want->type != F_UNLCK)
		return -ENOLCK;
	spin_lock(&guard);
	/* flock's gives the old one up first, and may then get none. */
	old.type = F_UNLCK;
	if (want->whole)
		replace(ip, old, NULL);
	err = wait_for_turn(ip, want, wait);
	if (!err && spares_for(ip, want) > n)
		err = -ENOLCK;
	if (!err)
		replace(ip, *want, &spare);
	spin_unlock(&guard);
	while ((l = spare)) {
		spare = l->next;
		lock_free(l);
	}
	return err;
}

int flock_whole(struct file *f, unsigned op)
{
	struct file_lock want = {
		.owner = f, .end = OFFSET_MAX, .pid = -1, .whole = true,
	};

	switch (op & ~(unsigned)LOCK_NB) {
	case LOCK_SH:
		want.type = F_RDLCK;
		break;
	case LOCK_EX:
		want.type = F_WRLCK;
		break;
	case LOCK_UN:
		want.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	if (f->flags & O_PATH)
		return -EBADF;
	return lock_set(f->inode, &want, !(op & LOCK_NB));
}

static int read_range(const struct file *f, const struct flock *l,
		      struct file_lock *out)
{
	off_t from = 0, end;

	if (l->l_whence == SEEK_CUR)
		from = f->pos;
	else if (l->l_whence == SEEK_END)
		from = READ_ONCE(f->inode->size);
	else if (l->l_whence != SEEK_SET)
		return -EINVAL;
	if (__builtin_add_overflow(from, l->l_start, &from))
		return -EOVERFLOW;
	if (from < 0)
		return -EINVAL;
	end = OFFSET_MAX;
	if (l->l_len > 0 && __builtin_add_overflow(from, l->l_len - 1, &end))
		return -EOVERFLOW;
	if (l->l_len < 0) { /* what lies before it */
		end = from - 1;
		from += l->l_len;
		if (from < 0)
			return -EINVAL;
	}
	out->start = from;
	out->end = end;
	return 0;
}

static void tell(const struct file *f, const struct file_lock *want,
		 struct flock *l)
{
	const struct file_lock *other;

	spin_lock(&guard);
	other = in_the_way(f->inode, want);
	l->l_type = F_UNLCK;
	if (other) {
		l->l_type = other->type;
		l->l_whence = SEEK_SET;
		l->l_start = other->start;
		l->l_len = other->end == OFFSET_MAX ?
				   0 : other->end - other->start + 1;
		l->l_pid = other->pid;
	}
	spin_unlock(&guard);
}

int flock_range(struct file *f, int cmd, struct flock *l)
{
	bool ofd = cmd >= F_OFD_GETLK;
	struct file_lock want = { .owner = f, .pid = -1 };
	int err;

	if (ofd && l->l_pid)
		return -EINVAL;
	if (!ofd) {
		want.owner = host_files();
		want.pid = host_pid();
	}
	err = read_range(f, l, &want);
	if (err)
		return err;
	if (l->l_type < F_RDLCK || l->l_type > F_UNLCK)
		return -EINVAL;
	want.type = (uint8_t)l->l_type;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK) {
		if (want.type == F_UNLCK)
			return -EINVAL;
		tell(f, &want, l);
		return 0;
	}
	if ((want.type == F_RDLCK && !f->readable) ||
	    (want.type == F_WRLCK && !f->writable))
		return -EBADF;
	return lock_set(f->inode, &want,
			cmd == F_SETLKW || cmd == F_OFD_SETLKW);
}
