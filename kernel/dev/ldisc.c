/*
 * See ldisc.h. The rules are POSIX's chapter 11 (General Terminal Interface);
 * where it leaves a choice, this does what Linux programs are used to.
 *
 * Echo is made while input arrives, in the interrupt handler, and goes through
 * the same treatment as output. The position of the cursor is counted so that
 * a tab can be rubbed out.
 */
#include "kernel/dev/ldisc.h"

#include "kernel/bits.h"
#include "kernel/string.h"

#define CTRL(c)  ((c)&0x1f)
#define DISABLED 0 /* a control character that is switched off */
#define DEL      0x7f

/* Flags that do something here. The speed and format of a line (c_cflag) are
 * its driver's. */
#define KNOWN_IFLAG                                                            \
	(IGNBRK | BRKINT | IGNPAR | PARMRK | INPCK | ISTRIP | INLCR | IGNCR |  \
	 ICRNL | IUCLC | IXON | IXANY | IXOFF | IMAXBEL | IUTF8)
#define KNOWN_OFLAG (OPOST | OLCUC | ONLCR | OCRNL | ONOCR | ONLRET)
#define KNOWN_LFLAG                                                            \
	(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | NOFLSH | TOSTOP |     \
	 ECHOCTL | ECHOPRT | ECHOKE | IEXTEN)

_Static_assert((LDISC_IN_MIN & (LDISC_IN_MIN - 1)) == 0, "a power of two");
_Static_assert(LDISC_IN_MIN > LDISC_LINE_MAX, "a line fits with its end");

static unsigned char *at(const struct ldisc *l, uint32_t pos)
{
	return &l->ring.in[pos & (l->ring.size - 1)];
}

static bool is_end(const struct ldisc *l, uint32_t pos)
{
	pos &= l->ring.size - 1;
	return l->ring.end[pos / 64] >> (pos % 64) & 1;
}

/* Puts a byte; end: a read ends behind it. */
static void put_at(struct ldisc *l, uint32_t pos, unsigned char c, bool end)
{
	pos &= l->ring.size - 1;
	l->ring.in[pos] = c;
	if (end)
		l->ring.end[pos / 64] |= BIT(pos % 64);
	else
		l->ring.end[pos / 64] &= ~BIT(pos % 64);
}

static bool has(const struct ldisc *l, tcflag_t lflag)
{
	return l->tio.c_lflag & lflag;
}

void ldisc_init(struct ldisc *l)
{
	static const cc_t cc[NCCS] = {
		[VINTR] = CTRL('C'),    [VQUIT] = CTRL('\\'),
		[VERASE] = DEL,         [VKILL] = CTRL('U'),
		[VEOF] = CTRL('D'),     [VMIN] = 1,
		[VSTART] = CTRL('Q'),   [VSTOP] = CTRL('S'),
		[VSUSP] = CTRL('Z'),    [VREPRINT] = CTRL('R'),
		[VDISCARD] = CTRL('O'), [VWERASE] = CTRL('W'),
		[VLNEXT] = CTRL('V'),
	};

	memset(l, 0, sizeof(*l));
	l->tio.c_iflag = ICRNL | IXON | IUTF8;
	l->tio.c_oflag = OPOST | ONLCR;
	l->tio.c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL;
	l->tio.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL |
			 ECHOKE | IEXTEN;
	memcpy(l->tio.c_cc, cc, sizeof(cc));
	l->ispeed = l->ospeed = 115200;
}

struct ldisc_ring ldisc_use(struct ldisc *l, struct ldisc_ring ring)
{
	struct ldisc old = *l;

	l->ring = ring;
	for (uint32_t i = l->rd; i != l->wr; i++)
		put_at(l, i, *at(&old, i), is_end(&old, i));
	return old.ring;
}

/* ---- output ---- */

static bool is_continuation(const struct ldisc *l, unsigned char c)
{
	return (l->tio.c_iflag & IUTF8) && (c & 0xc0) == 0x80;
}

unsigned ldisc_output(struct ldisc *l, const unsigned char *src, unsigned n,
		      unsigned char *dst, unsigned room, unsigned *made)
{
	tcflag_t of = l->tio.c_oflag;
	unsigned used = 0, out = 0;

	if (!(of & OPOST)) {
		*made = MIN(n, room);
		memcpy(dst, src, *made);
		return *made;
	}
	while (used < n && out < room) {
		unsigned char c = src[used];
		unsigned pad;

		switch (c) {
		case '\n':
			if (of & ONLCR) {
				if (room - out < 2)
					goto full;
				dst[out++] = '\r';
			}
			if (of & (ONLCR | ONLRET))
				l->column = 0;
			break;
		case '\r':
			if ((of & ONOCR) && l->column == 0) {
				used++;
				continue;
			}
			if (of & OCRNL)
				c = '\n';
			if (c == '\r' || of & ONLRET)
				l->column = 0;
			break;
		case '\t':
			pad = 8 - l->column % 8;
			if ((of & TABDLY) == XTABS) {
				if (room - out < pad)
					goto full;
				memset(dst + out, ' ', pad);
				out += pad;
				l->column += pad;
				used++;
				continue;
			}
			l->column += pad;
			break;
		case '\b':
			if (l->column)
				l->column--;
			break;
		default:
			if (of & OLCUC && c >= 'a' && c <= 'z')
				c -= 'a' - 'A';
			if (c >= ' ' && c != DEL && !is_continuation(l, c))
				l->column++;
			break;
		}
		dst[out++] = c;
		used++;
	}
full:
	*made = out;
	return used;
}

/* ---- echo ---- */

static void echo_bytes(struct ldisc *l, const void *p, unsigned n)
{
	const unsigned char *src = p;
	unsigned char buf[64];

	while (n && l->echo) {
		unsigned made, used;

		used = ldisc_output(l, src, n, buf, sizeof(buf), &made);
		l->echo(l->echo_arg, buf, made);
		src += used;
		n -= used;
	}
}

static void echo_byte(struct ldisc *l, unsigned char c)
{
	echo_bytes(l, &c, 1);
}

static bool shown_as_caret(const struct ldisc *l, unsigned char c)
{
	return has(l, ECHOCTL) && c != '\t' && (c < ' ' || c == DEL);
}

/* How a typed byte looks: as itself, or control characters as ^X. */
static void echo_typed(struct ldisc *l, unsigned char c)
{
	if (shown_as_caret(l, c)) {
		echo_byte(l, '^');
		echo_byte(l, c ^ 0x40);
	} else {
		echo_byte(l, c);
	}
}

/* Columns that the line takes up to position `upto`. */
static unsigned line_end_column(const struct ldisc *l, uint32_t upto)
{
	unsigned col = l->line_column;

	for (uint32_t i = l->ready; i != upto; i++) {
		unsigned char c = *at(l, i);

		if (c == '\t')
			col += 8 - col % 8;
		else if (shown_as_caret(l, c))
			col += 2;
		else if (c >= ' ' && !is_continuation(l, c))
			col++;
	}
	return col;
}

/* ---- the line ---- */

static void line_wipe(struct ldisc *l, unsigned columns)
{
	while (columns--)
		echo_bytes(l, "\b \b", 3);
}

/* ECHOPRT's "/" behind what went, before anything else is shown. */
static void end_erasing(struct ldisc *l)
{
	if (!l->erasing)
		return;
	l->erasing = false;
	echo_byte(l, '/');
}

/* How it looks on paper: the bytes once more, behind a "\". */
static void print_erased(struct ldisc *l, uint32_t upto)
{
	if (!l->erasing)
		echo_byte(l, '\\');
	l->erasing = true;
	for (uint32_t i = l->wr; i != upto; i++)
		echo_typed(l, *at(l, i));
}

/* Takes the last character off, all its bytes. key: what is shown where a
 * screen is not wiped. */
static void line_erase_char(struct ldisc *l, bool key)
{
	uint32_t was = l->wr;
	unsigned char c;

	do {
		c = *at(l, --l->wr);
	} while (l->wr != l->ready && is_continuation(l, c));
	if (!has(l, ECHO))
		return;
	if (has(l, ECHOPRT)) {
		print_erased(l, was);
		if (l->wr == l->ready)
			end_erasing(l);
	} else if (key && !has(l, ECHOE)) {
		echo_typed(l, l->tio.c_cc[VERASE]);
	} else if (c == '\t') {
		/* It wiped what it passed over. */
		for (unsigned n = line_end_column(l, was) -
				  line_end_column(l, l->wr);
		     n; n--)
			echo_byte(l, '\b');
	} else {
		line_wipe(l, shown_as_caret(l, c) ? 2 : c >= ' ');
	}
}

/* Letters and digits, of any script. */
static bool in_word(unsigned char c)
{
	return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') ||
	       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static void line_erase_word(struct ldisc *l)
{
	while (l->wr != l->ready && !in_word(*at(l, l->wr - 1)))
		line_erase_char(l, false);
	while (l->wr != l->ready && in_word(*at(l, l->wr - 1)))
		line_erase_char(l, false);
}

static void line_kill(struct ldisc *l)
{
	if (!has(l, ECHO) ||
	    (has(l, ECHOE) && has(l, ECHOK) && has(l, ECHOKE))) {
		while (l->wr != l->ready)
			line_erase_char(l, false);
		return;
	}
	l->wr = l->ready;
	end_erasing(l);
	echo_typed(l, l->tio.c_cc[VKILL]);
	if (has(l, ECHOK))
		echo_byte(l, '\n');
}

static void line_reprint(struct ldisc *l)
{
	end_erasing(l);
	echo_typed(l, l->tio.c_cc[VREPRINT]);
	echo_byte(l, '\n');
	l->line_column = l->column;
	for (uint32_t i = l->ready; i != l->wr; i++)
		echo_typed(l, *at(l, i));
}

unsigned ldisc_free(const struct ldisc *l)
{
	return l->ring.size - (l->wr - l->rd);
}

/* Ends the line; there is always room kept for this byte. */
static unsigned line_end(struct ldisc *l, unsigned char c)
{
	if (!ldisc_free(l))
		return 0;
	end_erasing(l);
	put_at(l, l->wr++, c, true);
	l->ready = l->wr;
	l->ends++;
	l->eofs += c == 0;
	return LDISC_WAKE;
}

static unsigned no_room(struct ldisc *l)
{
	if (l->tio.c_iflag & IMAXBEL)
		echo_byte(l, '\a');
	return 0;
}

/* A byte of the line, without its echo. */
static unsigned put_byte(struct ldisc *l, unsigned char c)
{
	if (has(l, ICANON)) {
		/* The end of the line must still find a place. */
		if (l->wr - l->ready >= LDISC_LINE_MAX || ldisc_free(l) < 2)
			return no_room(l);
		put_at(l, l->wr++, c, false);
		return 0;
	}
	if (!ldisc_free(l))
		return no_room(l);
	put_at(l, l->wr++, c, false);
	l->ready = l->wr;
	return LDISC_WAKE;
}

static unsigned put_typed(struct ldisc *l, unsigned char c)
{
	unsigned column = l->column, todo = 0;
	uint32_t was;

	/* PARMRK marks bytes with 0xff, so a typed one is doubled. */
	if (c == 0xff && l->tio.c_iflag & PARMRK)
		todo = put_byte(l, c);
	was = l->wr;
	todo |= put_byte(l, c);
	if (l->wr == was || !has(l, ECHO))
		return todo;
	end_erasing(l);
	if (was == l->ready)
		l->line_column = column;
	echo_typed(l, c);
	return todo;
}

void ldisc_flush_input(struct ldisc *l)
{
	l->rd = l->ready = l->wr;
	l->ends = l->eofs = 0;
	l->literal = l->erasing = false;
}

static unsigned signal_char(struct ldisc *l, unsigned char c, unsigned what)
{
	if (!has(l, NOFLSH)) {
		ldisc_flush_input(l);
		what |= LDISC_FLUSH;
	}
	if (l->stopped) {
		l->stopped = false;
		what |= LDISC_START;
	}
	/*
	 * The echo is seen behind what is thrown away: the caller flushes
	 * first and gets the echo afterwards, from its own buffer.
	 */
	l->erasing = false;
	if (has(l, ECHO))
		echo_typed(l, c);
	return what;
}

/* 0: an ordinary byte. */
static bool is_cc(const struct ldisc *l, unsigned char c, unsigned which)
{
	return c == l->tio.c_cc[which] && c != DISABLED;
}

static bool is_erase(const struct ldisc *l, unsigned char c)
{
	cc_t e = l->tio.c_cc[VERASE];

	/* Keyboards disagree about the key, so either byte will do. */
	if (e == DEL || e == '\b')
		return c == DEL || c == '\b';
	return is_cc(l, c, VERASE);
}

static unsigned input_canonical(struct ldisc *l, unsigned char c)
{
	unsigned todo;

	if (is_erase(l, c)) {
		if (l->wr != l->ready)
			line_erase_char(l, true);
		return 0;
	}
	if (is_cc(l, c, VKILL)) {
		line_kill(l);
		return 0;
	}
	if (has(l, IEXTEN)) {
		if (is_cc(l, c, VWERASE)) {
			line_erase_word(l);
			return 0;
		}
		if (is_cc(l, c, VREPRINT) && has(l, ECHO)) {
			line_reprint(l);
			return 0;
		}
		if (c == CTRL('P') && has(l, ISIG) && l->dump_key)
			return LDISC_DUMP;
	}
	if (is_cc(l, c, VEOF))
		return line_end(l, 0);
	if (c == '\n' || is_cc(l, c, VEOL) ||
	    (has(l, IEXTEN) && is_cc(l, c, VEOL2))) {
		todo = line_end(l, c);
		if (todo && c == '\n' && (has(l, ECHO) || has(l, ECHONL)))
			echo_byte(l, c);
		else if (todo && has(l, ECHO))
			echo_typed(l, c);
		return todo;
	}
	return put_typed(l, c);
}

static unsigned input_byte(struct ldisc *l, unsigned char c)
{
	tcflag_t iflag = l->tio.c_iflag;
	unsigned todo = 0;

	if (iflag & ISTRIP)
		c &= 0x7f;
	if (iflag & IUCLC && has(l, IEXTEN) && c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (l->literal) {
		l->literal = false;
		return put_typed(l, c);
	}
	if (iflag & IXON) {
		if (is_cc(l, c, VSTART)) {
			l->stopped = false;
			return LDISC_START;
		}
		if (is_cc(l, c, VSTOP)) {
			l->stopped = true;
			return LDISC_STOP;
		}
	}
	if (has(l, ISIG)) {
		if (is_cc(l, c, VINTR))
			return signal_char(l, c, LDISC_INTR);
		if (is_cc(l, c, VQUIT))
			return signal_char(l, c, LDISC_QUIT);
		if (is_cc(l, c, VSUSP))
			return signal_char(l, c, LDISC_SUSP);
	}
	if (l->stopped && (iflag & IXON) && (iflag & IXANY)) {
		l->stopped = false;
		todo = LDISC_START;
	}
	if (c == '\r') {
		if (iflag & IGNCR)
			return todo;
		if (iflag & ICRNL)
			c = '\n';
	} else if (c == '\n' && (iflag & INLCR)) {
		c = '\r';
	}
	if (has(l, ICANON)) {
		if (has(l, IEXTEN) && is_cc(l, c, VLNEXT)) {
			l->literal = true;
			if (has(l, ECHO) && has(l, ECHOCTL))
				echo_bytes(l, "^\b", 2);
			return todo;
		}
		return todo | input_canonical(l, c);
	}
	return todo | put_typed(l, c);
}

unsigned ldisc_input(struct ldisc *l, const unsigned char *p, unsigned n)
{
	unsigned todo = 0;

	while (n--) {
		unsigned t = input_byte(l, *p++);

		/* The later of the two counts. */
		if (t & LDISC_START)
			todo &= ~LDISC_STOP;
		if (t & LDISC_STOP)
			todo &= ~LDISC_START;
		todo |= t;
	}
	return todo;
}

/* Behind the two bytes that PARMRK puts before what is no input. */
static unsigned put_marked(struct ldisc *l, unsigned char c)
{
	unsigned todo = 0;

	if (l->tio.c_iflag & PARMRK)
		todo = put_byte(l, 0xff) | put_byte(l, 0);
	return todo | put_byte(l, c);
}

unsigned ldisc_input_break(struct ldisc *l)
{
	if (l->tio.c_iflag & IGNBRK)
		return 0;
	if (!(l->tio.c_iflag & BRKINT))
		return put_marked(l, 0);
	if (has(l, NOFLSH))
		return LDISC_INTR;
	ldisc_flush_input(l);
	return LDISC_INTR | LDISC_FLUSH;
}

unsigned ldisc_input_error(struct ldisc *l, unsigned char c)
{
	if (!(l->tio.c_iflag & INPCK))
		return ldisc_input(l, &c, 1);
	if (l->tio.c_iflag & IGNPAR)
		return 0;
	return put_marked(l, l->tio.c_iflag & PARMRK ? c : 0);
}

unsigned ldisc_room(const struct ldisc *l)
{
	unsigned n = ldisc_free(l);

	/*
	 * An unfinished line that nothing readable stands before must not
	 * hold the device back: nobody could ever make room. Then what does
	 * not fit in the line is dropped instead.
	 */
	if (l->rd == l->ready)
		return l->ring.size;
	/* One is kept for the end of the line; each may become three. */
	return n < 2 ? 0 : l->tio.c_iflag & PARMRK ? (n - 1) / 3 : n - 1;
}

unsigned ldisc_readable(const struct ldisc *l)
{
	if (has(l, ICANON))
		return l->ends ? 1 : 0;
	return l->ready - l->rd;
}

unsigned ldisc_count(const struct ldisc *l)
{
	return l->ready - l->rd - (has(l, ICANON) ? l->eofs : 0);
}

unsigned ldisc_read(struct ldisc *l, unsigned char *p, unsigned n,
		    bool *line_done)
{
	bool canon = has(l, ICANON);
	unsigned got = 0;

	*line_done = false;
	while (l->rd != l->ready) {
		unsigned char c = *at(l, l->rd);
		bool end = is_end(l, l->rd);
		bool eof = end && !c;

		if (got == n && !(canon && eof))
			break;
		l->rd++;
		l->ends -= end;
		l->eofs -= eof;
		if (!(canon && eof))
			p[got++] = c;
		if (canon && end) {
			*line_done = true;
			break;
		}
	}
	return got;
}

/*
 * Raw input that nobody has read yet becomes lines, as if it were typed now:
 * whole ones can be read, the rest is the line that is edited.
 */
static void lines_find(struct ldisc *l)
{
	l->ends = l->eofs = 0;
	l->ready = l->rd;
	for (uint32_t i = l->rd; i != l->wr; i++) {
		unsigned char c = *at(l, i);
		bool eof = is_cc(l, c, VEOF);

		if (c == '\r' && (l->tio.c_iflag & ICRNL))
			c = '\n';
		put_at(l, i, eof ? 0 : c, eof || c == '\n');
		if (eof || c == '\n') {
			l->ends++;
			l->eofs += eof;
			l->ready = i + 1;
		}
	}
	l->line_column = l->column;
}

unsigned ldisc_set_termios(struct ldisc *l, const struct termios *t)
{
	bool was_canon = has(l, ICANON);
	unsigned todo = 0;

	l->tio = *t;
	l->tio.c_iflag &= KNOWN_IFLAG;
	/* Of the delays only the one that makes blanks of tabs. */
	l->tio.c_oflag &=
		KNOWN_OFLAG | ((t->c_oflag & TABDLY) == XTABS ? XTABS : 0);
	l->tio.c_lflag &= KNOWN_LFLAG;
	l->tio.c_line = 0;
	l->erasing = false;
	if (was_canon != has(l, ICANON)) {
		l->literal = false;
		if (was_canon)
			l->ready = l->wr;
		else
			lines_find(l);
		todo |= LDISC_WAKE;
	}
	if (l->stopped && !(t->c_iflag & IXON)) {
		l->stopped = false;
		todo |= LDISC_START;
	}
	return todo;
}
