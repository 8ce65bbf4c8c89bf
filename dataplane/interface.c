/* SPDX-License-Identifier: BSD-3-Clause
 *
 * interface.c -- ask by ioctl.
 */
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "interface.h"

static int ask(const char *name, unsigned long request, struct ifreq *ifr)
{
	int err, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
	err = ioctl(fd, request, ifr);
	close(fd);
	return err;
}

uint32_t interface__mtu(const char *name)
{
	struct ifreq ifr = {0};

	return ask(name, SIOCGIFMTU, &ifr) ? 0 : (uint32_t)ifr.ifr_mtu;
}

void interface__driver(const char *name, char *driver, size_t size)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq ifr = {.ifr_data = (char *)&info};

	snprintf(driver, size, "%s", ask(name, SIOCETHTOOL, &ifr) ? "" : info.driver);
}
