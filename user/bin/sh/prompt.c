/*
 * See prompt.h. What an escape stands for comes out quoted, so that a
 * directory with a strange name is shown and not run.
 */
#include "user/bin/sh/prompt.h"

#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "user/bin/sh/expand.h"
#include "user/bin/sh/hist.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/var.h"

static void put(struct strbuf *sb, const char *s, size_t n)
{
	for (; n; n--, s++) {
		if (*s == '$' || *s == '`' || *s == '\\')
			sb_putc(sb, '\\');
		/* A name may hold what would move the cursor. */
		sb_putc(sb, (unsigned char)*s < ' ' || *s == 127 ? '?' : *s);
	}
}

static void put_directory(struct strbuf *sb, bool last)
{
	const char *dir = var_pwd(), *home = var_get("HOME");
	size_t n = home ? strlen(home) : 0;

	if (!dir)
		dir = "?";
	if (n > 1 && strncmp(dir, home, n) == 0 && (!dir[n] || dir[n] == '/')) {
		dir += n;
		if (!last || !*dir)
			sb_putc(sb, '~');
	}
	if (last && strrchr(dir, '/') && strrchr(dir, '/')[1])
		dir = strrchr(dir, '/') + 1;
	put(sb, dir, strlen(dir));
}

static void put_host(struct strbuf *sb, bool whole)
{
	struct utsname u;

	if (uname(&u) == 0)
		put(sb, u.nodename,
		    whole ? strlen(u.nodename) : strcspn(u.nodename, "."));
}

static void put_user(struct strbuf *sb)
{
	const char *name = var_get("USER");

	if (name)
		put(sb, name, strlen(name));
	else
		sb_putnum(sb, (long)geteuid());
}

static void put_time(struct strbuf *sb)
{
	long now = (long)(time(NULL) % 86400);
	long part[] = { now / 3600, now / 60 % 60, now % 60 };
	int i;

	for (i = 0; i < 3; i++) {
		if (i)
			sb_putc(sb, ':');
		sb_putc(sb, (int)('0' + part[i] / 10));
		sb_putc(sb, (int)('0' + part[i] % 10));
	}
}

/* What \c stands for; false when it is none of ours. */
static bool put_escape(struct strbuf *sb, int c)
{
	switch (c) {
	case 'w':
	case 'W':
		put_directory(sb, c == 'W');
		return true;
	case '?':
		if (sh.status) {
			sb_putc(sb, '[');
			sb_putnum(sb, sh.status);
			sb_puts(sb, "] ");
		}
		return true;
	case '$':
		sb_puts(sb, geteuid() == 0 ? "#" : "\\$");
		return true;
	case 'u':
		put_user(sb);
		return true;
	case 'h':
	case 'H':
		put_host(sb, c == 'H');
		return true;
	case 't':
		put_time(sb);
		return true;
	case '!':
		sb_putnum(sb, hist_next());
		return true;
	case 's':
		put(sb, sh.name, strlen(sh.name));
		return true;
	case 'n':
		sb_putc(sb, '\n');
		return true;
	case 'r':
		sb_putc(sb, '\r');
		return true;
	case 'e':
		sb_putc(sb, 033);
		return true;
	case 'a':
		sb_putc(sb, '\a');
		return true;
	case '\\':
		sb_puts(sb, "\\\\");
		return true;
	case '[':
	case ']':
		return true;
	}
	return false;
}

const char *prompt_text(const char *ps)
{
	struct strbuf sb = { 0 };
	int n, i;

	for (; *ps; ps++) {
		if (*ps != '\\' || !ps[1]) {
			sb_putc(&sb, *ps);
			continue;
		}
		ps++;
		if (*ps >= '0' && *ps <= '7') {
			n = *ps - '0';
			for (i = 1; i < 3 && ps[1] >= '0' && ps[1] <= '7'; i++)
				n = n * 8 + *++ps - '0';
			if (n)
				sb_putc(&sb, n & 255);
		} else if (!put_escape(&sb, *ps)) {
			sb_putc(&sb, '\\');
			sb_putc(&sb, *ps);
		}
	}
	return expand_prompt(sb_str(&sb));
}
