"""The programs of user/bin beside those of the build machine: the same line of
shell with the one and with the other must give the same.

programs/TOOL.cases holds lines of POSIX shell, one case each; empty lines and
those that begin with # are left out. Each runs in a fresh folder of fixtures
(made by programs/inside.py, which see), once with Debian's tools and once with
ours first in PATH, under qemu-riscv64. Equal must be: standard output, exit
status, whether anything came on standard error, and what the folder holds
afterwards. Of a line that begins with `err: ` only the status is compared, and that both
fail with something on standard error.

Then the same lines with our programs linked with the C library of Linux: all is
equal, the messages too. That is how the library is tested.
"""

import difflib
import itertools
import json
import os
import pty
import re
import shutil
import subprocess
import termios

import pytest

import qemu
from conftest import BIN, ROOT, STOCK

HERE = ROOT / "tools/tests/programs"
CASES = sorted(HERE.glob("*.cases"))
# Names of programs that are links on the disk, and to what.
LINKS = dict(re.findall(r"^link\s+/bin/(\S+)\s+\d+ 0 0 (\S+)$", (ROOT / "tools/rootfs.manifest").read_text(), re.M))

# As root the mounts are made before rights are dropped; otherwise in a user
# name space. Either way nothing outside can be reached. A program that writes
# for ever fills its folder, not the machine.
ISOLATED = r"""
mount -t tmpfs -o mode=1777,size=1g tmpfs /mnt && mkdir /mnt/other /mnt/small /mnt/octopos /mnt/driver &&
mount -t tmpfs -o mode=1777,size=1g tmpfs /mnt/other &&
mount -t tmpfs -o mode=1777,size=64k tmpfs /mnt/small &&
mount --bind "$1" /mnt/octopos && mount --bind "$2" /mnt/driver && cd /mnt || exit 97
shift 2
exec %s prlimit --nproc=4000 --nofile=1024 -- /usr/bin/python3 -B /mnt/driver/inside.py "$@"
"""
if os.getuid() == 0:
	SPACES = ["unshare", "-pfmuin", "--kill-child", "--mount-proc"]
	DROP = "setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs"
else:
	SPACES = ["unshare", "-Urpfmuin", "--kill-child", "--mount-proc"]
	DROP = "setpriv --no-new-privs"


def start(folder):
	"""inside.py with the programs of a folder, or with the build machine's."""
	return subprocess.Popen([*SPACES, "sh", "-c", ISOLATED % DROP, "sh", folder or "/", HERE,
				 *(["/mnt/octopos"] if folder else [])], stdin=subprocess.PIPE,
				stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def both(lines, folders=(None, BIN)):
	"""What came of the lines: with the build machine's tools, and with ours; or
	with those of two folders."""
	results = []
	sides = [start(folder) for folder in folders]
	question = json.dumps(lines).encode()
	for side in sides:
		side.stdin.write(question)
		side.stdin.close()
		side.stdin = None
	for side in sides:
		out, err = side.communicate()
		assert side.returncode == 0, (side.returncode, err.decode(errors="replace"))
		results.append(json.loads(out))
	return results


def folder_with(name, folder, scratch):
	"""A folder with this program: the one that is given, or, if it is a link on
	the disk, one of its own."""
	if name not in LINKS:
		return folder
	own = scratch / ("as-" + folder.parent.name)
	own.mkdir()
	scratch.chmod(0o755)
	shutil.copy(folder / LINKS[name], own / name)
	return own


def read_cases(path):
	"""Line number, line, and whether only failing is compared."""
	cases = []
	for number, line in enumerate(path.read_text().splitlines(), 1):
		if line.strip() and not line.startswith("#"):
			only = line.startswith("err: ")
			cases.append((number, line[5:] if only else line, only))
	return cases


def unlike(what, theirs, ours):
	rows = difflib.unified_diff(theirs.splitlines(True), ours.splitlines(True),
				    "theirs: " + what, "ours: " + what, n=1)
	return "".join("    %s\n" % ascii(row.rstrip("\n")[:500])[1:-1]
		       for row in itertools.islice(rows, 40))


def compare(theirs, ours, only_failing):
	"""What differs, as text; empty when nothing does."""
	found = ""
	if theirs["status"] != ours["status"]:
		found += "    status %s, ours %s\n" % (theirs["status"], ours["status"])
	if only_failing and not (theirs["err"] and theirs["status"]):
		found += "    theirs does not fail with a message\n"
	if bool(theirs["err"]) != bool(ours["err"]):
		found += "    on standard error, theirs: %s, ours: %s\n" % (
			ascii(theirs["err"][:300]), ascii(ours["err"][:300]))
	if only_failing:
		return found
	if theirs["out"] != ours["out"]:
		found += unlike("output", theirs["out"], ours["out"])
	trees = [side["tree"] for side in (theirs, ours)]
	shown = 0
	for path in sorted(set(trees[0]) | set(trees[1])):
		a, b = (tree.get(path, "not there") for tree in trees)
		if a != b and shown < 8:
			shown += 1
			found += "    %s\n      theirs: %s\n      ours:   %s\n" % (
				ascii(path), ascii(a[:400]), ascii(b[:400]))
	if found and ours["err"]:
		found += "    ours said: %s\n" % ascii(ours["err"][:300])
	return found


# What regerror says, there and here.
REGEX = ("Unmatched ( or \\(", "Unmatched ) or \\)", "Unmatched [, [^, [:, [., or [=", "Unmatched \\{", "Trailing backslash",
	 "Invalid character class name", "Invalid range end", "Invalid content of \\{\\}", "Invalid back reference",
	 "Invalid preceding regular expression", "Invalid collation character", "Regular expression too big",
	 "( and ) do not pair", "[ without ]", "{ without }", "backslash at the end", "unknown character class",
	 "invalid end of a range", "invalid interval in { }", "back-reference to no group", "nothing to repeat",
	 "unknown collating element", "not enough memory", "Memory exhausted")


def without_words(text):
	"""Of patterns and of long options each library has its words; other parts
	are chance."""
	text = re.sub("|".join(map(re.escape, REGEX)), "(a pattern)", text)
	text = re.sub(r"copied, [0-9.e-]+ s, .*", "copied", text)
	text = re.sub(r"(?<=nix/)(x|sort)\w+", r"\1", text)
	return re.sub(r"^([^:\n]*: ).*\boption.* '(--[^'=\n]*)[^'\n]*'.*$", r"\1\2", text, flags=re.M)


# With glibc a dot matches no zero byte.
NOT_WITH_GLIBC = [r"printf 'a\0b\nc' | sed 's/a.b/X/'"]


def unlike_glibc(lines, folders=(STOCK, BIN)):
	"""What differs, as text, when the programs have the other C library."""
	glibc, ours = both(lines, folders)
	wrong = ""
	names = lines["lines"] if isinstance(lines, dict) else lines
	for line, a, b in zip(names, glibc, ours, strict=True):
		# Of a folder that all lines share there is no tree.
		if line.startswith(tuple(NOT_WITH_GLIBC)):
			continue
		found = compare({"tree": {}, **a}, {"tree": {}, **b}, False)
		if without_words(a["err"]) != without_words(b["err"]):
			found += unlike("messages", a["err"], b["err"])
		if found:
			wrong += "%.500s\n%s" % (line, found)
	return wrong.replace("theirs", "glibc")


def test_cases_are_there():
	assert CASES


# By POSIX these take any argument for what it is, or are nothing to try here.
NO_HELP = "[ echo printf test true false pwd sh init poweroff reboot suspend bench".split()


def test_help():
	"""Each program says what it takes, and ends well."""
	wrong = []
	for program in sorted(BIN.iterdir()):
		if program.name in NO_HELP:
			continue
		done = subprocess.run(["qemu-riscv64", program, "--help"], stdin=subprocess.DEVNULL,
				      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60 * qemu.PATIENCE)
		if done.returncode or b"usage" not in done.stdout or done.stderr:
			wrong.append((program.name, done.returncode, done.stdout[:80], done.stderr[:80]))
	assert not wrong


def test_other_library():
	"""All of them, that the headers of another C library suit as well."""
	sources = sorted((ROOT / "user/bin").glob("**/*.c"))
	assert len(sources) > 50
	done = subprocess.run(["riscv64-linux-gnu-gcc", "-std=gnu11", "-w", "-fsyntax-only",
			       "-Werror=implicit-function-declaration", "-I", ROOT, *sources],
			      stderr=subprocess.PIPE, text=True)
	assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_program(path, tmp_path):
	folder = folder_with(path.stem, BIN, tmp_path)
	assert (folder / path.stem).exists(), "make user builds it"
	cases = read_cases(path)
	assert cases
	theirs, ours = both([line for _, line, _ in cases], (None, folder))
	assert len(theirs) == len(ours) == len(cases)
	wrong = []
	for (number, line, only), a, b in zip(cases, theirs, ours):
		found = compare(a, b, only)
		if found:
			wrong.append("%s:%d: %s\n%s" % (path.name, number, line, found))
	if wrong:
		pytest.fail("%d of %d lines differ\n%s" % (len(wrong), len(cases), "".join(wrong)),
			    pytrace=False)


def differ_not(wrong):
	if wrong:
		pytest.fail(wrong, pytrace=False)


@pytest.mark.long
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_with_glibc(path, tmp_path):
	differ_not(unlike_glibc([line for _, line, _ in read_cases(path)],
				[folder_with(path.stem, folder, tmp_path) for folder in (STOCK, BIN)]))


def test_with_glibc_some():
	"""Of all those lines some, another part of each file."""
	lines = [line for path in CASES if path.stem not in LINKS for _, line, _ in read_cases(path)]
	differ_not(unlike_glibc(lines[7::41]))


def ours_alone(lines, folder=BIN):
	"""What came of the lines with our programs, or those of another folder."""
	side = start(folder)
	out, err = side.communicate(json.dumps(lines).encode())
	assert side.returncode == 0, (side.returncode, err.decode(errors="replace"))
	return json.loads(out)


@pytest.mark.long
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_memory(path, tmp_path):
	"""With the form of malloc that finds mistakes, no program makes one."""
	lines = [line for _, line, _ in read_cases(path)]
	wrong = [(line, got["err"]) for line, got in zip(lines, ours_alone(
		["export MALLOC_DEBUG=1; " + line for line in lines],
		folder_with(path.stem, BIN, tmp_path)), strict=True)
		 if re.search(r"^free: ", got["err"], re.M) or got["status"] == 134]
	assert not wrong, wrong


def test_full_disk_takes_nothing(bin):
	"""A file that sort and sed -i are to replace by itself, sorted or edited,
	on a disk on which both do not fit, stays as it was."""
	for line in ("sort -r f -o f", "sort -m f f -o f", "sed -i p f"):
		got, = ours_alone(["cd $SMALL; seq 9000 >f; cksum <f; %s; echo $?; cksum <f; ls" % line], bin)
		before, status, after, *names = got["out"].splitlines()
		assert status in ("2", "4") and before == after and names == ["f"], (line, got)
		assert "No space left" in got["err"], (line, got)


@pytest.mark.parametrize("words", ["", "-print0", "-name [!t]* -printf %p|%f|%P|%h|%l|%H|%8.6f\\n"])
def test_find_at_a_terminal(bin, tmp_path, words):
	"""What a name has to command a terminal is not sent to one, as with GNU's."""
	for name in (b"a\033[31mb", b"bad\x80\xc3", b"\xc2\x9bc", b"tab\tand\nline\x7f", "\u00e9\u4e00".encode(), b"plain"):
		os.symlink(name, os.path.join(os.fsencode(tmp_path), name))
	said = []
	for tool in (["find"], ["qemu-riscv64", bin / "find"]):
		master, slave = pty.openpty()
		try:
			done = subprocess.run([*tool, ".", *words.split()], cwd=tmp_path, stdout=slave, stderr=subprocess.PIPE,
					      env={**os.environ, "LC_ALL": "C.UTF-8"})
			assert (done.returncode, done.stderr) == (0, b"")
			said.append(os.read(master, 4096))
		finally:
			os.close(master)
			os.close(slave)
	theirs, ours = (sorted(re.split(rb"\0|\n", text)) for text in said)
	assert theirs == ours and len(ours) > 6 and (b"\033" in said[1]) == (words == "-print0")


# Each prints the name $N of a file, on either output; what they ask is not answered.
NAMED = """rm -v "$N"; rm -i "$N"; rm -r nix/"$N"; cp -v "$N" "$N"2; cp -i "$N" "$N"2; cp "$N" "$N"; mv -v "$N" "$N"3; mv -i "$N" "$N"2
ln -v "$N" "$N"4; ln -i "$N" "$N"2; mkdir -v "$N"5; mkdir "$N"; rmdir "$N"; rmdir -v d/"$N"; chmod -v 600 "$N"; chmod 1000000 "$N"
cat nix"$N"; du "$N"; du -a .; find .; find . -name '[!.]*' -ok true {} \\;; ls; ls -l; ls -R nix"$N"; stat "$N"; wc "$N" "$N"
head "$N" "$N"; tail "$N" "$N"; diff -r . d; diff -rs . .; diff -u "$N" other; grep -l x "$N"; grep -r x .; grep x nix"$N"; sed p nix"$N"
sha256sum "$N"; md5sum nix"$N"; gzip -v "$N"; gzip -kv "$N"; cksum "$N"; tar cvf /dev/null "$N"; tar cf x.tar . && tar tf x.tar; tar tvf x.tar
ls | cpio -ov >x.cpio; cpio -itv <x.cpio; echo "$N" | cpio -t; echo "'$N'" | xargs -t true; awk -f nix"$N"; sort nix"$N"; sort -"$N"
cat --"$N"; rm -- "--$N"; ls --color="$N"; timeout "$N" true; split -b1 --verbose "$N" "$N"; install -v "$N" "$N"6; touch nix/"$N"
"./$N"; nix"$N"; . ./nix"$N"; cd "$N"; tee nix/"$N" </dev/null; env nix"$N"; nohup nix"$N"; dd if=nix"$N"; id "$N"; date -d "$N"; kill "$N"
uniq nix"$N"; expr "$N" + 1; test "$N" -eq 1; printf %d "$N"; sleep "$N"; join nix"$N" x; comm nix"$N" x; cut -f1 nix"$N"; od nix"$N"
readlink -v nix"$N"; realpath nix"$N"; mktemp nix/"$N"XXX; patch <nix"$N"; cmp nix"$N" x; calc "$N"; seq "$N"; tr "$N"; which "$N"; man "$N"
tree; tree "$N"; tree nix"$N"; shuf nix"$N"; unlink nix"$N"; link nix"$N" x; fallocate -l "$N" x; flock "$N" nix"$N"; sum "$N"; column nix"$N"; mountpoint "$N"
cmp "$N" other; crc32 "$N" "$N"2; strings -n1 -f "$N"; mkdir z"$N" && cp "$N" z"$N" && cp -v --parents z"$N"/"$N" d
diff x other >p || patch --dry-run "$N" <p || diff "$N" other >p || patch --dry-run "$N" p """


def test_names_do_not_command_a_terminal(tmp_path):
	"""Whatever a file is called: what programs say of it, in their output and
	in messages, holds nothing that a terminal would obey."""
	evil = b"a\033[31mb\007\rc\nd\xc2\x9bz\x9b"
	links = tmp_path / "bin"
	links.mkdir()
	for name, target in [*LINKS.items(), *((p.name, p.name) for p in BIN.iterdir())]:
		(links / name).write_text('#!/bin/sh\nexec qemu-riscv64 -0 %s %s "$@"\n' % (name, BIN / target))
		(links / name).chmod(0o755)
	wrong, silent = [], []
	for i, line in enumerate(re.split(r"; (?=[a-z.\"])|\n", NAMED)):
		here = tmp_path / str(i)
		(here / "d").mkdir(parents=True)
		for name in (evil, evil + b"2"):
			with open(os.path.join(os.fsencode(here), name), "w") as f:
				f.write("x\n")
		(here / "other").write_text("y\n")
		(here / "line").write_text(line)
		master, slave = pty.openpty()
		try:
			side = subprocess.Popen(["qemu-riscv64", BIN / "sh", "-c", '. ./line'], cwd=here, stdin=subprocess.PIPE,
						stdout=slave, stderr=slave, env={
				**os.environ, "N": os.fsdecode(evil), "PATH": "%s:/usr/bin:/bin" % links})
			side.stdin.close()
			os.close(slave)
			said = b""
			try:
				while True:
					said += os.read(master, 65536)
			except OSError:
				pass    # all have closed the terminal
			side.wait()
		finally:
			os.close(master)
		if re.search(rb"[\0-\10\13\14\16-\37\177]|\r(?!\n)|\xc2[\x80-\x9f]|[\0-\177][\x80-\x9f]", said.replace(b"\r\n", b"\n")):
			wrong.append((line, said))
		if not said:
			silent.append(line)
	assert not wrong, "\n".join("%s\n   %r" % (line, said) for line, said in wrong)
	assert len(silent) < 12, silent


@pytest.mark.parametrize("line", ["cat", "rm", "ls -d", "wc", "chmod 600", "rmdir", "stat", "cp -t .", "mv -t .", "touch -cr", "readlink -v"])
def test_messages_quote_as_theirs(line):
	"""Names in messages are words of the shell, as those of coreutils."""
	for name in (b"a\nb", b"\n", b"\033[1m", b"it's\there", b"x\001\002y\n"):
		said = []
		for tool in ([], ["qemu-riscv64"]):
			words = line.split()
			program = [*tool, BIN / words[0] if tool else words[0]]
			said.append(subprocess.run([*program, *words[1:], name], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
						   env={**os.environ, "LC_ALL": "C"}).stderr)
		theirs, ours = ([re.search(rb"'.*'", text).group() for text in said])
		assert ours == theirs, said


def test_tree(bin, tmp_path):
	"""Debian has it in a package that need not be here."""
	for name in ("b/d/e", "b/.h", "a", "c"):
		(tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
		(tmp_path / name).write_text(name)
	(tmp_path / "l").symlink_to("b")

	def tree(*words, status=0):
		done = subprocess.run(["qemu-riscv64", bin / "tree", *words], cwd=tmp_path, text=True,
				      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
		assert done.returncode == status and bool(done.stderr) == bool(status), done
		return done.stdout

	assert tree() == """.
|-- a
|-- b
|   `-- d
|       `-- e
|-- c
`-- l -> b

2 directories, 4 files
"""
	assert tree("-a", "-L", "2", "b") == "b\n|-- .h\n`-- d\n    `-- e\n\n1 directory, 2 files\n"
	assert tree("-d", "-F") == "./\n`-- b/\n    `-- d/\n\n2 directories\n"
	assert tree("-if", "--noreport", "--dirsfirst", "-L1", ".") == ".\n./b\n./a\n./c\n./l -> b\n"
	assert tree("-P", "e", "-I", "[cl]", "--noreport") == ".\n`-- b\n    `-- d\n        `-- e\n"
	assert tree("-s", "-p", "--noreport", "c") == "[-rw-r--r--           1]  c\n"
	assert tree("nix", "c", status=1).startswith("c\n")
	tree("-L", "0", status=1)


STTY = """sane; raw; -raw; cooked; cbreak; -cbreak; nl; -nl; ek; crt; dec; tabs; -tabs; tab3;
	evenp; -evenp; oddp; parity; pass8; -pass8; litout; -litout; cs7; cs8 parenb; intr ^X; eol a;
	intr undef erase ^H; min 5 time 3 -icanon; 9600; -echo -isig; echo isig; tandem; -tandem; hup;
	-hup; rows 10 columns 20; -ixon ixany; crterase -crtkill ctlecho -prterase; raw -echo;
	rows 3 sane; ispeed 9600 ospeed 9600; size; speed; -ixon bogus; min; rows x; -a sane"""


def stty_after(stty, words, before):
	"""The settings, size, status and output that stty with these words leaves."""
	master, slave = pty.openpty()
	try:
		termios.tcsetattr(slave, termios.TCSANOW, before)
		done = subprocess.run([*stty, *words.split()], stdin=slave, text=True,
				      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
		got = termios.tcgetattr(slave)
		return got, termios.tcgetwinsize(slave), done.returncode, done.stdout
	finally:
		os.close(master)
		os.close(slave)


def test_stty(bin):
	"""What words make of a terminal. Some flags of input differ on purpose:
	`sane` is how a terminal begins here, `cooked` strips no UTF-8."""
	master, slave = pty.openpty()
	fresh = termios.tcgetattr(slave)
	os.close(master)
	os.close(slave)
	ours = ["qemu-riscv64", str(bin / "stty")]
	own = termios.BRKINT | termios.IMAXBEL | termios.IGNPAR | termios.ISTRIP | termios.IXON
	wrong = []
	for begin in ("sane", "raw -echo", "nl -isig"):
		before = stty_after(["stty"], begin, fresh)[0]
		for words in map(str.strip, STTY.split(";")):
			a, b = (stty_after(each, words, before) for each in (["stty"], ours))
			if {"sane", "-raw", "cooked"} & set(words.split()):
				a[0][0] &= ~own
				b[0][0] &= ~own
			if a != b:
				wrong.append((begin, words, a, b))
	assert not wrong, wrong
