"""Programs that look at processes and the machine: built for this machine with
the sanitizers, beside what /proc and the build machine's own say.
"""

import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time

import pexpect
import pytest

import qemu
from qemu import Machine
from test_host import linked
from window import ENV, Window

NAME = "oct%d" % os.getpid()
LONG = "a-name-of-more-than-15-bytes-%d" % os.getpid()
HOSTILE = "\x1b[31mred\x9b2J"


@pytest.fixture(scope="module")
def bin(tmp_path_factory):
	"""A folder with the programs, by all of their names."""
	folder = tmp_path_factory.mktemp("bin")
	for name in ("ps", "pgrep", "fdinfo", "top", "vmstat", "free", "uptime", "time", "which",
		     "reset", "clear", "stress", "kill", "renice", "who", "users", "last"):
		(folder / name).symlink_to(linked(name, ["user/bin/%s.c" % name], []))
	for name in ("pkill", "pidof", "killall"):
		(folder / name).symlink_to(folder / "pgrep")
	return folder


@pytest.fixture
def sleepers(tmp_path):
	"""start(name, ...) runs a sleep by that name; all are ended afterwards."""
	started = []

	def start(name, *args):
		path = tmp_path / name
		if not path.exists():
			shutil.copy("/bin/sleep", path)
		child = subprocess.Popen([path, *(args or ["300"])])
		started.append(child)
		wait_for(lambda: open("/proc/%d/comm" % child.pid).read().strip() == name[:15])
		return child

	yield start
	for child in started:
		child.kill()
		child.wait()


def wait_for(what):
	until = time.monotonic() + 15 * qemu.PATIENCE
	while not what():
		assert time.monotonic() < until, "it does not come about"
		time.sleep(0.05)


def run(*args, status=0, **more):
	done = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
			      text=True, errors="surrogateescape", env={**os.environ, **ENV},
			      timeout=60 * qemu.PATIENCE, **more)
	assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
	assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
	return done.stdout if not status else done.stdout + done.stderr


def hostile():
	"""A process with a name and arguments that would do things to a terminal."""
	code = ("import sys; f = open('/proc/self/comm', 'wb'); f.write(%r); f.close(); print(flush=True);"
		"sys.stdin.read()" % HOSTILE.encode("latin-1"))
	child = subprocess.Popen([sys.executable, "-c", code, "\x1b]0;title\x07", "a\nb"], stdin=subprocess.PIPE,
				 stdout=subprocess.PIPE)
	child.stdout.readline()
	return child


# --- ps ---

def test_ps_columns(bin, sleepers):
	pid = sleepers(NAME).pid
	columns = "pid,ppid,pgid,sid,uid,user,nlwp,ni,s,psr,comm,args"
	ours = run(bin / "ps", "-o", columns, "-p", pid)
	theirs = run("ps", "-o", columns, "-p", pid)
	drop = columns.split(",").index("psr")
	for a, b in zip(ours.splitlines(), theirs.splitlines()):
		a, b = a.split(), b.split()
		if a[0].isdigit():
			del a[drop], b[drop]    # it may have moved
			assert a == b
		else:
			assert [w.replace("CMD", "COMMAND") for w in a] == [w.replace("CMD", "COMMAND") for w in b]
	assert run(bin / "ps", "-o", "pid=", "-p", pid).strip() == str(pid)
	assert run(bin / "ps", "-o", "pid=NUMBER", "-p", pid).split() == ["NUMBER", str(pid)]
	assert run(bin / "ps", "-o", "pid=", "-o", "ppid=", "-p", pid).split() == [str(pid), str(os.getpid())]
	assert run(bin / "ps", "-p", "1,%d" % pid, "-o", "pid=").split() == ["1", str(pid)]
	assert run(bin / "ps", "-C", NAME, "-o", "pid=").split() == [str(pid)]
	assert run(bin / "ps", "--ppid", os.getpid(), "-o", "comm=").split().count(NAME) == 1


@pytest.mark.skipif(os.getuid() != 0, reason="root alone can be two users")
def test_ps_real_and_effective(bin):
	def two():
		os.setresgid(2, 3, 3)
		os.setresuid(1, 0, 0)
	child = subprocess.Popen(["/bin/sleep", "300"], preexec_fn=two)
	try:
		wait_for(lambda: b"sleep" in open("/proc/%d/cmdline" % child.pid, "rb").read())
		for options in (["-o", "ruser,user,rgroup,group,pid"], ["-o", "rgroup=,ruser="]):
			assert run(bin / "ps", *options, "-p", child.pid).split() == run(
				"ps", *options, "-p", child.pid).split()
		for option, status in (["-U", "daemon"], 0), (["-u", "daemon"], 1), (["-G", "2"], 0), (["-G", "3"], 1):
			chosen = run(bin / "ps", *option, "-o", "pid=", status=status).split()
			assert (str(child.pid) in chosen) == (not status), option
	finally:
		child.kill()
		child.wait()


def test_ps_forms(bin, sleepers):
	pid = sleepers(NAME).pid
	for options, titles in [
		((), "PID PPID STAT TTY TIME RSS CMD"),
		(("aux",), "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"),
		(("-aux",), "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"),
		(("ax",), "PID PPID STAT TTY TIME RSS CMD"),
		(("-ef",), "USER PID PPID C STIME TTY TIME CMD"),
		(("-l",), "S UID PID PPID C PRI NI RSS VSZ TTY TIME COMMAND"),
	]:
		text = run(bin / "ps", *options)
		assert text.splitlines()[0].split() == titles.split()
		assert "%s 300" % NAME in text or options == ("-l",) and NAME in text
		assert str(pid) in text.split()
	for option, column in ("-u", "user="), ("-U", "ruser="):
		assert set(run(bin / "ps", option, "root", "-o", column).split()) == {"root"}
	sizes = [int(n) for n in run(bin / "ps", "--sort=-rss", "-o", "rss=").split()]
	assert sizes == sorted(sizes, reverse=True) and len(sizes) > 2
	assert run(bin / "ps", "-o", "rss", "--no-headers", "-p", pid).strip().isdigit()
	run(bin / "ps", "-p", "999999999", status=1)
	for wrong in (["-p", "x"], ["-o", "nix"], ["-u", "nobody-at-all"], ["-Z"], ["--sort", "nix"]):
		assert "ps: " in run(bin / "ps", *wrong, status=2 if "-u" in wrong else 1)
	assert "usage: ps" in run(bin / "ps", "--help")


def test_ps_chooses(bin):
	"""By terminal, session and group, as the build machine's."""
	leader = pexpect.spawn("sh", ["-c", "sleep 300 & echo $! $(tty); wait"], timeout=30 * qemu.PATIENCE)
	try:
		leader.expect(r"(\d+) /dev/(\S+)\r\n")
		child, terminal = int(leader.match[1]), leader.match[2].decode()
		both = {leader.pid, child}

		def chosen(*options, status=0):
			return {int(n) for n in run(bin / "ps", *options, "-o", "pid=", status=status).split()}

		for options in (["-t", terminal], ["-t", "/dev/" + terminal], ["-g", str(leader.pid)]):
			theirs = {int(n) for n in run("ps", *options, "-o", "pid=").split()}
			assert chosen(*options) == theirs == both, options
		for option in "-a", "-d":
			assert both & chosen(option) == {child}
			assert both & chosen(option, "-p", leader.pid) == both
		assert 1 in chosen("-d", "-A") and 1 not in chosen("-a")
		assert chosen("-t", "-") and not both & chosen("-t", "-")
		group = os.getgid()
		assert both <= chosen("-G", group) and not both & chosen("-G", "54321", "-p", "1")
		assert "no group" in run(bin / "ps", "-G", "nosuchgroup", status=2)
		chosen("-t", "pts/99999", status=1)
	finally:
		leader.close(force=True)


def test_hostile_names(bin):
	"""What a process calls itself does nothing to the terminal."""
	child = hostile()
	try:
		for args in (["ps"], ["ps", "aux"], ["ps", "-o", "comm,args"], ["pgrep", "-l", "red"],
			     ["pgrep", "-af", "title"], ["fdinfo", child.pid], ["top", "-b", "-n", "1"]):
			text = run(bin / args[0], *args[1:])
			assert "^[" in text, args
			assert not set("\x1b\x07\x9b") & set(text) and "\udc9b" not in text, args
		assert "<9B>2J" in run(bin / "ps", "-o", "comm=", "-p", child.pid)
	finally:
		child.kill()
		child.wait()


# --- by name ---

def test_pgrep_as_elsewhere(bin, sleepers):
	first, second = sleepers(NAME), sleepers(NAME, "200")
	other = sleepers(NAME + "x")
	sleepers(LONG)
	for args in ([NAME], ["-x", NAME], ["-l", NAME], ["-a", NAME], ["-c", NAME], ["-n", NAME],
		     ["-o", NAME], ["-f", NAME + " 2"], ["-fx", ".*" + NAME + " 300"], ["-d,", NAME],
		     ["-P", str(os.getpid()), NAME], ["-u", "root", NAME], ["-i", NAME.upper()],
		     ["-x", LONG[:15]], ["-f", LONG], ["oct(%d)x$" % os.getpid()]):
		assert run(bin / "pgrep", *args) == run("pgrep", *args), args
	assert run(bin / "pgrep", "-x", NAME).split() == [str(first.pid), str(second.pid)]
	assert str(other.pid) not in run(bin / "pgrep", "-v", NAME + "x").split()
	assert run(bin / "pgrep", "no-such-name", status=1) == ""
	assert run(bin / "pgrep", "-c", "no-such-name", status=1) == "0\n"
	assert "pgrep: " in run(bin / "pgrep", "(", status=2)
	assert "usage" in run(bin / "pgrep", status=2)
	for name in ("pgrep", "pkill", "pidof", "killall"):
		assert "usage: " + name in run(bin / name, "--help")


def test_pidof(bin, sleepers):
	first, second, long = sleepers(NAME), sleepers(NAME), sleepers(LONG)
	assert run(bin / "pidof", NAME).split() == [str(second.pid), str(first.pid)]
	assert run(bin / "pidof", "-s", NAME).split() == [str(second.pid)]
	assert run(bin / "pidof", "-o", second.pid, NAME).split() == [str(first.pid)]
	assert run(bin / "pidof", LONG, "nix").split() == [str(long.pid)]
	run(bin / "pidof", "nix-such", status=1)


@pytest.mark.parametrize("program", ["pkill", "killall"])
def test_ends_by_name(bin, sleepers, program):
	first, second, other = sleepers(NAME), sleepers(NAME), sleepers(NAME + "x")
	exactly = ["-x"] if program == "pkill" else []
	run(bin / program, "-0", *exactly, NAME)
	assert first.poll() is None
	run(bin / program, "-USR1", *exactly, NAME)
	assert {first.wait(), second.wait()} == {-signal.SIGUSR1}
	assert other.poll() is None
	run(bin / program, *exactly, NAME, status=1)
	run(bin / program, "-s", "SIGKILL", *exactly, NAME + "x")
	assert other.wait() == -signal.SIGKILL
	long = sleepers(LONG)
	if program == "killall":
		run(bin / program, LONG)
		assert long.wait() == -signal.SIGTERM
	assert "no such signal" in run(bin / program, "-s", "NIX", NAME, status=2)


def test_fdinfo(bin, tmp_path):
	(tmp_path / "open").write_text("")
	with open(tmp_path / "open", "rb") as f:
		rows = [r.split() for r in run(bin / "fdinfo", os.getpid()).splitlines()]
	by_fd = {r[2]: r[3:] for r in rows[1:]}
	assert by_fd[str(f.fileno() if not f.closed else [k for k, v in by_fd.items() if v[-1].endswith("/open")][0])] \
		== ["r-", str(tmp_path / "open")]
	assert by_fd["cwd"] == [os.getcwd()]
	assert by_fd["exe"] == [os.readlink("/proc/self/exe")]
	assert "fdinfo: nix: no such process" in run(bin / "fdinfo", "nix", status=1)
	assert len(run(bin / "fdinfo").splitlines()) > len(rows)
	assert "usage" in run(bin / "fdinfo", "--help")


# --- top ---

def numbers(rows, column):
	return [float(r.split()[column]) for r in rows if re.match(r" *\d+ ", r)]


def test_top(bin, sleepers):
	child = sleepers(NAME)
	w = Window("%s -d 0.5; echo ended $?" % (bin / "top"), rows=20, columns=80)
	rows = w.until(lambda rows: len(numbers(rows, 0)) > 5)
	assert re.match(r"top - \d\d:\d\d:\d\d up .*load average: \d", rows[0])
	assert re.match(r"Processes: \d+ total, \d+ running", rows[1])
	assert re.match(r"Harts: %d, \d+\.\d%% busy" % os.cpu_count(), rows[2])
	assert rows[3].startswith("Memory (MiB)")
	assert rows[5].split()[:2] == ["PID", "USER"]

	def sorted_by(column, up=False):
		def seen(rows):
			values = numbers(rows, column)
			return len(values) > 3 and values == sorted(values, reverse=not up)
		return seen
	w.child.send("M")
	w.until(sorted_by(5))
	w.child.send("N")
	w.until(sorted_by(0, up=True))
	w.child.send("R")
	w.until(sorted_by(0))
	w.child.send("P")
	w.until(sorted_by(7))
	w.child.send("1")
	w.until(lambda rows: rows[2].startswith("Hart 0:"))
	w.child.send("1N")
	top = w.until(lambda rows: rows[2].startswith("Harts") and sorted_by(0, up=True)(rows))[6].split()[0]
	w.child.send("\x1b[B")
	w.until(lambda rows: rows[6].split()[0] != top and sorted_by(0, up=True)(rows))
	w.child.send("\x1b[H")
	w.until(lambda rows: rows[6].split()[0] == top)
	w.resize(12, 60)
	w.until(lambda rows: rows[5].startswith("  PID") and sorted_by(0, up=True)(rows))
	w.child.send("h")
	w.until(lambda rows: rows[0].startswith("P  most"))
	w.child.send("x")
	w.child.send("knix\r")
	w.until(lambda rows: "no process number" in rows[4])
	w.child.send("k%d\rnix\r" % child.pid)
	w.until(lambda rows: "no such signal" in rows[4])
	w.child.send("k%d\rint\r" % child.pid)
	w.until(lambda rows: "%d was sent INT" % child.pid in rows[4])
	assert child.wait() == -signal.SIGINT
	w.child.send("uroot\r")
	w.until(lambda rows: len(numbers(rows, 0)) > 3 and all(
		r.split()[1] == "root" for r in rows if re.match(r" *\d+ ", r)))
	w.child.send("q")
	w.child.expect("ended 0")


def test_top_leaves_the_terminal(bin):
	w = Window("trap : INT; before=$(stty -g); %s; [ $before = $(stty -g) ] && echo same" % (bin / "top"), rows=20, columns=80)
	w.until(lambda rows: "PID" in rows[5])
	w.child.send("\x03")
	w.child.expect("same")


def test_top_hostile(bin):
	child = hostile()
	try:
		w = Window("%s -p %d" % (bin / "top", child.pid), rows=12, columns=100)
		rows = w.until(lambda rows: str(child.pid) in rows[6])
		assert "^[[31mred<9B>2J" in rows[6]
		w.child.send("q")
		w.child.expect(pexpect.EOF)
	finally:
		child.kill()
		child.wait()


def test_top_in_a_pipe(bin):
	text = run(bin / "top", "-b", "-n", "2", "-d", "0.3")
	assert text.count("load average") == 2 and "\x1b" not in text
	busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
	try:
		text = run(bin / "top", "-b", "-n", "2", "-d", "1", "-p", busy.pid)
		rows = [row.split() for row in text.splitlines()]
		column = next(row for row in rows if "%CPU" in row).index("%CPU")
		share = float([row for row in rows if row[:1] == [str(busy.pid)]][-1][column])
		assert 0 < share <= 101
	finally:
		busy.kill()
		busy.wait()
	for wrong in (["-d", "x"], ["-n", "0"], ["-p", "x"], ["-o", "Q"], ["x"]):
		run(bin / "top", "-b", *wrong, status=1)
	assert "terminal" in run(bin / "top", status=1, stdin=subprocess.DEVNULL)
	assert "usage: top" in run(bin / "top", "--help")


# --- the machine ---

def test_vmstat(bin):
	rows = run(bin / "vmstat", "0.2", "3").splitlines()
	assert len(rows) == 5
	titles = rows[1].split()
	for row in rows[2:]:
		values = dict(zip(titles, map(int, row.split())))
		assert len(values) == 11
		assert values["busy"] + values["idle"] == 100
		assert values["free"] > 0 and values["switch"] > 0 and values["intr"] > 0
	assert len(run(bin / "vmstat").splitlines()) == 3
	for wrong in (["x"], ["0"], ["1", "-1"], ["1", "2", "3"], ["-x"]):
		run(bin / "vmstat", *wrong, status=1)
	assert "usage" in run(bin / "vmstat", "--help")


def test_free(bin):
	total = int(re.search(r"MemTotal: *(\d+)", open("/proc/meminfo").read()).group(1))
	for option, unit in [("-b", 1 / 1024), ("-k", 1), ("-m", 1024), ("-g", 1 << 20)]:
		row = run(bin / "free", option).splitlines()[1].split()
		assert row[0] == "Mem:" and int(row[1]) == int(total / unit)
	assert run(bin / "free", "-t").splitlines()[3].startswith("Total")
	assert len(run(bin / "free", "-s", "0.1", "-c", "2").splitlines()) == 7
	assert run(bin / "free", "-h").splitlines()[1].split()[1][-2:] in ("Gi", "Mi")
	run(bin / "free", "-x", status=1)
	run(bin / "free", "x", status=1)
	assert "usage: free" in run(bin / "free", "--help")


def test_uptime(bin):
	assert re.match(r" \d\d:\d\d:\d\d up .*, +\d+ users?,  \d+ process(es)?,  load average: [\d.]+, [\d.]+, [\d.]+\n$",
			run(bin / "uptime"))
	assert re.match(r"up (\d+ (day|hour|minute|second)s?(, )?)+\n$", run(bin / "uptime", "-p"))
	since = time.mktime(time.strptime(run(bin / "uptime", "-s").strip(), "%Y-%m-%d %H:%M:%S"))
	up = float(open("/proc/uptime").read().split()[0])
	assert abs(time.time() - time.timezone - since - up) < 3600 * 24
	run(bin / "uptime", "x", status=1)
	assert "usage" in run(bin / "uptime", "--help")


def record(kind, pid, line, name, user, host, when):
	"""One of utmp's."""
	return struct.pack("<hxxi32s4s32s256shhiii4i20x", kind, pid, line.encode(), name.encode(), user.encode(),
			   host.encode(), 0, 0, 0, when, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("options", ["", "-b", "-H", "-q", "-T", "-w", "-u", "-m", "-bH", "-uH", "-TuH", "-bTuH",
				     "--boot --users", "--count", "-a", "-aH", "-d", "-dH", "-l", "-p", "-pH", "-r", "-rH",
				     "-t", "-tH", "-ld", "--dead --process --login --time --runlevel --all"])
def test_who_as_elsewhere(bin, tmp_path, options):
	now = int(time.time())
	file = tmp_path / "utmp"
	file.write_bytes(b"".join([
		record(2, 0, "~", "~~", "reboot", "", 1764000000),
		record(7, os.getpid(), "ttyS0", "tyS0", "root", "", now - 100),
		record(8, 5, "tty2", "tty2", "", "", 1764000200)[:332] + struct.pack("<hh", 15, 3) + bytes(48),
		record(1, 0x4e35, "~", "~~", "runlevel", "", 1764000010), record(1, 0x35, "~", "~~", "", "", 1764000011),
		record(3, 0, "|", "", "date", "", 1764000020), record(4, 0, "{", "", "date", "", 1764000021),
		record(5, 44, "", "si", "", "", 1764000030), record(5, 45, "tty9", "tty9", "", "", 1764000030),
		record(7, 99999999, "pts/none", "ts/0", "ann", "host.example", 1764123400),
		record(6, 77, "tty3", "tty3", "LOGIN", "", 1764123400),
		record(7, 1, "null", "x", "a" * 32, "h" * 256, 1700000000),
		record(7, 1, "full", "y", "bob", "", 1700000000),
	]) + b"piece")
	words = options.split()
	theirs = ["env", "LC_ALL=C", "TZ=UTC", "who", *words, file]
	# How long a terminal was idle goes on by minutes.
	assert any(run(bin / "who", *words, file) == run(*theirs) for _ in range(3))
	assert run(bin / "users", file) == run("users", file)
	file.write_bytes(record(7, 1, "tty\x1b[2J", "x", "b\x07\n", "", 1700000000))
	assert "\x1b" not in run(bin / "who", file) and run(bin / "users", file) == "b??\n"
	file.write_bytes(b"")
	assert run(bin / "who", *words, file) == run(*theirs)
	assert run(bin / "users", file) == run("users", file)
	assert "who: " in run(bin / "who", tmp_path / "none", status=1)


@pytest.mark.parametrize("options", ["", "-x", "-n 2", "-2 -F", "-n 0", "-R", "-w -F -x", "reboot", "tty1 bob", "1",
				     "nobody-here", "-R -x -F ann ttyS0"])
def test_last_as_elsewhere(bin, tmp_path, options):
	begin = 1700000000
	file = tmp_path / "wtmp"
	records = [record(2, 0, "~", "~~", "reboot", "6.1.0", begin)]
	# More than are read at once.
	for i in range(300):
		records += [record(7, 99999999, "pts/%d" % (i % 7), "x", "user%d" % i, "", begin + 60 * i),
			    record(8, 10 + i, "pts/%d" % (i % 7), "x", "", "", begin + 61 * i)]
	records += [record(kind, pid, line, "x", user, host, begin + when) for kind, pid, line, user, host, when in (
		(7, 10, "tty1", "root", "", 20060), (8, 10, "tty1", "", "", 20600), (6, 10, "tty1", "LOGIN", "", 20600),
		(7, 11, "tty1", "ann", "", 20700), (7, 12, "pts/0", "bob", "10.0.0.1", 90000),
		(8, 12, "pts/0", "", "", 90000 + 86400 * 3 + 5),
		(7, 13, "ttyS0", "averylonguser" * 3, "host.example" * 9, 400000),
		(1, 0, "~", "shutdown", "6.1", 500000), (2, 0, "~", "reboot", "6.1.0", 500100),
		(7, 20, "tty1", "root", "", 500200), (1, 0, "~", "shutdown", "", 500300),
		(2, 0, "~", "reboot", "6.1.0", 600100), (7, 99999999, "tty1", "root", "", 600200))]
	words = options.split()
	for count in len(records), 2, 0:
		file.write_bytes(b"".join(records[:count]))
		theirs = ["env", "LC_ALL=C", "TZ=UTC", "/usr/bin/last", *words, "-f", file]
		assert run(bin / "last", *words, "-f", file) == run(*theirs), count
	file.write_bytes(b"".join(records) + b"piece")
	assert "user299 " in run(bin / "last", "--file", file)


def test_last(bin, tmp_path):
	file = tmp_path / "wtmp"
	file.write_bytes(b"".join([
		record(2, 0, "~", "~~", "reboot", "1", 1700000000),
		record(7, 1, "tty1", "tty1", "ann", "", 1700000060),
		record(2, 0, "~", "~~", "reboot", "1", 1700003600),
		record(7, os.getpid(), "tty\x1b[2J", "x", "b\x07\n", "", 1700003660)]))
	assert run(bin / "last", "-R", "-f", file) == (
		"b??      tty?[2J      Tue Nov 14 23:14   still logged in\n"
		"reboot   system boot  Tue Nov 14 23:13   still running\n"
		"ann      tty1         Tue Nov 14 22:14 - crash  (00:59)\n"
		"reboot   system boot  Tue Nov 14 22:13 - crash  (01:00)\n"
		"\nwtmp begins Tue Nov 14 22:13:20 2023\n")
	assert "last: " in run(bin / "last", "-f", tmp_path / "none", status=1)
	assert "Is a directory" in run(bin / "last", "-f", tmp_path, status=1)
	for wrong in (["-n", "x"], ["-n", "-3"], ["-Z"], ["-n", "9" * 30]):
		assert "last: " in run(bin / "last", *wrong, status=1)


def test_time(bin):
	def took(*command, status=0):
		text = run(bin / "time", *command, status=status)
		return text
	done = subprocess.run([bin / "time", "-p", "sh", "-c", "sleep 0.3; exit 7"], stderr=subprocess.PIPE,
			      text=True, env={**os.environ, **ENV})
	assert done.returncode == 7
	got = re.fullmatch(r"real (\d+\.\d\d)\nuser \d+\.\d\d\nsys \d+\.\d\d\n", done.stderr)
	assert got and float(got.group(1)) >= 0.3
	done = subprocess.run([bin / "time", sys.executable, "-c", "while True:\n import time\n"
			       " if time.process_time() > 0.3: break"], stderr=subprocess.PIPE, text=True,
			      env={**os.environ, **ENV})
	spent = re.findall(r"(?:user|sys) (\d+\.\d\d)", done.stderr)
	assert sum(map(float, spent)) >= 0.29
	took("nix-such", status=127)
	took("/etc/passwd", status=126)
	took(status=125)
	took("sh", "-c", "kill -9 $$", status=-9)
	assert "usage" in took("--help")


def test_which(bin, tmp_path):
	(tmp_path / "a").mkdir()
	(tmp_path / "b").mkdir()
	for name in ("a/tool", "b/tool", "b/other", "a/text"):
		(tmp_path / name).write_text("")
		(tmp_path / name).chmod(0o644 if name == "a/text" else 0o755)
	(tmp_path / "a/other").mkdir()

	def which(*args, status=0):
		done = subprocess.run([bin / "which", *args], stdout=subprocess.PIPE, text=True, cwd=tmp_path,
				      env={**ENV, "PATH": "%s/a::%s/b" % (tmp_path, tmp_path)})
		assert done.returncode == status
		return done.stdout.replace(str(tmp_path), "").split()
	assert which("tool") == ["/a/tool"]
	assert which("-a", "tool", "other") == ["/a/tool", "/b/tool", "/b/other"]
	assert which("other") == ["/b/other"]
	assert which("text", status=0 if os.access(tmp_path / "a/text", os.X_OK) else 1) == []
	assert which("nix", "tool", status=1) == ["/a/tool"]
	assert which("b/other") == ["b/other"]
	assert which("-s", "tool") == []
	assert which("", status=1) == [] == which(status=1)


def test_reset(bin):
	"""Whatever was done to it, the terminal is sane."""
	w = Window("stty -icanon -echo -icrnl -onlcr -isig intr ^X erase ^H; printf '\\033[3;5r\\033[31m';"
		   "%s; stty -a; echo end" % (bin / "reset"), rows=20, columns=100)
	text = " ".join(w.until(lambda rows: "end" in rows))
	for word in ("icanon", "echo", "icrnl", "onlcr", "isig"):
		assert word in text.split(), text
	assert "intr = ^C" in text and "erase = ^?" in text
	assert w.screen.margins is None
	assert w.screen.cursor.attrs.fg == "default"
	assert "terminal" in run(bin / "reset", status=1, stdin=subprocess.DEVNULL, start_new_session=True)
	assert "usage" in run(bin / "reset", "--help")


def test_clear(bin):
	assert run(bin / "clear") == "\x1b[H\x1b[2J\x1b[3J"
	assert run(bin / "clear", "-x") == "\x1b[H\x1b[2J"
	run(bin / "clear", "x", status=1)


def test_stress(bin, tmp_path):
	def workers():
		done = subprocess.run(["pgrep", "-f", "%s/stress" % bin], stdout=subprocess.PIPE, text=True)
		return len(done.stdout.split())
	child = subprocess.Popen([bin / "stress", "-c", "2", "--vm", "1", "--vm-bytes", "2M", "--hdd", "1",
				  "--hdd-bytes", "100K"], cwd=tmp_path, env={**os.environ, **ENV},
				 stdout=subprocess.PIPE, text=True)
	wait_for(lambda: workers() == 5)
	child.send_signal(signal.SIGINT)
	out, _ = child.communicate(timeout=30 * qemu.PATIENCE)
	assert child.returncode == 0 and out.startswith("stress: 2 cpu 1 vm 1 hdd\nstress: done after ")
	assert workers() == 0 and list(tmp_path.iterdir()) == []
	# At whatever moment: it is busy with names most of the time here.
	for _ in range(2):
		child = subprocess.Popen([bin / "stress", "--hdd", "3", "--hdd-bytes", "1", "-q"], cwd=tmp_path,
					 env={**os.environ, **ENV})
		wait_for(lambda: workers() == 4)
		child.send_signal(signal.SIGINT)
		assert child.wait(30 * qemu.PATIENCE) == 0
	assert list(tmp_path.iterdir()) == []
	# A worker that is ended by somebody is a failure, and the end.
	child = subprocess.Popen([bin / "stress", "-c", "2", "-q"], env={**os.environ, **ENV},
				 stderr=subprocess.PIPE, text=True)
	wait_for(lambda: workers() == 3)
	pids = subprocess.run(["pgrep", "-P", str(child.pid)], stdout=subprocess.PIPE, text=True).stdout.split()
	os.kill(int(pids[0]), signal.SIGKILL)
	assert "Killed" in child.communicate(timeout=30 * qemu.PATIENCE)[1] and child.returncode == 1
	assert workers() == 0
	# Nobody stays when the first is killed.
	child = subprocess.Popen([bin / "stress", "-c", "2", "-q"], env={**os.environ, **ENV})
	wait_for(lambda: workers() == 3)
	child.kill()
	child.wait()
	wait_for(lambda: workers() == 0)
	began = time.monotonic()
	run(bin / "stress", "-c", "1", "-q", "-t", "1s")
	assert 0.9 < time.monotonic() - began < 20 * qemu.PATIENCE
	for wrong in ([], ["-c", "x"], ["-c", "1", "-t", "0"], ["-m", "1", "--vm-bytes", "x"], ["-c", "1", "x"]):
		run(bin / "stress", *wrong, status=2)
	assert "usage: stress" in run(bin / "stress", "--help")


def test_renice(bin, sleepers):
	"""The host's ps says what came of it."""
	child = sleepers(NAME)

	def now():
		return int(run("ps", "-o", "ni=", "-p", child.pid))

	first = now()
	if first > 12:
		pytest.skip("the tests are too nice themselves")
	assert run(bin / "renice", "-n", "1", "-p", child.pid) == "" and now() == first + 1
	run(bin / "renice", "-n2", child.pid)
	assert now() == first + 3
	run(bin / "renice", "+%d" % (first + 4), child.pid)
	assert now() == first + 4
	assert run(bin / "ps", "-o", "ni=,stat=", "-p", child.pid).split() == [str(first + 4), "SN"]
	assert "999999999: No such process\n" in run(
		bin / "renice", first + 6, "-p", 999999999, child.pid, status=1)
	assert now() == first + 6
	assert "no such process" in run(bin / "renice", "-n", 1, "-g", 999999999, status=1).lower()
	run(bin / "renice", "-n", "1000", "--pid", child.pid)
	assert now() == 19
	for wrong in (["5"], ["-n", "5"], ["x", "1"], ["5", "x"], ["5", "0"], ["5", "-1"], ["5", "-u", "nobody-at-all"],
		      ["-z"], ["5", "-z", child.pid], []):
		assert re.match("renice: |usage: renice", run(bin / "renice", *wrong, status=1)), wrong


def test_kill_help(bin):
	assert "usage: kill" in run(bin / "kill", "--help")
	assert run(bin / "kill", "-l", "TERM") == "15\n"
	assert run(bin / "kill", "-l", "137") == "KILL\n"
	run(bin / "kill", status=2)


def test_who_has_what(boot):
	"""What needs processes of its own machine: lsof, fuser, w, logname."""
	guest = boot(Machine(smp=2))

	def said(line, status=0):
		text, got = guest.command(line)
		assert got == status, (line, text)
		return text.split()

	said("cd /tmp; mkdir d; (cd d && exec sleep 300 >/tmp/f) & echo $! >pid; sleep 1")
	pid, = said("cat pid")
	assert said("fuser f 2>/dev/null") == said("lsof -t f") == [pid]
	assert said("fuser d 2>/dev/null") == [pid] and pid in said("fuser -m /tmp 2>/dev/null")
	row = said("lsof -p %s f | tail -n 1" % pid)
	assert row == ["sleep", pid, "root", "1w", "REG", "/tmp/f"], row
	assert said("lsof -c slee -u root /tmp/d | tail -n 1")[-3:] == ["cwd", "DIR", "/tmp/d"]
	# A disk is not what is on it, unless asked.
	said("fuser -s /dev/vda", 1)
	assert "1" in said("fuser -m /dev/vda 2>/dev/null")
	said("fuser -s /etc/group", 1)
	said("lsof -t /etc/group", 1)
	said("fuser nix 2>/dev/null", 1)
	said("fuser -ks f")
	said("sleep 1; kill -0 %s 2>/dev/null" % pid, 1)
	assert said("w | tail -n 1")[0] == "root" and said("w -h nobody") == []
	assert said("w -hs")[-2:] == ["w", "-hs"]
	assert said("logname") == ["root"] and said("arch") == ["riscv64"]
	assert said("mountpoint /tmp; mountpoint -q /etc || echo no") == "/tmp is a mountpoint no".split()
	assert said("dmesg | head -n 1")
