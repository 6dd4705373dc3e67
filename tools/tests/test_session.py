"""A session typed at the shell, key by key where keys matter."""

import random
import re
import time

import pytest

import qemu
from conftest import fsck
from qemu import Guest, Machine

pytestmark = pytest.mark.xdist_group("session")


@pytest.fixture(scope="module")
def shell(disk):
	"""One guest for the whole session."""
	with Guest(Machine(smp=4, disk=disk, reboot=False), own_disk=True) as guest:
		guest.boot()
		guest.command("cd /tmp")
		yield guest
		guest.poweroff()
		fsck(guest.disk)


def says(shell, line, want, status=0):
	got = shell.command(line)
	assert got == (want, status), line


LINES = [
	("echo hello", "hello\n", 0),
	("echo 'a  b' \"c  d\" e\\ f", "a  b c  d e f\n", 0),
	("echo one; echo two", "one\ntwo\n", 0),
	("x=7; echo $x \"$x\" '$x'", "7 7 $x\n", 0),
	("echo abc >f; cat f", "abc\n", 0),
	("echo def >>f; cat f", "abc\ndef\n", 0),
	("wc -l <f", "2\n", 0),
	("cat f | cat | wc -c", "8\n", 0),
	("(cd /; pwd); pwd", "/\n/tmp\n", 0),
	("ls /no/such 2>/dev/null || echo failed", "failed\n", 0),
	("cat /no/such >f 2>&1; wc -l <f", "1\n", 0),
	("true && echo yes", "yes\n", 0),
	("sleep 0 & wait; echo done", None, 0),
	("mkdir d; cd d; pwd; cd ..; pwd", "/tmp/d\n/tmp\n", 0),
	("echo 1 >a; ln a b; cat b; rm a b", "1\n", 0),
	("ls d", "", 0),
	("mkdir -p /proc/no/such", "mkdir: cannot create directory '/proc/no': Operation not permitted\n", 1),
	("nosuchcommand", None, 127),
	("primes 30 | wc -l", None, 0),
	("demo >/dev/null", "", 0),
	("ps -o args,comm | grep -c '^ps -o args,comm'", "1\n", 0),
	("uptime >/dev/null", "", 0),
	("ps | grep -q init || ps | wc -l >/dev/null", None, 0),
	("dmesg | wc -l >/dev/null", "", 0),
	("mount >/dev/null", "", 0),
	("cat /dev/null", "", 0),
	("echo x >/dev/full", None, 1),
	("mknod n c 1 3; echo x >n; rm n", "", 0),
	("sync", "", 0),
]


@pytest.mark.parametrize("line,want,status", LINES, ids=[row[0] for row in LINES])
def test_line(shell, line, want, status):
	text, got = shell.command(line)
	assert got == status, text
	if want is not None:
		assert text.replace("  ", " ").strip() == want.replace("  ", " ").strip() \
			if line.startswith("wc") else text == want


def test_root_is_written(shell):
	text, status = shell.command("echo x >/file && cat /file && rm /file")
	assert (text, status) == ("x\n", 0)
	text, status = shell.command("mount -o remount,ro / && echo y >/file")
	assert status != 0 and "ead-only" in text
	assert shell.command("mount -o remount,rw / && echo y >/file && rm /file")[1] == 0


# --- programs that look at the machine, and those that fill the screen ---

def numbers(text):
	return [float(n) for n in text.split()]


def test_idle_time_is_counted(shell):
	"""Also of a hart that nothing has woken meanwhile."""
	harts = 4
	until = time.monotonic() + 30 * qemu.PATIENCE
	while True:
		text, _ = shell.command("cat /proc/uptime; sleep 2; cat /proc/uptime")
		up, idle, up_later, idle_later = numbers(text)
		assert idle_later - idle <= harts * (up_later - up) + 0.05
		seen = numbers(shell.command("vmstat 1 2 | tail -n 1")[0])[-1]
		# One of them woke up for the two programs. (A hart that waits for a core
		# of the build machine is busy.)
		if (harts - 1) * 1.9 <= idle_later - idle and seen >= 100 * (harts - 1) / harts - 1:
			break
		assert time.monotonic() < until, (text, seen)


def test_interrupts_and_switches_are_counted(shell):
	text, _ = shell.command("grep -E 'intr|ctxt' /proc/stat; sleep 0.1; grep -E 'intr|ctxt' /proc/stat")
	before, after = [dict(zip(rows[::2], map(int, rows[1::2])))
			 for rows in (text.split()[:4], text.split()[4:])]
	assert all(after[name] > before[name] > 0 for name in ("intr", "ctxt"))


def test_disks_are_counted(shell):
	def sectors():
		row = shell.command("grep vda /proc/diskstats")[0].split()
		return int(row[5]), int(row[9])
	before = sectors()
	shell.command("dd if=/dev/zero of=/counted bs=1M count=3 2>/dev/null; sync; rm /counted")
	assert before[0] > 0 and 6144 <= sectors()[1] - before[1] < 12000


def test_blocked_are_counted(boot):
	"""Who waits for a disk, here one that takes its time, does not run."""
	guest = boot(Machine(smp=2, slot=1, extra=[
		"-blockdev", "driver=null-co,node-name=slow,size=1073741824,latency-ns=400000000,read-zeroes=on",
		"-device", "virtio-blk-device,drive=slow,bus=virtio-mmio-bus.0"]))
	guest.command("cat /dev/vdb >/dev/null &")
	until = time.monotonic() + 30 * qemu.PATIENCE
	while True:     # not between two requests
		text, _ = guest.command("vmstat | tail -n 1; ps -o s= -C cat")
		if text.split()[1] == "1" and text.split()[-1] == "D":
			break
		assert time.monotonic() < until, text
	guest.command("kill $!; wait")


def test_time_of_who_runs(shell):
	"""Also of one that nothing has taken its hart from since it began."""
	shell.command("stress -q -c 1 -t 60 & sleep 2")
	text, _ = shell.command("for i in 1 2 3; do ps -C stress -o time=,%cpu= | sort | tail -n 1; sleep 1; done; killall stress; wait")
	rows = [row.split() for row in text.split("\n")[:3]]
	assert all(float(share) > 60 for _, share in rows), text
	assert rows[0][0] < rows[2][0], text


def test_by_name(shell):
	shell.command("sleep 1234 & first=$!; sleep 1235 &")
	shell.command("until [ $(pgrep -xc sleep) = 2 ]; do sleep 0.1; done")
	text, status = shell.command("pgrep -fl 'sleep 123[45]' | wc -l; pidof sleep | wc -w; ps -C sleep -o args=")
	assert status == 0 and text.split() == "2 2 sleep 1234 sleep 1235".split()
	assert "1" in shell.command("pkill -f 'sleep 1234'; wait $first; pgrep -c sleep")[0].split("\n")
	assert "0" in shell.command("killall sleep; wait; pgrep -c sleep")[0].split("\n")


def test_edit(shell):
	shell.type("edit letter")
	shell.expect(r"\^Q quit", 20)
	shell.send("Dear reader,\r\x13")
	shell.expect("Saved: letter", 20)
	shell.send("not kept\x11")
	shell.expect("what was changed", 20)
	shell.send("n")
	shell.wait_prompt(10)
	says(shell, "cat letter; ls -a | grep -c '^.edit'", "Dear reader,\n0\n", 1)


def test_edit_is_killed(shell):
	shell.type("(until pgrep -x edit >/dev/null; do sleep 0.1; done; sleep 4; pkill -x edit) & edit letter")
	shell.expect(r"\^Q quit", 20)
	shell.send("More. ")
	shell.expect("the text is in letter.save", 30)
	shell.wait_prompt(10)
	says(shell, "cat letter.save; rm letter letter.save; stty | grep -c -e -echo", "More. Dear reader,\n0\n", 1)


def test_top(shell):
	shell.type("top -d 1")
	shell.expect("PID USER", 20)
	shell.expect("PID USER", 20)
	shell.send("q")
	shell.wait_prompt(10)
	shell.command("stress -q -c 1 -t 600 &")
	text, status = shell.command("top -b -n 3 -d 1 |"
				     "awk '$NF == \"stress\" && $8 > most { most = $8 } END { print most }'")
	assert status == 0 and float(text.split()[-1]) > 50
	shell.command("killall stress; wait")


# --- the keys ---

def test_keys_that_edit(shell):
	"""^H and DEL take a character back, ^W a word, ^U the line."""
	shell.send("rubbish\x15echo abX\x08Y\x7fc two\x17three\r")
	text = shell.wait_prompt().replace("\r\n", "\n").partition("\n")[2]
	assert text == "abc three\n"


def test_interrupt_key(shell):
	shell.begin("sleep 1000")
	shell.send("\x03")
	shell.wait_prompt(10)
	says(shell, "echo alive", "alive\n")


def test_interrupt_key_at_the_prompt(shell):
	shell.send("echo never")
	shell.send("\x03")
	text = shell.wait_prompt(10)
	assert "\nnever" not in text
	says(shell, "echo alive", "alive\n")


def test_interrupt_leaves_the_background_alone(shell):
	shell.command("sleep 1000 &")
	shell.begin("sleep 1000")
	shell.send("\x03")
	shell.wait_prompt(10)
	text, _ = shell.command("ps")
	assert "sleep" in text
	text, status = shell.command("kill $!")
	assert status == 0, text


def test_end_of_input_key(shell):
	shell.begin("cat")
	shell.type("typed")
	shell.expect("typed\r\ntyped\r\n", 10)
	shell.send("\x04")
	shell.wait_prompt(10)


def test_dump_key(shell):
	"""^P lists the processes, whatever is running."""
	shell.begin("sleep 1000")
	shell.send("\x10")
	shell.expect(r"sh\b", 5)
	shell.expect(r"sleep\b", 5)
	shell.send("\x03")
	shell.wait_prompt(20)


def test_background_output_while_the_shell_reads(shell):
	"""Nothing holds a lock while it waits for a line."""
	shell.type("(sleep 4; echo from behind) &")
	shell.wait_prompt(10)
	shell.expect("from behind\r\n", 10)
	text, _ = shell.command("echo in front")
	assert text.startswith("in front\n")


def test_background_reader_stops(shell):
	"""What is typed is for the shell; a reader behind it waits for `fg`."""
	shell.type("cat &")
	shell.wait_prompt(10)
	text, _ = shell.command("until jobs >jobs; grep -q Stopped jobs; do sleep 0.1; done; cat jobs; rm jobs")
	assert re.search(r"Stopped.*\bcat$", text, re.M), text
	says(shell, "echo mine", "mine\n")
	shell.type("fg")
	shell.expect("fg\r\ncat\r\n", 10)
	shell.type("yours")
	shell.expect("yours\r\nyours\r\n", 10)
	shell.send("\x04")
	shell.wait_prompt(10)
	# Nothing stops a writer, and nobody is left.
	text, _ = shell.command("(echo aloud; >said; cat) & until [ -e said ]; do sleep 0.1; done;"
				"kill -9 %1; wait; jobs; rm said")
	assert "aloud\n" in text
	text, _ = shell.command("ps")
	assert "cat" not in text


def test_long_line(shell):
	word = "x" * 200
	says(shell, "echo %s %s" % (word, word), "%s %s\n" % (word, word))


def test_typing_ahead(shell):
	shell.send("sleep 1; echo first\recho second\r")
	# Not the echo of what is typed.
	shell.expect(r"^first\r\n(.|\r|\n)*^second\r\n", 15)
	shell.wait_prompt(10)


# --- the line editor, on the guest's own terminal ---

def echoes(shell):
	"""The terminal shows what is typed and gives it line by line."""
	shell.begin("cat")
	shell.type("shown")
	shell.expect("shown\r\nshown\r\n", 10)
	shell.send("\x04")
	shell.wait_prompt(10)


def test_editing(shell):
	shell.send("ecko b\x01\x1b[C\x1b[C\x1b[3~h\x1b[F\x1b[Da \x05c\r")
	text = shell.wait_prompt(10).replace("\r\n", "\n").partition("\n")[2]
	assert text == "a bc\n"
	shell.send("\x1b[A\x7f\u00e4\r")
	text = shell.wait_prompt(10).replace("\r\n", "\n").partition("\n")[2]
	assert text == "a b\u00e4\n"


def test_history_is_kept(shell):
	shell.command("echo to be kept")
	text, status = shell.command("tail -n 1 ~/.sh_history")
	assert (text, status) == ("tail -n 1 ~/.sh_history\n", 0)
	assert "echo to be kept\n" in shell.command("cat ~/.sh_history")[0]


def test_a_paste(shell):
	"""100,000 bytes between the marks are one line, and none is lost."""
	shell.send("\x1b[200~v='" + "x" * 100000 + "'\necho one\x1b[201~")
	shell.send("\r")
	assert shell.wait_prompt(60).endswith("one\r\n")
	says(shell, "echo ${#v}; v=", "100000\n")


def test_terminal_left_raw_by_a_killed_program(shell):
	"""A shell, for one, that is killed while it edits."""
	shell.type("sh")
	shell.wait_prompt(10)
	shell.type("(sleep 4; kill -9 $$) &")
	shell.wait_prompt(10)
	shell.expect("Killed\r\n", 10)
	shell.wait_prompt(10)
	echoes(shell)


def test_login_shell_killed_while_it_edits(shell):
	shell.type("(sleep 0.5; kill -9 $$) &")
	shell.expect("killed by signal 9", 20)
	shell.wait_prompt(20)
	echoes(shell)
	shell.command("cd /tmp")


def test_size_that_the_terminal_reports(shell):
	"""The answer to the question that was asked at the first prompt."""
	shell.send("\x1b[40;100R")
	shell.send("echo " + "y" * 120)
	# The cursor goes to the next row behind column 100, not 80.
	row = shell.expect(r"([~/]\S* # )(echo y+) \ry", 10)
	assert len(row.group(1)) + len(row.group(2)) == 100, row
	shell.send("\x15")
	says(shell, "", "")


def test_exit_gives_a_new_shell(shell):
	shell.type("exit")
	shell.wait_prompt(20)
	shell.command("cd /tmp")
	says(shell, "echo again", "again\n")


def test_panic_marker_is_not_in_the_log(shell):
	assert not qemu.PANIC.search(shell.log)
	assert not re.search(r"BUG|lockdep|leak", shell.log)


# ---- a pipeline of many ----

# What comes out first says that all are there. The first one marks what is typed,
# which may be shown or not.
MADE = ('p=\'(echo begun; while read l; do echo "<$l>"; done)\'; i=1; '
	'while [ $i -lt %d ]; do p="$p|cat"; i=$((i+1)); done; eval "$p"')


def await_prompt(guest, key, limit=240):
	"""Presses a key again and again until the shell is in front: who was made
	after it had been pressed has not heard of it."""
	until = time.monotonic() + limit * qemu.PATIENCE
	while True:
		guest.send(key)
		again = time.monotonic() + 2
		while time.monotonic() < again and not guest.ended:
			if guest.at_prompt():
				return guest.wait_prompt()
			guest.read(0.5)
		if time.monotonic() > until:
			guest.send("\x10")     # who hangs where
			return guest.wait_prompt(2)


def passes(guest, line):
	"""What is typed comes out at the other end."""
	guest.type(line)
	guest.expect("<%s>\r\n" % line, 240)


def nobody_left(guest):
	text, _ = guest.command("jobs", 60)
	assert text == "", text
	text, _ = guest.command("ps", 120)
	assert not re.search(r"\bcat$", text, re.M), text


@pytest.mark.parametrize("n, debug", [
	(100, False),
	pytest.param(1000, False, marks=pytest.mark.long),
	pytest.param(1000, True, marks=pytest.mark.long)])
def test_pipeline_of_many(boot, n, debug):
	"""Stopped, brought back, interrupted: at work, and while it is made."""
	guest = boot(Machine(smp=8, mem="512M", debug=debug))
	made = MADE % n
	for end in "\x04", "\x03":
		guest.type(made)
		guest.expect(r"^begun\r\n", 240)
		passes(guest, "through all")
		for word in "once", "twice":
			guest.send("\x1a")
			guest.expect("Stopped", 240)
			guest.wait_prompt(60)
			guest.type("fg")
			guest.expect(r"done\) \| cat", 60)
			passes(guest, word)
		guest.send(end)
		guest.wait_prompt(240)
		nobody_left(guest)
	for key in "\x03\x1a\x03\x1a":
		guest.type(made)
		time.sleep(random.random() * n / 400)
		await_prompt(guest, key)
		if key == "\x1a":
			guest.type("fg")
			guest.expect(r"done\) \| cat", 60)
			passes(guest, "after all")
			await_prompt(guest, "\x03")
		nobody_left(guest)


def test_modes_before_the_line_ends(shell):
	"""Who sees the end of a line may type for the command: the terminal is by
	then as that wants it, and echoes."""
	shell.type("strace -o log sh")
	shell.wait_prompt(20)
	for line in "true", "stty -onlcr", "true", "stty onlcr", "exit":
		shell.type(line)
		shell.wait_prompt(20)
	log, status = shell.command("cat log; rm log")
	ends = re.findall(r'^read\(0, "\\n".*\n((?:.*\n){3})', log, re.M)
	assert status == 0 and len(ends) == 5, log
	for i, end in enumerate(ends):
		modes = end.find("ioctl(0, TCSETS")
		newline = end.find('write(2, "%s\\n"' % ("\\r" if i in (2, 3) else ""))
		assert 0 < modes < newline, end
