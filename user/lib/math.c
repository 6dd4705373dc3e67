/*
 * The functions of <math.h> that programs here use.  exp, log, pow, atan2 and,
 * up to a thousand million, sin and cos are right to about the last bit: an
 * argument is reduced with more than a double's precision, and a short series
 * does the rest.  fmod and sqrt are exact.
 */
#include <math.h>
#include <stdint.h>

#define LN2_HI 0x1.62e42fefa38p-1 /* 43 bits, so that a multiple is exact */
#define LN2_LO 0x1.ef35793c7673p-45
#define PI_2   1.57079632679489661923

static uint64_t bits_of(double x)
{
	union {
		double d;
		uint64_t u;
	} v = { .d = x };

	return v.u;
}

static double of_bits(uint64_t u)
{
	union {
		uint64_t u;
		double d;
	} v = { .u = u };

	return v.d;
}

/* x * 2^k */
static double scale(double x, int k)
{
	while (k > 1000) {
		x *= 0x1p1000;
		k -= 1000;
	}
	while (k < -1000) {
		x *= 0x1p-1000;
		k += 1000;
	}
	return x * of_bits((uint64_t)(k + 1023) << 52);
}

double sqrt(double x)
{
	double y;

	__asm__("fsqrt.d %0, %1" : "=f"(y) : "f"(x));
	return y;
}

/* e to the power of hi + lo, where lo is small. */
static double exp_sum(double hi, double lo)
{
	double k, r, sum = 1;
	int i;

	if (isnan(hi))
		return hi;
	if (hi > 710)
		return HUGE_VAL;
	if (hi < -746)
		return 0;
	k = (double)(long)(hi / (LN2_HI + LN2_LO) + (hi < 0 ? -0.5 : 0.5));
	r = (hi - k * LN2_HI) - k * LN2_LO + lo;
	for (i = 14; i > 0; i--)
		sum = 1 + r * sum / i;
	return scale(sum, (int)k);
}

double exp(double x)
{
	return exp_sum(x, 0);
}

/* The logarithm of a positive finite x as a sum. */
static double log_sum(double x, double *low)
{
	double m, f, f_low, s, rest = 0, hi;
	int e = 0, i;

	if (x < 0x1p-1022) {
		x *= 0x1p60;
		e = -60;
	}
	e += (int)(bits_of(x) >> 52) - 1023;
	m = of_bits((bits_of(x) & 0xfffffffffffffull) | 0x3ffull << 52);
	if (m > 1.41421356237309504880) {
		m /= 2;
		e++;
	}
	/* log m is 2 (f + f^3/3 + f^5/5 ...) with f = (m - 1) / (m + 1). */
	f = (m - 1) / (m + 1);
	s = m + 1; /* m - 1 is exact, this may not be */
	f_low = (__builtin_fma(-f, s, m - 1) - f * (m - (s - 1))) / s;
	s = f * f;
	for (i = 23; i >= 3; i -= 2)
		rest = rest * s + 1.0 / i;
	rest = 2 * (f_low + f * s * rest);
	hi = e * LN2_HI + 2 * f;
	*low = (e * LN2_HI - hi) + 2 * f + (e * LN2_LO + rest);
	return hi;
}

double log(double x)
{
	double low, hi;

	if (isnan(x) || x < 0)
		return isnan(x) ? x : (double)NAN;
	if (x == 0)
		return -HUGE_VAL;
	if (isinf(x))
		return x;
	hi = log_sum(x, &low);
	return hi + low;
}

double fmod(double x, double y)
{
	uint64_t a = bits_of(fabs(x)), b = bits_of(fabs(y)), m, n;
	int ea, eb;
	double r;

	if (isnan(x) || isnan(y) || isinf(x) || y == 0)
		return (double)NAN;
	if (isinf(y) || a < b)
		return x;
	ea = (int)(a >> 52);
	eb = (int)(b >> 52);
	m = a & 0xfffffffffffffull;
	n = b & 0xfffffffffffffull;
	if (ea)
		m |= 1ull << 52;
	else
		ea = 1;
	if (eb)
		n |= 1ull << 52;
	else
		eb = 1;
	for (; ea > eb; ea--) {
		m %= n;
		m <<= 1;
	}
	m %= n;
	/* m times 2^(eb - 1075); exact, as it is less than y. */
	r = scale((double)m, eb - 1075 < -1022 ? -1022 : eb - 1075);
	if (eb - 1075 < -1022)
		r = scale(r, eb - 1075 + 1022);
	return signbit(x) ? -r : r;
}

double pow(double x, double y)
{
	double hi, low, product, result;
	int whole, odd;

	if (y == 0 || x == 1)
		return 1;
	if (isnan(x) || isnan(y))
		return x + y;
	whole = fabs(y) >= 0x1p53 || (double)(long)y == y;
	odd = whole && fabs(y) < 0x1p53 && ((long)y & 1);
	if (x < 0 && isfinite(x) && !whole)
		return isinf(y) ? pow(-x, y) : (double)NAN;
	if (x == 0 || isinf(x)) {
		result = (x == 0) == (y > 0) ? 0 : HUGE_VAL;
		return signbit(x) && odd ? -result : result;
	}
	if (isinf(y)) {
		if (fabs(x) == 1)
			return 1;
		return (fabs(x) > 1) == (y > 0) ? HUGE_VAL : 0;
	}
	hi = log_sum(fabs(x), &low);
	product = y * hi;
	if (fabs(product) > 1e4)
		result = product > 0 ? HUGE_VAL : 0;
	else
		result = exp_sum(product,
				 __builtin_fma(y, hi, -product) + y * low);
	return odd && x < 0 ? -result : result;
}

/* x less a multiple of pi/2, as a sum; gives the quarter of the circle. */
static int quarter(double x, double *hi, double *low)
{
	/* pi/2 in three parts. */
	static const double p1 = 0x1.921fb54442d18p+0,
			    p2 = 0x1.1a62633145c07p-54,
			    p3 = -0x1.f1976b7ed8fbcp-110;
	double n = (double)(long)(x / PI_2 + (x < 0 ? -0.5 : 0.5));
	double a, b, c;

	if (fabs(x) > 0x1p52) {
		/* No digit of such a number says where in the circle it is. */
		x = fmod(x, 4 * PI_2);
		n = (double)(long)(x / PI_2 + (x < 0 ? -0.5 : 0.5));
	}
	a = __builtin_fma(-n, p1, x);
	b = n * p2;
	c = __builtin_fma(n, p2, -b) + n * p3;
	*hi = a - b;
	*low = (a - *hi) - b - c;
	return (int)((long)n & 3);
}

static double sin_series(double x, double low)
{
	double s = x * x, sum = 0;
	int i;

	for (i = 18; i >= 2; i -= 2)
		sum = (1 - sum) * s / (i * (i + 1));
	return x + (low - x * sum);
}

static double cos_series(double x, double low)
{
	double s = x * x, sum = 0;
	int i;

	for (i = 18; i >= 4; i -= 2)
		sum = (1 - sum) * s / (i * (i - 1));
	/* 1 - s/2 + ..., without losing what s/2 has behind 1's digits */
	sum = (1 - sum) * s / 2;
	return 1 - (sum + x * low);
}

static double turn(double x, int by)
{
	double hi, low;

	if (!isfinite(x))
		return (double)NAN;
	switch ((quarter(x, &hi, &low) + by) & 3) {
	case 0:
		return sin_series(hi, low);
	case 1:
		return cos_series(hi, low);
	case 2:
		return -sin_series(hi, low);
	default:
		return -cos_series(hi, low);
	}
}

double sin(double x)
{
	return x == 0 ? x : turn(x, 0);
}

double cos(double x)
{
	return turn(x, 1);
}

/* For 0 <= x <= 1. */
static double atan_small(double x)
{
	static const double known[] = { 0, 0.24497866312686415417,
					0.46364760900080611621,
					0.64350110879328438680,
					0.78539816339744830962 };
	int at = (int)(x * 4 + 0.5), i;
	double c = at / 4.0, t = (x - c) / (1 + x * c), s = t * t, sum = 0;

	for (i = 19; i >= 3; i -= 2)
		sum = s * (1.0 / i - sum);
	return known[at] + (t - t * sum);
}

double atan2(double y, double x)
{
	double a = fabs(y), b = fabs(x), r;

	if (isnan(x) || isnan(y))
		return x + y;
	if (isinf(a) && isinf(b))
		r = PI_2 / 2;
	else if (a == 0)
		r = 0;
	else if (a <= b)
		r = atan_small(a / b);
	else
		r = PI_2 - atan_small(b / a);
	if (signbit(x))
		r = 2 * PI_2 - r;
	return signbit(y) ? -r : r;
}
