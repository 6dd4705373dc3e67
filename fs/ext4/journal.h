#pragma once
/*
 * The journal: what belongs together reaches the disk together.
 *
 * An operation starts a handle, says how many metadata blocks it may change at
 * most (credits), asks for each buffer before it changes it and marks it
 * afterwards, and stops the handle. Handles gather in the running
 * transaction. A commit closes it, waits for its handles (never for pages),
 * freezes its buffers (checksums are made then, once), writes them to the log,
 * and ends with a commit record between two flushes. Buffers are written to
 * their places later (checkpoint), which makes room in the log.
 *
 * A buffer that the running transaction wants to change while the committing
 * one has not written it yet is copied aside first: nobody waits for a commit
 * in order to change a block, except when memory or the log is short.
 *
 * A disk without a journal has handles too: they only count buffers, which are
 * written in place by sync.
 *
 * Locks: a handle ranks as RANK_HANDLE: below inode locks, above pages. No
 * handle is started with a page lock, a buffer or a spinlock held, nor inside
 * another handle, and user memory is not touched inside one. Inside, memory is
 * asked for with GFP_NOFS.
 */
#include "fs/bcache.h"
#include "fs/host.h"

struct ext4_sb;
struct journal;
struct transaction;

/* Numbers of transactions; compare with tid_after only, they wrap. */
typedef uint32_t tid_t;

static inline bool tid_after(tid_t a, tid_t b)
{
	return (int32_t)(a - b) > 0;
}

/* On the stack of the operation. */
struct handle {
	struct ext4_sb *es;
	struct transaction *tx; /* the running one */
	unsigned credits;       /* blocks that may still be joined */
	bool sync;              /* commit soon after stop */
};

/*
 * Opens the disk's journal: recovery when it is wanted, then ready for
 * handles, with a thread of its own ("jbd/vda"). No has_journal: es->journal
 * stays NULL (es->handles says whether there are handles). Called by mount for
 * writing, before anything else reads metadata. -EFSCORRUPTED, -EIO,
 * -EOPNOTSUPP (features; named), -ENOMEM.
 */
int journal_open(struct ext4_sb *es);
/* Recovery of a disk that is to be mounted read-only on a writable device,
 * and of one for writing: plays the log to its places and marks it empty. */
int journal_recover(struct ext4_sb *es);
/* Commits, writes everything to its place, marks the log empty, ends the
 * thread. Nobody has a handle. The error that the journal died of, or 0. */
int journal_close(struct ext4_sb *es);
/* Handles wait for journal_resume before they start. Those that are open are
 * waited for; then everything is in its place and the log is empty. */
int journal_pause(struct ext4_sb *es);
void journal_resume(struct ext4_sb *es);

/*
 * Joins the running transaction with room for `credits` blocks. Waits for
 * room in the log. -EROFS: the journal was aborted or the disk is at rest;
 * -ENOSPC: more credits than the log could ever hold; -ENOMEM.
 */
int handle_start(struct ext4_sb *es, struct handle *h, unsigned credits);
/* More credits without leaving the transaction. -EAGAIN: it is full: finish
 * a step and handle_restart. */
int handle_extend(struct handle *h, unsigned credits);
/* Ends this step (what was done stands, atomically, so it must be a legal
 * state) and begins another one in a transaction that has room. On error h is
 * stopped. */
int handle_restart(struct handle *h, unsigned credits);
/* Ends the handle; the transaction's number, to wait for. */
tid_t handle_stop(struct handle *h);

/*
 * Before the first change of a buffer: joins it to h's transaction. The
 * content may be changed until handle_stop. Several handles may change one
 * buffer at once: what they change is guarded by the caller's locks (inode
 * lock, group lock). One credit each time the buffer was not in the
 * transaction yet. -EROFS, -EIO, -ENOMEM, -ENOSPC (no credit left: a bug that
 * is told with a message, and nothing is changed).
 */
int journal_write_access(struct handle *h, struct buf *bp);
/* The same for a block that was allocated just now: its old content does not
 * matter, and it is taken out of the revoked ones of this transaction. */
int journal_create_access(struct handle *h, struct buf *bp);

/*
 * seal makes the checksum in `data`, which is the buffer's content or a copy
 * of it, when the block is frozen; arg is what it needs (the inode's checksum
 * seed, the group). NULL: none. Kept with the buffer as long as it is dirty.
 * There is one for each buffer, the last that was given: where a block holds
 * several things (inodes, descriptors) it seals all of them, or there is none
 * and each has its checksum when it is changed. Called in the journal's thread
 * without locks, while nobody may change the block.
 */
typedef void journal_seal_fn(struct ext4_sb *es, const struct buf *bp,
			     void *data, uint64_t arg);
/* After the change. */
void journal_dirty(struct handle *h, struct buf *bp, journal_seal_fn *seal,
		   uint64_t arg);

/*
 * This metadata block was freed: it is dropped from the transaction, need not
 * be written to its place any more, and recovery must not play older copies
 * of it (a revoke record). bp: its buffer when the caller has it (the
 * reference is given away), or NULL. One credit at most.
 */
int journal_forget(struct handle *h, uint64_t block, struct buf *bp);

/*
 * fn(arg) is called once when h's transaction is on the disk (err 0) or lost
 * (err < 0), in the journal's thread; it may not start handles. Without a
 * journal: by the next sync. Blocks freed become free for new use there.
 */
struct journal_callback {
	struct list_head link;
	void (*fn)(struct journal_callback *cb, int err);
};
void journal_on_commit(struct handle *h, struct journal_callback *cb);

/* The newest transaction that is not on the disk yet: all that was changed so
 * far is in it or in an older one. 0: everything is on the disk. */
tid_t journal_newest(struct ext4_sb *es);
/* Is it on the disk yet, with its flush? One that nothing was put into counts
 * as such. */
bool journal_committed(struct ext4_sb *es, tid_t tid);
/* Starts the commit of tid if it has not started, and waits until it is
 * durable. 0, or the error that the journal was aborted with. */
int journal_commit_wait(struct ext4_sb *es, tid_t tid);
/* Starts it and does not wait. */
void journal_commit_start(struct ext4_sb *es, tid_t tid);
/* Everything so far: commit, wait. With checkpoint: write it to its places,
 * too, and mark the log empty (unmount, remount read-only). */
int journal_sync(struct ext4_sb *es, bool checkpoint);

/*
 * The end of writing: no more handles, nothing more reaches the disk. The
 * cause is told, the file system becomes read-only, waiters get err. May be
 * called from anywhere that may sleep, even inside a handle.
 */
void journal_abort(struct ext4_sb *es, int err);
/* The error of the abort, or 0. */
int journal_error(const struct ext4_sb *es);
