"""Harts that go and come back, the machine asleep and started again, under
several firmware versions. What programs see of it is in user/test/hart.c; here
are the firmware's differences, and what the console shows.
"""

import re
import subprocess

import pytest

from conftest import have
from qemu import Guest, GuestSilent, Machine
from test_boot import answers, edited

FIRMWARE = ["", "1.5", "1.6", "1.9"]    # "": what QEMU brings along


def firmware(version):
	return have("opensbi", version) if version else ""


def harts(guest):
	"""hart id: (how programs call it, in use, what the firmware says)"""
	out, status = guest.command("cat /proc/sbi/harts")
	assert status == 0, out
	rows = [line.split(" ", 3) for line in out.splitlines()]
	return {int(row[0]): (int(row[1]), row[2], row[3]) for row in rows}


def passes(guest, command, timeout=None):
	out, status = guest.command(command, timeout)
	assert status == 0 and re.search(r"^\d+ passed, 0 failed", out, re.M), out


@pytest.mark.parametrize("version", ["1.6", "1.9"])
def test_hot_plug(boot, version):
	"""Each hart, the first one too, under those that compute and sleep."""
	guest = boot(Machine(smp=4, debug=True, bios=firmware(version)))
	passes(guest, "/test/hart", 240)
	assert all(use.startswith("online") for _, use, _ in harts(guest).values())


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("version", FIRMWARE)
def test_hot_plug_long(boot, version):
	"""800 times a hart goes and comes, on a machine that has too few cores."""
	guest = boot(Machine(smp=8, debug=True, bios=firmware(version)))
	passes(guest, "ROUNDS=100 /test/hart sums_are_right", 3000)
	answers(guest, 8)


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


def test_idle_harts_suspend(boot):
	"""idle=suspend: who waits for work tells the firmware, and is woken by
	IPIs, timers and devices as before."""
	guest = boot(Machine(smp=4, append="idle=suspend"))
	assert "suspended" in [state for _, _, state in harts(guest).values()]
	out, status = guest.command("for i in 1 2 3 4 5 6; do sleep 0.1 & done; wait; echo ok")
	assert re.search("^ok$", out, re.M) and status == 0, out
	assert guest.command("hart off 0; hart on 0")[1] == 0
	answers(guest, 4)


# --- asleep ---

def can_suspend(folder, version, **more):
	"""A machine whose device tree offers OpenSBI's suspend for tests: it takes
	5 seconds, then waits for what wakes it."""
	machine = Machine(smp=4, bios=firmware(version), **more)
	tree = str(folder / "first.dtb")
	machine.dump_dtb(tree)
	handle = subprocess.run(["fdtget", tree, "/cpus/cpu@2", "phandle"], check=True,
				text=True, stdout=subprocess.PIPE).stdout.strip()
	config = "/chosen/opensbi-config"
	return edited(machine, folder, ("-c", [config]),
		      ("-t", "s", [config, "compatible", "opensbi,config"]),
		      ("-t", "i", [config, "cold-boot-harts", handle]),
		      ("-t", "x", [config, "system-suspend-test"]))


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.9"])
def test_suspend(boot, tmp_path, version):
	guest = boot(can_suspend(tmp_path, version))
	guest.command("hart off 3; sleep 2 & cat /proc/uptime; echo data >/home/file")
	before = harts(guest)
	out, status = guest.command("suspend 1 && wait && cat /home/file", 60)
	assert "awake again" in out and re.search("^data$", out, re.M) and status == 0, out
	assert [row[:2] for row in harts(guest).values()] == \
		[row[:2] for row in before.values()]
	# With no time given, a key wakes it; the shell then reads it.
	guest.type("suspend && echo $((6 * 7))")
	guest.expect("suspend to RAM")
	with pytest.raises(GuestSilent):
		guest.expect("awake again", 8)
	guest.send("e")
	guest.expect("awake again", 30)
	guest.expect(r"42\r")  # perhaps behind the key
	guest.send("cho $((7 * 8))\r")
	guest.expect(r"^56\r")
	guest.wait_prompt()
	assert guest.command("hart on 3")[1] == 0
	answers(guest, 4)
	passes(guest, "/test/hart sleepers_wake")


def test_suspend_refused(boot):
	"""By firmware that has no such call."""
	guest = boot(Machine(smp=2))
	out, status = guest.command("suspend 1")
	assert "suspend: the firmware cannot suspend this machine" in out and status == 1, out
	out, status = guest.command("suspend soon")
	assert "not a number of seconds" in out and status == 1, out
	answers(guest, 2)


# --- and started again ---

@pytest.mark.parametrize("version", ["", "1.9"])
def test_warm_reboot(disk, version):
	"""With the hart that booted away: all are there again afterwards."""
	with Guest(Machine(smp=4, disk=disk, snapshot=True, bios=firmware(version))) as guest:
		guest.boot()
		out, status = guest.command("hart off 0")
		assert status == 0, out
		guest.type("reboot -w")
		guest.expect(r"\] restarting, warm\r")
		guest.expect("OpenSBI")
		guest.boot()
		answers(guest, 4)
		guest.poweroff()
