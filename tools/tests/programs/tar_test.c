/*
 * Damaged archives, and archives that want out of the tree, for tar.
 *
 * host-test: -Wno-unused-function -Wno-format-truncation
 */
#define main program_main
int program_main(int argc, char **argv);
#include "user/bin/tar.c"
#undef main

#include "tools/tests/programs/damaged.h"

static void add_member(const char *name, int type, const char *link,
		       const char *data)
{
	struct entry e = { 0 };

	e.name = strdup(name);
	e.link = link ? strdup(link) : NULL;
	e.mode = type == 5 ? 0755 : 0640;
	e.uid = geteuid();
	e.gid = getegid();
	e.type = (char)type;
	e.size = data ? strlen(data) : 0;
	e.mtime.tv_sec = 1000000000;
	put_header(&e);
	if (data)
		put_data(data, strlen(data));
	free(e.name);
	free(e.link);
}

/* Archive `which` of those below, in "good"; its length. */
static size_t make(int which, char *buf, size_t size)
{
	static const char zeros[BLOCK];
	char *path = in_top("good"), *out = in_top("out"), longest[260];
	char *sentinel = in_top("out/sentinel");
	size_t n;

	archive = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	check(archive >= 0, path, -1);
	memset(longest, 'n', 259);
	longest[259] = 0;
	longest[130] = '/';
	switch (which) {
	case 0:
		add_member("dir/", 5, NULL, NULL);
		add_member("dir/file", 0, NULL, "some content\n");
		add_member("dir/hard", 1, "dir/file", NULL);
		add_member("dir/link", 2, "file", NULL);
		add_member("dir/pipe", 6, NULL, NULL);
		add_member(longest, 0, NULL, "with a pax record\n");
		add_member("last", 2, longest, NULL);
		break;
	case 1: /* out through a link, in several ways */
		add_member("l", 2, out, NULL);
		add_member("l/new", 0, NULL, "bad\n");
		add_member("l/sentinel", 0, NULL, "bad\n");
		add_member("l/", 5, NULL, NULL);
		add_member("m", 2, "../out/sentinel", NULL);
		add_member("m", 0, NULL, "bad\n");
		add_member("n", 2, "..", NULL);
		add_member("n/x", 0, NULL, "bad\n");
		add_member("n/out/y", 5, NULL, NULL);
		add_member("n/", 5, NULL, NULL);
		add_member("n/new", 2, "x", NULL);
		break;
	case 2: /* out by its name, or by that of a hard link */
		add_member("../new", 0, NULL, "bad\n");
		add_member("a/../../new", 0, NULL, "bad\n");
		add_member("..", 5, NULL, NULL);
		add_member("h", 1, sentinel, NULL);
		add_member("h", 1, "../out/sentinel", NULL);
		add_member("l", 2, "../out", NULL);
		add_member("h", 1, "l/sentinel", NULL);
		add_member("h", 0, NULL, "bad\n");
		add_member(".", 5, NULL, NULL);
		add_member("", 0, NULL, "bad\n");
		add_member("/", 0, NULL, "bad\n");
		break;
	}
	put_block(zeros);
	put_block(zeros);
	while (record_pos)
		put_block(zeros);
	close(archive);
	archive = -1;
	n = get_file_at(path, buf, size);
	/* The many zeros at the end would only be spoilt in vain. */
	while (n && !buf[n - 1])
		n--;
	n = (n + BLOCK - 1) / BLOCK * BLOCK + BLOCK;
	free(path);
	free(out);
	free(sentinel);
	return n;
}

int main(void)
{
	static char good[3][65536], bad[65536 + 64];
	char *path, *work;
	char *extract[] = { "tar", "xf", NULL, NULL };
	char *list_it[] = { "tar", "tvf", NULL, NULL };
	size_t n[3];
	int i, which, failed = 0;
	struct header *h;

	umask(022);
	prepare();
	path = in_top("bad");
	work = in_top("work");
	extract[2] = list_it[2] = path;
	for (which = 0; which < 3; which++)
		n[which] = make(which, good[which], sizeof(good[which]));
	put_file_at(path, good[0], n[0]);
	check(run(extract, NULL, 0) == 0, "the good one is not taken", 0);
	empty(work);
	for (i = 1; i <= cases(); i++) {
		which = i % 3;
		memcpy(bad, good[which], n[which]);
		/* Now and then a wrong field with a sum that is right. */
		if (i > 3 && dice(2)) {
			h = (struct header *)(bad +
					      dice((unsigned int)(n[which] /
								  BLOCK)) *
						      BLOCK);
			((char *)h)[dice(350)] = "\0\xff/79 .gLx"[dice(10)];
			put_sum(h);
			put_file_at(path, bad, n[which]);
		} else {
			put_file_at(path, bad,
				    i > 3 ? spoil(bad, n[which]) : n[which]);
		}
		failed += run(extract, NULL, i) != 0;
		look_outside(i);
		if (i % 10 == 0)
			run(list_it, NULL, i);
		empty(work);
	}
	free(path);
	free(work);
	finish(cases(), failed);
	return 0;
}
