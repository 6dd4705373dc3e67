/* Processor time in ticks. */
#pragma once

#include "kernel/abi/time.h"

clock_t times(struct tms *tms);
