/* The kernel's message log; `type` is one of SYSLOG_ACTION_... */
#pragma once

int klogctl(int type, char *buf, int len);
