"""Invocations of programs, made up by dice: for ../test_generated.py.

	generate.py SEED N	prints N of them, with the texts that they read

Each is a line of shell that reads the files of texts() and writes to standard
output only. A tool has a function here, made_TOOL(dice), and stands in TOOLS
with the share that it gets. What GNU's manuals leave open, or what ours leaves
out, is not generated; each such restraint says so where it is.
"""

import random
import re
import shlex
import sys

WORDS = "a b ab abc ba B Aa c cab 1 2 10 02 -3 1.5 x= foo bar foobar the end".split()


def texts(dice):
	"""Small files: names and contents."""
	def line(n=5, sep=" "):
		return sep.join(dice.choice(WORDS) for _ in range(dice.randrange(n)))

	files = {
		"words": "".join(dice.choice(WORDS) + "\n" for _ in range(30)),
		"lines": "".join(line() + "\n" for _ in range(25)),
		"nonl": "".join(line() + "\n" for _ in range(6)) + "the end",
		"tabs": "".join("\t".join(dice.choice(WORDS) for _ in range(4)) + "\n" for _ in range(15)),
		"colon": "".join(line(6, ":") + "\n" for _ in range(15)),
		"numbers": "".join("%s\n" % dice.choice([
			dice.randrange(-99, 999), dice.random() * 100, "%07d" % dice.randrange(500),
			"  %d" % dice.randrange(50), "%dK" % dice.randrange(9), ""]) for _ in range(30)),
		"left": "".join(sorted("%s %s\n" % (dice.choice("abcdefgh"), line(3)) for _ in range(10))),
		"right": "".join(sorted("%s %s\n" % (dice.choice("abcdefgh"), line(3)) for _ in range(10))),
		"blank": "".join(dice.choice(["\n", "  \n", "\t\n", line() + "\n", "\t" + line() + "  \n"])
				 for _ in range(20)),
		"empty": "",
		"bytes": bytes(dice.randrange(256) for _ in range(300)),
		"zero": b"\0".join(dice.choice(WORDS).encode() for _ in range(9)),
	}
	return {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}


TEXTS = "words lines nonl tabs colon numbers left right blank empty".split()
q = shlex.quote


def some(dice, options, most=3):
	"""Up to so many of the options, in any order."""
	options = [o() if callable(o) else o for o in options]
	return " ".join(dice.sample(options, dice.randrange(min(most, len(options)) + 1)))


def names(dice, most=3, least=1):
	return " ".join(dice.choice(TEXTS) for _ in range(dice.randint(least, most)))


def fed(dice):
	"""One text, by name, by - or on standard input."""
	name = dice.choice(TEXTS)
	return dice.choice([name, name, "<" + name, "- <" + name])


def regex(dice, extended, depth=2, first=True):
	"""A pattern without what POSIX leaves undefined."""
	def atom(at_start):
		kind = dice.randrange(14)
		if kind < 5:
			return dice.choice("abcABx012")
		if kind == 5:
			return "."
		if kind == 6:
			return dice.choice(["[ab]", "[^a]", "[a-c]", "[^ab1]", "[[:alpha:]]", "[[:digit:]]",
					    "[^[:space:]]", "[[:upper:]b]", "[]a]", "[^]a]", "[a-]", "[-+]", "[.]"])
		if kind == 7 and depth:
			inner = regex(dice, extended, depth - 1, False)
			return "(%s)" % inner if extended else "\\(%s\\)" % inner
		if kind == 8:
			return dice.choice(["\\.", "\\*", "\\[", "\\$", "\\^", "\\\\"])
		if kind == 9:
			return dice.choice(["\\w", "\\W", "\\b", "\\<", "\\>", "\\s", "\\S"])
		return dice.choice(["ab", "o", "the", " ", "=", "ba", "-"])

	def piece(at_start):
		a = atom(at_start)
		if a in ("\\b", "\\<", "\\>"):
			return a
		if a in ("ab", "the", "ba") or dice.random() < 0.6:
			return a
		low = dice.randrange(3)
		high = low + dice.randrange(3)
		counts = ["%d" % low, "%d," % low, "%d,%d" % (low, high)]
		if extended:
			return a + dice.choice(["*", "+", "?", "{%s}" % dice.choice(counts)])
		return a + dice.choice(["*", "*", "\\{%s\\}" % dice.choice(counts), "\\?", "\\+"])

	def branch():
		return "".join(piece(i == 0) for i in range(dice.randint(1, 4)))

	text = branch()
	if dice.random() < 0.2:
		text += ("|" if extended else "\\|") + branch()
	if first:
		if dice.random() < 0.15:
			text = "^" + text
		if dice.random() < 0.15:
			text += "$"
	return text


def made_grep(dice):
	kind = dice.choice(["", "", "-E", "-E", "-F"])
	if kind == "-F":
		pattern = dice.choice(WORDS + ["a\nb", "", "1.", "foo\nfoobar"])
	else:
		pattern = regex(dice, kind == "-E")
		# To a group in another branch glibc's refuses to refer back.
		if dice.random() < 0.1 and "|" not in pattern:
			pattern = ("(a|b)%s\\1" if kind else "\\([abo]\\)%s\\1") % pattern.strip("^$")
	options = some(dice, ["-c", "-v", "-i", "-n", "-o", "-w", "-x", "-h", "-H", "-s", "-b", "-l", "-L",
			      "-q", "-m%d" % dice.randint(1, 3), "-A%d" % dice.randrange(3),
			      "-B%d" % dice.randrange(3), "-C1", "-e b", "-a", "--color=always"], 4)
	return "grep %s %s -e %s %s" % (kind, options, q(pattern), dice.choice([
		fed(dice), names(dice), names(dice) + " nosuch"]))


def sed_text(dice):
	return "".join(dice.choice(["a", "X", "-", "&", "\\&", "\\1", "\\n", "[", " ", "\\t", "\\U&\\E", "\\l&"][:9])
		       for _ in range(dice.randrange(4)))


def sed_address(dice, extended, deep=True):
	kind = dice.randrange(9)
	one = lambda: dice.choice([str(dice.randint(1, 12)), "$", "/%s/" % regex(dice, extended).replace("/", "")])
	if kind < 3:
		return ""
	if kind < 6:
		return one()
	if kind == 6:
		return "%d~%d" % (dice.randrange(4), dice.randint(1, 4))
	if kind == 7:
		return "%s,%s" % (one(), dice.choice([one(), "+%d" % dice.randrange(4)]))
	return one() + "!"


def sed_command(dice, extended, depth=1):
	at = sed_address(dice, extended)
	kind = dice.randrange(16)
	if kind < 6:
		pattern = regex(dice, extended)
		if dice.random() < 0.5:
			pattern = ("(%s)" if extended else "\\(%s\\)") % pattern.strip("^$")
			pattern = pattern if not pattern.endswith("\\") else "(a)"
		else:
			pattern = ("(a*)" if extended else "\\(a*\\)") + pattern.lstrip("^")
		flags = dice.choice(["", "", "g", "p", "2", "2g", "gp", "I", "gI"])
		return "%ss/%s/%s/%s" % (at, pattern, sed_text(dice), flags)
	if kind < 10:
		command = dice.choice("pdDNngGhHxlPz=F")
		if command == "F" and depth == 0:
			command = "p"
		return at + command
	if kind == 10:
		return at + dice.choice(["y/abc/xyz/", "y/ab/ba/", "y,a/,/a,"])
	if kind == 11:
		at = at.split(",")[0]
		return at + dice.choice(["q", "q3", "Q", "Q2", "a\\\nadded\\\nmore", "i\\\ninserted", "a one", "i one"]) + "\n"
	if kind == 12:
		return at + "c\\\nchanged\n"
	if kind == 13 and depth:
		return "%s{%s\n%s\n}" % (at, sed_command(dice, extended, 0), sed_command(dice, extended, 0))
	if kind == 14:
		return at + dice.choice(["r words", "r nosuch", "R lines"])
	return dice.choice([":x\ns/aa*b/b/\ntx", "/a/bend\ns/^/./\n:end", "$!N", "N;P;D", "1!G;h;$!d", "$!{h;d}"])


def made_sed(dice):
	extended = dice.random() < 0.5
	script = "\n".join(sed_command(dice, extended) for _ in range(dice.randint(1, 3)))
	return "sed %s %s -e %s %s" % ("-E" if extended else "", some(dice, ["-n", "-n", "-s", "-u", "-l 20"], 2),
				       q(script), dice.choice([fed(dice), names(dice), names(dice) + " nosuch"]))


def made_sort(dice):
	def key():
		letters = dice.choice(["", "", "b", "n", "r", "nr", "bn", "f", "fr", "d", "bdr", "i", "h", "hr"])
		start = "%d%s" % (dice.randint(1, 3), dice.choice(["", "", ".%d" % dice.randint(1, 3)]))
		end = dice.choice(["", "", ",%d%s" % (dice.randint(1, 4), dice.choice(["", ".%d" % dice.randrange(3)]))])
		return "-k%s%s%s" % (start, letters, end)
	ordering = dice.choice(["", "", "-n", "-h", "-d", "-f", "-i", "-df", "-fi", "--sort=numeric", "--sort=human-numeric"])
	options = some(dice, ["-r", "-u", "-b", "-s", key, key, "-t:", lambda: "-t' '", "-S1k"], 4)
	if options.count("-t") > 1:
		options = options.replace("-t' '", "")
	return "sort %s %s %s" % (ordering, options, dice.choice([
		fed(dice), names(dice), "-c " + dice.choice(TEXTS), "-m left right", "-z zero", "-C left"]))


def made_uniq(dice):
	options = some(dice, ["-c", "-d", "-u", "-i", "-f%d" % dice.randrange(3), "-s%d" % dice.randrange(3),
			      "-w%d" % dice.randint(1, 4)])
	return "sort %s | uniq %s" % (dice.choice(TEXTS), options) if dice.random() < 0.6 else \
		"uniq %s %s" % (options, fed(dice))


def made_cut(dice):
	def ranges():
		spans = []
		for _ in range(dice.randint(1, 3)):
			a = dice.randint(1, 6)
			spans.append(dice.choice(["%d" % a, "%d-" % a, "-%d" % a, "%d-%d" % (a, a + dice.randrange(4))]))
		return ",".join(spans)
	if dice.random() < 0.4:
		options = dice.choice(["-b", "-c"]) + ranges() + " " + some(dice, ["--complement", "--output-delimiter=+"], 2)
	else:
		options = "-f%s -d%s %s" % (ranges(), dice.choice(["' '", ":", "a", "'\t'"]),
					    some(dice, ["-s", "--complement", "--output-delimiter=_"]))
	return "cut %s %s" % (options, dice.choice([fed(dice), names(dice)]))


def made_tr(dice):
	def letters(classes=True):
		return "".join(dice.choice(["a", "b", "c", "a-c", "A-C", "0-3", "\\n", "\\t", " ", "\\101", "e", "x-z",
					    "\\\\", "=", "-"] + classes * ["[:digit:]", "[:space:]", "[:alpha:]", "[:punct:]"])
			       for _ in range(dice.randint(1, 4)))

	def safe(s):
		# A - at the end or the start means itself.
		return s.strip("-").replace("--", "-") or "a"

	kind = dice.randrange(7)
	name = dice.choice(TEXTS)
	if kind == 0:
		line = "tr -d %s" % q(safe(letters()))
	elif kind == 1:
		line = "tr -cd %s" % q(safe(letters()))
	elif kind == 2:
		line = "tr -s %s" % q(safe(letters()))
	elif kind == 3:
		line = "tr -ds %s %s" % (q(safe(letters())), q(safe(letters())))
	elif kind == 4:
		line = "tr %s '[:upper:]' '[:lower:]'" % dice.choice(["", "-s"])
	elif kind == 5:
		option = dice.choice(["", "-s", "-t", "-c", "-cs"])
		line = "tr %s %s %s" % (option, q(safe(letters(option != "-t"))), q(dice.choice(
			["x", "\\n", "[x*]"] if "c" in option else ["x", "xy", "x-z", "[x*3]y", "\\n"])))
	else:
		line = "tr %s %s" % (q(safe(letters(False))), q(safe(letters(False))))
	return "%s <%s" % (line, name)


def made_join(dice):
	options = some(dice, ["-a1", "-a2", "-v1", "-v2", "-i", "-e EMPTY", "-o 0,1.2,2.2", "-o 1.1,2.1", "-o auto",
			      "-1 1", "-2 1", "-j 1", "-t' '"], 4)
	if options.count("-o") > 1:	# more than one list is one longer list, but not with auto
		options = "-o 0,2.2 -a1"
	return "join %s left right" % options


def made_paste(dice):
	return "paste %s %s" % (some(dice, ["-s", "-d:", "-d ':,'", "-d '\\n\\t'", "-d '\\0+'"], 2), names(dice, 4))


def made_column(dice):
	if dice.random() < 0.3:
		# What a tab is wide is not said.
		return "column %s %s" % (some(dice, ["-x", "-c%d" % dice.randint(1, 99)]),
					 dice.choice(["words", "lines", "numbers", "<colon", "words numbers", "empty"]))
	return "column -t %s %s" % (some(dice, ["-s:", "-s ': '", "-o '|'", "-o ''", "-R1", "-R2,1", "-N A,bb", "-N one",
						"-l%d" % dice.randint(1, 3), "-L"], 4), dice.choice(["lines", "nonl", "colon", "words", "left"]))


def made_shuf(dice):
	"""Of chance only what it leaves is the same."""
	return dice.choice(["shuf %s | sort", "shuf -n0 %s", "shuf %s | wc", "shuf -e $(cat %s) | sort", "sort -R %s | sort",
			    "sort -R %s | uniq | wc -l", "shuf -n3 %s | wc -l"]) % dice.choice(TEXTS)


def made_comm(dice):
	return "comm %s left right" % some(dice, ["-1", "-2", "-3", "-12", "--output-delimiter=,"], 2)


def made_nl(dice):
	return "nl %s %s" % (some(dice, ["-ba", "-bt", "-bn", "-b pa", "-nln", "-nrz", "-nrn", "-w%d" % dice.randint(1, 6),
					 "-s:", "-v%d" % dice.randrange(-3, 9), "-i%d" % dice.randint(1, 4), "-l2 -ba"]), fed(dice))


def made_fold(dice):
	return "fold %s %s" % (some(dice, ["-b", "-s", "-w%d" % dice.randint(1, 20)]), fed(dice))


def made_expand(dice):
	return "%s %s" % (dice.choice([
		"expand " + some(dice, [dice.choice(["-t%d" % dice.randint(1, 9), "-t 2,5,9"]), "-i"], 2),
		"unexpand " + some(dice, ["-a", "-t%d" % dice.randint(2, 9)], 2)]), fed(dice))


def made_head(dice):
	n = dice.randint(1, 12)
	if dice.random() < 0.2:		# the old form, which takes no more than a file
		return "%s -%d %s" % (dice.choice(["head", "tail"]), n, dice.choice(TEXTS))
	kind = dice.choice(["head -n%d", "head -n-%d", "head -c%d", "head -c-%d", "tail -n%d", "tail -n+%d",
			    "tail -c%d", "tail -c+%d"])
	return "%s %s %s" % (kind % n, some(dice, ["-q", "-v"], 1), dice.choice([fed(dice), names(dice), "nosuch words"]))


def made_wc(dice):
	return "wc %s %s" % (some(dice, ["-l", "-w", "-c", "-m", "-L"]), dice.choice([fed(dice), names(dice), "nosuch words"]))


def made_od(dice):
	name = dice.choice(TEXTS + ["bytes", "zero"])
	return "od %s %s" % (some(dice, ["-c", "-b", "-x", "-d", "-o", "-a", "-tx1", "-td2", "-tu4", "-tx8", "-to1", "-tc",
					 "-An", "-Ax", "-Ad", "-j%d" % dice.randrange(20), "-N%d" % dice.randrange(50), "-v",
					 "-w%d" % dice.choice([8, 16, 24])], 4), name)


def made_cmp(dice):
	return "cmp %s %s %s" % (some(dice, ["-l", "-n%d" % dice.randrange(30), "-i%d" % dice.randrange(4), "-b"][:3], 2),
				 *dice.sample(TEXTS, 2))


def made_diff(dice):
	return "diff %s %s %s" % (some(dice, ["-u -L a -L b", "-c -L a -L b", "-b", "-B", "-i", "-w", "-q", "-U1 -L a -L b",
					      "-U0 -L a -L b", "-y", "-y -W%d" % dice.randint(1, 60), "-Z", "-y --suppress-common-lines"][
						      :dice.choice([9, 13])], 2), *dice.choice([
		("left", "right"), ("words", "words"), ("empty", dice.choice(TEXTS)), ("nosuch", "words")]))


def made_patch(dice):
	"""Which of several shortest ways diff finds is open; that it leads there, not."""
	a, b = dice.sample(TEXTS, 2)
	return "diff %s %s %s >$TMPDIR/d; patch -s -o $TMPDIR/o %s $TMPDIR/d; cmp $TMPDIR/o %s; echo $?" % (
		dice.choice(["", "-u", "-c"]), a, b, a, b)


def made_lines(dice):
	"""Tools of few options."""
	return dice.choice([
		"tac %s %s" % (some(dice, ["-b", "-s a", "-s ab", "-r"][:3], 2), fed(dice)),
		"rev %s" % dice.choice(TEXTS),
		"cat %s %s" % (some(dice, list("-A -b -e -E -n -s -t -T -v -u".split())), dice.choice([fed(dice), names(dice), "bytes"])),
		"cksum %s" % names(dice), "sha256sum %s" % names(dice),
		"strings -n%d %s bytes zero lines" % (dice.randint(1, 5), some(dice, ["-tx", "-td", "-to"], 1)),
		"hexdump -%s %s bytes" % (dice.choice("Cbcdox"), some(dice, ["-n%d" % dice.randrange(60), "-s%d" % dice.randrange(30), "-v"])),
		"head -c%d bytes | tail -c+%d | od -c" % (dice.randrange(300), dice.randrange(100)),
		"tsort <<'E'\n%sE" % "".join("%s %s\n" % (dice.choice("abcd"), dice.choice("efgh")) for _ in range(5)),
		"split %s %s; head -n 99 x*" % (dice.choice(["-l%d" % dice.randint(3, 9), "-b%d" % dice.randint(40, 90)]), dice.choice(TEXTS)),
		"tee /dev/null <%s" % dice.choice(TEXTS),
	])


def made_printf(dice):
	def spec():
		kind = dice.randrange(9)
		flags = "".join(dice.sample("-+ 0#", dice.randrange(3)))
		width = dice.choice(["", "", str(dice.randint(1, 9)), "*"])
		precision = dice.choice(["", "", ".%d" % dice.randrange(6), "."])
		if kind < 3:
			return "%" + flags.replace("#", "").replace("+", "") + width + precision + dice.choice("di"), [width] * (width == "*") + ["n"]
		if kind < 5:
			letter = dice.choice("ouxX")
			flags = flags.replace("+", "").replace(" ", "").replace("#", "" if letter == "u" else "#")
			return "%" + flags + width + precision + letter, [width] * (width == "*") + ["n"]
		if kind < 7:
			flags = "-" if "-" in flags else ""
			return "%" + flags + width + precision + "s", [width] * (width == "*") + ["s"]
		if kind == 7:
			return "%b", ["s"]
		return "%" + flags.replace("#", "") + width + precision + dice.choice("feEgG"), [width] * (width == "*") + ["f"]
	form, args = "", []
	for _ in range(dice.randint(1, 3)):
		text, kinds = spec()
		form += text + dice.choice(["|", "\\n", "\\t", " ", "%%", "\\101", "\\x41", ""])
		args += kinds
	values = {"n": lambda: dice.choice(["0", "1", "-1", "42", "0x1f", "017", "'a", "\"b", "x", "", "12x", "9223372036854775807",
					    "9223372036854775808", "-9223372036854775808", str(dice.randrange(-9999, 9999))]),
		  "s": lambda: dice.choice(WORDS + ["", "a\\nb", "\\0101", "a\\cb", "%d", "\\\\"]),
		  "f": lambda: dice.choice(["0", "1", "-1.5", "1e10", "3.14159", "0.0001", "1e-5", "inf", "-inf", "123456789", "0.1", "x", ""]),
		  "*": lambda: str(dice.randrange(-9, 9))}
	args = [values[a]() for a in args * dice.choice([1, 1, 1, 2])]
	if dice.random() < 0.2:
		args = args[:-1]
	return "env printf %s %s" % (q(form + "\\n"), " ".join(map(q, args)))


def made_expr(dice):
	def value(depth=2):
		if not depth or dice.random() < 0.4:
			return dice.choice(["0", "1", "2", "-3", "10", "abc", "b", "00", "''", "7",
					    str(dice.choice([-1, 1]) * dice.randrange(10 ** dice.randint(1, 40)))])
		op = dice.choice(["+", "-", "'*'", "/", "%", "'|'", "'&'", "'<'", "'<='", "=", "'!='", "'>='", "'>'", ":"])
		if op == ":":
			return "%s : %s" % (dice.choice(["abc", "aab", "10", "''"]),
					    q(dice.choice(["a*", "\\(a*\\)", ".*\\(b\\)", "[0-9]*", "b", "\\(.\\)b", ".*", "x\\(y\\)*"])))
		text = "%s %s %s" % (value(depth - 1), op, value(depth - 1))
		return "'(' %s ')'" % text if dice.random() < 0.4 else text
	return "expr %s" % dice.choice([value(), value(3), "length abc", "substr abcdef %d %d" % (dice.randrange(5), dice.randrange(5)),
					"index abcdef %s" % dice.choice(["c", "fx", "z"]), "length %s" % value(1)])


def made_test(dice):
	def term():
		return dice.choice([
			"%s %s %s" % (dice.choice(["1", "2", "-1", "010", "' 7 '", "x"]), dice.choice(["-eq", "-ne", "-lt", "-le", "-gt", "-ge"]),
				      dice.choice(["1", "2", "10", "7"])),
			"%s %s %s" % (dice.choice(["a", "''", "b"]), dice.choice(["=", "!="]), dice.choice(["a", "b", "''"])),
			"%s %s" % (dice.choice(["-n", "-z"]), dice.choice(["a", "''"])),
			"%s %s" % (dice.choice("-e -f -d -s -r -w -x -L -h -p -S -b -c -u -g -k".split()), dice.choice(TEXTS + ["nosuch", ".", "/dev/null"])),
			"words -ef lines", dice.choice(["a", "''"]),
		])
	parts = dice.choice([term(), "! " + term(), term() + dice.choice([" -a ", " -o "]) + term(), "'(' %s ')'" % term(), ""])
	return "env test %s; echo $?" % parts


def awk_value(dice, depth=2):
	if not depth or dice.random() < 0.3:
		return dice.choice(["$1", "$2", "$NF", "$0", "NR", "NF", "x", "y", "1", "2", "0.5", "10", '"abc"', '"b"', '""', '"10"', "a[$1]", "length($0)"])
	v = lambda: awk_value(dice, depth - 1)
	kind = dice.randrange(13)
	if kind < 3:
		return "(%s %s %s)" % (v(), dice.choice("+ - *".split()), v())
	if kind == 3:
		return "(%s %s (%s ? %s : 3))" % (v(), dice.choice("/%"), "1", "7")
	if kind == 4:
		# A field that is not there is 0 for POSIX, but not for gawk.
		side = lambda: dice.choice(["(%s + 0)", "(%s \"\")"]) % v()
		return "(%s %s %s)" % (side(), dice.choice("< <= == != > >=".split()), side())
	if kind == 5:
		return "(%s %s %s)" % (v(), dice.choice(["&&", "||"]), v())
	if kind == 6:
		return "(%s %s)" % (v(), v())
	if kind == 7:
		return "(%s ~ /%s/)" % (v(), regex(dice, True).replace("/", "").replace("\\<", "").replace("\\>", "").replace("\\b", "").replace("\\B", ""))
	if kind == 8:
		return "substr(%s, %d%s)" % (v(), dice.randrange(-1, 4), dice.choice(["", ", %d" % dice.randrange(4)]))
	if kind == 9:
		return dice.choice(["toupper(%s)", "tolower(%s)", "length(%s)", "int(%s)", "-(%s)", "!(%s)", "+(%s)"]) % v()
	if kind == 10:
		return "index(%s, %s)" % (v(), v())
	if kind == 11:
		return 'sprintf("%s", %s, %s)' % (dice.choice(["%d %s", "%5.2f|%-4s", "%x %c", "%s%s", "%05d,%e", "%.3g %i", "%c%c"]), v(), v())
	return "(%s ? %s : %s)" % (v(), v(), v())


def awk_statement(dice, depth=1):
	v = lambda: awk_value(dice)
	kind = dice.randrange(14)
	if kind < 4:
		return "print " + ", ".join(v() for _ in range(dice.randint(1, 2)))
	if kind == 4:
		return dice.choice(["x", "y", "a[$1]", "a[NR]", "$2", "$3", "NF", "$0"][:8]) + " = " + ("%d" % dice.randrange(6) if dice.random() < .5 else "NF")
	if kind == 5:
		return "x %s= %s" % (dice.choice("+-*"), v())
	if kind == 6:
		return "%s(/%s/, %s)" % (dice.choice(["sub", "gsub"]), regex(dice, True).replace("/", "").replace("\\b", "").replace("\\<", "").replace("\\>", ""),
					 dice.choice(['"-"', '"<&>"', '"\\\\&"', '""', '"x", $1']))
	if kind == 7:
		return "n = split(%s, p, %s); for (i = 1; i <= n; i++) print i, p[i]" % (v(), dice.choice(['" "', '"a"', "/[ab]/", '""', '":"']))
	if kind == 8 and depth:
		return "if (%s) %s; else %s" % (v(), awk_statement(dice, 0), awk_statement(dice, 0))
	if kind == 9 and depth:
		return "for (j = 0; j < 3; j++) { %s }" % awk_statement(dice, 0)
	if kind == 10:
		return "if (match(%s, /%s/)) print RSTART, RLENGTH" % (v(), regex(dice, True).replace("/", "").replace("\\b", "").replace("\\<", "").replace("\\>", ""))
	if kind == 11:
		return dice.choice(["next", "exit %d" % dice.randrange(3), "delete a[$1]", "x++", "y--", "print x++ + ++x", "print (($1) in a)",
				    "print -1 \" \" -1", "print 1e6, 1e300 * 10, 0.1, 100000000, 123456789012", "print substr(\"hello\", 0, 3)"])
	if kind == 12:
		return 'printf "%s\\n", %s, %s' % (dice.choice(["%s %d", "%d:%s", "%-8s|%3d", "%c%s", "%5s%.2s"]), v(), v())
	return "print > \"/dev/stdout\""


def made_awk(dice):
	rules = []
	for _ in range(dice.randint(1, 2)):
		pattern = dice.choice(["", "", "", "NR==%d" % dice.randint(1, 9), "/%s/" % regex(dice, True).replace("/", "").replace("\\b", "").replace("\\<", "").replace("\\>", ""),
				       "NR==2,NR==4", "/a/,/b/", awk_value(dice), "!/a/", "NF>2"])
		body = "; ".join(awk_statement(dice) for _ in range(dice.randint(1, 3)))
		rules.append("%s { %s }" % (pattern, body))
	if dice.random() < 0.3:
		rules.append("END { %s }" % dice.choice(["print NR, x", "print $0", "for (k in a) n++; print n", "print length(a)"]))
	if dice.random() < 0.2:
		rules.insert(0, "BEGIN { %s }" % dice.choice(['OFS = "-"', 'FS = ":"', 'RS = ""', 'ORS = "|\\n"', 'FS = "[ab]"', 'FS = "\\t"', 'OFMT = "%.2f"',
							      'CONVFMT = "%.3g"', "x = 3", 'RS = ";"', 'RS = "a"', 'SUBSEP = ":"']))
	return "awk %s %s %s" % (some(dice, ["-F:", "-v x=2", "-F'\\t'", "-F'[ab]'", "-v y=abc"], 2), q("\n".join(rules)),
				 dice.choice([fed(dice), names(dice), "x=7 " + dice.choice(TEXTS), "words y=9 lines"]))


def made_small(dice):
	n = lambda: str(dice.choice([0, 1, 2, 5, -3, 10, "0.5", "1.25", "-0.1", "1e1"]))
	return dice.choice([
		"seq %s %s" % (some(dice, ["-w", "-s:", "-f %.2f", "-f %g"][:3], 1), " ".join(str(dice.randrange(-5, 15)) for _ in range(dice.randint(1, 2)))),
		"seq %s | head -n 50" % " ".join([n(), dice.choice(["1", "0.5", "-1", "3", "0.1"]), n()]),
		"basename %s %s" % (q(dice.choice(["/a/b.c", "a/", "/", "", "//", "b.c", "a b/c d", "."])), dice.choice(["", ".c", "b.c", "c"])),
		"dirname %s" % q(dice.choice(["/a/b.c", "a/", "/", "", "//", "b.c", "a//b//", ".", "/a"])),
		"factor %s" % " ".join(str(dice.choice([dice.randrange(1000), dice.randrange(10**9), dice.randrange(10**18), dice.randrange(10**11) * dice.randrange(10**11), "x", ""])) for _ in range(2)).strip(),
		"env echo %s" % " ".join(dice.choice(["-n", "-e", "a\\tb", "'a\\nb'", "'\\c'", "-E", "x", "'\\0101'", "--"]) for _ in range(3)),
		"date -u -d @%d +%s" % (dice.randrange(2 * 10**9), q(" ".join(dice.sample("%a %A %b %B %d %e %j %H %I %k %l %M %p %S %s %u %w %U %W %V %G %y %Y %C %D %F %T %R %c %x %X %Z %z %n %h".split(), 3)))),
		"date -u -d %s +%%s" % q(dice.choice(["2001-02-03 04:05:06", "2024-02-29", "2020-01-01 12:00", "@86400", "1 Jan 2003", "2001-02-03T04:05:06Z", "2023-02-30"])),
		"xargs %s <%s" % (dice.choice(["", "-n2 echo", "-n1 echo x", "-L1 echo", "-I{} echo '<{}>'", "-s40 echo", "-r echo"]), dice.choice(["words", "lines", "empty", "left"])),
		"dd if=%s %s 2>/dev/null" % (dice.choice(TEXTS), some(dice, ["bs=%d" % dice.randint(1, 40), "count=%d" % dice.randrange(5), "skip=%d" % dice.randrange(3),
									     "conv=ucase", "conv=swab", "conv=sync", "conv=lcase", "conv=notrunc"], 3)),
		"split -n %s%d %s; cat x* | cksum; ls x*; rm x*" % (dice.choice(["", "l/", "r/"]), dice.randint(1, 9), dice.choice(TEXTS)),
		"split -C %d %s; cat x* | cksum; ls x* | tail -n 1; rm x*" % (dice.randint(1, 60), dice.choice(TEXTS)),
		"base64 -w %d %s | tee $TMPDIR/b; base64 -d $TMPDIR/b | cksum" % (dice.randrange(80), dice.choice(TEXTS)),
		"xxd %s %s" % (some(dice, ["-c %d" % dice.randint(1, 40), "-g %d" % dice.randrange(9), "-s %d" % dice.randrange(9), "-l %d" % dice.randrange(60), "-u", "-p"]), dice.choice(TEXTS)),
		"find . %s %s | sort" % dice.choice([("-regextype posix-extended -regex", q("./" + regex(dice, True, 1, False).strip("^$"))),
						     ("-regextype posix-basic -iregex", q("./" + regex(dice, False, 1, False).strip("^$"))),
						     ("-regex", q("./[a-%s].*" % dice.choice("fmz")))]),
		"realpath -m %s" % q(dice.choice(["a/../b", "/..//x", ".", "../..", "words/../x", "//a/./b/"])),
		"stat -c %s %s" % (q("%" + dice.choice("nsFafAh")), names(dice)),
		"find . %s | sort" % some(dice, ["-type f", "-name '*e*'", "-size -2", "! -name words", "-name '[a-m]*' -o -name z*", "-empty", "-maxdepth 1", "-perm 644", "-size +0c"][:6] , 2),
		"ls %s %s" % (some(dice, ["-1", "-r", "-S", "-a", "-A", "-d", "-F", "-p", "-m", "-C", "-x", "-w%d" % dice.choice([20, 40]), "-i"][:12]), dice.choice(["", ".", "words left", "nosuch words"])),
	])


TOOLS = [(made_grep, 8), (made_sed, 8), (made_awk, 8), (made_sort, 5), (made_uniq, 2), (made_cut, 3), (made_tr, 3), (made_join, 2),
	 (made_paste, 1), (made_column, 2), (made_shuf, 1), (made_comm, 1), (made_nl, 1), (made_fold, 1), (made_expand, 1), (made_head, 2), (made_wc, 1), (made_od, 2),
	 (made_cmp, 1), (made_diff, 2), (made_patch, 1), (made_lines, 3), (made_printf, 3), (made_expr, 2), (made_test, 2), (made_small, 5)]


# What is thrown again: where POSIX says nothing, or the other program does
# otherwise than it says.
OPEN = [re.compile(pattern, re.S) for pattern in (
	# A field that is not there is one for gawk even when nothing is replaced in it.
	r'^awk .*sub\(.*, "x", \$1\)',
	# Of an empty field gawk shows the byte behind it.
	r"^awk .*%c[^;]*\$",
	# With RS = "" the end of a line parts fields, but for gawk where FS is an expression.
	r"^awk .*-F'\[ab\].*RS = \"\"",
	# How large .. is, who knows.
	r"^ls .*-S.*-a|^ls .*-a.*-S",
	# What matches every line GNU's does not even count with -v.
	r"^grep .*-v.* -e '' ",
)]


def invocations(seed, n, only=None):
	"""Files and n lines of shell, always the same for a seed."""
	dice = random.Random(seed)
	files = texts(dice)
	makers = [maker for maker, share in TOOLS for _ in range(share) if not only or maker.__name__ == "made_" + only]
	lines = []
	while len(lines) < n:
		line = dice.choice(makers)(dice)
		if not any(pattern.search(line) for pattern in OPEN):
			lines.append(line)
	return files, lines


if __name__ == "__main__":
	print("\n".join(invocations(sys.argv[1], int(sys.argv[2]))[1]))
