/*
 * man: the manual.  A page is a file of plain text, /usr/share/man/NAME.S,
 * where S is its section: 1 programs, 5 files, 7 everything else, 8 what root
 * uses.  -k and -f read the NAME section of every page, whose lines are
 *
 *	    name, name - what it is
 *
 * so there is no index that could be out of date; and a name that stands only
 * there, like that of a builtin of the shell, leads to its page as well.
 * Pages go to $PAGER, or else less, where standard output is a terminal.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER	"/usr/share/man"
#define MISSING 16 /* the status when there is no such page, as elsewhere */

static const char sections[] = "1857", *folder = FOLDER;
static char section; /* asked for; 0: any */
static int status;

static void fail(int with)
{
	if (status < with)
		status = with;
}

static char *path_of(const char *file)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, file) < 0)
		err(2, NULL);
	return path;
}

static _Noreturn void usage(FILE *f, int ret)
{
	fputs("usage: man [-w] [section] name...  show pages; -w: their files\n"
	      "       man -k [section] word...    find pages by a word\n"
	      "       man -f [section] name...    say what names are\n",
	      f);
	exit(ret);
}

/* Is it the file name of a page: NAME.S? */
static int is_page(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 2 && *d->d_name != '.' && d->d_name[n - 2] == '.' &&
	       isdigit((unsigned char)d->d_name[n - 1]) &&
	       (!section || d->d_name[n - 1] == section);
}

static int open_page(const char *file)
{
	char *path = path_of(file);
	struct stat st;
	int fd;

	/* What was put there may be a pipe that nobody writes to. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
		errno = ENOENT;
	}
	if (fd < 0 && errno != ENOENT) {
		warn("%s", path);
		fail(2);
	}
	free(path);
	return fd;
}

/* Does one of the names, up to the " - ", match the word? */
static int has_name(const char *line, const char *end, const char *word)
{
	size_t n;

	while (line < end) {
		n = strcspn(line, ", ");
		if (n == strlen(word) && strncasecmp(line, word, n) == 0)
			return 1;
		line += n;
		line += strspn(line, ", ");
	}
	return 0;
}

/*
 * Call found for each line of the NAME section of the page that has the word:
 * as one of its names, or, with any, somewhere.  Gives how many.
 */
static int look_in(const char *file, const char *word, int any,
		   void (*found)(const char *file, const char *line,
				 const char *dash))
{
	int fd = open_page(file), count = 0, inside = 0;
	char *line = NULL, *text, *dash;
	size_t cap = 0;
	FILE *f;

	if (fd < 0)
		return 0;
	f = fdopen(fd, "r");
	if (!f)
		err(2, NULL);
	while (getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\n")] = 0;
		text = line + strspn(line, " ");
		if (text == line && *line) {
			if (inside)
				break;
			inside = !strcmp(line, "NAME");
		}
		dash = strstr(text, " - ");
		if (!inside || text == line || !dash)
			continue;
		if (any ? strcasestr(text, word) != NULL :
			  has_name(text, dash, word)) {
			count++;
			if (found)
				found(file, text, dash);
		}
	}
	if (ferror(f)) {
		warn("%s/%s", folder, file);
		fail(2);
	}
	free(line);
	fclose(f);
	return count;
}

/* "name, name (1) - what it is", and the page's name where it is another. */
static void print_line(const char *file, const char *line, const char *dash)
{
	size_t n = strlen(file) - 2;
	char *page = strndup(file, n);

	if (!page)
		err(2, NULL);
	printf("%.*s", (int)(dash - line), line);
	if (!has_name(line, dash, page))
		printf(" [%s]", page);
	printf(" (%s)%s\n", file + n + 1, dash);
	free(page);
}

static int list(char **words, int any)
{
	struct dirent **pages;
	int n = scandir(folder, &pages, is_page, alphasort), i, count;

	if (n < 0)
		err(2, "%s", folder);
	for (; *words; words++) {
		for (i = count = 0; i < n; i++)
			count += look_in(pages[i]->d_name, *words, any,
					 print_line);
		if (!count) {
			warnx("%s: nothing appropriate", *words);
			fail(MISSING);
		}
	}
	return status;
}

/* The path of a page, or NULL; "ls", "ls.1" and "ls(1)" are the same one. */
static char *find(const char *word)
{
	char *name = strdup(word), *file = NULL, wanted = section;
	size_t n = strlen(word);
	struct dirent **pages;
	const char *s;
	int i, fd, count;

	if (!name)
		err(2, NULL);
	/* A name never leads out of the folder. */
	if (strchr(word, '/') || strspn(word, ".") == n) {
		free(name);
		return NULL;
	}
	if (n > 3 && name[n - 3] == '(' && name[n - 1] == ')') {
		wanted = name[n - 2];
		name[n - 3] = 0;
	} else if (n > 2 && name[n - 2] == '.' &&
		   isdigit((unsigned char)name[n - 1])) {
		wanted = name[n - 1];
		name[n - 2] = 0;
	}
	for (s = sections; *s; s++) {
		if (wanted && *s != wanted)
			continue;
		if (asprintf(&file, "%s.%c", name, *s) < 0)
			err(2, NULL);
		fd = open_page(file);
		if (fd >= 0) {
			close(fd);
			free(name);
			return path_of(file);
		}
		free(file);
	}
	file = NULL;
	count = scandir(folder, &pages, is_page, alphasort);
	for (i = 0; i < count && !file; i++) {
		n = strlen(pages[i]->d_name);
		if ((!wanted || pages[i]->d_name[n - 1] == wanted) &&
		    look_in(pages[i]->d_name, name, 0, NULL))
			file = pages[i]->d_name;
	}
	free(name);
	return file ? path_of(file) : NULL;
}

static void copy(const char *path)
{
	static char buf[16384];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = 0;

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stdout);
	if (fd < 0 || n < 0) {
		warn("%s", path);
		fail(2);
	}
	close(fd);
}

/* What less is to say at the bottom. */
static void name_page(char *to, size_t size, const char *path)
{
	const char *file = strrchr(path, '/') + 1;
	size_t n = strlen(file) - 2;

	snprintf(to, size,
		 "-PManual page %.*s(%s) line %%lt (press h for help or q to "
		 "quit)",
		 (int)n, file, file + n + 1);
}

/* Have the pager show the files; 0 when there is none that runs. */
static int page(char **files)
{
	static char sh[] = "sh", c[] = "-c", order[] = "$PAGER \"$@\"";
	static char less[] = "less", once[] = "-F", prompt[512];
	const char *pager = getenv("PAGER");
	int by_shell = pager && *pager, i, n, ret;
	char **argv;
	pid_t pid;

	for (n = 0; files[n]; n++)
		;
	argv = calloc((size_t)n + 6, sizeof(*argv));
	if (!argv)
		err(2, NULL);
	i = 0;
	if (by_shell) {
		argv[i++] = sh;
		argv[i++] = c;
		argv[i++] = order;
		argv[i++] = sh;
	} else {
		argv[i++] = less;
		argv[i++] = once;
		argv[i++] = prompt;
		name_page(prompt, sizeof(prompt), *files);
	}
	memcpy(argv + i, files, (size_t)n * sizeof(*argv));
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (pid == 0) {
		execvp(*argv, argv);
		_exit(127);
	}
	/* ^C is for the pager. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (waitpid(pid, &ret, 0) < 0)
		if (errno != EINTR)
			err(2, "wait");
	free(argv);
	if (WIFEXITED(ret) && WEXITSTATUS(ret) == 127)
		return 0;
	if (!WIFEXITED(ret) || WEXITSTATUS(ret))
		fail(3);
	return 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "apropos", no_argument, NULL, 'k' },
		{ "whatis", no_argument, NULL, 'f' },
		{ "where", no_argument, NULL, 'w' },
		{ "path", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *me = argc ? strrchr(argv[0], '/') : NULL;
	const char *other = getenv("MANPATH");
	int c, what = 0, where = 0, n = 0;
	char **files, *file;

	me = me ? me + 1 : argc ? argv[0] : "";
	if (other && *other)
		folder = other;
	if (!strcmp(me, "apropos"))
		what = 'k';
	else if (!strcmp(me, "whatis"))
		what = 'f';
	while ((c = getopt_long(argc, argv, "fhkw", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
		case 'k':
			what = c;
			break;
		case 'w':
			where = 1;
			break;
		case 'h':
			usage(stdout, 0);
		default:
			usage(stderr, 1);
		}
	}
	argv += optind;
	if (*argv && isdigit((unsigned char)**argv) && !(*argv)[1] && argv[1])
		section = *(*argv++);
	if (!*argv)
		usage(stderr, 1);
	if (what) {
		c = list(argv, what == 'k');
		return fflush(stdout) ? 2 : c;
	}
	files = calloc((size_t)argc + 1, sizeof(*files));
	if (!files)
		err(2, NULL);
	for (; *argv; argv++) {
		file = find(*argv);
		if (file) {
			files[n++] = file;
			continue;
		}
		if (section)
			warnx("no page %s in section %c of the manual", *argv,
			      section);
		else
			warnx("no page %s in the manual", *argv);
		fail(MISSING);
	}
	if (!n)
		return status;
	if (where || !isatty(1) || !page(files)) {
		for (n = 0; files[n]; n++)
			if (where)
				puts(files[n]);
			else
				copy(files[n]);
	}
	if (fflush(stdout))
		err(2, "write error");
	return status;
}
