# Octopos. One file, not recursive; everything is built under $(BUILD).
# `make help` lists the goals, `V=1` shows the commands.

BUILD	?= build
CROSS	?= riscv64-linux-gnu-
HOSTCC	?= gcc
PYTHON	:= /usr/bin/python3
DEBUG	?= 0
WERROR	?= 1
V	?= 0
# SMP, MEM, BIOS, DISK, QEMU, APPEND, EXTRA and BOARD reach tools/qemu.py through the
# environment; CMD as it was typed, without make looking for $ in it.
export BUILD SMP MEM BIOS DISK QEMU APPEND EXTRA BOARD N RUNS JOBS DEBUG
override CMD := $(value CMD)
export CMD
export PYTHONDONTWRITEBYTECODE := 1

Q	:= $(if $(filter 1,$(V)),,@)
say	= $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))
CC	= $(CROSS)gcc
AR	= $(CROSS)ar
NM	= $(CROSS)nm
OBJCOPY	= $(CROSS)objcopy
STRIP	= $(CROSS)strip

# The kernel that checks its locks has an output folder of its own.
K	:= $(BUILD)$(if $(filter 1,$(DEBUG)),/debug)
U	:= $(BUILD)/user
ROOT	:= $(BUILD)/rootfs

COMMON	:= -std=gnu11 -O2 -g -fno-common -fno-strict-aliasing -fno-pie \
	-fno-stack-protector -fno-asynchronous-unwind-tables \
	-ffile-prefix-map=$(CURDIR)=. -MMD -MP -Wall -Wextra $(if $(filter 1,$(WERROR)),-Werror) -Wshadow -Wundef \
	-Wvla -Wpointer-arith -Wwrite-strings -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wno-unused-parameter
# Strings lie next to each other, not each at a word (-malign-data).
KFLAGS	:= $(COMMON) -march=rv64imac_zicsr_zifencei -mabi=lp64 \
	-mcmodel=medany -mstrict-align -malign-data=natural -ffreestanding \
	-ffunction-sections -fdata-sections \
	-Wframe-larger-than=1024 -DCONFIG_DEBUG=$(DEBUG) -I. -iquote kernel
KLINK	:= -nostdlib -static -no-pie -Wl,--build-id=none -Wl,--gc-sections \
	-Wl,--fatal-warnings -Wl,-z,max-page-size=4096 -T boot/kernel.ld
UFLAGS	= $(COMMON) -march=rv64gc -mabi=lp64d -ffreestanding -nostdinc \
	-ffunction-sections -fdata-sections \
	-I. -isystem user/lib/include -isystem $(shell $(CC) -print-file-name=include)
ULINK	:= -nostdlib -static -no-pie -Wl,--build-id=none -Wl,--gc-sections \
	-Wl,-z,noexecstack -T user/lib/user.ld

KSRC	:= $(sort $(filter-out %_test.c %_fuzz.c,$(wildcard $(foreach d, \
	boot kernel kernel/mm kernel/dev kernel/sbitest fs fs/ext4 sbi,$(d)/*.c $(d)/*.S))))
KOBJ	:= $(KSRC:%=$(K)/obj/%.o) $(K)/obj/initramfs.o
CRT0	:= $(U)/user/lib/crt0.S.o
ULIB	:= $(filter-out %_test.c user/lib/crt0.S,$(sort $(wildcard \
	user/lib/*.c user/lib/*.S)))
# A program is user/bin/X.c, or all of user/bin/X/*.c when it is larger.
BIN	:= $(sort $(patsubst user/bin/%.c,%,$(wildcard user/bin/*.c)) \
	$(patsubst user/bin/%/,%,$(dir $(wildcard user/bin/*/*.c))))
TEST	:= $(sort $(patsubst user/test/%.c,%,$(wildcard user/test/*.c)))
LIBTEST	:= $(sort $(patsubst user/lib/test/%.c,%,$(wildcard user/lib/test/*.c)))
# The manual: user/man/NAME.SECTION.
MAN	:= $(patsubst user/man/%,$(ROOT)/usr/share/man/%,$(sort $(wildcard user/man/*.[0-9])))
PROGS	:= $(BIN:%=$(ROOT)/bin/%) $(TEST:%=$(ROOT)/test/%)
LIBPROGS := $(LIBTEST:%=$(ROOT)/test/lib/%)
GLIBC	:= $(patsubst %,$(BUILD)/glibc/test/glibc/%,$(TEST) true)
RUNTIME	:= $(BUILD)/glibc/test/glibc/runtime
LIBGLIBC := $(LIBTEST:%=$(BUILD)/glibc/test/glibc/lib/%)
# The programs of user/bin with that library. It has no crypt(), and its fts loses
# files of folders that cannot be entered: both are ours there too.
G	:= $(BUILD)/stock
GLIBCBIN := $(BIN:%=$(G)/root/bin/%)
# What is thrown at both libraries by dice, on the build machine alone.
DICE	:= $(sort $(patsubst user/lib/dice/%.c,%,$(wildcard user/lib/dice/*.c)))
# What runs seldom is made small, not fast; so are single functions with the
# attribute cold. Most of it shares how functions begin and end (-msave-restore,
# in kernel/save.S), but for what a file or a program that is made goes through.
WARM	:= $(filter-out $(addprefix fs/,attr.c cpio.c dev%.c procfs.c rename.c) \
	$(addprefix fs/ext4/,blockmap%.c fallocate.c journal_open.c recover.c super%.c), \
	$(wildcard fs/*.c fs/ext4/*.c kernel/mm/*.c)) kernel/exec.c kernel/exit.c kernel/jobs.c
COLD	:= $(wildcard $(addprefix kernel/,cpu.c exec.c exit.c hotplug.c init.c jobs.c \
	ksyms.c panic.c printk.c proc_info.c ptrace.c root.c sbi_*.c sigtimer.c smp.c \
	start.c sys_attr.c sys_cred.c sys_link.c sys_mem.c sys_proc.c sys_ptrace.c \
	sys_timer.c vsnprintf.c sbitest/*.c) $(addprefix kernel/mm/,memrange.c mmap.c vm.c) \
	$(addprefix fs/,attr.c cpio.c dev*.c initramfs.c flock.c poll.c procfs.c \
	rename.c tmpfs.c) $(addprefix fs/ext4/,blockmap*.c checkpoint.c commit.c \
	fallocate.c htree_write.c inode.c journal_open.c log.c readdir.c recover.c \
	stage.c super*.c sync.c truncate.c)) \
	$(filter-out $(addprefix kernel/dev/,plic.c virtio_blk.c virtq.c),$(wildcard kernel/dev/*.c)) \
	$(filter-out $(addprefix sbi/,ecall.c hsm.c ipi.c rfence.c sbi.c time.c),$(wildcard sbi/*.c))
# The programs of the RAM root that is part of the kernel's image.
RAMBIN	:= $(filter $(BIN),init sh cat ls echo ps mount umount blkid dmesg sync mkdir \
	ln rm mknod free uname poweroff reboot)

# Of the programs those are made fast that compute; the others are made small,
# and so is the library, but for what works on all that is read, and signals.
SMALL	:= $(filter-out user/bin/awk/% user/bin/sh/% $(addprefix user/bin/,bench.c \
	cksum.c crc32.c grep.c gzip.c sed.c sha256sum.c sort.c), \
	$(wildcard user/bin/*.c user/bin/*/*.c)) $(filter-out $(addprefix user/lib/, \
	math.c regexec.c signal.c stdio.c stdlib.c string.c),$(wildcard user/lib/*.c))
# Registers are saved by libgcc's few routines, and strings lie next to each other.
SMALLER	:= -Os -msave-restore -malign-data=natural

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all run sh test test-long test-firmware test-machines image soak mutants \
	crash fuzz bench gdb gdb-attach headers format board-check clean help user \
	glibc kernel setup board-table
MAKEFLAGS += --no-builtin-rules

all: kernel image		## kernel, programs and disk image
kernel: $(K)/octopos.elf $(K)/Image	## build/octopos.elf and build/Image
user: $(PROGS) $(LIBPROGS) $(MAN) $(DICE:%=$(U)/dice/%)	## the programs and the manual, in build/rootfs
glibc: $(GLIBC) $(LIBGLIBC) $(RUNTIME) $(GLIBCBIN) $(DICE:%=$(G)/dice/%)	## user/test and user/bin linked with the C library of Linux

# Whatever is compiled first waits for this: it installs what is missing.
setup: $(BUILD)/.setup		## install what a build needs
$(BUILD)/.setup: tools/setup
	@mkdir -p $(@D)
	$(Q)tools/setup
	@touch $@

$(K)/obj/%.c.o: %.c $(BUILD)/.setup Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KFLAGS) $(if $(filter $(COLD),$<),-Os $(if $(filter $(WARM),$<),,-msave-restore)) -c $< -o $@
$(K)/obj/%.S.o: %.S $(BUILD)/.setup Makefile
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(KFLAGS) -c $< -o $@

# The names for back-traces come from a first link; they lie behind all code,
# so the second moves no function, and the comparison makes sure.
link	= $(CC) $(KLINK) -o $(1) $(KOBJ) $(2)
$(K)/octopos.elf: $(KOBJ) boot/kernel.ld tools/ksyms
	$(call say,LD,$@)
	$(Q)tools/ksyms </dev/null >$(K)/obj/ksyms0.S
	$(Q)$(CC) $(KFLAGS) -c $(K)/obj/ksyms0.S -o $(K)/obj/ksyms0.S.o
	$(Q)$(call link,$(K)/obj/nameless.elf,$(K)/obj/ksyms0.S.o)
	$(Q)$(NM) -n $(K)/obj/nameless.elf | tools/ksyms >$(K)/obj/ksyms.S
	$(Q)$(CC) $(KFLAGS) -c $(K)/obj/ksyms.S -o $(K)/obj/ksyms.S.o
	$(Q)$(call link,$@,$(K)/obj/ksyms.S.o)
	$(Q)$(NM) -n $@ | tools/ksyms | cmp - $(K)/obj/ksyms.S
$(K)/Image: $(K)/octopos.elf
	$(Q)$(OBJCOPY) -O binary $< $@

$(BUILD)/initramfs.cpio: $(RAMBIN:%=$(ROOT)/bin/%) tools/image tools/rootfs.manifest \
		$(shell find tools/rootfs -type f)
	$(Q)tools/image cpio $@ $(RAMBIN)
$(K)/obj/initramfs.o: $(BUILD)/initramfs.cpio
	@mkdir -p $(@D)
	$(Q)printf '.section .initramfs,"a"\n.balign 8\n.incbin "$<"\n' >$(@:.o=.S)
	$(Q)$(CC) $(KFLAGS) -c $(@:.o=.S) -o $@

$(U)/%.o: % $(BUILD)/.setup Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(UFLAGS) $(if $(filter $(SMALL),$<),$(SMALLER)) $(if $(filter %.c,$<),,-Wa,-I.) -c $< -o $@
# Those that make most blocks of memory have a larger and faster malloc.
$(addprefix $(ROOT)/bin/,awk bench grep sed sh sort): $(U)/user/lib/malloc.c.fast.o
$(U)/user/lib/malloc.c.fast.o: user/lib/malloc.c $(BUILD)/.setup Makefile
	$(call say,CC,$<)
	$(Q)$(CC) $(UFLAGS) -c $< -o $@
$(U)/libc.a: $(ULIB:%=$(U)/%.o)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^
.SECONDEXPANSION:
# The table of sections, at the end of a program, is for debuggers, who have sym/.
zeros	= dd if=/dev/zero of=$@ bs=1 seek=$1 count=$2 conv=notrunc status=none
$(PROGS): $(ROOT)/%: $(CRT0) $$(foreach f,$$(wildcard user/$$*.c user/$$*/*.c), \
		$(U)/$$(f).o) $(U)/libc.a user/lib/user.ld
	@mkdir -p $(@D) $(dir $(U)/sym/$*)
	$(call say,LD,$@)
	$(Q)$(CC) $(ULINK) -o $(U)/sym/$* $(filter %.o,$^) $(filter %.a,$^) -lgcc
	$(Q)$(STRIP) -o $@ $(U)/sym/$*
	$(Q)end=`od -An -tu8 -j40 -N8 $@` && truncate -s $$end $@ && \
		$(call zeros,40,8) && $(call zeros,60,4)
$(LIBPROGS): $(ROOT)/test/lib/%: $(CRT0) $(U)/user/lib/test/%.c.o $(U)/libc.a user/lib/user.ld
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ULINK) -o $(U)/sym/test/lib-$* $(filter %.o %.a,$^) -lgcc
	$(Q)$(STRIP) -o $@ $(U)/sym/test/lib-$*
$(DICE:%=$(U)/dice/%): $(U)/dice/%: $(CRT0) $(U)/user/lib/dice/%.c.o $(U)/libc.a user/lib/user.ld
	@mkdir -p $(@D)
	$(Q)$(CC) $(ULINK) -o $@ $(filter %.o %.a,$^) -lgcc
$(LIBGLIBC): $(BUILD)/glibc/test/glibc/lib/%: user/lib/test/%.c | $(BUILD)/.setup
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -w -static -MMD -MP -I. $< -o $@ -lm
	$(Q)$(STRIP) $@
$(GLIBC): $(BUILD)/glibc/test/glibc/%: $$(wildcard user/test/$$*.c) user/bin/true.c | $(BUILD)/.setup
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -w -static -MMD -MP -I. -pthread $< -o $@
	$(Q)$(STRIP) $@

$(RUNTIME): tools/tests/runtime.c | $(BUILD)/.setup
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -w -static -funwind-tables -MMD -MP -I. -pthread $< -o $@
	$(Q)$(STRIP) $@

WALKERS	:= $(addprefix user/bin/,chgrp.c chmod.c chown.c du.c find.c) user/lib/fts.c
$(G)/%.c.o: %.c | $(BUILD)/.setup
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O1 -w -MMD -MP -I. $(if $(filter $(WALKERS),$<),-D_GNU_SOURCE= \
		-D_FTS_H -include user/lib/include/fts.h) -c $< -o $@
$(DICE:%=$(G)/dice/%): $(G)/dice/%: $(G)/user/lib/dice/%.c.o
	@mkdir -p $(@D)
	$(Q)$(CC) -static -o $@ $^
$(G)/libours.a: $(G)/user/lib/crypt.c.o $(G)/user/lib/fts.c.o
	$(Q)$(AR) rcsD $@ $^
$(GLIBCBIN): $(G)/root/bin/%: $$(foreach f,$$(wildcard user/bin/$$*.c user/bin/$$*/*.c), \
		$(G)/$$(f).o) $(G)/libours.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -static -s -Wl,--no-warnings -o $@ $^ -lm

$(MAN): $(ROOT)/usr/share/man/%: user/man/%
	@mkdir -p $(@D)
	@cp $< $@

# The kernel's probing code for this machine; five files are included in board.c.
# What terminals, cards, partitions, the initrd and random numbers do is not asked.
BOARDSRC := tools/board/board.c tools/board/registers.c tools/board/stubs.c kernel/cpu.c \
	kernel/strl.c $(filter-out $(addprefix kernel/dev/,aplic.c driver.c ldisc.c \
	mmc.c partition.c plic.c pty.c random.c serial.c sysrq.c tty.c tty_ioctl.c tty_session.c uart16550.c), \
	$(filter kernel/dev/%.c,$(KSRC)))
$(BUILD)/host/board-check: $(BOARDSRC) $(wildcard kernel/*.h kernel/dev/*.h kernel/dev/*.c \
		tools/board/*.h tools/board/kernel/*.h) Makefile | $(BUILD)/.setup
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) -std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter \
		-fno-strict-aliasing -fsanitize=address,undefined \
		-fno-sanitize-recover=all -fno-omit-frame-pointer -DHOST_TEST=1 \
		-DCONFIG_DEBUG=0 -Itools/board -I. -iquote kernel $(BOARDSRC) -o $@
board-check: $(BUILD)/host/board-check	## DTB=file: what Octopos would use on that board, V=1: more
	$(Q)$< $(if $(filter 1,$(V)),-v) $(DTB)
board-table: $(BUILD)/host/board-check	## write the table of devices in boot/README.md from the drivers
	$(Q)$< --table >$(BUILD)/host/board-table
	$(Q)sed -i -e '/^| .compatible. | driver |$$/r $(BUILD)/host/board-table' \
		-e '/^| .compatible. | driver |$$/,/^$$/{/^$$/!d}' boot/README.md

# `make run BOARD=...` wants the disk, which QEMU then puts into the slot.
CARD	:= $(and $(BOARD),$(filter image,$(MAKECMDGOALS)))
image: $(PROGS) $(LIBPROGS) $(MAN) $(if $(CARD),kernel)	## build/disk.img; with BOARD=visionfive2 (or `list`) an SD card
	$(Q)$(if $(CARD),tools/card $(BOARD),tools/image disk $(BUILD)/disk.img)

run: kernel image		## boot it: SMP=4 MEM=256M BIOS= DISK= QEMU= APPEND= EXTRA= BOARD=sifive_u or icicle
	@tools/run
sh: kernel image		## boot, run CMD='...'; 2 when it fails (tools/sh CMD: its status)
	@tools/sh
gdb: kernel image		## boot under the debugger (PROG=ls: with its symbols)
	@tools/gdb
gdb-attach: kernel image	## the debugger for a `make run EXTRA='-s'`
	@tools/gdb --attach
test: $(BUILD)/.setup		## everything that fits the time of a coffee
	@tools/test
test-long: $(BUILD)/.setup	## with the firmware versions, and the slow ones
	@tools/test --long
test-firmware: $(BUILD)/.setup	## each OpenSBI on each QEMU: boot, hot-plug, suspend, restart
	@tools/test --long -m firmware
test-machines: $(BUILD)/.setup	## models of boards with SD cards, partitions, which disk is root
	@tools/test --long -m machines
soak: kernel image		## N=200 SMP=8: boot and stress, count
	@tools/soak
mutants: $(BUILD)/.setup	## each one-line fault must turn the tests red
	@tools/mutants/run $(ONLY)
crash: $(BUILD)/.setup		## cut the power everywhere: N states, F failures
	@tools/crash/run $(ARGS)
fuzz: $(BUILD)/.setup		## damaged disks, N=600 seconds or RUNS=, JOBS=1 (installs clang)
	@tools/fuzz/run $(ARGS)
bench: kernel image glibc		## measure, beside xv6, Linux and the targets
	@tools/bench/run

headers: $(BUILD)/.setup	## each header compiles alone
	$(Q)for h in $(filter-out %_test.h,$(wildcard boot/*.h sbi/*.h kernel/*.h \
		kernel/*/*.h fs/*.h fs/*/*.h)); do echo "#include \"$$h\"" | $(CC) \
		$(filter-out -MMD -MP,$(KFLAGS)) -fsyntax-only -xc - || exit 1; done
	$(Q)for h in $(wildcard user/lib/*.h user/lib/include/*.h \
		user/lib/include/*/*.h user/bin/*/*.h user/test/*.h); do \
		echo "#include \"$$h\"" | $(CC) $(filter-out -MMD -MP,$(UFLAGS)) \
		-fsyntax-only -xc - || exit 1; done
format:				## clang-format over what git knows
	$(Q)git ls-files '*.c' '*.h' | xargs -r clang-format -i
clean:				## remove what was built, the disk too
	rm -rf $(BUILD)
help:				## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

-include $(shell find $(K)/obj $(U) $(BUILD)/glibc $(G) -name "*.d" 2>/dev/null)
