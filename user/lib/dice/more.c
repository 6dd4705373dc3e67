/* search.h, ftw.h, numbers of 48 bits, suboptions, wide characters and bytes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <search.h>
#include <unistd.h>

#include "user/lib/dice/dice.h"

static int by_value(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The order in which the keys come; how the tree is built is open. */
static void told(const void *node, VISIT when, int level)
{
	if (when == postorder || when == leaf)
		printf(" %d", **(const int *const *)node);
}

static void tree(void)
{
	static int keys[60];
	void *root = NULL;
	int i, n = (int)dice(60), *found, key;

	printf("tree:");
	for (i = 0; i < n; i++) {
		keys[i] = (int)dice(dice(2) ? 20 : 1000);
		found = *(int **)tsearch(&keys[i], &root, by_value);
		printf(" %d", found == &keys[i]);
	}
	for (i = 0; i < n; i++) {
		if (dice(3))
			continue;
		key = keys[i];
		printf(" -%d", tdelete(&key, &root, by_value) != NULL);
	}
	twalk(root, told);
	for (i = 0; i < n; i++) {
		key = (int)dice(30);
		printf(" %d", tfind(&key, &root, by_value) != NULL);
	}
	for (i = 0; i < n; i++)
		tdelete(&keys[i], &root, by_value);
	printf(" %d", root == NULL);
}

static void words(void)
{
	static char names[80][4];
	ENTRY e, *found;
	int i, n = (int)dice(80);

	printf("words: %d %d", hcreate(100), hcreate(1));
	for (i = 0; i < n; i++) {
		e.key = dice_text(names[i], "abc", 3);
		e.data = names[i];
		found = hsearch(e, dice(2) ? ENTER : FIND);
		printf(" %td",
		       found ? ((char *)found->data - names[0]) / 4 : -1);
	}
	hdestroy();
}

static void list(void)
{
	static int items[60];
	size_t n = 0;
	int i, key, *found;

	printf("list:");
	for (i = 0; i < 30; i++) {
		key = (int)dice(20);
		found = dice(2) ? lsearch(&key, items, &n, sizeof(key),
					  by_value)
				: lfind(&key, items, &n, sizeof(key), by_value);
		printf(" %td", found ? found - items : -1);
	}
}

static void queue(void)
{
	struct link {
		struct link *next, *before;
		int n;
	} links[8] = { 0 }, *p;
	int i;

	printf("queue:");
	insque(&links[0], NULL);
	for (i = 1; i < 8; i++) {
		links[i].n = i;
		insque(&links[i], &links[dice((size_t)i)]);
	}
	remque(&links[1 + dice(7)]);
	for (p = links; p; p = p->next)
		printf(" %d/%d", p->n, p->before ? p->before->n : -1);
}

static void numbers(void)
{
	unsigned short x[7], *old;
	int i;

	for (i = 0; i < 7; i++)
		x[i] = (unsigned short)dice_bits();
	srand48((long)dice_bits());
	printf("48: %ld %ld %.17g", lrand48(), mrand48(), drand48());
	printf(" %ld %ld %.17g", nrand48(x), jrand48(x), erand48(x));
	old = seed48(x);
	printf(" %d %d %d %ld", old[0], old[1], old[2], lrand48());
	lcong48(x);
	printf(" %ld %.17g", mrand48(), drand48());
	srand48(1);
	printf(" %ld", lrand48());
}

static void options(void)
{
	static char ro[] = "ro", rw[] = "rw", size[] = "size", r[] = "r";
	static char *const known[] = { ro, rw, size, r, NULL };
	char text[40], *at = text, *value;
	int i;

	static const char *const pieces[] = { "ro", "rw",    "size=3", "size",
					      "r",  "size=", "no",     "x=y",
					      ",",  "ro=a=b" };

	*text = 0;
	for (i = (int)dice(5); i; i--) {
		strcat(text, PICK(pieces));
		if (i > 1)
			strcat(text, ",");
	}
	printf("options %s:", text);
	while (*at) {
		i = getsubopt(&at, known, &value);
		printf(" %d %s", i, value ? value : "-");
	}
}

static void wide(void)
{
	wchar_t w[12] = { 0 }, one = 0;
	char text[12], out[12] = { 0 };
	size_t n = 1 + dice(11);
	int ret;

	memset(text, 'x', sizeof(text));
	dice_text(text, "abc", 10);
	printf("wide %s %zu: %zd", text, n, (ssize_t)mbstowcs(w, text, n));
	ret = mbtowc(&one, text, n);
	printf(" %d %d %d", mblen(text, n), ret, (int)one);
	if (dice(4) == 0)
		w[dice(4)] = 0x20ac;
	printf(" %zd %zd", (ssize_t)wcstombs(NULL, w, 0),
	       (ssize_t)wcstombs(out, w, n));
	errno = 0;
	printf(" %d %d", wctomb(out, w[0]), errno);
	swab(text, out, (ssize_t)(n & ~1ul));
	dice_show(out, n & ~1ul);
	printf(" %jd %jd", imaxabs((intmax_t)dice_bits() >> 1),
	       imaxdiv((intmax_t)dice_bits() >> 1, 7).rem);
}

static unsigned long seen;
static int visits, stop;

/* In which order the files of a directory come is open: a sum of all. */
static int visit(const char *path, const struct stat *st, int type,
		 struct FTW *at)
{
	unsigned long k = (unsigned long)type * 7 +
			  (unsigned long)at->base * 31 +
			  (unsigned long)at->level * 1009;

	while (*path)
		k = k * 31 + (unsigned char)*path++;
	seen += k * k;
	return ++visits == stop ? 42 : 0;
}

static void walks(void)
{
	static const char *const paths[] = { ".",    "a", "dir",  "./dir",
					     "link", "b", "none", "broken" };
	static const int all[] = { 0,
				   FTW_PHYS,
				   FTW_DEPTH,
				   FTW_PHYS | FTW_DEPTH,
				   FTW_PHYS | FTW_CHDIR,
				   FTW_PHYS | FTW_MOUNT };
	const char *path = PICK(paths);
	int flags = PICK(all), ret;

	seen = 0;
	visits = 0;
	stop = dice(6) ? 0 : 1;
	errno = 0;
	ret = nftw(path, visit, 1 + (int)dice(10), flags);
	printf("nftw %s %d: %d %d", path, flags, ret, ret < 0 ? errno : 0);
	if (!stop)
		printf(" %d %lx", visits, seen);
}

int main(int argc, char **argv)
{
	static void (*const all[])(void) = { tree,    words,   list, queue,
					     numbers, options, wide, walks };
	unsigned long cases = dice_begin(argc, argv);

	while (cases--) {
		PICK(all)();
		putchar('\n');
	}
	return 0;
}
