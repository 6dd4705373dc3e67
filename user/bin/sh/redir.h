/*
 * Redirections. The descriptors that they replace are kept at SHELL_FD and
 * above, closed on exec, and put back afterwards.
 */
#pragma once

#define SHELL_FD 64

struct redir;

struct redir_saved {
	struct redir_saved *next;
	int fd;
	int copy; /* -1: it was closed */
};

/*
 * Expands their targets, which redir_apply then uses: in the shell itself
 * also when a child is to do the rest. Returns 0, or -1 when that failed.
 */
int redir_expand(struct redir *r);
/*
 * Does them in order. saved may be NULL: for good. Returns 0, or -1 after a
 * message; what was done until then is in *saved.
 */
int redir_apply(struct redir *r, struct redir_saved **saved);
void redir_restore(struct redir_saved *saved);
/* Moves a descriptor of the shell's own out of the way; -1 on error. */
int redir_move_up(int fd);
