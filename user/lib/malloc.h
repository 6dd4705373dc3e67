/* Between malloc.c and malloc_debug.c only. */
#pragma once

#include <stddef.h>

/* A block of the heap, of n bytes, and back. NULL and errno when there is no
 * room. */
void *__heap_alloc(size_t n);
void __heap_free(void *p);

/* Say what the program has done wrong, a text with its end of line, and abort.
 */
_Noreturn void __malloc_wrong(const char *what);

/* The same with what finds mistakes around it; `align` is a power of two, 16 or
 * more. */
void *__debug_alloc(size_t align, size_t n);
void __debug_free(void *p);

/* The bytes that were asked for; the program ends when the block is none. */
size_t __debug_size(void *p);
