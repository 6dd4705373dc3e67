"""What `sbi` and `perf` say, and who agrees: the firmware's own banner, U-Boot,
and the firmware's performance counters. Who may write to the files below is in
user/test/sbi.c.
"""

import re
import subprocess

import pytest

from conftest import ROOT, TOOLS, have
from qemu import Machine, BUILD
from test_boot import without
from test_hart import harts
from test_sbi import TOOL

FIRMWARE = ["", "1.9"]  # "": what QEMU brings along


def firmware(version):
	return have("opensbi", version) if version else ""


def output(guest, command, status=0):
	out, got = guest.command(command)
	assert got == status, out
	return out


def banner(guest, key):
	"""What OpenSBI printed itself, before the kernel; the last time that it did."""
	found = re.findall(r"^%s\s*:\s*(\S+)" % re.escape(key), guest.log, re.M)
	assert found, key
	return found[-1]


def overview(guest):
	"""The lines that are a key and a value, the extensions that are there."""
	out = output(guest, "sbi")
	keys = dict(re.findall(r"^(\S.{15}) (\S.*)$", out, re.M))
	rows = re.findall(r"^(0x\w{8})  (.{31}) +(\d\.\d) +(\d+)  ", out, re.M)
	assert len(rows) == 25, out
	names = {name.strip() for _, name, _, probe in rows if probe != "0"}
	return out, {key.strip(): value for key, value in keys.items()}, names


@pytest.mark.parametrize("version", FIRMWARE)
def test_banner(boot, version):
	guest = boot(Machine(smp=3, bios=firmware(version)))
	out, keys, names = overview(guest)
	assert out.startswith("SBI %s, OpenSBI %s\n" % (
		banner(guest, "Runtime SBI Version"),
		re.search(r"^OpenSBI v(\d+\.\d+)", guest.log, re.M).group(1))), out
	assert keys["boot hart"] == banner(guest, "Boot HART ID")
	assert int(keys["reserved"].split("-")[0], 16) == \
		int(banner(guest, "Firmware Base"), 16)
	# The banner counts the programmable ones; cycle and instret come to it.
	assert keys["counters"].startswith("%d hardware" % (
		2 + int(banner(guest, "Boot HART MHPM Count" if not version else
			       "Boot HART MHPM Info").split()[0])))
	harts = output(guest, "sbi hsm").split("harts:")[1].split("\n\n")[0]
	assert len(re.findall(r"\bstarted$", harts, re.M)) == \
		int(banner(guest, "Platform HART Count")), harts
	known = re.search(r"^Standard SBI Extensions\s*:\s*(.*\S)", guest.log, re.M)
	if known:       # it has them in small letters
		assert {n.lower() for n in names if not n.startswith("legacy")} == \
			{n.replace("rfnc", "rfence") for n in known.group(1).split(",")} - {"legacy"}
	if version:     # FWFT: a line for each hart and feature
		assert output(guest, "sbi fwft").count("misaligned delegation") == 3
	passed = output(guest, "/test/sbi")
	assert "5 passed" in passed, passed


def test_events(boot):
	"""Local events are each hart's, as long as it is there; without firmware that
	has any there is nothing to tell. Channels of MPXY nobody here has."""
	guest = boot(Machine(smp=3, bios=firmware("1.9")))

	def harts(event):
		rows = output(guest, "cat /proc/sbi/sse").replace("\r", "").splitlines()
		rows = [row.split("\t") for row in rows]
		assert all(len(row) == 4 for row in rows), rows
		return {row[2]: row[3] for row in rows if row[1] == event}

	assert harts("local software") == {h: "unused" for h in "012"}
	assert harts("global software") == {"all": "unused"}
	assert harts("local RAS, high priority") == {"all": "NOT_SUPPORTED"}
	out = output(guest, "sbi sse")
	assert re.search(r"^    0xffff0000  local software +2    unused\r?$", out, re.M), out
	output(guest, "hart off 1")
	assert harts("local software") == {h: "unused" for h in "02"}
	output(guest, "hart on 1")
	assert len(harts("local software")) == 3
	assert output(guest, "cat /proc/sbi/mpxy") == ""
	out = output(guest, "sbi mpxy")
	assert "mpxy_get_channel_ids(start_index)" in out and "channels" not in out.split("ids(")[1]
	guest = boot(Machine(smp=1))
	assert output(guest, "cat /proc/sbi/sse /proc/sbi/mpxy") == ""


# U-Boot's words where they are not the specification's
U_BOOT = {"Timer Extension": "TIME", "IPI Extension": "IPI", "RFENCE Extension": "RFENCE",
	  "Hart State Management Extension": "HSM", "System Reset Extension": "SRST",
	  "Performance Monitoring Unit Extension": "PMU", "SBI Base Functionality": "BASE",
	  "Debug Console Extension": "DBCN", "System Suspend Extension": "SUSP"}


def test_u_boot(boot):
	"""U-Boot asks the same firmware, a minute before."""
	image = str(BUILD / "Image")
	guest = boot(Machine(smp=2, kernel=have("u-boot", "20"), extra=[
		"-device", "loader,file=%s,addr=0x84000000,force-raw=on" % image]), prompt=False)
	guest.expect("Hit any key to stop autoboot")
	guest.send("x")
	guest.expect("^=> ")
	guest.type("sbi")
	begin, end = guest.pos, guest.expect("^=> ").start()
	said = guest.log[begin:end].replace("\r", "")
	guest.type("booti 0x84000000 - ${fdtcontroladdr}")
	guest.expect("Starting kernel")
	guest.boot()
	out, keys, names = overview(guest)
	assert re.search(r"^SBI (\S+)", said, re.M).group(1) + ", " + \
		re.search(r"^OpenSBI .*", said, re.M).group(0) in out, said
	for ours, theirs in (("vendor", "Vendor ID"), ("architecture", "Architecture ID"),
			     ("implementation", "Implementation ID")):
		theirs = re.search(r"^ *%s +(\w+)" % theirs, said, re.M).group(1)
		assert int(keys[ours], 16) == int(theirs, 16), said
	theirs = re.findall(r"^  (\S.*?)$", said.partition("Extensions:")[2], re.M)
	assert len(theirs) == len(names), (said, out)
	assert {U_BOOT[t] for t in theirs if t in U_BOOT} == \
		{n for n in names if not n.startswith("legacy")}, said


def table(text):
	"""call: how often, by the table of `sbi stat`"""
	return {row[1]: int(row[0]) for row in
		re.findall(r"^ *(\d+) +\d+(?: +\d+\.\d){4}  .*?(\S+)$", text, re.M)}


@pytest.mark.parametrize("cpu,calls", [("", set()), ("rv64,sstc=off", {"set_timer"})])
def test_process(boot, cpu, calls):
	"""What a process costs in calls, from fork to exit, on one hart."""
	guest = boot(Machine(smp=1, cpu=cpu))
	assert set(table(output(guest, "sbi stat true"))) <= calls
	assert set(table(output(guest, "sbi stat sleep 0.05"))) == calls


@pytest.fixture
def ask(boot, tmp_path, disk):
	"""ask(line): the calls that cpu 0 made for other harts' sake while it ran,
	each with the cpus that it names."""
	image = str(tmp_path / "disk.img")
	subprocess.run([TOOL + "gcc", "-O2", "-static", "-pthread", "-o", tmp_path / "ask",
			ROOT / "tools/tests/ask.c"], check=True)
	subprocess.run(["cp", "--sparse=always", disk, image], check=True)
	for order in "write %s bin/ask" % (tmp_path / "ask"), "set_inode_field bin/ask mode 0100755":
		subprocess.run(["debugfs", "-w", "-R", order, image], env=TOOLS, check=True,
			       capture_output=True)
	guest = boot(Machine(smp=4, disk=image))
	cpu = {hart: row[0] for hart, row in harts(guest).items()}

	def ask(line):
		out = output(guest, "sbi trace ask " + line)
		found = [(call, {cpu[base + bit] for bit in range(64) if mask >> bit & 1}, more)
			 for by, call, mask, base, more in (
				(int(a), b, int(c, 16), int(d), e) for a, b, c, d, e in re.findall(
				r"hart (\d+)  (\w+)\(hart_mask=(\w+), hart_mask_base=(\d+)(.*)\) =", out))
			 if cpu[by] == 0]
		assert "are lost" not in out and found, out
		return found

	return ask


def test_wake_up_is_one_ipi(ask):
	"""A hart that does not get to sleep in time needs none; nor one that the
	build machine does not let get there."""
	most = 0
	for _ in range(5):
		found = [cpus for call, cpus, _ in ask("wake 40") if call == "send_ipi"]
		assert found.count({1}) <= 50, found
		most = max(most, found.count({1}))
		if most >= 20:
			break
	assert most >= 20, most


def test_shoot_down_is_one_call(ask):
	"""To the hart that runs the space and no other. (Fences of the kernel's own
	space, from 0xff..., are for all.)"""
	most = 0
	for _ in range(5):
		found = [cpus for call, cpus, more in ask("shoot 40")
			 if call == "remote_sfence_vma" and "start_addr=0xff" not in more]
		assert len(found) <= 50 and all(cpus == {1} for cpus in found), found
		most = max(most, len(found))
		if most >= 20:
			break
	assert most >= 20, most


def test_written_code_is_one_call(ask):
	"""The hart that will run it is told, and no other; it runs what was written."""
	found = [cpus for call, cpus, _ in ask("code 40") if call == "remote_fence_i"]
	assert 38 <= len(found) <= 50 and all(cpus == {1} for cpus in found), found


@pytest.mark.parametrize("version", FIRMWARE)
def test_counts(boot, version):
	"""The firmware counts the same, once around the kernel's count and once
	within. What is between are the programs that begin and end there."""
	guest = boot(Machine(smp=2, cpu="rv64,sstc=off", bios=firmware(version)))
	events = {"set_timer": "firmware-set_timer", "send_ipi": "firmware-IPI-sent",
		  "remote_fence_i": "firmware-fence.i-sent",
		  "remote_sfence_vma": "firmware-sfence.vma-sent",
		  "remote_sfence_vma_asid": "firmware-sfence.vma-asid-sent"}
	load = "sh -c 'for i in 1 2 3 4 5 6 7 8 9; do sleep 0.02; sleep 0.02 | cat; done'"
	count = "perf stat -e %s " % ",".join(events.values())

	def counted(text):
		return {call: int(re.search(r"^ *([\d,]+)  %s\r?$" % re.escape(event), text, re.M)
				  .group(1).replace(",", "")) for call, event in events.items()}

	def made(text):
		"""Of the calls. A fence goes to another hart as an IPI, and the firmware
		counts it as both."""
		calls = table(text)
		fences = sum(n for call, n in calls.items() if call.startswith("remote_"))
		return {**calls, "send_ipi": calls.get("send_ipi", 0) + fences}

	def near(less, more):
		"""Never less; and little more, if beginning and ending take no time."""
		assert less.get("set_timer", 0) >= 30, out
		both = [(less.get(call, 0), more.get(call, 0)) for call in events]
		assert all(few <= many for few, many in both), out
		return all(many <= few * 1.2 + 30 for few, many in both)

	for _ in range(4):
		out = output(guest, count + "sbi stat " + load)
		fits = near(made(out), counted(out))
		out = output(guest, "sbi stat " + count + load)
		if near(counted(out), made(out)) and fits:
			break
	else:
		pytest.fail(out)


def test_trace(boot):
	guest = boot(Machine(smp=2, cpu="rv64,sstc=off"))
	out = output(guest, "sbi trace sleep 0.05")
	times = [float(t) for t in re.findall(
		r"^(\d+\.\d{6}) hart [01]  set_timer\(stime_value=-?\d+\) = SUCCESS <\d+ ns>$",
		out, re.M)]
	assert len(times) >= 2 and times == sorted(times), out
	assert times[-1] - times[0] > 0.05, out
	# The command's status, and what it says, are as without.
	assert output(guest, "sbi trace sh -c 'echo said; exit 7'", 7).startswith("said\n")
	assert "no-such: No such file" in output(guest, "sbi stat no-such", 127)


def test_interrupted(boot):
	"""^C ends the command; the counts are shown, and counting ends."""
	guest = boot(Machine(smp=2, cpu="rv64,sstc=off"))
	guest.type("sbi stat sh -c 'echo go; sleep 1000'")
	guest.expect("^go")
	guest.send("\x03")
	assert re.search(r"calls +errors|no calls", guest.wait_prompt())
	assert output(guest, "echo $?") == "130\n"
	guest.type("perf stat sh -c 'echo go; sleep 1000'")
	guest.expect("^go")
	guest.send("\x03")
	assert "  instructions" in guest.wait_prompt()
	output(guest, "sbi stat true")
	output(guest, "perf stat true")
	output(guest, "echo on >/proc/sbi/stat")
	assert "somebody is using this" in output(guest, "sbi stat true", 1)
	assert "echo off >/proc/sbi/trace" in output(guest, "sbi trace true", 1)
	output(guest, "echo off >/proc/sbi/trace")
	assert re.search(r"^ +[01] +1 +0 .*  BASE get_mimpid$",
			 output(guest, "sbi stat -h cat /proc/sbi/info"), re.M)


def test_names(boot):
	guest = boot(Machine(smp=1))
	out = output(guest, "sbi nothing", 1)
	assert "no such extension" in out and "RFENCE, HSM" in out, out
	assert "usage:" in output(guest, "sbi --help") and "usage:" in output(guest, "perf", 2)
	out = output(guest, "sbi 0x48534d")
	assert "hart_start(hartid, start_addr, opaque)\n" in out, out
	assert "hart_get_status(hartid) -> value\n" in out, out
	assert output(guest, "sbi legacy").count("legacy_") == 9
	assert "no such event" in output(guest, "perf stat -e never true", 2)
	assert "-e wants events" in output(guest, "perf stat -e , true", 2)
	assert "usage:" in output(guest, "perf list all", 2)
	assert output(guest, "sbi trace true") == "no calls\n"
	out = output(guest, "perf stat -e instructions,L1D-read-misses true")
	assert re.search(r"<not supported>  L1D-read-misses\s", out), out
	# `true` and its beginning take more than that, and less.
	n = int(re.search(r"([\d,]+)  instructions", out).group(1).replace(",", ""))
	assert 10000 < n, out


def test_refused(boot):
	"""What the firmware does not do is told by its name, and a device does it."""
	guest = boot(Machine(smp=1, append="sbi.hide=SRST"))
	guest.type("reboot -w")
	guest.expect(r"system_reset, cold reboot: NOT_SUPPORTED\r?\n")
	guest.wait_end()


# Extensions, a call of each and a load that needs it.
PIPES = "sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 0.01 | cat; done'"
USED = {
	"TIME": ("set_timer", PIPES),
	"IPI": ("send_ipi", PIPES),
	"RFENCE": ("remote_sfence_vma", "/test/smp page_is_dropped"),
	"DBCN": ("console_putchar", "sh -c 'echo text; sleep 0.1'"),
	"SRST": None, "PMU": None, "HSM": None,
}
ALL = ",".join(USED)


@pytest.mark.parametrize("hidden,version", [
	*((name, "1.9") for name in USED), (ALL, "1.9"), (ALL, "1.1"),
	(ALL.replace(",HSM", ""), "1.9"), (ALL.replace(",HSM", ""), "1.1")])
def test_hidden(boot, tmp_path, disk, hidden, version):
	"""Old firmware has the legacy calls only: they do for what is hidden, and for
	nothing else. Without HSM nothing starts another hart, without PMU nothing
	counts; and each of these machines can be switched off."""
	names = hidden.split(",")
	machine = Machine(smp=2, cpu="rv64,sstc=off", bios=firmware(version), disk=disk,
			  append="sbi.hide=%s,NOSUCH" % hidden)
	console = version == "1.1"      # newer firmware would do without the UART, too
	if console:
		machine = without(machine, tmp_path, "10000000", disable=True)
	guest = boot(machine)
	assert "sbi.hide: no extension NOSUCH" in guest.log
	harts = 1 if "HSM" in names else 2
	assert "%d of 2 harts run" % harts in guest.log
	output(guest, "/test/smp")
	for name, (call, load) in ((n, c) for n, c in USED.items() if c):
		needed = {"TIME": True, "DBCN": console}.get(name, harts == 2)
		calls = table(output(guest, "sbi stat " + load))
		assert ("legacy_" + call in calls) == (name in names and needed), (name, calls)
		if name in names:
			assert call not in calls, (name, calls)
	text, status = guest.command("perf stat true")
	assert (status != 0) == ("PMU" in names), text
