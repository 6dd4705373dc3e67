/* Mappings: made, cut, protected, shared, at the edges, and the heap. */
#include "test.h"

#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define PAGE     4096ul
#define USER_TOP (1ul << 38)
#define RW       (PROT_READ | PROT_WRITE)
#define ANON     (MAP_PRIVATE | MAP_ANONYMOUS)

/* The address of a page that a child is about to read or write. */
static volatile char *victim;

static void read_victim(void)
{
	(void)*victim;
}

static void write_victim(void)
{
	*victim = 1;
}

static int reading_kills(volatile char *p)
{
	victim = p;
	return killed_by(read_victim);
}

static int writing_kills(volatile char *p)
{
	victim = p;
	return killed_by(write_victim);
}

static char *map(size_t len, int prot, int flags)
{
	char *p = mmap(NULL, len, prot, flags, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* mmap as the kernel answers: a C library may know some errors itself. */
static long raw_mmap(unsigned long addr, size_t len, int prot, int flags,
		     int fd, off_t off)
{
	return sys(SYS_mmap, addr, len, prot, flags, fd, off);
}

static int make_pages(const char *path, unsigned pages)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	char buf[PAGE];

	CHECK(fd >= 0);
	for (unsigned i = 0; i < pages; i++) {
		memset(buf, 'a' + (int)i, PAGE);
		CHECK_EQ(write(fd, buf, PAGE), PAGE);
	}
	return fd;
}

static void anonymous(void)
{
	char *p = map(10 * PAGE, RW, ANON);

	for (unsigned i = 0; i < 10 * PAGE; i += 512)
		CHECK_EQ(p[i], 0);
	memset(p, 'x', 10 * PAGE);
	CHECK(!munmap(p, 10 * PAGE));
	CHECK_EQ(reading_kills(p), SIGSEGV);
	CHECK_EQ(reading_kills(p + 9 * PAGE), SIGSEGV);
	/* Fresh again at the same place. */
	CHECK(mmap(p, PAGE, RW, ANON | MAP_FIXED, -1, 0) == p);
	CHECK_EQ(p[0], 0);
}

static void wrong_arguments(void)
{
	CHECK_EQ(raw_mmap(0, 0, RW, ANON, -1, 0), -EINVAL);
	CHECK_EQ(raw_mmap(0, PAGE, RW, MAP_ANONYMOUS, -1, 0), -EINVAL);
	CHECK_EQ(raw_mmap(0, PAGE, RW, MAP_PRIVATE, -1, 0), -EBADF);
	CHECK_EQ(raw_mmap(0, PAGE, RW, MAP_PRIVATE, 99, 0), -EBADF);
	CHECK_EQ(raw_mmap(0x10001, PAGE, RW, ANON | MAP_FIXED, -1, 0),
		 -EINVAL);
	CHECK_EQ(raw_mmap(0, 1ul << 50, RW, ANON, -1, 0), -ENOMEM);
	CHECK(raw_mmap(0, ~0ul, RW, ANON, -1, 0) < 0);
	CHECK(raw_mmap(0, ~0ul - PAGE + 1, RW, ANON, -1, 0) < 0);
	CHECK_EQ(sys(SYS_munmap, 0x10001, PAGE), -EINVAL);
	CHECK_EQ(sys(SYS_munmap, 0x10000000, 0), -EINVAL);
	CHECK_EQ(sys(SYS_mprotect, 0x10001, PAGE, RW), -EINVAL);
	/* Nothing there to protect; nothing there to unmap is no error. */
	CHECK_EQ(sys(SYS_mprotect, 0x7000000ul, PAGE, RW), -ENOMEM);
	CHECK_EQ(sys(SYS_munmap, 0x7000000ul, PAGE), 0);
}

static void file_offsets(void)
{
	int fd = make_pages("f", 3), dir = open(".", O_RDONLY), pipes[2];
	char *p;

	CHECK_EQ(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 100), -EINVAL);
	CHECK(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, -(long)PAGE) < 0);
	CHECK_EQ(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), -ENODEV);
	CHECK(!pipe(pipes));
	CHECK_EQ(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0),
		 -ENODEV);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	CHECK(p != MAP_FAILED);
	CHECK(p[0] == 'b' && p[PAGE - 1] == 'b');
	close(fd);
	CHECK_EQ(p[5], 'b');
	/* Rights of the descriptor. */
	fd = open("f", O_RDONLY);
	CHECK_EQ(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, 0), -EACCES);
	CHECK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0) > 0);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(mprotect(p, PAGE, RW), EACCES);
	close(fd);
	fd = open("f", O_WRONLY);
	CHECK_EQ(raw_mmap(0, PAGE, PROT_WRITE, MAP_SHARED, fd, 0), -EACCES);
}

static void private_file(void)
{
	int fd = make_pages("f", 2);
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0), c;

	CHECK(p != MAP_FAILED);
	/* Not touched yet: a write to the file shows. */
	CHECK_EQ(pwrite(fd, "Z", 1, 0), 1);
	CHECK_EQ(p[0], 'Z');
	p[0] = 'X';
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	CHECK_EQ(c, 'Z');
	/* Now the page is one's own. */
	CHECK_EQ(pwrite(fd, "Y", 1, 0), 1);
	CHECK_EQ(p[0], 'X');
	/* A child's copy is the child's. */
	{
		pid_t pid = fork();

		if (!pid) {
			p[0] = 'C';
			p[PAGE] = 'C';
			_exit(p[0] == 'C' && p[PAGE] == 'C' ? 0 : 1);
		}
		CHECK_EQ(wait_status(pid), 0);
		CHECK(p[0] == 'X' && p[PAGE] == 'b');
	}
}

static void shared_file(void)
{
	int fd = make_pages("f", 2);
	char *p = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0), c;
	char *q = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	pid_t pid;

	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	p[1] = 'X';
	CHECK_EQ(pread(fd, &c, 1, 1), 1);
	CHECK_EQ(c, 'X');
	CHECK_EQ(q[1], 'X');
	CHECK_EQ(pwrite(fd, "W", 1, 2), 1);
	CHECK(p[2] == 'W' && q[2] == 'W');
	pid = fork();
	if (!pid) {
		p[PAGE] = 'K';
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(p[PAGE], 'K');
	CHECK(!msync(p, 2 * PAGE, MS_SYNC));
	CHECK_ERR(msync(p + 1, PAGE, MS_SYNC), EINVAL);
	CHECK(!munmap(p, 2 * PAGE));
	CHECK_ERR(msync(p, PAGE, MS_SYNC), ENOMEM);
	CHECK_EQ(pread(fd, &c, 1, PAGE), 1);
	CHECK_EQ(c, 'K');
}

static void shared_anonymous(void)
{
	volatile int *p = (void *)map(3 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
	pid_t pid;

	p[0] = 1;
	pid = fork();
	if (!pid) {
		/* A page that the parent touched, and one that nobody did. */
		p[0]++;
		p[PAGE / 4] = 77;
		while (p[1] != 5)
			nap_ms(1);
		p[2 * PAGE / 4] = 88;
		_exit(0);
	}
	WAIT_UNTIL(p[PAGE / 4] == 77);
	CHECK_EQ(p[0], 2);
	p[1] = 5;
	CHECK_EQ(wait_status(pid), 0);
	CHECK_EQ(p[2 * PAGE / 4], 88);
}

/* Copies on write, page by page, down several generations. */
static void copy_on_write(void)
{
	enum { N = 64 };
	char *p = map(N * PAGE, RW, ANON);
	pid_t pid;

	for (unsigned i = 0; i < N; i++)
		p[i * PAGE] = (char)i;
	pid = fork();
	if (!pid) {
		pid_t grandchild = fork();

		if (!grandchild) {
			for (unsigned i = 0; i < N; i += 2)
				p[i * PAGE] = 100;
			for (unsigned i = 1; i < N; i += 2)
				CHECK_EQ(p[i * PAGE], i);
			_exit(0);
		}
		for (unsigned i = 0; i < N; i += 3)
			p[i * PAGE] = 101;
		CHECK_EQ(wait_status(grandchild), 0);
		for (unsigned i = 0; i < N; i++)
			CHECK_EQ(p[i * PAGE], i % 3 ? i : 101);
		_exit(0);
	}
	for (unsigned i = 0; i < N; i += 5)
		p[i * PAGE] = 102;
	CHECK_EQ(wait_status(pid), 0);
	for (unsigned i = 0; i < N; i++)
		CHECK_EQ(p[i * PAGE], i % 5 ? i : 102);
}

static void protection(void)
{
	char *p = map(4 * PAGE, RW, ANON);

	p[0] = p[PAGE] = p[2 * PAGE] = 1;
	CHECK(!mprotect(p + PAGE, PAGE, PROT_READ));
	CHECK_EQ(writing_kills(p + PAGE), SIGSEGV);
	CHECK_EQ(reading_kills(p + PAGE), 0);
	CHECK_EQ(writing_kills(p), 0);
	CHECK_EQ(writing_kills(p + 2 * PAGE), 0);
	CHECK(!mprotect(p + PAGE, PAGE, PROT_NONE));
	CHECK_EQ(reading_kills(p + PAGE), SIGSEGV);
	CHECK(!mprotect(p, 4 * PAGE, RW));
	CHECK_EQ(p[PAGE], 1);
	p[PAGE] = 2;
	/* Part of it not mapped: an error, and no damage. */
	CHECK(!munmap(p + 2 * PAGE, PAGE));
	CHECK_ERR(mprotect(p, 4 * PAGE, PROT_READ), ENOMEM);
	CHECK(!mprotect(p, PAGE, RW));
	p[0] = 3;
	/* After a fork the right to write comes with a copy. */
	CHECK(!mprotect(p, PAGE, PROT_READ));
	CHECK_EQ(writing_kills(p), SIGSEGV);
	CHECK(!mprotect(p, PAGE, RW));
	CHECK_EQ(writing_kills(p), 0);
	CHECK_EQ(p[0], 3);
}

static void run_victim(void)
{
	((void (*)(void))(uintptr_t)victim)();
}

static void execution(void)
{
	uint32_t ret = 0x00008067;
	char *p = map(PAGE, RW, ANON);

	memcpy(p, &ret, 4);
	victim = p;
	CHECK_EQ(killed_by(run_victim), SIGSEGV);
	CHECK(!mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	flush_icache(p, p + PAGE);
	CHECK_EQ(killed_by(run_victim), 0);
	CHECK(!mprotect(p, PAGE, PROT_READ));
	CHECK_EQ(killed_by(run_victim), SIGSEGV);
	/* This program's own code may not be written. */
	victim = (volatile char *)(uintptr_t)run_victim;
	CHECK_EQ(killed_by(write_victim), SIGSEGV);
}

static void unmapped_in_parts(void)
{
	char *p = map(8 * PAGE, RW, ANON);

	for (int i = 0; i < 8; i++)
		p[i * (long)PAGE] = (char)i;
	CHECK(!munmap(p + 3 * PAGE, 2 * PAGE));
	for (int i = 0; i < 8; i++) {
		if (i == 3 || i == 4)
			CHECK_EQ(reading_kills(p + i * (long)PAGE), SIGSEGV);
		else
			CHECK_EQ(p[i * (long)PAGE], i);
	}
	CHECK(!munmap(p, PAGE));
	CHECK(!munmap(p + 7 * PAGE, PAGE));
	CHECK_EQ(p[PAGE], 1);
	/* Over the hole and beyond, all of it. */
	CHECK(!munmap(p, 8 * PAGE));
	CHECK_EQ(reading_kills(p + PAGE), SIGSEGV);
	CHECK_EQ(reading_kills(p + 6 * PAGE), SIGSEGV);
	/* The last byte decides: a page for one byte of length. */
	p = map(2 * PAGE, RW, ANON);
	p[PAGE] = 1;
	CHECK(!munmap(p, 1));
	CHECK_EQ(reading_kills(p), SIGSEGV);
	CHECK_EQ(p[PAGE], 1);
}

static void fixed_places(void)
{
	char *p = map(4 * PAGE, RW, ANON);

	memset(p, 'o', 4 * PAGE);
	/* QEMU's user mode takes this for a hint. */
	if (!test_on_linux())
		CHECK_EQ(raw_mmap((unsigned long)p + PAGE, PAGE, RW,
				  ANON | MAP_FIXED_NOREPLACE, -1, 0),
			 -EEXIST);
	CHECK_EQ(p[PAGE], 'o');
	CHECK(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == p + PAGE);
	CHECK_EQ(p[PAGE], 0);
	CHECK(p[0] == 'o' && p[2 * PAGE] == 'o');
	CHECK(!munmap(p + 2 * PAGE, PAGE));
	CHECK(mmap(p + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0)
	      == p + 2 * PAGE);
	/* A hint is only one: what is there is not disturbed. */
	CHECK(mmap(p, PAGE, RW, ANON, -1, 0) != p);
	CHECK_EQ(p[0], 'o');
	/* Other protection in the middle: three parts. */
	CHECK(mmap(p + PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) ==
	      p + PAGE);
	CHECK_EQ(writing_kills(p + PAGE), SIGSEGV);
	CHECK_EQ(writing_kills(p + 2 * PAGE), 0);
}

static void beyond_the_end_of_file(void)
{
	int fd = make_pages("f", 2), saved;
	char *p;

	CHECK(!ftruncate(fd, PAGE + 100));
	p = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[PAGE + 99], 'b');
	CHECK_EQ(p[PAGE + 100], 0);
	CHECK_EQ(p[2 * PAGE - 1], 0);
	CHECK_EQ(reading_kills(p + 2 * PAGE), SIGBUS);
	CHECK_EQ(writing_kills(p + 3 * PAGE), SIGBUS);
	/* Reading into such a page is an error of the call. */
	saved = open("/dev/zero", O_RDONLY);
	CHECK_ERR(read(saved, p + 2 * PAGE, 10), EFAULT);
	CHECK_ERR(write(fd, p + 3 * PAGE, 10), EFAULT);
	/* The file grows, and then there is something. */
	CHECK(!ftruncate(fd, 4 * PAGE));
	CHECK_EQ(p[3 * PAGE], 0);
	p[3 * PAGE] = 'x';
	/* And shrinks under what was mapped and used. */
	CHECK(!ftruncate(fd, 10));
	CHECK_EQ(reading_kills(p + 3 * PAGE), SIGBUS);
	CHECK_EQ(reading_kills(p + PAGE), SIGBUS);
	CHECK_EQ(p[9], 'a');
	CHECK_EQ(p[10], 0);
	CHECK(!ftruncate(fd, 4 * PAGE));
	CHECK_EQ(p[3 * PAGE], 0);
	CHECK_EQ(p[PAGE], 0);
}

/* What lies in the last page of a file, beyond its end, is not the file's. */
static void tail_is_zero_again(void)
{
	int fd = make_pages("f", 1);
	char *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), buf[200];

	CHECK(p != MAP_FAILED);
	CHECK(!ftruncate(fd, 50));
	p[60] = 'x';
	CHECK(!ftruncate(fd, 200));
	CHECK_EQ(pread(fd, buf, 200, 0), 200);
	CHECK_EQ(buf[49], 'a');
	CHECK_EQ(buf[50], 0);
	CHECK_EQ(buf[199], 0);
}

static void end_of_user_space(void)
{
	char c = 0;
	int fd[2];
	long last;

	test_skip_on_linux("user space ends elsewhere in QEMU's user mode");
	CHECK(!pipe(fd));
	/* No call takes a byte there. */
	for (unsigned long off = 0; off < 4; off++) {
		unsigned long a = USER_TOP - off;

		CHECK_EQ(sys(SYS_write, fd[1], a, 4096), -EFAULT);
		CHECK_EQ(sys(SYS_read, fd[0], a, 0), 0);
		CHECK_EQ(sys(SYS_openat, AT_FDCWD, a, O_RDONLY), -EFAULT);
		CHECK_EQ(sys(SYS_newfstatat, AT_FDCWD, ".", a, 0), -EFAULT);
	}
	CHECK_EQ(write(fd[1], "x", 1), 1);
	CHECK_EQ(sys(SYS_read, fd[0], USER_TOP, 1), -EFAULT);
	CHECK_EQ(sys(SYS_read, fd[0], USER_TOP - 1, 2), -EFAULT);
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 1);
	CHECK_EQ(c, 'x');
	/* No mapping reaches beyond it or wraps around. */
	CHECK_EQ(raw_mmap(USER_TOP, PAGE, RW, ANON | MAP_FIXED, -1, 0),
		 -ENOMEM);
	CHECK_EQ(raw_mmap(USER_TOP - PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1,
			  0), -ENOMEM);
	CHECK(raw_mmap(USER_TOP - PAGE, ~0ul, RW, ANON | MAP_FIXED, -1, 0) <
	      0);
	CHECK(raw_mmap(0xffffffffc0000000ul, PAGE, RW, ANON | MAP_FIXED, -1,
		       0) < 0);
	CHECK_EQ(sys(SYS_munmap, USER_TOP, PAGE), -EINVAL);
	CHECK_EQ(sys(SYS_munmap, USER_TOP - PAGE, 2 * PAGE), -EINVAL);
	CHECK_EQ(sys(SYS_munmap, PAGE, ~0ul - 2 * PAGE + 1), -EINVAL);
	CHECK(sys(SYS_mprotect, USER_TOP, PAGE, RW) < 0);
	CHECK(sys(SYS_mprotect, USER_TOP - PAGE, 2 * PAGE, RW) < 0);
	CHECK(sys(SYS_mprotect, PAGE, ~0ul - 2 * PAGE + 1, RW) < 0);
	CHECK(sys(SYS_madvise, USER_TOP, PAGE, MADV_DONTNEED) < 0);
	CHECK(sys(SYS_msync, USER_TOP, PAGE, MS_SYNC) < 0);
	CHECK(sys(SYS_mremap, USER_TOP, PAGE, 2 * PAGE, 1) < 0);
	/* brk does not follow. */
	CHECK(sys(SYS_brk, USER_TOP) != (long)USER_TOP);
	CHECK(sys(SYS_brk, ~0ul) != -1);
	/* The last page of all: given or refused, but consistently so. */
	last = raw_mmap(USER_TOP - PAGE, PAGE, RW,
			ANON | MAP_FIXED_NOREPLACE, -1, 0);
	if (last > 0) {
		CHECK_EQ(last, USER_TOP - PAGE);
		((volatile char *)last)[PAGE - 1] = 'L';
		CHECK_EQ(sys(SYS_write, fd[1], USER_TOP - 1, 1), 1);
		CHECK_EQ(sys(SYS_write, fd[1], USER_TOP - 1, 2), -EFAULT);
		CHECK_EQ(read(fd[0], &c, 1), 1);
		CHECK_EQ(c, 'L');
	}
	CHECK_EQ(reading_kills((char *)USER_TOP), SIGSEGV);
	CHECK_EQ(writing_kills((char *)(USER_TOP + PAGE)), SIGSEGV);
	CHECK_EQ(reading_kills((char *)0xffffffff80000000ul), SIGSEGV);
	CHECK_EQ(writing_kills((char *)0xffffffc000000000ul), SIGSEGV);
	CHECK_EQ(reading_kills((char *)~0ul), SIGSEGV);
	CHECK_EQ(reading_kills((char *)(1ul << 62)), SIGSEGV);
}

static void null_is_nothing(void)
{
	CHECK_EQ(reading_kills((char *)0), SIGSEGV);
	CHECK_EQ(reading_kills((char *)8), SIGSEGV);
	CHECK_EQ(writing_kills((char *)4095), SIGSEGV);
}

static void heap(void)
{
	char *start = sbrk(0), *p;

	CHECK(start != (char *)-1);
	CHECK(sbrk(3 * PAGE + 5) == start);
	CHECK(sbrk(0) == start + 3 * PAGE + 5);
	for (unsigned i = 0; i < 3 * PAGE + 5; i++)
		CHECK_EQ(start[i], 0);
	memset(start, 'h', 3 * PAGE);
	CHECK(sbrk(-(long)(3 * PAGE + 5)) == start + 3 * PAGE + 5);
	/* Given back is given back: zero when it comes again. */
	CHECK(sbrk(3 * PAGE) == start);
	for (unsigned i = PAGE; i < 3 * PAGE; i += 64)
		CHECK_EQ(start[i], 0);
	CHECK(sbrk(-3 * (long)PAGE) != (void *)-1);
	/* Nonsense changes nothing. */
	p = sbrk(0);
	CHECK(sbrk(1l << 45) == (void *)-1);
	CHECK(sbrk(0) == p);
	CHECK_EQ(sys(SYS_brk, 0), (long)p);
	CHECK_EQ(sys(SYS_brk, 1), (long)p);
}

static __attribute__((noinline)) long deep(int n)
{
	volatile char frame[4000];

	frame[0] = (char)n;
	frame[3999] = 1;
	return n ? deep(n - 1) + frame[3999] : 0;
}

static void whole_stack(void)
{
	CHECK_EQ(deep(1500), 1500); /* 6 MB of the 8 */
}

static void too_deep(void)
{
	deep(1 << 20);
}

static void stack_grows(void)
{
	struct rlimit rl;

	CHECK(!getrlimit(RLIMIT_STACK, &rl));
	if (rl.rlim_cur == 8 << 20)
		in_child(whole_stack);
	CHECK_EQ(killed_by(too_deep), SIGSEGV);
}

static void move_and_resize(void)
{
	char *p = map(4 * PAGE, RW, ANON), *q;

	for (int i = 0; i < 4; i++)
		p[i * (long)PAGE] = (char)('0' + i);
	q = mremap(p, 4 * PAGE, 2 * PAGE, 0);
	CHECK(q == p);
	CHECK_EQ(reading_kills(p + 2 * PAGE), SIGSEGV);
	/* In the way stands another. */
	CHECK(mmap(p + 2 * PAGE, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) ==
	      p + 2 * PAGE);
	CHECK_EQ(sys(SYS_mremap, p, 2 * PAGE, 4 * PAGE, 0), -ENOMEM);
	q = mremap(p, 2 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p);
	CHECK(q[0] == '0' && q[PAGE] == '1' && q[99 * PAGE] == 0);
	CHECK_EQ(reading_kills(p), SIGSEGV);
	CHECK_EQ(sys(SYS_mremap, q + 1, PAGE, PAGE, 0), -EINVAL);
	if (!test_on_linux())
		CHECK_EQ(sys(SYS_mremap, q, PAGE, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_mremap, 0x7000000, PAGE, 2 * PAGE, MREMAP_MAYMOVE),
		 -EFAULT);
	/* To a place of one's choice. */
	p = map(10 * PAGE, RW, ANON);
	CHECK(!munmap(p, 10 * PAGE));
	CHECK(mremap(q, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     p) == p);
	CHECK(p[0] == '0' && p[PAGE] == '1' && p[2 * PAGE] == 0);
	CHECK_EQ(reading_kills(q), SIGSEGV);
	CHECK_EQ(q[2 * PAGE], 0);
}

static void advice(void)
{
	char *p = map(2 * PAGE, RW, ANON);

	memset(p, 'x', 2 * PAGE);
	CHECK(!madvise(p, PAGE, MADV_DONTNEED));
	CHECK_EQ(p[0], 0);
	CHECK_EQ(p[PAGE], 'x');
	CHECK_ERR(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	if (!test_on_linux())
		CHECK_ERR(madvise(p, PAGE, 9999), EINVAL);
}

/* Many small ones, and every second goes. */
static void many_regions(void)
{
	enum { N = 500 };
	char *p = map(N * PAGE, PROT_READ, ANON);

	for (int i = 0; i < N; i += 2)
		CHECK(!mprotect(p + i * (long)PAGE, PAGE, RW));
	for (int i = 0; i < N; i += 2)
		p[i * (long)PAGE] = 1;
	for (int i = 1; i < N; i += 2)
		CHECK(!munmap(p + i * (long)PAGE, PAGE));
	for (int i = 0; i < N; i += 2)
		CHECK_EQ(p[i * (long)PAGE], 1);
	CHECK_EQ(reading_kills(p + PAGE), SIGSEGV);
	CHECK(!munmap(p, N * PAGE));
	CHECK_EQ(reading_kills(p), SIGSEGV);
}

/* Every second page its own rights, from that one on until it is refused, and
 * one more at the end, where it takes one region instead of two. */
static void fill_with_regions(char *p, size_t from, size_t pages)
{
	size_t i = from;

	while (i < pages - 2 && !mprotect(p + i * PAGE, PAGE, PROT_READ))
		i += 2;
	if (i >= pages - 2)
		test_skip("more regions than one wants to make");
	CHECK_EQ(errno, ENOMEM);
	mprotect(p + (pages - 1) * PAGE, PAGE, PROT_READ);
}

/* A space has as many regions as it may have: only what needs one more is
 * refused. */
static void as_many_regions_as_may_be(void)
{
	enum { PAGES = 1 << 18 };
	char *p = map(PAGES * PAGE, PROT_NONE, ANON | MAP_NORESERVE);

	CHECK(!mprotect(p + 8 * PAGE, 8 * PAGE, PROT_READ));
	fill_with_regions(p, 25, PAGES);
	/* In the midst of one. */
	CHECK_ERR(mprotect(p + 10 * PAGE, 2 * PAGE, PROT_NONE), ENOMEM);
	CHECK_ERR(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ), ENOMEM);
	/* At one end, where none is alike beside it. */
	CHECK_ERR(mprotect(p + 8 * PAGE, PAGE, RW), ENOMEM);
	CHECK_ERR(mprotect(p + 15 * PAGE, PAGE, RW), ENOMEM);
	CHECK_EQ(reading_kills(p + 10 * PAGE), 0);
	/* Nothing changes. */
	CHECK(!mprotect(p + 10 * PAGE, 2 * PAGE, PROT_READ));
	CHECK(!mprotect(p + 6 * PAGE, 2 * PAGE, PROT_NONE));
	/* The neighbour gets it: above, below. */
	CHECK(!mprotect(p + 6 * PAGE, 2 * PAGE, PROT_READ));
	CHECK(!mprotect(p + 16 * PAGE, 2 * PAGE, PROT_READ));
	for (size_t i = 5; i < 19; i++)
		CHECK_EQ(reading_kills(p + i * PAGE),
			 i < 6 || i >= 18 ? SIGSEGV : 0);
	/* Three become one: there is room for two again. */
	CHECK(!mprotect(p + 6 * PAGE, 12 * PAGE, PROT_NONE));
	CHECK(!mprotect(p + 10 * PAGE, PAGE, PROT_READ));
	CHECK_ERR(mprotect(p + 14 * PAGE, PAGE, PROT_READ), ENOMEM);
	/* All of one, and the neighbour's part with it. */
	CHECK(!mprotect(p + 10 * PAGE, 3 * PAGE, RW));
	CHECK_EQ(writing_kills(p + 12 * PAGE), 0);
	CHECK_EQ(reading_kills(p + 13 * PAGE), SIGSEGV);
	CHECK(!munmap(p, PAGES * PAGE));
}

/* Address space without end, memory only for what is touched. */
static void huge_and_sparse(void)
{
	size_t len = 4ul << 30;
	char *p = map(len, RW, ANON | MAP_NORESERVE);
	pid_t pid;

	for (size_t i = 0; i < len; i += len / 16)
		p[i] = 1;
	pid = fork();
	if (!pid) {
		for (size_t i = 0; i < len; i += len / 16)
			CHECK_EQ(p[i], 1);
		_exit(0);
	}
	CHECK_EQ(wait_status(pid), 0);
	CHECK(!munmap(p + PAGE, len - 2 * PAGE));
	CHECK_EQ(p[0], 1);
	CHECK_EQ(p[len - 1], 0);
}

TEST_MAIN(CASE(anonymous), CASE(wrong_arguments), CASE(file_offsets),
	  CASE(private_file), CASE(shared_file), CASE(shared_anonymous),
	  CASE(copy_on_write), CASE(protection), CASE(execution),
	  CASE(unmapped_in_parts), CASE(fixed_places),
	  CASE(beyond_the_end_of_file), CASE(tail_is_zero_again),
	  CASE(end_of_user_space), CASE(null_is_nothing), CASE(heap),
	  CASE(stack_grows), CASE(move_and_resize), CASE(advice),
	  CASE(many_regions), CASE(as_many_regions_as_may_be),
	  CASE(huge_and_sparse))
