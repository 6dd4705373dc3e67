/* chgrp: change the group of files. */
#define _GNU_SOURCE
#include "owner.h"

static int usage(int status)
{
	fputs("usage: chgrp [-cfhv] [-R [-H | -L | -P]] group file...\n"
	      "       chgrp [...] --reference=file file...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	struct owner o;
	int ret = owner_options(&o, argc, argv);

	if (ret < 0)
		return usage(ret == -1);
	o.uid = (uid_t)-1;
	if (!o.reference && *argv[optind])
		owner_set_group(&o, argv[optind]);
	if (!o.reference)
		optind++;
	for (; optind < argc; optind++)
		owner_walk(&o, argv[optind]);
	return owner_finish(&o);
}
