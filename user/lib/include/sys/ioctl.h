/* Requests to devices. */
#pragma once

#include "kernel/abi/ioctl.h"

int ioctl(int fd, unsigned long request, ...);
