/* SPDX-License-Identifier: MIT
 *
 * Opens the listening socket, or takes over one from spawn-fcgi or systemd.
 */
#pragma once

#include "base/error.h"

/* Opens "unix:/path" or "ADDRESS:PORT" (IPv4, or [IPv6]). Replaces a stale unix socket; fails if
 * somebody listens there. The mode of a unix socket is 0660. Returns the descriptor, or -1 with an
 * error. */
int socket_open(const char *address, struct error *error);

/* Takes over a listening stream socket and lets more connections wait in its queue than its creator
 * may have asked for. 0, or -1 with an error that says how to start the program. */
int socket_adopt(int fd, struct error *error);

/* Finds the socket that systemd has passed (LISTEN_FDS, sd_listen_fds(3)); exec closes it. Returns
 * 0, 1 if none was passed, or -1 with an error if several were. */
int socket_passed(int *fd_r, struct error *error);

/* Closes a listening socket. If it is a standard descriptor, opens /dev/null there, so that no file
 * gets that number. */
void socket_close(int fd);
