/* SPDX-License-Identifier: MIT */
#include "service/service.h"

#include "service/state.h"

#include "auth/totp.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "outbound/trust.h"
#include "service/groups.h"
#include "state/state.h"
#include "telemetry/sections.h"

#include <strings.h>
#include <unistd.h>

enum {
	SERVICE_THREADS_MAX = 192, /* with more, jobs wait for each other */
	RETURNING_MAX = 2048, /* sign-ins that wait for a thread after returning from a provider */
	INDEX_FROM = 16,      /* rules: fewer are searched as fast without an index */
};

/* max-in-flight limits the requests of all platforms together; each gets only a part, so that one
 * that hangs leaves room for the others. */
static unsigned share_of_platform(const struct service *service)
{
	unsigned all = service->settings->max_in_flight;

	if (service->platform_count == 1 || all < 4)
		return all;
	return all / 4 * 3;
}

/* `form_target` is added to 'self' because Chromium applies form-action also to the redirect that
 * answers the form. */
char *service_page_policy(const struct service *service, const char *form_target)
{
	struct buffer text = BUFFER_INIT(8192);

	buffer_printf(&text,
		"default-src 'none'; style-src 'self'%s%s; img-src 'self'; form-action 'self'",
		service->brand.source != NULL ? " " : "",
		service->brand.source != NULL ? service->brand.source : "");
	if (form_target != NULL) {
		buffer_text(&text, " ");
		buffer_text(&text, form_target);
	}
	buffer_text(&text, "; base-uri 'none'; frame-ancestors 'none'");
	if (text.failed)
		buffer_release(&text);
	return text.data;
}

/* Allows the platform's site, and the other sites to which its redirects may lead. */
static char *login_policy_of(const struct service *service, const struct platform_peer *peer)
{
	struct buffer targets = BUFFER_INIT(8192);
	char *policy = NULL;

	buffer_text(&targets, peer->site);
	if (peer->redirect_sources != NULL)
		buffer_printf(&targets, " %s", peer->redirect_sources);
	redirect_append_sources(peer, &targets);
	if (!targets.failed)
		policy = service_page_policy(service, targets.data);
	buffer_release(&targets);
	return policy;
}

/* Parses the ca-file here, because the loop connects the platform later and must not block. */
static int open_trust(struct service_platform *platform, struct error *error)
{
	const struct platform_peer *peer = platform->peer;

	if (peer->ca_file[0] == '\0' &&
		(platform->driver->exchange == NULL || strncmp(peer->api, "https:", 6) != 0))
		return 0;
	platform->trust = trust_use(peer->ca_file, error);
	return platform->trust != NULL ? 0 : -1;
}

static int open_platform(const struct service *service, const struct section *section,
	struct service_platform *platform, struct error *error)
{
	platform->title = section_title(section);
	platform->metrics = sections_key("platform", platform->title);
	platform->breaker.metrics = platform->metrics;
	platform->breaker.level = SECTION_PLATFORM_BREAKER;
	platform->driver = platform_find(section_type(section));
	if (platform_open(platform->driver, section, &platform->instance, error) != 0)
		return -1;
	platform->peer = platform_peer(platform->instance);
	if (open_trust(platform, error) != 0)
		return section_blame(section, "ca-file", error);
	platform->queue.limit =
		platform->driver->grant != NULL ? platform->driver->grant->threads : 0;
	platform->login_policy = login_policy_of(service, platform->peer);
	return platform->login_policy != NULL ? 0 : error_set(error, "no memory");
}

/* Reads the options that several types of backends share. */
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
			"this build cannot check codes: it was made without liboath");
	return 0;
}

/* Makes the URLs of the backend for users and providers. */
static void make_addresses(const struct settings *settings, struct service_backend *backend)
{
	struct buffer title = BUFFER_INIT(1024);

	buffer_percent(&title, backend->title);
	if (title.failed)
		xno_memory();
	backend->secret_name = xprintf("backend/%s", backend->title);
	backend->callback_url = xprintf("%s/callback/%s", settings->base_url, title.data);
	backend->path = xprintf("?backend=%s", title.data);
	buffer_release(&title);
}

static int open_backend(const struct settings *settings, const struct section *section,
	struct service_backend *backend, struct error *error)
{
	backend->title = section_title(section);
	backend->section = section;
	backend->driver = auth_find(section_type(section));
	backend->own.limit = backend->driver->threads;
	if (backend->driver->redirect != NULL)
		backend->own.queued_max = RETURNING_MAX;
	backend->queue = backend->driver->threads > 0 ? &backend->own : &worker_passwords;
	backend->health = HEALTH_INIT;
	backend->metrics = sections_key("backend", backend->title);
	backend->health.all.metrics = backend->metrics;
	backend->health.all.level = SECTION_BACKEND_BREAKER;
	make_addresses(settings, backend);
	if (read_common(section, backend, error) != 0)
		return -1;
	backend->login = "";
	backend->instance = auth_open(backend->driver, section, error);
	if (backend->instance == NULL)
		return -1;
	if (backend->driver->login != NULL)
		backend->login = backend->driver->login(backend->instance);
	return 0;
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

static void sort_platforms(struct service *service)
{
	service->by_title = xcalloc(service->platform_count, sizeof(struct service_platform *));
	for (size_t i = 0; i < service->platform_count; i++)
		service->by_title[i] = &service->platforms[i];
	qsort(service->by_title, service->platform_count, sizeof(struct service_platform *),
		compare_titles);
}

int service_open_platforms(struct service *service, struct error *error)
{
	const struct settings *settings = service->settings;
	size_t entries = 0;

	service->platforms = xcalloc(settings->platform_count, sizeof *service->platforms);
	service->entries = xcalloc(settings->platform_count + 1, sizeof *service->entries);
	for (size_t i = 0; i < settings->platform_count; i++) {
		service->platform_count++; /* so that free_service() closes it even if opening fails
					    */
		if (open_platform(service, settings->platforms[i], &service->platforms[i], error) !=
			0)
			return -1;
		if (service->platforms[i].driver->entry != NULL)
			service->entries[entries++] = service->platforms[i].driver->entry->name;
	}
	sort_platforms(service);
	return 0;
}

int service_open_backends(struct service *service, struct error *error)
{
	const struct settings *settings = service->settings;

	service->backends = xcalloc(settings->backend_count, sizeof *service->backends);
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
	struct service *service = xcalloc(1, sizeof *service);
	struct state_options options;

	service->users = 1;
	service->settings = config_load(file, types, error);
	if (service->settings == NULL) {
		service_drop(&service);
		return NULL;
	}
	options = service_state_options(service->settings);
	if (state_check(&options, error) != 0) {
		section_blame(service->settings->top, "state", error);
		service_drop(&service);
		return NULL;
	}
	if (service->settings->policy.count >= INDEX_FROM)
		service->rules = policy_index_new(&service->settings->policy);
	service->groups_digest = groups_digest(service->settings);
	service->brand = brand_make(service->settings);
	service->page_policy = service_page_policy(service, NULL);
	if (service->page_policy == NULL)
		xno_memory();
	service->static_url = xprintf("%s/static", service->settings->mount);
	service->icon_url = brand_icon_url(service->settings);
	service->login_url = xprintf("%s/login", service->settings->base_url);
	service->logout_url = xprintf("%s/logout", service->settings->base_url);
	service->invite_url = xprintf("%s/invite", service->settings->base_url);
	service->desk_url = xprintf("%s/guests", service->settings->base_url);
	service->me_url = xprintf("%s/me", service->settings->base_url);
	service->open_url = xprintf("%s/open", service->settings->base_url);
	service->language_url = xprintf("%s/language", service->settings->base_url);
	service->confirm_url = xprintf("%s/confirm", service->settings->base_url);
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
		.metrics = platform->metrics,
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

const char *service_meeting_title(const struct service *service, const struct join *join)
{
	return join->title != NULL
		       ? join->title
		       : policy_title(&service->settings->policy, join->platform, join->meeting_id);
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

const char *service_label(const struct service_backend *backend, const char *language)
{
	const char *label = NULL;
	char name[48], lower[36];

	text_lower(language, lower, sizeof lower);
	for (size_t length = strlen(lower); label == NULL && length > 0;
		length = lang_shorten(lower, length)) {
		snprintf(name, sizeof name, "label-%.*s", (int)length, lower);
		label = section_string_or(backend->section, name, NULL);
	}
	return label != NULL ? label : section_string(backend->section, "label");
}

const char *service_missing_secret(const struct service *service, size_t *at)
{
	const struct store *store = service->files->store;
	size_t count;

	while (*at < service->platform_count) {
		const struct service_platform *platform = &service->platforms[(*at)++];

		store_secrets(store, platform->title, clock_wall(), &count);
		if (count == 0 && platform->driver->secret_scope == PLATFORM_SECRET_PER_PLATFORM)
			return platform->title;
	}
	while (*at - service->platform_count < service->backend_count) {
		const struct service_backend *backend =
			&service->backends[(*at)++ - service->platform_count];

		store_secrets(store, backend->secret_name, clock_wall(), &count);
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

/* Frees everything that does not belong to the loop. */
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
	brand_free(&service->brand);
	free(service->static_url);
	free(service->icon_url);
	free(service->login_url);
	free(service->logout_url);
	free(service->invite_url);
	free(service->desk_url);
	free(service->me_url);
	free(service->open_url);
	free(service->language_url);
	free(service->confirm_url);
	config_free(&service->settings);
	free(service);
	memory_trim();
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
