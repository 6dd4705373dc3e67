/*
 * Who hears of a write that failed when nobody waited for it, who does not wait
 * for a disk that is slow, and what an unmount keeps when memory is short.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/ext4/dir_test.h"

static unsigned char buf[20000];

/* ---- a disk that keeps requests back ---- */
static void (*disk_submit)(struct blkdev *bd, struct blk_request *rq);
static unsigned held_ops; /* a bit per blk_op */
static struct list_head held = LIST_INIT(held);

static void submit(struct blkdev *bd, struct blk_request *rq)
{
	if (held_ops & 1u << rq->op)
		list_add_tail(&rq->link, &held);
	else
		disk_submit(bd, rq);
}

static void hold(unsigned ops)
{
	if (test_disk.bd.submit != submit) {
		disk_submit = test_disk.bd.submit;
		test_disk.bd.submit = submit;
	}
	held_ops = ops;
	while (!ops && !list_empty(&held)) {
		struct blk_request *rq =
			list_first_entry(&held, struct blk_request, link);

		list_del(&rq->link);
		disk_submit(&test_disk.bd, rq);
	}
}

/* ---- errors ---- */
static void pass_time(unsigned seconds)
{
	uint64_t end = time_now() + seconds * NSEC_PER_SEC;

	while (time_now() < end) {
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
		thread_sleep(end);
	}
}

static struct file *open_it(const char *name, unsigned flags)
{
	struct file *f = NULL;

	IS(vfs_open(AT_FDCWD, name, flags, 0644, &f), 0);
	return f;
}

/* Written, closed, forgotten, and then the disk does not take it. */
static void lose(const char *name, bool before)
{
	struct file *f = open_it(name, O_RDWR | O_CREAT);
	off_t pos = 0;

	if (before) {
		IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
		IS(file_fsync(f, false), 0);
		pos = 0;
	}
	IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
	file_put(f);
	/* Only data: its writes come first. */
	test_disk.bad_first = 0;
	test_disk.bad_end = UINT64_MAX;
	test_disk.bad_ops = 1u << BLK_WRITE;
	test_disk.bad_times = 1;
	host_log_clear();
	pass_time(6);
	IS(test_disk.bad_times, 0);
}

static int umount_says(void)
{
	int err;

	host_fs()->cwd = test_old_cwd;
	err = mount_put(test_mount);
	host_settle();
	host_disk_close(&test_disk);
	return err;
}

static void test_errors(const char *options)
{
	struct file *f, *g, *early, *late;
	char line[80];
	struct stat st;
	off_t pos = 0;

	disk_name = options;
	disk_make(options, 8192);
	IS(disk_mount(), 0);
	early = open_it(".", O_RDONLY | O_DIRECTORY);
	late = open_it(".", O_RDONLY | O_DIRECTORY);
	lose("a", true);
	IS(t_stat("a", &st), 0);
	snprintf(line, sizeof(line), "vdt: inode %lu: its data from block 0",
		 (unsigned long)st.st_ino);
	CHECK(host_log_has(line), "not told: %s", line);
	/* Nobody has it in memory for any other reason. */
	reclaim_all();
	f = open_it("a", O_RDONLY);
	g = open_it("a", O_RDONLY);
	IS(file_fsync(f, true), -EIO);
	IS(file_fsync(f, true), 0);
	/* It was open when it was told to another. */
	IS(file_fsync(g, false), -EIO);
	IS(file_fsync(g, false), 0);
	file_put(f);
	file_put(g);
	f = open_it("a", O_RDONLY);
	IS(file_fsync(f, false), 0);
	file_put(f);
	reclaim_all();
	/* Each who asks the whole disk hears it once, too; who comes after
	 * that does not. */
	IS(file_syncfs(early), -EIO);
	IS(file_syncfs(early), 0);
	f = open_it(".", O_RDONLY | O_DIRECTORY);
	IS(file_syncfs(f), 0);
	file_put(f);
	IS(file_syncfs(late), -EIO);
	IS(file_syncfs(late), 0);
	file_put(early);
	file_put(late);
	/* All was told. */
	IS(umount_says(), 0);
	disk_fsck();
	IS(disk_mount(), 0);
	lose("b", false);
	IS(umount_says(), -EIO);
	disk_fsck();
	/* What cannot be read is told, too. */
	IS(disk_mount(), 0);
	f = open_it("c", O_RDWR | O_CREAT);
	IS(file_write_kernel(f, buf, 4000, &pos), 4000);
	IS(file_fsync(f, false), 0);
	reclaim_all();
	host_log_clear();
	test_disk.bad_first = 0;
	test_disk.bad_end = UINT64_MAX;
	test_disk.bad_ops = 1u << BLK_READ;
	test_disk.bad_times = 1;
	IS(file_read_kernel(f, buf, 1000, 0), -EIO);
	snprintf(line, sizeof(line), "vdt: inode %lu: cannot read block",
		 (unsigned long)f->inode->ino);
	CHECK(host_log_has(line), "not told: %s", line);
	IS(file_read_kernel(f, buf, 1000, 0), 1000);
	file_put(f);
	/* What fails in the end itself. */
	t_unlink("c");
	test_disk.bad_first = 0;
	test_disk.bad_end = UINT64_MAX;
	test_disk.bad_ops = 1u << BLK_WRITE;
	test_disk.bad_times = 1000;
	IS(umount_says(), -EIO);
	disk_fsck_log(true);
}

/* The end of a journal is written down, and the next mount hands it on. */
static void test_noted(const char *options)
{
	const struct ext4_super_block *raw;

	disk_name = options;
	disk_make(options, 8192);
	IS(disk_mount(), 0);
	IS(t_create("a"), 0);
	test_disk.bad_first = 0;
	test_disk.bad_end = UINT64_MAX;
	test_disk.bad_ops = 1u << BLK_WRITE;
	test_disk.bad_times = 1;
	IS(test_sb->ops->sync(test_sb, true), -EIO);
	IS(umount_says(), -EIO);
	file_copy(false);
	IS(run("dumpe2fs -h %s 2>/dev/null | grep -q 'Journal errno: *-5'",
	       test_image), 0);
	host_log_clear();
	IS(disk_mount(), 0);
	CHECK(host_log_has("its journal ended with error -5"), "not told");
	IS(t_create("a"), 0);
	IS(umount_says(), 0);
	raw = (const void *)(test_data + 1024);
	CHECK(raw->s_state & EXT4_STATE_ERRORS, "state %u", raw->s_state);
	disk_fsck();
	/* A check makes it as new. */
	file_copy(false);
	CHECK(run("e2fsck -fy %s >/dev/null 2>&1", test_image) <= 256, "e2fsck");
	file_copy(true);
	host_log_clear();
	IS(disk_mount(), 0);
	CHECK(!host_log_has("ended with error"), "told again");
	IS(umount_says(), 0);
	CHECK(!(raw->s_state & EXT4_STATE_ERRORS), "state %u", raw->s_state);
}

/* ---- a slow disk ---- */
static struct syncer {
	bool ended;
	int err;
	struct wait_queue wake;
} syncer;

static void fsync_main(void *arg)
{
	struct file *f = arg;
	off_t pos = 5000;

	IS(file_write_kernel(f, buf + 5000, 10000, &pos), 10000);
	syncer.err = file_fsync(f, false);
	syncer.ended = true;
	wait_wake_all(&syncer.wake);
}

/* What is in memory can be read, looked at and changed while an fsync waits for
 * the disk, whatever it waits for. */
static void test_slow(const char *options, unsigned ops)
{
	static unsigned char got[sizeof(buf)];
	struct file *f, *g, *h;
	off_t pos = 0;
	struct stat st;

	disk_name = options;
	disk_make(options, 8192);
	IS(disk_mount(), 0);
	f = open_it("synced", O_RDWR | O_CREAT);
	g = open_it("other", O_RDWR | O_CREAT);
	IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
	pos = 0;
	IS(file_write_kernel(g, buf, sizeof(buf), &pos), sizeof(buf));
	IS(test_sb->ops->sync(test_sb, true), 0);
	hold(ops);
	memset(&syncer, 0, sizeof(syncer));
	wait_queue_init(&syncer.wake);
	kthread_create("fsync", fsync_main, f, NULL);
	while (list_empty(&held))
		resched_point();
	for (unsigned i = 0; i < 1000; i++) {
		IS(file_read_kernel(g, got, sizeof(got), 0), sizeof(got));
		IS(file_read_kernel(f, got, sizeof(got), 0), sizeof(got));
		IS(t_stat("synced", &st), 0);
		h = open_it("other", O_RDONLY);
		file_put(h);
		resched_point();
	}
	CHECK(!memcmp(got, buf, sizeof(buf)), "content");
	pos = 0;
	IS(file_write_kernel(g, buf, 100, &pos), 100);
	IS(t_create("new"), 0);
	IS(t_rename("new", "newer", 0), 0);
	CHECK(!syncer.ended, "it did not wait");
	hold(0);
	wait_event(&syncer.wake, READ_ONCE(syncer.ended));
	IS(syncer.err, 0);
	file_put(f);
	file_put(g);
	disk_umount();
	disk_fsck();
}

static bool unmounted;

static void reclaim_main(void *arg)
{
	while (!READ_ONCE(unmounted)) {
		reclaim_all();
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
		thread_sleep(time_now() + 1000);
	}
	thread_exit();
}

/* While an unmount writes, memory is wanted: what is dirty and has no name in
 * memory is not what is given back. */
static void test_unmount_short_of_memory(const char *options)
{
	static unsigned char got[sizeof(buf) + 1];
	char name[20];
	struct file *f;

	disk_name = options;
	disk_make(options, 8192);
	IS(disk_mount(), 0);
	for (unsigned i = 0; i < 20; i++) {
		off_t pos = 0;

		snprintf(name, sizeof(name), "f%u", i);
		f = open_it(name, O_RDWR | O_CREAT);
		IS(file_write_kernel(f, buf, sizeof(buf), &pos), sizeof(buf));
		file_put(f);
	}
	dcache_prune(NULL, NULL);
	test_disk.deferred = true;
	unmounted = false;
	kthread_create("reclaim", reclaim_main, NULL, NULL);
	host_fs()->cwd = test_old_cwd;
	IS(mount_put(test_mount), 0);
	unmounted = true;
	host_settle();
	host_disk_close(&test_disk);
	disk_fsck();
	IS(disk_mount(), 0);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		f = open_it(name, O_RDONLY);
		IS(file_read_kernel(f, got, sizeof(got), 0), sizeof(buf));
		CHECK(!memcmp(got, buf, sizeof(buf)), "%s", name);
		file_put(f);
	}
	disk_umount();
}

int main(void)
{
	static const char *const kinds[] = { "-b 1024", "-b 4096",
					     "-t ext3 -b 1024" };

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (unsigned char)(i * 7 >> 3);
	test_start();
	host_set_log_level(HOST_LOG_EMERG);
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		test_errors(kinds[i]);
		test_noted(kinds[i]);
		test_slow(kinds[i], 1u << BLK_FLUSH);
		test_slow(kinds[i], 1u << BLK_WRITE);
		test_unmount_short_of_memory(kinds[i]);
	}
	return test_end();
}
