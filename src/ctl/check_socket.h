/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: how `meetauthctl check` examines the pool's socket. The configuration does
 * not contain its path, since the program that starts the pool creates it.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <sys/stat.h>

/* The path in our sample files. */
#define CHECK_SOCKET_DEFAULT "/run/meetauth-socket/meetauthd.sock"

/* What root found. The service's user may not enter the directory, so meetauthctl examines the
 * socket before it switches to that user. */
struct check_socket {
	const char *path;
	int errors;		  /* errno of stat(2); 0: the members below are valid */
	struct stat file, folder; /* after following symbolic links */
	int fd;			  /* a connection, or -1: see connect_errno */
	int connect_errno;
};

/* Examines the socket. Connects as root, but only if nobody else could have placed a symbolic link.
 */
void check_socket_inspect(struct check_socket *found, const char *path);

/* The parts of a finding. Each returns 0, or -1 with what is wrong and what to do. The first
 * describes owners and modes in `text`. The second connects, requests readyz of the pool and closes
 * the connection; `mount` is the path of base-url. */
int check_socket_owners(const struct check_socket *found, struct buffer *text, struct error *error);
int check_socket_answers(struct check_socket *found, const char *mount, struct error *error);
