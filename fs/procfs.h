#pragma once
/*
 * /proc. It knows nothing itself: it serves rows of text that the owners of
 * the data register, a directory for each process with the rows that the
 * kernel registers for processes, and the links cwd, root, exe and fd/N.
 *
 * A row's text is made whole when the file is read from its beginning, so one
 * reading is consistent, and held until the file is closed or read again.
 */
#include <stdarg.h>

#include "fs/vfs.h"

struct fdtable;
struct path;

/* Text that grows. After a failed allocation it stays as it is, and the read
 * fails with -ENOMEM. */
struct proc_text {
	char *buf;
	size_t len, cap;
	int err;
};
void proc_printf(struct proc_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void proc_append(struct proc_text *t, const void *data, size_t n);

/* /proc/NAME. show may sleep; its error ends the read. name: a literal.
 * 0, -ENOMEM. */
int proc_register(const char *name, int (*show)(struct proc_text *t));

/*
 * The same with permissions. The name may be "folder/name", one folder deep.
 * write, or NULL: what one write(2) brought, without a newline at its end; may
 * change the text, and sleep. 0, or the error of that call.
 */
#define PROC_WRITE_MAX 255
int proc_register_file(const char *name, mode_t mode,
		       int (*show)(struct proc_text *t),
		       int (*write)(char *text));

/* /proc/PID/NAME, for every process. show: -ESRCH when it is gone. mode: the
 * permissions, 0444 or 0400. */
int proc_register_pid(const char *name, mode_t mode,
		      int (*show)(struct proc_text *t, int pid));

enum proc_place { PROC_CWD, PROC_ROOT, PROC_EXE };

/* What /proc asks about processes. Any process may end between two calls. */
struct proc_hooks {
	/* The smallest pid >= from that exists, or -1. */
	int (*next_pid)(int from);
	/* The effective owner. 0, -ESRCH. */
	int (*owner)(int pid, uid_t *uid, gid_t *gid);
	/* The place, referenced. -EACCES, -ESRCH, -ENOENT (it has none). */
	int (*place)(int pid, enum proc_place what, struct path *out);
	/* Its descriptors with a reference (fdtable_put). -EACCES: they are not
	 * the caller's to look at. -ENOENT. */
	int (*files)(int pid, struct fdtable **out);
};
void proc_set_hooks(const struct proc_hooks *hooks);

void procfs_init(void);
