"""What test_programs.py runs shut off from the machine, once for each side:
the lines of shell, each in a folder made anew, and what came of them.

	inside.py [FOLDER] <lines >results	both as JSON lists

Instead of the list, an object may be read: its "lines", and "files", names and
contents in Latin-1, which are then all that is in the folder. It is not made
anew for each line, and not looked at: such lines leave it as it is.

With a FOLDER, its programs come first in PATH and run under qemu-riscv64, or as
they are, when they are for this machine.
/mnt is empty and ours; /mnt/other and /mnt/small are file systems of their
own, the last of 64 KB. A line finds folders on them in $OTHER and $SMALL, and
one for temporary files, which it should leave empty, in $TMPDIR.
"""

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import time

TOP = "/mnt"
WORK, TMP, BIN = (TOP + "/" + name for name in ("work", "tmp", "bin"))
OTHER, SMALL = TOP + "/other/here", TOP + "/small/here"
PATIENCE = float(os.environ.get("PATIENCE", "1")) * 15
SYSTEM = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
DAY = 86400
# 2001-02-03 04:05:06.789 UTC; what is made later is a day younger.
FIRST = 981173106789000000

LETTERS = "pear apple fig Apple banana cherry date pear fig elder 10 9 1".split()
FILES = [	# name, content, mode
	("hello.txt", "hello, world\n", 0o644),
	("empty", "", 0o644),
	("nonl.txt", "first line\nno newline at the end", 0o644),
	("words.txt", "\n".join(LETTERS) + "\n", 0o644),
	("numbers.txt", "".join("%d\n" % (i * 37 % 101 - 20) for i in range(1, 31)), 0o644),
	("poem.txt", "The sea has eight arms,\nand each of them\n\n\nholds a file:\n"
	 "\tone it reads,\n\tone it writes,\nand six it has forgotten.\n"
	 "THE SEA is patient; the sea is deep.\n", 0o644),
	("table.txt", "ann\t30\tpilot\nbob\t4\tpupil\ncy\t61\tcook\ndee\t30\tnurse\n", 0o644),
	("colon.txt", "root:x:0:0:root:/root:/bin/sh\nann:x:30:5::/home/ann:\n"
	 "bob:x:4:5:Bob,,,:/home/bob:/bin/sh\nno colon here\n", 0o640),
	("left.txt", "apple 1\nbanana 2\ncherry 3\nfig 4\n", 0o644),
	("right.txt", "apple red\ncherry dark\ndate brown\nfig green\n", 0o644),
	("dup.txt", "a\na\nb\nB\nc\nc\nc\na\n", 0o644),
	("spaces.txt", "  two\n\ttab\n a  b   c \n\t \n8 eight\ttab\tend\n", 0o644),
	("old.c", "#include <stdio.h>\n\nint main(void)\n{\n\tputs(\"one\");\n\treturn 0;\n}\n",
	 0o644),
	("new.c", "#include <stdio.h>\n#include <stdlib.h>\n\nint main(void)\n{\n"
	 "\tputs(\"two\");\n\treturn 0;\n}\n", 0o644),
	("crlf.txt", "one\r\ntwo\r\n", 0o644),
	("utf8.txt", "gr\u00fc\u00dfe\n\u65e5\u672c\n", 0o644),
	("binary", bytes(range(256)) * 3, 0o644),
	("zeros", bytes(5000), 0o644),
	("long.txt", "x" * 10000 + "\n" + "ab " * 2000 + "\nshort\n", 0o644),
	("100.txt", "".join("line %d\n" % i for i in range(1, 101)), 0o644),
	("exec.sh", "#!/bin/sh\necho \"$0: $*\"\n", 0o755),
	("secret", "for the owner\n", 0o600),
	("readonly", "not to be written\n", 0o444),
	("noread", "not to be read\n", 0o000),
	("setuid", "", 0o4755),
	(".hidden", "hidden\n", 0o644),
	("odd/a b", "blank\n", 0o644),
	("odd/-n", "dash\n", 0o644),
	("odd/new\nline", "newline\n", 0o644),
	("odd/quo'te\"s", "quotes\n", 0o644),
	("odd/star*[x]", "star\n", 0o644),
	("odd/back\\slash", "backslash\n", 0o644),
	("odd/\tta\x01b", "control\n", 0o644),
	("tree/one", "1\n", 0o644),
	("tree/two.txt", "2\n2\n", 0o600),
	("tree/sub/three.txt", "3\n3\n3\n", 0o644),
	("tree/sub/deep/four.c", "4\n", 0o755),
	("tree/sub/deep/.five", "", 0o644),
	("tree/shut/in", "3\n3\n3\n", 0o644),
]
FOLDERS = [	# name, mode, in the order in which they are made
	("odd", 0o755), ("tree", 0o755), ("tree/sub", 0o755), ("tree/sub/deep", 0o750),
	("tree/shut", 0o755), ("tree/void", 0o755), ("special", 0o755), ("sticky", 0o1777),
]
LINKS = [	# name, what it says
	("link", "hello.txt"), ("dlink", "tree"), ("broken", "nowhere"), ("loop1", "loop2"),
	("loop2", "loop1"), ("tree/up", ".."), ("tree/sub/to-one", "../one"),
	("odd/to blank", "a b"),
]


def fresh(folder):
	"""Make the fixtures: the same names, modes and times each time."""
	made = []
	os.mkdir(folder)
	for name, _ in FOLDERS:
		os.mkdir(folder + "/" + name)
	for name, content, mode in FILES:
		path = folder + "/" + name
		fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
		os.write(fd, content if isinstance(content, bytes) else content.encode())
		os.fchmod(fd, mode)
		os.close(fd)
		made.append(path)
	for name, target in LINKS:
		os.symlink(target, folder + "/" + name)
		made.append(folder + "/" + name)
	os.link(folder + "/hello.txt", folder + "/hard")
	os.mkfifo(folder + "/special/pipe", 0o644)
	made.append(folder + "/special/pipe")
	made += [folder + "/" + name for name, _ in reversed(FOLDERS)] + [folder]
	for age, path in enumerate(made):
		then = FIRST + age * DAY * 10**9
		os.utime(path, ns=(then, then), follow_symlinks=False)
	for name, mode in FOLDERS:
		os.chmod(folder + "/" + name, mode)


def clear(folder):
	os.chmod(folder, 0o700)
	for entry in os.scandir(folder):
		if entry.is_dir(follow_symlinks=False):
			clear(entry.path)
		else:
			os.unlink(entry.path)
	os.rmdir(folder)


def describe(path, now, seen):
	st = os.lstat(path)
	kind = stat.S_IFMT(st.st_mode)
	words = [stat.filemode(st.st_mode), "%d:%d" % (st.st_uid, st.st_gid)]
	if abs(now - st.st_mtime) > DAY / 2:
		words.append("at %d.%09d" % divmod(st.st_mtime_ns, 10**9))
	if kind != stat.S_IFDIR and st.st_nlink > 1:
		words.append("%d names, first %s" % (
			st.st_nlink, seen.setdefault((st.st_dev, st.st_ino), path)))
	if kind == stat.S_IFLNK:
		words.append("-> " + os.readlink(path))
	elif kind == stat.S_IFREG:
		# Everything belongs to the one who looks.
		if not st.st_mode & 0o400:
			os.chmod(path, 0o600)
		with open(path, "rb") as f:
			data = f.read(1 << 24)
		words.append("%d bytes: " % st.st_size + (
			data.decode("latin-1") if len(data) < 2000
			else hashlib.sha256(data).hexdigest()))
	return " ".join(words)


def snapshot(now):
	found, seen, todo = {}, {}, [WORK, TMP, OTHER, SMALL]
	while todo:
		folder = todo.pop()
		if folder.count("/") > 50:
			found[folder] = "too deep"
			continue
		try:
			mode = os.lstat(folder).st_mode
			os.chmod(folder, 0o700)
			names = sorted(os.listdir(folder))
		except OSError as e:
			found[folder] = e.strerror
			continue
		for name in names:
			path = folder + "/" + name
			found[path] = describe(path, now, seen)
			if found[path][0] == "d":
				todo.append(path)
		if folder in (WORK, TMP, OTHER, SMALL):
			found[folder] = stat.filemode(mode)
	return found


def run_afresh(line, environ):
	"""A line in a new folder, and what it left there."""
	for folder in (WORK, OTHER, SMALL, TMP):
		if not os.path.lexists(folder):
			continue
		try:
			clear(folder)
		except (OSError, RecursionError):
			# Deeper than what is fit for it.
			subprocess.run(["/bin/rm", "-rf", folder], check=True)
	for folder in (OTHER, SMALL, TMP):
		os.mkdir(folder)
	fresh(WORK)
	result = run(line, environ)
	result["tree"] = snapshot(time.time())
	return result


def run(line, environ):
	outs = [open(TOP + "/" + name, "w+b") for name in ("stdout", "stderr")]
	job = subprocess.Popen(["/bin/dash", "-c", line, "sh"], cwd=WORK, env=environ,
			       stdin=subprocess.DEVNULL, stdout=outs[0], stderr=outs[1],
			       start_new_session=True)
	try:
		status = job.wait(PATIENCE)
	except subprocess.TimeoutExpired:
		status = "no end"
	try:
		os.killpg(job.pid, signal.SIGKILL)
	except ProcessLookupError:
		pass
	job.wait()
	texts = []
	for f in outs:
		f.seek(0)
		texts.append(f.read(1 << 22).decode("latin-1"))
		f.close()
	return {"status": status, "out": texts[0], "err": texts[1]}


def run_with(files, lines, environ):
	"""All lines in one folder, with these files."""
	for folder in (WORK, OTHER, SMALL, TMP):
		os.mkdir(folder)
	for age, name in enumerate(sorted(files)):
		with open(WORK + "/" + name, "wb") as f:
			f.write(files[name].encode("latin-1"))
		os.utime(WORK + "/" + name, ns=(FIRST + age * DAY * 10**9,) * 2)
	return [run(line, environ) for line in lines]


def main():
	environ = {"PATH": SYSTEM, "HOME": WORK, "LC_ALL": "C", "TZ": "UTC", "TMPDIR": TMP,
		   "OTHER": OTHER, "SMALL": SMALL, "ASAN_OPTIONS": "detect_leaks=0"}
	os.umask(0o022)
	if len(sys.argv) > 1:
		os.mkdir(BIN)
		for name in os.listdir(sys.argv[1]):
			# The shell of all lines is dash.
			if name == "sh":
				continue
			with open(sys.argv[1] + "/" + name, "rb") as f:
				if f.read(20)[18:] == open("/proc/self/exe", "rb").read(20)[18:]:
					os.symlink(sys.argv[1] + "/" + name, BIN + "/" + name)
					continue
			with open(BIN + "/" + name, "w") as f:
				f.write("#!/bin/dash\nexec qemu-riscv64 -0 '%s' '%s/%s' \"$@\"\n"
					% (name, sys.argv[1], name))
			os.chmod(BIN + "/" + name, 0o755)
		environ["PATH"] = BIN + ":" + SYSTEM
	question = json.load(sys.stdin)
	if isinstance(question, dict):
		results = run_with(question["files"], question["lines"], environ)
	else:
		results = [run_afresh(line, environ) for line in question]
	json.dump(results, sys.stdout)


if __name__ == "__main__":
	main()
