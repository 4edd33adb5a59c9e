/* SPDX-License-Identifier: MIT
 *
 * The service: everything that one load of the configuration makes. Counted: a visit keeps the one
 * it began with while a reload puts another in its place. What a running process also picks up
 * without a reload is in files.h.
 */
#pragma once

#include "auth/registry.h"
#include "outbound/breaker.h"
#include "outbound/client.h"
#include "platform/registry.h"
#include "policy/policy.h"
#include "pool/worker.h"
#include "service/files.h"
#include "service/health.h"

struct service_backend {
	const char *title, *label; /* the label is what people read */
	const struct auth_backend *driver;
	void *instance;
	struct worker_queue *queue; /* `own`, or that of the passwords */
	struct worker_queue own;
	struct health health;
	int64_t group_refresh;	     /* seconds; 0: never */
	bool second_factor_required; /* people without a TOTP key are refused */
	char *secret_name;	     /* in the store: "backend/TITLE" */
	char *callback_url;	     /* where a provider sends the browser back to */
	char *path;		     /* "?backend=TITLE", percent-encoded */
};

struct service_platform {
	const char *title;
	const struct platform_driver *driver;
	void *instance;
	const struct platform_peer *peer;
	struct trust *trust;		/* the certificates of its ca-file */
	struct outbound_peer *outbound; /* service_peer() */
	struct worker_queue queue;	/* of grant(), where it has threads of its own */
	struct breaker breaker;
	char *login_policy; /* Content-Security-Policy of its login page */
	int64_t noted_at;   /* when an acceptance was last marked in the state */
	unsigned noted_version;
};

struct service {
	unsigned users;
	struct settings *settings;
	struct service_backend *backends;
	size_t backend_count;
	struct service_platform *platforms;
	struct service_platform **by_title; /* the platforms, in that order */
	size_t platform_count;
	const char **entries;	    /* of the platforms' drivers, ended by NULL */
	struct policy_index *rules; /* NULL where there are few */
	struct files *files;
	struct outbound *outbound;
	uint64_t groups_digest; /* service/groups.h */
	char *page_policy;	/* Content-Security-Policy of every page without a platform */
	char *static_url, *login_url, *logout_url, *invite_url, *desk_url, *me_url;
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

/* On the loop, before service_peer(). */
void service_connect(struct service *service, struct outbound *outbound);

/* Where requests to a platform go. Made for the first of them: of thousands of platforms only some
 * are in use. The service owns it; NULL with an error. */
struct outbound_peer *service_peer(
	const struct service *service, struct service_platform *platform, struct error *error);

/* By title; a platform's without case. NULL when there is none. */
struct service_platform *service_platform(const struct service *service, const char *title);
struct service_backend *service_backend(const struct service *service, const char *title);

/* Whose a visit is that came in by an entry: of the platforms with that entry (up to a slash) the
 * one of that title, or, where `title` is NULL, the only one. */
struct service_platform *service_platform_at(
	const struct service *service, const char *entry, const char *title);

/* The Content-Security-Policy of a page whose form leads to another site ("https://host"; NULL: to
 * none). The caller frees it; NULL without memory. */
char *service_page_policy(const char *form_target);

/* The next name by which a platform or a backend needs a secret that the store does not have; `*at`
 * is 0 before the first. NULL: none is missing any more. All is open and loaded. */
const char *service_missing_secret(const struct service *service, size_t *at);

/* How many jobs may run at once on queues of their own, for worker_setup(). */
unsigned service_threads(const struct service *service);

struct service *service_use(struct service *service);
void service_drop(struct service **service);
