/*
 * The files of /proc/sbi: who may write what to them, and that they go on
 * after all of it. What they say is compared with others in
 * tools/tests/test_sbi_tool.py.
 */
#include "user/test/test.h"

#define DIR "/proc/sbi/"

static char text[1 << 20]; /* of the file that was read last */

static void begin(void)
{
	if (access(DIR, F_OK))
		test_skip("no such files here");
}

static void begin_as_root(void)
{
	begin();
	if (geteuid())
		test_skip("only root may");
}

static size_t get(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t n = 0;
	ssize_t got;

	CHECK(fd >= 0);
	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	CHECK_EQ(got, 0);
	close(fd);
	text[n] = '\0';
	return n;
}

/* What writing it gives: 0 or an errno. */
static int order(const char *path, const char *what)
{
	int fd = open(path, O_WRONLY), res = 0;

	CHECK(fd >= 0);
	if (write(fd, what, strlen(what)) != (ssize_t)strlen(what))
		res = errno;
	close(fd);
	return res;
}

/* Anybody may; and as nobody else can, nothing changes by it. */
static void all_read(void)
{
	static const char *const rows[] = {
		"info",     "extensions", "functions", "counters",
		"features", "events",     "sse",       "cppc",
		"mpxy",     "stat",       "trace",     "pmu",
		"test"
	};
	char path[64];

	begin();
	become_nobody();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(path, sizeof(path), DIR "%s", rows[i]);
		get(path);
		CHECK_ERR(open(path, O_WRONLY), EACCES);
	}
	CHECK(get(DIR "functions") > 0 && strstr(text, "\thart_start\t"));
}

/* One of both at a time, and one at a time of each. */
static void one_watch(void)
{
	begin_as_root();
	CHECK_EQ(order(DIR "stat", "on\n"), 0);
	CHECK_EQ(order(DIR "stat", "on"), EBUSY);
	CHECK_EQ(order(DIR "trace", "on"), EBUSY);
	CHECK_EQ(order(DIR "trace", "reset"), EBUSY);
	CHECK_EQ(order(DIR "stat", "On"), EINVAL);
	CHECK_EQ(order(DIR "stat", "on 1"), EINVAL);
	get(DIR "extensions"); /* asks for each */
	CHECK(get(DIR "stat") > 0);
	CHECK(strstr(text, "all\tBASE\tprobe_extension\t"));
	CHECK_EQ(order(DIR "stat", "reset"), 0);
	get(DIR "stat");
	CHECK(!strstr(text, "BASE"));
	get(DIR "info");
	get(DIR "stat");
	CHECK(strstr(text, "all\tBASE\tget_spec_version\t1\t0\t"));
	CHECK_EQ(order(DIR "trace", "off"), 0);
	CHECK_EQ(order(DIR "stat", "off"), 0);
	CHECK_EQ(order(DIR "stat", "reset"), 0);
	CHECK_EQ(get(DIR "stat"), 0);
	CHECK_EQ(order(DIR "trace", "on"), 0);
	CHECK_EQ(order(DIR "stat", "on"), EBUSY);
	CHECK_EQ(get(DIR "stat"), 0);
	get(DIR "info");
	get(DIR "trace");
	CHECK(strstr(text, "\tget_impl_id() = SUCCESS, "));
	CHECK_EQ(order(DIR "trace", "off"), 0);
}

/* What does not fit into the ring is counted, and the last are there. */
static void lost_calls(void)
{
	char *at, last[32];

	begin_as_root();
	CHECK_EQ(order(DIR "trace", "on"), 0);
	for (int i = 0; i < 40; i++)
		get(DIR "extensions");
	get(DIR "info");
	get(DIR "trace");
	CHECK(!strncmp(text, "lost\t", 5));
	CHECK(strstr(text, "\tprobe_extension(extension_id=0x54494d45) = "
			   "SUCCESS, 1\n"));
	CHECK(strstr(text, "\tget_mimpid() = SUCCESS, "));
	/* In order of time. */
	memset(last, 0, sizeof(last));
	for (at = text; *at; at = strchr(at, '\n') + 1) {
		char now[32];

		CHECK_EQ(sscanf(at, "%31s", now), 1);
		if (!strcmp(now, "lost"))
			continue;
		CHECK(strlen(now) > strlen(last) || strcmp(now, last) >= 0);
		strcpy(last, now);
	}
	CHECK_EQ(order(DIR "trace", "reset"), 0);
	get(DIR "trace");
	CHECK(!strstr(text, "probe_extension"));
	CHECK_EQ(order(DIR "trace", "off"), 0);
}

static void counters(void)
{
	static const char *const bad[] = { "on",      "on ",       "on x",
					   "on 1  2", "on 123456", "of",
					   "on 1,2" };
	char many[200] = "on";

	begin_as_root();
	if (!get(DIR "counters"))
		test_skip("the firmware has none");
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(order(DIR "pmu", bad[i]), EINVAL);
	for (int i = 0; i < 33; i++)
		strcat(many, " 1");
	CHECK_EQ(order(DIR "pmu", many), EINVAL);
	CHECK_EQ(get(DIR "pmu"), 0);
	/* Instructions, the firmware's IPIs, and what nothing counts. */
	CHECK_EQ(order(DIR "pmu", "on 2 f0006 fffff"), 0);
	CHECK_EQ(order(DIR "pmu", "on 2"), EBUSY);
	CHECK_ERR(read(open(DIR "events", O_RDONLY), text, 1), EBUSY);
	CHECK(get(DIR "pmu") > 0);
	CHECK(!strncmp(text, "2\t", 2) && !strstr(text, "\n2\t0\n"));
	CHECK(strstr(text, "\nf0006\t"));
	CHECK_EQ(order(DIR "pmu", "off"), 0);
	CHECK_EQ(get(DIR "pmu"), 0);
	/* None is left behind: each can be had again. */
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(order(DIR "pmu", "on f0006"), 0);
		get(DIR "pmu");
		CHECK(!strstr(text, "NOT"));
		CHECK_EQ(order(DIR "pmu", "off"), 0);
	}
	get(DIR "events");
	CHECK(strstr(text, "f0006\tfirmware IPI sent\tyes\n"));
}

/* The tests of the firmware: what is no order of theirs, and some at once. */
static void conformance(void)
{
	static const char *const bad[] = {
		"", "Run", "run ", "run X", "run BASE TIME", "runBASE"
	};
	int ran = 0, status;

	begin_as_root();
	if (get(DIR "test"))
		test_skip("an earlier run is kept: echo off >" DIR "test");
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(order(DIR "test", bad[i]), EINVAL);
	CHECK_EQ(get(DIR "test"), 0);
	CHECK_EQ(order(DIR "test", "run BASE\n"), 0);
	CHECK(get(DIR "test") > 0);
	CHECK(!strncmp(text, "pass\tBASE\t", 10) && !strstr(text, "\tTIME\t"));
	CHECK(strstr(text, "\tprobe finds BASE\n"));
	for (int i = 0; i < 4; i++)
		if (!fork()) {
			int err = order(DIR "test", "run TIME");

			_exit(err == EBUSY ? 2 : !!err);
		}
	for (int i = 0; i < 4; i++) {
		CHECK(wait(&status) > 0);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 1);
		ran += !WEXITSTATUS(status);
	}
	CHECK(ran >= 1);
	CHECK(get(DIR "test") > 0);
	CHECK(strstr(text, "\tTIME\t") && !strstr(text, "\tBASE\t"));
	/* The last run stays after what was no order. */
	CHECK_EQ(order(DIR "test", "run X"), EINVAL);
	CHECK(get(DIR "test") > 0);
	CHECK_EQ(order(DIR "test", "off"), 0);
	CHECK_EQ(get(DIR "test"), 0);
}

TEST_MAIN(CASE(all_read), CASE(one_watch), CASE(lost_calls), CASE(counters),
	  CASE(conformance))
