/* Streams whose file is memory: fmemopen and open_memstream. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/stdio.h"

struct memstream {
	char *buf;
	size_t pos, len, cap;
	int own;    /* buf is ours to free */
	char **out; /* open_memstream: tell the program on each write */
	size_t *out_len;
};

static ssize_t mem_read(FILE *f, void *p, size_t n)
{
	struct memstream *m = f->cookie;

	if (m->pos >= m->len)
		return 0;
	if (n > m->len - m->pos)
		n = m->len - m->pos;
	memcpy(p, m->buf + m->pos, n);
	m->pos += n;
	return (ssize_t)n;
}

static ssize_t mem_write(FILE *f, const void *p, size_t n)
{
	struct memstream *m = f->cookie;
	size_t cap;
	char *buf;

	if (f->flags & F_APPEND)
		m->pos = m->len;
	if (m->out && m->pos + n + 1 > m->cap) {
		cap = m->cap * 2 > m->pos + n + 1 ? m->cap * 2 : m->pos + n + 1;
		buf = realloc(m->buf, cap);
		if (!buf)
			return -1;
		memset(buf + m->cap, 0, cap - m->cap);
		m->buf = buf;
		m->cap = cap;
	}
	if (m->pos >= m->cap) {
		errno = ENOSPC;
		return -1;
	}
	if (n > m->cap - m->pos)
		n = m->cap - m->pos;
	memcpy(m->buf + m->pos, p, n);
	m->pos += n;
	if (m->pos > m->len)
		m->len = m->pos;
	/* What is only written always ends: in its last byte if need be. */
	if (m->len < m->cap)
		m->buf[m->len] = 0;
	else if (!m->out && !(f->flags & (F_READ | F_APPEND)))
		m->buf[m->cap - 1] = 0;
	if (m->out) {
		*m->out = m->buf;
		*m->out_len = m->pos;
	}
	return (ssize_t)n;
}

static off_t mem_seek(FILE *f, off_t off, int whence)
{
	struct memstream *m = f->cookie;
	off_t base = 0;

	if (whence == SEEK_CUR)
		base = (off_t)m->pos;
	else if (whence == SEEK_END)
		base = (off_t)m->len;
	if (__builtin_add_overflow(base, off, &off) || off < 0 ||
	    (!m->out && off > (off_t)m->cap)) {
		errno = EINVAL;
		return -1;
	}
	m->pos = (size_t)off;
	/* The program is told where it stands, or the end in front of that. */
	if (m->out)
		*m->out_len = m->pos < m->len ? m->pos : m->len;
	return (off_t)m->pos;
}

static int mem_close(FILE *f)
{
	struct memstream *m = f->cookie;

	if (m->own)
		free(m->buf);
	free(m);
	return 0;
}

static FILE *mem_open(struct memstream *m, int flags)
{
	FILE *f = __stdio_new(-1, flags | F_MODE);

	if (!f)
		return NULL;
	f->read = mem_read;
	f->write = mem_write;
	f->seek = mem_seek;
	f->close = mem_close;
	f->cookie = m;
	return f;
}

FILE *fmemopen(void *restrict buf, size_t size, const char *restrict mode)
{
	int open_flags, flags = __stdio_mode(mode, &open_flags);
	struct memstream *m;
	FILE *f;

	if (flags < 0)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->own = !buf;
	m->buf = buf ? buf : calloc(1, size);
	if (!m->buf)
		goto free_stream;
	m->cap = size;
	if (*mode == 'r')
		m->len = size;
	else if (*mode == 'a')
		m->len = m->pos = strnlen(m->buf, size);
	else if (size)
		m->buf[0] = 0;
	f = mem_open(m, flags);
	if (f)
		return f;
	if (m->own)
		free(m->buf);
free_stream:
	free(m);
	return NULL;
}

FILE *open_memstream(char **buf, size_t *size)
{
	struct memstream *m = calloc(1, sizeof(*m));
	FILE *f;

	if (!m)
		return NULL;
	m->cap = 64;
	m->buf = calloc(1, m->cap);
	if (!m->buf)
		goto free_stream;
	m->out = buf;
	m->out_len = size;
	f = mem_open(m, F_WRITE);
	if (!f)
		goto free_buf;
	*buf = m->buf;
	*size = 0;
	return f;

free_buf:
	free(m->buf);
free_stream:
	free(m);
	return NULL;
}
