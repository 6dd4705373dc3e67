#pragma once
/*
 * The checksums of ext4: crc32c (Castagnoli) for metadata_csum, crc16 for the
 * group descriptors of older disks. As the format wants them: the start value
 * is the caller's and the result is not inverted, so runs can be chained.
 */
#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const void *buf, size_t n);
/*
 * What crc becomes when n bytes of zeroes follow (n below 8192). Since these
 * sums are linear, the sum of a block in which the bits of D change is the old
 * one ^ crc32c_zeros(crc32c(0, D), bytes behind D): a bitmap need not be gone
 * through for one bit.
 */
uint32_t crc32c_zeros(uint32_t crc, size_t n);
uint16_t crc16(uint16_t crc, const void *buf, size_t n);
