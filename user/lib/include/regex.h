/*
 * Regular expressions: basic, and with REG_EXTENDED extended ones.  Also known
 * are \< \> \b \B \w \W \s \S \` \' and, in basic ones, \+ \? \|.
 */
#pragma once

#include <stddef.h>

typedef long regoff_t;

typedef struct {
	size_t re_nsub; /* groups in the expression */
	struct re *__re;
} regex_t;

typedef struct {
	regoff_t rm_so; /* offset of the first byte, or -1 */
	regoff_t rm_eo; /* offset behind the last one */
} regmatch_t;

/* for regcomp */
#define REG_EXTENDED 1
#define REG_ICASE    2
#define REG_NEWLINE  4 /* ^ and $ match at lines; . and [^ no newline */
#define REG_NOSUB    8

/* for regexec */
#define REG_NOTBOL   1
#define REG_NOTEOL   2
#define REG_STARTEND 4 /* the text is pmatch[0]; ^ matches at offset 0 only */

/* results */
#define REG_NOMATCH  1
#define REG_BADPAT   2
#define REG_ECOLLATE 3
#define REG_ECTYPE   4
#define REG_EESCAPE  5
#define REG_ESUBREG  6
#define REG_EBRACK   7
#define REG_EPAREN   8
#define REG_EBRACE   9
#define REG_BADBR    10
#define REG_ERANGE   11
#define REG_ESPACE   12
#define REG_BADRPT   13

int regcomp(regex_t *restrict preg, const char *restrict pattern, int flags);
int regexec(const regex_t *restrict preg, const char *restrict text,
	    size_t nmatch, regmatch_t *restrict pmatch, int flags);
size_t regerror(int code, const regex_t *restrict preg, char *restrict buf,
		size_t size);
void regfree(regex_t *preg);
