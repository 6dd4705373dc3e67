"""What was built: the image's header, sizes, and that it comes out the same."""

import os
import shutil
import subprocess

import pytest

import qemu
from conftest import BUILD, ROOT

TOOL = "riscv64-linux-gnu-"
STRIPPED = 400 * 1024   # the kernel, see tools/size
IMAGE = 4000 * 1000     # programs, pages and settings, in blocks


def output(*argv):
	return subprocess.run([str(a) for a in argv], check=True, text=True,
			      stdout=subprocess.PIPE).stdout


def sections(elf):
	rows = [line.split() for line in output(TOOL + "size", "-A", elf).splitlines()]
	return {row[0]: int(row[1]) for row in rows if len(row) == 3 and row[1].isdigit()}


def test_image_header():
	"""As booti and its relatives want it."""
	image = (BUILD / "Image").read_bytes()
	assert image[0x30:0x38] == b"RISCV\0\0\0" and image[0x38:0x3c] == b"RSC\x05"
	assert image[0:2] == b"MZ"
	assert int.from_bytes(image[8:16], "little") == 0x200000
	assert int.from_bytes(image[16:24], "little") >= len(image)


def test_size():
	sizes = dict(line.split() for line in output(ROOT / "tools/size").splitlines())
	assert int(sizes["kernel"]) < STRIPPED, sizes
	assert 1000 * 1000 < int(sizes["image"]) < IMAGE, sizes


def test_device_access_is_ordered(tmp_path):
	"""A register's access of each width, with the fences around it that RVWMO
	wants against memory."""
	code = '#include "kernel/dev/driver.h"\n'
	for bits in 8, 16, 32:
		code += "uint%d_t r%d(void *p) { return mmio_read%d(p); }\n" % (bits, bits, bits)
	for bits in 8, 16, 32, 64:
		code += "void w%d(void *p, uint%d_t v) { mmio_write%d(p, v); }\n" % (bits, bits, bits)
	subprocess.run([TOOL + "gcc", "-std=gnu11", "-O2", "-march=rv64imac_zicsr_zifencei", "-mabi=lp64",
			"-mcmodel=medany", "-ffreestanding", "-DCONFIG_DEBUG=0", "-I.", "-iquote", "kernel",
			"-c", "-xc", "-", "-o", tmp_path / "o"], input=code, text=True, cwd=ROOT, check=True)
	listed, name = {}, None
	for line in output(TOOL + "objdump", "-d", "-M", "no-aliases", tmp_path / "o").splitlines():
		if line.endswith(">:"):
			name = line.split("<")[1][:-2]
			listed[name] = []
		elif name and "\t" in line:
			words = line.split("\t")[2:]
			words[0] = words[0].removeprefix("c.")
			if words[0] in ("fence", "lb", "lbu", "lh", "lhu", "lw", "lwu", "sb", "sh", "sw", "sd"):
				listed[name].append(words[:2])
	for bits, letter in (8, "b"), (16, "h"), (32, "w"), (64, "d"):
		if bits < 64:
			got = listed["r%d" % bits]
			assert got[0][0].rstrip("u") == "l" + letter and got[1] == ["fence", "i,r"], got
		got = listed["w%d" % bits]
		assert [got[0], got[1][0], got[2]] == [["fence", "w,o"], "s" + letter, ["fence", "o,w"]], got


def test_programs_have_no_gaps():
	"""Their two segments follow each other in the file, on pages apart."""
	programs = sorted((BUILD / "rootfs/bin").iterdir())
	assert len(programs) > 100
	for program in programs:
		heads = output(TOOL + "readelf", "-lW", program).splitlines()
		loads = [line.split() for line in heads if line.split()[:1] == ["LOAD"]]
		last = None
		for _, offset, address, _, in_file, in_memory, *_ in loads:
			offset, address = int(offset, 16), int(address, 16)
			if last:
				assert 0 <= offset - last[0] < 16, (program, loads)
				assert address >> 12 > last[1] >> 12, (program, loads)
			last = offset + int(in_file, 16), address + int(in_memory, 16) - 1


def test_no_floating_point():
	"""The kernel never touches a program's FP registers but to save them."""
	text = output(TOOL + "objdump", "-d", "--no-show-raw-insn", BUILD / "octopos.elf")
	name = ""
	found = set()
	for line in text.splitlines():
		if line.endswith(">:"):
			name = line.split("<")[1][:-2]
			continue
		words = line.split()
		if len(words) > 1 and words[1].startswith(("fadd.", "fmul.", "flw", "fld",
							   "fsw", "fsd", "c.fld", "c.fsd")):
			found.add(name)
	assert all(n.startswith(("fp_", "usercopy_fp_", "fpu_", "thread_fp")) for n in found), found


@pytest.mark.long
def test_two_builds_are_equal(tmp_path):
	"""From another folder, at another time, the same kernel comes out."""
	files = output("git", "-C", ROOT, "ls-files", "-coz", "--exclude-standard").split("\0")
	tree = tmp_path / "elsewhere"
	for name in files:
		if name and (ROOT / name).is_file():
			(tree / name).parent.mkdir(parents=True, exist_ok=True)
			shutil.copy(ROOT / name, tree / name)
	subprocess.run(["make", "-s", "-C", tree, "BUILD=build", "kernel"], check=True,
		       env={**os.environ, "BUILD": "build"}, stdout=subprocess.DEVNULL,
		       timeout=250 * qemu.PATIENCE)
	ours = (BUILD / "Image").read_bytes()
	assert (tree / "build/Image").read_bytes() == ours


@pytest.mark.parametrize("patch", sorted((ROOT / "tools/mutants").glob("*.patch")),
			 ids=lambda path: path.stem)
def test_mutants_apply(patch):
	"""Whoever changes the lines of a fault carries it along."""
	output("patch", "-p1", "--dry-run", "-f", "-d", ROOT, "-i", patch)


@pytest.mark.parametrize("name", ["octopos.elf", "debug/octopos.elf"])
def test_rights(name):
	"""No part of the image is both written and executed."""
	heads = output(TOOL + "readelf", "-lW", BUILD / name)
	loads = [line for line in heads.splitlines() if line.strip().startswith("LOAD")]
	assert loads and not any("RWE" in line for line in loads), heads
