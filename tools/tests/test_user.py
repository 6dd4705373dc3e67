"""user/test through the door: each program on the booted kernel, built with
our own library and with that of Linux, and the same binaries on Linux itself
(QEMU's user mode, shut off from the machine). The verdicts must be equal.

A test program prints `ok NAME`, `FAIL NAME: why` or `skip NAME: why` for each
case, and last `N passed, M failed, K skipped`.
"""

import os
import re
import subprocess
import time

import pytest

import qemu
from conftest import BUILD, ROOT, fsck, have
from qemu import Guest, Machine

NAMES = sorted(p.stem for p in (ROOT / "user/test").glob("*.c"))
VERDICT = re.compile(r"^(ok|FAIL|skip) ([^\s:]+)(?:: *(.*))?$", re.M)
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
TIMEOUT = 90


def verdicts(text):
	"""Name to verdict, and the programs' own last line."""
	text = text.replace("\r", "")
	summary = SUMMARY.findall(text)
	assert summary, "no last line:\n" + text[-3000:]
	return {name: kind for kind, name, _ in VERDICT.findall(text)}, summary[-1]


def judge(text, status):
	found, (passed, failed, _) = verdicts(text)
	assert int(failed) == 0 and "FAIL" not in found.values() and status == 0, text[-6000:]
	assert int(passed) > 0 or found, text[-3000:]
	return found


class Lane:
	"""A machine on which one program after another runs; a new one is booted
	when a test has brought the last one down."""

	def __init__(self, machine):
		self.machine = machine
		self.guest = None

	def run(self, command, timeout=TIMEOUT):
		if self.guest is None:
			self.guest = Guest(self.machine, own_disk=True)
			self.guest.boot()
		if qemu.PATIENCE > 1:
			command = "TEST_PATIENCE=%d %s" % (qemu.PATIENCE, command)
		try:
			return self.guest.command(command, timeout)
		except qemu.GuestError:
			self.guest.close()
			self.guest = None
			raise

	def end(self):
		if self.guest is None:
			return
		try:
			self.guest.poweroff()
			fsck(self.guest.disk)
		finally:
			self.guest.close()


@pytest.fixture(scope="module")
def lane(disk):
	"""lane(kind): the machine of that kind, booted when first asked for."""
	kinds = {
		"normal": Machine(smp=4, disk=disk, reboot=False),
		"glibc": Machine(smp=4, disk=disk, reboot=False),
		"one-hart": Machine(smp=1, disk=disk, reboot=False),
		"no-sstc": Machine(smp=4, disk=disk, reboot=False, cpu="rv64,sstc=off"),
		"checking": Machine(smp=4, disk=disk, reboot=False, debug=True),
		"eight": Machine(smp=8, disk=disk, reboot=False),
	}
	open_lanes = {}

	def lane(kind):
		if kind not in open_lanes:
			open_lanes[kind] = Lane(kinds[kind])
		return open_lanes[kind]

	yield lane
	for each in open_lanes.values():
		each.end()


def cases(kind, names=None):
	"""All of one kind run on one worker, so that they share the machine."""
	return [pytest.param(name, id=name, marks=pytest.mark.xdist_group(kind))
		for name in names or NAMES]


@pytest.mark.parametrize("name", cases("checking"))
def test_checking(lane, name):
	"""On the kernel that checks locks and poisons what was freed."""
	judge(*lane("checking").run("/test/" + name, 2 * TIMEOUT))


@pytest.mark.parametrize("name", cases("checking", ["dir", "exec", "file", "link", "mmap", "perm",
						    "stat", "stress"]))
def test_on_disk(lane, name):
	"""The same where files lie on the disk, which is judged at the end."""
	judge(*lane("checking").run("TEST_DIR=/home /test/" + name, 2 * TIMEOUT))


@pytest.mark.xdist_group("normal")
def test_behind_a_pipe(lane):
	"""Who reads what a program says has memory, too, and that is no leak of a case."""
	text, status = lane("normal").run(
		"sh -c 'for i in 1 2 3 4; do /test/fd | sort; done'", 4 * TIMEOUT)
	assert status == 0 and "FAIL" not in text, text
	assert len(SUMMARY.findall(text.replace("\r", ""))) == 4, text


def test_beside_a_slow_disk(boot):
	"""What the journal needs only while it writes is no leak of a case either."""
	guest = boot(Machine(smp=2, drive="throttling.iops-write=3"))
	for _ in range(2):
		judge(*guest.command("echo >/root/x; sleep 3; /test/signal", 4 * TIMEOUT))


@pytest.mark.long
@pytest.mark.parametrize("name", cases("one-hart"))
def test_one_hart(lane, name):
	judge(*lane("one-hart").run("/test/" + name))


# Those that sleep, wait with a limit, or take the hart from each other.
TIMED = ["hart", "poll", "sched", "signal", "smp", "thread", "time"]


def timed(name):
	group = pytest.mark.xdist_group("no-sstc")
	return pytest.param(name, marks=[group] if name in TIMED else [group, pytest.mark.long])


@pytest.mark.parametrize("name", [timed(name) for name in NAMES])
def test_no_sstc(lane, name):
	"""Where the timer is the firmware's, each deadline is a call."""
	judge(*lane("no-sstc").run("/test/" + name))
	assert "timer by the firmware" in lane("no-sstc").guest.log


@pytest.mark.parametrize("name", cases("eight", ["sigstorm"]))
def test_eight_harts(lane, name):
	"""Races of signals; the others meet on the usual four."""
	judge(*lane("eight").run("/test/" + name, 2 * TIMEOUT))


@pytest.mark.long
@pytest.mark.xdist_group("eight")
def test_a_minute(lane):
	"""A race that is too rare for a second."""
	judge(*lane("eight").run("/test/sigstorm -t 60 stop_against_new_children", 4 * TIMEOUT))


@pytest.mark.long
@pytest.mark.parametrize("name", cases("eight", ["sigstorm"]))
def test_an_hour(lane, name):
	"""Eleven of its cases last as long as one wants."""
	judge(*lane("eight").run("/test/%s -t 330" % name, 2 * 3600))


# --- the same on Linux ---

ISOLATED = r"""
renice -n 0 -p $$ >/dev/null 2>&1
mount -t tmpfs -o size=4g tmpfs /tmp && cd /tmp && cat >t && chmod 755 t && chmod 1777 . || exit 97
exec </dev/null
%s prlimit --nproc=8000 --nofile=20000 -- timeout %d %s ./t
"""


# Its cases may take as much longer there as they may here, and signal whom they
# like: there is nobody else.
WITH_PATIENCE = {**os.environ, "TEST_PATIENCE": "%d" % qemu.PATIENCE, "TEST_ALONE": "1"}


def on_linux(path, runner="qemu-riscv64", stay_root=False):
	"""Run a binary in QEMU's user mode, where it can reach nothing of ours."""
	if stay_root:
		spaces = ["unshare", "-pfmuin", "--kill-child", "--mount-proc"]
		drop = "exec"
	elif os.getuid() == 0:
		spaces = ["unshare", "-pfmuin", "--kill-child", "--mount-proc"]
		drop = "exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs"
	else:
		spaces = ["unshare", "-Urpfmuin", "--kill-child", "--mount-proc"]
		drop = "exec setpriv --no-new-privs"
	with open(path, "rb") as binary:
		done = subprocess.run([*spaces, "sh", "-c", ISOLATED % (drop, 60 * qemu.PATIENCE, runner)], stdin=binary,
				      env=WITH_PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
				      timeout=120 * qemu.PATIENCE)
	return done.stdout.decode(errors="replace"), done.returncode


def shell_cases(script, *args):
	"""The shell as it is built for here, with cases of tools/tests/sh_cases: on
	Linux, shut off in the same way (some cases send signals)."""
	inside = r"""
mount -t tmpfs -o size=4g tmpfs /mnt && chmod 1777 /mnt && export TMPDIR=/mnt || exit 97
%s"$@"
"""
	if os.getuid() == 0:
		spaces = ["unshare", "-pfmuin", "--kill-child", "--mount-proc"]
		drop = "exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs "
	else:
		spaces = ["unshare", "-Urpfmuin", "--kill-child", "--mount-proc"]
		drop = "exec setpriv --no-new-privs "
	done = subprocess.run([*spaces, "sh", "-c", inside % drop, "sh",
			       ROOT / "tools/tests/sh_cases" / script, "--prefix", "qemu-riscv64",
			       "--shell", BUILD / "rootfs/bin/sh", "-v", *args],
			      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			      stderr=subprocess.STDOUT, timeout=1400 * qemu.PATIENCE)
	assert done.returncode == 0, done.stdout.decode(errors="replace")[-6000:]


def can_isolate():
	done = subprocess.run(["unshare", "-pfmuin" if os.getuid() == 0 else "-Urpfmuin",
			       "--kill-child", "--mount-proc", "true"], stderr=subprocess.DEVNULL)
	return done.returncode == 0


ISOLATES = can_isolate()


def same(ours, theirs):
	"""Equal verdicts, where neither side leaves the case out."""
	differ = {name: (ours.get(name), theirs.get(name))
		  for name in sorted(set(ours) | set(theirs))
		  if ours.get(name) != theirs.get(name)
		  and "skip" not in (ours.get(name), theirs.get(name))}
	assert not differ, "here, on Linux: %r" % differ


# Races are the kernel's own matter; QEMU's user mode does not always come to
# the end of these within its time.
HERE_ONLY = ["sigstorm"]


def compare(lane, here, binary):
	ours = judge(*lane.run(here))
	if binary.name in HERE_ONLY:
		return
	if not ISOLATES:
		pytest.skip("no name spaces on this machine: Linux was not asked")
	same(ours, judge(*on_linux(binary)))


@pytest.mark.parametrize("name", cases("normal"))
def test_here_and_on_linux(lane, name):
	compare(lane("normal"), "/test/" + name, BUILD / "rootfs/test" / name)


# As root of a user name space that has all users; who outside it started this
# lays down which they are.
AS_ROOT = r"""
exec 9<"$1" && read go && mount -t proc proc /proc && mount -t tmpfs -o size=4g tmpfs /tmp && cd /tmp || exit 97
cat <&9 >t && chmod 755 t && chmod 1777 . || exit 97
exec </dev/null 9<&-
exec setpriv --reuid 0 --regid 0 --clear-groups timeout "$2" $3 ./t
"""


def as_root_on_linux(path, runner="qemu-riscv64"):
	"""The same as on_linux, but as root, as on the booted kernel."""
	with subprocess.Popen(
			["unshare", "-Upfmuin", "--kill-child", "sh", "-c", AS_ROOT, "sh", path,
			 "%d" % (60 * qemu.PATIENCE), runner],
			env=WITH_PATIENCE, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
			stderr=subprocess.STDOUT) as done:
		# The name space is there when it is another than ours.
		until = time.monotonic() + 20
		while os.readlink("/proc/%d/ns/user" % done.pid) == os.readlink("/proc/self/ns/user"):
			assert time.monotonic() < until, "no name space"
			time.sleep(0.01)
		for name in ("uid_map", "gid_map"):
			with open("/proc/%d/%s" % (done.pid, name), "w") as ids:
				ids.write("0 0 131072\n")
		said, _ = done.communicate(b"go\n", timeout=120 * qemu.PATIENCE)
		return said.decode(errors="replace"), done.returncode


@pytest.mark.parametrize("name", cases("normal", ["harm", "limit", "perm"]))
def test_as_root_here_and_on_linux(lane, name):
	"""What only root can try: whose is what, and who may do what to whom."""
	if os.getuid() != 0 or not ISOLATES:
		pytest.skip("no name space with more than one user")
	ours = judge(*lane("normal").run("/test/" + name))
	theirs = judge(*as_root_on_linux(BUILD / "rootfs/test" / name))
	same(ours, theirs)
	both = [case for case in ours if ours[case] == theirs.get(case) == "ok"]
	assert both, (ours, theirs)


@pytest.fixture(scope="module")
def native(tmp_path_factory):
	"""native(name): the test compiled for the build machine."""
	folder = tmp_path_factory.mktemp("native")

	def native(name):
		program = folder / name
		if not program.exists():
			subprocess.run(["gcc", "-O2", "-static", "-I", ROOT, "-o", program,
					ROOT / "user/test" / (name + ".c")], check=True)
		return program

	return native


@pytest.mark.parametrize("name", cases("normal", ["harm", "kill", "limit", "perm"]))
def test_as_root_natively(lane, native, name):
	"""The same without QEMU in between, which runs no programs and traces none:
	all that these ask about is the same for every kind of machine."""
	if os.getuid() != 0 or not ISOLATES:
		pytest.skip("no name space with more than one user")
	theirs = judge(*as_root_on_linux(native(name), ""))
	same(judge(*lane("normal").run("/test/" + name)), theirs)
	assert "ok" in theirs.values(), theirs


@pytest.mark.xdist_group("normal")
def test_as_real_root(lane, native):
	"""What root of a name space may not: make devices, change what lends rights
	and leave it so."""
	if os.getuid() != 0 or not ISOLATES:
		pytest.skip("this is for root")
	theirs = judge(*on_linux(native("perm"), "", stay_root=True))
	same(judge(*lane("normal").run("/test/perm")), theirs)


def with_glibc():
	return [n for n in NAMES if (BUILD / "glibc/test/glibc" / n).exists()]


@pytest.mark.parametrize("name", cases("glibc", with_glibc() or ["none"]))
def test_glibc(lane, name):
	"""Linked with the C library of Linux, here and there."""
	assert name != "none", "nothing was linked with the other library"
	compare(lane("glibc"), "/test/glibc/" + name, BUILD / "glibc/test/glibc" / name)


@pytest.mark.xdist_group("glibc")
def test_runtime(lane):
	"""Unwinding out of handlers, cancelled threads, timers with functions: what
	the C library of Linux makes of signals (tools/tests/runtime.c)."""
	compare(lane("glibc"), "/test/glibc/runtime", BUILD / "glibc/test/glibc/runtime")


# What is on a user's stack or comes from it: our name, and Linux's.
LAYOUTS = """
	sizeof(struct siginfo)			sizeof(siginfo_t)
	offsetof(struct siginfo, si_signo)	offsetof(siginfo_t, si_signo)
	offsetof(struct siginfo, si_errno)	offsetof(siginfo_t, si_errno)
	offsetof(struct siginfo, si_code)	offsetof(siginfo_t, si_code)
	offsetof(struct siginfo, si_pid)	offsetof(siginfo_t, si_pid)
	offsetof(struct siginfo, si_uid)	offsetof(siginfo_t, si_uid)
	offsetof(struct siginfo, si_status)	offsetof(siginfo_t, si_status)
	offsetof(struct siginfo, si_value)	offsetof(siginfo_t, si_value)
	offsetof(struct siginfo, si_utime)	offsetof(siginfo_t, si_utime)
	offsetof(struct siginfo, si_stime)	offsetof(siginfo_t, si_stime)
	offsetof(struct siginfo, si_timerid)	offsetof(siginfo_t, si_tid)
	offsetof(struct siginfo, si_overrun)	offsetof(siginfo_t, si_overrun)
	offsetof(struct siginfo, si_addr)	offsetof(siginfo_t, si_addr)
	offsetof(struct siginfo, si_addr_lsb)	offsetof(siginfo_t, si_addr_lsb)
	offsetof(struct siginfo, si_band)	offsetof(siginfo_t, si_band)
	offsetof(struct siginfo, si_fd)		offsetof(siginfo_t, si_fd)
	offsetof(struct siginfo, si_call_addr)	offsetof(siginfo_t, si_call_addr)
	offsetof(struct siginfo, si_syscall)	offsetof(siginfo_t, si_syscall)
	offsetof(struct siginfo, si_arch)	offsetof(siginfo_t, si_arch)
	sizeof(struct sigevent)			sizeof(struct sigevent)
	offsetof(struct sigevent, sigev_signo)	offsetof(struct sigevent, sigev_signo)
	offsetof(struct sigevent, sigev_notify)	offsetof(struct sigevent, sigev_notify)
	offsetof(struct sigevent, sigev_notify_thread_id) offsetof(struct sigevent, _sigev_un._tid)
	sizeof(struct sigaction)		sizeof(struct sigaction)
	offsetof(struct sigaction, sa_flags)	offsetof(struct sigaction, sa_flags)
	offsetof(struct sigaction, sa_mask)	offsetof(struct sigaction, sa_mask)
	sizeof(stack_t)				sizeof(stack_t)
	offsetof(stack_t, ss_flags)		offsetof(stack_t, ss_flags)
	offsetof(stack_t, ss_size)		offsetof(stack_t, ss_size)
	sizeof(struct ucontext)			sizeof(struct ucontext)
	offsetof(struct ucontext, uc_flags)	offsetof(struct ucontext, uc_flags)
	offsetof(struct ucontext, uc_link)	offsetof(struct ucontext, uc_link)
	offsetof(struct ucontext, uc_stack)	offsetof(struct ucontext, uc_stack)
	offsetof(struct ucontext, uc_sigmask)	offsetof(struct ucontext, uc_sigmask)
	offsetof(struct ucontext, uc_mcontext)	offsetof(struct ucontext, uc_mcontext)
	sizeof(struct sigcontext)		sizeof(struct sigcontext)
	offsetof(struct sigcontext, gregs[1])	offsetof(struct sigcontext, sc_regs.ra)
	offsetof(struct sigcontext, gregs[10])	offsetof(struct sigcontext, sc_regs.a0)
	offsetof(struct sigcontext, gregs[31])	offsetof(struct sigcontext, sc_regs.t6)
	offsetof(struct sigcontext, fp)		offsetof(struct sigcontext, sc_fpregs)
	offsetof(struct sigcontext, fp.d.f[31])	offsetof(struct sigcontext, sc_fpregs.d.f[31])
	offsetof(struct sigcontext, fp.d.fcsr)	offsetof(struct sigcontext, sc_fpregs.d.fcsr)
	offsetof(struct sigcontext, fp.q.fcsr)	offsetof(struct sigcontext, sc_fpregs.q.fcsr)
	offsetof(struct sigcontext, fp.q.reserved) offsetof(struct sigcontext, sc_fpregs.q.reserved)
"""


def test_layouts(tmp_path):
	"""The structures of signals against the headers of Linux, by the compiler."""
	rows = [re.split(r"\t+|(?<=\)) (?=\w+\()", line.strip())
		for line in LAYOUTS.strip().splitlines()]
	found = []
	for side, includes in enumerate(('#include "kernel/abi/signal.h"',
					 "".join("#include <asm/%s.h>\n" % name for name in (
						 "signal", "siginfo", "sigcontext", "ucontext")))):
		source = tmp_path / ("%d.c" % side)
		source.write_text("#include <stddef.h>\n%s\nconst unsigned long values[] = {%s};\n"
				  % (includes, ",\n".join(row[side] for row in rows)))
		subprocess.run(["riscv64-linux-gnu-gcc", "-w", "-I", ROOT, "-c", source, "-o",
				source.with_suffix(".o")], check=True)
		subprocess.run(["riscv64-linux-gnu-objcopy", "-O", "binary", "-j", ".rodata",
				source.with_suffix(".o"), source.with_suffix(".bin")], check=True)
		data = source.with_suffix(".bin").read_bytes()
		found.append([int.from_bytes(data[i:i + 8], "little")
			      for i in range(0, len(data), 8)])
	assert len(found[0]) == len(rows) > 40
	wrong = [(row[0], ours, theirs) for row, ours, theirs in zip(rows, *found)
		 if ours != theirs]
	assert not wrong, wrong


LIBRARY = sorted(p.stem for p in (ROOT / "user/lib/test").glob("*.c"))


@pytest.mark.parametrize("name", cases("normal", LIBRARY))
def test_library(lane, name):
	"""Our C library against the standard's words. The same checks hold for
	that of Linux: one that fails there is a wrong check."""
	for path, binary in (("/test/lib/", BUILD / "rootfs/test/lib"),
			     ("/test/glibc/lib/", BUILD / "glibc/test/glibc/lib")):
		text, status = lane("normal").run(path + name)
		assert status == 0 and text.split()[-1] == "ok", path + name + "\n" + text
		if ISOLATES:
			text, status = on_linux(binary / name)
			assert status == 0 and text.split()[-1] == "ok", "%s on Linux\n%s" % (
				binary / name, text)


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.skipif(not ISOLATES, reason="no name spaces on this machine")
@pytest.mark.parametrize("script", ["run", "foreign"])
def test_shell_as_built(script):
	"""Its own cases, and those of another shell."""
	shell_cases(script, *(["--cases", have("ash-test", "1.")] if script == "foreign" else []))
