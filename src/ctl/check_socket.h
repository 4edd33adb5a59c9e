/* SPDX-License-Identifier: MIT
 *
 * Private to ctl: the socket of the pool, as meetauthctl check looks at it. Nothing in the
 * configuration names it: whoever starts the pool makes it.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <sys/stat.h>

/* Where the samples have it. */
#define CHECK_SOCKET_DEFAULT "/run/meetauth-socket/meetauthd.sock"

/* What was there. The service's user may not enter the folder, so root looks before meetauthctl
 * becomes that user. */
struct check_socket {
	const char *path;
	int errors;		  /* errno of the look; 0: all of this is known */
	struct stat file, folder; /* links followed */
	int fd;			  /* a connection; -1: none yet, or connect_errno */
	int connect_errno;
};

/* Looks, and connects as root where nobody else could have laid a link. */
void check_socket_look(struct check_socket *look, const char *path);

/* The parts of a finding: each returns 0, or -1 with what is wrong and what to do. The first
 * describes owners and modes in `text`; the second connects, asks the pool whether it is ready, and
 * closes. `mount` is the path of base-url. */
int check_socket_owners(const struct check_socket *look, struct buffer *text, struct error *error);
int check_socket_answers(struct check_socket *look, const char *mount, struct error *error);
