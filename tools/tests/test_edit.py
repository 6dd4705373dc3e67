"""The editor at a terminal, seen through a terminal emulator; built for this
machine with the sanitizers.
"""

import os
import random
import resource
import signal
import stat
import time

import pexpect
import pytest

import qemu
from conftest import ROOT
from test_host import linked
from window import Window

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DEL = "\x1b[H", "\x1b[F", "\x1b[3~"
PAGE_UP, PAGE_DOWN = "\x1b[5~", "\x1b[6~"
WORD_RIGHT, WORD_LEFT = "\x1b[1;5C", "\x1b[1;5D"
TOP, BOTTOM = "\x1b[1;5H", "\x1b[1;5F"


def ctrl(letter):
	return chr(ord(letter) & 31)


class Editor(Window):
	def __init__(self, command, rows=10, columns=60, cwd=None):
		super().__init__(command, rows, columns, cwd)
		self.until(lambda rows: "line" in rows[-2])

	def keys(self, keys, place=None, rows=None, last=None):
		"""Send them; then wait for the cursor's line and column, the first rows,
		and what the last one holds."""
		self.child.send(keys)
		return self.sees(place, rows, last)

	def sees(self, place=None, rows=None, last=None):
		def seen(lines):
			return ((not place or lines[-2].endswith("column %d" % place[1]) and
				 "line %d/" % place[0] in lines[-2]) and
				(not rows or lines[:len(rows)] == rows) and
				(not last or last in lines[-1]))
		return self.until(seen)

	def save(self):
		self.keys(ctrl("S"), last="Saved")

	def quit(self):
		return self.end(ctrl("Q"))


@pytest.fixture(scope="module")
def edit():
	sources = sorted(str(f.relative_to(ROOT)) for f in (ROOT / "user/bin/edit").glob("*.c"))
	return linked("edit", sources, [])


@pytest.fixture
def folder(tmp_path):
	(tmp_path / "100").write_text("".join("line %d\n" % i for i in range(1, 101)))
	(tmp_path / "words").write_text("one two_2, three\n\n  four\n")
	(tmp_path / "open").write_text("first\nlast")
	return tmp_path


def contents(path):
	return path.read_bytes()


def test_types_and_saves(edit, folder):
	e = Editor("%s new" % edit, cwd=folder)
	assert "new file" in e.until(lambda rows: True)[-2]
	e.keys("Hello,\rworld", (2, 6), ["Hello,", "world"])
	assert "(changed)" in e.until(lambda rows: True)[-2]
	e.save()
	assert contents(folder / "new") == b"Hello,\nworld"
	assert stat.S_IMODE((folder / "new").stat().st_mode) == 0o666 & ~umask()
	e.keys("!\r", (3, 1))
	e.keys(ctrl("Q"), last="Save what")
	e.keys("\x1b", (3, 1), last="^S save")
	e.keys(ctrl("X"), last="Save what")
	assert e.end("y") == 0
	assert contents(folder / "new") == b"Hello,\nworld!\n"


def umask():
	mask = os.umask(0)
	os.umask(mask)
	return mask


def test_quits_without_saving(edit, folder):
	e = Editor("%s open" % edit, cwd=folder)
	e.keys("x", (1, 2))
	e.keys(ctrl("Q"), last="Save what")
	assert e.end("n") == 0
	assert contents(folder / "open") == b"first\nlast"
	e = Editor("%s open" % edit, cwd=folder)
	assert e.quit() == 0


def test_moves(edit, folder):
	e = Editor("%s 100" % edit, cwd=folder)
	e.keys(DOWN, (2, 1))
	e.keys(UP + UP, (1, 1))
	e.keys(LEFT, (1, 1))
	e.keys(END, (1, 7))
	e.keys(RIGHT, (2, 1))
	e.keys(LEFT, (1, 7))
	e.keys(HOME, (1, 1))
	e.keys(PAGE_DOWN, (9, 1))
	e.keys(PAGE_DOWN, (17, 1))
	e.keys(PAGE_UP, (9, 1))
	e.keys(BOTTOM, (101, 1))
	assert e.until(lambda rows: True)[6:8] == ["line 100", ""]
	e.keys(RIGHT + DOWN + PAGE_DOWN, (101, 1))
	e.keys(TOP, (1, 1), ["line 1", "line 2"])
	e.keys(ctrl("G"), last="Go to line")
	e.keys("50\r", (50, 1))
	e.keys(ctrl("G") + "7:3\r", (7, 3))
	e.keys(ctrl("G") + "999\r", (101, 1))
	e.keys(ctrl("G") + "x\r", (101, 1), last="no number")
	e.keys(ctrl("G") + "1\x1b", (101, 1), last="^S save")
	for _ in range(20):
		e.child.send(UP)
	e.sees((81, 1), ["line 81"])
	for n in range(80, 70, -1):
		e.keys(UP, (n, 1), ["line %d" % n, "line %d" % (n + 1)])
	assert e.quit() == 0
	e = Editor("%s +42 100" % edit, cwd=folder)
	e.sees((42, 1))
	assert e.quit() == 0


def test_moves_by_words(edit, folder):
	e = Editor("%s words" % edit, cwd=folder)
	for place in (1, 5), (1, 12), (3, 3), (4, 1), (4, 1):
		e.keys(WORD_RIGHT, place)
	for place in (3, 3), (1, 12), (1, 5), (1, 1), (1, 1):
		e.keys(WORD_LEFT, place)
	# Up and down keep to a column.
	e.keys(END + DOWN, (2, 1))
	e.keys(DOWN, (3, 7))
	e.keys(UP + UP, (1, 17))
	assert e.quit() == 0


def test_deletes(edit, folder):
	e = Editor("%s words" % edit, cwd=folder)
	e.keys("\x7f", (1, 1))
	e.keys(DEL + ctrl("D"), (1, 1), ["e two_2, three"])
	e.keys(END + DEL, (1, 15), ["e two_2, three", "  four"])
	e.keys(DOWN + HOME + "\x7f", (1, 15), ["e two_2, three  four"])
	e.keys("\x08", (1, 14), ["e two_2, thre  four"])
	e.keys(BOTTOM + DEL + "\x7f", (1, 20))
	e.save()
	assert contents(folder / "words") == b"e two_2, thre  four"
	assert e.quit() == 0


def test_cuts_and_pastes(edit, folder):
	e = Editor("%s 100" % edit, cwd=folder)
	e.keys(ctrl("U"), last="Nothing was cut")
	e.keys(DOWN + ctrl("K"), (2, 1), ["line 1", "line 3"])
	e.keys(DOWN + ctrl("U"), (4, 1), ["line 1", "line 3", "line 2", "line 4"])
	e.keys(ctrl("K") * 3, (4, 1), ["line 1", "line 3", "line 2", "line 7"])
	e.keys(TOP + ctrl("V"), (4, 1), ["line 4", "line 5", "line 6", "line 1"])
	e.keys(BOTTOM + UP + ctrl("K") * 3, (100, 1))
	e.save()
	want = [4, 5, 6, 1, 3, 2, *range(7, 100)]
	assert contents(folder / "100") == "".join("line %d\n" % n for n in want).encode()
	assert e.quit() == 0
	e = Editor("%s open" % edit, cwd=folder)
	e.keys(DOWN + ctrl("K"), (2, 1), ["first", "", "~"])
	e.keys(ctrl("U"), (2, 5), ["first", "last"])
	e.save()
	assert contents(folder / "open") == b"first\nlast"


def test_undoes(edit, folder):
	e = Editor("%s words" % edit, cwd=folder)
	e.keys(ctrl("Z"), last="Nothing to undo")
	e.keys("abc def", (1, 8), ["abc defone two_2, three"])
	e.keys(ctrl("Z"), (1, 4), ["abcone two_2, three"])
	e.keys(ctrl("Z"), (1, 1), ["one two_2, three"])
	assert "(changed)" not in e.until(lambda rows: True)[-2]
	e.keys(ctrl("Y") + ctrl("Y"), (1, 8), ["abc defone two_2, three"])
	e.keys(ctrl("Y"), last="Nothing to redo")
	e.keys(ctrl("K") + DOWN + ctrl("K"), (2, 1), ["", "", "~"])
	e.keys(ctrl("Z") + ctrl("Z"), (1, 8), ["abc defone two_2, three", "", "  four"])
	e.save()
	e.keys(ctrl("Z") + "X", (1, 5), ["abcXone two_2, three"])
	e.keys(ctrl("Y"), last="Nothing to redo")
	assert "(changed)" in e.until(lambda rows: True)[-2]
	e.save()
	assert contents(folder / "words") == b"abcXone two_2, three\n\n  four\n"


def test_finds(edit, folder):
	e = Editor("%s 100" % edit, cwd=folder)
	e.keys(ctrl("N"), last="Nothing was looked for")
	e.keys(ctrl("F"), last="Find:")
	e.keys("E 5x\x7f\r", (1, 1), last="not there")
	e.keys(ctrl("F"), last="Find [E 5]:")
	e.keys("e 5\r", (5, 4))
	assert e.screen.buffer[4][3].reverse and e.screen.buffer[4][5].reverse
	assert not e.screen.buffer[4][6].reverse
	e.keys(ctrl("N"), (50, 4))
	e.keys(ctrl("F") + "\r", (51, 4))
	for n in range(52, 60):
		e.keys(ctrl("N"), (n, 4))
	e.keys(ctrl("N"), (5, 4), last="from the beginning")
	e.keys(ctrl("F") + "zzz\r", (5, 4), last="not there")
	assert e.quit() == 0
	(folder / "case").write_text("ABC abc Abc\n")
	e = Editor("%s case" % edit, cwd=folder)
	e.keys(ctrl("W") + "abc\r", (1, 5))
	e.keys(ctrl("N"), (1, 9))
	e.keys(ctrl("N"), (1, 1))
	e.keys(ctrl("W") + "Abc\r", (1, 9))
	assert e.quit() == 0


def test_replaces(edit, folder):
	(folder / "r").write_text("aa bb aa\naa\nbb aaa\n")
	e = Editor("%s r" % edit, cwd=folder)
	e.keys(RIGHT + ctrl("R"), last="Replace:")
	e.keys("aa\r", last="by:")
	e.keys("x\r", (1, 7), last="Replace this?")
	e.keys("y", (2, 1), ["aa bb x", "aa"])
	e.keys("n", (3, 4))
	e.keys("y", (1, 1), ["aa bb x", "aa", "bb xa"], last="Replace this?")
	e.keys("y", None, ["x bb x", "aa", "bb xa"], last="3 replaced")
	e.keys(ctrl("Z"), (1, 2), ["aa bb aa", "aa", "bb aaa"])
	e.keys(ctrl("R") + "aa\r" + "aaaa\r" + "a", None,
	       ["aaaa bb aaaa", "aaaa", "bb aaaaa"], last="4 replaced")
	e.keys(ctrl("Z"), (1, 2), ["aa bb aa", "aa", "bb aaa"])
	e.keys(ctrl("R") + "bb\r\r", last="Replace this?")
	e.keys("\x03", last="0 replaced")
	e.keys(ctrl("R") + "\x03", last="^S save")
	e.keys(TOP + ctrl("R") + "bb\r" + "\r" + "a", None, ["aa  aa", "aa", " aaa"], last="2 replaced")
	e.save()
	assert contents(folder / "r") == b"aa  aa\naa\n aaa\n"
	assert e.quit() == 0


def test_keeps_every_byte(edit, folder):
	data = bytes(range(256)) * 3 + b"\n\xff\xfe\n\xc3(\xe2\x82\n\r\n" + "äöü€😀e\u0301\n".encode() + b"\0"
	(folder / "bytes").write_bytes(data)
	e = Editor("%s bytes" % edit, cwd=folder)
	e.keys("x\x7f" + BOTTOM + "y\x7f")
	e.save()
	assert contents(folder / "bytes") == data
	e.keys(ctrl("F") + "ä\r", (8, 1))
	e.keys(DEL, None)
	e.save()
	assert contents(folder / "bytes") == data.replace("ä".encode(), b"")
	assert e.quit() == 0


def test_shows_bytes(edit, folder):
	(folder / "b").write_bytes(b"a\tb\n\x1b[2J\x07\x7f\0\n\x9b2J\xff\n"
				   + "ä€漢字e\u0301.\u202e.\u009b\n".encode())
	e = Editor("%s b" % edit, cwd=folder)
	rows = e.sees((1, 1), ["a       b", "^[[2J^G^?^@", "<9B>2J<FF>"])
	assert rows[3].replace(" ", "") == "ä€漢字é.<U+202E>.<U+009B>"
	e.keys(RIGHT + RIGHT, (1, 9))
	e.keys(DOWN, (2, 8))
	e.keys(ctrl("G") + "4\r" + RIGHT * 3, (4, 5))
	e.keys(RIGHT * 2, (4, 8))
	e.keys("\x7f", (4, 7))
	assert e.sees((4, 7))[3].replace(" ", "").startswith("ä€漢字.")
	e.keys("é", (4, 8))
	e.save()
	assert contents(folder / "b").endswith("ä€漢字é.\u202e.\u009b\n".encode())
	assert e.quit() == 0


def test_long_lines(edit, folder):
	text = "".join("%09d " % n for n in range(10, 20000, 10))
	(folder / "long").write_text("above\n" + text + "\nbelow\n")
	e = Editor("%s long" % edit, columns=40, cwd=folder)
	e.sees((1, 1), ["above", text[:39] + ">", "below"])
	e.keys(DOWN + END, (2, len(text) + 1))
	row = e.until(lambda rows: True)[1]
	assert row.startswith("<") and row[1:].strip() and text.rstrip().endswith(row[1:])
	e.keys(LEFT * 3 + "XYZ", (2, len(text) + 1))
	e.keys(HOME, (2, 1), ["above", text[:39] + ">"])
	for _ in range(50):
		e.child.send(RIGHT)
	e.sees((2, 51))
	row = e.until(lambda rows: True)[1]
	assert row[0] == "<" and row[-1] == ">" and row[1:-1] in text
	at = e.screen.cursor.x
	assert text[50] == e.screen.display[1][at] and text[45:50] == e.screen.display[1][at - 5:at]
	e.keys(UP, (1, 6), ["above", text[:39] + ">"])
	e.save()
	assert contents(folder / "long") == ("above\n" + text[:-3] + "XYZ" + text[-3:] + "\nbelow\n").encode()
	assert e.quit() == 0


def test_long_line_changes_before_its_edge(edit, folder):
	"""What stands left of the window grows; the column is counted anew."""
	(folder / "long").write_text("ab" * 200 + "\n")
	e = Editor("%s long" % edit, columns=40, cwd=folder)
	e.keys(END, (1, 401))
	e.keys(ctrl("R") + "b\r" + "ä\r" + "a", (1, 401), last="200 replaced")
	assert e.screen.display[0][1:e.screen.cursor.x] in "aä" * 200
	e.keys(LEFT, (1, 400))
	e.keys(ctrl("Z") + END, (1, 401))
	assert e.screen.display[0][1:e.screen.cursor.x] in "ab" * 200
	assert e.quit() == 0


def busy():
	"""The seconds that programs worked which have ended."""
	used = resource.getrusage(resource.RUSAGE_CHILDREN)
	return used.ru_utime + used.ru_stime


def test_a_megabyte(edit, folder):
	"""A line of a megabyte, and a million lines."""
	(folder / "line").write_text("x" * (1 << 20) + "\nend\n")
	began = busy()
	e = Editor("%s line" % edit, cwd=folder)
	e.keys(END, (1, (1 << 20) + 1))
	for n in range(50):
		e.child.send("y")
	e.sees((1, (1 << 20) + 51))
	e.keys(LEFT * 20 + "z" + HOME + "z", (1, 2))
	e.save()
	assert contents(folder / "line") == b"z" + b"x" * (1 << 20) + b"y" * 30 + b"z" + b"y" * 20 + b"\nend\n"
	e.quit()
	(folder / "lines").write_text("".join("%d\n" % n for n in range(1000000)))
	e = Editor("%s lines" % edit, cwd=folder)
	e.keys(BOTTOM + "end\r", (1000002, 1))
	e.keys(ctrl("G") + "500000\r" + "middle\r", (500001, 1))
	e.keys(ctrl("F") + "777777\r", (777779, 1))
	e.keys(ctrl("R") + "9\r" + "nine\r" + "a", last="600000 replaced")
	e.keys(ctrl("Z"), (777779, 1))
	e.save()
	want = "".join("%d\n" % n for n in range(499999)) + "middle\n" + \
		"".join("%d\n" % n for n in range(499999, 1000000)) + "end\n"
	assert contents(folder / "lines") == want.encode()
	e.quit()
	# With the sanitizers.
	assert busy() - began < 60


def test_pastes_from_the_terminal(edit, folder):
	"""Marked, keys in it are text; unmarked, as typed."""
	e = Editor("%s new" % edit, cwd=folder)
	e.keys("\x1b[200~a\x11\x1a\tb\r\x1b[20c\r\x1b[201~d", (3, 2))
	e.save()
	assert contents(folder / "new") == b"a\x11\x1a\tb\n\x1b[20c\nd"
	e.keys(ctrl("Z") + ctrl("Z"), (1, 1))
	text = "".join("pasted line %d\n" % n for n in range(3000))
	e.child.send(ctrl("Y") + ctrl("Z") + ctrl("Z"))
	for at in range(0, len(text), 1000):
		e.keys(text[at:at + 1000].replace("\n", "\r"))
	e.sees((3001, 1))
	e.save()
	assert contents(folder / "new") == text.encode()
	assert e.quit() == 0


def test_window(edit, folder):
	e = Editor("%s 100" % edit, cwd=folder)
	e.keys(ctrl("G") + "50\r", (50, 1))
	e.resize(20, 50)
	rows = e.until(lambda rows: len(rows) == 20 and "line 50/" in rows[-2] and "^S" in rows[-1])
	assert "line 50" in rows
	e.resize(5, 20)
	e.until(lambda rows: "line 50/" in rows[-2] and "line 50" in rows[:3])
	e.resize(1, 4)
	time.sleep(0.2)
	e.resize(12, 70)
	e.until(lambda rows: "line 50/" in rows[-2] and "line 50" in rows[:10] and "^S" in rows[-1])
	e.keys("\x1bOP", last="[any key]")
	e.keys("x", (50, 1), last="^S save")
	e.keys(ctrl("L"), (50, 1))
	e.keys(ctrl("T"), last="does nothing")
	assert e.quit() == 0


def test_terminal_is_as_it_was(edit, folder):
	e = Editor("stty -a >before; %s open; stty -a >after; cmp before after && echo same" % edit,
		   cwd=folder)
	e.child.send(ctrl("Q"))
	e.child.expect("same")


# --- saving ---

def test_save_keeps_mode_and_links(edit, folder):
	(folder / "open").chmod(0o751)
	(folder / "link").symlink_to("open")
	e = Editor("%s link" % edit, cwd=folder)
	e.keys("x", (1, 2))
	e.save()
	assert (folder / "link").is_symlink() and contents(folder / "open") == b"xfirst\nlast"
	assert stat.S_IMODE((folder / "open").stat().st_mode) == 0o751
	assert e.quit() == 0
	os.link(folder / "open", folder / "other")
	e = Editor("%s open" % edit, cwd=folder)
	e.keys(DEL * 4, (1, 1), ["st"])
	e.save()
	assert contents(folder / "other") == b"st\nlast"
	assert e.quit() == 0
	(folder / "to-be").symlink_to("not-yet")
	e = Editor("%s to-be" % edit, cwd=folder)
	e.keys("new", (1, 4))
	e.save()
	assert contents(folder / "not-yet") == b"new" and (folder / "to-be").is_symlink()
	assert e.quit() == 0
	assert sorted(p.name for p in folder.iterdir()) == [
		"100", "link", "not-yet", "open", "other", "to-be", "words"]


def test_save_under_another_name(edit, folder):
	e = Editor("%s" % edit, cwd=folder)
	e.keys("text", (1, 5))
	e.keys(ctrl("S"), last="Save as:")
	e.keys("open\r", last="There is such a file")
	e.keys("n", (1, 5))
	assert contents(folder / "open") == b"first\nlast"
	e.keys(ctrl("S") + "third\r", last="Saved: third")
	e.keys(ctrl("O"), last="Save as: third")
	e.keys("\x15open\ry", last="Saved: open")
	assert contents(folder / "open") == b"text" == contents(folder / "third")
	e.keys(ctrl("O") + "\x15/no/such/folder\r", last="NOT saved: No such file")
	e.keys(ctrl("O") + "\x15.\ry", last="NOT saved: Is a directory")
	e.keys(ctrl("O") + "\x15\r", last="^S save")
	assert e.quit() == 0


def test_save_notices_another_hand(edit, folder):
	e = Editor("%s open" % edit, cwd=folder)
	(folder / "open").write_text("somebody else's")
	e.keys("x" + ctrl("S"), last="has changed on the disk")
	e.keys("n", last="^S save")
	assert contents(folder / "open") == b"somebody else's"
	(folder / "open").unlink()
	(folder / "open").write_text("another")
	e.keys(ctrl("S"), last="y n")
	e.keys("y", last="Saved")
	e.keys("y" + ctrl("S"), last="Saved")
	assert contents(folder / "open") == b"xyfirst\nlast"
	assert e.quit() == 0


def as_nobody(command):
	"""Rights do not bind root."""
	return "setpriv --reuid 65534 --regid 65534 --clear-groups " + command if os.getuid() == 0 else command


@pytest.fixture
def open_folder(folder):
	"""One that nobody reaches too."""
	for p in [folder, *folder.parents]:
		if p.stat().st_uid == os.getuid() and str(p).startswith("/tmp/"):
			p.chmod(p.stat().st_mode | 0o755)
	return folder


def test_save_where_it_may_not(edit, open_folder):
	for name in open_folder.iterdir():
		name.chmod(0o444)
	e = Editor(as_nobody("%s open" % edit), cwd=open_folder)
	assert "read-only" in e.until(lambda rows: True)[-2]
	e.keys("x" + ctrl("S"), last="NOT saved: Permission denied")
	assert contents(open_folder / "open") == b"first\nlast"
	assert "(changed)" in e.until(lambda rows: True)[-2]
	e.keys(ctrl("Q") + "n")
	if os.getuid() == 0:
		# The file may be written to, its folder not.
		(open_folder / "open").chmod(0o666)
		e = Editor(as_nobody("%s open" % edit), cwd=open_folder)
		e.keys("longer " + ctrl("S"), last="Saved")
		assert contents(open_folder / "open") == b"longer first\nlast"
		e.keys(DEL * 8 + ctrl("S"), last="Saved")
		assert contents(open_folder / "open") == b"longer st"
		assert (open_folder / "open").stat().st_uid == 0
		assert e.quit() == 0


@pytest.mark.parametrize("place", ["beside", "in place"])
def test_full_disk(edit, folder, place):
	"""The old file is as it was, and the text still there."""
	small = "dir=%s; mount -t tmpfs -o size=64k tmpfs $dir && cd $dir && seq 3000 >big && %s" % (
		folder, "ln big other && " if place == "in place" else "")
	inside = "%s big; seq 3000 | cmp - big && echo intact; rm -f filler; ls -a | wc -l" % edit
	e = Editor("unshare -Urm sh -c '%scat /dev/zero >filler 2>/dev/null; %s'" % (small, inside))
	e.keys(("x" * 999 + "\r") * 30, (31, 1))
	e.keys(ctrl("S"), last="NOT saved: No space left")
	assert "(changed)" in e.until(lambda rows: True)[-2]
	e.keys(ctrl("G") + "1\r", (1, 1), ["x" * 59 + ">"])
	e.keys(ctrl("Q"), last="Save what")
	e.child.send("n")
	e.child.expect("intact")
	e.child.expect(r"\b%d\b" % (4 if place == "in place" else 3))


@pytest.mark.parametrize("sig", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_killed(edit, folder, sig):
	"""The text is in a file beside, and the terminal as it was."""
	e = Editor("stty -a >before; sh -c 'echo $$ >pid; exec %s open'; echo status $?;"
		   "stty -a >after; cmp before after && echo same" % edit, cwd=folder)
	e.keys("typed ", (1, 7))
	os.kill(int((folder / "pid").read_text()), sig)
	e.child.expect("the text is in open.save")
	e.child.expect("status %d" % (128 + sig))
	e.child.expect("same")
	assert contents(folder / "open") == b"first\nlast"
	assert contents(folder / "open.save") == b"typed first\nlast"
	assert stat.S_IMODE((folder / "open.save").stat().st_mode) == 0o600
	e = Editor("sh -c 'echo $$ >pid; exec %s open'" % edit, cwd=folder)
	e.sees((1, 1), last="not saved is in open.save")
	e.keys("again ", (1, 7))
	os.kill(int((folder / "pid").read_text()), sig)
	e.child.expect("the text is in open.save.1")
	e = Editor("sh -c 'echo $$ >pid; exec %s open'" % edit, cwd=folder)
	os.kill(int((folder / "pid").read_text()), sig)
	e.child.expect(pexpect.EOF)
	assert not (folder / "open.save.2").exists()


def test_terminal_goes_away(edit, folder):
	e = Editor("exec %s open" % edit, cwd=folder)
	e.keys("typed ", (1, 7))
	e.child.close()
	saved, until = folder / "open.save", time.monotonic() + 10 * qemu.PATIENCE
	while time.monotonic() < until and not (saved.exists() and contents(saved)):
		time.sleep(0.1)
	assert contents(saved) == b"typed first\nlast"


def test_suspend_key_is_undo(edit, folder):
	e = Editor("sh -c 'echo $$ >pid; exec %s open'" % edit, cwd=folder)
	e.keys("x" + ctrl("Z"), (1, 1), ["first"])
	pid = int((folder / "pid").read_text())
	os.kill(pid, signal.SIGTSTP)
	e.keys("y", (1, 2), ["yfirst"])
	os.kill(pid, signal.SIGSTOP)
	os.kill(pid, signal.SIGCONT)
	e.keys("z", (1, 3), ["yzfirst"])
	e.end(ctrl("Q") + "n")


def test_refuses(edit, folder):
	def says(args, status, text):
		w = Window("%s %s; echo status $?" % (edit, args), cwd=folder)
		w.until(lambda rows: "status %d" % status in rows and text in "".join(rows))
	says(".", 1, "folder")
	says("/dev/null", 1, "usual")
	says("a b", 2, "usage")
	says("-x", 2, "usage")
	says("--help", 0, "usage: edit")
	says("open </dev/null", 1, "terminal")
	says("open | cat", 0, "terminal")


@pytest.mark.parametrize("seed", range(4))
def test_any_keys(edit, folder, seed):
	"""Any keys in any order; then everything is undone, and all is as it was."""
	rng = random.Random(seed)
	(folder / "any").write_bytes(b"some words\n\ttab\n\nlast \xc3\xa4\xff line" * 5)
	before = contents(folder / "any")
	e = Editor("%s any" % edit, rows=8, columns=30, cwd=folder)
	keys = [UP, DOWN, LEFT, RIGHT, HOME, END, DEL, PAGE_UP, PAGE_DOWN, WORD_LEFT, WORD_RIGHT, TOP,
		BOTTOM, "\x7f", "\r", "\t", "a", "b c", "ä", "漢", "\xff", ctrl("K"), ctrl("U"), ctrl("Z"),
		ctrl("Y"), ctrl("F") + "o\r", ctrl("N"), ctrl("R") + "o\ri\ra", ctrl("G") + "3\r"]
	for _ in range(60):
		e.child.send("".join(rng.choice(keys) for _ in range(10)))
		e.until(lambda rows: True)
	e.keys(ctrl("Z") * 700, last="Nothing to undo")
	assert "(changed)" not in e.until(lambda rows: True)[-2]
	e.save()
	assert contents(folder / "any") == before
	assert e.quit() == 0
