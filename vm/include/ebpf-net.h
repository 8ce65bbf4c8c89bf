/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ebpf-net.h -- what an instance knows of the network: links, addresses, routes, rules and
 * neighbours. bpf_fib_lookup and bpf_check_mtu answer out of it; what sends packets may ask for
 * MTUs.
 *
 * It works as in Linux with a network namespace of its own, which begins without any link: an
 * address brings its local route and the one to its subnet, a link that goes takes along what
 * refers to it, tables are looked up as rules say. Numbers (route types, tables) are those of
 * <linux/rtnetlink.h>. There is one route per prefix and table, with one next hop.
 *
 * Errors: negative errno as the kernel's netlink would have it, and sentences as in ebpf-vm.h.
 * Threads: every call may run beside workers and beside other calls.
 */
#ifndef EBPF_NET_H
#define EBPF_NET_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct ebpf_instance;

struct ebpf_link {
	const char *name; /* copied */
	uint32_t ifindex; /* not 0 */
	uint32_t mtu;     /* bytes, without the Ethernet header */
	uint8_t mac[6];
	bool no_forwarding; /* net.ipv4.conf.NAME.forwarding is 0, and IPv6's */
};

/* An address, or a prefix of `length` bits. */
struct ebpf_ip {
	uint8_t family; /* AF_INET, AF_INET6; 0: none */
	uint8_t length;
	uint8_t bytes[16];
};

struct ebpf_route {
	struct ebpf_ip prefix, via, src; /* via, src: family 0 if there is none */
	uint32_t table;                  /* RT_TABLE_*; 0: main */
	uint32_t ifindex;
	uint32_t metric; /* 0: the family's default */
	uint32_t mtu;    /* 0: the link's; counts only where it is locked, as in Linux */
	bool mtu_locked;
	uint8_t type; /* RTN_*; 0: unicast */
};

/* Packets with this mark look the table up. */
struct ebpf_rule {
	uint8_t family;
	uint32_t priority; /* lower ones first; 0 is that of the table `local` */
	uint32_t mark, mask;
	uint32_t table;
};

/* Adds the link, or changes the one with that ifindex. -EEXIST: another has the name. */
int ebpf_net__set_link(struct ebpf_instance *inst, const struct ebpf_link *link, char **errmsg);
int ebpf_net__del_link(struct ebpf_instance *inst, uint32_t ifindex);
/* -ENODEV: there is none of that name. link->name is not set. */
int ebpf_net__find_link(struct ebpf_instance *inst, const char *name, struct ebpf_link *link);
/* 0: there is none with that ifindex. */
uint32_t ebpf_net__link_mtu(struct ebpf_instance *inst, uint32_t ifindex);

/* ip->length is that of the subnet. */
int ebpf_net__add_address(
	struct ebpf_instance *inst, uint32_t ifindex, const struct ebpf_ip *ip, char **errmsg);
int ebpf_net__del_address(
	struct ebpf_instance *inst, uint32_t ifindex, const struct ebpf_ip *ip, char **errmsg);

int ebpf_net__set_neighbour(struct ebpf_instance *inst, uint32_t ifindex, const struct ebpf_ip *ip,
	const uint8_t mac[6], char **errmsg);
int ebpf_net__del_neighbour(
	struct ebpf_instance *inst, uint32_t ifindex, const struct ebpf_ip *ip, char **errmsg);

/* -EEXIST: the table has the prefix, and `replace` was not wanted. */
int ebpf_net__add_route(
	struct ebpf_instance *inst, const struct ebpf_route *route, bool replace, char **errmsg);
/* -ESRCH: the table has no such prefix. */
int ebpf_net__del_route(
	struct ebpf_instance *inst, uint32_t table, const struct ebpf_ip *prefix, char **errmsg);

int ebpf_net__add_rule(struct ebpf_instance *inst, const struct ebpf_rule *rule, char **errmsg);
/* -ENOENT: there is none that is equal. */
int ebpf_net__del_rule(struct ebpf_instance *inst, const struct ebpf_rule *rule, char **errmsg);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
