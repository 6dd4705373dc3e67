/*
 * What is typed: keys, pasted text, and the signals that come meanwhile.
 */
#pragma once

enum {
	/* 1..31 and 127 are the control keys themselves. */
	KEY_TEXT = 256, /* key_text holds a character, or what was pasted */
	KEY_UP,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_DELETE,
	KEY_WORD_LEFT,
	KEY_WORD_RIGHT,
	KEY_TOP,
	KEY_BOTTOM,
	KEY_HELP,
	KEY_NEXT,
	KEY_ESCAPE,
	KEY_WINDOW, /* it has another size, or we were stopped */
	KEY_DEATH,  /* the end is ordered: key_signal */
	KEY_UNKNOWN
};

extern const char *key_text;
extern unsigned int key_text_len;
extern int key_signal;

/* From here on the signals wait until a key is waited for. */
void key_begin(void);
/* The next key. */
int key_get(void);
/* Is there one already? */
int key_waits(void);
