/* SPDX-License-Identifier: MIT
 *
 * The paths of contract section 2, below the mount of base-url.
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
	ROUTE_ME,	   /* GET, POST MOUNT/me */
	ROUTE_OPEN,	   /* GET MOUNT/open */
	ROUTE_CONFIRM,	   /* POST MOUNT/confirm */
	ROUTE_LOGOUT,	   /* GET, POST MOUNT/logout */
	ROUTE_LANGUAGE,	   /* POST MOUNT/language */
	ROUTE_HEALTHZ,	   /* GET MOUNT/healthz */
	ROUTE_READYZ,	   /* GET MOUNT/readyz */
	ROUTE_METRICS,	   /* GET MOUNT/metrics */
	ROUTE_TOKEN,	   /* POST, OPTIONS MOUNT/token/PLATFORM */
	ROUTE_PLATFORM,	   /* GET MOUNT/ENTRY and below: a driver's entry (platform.h) */
};

/* The route of a path. */
struct route_found {
	enum route route;
	const char *rest;  /* the part after the last slash, never empty, for routes with a variable
			      part; for ROUTE_PLATFORM, from ENTRY on */
	bool allowed;	   /* the route has the method (HEAD counts as GET) */
	const char *allow; /* the value for Allow: "GET, HEAD" */
};

/* Finds the route of a path, which must match exactly; the entry also matches with a trailing
 * slash. `mount` is "" if base-url has no path: then the entry is "/". `entries`: the words of
 * ROUTE_PLATFORM, ended by NULL; other routes take precedence. `rest` points into the path. */
struct route_found route_find(
	const char *mount, const char *path, const char *const *entries, enum http_method method);
