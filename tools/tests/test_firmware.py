"""The firmware, version by version: each OpenSBI on each QEMU must bring the
kernel up, start and stop its harts, suspend it, restart it and switch it off.

`make test-firmware` is all of it: every pair, and every hart 100 times away
and back. `make test` takes the pairs of SHORT, which meet each firmware and
each QEMU once, and fewer rounds.
"""

import re
import struct
import subprocess
import time
import warnings

import pytest

import qemu
from conftest import have
from qemu import Guest, Machine
from test_boot import answers, edited
from test_hart import harts, passes

FIRMWARE = ["1.1", "1.5", "1.6", "1.9"]
QEMUS = ["here", "10"]          # the one that is installed, and a fetched one
SHORT = [("1.1", "here"), ("1.5", "10"), ("1.6", "here"), ("1.9", "10")]

# A fault of the firmware's, in about half of all boots: it takes a hart's
# start and never lets it go. Entered as fw_dynamic it does not.
PENDING = "OpenSBI 1.5.1 entered as fw_jump left harts start pending"

pytestmark = pytest.mark.firmware


def pairs(firmware=FIRMWARE):
	return pytest.mark.parametrize("version,emulator", [
		pytest.param(v, q, id="%s-qemu-%s" % (v, q),
			     marks=() if (v, q) in SHORT else pytest.mark.long)
		for v in firmware for q in QEMUS])


def machine(version, emulator, **more):
	return Machine(bios=have("opensbi", version),
		       qemu="" if emulator == "here" else have("qemu", emulator), **more)


@pytest.fixture
def rounds(request):
	return 100 if request.config.getoption("--long") else 2


def right_firmware(guest, version):
	"""Said by itself, and what it told the kernel."""
	said = re.search(r"^OpenSBI v(\d+\.\d+)", guest.log, re.M)
	assert said and said.group(1) == version, guest.log[:2000]
	out, status = guest.command("cat /proc/sbi/info")
	assert status == 0 and "\nversion\t%s\n" % version in out, out


@pytest.mark.parametrize("smp,mem", [
	(4, "256M"), *(pytest.param(smp, mem, marks=pytest.mark.long)
		       for smp, mem in [(1, "64M"), (3, "256M"), (8, "3G")])])
@pairs()
def test_boot(boot, version, emulator, smp, mem):
	guest = boot(machine(version, emulator, smp=smp, mem=mem))
	right_firmware(guest, version)
	answers(guest, smp)


def without_fences(folder, version):
	"""A copy of the firmware in which the calls for fences have numbers that
	nobody asks for, and those of SBI 0.1 end before theirs."""
	path = have("opensbi", version)
	with open(path, "rb") as f:
		image = f.read()
	for name, first, last, then in [(b"rfnc", 0x52464e43, 0x52464e43, (0x0a000000, 0x0a000000)),
					(b"legacy", 0, 8, (0, 4))]:
		row = name.ljust(8, b"\0") + struct.pack("<QQ", first, last)
		assert image.count(row) == 1
		image = image.replace(row, row[:8] + struct.pack("<QQ", *then))
	(folder / "fw_dynamic.bin").write_bytes(image)
	return str(folder / "fw_dynamic.bin")


def test_no_fences(boot, tmp_path):
	"""Two harts cannot share a page table then, so one has to do; and it stays
	so when another is wanted."""
	guest = boot(Machine(smp=3, bios=without_fences(tmp_path, "1.9")))
	refused = r"\] hart (\d) stays off: the firmware refuses fences on it \(NOT_SUPPORTED\)\r$"
	answers(guest, 1)
	first = {int(h) for h in re.findall(refused, guest.log, re.M)}
	assert len(first) == 2 and "1 of 3 harts run" in guest.log, guest.log
	for hart in first:
		text, status = guest.command("hart on %d" % hart)
		assert status and text, guest.log
	assert len(re.findall(refused, guest.log, re.M)) == 4, guest.log
	answers(guest, 1)


@pairs()
def test_jump(boot, version, emulator):
	"""The other form, which knows nothing of the kernel but its address."""
	jump = machine(version, emulator, kernel=str(qemu.BUILD / "Image"))
	jump.bios = jump.bios.replace("fw_dynamic", "fw_jump")
	guest = boot(jump)
	right_firmware(guest, version)
	missing = {hart: state for hart, (_, use, state) in harts(guest).items()
		   if not use.startswith("online")}
	if version == "1.5" and missing and set(missing.values()) == {"start pending"}:
		warnings.warn("%s: %s" % (PENDING, ", ".join(map(str, sorted(missing)))))
	else:
		assert not missing, guest.log[-3000:]
	answers(guest, 4 - len(missing))


@pytest.mark.timeout(1800)
@pairs()
def test_hot_plug(boot, version, emulator, rounds):
	"""Each hart, the first one too, goes and comes under those that compute,
	on a machine that has too few cores."""
	guest = boot(machine(version, emulator, smp=8, debug=True))
	passes(guest, "ROUNDS=%d /test/hart" % rounds, 60 + 10 * rounds)
	assert all(use.startswith("online") for _, use, _ in harts(guest).values())
	answers(guest, 8)


@pairs()
def test_idle_harts_suspend(boot, version, emulator):
	"""idle=suspend: who waits for work tells the firmware, and is woken by
	IPIs, timers and devices as before."""
	guest = boot(machine(version, emulator, append="idle=suspend"))
	assert "suspended" in [state for _, _, state in harts(guest).values()]
	out, status = guest.command("for i in 1 2 3 4 5 6; do sleep 0.1 & done; wait; echo ok")
	assert re.search("^ok$", out, re.M) and status == 0, out
	assert guest.command("hart off 0; hart on 0")[1] == 0
	answers(guest, 4)


@pairs()
def test_restart(disk, version, emulator):
	"""Cold, warm, each with the hart that booted away: all are there again.
	Then off, which no restart is."""
	with Guest(machine(version, emulator, disk=disk, snapshot=True)) as guest:
		guest.boot()
		for how, said in (("reboot", "restarting"), ("reboot -w", "restarting, warm")):
			first = next(hart for hart, row in harts(guest).items() if "boot" in row[1])
			out, status = guest.command("hart off %d" % first)
			assert status == 0, out
			guest.type(how)
			guest.expect(r"\] %s\r" % said)
			guest.expect(r"OpenSBI v%s\b" % re.escape(version))
			guest.boot()
			answers(guest, 4)
		guest.poweroff()


# --- asleep ---

def can_suspend(folder, version, emulator):
	"""A machine whose device tree offers OpenSBI's suspend for tests: it takes
	5 seconds, then waits for what wakes it."""
	sleeper = machine(version, emulator)
	tree = str(folder / "first.dtb")
	sleeper.dump_dtb(tree)
	handle = subprocess.run(["fdtget", tree, "/cpus/cpu@2", "phandle"], check=True,
				text=True, stdout=subprocess.PIPE).stdout.strip()
	config = "/chosen/opensbi-config"
	return edited(sleeper, folder, ("-c", [config]),
		      ("-t", "s", [config, "compatible", "opensbi,config"]),
		      ("-t", "i", [config, "cold-boot-harts", handle]),
		      ("-t", "x", [config, "system-suspend-test"]))


# Before 1.5 there was no such call: test_hart.py has that.
@pairs(FIRMWARE[1:])
def test_suspend(boot, tmp_path, version, emulator):
	guest = boot(can_suspend(tmp_path, version, emulator))
	guest.command("hart off 3; sleep 2 & cat /proc/uptime; echo data >/home/file")
	before = harts(guest)
	out, status = guest.command("suspend 1 && wait && cat /home/file", 60)
	assert "awake again" in out and re.search("^data$", out, re.M) and status == 0, out
	assert [row[:2] for row in harts(guest).values()] == \
		[row[:2] for row in before.values()]
	# With no time given, a key wakes it; the shell then reads it.
	guest.type("suspend && echo $((6 * 7))")
	guest.expect("suspend to RAM")
	until = time.monotonic() + 8
	while time.monotonic() < until:
		guest.read(1)
	assert "awake again" not in guest.log[guest.pos:]
	guest.send("e")
	guest.expect("awake again", 30)
	guest.expect(r"42\r")  # perhaps behind the key
	guest.send("cho $((7 * 8))\r")
	guest.expect(r"^(?:# )?56\r")  # the prompt may have been late
	guest.wait_prompt()
	assert guest.command("hart on 3")[1] == 0
	answers(guest, 4)
	passes(guest, "/test/hart sleepers_wake")


# --- the kernel's own checks of the firmware ---

def nothing_failed(text, who):
	found = re.search(r"^(?:\[.*\] )?%s: (\d+) passed, (\d+) failed, \d+ skipped, \d+ known\r?$"
			  % who, text, re.M)
	assert found and int(found.group(1)) and not int(found.group(2)), text[-6000:]


@pairs()
def test_checks(boot, version, emulator):
	"""`sbi test` asks what can be asked while the system runs; then it does
	still, and so does every hart."""
	guest = boot(machine(version, emulator))
	out, status = guest.command("sbi test")
	nothing_failed(out, "sbi test")
	assert status == 0, out
	passes(guest, "/test/hart sums_are_right")
	answers(guest, 4)


@pairs()
def test_checks_at_boot(disk, version, emulator):
	"""And what cannot, instead of the system: then the machine is off."""
	with Guest(machine(version, emulator, disk=disk, snapshot=True,
			   append="sbitest")) as guest:
		guest.wait_end(120)
		nothing_failed(guest.log, "sbitest")
