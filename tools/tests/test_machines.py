"""Boards that QEMU has a model of, with the root on an SD card; partitions; and
which disk becomes the root. `make test-machines` has all of it, `make test`
the short part.
"""

import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

import qemu
from conftest import BUILD, TOOLS, have
from judge import fsck
from qemu import Guest, Machine

pytestmark = pytest.mark.machines
MIB = 1 << 20
# Where the root begins on a card, in sectors: behind another partition.
START = 18432


def copy(source, target, begin=0, to=0, size=1 << 62):
	"""What a sparse file holds from an offset on, at an offset of another."""
	with open(source, "rb") as f, open(target, "r+b") as out:
		at = begin
		while at < begin + size:
			try:
				at = os.lseek(f.fileno(), at, os.SEEK_DATA)
			except OSError:
				return
			end = min(os.lseek(f.fileno(), at, os.SEEK_HOLE), begin + size)
			os.lseek(f.fileno(), at, os.SEEK_SET)
			out.seek(to + at - begin)
			while at < end:
				data = os.read(f.fileno(), min(end - at, MIB))
				out.write(data)
				at += len(data)


def partitioned(path, image, size="4G", table="gpt"):
	"""A disk with a table, an empty partition, and the image in the second."""
	subprocess.run(["truncate", "-s", size, path], check=True)
	sectors = os.path.getsize(image) // 512
	extra = {"gpt": ["label-id: 11111111-2222-3333-4444-555555555555"],
		 "dos": ["label-id: 0xfeedbeef"]}[table]
	uuid = ", uuid=AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE" if table == "gpt" else ""
	script = ["label: " + table, *extra, "start=2048, size=16384",
		  "start=%d, size=%d%s" % (START, sectors, uuid)]
	subprocess.run(["sfdisk", "-q", path], input="\n".join(script) + "\n", text=True,
		       env=TOOLS, check=True)
	copy(image, path, to=START * 512)
	return str(path)


@pytest.fixture
def card(tmp_path, disk):
	return partitioned(tmp_path / "card.img", disk)


def judged(path, folder):
	"""The file system of the second partition, taken out, without fault."""
	out = folder / "root.img"
	sectors = int(subprocess.run(["sfdisk", "-q", "-l", "-o", "sectors", path], env=TOOLS, text=True,
				     check=True, stdout=subprocess.PIPE).stdout.split()[-1])
	out.write_bytes(b"")
	copy(path, out, begin=START * 512, size=sectors * 512)
	os.truncate(out, sectors * 512)
	wrong = fsck(out)
	assert not wrong, wrong
	return out


def content(image, path, folder):
	subprocess.run(["debugfs", "-R", "dump %s %s/out" % (path, folder), image], env=TOOLS,
		       check=True, capture_output=True)
	return (folder / "out").read_bytes()


def board(name, **more):
	"""The machine, if there is what it wants."""
	if name in qemu.TREES:
		have("trees", "")
	return Machine.on_board(name, **more)


BOARDS = [pytest.param("sifive_u", "", id="sifive_u"), pytest.param("icicle", "", id="icicle"),
	  pytest.param("icicle", "mmc=pio", id="icicle-pio", marks=pytest.mark.long)]


@pytest.mark.parametrize("name,append", BOARDS)
def test_card(card, tmp_path, name, append):
	"""The root is the second partition; what was synced is there after the
	power went, and is read again by the next boot."""
	machine = board(name, disk=card, append=append)
	with Guest(machine) as guest:
		guest.boot(120)
		assert re.search(r"mmcblk0: 4096 MiB SD card, (SPI|4 lines)", guest.log)
		assert "root is ext4 on mmcblk0p2" in guest.log
		text, _ = guest.command("cat /proc/partitions; ls /dev")
		assert [line.split()[2:] for line in text.splitlines() if "mmcblk" in line][:3] == [
			["4194304", "mmcblk0"], ["8192", "mmcblk0p1"],
			["%d" % (os.path.getsize(BUILD / "test/disk.img") // 1024), "mmcblk0p2"]]
		assert text.split().count("mmcblk0p2") == 2, text
		assert guest.command("cat /bin/sh /bin/awk >/root/two && sync && "
				     "cmp -n 100000 /root/two /bin/sh", 120) == ("", 0)
		assert "error" not in guest.command("dmesg | tail -n 3")[0]
		guest.kill()
	want = b"".join((BUILD / "rootfs/bin" / p).read_bytes() for p in ("sh", "awk"))
	# A copy is judged: the card keeps its journal for the next boot.
	assert content(judged(card, tmp_path), "/root/two", tmp_path) == want
	with Guest(machine) as guest:
		guest.boot(120)
		assert guest.command("cat /bin/sh /bin/awk | cmp - /root/two && rm /root/two", 120) \
			== ("", 0)
		guest.poweroff()
	assert "root/two" not in content(judged(card, tmp_path), "/root/two", tmp_path).decode(
		errors="replace")


@pytest.mark.long
@pytest.mark.parametrize("name", qemu.BOARDS)
def test_card_of_standard_capacity(disk, name):
	"""2 GB and no table, as `make run` does: addressed in bytes."""
	with Guest(board(name, disk=disk, snapshot=True)) as guest:
		guest.boot(120)
		assert "2048 MiB SD card (standard capacity)" in guest.log
		assert "root is ext4 on mmcblk0\r\n" in guest.log
		assert guest.command("cp /bin/sh /root/x && sync && cmp /root/x /bin/sh") == ("", 0)
		guest.poweroff()


def test_dma_that_sees_no_caches(tmp_path, disk):
	"""On a bus that the tree calls not coherent each line is flushed before it
	is moved by DMA, and once more after a read. The emulator tells what is
	written to the cache's registers, of which it has no model, and what the SD
	controller moves. All memory is below 4 GiB, where the controller reaches."""
	machine = board("icicle", mem="2G", disk=disk, snapshot=True)
	log, tree = tmp_path / "log", tmp_path / "tree.dtb"
	tree.write_bytes(pathlib.Path(machine.dtb).read_bytes())
	subprocess.run(["fdtput", tree, "/soc", "dma-noncoherent"], env=TOOLS, check=True)
	with Guest(machine.but(dtb=str(tree), extra=["-D", str(log), "-d", "unimp,"
			"trace:sdhci_adma_loop,trace:sdhci_send_command"])) as guest:
		guest.boot(240)
		assert guest.command("cat /bin/* >/root/all; sync", 120) == ("", 0)
		assert guest.command("cat /bin/awk | cmp - /bin/sh", 120)[1] == 1
		guest.kill()
	flushes, needs, reading, moved = {}, {}, False, [0, 0]
	for line in log.read_text(errors="replace").splitlines():
		row = re.search(r"l2cc: unimplemented device write .*offset 0x200, value (0x\w+)", line)
		if row:
			at = int(row.group(1), 16) // 64
			flushes[at] = flushes.get(at, 0) + 1
			continue
		row = re.search(r"sdhci_send_command CMD(\d+)", line)
		if row:
			reading = row.group(1) in ("17", "18")
			continue
		row = re.search(r"sdhci_adma_loop addr=(0x\w+), len=(\d+)", line)
		if not row:
			continue
		begin, size = int(row.group(1), 16), int(row.group(2))
		for at in range(begin // 64, (begin + size) // 64):
			# What came in by a read has been flushed behind it, too.
			assert flushes.get(at, 0) >= needs.get(at, 1), (line, at * 64)
			flushes[at], needs[at] = 0, 1 + reading
		moved[reading] += size
	assert min(moved) > 100000, moved


def test_dma_in_32_bits(tmp_path, disk):
	"""Most of the memory lies where the controller does not reach. All goes by
	DMA nevertheless, through memory that it does reach."""
	machine, log = board("icicle", disk=disk, snapshot=True), tmp_path / "log"
	with Guest(machine.but(extra=["-D", str(log), "-d",
			"trace:sdhci_adma_loop,trace:sdhci_send_command"])) as guest:
		guest.boot(120)
		assert re.search(r"memory: \d+ MiB in 2 banks", guest.log)
		assert guest.command("cat /bin/* >/root/all; sync", 120) == ("", 0)
		assert guest.command("cat /bin/* | cmp - /root/all", 120) == ("", 0)
		guest.kill()
	asked, moved = {}, {}
	for line in log.read_text(errors="replace").splitlines():
		row = re.search(r"sdhci_send_command CMD(\d+)", line)
		if row:
			command = row.group(1)
			asked[command] = asked.get(command, 0) + 1
			fresh = True
		row = re.search(r"sdhci_adma_loop addr=(0x\w+), len=(\d+)", line)
		if row:
			assert int(row.group(1), 16) + int(row.group(2)) <= 1 << 32, line
			count, size = moved.get(command, (0, 0))
			moved[command] = count + fresh, size + int(row.group(2))
			fresh = False
	# One block, many; to read, to write.
	assert moved["18"][1] > 300000 and moved["25"][1] > 300000, moved
	for command in "17", "18", "24", "25":
		assert moved.get(command, [0])[0] == asked.get(command, 0), (command, asked, moved)


def fill_memory(guest):
	"""Of 2 GiB a tmpfs takes its half, the lowest addresses too, and gives it
	back."""
	def kib(name, text):
		return int(re.search(r"^%s:? +(\d+)" % name, text, re.M)[1])

	before, _ = guest.command("cat /proc/meminfo")
	assert kib("MemTotal", before) > 1900 << 10, before
	text, _ = guest.command("ls -l /bin >/tmp/a && while cat /tmp/a /tmp/a >/tmp/b && "
		"cat /tmp/b /tmp/b >/tmp/a; do :; done; ls -l /tmp", 120)
	assert "No space left on device" in text
	assert kib("total", text) > kib("MemTotal", before) // 2 - 1024, text
	after, _ = guest.command("rm /tmp/a /tmp/b; cat /proc/meminfo")
	assert kib("MemFree", after) > kib("MemFree", before) - (16 << 10), after


@pytest.mark.long
def test_memory_from_zero():
	"""A board that only the newest QEMU has: memory begins at 0; 8 harts, AIA, no
	disk."""
	machine = Machine(machine="tt-atlantis", smp=8, mem="2G", disk="none",
			  kernel=str(BUILD / "Image"), qemu=have("qemu-next", ""),
			  bios=have("opensbi", "1.9"))
	with Guest(machine, 120) as guest:
		guest.boot()
		assert "image at 0x200000," in guest.log
		assert re.search(r"sources, messages to 8 of 8 harts", guest.log)
		assert "8 of 8 harts run" in guest.log
		fill_memory(guest)
		guest.kill()


@pytest.mark.long
def test_tree_by_hand(tmp_path):
	"""A board that only the newest QEMU has, and that it makes no tree for: one
	hart of T-Head's, its PLIC and CLINT, a DesignWare UART, no disk. Nothing in it
	can switch it off or restart it, and the prompt comes back."""
	tree = str(tmp_path / "k230.dtb")
	machine = Machine(machine="k230", smp=1, mem="2G", disk="none", dtb=tree,
			  kernel=str(BUILD / "Image"), qemu=have("qemu-next", ""),
			  bios=have("opensbi", "1.9"))
	subprocess.run(["dtc", "-I", "dts", "-O", "dtb", "-o", tree,
			pathlib.Path(__file__).with_name("k230.dts")], check=True)
	with Guest(machine, 120) as guest:
		guest.boot()
		assert "image at 0x8200000," in guest.log
		assert "memory: 2048 MiB in 1 bank" in guest.log
		assert re.search(r"1 harts, rv64imafdc_\S+, clock 10000 kHz, timer by the firmware",
				 guest.log)
		assert "interrupt-controller@f00000000: 208 sources, 1 of 1 harts" in guest.log
		assert "console: ttyS0 (dw-apb)" in guest.log
		assert "1 of 1 harts run" in guest.log
		# The keys come by interrupt, each line by one at least.
		counts = []
		for _ in range(2):
			out, _ = guest.command("cat /proc/interrupts")
			counts.append(int(re.search(r"^ *16: +(\d+) +plic +serial@91400000$", out, re.M)[1]))
		assert 0 < counts[0] < counts[1], counts
		assert "polled" not in guest.log
		fill_memory(guest)
		guest.type("reboot")
		guest.expect("nothing here can restart the machine", 60)
		guest.boot()
		assert guest.command("echo well") == ("well\n", 0)
		guest.type("poweroff")
		guest.expect("system_reset, shutdown: NOT_SUPPORTED", 60)


def test_terminal_that_pauses(disk):
	"""Kernel messages wait for a chip that takes nothing for a while: the UART
	of newer QEMUs does so when its terminal reads late, or QEMU comes late."""
	machine = board("sifive_u", disk=disk, snapshot=True, qemu=have("qemu", "10"))
	with Guest(machine) as guest:
		guest.boot(120)
		guest.type("for i in $(seq 150); do sleep 1000 & done; echo th''rough; cat")
		guest.expect("^through", 60)
		time.sleep(1)
		guest.send("\x10")      # ^P: all processes
		# The terminal holds 4 KB or so; these are 9.
		time.sleep(0.7)
		guest.expect("cat in read", 60)
		assert len(re.findall(r" sleeps +\d+ sleep in \w+\r\n", guest.log)) == 150
		guest.kill()


@pytest.mark.long
@pytest.mark.parametrize("name", qemu.BOARDS)
def test_no_card(name):
	"""An empty slot is told, and the prompt comes from the RAM root."""
	with Guest(board(name, disk="none")) as guest:
		guest.boot(120)
		assert "no SD card" in guest.log and "There is no disk." in guest.log
		assert guest.command("echo well") == ("well\n", 0)
		guest.poweroff()


@pytest.mark.long
@pytest.mark.parametrize("name,restarts", [("sifive_u", True), ("icicle", False)])
def test_off_and_on(name, restarts):
	"""What the firmware of a board can do by SRST; what it cannot is told."""
	with Guest(board(name, disk="none")) as guest:
		guest.boot(120)
		guest.type("reboot")
		if restarts:
			guest.expect("OpenSBI", 60)
		else:
			guest.expect("nothing here can restart the machine", 60)
		guest.boot(120)
		guest.type("poweroff")
		guest.expect("system_reset, shutdown: NOT_SUPPORTED", 60)


@pytest.mark.parametrize("name,append", BOARDS)
def test_card_that_vanishes(disk, tmp_path, name, append):
	"""Errors, and no hang: what is in memory goes on."""
	path = str(tmp_path / "monitor")
	machine = board(name, disk=disk, snapshot=True, append=append, extra=[
		"-chardev", "socket,id=mon,path=%s,server=on,wait=off" % path,
		"-mon", "chardev=mon,mode=readline"])
	with Guest(machine) as guest:
		guest.boot(120)
		guest.command("cat /bin/sh /bin/ls /bin/cat /bin/sync /bin/dmesg >/dev/null")
		guest.command("dmesg -n 1")
		monitor(path)
		text, status = guest.command("cat /bin/awk >/dev/null", 100)
		assert status != 0 and "Input/output error" in text, text
		text, status = guest.command("echo x >/root/x; sync /root/x", 100)
		assert status != 0, text
		assert guest.command("echo well") == ("well\n", 0)
		text, _ = guest.command("dmesg")
		assert text.count("mmcblk0: the card does not answer any more") == 1, text
		# Another card in the slot is not that one. (Of the same one QEMU
		# wants the write lock, and others read it.)
		other = str(tmp_path / "other.img")
		subprocess.run(["cp", "--sparse=always", disk, other], check=True)
		monitor(path, "change hd0 %s raw" % other)
		text, status = guest.command("cat /bin/awk >/dev/null", 100)
		assert status != 0, text


def monitor(path, command="eject -f hd0"):
	"""Say it to QEMU's monitor."""
	with socket.socket(socket.AF_UNIX) as s:
		s.settimeout(60)
		while s.connect_ex(path):
			time.sleep(0.1)     # QEMU is on its way
		said = b""
		for line in ("", command, "info block"):
			s.sendall(line.encode() + b"\n")
			until = said.count(b"(qemu)") + 1
			while said.count(b"(qemu)") < until:
				said += s.recv(4096)
	assert b"rror" not in said, said


# --- which disk is the root: on any machine ---

UUID = "0c709050-6f63-746f-706f-732064697363"


@pytest.mark.parametrize("table", ["gpt", pytest.param("dos", marks=pytest.mark.long)])
def test_root_by_name(tmp_path, disk, table):
	"""Each way to name it, and each boot has it."""
	path = partitioned(tmp_path / "disk.img", disk, table=table)
	partuuid = {"gpt": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "dos": "feedbeef-02"}[table]
	for root in ("", "root=vda2", "root=/dev/vda2", "root=LABEL=octopos ro", "root=UUID=" + UUID,
		     "root=UUID=%s rootdelay=1" % UUID.upper(), "root=PARTUUID=" + partuuid.upper()):
		with Guest(Machine(smp=2, disk=path, snapshot=True, append=root)) as guest:
			guest.boot()
			assert "root is ext4 on vda2" in guest.log, guest.log
			assert ("read-only" in guest.log) == root.endswith(" ro")
			guest.poweroff()


@pytest.mark.parametrize("root", ["LABEL=octopus", *(pytest.param(root, marks=pytest.mark.long)
	for root in ("vdb", "UUID=0", "PARTUUID=feedbeef-03", "LABEL="))])
def test_root_that_is_not_there(tmp_path, disk, root):
	"""The message has what there is; the prompt comes from the RAM root."""
	path = partitioned(tmp_path / "disk.img", disk, table="dos")
	with Guest(Machine(smp=2, disk=path, snapshot=True, append="root=" + root)) as guest:
		guest.boot()
		said = guest.log.replace("\r", "")
		assert "no root %s: it stays in RAM. There are:" % root in said
		assert re.search(r"  vda: \d+ MiB, partitions\n", said)
		assert re.search(r"  vda1: 8 MiB PARTUUID=feedbeef-01\n", said)
		assert re.search(r"  vda2: \d+ MiB, ext4 LABEL=octopos UUID=%s PARTUUID=feedbeef-02\n"
				 % UUID, said)
		assert guest.command("echo well") == ("well\n", 0)
		guest.poweroff()


def test_volumes(tmp_path, disk):
	"""blkid and mount, by label and UUID, as Debian's blkid has them."""
	small = tmp_path / "small.img"
	subprocess.run(["truncate", "-s", "8M", small], check=True)
	subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-L", "a label", small], env=TOOLS,
		       check=True)
	said = subprocess.run(["blkid", "-p", "-o", "export", small], env=TOOLS, check=True, text=True,
			      capture_output=True).stdout
	uuid = re.search(r"^UUID=(.*)", said, re.M).group(1)
	path = partitioned(tmp_path / "disk.img", small, size="64M")
	with Guest(Machine(smp=2, disk=disk, snapshot=True, disks=[qemu.Disk(path)])) as guest:
		guest.boot()
		guest.command("dmesg -n 1")
		assert guest.command("blkid")[0] == \
			'/dev/vda: LABEL="octopos" UUID="%s" TYPE="ext4"\n' \
			'/dev/vdb2: LABEL="a label" UUID="%s" TYPE="ext2"\n' % (UUID, uuid)
		assert guest.command("blkid -U %s; blkid -L octopos; blkid -s UUID -o value /dev/vdb2"
				     % uuid) == ("/dev/vdb2\n/dev/vda\n%s\n" % uuid, 0)
		assert guest.command("blkid /dev/vdb1 || blkid -L none") == ("", 2)
		for name in ("LABEL='a label'", "UUID=" + uuid.upper()):
			assert guest.command("mount %s /mnt && ls /mnt && umount /mnt" % name) == \
				("lost+found\n", 0)
		text, status = guest.command("mount LABEL=none /mnt")
		assert status == 1 and "no disk has that" in text
		guest.poweroff()


def test_root_is_waited_for(disk):
	"""As long as one says; it is looked for again and again."""
	with Guest(Machine(smp=2, disk=disk, snapshot=True,
			   append="root=LABEL=none rootwait=2")) as guest:
		guest.expect("waiting for the root LABEL=none")
		guest.expect(r"no root LABEL=none: it stays in RAM")
		guest.boot()
		guest.poweroff()


def test_card_that_comes_late(disk, tmp_path):
	"""rootwait, and a card that is put into the slot meanwhile."""
	path = str(tmp_path / "monitor")
	empty = tmp_path / "empty.img"
	subprocess.run(["truncate", "-s", "64M", empty], check=True)
	machine = board("sifive_u", disk=str(empty), append="rootwait", extra=[
		"-chardev", "socket,id=mon,path=%s,server=on,wait=off" % path,
		"-mon", "chardev=mon,mode=readline", "-S"])
	with Guest(machine) as guest:
		monitor(path)
		monitor(path, "cont")
		guest.expect("no SD card", 120)
		guest.expect("waiting for the root", 120)
		monitor(path, "change hd0 %s raw" % qemu.copy_disk(disk, tmp_path))
		guest.expect(r"root is ext4 on mmcblk0\r", 120)
		guest.boot()
		guest.poweroff()
