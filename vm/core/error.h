/* SPDX-License-Identifier: BSD-3-Clause
 *
 * error.h -- error sentences. `return error__set(errmsg, -EINVAL, "...", ...)`.
 */
#ifndef VM_CORE_ERROR_H
#define VM_CORE_ERROR_H

/* Stores a malloc'ed sentence in *errmsg (errmsg may be NULL; without memory *errmsg is NULL),
 * freeing one that is there. Sets errno to -err; gives err back. */
__attribute__((format(printf, 3, 4))) int error__set(char **errmsg, int err, const char *fmt, ...);

#endif
