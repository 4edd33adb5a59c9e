/* SPDX-License-Identifier: MIT
 *
 * The addresses of contract section 2, below the mount of base-url.
 */
#pragma once

#include "http/request.h"

enum route {
	ROUTE_NOT_FOUND = 0,
	ROUTE_ENTRY,	   /* GET MOUNT */
	ROUTE_LOGIN,	   /* GET, POST MOUNT/login */
	ROUTE_CALLBACK,	   /* GET MOUNT/callback/BACKEND */
	ROUTE_BACKCHANNEL, /* POST MOUNT/backchannel/BACKEND */
	ROUTE_INVITE,	   /* GET, POST MOUNT/invite */
	ROUTE_DESK,	   /* GET, POST MOUNT/guests */
	ROUTE_LOGOUT,	   /* GET, POST MOUNT/logout */
	ROUTE_HEALTHZ,	   /* GET MOUNT/healthz */
	ROUTE_READYZ,	   /* GET MOUNT/readyz */
	ROUTE_METRICS,	   /* GET MOUNT/metrics */
	ROUTE_TOKEN,	   /* POST, OPTIONS MOUNT/token/PLATFORM */
	ROUTE_PLATFORM,	   /* GET MOUNT/ENTRY and below: the entry of a driver (platform.h) */
};

/* What a path leads to. */
struct route_found {
	enum route route;
	const char *rest;  /* behind the last slash, where the route has such a part: never empty;
			      of ROUTE_PLATFORM, from ENTRY on */
	bool allowed;	   /* the method is among those of the route (HEAD is wherever GET is) */
	const char *allow; /* the value for Allow: "GET, HEAD" */
};

/* Finds the route of a path, which must be written exactly so; a trailing slash on the entry is the
 * entry. `mount` is "" where base-url has no path: the entry is "/" then. `entries`:
 * the words of ROUTE_PLATFORM, ended by NULL; the other routes come first. `rest` points into the
 * path. */
struct route_found route_find(
	const char *mount, const char *path, const char *const *entries, enum http_method method);
