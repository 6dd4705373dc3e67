/* The inside of FILE, for the files that make stdio. */
#pragma once

#include <stdio.h>

#include "kernel/abi/types.h"

#define F_READ   0x01 /* may be read */
#define F_WRITE  0x02 /* may be written */
#define F_APPEND 0x04
#define F_EOF    0x08
#define F_ERR    0x10
#define F_LINE   0x20 /* line-buffered */
#define F_NOBUF  0x40
#define F_OWNBUF 0x80  /* the buffer is to be freed */
#define F_STATIC 0x100 /* the FILE itself is not to be freed */
#define F_MODE   0x200 /* the way of buffering is decided */
#define F_LISTED 0x400
#define F_SHOWN  0x800 /* printf's %s prints no control characters */

#define UNGET_MAX 8

/*
 * Either reading (rpos < rend, wpos and wend null) or writing (wpos between
 * buf and wend).  Bytes pushed back stand before rpos, for which room is kept
 * in front of the buffer.
 */
struct __file {
	int fd;
	int flags;
	unsigned char *buf;
	size_t size;
	unsigned char *rpos, *rend;
	unsigned char *wpos, *wend;
	ssize_t (*read)(FILE *f, void *p, size_t n);
	ssize_t (*write)(FILE *f, const void *p, size_t n);
	off_t (*seek)(FILE *f, off_t off, int whence);
	int (*close)(FILE *f);
	FILE *next, *prev; /* all that were used, for fflush and exit */
	pid_t pid;         /* of popen's child */
	void *cookie;
};

int __stdio_to_read(FILE *f);
int __stdio_to_write(FILE *f);
int __stdio_flush(FILE *f);
size_t __stdio_write(FILE *f, const void *p, size_t n);
FILE *__stdio_new(int fd, int flags);
void __stdio_list(FILE *f);
int __stdio_mode(const char *mode, int *open_flags);
