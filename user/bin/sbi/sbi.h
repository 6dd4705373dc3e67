/* The commands of sbi; each gets what follows its name. */
#pragma once

int sbi_stat(int argc, char **argv);
int sbi_trace(int argc, char **argv);
int sbi_test(int argc, char **argv);
