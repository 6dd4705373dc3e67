/*
 * Disks that come to rest while others are inside: remounted read-only and
 * back, and left by power-off, with several threads making, writing, syncing
 * and removing files meanwhile, who are switched by chance.
 *
 * Usage: remount_test [seed]
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/ext4/dir_test.h"

#define WORKERS 4u
#define BYTES   9000u

static struct worker {
	unsigned n, rounds, done, refused;
	unsigned char want[BYTES];
	size_t size; /* of its file, as it knows */
	bool ended;
	struct wait_queue wake;
} workers[WORKERS];
static uint64_t n_writes;
static bool off; /* at rest for ever */
static uint32_t seed = 1;

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 8) * n >> 24);
}

/* A call that a disk at rest refuses, and that must work otherwise. */
static bool ok(struct worker *w, long err, const char *what)
{
	if (err == -EROFS)
		w->refused++;
	else
		CHECK(err >= 0, "%s: %ld", what, err);
	w->done += err >= 0;
	return err >= 0;
}

/* What is synced through a file that is open for writing is there: nobody can
 * take the disk away meanwhile. */
static void write_file(struct worker *w, const char *name)
{
	static unsigned char new[WORKERS][BYTES];
	size_t n = 1 + chance(BYTES);
	unsigned char byte = (unsigned char)chance(256);
	struct file *f;
	off_t pos = 0;
	ssize_t got;

	if (!ok(w, vfs_open(AT_FDCWD, name, O_RDWR | O_CREAT, 0644, &f),
		"open"))
		return;
	memset(new[w->n], byte, n);
	got = file_write_kernel(f, new[w->n], n, &pos);
	if (ok(w, got, "write")) {
		IS(got, n);
		memcpy(w->want, new[w->n], n);
		w->size = MAX(w->size, n);
		if (chance(2))
			IS(file_fsync(f, chance(2)), 0);
	}
	file_put(f);
}

static void read_file(struct worker *w, const char *name)
{
	static unsigned char got[WORKERS][BYTES + 1];
	struct file *f;

	if (vfs_open(AT_FDCWD, name, O_RDONLY, 0, &f))
		return;
	IS(file_read_kernel(f, got[w->n], BYTES + 1, 0), w->size);
	CHECK(!memcmp(got[w->n], w->want, w->size), "%s", name);
	IS(file_fsync(f, false), 0);
	file_put(f);
}

static void names(struct worker *w)
{
	char a[20], b[20];
	struct statfs st;
	struct path p;

	snprintf(a, sizeof(a), "d%u", w->n);
	snprintf(b, sizeof(b), "e%u", w->n);
	if (off || !ok(w, t_mkdir(a), "mkdir"))
		return;
	while (!ok(w, t_rename(a, b, 0), "rename") && !off)
		resched_point();
	if (off)
		return;
	IS(path_lookup(AT_FDCWD, b, 0, &p), 0);
	ok(w, vfs_chmod(&p, 0700), "chmod");
	path_put(&p);
	IS(test_sb->ops->statfs(test_sb, &st), 0);
	while (!ok(w, t_rmdir(b), "rmdir") && !off)
		resched_point();
}

static void worker_main(void *arg)
{
	struct worker *w = arg;
	struct path p;
	char name[20];

	snprintf(name, sizeof(name), "f%u", w->n);
	for (unsigned i = 0; i < w->rounds; i++) {
		switch (chance(6)) {
		case 0:
		case 1:
			write_file(w, name);
			break;
		case 2:
			names(w);
			break;
		case 3:
			if (path_lookup(AT_FDCWD, name, 0, &p))
				break;
			if (ok(w, vfs_truncate(&p, p.dentry->inode, 0), "cut"))
				w->size = 0;
			path_put(&p);
			break;
		case 4:
			if (!t_exists(name) && ok(w, t_unlink(name), "unlink"))
				w->size = 0;
			break;
		default:
			read_file(w, name);
			IS(test_sb->ops->sync(test_sb, chance(2)), 0);
		}
		resched_point();
	}
	w->ended = true;
	wait_wake_all(&w->wake);
}

static void count_write(struct host_disk *d, const struct blk_request *rq)
{
	n_writes += rq->op == BLK_WRITE;
}

static void start(const char *options, unsigned rounds, uint32_t chaos)
{
	disk_name = options;
	disk_make(options, 8192);
	IS(disk_mount(), 0);
	test_disk.deferred = true;
	test_disk.shuffle_seed = chaos;
	test_disk.on_write = count_write;
	host_set_chaos(chaos);
	for (unsigned i = 0; i < WORKERS; i++) {
		memset(&workers[i], 0, sizeof(workers[i]));
		workers[i].n = i;
		workers[i].rounds = rounds;
		wait_queue_init(&workers[i].wake);
		kthread_create("worker", worker_main, &workers[i], NULL);
	}
}

static bool busy(void)
{
	bool any = false;

	for (unsigned i = 0; i < WORKERS; i++)
		any |= !READ_ONCE(workers[i].ended);
	return any;
}

/* They end; what each thinks that it wrote is there, after an unmount, too. */
static void finish(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		wait_event(&workers[i].wake, READ_ONCE(workers[i].ended));
	host_set_chaos(0);
	disk_umount();
	disk_fsck();
	IS(disk_mount(), 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		char name[20];

		snprintf(name, sizeof(name), "f%u", i);
		read_file(&workers[i], name);
	}
	disk_umount();
}

/* At rest the disk is as an unmounted one, and nothing is written to it. */
static void rest(void)
{
	uint64_t before = n_writes;

	disk_fsck();
	for (unsigned i = 0; i < 50; i++)
		resched_point();
	IS(n_writes, before);
}

static void test_remount(const char *options, uint32_t chaos)
{
	unsigned rested = 0, refused = 0, tries = 0, done = 0;

	off = false;
	start(options, 1500, chaos);
	while (busy()) {
		int err = test_sb->ops->remount(test_sb, true, false);

		tries++;
		CHECK(!err || err == -EBUSY, "remount: %d", err);
		IS(test_sb->read_only, !err);
		if (!err && rested++ % 3 == 0)
			rest();
		if (!err)
			IS(test_sb->ops->remount(test_sb, false, false), 0);
		for (unsigned i = chance(60); i; i--)
			resched_point();
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		refused += workers[i].refused;
		done += workers[i].done;
	}
	printf("%s: %u calls, %u refused; at rest %u times of %u\n", options,
	       done, refused, rested, tries);
	CHECK(rested > 20 && refused > 20 && rested < tries, "too quiet");
	finish();
}

/* Power-off: whatever is open, the disk is clean, and stays so. */
static void test_power_off(const char *options, uint32_t chaos)
{
	struct file *f;
	off_t pos = 0;
	int err;

	start(options, 300, chaos);
	off = false;
	for (unsigned i = 0; i < 200 + chance(2000); i++)
		resched_point();
	IS(vfs_open(AT_FDCWD, "open", O_RDWR | O_CREAT, 0644, &f), 0);
	IS(file_write_kernel(f, "here", 4, &pos), 4);
	/* But where an inode without a name is just going. */
	while ((err = test_sb->ops->remount(test_sb, true, true)) == -EBUSY)
		resched_point();
	IS(err, 0);
	off = true;
	rest();
	IS(file_write_kernel(f, "not", 3, &pos), -EROFS);
	while (busy())
		resched_point();
	rest();
	host_set_chaos(0);
	file_put(f);
	disk_umount();
	disk_fsck();
	IS(disk_mount(), 0);
	IS(vfs_open(AT_FDCWD, "open", O_RDONLY, 0, &f), 0);
	IS(f->inode->size, 4);
	file_put(f);
	disk_umount();
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = { "-b 1024 -J size=1", "-b 4096",
					     "-t ext2 -b 1024" };

	if (argc > 1)
		seed = (uint32_t)strtoul(argv[1], NULL, 0);
	test_start();
	host_set_log_level(HOST_LOG_ERR);
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		test_remount(kinds[i], 1 + chance(1u << 20));
		for (unsigned k = 0; k < 6; k++)
			test_power_off(kinds[i], 1 + chance(1u << 20));
	}
	return test_end();
}
