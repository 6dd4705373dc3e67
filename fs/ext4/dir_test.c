/*
 * Directories that grow and shrink, on disks of all kinds: what was made is
 * there, is listed once, and e2fsck finds nothing, not in the indexes either.
 *
 * Usage: dir_test [--all]       (every kind of disk, 100,000 names)
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/ext4/dir_test.h"

static bool all;

static const struct kind {
	const char *name, *options;
	unsigned names; /* with --all as many as that, else fewer */
	const char *hash;
} kinds[] = {
	{ "4k", "-b 4096", 100000, NULL },
	{ "1k", "-b 1024", 100000, NULL },
	{ "2k", "-b 2048 -O ^64bit", 30000, NULL },
	{ "nojournal", "-b 1024 -O ^has_journal", 30000, NULL },
	{ "nocsum", "-b 1024 -O ^metadata_csum", 60000, NULL },
	{ "nocsum4k", "-b 4096 -O ^metadata_csum,^has_journal", 60000, NULL },
	{ "noindex", "-b 4096 -O ^dir_index", 3000, NULL },
	{ "noindex1k", "-b 1024 -O ^dir_index,^metadata_csum", 3000, NULL },
	{ "ext3", "-t ext3 -b 1024 -I 128", 30000, NULL },
	{ "ext2", "-t ext2 -b 4096 -O ^dir_index", 2000, NULL },
	{ "nofiletype", "-t ext3 -b 1024 -O ^filetype", 5000, NULL },
	{ "tea", "-b 1024", 20000, "tea" },
	{ "legacy", "-b 1024", 20000, "legacy" },
};

static uint32_t seed = 1;

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 8) * n >> 24);
}

/* The i-th name: of every length, some with bytes above 127. */
static const char *name_of(const char *dir, unsigned i)
{
	static char name[600];
	unsigned n = (unsigned)sprintf(name, "%s/%x.", dir, i);
	unsigned more = i % 97 == 0 ? 240 : i % 7 * 5 % 23;

	for (unsigned k = 0; k < more; k++)
		name[n + k] = (char)(i % 5 ? (int)(97 + (i + k) % 26)
					   : 200 + (int)((i + k) % 50));
	name[n + more] = 0;
	return name;
}

/* Every name of [0, n) that `there` says is found, no other is listed. */
static void check_names(const char *dir, const unsigned char *there, unsigned n)
{
	unsigned char *seen = calloc(1, n);
	struct t_list *l = malloc(sizeof(*l));
	struct file *f = t_opendir(dir);
	unsigned bad = 0, dots = 0, i;
	int got;

	while ((got = t_readdir(f, l, 1 + chance(64))) > 0) {
		for (int k = 0; k < got; k++) {
			const char *s = l->names[k].name;

			if (!strcmp(s, ".") || !strcmp(s, "..")) {
				dots++;
				continue;
			}
			i = (unsigned)strtoul(s, NULL, 16);
			bad += i >= n || !there[i] || seen[i]++;
		}
	}
	IS(got, 0);
	IS(dots, 2);
	for (i = 0; i < n; i++)
		bad += seen[i] != there[i];
	CHECK(!bad, "%s: %u names are wrong in the list", dir, bad);
	bad = 0;
	for (i = 0; i < n; i++) {
		if (n <= 2000 || !chance(n / 2000))
			bad += t_exists(name_of(dir, i)) !=
			       (there[i] ? 0 : -ENOENT);
	}
	CHECK(!bad, "%s: %u names are wrong", dir, bad);
	file_put(f);
	free(l);
	free(seen);
}

static unsigned depth; /* of the deepest index seen */

static void check_depth(const char *dir, unsigned n)
{
	struct ext4_sb *es = ext4_sb(test_sb);
	struct ext4_dx_path path;
	struct path p;

	IS(path_lookup(AT_FDCWD, dir, 0, &p), 0);
	IS(ext4_dir_indexed(p.dentry->inode),
	   !!(es->compat & EXT4_COMPAT_DIR_INDEX));
	if (ext4_dir_indexed(p.dentry->inode)) {
		IS(ext4_dx_seek(p.dentry->inode, 0, &path), 0);
		IS(path.version, ext4_dir_default_hash(es));
		depth = MAX(depth, path.depth);
		ext4_dx_close(&path);
	}
	path_put(&p);
}

/* Grows a directory, takes names away in any order, lets it grow again, and
 * empties it while it is read. */
static void test_big(const struct kind *k, unsigned n)
{
	unsigned char *there = calloc(1, n);
	struct t_list *l = malloc(sizeof(*l));
	unsigned errors = 0, left = 0;
	struct stat st;
	struct file *f;
	int got;

	IS(t_mkdir("d"), 0);
	for (unsigned i = 0; i < n; i++) {
		errors += !!t_create(name_of("d", i));
		there[i] = 1;
	}
	IS(errors, 0);
	check_depth("d", n);
	IS(t_create(name_of("d", n / 2)), -EEXIST);
	disk_again(true);
	check_names("d", there, n);
	for (unsigned i = 0; i < n; i++) {
		if (chance(3)) {
			errors += !!t_unlink(name_of("d", i));
			there[i] = 0;
		}
	}
	IS(errors, 0);
	check_names("d", there, n);
	for (unsigned i = 0; i < n; i++) {
		if (!there[i] && chance(2)) {
			errors += !!t_create(name_of("d", i));
			there[i] = 1;
		}
	}
	IS(errors, 0);
	disk_again(true);
	check_names("d", there, n);
	IS(t_rmdir("d"), -ENOTEMPTY);
	f = t_opendir("d");
	while ((got = t_readdir(f, l, 1 + chance(64))) > 0) {
		char path[400];

		for (int i = 0; i < got; i++) {
			if (l->names[i].name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "d/%s", l->names[i].name);
			errors += !!t_unlink(path);
		}
	}
	IS(got, 0);
	IS(errors, 0);
	f->pos = 0;
	while ((got = t_readdir(f, l, 64)) > 0)
		left += (unsigned)got;
	IS(left, 2);
	file_put(f);
	disk_again(true);
	IS(t_stat("d", &st), 0);
	IS(st.st_nlink, 2);
	IS(t_rmdir("d"), 0);
	IS(t_exists("d"), -ENOENT);
	free(l);
	free(there);
}

/* Names with one hash, so long that few fit into a leaf: many leaves are split
 * between them. The hash is half MD4 with the seed below. */
#define EQUAL_SEED "00112233-4455-6677-8899-aabbccddeeff"
static const uint32_t equal[][2] = {
	{ 0x066923, 0x11b136 }, { 0x092cf6, 0x1231dc }, { 0x0ed60d, 0x111158 },
	{ 0x09d2df, 0x16d720 }, { 0x08309d, 0x09f3b9 }, { 0x07e92c, 0x107529 },
	{ 0x00ac6f, 0x057dfa }, { 0x1122bc, 0x1246b8 }, { 0x036f3b, 0x082a3e },
	{ 0x0cc977, 0x0d5af9 }, { 0x042784, 0x157854 }, { 0x10d001, 0x11c386 },
	{ 0x01e2a3, 0x0a4901 }, { 0x063cae, 0x13abaa }, { 0x023168, 0x131f8e },
	{ 0x00acb6, 0x05c51b }, { 0x03f5c6, 0x05eee4 }, { 0x0a9bad, 0x16a05a },
	{ 0x14d1d8, 0x15c492 }, { 0x02c252, 0x0c3b8f }, { 0x0519fb, 0x10e227 },
	{ 0x0808a0, 0x0bc3f9 }, { 0x044910, 0x0954b0 }, { 0x038cef, 0x0c28a2 },
	{ 0x0cfd90, 0x140673 }, { 0x06e76f, 0x11aeb4 }, { 0x03f0b4, 0x07db0f },
	{ 0x09e835, 0x1631de }, { 0x04f6da, 0x136749 }, { 0x101bb0, 0x14d96b },
	{ 0x0c72cf, 0x0c991e }, { 0x02b5bf, 0x070861 }, { 0x00d495, 0x06d89c },
	{ 0x0a6264, 0x15b5ca }, { 0x0453ff, 0x13da58 }, { 0x037471, 0x0e28e9 },
	{ 0x0deeac, 0x12d591 }, { 0x008518, 0x16b412 }, { 0x0efe8d, 0x12bad8 },
	{ 0x0fdadf, 0x13760c }, { 0x02949b, 0x036628 }, { 0x0572f7, 0x169d95 },
	{ 0x057f87, 0x13a9bb }, { 0x00187c, 0x14da2a }, { 0x05b032, 0x10a57b },
	{ 0x05fd66, 0x07b7d5 }, { 0x03c810, 0x149b43 }, { 0x04cec7, 0x15fe0f },
	{ 0x043058, 0x0d30eb }, { 0x0885ed, 0x13d4dd }, { 0x0abe4c, 0x119ed1 },
	{ 0x049408, 0x12f149 }, { 0x01d32f, 0x0cbfcf }, { 0x09db17, 0x134317 },
	{ 0x11d9c9, 0x14e3d8 }, { 0x015c43, 0x02c932 }, { 0x039b69, 0x04f98f },
	{ 0x04ed07, 0x05c4f2 }, { 0x0daf5b, 0x11f6b2 }, { 0x12d5cc, 0x1562e8 },
	{ 0x0720f2, 0x13732c }, { 0x07252f, 0x12d489 }, { 0x0cb597, 0x1457c4 },
	{ 0x099165, 0x0b3900 }, { 0x00def1, 0x08e34b }, { 0x048702, 0x076654 },
	{ 0x02267e, 0x11b4c1 }, { 0x1562f7, 0x158408 }, { 0x0feccd, 0x16c3eb },
	{ 0x04a446, 0x1134d2 }, { 0x0ec004, 0x10d232 }, { 0x023db6, 0x041aa9 },
	{ 0x14167e, 0x14cefb }, { 0x0e95ea, 0x166784 }, { 0x044810, 0x0fb273 },
	{ 0x021e48, 0x0e1ce5 }, { 0x0480db, 0x066b9c }, { 0x02d811, 0x0f8b88 },
	{ 0x0af9f5, 0x1043c3 }, { 0x00343a, 0x0aa43c }, { 0x1286bf, 0x13994c },
	{ 0x0a23ad, 0x0e1dc9 }, { 0x0ce1cb, 0x16d009 }, { 0x0a42f3, 0x0a6af1 },
	{ 0x014c94, 0x0308ad }, { 0x05183a, 0x06a495 }, { 0x0aeaf2, 0x129407 },
	{ 0x011440, 0x0885b3 }, { 0x055f24, 0x0c6eca }, { 0x0405a8, 0x076224 },
	{ 0x0db497, 0x117a8a }, { 0x0c6d2c, 0x110833 }, { 0x0effcc, 0x0fe276 },
	{ 0x01aa24, 0x0babd8 }, { 0x075fe1, 0x07ded1 }, { 0x14eb67, 0x16a760 },
};

static const char *equal_name(uint32_t n)
{
	static char name[300];

	memset(name, 'x', 250);
	memcpy(name, "e/", 2);
	sprintf(name + 2 + 248, "%07x", n);
	return name;
}

static void test_equal(void)
{
	unsigned n = 2 * ARRAY_SIZE(equal), errors = 0, marks = 0;
	struct ext4_dx_path path;
	struct path p;
	uint32_t hash;

	IS(t_mkdir("e"), 0);
	for (unsigned i = 0; i < n; i++) {
		unsigned k = i * 77 % n;

		errors += !!t_create(equal_name(equal[k / 2][k % 2]));
	}
	IS(errors, 0);
	disk_again(true);
	for (unsigned i = 0; i < n; i++)
		errors += !!t_exists(equal_name(equal[i / 2][i % 2]));
	IS(errors, 0);
	IS(path_lookup(AT_FDCWD, "e", 0, &p), 0);
	IS(ext4_dx_seek(p.dentry->inode, 0, &path), 0);
	while (ext4_dx_high(&path, &hash)) {
		marks += hash & 1;
		IS(ext4_dx_advance(p.dentry->inode, &path), 0);
	}
	ext4_dx_close(&path);
	path_put(&p);
	CHECK(marks > 5, "%u marks", marks);
	for (unsigned i = 0; i < n; i++) {
		unsigned k = i * 31 % n;

		errors += !!t_unlink(equal_name(equal[k / 2][k % 2]));
	}
	IS(errors, 0);
	IS(t_rmdir("e"), 0);
}

/* Who reads a directory while it grows and shrinks gets each name that is there
 * all the time exactly once. */
static void test_stable(unsigned stay, unsigned step)
{
	unsigned char *seen = calloc(1, stay);
	struct t_list *l = malloc(sizeof(*l));
	unsigned next = stay, bad = 0;
	struct file *f;
	int got;

	IS(t_mkdir("s"), 0);
	for (unsigned i = 0; i < stay; i++)
		bad += !!t_create(name_of("s", i));
	f = t_opendir("s");
	while ((got = t_readdir(f, l, 1 + chance(step))) > 0) {
		for (int k = 0; k < got; k++) {
			const char *s = l->names[k].name;
			unsigned i = (unsigned)strtoul(s, NULL, 16);

			if (s[0] == '.')
				continue;
			if (i < stay)
				seen[i]++;
		}
		/* As if from another position, now and then. */
		if (!chance(4))
			f->ra_next = f->ra_size = 0;
		for (unsigned i = chance(step); i && next < 3 * stay; i--)
			bad += !!t_create(name_of("s", next++));
		for (unsigned i = chance(step) / 2; i; i--)
			t_unlink(name_of("s", stay + chance(next - stay + 1)));
	}
	IS(got, 0);
	CHECK(!bad, "%u names were not made", bad);
	for (unsigned i = 0; i < stay; i++) {
		CHECK(seen[i] == 1, "%s: seen %u times", name_of("s", i),
		      seen[i]);
	}
	f->pos = 0;
	while ((got = t_readdir(f, l, 64)) > 0) {
		char path[400];

		for (int i = 0; i < got; i++) {
			if (l->names[i].name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "s/%s", l->names[i].name);
			bad += !!t_unlink(path);
		}
	}
	file_put(f);
	IS(t_rmdir("s"), 0);
	free(l);
	free(seen);
}

/* More names in a leaf than are sorted at once. */
static void test_short(void)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static unsigned char seen[46656];
	struct t_list *l = malloc(sizeof(*l));
	unsigned n = 3000, bad = 0;
	char path[] = "t/xyz";
	struct file *f;
	int got;

	IS(t_mkdir("t"), 0);
	for (unsigned i = 0; i < n; i++) {
		path[2] = letters[i % 36];
		path[3] = letters[i / 36 % 36];
		path[4] = letters[i / 1296];
		bad += !!t_create(path);
	}
	memset(seen, 0, sizeof(seen));
	f = t_opendir("t");
	while ((got = t_readdir(f, l, 1 + chance(64))) > 0) {
		for (int k = 0; k < got; k++) {
			const char *s = l->names[k].name;

			if (s[0] == '.')
				continue;
			seen[(strchr(letters, s[0]) - letters) +
			     36 * (strchr(letters, s[1]) - letters) +
			     1296 * (strchr(letters, s[2]) - letters)]++;
			memcpy(path + 2, s, 3);
			bad += !!t_unlink(path);
		}
	}
	file_put(f);
	for (unsigned i = 0; i < n; i++)
		bad += seen[i] != 1;
	CHECK(!bad, "%u", bad);
	IS(t_rmdir("t"), 0);
	free(l);
}

/* Many directories in one: links are counted, or not any more. */
static void test_links(unsigned n)
{
	unsigned errors = 0;
	struct stat st;
	int err = 0;

	IS(t_mkdir("l"), 0);
	for (unsigned i = 0; i < n && !err; i++)
		err = t_mkdir(name_of("l", i));
	IS(t_stat("l", &st), 0);
	if (n < 64998) {
		IS(st.st_nlink, n + 2);
	} else if (ext4_sb(test_sb)->ro_compat & EXT4_RO_DIR_NLINK) {
		IS(err, 0);
		IS(st.st_nlink, 1);
	} else {
		IS(err, -EMLINK);
		IS(st.st_nlink, 65000);
		n = 64998;
	}
	disk_again(true);
	for (unsigned i = 0; i < n; i++)
		errors += !!t_rmdir(name_of("l", i));
	IS(errors, 0);
	IS(t_rmdir("l"), 0);
}

static void test_kind(const struct kind *k)
{
	char options[200];
	unsigned n = all ? k->names : MIN(k->names / 12 + 500, 4500u);

	disk_name = k->name;
	snprintf(options, sizeof(options), "%s -N %u -E hash_seed=" EQUAL_SEED,
		 k->options, n * 2 + 2000);
	disk_make(options, 16384 + n);
	if (k->hash)
		disk_tune("-E hash_alg=%s", k->hash);
	IS(disk_mount(), 0);
	test_big(k, n);
	test_stable(n / 4, 40);
	if (!strcmp(k->name, "1k") || !strcmp(k->name, "nocsum"))
		test_equal();
	test_short();
	test_links(all && strcmp(k->name, "noindex") ? 0 : 300);
	disk_umount();
	disk_fsck();
	printf("%s: %u names\n", k->name, n);
}

int main(int argc, char **argv)
{
	uint64_t pages, objects;

	all = argc > 1 && !strcmp(argv[1], "--all");
	test_start();
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (argc > 1 && (!all || argc > 2) && strcmp(argv[argc - 1], kinds[i].name))
			continue;
		reclaim_all();
		pages = host_pages_in_use();
		objects = host_objects_in_use();
		test_kind(&kinds[i]);
		reclaim_all();
		IS(host_pages_in_use(), pages);
		IS(host_objects_in_use(), objects);
	}
	if (argc == 1 || all)
		IS(depth, 1);
	return test_end();
}
