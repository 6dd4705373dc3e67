#pragma once
/*
 * What the files of this folder share. It includes nothing of fs/, whose
 * structures have the names of the C library's.
 *
 * A workload runs on a disk whose writes and flushes are logged. A crash state
 * is what the disk may hold if the power went at some time of that log; it has
 * a name, from which it can be made again.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRASH_SECTOR 512u

/* ---- log.c: what the disk was told ---- */

/* Times are counts of events: something happened before t if its time is
 * smaller. */
#define NEVER UINT32_MAX

struct log_write {
	uint64_t sector;
	uint32_t sectors;
	bool fua;
	uint32_t submitted, completed;
	unsigned char *data;
};

struct log_flush {
	uint32_t submitted, completed;
};

struct log {
	struct log_write *writes;
	unsigned n_writes;
	struct log_flush *flushes;
	unsigned n_flushes;
	uint32_t now;
};

/* The number of the write or flush, for log_completed. */
unsigned log_add_write(struct log *l, uint64_t sector, uint32_t sectors,
		       bool fua);
unsigned log_add_flush(struct log *l);
void log_clear(struct log *l);
/* Had write n to be on the disk at time t: it was completed, and then a flush
 * was asked for and completed. */
bool log_is_durable(const struct log *l, unsigned n, uint32_t t);

/*
 * The format of dm-log-writes, which QEMU's blklogwrites writes. One event
 * comes after the other there, so each write counts as completed when the next
 * begins. bytes: of the disk. 0, or -1 and a message.
 */
int log_read_file(struct log *l, const char *path, uint64_t bytes);
int log_write_file(const struct log *l, const char *path);

/* ---- states.c: what the disk may hold ---- */

struct state {
	/*
	 * p all that was submitted before t     d the same without write w
	 * o only w of what is not durable       t all, of w the first k sectors
	 * u all, of w all but the first k       s some, as the seed says
	 */
	char kind;
	uint32_t t, w, k;
	uint32_t seed;
};

#define STATE_NAME 64
void state_name(const struct state *st, char name[STATE_NAME]);
bool state_parse(const char *name, struct state *st);
/* Makes the state on top of image, the disk before the first write. */
void state_make(const struct log *l, const struct state *st,
		unsigned char *image);

struct states_options {
	unsigned seed;
	unsigned subsets; /* random ones for each write; 2 */
	unsigned tears;   /* of each request, at most */
	unsigned limit;   /* states of one workload, about; 0: all */
	bool prefixes_only;
	bool whole_super; /* sectors 2 and 3 are not torn apart */
};

/* Calls fn for each state of the log, with what the disk holds then and the
 * hash of that. work and durable: two copies of the first image. */
void states_walk(const struct log *l, const struct states_options *o,
		 unsigned char *work, unsigned char *durable,
		 void (*fn)(void *arg, const struct state *st,
			    const unsigned char *image, uint64_t hash),
		 void *arg);

uint64_t hash_mix(uint64_t a, uint64_t b);
uint64_t hash_bytes(uint64_t seed, const void *data, size_t n);

/* ---- judge.c: e2fsck ---- */

/* Makes an empty folder in memory for the judge's copy. seen: shared memory of
 * judge_seen_bytes for hashes of what was found clean. */
size_t judge_seen_bytes(void);
void judge_open(const char *folder, uint64_t bytes, void *seen);
/* Blocks whose content does not matter once the journal is played. */
void judge_set_journal(const uint32_t *blocks, unsigned n, uint32_t block_size);
/* Plays the journal on a copy (replay), then asks whether it is clean. NULL, or
 * what was wrong. */
const char *judge(const unsigned char *image, bool replay);
extern uint64_t judge_runs; /* of e2fsck */

/* ---- workload.c: what is done ---- */

enum op_kind {
	OP_CREATE,   /* path */
	OP_WRITE,    /* path off len */
	OP_TRUNCATE, /* path size */
	OP_FALLOCATE, /* path mode off len */
	OP_LINK,     /* path path2 */
	OP_UNLINK,   /* path */
	OP_RENAME,   /* path path2 */
	OP_EXCHANGE, /* path path2 */
	OP_MKDIR,    /* path */
	OP_RMDIR,    /* path */
	OP_SYMLINK,  /* target path */
	OP_MMAP,     /* path off len: through a mapped page */
	OP_DWRITE,   /* path off len: with O_DSYNC */
	OP_CHMOD,    /* path mode */
	OP_CHOWN,    /* path user */
	OP_UTIME,    /* path seconds: when it was last written */
	OP_OPEN,     /* path: stays open to the end */
	OP_CLOSE,    /* what was opened */
	OP_READ,     /* path: compares it with what it should be */
	OP_FSYNC,    /* path */
	OP_FDATASYNC, /* path */
	OP_SYNC,
	OP_SYNCFS,
	OP_WAIT,     /* seconds: write-back and commits come by themselves */
	OP_KINDS
};

#define PATH_BYTES 96

struct op {
	enum op_kind kind;
	char path[PATH_BYTES], path2[PATH_BYTES];
	uint64_t a, b, c;
};

struct workload {
	char name[96];
	bool deferred;     /* requests complete later, out of order */
	unsigned shuffle;
	bool power_off;    /* before it is unmounted */
	unsigned n_ops;
	struct op *ops;
};

/* The sets: "one", "two", "full", "random", "fsx", "many". How many there are (those
 * made by chance: as many as one likes, 0). */
unsigned workload_count(const char *set);
/* false: there is no such one. */
bool workload_make(const char *set, unsigned n, unsigned seed,
		   struct workload *w);
/* From text, an operation in a line. */
bool workload_parse(const char *text, struct workload *w);
void workload_free(struct workload *w);
void op_text(const struct op *op, char *buf, size_t size);

/* ---- model.c: what must be there ---- */

/* Begins with the tree of model_tree; op 0 made it. */
void model_reset(void);
/* Makes the same tree in a folder of this machine, for mke2fs -d. */
int model_make_tree(const char *folder);
/* Op n (from 1) begins at log time t. */
void model_begin(unsigned n, uint32_t t);
/* The data that op n writes. */
void model_data(unsigned n, uint64_t off, unsigned char *buf, size_t len);
/* It succeeded; result: what it returned. */
void model_done(const struct op *op, long result);
/* Mode, owner and time (ns) of the file at path as they are now. */
struct attr {
	uint32_t mode, uid;
	uint64_t mtime;
};
void model_attr(const char *path, const struct attr *a);
/* It failed, or some of its data may be lost: from now on there are no
 * promises, but only what was promised before. */
void model_failed(const struct op *op);
/* Data that cannot be written may be missing: zeroes count as known, where
 * nothing is promised. */
void model_zeroes(void);
/* All was unmounted: everything is promised at t. */
void model_promise_all(uint32_t t);
/* fsync and the like returned 0, at t. */
void model_synced(const struct op *op, uint32_t t);
/* Changes whenever a promise is made. */
unsigned model_promises(uint32_t t);
/* What was seen, for comparison: the walker calls these. type: 'd', 'f', 'l'.
 * Returns NULL or what is wrong. */
void seen_reset(void);
void seen_add(const char *path, char type, uint64_t ino, uint32_t nlink,
	      const char *target, const unsigned char *data, uint64_t size,
	      const struct attr *a);
/* t NEVER and live: what is there now, exactly. */
const char *seen_check(uint32_t t, bool live);
/* The content that the file has now, or NULL. */
const unsigned char *model_content(const char *path, uint64_t *size);

/* ---- run.c: the file system under test ---- */

/* Failing requests of a run. */
struct run_faults {
	unsigned nth;  /* 1: the first; 0: none */
	bool for_ever; /* all from there on */
};

void run_init(void);
/* Mounts image, runs w with the model, unmounts. Writes are logged. Returns
 * NULL or what was wrong. *requests: how many there were. */
const char *run_workload(const struct workload *w, unsigned char *image,
			 uint64_t bytes, struct log *l,
			 const struct run_faults *faults, unsigned *requests,
			 bool *told);
/* Mounts (recovery), looks at all of it, checks the oracle for time t (NULL
 * oracle: does not), writes a little if deep, unmounts. */
const char *run_recovery(unsigned char *image, uint64_t bytes, uint32_t t,
			 bool oracle, bool deep, struct log *l,
			 const struct run_faults *faults, unsigned *requests);
extern bool run_verbose;
/* Which requests of the last run were reads, or NULL. */
#define RUN_READS_MAX 8192u
extern unsigned char *run_reads;
