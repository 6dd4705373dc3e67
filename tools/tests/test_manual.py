"""The manual: a page for each program, which says what the program does; the
program that shows pages; and what programs say of themselves, since the pages
have to agree with it.
"""

import os
import re
import subprocess

import pytest

import qemu
from conftest import BIN, ROOT
from qemu import Guest, Machine
from test_programs import ours_alone

PAGES = ROOT / "user/man"
SOURCES = ROOT / "user/bin"
WIDTH = 78
PROGRAMS = sorted([p.stem for p in SOURCES.glob("*.c")] +
		  [p.name for p in SOURCES.iterdir() if any(p.glob("*.c"))])
NAMES = sorted(p.name for p in PAGES.glob("*.[0-9]"))
ORDER = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "FILES",
	 "EXAMPLES", "SEE ALSO"]
# Their arguments are what they work on, whatever they look like.
NO_OPTIONS = {"echo", "false", "printf", "test", "true"}
# Those for which anything is an argument, and so no option is wrong, and one
# that first of all wants a terminal. To kill it is a signal.
NEVER_WRONG = NO_OPTIONS | {"expr", "kill", "sleep", "stty", "yes"}


def page_of(program):
	"""The text of a program's page: it stands in section 1 or 8."""
	for section in "18":
		path = PAGES / ("%s.%s" % (program, section))
		if path.exists():
			return path.read_text()
	pytest.fail("the program %s has no page: user/man/%s.1" % (program, program))


def sections(text):
	"""Heading: its lines."""
	found, lines = {}, None
	for line in text.splitlines():
		if line and line[0] != " ":
			assert line not in found, "twice " + line
			lines = found[line] = []
		else:
			lines.append(line)
	return found


def names_of(text):
	"""All that the NAME section says: names, text behind the dash."""
	rows = []
	for line in sections(text)["NAME"]:
		if line:
			names, dash, what = line.strip().partition(" - ")
			assert dash and what, line
			rows.append((names.split(", "), what))
	return rows


def test_each_program_has_a_page():
	missing = [name for name in PROGRAMS if not any(
		(PAGES / ("%s.%s" % (name, s))).exists() for s in "18")]
	assert not missing, "no page in user/man for: " + " ".join(missing)


def test_each_page_has_its_program():
	lost = [name for name in NAMES if name[-1] in "18" and name[:-2] not in PROGRAMS]
	assert not lost, "a page, but no program: " + " ".join(lost)


@pytest.mark.parametrize("name", NAMES)
def test_form(name):
	"""As man wants it, and as all of them are."""
	assert re.fullmatch(r"[a-z0-9]+\.[1578]", name)
	text = (PAGES / name).read_text()
	assert text.isascii() and text.endswith("\n") and not text.endswith("\n\n")
	for line in text.splitlines():
		assert len(line) <= WIDTH and line == line.rstrip() and "\t" not in line, line
		assert re.match(r"    \S?|[A-Z][A-Z ]+$|$", line), line
	found = sections(text)
	assert list(found)[0] == "NAME" and list(found)[-1] == "SEE ALSO", list(found)
	if name[-1] in "18":
		assert list(found)[1] == "SYNOPSIS"
	known = [h for h in found if h in ORDER]
	assert known == sorted(known, key=ORDER.index), known
	assert name[:-2] in names_of(text)[0][0]


@pytest.mark.parametrize("name", NAMES)
def test_what_it_names_is_there(name):
	text = re.sub(r"\nEXAMPLES\n.*?\n(?=[A-Z])", "\n", (PAGES / name).read_text(), flags=re.DOTALL)
	for other, section in re.findall(r"\b([a-z0-9]+)\(([1-8])\)", text):
		assert "%s.%s" % (other, section) in NAMES, "%s(%s)" % (other, section)


def test_names_are_of_one_page():
	"""So that man NAME is clear, but for what is a program and a builtin."""
	seen = {}
	for page in NAMES:
		for names, _ in names_of((PAGES / page).read_text()):
			for name in names:
				seen.setdefault(name, []).append(page)
	twice = {name: pages for name, pages in seen.items()
		 if len(pages) > 1 and "sh.1" not in pages}
	assert all(len(set(p[-1] for p in pages)) == len(pages) for pages in twice.values()), twice


def test_builtins_are_named():
	"""All that the shell's help lists stand in its page."""
	done = subprocess.run(["qemu-riscv64", BIN / "sh", "-c", "help"], text=True,
			      stdout=subprocess.PIPE, check=True)
	builtins = {line.split()[0] for line in done.stdout.splitlines()
		    if re.match(r"\S+ .*  \S", line)} - {"The"}
	assert len(builtins) > 40
	named = {name for names, _ in names_of(page_of("sh")) for name in names}
	assert builtins <= named | {"sh"}, builtins - named


def test_builtins_help():
	"""To --help builtins answer as the programs do that they stand for."""
	done = subprocess.run(["qemu-riscv64", BIN / "sh", "-c", "help"], text=True,
			      stdout=subprocess.PIPE, check=True)
	builtins = [line.split()[0] for line in done.stdout.splitlines()
		    if re.match(r"\S+ .*  \S", line) and not line.startswith("The")]
	plain = NO_OPTIONS - {"printf"} | {":", "["}
	for name in set(builtins) - plain:
		done = subprocess.run(["qemu-riscv64", BIN / "sh", "-c", name + " --help"], text=True,
				      capture_output=True)
		assert (done.stderr, done.returncode) == ("", 0), name
		assert done.stdout.startswith("usage: %s " % name) and done.stdout.count("\n") == 1, name
	done = subprocess.run(["qemu-riscv64", BIN / "sh", "-c",
			       "echo --help; test --help && true --help && command kill --help; false --help"],
			      text=True, capture_output=True)
	assert done.stdout.startswith("--help\nusage: kill ") and (done.stderr, done.returncode) == ("", 1)


@pytest.fixture(scope="module")
def said():
	"""What each program says to --help, and to an option that is none."""
	asked = [p for p in PROGRAMS if p != "sh"]
	runs = iter(ours_alone(['"${PATH%%%%:*}/%s" %s' % (p, o) for p in asked
				for o in ("--help", "--no-such-option")]))
	found = {p: {"help": next(runs), "wrong": next(runs)} for p in asked}
	for key, option in (("help", "--help"), ("wrong", "--no-such-option")):
		done = subprocess.run(["qemu-riscv64", BIN / "sh", option], text=True,
				      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
				      stderr=subprocess.PIPE)
		found.setdefault("sh", {})[key] = {"out": done.stdout, "err": done.stderr,
						   "status": done.returncode}
	return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_help(program, said):
	"""--help is printed, not a fault; a wrong option is one, and says how to."""
	got = said[program]["help"]
	if program not in NO_OPTIONS:
		assert got["status"] == 0 and not got["err"], got
		assert got["out"].startswith("usage: " + program), got
	got = said[program]["wrong"]
	if program not in NEVER_WRONG:
		assert got["status"] not in (0, "no end") and not got["out"], got
		assert "usage: " + program in got["err"], got


def options_of_help(text):
	"""Words with a dash in front, as they stand: clusters like -abc too."""
	return set(re.findall(r"(?<![\w\]/=-])-([A-Za-z0-9@]\w*)", text)) | set(
		re.findall(r"(--[a-z][\w-]*)", text))


def options_of_page(text):
	"""The heads of the lines that begin with an option, four blanks in."""
	found = set()
	for line in text.splitlines():
		if re.match(r"    -", line):
			head = re.split(r"  +", line.strip())[0]
			found |= {t.rstrip(",") for t in re.findall(r"(?<!\S)(--?[\w@][\w-]*)", head)}
	return found


def options_of_source(program):
	"""Long options of its tables, or that it compares with."""
	folder = SOURCES / program
	files = sorted(folder.glob("*.c")) if folder.is_dir() else [SOURCES / (program + ".c")]
	text = "".join(f.read_text() for f in files)
	if '"owner.h"' in text:
		text += (SOURCES / "owner.h").read_text()
	found = {"--" + name for name in re.findall(
		r'\{\s*"([\w-]+)",\s*(?:no|required|optional)_argument', text)}
	return (found | set(re.findall(r'"(--[a-z][\w-]*)=?"', text))) - {"--help"}


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p not in NO_OPTIONS])
def test_options(program, said):
	"""What --help names stands in the page, and the other way round; long
	ones that are only in the program's table count as named."""
	page, text = options_of_page(page_of(program)), said[program]["help"]["out"]
	helped, table = options_of_help(text), options_of_source(program)
	letters = {o[1] for o in page if len(o) == 2}
	for o in helped - {"--help"}:
		known = o in page if o[:2] == "--" else (
			"-" + o in page or set(o) <= letters)
		assert known, "%s: --help has -%s, the page has not" % (program, o)
	assert table <= page, "the page has not: " + " ".join(sorted(table - page))
	for o in page - table:
		known = o in helped if o[:2] == "--" else o[1:] in helped or (
			len(o) == 2 and any(o[1] in h and h[:2] != "--" and "-" + h not in page
					    for h in helped))
		assert known, "%s: the page has %s, --help has not" % (program, o)


def man(*words, name="man", env=(), **more):
	done = subprocess.run(["qemu-riscv64", "-0", name, BIN / "man", *words], text=True,
			      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			      stderr=subprocess.PIPE,
			      env={**os.environ, "MANPATH": str(PAGES), **dict(env)}, **more)
	return done.stdout, done.stderr, done.returncode


def test_man_shows_pages():
	text = (PAGES / "ls.1").read_text()
	for word in (["ls"], ["ls.1"], ["ls(1)"], ["1", "ls"]):
		assert man(*word) == (text, "", 0), word
	assert man("ls", "cp") == (text + (PAGES / "cp.1").read_text(), "", 0)
	assert man("5", "passwd")[0] == man("passwd.5")[0] == (PAGES / "passwd.5").read_text()
	# Names that only stand in the NAME section.
	assert man("cd")[0] == (PAGES / "sh.1").read_text()
	assert man("zcat")[0] == (PAGES / "gzip.1").read_text()
	assert man("-w", "zcat", "ls") == ("%s/gzip.1\n%s/ls.1\n" % (PAGES, PAGES), "", 0)


@pytest.mark.parametrize("words", [
	["nosuch"], ["5", "ls"], ["ls.5"], ["ls(8)"], ["nosuch", "ls"], ["."], [".."],
	["../man/ls"], ["./ls"], ["/etc/passwd"], ["../../README.md"], [""], ["-k", "nosuchword"],
	["-f", "nosuch"]])
def test_man_has_no_such_page(words):
	out, error, status = man(*words)
	assert status == 16 and error.startswith("man: "), (out, error, status)
	assert out == ("" if "ls" not in words or words[0] == "5" else
		       (PAGES / "ls.1").read_text())


def test_man_usage():
	for words in ([], ["-z"], ["-k"], ["-f"], ["-w"]):
		out, error, status = man(*words)
		assert (out, status) == ("", 1) and "usage: man" in error, words
	assert man("1")[2] == 16


def test_man_finds():
	out, error, status = man("-k", "copy")
	rows = out.splitlines()
	assert status == 0 and error == ""
	assert "cp (1) - copy files and folders" in rows
	assert rows == sorted(rows) and all("copy" in r.lower() for r in rows)
	assert man("-k", "COPY") == man("copy", name="apropos") == (out, "", 0)
	out = man("-f", "ls", "cd")[0].splitlines()
	assert out[0] == "ls (1) - list files and folders"
	assert len(out) == 2 and out[1].startswith("cd, chdir, pwd [sh] (1) - ")
	assert man("ls", name="whatis")[0] == out[0] + "\n"
	assert man("-k", "5", "users")[0].startswith("passwd")


def test_man_reads_what_is_there(tmp_path):
	"""A folder with other things in it, and one that is not there."""
	(tmp_path / "own.1").write_text("NAME\n    own, other - a page of one's own\n\nX\n    other - no\n")
	(tmp_path / "dir.1").mkdir()
	os.mkfifo(tmp_path / "pipe.1")
	(tmp_path / "empty.1").write_text("")
	(tmp_path / "noise.1").write_bytes(bytes(range(256)) * 40)
	(tmp_path / "plain").write_text("NAME\n    plain - no page\n")
	env = {"MANPATH": str(tmp_path)}
	assert man("-k", "own", env=env, timeout=20 * qemu.PATIENCE) == ("own, other (1) - a page of one's own\n", "", 0)
	assert man("other", env=env)[0].startswith("NAME\n    own")
	for name in ("dir", "pipe", "plain"):
		assert man(name, env=env, timeout=20 * qemu.PATIENCE)[2] == 16, name
	assert man("empty", env=env) == ("", "", 0)
	assert man("-k", "x", env={"MANPATH": str(tmp_path / "no")})[2] == 2


def test_man_in_a_session(disk):
	"""Short pages are printed, longer ones shown by less, or by PAGER."""
	with Guest(Machine(smp=2, disk=disk, reboot=False), own_disk=True) as guest:
		guest.boot()
		lines = (PAGES / "ls.1").read_text().splitlines()
		assert guest.command("man ls | cat") == ("\n".join(lines) + "\n", 0)
		got, status = guest.command("PAGER='cat -n' man true")
		assert status == 0 and re.search(r"\n +2\t    true - do nothing", got), got
		assert guest.command("man nosuch")[1] == 16
		assert "cp (1) - copy files" in guest.command("man -k copy")[0]
		assert guest.command("apropos copy") == guest.command("man -k copy")
		guest.command("stty rows 24 cols 80")
		assert "do nothing, with success" in guest.command("man true")[0]
		guest.type("man ls")
		guest.expect(re.escape(lines[1].strip()))
		guest.expect(r"Manual page ls\(1\) line 1 \(press h for help or q to quit\)")
		guest.send("/--color\r")
		guest.expect("colours: always")
		guest.send("q")
		guest.wait_prompt()
		assert guest.command("echo $?") == ("0\n", 0)
		assert "man intro" in guest.command("cat /etc/motd")[0]
		guest.poweroff()


def test_message_of_the_day():
	"""Three lines: what this is, and where to start."""
	lines = (ROOT / "tools/rootfs/etc/motd").read_text().splitlines()
	assert len(lines) == 3 and all(len(line) <= 80 for line in lines), lines
	assert "man intro" in "".join(lines) and "intro.7" in NAMES
