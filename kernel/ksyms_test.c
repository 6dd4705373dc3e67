/*
 * Names of functions: what tools/ksyms makes of a list, kernel/ksyms.c finds
 * again, at every address of every function, and at none outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/memlayout.h"

#define TEXT  0x10000000ul
#define LIMIT 4000

/* Addresses and memory that the kernel's link has. */
char table[1 << 20] __asm__("__ksyms_start");
char table_end[1] __asm__("__ksyms_end");
#define __text_start ((char *)TEXT)
#define __text_end   ((char *)text_end)
static unsigned long text_end;

#define strlcpy k_strlcpy
#define strlcat k_strlcat
#include "kernel/ksyms.c"
#include "kernel/strl.c"

#define CHECK(x)                                                               \
	do {                                                                   \
		if (!(x)) {                                                    \
			fprintf(stderr, "%d: " #x "\n", __LINE__);             \
			exit(1);                                               \
		}                                                              \
	} while (0)

static struct {
	unsigned long at;
	char name[300];
} list[LIMIT];

static void make_list(unsigned n, unsigned seed)
{
	static const char *const parts[] = { "sys",  "read", "_", "x",   "init",
					     "lock", "get",  "_", "page" };
	unsigned long at = TEXT;

	srand(seed);
	for (unsigned i = 0; i < n; i++) {
		char *p = list[i].name;
		unsigned k = i % 97 ? 1 + rand() % 8 : 60;

		p += sprintf(p, "f%u", i);
		while (k-- && strlen(list[i].name) < 250)
			p += sprintf(p, "%s", parts[rand() % 9]);
		list[i].at = at;
		at += 2 * (1 + rand() % (i % 31 ? 200 : 200000));
	}
	list[n].at = text_end = at;
}

/* The table for the first n of the list. */
static void make_table(unsigned n)
{
	char folder[] = "/tmp/ksyms.XXXXXX", command[512];
	FILE *f;

	CHECK(mkdtemp(folder));
	snprintf(command, sizeof(command),
		 "cd tools && ./ksyms >%s/k.S && cd %s && gcc -c k.S && "
		 "objcopy -O binary -j .ksyms k.o k",
		 folder, folder);
	CHECK((f = popen(command, "w")));
	if (n)
		fprintf(f, "%lx T __text_start\n%lx T __text_end\n", TEXT,
			text_end);
	for (unsigned i = 0; i < n; i++) {
		fprintf(f, "%lx T %s\n", list[i].at, list[i].name);
		fprintf(f, "%lx t %s.local\n", list[i].at, list[i].name);
		fprintf(f, "%lx d data%u\n", list[i].at + 1, i);
	}
	fprintf(f, "%lx T behind\n", text_end);
	CHECK(!pclose(f));
	snprintf(command, sizeof(command), "%s/k", folder);
	CHECK((f = fopen(command, "r")));
	memset(table, 0, sizeof(table));
	CHECK(fread(table, 1, sizeof(table), f) > 0);
	fclose(f);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	CHECK(!system(command));
}

static void check(unsigned n)
{
	char name[300];
	uint64_t offset;

	make_table(n);
	for (unsigned i = 0; i < n; i++) {
		unsigned long last = list[i + 1].at - 1;

		CHECK(ksyms_lookup(list[i].at, name, sizeof(name), &offset));
		CHECK(!strcmp(name, list[i].name) && offset == 0);
		CHECK(ksyms_lookup(last, name, sizeof(name), &offset));
		CHECK(!strcmp(name, list[i].name));
		CHECK(offset == last - list[i].at);
		CHECK(ksyms_lookup(last, name, 5, &offset));
		CHECK(!strncmp(name, list[i].name, 4) && strlen(name) <= 4);
	}
	CHECK(!ksyms_lookup(TEXT - 1, name, sizeof(name), &offset));
	CHECK(!ksyms_lookup(text_end, name, sizeof(name), &offset));
}

int main(void)
{
	static const unsigned counts[] = { 0, 1, 15, 16, 17, 32, 1000 };

	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
		make_list(counts[i], i);
		check(counts[i]);
	}
	return 0;
}
