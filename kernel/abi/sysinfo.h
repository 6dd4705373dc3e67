/* sysinfo: time since the start, load, memory.  And syslog's actions. */
#pragma once

#include "kernel/abi/types.h"

/* Loads are fixed-point numbers with this many bits after the point. */
#define SI_LOAD_SHIFT 16

struct sysinfo {
	int64_t uptime;
	uint64_t loads[3];
	uint64_t totalram;
	uint64_t freeram;
	uint64_t sharedram;
	uint64_t bufferram;
	uint64_t totalswap;
	uint64_t freeswap;
	uint16_t procs;
	uint16_t pad;
	uint64_t totalhigh;
	uint64_t freehigh;
	uint32_t mem_unit; /* the memory figures are in units of this */
};

_Static_assert(sizeof(struct sysinfo) == 112, "struct sysinfo");
_Static_assert(offsetof(struct sysinfo, procs) == 80, "struct sysinfo");
_Static_assert(offsetof(struct sysinfo, mem_unit) == 104, "struct sysinfo");

#define SYSLOG_ACTION_CLOSE         0
#define SYSLOG_ACTION_OPEN          1
#define SYSLOG_ACTION_READ          2
#define SYSLOG_ACTION_READ_ALL      3
#define SYSLOG_ACTION_READ_CLEAR    4
#define SYSLOG_ACTION_CLEAR         5
#define SYSLOG_ACTION_CONSOLE_OFF   6
#define SYSLOG_ACTION_CONSOLE_ON    7
#define SYSLOG_ACTION_CONSOLE_LEVEL 8
#define SYSLOG_ACTION_SIZE_UNREAD   9
#define SYSLOG_ACTION_SIZE_BUFFER   10
