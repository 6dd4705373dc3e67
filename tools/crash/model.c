/*
 * The oracle: a model of the tree, all versions of it, and what was promised.
 *
 * Every operation makes a version. Names change in the order of operations and
 * each at once, so what recovery finds must be the tree after some operation
 * between the last one whose result was promised and the one that was going on
 * when the power went. Data is written when write-back likes it; so each byte of
 * a file must be what one of its versions since its last sync has there, and
 * its size between their sizes. A block that shows what it held before it
 * belonged to the file fails that: no version has such bytes (the free blocks
 * of the first image are full of a byte that no operation writes).
 */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_OPS   4000u
#define MAX_NODES 4000u
#define MAX_SEEN  4000u

struct name {
	char path[PATH_BYTES];
	unsigned node;
};

struct names {
	unsigned n;
	struct name *v; /* by path */
};

struct version {
	unsigned op;
	uint64_t size;
	bool grew; /* by a new size alone, or part of it was written out for
		    * fallocate */
	unsigned char *data;
};

/* What an operation left: mode, owner and time. */
struct attr_version {
	unsigned op;
	struct attr a;
};

struct node {
	char type;
	char target[96];
	unsigned created;  /* op */
	unsigned last_meta; /* op that changed the inode or a name of it */
	unsigned last_entry; /* the last one that changed a name in it */
	unsigned n_versions;
	struct version *versions;
	unsigned n_attrs;
	struct attr_version *attrs;
};

struct promise {
	uint32_t t;
	unsigned op;
	unsigned node; /* of data; or one of these: */
};
#define NO_NODE MAX_NODES
#define NAMES	NO_NODE
#define ALL	(NO_NODE + 1) /* data, mode, owner and time */
#define ATTR	(NO_NODE + 2) /* and the node: mode, owner and time */

static struct names trees[MAX_OPS + 1];
static uint32_t begun[MAX_OPS + 1];
static struct node nodes[MAX_NODES];
static unsigned n_nodes, current, opened;
static struct promise *promises;
static unsigned n_promises;
static bool trust, zeroes;

/* ---- the first tree ---- */
static const struct {
	const char *path;
	char type;
	uint64_t size;
} tree[] = {
	{ "/a", 'f', 10000 }, { "/big", 'f', 120000 }, { "/d", 'd', 0 },
	{ "/d/b", 'f', 3000 }, { "/e", 'd', 0 },	{ "/s", 'l', 0 },
};
#define N_TREE (sizeof(tree) / sizeof(tree[0]))

static unsigned char byte_of(uint64_t what, uint64_t pos)
{
	return (unsigned char)(1 + hash_mix(what * 0x10001 + 7, pos) % 160);
}

static void fill(uint64_t what, uint64_t off, unsigned char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = byte_of(what, off + i);
}

void model_data(unsigned n, uint64_t off, unsigned char *buf, size_t len)
{
	fill(n, off, buf, len);
}

int model_make_tree(const char *folder)
{
	for (unsigned i = 0; i < N_TREE; i++) {
		static unsigned char buf[120000];
		char path[4096];
		int fd, err = 0;

		snprintf(path, sizeof(path), "%s%s", folder, tree[i].path);
		if (tree[i].type == 'd') {
			err = mkdir(path, 0755);
		} else if (tree[i].type == 'l') {
			err = symlink("a", path);
		} else {
			fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
			fill(1000000 + i, 0, buf, tree[i].size);
			if (fd < 0 || write(fd, buf, tree[i].size) !=
					      (ssize_t)tree[i].size)
				err = -1;
			close(fd);
		}
		if (err) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

/* ---- names ---- */
static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->path,
		      ((const struct name *)b)->path);
}

static struct name *find(unsigned op, const char *path)
{
	struct names *t = &trees[op];

	for (unsigned i = 0; i < t->n; i++) {
		if (!strcmp(t->v[i].path, path))
			return &t->v[i];
	}
	return NULL;
}

/* The node's number, or NO_NODE. */
static unsigned node_of(const char *path)
{
	struct name *nm;

	if (path[0] == '@')
		return opened;
	if (!strcmp(path, "/"))
		return 0;
	nm = find(current, path);
	return nm ? nm->node : NO_NODE;
}

static unsigned parent_of(const char *path)
{
	char dir[PATH_BYTES];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = 0;
	return node_of(dir);
}

static void name_add(const char *path, unsigned node)
{
	struct names *t = &trees[current];

	t->v = realloc(t->v, (t->n + 1) * sizeof(*t->v));
	if (!t->v)
		abort();
	snprintf(t->v[t->n].path, sizeof(t->v[0].path), "%s", path);
	t->v[t->n++].node = node;
	qsort(t->v, t->n, sizeof(*t->v), by_path);
}

static void name_remove(const char *path)
{
	struct names *t = &trees[current];
	struct name *nm = find(current, path);

	if (nm) {
		t->n--;
		memmove(nm, nm + 1,
			(size_t)(t->v + t->n - nm) * sizeof(*nm));
	}
}

/* Everything at and below `from` is at and below `to` from now on. */
static void names_move(const char *from, const char *to)
{
	struct names *t = &trees[current];
	size_t n = strlen(from);

	for (unsigned i = 0; i < t->n; i++) {
		char *p = t->v[i].path, whole[2 * PATH_BYTES];

		if (strncmp(p, from, n) || (p[n] && p[n] != '/'))
			continue;
		snprintf(whole, sizeof(whole), "%s%s", to, p + n);
		if (strlen(whole) >= PATH_BYTES)
			abort();
		memcpy(p, whole, strlen(whole) + 1);
	}
	qsort(t->v, t->n, sizeof(*t->v), by_path);
}

static unsigned node_new(char type, const char *target)
{
	struct node *nd;

	if (n_nodes == MAX_NODES)
		abort();
	nd = &nodes[n_nodes];
	memset(nd, 0, sizeof(*nd));
	nd->type = type;
	nd->created = nd->last_meta = nd->last_entry = current;
	snprintf(nd->target, sizeof(nd->target), "%s", target);
	return n_nodes++;
}

/* ---- data ---- */
static struct version *version_last(unsigned node)
{
	struct node *nd = &nodes[node];

	return nd->n_versions ? &nd->versions[nd->n_versions - 1] : NULL;
}

/* A copy of the last one, at least so large. */
static struct version *version_new(unsigned node, uint64_t size)
{
	struct node *nd = &nodes[node];
	struct version *old = version_last(node), *v;
	uint64_t was = old ? old->size : 0;
	unsigned char *data = calloc(1, (size > was ? size : was) + 1);

	if (!data)
		abort();
	if (was)
		memcpy(data, old->data, was);
	nd->versions = realloc(nd->versions,
			       (nd->n_versions + 1) * sizeof(*nd->versions));
	if (!nd->versions)
		abort();
	v = &nd->versions[nd->n_versions++];
	v->op = current;
	v->grew = false;
	v->data = data;
	v->size = size > was ? size : was;
	return v;
}

const unsigned char *model_content(const char *path, uint64_t *size)
{
	unsigned node = node_of(path);
	struct version *v;

	if (node >= NO_NODE || nodes[node].type != 'f')
		return NULL;
	v = version_last(node);
	*size = v->size;
	return v->data;
}

/* ---- operations ---- */
void model_reset(void)
{
	for (unsigned i = 0; i < n_nodes; i++) {
		for (unsigned k = 0; k < nodes[i].n_versions; k++)
			free(nodes[i].versions[k].data);
		free(nodes[i].versions);
		free(nodes[i].attrs);
	}
	for (unsigned i = 0; i <= current; i++) {
		free(trees[i].v);
		memset(&trees[i], 0, sizeof(trees[i]));
	}
	n_nodes = current = n_promises = 0;
	opened = NO_NODE;
	trust = true;
	zeroes = false;
	node_new('d', "");
	for (unsigned i = 0; i < N_TREE; i++) {
		unsigned n = node_new(tree[i].type,
				      tree[i].type == 'l' ? "a" : "");

		name_add(tree[i].path, n);
		if (tree[i].type == 'f')
			fill(1000000 + i, 0, version_new(n, tree[i].size)->data,
			     tree[i].size);
	}
}

void model_begin(unsigned n, uint32_t t)
{
	if (n > MAX_OPS)
		abort();
	begun[n] = t;
	current = n;
	trees[n].n = trees[n - 1].n;
	trees[n].v = malloc((trees[n].n + 1) * sizeof(struct name));
	if (!trees[n].v)
		abort();
	memcpy(trees[n].v, trees[n - 1].v, trees[n].n * sizeof(struct name));
}

static void touch(const char *path)
{
	unsigned p = parent_of(path), n = node_of(path);

	if (p < NO_NODE)
		nodes[p].last_entry = nodes[p].last_meta = current;
	if (n < NO_NODE)
		nodes[n].last_meta = current;
}

static void rename_done(const struct op *op)
{
	unsigned from = node_of(op->path), to = node_of(op->path2);

	if (from == to)
		return; /* two names of one file: nothing happens */
	touch(op->path);
	if (to < NO_NODE)
		name_remove(op->path2);
	names_move(op->path, op->path2);
	touch(op->path2);
	if (to < NO_NODE)
		nodes[to].last_meta = current;
}

static void exchange_done(const struct op *op)
{
	if (node_of(op->path) == node_of(op->path2))
		return;
	touch(op->path);
	touch(op->path2);
	names_move(op->path, "//");
	names_move(op->path2, op->path);
	names_move("//", op->path2);
}

/* A data operation, as far as `len` bytes. */
static void data_done(const struct op *op, uint64_t len)
{
	unsigned node = node_of(op->path);
	struct version *v;
	uint64_t from, to;

	if (node >= NO_NODE || nodes[node].type != 'f')
		return;
	v = version_last(node);
	switch (op->kind) {
	case OP_WRITE:
	case OP_DWRITE:
		if (!len)
			return;
		v = version_new(node, op->a + len);
		fill(current, op->a, v->data + op->a, len);
		break;
	case OP_MMAP:
		if (op->a >= v->size)
			return;
		len = len < v->size - op->a ? len : v->size - op->a;
		v = version_new(node, 0);
		fill(current, op->a, v->data + op->a, len);
		break;
	case OP_TRUNCATE:
		from = v->size;
		v = version_new(node, op->a);
		v->size = op->a;
		v->grew = v->size > from;
		break;
	case OP_FALLOCATE:
		v = version_new(node, op->a & 1 ? 0 : op->b + op->c);
		v->grew = true;
		if (op->a & ~1ull) {
			from = op->b < v->size ? op->b : v->size;
			to = op->b + op->c;
			to = to < v->size ? to : v->size;
			memset(v->data + from, 0, to - from);
		}
		break;
	default:
		return;
	}
	nodes[node].last_meta = current;
}

void model_done(const struct op *op, long result)
{
	unsigned n;

	switch (op->kind) {
	case OP_CREATE:
		n = node_new('f', "");
		version_new(n, 0);
		name_add(op->path, n);
		touch(op->path);
		break;
	case OP_MKDIR:
		name_add(op->path, node_new('d', ""));
		touch(op->path);
		break;
	case OP_SYMLINK:
		name_add(op->path, node_new('l', op->path2));
		touch(op->path);
		break;
	case OP_LINK:
		name_add(op->path2, node_of(op->path));
		touch(op->path2);
		break;
	case OP_UNLINK:
	case OP_RMDIR:
		touch(op->path);
		name_remove(op->path);
		break;
	case OP_RENAME:
		rename_done(op);
		break;
	case OP_EXCHANGE:
		exchange_done(op);
		break;
	case OP_OPEN:
		opened = node_of(op->path);
		break;
	case OP_CLOSE:
		opened = NO_NODE;
		break;
	case OP_WRITE:
	case OP_DWRITE:
		data_done(op, result > 0 ? (uint64_t)result : 0);
		break;
	case OP_MMAP:
		data_done(op, op->b);
		break;
	case OP_TRUNCATE:
	case OP_FALLOCATE:
		data_done(op, 0);
		break;
	case OP_CHMOD:
	case OP_CHOWN:
	case OP_UTIME:
		n = node_of(op->path);
		if (n < NO_NODE)
			nodes[n].last_meta = current;
		break;
	default:
		break;
	}
}

void model_attr(const char *path, const struct attr *a)
{
	unsigned n = node_of(path);
	struct attr_version *v;
	struct node *nd;

	if (n >= NO_NODE)
		return;
	nd = &nodes[n];
	v = nd->n_attrs ? &nd->attrs[nd->n_attrs - 1] : NULL;
	if (v && !memcmp(&v->a, a, sizeof(*a)))
		return;
	nd->attrs = realloc(nd->attrs, (nd->n_attrs + 1) * sizeof(*nd->attrs));
	if (!nd->attrs)
		abort();
	nd->attrs[nd->n_attrs].op = current;
	nd->attrs[nd->n_attrs++].a = *a;
}

void model_failed(const struct op *op)
{
	trust = false;
	/* Some of it may have happened. */
	if (op)
		data_done(op, op->b);
}

void model_zeroes(void)
{
	zeroes = true;
}

/* ---- promises ---- */
static void promise(uint32_t t, unsigned op, unsigned node)
{
	if (!trust)
		return;
	if (!(n_promises & (n_promises - 1))) {
		promises = realloc(promises, (n_promises ? n_promises * 2 : 1) *
						     sizeof(*promises));
		if (!promises)
			abort();
	}
	promises[n_promises].t = t;
	promises[n_promises].op = op;
	promises[n_promises++].node = node;
}

void model_promise_all(uint32_t t)
{
	promise(t, current, NAMES);
	promise(t, current, ALL);
}

void model_synced(const struct op *op, uint32_t t)
{
	unsigned n;

	if (op->kind == OP_SYNC || op->kind == OP_SYNCFS) {
		model_promise_all(t);
		return;
	}
	n = node_of(op->path);
	if (n >= NO_NODE)
		return;
	if (nodes[n].type == 'd') {
		promise(t, nodes[n].last_entry, NAMES);
		promise(t, nodes[n].created, NAMES);
		return;
	}
	promise(t, current, n);
	if (op->kind == OP_FSYNC) {
		promise(t, nodes[n].last_meta, NAMES);
		promise(t, current, ATTR + n);
	} else if (nodes[n].n_versions > 1) {
		promise(t, nodes[n].created, NAMES);
	}
}

unsigned model_promises(uint32_t t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_promises; i++)
		n += promises[i].t <= t;
	return n;
}

static unsigned promised(uint32_t t, unsigned node)
{
	unsigned op = 0;

	for (unsigned i = 0; i < n_promises; i++) {
		if (promises[i].t > t || promises[i].op <= op)
			continue;
		if (promises[i].node == node ||
		    (node != NAMES && promises[i].node == ALL))
			op = promises[i].op;
	}
	return op;
}

/* ---- comparison ---- */
struct seen {
	char path[PATH_BYTES];
	char type;
	uint64_t ino, size;
	uint32_t nlink;
	char target[96];
	unsigned char *data;
	struct attr attr; /* of a file */
};
static struct seen seen[MAX_SEEN];
static unsigned n_seen;
static char text[700];

__attribute__((format(printf, 1, 2))) static const char *wrong(const char *fmt,
							       ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	__builtin_va_end(ap);
	return text;
}

void seen_reset(void)
{
	while (n_seen)
		free(seen[--n_seen].data);
}

void seen_add(const char *path, char type, uint64_t ino, uint32_t nlink,
	      const char *target, const unsigned char *data, uint64_t size,
	      const struct attr *a)
{
	struct seen *s = &seen[n_seen];

	if (n_seen + 1 == MAX_SEEN)
		return;
	n_seen++;
	memset(s, 0, sizeof(*s));
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->target, sizeof(s->target), "%s", target ? target : "");
	s->type = type;
	s->ino = ino;
	s->nlink = nlink;
	s->size = size;
	if (a)
		s->attr = *a;
	if (data) {
		s->data = malloc(size + 1);
		if (!s->data)
			abort();
		memcpy(s->data, data, size);
	}
}

static int by_seen_path(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->path,
		      ((const struct seen *)b)->path);
}

/* How many names a file has, or how many a directory's nlink counts. */
static uint32_t links(const struct names *t, unsigned node, const char *path)
{
	size_t n = strlen(path);
	uint32_t count = nodes[node].type == 'd' ? 2 : 0;

	for (unsigned i = 0; i < t->n; i++) {
		const char *p = t->v[i].path;

		if (nodes[node].type != 'd')
			count += t->v[i].node == node;
		else if (!strncmp(p, path, n) && p[n] == '/' &&
			 !strchr(p + n + 1, '/'))
			count += nodes[t->v[i].node].type == 'd';
	}
	return count;
}

/* NULL: what was seen is the tree after op j. */
static const char *compare_names(unsigned j)
{
	const struct names *t = &trees[j];
	static uint64_t ino_of[MAX_NODES];

	memset(ino_of, 0, n_nodes * sizeof(ino_of[0]));
	for (unsigned i = 0; i < t->n || i < n_seen; i++) {
		int c = i >= t->n     ? 1
			: i >= n_seen ? -1
				      : strcmp(t->v[i].path, seen[i].path);
		const struct node *nd;
		const struct seen *s = &seen[i];
		unsigned node;

		if (c < 0)
			return wrong("%s is not there", t->v[i].path);
		if (c > 0)
			return wrong("there is %s", s->path);
		node = t->v[i].node;
		nd = &nodes[node];
		if (nd->type != s->type)
			return wrong("%s is a '%c'", s->path, s->type);
		if (strcmp(nd->target, s->target))
			return wrong("%s leads to %s", s->path, s->target);
		if (ino_of[node] && ino_of[node] != s->ino)
			return wrong("%s is another inode", s->path);
		for (unsigned k = 0; !ino_of[node] && k < n_nodes; k++) {
			if (ino_of[k] == s->ino)
				return wrong("%s is linked to others", s->path);
		}
		ino_of[node] = s->ino;
		if (links(t, node, s->path) != s->nlink)
			return wrong("%s has %u links instead of %u", s->path,
				     s->nlink, links(t, node, s->path));
	}
	return NULL;
}

/* A size that grew may be on the disk before data that was written below it,
 * which then is a hole: may there be a zero at pos? */
static bool may_be_hole(const struct node *nd, unsigned first, unsigned last,
			uint64_t pos)
{
	bool beyond = false;

	for (unsigned i = first; i <= last; i++) {
		const struct version *v = &nd->versions[i];

		if (beyond && v->grew)
			return true;
		beyond |= pos >= v->size;
	}
	return false;
}

/* A byte of s at pos, which no version of [first, last] has there. */
static const char *compare_data(const struct seen *s, unsigned node,
				unsigned since, unsigned until, bool live)
{
	const struct node *nd = &nodes[node];
	unsigned first = 0, last = 0;
	uint64_t min = UINT64_MAX, max = 0, pos;

	for (unsigned i = 0; i < nd->n_versions; i++) {
		if (nd->versions[i].op <= since)
			first = i;
		if (nd->versions[i].op <= until)
			last = i;
	}
	if (live)
		first = last;
	for (unsigned i = first; i <= last; i++) {
		uint64_t size = nd->versions[i].size;

		min = size < min ? size : min;
		max = size > max ? size : max;
	}
	if (s->size < min || s->size > max)
		return wrong("%s has %llu bytes, not %llu to %llu (ops %u-%u)",
			     s->path, (unsigned long long)s->size,
			     (unsigned long long)min, (unsigned long long)max,
			     nd->versions[first].op, nd->versions[last].op);
	for (pos = 0; pos < s->size; pos++) {
		unsigned i = first;

		while (i <= last && (pos >= nd->versions[i].size ||
				     nd->versions[i].data[pos] != s->data[pos]))
			i++;
		if (i > last && !s->data[pos] &&
		    may_be_hole(nd, first, last, pos))
			continue;
		if (i > last && zeroes && !s->data[pos] &&
		    (!trust || nd->versions[first].op > since ||
		     pos >= nd->versions[first].size))
			continue;
		if (i > last)
			return wrong(
				"%s at %llu is 0x%02x%s, which it never was in "
				"ops %u-%u (promised: %u); size %llu",
				s->path, (unsigned long long)pos, s->data[pos],
				s->data[pos] == 0xa5 ? " (a block's old content)"
						     : "",
				nd->versions[first].op, nd->versions[last].op,
				since, (unsigned long long)s->size);
	}
	return NULL;
}

/* Mode and owner must be those of a version of [since, until], the time not be
 * older or newer than theirs. */
static const char *compare_attr(const struct seen *s, unsigned node,
				unsigned since, unsigned until, bool live)
{
	const struct node *nd = &nodes[node];
	uint64_t min = UINT64_MAX, max = 0;
	bool mode = false, uid = false;
	unsigned first = 0, last = 0;

	for (unsigned i = 0; i < nd->n_attrs; i++) {
		if (nd->attrs[i].op <= since)
			first = i;
		if (nd->attrs[i].op <= until)
			last = i;
	}
	/* What it had before, nobody said. */
	if (!nd->n_attrs || nd->attrs[0].op > since)
		return NULL;
	if (live)
		first = last;
	for (unsigned i = first; i <= last; i++) {
		const struct attr *a = &nd->attrs[i].a;

		mode |= a->mode == s->attr.mode;
		uid |= a->uid == s->attr.uid;
		min = a->mtime < min ? a->mtime : min;
		max = a->mtime > max ? a->mtime : max;
	}
	if (mode && uid && s->attr.mtime >= min && s->attr.mtime <= max)
		return NULL;
	return wrong("%s has mode %o, user %u, time %llu, not those of ops "
		     "%u-%u (time %llu to %llu)",
		     s->path, s->attr.mode, s->attr.uid,
		     (unsigned long long)s->attr.mtime, nd->attrs[first].op,
		     nd->attrs[last].op, (unsigned long long)min,
		     (unsigned long long)max);
}

static const char *compare_files(unsigned j, uint32_t t, unsigned until,
				 bool live)
{
	for (unsigned i = 0; i < n_seen; i++) {
		unsigned node = trees[j].v[i].node;
		const char *what = NULL;

		if (seen[i].type == 'f')
			what = compare_data(&seen[i], node, promised(t, node),
					    until, live);
		if (seen[i].type == 'f' && !what)
			what = compare_attr(&seen[i], node,
					    promised(t, ATTR + node), until,
					    live);
		if (what)
			return what;
	}
	return NULL;
}

const char *seen_check(uint32_t t, bool live)
{
	unsigned until = current, since, j, at = 0;
	bool names_fit = false;
	char first[400] = "";

	if (!live) {
		while (until && begun[until] > t)
			until--;
	}
	since = live ? until : promised(t, NAMES);
	qsort(seen, n_seen, sizeof(seen[0]), by_seen_path);
	/* The same names may be those of several versions, with the files
	 * changed about; what is told is about one whose names fit. */
	for (j = until + 1; j-- > since;) {
		const char *what = compare_names(j);
		bool fit = !what;

		if (fit)
			what = compare_files(j, t, until, live);
		if (!what)
			return NULL;
		if (!first[0] || (fit && !names_fit)) {
			snprintf(first, sizeof(first), "%s", what);
			names_fit = fit;
			at = j;
		}
	}
	return wrong("not as after any of ops %u-%u; %u: %s", since, until, at,
		     first);
}
