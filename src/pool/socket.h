/* SPDX-License-Identifier: MIT
 *
 * The listening socket: opened by ourselves, or handed over by spawn-fcgi or systemd.
 */
#pragma once

#include "base/error.h"

/* Opens "unix:/path" or "ADDRESS:PORT" (IPv4, or [IPv6]). A stale unix socket is replaced, one that
 * answers is an error; mode 0660. Returns the descriptor or -1. */
int socket_open(const char *address, struct error *error);

/* Takes a listening stream socket over from whoever started us, and lets more connections wait at
 * it than they may have asked for. 0, or -1 with how to start us. */
int socket_adopt(int fd, struct error *error);

/* Closes a listening socket, and keeps what is opened next from becoming a standard descriptor. */
void socket_close(int fd);
