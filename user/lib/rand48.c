/*
 * drand48 and its kin: x = x * 0x5deece66d + 11, of 48 bits, as POSIX has it,
 * so the numbers are the same everywhere.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FACTOR 0x5deece66d
#define MASK   0xffffffffffff

static unsigned short state[3], seeded[3];
static uint64_t factor = FACTOR;
static unsigned short add = 11;

static uint64_t whole(const unsigned short x[3])
{
	return x[0] | (uint64_t)x[1] << 16 | (uint64_t)x[2] << 32;
}

static uint64_t next(unsigned short x[3])
{
	uint64_t v = (whole(x) * factor + add) & MASK;

	x[0] = (unsigned short)v;
	x[1] = (unsigned short)(v >> 16);
	x[2] = (unsigned short)(v >> 32);
	return v;
}

double erand48(unsigned short x[3])
{
	return (double)next(x) / (double)(MASK + 1);
}

double drand48(void)
{
	return erand48(state);
}

long nrand48(unsigned short x[3])
{
	return (long)(next(x) >> 17);
}

long lrand48(void)
{
	return nrand48(state);
}

long jrand48(unsigned short x[3])
{
	return (int32_t)(next(x) >> 16);
}

long mrand48(void)
{
	return jrand48(state);
}

unsigned short *seed48(unsigned short x[3])
{
	memcpy(seeded, state, sizeof(state));
	memcpy(state, x, sizeof(state));
	factor = FACTOR;
	add = 11;
	return seeded;
}

void srand48(long seed)
{
	unsigned short x[3] = { 0x330e, (unsigned short)seed,
				(unsigned short)(seed >> 16) };

	seed48(x);
}

void lcong48(unsigned short x[7])
{
	memcpy(state, x, sizeof(state));
	factor = whole(x + 3);
	add = x[6];
}
