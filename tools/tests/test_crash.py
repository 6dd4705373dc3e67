"""Power cuts and failing disks, a minute's worth of tools/crash; `make crash` has
all of it. And that its explorer can tell a broken disk from a sound one."""

import re
import struct
import subprocess

import pytest

from conftest import BUILD, ROOT, TOOLS

RUN = ROOT / "tools/crash/run"


def crash(*argv, expect=0):
	ran = subprocess.run([RUN, *map(str, argv)], cwd=ROOT, text=True, errors="replace",
			     timeout=900, env={**TOOLS, "JOBS": "1"},
			     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	assert ran.returncode == expect, ran.stdout[-8000:]
	return ran.stdout


@pytest.mark.timeout(900)
@pytest.mark.xdist_group("crash")
def test_power_cuts():
	last = crash("--short", "--fresh").strip().splitlines()[-1]
	found = re.fullmatch(r"crash: (\d+) workloads, (\d+) states, 0 failures", last)
	assert found and int(found.group(2)) > 1000, last


@pytest.mark.timeout(300)
@pytest.mark.xdist_group("crash")
def test_log_of_a_guest(tmp_path):
	"""The format of QEMU's blklogwrites, written and read back; then without its
	flushes, so that writes may change places: that must be seen."""
	log, bad = tmp_path / "log", tmp_path / "bad"
	script = "create /n; write /n 0 3000; sync; unlink /a; mkdir /m; sync; " \
		"rename /n /m/n; unlink /d/b; sync"
	crash("--script", script, "--kind", "csum1k", "--record", log)
	start = BUILD / "crash/csum1k.img"
	said = crash("--log", log, "--image", start, "--limit", 60)
	assert re.search(r" 0 failures$", said.strip()), said

	data = log.read_bytes()
	out, at, flushes = [data[:512]], 512, 0
	while at < len(data):
		sector, count, flags, _ = struct.unpack_from("<4Q", data, at)
		end = at + 512 + 512 * count
		if flags & 1 and not count:
			flushes += 1
		else:
			out.append(data[at:end])
		at = end
	assert flushes >= 6
	bad.write_bytes(b"".join(out))
	said = crash("--log", bad, "--image", start, "--limit", 2000, expect=1)
	assert "FAIL log" in said
