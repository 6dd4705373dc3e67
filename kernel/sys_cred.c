/*
 * System calls about users: whose a process is, really, effectively and saved,
 * and of which groups. The ids are a process's, for all of its threads; a C library
 * that makes the calls in each of them makes the same change again.
 */
#include "kernel/abi/capability.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/limits.h"
#include "kernel/mm/usercopy.h"
#include "kernel/proc.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/users.h"

SYSCALL0(getuid)
{
	return current_proc()->cred.uid;
}

SYSCALL0(geteuid)
{
	return current_proc()->cred.euid;
}

SYSCALL0(getgid)
{
	return current_proc()->cred.gid;
}

SYSCALL0(getegid)
{
	return current_proc()->cred.egid;
}

SYSCALL3(getresuid, uaddr_t, r, uaddr_t, e, uaddr_t, s)
{
	const struct cred *c = &current_proc()->cred;

	return put_user(c->uid, r) || put_user(c->euid, e) ||
			       put_user(c->suid, s) ?
		       -EFAULT : 0;
}

SYSCALL3(getresgid, uaddr_t, r, uaddr_t, e, uaddr_t, s)
{
	const struct cred *c = &current_proc()->cred;

	return put_user(c->gid, r) || put_user(c->egid, e) ||
			       put_user(c->sgid, s) ?
		       -EFAULT : 0;
}

#define KEEP ((uid_t)-1)
_Static_assert(sizeof(((struct cred *)0)->groups) ==
		       NGROUPS_MAX * sizeof(gid_t),
	       "what programs are told");

static bool uid_allowed(const struct cred *c, uid_t id)
{
	return id == KEEP || !c->euid || id == c->uid || id == c->euid ||
	       id == c->suid;
}

static bool gid_allowed(const struct cred *c, gid_t id)
{
	return id == KEEP || !c->euid || id == c->gid || id == c->egid ||
	       id == c->sgid;
}

/* What the process is, to be changed. Its threads change it one after the other:
 * what one gives up the other does not bring back. cred_keep or cred_change
 * ends it. */
static struct cred cred_begin(void)
{
	mutex_lock(&current_proc()->cred_lock);
	return current_proc()->cred;
}

static long cred_keep(long result)
{
	mutex_unlock(&current_proc()->cred_lock);
	return result;
}

/*
 * The calling process is what new says, all of its threads. What it has in its
 * memory may be of the user that it was: until its next exec nobody else of
 * the new one's looks into it.
 */
static long cred_change(const struct cred *new)
{
	struct proc *p = current_proc();
	int err;

	if (new->uid != p->cred.uid) {
		err = user_change(new->uid);
		if (err)
			return cred_keep(err);
	}
	if (new->euid != p->cred.euid || new->egid != p->cred.egid) {
		/* Whoever may begin to trace it sees this no later than the
		 * ids. */
		WRITE_ONCE(p->dumpable, false);
		smp_mb();
	}
	/* Who asks whose it is sees all of the ids before, or after. */
	spin_lock(&proc_tree.lock);
	p->cred = *new;
	spin_unlock(&proc_tree.lock);
	return cred_keep(0);
}

SYSCALL3(setresuid, uid_t, r, uid_t, e, uid_t, s)
{
	struct cred c = cred_begin();

	if (!uid_allowed(&c, r) || !uid_allowed(&c, e) || !uid_allowed(&c, s))
		return cred_keep(-EPERM);
	if (r != KEEP)
		c.uid = r;
	if (e != KEEP)
		c.euid = e;
	if (s != KEEP)
		c.suid = s;
	c.fsuid = c.euid;
	return cred_change(&c);
}

SYSCALL3(setresgid, gid_t, r, gid_t, e, gid_t, s)
{
	struct cred c = cred_begin();

	if (!gid_allowed(&c, r) || !gid_allowed(&c, e) || !gid_allowed(&c, s))
		return cred_keep(-EPERM);
	if (r != KEEP)
		c.gid = r;
	if (e != KEEP)
		c.egid = e;
	if (s != KEEP)
		c.sgid = s;
	c.fsgid = c.egid;
	return cred_change(&c);
}

SYSCALL2(setreuid, uid_t, r, uid_t, e)
{
	struct cred c = cred_begin();
	uid_t old = c.uid;

	if ((r != KEEP && c.euid && r != c.uid && r != c.euid) ||
	    !uid_allowed(&c, e))
		return cred_keep(-EPERM);
	if (r != KEEP)
		c.uid = r;
	if (e != KEEP)
		c.euid = e;
	if (r != KEEP || (e != KEEP && e != old))
		c.suid = c.euid;
	c.fsuid = c.euid;
	return cred_change(&c);
}

SYSCALL2(setregid, gid_t, r, gid_t, e)
{
	struct cred c = cred_begin();
	gid_t old = c.gid;

	if ((r != KEEP && c.euid && r != c.gid && r != c.egid) ||
	    !gid_allowed(&c, e))
		return cred_keep(-EPERM);
	if (r != KEEP)
		c.gid = r;
	if (e != KEEP)
		c.egid = e;
	if (r != KEEP || (e != KEEP && e != old))
		c.sgid = c.egid;
	c.fsgid = c.egid;
	return cred_change(&c);
}

SYSCALL1(setuid, uid_t, id)
{
	struct cred c = cred_begin();

	if (id == KEEP)
		return cred_keep(-EINVAL);
	if (!c.euid)
		c.uid = c.suid = id;
	else if (id != c.uid && id != c.suid)
		return cred_keep(-EPERM);
	c.euid = id;
	c.fsuid = c.euid;
	return cred_change(&c);
}

SYSCALL1(setgid, gid_t, id)
{
	struct cred c = cred_begin();

	if (id == KEEP)
		return cred_keep(-EINVAL);
	if (!c.euid)
		c.gid = c.sgid = id;
	else if (id != c.gid && id != c.sgid)
		return cred_keep(-EPERM);
	c.egid = id;
	c.fsgid = c.egid;
	return cred_change(&c);
}

/* For files alone. The old one; whether it was changed, a second call tells. */
SYSCALL1(setfsuid, uid_t, id)
{
	struct cred c = cred_begin();
	uid_t old = c.fsuid;

	if (id == KEEP || (!uid_allowed(&c, id) && id != old))
		return cred_keep(old);
	c.fsuid = id;
	cred_change(&c);
	return old;
}

SYSCALL1(setfsgid, gid_t, id)
{
	struct cred c = cred_begin();
	gid_t old = c.fsgid;

	if (id == KEEP || (!gid_allowed(&c, id) && id != old))
		return cred_keep(old);
	c.fsgid = id;
	cred_change(&c);
	return old;
}

SYSCALL2(getgroups, int, n, uaddr_t, list)
{
	const struct cred *c = &current_proc()->cred;

	if (n < 0)
		return -EINVAL;
	if (n && (unsigned)n < c->ngroups)
		return -EINVAL;
	if (n && copy_to_user(list, c->groups, c->ngroups * sizeof(gid_t)))
		return -EFAULT;
	return c->ngroups;
}

SYSCALL2(setgroups, uint64_t, n, uaddr_t, list)
{
	gid_t groups[NGROUPS_MAX];
	struct cred c;

	if (!proc_is_root())
		return -EPERM;
	if (n > NGROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(groups, list, n * sizeof(gid_t)))
		return -EFAULT;
	c = cred_begin();
	if (c.euid)
		return cred_keep(-EPERM);
	memcpy(c.groups, groups, n * sizeof(gid_t));
	c.ngroups = (unsigned)n;
	return cred_change(&c);
}

/* ---- capabilities ---- */

/*
 * There are two kinds of them, those for files and the others: whose user for
 * that, or effective user, is root has all of the kind, anybody else none, and
 * who could become root again is permitted all. They are told as they
 * are; a part of them cannot be given up, which is said.
 */
void cred_capabilities(const struct cred *c, uint64_t *effective,
		       uint64_t *permitted)
{
	*effective = (c->euid ? 0 : CAP_ALL & ~CAP_FILES) |
		     (c->fsuid ? 0 : CAP_FILES);
	*permitted = c->uid && c->euid && c->suid ? 0 : CAP_ALL;
}

/* The words of one set for each version; 0: it is none. */
static unsigned cap_words(uint32_t version)
{
	switch (version) {
	case CAP_VERSION_1:
		return 1;
	case CAP_VERSION_2:
	case CAP_VERSION_3:
		return 2;
	default:
		return 0;
	}
}

/* Reads the header. An unknown version is answered with the one to use. */
static int cap_header(uaddr_t uheader, struct cap_header *h, unsigned *words)
{
	if (get_user(*h, uheader))
		return -EFAULT;
	*words = cap_words(h->version);
	if (*words)
		return 0;
	h->version = CAP_VERSION_3;
	return put_user(h->version, uheader) ? -EFAULT : -EINVAL;
}

SYSCALL2(capget, uaddr_t, uheader, uaddr_t, udata)
{
	struct cap_data data[2] = { { 0, 0, 0 } };
	uint64_t effective, permitted;
	struct cap_header h;
	unsigned words;
	struct proc *p;
	int err = cap_header(uheader, &h, &words);

	if (err) /* who asks for nothing else may ask for the version */
		return err == -EINVAL && !udata ? 0 : err;
	if (h.pid < 0)
		return -EINVAL;
	spin_lock(&proc_tree.lock);
	p = h.pid ? proc_find_locked(h.pid) : current_proc();
	if (p)
		cred_capabilities(&p->cred, &effective, &permitted);
	spin_unlock(&proc_tree.lock);
	if (!p)
		return -ESRCH;
	for (unsigned i = 0; i < words; i++) {
		data[i].effective = (uint32_t)(effective >> 32 * i);
		data[i].permitted = (uint32_t)(permitted >> 32 * i);
	}
	if (!udata)
		return 0;
	return copy_to_user(udata, data, words * sizeof(*data)) ? -EFAULT : 0;
}

SYSCALL2(capset, uaddr_t, uheader, uaddr_t, udata)
{
	struct cap_data data[2] = { { 0, 0, 0 } };
	uint64_t effective, permitted;
	struct cap_header h;
	unsigned words;
	int err = cap_header(uheader, &h, &words);

	if (err)
		return err;
	if (h.pid && h.pid != current_thread()->tid)
		return -EPERM;
	if (copy_from_user(data, udata, words * sizeof(*data)))
		return -EFAULT;
	cred_capabilities(&current_proc()->cred, &effective, &permitted);
	for (unsigned i = 0; i < words; i++)
		if (data[i].effective != (uint32_t)(effective >> 32 * i) ||
		    data[i].permitted != (uint32_t)(permitted >> 32 * i) ||
		    data[i].inheritable)
			return -EPERM;
	return 0;
}
