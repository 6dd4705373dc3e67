/*
 * Matching a name against a shell pattern.  A star remembers where it stood;
 * when the rest does not match, the latest star takes one byte more, which is
 * enough, so that no pattern makes the time explode.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

static int fold(int c, int flags)
{
	return flags & FNM_CASEFOLD ? tolower(c) : c;
}

static int in_class(const char *name, size_t len, int c)
{
	static const struct {
		char name[8];
		int (*test)(int);
	} classes[] = {
		{ "alnum", isalnum }, { "alpha", isalpha },
		{ "blank", isblank }, { "cntrl", iscntrl },
		{ "digit", isdigit }, { "graph", isgraph },
		{ "lower", islower }, { "print", isprint },
		{ "punct", ispunct }, { "space", isspace },
		{ "upper", isupper }, { "xdigit", isxdigit },
	};
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (strlen(classes[i].name) == len &&
		    memcmp(classes[i].name, name, len) == 0)
			return !!classes[i].test(c);
	return 0;
}

/*
 * Match c against the bracket expression at *pattern (behind its '[').  Gives
 * 1 or 0 and moves *pattern behind it; -1 when it has no end.
 */
static int match_bracket(const char **pattern, int c, int flags)
{
	const char *p = *pattern, *end;
	int negate = 0, found = 0, first = 1, a, b;

	if (*p == '!' || *p == '^') {
		negate = 1;
		p++;
	}
	for (;; first = 0) {
		if (!*p || ((flags & FNM_PATHNAME) && *p == '/'))
			return -1;
		if (*p == ']' && !first)
			break;
		if (p[0] == '[' && p[1] == ':' && (end = strstr(p + 2, ":]"))) {
			found |= in_class(p + 2, (size_t)(end - p - 2), c);
			p = end + 2;
			continue;
		}
		if (*p == '\\' && !(flags & FNM_NOESCAPE) && p[1])
			p++;
		a = b = (unsigned char)*p++;
		if (p[0] == '-' && p[1] && p[1] != ']') {
			p++;
			if (*p == '\\' && !(flags & FNM_NOESCAPE) && p[1])
				p++;
			b = (unsigned char)*p++;
		}
		if ((a <= c && c <= b) ||
		    (fold(a, flags) <= fold(c, flags) &&
		     fold(c, flags) <= fold(b, flags) && flags & FNM_CASEFOLD))
			found = 1;
	}
	*pattern = p + 1;
	return found != negate;
}

int fnmatch(const char *pattern, const char *name, int flags)
{
	const char *p = pattern, *s = name;
	const char *star = NULL, *star_s = NULL;
	int at_start = 1, ret, c;

	for (;;) {
		const char *piece = p;
		int hidden = at_start && *s == '.' && (flags & FNM_PERIOD);

		c = (unsigned char)*s;
		switch (*p) {
		case 0:
			if (!c || ((flags & FNM_LEADING_DIR) && c == '/'))
				return 0;
			goto retry;
		case '*':
			if (hidden)
				goto retry;
			while (*p == '*')
				p++;
			star = p;
			star_s = s;
			at_start = 0;
			continue;
		case '?':
			if (!c || hidden ||
			    (c == '/' && (flags & FNM_PATHNAME)))
				goto retry;
			p++;
			break;
		case '[':
			if (!c || hidden ||
			    (c == '/' && (flags & FNM_PATHNAME)))
				goto retry;
			p++;
			ret = match_bracket(&p, c, flags);
			if (ret < 0) {
				/* No end: an ordinary '['. */
				if (c != '[')
					goto retry;
				p = piece + 1;
			} else if (!ret) {
				goto retry;
			}
			break;
		case '\\':
			if (!(flags & FNM_NOESCAPE) && p[1])
				p++;
			/* fallthrough */
		default:
			if (!c ||
			    fold((unsigned char)*p, flags) != fold(c, flags))
				goto retry;
			p++;
		}
		at_start = c == '/' && (flags & FNM_PATHNAME);
		if (at_start)
			star = NULL; /* no star reaches over a slash */
		s++;
		continue;

	retry:
		if (!star || !*star_s ||
		    (*star_s == '/' && (flags & FNM_PATHNAME)))
			return FNM_NOMATCH;
		s = ++star_s;
		p = star;
		at_start = 0;
	}
}
