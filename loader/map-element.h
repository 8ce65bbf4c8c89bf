/* SPDX-License-Identifier: BSD-3-Clause
 *
 * map-element.h -- an element of a map on its way between the map and text. As JSON it is
 *
 *	{"key":K,"value":V}                  "key" only where there are keys
 *	{"key":K,"values":[V,...],"sum":S}   per CPU: a value of each worker and one of the host;
 *	                                     the sum where values are numbers
 *
 * The element keeps the map; it does not need the object any more.
 */
#ifndef LOADER_MAP_ELEMENT_H
#define LOADER_MAP_ELEMENT_H

#include "control.h"
#include "layout.h"

struct map_element {
	struct ebpf_map *map;
	const char *name;                 /* the map's */
	struct ebpf_layout *key_layout;   /* NULL: no keys */
	struct ebpf_layout *value_layout; /* of one value */
	uint8_t *key;                     /* NULL: no keys */
	uint8_t *value;                   /* ebpf_map__value_bytes() */
	uint8_t *sum;                     /* room for one; NULL: there is no sum */
	uint32_t slots, stride;           /* values and the bytes from one to the next */
	bool is_percpu;
};

/* After a failure there is nothing to close. */
int map_element__open(struct map_element *e, const struct control_map *m, char **errmsg);
void map_element__close(struct map_element *e);

/* Key and value as members of an object that is open. */
void map_element__print(struct map_element *e, struct ebpf_json *t);
/* From such an object, which is written over; "value" alone is every worker's, "sum" is not looked
 * at. */
int map_element__parse(struct map_element *e, char *text, char **errmsg);

/* `value` is the first; now it is all. */
void map_element__spread_value(struct map_element *e);

/* 0, or what the map said with a sentence that names it. */
int map_element__lookup(struct map_element *e, char **errmsg);
int map_element__update(struct map_element *e, uint64_t flags, char **errmsg);
int map_element__delete(struct map_element *e, char **errmsg);

/* Calls fn for every element of the map, until it fails. The map goes on meanwhile: what is put in
 * or taken out during the walk may be met or not. */
typedef int (*map_element_fn)(void *user, struct map_element *e, char **errmsg);
int map_element__walk(struct map_element *e, map_element_fn fn, void *user, char **errmsg);

#endif
