/*
 * The table of function names.
 *
 *	struct ksyms_head
 *	struct block[blocks]	of 16 functions each
 *	pair[128][2]		what the bytes from 128 on stand for in a name
 *	rows			one a function, by address: how far it lies
 *				behind the one before it in its block (seven
 *				bits a byte, bit 7: more follow); a byte:
 *				length of the name; the name
 *
 * A byte that stands for the two that are most often next to each other, which
 * may be such bytes themselves, halves the names. A look-up is a binary search
 * and at most 16 rows.
 */
#include "kernel/ksyms.h"

#include "kernel/bits.h"
#include "kernel/memlayout.h"
#include "kernel/string.h"

#define BLOCK 16
#define PAIRS 128

struct ksyms_head {
	uint32_t count;
	uint32_t blocks;
};

struct block {
	uint32_t offset; /* of its first function, from the start of the text */
	uint32_t row;    /* of the same, from the first row */
};

extern const char __ksyms_start[], __ksyms_end[];

static const unsigned char *read_number(const unsigned char *p, uint32_t *n)
{
	unsigned shift = 0;

	for (*n = 0; *p & 0x80; shift += 7)
		*n |= (*p++ & 0x7fu) << shift;
	*n |= (uint32_t)*p++ << shift;
	return p;
}

/* Appends what a byte stands for, as far as there is room. */
static void append(const unsigned char (*pairs)[2], unsigned char byte,
		   char *name, size_t size, size_t *len)
{
	if (byte >= PAIRS) {
		append(pairs, pairs[byte - PAIRS][0], name, size, len);
		append(pairs, pairs[byte - PAIRS][1], name, size, len);
	} else if (*len + 1 < size) {
		name[(*len)++] = (char)byte;
	}
}

bool ksyms_lookup(uint64_t addr, char *name, size_t size, uint64_t *offset)
{
	const struct ksyms_head *head = (const void *)__ksyms_start;
	const struct block *blocks = (const void *)(head + 1);
	const unsigned char(*pairs)[2] = (const void *)(blocks + head->blocks);
	uint64_t at = addr - (uint64_t)__text_start, here, next;
	const unsigned char *row, *found;
	uint32_t low = 0, high, mid, step;
	size_t len = 0;

	if ((size_t)(__ksyms_end - __ksyms_start) < sizeof(*head) ||
	    addr < (uint64_t)__text_start || addr >= (uint64_t)__text_end)
		return false;
	if (!head->count || at < blocks[0].offset)
		return false;
	/* The last block, and in it the last row, not behind `at`. */
	for (high = head->blocks; high - low > 1;) {
		mid = low + (high - low) / 2;
		if (blocks[mid].offset <= at)
			low = mid;
		else
			high = mid;
	}
	row = (const unsigned char *)(pairs + PAIRS) + blocks[low].row;
	here = next = blocks[low].offset;
	found = row = read_number(row, &step);
	for (uint32_t i = low * BLOCK + 1;
	     i < MIN((low + 1) * BLOCK, head->count); i++) {
		row = read_number(row + 1 + row[0], &step);
		next += step;
		if (next > at)
			break;
		here = next;
		found = row;
	}
	*offset = at - here;
	for (unsigned i = 0; size && i < found[0]; i++)
		append(pairs, found[1 + i], name, size, &len);
	if (size)
		name[len] = '\0';
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
