/*
 * A disk has one file system in memory, however often it is mounted, and
 * whether it still has a place or not: two would each have a journal.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/ext4/dir_test.h"

#include "fs/blk.h"
#include "kernel/abi/mount.h"

#define DISK "/dev/vdt"

static struct host_disk disk;
static bool ended;

static int mount_at(const char *where, unsigned flags)
{
	return vfs_mount(DISK, where, "ext4", flags, NULL);
}

static struct file *open_it(const char *name, unsigned flags)
{
	struct file *f = NULL;

	IS(vfs_open(AT_FDCWD, name, flags, 0644, &f), 0);
	return f;
}

static void append(struct file *f, const char *text)
{
	off_t pos = f->inode->size;

	IS(file_write_kernel(f, text, strlen(text), &pos), strlen(text));
}

static void has(const char *name, const char *text)
{
	struct file *f = open_it(name, O_RDONLY);
	char got[100];
	long n = file_read_kernel(f, got, sizeof(got), 0);

	IS(n, strlen(text));
	CHECK(!memcmp(got, text, strlen(text)), "%s", name);
	file_put(f);
}

static void setup(void)
{
	disk_make("-b 1024 -J size=1", 8192);
	host_disk_memory(&disk, test_data, test_bytes);
	strcpy(disk.bd.name, "vdt");
	disk.bd.dev = ABI_DEV(254, 16);
	blk_register(&disk.bd);
	IS(t_mkdir("/dev"), 0);
	IS(vfs_mount("dev", "/dev", "devtmpfs", 0, NULL), 0);
	IS(t_mkdir("/m"), 0);
	IS(t_mkdir("/n"), 0);
}

static void test_places(void)
{
	IS(mount_at("/m", 0), 0);
	IS(mount_at("/m", 0), -EBUSY);
	IS(mount_at("/m", MS_RDONLY), -EBUSY);
	IS(vfs_mount("dev", "/dev", "devtmpfs", 0, NULL), -EBUSY);
	/* In another place, over another file system, below itself. */
	IS(mount_at("/n", 0), 0);
	IS(vfs_mount("none", "/m", "tmpfs", 0, NULL), 0);
	IS(mount_at("/m", 0), 0);
	IS(t_mkdir("/n/d"), 0);
	IS(mount_at("/n/d", 0), 0);
	IS(t_exists("/m/d"), 0);
	IS(vfs_umount("/n/d", 0), 0);
	IS(t_rmdir("/m/d"), 0);
	for (unsigned i = 0; i < 3; i++)
		IS(vfs_umount("/m", 0), 0);
	IS(vfs_umount("/n", 0), 0);
	IS(mount_at("/m", 0), 0);
	IS(vfs_umount("/m", 0), 0);
}

/* Taken out of its place while a file is open, and mounted again. */
static void test_detached(void)
{
	struct file *f;

	IS(mount_at("/m", 0), 0);
	f = open_it("/m/f", O_RDWR | O_CREAT);
	append(f, "one ");
	IS(vfs_umount("/m", MNT_DETACH), 0);
	IS(t_exists("/m/f"), -ENOENT);
	append(f, "two ");
	IS(mount_at("/n", 0), 0);
	CHECK(t_exists("/n/f") == 0, "another file system");
	has("/n/f", "one two ");
	append(f, "three ");
	has("/n/f", "one two three ");
	IS(vfs_umount("/n", 0), 0);
	/* sync finds it, too. */
	append(f, "four ");
	vfs_sync_all();
	disk_fsck_log(true);
	CHECK(!run("debugfs -R 'cat f' %s 2>/dev/null | grep -q 'three four'",
		   test_image),
	      "not written");
	file_put(f);
	disk_fsck();
}

static void unmount_main(void *arg)
{
	IS(vfs_umount("/m", 0), 0);
	ended = true;
	thread_exit();
}

/* Mounted while an unmount still writes. */
static void test_during_unmount(void)
{
	struct file *f;

	for (unsigned round = 0; round < 20; round++) {
		char text[20];

		IS(mount_at("/m", 0), 0);
		f = open_it("/m/f", O_RDWR | O_CREAT | O_TRUNC);
		snprintf(text, sizeof(text), "round %u", round);
		append(f, text);
		file_put(f);
		disk.deferred = true;
		ended = false;
		kthread_create("unmount", unmount_main, NULL, NULL);
		for (unsigned i = 0; i < round; i++)
			sched_yield_now();
		IS(mount_at("/n", 0), 0);
		has("/n/f", text);
		while (!ended)
			sched_yield_now();
		IS(vfs_umount("/n", 0), 0);
		disk.deferred = false;
		disk_fsck();
	}
}

static void sync_main(void *arg)
{
	while (!ended) {
		vfs_sync_all();
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
		thread_sleep(time_now() + 1000);
	}
	thread_exit();
}

/* An unmount is done when it returns, whoever else was just writing. */
static void test_beside_sync(void)
{
	struct file *f;

	for (unsigned round = 0; round < 30; round++) {
		IS(mount_at("/m", 0), 0);
		f = open_it("/m/f", O_RDWR | O_CREAT | O_TRUNC);
		append(f, "here");
		file_put(f);
		disk.deferred = true;
		host_set_chaos(round + 1);
		ended = false;
		kthread_create("sync", sync_main, NULL, NULL);
		for (unsigned i = 0; i < round * 3; i++)
			sched_yield_now();
		IS(vfs_umount("/m", 0), 0);
		CHECK(!disk.bd.super, "still there");
		host_set_chaos(0);
		disk.deferred = false;
		disk_fsck();
		ended = true;
		host_settle();
	}
}

/* The machine is switched off while it has no place. */
static void test_shutdown(void)
{
	struct file *f;
	off_t pos = 0;

	IS(mount_at("/m", 0), 0);
	f = open_it("/m/f", O_RDWR | O_CREAT | O_TRUNC);
	IS(vfs_umount("/m", MNT_DETACH), 0);
	append(f, "last");
	vfs_shutdown();
	disk_fsck();
	IS(file_write_kernel(f, "x", 1, &pos), -EROFS);
	file_put(f);
	IS(mount_at("/m", 0), 0);
	has("/m/f", "last");
	IS(vfs_umount("/m", 0), 0);
}

int main(void)
{
	test_start();
	host_set_log_level(HOST_LOG_ERR);
	setup();
	test_places();
	test_detached();
	test_during_unmount();
	test_beside_sync();
	test_shutdown();
	return test_end();
}
