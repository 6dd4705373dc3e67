/*
 * passwd: change one's password; root's for anybody.  -l locks it, -u takes
 * the lock off, -d takes the password away (root only).  Set-id root: what it
 * trusts is the number of who started it, and nothing of the environment.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <sys/random.h>
#include <time.h>

#include "accounts.h"

#define SHORTEST 6

struct job {
	const char *name;
	const char *hash; /* NULL: as what says */
	int what;         /* l, u, d, or 0 for a new one */
	int done;
};

/* 96 bits of chance, in the characters of a salt. */
static void make_setting(char setting[32])
{
	static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz";
	unsigned char chance[16];
	int i;

	if (getrandom(chance, sizeof(chance), 0) != sizeof(chance))
		err(1, "no random numbers");
	strcpy(setting, "$6$");
	for (i = 0; i < 16; i++)
		setting[3 + i] = digits[chance[i] & 63];
	strcpy(setting + 19, "$");
}

static void put_entry(const struct job *job, const struct spwd *old, FILE *out)
{
	struct spwd s = { .sp_min = -1,
			  .sp_max = -1,
			  .sp_warn = -1,
			  .sp_inact = -1,
			  .sp_expire = -1,
			  .sp_flag = (unsigned long)-1 };
	const char *now = "!";
	char *locked = NULL;

	if (old) {
		s = *old;
		now = old->sp_pwdp;
	}
	s.sp_namp = (char *)(size_t)job->name;
	if (job->what == 'l' && *now != '!') {
		if (asprintf(&locked, "!%s", now) < 0)
			accounts_fail(SHADOW);
		now = locked;
	} else if (job->what == 'u' && *now == '!') {
		/* Behind the lock there must be a password. */
		if (!*++now) {
			accounts_give_up();
			errx(1, "%s has no password; set one", job->name);
		}
	} else if (job->what == 'd') {
		now = "";
	} else if (!job->what) {
		now = job->hash;
		s.sp_lstchg = time(NULL) / 86400;
	}
	s.sp_pwdp = (char *)(size_t)now;
	if (putspent(&s, out) < 0)
		accounts_fail(SHADOW);
	free(locked);
}

static void change(char *line, FILE *out, void *arg)
{
	struct job *job = arg;
	struct spwd *old;
	FILE *f;

	if (!line) {
		/* Who stands only in the other file gets a line here. */
		if (!job->done)
			put_entry(job, NULL, out);
		return;
	}
	if (!line_is_of(line, job->name)) {
		fputs(line, out);
		return;
	}
	if (job->done++)
		return;
	f = fmemopen(line, strlen(line), "r");
	if (!f)
		accounts_fail(SHADOW);
	old = fgetspent(f);
	put_entry(job, old, out);
	fclose(f);
}

static char *ask(const char *prompt)
{
	char *typed, *copy;

	errno = 0;
	typed = getpass(prompt);
	if (!typed)
		errx(1, "%s; nothing is changed",
		     errno && errno != EINTR ? "no terminal to ask at" : "no password");
	copy = strdup(typed);
	explicit_bzero(typed, strlen(typed));
	if (!copy)
		err(1, NULL);
	return copy;
}

static void new_password(struct job *job, const struct passwd *pw, int root)
{
	char setting[32], *typed, *again, *old = NULL;

	printf("Changing the password of %s.\n", job->name);
	fflush(stdout);
	if (!root && !needs_no_password(pw)) {
		old = ask("Current password: ");
		if (!password_is(pw, old)) {
			sleep(WRONG_DELAY);
			errx(1, "wrong password; nothing is changed");
		}
	}
	typed = ask("New password: ");
	if (!*typed || (!root && strlen(typed) < SHORTEST))
		errx(1,
		     "too short, %d characters are the least; "
		     "nothing is changed",
		     root ? 1 : SHORTEST);
	if (old && !strcmp(old, typed))
		errx(1, "that is the old one; nothing is changed");
	again = ask("Once more: ");
	if (strcmp(typed, again) != 0)
		errx(1, "these are two passwords; nothing is changed");
	make_setting(setting);
	job->hash = crypt(typed, setting);
	if (!job->hash)
		err(1, "crypt");
	explicit_bzero(typed, strlen(typed));
	explicit_bzero(again, strlen(again));
}

/* The other file must say that the password is here. */
static void point_to_shadow(char *line, FILE *out, void *arg)
{
	const char *name = arg;
	char *end;

	if (!line)
		return;
	end = strchr(line, ':');
	end = end ? strchr(end + 1, ':') : NULL;
	if (line_is_of(line, name) && end)
		fprintf(out, "%s:x%s", name, end);
	else
		fputs(line, out);
}

static int usage(FILE *f)
{
	fprintf(f, "usage: passwd [-l | -u | -d] [user]\n"
		   "-l: lock, -u: unlock, -d: no password (root only)\n");
	return f == stderr;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "lock", no_argument, NULL, 'l' },
		{ "unlock", no_argument, NULL, 'u' },
		{ "delete", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct job job = { 0 };
	uid_t me = getuid();
	struct passwd *pw;
	int c, shadowed;

	fill_descriptors();
	while ((c = getopt_long(argc, argv, "ludh", options, NULL)) != -1) {
		if (c == 'h' || c == '?')
			return usage(c == 'h' ? stdout : stderr);
		if (job.what && job.what != c)
			return usage(stderr);
		job.what = c;
	}
	if (argc - optind > 1)
		return usage(stderr);
	if (geteuid())
		errx(1, "this program has to be set-id root");
	pw = optind < argc ? getpwnam(argv[optind]) : getpwuid(me);
	if (!pw) {
		if (optind < argc)
			errx(1, "%s: no such user", argv[optind]);
		errx(1, "%u: no such user", me);
	}
	if (me && (job.what || pw->pw_uid != me))
		errx(1, "only root may do that");
	job.name = strdup(pw->pw_name);
	if (!job.name)
		err(1, NULL);
	shadowed = !strcmp(pw->pw_passwd, "x");
	if (!job.what)
		new_password(&job, pw, !me);
	/* From here on it is root's work, whoever asked. */
	if (setuid(0) < 0)
		err(1, NULL);
	accounts_lock();
	accounts_edit(SHADOW, 0600, change, &job);
	if (!shadowed)
		accounts_edit(PASSWD, 0644, point_to_shadow,
			      (char *)(size_t)job.name);
	accounts_replace();
	if (!job.what)
		printf("The password is changed.\n");
	return 0;
}
