"""The call into the firmware: what it costs while nobody watches, and that a
watched one keeps all registers as the bare one does.
"""

import subprocess

import pytest

from conftest import BUILD, ROOT
from test_user import on_linux

TOOL = "riscv64-linux-gnu-"
MOST = 12       # instructions beside the ecall and the three that number it
CALLS = ["set_timer", "send_ipi", "remote_fence_i", "remote_sfence_vma",
	 "remote_sfence_vma_asid", "hart_start", "hart_stop", "hart_status"]


def path(name):
	"""The instructions of sbi_NAME from its start to its end, when nobody watches
	and the extension is there: no branch is taken but the one past the watching."""
	for part in sorted((BUILD / "obj/sbi").glob("*.c.o")):
		text = subprocess.run([TOOL + "objdump", "-d", "--no-show-raw-insn", part], check=True,
				      text=True, stdout=subprocess.PIPE).stdout
		if "<sbi_%s>:" % name not in text:
			continue
		found, watching = [], False
		for line in text.split("<sbi_%s>:" % name)[1].splitlines():
			words = line.split("\t")
			if len(words) < 2:
				continue
			watching = watching and words[1] != "ecall"
			if not watching:
				found.append(words[1])
			watching = watching or (words[1] == "beqz" and words[2].startswith("t6,"))
			if words[1] in ("ret", "jr"):
				return found
	raise AssertionError("no sbi_" + name)


@pytest.mark.parametrize("name", CALLS)
def test_cost(name):
	found = path(name)
	assert found.count("ecall") == 1 and found[-1] == "ret", found
	# The way here is one, `jal`; the numbers of the call take three.
	assert 1 + len(found) - 4 <= MOST, found


PROGRAM = r"""
#include <stdio.h>
#include <unistd.h>
#include "sbi/ecall.h"

static struct sbi_call seen;
/* Leaves nothing in what a C function may lose. */
static void hook(const struct sbi_call *call)
{
	seen = *call;
	__asm__ volatile(".irp	n, 1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31\n"
			 "li	x\\n, -1\n"
			 ".endr" ::: "ra", "t0", "t1", "t2", "a0", "a1", "a2", "a3", "a4",
			 "a5", "a6", "a7", "t3", "t4", "t5", "t6");
}

/* Every register that a C function may lose, before and behind. */
#define REGS 14
static unsigned long before[REGS], behind[REGS], a0, a1;
__asm__(
"	.text\n"
"	.macro	all what, base\n"
"	\\what	x1, 0(\\base)\n"
"	.irp	n, 5,6,7\n"
"	\\what	x\\n, (\\n - 4) * 8(\\base)\n"
"	.endr\n"
"	.irp	n, 10,11,12,13,14,15,16,17\n"
"	\\what	x\\n, (\\n - 6) * 8(\\base)\n"
"	.endr\n"
"	.irp	n, 28,29\n"
"	\\what	x\\n, (\\n - 16) * 8(\\base)\n"
"	.endr\n"
"	.endm\n"
"call:	addi	sp, sp, -32\n"
"	sd	ra, 0(sp)\n"
"	sd	s2, 8(sp)\n"
"	sd	s3, 16(sp)\n"
"	mv	s2, a0\n"
"	mv	s3, a1\n"
"	all	ld, s2\n"
"	la	t6, sbi_ecall_watched\n"
"	jalr	t6, t6\n"
"	all	sd, s3\n"
"	ld	ra, 0(sp)\n"
"	ld	s2, 8(sp)\n"
"	ld	s3, 16(sp)\n"
"	addi	sp, sp, 32\n"
"	ret\n");
void call(unsigned long *, unsigned long *);

int main(void)
{
	unsigned long text = (unsigned long)"watched\n";
	int i, bad = 0;

	sbi_trace_hook = hook;
	for (i = 0; i < REGS; i++)
		before[i] = 0x1111111111111111ul * (unsigned)i;
	/* x10 to x17 stand at 4 to 11: write(1, text, 8), by number 64 */
	before[4] = 1;
	before[5] = text;
	before[6] = 8;
	before[11] = 64;
	call(before, behind);
	for (i = 0; i < REGS; i++)
		if (i != 4 && behind[i] != before[i])
			printf("x at %d: %lx\n", i, behind[i]), bad = 1;
	if (behind[4] != 8 || seen.ret.error != 8 || seen.eid != 64 ||
	    seen.args[1] != text || seen.args[2] != 8 || seen.end < seen.start)
		printf("not seen\n"), bad = 1;
	sbi_trace_hook = 0;
	seen.eid = 0;
	if (sbi_ecall(64, 0, 1, text, 8, 0, 0, 0).error != 8 || seen.eid)
		printf("unwatched\n"), bad = 1;
	sbi_trace_hook = hook;
	if (sbi_ecall(64, 7, 1, text, 8, 4, 5, 6).error != 8 || seen.eid != 64 ||
	    seen.fid != 7 || seen.args[3] != 4 || seen.args[5] != 6)
		printf("inline\n"), bad = 1;
	return bad;
}
"""


def test_watched(tmp_path):
	"""In user mode an ecall is a system call of Linux, and keeps as much."""
	(tmp_path / "t.c").write_text(PROGRAM)
	subprocess.run([TOOL + "gcc", "-O2", "-static", "-I", ROOT, "-o", tmp_path / "t",
			tmp_path / "t.c", ROOT / "sbi/ecall.c", ROOT / "sbi/watched.S"], check=True)
	output, status = on_linux(tmp_path / "t")
	assert output == 3 * "watched\n" and status == 0, output
