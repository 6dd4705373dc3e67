/*
 * The SSE extension.
 */
#include "sbi/sse.h"

enum sse_fid {
	SSE_READ_ATTRS,
	SSE_WRITE_ATTRS,
	SSE_REGISTER,
	SSE_UNREGISTER,
	SSE_ENABLE,
	SSE_DISABLE,
	SSE_COMPLETE,
	SSE_INJECT,
	SSE_HART_UNMASK,
	SSE_HART_MASK,
};

const char *sbi_sse_event_name(uint32_t event)
{
	switch (event) {
	case SBI_SSE_LOCAL_RAS_HIGH:
		return "local RAS, high priority";
	case SBI_SSE_LOCAL_DOUBLE:
		return "local double trap";
	case SBI_SSE_GLOBAL_RAS_HIGH:
		return "global RAS, high priority";
	case SBI_SSE_LOCAL_PMU:
		return "local counter overflow";
	case SBI_SSE_LOCAL_RAS_LOW:
		return "local RAS, low priority";
	case SBI_SSE_GLOBAL_RAS_LOW:
		return "global RAS, low priority";
	case SBI_SSE_LOCAL_SOFTWARE:
		return "local software";
	case SBI_SSE_GLOBAL_SOFTWARE:
		return "global software";
	default:
		return NULL;
	}
}

long sbi_sse_read_attrs(uint32_t event, uint32_t first, uint32_t n, uint64_t pa)
{
	return sbi_ecall(SBI_EXT_SSE, SSE_READ_ATTRS, event, first, n, pa, 0, 0)
		.error;
}

long sbi_sse_write_attrs(uint32_t event, uint32_t first, uint32_t n,
			 uint64_t pa)
{
	return sbi_ecall(SBI_EXT_SSE, SSE_WRITE_ATTRS, event, first, n, pa, 0,
			 0)
		.error;
}

long sbi_sse_register(uint32_t event, unsigned long pc, unsigned long arg)
{
	return sbi_ecall3(SBI_EXT_SSE, SSE_REGISTER, event, pc, arg).error;
}

long sbi_sse_enable(uint32_t event)
{
	return sbi_ecall1(SBI_EXT_SSE, SSE_ENABLE, event).error;
}

long sbi_sse_disable(uint32_t event)
{
	return sbi_ecall1(SBI_EXT_SSE, SSE_DISABLE, event).error;
}

long sbi_sse_unregister(uint32_t event)
{
	return sbi_ecall1(SBI_EXT_SSE, SSE_UNREGISTER, event).error;
}

long sbi_sse_complete(void)
{
	return sbi_ecall0(SBI_EXT_SSE, SSE_COMPLETE).error;
}

long sbi_sse_inject(uint32_t event, unsigned long hartid)
{
	return sbi_ecall2(SBI_EXT_SSE, SSE_INJECT, event, hartid).error;
}

long sbi_sse_hart_unmask(void)
{
	return sbi_ecall0(SBI_EXT_SSE, SSE_HART_UNMASK).error;
}

long sbi_sse_hart_mask(void)
{
	return sbi_ecall0(SBI_EXT_SSE, SSE_HART_MASK).error;
}
