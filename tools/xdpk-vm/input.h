/* SPDX-License-Identifier: BSD-3-Clause
 *
 * input.h -- bytes and text from the command line, files and standard input.
 */
#ifndef XDPK_VM_INPUT_H
#define XDPK_VM_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole of a file, "-" for standard input, with a NUL behind it; malloc'ed. */
int input__file(const char *path, uint8_t **bytes, size_t *n, char **errmsg);

/* "01 ff 80": pairs of hex digits, with or without space between them; *bytes is malloc'ed. */
int input__hex(const char *text, uint8_t **bytes, size_t *n, char **errmsg);

/* "-" for standard input, a file, or the hex itself. What a file holds is hex if it can be,
 * bytes otherwise. */
int input__bytes(const char *arg, uint8_t **bytes, size_t *n, char **errmsg);

bool input__is_elf(const uint8_t *bytes, size_t n);

/* -EINVAL: an object file, which is to be run or printed otherwise. */
int input__check_bytecode(const uint8_t *bytes, size_t n, char **errmsg);

#endif
