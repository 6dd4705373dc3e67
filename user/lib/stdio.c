/*
 * Streams.  Nothing happens for a stream before its first use: then it gets a
 * buffer, standard output asks whether it is a terminal, and the stream enters
 * the list that fflush(NULL) and exit() walk.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/libc.h"
#include "user/lib/stdio.h"

static ssize_t file_read(FILE *f, void *p, size_t n)
{
	return read(f->fd, p, n);
}

static ssize_t file_write(FILE *f, const void *p, size_t n)
{
	return write(f->fd, p, n);
}

static off_t file_seek(FILE *f, off_t off, int whence)
{
	return lseek(f->fd, off, whence);
}

static int file_close(FILE *f)
{
	return close(f->fd);
}

#define FILE_OPS                                                               \
	.read = file_read, .write = file_write, .seek = file_seek,             \
	.close = file_close

static unsigned char stdin_buf[UNGET_MAX + BUFSIZ];
static unsigned char stdout_buf[UNGET_MAX + BUFSIZ];
static unsigned char stderr_buf[UNGET_MAX + 1];

static FILE file_stdin = { .fd = 0,
			   .flags = F_READ | F_STATIC,
			   .buf = stdin_buf + UNGET_MAX,
			   .size = BUFSIZ,
			   FILE_OPS };
static FILE file_stdout = { .fd = 1,
			    .flags = F_WRITE | F_STATIC,
			    .buf = stdout_buf + UNGET_MAX,
			    .size = BUFSIZ,
			    FILE_OPS };
static FILE file_stderr = { .fd = 2,
			    .flags = F_WRITE | F_STATIC | F_NOBUF | F_MODE,
			    .buf = stderr_buf + UNGET_MAX,
			    .size = 1,
			    FILE_OPS };

#undef stdin
#undef stdout
#undef stderr
FILE *const stdin = &file_stdin;
FILE *const stdout = &file_stdout;
FILE *const stderr = &file_stderr;

static FILE *file_list;

void __stdio_list(FILE *f)
{
	if (f->flags & F_LISTED)
		return;
	f->flags |= F_LISTED;
	f->prev = NULL;
	f->next = file_list;
	if (file_list)
		file_list->prev = f;
	file_list = f;
}

static void stdio_unlist(FILE *f)
{
	if (!(f->flags & F_LISTED))
		return;
	f->flags &= ~F_LISTED;
	if (f->prev)
		f->prev->next = f->next;
	else
		file_list = f->next;
	if (f->next)
		f->next->prev = f->prev;
}

/* First use: a buffer, the way of buffering, the list. */
static int stdio_prepare(FILE *f)
{
	unsigned char *buf;

	if (!f->buf) {
		buf = malloc(UNGET_MAX + BUFSIZ);
		if (!buf) {
			f->flags |= F_ERR;
			return -1;
		}
		f->buf = buf + UNGET_MAX;
		f->size = BUFSIZ;
		f->flags |= F_OWNBUF;
	}
	if (!(f->flags & F_MODE)) {
		f->flags |= F_MODE;
		if ((f->flags & F_WRITE) && f->fd >= 0) {
			int saved = errno;

			if (isatty(f->fd))
				f->flags |= F_LINE;
			errno = saved;
		}
	}
	__stdio_list(f);
	return 0;
}

int __stdio_flush(FILE *f)
{
	unsigned char *p = f->buf;
	ssize_t n;

	if (!f->wpos)
		return 0;
	while (p < f->wpos) {
		n = f->write(f, p, (size_t)(f->wpos - p));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			f->flags |= F_ERR;
			f->wpos = f->buf;
			return EOF;
		}
		p += n;
	}
	f->wpos = f->buf;
	return 0;
}

int __stdio_to_write(FILE *f)
{
	if (f->wend)
		return 0;
	if (!(f->flags & F_WRITE)) {
		errno = EBADF;
		f->flags |= F_ERR;
		return EOF;
	}
	if (stdio_prepare(f) < 0)
		return EOF;
	/* What was read ahead is not passed over. */
	if (f->rpos != f->rend)
		f->seek(f, f->rpos - f->rend, SEEK_CUR);
	f->rpos = f->rend = NULL;
	f->wpos = f->buf;
	f->wend = f->buf + f->size;
	return 0;
}

int __stdio_to_read(FILE *f)
{
	if (f->wend) {
		if (__stdio_flush(f))
			return EOF;
		f->wpos = f->wend = NULL;
	}
	if (!(f->flags & F_READ)) {
		errno = EBADF;
		f->flags |= F_ERR;
		return EOF;
	}
	if (!f->rpos) {
		if (stdio_prepare(f) < 0)
			return EOF;
		f->rpos = f->rend = f->buf;
	}
	return 0;
}

/* Whoever waits for a line should have seen the question. */
static void flush_line_buffered(void)
{
	FILE *f;

	for (f = file_list; f; f = f->next)
		if ((f->flags & F_LINE) && f->wpos != f->buf)
			__stdio_flush(f);
}

/* Read more into the empty buffer; 0 or EOF. */
static int stdio_fill(FILE *f)
{
	ssize_t n;

	if (__stdio_to_read(f) || (f->flags & F_EOF))
		return EOF;
	if (f->flags & (F_LINE | F_NOBUF) || f == &file_stdin)
		flush_line_buffered();
	n = f->read(f, f->buf, f->flags & F_NOBUF ? 1 : f->size);
	if (n <= 0) {
		f->flags |= n < 0 ? F_ERR : F_EOF;
		f->rpos = f->rend = f->buf;
		return EOF;
	}
	f->rpos = f->buf;
	f->rend = f->buf + n;
	return 0;
}

int fgetc(FILE *f)
{
	if (f->rpos == f->rend || f->wend)
		if (stdio_fill(f))
			return EOF;
	return *f->rpos++;
}

int getc(FILE *f)
{
	return fgetc(f);
}

int getc_unlocked(FILE *f)
{
	return fgetc(f);
}

int getchar(void)
{
	return fgetc(stdin);
}

int getchar_unlocked(void)
{
	return fgetc(stdin);
}

int ungetc(int c, FILE *f)
{
	if (c == EOF || __stdio_to_read(f) || f->rpos == f->buf - UNGET_MAX)
		return EOF;
	/* sscanf's buffer is a constant: write only what differs. */
	f->rpos--;
	if (*f->rpos != (unsigned char)c)
		*f->rpos = (unsigned char)c;
	f->flags &= ~F_EOF;
	return (unsigned char)c;
}

size_t fread(void *restrict p, size_t size, size_t n, FILE *restrict f)
{
	size_t total = size * n, left = total, part;
	unsigned char *out = p;
	ssize_t got;

	if (!total || __stdio_to_read(f))
		return 0;
	while (left) {
		part = (size_t)(f->rend - f->rpos);
		if (part) {
			if (part > left)
				part = left;
			memcpy(out, f->rpos, part);
			f->rpos += part;
		} else if (left >= f->size && !(f->flags & F_EOF)) {
			got = f->read(f, out, left);
			if (got <= 0) {
				f->flags |= got < 0 ? F_ERR : F_EOF;
				break;
			}
			part = (size_t)got;
		} else if (stdio_fill(f)) {
			break;
		}
		out += part;
		left -= part;
	}
	return left ? (total - left) / size : n;
}

/* Write n bytes; gives how many were taken. */
size_t __stdio_write(FILE *f, const void *p, size_t n)
{
	const unsigned char *s = p;
	size_t done = 0, part, room, line = 0;
	ssize_t put;

	if (__stdio_to_write(f))
		return 0;
	if (f->flags & F_LINE) {
		const unsigned char *nl = memrchr(s, '\n', n);

		if (nl)
			line = (size_t)(nl - s) + 1;
	}
	while (done < n) {
		room = (size_t)(f->wend - f->wpos);
		part = n - done;
		if (f->wpos == f->buf &&
		    (part >= f->size || (f->flags & F_NOBUF))) {
			put = f->write(f, s + done, part);
			if (put < 0 && errno == EINTR)
				continue;
			if (put <= 0) {
				f->flags |= F_ERR;
				return done;
			}
			done += (size_t)put;
			continue;
		}
		if (part > room)
			part = room;
		memcpy(f->wpos, s + done, part);
		f->wpos += part;
		done += part;
		if (f->wpos == f->wend && __stdio_flush(f))
			return done - part;
	}
	if ((line || (f->flags & F_NOBUF)) && __stdio_flush(f))
		return 0;
	return n;
}

size_t fwrite(const void *restrict p, size_t size, size_t n, FILE *restrict f)
{
	size_t total = size * n, done;

	if (!total)
		return 0;
	done = __stdio_write(f, p, total);
	return done == total ? n : done / size;
}

int fputc(int c, FILE *f)
{
	unsigned char b = (unsigned char)c;

	if (f->wpos < f->wend && !(f->flags & (F_LINE | F_NOBUF))) {
		*f->wpos++ = b;
		if (f->wpos == f->wend && __stdio_flush(f))
			return EOF;
		return b;
	}
	return __stdio_write(f, &b, 1) == 1 ? b : EOF;
}

int putc(int c, FILE *f)
{
	return fputc(c, f);
}

int putc_unlocked(int c, FILE *f)
{
	return fputc(c, f);
}

int putchar(int c)
{
	return fputc(c, stdout);
}

int putchar_unlocked(int c)
{
	return fputc(c, stdout);
}

int fputs(const char *restrict s, FILE *restrict f)
{
	size_t n = strlen(s);

	return __stdio_write(f, s, n) == n ? 0 : EOF;
}

int puts(const char *s)
{
	return fputs(s, stdout) < 0 || fputc('\n', stdout) < 0 ? EOF : 0;
}

char *fgets(char *restrict s, int n, FILE *restrict f)
{
	char *p = s;
	int c = 0;

	if (n < 1)
		return NULL;
	while (--n > 0 && (c = fgetc(f)) != EOF) {
		*p++ = (char)c;
		if (c == '\n')
			break;
	}
	if (c == EOF && (p == s || (f->flags & F_ERR)))
		return NULL;
	*p = 0;
	return s;
}

ssize_t getdelim(char **restrict line, size_t *restrict cap, int delim,
		 FILE *restrict f)
{
	size_t n = 0, more, bigger;
	unsigned char *end;
	char *p;

	if (!line || !cap) {
		errno = EINVAL;
		f->flags |= F_ERR;
		return -1;
	}
	if (!*line)
		*cap = 0;
	for (;;) {
		if ((f->rpos == f->rend || f->wend) && stdio_fill(f)) {
			if (!n || (f->flags & F_ERR))
				return -1;
			break;
		}
		more = (size_t)(f->rend - f->rpos);
		end = memchr(f->rpos, delim, more);
		if (end)
			more = (size_t)(end + 1 - f->rpos);
		if (n + more + 1 > *cap) {
			bigger = *cap ? *cap * 2 : 120;
			if (bigger < n + more + 1)
				bigger = n + more + 1;
			p = realloc(*line, bigger);
			if (!p) {
				f->flags |= F_ERR;
				return -1;
			}
			*line = p;
			*cap = bigger;
		}
		memcpy(*line + n, f->rpos, more);
		n += more;
		f->rpos += more;
		if (end)
			break;
	}
	(*line)[n] = 0;
	return (ssize_t)n;
}

ssize_t getline(char **restrict line, size_t *restrict cap, FILE *restrict f)
{
	return getdelim(line, cap, '\n', f);
}

int fflush(FILE *f)
{
	FILE *next;
	int ret = 0;

	if (f) {
		if (__stdio_flush(f))
			return EOF;
		/* The file's position becomes the stream's. */
		if (f->rpos != f->rend &&
		    f->seek(f, f->rpos - f->rend, SEEK_CUR) >= 0)
			f->rpos = f->rend = f->buf;
		return 0;
	}
	for (f = file_list; f; f = next) {
		next = f->next;
		ret |= __stdio_flush(f);
	}
	return ret;
}

void __stdio_exit(void)
{
	FILE *f;

	for (f = file_list; f; f = f->next) {
		__stdio_flush(f);
		/* So that who shares the descriptor reads on from here. */
		if (f->rpos != f->rend)
			f->seek(f, f->rpos - f->rend, SEEK_CUR);
	}
}

int fileno(FILE *f)
{
	if (f->fd < 0) {
		errno = EBADF;
		return -1;
	}
	return f->fd;
}

int feof(FILE *f)
{
	return !!(f->flags & F_EOF);
}

int ferror(FILE *f)
{
	return !!(f->flags & F_ERR);
}

void clearerr(FILE *f)
{
	f->flags &= ~(F_EOF | F_ERR);
}

int setvbuf(FILE *restrict f, char *restrict buf, int mode, size_t size)
{
	if (mode != _IOFBF && mode != _IOLBF && mode != _IONBF)
		return EOF;
	if (__stdio_flush(f))
		return EOF;
	f->flags &= ~(F_LINE | F_NOBUF);
	f->flags |= F_MODE;
	if (mode == _IOLBF)
		f->flags |= F_LINE;
	if (mode == _IONBF)
		f->flags |= F_NOBUF;
	if (buf && size > UNGET_MAX && mode != _IONBF && f->rpos == f->rend) {
		if (f->flags & F_OWNBUF)
			free(f->buf - UNGET_MAX);
		f->flags &= ~F_OWNBUF;
		f->buf = (unsigned char *)buf + UNGET_MAX;
		f->size = size - UNGET_MAX;
		f->rpos = f->rend = f->wpos = f->wend = NULL;
	}
	return 0;
}

void setbuf(FILE *restrict f, char *restrict buf)
{
	setvbuf(f, buf, buf ? _IOFBF : _IONBF, BUFSIZ);
}

void setlinebuf(FILE *f)
{
	setvbuf(f, NULL, _IOLBF, 0);
}

int fseeko(FILE *f, off_t offset, int whence)
{
	if (f->wend && __stdio_flush(f))
		return -1;
	if (whence == SEEK_CUR)
		offset -= f->rend - f->rpos;
	if (f->seek(f, offset, whence) < 0)
		return -1;
	f->rpos = f->rend = f->wpos = f->wend = NULL;
	f->flags &= ~F_EOF;
	return 0;
}

int fseek(FILE *f, long offset, int whence)
{
	return fseeko(f, offset, whence);
}

off_t ftello(FILE *f)
{
	off_t pos;

	/* Bytes that wait to be appended go behind what is there. */
	if ((f->flags & F_APPEND) && f->wpos != f->buf && f->wend)
		__stdio_flush(f);
	pos = f->seek(f, 0, SEEK_CUR);
	if (pos < 0)
		return -1;
	if (f->wend)
		return pos + (f->wpos - f->buf);
	return pos - (f->rend - f->rpos);
}

long ftell(FILE *f)
{
	return ftello(f);
}

void rewind(FILE *f)
{
	fseeko(f, 0, SEEK_SET);
	f->flags &= ~F_ERR;
}

int fgetpos(FILE *restrict f, fpos_t *restrict pos)
{
	*pos = ftello(f);
	return *pos < 0 ? -1 : 0;
}

int fsetpos(FILE *f, const fpos_t *pos)
{
	return fseeko(f, *pos, SEEK_SET);
}

/* Turn fopen's mode into the stream's flags and open()'s. */
int __stdio_mode(const char *mode, int *open_flags)
{
	int flags;

	switch (*mode) {
	case 'r':
		flags = F_READ;
		*open_flags = O_RDONLY;
		break;
	case 'w':
		flags = F_WRITE;
		*open_flags = O_WRONLY | O_CREAT | O_TRUNC;
		break;
	case 'a':
		flags = F_WRITE | F_APPEND;
		*open_flags = O_WRONLY | O_CREAT | O_APPEND;
		break;
	default:
		errno = EINVAL;
		return -1;
	}
	while (*++mode && *mode != ',') {
		if (*mode == '+') {
			flags |= F_READ | F_WRITE;
			*open_flags = (*open_flags & ~O_ACCMODE) | O_RDWR;
		} else if (*mode == 'x') {
			*open_flags |= O_EXCL;
		} else if (*mode == 'e') {
			*open_flags |= O_CLOEXEC;
		}
	}
	return flags;
}

FILE *__stdio_new(int fd, int flags)
{
	FILE *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	*f = (FILE){ .fd = fd, .flags = flags, FILE_OPS };
	return f;
}

/* May the descriptor be read and written as the stream's flags say? */
static int stdio_allows(int fd, int flags)
{
	int have = fcntl(fd, F_GETFL);

	if (have < 0)
		return 0;
	have &= O_ACCMODE;
	if ((!(flags & F_READ) || have != O_WRONLY) &&
	    (!(flags & F_WRITE) || have != O_RDONLY))
		return 1;
	errno = EINVAL;
	return 0;
}

FILE *fdopen(int fd, const char *mode)
{
	int open_flags, flags = __stdio_mode(mode, &open_flags);

	if (flags < 0 || !stdio_allows(fd, flags))
		return NULL;
	return __stdio_new(fd, flags);
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
	int open_flags, flags = __stdio_mode(mode, &open_flags);
	FILE *f;
	int fd;

	if (flags < 0)
		return NULL;
	fd = open(path, open_flags, 0666);
	if (fd < 0)
		return NULL;
	/* So that ftell says from the start where bytes will go. */
	if ((flags & (F_APPEND | F_READ)) == F_APPEND)
		lseek(fd, 0, SEEK_END);
	f = __stdio_new(fd, flags);
	if (!f)
		close(fd);
	return f;
}

static void stdio_free(FILE *f)
{
	stdio_unlist(f);
	if (f->flags & F_OWNBUF)
		free(f->buf - UNGET_MAX);
	if (!(f->flags & F_STATIC))
		free(f);
}

int fclose(FILE *f)
{
	int ret = fflush(f);

	if (f->close(f) < 0)
		ret = EOF;
	if (f->flags & F_STATIC) {
		stdio_unlist(f);
		f->fd = -1;
		f->flags &= ~(F_READ | F_WRITE);
		f->rpos = f->rend = f->wpos = f->wend = NULL;
	} else {
		stdio_free(f);
	}
	return ret;
}

FILE *freopen(const char *restrict path, const char *restrict mode,
	      FILE *restrict f)
{
	int open_flags, flags = __stdio_mode(mode, &open_flags);
	int fd;

	fflush(f);
	if (flags < 0)
		goto close_old;
	if (!path) {
		/* Another mode for the same file: only what fcntl can do. */
		if (!stdio_allows(f->fd, flags))
			goto close_old;
		fcntl(f->fd, F_SETFL, open_flags & O_APPEND);
	} else {
		fd = open(path, open_flags, 0666);
		if (fd < 0)
			goto close_old;
		if (f->fd < 0) {
			f->fd = fd;
		} else if (fd != f->fd) {
			if (dup3(fd, f->fd, open_flags & O_CLOEXEC) < 0) {
				close(fd);
				goto close_old;
			}
			close(fd);
		}
	}
	f->flags =
		flags | (f->flags & (F_OWNBUF | F_STATIC | F_NOBUF | F_LISTED));
	if (f->flags & F_NOBUF)
		f->flags |= F_MODE;
	f->rpos = f->rend = f->wpos = f->wend = NULL;
	return f;

close_old:
	fclose(f);
	return NULL;
}

FILE *popen(const char *command, const char *mode)
{
	int fds[2], ours, theirs;
	FILE *f, *other;
	pid_t pid;

	if (*mode != 'r' && *mode != 'w') {
		errno = EINVAL;
		return NULL;
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	ours = *mode == 'r' ? 0 : 1;
	theirs = !ours;
	f = __stdio_new(fds[ours], *mode == 'r' ? F_READ : F_WRITE);
	if (!f)
		goto close_pipe;
	pid = fork();
	if (pid < 0)
		goto free_file;
	if (pid == 0) {
		for (other = file_list; other; other = other->next)
			if (other->pid)
				close(other->fd);
		if (fds[theirs] == theirs)
			fcntl(theirs, F_SETFD, 0);
		else
			dup2(fds[theirs], theirs);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(fds[theirs]);
	f->pid = pid;
	__stdio_list(f);
	return f;

free_file:
	stdio_free(f);
close_pipe:
	close(fds[0]);
	close(fds[1]);
	return NULL;
}

int pclose(FILE *f)
{
	pid_t pid = f->pid;
	int status;

	fclose(f);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

void flockfile(FILE *f)
{
}

int ftrylockfile(FILE *f)
{
	return 0;
}

void funlockfile(FILE *f)
{
}

char *ctermid(char *buf)
{
	static char own[L_ctermid];

	return strcpy(buf ? buf : own, "/dev/tty");
}
