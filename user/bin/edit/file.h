/*
 * The file behind the text: reading it, saving it so that either the old or
 * the new text is there whatever happens, and rescuing the text when the
 * editor is ended from outside.
 */
#pragma once

#include <stddef.h>

extern char *file_name; /* NULL: none yet */
extern int file_new;    /* there was none of that name */
extern int file_locked; /* it may not be written to */

/* Read it; ends the program with a message where that is not possible. */
void file_open(const char *name);

/*
 * Is what would be written over what was read (or saved here) last?  NULL, or
 * what to ask before: "X is there", "X has changed on the disk".
 */
const char *file_question(const char *name);

/*
 * Save the text under that name, which becomes the file's.  0, or -1 with a
 * message: then the old file is as it was, unless the message says otherwise.
 */
int file_save(const char *name, char *message, size_t size);

/*
 * Write the text next to the file as NAME.save, or NAME.save.1 and so on, or
 * where else it is possible.  Returns the name, or NULL and errno.
 */
const char *file_rescue(void);
/* Is there one that is newer than the file?  Its name, or NULL. */
const char *file_rescued(void);
