/* Reading directories. */
#pragma once

#include "kernel/abi/dirent.h"

struct dirent {
	ino_t d_ino;
	off_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[256];
};

typedef struct __dir DIR;

DIR *opendir(const char *path);
DIR *fdopendir(int fd);
struct dirent *readdir(DIR *dir);
int closedir(DIR *dir);
void rewinddir(DIR *dir);
long telldir(DIR *dir);
void seekdir(DIR *dir, long pos);
int dirfd(DIR *dir);
int alphasort(const struct dirent **a, const struct dirent **b);
int scandir(const char *path, struct dirent ***list,
	    int (*want)(const struct dirent *),
	    int (*cmp)(const struct dirent **, const struct dirent **));
