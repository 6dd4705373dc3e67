#!/usr/bin/python3
"""The judge of disks: e2fsck, which nobody here wrote. `tools/judge.py IMAGE`.

It plays the journal and deletes orphans (journal_only), as a mount does, and
then has to find nothing. With -f the first step would be a whole check, and
-y would repair what the second is to find.
"""

import os
import re
import subprocess
import sys

TOOLS = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}

# What the first step leaves undone: the super block's counts, which a mount
# takes from the groups, and an orphan file that still has numbers in it; and
# what never counts as a fault.
LEFT = re.compile(r"Pass \d.*|.* Optimize\? no|Fix\? no|Clear\? no|Recreate\? no|\s*|"
		  r"Free (blocks|inodes) count wrong \(.*|"
		  r"Orphan file \(inode \d+\) block \d+ is not clean\.|"
		  r"Failed to initialize orphan file\.|"
		  r".* WARNING: Filesystem still has errors .*|.*: \d+/\d+ files .*")


def e2fsck(*argv):
	return subprocess.run(["e2fsck", *argv], env=TOOLS, text=True, errors="replace",
			      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def fsck(image):
	"""What is wrong with a disk, or ""; its journal is played afterwards."""
	played = e2fsck("-y", "-E", "journal_only", image)
	if played.returncode:
		return "e2fsck -y -E journal_only: %d\n%s" % (played.returncode, played.stdout)
	checked = e2fsck("-fn", image)
	if not checked.returncode or (
			checked.returncode == 4 and "orphaned inode" in played.stdout and
			all(LEFT.fullmatch(line) for line in checked.stdout.splitlines())):
		return ""
	return "e2fsck -fn: %d\n%s" % (checked.returncode, checked.stdout)


if __name__ == "__main__":
	sys.exit(fsck(sys.argv[1]) or 0)
