/*
 * One function for each kind of node. A simple command takes a mark of the
 * arena and gives everything back when it is done, so a loop needs no more
 * memory than one of its turns. See exec.h.
 */
#include "user/bin/sh/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/bin/sh/ast.h"
#include "user/bin/sh/builtin.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/expand.h"
#include "user/bin/sh/job.h"
#include "user/bin/sh/match.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/redir.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/trap.h"
#include "user/bin/sh/var.h"

/* A function: its own arena holds the body; calls keep it alive. */
struct func {
	struct func *next;
	char *name;
	struct arena arena;
	struct node *body;
	int refs;
};

static struct func *functions;

static struct func *func_find(const char *name)
{
	struct func *f;

	for (f = functions; f; f = f->next)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

bool func_exists(const char *name)
{
	return func_find(name);
}

void func_names(struct args *out)
{
	const struct func *f;

	for (f = functions; f; f = f->next)
		args_add(out, f->name);
}

static void func_put(struct func *f)
{
	if (--f->refs)
		return;
	arena_free(&f->arena);
	free(f->name);
	free(f);
}

void func_unset(const char *name)
{
	struct func **at, *f;

	for (at = &functions; (f = *at); at = &f->next)
		if (strcmp(f->name, name) == 0) {
			*at = f->next;
			func_put(f);
			return;
		}
}

static void func_define(const struct node *n)
{
	struct func *f = mem_heap(NULL, sizeof(*f));

	memset(f, 0, sizeof(*f));
	f->name = mem_dup(n->name);
	f->body = node_copy(&f->arena, n->body);
	f->refs = 1;
	func_unset(n->name);
	f->next = functions;
	functions = f;
}

char *exec_find(const char *name, const char *path, int *status)
{
	struct strbuf sb = { 0 };
	struct stat st;
	const char *end;

	*status = 127;
	if (strchr(name, '/')) {
		if (stat(name, &st) < 0) {
			*status = errno == EACCES ? 126 : 127;
			return NULL;
		}
		if (S_ISDIR(st.st_mode)) {
			*status = 126;
			return NULL;
		}
		return arena_dup(&cmd_arena, name, strlen(name));
	}
	if (!path || !*name)
		return NULL;
	for (;; path = end + 1) {
		end = path + strcspn(path, ":");
		sb.len = 0;
		if (end > path) {
			sb_put(&sb, path, (size_t)(end - path));
			sb_putc(&sb, '/');
		}
		sb_puts(&sb, name);
		if (stat(sb_str(&sb), &st) == 0 && S_ISREG(st.st_mode)) {
			if (st.st_mode & 0111)
				return sb.p;
			*status = 126;
		}
		if (!*end)
			return NULL;
	}
}

/* Is it text, so that the shell may read it as a script? */
static bool is_script(const char *path)
{
	char buf[128];
	ssize_t n, i;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf));
	close(fd);
	for (i = 0; i < n && buf[i] != '\n'; i++)
		if (!buf[i])
			return false;
	return n >= 0;
}

int exec_program(const char *path, char **argv)
{
	char **env = var_environ();
	int err;

	execve(path, argv, env);
	err = errno;
	if (err == ENOEXEC && is_script(path)) {
		struct args args = { 0 };

		args_add(&args, "sh");
		args_add(&args, path);
		while (*++argv)
			args_add(&args, *argv);
		execve("/bin/sh", args_end(&args), env);
		err = errno;
	}
	err_print("%s: %s", path, err == ENOENT ? "not found" : strerror(err));
	return err == ENOENT ? 127 : 126;
}

static int not_found(const char *name, int status)
{
	if (status == 126 || !*name)
		err_print("%s: Permission denied", name);
	else
		err_print("%s: not found", name);
	return status;
}

/* With -x: what is going to run. */
static void trace(const struct args *assigns, const struct args *args)
{
	struct strbuf sb = { 0 };
	const char *ps = var_get("PS4");
	const char *sep = "";
	ssize_t n;
	int i;

	if (ps) {
		sh.opt[OPT_XTRACE] = 0;
		sb_puts(&sb, expand_prompt(ps));
		sh.opt[OPT_XTRACE] = 1;
	}
	for (i = 0; i < assigns->n + args->n; i++) {
		sb_puts(&sb, sep);
		sep = " ";
		sb_puts(&sb, i < assigns->n ? assigns->v[i]
					    : args->v[i - assigns->n]);
	}
	sb_putc(&sb, '\n');
	n = write(2, sb.p, sb.len);
	(void)n;
}

/* The text NAME=value of an assignment, its value expanded. */
static char *expand_assignment(struct word *w)
{
	struct part first = *w->parts;
	struct strbuf sb = { 0 };
	size_t len = (size_t)name_len(first.text) + 1;

	sb_put(&sb, first.text, len);
	first.text += len;
	/* A value that goes on in another part is not empty text here. */
	sb_puts(&sb, expand_assign(*first.text || !first.next ? &first
							      : first.next));
	return sb_str(&sb);
}

static int assign(const char *text, int flags)
{
	size_t len = (size_t)name_len(text);

	return var_set_len(text, len, text + len + 1, flags);
}

static bool is_assignment_word(const struct word *w)
{
	const struct part *p = w->parts;
	int n;

	if (!p || p->type != PART_TEXT || p->quoted)
		return false;
	n = name_len(p->text);
	return n && p->text[n] == '=';
}

/*
 * The words of a command. Those of export and its kin that look like
 * assignments are expanded as such: no fields, tilde after "=".
 */
static void expand_command(struct word *w, struct args *args)
{
	const struct builtin *b;
	struct word one;

	if (!w)
		return;
	one = *w;
	one.next = NULL;
	expand_words(&one, args);
	w = w->next;
	while (args->n == 1 && w && !sh.skip) {
		/* "command export x=y" is an export too. */
		if (strcmp(args->v[0], "command") != 0)
			break;
		one = *w;
		one.next = NULL;
		expand_words(&one, args);
		w = w->next;
	}
	b = args->n ? builtin_find(args->v[args->n - 1]) : NULL;
	if (!b || !(b->flags & BUILTIN_ASSIGN)) {
		expand_words(w, args);
		return;
	}
	for (; w && !sh.skip; w = w->next) {
		if (is_assignment_word(w)) {
			args_add(args, expand_assignment(w));
			continue;
		}
		one = *w;
		one.next = NULL;
		expand_words(&one, args);
	}
}

static int run_builtin(const struct builtin *b, struct node *n,
		       struct args *args)
{
	bool special = b->flags & BUILTIN_SPECIAL;
	bool keep = (b->flags & BUILTIN_EXEC) && args->n == 1;
	struct redir_saved *saved = NULL;
	int err, status;

	if (redir_expand(n->redirs) < 0 ||
	    redir_apply(n->redirs, keep ? NULL : &saved) < 0) {
		redir_restore(saved);
		if (special && !sh.skip)
			err_raise(2);
		return 2;
	}
	status = builtin_run(b, args->n, args->v);
	err = out_flush();
	if (err && !sh.skip) {
		err_print("%s: %s", args->v[0], strerror(err));
		status = 1;
	}
	redir_restore(saved);
	return status;
}

static int run_function(struct func *f, struct node *n, struct args *args)
{
	struct redir_saved *saved = NULL;
	struct params params = sh.params;
	int depth = sh.loop_depth, status = 2;
	struct var_scope scope;

	if (redir_expand(n->redirs) < 0 || redir_apply(n->redirs, &saved) < 0 ||
	    sh_enter() < 0) {
		redir_restore(saved);
		return 2;
	}
	var_scope_push(&scope, true);
	memset(&sh.params, 0, sizeof(sh.params));
	sh.params.v = args->v + 1;
	sh.params.n = args->n - 1;
	sh.loop_depth = 0;
	sh.func_depth++;
	f->refs++;
	if (!sh.skip)
		status = exec_node(f->body, false);
	if (sh.skip == SKIP_RETURN) {
		sh.skip = SKIP_NONE;
		status = sh.status;
	}
	func_put(f);
	sh.func_depth--;
	sh.loop_depth = depth;
	params_free(&sh.params);
	sh.params = params;
	var_scope_pop();
	sh_leave();
	redir_restore(saved);
	return status;
}

static int run_program(struct node *n, struct args *args, bool last)
{
	struct redir_saved *saved = NULL;
	struct job *j;
	int status;
	char *file;

	if (redir_expand(n->redirs) < 0)
		return 2;
	file = exec_find(args->v[0], var_get("PATH"), &status);
	if (!file) {
		if (redir_apply(n->redirs, &saved) < 0)
			status = 2;
		else
			not_found(args->v[0], status);
		redir_restore(saved);
		return status;
	}
	if (!last || trap_any()) {
		j = job_new(1, n);
		switch (job_fork(j, FORK_FOREGROUND)) {
		case -1:
			return 2;
		case 0:
			break;
		default:
			return job_wait(j);
		}
	} else {
		trap_before_exec();
	}
	if (redir_apply(n->redirs, NULL) < 0)
		_exit(2);
	_exit(exec_program(file, args->v));
}

int exec_args(int argc, char **argv, const char *path)
{
	const struct builtin *b = builtin_find(argv[0]);
	struct job *j;
	int status;
	char *file;

	if (b)
		return builtin_run(b, argc, argv);
	file = exec_find(argv[0], path ? path : var_get("PATH"), &status);
	if (!file)
		return not_found(argv[0], status);
	out_flush();
	j = job_new(1, NULL);
	switch (job_fork(j, FORK_FOREGROUND)) {
	case -1:
		return 2;
	case 0:
		_exit(exec_program(file, argv));
	}
	return job_wait(j);
}

static int run_assignments(struct node *n)
{
	struct redir_saved *saved = NULL;
	struct args assigns = { 0 }, none = { 0 };
	struct word *w;
	char *text;

	if (redir_expand(n->redirs) < 0 || redir_apply(n->redirs, &saved) < 0) {
		redir_restore(saved);
		return 2;
	}
	for (w = n->assigns; w && !sh.skip; w = w->next) {
		text = expand_assignment(w);
		if (sh.skip || assign(text, 0) < 0)
			break;
		if (sh.opt[OPT_XTRACE])
			args_add(&assigns, text);
	}
	if (sh.opt[OPT_XTRACE] && assigns.n)
		trace(&assigns, &none);
	redir_restore(saved);
	if (sh.skip)
		return sh.status;
	return sh.sub_status >= 0 ? sh.sub_status : 0;
}

/* The assignments before a command, one after the other; and the trace. */
static void assign_before(struct node *n, struct args *args, bool special)
{
	struct args texts = { 0 };
	struct word *w;
	char *text;

	for (w = n->assigns; w && !sh.skip; w = w->next) {
		text = expand_assignment(w);
		if (sh.skip)
			return;
		if (!special)
			var_save(text, (size_t)name_len(text));
		assign(text, special && args->n == 1 ? 0 : VAR_EXPORT);
		args_add(&texts, text);
	}
	if (sh.opt[OPT_XTRACE] && !sh.skip)
		trace(&texts, args);
}

static int exec_simple(struct node *n, bool last)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	struct var_scope scope;
	struct args args = { 0 };
	const struct builtin *b;
	struct func *f;
	bool special;
	int status;

	sh.line = n->line;
	sh.sub_status = -1;
	expand_command(n->words, &args);
	if (sh.skip) {
		status = sh.status;
	} else if (!args.n) {
		status = run_assignments(n);
	} else {
		args_end(&args);
		b = builtin_find(args.v[0]);
		special = b && (b->flags & BUILTIN_SPECIAL);
		f = functions && !special ? func_find(args.v[0]) : NULL;
		/* Before a special builtin, assignments are for good. */
		if (n->assigns && !special)
			var_scope_push(&scope, false);
		assign_before(n, &args, special);
		if (sh.skip)
			status = sh.status;
		else if (f)
			status = run_function(f, n, &args);
		else if (b)
			status = run_builtin(b, n, &args);
		else
			status = run_program(n, &args, last);
		if (n->assigns && !special)
			var_scope_pop();
	}
	arena_release(&cmd_arena, m);
	return status;
}

static int exec_pipe(struct node *n)
{
	struct node *c;
	struct job *j;
	int fds[2] = { -1, -1 }, in = -1, count = 0;
	pid_t pid;

	for (c = n->body; c; c = c->next)
		count++;
	j = job_new(count, n);
	for (c = n->body; c; c = c->next) {
		fds[0] = fds[1] = -1;
		if (c->next && pipe(fds) < 0) {
			err_print("Pipe call failed");
			break;
		}
		pid = job_fork(j, FORK_FOREGROUND);
		if (pid == 0) {
			if (fds[0] >= 0)
				close(fds[0]);
			if (in >= 0) {
				dup2(in, 0);
				close(in);
			}
			if (fds[1] >= 0) {
				dup2(fds[1], 1);
				if (fds[1] != 1)
					close(fds[1]);
			}
			exec_node(c, true);
			sh_exit(sh.status);
		}
		if (in >= 0)
			close(in);
		in = fds[0];
		if (fds[1] >= 0)
			close(fds[1]);
		if (pid < 0)
			break;
	}
	if (c && in >= 0)
		close(in);
	if (c) {
		job_wait(j);
		return 2;
	}
	return job_wait(j);
}

static int exec_background(struct node *n)
{
	struct job *j = job_new(1, n);
	pid_t pid = job_fork(j, FORK_BACKGROUND);

	if (pid < 0)
		return 2;
	if (pid == 0) {
		n->background = false;
		exec_node(n, true);
		sh_exit(sh.status);
	}
	sh.last_bg = pid;
	job_background(j);
	return 0;
}

static int exec_subshell(struct node *n, bool last)
{
	struct job *j;

	if (last && !trap_any()) {
		/* This process is as good as a new one. */
		job_become_child(false);
	} else {
		j = job_new(1, n);
		switch (job_fork(j, FORK_FOREGROUND)) {
		case -1:
			return 2;
		case 0:
			break;
		default:
			return job_wait(j);
		}
	}
	if (redir_expand(n->redirs) < 0 || redir_apply(n->redirs, NULL) < 0)
		sh_exit(2);
	exec_node(n->body, true);
	sh_exit(sh.status);
}

/* In a child: a builtin's output may wait in the buffer of the parent. */
void exec_capture(struct node *n, struct strbuf *out)
{
	char buf[512];
	struct job *j;
	int fds[2];
	ssize_t got;

	if (!n) {
		sh.sub_status = 0;
		return;
	}
	if (pipe(fds) < 0) {
		err_fatal("Pipe call failed");
		return;
	}
	j = job_new(1, NULL);
	switch (job_fork(j, FORK_SUBSTITUTE)) {
	case -1:
		close(fds[0]);
		close(fds[1]);
		return;
	case 0:
		close(fds[0]);
		if (fds[1] != 1) {
			dup2(fds[1], 1);
			close(fds[1]);
		}
		exec_node(n, true);
		sh_exit(sh.status);
	}
	close(fds[1]);
	for (;;) {
		got = read(fds[0], buf, sizeof(buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (memchr(buf, 0, (size_t)got)) {
			ssize_t i, k = 0;

			for (i = 0; i < got; i++)
				if (buf[i])
					buf[k++] = buf[i];
			got = k;
		}
		sb_put(out, buf, (size_t)got);
	}
	close(fds[0]);
	sh.sub_status = job_wait(j);
}

/* After one turn of a loop: is it over? */
static bool loop_over(void)
{
	bool over;

	if (!sh.skip)
		return false;
	if (sh.skip != SKIP_BREAK && sh.skip != SKIP_CONTINUE)
		return true;
	if (--sh.skip_count > 0)
		return true;
	over = sh.skip == SKIP_BREAK;
	sh.skip = SKIP_NONE;
	return over;
}

static int exec_cond(struct node *n)
{
	int status;

	sh.tested++;
	status = exec_node(n, false);
	sh.tested--;
	return status;
}

static int exec_while(struct node *n)
{
	bool want = n->type == NODE_WHILE;
	int status = 0;

	sh.loop_depth++;
	for (;;) {
		bool yes = exec_cond(n->cond) == 0;

		if (sh.skip) {
			status = sh.status;
			if (loop_over())
				break;
			continue;
		}
		if (yes != want)
			break;
		status = exec_node(n->body, false);
		if (loop_over())
			break;
	}
	sh.loop_depth--;
	return status;
}

static int exec_for(struct node *n)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	struct args args = { 0 };
	int i, status = 0;

	sh.line = n->line;
	if (n->has_in) {
		expand_words(n->words, &args);
		if (sh.skip)
			return sh.status;
	} else {
		for (i = 0; i < sh.params.n; i++)
			args_add(&args, arena_dup(&cmd_arena, sh.params.v[i],
						  strlen(sh.params.v[i])));
	}
	sh.loop_depth++;
	for (i = 0; i < args.n; i++) {
		if (var_set(n->name, args.v[i], 0) < 0)
			break;
		status = exec_node(n->body, false);
		if (loop_over())
			break;
	}
	sh.loop_depth--;
	arena_release(&cmd_arena, m);
	return status;
}

static int exec_case(struct node *n, bool last)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	struct case_item *it;
	struct word *w = NULL;
	int status = 0;
	size_t len;
	char *s;

	sh.line = n->line;
	s = expand_string(n->words->parts);
	len = strlen(s);
	for (it = n->items; it && !w; it = it->next)
		for (w = it->patterns; w && !sh.skip; w = w->next)
			if (match(expand_pattern(w->parts), s, len))
				goto found;
found:
	arena_release(&cmd_arena, m);
	while (it && !sh.skip) {
		status = it->body ? exec_node(it->body, last && !it->fall) : 0;
		if (!it->fall)
			break;
		it = it->next;
	}
	return sh.skip ? sh.status : status;
}

static int exec_if(struct node *n, bool last)
{
	while (n && n->type == NODE_IF && n->cond) {
		bool yes = exec_cond(n->cond) == 0;

		if (sh.skip)
			return sh.status;
		if (yes)
			return exec_node(n->body, last);
		if (!n->other || n->other->type != NODE_IF || n->other->redirs)
			break;
		n = n->other;
	}
	return n->other ? exec_node(n->other, last) : 0;
}

static int exec_list(struct node *n, bool last)
{
	struct node *c;
	int status = 0;

	for (c = n->body; c && !sh.skip; c = c->next) {
		if (c->background)
			status = sh.status = exec_background(c);
		else
			status = exec_node(c, last && !c->next);
	}
	return status;
}

static int exec_andor(struct node *n, bool last)
{
	struct node *c;
	int status = 0;

	for (c = n->body; c && !sh.skip; c = c->next) {
		if (c != n->body && c->or_else == (status == 0))
			continue;
		if (c->next)
			status = exec_cond(c);
		else
			status = exec_node(c, last);
	}
	return status;
}

static int exec_kind(struct node *n, bool last)
{
	int status;

	switch (n->type) {
	case NODE_CMD:
		return exec_simple(n, last);
	case NODE_LIST:
		return exec_list(n, last);
	case NODE_ANDOR:
		return exec_andor(n, last);
	case NODE_PIPE:
		return exec_pipe(n);
	case NODE_NOT:
		status = exec_cond(n->body);
		return sh.skip ? sh.status : !status;
	case NODE_SUBSHELL:
		return exec_subshell(n, last);
	case NODE_GROUP:
		return exec_node(n->body, last);
	case NODE_IF:
		return exec_if(n, last);
	case NODE_WHILE:
	case NODE_UNTIL:
		return exec_while(n);
	case NODE_FOR:
		return exec_for(n);
	case NODE_CASE:
		return exec_case(n, last);
	case NODE_FUNC:
		func_define(n);
		return 0;
	}
	return 0;
}

int exec_node(struct node *n, bool last)
{
	struct redir_saved *saved = NULL;
	struct arena_mark m;
	bool redirs, failed = false;
	int status;

	if (sh.skip)
		return sh.status;
	if (trap_pending) {
		trap_run_pending();
		if (sh.skip)
			return sh.status;
	}
	if (sh.opt[OPT_NOEXEC] && !sh.at_prompt)
		return sh.status;
	redirs = n->redirs && n->type != NODE_CMD && n->type != NODE_SUBSHELL;
	if (redirs) {
		m = arena_mark(&cmd_arena);
		sh.line = n->line;
		if (redir_expand(n->redirs) < 0 ||
		    redir_apply(n->redirs, &saved) < 0)
			failed = true;
		status = failed ? 2 : exec_kind(n, false);
		redir_restore(saved);
		arena_release(&cmd_arena, m);
	} else {
		status = exec_kind(n, last);
	}
	if (sh.skip == SKIP_NONE || sh.skip == SKIP_BREAK ||
	    sh.skip == SKIP_CONTINUE)
		sh.status = status;
	else
		status = sh.status;
	if (status && sh.opt[OPT_ERREXIT] && !sh.tested && !sh.skip &&
	    (n->type == NODE_CMD || n->type == NODE_PIPE ||
	     n->type == NODE_SUBSHELL || failed))
		sh_exit(status);
	if (trap_pending)
		trap_run_pending();
	return sh.status;
}
