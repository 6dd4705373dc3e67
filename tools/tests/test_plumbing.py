"""What carries a machine's bytes and interrupts: virtio over PCI and MMIO, each
interrupt controller of QEMU's `virt`, many harts, memory in odd places, trees
with registers where nothing is. And what board-check says of trees, beside what
fdtget reads in them.
"""

import pathlib
import re
import subprocess
import time

import pytest

import qemu
from conftest import BUILD, ROOT, fetched, have
from qemu import Machine
from test_boot import answers, edited, nodes, root_is
from test_hart import passes

KINDS = {"plic": "virt", "aplic": "virt,aia=aplic", "imsic": "virt,aia=aplic-imsic"}


def interrupts(guest):
	"""Rows of /proc/interrupts: name to (controller, a count per hart)."""
	out, _ = guest.command("cat /proc/interrupts")
	rows = {}
	for line in out.splitlines():
		row = re.match(r"\s*\d+:((?:\s+\d+)+)\s+(\S+)\s+(.*\S)", line)
		if row:
			rows[row.group(3)] = (row.group(2), [int(n) for n in row.group(1).split()])
	return rows


def disk_row(guest):
	found = [row for name, row in interrupts(guest).items()
		 if name.startswith(("virtio_mmio", "pci"))]
	return max(found, key=lambda row: sum(row[1]))


def writes(guest):
	out, status = guest.command("echo water > /root/pipe && sync && cat /root/pipe")
	assert (out, status) == ("water\n", 0)


def harts_go(guest, smp):
	"""The disk's interrupts go where the harts are that are left."""
	# Counts are by cpu, orders by the firmware's number: any may boot first.
	rows, _ = guest.command("hart | tail -n +2")
	cpu = {int(row.split()[0]): int(row.split()[1]) for row in rows.splitlines()}
	assert sorted(cpu) == sorted(cpu.values()) == list(range(smp)), rows
	for gone in ([0, *range(1, smp - 1)], [smp - 1, *range(2, smp - 1)]):
		for hart in range(smp):
			assert guest.command("hart %s %d" % (
				"off" if hart in gone else "on", hart))[1] == 0
		before = disk_row(guest)[1]
		writes(guest)
		after = disk_row(guest)[1]
		more = {hart for hart in cpu if after[cpu[hart]] > before[cpu[hart]]}
		# A source moves at its next interrupt: the first may be late.
		assert more and not more & set(gone), (gone, before, after)
	for hart in range(smp):
		assert guest.command("hart on %d" % hart)[1] == 0


PLUMBING = [("", "aplic"), ("", "imsic"), ("device", "plic"), ("drive", "imsic"),
	    ("device", "aplic")]


@pytest.mark.parametrize("pci,kind", PLUMBING)
def test_plumbing(boot, pci, kind):
	"""A root that is written to, interrupts that come, harts that go."""
	guest = boot(Machine(machine=KINDS[kind], pci=pci, extra=[
		"-device", "virtio-rng-pci" if pci else "virtio-rng-device"]))
	answers(guest, 4)
	root_is(guest, "ext4")
	writes(guest)
	rows = interrupts(guest)
	want = "plic" if kind == "plic" else "aplic"
	assert {row[0] for row in rows.values()} == {want}, rows
	assert any(name.startswith("serial") for name in rows), rows
	assert sum(name.startswith("pci0:") for name in rows) == (2 if pci else 0), rows
	assert sum(disk_row(guest)[1]) > 5, rows
	# Not one that nobody wanted, and none again and again.
	assert re.search(r"^ERR: +0$", guest.command("cat /proc/interrupts")[0], re.M)
	assert all(sum(row[1]) < 2000 for row in rows.values()), rows
	assert "interrupt was late or lost" not in guest.log
	harts_go(guest, 4)


def test_hart_with_messages(boot):
	"""The test of harts that go and come, where interrupts are messages."""
	guest = boot(Machine(machine=KINDS["imsic"], pci="device"), timeout=120)
	passes(guest, "/test/hart", 120)


def newer_qemus():
	return [version for version, _ in fetched("qemu")]


@pytest.mark.long
@pytest.mark.parametrize("firmware", ["", "1.9"])
@pytest.mark.parametrize("pci,kind", [("", "plic"), *PLUMBING])
def test_plumbing_newer(boot, pci, kind, firmware):
	"""The same on a newer QEMU, and with its tree."""
	machine = Machine(machine=KINDS[kind], pci=pci, qemu=have("qemu", ""),
			  bios=have("opensbi", firmware) if firmware else "")
	guest = boot(machine)
	answers(guest, 4)
	writes(guest)
	assert "interrupt was late or lost" not in guest.log
	harts_go(guest, 4)


def test_pci_bus(boot, disk):
	"""Lines that are shared, a function that has no driver, one that is only
	of the old kind, one behind a bridge: all of them beside the disk."""
	extra = ["-device", "virtio-rng-pci,disable-modern=on,disable-legacy=off",
		 "-device", "pcie-root-port,id=rp", "-device", "virtio-rng-pci,bus=rp",
		 "-device", "edu"]
	for i in range(5):
		extra += ["-drive", "file=%s,if=none,id=d%d,format=raw,snapshot=on" % (disk, i),
			  "-device", "virtio-blk-pci,drive=d%d,disable-legacy=%s" % (
				i, "off" if i % 2 else "on")]
	guest = boot(Machine(smp=2, pci="device", extra=extra))
	writes(guest)
	assert "a virtio device of before version 1 is left alone" in guest.log
	assert "1234:11e8 in slot" in guest.log and "has no driver" in guest.log
	assert re.search(r"the bridge in slot \d+ stays closed", guest.log)
	rows = interrupts(guest)
	assert any(name.count("pci0:") > 1 for name in rows), rows
	for name in "vdb", "vdc", "vdd", "vde", "vdf":
		out, status = guest.command("head -c 300000 /dev/%s | wc -c" % name)
		assert (out.strip(), status) == ("300000", 0)
	assert "a storm" not in guest.log
	assert "interrupt was late or lost" not in guest.log


def test_nothing_there(boot, tmp_path, disk):
	"""Registers where no device is: whoever asks there is told of, and all
	else works."""
	machine = Machine(smp=2, disk=disk, pci="device")
	rtc, = (n for n in nodes(tmp_path, machine) if "rtc" in n)
	tree = edited(machine, tmp_path,
		      ("-t", "x", [rtc, "reg", "0", "0x1000a000", "0", "0x1000"]),
		      ("-c", ["/soc/serial@1000b000"]),
		      ("-t", "s", ["/soc/serial@1000b000", "compatible", "ns16550a"]),
		      ("-t", "x", ["/soc/serial@1000b000", "reg", "0", "0x1000b000", "0", "0x100"]),
		      ("-c", ["/soc/pci@2c000000"]),
		      ("-t", "s", ["/soc/pci@2c000000", "compatible", "pci-host-ecam-generic"]),
		      ("-t", "x", ["/soc/pci@2c000000", "reg", "0", "0x2c000000", "0", "0x100000"]))
	guest = boot(tree)
	answers(guest, 2)
	root_is(guest, "ext4")
	assert len(re.findall("nothing answers at its registers", guest.log)) == 3, guest.log


def slowly(guest, line):
	"""QEMU's model of the HTIF has one register for what comes from the host: a
	key that the firmware has not taken yet is overwritten by the next one, and
	by the answer to each character that is written. So each key is shown
	before the next, and typed again when it is not."""
	begin = len(guest.log)
	for n in range(len(line) + 1):
		shown, key = (line + "\r\n")[:n + 1], (line + "\r")[n]
		for _ in range(8):
			guest.process.send(key)
			until = time.monotonic() + 2 * qemu.PATIENCE
			while not guest.log.startswith(shown, begin) and time.monotonic() < until:
				guest.read(0.2)
			if guest.log.startswith(shown, begin):
				break
		else:
			raise guest.error(qemu.GuestSilent, "no echo of %r" % key)


def test_nothing_known():
	"""A machine of which only harts and RAM are known: the firmware's console,
	polled, the RAM root, and a shell."""
	with qemu.Guest(Machine(machine="spike", smp=2, disk="none")) as guest:
		guest.expect(r"no serial port that is known: the firmware's console", 60)
		guest.expect(r"There is no disk\.", 60)
		guest.expect(r"~ # ", 60)
		slowly(guest, "echo we$((1000 + 11)) | cat; cat /proc/mounts")
		guest.expect(r"we1011\r\n", 30)
		guest.expect(r" / (ramfs|tmpfs|rootfs) ", 30)
		guest.expect(r"~ # ", 30)
		slowly(guest, "cat /proc/interrupts; uname")
		guest.expect(r"ERR: +0 *\r\nOctopos\r\n", 30)
		assert "2 of 2 harts run" in guest.log


def test_disks_unknown(boot, tmp_path, disk):
	"""There are disks, of a kind for which there is no driver."""
	machine = Machine(smp=2, disk=disk)
	slots = [n for n in nodes(tmp_path, machine) if "virtio_mmio" in n]
	guest = boot(edited(machine, tmp_path, *(
		("-t", "s", [n, "compatible", "acme,disk"]) for n in slots)))
	assert "no root: it stays in RAM. There is no disk." in guest.log
	answers(guest, 2)


def total_kib(guest):
	out, _ = guest.command("cat /proc/meminfo")
	return int(re.search(r"MemTotal:\s*(\d+) kB", out).group(1))


def test_banks_far_apart(boot, tmp_path, disk):
	"""Two banks with a hole of gigabytes, one of them behind 4 GiB."""
	machine = Machine(smp=2, disk=disk, mem="6G", pci="device")
	guest = boot(edited(machine, tmp_path, (
		"-t", "x", ["/memory@80000000", "reg", "0", "0x80000000", "0", "0x40000000",
			    "1", "0xc0000000", "0", "0x40000000"])))
	answers(guest, 2)
	writes(guest)
	assert 0.95 * (2 << 20) < total_kib(guest) <= 2 << 20


def test_eight_gigabytes(boot):
	"""The device reaches memory that no 32 bits name: the whole of a tmpfs is
	written to the disk's cache, and read back."""
	guest = boot(Machine(smp=2, mem="8G", pci="device", machine=KINDS["imsic"]))
	assert 0.95 * (8 << 20) < total_kib(guest) <= 8 << 20
	writes(guest)


def test_tree_behind_4_gib(boot):
	"""A newer QEMU puts the tree at the end of memory, wherever that is."""
	guest = boot(Machine(smp=2, mem="5G", qemu=have("qemu", "10")))
	where = re.search(r"device tree: \d+ bytes at (0x[0-9a-f]+)", guest.log)
	assert int(where.group(1), 16) > 4 << 30
	answers(guest, 2)


@pytest.mark.parametrize("kind", ["plic", pytest.param("imsic", marks=pytest.mark.long)])
def test_64_harts(boot, kind):
	guest = boot(Machine(smp=64, mem="512M", machine=KINDS[kind]), timeout=250)
	assert "64 of 64 harts run" in guest.log
	out, status = guest.command("cat /proc/sbi/harts")
	assert status == 0 and len(re.findall(r"^\d+ \d+ online", out, re.M)) == 64
	guest.poweroff(60)


# --- board-check ---

@pytest.fixture(scope="module")
def board_check():
	program = BUILD / "host/board-check"
	subprocess.run(["make", "-s", str(program.relative_to(ROOT))], cwd=ROOT, check=True)
	return program


def reports(program, *trees):
	"""What it says of each tree: a list of (word, values)."""
	ran = subprocess.run([program, *trees], text=True, errors="replace", timeout=120 * qemu.PATIENCE,
			     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	assert "ERROR" not in ran.stderr and "runtime error" not in ran.stderr, ran.stderr
	assert ran.returncode in (0, 1), (ran.returncode, ran.stderr)
	found = {}
	for line in ran.stdout.splitlines():
		word, _, rest = line.partition(" ")
		if word == "tree":
			rows = found[rest.strip()] = []
		else:
			rows.append((word, rest.split()))
	assert len(found) == len(trees)
	return found


class Tree:
	"""A tree as fdtget reads it."""

	def __init__(self, path):
		self.path = str(path)

	def many(self, pairs, kind="x"):
		"""One property each of many nodes; None where there is none."""
		words = [word for pair in pairs for word in pair]
		ran = subprocess.run(["fdtget", "-t", kind, "-d", "-", self.path, *words],
				     text=True, stdout=subprocess.PIPE, check=False,
				     stderr=subprocess.DEVNULL)
		lines = ran.stdout.splitlines()
		if len(lines) != len(pairs):    # a node is not there, or nothing is
			return [None for _ in pairs]
		return [None if line == "-" else [int(w, 16) for w in line.split()]
			if kind == "x" else line for line in lines]

	def get(self, node, prop, kind="x"):
		return self.many([(node, prop)], kind)[0]

	def children(self, node):
		ran = subprocess.run(["fdtget", "-l", self.path, node], text=True,
				     stdout=subprocess.PIPE, check=False, stderr=subprocess.DEVNULL)
		return [node.rstrip("/") + "/" + name for name in ran.stdout.split()]

	def cells(self, node):
		return [(self.get(node, "#%s-cells" % kind) or [otherwise])[0]
			for kind, otherwise in (("address", 2), ("size", 1))]

	def reg(self, node):
		"""The entries as numbers, in the addresses of the root."""
		parent = node.rsplit("/", 1)[0] or "/"
		ac, sc = self.cells(parent)
		words = self.get(node, "reg") or []
		out = []
		for at in range(0, len(words) - ac - sc + 1, ac + sc):
			base = number(words[at:at + ac])
			size = number(words[at + ac:at + ac + sc])
			out.append((self.outside(parent, base), size))
		return out

	def outside(self, bus, address):
		while bus != "/":
			above = bus.rsplit("/", 1)[0] or "/"
			ranges = self.get(bus, "ranges")
			(inner, sc), (outer, _) = self.cells(bus), self.cells(above)
			step = inner + outer + sc
			for at in range(0, len(ranges or []), step):
				row = ranges[at:at + step]
				begin = number(row[:inner])
				if begin <= address < begin + number(row[inner + outer:]):
					address += number(row[inner:inner + outer]) - begin
					break
			bus = above
		return address

	def enabled(self, node):
		return self.get(node, "status", "s") in (None, "okay", "ok")

	def harts(self):
		"""Those with an MMU: id, phandle of the interrupt inputs."""
		nodes_ = [n for n in self.children("/cpus") if "/cpu@" in n]
		kinds = self.many([(n, "mmu-type") for n in nodes_], "s")
		status = self.many([(n, "status") for n in nodes_], "s")
		good = [n for n, kind, state in zip(nodes_, kinds, status)
			if kind not in (None, "riscv,none") and state in (None, "okay")]
		ids = self.many([(n, "reg") for n in good])
		inputs = self.many([(n + "/interrupt-controller", "phandle") for n in good])
		return sorted((number(i), p[0]) for i, p in zip(ids, inputs))

	def memory(self):
		return [row for n in self.children("/")
			if self.get(n, "device_type", "s") == "memory" and self.enabled(n)
			for row in self.reg(n)]


def number(words):
	n = 0
	for word in words:
		n = n << 32 | word
	return n


def compare(path, rows):
	tree = Tree(path)
	said = {}
	for word, values in rows:
		said.setdefault(word, []).append(values)
	harts = tree.harts()
	if not harts:
		assert said["harts"][0][0] == "none", path
		return False
	assert sorted(map(int, said["harts"][0])) == [hart for hart, _ in harts], path
	memory = [tuple(int(v, 16) for v in row) for row in said["memory"] if row[0] != "none:"]
	assert memory == [row for row in tree.memory() if row[1]], path
	stdout = (tree.get("/chosen", "stdout-path", "s") or "").partition(":")[0]
	if stdout and not stdout.startswith("/"):
		stdout = tree.get("/aliases", stdout, "s")
	console = said["console"][0]
	if stdout:
		assert console[0] == stdout, path
		base, _ = tree.reg(stdout)[0]
		shift = (tree.get(stdout, "reg-shift") or [0])[0]
		width = (tree.get(stdout, "reg-io-width") or [1])[0]
		assert int(console[2], 16) == base, path
		if console[3] != "-":
			assert int(console[3]) == 1 << shift and int(console[4]) == width, path
		inputs = tree.get(stdout, "interrupts") or \
			tree.get(stdout, "interrupts-extended")[1:]
		assert int(console[5]) == inputs[0], path
	for row in said["interrupts"]:
		if row[1] != "plic":
			continue
		node = row[0]
		assert int(row[2], 16) == tree.reg(node)[0][0], path
		assert int(row[3]) == tree.get(node, "riscv,ndev")[0], path
		pairs = tree.get(node, "interrupts-extended")
		pairs = list(zip(pairs[::2], pairs[1::2]))
		want = {hart: pairs.index((intc, 9)) for hart, intc in harts}
		assert {int(h): int(c) for h, _, c in (p.partition(":") for p in row[4:])} == want, path
	return True


def test_board_check(board_check):
	"""All boards whose trees Debian's kernels have, and those that they have not."""
	have("trees", "")
	trees = [tree for _, folder in fetched("trees")
		 for tree in sorted(pathlib.Path(folder).rglob("*.dtb"))]
	assert len(trees) > 30
	found = reports(board_check, *map(str, trees))
	boots = [path for path, rows in found.items() if compare(path, rows)]
	# The others have no MMU that Linux would use: k210.
	assert len(trees) - len(boots) == sum(
		b"canaan,kendryte-k210" in pathlib.Path(t).read_bytes() for t in trees)


@pytest.mark.parametrize("machine", ["virt", "virt,aia=aplic-imsic", "sifive_u", "spike"])
def test_board_check_qemu(board_check, tmp_path, machine):
	tree = Machine(machine=machine, smp=4).dump_dtb(str(tmp_path / "tree.dtb"))
	rows = reports(board_check, tree)[tree]
	if machine == "spike":
		assert ("console", "the firmware's: no serial port that is known".split()) in rows
		return
	assert compare(tree, rows)
	words = [values for word, values in rows if word == "interrupts"]
	assert words[0][1] == ("plic" if "aia" not in machine else "aplic+imsic")


def test_probing_of_damaged_trees(board_check, tmp_path):
	"""Trees and registers of any content, and memory that is not there."""
	trees = []
	for name, machine in KINDS.items():
		trees.append(Machine(machine=machine).dump_dtb(str(tmp_path / (name + ".dtb"))))
	ran = subprocess.run([board_check, "--damage", "1", "100", *trees], text=True, timeout=200 * qemu.PATIENCE,
			     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	assert ran.returncode == 0, ran.stdout[-4000:]


@pytest.mark.long
def test_probing_of_damaged_boards(board_check):
	trees = sorted(pathlib.Path(have("trees", "")).rglob("*.dtb"))
	ran = subprocess.run([board_check, "--damage", "1000", "25", *map(str, trees)], text=True,
			     timeout=290 * qemu.PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	assert ran.returncode == 0, ran.stdout[-4000:]


def test_supported_table(board_check):
	"""The table of the guide is that of the drivers."""
	said = subprocess.run([board_check, "--table"], text=True, check=True,
			      stdout=subprocess.PIPE).stdout.splitlines()
	guide = (ROOT / "boot/README.md").read_text().splitlines()
	begin = guide.index(said[0])
	assert guide[begin:begin + len(said) + 1] == [*said, ""]
