/*
 * A small hash table of "NAME=value" texts. See var.h.
 *
 * PWD deserves a note: a PWD from the environment may be wrong, and to find
 * out costs two calls, so it is checked when somebody asks for it and not
 * when the shell starts.
 */
#include "user/bin/sh/var.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/bin/sh/chars.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/sh.h"

#define BUCKETS 32

/* Inner flags: no value, the text is not from the heap, not checked yet. */
#define VAR_UNSET  4
#define VAR_STATIC 8
#define VAR_UNSURE 16

struct var {
	struct var *next;
	char *text;
	unsigned short flags;
	unsigned short len; /* of the name */
};

struct var_saved {
	struct var_saved *next;
	char *name;
	char *text;
	unsigned short flags;
	bool existed;
};

static struct var *buckets[BUCKETS];
static struct var_scope *scope;

static char ifs_text[] = "IFS= \t\n";
static char optind_text[] = "OPTIND=1";
static char path_text[] = "PATH=/sbin:/bin:/usr/sbin:/usr/bin";
static char ps1_text[] = "PS1=\\?\\w \\$ ";
static char ps2_text[] = "PS2=> ";
static char ps4_text[] = "PS4=+ ";

static struct var preset[] = {
	{ NULL, ifs_text, VAR_STATIC, 3 },
	{ NULL, optind_text, VAR_STATIC, 6 },
	{ NULL, path_text, VAR_STATIC, 4 },
	{ NULL, ps1_text, VAR_STATIC, 3 },
	{ NULL, ps2_text, VAR_STATIC, 3 },
	{ NULL, ps4_text, VAR_STATIC, 3 },
};

static struct var **bucket(const char *name, size_t len)
{
	/* First, middle and last letter tell names apart well enough. */
	unsigned int h = (unsigned char)name[0] * 3u +
			 (unsigned char)name[len / 2] * 5u +
			 (unsigned char)name[len - 1] + (unsigned int)len;

	return &buckets[h % BUCKETS];
}

static struct var *find(const char *name, size_t len)
{
	struct var *v;

	for (v = *bucket(name, len); v; v = v->next)
		if (v->len == len && memcmp(v->text, name, len) == 0)
			return v;
	return NULL;
}

static void link_var(struct var *v)
{
	struct var **b = bucket(v->text, v->len);

	v->next = *b;
	*b = v;
}

void var_init(char **environ)
{
	struct var *v;
	size_t n = 0, i;
	int len;

	while (environ[n])
		n++;
	for (i = 0; i < sizeof(preset) / sizeof(*preset); i++)
		link_var(&preset[i]);
	if (!n)
		return;
	v = mem_heap(NULL, n * sizeof(*v));
	for (i = 0; i < n; i++) {
		char *text = environ[i];
		struct var *old;

		len = name_len(text);
		if (!len || text[len] != '=' || len > 60000)
			continue;
		/* A field separator from outside would change scripts. */
		if (len == 3 && memcmp(text, "IFS", 3) == 0)
			continue;
		old = find(text, (size_t)len);
		if (!old) {
			old = v++;
			old->text = text;
			old->len = (unsigned short)len;
			link_var(old);
		}
		old->text = text;
		old->flags = VAR_EXPORT | VAR_STATIC;
		if (len == 3 && memcmp(text, "PWD", 3) == 0)
			old->flags |= VAR_UNSURE;
	}
}

/* Makes PWD the working directory's name if it is not one already. */
static void check_pwd(struct var *v)
{
	const char *dir = v->text + v->len + 1;
	struct stat a, b;
	char *buf;

	v->flags &= (unsigned short)~VAR_UNSURE;
	if (dir[0] == '/' && stat(dir, &a) == 0 && stat(".", &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		return;
	buf = mem_heap(NULL, 4096);
	if (getcwd(buf, 4096))
		var_set("PWD", buf, VAR_EXPORT);
	free(buf);
}

static const char *init_pwd(void)
{
	struct var *v;
	char *buf;

	buf = mem_heap(NULL, 4096);
	if (getcwd(buf, 4096))
		var_set("PWD", buf, 0);
	free(buf);
	v = find("PWD", 3);
	return v ? v->text + 4 : NULL;
}

const char *var_get(const char *name)
{
	static char number[24];
	size_t len = strlen(name);
	struct var *v = len ? find(name, len) : NULL;

	if (!v) {
		if (strcmp(name, "LINENO") == 0)
			return num_text(number, sh.line);
		if (strcmp(name, "PPID") == 0)
			return num_text(number, getppid());
		if (strcmp(name, "PWD") == 0)
			return init_pwd();
		return NULL;
	}
	if (v->flags & VAR_UNSET)
		return NULL;
	if (v->flags & VAR_UNSURE) {
		check_pwd(v);
		return var_get(name);
	}
	return v->text + len + 1;
}

const char *var_pwd(void)
{
	const char *dir = var_get("PWD");

	return dir ? dir : init_pwd();
}

bool var_exists(const char *name)
{
	struct var *v = *name ? find(name, strlen(name)) : NULL;

	return v && !(v->flags & VAR_UNSET);
}

bool var_read_only(const char *name)
{
	struct var *v = find(name, strlen(name));

	return v && v->flags & VAR_READONLY;
}

void var_unexport(const char *name, size_t len)
{
	struct var *v = find(name, len);

	if (v)
		v->flags &= (unsigned short)~VAR_EXPORT;
}

static void set_text(struct var *v, char *text, int flags)
{
	if (!(v->flags & VAR_STATIC))
		free(v->text);
	v->text = text;
	v->flags = (unsigned short)((v->flags & (VAR_EXPORT | VAR_READONLY)) |
				    flags);
}

int var_set_len(const char *name, size_t len, const char *value, int flags)
{
	struct var *v = find(name, len);
	size_t vlen;
	char *text;

	if (v && (v->flags & VAR_READONLY) && value) {
		sh.line = sh.line ? sh.line : 1;
		text = arena_dup(&cmd_arena, name, len);
		err_fatal("%s: is read only", text);
		return -1;
	}
	if (!v) {
		v = mem_heap(NULL, sizeof(*v));
		v->flags = VAR_UNSET;
		v->len = (unsigned short)len;
		v->text = mem_heap(NULL, len + 1);
		memcpy(v->text, name, len);
		v->text[len] = '\0';
		link_var(v);
	}
	v->flags |= (unsigned short)flags;
	if (!value)
		return 0;
	if (sh.opt[OPT_ALLEXPORT])
		v->flags |= VAR_EXPORT;
	vlen = strlen(value);
	text = mem_heap(NULL, len + vlen + 2);
	memcpy(text, name, len);
	text[len] = '=';
	memcpy(text + len + 1, value, vlen + 1);
	set_text(v, text, 0);
	if (len == 6 && memcmp(name, "OPTIND", 6) == 0)
		sh.params.optoff = 0;
	return 0;
}

int var_set(const char *name, const char *value, int flags)
{
	return var_set_len(name, strlen(name), value, flags);
}

int var_unset(const char *name)
{
	size_t len = strlen(name);
	struct var *v = find(name, len);
	char *text;

	if (!v)
		return 0;
	if (v->flags & VAR_READONLY) {
		err_fatal("unset: %s: is read only", name);
		return -1;
	}
	text = mem_heap(NULL, len + 1);
	memcpy(text, name, len + 1);
	set_text(v, text, VAR_UNSET);
	v->flags = VAR_UNSET;
	return 0;
}

char **var_environ(void)
{
	struct args env = { 0 };
	struct var *v;
	int i;

	for (i = 0; i < BUCKETS; i++)
		for (v = buckets[i]; v; v = v->next)
			if ((v->flags & (VAR_EXPORT | VAR_UNSET)) == VAR_EXPORT)
				args_add(&env, v->text);
	return args_end(&env);
}

void var_names(struct args *out)
{
	const struct var *v;
	int i;

	for (i = 0; i < BUCKETS; i++)
		for (v = buckets[i]; v; v = v->next)
			if (!(v->flags & VAR_UNSET))
				args_add(out, arena_dup(&cmd_arena, v->text,
							v->len));
}

static int compare(const void *a, const void *b)
{
	const struct var *const *x = a, *const *y = b;

	return strcmp((*x)->text, (*y)->text);
}

void var_print(int flags, const char *prefix)
{
	struct var *v, **list;
	size_t n = 0, i;

	for (i = 0; i < BUCKETS; i++)
		for (v = buckets[i]; v; v = v->next)
			n++;
	list = arena_alloc(&cmd_arena, n * sizeof(v));
	for (n = i = 0; i < BUCKETS; i++)
		for (v = buckets[i]; v; v = v->next)
			if (flags ? v->flags & flags : !(v->flags & VAR_UNSET))
				list[n++] = v;
	qsort(list, n, sizeof(*list), compare);
	for (i = 0; i < n; i++) {
		v = list[i];
		out_puts(prefix);
		out_put(v->text, v->len);
		if (!(v->flags & VAR_UNSET)) {
			out_putc('=');
			out_quoted(v->text + v->len + 1);
		}
		out_putc('\n');
	}
}

void var_scope_push(struct var_scope *s, bool function)
{
	s->function = function;
	s->options = NULL;
	s->saved = NULL;
	s->up = scope;
	scope = s;
}

static void save_in(struct var_scope *sc, const char *name, size_t len)
{
	struct var_saved *s;
	struct var *v;

	for (s = sc->saved; s; s = s->next)
		if (strncmp(s->name, name, len) == 0 && !s->name[len])
			return;
	s = mem_heap(NULL, sizeof(*s));
	s->name = mem_heap(NULL, len + 1);
	memcpy(s->name, name, len);
	s->name[len] = '\0';
	v = find(name, len);
	s->existed = v;
	if (v) {
		/* The text moves into the scope; the variable gets a copy. */
		s->text = v->text;
		s->flags = v->flags;
		v->text = mem_dup(s->text);
		v->flags &= (unsigned short)~(VAR_STATIC | VAR_UNSURE);
	}
	s->next = sc->saved;
	sc->saved = s;
}

void var_save(const char *name, size_t len)
{
	save_in(scope, name, len);
}

static struct var_scope *function_scope(void)
{
	struct var_scope *sc = scope;

	while (sc && !sc->function)
		sc = sc->up;
	return sc;
}

void var_save_local(const char *name, size_t len)
{
	struct var_scope *sc = function_scope();

	if (sc)
		save_in(sc, name, len);
}

void var_save_options(void)
{
	struct var_scope *sc = function_scope();

	if (!sc || sc->options)
		return;
	sc->options = mem_heap(NULL, sizeof(sh.opt));
	memcpy(sc->options, sh.opt, sizeof(sh.opt));
}

static void restore_options(char *options)
{
	/* These are more than a flag. */
	options[OPT_MONITOR] = sh.opt[OPT_MONITOR];
	options[OPT_INTERACTIVE] = sh.opt[OPT_INTERACTIVE];
	memcpy(sh.opt, options, sizeof(sh.opt));
	free(options);
}

void var_scope_pop(void)
{
	struct var_saved *s;
	struct var *v;

	while ((s = scope->saved)) {
		scope->saved = s->next;
		v = find(s->name, strlen(s->name));
		if (v && s->existed) {
			if (!(v->flags & VAR_STATIC))
				free(v->text);
			v->text = s->text;
			v->flags = s->flags;
		} else if (v) {
			v->flags = 0;
			var_unset(s->name);
		}
		free(s->name);
		free(s);
	}
	if (scope->options)
		restore_options(scope->options);
	scope = scope->up;
}
