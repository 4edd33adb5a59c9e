/* SPDX-License-Identifier: MIT */
#include "http/route.h"

enum methods { GET_ONLY = 0, GET_AND_POST, POST_ONLY, FROM_SCRIPTS };

static const char *const allow[] = {
	[GET_ONLY] = "GET, HEAD",
	[GET_AND_POST] = "GET, HEAD, POST",
	[POST_ONLY] = "POST",
	[FROM_SCRIPTS] = "POST, OPTIONS",
};

static const struct {
	const char *path; /* after the mount; a trailing slash means that a variable part follows */
	enum route route;
	enum methods methods;
} routes[] = {
	{"", ROUTE_ENTRY, GET_ONLY},
	{"/", ROUTE_ENTRY, GET_ONLY},
	{"/login", ROUTE_LOGIN, GET_AND_POST},
	{"/callback/", ROUTE_CALLBACK, GET_ONLY},
	{"/backchannel/", ROUTE_BACKCHANNEL, POST_ONLY},
	{"/invite", ROUTE_INVITE, GET_AND_POST},
	{"/guests", ROUTE_DESK, GET_AND_POST},
	{"/me", ROUTE_ME, GET_AND_POST},
	{"/open", ROUTE_OPEN, GET_ONLY},
	{"/confirm", ROUTE_CONFIRM, POST_ONLY},
	{"/logout", ROUTE_LOGOUT, GET_AND_POST},
	{"/language", ROUTE_LANGUAGE, POST_ONLY},
	{"/healthz", ROUTE_HEALTHZ, GET_ONLY},
	{"/readyz", ROUTE_READYZ, GET_ONLY},
	{"/metrics", ROUTE_METRICS, GET_ONLY},
	{"/token/", ROUTE_TOKEN, FROM_SCRIPTS},
};

static bool is_allowed(enum methods methods, enum http_method method)
{
	if (method == HTTP_POST)
		return methods != GET_ONLY;
	if (method == HTTP_OPTIONS)
		return methods == FROM_SCRIPTS;
	return methods <= GET_AND_POST && (method == HTTP_GET || method == HTTP_HEAD);
}

/* Whether the path matches the row; *rest_r is the variable part, or "". */
static bool matches(const char *row, const char *path, const char **rest_r)
{
	size_t length = strlen(row);

	*rest_r = "";
	if (length < 2 || row[length - 1] != '/')
		return strcmp(row, path) == 0;
	*rest_r = path + length;
	return strncmp(row, path, length) == 0 && path[length] != '\0';
}

static bool is_entry(const char *const *entries, const char *path)
{
	size_t length = strcspn(path, "/");

	for (; *entries != NULL; entries++)
		if (strlen(*entries) == length && strncmp(*entries, path, length) == 0)
			return true;
	return false;
}

struct route_found route_find(
	const char *mount, const char *path, const char *const *entries, enum http_method method)
{
	size_t mount_length = strlen(mount);
	struct route_found found = {0};

	if (strncmp(path, mount, mount_length) != 0)
		return found;
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
		if (matches(routes[i].path, path + mount_length, &found.rest)) {
			found.route = routes[i].route;
			found.allow = allow[routes[i].methods];
			found.allowed = is_allowed(routes[i].methods, method);
			return found;
		}
	if (path[mount_length] == '/' && is_entry(entries, path + mount_length + 1))
		return (struct route_found){ROUTE_PLATFORM, path + mount_length + 1,
			is_allowed(GET_ONLY, method), allow[GET_ONLY]};
	return found;
}
