"""Our C library beside that of Linux: the programs of user/lib/dice print what
each makes of cases that dice throw, the same for a seed, and the lines must be
equal. Under qemu-riscv64.

By hand, to find more: test_library.py PROGRAM SEED N
"""

import itertools
import pathlib
import subprocess
import sys
import tempfile

import pytest

import qemu
from conftest import BUILD, ROOT

PROGRAMS = sorted(p.stem for p in (ROOT / "user/lib/dice").glob("*.c"))


def plant(folder):
	"""What glob finds."""
	for name in "a/sub", "dir/sub", "dir/abc":
		(folder / name).mkdir(parents=True)
	for name in "b", "ab", ".hid", "a.b", "a/b", "a/.x", "dir/ab", "st*r":
		(folder / name).touch()
	(folder / "link").symlink_to("a")
	(folder / "broken").symlink_to("nowhere")


def differences(program, seed, n, folder):
	plant(folder)
	said = []
	for side in "stock", "user":
		ran = subprocess.run(["qemu-riscv64", BUILD / side / "dice" / program, str(seed), str(n)],
				     cwd=folder, env={"TZ": "UTC0"}, stdin=subprocess.DEVNULL, timeout=280 * qemu.PATIENCE,
				     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
		assert ran.returncode == 0, (side, ran.returncode, ran.stdout[-500:])
		said.append(ran.stdout.decode("latin-1").splitlines())
	assert len(said[0]) == len(said[1]) >= n
	return ["glibc: %.600s\nours:  %.600s" % rows for rows in zip(*said) if rows[0] != rows[1]]


def check(program, seed, n, folder):
	assert len(PROGRAMS) > 4
	wrong = differences(program, seed, n, folder)
	if wrong:
		pytest.fail("%d of %d differ\n%s" % (len(wrong), n, "\n".join(itertools.islice(wrong, 20))),
			    pytrace=False)


@pytest.mark.parametrize("program", PROGRAMS)
def test_dice(program, tmp_path):
	check(program, 1, 1500, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("program", PROGRAMS)
def test_dice_long(program, tmp_path):
	check(program, 2, 100000, tmp_path)


if __name__ == "__main__":
	with tempfile.TemporaryDirectory() as made:
		found = differences(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), pathlib.Path(made))
	print("\n".join(found) + "\n%d differ" % len(found))
