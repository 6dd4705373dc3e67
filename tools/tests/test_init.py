"""The first process: its table, what it starts again, and the end of all."""

import re
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


def until_told(guest, pattern):
	"""Wait for what somebody behind the shell says, before or after a prompt."""
	until = time.monotonic() + 30 * qemu.PATIENCE
	while not re.search(pattern, guest.log.replace("\r", "")):
		assert time.monotonic() < until, guest.log[-3000:]
		guest.read(0.2)


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
	"ttyS7::respawn:/bin/login",            # 15
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
			"inittab:15: there is no such terminal: ttyS7; the line is left out",
			"\nfirst, ", "\nsecond\n", "\nthird\n")]
		assert order == sorted(order), said
		assert "/etc/rc" not in said and "a small Unix" not in said
		until_told(guest, r"init: false ends at once, again and again \(now with status 1\): "
			   r"paused for 30 seconds\n")
		until_told(guest, "fourth\n")
		again(guest)
		assert guest.command("tty")[0] == "/dev/ttyS0\n"
		# Whose terminal is named is told nothing on the console.
		guest.type("echo $$ >/tmp/old; exit")
		guest.wait_prompt()
		assert guest.command("echo $$ | cmp -s - /tmp/old")[1] == 1
		assert "here is another" not in guest.log
		# A service is there again, and is not the terminal's.
		text, _ = guest.command("until pgrep -fx 'sleep 100' >/dev/null; do sleep 0.1; done;"
					"ps -o pid,tty,args")
		rows = [row.split() for row in text.splitlines() if "sleep 100" in row]
		assert [row[1] for row in rows] == ["?"], text
		guest.command("kill %s" % rows[0][0])
		assert guest.command("until [ $(wc -l </tmp/x) != 1 ]; do sleep 0.1; done; sleep 0.5;"
				     "wc -l </tmp/x")[0].split() == ["2"]
		# It may come before the shell's own answer.
		guest.type("kill -INT 1")
		guest.expect("three keys")
		again(guest)
		# The table is read again: a new line runs, what goes on stays.
		write(guest, "/etc/inittab", TABLE[11:] + ["::respawn:sleep 200"])
		assert guest.command("init q; until pgrep -fx 'sleep 200'; do sleep 0.1; done")[1] == 0
		text, _ = guest.command("ps -o args")
		assert "sleep 200" in text and text.count("sleep 100") == 1
		assert guest.command("wc -l </tmp/x")[0].split() == ["2"]
		guest.poweroff()
		fsck(guest.disk)


# Who is started says whether the one before still runs.
NEXT = "if kill -0 $(cat /tmp/old) 2>/dev/null; then echo both; else echo alone; fi >>/tmp/next; exec sleep 300"


def test_next_at_the_terminal(disk):
	"""What the table has no more is ended before anything new starts: no two
	read one terminal. Who does not end is killed, and meanwhile init collects. (A
	script that sh runs is a service, and leaves the terminal alone.)"""
	with Guest(Machine(smp=2, disk=disk, reboot=False), own_disk=True) as guest:
		guest.boot()
		write(guest, "/root/next", [NEXT])
		guest.command("echo $$ >/tmp/old; who -q")
		write(guest, "/etc/inittab", ["::respawn:-/bin/sh", "::respawn:/bin/sh /root/next"])
		# A shell without a trap: a HUP ends it.
		guest.type("init q")
		guest.expect("[/~] [#$] ", 30)
		again(guest)
		until = "until [ -s /tmp/next ]; do sleep 0.1; done; "
		assert guest.command(until + "cat /tmp/next") == ("alone\n", 0)
		# What login noted is ended too.
		assert guest.command("who -q")[0] == "\n# users=0\n"
		# One that ignores all has the terminal until it is killed. Meanwhile init
		# collects, and an order that comes again neither hurries nor delays it.
		write(guest, "/etc/inittab", ["::respawn:/bin/login -f root", "::respawn:/bin/sh /root/next again"])
		write(guest, "/root/during", ["(sleep 0.1 &)", "sleep 1", "init q", "sleep 1",
					      "ps -o stat,args", "kill -0 $(cat /tmp/old) && echo it lives"])
		guest.command("echo $$ >/tmp/old; rm /tmp/next; trap '' TERM HUP")
		began = time.monotonic()
		guest.type("init q; sh /root/during >/tmp/during </dev/null & echo beg''un; cat >/tmp/typed")
		guest.expect("^begun\r\n")
		guest.type("for the old one")
		guest.expect("^init: sh does not end: killed\r\n", 30)
		assert time.monotonic() - began > 3
		guest.expect("[/~] [#$] ", 30)
		again(guest)
		assert guest.command(until + "cat /tmp/typed /tmp/next; id -un") == ("for the old one\nalone\nroot\n", 0)
		text, _ = guest.command("cat /tmp/during; who -q")
		assert "\nZ" not in text and text.endswith("\nit lives\nroot\n# users=1\n"), text
		assert len(re.findall("sleep 300", guest.command("ps -o args")[0])) == 1
		guest.poweroff()
		fsck(guest.disk)


def test_table_half_written(disk):
	"""Nothing changes by a file that is not there, or that somebody writes."""
	with Guest(Machine(smp=1, disk=disk, reboot=False), own_disk=True) as guest:
		guest.boot()
		good = ["::respawn:/bin/login -f root", "::respawn:sleep 500"]
		write(guest, "/etc/inittab", good)
		guest.command("init q; until pgrep -fx 'sleep 500' >/tmp/pid; do sleep 0.1; done; tty")
		for line, why in (("mv inittab good", "No such file or directory"),
				  ("mkdir inittab", "Is a directory"),
				  ("rmdir inittab; >inittab", "no line starts anything"),
				  ("echo ::shutdown:true >inittab", "no line starts anything"),
				  ("head -n1 good >inittab; printf ::resp >>inittab",
				   "inittab:2: four fields are wanted, with a ':' between them; the line is left out\n"
				   "init: /etc/inittab: the last line is not ended")):
			assert guest.command("(cd /etc; %s)" % line)[1] == 0
			guest.type("init q")
			until_told(guest, why + ": nothing changes\n")
			again(guest)
			assert guest.command("pgrep -fx 'sleep 500' | cmp - /tmp/pid") == ("", 0), line
		# off: as if it were not there.
		write(guest, "/etc/inittab", [good[0], "::off:sleep 500"])
		assert guest.command("init q; while pgrep -fx 'sleep 500' >/dev/null; do sleep 0.1; done;"
				     "tty") == ("/dev/ttyS0\n", 0)
		assert "no such action" not in guest.log
		# An order to read it again, in the middle of the start, keeps nothing from it.
		write(guest, "/etc/inittab", ["::sysinit:init q; sleep 0.3; echo first",
					      "::wait:echo second", *good])
		guest.type("kill -QUIT 1")
		guest.expect("starting anew(.|\r|\n)*^first\r\n(.|\r|\n)*^second\r\n", 30)
		guest.wait_prompt()
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
POLITE = "(trap 'sleep 0.1; echo asked >/root/asked; exit' TERM; while :; do sleep 0.1; done) &"


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
		start = guest.pos
		guest.type("poweroff -f")
		guest.wait_end(20)
		assert "init: " not in guest.log[start:]
		fsck(guest.disk)


def test_shutdown(disk):
	"""At once, or when minutes have gone by; ^C takes it back."""
	with Guest(Machine(smp=2, disk=disk, snapshot=True)) as guest:
		guest.boot()
		for line in ("shutdown 23:59", "shutdown +", "shutdown -1", "shutdown +1x", "shutdown ''",
			     "shutdown now text", "shutdown -k now"):
			assert guest.command(line)[1] == 1, line
		for line, said in (("shutdown -r +2", "starts again in 2 minutes;"),
				   ("shutdown", "is switched off in 1 minute;")):
			guest.type(line)
			guest.expect(said)
			guest.send("\x03")
			guest.wait_prompt()
			assert guest.command("echo $?") == ("130\n", 0)
		said = restarted(guest, "shutdown -r now")
		assert "Octopos" in said
		guest.type("shutdown -h +0")
		guest.wait_end(20)


def test_nobody_runs(disk):
	"""No waiting when nothing is left: the shell goes with its terminal. (It
	would be three seconds; so may be other reasons for a delay.)"""
	took = []
	while not took or took[-1] >= 2.5:
		assert len(took) < 6, took
		with Guest(Machine(smp=2, disk=disk, snapshot=True, reboot=False)) as guest:
			guest.boot()
			began = time.monotonic()
			guest.poweroff()
			took.append(time.monotonic() - began)


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
		guest.type("halt")
		guest.wait_end(20)


def test_root_that_is_broken(tmp_path):
	"""The shell on the RAM root says why it is there, and what one may do."""
	broken = tmp_path / "broken.img"
	broken.write_bytes(b"no file system" * (4 << 20))
	with Guest(Machine(smp=1, disk=str(broken), append="root=/dev/vda")) as guest:
		guest.boot()
		assert "init: the root is in RAM: vfs: vda cannot be the root" in guest.log
		assert "`reboot` all of it again" in guest.log
		# What is named is there, and nothing else is named.
		for name in ("dmesg", "blkid", "mount", "umount", "reboot", "poweroff"):
			assert guest.command("type " + name) == ("%s is /bin/%s\n" % (name, name), 0)
		assert "`man" not in guest.log and "`demo`" not in guest.log
		assert guest.command("cd /bin; for i in *; do [ -x $i ] || echo $i; done; cd") == ("", 0)
		assert guest.command("blkid /dev/vda")[1] == 2
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


def test_shell_of_a_user_that_dies(disk):
	"""It is not replaced by one of root's, however often it is killed at once."""
	with Guest(Machine(smp=2, disk=disk, snapshot=True)) as guest:
		guest.boot()
		guest.command("useradd -m ann; echo 'kill -9 $$' >/home/ann/.profile")
		write(guest, "/etc/inittab", ["::respawn:/bin/login -f ann"])
		start = guest.pos
		guest.type("init q")
		guest.expect("login ends at once, again and again", 60)
		assert "plain shell" not in guest.log[start:]


def test_children_of_others(disk):
	"""Who loses its parent has init, which leaves no dead ones lying about."""
	with Guest(Machine(smp=4, disk=disk, snapshot=True)) as guest:
		guest.boot()
		guest.command("i=0; while [ $i -lt 40 ]; do (sleep 0.2 &); i=$((i+1)); done")
		until = time.monotonic() + 30 * qemu.PATIENCE
		while True:
			text, _ = guest.command("ps -o stat,args")
			if "Z" not in text.split("ARGS")[-1] and "sleep" not in text:
				break
			assert time.monotonic() < until, text
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


def test_fstab(disk, tmp_path):
	"""mount and umount by /etc/fstab, by hand and at the start."""
	more = tmp_path / "more.img"
	subprocess.run(["mke2fs", "-q", "-t", "ext4", "-L", "data", more, "64M"], env=TOOLS, check=True)
	machine = Machine(smp=2, disk=disk, disks=[qemu.Disk(str(more))])
	with Guest(machine, own_disk=True) as guest:
		guest.boot()
		assert guest.command("mount -a; umount -a") == ("", 0)     # the root's own line
		guest.command("mkdir -p /mnt/a /mnt/a/in '/mnt/b c' /mnt/d")
		write(guest, "/etc/fstab", [
			"# source folder type options", "",
			"/dev/vda / ext4 rw 0 1", "/dev/vdz none swap sw 0 0", "swap /swap swap",
			"LABEL=data /mnt/a/ ext4 noatime,nofail,x-any 0 2",
			r"ram /mnt/b\040c tmpfs size=64k,nosuid", "ram /mnt/d tmpfs noauto,ro",
			"/dev/vdq /mnt/d ext4 nofail", "LABEL=none /mnt/d ext4 defaults,nofail"])
		text, status = guest.command("mount -a; mount -a; mount | grep /mnt; ls -d /mnt/a/lost+found")
		assert status == 0 and [row.split(" type ")[0] for row in text.splitlines()] == [
			"/dev/vdb on /mnt/a", "ram on /mnt/b c", "/mnt/a/lost+found"], text
		assert "noatime" in text.splitlines()[0] and "nosuid" in text.splitlines()[1]
		assert guest.command("df | grep -c '/mnt/b c$'; df '/mnt/b c' | grep -c '/mnt/b c$'") == ("1\n1\n", 0)
		assert guest.command("mount /mnt/d/; mount | grep -c 'ram on /mnt/d type tmpfs (ro'") == ("1\n", 0)
		assert guest.command("umount -a -t tmpfs; mount | grep /mnt | cut -d' ' -f3") == ("/mnt/a\n", 0)
		assert guest.command("mount -o ro '/mnt/b c'; touch '/mnt/b c/x'")[1] == 1
		text, status = guest.command("cd /mnt/a; umount -a; cd /; mount | grep /mnt | cut -d' ' -f3")
		assert text.startswith("umount: /mnt/a: somebody is in it") and text.endswith("\n/mnt/a\n"), text
		assert guest.command("umount -a; mount | grep /mnt") == ("", 1)
		assert guest.command("mount LABEL=data; mount /mnt/a")[1] == 1      # it is there
		assert guest.command("mount | grep -c /mnt; umount /mnt/a") == ("1\n", 0)
		text, status = guest.command("mount /mnt; umount /mnt; umount -t tmpfs; mount -a x")
		assert status == 1 and "mount: /mnt is not in /etc/fstab" in text, text
		assert "umount: /mnt: nothing is mounted there" in text and text.count("usage: ") == 2
		write(guest, "/etc/fstab", ["LABEL=none /mnt/a ext4", "short line", "x /mnt/a vfat", "y /mnt/no tmpfs",
					    "/dev/vdb /mnt/a ext4 ro"])
		text, status = guest.command("mount -a")
		assert status == 1 and text.splitlines() == [
			"mount: /etc/fstab:2: three fields are wanted: what, where, type",
			"mount: LABEL=none: no disk has that",
			"mount: x on /mnt/a: there is no type vfat here: see /proc/filesystems",
			"mount: y on /mnt/no: there is no such folder"], text
		assert guest.command("mount | grep -c ' /mnt/a type ext4 (ro'") == ("1\n", 0)
		write(guest, "/etc/fstab", ["/dev/vdb /mnt/a ext4", "nothing"])
		assert "mount: /etc/fstab:2: three fields" in restarted(guest)
		assert guest.command("mount | grep -c '/mnt/a type ext4 (rw'; >/mnt/a/kept") == ("1\n", 0)
		guest.command("useradd -m ann")
		assert "mount: /dev/vdb on /mnt/a" in guest.command("umount /mnt/a; su ann -c 'mount /mnt/a'")[0]
		guest.poweroff()
		fsck(guest.disk)
		fsck(str(more))
