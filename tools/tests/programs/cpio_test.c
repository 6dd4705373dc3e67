/*
 * Damaged archives, and archives that want out of the tree, for cpio.
 *
 * host-test: -Wno-unused-function -Wno-format-truncation
 */
#define main program_main
int program_main(int argc, char **argv);
#include "user/bin/cpio.c"
#undef main

#include <dirent.h>

#include "tools/tests/programs/damaged.h"

static void add(const char *name, mode_t type, ino_t ino, nlink_t links,
		const char *data)
{
	struct stat st;
	size_t n = data ? strlen(data) : 0;

	memset(&st, 0, sizeof(st));
	st.st_mode = type | (S_ISDIR(type) ? 0755 : 0640);
	st.st_ino = ino;
	st.st_nlink = links;
	st.st_uid = geteuid();
	st.st_gid = getegid();
	st.st_mtime = 1000000000;
	put_header(name, &st, n);
	if (data)
		put(data, n);
	put_zeros(to_four(n));
}

static size_t make_good(int which, char *buf, size_t size)
{
	char *path = in_top("good"), *out = in_top("out");
	size_t n;

	archive = fopen(path, "w");
	check(archive != NULL, path, -1);
	moved = 0;
	switch (which) {
	case 0:
		add("dir", S_IFDIR, 1, 2, NULL);
		add("dir/file", S_IFREG, 2, 1, "content\n");
		add("dir/link", S_IFLNK, 3, 1, "file");
		add("dir/pipe", S_IFIFO, 4, 1, NULL);
		add("one", S_IFREG, 5, 2, NULL);
		add("two", S_IFREG, 5, 2, "of both\n");
		break;
	case 1: /* out through a link */
		add("l", S_IFLNK, 1, 1, out);
		add("l/new", S_IFREG, 2, 1, "bad\n");
		add("l/sentinel", S_IFREG, 3, 1, "bad\n");
		add("l", S_IFDIR, 4, 1, NULL);
		add("m", S_IFLNK, 5, 1, "../out/sentinel");
		add("m", S_IFREG, 6, 1, "bad\n");
		break;
	case 2: /* out by a name, or by a file of several names */
		add("../new", S_IFREG, 1, 1, "bad\n");
		add("a/../../new", S_IFDIR, 2, 1, NULL);
		add("..", S_IFDIR, 3, 1, NULL);
		add("k", S_IFREG, 4, 3, "good\n");
		add("k", S_IFLNK, 5, 1, "../out/sentinel");
		add("n", S_IFREG, 4, 3, "bad\n");
		add("empty", S_IFREG, 4, 3, NULL);
		add("k", S_IFREG, 4, 3, "bad\n");
		add("", S_IFREG, 6, 1, "bad\n");
		add(".", S_IFREG, 7, 1, "bad\n");
		break;
	}
	finish_archive();
	fclose(archive);
	n = get_file_at(path, buf, size);
	free(path);
	free(out);
	return n;
}

int main(void)
{
	static char good[3][8192], bad[8192 + 64];
	char *extract[] = { "cpio", "-idu", NULL };
	char *path, *work_dir;
	int i, which, failed = 0;
	size_t n[3];

	umask(022);
	prepare();
	path = in_top("bad");
	work_dir = in_top("work");
	for (which = 0; which < 3; which++)
		n[which] = make_good(which, good[which], sizeof(good[which]));
	for (i = 0; i <= cases(); i++) {
		which = i % 3;
		memcpy(bad, good[which], n[which]);
		put_file_at(path, bad, i < 3 ? n[which] : spoil(bad, n[which]));
		if (run(extract, path, i)) {
			check(i, "the good one is not taken", i);
			failed++;
		}
		look_outside(i);
		empty(work_dir);
	}
	free(path);
	free(work_dir);
	finish(cases(), failed);
	return 0;
}
