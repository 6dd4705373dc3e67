"""Disks that fail, by QEMU's blkdebug, under the booted kernel: reads, writes
and flushes, one or all from some moment on. Whatever happens: no panic, no
hang, errors go to the program that has to know, what was synced before is
there, and e2fsck is content.
"""

import re
import shutil
import subprocess

import pytest

from conftest import BUILD, TOOLS, fsck
from qemu import Disk, Machine, copy_disk
from test_crash import folder_disk, taken_out

EVENTS = {"read": "read_aio", "write": "write_aio", "flush": "flush_to_disk"}
LETTERS = "bcdefgh"     # as many disks as there is room for beside the root


def rules(path, kind, nth, ever, sector=-1):
	"""The nth request of a kind fails, and all after it if ever; with a sector,
	those that touch it."""
	text = "".join('[set-state]\nevent = "%s"\nstate = "%d"\nnew_state = "%d"\n'
		       % (EVENTS[kind], i, i + 1) for i in range(1, nth))
	text += '[inject-error]\nevent = "%s"\niotype = "%s"\nstate = "%d"\nerrno = "5"\n' \
		'once = "%s"\nsector = "%d"\n' % (EVENTS[kind], kind, nth,
						  "off" if ever else "on", sector)
	path.write_text(text)
	return str(path)


def guest_with(boot, folder, image, faults):
	"""A guest with a copy of the image for each of (kind, nth, ever)."""
	disks = []
	for letter, fault in zip(LETTERS, faults):
		copy = folder / ("vd%s.img" % letter)
		subprocess.run(["cp", "--sparse=always", image, copy], check=True)
		disks.append(Disk(str(copy), rules=rules(folder / ("rules-" + letter), *fault)))
	guest = boot(Machine(smp=2, disks=disks))
	# Messages would come in between; they are read with dmesg.
	guest.command("dmesg -n 1")
	return guest


@pytest.fixture
def empty(tmp_path):
	image = tmp_path / "empty.img"
	subprocess.run(["truncate", "-s", "16M", image], check=True)
	subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", image], env=TOOLS, check=True)
	return image


def line(script):
	"""A script as one line, as it is typed."""
	return script.strip().replace("\n", "; ").replace("do;", "do").replace("(;", "(")


WORK = line("""
mount /dev/vdX /mnt && (
echo =mount 0; cd /mnt; cp /bin/sh a; echo =cp $?; mkdir d; echo =mkdir $?; echo x >d/x
for f in a a . d/x; do sync $f; echo =$f $?; done
rm d/x; sync; echo y >new; sync new; echo =new $?; wc -c <a; cd /; umount /mnt)
(mount /dev/vdX /mnt || mount /dev/vdX /mnt) && ls /mnt && umount /mnt; echo =again $?
""")

WRITES = [("write", 1, False), ("write", 3, False), ("write", 4, True), ("write", 5, False),
	  ("write", 7, True), ("write", 9, False), ("write", 12, True)]
FLUSHES = [("flush", 1, True), ("flush", 3, True), ("flush", 4, False), ("flush", 5, False),
	   ("flush", 6, True), ("flush", 8, False), ("flush", 10, True)]


def after(folder, letter, first):
	"""What was done and then synced is on the disk."""
	fsck(folder / ("vd%s.img" % letter))
	taken_out(folder / ("vd%s.img" % letter), folder / "out")
	if first.get("cp") == first.get("a") == "0":
		assert (folder / "out/a").read_bytes() == (BUILD / "rootfs/bin/sh").read_bytes()
	if first.get("mkdir") == first.get(".") == "0":
		assert (folder / "out/d").is_dir()
	if first.get("new") == "0":
		assert (folder / "out/new").read_text() == "y\n"


@pytest.mark.parametrize("faults", [WRITES, FLUSHES], ids=["writes", "flushes"])
def test_while_working(boot, tmp_path, empty, faults):
	"""From the mount on, in a commit, between two, and with the last of all."""
	guest = guest_with(boot, tmp_path, empty, faults)
	kinds, firsts = set(), {}
	for letter, (kind, nth, ever) in zip(LETTERS, faults):
		guest.command("dmesg -C")
		text, _ = guest.command(WORK.replace("X", letter))
		said, _ = guest.command("dmesg")
		what = "%s %d %s\n%s\n%s" % (kind, nth, ever, text, said)
		results = re.findall(r"^=(\S+) (\d+)$", text, re.M)
		firsts[letter] = dict(reversed(results))
		assert "Input/output error" in text or "Read-only" in text, what
		assert ("=again 0" in text) == (not ever), what
		if "=mount 0" not in text:
			kinds.add("not mounted")
			assert "not mounted" in said, what
		elif "only be read from now on" in said:
			kinds.add("read-only")
			assert "=new 1" in text, what
		else:
			# Data was lost: told once, and all goes on.
			kinds.add("data")
			assert [r for r in results if r[1] != "0"] == [("a", "1")], what
	assert kinds == {"not mounted", "read-only"} | ({"data"} if faults is WRITES else set())
	guest.poweroff()
	for letter, first in firsts.items():
		after(tmp_path, letter, first)


def sector_of(image, per_block, path, n):
	"""Where the nth block of a file is."""
	said = subprocess.run(["debugfs", "-R", "blocks " + path, image], env=TOOLS,
			      check=True, text=True, capture_output=True).stdout
	return int(said.split()[n]) * per_block


READ = line("""
for i in 1 2; do mount /dev/vdX /mnt || continue
cat /mnt/one >/dev/null; echo =one $?; ls -l /mnt/d >/dev/null; echo =d $?
cat /mnt/d/two >/dev/null; echo =two $?; umount /mnt; done
""").replace("; done", " ; done")


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", EVENTS)
@pytest.mark.parametrize("first", range(1, 36, 7))
def test_each_request(boot, tmp_path, empty, kind, first):
	"""One request after the other, once and ever: what was promised holds."""
	for ever in (False, True):
		faults = [(kind, nth, ever) for nth in range(first, first + len(LETTERS))]
		guest = guest_with(boot, tmp_path, empty, faults)
		firsts = {}
		for letter, fault in zip(LETTERS, faults):
			text, _ = guest.command(WORK.replace("X", letter))
			firsts[letter] = dict(reversed(re.findall(r"^=(\S+) (\d+)$", text, re.M)))
			assert ever or firsts[letter]["again"] == "0", "%s\n%s" % (fault, text)
		guest.poweroff()
		for letter, results in firsts.items():
			after(tmp_path, letter, results)


def test_reads(boot, tmp_path):
	"""A read that fails is an error of the program that wanted it, and of no
	other; the next time all is well if only one failed."""
	tree = tmp_path / "tree"
	(tree / "d").mkdir(parents=True)
	for name in ("one", "d/two"):
		shutil.copy(BUILD / "rootfs/bin/sh", tree / name)
	image, _ = folder_disk(tmp_path, "16M", tree, "-b", "4096")

	one, folder, two = (sector_of(image, 8, *place) for place in
			    (("/one", 10), ("/d", 0), ("/d/two", 3)))
	# What fails, and the results (of one, d, two) at the first mount and the next.
	wants = [
		(("read", 1, True, one), "100100"), (("read", 1, False, one), "100000"),
		(("read", 1, True, folder), "021021"), (("read", 1, False, folder), "020000"),
		(("read", 1, True, two), "001001"), (("read", 1, False, two), "001000"),
		# No mount at first; one read before it looked for partitions.
		(("read", 3, False), "000"),
	]
	guest = guest_with(boot, tmp_path, image, [fault for fault, _ in wants])
	for letter, (fault, want) in zip(LETTERS, wants):
		text, _ = guest.command(READ.replace("X", letter))
		got = "".join(re.findall(r"^=\w+ (\d)$", text, re.M))
		errors = len(want.replace("0", "")) or 1
		assert got == want and text.count(": Input/output error") == errors, (fault, text)


RECOVER = line("""
mount /dev/vdX /mnt; echo =first $?; umount /mnt 2>/dev/null
mount /dev/vdX /mnt; echo =second $?; cat /mnt/new; wc -c </mnt/a; umount /mnt
""")


def test_recovery(boot, tmp_path, empty):
	"""A disk that fails while its journal is played."""
	guest = boot(Machine(smp=2, disks=[Disk(str(empty))]))
	assert guest.command("mount /dev/vdb /mnt && cd /mnt && cp /bin/sh a && sync && "
			     "echo y >new && mkdir d && sync")[1] == 0
	dirty = tmp_path / "dirty.img"
	shutil.copy(empty, dirty)
	guest.command("cd /; umount /mnt")
	guest.poweroff()
	log = sector_of(dirty, 2, "<8>", 3)
	faults = [("read", 4, False), ("read", 1, False, log), ("read", 1, True, log),
		  ("write", 1, False), ("write", 2, True), ("write", 4, False), ("flush", 1, False)]
	guest = guest_with(boot, tmp_path, dirty, faults)
	for letter, (kind, nth, ever) in zip(LETTERS, (f[:3] for f in faults)):
		guest.command("dmesg -C")
		text, _ = guest.command(RECOVER.replace("X", letter))
		said, _ = guest.command("dmesg")
		what = "%s %d %s\n%s\n%s" % (kind, nth, ever, text, said)
		assert "=first 1" in text and "not mounted" in said, what
		assert ("=second 1" in text) == ever, what
		if not ever:
			assert "recovered: " in said and re.search(r"^y\n\d{5}", text, re.M), what
	guest.poweroff()
	for letter in LETTERS[:len(faults)]:
		after(tmp_path, letter, {"a": "0", "new": "0"})


def failing_root(boot, folder, disk, *fault):
	image = copy_disk(disk, folder)
	return boot(Machine(smp=2, disk="none", disks=[
		Disk(image, rules=rules(folder / "rules", *fault))]))


@pytest.mark.parametrize("kind,nth", [("read", 2), ("write", 1), ("flush", 1)])
def test_root_that_cannot_be_mounted(boot, tmp_path, disk, kind, nth):
	"""The message says so, and the prompt comes from the RAM root."""
	guest = failing_root(boot, tmp_path, disk, kind, nth, True)
	assert "vda cannot be the root" in guest.log, guest.log
	text, status = guest.command("ls /bin/sh /test")
	assert "/bin/sh" in text and status != 0, text


@pytest.mark.parametrize("kind,nth", [("write", 6), ("flush", 4)])
def test_root_that_fails_later(boot, tmp_path, disk, kind, nth):
	"""It can only be read then; the shell and all programs go on."""
	guest = failing_root(boot, tmp_path, disk, kind, nth, True)
	guest.command("dmesg -n 1")     # no messages behind a prompt
	text, _ = guest.command("for i in 1 2 3 4; do echo $i >/root/$i; sync /root/$i; "
				"echo =$i $?; done", 60)
	assert "=4 1" in text and ": Input/output error" in text, text
	said, _ = guest.command("dmesg")
	assert "can only be read from now on" in said, said
	text, status = guest.command("echo x >/root/new")
	assert status != 0 and "Read-only file system" in text, text
	assert guest.command("primes 30 | wc -l >/tmp/n && ls -lR /bin >/dev/null && cat /tmp/n") \
		== ("10\n", 0)
