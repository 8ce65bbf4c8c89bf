/* SPDX-License-Identifier: BSD-3-Clause
 *
 * drivers.h -- the loops that this build can put a program into, by name; and a list of words.
 */
#ifndef XDPK_VM_DRIVERS_H
#define XDPK_VM_DRIVERS_H

#include "ebpf-program.h"

#define KERNEL_DRIVER "kernel" /* gpu-offload's, which is made by other calls */

/* The name of the i-th; NULL after the last. */
const char *drivers__name(size_t i);
/* "none" is *driver without a name; a file that ends in .bc is read, and stays; so must its
 * name. */
int drivers__find(struct ebpf_driver *driver, const char *name, char **errmsg);

#define MAX_WORDS 8

/* "a,b,c" cut at its commas; the words live in `text`. */
struct words {
	char *text;
	const char *word[MAX_WORDS];
	unsigned n;
};

int words__cut(struct words *w, const char *option, const char *text, char **errmsg);
void words__release(struct words *w);

#endif
