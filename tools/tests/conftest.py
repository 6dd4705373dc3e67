"""What the tests share: the folders, the disk, guests, and the last line."""

import fcntl
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

# Who waits for something that comes waits no longer for a larger limit, and this
# machine has other things to do. All limits are multiplied by this.
os.environ["PATIENCE"] = os.environ.get("PATIENCE") or "4"

import judge    # noqa: E402  (found by the line above)
import qemu     # noqa: E402

BUILD = qemu.BUILD
TOOLS = judge.TOOLS

# Whoever started this in the background, or behind nohup, ignores some signals;
# the programs that are tested would, too.
for ignored in signal.SIGHUP, signal.SIGINT, signal.SIGQUIT:
	if signal.getsignal(ignored) == signal.SIG_IGN:
		signal.signal(ignored, signal.default_int_handler if ignored == signal.SIGINT
			      else signal.SIG_DFL)


def pytest_addoption(parser):
	parser.addoption("--long", action="store_true", help="the slow tests too")
	parser.addoption("--again", action="store_true", help="those that failed the last time")


# Tests that share a machine, and take long: they come first, so that no worker
# is left alone with one of them in the end.
LONG_GROUPS = ["normal", "checking", "glibc"]


def failed_before(config):
	"""The names of those tests, without the group that xdist writes behind one."""
	return {re.sub("@[^]@]*$", "", name) for name in config.cache.get("cache/lastfailed", {})}


def pytest_collection_modifyitems(config, items):
	def place(item):
		mark = item.get_closest_marker("xdist_group")
		group = mark.args[0] if mark and mark.args else None
		return LONG_GROUPS.index(group) if group in LONG_GROUPS else len(LONG_GROUPS)

	items.sort(key=place)
	if config.getoption("--again"):
		config.again = failed_before(config)
		items[:] = [i for i in items if i.nodeid in config.again]
		return
	if config.getoption("--long"):
		return
	left = [i for i in items if "long" in i.keywords]
	config.hook.pytest_deselected(items=left)
	items[:] = [i for i in items if "long" not in i.keywords]


def pytest_sessionfinish(session):
	config = session.config
	if config.getoption("--again"):
		stats = config.pluginmanager.getplugin("terminalreporter").stats
		if len(stats.get("passed", [])) < len(config.again):
			session.exitstatus = 1


def pytest_unconfigure(config):
	"""The last line, whatever else was printed; only where all is known."""
	reporter = config.pluginmanager.getplugin("terminalreporter")
	if reporter is None or hasattr(config, "workerinput"):
		return
	count = {kind: len(reporter.stats.get(kind, []))
		 for kind in ("passed", "failed", "error", "skipped")}
	if config.getoption("--again"):
		# One that was not found, or is skipped, has not passed.
		count["failed"], count["error"] = len(config.again) - count["passed"], 0
		print("passed only when run again: %s" % (", ".join(
			report.nodeid for report in reporter.stats.get("passed", [])) or "none"))
		before = config.cache.get("octopos/verdict", {})
		count["passed"] += before.get("passed", 0)
		count["skipped"] = before.get("skipped", 0)
	if hasattr(config, "cache"):
		config.cache.set("octopos/verdict", count)
	print("%d passed, %d failed, %d skipped" % (
		count["passed"], count["failed"] + count["error"], count["skipped"]))


# The programs of user/bin, linked with our C library and with that of Linux.
BIN = BUILD / "rootfs/bin"
STOCK = BUILD / "stock/root/bin"


@pytest.fixture(scope="session", params=["ours", pytest.param("glibc", marks=pytest.mark.long)])
def bin(request):
	"""The folder of the programs. A test that has it is run twice in the long
	form: with those of our library, and with those of the other one."""
	return {"ours": BIN, "glibc": STOCK}[request.param]


@pytest.fixture(scope="session")
def disk():
	"""The image that tests copy; nobody writes to it."""
	return str(BUILD / "test/disk.img")


@pytest.fixture(scope="session")
def disk_of(bin, disk):
	"""An image on which all of /bin is of that folder."""
	if bin == BIN:
		return disk
	made = BUILD / "test/stock.img"
	with open(BUILD / "test/stock.lock", "w") as lock:
		fcntl.flock(lock, fcntl.LOCK_EX)
		newest = max(os.stat(path).st_mtime for path in [*bin.iterdir(), disk])
		if not made.exists() or made.stat().st_mtime < newest:
			made.unlink(missing_ok=True)
			subprocess.run([ROOT / "tools/image", "disk", made, STOCK.parent], check=True)
	return str(made)


def fsck(image):
	wrong = judge.fsck(image)
	assert not wrong, wrong


@pytest.fixture
def boot(disk):
	"""boot(machine) gives a guest at its prompt, with a disk of its own.

	At the end of the test the guest is switched off, when it still runs, and
	its disks are judged.
	"""
	guests = []

	def boot(machine, timeout=60, prompt=True):
		if not machine.disk:
			machine = machine.but(disk=disk)
		machine = machine.but(reboot=False)
		guest = qemu.Guest(machine, timeout, own_disk=True)
		guests.append(guest)
		if prompt:
			guest.boot()
		return guest

	yield boot
	try:
		for guest in guests:
			if not guest.ended:
				guest.poweroff()
			if guest.disk:
				fsck(guest.disk)
			for more in guest.machine.disks:
				fsck(more.path)
	finally:
		for guest in guests:
			guest.close()


def fetched(kind):
	"""What tools/fetch brought: version and path, newest last."""
	done = subprocess.run([ROOT / "tools/fetch", "--list"], text=True, check=True,
			      stdout=subprocess.PIPE)
	rows = [line.split(" ", 2) for line in done.stdout.splitlines()]
	rows = [(row[1], row[2]) for row in rows if row[0] == kind]
	return sorted(rows, key=lambda row: [int(n) if n.isdigit() else 0
					     for n in row[0].split(".")])


def have(kind, version_prefix):
	"""The path of a fetched thing; the test is skipped without it."""
	for version, path in reversed(fetched(kind)):
		if version.startswith(version_prefix):
			return path
	pytest.skip("%s %s was not fetched" % (kind, version_prefix))
