/*
 * Users and groups from /etc/passwd and /etc/group, read anew at each question.
 * Where the files are missing, number 0 is still called root.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 7

static char line[512];
static char *fields[FIELDS];

/* Find the line whose name is `name`, or whose third field is `id`. */
static int lookup(const char *path, const char *name, unsigned int id)
{
	FILE *f = fopen(path, "re");
	char *p;
	int n;

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		for (n = 0, p = line; n < FIELDS; n++) {
			fields[n] = p ? strsep(&p, ":") : line + strlen(line);
		}
		if (name ? strcmp(fields[0], name) == 0
			 : *fields[2] && strtoul(fields[2], NULL, 10) == id) {
			fclose(f);
			return 1;
		}
	}
	if (f)
		fclose(f);
	if (name ? strcmp(name, "root") != 0 : id != 0)
		return 0;
	strcpy(line, "root:x:0:0:root:/root:/bin/sh");
	for (n = 0, p = line; n < FIELDS; n++)
		fields[n] = strsep(&p, ":");
	return 1;
}

static struct passwd *passwd_from_fields(void)
{
	static struct passwd pw;

	pw.pw_name = fields[0];
	pw.pw_passwd = fields[1];
	pw.pw_uid = (uid_t)strtoul(fields[2], NULL, 10);
	pw.pw_gid = (gid_t)strtoul(fields[3], NULL, 10);
	pw.pw_gecos = fields[4];
	pw.pw_dir = fields[5];
	pw.pw_shell = fields[6];
	return &pw;
}

struct passwd *getpwuid(uid_t uid)
{
	return lookup("/etc/passwd", NULL, uid) ? passwd_from_fields() : NULL;
}

struct passwd *getpwnam(const char *name)
{
	return lookup("/etc/passwd", name, 0) ? passwd_from_fields() : NULL;
}

static struct group *group_from_fields(void)
{
	static char *nobody[1];
	static struct group gr;

	gr.gr_name = fields[0];
	gr.gr_passwd = fields[1];
	gr.gr_gid = (gid_t)strtoul(fields[2], NULL, 10);
	gr.gr_mem = nobody;
	return &gr;
}

struct group *getgrgid(gid_t gid)
{
	return lookup("/etc/group", NULL, gid) ? group_from_fields() : NULL;
}

struct group *getgrnam(const char *name)
{
	return lookup("/etc/group", name, 0) ? group_from_fields() : NULL;
}
