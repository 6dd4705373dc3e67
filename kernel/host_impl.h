#pragma once
/*
 * What fs/host.h asks for, in the kernel: the headers with those contracts.
 * fs/ reaches the rest of the kernel through nothing else; the functions that
 * fs/host.h declares are in kernel/fshost.c and kernel/proc.c.
 */
#include "kernel/lock.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/sched.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "kernel/wait.h"
