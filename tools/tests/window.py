"""A program of user/bin at a terminal, seen through a terminal emulator."""

import re
import time

import pexpect
import pyte

import qemu
from conftest import TOOLS

# Where a program begins to draw anew.
PICTURE = re.compile(rb"(?<!^)(?=\x1b\[H)")
ENV = {**TOOLS, "TERM": "xterm", "ASAN_OPTIONS": "detect_leaks=0"}


class Window:
	"""A line of shell in a window; what is sent is waited for on the screen."""

	def __init__(self, command, rows=10, columns=40, cwd=None):
		self.screen = pyte.Screen(columns, rows)
		self.stream = pyte.ByteStream(self.screen)
		self.pieces = []	# what was read and is not drawn yet
		self.child = pexpect.spawn("/bin/sh", ["-c", command], env=ENV, cwd=cwd,
					   timeout=30 * qemu.PATIENCE, dimensions=(rows, columns), echo=False)

	def resize(self, rows, columns):
		self.screen.resize(rows, columns)
		self.child.setwinsize(rows, columns)

	def until(self, seen):
		"""The screen's lines, once seen(lines) says so. Each picture is looked at,
		although two may be read at once."""
		until = time.monotonic() + 20 * qemu.PATIENCE
		while True:
			ended = False
			try:
				if not self.pieces:
					self.pieces = PICTURE.split(self.child.read_nonblocking(65536, timeout=0.1))
				self.stream.feed(self.pieces.pop(0))
			except pexpect.TIMEOUT:
				pass
			except pexpect.EOF:
				ended = True
			lines = [line.rstrip() for line in self.screen.display]
			if seen(lines):
				return lines
			if ended or time.monotonic() > until:
				raise AssertionError("\n".join(lines))

	def look(self, last=None, first=None):
		"""The same, once the first and last are as they should be."""
		return self.until(lambda lines: (last is None or lines[-1] == last) and
				  (first is None or lines[0] == first))

	def keys(self, keys, last=None, first=None):
		self.child.send(keys)
		return self.look(last, first)

	def end(self, key="q"):
		if key:
			self.child.send(key)
		self.child.expect(pexpect.EOF)
		self.child.close()
		return self.child.exitstatus
