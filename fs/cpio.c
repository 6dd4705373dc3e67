/*
 * Unpacks a cpio archive of the "newc" form into a tmpfs: the RAM root.
 *
 * Each member is a header of 110 characters (numbers as eight hex digits), the
 * name, and the data, each padded to four bytes. The archive may come from
 * anywhere: nothing is read outside it, no name leads out of the root, and a
 * member that makes no sense ends the unpacking.
 */
#include "fs/initramfs.h"

#include "fs/dcache.h"
#include "fs/tmpfs.h"
#include "kernel/abi/limits.h"

#define HEADER_SIZE 110u
#define TRAILER     "TRAILER!!!"

enum field {
	F_INO,
	F_MODE,
	F_UID,
	F_GID,
	F_NLINK,
	F_MTIME,
	F_SIZE,
	F_DEVMAJOR,
	F_DEVMINOR,
	F_RDEVMAJOR,
	F_RDEVMINOR,
	F_NAMESIZE,
	F_CHECK,
	FIELDS
};

struct member {
	uint32_t field[FIELDS];
	const char *name; /* NUL at the end, inside the archive */
	const char *data;
};

/* Members with several names that were seen already. */
struct link_seen {
	struct link_seen *next;
	uint32_t ino, devmajor, devminor;
	struct inode *ip;
};

static bool hex8(const char *s, uint32_t *out)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < 8; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			c = (char)(c - '0');
		else if (c >= 'a' && c <= 'f')
			c = (char)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 10);
		else
			return false;
		n = n << 4 | (uint32_t)c;
	}
	*out = n;
	return true;
}

/* Reads the member at *at and moves *at behind it. */
static int member_read(const char *data, size_t size, size_t *at,
		       struct member *m)
{
	size_t pos = *at, body;

	if (size - pos < HEADER_SIZE || (memcmp(data + pos, "070701", 6) &&
					 memcmp(data + pos, "070702", 6)))
		return -EINVAL;
	for (unsigned i = 0; i < FIELDS; i++) {
		if (!hex8(data + pos + 6 + 8 * i, &m->field[i]))
			return -EINVAL;
	}
	pos += HEADER_SIZE;
	if (!m->field[F_NAMESIZE] || m->field[F_NAMESIZE] > PATH_MAX ||
	    m->field[F_NAMESIZE] > size - pos)
		return -EINVAL;
	m->name = data + pos;
	if (m->name[m->field[F_NAMESIZE] - 1])
		return -EINVAL;
	body = (pos + m->field[F_NAMESIZE] + 3) & ~(size_t)3;
	if (body > size)
		body = size;
	if (m->field[F_SIZE] > size - body)
		return -EINVAL;
	m->data = data + body;
	pos = (body + m->field[F_SIZE] + 3) & ~(size_t)3;
	*at = MIN(pos, size);
	return 0;
}

/* Looks a name up in dir, or makes a directory of it. Referenced. */
static int step(struct inode *dir, const char *name, unsigned len, bool make,
		struct inode **out)
{
	int err;

	rwsem_write_lock(&dir->lock);
	err = dir->ops->lookup(dir, name, len, out);
	if (err == -ENOENT && make)
		err = tmpfs_create(dir, name, len, S_IFDIR | 0755, 0, NULL,
				   out);
	rwsem_write_unlock(&dir->lock);
	return err;
}

/*
 * Walks to the directory that name is in, making what is missing. *last gets
 * the last name, of length 0 for the root itself. -EINVAL for "..".
 */
static int walk(struct inode *root, const char *name, struct inode **dir,
		const char **last, unsigned *len)
{
	struct inode *at = root, *next;
	int err = 0;

	inode_get(at);
	for (;;) {
		const char *s;
		unsigned n;

		while (*name == '/')
			name++;
		s = name;
		while (*s && *s != '/')
			s++;
		n = (unsigned)(s - name);
		while (*s == '/')
			s++;
		err = -EINVAL;
		if (n > NAME_MAX_BYTES ||
		    (n == 2 && name[0] == '.' && name[1] == '.'))
			break;
		if (n == 1 && name[0] == '.') {
			if (*s) {
				name = s;
				continue;
			}
			n = 0;
		}
		if (!*s) {
			*dir = at;
			*last = name;
			*len = n;
			return 0;
		}
		err = step(at, name, n, true, &next);
		if (err)
			break;
		inode_put(at);
		at = next;
		err = -EINVAL;
		if (!S_ISDIR(at->mode))
			break;
		name = s;
	}
	inode_put(at);
	return err;
}

static int write_data(struct inode *ip, const char *data, size_t size)
{
	struct file f = { .inode = ip };
	struct iovec iov;
	struct uio u;
	off_t pos = 0;
	ssize_t n;

	if (!size)
		return 0;
	uio_init_kernel(&u, &iov, (void *)(uintptr_t)data, size);
	n = ip->fops->write(&f, &u, &pos);
	if (n < 0)
		return (int)n;
	return (size_t)n == size ? 0 : -ENOSPC;
}

static void set_owner(struct inode *ip, const struct member *m)
{
	ip->uid = m->field[F_UID];
	ip->gid = m->field[F_GID];
	ip->mode = (ip->mode & S_IFMT) | (m->field[F_MODE] & 07777);
	ip->mtime.tv_sec = m->field[F_MTIME];
	ip->mtime.tv_nsec = 0;
}

static struct link_seen *seen_find(struct link_seen *l, const struct member *m)
{
	while (l && (l->ino != m->field[F_INO] ||
		     l->devmajor != m->field[F_DEVMAJOR] ||
		     l->devminor != m->field[F_DEVMINOR]))
		l = l->next;
	return l;
}

static int make_node(struct inode *dir, const char *name, unsigned len,
		     const struct member *m, struct inode **out)
{
	mode_t mode = m->field[F_MODE];
	dev_t rdev = 0;
	char *target = NULL;
	int err;

	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		rdev = ABI_DEV(m->field[F_RDEVMAJOR], m->field[F_RDEVMINOR]);
		break;
	case S_IFLNK:
		if (!m->field[F_SIZE] || m->field[F_SIZE] >= PATH_MAX ||
		    memchr(m->data, 0, m->field[F_SIZE]))
			return -EINVAL;
		target = kmalloc(m->field[F_SIZE] + 1, GFP_KERNEL);
		if (!target)
			return -ENOMEM;
		memcpy(target, m->data, m->field[F_SIZE]);
		target[m->field[F_SIZE]] = '\0';
		break;
	default:
		return -EINVAL;
	}
	err = tmpfs_create(dir, name, len, mode, rdev, target, out);
	kfree(target);
	return err;
}

/* What is there under this name already goes, unless both are directories. */
static int make_room(struct inode *dir, const char *name, unsigned len,
		     const struct member *m, struct inode **out)
{
	struct inode *ip;
	int err = dir->ops->lookup(dir, name, len, &ip);

	*out = NULL;
	if (err)
		return err == -ENOENT ? 0 : err;
	if (S_ISDIR(ip->mode)) {
		*out = ip;
		return S_ISDIR(m->field[F_MODE]) ? 0 : -EINVAL;
	}
	err = dir->ops->unlink(dir, name, len, ip);
	inode_put(ip);
	return err;
}

static int member_unpack(struct inode *root, const struct member *m,
			 struct link_seen **seen)
{
	bool linked = m->field[F_NLINK] > 1 && !S_ISDIR(m->field[F_MODE]);
	struct link_seen *l = linked ? seen_find(*seen, m) : NULL;
	struct inode *dir, *ip = NULL;
	const char *name;
	unsigned len;
	int err = walk(root, m->name, &dir, &name, &len);

	if (err)
		return err;
	if (!len) {
		/* The root itself: its rights and owner. */
		if (S_ISDIR(m->field[F_MODE]))
			set_owner(dir, m);
		goto put;
	}
	rwsem_write_lock(&dir->lock);
	err = make_room(dir, name, len, m, &ip);
	if (!err && !ip) {
		if (l) {
			ip = l->ip;
			rwsem_write_lock(&ip->lock);
			err = dir->ops->link(dir, name, len, ip);
			rwsem_write_unlock(&ip->lock);
			inode_get(ip);
		} else {
			err = make_node(dir, name, len, m, &ip);
		}
	}
	rwsem_write_unlock(&dir->lock);
	if (err)
		goto put;
	/* Of several names only one carries the data, often the last. */
	if (S_ISREG(ip->mode))
		err = write_data(ip, m->data, m->field[F_SIZE]);
	set_owner(ip, m);
	if (linked && !l && !err) {
		l = kmalloc(sizeof(*l), GFP_KERNEL);
		if (!l) {
			err = -ENOMEM;
			goto put;
		}
		l->ino = m->field[F_INO];
		l->devmajor = m->field[F_DEVMAJOR];
		l->devminor = m->field[F_DEVMINOR];
		l->ip = ip;
		inode_get(ip);
		l->next = *seen;
		*seen = l;
	}
put:
	if (ip)
		inode_put(ip);
	inode_put(dir);
	return err;
}

int cpio_unpack(struct inode *root, const void *data, size_t size)
{
	struct link_seen *seen = NULL;
	size_t at = 0;
	int err;

	for (;;) {
		struct member m;

		err = member_read(data, size, &at, &m);
		if (err || !strcmp(m.name, TRAILER))
			break;
		err = member_unpack(root, &m, &seen);
		if (err)
			break;
	}
	while (seen) {
		struct link_seen *l = seen;

		seen = l->next;
		inode_put(l->ip);
		kfree(l);
	}
	return err;
}
