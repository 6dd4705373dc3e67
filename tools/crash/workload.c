/*
 * Workloads: short programs for the file system, as text with an operation in
 * a line, so that one that fails can be read, cut down and run again.
 *
 * "one" is every operation in every form, each with every kind of sync point
 * behind it; "two" all pairs of them, with sync points that the number
 * chooses. "random" and "many" (names) are long ones, "fsx" reads, writes, cuts
 * and maps one file and compares.
 *
 * The tree that they begin with is model.c's: /a (10000 bytes), /d, /d/b (3000),
 * /e (empty), /s (a link to a), /big (120000).
 */
#include "crash.h"

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

static const char *const syncs[] = { "", "fsync", "fdatasync", "sync", "wait" };
#define N_SYNCS 5u

static const char *const words[OP_KINDS] = {
	[OP_CREATE] = "create",     [OP_WRITE] = "write",
	[OP_TRUNCATE] = "truncate", [OP_FALLOCATE] = "fallocate",
	[OP_LINK] = "link",	    [OP_UNLINK] = "unlink",
	[OP_RENAME] = "rename",	    [OP_EXCHANGE] = "exchange",
	[OP_MKDIR] = "mkdir",	    [OP_RMDIR] = "rmdir",
	[OP_SYMLINK] = "symlink",   [OP_MMAP] = "mmap",
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
	case OP_MMAP:
		snprintf(buf, size, "%s %s %llu %llu", word, op->path, a, b);
		break;
	case OP_TRUNCATE:
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
		snprintf(op->path, sizeof(op->path), "%.47s", y);
		snprintf(op->path2, sizeof(op->path2), "%s", x);
		return n == 3;
	}
	snprintf(op->path, sizeof(op->path), "%.47s", x);
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
	return !strcmp(set, "one")   ? N_FORMS * N_SYNCS
	       : !strcmp(set, "two") ? N_FORMS * N_FORMS
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
}

static const char *some_path(struct text *t)
{
	static const char *const paths[] = { "/a",   "/d/b", "/n",  "/d/n",
					     "/e/n", "/big", "/r",  "/d/r",
					     "/e/r", "/l",   "/m/n" };

	return paths[chance(t, 11)];
}

static const char *some_dir(struct text *t)
{
	static const char *const dirs[] = { "/d", "/e", "/m", "/d/m", "/e/m" };

	return dirs[chance(t, 5)];
}

static void make_random(struct text *t, unsigned n)
{
	while (n--) {
		const char *p = some_path(t);
		uint32_t off = chance(t, 40000), len = 1 + chance(t, 9000);

		if (!chance(t, 3))
			off = off / 4096 * 4096;
		switch (chance(t, 22)) {
		case 0:
		case 1:
			say(t, "create %s\n", p);
			break;
		case 2:
		case 3:
		case 4:
		case 5:
			say(t, "write %s %u %u\n", p, off, len);
			break;
		case 6:
			say(t, "truncate %s %u\n", p, off / 2);
			break;
		case 7:
			say(t, "truncate %s %u\n", p, chance(t, 2) * off);
			break;
		case 8:
			say(t, "fallocate %s %u %u %u\n", p, chance(t, 2), off,
			    len);
			break;
		case 9:
			say(t, "fallocate %s %u %u %u\n", p,
			    chance(t, 2) ? 3 : 16, off, len);
			break;
		case 10:
			say(t, "link %s %s\n", p, some_path(t));
			break;
		case 11:
			say(t, "unlink %s\n", p);
			break;
		case 12:
		case 13:
			say(t, "rename %s %s\n", p, some_path(t));
			break;
		case 14:
			say(t, "exchange %s %s\n", p, some_path(t));
			break;
		case 15:
			say(t, "mkdir %s\n", some_dir(t));
			break;
		case 16:
			say(t, "rmdir %s\n", some_dir(t));
			break;
		case 17:
			say(t, "rename %s ", some_dir(t));
			say(t, "%s\n", some_dir(t));
			break;
		case 18:
			say(t, "mmap %s %u %u\n", p, off, len);
			break;
		case 19:
			say(t, "symlink x%u %s\n", off, p);
			break;
		default:
			say_sync(t, 1 + chance(t, 4), p);
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
			say_sync(t, 1 + chance(t, 4), "/x");
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
			say_sync(t, 1 + chance(t, 4), "/d");
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
	ok = workload_parse(t.s, w);
	free(t.s);
	return ok;
}
