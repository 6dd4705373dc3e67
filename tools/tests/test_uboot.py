"""U-Boot starts the system by itself: no key is sent, it finds on the card what
tools/card put there, or what stands in a boot script of the test's own.
"""

import gzip
import re
import subprocess

import pytest

import qemu
from conftest import ROOT, TOOLS, fsck, have
from qemu import Machine

pytestmark = pytest.mark.xdist_group("u-boot")

AT = 16 << 20           # of the boot partition in the card
ROOT_AT = 80 << 20      # and of the root

LOAD = "load ${devtype} ${devnum}:${distro_bootpart} "
TREE = " ${fdtcontroladdr}"


def mtools(name, card, *words):
	subprocess.run([name, "-i", "%s@@%d" % (card, AT), *map(str, words)], check=True,
		       env={**TOOLS, "MTOOLS_SKIP_CHECK": "1"})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
	"""The card as the tool makes it; nobody writes to it."""
	out = tmp_path_factory.mktemp("card") / "virt.img"
	subprocess.run([ROOT / "tools/card", "virt", out], check=True)
	return out


@pytest.fixture
def card(made, tmp_path):
	out = tmp_path / "card.img"
	subprocess.run(["cp", "--sparse=always", made, out], check=True)
	return out


def script(card, folder, *lines):
	"""Leave the card with this boot script and nothing that comes before it."""
	text = folder / "boot.cmd"
	text.write_text("\n".join(lines) + "\n")
	out = folder / "boot.scr"
	subprocess.run(["mkimage", "-q", "-A", "riscv", "-O", "linux", "-T", "script",
			"-C", "none", "-d", text, out], check=True,
		       stdout=subprocess.DEVNULL)
	mtools("mdel", card, "::/extlinux/extlinux.conf")
	mtools("mcopy", card, "-o", out, "::/boot.scr")


def root_of(card, folder):
	"""The file system of the fourth partition, as a file."""
	out = folder / "root.img"
	with open(card, "rb") as source, open(out, "wb") as target:
		source.seek(ROOT_AT)
		left = subprocess.run(["sfdisk", "--json", card], check=True, env=TOOLS,
				      capture_output=True, text=True).stdout
		sectors = int(re.findall(r'"size": *(\d+)', left)[-1])
		for _ in range(sectors // 2048):
			data = source.read(1 << 20)
			if data.count(0) == len(data):
				target.seek(len(data), 1)
			else:
				target.write(data)
		target.truncate(sectors * 512)
	return str(out)


@pytest.fixture
def initrd(tmp_path):
	"""A RAM root that can be told from the one in the kernel's image."""
	(tmp_path / "tree").mkdir()
	(tmp_path / "tree/mark").write_text("from the initrd\n")
	programs = sorted(p.name for p in (qemu.BUILD / "rootfs/bin").iterdir())
	subprocess.run([ROOT / "tools/image", "cpio", tmp_path / "rd.cpio", *programs, "--",
			tmp_path / "tree"], check=True)
	return tmp_path / "rd.cpio"


def starts(card, folder, root="/dev/vda4", more="", machine=None):
	"""The prompt comes without a key; the root is the one that was asked for,
	and what is written to it is on the card afterwards."""
	machine = machine or Machine(smp=2, kernel=have("u-boot", "20"))
	machine = machine.but(disk=str(card), reboot=False)
	with qemu.Guest(machine, 120) as guest:
		guest.expect("Starting kernel")
		guest.boot()
		assert more in guest.log
		out, status = guest.command("cat /proc/mounts")
		assert status == 0
		mounted = [line.split()[0] for line in out.splitlines()
			   if line.split()[1] == "/"]
		assert mounted[-1] == root, out
		if root == "rootfs":
			assert guest.command("cat /mark") == ("from the initrd\n", 0)
		else:
			out, status = guest.command("echo was here >/root/mark && sync")
			assert (out, status) == ("", 0)
		if machine.board:
			guest.type("reboot")    # nothing there can switch it off
			guest.wait_end()
		else:
			guest.poweroff()
		log = guest.log
	if root.startswith("/dev"):
		image = root_of(card, folder)
		fsck(image)
		said = subprocess.run(["debugfs", "-R", "cat /root/mark", image], env=TOOLS,
				      capture_output=True, text=True, check=True).stdout
		assert said == "was here\n"
	return log


def test_card_is_sound(made, tmp_path):
	"""The same bytes twice; table and both file systems please their checkers."""
	again = tmp_path / "again.img"
	subprocess.run([ROOT / "tools/card", "virt", again], check=True)
	subprocess.run(["cmp", made, again], check=True)
	said = subprocess.run(["sfdisk", "--verify", made], env=TOOLS, text=True,
			      capture_output=True)
	assert said.returncode == 0 and "No errors detected" in said.stdout, said
	boot = tmp_path / "boot.img"
	with open(made, "rb") as f:
		f.seek(AT)
		boot.write_bytes(f.read(64 << 20))
	subprocess.run(["fsck.fat", "-n", boot], env=TOOLS, check=True)
	fsck(root_of(made, tmp_path))


@pytest.mark.parametrize("board", ["visionfive2", "sifive_u", "icicle"])
def test_other_boards(board, tmp_path):
	"""What is on the card of a board that cannot be run by this U-Boot: the
	FIT is for its RAM, and mkimage's reader finds no fault in it."""
	out = tmp_path / "card.img"
	subprocess.run([ROOT / "tools/card", board, out], check=True)
	itb = tmp_path / "octopos.itb"
	mtools("mcopy", out, "::/octopos.itb", itb)
	said = subprocess.run(["mkimage", "-l", itb], check=True, capture_output=True,
			      text=True).stdout
	ram = 0x40200000 if board == "visionfive2" else 0x80200000
	assert "Load Address: 0x%x" % ram in said and "Entry Point:  0x%x" % ram in said
	assert "Architecture: RISC-V" in said
	for name in "Image", "boot.scr", "uEnv.txt", "extlinux/extlinux.conf":
		mtools("mcopy", out, "-o", "::/" + name, tmp_path / "file")
	assert "root=PARTUUID=" in (tmp_path / "file").read_text()


def test_unknown_board():
	said = subprocess.run([ROOT / "tools/card", "toaster"], capture_output=True, text=True)
	assert said.returncode == 1 and "visionfive2" in said.stderr


def test_extlinux(card, tmp_path):
	log = starts(card, tmp_path)
	assert "Found /extlinux/extlinux.conf" in log


@pytest.mark.parametrize("number,said", [
	(2, ["boot arguments: root=ram\r\n", "2 of 2 harts run"]),
	(3, ["console: ttyS0 (firmware)", "1 of 2 harts run"])])
def test_menu(card, number, said):
	"""The other ways of the same file, for a board that is new."""
	machine = Machine(smp=2, kernel=have("u-boot", "20"), disk=str(card), snapshot=True)
	with qemu.Guest(machine, 120) as guest:
		guest.expect("Enter choice:")
		guest.type(str(number))
		guest.boot()
		for words in said:
			assert words in guest.log
		assert " ext4 " not in guest.command("cat /proc/mounts")[0]
		guest.poweroff()


def test_hifive_unleashed(made, tmp_path):
	"""Another U-Boot, of a board, which reads the card through SPI. Like the
	firmware before it, it enters on any hart."""
	card = tmp_path / "card.img"
	subprocess.run([ROOT / "tools/card", "sifive_u", card], check=True)
	machine = Machine.on_board("sifive_u", kernel=have("u-boot-sifive", "20"), mem="2G")
	log = starts(card, tmp_path, root="/dev/mmcblk0p4", machine=machine)
	assert "Found /extlinux/extlinux.conf" in log or "extlinux" in log


def test_boot_script(card, tmp_path):
	"""The card's own script, which takes the FIT."""
	mtools("mdel", card, "::/extlinux/extlinux.conf")
	log = starts(card, tmp_path)
	assert "Found U-Boot script /boot.scr" in log
	assert "Loading kernel from FIT Image" in log


@pytest.mark.long
def test_vendor_environment(card, tmp_path):
	"""What U-Boots of the VisionFive 2's vendor do with uEnv.txt."""
	script(card, tmp_path, LOAD + "${scriptaddr} /uEnv.txt",
	       "env import -t ${scriptaddr} ${filesize}",
	       "setenv bootpart ${devnum}:${distro_bootpart}",
	       # the card is no MMC here
	       "setexpr uenvcmd sub 'fatload mmc' 'fatload virtio'",
	       "run uenvcmd")
	starts(card, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("packed", [False, True])
def test_booti(card, tmp_path, packed):
	"""The flat kernel by hand, and packed; the last disk argument stays."""
	name = "Image"
	if packed:
		name = "Image.gz"
		(tmp_path / name).write_bytes(gzip.compress((qemu.BUILD / "Image").read_bytes()))
		mtools("mcopy", card, tmp_path / name, "::/" + name)
	script(card, tmp_path, "setenv bootargs root=LABEL=octopos",
	       LOAD + "${kernel_addr_r} /" + name, "booti ${kernel_addr_r} -" + TREE)
	starts(card, tmp_path)


def test_booti_with_initrd(card, initrd, tmp_path):
	"""Packed kernel and an initrd, which then is the root."""
	packed = tmp_path / "Image.gz"
	packed.write_bytes(gzip.compress((qemu.BUILD / "Image").read_bytes()))
	mtools("mcopy", card, packed, "::/Image.gz")
	mtools("mcopy", card, initrd, "::/rd.cpio")
	script(card, tmp_path, "setenv bootargs root=ram",
	       LOAD + "${kernel_addr_r} /Image.gz", LOAD + "${ramdisk_addr_r} /rd.cpio",
	       "booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize}" + TREE)
	starts(card, tmp_path, root="rootfs")


FIT = """\
/dts-v1/;
/ {
	description = "kernel, device tree, ramdisk";
	#address-cells = <1>;
	images {
		kernel {
			data = /incbin/("Image.gz");
			type = "kernel"; arch = "riscv"; os = "linux"; compression = "gzip";
			load = <0x80200000>; entry = <0x80200000>;
			hash-1 { algo = "sha256"; };
		};
		fdt {
			data = /incbin/("tree.dtb");
			type = "flat_dt"; arch = "riscv"; compression = "none";
			hash-1 { algo = "sha256"; };
		};
		ramdisk {
			data = /incbin/("rd.cpio");
			type = "ramdisk"; arch = "riscv"; os = "linux"; compression = "none";
			hash-1 { algo = "sha256"; };
		};
	};
	configurations {
		default = "all";
		all { kernel = "kernel"; fdt = "fdt"; ramdisk = "ramdisk"; };
	};
};
"""


def test_fit_of_three(card, initrd, tmp_path):
	"""bootm of a FIT that brings kernel, device tree and RAM root. Without
	the two variables U-Boot lets the tree grow where it lies, into what lies
	behind it."""
	(tmp_path / "Image.gz").write_bytes(gzip.compress((qemu.BUILD / "Image").read_bytes()))
	machine = Machine(smp=2)
	machine.dump_dtb(tmp_path / "tree.dtb")
	subprocess.run(["fdtput", "-t", "s", tmp_path / "tree.dtb", "/", "model",
			"the tree of the FIT"], check=True)
	(tmp_path / "all.its").write_text(FIT)
	subprocess.run(["mkimage", "-q", "-f", "all.its", "all.itb"], cwd=tmp_path, check=True)
	mtools("mcopy", card, tmp_path / "all.itb", "::/all.itb")
	script(card, tmp_path, "setenv bootargs root=ram", "setenv fdt_high",
	       "setenv initrd_high", LOAD + "${ramdisk_addr_r} /all.itb", "bootm ${ramdisk_addr_r}")
	starts(card, tmp_path, root="rootfs", more="the tree of the FIT")
