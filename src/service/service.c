/* SPDX-License-Identifier: MIT */
#include "service/service.h"

#include <strings.h>
#include <unistd.h>

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
static char *make_policy(const struct settings *settings, const char *form_target)
{
	struct buffer text = BUFFER_INIT(4096);
	const char *logo = settings->brand_logo;

	buffer_text(&text, "default-src 'none'; style-src 'self'; img-src 'self'");
	if (strncmp(logo, "https://", 8) == 0) {
		buffer_text(&text, " ");
		buffer_append(&text, logo, 8 + strcspn(logo + 8, "/;, "));
	}
	buffer_text(&text, "; form-action 'self'");
	if (form_target != NULL) {
		buffer_text(&text, " ");
		buffer_text(&text, form_target);
	}
	buffer_text(&text, "; base-uri 'none'; frame-ancestors 'none'");
	if (text.failed)
		buffer_release(&text);
	return text.data;
}

static int refuse_type(const struct section *section, bool compiled_out, struct error *error)
{
	return section_error(section, "type", error,
		compiled_out ? "this build is without this type" : "there is no such type");
}

static int open_platform(const struct settings *settings, const struct section *section,
	struct service_platform *platform, struct error *error)
{
	bool compiled_out = false;
	const char *type = section_type(section);

	platform->title = section_title(section);
	platform->driver = platform_find(type, &compiled_out);
	if (platform->driver == NULL)
		return refuse_type(section, compiled_out, error);
	if (platform->driver->open(section, &platform->instance, error) != 0)
		return -1;
	platform->peer = platform->driver->peer(platform->instance);
	if (platform->peer->ca_file[0] != '\0' && access(platform->peer->ca_file, R_OK) != 0)
		return section_error(
			section, "ca-file", error, "%s: cannot be read", platform->peer->ca_file);
	platform->login_policy = make_policy(settings, platform->peer->site);
	return platform->login_policy != NULL ? 0 : error_set(error, "no memory");
}

static int open_backend(
	const struct section *section, struct service_backend *backend, struct error *error)
{
	bool compiled_out = false;
	const char *type = section_type(section);

	backend->title = section_title(section);
	backend->label = section_string(section, "label");
	backend->driver = auth_find(type, &compiled_out);
	if (backend->driver == NULL)
		return refuse_type(section, compiled_out, error);
	return backend->driver->open(section, &backend->instance, error);
}

int service_open_platforms(struct service *service, struct error *error)
{
	const struct settings *settings = service->settings;

	service->platforms = calloc(settings->platform_count, sizeof *service->platforms);
	if (service->platforms == NULL)
		return error_set(error, "no memory");
	for (size_t i = 0; i < settings->platform_count; i++) {
		service->platform_count++; /* also a half-opened one is closed */
		if (open_platform(
			    settings, settings->platforms[i], &service->platforms[i], error) != 0)
			return -1;
	}
	return 0;
}

int service_open_backends(struct service *service, struct error *error)
{
	const struct settings *settings = service->settings;

	service->backends = calloc(settings->backend_count, sizeof *service->backends);
	if (service->backends == NULL)
		return error_set(error, "no memory");
	for (size_t i = 0; i < settings->backend_count; i++) {
		service->backend_count++;
		if (open_backend(settings->backends[i], &service->backends[i], error) != 0)
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
	service->page_policy = make_policy(service->settings, NULL);
	service->static_url = join_texts(service->settings->mount, "/static", "");
	service->login_url = join_texts(service->settings->base_url, "/login", "");
	service->logout_url = join_texts(service->settings->base_url, "/logout", "");
	if (service->page_policy == NULL || service->static_url == NULL ||
		service->login_url == NULL || service->logout_url == NULL) {
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

int service_connect(struct service *service, struct outbound *outbound, struct error *error)
{
	for (size_t i = 0; i < service->platform_count; i++) {
		struct service_platform *platform = &service->platforms[i];
		struct outbound_settings settings = {
			.base = platform->peer->api,
			.ca_file = platform->peer->ca_file,
			.connect_timeout_ms = platform->peer->connect_timeout_ms,
			.timeout_ms = platform->peer->timeout_ms,
			.in_flight_max = share_of_platform(service),
		};

		platform->outbound = outbound_peer_new(outbound, &settings, error);
		if (platform->outbound == NULL)
			return -1;
	}
	return 0;
}

struct service_platform *service_platform(const struct service *service, const char *title)
{
	for (size_t i = 0; i < service->platform_count; i++)
		if (strcasecmp(service->platforms[i].title, title) == 0)
			return &service->platforms[i];
	return NULL;
}

struct service_backend *service_backend(const struct service *service, const char *title)
{
	for (size_t i = 0; i < service->backend_count; i++)
		if (strcmp(service->backends[i].title, title) == 0)
			return &service->backends[i];
	return NULL;
}

struct service *service_use(struct service *service)
{
	service->users++;
	return service;
}

static void free_service(struct service *service)
{
	for (size_t i = 0; i < service->platform_count; i++) {
		struct service_platform *platform = &service->platforms[i];

		outbound_peer_release(&platform->outbound);
		if (platform->instance != NULL)
			platform->driver->close(platform->instance);
		free(platform->login_policy);
	}
	for (size_t i = 0; i < service->backend_count; i++)
		if (service->backends[i].instance != NULL)
			service->backends[i].driver->close(service->backends[i].instance);
	files_drop(&service->files);
	free(service->platforms);
	free(service->backends);
	free(service->page_policy);
	free(service->static_url);
	free(service->login_url);
	free(service->logout_url);
	config_free(&service->settings);
	free(service);
}

void service_drop(struct service **service)
{
	struct service *s = *service;

	*service = NULL;
	if (s != NULL && --s->users == 0)
		free_service(s);
}
