#pragma once
/*
 * The journal in memory: what journal.c, journal_open.c, commit.c, stage.c,
 * checkpoint.c, log.c and recover.c share. See journal.h for what it does and
 * jbd2.h for the disk.
 *
 * Life of a buffer: a handle joins it to the running transaction; the commit
 * takes a copy of it for the log (then the buffer is free to change again) and
 * puts it on the list of what that transaction still has to write to its
 * place; a later transaction that commits it takes it over from there. When
 * nobody has it any more it is clean.
 *
 * Life of a transaction: running, locked (no new handles; the last ones end),
 * committing, then in j->logged until its list is empty and it is the oldest:
 * then the tail of the log may move over it.
 *
 * One thread does all writing, so a commit, a write to the places and a move
 * of the tail never overlap; that is what makes most of the rules hold. It
 * writes from copies (stages), so nobody waits for the disk in order to change
 * a buffer.
 *
 * On a disk without journal all this is the same, but that a commit writes to
 * the places, and nothing is logged.
 */
#include "fs/ext4/ext4.h"
#include "fs/ext4/jbd2.h"
#include "fs/ext4/journal.h"

/* What the journal knows of a buffer (buf.journal). Stays with it. */
struct jbuf {
	struct buf *bp;
	struct transaction *tx;     /* [lock] running or committing one */
	struct list_head link;      /* [lock] in tx->bufs or ->forgotten */
	struct transaction *logged; /* [lock] has to write it to its place */
	struct list_head place_link; /* [lock] in logged->places */
	journal_seal_fn *seal;      /* as is arg: owner of tx, or `busy` */
	uint64_t arg;
	bool sealed;    /* the content has its checksum */
	bool modified;  /* since it joined tx */
	bool forgotten; /* freed in tx */
	bool held;      /* [lock] we have a reference */
	bool busy;      /* [lock] being sealed and copied: wait */
};

/* The content of a buffer for the committing transaction, put aside. */
struct frozen {
	struct list_head link; /* transaction.frozen */
	struct buf *bp;
	journal_seal_fn *seal;
	uint64_t arg;
	void *data;
};

struct revoke {
	struct hlist_node hash;
	uint64_t block;
};
#define REVOKE_BUCKETS 128u

struct transaction {
	tid_t tid;
	bool locked;              /* [lock] takes no handles any more */
	unsigned n_handles;       /* [lock] */
	unsigned credits;         /* [lock] that the handles still have */
	unsigned n_bufs;          /* [lock] */
	unsigned n_revokes;       /* [lock] */
	uint64_t began;           /* ns */
	struct list_head bufs;    /* [lock] jbuf */
	struct list_head forgotten; /* [lock] jbuf: kept from being written */
	struct list_head frozen;  /* [lock] */
	struct list_head callbacks; /* [lock] */
	struct hlist_head *revokes; /* [lock] table; NULL: none yet */
	/* When it is in the log: */
	struct list_head link;    /* [lock] j->logged */
	struct list_head places;  /* [lock] jbuf */
	uint32_t log_start;       /* its first block */
	uint32_t log_blocks;
};

/* A piece of memory that goes to the disk in few requests. */
struct stage_rq {
	struct blk_request rq;
	struct blk_seg seg;
	struct stage *stage;
};
struct stage {
	struct journal *j;
	char *mem;
	unsigned n;         /* blocks in it */
	unsigned n_rqs;
	unsigned in_flight; /* [lock] requests */
	int err;            /* [lock] */
	uint64_t next;      /* the block behind the last one */
	struct stage_rq *rqs; /* one for each block, at worst */
};

struct log_run { /* where a part of the log is */
	uint32_t first;  /* block of the log */
	uint32_t len;
	uint64_t block;  /* of the disk */
};

struct journal {
	struct ext4_sb *es;
	struct blkdev *bd;
	uint32_t block_size;
	bool has_log;
	bool csum;           /* v3 (recovery: or v2) */
	uint32_t csum_seed;
	uint8_t uuid[JBD2_UUID_BYTES];
	uint32_t incompat;   /* of the journal */
	struct spinlock lock;
	struct wait_queue work;      /* the thread */
	struct wait_queue room;      /* handles that want to start */
	struct wait_queue commits;   /* waiters for commits */
	struct wait_queue bufs;      /* for jbuf.busy, or to be frozen */
	struct wait_queue io;        /* the thread, for its requests */
	int err;                     /* [lock] of the abort; read without */
	struct transaction *running;    /* [lock] or NULL */
	struct transaction *committing; /* [lock] or NULL */
	tid_t next_tid;              /* [lock] of the next running one */
	tid_t committed;             /* [lock] the last that is durable */
	bool want_commit;            /* [lock] of the running one */
	bool want_all;               /* [lock] places, too, and an empty log */
	tid_t all_tid;               /* [lock] up to this one */
	unsigned n_want_room;        /* [lock] handles that need log blocks */
	bool paused;                 /* [lock] handles wait */
	bool stop, stopped;          /* [lock] the thread */
	struct list_head logged;     /* [lock] transactions, oldest first */
	unsigned n_places;           /* [lock] buffers in all their lists */
	unsigned max_places;         /* beyond it they are written */
	unsigned max_tx;             /* blocks of the log for one */
	/* The log; the thread's, but `free`. */
	struct log_run *runs;
	unsigned n_runs;
	uint32_t first, end;  /* the ring */
	uint32_t head;        /* the next block */
	uint32_t free;        /* [lock] blocks that nobody needs */
	bool empty_on_disk;   /* s_start is 0 there */
	bool errno_noted;     /* the abort was */
	bool was_aborted;     /* before this mount */
	struct buf *super_bp; /* the journal's super block */
	struct stage stages[2];
	unsigned stage;        /* that is being filled */
	unsigned stage_blocks; /* each */
	unsigned stage_order;  /* of its pages */
	struct jbuf **sort;    /* SORT_MAX of them */
};
#define SORT_MAX 1024u

/* ---- journal.c ---- */
/* Blocks of the log that a transaction of n blocks may take at worst. */
unsigned journal_log_need(const struct journal *j, unsigned n_bufs,
			  unsigned n_revokes);
/* Nothing in it, and nobody who might still put something. Lock held. */
static inline bool journal_tx_is_empty(const struct transaction *tx)
{
	return !tx->n_bufs && !tx->n_revokes && !tx->n_handles &&
	       list_empty(&tx->callbacks) && list_empty(&tx->forgotten);
}
struct transaction *journal_tx_alloc(void);
void journal_tx_free(struct transaction *tx);
/* Lets go of a buffer that nobody needs any more, lock held; the reference is
 * the caller's to put then, without the lock: true. */
bool journal_release_locked(struct jbuf *jb);

/* ---- stage.c ---- */
int stage_open(struct journal *j);
void stage_close(struct journal *j);
/* Where to put the next block's content. Waits when both stages are full. */
void *stage_block(struct journal *j, uint64_t block);
/* How many more fit before the stage is sent. */
unsigned stage_room(const struct journal *j);
/* Sends what is there and begins anew. */
void stage_next(struct journal *j);
/* Sends all, waits for all: the first error since the last call. */
int stage_finish(struct journal *j);

/* ---- commit.c ---- */
void journal_thread(void *arg);
/* Copies the sealed content of jb, which is marked busy, to dst. */
void journal_copy_busy(struct journal *j, struct jbuf *jb, void *dst);
/* Writes n buffers to their places, of each one reference is given away. Those
 * of them that do not belong to tx any more (NULL: to any that runs) are left
 * out. The array is used up. */
int journal_write_places(struct journal *j, const struct transaction *tx,
			 struct jbuf **jbs, unsigned n);

/* ---- checkpoint.c ---- */
/* A step of writing to the places. all: every transaction's, not only the
 * oldest ones', and an empty log is marked as such. 1: something was done; 0:
 * what is left belongs to the running transaction, too; or an error. */
int journal_checkpoint(struct journal *j, bool all);
/* ---- log.c ---- */
/* Finds the journal, checks its super block, maps it. */
int journal_map_log(struct journal *j);
void journal_unmap_log(struct journal *j);
/* The block of the disk where a block of the log is. */
uint64_t journal_log_block(const struct journal *j, uint32_t n);
/* Is this block of the disk one of the journal? */
bool journal_log_has(const struct journal *j, uint64_t block);
/* The journal's super block, not flushed: the log begins at start with tid (0:
 * it is empty), and has the features and checksums of j. */
int journal_write_super(struct journal *j, uint32_t start, tid_t tid);
/* Notes there that the journal was aborted, for the next mount and e2fsck; else
 * it stays as it is. Where it cannot be written, that is told. */
void journal_write_errno(struct journal *j);

/* ---- recover.c ---- */
/* Plays what is in the log to its places, which are flushed. *next: the
 * number of the next transaction. j has its stages. */
int journal_replay(struct journal *j, tid_t *next);
