"""Linux as the other judge: the build machine's kernel mounts what was written
here, and what it leaves is mounted here; journals that have to be played and
orphans included, as a power cut leaves them.
"""

import re
import shutil
import subprocess

import pytest

import qemu
from conftest import TOOLS, fsck
from qemu import Disk, Machine
from test_crash import taken_out

@pytest.fixture
def on_linux(tmp_path):
	"""on_linux(image, script): the build machine's kernel mounts the image and
	runs the script there; what that printed."""
	place = tmp_path / "mounted"
	place.mkdir()

	def run(image, script):
		# No commit comes by itself.
		done = subprocess.run(["mount", "-o", "loop,commit=300", image, place], text=True,
				      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
		if done.returncode:
			pytest.skip("no loop mounts here: " + done.stdout.strip())
		try:
			return subprocess.run(["sh", "-e", "-c", script], cwd=place, check=True,
					      text=True, stdout=subprocess.PIPE).stdout
		finally:
			subprocess.run(["umount", place], check=True)

	return run


KINDS = {
	"list": ["-t", "ext4"],
	"file": ["-t", "ext4", "-O", "orphan_file,metadata_csum_seed"],
	"no-checksums": ["-t", "ext4", "-O", "^metadata_csum"],
	"4k": ["-t", "ext4", "-b", "4096"],
	"ext3": ["-t", "ext3"],
}


def new_disk(path, kind):
	subprocess.run(["truncate", "-s", "16M", path], check=True)
	subprocess.run(["mke2fs", "-q", "-F", *KINDS[kind], path], env=TOOLS, check=True)
	return path


def tool(*argv):
	return subprocess.run(argv, env=TOOLS, check=True, text=True, errors="replace",
			      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def free(image):
	"""Blocks and inodes that are free, as a whole check counts them."""
	said = tool("dumpe2fs", image)
	return [sum(map(int, re.findall(r"(\d+) free " + what, said)))
		for what in ("blocks", "inodes")]


def same_files(image, folder, files, but=()):
	"""Do all files say what those of the other folder say? (Times and the like
	are not looked at.)"""
	taken_out(image, folder)
	(folder / "lost+found").rmdir()
	said = subprocess.run(["diff", "-r", *("-x" + name for name in but), folder, files],
			      text=True, stdout=subprocess.PIPE).stdout
	assert not said, said


# A transaction with directories; one that deletes them, and files that are
# still open; their blocks become another file's, which takes all the room; something synced by itself.
LINUX_WORKS = """
mkdir d r
for i in $(seq 12); do seq $i 9000 >d/$i; done
for i in $(seq 60); do mkdir r/$i; seq $i >r/$i/f; done
sync
exec 3<>d/1 4<>d/2
rm -r d/1 d/2 r
sync
seq 9999999 >big 2>/dev/null || true
truncate -s -1M big
mkdir e; ln big e/hard; ln -s ../big e/soft
sync
echo last >e/last; sync e/last
cp -a . {files}
echo not synced >lost; mv d/3 d/lost
cp {image} {cut}
"""


def test_what_linux_leaves(boot, tmp_path, on_linux):
	"""Disks that Linux still had mounted: played here, all that was synced is
	there, orphans are gone, and as much is free as after e2fsck."""
	disks = []
	for kind in KINDS:
		image, cut = new_disk(tmp_path / "disk.img", kind), tmp_path / (kind + ".img")
		files = tmp_path / ("files-" + kind)
		on_linux(image, LINUX_WORKS.format(image=image, cut=cut, files=files))
		(files / "lost+found").rmdir()
		disks.append((kind, cut, files, tmp_path / (kind + ".checked")))
		image.unlink()

	for kind, cut, files, checked in disks:
		# Blocks that would be overwritten if revokes were not heeded.
		log = tool("debugfs", "-R", "logdump -a", cut)
		revoked = set(re.findall(r"Revoke FS block (\d+)", log))
		logged = set(re.findall(r"FS block (\d+) logged", log))
		used = set(tool("debugfs", "-R", "blocks /big", cut).split())
		assert revoked & logged & used, kind
		shutil.copy(cut, checked)
		fsck(checked)

	guest = boot(Machine(smp=2, disks=[Disk(str(cut)) for _, cut, _, _ in disks]))
	guest.command("dmesg -n 1")
	for letter, (kind, _, files, _) in zip("bcdefgh", disks):
		guest.command("dmesg -C")
		text, _ = guest.command("mount /dev/vd%s /mnt && cd /mnt && "
					"cat d/* big e/* | wc -c; cd /; umount /mnt" % letter)
		assert int(text) == sum(f.stat().st_size for f in files.glob("*/*")) + \
			(files / "big").stat().st_size, kind
		said, _ = guest.command("dmesg")
		assert re.search(r"recovered: \d+ blocks of [3-9] transactions", said), said
		assert "2 inodes deleted" in said, said
	guest.poweroff()
	for kind, cut, files, checked in disks:
		same_files(cut, tmp_path / "out", files)
		assert free(cut) == free(checked), kind


def test_with_linux_in_turn(boot, disk, tmp_path, on_linux):
	"""A disk goes from here to Linux and back, the first time with a journal
	that Linux has to play."""
	image = qemu.copy_disk(disk, tmp_path)
	guest = qemu.Guest(Machine(smp=2, disk=image, reboot=False))
	try:
		guest.boot()
		assert guest.command("mkdir /ours && cd /ours && cp /bin/sh sh && "
				     "ln sh hard && ln -s sh soft && "
				     "for i in 1 2 3 4 5 6 7 8 9; do echo $i >$i; done && "
				     "rm 5 && mv 6 six && sync")[1] == 0
	finally:
		guest.close()
	assert on_linux(image, "cd ours; cmp sh ../bin/sh; cmp soft hard; cat *[1-9] six; "
			"mkdir theirs; cp sh theirs/sh; rm 7; mv 8 theirs/eight; "
			"dd if=/dev/zero of=sparse bs=1 count=1 seek=9999999 2>/dev/null") \
		== "1\n2\n3\n4\n7\n8\n9\n6\n"
	guest = boot(Machine(smp=2, disk=image))
	text, status = guest.command("cd /ours && cat theirs/eight && wc -c <sparse && "
				     "cat theirs/sh | wc -c && cat hard | wc -c && ls")
	lines = text.split()
	assert status == 0 and lines[0] == "8" and lines[1] == "10000000", text
	assert lines[2] == lines[3] and "7" not in lines[4:] and "six" in lines, text


OURS = (
	"mkdir -p /mnt/{0} && mount /dev/vd{0} /mnt/{0} && cd /mnt/{0} && mkdir d r load && "
	"for i in 1 2 3 4 5 6 7 8 9; do seq $i 9000 >d/$i; mkdir r/$i; echo $i >r/$i/f; done",
	"sync; exec {1}<d/1 {2}<d/2; rm -r d/1 d/2 r; mv d/9 d/nine; ln d/8 d/eight; sync")
LOAD = "for x in b c d; do (cd /mnt/$x; i=0; while cp -r d load/$i && mv load/$i load/x; do " \
	"i=$((i + 1)); rm -r load/x; echo $i >load/n; sync load/n; echo $x at $i; done) & done"


def test_what_is_left_for_linux(disk, tmp_path, on_linux):
	"""QEMU ends in the middle of the work; Linux plays the journal and deletes
	what was open, as e2fsck does with a copy."""
	kinds = {letter: kind for letter, kind in zip("bcd", ("list", "file", "ext3"))}
	image = {letter: new_disk(tmp_path / (kind + ".img"), kind)
		 for letter, kind in kinds.items()}
	guest = qemu.Guest(Machine(smp=2, disk=disk, snapshot=True, reboot=False,
				   disks=[Disk(str(path)) for path in image.values()]))
	try:
		guest.boot()
		for i, letter in enumerate(kinds):
			for line in OURS:
				text, status = guest.command(line.format(letter, 3 + 2 * i, 4 + 2 * i))
				assert status == 0, text
		guest.type(LOAD)
		for letter in kinds:
			guest.expect("%s at [1-9][0-9]" % letter)
	finally:
		guest.close()
	for letter, path in image.items():
		checked = tmp_path / "checked.img"
		shutil.copy(path, checked)
		said = tool("e2fsck", "-y", "-E", "journal_only", checked)
		assert "recovering journal" in said and said.count("Clearing orphaned inode") >= 2
		fsck(checked)
		on_linux(path, "cat d/3 d/nine d/eight load/n >/dev/null; cat load/n")
		fsck(path)
		assert free(path) == free(checked), kinds[letter]
		taken_out(path, tmp_path / "out")
		assert sorted(f.name for f in (tmp_path / "out/d").iterdir()) == \
			["3", "4", "5", "6", "7", "8", "eight", "nine"]
		for name, i in (*((str(i), i) for i in range(3, 9)), ("eight", 8), ("nine", 9)):
			assert (tmp_path / "out/d" / name).read_text() == \
				"".join("%d\n" % n for n in range(i, 9001)), name
		assert int((tmp_path / "out/load/n").read_text() or 10) >= 9
