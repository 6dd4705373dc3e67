#pragma once
/*
 * From path names to dentries: the walk over directories, mounts and symbolic
 * links, with the checks and the errors that Linux has; and the calls that
 * make, remove and move names. Names come as kernel strings of less than 4096
 * bytes; dirfd is AT_FDCWD or a descriptor of the caller.
 *
 * Here also: mounts (a file system in its place) and what of a process is
 * about paths.
 */
#include "fs/dcache.h"
#include "fs/vfs.h"

struct mount {
	struct super *sb;          /* [I] a reference */
	struct dentry *root;       /* [I] a reference */
	struct mount *parent;      /* [mount_lock] a reference; NULL: none */
	struct dentry *mountpoint; /* [mount_lock] a reference */
	unsigned flags;        /* MS_RDONLY, NOSUID, NODEV, NOEXEC, NOATIME */
	int id;                /* [I] */
	int32_t refs;          /* paths; one for being mounted */
	struct list_head link; /* [mount_lock] all that are mounted */
};

/* A place: both referenced, or both NULL. */
struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

/* Root, current directory and umask of a process, shared by its threads. */
struct fs_context {
	int32_t refs;
	struct spinlock lock;
	struct path root; /* [I] */
	struct path cwd;  /* [lock] */
	mode_t umask;     /* [lock] */
};

/* At the root of everything, umask 022. NULL: no memory. */
struct fs_context *fs_context_create(void);
/* A copy, for fork. NULL: no memory. */
struct fs_context *fs_context_fork(struct fs_context *fs);
static inline void fs_context_get(struct fs_context *fs)
{
	__atomic_fetch_add(&fs->refs, 1, __ATOMIC_RELAXED);
}
/* May sleep. */
void fs_context_put(struct fs_context *fs);

static inline void path_get(const struct path *p)
{
	__atomic_fetch_add(&p->mnt->refs, 1, __ATOMIC_RELAXED);
	dentry_get(p->dentry);
}
int mount_put(struct mount *m); /* the last one: as super_put */
static inline void path_put(const struct path *p)
{
	dentry_put(p->dentry);
	mount_put(p->mnt);
}

/* How a walk ends. */
#define WALK_NOFOLLOW  (1u << 0) /* a last symbolic link is the result */
#define WALK_EMPTY     (1u << 1) /* "" means dirfd itself */
#define WALK_DIRECTORY (1u << 2) /* -ENOTDIR unless it is one */

/* Where name leads. Errors: as stat(2). */
int path_lookup(int dirfd, const char *name, unsigned flags, struct path *out);

/* Is the mount or its file system read-only: -EROFS or 0. */
int path_want_write(const struct path *p);

/* What the system calls of these names do. */
int vfs_open(int dirfd, const char *name, unsigned flags, mode_t mode,
	     struct file **out);
int vfs_mknod(int dirfd, const char *name, mode_t mode, dev_t rdev);
int vfs_mkdir(int dirfd, const char *name, mode_t mode);
int vfs_symlink(const char *target, int dirfd, const char *name);
int vfs_link(int olddirfd, const char *oldname, int newdirfd,
	     const char *newname, unsigned at_flags);
int vfs_unlink(int dirfd, const char *name, bool directory);
int vfs_rename(int olddirfd, const char *oldname, int newdirfd,
	       const char *newname, unsigned flags);
ssize_t vfs_readlink(int dirfd, const char *name, char *buf, size_t size);
int vfs_chdir(const struct path *p);
int vfs_truncate(const struct path *p, struct inode *ip, off_t size);
int vfs_chmod(const struct path *p, mode_t mode);
/* (uid_t)-1 and (gid_t)-1: leave it. */
int vfs_chown(const struct path *p, uid_t uid, gid_t gid);
/* times NULL: both now. UTIME_NOW and UTIME_OMIT as in utimensat(2). */
int vfs_utimes(const struct path *p, const struct timespec times[2]);

/*
 * The path of p as seen from root, into the end of buf; *out points at it.
 * Length without NUL. -ENAMETOOLONG; -ENOENT if its name was removed, or (as
 * getcwd wants) it cannot be reached from root. deleted_ok: then " (deleted)"
 * is appended instead.
 */
ssize_t path_name(const struct path *p, const struct path *root, char *buf,
		  size_t size, bool deleted_ok, char **out);

/* Steps over what is mounted on p, and from the root of a mount down to what
 * it is mounted on (false: it is the root of everything). */
void mount_follow(struct path *p);
bool mount_ascend(struct path *p);
/* A mount of sb, which has a root, in no place: for files without names. */
int mount_private(struct super *sb, struct mount **out);
/* Guards the tree of mounts; inside it dcache_move_lock may be taken. */
extern struct spinlock mount_lock;
/* The root of everything; set once. Not referenced for the caller. */
extern struct path vfs_root;

/* mount(2) and umount2(2). -EPERM: the caller is not root. */
int vfs_mount(const char *source, const char *target, const char *type,
	      unsigned flags, const char *data);
int vfs_umount(const char *target, unsigned flags);
/* Calls fn for each mount in order, with the path of its mount point. */
void mount_walk(void (*fn)(void *arg, struct mount *m, const char *where),
		void *arg);
/* Writes everything out: sync(2). */
void vfs_sync_all(void);
/* The machine is about to be switched off: the same, and then no disk is
 * written any more, each being left as after an unmount. */
void vfs_shutdown(void);

void mount_init(void);
