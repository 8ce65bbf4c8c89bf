/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-net.c -- the commands about links, addresses, routes, rules and neighbours. After what
 * a command is about come attributes, a word and its value, in any order: a table says where each
 * value goes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <ebpf-net.h>

#include "../vm/core/error.h"
#include "control-internal.h"

struct line {
	struct ebpf_instance *inst;
	struct control_words *words;
	char **errmsg;
};

struct attribute {
	const char *word;
	int (*parse)(struct line *l, void *to);
	size_t offset; /* of what it sets, in the command's arguments */
};

static int unexpected(struct line *l, const struct attribute *table, const char *got)
{
	char known[160] = "";
	size_t n = 0;

	for (const struct attribute *a = table; a->word && n < sizeof(known); a++)
		n += (size_t)snprintf(
			known + n, sizeof(known) - n, "%s%s", a == table ? "" : ", ", a->word);
	return error__set(l->errmsg, -EINVAL, "unexpected '%s', expected one of: %s", got, known);
}

static int parse_attributes(struct line *l, const struct attribute *table, void *args)
{
	int err = 0;

	while (l->words->n && !err) {
		const char *word = control_words__next(l->words);
		const struct attribute *a = table;

		while (a->word && strcmp(a->word, word) != 0)
			a++;
		err = a->word ? a->parse(l, (uint8_t *)args + a->offset)
			      : unexpected(l, table, word);
	}
	return err;
}

/* --- values ---------------------------------------------------------------------------------- */

static int parse_number(struct line *l, void *to)
{
	return control_words__want_number(l->words, "a number", to, l->errmsg);
}

static int parse_mac(struct line *l, void *to)
{
	const char *word = control_words__want(l->words, "a MAC address", l->errmsg);
	unsigned b[6];
	uint8_t *mac = to;
	int end = 0;

	if (!word)
		return -EINVAL;
	if (sscanf(word, "%2x:%2x:%2x:%2x:%2x:%2x%n", b, b + 1, b + 2, b + 3, b + 4, b + 5, &end) !=
			6 ||
		word[end])
		return error__set(l->errmsg, -EINVAL, "expected a MAC address, got '%s'", word);
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return 0;
}

/* on, off; what is set is whether it is off */
static int parse_off(struct line *l, void *to)
{
	if (control_words__take(l->words, "on"))
		*(bool *)to = false;
	else if (control_words__take(l->words, "off"))
		*(bool *)to = true;
	else
		return error__set(l->errmsg, -EINVAL, "expected 'on' or 'off'");
	return 0;
}

static int parse_link(struct line *l, void *ifindex)
{
	const char *name = control_words__want(l->words, "an interface", l->errmsg);
	struct ebpf_link link;

	if (!name)
		return -EINVAL;
	if (ebpf_net__find_link(l->inst, name, &link))
		return error__set(l->errmsg, -ENODEV, "there is no interface %s", name);
	*(uint32_t *)ifindex = link.ifindex;
	return 0;
}

/* ADDR or ADDR/LEN */
static bool read_ip(const char *word, struct ebpf_ip *ip)
{
	char text[64];
	const char *slash = strchr(word, '/');
	size_t len = slash ? (size_t)(slash - word) : strlen(word);
	uint64_t bits;

	if (len >= sizeof(text))
		return false;
	memcpy(text, word, len);
	text[len] = 0;
	*ip = (struct ebpf_ip){.family = strchr(text, ':') ? AF_INET6 : AF_INET};
	if (inet_pton(ip->family, text, ip->bytes) != 1)
		return false;
	bits = ip->family == AF_INET ? 32 : 128;
	if (slash && (!control__parse_number(slash + 1, false, &bits) ||
			     bits > (ip->family == AF_INET ? 32 : 128)))
		return false;
	ip->length = (uint8_t)bits;
	return true;
}

static int want_ip(struct line *l, struct ebpf_ip *ip, const char *what)
{
	const char *word = control_words__want(l->words, what, l->errmsg);

	if (!word)
		return -EINVAL;
	return read_ip(word, ip)
		       ? 0
		       : error__set(l->errmsg, -EINVAL, "expected %s, got '%s'", what, word);
}

static int parse_ip(struct line *l, void *to)
{
	/* iproute2's word for a gateway of the other family. */
	control_words__take(l->words, "inet6");
	return want_ip(l, to, "an address");
}

static int parse_table(struct line *l, void *to)
{
	static const struct {
		const char *name;
		uint32_t id;
	} names[] = {
		{"main", RT_TABLE_MAIN}, {"local", RT_TABLE_LOCAL}, {"default", RT_TABLE_DEFAULT}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!control_words__take(l->words, names[i].name))
			continue;
		*(uint32_t *)to = names[i].id;
		return 0;
	}
	return control_words__want_number(l->words, "a table", to, l->errmsg);
}

/* --- links ----------------------------------------------------------------------------------- */

static const struct attribute link_attributes[] = {
	{"ifindex", parse_number, offsetof(struct ebpf_link, ifindex)},
	{"mac", parse_mac, offsetof(struct ebpf_link, mac)},
	{"address", parse_mac, offsetof(struct ebpf_link, mac)},
	{"mtu", parse_number, offsetof(struct ebpf_link, mtu)},
	{"forwarding", parse_off, offsetof(struct ebpf_link, no_forwarding)},
	{0},
};

static int tell_change(struct control_context *c, int err)
{
	if (!err && c->changed)
		c->changed(c->dataplane, CONTROL_CHANGED_LINKS);
	return err;
}

int control__add_link(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	struct ebpf_link link = {.mtu = 1500}, other;
	int err;

	link.name = control_words__want(w, "an interface's name", errmsg);
	if (!link.name)
		return -EINVAL;
	if (!ebpf_net__find_link(c->instance, link.name, &other))
		return error__set(errmsg, -EEXIST, "there is an interface %s", link.name);
	err = parse_attributes(&l, link_attributes, &link);
	if (!err && !link.ifindex)
		err = error__set(errmsg, -EINVAL, "expected 'ifindex', got the end of the line");
	if (!err)
		err = ebpf_net__set_link(c->instance, &link, errmsg);
	return tell_change(c, err);
}

int control__set_link(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	const char *name = control_words__want(w, "an interface", errmsg);
	struct ebpf_link link;
	uint32_t before;
	int err;

	if (!name)
		return -EINVAL;
	if (ebpf_net__find_link(c->instance, name, &link))
		return error__set(errmsg, -ENODEV, "there is no interface %s", name);
	before = link.ifindex;
	link.name = name;
	err = parse_attributes(&l, link_attributes, &link);
	if (!err && link.ifindex != before)
		err = error__set(errmsg, -EBUSY, "interface %s keeps its ifindex", name);
	if (!err)
		err = ebpf_net__set_link(c->instance, &link, errmsg);
	return tell_change(c, err);
}

int control__del_link(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	uint32_t ifindex = 0;
	int err = parse_link(&l, &ifindex);

	if (!err)
		err = control_words__end(w, errmsg);
	if (!err)
		err = ebpf_net__del_link(c->instance, ifindex);
	return tell_change(c, err);
}

/* --- addresses and neighbours ---------------------------------------------------------------- */

struct station {
	uint32_t ifindex;
	uint8_t mac[6];
};

static const struct attribute address_attributes[] = {
	{"dev", parse_link, offsetof(struct station, ifindex)},
	{0},
};

static const struct attribute neighbour_attributes[] = {
	{"dev", parse_link, offsetof(struct station, ifindex)},
	{"lladdr", parse_mac, offsetof(struct station, mac)},
	{0},
};

/* ADDR, then attributes, `dev` among them. */
static int parse_station(struct line *l, const struct attribute *attributes, const char *what,
	struct ebpf_ip *ip, struct station *s)
{
	int err = want_ip(l, ip, what);

	*s = (struct station){0};
	if (!err)
		err = parse_attributes(l, attributes, s);
	if (!err && !s->ifindex)
		err = error__set(l->errmsg, -EINVAL, "expected 'dev', got the end of the line");
	return err;
}

int control__add_address(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	struct station s;
	struct ebpf_ip ip;
	int err = parse_station(&l, address_attributes, "an address with its prefix", &ip, &s);

	return err ? err : ebpf_net__add_address(c->instance, s.ifindex, &ip, errmsg);
}

int control__del_address(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	struct station s;
	struct ebpf_ip ip;
	int err = parse_station(&l, address_attributes, "an address with its prefix", &ip, &s);

	return err ? err : ebpf_net__del_address(c->instance, s.ifindex, &ip, errmsg);
}

int control__add_neighbour(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	struct station s;
	struct ebpf_ip ip;
	int err = parse_station(&l, neighbour_attributes, "an address", &ip, &s);

	return err ? err : ebpf_net__set_neighbour(c->instance, s.ifindex, &ip, s.mac, errmsg);
}

int control__del_neighbour(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	struct station s;
	struct ebpf_ip ip;
	int err = parse_station(&l, neighbour_attributes, "an address", &ip, &s);

	return err ? err : ebpf_net__del_neighbour(c->instance, s.ifindex, &ip, errmsg);
}

/* --- routes ---------------------------------------------------------------------------------- */

/* mtu N, or mtu lock N: only that counts, as in Linux. */
static int parse_route_mtu(struct line *l, void *to)
{
	struct ebpf_route *route = to;

	route->mtu_locked = control_words__take(l->words, "lock");
	return parse_number(l, &route->mtu);
}

static const struct attribute route_attributes[] = {
	{"via", parse_ip, offsetof(struct ebpf_route, via)},
	{"dev", parse_link, offsetof(struct ebpf_route, ifindex)},
	{"src", parse_ip, offsetof(struct ebpf_route, src)},
	{"metric", parse_number, offsetof(struct ebpf_route, metric)},
	{"mtu", parse_route_mtu, 0},
	{"table", parse_table, offsetof(struct ebpf_route, table)},
	{0},
};

static const struct attribute route_place[] = {
	{"table", parse_table, offsetof(struct ebpf_route, table)},
	{0},
};

static uint8_t parse_route_type(struct line *l)
{
	static const struct {
		const char *word;
		uint8_t type;
	} types[] = {{"unicast", RTN_UNICAST}, {"local", RTN_LOCAL}, {"broadcast", RTN_BROADCAST},
		{"anycast", RTN_ANYCAST}, {"multicast", RTN_MULTICAST},
		{"blackhole", RTN_BLACKHOLE}, {"unreachable", RTN_UNREACHABLE},
		{"prohibit", RTN_PROHIBIT}, {"throw", RTN_THROW}};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (control_words__take(l->words, types[i].word))
			return types[i].type;
	return RTN_UNICAST;
}

/* PREFIX and attributes. `default` is of the gateway's family. */
static int parse_route(struct line *l, const struct attribute *attributes, struct ebpf_route *route)
{
	bool is_default;
	int err = 0;

	*route = (struct ebpf_route){.type = parse_route_type(l)};
	is_default = control_words__take(l->words, "default");
	if (!is_default)
		err = want_ip(l, &route->prefix, "a prefix");
	if (!err)
		err = parse_attributes(l, attributes, route);
	if (is_default)
		route->prefix.family = route->via.family ? route->via.family : AF_INET;
	return err;
}

int control__add_route(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	struct ebpf_route route;
	int err = parse_route(&l, route_attributes, &route);

	return err ? err : ebpf_net__add_route(c->instance, &route, false, errmsg);
}

int control__replace_route(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	struct ebpf_route route;
	int err = parse_route(&l, route_attributes, &route);

	return err ? err : ebpf_net__add_route(c->instance, &route, true, errmsg);
}

int control__del_route(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	struct ebpf_route route;
	int err = parse_route(&l, route_place, &route);

	return err ? err : ebpf_net__del_route(c->instance, route.table, &route.prefix, errmsg);
}

/* --- rules ----------------------------------------------------------------------------------- */

/* MARK or MARK/MASK */
static int parse_mark(struct line *l, void *to)
{
	const char *word = control_words__want(l->words, "a mark", l->errmsg);
	struct ebpf_rule *rule = to;
	char text[32];
	uint64_t mark, mask = UINT32_MAX;
	const char *slash;

	if (!word)
		return -EINVAL;
	slash = strchr(word, '/');
	snprintf(text, sizeof(text), "%.*s", slash ? (int)(slash - word) : 31, word);
	if (!control__parse_number(text, false, &mark) || mark > UINT32_MAX ||
		(slash && !control__parse_number(slash + 1, false, &mask)) || mask > UINT32_MAX)
		return error__set(l->errmsg, -EINVAL, "expected a mark, got '%s'", word);
	rule->mark = (uint32_t)mark;
	rule->mask = (uint32_t)mask;
	return 0;
}

static const struct attribute rule_attributes[] = {
	{"pref", parse_number, offsetof(struct ebpf_rule, priority)},
	{"fwmark", parse_mark, 0},
	{"table", parse_table, offsetof(struct ebpf_rule, table)},
	{"lookup", parse_table, offsetof(struct ebpf_rule, table)},
	{0},
};

static int parse_rule(struct line *l, struct ebpf_rule *rule)
{
	int err;

	*rule = (struct ebpf_rule){
		.family = control_words__take(l->words, "inet6") ? AF_INET6 : AF_INET};
	err = parse_attributes(l, rule_attributes, rule);
	if (!err && !rule->table)
		err = error__set(l->errmsg, -EINVAL, "expected 'table', got the end of the line");
	return err;
}

int control__add_rule(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	struct ebpf_rule rule;
	int err = parse_rule(&l, &rule);

	return err ? err : ebpf_net__add_rule(c->instance, &rule, errmsg);
}

int control__del_rule(struct control_context *c, struct control_words *w, char **errmsg)
{
	struct line l = {c->instance, w, errmsg};
	struct ebpf_rule rule;
	int err = parse_rule(&l, &rule);

	return err ? err : ebpf_net__del_rule(c->instance, &rule, errmsg);
}
