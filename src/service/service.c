/* SPDX-License-Identifier: MIT */
#include "service/service.h"

#include "auth/totp.h"
#include "outbound/trust.h"
#include "service/groups.h"
#include "state/state.h"

#include <strings.h>
#include <unistd.h>

enum {
	SERVICE_THREADS_MAX = 192, /* past that they wait for each other */
	RETURNING_MAX = 2048,	   /* who wait for a thread on their way back from a provider */
	INDEX_FROM = 16,	   /* rules: fewer are looked at as quickly */
};

/* The platforms together may hold no more requests than max-in-flight; one that hangs must leave
 * room for the others. */
static unsigned share_of_platform(const struct service *service)
{
	unsigned all = service->settings->max_in_flight;

	if (service->platform_count == 1 || all < 4)
		return all;
	return all / 4 * 3;
}

static char *join_texts(const char *a, const char *b, const char *c)
{
	struct buffer text = BUFFER_INIT(8192);

	buffer_text(&text, a);
	buffer_text(&text, b);
	buffer_text(&text, c);
	if (text.failed)
		buffer_release(&text);
	return text.data;
}

/* `form_target` is named beside ourselves because Chromium applies form-action to the redirect that
 * answers the form. */
char *service_page_policy(const char *form_target)
{
	struct buffer text = BUFFER_INIT(8192);

	buffer_text(
		&text, "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'");
	if (form_target != NULL) {
		buffer_text(&text, " ");
		buffer_text(&text, form_target);
	}
	buffer_text(&text, "; base-uri 'none'; frame-ancestors 'none'");
	if (text.failed)
		buffer_release(&text);
	return text.data;
}

/* The site, and where else the platform's redirects may lead. */
static char *login_policy_of(const struct platform_peer *peer)
{
	struct buffer targets = BUFFER_INIT(8192);
	char *policy = NULL;

	buffer_text(&targets, peer->site);
	if (peer->redirect_sources != NULL)
		buffer_printf(&targets, " %s", peer->redirect_sources);
	redirect_append_sources(peer, &targets);
	if (!targets.failed)
		policy = service_page_policy(targets.data);
	buffer_release(&targets);
	return policy;
}

/* Parsed here and not on the loop, which connects the platform later. */
static int open_trust(struct service_platform *platform, struct error *error)
{
	const struct platform_peer *peer = platform->peer;

	if (peer->ca_file[0] == '\0' &&
		(platform->driver->exchange == NULL || strncmp(peer->api, "https:", 6) != 0))
		return 0;
	platform->trust = trust_use(peer->ca_file, error);
	return platform->trust != NULL ? 0 : -1;
}

static int open_platform(
	const struct section *section, struct service_platform *platform, struct error *error)
{

	platform->title = section_title(section);
	platform->driver = platform_find(section_type(section));
	if (platform_open(platform->driver, section, &platform->instance, error) != 0)
		return -1;
	platform->peer = platform_peer(platform->instance);
	if (open_trust(platform, error) != 0)
		return section_blame(section, "ca-file", error);
	platform->queue.limit =
		platform->driver->grant != NULL ? platform->driver->grant->threads : 0;
	platform->login_policy = login_policy_of(platform->peer);
	return platform->login_policy != NULL ? 0 : error_set(error, "no memory");
}

/* What is the same for all backends that have it. */
static int read_common(
	const struct section *section, struct service_backend *backend, struct error *error)
{
	if (backend->driver->renew != NULL)
		backend->group_refresh =
			(section_milliseconds(section, "group-refresh") + 999) / 1000;
	if (!backend->driver->second_factor)
		return 0;
	backend->second_factor_required =
		strcmp(section_string(section, "second-factor"), "required") == 0;
	if (backend->second_factor_required && !totp_available())
		return section_error(section, "second-factor", error,
			"this build can check no codes: it was made without liboath");
	return 0;
}

/* The addresses that people and providers use for it. */
static int make_addresses(
	const struct settings *settings, struct service_backend *backend, struct error *error)
{
	struct buffer title = BUFFER_INIT(1024);

	buffer_percent(&title, backend->title);
	backend->secret_name = join_texts("backend/", backend->title, "");
	if (!title.failed) {
		backend->callback_url = join_texts(settings->base_url, "/callback/", title.data);
		backend->path = join_texts("?backend=", title.data, "");
	}
	buffer_release(&title);
	if (backend->secret_name == NULL || backend->callback_url == NULL || backend->path == NULL)
		return error_set(error, "no memory");
	return 0;
}

static int open_backend(const struct settings *settings, const struct section *section,
	struct service_backend *backend, struct error *error)
{
	backend->title = section_title(section);
	backend->label = section_string(section, "label");
	backend->driver = auth_find(section_type(section));
	backend->own.limit = backend->driver->threads;
	if (backend->driver->redirect != NULL)
		backend->own.queued_max = RETURNING_MAX;
	backend->queue = backend->driver->threads > 0 ? &backend->own : &worker_passwords;
	backend->health = HEALTH_INIT;
	if (make_addresses(settings, backend, error) != 0 ||
		read_common(section, backend, error) != 0)
		return -1;
	backend->instance = auth_open(backend->driver, section, error);
	return backend->instance != NULL ? 0 : -1;
}

static int compare_titles(const void *a, const void *b)
{
	const struct service_platform *const *one = a, *const *other = b;

	return strcasecmp((*one)->title, (*other)->title);
}

static int find_title(const void *title, const void *element)
{
	const struct service_platform *const *platform = element;

	return strcasecmp(title, (*platform)->title);
}

static int sort_platforms(struct service *service, struct error *error)
{
	service->by_title = calloc(service->platform_count + 1, sizeof(struct service_platform *));
	if (service->by_title == NULL)
		return error_set(error, "no memory");
	for (size_t i = 0; i < service->platform_count; i++)
		service->by_title[i] = &service->platforms[i];
	qsort(service->by_title, service->platform_count, sizeof(struct service_platform *),
		compare_titles);
	return 0;
}

int service_open_platforms(struct service *service, struct error *error)
{
	const struct settings *settings = service->settings;
	size_t entries = 0;

	service->platforms = calloc(settings->platform_count, sizeof *service->platforms);
	service->entries = calloc(settings->platform_count + 1, sizeof *service->entries);
	if (service->platforms == NULL || service->entries == NULL)
		return error_set(error, "no memory");
	for (size_t i = 0; i < settings->platform_count; i++) {
		service->platform_count++; /* also a half-opened one is closed */
		if (open_platform(settings->platforms[i], &service->platforms[i], error) != 0)
			return -1;
		if (service->platforms[i].driver->entry != NULL)
			service->entries[entries++] = service->platforms[i].driver->entry->name;
	}
	return sort_platforms(service, error);
}

int service_open_backends(struct service *service, struct error *error)
{
	const struct settings *settings = service->settings;

	service->backends = calloc(settings->backend_count, sizeof *service->backends);
	if (service->backends == NULL)
		return error_set(error, "no memory");
	for (size_t i = 0; i < settings->backend_count; i++) {
		service->backend_count++;
		if (open_backend(settings, settings->backends[i], &service->backends[i], error) !=
			0)
			return -1;
	}
	return 0;
}

int service_open_files(struct service *service, struct error *error)
{
	service->files = files_load(service->settings, error);
	return service->files != NULL ? 0 : -1;
}

struct service *service_load_settings(const char *file, struct error *error)
{
	struct config_types types = {platform_section_types(), auth_section_types()};
	struct service *service = calloc(1, sizeof *service);

	if (service == NULL) {
		error_set(error, "no memory");
		return NULL;
	}
	service->users = 1;
	service->settings = config_load(file, types, error);
	if (service->settings == NULL) {
		service_drop(&service);
		return NULL;
	}
	if (state_check_address(service->settings->state, error) != 0) {
		section_blame(service->settings->top, "state", error);
		service_drop(&service);
		return NULL;
	}
	if (service->settings->policy.count >= INDEX_FROM)
		service->rules = policy_index_new(&service->settings->policy);
	service->groups_digest = groups_digest(service->settings);
	service->page_policy = service_page_policy(NULL);
	service->static_url = join_texts(service->settings->mount, "/static", "");
	service->login_url = join_texts(service->settings->base_url, "/login", "");
	service->logout_url = join_texts(service->settings->base_url, "/logout", "");
	service->invite_url = join_texts(service->settings->base_url, "/invite", "");
	service->desk_url = join_texts(service->settings->base_url, "/guests", "");
	service->me_url = join_texts(service->settings->base_url, "/me", "");
	if (service->page_policy == NULL || service->static_url == NULL ||
		service->login_url == NULL || service->logout_url == NULL ||
		service->invite_url == NULL || service->desk_url == NULL ||
		service->me_url == NULL) {
		error_set(error, "no memory");
		service_drop(&service);
	}
	return service;
}

struct service *service_load(const char *file, struct error *error)
{
	struct service *service = service_load_settings(file, error);

	if (service != NULL && (service_open_platforms(service, error) != 0 ||
				       service_open_backends(service, error) != 0 ||
				       service_open_files(service, error) != 0))
		service_drop(&service);
	return service;
}

void service_connect(struct service *service, struct outbound *outbound)
{
	outbound_limit(outbound, service->settings->max_in_flight);
	service->outbound = outbound;
}

struct outbound_peer *service_peer(
	const struct service *service, struct service_platform *platform, struct error *error)
{
	struct outbound_settings settings = {
		.base = platform->peer->api,
		.trust = platform->trust,
		.connect_timeout_ms = platform->peer->connect_timeout_ms,
		.timeout_ms = platform->peer->timeout_ms,
		.in_flight_max = share_of_platform(service),
		.connections_max = platform->peer->connections_max,
		.keep_ms = platform->peer->keep_alive_ms,
	};

	if (platform->outbound == NULL)
		platform->outbound = outbound_peer_new(service->outbound, &settings, error);
	return platform->outbound;
}

struct service_platform *service_platform(const struct service *service, const char *title)
{
	struct service_platform **found =
		service->by_title == NULL
			? NULL
			: bsearch(title, service->by_title, service->platform_count,
				  sizeof(struct service_platform *), find_title);

	return found != NULL ? *found : NULL;
}

struct service_platform *service_platform_at(
	const struct service *service, const char *entry, const char *title)
{
	struct service_platform *found = NULL;
	size_t length = strcspn(entry, "/");

	for (size_t i = 0; i < service->platform_count; i++) {
		struct service_platform *platform = &service->platforms[i];
		const char *own = platform_entry(platform->driver);

		if (own == NULL || strlen(own) != length || strncmp(own, entry, length) != 0 ||
			(title != NULL && strcasecmp(title, platform->title) != 0))
			continue;
		if (found != NULL)
			return NULL;
		found = platform;
	}
	return found;
}

struct service_backend *service_backend(const struct service *service, const char *title)
{
	for (size_t i = 0; i < service->backend_count; i++)
		if (strcmp(service->backends[i].title, title) == 0)
			return &service->backends[i];
	return NULL;
}

const char *service_missing_secret(const struct service *service, size_t *at)
{
	const struct store *store = service->files->store;
	size_t count;

	while (*at < service->platform_count) {
		const struct service_platform *platform = &service->platforms[(*at)++];

		store_secrets(store, platform->title, &count);
		if (count == 0 && platform->driver->secret_scope == PLATFORM_SECRET_PER_PLATFORM)
			return platform->title;
	}
	while (*at - service->platform_count < service->backend_count) {
		const struct service_backend *backend =
			&service->backends[(*at)++ - service->platform_count];

		store_secrets(store, backend->secret_name, &count);
		if (count == 0 && auth_needs_secret(backend->driver, backend->instance))
			return backend->secret_name;
	}
	return NULL;
}

unsigned service_threads(const struct service *service)
{
	unsigned threads = 0;

	for (size_t i = 0; i < service->backend_count; i++)
		threads += service->backends[i].own.limit;
	for (size_t i = 0; i < service->platform_count; i++)
		threads += service->platforms[i].queue.limit;
	return threads < SERVICE_THREADS_MAX ? threads : SERVICE_THREADS_MAX;
}

struct service *service_use(struct service *service)
{
	service->users++;
	return service;
}

/* All that no loop has to do with. */
static void free_service(void *what)
{
	struct service *service = what;

	for (size_t i = 0; i < service->platform_count; i++) {
		struct service_platform *platform = &service->platforms[i];

		trust_drop(&platform->trust);
		platform_close(platform->driver, &platform->instance);
		free(platform->login_policy);
	}
	for (size_t i = 0; i < service->backend_count; i++) {
		struct service_backend *backend = &service->backends[i];

		if (backend->driver != NULL)
			auth_close(backend->driver, backend->instance);
		free(backend->secret_name);
		free(backend->callback_url);
		free(backend->path);
	}
	policy_index_free(&service->rules);
	free(service->by_title);
	free(service->platforms);
	free(service->entries);
	free(service->backends);
	free(service->page_policy);
	free(service->static_url);
	free(service->login_url);
	free(service->logout_url);
	free(service->invite_url);
	free(service->desk_url);
	free(service->me_url);
	config_free(&service->settings);
	free(service);
}

void service_drop(struct service **service)
{
	struct service *s = *service;

	*service = NULL;
	if (s == NULL || --s->users > 0)
		return;
	for (size_t i = 0; s->outbound != NULL && i < s->platform_count; i++)
		outbound_peer_release(&s->platforms[i].outbound);
	files_drop(&s->files);
	worker_discard(free_service, s);
}
