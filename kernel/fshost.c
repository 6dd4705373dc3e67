/*
 * The kernel's side of fs/host.h, as far as it is about the caller's memory
 * and the machine. What is about the calling process (rights, descriptors,
 * signals) is in kernel/proc.c.
 *
 * A copy goes over the elements of a vector of buffers. Most have one element
 * and the whole copy lies in it, so that case comes first.
 */
#include "fs/host.h"

#include "kernel/cpu.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"

void uio_init_kernel(struct uio *u, struct iovec *iov, void *buf, size_t n)
{
	iov->iov_base = buf;
	iov->iov_len = n;
	u->iov = iov;
	u->iovcnt = 1;
	u->cur = 0;
	u->off = 0;
	u->resid = n;
	u->kernel = true;
}

/* The next piece: steps over elements that are used up. */
static inline char *uio_piece(struct uio *u, size_t n, size_t *len)
{
	const struct iovec *v = &u->iov[u->cur];

	while (u->off == v->iov_len) {
		u->cur++;
		u->off = 0;
		v++;
	}
	*len = MIN(n, v->iov_len - u->off);
	return (char *)v->iov_base + u->off;
}

static inline void uio_used(struct uio *u, size_t n)
{
	u->off += n;
	u->resid -= n;
}

void uio_advance(struct uio *u, size_t n)
{
	size_t len;

	n = MIN(n, u->resid);
	while (n) {
		uio_piece(u, n, &len);
		uio_used(u, len);
		n -= len;
	}
}

size_t uio_copy_to_nofault(struct uio *u, const void *src, size_t n)
{
	size_t done = 0, len, left = 0;

	n = MIN(n, u->resid);
	while (done < n && !left) {
		char *p = uio_piece(u, n - done, &len);

		if (u->kernel)
			memcpy(p, (const char *)src + done, len);
		else
			left = copy_to_user_nofault(
				(uaddr_t)p, (const char *)src + done, len);
		uio_used(u, len - left);
		done += len - left;
	}
	return done;
}

size_t uio_copy_from_nofault(struct uio *u, void *dst, size_t n)
{
	size_t done = 0, len, left = 0;

	n = MIN(n, u->resid);
	while (done < n && !left) {
		char *p = uio_piece(u, n - done, &len);

		if (u->kernel)
			memcpy((char *)dst + done, p, len);
		else
			left = copy_from_user_nofault((char *)dst + done,
						      (uaddr_t)p, len);
		uio_used(u, len - left);
		done += len - left;
	}
	return done;
}

int uio_fault_in(struct uio *u, size_t n, bool to_user)
{
	size_t len;
	char *p;

	if (u->kernel || !u->resid)
		return 0;
	p = uio_piece(u, MIN(n, u->resid), &len);
	return fault_in_user((uaddr_t)p, len, to_user);
}

/*
 * With faults allowed: as far as it goes without one, which also tells how
 * far it went; then the missing page is faulted in. A page may be taken away
 * again at once (memory is short, another thread unmaps it), so no progress
 * many times over counts as a bad address.
 */
#define COPY_TRIES 16

static size_t copy_to_slow(struct uio *u, const void *src, size_t n)
{
	size_t done = 0, c;
	unsigned tries = 0;

	n = MIN(n, u->resid);
	for (;;) {
		c = uio_copy_to_nofault(u, (const char *)src + done, n - done);
		done += c;
		if (done == n)
			return done;
		tries = c ? 0 : tries + 1;
		if (tries > COPY_TRIES || uio_fault_in(u, n - done, true))
			return done;
	}
}

static size_t copy_from_slow(struct uio *u, void *dst, size_t n)
{
	size_t done = 0, c;
	unsigned tries = 0;

	n = MIN(n, u->resid);
	for (;;) {
		c = uio_copy_from_nofault(u, (char *)dst + done, n - done);
		done += c;
		if (done == n)
			return done;
		tries = c ? 0 : tries + 1;
		if (tries > COPY_TRIES || uio_fault_in(u, n - done, false))
			return done;
	}
}

/* Is the whole copy inside one buffer of the caller? */
static inline bool uio_simple(const struct uio *u, size_t n)
{
	return !u->kernel && n <= u->resid &&
	       n <= u->iov[u->cur].iov_len - u->off;
}

static inline uaddr_t uio_at(const struct uio *u)
{
	return (uaddr_t)u->iov[u->cur].iov_base + u->off;
}

size_t uio_copy_to(struct uio *u, const void *src, size_t n)
{
	/* What a failed attempt copied is copied once more. */
	if (!uio_simple(u, n) || copy_to_user_nofault(uio_at(u), src, n))
		return copy_to_slow(u, src, n);
	uio_used(u, n);
	return n;
}

size_t uio_copy_from(struct uio *u, void *dst, size_t n)
{
	if (!uio_simple(u, n) || copy_from_user_nofault(dst, uio_at(u), n))
		return copy_from_slow(u, dst, n);
	uio_used(u, n);
	return n;
}

int host_copy_to_user(uint64_t to, const void *from, size_t n)
{
	return copy_to_user(to, from, n);
}

void host_unmap_range(struct mapping *m, uint64_t first, uint64_t last,
		      bool write_protect_only)
{
	vm_unmap_mapping(m, first, last, write_protect_only);
}

uint64_t clmul_multiply(uint64_t a, uint64_t b); /* clmul.S */
uint32_t clmul_crc32c(uint32_t crc, const void *p, size_t n);

const struct host_clmul *host_clmul(void)
{
	static const struct host_clmul zbc = { clmul_multiply, clmul_crc32c };

	return cpu_has.zbc ? &zbc : NULL;
}

uint64_t host_total_pages(void)
{
	struct page_counts c;

	page_count(&c);
	return c.total;
}
