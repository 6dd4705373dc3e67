/*
 * /proc.
 *
 * Its inodes are made when a name is looked up and forgotten afterwards: the
 * super says that names are not to be kept, so every look asks the hooks
 * whether the process still exists. What an inode stands for is in two of its
 * fields, the pid and a number for the row, link or descriptor.
 */
#include "fs/procfs.h"

#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/dirent.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"

#define ROWS_MAX 40

struct row {
	const char *name;
	mode_t mode;
	int (*show)(struct proc_text *t);
	int (*show_pid)(struct proc_text *t, int pid);
	int (*write)(char *text);
};

/* What an inode is; in its `flags`, with the row or descriptor above. */
enum kind {
	KIND_ROOT,
	KIND_ROW,
	KIND_FOLDER, /* of the rows "folder/name"; the first one's number */
	KIND_SELF,
	KIND_PID,
	KIND_PID_ROW,
	KIND_PLACE,
	KIND_FDS,
	KIND_FD,
};
#define KIND_BITS 4

static const char *const place_names[] = {
	[PROC_CWD] = "cwd",
	[PROC_ROOT] = "root",
	[PROC_EXE] = "exe",
};

/* Filled at start-up and by drivers, never emptied. */
static struct row rows[ROWS_MAX], pid_rows[ROWS_MAX];
static unsigned n_rows, n_pid_rows;
static const struct proc_hooks *hooks;
static struct super *proc_super;
static struct mutex proc_lock;

static const struct inode_ops proc_dir_inode_ops, proc_link_inode_ops;
static const struct inode_ops proc_file_inode_ops, proc_self_inode_ops;
static const struct file_ops proc_dir_ops, proc_file_ops;

/* ---- text ---- */

static bool text_room(struct proc_text *t, size_t n)
{
	size_t cap = t->cap ? t->cap : 1024;
	char *buf;

	if (t->err)
		return false;
	if (t->cap - t->len > n)
		return true;
	while (cap - t->len <= n)
		cap *= 2;
	buf = kmalloc(cap, GFP_KERNEL);
	if (!buf) {
		t->err = -ENOMEM;
		return false;
	}
	if (t->len)
		memcpy(buf, t->buf, t->len);
	kfree(t->buf);
	t->buf = buf;
	t->cap = cap;
	return true;
}

void proc_append(struct proc_text *t, const void *data, size_t n)
{
	if (!text_room(t, n))
		return;
	memcpy(t->buf + t->len, data, n);
	t->len += n;
}

void proc_printf(struct proc_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!text_room(t, 128))
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->cap - t->len, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n >= t->cap - t->len) {
		if (!text_room(t, (size_t)n + 1))
			return;
		va_start(ap, fmt);
		n = vsnprintf(t->buf + t->len, t->cap - t->len, fmt, ap);
		va_end(ap);
	}
	if (n > 0)
		t->len += (size_t)n;
}

int proc_register_file(const char *name, mode_t mode,
		       int (*show)(struct proc_text *t),
		       int (*write)(char *text))
{
	if (n_rows == ROWS_MAX)
		return -ENOMEM;
	rows[n_rows] = (struct row){ name, mode, show, NULL, write };
	__atomic_store_n(&n_rows, n_rows + 1, __ATOMIC_RELEASE);
	return 0;
}

int proc_register(const char *name, int (*show)(struct proc_text *t))
{
	return proc_register_file(name, 0444, show, NULL);
}

int proc_register_pid(const char *name, mode_t mode,
		      int (*show)(struct proc_text *t, int pid))
{
	if (n_pid_rows == ROWS_MAX)
		return -ENOMEM;
	pid_rows[n_pid_rows] = (struct row){ name, mode, NULL, show, NULL };
	__atomic_store_n(&n_pid_rows, n_pid_rows + 1, __ATOMIC_RELEASE);
	return 0;
}

void proc_set_hooks(const struct proc_hooks *h)
{
	__atomic_store_n(&hooks, h, __ATOMIC_RELEASE);
}

/* ---- inodes ---- */

static inline enum kind kind_of(const struct inode *ip)
{
	return (enum kind)(ip->flags & ((1u << KIND_BITS) - 1));
}

static inline unsigned what_of(const struct inode *ip)
{
	return ip->flags >> KIND_BITS;
}

static inline int pid_of(const struct inode *ip)
{
	return (int)ip->generation;
}

static ino_t number_of(enum kind kind, int pid, unsigned what)
{
	return (ino_t)(uint32_t)pid << 32 | (ino_t)what << KIND_BITS | kind |
	       (kind == KIND_ROOT ? 1u << 31 : 0);
}

static int make_inode(enum kind kind, int pid, unsigned what, mode_t mode,
		      struct inode **out)
{
	struct inode *ip;
	int err = inode_alloc(proc_super, mode, &ip);

	if (err)
		return err;
	ip->ino = number_of(kind, pid, what);
	ip->flags = what << KIND_BITS | kind;
	ip->generation = (uint32_t)pid;
	ip->mtime = vfs_now();
	ip->atime = ip->mtime;
	ip->ctime = ip->mtime;
	switch (mode & S_IFMT) {
	case S_IFDIR:
		ip->ops = &proc_dir_inode_ops;
		ip->fops = &proc_dir_ops;
		ip->nlink = 2;
		break;
	case S_IFLNK:
		ip->ops = kind == KIND_SELF ? &proc_self_inode_ops
					    : &proc_link_inode_ops;
		break;
	default:
		ip->ops = &proc_file_inode_ops;
		ip->fops = &proc_file_ops;
	}
	if (pid && hooks && hooks->owner(pid, &ip->uid, &ip->gid)) {
		inode_put(ip);
		return -ENOENT;
	}
	*out = ip;
	return 0;
}

/* A decimal number without anything around it, or -1. */
static int parse_number(const char *s, unsigned len)
{
	int n = 0;

	if (!len || len > 9 || (s[0] == '0' && len > 1))
		return -1;
	while (len--) {
		if (*s < '0' || *s > '9')
			return -1;
		n = n * 10 + (*s++ - '0');
	}
	return n;
}

static bool name_is(const char *name, unsigned len, const char *s)
{
	return strlen(s) == len && !memcmp(s, name, len);
}

/* How long the folder's name is in a row's, 0 if it lies in none. */
static unsigned folder_len(const struct row *r)
{
	const char *slash = strchr(r->name, '/');

	return slash ? (unsigned)(slash - r->name) : 0;
}

/* The first row that lies in the folder of row i. */
static unsigned folder_first(unsigned i)
{
	unsigned first = 0, len = folder_len(&rows[i]);

	while (memcmp(rows[first].name, rows[i].name, len + 1) != 0)
		first++;
	return first;
}

static int lookup_row(unsigned i, struct inode **out)
{
	return make_inode(KIND_ROW, 0, i, S_IFREG | rows[i].mode, out);
}

static int lookup_root(const char *name, unsigned len, struct inode **out)
{
	int pid = parse_number(name, len);

	/* Whether there is one, its owner says. */
	if (pid > 0 && hooks)
		return make_inode(KIND_PID, pid, 0, S_IFDIR | 0555, out);
	if (name_is(name, len, "self"))
		return make_inode(KIND_SELF, 0, 0, S_IFLNK | 0777, out);
	for (unsigned i = 0; i < n_rows; i++) {
		if (name_is(name, len, rows[i].name))
			return lookup_row(i, out);
		if (len == folder_len(&rows[i]) &&
		    !memcmp(name, rows[i].name, len))
			return make_inode(KIND_FOLDER, 0, i, S_IFDIR | 0555,
					  out);
	}
	return -ENOENT;
}

static int lookup_folder(unsigned first, const char *name, unsigned len,
			 struct inode **out)
{
	unsigned skip = folder_len(&rows[first]) + 1;

	for (unsigned i = first; i < n_rows; i++)
		if (!strncmp(rows[i].name, rows[first].name, skip) &&
		    name_is(name, len, rows[i].name + skip))
			return lookup_row(i, out);
	return -ENOENT;
}

static int lookup_pid(int pid, const char *name, unsigned len,
		      struct inode **out)
{
	for (unsigned i = 0; i < n_pid_rows; i++) {
		if (name_is(name, len, pid_rows[i].name))
			return make_inode(KIND_PID_ROW, pid, i,
					  S_IFREG | pid_rows[i].mode, out);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(place_names); i++) {
		if (name_is(name, len, place_names[i]))
			return make_inode(KIND_PLACE, pid, i, S_IFLNK | 0777,
					  out);
	}
	if (name_is(name, len, "fd"))
		return make_inode(KIND_FDS, pid, 0, S_IFDIR | 0500, out);
	return -ENOENT;
}

/* An open file of the process, with a reference: 0, -EACCES, -ENOENT. */
static int process_file(int pid, unsigned fd, struct file **out)
{
	struct fdtable *t;
	int err = hooks ? hooks->files(pid, &t) : -ENOENT;

	if (err)
		return err;
	*out = fdtable_get_file(t, fd);
	fdtable_put(t);
	return *out ? 0 : -ENOENT;
}

static int lookup_fd(int pid, const char *name, unsigned len,
		     struct inode **out)
{
	int fd = parse_number(name, len), err;
	mode_t mode = S_IFLNK | 0100;
	struct file *f;

	if (fd < 0)
		return -ENOENT;
	err = process_file(pid, (unsigned)fd, &f);
	if (err)
		return err;
	if (f->readable)
		mode |= 0400;
	if (f->writable)
		mode |= 0200;
	file_put(f);
	return make_inode(KIND_FD, pid, (unsigned)fd, mode, out);
}

static int proc_lookup(struct inode *dir, const char *name, unsigned len,
		       struct inode **out)
{
	switch (kind_of(dir)) {
	case KIND_ROOT:
		return lookup_root(name, len, out);
	case KIND_FOLDER:
		return lookup_folder(what_of(dir), name, len, out);
	case KIND_PID:
		return lookup_pid(pid_of(dir), name, len, out);
	case KIND_FDS:
		return lookup_fd(pid_of(dir), name, len, out);
	default:
		return -ENOENT;
	}
}

/* ---- directories ---- */

/* Positions: "." and "..", the fixed names, then numbers from here on. */
#define POS_NUMBERS 0x10000

static bool emit_at(struct dir_context *c, off_t *pos, const char *name,
		    ino_t ino, unsigned type, off_t next)
{
	if (!c->emit(c, name, (unsigned)strlen(name), ino, type, next))
		return false;
	*pos = next;
	return true;
}

static bool emit_number(struct dir_context *c, off_t *pos, int n, ino_t ino,
			unsigned type)
{
	char name[12];

	snprintf(name, sizeof(name), "%d", n);
	return emit_at(c, pos, name, ino, type, (off_t)POS_NUMBERS + n + 1);
}

static bool iterate_root(struct dir_context *c, off_t *pos)
{
	int pid;

	while (*pos - 2 < (off_t)n_rows) {
		unsigned i = (unsigned)(*pos - 2);
		unsigned len = folder_len(&rows[i]);

		if (!len &&
		    !emit_at(c, pos, rows[i].name, number_of(KIND_ROW, 0, i),
			     DT_REG, *pos + 1))
			return false;
		if (len && folder_first(i) == i &&
		    !c->emit(c, rows[i].name, len, number_of(KIND_FOLDER, 0, i),
			     DT_DIR, *pos + 1))
			return false;
		*pos = (off_t)i + 3;
	}
	if (*pos < POS_NUMBERS &&
	    !emit_at(c, pos, "self", number_of(KIND_SELF, 0, 0), DT_LNK,
		     POS_NUMBERS))
		return false;
	while (hooks) {
		pid = hooks->next_pid((int)(*pos - POS_NUMBERS));
		if (pid < 0)
			break;
		if (!emit_number(c, pos, pid, number_of(KIND_PID, pid, 0),
				 DT_DIR))
			return false;
	}
	return true;
}

static void iterate_folder(unsigned first, struct dir_context *c, off_t *pos)
{
	unsigned skip = folder_len(&rows[first]) + 1, i;

	for (; (i = (unsigned)(*pos - 2)) < n_rows; ++*pos)
		if (!strncmp(rows[i].name, rows[first].name, skip) &&
		    !c->emit(c, rows[i].name + skip,
			     (unsigned)strlen(rows[i].name + skip),
			     number_of(KIND_ROW, 0, i), DT_REG, *pos + 1))
			return;
}

static bool iterate_pid(int pid, struct dir_context *c, off_t *pos)
{
	unsigned i;

	while ((i = (unsigned)(*pos - 2)) < n_pid_rows) {
		if (!emit_at(c, pos, pid_rows[i].name,
			     number_of(KIND_PID_ROW, pid, i), DT_REG, *pos + 1))
			return false;
	}
	while ((i = (unsigned)(*pos - 2) - n_pid_rows) <
	       ARRAY_SIZE(place_names)) {
		if (!emit_at(c, pos, place_names[i],
			     number_of(KIND_PLACE, pid, i), DT_LNK, *pos + 1))
			return false;
	}
	if (i == ARRAY_SIZE(place_names))
		return emit_at(c, pos, "fd", number_of(KIND_FDS, pid, 0),
			       DT_DIR, *pos + 1);
	return true;
}

static bool iterate_fds(int pid, struct dir_context *c, off_t *pos)
{
	struct fdtable *t;
	bool more = true;
	int fd;

	if (!hooks || hooks->files(pid, &t))
		return true;
	if (*pos < POS_NUMBERS)
		*pos = POS_NUMBERS;
	while (more) {
		fd = fdtable_next(t, (unsigned)(*pos - POS_NUMBERS));
		if (fd < 0)
			break;
		more = emit_number(c, pos, fd,
				   number_of(KIND_FD, pid, (unsigned)fd),
				   DT_LNK);
	}
	fdtable_put(t);
	return more;
}

static int proc_iterate(struct file *f, struct dir_context *c, off_t *pos)
{
	struct inode *dir = f->inode;

	if (*pos == 0 && !emit_at(c, pos, ".", dir->ino, DT_DIR, 1))
		return 0;
	if (*pos == 1 &&
	    !emit_at(c, pos, "..", number_of(KIND_ROOT, 0, 0), DT_DIR, 2))
		return 0;
	switch (kind_of(dir)) {
	case KIND_ROOT:
		iterate_root(c, pos);
		break;
	case KIND_FOLDER:
		iterate_folder(what_of(dir), c, pos);
		break;
	case KIND_PID:
		iterate_pid(pid_of(dir), c, pos);
		break;
	case KIND_FDS:
		iterate_fds(pid_of(dir), c, pos);
		break;
	default:
		break;
	}
	return 0;
}

/* ---- links ---- */

static ssize_t path_text(const struct path *p, char *buf, size_t size)
{
	ssize_t n;
	char *s;

	n = path_name(p, &host_fs()->root, buf, size, true, &s);
	if (n > 0)
		memmove(buf, s, (size_t)n);
	return n;
}

static ssize_t proc_readlink(struct inode *ip, char *buf, size_t size)
{
	struct path p;
	struct file *f;
	ssize_t n;
	char *s;
	int err;

	if (kind_of(ip) == KIND_SELF)
		return snprintf(buf, size, "%d", host_pid());
	if (kind_of(ip) == KIND_PLACE) {
		err = hooks->place(pid_of(ip), (enum proc_place)what_of(ip),
				   &p);
		if (err)
			return err;
		n = path_text(&p, buf, size);
		path_put(&p);
		return n;
	}
	err = process_file(pid_of(ip), what_of(ip), &f);
	if (err)
		return err;
	n = file_name(f, buf, size, &s);
	if (n > 0)
		memmove(buf, s, (size_t)n);
	file_put(f);
	return n;
}

static int proc_follow(struct inode *ip, struct path *out)
{
	struct file *f;
	int err;

	if (kind_of(ip) == KIND_PLACE)
		return hooks->place(pid_of(ip), (enum proc_place)what_of(ip),
				    out);
	err = process_file(pid_of(ip), what_of(ip), &f);
	if (err)
		return err;
	err = -ENXIO;
	if (f->mnt && f->dentry) {
		out->mnt = f->mnt;
		out->dentry = f->dentry;
		path_get(out);
		err = 0;
	}
	file_put(f);
	return err;
}

/* ---- files ---- */

static int text_make(struct file *f, struct proc_text *t)
{
	struct inode *ip = f->inode;
	int err;

	t->len = 0;
	t->err = 0;
	if (kind_of(ip) == KIND_ROW)
		err = rows[what_of(ip)].show(t);
	else
		err = pid_rows[what_of(ip)].show_pid(t, pid_of(ip));
	return err ? err : t->err;
}

static ssize_t proc_read(struct file *f, struct uio *u, off_t pos)
{
	struct inode *ip = f->inode;
	struct proc_text *t;
	ssize_t n = 0;
	size_t want;

	rwsem_write_lock(&ip->lock);
	t = f->priv;
	if (!t) {
		t = kzalloc(sizeof(*t), GFP_KERNEL);
		f->priv = t;
		n = t ? text_make(f, t) : -ENOMEM;
	} else if (!pos) {
		n = text_make(f, t);
	}
	if (!n && (size_t)pos < t->len) {
		want = MIN(u->resid, t->len - (size_t)pos);
		n = (ssize_t)uio_copy_to(u, t->buf + pos, want);
		if (!n && want)
			n = -EFAULT;
	}
	rwsem_write_unlock(&ip->lock);
	return n;
}

/* One call is one order to the owner of the row; where is of no matter. */
static ssize_t proc_write(struct file *f, struct uio *u, off_t *pos)
{
	struct inode *ip = f->inode;
	char text[PROC_WRITE_MAX + 1];
	size_t n = u->resid;
	int err;

	if (kind_of(ip) != KIND_ROW || !rows[what_of(ip)].write)
		return -EINVAL;
	if (n > PROC_WRITE_MAX)
		return -E2BIG;
	if (uio_copy_from(u, text, n) != n)
		return -EFAULT;
	text[n] = '\0';
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	err = rows[what_of(ip)].write(text);
	return err ? err : (ssize_t)n;
}

/* A shell's > asks for it. */
static int proc_truncate(struct inode *ip, off_t size)
{
	return 0;
}

static void proc_release(struct file *f)
{
	struct proc_text *t = f->priv;

	if (!t)
		return;
	kfree(t->buf);
	kfree(t);
}

/* ---- rows about fs/ and memory ---- */

/* A blank in a name ends no field, and a newline no line. */
static void put_field(struct proc_text *t, const char *s)
{
	for (; *s; s++) {
		unsigned c = (unsigned char)*s;

		if (strchr(" \t\n\\", *s))
			proc_printf(t, "\\%u%u%u", c >> 6, c >> 3 & 7, c & 7);
		else
			proc_printf(t, "%c", *s);
	}
	proc_printf(t, " ");
}

static void show_mount(void *arg, struct mount *m, const char *where)
{
	struct proc_text *t = arg;
	bool ro = m->flags & MS_RDONLY || m->sb->read_only;

	put_field(t, m->sb->source);
	put_field(t, where);
	proc_printf(t, "%s %s%s%s%s%s 0 0\n", m->sb->type, ro ? "ro" : "rw",
		    m->flags & MS_NOSUID ? ",nosuid" : "",
		    m->flags & MS_NODEV ? ",nodev" : "",
		    m->flags & MS_NOEXEC ? ",noexec" : "",
		    m->flags & MS_NOATIME ? ",noatime" : ",relatime");
}

static int show_mounts(struct proc_text *t)
{
	mount_walk(show_mount, t);
	return 0;
}

static int show_pid_mounts(struct proc_text *t, int pid)
{
	return show_mounts(t);
}

static int show_filesystems(struct proc_text *t)
{
	for (unsigned i = 0; fs_types[i]; i++)
		proc_printf(t, "%s\t%s\n",
			    fs_types[i]->needs_dev ? "" : "nodev",
			    fs_types[i]->name);
	return 0;
}

/* In the form of Linux's: what is not counted is 0. */
static int show_disks(struct proc_text *t)
{
	for (struct blkdev *bd = blk_first(); bd; bd = blk_next(bd))
		proc_printf(t, "%4u %7u %s %lu 0 %lu 0 %lu 0 %lu 0 0 0 0\n",
			    ABI_DEV_MAJOR(bd->dev), ABI_DEV_MINOR(bd->dev),
			    bd->name, READ_ONCE(bd->n_requests[BLK_READ]),
			    READ_ONCE(bd->n_sectors[BLK_READ]),
			    READ_ONCE(bd->n_requests[BLK_WRITE]),
			    READ_ONCE(bd->n_sectors[BLK_WRITE]));
	return 0;
}

static void meminfo_line(struct proc_text *t, const char *name, uint64_t pages)
{
	proc_printf(t, "%-16s%8llu kB\n", name,
		    (unsigned long long)(pages * (PAGE_SIZE / 1024)));
}

static int show_meminfo(struct proc_text *t)
{
	uint64_t clean = pagecache_reclaimable();
	struct page_counts c;

	page_count(&c);
	clean = MIN(clean, c.by_kind[PAGE_CACHE]);
	meminfo_line(t, "MemTotal:", c.total);
	meminfo_line(t, "MemFree:", c.free);
	meminfo_line(t, "MemAvailable:", c.free + clean);
	meminfo_line(t, "Buffers:", 0);
	meminfo_line(t, "Cached:", c.by_kind[PAGE_CACHE]);
	meminfo_line(t, "SwapCached:", 0);
	meminfo_line(t, "Shmem:", c.by_kind[PAGE_CACHE] - clean);
	meminfo_line(t, "AnonPages:", c.by_kind[PAGE_ANON]);
	meminfo_line(t, "Slab:", c.by_kind[PAGE_SLAB]);
	meminfo_line(t, "KernelPages:", c.by_kind[PAGE_KERNEL]);
	meminfo_line(t, "PageTables:", c.by_kind[PAGE_PAGETABLE]);
	meminfo_line(t, "Pipes:", c.by_kind[PAGE_PIPE]);
	meminfo_line(t, "SwapTotal:", 0);
	meminfo_line(t, "SwapFree:", 0);
	return 0;
}

static void slab_line(void *arg, const char *name, size_t size, uint64_t in_use,
		      uint64_t pages)
{
	proc_printf(arg, "%-20s %6llu %6llu %6llu\n", name,
		    (unsigned long long)size, (unsigned long long)in_use,
		    (unsigned long long)pages);
}

static int show_slabinfo(struct proc_text *t)
{
	proc_printf(t, "%-20s %6s %6s %6s\n", "# name", "size", "in use",
		    "pages");
	kmem_cache_walk(slab_line, t);
	return 0;
}

/* ---- the file system ---- */

static int proc_statfs(struct super *sb, struct statfs *st)
{
	st->f_type = PROC_SUPER_MAGIC;
	return 0;
}

static const struct super_ops proc_super_ops = {
	.statfs = proc_statfs,
};

static int procfs_mount(const struct fs_type *type, struct blkdev *bd,
			bool read_only, const char *data, struct super **out)
{
	struct super *sb;
	int err = 0;

	/* Inside the lock of mounting. */
	mutex_lock_nested(&proc_lock);
	if (!proc_super) {
		sb = super_alloc(type, NULL);
		if (!sb) {
			err = -ENOMEM;
			goto unlock;
		}
		sb->ops = &proc_super_ops;
		sb->flags |= SUPER_KEEP | SUPER_NO_DCACHE;
		sb->refs = 1;
		proc_super = sb;
		err = make_inode(KIND_ROOT, 0, 0, S_IFDIR | 0555, &sb->root);
		if (err) {
			proc_super = NULL;
			super_free(sb);
		}
	}
unlock:
	mutex_unlock(&proc_lock);
	if (!err)
		*out = proc_super;
	return err;
}

void procfs_init(void)
{
	mutex_init(&proc_lock, "procfs", RANK_RENAME);
	proc_register("mounts", show_mounts);
	proc_register("filesystems", show_filesystems);
	proc_register("diskstats", show_disks);
	proc_register("meminfo", show_meminfo);
	proc_register("slabinfo", show_slabinfo);
	proc_register_pid("mounts", 0444, show_pid_mounts);
}

/* Into what is a process's own only those look who may look into it: one of the
 * same user, but of another group, may not. Reading asks again. */
static int proc_open(struct inode *ip, struct file *f)
{
	struct fdtable *t;
	int err;

	if (kind_of(ip) != KIND_PID_ROW || ip->mode & 0044)
		return 0;
	err = hooks->files(pid_of(ip), &t);
	if (!err)
		fdtable_put(t);
	return err == -EACCES ? err : 0;
}

/* A process looks at its own descriptors, whoever it is for files. */
static bool proc_allow(const struct inode *ip)
{
	return kind_of(ip) == KIND_FDS && pid_of(ip) == host_pid();
}

static const struct inode_ops proc_dir_inode_ops = {
	.lookup = proc_lookup,
	.allow = proc_allow,
};
static const struct inode_ops proc_file_inode_ops = {
	.truncate = proc_truncate,
};
static const struct inode_ops proc_self_inode_ops = {
	.readlink = proc_readlink,
};
static const struct inode_ops proc_link_inode_ops = {
	.readlink = proc_readlink,
	.follow = proc_follow,
};
static const struct file_ops proc_dir_ops = {
	.iterate = proc_iterate,
};
static const struct file_ops proc_file_ops = {
	.open = proc_open,
	.read = proc_read,
	.write = proc_write,
	.release = proc_release,
};

const struct fs_type procfs_type = {
	.name = "proc",
	.mount = procfs_mount,
};
