"""The tools themselves: the disk image, and speaking with a guest."""

import hashlib
import os
import pathlib
import subprocess
import textwrap
import time

import pytest

import qemu
from conftest import ROOT, TOOLS, fsck

# Speaks like a machine with a shell on its serial line; it takes QEMU's place.
STAND_IN = """\
#!/usr/bin/python3 -B
import os, subprocess, sys, time, tty
if os.isatty(0):
	tty.setraw(0)
def say(text):
	os.write(1, text.encode().replace(b"\\n", b"\\r\\n"))
prompt = os.environ.get("PROMPT", "# ")
say("firmware\\nkernel\\n" + prompt)
line, status = b"", 0
while True:
	key = os.read(0, 1)
	if not key:
		break
	if key not in b"\\r\\n":
		line += key
		os.write(1, key)
		continue
	say("\\n")
	if line == b"poweroff":
		say("off\\n")
		sys.exit(0)
	if line == b"panic":
		say("PANIC: it is wrong\\nra 0\\n--- octopos: kernel panic, system halted ---\\n")
		os.read(0, 1)
	if line == b"pieces":
		say("# ")
		time.sleep(1)
		line = b"echo users=1"
	if line == b"want memory":
		say("none\\n# [   53.624537 h2] out of memory: killing sh[7]\\n")
		line = b""
		continue
	done = subprocess.run(["sh", "-c", "s() { return %d; }; s; %s" % (status, line.decode())],
			      capture_output=True, text=True)
	status, line = done.returncode, b""
	say(done.stdout + prompt)
"""


@pytest.fixture
def stand_in(tmp_path):
	path = tmp_path / "stand-in"
	path.write_text(STAND_IN)
	path.chmod(0o755)
	return {**os.environ, "QEMU": str(path), "DISK": "none"}


def test_a_machine_does_not_outlive_its_tool(tmp_path):
	"""Whatever ends the tool, and although the machine ignores the hang-up."""
	machine, pid = tmp_path / "machine", tmp_path / "pid"
	machine.write_text("#!/bin/sh\ntrap '' HUP INT TERM\necho $$ >%s.new\n"
			   "mv %s.new %s\nwhile :; do sleep 0.1; done\n" % (pid, pid, pid))
	machine.chmod(0o755)
	tool = subprocess.Popen([ROOT / "tools/sh", "true"],
				env={**os.environ, "QEMU": str(machine), "DISK": "none"})
	until = time.monotonic() + 30
	while not pid.exists() and time.monotonic() < until:
		time.sleep(0.05)
	folder = pathlib.Path("/proc") / pid.read_text().strip()
	assert "machine" in (folder / "cmdline").read_text()
	tool.kill()
	tool.wait()
	while time.monotonic() < until:
		try:
			if "\nState:\tZ" in (folder / "status").read_text():
				return
		except FileNotFoundError:
			return
		time.sleep(0.05)
	pytest.fail("it still runs")


def test_sh_prints_and_has_the_status(stand_in):
	command = "echo hi; printf 'a\\nb$ '; exit 3"
	done = subprocess.run([ROOT / "tools/sh", command], env=stand_in, text=True,
			      capture_output=True, timeout=60 * qemu.PATIENCE)
	assert (done.stdout, done.returncode) == ("hi\na\nb$ ", 3), done.stderr


def test_sh_knows_a_prompt(stand_in):
	"""From a line that begins like one, and whose rest comes late."""
	done = subprocess.run([ROOT / "tools/sh", "pieces\nprintf 'c# '"],
			      env={**stand_in, "PROMPT": qemu.BEGIN + "[1] /tmp # "}, text=True,
			      capture_output=True, timeout=60 * qemu.PATIENCE)
	assert (done.stdout, done.returncode) == ("# users=1\nc# ", 0), done.stderr


def test_sh_tells_a_panic(stand_in):
	done = subprocess.run([ROOT / "tools/sh", "panic"], env=stand_in, text=True,
			      capture_output=True, timeout=60 * qemu.PATIENCE)
	assert done.returncode == 125 and "it is wrong" in done.stderr


def test_sh_finds_a_prompt_behind_which_the_kernel_spoke(stand_in):
	done = subprocess.run([ROOT / "tools/sh", "want memory"], env={**stand_in, "TIMEOUT": "20"},
			      text=True, capture_output=True, timeout=60)
	assert done.stdout.rstrip("\n") == "none\n[   53.624537 h2] out of memory: killing sh[7]", \
		done.stderr
	assert done.returncode == 0


def test_run_types_its_input(stand_in):
	done = subprocess.run([ROOT / "tools/run"], env=stand_in, text=True, timeout=60 * qemu.PATIENCE,
			      input="echo one\necho two\n", capture_output=True)
	assert done.returncode == 0 and "\none\n" in done.stdout and "\noff\n" in done.stdout


def test_run_says_what_qemu_said():
	"""A file that is not there, and a QEMU that is not: the reason is shown."""
	for variable in ("DISK", "QEMU"):
		done = subprocess.run([ROOT / "tools/run"], text=True, timeout=60 * qemu.PATIENCE, input="",
				      env={**os.environ, variable: "/no/such"},
				      capture_output=True)
		assert done.returncode == 1
		assert "/no/such" in done.stderr.partition("\nqemu-system")[0], done.stderr


def test_variables_that_make_no_sense():
	for variable, value in (("SMP", "many"), ("EXTRA", "-x 'y")):
		done = subprocess.run([ROOT / "tools/qemu.py"], text=True, capture_output=True,
				      env={**os.environ, variable: value})
		assert done.returncode == 1
		assert done.stderr.startswith("%s=%s is not " % (variable, value)), done.stderr


def test_variables_reach_qemu():
	env = {**os.environ, "SMP": "8", "MEM": "2G", "BIOS": "/b", "DISK": "/d", "QEMU": "/q",
	       "APPEND": "a b", "EXTRA": "-x 'y z'"}
	words = qemu.shlex.split(subprocess.run([ROOT / "tools/qemu.py"], env=env, text=True,
						check=True, stdout=subprocess.PIPE).stdout)
	assert words[0] == "/q" and words[-2:] == ["-x", "y z"]
	for option, value in (("-smp", "8"), ("-m", "2G"), ("-bios", "/b"), ("-append", "a b")):
		assert words[words.index(option) + 1] == value


# --- the image ---

class Image:
	def __init__(self, folder):
		self.env = {**TOOLS, "BUILD": str(folder)}
		self.disk = str(folder / "disk.img")
		self.root = folder / "rootfs"
		(self.root / "bin").mkdir(parents=True)
		self.program("hello", "echo hello")

	def program(self, name, text):
		path = self.root / "bin" / name
		path.write_text("#!/bin/sh\n%s\n" % text)
		path.chmod(0o755)

	def make(self):
		done = subprocess.run([ROOT / "tools/image", "disk", self.disk], env=self.env,
				      text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
		assert done.returncode == 0, done.stdout
		return done.stdout

	def guest(self, script):
		"""What a guest would do to the disk, by debugfs."""
		subprocess.run(["debugfs", "-w", "-f", "-", self.disk], env=TOOLS, check=True,
			       text=True, input=textwrap.dedent(script), capture_output=True)

	def cat(self, path):
		return subprocess.run(["debugfs", "-R", "cat " + path, self.disk], env=TOOLS,
				      check=True, text=True, capture_output=True).stdout

	def stat(self, path):
		return subprocess.run(["debugfs", "-R", "stat " + path, self.disk], env=TOOLS,
				      check=True, text=True, capture_output=True).stdout

	def digest(self):
		with open(self.disk, "rb") as f:
			return hashlib.sha256(f.read(256 << 20)).hexdigest()


@pytest.fixture
def image(tmp_path):
	return Image(tmp_path)


def test_image_is_the_same_each_time(image):
	image.make()
	first = image.digest()
	pathlib.Path(image.disk).unlink()
	os.utime(image.root / "bin/hello", (1, 1))
	image.make()
	assert image.digest() == first
	assert os.stat(image.disk).st_size == 2 << 30
	fsck(image.disk)


def test_image_is_root_owned_with_nodes(image):
	image.make()
	hello = image.stat("/bin/hello").split()
	assert hello[hello.index("User:") + 1] == "0" and "0755" in hello
	assert "Type: character" in image.stat("/dev/null")
	assert "Mode:  01777" in image.stat("/tmp")
	assert 'Fast link dest: "../bin/init"' in image.stat("/sbin/init")


def test_odd_names(image):
	odd = ['a "b" c', "it's", "-x", "#y", "$HOME\\z", "\u00fc"]
	for name in odd:
		(image.root / name).write_text(name)
	image.make()
	for name in odd:
		assert image.cat('"/%s"' % name.replace('"', '""')) == name
	fsck(image.disk)
	(image.root / "two\nlines").write_text("x")
	done = subprocess.run([ROOT / "tools/image", "disk", image.disk], env=image.env,
			      text=True, capture_output=True)
	assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr


def test_image_nobody_used_is_made_anew(image):
	image.make()
	image.program("hello", "echo changed")
	assert "hello" not in image.make()
	assert "changed" in image.cat("/bin/hello")


def test_image_that_was_used_keeps_what_is_there(image, tmp_path):
	image.make()
	mine = tmp_path / "mine"
	mine.write_text("mine\n")
	image.guest("write %s /root/mine\nrm /etc/motd\nwrite %s /etc/motd\n" % (mine, mine))
	image.program("hello", "echo changed")
	image.program("new", "echo new")
	said = image.make()
	assert "/bin/hello goes into" in said and "/bin/new goes into" in said
	assert image.cat("/root/mine") == "mine\n"
	assert image.cat("/etc/motd") == "mine\n"
	assert "changed" in image.cat("/bin/hello") and "new" in image.cat("/bin/new")
	fsck(image.disk)
	# A second time it still is the user's, and nothing is left to write.
	assert image.make() == ""
	assert image.cat("/root/mine") == "mine\n"


def test_program_changed_in_the_guest_stays(image, tmp_path):
	image.make()
	mine = tmp_path / "mine"
	mine.write_text("mine\n")
	image.guest("rm /bin/hello\nwrite %s /bin/hello\n" % mine)
	image.program("hello", "echo changed")
	assert "stays" in image.make()
	assert image.cat("/bin/hello") == "mine\n"
