#pragma once
/* The kernel's name for uname and /proc. */
extern const char kernel_release[];
