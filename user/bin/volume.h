/*
 * What file systems on disks call themselves: for mount and blkid. Read from
 * the disks each time, in the order of /proc/partitions; ext2 to ext4, and FAT.
 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct volume {
	const char *type;
	char label[17], uuid[37]; /* "": it has none */
};

static inline unsigned volume_le32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (unsigned)p[3] << 24;
}

/* n bytes of text, which blanks or a 0 end. */
static inline void volume_label(struct volume *v, const unsigned char *p,
				size_t n)
{
	memcpy(v->label, p, n);
	v->label[n] = 0;
	for (n = strlen(v->label); n && v->label[n - 1] == ' '; n--)
		v->label[n - 1] = 0;
}

static inline int volume_is_ext(const unsigned char *s, struct volume *v)
{
	const unsigned char *u = s + 0x68;
	unsigned incompat = volume_le32(s + 0x60);
	unsigned ro = volume_le32(s + 0x64);

	if (s[0x38] != 0x53 || s[0x39] != 0xef)
		return 0;
	/* What ext3 has not: extents, 64 bits, flexible groups; huge files,
	 * checksums, many links and large inodes. */
	v->type = incompat & 0x2c0 || ro & 0x478	? "ext4"
		  : volume_le32(s + 0x5c) & 4		? "ext3"
							: "ext2";
	volume_label(v, s + 0x78, 16);
	snprintf(v->uuid, sizeof(v->uuid),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x",
		 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9],
		 u[10], u[11], u[12], u[13], u[14], u[15]);
	return 1;
}

static inline int volume_is_fat(const unsigned char *s, struct volume *v)
{
	const unsigned char *u;

	if (s[510] != 0x55 || s[511] != 0xaa)
		return 0;
	if (!memcmp(s + 82, "FAT32   ", 8))
		u = s + 67;
	else if (!memcmp(s + 54, "FAT1", 4))
		u = s + 39;
	else
		return 0;
	v->type = "vfat";
	volume_label(v, u + 4, 11);
	if (!strcmp(v->label, "NO NAME"))
		v->label[0] = 0;
	snprintf(v->uuid, sizeof(v->uuid), "%02X%02X-%02X%02X", u[3], u[2],
		 u[1], u[0]);
	return 1;
}

/* What is on a disk? 1, 0 (nothing that is known), or -1 and errno. */
static inline int volume_read(const char *path, struct volume *v)
{
	unsigned char buf[2048];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -1;
	while (have < sizeof(buf) && n > 0) {
		n = read(fd, buf + have, sizeof(buf) - have);
		if (n > 0)
			have += (size_t)n;
	}
	close(fd);
	if (n < 0)
		return -1;
	memset(buf + have, 0, sizeof(buf) - have);
	memset(v, 0, sizeof(*v));
	return volume_is_ext(buf + 1024, v) || volume_is_fat(buf, v);
}

/* The next disk of an open /proc/partitions: "/dev/vda1". 0: no more. */
static inline int volume_next(FILE *f, char *path, size_t size)
{
	char line[128], name[64];

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*u %*u %*u %63s", name) == 1) {
			snprintf(path, size, "/dev/%s", name);
			return 1;
		}
	return 0;
}

/*
 * The disk that is meant by "LABEL=..." or "UUID=..." in `spec`, into path.
 * 1; 0: no disk is; -1: spec is neither, and left as it is.
 */
static inline int volume_find(const char *spec, char *path, size_t size)
{
	int by_label = !strncmp(spec, "LABEL=", 6), found = 0;
	struct volume v;
	FILE *f;

	if (!by_label && strncmp(spec, "UUID=", 5))
		return -1;
	f = fopen("/proc/partitions", "r");
	while (f && !found && volume_next(f, path, size))
		found = volume_read(path, &v) == 1 &&
			(by_label ? !strcmp(v.label, spec + 6)
				  : !strcasecmp(v.uuid, spec + 5));
	if (f)
		fclose(f);
	return found;
}
