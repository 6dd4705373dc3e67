/*
 * Device-tree reader.
 *
 * Everything rests on token(), the one place that turns an offset of the
 * structure block into something, and does so only when all of it lies inside
 * the block. A walk only ever moves to the offset behind a token, which is
 * larger, so every walk ends.
 *
 * fdt_machine.c has what asks for certain nodes: memory, /chosen, /cpus;
 * fdt_pci.c what is said of PCI host bridges.
 *
 * Look-ups are linear. A tree has a few hundred nodes and is read at boot, so
 * an index would be more code than it is worth.
 */
#include "kernel/dev/fdt.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/string.h"

#define FDT_MAGIC         0xd00dfeed
#define FDT_HEADER_SIZE   40
#define FDT_VERSION       17
#define FDT_VERSION_LEAST 16 /* has no size of the structure block */

enum fdt_token {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE = 2,
	FDT_PROP = 3,
	FDT_NOP = 4,
	FDT_END = 9,
	FDT_BAD = -1,
};

struct token {
	enum fdt_token kind;
	uint32_t next;        /* offset behind it */
	const char *name;     /* BEGIN_NODE */
	struct fdt_prop prop; /* PROP */
};

/* Reads the token at `off`, a multiple of 4, and skips NOPs before it. */
static enum fdt_token token(const struct fdt *t, uint32_t off, struct token *k)
{
	const uint8_t *p = t->blob + t->structs;
	uint32_t left, len, name;

	k->kind = FDT_BAD;
	do {
		if (off > t->structs_size || t->structs_size - off < 4)
			return FDT_BAD;
		left = t->structs_size - off - 4;
		len = get_be32(p + off);
		off += 4;
	} while (len == FDT_NOP);

	switch (len) {
	case FDT_BEGIN_NODE:
		k->name = (const char *)p + off;
		do {
			if (off == t->structs_size)
				return FDT_BAD;
		} while (p[off++]);
		break;
	case FDT_PROP:
		if (left < 8)
			return FDT_BAD;
		k->prop.len = get_be32(p + off);
		name = get_be32(p + off + 4);
		if (k->prop.len > left - 8 || name >= t->strings_size)
			return FDT_BAD;
		/* It ends: fdt_open has cut the block behind its last 0. */
		k->prop.name = (const char *)t->blob + t->strings + name;
		k->prop.data = p + off + 8;
		off += 8 + k->prop.len;
		break;
	case FDT_END_NODE:
	case FDT_END:
		break;
	default:
		return FDT_BAD;
	}
	k->kind = (enum fdt_token)len;
	/* Cannot wrap: the block is far smaller than 4 GiB. */
	k->next = (uint32_t)round_up(off, 4);
	return k->kind;
}

uint32_t fdt_blob_size(const void *blob)
{
	if (get_be32(blob) != FDT_MAGIC)
		return 0;
	return get_be32((const uint8_t *)blob + 4);
}

/* One pass: nodes balanced, one root, nothing but properties before nodes. */
static bool well_formed(const struct fdt *t)
{
	uint32_t off = 0, depth = 0;
	bool props_allowed = false;
	struct token k;

	for (;; off = k.next) {
		switch (token(t, off, &k)) {
		case FDT_BEGIN_NODE:
			depth++;
			props_allowed = true;
			break;
		case FDT_PROP:
			if (!props_allowed)
				return false;
			break;
		case FDT_END_NODE:
			if (!depth)
				return false;
			props_allowed = false;
			if (!--depth)
				return token(t, k.next, &k) == FDT_END;
			break;
		default:
			return false;
		}
	}
}

int fdt_open(struct fdt *t, const void *blob, size_t max)
{
	const uint8_t *b = blob;
	uint32_t version;

	if (max < FDT_HEADER_SIZE || get_be32(b) != FDT_MAGIC)
		return -EINVAL;
	t->blob = b;
	t->size = get_be32(b + 4);
	t->structs = get_be32(b + 8);
	t->strings = get_be32(b + 12);
	t->reserve = get_be32(b + 16);
	t->strings_size = get_be32(b + 32);
	version = get_be32(b + 20);
	if (t->size < FDT_HEADER_SIZE || t->size > max || t->size > INT32_MAX ||
	    version < FDT_VERSION_LEAST || get_be32(b + 24) > FDT_VERSION)
		return -EINVAL;
	if (t->structs > t->size || t->strings > t->size ||
	    t->strings_size > t->size - t->strings || t->structs & 3)
		return -EINVAL;
	t->structs_size = t->size - t->structs;
	if (version >= FDT_VERSION) {
		if (get_be32(b + 36) > t->structs_size)
			return -EINVAL;
		t->structs_size = get_be32(b + 36);
	}
	/* Cut behind the last 0, and every name in it ends inside it. */
	while (t->strings_size && b[t->strings + t->strings_size - 1])
		t->strings_size--;
	return well_formed(t) ? 0 : -EINVAL;
}

/* Offset behind the END_NODE of the node whose content begins at `off`. */
static bool skip_node(const struct fdt *t, uint32_t off, uint32_t *behind)
{
	uint32_t depth = 1;
	struct token k;

	for (;; off = k.next) {
		switch (token(t, off, &k)) {
		case FDT_BEGIN_NODE:
			depth++;
			break;
		case FDT_END_NODE:
			if (!--depth) {
				*behind = k.next;
				return true;
			}
			break;
		case FDT_PROP:
			break;
		default:
			return false;
		}
	}
}

/* Offset of the first thing in the node, its name left behind. */
static bool enter_node(const struct fdt *t, const struct fdt_node *n,
		       uint32_t *off)
{
	struct token k;

	if (n->depth >= FDT_DEPTH_MAX ||
	    token(t, n->at[n->depth], &k) != FDT_BEGIN_NODE)
		return false;
	*off = k.next;
	return true;
}

bool fdt_root(const struct fdt *t, struct fdt_node *n)
{
	struct token k;

	n->depth = 0;
	n->at[0] = 0;
	return token(t, 0, &k) == FDT_BEGIN_NODE;
}

bool fdt_first_child(const struct fdt *t, const struct fdt_node *parent,
		     struct fdt_node *child)
{
	struct token k;
	uint32_t off;

	if (parent->depth + 1 >= FDT_DEPTH_MAX || !enter_node(t, parent, &off))
		return false;
	while (token(t, off, &k) == FDT_PROP)
		off = k.next;
	if (k.kind != FDT_BEGIN_NODE)
		return false;
	if (child != parent)
		*child = *parent;
	child->at[++child->depth] = off;
	return true;
}

bool fdt_next_sibling(const struct fdt *t, struct fdt_node *n)
{
	struct token k;
	uint32_t off;

	if (!n->depth || !enter_node(t, n, &off) || !skip_node(t, off, &off))
		return false;
	if (token(t, off, &k) != FDT_BEGIN_NODE)
		return false;
	n->at[n->depth] = off;
	return true;
}

bool fdt_next(const struct fdt *t, struct fdt_node *n)
{
	struct token k;
	uint32_t off;

	if (!enter_node(t, n, &off))
		return false;
	for (;; off = k.next) {
		switch (token(t, off, &k)) {
		case FDT_PROP:
			break;
		case FDT_BEGIN_NODE:
			if (n->depth + 1 < FDT_DEPTH_MAX) {
				n->at[++n->depth] = off;
				return true;
			}
			if (!skip_node(t, k.next, &k.next))
				return false;
			break;
		case FDT_END_NODE:
			if (!n->depth)
				return false;
			n->depth--;
			break;
		default:
			return false;
		}
	}
}

bool fdt_parent(const struct fdt_node *n, struct fdt_node *parent)
{
	if (!n->depth)
		return false;
	*parent = *n;
	parent->depth--;
	return true;
}

bool fdt_same_node(const struct fdt_node *a, const struct fdt_node *b)
{
	return a->depth == b->depth && a->at[a->depth] == b->at[b->depth];
}

const char *fdt_name(const struct fdt *t, const struct fdt_node *n)
{
	struct token k;

	if (n->depth >= FDT_DEPTH_MAX ||
	    token(t, n->at[n->depth], &k) != FDT_BEGIN_NODE)
		return "";
	return k.name;
}

/* Does the part `s` of a path mean the node `name`? */
static bool name_matches(const char *name, const char *s, size_t len)
{
	if (strncmp(name, s, len))
		return false;
	return !name[len] || (name[len] == '@' && !memchr(s, '@', len));
}

/* Length up to the '/', ':' or the end. */
static size_t part_length(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != '/' && s[n] != ':')
		n++;
	return n;
}

static bool walk_path(const struct fdt *t, const char *path, struct fdt_node *n)
{
	size_t len;
	bool found;

	for (;;) {
		while (*path == '/')
			path++;
		len = part_length(path);
		if (!len)
			return true;
		for (found = fdt_first_child(t, n, n);
		     found && !name_matches(fdt_name(t, n), path, len);
		     found = fdt_next_sibling(t, n))
			;
		if (!found)
			return false;
		path += len;
	}
}

bool fdt_find_path(const struct fdt *t, const char *path, struct fdt_node *n)
{
	struct fdt_prop p = { 0 };
	const char *target;
	size_t len;

	if (!fdt_root(t, n))
		return false;
	if (*path == '/')
		return walk_path(t, path, n);
	len = part_length(path);
	if (!len || !walk_path(t, "/aliases", n))
		return false;
	while (fdt_prop_next(t, n, &p)) {
		if (strncmp(p.name, path, len) || p.name[len])
			continue;
		target = fdt_string(&p, 0);
		if (!target || *target != '/')
			return false;
		return fdt_root(t, n) && walk_path(t, target, n) &&
		       walk_path(t, path + len, n);
	}
	return false;
}

static bool is_phandle(const struct fdt_prop *p)
{
	return (*p->name == 'p' && !strcmp(p->name, "phandle")) ||
	       (*p->name == 'l' && !strcmp(p->name, "linux,phandle"));
}

uint32_t fdt_phandle(const struct fdt *t, const struct fdt_node *n)
{
	struct fdt_prop p = { 0 };
	uint32_t v;

	while (fdt_prop_next(t, n, &p))
		if (is_phandle(&p) && fdt_cell(&p, 0, &v))
			return v;
	return 0;
}

/* One pass over the tokens: each interrupt of each device asks. */
bool fdt_find_phandle(const struct fdt *t, uint32_t phandle, struct fdt_node *n)
{
	uint32_t off = 0, depth = 0, v;
	struct token k;

	if (!phandle || phandle == UINT32_MAX)
		return false;
	for (;; off = k.next) {
		switch (token(t, off, &k)) {
		case FDT_BEGIN_NODE:
			if (depth < FDT_DEPTH_MAX)
				n->at[depth] = off;
			depth++;
			break;
		case FDT_PROP:
			if (!depth || depth > FDT_DEPTH_MAX ||
			    !is_phandle(&k.prop) || !fdt_cell(&k.prop, 0, &v) ||
			    v != phandle)
				break;
			n->depth = depth - 1;
			return true;
		case FDT_END_NODE:
			if (!depth)
				return false;
			depth--;
			break;
		default:
			return false;
		}
	}
}

bool fdt_prop_next(const struct fdt *t, const struct fdt_node *n,
		   struct fdt_prop *p)
{
	struct token k;
	uint32_t off;

	if (p->data)
		off = (uint32_t)round_up(
			(size_t)(p->data - t->blob) - t->structs + p->len, 4);
	else if (!enter_node(t, n, &off))
		return false;
	if (token(t, off, &k) != FDT_PROP)
		return false;
	*p = k.prop;
	return true;
}

bool fdt_prop(const struct fdt *t, const struct fdt_node *n, const char *name,
	      struct fdt_prop *p)
{
	struct token k;
	uint32_t off;

	if (!enter_node(t, n, &off))
		return false;
	for (; token(t, off, &k) == FDT_PROP; off = k.next) {
		if (!strcmp(k.prop.name, name)) {
			*p = k.prop;
			return true;
		}
	}
	return false;
}

bool fdt_has_prop(const struct fdt *t, const struct fdt_node *n,
		  const char *name)
{
	struct fdt_prop p;

	return fdt_prop(t, n, name, &p);
}

bool fdt_cell(const struct fdt_prop *p, uint32_t i, uint32_t *v)
{
	if (i >= p->len / 4)
		return false;
	*v = get_be32(p->data + (size_t)i * 4);
	return true;
}

bool fdt_prop_u32(const struct fdt *t, const struct fdt_node *n,
		  const char *name, uint32_t *v)
{
	struct fdt_prop p;

	return fdt_prop(t, n, name, &p) && fdt_cell(&p, 0, v);
}

bool fdt_prop_u64(const struct fdt *t, const struct fdt_node *n,
		  const char *name, uint64_t *v)
{
	struct fdt_prop p;

	if (!fdt_prop(t, n, name, &p))
		return false;
	if (p.len == 4)
		*v = get_be32(p.data);
	else if (p.len == 8)
		*v = get_be64(p.data);
	else
		return false;
	return true;
}

const char *fdt_string(const struct fdt_prop *p, unsigned int i)
{
	const uint8_t *s = p->data, *end = p->data + p->len, *nul;

	for (;; s = nul + 1, i--) {
		nul = memchr(s, 0, (size_t)(end - s));
		if (!nul)
			return NULL;
		if (!i)
			return (const char *)s;
	}
}

int fdt_string_index(const struct fdt_prop *p, const char *s)
{
	const char *have = (const char *)p->data;
	const char *end = have + p->len, *nul;
	int i;

	for (i = 0; have < end; i++, have = nul + 1) {
		nul = memchr(have, 0, (size_t)(end - have));
		if (!nul)
			break;
		if (!strcmp(have, s))
			return i;
	}
	return -1;
}

const char *fdt_prop_string(const struct fdt *t, const struct fdt_node *n,
			    const char *name)
{
	struct fdt_prop p;

	return fdt_prop(t, n, name, &p) ? fdt_string(&p, 0) : NULL;
}

bool fdt_prop_is(const struct fdt *t, const struct fdt_node *n,
		 const char *name, const char *value)
{
	const char *s = fdt_prop_string(t, n, name);

	return s && !strcmp(s, value);
}

bool fdt_is_compatible(const struct fdt *t, const struct fdt_node *n,
		       const char *compatible)
{
	struct fdt_prop p;

	return fdt_prop(t, n, "compatible", &p) &&
	       fdt_string_index(&p, compatible) >= 0;
}

bool fdt_next_compatible(const struct fdt *t, struct fdt_node *n,
			 const char *compatible)
{
	while (fdt_next(t, n))
		if (fdt_is_compatible(t, n, compatible))
			return true;
	return false;
}

bool fdt_is_enabled(const struct fdt *t, const struct fdt_node *n)
{
	return !fdt_has_prop(t, n, "status") ||
	       fdt_prop_is(t, n, "status", "okay") ||
	       fdt_prop_is(t, n, "status", "ok");
}

uint32_t fdt_address_cells(const struct fdt *t, const struct fdt_node *n)
{
	uint32_t v;

	return fdt_prop_u32(t, n, "#address-cells", &v) ? v : 2;
}

uint32_t fdt_size_cells(const struct fdt *t, const struct fdt_node *n)
{
	uint32_t v;

	return fdt_prop_u32(t, n, "#size-cells", &v) ? v : 1;
}

/* A number of 0, 1 or 2 cells; the caller has checked bounds and count. */
static uint64_t cells_value(const uint8_t *p, uint32_t cells)
{
	if (!cells)
		return 0;
	return cells == 1 ? get_be32(p) : get_be64(p);
}

int fdt_reg_raw(const struct fdt *t, const struct fdt_node *n, unsigned int i,
		uint64_t *addr, uint64_t *size)
{
	uint32_t ac, sc, entry;
	struct fdt_node bus;
	struct fdt_prop p;

	if (!fdt_parent(n, &bus) || !fdt_prop(t, n, "reg", &p))
		return -ENOENT;
	ac = fdt_address_cells(t, &bus);
	sc = fdt_size_cells(t, &bus);
	if (!ac || ac > 2 || sc > 2)
		return -EINVAL;
	entry = (ac + sc) * 4;
	if (i >= p.len / entry)
		return -ENOENT;
	*addr = cells_value(p.data + (size_t)i * entry, ac);
	*size = cells_value(p.data + (size_t)i * entry + ac * 4, sc);
	return 0;
}

/* One step up: from the address space inside `bus` to the one it lies in. */
static int translate_step(const struct fdt *t, const struct fdt_node *bus,
			  const struct fdt_node *above, uint64_t *addr)
{
	uint32_t inner, outer, sc, entry, off;
	struct fdt_prop p;

	if (!fdt_prop(t, bus, "ranges", &p))
		return -ERANGE;
	if (!p.len)
		return 0; /* the same addresses outside */
	inner = fdt_address_cells(t, bus);
	outer = fdt_address_cells(t, above);
	sc = fdt_size_cells(t, bus);
	if (!inner || inner > 2 || !outer || outer > 2 || sc > 2)
		return -EINVAL;
	entry = (inner + outer + sc) * 4;
	for (off = 0; p.len - off >= entry; off += entry) {
		const uint8_t *e = p.data + off;
		uint64_t from = cells_value(e, inner);
		uint64_t to = cells_value(e + inner * 4, outer);
		uint64_t len = cells_value(e + (inner + outer) * 4, sc);

		if (*addr < from || *addr - from >= len)
			continue;
		if (__builtin_add_overflow(to, *addr - from, addr))
			return -ERANGE;
		return 0;
	}
	return -ERANGE;
}

int fdt_translate(const struct fdt *t, const struct fdt_node *bus,
		  uint64_t *addr)
{
	struct fdt_node at = *bus, above;
	int err = 0;

	for (; !err && fdt_parent(&at, &above); at = above)
		err = translate_step(t, &at, &above, addr);
	return err;
}

int fdt_reg(const struct fdt *t, const struct fdt_node *n, unsigned int i,
	    uint64_t *addr, uint64_t *size)
{
	struct fdt_node bus;
	uint64_t end;
	int err;

	if (!fdt_parent(n, &bus))
		return -ENOENT;
	err = fdt_reg_raw(t, n, i, addr, size);
	if (!err)
		err = fdt_translate(t, &bus, addr);
	if (err)
		return err;
	if (*size && __builtin_add_overflow(*addr, *size - 1, &end))
		return -ERANGE;
	return 0;
}

int fdt_reg_named(const struct fdt *t, const struct fdt_node *n,
		  const char *name, uint64_t *addr, uint64_t *size)
{
	struct fdt_prop p;
	int i;

	if (!fdt_prop(t, n, "reg-names", &p))
		return -ENOENT;
	i = fdt_string_index(&p, name);
	return i < 0 ? -ENOENT : fdt_reg(t, n, (unsigned int)i, addr, size);
}

/* The controller that "interrupts" of `n` speaks of. */
static bool interrupt_parent(const struct fdt *t, const struct fdt_node *n,
			     struct fdt_node *parent)
{
	struct fdt_node at = *n;
	uint32_t phandle;

	do {
		if (fdt_prop_u32(t, &at, "interrupt-parent", &phandle))
			return fdt_find_phandle(t, phandle, parent);
		if (at.depth != n->depth &&
		    fdt_has_prop(t, &at, "#interrupt-cells")) {
			*parent = at;
			return true;
		}
	} while (fdt_parent(&at, &at));
	return false;
}

/* Fills in `irq` from the cells at `cell` of `p`. */
static int irq_cells(const struct fdt_prop *p, uint32_t cell, uint32_t ncells,
		     struct fdt_irq *irq)
{
	uint32_t i;

	irq->ncells = ncells;
	for (i = 0; i < ncells; i++)
		if (!fdt_cell(p, cell + i, &irq->cell[i]))
			return -EINVAL;
	return 0;
}

static bool irq_cell_count(const struct fdt *t, const struct fdt_node *parent,
			   uint32_t *ncells)
{
	return fdt_prop_u32(t, parent, "#interrupt-cells", ncells) && *ncells &&
	       *ncells <= FDT_IRQ_CELLS_MAX;
}

int fdt_irq(const struct fdt *t, const struct fdt_node *n, unsigned int i,
	    struct fdt_irq *irq)
{
	struct fdt_node parent;
	uint32_t ncells, cell = 0;
	struct fdt_prop p;

	if (fdt_prop(t, n, "interrupts-extended", &p)) {
		/* Each entry is as long as its own controller says. */
		for (;; i--, cell += ncells) {
			if (!fdt_cell(&p, cell++, &irq->parent))
				return -ENOENT;
			if (!fdt_find_phandle(t, irq->parent, &parent) ||
			    !irq_cell_count(t, &parent, &ncells))
				return -EINVAL;
			if (!i)
				return irq_cells(&p, cell, ncells, irq);
		}
	}
	if (!fdt_prop(t, n, "interrupts", &p) || i >= p.len / 4)
		return -ENOENT;
	if (!interrupt_parent(t, n, &parent) ||
	    !irq_cell_count(t, &parent, &ncells))
		return -EINVAL;
	if (i >= p.len / 4 / ncells)
		return -ENOENT;
	irq->parent = fdt_phandle(t, &parent);
	return irq_cells(&p, i * ncells, ncells, irq);
}
