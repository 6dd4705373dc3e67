/*
 * Devices on a PCI bus. A host bridge of the tree looks at each function of
 * its first bus and offers it to the drivers in the table of pci.c. A function
 * that has none is switched off: it neither answers, nor touches memory, nor
 * interrupts.
 *
 * To its driver a function is a struct device: `device_reg` gives base address
 * register n, `irq_request` its interrupt pin. What stands in configuration
 * space is the device's word, and is not trusted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/dev/driver.h"

struct pci_function {
	struct device dev;
	volatile char *config; /* its configuration space, 4 KiB */
	uint16_t vendor, id;
	char name[16]; /* "pci0:03.0": host, slot, function */
};

struct pci_driver {
	const char *name;
	bool (*knows)(const struct pci_function *f);
	/* As that of struct driver; f stays for ever when 0. */
	int (*probe)(struct pci_function *f);
};
extern const struct pci_driver virtio_pci_driver;

#define PCI_SUBSYSTEM_ID 0x2eu

#define PCI_CAP_VENDOR 0x09u

/* Offset of capability n (counted from 0) of this kind in configuration
 * space; 0: there is none. What it holds may reach behind the 256 bytes that
 * capabilities are in, but never behind the space. */
unsigned pci_capability(const struct pci_function *f, uint8_t kind, unsigned n);
