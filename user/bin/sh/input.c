/*
 * The stack of input sources. See input.h.
 */
#include "user/bin/sh/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/bin/sh/alias.h"
#include "user/bin/sh/edit.h"
#include "user/bin/sh/job.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/prompt.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/trap.h"
#include "user/bin/sh/var.h"

#define READ_BYTES 1024

static struct input *top;
static struct input *ended; /* texts of aliases, up to the next token */
bool input_alias_blank;
bool input_more;

struct input *input_top(void)
{
	return top;
}

static void push(struct input *in, int line)
{
	memset(in, 0, sizeof(*in));
	in->fd = -1;
	in->line = line;
	in->up = top;
	top = in;
}

void input_push_string(struct input *in, const char *s, size_t len, int line)
{
	push(in, line);
	in->p = s;
	in->end = s + len;
}

void input_push_file(struct input *in, int fd, bool shared, bool tty)
{
	push(in, 1);
	in->fd = fd;
	in->shared = shared;
	in->tty = tty;
	in->seekable = shared && lseek(fd, 0, SEEK_CUR) >= 0;
	in->buf_size = tty ? 4096 : READ_BYTES;
	in->buf = mem_heap(NULL, in->buf_size);
	in->p = in->end = in->buf;
}

/*
 * An alias counts as being in use until the token is read that its text ends
 * in, and until those texts are used up that this token was replaced by, so
 * that no word is replaced again and again.
 */
void input_push_alias(struct alias *al)
{
	struct input *in = mem_heap(NULL, sizeof(*in));

	push(in, input_line());
	in->p = al->value;
	in->end = al->value + strlen(al->value);
	in->alias = al;
	al->busy++;
	in->ended = ended;
	ended = NULL;
}

void input_end_aliases(void)
{
	struct input *in;

	while ((in = ended)) {
		ended = in->ended;
		alias_put(in->alias);
		free(in);
	}
}

void input_pop(void)
{
	struct input *in = top, *next;

	top = in->up;
	if (in->fd >= 0) {
		free(in->buf);
		if (!in->shared)
			close(in->fd);
	}
	if (in->alias) {
		const char *end = in->end;

		if (end > in->alias->value &&
		    (end[-1] == ' ' || end[-1] == '\t'))
			input_alias_blank = true;
		if (top)
			top->line = in->line;
		while ((next = in)) {
			/* Those that it stands on end with it. */
			in = next->ended;
			next->ended = ended;
			ended = next;
		}
	}
}

void input_pop_to(struct input *in)
{
	while (top && top != in)
		input_pop();
}

static const char *prompt(void)
{
	const char *ps = var_get(input_more ? "PS2" : "PS1");

	return ps ? prompt_text(ps) : "";
}

/*
 * A line from the terminal, edited where it can be. Returns its bytes, 0 at
 * the end, -1 with errno as read does it.
 */
static ssize_t read_typed(struct input *in)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	enum edit_result r = EDIT_NONE;
	const char *ps;
	ssize_t n = 0;
	size_t len;

	if (!input_more)
		jobs_notify();
	ps = prompt();
	if (edit_wanted())
		r = edit_line(ps, input_more, &in->p, &len);
	switch (r) {
	case EDIT_LINE:
		in->end = in->p + len;
		n = (ssize_t)len;
		break;
	case EDIT_EOF:
		break;
	case EDIT_SIGNAL:
		errno = EINTR;
		n = -1;
		break;
	case EDIT_NONE:
		n = write(2, ps, strlen(ps));
		n = -1;
		errno = EINTR;
		if (!sh.at_prompt || trap_poll(in->fd))
			n = read(in->fd, in->buf, in->buf_size);
		in->p = in->buf;
		in->end = in->buf + (n > 0 ? n : 0);
	}
	arena_release(&cmd_arena, m);
	return n;
}

/* Reads more of a file; false at its end. */
static bool fill(struct input *in)
{
	size_t want = in->buf_size;
	ssize_t n;

	if (in->eof)
		return false;
	if (in->shared && !in->seekable && !in->tty)
		want = 1;
	do {
		if (in->tty) {
			n = read_typed(in);
		} else {
			n = read(in->fd, in->buf, want);
			in->p = in->buf;
			in->end = in->buf + (n > 0 ? n : 0);
		}
		if (n < 0 && errno == EINTR) {
			if (sh.skip)
				return false;
			if (sh.at_prompt && trap_interrupted()) {
				sh.skip = SKIP_INTR;
				return false;
			}
			trap_run_pending();
			if (sh.skip)
				return false;
			continue;
		}
		break;
	} while (1);
	if (n <= 0) {
		/* ^D at a terminal ends this line of input, not all of it. */
		in->eof = !in->tty;
		in->p = in->end = in->buf;
		return false;
	}
	if (in->tty)
		input_more = true;
	if (sh.opt[OPT_VERBOSE])
		write(2, in->p, (size_t)n);
	return true;
}

int input_getc(void)
{
	struct input *in = top;
	int c;

again:
	if (!in)
		return INPUT_EOF;
	if (in->nback) {
		c = (unsigned char)in->back[--in->nback];
	} else {
		if (in->p == in->end) {
			if (in->alias) {
				input_pop();
				in = top;
				goto again;
			}
			if (in->fd < 0 || !fill(in))
				return INPUT_EOF;
		}
		c = (unsigned char)*in->p++;
		if (!c)
			goto again;
	}
	if (c == '\n')
		in->line++;
	return c;
}

void input_ungetc(int c)
{
	if (c == INPUT_EOF || !top)
		return;
	if (c == '\n')
		top->line--;
	top->back[top->nback++] = (char)c;
}

int input_line(void)
{
	return top ? top->line : 0;
}

bool input_at_end(void)
{
	const char *p;
	int i;

	if (!top || top->fd >= 0 || top->alias)
		return false;
	for (i = 0; i < top->nback; i++)
		if (!strchr(" \t\n", top->back[i]))
			return false;
	for (p = top->p; p < top->end; p++)
		if (!*p || !strchr(" \t\n", *p))
			return false;
	return true;
}

void input_sync(void)
{
	long ahead;

	if (!top || top->fd < 0 || !top->seekable)
		return;
	ahead = (top->end - top->p) + top->nback;
	if (!ahead)
		return;
	if (lseek(top->fd, -ahead, SEEK_CUR) < 0)
		return;
	top->p = top->end = top->buf;
	top->nback = 0;
}

void input_discard(void)
{
	if (!top)
		return;
	top->nback = 0;
	if (top->fd >= 0)
		top->p = top->end = top->buf;
}
