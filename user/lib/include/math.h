/* The part of <math.h> that the compiler makes without a library, and some. */
#pragma once

#define HUGE_VAL __builtin_huge_val()
#define INFINITY __builtin_inff()
#define NAN      __builtin_nanf("")

#define isnan(x)    __builtin_isnan(x)
#define isinf(x)    __builtin_isinf(x)
#define isfinite(x) __builtin_isfinite(x)
#define signbit(x)  __builtin_signbit(x)
#define fabs(x)     __builtin_fabs(x)

double sqrt(double x);
double exp(double x);
double log(double x);
double pow(double x, double y);
double fmod(double x, double y);
double sin(double x);
double cos(double x);
double atan2(double y, double x);
