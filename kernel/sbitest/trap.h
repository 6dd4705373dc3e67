/*
 * Where trap.S finds the fields of struct sbitest_trap.
 */
#pragma once

#define TRAP_COUNT 0
#define TRAP_CAUSE 8
#define TRAP_EPC   16
#define TRAP_TVAL  24
#define TRAP_SIP   32
#define TRAP_T1    40
#define TRAP_T2    48

#ifndef __ASSEMBLER__
extern char sbitest_vector[];
#endif
