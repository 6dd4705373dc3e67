/*
 * The terminal's modes. Two sets are kept: the user's own, in which commands
 * run, and the one for editing, which is the same with every key given to the
 * shell at once and without echo. The interrupt key stays a signal.
 *
 * What a program did to the modes stays if it ended by itself (so stty works);
 * one that was killed or stopped half-way has it undone.
 */
#pragma once

#include <stdbool.h>

struct termios;

/* An interactive shell begins: a terminal that was left raw is made usable. */
void term_begin(void);
/* A foreground job is over; well: none of its processes was killed. */
void term_after_job(bool well);
/* For editing, and back; false when descriptor 0 is no terminal. */
bool term_edit(void);
void term_restore(void);
/* While the editor takes a key as it is: ^C, ^S and Enter too. */
void term_literal(bool on);
/* The user's own modes, for their control characters. */
const struct termios *term_own(void);
