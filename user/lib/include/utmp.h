/* Logging in; utmpx.h has the list of who is there. */
#pragma once

/* A new session whose terminal, and descriptors 0 to 2, fd is. */
int login_tty(int fd);
