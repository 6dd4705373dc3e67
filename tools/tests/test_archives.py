"""Sums, packed files and archives of user/bin against what Python's libraries
and the build machine's programs make of them; the programs run under
qemu-riscv64.
"""

import random
import subprocess
import zlib

from conftest import BUILD

BIN = BUILD / "rootfs/bin"


def ours(name, *args, cwd=None, data=b"", status=0, under=None):
	"""What one of our programs wrote; `under` is its file when it has another
	name than the one it is called by."""
	ran = subprocess.run(["qemu-riscv64", "-0", name, BIN / (under or name), *args], cwd=cwd,
			     input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
	assert ran.returncode == status, (ran.returncode, ran.stderr)
	assert bool(ran.stderr) == bool(status), ran.stderr
	return ran.stdout


def test_crc32(tmp_path):
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
