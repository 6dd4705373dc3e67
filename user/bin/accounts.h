/*
 * What the programs about users have in common: asking for passwords, becoming
 * somebody, and changing the files, each of which is replaced as a whole, when
 * all that are to change are written: at any moment the old one or the new one
 * is there, and want of room changes none.
 */
#pragma once

#include <crypt.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWD "/etc/passwd"
#define GROUP  "/etc/group"
#define SHADOW "/etc/shadow"

/* Seconds that a wrong password costs. */
#define WRONG_DELAY 2

/* A name that fits all files, and that no program takes for an option. */
static inline int name_is_good(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return n && n <= 32 && !name[n] && *name != '-' &&
	       (*name < '0' || *name > '9');
}

/*
 * A set-id program may have been started with descriptors 0 to 2 closed: the
 * next file that it opens, /etc/shadow perhaps, would be its standard output.
 */
static inline void fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd < 0)
		_exit(126);
	close(fd);
}

/* Does this user come in without a password? */
static inline int needs_no_password(const struct passwd *pw)
{
	struct spwd *s;

	if (strcmp(pw->pw_passwd, "x") != 0)
		return !*pw->pw_passwd;
	s = getspnam(pw->pw_name);
	return s && !*s->sp_pwdp;
}

/* Is it the password of that user (NULL: of nobody, which takes as long)? */
static inline int password_is(const struct passwd *pw, const char *typed)
{
	const char *want = pw ? pw->pw_passwd : "*", *got;
	struct spwd *s;

	if (!strcmp(want, "x")) {
		s = getspnam(pw->pw_name);
		want = s ? s->sp_pwdp : "*";
	}
	if (!*want)
		return 1;
	got = crypt(typed, want);
	if (!got) {
		crypt(typed, "$6$nobody");
		return 0;
	}
	return !strcmp(got, want);
}

/* Ask for the password; 1 if it is right, after a while 0 if it is not. */
static inline int ask_password(const struct passwd *pw)
{
	char *typed = getpass("Password: ");
	int right;

	if (!typed)
		return 0;
	right = password_is(pw, typed);
	explicit_bzero(typed, strlen(typed));
	if (!right)
		sleep(WRONG_DELAY);
	return right;
}

/* Groups first: whoever is somebody else may not choose them any more. */
static inline void become(const struct passwd *pw)
{
	if (initgroups(pw->pw_name, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 ||
	    setuid(pw->pw_uid) < 0)
		err(1, "%s", pw->pw_name);
	if (pw->pw_uid && setuid(0) == 0)
		errx(1, "%s: still root", pw->pw_name);
}

static inline const char *shell_of(const struct passwd *pw)
{
	return *pw->pw_shell ? pw->pw_shell : "/bin/sh";
}

/* What a session of that user has in its environment. */
static inline void set_environment(const struct passwd *pw)
{
	setenv("HOME", pw->pw_dir, 1);
	setenv("USER", pw->pw_name, 1);
	setenv("LOGNAME", pw->pw_name, 1);
	setenv("SHELL", shell_of(pw), 1);
}

/* Keep everybody else from the files, and signals from this program. */
static inline void accounts_lock(void)
{
	static const int sigs[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
				    SIGALRM, SIGTSTP, SIGXFSZ, SIGPIPE };
	size_t i;

	umask(077);
	for (i = 0; i < sizeof(sigs) / sizeof(*sigs); i++)
		signal(sigs[i], SIG_IGN);
	if (lckpwdf() < 0)
		err(1, "cannot lock " PASSWD);
}

/* The files that are written anew and not yet in their places. */
static const char *accounts_new[3];
static int accounts_n;

static inline const char *accounts_new_name(const char *path)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s.new", path);
	return name;
}

/* Leave all of them as they are, and let others at them. */
static inline void accounts_give_up(void)
{
	while (accounts_n)
		unlink(accounts_new_name(accounts_new[--accounts_n]));
	ulckpwdf();
}

static inline void accounts_fail(const char *path)
{
	int code = errno;

	accounts_give_up();
	errno = code;
	err(1, "%s", path);
}

/* The next line, which ends with a newline even where the file does not. */
static inline int accounts_line(char **line, size_t *cap, FILE *in)
{
	ssize_t n = getline(line, cap, in);
	char *more;

	if (n <= 0 || (*line)[n - 1] == '\n')
		return n > 0;
	more = realloc(*line, (size_t)n + 2);
	if (!more)
		accounts_fail("/etc");
	memcpy(more + n, "\n", 2);
	*line = more;
	*cap = (size_t)n + 2;
	return 1;
}

/*
 * Write a file anew, to be put in its place by accounts_replace.  change gets
 * each line, with its end, and writes what it wants to have there; NULL behind
 * the last one.  A new file has the mode.  Ends the program when that fails;
 * all files are then untouched.
 */
static inline void
accounts_edit(const char *path, mode_t mode,
	      void (*change)(char *line, FILE *out, void *arg), void *arg)
{
	const char *fresh;
	char *line = NULL;
	FILE *in = fopen(path, "re"), *out;
	struct stat st = { .st_mode = mode };
	size_t cap = 0;
	int fd, bad;

	if (!in && errno != ENOENT)
		accounts_fail(path);
	if (in && fstat(fileno(in), &st) < 0)
		accounts_fail(path);
	accounts_new[accounts_n++] = path;
	fresh = accounts_new_name(path);
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		accounts_fail(fresh);
	errno = 0;
	while (in && accounts_line(&line, &cap, in))
		change(line, out, arg);
	/* An end for want of memory is none. */
	bad = in && !feof(in);
	change(NULL, out, arg);
	bad |= fflush(out) == EOF || ferror(out) || fsync(fd) < 0 ||
	       fchown(fd, st.st_uid, st.st_gid) < 0 ||
	       fchmod(fd, st.st_mode & 07777) < 0;
	bad |= fclose(out) == EOF;
	if (bad) {
		errno = errno ? errno : EIO;
		accounts_fail(path);
	}
	free(line);
	if (in)
		fclose(in);
}

/* Put what was written in its place, the first first, and let others at it. */
static inline void accounts_replace(void)
{
	int i, fd;

	for (i = 0; i < accounts_n; i++)
		if (rename(accounts_new_name(accounts_new[i]),
			   accounts_new[i]) < 0)
			accounts_fail(accounts_new[i]);
	accounts_n = 0;
	/* The names are to be on the disk as well. */
	fd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	ulckpwdf();
}

/* Is the line's first field that name? */
static inline int line_is_of(const char *line, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(line, name, n) && line[n] == ':';
}

/* A process of that user, or 0. */
static inline int accounts_runs(uid_t uid)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	struct stat st;
	int found = 0;

	while (d && !found && (e = readdir(d)))
		if (*e->d_name >= '1' && *e->d_name <= '9' &&
		    fstatat(dirfd(d), e->d_name, &st, 0) == 0 &&
		    st.st_uid == uid)
			found = atoi(e->d_name);
	if (d)
		closedir(d);
	return found;
}

/*
 * Where the field of a line begins that has n colons before it; NULL where the
 * line has not so many.
 */
static inline char *accounts_field(char *line, int n)
{
	while (line && n--) {
		line = strchr(line, ':');
		line = line ? line + 1 : NULL;
	}
	return line;
}
