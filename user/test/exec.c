/*
 * execve: arguments, environment, scripts, what stays open, and files that
 * are no programs or damaged ones.
 *
 * QEMU's user mode hands execve to the build machine, which cannot run what
 * is built here; there only the cases are left that run nothing.
 */
#define TEST_SELF(argc, argv) look_at_self(argc, argv)
#include "test.h"

#include <elf.h>
#include <limits.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define USER_TOP (1ul << 38)

static char self[256];
extern char **environ;

/* The program's other self: writes its arguments, a line each, and then what
 * it has of variables that begin with T_, to descriptor 3. */
static int other_self(int argc, char **argv)
{
	FILE *f = fdopen(3, "w");

	if (!f)
		return 99;
	fprintf(f, "%d\n", argc);
	for (int i = 0; i < argc; i++)
		fprintf(f, "[%s]\n", argv[i]);
	for (char **e = environ; *e; e++)
		if (!strncmp(*e, "T_", 2))
			fprintf(f, "{%s}\n", *e);
	fclose(f);
	return 7;
}

static int look_at_self(int argc, char **argv)
{
	if (getenv("TEST_CHILD")) {
		int status = other_self(argc, argv);

		_exit(status);
	}
	if (!realpath(argv[0], self))
		self[0] = '\0';
	return 0;
}

static char *const child_env[] = { (char *)(uintptr_t)"TEST_CHILD=1",
				   (char *)(uintptr_t)"T_A=1",
				   (char *)(uintptr_t)"T_B=two words", NULL };
#define ARGV(...) ((char *[]){ __VA_ARGS__, NULL })
#define S(text)   ((char *)(uintptr_t)(text))

static void needs_exec(void)
{
	test_skip_on_linux("QEMU's user mode hands execve to its host");
}

/* Runs path in a child and compares what the other self says. */
static void run_says(const char *path, char *const argv[], char *const envp[],
		     const char *want)
{
	static char got[8192];
	size_t have = 0;
	ssize_t n;
	int fd[2], status;
	pid_t pid;

	CHECK(!pipe(fd));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		close(fd[0]);
		if (fd[1] != 3) {
			dup2(fd[1], 3);
			close(fd[1]);
		}
		execve(path, argv, envp);
		_exit(errno);
	}
	close(fd[1]);
	while ((n = read(fd[0], got + have, sizeof(got) - 1 - have)) > 0)
		have += (size_t)n;
	got[have] = '\0';
	close(fd[0]);
	status = wait_status(pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 7);
	if (strcmp(got, want)) {
		for (char *p = got; *p; p++)
			if (*p == '\n')
				*p = '|';
		test_fail("it says %s", got);
	}
}

/* What execve of path fails with. Nothing may come of it. */
static int exec_errno(const char *path)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		execve(path, ARGV(S(path)), child_env);
		_exit(errno);
	}
	status = wait_status(pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void make_program(const char *path, const void *data, size_t n)
{
	make_file(path, data, n);
	CHECK(!chmod(path, 0755));
}

static void arguments_arrive(void)
{
	needs_exec();
	run_says(self, ARGV(S("name")), child_env,
		 "1\n[name]\n{T_A=1}\n{T_B=two words}\n");
	run_says(self, ARGV(S("a"), S(""), S("b c"), S("")), child_env,
		 "4\n[a]\n[]\n[b c]\n[]\n{T_A=1}\n{T_B=two words}\n");
}

static void exec_without_arguments(void)
{
	static char *none[] = { NULL };
	int status;
	pid_t pid;

	needs_exec();
	/* No argument at all: whatever argc then is, nothing breaks. */
	pid = fork();
	if (!pid) {
		close(3);
		execve(self, none, child_env);
		_exit(1);
	}
	status = wait_status(pid);
	CHECK(WIFEXITED(status));
	CHECK(WEXITSTATUS(status) == 99 || WEXITSTATUS(status) == 1);
}

static void long_argument(size_t len, int want)
{
	char *big = malloc(len + 1);
	int status;
	pid_t pid;

	CHECK(big);
	memset(big, 'x', len);
	big[len] = '\0';
	pid = fork();
	if (!pid) {
		close(3);
		execve(self, ARGV(S("a"), big), child_env);
		_exit(errno);
	}
	status = wait_status(pid);
	CHECK(WIFEXITED(status));
	/* Without descriptor 3 the other self ends with 99. */
	CHECK_EQ(WEXITSTATUS(status), want);
	free(big);
}

static void size_of_arguments(void)
{
	enum { LEN = 100000 };
	static char *argv[42];
	char *big = malloc(LEN + 1);
	int status;
	pid_t pid;

	needs_exec();
	long_argument(131071, 99);
	long_argument(131072, E2BIG);
	long_argument(1 << 20, E2BIG);
	/* Each is small enough, all of them are not. */
	CHECK(big);
	memset(big, 'x', LEN);
	big[LEN] = '\0';
	for (int n = 10; n <= 40; n += 30) {
		for (int i = 0; i < n; i++)
			argv[i] = big;
		argv[n] = NULL;
		pid = fork();
		if (!pid) {
			close(3);
			execve(self, argv, child_env);
			_exit(errno);
		}
		status = wait_status(pid);
		CHECK(WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), n == 10 ? 99 : E2BIG);
	}
	/* So many that what points to them is too much. */
	{
		enum { N = 270000 };
		char **all = mmap(NULL, (N + 1) * sizeof(*all),
				  PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(all != MAP_FAILED);
		for (long i = 0; i < N; i++)
			all[i] = S("");
		CHECK_ERR(execve(self, all, child_env), E2BIG);
		CHECK(!munmap(all, (N + 1) * sizeof(*all)));
	}
}

static void wrong_paths(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	make_file("f", "x", 1);
	CHECK(!mkdir("d", 0755));
	CHECK(!symlink("loop", "loop"));
	CHECK_EQ(exec_errno("none"), ENOENT);
	CHECK_EQ(exec_errno(""), ENOENT);
	CHECK_EQ(exec_errno("f"), EACCES);
	CHECK_EQ(exec_errno("d"), EACCES);
	CHECK_EQ(exec_errno("f/x"), ENOTDIR);
	CHECK_EQ(exec_errno("loop"), ELOOP);
	CHECK_EQ(exec_errno("/dev/null"), EACCES);
	CHECK(p != MAP_FAILED && !munmap(p + 4096, 4096));
	CHECK_ERR(execve(bad_pointer, ARGV(S("a")), child_env), EFAULT);
	CHECK_ERR(execve(self, bad_pointer, child_env), EFAULT);
	CHECK_ERR(execve(self, ARGV(S("a")), bad_pointer), EFAULT);
	CHECK_ERR(execve(self, ARGV(S("a"), bad_pointer), child_env), EFAULT);
	CHECK_ERR(execve(self, ARGV(S("a")), ARGV(bad_pointer)), EFAULT);
	/* A string and a vector that run into nothing. */
	memset(p, 'x', 4096);
	CHECK_ERR(execve(self, ARGV(p + 4090), child_env), EFAULT);
	((char **)(void *)p)[511] = S("a");
	CHECK_ERR(execve(self, (char **)(void *)(p + 4088), child_env),
		  EFAULT);
}

static void script(const char *path, const char *first_line)
{
	char text[600];

	snprintf(text, sizeof(text), "%s\nrest\n", first_line);
	make_program(path, text, strlen(text));
}

static void scripts(void)
{
	char line[400];

	needs_exec();
	snprintf(line, sizeof(line), "#!%s", self);
	script("s", line);
	snprintf(line, sizeof(line),
		 "3\n[%s]\n[./s]\n[x]\n{T_A=1}\n{T_B=two words}\n", self);
	run_says("./s", ARGV(S("ignored"), S("x")), child_env, line);
	/* All behind the interpreter is one argument. */
	snprintf(line, sizeof(line), "#! \t%s -a  b c \t", self);
	script("s", line);
	snprintf(line, sizeof(line),
		 "3\n[%s]\n[-a  b c]\n[./s]\n{T_A=1}\n{T_B=two words}\n",
		 self);
	run_says("./s", ARGV(S("s")), child_env, line);
	/* A script for a script. */
	script("t", "#!./s two");
	snprintf(line, sizeof(line),
		 "5\n[%s]\n[-a  b c]\n[./s]\n[two]\n[./t]\n{T_A=1}\n"
		 "{T_B=two words}\n",
		 self);
	run_says("./t", ARGV(S("t")), child_env, line);
	/* The interpreter needs no line end. */
	snprintf(line, sizeof(line), "#!%s", self);
	make_program("u", line, strlen(line));
	snprintf(line, sizeof(line),
		 "2\n[%s]\n[./u]\n{T_A=1}\n{T_B=two words}\n", self);
	run_says("./u", ARGV(S("u")), child_env, line);
}

static void wrong_scripts(void)
{
	static char line[600];

	script("s", "#!/none/there");
	CHECK_EQ(exec_errno("./s"), ENOENT);
	script("s", "#!");
	CHECK_EQ(exec_errno("./s"), ENOEXEC);
	script("s", "#!   \t ");
	CHECK_EQ(exec_errno("./s"), ENOEXEC);
	script("s", "#!./s");
	CHECK_EQ(exec_errno("./s"), ELOOP);
	script("a", "#!./b");
	script("b", "#!./a");
	CHECK_EQ(exec_errno("./a"), ELOOP);
	make_file("plain", "#!/bin/sh\n", 10);
	CHECK_EQ(exec_errno("./plain"), EACCES);
	script("s", "#!./plain");
	CHECK_EQ(exec_errno("./s"), EACCES);
	script("s", "#!.");
	CHECK_EQ(exec_errno("./s"), EACCES);
	make_program("text", "echo hello\n", 11);
	CHECK_EQ(exec_errno("./text"), ENOEXEC);
	make_program("empty", "", 0);
	CHECK_EQ(exec_errno("./empty"), ENOEXEC);
	/* An interpreter whose name was cut off is not taken. */
	memset(line, 'x', 500);
	memcpy(line, "#!/", 3);
	make_program("s", line, 500);
	CHECK_EQ(exec_errno("./s"), ENOEXEC);
}

static void marked_descriptors(void)
{
	int fd[2], status;
	pid_t pid;
	char c;

	needs_exec();
	/* The other self says 99 when it finds no descriptor 3. */
	CHECK(!pipe2(fd, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		if (dup3(fd[1], 3, O_CLOEXEC) != 3)
			_exit(1);
		execve(self, ARGV(S("a")), child_env);
		_exit(1);
	}
	close(fd[1]);
	/* This would wait for ever if exec had kept the writing end. */
	CHECK_EQ(read(fd[0], &c, 1), 0);
	status = wait_status(pid);
	CHECK_EQ(WEXITSTATUS(status), 99);
}

static void auxiliary_vector(void)
{
	CHECK_EQ(getauxval(AT_PAGESZ), 4096);
	CHECK_EQ(getauxval(AT_UID), getuid());
	CHECK_EQ(getauxval(AT_EGID), getegid());
	CHECK(getauxval(AT_RANDOM));
	CHECK(getauxval(AT_PHDR));
	CHECK_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	CHECK(getauxval(AT_PHNUM) > 0);
	CHECK(getauxval(AT_HWCAP) & (1ul << ('C' - 'A')));
	CHECK_EQ(getauxval(AT_SECURE), 0);
	CHECK(getauxval(AT_ENTRY));
	if (!test_on_linux())
		CHECK(strstr((char *)getauxval(AT_EXECFN), "exec"));
}

/*
 * A whole program by hand: its headers and its code are one page. It ends
 * with status 42.
 */
#define TINY_BASE 0x10000ul

struct tiny {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
	uint32_t code[8];
	char rest[4096 - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr) - 32];
};

static struct tiny tiny_make(void)
{
	struct tiny t;

	memset(&t, 0, sizeof(t));
	memcpy(t.eh.e_ident, ELFMAG, SELFMAG);
	t.eh.e_ident[EI_CLASS] = ELFCLASS64;
	t.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	t.eh.e_ident[EI_VERSION] = EV_CURRENT;
	t.eh.e_type = ET_EXEC;
	t.eh.e_machine = EM_RISCV;
	t.eh.e_version = EV_CURRENT;
	t.eh.e_entry = TINY_BASE + offsetof(struct tiny, code);
	t.eh.e_phoff = offsetof(struct tiny, ph);
	t.eh.e_ehsize = sizeof(t.eh);
	t.eh.e_phentsize = sizeof(t.ph[0]);
	t.eh.e_phnum = 3;
	t.ph[0].p_type = PT_LOAD;
	t.ph[0].p_flags = PF_R | PF_X;
	t.ph[0].p_vaddr = t.ph[0].p_paddr = TINY_BASE;
	t.ph[0].p_filesz = t.ph[0].p_memsz = 4096;
	t.ph[0].p_align = 4096;
	t.ph[1].p_type = PT_LOAD;
	t.ph[1].p_flags = PF_R | PF_W;
	t.ph[1].p_vaddr = t.ph[1].p_paddr = TINY_BASE + 0x1000;
	t.ph[1].p_memsz = 8192;
	t.ph[1].p_align = 4096;
	t.ph[2].p_type = PT_NOTE;
	t.code[0] = 0x02a00513; /* li a0, 42 */
	t.code[1] = 0x05e00893; /* li a7, SYS_exit_group */
	t.code[2] = 0x00000073; /* ecall */
	t.code[3] = 0x0000006f; /* j . */
	return t;
}

/* The status of running it; -1 when it had to be killed for running on, or
 * the negative errno with which execve failed. */
static int tiny_run(const struct tiny *t, size_t size)
{
	int status, fd[2], err = 0;
	pid_t pid;

	unlink("tiny");
	make_program("tiny", t, size);
	CHECK(!pipe2(fd, O_CLOEXEC));
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		close(fd[0]);
		execve("./tiny", ARGV(S("tiny")), child_env);
		err = errno;
		CHECK_EQ(write(fd[1], &err, sizeof(err)), sizeof(err));
		_exit(0);
	}
	close(fd[1]);
	if (read(fd[0], &err, sizeof(err)) == sizeof(err)) {
		CHECK_EQ(wait_status(pid), 0);
		close(fd[0]);
		return -err;
	}
	close(fd[0]);
	for (int i = 0; i < 500; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		nap_ms(2);
	}
	kill(pid, SIGKILL);
	wait_status(pid);
	return -10000;
}

static void tiny_program_runs(void)
{
	struct tiny t = tiny_make();
	int status;

	needs_exec();
	for (int i = 0; i < 20; i++) {
		status = tiny_run(&t, sizeof(t));
		CHECK(status >= 0 && WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), 42);
	}
}

/* Files that must be refused with ENOEXEC, by what is wrong with them. */
static void not_a_program(void)
{
	static const size_t cut[] = { 1, 2, 4, 16, 40, 63, 64, 65, 119, 231 };
	struct tiny t;

	for (unsigned i = 0; i < ARRAY_SIZE(cut); i++) {
		t = tiny_make();
		unlink("tiny");
		make_program("tiny", &t, cut[i]);
		CHECK_EQ(exec_errno("./tiny"), ENOEXEC);
	}
#define REFUSED(change)                                          \
	do {                                                     \
		t = tiny_make();                                 \
		change;                                          \
		CHECK_EQ(tiny_run(&t, sizeof(t)), -ENOEXEC);     \
	} while (0)
	REFUSED(t.eh.e_ident[0] = 'x');
	REFUSED(t.eh.e_ident[3] = 'f');
	REFUSED(t.eh.e_ident[EI_CLASS] = 1);
	REFUSED(t.eh.e_ident[EI_DATA] = 2);
	if (!test_on_linux()) /* its own machine may be just that one */
		REFUSED(t.eh.e_machine = 62);
	REFUSED(t.eh.e_type = ET_REL);
	REFUSED(t.eh.e_type = 0xffff);
	REFUSED(t.eh.e_phentsize = 0);
	REFUSED(t.eh.e_phentsize = 0xffff);
	REFUSED(t.eh.e_phnum = 0);
}

/* Addresses and sizes that fit nowhere: refused, or killed at once. */
static void absurd_segments(void)
{
	static const uint64_t far[] = {
		USER_TOP,         USER_TOP - 4096, USER_TOP - 8192,
		USER_TOP + 4096,  1ul << 40,       1ul << 63,
		~0ul & ~4095ul,   ~0ul,            0xffffffc000000000ul,
		0xffffffff80000000ul,
	};
	static const uint64_t sizes[] = {
		USER_TOP, USER_TOP - TINY_BASE, USER_TOP - TINY_BASE - 4096,
		1ul << 62, 1ul << 63, ~0ul, ~0ul - 4095,
	};
	struct tiny t;

	needs_exec();
	/* Never runs: not as it stands, and not as something else. */
#define DEAD(change)                                                      \
	do {                                                              \
		int got_;                                                 \
									  \
		t = tiny_make();                                          \
		change;                                                   \
		got_ = tiny_run(&t, sizeof(t));                           \
		if (got_ >= 0 ? !WIFSIGNALED(got_) : got_ == -10000)      \
			test_fail("line %d: %s gives %d", __LINE__,       \
				  #change, got_);                         \
	} while (0)
	/* Whatever, as long as it ends. */
#define ENDS(change)                                                      \
	do {                                                              \
		t = tiny_make();                                          \
		change;                                                   \
		if (tiny_run(&t, sizeof(t)) == -10000)                    \
			test_fail("line %d: %s hangs", __LINE__,          \
				  #change);                               \
	} while (0)
	for (unsigned i = 0; i < ARRAY_SIZE(far); i++) {
		DEAD(t.ph[0].p_vaddr = far[i]);
		DEAD(t.eh.e_entry = far[i]);
		ENDS(t.ph[0].p_offset = far[i]);
		DEAD(t.eh.e_phoff = far[i]);
		ENDS(t.ph[1].p_vaddr = far[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		ENDS(t.ph[1].p_memsz = sizes[i]);
		ENDS(t.ph[0].p_memsz = sizes[i]);
		ENDS(t.ph[0].p_filesz = sizes[i]);
		ENDS(t.ph[0].p_filesz = t.ph[0].p_memsz = sizes[i]);
	}
	/* More of the file than of memory. */
	DEAD(t.ph[0].p_memsz = 100);
	/* The same place twice. */
	ENDS(t.ph[1].p_vaddr = TINY_BASE);
	ENDS(t.ph[1].p_vaddr = TINY_BASE; t.ph[1].p_filesz = 4096);
	/* Not at the same place in the page as in the file. */
	DEAD(t.ph[0].p_vaddr = TINY_BASE + 4);
	DEAD(t.ph[0].p_vaddr = TINY_BASE - 1);
	/* Nothing to run, or not with these rights, or not there. */
	DEAD(t.eh.e_entry = 0);
	DEAD(t.eh.e_entry = TINY_BASE + 8192);
	DEAD(t.eh.e_entry = TINY_BASE + 0x10000);
	DEAD(t.ph[0].p_type = PT_NULL);
	DEAD(t.ph[0].p_flags = PF_R | PF_W);
	DEAD(t.ph[0].p_flags = 0);
	DEAD(t.ph[0].p_offset = 4096);
	DEAD(t.ph[0].p_offset = 1 << 20);
	/* An interpreter with a name that is none. */
	ENDS(t.ph[2].p_type = PT_INTERP);
	DEAD(t.ph[2].p_type = PT_INTERP; t.ph[2].p_filesz = 1 << 20);
	DEAD(t.ph[2].p_type = PT_INTERP; t.ph[2].p_filesz = ~0ul);
	DEAD(t.ph[2].p_type = PT_INTERP; t.ph[2].p_offset = 600;
	     t.ph[2].p_filesz = 10; strcpy(t.rest, "/none"));
	DEAD(t.ph[2].p_type = PT_INTERP; t.ph[2].p_offset = 400;
	     t.ph[2].p_filesz = 10; memset(t.rest, 'x', 2000));
}

/* The zeroed part ends exactly where user space does. */
static void bss_to_the_end(void)
{
	struct tiny t = tiny_make();
	int status;

	needs_exec();
	t.ph[1].p_vaddr = 0x3000000000ul;
	t.ph[1].p_memsz = 64 << 20;
	status = tiny_run(&t, sizeof(t));
	CHECK(status >= 0 && WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 42);
	t.ph[1].p_vaddr = USER_TOP - 8192;
	t.ph[1].p_memsz = 8192;
	status = tiny_run(&t, sizeof(t));
	CHECK(status != -10000);
	t.ph[1].p_memsz = 8193;
	status = tiny_run(&t, sizeof(t));
	CHECK(status < 0 || WIFSIGNALED(status));
	CHECK(status != -10000);
}

/* A part that begins in the file and ends beyond it. */
static void file_too_short(void)
{
	struct tiny t = tiny_make();
	int status;

	needs_exec();
	t.ph[1].p_offset = 4096;
	t.ph[1].p_filesz = 5000;
	status = tiny_run(&t, sizeof(t));
	/* Nothing touches it, or it is refused. */
	CHECK(status != -10000);
	t.ph[1].p_filesz = 100;
	t.ph[1].p_memsz = 200;
	status = tiny_run(&t, sizeof(t));
	CHECK(status != -10000);
}

static void random_damage(void)
{
	uint64_t seed = 88172645463325252ull;

	needs_exec();
	for (int i = 0; i < 150; i++) {
		struct tiny t = tiny_make();
		unsigned char *bytes = (unsigned char *)&t;
		unsigned flips;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		flips = 1 + (unsigned)(seed % 3);
		for (unsigned k = 0; k < flips; k++) {
			unsigned at = (unsigned)(seed >> (8 + k * 16)) %
				      offsetof(struct tiny, code);

			bytes[at] ^= (unsigned char)(1u << (seed >> (3 * k)) %
						     8);
		}
		tiny_run(&t, sizeof(t));
	}
	/* And after all that a sound one still runs. */
	{
		struct tiny t = tiny_make();

		CHECK_EQ(WEXITSTATUS(tiny_run(&t, sizeof(t))), 42);
	}
}

static void keeps_what_it_should(void)
{
	pid_t pid;
	int status;

	needs_exec();
	/* The shell says who it is: the same process as before. */
	pid = fork();
	if (!pid) {
		char command[64];

		CHECK(!mkdir("here", 0755) && !chdir("here"));
		umask(027);
		snprintf(command, sizeof(command),
			 "test $$ = %d && test $PPID = %d && >made",
			 (int)getpid(), (int)getppid());
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(99);
	}
	status = wait_status(pid);
	CHECK_EQ(status, 0);
	{
		struct stat st;

		CHECK(!stat("here/made", &st));
		CHECK_EQ(st.st_mode & 0777, 0640);
	}
}

static void after_vfork(void)
{
	struct tiny t = tiny_make();

	needs_exec();
	make_program("tiny", &t, sizeof(t));
	for (int i = 0; i < 50; i++) {
		pid_t pid = vfork();

		if (!pid) {
			execve("./tiny", ARGV(S("tiny")), child_env);
			_exit(1);
		}
		CHECK(pid > 0);
		CHECK_EQ(WEXITSTATUS(wait_status(pid)), 42);
	}
}

/* A program's file goes while it runs; a running one is not torn. */
static void file_goes_while_it_runs(void)
{
	struct tiny t = tiny_make();
	int status;
	pid_t pid;

	needs_exec();
	t.code[0] = 0x0000006f; /* j . */
	make_program("tiny", &t, sizeof(t));
	pid = fork();
	if (!pid) {
		execve("./tiny", ARGV(S("tiny")), child_env);
		_exit(1);
	}
	nap_ms(20);
	CHECK(!unlink("tiny"));
	nap_ms(20);
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK(!kill(pid, SIGTERM));
	CHECK_EQ(WTERMSIG(wait_status(pid)), SIGTERM);
}

TEST_MAIN(CASE(arguments_arrive), CASE(exec_without_arguments),
	  CASE(size_of_arguments), CASE(wrong_paths), CASE(scripts),
	  CASE(wrong_scripts), CASE(marked_descriptors), CASE(auxiliary_vector),
	  CASE(tiny_program_runs), CASE(not_a_program),
	  CASE(absurd_segments), CASE(bss_to_the_end),
	  CASE(file_too_short), CASE(random_damage),
	  CASE(keeps_what_it_should), CASE(after_vfork),
	  CASE(file_goes_while_it_runs))
