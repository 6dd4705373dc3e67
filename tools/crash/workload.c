/*
 * Workloads: short programs for the file system, as text with an operation in
 * a line, so that one that fails can be read, cut down and run again.
 *
 * "one" is every operation in every form, each with every kind of sync point
 * behind it; "two" all pairs of them, with sync points that the number
 * chooses; "full" is about a disk without a free block. "random" and "many" (names) are long ones, "fsx" reads, writes, cuts
 * and maps one file and compares.
 *
 * The tree that they begin with is model.c's: /a (10000 bytes), /d, /d/b (3000),
 * /e (empty), /s (a link to a), /big (120000).
 */
#include "crash.h"

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The forms of operations: what is done, and whose sync makes it last. */
static const struct form {
	const char *text, *sync;
} forms[] = {
	{ "create /n", "/n" },
	{ "create /d/n", "/d/n" },
	{ "create /n\nwrite /n 0 5000", "/n" },
	{ "write /a 1000 3000", "/a" },
	{ "write /a 4096 4096", "/a" },
	{ "write /a 10000 5000", "/a" },
	{ "write /d/b 3000 100", "/d/b" },
	{ "dwrite /a 9000 5000", "/a" },
	{ "create /n\ndwrite /n 0 5000", "/n" },
	{ "chmod /a 384\nchown /a 7", "/a" },
	{ "utime /a 1234567", "/a" },
	{ "write /a 24000 3000", "/a" },
	{ "write /big 0 65536", "/big" },
	{ "truncate /a 0", "/a" },
	{ "truncate /a 5000", "/a" },
	{ "truncate /a 30000", "/a" },
	{ "truncate /big 3", "/big" },
	{ "fallocate /a 0 8000 12000", "/a" },
	{ "fallocate /a 1 10000 9000", "/a" },
	{ "fallocate /a 3 2000 5000", "/a" },
	{ "fallocate /a 16 1000 6000", "/a" },
	{ "link /a /l", "/a" },
	{ "link /d/b /e/l", "/d/b" },
	{ "unlink /a", "/" },
	{ "unlink /d/b", "/d" },
	{ "unlink /big", "/" },
	{ "rename /a /r", "/r" },
	{ "rename /a /d/r", "/d/r" },
	{ "rename /a /d/b", "/d/b" },
	{ "rename /d/b /a", "/a" },
	{ "rename /e /d/e", "/d/e" },
	{ "mkdir /f\nrename /f /e", "/e" },
	{ "exchange /a /d/b", "/a" },
	{ "exchange /a /e", "/a" },
	{ "mkdir /m", "/m" },
	{ "mkdir /d/m", "/d/m" },
	{ "rmdir /e", "/" },
	{ "symlink a /t", "/" },
	{ "symlink a/very/long/target/that/does/not/fit/into/the/inode/as/it/is/"
	  "more/than/sixty /t",
	  "/" },
	{ "mmap /a 500 6000", "/a" },
	{ "fallocate /a 0 16384 8192\nmmap /a 17000 3000", "/a" },
	{ "open /a\nunlink /a\nwrite @ 0 6000", "/" },
	{ "create /n\nwrite /n 0 3000\nfsync /n\nrename /n /a", "/a" },
	{ "create /n\nwrite /n 0 3000\nrename /n /a", "/a" },
};
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

/* On a full disk blocks are taken again as soon as they are free. */
#define FILL                                                                   \
	"create /fill\nwrite /fill 0 1000000\nwrite /fill 1000000 1000000\n"    \
	"write /fill 2000000 1000000\nwrite /fill 3000000 1000000\n"           \
	"write /fill 4000000 1000000\nwrite /fill 5000000 1000000\nsync\n"
static const char *const fulls[] = {
	FILL "unlink /big\ncreate /n\nwrite /n 0 100000\nfsync /n",
	FILL "unlink /big\nsync\nmkdir /m\nmkdir /m/x\nsync\nrmdir /m/x\n"
	     "rmdir /m\nsync\ncreate /n\nwrite /n 0 200000\nfsync /n",
	FILL "truncate /big 3000\nwrite /a 10000 60000\nfsync /a\n"
	     "write /d/b 3000 200000\nwait 12",
	FILL "unlink /big\nsync\nmkdir /m\nsymlink a/very/long/target/that/does/"
	     "not/fit/into/the/inode/as/it/is/more/than/sixty /m/t\nsync\n"
	     "unlink /m/t\nrmdir /m\nsync\nwrite /a 10000 200000\nwait 12\n"
	     "rename /d/b /a\nwrite /a 3000 9000\nsync",
};
#define N_FULLS (sizeof(fulls) / sizeof(fulls[0]))

static const char *const syncs[] = { "",     "fsync", "fdatasync",
				     "sync", "wait",  "syncfs" };
#define N_SYNCS 6u

static const char *const words[OP_KINDS] = {
	[OP_CREATE] = "create",     [OP_WRITE] = "write",
	[OP_TRUNCATE] = "truncate", [OP_FALLOCATE] = "fallocate",
	[OP_LINK] = "link",	    [OP_UNLINK] = "unlink",
	[OP_RENAME] = "rename",	    [OP_EXCHANGE] = "exchange",
	[OP_MKDIR] = "mkdir",	    [OP_RMDIR] = "rmdir",
	[OP_SYMLINK] = "symlink",   [OP_MMAP] = "mmap",
	[OP_DWRITE] = "dwrite",    [OP_CHMOD] = "chmod",
	[OP_CHOWN] = "chown",	    [OP_UTIME] = "utime",
	[OP_OPEN] = "open",	    [OP_CLOSE] = "close",
	[OP_READ] = "read",	    [OP_FSYNC] = "fsync",
	[OP_FDATASYNC] = "fdatasync", [OP_SYNC] = "sync",
	[OP_SYNCFS] = "syncfs",	    [OP_WAIT] = "wait",
};

static bool two_names(enum op_kind k)
{
	return k == OP_LINK || k == OP_RENAME || k == OP_EXCHANGE ||
	       k == OP_SYMLINK;
}

void op_text(const struct op *op, char *buf, size_t size)
{
	const char *word = words[op->kind];
	unsigned long long a = op->a, b = op->b, c = op->c;

	switch (op->kind) {
	case OP_WRITE:
	case OP_DWRITE:
	case OP_MMAP:
		snprintf(buf, size, "%s %s %llu %llu", word, op->path, a, b);
		break;
	case OP_TRUNCATE:
	case OP_CHMOD:
	case OP_CHOWN:
	case OP_UTIME:
		snprintf(buf, size, "%s %s %llu", word, op->path, a);
		break;
	case OP_FALLOCATE:
		snprintf(buf, size, "%s %s %llu %llu %llu", word, op->path, a,
			 b, c);
		break;
	case OP_WAIT:
		snprintf(buf, size, "%s %llu", word, a);
		break;
	case OP_SYMLINK:
		snprintf(buf, size, "%s %s %s", word, op->path2, op->path);
		break;
	default:
		snprintf(buf, size, "%s %s%s%s", word, op->path,
			 op->path2[0] ? " " : "", op->path2);
	}
}

static bool parse_line(const char *line, struct op *op)
{
	char word[16], x[96] = "", y[96] = "", z[32] = "", v[32] = "";
	int n = sscanf(line, "%15s %95s %95s %31s %31s", word, x, y, z, v);

	memset(op, 0, sizeof(*op));
	for (op->kind = 0; op->kind < OP_KINDS; op->kind++) {
		if (n > 0 && !strcmp(words[op->kind], word))
			break;
	}
	if (op->kind == OP_KINDS)
		return false;
	if (op->kind == OP_WAIT) {
		op->a = strtoull(x, NULL, 0);
		return true;
	}
	if (op->kind == OP_SYMLINK) {
		snprintf(op->path, sizeof(op->path), "%.95s", y);
		snprintf(op->path2, sizeof(op->path2), "%s", x);
		return n == 3;
	}
	snprintf(op->path, sizeof(op->path), "%.95s", x);
	if (two_names(op->kind)) {
		snprintf(op->path2, sizeof(op->path2), "%s", y);
		return n == 3;
	}
	op->a = strtoull(y, NULL, 0);
	op->b = strtoull(z, NULL, 0);
	op->c = strtoull(v, NULL, 0);
	return true;
}

bool workload_parse(const char *text, struct workload *w)
{
	while (*text) {
		size_t n = strcspn(text, "\n;");
		char line[256];

		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		text += n + (text[n] != 0);
		if (strspn(line, " \t") == strlen(line) || line[0] == '#')
			continue;
		w->ops = realloc(w->ops, (w->n_ops + 1) * sizeof(*w->ops));
		if (!w->ops)
			abort();
		if (!parse_line(line, &w->ops[w->n_ops])) {
			fprintf(stderr, "not an operation: %s\n", line);
			return false;
		}
		w->n_ops++;
	}
	return true;
}

void workload_free(struct workload *w)
{
	free(w->ops);
	memset(w, 0, sizeof(*w));
}

unsigned workload_count(const char *set)
{
	return !strcmp(set, "one")    ? N_FORMS * N_SYNCS
	       : !strcmp(set, "two")  ? N_FORMS * N_FORMS
	       : !strcmp(set, "full") ? N_FULLS
				      : 0;
}

/* ---- those that are made by chance ---- */
struct text {
	char *s;
	size_t len, room;
	uint64_t x;
};

static uint32_t chance(struct text *t, uint32_t n)
{
	t->x = hash_mix(t->x, 0x51ed270b);
	return (uint32_t)(t->x >> 16) % n;
}

__attribute__((format(printf, 2, 3))) static void
say(struct text *t, const char *fmt, ...)
{
	__builtin_va_list ap;

	if (t->len + 400 > t->room) {
		t->room = t->room * 2 + 4096;
		t->s = realloc(t->s, t->room);
		if (!t->s)
			abort();
	}
	__builtin_va_start(ap, fmt);
	t->len += (size_t)vsnprintf(t->s + t->len, 400, fmt, ap);
	__builtin_va_end(ap);
}

static void say_sync(struct text *t, unsigned kind, const char *path)
{
	if (kind == 1 || kind == 2)
		say(t, "%s %s\n", syncs[kind], path);
	else if (kind == 3)
		say(t, "sync\n");
	else if (kind == 4)
		say(t, "wait 12\n");
	else if (kind == 5)
		say(t, "syncfs\n");
}

/* The names that there are while a random workload is made, so that most of
 * what it does can be done. */
struct guess {
	struct {
		char path[PATH_BYTES];
		char type;
	} v[120];
	unsigned n;
};

static void guess_add(struct guess *g, const char *path, char type)
{
	if (g->n == 120)
		return;
	snprintf(g->v[g->n].path, sizeof(g->v[0].path), "%s", path);
	g->v[g->n++].type = type;
}

static int guess_find(const struct guess *g, const char *path)
{
	for (unsigned i = 0; i < g->n; i++) {
		if (!strcmp(g->v[i].path, path))
			return (int)i;
	}
	return -1;
}

static void guess_remove(struct guess *g, const char *path)
{
	int i = guess_find(g, path);

	if (i >= 0)
		g->v[i] = g->v[--g->n];
}

static bool guess_below(const struct guess *g, const char *dir)
{
	size_t n = strlen(dir);

	for (unsigned i = 0; i < g->n; i++) {
		if (!strncmp(g->v[i].path, dir, n) && g->v[i].path[n] == '/')
			return true;
	}
	return false;
}

static void guess_move(struct guess *g, const char *from, const char *to)
{
	size_t n = strlen(from);

	guess_remove(g, to);
	for (unsigned i = 0; i < g->n; i++) {
		char *p = g->v[i].path, whole[2 * PATH_BYTES];

		if (strncmp(p, from, n) || (p[n] && p[n] != '/'))
			continue;
		snprintf(whole, sizeof(whole), "%s%s", to, p + n);
		if (strlen(whole) >= PATH_BYTES)
			abort();
		memcpy(p, whole, strlen(whole) + 1);
	}
}

/* Something of that type, "/" if there is nothing. */
static const char *some(struct text *t, const struct guess *g, char type)
{
	for (unsigned tries = 0; tries < 60 && g->n; tries++) {
		unsigned i = chance(t, g->n);

		if (g->v[i].type == type)
			return g->v[i].path;
	}
	return type == 'd' ? "/e" : "/a";
}

/* A name that is not there, in a directory that is. */
static void some_new(struct text *t, const struct guess *g, char out[PATH_BYTES])
{
	static const char *const last[] = { "n", "o", "p", "r", "s", "x",
					    "a-somewhat-longer-name" };

	for (unsigned tries = 0; tries < 20; tries++) {
		const char *dir = chance(t, 3) ? some(t, g, 'd') : "";

		snprintf(out, PATH_BYTES, "%.15s/%s", strlen(dir) > 6 ? "" : dir,
			 last[chance(t, 7)]);
		if (guess_find(g, out) < 0)
			return;
	}
}

static void make_random(struct text *t, unsigned n)
{
	struct guess g = { .n = 0 };

	guess_add(&g, "/a", 'f');
	guess_add(&g, "/d/b", 'f');
	guess_add(&g, "/big", 'f');
	guess_add(&g, "/s", 'l');
	guess_add(&g, "/d", 'd');
	guess_add(&g, "/e", 'd');
	while (n--) {
		uint32_t off = chance(t, 40000), len = 1 + chance(t, 9000);
		char p[PATH_BYTES], q[PATH_BYTES], other[PATH_BYTES];

		snprintf(p, sizeof(p), "%s", some(t, &g, 'f'));
		some_new(t, &g, q);
		if (!chance(t, 3))
			off = off / 4096 * 4096;
		switch (chance(t, 28)) {
		case 0:
		case 1:
		case 2:
			say(t, "create %s\n", q);
			guess_add(&g, q, 'f');
			break;
		case 3:
		case 4:
		case 5:
		case 6:
			say(t, "write %s %u %u\n", p, off, len);
			break;
		case 7:
			say(t, "truncate %s %u\n", p, off / 2);
			break;
		case 8:
			say(t, "truncate %s %u\n", p, chance(t, 2) * off);
			break;
		case 9:
			say(t, "fallocate %s %u %u %u\n", p, chance(t, 2), off,
			    len);
			break;
		case 10:
			say(t, "fallocate %s %u %u %u\n", p,
			    chance(t, 2) ? 3 : 16, off / 2, len);
			break;
		case 11:
			say(t, "link %s %s\n", p, q);
			guess_add(&g, q, 'f');
			break;
		case 12:
		case 13:
			say(t, "unlink %s\n", p);
			guess_remove(&g, p);
			break;
		case 14:
			say(t, "rename %s %s\n", p, q);
			guess_move(&g, p, q);
			break;
		case 15:
			snprintf(other, sizeof(other), "%s", some(t, &g, 'f'));
			say(t, "rename %s %s\n", p, other);
			if (strcmp(p, other))
				guess_move(&g, p, other);
			break;
		case 16:
			say(t, "exchange %s %s\n", p, some(t, &g, 'f'));
			break;
		case 17:
		case 18:
			say(t, "mkdir %s\n", q);
			guess_add(&g, q, 'd');
			break;
		case 19:
			snprintf(other, sizeof(other), "%s", some(t, &g, 'd'));
			say(t, "rmdir %s\n", other);
			if (!guess_below(&g, other))
				guess_remove(&g, other);
			break;
		case 20:
			snprintf(other, sizeof(other), "%s", some(t, &g, 'd'));
			say(t, "rename %s %s\n", other, q);
			if (strncmp(q, other, strlen(other)))
				guess_move(&g, other, q);
			break;
		case 21:
			say(t, "mmap %s %u %u\n", p, off / 4, len);
			break;
		case 22:
			say(t, "symlink x%u %s\n", off, q);
			guess_add(&g, q, 'l');
			break;
		case 23:
			say(t, "dwrite %s %u %u\n", p, off, len);
			break;
		case 24:
			say(t, "chmod %s %u\n", p, 256 + chance(t, 256));
			break;
		case 25:
			say(t, "utime %s %u\n", p, off);
			break;
		default:
			say_sync(t, 1 + chance(t, N_SYNCS - 1), p);
		}
	}
}

static void make_fsx(struct text *t, unsigned n)
{
	say(t, "create /x\n");
	while (n--) {
		uint32_t off = chance(t, 60000), len = 1 + chance(t, 12000);

		switch (chance(t, 12)) {
		case 0:
		case 1:
		case 2:
			say(t, "write /x %u %u\n", off, len);
			break;
		case 3:
		case 4:
			say(t, "mmap /x %u %u\n", off, len);
			break;
		case 5:
			say(t, "truncate /x %u\n", off);
			break;
		case 6:
			say(t, "fallocate /x %u %u %u\n", chance(t, 2), off,
			    len);
			break;
		case 7:
			say(t, "fallocate /x 3 %u %u\n", off, len);
			break;
		case 8:
			say(t, "fallocate /x 16 %u %u\n", off, len);
			break;
		case 9:
			say_sync(t, 1 + chance(t, N_SYNCS - 1), "/x");
			break;
		default:
			break;
		}
		say(t, "read /x\n");
	}
}

/* A directory that grows an index, and goes again. */
static void make_many(struct text *t, unsigned n)
{
	unsigned made = 0, gone = 0;

	while (n--) {
		uint32_t what = chance(t, 20);

		if (what < 14)
			say(t, "create /d/a-long-name-that-fills-%u\n", made++);
		else if (what < 18 && gone < made)
			say(t, "unlink /d/a-long-name-that-fills-%u\n",
			    gone++);
		else if (what == 18 && gone < made)
			say(t, "rename /d/a-long-name-that-fills-%u /d/%u\n",
			    gone++, made);
		else if (!chance(t, 4))
			say_sync(t, 1 + chance(t, N_SYNCS - 1), "/d");
	}
}

bool workload_make(const char *set, unsigned n, unsigned seed,
		   struct workload *w)
{
	struct text t = { .x = hash_mix(seed, n) };
	uint64_t x;
	bool ok;

	memset(w, 0, sizeof(*w));
	t.x = hash_mix(t.x, (unsigned char)set[0]);
	x = t.x;
	if (workload_count(set) && n >= workload_count(set))
		return false;
	if (!strcmp(set, "one")) {
		const struct form *f = &forms[n / N_SYNCS];

		say(&t, "%s\n", f->text);
		say_sync(&t, n % N_SYNCS, f->sync);
	} else if (!strcmp(set, "two")) {
		const struct form *f = &forms[n / N_FORMS];
		const struct form *g = &forms[n % N_FORMS];

		say(&t, "%s\n", f->text);
		say_sync(&t, (unsigned)(x >> 8) % N_SYNCS, f->sync);
		say(&t, "%s\n", g->text);
		say_sync(&t, 1 + (unsigned)(x >> 16) % (N_SYNCS - 1), g->sync);
	} else if (!strcmp(set, "full")) {
		/* The disk is small, the text is not. */
		t.s = strdup(fulls[n]);
	} else if (!strcmp(set, "random")) {
		make_random(&t, 150);
	} else if (!strcmp(set, "fsx")) {
		make_fsx(&t, 150);
	} else if (!strcmp(set, "many")) {
		make_many(&t, 250);
	} else {
		return false;
	}
	snprintf(w->name, sizeof(w->name), "%s:%u", set, n);
	w->deferred = x & 1;
	w->shuffle = w->deferred && x & 2 ? (unsigned)(x >> 32) | 1 : 0;
	w->power_off = x & 4;
	ok = workload_parse(t.s, w);
	free(t.s);
	return ok;
}
