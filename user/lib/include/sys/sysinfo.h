/* Time since the start, load, memory. */
#pragma once

#include "kernel/abi/sysinfo.h"

int sysinfo(struct sysinfo *info);
int get_nprocs(void);
int get_nprocs_conf(void);
