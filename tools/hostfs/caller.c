/*
 * What the shim says about the caller of fs/ (who it is, its memory, its
 * limits), and messages.
 */
#define _GNU_SOURCE
#include "internal.h"

#include "fs/pagecache.h"

#include <stdio.h>
#include <string.h>

/* ---- the caller ---- */
static struct cred cred;
static unsigned fd_limit = 1024;
static struct fs_context *caller_fs;
static struct fdtable *caller_files;
static uint64_t file_size_limit = UINT64_MAX;
static uint64_t sent_signals;

const struct cred *host_cred(void)
{
	return &cred;
}

struct cred *host_cred_edit(void)
{
	return &cred;
}

int host_pid(void)
{
	return 1;
}

uint64_t host_file_size_limit(void)
{
	return file_size_limit;
}

void host_set_file_size_limit(uint64_t n)
{
	file_size_limit = n;
}

unsigned host_fd_limit(void)
{
	return fd_limit;
}

void host_set_fd_limit(unsigned n)
{
	fd_limit = n;
}

struct fs_context *host_fs(void)
{
	return caller_fs;
}

struct fdtable *host_files(void)
{
	return caller_files;
}

void host_set_process(struct fs_context *fs, struct fdtable *files)
{
	caller_fs = fs;
	caller_files = files;
}

void host_send_signal(int sig)
{
	sent_signals |= 1ull << sig;
}

uint64_t host_take_sent_signals(void)
{
	uint64_t s = sent_signals;

	sent_signals = 0;
	return s;
}

/* ---- data of the caller ---- */
static uint64_t bad_from, bad_to, absent_from, absent_to;

void host_set_bad_range(uint64_t from, uint64_t to)
{
	bad_from = from;
	bad_to = to;
}

void host_set_absent_range(uint64_t from, uint64_t to)
{
	absent_from = from;
	absent_to = to;
}

/* How many of n bytes at p come before [from, to). */
static size_t before(uint64_t p, size_t n, uint64_t from, uint64_t to)
{
	if (p >= to || p + n <= from)
		return n;
	return p >= from ? 0 : from - p;
}

static size_t reachable(const struct uio *u, uint64_t p, size_t n, bool fault)
{
	if (u->kernel)
		return n;
	if (p < PAGE_SIZE)
		return 0;
	n = before(p, n, bad_from, bad_to);
	return fault ? n : before(p, n, absent_from, absent_to);
}

void uio_init_kernel(struct uio *u, struct iovec *iov, void *buf, size_t n)
{
	iov->iov_base = buf;
	iov->iov_len = n;
	memset(u, 0, sizeof(*u));
	u->iov = iov;
	u->iovcnt = 1;
	u->resid = n;
	u->kernel = true;
}

static void skip_empty(struct uio *u)
{
	while (u->cur < u->iovcnt && u->off == u->iov[u->cur].iov_len) {
		u->cur++;
		u->off = 0;
	}
}

static size_t copy(struct uio *u, char *buf, size_t n, bool to, bool fault)
{
	size_t done = 0;

	if (fault && !u->kernel)
		assert_may_sleep();
	n = MIN(n, u->resid);
	while (done < n) {
		const struct iovec *v;
		size_t part, ok;
		char *p;

		skip_empty(u);
		if (u->cur == u->iovcnt)
			break;
		v = &u->iov[u->cur];
		p = (char *)v->iov_base + u->off;
		part = MIN(n - done, v->iov_len - u->off);
		ok = reachable(u, (uintptr_t)p, part, fault);
		if (to)
			memcpy(p, buf + done, ok);
		else
			memcpy(buf + done, p, ok);
		done += ok;
		u->off += ok;
		u->resid -= ok;
		if (ok < part)
			break;
	}
	skip_empty(u);
	return done;
}

size_t uio_copy_to(struct uio *u, const void *src, size_t n)
{
	return copy(u, (char *)(uintptr_t)src, n, true, true);
}

size_t uio_copy_from(struct uio *u, void *dst, size_t n)
{
	return copy(u, dst, n, false, true);
}

size_t uio_copy_to_nofault(struct uio *u, const void *src, size_t n)
{
	return copy(u, (char *)(uintptr_t)src, n, true, false);
}

size_t uio_copy_from_nofault(struct uio *u, void *dst, size_t n)
{
	return copy(u, dst, n, false, false);
}

int uio_fault_in(struct uio *u, size_t n, bool to_user)
{
	uint64_t p;

	assert_may_sleep();
	skip_empty(u);
	if (u->cur == u->iovcnt)
		return 0;
	p = (uintptr_t)u->iov[u->cur].iov_base + u->off;
	if (!reachable(u, p, 1, true))
		return -EFAULT;
	/* One page comes in. */
	if (p >= absent_from && p < absent_to)
		absent_from =
			MIN(absent_to, round_down(p, PAGE_SIZE) + PAGE_SIZE);
	return 0;
}

void uio_advance(struct uio *u, size_t n)
{
	n = MIN(n, u->resid);
	u->resid -= n;
	while (n) {
		size_t part;

		skip_empty(u);
		part = MIN(n, u->iov[u->cur].iov_len - u->off);
		u->off += part;
		n -= part;
	}
	skip_empty(u);
}

int host_copy_to_user(uint64_t to, const void *from, size_t n)
{
	struct iovec v = { (void *)(uintptr_t)to, n };
	struct uio u = { .iov = &v, .iovcnt = 1, .resid = n };

	return uio_copy_to(&u, from, n) == n ? 0 : -EFAULT;
}

/* ---- printing ---- */
static char log_ring[1 << 16];
static size_t log_len;
static int log_level = HOST_LOG_WARN;

void host_printk(int level, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	n = strlen(line);
	if (!n || line[n - 1] != '\n')
		strcpy(line + n, "\n");
	if (level <= log_level)
		fprintf(stderr, "<%d>%s", level, line);
	n = strlen(line);
	if (log_len + n >= sizeof(log_ring)) {
		size_t cut = sizeof(log_ring) / 2;

		if (cut > log_len)
			cut = log_len;
		memmove(log_ring, log_ring + cut, log_len - cut);
		log_len -= cut;
	}
	memcpy(log_ring + log_len, line, n + 1);
	log_len += n;
}

void host_set_log_level(int level)
{
	log_level = level;
}

bool host_log_has(const char *s)
{
	return strstr(log_ring, s);
}

void host_log_clear(void)
{
	log_len = 0;
	log_ring[0] = 0;
}

void panic(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	host_die("panic: %s", line);
}

/* ---- the rest ---- */
/* Nobody maps files here; a test may put its own in its place. */
__attribute__((weak)) void host_unmap_range(struct mapping *m, uint64_t first,
					    uint64_t last,
					    bool write_protect_only)
{
}

/* The tables that every machine can use are what is tested here; who tests
 * something else may have a quicker one. */
__attribute__((weak)) const struct host_clmul *host_clmul(void)
{
	return NULL;
}

void host_random(void *buf, size_t n)
{
	static uint64_t x = 0x9e3779b97f4a7c15ull;
	unsigned char *p = buf;

	while (n--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		*p++ = (unsigned char)(x >> 24);
	}
}
