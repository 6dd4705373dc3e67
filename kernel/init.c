/*
 * See init.h. The process itself is made in fork.c; here is what its first
 * thread does before it is a program, and what it does again when the program
 * has ended: then the process is kept, with its number and its children, and
 * all that the old program had is replaced.
 */
#include "kernel/init.h"

#include "fs/fdtable.h"
#include "fs/namei.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/wait.h"
#include "kernel/cpu.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/proc.h"
#include "kernel/signal.h"
#include "kernel/string.h"
#include "kernel/thread.h"

static const char *const standard_paths[] = { "/sbin/init", "/bin/init",
					      "/etc/init", "/bin/sh" };

static const char *init_path;
static const char *init_arg;

/* Becomes the program at path; comes back with an error. */
static int init_exec(const char *path)
{
	char strings[256];
	struct exec_args a = { .path = path, .strings = strings };
	size_t len = strlcpy(strings, path, 128) + 1;
	int err;

	if (len > 128)
		return -ENAMETOOLONG;
	a.argc = 1;
	if (init_arg) {
		len += strlcpy(strings + len, init_arg, 32) + 1;
		a.argc = 2;
	}
	len += strlcpy(strings + len, "HOME=/", 16) + 1;
	len += strlcpy(strings + len, "TERM=", 8);
	if (!bootarg("TERM", strings + len, 32))
		strlcpy(strings + len, "vt100", 32);
	len += strlen(strings + len) + 1;
	a.envc = 2;
	a.len = len;
	err = proc_exec(&a);
	if (!err)
		thread_enter_user(current_thread()->tf);
	pr_warn("cannot run %s: error %d\n", path, -err);
	return err;
}

/* Descriptors 0 to 2: not every first program opens them itself. Where there is
 * no such file it has none. */
static void init_open_console(void)
{
	struct file *f;

	if (vfs_open(AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY, 0, &f))
		return;
	for (int i = 0; i < 3; i++) {
		file_get(f);
		if (fd_open(host_files(), f, false) < 0)
			file_put(f);
	}
	file_put(f);
}

static void init_exec_any(void)
{
	init_open_console();
	if (init_path && !init_exec(init_path))
		return;
	for (unsigned i = 0;
	     i < sizeof(standard_paths) / sizeof(standard_paths[0]); i++)
		init_exec(standard_paths[i]);
}

/* Files, directories, signal actions: all as at the very start. */
static int init_renew(struct proc *p)
{
	struct fs_context *fs = fs_context_create(), *old_fs = p->fs;
	struct fdtable *files = fdtable_create(), *old_files = p->files;
	struct sigactions *actions = sigactions_create();
	struct sigactions *old_actions = p->actions;

	if (!fs || !files || !actions)
		return -ENOMEM;
	spin_lock(&proc_tree.lock); /* /proc may be looking */
	p->fs = fs;
	p->files = files;
	spin_lock(&p->sig_lock);
	p->actions = actions;
	p->actions_shared = false;
	spin_unlock(&p->sig_lock);
	spin_unlock(&proc_tree.lock);
	fs_context_put(old_fs);
	fdtable_put(old_files);
	sigactions_put(old_actions);
	return 0;
}

/* With the root in RAM; does not come back. */
static void __attribute__((noreturn)) init_from_ram(void)
{
	if (!vfs_root_to_ram()) {
		if (init_renew(current_proc()))
			boot_stop("no memory to start again with the RAM root");
		pr_warn("going on with the root in RAM\n");
		init_path = NULL;
		init_exec_any();
	}
	boot_stop("there is no program to start with");
}

static void init_main(void *unused)
{
	init_exec_any();
	init_from_ram();
}

int init_start(const char *path, const char *arg)
{
	init_path = path;
	init_arg = arg;
	return proc_start_init(init_main);
}

static void kill_all_others(struct proc *me)
{
	struct proc *p;

	spin_lock(&proc_tree.lock);
	list_for_each_entry (p, &proc_tree.all, all_link)
		if (p != me)
			signal_send_many_locked(p, SIGKILL, NULL);
	spin_unlock(&proc_tree.lock);
}

void init_restart(int status)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;

	if (WIFEXITED(status))
		pr_err("init has ended with status %d\n", WEXITSTATUS(status));
	else
		pr_err("init was killed by signal %d\n", WTERMSIG(status));
	kill_all_others(p);
	spin_lock(&p->sig_lock);
	p->group_exit = false;
	p->group_status = 0;
	spin_unlock(&p->sig_lock);
	signal_flush(p);
	t->sigmask = 0;
	t->exit_code = 0;
	__atomic_store_n(&t->work, 0, __ATOMIC_SEQ_CST);
	init_from_ram();
}
