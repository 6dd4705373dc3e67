"""The first hour of somebody who knows Unix: the lines of first_hour.txt, typed
one after the other at the console of one machine. How to read that file stands
at its head. And the first day: those of first_day.txt. Each as root and as an ordinary
user.
"""

import re
import subprocess
import time

import pytest

import qemu
from conftest import ROOT, TOOLS, fsck
from qemu import Disk, Guest, Machine

pytestmark = pytest.mark.xdist_group("first-hour")

KEYS = {
	"enter": "\r", "tab": "\t", "bs": "\x7f", "nothing": "",
	"up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
	"home": "\x1b[H", "end": "\x1b[F", "del": "\x1b[3~",
	"ctrl-left": "\x1b[1;5D", "ctrl-right": "\x1b[1;5C",
}
# Keys that end a line as Enter does.
ENDS = ("<^c>", "<^z>", "<^d>", "<^\\>", "<nothing>")


def read_lines(name, count, who=""):
	"""What is typed, with what is to come of it for root (r) or a user (u)."""
	lines = []
	for row in (ROOT / "tools/tests" / name).read_text().splitlines():
		kind, _, rest = row.partition(" ")
		if kind[:1] in ("r", "u") and kind[1:] in ("=", ":", "!", "?") and lines:
			if kind[0] != who:
				continue
			kind = kind[1:]
		if kind == "$":
			lines.append({"typed": rest, "=": [], ":": [], "!": [], "?": 0})
		elif kind == "?":
			lines[-1]["?"] = int(rest)
		elif kind in ("=", ":", "!") and lines:
			lines[-1][kind].append(rest)
		else:
			assert not row or row.startswith("#"), row
	assert len(lines) == count
	return lines


LINES = {"root": read_lines("first_hour.txt", 120, "r"), "user": read_lines("first_hour.txt", 120, "u")}
DAYS = {"root": read_lines("first_day.txt", 100, "r"), "user": read_lines("first_day.txt", 100, "u")}


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
			time.sleep(0.4 * qemu.PATIENCE)
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


@pytest.fixture(scope="module", params=["root", "user"])
def hour(request, disk):
	with Guest(Machine(smp=4, disk=disk, reboot=False), own_disk=True) as guest:
		guest.boot()
		if request.param == "user":
			assert guest.command("useradd -m user") == ("", 0)
			guest.send("exec login -f user\r")
			guest.wait_prompt(30)
		yield request.param, guest
		if request.param == "user":
			# Another one of root's begins.
			guest.send("exit\r")
			guest.wait_prompt(30)
		guest.poweroff()
		fsck(guest.disk)


def check(shell, row):
	start = shell.pos
	type_line(shell, row["typed"])
	shell.wait_prompt(30)
	text = shell.log[start:].replace("\r\n", "\n")
	# The prompt says with which status the command ended, if that is not 0.
	status = re.search(r"(?:^|[\r\n])(?:\[(\d+)\] )?[~/][^\r\n]* [#$] \Z", text)
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


@pytest.mark.parametrize("number", range(120))
def test_line(hour, number):
	who, guest = hour
	check(guest, LINES[who][number])


# A shell as an ordinary user, in the place of the one at the console.
BECOME = r"""
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
	if (chown("/tmp/home", 1000, 1000) || setgroups(0, NULL) || setgid(1000) || setuid(1000) ||
	    setenv("HOME", "/tmp/home", 1) || setenv("USER", "user", 1) || chdir("/tmp/home"))
		return 1;
	execl("/bin/sh", "sh", (char *)NULL);
	return 1;
}
"""


@pytest.fixture(scope="module", params=["root", "user"])
def day(request, disk, tmp_path_factory):
	folder = tmp_path_factory.mktemp("day")
	(folder / "tools").mkdir()
	(folder / "become.c").write_text(BECOME)
	subprocess.run(["riscv64-linux-gnu-gcc", "-static", "-O2", "-o", folder / "tools/become",
			folder / "become.c"], check=True)
	subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", folder / "tools", folder / "image", "8M"],
		       check=True, env=TOOLS)
	with Guest(Machine(smp=4, disk=disk, disks=[Disk(str(folder / "image"))], reboot=False),
		   own_disk=True) as guest:
		guest.boot()
		assert guest.command("mkdir /tmp/home /tmp/tools && mount -o ro /dev/vdb /tmp/tools && "
				     "cd /tmp/home && HOME=/tmp/home")[1] == 0
		if request.param == "user":
			start = guest.pos
			guest.send("/tmp/tools/become\r")
			guest.wait_prompt(30)
			text, status = guest.command("id -u; pwd")
			assert text.split() == ["1000", "/tmp/home"], guest.log[start:]
		yield request.param, guest
		if request.param == "user":
			guest.send("exit\r")
			guest.wait_prompt(30)
		guest.poweroff()
		fsck(guest.disk)


@pytest.mark.parametrize("number", range(100))
def test_day(day, number):
	who, guest = day
	check(guest, DAYS[who][number])
