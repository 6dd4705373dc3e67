/*
 * Dirty pages and inodes; see writeback.h.
 *
 * The list of a file system is in the order in which its inodes became dirty,
 * and each that joins gets the next number. So "all that is dirty now" is what
 * has a number up to the last one given: who comes later is behind that, who
 * comes back because it was written to meanwhile too (or, while a sync is under
 * way, stays where it is), and a sync ends however busy the writers are.
 */
#include "fs/writeback.h"

#include "fs/pagetree.h"

#define AGE        (5 * NSEC_PER_SEC)
#define RETRY_MS   100u /* after memory was short */
#define RELIEVE_MS 20u
#define RELIEVE_PAGES 32u

#define KICK_LOOK 1u /* the list is not empty any more */
#define KICK_ALL  2u

struct writeback {
	struct super *sb;
	struct spinlock lock;
	struct list_head inodes; /* [lock] mapping.dirty_link, in order of
				  * dirty_seq */
	uint64_t seq;            /* [lock] the last one given */
	unsigned syncs;          /* [lock] that go through the list */
	uint64_t unclean;        /* atomic: pages of this file system */
	struct wait_queue wake;
	uint32_t kick;           /* atomic: KICK_* */
	bool stop, ended;        /* [lock] */
	struct list_head link;   /* [all_lock] */
};

static struct spinlock error_lock; /* of every struct wb_error */
static struct spinlock all_lock;
static struct list_head all; /* [all_lock] struct writeback */

/* Pages that are dirty or on their way out, of all file systems; atomic. */
static uint64_t unclean;
/* Shares of memory, in pages: where writing begins, where writers wait. */
static uint64_t background, limit;
static struct wait_queue cleaned;      /* unclean became less */
static struct wait_queue flight_queue; /* a flight ended, or the frost */

static void update_limits(void)
{
	uint64_t total = host_total_pages();

	WRITE_ONCE(limit, total / 5);
	WRITE_ONCE(background, total / 10);
}

static inline uint64_t count_of(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static inline bool over_background(void)
{
	return count_of(&unclean) > READ_ONCE(background);
}

static void unclean_add(struct mapping *m, unsigned n)
{
	__atomic_fetch_add(&unclean, n, __ATOMIC_RELAXED);
	__atomic_fetch_add(&m->inode->sb->wb->unclean, n, __ATOMIC_RELAXED);
}

static void unclean_sub(struct mapping *m, unsigned n)
{
	__atomic_fetch_sub(&unclean, n, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&m->inode->sb->wb->unclean, n, __ATOMIC_RELAXED);
	wait_wake_all(&cleaned);
}

/* ---- pages ---- */

void writeback_dirty(struct mapping *m, struct page **pages, unsigned n)
{
	unsigned fresh = 0;

	for (unsigned i = 0; i < n; i++)
		fresh += !(page_set_bits(pages[i], PG_DIRTY | PG_UPTODATE) &
			   PG_DIRTY);
	if (!fresh)
		return;
	spin_lock(&m->tree_lock);
	pagetree_mark(m, pages[0]->index, n, true);
	m->n_dirty += fresh;
	spin_unlock(&m->tree_lock);
	unclean_add(m, fresh);
	writeback_inode(m->inode);
}

/* The dirty page behind *first, with a reference, or NULL. */
static struct page *next_dirty(struct mapping *m, uint64_t *first,
			       uint64_t last)
{
	struct page *pg;

	spin_lock(&m->tree_lock);
	pg = m->n_dirty ? pagetree_next_dirty(m, *first, first) : NULL;
	if (pg && *first <= last)
		page_get(pg);
	else
		pg = NULL;
	spin_unlock(&m->tree_lock);
	return pg;
}

/* The dirty pages from `first` on, without a gap, each with a reference. */
static unsigned dirty_behind(struct mapping *m, uint64_t first, unsigned max,
			     struct page **out)
{
	const struct pagetree_node *leaf = NULL;
	unsigned n = 0;

	spin_lock(&m->tree_lock);
	while (n < max && m->tree_height) {
		unsigned slot = pagetree_slot(first + n, 0);
		struct page *pg;

		if (!slot || !leaf)
			leaf = pagetree_leaf(m, first + n);
		if (!leaf || !(leaf->dirty >> slot & 1))
			break;
		pg = leaf->slot[slot];
		page_get(pg);
		out[n++] = pg;
	}
	spin_unlock(&m->tree_lock);
	return n;
}

unsigned writeback_lock(struct mapping *m, uint64_t *first, uint64_t last,
			struct page **out, unsigned max)
{
	unsigned n = 0, found;

	while (!n) {
		out[0] = next_dirty(m, first, last);
		if (!out[0])
			return 0;
		page_lock(out[0]);
		/* Gone, or somebody else has written it meanwhile? */
		if (out[0]->mapping == m && page_test(out[0], PG_DIRTY)) {
			n = 1;
			break;
		}
		page_unlock(out[0]);
		page_put(out[0]);
	}
	max = (unsigned)MIN((uint64_t)max - 1, last - *first) + 1;
	found = 1 + dirty_behind(m, *first + 1, max - 1, out + 1);
	while (n < found && page_trylock(out[n])) {
		if (out[n]->mapping != m || !page_test(out[n], PG_DIRTY)) {
			page_unlock(out[n]);
			break;
		}
		n++;
	}
	while (found > n)
		page_put(out[--found]);
	if (!list_empty(&m->regions))
		host_unmap_range(m, *first, *first + n - 1, true);
	return n;
}

void writeback_take(struct mapping *m, struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		page_set_bits(pages[i], PG_WRITEBACK);
		page_clear_bits(pages[i], PG_DIRTY);
	}
	spin_lock(&m->tree_lock);
	pagetree_mark(m, pages[0]->index, n, false);
	m->n_dirty -= n;
	spin_unlock(&m->tree_lock);
	for (unsigned i = 0; i < n; i++)
		page_unlock(pages[i]);
}

void writeback_end(struct mapping *m, struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		page_end_writeback(pages[i]);
		page_put(pages[i]);
	}
	unclean_sub(m, n);
}

__attribute__((cold))
void writeback_discard(struct mapping *m, struct page **pages, unsigned n)
{
	unclean_sub(m, n);
	if (m->ops->discard)
		m->ops->discard(m, pages, n);
}

/* ---- flights ---- */

void flight_begin(struct mapping *m, struct flight *fl, uint64_t first,
		  uint64_t last)
{
	fl->first = first;
	fl->last = last;
	spin_lock(&m->tree_lock);
	while (m->frozen)
		wait_sleep(&flight_queue, &m->tree_lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	fl->seq = list_empty(&m->flights)
			  ? 1
			  : list_last_entry(&m->flights, struct flight, link)
						->seq + 1;
	list_add_tail(&fl->link, &m->flights);
	spin_unlock(&m->tree_lock);
}

void flight_end(struct mapping *m, struct flight *fl)
{
	spin_lock(&m->tree_lock);
	list_del(&fl->link);
	spin_unlock(&m->tree_lock);
	wait_wake_all(&flight_queue);
}

/* Is one of those up to number seq still under way? tree_lock held. */
static bool flights_before(const struct mapping *m, uint64_t seq,
			   uint64_t first, uint64_t last)
{
	const struct flight *fl;

	list_for_each_entry (fl, &m->flights, link) {
		if (fl->seq > seq)
			return false;
		if (fl->first <= last && fl->last >= first)
			return true;
	}
	return false;
}

void flight_wait(struct mapping *m, uint64_t first, uint64_t last)
{
	uint64_t seq;

	if (list_empty(&m->flights))
		return;
	spin_lock(&m->tree_lock);
	seq = list_empty(&m->flights)
		      ? 0
		      : list_last_entry(&m->flights, struct flight, link)->seq;
	while (flights_before(m, seq, first, last))
		wait_sleep(&flight_queue, &m->tree_lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	spin_unlock(&m->tree_lock);
}

__attribute__((cold))
void writeback_freeze(struct mapping *m)
{
	spin_lock(&m->tree_lock);
	m->frozen++;
	while (!list_empty(&m->flights))
		wait_sleep(&flight_queue, &m->tree_lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	spin_unlock(&m->tree_lock);
}

void writeback_thaw(struct mapping *m)
{
	spin_lock(&m->tree_lock);
	m->frozen--;
	spin_unlock(&m->tree_lock);
	wait_wake_all(&flight_queue);
}

/* ---- errors ---- */

static void error_set(struct wb_error *e, int err)
{
	spin_lock(&error_lock);
	e->err = err;
	e->seq++;
	spin_unlock(&error_lock);
}

/* The error that came after number *told, which is the last one then. */
static int error_check(struct wb_error *e, uint32_t *told)
{
	int err = 0;

	if (READ_ONCE(e->seq) == *told)
		return 0;
	spin_lock(&error_lock);
	if (e->seq != *told)
		err = e->err;
	*told = e->seq;
	e->seen = e->seq;
	spin_unlock(&error_lock);
	return err;
}

__attribute__((cold))
void writeback_set_error(struct mapping *m, int err)
{
	error_set(&m->errors, err);
	error_set(&m->inode->sb->errors, err);
}

int writeback_check_error(struct file *f)
{
	return error_check(&f->inode->mapping.errors, &f->wb_error_seq);
}

int writeback_check_super(struct file *f)
{
	return error_check(&f->inode->sb->errors, &f->sb_error_seq);
}

/* ---- the list of inodes ---- */

static void kick(struct writeback *wb, uint32_t how)
{
	__atomic_fetch_or(&wb->kick, how, __ATOMIC_SEQ_CST);
	wait_wake_all(&wb->wake);
}

/* At the end of the list, as one that is dirty since now. lock held. */
static void list_join(struct writeback *wb, struct mapping *m)
{
	m->dirty_seq = ++wb->seq;
	m->dirty_since = time_now();
	list_add_tail(&m->dirty_link, &wb->inodes);
}

void writeback_inode(struct inode *ip)
{
	struct writeback *wb = ip->sb->wb;
	struct mapping *m = &ip->mapping;
	bool first = false;

	/* Against list_settle: either it sees what is dirty, or we see that
	 * it took ip off the list. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!wb || !list_empty(&m->dirty_link))
		return;
	spin_lock(&wb->lock);
	if (list_empty(&m->dirty_link)) {
		first = list_empty(&wb->inodes);
		list_join(wb, m);
	}
	spin_unlock(&wb->lock);
	if (first)
		kick(wb, KICK_LOOK);
}

void writeback_forget(struct mapping *m)
{
	struct writeback *wb = m->inode->sb->wb;

	if (!wb) {
		list_del_init(&m->dirty_link);
		return;
	}
	spin_lock(&wb->lock);
	list_del_init(&m->dirty_link);
	spin_unlock(&wb->lock);
}

/* Dirty, or on its way out by somebody else, whom a sync has to find: first it
 * is in flight, then it is not dirty. */
static bool still_dirty(const struct mapping *m)
{
	bool dirty;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	dirty = READ_ONCE(m->n_dirty) || READ_ONCE(m->inode->dirty_attr);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return dirty || !list_empty(&m->flights);
}

/* ip was written: it leaves the list, or waits for its next turn; where it is
 * if a sync may not have come there yet, which has to find it. */
static void list_settle(struct writeback *wb, struct inode *ip)
{
	struct mapping *m = &ip->mapping;
	bool dirty;

	spin_lock(&wb->lock);
	dirty = still_dirty(m);
	if (dirty && wb->syncs && !list_empty(&m->dirty_link)) {
		m->dirty_since = time_now();
	} else {
		list_del_init(&m->dirty_link);
		if (dirty)
			list_join(wb, m);
	}
	spin_unlock(&wb->lock);
}

/* The first inode behind number `after`, up to number `last`, that is dirty
 * since `since` or longer, with a reference. */
static struct inode *list_next(struct writeback *wb, uint64_t after,
			       uint64_t last, uint64_t since, uint64_t *seq)
{
	struct inode *found = NULL;
	struct mapping *m;

	spin_lock(&wb->lock);
	list_for_each_entry (m, &wb->inodes, dirty_link) {
		if (m->dirty_seq <= after)
			continue;
		if (m->dirty_seq > last || m->dirty_since > since)
			break;
		if (!inode_try_get(m->inode))
			continue;
		found = m->inode;
		*seq = m->dirty_seq;
		break;
	}
	spin_unlock(&wb->lock);
	return found;
}

/* Writes inodes, the oldest first; `enough`: until less is dirty. */
static int write_inodes(struct writeback *wb, uint64_t since, bool enough)
{
	bool sync = since == UINT64_MAX && !enough;
	uint64_t seq = 0, last;
	struct inode *ip;
	int first_err = 0;

	spin_lock(&wb->lock);
	last = wb->seq;
	wb->syncs += sync;
	spin_unlock(&wb->lock);
	while ((ip = list_next(wb, seq, last, since, &seq))) {
		int err = wb->sb->ops->write_inode(ip);

		list_settle(wb, ip);
		inode_put(ip);
		if (!first_err)
			first_err = err;
		if (enough && !over_background())
			break;
		resched_point();
	}
	spin_lock(&wb->lock);
	wb->syncs -= sync;
	spin_unlock(&wb->lock);
	return first_err;
}

int writeback_sync(struct super *sb)
{
	return sb->wb ? write_inodes(sb->wb, UINT64_MAX, false) : 0;
}

void writeback_start(struct super *sb)
{
	if (sb->wb)
		kick(sb->wb, KICK_ALL);
}

/* ---- the thread ---- */

/* When the oldest inode has its turn. */
static uint64_t next_turn(struct writeback *wb)
{
	uint64_t when = WAIT_FOREVER;

	spin_lock(&wb->lock);
	if (!list_empty(&wb->inodes))
		when = list_first_entry(&wb->inodes, struct mapping, dirty_link)
			       ->dirty_since + AGE;
	spin_unlock(&wb->lock);
	return when;
}

static bool has_work(struct writeback *wb)
{
	return READ_ONCE(wb->stop) ||
	       __atomic_load_n(&wb->kick, __ATOMIC_SEQ_CST) ||
	       (over_background() && count_of(&wb->unclean));
}

static void pause(struct writeback *wb, unsigned ms)
{
	(void)wait_event_mode(&wb->wake, READ_ONCE(wb->stop),
			      WAIT_UNINTERRUPTIBLE,
			      time_now() + ms * NSEC_PER_MSEC);
}

__attribute__((cold))
static void flusher(void *arg)
{
	struct writeback *wb = arg;

	while (!READ_ONCE(wb->stop)) {
		uint64_t when = next_turn(wb), now;
		uint32_t why;
		bool many;
		int err;

		(void)wait_event_mode(&wb->wake, has_work(wb),
				      WAIT_UNINTERRUPTIBLE, when);
		update_limits();
		why = __atomic_exchange_n(&wb->kick, 0, __ATOMIC_SEQ_CST);
		many = over_background();
		now = time_now();
		if (why & KICK_ALL || many)
			err = write_inodes(wb, UINT64_MAX, !(why & KICK_ALL));
		else
			err = write_inodes(wb, now - MIN(now, (uint64_t)AGE),
					   false);
		/* Otherwise what fails is not tried again. And what another
		 * file system has too much of, we cannot help. */
		if (err == -ENOMEM || (many && over_background()))
			pause(wb, err ? RETRY_MS : 1);
	}
	spin_lock(&wb->lock);
	wb->ended = true;
	wait_wake_all(&wb->wake);
	spin_unlock(&wb->lock);
}

__attribute__((cold))
int writeback_open(struct super *sb)
{
	struct writeback *wb;
	char name[24];
	int err;

	if (sb->wb)
		return 0;
	wb = kzalloc(sizeof(*wb), GFP_KERNEL);
	if (!wb)
		return -ENOMEM;
	wb->sb = sb;
	spin_init(&wb->lock, "writeback", RANK_FILES);
	list_init(&wb->inodes);
	wait_queue_init(&wb->wake);
	snprintf(name, sizeof(name), "flush/%s",
		 sb->bdev ? sb->bdev->name : sb->type);
	err = kthread_create(name, flusher, wb, NULL);
	if (err) {
		kfree(wb);
		return err;
	}
	update_limits();
	spin_lock(&all_lock);
	list_add_tail(&wb->link, &all);
	spin_unlock(&all_lock);
	sb->wb = wb;
	return 0;
}

__attribute__((cold))
void writeback_close(struct super *sb)
{
	struct writeback *wb = sb->wb;

	if (!wb)
		return;
	spin_lock(&all_lock);
	if (!list_empty(&wb->link))
		list_del_init(&wb->link);
	spin_unlock(&all_lock);
	spin_lock(&wb->lock);
	wb->stop = true;
	wait_wake_all(&wb->wake);
	while (!wb->ended)
		wait_sleep(&wb->wake, &wb->lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	spin_unlock(&wb->lock);
}

/* ---- too much ---- */

int writeback_throttle(struct super *sb)
{
	struct writeback *wb = sb->wb;

	if (!over_background())
		return 0;
	update_limits();
	if (over_background())
		wait_wake_all(&wb->wake);
	/* Only who adds to it waits: the disk of others may be slower. */
	while (count_of(&unclean) > READ_ONCE(limit) &&
	       count_of(&wb->unclean) > READ_ONCE(limit) / 8) {
		uint64_t seen = count_of(&unclean);
		int err;

		err = wait_event_mode(&cleaned, count_of(&unclean) < seen,
				      WAIT_KILLABLE,
				      time_now() + NSEC_PER_SEC);
		if (err == -EINTR)
			return err;
	}
	return 0;
}

bool writeback_relieve(void)
{
	uint64_t before = count_of(&unclean), enough;
	struct writeback *wb;

	if (!before)
		return false;
	spin_lock(&all_lock);
	list_for_each_entry (wb, &all, link)
		kick(wb, KICK_ALL);
	spin_unlock(&all_lock);
	/* Whoever waits may have pages locked that are to be written: not
	 * for long, then. */
	enough = before - MIN(before, (uint64_t)RELIEVE_PAGES);
	(void)wait_event_mode(&cleaned, count_of(&unclean) <= enough,
			      WAIT_UNINTERRUPTIBLE,
			      time_now() + RELIEVE_MS * NSEC_PER_MSEC);
	return count_of(&unclean) < before;
}

__attribute__((cold))
void writeback_init(void)
{
	spin_init(&error_lock, "write_errors", RANK_FILES);
	spin_init(&all_lock, "writebacks", RANK_FILES);
	list_init(&all);
	wait_queue_init(&cleaned);
	wait_queue_init(&flight_queue);
}
