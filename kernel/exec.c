/*
 * Running a program: reads the ELF file (or the interpreter line of a
 * script), builds the new address space beside the old one, and only when
 * nothing can fail any more lets the old one go. A file that is damaged gives
 * -ENOEXEC; what goes wrong after the point of no return kills the process.
 *
 * The stack as a program finds it, from its sp upwards: argc, the argv
 * pointers, NULL, the envp pointers, NULL, the auxiliary vector, padding, 16
 * random bytes, the strings.
 */
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/vfs.h"
#include "kernel/abi/elf.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/random.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/proc.h"
#include "kernel/ptrace.h"
#include "kernel/riscv.h"
#include "kernel/signal.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/users.h"

#define MAX_PHDRS      64
#define MAX_SCRIPTS    4
#define STRINGS_MAX    (2u << 20) /* arguments and environment */
#define STRING_MAX     (128u << 10) /* one of them */
#define PIE_BASE       0x10000000ull
#define INTERP_BASE    0x2000000000ull
#define STACK_TOP      (USER_TOP - PAGE_SIZE)
#define STACK_RESERVE  (8ull << 20)
#define STACK_MOST     (1ull << 30)

struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[MAX_PHDRS];
	struct file *file;
	uint64_t bias;      /* added to every address of the file */
	uint64_t phdr_addr; /* where the program finds its headers, or 0 */
	uint64_t end;       /* first byte behind the last segment */
	uint64_t entry;
	struct cred cred;   /* whose the process will be */
};

/* Reads and judges the headers. */
static int read_headers(struct image *im)
{
	const Elf64_Ehdr *eh = &im->eh;
	ssize_t n = file_read_kernel(im->file, &im->eh, sizeof(im->eh), 0);
	size_t size;

	if (n < 0)
		return (int)n;
	if (n != sizeof(im->eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh->e_machine != EM_RISCV ||
	    (eh->e_type != ET_EXEC && eh->e_type != ET_DYN) ||
	    eh->e_phentsize != sizeof(Elf64_Phdr) || !eh->e_phnum ||
	    eh->e_phnum > MAX_PHDRS)
		return -ENOEXEC;
	size = eh->e_phnum * sizeof(Elf64_Phdr);
	if (eh->e_phoff > INT64_MAX - size)
		return -ENOEXEC;
	n = file_read_kernel(im->file, im->ph, size, (off_t)eh->e_phoff);
	if (n < 0)
		return (int)n;
	return (size_t)n == size ? 0 : -ENOEXEC;
}

/* Is a PT_LOAD header sane? Addresses before the bias. */
static bool segment_ok(const Elf64_Phdr *ph)
{
	return ph->p_filesz <= ph->p_memsz && ph->p_memsz < USER_TOP &&
	       ph->p_vaddr < USER_TOP - ph->p_memsz &&
	       ph->p_offset <= INT64_MAX - ph->p_filesz &&
	       (ph->p_vaddr & PAGE_MASK) == (ph->p_offset & PAGE_MASK);
}

static unsigned segment_flags(const Elf64_Phdr *ph)
{
	return (ph->p_flags & PF_R ? VM_READ : 0) |
	       (ph->p_flags & PF_W ? VM_WRITE | VM_READ : 0) |
	       (ph->p_flags & PF_X ? VM_EXEC : 0);
}

/* File pages, the zeroed rest of the last one, then anonymous pages. */
static int map_segment(struct vmspace *vs, struct image *im,
		       const Elf64_Phdr *ph)
{
	uint64_t start = (ph->p_vaddr + im->bias) & ~PAGE_MASK;
	uint64_t skew = ph->p_vaddr & PAGE_MASK;
	uint64_t file_len = round_up(skew + ph->p_filesz, PAGE_SIZE);
	uint64_t mem_len = round_up(skew + ph->p_memsz, PAGE_SIZE);
	unsigned flags = segment_flags(ph);
	int err = 0;

	if (!ph->p_filesz)
		file_len = 0;
	if (start + mem_len > USER_TOP || start + mem_len < start)
		return -ENOEXEC;
	if (file_len)
		err = vmspace_map(vs, start, file_len, flags, true, im->file,
				  ph->p_offset >> PAGE_SHIFT,
				  ph->p_memsz > ph->p_filesz ?
					  skew + ph->p_filesz : 0,
				  NULL);
	if (!err && mem_len > file_len)
		err = vmspace_map(vs, start + file_len, mem_len - file_len,
				  flags, true, NULL, 0, 0, NULL);
	return err;
}

/* Maps all of a file at im->bias. */
static int map_image(struct vmspace *vs, struct image *im)
{
	bool any = false;

	for (unsigned i = 0; i < im->eh.e_phnum; i++) {
		const Elf64_Phdr *ph = &im->ph[i];
		uint64_t end = ph->p_vaddr + ph->p_memsz + im->bias;
		int err;

		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		if (!segment_ok(ph))
			return -ENOEXEC;
		err = map_segment(vs, im, ph);
		if (err)
			return err;
		any = true;
		if (end > im->end)
			im->end = end;
		if (ph->p_offset <= im->eh.e_phoff &&
		    im->eh.e_phoff - ph->p_offset < ph->p_filesz)
			im->phdr_addr = im->bias + ph->p_vaddr +
					(im->eh.e_phoff - ph->p_offset);
	}
	im->entry = im->eh.e_entry + im->bias;
	return any && im->entry < USER_TOP ? 0 : -ENOEXEC;
}

/* The dynamic linker that the program asks for; *out NULL if it asks none. */
static int open_interpreter(struct image *im, struct file **out)
{
	char path[256];
	const Elf64_Phdr *ph = im->ph, *end = im->ph + im->eh.e_phnum;
	ssize_t n;

	*out = NULL;
	while (ph < end && ph->p_type != PT_INTERP)
		ph++;
	if (ph == end)
		return 0;
	if (ph->p_filesz < 2 || ph->p_filesz > sizeof(path) ||
	    ph->p_offset > INT64_MAX - sizeof(path))
		return -ENOEXEC;
	n = file_read_kernel(im->file, path, ph->p_filesz,
			     (off_t)ph->p_offset);
	if (n < 0)
		return (int)n;
	if ((size_t)n != ph->p_filesz || path[n - 1] != '\0')
		return -ENOEXEC;
	return file_open_exec(AT_FDCWD, path, 0, out);
}

/* Puts the interpreter of a script and its argument before argv[1...]. */
static int script_args(struct exec_args *a, const char *line, size_t n,
		       char *interp, size_t interp_size)
{
	const char *p = line + 2, *end = line + n, *name, *name_end, *arg;
	size_t name_len, arg_len, path_len = strlen(a->path);
	size_t skip = a->argc ? strlen(a->strings) + 1 : 0, need;
	char *s;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	name = p;
	while (p < end && *p != ' ' && *p != '\t')
		p++;
	name_end = p;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	arg = p;
	while (end > arg && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	name_len = (size_t)(name_end - name);
	arg_len = (size_t)(end - arg);
	if (!name_len || name_len >= interp_size)
		return -ENOEXEC;
	/* interp [arg] path rest... */
	need = name_len + 1 + (arg_len ? arg_len + 1 : 0) + path_len + 1;
	if (a->len - skip + need > STRINGS_MAX)
		return -E2BIG;
	s = kmalloc(a->len - skip + need, GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	/* The path may lie in interp, where an outer script has put it. */
	memcpy(s + need - path_len - 1, a->path, path_len + 1);
	memcpy(interp, name, name_len);
	interp[name_len] = '\0';
	memcpy(s, interp, name_len + 1);
	if (arg_len) {
		memcpy(s + name_len + 1, arg, arg_len);
		s[name_len + 1 + arg_len] = '\0';
	}
	memcpy(s + need, a->strings + skip, a->len - skip);
	if (a->size)
		kfree(a->strings);
	a->strings = s;
	a->size = a->len = a->len - skip + need;
	a->argc += (a->argc ? 0 : 1) + (arg_len ? 2 : 1);
	return 0;
}

/* Opens what is to run, through interpreter lines. interp: room for a path,
 * which a->path points to afterwards. */
static int open_program(struct exec_args *a, char *interp, size_t interp_size,
			struct file **out)
{
	char line[256];

	for (int depth = 0; depth <= MAX_SCRIPTS; depth++) {
		char *nl;
		ssize_t n;
		int err = file_open_exec(AT_FDCWD, a->path, 0, out);

		if (err)
			return err;
		n = file_read_kernel(*out, line, sizeof(line), 0);
		if (n >= 2 && line[0] == '#' && line[1] == '!') {
			nl = memchr(line, '\n', (size_t)n);
			file_put(*out);
			if (!nl && n == sizeof(line))
				return -ENOEXEC;
			if (nl)
				n = nl - line;
			err = script_args(a, line, (size_t)n, interp,
					  interp_size);
			if (err)
				return err;
			a->path = interp;
			continue;
		}
		if (n < 0)
			file_put(*out);
		return n < 0 ? (int)n : 0;
	}
	return -ELOOP;
}

/* Whose the process is when it runs the file: set-user-ID, set-group-ID, if it
 * may get new rights. What was saved before goes in any case. With the inode's
 * lock, or the bits would be those of before a chown and the owner that of
 * after. */
static void cred_for(const struct file *f, bool may_gain, struct cred *c)
{
	struct inode *ip = f->inode;

	*c = *host_cred();
	if (may_gain && !(f->mnt && f->mnt->flags & MS_NOSUID) &&
	    !current_proc()->no_new_privs) {
		rwsem_read_lock(&ip->lock);
		if (ip->mode & S_ISUID)
			c->euid = ip->uid;
		if (ip->mode & S_ISGID && ip->mode & S_IXGRP)
			c->egid = ip->gid;
		rwsem_read_unlock(&ip->lock);
	}
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
}

/* Has the program rights that the process's user has not? */
static bool is_set_id(const struct cred *c)
{
	return c->uid != c->euid || c->gid != c->egid;
}

struct auxv {
	uint64_t type, value;
};

/* Fills the new stack. *sp is where the program starts. */
static int build_stack(struct vmspace *vs, const struct exec_args *a,
		       const struct image *im, uint64_t interp_base,
		       uint64_t *sp)
{
	const struct cred *c = &im->cred;
	uint64_t strings = (STACK_TOP - 8 - a->len) & ~15ull;
	uint64_t random = strings - 16, execfn = strings;
	struct auxv aux[] = {
		{ AT_PHDR, im->phdr_addr },
		{ AT_PHENT, sizeof(Elf64_Phdr) },
		{ AT_PHNUM, im->eh.e_phnum },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_BASE, interp_base },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, im->entry },
		{ AT_UID, c->uid },
		{ AT_EUID, c->euid },
		{ AT_GID, c->gid },
		{ AT_EGID, c->egid },
		{ AT_HWCAP, cpu_hwcap },
		{ AT_CLKTCK, 100 },
		{ AT_SECURE, is_set_id(c) },
		{ AT_RANDOM, random },
		{ AT_EXECFN, execfn },
		{ AT_NULL, 0 },
	};
	unsigned count = a->argc + a->envc;
	size_t words = 1 + count + 2 + sizeof(aux) / 8, i = 0;
	uint64_t base = (random - words * 8) & ~15ull;
	uint64_t *v, at = strings;
	const char *s = a->strings;
	uint8_t bytes[16];
	int err;

	v = kmalloc(words * 8, GFP_KERNEL);
	if (!v)
		return -ENOMEM;
	v[i++] = a->argc;
	for (unsigned n = 0; n < count; n++) {
		size_t len = strlen(s) + 1;

		if (n == a->argc)
			v[i++] = 0;
		v[i++] = at;
		at += len;
		s += len;
	}
	if (!a->envc)
		v[i++] = 0;
	v[i++] = 0;
	memcpy(&v[i], aux, sizeof(aux));
	random_bytes(bytes, sizeof(bytes));
	err = vmspace_write(vs, strings, a->strings, a->len);
	if (!err)
		err = vmspace_write(vs, random, bytes, sizeof(bytes));
	if (!err)
		err = vmspace_write(vs, base, v, words * 8);
	kfree(v);
	vs->arg_start = strings;
	vs->env_end = strings + a->len;
	vs->arg_end = vs->env_start = strings + (a->envc ? 0 : a->len);
	*sp = base;
	if (a->envc) { /* the arguments end where the environment begins */
		s = a->strings;
		for (unsigned n = 0; n < a->argc; n++)
			s += strlen(s) + 1;
		vs->arg_end = vs->env_start =
			strings + (uint64_t)(s - a->strings);
	}
	return err;
}

static uint64_t limit_of(unsigned which)
{
	return READ_ONCE(current_proc()->rlimits[which].rlim_cur);
}

/* Addresses kept for the stack: as far as its limit goes, within reason. That
 * may be set lower later, and higher again. */
static uint64_t stack_room(void)
{
	return MIN(MAX(limit_of(RLIMIT_STACK), STACK_RESERVE), STACK_MOST);
}

/* Everything of the new program, in a space of its own. */
static int build_space(struct exec_args *a, struct image *im,
		       struct vmspace **out, uint64_t *sp, uint64_t *entry,
		       uint64_t *vdso)
{
	struct file *interp = NULL;
	struct image *ld = NULL;
	struct vmspace *vs;
	int err = read_headers(im);

	if (err)
		return err;
	err = open_interpreter(im, &interp);
	if (err)
		return err;
	err = vmspace_create(&vs);
	if (err)
		goto put_interp;
	if (im->eh.e_type == ET_DYN)
		im->bias = PIE_BASE;
	err = map_image(vs, im);
	if (err)
		goto put_space;
	*entry = im->entry;
	if (interp) {
		ld = kzalloc(sizeof(*ld), GFP_KERNEL);
		err = -ENOMEM;
		if (!ld)
			goto put_space;
		ld->file = interp;
		ld->bias = INTERP_BASE;
		err = read_headers(ld);
		if (!err && ld->eh.e_type != ET_DYN)
			err = -ENOEXEC;
		if (!err)
			err = map_image(vs, ld);
		if (err)
			goto free_ld;
		*entry = ld->entry;
	}
	vmspace_set_brk(vs, round_up(im->end, PAGE_SIZE));
	err = vmspace_map_stack(vs, STACK_TOP, stack_room());
	if (!err)
		err = signal_map_vdso(vs, vdso);
	if (!err)
		err = build_stack(vs, a, im, interp ? INTERP_BASE : 0, sp);
	if (!err && vmspace_size(vs) > limit_of(RLIMIT_AS))
		err = -ENOMEM;
	if (err)
		goto free_ld;
	vs->stack_max = limit_of(RLIMIT_STACK);
	file_get(im->file);
	vs->exe = im->file;
	kfree(ld);
	if (interp)
		file_put(interp);
	*out = vs;
	return 0;

free_ld:
	kfree(ld);
put_space:
	vmspace_put(vs);
put_interp:
	if (interp)
		file_put(interp);
	return err;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Has a user a hand on the process: as its tracer, or because another shares
 * its current directory and umask (CLONE_FS)? */
static bool is_held_locked(const struct proc *p)
{
	return trace_holds_ids_locked(p) || READ_ONCE(p->fs->refs) > 1;
}

/*
 * The process gets what cred_for found. Whoever is held by a user gets no
 * rights that this one has not: that was asked before, and is asked again, for
 * a tracer may have come since; under the lock none does. Nor may its user look
 * into a program that got some, or that he may not read.
 */
static void take_ids(struct proc *p, const struct image *im)
{
	bool readable = !inode_permission(im->file->inode, 4);
	struct cred *c = &p->cred;

	spin_lock(&proc_tree.lock);
	if (!is_set_id(&im->cred) || !is_held_locked(p))
		*c = im->cred;
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	p->dumpable = readable && !is_set_id(c);
	spin_unlock(&proc_tree.lock);
}

/* Nobody begins to look into the process before it is decided whose it is.
 * False: somebody does already, who must not get new rights that way. */
static bool hide(struct proc *p, bool *dumpable)
{
	bool alone;

	spin_lock(&proc_tree.lock);
	*dumpable = p->dumpable;
	p->dumpable = false;
	alone = !is_held_locked(p);
	spin_unlock(&proc_tree.lock);
	return alone;
}

/* From here nothing fails but the process itself. */
static int become(struct proc *p, struct vmspace *vs, const char *name)
{
	struct thread *t = current_thread();
	struct vmspace *old = p->vmspace;
	struct fdtable *files, *old_files;
	struct proc *c;

	if (READ_ONCE(p->files->refs) > 1) { /* shared by CLONE_FILES */
		files = fdtable_fork(p->files);
		if (!files)
			return -ENOMEM;
		spin_lock(&proc_tree.lock);
		old_files = p->files;
		p->files = files;
		spin_unlock(&proc_tree.lock);
		fdtable_put(old_files);
	}
	spin_lock(&proc_tree.lock);
	p->vmspace = vs;
	p->execed = true;
	p->exit_signal = SIGCHLD; /* whatever clone had said */
	list_for_each_entry (c, &p->children, sibling)
		c->exit_signal = SIGCHLD; /* what others wished for */
	strlcpy(p->name, name, sizeof(p->name));
	strlcpy(t->name, name, sizeof(t->name));
	if (t->tid != p->pid) { /* the one that is left takes the name over */
		thread_rename_locked(t, p->pid);
		trace_renamed_locked(p);
	}
	spin_unlock(&proc_tree.lock);
	/* Whoever waits for this end of a pipe finds another program. */
	fdtable_exec(p->files);
	vmspace_get(vs);
	t->vmspace = vs;
	t->clear_child_tid = t->robust_list = 0;
	vmspace_switch(vs);
	vfork_finish(p);
	vmspace_put(old); /* the process's and this thread's */
	vmspace_put(old);
	return 0;
}

int proc_exec(struct exec_args *a)
{
	struct proc *p = current_proc();
	struct thread *t = current_thread();
	struct image *im;
	struct vmspace *vs;
	const char *name = base_name(a->path);
	char interp[256];
	uint64_t sp, entry, vdso;
	bool dumpable;
	int err;

	im = kzalloc(sizeof(*im), GFP_KERNEL);
	if (!im)
		return -ENOMEM;
	err = p->crowded ? user_may_exec() : 0;
	if (!err)
		err = open_program(a, interp, sizeof(interp), &im->file);
	if (err)
		goto free_image;
	cred_for(im->file, hide(p, &dumpable), &im->cred);
	err = build_space(a, im, &vs, &sp, &entry, &vdso);
	if (err)
		goto show;
	err = proc_kill_other_threads();
	if (!err)
		err = signal_exec(p);
	if (!err)
		err = become(p, vs, name);
	if (err) {
		vmspace_put(vs);
		goto show;
	}
	take_ids(p, im);
	p->vdso_base = vdso;
	if (t->fp) {
		kfree(t->fp);
		t->fp = NULL;
	}
	csr_clear(sstatus, SSTATUS_FS);
	memset(t->tf, 0, sizeof(*t->tf));
	t->tf->sp = sp;
	t->tf->sepc = entry;
	goto put_file;
show:
	p->dumpable = dumpable;
put_file:
	file_put(im->file);
free_image:
	kfree(im);
	return err;
}

/* Appends the strings of a user vector; *count gets how many. */
static int copy_vector(struct exec_args *a, uaddr_t uvec, unsigned *count)
{
	uaddr_t s;

	*count = 0;
	if (!uvec)
		return 0;
	for (;; uvec += 8, (*count)++) {
		long n;

		if (get_user(s, uvec))
			return -EFAULT;
		if (!s)
			return 0;
		/* What points to the strings lies on the stack as well. */
		if (a->len + (a->argc + a->envc + 1ul) * 8 > STRINGS_MAX)
			return -E2BIG;
		for (;;) {
			size_t room = a->size - a->len;

			n = strncpy_from_user(a->strings + a->len, s,
					      room < STRING_MAX ? room :
								  STRING_MAX);
			if (n >= 0)
				break;
			if (n != -ENAMETOOLONG)
				return (int)n;
			if (room >= STRING_MAX || a->size >= STRINGS_MAX)
				return -E2BIG;
			{
				char *more = kmalloc(a->size * 2, GFP_KERNEL);

				if (!more)
					return -ENOMEM;
				memcpy(more, a->strings, a->len);
				kfree(a->strings);
				a->strings = more;
				a->size *= 2;
			}
		}
		a->len += (size_t)n + 1;
	}
}

SYSCALL3(execve, uaddr_t, upath, uaddr_t, uargv, uaddr_t, uenvp)
{
	struct exec_args a = { .size = PAGE_SIZE };
	int tid = current_thread()->tid;
	char *path;
	long n;

	path = kmalloc(PATH_MAX, GFP_KERNEL);
	a.strings = kmalloc(a.size, GFP_KERNEL);
	n = -ENOMEM;
	if (!path || !a.strings)
		goto free;
	n = strncpy_from_user(path, upath, PATH_MAX);
	if (n < 0)
		goto free;
	a.path = path;
	n = copy_vector(&a, uargv, &a.argc);
	if (!n)
		n = copy_vector(&a, uenvp, &a.envc);
	if (!n)
		n = proc_exec(&a);
free:
	kfree(a.strings);
	kfree(path);
	if (!n)
		trace_exec(tid);
	return n;
}
