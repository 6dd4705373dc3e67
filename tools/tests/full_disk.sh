# Every tool that writes, on a disk that is full: sh full_disk.sh FOLDER INPUTS.
# FOLDER is empty, on a small file system of its own; INPUTS holds big, big.tar,
# big.cpio, small.gz, moved and tree. A line for each: what was run, its status,
# whether it complained, what became of the file f (same or changed), and the names
# that are there afterwards.
here=$1 in=$2
cd "$here" || exit 1
mkdir tmp
TMPDIR=$here/tmp
export TMPDIR

fill() {
	# All but nothing: the last bytes one by one.
	dd if=/dev/zero of=fill bs=4096 2>/dev/null
	dd if=/dev/zero of=fill2 bs=512 2>/dev/null
	sync
}

try() {
	rm -rf ./* .[!.]*
	mkdir tmp
	cp "$in/f" f || echo "no room for f"
	[ -z "$before" ] || eval "$before"
	was=$(cksum <f)
	fill
	(eval "$1") >/dev/null 2>/tmp/complaint
	status=$?
	[ -s /tmp/complaint ] && said=told || said=silent
	[ "$(cksum <f)" = "$was" ] && same=same || same=changed
	rm -f fill fill2
	echo "$1|$status|$said|$same|$(find . ! -name . ! -name f | sort | tr '\n' ' ')"
}

before=
try 'cp $in/big new'
try 'cp -a $in/tree new'
try 'cp --remove-destination $in/big new'
try 'mv $in/moved new'
try 'mv $in/moved f'
try 'mv $in/tree new'
try 'install $in/big new'
try 'install $in/big f'
try 'tee new <$in/big'
try 'tee -a f <$in/big'
try 'dd if=$in/big of=new'
try 'dd if=$in/big of=new conv=fsync'
try 'cat $in/big >new'
try 'cat $in/big >>f'
try 'sort $in/big -o new'
try 'sort f f f -o f'
try 'sort -m f f f -o f'
try 'sort -S 1k -T . $in/big'
try 'sort -S 1k $in/big'
try 'sed -i "p;p;p" f'
try 'sed -i.old "p;p;p" f'
try 'sed -n "w new" $in/big'
try 'awk "{ print > \"new\" }" $in/big'
try 'awk "{ print }" $in/big >new'
try 'awk "{ print | \"cat >new\" }" $in/big'
try 'patch -s f <$in/f.diff'
try 'patch -s -b f <$in/f.diff'
try 'tar xf $in/big.tar'
try 'tar cf new $in/big'
try 'tar czf new $in/moved'
try 'tar cz $in/moved >new'
try 'tar rf f $in/big'
try 'cpio -i --quiet <$in/big.cpio'
try 'echo $in/big | cpio -o --quiet -H newc -O new'
try 'gzip f'
try 'gzip -c <$in/big >new'
try 'split -b 100k $in/big part'
try 'uniq $in/big new'
try 'head -c 400000 $in/big >new'
try 'tr a b <$in/big >new'
try 'grep . $in/big >new'
try 'cut -c1-80 $in/big >new'
try 'od $in/big >new'
try 'while read -r line; do echo "$line" || exit 1; done <$in/big >new'
try 'while read -r line; do printf "%s\n" "$line" || exit 1; done <$in/big >new'
try 'sh -c "cat $in/big >new"'
try 'seq 100000 >new'
try 'yes >new'
try 'env printf "%0400000d" 1 >new'
before='cp $in/small.gz g.gz'
try 'gunzip -k g.gz'
try 'gunzip g.gz'
try 'zcat g.gz >new'
echo end
