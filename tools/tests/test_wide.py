"""RAM beyond what Sv39's direct map reaches (192 GiB): the kernel goes over to
Sv48 where the hart has it, and nowhere else. QEMU has 252 GiB that nobody
touches; the tree says which of it is RAM.
"""

import re
import socket
import subprocess

import pytest

from conftest import have
from qemu import BUILD, Machine
from test_boot import answers, edited
from test_firmware import can_suspend
from test_hart import harts, passes

LOW = 64 << 20          # where RAM always begins
FAR = 0x3e80000000      # where the rest of it does, 512 MiB
NODE = "/memory@80000000"
BANKS = ["0", "80000000", "0", "4000000", "3e", "80000000", "0", "20000000"]
SAID = "paging is Sv48: there is memory up to 0x3ea0000000"


def far(machine, folder, *edits, banks=BANKS):
	machine = machine.but(mem="252G", machine="virt,memory-backend=m", extra=[
		*machine.extra, "-object", "memory-backend-ram,id=m,size=252G,reserve=off"])
	bank = ("-t", "x", [NODE, "reg", *banks])
	if not machine.dtb:
		return edited(machine, folder, bank, *edits)
	subprocess.run(["fdtput", "-t", "x", machine.dtb, *bank[-1]], check=True)
	return machine


def modes(guest):
	out, _ = guest.command("cat /proc/cpuinfo")
	return re.findall(r"^mmu\s*: (\S+)$", out, re.M)


def total(guest):
	out, _ = guest.command("cat /proc/meminfo")
	return int(re.search(r"MemTotal: *(\d+) kB", out)[1]) << 10


class Monitor:
	"""QEMU's, behind a socket."""

	def __init__(self, folder):
		self.path = str(folder / "monitor")
		self.extra = ["-chardev", "socket,id=mon,path=%s,server=on,wait=off" % self.path,
			      "-mon", "chardev=mon"]

	def ask(self, *lines):
		with socket.socket(socket.AF_UNIX) as to:
			to.settimeout(60)
			to.connect(self.path)
			said = ""
			for line in ("", *lines):
				if line:
					to.sendall(line.encode() + b"\n")
				part = ""
				while not part.endswith("(qemu) "):
					part += to.recv(1 << 16).decode()
				said += part
		return said


def mapped(said):
	"""Rows of `info mem`: virtual and physical address, size, rights."""
	rows = re.findall(r"^([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{16}) (\S{7})", said, re.M)
	return [(*(int(word, 16) for word in row[:3]), row[3]) for row in rows]


def test_memory_far_up(boot, tmp_path):
	"""Programs, files and the disk's buffers are in it, on all harts."""
	monitor = Monitor(tmp_path)
	guest = boot(far(Machine(smp=4, extra=monitor.extra), tmp_path))
	assert SAID in guest.log and "left unused" not in guest.log
	answers(guest, 4)
	assert modes(guest) == ["sv48"] * 4
	assert 560 << 20 < total(guest) <= 576 << 20
	# Through tmpfs to the disk.
	out, status = guest.command("seq 1 3000000 >/tmp/x && cksum </tmp/x && "
				    "cp /tmp/x /home/x && rm /tmp/x && sync", 300)
	text = b"".join(b"%d\n" % n for n in range(1, 3000001))
	assert status == 0, out
	want = subprocess.run(["cksum"], input=text, stdout=subprocess.PIPE, check=True).stdout
	assert out.split()[:2] == want.decode().split()[:2]
	for name in "mmap", "fork", "exec", "smp":
		passes(guest, "/test/" + name, 120)
	looks = [line for n in range(4) for line in ("cpu %d" % n, "info mem")]
	rows = mapped(monitor.ask("stop", *looks, "cont"))
	banks = [(0x80000000, LOW), (FAR, 512 << 20)]

	def in_bank(pa, size):
		return any(base <= pa and pa + size <= base + n for base, n in banks)

	users = [row for row in rows if "u" in row[3]]
	assert any(pa >= FAR for _, pa, _, _ in users), rows
	assert all(va + size <= 1 << 38 and in_bank(pa, size) for va, pa, size, _ in users), users
	direct = [row for row in rows if 0xffff800000000000 <= row[0] < 0xffff840000000000]
	assert (0xffff800000000000 + FAR, FAR, 512 << 20, "rw--gad") in direct, direct
	assert all(va - pa == 0xffff800000000000 and in_bank(pa, size) and "x" not in rights
		   for va, pa, size, rights in direct), direct
	# Struct pages are there for the banks, and not for what is between.
	pages = [row for row in rows if 0xfffffff000000000 <= row[0] < 0xfffffff800000000]
	assert {size for _, _, size, _ in pages} and \
		sum({va: size for va, _, size, _ in pages}.values()) == (LOW + (512 << 20)) // 128
	guest.poweroff()
	subprocess.run(["debugfs", "-R", "dump /home/x %s" % (tmp_path / "x"), guest.disk],
		       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
	assert (tmp_path / "x").read_bytes() == text


def test_harts_come_and_go(boot, tmp_path):
	"""One that comes later gets the mode, and so does the first after a sleep."""
	guest = boot(far(can_suspend(tmp_path, "1.9", "here"), tmp_path))
	assert SAID in guest.log
	for hart in 0, 3, 1:
		assert guest.command("hart off %d && hart on %d" % (hart, hart))[1] == 0
	out, status = guest.command("suspend 1", 60)
	assert "awake again" in out and status == 0, out
	answers(guest, 4)
	assert modes(guest) == ["sv48"] * 4
	passes(guest, "/test/hart")


def test_harts_that_lack_it(boot, tmp_path):
	"""By their own word in the tree: they are not started."""
	edits = [("-t", "s", ["/cpus/cpu@%d" % n, "mmu-type", "riscv,sv39"]) for n in (1, 2)]
	guest = boot(far(Machine(smp=4), tmp_path, *edits))
	left = {1, 2} - {int(re.search(r"Octopos \S+ on hart (\d+)", guest.log)[1])}
	for hart in left:
		assert "hart %d has no Sv48 and is left alone" % hart in guest.log
	assert set(harts(guest)) == {0, 1, 2, 3} - left
	answers(guest, 4 - len(left))


def test_refused(boot, tmp_path):
	"""No hart has it: the memory is left alone, with a word."""
	guest = boot(far(Machine(smp=2, qemu=have("qemu", "10"), cpu="rv64,sv48=off,sv57=off"),
			 tmp_path))
	assert "memory beyond 0x3000000000 is left unused" in guest.log
	assert modes(guest) == ["sv39"] * 2 and total(guest) < LOW
	answers(guest, 2)


# What a tree claims of a machine that has 256 MiB; what is said of it.
CLAIMS = {
	"one bank": (["3e", "80000000"], "nothing answers from 0x90000000 to 0x3f00000000"),
	"all there is": (["ffffff", "0"], "nothing answers from 0x90000000 to 0x40000000000"),
	"a bank at 250 GiB": (["0", "10000000", "3e", "80000000", "0", "40000000"],
			      "nothing answers from 0x3e80000000 to 0x3ec0000000"),
	"a bank at 5 TiB": (["0", "10000000", "500", "0", "0", "40000000"],
			    "memory beyond 0x3000000000 is left unused"),
	"a bank to the end": (["0", "10000000", "ffffffff", "0", "0", "ffffffff"],
			      "memory beyond 0x3000000000 is left unused"),
}


@pytest.mark.parametrize("what", CLAIMS)
def test_trees_that_lie(boot, tmp_path, disk, what):
	"""Nothing of it is there: the machine stays what it is."""
	words, said = CLAIMS[what]
	guest = boot(edited(Machine(smp=2, disk=disk), tmp_path,
			    ("-t", "x", [NODE, "reg", "0", "80000000", *words])))
	assert said in guest.log
	assert modes(guest) == ["sv39"] * 2
	assert 240 << 20 < total(guest) < 256 << 20
	answers(guest, 2)


def test_reserved_far_up(boot, tmp_path):
	"""It is somebody else's: no reason to go over."""
	node = "/reserved-memory"
	guest = boot(far(Machine(smp=2), tmp_path, ("-c", [node]),
			 ("-t", "x", [node, "#address-cells", "2"]),
			 ("-t", "x", [node, "#size-cells", "2"]), ("-t", "s", [node, "ranges"]),
			 ("-c", [node + "/all@3e80000000"]),
			 ("-t", "x", [node + "/all@3e80000000", "reg", *BANKS[4:]])))
	assert "memory beyond 0x3000000000 is left unused" in guest.log
	assert modes(guest) == ["sv39"] * 2
	answers(guest, 2)


# --- the long form ---

@pytest.mark.long
@pytest.mark.parametrize("name", sorted(
	path.name for path in (BUILD / "rootfs/test").glob("*") if path.is_file()))
def test_programs_far_up(boot, tmp_path, name):
	"""Each of user/test, on the checking kernel."""
	passes(boot(far(Machine(smp=4, debug=True), tmp_path)), "/test/" + name, 600)


@pytest.mark.long
def test_firmware_far_up(boot, tmp_path):
	"""The kernel's own checks of the firmware, which write satp."""
	machine = Machine(smp=4, bios=have("opensbi", "1.9"), qemu=have("qemu", "10"),
			  append="sbitest quiet")
	guest = boot(far(machine, tmp_path), prompt=False)
	guest.wait_end(120)
	assert "sbitest: " in guest.log and "fail\t" not in guest.log


@pytest.mark.long
def test_many_harts_far_up(boot, tmp_path):
	guest = boot(far(Machine(smp=66, bios=have("opensbi", "1.9")), tmp_path))
	assert modes(guest) == ["sv48"] * 64
	passes(guest, "/test/smp", 300)


@pytest.mark.long
def test_all_of_it(boot, tmp_path):
	"""One bank of 251 GiB; 2 GiB of it are struct pages."""
	guest = boot(far(Machine(smp=2), tmp_path,
			 banks=["0", "80000000", "3e", "c0000000"]), timeout=120)
	assert "paging is Sv48: there is memory up to 0x3f40000000" in guest.log
	assert 248 << 30 < total(guest) < 251 << 30
	passes(guest, "/test/mmap", 120)
	answers(guest, 2)
