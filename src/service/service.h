/* SPDX-License-Identifier: MIT
 *
 * The service: everything that one load of the configuration makes. Counted: a visit keeps the one
 * it began with while a reload puts another in its place. What a running process also picks up
 * without a reload is in files.h.
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "auth/auth.h"
#include "outbound/client.h"
#include "platform/platform.h"
#include "service/files.h"

struct service_backend {
	const char *title, *label;
	const struct auth_backend *driver;
	void *instance;
};

struct service_platform {
	const char *title;
	const struct platform_driver *driver;
	void *instance;
	const struct platform_peer *peer;
	struct outbound_peer *outbound; /* NULL until service_connect() */
	char *login_policy;		/* Content-Security-Policy of its login page */
	int64_t noted_at;		/* when an acceptance was last marked in the state */
	unsigned noted_version;
};

struct service {
	unsigned users;
	struct settings *settings;
	struct service_backend *backends;
	size_t backend_count;
	struct service_platform *platforms;
	size_t platform_count;
	struct files *files;
	char *page_policy; /* Content-Security-Policy of every page without a platform */
	char *static_url, *login_url, *logout_url;
};

/* Loads and checks everything the file names; asks no host, touches no loop: may run on a worker.
 * NULL with an error. The caller holds the one use. */
struct service *service_load(const char *file, struct error *error);

/* The parts of the above, for `meetauthctl check`, which goes on after a failure: settings only,
 * then the rest. */
struct service *service_load_settings(const char *file, struct error *error);
int service_open_platforms(struct service *service, struct error *error);
int service_open_backends(struct service *service, struct error *error);
int service_open_files(struct service *service, struct error *error);

/* Makes the platforms reachable. On the loop. 0 or -1. */
int service_connect(struct service *service, struct outbound *outbound, struct error *error);

/* By title; a platform's without case. NULL when there is none. */
struct service_platform *service_platform(const struct service *service, const char *title);
struct service_backend *service_backend(const struct service *service, const char *title);

struct service *service_use(struct service *service);
void service_drop(struct service **service);

#endif
