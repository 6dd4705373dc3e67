/* See users.h. */
#include "kernel/users.h"

#include "kernel/abi/errno.h"
#include "kernel/mm/slab.h"
#include "kernel/proc.h"
#include "kernel/smp.h"

#define CHAINS 64

struct user root_user;
static struct hlist_head chains[CHAINS]; /* [proc_tree.lock] all but root */

unsigned user_queue(uid_t uid)
{
	return uid ? 1 + uid % (RUN_QUEUES - 1) : 0;
}

static struct user *find_locked(uid_t uid)
{
	struct user *u;

	if (!uid)
		return &root_user;
	hlist_for_each_entry (u, &chains[uid % CHAINS], link)
		if (u->uid == uid)
			return u;
	return NULL;
}

void user_add_locked(struct user *u)
{
	u->threads++;
}

void user_drop_locked(struct user *u)
{
	if (--u->threads || u == &root_user)
		return;
	hlist_del(&u->link);
	kfree(u);
}

bool user_is_full_locked(void)
{
	struct proc *p = current_proc();

	return p->user->uid && !proc_is_root() &&
	       p->user->threads >= p->rlimits[RLIMIT_NPROC].rlim_cur;
}

int user_change(uid_t uid)
{
	struct user *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL), *u;
	struct proc *p = current_proc();
	struct thread *t;

	spin_lock(&proc_tree.lock);
	u = find_locked(uid);
	if (!u && fresh) {
		u = fresh;
		fresh = NULL;
		u->uid = uid;
		hlist_add_head(&u->link, &chains[uid % CHAINS]);
	}
	if (u) {
		p->crowded = uid && u->threads >
					    p->rlimits[RLIMIT_NPROC].rlim_cur;
		for (unsigned i = 0; i < p->nthreads; i++) {
			user_add_locked(u);
			user_drop_locked(p->user);
		}
		list_for_each_entry (t, &p->threads, proc_link)
			t->queue = (uint8_t)user_queue(uid);
		p->user = u;
	}
	spin_unlock(&proc_tree.lock);
	kfree(fresh);
	return u ? 0 : -EAGAIN;
}

int user_may_exec(void)
{
	struct proc *p = current_proc();

	spin_lock(&proc_tree.lock);
	p->crowded = p->crowded &&
		     p->user->threads > p->rlimits[RLIMIT_NPROC].rlim_cur;
	spin_unlock(&proc_tree.lock);
	return p->crowded ? -EAGAIN : 0;
}
