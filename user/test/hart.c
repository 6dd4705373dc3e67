/*
 * Harts that go and come back under those that run on them (/proc/sbi/harts).
 * ROUNDS in the environment: how often each goes, in the case with the load.
 */
#include "user/test/thread.h"
#include <sched.h>

#define HARTS_FILE "/proc/sbi/harts"
#define MAX        64

static unsigned long ids[MAX];
static int is_on[MAX], cpus[MAX], n_harts;

static void look(void)
{
	char line[128], use[32];
	FILE *f = fopen(HARTS_FILE, "r");

	if (!f)
		test_skip("harts stay as they are here");
	n_harts = 0;
	while (fgets(line, sizeof(line), f)) {
		CHECK(n_harts < MAX);
		CHECK_EQ(sscanf(line, "%lu %d %31s", &ids[n_harts],
				&cpus[n_harts], use),
			 3);
		is_on[n_harts] = !strncmp(use, "online", 6);
		n_harts++;
	}
	fclose(f);
	CHECK(n_harts > 0);
}

/* What writing it gives: 0 or an errno. */
static int order(const char *how, unsigned long id)
{
	char text[64];
	int fd = open(HARTS_FILE, O_WRONLY), n, res = 0;

	CHECK(fd >= 0);
	n = snprintf(text, sizeof(text), "%s %lu\n", how, id);
	if (write(fd, text, (size_t)n) != n)
		res = errno;
	close(fd);
	return res;
}

static void begin(void)
{
	look();
	if (geteuid())
		test_skip("only root may");
	for (int i = 0; i < n_harts; i++)
		if (!is_on[i])
			CHECK_EQ(order("on", ids[i]), 0);
	look();
}

static void nobody_writes(void)
{
	become_nobody();
	CHECK_ERR(open(HARTS_FILE, O_WRONLY), EACCES);
	CHECK(open(HARTS_FILE, O_RDONLY) >= 0);
}

static void bad_orders(void)
{
	static const char *const bad[] = {
		"",        "on",    "off ",
		"off 0x1", "of 1",  "off 1 2",
		"offon",   "on -1", "off 99999999999999999999999"
	};
	int fd;

	begin();
	fd = open(HARTS_FILE, O_WRONLY);
	CHECK(fd >= 0);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_ERR(write(fd, bad[i], strlen(bad[i]) + !*bad[i]), EINVAL);
	CHECK_EQ(order("off", 7654321), ENODEV);
	CHECK_EQ(order("on", 7654321), ENODEV);
	CHECK_EQ(order("on", ids[0]), 0); /* it is */
	in_child(nobody_writes);
}

/* One hart must stay, whichever; the others are counted out. */
static void last_one_stays(void)
{
	begin();
	for (int stays = 0; stays < n_harts; stays++) {
		for (int i = 0; i < n_harts; i++)
			if (i != stays)
				CHECK_EQ(order("off", ids[i]), 0);
		CHECK_EQ(order("off", ids[stays]), EBUSY);
		CHECK_EQ(count_harts(), 1);
		look();
		for (int i = 0; i < n_harts; i++)
			CHECK_EQ(is_on[i], i == stays);
		for (int i = n_harts - 1; i >= 0; i--)
			CHECK_EQ(order("on", ids[i]), 0);
		CHECK_EQ(count_harts(), n_harts);
	}
}

/* A program that is bound to a hart goes on elsewhere, and back with it. */
static void bound_program_goes_on(void)
{
	volatile struct {
		unsigned long count;
		int stop, cpu;
	} * shared;
	pid_t pid;

	begin();
	if (n_harts == 1)
		test_skip("needs two harts");
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	for (int i = 0; i < n_harts; i++) {
		unsigned long before;

		shared->stop = 0;
		shared->cpu = -1;
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			pin_to(cpus[i]);
			while (!shared->stop) {
				shared->cpu = sched_getcpu();
				shared->count++;
			}
			_exit(0);
		}
		WAIT_UNTIL(shared->cpu == cpus[i]);
		CHECK_EQ(order("off", ids[i]), 0);
		before = shared->count;
		WAIT_UNTIL(shared->count > before + 1000);
		CHECK(shared->cpu != cpus[i]);
		CHECK_EQ(order("on", ids[i]), 0);
		WAIT_UNTIL(shared->cpu == cpus[i]);
		shared->stop = 1;
		CHECK_EQ(wait_status(pid), 0);
	}
}

/* Whoever sleeps with a deadline wakes, though its hart has gone. */
static void sleepers_wake(void)
{
	pid_t pids[24];

	begin();
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (!pids[i]) {
			for (int n = 0; n < 20; n++)
				nap_ms(1 + (i * 7 + (unsigned)n) % 40);
			_exit(0);
		}
	}
	for (int i = 0; i < n_harts - 1; i++)
		CHECK_EQ(order("off", ids[i]), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		CHECK_EQ(wait_status(pids[i]), 0);
	for (int i = 0; i < n_harts - 1; i++)
		CHECK_EQ(order("on", ids[i]), 0);
}

/* ---- the load ---- */

#define WORDS 8192

static unsigned long sum_of(unsigned long seed, unsigned long *mem)
{
	unsigned long x = seed * 0x9e3779b97f4a7c15ul + 1, sum = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		mem[i] = x;
	}
	for (unsigned i = 0; i < WORDS; i++)
		sum = (sum << 1 | sum >> 63) ^ mem[i];
	return sum;
}

/*
 * Fresh pages, a child that computes in its copy of them, a pipe that brings
 * the sum, floating point and a nap between: each must come out as it does for
 * one who is alone. In the shared word: how many turns were right.
 */
static void work(unsigned seed, volatile int *stop, volatile unsigned *turns)
{
	double d = seed;

	for (unsigned turn = 0; !*stop; turn++) {
		unsigned long *mem, sum = 0, want;
		int p[2];
		pid_t pid;

		mem = mmap(NULL, WORDS * 8, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(mem != MAP_FAILED && !pipe(p));
		want = sum_of(seed + turn, mem);
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			sum = sum_of(seed + turn, mem);
			_exit(write(p[1], &sum, sizeof(sum)) != sizeof(sum));
		}
		d = d * 3 + 1;
		CHECK_EQ(read(p[0], &sum, sizeof(sum)), sizeof(sum));
		CHECK_EQ(wait_status(pid), 0);
		CHECK(sum == want && sum_of(seed + turn, mem) == want);
		d = (d - 1) / 3;
		CHECK(d == seed);
		close(p[0]);
		close(p[1]);
		munmap(mem, WORDS * 8);
		if (turn % 4 == 0)
			nap_ms(1);
		__atomic_fetch_add(turns, 1, __ATOMIC_RELAXED);
	}
}

static void sums_are_right(void)
{
	const char *text = getenv("ROUNDS");
	int rounds = text ? atoi(text) : 2, workers;
	pid_t pids[MAX + 2];
	struct {
		volatile int stop, bound;
		volatile unsigned turns;
	} * shared;

	begin();
	workers = n_harts + 2;
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	for (int i = 0; i < workers; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (!pids[i]) {
			if (i >= n_harts) { /* two that are bound */
				pin_to(cpus[i % n_harts]);
				__atomic_fetch_add(&shared->bound, 1,
						   __ATOMIC_RELAXED);
			}
			work((unsigned)i * 1000, &shared->stop, &shared->turns);
			_exit(0);
		}
	}
	WAIT_UNTIL(shared->bound == 2); /* to a hart that is there */
	for (int r = 0; r < rounds && n_harts > 1; r++) {
		for (int i = 0; i < n_harts; i++) {
			unsigned turns = shared->turns;

			CHECK_EQ(order("off", ids[i]), 0);
			WAIT_UNTIL(shared->turns != turns);
			CHECK_EQ(order("on", ids[i]), 0);
		}
	}
	shared->stop = 1;
	for (int i = 0; i < workers; i++)
		CHECK_EQ(wait_status(pids[i]), 0);
}

TEST_MAIN(CASE(bad_orders), CASE(last_one_stays), CASE(bound_program_goes_on),
	  CASE(sleepers_wake), CASE_LIMIT(sums_are_right, 3600))
