/*
 * The watched call. The hook may be taken away between the look at it and the
 * call, so it is read again here, once.
 */
#include "sbi/ecall.h"

void (*sbi_trace_hook)(const struct sbi_call *call);

struct sbiret sbi_ecall_traced(unsigned long arg0, unsigned long arg1,
			       unsigned long arg2, unsigned long arg3,
			       unsigned long arg4, unsigned long arg5,
			       unsigned long fid, unsigned long eid)
{
	void (*hook)(const struct sbi_call *) =
		__atomic_load_n(&sbi_trace_hook, __ATOMIC_ACQUIRE);
	struct sbi_call call = {
		.eid = (uint32_t)eid,
		.fid = (uint32_t)fid,
		.args = { arg0, arg1, arg2, arg3, arg4, arg5 },
	};

	call.start = sbi_time_now();
	call.ret = sbi_ecall_bare(call.eid, call.fid, arg0, arg1, arg2, arg3,
				  arg4, arg5);
	call.end = sbi_time_now();
	if (hook)
		hook(&call);
	return call.ret;
}
