# Changes of every kind on the disk that is here, in $1 steps. Each ends with
# something that has to last: test_crash.py knows what, and when.
i=0
while [ $i -lt $1 ]; do
	i=$((i + 1))
	d=d$((i % 4)) e=e$((i % 3))
	mkdir -p $d $e
	seq $i 2500 >$d/s$i
	cp /bin/echo $d/echo$i
	ln $d/echo$i $e/hard$i
	mv $d/s$i $e/moved$i
	ln -s ../$e/moved$i $d/soft$i
	echo more >>$e/hard$i
	case $((i % 5)) in
	1)	rm $d/echo$i ;;
	2)	rm -r e$((i / 2 % 3)) ;;
	3)	for j in 1 2 3 4 5 6 7 8 9; do echo $j >$d/$j; done ;;
	4)	>$e/moved$i; mv $d $e/$d$i ;;
	esac
	{ echo mark $i; seq 1 $((i * 100)); } >mark$i
	echo $i >>log
	echo $i >new
	case $((i % 3)) in
	0)	mv new current; sync ;;
	1)	sync new; mv new current; sync log mark$i . ;;
	2)	sync -d new; mv new current; sync -d mark$i log; sync . ;;
	esac || exit 1
done
