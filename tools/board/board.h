/*
 * make board-check: the kernel's probing code on the build machine. board.c
 * has the report, registers.c what stands for devices, stubs.c for the rest of
 * the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

extern bool board_verbose;       /* show the kernel's messages */
extern unsigned board_disks;     /* were registered */
extern unsigned board_no_memory; /* every so many allocations fails; 0: none */

/* Registers read as zeros, or as bytes that this number makes. */
void registers_seed(uint64_t seed);
