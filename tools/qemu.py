#!/usr/bin/python3
"""The one place that knows how QEMU is started and how a guest is spoken to.

Machine describes a machine and makes QEMU's command line from it. Guest runs
one: it owns a private folder and the process, keeps everything that came out
of the serial line, waits for the shell's prompt, runs commands with their
status, and tells a panic, a power-off and silence apart. QEMU's own exit
status says nothing about what happened inside, so the console is the witness.

As a command it prints the command line that it would use:

	SMP=8 tools/qemu.py
"""

import dataclasses
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / (os.environ.get("BUILD") or "build")

# What the kernel prints when it is itself wrong; the second line comes last.
PANIC = re.compile(r"PANIC:|--- octopos: kernel panic, system halted ---")
PANIC_END = "--- octopos: kernel panic, system halted ---"

LINE_END = re.compile(r"\r+\n")

# The shell's prompt: "# " or "$ ", with the directory and the status of what
# failed before it.
PROMPT = re.compile(r"(?:\[\d+\] )?(?:[~/?][^\r\n]* )?[#$] \Z")

# A prompt that the kernel has printed behind, and nothing since but what it says.
SAID = r"\[ *\d+\.\d{6} h\d+\] [^\r\n]*\r\n"
BURIED = re.compile(r"(?:^|(?<=\n))%s((?:%s)+)\Z" % (PROMPT.pattern[:-2], SAID))

# What its line editor says to the terminal beside the line: that it knows
# pasted text, and "how large are you?". The log goes without. The first of them
# comes right before each prompt, and no program prints it.
BEGIN = "\x1b[?2004h"
ASIDES = (BEGIN, "\x1b[?2004l", "\x1b7\x1b[999;999H\x1b[6n\x1b8")
ASIDE = re.compile("|".join(map(re.escape, ASIDES[1:])))

# A loaded machine may need more patience than these tests were tuned for.
PATIENCE = float(os.environ.get("PATIENCE") or 1)

# Models of boards: QEMU's name, harts, memory, and how many serial lines come
# before the one with the console. Their disk is an SD card, whose size is a
# power of two.
BOARDS = {
	"sifive_u": ("sifive_u", 5, "1G", 0),
	"icicle": ("microchip-icicle-kit", 5, "3G", 1),
}
# The tree of a board that QEMU has none for, in what tools/fetch brings.
TREES = {"icicle": "mpfs-icicle-kit.dtb"}

FIRMWARE_DIRS = ("/usr/share/qemu", "/usr/lib/riscv64-linux-gnu/opensbi/generic")


class GuestError(Exception):
	"""Something went wrong in or with the guest; the text has the console."""


class GuestPanic(GuestError):
	"""The kernel said that it is wrong."""


class GuestGone(GuestError):
	"""QEMU ended when nobody had asked for that."""


class GuestSilent(GuestError):
	"""What was waited for did not come in time."""


def from_words(name, what, convert, otherwise):
	"""A variable of the environment, or how it ought to look."""
	word = os.environ.get(name)
	if not word:
		return otherwise
	try:
		return convert(word)
	except ValueError:
		sys.exit("%s=%s is not %s" % (name, word, what))


@dataclasses.dataclass
class Disk:
	"""One more disk: an image, with a filter of QEMU's before it or none."""

	path: str
	log: str = ""           # blklogwrites writes into this file, which is there
	rules: str = ""         # blkdebug fails as this file says

	def argv(self, name, bus):
		nodes = ["driver=file,filename=%s,node-name=%s" % (self.path, name)]
		if self.log:
			nodes += ["driver=file,filename=%s,node-name=%s-log" % (self.log, name),
				  "driver=blklogwrites,file=%s,log=%s-log,node-name=%s-logged" % (
					name, name, name)]
			name += "-logged"
		if self.rules:
			# Only a format above it tells it of what happens.
			nodes += ["driver=blkdebug,config=%s,image=%s,node-name=%s-debug" % (
					self.rules, name, name),
				  "driver=raw,file=%s-debug,node-name=%s-failing" % (name, name)]
			name += "-failing"
		return [word for node in nodes for word in ("-blockdev", node)] + \
		       ["-device", "virtio-blk-device,drive=%s,bus=%s" % (name, bus)]


@dataclasses.dataclass
class Machine:
	"""A virtual machine; the defaults are those of `make run`."""

	smp: int = 4
	mem: str = "256M"
	kernel: str = ""        # "" = build/octopos.elf (DEBUG=1: the checking one)
	bios: str = ""          # "" = what QEMU brings along
	disk: str = ""          # "" = build/disk.img, "none" = no disk
	qemu: str = ""
	append: str = ""
	extra: list = dataclasses.field(default_factory=list)
	legacy: bool = False    # virtio-mmio register layout
	slot: int = 0           # virtio-mmio slot of the disk, or of the last one
	pci: str = ""           # the disk is on PCI instead: "device", or "drive"
				# for what -drive if=virtio makes of it
	disks: list = dataclasses.field(default_factory=list)   # of Disk: vdb, vdc, ...
	dtb: str = ""
	initrd: str = ""
	loader: str = ""        # "address": load the flat image there instead
	machine: str = "virt"
	board: str = ""         # one of BOARDS, see on_board
	cpu: str = ""
	icount: str = ""        # one instruction is one nanosecond, and idle time
				# is skipped ("sleep=off") or waited for ("sleep=on")
	reboot: bool = True     # False: a reset ends QEMU
	snapshot: bool = False  # writes to the disk are forgotten
	drive: str = ""         # more options of the -drive
	debug: bool = False

	@classmethod
	def from_environment(cls, **more):
		"""What the variables of `make run` ask for; ends with a line about
		one that makes no sense."""
		env = os.environ
		board = env.get("BOARD")
		if board and board not in BOARDS:
			sys.exit("BOARD=%s is none of: %s" % (board, " ".join(BOARDS)))
		m = cls.on_board(board, **more) if board else cls(**more)
		m.smp = from_words("SMP", "a number of harts", int, m.smp)
		m.mem = env.get("MEM") or m.mem
		m.bios = env.get("BIOS") or m.bios
		m.disk = env.get("DISK") or m.disk
		m.qemu = env.get("QEMU") or m.qemu
		m.append = env.get("APPEND") or m.append
		m.extra = m.extra + from_words("EXTRA", "what a shell would take apart",
					       shlex.split, [])
		m.debug = m.debug or env.get("DEBUG") == "1"
		return m

	@classmethod
	def on_board(cls, board, **more):
		"""A board as it is, with an SD card in its slot."""
		machine, smp, mem, _ = BOARDS[board]
		if board in TREES:
			found = sorted(BUILD.glob("x/trees_*/" + TREES[board]))
			if not found:
				sys.exit("BOARD=%s wants the board's device tree: tools/fetch brings it"
					 % board)
			more.setdefault("dtb", str(found[-1]))
		return cls(**{"board": board, "machine": machine, "smp": smp, "mem": mem, **more})

	def but(self, **changes):
		return dataclasses.replace(self, **changes)

	def folder(self):
		return BUILD / "debug" if self.debug else BUILD

	def kernel_path(self):
		return self.kernel or str(self.folder() / "octopos.elf")

	def disk_path(self):
		if self.disk == "none":
			return None
		return self.disk or str(BUILD / "disk.img")

	def qemu_path(self):
		return self.qemu or "qemu-system-riscv64"

	def argv(self, serial=("-serial", "mon:stdio")):
		args = [self.qemu_path()]
		share = pathlib.Path(self.qemu_path()).parent.parent / "share/qemu"
		bios = self.bios
		if self.qemu and share.is_dir() and share != pathlib.Path("/usr/share/qemu"):
			# A QEMU that was unpacked, not installed.
			args += ["-L", str(share)]
			bios = bios or firmware_default()
		args += ["-M", self.machine, "-m", self.mem, "-smp", str(self.smp)]
		if self.cpu:
			args += ["-cpu", self.cpu]
		if self.icount:
			args += ["-icount", "shift=0," + self.icount]
		# With a tree of its own QEMU takes the firmware by itself.
		if bios or not (self.board and self.dtb):
			args += ["-bios", bios or "default"]
		if self.loader:
			# fw_dynamic enters what QEMU calls the kernel: an ELF whose
			# addresses were moved is the way to name another place.
			args += ["-kernel", moved_elf(self.kernel_path(), self.loader)]
		else:
			args += ["-kernel", self.kernel_path()]
		if self.initrd:
			args += ["-initrd", self.initrd]
		if self.append:
			args += ["-append", self.append]
		if self.dtb:
			args += ["-dtb", self.dtb]
		if not self.legacy and not self.board:
			args += ["-global", "virtio-mmio.force-legacy=false"]
		disk = self.disk_path()
		# The highest slot is found first, and is vda.
		for i, more in enumerate(reversed(self.disks)):
			args += more.argv("hd%d" % (len(self.disks) - i),
					  "virtio-mmio-bus.%d" % (self.slot + i))
		if disk:
			drive = "file=%s,if=%s,format=raw,id=hd0" % (
				disk.replace(",", ",,"),
				"sd" if self.board else "virtio" if self.pci == "drive" else "none")
			if self.snapshot:
				drive += ",snapshot=on"
			if self.drive:
				drive += "," + self.drive
			args += ["-drive", drive]
		if disk and self.pci == "device":
			args += ["-device", "virtio-blk-pci,drive=hd0"]
		elif disk and not self.pci and not self.board:
			args += ["-device", "virtio-blk-device,drive=hd0,bus=virtio-mmio-bus.%d" % (
					self.slot + len(self.disks))]
		if not self.reboot:
			args += ["-no-reboot"]
		if self.board:
			args += ["-serial", "null"] * BOARDS[self.board][3]
		args += ["-display", "none", *serial]
		if "mon:stdio" not in serial:
			args += ["-monitor", "none"]
		return args + self.extra

	def dump_dtb(self, path):
		"""Write the device tree that QEMU would hand to the firmware."""
		m = self.but(dtb="", disk="none", machine=self.machine + ",dumpdtb=" + str(path))
		subprocess.run(m.argv(("-serial", "none")), check=True,
			       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
			       timeout=30)
		return path


def firmware_default():
	"""A fw_dynamic for a QEMU that has none beside it."""
	for folder in FIRMWARE_DIRS:
		for name in ("opensbi-riscv64-generic-fw_dynamic.bin", "fw_dynamic.bin"):
			path = pathlib.Path(folder, name)
			if path.exists():
				return str(path)
	return "default"


def moved_elf(elf, address):
	"""A copy of the kernel whose load addresses begin at another place."""
	where = int(address, 0)
	out = str(elf) + "@%x" % where
	made = pathlib.Path(out)
	if made.exists() and made.stat().st_mtime >= os.stat(elf).st_mtime:
		return out
	data = bytearray(pathlib.Path(elf).read_bytes())
	phoff = int.from_bytes(data[32:40], "little")
	phnum = int.from_bytes(data[56:58], "little")
	heads = [phoff + i * 56 for i in range(phnum)]
	loads = [h for h in heads if data[h:h + 4] == b"\1\0\0\0"]
	first = min(int.from_bytes(data[h + 24:h + 32], "little") for h in loads)
	# The entry address is a physical one too.
	entry = int.from_bytes(data[24:32], "little")
	data[24:32] = (entry - first + where).to_bytes(8, "little")
	for h in loads:
		old = int.from_bytes(data[h + 24:h + 32], "little")
		data[h + 24:h + 32] = (old - first + where).to_bytes(8, "little")
	temporary = "%s.%d" % (out, os.getpid())
	pathlib.Path(temporary).write_bytes(data)
	os.rename(temporary, out)
	return out


def copy_disk(path, folder):
	"""A private copy of a sparse image."""
	out = os.path.join(folder, "disk.img")
	subprocess.run(["cp", "--sparse=always", "--reflink=auto", path, out], check=True)
	return out


class Guest:
	"""A running machine with its console.

	with Guest(Machine(smp=2)) as g:
		out, status = g.command("ls /")
		g.poweroff()

	With own_disk the guest works on a private copy of the image, which is
	gone with the guest (see `disk` for its place until then).
	"""

	def __init__(self, machine, timeout=60, echo=None, own_disk=False):
		import pexpect
		self.pexpect = pexpect
		self.folder = tempfile.mkdtemp(prefix="octopos-")
		self.timeout = timeout * PATIENCE
		self.echo = echo
		self.log = ""       # all that came out of the serial line
		self.held = ""      # an end of line that may not be whole yet
		self.pos = 0        # what was consumed by expect
		self.edited = -1    # where the last prompt of a line editor begins
		self.ended = False
		self.count = 0
		self.process = None
		try:
			if own_disk and machine.disk_path():
				machine = machine.but(disk=copy_disk(machine.disk_path(), self.folder))
			self.machine = machine
			self.disk = machine.disk_path()
			self.start()
		except BaseException:
			self.close()
			raise

	def start(self):
		argv = self.machine.argv((
			"-chardev", "stdio,id=con,mux=off,signal=off", "-serial", "chardev:con"))
		self.errors = os.path.join(self.folder, "stderr")
		# The shell sends QEMU's own messages past the console; whoever kills
		# this tool ends QEMU too.
		self.process = self.pexpect.spawn(
			"/bin/sh", ["-c", 'exec 2>"$0"; exec setpriv --pdeathsig KILL "$@"',
				    self.errors, *argv],
			encoding="utf-8", codec_errors="replace", echo=False,
			timeout=self.timeout)
		self.process.delaybeforesend = None
		self.started = time.monotonic()

	def __enter__(self):
		return self

	def __exit__(self, *what):
		self.close()

	def close(self):
		"""End QEMU, if it still runs, and remove the private folder."""
		if self.process is not None and self.process.isalive():
			self.process.terminate(force=True)
		if self.process is not None:
			# It has ended, so there is nothing to pause for.
			self.process.ptyproc.delayafterclose = 0
			self.process.close(force=True)
		shutil.rmtree(self.folder, ignore_errors=True)

	def error(self, kind, what):
		try:
			said = pathlib.Path(self.errors).read_text(errors="replace").strip()
		except OSError:
			said = ""
		tail = self.log[-6000:].replace("\r", "")
		return kind("%s\n%s%s\n--- the end of the console ---\n%s\n---" % (
			what, "QEMU: " + said + "\n" if said else "",
			" ".join(map(shlex.quote, self.machine.argv())), tail))

	def read(self, timeout):
		"""Take what comes within the time; False when nothing came."""
		if self.ended:
			return False
		try:
			chunk = self.process.read_nonblocking(65536, max(timeout, 0))
		except self.pexpect.TIMEOUT:
			return False
		except self.pexpect.EOF:
			self.ended = True
			return False
		seen = max(0, len(self.log) - 80)
		self.keep(chunk)
		if PANIC.search(self.log, seen):
			self.panicked()
		return True

	def keep(self, chunk):
		"""Add to the log. QEMU leaves its terminal's own output processing
		on, so each \\r\\n of the guest arrives with one \\r more."""
		chunk = ASIDE.sub("", self.held + chunk)
		text = chunk.rstrip("\r")
		# The rest of an aside may be on its way.
		begun = max(n for a in ASIDES for n in range(len(a)) if text.endswith(a[:n]))
		text = text[:len(text) - begun]
		self.held = chunk[len(text):]
		text = LINE_END.sub("\r\n", text)
		before, found, prompt = text.rpartition(BEGIN)
		before = before.replace(BEGIN, "")
		if found:
			self.edited = len(self.log) + len(before)
		text = before + prompt
		self.log += text
		if self.echo:
			self.echo.write(text.replace("\r\n", "\n"))
			self.echo.flush()

	def panicked(self):
		"""Let the registers and the back-trace arrive, then say so."""
		until = time.monotonic() + 5 * PATIENCE
		while PANIC_END not in self.log and time.monotonic() < until:
			try:
				chunk = self.process.read_nonblocking(65536, 1)
			except self.pexpect.TIMEOUT:
				continue
			except self.pexpect.EOF:
				self.ended = True
				break
			self.keep(chunk)
		raise self.error(GuestPanic, "the kernel panicked")

	def expect(self, pattern, timeout=None):
		"""Wait for a pattern in what has not been consumed; the match."""
		until = time.monotonic() + (timeout * PATIENCE if timeout else self.timeout)
		pattern = re.compile(pattern, re.M) if isinstance(pattern, str) else pattern
		while True:
			found = pattern.search(self.log, self.pos)
			if found:
				self.pos = found.end()
				return found
			if self.ended:
				raise self.error(GuestGone, "QEMU ended before: %s" % pattern.pattern)
			left = until - time.monotonic()
			if left <= 0:
				raise self.error(GuestSilent, "not seen in time: %s" % pattern.pattern)
			self.read(min(left, 1))

	def at_prompt(self):
		"""Is a prompt the last thing on the line? One that a line editor has
		begun there, or what looks like one and stays: a program may print such
		a thing, and the rest of its line come a while later."""
		if not self.log.endswith(("# ", "$ "), self.pos):
			return False
		if self.edited >= self.pos and PROMPT.fullmatch(self.log, self.edited):
			return True
		# Where a line editor has been seen it will be seen again.
		return not self.read(0.5 if self.edited < 0 else 5)

	def wait_prompt(self, timeout=None):
		"""Wait until the shell asks for a line; what came before that."""
		until = time.monotonic() + (timeout * PATIENCE if timeout else self.timeout)
		buried = None   # since when
		while not self.at_prompt():
			if self.ended:
				raise self.error(GuestGone, "QEMU ended before a prompt")
			now = time.monotonic()
			if now >= until:
				raise self.error(GuestSilent, "no prompt in time")
			if not BURIED.search(self.log, self.pos):
				buried = None
			elif buried is None:
				buried = now
			elif now - buried > 1:
				self.log = self.log[:self.pos] + BURIED.sub(r"\1", self.log[self.pos:])
				self.send("\r")    # for another one
				buried = None
			self.read(min(until - now, 1 if buried is None else 0.2))
		text, begin = self.log[self.pos:], self.edited - self.pos
		self.pos = len(self.log)
		# It begins where the editor says so, in the middle of a line too.
		return text[:begin] if begin >= 0 and PROMPT.fullmatch(text, begin) else \
			PROMPT.sub("", text)

	def send(self, text):
		self.process.send(text)

	def type(self, line):
		"""Type a line, as the key of a terminal ends it."""
		self.send(line + "\r")

	def begin(self, command):
		"""Type a command, and wait until it is in front: keys are the shell's
		before that."""
		self.type("sh -c 'echo beg\"\"un; exec \"$@\"' sh " + command)
		self.expect(r"^begun\r\n")

	def command(self, line, timeout=None):
		"""At a prompt: run a line; what it printed, and its status."""
		self.type(line)
		text = self.wait_prompt(timeout)
		# The first line is the console's echo of what was typed.
		text = text.replace("\r\n", "\n").partition("\n")[2]
		self.count += 1
		mark = "=%d=" % self.count
		self.type("echo %s $?" % mark)
		status = int(self.expect(r"%s (\d+)\r?\n" % mark, timeout).group(1))
		self.wait_prompt(timeout)
		return text, status

	def boot(self, timeout=None):
		"""Wait for the first prompt; the seconds that it took."""
		self.wait_prompt(timeout)
		return time.monotonic() - self.started

	def wait_end(self, timeout=None):
		"""Wait until QEMU ends by itself."""
		until = time.monotonic() + (timeout * PATIENCE if timeout else self.timeout)
		while not self.ended:
			left = until - time.monotonic()
			if left <= 0:
				raise self.error(GuestSilent, "QEMU did not end in time")
			self.read(min(left, 1))
		self.process.wait()

	def poweroff(self, timeout=20):
		"""At a prompt: switch the machine off, and see that it is off. The
		boards' models cannot do that; it is told when all is on the disk."""
		self.type("poweroff")
		if self.machine.board:
			self.expect(r"\] power off\r\n", timeout)
			self.kill()
		else:
			self.wait_end(timeout)

	def kill(self):
		"""The power goes."""
		self.process.terminate(force=True)
		self.ended = True


if __name__ == "__main__":
	print(" ".join(map(shlex.quote, Machine.from_environment().argv())))
	sys.exit(0)
