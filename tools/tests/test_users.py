"""Users: making them, letting them in, and what they then may."""

import contextlib
import os
import re
import subprocess
import time

import pytest

import qemu
from conftest import TOOLS, fsck
from qemu import Guest, Machine

pytestmark = pytest.mark.xdist_group("users")

HASH = r"\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}"


def answer(guest, question, word):
	guest.expect(question, 30)
	# The terminal is made silent before the question is written.
	guest.type(word)


def set_password(guest, line, *words):
	"""Type a passwd command and answer; what it said, and its status."""
	guest.type(line)
	for word in words:
		answer(guest, r"password: \Z|more: \Z", word)
	text = guest.wait_prompt(30).replace("\r\n", "\n")
	return text, guest.command("echo $?")[0]


@pytest.fixture(scope="module")
def system(disk):
	"""One machine with users ann and bob, who have passwords."""
	with Guest(Machine(smp=2, disk=disk, reboot=False), own_disk=True) as guest:
		guest.boot()
		assert "Octopos: a small Unix" in guest.log
		for name in ("ann", "bob"):
			assert guest.command("useradd -m %s" % name) == ("", 0)
			text, _ = set_password(guest, "passwd " + name, name + "s-word", name + "s-word")
			assert "The password is changed." in text
			assert "s-word" not in text
		yield guest
		guest.poweroff()
		fsck(guest.disk)


@contextlib.contextmanager
def being(guest, name):
	"""A shell of that user, started by root, until the block ends."""
	guest.command("su - " + name)
	try:
		yield
	finally:
		guest.command("exit")


def test_files(system):
	text, _ = system.command("cat /etc/passwd /etc/group; ls -l /etc/passwd /etc/shadow /etc/group")
	rows = text.splitlines()
	assert rows[:5] == ["root:x:0:0:root:/root:/bin/sh",
			    "ann:x:1000:1000::/home/ann:/bin/sh",
			    "bob:x:1001:1001::/home/bob:/bin/sh", "root:x:0:", "tty:x:5:"]
	assert rows[5:7] == ["ann:x:1000:", "bob:x:1001:"]
	assert [row.split()[0] for row in rows[7:]] == ["-rw-r--r--", "-rw-r--r--", "-rw-------"]
	text, _ = system.command("cat /etc/shadow")
	assert re.fullmatch(r"root:!:::::::\nann:%s:\d+::::::\nbob:%s:\d+::::::\n" % (HASH, HASH), text)
	assert system.command("ls -A /etc | wc -l")[0] == system.command(
		"ls /etc | wc -l")[0]   # no lock, nothing half made
	text, _ = system.command("ls -ld /home/ann /bin/su /bin/passwd")
	assert [row.split()[0] for row in text.splitlines()] == ["-rwsr-xr-x", "-rwsr-xr-x",
								 "drwx------"]


def test_hash_is_the_usual_one(system):
	"""The build machine's library makes the same of the same password."""
	found = re.search("ann:(%s)" % HASH, system.command("cat /etc/shadow")[0]).group(1)
	program = "import crypt,sys; print(crypt.crypt(*sys.argv[1:]))"
	done = subprocess.run(["/usr/bin/python3", "-W", "ignore", "-c", program, "anns-word", found],
			      text=True, stdout=subprocess.PIPE, check=True)
	assert done.stdout.strip() == found


def test_who_one_is(system):
	assert system.command("id")[0] == "uid=0(root) gid=0(root) groups=0(root)\n"
	assert system.command("whoami; groups") == ("root\nroot\n", 0)
	assert system.command("id ann")[0] == "uid=1000(ann) gid=1000(ann) groups=1000(ann)\n"
	assert system.command("id -un bob; id -G bob; groups ann bob")[0] == \
		"bob\n1001\nann : ann\nbob : bob\n"
	for wrong in "nosuch", "54321", "1000x", "4294967295", "-- -1":
		assert system.command("id " + wrong)[1] == 1
	assert system.command("id 1000; id -un 0; id -G 1001") == (
		"uid=1000(ann) gid=1000(ann) groups=1000(ann)\nroot\n1001\n", 0)
	assert system.command("hostname ''; hostname")[0] == "hostname: a name has letters\noctopos\n"
	with being(system, "ann"):
		assert system.command("id; whoami; pwd; echo $HOME $USER $LOGNAME $SHELL $PATH")[0] == (
			"uid=1000(ann) gid=1000(ann) groups=1000(ann)\nann\n/home/ann\n"
			"/home/ann ann ann /bin/sh /bin:/usr/bin\n")


def test_more_groups_than_a_process_has(system):
	"""The first 32 of them; and the others' files stay shut."""
	system.command("cp -p /etc/group /tmp/group; seq 2001 2040 | sed 's/.*/g&:x:&:ann/' >>/etc/group")
	assert system.command("id -G ann | wc -w; su ann -c 'id -G | wc -w; id -Gn | cut -d\" \" -f1,2,32'")[0] == (
		"41\n32\nann g2001 g2031\n")
	system.command("cd /tmp; for g in 2031 2032; do echo $g >f$g; chgrp $g f$g; chmod 640 f$g; done")
	assert system.command("su ann -c 'cat f2031 f2032'") == ("2031\ncat: f2032: Permission denied\n", 1)
	assert system.command("rm f20*; cp -p /tmp/group /etc/group; rm /tmp/group; cd; su ann -c 'id -G'") == ("1000\n", 0)


def test_mv_speaks_for_itself(system):
	"""From one file system to another it has cp and rm do the work."""
	with being(system, "ann"):
		assert system.command("mv /bin/true /tmp/true") == (
			"mv: cannot remove '/bin/true': Permission denied\n", 1)
		assert system.command("rm -f /tmp/true") == ("", 0)


def test_files_stay_whose_they_are(system):
	"""What root changes of a user's, in place or by a new file, is the user's."""
	assert system.command("cd /tmp && seq 9 >f && chown ann:bob f && chmod 640 f && cp -p f g && "
			      "sed -i 1d f && sort -r f -o f && echo 1d | patch -s f && "
			      "(diff -u g f; true) | patch -s g && cmp f g && gzip f && gunzip f && "
			      "seq 5 | dd of=f 2>/dev/null && truncate -s 4 f && cp /etc/passwd g && "
			      "mv g h && cp -p h i") == ("", 0)
	assert system.command("stat -c '%a %U:%G' f h i; rm f h i; cd")[0] == "640 ann:bob\n" * 3


def test_changing_ones_own(system):
	with being(system, "ann"):
		text, status = set_password(system, "passwd", "wrong")
		assert "wrong password; nothing is changed" in text and status == "1\n"
		for words, said in ((("anns-word", "short"), "too short, 6"),
				    (("anns-word", "anns-word"), "that is the old one"),
				    (("anns-word", "new-word", "new-wird"), "these are two")):
			text, status = set_password(system, "passwd", *words)
			assert said in text and status == "1\n", text
		for line in ("passwd bob", "passwd root", "passwd -d", "passwd -u ann"):
			assert system.command(line) == ("passwd: only root may do that\n", 1)
		# No room for a file: the old one stays.
		text, status = set_password(system, "(ulimit -f 0; passwd)", "anns-word",
					    "new-word", "new-word")
		assert "File too large" in text and status == "1\n", text
		text, status = set_password(system, "passwd", "anns-word", "new-word", "new-word")
		assert "The password is changed." in text and status == "0\n"
	found = system.command("cat /etc/shadow")[0]
	assert re.fullmatch(r"root:!:::::::\nann:%s:\d+::::::\nbob:%s:\d+::::::\n" % (HASH, HASH),
			    found)
	text, _ = set_password(system, "passwd ann", "anns-word", "anns-word")
	assert "is changed" in text
	assert "ann:" in system.command("cat /etc/shadow")[0] != found


def test_keys_at_the_question(system):
	"""^C ends who asks, with the terminal as it was; so does an end of input."""
	before = system.command("cat /etc/shadow")[0]
	with being(system, "ann"):
		for line in ("passwd", "su", "su - bob -c id"):
			system.type(line)
			system.expect(r"assword: \Z", 30)
			system.send("half\x03")
			system.wait_prompt(30)
			assert system.command("echo $?; stty -a | grep -c ' echo '") == ("130\n1\n", 0)
		system.type("passwd")
		system.expect(r"password: \Z")
		system.send("\x04")
		assert "passwd: no password; nothing is changed" in system.wait_prompt(30)
	system.type("passwd bob")
	answer(system, r"New password: \Z", "half-way")
	system.expect(r"Once more: \Z")
	system.send("half\x03")
	system.wait_prompt(30)
	assert system.command("cat /etc/shadow") == (before, 0)


def test_lock_and_delete(system):
	before = system.command("cat /etc/shadow")[0]
	assert system.command("passwd -l bob") == ("", 0)
	assert re.search(r"^bob:!%s:" % HASH, system.command("cat /etc/shadow")[0], re.M)
	with being(system, "ann"):
		system.type("su bob -c 'echo in'")
		answer(system, r"Password: \Z", "bobs-word")
		assert "in\n" not in system.wait_prompt(30).replace("wrong password", "")
	assert system.command("passwd -u bob; passwd -u bob") == ("", 0)
	assert system.command("cat /etc/shadow")[0] == before
	text, status = system.command("passwd -u root")
	assert status == 1 and "has no password" in text
	assert system.command("passwd -d bob") == ("", 0)
	with being(system, "ann"):
		assert system.command("su bob -c 'id -un'") == ("bob\n", 0)
	text, _ = set_password(system, "passwd bob", "bobs-word", "bobs-word")
	assert "is changed" in text


def test_su(system):
	assert system.command("su ann -c 'id -un; pwd; echo $HOME'", 20) == ("ann\n/root\n/home/ann\n", 0) \
		or system.command("cd /; su ann -c 'id -un; echo $HOME'") == ("ann\n/home/ann\n", 0)
	assert system.command("su - ann -c 'pwd; echo $0'")[0] == "/home/ann\n-sh\n"
	assert system.command("su ann -c 'exit 7'")[1] == 7
	assert system.command("su -s /bin/echo ann a b") == ("a b\n", 0)
	assert system.command("su nosuch")[1] == 1
	with being(system, "ann"):
		system.type("su - bob -c 'id -un; id -G; echo $IFS$ENV'")
		answer(system, r"Password: \Z", "bobs-word")
		assert system.wait_prompt(30).replace("\r", "").split() == ["bob", "1001"]
		for name, word in (("bob", "anns-word"), ("root", "!"), ("root", ""), ("nosuch", "x")):
			system.type("su %s -c 'echo in'" % name)
			began = time.monotonic()
			answer(system, r"Password: \Z", word)
			text = system.wait_prompt(30)
			assert "wrong password, or no such user" in text and time.monotonic() - began > 1.5
		assert "only root may choose" in system.command("su -s /bin/sh bob")[0]
		# Nobody to ask: no terminal, no way.
		assert system.command("echo anns-word | (sleep 0.1; true)")[1] == 0


def test_closed_descriptors(system):
	"""What a set-id program opens is never its standard output."""
	with being(system, "ann"):
		for name in ("su", "passwd"):
			assert system.command("%s --help <&- 2>&-" % name)[1] == 0
			assert system.command("%s -x <&- >&- 2>&-; echo $?" % name)[0] == "1\n"
		assert system.command("cat /etc/passwd | head -1")[0] == "root:x:0:0:root:/root:/bin/sh\n"


def test_groups(system):
	assert system.command("groupadd -g 50 staff; groupadd -r daemons; groupadd team") == ("", 0)
	assert system.command("useradd -G staff,team -u 2000 -g team -s /bin/false -d /nowhere -c 'A, B' eve") == ("", 0)
	text = system.command("cat /etc/passwd /etc/group")[0]
	assert "eve:x:2000:1002:A, B:/nowhere:/bin/false\n" in text
	assert "staff:x:50:eve\ndaemons:x:100:\nteam:x:1002:eve\n" in text
	assert system.command("id eve")[0] == "uid=2000(eve) gid=1002(team) groups=1002(team),50(staff)\n"
	assert system.command("su -s /bin/sh eve -c 'id -Gn; id -G'")[0] == "team staff\n1002 50\n"
	assert system.command("su eve")[1] == 1     # her shell is false
	for line, said in (
			("useradd eve", "there is such a user"),
			("useradd -u 2000 eva", "the number is taken"),
			("useradd -g nosuch eva", "no such group"),
			("useradd -G staff,nosuch eva", "nosuch: no such group"),
			("useradd -u -1 eva", "no number"),
			("useradd Eva", "a name has"), ("useradd 'a:b'", "a name has"),
			("useradd -- -a", "a name has"), ("useradd staff", "a group of that name"),
			("useradd -s 'sh:x' eva", "whole paths"), ("useradd -c 'x:0:0' eva", "colon"),
			("groupadd staff", "there is such a group"),
			("groupadd -g 50 other", "the number is taken"),
			("groupadd x/y", "a name has"), ("userdel root", "root stays"),
			("userdel nosuch", "no such user"),
			("useradd", "usage:"), ("userdel", "usage:"), ("groupadd", "usage:")):
		got, status = system.command(line)
		assert status == 1 and said in got, (line, got)
	assert system.command("cat /etc/passwd /etc/group")[0] == text
	assert system.command("userdel eve")[1] == 0
	assert "eve" not in system.command("cat /etc/passwd /etc/group /etc/shadow")[0]
	assert "team:x:1002:\n" in system.command("cat /etc/group")[0]


def test_changing(system):
	"""usermod, groupmod and groupdel: all files or none."""
	assert system.command("useradd -m ida; groupadd -g 71 choir; groupadd -g 72 band") == ("", 0)
	assert system.command("usermod -aG choir ida; usermod -a -G band ida; id -Gn ida") == ("ida choir band\n", 0)
	assert system.command("usermod -G band ida; grep 'choir\\|band' /etc/group") == (
		"choir:x:71:\nband:x:72:ida\n", 0)
	assert system.command("usermod -g choir -s /bin/false -d /nowhere -c 'I, D' -u 2222 ida") == ("", 0)
	assert system.command("grep ^ida /etc/passwd") == ("ida:x:2222:71:I, D:/nowhere:/bin/false\n", 0)
	assert system.command("usermod -L ida; grep ^ida /etc/shadow")[0] == "ida:!:::::::\n"
	assert system.command("usermod -U ida")[1] == 1
	set_password(system, "passwd ida", "idas-word", "idas-word")
	hashed = system.command("grep ^ida /etc/shadow")[0]
	assert hashed.startswith("ida:$6$")
	assert system.command("usermod -L ida; usermod -L ida; grep ^ida /etc/shadow")[0] == "ida:!" + hashed[4:]
	assert system.command("usermod -U ida; usermod -U ida; grep ^ida /etc/shadow")[0] == hashed
	assert system.command("usermod -l eda ida; grep '^[ie]da' /etc/passwd /etc/shadow; grep band /etc/group")[0] == (
		"/etc/passwd:eda:x:2222:71:I, D:/nowhere:/bin/false\n/etc/shadow:eda" + hashed[3:] + "band:x:72:eda\n")
	assert system.command("groupmod -n chorus -g 73 choir; grep ^eda /etc/passwd; grep chorus /etc/group") == (
		"eda:x:2222:73:I, D:/nowhere:/bin/false\nchorus:x:73:\n", 0)
	text = system.command("cat /etc/passwd /etc/shadow /etc/group; ls -A /etc")[0]
	for line, said in (
			("usermod -l ann eda", "a user of that name"), ("usermod -u 0 eda", "number is taken"),
			("usermod -g nosuch eda", "no such group"), ("usermod -aG band,nosuch eda", "nosuch"),
			("usermod -a eda", "usage:"), ("usermod eda", "usage:"), ("usermod -LU eda", "usage:"),
			("usermod -s 'a:b' eda", "whole paths"), ("usermod -c 'x:0' eda", "colon"),
			("usermod -l Eda eda", "a name has"), ("usermod -u x eda", "no number"),
			("usermod -L nosuch", "no such user"), ("usermod", "usage:"),
			("groupmod -n band chorus", "such a group"), ("groupmod -g 72 chorus", "number is taken"),
			("groupmod chorus", "usage:"), ("groupmod -r -g 7 chorus", "usage:"),
			("groupdel nosuch", "no such group"), ("groupdel -r chorus", "usage:"),
			("(ulimit -f 1; usermod -l ida -aG band -c $(printf %02000d 0) eda)", "File too large")):
		got, status = system.command(line)
		assert status == 1 and said in got, (line, got)
	got, status = system.command("groupdel chorus")
	assert status == 8 and "eda logs in" in got
	got, status = system.command("usermod -l toor root")
	assert status == 8 and "has process" in got
	assert system.command("cat /etc/passwd /etc/shadow /etc/group; ls -A /etc")[0] == text
	assert system.command("groupdel band; userdel eda; groupdel chorus; groupdel ida; rm -r /home/ida; "
			      "grep 'eda\\|ida\\|band\\|chorus' /etc/passwd /etc/shadow /etc/group") == ("", 1)


def test_deleting(system):
	system.command("useradd -m gil; echo x >/root/stays; ln -s /root /home/gil/link;"
		       " mkdir /home/gil/a; echo y >/home/gil/a/b")
	system.command("su gil -c 'sleep 1000' &")
	text, status = system.command("until pgrep -u gil >/dev/null; do sleep 0.1; done; userdel gil")
	assert status == 8 and "still has process" in text
	assert system.command("kill %1; wait; userdel -r gil")[1] == 0
	assert system.command("ls /home; cat /root/stays")[0].split() == ["ann", "bob", "x"]
	assert "gil" not in system.command("cat /etc/passwd /etc/group /etc/shadow")[0]
	# A home that is not the user's stays, whatever the file says.
	assert system.command("useradd -m -d /root hal") == (
		"useradd: /root is there already, and stays as it is\n", 0)
	assert system.command("stat -c %U /root; userdel -r hal")[1] == 1
	assert system.command("cat /root/stays") == ("x\n", 0)


def test_many_at_once(system):
	"""Each change waits for the other; nothing is lost, no lock stays."""
	names = ["u%d" % i for i in range(8)]
	system.command("for n in %s; do useradd $n & done; wait" % " ".join(names), 60)
	text = system.command("cat /etc/passwd")[0]
	rows = [row.split(":") for row in text.splitlines() if row.startswith("u")]
	assert sorted(row[0] for row in rows) == names
	assert len({row[2] for row in rows}) == len(names)
	# Whoever died with the lock holds nothing.
	system.command("echo '4711 1' >/etc/.pwd.lock")
	system.command("for n in %s; do userdel $n & done; wait" % " ".join(names), 60)
	text = system.command("cat /etc/passwd /etc/shadow /etc/group; ls -A /etc")[0]
	assert "\nu0" not in text and "\nu7" not in text and "lock" not in text


def test_help(system):
	for name in ("login", "su", "passwd", "useradd", "userdel", "groupadd", "usermod",
		     "groupmod", "groupdel", "id", "whoami",
		     "groups"):
		text, status = system.command(name + " --help")
		assert status == 0 and "usage: " + name in text
		assert system.command(name + " -Z")[1] == 1
	with being(system, "ann"):
		assert system.command("login -f root")[1] == 1
		assert system.command("userdel bob; groupadd x")[1] == 1
		for name in ("poweroff", "reboot", "poweroff -f", "reboot -f", "reboot -w", "init 0", "shutdown now",
			     "shutdown -r +5", "usermod -c x ann", "groupdel ann", "groupmod -n x ann"):
			assert system.command(name)[1] == 1, name


def test_full_disk(system):
	"""No room: the old files stay, whole."""
	before = system.command("cat /etc/passwd /etc/shadow /etc/group")[0]
	assert system.command("mount -t tmpfs -o size=20k x /mnt && cp -p /etc/passwd /etc/shadow"
			      " /etc/group /mnt && mount -o bind /mnt /etc")[1] == 0
	system.command("cat /dev/zero >/etc/fill 2>/dev/null")
	text, status = system.command("useradd zoe")
	assert status == 1 and "No space left" in text, text
	assert system.command("cat /etc/passwd /etc/shadow /etc/group")[0] == before
	assert system.command("umount /etc; umount /mnt; cat /etc/passwd /etc/shadow /etc/group")[0] \
		== before


def test_half_a_user(system):
	"""Room for the first file, none for the second: then neither is changed."""
	before = system.command("cat /etc/passwd /etc/shadow /etc/group")[0]
	system.command("cp -p /etc/shadow /tmp; seq 99 | sed 's/.*/gone&:!:::::::/' >>/etc/shadow")
	text, status = system.command("(ulimit -f 1; useradd zoe)")
	assert status == 1 and "File too large" in text, text
	text, status = system.command("(ulimit -f 1; userdel bob)")
	assert status == 1 and "File too large" in text, text
	assert system.command("cp -p /tmp/shadow /etc; rm /tmp/shadow; cat /etc/passwd /etc/shadow /etc/group")[0] == before
	assert system.command("ls -A /etc | grep 'new$\\|lock'")[0] == ""
	assert system.command("useradd zoe && userdel zoe") == ("", 0)


def test_interrupted(system):
	"""Whenever the signal comes, the user is in all files or in none."""
	text, status = system.command(
		"n=0; for s in INT TERM HUP; do for t in 0 1 2 3 4 5 7 9 12 16 25 40; do n=$((n + 1)); "
		"timeout -s $s 0.0$(printf %02d $t) useradd -m zz$n; done; done 2>/dev/null; "
		"cut -d: -f1 /etc/passwd | grep ^zz >/tmp/p; for f in group shadow; do "
		"cut -d: -f1 /etc/$f | grep ^zz | cmp - /tmp/p; done; ls /home | grep -c zz; grep -c zz /tmp/p; "
		"ls -A /etc | grep 'new$\\|lock'", 120)
	homes, users, *rest = text.splitlines()
	assert not rest and 0 < int(homes) <= int(users) <= 36, text
	assert system.command("for n in $(cat /tmp/p); do userdel -r $n; done; grep zz /etc/passwd; useradd zoe && userdel zoe", 60) == ("", 0)


def test_last_line_without_its_end(system):
	"""As an editor, or echo -n, may leave it."""
	system.command("cd /etc && for f in passwd shadow group; do cp -p $f /tmp; done; "
		       "printf yan:x:7000: >>group; printf 'yan:!:::::::' >>shadow; "
		       "printf yan:x:7000:7000::/:/bin/sh >>passwd; cd")
	assert system.command("useradd zoe && id yan && id zoe >/tmp/zoe && groupadd zig && grep -c zoe /etc/shadow && "
			      "userdel zoe && tail -n1 /etc/passwd /etc/shadow | grep yan") == (
		"uid=7000(yan) gid=7000(yan) groups=7000(yan)\n1\n"
		"yan:x:7000:7000::/:/bin/sh\nyan:!:::::::\n", 0)
	system.command("for f in passwd shadow group; do cp -p /tmp/$f /etc; rm /tmp/$f; done")


def as_elsewhere(guest, file, users):
	"""Debian's who says of the guest's file what the guest's says."""
	file.write_bytes(bytes.fromhex(guest.command("od -An -v -tx1 /run/utmp")[0]))
	for options in ("", "-b", "-H", "-q", "-bH"):
		done = subprocess.run(["who", *options.split(), file], text=True, stdout=subprocess.PIPE, check=True,
				      env={"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin"})
		assert guest.command("who " + options)[0] == done.stdout
	assert "# users=%d\n" % users in guest.command("who -q")[0]


def test_login_at_the_console(disk, tmp_path):
	"""Wrong and right passwords, through init's table."""
	with Guest(Machine(smp=2, disk=disk, reboot=False), own_disk=True) as guest:
		guest.boot()
		for name in ("root", "ann", "bob"):
			guest.command("useradd -m " + name)
			set_password(guest, "passwd " + name, name + "s-word", name + "s-word")
		guest.command("echo '::respawn:/bin/login' >/etc/inittab")
		guest.type("init q")
		# Who only looked in was no shell.
		guest.expect(r"octopos login: \Z")
		begin = len(guest.log)
		guest.send("\x03")
		guest.expect(r"octopos login: \Z")
		assert "init: " not in guest.log[begin:]
		guest.type("ann")
		began = time.monotonic()
		answer(guest, r"Password: \Z", "wrong")
		answer(guest, r"Login incorrect\r\noctopos login: \Z", "nobody-here")
		answer(guest, r"Password: \Z", "x")
		answer(guest, r"Login incorrect\r\noctopos login: \Z", "root")
		answer(guest, r"Password: \Z", "")
		# Three tries with their delay, and the next login begins anew.
		guest.expect(r"Login incorrect\r\n")
		answer(guest, r"octopos login: \Z", "ann")
		assert time.monotonic() - began > 5
		answer(guest, r"Password: \Z", "anns-word")
		guest.expect("Octopos: a small Unix")
		guest.wait_prompt()
		assert "s-word" not in guest.log
		assert guest.command("tty; id -un; pwd")[0] == "/dev/ttyS0\nann\n/home/ann\n"
		assert guest.command("ls -l /dev/ttyS0")[0].split()[:4] == ["crw--w----", "1", "ann", "tty"]
		for path in ("/etc/shadow", "/dev/vda", "/dev/console"):
			assert guest.command("cat " + path) == ("cat: %s: Permission denied\n" % path, 1)
		here = r"ann      ttyS0        [A-Z][a-z]{2} [ \d]\d \d\d:\d\d\n"
		assert re.fullmatch(here * 2, guest.command("who; who am i")[0])
		assert re.fullmatch("NAME     LINE         TIME         COMMENT\n" + here, guest.command("who -H")[0])
		assert re.fullmatch(r" {9}system boot  .* \d\d:\d\d\n", guest.command("who -b")[0])
		assert guest.command("who -q; users; who -m </dev/null")[0] == "ann\n# users=1\nann\n"
		assert ",  1 user,  " in guest.command("uptime")[0]
		as_elsewhere(guest, tmp_path / "utmp", 1)
		assert guest.command(">>/run/utmp")[1] and guest.command("rm -f /run/utmp")[1]
		# What ann leaves behind is cut off: it reads nothing of the next one's.
		guest.type("(trap '' HUP; sleep 1; cat >read2; echo cut >>read2) <&0 & exit")
		guest.expect("here is another")
		guest.expect(r"octopos login: \Z")
		time.sleep(1.5)
		guest.type("root")
		answer(guest, r"Password: \Z", "roots-word")
		guest.wait_prompt()
		assert guest.command("id -un; ls -l /dev/ttyS0")[0].split()[:5] == [
			"root", "crw--w----", "1", "root", "tty"]
		# One record of the start, one of the terminal, whoever has it; su is none.
		assert guest.command("users; su ann -c users; wc -c </run/utmp")[0] == "root\nroot\n768\n"
		as_elsewhere(guest, tmp_path / "utmp", 1)
		text = guest.command("cat /home/ann/read2")[0]
		assert "roots" not in text and "root\n" not in text, text
		day = r" +%s [A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d "
		here, begin = day % "ttyS0 {24}", day % r"system boot  \d\S* +"
		assert re.fullmatch("root%s  still logged in\nann%s- \\d\\d:\\d\\d  \\(00:0\\d\\)\n"
				    "root%s- \\d\\d:\\d\\d  \\(00:0\\d\\)\nreboot%s  still running\n"
				    "\nwtmp begins .*\n" % (here, here, here, begin), guest.command("last")[0])
		guest.poweroff()
		fsck(guest.disk)
		# The next one will know that this was no crash.
		records = subprocess.run(["/sbin/debugfs", "-R", "cat /var/log/wtmp", guest.disk],
					 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
		assert len(records) % 384 == 0
		assert (records[-384], records[-340:-331]) == (1, b"shutdown\0")


BOMBS = {
	"spinning": "i=0; while [ $i -lt 3000 ]; do (while :; do :; done) & i=$((i+1)); done; wait",
	"pipes": "b() { b | b & }; b; wait",
	"again": "b() { while :; do b & b & done; }; b",
	"hogs": "for i in 1 2 3 4 5 6 7 8; do"
		" (while :; do dd if=/dev/zero of=/dev/null bs=90M count=9; done) & done; wait",
	"growing": "x=0123456789; while :; do x=$x$x; done",
}


@pytest.mark.parametrize("smp", [4, pytest.param(1, marks=pytest.mark.long),
				 pytest.param(8, marks=pytest.mark.long)])
def test_root_keeps_its_shell(disk, smp):
	"""Whatever a user starts: root's ps answers in five seconds, and the user can
	be stopped. Of a machine that has its harts: here they share cores with each
	other, and with the tests that run beside this one."""
	share = smp * int(os.environ.get("PYTEST_XDIST_WORKER_COUNT") or 1) / os.cpu_count()
	limit_of_ps = 5 * max(1, share, qemu.PATIENCE)
	with Guest(Machine(smp=smp, disk=disk, snapshot=True, reboot=False)) as guest:
		guest.boot()
		guest.command("useradd -m ann")
		limit = int(guest.command("ulimit -u")[0])
		for name, bomb in BOMBS.items():
			guest.command("su ann -c '%s' >/dev/null 2>&1 </dev/null &" % bomb)
			time.sleep(4)
			took = []
			for _ in range(3):
				began = time.monotonic()
				text, status = guest.command("ps", 60)
				took.append(time.monotonic() - began)
				assert status == 0 and "/sbin/init" in text, (name, text)
				# What the kernel says of those that it kills is between.
				rows = [row for row in text.splitlines() if not row.startswith("[")]
				assert len(rows) < limit + 20, name
			assert max(took) < limit_of_ps, (name, took)
			guest.command("(ulimit -u unlimited; su ann -c 'kill -9 -1'); wait", 60)
			until = time.monotonic() + 20 * qemu.PATIENCE
			while len(guest.command("ps")[0].splitlines()) > 4:
				assert time.monotonic() < until, name
		guest.poweroff()
