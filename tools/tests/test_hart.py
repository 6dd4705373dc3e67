"""Harts: sets of them with gaps, more than fit, some that are not there; and
the programs `hart` and `suspend`. What programs see of harts that go and come
back is in user/test/hart.c, what each firmware makes of it in test_firmware.py.
"""

import re

import pytest

import qemu
from conftest import have
from qemu import Machine
from test_boot import answers, debugger, edited


def harts(guest):
	"""hart id: (how programs call it, in use, what the firmware says)"""
	out, status = guest.command("cat /proc/sbi/harts")
	assert status == 0, out
	rows = [line.split(" ", 3) for line in out.splitlines()]
	return {int(row[0]): (int(row[1]), row[2], row[3]) for row in rows}


def passes(guest, command, timeout=None):
	out, status = guest.command("TEST_PATIENCE=%d %s" % (qemu.PATIENCE, command), timeout)
	assert status == 0 and re.search(r"^\d+ passed, 0 failed", out, re.M), out


# --- odd sets ---

@pytest.mark.parametrize("version,smp,ids", [
	("1.1", 4, {0, 2, 3}), ("1.6", 4, {1, 3}), ("1.9", 72, {3, 70, 71}),
	*(pytest.param(version, 72, {3, 70, 71}, marks=pytest.mark.long)
	  for version in ("1.1", "1.6"))])
def test_gaps(boot, tmp_path, disk, version, smp, ids):
	"""Harts that the tree calls disabled are nobody's: gaps in the numbers, the
	first hart missing, and a set that no mask of 64 bits holds."""
	machine = Machine(smp=smp, disk=disk, bios=have("opensbi", version))
	guest = boot(edited(machine, tmp_path, *(
		("-t", "s", ["/cpus/cpu@%d" % hart, "status", "disabled"])
		for hart in set(range(smp)) - ids)))
	assert "%d harts are disabled" % (smp - len(ids)) in guest.log
	assert set(harts(guest)) == ids
	answers(guest, len(ids))
	passes(guest, "/test/smp")
	passes(guest, "/test/hart")


@pytest.mark.parametrize("ids,may", [({1, 2, 3}, False), ({0, 1}, True)])
def test_start_makes_deaf(boot, tmp_path, disk, ids, may):
	"""OpenSBI 1.5, where an id is not the hart's place: to start one may take the
	interrupts of another away, for good. So they stay, and this is said."""
	machine = Machine(smp=4, disk=disk, bios=have("opensbi", "1.5"))
	guest = boot(edited(machine, tmp_path, *(
		("-t", "s", ["/cpus/cpu@%d" % hart, "status", "disabled"])
		for hart in set(range(4)) - ids)))
	assert set(harts(guest)) == ids
	out, status = guest.command("hart off 1 && hart on 1")
	assert (status == 0) == may, out
	assert ("loses interrupts of others" in out) != may, out
	answers(guest, len(ids))
	passes(guest, "/test/smp")


def test_deaf(boot, tmp_path, disk):
	"""A hart that loses the interrupts of others (here a debugger shuts them out)
	is asked again, named, and left out; when one arrives it takes part again."""
	socket = str(tmp_path / "gdb")
	guest = boot(Machine(smp=2, disk=disk, extra=[
		"-chardev", "socket,id=gdb,path=%s,server=on,wait=off" % socket,
		"-gdb", "chardev:gdb"]))
	# It has something to do, so nobody waits for it to wake.
	guest.command("(while :; do :; done) &")
	out, _ = guest.command("read line </proc/$!/stat; echo $line")
	cpu = out.split(") ")[1].split()[36]
	hart = next(hart for hart, row in harts(guest).items() if str(row[0]) == cpu)
	thread = "thread %d" % (hart + 1)
	debugger(guest, socket, thread, "set $sie = 0x220", "detach")
	out, status = guest.command("perf stat -e instructions true", 60)
	assert status == 0 and "hart %d does not hear the others" % hart in out, out
	assert harts(guest)[hart][1].endswith(",deaf")
	out, status = guest.command("hart off %d" % hart)
	assert status == 1, out
	out, status = guest.command("hart on %d" % hart)
	assert status == 1 and harts(guest)[hart][1].endswith(",deaf"), out
	answers(guest)
	out, status = guest.command("sbi test -q ipi")   # with those that hear
	assert status == 0 and "there is no other hart" in out, out
	debugger(guest, socket, thread, "set $sie = 0x222", "detach")
	out, status = guest.command("hart on %d" % hart)
	assert status == 0, out
	assert "hart %d hears the others again" % hart in guest.log
	assert harts(guest)[hart][1].split(",")[-1] in ("online", "boot")
	guest.command("kill $!; wait")
	answers(guest, 2)
	passes(guest, "/test/smp")


def test_more_than_fit(boot):
	"""The firmware's lottery says which 64 of the 66 are used."""
	guest = boot(Machine(smp=66, mem="512M", bios=have("opensbi", "1.9")))
	assert "2 harts more than 64 are left alone" in guest.log
	found = harts(guest)
	assert len(found) == 64
	assert {(use.split(",")[0], state) for _, use, state in found.values()} == \
		{("online", "started")}
	for hart in min(found), max(found):
		assert guest.command("hart off %d && hart on %d" % (hart, hart))[1] == 0
	passes(guest, "/test/smp")
	answers(guest, 64)


@pytest.mark.parametrize("version", ["1.1", "1.9"])
def test_not_there(boot, tmp_path, disk, version):
	"""The tree names harts that the machine does not have, and the firmware
	starts them: they are waited for, named, and left."""
	edits = []
	for hart in 70, 100:
		node = "/cpus/cpu@%d" % hart
		edits += [("-c", [node]), ("-t", "s", [node, "device_type", "cpu"]),
			  ("-t", "i", [node, "reg", str(hart)]),
			  ("-t", "s", [node, "riscv,isa", "rv64imafdc"]),
			  ("-t", "s", [node, "mmu-type", "riscv,sv48"])]
	machine = Machine(smp=2, disk=disk, bios=have("opensbi", version))
	guest = boot(edited(machine, tmp_path, *edits))
	for hart in 70, 100:
		assert "hart %d was started and has not come" % hart in guest.log
	assert "2 of 4 harts run" in guest.log
	assert {hart for hart, (_, use, _) in harts(guest).items()
		if use.startswith("online")} == {0, 1}
	out, status = guest.command("hart on 70")
	assert "hart: on 70:" in out and status == 1, out
	assert guest.command("hart off 0 && hart on 0")[1] == 0
	answers(guest, 2)


# --- the programs ---

def test_hart_program(boot):
	guest = boot(Machine(smp=2))
	# The firmware's lottery says which of them is the first.
	found = harts(guest)
	first = next(hart for hart, row in found.items() if "boot" in row[1])
	other = 1 - first
	cpu = {hart: row[0] for hart, row in found.items()}
	out, status = guest.command("hart off %d; hart; hart off %d" % (other, first))
	assert "   %d    %d  offline       stopped" % (other, cpu[other]) in out, out
	assert "   %d    %d  online,boot   started" % (first, cpu[first]) in out, out
	assert "hart: off %d: the last one" % first in out and status == 1, out
	answers(guest, 1)
	out, status = guest.command("hart on %d && hart off %d && hart" % (other, first))
	assert "   %d    %d  offline,boot  stopped" % (first, cpu[first]) in out and status == 0, out
	out, status = guest.command("hart on 7 %d" % first)
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
