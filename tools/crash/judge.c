/*
 * The judge: on a copy e2fsck plays the journal and deletes orphans, and then
 * has to find nothing. (With -f the first step would be a whole check, and -y
 * would repair what the second is to find.)
 * It takes five thousandths of a second to start, so the second part is left
 * out for disks that were found clean before: a hash over what matters once
 * the journal is played, kept for all workloads. Neither the old content of
 * the log matters then, nor what e2fsck itself counts in the super block.
 */
#include "crash.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEEN_SLOTS (1u << 20)
#define PART       4096u

extern char **environ;

static char image_path[256], text_path[256];
static unsigned char *copy;
static uint64_t copy_bytes;
static uint64_t *seen; /* [0]: how many */
static unsigned char *masked; /* a bit for each sector */
static uint64_t journal_super; /* sector */
static int out_fd = -1;
uint64_t judge_runs;

size_t judge_seen_bytes(void)
{
	return SEEN_SLOTS * sizeof(uint64_t);
}

void judge_open(const char *folder, uint64_t bytes, void *table)
{
	int fd;

	snprintf(image_path, sizeof(image_path), "%s/judged.img", folder);
	snprintf(text_path, sizeof(text_path), "%s/e2fsck.txt", folder);
	fd = open(image_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)bytes)) {
		perror(image_path);
		exit(2);
	}
	copy = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	out_fd = open(text_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (copy == MAP_FAILED || out_fd < 0) {
		perror(text_path);
		exit(2);
	}
	copy_bytes = bytes;
	seen = table;
	if (!masked)
		masked = calloc(1, bytes / CRASH_SECTOR / 8 + 1);
	setenv("E2FSPROGS_FAKE_TIME", "1800000000", 1);
}

void judge_set_journal(const uint32_t *blocks, unsigned n, uint32_t block_size)
{
	uint32_t per = block_size / CRASH_SECTOR;

	journal_super = n ? (uint64_t)blocks[0] * per : 0;
	/* All but the first block, which says whether the log is empty. */
	for (unsigned i = 1; i < n; i++) {
		for (uint32_t k = 0; k < per; k++) {
			uint64_t s = (uint64_t)blocks[i] * per + k;

			if (s < copy_bytes / CRASH_SECTOR)
				masked[s / 8] |= (unsigned char)(1 << s % 8);
		}
	}
}

/* ---- what was found clean ---- */
static bool seen_find(uint64_t h, bool add)
{
	uint64_t at = h % (SEEN_SLOTS - 1);

	if (!h)
		h = 1;
	while (seen[1 + at]) {
		if (seen[1 + at] == h)
			return true;
		at = (at + 1) % (SEEN_SLOTS - 1);
	}
	if (add && seen[0] < SEEN_SLOTS / 4 * 3) {
		seen[1 + at] = h;
		seen[0]++;
	}
	return false;
}

/* played: e2fsck rewrote the two super blocks, with its own counts. */
static uint64_t hash_clean(const unsigned char *before, bool played)
{
	uint64_t h = 0;

	for (uint64_t s = 0; s < copy_bytes / CRASH_SECTOR; s++) {
		const unsigned char *p = copy + s * CRASH_SECTOR;
		unsigned char sector[CRASH_SECTOR];

		if (masked[s / 8] == 0xff && !(s % 8)) {
			s += 7;
			continue;
		}
		if (masked[s / 8] & 1 << s % 8)
			continue;
		if (played && (s == 2 || s == 3 || s == journal_super) &&
		    memcmp(p, before + s * CRASH_SECTOR, CRASH_SECTOR)) {
			memcpy(sector, p, CRASH_SECTOR);
			p = sector;
			if (s == 2) {
				memset(sector + 0x30, 0, 4);
				memset(sector + 0x178, 0, 8);
			} else if (s == 3) {
				memset(sector + 0x1fc, 0, 4);
			} else {
				memset(sector + 0x18, 0, 4); /* sequence */
				memset(sector + 0xfc, 0, 4);
			}
		}
		h += hash_bytes(s, p, CRASH_SECTOR);
	}
	return h;
}

/* ---- a log that was given up ---- */
static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint32_t crc32c(const unsigned char *p, unsigned n)
{
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *p++;
		for (unsigned i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

/*
 * A log with an error noted in it makes e2fsck leave the orphans to its whole
 * check, which repairs. What can be asked is whether the disk is sound but for
 * the note: it is taken out of the copy.
 */
static void forget_note(void)
{
	unsigned char *js = copy + journal_super * CRASH_SECTOR;
	uint32_t crc;

	if (!journal_super || !be32(js + 0x20))
		return;
	memset(js + 0x20, 0, 4);
	if (!(be32(js + 0x28) & 0x18)) /* no checksums, of version 2 or 3 */
		return;
	memset(js + 0xfc, 0, 4);
	crc = crc32c(js, 1024);
	for (unsigned i = 0; i < 4; i++)
		js[0xfc + i] = (unsigned char)(crc >> (24 - 8 * i));
}

/* ---- e2fsck ---- */
static int spawn(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	int status;
	pid_t pid;

	judge_runs++;
	if (ftruncate(out_fd, 0) || lseek(out_fd, 0, SEEK_SET))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
	posix_spawn_file_actions_adddup2(&actions, out_fd, 2);
	if (posix_spawnp(&pid, "e2fsck", &actions, NULL,
			 (char *const *)(uintptr_t)argv, environ)) {
		fprintf(stderr, "crash: e2fsck cannot be started\n");
		exit(2);
	}
	posix_spawn_file_actions_destroy(&actions);
	while (waitpid(pid, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

static const char *complain(const char *what, int status)
{
	static char text[1500];
	int n = snprintf(text, sizeof(text), "%s: status %d:\n", what, status);
	ssize_t got = pread(out_fd, text + n, sizeof(text) - 1 - (size_t)n, 0);

	text[n + (got < 0 ? 0 : got)] = 0;
	return text;
}

/*
 * Did it complain only of what playing leaves undone (the super block's
 * counts, which a mount takes from the groups, and an orphan file that still
 * has numbers in it) and of what never counts as a fault?
 */
static bool complains_of_leftovers(int status)
{
	static const char *const known[] = {
		"Pass ", "Fix? no\n", "Clear? no\n", "Recreate? no\n", "\n",
		"Free blocks count wrong (", "Free inodes count wrong (",
		"Orphan file (inode ", "Failed to initialize orphan file.",
		"e2fsck ", image_path,
	};
	FILE *f = status == 4 ? fopen(text_path, "r") : NULL;
	char line[256];
	bool same = f;

	while (same && fgets(line, sizeof(line), f)) {
		same = strstr(line, " Optimize? no\n");
		for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
			same |= !strncmp(line, known[i], strlen(known[i]));
	}
	if (f)
		fclose(f);
	return same;
}

const char *judge(const unsigned char *image, bool replay)
{
	const char *const play[] = { "e2fsck", "-y", "-E", "journal_only",
				     image_path, NULL };
	const char *const ask[] = { "e2fsck", "-fn", image_path, NULL };
	uint64_t h;
	int status;

	for (uint64_t at = 0; at < copy_bytes; at += PART) {
		if (memcmp(copy + at, image + at, PART))
			memcpy(copy + at, image + at, PART);
	}
	if (replay) {
		forget_note();
		status = spawn(play);
		if (status)
			return complain("e2fsck -y -E journal_only", status);
	}
	h = hash_clean(image, replay);
	if (seen_find(h, false))
		return NULL;
	status = spawn(ask);
	if (status && !(replay && complains_of_leftovers(status)))
		return complain(replay ? "e2fsck -fn after playing the journal"
				       : "e2fsck -fn",
				status);
	seen_find(h, true);
	return NULL;
}
