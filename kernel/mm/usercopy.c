/*
 * The checks around the copy routines: the range lies in user space, the
 * thread may or may not fault, and in the debug build user memory is out of
 * reach (SUM clear) everywhere else, so that a stray pointer shows.
 */
#include "kernel/mm/usercopy.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "kernel/memlayout.h"
#include "kernel/mm/vmspace.h"
#include "kernel/riscv.h"
#include "kernel/thread.h"

/* usercopy.S */
size_t usercopy_from(void *dst, uaddr_t src, size_t n);
size_t usercopy_to(uaddr_t dst, const void *src, size_t n);
size_t usercopy_clear(uaddr_t dst, size_t n);
long usercopy_string(char *dst, uaddr_t src, size_t n);
int usercopy_probe_read(uaddr_t p);
int usercopy_probe_write(uaddr_t p);
int usercopy_cmpxchg(uaddr_t p, uint32_t expect, uint32_t desired,
		     uint32_t *old);
int usercopy_fp_save(uaddr_t p);
int usercopy_fp_restore(uaddr_t p);

/* Each as far as it lies from its own place. */
struct fixup {
	int32_t insn, to;
};
extern const struct fixup __ex_table_start[], __ex_table_end[];

static uint64_t target(const int32_t *offset)
{
	return (uint64_t)offset + (uint64_t)*offset;
}

static inline void user_access_begin(void)
{
#if CONFIG_DEBUG
	csr_set(sstatus, SSTATUS_SUM);
#endif
}

static inline void user_access_end(void)
{
#if CONFIG_DEBUG
	csr_clear(sstatus, SSTATUS_SUM);
#endif
}

bool user_range_ok(uaddr_t p, size_t n)
{
	return p <= USER_TOP && n <= USER_TOP - p;
}

int copy_from_user(void *dst, uaddr_t src, size_t n)
{
	size_t left;

	if (!user_range_ok(src, n))
		return -EFAULT;
	user_access_begin();
	left = usercopy_from(dst, src, n);
	user_access_end();
	return left ? -EFAULT : 0;
}

int copy_to_user(uaddr_t dst, const void *src, size_t n)
{
	size_t left;

	if (!user_range_ok(dst, n))
		return -EFAULT;
	user_access_begin();
	left = usercopy_to(dst, src, n);
	user_access_end();
	return left ? -EFAULT : 0;
}

int clear_user(uaddr_t dst, size_t n)
{
	size_t left;

	if (!user_range_ok(dst, n))
		return -EFAULT;
	user_access_begin();
	left = usercopy_clear(dst, n);
	user_access_end();
	return left ? -EFAULT : 0;
}

long strncpy_from_user(char *dst, uaddr_t src, size_t n)
{
	size_t room = n;
	long len;

	if (src >= USER_TOP)
		return -EFAULT;
	if (room > USER_TOP - src)
		room = USER_TOP - src;
	user_access_begin();
	len = usercopy_string(dst, src, room);
	user_access_end();
	if (len < 0 || (size_t)len < room)
		return len;
	/* No NUL: too long, or user space ends first. */
	return room < n ? -EFAULT : -ENAMETOOLONG;
}

size_t copy_from_user_nofault(void *dst, uaddr_t src, size_t n)
{
	struct thread *t = current_thread();
	size_t left;

	if (!user_range_ok(src, n))
		return n;
	t->nofault++;
	user_access_begin();
	left = usercopy_from(dst, src, n);
	user_access_end();
	t->nofault--;
	return left;
}

size_t copy_to_user_nofault(uaddr_t dst, const void *src, size_t n)
{
	struct thread *t = current_thread();
	size_t left;

	if (!user_range_ok(dst, n))
		return n;
	t->nofault++;
	user_access_begin();
	left = usercopy_to(dst, src, n);
	user_access_end();
	t->nofault--;
	return left;
}

int fault_in_user(uaddr_t p, size_t n, bool write)
{
	uaddr_t at = p, end = p + n;
	int err = 0;

	if (!n)
		return 0;
	if (!user_range_ok(p, n)) {
		if (p >= USER_TOP)
			return -EFAULT;
		end = USER_TOP;
	}
	while (at < end) {
		user_access_begin();
		err = write ? usercopy_probe_write(at & ~3ull)
			    : usercopy_probe_read(at);
		user_access_end();
		if (err)
			break;
		at = (at & ~PAGE_MASK) + PAGE_SIZE;
	}
	return at == p ? err : 0;
}

int cmpxchg_user_u32(uaddr_t p, uint32_t expect, uint32_t desired,
		     uint32_t *old)
{
	int err;

	if (!user_range_ok(p, sizeof(*old)) || p & 3)
		return -EFAULT;
	user_access_begin();
	err = usercopy_cmpxchg(p, expect, desired, old);
	user_access_end();
	return err;
}

int fp_save_to_user(uaddr_t p)
{
	int err;

	if (!user_range_ok(p, sizeof(struct sigcontext_q)) || p & 7)
		return -EFAULT;
	user_access_begin();
	err = usercopy_fp_save(p);
	user_access_end();
	return err;
}

int fp_restore_from_user(uaddr_t p)
{
	int err;

	if (!user_range_ok(p, sizeof(struct sigcontext_q)) || p & 7)
		return -EFAULT;
	user_access_begin();
	err = usercopy_fp_restore(p);
	user_access_end();
	return err;
}

uint64_t usercopy_fixup(uint64_t pc)
{
	const struct fixup *low = __ex_table_start, *high = __ex_table_end;

	/* The linker keeps the order of the code. */
	while (low < high) {
		const struct fixup *mid = low + (high - low) / 2;
		uint64_t insn = target(&mid->insn);

		if (insn == pc)
			return target(&mid->to);
		if (insn < pc)
			low = mid + 1;
		else
			high = mid;
	}
	/* Unless somebody's entries stand in another section's code. */
	for (low = __ex_table_start; low < __ex_table_end; low++)
		if (target(&low->insn) == pc)
			return target(&low->to);
	return 0;
}
