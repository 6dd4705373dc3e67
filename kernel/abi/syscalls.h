/*
 * The system calls, one row each: X(number, name, what its arguments are...).
 *
 * A row means "the kernel implements sys_NAME".  The list makes the numbers
 * (SYS_NAME), the kernel's dispatch table, the names in its trace, the stubs of
 * user/lib and what strace shows, so adding a call is one row here and one
 * function there.  What an argument is (a kind that user/bin/strace knows, one
 * for each) matters to strace alone; _OUT is what the call itself fills in.
 * Numbers are Linux's for riscv64; a number that is not here gives -ENOSYS.
 * Number in a7, arguments in a0-a5, result or negative errno in a0.
 */
#pragma once

#define SYSCALL_LIST(X)                                                        \
	X(17, getcwd, BUF_OUT, SIZE)                                           \
	X(23, dup, FD)                                                         \
	X(24, dup3, FD, FD, OPEN)                                              \
	X(25, fcntl, FD, FCNTL, HEX)                                           \
	X(29, ioctl, FD, IOCTL, PTR)                                           \
	X(32, flock, FD, FLOCK)                                                \
	X(33, mknodat, DIRFD, PATH, MODE, DEV)                                 \
	X(34, mkdirat, DIRFD, PATH, MODE)                                      \
	X(35, unlinkat, DIRFD, PATH, AT)                                       \
	X(36, symlinkat, PATH, DIRFD, PATH)                                    \
	X(37, linkat, DIRFD, PATH, DIRFD, PATH, AT)                            \
	X(39, umount2, PATH, HEX)                                              \
	X(40, mount, PATH, PATH, STR, HEX, PTR)                                \
	X(43, statfs, PATH, PTR)                                               \
	X(44, fstatfs, FD, PTR)                                                \
	X(45, truncate, PATH, INT)                                             \
	X(46, ftruncate, FD, INT)                                              \
	X(47, fallocate, FD, HEX, INT, INT)                                    \
	X(48, faccessat, DIRFD, PATH, ACCESS)                                  \
	X(49, chdir, PATH)                                                     \
	X(50, fchdir, FD)                                                      \
	X(52, fchmod, FD, MODE)                                                \
	X(53, fchmodat, DIRFD, PATH, MODE)                                     \
	X(54, fchownat, DIRFD, PATH, ID, ID, AT)                               \
	X(55, fchown, FD, ID, ID)                                              \
	X(56, openat, DIRFD, PATH, OPEN, MODE)                                 \
	X(57, close, FD)                                                       \
	X(58, vhangup)                                                         \
	X(59, pipe2, FDS_OUT, OPEN)                                            \
	X(61, getdents64, FD, PTR, SIZE)                                       \
	X(62, lseek, FD, INT, WHENCE)                                          \
	X(63, read, FD, BUF_OUT, SIZE)                                         \
	X(64, write, FD, BUF, SIZE)                                            \
	X(65, readv, FD, IOV_OUT, INT)                                         \
	X(66, writev, FD, IOV, INT)                                            \
	X(67, pread64, FD, BUF_OUT, SIZE, INT)                                 \
	X(68, pwrite64, FD, BUF, SIZE, INT)                                    \
	X(69, preadv, FD, IOV_OUT, INT, INT)                                   \
	X(70, pwritev, FD, IOV, INT, INT)                                      \
	X(71, sendfile, FD, FD, PTR, SIZE)                                     \
	X(72, pselect6, INT, PTR, PTR, PTR, TIME, PTR)                         \
	X(73, ppoll, POLL, INT, TIME, SIGSET, SIZE)                            \
	X(78, readlinkat, DIRFD, PATH, BUF_OUT, SIZE)                          \
	X(79, newfstatat, DIRFD, PATH, STAT_OUT, AT)                           \
	X(80, fstat, FD, STAT_OUT)                                             \
	X(81, sync)                                                            \
	X(82, fsync, FD)                                                       \
	X(83, fdatasync, FD)                                                   \
	X(88, utimensat, DIRFD, PATH, TIME, AT)                                \
	X(90, capget, PTR, PTR)                                                \
	X(91, capset, PTR, PTR)                                                \
	X(93, exit, INT)                                                       \
	X(94, exit_group, INT)                                                 \
	X(95, waitid, IDTYPE, INT, INFO_OUT, WAIT, PTR)                        \
	X(96, set_tid_address, PTR)                                            \
	X(98, futex, PTR, FUTEX, INT, TIME, PTR, INT)                          \
	X(99, set_robust_list, PTR, SIZE)                                      \
	X(101, nanosleep, TIME, TIME_OUT)                                      \
	X(102, getitimer, INT, PTR)                                            \
	X(103, setitimer, INT, PTR, PTR)                                       \
	X(107, timer_create, CLOCK, PTR, PTR)                                  \
	X(108, timer_gettime, INT, PTR)                                        \
	X(109, timer_getoverrun, INT)                                          \
	X(110, timer_settime, INT, HEX, PTR, PTR)                              \
	X(111, timer_delete, INT)                                              \
	X(112, clock_settime, CLOCK, TIME)                                     \
	X(113, clock_gettime, CLOCK, TIME_OUT)                                 \
	X(114, clock_getres, CLOCK, TIME_OUT)                                  \
	X(115, clock_nanosleep, CLOCK, HEX, TIME, TIME_OUT)                    \
	X(116, syslog, INT, BUF_OUT, INT)                                      \
	X(117, ptrace, PTRACE, INT, HEX, HEX)                                  \
	X(122, sched_setaffinity, INT, SIZE, PTR)                              \
	X(123, sched_getaffinity, INT, SIZE, PTR)                              \
	X(124, sched_yield)                                                    \
	X(129, kill, INT, SIGNAL)                                              \
	X(130, tkill, INT, SIGNAL)                                             \
	X(131, tgkill, INT, INT, SIGNAL)                                       \
	X(132, sigaltstack, PTR, PTR)                                          \
	X(133, rt_sigsuspend, SIGSET, SIZE)                                    \
	X(134, rt_sigaction, SIGNAL, ACTION, ACTION_OUT, SIZE)                 \
	X(135, rt_sigprocmask, SIGHOW, SIGSET, SIGSET_OUT, SIZE)               \
	X(136, rt_sigpending, SIGSET_OUT, SIZE)                                \
	X(137, rt_sigtimedwait, SIGSET, PTR, TIME, SIZE)                       \
	X(138, rt_sigqueueinfo, INT, SIGNAL, PTR)                              \
	X(139, rt_sigreturn)                                                   \
	X(140, setpriority, PRIO, INT, INT)                                    \
	X(141, getpriority, PRIO, INT)                                         \
	X(142, reboot, HEX, HEX, HEX, PTR)                                     \
	X(143, setregid, ID, ID)                                               \
	X(144, setgid, ID)                                                     \
	X(145, setreuid, ID, ID)                                               \
	X(146, setuid, ID)                                                     \
	X(147, setresuid, ID, ID, ID)                                          \
	X(148, getresuid, PTR, PTR, PTR)                                       \
	X(149, setresgid, ID, ID, ID)                                          \
	X(150, getresgid, PTR, PTR, PTR)                                       \
	X(151, setfsuid, ID)                                                   \
	X(152, setfsgid, ID)                                                   \
	X(153, times, PTR)                                                     \
	X(154, setpgid, INT, INT)                                              \
	X(155, getpgid, INT)                                                   \
	X(156, getsid, INT)                                                    \
	X(157, setsid)                                                         \
	X(158, getgroups, INT, PTR)                                            \
	X(159, setgroups, SIZE, PTR)                                           \
	X(160, uname, PTR)                                                     \
	X(161, sethostname, BUF, SIZE)                                         \
	X(163, getrlimit, RLIMIT, RLIM_OUT)                                    \
	X(164, setrlimit, RLIMIT, RLIM)                                        \
	X(165, getrusage, INT, PTR)                                            \
	X(166, umask, MODE)                                                    \
	X(167, prctl, INT, HEX, HEX, HEX, HEX)                                 \
	X(168, getcpu, PTR, PTR, PTR)                                          \
	X(172, getpid)                                                         \
	X(173, getppid)                                                        \
	X(174, getuid)                                                         \
	X(175, geteuid)                                                        \
	X(176, getgid)                                                         \
	X(177, getegid)                                                        \
	X(178, gettid)                                                         \
	X(179, sysinfo, PTR)                                                   \
	X(214, brk, PTR)                                                       \
	X(215, munmap, PTR, SIZE)                                              \
	X(216, mremap, PTR, SIZE, SIZE, HEX, PTR)                              \
	X(220, clone, CLONE, PTR, PTR, PTR, PTR)                               \
	X(221, execve, PATH, ARGS, ENVS)                                       \
	X(222, mmap, PTR, SIZE, PROT, MAP, FD, HEX)                            \
	X(226, mprotect, PTR, SIZE, PROT)                                      \
	X(227, msync, PTR, SIZE, HEX)                                          \
	X(233, madvise, PTR, SIZE, INT)                                        \
	X(240, rt_tgsigqueueinfo, INT, INT, SIGNAL, PTR)                       \
	X(258, riscv_hwprobe, PTR, SIZE, SIZE, PTR, HEX)                       \
	X(259, riscv_flush_icache, PTR, PTR, HEX)                              \
	X(260, wait4, INT, STATUS_OUT, WAIT, PTR)                              \
	X(261, prlimit64, INT, RLIMIT, RLIM, RLIM_OUT)                         \
	X(267, syncfs, FD)                                                     \
	X(276, renameat2, DIRFD, PATH, DIRFD, PATH, HEX)                       \
	X(278, getrandom, BUF_OUT, SIZE, HEX)                                  \
	X(291, statx, DIRFD, PATH, AT, HEX, PTR)                               \
	X(439, faccessat2, DIRFD, PATH, ACCESS, ACCESS_AT)

/* One more than the largest number in the list: the size of a table. */
#define SYSCALL_LIMIT 440

enum syscall_number {
#define SYSCALL_ENUM(number, name, ...) SYS_##name = number,
	SYSCALL_LIST(SYSCALL_ENUM)
#undef SYSCALL_ENUM
};

#define SYSCALL_CHECK(number, name, ...)                                       \
	_Static_assert((number) < SYSCALL_LIMIT, "SYSCALL_LIMIT is too "       \
						 "small");
SYSCALL_LIST(SYSCALL_CHECK)
#undef SYSCALL_CHECK
