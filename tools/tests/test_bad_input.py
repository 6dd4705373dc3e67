"""Every program of user/bin with what it should not be given: wrong arguments,
files that are missing, shut, folders or loops, standard output that is full or
closed, lines of a megabyte, all bytes, odd names.

What is right is what the build machine's program of the same name does:
standard output, status, whether something comes on standard error, and the
folder afterwards. Where it has none, ours must fail with a message, or not at
all, as the situation asks.
"""

import pytest

from conftest import BIN
from test_programs import both, compare, differ_not, ours_alone, unlike_glibc

# Name, kind, and what stands before the operand. Kinds:
#	r	reads files, or else standard input, and prints
#	f	prints about files that are named
#	c	changes files that are named (c2: and wants a second operand, `to`)
#	p	prints, without files
#	w	runs another program, or does nothing
PROGRAMS = """
awk r {print $NF}
base64 r
basename p x
cat r
chgrp c 65534
chmod c 640
chown c 65534
cksum r
cmp f words.txt
comm f words.txt
cp c2
cut r -c2-4
dd p if=words.txt status=none
diff f words.txt
dirname p x
du f -k
echo p x
env p -i a=1
expand r
expr p 1 + 1
factor p 12
false w
find f
fold r
grep r e
gzip r -dcf
head r
hexdump r -C
id p
join f words.txt
ln c2
ls f
mkdir c
mkfifo c
mv c2
nice p
nl r
nohup w
nproc p
od r
paste r
printf p x
pwd p
readlink f -f
realpath f
rev r
rm c
rmdir c
sed r s/a/b/
seq p 3
sha256sum r
sleep w
sort r
split r
stat f -c%n
strings r
sync w
tac r
tail r
tar f -tf
tee c
test w
timeout w
touch c
tr p a b
true w
truncate c -s9
tsort r
tty p
uname p
unexpand r
uniq r
wc r
xargs p
yes p
xxd r
"""

# Not programs for a person at a prompt.
NEITHER = ["init", "sh"]

# Options mean nothing to them.
NO_OPTIONS = ["echo", "expr", "printf", "test", "true", "false"]

ODD = "'new\nline' \"$(printf '\\ta\\001b')\" 'a b' \"quo'te\\\"s\""
LONG = "x" * 300

SITUATIONS = {	# name: kinds, line; {tool} and {args} are put in, for c2 {to} behind
	"unknown option": ("rfcpw", "{tool} --nonsense"),
	"unknown letter": ("rfcpw", "{tool} -@ {args} words.txt {to}"),
	"no operand": ("fc", "{tool} {args}"),
	"no argument": ("fcw", "{tool}"),
	"missing": ("rfc", "{tool} {args} nosuch {to}"),
	"missing folder": ("rfc", "{tool} {args} nosuch/in {to}"),
	"below a file": ("rfc", "{tool} {args} words.txt/in {to}"),
	"empty name": ("rfc", "{tool} {args} '' {to}"),
	"folder": ("rfc", "{tool} {args} tree {to}"),
	"unreadable": ("rfc", "{tool} {args} noread {to}"),
	"shut folder": ("rfc", "chmod 0 tree/sub; {tool} {args} tree/sub/three.txt {to}"),
	"loop of links": ("rfc", "{tool} {args} loop1 {to}"),
	"below a loop": ("rfc", "{tool} {args} loop1/x {to}"),
	"link to nothing": ("rfc", "{tool} {args} broken {to}"),
	"name too long": ("rfc", "{tool} {args} " + LONG + " {to}"),
	"one of two missing": ("rc", "{tool} {args} nosuch table.txt {to}"),
	"nothing": ("rf", "{tool} {args} /dev/null"),
	"all bytes": ("r", "{tool} {args} binary"),
	"a line of a megabyte": ("r", "/usr/bin/head -c 1000000 /dev/zero | /usr/bin/tr '\\0' 'a' >big; "
				 "echo b c >>big; {tool} {args} big | /usr/bin/cksum"),
	"zeros": ("r", "{tool} {args} zeros | /usr/bin/cksum"),
	"odd names": ("rfc", "cd odd; for f in " + ODD + "; do {tool} {args} \"$f\" {to}; echo $?; done"),
	"a dash": ("rfc", "cd odd; {tool} {args} -- -n {to}"),
	"full": ("rfp", "{tool} {args} words.txt >/dev/full"),
	"full, much": ("rfp", "{tool} {args} long.txt >/dev/full"),
	"full, from standard input": ("rp", "{tool} {args} <words.txt >/dev/full"),
	"closed output": ("rfp", "{tool} {args} words.txt >&-"),
	"closed input": ("rp", "{tool} {args} <&-"),
	"input that is a folder": ("rp", "{tool} {args} <tree"),
	"closed error": ("rfcp", "{tool} {args} nosuch {to} 2>&-"),
	"output into a shut pipe": ("r", "exec 3<>special/pipe 4>special/pipe 3<&-; {tool} {args} 100.txt >&4;"
					 " echo $?"),
}

# Where ours differs, and why that is right. A tool, or a tool and a situation.
EXCUSES = {
	("xxd", "unknown option"): "the other xxd takes any long word for one of its letters",
	("tar", "unknown option"): "2 as with all that goes wrong, not 64",
	("tar", "unknown letter"): "as above",
	("tar", "no operand"): "as above",
	("awk", "folder"): "a folder is an error as everywhere, not a warning",
	("awk", "input that is a folder"): "as above",
	("awk", "one of two missing"): "the other is still read",
	("awk", "a dash"): "the other is still read",
	("awk", "full"): "2 as with all that goes wrong",
	("awk", "full, from standard input"): "as above",
	("awk", "closed output"): "as above",
	("cksum", "folder"): "GNU's prints a sum of what it could not read",
	("cksum", "input that is a folder"): "as above",
	("cksum", "closed input"): "as above",
	("hexdump", "folder"): "what could not be read makes the status 1",
	("hexdump", "input that is a folder"): "as above",
	("hexdump", "closed input"): "as above",
	("hexdump", "closed output"): "what could not be written does, too",
	("rev", "closed output"): "as above",
	("strings", "full"): "as above",
	("strings", "full, much"): "as above",
	("strings", "full, from standard input"): "as above",
	("strings", "closed output"): "as above",
	("strings", "closed input"): "what could not be read makes the status 1",
	("strings", "input that is a folder"): "as above",
	("sed", "folder"): "2 as for a file that is missing, and the next one is edited",
	("sed", "closed input"): "as above",
	("sed", "input that is a folder"): "as above",
	("tsort", "folder"): "GNU's takes a folder for an empty file",
	("tsort", "input that is a folder"): "as above",
	("tsort", "all bytes"): "a zero byte is a byte",
	("tsort", "zeros"): "as above",
	("rev", "all bytes"): "bytes, not characters of a locale",
	("rev", "zeros"): "a zero byte is a byte",
	("wc", "all bytes"): "a word is what stands between blanks, printed or not",
	("wc", "zeros"): "as above",
	("wc", "odd names"): "names are printed as they are",
	("xargs", "closed input"): "nothing is run when the input cannot be read",
	("xargs", "input that is a folder"): "as above",
	("env", "closed error"): "the status of what is run, messages or not",
	("nice", "closed error"): "as above",
	("expr", "closed error"): "as above",
	("tty", "closed error"): "as above",
	("printf", "closed error"): "operands too many are not worth a word",
	("pwd", "closed error"): "as above",
}


def rows():
	for row in PROGRAMS.strip().splitlines():
		name, kind, *args = row.split(" ", 2)
		yield name, kind, args[0] if args else ""


def fill(line, name, kind, args):
	if name in ("echo", "test", "printf", "kill", "pwd", "true", "false"):
		name = "env " + name	# not the shell's own
	if name == "awk":
		args = "'%s'" % args
	return line.format(tool=name, args=args, to="to" if kind == "c2" else "")


def test_programs_are_here():
	named = {name for name, _, _ in rows()} | set(NEITHER)
	assert named <= {path.name for path in BIN.iterdir()} and len(named) > 70


def tried(situation):
	"""The programs that get into the situation, and their lines; not yes where
	nothing would end it: it fills the disk."""
	kinds, line = SITUATIONS[situation]
	return [(name, fill(line, name, kind, args)) for name, kind, args in rows() if kind[0] in kinds
		and (name != "yes" or "/dev/full" in line or situation.startswith("unknown"))]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_as_the_others(situation):
	chosen = [(name, line) for name, line in tried(situation)
		  if not {name, (name, situation)} & set(EXCUSES)
		  and (name not in NO_OPTIONS or not situation.startswith("unknown"))]
	theirs, ours = both([line for _, line in chosen])
	# A list of what differs, where and how.
	wrong = ""
	for (name, line), a, b in zip(chosen, theirs, ours):
		found = compare(a, b, False)
		if found:
			wrong += "%s: %.300s\n%s    theirs said: %.200r\n" % (name, line, found, a["err"])
	differ_not(wrong)


@pytest.mark.long
@pytest.mark.parametrize("situation", SITUATIONS)
def test_with_glibc(situation):
	differ_not(unlike_glibc([line for _, line in tried(situation)]))


def told(line, folder):
	"""Status, what was printed, what was complained of, for our programs alone."""
	return [(got["status"], got["out"], got["err"]) for got in ours_alone(line, folder)]


def everyone():
	return sorted({path.name for path in BIN.iterdir()} - set(NEITHER) - set(NO_OPTIONS))


def none(wrong):
	assert not wrong, "\n".join(map(repr, wrong))


def test_help(bin):
	"""--help prints to standard output and ends with 0."""
	tools = everyone()
	results = told(["env %s --help" % name for name in tools], bin)
	none([(name, status, out[:80], err[:80]) for name, (status, out, err) in zip(tools, results)
	      if status or "usage: " + name not in out or err])


@pytest.mark.parametrize("option", ["--nonsense", "-@"])
def test_unknown_option(bin, option):
	tools = everyone()
	results = told(["env %s %s" % (name, option) for name in tools], bin)
	none([(name, status, out[:80], err[:80]) for name, (status, out, err) in zip(tools, results)
	      if status not in (1, 2, 4, 125) or out or not err])


# What prints without files, here and where there is nothing to compare with.
PRINTERS = """awk 'BEGIN{print 1}'; basename x; calc 1+1; crc32 words.txt; date; df; dirname x; echo x; env; expr 1;
	factor 6; free; hostname; kill -l; mktemp -u; mount; nice; nproc; printf x; ps; pwd; seq 3;
	uname; uptime; yes; cpio -o <words.txt; clear; ls; stat words.txt; readlink link; primes 10""".split(";")


@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
def test_nowhere_to_print(bin, where):
	lines = ["env " + line.strip() + " " + where for line in PRINTERS]
	none([(line, got) for line, got in zip(lines, told(lines, bin))
	      if got[0] in (0, "no end") or not got[2]])
