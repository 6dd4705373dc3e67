"""The first hour of somebody who knows Unix: the lines of first_hour.txt, typed
one after the other at the console of one machine. How to read that file stands
at its head.
"""

import re
import time

import pytest

import qemu
from conftest import ROOT, fsck
from qemu import Guest, Machine

pytestmark = pytest.mark.xdist_group("first-hour")

KEYS = {
	"enter": "\r", "tab": "\t", "bs": "\x7f", "nothing": "",
	"up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
	"home": "\x1b[H", "end": "\x1b[F", "del": "\x1b[3~",
	"ctrl-left": "\x1b[1;5D", "ctrl-right": "\x1b[1;5C",
}
# Keys that end a line as Enter does.
ENDS = ("<^c>", "<^z>", "<^d>", "<^\\>", "<nothing>")


def read_lines():
	"""What is typed, with what is to come of it."""
	lines = []
	for row in (ROOT / "tools/tests/first_hour.txt").read_text().splitlines():
		kind, _, rest = row.partition(" ")
		if kind == "$":
			lines.append({"typed": rest, "=": [], ":": [], "!": [], "?": 0})
		elif kind == "?":
			lines[-1]["?"] = int(rest)
		elif kind in ("=", ":", "!") and lines:
			lines[-1][kind].append(rest)
		else:
			assert not row or row.startswith("#"), row
	assert len(lines) == 120
	return lines


LINES = read_lines()


def key(name):
	"""The bytes of <name>."""
	if name in KEYS:
		return KEYS[name]
	if name.startswith("^"):
		return chr(ord(name[1].upper()) & 31)
	assert name.startswith("alt-"), name
	return "\x1b" + name[4:]


def type_line(shell, typed):
	"""Sends the keys one after the other, as a person would, and waits where
	the line says so."""
	sent = False
	for part in re.split(r"(<[^<> ][^<>]*>)", typed):
		if part == "<pause>":
			time.sleep(0.7 * qemu.PATIENCE)
		elif part.startswith("<see "):
			shell.expect(part[5:-1], 30)
		elif part.startswith("<") and part.endswith(">"):
			shell.send(key(part[1:-1]))
			sent = True
		else:
			shell.send(part)
			sent = True
	if not typed.endswith(ENDS):
		shell.send("\r")
	assert sent


@pytest.fixture(scope="module")
def shell(disk):
	with Guest(Machine(smp=4, disk=disk, reboot=False), own_disk=True) as guest:
		guest.boot()
		yield guest
		guest.poweroff()
		fsck(guest.disk)


@pytest.mark.parametrize("row", LINES, ids=["%d %s" % (i + 1, row["typed"])
					    for i, row in enumerate(LINES)])
def test_line(shell, row):
	start = shell.pos
	type_line(shell, row["typed"])
	shell.wait_prompt(30)
	text = shell.log[start:].replace("\r\n", "\n")
	# The prompt says with which status the command ended, if that is not 0.
	status = re.search(r"(?:^|[\r\n])(?:\[(\d+)\] )?[~/][^\r\n]* # \Z", text)
	assert status, text
	# What came before the end of the first line is the line itself.
	text = qemu.PROMPT.sub("", text.partition("\n")[2])
	assert int(status[1] or 0) == row["?"], text
	if row["="]:
		assert text.splitlines() == row["="], text
	at = 0
	for pattern in row[":"]:
		found = re.compile(pattern, re.M).search(text, at)
		assert found, "%r is not in %r" % (pattern, text[at:])
		at = found.end()
	for pattern in row["!"]:
		assert not re.search(pattern, text, re.M), text
