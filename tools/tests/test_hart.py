"""Harts: the programs `hart` and `suspend`, and what the console shows. What
programs see of harts that go and come back is in user/test/hart.c, what each
firmware makes of it in test_firmware.py.
"""

import re

from qemu import Machine
from test_boot import answers


def harts(guest):
	"""hart id: (how programs call it, in use, what the firmware says)"""
	out, status = guest.command("cat /proc/sbi/harts")
	assert status == 0, out
	rows = [line.split(" ", 3) for line in out.splitlines()]
	return {int(row[0]): (int(row[1]), row[2], row[3]) for row in rows}


def passes(guest, command, timeout=None):
	out, status = guest.command(command, timeout)
	assert status == 0 and re.search(r"^\d+ passed, 0 failed", out, re.M), out


def test_hart_program(boot):
	guest = boot(Machine(smp=2))
	out, status = guest.command("hart off 1; hart; hart off 0")
	assert "   1    1  offline       stopped" in out, out
	assert "   0    0  online,boot   started" in out, out
	assert "hart: off 0: the last one" in out and status == 1, out
	answers(guest, 1)
	out, status = guest.command("hart on 1 && hart off 0 && hart")
	assert "   0    0  offline,boot  stopped" in out and status == 0, out
	out, status = guest.command("hart on 7 0")
	assert "hart: on 7: no such hart" in out and status == 1, out
	answers(guest, 2)
	out, status = guest.command("hart of 1")
	assert "usage: hart" in out and status == 1, out
	out, status = guest.command("hart off x")
	assert "hart: off x: not a hart's number" in out and status == 1, out
	assert guest.command("hart --help; suspend --help; reboot --help")[1] == 0


def test_suspend_refused(boot):
	"""By firmware that has no such call."""
	guest = boot(Machine(smp=2))
	out, status = guest.command("suspend 1")
	assert "suspend: the firmware cannot suspend this machine" in out and status == 1, out
	out, status = guest.command("suspend soon")
	assert "not a number of seconds" in out and status == 1, out
	answers(guest, 2)
