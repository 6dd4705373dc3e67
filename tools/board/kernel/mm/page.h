/* For what is built by board.c: a page is its own memory. */
#pragma once

#include "../../../../kernel/mm/page.h"

#define page_to_va(pg) ((void *)(pg))
