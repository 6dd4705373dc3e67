#pragma once
/* What /proc shows of processes and of the machine; and the load averages. */
#include <stdint.h>

struct proc;

void proc_info_init(void);
/* Load averages over 1, 5 and 15 minutes, SI_LOAD_SHIFT fraction bits. */
void proc_loads(uint64_t loads[3]);
/* Ticks of `time` that p's threads have run; tid: that one alone, 0 if it has
 * ended. The second with proc_tree.lock held. */
uint64_t proc_ticks(struct proc *p, int tid);
uint64_t proc_ticks_locked(struct proc *p, int tid);
