/*
 * MPXY: the memory that is shared, the list of channels, and what their
 * attributes say of themselves. No message is sent, as it would be the
 * business of whatever is at the other end.
 */
#include "sbi/mpxy.h"
#include "kernel/bits.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/string.h"

#define MOST    8 /* channels to look at */
#define NO_SUCH 0xfffffffe

/* What the channels' list does not name, so what no call may know. */
static uint32_t no_channel(const struct sbi_mpxy_channel *channels, uint32_t n)
{
	uint32_t id = NO_SUCH;

	for (uint32_t i = 0; i < n; i++)
		if (channels[i].id == id) {
			id--;
			i = ~0u;
		}
	return id;
}

/* ---- memory ---- */

static void test_no_memory(struct sbitest *t)
{
	unsigned long len;

	if (!sbitest_error(t, sbi_mpxy_set_shmem(SBI_SHMEM_OFF, 0), 0,
			   "set_shmem: none"))
		return;
	sbitest_error(t, sbi_mpxy_get_channel_ids(0), SBI_ERR_NO_SHMEM,
		      "get_channel_ids without memory");
	sbitest_error(t, sbi_mpxy_read_attrs(0, 0, 1), SBI_ERR_NO_SHMEM,
		      "read_attributes without memory");
	sbitest_error(t, sbi_mpxy_write_attrs(0, SBI_MPXY_MSI_DATA, 1),
		      SBI_ERR_NO_SHMEM, "write_attributes without memory");
	sbitest_error(t, sbi_mpxy_send_with_response(0, 0, 0, &len),
		      SBI_ERR_NO_SHMEM, "send with response without memory");
	sbitest_error(t, sbi_mpxy_send_without_response(0, 0, 0),
		      SBI_ERR_NO_SHMEM, "send without response without memory");
	sbitest_error(t, sbi_mpxy_get_notifications(0, &len), SBI_ERR_NO_SHMEM,
		      "get_notifications without memory");
}

/* Leaves it set. */
static bool test_memory(struct sbitest *t)
{
	uint64_t *word = (uint64_t *)t->memory;

	sbitest_error(t, sbi_mpxy_set_shmem(t->memory_pa + 8, 0),
		      SBI_ERR_INVALID_PARAM, "set_shmem: misaligned");
	for (unsigned bit = 1; bit < 64; bit += 31)
		sbitest_error(t, sbi_mpxy_set_shmem(t->memory_pa, 1ul << bit),
			      SBI_ERR_INVALID_PARAM, "set_shmem: flag %u", bit);
	if (!sbitest_error(t, sbi_mpxy_set_shmem(t->memory_pa, 0), 0,
			   "set_shmem"))
		return false;
	sbitest_error(t, sbi_mpxy_set_shmem(t->memory_pa, SBI_MPXY_RETURN_OLD),
		      0, "set_shmem: give the old one back");
	sbitest_value(t, word[0], t->memory_pa, "the old one's low word");
	sbitest_value(t, word[1], 0, "the old one's high word");
	return true;
}

/* ---- channels ---- */

static void test_capability(struct sbitest *t, const struct sbi_mpxy_channel *c)
{
	const uint32_t *attrs = c->attrs;
	uint32_t can = attrs[SBI_MPXY_CAPABILITY];
	uint32_t last = SBI_MPXY_CAP_NOTIFICATIONS;

	sbitest_value(t, can & ~(last | (last - 1)), 0,
		      "channel 0x%x: no reserved capability", c->id);
	if (!(can & SBI_MPXY_CAP_NOTIFICATIONS))
		sbitest_value(t,
			      can & (SBI_MPXY_CAP_MSI | SBI_MPXY_CAP_SSE |
				     SBI_MPXY_CAP_EVENTS_STATE),
			      0, "channel 0x%x: nothing of what there is not",
			      c->id);
	if (!(can & SBI_MPXY_CAP_MSI))
		for (unsigned i = SBI_MPXY_MSI_CONTROL; i <= SBI_MPXY_MSI_DATA;
		     i++)
			sbitest_value(t, attrs[i], 0,
				      "channel 0x%x without MSI: attribute %u",
				      c->id, i);
	if (!(can & SBI_MPXY_CAP_EVENTS_STATE))
		sbitest_value(t, attrs[SBI_MPXY_EVENTS_STATE], 0,
			      "channel 0x%x without events state: not enabled",
			      c->id);
}

static void test_ranges(struct sbitest *t, uint32_t id)
{
	static const struct {
		uint32_t first, n;
		long wanted;
		const char *text;
	} rows[] = {
		{ 0, 0, SBI_ERR_INVALID_PARAM, "no attributes" },
		{ SBI_MPXY_ATTRS, 1, SBI_ERR_INVALID_PARAM, "attribute 12" },
		{ SBI_MPXY_ATTRS - 1, 2, SBI_ERR_BAD_RANGE,
		  "attributes 11 and 12" },
		{ 0, UINT32_MAX, SBI_ERR_INVALID_PARAM, "more than fits" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		sbitest_error(t,
			      sbi_mpxy_read_attrs(id, rows[i].first, rows[i].n),
			      rows[i].wanted, "channel 0x%x: read of %s", id,
			      rows[i].text);
		sbitest_error(
			t, sbi_mpxy_write_attrs(id, rows[i].first, rows[i].n),
			rows[i].wanted, "channel 0x%x: write of %s", id,
			rows[i].text);
	}
	for (uint32_t i = 0; i < SBI_MPXY_MSI_CONTROL; i++)
		sbitest_error(t, sbi_mpxy_write_attrs(id, i, 1),
			      SBI_ERR_BAD_RANGE,
			      "channel 0x%x: write of attribute %u", id, i);
}

/* Each attribute alone is the one that was among all of them. */
static void test_single(struct sbitest *t, const struct sbi_mpxy_channel *c)
{
	const volatile uint32_t *word = (uint32_t *)t->memory;
	unsigned same = 0;

	for (uint32_t i = 0; i < SBI_MPXY_ATTRS; i++)
		same += !sbi_mpxy_read_attrs(c->id, i, 1) &&
			*word == c->attrs[i];
	sbitest_value(t, same, SBI_MPXY_ATTRS,
		      "channel 0x%x: each attribute as in all of them", c->id);
}

/* What it says that it cannot, and what nobody could. */
static void test_calls(struct sbitest *t, const struct sbi_mpxy_channel *c)
{
	uint32_t can = c->attrs[SBI_MPXY_CAPABILITY];
	unsigned long len, most = c->attrs[SBI_MPXY_MAX_LEN];
	long wanted = SBI_ERR_INVALID_PARAM;

	if (!(can & SBI_MPXY_CAP_WITH_RESPONSE))
		wanted = SBI_ERR_NOT_SUPPORTED;
	sbitest_error(t, sbi_mpxy_send_with_response(c->id, 0, most + 1, &len),
		      wanted, "channel 0x%x: send with response of too much",
		      c->id);
	wanted = SBI_ERR_INVALID_PARAM;
	if (!(can & SBI_MPXY_CAP_NO_RESPONSE))
		wanted = SBI_ERR_NOT_SUPPORTED;
	sbitest_error(t, sbi_mpxy_send_without_response(c->id, 0, most + 1),
		      wanted, "channel 0x%x: send without response of too much",
		      c->id);
	if (!(can & SBI_MPXY_CAP_NOTIFICATIONS))
		sbitest_error(
			t, sbi_mpxy_get_notifications(c->id, &len),
			SBI_ERR_NOT_SUPPORTED,
			"channel 0x%x: get_notifications where there are none",
			c->id);
}

static void test_channel(struct sbitest *t, const struct sbi_mpxy_channel *c,
			 unsigned long size)
{
	if (!sbitest_error(t, c->error, 0,
			   "channel 0x%x: all attributes at once", c->id))
		return;
	sbitest_check(t,
		      c->attrs[SBI_MPXY_MAX_LEN] &&
			      c->attrs[SBI_MPXY_MAX_LEN] <= size,
		      "channel 0x%x: its longest message fits into the memory",
		      c->id);
	test_capability(t, c);
	test_single(t, c);
	test_ranges(t, c->id);
	test_calls(t, c);
}

static void test_unknown(struct sbitest *t, uint32_t id)
{
	unsigned long len;

	sbitest_error(t, sbi_mpxy_read_attrs(id, 0, 1), SBI_ERR_NOT_SUPPORTED,
		      "no channel: read_attributes");
	sbitest_error(t, sbi_mpxy_write_attrs(id, SBI_MPXY_MSI_DATA, 1),
		      SBI_ERR_NOT_SUPPORTED, "no channel: write_attributes");
	sbitest_error(t, sbi_mpxy_send_with_response(id, 0, 0, &len),
		      SBI_ERR_NOT_SUPPORTED, "no channel: send with response");
	sbitest_error(t, sbi_mpxy_send_without_response(id, 0, 0),
		      SBI_ERR_NOT_SUPPORTED,
		      "no channel: send without response");
	sbitest_error(t, sbi_mpxy_get_notifications(id, &len),
		      SBI_ERR_NOT_SUPPORTED, "no channel: get_notifications");
}

static void test_channels(struct sbitest *t, unsigned long size)
{
	struct sbi_mpxy_channel channels[MOST];
	uint32_t n, left;

	if (!sbitest_error(
		    t, sbi_mpxy_list(t->memory, 0, MOST, channels, &n, &left),
		    0, "list of the channels"))
		return;
	sbitest_check(t, n, "there is a channel");
	for (uint32_t i = 0; i < n; i++) {
		bool twice = false;

		for (uint32_t k = 0; k < i; k++)
			twice |= channels[k].id == channels[i].id;
		sbitest_check(t, !twice, "channel 0x%x: it is listed once",
			      channels[i].id);
		test_channel(t, &channels[i], size);
	}
	if (left)
		sbitest_skip(t, "there are more than this looks at",
			     "the other channels");
	else
		test_unknown(t, no_channel(channels, n));
	sbitest_error(t, sbi_mpxy_get_channel_ids(n + left + 1),
		      SBI_ERR_INVALID_PARAM, "list from behind its end");
}

void sbitest_mpxy(struct sbitest *t)
{
	unsigned long size = sbi_mpxy_get_shmem_size();

	if (!sbitest_check(t, size && size % PAGE_SIZE == 0,
			   "its memory is a number of pages"))
		return;
	test_no_memory(t);
	if (size > SBITEST_PAGES * PAGE_SIZE) {
		sbitest_skip(t, "it wants more memory than there is here",
			     "channels");
		return;
	}
	if (!test_memory(t))
		return;
	test_channels(t, size);
	t->keep |= !sbitest_error(t, sbi_mpxy_set_shmem(SBI_SHMEM_OFF, 0), 0,
				  "set_shmem: none any more");
}
