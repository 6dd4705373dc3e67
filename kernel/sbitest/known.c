/*
 * Faults of firmware that are known, by version: a check that fails because
 * of one is not a failure of the run, but called by its name. One that passes
 * although it is here is simply a pass.
 */
#include "kernel/sbitest/sbitest.h"

#include "kernel/bits.h"
#include "kernel/string.h"
#include "sbi/base.h"

#define OPENSBI 1
/* As OpenSBI packs it; patch levels it does not tell. */
#define V(major, minor) ((unsigned long)(major) << 16 | (minor))
#define ANY             (~0ul)

#define TWICE     "firmware counters are started and stopped twice"
#define IS_FAILED "gives FAILED, which is for errors of the device"
#define NO_RANGE  "gives another error than BAD_RANGE"
#define NO_ERROR  "a trigger that there is not is passed over in silence"
#define NO_PARAM  "gives FAILED in the place of INVALID_PARAM"

static const struct {
	unsigned long impl;        /* of BASE get_impl_id */
	unsigned long from, below; /* versions, the second one is right */
	const char *group, *check; /* the beginning of the check's name */
	const char *what;
} faults[] = {
	{ OPENSBI, V(0, 0), V(1, 7), "IPI", "an unknown hart",
	  "unknown harts are dropped from the mask in silence" },
	{ OPENSBI, V(0, 0), V(1, 6), "IPI", "no hart from an unknown",
	  "takes offence at a base that the mask does not name" },
	{ OPENSBI, V(0, 0), V(1, 7), "RFENCE", "an unknown hart",
	  "unknown harts are dropped from the mask in silence" },
	{ OPENSBI, V(0, 0), V(1, 3), "HSM", "it arrives where it should",
	  "a hart may be started before its address is noted" },
	{ OPENSBI, V(0, 0), V(1, 8), "PMU", "stop before start", TWICE },
	{ OPENSBI, V(0, 0), V(1, 8), "PMU", "start again", TWICE },
	{ OPENSBI, V(0, 0), V(1, 8), "PMU", "stop again", TWICE },
	{ OPENSBI, V(0, 0), V(1, 8), "PMU", "and is started already", TWICE },
	{ OPENSBI, V(0, 0), V(1, 2), "PMU", "fw_read, counter of hardware",
	  "reads what is no counter of its own" },
	{ OPENSBI, V(0, 0), V(1, 3), "PMU",
	  "config_matching, reserved event 0xf0016",
	  "counts events that do not exist" },
	{ OPENSBI, V(1, 6), ANY, "PMU", "event_get_info agrees on firmware",
	  "looks among the events of hardware only" },
	{ OPENSBI, V(0, 0), ANY, "legacy", "clear_ipi says that one",
	  "gives 0 whether one was pending or not" },
	{ OPENSBI, V(0, 0), ANY, "DBCN", "write, upper word", IS_FAILED },
	{ OPENSBI, V(0, 0), ANY, "DBCN", "read, upper word", IS_FAILED },
	{ OPENSBI, V(0, 0), ANY, "DBTR", "set_shmem: a flag",
	  "reserved flags are not looked at" },
	{ OPENSBI, V(0, 0), ANY, "DBTR", "read behind the last", NO_RANGE },
	{ OPENSBI, V(0, 0), ANY, "DBTR", "read of more than", NO_RANGE },
	{ OPENSBI, V(0, 0), ANY, "DBTR", "install more than there", NO_RANGE },
	{ OPENSBI, V(0, 0), ANY, "DBTR", "uninstall behind the", NO_ERROR },
	{ OPENSBI, V(0, 0), ANY, "DBTR", "enable of an uninst", NO_ERROR },
	{ OPENSBI, V(0, 0), ANY, "DBTR", "disable of an uninst", NO_ERROR },
	{ OPENSBI, V(0, 0), ANY, "DBTR", "install for M-mode", NO_PARAM },
	{ OPENSBI, V(0, 0), ANY, "DBTR", "install with dmode", NO_PARAM },
};

const char *sbitest_known(const char *group, const char *check)
{
	unsigned long impl = sbi_base_impl_id();
	unsigned long version = sbi_base_impl_version();

	for (unsigned i = 0; i < ARRAY_SIZE(faults); i++)
		if (faults[i].impl == impl && version >= faults[i].from &&
		    version < faults[i].below &&
		    !strcmp(faults[i].group, group) &&
		    !strncmp(faults[i].check, check, strlen(faults[i].check)))
			return faults[i].what;
	return NULL;
}
