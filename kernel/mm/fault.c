/*
 * Page faults: a region says what ought to be at an address, and here it is
 * brought there.
 *
 *	anonymous        a fresh page of zeroes
 *	file, private    the mapping's page, read-only; a copy once written to
 *	file, shared     the mapping's page; writable once the file system has
 *	                 reserved its space and knows it as dirty
 *	the page in which a segment's file part ends: a copy, the rest zeroed
 *
 * The address space is locked for reading, so several threads fault at once,
 * and the page table's lock only covers the look at an entry and its change.
 * Whoever comes second finds the entry filled and throws its page away.
 *
 * An entry that became valid or got more rights is not fenced: a hart that
 * remembers the old one faults here again, and then it fences.
 *
 * Faults take no lock of an inode. That a file was cut short meanwhile shows
 * in its size, which is looked at under the page table's lock: truncation sets
 * the size first and then unmaps under that same lock.
 */
#include "fs/pagecache.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "kernel/bits.h"
#include "kernel/mm/mmhart.h"
#include "kernel/mm/vmspace_impl.h"
#include "kernel/smp.h"
#include "kernel/string.h"

#define AROUND 16 /* cached file pages mapped by one fault, a power of two */

static struct mapping *mapping_of(const struct region *r)
{
	return &r->file->inode->mapping;
}

/* Is this page of the file inside the file? */
static bool inside_file(const struct mapping *m, uint64_t index)
{
	uint64_t size = (uint64_t)READ_ONCE(m->inode->size);

	return index < div_round_up(size, PAGE_SIZE);
}

/* The page is about to be executable at some address of vs. */
static void page_for_exec(struct vmspace *vs, struct page *pg)
{
	bool fresh = !page_test(pg, PG_ICACHE);

	icache_sync(vs, fresh);
	if (fresh)
		page_set_bits(pg, PG_ICACHE);
}

/* A private page becomes writable: what is fetched from it may grow old.
 * Nobody else knows the page, so no atomic operation. */
static inline pte_t writable_anon(struct page *pg, pte_t bits)
{
	if (!(bits & PTE_X))
		pg->bits = 0;
	return bits | PTE_W | PTE_D;
}

/* ---- filling an empty entry ---- */

/*
 * Puts pg (with its reference) at va with these bits, if nothing is there.
 * 0 in any case: the access is tried again.
 */
static int install(struct vmspace *vs, uaddr_t va, struct page *pg, pte_t bits)
{
	pte_t *slot = vmspace_walk_alloc(vs, va);

	if (!slot) {
		page_put(pg);
		return -ENOMEM;
	}
	if (bits & PTE_X)
		page_for_exec(vs, pg);
	spin_lock(&vs->pt_lock);
	if (__builtin_expect(!*slot, 1)) {
		pt_set(va_to_page(slot), slot, pte_for(pg, bits));
		vs->resident++;
		pg = NULL;
	}
	spin_unlock(&vs->pt_lock);
	if (pg)
		page_put(pg);
	return 0;
}

static int fault_anon(struct vmspace *vs, struct region *r, uaddr_t va)
{
	pte_t bits = region_pte_bits(r) | PTE_ANON;
	struct page *pg;

	if (r->flags & VM_STACK && r->end - va > READ_ONCE(vs->stack_max))
		return -EFAULT;
	pg = page_alloc(0, GFP_USER | GFP_ZERO, PAGE_ANON);
	if (!pg)
		return -ENOMEM;
	if (r->flags & VM_WRITE)
		bits |= PTE_W | PTE_D;
	return install(vs, va, pg, bits);
}

/*
 * A private copy of a page of the file: for writing, or because zeroes follow
 * the file's bytes in it.
 */
static int fault_copy(struct vmspace *vs, struct region *r, uaddr_t va,
		      bool writable)
{
	pte_t bits = region_pte_bits(r) | PTE_ANON;
	struct page *from, *pg;
	int err;

	err = pagecache_get(mapping_of(r), region_index(r, va), &from);
	if (err)
		return err;
	pg = page_alloc(0, GFP_USER, PAGE_ANON);
	if (!pg) {
		page_put(from);
		return -ENOMEM;
	}
	page_copy(page_to_va(pg), page_to_va(from));
	page_put(from);
	if (r->file_end - va < PAGE_SIZE) {
		uint64_t keep = r->file_end - va;

		memset((char *)page_to_va(pg) + keep, 0, PAGE_SIZE - keep);
	}
	if (writable)
		bits |= PTE_W | PTE_D;
	return install(vs, va, pg, bits);
}

/*
 * Maps the page at va for reading, and with it those of its neighbours (an
 * aligned group) that are in the cache.
 */
static int fault_read_file(struct vmspace *vs, struct region *r, uaddr_t va)
{
	struct mapping *m = mapping_of(r);
	pte_t bits = region_pte_bits(r);
	uaddr_t low = va & ~(AROUND * PAGE_SIZE - 1);
	uaddr_t high = low + AROUND * PAGE_SIZE;
	uaddr_t file_end = r->file_end & ~PAGE_MASK;
	struct page *pages[AROUND];
	unsigned n, target;
	struct page *table;
	uint64_t index;
	pte_t *slot;
	int err = 0;

	low = MAX(low, r->start);
	high = MIN(high, r->end);
	high = MIN(high, file_end);
	n = (high - low) >> PAGE_SHIFT;
	target = (va - low) >> PAGE_SHIFT;
	index = region_index(r, low);
	if (!pagecache_find_range(m, index, n, pages) || !pages[target]) {
		/* The others, if any, are kept: they need no second look. */
		err = pagecache_get(m, index + target, &pages[target]);
		if (err) {
			pages[target] = NULL;
			goto put;
		}
	}
	slot = vmspace_walk_alloc(vs, low);
	if (!slot) {
		err = -ENOMEM;
		goto put;
	}
	if (bits & PTE_X) {
		bool fresh = false;

		for (unsigned i = 0; i < n; i++)
			if (pages[i] && !page_test(pages[i], PG_ICACHE))
				fresh = true;
		icache_sync(vs, fresh);
		for (unsigned i = 0; fresh && i < n; i++)
			if (pages[i])
				page_set_bits(pages[i], PG_ICACHE);
	}
	table = va_to_page(slot);
	spin_lock(&vs->pt_lock);
	if (!inside_file(m, index + n - 1)) {
		/* Cut off what lies behind the end. */
		for (unsigned i = 0; i < n; i++) {
			if (inside_file(m, index + i) || !pages[i])
				continue;
			page_put(pages[i]);
			pages[i] = NULL;
			if (i == target)
				err = -ENXIO;
		}
	}
	for (unsigned i = 0; i < n; i++, slot++) {
		if (!pages[i] || *slot)
			continue;
		pt_set(table, slot, pte_for(pages[i], bits));
		vs->resident++;
		pages[i] = NULL;
	}
	spin_unlock(&vs->pt_lock);
put:
	for (unsigned i = 0; i < n; i++)
		if (pages[i])
			page_put(pages[i]);
	return err;
}

/*
 * A write to a shared mapping. The page is locked meanwhile, so write-back
 * cannot take W away between the file system's consent and the entry.
 */
static int fault_write_shared(struct vmspace *vs, struct region *r, uaddr_t va)
{
	struct mapping *m = mapping_of(r);
	pte_t bits = region_pte_bits(r) | PTE_W | PTE_D;
	uint64_t index = region_index(r, va);
	struct page *pg;
	pte_t *slot;
	int err;

	err = pagecache_get(m, index, &pg);
	if (err)
		return err;
	slot = vmspace_walk_alloc(vs, va);
	if (!slot) {
		page_put(pg);
		return -ENOMEM;
	}
	page_lock(pg);
	if (pg->mapping != m) {
		/* Gone meanwhile: the next try finds out what there is now. */
		page_unlock(pg);
		page_put(pg);
		return 0;
	}
	if (m->ops->make_writable)
		err = m->ops->make_writable(m, pg);
	if (!err && bits & PTE_X)
		page_for_exec(vs, pg);
	else if (!err)
		page_clear_bits(pg, PG_ICACHE);
	spin_lock(&vs->pt_lock);
	if (!err && !inside_file(m, index))
		err = -ENXIO;
	if (!err && !*slot) {
		pt_set(va_to_page(slot), slot, pte_for(pg, bits));
		vs->resident++;
		page_get(pg);
	} else if (!err && pte_page(*slot) == pg) {
		WRITE_ONCE(*slot, pte_for(pg, bits));
	}
	spin_unlock(&vs->pt_lock);
	page_unlock(pg);
	page_put(pg);
	return err;
}

/* ---- an entry that is there, but does not do ---- */

/* A write to a page that others may share: a copy, unless nobody does. */
static int fault_write_private(struct vmspace *vs, struct region *r, uaddr_t va,
			       pte_t *slot, bool force)
{
	pte_t bits = region_pte_bits(r) | PTE_ANON, pte;
	struct page *old, *pg;
	bool valid;

	spin_lock(&vs->pt_lock);
	pte = *slot;
	if (!pte || (pte & PTE_V && pte & PTE_W)) {
		spin_unlock(&vs->pt_lock);
		return 0; /* somebody was quicker */
	}
	old = pte_page(pte);
	if (pte & PTE_ANON &&
	    __atomic_load_n(&old->refs, __ATOMIC_ACQUIRE) == 1) {
		if (!force)
			bits = writable_anon(old, bits);
		WRITE_ONCE(*slot, pte_for(old, bits));
		spin_unlock(&vs->pt_lock);
		return 0;
	}
	/* The entry, and with it the page, may go once the lock does. */
	page_get(old);
	spin_unlock(&vs->pt_lock);

	pg = page_alloc(0, GFP_USER, PAGE_ANON);
	if (!pg) {
		page_put(old);
		return -ENOMEM;
	}
	page_copy(page_to_va(pg), page_to_va(old));
	if (!force)
		bits |= PTE_W | PTE_D;
	if (bits & PTE_X)
		page_for_exec(vs, pg);
	spin_lock(&vs->pt_lock);
	valid = *slot == pte;
	if (valid)
		WRITE_ONCE(*slot, pte_for(pg, bits));
	spin_unlock(&vs->pt_lock);
	if (valid) {
		/* Another frame: the old one must be forgotten first. */
		if (pte & PTE_V)
			tlb_shoot(vs, va, va + PAGE_SIZE, false);
		page_put(old); /* the entry's */
	} else {
		page_put(pg);
	}
	page_put(old); /* ours */
	return 0;
}

/* The region allows more than the entry does, other than writing. */
static int fault_add_rights(struct vmspace *vs, struct region *r, uaddr_t va,
			    pte_t *slot)
{
	pte_t bits = region_pte_bits(r), pte;
	struct page *pg;

	spin_lock(&vs->pt_lock);
	pte = *slot;
	if (!pte) {
		spin_unlock(&vs->pt_lock);
		return 0;
	}
	pg = pte_page(pte);
	page_get(pg);
	spin_unlock(&vs->pt_lock);
	if (bits & PTE_X && !(pte & PTE_X))
		page_for_exec(vs, pg);
	spin_lock(&vs->pt_lock);
	if (*slot == pte)
		WRITE_ONCE(*slot, pte | bits);
	spin_unlock(&vs->pt_lock);
	page_put(pg);
	return 0;
}

/* ---- the way in ---- */

int vmspace_fault_locked(struct vmspace *vs, uaddr_t va, unsigned access,
			 bool force, int *code)
{
	struct region *r = READ_ONCE(vs->last_hit);
	unsigned allowed;
	pte_t *slot, pte;

	va &= ~PAGE_MASK;
	if (!r || va < r->start || va >= r->end) {
		r = region_find(vs, va);
		if (!r || va < r->start) {
			*code = SEGV_MAPERR;
			return -EFAULT;
		}
		WRITE_ONCE(vs->last_hit, r);
	}
	/* What may be written may be read: no entry says otherwise. */
	allowed = r->flags;
	if (allowed & VM_WRITE)
		allowed |= VM_READ;
	if (!(allowed & access) && (!force || r->flags & VM_SHARED)) {
		*code = SEGV_ACCERR;
		return -EFAULT;
	}

	slot = pt_walk(vs->root, va);
	pte = slot ? READ_ONCE(*slot) : 0;
	if (pte) {
		pte_t need = access == VM_WRITE  ? PTE_W
			     : access == VM_EXEC ? PTE_X
						 : PTE_R;

		if (pte & PTE_V && pte & need) {
			tlb_flush_local_page(va);
			return 0;
		}
		if (access != VM_WRITE)
			return fault_add_rights(vs, r, va, slot);
		if (r->flags & VM_SHARED && r->file)
			return fault_write_shared(vs, r, va);
		return fault_write_private(vs, r, va, slot, force);
	}
	if (!r->file || va >= r->file_end)
		return fault_anon(vs, r, va);
	if (access == VM_WRITE && r->flags & VM_SHARED)
		return fault_write_shared(vs, r, va);
	if (access == VM_WRITE || r->file_end - va < PAGE_SIZE)
		return fault_copy(vs, r, va, !!(r->flags & VM_WRITE));
	return fault_read_file(vs, r, va);
}

int vmspace_fault(struct vmspace *vs, uaddr_t va, unsigned access, int *code)
{
	int err;

	*code = SEGV_MAPERR;
	if (va >= USER_TOP)
		return -EFAULT;
	for (unsigned tries = 0;; tries++) {
		rwsem_read_lock(&vs->lock);
		err = vmspace_fault_locked(vs, va, access, false, code);
		rwsem_read_unlock(&vs->lock);
		/* Tables and the cache may not have somebody killed for what
		 * they want; here nothing is held, and it is a program. */
		if (err != -ENOMEM || !page_make_room(tries))
			break;
	}
	/* What a file system may say else (no space, read-only) is a bus error
	 * to the program. */
	if (err && err != -EFAULT && err != -ENOMEM && err != -EINTR)
		err = -ENXIO;
#if CONFIG_DEBUG
	/* The copy that faulted goes on, perhaps on another hart by now. */
	csr_set(sstatus, SSTATUS_SUM);
#endif
	return err;
}

/* ---- without a fault ---- */

void vmspace_shared_place(struct vmspace *vs, uaddr_t addr,
			  const void **object, uint64_t *offset)
{
	struct region *r;

	rwsem_read_lock(&vs->lock);
	r = region_find(vs, addr);
	if (r && addr >= r->start && r->flags & VM_SHARED && r->file) {
		*object = mapping_of(r);
		*offset = (r->pgoff << PAGE_SHIFT) + (addr - r->start);
	}
	rwsem_read_unlock(&vs->lock);
}

/*
 * Writes n bytes (src NULL: zeroes) at va, inside one page, if that is writable
 * or this space's alone; else false: a fault has to make it so. Under the lock,
 * so that neither write-back nor a fork takes the page away meanwhile.
 */
static bool write_page(struct vmspace *vs, uaddr_t va, const void *src,
		       size_t n)
{
	struct page *pg = NULL;
	pte_t *slot, pte;
	char *to;

	spin_lock(&vs->pt_lock);
	slot = pt_walk(vs->root, va);
	pte = slot ? *slot : 0;
	if (pte & (PTE_ANON | PTE_W)) {
		pg = pte_page(pte);
		if (pte & PTE_ANON &&
		    __atomic_load_n(&pg->refs, __ATOMIC_ACQUIRE) != 1)
			pg = NULL;
	}
	if (pg) {
		to = (char *)page_to_va(pg) + (va & PAGE_MASK);
		if (src)
			memcpy(to, src, n);
		else
			memset(to, 0, n);
		if (page_test(pg, PG_ICACHE))
			page_clear_bits(pg, PG_ICACHE);
	}
	spin_unlock(&vs->pt_lock);
	return pg != NULL;
}

__attribute__((cold))
int vmspace_write(struct vmspace *vs, uaddr_t dst, const void *src, size_t n)
{
	int err = 0, code;

	if (dst > USER_TOP || n > USER_TOP - dst)
		return -EFAULT;
	rwsem_read_lock(&vs->lock);
	while (n && !err) {
		size_t chunk = MIN(n, PAGE_SIZE - (dst & PAGE_MASK));

		if (!write_page(vs, dst, src, chunk)) {
			err = vmspace_fault_locked(vs, dst, VM_WRITE, true,
						   &code);
			continue;
		}
		if (src)
			src = (const char *)src + chunk;
		dst += chunk;
		n -= chunk;
	}
	rwsem_read_unlock(&vs->lock);
	return err;
}

__attribute__((cold))
void vmspace_populate(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	uaddr_t va = start & ~PAGE_MASK;

	for (; va < start + len; va += PAGE_SIZE) {
		struct region *r;
		unsigned access = 0;
		int err = 0, code;

		rwsem_read_lock(&vs->lock);
		r = region_find(vs, va);
		if (r && va >= r->start) {
			pte_t *slot = pt_walk(vs->root, va);

			if (!slot || !*slot)
				access = r->flags & VM_WRITE ? VM_WRITE
							     : VM_READ;
			if (access && !(r->flags & (VM_READ | VM_WRITE)))
				access = 0;
			if (access)
				err = vmspace_fault_locked(vs, va, access,
							   false, &code);
		} else {
			err = -EFAULT;
		}
		rwsem_read_unlock(&vs->lock);
		if (err)
			return;
	}
}

__attribute__((cold))
size_t vmspace_read(struct vmspace *vs, void *dst, uaddr_t src, size_t n)
{
	size_t done = 0;

	if (src > USER_TOP || n > USER_TOP - src)
		return 0;
	/* Tables leave the tree under pt_lock. The space's lock is not waited
	 * for: a fork may have it for long, and ps reads hundreds of these. */
	while (done < n) {
		size_t off = (src + done) & PAGE_MASK;
		size_t chunk = MIN(n - done, PAGE_SIZE - off);
		struct page *pg = NULL;
		pte_t *slot, pte;

		spin_lock(&vs->pt_lock);
		slot = pt_walk(vs->root, src + done);
		pte = slot ? *slot : 0;
		if (pte) {
			pg = pte_page(pte);
			page_get(pg);
		}
		spin_unlock(&vs->pt_lock);
		if (!pg)
			break;
		memcpy((char *)dst + done, (char *)page_to_va(pg) + off, chunk);
		page_put(pg);
		done += chunk;
	}
	return done;
}
