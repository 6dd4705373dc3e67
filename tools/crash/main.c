/*
 * The explorer: runs workloads on a small disk, makes every state that a power
 * cut could have left of each, and asks of each state that differs from those
 * before whether e2fsck is content, whether our own recovery is and what
 * e2fsck says of its result, and whether all that was promised is there.
 *
 * Each workload runs in a process of its own, so that one that panics or hangs
 * is only one failure; which state it was at stands in shared memory, and a
 * further process goes on behind it.
 *
 * tools/crash/run makes the disks and calls this; README.md has the options.
 */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_DEATHS  5
#define MAX_KEPT    12
#define MAX_TOLD    3 /* failures of one workload that are printed */
#define NESTED      48 /* of so many recoveries one is itself cut off */

enum phase { IN_RUN, IN_JUDGE, IN_RECOVERY, IN_JUDGE_AGAIN, IN_NESTED };
static const char *const phases[] = { "the workload", "the judge",
				      "recovery", "the judge after recovery",
				      "recovery that is cut off" };

/* Between a process that explores and the one that waits for it. */
static struct shared {
	uint64_t tried, distinct, nested, fault_runs, failures, e2fsck;
	uint64_t here;      /* distinct states of this workload, so far */
	uint64_t skip;      /* those that were looked at before */
	unsigned told;      /* failures of this workload */
	unsigned requests;
	enum phase phase;
	struct state state;
	char note[160];
} *sh;

static const char *image_path, *layout_path, *kind = "disk", *keep = ".";
static const char *done_path, *work_folder;
static unsigned char *base, *work, *durable, *scratch, *inner, *inner2;
static uint64_t bytes;
static unsigned kept;
static struct states_options options = { .seed = 1, .subsets = 2, .tears = 8 };
static struct log wlog;
static struct workload workload;
static bool oracle = true, quiet;

static void *map_shared(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("memory");
		exit(2);
	}
	return p;
}

static void save(const char *path, const unsigned char *image)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	for (uint64_t at = 0; fd >= 0 && at < bytes; at += 4096) {
		static const unsigned char zero[4096];

		if (memcmp(image + at, zero, 4096) &&
		    pwrite(fd, image + at, 4096, (off_t)at) != 4096)
			perror(path);
	}
	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		perror(path);
	if (fd >= 0)
		close(fd);
}

static void print_program(void)
{
	for (unsigned i = 0; i < workload.n_ops && i < 12; i++) {
		char line[200];

		op_text(&workload.ops[i], line, sizeof(line));
		printf("%s%s", i ? "; " : "      ", line);
	}
	printf("%s\n", workload.n_ops > 12 ? "; ..." : "");
}

static void fail(const char *where, const char *what,
		 const unsigned char *image)
{
	char name[512];

	__atomic_add_fetch(&sh->failures, 1, __ATOMIC_RELAXED);
	if (sh->told++ >= MAX_TOLD)
		return;
	printf("FAIL %s %s/%s: %s\n", kind, workload.name, where, what);
	print_program();
	if (image && kept++ < MAX_KEPT) {
		snprintf(name, sizeof(name), "%s/%s-%s-%s.img", keep, kind,
			 workload.name, where);
		for (char *p = name + strlen(keep) + 1; *p; p++) {
			if (strchr(":/ +", *p))
				*p = '-';
		}
		save(name, image);
		printf("      the disk then: %s\n", name);
	}
	printf("      again: tools/crash/run --kind %s --seed %u --only %s -v"
	       "   (--replay %s/%s FILE)\n",
	       kind, options.seed, workload.name, workload.name, where);
	fflush(stdout);
}

/* A process may use so many seconds for one thing. */
static void give_time(unsigned seconds)
{
	struct itimerval t = { .it_value = { .tv_sec = seconds } };

	setitimer(ITIMER_PROF, &t, NULL);
	alarm(seconds * 20);
}

/* ---- states ---- */
static struct {
	uint64_t *v;
	unsigned n, room;
} met;

/* Has this been met before? */
static bool met_add(uint64_t h)
{
	if (met.n * 2 >= met.room) {
		uint64_t *old = met.v;
		unsigned room = met.room;

		met.room = room ? room * 2 : 4096;
		met.v = calloc(met.room, sizeof(*met.v));
		met.n = 0;
		if (!met.v)
			abort();
		for (unsigned i = 0; i < room; i++) {
			if (old[i])
				met_add(old[i]);
		}
		free(old);
	}
	h = h ? h : 1;
	for (uint64_t at = h % met.room;; at = (at + 1) % met.room) {
		if (met.v[at] == h)
			return true;
		if (!met.v[at]) {
			met.v[at] = h;
			met.n++;
			return false;
		}
	}
}

struct nested {
	char outer[STATE_NAME];
	uint32_t t;
};

static void look_nested(void *arg, const struct state *st,
			const unsigned char *image, uint64_t hash)
{
	const struct nested *ne = arg;
	char name[STATE_NAME], where[STATE_NAME * 2 + 4];
	unsigned requests;
	const char *bad;

	if (met_add(hash_mix(hash, 0x4e57)))
		return;
	sh->nested++;
	give_time(20);
	state_name(st, name);
	snprintf(where, sizeof(where), "%s+%s", ne->outer, name);
	snprintf(sh->note, sizeof(sh->note), "%s", where);
	bad = judge(image, true);
	if (!bad) {
		memcpy(scratch, image, bytes);
		bad = run_recovery(scratch, bytes, ne->t, oracle, false, NULL,
				   NULL, &requests);
	}
	if (!bad)
		bad = judge(scratch, false);
	if (bad)
		fail(where, bad, image);
}

/* A recovery is cut off, too. */
static void cut_recovery(const struct state *st, const unsigned char *image)
{
	struct states_options o = { .seed = options.seed, .limit = 60,
				    .subsets = 1, .tears = 4,
				    .whole_super = options.whole_super };
	struct nested ne = { .t = st->t };
	struct log l = { 0 };
	unsigned requests;

	sh->phase = IN_NESTED;
	state_name(st, ne.outer);
	memcpy(scratch, image, bytes);
	memcpy(inner, image, bytes);
	memcpy(inner2, image, bytes);
	if (!run_recovery(scratch, bytes, st->t, false, false, &l, NULL,
			  &requests))
		states_walk(&l, &o, inner, inner2, look_nested, &ne);
	log_clear(&l);
}

static void look_at_state(void *arg, const struct state *st,
			  const unsigned char *image, uint64_t hash)
{
	char name[STATE_NAME];
	unsigned requests;
	const char *bad;
	bool deep;

	if (!sh->skip || sh->here >= sh->skip)
		sh->tried++;
	if (met_add(hash_mix(hash, model_promises(st->t))))
		return;
	sh->here++;
	if (sh->here <= sh->skip)
		return;
	sh->distinct++;
	sh->state = *st;
	sh->note[0] = 0;
	state_name(st, name);
	give_time(20);
	sh->phase = IN_JUDGE;
	bad = judge(image, true);
	if (bad) {
		fail(name, bad, image);
		return;
	}
	sh->phase = IN_RECOVERY;
	memcpy(scratch, image, bytes);
	deep = !(hash % 4);
	bad = run_recovery(scratch, bytes, st->t, oracle, deep, NULL, NULL,
			   &requests);
	if (bad) {
		fail(name, bad, image);
		return;
	}
	sh->phase = IN_JUDGE_AGAIN;
	bad = judge(scratch, false);
	if (bad)
		fail(name, bad, image);
	else if (!(hash_mix(hash, 99) % NESTED))
		cut_recovery(st, image);
}

static void explore(void)
{
	memcpy(work, base, bytes);
	memcpy(durable, base, bytes);
	states_walk(&wlog, &options, work, durable, look_at_state, NULL);
}

/* ---- processes ---- */
static void begin_child(void)
{
	char err[600];
	int fd;

	snprintf(err, sizeof(err), "%s/stderr", work_folder);
	fd = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0 && !run_verbose)
		dup2(fd, 2);
	give_time(120);
	run_init();
}

static void __attribute__((noreturn)) end_child(void)
{
	sh->e2fsck += judge_runs;
	fflush(stdout);
	_exit(0);
}

/* What a process that died said. */
static const char *last_words(void)
{
	static char buf[1200];
	char name[600];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "%s/stderr", work_folder);
	fd = open(name, O_RDONLY);
	n = fd >= 0 ? read(fd, buf, sizeof(buf) - 1) : 0;
	buf[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
	return buf;
}

/* fn in a process of its own: true if it came to its end. */
static bool in_child(void (*fn)(const void *arg), const void *arg)
{
	char what[1600], name[STATE_NAME];
	const char *how = "dies";
	int status;
	pid_t pid;

	fflush(stdout);
	sh->phase = IN_RUN;
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		begin_child();
		fn(arg);
		end_child();
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		exit(2);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	if (WIFSIGNALED(status) &&
	    (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM))
		how = "takes for ever";
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		how = "is killed from outside (this machine's memory?)";
	snprintf(what, sizeof(what), "%s %s: %s", phases[sh->phase], how,
		 last_words());
	state_name(&sh->state, name);
	fail(sh->note[0]		  ? sh->note
	     : sh->phase == IN_RUN ? "run"
					  : name,
	     what, sh->phase == IN_RUN ? NULL : work);
	return false;
}

static void child_workload(const void *arg)
{
	unsigned requests;
	bool told;
	const char *bad;

	memcpy(work, base, bytes);
	bad = run_workload(&workload, work, bytes, &wlog, NULL, &requests,
			   &told);
	if (bad && !sh->skip)
		fail("run", bad, work);
	explore();
	if (run_verbose || !quiet)
		printf("%s %s: %u writes, %u flushes, %llu states\n", kind,
		       workload.name, wlog.n_writes, wlog.n_flushes,
		       (unsigned long long)sh->here);
}

static void do_workload(void)
{
	sh->here = sh->skip = 0;
	sh->told = 0;
	sh->note[0] = 0;
	for (unsigned deaths = 0; deaths < MAX_DEATHS; deaths++) {
		if (in_child(child_workload, NULL) || sh->phase == IN_RUN)
			return;
		sh->skip = sh->here;
		sh->here = 0;
		sh->note[0] = 0;
	}
}

/* ---- failing disks ---- */
static void child_fault(const void *arg)
{
	const struct run_faults *f = arg;
	unsigned requests;
	const char *bad;
	bool told;

	memcpy(work, base, bytes);
	if (f->nth)
		run_reads = NULL;
	bad = run_workload(&workload, work, bytes, &wlog, f, &requests, &told);
	if (!f->nth) {
		sh->requests = requests;
		if (bad)
			fail("run", bad, NULL);
		return;
	}
	sh->phase = IN_JUDGE;
	if (!bad)
		bad = judge(work, true);
	sh->phase = IN_RECOVERY;
	if (!bad) {
		memcpy(scratch, work, bytes);
		bad = run_recovery(scratch, bytes, NEVER, true, false, NULL,
				   NULL, &requests);
	}
	sh->phase = IN_JUDGE_AGAIN;
	if (!bad)
		bad = judge(scratch, false);
	if (bad)
		fail(sh->note, bad, work);
}

/* The power goes in the middle of the log, and then the disk fails in
 * recovery. */
static void child_fault_recovery(const void *arg)
{
	const struct run_faults *f = arg;
	struct run_faults none = { 0 };
	struct state st = { .kind = 'p' };
	unsigned requests;
	const char *bad;
	bool told;

	memcpy(work, base, bytes);
	if (f->nth)
		run_reads = NULL;
	run_workload(&workload, work, bytes, &wlog, NULL, &requests, &told);
	if (run_reads)
		memset(run_reads, 0, RUN_READS_MAX);
	/* Early enough that the log has something in it. */
	st.t = wlog.now - wlog.now / 4;
	memcpy(work, base, bytes);
	state_make(&wlog, &st, work);
	memcpy(durable, work, bytes);
	sh->phase = IN_RECOVERY;
	bad = run_recovery(work, bytes, st.t, true, true, NULL,
			   f->nth ? f : &none, &requests);
	if (!f->nth) {
		sh->requests = requests;
		return;
	}
	sh->phase = IN_JUDGE;
	if (!bad)
		bad = judge(work, true);
	sh->phase = IN_JUDGE_AGAIN;
	if (!bad)
		bad = run_recovery(work, bytes, st.t, false, false, NULL, NULL,
				   &requests);
	if (!bad)
		bad = judge(work, false);
	if (bad)
		fail(sh->note, bad, durable);
}

/* Most reads are those with which mount looks at what it may want. */
static bool is_dull(unsigned request)
{
	return request < RUN_READS_MAX && run_reads[request] && request % 5;
}

static void do_faults(void (*child)(const void *arg), const char *what,
		      unsigned most)
{
	struct run_faults f = { 0 };
	unsigned n, step, chosen = 0;

	sh->told = 0;
	snprintf(sh->note, sizeof(sh->note), "%s0", what);
	memset(run_reads, 0, RUN_READS_MAX);
	if (!in_child(child, &f))
		return;
	n = sh->requests;
	/* All writes and flushes that there is room for, and some reads. */
	for (unsigned i = 1; i <= n; i++)
		chosen += !is_dull(i);
	step = most && chosen > most ? chosen / most : 1;
	chosen = options.seed;
	for (unsigned i = 1; i <= n; i++) {
		if (is_dull(i) || chosen++ % step)
			continue;
		for (unsigned ever = 0; ever < 2; ever++) {
			f.nth = i;
			f.for_ever = ever;
			sh->fault_runs++;
			snprintf(sh->note, sizeof(sh->note), "%s%u%s", what, i,
				 ever ? "-ever" : "");
			in_child(child, &f);
		}
	}
}

/* ---- what was done before ---- */
static bool done_before(const char *name)
{
	FILE *f = done_path ? fopen(done_path, "r") : NULL;
	unsigned long long tried, distinct, nested, faults, failures;
	char line[200], word[100];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%99s %llu %llu %llu %llu %llu", word, &tried,
			   &distinct, &nested, &faults, &failures) != 6 ||
		    strcmp(word, name))
			continue;
		found = true;
		sh->tried += tried;
		sh->distinct += distinct;
		sh->nested += nested;
		sh->fault_runs += faults;
		sh->failures += failures;
	}
	if (f)
		fclose(f);
	return found;
}

static void done_note(const char *name, const struct shared *before)
{
	FILE *f = done_path ? fopen(done_path, "a") : NULL;

	if (!f)
		return;
	fprintf(f, "%s %llu %llu %llu %llu %llu\n", name,
		(unsigned long long)(sh->tried - before->tried),
		(unsigned long long)(sh->distinct - before->distinct),
		(unsigned long long)(sh->nested - before->nested),
		(unsigned long long)(sh->fault_runs - before->fault_runs),
		(unsigned long long)(sh->failures - before->failures));
	fclose(f);
}

/* ---- the disk ---- */
static void read_image(void)
{
	int fd = open(image_path, O_RDONLY);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (size <= 0 || size % 4096) {
		fprintf(stderr, "%s: no image\n", image_path);
		exit(2);
	}
	bytes = (uint64_t)size;
	base = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (base == MAP_FAILED)
		exit(2);
	work = map_shared(bytes);
	durable = map_shared(bytes);
	scratch = map_shared(bytes);
	inner = map_shared(bytes);
	inner2 = map_shared(bytes);
}

/* "block_size N", "journal B B B ..." */
static void read_layout(void)
{
	FILE *f = layout_path ? fopen(layout_path, "r") : NULL;
	uint32_t *blocks = malloc(bytes / 1024 * sizeof(*blocks) + 4);
	unsigned n = 0, block_size = 1024;

	if (f && blocks && fscanf(f, "block_size %u journal", &block_size) == 1) {
		while (n < bytes / 1024 && fscanf(f, "%u", &blocks[n]) == 1)
			n++;
		judge_set_journal(blocks, n, block_size);
	}
	if (f)
		fclose(f);
	free(blocks);
}

/* ---- one state, for looking at it ---- */
static char *replay_name, *replay_file;

static void child_replay(const void *arg)
{
	char *plus = strchr(replay_name, '+');
	struct state st, in;
	struct log l = { 0 };
	unsigned requests;
	bool told;

	if (plus)
		*plus++ = 0;
	if (!state_parse(replay_name, &st) || (plus && !state_parse(plus, &in))) {
		fprintf(stderr, "no state: %s\n", replay_name);
		_exit(2);
	}
	memcpy(work, base, bytes);
	if (!wlog.n_writes)
		run_workload(&workload, work, bytes, &wlog, NULL, &requests,
			     &told);
	memcpy(work, base, bytes);
	state_make(&wlog, &st, work);
	if (plus) {
		memcpy(scratch, work, bytes);
		run_recovery(scratch, bytes, st.t, false, false, &l, NULL,
			     &requests);
		state_make(&l, &in, work);
	}
	save(replay_file, work);
	printf("%s\n", replay_file);
	sh->tried = 1;
	look_at_state(NULL, &st, work, 0);
}

static void child_record(const void *path)
{
	unsigned requests;
	bool told;

	memcpy(work, base, bytes);
	run_workload(&workload, work, bytes, &wlog, NULL, &requests, &told);
	if (log_write_file(&wlog, path))
		_exit(2);
}

static void child_log(const void *arg)
{
	explore();
}

static int usage(void)
{
	fprintf(stderr, "see tools/crash/README.md\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *set = "one", *script = NULL, *only = NULL, *log_path = NULL;
	const char *record = NULL;
	unsigned from = 0, to = UINT32_MAX, step = 1, faults = 0, ran = 0;
	char name[128];

	/* Whoever kills tools/crash/run ends this, and its children, too. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		const char *o = argv[i];
		char *v = i + 1 < argc ? argv[i + 1] : (char *)(uintptr_t) "";

		if (!strcmp(o, "-v")) {
			run_verbose = true;
			continue;
		}
		if (!strcmp(o, "--whole-super")) {
			options.whole_super = true;
			continue;
		}
		if (!strcmp(o, "-q")) {
			quiet = true;
			continue;
		}
		i++;
		if (!strcmp(o, "--tree"))
			return model_make_tree(v);
		else if (!strcmp(o, "--image"))
			image_path = v;
		else if (!strcmp(o, "--layout"))
			layout_path = v;
		else if (!strcmp(o, "--kind"))
			kind = v;
		else if (!strcmp(o, "--keep"))
			keep = v;
		else if (!strcmp(o, "--work"))
			work_folder = v;
		else if (!strcmp(o, "--done"))
			done_path = v;
		else if (!strcmp(o, "--set"))
			set = v;
		else if (!strcmp(o, "--from"))
			from = (unsigned)atoi(v);
		else if (!strcmp(o, "--to"))
			to = (unsigned)atoi(v);
		else if (!strcmp(o, "--step"))
			step = (unsigned)atoi(v);
		else if (!strcmp(o, "--seed"))
			options.seed = (unsigned)atoi(v);
		else if (!strcmp(o, "--limit"))
			options.limit = (unsigned)atoi(v);
		else if (!strcmp(o, "--tears"))
			options.tears = (unsigned)atoi(v);
		else if (!strcmp(o, "--subsets"))
			options.subsets = (unsigned)atoi(v);
		else if (!strcmp(o, "--faults"))
			faults = (unsigned)atoi(v);
		else if (!strcmp(o, "--script"))
			script = v;
		else if (!strcmp(o, "--only"))
			only = v;
		else if (!strcmp(o, "--log"))
			log_path = v;
		else if (!strcmp(o, "--record"))
			record = v;
		else if (!strcmp(o, "--replay") && i + 1 < argc) {
			replay_name = v;
			replay_file = argv[++i];
		} else {
			return usage();
		}
	}
	if (!image_path || !work_folder)
		return usage();
	read_image();
	sh = map_shared(sizeof(*sh));
	if (faults)
		run_reads = map_shared(RUN_READS_MAX);
	judge_open(work_folder, bytes, map_shared(judge_seen_bytes()));
	read_layout();
	if (log_path) {
		if (log_read_file(&wlog, log_path, bytes))
			return 2;
		oracle = false;
		snprintf(workload.name, sizeof(workload.name), "log");
		options.prefixes_only = !options.limit;
	}
	if (replay_name && !log_path) {
		char *slash = strchr(replay_name, '/');

		if (!slash)
			return usage();
		*slash = 0;
		only = replay_name;
		replay_name = slash + 1;
	}
	if (only) {
		static char copy[64];
		char *colon;

		snprintf(copy, sizeof(copy), "%s", only);
		colon = strchr(copy, ':');
		if (!colon)
			return usage();
		*colon = 0;
		set = copy;
		from = (unsigned)atoi(colon + 1);
		to = from + 1;
	}
	for (unsigned n = from; n < to; n += step ? step : 1) {
		struct shared before = *sh;

		if (!log_path && script) {
			memset(&workload, 0, sizeof(workload));
			snprintf(workload.name, sizeof(workload.name),
				 "script");
			if (!workload_parse(script, &workload))
				return 2;
			workload.deferred = n & 1;
		} else if (!log_path &&
			   !workload_make(set, n, options.seed, &workload)) {
			break;
		}
		snprintf(name, sizeof(name), "%s%s", workload.name,
			 faults ? "-faults" : "");
		if (!replay_name && !record && done_before(name)) {
			ran++;
			workload_free(&workload);
			continue;
		}
		ran++;
		if (replay_name)
			in_child(child_replay, NULL);
		else if (record)
			in_child(child_record, record);
		else if (log_path)
			in_child(child_log, NULL);
		else if (faults) {
			do_faults(child_fault, "fault", faults);
			do_faults(child_fault_recovery, "recovery", faults);
		} else
			do_workload();
		done_note(name, &before);
		workload_free(&workload);
		if (log_path || replay_name || record || script)
			break;
	}
	printf("%s: %u workloads, %llu states tried, %llu distinct, %llu in "
	       "recovery, %llu failing disks, %llu runs of e2fsck, %llu "
	       "failures\n",
	       kind, ran, (unsigned long long)sh->tried,
	       (unsigned long long)sh->distinct,
	       (unsigned long long)sh->nested,
	       (unsigned long long)sh->fault_runs,
	       (unsigned long long)sh->e2fsck,
	       (unsigned long long)sh->failures);
	return sh->failures ? 1 : 0;
}
