/*
 * Tracing: requests of ptrace, options, events in a stop's status, and what
 * PTRACE_GET_SYSCALL_INFO fills in. The numbers are Linux's; registers are
 * reached by PTRACE_GETREGSET alone, for riscv64 never had another way.
 */
#pragma once

#include <stdint.h>

#define PTRACE_TRACEME          0
#define PTRACE_PEEKTEXT         1
#define PTRACE_PEEKDATA         2
#define PTRACE_POKETEXT         4
#define PTRACE_POKEDATA         5
#define PTRACE_CONT             7
#define PTRACE_KILL             8
#define PTRACE_SINGLESTEP       9
#define PTRACE_ATTACH           16
#define PTRACE_DETACH           17
#define PTRACE_SYSCALL          24
#define PTRACE_SETOPTIONS       0x4200
#define PTRACE_GETEVENTMSG      0x4201
#define PTRACE_GETSIGINFO       0x4202
#define PTRACE_SETSIGINFO       0x4203
#define PTRACE_GETREGSET        0x4204
#define PTRACE_SETREGSET        0x4205
#define PTRACE_SEIZE            0x4206
#define PTRACE_INTERRUPT        0x4207
#define PTRACE_LISTEN           0x4208
#define PTRACE_GETSIGMASK       0x420a
#define PTRACE_SETSIGMASK       0x420b
#define PTRACE_GET_SYSCALL_INFO 0x420e

#define PTRACE_EVENT_FORK       1
#define PTRACE_EVENT_VFORK      2
#define PTRACE_EVENT_CLONE      3
#define PTRACE_EVENT_EXEC       4
#define PTRACE_EVENT_VFORK_DONE 5
#define PTRACE_EVENT_EXIT       6
#define PTRACE_EVENT_STOP       128

/* An event's option is the bit of its number; bit 0 marks stops at system calls
 * with 0x80 in the signal. */
#define PTRACE_O_TRACESYSGOOD   1
#define PTRACE_O_TRACEFORK      (1 << PTRACE_EVENT_FORK)
#define PTRACE_O_TRACEVFORK     (1 << PTRACE_EVENT_VFORK)
#define PTRACE_O_TRACECLONE     (1 << PTRACE_EVENT_CLONE)
#define PTRACE_O_TRACEEXEC      (1 << PTRACE_EVENT_EXEC)
#define PTRACE_O_TRACEVFORKDONE (1 << PTRACE_EVENT_VFORK_DONE)
#define PTRACE_O_TRACEEXIT      (1 << PTRACE_EVENT_EXIT)
#define PTRACE_O_EXITKILL       (1 << 20)

/* Sets of registers: pc and x1 to x31; f0 to f31 and fcsr, 33 words. */
#define NT_PRSTATUS 1
#define NT_PRFPREG  2

#define PTRACE_SYSCALL_INFO_NONE  0
#define PTRACE_SYSCALL_INFO_ENTRY 1
#define PTRACE_SYSCALL_INFO_EXIT  2

struct ptrace_syscall_info {
	uint8_t op;
	uint8_t pad[3];
	uint32_t arch;
	uint64_t instruction_pointer;
	uint64_t stack_pointer;
	union {
		struct {
			uint64_t nr;
			uint64_t args[6];
		} entry;
		struct {
			int64_t rval;
			uint8_t is_error;
		} exit;
	};
};

_Static_assert(sizeof(struct ptrace_syscall_info) == 80, "syscall info");

/* Its `arch`: riscv (ELF's 243), 64 bits wide, little-endian. */
#define ABI_AUDIT_ARCH 0xc00000f3u
