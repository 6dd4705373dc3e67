/*
 * What is seen: a window of the text, a line that says where one is, and one
 * for the keys or a message.
 *
 * Each line takes one row; only the cursor's own goes sideways when it is
 * longer. What a row shows is kept, so that only what is different is sent:
 * the terminal may be at the end of a slow line.
 */
#pragma once

#include "user/bin/edit/text.h"

#define TAB 8

extern int screen_rows; /* of the text */

/* The terminal to keys without lines; and as it was. */
void screen_begin(void);
void screen_end(void);
/* The window may have another size, or show anything. */
void screen_again(void);

/*
 * Show it. [cursor, hit) is shown inverse if hit is behind it. `bottom` is
 * the last row; NULL: the keys. `typed` stands behind it, with the cursor
 * behind that; NULL: the cursor is in the text.
 */
void screen_draw(struct place cursor, struct place hit, const char *bottom,
		 const char *typed);
/* A whole page of help; the next screen_draw() replaces it. */
void screen_page(const char *text);

/* The column of a place in its line; the place of a column. */
size_t screen_column(struct place p);
size_t screen_place(size_t line, size_t column);
