/* SPDX-License-Identifier: MIT
 *
 * The service: everything that one load of the configuration creates. Counted by reference, so that
 * a visit keeps the service with which it began while a reload replaces it. files.h has what a
 * process also reads again without a reload.
 */
#pragma once

#include "auth/registry.h"
#include "outbound/breaker.h"
#include "outbound/client.h"
#include "platform/registry.h"
#include "policy/policy.h"
#include "pool/worker.h"
#include "service/brand.h"
#include "service/files.h"
#include "service/health.h"

struct service_backend {
	const char *title;
	const struct section *section;
	const struct auth_backend *driver;
	void *instance;
	struct worker_queue *queue; /* &own, or &worker_passwords */
	struct worker_queue own;
	struct health health;
	int64_t group_refresh;	     /* seconds; 0: never */
	bool second_factor_required; /* people without a TOTP key are refused */
	char *secret_name;	     /* its name in the store: "backend/TITLE" */
	char *callback_url;	     /* the provider redirects the browser to it */
	char *path;		     /* "?backend=TITLE", percent-encoded */
	const char *login;	     /* of driver->login(); "": none */
	uint64_t metrics;	     /* its key in telemetry/sections.h */
};

struct service_platform {
	const char *title;
	const struct platform_driver *driver;
	void *instance;
	const struct platform_peer *peer;
	struct trust *trust;		/* the certificates of its ca-file */
	struct outbound_peer *outbound; /* NULL until service_peer() */
	struct worker_queue queue;	/* for grant(), if the driver has its own threads */
	struct breaker breaker;
	char *login_policy; /* Content-Security-Policy of its login page */
	int64_t noted_at;   /* when an acceptance was last marked in the state */
	unsigned noted_version;
	uint64_t metrics; /* its key in telemetry/sections.h */
};

struct service {
	unsigned users;
	struct settings *settings;
	struct service_backend *backends;
	size_t backend_count;
	struct service_platform *platforms;
	struct service_platform **by_title; /* the platforms, sorted by title */
	size_t platform_count;
	const char **entries;	    /* the entries of the platforms' drivers */
	struct policy_index *rules; /* NULL if there are few rules */
	struct files *files;
	struct outbound *outbound;
	uint64_t groups_digest; /* see service/groups.h */
	struct brand brand;
	char *page_policy; /* Content-Security-Policy of pages without a platform */
	char *static_url, *icon_url, *login_url, *logout_url, *invite_url, *desk_url, *me_url,
		*open_url, *language_url, *confirm_url;
};

/* Loads and checks everything that the configuration file names. Sends nothing to other hosts and
 * does not use the loop, so it may run on a worker. NULL with an error. The caller holds the only
 * reference. */
struct service *service_load(const char *file, struct error *error);

/* The parts of service_load() for `meetauthctl check`, which goes on after a failure: first the
 * settings, then the rest in any order. */
struct service *service_load_settings(const char *file, struct error *error);
int service_open_platforms(struct service *service, struct error *error);
int service_open_backends(struct service *service, struct error *error);
int service_open_files(struct service *service, struct error *error);

/* Called on the loop, before service_peer(). */
void service_connect(struct service *service, struct outbound *outbound);

/* The peer for requests to a platform. Created for the first request, because of thousands of
 * platforms only some are in use. The service owns it. NULL with an error. */
struct outbound_peer *service_peer(
	const struct service *service, struct service_platform *platform, struct error *error);

/* The backend's label on pages of a language, by the lookup of RFC 4647: "label-pt" is for "pt-BR",
 * too. */
const char *service_label(const struct service_backend *backend, const char *language);

/* The title that the guest's invitation or a rule gives the join's meeting; NULL: none. */
const char *service_meeting_title(const struct service *service, const struct join *join);

/* Finds a platform or a backend by its title, platforms without case. NULL if there is none. */
struct service_platform *service_platform(const struct service *service, const char *title);
struct service_backend *service_backend(const struct service *service, const char *title);

/* The platform of a visit that came in by an entry, of which the part before the first slash
 * counts: the platform with this entry and this title or, if `title` is NULL, the only one with
 * this entry. NULL if there is none or several. */
struct service_platform *service_platform_at(
	const struct service *service, const char *entry, const char *title);

/* The Content-Security-Policy of a page whose form leads to another site ("https://host"; NULL: to
 * no other site). The caller frees it. NULL if memory ran out. */
char *service_page_policy(const struct service *service, const char *form_target);

/* The name of the next secret that a platform or a backend needs and the store lacks; `*at` is 0 at
 * first. NULL: no more. Platforms, backends and files must be open. */
const char *service_missing_secret(const struct service *service, size_t *at);

/* How many jobs may run at the same time on queues of their own, for worker_setup(). */
unsigned service_threads(const struct service *service);

struct service *service_use(struct service *service);

/* Drops a reference; the last one frees the service, on a worker if there are any. The count is not
 * atomic: a service that visits use is shared on the loop only. */
void service_drop(struct service **service);
