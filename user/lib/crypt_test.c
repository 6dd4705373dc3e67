/*
 * crypt(): the published examples of the form $6$, what is refused, and the
 * same answers as this machine's library gives, for keys and salts of many
 * lengths.
 *
 * host-test: -lcrypt
 */
#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *our_crypt(const char *key, const char *setting);

#define crypt our_crypt
#include "user/lib/crypt.c"
#undef crypt

#include "user/lib/test/check.h"

/* "Unix crypt using SHA-256 and SHA-512", version 0.6: its last pages. */
static const struct {
	const char *setting, *key, *want;
} examples[] = {
	/* clang-format off */
	{ "$6$saltstring",
	  "Hello world!",
	  "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFN"
	  "jnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1" },
	{ "$6$rounds=10000$saltstringsaltstring",
	  "Hello world!",
	  "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oe"
	  "qh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v." },
	{ "$6$rounds=5000$toolongsaltstring",
	  "This is just a test",
	  "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxG"
	  "oNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0" },
	{ "$6$rounds=1400$anotherlongsaltstring",
	  "a very much longer text to encrypt.  This one even stretches o"
	  "ver morethan one line.",
	  "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/p"
	  "Qs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1" },
	{ "$6$rounds=77777$short",
	  "we have a short salt string but not a short password",
	  "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXb"
	  "kvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0" },
	{ "$6$rounds=123456$asaltof16chars..",
	  "a short string",
	  "$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ"
	  "4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1" },
	{ "$6$rounds=10$roundstoolow",
	  "the minimum number is still observed",
	  "$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50"
	  "YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX." },
	/* clang-format on */
};

static void test_examples(void)
{
	size_t i;
	char *got;

	for (i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		got = our_crypt(examples[i].key, examples[i].setting);
		CHECK_STR(got ? got : "(null)", examples[i].want);
		if (i > 3)
			continue;
		/* A hash is the setting that gives it again. */
		got = our_crypt(examples[i].key, examples[i].want);
		CHECK_STR(got ? got : "(null)", examples[i].want);
	}
}

static int refused(const char *setting)
{
	char *got = our_crypt("x", setting);

	/* Some libraries answer with what is no hash instead of NULL. */
	return !got || *got == '*';
}

static void test_refused(void)
{
	CHECK(refused("$9$abc"));
	CHECK(refused("$6$rounds=x$abc"));
	CHECK(refused("$6$rounds=5000abc"));
	CHECK(refused("$6$a:b$"));
	CHECK(refused("$6$a\nb$"));
	CHECK(refused("*"));
	CHECK(refused("!"));
	CHECK(refused("!$6$saltstring$"));
}

static void test_like_another(void)
{
	static const char digits[] = "./09AZaz";
	char key[300], setting[64], salt[20];
	const char *mine, *other;
	int i, n, len;

	srand(6);
	for (i = 0; i < 200; i++) {
		/* All lengths about the size of a digest and of a block. */
		len = i < 140 ? i : rand() % 299;
		for (n = 0; n < len; n++)
			key[n] = (char)(1 + rand() % 255);
		key[len] = 0;
		for (n = 0; n < 1 + i % 16; n++)
			salt[n] = digits[rand() % 8];
		salt[n] = 0;
		snprintf(setting, sizeof(setting), "$6$rounds=%d$%s%s",
			 1000 + rand() % 50, salt, i & 1 ? "$" : "");
		mine = our_crypt(key, setting);
		other = crypt(key, setting);
		CHECK(mine && other);
		if (mine && other)
			CHECK_STR(mine, other);
	}
}

int main(void)
{
	test_examples();
	test_refused();
	test_like_another();
	return check_failed;
}
