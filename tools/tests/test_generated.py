"""Invocations that dice made up (programs/generate.py), with the build
machine's programs and with ours: equal standard output and status, and both or
neither say something on standard error.

By hand, to find more: test_generated.py SEED N [TOOL]
"""

import sys

import pytest

from test_programs import both, unlike

sys.path.insert(0, str(__import__("conftest").ROOT / "tools/tests/programs"))

import generate    # noqa: E402  (found by the line above)


def differences(seed, n, only=None):
	"""How many lines ran, and a text for each that came out differently."""
	files, lines = generate.invocations(seed, n, only)
	theirs, ours = both({"files": {name: text.decode("latin-1") for name, text in files.items()},
			     "lines": lines})
	assert len(theirs) == len(ours) == n
	found = []
	for line, a, b in zip(lines, theirs, ours):
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
@pytest.mark.parametrize("seed", range(100, 110))
def test_generated_many(seed):
	found = differences(seed, 1000)
	assert not found, "%d differ\n%s" % (len(found), "".join(found))


if __name__ == "__main__":
	wrong = differences(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
	print("".join(wrong) + "%d differ" % len(wrong))
