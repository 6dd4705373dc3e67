/* Functions of real numbers, to nearly the last of a double's digits. */
#include <math.h>
#include <stdlib.h>

#include "user/lib/test/check.h"

static volatile double id_one = 1; /* so that nothing is computed here */

#define NEAR(e, want)                                                          \
	do {                                                                   \
		double got_ = (e), want_ = (want);                             \
		if (!(fabs(got_ - want_) <= 4e-16 * fabs(want_))) {            \
			printf("%s:%d: %s: %.17g, not %.17g\n", __FILE__,      \
			       __LINE__, #e, got_, want_);                     \
			check_failed = 1;                                      \
		}                                                              \
	} while (0)

int main(void)
{
	double one = id_one, x;
	int i;

	NEAR(sqrt(2 * one), 1.4142135623730950488);
	NEAR(exp(one), 2.7182818284590452354);
	NEAR(exp(-10 * one), 4.5399929762484851536e-05);
	NEAR(exp(700 * one), 1.0142320547350045095e+304);
	NEAR(exp(1e-9 * one), 1.0000000010000000005);
	CHECK(isinf(exp(1000 * one)) && exp(-1000 * one) == 0);
	CHECK(exp(0 * one) == 1);
	NEAR(log(2 * one), 0.69314718055994530942);
	NEAR(log(10 * one), 2.3025850929940456840);
	NEAR(log(1e300 * one), 690.77552789821370521);
	NEAR(log(0.5 * one), -0.69314718055994530942);
	NEAR(log(1.0000001 * one), 9.9999995058387007e-08);
	NEAR(log(5e-324 * one), -744.44007192138126231);
	CHECK(log(one) == 0 && isinf(log(0 * one)) && isnan(log(-one)));
	NEAR(pow(2 * one, 0.5), 1.4142135623730950488);
	NEAR(pow(10 * one, 100), 1e100);
	NEAR(pow(10 * one, -5), 1e-5);
	NEAR(pow(1.0001 * one, 1e4), 2.7181459268249255);
	NEAR(pow(-3 * one, 3), -27);
	NEAR(pow(7 * one, 300.5), 8.9528441473183124e+253);
	CHECK(isnan(pow(-2 * one, 0.5)) && pow(0 * one, 2) == 0);
	CHECK(isinf(pow(0 * one, -1)) && pow(5 * one, 0) == 1);
	CHECK(isinf(pow(10 * one, 400)) && pow(10 * one, -400) == 0);
	CHECK(fmod(5.5 * one, 2) == 1.5 && fmod(-7 * one, 3) == -1);
	CHECK(fmod(1e300 * one, 3) == 0 && fmod(5e-324 * one, 2) == 5e-324);
	CHECK(fmod(2 * one, 5) == 2 && isnan(fmod(one, 0)));
	CHECK(fmod(3e-320 * one, 7e-321) == fmod(3e-320, 7e-321));
	NEAR(sin(one), 0.84147098480789650665);
	NEAR(cos(one), 0.54030230586813971740);
	NEAR(sin(3.14159265358979323846 * one), 1.2246467991473532e-16);
	NEAR(cos(1.57079632679489661923 * one), 6.1232339957367660e-17);
	NEAR(sin(100 * one), -0.50636564110975879366);
	NEAR(cos(1000 * one), 0.56237907629070299611);
	NEAR(sin(1e6 * one), -0.34999350217129295211);
	NEAR(sin(-0.1 * one), -0.099833416646828152307);
	NEAR(sin(1e-8 * one), 9.9999999999999998333e-09);
	CHECK(sin(0 * one) == 0 && cos(0 * one) == 1 && isnan(sin(INFINITY)));
	NEAR(atan2(one, 1), 0.78539816339744830962);
	NEAR(atan2(one, -1), 2.3561944901923449288);
	NEAR(atan2(-one, 2), -0.46364760900080611621);
	NEAR(atan2(3 * one, 0.5), 1.4056476493802697810);
	NEAR(atan2(0 * one, -1), 3.1415926535897932385);
	NEAR(atan2(0.3 * one, 1), 0.29145679447786709199);
	NEAR(atan2(1e-300 * one, 1), 1e-300);
	/* One undoes the other. */
	for (i = 1; i < 1890; i++) {
		x = i * 0.37 * one;
		NEAR(log(exp(x)), x);
		NEAR(sqrt(x * x), x);
		CHECK(fabs(sin(x) * sin(x) + cos(x) * cos(x) - 1) < 5e-16);
	}
	puts(check_failed ? "math: failed" : "math: ok");
	return check_failed;
}
