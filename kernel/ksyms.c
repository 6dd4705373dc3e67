/*
 * The table of function names.
 *
 *	struct ksyms_head
 *	struct block[blocks]	of 32 functions each
 *	letter[letters]		what the first bytes stand for in a name; the
 *				first of all ends it
 *	pair[pairs][2]		what the bytes behind those stand for
 *	rows			one a function, by address: half of how far it
 *				lies behind the one before it in its block
 *				(seven bits a byte, bit 7: more follow); its
 *				name
 *
 * A byte that stands for the two that are most often next to each other, which
 * may be such bytes themselves, makes a third of the names. A look-up is a
 * binary search and at most 32 rows.
 */
#include "kernel/ksyms.h"

#include "kernel/bits.h"
#include "kernel/memlayout.h"
#include "kernel/string.h"

#define BLOCK 32

struct ksyms_head {
	uint32_t count;
	uint32_t blocks;
	uint32_t letters;
	uint32_t pairs;
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

/* What the bytes of names stand for, and where one is written to, as far as
 * there is room. */
struct name_writer {
	const char *letters;
	const unsigned char (*pairs)[2];
	uint32_t n_letters;
	char *at, *end;
};

/* Writes what a byte stands for; true: it is not the last of a name. */
static bool write_byte(struct name_writer *w, unsigned char byte)
{
	char letter;

	if (byte >= w->n_letters) {
		const unsigned char *pair = w->pairs[byte - w->n_letters];

		return write_byte(w, pair[0]) && write_byte(w, pair[1]);
	}
	letter = w->letters[byte];
	if (w->at < w->end)
		*w->at++ = letter;
	return letter;
}

/* Writes the name that begins at p; where the next row begins. */
static const unsigned char *write_name(struct name_writer w,
				       const unsigned char *p)
{
	while (write_byte(&w, *p++))
		;
	return p;
}

bool ksyms_lookup(uint64_t addr, char *name, size_t size, uint64_t *offset)
{
	const struct ksyms_head *head = (const void *)__ksyms_start;
	const struct block *blocks = (const void *)(head + 1);
	struct name_writer w = {
		.letters = (const char *)(blocks + head->blocks),
		.pairs = (const void *)((const char *)(blocks + head->blocks) +
					head->letters),
		.n_letters = head->letters,
	};
	uint64_t at = addr - (uint64_t)__text_start, here, next;
	const unsigned char *row, *found;
	uint32_t low = 0, high, mid, step;

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
	row = (const unsigned char *)(w.pairs + head->pairs) + blocks[low].row;
	here = next = blocks[low].offset;
	found = row = read_number(row, &step);
	for (uint32_t i = low * BLOCK + 1;
	     i < MIN((low + 1) * BLOCK, head->count); i++) {
		row = read_number(write_name(w, row), &step);
		next += 2 * step;
		if (next > at)
			break;
		here = next;
		found = row;
	}
	*offset = at - here;
	if (!size)
		return true;
	w.at = name;
	w.end = name + size - 1;
	*w.end = '\0';
	write_name(w, found);
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
