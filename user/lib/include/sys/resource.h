/* Limits and use of resources. */
#pragma once

#include <sys/types.h>

#include "kernel/abi/resource.h"

int getrlimit(int which, struct rlimit *rl);
int setrlimit(int which, const struct rlimit *rl);
int prlimit(pid_t pid, int which, const struct rlimit *set, struct rlimit *get);
int getrusage(int who, struct rusage *ru);
int getpriority(int which, id_t who);
int setpriority(int which, id_t who, int value);
