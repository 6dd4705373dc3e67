/*
 * Sessions at a terminal: whose it is, who is in front, and what happens to
 * the others. POSIX, chapter 11.1; where it leaves a choice, as Linux.
 *
 * A terminal knows its session; a process has only its session's number. Who
 * asks for the terminal of a session looks through the list of all, whose lock
 * also makes sure that no session gets two. tty_job_control is the one place
 * where programs of a background group are stopped.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "kernel/bits.h"
#include "kernel/dev/tty.h"
#include "kernel/mm/usercopy.h"
#include "kernel/proc.h"
#include "kernel/signal.h"

struct spinlock tty_list_lock = SPINLOCK_INIT("ttys", RANK_DEVICE);
struct list_head tty_list = LIST_INIT(tty_list);

/* tty_list_lock is held. */
static struct tty *find_locked(int sid)
{
	struct tty *t;

	list_for_each_entry (t, &tty_list, link)
		if (sid && READ_ONCE(t->session) == sid)
			return t;
	return NULL;
}

static struct tty *tty_find(int sid)
{
	struct tty *t;

	spin_lock(&tty_list_lock);
	t = find_locked(sid);
	if (t)
		tty_get(t);
	spin_unlock(&tty_list_lock);
	return t;
}

struct tty *tty_mine(void)
{
	struct proc *p = current_proc();

	return p && !p->no_tty ? tty_find(p->sid) : NULL;
}

bool tty_is_mine(struct tty *t)
{
	struct proc *p = current_proc();

	return p && !p->no_tty && p->sid && READ_ONCE(t->session) == p->sid;
}

int tty_acquire(struct tty *t, bool steal)
{
	struct proc *p = current_proc();
	struct tty *mine;
	int err = 0;

	if (!p || p->pid != p->sid)
		return -EPERM;
	/* That there is one to be given up is known before it is there. */
	spin_lock(&proc_tree.lock);
	p->leads_tty = true;
	spin_unlock(&proc_tree.lock);
	spin_lock(&tty_list_lock);
	mine = find_locked(p->sid);
	spin_lock(&t->lock);
	if (mine) {
		err = mine == t ? 0 : -EPERM;
	} else if (t->session && !steal) {
		err = -EPERM;
	} else {
		t->session = p->sid;
		t->pgrp = p->pgid;
		p->no_tty = false;
	}
	spin_unlock(&t->lock);
	spin_unlock(&tty_list_lock);
	return err;
}

/* Takes the terminal from its session; the group that had the foreground. */
static int tty_release_session(struct tty *t, int sid)
{
	int pgrp = 0;

	spin_lock(&t->lock);
	if (t->session == sid) {
		pgrp = t->pgrp;
		t->session = 0;
		t->pgrp = 0;
	}
	spin_unlock(&t->lock);
	return pgrp;
}

static void hang_up_group(int pgrp)
{
	if (!pgrp)
		return;
	proc_signal_group(pgrp, SIGHUP);
	proc_signal_group(pgrp, SIGCONT);
}

void tty_session_end(int sid, int pgrp)
{
	struct tty *t = tty_find(sid);

	if (!t) {
		hang_up_group(pgrp);
		return;
	}
	pgrp = tty_release_session(t, sid);
	/* Who logs in next types nothing for those that are left; but the last
	 * words of this session are seen, and what was typed ahead is kept. */
	if (t->ops->line)
		tty_hangup(t, false);
	hang_up_group(pgrp);
	tty_put(t);
}

void tty_session_hung_up(int sid, int pgrp)
{
	struct proc *p;

	if (!sid)
		return;
	spin_lock(&proc_tree.lock);
	p = proc_find_locked(sid);
	if (p && p->sid == sid && !p->zombie) {
		/* The others hear of it when the leader ends. */
		p->hung_pgrp = pgrp;
		signal_send_locked(p, SIGHUP, NULL);
		signal_send_locked(p, SIGCONT, NULL);
	}
	spin_unlock(&proc_tree.lock);
}

uint64_t tty_of_session(int sid, int *pgrp)
{
	struct tty *t;
	uint64_t dev = 0;

	*pgrp = -1;
	spin_lock(&tty_list_lock);
	t = find_locked(sid);
	if (t) {
		*pgrp = READ_ONCE(t->pgrp);
		dev = t->dev;
	}
	spin_unlock(&tty_list_lock);
	return dev;
}

int tty_give_up(struct tty *t)
{
	struct proc *p = current_proc();

	if (!tty_is_mine(t))
		return -ENOTTY;
	if (p->pid == p->sid)
		hang_up_group(tty_release_session(t, p->sid));
	else
		p->no_tty = true; /* its session keeps it */
	return 0;
}

/* Is there a group pgid, and is it in session sid? 0, -ESRCH, -EPERM. */
static int tty_check_group(int pgid, int sid)
{
	struct proc *p;
	bool walks = proc_walk_begin();
	int err = -ESRCH;

	spin_lock(&proc_tree.lock);
	list_for_each_entry (p, &proc_tree.all, all_link) {
		if (p->pgid == pgid) {
			err = p->sid == sid ? 0 : -EPERM;
			break;
		}
	}
	spin_unlock(&proc_tree.lock);
	proc_walk_end(walks);
	return err;
}

int tty_set_pgrp(struct tty *t, uint64_t arg)
{
	int32_t pgid;
	int err, sid = current_proc()->sid;

	if (!tty_is_mine(t))
		return -ENOTTY;
	if (copy_from_user(&pgid, arg, sizeof(pgid)))
		return -EFAULT;
	if (pgid < 0)
		return -EINVAL;
	err = pgid ? tty_check_group(pgid, sid) : -ESRCH;
	if (err)
		return err;
	spin_lock(&t->lock);
	if (t->session == sid)
		t->pgrp = pgid;
	else
		err = -ENOTTY;
	spin_unlock(&t->lock);
	return err;
}

int tty_job_control(struct tty *t, int sig)
{
	struct proc *p = current_proc();
	int err, pgrp;

	do {
		pgrp = READ_ONCE(t->pgrp);
		if (!pgrp || !tty_is_mine(t) || READ_ONCE(p->pgid) == pgrp)
			return 0;
		err = proc_stop_background(sig);
		/* Continued before it stopped: is it still behind? */
	} while (err == -EINTR && !signal_pending(current_thread()));
	return err;
}
