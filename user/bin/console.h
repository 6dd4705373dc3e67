/* The controlling terminal, as a device: for init and login. */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The device number of the controlling terminal; 0: none. */
static inline dev_t terminal_number(void)
{
	char text[512], *p;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC), i;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	/* The seventh field; the second is a name in brackets. */
	p = strrchr(text, ')');
	for (i = 2; p && i < 7; i++)
		p = strchr(p + 1, ' ');
	return p ? (dev_t)strtoul(p, NULL, 10) : 0;
}

/*
 * Change /dev/console for the terminal that it is: that one is cut off from
 * whatever the session leaves behind, which the next one may not find reading
 * along.  Where none is found all stays as it is.
 */
static inline void take_terminal(void)
{
	dev_t number = terminal_number();
	DIR *d = number ? opendir("/dev") : NULL;
	struct dirent *e;
	struct stat st;
	int fd = -1, i;

	while (d && fd < 0 && (e = readdir(d)))
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			    0 &&
		    S_ISCHR(st.st_mode) && st.st_rdev == number)
			fd = openat(dirfd(d), e->d_name, O_RDWR | O_NOCTTY);
	if (d)
		closedir(d);
	if (fd < 0)
		return;
	for (i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}
