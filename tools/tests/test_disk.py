"""Disks as mke2fs makes them, read by the kernel, and disks that fail.

A tree with what ext4 has to offer (deep extents, holes, hashed directories,
long and short links, long names) is put on a disk by mke2fs -d; a program of
Linux walks it in the guest, and the same program here: equal line by line.
"""

import os
import pathlib
import random
import re
import shutil
import subprocess
import time

import pytest

import judge
import qemu
from conftest import BUILD, ROOT, TOOLS, fsck
from qemu import Disk, Machine

SOURCE = ROOT / "tools/tests/treesum.c"


@pytest.fixture(scope="session")
def treesum(tmp_path_factory):
	"""The walking program: for this machine, for the guest."""
	folder = tmp_path_factory.mktemp("treesum")
	here, there = folder / "here", folder / "there"
	subprocess.run(["gcc", "-O2", "-o", here, SOURCE], check=True)
	subprocess.run(["riscv64-linux-gnu-gcc", "-O2", "-static", "-o", there, SOURCE],
		       check=True)
	return here, there


@pytest.fixture(scope="session")
def tree(tmp_path_factory, treesum):
	"""The root that goes onto the disks, and what is known of /data."""
	root = tmp_path_factory.mktemp("tree")
	for name in ("bin", "etc"):
		source = BUILD / "rootfs" / name
		if source.exists():
			shutil.copytree(source, root / name, symlinks=True)
	for name in ("dev", "proc", "tmp", "root", "mnt", "sbin"):
		(root / name).mkdir()
	os.symlink("../bin/init", root / "sbin/init")
	shutil.copytree(ROOT / "tools/rootfs/etc", root / "etc", dirs_exist_ok=True)
	shutil.copy(treesum[1], root / "bin/treesum")
	data = root / "data"
	data.mkdir()
	chance = random.Random(1)
	(data / "empty").write_bytes(b"")
	(data / "one").write_bytes(b"x")
	(data / "block").write_bytes(chance.randbytes(4096))
	(data / "large").write_bytes(chance.randbytes(3_000_001))
	with open(data / "holes", "wb") as f:
		# Each piece is an extent: more than one block of the tree holds.
		for i in range(1200):
			f.seek(i * 12288)
			f.write(chance.randbytes(100))
		f.truncate(1200 * 12288 + 5000)
	with open(data / "far", "wb") as f:
		f.truncate(5 << 30)
		f.seek((5 << 30) - 10)
		f.write(b"the end...")
	os.symlink("one", data / "short-link")
	os.symlink("x/" * 200 + "y", data / "long-link")
	os.link(data / "one", data / "another-name")
	(data / ("n" * 255)).write_text("a long name\n")
	many = data / "many"
	many.mkdir()
	for i in range(2500):
		(many / ("a-name-of-some-length-%d" % i)).write_bytes(b"")
	deep = data
	for i in range(30):
		deep = deep / ("deep%d" % i)
	deep.mkdir(parents=True)
	(deep / "bottom").write_text("bottom\n")
	return root


def listing(program, folder):
	return sorted(subprocess.run([program, "data"], cwd=folder, check=True, text=True,
				     stdout=subprocess.PIPE).stdout.splitlines())


def make_disk(folder, tree, *options, size="300M"):
	image = str(folder / "disk.img")
	subprocess.run(["truncate", "-s", size, image], check=True)
	subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-E", "root_owner=0:0", *options,
			"-d", str(tree), image], check=True, env=TOOLS,
		       stdout=subprocess.DEVNULL)
	return image


KINDS = {
	"1k": ["-b", "1024"],
	"2k": ["-b", "2048"],
	"4k": ["-b", "4096"],
	"no-checksums": ["-O", "^metadata_csum"],
	"32bit": ["-O", "^64bit"],
	"newer-defaults": ["-O", "orphan_file,metadata_csum_seed"],
	"no-journal": ["-O", "^has_journal"],
	"small-inodes": ["-b", "1024", "-I", "128"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_byte(boot, tmp_path, tree, treesum, kind):
	guest = boot(Machine(smp=2, disk=make_disk(tmp_path, tree, *KINDS[kind])))
	text, status = guest.command("cd /; treesum data", 120)
	assert status == 0, text
	assert sorted(text.splitlines()) == listing(treesum[0], tree)


def test_read_again_after_the_cache_was_full(boot, tmp_path, tree, treesum):
	"""In 64 MB not everything stays: pages are reclaimed and read again."""
	extra = tmp_path / "more"
	subprocess.run(["cp", "-a", "--sparse=always", tree, extra], check=True)
	chance = random.Random(2)
	for i in range(8):
		(extra / "data" / ("bulk%d" % i)).write_bytes(chance.randbytes(8 << 20))
	guest = boot(Machine(smp=2, mem="64M", disk=make_disk(tmp_path, extra)))
	want = listing(treesum[0], extra)
	for _ in range(2):
		text, status = guest.command("cd /; treesum data", 200)
		assert status == 0, text
		assert sorted(text.splitlines()) == want


def test_write_more_than_memory_holds(boot, tmp_path, tree, treesum):
	"""Who writes faster than the disk waits, so that little is on its way when
	the last write returns; and all of it is read back."""
	extra = tmp_path / "more"
	subprocess.run(["cp", "-a", "--sparse=always", tree, extra], check=True)
	(extra / "data" / "bulk").write_bytes(random.Random(3).randbytes(8 << 20))
	guest = boot(Machine(smp=2, mem="64M", disk=make_disk(tmp_path, extra),
			     drive="throttling.bps-write=30000000"))
	before = os.stat(guest.disk).st_blocks * 512
	text, status = guest.command("cd /data; for i in $(seq 25); do cp bulk root$i; done", 250)
	waiting = (25 * 8 << 20) - (os.stat(guest.disk).st_blocks * 512 - before)
	assert status == 0 and waiting < 16 << 20, text + str(waiting)
	text, status = guest.command("treesum .", 250)
	sums = [line.split()[:-1] for line in text.splitlines() if re.search("root|bulk", line)]
	assert status == 0 and len(sums) == 26 and sums.count(sums[0]) == 26, text


def test_checksums_by_tables(boot, tmp_path, tree, treesum):
	"""Harts that do not multiply without carries; e2fsck sees the sums."""
	guest = boot(Machine(smp=2, cpu="rv64,zbc=off", disk=make_disk(tmp_path, tree)))
	text, status = guest.command("cd / && mkdir data/new && cp data/large data/new && sync && "
				     "rm data/new/large && rmdir data/new && treesum data", 120)
	assert status == 0, text
	assert len(text.splitlines()) == len(listing(treesum[0], tree)), text


def test_demo_after_a_power_cut(disk, tmp_path):
	"""The tour's letter comes through it whole."""
	image = qemu.copy_disk(disk, tmp_path)
	with qemu.Guest(Machine(smp=2, disk=image, reboot=False)) as guest:
		guest.boot()
		text, status = guest.command("demo safety", 120)
		assert status == 0 and "20 times the letter is whole" in text
		assert "before this start" not in text
		guest.type("demo safety; demo safety")
		guest.expect("was written, synced", 60)
	time.sleep(2)   # the tour tells starts apart by their seconds
	with qemu.Guest(Machine(smp=2, disk=image, reboot=False)) as guest:
		guest.boot()
		text, status = guest.command("demo safety", 120)
		assert status == 0 and "it is whole" in text and "blocks of" in text
		# One that is not is told from one that is.
		guest.command("cd ~; sed -i -e 's/^started .*/started 1/' -e '77s/7/8/' demo.letter; sync")
		assert "it IS NOT WHOLE" in guest.command("demo safety", 120)[0]
		guest.poweroff()
	fsck(image)


def test_demo_twice_and_interrupted(boot):
	"""Two tours at once do not write one draft, and ^C leaves none behind."""
	guest = boot(Machine(smp=4))
	said = guest.command("for i in 1 2 3; do demo safety >/tmp/$i & done; wait;"
			     "grep -h 'times the letter' /tmp/[1-3]", 120)[0]
	assert said.count("  20 times the letter is whole, old or new.\n") == 3, said
	for _ in range(5):
		guest.begin("demo safety")
		guest.expect("was written, synced", 60)
		guest.send("\x03")
		guest.wait_prompt()
		assert guest.command("ls -A ~ | grep demo") == ("demo.letter\n", 0)
	guest.type("demo")
	guest.expect("Enter for more.* $", 60)
	guest.type("q")
	assert "--- 2." not in guest.wait_prompt()


def test_power_cut(boot, tmp_path, tree):
	"""What was synced is there after a cut, and the journal is played."""
	image = make_disk(tmp_path, tree)
	guest = qemu.Guest(Machine(smp=2, disk=image, reboot=False))
	try:
		guest.boot()
		assert guest.command("mkdir /data/new && cp /data/one /data/new/two && "
				     "rm /data/one && sync")[1] == 0
		guest.type("echo lost >/data/new/three")
	finally:
		guest.close()   # at once, and nothing is written any more
	guest = boot(Machine(smp=2, disk=image))
	assert re.search(r"ext4 /dev/vda: recovered: [1-9]\d* blocks", guest.log), guest.log
	text, status = guest.command("cat /data/new/two; ls /data/one")
	assert text.startswith("x") and status != 0, text


@pytest.mark.parametrize("how", ["dsync", "msync", "syncfs"])
def test_promise(boot, tmp_path, tree, how):
	"""What the system call made last is there, when the machine ends in the
	moment in which the call has returned."""
	subprocess.run(["riscv64-linux-gnu-gcc", "-O2", "-static", "-o",
			tmp_path / "promises", ROOT / "tools/tests/promises.c"], check=True)
	image = make_disk(tmp_path, tree)
	subprocess.run(["debugfs", "-w", "-R", "write %s bin/promises" % (tmp_path / "promises"),
			image], env=TOOLS, check=True, capture_output=True)
	subprocess.run(["debugfs", "-w", "-R", "set_inode_field bin/promises mode 0100755", image],
		       env=TOOLS, check=True, capture_output=True)
	guest = qemu.Guest(Machine(smp=2, disk=image, reboot=False))
	try:
		guest.boot()
		guest.type("cd /data && promises %s" % how)
		guest.expect("%s: done" % how, 30)
	finally:
		guest.close()
	guest = boot(Machine(smp=2, disk=image))
	text, status = guest.command("head -n 1 /data/%s" % how)
	assert (text.strip(), status) == ("this lasts", 0), text


def test_read_only_root(boot, tmp_path, tree):
	"""With "ro" nothing is written, whatever is tried."""
	image = make_disk(tmp_path, tree)
	before = pathlib.Path(image).read_bytes()
	guest = qemu.Guest(Machine(smp=2, disk=image, reboot=False, append="ro"))
	try:
		guest.boot()
		text, status = guest.command("echo x >/data/new")
		assert status != 0 and "ead-only" in text, text
		guest.poweroff()
	finally:
		guest.close()
	assert pathlib.Path(image).read_bytes() == before


def test_damaged_inode(boot, tmp_path, tree):
	"""A wrong checksum is an error of that file, and of nothing else."""
	image = make_disk(tmp_path, tree)
	# debugfs writes a right checksum, so the damage is done by hand: a time.
	said = subprocess.run(["debugfs", "-R", "imap /data/large", image], env=TOOLS, check=True,
			      text=True, capture_output=True).stdout
	place = re.search(r"at block (\d+), offset (0x[0-9a-f]+)", said)
	block, offset = (int(n, 0) for n in place.groups())
	size = subprocess.run(["dumpe2fs", "-h", image], env=TOOLS, check=True, text=True,
			      capture_output=True).stdout.split("Block size:")[1].split()[0]
	with open(image, "r+b") as f:
		f.seek(block * int(size) + offset + 0x10)
		f.write(b"\x55\x55\x55\x55")
	guest = boot(Machine(smp=2, disk=image))
	guest.disk = None
	text, status = guest.command("cat /data/large | wc -c")
	assert text.split()[-1:] == ["0"] or "error" in text
	text, status = guest.command("cat /data/large >/dev/null")
	assert status != 0
	text, status = guest.command("cat /data/one")
	assert (text, status) == ("x", 0)


def test_damage_may_panic(tmp_path, tree):
	"""If the disk asks for it, and the boot arguments too."""
	image = make_disk(tmp_path, tree, "-O", "^metadata_csum")
	subprocess.run(["tune2fs", "-e", "panic", image], env=TOOLS, check=True,
		       stdout=subprocess.DEVNULL)
	subprocess.run(["debugfs", "-w", "-R", "set_inode_field /data/large block[0] 7", image],
		       env=TOOLS, check=True, capture_output=True)
	for append in ("", "errors=panic"):
		with qemu.Guest(Machine(smp=1, disk=image, reboot=False, append=append)) as guest:
			guest.boot()
			guest.type("cat /data/large >/dev/null")
			if not append:
				guest.expect("can only be read from now on", 30)
				continue
			with pytest.raises(qemu.GuestPanic, match="damaged, and errors=panic"):
				guest.expect("the prompt never comes", 30)


def test_disk_errors(boot, tmp_path, tree):
	"""The device says that a read failed: EIO, and life goes on."""
	image = make_disk(tmp_path, tree)
	said = subprocess.run(["debugfs", "-R", "blocks /data/large", image], env=TOOLS,
			      check=True, text=True, capture_output=True).stdout.split()
	size = subprocess.run(["dumpe2fs", "-h", image], env=TOOLS, check=True, text=True,
			      capture_output=True).stdout.split("Block size:")[1].split()[0]
	sector = int(said[len(said) // 2]) * int(size) // 512
	rules = tmp_path / "rules"
	rules.write_text('[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "%d"\n'
			 'once = "off"\nimmediately = "off"\n' % sector)
	guest = boot(Machine(smp=2, disk="none", disks=[Disk(image, rules=str(rules))]))
	text, status = guest.command("cat /data/large >/dev/null")
	assert status != 0, text
	text, status = guest.command("cat /data/one")
	assert (text, status) == ("x", 0)


def test_judge_is_content(tmp_path, tree):
	"""The tree itself is a sound one: else the rest would prove little. And
	damage is told, and still there afterwards."""
	image = make_disk(tmp_path, tree)
	fsck(image)
	subprocess.run(["debugfs", "-w", "-R", "clri /data/one", image], env=TOOLS, check=True)
	for _ in range(2):
		assert "deleted/unused inode" in judge.fsck(image)


MOUNTING = """mkdir /mnt /mnt/disk /mnt/ram
mount -t tmpfs none /mnt/ram
echo at; cat /proc/schedstat
mount -t tmpfs none /mnt/ram
echo at; cat /proc/schedstat
mount -t ext4 /dev/vda /mnt/disk
echo at; cat /proc/schedstat
poweroff
"""


def mount_cost(folder, size):
	"""Instructions that mounting a clean, sparse disk takes; the rest of a
	command is taken away by comparison with tmpfs."""
	image = str(folder / ("disk-" + size))
	subprocess.run(["truncate", "-s", size, image], check=True)
	subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-E", "lazy_journal_init=1", image],
		       check=True, env=TOOLS)
	root = folder / "root"
	(root / "etc").mkdir(parents=True, exist_ok=True)
	(root / "etc/profile").write_text(MOUNTING)
	cpio = folder / "root.cpio"
	subprocess.run([ROOT / "tools/image", "cpio", cpio, "init", "sh", "mkdir", "mount", "cat",
			"poweroff", "--", root], check=True)
	guest = qemu.Guest(Machine(smp=1, disk=image, initrd=str(cpio), reboot=False,
				   append="root=ram", icount="sleep=on"), 120)
	try:
		guest.wait_end()
	finally:
		guest.close()
	assert "ext4 /dev/vda" not in guest.log, guest.log
	busy = [int(n) for n in re.findall(r"^cpu0 \d+ \d+ \d+ \d+ \d+ \d+ (\d+)", guest.log, re.M)]
	assert len(busy) == 3, guest.log
	fsck(image)
	return busy[2] - 2 * busy[1] + busy[0]


def test_mount_cost_is_the_same_for_every_size(tmp_path):
	# Once in a while a thread of the kernel's has its turn between.
	small, large = (min(mount_cost(tmp_path, size) for _ in range(2))
			for size in ("2G", "2T"))
	print("mounting 2 GB: %d instructions, 2 TB: %d" % (small, large))
	assert 0 < small and abs(large - small) < small / 10
