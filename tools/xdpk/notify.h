/* SPDX-License-Identifier: BSD-3-Clause
 *
 * notify.h -- tells the service manager how far we are: sd_notify(3)'s protocol.
 */
#ifndef XDPK_NOTIFY_H
#define XDPK_NOTIFY_H

/* "READY=1" and the like. Does nothing where no manager asks, by $NOTIFY_SOCKET. */
void notify__say(const char *state);

#endif
