"""Sums, packed files and archives of user/bin against what Python's libraries
and the build machine's programs make of them; the programs run under
qemu-riscv64.
"""

import gzip
import os
import random
import stat
import subprocess
import tarfile
import zlib

import pytest

import qemu
from conftest import TOOLS
from test_host import linked


@pytest.fixture
def ours(bin):
	def run(name, *args, cwd=None, data=b"", status=0, under=None):
		"""What one of our programs wrote; `under` is its file when it has another
		name than the one it is called by."""
		ran = subprocess.run(["qemu-riscv64", "-0", name, bin / (under or name), *args], cwd=cwd,
				     input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60 * qemu.PATIENCE)
		assert ran.returncode == status, (ran.returncode, ran.stderr)
		assert bool(ran.stderr) == bool(status), ran.stderr
		return ran.stdout
	return run


def test_crc32(ours, tmp_path):
	dice = random.Random(32)
	names = []
	for size in (0, 1, 13, 65535, 65536, 200001):
		(tmp_path / str(size)).write_bytes(dice.randbytes(size))
		names.append(str(size))
	sums = {n: "%08x" % zlib.crc32((tmp_path / n).read_bytes()) for n in names}
	for n in names:
		assert ours("crc32", n, cwd=tmp_path).decode() == sums[n] + "\n"
	assert ours("crc32", *names, cwd=tmp_path).decode() == "".join(
		"%s\t%s\n" % (sums[n], n) for n in names)
	assert ours("crc32", data=b"123456789") == b"cbf43926\n"
	assert ours("crc32", "--help").startswith(b"usage: crc32")
	assert ours("crc32", "nix", "0", cwd=tmp_path, status=1).decode() == "%s\t0\n" % sums["0"]


def texts():
	"""Bytes of several kinds, for what packs them."""
	dice = random.Random(1951)
	words = [dice.randbytes(dice.randrange(2, 9)) for _ in range(300)]
	return {
		"empty": b"",
		"one": b"x",
		"zeros": bytes(300000),
		"noise": dice.randbytes(150000),
		"letters": bytes(dice.choices(b"abcd", k=100000)),
		"words": b" ".join(dice.choices(words, k=40000)),
		"skew": bytes(min(255, int(dice.expovariate(0.3))) for _ in range(100000)),
	}


@pytest.mark.parametrize("kind", texts())
def test_gzip_there_and_back(ours, kind):
	"""What one packs the other unpacks, at each level and with all codes."""
	data = texts()[kind]
	sizes = {}
	for level in (1, 6, 9):
		packed = ours("gzip", "-c", "-%d" % level, data=data)
		assert gzip.decompress(packed) == data
		sizes[level] = len(packed)
	assert sizes[9] <= sizes[1] * 1.01
	# Within three in a hundred of zlib's, and noise hardly grows.
	assert sizes[6] <= len(gzip.compress(data, 6)) * 1.03 + 100, sizes
	for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE):
		packer = zlib.compressobj(6, zlib.DEFLATED, 31, 8, strategy)
		packed = packer.compress(data) + packer.flush()
		assert ours("zcat", data=packed, under="gzip") == data
		assert ours("gunzip", "-t", data=packed, under="gzip") == b""


def damaged(dice, data):
	"""One of many ways to spoil a file."""
	spoilt = bytearray(data)
	for _ in range(dice.randrange(1, 4)):
		at = dice.randrange(len(spoilt)) if spoilt else 0
		match dice.randrange(5):
			case 0:
				del spoilt[at:]
			case 1:
				spoilt[at:at + 1] = bytes([spoilt[at] ^ 1 << dice.randrange(8)]) if spoilt else b""
			case 2:
				spoilt[at:at] = dice.randbytes(dice.randrange(1, 20))
			case 3:
				del spoilt[at:at + dice.randrange(1, 600)]
			case 4:
				spoilt[at:at + 4] = dice.choice([b"\xff\xff\xff\xff", bytes(4), b"7777", b"-999"])
	return bytes(spoilt)


def test_gzip_damaged(tmp_path):
	"""Damaged files never give another content as if it were right. One process,
	with the sanitizers, unpacks them all."""
	dice = random.Random(1952)
	kinds = texts()
	files = [gzip.compress(kinds[k][:4000], 9) for k in ("zeros", "noise", "letters", "words", "skew")]
	packer = zlib.compressobj(6, zlib.DEFLATED, 31, 8, zlib.Z_FIXED)
	files.append(packer.compress(kinds["words"][:3000]) + packer.flush())
	made_of = {}
	for i in range(3000):
		good = dice.choice(files)
		made_of["%04d.gz" % i] = gzip.decompress(good)
		(tmp_path / ("%04d.gz" % i)).write_bytes(damaged(dice, good))
	ran = subprocess.run([linked("gzip", ["user/bin/gzip.c"], []), "-dk", *made_of], cwd=tmp_path,
			     stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100 * qemu.PATIENCE,
			     env={**TOOLS, "ASAN_OPTIONS": "exitcode=99"})
	assert ran.returncode == 1, (ran.returncode, ran.stderr[-3000:])
	complaints = ran.stderr.decode(errors="replace")
	wrong = 0
	for name, content in made_of.items():
		result = tmp_path / name[:-3]
		if result.exists():
			# What the header says besides is not summed.
			assert result.read_bytes() == content, name
		else:
			assert "gzip: %s: " % name in complaints, name
			wrong += 1
	assert wrong > 2000
	assert len(os.listdir(tmp_path)) == 2 * 3000 - wrong


def test_gzip_replaces_whole(ours, tmp_path):
	"""A damaged file stays, and what was there before its result, too."""
	(tmp_path / "x.gz").write_bytes(gzip.compress(random.Random(5).randbytes(200000))[:-1000])
	(tmp_path / "x").write_bytes(b"old")
	before = (tmp_path / "x.gz").read_bytes()
	ours("gzip", "-df", "x.gz", cwd=tmp_path, status=1)
	assert sorted(os.listdir(tmp_path)) == ["x", "x.gz"]
	assert (tmp_path / "x").read_bytes() == b"old"
	assert (tmp_path / "x.gz").read_bytes() == before


def members(path):
	"""A tree as tar should keep it; times in whole seconds."""
	found = {}
	for folder, names, files in os.walk(path):
		for name in names + files:
			full = os.path.join(folder, name)
			st = os.lstat(full)
			what = (stat.filemode(st.st_mode), int(st.st_mtime))
			if stat.S_ISLNK(st.st_mode):
				what = (os.readlink(full),)
			elif stat.S_ISREG(st.st_mode):
				with open(full, "rb") as f:
					what += (f.read(), st.st_nlink)
			found[os.path.relpath(full, path)] = what
	return found


def plant(path):
	"""A tree with long names, links and a pipe."""
	deep = path / ("d" * 90) / ("e" * 90) / ("f" * 90)
	deep.mkdir(parents=True)
	(deep / ("g" * 200)).write_bytes(b"deep\n")
	(path / ("n" * 250)).write_bytes(random.Random(4).randbytes(70000))
	(path / "empty").write_bytes(b"")
	(path / "hard").hardlink_to(path / ("n" * 250))
	(path / "link").symlink_to("x" * 200)
	(path / "umlaut-\u00fc").write_bytes(b"u\n")
	(path / "locked").mkdir()
	(path / "locked/in").write_bytes(b"1\n")
	os.mkfifo(path / "pipe")
	os.chmod(path / "locked/in", 0o4640)
	os.utime(path / "empty", (0, 1000000000))
	os.chmod(path / "locked", 0o555)
	os.utime(path / "locked", (0, 1000000000))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_reads(ours, tmp_path, form):
	"""What Python's library writes."""
	there, here = tmp_path / "there", tmp_path / "here"
	there.mkdir()
	here.mkdir()
	plant(there)
	if form == tarfile.USTAR_FORMAT:
		# It has no room for these.
		for name in ("n" * 250, "link", "hard"):
			(there / name).unlink()
		os.rename(there / ("d" * 90) / ("e" * 90) / ("f" * 90) / ("g" * 200),
			  there / ("d" * 90) / "g")
		os.rmdir(there / ("d" * 90) / ("e" * 90) / ("f" * 90))
	with tarfile.open(tmp_path / "x.tar", "w", format=form) as t:
		t.add(there, ".")
	ours("tar", "xpf", tmp_path / "x.tar", "--no-same-owner", cwd=here)
	assert members(here) == members(there)
	assert len(ours("tar", "tf", tmp_path / "x.tar").splitlines()) == len(members(there)) + 1


@pytest.mark.parametrize("packed", ["", "z"])
def test_tar_writes(bin, tmp_path, packed):
	"""What Python's library and the build machine's tar read."""
	there = tmp_path / "there"
	there.mkdir()
	plant(there)
	env = {**os.environ, "PATH": "%s:%s" % (tmp_path, os.environ["PATH"])}
	if packed:
		(tmp_path / "gzip").write_text("#!/bin/sh\nexec qemu-riscv64 '%s' \"$@\"\n" % (bin / "gzip"))
		(tmp_path / "gzip").chmod(0o755)
	ran = subprocess.run(["qemu-riscv64", bin / "tar", "c%sf" % packed, tmp_path / "x.tar", "-C", there,
			      "."], stderr=subprocess.PIPE, timeout=60 * qemu.PATIENCE, env=env)
	assert (ran.returncode, ran.stderr) == (0, b"")
	with tarfile.open(tmp_path / "x.tar") as t:
		assert sorted(os.path.normpath(m.name) for m in t) == sorted(["."] + list(members(there)))
		assert all(m.mtime == int(os.lstat(there / m.name).st_mtime) for m in t)
	for folder, reader in (("a", ["tar"]), ("b", ["qemu-riscv64", bin / "tar"])):
		(tmp_path / folder).mkdir()
		subprocess.run([*reader, "xpf", tmp_path / "x.tar", "--no-same-owner"], cwd=tmp_path / folder,
			       check=True, timeout=60 * qemu.PATIENCE, env=env)
		assert members(tmp_path / folder) == members(there)
