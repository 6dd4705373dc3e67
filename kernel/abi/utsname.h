/* uname: names of the system, each with its zero byte. */
#pragma once

#define ABI_UTSNAME_LEN 65

struct utsname {
	char sysname[ABI_UTSNAME_LEN];
	char nodename[ABI_UTSNAME_LEN];
	char release[ABI_UTSNAME_LEN];
	char version[ABI_UTSNAME_LEN];
	char machine[ABI_UTSNAME_LEN];
	char domainname[ABI_UTSNAME_LEN];
};

_Static_assert(sizeof(struct utsname) == 390, "struct utsname");
