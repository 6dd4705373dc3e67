/*
 * Making and freeing threads, and kernel threads. A thread's first switch
 * lands in a few instructions that finish the switch and then either call a
 * kernel thread's function or go the common way back to user mode.
 */
#include "kernel/thread.h"

#include "kernel/abi/errno.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/wait.h"

static struct kmem_cache *thread_cache;

void thread_init(void)
{
	thread_cache = kmem_cache_create("thread", sizeof(struct thread), 16);
	if (!thread_cache)
		boot_stop("no memory for the first objects");
}

struct thread *thread_alloc(void (*entry)(void))
{
	struct thread *t = kmem_cache_alloc(thread_cache, GFP_ZERO);
	void *top;

	if (!t)
		return NULL;
	top = kstack_alloc();
	if (!top) {
		kmem_cache_free(thread_cache, t);
		return NULL;
	}
	t->kstack_top = (uint64_t)top;
	t->tf = (struct trapframe *)(t->kstack_top - TF_SIZE);
	t->context.ra = (uint64_t)entry;
	t->context.sp = (uint64_t)t->tf;
	/* It is found by signals before it runs for the first time. */
	t->hart = this_hart();
	t->call_limit = SYSCALL_TABLE_SIZE;
	t->affinity = ~0ull;
	list_init(&t->rq_link);
	list_init(&t->proc_link);
	return t;
}

void thread_free(struct thread *t)
{
	if (t->fp)
		kfree(t->fp);
	kstack_free((void *)t->kstack_top);
	kmem_cache_free(thread_cache, t);
}

/* Called by thread_first_kernel once the switch is finished. */
void thread_run_kernel(void);
void thread_run_kernel(void)
{
	struct thread *t = current_thread();

	t->start(t->start_arg);
	thread_exit();
}

int kthread_create(const char *name, void (*start)(void *), void *arg,
		   struct thread **out)
{
	struct thread *t = thread_alloc(thread_first_kernel);

	if (!t)
		return -ENOMEM;
	strlcpy(t->name, name, sizeof(t->name));
	t->start = start;
	t->start_arg = arg;
	t->slice = sched_slice(0);
	t->sigmask = ~0ull;
	if (out)
		*out = t;
	sched_start(t);
	return 0;
}

struct thread *thread_create_idle(struct hart *h)
{
	struct thread *t;

	if (h->index == 0) { /* what runs already becomes the idle loop */
		t = current_thread();
	} else {
		t = thread_alloc(thread_first_kernel);
		if (!t)
			return NULL;
	}
	strlcpy(t->name, "idle", sizeof(t->name));
	t->hart = h;
	t->affinity = 1ull << h->index;
	t->sigmask = ~0ull;
	t->state = THREAD_RUNNING;
	return t;
}
