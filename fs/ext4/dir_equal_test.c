/*
 * Thousands of names with one hash, which nobody can make for the real ones:
 * here, names that begin with '~' have one hash, and those with '=' even the
 * same second one. They fill chains of leaves that go on with their hash; all
 * are found, each is listed once, and a loop that lists and removes ends with
 * nothing. e2fsck knows other hashes, so it cannot judge.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/ext4/dir_test.h"

#define ext4_dir_hashes real_dir_hashes
#define ext4_dir_hash   real_dir_hash
#include "fs/ext4/dirhash.c"
#undef ext4_dir_hashes
#undef ext4_dir_hash

int ext4_dir_hashes(const char *name, unsigned len, unsigned version,
		    const uint32_t hash_seed[4], uint32_t out[2])
{
	int err = real_dir_hashes(name, len, version, hash_seed, out);

	if (name[0] == '~' || name[0] == '=')
		out[0] = 0x40000000;
	if (name[0] == '=')
		out[1] = 77;
	return err;
}

int ext4_dir_hash(const char *name, unsigned len, unsigned version,
		  const uint32_t hash_seed[4], uint32_t *out)
{
	uint32_t both[2];
	int err = ext4_dir_hashes(name, len, version, hash_seed, both);

	*out = both[0];
	return err;
}

#define EACH 600u

static const char *name_of(unsigned i)
{
	static char name[300];

	/* Not in their order; some are long, so that leaves are split. */
	snprintf(name, sizeof(name), "d/%c%u%.*s", "~=x"[i % 3],
		 i / 3 * 7919 % EACH, i % 50 ? 0 : 100,
		 "llllllllllllllllllllllllllllllllllllllllllllllllll"
		 "llllllllllllllllllllllllllllllllllllllllllllllllll");
	return name;
}

static unsigned number_of(const char *s)
{
	static const char kinds[] = "~=x";

	return (unsigned)(strchr(kinds, s[0]) - kinds) * EACH +
	       (unsigned)strtoul(s + 1, NULL, 10);
}

static void list(const unsigned rooms, bool remove)
{
	static unsigned char seen[3 * EACH];
	struct t_list *l = malloc(sizeof(*l));
	struct file *f = t_opendir("d");
	unsigned bad = 0;
	char path[300];
	int got;

	memset(seen, 0, sizeof(seen));
	while ((got = t_readdir(f, l, rooms)) > 0) {
		for (int k = 0; k < got; k++) {
			if (l->names[k].name[0] == '.')
				continue;
			seen[number_of(l->names[k].name)]++;
			snprintf(path, sizeof(path), "d/%s", l->names[k].name);
			if (remove)
				bad += !!t_unlink(path);
		}
	}
	IS(got, 0);
	for (unsigned i = 0; i < 3 * EACH; i++)
		bad += seen[i] != 1;
	CHECK(!bad, "%u of the names, %u at once", bad, rooms);
	file_put(f);
	free(l);
}

int main(void)
{
	static const char *const kinds[] = { "-b 1024", "-b 4096" };
	unsigned bad = 0;

	test_start();
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
		disk_name = kinds[k];
		disk_make(k ? "-b 4096 -N 5000" : "-b 1024 -N 5000", 16384);
		IS(disk_mount(), 0);
		IS(t_mkdir("d"), 0);
		for (unsigned i = 0; i < 3 * EACH; i++)
			bad += !!t_create(name_of(i));
		disk_again(false);
		for (unsigned i = 0; i < 3 * EACH; i++)
			bad += !!t_exists(name_of(i));
		IS(bad, 0);
		list(1, false);
		list(64, false);
		list(7, true);
		IS(t_rmdir("d"), 0);
		disk_umount();
		disk_fsck();
	}
	return test_end();
}
