/* host-test: -Itools/tests
 *
 * The editor's text beside a text that is copied as a whole for each change:
 * thousands of changes at any places, undone and done again, with memory that
 * is refused now and then, and with so little kept for undoing that the oldest
 * is forgotten.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse; /* each so-many-th request, 0: none */

static void *maybe(void *p, size_t n, size_t each)
{
	if (refuse && rand() % refuse == 0)
		return NULL;
	return reallocarray(p, n, each);
}

#define malloc(n)                maybe(NULL, n, 1)
#define realloc(p, n)            maybe(p, n, 1)
#define reallocarray(p, n, each) maybe(p, n, each)
#define UNDO_MAX                 ((size_t)500)
#include "user/bin/edit/text.c"
#undef malloc
#undef realloc
#undef reallocarray

#define STATES 400

/* The model: what the text was after each group of changes. */
static struct state {
	char *text;
	size_t n;
} states[STATES];
static int at, last, on_disk; /* the state now; the last; the saved one */

#define CHECK(what)                                                            \
	do {                                                                   \
		if (!(what)) {                                                 \
			printf("FAIL line %d: %s\n", __LINE__, #what);         \
			exit(1);                                               \
		}                                                              \
	} while (0)

static struct place place_of(const char *s, size_t offset)
{
	struct place p = { 0, 0 };
	size_t i;

	for (i = 0; i < offset; i++, p.at++)
		if (s[i] == '\n')
			p = (struct place){ p.line + 1, (size_t)-1 };
	return p;
}

/* Is the text what the model says, line by line and written out? */
static void compare(void)
{
	const struct state *s = &states[at];
	struct place end = place_of(s->text, s->n);
	char *copy = malloc(s->n + 1), *p = s->text, *stop;
	size_t i, len;
	FILE *f;

	CHECK(copy);
	CHECK(text_lines() == end.line + 1);
	CHECK(text_size((struct place){ 0, 0 }, end) == s->n);
	text_copy((struct place){ 0, 0 }, end, copy);
	CHECK(!memcmp(copy, s->text, s->n));
	for (i = 0; i < text_lines(); i++, p = stop + 1) {
		const char *got = text_line(i, &len);

		stop = memchr(p, '\n', (size_t)(s->text + s->n - p));
		stop = stop ? stop : s->text + s->n;
		CHECK(len == (size_t)(stop - p) && !memcmp(got, p, len));
	}
	if (rand() % 16 == 0) {
		f = tmpfile();
		CHECK(f && text_write(fileno(f)) == 0);
		rewind(f);
		CHECK(fread(copy, 1, s->n + 1, f) == s->n);
		CHECK(!memcmp(copy, s->text, s->n));
		fclose(f);
	}
	free(copy);
}

static size_t behind; /* what was put in last */
static int joins;     /* the next change belongs to the group of the last one */

static void remember(char *text, size_t n)
{
	int i;

	if (joins) {
		free(states[at].text);
		states[at] = (struct state){ text, n };
		on_disk = on_disk == at ? -1 : on_disk;
		return;
	}

	for (i = at + 1; i <= last; i++)
		free(states[i].text);
	if (on_disk > at)
		on_disk = -1;
	if (at + 1 == STATES) {
		free(states[0].text);
		memmove(states, states + 1, (STATES - 1) * sizeof(*states));
		at--;
		on_disk -= on_disk >= 0;
	}
	states[++at] = (struct state){ text, n };
	last = at;
}

/* Put something in or take something out, in a group of its own or not. */
static void change(void)
{
	static const char letters[] = "ab\n\ncd\xff\n";
	const struct state *s = &states[at];
	size_t from = (size_t)rand() % (s->n + 1), n, i;
	char piece[300], *text;
	struct place end;

	if (joins && rand() % 2)
		from = behind;
	if (!joins)
		text_group(place_of(s->text, from));
	text_touched = no_place;
	if (rand() % 2) {
		n = (size_t)rand() % (rand() % 8 ? 12 : sizeof(piece));
		for (i = 0; i < n; i++)
			piece[i] = letters[(size_t)rand() % 8];
		if (text_insert(place_of(s->text, from), piece, n, &end) < 0)
			return;
		text = malloc(s->n + n + 1);
		CHECK(text);
		memcpy(text, s->text, from);
		memcpy(text + from, piece, n);
		memcpy(text + from + n, s->text + from, s->n - from);
		i = s->n + n;
		behind = from + n;
		CHECK(end.line == place_of(text, from + n).line);
		CHECK(end.at == place_of(text, from + n).at);
	} else {
		n = (size_t)rand() % (s->n - from + 1);
		if (n > 200 && rand() % 8)
			n = 200;
		if (text_delete(place_of(s->text, from),
				place_of(s->text, from + n)) < 0)
			return;
		text = malloc(s->n - n + 1);
		CHECK(text);
		memcpy(text, s->text, from);
		memcpy(text + from, s->text + from + n, s->n - from - n);
		i = s->n - n;
		behind = from;
	}
	if (n) {
		CHECK(!place_before(place_of(text, from), text_touched));
		remember(text, i);
		joins = rand() % 4 == 0;
	} else {
		free(text);
	}
}

static void back_and_forth(void)
{
	/* A part of a group that is done would have no place in the model. */
	int refused = refuse, steps = rand() % (rand() % 4 ? 9 : 200), way,
	    forth = rand() % 2;
	struct place p;

	joins = refuse = 0;
	for (; steps > 0; steps--) {
		way = forth ? text_redo(&p) : text_undo(&p);
		CHECK(way >= 0);
		if (forth) {
			CHECK(way == (at < last));
			at += way;
		} else if (way) {
			CHECK(at > 0);
			at--;
		} else {
			break; /* forgotten: there is only so much */
		}
		CHECK(text_changed() || on_disk == at);
	}
	refuse = refused;
}

int main(void)
{
	int i, round, cases = getenv("CASES") ? atoi(getenv("CASES")) : 30000;
	FILE *f = tmpfile();

	CHECK(f && fputs("one\ntwo\n\nfour", f) >= 0 && fflush(f) == 0);
	rewind(f);
	CHECK(text_read(fileno(f)) == 0);
	states[0] = (struct state){ strdup("one\ntwo\n\nfour"), 13 };
	text_saved();
	for (round = i = 0; i < cases; i++) {
		refuse = i % 3000 < 1500 ? 0 : 5;
		round = rand() % 10;
		if (round < 7)
			change();
		else if (round < 9)
			back_and_forth();
		else if (rand() % 20 == 0) {
			text_saved();
			on_disk = at;
		}
		compare();
		/* What is forgotten may be called changed, never the other way.
		 */
		CHECK(text_changed() || on_disk == at);
		if (on_disk == at && refuse == 0 && i % 3000 < 40)
			CHECK(!text_changed());
	}
	free(block);
	printf("ok\n");
	return 0;
}
