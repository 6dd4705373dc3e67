/*
 * The log of a disk: every write with its data and every flush, each with the
 * times at which it was asked for and completed; and the same as a file in the
 * format of dm-log-writes.
 *
 * A write may be on the disk from the moment it is asked for. It has to be
 * there when a flush that was asked for after its completion has completed.
 */
#include "crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *p, unsigned n, size_t size)
{
	if (n & (n - 1))
		return p;
	p = realloc(p, (n ? n * 2 : 1) * size);
	if (!p)
		abort();
	return p;
}

unsigned log_add_write(struct log *l, uint64_t sector, uint32_t sectors,
		       bool fua)
{
	struct log_write *w;

	l->writes = grow(l->writes, l->n_writes, sizeof(*w));
	w = &l->writes[l->n_writes];
	memset(w, 0, sizeof(*w));
	w->sector = sector;
	w->sectors = sectors;
	w->fua = fua;
	w->submitted = l->now++;
	w->completed = NEVER;
	w->data = malloc((size_t)sectors * CRASH_SECTOR + 1);
	if (!w->data)
		abort();
	return l->n_writes++;
}

unsigned log_add_flush(struct log *l)
{
	l->flushes = grow(l->flushes, l->n_flushes, sizeof(*l->flushes));
	l->flushes[l->n_flushes].submitted = l->now++;
	l->flushes[l->n_flushes].completed = NEVER;
	return l->n_flushes++;
}

void log_clear(struct log *l)
{
	for (unsigned i = 0; i < l->n_writes; i++)
		free(l->writes[i].data);
	free(l->writes);
	free(l->flushes);
	memset(l, 0, sizeof(*l));
}

bool log_is_durable(const struct log *l, unsigned n, uint32_t t)
{
	const struct log_write *w = &l->writes[n];

	if (w->completed >= t)
		return false;
	if (w->fua)
		return true;
	for (unsigned i = 0; i < l->n_flushes; i++) {
		if (l->flushes[i].submitted > w->completed &&
		    l->flushes[i].completed < t)
			return true;
	}
	return false;
}

/* ---- dm-log-writes ---- */
#define LOG_MAGIC   0x6a736677736872ull
#define LOG_VERSION 1

enum { LOG_FLUSH = 1, LOG_FUA = 2, LOG_DISCARD = 4, LOG_MARK = 8 };

struct file_super {
	uint64_t magic, version, n_entries;
	uint32_t sector_size;
};

/* In a sector of its own; the data follows. A flush flag at a write means:
 * first flush, then write. */
struct file_entry {
	uint64_t sector, sectors; /* of the log's sector size */
	uint64_t flags, data_len;
};

static int bad(const char *path, uint64_t n, const char *what)
{
	fprintf(stderr, "%s: entry %llu: %s\n", path, (unsigned long long)n,
		what);
	return -1;
}

static void add_complete_flush(struct log *l)
{
	unsigned n = log_add_flush(l);

	l->flushes[n].completed = l->now++;
}

int log_read_file(struct log *l, const char *path, uint64_t bytes)
{
	FILE *f = fopen(path, "rb");
	struct file_super super;
	struct file_entry e;
	uint64_t n;

	if (!f || fread(&super, sizeof(super), 1, f) != 1) {
		perror(path);
		return -1;
	}
	if (super.magic != LOG_MAGIC || super.version != LOG_VERSION ||
	    super.sector_size < CRASH_SECTOR ||
	    super.sector_size > 65536 ||
	    super.sector_size % CRASH_SECTOR) {
		fclose(f);
		return bad(path, 0, "no log of this kind");
	}
	fseek(f, super.sector_size, SEEK_SET);
	/* The count is brought up to date only now and then: what follows
	 * counts as long as it looks like an entry. */
	for (n = 0;; n++) {
		uint32_t per = super.sector_size / CRASH_SECTOR, w;
		long at = ftell(f);

		if (fread(&e, sizeof(e), 1, f) != 1)
			break;
		if (n >= super.n_entries &&
		    ((!e.flags && !e.sectors) || e.flags > 15))
			break;
		fseek(f, at + (long)super.sector_size, SEEK_SET);
		if (e.flags & LOG_FLUSH)
			add_complete_flush(l);
		if (e.flags & LOG_MARK) {
			fseek(f, (long)e.data_len, SEEK_CUR);
			if (e.data_len % super.sector_size)
				fseek(f, (long)(super.sector_size -
					e.data_len % super.sector_size),
				      SEEK_CUR);
			continue;
		}
		if (!e.sectors)
			continue;
		if (e.sector > bytes / super.sector_size ||
		    e.sectors > bytes / super.sector_size - e.sector ||
		    e.sectors > 1u << 20) {
			fclose(f);
			return bad(path, n, "lies outside the disk");
		}
		if (e.flags & LOG_DISCARD)
			continue; /* content undefined: as it was will do */
		w = log_add_write(l, e.sector * per, (uint32_t)e.sectors * per,
				  e.flags & LOG_FUA);
		if (fread(l->writes[w].data, super.sector_size, e.sectors, f) !=
		    e.sectors) {
			fclose(f);
			return bad(path, n, "the log ends in the middle");
		}
		l->writes[w].completed = l->now++;
	}
	fclose(f);
	return 0;
}

static void put_entry(FILE *f, const struct log_write *w, uint64_t flags)
{
	unsigned char sector[CRASH_SECTOR] = { 0 };
	struct file_entry e = { 0, 0, flags, 0 };

	if (w) {
		e.sector = w->sector;
		e.sectors = w->sectors;
	}
	memcpy(sector, &e, sizeof(e));
	fwrite(sector, sizeof(sector), 1, f);
	if (w)
		fwrite(w->data, CRASH_SECTOR, w->sectors, f);
}

int log_write_file(const struct log *l, const char *path)
{
	unsigned char sector[CRASH_SECTOR] = { 0 };
	struct file_super super = { LOG_MAGIC, LOG_VERSION,
				    l->n_writes + l->n_flushes, CRASH_SECTOR };
	unsigned w = 0, fl = 0;
	FILE *f = fopen(path, "wb");

	if (!f) {
		perror(path);
		return -1;
	}
	memcpy(sector, &super, sizeof(super));
	fwrite(sector, sizeof(sector), 1, f);
	while (w < l->n_writes || fl < l->n_flushes) {
		if (fl == l->n_flushes ||
		    (w < l->n_writes && l->writes[w].submitted <
						l->flushes[fl].submitted)) {
			put_entry(f, &l->writes[w],
				  l->writes[w].fua ? LOG_FUA : 0);
			w++;
		} else {
			put_entry(f, NULL, LOG_FLUSH);
			fl++;
		}
	}
	return fclose(f) ? -1 : 0;
}
