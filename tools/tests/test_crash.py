"""Power cuts and failing disks, a minute's worth of tools/crash; `make crash` has
all of it. That its explorer can tell a broken disk from a sound one. And the
booted kernel: what it wrote, and how it recovers."""

import collections
import pathlib
import random
import re
import shutil
import struct
import subprocess

import pytest

import qemu
from conftest import BUILD, ROOT, TOOLS, fsck
from qemu import Disk, Machine

RUN = ROOT / "tools/crash/run"


def crash(*argv, expect=0):
	ran = subprocess.run([RUN, *map(str, argv)], cwd=ROOT, text=True, errors="replace",
			     timeout=2500 * qemu.PATIENCE, env={**TOOLS, "JOBS": "1"},
			     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	assert ran.returncode == expect, ran.stdout[-8000:]
	return ran.stdout


Entry = collections.namedtuple("Entry", "at end sector data flush")


def read_log(path):
	"""The entries of a log in the format of dm-log-writes."""
	raw = path.read_bytes()
	at = 512
	while at < len(raw):
		sector, count, flags, _ = struct.unpack_from("<4Q", raw, at)
		end = at + 512 * (1 + count)
		yield Entry(at, end, sector, raw[at + 512:end], flags & 1 and not count)
		at = end


@pytest.mark.timeout(900)
@pytest.mark.xdist_group("crash")
def test_power_cuts():
	last = crash("--short", "--fresh").strip().splitlines()[-1]
	found = re.fullmatch(r"crash: (\d+) workloads, (\d+) states, 0 failures", last)
	assert found and int(found.group(2)) > 1000, last


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("crash")
def test_log_of_a_guest(tmp_path):
	"""The format of QEMU's blklogwrites, written and read back; then without its
	flushes, so that writes may change places: that must be seen."""
	log, bad = tmp_path / "log", tmp_path / "bad"
	script = "create /n; write /n 0 3000; sync; unlink /a; mkdir /m; sync; " \
		"rename /n /m/n; unlink /d/b; sync"
	crash("--script", script, "--kind", "csum1k", "--record", log)
	start = BUILD / "crash/csum1k.img"
	said = crash("--log", log, "--image", start, "--limit", 60)
	assert re.search(r" 0 failures$", said.strip()), said

	damaged = tmp_path / "damaged.img"
	shutil.copy(start, damaged)
	subprocess.run(["debugfs", "-w", "-R", "clri /a", damaged], env=TOOLS, check=True)
	said = crash("--log", log, "--image", damaged, expect=1)
	assert re.search(r"FAIL log .* after playing the journal", said), said

	raw = log.read_bytes()
	entries = list(read_log(log))
	assert sum(e.flush for e in entries) >= 6
	bad.write_bytes(raw[:512] + b"".join(raw[e.at:e.end] for e in entries if not e.flush))
	said = crash("--log", bad, "--image", start, "--limit", 2000, expect=1)
	assert "FAIL log" in said


# --- the booted kernel ---

def folder_disk(folder, size, tree, *options):
	"""A disk with that tree, and a copy of it from before."""
	image, before = folder / "disk.img", folder / "before.img"
	subprocess.run(["truncate", "-s", size, image], check=True)
	subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", *options, "-d", tree, image],
		       env=TOOLS, check=True)
	subprocess.run(["cp", "--sparse=always", image, before], check=True)
	return image, before


def mark(n):
	return b"mark %d\n" % n + b"".join(b"%d\n" % i for i in range(1, n * 100 + 1))


class Cuts:
	"""What a disk may hold when the power goes in the middle of work.sh, and
	what had to last by then."""

	def __init__(self, before, log):
		self.before = before.read_bytes()
		self.entries = list(read_log(log))
		self.chance = random.Random(1)
		# Step n is over where the first data of step n + 1 is written.
		self.begins = {}
		for i, e in enumerate(self.entries):
			found = re.match(rb"mark (\d+)\n1\n2\n", e.data)
			if found:
				self.begins.setdefault(int(found.group(1)), i)

	def make(self, path, n, some):
		"""The disk when step n is just over: with all that a flush made
		last, and with some of the rest or nothing."""
		disk = bytearray(self.before)
		end = self.begins[n + 1]
		flushed = max(i for i in range(end) if self.entries[i].flush)
		for i, e in enumerate(self.entries[:end + 1]):
			if i < flushed or (some and self.chance.randrange(2)):
				disk[e.sector * 512:e.sector * 512 + len(e.data)] = e.data
		path.write_bytes(disk)

	@staticmethod
	def check(folder, n):
		"""What the first n steps had synced."""
		for i in range(1, n + 1):
			assert (folder / ("mark%d" % i)).read_bytes() == mark(i), i
		want = "".join("%d\n" % i for i in range(1, n + 1))
		assert (folder / "log").read_text().startswith(want), n
		now = (folder / "current").read_text()
		assert now.endswith("\n") and int(now) in (n, n + 1), n


def taken_out(image, folder):
	"""All files of a disk, in a folder of their own."""
	shutil.rmtree(folder, ignore_errors=True)
	folder.mkdir()
	subprocess.run(["debugfs", "-R", "rdump / %s" % folder, image], env=TOOLS, check=True,
		       capture_output=True)


def cuts_of_guest(boot, folder, size, steps):
	"""work.sh on a guest's second disk; (the disk from before, the log)."""
	tree, log = folder / "tree", folder / "log"
	tree.mkdir()
	shutil.copy(ROOT / "tools/tests/work.sh", tree)
	image, before = folder_disk(folder, size, tree)
	log.touch()
	guest = boot(Machine(smp=2, disks=[Disk(str(image), log=str(log))]))
	text, status = guest.command("mount /dev/vdb /mnt && cd /mnt && sh work.sh %d; "
				     "s=$?; cd /; umount /mnt && (exit $s)" % steps, 250)
	assert status == 0, text
	guest.poweroff()
	return before, log


def recovered(guest, device, n):
	"""The guest mounts such a disk, finds all, and can write to it."""
	text, status = guest.command(
		"mount /dev/%s /mnt && cd /mnt && ls -lR >/dev/null && cat log current mark%d && "
		"rm -r d? e? && cp /bin/sh new && [ $(wc -c <new) = $(wc -c </bin/sh) ]; "
		"s=$?; cd /; umount /mnt && (exit $s)" % (device, n))
	assert status == 0, text
	want = "".join("%d\n" % i for i in range(1, n + 1))
	assert text.startswith(want) and text.endswith(mark(n).decode()), text


def explored(before, log, limit):
	"""The explorer looks at all prefixes and at some other states; how many."""
	said = crash("--log", log, "--image", before, "--limit", limit).strip()
	found = re.search(r" (\d+) distinct, (\d+) in recovery, .* 0 failures$", said)
	assert found, said
	return int(found.group(1)) + int(found.group(2))


def cut_guest(boot, tmp_path, size, steps, limit, states):
	before, log = cuts_of_guest(boot, tmp_path, size, steps)
	assert explored(before, log, limit) >= states
	cuts = Cuts(before, log)
	assert len(cuts.begins) == steps
	image = tmp_path / "cut.img"
	for n in range(1, steps):
		for some in (False, True):
			cuts.make(image, n, some)
			fsck(image)
			taken_out(image, tmp_path / "out")
			cuts.check(tmp_path / "out", n)
	with pytest.raises((AssertionError, OSError)):
		cuts.make(image, steps - 1, False)
		fsck(image)
		taken_out(image, tmp_path / "out")
		cuts.check(tmp_path / "out", steps)
	last = [steps * i // 8 for i in range(2, 8)]
	for n in last:
		cuts.make(tmp_path / ("cut%d" % n), n, True)
	guest = boot(Machine(smp=2, disks=[Disk(str(tmp_path / ("cut%d" % n))) for n in last]))
	guest.command("dmesg -n 1")     # no messages between what is read here
	for i, n in enumerate(last):
		recovered(guest, "vd" + "bcdefg"[i], n)
	text, _ = guest.command("dmesg")
	assert len(re.findall(r"ext4 /dev/vd[b-g]: recovered: [1-9]\d* blocks", text)) == 6


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("crash")
def test_cut_guest(boot, tmp_path):
	"""A guest's disk at every write: e2fsck is content, recovery works, and
	what was synced is there; then guests recover some of these disks."""
	cut_guest(boot, tmp_path, "8M", 12, 300, 250)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.xdist_group("crash")
def test_cut_guest_often(boot, tmp_path):
	cut_guest(boot, tmp_path, "64M", 40, 2000, 1200)
