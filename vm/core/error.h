/* SPDX-License-Identifier: BSD-3-Clause
 *
 * error.h -- error sentences. `return error__set(errmsg, -EINVAL, "...", ...)`.
 */
#ifndef VM_CORE_ERROR_H
#define VM_CORE_ERROR_H

/* Stores a malloc'ed sentence in *errmsg (errmsg may be NULL; without memory *errmsg is NULL).
 * What was in *errmsg is overwritten, not freed: it may be uninitialised. Sets errno to -err
 * and gives err back. */
__attribute__((format(printf, 3, 4))) int error__set(char **errmsg, int err, const char *fmt, ...);

/* Puts "prefix: " before the sentence in *errmsg, which must be one of ours or NULL. */
__attribute__((format(printf, 2, 3))) void error__prefix(char **errmsg, const char *fmt, ...);

/* Puts a question mark for every control character: for sentences that quote what a file or a line
 * has. */
void error__make_printable(char **errmsg);

#endif
