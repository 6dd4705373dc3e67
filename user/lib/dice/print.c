/* snprintf: flags, widths, precisions and lengths of all conversions. */
#include <errno.h>

#include "user/lib/dice/dice.h"

static void conversion(char *fmt, const char *flags, int *wide, int *prec)
{
	size_t n = 0;

	*wide = *prec = 0;
	fmt[n++] = '%';
	while (dice(2) && *flags)
		fmt[n++] = flags[dice(strlen(flags))];
	if (dice(2)) {
		if (dice(4))
			n += (size_t)sprintf(fmt + n, "%u",
					     1 + dice(dice(8) ? 25 : 300));
		else
			fmt[n++] = '*', *wide = 1;
	}
	if (dice(2)) {
		fmt[n++] = '.';
		if (dice(4))
			n += (size_t)sprintf(fmt + n, "%u",
					     dice(dice(8) ? 22 : 400));
		else if (dice(2))
			fmt[n++] = '*', *prec = 1;
	}
	fmt[n] = 0;
}

#define PRINT(v)                                                               \
	(wide   ? prec ? snprintf(buf, size, fmt, w, p, v)                     \
		       : snprintf(buf, size, fmt, w, v)                        \
	   : prec ? snprintf(buf, size, fmt, p, v)                             \
		: snprintf(buf, size, fmt, v))

int main(int argc, char **argv)
{
	static const char *const lengths[] = { "",  "",   "",  "hh", "h",
					       "l", "ll", "j", "z",  "t" };
	static const char *const words[] = { "", "a", "hello",
					     "a longer piece of text" };
	unsigned long cases = dice_begin(argc, argv);
	int wide, prec, w, p, ret, kind;
	static char buf[2000];
	char fmt[100], *end;
	size_t size;
	uint64_t v;
	double d;

	while (cases--) {
		memset(buf, '#', 40);
		size = dice(4) ? sizeof(buf) : dice(20);
		w = (int)dice(50) - 15;
		p = (int)dice(30) - 5;
		kind = (int)dice(10);
		v = dice_bits() >> dice(64);
		errno = 0;
		if (kind < 4) {
			const char *length = PICK(lengths);
			int is_signed = (int)dice(2);

			conversion(fmt, is_signed ? "-+ 0" : "-0", &wide,
				   &prec);
			strcat(fmt, length);
			end = fmt + strlen(fmt);
			*end = is_signed ? PICK("di") : PICK("uoxX");
			if (!*end)
				*end = 'd';
			end[1] = 0;
			if (strchr("oxX", *end) && dice(2)) {
				memmove(fmt + 2, fmt + 1, strlen(fmt));
				fmt[1] = '#';
			}
			if (*length && *length != 'h')
				ret = PRINT(v);
			else
				ret = PRINT((int)v);
		} else if (kind < 8) {
			conversion(fmt, "-+ 0#", &wide, &prec);
			if (!dice(10)) {
				end = strchr(fmt, 0);
				*end++ = 'L';
			} else {
				end = strchr(fmt, 0);
			}
			/* In hexadecimal one sees that a long double is none
			 * here. */
			*end = "eEfFgGaA"[dice(end[-1] == 'L' ? 6 : 8)];
			end[1] = 0;
			d = dice_double();
			if (end[-1] == 'L')
				ret = PRINT((long double)d);
			else
				ret = PRINT(d);
			printf("%a ", d);
		} else if (kind == 8) {
			conversion(fmt, "-", &wide, &prec);
			strcat(fmt, "s");
			ret = PRINT(PICK(words));
		} else {
			/* two at once, and what stands between */
			strcpy(fmt, "<%d|%c|%%|%5s>");
			ret = snprintf(buf, size, fmt, (int)v,
				       'a' + (int)dice(26), PICK(words));
			wide = prec = 0;
		}
		printf("%s", fmt);
		if (wide)
			printf(" %d", w);
		if (prec)
			printf(" .%d", p);
		printf(" %zu: %d %d ", size, ret, errno);
		buf[sizeof(buf) - 1] = 0;
		if (size)
			dice_show(buf, strlen(buf));
		putchar('\n');
	}
	return 0;
}
