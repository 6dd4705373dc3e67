/*
 * The list of MPXY's channels, against a modelled firmware: all of them, a
 * part, what comes of errors, and numbers that no firmware should give.
 */
#define SBI_HOST_TEST

#include <stdio.h>
#include <string.h>

#include "sbi/mpxy.c"

#define MOST 8

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)

/* The model: so many channels, of which a call names so many. */
static uint32_t memory[1024];
static uint32_t channels, part, ncalls;
static uint32_t lie_returned, lie_remaining; /* not 0: what it says */
static uint32_t broken;                      /* id whose attributes fail */
static uint32_t refused = ~0u;               /* from this index on */

static uint32_t id_of(uint32_t i)
{
	return 0x40 + 3 * i;
}

struct sbiret sbi_ecall(uint32_t eid, uint32_t fid, unsigned long arg0,
			unsigned long arg1, unsigned long arg2,
			unsigned long arg3, unsigned long arg4,
			unsigned long arg5)
{
	uint32_t n;

	CHECK(eid == SBI_EXT_MPXY && (fid == 2 || fid == 3));
	ncalls++;
	if (fid == 3) {
		CHECK(arg1 == 0 && arg2 == SBI_MPXY_ATTRS);
		if (arg0 == broken)
			return (struct sbiret){ SBI_ERR_FAILED, 0 };
		for (n = 0; n < SBI_MPXY_ATTRS; n++)
			memory[n] = (uint32_t)arg0 << 8 | n;
		return (struct sbiret){ 0, 0 };
	}
	if (arg0 >= refused)
		return (struct sbiret){ SBI_ERR_DENIED, 0 };
	if (arg0 > channels)
		return (struct sbiret){ SBI_ERR_INVALID_PARAM, 0 };
	n = channels - (uint32_t)arg0;
	memory[1] = n < part ? n : part;
	memory[0] = n - memory[1];
	for (uint32_t i = 0; i < memory[1]; i++)
		memory[2 + i] = id_of((uint32_t)arg0 + i);
	if (lie_returned)
		memory[1] = lie_returned;
	if (lie_remaining)
		memory[0] = lie_remaining;
	return (struct sbiret){ 0, 0 };
}

unsigned long sbi_any(void)
{
	return 0;
}

static void check_list(uint32_t first, uint32_t max, uint32_t want,
		       uint32_t want_left)
{
	struct sbi_mpxy_channel out[MOST + 1];
	uint32_t n = 99, left = 99;

	memset(out, 0x77, sizeof(out));
	CHECK(sbi_mpxy_list(memory, first, max, out, &n, &left) == 0);
	CHECK(n == want && left == want_left);
	for (uint32_t i = 0; i < n; i++) {
		CHECK(out[i].id == id_of(first + i));
		CHECK(out[i].error ==
		      (out[i].id == broken ? SBI_ERR_FAILED : 0));
		for (uint32_t k = 0; !out[i].error && k < SBI_MPXY_ATTRS; k++)
			CHECK(out[i].attrs[k] == (out[i].id << 8 | k));
	}
	CHECK(out[n].id == 0x77777777);
}

static void test_list(void)
{
	for (part = 1; part < 4; part++) {
		channels = 0;
		check_list(0, MOST, 0, 0);
		channels = 5;
		check_list(0, MOST, 5, 0);
		check_list(0, 5, 5, 0);
		check_list(0, 3, 3, 2);
		check_list(3, MOST, 2, 0);
		check_list(5, MOST, 0, 0);
		check_list(2, 0, 0, 3);
	}
}

static void test_errors(void)
{
	struct sbi_mpxy_channel out[MOST];
	uint32_t n, left;

	channels = 5;
	part = 2;
	CHECK(sbi_mpxy_list(memory, 6, MOST, out, &n, &left) ==
	      SBI_ERR_INVALID_PARAM);
	CHECK(n == 0 && left == 0);
	refused = 3;
	CHECK(sbi_mpxy_list(memory, 0, MOST, out, &n, &left) == SBI_ERR_DENIED);
	CHECK(n == 3 && left == 2 && out[2].id == id_of(2));
	refused = ~0u;
	broken = id_of(1);
	check_list(0, MOST, 5, 0);
	broken = 0;
}

/* It ends, and stays within `out`. */
static void test_lies(void)
{
	static const uint32_t lies[] = { 1, 77, 0x7fffffff, 0xffffffff };
	struct sbi_mpxy_channel out[MOST + 1];
	uint32_t n, left;

	channels = MOST * 4;
	part = 3;
	for (unsigned int i = 0; i < 16; i++) {
		lie_returned = i & 4 ? lies[i & 3] : 0;
		lie_remaining = i & 8 ? lies[i & 3] : 0;
		memset(out, 0x77, sizeof(out));
		ncalls = 0;
		sbi_mpxy_list(memory, 0, MOST, out, &n, &left);
		CHECK(n <= MOST && ncalls <= 2 * MOST + 1);
		CHECK(out[MOST].id == 0x77777777);
	}
	lie_returned = lie_remaining = 0;
}

static const char *capability(uint32_t bits)
{
	static char text[SBI_MPXY_CAP_TEXT];

	return sbi_mpxy_capability_text(bits, text, sizeof(text));
}

static void test_text(void)
{
	char tiny[4];

	CHECK(!strcmp(sbi_mpxy_protocol_name(0), "RPMI") &&
	      !sbi_mpxy_protocol_name(1));
	CHECK(!strcmp(capability(0), "none"));
	CHECK(!strcmp(capability(SBI_MPXY_CAP_MSI), "MSI"));
	CHECK(!strcmp(capability(SBI_MPXY_CAP_WITH_RESPONSE |
				 SBI_MPXY_CAP_NO_RESPONSE |
				 SBI_MPXY_CAP_NOTIFICATIONS),
		      "with response, no response, notifications"));
	CHECK(!strcmp(capability(SBI_MPXY_CAP_SSE | SBI_MPXY_CAP_EVENTS_STATE |
				 0x80000040),
		      "SSE, events state, 0x80000040"));
	CHECK(!strcmp(capability(64), "0x40"));
	CHECK(strlen(capability(~0u)) < SBI_MPXY_CAP_TEXT - 1);
	CHECK(!strcmp(sbi_mpxy_capability_text(0, tiny, 4), "non"));
}

int main(void)
{
	test_list();
	test_errors();
	test_lies();
	test_text();
	printf("%s\n", failures ? "FAIL" : "mpxy: all well");
	return failures != 0;
}
