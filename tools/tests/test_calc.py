"""The calculator against Python's numbers: for this machine with the sanitizers,
and as it is built for the other."""

import math
import random
import subprocess
from fractions import Fraction

import pytest

import qemu
from conftest import BIN, STOCK, TOOLS
from test_host import linked


@pytest.fixture(scope="module", params=["sanitized", "ours", pytest.param("glibc", marks=pytest.mark.long)])
def calc(request):
	program = [linked("calc", ["user/bin/calc.c"], [])] if request.param == "sanitized" else \
		["qemu-riscv64", (BIN if request.param == "ours" else STOCK) / "calc"]

	def run(lines, *args, status=0):
		ran = subprocess.run([*program, *args], input="".join(line + "\n" for line in lines), text=True,
				     stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60 * qemu.PATIENCE, env=TOOLS)
		assert (ran.returncode, bool(ran.stderr)) == (status, bool(status)), ran.stderr[-2000:]
		return ran.stdout.splitlines()
	return run


def text(value, scale):
	"""A fraction cut after `scale` digits, as bc writes it."""
	whole = math.trunc(value * 10**scale)
	if not whole:
		return "0"
	digits = "%0*d" % (scale, abs(whole))
	before, behind = digits[:len(digits) - scale], digits[len(digits) - scale:]
	return ("-" if whole < 0 else "") + before + ("." + behind if scale else "")


def test_whole_numbers(calc):
	dice = random.Random(10)
	lines, right = [], []
	for _ in range(300):
		a, b = (dice.randrange(-10**k, 10**k) or 1 for k in (dice.randrange(1, 60), dice.randrange(1, 40)))
		q = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
		n = dice.randrange(9)
		lines += ["%d + %d" % (a, b), "%d-(%d)" % (a, b), "%d*%d" % (a, b), "%d / %d" % (a, b),
			  "%d %% %d" % (a, b), "(%d)^%d" % (a, n), "sqrt(%d)" % abs(a)]
		right += [a + b, a - b, a * b, q, a - q * b, a**n, math.isqrt(abs(a))]
	assert calc(lines) == [str(n) for n in right]


def test_decimals(calc):
	dice = random.Random(11)
	lines, right = [], []
	for _ in range(300):
		s, sa, sb = (dice.randrange(12) for _ in range(3))
		a, b = (Fraction(dice.randrange(-10**9, 10**9) or 1, 10**k) for k in (sa, sb))
		x, y = text(a, sa), text(b, sb)
		lines += ["scale=%d" % s, "%s+%s" % (x, y), "%s-%s" % (x, y), "%s*%s" % (x, y), "%s/%s" % (x, y),
			  "sqrt(abs(%s))" % x]
		most = max(sa, sb)
		root = max(s, sa)
		right += [text(a + b, most), text(a - b, most), text(a * b, min(sa + sb, max(s, most))),
			  text(a / b, s), text(Fraction(math.isqrt(int(abs(a) * 10**(2 * root))), 10**root), root)]
	assert calc(lines) == right


def test_what_is_typed(calc):
	assert calc(["2+3*4; (2+3)*4", "-2^2", "2^3^2", "2^-2; scale=4; 2^-2", "x = 7 # seven", "x*x; y"]) == \
		["14", "20", "4", "512", "0", ".2500", "49", "0"]
	assert calc([], "1+1", "-5+2") == ["2", "-3"]
	assert calc([], "-s", "20", "1/3") == ["." + "3" * 20]
	assert calc(["scale=50; sqrt(2)"]) == [text(Fraction(math.isqrt(2 * 10**100), 10**50), 50)]
	assert calc(["3^4000"]) == [str(3**4000)]
	assert calc(["1", "quit", "2"]) == ["1"]


@pytest.mark.parametrize("line", ["1/0", "5 %0", "2^.5", "sqrt(-1)", "1 2", "(1", "1+", "f(2)", "9^99999999", "$",
				  "scale=-1", "scale=99999999", "(" * 5000, "-" * 100000 + "1", "2^" * 5000 + "1",
				  "9" * 30000, "a" * 40 + "=1", "10^19999*10^19999"])
def test_errors(calc, line):
	"""It says what is wrong and goes on with the next line."""
	assert calc([line, "1+1"], status=1)[-1] == "2"
