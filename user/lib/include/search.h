/* Looking things up: in a list, a tree, a table; and linking a list. */
#pragma once

#include <stddef.h>

/* A table of words, of which there is one. A key is the caller's and stays his.
 */
typedef struct entry {
	char *key;
	void *data;
} ENTRY;
typedef enum { FIND, ENTER } ACTION;

typedef enum { preorder, postorder, endorder, leaf } VISIT;

/* Room for so many at least; 0 and ENOMEM, or EINVAL when there is one. */
int hcreate(size_t n);
void hdestroy(void);
/* ENTER gives what has the key already, or puts it there; NULL: ESRCH, ENOMEM.
 */
ENTRY *hsearch(ENTRY item, ACTION action);

/* A tree in order of cmp. What is given points at a node, which begins with the
 * key; tdelete gives the node above, the tree's root for the root. */
void *tsearch(const void *key, void **root,
	      int (*cmp)(const void *, const void *));
void *tfind(const void *key, void *const *root,
	    int (*cmp)(const void *, const void *));
void *tdelete(const void *restrict key, void **restrict root,
	      int (*cmp)(const void *, const void *));
void twalk(const void *root, void (*action)(const void *, VISIT, int));

void *lfind(const void *key, const void *base, size_t *n, size_t size,
	    int (*cmp)(const void *, const void *));
void *lsearch(const void *key, void *base, size_t *n, size_t size,
	      int (*cmp)(const void *, const void *));

/* Elements begin with two pointers: to the next one, and to the one before. */
void insque(void *element, void *before);
void remque(void *element);
