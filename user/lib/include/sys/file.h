/* Locks of whole files. */
#pragma once

#include <fcntl.h>

int flock(int fd, int op);
