"""Tests that stand beside the code: each *_test.c becomes a program of this
machine, with the address and undefined-behaviour sanitizers, and is run. What
it is built from stands in its first comment; see tools/README.md.
"""

import glob
import hashlib
import os
import re
import shlex
import subprocess

import pytest

import qemu
from conftest import BUILD, ROOT, TOOLS, have

FLAGS = """-std=gnu11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
	-fno-omit-frame-pointer -fno-strict-aliasing -Wall -Wextra -Wno-unused-parameter
	-DHOST_TEST=1 -I.""".split()
FOLDERS = ("boot", "kernel", "fs", "sbi", "user", "tools")


def sources():
	"""Every *_test.c; of user/, where a program may have that name, only those
	that say what they are."""
	found = []
	for folder in FOLDERS:
		found += glob.glob(folder + "/**/*_test.c", root_dir=ROOT, recursive=True)
	return sorted(f for f in found if not f.startswith("user/") or
		      "host-test:" in (ROOT / f).read_text())


def recipe(source):
	"""The words behind `host-test:` in the file's first lines."""
	text = (ROOT / source).read_text()
	line = re.search(r"host-test:(.*?)(\*/|\n\s*\n|\n \*\s*\n)", text[:3000], re.S)
	included = set(re.findall(r'^#include "(.*\.c)"', text, re.M))
	words = shlex.split(re.sub(r"\n( \*|//)", "\n", line.group(1))) if line else []
	out = []
	for word in words:
		if word.startswith("-"):
			out.append(word)
			continue
		files = sorted(glob.glob(word, root_dir=ROOT))
		assert files, "%s: there is no %s" % (source, word)
		out += [f for f in files
			if not f.endswith(("_test.c", "_fuzz.c")) and f not in included]
	return out


def newer(made, depends):
	"""Is what was made newer than all that its dependency file names?"""
	try:
		names = depends.read_text().split(":", 1)[1].replace("\\\n", " ").split()
		when = made.stat().st_mtime
		return all((ROOT / name).stat().st_mtime < when for name in names)
	except (OSError, IndexError):
		return False


def compiled(source, flags):
	"""The object of one source; many tests share those of fs/."""
	key = hashlib.sha256(" ".join(flags).encode()).hexdigest()[:8]
	out = BUILD / "host/obj" / key / (source.replace("/", "-") + ".o")
	depends = out.with_suffix(".d")
	if newer(out, depends):
		return out
	out.parent.mkdir(parents=True, exist_ok=True)
	mine = "%s.%d" % (out, os.getpid())
	built = subprocess.run(["gcc", *FLAGS, *flags, "-MMD", "-MF", mine + ".d", "-c", source,
				"-o", mine], cwd=ROOT, text=True, timeout=120 * qemu.PATIENCE,
			       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	assert built.returncode == 0, built.stdout[-8000:]
	os.rename(mine, out)
	os.rename(mine + ".d", depends)
	return out


def linked(name, files, flags):
	"""A program from these files."""
	out = BUILD / "host" / name
	compile_flags = [f for f in flags if not f.startswith("-l")]
	objects = [compiled(f, compile_flags) for f in files]
	# Some are wanted by many tests.
	words, made_of = " ".join(map(str, [*objects, *flags])), out.with_name(name + ".of")
	if out.exists() and made_of.exists() and made_of.read_text() == words and \
	   all(f.stat().st_mtime < out.stat().st_mtime for f in objects):
		return out
	# Two tests may want the same program at the same time.
	mine = "%s.%d" % (out, os.getpid())
	built = subprocess.run(["gcc", *FLAGS, "-o", mine, *objects, "-pthread",
				*(f for f in flags if f.startswith("-l"))], cwd=ROOT, text=True,
			       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120 * qemu.PATIENCE)
	assert built.returncode == 0, built.stdout[-8000:]
	made_of.unlink(missing_ok=True)
	os.rename(mine, out)
	made_of.write_text(words)
	return out


@pytest.mark.parametrize("source", sources())
def test_host(source):
	words = recipe(source)
	out = linked(source[:-2].replace("/", "-"),
		     [source, *(w for w in words if not w.startswith("-"))],
		     [w for w in words if w.startswith("-")])
	ran = subprocess.run([out], cwd=ROOT, text=True, errors="replace", timeout=120 * qemu.PATIENCE,
			     stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
			     env={**TOOLS, "ASAN_OPTIONS": "detect_leaks=1",
				  "UBSAN_OPTIONS": "print_stacktrace=1"})
	assert ran.returncode == 0, ran.stdout[-8000:]
	assert "FAIL" not in ran.stdout, ran.stdout[-8000:]


def test_shell_cases():
	"""The shell, built for this machine, against what dash does."""
	shell = linked("sh", sorted(glob.glob("user/bin/sh/*.c", root_dir=ROOT)), [])
	ran = subprocess.run([ROOT / "tools/tests/sh_cases/run", "-v", "--shell", shell],
			     text=True, errors="replace", timeout=250 * qemu.PATIENCE, stdout=subprocess.PIPE,
			     stderr=subprocess.STDOUT,
			     env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
	assert ran.returncode == 0, ran.stdout[-8000:]


def test_shell_typed():
	"""The same shell at a terminal: prompts, keys, jobs."""
	shell = linked("sh", sorted(glob.glob("user/bin/sh/*.c", root_dir=ROOT)), [])
	ran = subprocess.run([ROOT / "tools/tests/sh_cases/typed", shell], text=True,
			     errors="replace", timeout=120 * qemu.PATIENCE, stdout=subprocess.PIPE,
			     stderr=subprocess.STDOUT,
			     env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
	assert ran.returncode == 0, ran.stdout[-8000:]


@pytest.mark.parametrize("part", ["editing", "wrapping", "history", "completion", "modes",
				  "prompts", "noise"])
def test_shell_edited(part):
	"""Its line editor, seen through a terminal emulator."""
	shell = linked("sh", sorted(glob.glob("user/bin/sh/*.c", root_dir=ROOT)), [])
	ran = subprocess.run([ROOT / "tools/tests/sh_cases/edited", shell, part], text=True,
			     errors="replace", timeout=200 * qemu.PATIENCE, stdout=subprocess.PIPE,
			     stderr=subprocess.STDOUT,
			     env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
	assert ran.returncode == 0, ran.stdout[-8000:]


@pytest.mark.long
def test_shell_foreign():
	"""The cases of another shell, of which nine in ten are to pass. Without the
	sanitizers: some of them are long loops."""
	cases = have("ash-test", "1.")
	shell = BUILD / "host/sh-fast"
	mine = "%s.%d" % (shell, os.getpid())
	subprocess.run(["gcc", "-std=gnu11", "-O2", "-w", "-I.", "-o", mine,
			*sorted(glob.glob("user/bin/sh/*.c", root_dir=ROOT))], cwd=ROOT, check=True)
	os.rename(mine, shell)
	ran = subprocess.run([ROOT / "tools/tests/sh_cases/foreign", "-v", "--shell", shell,
			      "--cases", cases], text=True, errors="replace",
			     timeout=290 * qemu.PATIENCE,
			     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	assert ran.returncode == 0, ran.stdout[-8000:]


def test_shell_cases_are_right():
	"""What the shell's own cases expect is what dash does."""
	ran = subprocess.run([ROOT / "tools/tests/sh_cases/run", "-v", "--shell", "dash"],
			     text=True, errors="replace", timeout=250 * qemu.PATIENCE, stdout=subprocess.PIPE,
			     stderr=subprocess.STDOUT)
	assert ran.returncode == 0, ran.stdout[-8000:]


@pytest.mark.parametrize("part", ["scripts", "long_lines", "names", "interrupts", "races"])
def test_shell_hostile(part):
	"""What is no script, what is too long, names of any bytes, ^C everywhere."""
	shell = linked("sh", sorted(glob.glob("user/bin/sh/*.c", root_dir=ROOT)), [])
	ran = subprocess.run([ROOT / "tools/tests/sh_cases/hostile", shell, part], text=True,
			     errors="replace", timeout=280 * qemu.PATIENCE, stdout=subprocess.PIPE,
			     stderr=subprocess.STDOUT,
			     env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
	assert ran.returncode == 0, ran.stdout[-8000:]
