/*
 * The line that is being edited, as it is seen: prompt and text over as many
 * rows as they need. Only the part that changed is written again.
 *
 * It speaks to descriptor 2 in the language that every terminal since the
 * VT100 knows (ECMA-48: cursor up, down, right, erase below, erase line), and
 * relies on nothing but that the cursor goes to the next row behind the last
 * column. Control characters are shown as ^X and bytes that are no character
 * as <ff>. A text with more rows than the terminal has is seen in part.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Asks for the terminal's size; true when it has changed. */
bool screen_measure(void);
/* What the terminal says about its size itself. */
void screen_set_size(size_t rows, size_t cols);
size_t screen_columns(void);
/* Prints a prompt: nothing is drawn behind it yet. */
void screen_begin(const char *prompt);
/*
 * Shows text with the cursor before byte pos. What stands before byte from is
 * as it was at the last call, in text and on the screen.
 */
void screen_draw(const char *text, size_t len, size_t pos, size_t from);
/* The same with another prompt, or on an erased terminal: all of it. */
void screen_redraw(const char *prompt, const char *text, size_t len,
		   size_t pos);
void screen_clear(void);
/* After the terminal may have got another size. */
void screen_resize(const char *text, size_t len, size_t pos);
/* Puts the cursor behind the text and writes after. */
void screen_leave(const char *text, size_t len, const char *after);
/* Writes something beside the line; the line is then to be begun again. */
void screen_put(const char *s, size_t len);
void screen_puts(const char *s);
void screen_flush(void);
void screen_bell(void);
/* A name as it may be shown, and its columns. */
size_t screen_put_name(const char *name, bool show);
