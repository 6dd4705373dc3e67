/*
 * System calls on the caller's memory: check the arguments as Linux does, then
 * one call into mm/.
 */
#include "fs/fdtable.h"
#include "fs/namei.h"
#include "fs/vfs.h"
#include "kernel/abi/mman.h"
#include "kernel/abi/mount.h"
#include "kernel/bits.h"
#include "kernel/mm/shm.h"
#include "kernel/mm/vmspace.h"
#include "kernel/proc.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"

#define DEV_ZERO   ABI_DEV(1, 5)
#define PROT_KNOWN (PROT_READ | PROT_WRITE | PROT_EXEC)

static struct vmspace *my_space(void)
{
	return current_thread()->vmspace;
}

static unsigned prot_to_vm(int prot)
{
	return (prot & PROT_READ ? VM_READ : 0) |
	       (prot & PROT_WRITE ? VM_WRITE : 0) |
	       (prot & PROT_EXEC ? VM_EXEC : 0);
}

/* What RLIMIT_DATA counts: what is private and may be written, but no stack. */
#define VM_DATA (VM_WRITE | VM_SHARED | VM_STACK)

static bool is_data(unsigned vm)
{
	return (vm & VM_DATA) == VM_WRITE;
}

static void count_data(void *arg, const struct region *r)
{
	uint64_t *bytes = arg;

	if (is_data(r->flags))
		*bytes += r->end - r->start;
}

/* Would `more` bytes of data be more than RLIMIT_DATA allows? */
static bool too_much_data(uint64_t more)
{
	uint64_t limit = current_proc()->rlimits[RLIMIT_DATA].rlim_cur;
	uint64_t have = 0;

	if (limit == RLIM_INFINITY)
		return false;
	vmspace_walk(my_space(), count_data, &have);
	return more > limit || have > limit - more;
}

/* Would `more` bytes exceed the caller's limit on its address space, or (if
 * they must be there once used) be more than the machine can ever have? */
static bool too_much(uint64_t more, bool backed)
{
	uint64_t limit = current_proc()->rlimits[RLIMIT_AS].rlim_cur;
	uint64_t ram = 0;

	if (limit != RLIM_INFINITY &&
	    (more > limit || vmspace_size(my_space()) > limit - more))
		return true;
	if (!backed || more < 16ull << 20)
		return false;
	for (unsigned i = 0; i < page_n_banks; i++)
		ram += page_banks[i].size;
	return more > ram;
}

SYSCALL1(brk, uaddr_t, end)
{
	struct vmspace *vs = my_space();
	uaddr_t now = READ_ONCE(vs->brk);

	if (end > now &&
	    (too_much(end - now, true) || too_much_data(end - now)))
		return (long)now;
	return (long)vmspace_brk(vs, end);
}

/* What may be mapped of this file, and how; may turn it into anonymous memory
 * (*file NULL). */
static int check_file(struct file **file, unsigned vm)
{
	struct file *f = *file;
	struct mapping *m = &f->inode->mapping;
	int err;

	if (!f->readable)
		return -EACCES;
	if (vm & VM_SHARED && vm & VM_WRITE && !f->writable)
		return -EACCES;
	if (vm & VM_EXEC && f->mnt && f->mnt->flags & MS_NOEXEC)
		return -EPERM;
	if (S_ISCHR(f->inode->mode) && f->inode->rdev == DEV_ZERO) {
		*file = NULL; /* a way to say anonymous */
		return 0;
	}
	if (!f->ops->mmap)
		return -ENODEV;
	err = f->ops->mmap(f, vm);
	if (err)
		return err;
	if (!m->ops)
		return -ENODEV;
	if (vm & VM_SHARED && f->writable && !m->ops->make_writable)
		return -ENODEV;
	return 0;
}

static long map_file(struct vmspace *vs, uaddr_t addr, uint64_t len,
		     unsigned vm, bool fixed, struct file *f, off_t off)
{
	struct file *shm = NULL;
	uaddr_t at;
	int err = 0;

	if (f)
		err = check_file(&f, vm);
	if (!err && !f && vm & VM_SHARED)
		err = shm_file_create(len, &shm);
	if (err)
		return err;
	err = vmspace_map(vs, addr, len, vm, fixed, shm ? shm : f,
			  shm ? 0 : (uint64_t)off >> PAGE_SHIFT, 0, &at);
	if (shm)
		file_put(shm);
	return err ? err : (long)at;
}

SYSCALL6(mmap, uaddr_t, addr, uint64_t, len, int, prot, int, flags, int, fd,
	 off_t, off)
{
	struct vmspace *vs = my_space();
	struct fdref r = { NULL, false };
	unsigned vm = prot_to_vm(prot);
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	long ret;

	if (off & (off_t)PAGE_MASK || off < 0)
		return -EINVAL;
	switch (flags & MAP_TYPE) {
	case MAP_PRIVATE:
		break;
	case MAP_SHARED:
	case MAP_SHARED_VALIDATE:
		vm |= VM_SHARED;
		break;
	default:
		return -EINVAL;
	}
	if (!(flags & MAP_ANONYMOUS)) {
		r = fd_ref(fd);
		if (!r.file)
			return -EBADF;
	}
	ret = -EINVAL;
	if (!len || flags & MAP_HUGETLB)
		goto out;
	ret = -ENOMEM;
	if (len > USER_TOP)
		goto out;
	len = round_up(len, PAGE_SIZE);
	ret = -EOVERFLOW;
	if (r.file && (uint64_t)off + len > INT64_MAX)
		goto out;
	ret = -EINVAL;
	if (fixed && addr & PAGE_MASK)
		goto out;
	addr = round_down(addr, PAGE_SIZE);
	if (flags & MAP_FIXED_NOREPLACE)
		vm |= VM_NOREPLACE;
	ret = -ENOMEM;
	if (too_much(len, (vm & VM_WRITE) && !(flags & MAP_NORESERVE) &&
				  (!r.file || !(vm & VM_SHARED))) ||
	    (is_data(vm) && too_much_data(len)))
		goto out;
	ret = map_file(vs, addr, len, vm, fixed, r.file, off);
	if (ret > 0 && flags & (MAP_POPULATE | MAP_LOCKED))
		vmspace_populate(vs, (uaddr_t)ret, len);
out:
	fd_unref(r);
	return ret;
}

SYSCALL2(munmap, uaddr_t, addr, uint64_t, len)
{
	return vmspace_unmap(my_space(), addr, len);
}

struct range {
	uaddr_t start, end;
	uint64_t bytes;
};

static void count_fresh(void *arg, const struct region *r)
{
	uaddr_t from, to;
	struct range *a = arg;

	from = r->start > a->start ? r->start : a->start;
	to = r->end < a->end ? r->end : a->end;
	if (from < to && is_data(r->flags | VM_WRITE) && !is_data(r->flags))
		a->bytes += to - from;
}

/* How much of the range would become data if it could be written. */
static uint64_t fresh_data(uaddr_t addr, uint64_t len)
{
	struct range a = { addr, addr + len, 0 };

	if (current_proc()->rlimits[RLIMIT_DATA].rlim_cur != RLIM_INFINITY)
		vmspace_walk(my_space(), count_fresh, &a);
	return a.bytes;
}

SYSCALL3(mprotect, uaddr_t, addr, uint64_t, len, int, prot)
{
	if (prot & ~PROT_KNOWN)
		return -EINVAL;
	if (prot & PROT_WRITE && too_much_data(fresh_data(addr, len)))
		return -ENOMEM;
	return vmspace_protect(my_space(), addr, len, prot_to_vm(prot));
}

SYSCALL3(msync, uaddr_t, addr, uint64_t, len, int, flags)
{
	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	return vmspace_sync(my_space(), addr, len, flags & MS_SYNC);
}

SYSCALL3(madvise, uaddr_t, addr, uint64_t, len, int, advice)
{
	struct vmspace *vs = my_space();

	if (addr & PAGE_MASK)
		return -EINVAL;
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
		return len ? vmspace_discard(vs, addr, len) : 0;
	case MADV_WILLNEED:
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_DOFORK:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_KEEPONFORK:
		/* Nothing is done differently for any of these. */
		if (len &&
		    !vmspace_range_mapped(vs, addr, round_up(len, PAGE_SIZE)))
			return -ENOMEM;
		return 0;
	default:
		return -EINVAL;
	}
}

SYSCALL5(mremap, uaddr_t, old, uint64_t, old_len, uint64_t, new_len, int, flags,
	 uaddr_t, new_addr)
{
	uaddr_t at;
	int err;

	if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED))
		return -EINVAL;
	if (new_len > old_len && new_len <= USER_TOP &&
	    (too_much(new_len - old_len, true) ||
	     too_much_data(new_len - old_len)))
		return -ENOMEM;
	err = vmspace_remap(my_space(), old, old_len, new_len, (unsigned)flags,
			    new_addr, &at);
	return err ? err : (long)at;
}

#define FLUSH_ICACHE_LOCAL 1ul /* only the calling thread wants it */

SYSCALL3(riscv_flush_icache, uaddr_t, start, uaddr_t, end, uint64_t, flags)
{
	if (flags & ~FLUSH_ICACHE_LOCAL)
		return -EINVAL;
	/* A thread may move between harts, so there is no local way. */
	vmspace_flush_icache(my_space());
	return 0;
}
