"""The pager at a terminal, seen through a terminal emulator; built for this
machine with the sanitizers.
"""

import os
import subprocess
import time

import pytest

import qemu
from test_host import linked
from window import ENV, Window

@pytest.fixture(scope="module")
def less():
	return linked("less", ["user/bin/less.c"], [])


@pytest.fixture
def folder(tmp_path):
	(tmp_path / "100").write_text("".join("line %d\n" % i for i in range(1, 101)))
	(tmp_path / "short").write_text("one\ntwo\n")
	(tmp_path / "wide").write_text("a" * 60 + "b\nnext\n")
	(tmp_path / "odd").write_bytes(b"tab\there\n\x1b[31mred\x1b[m \x07\x7f\nno end")
	return tmp_path


def test_moves(less, folder):
	p = Window("%s 100" % less, cwd=folder)
	assert p.look("100")[:9] == ["line %d" % i for i in range(1, 10)]
	p.keys(" ", first="line 10")
	p.keys("b", first="line 1")
	p.keys("j", first="line 2")
	p.keys("\r", first="line 3")
	p.keys("k", first="line 2")
	p.keys("\x1b[B", first="line 3")
	p.keys("\x1b[A", first="line 2")
	p.keys("\x1b[6~", first="line 11")
	p.keys("\x1b[5~", first="line 2")
	p.keys("d", first="line 6")
	p.keys("u", first="line 2")
	p.keys("5j", first="line 7")
	p.keys("50g", first="line 50")
	p.keys("G", "(END)", "line 92")
	p.keys(" ", "(END)", "line 92")
	p.keys("j", "(END)", "line 92")
	p.keys("k", "98%", "line 91")
	p.keys("g", first="line 1")
	p.keys("k", first="line 1")
	p.keys("200G", "(END)", "line 92")
	assert p.end() == 0


def test_searches(less, folder):
	p = Window("%s 100" % less, cwd=folder)
	p.look("100")
	p.keys("/")
	p.keys("5x\x7f", "/5")
	p.keys("\r", first="line 5")
	p.keys("n", first="line 15")
	p.keys("N", first="line 5")
	p.keys("3n", first="line 35")
	p.keys("?line 2\r", first="line 29")
	p.keys("n", first="line 28")
	p.keys("N", first="line 29")
	p.keys("/nowhere\r", "Pattern not found", "line 29")
	p.keys("/LINE 77\r", "Pattern not found")
	p.keys("-i", first="line 29")
	p.keys("/LINE 77\r", first="line 77")
	p.keys("/ab\x1b", first="line 77")
	assert p.end("Q") == 0


def test_searches_by_expression(less, folder):
	p = Window("%s 100" % less, cwd=folder)
	p.look("100")
	p.keys("/^line 5[05]$\r", first="line 50")
	assert p.screen.buffer[0][0].reverse and p.screen.buffer[0][6].reverse
	assert not p.screen.buffer[1][0].reverse
	p.keys("n", first="line 55")
	p.keys("/(9|8)8\r", first="line 88")
	assert not p.screen.buffer[0][4].reverse and p.screen.buffer[0][5].reverse
	p.keys("?e 1.?$\r", first="line 19")
	p.keys("/LINE 2\r", "Pattern not found")
	p.keys("-i")
	p.keys("n", first="line 20")
	p.keys("/(\r")
	p.until(lambda lines: lines[0] == "line 20" and ("arenthes" in lines[-1] or "Unmatched" in lines[-1]))
	p.keys("n", first="line 21")
	p.keys("/x*\r", "Pattern not found", "line 21")
	assert p.end() == 0
	(folder / "many").write_bytes(b"abab ab\n\nx\0ab\r\n" + b"ab" * 30 + b"\n")
	p = Window("%s -N '+/ab|^$' many" % less, cwd=folder)
	p.look("(END)")
	assert [p.screen.buffer[0][8 + i].reverse for i in range(7)] == [True] * 4 + [False] + [True] * 2
	assert [p.screen.buffer[2][8 + i].reverse for i in range(5)] == [False] * 3 + [True] * 2
	assert p.screen.buffer[3][39].reverse and p.screen.buffer[4][8].reverse
	assert not p.screen.buffer[4][7].reverse and not p.screen.buffer[5][0].reverse
	p.keys("/ab$\r", "(END)")
	assert p.end() == 0


def test_says(less, folder):
	"""-P is at the bottom but at the end, with the line for %lt."""
	p = Window("%s -P 'Page %%lt %%x' 100" % less, cwd=folder)
	p.look("Page 1 %x")
	p.keys("j", "Page 2 %x")
	p.keys("G", "(END)", "line 92")
	assert p.end() == 0
	p = Window("%s --prompt=%s 100" % (less, "y" * 300), cwd=folder)
	p.look("y" * 39)
	assert p.end() == 0


def test_shows(less, folder):
	p = Window("%s odd" % less, cwd=folder)
	assert p.look("(END)")[:4] == ["tab     here", "^[[31mred^[[m ^G^?", "no end", "~"]
	p.keys("-R")
	assert p.look("(END)")[1] == "red ^G^?"
	assert p.screen.buffer[1][0].fg == "red"
	p.keys("-N")
	assert p.look("(END)", "      1 tab     here")[2] == "      3 no end"
	p.keys("-N", first="tab     here")
	assert p.end() == 0
	p = Window("%s -N wide" % less, cwd=folder)
	assert p.look("(END)", "      1 " + "a" * 32)[1:3] == ["        " + "a" * 28 + "b", "      2 next"]
	p.keys("-S")
	assert p.look("(END)")[1] == "      2 next"
	assert p.end() == 0


def test_hostile_text(less, folder):
	"""Nothing that a terminal would obey reaches it."""
	(folder / "bad").write_bytes(b"\x9d0;t\x9c\x90\xff\n" + "\u009b2J\u202e\u4e2d\u4e2de\u0301|\n".encode())
	p = Window("%s bad" % less, cwd=folder)
	rows = p.look("(END)")
	assert rows[0] == "<9D>0;t<9C><90><FF>"
	assert rows[1].replace(" ", "") == "<U+009B>2J<U+202E>\u4e2d\u4e2d\u00e9|"
	assert p.end() == 0


def test_watch(folder):
	"""So with another program that shows what others print."""
	watch = linked("watch", ["user/bin/watch.c"], [])
	p = Window("%s -n 60 \"printf 'a\\\\tb\\\\033[31mc\\\\235d\\\\302\\\\233e\\\\007\\\\344'; : $(printf '\\233')\"" % watch,
		   rows=5, columns=120, cwd=folder)
	rows = p.until(lambda rows: "Every" in rows[0] and rows[2])
	assert "<9B>" in rows[0]
	assert rows[2] == "a       bc<9D>d<U+009B>e<E4>"
	p.end("\x03")


def test_wraps_and_resizes(less, folder):
	p = Window("%s wide 100" % less, rows=3, cwd=folder)
	p.look("wide", "a" * 40)
	p.keys("j", "(END)", "a" * 20 + "b")
	p.resize(8, 30)
	assert p.look("(END)")[0] in ("a" * 30, "b")
	p.keys("g", "(END)", "a" * 30)
	assert p.screen.display[2].strip() == "b"
	p.keys("q", "100", "line 1")
	p.resize(5, 20)
	assert p.look("100", "line 1")[3] == "line 4"
	assert p.end() == 0


def test_reads_a_pipe(less, folder):
	p = Window("seq 100000 | %s" % less, cwd=folder)
	p.look(":", "1")
	p.keys("G", "(END)", "99992")
	p.keys("g", first="1")
	p.keys("=", "standard input line 1/100000")
	assert p.end() == 0


def test_interrupts_a_read(less, folder):
	"""^C ends the waiting for a pipe that says nothing, not the pager: whether
	it waits already, is about to, or has not seen the key yet."""
	p = Window("mkfifo f; exec 3<>f; echo first >&3; exec %s <f" % less, rows=2, cwd=folder)
	p.look(":", "first")
	for n in range(60):
		p.child.send("G")
		time.sleep(n * 20e-6 if n < 50 else 0.1)
		p.child.send("\x03")
		p.keys("=", "standard input line 1 of 1", "first")
		p.keys("k", ":", "first")
	assert p.end() == 0


def said(p, line, answer):
	"""The shell's answer to a line, which is not echoed, and its prompt behind that."""
	p.child.send(line + "\r")
	p.until(lambda lines: answer in lines and lines[-1] == "$")


def test_stops_and_goes_on(less, folder):
	"""^Z gives the terminal back as it was; in front again all is drawn."""
	p = Window("PS1='$ ' exec sh -i", cwd=folder)
	p.look(first="$")
	p.keys("%s 100\r" % less, "100", "line 1")
	p.keys(" ", first="line 10")
	for n in range(3):
		p.keys("\x1a", "$")
		said(p, "stty -a | grep -c ' icanon '", "$ 1")
		p.keys("fg\r", first="line %d" % (10 + n))
		p.keys("j", first="line %d" % (11 + n))
	p.keys("q", "$")
	said(p, "stty -a | grep -c ' icanon '", "$ 1")
	assert p.end("exit\r") in (0, 1)


# Until it has asked for the terminal's modes behind, and was stopped for that.
ASKED = "until jobs >f; grep -q output f; do :; done; "


def test_stopped_unasked(less, folder):
	"""By a signal that it does not see, and while it is behind."""
	p = Window("PS1='$ ' exec sh -i", cwd=folder)
	p.look(first="$")
	p.keys("%s 100\r" % less, "100", "line 1")
	for n, until in enumerate(["", ASKED] * 3):
		p.keys("\x1a", "$")
		p.keys("kill -STOP %%1; bg >f; %skill -STOP %%1; fg >f\r" % until,
		       last="100" if not n else None, first="line %d" % (n + 1))
		p.keys("j", first="line %d" % (n + 2))
	p.keys("q", "$")
	assert p.end("exit\r") in (0, 1)


def test_ends_behind(less, folder):
	"""Told to end there, it goes, and leaves the modes to whom they belong."""
	p = Window("PS1='$ ' exec sh -i", cwd=folder)
	p.look(first="$")
	p.keys("%s 100\r" % less, "100", "line 1")
	p.keys("\x1a", "$")
	said(p, "stty -a >before; bg >f; %skill %%1; bg >f; wait %%1; echo ended $?" % ASKED, "$ ended 143")
	said(p, "stty -a | cmp before - && echo same", "$ same")
	assert p.end("exit\r") in (0, 1)


def test_terminal_is_as_it_was(less, folder):
	p = Window("stty -a >before; %s short; stty -a >after; cmp before after && echo same" % less,
		  cwd=folder)
	p.look("(END)")
	p.child.send("q")
	p.child.expect("same")


def test_options(less, folder):
	p = Window("%s -F short; echo; echo done" % less, cwd=folder)
	p.child.expect("one\r?\n.*two\r?\n.*done")
	p = Window("%s -F 100" % less, cwd=folder)
	p.look("100", "line 1")
	assert p.end() == 0
	p = Window("%s +30 100" % less, cwd=folder)
	p.look(first="line 30")
	assert p.end() == 0
	p = Window("%s +/88 100" % less, cwd=folder)
	p.look(first="line 88")
	assert p.end() == 0
	p = Window("%s -E short" % less, cwd=folder)
	p.look("(END)")
	assert p.end(" ") == 0
	for words in ("-p 88", "-M --pattern=88"):
		p = Window("%s %s 100" % (less, words), cwd=folder)
		p.look(first="line 88")
		assert p.end() == 0
	(folder / "more").symlink_to(less)
	p = Window("./more short; echo; echo done", cwd=folder)
	p.child.expect("one\r?\n.*two\r?\n.*done")
	p = Window("./more 100; echo done", cwd=folder)
	p.look("100")
	p.keys("G", "(END)", "line 92")
	p.child.send(" ")
	p.until(lambda lines: "line 100" in lines and "done" in lines)
	p = Window("%s nix short" % less, cwd=folder)
	p.look("(END)")
	assert p.end() == 1


def test_is_cat_without_a_terminal(less, folder):
	def out(*args, data=b""):
		return subprocess.run([less, *args], input=data, cwd=folder, env={**os.environ, **ENV},
				      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30 * qemu.PATIENCE)
	assert out("short", "100").stdout == (folder / "short").read_bytes() + (folder / "100").read_bytes()
	assert out(data=b"piped\0\xff").stdout == b"piped\0\xff"
	assert out("--help").stdout.startswith(b"usage: less")
	assert out("nix").returncode == 1 and out("nix").stderr
	assert out(".").returncode == 1
