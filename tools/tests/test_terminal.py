"""The terminal as one sits at it: pastes, output without end, the key that
interrupts, a break, the size of the window. All of it through QEMU's serial
line and a real pseudo terminal of this machine.
"""

import json
import os
import re
import select
import socket
import subprocess
import time

import pyte
import pytest

import qemu
from conftest import fsck, have
from qemu import Guest, Machine

pytestmark = pytest.mark.xdist_group("terminal")


class Terminal(Guest):
	"""A guest whose line can break, and into which one can paste."""

	def __init__(self, disk, **more):
		self.qmp = "/tmp/octopos-qmp-%d-%d" % (os.getpid(), time.monotonic_ns())
		super().__init__(Machine(smp=4, disk=disk, reboot=False, extra=[
			"-qmp", "unix:%s,server=on,wait=off" % self.qmp], **more),
			own_disk=True)

	def close(self):
		super().close()
		if os.path.exists(self.qmp):
			os.unlink(self.qmp)

	def line_break(self):
		with socket.socket(socket.AF_UNIX) as link:
			link.connect(self.qmp)
			with link.makefile("rw") as lines:
				lines.readline()
				for what in ({"execute": "qmp_capabilities"},
					     {"execute": "chardev-send-break",
					      "arguments": {"id": "con"}}):
					lines.write(json.dumps(what) + "\n")
					lines.flush()
					assert "return" in json.loads(lines.readline())

	def ask(self, key):
		"""A break and a key; the key counts once the break is there."""
		self.line_break()
		time.sleep(0.2)
		self.send(key)

	def paste(self, data, timeout=60):
		"""As fast as it is taken; what comes back is read meanwhile."""
		fd = self.process.child_fd
		until = time.monotonic() + timeout * qemu.PATIENCE
		os.set_blocking(fd, False)
		try:
			while data:
				assert time.monotonic() < until, "the paste is not taken"
				can_read, can_write, _ = select.select([fd], [fd], [], 1)
				if can_read:
					self.read(0)
				if can_write:
					try:
						data = data[os.write(fd, data[:512]):]
					except BlockingIOError:
						pass
		finally:
			os.set_blocking(fd, True)


@pytest.fixture(scope="module")
def term(disk):
	with Terminal(disk) as guest:
		guest.boot()
		guest.command("cd /tmp")
		yield guest
		guest.poweroff()
		fsck(guest.disk)


def a_paste(size=100_000):
	"""Lines of all lengths, the longest that may be among them."""
	lines, n = [], 0
	while sum(map(len, lines)) < size:
		length = 4095 if n % 9 == 4 else n * 37 % 90
		lines.append(chr(ord("a") + n % 26) * length + "\n")
		n += 1
	return "".join(lines)


def test_paste(term):
	"""100 KB: all of it is read, and all of it is shown."""
	text = a_paste()
	term.type("cat >pasted")
	term.expect("pasted\r\n", 10)
	start = term.pos
	term.paste(text.replace("\n", "\r").encode() + b"\x04")
	term.wait_prompt(60)
	assert term.log[start:term.pos].replace("\r\n", "\n").startswith(text)
	got, status = term.command("cat pasted", 60)
	assert status == 0 and got == text


def test_paste_before_anybody_reads(term):
	text = a_paste()
	term.type("sleep 3; cat >pasted")
	term.expect("pasted\r\n", 10)
	term.paste(text.replace("\n", "\r").encode() + b"\x04")
	term.wait_prompt(60)
	got, status = term.command("cat pasted", 60)
	assert status == 0 and got == text


def test_more_than_is_kept(term):
	"""What the kernel does not keep waits before the line, unharmed; the
	other side is asked to wait, and later to go on."""
	text = a_paste(600_000)
	# The reader comes when the line has been still for so long: no more is kept,
	# or this machine had other things to do, and a longer time will tell.
	for seconds in (2, 10, 50):
		# Without echo it is quicker.
		term.type("stty ixoff -echo; n() { grep serial /proc/interrupts; }; a=; echo qui''et;"
			  " until [ \"$a\" = \"$(n)\" ]; do a=$(n); sleep %d; done; cat >pasted" % seconds)
		term.expect("^quiet\r\n", 10)
		start = term.pos
		term.paste(text.encode() + b"\x04", 120)
		term.wait_prompt(60)
		if "\x13" in term.log[start:]:
			break
	assert 0 < term.log.find("\x13", start) < term.log.rfind("\x11"), "nothing was held back"
	assert "\x13" not in term.command("stty -ixoff echo")[0]
	got, status = term.command("wc -c <pasted; tail -c 5000 pasted", 60)
	assert status == 0
	assert got.replace(" ", "") == "%d\n%s" % (len(text), text[-5000:])


def test_fast_typing(term):
	"""Keys as they come, one by one, while others print."""
	word = "".join(chr(ord("a") + i % 26) for i in range(1500))
	term.type("(seq 1 300 >/dev/null; sleep 1) & cat >typed")
	term.expect("typed\r\n", 10)
	for letter in word:
		term.send(letter)
		time.sleep(0.0005)
	term.send("\r\x04")
	term.wait_prompt(30)
	term.command("wait")    # the end of a job is told before a prompt
	got, status = term.command("cat typed")
	assert (got, status) == (word + "\n", 0)


def test_output(term):
	"""A program that prints and prints: each line arrives, in order."""
	got, status = term.command("seq 1 30000", 120)
	assert status == 0
	assert got == "".join("%d\n" % n for n in range(1, 30001))


def test_end_of_a_session(term):
	"""Its last words are seen, and what was typed ahead is for the next."""
	term.type("seq 1 800; exit")
	term.type("echo next")
	text = term.expect(r"^exit\r\n|^1\r\n", 10)
	start = text.start()
	term.expect(r"^(# )?next\r\n", 30)
	term.wait_prompt(10)
	# What is typed is shown at once, each key in the middle of what is printed.
	seen = term.log[start:]
	assert "".join(map(str, range(2, 801))) in re.sub(r"\D", "", seen)
	assert "here is another" in seen
	term.command("cd /tmp")


def interrupted(term):
	"""Soon: within the time that the machine needs for some screens of text."""
	began = time.monotonic()
	term.send("\x03")
	term.wait_prompt(30)
	assert time.monotonic() - began < 3 * qemu.PATIENCE
	got, status = term.command("echo alive")
	assert (got, status) == ("alive\n", 0)


def test_interrupt_behind_a_paste(term):
	term.begin("sleep 1000")
	term.paste(a_paste().replace("\n", "\r").encode())
	while term.read(0.5):
		pass
	interrupted(term)


def test_interrupt_behind_much_more(term):
	term.type("stty -echo; echo qui''et; sleep 1000")
	term.expect("^quiet\r\n", 10)
	term.paste(a_paste(480_000).replace("\n", "\r").encode(), 120)
	while term.read(0.5):
		pass
	interrupted(term)
	assert term.command("stty echo")[1] == 0


def test_interrupt_output_without_end(term):
	term.type("yes 'and on and on and on'")
	end = time.monotonic() + 2
	while time.monotonic() < end:
		term.read(0.1)
	interrupted(term)


def test_stop_and_go_on(term):
	"""^S holds the output, ^Q lets it go on; none is lost."""
	# More than there is time for, whatever else this machine does meanwhile.
	term.type("seq 1 3000000")
	term.expect("^100\r\n", 10)
	term.send("\x13")
	while term.read(qemu.PATIENCE):
		pass
	stopped = len(term.log)
	assert not term.read(1), "it goes on"
	term.send("\x11")
	while len(term.log) < stopped + 10000:
		assert term.read(10 * qemu.PATIENCE), "it does not go on"
	term.send("\x03")
	text = term.wait_prompt(60).partition("^C")[0].replace("\r\n", "\n")
	# The last number may be cut short.
	assert len(text) > 5000 and "".join("%d\n" % n for n in range(101, 3000001)).startswith(text.rstrip("\n"))


# --- a break ---

def test_break_and_a_key(term):
	term.type("cat")
	term.expect("cat\r\n", 10)
	term.send("ab")
	term.ask("h")
	term.expect(r"sysrq: p processes", 10)
	term.expect(r"sysrq: 0-8 ", 10)
	term.ask("p")
	term.expect(r"\bcat\b.* in read", 10)
	term.ask("m")
	term.expect(r"pages: \d+ in all", 10)
	term.ask("s")
	term.expect("all is written", 20)
	# The keys were not typed.
	term.send("c\r")
	term.expect("^abc\r\n", 10)
	term.send("\x04")
	term.wait_prompt(10)


def test_dump_key_is_a_byte_elsewhere(term):
	"""^P belongs to lines on the console that are edited."""
	term.type("cat >typed")
	term.expect("typed\r\n", 10)
	term.send("a\x16\x10b\r\x04")
	term.wait_prompt(10)
	got, _ = term.command("wc -c <typed")
	assert got.strip() == "4"


def test_dump_key_in_raw_mode(term):
	"""There it is a byte as well; with lines it is the dump."""
	term.type("stty raw -echo; echo r''aw; head -c 3 >typed; stty sane")
	term.expect("^raw", 10)
	term.send("a\x10b")
	assert "pgid" not in term.wait_prompt(10)
	assert term.command("wc -c <typed")[0].strip() == "3"
	term.begin("sleep 1000")
	term.send("\x10")
	term.expect("ppid +pgid", 5)
	term.send("\x03")
	term.wait_prompt(10)


def test_settings(term):
	"""stty says what is, and what it says can be set again."""
	before, status = term.command("stty -a")
	assert status == 0 and "intr = ^C;" in before and " icanon " in before
	saved = term.command("stty -g")[0].strip()
	assert term.command("stty intr ^X -ixon tab3 min 5 rows 33 columns 99")[1] == 0
	text, _ = term.command("stty")
	assert "intr = ^X;" in text and "-ixon" in text and "tab3" in text
	assert term.command("stty size")[0] == "33 99\n"
	term.begin("sleep 1000")
	term.send("\x18")
	term.wait_prompt(10)
	assert term.command("stty %s rows 0 cols 0" % saved)[1] == 0
	assert term.command("stty -a")[0] == before
	# Another terminal, and what raw took is given back but for nothing.
	assert term.command("stty raw; stty -raw; stty -F /dev/ttyS0 -a </dev/null")[0] == before
	text, status = term.command("stty -F /dev/null")
	assert status == 1 and text.startswith("stty: /dev/null: ")
	assert term.command("stty speed; stty --help >/dev/null") == ("115200\n", 0)
	for words in ("bogus", "intr", "min 256", "rows x", "-ixon bogus", "-a raw"):
		text, status = term.command("stty " + words)
		assert status == 1 and text.startswith("stty: "), words
	assert term.command("stty -a")[0] == before
	# A line whose speed is not ours to set says so.
	text, status = term.command("stty 9600")
	assert status == 1 and "does not do" in text
	assert term.command("stty -a </dev/null")[1] == 1
	assert term.command("tty") == ("/dev/ttyS0\n", 0)
	assert term.command("tty </dev/null") == ("not a tty\n", 1)


def test_break_and_delete(disk):
	"""Where there is no ctrl-alt-del: init restarts the machine in order."""
	with Terminal(disk) as term:
		term.boot()
		term.ask("\x7f")
		term.expect("sysrq: ctrl-alt-del", 10)
		term.expect("init: restarting the machine", 20)
		term.wait_end(60)


def test_break_ends_a_machine(disk):
	"""u and b: nothing is left to mend on the disk."""
	with Terminal(disk) as guest:
		guest.boot()
		guest.command("echo kept >/kept")
		guest.type("while :; do echo x >>/much; done")
		time.sleep(1)
		guest.ask("u")
		guest.expect("all disks are read-only", 30)
		guest.ask("b")
		guest.wait_end(20)
		fsck(guest.disk)


def test_break_kills_what_hangs(disk):
	with Terminal(disk) as guest:
		guest.boot()
		guest.type("trap '' INT QUIT TERM HUP; while :; do :; done")
		time.sleep(1)
		guest.send("\x03")
		guest.ask("i")
		guest.expect("here is another", 20)
		guest.wait_prompt(20)
		assert guest.command("echo alive") == ("alive\n", 0)


# --- what stands at the other end ---

class Window(pyte.Screen):
	"""A terminal's screen that answers, unless it is told not to."""

	def __init__(self, columns, lines):
		super().__init__(columns, lines)
		self.answers = True
		self.typed = lambda text: None

	def write_process_input(self, data):
		if self.answers:
			self.typed(data)


class Seen(Terminal):
	"""A guest on such a screen."""

	def __init__(self, disk, window):
		self.window = window
		self.stream = pyte.Stream(window)
		window.typed = lambda text: self.send(text)
		super().__init__(disk, append="TERM=vt100")

	def keep(self, chunk):
		# One \r more is this machine's, see Guest.
		self.stream.feed(chunk)
		super().keep(chunk)

	def until(self, seen):
		"""Read until it is seen on the screen."""
		until = time.monotonic() + 20 * qemu.PATIENCE
		while not seen():
			assert time.monotonic() < until, "\n".join(self.window.display)
			self.read(0.2)

	def line(self, n=0):
		"""The line with the cursor, or one above it."""
		return self.window.display[self.window.cursor.y - n].rstrip()


@pytest.fixture
def seen(disk):
	guests = []

	def seen(columns, lines, answers=True):
		window = Window(columns, lines)
		window.answers = answers
		guests.append(Seen(disk, window))
		return guests[0]

	yield seen
	try:
		guests[0].poweroff()
		fsck(guests[0].disk)
	finally:
		guests[0].close()


def test_size_is_asked(seen):
	guest = seen(132, 50)
	guest.boot()
	text, _ = guest.command("ls -C /bin")
	assert 80 < max(map(len, text.split("\n"))) < 132
	# The question has left no trace, and the answer was not typed.
	assert not any("999" in line or "[6n" in line or "132R" in line
		       for line in guest.window.display)
	# Another size, and who is in front hears of it.
	again = "sh -c \"trap 'echo it changed' WINCH; resize; true\""
	guest.window.resize(30, 60)
	text, _ = guest.command(again)
	assert "it changed\n" in text and "COLUMNS=60;\nLINES=30;\n" in text
	text, _ = guest.command(again)
	assert "changed" not in text and "COLUMNS=60;\nLINES=30;\n" in text
	text, _ = guest.command("ls -C /bin")
	assert 30 < max(map(len, text.split("\n"))) < 60


def test_no_answer_eats_no_key(seen):
	guest = seen(80, 24, answers=False)
	guest.boot()
	guest.type("resize; cat")
	guest.expect(r"\x1b\[6n", 20)
	began = time.monotonic()
	guest.send("\x1b[12;")
	time.sleep(0.1)
	guest.send("x two\r")
	guest.expect(r"^\x1b\[12;x two\r\n", 20)
	guest.send("\x04")
	assert time.monotonic() - began < 3 * qemu.PATIENCE
	guest.wait_prompt(10)
	text, status = guest.command("resize")
	assert status == 1 and "does not answer" in text


def test_answer_among_keys(seen):
	guest = seen(80, 24, answers=False)
	guest.boot()
	guest.type("resize")
	guest.expect(r"\x1b\[6n", 20)
	guest.send("echo on\x1b[33;1")
	guest.send("20R")
	guest.expect(r"# echo on\Z", 20)        # typed once more
	guest.send("e\r")
	guest.expect(r"^one\r\n", 20)
	guest.wait_prompt(10)
	guest.window.answers = True
	text, _ = guest.command("ls -C /bin")
	assert 80 < max(map(len, text.split("\n"))) < 120


def test_editing_as_it_is_seen(seen):
	"""What is rubbed out is gone from the screen too."""
	guest = seen(80, 24)
	guest.boot()
	guest.type("cat")
	guest.expect("cat\r\n", 10)

	def shows(keys, line):
		guest.send(keys)
		guest.until(lambda: guest.line() == line)
		guest.send("\x15")
		guest.until(lambda: guest.line() == "" and guest.window.cursor.x == 0)

	shows("ab\x7fc", "ac")
	shows("a\tb\x7f\x7fc", "ac")
	shows("ab\t\x01\x1b\x7f\x7f\x7f|", "ab|")
	shows("one two_3 .\x17x", "one x")
	shows("\u00e9\u00e9\x7fz", "\u00e9z")
	guest.send("abc\x12")
	guest.until(lambda: guest.line() == "abc" and guest.line(1) == "abc^R")
	guest.send("\x03")
	guest.wait_prompt(10)


@pytest.fixture
def foreign_disk(disk, tmp_path):
	"""With programs that were made for another system."""
	image = qemu.copy_disk(disk, tmp_path)
	for command in ("write %s /bin/busybox" % have("busybox", ""),
			"sif /bin/busybox mode 0100755"):
		subprocess.run(["debugfs", "-w", "-R", command, image], check=True,
			       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
	return image


def test_full_screen(foreign_disk):
	"""An editor of another system: raw mode, the size, the screen, and back."""
	window = Window(90, 20)
	guest = Seen(foreign_disk, window)
	rows = lambda first, last: [line.rstrip() for line in window.display[first:last]]
	try:
		guest.boot()
		before, _ = guest.command("cd /tmp; busybox stty -a")
		assert "rows 20; columns 90;" in before
		guest.type("busybox vi letter")
		guest.until(lambda: rows(1, 19) == ["~"] * 18)
		guest.send("ihello\rworld\x1b")
		# Escape alone is one after a while; then the cursor goes a step back.
		guest.until(lambda: rows(0, 3) == ["hello", "world", "~"] and
			    (window.cursor.y, window.cursor.x) == (1, 4))
		guest.send("k0x\x10")        # ^P: up, not the dump
		guest.until(lambda: rows(0, 3) == ["ello", "world", "~"] and
			    (window.cursor.y, window.cursor.x) == (0, 0))
		guest.send("G$")
		guest.until(lambda: (window.cursor.y, window.cursor.x) == (1, 4))
		guest.send(":wq\r")
		guest.wait_prompt(20)
		assert guest.command("cat letter") == ("ello\nworld\n", 0)
		assert guest.command("busybox stty -a")[0] == before
		guest.poweroff()
		fsck(guest.disk)
	finally:
		guest.close()
