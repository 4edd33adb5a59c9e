/* SPDX-License-Identifier: MIT */
#include "http/route.h"

static const struct {
	const char *path; /* behind the mount */
	enum route route;
	bool post;
} routes[] = {
	{"", ROUTE_ENTRY, false},
	{"/", ROUTE_ENTRY, false},
	{"/login", ROUTE_LOGIN, true},
	{"/logout", ROUTE_LOGOUT, true},
	{"/healthz", ROUTE_HEALTHZ, false},
	{"/readyz", ROUTE_READYZ, false},
	{"/metrics", ROUTE_METRICS, false},
};

enum route route_find(const char *mount, const char *path, enum http_method method, bool *allowed_r,
	const char **allow_r)
{
	size_t mount_length = strlen(mount);

	if (strncmp(path, mount, mount_length) != 0)
		return ROUTE_NOT_FOUND;
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		if (strcmp(path + mount_length, routes[i].path) != 0)
			continue;
		*allow_r = routes[i].post ? "GET, HEAD, POST" : "GET, HEAD";
		*allowed_r = method == HTTP_GET || method == HTTP_HEAD ||
			     (method == HTTP_POST && routes[i].post);
		return routes[i].route;
	}
	return ROUTE_NOT_FOUND;
}
