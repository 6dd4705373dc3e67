/*
 * Crash states. At time t some writes are durable; of the others that were
 * asked for before t, any subset may be on the disk, and any part of each in
 * units of sectors. There are too many of those, so this goes through all of
 * the small deviations from order, and some of the larger ones by chance.
 */
#include "crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t hash_mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15ull;
	a ^= a >> 29;
	a *= 0xbf58476d1ce4e5b9ull;
	return a ^ a >> 32;
}

/* n is a multiple of 8. */
uint64_t hash_bytes(uint64_t seed, const void *data, size_t n)
{
	uint64_t a = seed ^ 0x2545f4914f6cdd1dull, b = ~seed, x, y;
	const unsigned char *p = data;

	for (; n >= 16; n -= 16, p += 16) {
		memcpy(&x, p, 8);
		memcpy(&y, p + 8, 8);
		a = (a ^ x) * 0x9e3779b97f4a7c15ull;
		b = (b ^ y) * 0xc2b2ae3d27d4eb4full;
		a ^= a >> 31;
		b ^= b >> 33;
	}
	if (n) {
		memcpy(&x, p, 8);
		a = hash_mix(a, x);
	}
	return hash_mix(a, b);
}

void state_name(const struct state *st, char name[STATE_NAME])
{
	snprintf(name, STATE_NAME, "%c%u-%u-%u-%u", st->kind, st->t, st->w,
		 st->k, st->seed);
}

bool state_parse(const char *name, struct state *st)
{
	return sscanf(name, "%c%u-%u-%u-%u", &st->kind, &st->t, &st->w, &st->k,
		      &st->seed) == 5 &&
	       strchr("pdotus", st->kind);
}

/* Which sectors [*from, *to) of write n, which is not durable, are there. */
static void selected(const struct state *st, const struct log_write *w,
		     unsigned n, uint32_t *from, uint32_t *to)
{
	uint64_t x;

	*from = 0;
	*to = w->sectors;
	switch (st->kind) {
	case 'd':
		if (n == st->w)
			*to = 0;
		break;
	case 'o':
		if (n != st->w)
			*to = 0;
		break;
	case 't':
		if (n == st->w)
			*to = st->k;
		break;
	case 'u':
		if (n == st->w)
			*from = st->k;
		break;
	case 's':
		/* The seed says how many are dropped, of eight; one in eight
		 * of those that are there is torn. */
		x = hash_mix(st->seed, n);
		if ((x >> 8) % 8 < 1 + hash_mix(st->seed, 0xabcdef) % 7)
			*to = 0;
		else if (w->sectors > 2 && !((x >> 16) % 8))
			*to = (uint32_t)((x >> 24) % (w->sectors + 1));
		break;
	default:
		break;
	}
}

/* ---- a copy that knows its hash, and its way back ---- */
struct copy {
	unsigned char *work, *durable;
	uint64_t hash;      /* of all differences from the first image */
	uint64_t *touched;  /* sectors where work may differ from durable */
	unsigned n_touched, room;
};

static void put_sectors(struct copy *c, const struct log_write *w,
			uint32_t from, uint32_t to, bool durable)
{
	for (uint32_t i = from; i < to; i++) {
		uint64_t s = w->sector + i;
		unsigned char *at = c->work + s * CRASH_SECTOR;
		const unsigned char *data = w->data + (size_t)i * CRASH_SECTOR;

		if (memcmp(at, data, CRASH_SECTOR)) {
			c->hash ^= hash_bytes(s, at, CRASH_SECTOR) ^
				   hash_bytes(s, data, CRASH_SECTOR);
			memcpy(at, data, CRASH_SECTOR);
			if (!durable) {
				if (c->n_touched == c->room) {
					c->room = c->room ? c->room * 2 : 1024;
					c->touched = realloc(c->touched,
							     c->room * 8ul);
					if (!c->touched)
						abort();
				}
				c->touched[c->n_touched++] = s;
			}
		}
		if (durable)
			memcpy(c->durable + s * CRASH_SECTOR, data,
			       CRASH_SECTOR);
	}
}

static void take_back(struct copy *c, uint64_t hash)
{
	while (c->n_touched) {
		uint64_t s = c->touched[--c->n_touched];

		memcpy(c->work + s * CRASH_SECTOR,
		       c->durable + s * CRASH_SECTOR, CRASH_SECTOR);
	}
	c->hash = hash;
}

void state_make(const struct log *l, const struct state *st,
		unsigned char *image)
{
	for (unsigned n = 0; n < l->n_writes; n++) {
		const struct log_write *w = &l->writes[n];
		uint32_t from = 0, to = w->sectors;

		if (w->submitted >= st->t)
			continue;
		if (!log_is_durable(l, n, st->t))
			selected(st, w, n, &from, &to);
		if (from < to)
			memcpy(image + (w->sector + from) * CRASH_SECTOR,
			       w->data + (size_t)from * CRASH_SECTOR,
			       (size_t)(to - from) * CRASH_SECTOR);
	}
}

/* ---- all of them ---- */
struct walk {
	const struct log *l;
	const struct states_options *o;
	struct copy c;
	unsigned *pending; /* writes asked for and not durable, in order */
	unsigned n_pending;
	uint64_t base_hash;
	uint32_t t;
	uint32_t keep; /* of 65536 states, so many are looked at */
	void (*fn)(void *arg, const struct state *st,
		   const unsigned char *image, uint64_t hash);
	void *arg;
};

static void try(struct walk *wk, char kind, uint32_t w, uint32_t k,
		uint32_t seed)
{
	struct state st = { kind, wk->t, w, k, seed };
	uint64_t x = hash_mix(hash_mix(wk->t, w), hash_mix(k, seed + kind));

	if (wk->o->whole_super && (kind == 't' || kind == 'u') &&
	    wk->l->writes[w].sector + k == 3)
		return;
	if (wk->keep < 65536 && kind != 'p' && (x & 65535) >= wk->keep)
		return;
	for (unsigned i = 0; i < wk->n_pending; i++) {
		unsigned n = wk->pending[i];
		uint32_t from, to;

		selected(&st, &wk->l->writes[n], n, &from, &to);
		put_sectors(&wk->c, &wk->l->writes[n], from, to, false);
	}
	wk->fn(wk->arg, &st, wk->c.work, wk->c.hash);
	take_back(&wk->c, wk->base_hash);
}

/* Where write n is torn: at every 4 KiB and at 512 bytes, the first and the
 * last sectors always, and some in between. */
static void try_tears(struct walk *wk, unsigned n)
{
	uint32_t sectors = wk->l->writes[n].sectors, k, step = 8, left;

	while (sectors / step > wk->o->tears / 2 + 1)
		step *= 2;
	for (k = 8; k < sectors; k += step)
		try(wk, 't', n, k, 0);
	for (k = 8; k < sectors; k += step * 2)
		try(wk, 'u', n, k, 0);
	left = wk->o->tears / 2;
	for (k = 1; k < sectors && left; k = k < 3 ? k + 1 : k * 2 + 1) {
		try(wk, 't', n, k, 0);
		try(wk, 'u', n, k, 0);
		left = left < 2 ? 0 : left - 2;
	}
	if (sectors > 2) {
		try(wk, 't', n, sectors - 1, 0);
		k = 1 + (uint32_t)(hash_mix(wk->o->seed, n) % (sectors - 1));
		try(wk, k & 1 ? 't' : 'u', n, k, 0);
	}
}

static void try_subsets(struct walk *wk, unsigned count)
{
	if (wk->n_pending < 2)
		return;
	for (unsigned i = 0; i < count; i++)
		try(wk, 's', 0, 0,
		    (uint32_t)(hash_mix(wk->o->seed,
					wk->t * 1000ull + i) >> 8) & 0xffffff);
}

/* A flush is about to make things durable: the widest choice that there is. */
static void try_before_flush(struct walk *wk)
{
	for (unsigned i = 0; i < wk->n_pending; i++) {
		try(wk, 'd', wk->pending[i], 0, 0);
		if (wk->n_pending > 2)
			try(wk, 'o', wk->pending[i], 0, 0);
		if (i + 1 < wk->n_pending)
			try_tears(wk, wk->pending[i]);
	}
	try_subsets(wk, wk->o->subsets * 4);
}

static bool inside(const struct log_write *a, const struct log_write *b)
{
	return a->sector >= b->sector &&
	       a->sector + a->sectors <= b->sector + b->sectors;
}

static void settle_durable(struct walk *wk)
{
	unsigned left = 0;

	for (unsigned i = 0; i < wk->n_pending; i++) {
		unsigned n = wk->pending[i];
		const struct log_write *w = &wk->l->writes[n];

		if (!log_is_durable(wk->l, n, wk->t)) {
			wk->pending[left++] = n;
			continue;
		}
		put_sectors(&wk->c, w, 0, w->sectors, true);
		/* Older content of the same place has no chance any more
		 * (FUA writes overtake). */
		while (left && inside(&wk->l->writes[wk->pending[left - 1]], w))
			left--;
	}
	wk->n_pending = left;
	wk->base_hash = wk->c.hash;
}

/* How many states a walk would try, about: for the limit. */
static uint64_t estimate(const struct log *l, const struct states_options *o)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < l->n_writes; i++)
		n += 3 + 2 * o->subsets +
		     3ull * (l->writes[i].sectors > 1
				     ? (l->writes[i].sectors < o->tears
						? l->writes[i].sectors
						: o->tears)
				     : 0);
	return n + 1;
}

void states_walk(const struct log *l, const struct states_options *o,
		 unsigned char *work, unsigned char *durable,
		 void (*fn)(void *arg, const struct state *st,
			    const unsigned char *image, uint64_t hash),
		 void *arg)
{
	struct walk wk = { .l = l, .o = o, .keep = 65536, .fn = fn,
			   .arg = arg };
	unsigned w = 0;

	wk.c.work = work;
	wk.c.durable = durable;
	wk.pending = malloc((l->n_writes + 1) * sizeof(unsigned));
	if (!wk.pending)
		abort();
	if (o->limit && estimate(l, o) > o->limit)
		wk.keep = (uint32_t)(65536ull * o->limit / estimate(l, o));
	try(&wk, 'p', 0, 0, 0);
	/* Times between events: t is the number of those that have happened. */
	for (wk.t = 1; wk.t <= l->now; wk.t++) {
		bool flush_next = wk.t == l->now, flushed = false, asked;

		asked = w < l->n_writes && l->writes[w].submitted < wk.t;
		if (asked)
			wk.pending[wk.n_pending++] = w++;
		for (unsigned i = 0; i < l->n_flushes; i++) {
			flush_next |= l->flushes[i].completed == wk.t;
			flushed |= l->flushes[i].completed == wk.t - 1;
		}
		for (unsigned i = 0; i < wk.n_pending; i++)
			flushed |= l->writes[wk.pending[i]].fua &&
				   l->writes[wk.pending[i]].completed ==
					   wk.t - 1;
		if (flushed)
			settle_durable(&wk);
		if (asked || flushed)
			try(&wk, 'p', 0, 0, 0);
		if (o->prefixes_only)
			continue;
		if (asked) {
			try_tears(&wk, w - 1);
			try_subsets(&wk, o->subsets);
		}
		if (flush_next)
			try_before_flush(&wk);
	}
	free(wk.pending);
	free(wk.c.touched);
}
