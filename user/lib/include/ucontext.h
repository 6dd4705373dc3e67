/* The frame of a signal handler. */
#pragma once

#include <signal.h>
