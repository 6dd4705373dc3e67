"""The first process: its table, what it starts again, and the end of all."""

import subprocess
import time

import pytest

import qemu
from conftest import TOOLS, fsck
from qemu import Guest, Machine

pytestmark = pytest.mark.xdist_group("init")


def write(guest, path, lines):
	"""A file of the guest, line by line as one would type it."""
	assert guest.command(": >%s" % path)[1] == 0
	for line in lines:
		assert guest.command("echo '%s' >>%s" % (line, path))[1] == 0, line


def restarted(guest, how="reboot"):
	"""What was said from the restart to the next prompt."""
	guest.type(how)
	guest.expect("OpenSBI v")
	start = guest.pos
	guest.expect("[/~] [#$] ", 60)
	again(guest)
	return guest.log[start:].replace("\r\n", "\n")


def again(guest):
	"""A prompt on a line of its own, whatever was printed beside the last."""
	time.sleep(0.5)
	guest.command("true")


def on_disk(image, path):
	done = subprocess.run(["debugfs", "-R", "cat " + path, image], env=TOOLS, text=True,
			      check=True, capture_output=True)
	return done.stdout


TABLE = [
	"# a comment, and an empty line", "",
	"::sysinit:echo first, $0",             # 3
	"::wait:sleep 0.3; echo second",
	"l3:345:wait:/bin/echo third",
	"::nonsense:/bin/true",                 # 6
	"::once:/bin/nosuch",                   # 7
	"only:three:once",                      # 8
	"::once:",                              # 9
	"::once:sleep 0.2; echo fourth",
	"::respawn:/bin/false",                 # 11
	"::respawn:echo x >>/tmp/x; exec sleep 100",
	"ttyS0::respawn:-/bin/sh",
	"::ctrlaltdel:echo three keys",
]


def test_table(disk):
	with Guest(Machine(smp=2, disk=disk), own_disk=True) as guest:
		guest.boot()
		write(guest, "/etc/inittab", TABLE)
		said = restarted(guest)
		order = [said.index(word) for word in (
			"inittab:6: there is no such action: nonsense; the line is left out",
			"inittab:7: No such file or directory: /bin/nosuch;",
			"inittab:8: four fields are wanted",
			"inittab:9: there is no command",
			"\nfirst, ", "\nsecond\n", "\nthird\n")]
		assert order == sorted(order), said
		assert "/etc/rc" not in said and "a small Unix" not in said
		again(guest)
		assert "init: false ends at once, again and again (now with status 1): " \
			"paused for 30 seconds\n" in guest.log.replace("\r", "")
		assert "fourth\n" in guest.log[-2000:].replace("\r", "")
		assert guest.command("tty")[0] == "/dev/ttyS0\n"
		# A service is there again, and is not the terminal's.
		text, _ = guest.command("ps -o pid,tty,args")
		rows = [row.split() for row in text.splitlines() if "sleep 100" in row]
		assert [row[1] for row in rows] == ["?"], text
		guest.command("kill %s" % rows[0][0])
		assert guest.command("sleep 0.5; wc -l </tmp/x")[0].split() == ["2"]
		# It may come before the shell's own answer.
		guest.type("kill -INT 1")
		guest.expect("three keys")
		again(guest)
		# The table is read again: a new line runs, what goes on stays.
		write(guest, "/etc/inittab", TABLE[11:] + ["::respawn:sleep 200"])
		assert guest.command("init q; sleep 0.5")[1] == 0
		text, _ = guest.command("ps -o args")
		assert "sleep 200" in text and text.count("sleep 100") == 1
		assert guest.command("wc -l </tmp/x")[0].split() == ["2"]
		guest.poweroff()
		fsck(guest.disk)


def test_table_of_nothing(disk):
	"""A file without a single good line is no reason to sit in the dark."""
	with Guest(Machine(smp=1, disk=disk), own_disk=True) as guest:
		guest.boot()
		guest.command("head -c 3000 /dev/urandom >/etc/inittab")
		said = restarted(guest)
		assert "no line starts anything: here is a shell" in said
		assert guest.command("echo alive") == ("alive\n", 0)
		guest.poweroff()
		fsck(guest.disk)


def test_restart_of_init(disk):
	"""QUIT ends all and begins with the table again; no machine restarts."""
	with Guest(Machine(smp=2, disk=disk, reboot=False), own_disk=True) as guest:
		guest.boot()
		write(guest, "/etc/inittab", ["::sysinit:echo begun", "::respawn:-/bin/sh"])
		guest.command("sleep 1000 &")
		guest.type("kill -QUIT 1")
		guest.expect("starting anew(.|\r|\n)*^begun")
		guest.wait_prompt()
		assert "sleep" not in guest.command("ps")[0]
		guest.poweroff()
		fsck(guest.disk)


STUBBORN = "(trap '' TERM HUP; while :; do sleep 1; done) &"
POLITE = "(trap 'sleep 0.3; echo asked >/root/asked; exit' TERM; while :; do sleep 0.1; done) &"


def test_end_in_order(disk, tmp_path):
	"""What runs is asked and may still write, then killed; the lines; all
	file systems are left clean, and those on others go first."""
	more = tmp_path / "more.img"
	subprocess.run(["mke2fs", "-q", "-t", "ext4", more, "64M"], env=TOOLS, check=True)
	machine = Machine(smp=2, disk=disk, reboot=False, disks=[qemu.Disk(str(more))])
	with Guest(machine, own_disk=True) as guest:
		guest.boot()
		write(guest, "/etc/inittab", [
			"::respawn:/bin/login -f root", "::shutdown:ps >/root/left",
			"::shutdown:echo lines 2 >/root/down"])
		assert guest.command("init q; mkdir /mnt/a; mount /dev/vdb /mnt/a &&"
				     " echo kept >/mnt/a/kept && mkdir /mnt/a/b &&"
				     " mount -t tmpfs x /mnt/a/b")[1] == 0
		guest.command(POLITE)
		guest.command(STUBBORN)
		guest.command("cd /mnt/a")
		began = time.monotonic()
		guest.poweroff()
		# The stubborn one costs the time that everybody is given.
		assert 2 < time.monotonic() - began < 12 * qemu.PATIENCE
		assert "init: switching the machine off" in guest.log
		assert "here is another" not in guest.log
		assert "cannot be made read-only" not in guest.log
		assert on_disk(guest.disk, "/root/asked") == "asked\n"
		assert on_disk(guest.disk, "/root/down") == "lines 2\n"
		left = on_disk(guest.disk, "/root/left")
		assert "init" in left and "sleep" not in left and left.count("sh") <= 2
		assert on_disk(str(more), "/kept") == "kept\n"
		fsck(guest.disk)
		fsck(str(more))


def test_end_at_once(disk):
	"""With -f nobody is asked, and the disk is clean all the same."""
	with Guest(Machine(smp=2, disk=disk), own_disk=True) as guest:
		guest.boot()
		write(guest, "/etc/inittab", ["::respawn:/bin/login -f root",
					      "::shutdown:echo x >/root/down"])
		guest.command("init q")
		guest.command(POLITE)
		said = restarted(guest, "reboot -f")
		assert "Octopos" in said
		assert guest.command("ls -A /root") == (".sh_history\n", 0)
		guest.command("init q")
		guest.command(STUBBORN)
		began = time.monotonic()
		guest.type("poweroff -f")
		guest.wait_end(20)
		assert time.monotonic() - began < 2.5 * qemu.PATIENCE
		fsck(guest.disk)


def test_nobody_runs(disk):
	"""No waiting when nothing is left: the shell goes with its terminal."""
	with Guest(Machine(smp=2, disk=disk, snapshot=True, reboot=False)) as guest:
		guest.boot()
		began = time.monotonic()
		guest.poweroff()
		assert time.monotonic() - began < 2.5 * qemu.PATIENCE


@pytest.mark.parametrize("word", ["single", "1"])
def test_single_user(disk, word):
	with Guest(Machine(smp=2, disk=disk, snapshot=True, append=word)) as guest:
		guest.boot()
		assert "init: for a single user" in guest.log
		assert "a small Unix" not in guest.log
		text, _ = guest.command("ps -o pid,args")
		# init, the shell, ps
		assert len(text.splitlines()) == 4, text
		assert guest.command("id -u; echo x >/root/f; cat /root/f")[0] == "0\nx\n"
		guest.type("exit")
		guest.expect("a small Unix")
		guest.wait_prompt()
		guest.poweroff()


def test_root_that_is_broken(tmp_path):
	"""The shell on the RAM root says why it is there, and what one may do."""
	broken = tmp_path / "broken.img"
	broken.write_bytes(b"no file system" * (4 << 20))
	with Guest(Machine(smp=1, disk=str(broken), append="root=/dev/vda")) as guest:
		guest.boot()
		assert "init: the root is in RAM: vfs: vda cannot be the root" in guest.log
		assert "`reboot` tries all of it again" in guest.log
		assert guest.command("mount /dev/vda /mnt")[1] == 1
		guest.poweroff()
	with Guest(Machine(smp=1, disk="none", append="root=/dev/vdq")) as guest:
		guest.boot()
		assert "init: the root is in RAM: no root /dev/vdq" in guest.log
		guest.poweroff()
	with Guest(Machine(smp=1, disk=str(broken), append="root=ram")) as guest:
		guest.boot()
		assert "init: the root is in RAM" not in guest.log
		guest.poweroff()


def test_children_of_others(disk):
	"""Who loses its parent has init, which leaves no dead ones lying about."""
	with Guest(Machine(smp=4, disk=disk, snapshot=True)) as guest:
		guest.boot()
		guest.command("i=0; while [ $i -lt 40 ]; do (sleep 0.2 &); i=$((i+1)); done")
		guest.command("sleep 1")
		text, _ = guest.command("ps -o stat,args")
		assert "Z" not in text.split("ARGS")[-1] and "sleep" not in text, text
		guest.poweroff()


def test_init_by_hand(disk):
	with Guest(Machine(smp=1, disk=disk, snapshot=True, reboot=False)) as guest:
		guest.boot()
		for name in ("init", "poweroff", "reboot"):
			text, status = guest.command(name + " --help")
			assert status == 0 and "usage: " + name in text
			assert guest.command(name + " -x")[1] == 1
		guest.type("init 0")
		guest.wait_end(20)
