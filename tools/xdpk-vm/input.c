/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "input.h"

#define MAX_INPUT (256u << 20)

static int read_all(FILE *f, const char *path, uint8_t **bytes, size_t *n, char **errmsg)
{
	size_t room = 1 << 16, used = 0;
	uint8_t *buf = NULL, *more;

	for (;;) {
		more = realloc(buf, room + 1);
		if (!more || room > MAX_INPUT) {
			free(more ? more : buf);
			return error__set(errmsg, -E2BIG, "%s: too large", path);
		}
		buf = more;
		used += fread(buf + used, 1, room - used, f);
		if (used < room)
			break;
		room *= 2;
	}
	if (ferror(f)) {
		free(buf);
		return error__set(errmsg, -EIO, "%s: cannot be read", path);
	}
	buf[used] = '\0';
	*bytes = buf;
	*n = used;
	return 0;
}

int input__file(const char *path, uint8_t **bytes, size_t *n, char **errmsg)
{
	FILE *f;
	int err;

	if (!strcmp(path, "-"))
		return read_all(stdin, "standard input", bytes, n, errmsg);
	f = fopen(path, "rb");
	if (!f)
		return error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
	err = read_all(f, path, bytes, n, errmsg);
	fclose(f);
	return err;
}

static int digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower(c) - 'a' + 10;
}

int input__hex(const char *text, uint8_t **bytes, size_t *n, char **errmsg)
{
	uint8_t *buf = malloc(strlen(text) / 2 + 1);
	size_t used = 0, len;
	const char *p;

	if (!buf)
		return error__set(errmsg, -ENOMEM, "out of memory");
	for (p = text;; p += 2) {
		p += strspn(p, " \t\r\n");
		if (!*p)
			break;
		if (digit(p[0]) < 0 || digit(p[1]) < 0) {
			free(buf);
			len = strcspn(p, " \t\r\n");
			return error__set(errmsg, -EINVAL, "not bytes in hex: %.*s",
				len < 16 ? (int)len : 16, p);
		}
		buf[used++] = digit(p[0]) << 4 | digit(p[1]);
	}
	*bytes = buf;
	*n = used;
	return 0;
}

int input__bytes(const char *arg, uint8_t **bytes, size_t *n, char **errmsg)
{
	uint8_t *content, *hex;
	size_t size, hex_size;
	int err;

	if (strcmp(arg, "-") && access(arg, F_OK)) {
		err = input__hex(arg, bytes, n, errmsg);
		if (err)
			error__prefix(errmsg, "neither a file nor hex");
		return err;
	}
	err = input__file(arg, &content, &size, errmsg);
	if (err)
		return err;
	if (!memchr(content, '\0', size) && !input__hex((char *)content, &hex, &hex_size, NULL)) {
		free(content);
		content = hex;
		size = hex_size;
	}
	*bytes = content;
	*n = size;
	return 0;
}

bool input__is_elf(const uint8_t *bytes, size_t n)
{
	return n >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0;
}

int input__check_bytecode(const uint8_t *bytes, size_t n, char **errmsg)
{
	return input__is_elf(bytes, n)
		       ? error__set(errmsg, -EINVAL,
				 "an ELF object, not raw bytecode: xdpk-replay runs it, `xdpk-vm "
				 "dump bytecode` prints it")
		       : 0;
}
