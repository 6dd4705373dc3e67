"""Invocations that dice made up (programs/generate.py), with the build
machine's programs and with ours: equal standard output and status, and both or
neither say something on standard error.

By hand, to find more: test_generated.py SEED N [TOOL]
"""

import os
import shutil
import sys
import tempfile

import pytest

from test_programs import BIN, LINKS, both, differ_not, unlike, unlike_glibc

sys.path.insert(0, str(__import__("conftest").ROOT / "tools/tests/programs"))

import generate    # noqa: E402  (found by the line above)


def question(seed, n, only=None):
	files, lines = generate.invocations(seed, n, only)
	return {"files": {name: text.decode("latin-1") for name, text in files.items()}, "lines": lines}


def differences(seed, n, only=None):
	"""A text for each line that came out differently."""
	asked = question(seed, n, only)
	with tempfile.TemporaryDirectory() as folder:
		# Links of the disk are programs here, too.
		os.chmod(folder, 0o755)
		for program in BIN.iterdir():
			shutil.copy(program, folder)
		for name, target in LINKS.items():
			shutil.copy(BIN / target, os.path.join(folder, name))
		theirs, ours = both(asked, (None, folder))
	assert len(theirs) == len(ours) == n
	found = []
	for line, a, b in zip(asked["lines"], theirs, ours):
		text = ""
		if a["status"] != b["status"]:
			text += "    status %s, ours %s\n" % (a["status"], b["status"])
		if a["out"] != b["out"]:
			text += unlike("output", a["out"], b["out"])
		if bool(a["err"]) != bool(b["err"]):
			text += "    theirs says: %r, ours: %r\n" % (a["err"][:200], b["err"][:200])
		if text:
			found.append("%s\n%s    theirs says: %r\n    ours says:   %r\n" % (
				line, text, a["err"][:200], b["err"][:200]))
	return found


@pytest.mark.parametrize("seed", range(1, 5))
def test_generated(seed):
	found = differences(seed, 150)
	assert not found, "%d differ\n%s" % (len(found), "".join(found))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 150))
def test_generated_many(seed):
	found = differences(seed, 200)
	assert not found, "%d differ\n%s" % (len(found), "".join(found))


def test_with_glibc():
	"""The same programs, linked with the C library of Linux."""
	differ_not(unlike_glibc(question(50, 80)))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200, 225))
def test_with_glibc_many(seed):
	differ_not(unlike_glibc(question(seed, 200)))


if __name__ == "__main__":
	wrong = differences(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
	print("".join(wrong) + "%d differ" % len(wrong))
