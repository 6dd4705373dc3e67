/*
 * $((expression)): the operators of C on signed 64-bit numbers that wrap,
 * with assignments, ++ and --, the comma, and ** for powers. A variable's
 * value may itself be an expression.
 */
#pragma once

/* Returns 0, or -1 after an error that has ended the command. */
int arith_eval(const char *text, long *result);
