/* SPDX-License-Identifier: BSD-3-Clause
 *
 * layout.h -- what the bytes of a key or a value mean: a tree made once of BTF types, in which
 * every place is checked, and by which value.h goes from bytes to text and back.
 *
 *	struct flow {                          STRUCT 12
 *		__be32 src;                      0 src    IPV4
 *		__be16 port;                     4 port   NUMBER 2, of the network
 *		__u8 flags[2];                   6 flags  ARRAY 2 of NUMBER 1
 *		enum state state;                8 state  ENUM 4
 *	};
 *
 * Names say what BTF's numbers do not: __be16, __be32, struct in_addr, struct in6_addr; six bytes
 * in an array are a MAC address, sixteen or __be32[4] an IPv6 address, char[] is text. Members of
 * unnamed structs and unions belong to the struct around them.
 *
 * A tree owns all it holds: it outlives the BTF. What no tree can say (floats, types that do
 * not fit the size, thousands of members) is BYTES.
 */
#ifndef LOADER_LAYOUT_H
#define LOADER_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct btf;

enum ebpf_layout_kind {
	EBPF_LAYOUT_BYTES, /* nothing is known */
	EBPF_LAYOUT_NUMBER,
	EBPF_LAYOUT_BOOL,
	EBPF_LAYOUT_ENUM,
	EBPF_LAYOUT_TEXT, /* char[] */
	EBPF_LAYOUT_IPV4,
	EBPF_LAYOUT_IPV6,
	EBPF_LAYOUT_MAC,
	EBPF_LAYOUT_PREFIX, /* an LPM trie's key: length, then an IPv4 or IPv6 address */
	EBPF_LAYOUT_STRUCT, /* or union: then members overlap */
	EBPF_LAYOUT_ARRAY,
};

struct ebpf_layout_constant { /* of an enumeration */
	char *name;
	int64_t value; /* of an unsigned one, the bits */
};

struct ebpf_layout {
	enum ebpf_layout_kind kind;
	char *name;      /* of a member; NULL: none */
	uint32_t offset; /* bytes, in what is around it */
	uint32_t size;   /* bytes */
	uint8_t bit;     /* bit-fields: the first bit, from `offset` on; */
	uint8_t bits;    /* and how many, or 0: no bit-field */
	bool is_signed;
	bool is_network;             /* NUMBER: most significant byte first */
	uint32_t n;                  /* members; elements; constants */
	struct ebpf_layout *members; /* STRUCT: n. ARRAY: one, what each element is like. Of a
				   PREFIX: as in STRUCT, or none */
	struct ebpf_layout_constant *constants; /* ENUM */
	uint8_t *padding; /* of a whole STRUCT or ARRAY: bits of no member; NULL: none */
};

/* A type of `size` bytes; `btf` NULL or `type` 0: not known. NULL without memory. */
struct ebpf_layout *ebpf_layout__make(const struct btf *btf, uint32_t type, uint32_t size);
/* A number in the machine's order, of 1, 2, 4 or 8 bytes, as keys of arrays are. */
struct ebpf_layout *ebpf_layout__make_number(uint32_t size);
/* A struct without members yet, and a member more: false without memory. A member that does
 * not fit is left out. */
struct ebpf_layout *ebpf_layout__make_struct(uint32_t size);
bool ebpf_layout__add_member(struct ebpf_layout *l, const struct btf *btf, uint32_t type,
	const char *name, uint32_t offset, uint32_t size);
/* The key of an LPM trie, if it is no more than a length and an address. */
void ebpf_layout__set_prefix(struct ebpf_layout *l);
void ebpf_layout__free(struct ebpf_layout *l); /* NULL is fine */

/* Do both mean the same? If not, *errmsg is -EINVAL's sentence: where they differ, and how `b`
 * is and `a` was. */
int ebpf_layout__compare(const struct ebpf_layout *a, const struct ebpf_layout *b, char **errmsg);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
