"""^C in the middle of what is to replace a file, or to make one: nothing that was
there is changed, and no temporary file stays; of several files, or of an archive,
there is what was written. The programs run under qemu-riscv64.
"""

import hashlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import pytest

import qemu

TOOLS = {
	"sort": ["big", "big", "-o", "big"],
	"sort -T": ["-S", "100k", "-T", ".", "big"],
	"sed": ["-i", "s/a/b/", "big"],
	"sed -i.old": ["-i.old", "s/a/b/", "big"],
	"gzip": ["-9", "big"],
	"gunzip": ["-d", "packed.gz"],
	"install": ["big", "target"],
	"patch": ["-s", "big", "diff"],
}


# They are done too soon after they begin to write.
TOO_SOON = ("sort -T", "install", "patch")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
	folder = tmp_path_factory.mktemp("inputs")
	dice = random.Random(3)
	text = "".join("%032x\n" % dice.getrandbits(128) for _ in range(80000))
	(folder / "big").write_text(text)
	(folder / "target").write_text("as it was\n")
	(folder / "changed").write_text(text.replace("f\n", "g\n"))
	with open(folder / "diff", "wb") as f:
		subprocess.run(["diff", "-u0", "big", "changed"], cwd=folder, stdout=f)
	(folder / "changed").unlink()
	subprocess.run("gzip -1 <big >packed.gz", shell=True, cwd=folder, check=True)
	return folder


def looks(folder):
	return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted(bin, inputs, tmp_path, tool, sig):
	"""The signal comes at once, and as soon as there is a new name in the folder."""
	name = tool.split()[0]
	under = "gzip" if name == "gunzip" else name
	caught, after = 0, None
	# Until it was in the middle: it may be over before one has looked.
	for wait in range(-1, 20):
		if wait > 3 and (caught or tool in TOO_SOON):
			break
		folder = tmp_path / str(wait)
		folder.mkdir()
		for path in inputs.iterdir():
			os.link(path, folder / path.name)
		for path in folder.iterdir():	# of its own, but for what is only read
			if path.name in ("big", "packed.gz", "target"):
				data = path.read_bytes()
				path.unlink()
				path.write_bytes(data)
		before = looks(folder)
		run = subprocess.Popen(["qemu-riscv64", "-0", name, bin / under, *TOOLS[tool]], cwd=folder,
				       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
		if wait < 0:		# what it comes to when nobody interrupts
			assert (run.wait(100), run.stderr.read()) == (0, b"")
			after = looks(folder)
			continue
		names = set(os.listdir(folder))
		while wait and run.poll() is None and set(os.listdir(folder)) == names:
			pass
		time.sleep(wait * 0.01 if wait < 4 else 0)
		run.send_signal(sig)
		run.communicate(timeout=60 * qemu.PATIENCE)
		if run.returncode == 0:
			continue	# it was quicker
		assert run.returncode == -sig
		assert looks(folder) in (before, after)
		caught += wait > 0
		shutil.rmtree(folder)
	assert caught or tool in TOO_SOON, "never in the middle"


@pytest.mark.parametrize("tool", ["split -b 10000 big", "split -n r/100 big", "tar cf new.tar big packed.gz big", "tar xf all.tar"])
def test_interrupted_parts(bin, inputs, tmp_path, tool):
	"""Each file that is there is one that was to be made, or its beginning."""
	name, *args = tool.split()
	caught, after = 0, {}
	for wait in range(-1, 12):
		if caught == 3:
			break
		folder = tmp_path / str(wait)
		folder.mkdir()
		for path in inputs.iterdir():
			shutil.copy2(path, folder / path.name)
		subprocess.run("split -b 10000 big t; tar cf all.tar t*; rm t*", shell=True, cwd=folder, check=True)
		before = set(os.listdir(folder))
		run = subprocess.Popen(["qemu-riscv64", "-0", name, bin / name, *args], cwd=folder,
				       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
		if wait < 0:
			assert (run.wait(100), run.stderr.read()) == (0, b"")
			after = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "all.tar"}
			continue
		while run.poll() is None and set(os.listdir(folder)) == before:
			pass
		time.sleep(wait * 0.003)
		run.send_signal(signal.SIGINT)
		_, said = run.communicate(timeout=60 * qemu.PATIENCE)
		for path in folder.iterdir():
			assert path.name == "all.tar" or after[path.name].startswith(path.read_bytes()), path.name
			assert path.name not in ("big", "packed.gz") or path.read_bytes() == after[path.name]
		shutil.rmtree(folder)
		if run.returncode:
			assert (run.returncode, said) == (-signal.SIGINT, b"")
			caught += 1
	assert caught, "never in the middle"


def test_ignored(bin, inputs, tmp_path):
	"""What was told to ignore a signal goes on."""
	(tmp_path / "f").write_text("a\n" * 200000)
	for line in ("sed -i s/a/b/ f", "sort f -o f", "gzip f", "install f g"):
		name, *args = line.split()
		if not pathlib.Path(tmp_path / "f").exists():
			(tmp_path / "f").write_text("a\n" * 200000)
		run = subprocess.Popen(["sh", "-c", "trap '' HUP INT; echo; exec \"$@\"", "sh", "qemu-riscv64", "-0",
					name, bin / name, *args], cwd=tmp_path, stdout=subprocess.PIPE,
				       stderr=subprocess.PIPE)
		run.stdout.readline()
		time.sleep(0.2)
		run.send_signal(signal.SIGHUP)
		run.send_signal(signal.SIGINT)
		assert (run.wait(60), run.stderr.read()) == (0, b""), line
