/* Limits that a program can run into. */
#pragma once

#define NAME_MAX           255  /* bytes of one name, without the zero */
#define PATH_MAX           4096 /* bytes of a path, with the zero */
#define PIPE_BUF           4096 /* up to here a write is in one piece */
#define NGROUPS_MAX        32
#define ARG_MAX            131072 /* promised; more may be allowed */
#define IOV_MAX            1024
#define LINK_MAX           127
#define SYMLOOP_MAX        40
#define ABI_ARG_STRLEN_MAX 131072 /* one string */
