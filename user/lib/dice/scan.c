/* Numbers out of text: strtod, strtof, strtol and its kin, and sscanf. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>

#include "user/lib/dice/dice.h"

/* Something like a number, or nearly. */
static char *number(char *s)
{
	static const char *const pieces[] = { "0",
					      "1",
					      "9",
					      "12",
					      "345",
					      "000",
					      "0x",
					      "0X",
					      "1f",
					      "a",
					      "e",
					      "E",
					      "e+",
					      "e-",
					      "p",
					      "p-",
					      "p+3",
					      ".",
					      "+",
					      "-",
					      " ",
					      "inf",
					      "INFINITY",
					      "nan",
					      "nan(",
					      "abc)",
					      "x",
					      "z",
					      "_",
					      "99999999999999999999",
					      "18446744073709551615",
					      "9223372036854775808",
					      "2147483648",
					      "4503599627370497.5",
					      "e308",
					      "e-308",
					      "e-320",
					      "e400",
					      "e-400",
					      "5e-324" };
	size_t n;
	int i;

	switch (dice(4)) {
	case 0: /* as printf writes them */
		sprintf(s, "%.*e", (int)dice(25), dice_double());
		break;
	case 1:
		sprintf(s, dice(2) ? "%.*g" : "%.*a", (int)dice(20),
			dice_double());
		break;
	case 2: /* digits, point, digits */
		dice_text(s, "0123456789", dice(6) ? 20 : 900);
		n = strlen(s);
		if (dice(2)) {
			s[n++] = '.';
			dice_text(s + n, "0123456789", dice(6) ? 20 : 900);
		}
		if (dice(2))
			sprintf(s + strlen(s), "e%d", (int)dice(700) - 350);
		break;
	default:
		*s = 0;
		for (i = (int)dice(6); i >= 0; i--)
			strcat(s, PICK(pieces));
	}
	return s;
}

static void floating(char *s)
{
	char *end;
	union {
		double d;
		float f;
		uint64_t bits;
		uint32_t half;
	} u;

	errno = 0;
	u.d = strtod(s, &end);
	if (u.d != u.d) {
		u.bits = u.bits >> 63;
		errno = 0; /* what stands in parentheses is nobody's number */
	}
	printf(" %016" PRIx64 " %d %d", u.bits, (int)(end - s), errno);
	errno = 0;
	u.f = strtof(s, &end);
	if (u.f != u.f) {
		u.half = u.half >> 31;
		errno = 0;
	}
	printf(" %08x %d %d", u.half, (int)(end - s), errno);
}

static void whole(char *s)
{
	static const int bases[] = { 10, 10, 0, 16, 8, 2, 36, 7, 1, 37 };
	int base = PICK(bases);
	char *end = s;
	long v;

	errno = 0;
	v = strtol(s, &end, base);
	printf(" %d: %ld %d %d", base, v, (int)(end - s), errno);
	errno = 0;
	v = (long)strtoul(s, &end, base);
	printf(" %lx %d %d", v, (int)(end - s), errno);
}

/* A format of a few conversions, and something that nearly fits it. */
static void scanned(void)
{
	static const char *const lengths[] = { "", "", "hh", "h", "l", "j" };
	static const char *const inputs[] = {
		"12",  "-7",  "+5", "0x1f", "0",   "017", "9999999999",
		"abc", "a,b", " ",  "\n",   ",",   "1.5", "-2e3",
		".5",  "inf", "%",  "99",   "- 3", ""
	};
	char fmt[120] = "", in[300] = "", text[3][400], *end;
	int counted = 0, kinds[3], i, n = 1 + (int)dice(3), ret;
	union {
		long l;
		double d;
		float f;
	} v[3];
	void *at[3];

	memset(v, 0x55, sizeof(v));
	memset(text, '@', sizeof(text));
	for (i = 0; i < n; i++) {
		char set[20];

		at[i] = text[i];
		kinds[i] = 't';
		if (dice(3) == 0)
			strcat(fmt, " ");
		if (dice(6) == 0)
			strcat(fmt, ",");
		strcat(fmt, "%");
		end = strchr(fmt, 0);
		if (dice(4) == 0)
			end += sprintf(end, "%u", 1 + dice(6));
		switch (dice(8)) {
		case 0:
		case 1:
		case 2:
			/* 0x with no digit behind: C and glibc disagree. */
			if (isdigit((unsigned char)end[-1]))
				sprintf(end, "%s%c", PICK(lengths),
					"duo"[dice(3)]);
			else
				sprintf(end, "%s%c", PICK(lengths),
					"diuoxX"[dice(6)]);
			kinds[i] = 'l';
			at[i] = &v[i];
			break;
		case 3:
			/* C takes 1e for half a number, glibc for 1. */
			while (isdigit((unsigned char)end[-1]))
				end--;
			sprintf(end, "l%c", "efga"[dice(4)]);
			kinds[i] = 'd';
			at[i] = &v[i];
			break;
		case 4:
			strcpy(end, "s");
			break;
		case 5: /* of several, glibc takes less */
			strcpy(isdigit((unsigned char)end[-1]) ? end - 1 : end,
			       "c");
			break;
		case 6:
			dice_text(set, "abc0129-", 5);
			if (!*set || strchr(set, '-'))
				strcpy(set, "a-c1");
			sprintf(end, "[%s%s]", dice(3) ? "" : "^", set);
			break;
		default:
			strcpy(end, "n");
			kinds[i] = 'n';
			at[i] = &v[i];
		}
	}
	for (i = (int)dice(5); i >= 0; i--)
		strcat(in, PICK(inputs));
	errno = 0;
	ret = sscanf(in, fmt, at[0], at[1], at[2]);
	dice_show(fmt, strlen(fmt));
	putchar(' ');
	dice_show(in, strlen(in));
	printf(": %d", ret);
	for (i = 0; i < n; i++) {
		if (kinds[i] == 'n') {
			printf(" n%d", (int)v[i].l);
			continue;
		}
		if (++counted > ret)
			break;
		if (kinds[i] == 'l')
			printf(" %lx", v[i].l);
		else if (kinds[i] == 'd')
			printf(" %a", v[i].d == v[i].d ? v[i].d : 77.0);
		else
			putchar(' '), dice_show(text[i], strnlen(text[i], 30));
	}
}

int main(int argc, char **argv)
{
	unsigned long cases = dice_begin(argc, argv);
	static char s[4000];

	while (cases--) {
		switch (dice(3)) {
		case 0:
			dice_show(number(s), strlen(s));
			floating(s);
			break;
		case 1:
			dice_show(number(s), strlen(s));
			whole(s);
			break;
		default:
			scanned();
		}
		putchar('\n');
	}
	return 0;
}
