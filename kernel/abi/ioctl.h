/* ioctl requests for terminals, files and block devices. */
#pragma once

#include "kernel/abi/types.h"

#define TCGETS     0x5401
#define TCSETS     0x5402
#define TCSETSW    0x5403
#define TCSETSF    0x5404
#define TCSBRK     0x5409
#define TCXONC     0x540a
#define TCFLSH     0x540b
#define TIOCEXCL   0x540c
#define TIOCNXCL   0x540d
#define TIOCSCTTY  0x540e
#define TIOCGPGRP  0x540f
#define TIOCSPGRP  0x5410
#define TIOCOUTQ   0x5411
#define TIOCSTI    0x5412
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541b
#define TIOCINQ    FIONREAD
#define TIOCPKT    0x5420
#define FIONBIO    0x5421
#define TIOCNOTTY  0x5422
#define TIOCGETD   0x5424
#define TCSBRKP    0x5425
#define TIOCGSID   0x5429
#define TCGETS2    0x802c542a /* struct termios2 */
#define TCSETS2    0x402c542b
#define TCSETSW2   0x402c542c
#define TCSETSF2   0x402c542d
#define TIOCGPTN   0x80045430 /* unsigned: a pty's number */
#define TIOCSPTLCK 0x40045431
#define TIOCSIG    0x40045436 /* int: a signal, as the number itself */
#define TIOCVHANGUP 0x5437
#define TIOCGPKT   0x80045438
#define TIOCGPTLCK 0x80045439
#define TIOCGEXCL  0x80045440
#define TIOCGPTPEER 0x5441 /* flags of open: a descriptor of the other end */
#define FIONCLEX   0x5450
#define FIOCLEX    0x5451

/* TIOCPKT: the byte before what is read, a set; 0 stands before data */
#define TIOCPKT_DATA       0
#define TIOCPKT_FLUSHREAD  1
#define TIOCPKT_FLUSHWRITE 2
#define TIOCPKT_STOP       4
#define TIOCPKT_START      8
#define TIOCPKT_NOSTOP     16
#define TIOCPKT_DOSTOP     32

#define BLKROGET     0x125e
#define BLKGETSIZE   0x1260 /* long: sectors of 512 bytes */
#define BLKFLSBUF    0x1261
#define BLKSSZGET    0x1268 /* int: bytes of a logical sector */
#define BLKBSZGET    0x80081270
#define BLKGETSIZE64 0x80081272 /* uint64_t: bytes */

struct winsize {
	uint16_t ws_row;
	uint16_t ws_col;
	uint16_t ws_xpixel;
	uint16_t ws_ypixel;
};

_Static_assert(sizeof(struct winsize) == 8, "struct winsize");
