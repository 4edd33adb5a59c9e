/* SPDX-License-Identifier: MIT
 *
 * The addresses of contract section 2, below the mount of base-url.
 */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "http/request.h"

enum route {
	ROUTE_NOT_FOUND = 0,
	ROUTE_ENTRY,   /* GET MOUNT */
	ROUTE_LOGIN,   /* GET, POST MOUNT/login */
	ROUTE_LOGOUT,  /* GET, POST MOUNT/logout */
	ROUTE_HEALTHZ, /* GET MOUNT/healthz */
	ROUTE_READYZ,  /* GET MOUNT/readyz */
	ROUTE_METRICS, /* GET MOUNT/metrics */
};

/* Finds the route of a path, which must be written exactly so; a trailing slash on the entry is the
 * entry. `mount` is "" where base-url has no path: the entry is "/" then. *allow_r is the value for
 * Allow
 * ("GET, HEAD"), *allowed_r whether the method is among it (HEAD is wherever GET is); both
 * untouched for ROUTE_NOT_FOUND. */
enum route route_find(const char *mount, const char *path, enum http_method method, bool *allowed_r,
	const char **allow_r);

#endif
