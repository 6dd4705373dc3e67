"""A full disk under each tool that writes, on the booted kernel: on a small ext4
and on a small tmpfs. There is a message and a status that is not 0; no file that
was there is half replaced, none that is new is half there where a tool makes it
whole or not at all, and no temporary file stays. Then the same for names, on a
file system that has no room for more of them; and a limit of size (ulimit -f).
"""

import random
import re
import subprocess

import pytest

from conftest import ROOT, TOOLS
from qemu import Disk, Machine

pytestmark = pytest.mark.xdist_group("full")

# What may be left, as of any program on any Unix: the part that fitted.
LEAVES = {
	r"tee new|dd .*of=new|.*>new|sort .*-o new|sed -n .w new|awk .*new|tar c|echo .*-O new|uniq .* new":
		{"./new"},
	r"split": {"./part%s" % (a + b) for a in "ab" for b in "abcdefghijklmnopqrstuvwxyz"},
	r"cp -a": {"./new", "./new/a", "./new/b", "./new/c"},
	r"patch -s -b": {"./f.orig"},	# a second name of f
	r"gunzip|zcat": {"./g.gz", "./new"},
}
# What is written to where it is.
CHANGES = re.compile(r"tee -a f|cat .*>>f|tar rf f")


def inputs(folder):
	dice = random.Random(7)
	words = ["".join(dice.choices("abcdefghij", k=dice.randrange(3, 30))) for _ in range(400)]
	text = "".join(" ".join(dice.choices(words, k=6)) + "\n" for _ in range(6000))
	(folder / "big").write_text(text)
	(folder / "moved").write_text(text)
	noise = "".join("%064x\n" % dice.getrandbits(256) for _ in range(900))
	(folder / "f").write_text(noise)
	lines = noise.splitlines(True)
	(folder / "g").write_text("".join(line + "one more\n" * 20 for line in lines))
	(folder / "f.diff").write_bytes(subprocess.run(["diff", "-u", "f", "g"], cwd=folder,
						       stdout=subprocess.PIPE).stdout)
	(folder / "g").unlink()
	(folder / "tree").mkdir()
	for name in "abc":
		(folder / "tree" / name).write_text(text[:200000])
	subprocess.run("tar cf big.tar big; echo big | cpio -o --quiet -H newc >big.cpio;"
		       "seq 300000 | gzip >small.gz", shell=True, cwd=folder, check=True)


@pytest.fixture(scope="module")
def guest(disk_of, tmp_path_factory):
	from qemu import Guest
	folder = tmp_path_factory.mktemp("full")
	(folder / "inputs").mkdir()
	inputs(folder / "inputs")
	(folder / "inputs/full_disk.sh").write_bytes((ROOT / "tools/tests/full_disk.sh").read_bytes())
	small, data = folder / "small", folder / "data"
	for image, size, arguments in ((small, "1M", ["-b", "1024"]),
				       (data, "16M", ["-d", folder / "inputs"])):
		subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", *arguments, image,
				size], check=True, env=TOOLS)
	with Guest(Machine(smp=2, disk=disk_of, disks=[Disk(str(small)), Disk(str(data))],
			   reboot=False), own_disk=True) as guest:
		guest.boot()
		text, status = guest.command("mkdir /tmp/in /tmp/ext4 /tmp/tmpfs && mount /dev/vdb /tmp/ext4 && "
					     "mount /dev/vdc /tmp/in && rmdir /tmp/ext4/lost+found && "
					     "mount -t tmpfs -o size=900k none /tmp/tmpfs")
		assert status == 0, text
		yield guest
		guest.command("umount /tmp/ext4 /tmp/in /tmp/tmpfs")
		guest.poweroff()
	done = subprocess.run(["e2fsck", "-fn", small], env=TOOLS, stdout=subprocess.PIPE)
	assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("where", ["ext4", "tmpfs"])
def test_no_room(guest, where):
	text, status = guest.command("sh /tmp/in/full_disk.sh /tmp/%s /tmp/in" % where, timeout=300)
	rows = [line.rsplit("|", 4) for line in text.splitlines() if line.count("|") >= 4]
	assert status == 0 and text.rstrip().endswith("end") and len(rows) > 45, text[-2000:]
	wrong = []
	for line, status, said, same, names in rows:
		left = set(names.split()) - {"./tmp"}
		may = set().union(*(what for pattern, what in LEAVES.items() if re.match(pattern, line)))
		# Beyond 128 it is a signal's: no tool's own end, but for a pipe of the user's.
		if not 0 < int(status) < (255 if "print |" in line else 128) or said != "told" or left - may or \
		   (same != "same" and not CHANGES.match(line)):
			wrong.append((line, status, said, same, sorted(left - may)))
	assert not wrong, "\n".join(map(str, wrong))
	text, status = guest.command("cmp /tmp/in/moved /tmp/in/big && cd /tmp/in/tree && for f in a b c; do "
				     "head -c 200000 ../big | cmp - $f || echo not $f; done; ls")
	assert status == 0 and text.split() == ["a", "b", "c"], text


MAKERS = ["touch new", "mkdir new", "ln -s x new", "mkfifo new", "mktemp", "cp x new", "mknod new p", ">new", "tee new <x",
	  "cp -r /tmp/in/tree new", "tar xf /tmp/in/big.tar", "gzip -k x", "sort x -o new", "split x", "mkdir -p a/b/c",
	  "sed -i p x", "sort -o x x x", "install x new", "install -d new", "patch -s -o new x </tmp/in/f.diff", "dd if=x of=new",
	  "truncate -s 5 new", "awk 'BEGIN { print > \"new\" }'"]


def test_no_names(guest):
	"""No room for one more name."""
	text, status = guest.command("mkdir -p /tmp/few && mount -t tmpfs -o nr_inodes=3 none /tmp/few && cd /tmp/few && "
				     "cp /tmp/in/f x && touch y && cksum <x")
	assert status == 0, text
	for line in MAKERS:
		text, status = guest.command("export TMPDIR=/tmp/few; (%s) >/dev/null 2>/tmp/complaint; echo $? $(wc -c </tmp/complaint); "
					     "ls; cmp x /tmp/in/f && echo same" % line)
		status, said = text.split()[:2]
		assert status != "0" and said != "0" and text.split()[2:] == ["x", "y", "same"], (line, text)
	assert guest.command("cd; umount /tmp/few")[1] == 0


def test_ulimit(guest):
	"""ulimit -f is as a full disk is."""
	for line in ("sort /tmp/in/big f -o f", "sed -i 'p;p;p' f", "gzip -k1 big", "cp /tmp/in/big new", "install /tmp/in/big f"):
		text, status = guest.command("mkdir -p /tmp/limit && cd /tmp/limit && rm -rf * && cp /tmp/in/f f && cp /tmp/in/big big && "
					     "(ulimit -f 80; %s); echo $?; cmp f /tmp/in/f && echo same; ls" % line)
		assert "same" in text and "SIGXFSZ" not in text and not re.search(r"^0$", text, re.M), (line, text)
		assert set(text.split("same")[1].split()) == {"f", "big"}, (line, text)
