/*
 * Processes that the shell started: one job for each pipeline or background
 * list. Where the terminal has process groups (tcgetpgrp works), an
 * interactive shell gives each job its own and hands the terminal over to
 * the one in the foreground; where these calls fail, everything works the
 * same without.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct job;
struct node;

enum fork_mode {
	FORK_FOREGROUND,
	FORK_BACKGROUND,
	FORK_SUBSTITUTE, /* $( ): stays in the shell's group */
};

/* n is for the text that jobs prints; it may be NULL. */
struct job *job_new(int procs, const struct node *n);
/* As fork(); the child is a subshell already. -1 after a message. */
pid_t job_fork(struct job *j, enum fork_mode mode);
/* Waits for a foreground job, forgets it and returns its status. */
int job_wait(struct job *j);
/* It stays in the table under a number. */
void job_background(struct job *j);
/* The shell turns into the subshell that would have been forked. */
void job_become_child(bool substitute);
/* A child that writes a here-document; no job. */
pid_t job_fork_writer(void);
/*
 * May the shell end? Not the first time it is asked at a prompt while jobs are
 * stopped: then there is a message. jobs_next tells that a command was run.
 */
bool jobs_may_exit(void);
void jobs_next(void);
/* Before a prompt: tells about jobs that ended or stopped. */
void jobs_notify(void);
/* An interactive shell takes the terminal; set -m and set +m. */
void job_control(bool on);

int bi_jobs(int argc, char **argv);
int bi_fg(int argc, char **argv);
int bi_wait(int argc, char **argv);
int bi_kill(int argc, char **argv);
