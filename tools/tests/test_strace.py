"""What strace says, and whether Debian's own strace, which knows nothing of us,
sees the same through our ptrace.
"""

import re
import shutil
import subprocess

import pytest

import qemu
from conftest import ROOT, TOOLS, fsck, have
from qemu import Guest, Machine

pytestmark = pytest.mark.xdist_group("strace")


def test_kinds():
	"""The list of system calls says as many arguments for each as its function
	takes, in words that strace knows; pointers are pointers."""
	listed = (ROOT / "kernel/abi/syscalls.h").read_text()
	rows = {name: kinds.replace(",", " ").split() for name, kinds in
		re.findall(r"^\tX\(\d+, (\w+)([^)]*)\)", listed, re.M)}
	header = (ROOT / "user/bin/strace/strace.h").read_text()
	known = re.search(r"enum kind \{(.*?)\}", header, re.S).group(1)
	known = set(re.findall(r"^\t(\w+)", known, re.M)) - {"FIRST_OUT", "NOTHING"}
	made = {}
	for source in (ROOT / "kernel").rglob("*.c"):
		for n, inside in re.findall(r"^SYSCALL(\d)\(([^)]*)\)", source.read_text(), re.M):
			words = [w.strip() for w in inside.replace("\n", " ").split(",")]
			assert len(words) == 1 + 2 * int(n), words
			made[words[0]] = words[1::2]
	assert rows.keys() == made.keys()
	numbers = {"INT", "SIZE", "ID", "DEV", "MODE", "FD", "DIRFD", "SIGNAL", "OPEN", "AT", "ACCESS_AT",
		   "ACCESS", "WHENCE", "FCNTL", "PROT", "MAP", "WAIT", "IDTYPE", "CLONE",
		   "FUTEX", "SIGHOW", "CLOCK", "RLIMIT", "PRIO", "FLOCK", "PTRACE", "IOCTL", "HEX"}
	for name, kinds in rows.items():
		assert set(kinds) <= known, (name, kinds)
		assert len(kinds) == len(made[name]), (name, kinds, made[name])
		for kind, c_type in zip(kinds, made[name]):
			if c_type == "uaddr_t":
				assert kind not in numbers or kind == "HEX", (name, kind)
			elif kind not in numbers:
				# An address or a number, as another argument says.
				assert kind in ("PTR", "TIME") and c_type == "uint64_t", \
					(name, kind, c_type)


@pytest.fixture(scope="module")
def shell(disk):
	with Guest(Machine(smp=4, disk=disk, reboot=False), own_disk=True) as guest:
		guest.boot()
		guest.command("cd /tmp; echo hello >f; resize -s 24 200 2>/dev/null")
		yield guest
		guest.poweroff()
		fsck(guest.disk)


def traced(shell, line, status=0):
	out, got = shell.command(line)
	assert got == status, out
	return out


def test_lines(shell):
	out = traced(shell, "strace -o o -e trace=openat,read,write,close cat f; cat o")
	assert out.startswith("hello\n"), out
	lines = out.splitlines()[1:]
	assert 'openat(AT_FDCWD, "f", O_RDONLY) = 3' in lines, out
	assert any(re.fullmatch(r'read\(3, "hello\\n", \d+\) = 6', l) for l in lines), out
	assert 'write(1, "hello\\n", 6) = 6' in lines, out
	assert any(re.fullmatch(r'read\(3, "", \d+\) = 0', l) for l in lines), out
	assert lines[-1] == "+++ exited with 0 +++", out
	assert all(re.match(r"(openat|read|write|close)\(|\+\+\+", l) for l in lines), out


def test_all_is_shown(shell):
	out = traced(shell, "strace true 2>&1")
	assert re.match(r'execve\("/bin/true", \["true"\], 0x[0-9a-f]+ /\* \d+ vars \*/\) = 0\n',
			out), out
	assert out.endswith("exit_group(0) = ?\n+++ exited with 0 +++\n"), out


@pytest.mark.parametrize("command, shows", [
	("cat /no/such", r'openat\(AT_FDCWD, "/no/such", O_RDONLY\) = -1 ENOENT \(No such file or directory\)'),
	("mkdir /proc/x", r'mkdirat\(AT_FDCWD, "/proc/x", 0777\) = -1 EPERM'),
	("sh -c 'kill -USR1 $$; echo'", r"--- SIGUSR1 \{si_signo=SIGUSR1, si_code=SI_USER, si_pid=\d+, si_uid=0\} ---"),
	("sh -c 'kill -9 $$'", r"\+\+\+ killed by SIGKILL \+\+\+"),
	("sh -c 'true & wait'", r"--- SIGCHLD \{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=\d+, si_uid=0, si_status=0\} ---"),
	("sh -c '(exit 5); x=$?; exit $x'", r"wait4\(-?\d+, \[\{WIFEXITED\(s\) && WEXITSTATUS\(s\) == 5\}\], "),
	("sleep 0.01", r"nanosleep\(.*\{tv_sec=0, tv_nsec=10000000\}"),
	("stat f", r'newfstatat\(AT_FDCWD, "f", \{st_mode=S_IFREG\|0644, st_size=6, \.\.\.\}, '),
	("chmod 600 f", r'fchmodat\(AT_FDCWD, "f", 0600\) = 0'),
	(r"""sh -c "printf 'a\tb\n'" """, r'write\(1, "a\\tb\\n", 4\) = 4'),
	("nice -n 2 true", r"getpriority\(PRIO_PROCESS, 0\) = 20\nsetpriority\(PRIO_PROCESS, 0, 2\) = 0"),
	("touch new", r'openat\(AT_FDCWD, "new", O_WRONLY\|O_CREAT[^)]*, 0666\) = 3|utimensat'),
])
def test_words(shell, command, shows):
	out, _ = shell.command("strace -o o %s >/dev/null 2>&1; cat o" % command)
	assert re.search(shows, out), out


@pytest.mark.parametrize("command, status", [
	("true", 0), ("false", 1), ("sh -c 'exit 77'", 77), ("sh -c 'kill -TERM $$'", 143),
	("sh -c 'kill -9 $$'", 137), ("no-such-command", 1), ("/etc", 1),
	("-e trace=nonsense true", 1), ("-s x true", 1), ("-p 1", 1), ("-p 999999", 1), ("", 1),
	("-p x", 1), ("-o /no/such/file true", 1), ("--help", 0), ("-p 2 true", 1),
])
def test_status(shell, command, status):
	out, got = shell.command("strace %s >o 2>&1; x=$?; cat o; (exit $x)" % command)
	assert got == status, out
	assert out, "it says nothing"


def test_follow(shell):
	out = traced(shell, "strace -f -o o sh -c '/bin/true; /bin/cat f >g; :'; cat o")
	pids = set(re.findall(r"^(\d+) ", out, re.M))
	assert len(pids) >= 3, out
	assert 'execve("/bin/cat", ["/bin/cat", "f"], ' in out, out
	assert out.count("+++ exited with 0 +++") == len(pids), out
	out = traced(shell, "strace sh -c '/bin/true; exit 0' 2>&1")
	assert 'execve("/bin/true"' not in out, out


def test_counts(shell):
	out = traced(shell, "strace -c -o o dd if=f of=/dev/null bs=1 2>/dev/null; cat o")
	row = re.search(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(\d*) *read$", out, re.M)
	assert row and row.group(1) == "7", out
	total = re.search(r"^ *([\d.]+) +[\d.]+ +\d+ +\d+ +\d* *total$", out, re.M)
	assert total and 99 < float(total.group(1)) <= 100, out
	assert "hello" not in out


def test_strings_and_times(shell):
	out = traced(shell, "strace -s 2 -e write cat f 2>&1 >/dev/null")
	assert 'write(1, "he"..., 6) = 6' in out, out
	out = traced(shell, "strace -T -t -e %file cat f 2>&1 >/dev/null")
	assert re.search(r'^\d\d:\d\d:\d\d openat\(AT_FDCWD, "f", O_RDONLY\) = 3 <0\.\d{6}>$', out,
			 re.M), out
	out = traced(shell, "strace -r -e '!brk' cat f 2>&1 >/dev/null")
	assert re.search(r"^ +\d+\.\d{6} openat", out, re.M) and "brk(" not in out, out


def test_running_process(shell):
	"""Attached, shown, let go by ^C; the process goes on."""
	shell.command("(while sleep 0.05; do :; done) & p=$!")
	shell.type("strace -p $p -o o")
	shell.expect(r"process \d+ attached")
	shell.send("\x03")
	shell.expect(r"process \d+ detached")
	shell.wait_prompt()
	out = traced(shell, "kill -0 $p && kill $p; wait; cat o")
	assert re.search(r"wait4\(|clone\(|--- SIGCHLD|rt_sig", out) or out == "", out


def test_stop_and_continue(shell):
	"""A program that is stopped stays so, although somebody watches."""
	shell.type("strace -o o sh -c 'echo $$ >pid; kill -STOP $$; echo on' &")
	shell.wait_prompt()
	out = traced(shell, "until grep -q 'stopped by' o; do sleep 0.1; done; cat o | tail -n 1; kill -CONT $(cat pid); wait; tail -n 3 o")
	assert "--- stopped by SIGSTOP ---" in out, out
	assert "+++ exited with 0 +++" in out, out


# --- Debian's ---

@pytest.fixture(scope="module")
def debian(disk, tmp_path_factory):
	"""A guest with Debian's strace and the library that it wants."""
	strace, library = have("strace", ""), have("libc6", "")
	folder = tmp_path_factory.mktemp("debian")
	image = qemu.copy_disk(disk, str(folder))
	lines = ["mkdir lib", "mkdir lib/riscv64-linux-gnu",
		 "write %s lib/ld-linux-riscv64-lp64d.so.1" % (library + "/ld-linux-riscv64-lp64d.so.1"),
		 "write %s lib/riscv64-linux-gnu/libc.so.6" % (library + "/libc.so.6"),
		 "symlink lib/riscv64-linux-gnu/ld-linux-riscv64-lp64d.so.1 "
		 "/lib/ld-linux-riscv64-lp64d.so.1",
		 "write %s bin/theirs" % strace]
	lines += ["set_inode_field %s mode 0100755" % f for f in (
		"bin/theirs", "lib/ld-linux-riscv64-lp64d.so.1", "lib/riscv64-linux-gnu/libc.so.6")]
	subprocess.run(["debugfs", "-w", "-f", "-", image], env=TOOLS, check=True,
		       input="\n".join(lines).encode(), capture_output=True)
	with Guest(Machine(smp=4, disk=image, reboot=False), own_disk=True) as guest:
		guest.boot()
		guest.command("cd /tmp; echo hello >f")
		out, status = guest.command("theirs -V")
		assert status == 0 and "strace -- version" in out, out
		yield guest
		guest.poweroff()
		fsck(guest.disk)
	shutil.rmtree(str(folder), ignore_errors=True)


def plain(text):
	"""Without what differs by chance: ids, addresses, blanks before results."""
	text = re.sub(r"\) += ", ") = ", text)
	text = re.sub(r"0x[0-9a-f]+", "ADDR", text)
	text = re.sub(r"^\d+ +", "PID ", text, flags=re.M)
	text = re.sub(r"si_pid=\d+|si_utime=\d+, |si_stime=\d+, |, si_[us]time=\d+[^,}]*", "", text)
	return text


@pytest.mark.parametrize("command", [
	"cat f", "cat /no/such", "ls -l f", "sh -c 'echo $((6*7)) >g; cat g'", "chmod 644 f",
	"sh -c 'kill -USR1 $$'", "touch n", "wc f f", "mv n o2",
])
def test_both_say_the_same(debian, command):
	"""The calls that concern files, line by line."""
	calls = "trace=openat,read,write,close,fchmodat,unlinkat,renameat2,dup3,exit_group,faccessat"
	for name in ("theirs", "strace"):
		debian.command("rm -f n o2 g; touch n; %s -o %s.out -e %s %s >/dev/null 2>&1" % (
			name, name, calls, command))
	theirs, _ = debian.command("cat theirs.out")
	ours, _ = debian.command("cat strace.out")
	assert "+++" in theirs
	assert plain(ours) == plain(theirs)


def test_theirs_follows(debian):
	out, status = debian.command("theirs -f -o o sh -c '/bin/true; /bin/cat f | wc -c'; cat o")
	assert status == 0, out
	assert out.startswith("6\n"), out
	pids = set(re.findall(r"^(\d+) +\w", out, re.M))
	assert len(pids) >= 4, out
	assert out.count("+++ exited with 0 +++") == len(pids), out
	assert 'execve("/bin/cat", ["/bin/cat", "f"]' in out, out


def test_theirs_attaches(debian):
	debian.command("(while sleep 0.05; do :; done) & p=$!")
	debian.type("theirs -o o -p $p")
	debian.expect(r"Process \d+ attached")
	debian.send("\x03")
	debian.expect(r"Process \d+ detached")
	debian.wait_prompt()
	out, status = debian.command("kill -0 $p && kill $p")
	assert status == 0, out
	debian.command("wait")


def test_theirs_counts_and_injects(debian):
	out, _ = debian.command("theirs -c -o o cat f; cat o")
	assert re.search(r"\d+ +read$", out, re.M), out
	out, status = debian.command("theirs -o /dev/null -e inject=openat:error=EACCES cat f 2>&1")
	assert "ermission denied" in out and status == 1, out


THREADS = "create_and_join hundred_at_once exit_ends_all kill_ends_all first_thread_goes " \
	"the_last_is_found fault_ends_all fork_in_a_thread signal_for_one"


@pytest.mark.parametrize("command", [
	"theirs -f -o /dev/null /test/thread " + THREADS,
	"strace -f -o /dev/null /test/thread",
	pytest.param("theirs -f -o /dev/null /test/jobs", marks=pytest.mark.long),
	"strace -f -o /dev/null /test/jobs",
	pytest.param("strace -f -o /dev/null /test/signal", marks=pytest.mark.long)])
def test_theirs_traces_threads(debian, command):
	"""Tests of threads and signals pass while both watch them. (A name of a
	kernel older than Linux 3.0 makes theirs lose threads that exec.)"""
	out, _ = debian.command("TEST_DIR=/tmp TEST_PATIENCE=%d %s 2>&1 | grep -v '^ok'" % (
		qemu.PATIENCE, command), 300)
	assert re.search(r"\d+ passed, 0 failed", out), out
