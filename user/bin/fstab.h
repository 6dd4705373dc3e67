/*
 * /etc/fstab and /proc/mounts, whose lines have the same form: for mount, umount,
 * df and init. Blanks in names are written as \040.
 */
#pragma once

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FSTAB  "/etc/fstab"
#define MOUNTS "/proc/mounts"

struct mounting {
	char *source, *folder, *type, *options;
	int line; /* its number */
};

static inline void mounting_unescape(char *s)
{
	char *out = s;
	int i, v;

	while (*s) {
		if (*s == '\\' && s[1] >= '0' && s[1] <= '3') {
			for (i = 1, v = 0; i < 4 && s[i] >= '0' && s[i] <= '7';
			     i++)
				v = v * 8 + s[i] - '0';
			if (i == 4) {
				*out++ = (char)v;
				s += 4;
				continue;
			}
		}
		*out++ = *s++;
	}
	*out = 0;
}

/* The next line that says something; *text is kept between calls, and the
 * fields lie in it. 1, 0 for the end, -1 for a line with less than three
 * fields, of which m has the number. */
static inline int mounting_next(FILE *f, char **text, struct mounting *m)
{
	char *save, **field[] = { &m->source, &m->folder, &m->type,
				  &m->options };
	size_t cap = 0, i;

	free(*text);
	*text = NULL;
	while (getline(text, &cap, f) >= 0) {
		m->line++;
		for (i = 0; i < 4; i++) {
			*field[i] = strtok_r(i ? NULL : *text, " \t\n", &save);
			if (!*field[i])
				break;
			mounting_unescape(*field[i]);
		}
		if (!i || *m->source == '#')
			continue;
		if (i < 3)
			return -1;
		if (i < 4)
			m->options = *text + strlen(*text); /* "" */
		/* "/mnt/" is /mnt. */
		for (i = strlen(m->folder); i > 1 && m->folder[i - 1] == '/';)
			m->folder[--i] = 0;
		return 1;
	}
	return 0;
}

/* All of them, in order; NULL and errno: the file cannot be read. What is wrong
 * in it is told, and counted in *bad. An entry without a folder ends the list. */
static inline struct mounting *mounting_all(const char *path, int *bad)
{
	FILE *f = fopen(path, "re");
	struct mounting *list = NULL, m = { 0 };
	char *text = NULL;
	size_t n = 0;
	int got;

	if (!f)
		return NULL;
	for (;;) {
		list = reallocarray(list, n + 1, sizeof(*list));
		if (!list)
			err(1, NULL);
		got = mounting_next(f, &text, &m);
		if (got < 0) {
			warnx("%s:%d: three fields are wanted: what, where, "
			      "type",
			      path, m.line);
			++*bad;
			continue;
		}
		list[n++] = got ? m : (struct mounting){ 0 };
		if (!got)
			break;
		text = NULL; /* the fields stay there */
	}
	fclose(f);
	return list;
}

static inline int mounting_is_there(const struct mounting *there,
				    const char *folder)
{
	for (; there && there->folder; there++)
		if (!strcmp(there->folder, folder))
			return 1;
	return 0;
}

/* Does the list with commas name it? */
static inline int word_in(const char *list, const char *word)
{
	size_t n = strlen(word), len;

	for (; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len == n && !strncmp(list, word, n))
			return 1;
	}
	return 0;
}
