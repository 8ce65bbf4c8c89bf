/* SPDX-License-Identifier: BSD-3-Clause
 *
 * specs.h -- all commands that a line can begin with, xdpk's and xdpkctl's own, without what they
 * do: help, completion and the manual page are made of them.
 */
#ifndef XDPKCTL_SPECS_H
#define XDPKCTL_SPECS_H

#include "loader/control-spec.h"

/* Ends with NULL words. */
extern const struct control_spec specs[];

/* NULL with *errmsg that says what there is. n_name: how many words the name has. */
const struct control_spec *specs__find(
	const struct control_words *line, int *n_name, char **errmsg);
/* Does the command begin with that word? */
bool spec__is_about(const struct control_spec *spec, const char *word);

#endif
