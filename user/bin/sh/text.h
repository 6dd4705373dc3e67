/*
 * A command as text again, for the list of jobs. Long here-documents and
 * the like are left out: it is for a person to recognise the command.
 */
#pragma once

struct node;

/* From the heap. */
char *text_of_node(const struct node *n);
