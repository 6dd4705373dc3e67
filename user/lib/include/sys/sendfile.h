/* Copying between descriptors inside the kernel. */
#pragma once

#include <sys/types.h>

ssize_t sendfile(int out, int in, off_t *off, size_t n);
