/* Passwords that cannot be read back. */
#pragma once

/*
 * The hash of key in the SHA-512 form: setting is $6$[rounds=N$]salt, with
 * or without a $ and more behind it.  The result is overwritten by the next
 * call.  Other forms: NULL and EINVAL.
 */
char *crypt(const char *key, const char *setting);
