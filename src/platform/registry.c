/* SPDX-License-Identifier: MIT */
#include "platform/registry.h"

#include "base/memory.h"
#include "platform/shared/options.h"

#include <pthread.h>

/* The conditions in platforms.def. */
#define ALWAYS(driver) driver
#ifdef HAVE_CJOSE
#define WITH_CJOSE(driver) driver
#else
#define WITH_CJOSE(driver) NULL
#endif
#ifdef HAVE_EXPAT
#define WITH_EXPAT(driver) driver
#else
#define WITH_EXPAT(driver) NULL
#endif
#if defined HAVE_EXPAT && defined HAVE_CRYPTO
#define WITH_EXPAT_AND_CRYPTO(driver) driver
#else
#define WITH_EXPAT_AND_CRYPTO(driver) NULL
#endif

#define PLATFORM(type, built) extern const struct platform_driver platform_##type;
#include "platform/platforms.def"
#undef PLATFORM

static const struct {
	const char *type;
	const struct platform_driver *driver;
} rows[] = {
#define PLATFORM(type, built) {#type, built(&platform_##type)},
#include "platform/platforms.def"
#undef PLATFORM
};

enum { ROWS = sizeof rows / sizeof *rows };

/* ---- types ---- */

const struct platform_driver *platform_find(const char *type)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].type, type) == 0)
			return rows[i].driver;
	return NULL;
}

const struct platform_driver *platform_at(size_t index)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].driver != NULL && index-- == 0)
			return rows[i].driver;
	return NULL;
}

const char *platform_missing_at(size_t index)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].driver == NULL && index-- == 0)
			return rows[i].type;
	return NULL;
}

static struct section_type types[ROWS + 1];

static void fill_types(void)
{
	for (size_t i = 0; i < ROWS; i++)
		types[i] = (struct section_type){
			rows[i].type, rows[i].driver != NULL ? rows[i].driver->options : NULL};
}

const struct section_type *platform_section_types(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_types);
	return types;
}

/* ---- instances ---- */

/* Makes the HTTP client that all workers of a platform share. */
static int open_fetch(const struct platform_driver *driver, const struct section *section,
	struct platform_peer *peer, struct error *error)
{
	struct fetch_settings settings = {
		peer->ca_file, peer->connect_timeout_ms, peer->timeout_ms};

	if (driver->grant == NULL || driver->grant->threads == 0)
		return 0;
	peer->fetch = fetch_new(&settings, error);
	return peer->fetch != NULL ? 0 : section_blame(section, "ca-file", error);
}

int platform_open(const struct platform_driver *driver, const struct section *section,
	void **instance_r, struct error *error)
{
	*instance_r = xcalloc(1, driver->instance_size);
	if (section_fill(section, *instance_r, error) == 0 &&
		options_complete(section, *instance_r, error) == 0 &&
		(driver->open == NULL || driver->open(*instance_r, section, error) == 0) &&
		open_fetch(driver, section, *instance_r, error) == 0)
		return 0;
	platform_close(driver, instance_r);
	return -1;
}

void platform_close(const struct platform_driver *driver, void **instance)
{
	struct platform_peer *peer = *instance;

	if (peer == NULL)
		return;
	fetch_free(&peer->fetch);
	options_free_rooms(peer);
	if (driver->close != NULL)
		driver->close(*instance);
	free(*instance);
	*instance = NULL;
}

const struct platform_peer *platform_peer(const void *instance)
{
	return instance;
}

/* ---- default behaviour ---- */

const char *platform_entry(const struct platform_driver *driver)
{
	return driver->entry != NULL ? driver->entry->name : NULL;
}

bool platform_takes_browsers(const struct platform_driver *driver, const struct platform_peer *peer)
{
	return driver->script == NULL || !driver->script->scripts_only || peer->app_url != NULL;
}

void platform_redirect_url(const struct platform_driver *driver, const void *instance,
	const struct join *join, const char *token, const struct identity *who, struct buffer *url)
{
	if (driver->redirect_url != NULL)
		driver->redirect_url(instance, join, token, who, url);
	else
		buffer_text(url, token);
}

void platform_write_token(const struct platform_driver *driver, const void *instance,
	const struct join *join, const char *token, struct platform_token_response *response)
{
	if (driver->script->token_response != NULL)
		driver->script->token_response(instance, join, token, response);
	else
		buffer_text(response->body, token);
}
