/* SPDX-License-Identifier: MIT */
#include "ctl/check_secret.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/print.h"
#include "ctl/progress.h"

enum {
	SOON_S = 30 * 24 * 3600,	/* before a secret ends */
	SOON_MEETING_S = 7 * 24 * 3600, /* before the key of a meeting does */
};

/* ---- findings ---- */

void finding_add(
	struct findings *findings, bool good, const char *what, const char *name, const char *text)
{
	findings->failed |= !good;
	progress_hide();
	if (findings->list == NULL)
		printf("%-4s  %-8s  %-24s  %s\n", good ? "ok" : "FAIL", what, name, text);
	else
		print_add(findings->list, json_pack("{s:b, s:s, s:s, s:s}", "ok", good, "what",
						  what, "name", name, "finding", text));
}

void finding_warn_at(struct findings *findings, const char *what, const char *name,
	const char *file, int line, const char *text)
{
	progress_hide();
	if (findings->list == NULL)
		printf("%-4s  %-8s  %-24s  %s\n", "warn", what, name, text);
	else
		print_add(findings->list, json_pack("{s:b, s:b, s:s, s:s, s:s?, s:i, s:s}", "ok",
						  true, "warning", true, "what", what, "name", name,
						  "file", file, "line", line, "finding", text));
}

void finding_warn(struct findings *findings, const char *what, const char *name, const char *text)
{
	finding_warn_at(findings, what, name, NULL, 0, text);
}

void finding_add_result(struct findings *findings, int rc, const char *what, const char *name,
	const char *good, const struct error *error)
{
	finding_add(findings, rc == 0, what, name, rc == 0 ? good : error->text);
}

/* ---- secrets ---- */

/* Warns of the end of a secret: when the newest version ends, all versions do, and nobody gets in.
 */
static void check_end(
	struct findings *findings, const struct store *store, const char *name, int64_t now)
{
	const struct store_secret *newest;
	char text[200], until[TEXT_TIME_SIZE];
	size_t count;

	newest = store_secrets(store, name, now, &count);
	if (count == 0 || newest->expires == 0 || newest->expires > now + SOON_S)
		return;
	snprintf(text, sizeof text, "ends at %s: store another one before",
		text_from_time(newest->expires, until));
	finding_warn(findings, "secret", name, text);
}

/* Checks that a required secret is in the store and, without network, that its format is valid. */
static void check_secret(struct findings *findings, const struct store *store, const char *name,
	const struct service_platform *platform)
{
	const char *values[STORE_VERSIONS_MAX];
	int64_t now = clock_wall(), ended = store_ended(store, name, now);
	size_t count = store_texts(store, name, now, values);
	char good[100], ended_text[TEXT_TIME_SIZE];
	bool look = platform != NULL && platform->driver->secret != NULL &&
		    platform->driver->secret->validate_secret != NULL;
	struct error error = {0};
	int rc = 0;

	snprintf(good, sizeof good, "%zu version%s in the store%s", count, count == 1 ? "" : "s",
		look ? "; the newest has a valid format" : "");
	if (ended != 0)
		rc = error_set(&error, "ended at %s: run \"meetauthctl secret set %s\"",
			text_from_time(ended, ended_text), name);
	else if (count == 0)
		rc = error_set(&error, "missing: run \"meetauthctl secret set %s\"", name);
	else if (look && platform->driver->secret->validate_secret(
				 platform->instance, values[0], &error) != 0)
		rc = error_prefix(&error, "the newest: ");
	finding_add_result(findings, rc, "secret", name, good, &error);
	if (rc == 0)
		check_end(findings, store, name, now);
}

/* The numbers of a platform's meeting keys that are valid, that end soon, and that have ended. */
struct meeting_keys {
	size_t count, soon, ended;
	const struct store_secret *first; /* to end */
};

static void count_key(struct meeting_keys *keys, const struct store_secret *newest, int64_t now)
{
	bool has_end = newest->expires != 0;

	if (has_end && newest->expires <= now) {
		keys->ended++;
		return;
	}
	keys->count++;
	keys->soon += has_end && newest->expires <= now + SOON_MEETING_S;
	if (has_end && (keys->first == NULL || newest->expires < keys->first->expires))
		keys->first = newest;
}

static struct meeting_keys count_keys(const struct store *store, const char *title, int64_t now)
{
	struct meeting_keys keys = {0};
	char prefix[STORE_NAME_MAX + 1];
	const struct store_secret *all;
	size_t count;

	snprintf(prefix, sizeof prefix, "meeting/%s/", title);
	all = store_all(store, &count);
	for (size_t i = 0; i < count; i++)
		if (strncmp(all[i].name, prefix, strlen(prefix)) == 0 &&
			(i == 0 || strcmp(all[i].name, all[i - 1].name) != 0))
			count_key(&keys, &all[i], now);
	return keys;
}

static void check_meeting_keys(
	struct findings *findings, const struct store *store, const char *title)
{
	struct meeting_keys keys = count_keys(store, title, clock_wall());
	char text[STORE_NAME_MAX + 200], until[TEXT_TIME_SIZE];

	snprintf(text, sizeof text, "%zu meeting%s with a key in the store", keys.count,
		keys.count == 1 ? "" : "s");
	finding_add(findings, true, "secret", title, text);
	if (keys.soon > 0) {
		snprintf(text, sizeof text,
			"%zu key%s within 7 days, first %s at %s: meetings that go on need another "
			"one (\"meetauthctl secret import\")",
			keys.soon, keys.soon == 1 ? " ends" : "s end", keys.first->name,
			text_from_time(keys.first->expires, until));
		finding_warn(findings, "secret", title, text);
	}
	if (keys.ended > 0) {
		snprintf(text, sizeof text,
			"%zu key%s ended, and nobody gets into the meeting%s: \"meetauthctl secret "
			"list\" shows which",
			keys.ended, keys.ended == 1 ? " has" : "s have",
			keys.ended == 1 ? "" : "s");
		finding_warn(findings, "secret", title, text);
	}
}

void check_platform_secrets(struct findings *findings, const struct service *service)
{
	const struct store *store = service->files->store;

	for (size_t i = 0; i < service->platform_count; i++) {
		const struct service_platform *platform = &service->platforms[i];

		if (platform->driver->secret_scope == PLATFORM_SECRET_PER_PLATFORM)
			check_secret(findings, store, platform->title, platform);
		else if (platform->driver->secret_scope == PLATFORM_SECRET_PER_MEETING)
			check_meeting_keys(findings, store, platform->title);
	}
}

void check_backend_secrets(struct findings *findings, const struct service *service)
{
	const struct settings *settings = service->settings;

	for (size_t i = 0; i < service->backend_count; i++) {
		const struct service_backend *backend = &service->backends[i];
		const struct auth_backend *driver = backend->driver;

		/* `invite create` makes a missing secret itself, but the guest desk cannot. */
		if (auth_needs_secret(driver, backend->instance) ||
			settings->backends[i] == settings->desk.invitations)
			check_secret(findings, service->files->store, backend->secret_name, NULL);
	}
}
