"""`sbi test` and the boot mode `sbitest` under each version of the firmware:
nothing fails, what is known to be wrong is exactly what it is known to be, and
what is skipped is so for its reason. That the checks can fail was seen with
firmware that was made wrong: kernel/sbitest/README.md tells how.
"""

import re

import pytest

from conftest import have
from qemu import Machine
from test_firmware import can_suspend

FIRMWARE = ["", "1.5", "1.6", "1.9"]    # "": what QEMU brings along, 1.1
OLD = ["", "1.5", "1.6"]


def firmware(version):
	return have("opensbi", version) if version else ""


# Faults: group, the beginning of the check, the versions that have it.
KNOWN = [
	("IPI", "no hart from an unknown one on: send_ipi", ["", "1.5"]),
	("IPI", "an unknown hart as base gives", ["1.6"]),
	("IPI", "an unknown hart in the mask gives", OLD),
	("RFENCE", "an unknown hart as base: fence_i", ["1.6"]),
	("RFENCE", "an unknown hart as base: sfence_vma", ["1.6"]),
	("RFENCE", "an unknown hart in the mask: fence_i", OLD),
	("RFENCE", "an unknown hart in the mask: sfence_vma:", OLD),
	("RFENCE", "an unknown hart in the mask: sfence_vma_asid", OLD),
	("PMU", "stop before start", OLD),
	("PMU", "start again", OLD),
	("PMU", "stop again", OLD),
	("PMU", "and is started already", OLD),
	("PMU", "fw_read, counter of hardware", [""]),
	("PMU", "config_matching, reserved event 0xf0016", [""]),
	("PMU", "event_get_info agrees on firmware set_timer", ["1.6", "1.9"]),
	("DBCN", "write, upper word of the address", ["1.5", "1.6", "1.9"]),
	("DBCN", "read, upper word of the address", ["1.5", "1.6", "1.9"]),
	("legacy", "clear_ipi says that one was pending", FIRMWARE),
] + [("DBTR", check, ["1.9"]) for check in (
	"set_shmem: a flag", "read behind the last one", "read of more than there are",
	"install more than there are", "uninstall behind the last one",
	"enable of an uninstalled one", "disable of an uninstalled one",
	"install for M-mode", "install with dmode")]

# A race: 1.1 sends a hart to its last address now and then.
MAYBE = [("HSM", "it arrives where it should", [""])]

ABSENT = "the firmware does not have it"
DRAFT = "the firmware has a draft of it, or it is hidden"
ALONE = 'only in the boot mode: "sbitest" on the kernel\'s command line'

# group, check, why, where
SKIPPED = [
	("PMU", "fw_read_hi", "since 2.0", [""]),
	("PMU", "snapshot", "since 2.0", [""]),
	("PMU", "snapshot", "the firmware has none", ["1.5", "1.6", "1.9"]),
	("PMU", "event_get_info", "since 3.0", ["", "1.5"]),
	("DBCN", "all", ABSENT, [""]),
	*(("DBCN", "write, %s 4 GiB" % where, "no such memory was at hand",
	   ["1.5", "1.6", "1.9"]) for where in ("across", "above")),
]
SKIPPED += [(group, "all", ABSENT, FIRMWARE) for group in ("CPPC", "NACL", "STA", "MPXY")]
for group in ("SSE", "FWFT", "DBTR"):
	SKIPPED += [(group, "all", ABSENT, [""]), (group, "all", DRAFT, ["1.5", "1.6"])]
NO_SUSP = [("SUSP", "all", ABSENT, FIRMWARE)]
ONLY_ALONE = [
	(group, "what stops all other harts", ALONE, FIRMWARE) for group in ("HSM", "SRST")] + [
	(group, "what stops all other harts", ALONE, ["1.9"]) for group in ("SSE", "FWFT")]


def machine(has=(), alone=False):
	"""What SSE and FWFT skip for want of a machine that has more than these."""
	events = ["local RAS, high priority", "local double trap", "global RAS, high priority",
		  "local counter overflow", "local RAS, low priority", "global RAS, low priority"]
	features = ["double trap", "page table A/D", "pointer masking"]
	rows = [("FWFT", "misaligned delegation: 1, and a load makes a trap",
		 "the hart does misaligned loads itself", ["1.9"])]
	if alone:
		features += ["landing pad", "shadow stack"]
		if "local double trap" not in has:
			rows += [("SSE", "double trap", "the machine does not tell them apart", ["1.9"])]
	rows += [("SSE", event, "the machine has no such event", ["1.9"]) for event in events]
	rows += [("FWFT", feature, "the machine does not have it", ["1.9"]) for feature in features]
	return [row for row in rows if row[1] not in has]


RUNNING = SKIPPED + NO_SUSP + ONLY_ALONE + machine()
BOOTED = SKIPPED + machine(alone=True)
# What else there is with a newer QEMU
NEWER = {
	"max": {"local double trap", "local counter overflow", "double trap", "pointer masking",
		"landing pad", "shadow stack"},
	"rv64,svade=on,svadu=on": {"page table A/D"},
}

# Written by the firmware, and so on no line of the kernel's
WRITTEN = ["in a page", "across two pages", "byte by byte"]


def lines(text):
	"""(verdict, group, check, what more is said), of each line that is one."""
	return [tuple((row + "\t").split("\t")[:4]) for row in re.findall(
		r"^(?:\[ *\d+\.\d+ h\d+\] )?((?:pass|fail|skip|known)\t[^\t\n]+\t[^\r\n]+)",
		text.replace("\r", ""), re.M)]


def judge(rows, version, skipped):
	"""No failure, and just these faults and omissions."""
	assert [row for row in rows if row[0] == "fail"] == []
	known = [row[1:3] for row in rows if row[0] == "known"]
	for group, check, versions in KNOWN:
		seen = [k for k in known if k[0] == group and k[1].startswith(check)]
		assert len(seen) == (version in versions), (group, check, known)
		known = [k for k in known if k not in seen]
	assert [k for k in known if not any(
		k[0] == group and k[1].startswith(check) and version in versions
		for group, check, versions in MAYBE)] == []
	assert sorted(row[1:] for row in rows if row[0] == "skip") == \
		sorted(row[:3] for row in skipped if version in row[3])
	assert len(set(rows)) == len(rows)


def total(rows, who):
	count = {kind: sum(row[0] == kind for row in rows)
		 for kind in ("pass", "fail", "skip", "known")}
	return "%s: %d passed, %d failed, %d skipped, %d known" % (who, *count.values())


def run(guest, command="sbi test", status=0):
	"""What it says, and the lines behind it."""
	out, got = guest.command(command, 120)
	assert got == status, out
	text, got = guest.command("cat /proc/sbi/test")
	assert got == 0
	return out.replace("\r", ""), lines(text)


def output(guest, command):
	out, status = guest.command(command)
	assert status == 0, out
	return out


def written(log):
	"""What came over the console past the kernel."""
	log = log.replace("\r", "")
	found = re.findall(r"^sbi test: a line written by DBCN, (.*)$", log, re.M)
	old = log.count("\nsbi test: a line written by the legacy call\n")
	return found, old


@pytest.mark.parametrize("version, cpu", [(version, "") for version in FIRMWARE] +
			 [("", "rv64,sstc=off"), ("1.9", "rv64,sstc=off")])
def test_running(boot, version, cpu):
	guest = boot(Machine(smp=4, bios=firmware(version), cpu=cpu))
	out, rows = run(guest)
	judge(rows, version, RUNNING)
	assert out.split("\n")[-2] == total(rows, "sbi test"), out
	assert len(rows) > 200
	assert {row[1] for row in rows} >= {"BASE", "TIME", "IPI", "RFENCE", "HSM", "SRST",
					    "PMU", "DBCN", "legacy"}
	for verdict, group, check, more in rows:
		assert "%-5s  %-6s  %s" % (verdict, group, check) + (
			": " + more if more else "") in out.split("\n")
	assert written(guest.log) == (WRITTEN if version else [], 1)
	# All is as it was before: timers, harts, fences, counters.
	smp = "/test/smp && " if cpu else ""
	out, status = guest.command(smp + "perf stat sleep 0.1 && hart off 1 && hart on 1", 240)
	assert status == 0 and "instructions" in out, out
	_, again = run(guest)
	assert again == rows


def test_names(boot):
	guest = boot(Machine(smp=2, bios=firmware("1.9")))
	out, rows = run(guest, "sbi test time ipi")
	assert {row[1] for row in rows} == {"IPI"}      # the last run's
	assert re.findall(r"^pass   (\S+) ", out, re.M).count("TIME") > 20
	out, rows = run(guest, "sbi test -q LEGACY dbcn")
	assert not re.search("^pass", out, re.M)
	assert "known  legacy  clear_ipi says that one was pending: gives 0" in out
	out, status = guest.command("sbi test nosuch base")
	assert status == 1 and "nosuch: there is no test of that name" in out, out
	assert re.search(r"^sbi test: \d\d passed, 0 failed, 0 skipped, 0 known$",
			 out.replace("\r", ""), re.M)
	assert "usage: sbi test" in guest.command("sbi test -x")[0]
	assert "sbi test [-q]" in guest.command("sbi --help")[0]
	out, rows = run(guest, "sbi test susp")
	assert rows == [("skip", "SUSP", "all", ABSENT)], out


def test_at_once(boot):
	"""Some at once, under load: one goes on, the others are told so. And calls
	are watched, counters used meanwhile."""
	guest = boot(Machine(smp=4, bios=firmware("1.9"), cpu="rv64,sstc=off"))
	guest.command("for i in 1 2 3 4 5 6; do sh -c 'while :; do sleep 0.01 | cat; done' & done")
	out, _ = guest.command("p=; for i in 1 2 3; do sbi test -q >/tmp/$i 2>&1 & p=\"$p $!\"; done; "
			       "perf stat -e firmware-set_timer,firmware-IPI-sent sbi test -q; "
			       "sbi trace sbi test -q ipi >/tmp/trace 2>&1; "
			       "wait $p; cat /tmp/1 /tmp/2 /tmp/3", 120)
	sums = re.findall(r"^sbi test: (\d+) passed, (\d+) failed", out.replace("\r", ""), re.M)
	assert len(sums) == 4, out
	assert {failed for _, failed in sums} == {"0"}, out
	assert len([passed for passed, _ in sums if int(passed) > 150]) >= 1, out
	assert len([passed for passed, _ in sums if passed == "0"]) == \
		out.count("somebody else is testing"), out
	judge(run(guest)[1], "1.9", RUNNING)


@pytest.mark.parametrize("version", ["1.5", "1.9"])
def test_much_memory(boot, version):
	"""Addresses of more than 32 bits; and all of the memory is given back."""
	guest = boot(Machine(smp=2, mem="6G", bios=firmware(version)))
	free = []
	for _ in range(3):
		out, rows = run(guest, "sbi test dbcn")
		assert ("pass", "DBCN", "write, across 4 GiB: takes all bytes", "") in rows
		free.append(int(re.search(r"^MemFree: *(\d+) kB", output(
			guest, "cat /proc/meminfo"), re.M).group(1)))
	assert written(guest.log) == (
		["in a page", "across two pages", "across 4 GiB", "above 4 GiB",
		 "byte by byte"] * 3, 0)
	assert abs(free[2] - free[1]) < 1000, free


@pytest.mark.parametrize("version", ["", "1.9"])
def test_one_hart(boot, version):
	guest = boot(Machine(smp=1, bios=firmware(version)))
	_, rows = run(guest)
	assert [row for row in rows if row[0] == "fail"] == []
	alone = [row for row in rows if row[3] == "there is no other hart"]
	assert {row[1] for row in alone} >= {"BASE", "TIME", "IPI", "RFENCE", "HSM", "PMU",
					     "legacy"}
	assert {row[0] for row in alone} == {"skip"}


def test_hidden(boot):
	"""What the kernel is to do without is not tried either."""
	guest = boot(Machine(smp=2, bios=firmware("1.9"), append="sbi.hide=TIME,DBCN"))
	_, rows = run(guest)
	assert [row for row in rows if row[1] in ("TIME", "DBCN")] == [
		("skip", "TIME", "all", DRAFT), ("skip", "DBCN", "all", DRAFT)]


@pytest.mark.parametrize("version", FIRMWARE)
def test_boot_mode(boot, version):
	guest = boot(Machine(smp=4, bios=firmware(version), append="sbitest"), prompt=False)
	guest.wait_end(120)
	rows = lines(guest.log)
	judge(rows, version, BOOTED + NO_SUSP)
	assert re.search(r"\] %s\r?\n" % re.escape(total(rows, "sbitest")), guest.log)
	stopped = [row for row in rows if row[1] == "HSM" and "stops" in row[2]]
	assert len(stopped) == 3 + 3 + 1, stopped
	assert [row[2] for row in rows if "reason" in row[2]]
	assert written(guest.log) == (WRITTEN if version else [], 1)


@pytest.mark.parametrize("cpu", NEWER)
def test_newer(boot, cpu):
	"""What harts of a newer QEMU have: events, switches, and what these do."""
	m = Machine(smp=3, bios=firmware("1.9"), qemu=have("qemu", "10"), cpu=cpu)
	guest = boot(m)
	_, rows = run(guest)
	judge(rows, "1.9", SKIPPED + NO_SUSP + ONLY_ALONE + machine(NEWER[cpu]))
	_, again = run(guest)
	assert again == rows
	booted = boot(m.but(append="sbitest"), prompt=False)
	booted.wait_end(120)
	alone = lines(booted.log)
	judge(alone, "1.9", SKIPPED + NO_SUSP + machine(NEWER[cpu], alone=True))
	seen = {row[2] for row in alone if row[0] == "pass"}
	if cpu == "max":
		assert seen >= {"double trap: an event", "double trap: handler: a trap was being handled",
				"landing pad: is 1", "shadow stack: is 1", "pointer masking: 7 bits, "
				"they are ignored", "pointer masking: locked, set to 7",
				"0x10000, then 0xffff0000: the higher one comes in between"}
	else:
		assert seen >= {"page table A/D, once: 1, the entry behind a store with neither",
				"page table A/D, twice: 0, a load with neither",
				"page table A/D, locked: 1, a store with A",
				"page table A/D: locked, set to 0"}
	# The handlers ran on each of the others.
	assert {"other hart %d: a global event has its number" % i for i in range(2)} < \
		{row[2] for row in rows}


def test_boot_mode_one_hart(boot):
	guest = boot(Machine(smp=1, bios=firmware("1.9"), append="sbitest quiet"), prompt=False)
	guest.wait_end(120)
	assert "fail\t" not in guest.log
	assert "sbitest: " in guest.log


@pytest.mark.parametrize("version", [
	pytest.param("1.5", marks=pytest.mark.long),
	pytest.param("1.6", marks=pytest.mark.long), "1.9"])
def test_suspend(boot, tmp_path, version):
	"""The machine sleeps, twice, for the 5 seconds that OpenSBI makes of it."""
	guest = boot(can_suspend(tmp_path, version, "here").but(append="sbitest"), prompt=False)
	guest.wait_end(120)
	rows = lines(guest.log)
	judge(rows, version, BOOTED)
	assert len([row for row in rows if row[1] == "SUSP"]) == 17
