"""Small machines: more files than there is memory for their names and inodes.
What is only kept for the next time goes when memory is wanted, whoever wants
it; nobody is killed for it, and in the end all of it is free again.
"""

import re
import subprocess

import pytest

from conftest import ROOT, TOOLS, fsck
from qemu import Disk, Machine

NO_MEMORY = "out of memory"


def empty_disk(path, inodes, size="256M"):
	subprocess.run(["truncate", "-s", size, path], check=True)
	subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-N", str(inodes), path],
		       env=TOOLS, check=True)
	return str(path)


def free_kib(guest):
	text, status = guest.command("free")
	assert status == 0, text
	return int(re.search(r"^Mem: +(\d+) +\d+ +(\d+)", text, re.M).group(2))


def numbers(guest, command, timeout=600):
	"""What a line of commands prints, all of them numbers."""
	text, status = guest.command(command, timeout)
	assert status == 0, text
	return [int(word) for word in text.split()]


@pytest.mark.parametrize("mem, n", [
	pytest.param("32M", 20000),
	pytest.param("64M", 100000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_more_names_than_memory(boot, tmp_path, mem, n):
	image = empty_disk(tmp_path / "many.img", 2 * n + 1000)
	guest = boot(Machine(smp=4, mem=mem, disks=[Disk(image)]))
	_, status = guest.command("mount /dev/vdb /mnt && umount /mnt")
	assert status == 0
	before = free_kib(guest)
	text, status = guest.command(
		"mount /dev/vdb /mnt && cd /mnt && mkdir one many && cd one && "
		"seq %d | xargs touch && cd ../many && "
		"for d in $(seq 100); do mkdir $d && (cd $d && seq %d | xargs touch) || exit; done"
		% (n, n // 100), 1200)
	assert (text, status) == ("", 0)
	for where, found in ("one", n + 1), ("many", n + 101):
		assert numbers(guest, "cd /mnt/%s; find . | wc -l" % where) == [found]
		assert numbers(guest, "ls -lR . | grep -c '^-rw'") == [n]
		assert numbers(guest, "find . -type f -size 0 -links 1 | wc -l") == [n]
	assert numbers(guest, "cd /mnt/one; test -f 1 -a -f %d -a ! -e %d; echo $?; "
		       "rm 7; ls | wc -l; touch 7; ls | wc -l" % (n, n + 1)) == [0, n - 1, n]
	# What a program wants is there for it, however many names are kept.
	text, status = guest.command("dd if=/dev/zero of=/dev/null bs=%dM count=1"
				     % (int(mem[:-1]) * 9 // 16), 120)
	assert status == 0, text
	text, status = guest.command("cd /mnt && rm -r one many && ls && du -s . && "
				     "cd / && umount /mnt", 1200)
	assert status == 0 and text.split()[0] == "lost+found", text
	assert free_kib(guest) > before - 1024
	assert NO_MEMORY not in guest.log, guest.log[-3000:]
	guest.poweroff(60)
	fsck(image)


# Each of them for as long as the file is there; X is a number of its own.
STORM = (
	"find /mnt/d >/dev/null 2>&1",
	"ls -lR /mnt/d >/dev/null 2>&1",
	"for i in $(seq 200); do test -e /mnt/d/$i/$i; test -e /mnt/d/$i/no; done",
	"for i in $(seq 40); do mv /mnt/d/$i/X /mnt/e/X.$i; mv /mnt/e/X.$i /mnt/d/$i/X; done",
	"mkdir /mnt/e/X && cd /mnt/e/X && seq 400 | xargs touch && cd / && rm -r /mnt/e/X",
	"for i in $(seq 40); do mv /mnt/d/$i/X /mnt/d/$i/Y && mv /mnt/d/$i/Y /mnt/d/$i/X; done",
	"dd if=/dev/zero of=/dev/null bs=12M count=2 2>/dev/null",
	"mount /dev/vdc /two && find /two >/dev/null; umount /two",
)


@pytest.mark.parametrize("seconds", [
	pytest.param(8), pytest.param(600, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_names_come_and_go(boot, tmp_path, seconds):
	"""Eight harts look up, rename and remove while memory is short all the time,
	and a disk is unmounted while its names are taken; on the kernel that checks."""
	disks = [empty_disk(tmp_path / name, 20000) for name in ("one.img", "two.img")]
	guest = boot(Machine(smp=8, mem="48M", debug=True, disks=[Disk(d) for d in disks]))
	text, status = guest.command(
		"mkdir /two; for d in /dev/vdc /dev/vdb; do mount $d /mnt && mkdir /mnt/d /mnt/e && "
		"n=200; test $d = /dev/vdb || n=50; "
		"for i in $(seq $n); do mkdir /mnt/d/$i && (cd /mnt/d/$i && seq 40 | xargs touch); done; "
		"test $d = /dev/vdb || umount /mnt; done", 600)
	assert (text, status) == ("", 0)
	before = numbers(guest, "find /mnt/d | sort | cksum")
	for i, what in enumerate(STORM):
		what = what.replace("X", str(i + 1)).replace("Y", "y%d" % i)
		_, status = guest.command("touch /tmp/on; while test -e /tmp/on; do %s; done "
					  "2>>/tmp/errors &" % what)
		assert status == 0
	guest.command("sleep %d; rm /tmp/on; wait" % seconds, seconds + 240)
	text, status = guest.command("cat /tmp/errors; ls /mnt/e /two")
	assert (text, status) == ("/mnt/e:\n\n/two:\n", 0)
	assert numbers(guest, "find /mnt/d | sort | cksum") == before
	assert NO_MEMORY not in guest.log, guest.log[-3000:]
	guest.command("umount /mnt")
	guest.poweroff(60)
	for image in disks:
		fsck(image)


def test_much_mapped(boot, tmp_path):
	"""What a user reads can go, but slowly: neither root nor another user is told
	that nothing new can be begun."""
	(tmp_path / "in").mkdir()
	subprocess.run(["riscv64-linux-gnu-gcc", "-O1", "-Wall", "-static", "-o", tmp_path / "in/mapper",
			ROOT / "tools/tests/mapper.c"], check=True)
	subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tmp_path / "in", tmp_path / "disk", "64M"], env=TOOLS, check=True)
	guest = boot(Machine(smp=2, mem="64M", disks=[Disk(str(tmp_path / "disk"))]))
	text, status = guest.command("mount /dev/vdb /mnt && useradd -m ann && useradd bob && "
				     "{ su - ann -c /mnt/mapper >/tmp/said 2>&1 & }; until grep -q mapped /tmp/said; do sleep 0.1; done")
	assert status == 0, text
	text, status = guest.command("sleep 2; for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true || echo root; "
				     "su bob -c 'for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done' || echo bob; sleep 0.2; done", 200)
	assert (text, status) == ("", 0)
	assert guest.command("cat /tmp/said; pkill -KILL mapper; wait; cd; umount /mnt")[0].splitlines()[0] == "mapped"
