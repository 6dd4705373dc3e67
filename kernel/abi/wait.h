/* Waiting for children: options, and what a status word means. */
#pragma once

#define WNOHANG     0x00000001
#define WUNTRACED   0x00000002
#define WSTOPPED    WUNTRACED
#define WEXITED     0x00000004
#define WCONTINUED  0x00000008
#define WNOWAIT     0x01000000
#define __WNOTHREAD 0x20000000
#define __WALL      0x40000000
#define __WCLONE    0x80000000

#define WEXITSTATUS(s)  (((s)&0xff00) >> 8)
#define WTERMSIG(s)     ((s)&0x7f)
#define WSTOPSIG(s)     WEXITSTATUS(s)
#define WIFEXITED(s)    (WTERMSIG(s) == 0)
#define WIFSTOPPED(s)   (((s)&0xff) == 0x7f)
#define WIFSIGNALED(s)  (WTERMSIG(s) != 0 && WTERMSIG(s) != 0x7f)
#define WIFCONTINUED(s) ((s) == 0xffff)
#define WCOREDUMP(s)    ((s)&0x80)

/* To make a status word. */
#define ABI_W_EXITED(code)  (((code)&0xff) << 8)
#define ABI_W_SIGNALED(sig) ((sig)&0x7f)
#define ABI_W_STOPPED(sig)  ((((sig)&0xff) << 8) | 0x7f)
#define ABI_W_CONTINUED     0xffff

/* waitid */
#define P_ALL   0
#define P_PID   1
#define P_PGID  2
#define P_PIDFD 3
