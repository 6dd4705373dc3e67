/*
 * SD cards behind a plain SPI controller. A driver of one fills in struct
 * spi_port and calls mmc_spi_add for each slot; the functions are called by
 * the slot's thread, with no lock held.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spi_port {
	/* Sends n bytes of out (NULL: all ones) and takes as many into `in`
	 * (NULL: forgotten), mode 0. 0, or -EIO: the controller is stuck. */
	int (*exchange)(struct spi_port *p, const uint8_t *out, uint8_t *in,
			size_t n);
	void (*select)(struct spi_port *p, bool on);
	void (*set_clock)(struct spi_port *p, uint32_t hz); /* at most */
};

/* A slot of that controller; device: its name, for messages; max_hz: of slot
 * and wiring, 0: any. Both p and the name stay for ever when 0; -ENOMEM. */
int mmc_spi_add(struct spi_port *p, const char *device, uint32_t max_hz);
