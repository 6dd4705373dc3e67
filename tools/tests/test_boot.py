"""Boots: hart counts, memory sizes, register layouts, things missing from the
device tree, each hart as the first one, other load addresses, odd disks. The
firmware versions are in test_firmware.py.
Every guest must reach the prompt, answer, switch off, and leave a clean disk.
"""

import os
import re
import shutil
import subprocess
import time

import pytest

import qemu
from conftest import have
from qemu import Machine

HARTS = re.compile(r"^processor\s*:", re.M)


def answers(guest, harts=None):
	"""Is it a working Unix? The root, a pipe, and as many harts as expected."""
	out, status = guest.command("echo one two | cat")
	assert (out, status) == ("one two\n", 0)
	out, status = guest.command("ls /")
	assert status == 0 and "bin" in out.split()
	if harts:
		out, status = guest.command("cat /proc/cpuinfo")
		assert status == 0 and len(HARTS.findall(out)) == harts, out


def root_is(guest, kind):
	out, _ = guest.command("cat /proc/mounts")
	roots = [line.split() for line in out.splitlines() if line.split()[1:2] == ["/"]]
	assert roots and roots[-1][2] == kind, out


@pytest.mark.parametrize("smp", [1, 2, 4, 8])
def test_harts(boot, smp):
	guest = boot(Machine(smp=smp))
	answers(guest, smp)
	root_is(guest, "ext4")


@pytest.mark.parametrize("mem", ["64M", "128M", "3G"])
def test_memory(boot, mem):
	guest = boot(Machine(mem=mem, smp=2))
	answers(guest)
	out, _ = guest.command("cat /proc/meminfo")
	total = int(re.search(r"MemTotal:\s*(\d+) kB", out).group(1))
	want = {"64M": 64, "128M": 128, "3G": 3072}[mem] * 1024
	assert 0.8 * want < total <= want, out


@pytest.mark.parametrize("legacy", [True, False], ids=["legacy", "modern"])
def test_virtio_layout(boot, legacy):
	guest = boot(Machine(legacy=legacy, slot=3))
	answers(guest)
	root_is(guest, "ext4")


@pytest.mark.parametrize("address", ["0x80400000", "0x84000000", "0x8a200000"])
def test_load_address(boot, address):
	answers(boot(Machine(loader=address, smp=2)), 2)


def test_checking_kernel(boot):
	answers(boot(Machine(debug=True)), 4)


def test_initrd(boot, tmp_path):
	"""An initrd of the boot loader's is taken where there is no disk."""
	initrd = tmp_path / "initrd.cpio"
	shutil.copy(qemu.BUILD / "initramfs.cpio", initrd)
	answers(boot(Machine(disk="none", initrd=str(initrd))))


@pytest.mark.parametrize("times", [8, pytest.param(40, marks=pytest.mark.long)])
def test_lottery(disk, times):
	"""Some boots; the firmware decides which hart comes first."""
	for _ in range(times):
		with qemu.Guest(Machine(smp=8, disk=disk, snapshot=True)) as guest:
			guest.boot()
			guest.poweroff()


def test_reboot(disk):
	with qemu.Guest(Machine(smp=2, disk=disk, snapshot=True)) as guest:
		guest.boot()
		guest.type("reboot")
		guest.expect("OpenSBI")
		guest.boot()
		answers(guest, 2)
		guest.poweroff()


# --- device trees with something missing ---

def edited(machine, folder, *edits):
	"""The machine with its device tree changed by fdtput."""
	tree = str(folder / "tree.dtb")
	machine.dump_dtb(tree)
	for edit in edits:
		subprocess.run(["fdtput", *edit[:-1], tree, *edit[-1]], check=True)
	return machine.but(dtb=tree)


def nodes(folder, machine):
	"""The names under /soc: they differ between versions of QEMU."""
	tree = str(folder / "names.dtb")
	machine.dump_dtb(tree)
	names = subprocess.run(["fdtget", "-l", tree, "/soc"], check=True, text=True,
			       stdout=subprocess.PIPE).stdout.split()
	return ["/soc/" + name for name in names]


def without(machine, folder, word, disable=False):
	"""Without the nodes, or with nodes that are not for the kernel."""
	gone = [n for n in nodes(folder, machine) if word in n]
	assert gone, "no node like %s" % word
	return edited(machine, folder, *(
		("-t", "s", [n, "status", "disabled"]) if disable else ("-r", [n]) for n in gone))


# What the tree promises beside the 256 MiB that are there; what is said of it.
PROMISES = {
	"too large": (["0", "80000000", "1", "80000000"], ["from 0x90000000 to 0x200000000"]),
	"a bank too many": (["0", "80000000", "0", "10000000", "10", "40000000", "0", "40000000"],
			    ["from 0x1040000000 to 0x1080000000"]),
	# Where PCI's windows answer, and keep nothing.
	"far too large": (["0", "80000000", "19", "0"], ["from 0x90000000 to 0x1980000000"]),
	"half a megapage": (["0", "80000000", "0", "10100000"], ["to 0x90100000"]),
}


@pytest.mark.parametrize("what", PROMISES)
def test_memory_that_is_not_there(boot, tmp_path, disk, what):
	"""Boards are sold with more and with less memory, under one tree."""
	words, said = PROMISES[what]
	machine = edited(Machine(smp=2, disk=disk), tmp_path,
			 ("-t", "x", ["/memory@80000000", "reg", *words]))
	guest = boot(machine)
	for words in said:
		assert "nothing answers" in guest.log and words in guest.log
	out, _ = guest.command("cat /proc/meminfo")
	total = int(re.search(r"MemTotal: *(\d+)", out)[1])
	assert 240 << 10 < total < 256 << 10, out
	answers(guest, 2)


def test_no_disk_in_tree(boot, tmp_path, disk):
	guest = boot(without(Machine(smp=2, disk=disk), tmp_path, "virtio_mmio"))
	answers_from_ram(guest, "There is no disk.")


def test_no_disk_at_all(boot):
	answers_from_ram(boot(Machine(smp=2, disk="none")), "There is no disk.")


def test_no_clock_in_tree(boot, tmp_path, disk):
	"""It is 1970; e2fsck minds files that were deleted then, unless that time
	is no number of an inode."""
	guest = boot(without(Machine(smp=2, disk=disk), tmp_path, "rtc"))
	answers(guest, 2)
	assert guest.command("sleep 2; cp /bin/sh /root/x && sync && rm /root/x") == ("", 0)


def test_no_interrupt_controller(boot, tmp_path, disk):
	"""Without a PLIC everything is polled."""
	machine = Machine(smp=2, disk=disk)
	guest = boot(without(machine, tmp_path, "c000000", disable=True), timeout=120)
	assert "no usable interrupt controller, polling" in guest.log
	answers(guest)


def test_uart_of_the_firmware_only(boot, tmp_path, disk):
	"""The UART is not for the kernel: the console is the firmware's. (Newer
	firmware would leave it alone, too.)"""
	machine = Machine(smp=2, disk=disk, bios=have("opensbi", "1.1"))
	guest = boot(without(machine, tmp_path, "10000000", disable=True))
	assert "console: ttyS0 (firmware)" in guest.log
	answers(guest, 2)
	is_polled_at_leisure(guest)


def is_polled_at_leisure(guest):
	"""The harts sleep in between."""
	def sent():
		said = guest.command("cat /proc/interrupts /proc/uptime")[0]
		ipis = map(int, re.search(r"^IPI: +(\d+) +(\d+)", said, re.M).groups())
		return sum(ipis), float(said.splitlines()[-1].split()[0])
	before, began = sent()
	guest.command("sleep 2")
	after, ended = sent()
	assert after - before < 350 * (ended - began)


def test_switched_off_by_a_register(boot, tmp_path, disk):
	"""Firmware without SRST, whose older call only stops the hart: the tree's
	syscon-poweroff comes first."""
	machine = Machine(smp=2, disk=disk, bios=have("opensbi", "1.1"))
	test, = (n for n in nodes(tmp_path, machine) if "test@" in n)
	guest = boot(edited(machine, tmp_path, ("-t", "s", [test, "compatible", "syscon"])))
	assert "Platform Shutdown Device  : ---" in guest.log
	guest.poweroff(60)
	assert "system_reset, shutdown: NOT_SUPPORTED" in guest.log


def test_no_console_at_all(disk, tmp_path):
	"""Nobody hears it, but it runs: the program named as init switches off."""
	machine = Machine(smp=2, disk=disk, snapshot=True, append="init=/bin/poweroff",
			  reboot=False)
	machine = without(machine, tmp_path, "10000000")
	with qemu.Guest(machine) as guest:
		guest.wait_end(60)


@pytest.mark.parametrize("hart", [0, 1, 2, 3])
def test_first_hart(boot, tmp_path, disk, hart):
	"""Firmware from 1.6 on can be told which hart goes first."""
	machine = Machine(disk=disk, bios=have("opensbi", "1.6"))
	tree = str(tmp_path / "cpus.dtb")
	machine.dump_dtb(tree)
	handle = subprocess.run(["fdtget", tree, "/cpus/cpu@%d" % hart, "phandle"], check=True,
				text=True, stdout=subprocess.PIPE).stdout.strip()
	config = "/chosen/opensbi-config"
	machine = edited(machine, tmp_path, ("-c", [config]),
			 ("-t", "s", [config, "compatible", "opensbi,config"]),
			 ("-t", "i", [config, "cold-boot-harts", handle]))
	guest = boot(machine)
	found = re.search(r"Boot HART ID\s*:\s*(\d+)", guest.log)
	assert found and int(found.group(1)) == hart
	answers(guest, 4)


def two_banks(machine, folder):
	"""The same RAM told as two banks, with a reserved hole in the second."""
	size = 256 << 20
	half = size // 2
	words = ["0x0", "0x80000000", "0x0", hex(half), "0x0", hex(0x80000000 + half),
		 "0x0", hex(half)]
	hole = "/reserved-memory/hole@8c000000"
	return edited(machine, folder,
		      ("-t", "x", ["/memory@80000000", "reg", *words]),
		      ("-c", ["/reserved-memory"]),
		      ("-t", "x", ["/reserved-memory", "#address-cells", "2"]),
		      ("-t", "x", ["/reserved-memory", "#size-cells", "2"]),
		      ("-t", "x", ["/reserved-memory", "ranges"]),
		      ("-c", [hole]),
		      ("-t", "x", [hole, "reg", "0x0", "0x8c000000", "0x0", "0x1000000"]),
		      ("-t", "x", [hole, "no-map"]))


def test_banks_and_holes(boot, tmp_path, disk):
	guest = boot(two_banks(Machine(smp=2, disk=disk), tmp_path))
	answers(guest, 2)
	out, _ = guest.command("cat /proc/meminfo")
	total = int(re.search(r"MemTotal:\s*(\d+) kB", out).group(1))
	assert 200 * 1024 < total <= 240 * 1024, out


# The first bank, where the RAM disk is, and whether it can be had. The second
# bank begins at 0x88000000 and has a hole of 16 MiB at 0x8c000000.
RAM_DISKS = {
	"one stretch": (0x8000000, 0x87f00000, 0x88100000, True),
	"between banks": (0x7000000, 0x86f00000, 0x88100000, False),
	"around a hole": (0x8000000, 0x8bf00000, 0x8d100000, False),
	"in a hole": (0x8000000, 0x8c100000, 0x8c200000, False),
}


@pytest.mark.parametrize("where", RAM_DISKS)
def test_ram_disk_with_a_gap(boot, tmp_path, disk, where):
	"""What the boot loader hands over is read only when all of it is there."""
	bank, start, end, good = RAM_DISKS[where]
	machine = two_banks(Machine(smp=2, disk=disk), tmp_path)
	for edit in (["/memory@80000000", "reg", "0", "80000000", "0", "%x" % bank,
		      "0", "88000000", "0", "8000000"],
		     ["/chosen", "linux,initrd-start", "0", "%x" % start],
		     ["/chosen", "linux,initrd-end", "0", "%x" % end]):
		subprocess.run(["fdtput", "-t", "x", machine.dtb, *edit], check=True)
	guest = boot(machine)
	refused = "initrd at 0x%x..0x%x: not all of it is RAM" % (start, end)
	assert (refused in guest.log) == (not good)
	out, status = guest.command("wc -c </dev/ram0")
	assert (out.split(), status) == (["%d" % (end - start)], 0) if good else status, out
	answers(guest, 2)


def test_timer_of_the_firmware(boot):
	"""No Sstc: deadlines go through the SBI."""
	answers(boot(Machine(smp=2, cpu="rv64,sstc=off")), 2)


# --- the end that nobody wants, and the debugger that brings it about ---

def debugger(guest, socket, *commands):
	"""What gdb says to the commands, with the settings of `make gdb`."""
	argv = ["gdb-multiarch", "-q", "-batch", "-nx", guest.machine.kernel_path(),
		"-ex", 'set $octopos_build = "%s"' % qemu.BUILD,
		"-x", str(qemu.ROOT / "tools/gdbinit"), "-ex", "target remote " + socket]
	for command in commands:
		argv += ["-ex", command]
	return subprocess.run(argv, text=True, stdin=subprocess.DEVNULL, timeout=60 * qemu.PATIENCE,
			      stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def goes_on(guest, pattern, seconds):
	"""Is it seen after a panic, and before QEMU ends? The marker may be read more
	than once."""
	until = time.monotonic() + seconds
	begin = guest.log.index(qemu.PANIC_END)
	while time.monotonic() < until and not guest.ended:
		try:
			guest.read(0.5)
		except qemu.GuestPanic:
			pass
		if re.search(pattern, guest.log[begin:]):
			return True
	return False


@pytest.mark.parametrize("option", ["halt", "off", "reboot"])
def test_panic(disk, tmp_path, option):
	"""The kernel is sent to a place where nothing is: it says all that it
	knows, marks the end, and does what panic= asked for."""
	socket = str(tmp_path / "gdb")
	machine = Machine(smp=2, disk=disk, snapshot=True, append="panic=" + option, extra=[
		"-chardev", "socket,id=gdb,path=%s,server=on,wait=off" % socket,
		"-gdb", "chardev:gdb"])
	with qemu.Guest(machine) as guest:
		guest.boot()
		said = debugger(guest, socket, "current-process", "user-symbols ls", "bt",
				"set $pc = 0x123400", "detach")
		assert 'name = "idle"' in said and "sched_idle" in said, said
		assert "user/sym/bin/ls" in said, said
		# An idle hart goes on from there when something wakes it.
		with pytest.raises(qemu.GuestPanic) as panic:
			guest.type("for i in 1 2 3 4 5 6 7 8; do true & done; wait")
			guest.expect("never")
		said = guest.log[guest.log.index("PANIC:"):]
		assert re.search(r" pc 0*123400\b", said) and " s11 " in said, said
		assert re.search(r"\b(start_boot|sched_idle|hart_main)\+0x", said), said
		assert qemu.PANIC_END in said, said
		assert goes_on(guest, "OpenSBI", 2 if option == "halt" else 10 * qemu.PATIENCE) == \
			(option == "reboot")
		assert guest.ended == (option == "off"), guest.log[-2000:]


# --- other machines ---

def on_ram(folder, *commands):
	"""A RAM root whose shell runs the commands, for a machine that has no disk,
	and whose console may lose what is typed."""
	(folder / "root/etc").mkdir(parents=True)
	(folder / "root/test").mkdir()
	(folder / "root/etc/profile").write_text("\n".join([
		"export TEST_PATIENCE=%d" % qemu.PATIENCE, *commands, ""]))
	for name in "smp", "hart":
		shutil.copy(qemu.BUILD / "rootfs/test" / name, folder / "root/test")
	programs = sorted(p.name for p in (qemu.BUILD / "rootfs/bin").iterdir())
	initrd = str(folder / "root.cpio")
	subprocess.run([qemu.ROOT / "tools/image", "cpio", initrd, *programs, "--",
			folder / "root"], check=True)
	return Machine(disk="none", initrd=initrd, reboot=False, bios=have("opensbi", "1.1"))


def test_sifive_u(tmp_path):
	"""Harts 1 to 4, beside a hart 0 that has no MMU. Another UART, no Sstc."""
	machine = on_ram(tmp_path, "cat /proc/sbi/harts", "/test/smp", "/test/hart",
			 "reboot")     # nothing there can switch it off
	with qemu.Guest(machine.but(machine="sifive_u", smp=5), 120) as guest:
		guest.wait_end()
		assert "1 harts are disabled or have no MMU" in guest.log
		found = re.findall(r"^(\d) \d (\S+) started\r$", guest.log, re.M)
		assert sorted(hart for hart, _ in found) == ["1", "2", "3", "4"], guest.log
		assert all(use.startswith("online") for _, use in found)
		assert len(re.findall(r"^\d+ passed, 0 failed", guest.log, re.M)) == 2, guest.log


def test_spike(tmp_path):
	"""Sstc in the tree of a machine that has none, and no UART at all."""
	machine = on_ram(tmp_path, "cat /proc/cpuinfo", "/test/smp", "poweroff")
	with qemu.Guest(machine.but(machine="spike", smp=4), 120) as guest:
		guest.expect(r"\] power off")   # which QEMU 7.2 then does not do
		assert "Sstc is in the tree and does not work" in guest.log
		assert "the firmware's console is used" in guest.log
		assert len(HARTS.findall(guest.log)) == 4, guest.log
		assert re.search(r"^\d+ passed, 0 failed", guest.log, re.M), guest.log


@pytest.mark.parametrize("has", [False, True])
def test_svpbmt(boot, tmp_path, disk, has):
	"""Memory types in the tree, of harts without them and with."""
	machine = Machine(smp=2, disk=disk, cpu="rv64,svpbmt=on")
	machine = edited(machine, tmp_path)
	guest = boot(machine if has else machine.but(cpu="rv64,svpbmt=off"))
	assert "_svpbmt" in guest.log
	assert ("Svpbmt is in the tree and does not work" in guest.log) != has
	answers(guest, 2)


ENTRY = 0x80200000      # where QEMU puts the kernel

# --- what is said when there is no way on ---

@pytest.mark.parametrize("cpu,newer", [("rv64,mmu=off", False), ("rv64,sv39=off", True)])
def test_no_paging(cpu, newer):
	"""Harts without the mode that is wanted."""
	machine = Machine(smp=2, disk="none", cpu=cpu, reboot=False,
			  qemu=have("qemu", "10") if newer else "")
	with qemu.Guest(machine) as guest:
		guest.wait_end(60)
		assert "octopos: cannot boot: the hart refuses Sv39 paging" in guest.log


def test_misplaced():
	with qemu.Guest(Machine(smp=1, disk="none", loader="0x80201000", reboot=False)) as guest:
		guest.wait_end(60)
		assert "octopos: cannot boot: loaded at an address that is no multiple of 2 MiB" \
			in guest.log


@pytest.mark.parametrize("change,said", [
	("$a1 = 0", "cannot boot: the firmware handed over no device tree"),
	("$a1 = $a1 + 8", "cannot boot: the firmware handed over no device tree"),
	# 9 MiB, big-endian
	("{int}($a1 + 4) = 0x9000", "cannot boot: the device tree is larger than its window"),
	("$a1 = 1", "trap before there is a handler: scause 0000000000000005")])
def test_odd_tree(stopped, change, said):
	"""At the first instruction, another device tree or none."""
	guest, gdb = stopped(Machine(smp=1, reboot=False))
	gdb("hbreak *%d" % ENTRY, "continue", "delete", "set " + change, "detach")
	guest.wait_end(60)
	assert "octopos: " + said in guest.log


@pytest.fixture
def stopped(disk, tmp_path):
	"""A guest that has not begun, and gdb to speak to it."""
	guests = []

	def stopped(machine):
		gdb = str(tmp_path / "gdb")
		guest = qemu.Guest(machine.but(disk=disk, snapshot=True, extra=["-S",
			"-chardev", "socket,id=gdb,path=%s,server=on,wait=off" % gdb,
			"-gdb", "chardev:gdb"]))
		guests.append(guest)
		until = time.monotonic() + 60 * qemu.PATIENCE
		while not os.path.exists(gdb):
			assert time.monotonic() < until
			time.sleep(0.05)
		return guest, lambda *words: debugger(guest, gdb, *words)

	yield stopped
	for guest in guests:
		guest.close()


# --- the page attributes of T-Head's cores, which no emulator has ---

MEMORY, IO = 7 << 60, 9 << 60
THEAD = "rv64,mvendorid=0x5b7,marchid=0,mimpid=0"


def at(label):
	"""A label of boot/head.S, where it is before paging is on."""
	return "*(%d + (unsigned long)&%s - (unsigned long)&_start)" % (ENTRY, label)


def leaves(ram, table, level=2, user=False):
	"""The leaf entries below a table: (entry, of the user's half)."""
	for i in range(512):
		begin = table - 0x80000000 + 8 * i
		entry = int.from_bytes(ram[begin:begin + 8], "little")
		below = user or level == 2 and i < 256
		if entry & 0xe:
			yield entry, below
		elif entry & 1:
			yield from leaves(ram, (entry >> 10 & (1 << 44) - 1) << 12, level - 1, below)


def types(ram, root):
	"""How many leaf entries have which attributes: for the image's and other
	memory of the kernel's, for that of programs, for devices."""
	found = {}
	for entry, user in leaves(ram, root):
		pa = (entry >> 10 & (1 << 44) - 1) << 12
		what = "device" if not 0x80000000 <= pa < 0x90000000 else \
			"program" if user else "kernel"
		key = what, entry >> 59 << 59
		found[key] = found.get(key, 0) + 1
	return found


def save(path):
	"""What gdb says to QEMU for all of the guest's memory."""
	return 'monitor pmemsave 0x80000000 0x10000000 "%s"' % path


def address(symbol):
	"""Where a symbol of the kernel lies, of the image at ENTRY."""
	said = subprocess.run(["riscv64-linux-gnu-nm", qemu.BUILD / "octopos.elf"], text=True,
			      check=True, stdout=subprocess.PIPE).stdout
	rows = {row[2]: int(row[0], 16) for row in map(str.split, said.splitlines())
		if len(row) == 3}
	return rows[symbol] - rows["_start"] + ENTRY


@pytest.mark.parametrize("told", [1 << 21, ~(1 << 21) & (1 << 64) - 1], ids=["on", "off"])
def test_thead_attributes_before_c(stopped, tmp_path, told):
	"""The register is read where the ids are T-Head's, and all that the early
	tables map is cached memory when it has the bit."""
	_, gdb = stopped(Machine(smp=1, cpu=THEAD))
	gdb("hbreak " + at("sxstatus_read"), "continue", "delete", "set $t1 = 0x%x" % told,
	    "hbreak " + at("paging_on"), "continue", save(tmp_path / "memory"))
	ram = (tmp_path / "memory").read_bytes()
	found = types(ram, address("boot_page_table"))
	# The image by 2 MiB, and the device tree in one or more.
	assert list(found) == [("kernel", MEMORY if told == 1 << 21 else 0)], found
	assert found.popitem()[1] >= 2
	word = {}
	for name in "pte_memory_bits", "pte_io_bits":
		begin = address(name) - 0x80000000
		word[name] = int.from_bytes(ram[begin:begin + 8], "little")
	assert word == ({"pte_memory_bits": MEMORY, "pte_io_bits": IO} if told == 1 << 21
			else {"pte_memory_bits": 0, "pte_io_bits": 0})


@pytest.mark.parametrize("cpu", ["rv64", THEAD.replace("marchid=0", "marchid=1"),
				 THEAD.replace("mimpid=0", "mimpid=1")])
def test_not_theads(stopped, cpu):
	"""Only those that are known to have it are asked."""
	_, gdb = stopped(Machine(smp=1, cpu=cpu))
	said = gdb("hbreak " + at("sxstatus_read"), "hbreak " + at("paging_on"), "continue",
		   "p/x $pc - (%s)" % at("paging_on")[1:])
	assert re.search(r"^\$1 = 0x0$", said, re.M), said


def test_thead_without_the_register(boot):
	"""The ids alone, as of a QEMU that does not know the register."""
	guest = boot(Machine(smp=2, cpu=THEAD))
	assert "attributes" not in guest.log
	answers(guest, 2)


def test_attributes_everywhere(stopped, tmp_path):
	"""Every entry that C makes has them as well: with Svpbmt there are other bits
	in their place that QEMU takes, and a debugger puts them in for the others."""
	machine = edited(Machine(smp=2, cpu="rv64,svpbmt=on"), tmp_path)
	guest, gdb = stopped(machine)
	gdb("hbreak " + at("attributes_known"), "continue", "delete",
	    "set $s6 = 1ul << 61", "set $s7 = 2ul << 61", "detach")
	guest.boot()
	assert "page entries have T-Head's attributes" in guest.log
	answers(guest, 2)
	guest.type("sleep 1000 & yes >/dev/null & yes >/dev/null & echo so''on")
	guest.expect("^soon")
	# A program runs, in its own space.
	said = gdb("monitor info registers", save(tmp_path / "memory"))
	ram = (tmp_path / "memory").read_bytes()
	satp = re.search(r"^ *satp +(\w+)", said, re.M).group(1)
	found = types(ram, (int(satp, 16) & (1 << 44) - 1) << 12)
	assert set(found) == {("kernel", 1 << 61), ("program", 1 << 61), ("device", 2 << 61)}, found
	assert found["program", 1 << 61] > 5 and found["kernel", 1 << 61] > 100, found


@pytest.mark.parametrize("has", [False, True])
def test_zicbom(boot, tmp_path, disk, has):
	"""An SD controller whose DMA sees no caches, in a tree that has Zicbom, of
	harts without it and with: one line is flushed to see whether it works."""
	log = tmp_path / "log"
	machine = Machine(smp=2, disk=disk, cpu="rv64,zicbom=on", qemu=have("qemu", "10"),
			  bios=have("opensbi", "1.9"), extra=["-d", "in_asm", "-D", str(log)])
	node = "/soc/mmc@1000b000"
	machine = edited(machine, tmp_path, ("-c", [node]),
			 ("-t", "s", [node, "compatible", "cdns,sd4hc"]),
			 ("-t", "x", [node, "reg", "0", "0x1000b000", "0", "0x1000"]),
			 ("-t", "x", [node, "dma-noncoherent"]))
	guest = boot(machine if has else machine.but(cpu="rv64,zicbom=off"), timeout=120)
	assert "mmc@1000b000: nothing answers at its registers" in guest.log
	assert ("Zicbom is in the tree and does not work" in guest.log) != has
	answers(guest, 2)
	guest.kill()
	# cbo.flush, as the emulator shows what it translates.
	assert re.search(r": +002[0-9a-f][2a]00f ", log.read_text(errors="replace"))


# --- another loader ---

def test_u_boot(boot):
	"""U-Boot takes the flat image wherever it lies and puts it where the
	header asks; the device tree is then U-Boot's copy."""
	image = str(qemu.BUILD / "Image")
	guest = boot(Machine(kernel=have("u-boot", "20"), extra=[
		"-device", "loader,file=%s,addr=0x84000000,force-raw=on" % image]), prompt=False)
	guest.expect("Hit any key to stop autoboot")
	guest.send("x")
	guest.expect("^=> ")
	guest.type("booti 0x84000000 - ${fdtcontroladdr}")
	guest.expect("Starting kernel")
	guest.boot()
	answers(guest, 4)


# --- disks that are not what they should be ---

def answers_from_ram(guest, *reasons):
	assert any(reason in guest.log for reason in reasons), guest.log[-3000:]
	answers(guest)


def test_disk_without_file_system(boot, tmp_path):
	empty = tmp_path / "empty.img"
	with open(empty, "wb") as f:
		f.truncate(64 << 20)
	guest = boot(Machine(smp=2, disk=str(empty)))
	guest.disk = None       # nothing for e2fsck to judge
	answers_from_ram(guest, "ext4", "root")


def test_disk_with_unknown_feature(boot, tmp_path, disk):
	"""An incompatible feature bit that nobody knows: named, and not mounted."""
	image = tmp_path / "odd.img"
	subprocess.run(["cp", "--sparse=always", disk, image], check=True)
	with open(image, "r+b") as f:
		f.seek(1024 + 0x60)
		word = int.from_bytes(f.read(4), "little") | 0x40000000
		f.seek(1024 + 0x60)
		f.write(word.to_bytes(4, "little"))
	guest = boot(Machine(smp=2, disk=str(image)))
	guest.disk = None
	answers_from_ram(guest, "feature", "checksum")


def test_init_that_waits_for_signals(disk):
	"""It has those that it blocks, and lives when it does so no more."""
	machine = Machine(smp=2, disk=disk, snapshot=True, append="init=/test/kill",
			  reboot=False)
	with qemu.Guest(machine) as guest:
		guest.expect(r"init is well\r\n")
		guest.wait_end(60)


def test_shell_as_init(disk):
	"""As elsewhere it has the console, and nothing that init would have done."""
	machine = Machine(smp=2, disk=disk, snapshot=True, append="init=/bin/sh", reboot=False)
	with qemu.Guest(machine) as guest:
		guest.boot()
		assert guest.command("echo $$; [ -t 0 ] && [ -t 1 ] && [ -t 2 ]") == ("1\n", 0)
		assert guest.command("ls /proc") == ("", 0)
		assert guest.command("mount -t proc proc /proc; ls /proc/self/fd")[0].split()[:3] == ["0", "1", "2"]
		guest.type("poweroff -f")
		guest.wait_end(60)


@pytest.mark.parametrize("program", ["/bin/true", "/test/thread"])
def test_init_that_ends(boot, program):
	"""A first program that ends is no panic, nor one whose threads all end at
	once: the RAM root has another."""
	guest = boot(Machine(smp=8, append="init=" + program))
	assert "init has ended" in guest.log
	root_is(guest, "tmpfs")
	answers(guest)


@pytest.mark.long
def test_disk_that_never_answers(boot):
	guest = boot(Machine(smp=2, append="disk_timeout=1", drive="throttling.bps-total=1"))
	answers_from_ram(guest, "not answered")


def test_no_memory_in_tree(disk, tmp_path):
	"""Nothing can go on without memory: it says so and switches off."""
	machine = Machine(smp=2, disk=disk, snapshot=True, reboot=False)
	machine = edited(machine, tmp_path, ("-r", ["/memory@80000000"]))
	with qemu.Guest(machine) as guest:
		guest.wait_end(60)
		assert "octopos stops: the device tree names no memory" in guest.log


# --- boot arguments for first light ---

@pytest.mark.parametrize("words", ["console=sbi", "console=hvc0"])
def test_console_of_the_firmware(boot, words):
	"""The chip is left alone, typing and printing go through the firmware."""
	guest = boot(Machine(smp=2, append=words))
	assert "console: ttyS0 (firmware)" in guest.log
	answers(guest, 2)
	is_polled_at_leisure(guest)


def test_console_by_name(boot, tmp_path):
	"""A name that is there wins over the tree; one that is not is told."""
	guest = boot(Machine(smp=2, append="console=ttyS0,115200n8"))
	assert "console: ttyS0 (ns16550)" in guest.log and "no such port" not in guest.log
	guest = boot(Machine(smp=2, append="console=ttyS7"))
	assert "console=ttyS7: there is no such port" in guest.log
	answers(guest, 2)


@pytest.mark.parametrize("words, n", [("maxcpus=2", 2), ("maxcpus=0", 1), ("nosmp", 1),
				      ("maxcpus=99", 4)])
def test_fewer_harts(boot, words, n):
	"""The others stay off, and come when they are asked for."""
	guest = boot(Machine(smp=4, append=words))
	assert "%d of 4 harts run" % n in guest.log
	out, status = guest.command("nproc")
	assert (out, status) == ("%d\n" % n, 0)
	out, status = guest.command("for h in 0 1 2 3; do hart on $h; done; nproc")
	assert (out.split()[-1], status) == ("4", 0), out


# --- harts that are stricter, or have more or less than usual ---

CPUS = ["rv64,svade=on,svadu=off",      # A and D bits are software's
	"thead-c906", *(pytest.param(cpu, marks=pytest.mark.long) for cpu in (
		"rv64,sstc=off,h=off", "rv64,v=on,zicbom=off,zicboz=off", "rva22s64",
		"rva23s64", "max", "sifive-u54"))]


@pytest.mark.parametrize("cpu", CPUS)
def test_cpu(boot, cpu):
	guest = boot(Machine(smp=2, qemu=have("qemu", "10"), cpu=cpu))
	for subject in "mmap", "fork", "smp":
		out, _ = guest.command("/test/" + subject, timeout=120)
		assert re.search(r"^\d+ passed, 0 failed, 0 skipped$", out, re.M), out


def test_no_fpu(boot):
	"""A program's floating point is an illegal instruction, and no more."""
	guest = boot(Machine(smp=2, cpu="rv64,d=off,f=off"))
	_, status = guest.command("awk 'BEGIN { print 1.5 * 3 }'")
	assert status == 128 + 4
	answers(guest, 2)
