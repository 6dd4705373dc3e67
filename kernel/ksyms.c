/*
 * The table of function names.
 *
 *	struct ksyms_head
 *	uint32_t offset[count]	ascending, from the start of the text
 *	uint32_t mark[blocks]	where each block of 16 names begins in names
 *	names			a byte: how much is shared with the name
 *				before it in the block; a byte: length of the
 *				rest; the rest
 *
 * Names next to each other usually begin alike, so sharing the beginning
 * saves a third. A look-up is a binary search and at most 16 names.
 */
#include "kernel/ksyms.h"

#include "kernel/bits.h"
#include "kernel/memlayout.h"
#include "kernel/string.h"

#define BLOCK 16

struct ksyms_head {
	uint32_t count;
	uint32_t blocks;
};

extern const char __ksyms_start[], __ksyms_end[];

/* Writes name number `n` of a block; `p` is the block. */
static void block_name(const unsigned char *p, unsigned int n, char *name,
		       size_t size)
{
	char full[256];
	size_t len = 0;

	for (;; n--) {
		size_t shared = MIN(p[0], len);
		size_t rest = MIN(p[1], sizeof(full) - 1 - shared);

		memcpy(full + shared, p + 2, rest);
		len = shared + rest;
		if (!n)
			break;
		p += 2 + p[1];
	}
	full[len] = '\0';
	strlcpy(name, full, size);
}

bool ksyms_lookup(uint64_t addr, char *name, size_t size, uint64_t *offset)
{
	const struct ksyms_head *head = (const void *)__ksyms_start;
	const uint32_t *offsets = (const uint32_t *)(head + 1);
	uint64_t at = addr - (uint64_t)__text_start;
	uint32_t low = 0, high, mid;

	if ((size_t)(__ksyms_end - __ksyms_start) < sizeof(*head) ||
	    addr < (uint64_t)__text_start || addr >= (uint64_t)__text_end)
		return false;
	if (!head->count || at < offsets[0])
		return false;
	/* The last symbol that is not behind `at`. */
	for (high = head->count; high - low > 1;) {
		mid = low + (high - low) / 2;
		if (offsets[mid] <= at)
			low = mid;
		else
			high = mid;
	}
	*offset = at - offsets[low];
	block_name(
		(const unsigned char *)(offsets + head->count + head->blocks) +
			(offsets + head->count)[low / BLOCK],
		low % BLOCK, name, size);
	return true;
}

const char *ksyms_format(uint64_t addr, char *buf, size_t size)
{
	char name[64];
	uint64_t offset;

	if (ksyms_lookup(addr, name, sizeof(name), &offset))
		snprintf(buf, size, "%s+0x%lx", name, offset);
	else
		strlcpy(buf, "?", size);
	return buf;
}
