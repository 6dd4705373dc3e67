"""Harts that trap a misaligned access, of which QEMU has none: a plugin of its
translator (aligned.c) watches every load and store instead. The kernel, the
programs and their library make none; a program that makes one, and the tests
of the firmware that do so on purpose, are seen. And firmware that came with
such accesses left to S-mode is asked to do them itself.
"""

import re
import subprocess

import pytest

from conftest import BUILD, ROOT, TOOLS, have
from qemu import Machine
from test_firmware import can_suspend

TOOL = "riscv64-linux-gnu-"
# All but those that fill the memory, where a slow machine has its own ideas of
# who is to go.
OURS = sorted({p.stem for p in (ROOT / "user/test").glob("*.c")} - {"hunger", "oom"})
LIBRARY = ["lib/" + p.stem for p in sorted((ROOT / "user/lib/test").glob("*.c"))]

# Odd lengths and offsets wherever a program takes one.
WORK = r"""
set -e
mkdir /root/work; cd /root/work
cp -r /usr src; ls -lR / >list 2>/dev/null
seq 1 3000 >n; sort -r n | sort -n -u | uniq -c >s; sort n | comm - n >/dev/null 2>&1 || :
awk '{ s += $1 * 1.5; a[$1 % 7] = a[$1 % 7] $1 } END { print s, length(a[3]) }' n
sed -n 's/\(.\)\(.*\)/\2\1/p' n | grep -c '^[0-9]*7$'; tr 0-9 a-j <n | rev | tac | fold -w 3 | wc
paste n s | cut -f 2 | expand | unexpand -a | nl | head -n 2000 | tail -n 3
seq 2 3001 >o; diff n o >d || :; patch -s n d; cmp n o; tsort n >/dev/null 2>&1 || :
tar cf a.tar src list n; tar tvf a.tar >/dev/null; mkdir x; tar xf a.tar -C x; diff -r src x/src
gzip -k a.tar; gzip -t a.tar.gz; gzip -dc a.tar.gz | cmp - a.tar
find . -type f | cpio -o 2>/dev/null >a.cpio; cpio -t <a.cpio >/dev/null 2>&1
sha256sum a.tar | cut -c 1-8; cksum a.tar; crc32 a.tar; od -A x -t x2z n | tail -n 1
hexdump -C n | tail -n 1; strings /bin/sh | wc -l; split -b 1001 list y; cat y* | cmp - list
dd if=a.tar of=b bs=777 2>/dev/null; dd if=b of=c bs=4097 seek=3 2>/dev/null; truncate -s 12345 b
ln b l; ln -s b m; mv l k; touch -d 2001-02-03 k; stat k >/dev/null; chmod 600 k; readlink m
printf '%08d %-7s|%x\n' 314159 abc 255; expr 6 \* 7; calc '2 ^ 100 / 7'; factor 123456789
date; cal 2 2024; env | sort >/dev/null; id; ps -ef >/dev/null; df >/dev/null; du -s . >/dev/null
for f in *; do test -e "$f" || [ -L "$f" ]; done; i=0; while [ $i -lt 50 ]; do i=$((i + 1)); done
man ls | head -n 3; primes 100 | wc -l; xargs -n 3 echo <n | wc -l; time true; sleep 0.1
strace -o t ls >/dev/null; mkfifo p; (cat n >p &); wc -l <p
mkdir y; mount -t tmpfs none y; cp -r src y; umount y
cd /; rm -r /root/work; sync
echo all done
"""

# What a program should not do. (No library: it would be watched, too.)
MISTAKE = """
	.globl _start
_start:	lla a1, room + 1
	ld a2, 0(a1)
	sw a2, 16(a1)
	li a0, 0
	li a7, 93
	ecall
	.bss
	.balign 8
room:	.zero 64
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
	made = tmp_path_factory.mktemp("plugin") / "aligned.so"
	subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared",
			"-fPIC", "-o", made, ROOT / "tools/tests/aligned.c"], check=True)
	return made


@pytest.fixture
def watched(boot, plugin, tmp_path, disk):
	"""watched(machine, files): a guest with these files in /bin, and what gives
	the lines that the plugin has written since the last time."""
	def watched(machine, files=()):
		image, out = tmp_path / "disk.img", tmp_path / "seen"
		subprocess.run(["cp", "--sparse=always", disk, image], check=True)
		for file in files:
			for order in ("write %s bin/%s" % (file, file.name),
				      "set_inode_field bin/%s mode 0100755" % file.name):
				subprocess.run(["debugfs", "-w", "-R", order, image], env=TOOLS,
					       check=True, capture_output=True)
		guest = boot(machine.but(disk=str(image), extra=[
			"-plugin", "%s,out=%s" % (plugin, out)]))
		read = 0

		def seen():
			nonlocal read
			lines = out.read_text().splitlines()
			new, read = lines[read:], len(lines)
			# What the firmware does is its own affair.
			return [line for line in new if not line.startswith("firmware ")]

		return guest, seen
	return watched


def place(elf, line):
	"""The function that a line is about."""
	pc = re.search(r" pc (0x[0-9a-f]+) ", line).group(1)
	done = subprocess.run([TOOL + "addr2line", "-f", "-e", elf, pc], text=True, check=True,
			      stdout=subprocess.PIPE)
	return done.stdout.split()[0]


@pytest.mark.parametrize("emulator", ["", "10"])
def test_programs(watched, tmp_path, emulator):
	"""Work of all kinds on the disk; and a program that does it wrong is seen."""
	work, wrong, source = (tmp_path / name for name in ("work", "wrong", "wrong.S"))
	work.write_text(WORK)
	source.write_text(MISTAKE)
	subprocess.run([TOOL + "gcc", "-nostdlib", "-static", "-o", wrong, source], check=True)
	guest, seen = watched(Machine(smp=2, qemu=emulator and have("qemu", emulator)),
			      [work, wrong])
	out, status = guest.command("sh /bin/work", 200)
	assert status == 0 and "all done" in out, out
	assert seen() == []
	assert guest.command("wrong")[1] == 0
	lines = seen()
	assert [line.split(" pc ")[0] for line in lines] == ["user load 8", "user store 4"], lines
	assert {place(wrong, line) for line in lines} == {"_start"}
	guest.poweroff()
	assert seen() == []


@pytest.mark.parametrize("names", [
	pytest.param(["fault", "mmap", "signal", "lib/string"], id="some"),
	pytest.param(OURS + LIBRARY, id="all", marks=pytest.mark.long)])
def test_tests(watched, names):
	"""The programs of user/test: every call, with odd pointers among them; and
	those of our library."""
	guest, seen = watched(Machine(smp=2))
	found = {}
	for name in names:
		out, status = guest.command("TEST_PATIENCE=4 /test/" + name, 200)
		assert status == 0, out
		found[name] = seen()
	assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("machine", [
	Machine(smp=4, pci="device", legacy=True, append="idle=suspend"),
	pytest.param(Machine(smp=2, debug=True, append="debug"), marks=pytest.mark.long),
	Machine.on_board("sifive_u")],
	ids=["pci", "checking", "sifive_u"])
def test_machines(watched, machine):
	"""Other drivers, and the checking kernel."""
	guest, seen = watched(machine)
	for line in "ls -lR / >/root/list; sync", "cat /root/list >/root/copy", "hart off 1; hart on 1":
		assert guest.command(line, 200)[1] == 0
	guest.poweroff()
	assert seen() == []


def test_firmware(watched):
	"""The tests of the firmware make the kernel's only ones, on purpose, and leave
	to the firmware what it does itself."""
	guest, seen = watched(Machine(smp=2, bios=have("opensbi", "1.9")))
	out, status = guest.command("sbi test", 120)
	assert status == 0, out
	lines = seen()
	assert [line.split(" pc ")[0] for line in lines] == ["kernel load 8"], lines
	assert place(BUILD / "octopos.elf", lines[0]) == "try_load"
	assert delegation(guest) == {"0": "0", "1": "0"}


# What comes before a kernel, and leaves misaligned accesses to it.
LEAVES = """
	.globl _start
_start:	mv s0, a0
	mv s1, a1
	li a7, 0x46574654
	li a6, 0
	li a0, 0
	li a1, 1
	li a2, %d
	ecall
	mv a0, s0
	mv a1, s1
	li t0, 0x80400000
	jr t0
"""


@pytest.fixture
def left_to_us(tmp_path):
	def left_to_us(machine, lock):
		"""The machine, with FWFT's feature 0 set on the hart that boots."""
		source, made = tmp_path / "leaves.S", tmp_path / "leaves"
		source.write_text(LEAVES % lock)
		subprocess.run([TOOL + "gcc", "-nostdlib", "-static", "-Wl,-N,-Ttext=0x80200000",
				"-Wl,--build-id=none", "-o", made, source], check=True)
		return machine.but(kernel=str(made), extra=[
			"-device", "loader,file=%s,addr=0x80400000,force-raw=on" % (BUILD / "Image")])
	return left_to_us


def delegation(guest):
	"""FWFT's feature 0, of each hart."""
	out, status = guest.command("sbi fwft")
	assert status == 0, out
	return dict(re.findall(r"^ +(\d+)  0x0  misaligned delegation +(\d+)\r?$", out, re.M))


def test_asked(boot, left_to_us, tmp_path):
	"""Each hart asks the firmware to do them: the one that booted, and each that
	comes, or comes again."""
	guest = boot(left_to_us(can_suspend(tmp_path, "1.9", "here").but(smp=4), 0))
	assert "image at 0x80400000" in guest.log
	assert delegation(guest) == {h: "0" for h in "0123"}
	asked = r"hart %s  fwft_set\(feature=0x0, value=0x0, flags=0x0\) = SUCCESS"
	guest.command("hart off 1")
	out, status = guest.command("sbi trace hart on 1")
	assert status == 0 and re.search(asked % 1, out), out
	out, status = guest.command("sbi trace suspend 1", 60)
	assert status == 0 and re.search(asked % r"\d+", out), out
	assert set(delegation(guest).values()) == {"0"}


def test_asked_in_vain(boot, left_to_us):
	"""Whoever left them to us may have locked that: it is told, and goes on."""
	guest = boot(left_to_us(Machine(smp=2, bios=have("opensbi", "1.9")), 1))
	told = re.findall(r"hart (\d+): the firmware leaves misaligned accesses to us, "
			  r"and they will be SIGBUS: DENIED_LOCKED", guest.log)
	assert told == re.findall(r"hart (\d+) booted", guest.log), guest.log
	assert delegation(guest)[told[0]] == "1" and len(delegation(guest)) == 2


def test_without(boot):
	"""Firmware before FWFT, or with a draft of it, is not asked."""
	for version in "", "1.6":
		guest = boot(Machine(smp=2, bios=version and have("opensbi", version)))
		assert guest.command("hart off 1")[1] == 0
		out, status = guest.command("sbi trace hart on 1")
		assert status == 0 and "hart_start" in out and "fwft" not in out, out
