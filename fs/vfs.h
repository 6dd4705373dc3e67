#pragma once
/*
 * The objects of the file layer: super (a mounted file system), inode, file
 * (an open one) and the small tables of operations that a file system or a
 * device fills in. Names and paths are in dcache.h and namei.h; descriptors
 * in fdtable.h.
 *
 * Locks: inode.lock (reader-writer, RANK_DIR for directories, RANK_INODE else)
 * guards an inode's size, names and block map: held for writing by what
 * changes them, for reading by look-ups and reads of directories. Reads of
 * file data do not take it. Two directories are locked parent first, under
 * super.rename_lock when they are unrelated.
 */
#include "fs/blk.h"
#include "fs/host.h"
#include "fs/pagecache.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/statfs.h"
#include "kernel/abi/time.h"

struct dentry;
struct file;
struct fs_type;
struct inode;
struct mount;
struct poll_table;
struct super;
struct writeback;

#define NAME_MAX_BYTES 255

/* Receives directory entries; false: no room, stop (that entry is not taken).
 * next: the position to go on from behind this entry. type: DT_*. */
struct dir_context {
	bool (*emit)(struct dir_context *c, const char *name, unsigned len,
	             ino_t ino, unsigned type, off_t next);
	/* Called once they are collected, the directory being unlocked: 0, or an
	 * error, and then the file stands where it stood. NULL: not wanted. */
	int (*deliver)(struct dir_context *c);
};

struct inode_ops {
	/* Directory locked (reading at least). *out gets a referenced inode;
	 * -ENOENT if there is no such name. */
	int (*lookup)(struct inode *dir, const char *name, unsigned len,
	              struct inode **out);
	/* Directory locked for writing; name is known not to be there. mode has
	 * the type in it; target for symbolic links; rdev for nodes. */
	int (*create)(struct inode *dir, const char *name, unsigned len,
	              mode_t mode, dev_t rdev, const char *target,
	              struct inode **out);
	int (*link)(struct inode *dir, const char *name, unsigned len,
	            struct inode *ip);
	/* Removes a name of ip; a directory must be empty (-ENOTEMPTY). */
	int (*unlink)(struct inode *dir, const char *name, unsigned len,
	              struct inode *ip);
	/* ip moves from (od, oname) to (nd, nname), replacing target if not
	 * NULL; exchange: target takes the old name. Everything is locked. */
	int (*rename)(struct inode *od, const char *oname, unsigned olen,
	              struct inode *ip, struct inode *nd, const char *nname,
	              unsigned nlen, struct inode *target, bool exchange);
	/* Content of a symbolic link, NUL not counted: length or error. */
	ssize_t (*readlink)(struct inode *ip, char *buf, size_t size);
	/* Inode locked for writing. Only called when the mode, owner or times
	 * have changed in memory: make them last. */
	int (*setattr)(struct inode *ip);
	int (*truncate)(struct inode *ip, off_t size); /* either direction */
	/* A link that is no text but leads straight to a place (/proc/PID/cwd);
	 * *out is referenced. NULL: readlink says where. */
	int (*follow)(struct inode *ip, struct path *out);
	/* The bits of the mode refuse: may the caller all the same? NULL: no. */
	bool (*allow)(const struct inode *ip);
};

struct file_ops {
	int (*open)(struct inode *ip, struct file *f);
	void (*release)(struct file *f); /* the last reference is gone */
	/* pos: where to read; the caller moves the file position by the result.
	 * Streams (pipes, ttys) get -1 and ignore it. */
	ssize_t (*read)(struct file *f, struct uio *u, off_t pos);
	ssize_t (*write)(struct file *f, struct uio *u, off_t *pos);
	int (*iterate)(struct file *f, struct dir_context *c, off_t *pos);
	/* POLL* bits that hold now; registers on queues if t is not NULL. */
	unsigned (*poll)(struct file *f, struct poll_table *t);
	long (*ioctl)(struct file *f, unsigned cmd, uint64_t arg);
	int (*fsync)(struct file *f, bool data_only);
	/* -ENODEV without it. Shared writable needs mapping make_writable. */
	int (*mmap)(struct file *f, unsigned vm_flags);
	int (*fallocate)(struct file *f, int mode, off_t off, off_t len);
	off_t (*seek)(struct file *f, off_t off, int whence); /* NULL: generic */
	bool stream; /* no positions: -ESPIPE for lseek, pread */
};

struct super_ops {
	/* The last reference to an inode goes away: free what is only in
	 * memory, and on disk if nlink is 0. Mapping is already empty. */
	void (*evict)(struct inode *ip);
	int (*statfs)(struct super *sb, struct statfs *out);
	/* This one and remount: all that have a disk. */
	int (*sync)(struct super *sb, bool wait);
	/* For writeback.c: writes what is dirty of ip: its pages, and what
	 * dirty_attr says. Waits for it, makes nothing durable. */
	int (*write_inode)(struct inode *ip);
	void (*put)(struct super *sb); /* unmount: free private data */
	/* Sets sb->read_only. Others are inside: what they began ends first, and
	 * nothing that they use is freed. -EBUSY: the disk is in use in a way
	 * that wants to write; force: files that are open do not count. */
	int (*remount)(struct super *sb, bool read_only, bool force);
};

struct super {
	const char *type;        /* "ext4", "tmpfs", ... */
	char source[64];         /* "/dev/vda" */
	const struct super_ops *ops;
	struct blkdev *bdev;     /* or NULL */
	bool read_only;
	uint32_t dev;            /* st_dev */
	uint32_t block_size;
	uint64_t max_file_size;
	struct inode *root;      /* a reference */
	void *priv;
	struct mutex rename_lock;
	struct spinlock inodes_lock;
	struct list_head inodes; /* [inodes_lock] all in memory, about the
				  * oldest last */
	uint64_t n_inodes;       /* [inodes_lock] */
	struct list_head cached_link; /* vfs.c: it has inodes in the table */
	int32_t refs;            /* mounts, open files without one */
	uint32_t pins;           /* vfs.c: who just writes it out */
	unsigned flags;          /* SUPER_* */
	const struct fs_type *fs_type;
	struct dentry *droot;    /* name of the root, made by the first mount */
	struct writeback *wb;    /* writeback.h; NULL: nothing is ever dirty */
	struct wb_error errors;  /* of all its files */
};

#define SUPER_NO_DCACHE (1u << 0) /* names come and go by themselves (proc) */
#define SUPER_KEEP      (1u << 1) /* one for all mounts, never freed (dev) */
#define SUPER_DYING     (1u << 2) /* being unmounted: keep nothing */
#define SUPER_NAMELESS  (1u << 3) /* its files have no path (pipes) */

struct inode {
	struct super *sb;
	const struct inode_ops *ops;
	const struct file_ops *fops;
	ino_t ino;
	int32_t refs;
	mode_t mode;             /* type and permissions [lock] */
	uint32_t nlink;          /* [lock] */
	uid_t uid;               /* [lock] */
	gid_t gid;               /* [lock] */
	dev_t rdev;              /* of device nodes */
	off_t size;              /* [lock] to change; read with READ_ONCE */
	uint64_t blocks;         /* in 512-byte units, for stat */
	uint32_t promised;       /* atomic; blocks for dirty pages that have no
				  * place on the disk yet */
	struct timespec atime, mtime, ctime, btime;
	uint32_t generation;
	uint32_t flags;          /* file-system's */
	struct rwsem lock;
	struct mapping mapping;
	void *priv;              /* file system's own part, or device's */
	struct list_head sb_link;
	struct hlist_node hash_link; /* icache, by (sb, ino) */
	unsigned state;          /* INODE_*: icache */
	uint32_t dirty_attr;     /* atomic: times or mode are newer than the
				  * disk; writeback.h */
	int32_t writers;         /* open for writing; -n: n run it (ETXTBSY) */
	void *pipe;              /* of a FIFO that is open */
	struct file_lock *locks; /* flock.c */
};

/* An open file (POSIX "open file description"). */
struct file {
	const struct file_ops *ops;
	struct inode *inode;     /* held by dentry; a reference without it */
	struct dentry *dentry;   /* a reference, or NULL */
	struct mount *mnt;       /* a reference, or NULL */
	int32_t refs;
	unsigned flags;          /* O_* as set by open and fcntl */
	bool readable, writable;
	bool deny_write;         /* an exec holds it: counted in inode.writers */
	uint32_t hangups;        /* a terminal's, when it was opened */
	struct mutex pos_lock;   /* read/write/lseek with the shared position */
	off_t pos;
	uint64_t ra_next, ra_size; /* read-ahead: expected page, window */
	uint32_t wb_error_seq;   /* the last write error that it reported, */
	uint32_t sb_error_seq;   /* and the same for syncfs */
	void *priv;              /* device's, pipe's */
};

/*
 * References. file_put and inode_put may sleep and are called with no lock
 * held; file_put of the last reference calls release.
 */
static inline void inode_get(struct inode *ip)
{
	__atomic_fetch_add(&ip->refs, 1, __ATOMIC_RELAXED);
}
void inode_put(struct inode *ip);
static inline void file_get(struct file *f)
{
	__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
}
void file_put(struct file *f);

/*
 * The inode (sb, ino): found in memory, or a new one for the file system to
 * fill: *fresh is then true, and nobody else sees it until inode_unlock_new
 * (or inode_fail_new, which drops it). -ENOMEM.
 */
int inode_lookup(struct super *sb, ino_t ino, struct inode **out, bool *fresh);
void inode_unlock_new(struct inode *ip);
void inode_fail_new(struct inode *ip);
/* For lists of inodes without a reference, whose lock keeps ip from being
 * freed: one more reference, unless ip is on its way out. */
bool inode_try_get(struct inode *ip);
/* One that is in no table (pipes, tmpfs, new ones): -ENOMEM. */
int inode_alloc(struct super *sb, mode_t mode, struct inode **out);

/* A file system type; one visible table in vfs.c lists them. */
struct fs_type {
	const char *name;
	bool needs_dev;
	/* data: the options string of mount(2), may be NULL. *out gets a super
	 * with its root. */
	int (*mount)(const struct fs_type *t, struct blkdev *bd, bool read_only,
	             const char *data, struct super **out);
};
extern const struct fs_type ext4_type, tmpfs_type, devfs_type, devpts_type,
	procfs_type;

/* All of them, ended by NULL. */
extern const struct fs_type *const fs_types[];

/* An empty super with its locks and lists made. NULL: no memory. */
struct super *super_alloc(const struct fs_type *t, struct blkdev *bd);
void super_free(struct super *sb);
/* The last put takes everything of sb out of memory and frees it: 0, or why
 * not all of it is on the disk, which nobody was told yet. */
int super_put(struct super *sb);
/*
 * The file system that a disk has; NULL: none. A disk has one, in how many
 * places it is mounted. With a reference; or pinned, for who just writes it
 * out: whose last user goes meanwhile waits for super_unpin. One that is being
 * mounted or unmounted is not there yet or any more; wait: until that is done.
 */
struct super *super_of_disk(struct blkdev *bd, bool pin, bool wait);
void super_unpin(struct super *sb);
/* Has anybody a file of it open for writing? */
bool super_is_written(struct super *sb);

/* 0, -EACCES, or -EROFS where that is the file system's answer to all who want
 * to write; want is a mask of 4 (read), 2 (write), 1 (execute). */
int inode_permission(const struct inode *ip, int want);
int inode_permission_for(const struct cred *c, const struct inode *ip,
                         int want);
bool cred_in_group(const struct cred *c, gid_t gid);
/* The caller changes what the file says: if it is not root it takes the special
 * rights off. ip->lock held for writing; in memory. Were there any? */
bool inode_drop_set_id(struct inode *ip);
/* Cuts or stretches a regular file whose rights were looked at. Takes ip->lock. */
int inode_truncate(struct inode *ip, off_t size);
void inode_fill_stat(struct inode *ip, struct stat *st);

/* A new inode's mode, owner, group and times, made by the caller in dir. */
void inode_init_owner(struct inode *ip, const struct inode *dir, mode_t mode);
/* The mode of what the caller makes in dir when it asks for this one. */
mode_t inode_new_mode(const struct inode *dir, mode_t mode);

/* Times of an inode: now, as the file system keeps it. */
struct timespec vfs_now(void);
/* Data was read: moves atime forward when nobody knows it better (relatime:
 * at most once after each change). In memory only. */
void inode_touch_atime(struct inode *ip);

/* fs/ comes up: caches, then "/" as an empty tmpfs. Panics without memory. */
void vfs_init(void);

/*
 * Puts a disk on "/", ext4; read_only: not for writing, which a disk may not
 * allow either. 0, or the error for which the RAM root stays; its cause has
 * been printed.
 */
int vfs_mount_root(struct blkdev *bd, bool read_only);

/* The boot arguments say errors=panic: a disk whose super block says so too may
 * end everything when it is found damaged. */
extern bool vfs_errors_panic;

/*
 * Takes the disk away from "/" again: from now on "/" of new contexts is the
 * RAM root. Who has something of the disk open keeps it. -EINVAL: "/" is the
 * RAM root already.
 */
int vfs_root_to_ram(void);

/* A file in memory that has no name in any directory, one page long at most;
 * `name` is what /proc/PID/maps calls it. Open for reading. -ENOMEM. */
int vfs_anonymous_file(const char *name, struct file **out);
