/*
 * The MPXY extension.
 */
#include "sbi/mpxy.h"

enum mpxy_fid {
	MPXY_GET_SHMEM_SIZE,
	MPXY_SET_SHMEM,
	MPXY_GET_CHANNEL_IDS,
	MPXY_READ_ATTRS,
	MPXY_WRITE_ATTRS,
	MPXY_SEND_WITH_RESPONSE,
	MPXY_SEND_WITHOUT_RESPONSE,
	MPXY_GET_NOTIFICATIONS,
};

unsigned long sbi_mpxy_get_shmem_size(void)
{
	struct sbiret ret = sbi_ecall0(SBI_EXT_MPXY, MPXY_GET_SHMEM_SIZE);

	return ret.error ? 0 : ret.value;
}

long sbi_mpxy_set_shmem(uint64_t pa, unsigned long flags)
{
	return sbi_ecall_shmem(SBI_EXT_MPXY, MPXY_SET_SHMEM, pa, flags);
}

long sbi_mpxy_get_channel_ids(uint32_t first)
{
	return sbi_ecall1(SBI_EXT_MPXY, MPXY_GET_CHANNEL_IDS, first).error;
}

long sbi_mpxy_read_attrs(uint32_t channel, uint32_t first, uint32_t n)
{
	return sbi_ecall3(SBI_EXT_MPXY, MPXY_READ_ATTRS, channel, first, n)
		.error;
}

long sbi_mpxy_write_attrs(uint32_t channel, uint32_t first, uint32_t n)
{
	return sbi_ecall3(SBI_EXT_MPXY, MPXY_WRITE_ATTRS, channel, first, n)
		.error;
}

long sbi_mpxy_send_with_response(uint32_t channel, uint32_t message,
				 unsigned long len, unsigned long *answer)
{
	struct sbiret ret = sbi_ecall3(SBI_EXT_MPXY, MPXY_SEND_WITH_RESPONSE,
				       channel, message, len);

	if (!ret.error)
		*answer = ret.value;
	return ret.error;
}

long sbi_mpxy_send_without_response(uint32_t channel, uint32_t message,
				    unsigned long len)
{
	return sbi_ecall3(SBI_EXT_MPXY, MPXY_SEND_WITHOUT_RESPONSE, channel,
			  message, len)
		.error;
}

long sbi_mpxy_get_notifications(uint32_t channel, unsigned long *len)
{
	struct sbiret ret =
		sbi_ecall1(SBI_EXT_MPXY, MPXY_GET_NOTIFICATIONS, channel);

	if (!ret.error)
		*len = ret.value;
	return ret.error;
}
