/*
 * Damaged diffs, and diffs that want out of the tree, for patch.
 *
 * host-test: -Wno-unused-function -Wno-format-truncation
 */
#define main   program_main
#define finish patch_finish
int program_main(int argc, char **argv);
#include "user/bin/patch.c"
#undef main
#undef finish

#include <dirent.h>

#include "tools/tests/programs/damaged.h"

#define HUNK "@@ -1,5 +1,6 @@\n 1\n-2\n+two\n+more\n 3\n 4\n 5\n"

static const char *const diffs[] = {
	"--- a/file\n+++ b/file\n" HUNK
	"@@ -16,5 +17,4 @@\n 16\n 17\n-18\n 19\n"
	" 20\n--- /dev/null\n+++ b/new/file\n@@ -0,0 +1,2 @@\n+one\n+two\n",
	"*** a/file\n--- b/file\n***************\n*** 1,5 ****\n  1\n! 2\n  3\n"
	"  4\n  5\n--- 1,6 ----\n  1\n! two\n! more\n  3\n  4\n  5\n"
	"***************\n*** 16,20 ****\n  16\n  17\n- 18\n  19\n  20\n"
	"--- 17,20 ----\n",
	"Index: a/file\n2c2,3\n< 2\n---\n> two\n> more\n18d18\n< 18\n20a21\n"
	"> 21\n\\ No newline at end of file\n",
	"Index: a/file\n18,19d\n5a\n..\n.\ns/.//\na\nmore\n.\n2c\ntwo\n.\n0i\n"
	"top\n.\nIndex: b/../../out/sentinel\n1c\nbad\n.\nIndex: a/leaf\n1d\n"
	"Index: a/link/sentinel\n1c\nbad\n.\n",
	"--- ../out/sentinel\n+++ ../out/sentinel\n@@ -1 +1 @@\n-safe\n+bad\n"
	"--- a/../../out/sentinel\n+++ a/../../out/sentinel\n@@ -1 +1 @@\n"
	"-safe\n+bad\n--- a/link/sentinel\n+++ a/link/sentinel\n@@ -1 +1 @@\n"
	"-safe\n+bad\n--- a/leaf\n+++ a/leaf\n@@ -1 +1 @@\n-safe\n+bad\n"
	"--- /dev/null\n+++ b/link/new\n@@ -0,0 +1,2 @@\n+one\n+two\n"
	"--- a/link/sentinel\n+++ /dev/null\n@@ -1 +0,0 @@\n-safe\n",
};

static void tree(void)
{
	char *path = in_top("work/file"), text[80] = "";
	int i;

	for (i = 1; i <= 20; i++)
		sprintf(text + strlen(text), "%d\n", i);
	put_file_at(path, text, strlen(text));
	free(path);
	path = in_top("work/link");
	check(symlink("../out", path) == 0, path, -1);
	free(path);
	path = in_top("work/leaf");
	check(symlink("../out/sentinel", path) == 0, path, -1);
	free(path);
}

int main(void)
{
	static char bad[4096];
	char *path, *work, *good;
	char *argv[] = { "patch", "-p1", "-i", NULL, NULL, NULL };
	static char *const more[] = {
		NULL, "-R", "-N", "-f", "-t", "-l", "-b"
	};
	int i, which, failed = 0;
	size_t n;

	umask(022);
	prepare();
	path = in_top("bad");
	work = in_top("work");
	argv[3] = path;
	good = in_top("good");
	put_file_at(good, "", 0);
	free(good);
	for (i = 0; i <= cases(); i++) {
		which = i % 5;
		argv[4] = i < 15 ? NULL : more[dice(7)];
		argv[1] = i < 5 || dice(4) ? "-p1" : "-p0";
		n = strlen(diffs[which]);
		memcpy(bad, diffs[which], n);
		put_file_at(path, bad, i < 5 ? n : spoil(bad, n));
		tree();
		if (run(argv, NULL, i)) {
			check(i >= 3, "a good one is not taken", i);
			failed++;
		}
		look_outside(i);
		empty(work);
	}
	free(path);
	free(work);
	finish(cases(), failed);
	return 0;
}
