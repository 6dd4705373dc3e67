/* select and pselect, made of ppoll. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>

#include "user/lib/syscall.h"

static int select_poll(int n, fd_set *rd, fd_set *wr, fd_set *ex,
		       struct timespec *timeout, const sigset_t *mask)
{
	struct pollfd fds[FD_SETSIZE];
	int fd, i, ret, used = 0, found = 0;
	short events;

	if (n < 0 || n > FD_SETSIZE)
		return (int)__syscall_fail(-EINVAL);
	for (fd = 0; fd < n; fd++) {
		events = 0;
		if (rd && FD_ISSET(fd, rd))
			events |= POLLIN;
		if (wr && FD_ISSET(fd, wr))
			events |= POLLOUT;
		if (ex && FD_ISSET(fd, ex))
			events |= POLLPRI;
		if (!events)
			continue;
		fds[used].fd = fd;
		fds[used++].events = events;
	}
	ret = (int)CALL(ppoll, fds, used, timeout, mask, sizeof(sigset_t));
	if (ret < 0)
		return -1;
	for (i = 0; i < used; i++)
		if (fds[i].revents & POLLNVAL)
			return (int)__syscall_fail(-EBADF);
	for (i = 0; i < used; i++) {
		short got = fds[i].revents;

		fd = fds[i].fd;
		if (fds[i].events & POLLIN) {
			if (got & (POLLIN | POLLHUP | POLLERR))
				found++;
			else
				FD_CLR(fd, rd);
		}
		if (fds[i].events & POLLOUT) {
			if (got & (POLLOUT | POLLERR))
				found++;
			else
				FD_CLR(fd, wr);
		}
		if (fds[i].events & POLLPRI) {
			if (got & POLLPRI)
				found++;
			else
				FD_CLR(fd, ex);
		}
	}
	return found;
}

int pselect(int n, fd_set *restrict rd, fd_set *restrict wr,
	    fd_set *restrict ex, const struct timespec *restrict timeout,
	    const sigset_t *restrict mask)
{
	struct timespec ts;

	if (timeout)
		ts = *timeout;
	return select_poll(n, rd, wr, ex, timeout ? &ts : NULL, mask);
}

int select(int n, fd_set *restrict rd, fd_set *restrict wr, fd_set *restrict ex,
	   struct timeval *restrict timeout)
{
	struct timespec ts;
	int ret;

	if (timeout) {
		ts.tv_sec = timeout->tv_sec;
		ts.tv_nsec = timeout->tv_usec * 1000;
	}
	ret = select_poll(n, rd, wr, ex, timeout ? &ts : NULL, NULL);
	if (timeout) { /* what is left of it */
		timeout->tv_sec = ts.tv_sec;
		timeout->tv_usec = ts.tv_nsec / 1000;
	}
	return ret;
}
