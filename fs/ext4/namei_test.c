/*
 * Names that are made, removed and moved by chance, against a model of the
 * tree: each call has the result that it should have, or the error that was
 * brought about (no memory, a sector that fails, a full disk), and then nothing
 * has changed. At the end e2fsck judges, and what is mounted anew is the model.
 *
 * Usage: namei_test [rounds [seed]]
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/ext4/dir_test.h"

#include "kernel/abi/mount.h"

#define NODES   600u
#define NAMES   24u /* in a directory */
#define PATHLEN 3000

static uint32_t seed = 1;

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 8) * n >> 24);
}

/* ---- the model ---- */

static struct node {
	mode_t type; /* 0: free */
	ino_t ino;
	unsigned nlink, level;
	struct node *up;           /* of a directory */
	struct node *names[NAMES]; /* of a directory */
	unsigned text;             /* length of a symbolic link */
} nodes[NODES];

static const char *name_of(unsigned i)
{
	static char name[NAMES][NAME_MAX_BYTES + 1];
	unsigned len = i % 3 == 2 ? 255 - i : 3 + i % 11;

	if (!name[i][0])
		for (unsigned k = 0; k < len; k++)
			name[i][k] = (char)('a' + (i + k * k) % 26);
	return name[i];
}

/* Path of a name of d, from the root of the disk. */
static char *path_of(const struct node *d, unsigned i, char *buf)
{
	char *at = buf + PATHLEN - 1;
	const char *s = name_of(i);

	*at = 0;
	for (;;) {
		at -= strlen(s);
		memcpy(at, s, strlen(s));
		if (d == nodes)
			return at;
		*--at = '/';
		for (i = 0; d->up->names[i] != d; i++)
			;
		s = name_of(i);
		d = d->up;
	}
}

static struct node *any_dir(void)
{
	unsigned i = chance(NODES);

	for (unsigned k = 0; k < NODES; k++) {
		struct node *n = &nodes[(i + k) % NODES];

		if (S_ISDIR(n->type) && n->level < 8)
			return n;
	}
	return nodes;
}

static struct node *node_free(void)
{
	for (unsigned i = 1; i < NODES; i++) {
		if (!nodes[i].type)
			return &nodes[i];
	}
	return NULL;
}

static bool is_empty(const struct node *d)
{
	for (unsigned i = 0; i < NAMES; i++) {
		if (d->names[i])
			return false;
	}
	return true;
}

static bool is_above(const struct node *a, const struct node *d)
{
	for (; d != nodes; d = d->up) {
		if (a == d)
			return true;
	}
	return a == nodes;
}

static void set_level(struct node *d, unsigned level)
{
	d->level = level;
	for (unsigned i = 0; i < NAMES; i++) {
		struct node *n = d->names[i];

		if (n && S_ISDIR(n->type))
			set_level(n, level + 1);
	}
}

static void model_put(struct node *d, unsigned i, struct node *n)
{
	d->names[i] = n;
	if (n && S_ISDIR(n->type)) {
		n->up = d;
		set_level(n, d->level + 1);
		d->nlink++;
	}
}

static struct node *model_take(struct node *d, unsigned i)
{
	struct node *n = d->names[i];

	d->names[i] = NULL;
	if (n && S_ISDIR(n->type))
		d->nlink--;
	return n;
}

static void model_drop(struct node *n)
{
	n->nlink -= S_ISDIR(n->type) ? 2 : 1;
	if (!n->nlink)
		n->type = 0;
}

/* ---- calls ---- */

/* What may go wrong besides: a bit for each of ENOMEM, EIO, ENOSPC, EROFS. */
static int allowed[4];
static unsigned n_allowed[4], n_calls;

/* The result of a call; true: it was done. */
static bool result(const char *what, const char *a, const char *b, int got,
		   int want)
{
	host_fail_alloc(0);
	n_calls++;
	if (got == want)
		return !got;
	for (unsigned i = 0; i < ARRAY_SIZE(allowed); i++) {
		if (got && got == allowed[i]) {
			n_allowed[i]++;
			return false;
		}
	}
	CHECK(0, "%s %s %s: %d, not %d", what, a, b, got, want);
	return !got;
}

static void node_find_ino(struct node *n, const char *path)
{
	struct stat st;
	int err;

	do
		err = t_stat(path, &st);
	while (err == -EIO);
	IS(err, 0);
	n->ino = st.st_ino;
}

static void op_make(struct node *d, unsigned i)
{
	static const unsigned lengths[] = { 1, 20, 59, 60, 61, 200, 900 };
	static const mode_t types[] = { S_IFREG, S_IFREG, S_IFDIR,  S_IFDIR,
					S_IFLNK, S_IFIFO, S_IFSOCK, S_IFCHR };
	mode_t type = types[chance(ARRAY_SIZE(types))];
	unsigned text = lengths[chance(ARRAY_SIZE(lengths))];
	struct node *n = node_free();
	char buf[PATHLEN], target[1000], *path = path_of(d, i, buf);
	int got, want = d->names[i] ? -EEXIST : 0;

	if (!n)
		return;
	memset(target, 't', text);
	target[text] = 0;
	if (S_ISDIR(type))
		got = t_mkdir(path);
	else if (S_ISLNK(type))
		got = vfs_symlink(target, AT_FDCWD, path);
	else
		got = vfs_mknod(AT_FDCWD, path, type | 0644, 0x305);
	if (!result("make", path, "", got, want))
		return;
	memset(n, 0, sizeof(*n));
	n->type = type;
	n->text = text;
	n->nlink = S_ISDIR(type) ? 2 : 1;
	model_put(d, i, n);
	node_find_ino(n, path);
}

static void op_link(struct node *d, unsigned i, struct node *e, unsigned k)
{
	char abuf[PATHLEN], bbuf[PATHLEN];
	char *a = path_of(d, i, abuf), *b = path_of(e, k, bbuf);
	struct node *n = d->names[i];
	int want = !n                 ? -ENOENT
		   : e->names[k]      ? -EEXIST
		   : S_ISDIR(n->type) ? -EPERM
				      : 0;

	if (result("link", a, b, t_link(a, b), want)) {
		n->nlink++;
		model_put(e, k, n);
	}
}

static void op_unlink(struct node *d, unsigned i)
{
	char buf[PATHLEN], *path = path_of(d, i, buf);
	struct node *n = d->names[i];
	bool dir = chance(2);
	int want = 0;

	if (!n)
		want = -ENOENT;
	else if (!dir)
		want = S_ISDIR(n->type) ? -EISDIR : 0;
	else
		want = !S_ISDIR(n->type) ? -ENOTDIR
		       : is_empty(n)     ? 0
					 : -ENOTEMPTY;
	if (result(dir ? "rmdir" : "unlink", path, "",
		   vfs_unlink(AT_FDCWD, path, dir), want))
		model_drop(model_take(d, i));
}

static int rename_wants(struct node *d, unsigned i, struct node *e, unsigned k,
			unsigned flags)
{
	const struct node *n = d->names[i], *t = e->names[k];
	bool exchange = flags & RENAME_EXCHANGE;

	if (!n)
		return -ENOENT;
	if (t && flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (!t && exchange)
		return -ENOENT;
	if (S_ISDIR(n->type) && is_above(n, e))
		return -EINVAL;
	if (t && S_ISDIR(t->type) && is_above(t, d))
		return exchange ? -EINVAL : -ENOTEMPTY;
	if (!t || n == t || exchange)
		return 0;
	if (S_ISDIR(n->type) != S_ISDIR(t->type))
		return S_ISDIR(n->type) ? -ENOTDIR : -EISDIR;
	return S_ISDIR(t->type) && !is_empty(t) ? -ENOTEMPTY : 0;
}

static void op_rename(struct node *d, unsigned i, struct node *e, unsigned k)
{
	static const unsigned kinds[] = { 0, 0, 0, RENAME_NOREPLACE,
					  RENAME_EXCHANGE };
	unsigned flags = kinds[chance(ARRAY_SIZE(kinds))];
	char abuf[PATHLEN], bbuf[PATHLEN];
	char *a = path_of(d, i, abuf), *b = path_of(e, k, bbuf);
	struct node *n, *t;

	if (!result(flags == RENAME_EXCHANGE ? "exchange" : "rename", a, b,
		    t_rename(a, b, flags), rename_wants(d, i, e, k, flags)) ||
	    d->names[i] == e->names[k])
		return;
	n = model_take(d, i);
	t = model_take(e, k);
	model_put(e, k, n);
	if (flags == RENAME_EXCHANGE)
		model_put(d, i, t);
	else if (t)
		model_drop(t);
}

static void any_op(unsigned makes)
{
	struct node *d = any_dir(), *e = any_dir();
	unsigned i = chance(NAMES), k = chance(NAMES);

	switch (chance(10)) {
	case 0:
	case 1:
		op_rename(d, i, e, k);
		break;
	case 2:
		op_link(d, i, e, k);
		break;
	case 3:
	case 4:
	case 5:
		if (chance(100) >= makes)
			op_unlink(d, i);
		/* fall through */
	default:
		op_make(d, i);
	}
}

/* ---- what is there ---- */

static void check_node(struct node *d, unsigned i)
{
	char buf[PATHLEN], text[1000], *path = path_of(d, i, buf);
	struct node *n = d->names[i];
	struct stat st;
	int err = t_stat(path, &st);

	if (!n) {
		IS(err, -ENOENT);
		return;
	}
	IS(err, 0);
	CHECK(st.st_ino == n->ino && (st.st_mode & S_IFMT) == n->type &&
		      st.st_nlink == n->nlink,
	      "%s: inode %lu not %lu, mode %o not %o, %u links not %u", path,
	      (unsigned long)st.st_ino, (unsigned long)n->ino, st.st_mode,
	      n->type, (unsigned)st.st_nlink, n->nlink);
	if (S_ISLNK(n->type)) {
		IS(vfs_readlink(AT_FDCWD, path, text, sizeof(text)), n->text);
		CHECK(text[0] == 't' && text[n->text - 1] == 't', "%s", path);
	} else if (S_ISCHR(n->type)) {
		IS(st.st_rdev, 0x305);
	}
}

static void check_list(struct node *d)
{
	char buf[PATHLEN], *path = path_of(d, 0, buf), *slash;
	struct t_list *l = malloc(sizeof(*l));
	unsigned n = 0, want = 2;
	struct file *f;
	int got;

	slash = strrchr(path, '/');
	if (slash)
		*slash = 0;
	f = t_opendir(slash ? path : ".");
	while (f && (got = t_readdir(f, l, 1 + chance(9))) > 0)
		n += (unsigned)got;
	for (unsigned i = 0; i < NAMES; i++)
		want += !!d->names[i];
	CHECK(n == want + (d == nodes), "%s: %u names, not %u", path, n, want);
	if (f)
		file_put(f);
	free(l);
}

static void check_tree(void)
{
	for (unsigned k = 0; k < NODES; k++) {
		if (!S_ISDIR(nodes[k].type))
			continue;
		for (unsigned i = 0; i < NAMES; i++)
			check_node(&nodes[k], i);
		check_list(&nodes[k]);
	}
}

/* ---- tests ---- */

static void disk_new(const char *options, unsigned kib)
{
	disk_make(options, kib);
	memset(nodes, 0, sizeof(nodes));
	nodes[0].type = S_IFDIR;
	nodes[0].nlink = 3; /* and lost+found */
	IS(disk_mount(), 0);
}

static void allow(int a, int b, int c, int d)
{
	allowed[0] = a;
	allowed[1] = b;
	allowed[2] = c;
	allowed[3] = d;
	memset(n_allowed, 0, sizeof(n_allowed));
	n_calls = 0;
}

static void tell(const char *what)
{
	printf("%s: %u calls; %u, %u, %u, %u failed as they should\n", what,
	       n_calls, n_allowed[0], n_allowed[1], n_allowed[2],
	       n_allowed[3]);
}

static void test_chance(const char *options, unsigned rounds)
{
	disk_name = options;
	allow(0, 0, 0, 0);
	disk_new(options, 16384);
	for (unsigned i = 0; i < rounds; i++) {
		any_op(i % 1000 < 600 ? 80 : 0);
		if (i % 700 == 699) {
			disk_again(i % 1400 == 699);
			check_tree();
		}
	}
	check_tree();
	disk_umount();
	disk_fsck();
	tell(options);
}

/* A disk that gets full, of blocks or of inodes. */
static void test_full(const char *options, unsigned kib, unsigned rounds)
{
	disk_name = options;
	allow(0, 0, -ENOSPC, 0);
	disk_new(options, kib);
	for (unsigned i = 0; i < rounds; i++) {
		any_op(i % 1000 < 800 ? 100 : 0);
		if (i % 1500 == 1499) {
			check_tree();
			disk_again(true);
			check_tree();
		}
	}
	CHECK(n_allowed[2] > rounds / 200, "%u", n_allowed[2]);
	disk_umount();
	disk_fsck();
	tell("full");
}

static void test_no_memory(const char *options, unsigned rounds)
{
	unsigned aborts = 0;

	disk_name = "no memory";
	allow(-ENOMEM, 0, 0, 0);
	disk_new(options, 8192);
	for (unsigned i = 0; i < rounds; i++) {
		if (i % 200 == 0)
			disk_again(i % 1000 == 0);
		host_fail_alloc(1 + chance(i % 3 ? 12 : 40));
		any_op(60);
		host_fail_alloc(0);
		if (journal_error(ext4_sb(test_sb))) {
			aborts++;
			disk_umount();
			disk_fsck_log(true);
			disk_new(options, 8192);
		}
	}
	check_tree();
	disk_umount();
	disk_fsck();
	tell("no memory");
	CHECK(!aborts, "%u aborts", aborts);
}

/* Sectors that cannot be read cost nothing but the call; those that cannot be
 * written end the writing, and the disk is what a commit left. */
static void test_failing_disk(const char *options, unsigned rounds)
{
	unsigned aborts = 0;

	disk_name = "failing disk";
	allow(0, -EIO, -EUCLEAN, -EROFS);
	host_set_log_level(HOST_LOG_EMERG);
	disk_new(options, 8192);
	for (unsigned i = 0; i < rounds; i++) {
		bool writes = chance(8) == 0;

		if (chance(4) == 0)
			disk_again(false);
		test_disk.bad_first = 0;
		test_disk.bad_end = UINT64_MAX;
		test_disk.bad_ops = writes ? 1u << BLK_WRITE : 1u << BLK_READ;
		test_disk.bad_times = 1;
		if (chance(2)) {
			test_disk.bad_times = 0;
			test_disk.fail_nth = 1 + chance(20);
		}
		for (unsigned k = chance(8); k; k--)
			any_op(60);
		if (chance(3) == 0)
			test_sb->ops->sync(test_sb, true);
		test_disk.bad_times = 0;
		test_disk.fail_nth = 0;
		if (journal_error(ext4_sb(test_sb)) || test_sb->read_only ||
		    ext4_sb(test_sb)->error) {
			aborts++;
			disk_umount();
			disk_fsck_log(true);
			disk_new(options, 8192);
		}
	}
	host_set_log_level(HOST_LOG_WARN);
	check_tree();
	disk_umount();
	disk_fsck();
	tell("failing disk");
	printf("%u times the journal ended\n", aborts);
}

/* A power cut while files without names are open: what the disk holds then has
 * them on its list, or e2fsck would see them lost. */
static void test_orphans(const char *options)
{
	unsigned char *copy, *kept;
	struct file *files[30];
	char name[20];

	disk_name = options;
	disk_new(options, 8192);
	IS(t_mkdir("gone"), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(name, sizeof(name), "f%u", i);
		IS(t_create(name), 0);
		IS(vfs_open(AT_FDCWD, i ? name : "gone", O_RDONLY, 0,
			    &files[i]),
		   0);
	}
	IS(t_rmdir("gone"), 0);
	for (unsigned i = 1; i < ARRAY_SIZE(files); i++) {
		snprintf(name, sizeof(name), "f%u", i);
		if (i % 2) {
			IS(t_unlink(name), 0);
		} else {
			IS(t_create("new"), 0);
			IS(t_rename("new", name, 0), 0);
		}
		if (i % 10 == 5)
			file_put(files[i]);
		if (i % 7)
			continue;
		IS(test_sb->ops->sync(test_sb, true), 0);
		copy = malloc(test_bytes);
		memcpy(copy, test_data, test_bytes);
		kept = test_data;
		test_data = copy;
		disk_fsck_log(true);
		test_data = kept;
		free(copy);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		if (i % 10 != 5)
			file_put(files[i]);
	}
	disk_umount();
	disk_fsck();
}

/* ---- several at once ---- */

static unsigned workers;

static void worker(void *arg)
{
	uint32_t mine = (uint32_t)(uintptr_t)arg;
	char a[32], b[32];

	for (unsigned i = 0; i < 400; i++) {
		struct file *f;
		struct t_list *l;

#define DICE(n) ((mine = mine * 1664525 + 1013904223) >> 16) % (n)
		unsigned p = DICE(4), q = DICE(4), x = DICE(40), y = DICE(40);

		snprintf(a, sizeof(a), "%c/%.*u", "abcd"[p], 1 + (int)x % 9, x);
		snprintf(b, sizeof(b), "%c/%.*u", "abcd"[q], 1 + (int)y % 9, y);
		switch (DICE(9)) {
		case 0:
			t_mkdir(a);
			break;
		case 1:
			t_rename(a, b, 0);
			break;
		case 2:
			t_rename(a, b, RENAME_EXCHANGE);
			break;
		case 3:
			t_link(a, b);
			break;
		case 4:
			t_rmdir(a);
			break;
		case 5:
			/* Lives on without a name for a while. */
			if (!vfs_open(AT_FDCWD, a, O_RDONLY, 0, &f)) {
				t_unlink(a);
				resched_point();
				file_put(f);
			}
			break;
		case 6:
			a[1] = 0;
			l = malloc(sizeof(*l));
			if (!vfs_open(AT_FDCWD, a, O_RDONLY, 0, &f)) {
				while (t_readdir(f, l, 1 + DICE(9)) > 0)
					;
				file_put(f);
			}
			free(l);
			break;
		default:
			t_create(a);
		}
	}
	workers--;
}

static void test_chaos(const char *options, unsigned rounds)
{
	disk_name = "chaos";
	disk_make(options, 8192);
	IS(disk_mount(), 0);
	for (unsigned i = 0; i < 4; i++)
		IS(t_mkdir((char[]){ "abcd"[i], 0 }), 0);
	for (unsigned r = 1; r <= rounds; r++) {
		test_disk.deferred = true;
		test_disk.shuffle_seed = r;
		host_set_chaos(r + seed);
		workers = 4;
		for (uintptr_t i = 0; i < 4; i++)
			IS(kthread_create("names", worker,
					  (void *)(i * 7919 + r * 31 + seed),
					  NULL),
			   0);
		while (workers)
			host_settle();
		host_set_chaos(0);
		test_disk.deferred = false;
		disk_again(true);
	}
	disk_umount();
	printf("chaos: %u rounds\n", rounds);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 2100;
	uint64_t pages, objects;

	seed = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	test_start();
	reclaim_all();
	pages = host_pages_in_use();
	objects = host_objects_in_use();
	test_chance("-b 1024", n);
	test_chance("-b 4096", n);
	test_chance("-b 1024 -O ^has_journal", n);
	test_chance("-b 2048 -O ^metadata_csum,^orphan_file", n);
	test_chance("-t ext3 -b 1024", n);
	test_chance("-t ext2 -b 1024 -O ^dir_index,^filetype", n);
	test_full("-b 1024 -O ^has_journal -N 1024", 420, n * 2);
	test_full("-b 1024 -N 120 -J size=1", 3000, n);
	test_full("-b 1024 -J size=1 -N 3400", 2100, n * 2);
	test_no_memory("-b 1024", n);
	test_no_memory("-t ext3 -b 1024 -O ^dir_index", n / 2);
	test_failing_disk("-b 1024", n / 3);
	test_orphans("-b 1024");
	test_orphans("-b 1024 -O orphan_file");
	test_orphans("-t ext3 -b 1024");
	test_chaos("-b 1024", n / 700);
	reclaim_all();
	IS(host_pages_in_use(), pages);
	IS(host_objects_in_use(), objects);
	return test_end();
}
