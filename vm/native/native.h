/* SPDX-License-Identifier: BSD-3-Clause
 *
 * native.h -- maps a compiled object into executable memory, without LLVM.
 *
 * The object is untrusted input: every offset, size, symbol and relocation is checked before
 * it is used. Sections are laid out in one memfd image; relocations are applied while it is
 * writable; then it is mapped again, code read+execute, data read or read+write: no page is
 * ever writable and executable. Undefined symbols go through the image's own GOT, so nothing
 * assumes that anything lies within 2 GB of the image.
 */
#ifndef VM_NATIVE_NATIVE_H
#define VM_NATIVE_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct native_image;

/* Gives the address of an undefined symbol; false if there is none. */
typedef bool (*native_resolve_fn)(void *user, const char *symbol, uint64_t *address);

/* `name` is the program's, for who looks at images from outside (observer.h). */
struct native_image *native_image__load(const char *name, const uint8_t *elf, size_t size,
	native_resolve_fn resolve, void *user, char **errmsg);
/* A defined global function, or NULL. */
void *native_image__symbol(const struct native_image *img, const char *name);
size_t native_image__bytes(const struct native_image *img);
void native_image__unload(struct native_image *img);

/* The process's functions that compiled code may call (memcpy, the runtime's cold parts). */
bool native_symbols__find(const char *symbol, uint64_t *address);

#endif
