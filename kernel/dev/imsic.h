/*
 * The incoming-message controller of each hart (RISC-V Advanced Interrupt
 * Architecture 1.0, chapter 3): what an APLIC sends its interrupts to where
 * they are messages. A message is a number, an identity; which source of which
 * controller it stands for is kept here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct irq_chip;

/* Is it the tree's node `phandle`, for supervisor mode and usable? */
bool imsic_is(uint32_t phandle);
/* How an APLIC names the hart (by index): its target registers' hart field;
 * -1: no messages reach it. */
int imsic_place(int hart);
/* The identity of a source of c, made when it has none: 0 when none is left. */
unsigned imsic_identity(struct irq_chip *c, unsigned source);
/* The calling hart takes messages from now on; false: it cannot. */
bool imsic_init_hart(int hart);
/* Takes the next message of the calling hart: the source if it is one of c's,
 * a number above c->n_sources if nobody expects it; 0: there is none, or it
 * is another controller's. */
unsigned imsic_claim(struct irq_chip *c);
/* Drops a message that may have come to the calling hart. */
void imsic_forget(unsigned identity);
