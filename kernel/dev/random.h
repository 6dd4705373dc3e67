/*
 * Random numbers. A ChaCha20 generator (RFC 8439's block function) whose key
 * is replaced with every request, so that what was handed out cannot be found
 * again from the state. Whatever may be unpredictable is mixed into the key.
 *
 * Good once rng-seed of the device tree or a virtio-rng was there; on a board
 * with neither, time of boot and of interrupts is all there is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Fills buf. Any context, never blocks. */
void random_bytes(void *buf, size_t n);
/* Mixes in n bytes; `good`: they are from a source of real chance. */
void random_add(const void *p, size_t n, bool good);
/* Something unpredictable happened just now (an interrupt, a key). Cheap. */
void random_event(void);
