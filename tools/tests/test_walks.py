"""Programs of user/bin that walk trees: deeper than a path may be long, and
while somebody puts links in the place of folders, which must lead nobody out.
The programs run under qemu-riscv64.
"""

import ctypes
import os
import stat
import subprocess
import threading

import pytest

import qemu

DEPTH = 2500		# and so 5,000 bytes of path


@pytest.fixture
def ours(bin):
	def run(name, *args, cwd, status=0):
		ran = subprocess.run(["qemu-riscv64", "-0", name, bin / name, *args], cwd=cwd, timeout=100 * qemu.PATIENCE,
				     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
		if status is not None:
			assert (ran.returncode, ran.stderr[-300:]) == (status, b"")
		return ran.stdout
	return run


@pytest.fixture
def deep(tmp_path):
	"""A chain of folders with a file in each; gone afterwards, whatever fails."""
	here = os.open(tmp_path, os.O_RDONLY)
	os.mkdir("deep", dir_fd=here)
	fd = os.open("deep", os.O_RDONLY, dir_fd=here)
	for _ in range(DEPTH):
		os.close(os.open("f", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=fd))
		os.mkdir("d", dir_fd=fd)
		below = os.open("d", os.O_RDONLY, dir_fd=fd)
		os.close(fd)
		fd = below
	os.close(fd)
	os.close(here)
	yield tmp_path
	subprocess.run(["/bin/rm", "-rf", tmp_path / "deep", tmp_path / "copy"], check=True)


def test_deep(ours, deep):
	"""Deeper than PATH_MAX, and with more folders than open files."""
	assert ours("find", "deep", "-type", "f", cwd=deep).count(b"/f\n") == DEPTH
	assert len(ours("du", "deep", cwd=deep).splitlines()) == DEPTH + 1
	ours("chmod", "-R", "go-rwx", "deep", cwd=deep)
	ours("chown", "-R", "%d:%d" % (os.getuid(), os.getgid()), "deep", cwd=deep)
	ours("cp", "-r", "deep", "copy", cwd=deep)
	assert ours("find", "copy", "-perm", "600", cwd=deep).count(b"/f\n") == DEPTH
	ours("rm", "-r", "deep", cwd=deep)
	ours("find", "copy", "-delete", cwd=deep)
	assert os.listdir(deep) == []


class Swapper(threading.Thread):
	"""Folder and link change places, as fast as it goes."""

	def __init__(self, folder, link):
		super().__init__(daemon=True)
		self.paths = os.fsencode(folder), os.fsencode(link)
		self.spare = folder.parent.parent / "spare"
		self.planted = 0
		self.ended = False
		self.times = 0

	def run(self):
		libc = ctypes.CDLL(None, use_errno=True)
		while not self.ended:
			if libc.renameat2(-100, self.paths[0], -100, self.paths[1], 2) == 0:
				self.times += 1
			else:
				# Somebody has removed the one or the other.
				self.plant()

	def plant(self):
		"""Made elsewhere, and brought here in one step: a folder never goes
		where a link is, nor a link where a folder is."""
		folder, link = self.paths
		made = self.spare / ("%d" % self.planted)
		self.planted += 1
		(made / "sub").mkdir(parents=True)
		for i in range(20):
			(made / "sub" / ("f%d" % i)).touch()
		try:
			os.rename(made, folder)
		except OSError:
			pass
		try:
			os.symlink(b"../outside", link)
		except OSError:
			pass

	def __enter__(self):
		self.plant()
		self.start()
		return self

	def __exit__(self, *_):
		self.ended = True
		self.join()


def fixed(path):
	return sorted((str(p), p.stat().st_mode, p.stat().st_uid, p.is_file() and p.read_text())
		      for p in path.rglob("*"))


WALKS = {
	"rm": ["-rf", "tree"],
	"chmod": ["-R", "0700", "tree"],
	"chown": ["-R", "7:7", "tree"],
	"find": ["tree", "-type", "f", "-delete"],
	"cp": ["-r", "tree", "copy"],
	"cp -a": ["-a", "tree", "copy"],
	"tar": ["-cf", "out.tar", "tree"],
	"du": ["-a", "tree"],
	"grep": ["-r", "SECRET", "tree"],
}


@pytest.mark.parametrize("walk", WALKS)
def test_links_in_the_way(ours, tmp_path, walk):
	"""The folder outside stays as it was, and nothing of it comes in."""
	outside = tmp_path / "outside"
	(outside / "sub").mkdir(parents=True)
	for i in range(20):
		(outside / ("sub/f%d" % i)).write_text("SECRET\n")
		os.chmod(outside / ("sub/f%d" % i), 0o604)
	before = fixed(outside)
	(tmp_path / "tree").mkdir()
	name = walk.split()[0]
	if name == "chown" and os.getuid():
		pytest.skip("root alone gives files away")
	with Swapper(tmp_path / "tree/folder", tmp_path / "tree/other") as swapper:
		for _ in range(40):
			out = ours(name, *WALKS[walk], cwd=tmp_path, status=None)
			assert b"SECRET" not in out
			if name == "tar":
				assert b"SECRET" not in (tmp_path / "out.tar").read_bytes()
			if (tmp_path / "copy").exists():
				for folder, _, files in os.walk(tmp_path / "copy"):
					for f in files:
						path = os.path.join(folder, f)
						if stat.S_ISREG(os.lstat(path).st_mode):
							assert not os.path.getsize(path), path
				subprocess.run(["/bin/rm", "-rf", tmp_path / "copy"], check=True)
	assert swapper.times > 40
	assert fixed(outside) == before
