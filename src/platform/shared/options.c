/* SPDX-License-Identifier: MIT */
#include "platform/shared/options.h"

#include "base/text.h"
#include "config/config.h"

enum {
	ROOM_LEASE_MAX = 7 * 24 * 3600,
	ROOM_NAME_MAX = 1024,
	LIFETIME_MAX = 24 * 3600,
	CONNECT_TIMEOUT_MS = 2000,
	TIMEOUT_MS = 10000,
};

int shared_read_url(const struct section *section, const char *name, char url[PLATFORM_URL_MAX],
	struct error *error)
{
	struct error why;
	int length;

	if (section_has(section, name))
		length = snprintf(url, PLATFORM_URL_MAX, "%s", section_string(section, name));
	else
		length = snprintf(url, PLATFORM_URL_MAX, "https://%s", section_title(section));
	if (length >= PLATFORM_URL_MAX)
		return section_error(section, name, error, "is too long");
	if (config_check_url(url, &why) != 0)
		return section_error(section, name, error, "%s", why.text);
	if (strchr(strstr(url, "://") + 3, '/') != NULL)
		return section_error(section, name, error,
			"must be https://host or https://host:port, without a path or a final "
			"slash");
	config_to_origin(url);
	return 0;
}

int shared_read_timeouts(
	const struct section *section, struct platform_peer *peer, struct error *error)
{
	peer->timeout_ms = section_milliseconds(section, "timeout");
	peer->connect_timeout_ms = section_milliseconds(section, "connect-timeout");
	if (peer->timeout_ms <= 0)
		return section_error(section, "timeout", error, "must be more than 0");
	if (peer->connect_timeout_ms <= 0)
		return section_error(section, "connect-timeout", error, "must be more than 0");
	if (peer->connect_timeout_ms <= peer->timeout_ms)
		return 0;
	if (section_has(section, "connect-timeout"))
		return section_error(
			section, "connect-timeout", error, "must not be longer than timeout");
	peer->connect_timeout_ms = peer->timeout_ms;
	return 0;
}

int shared_new_fetch(const struct section *section, struct platform_peer *peer,
	struct fetch **fetch_r, struct error *error)
{
	struct fetch_settings settings;
	struct error why;

	if (shared_read_timeouts(section, peer, error) != 0)
		return -1;
	settings =
		(struct fetch_settings){peer->ca_file, peer->connect_timeout_ms, peer->timeout_ms};
	*fetch_r = fetch_new(&settings, &why);
	return *fetch_r != NULL ? 0 : section_error(section, "ca-file", error, "%s", why.text);
}

void shared_set_timeouts(struct platform_peer *peer)
{
	peer->connect_timeout_ms = CONNECT_TIMEOUT_MS;
	peer->timeout_ms = TIMEOUT_MS;
}

/* What browsers would never send lets nobody in, and nothing would say why. */
static const char *origin_fault(const char *origin)
{
	char sent[PLATFORM_URL_MAX];
	struct error why;

	if (config_check_url(origin, &why) != 0 || strchr(strstr(origin, "://") + 3, '/') != NULL)
		return "is no https://host or https://host:port";
	if (strlen(origin) >= sizeof sent)
		return "is too long";
	memcpy(sent, origin, strlen(origin) + 1);
	config_to_origin(sent);
	if (strlen(sent) != strlen(origin))
		return "has the usual port, which browsers do not send";
	return strcmp(sent, origin) == 0 ? NULL : "has capital letters, which browsers do not send";
}

int shared_read_origins(
	const struct section *section, struct platform_peer *peer, struct error *error)
{
	peer->origins = section_list(section, "allowed-origins", &peer->origin_count);
	for (size_t i = 0; i < peer->origin_count; i++) {
		const char *fault = origin_fault(peer->origins[i]);

		if (fault != NULL)
			return section_error(section, "allowed-origins", error, "\"%.100s\" %s",
				peer->origins[i], fault);
	}
	return 0;
}

static int read_room(const struct section *section, struct platform_peer *peer, size_t at,
	struct buffer *name, const char *form, struct error *error)
{
	if (name->length == 0)
		return section_error(section, "rooms", error,
			"\"%.100s\" names no meeting of this platform: write %s", peer->rooms[at],
			form);
	if (name->failed)
		return section_error(section, "rooms", error, "no memory");
	for (size_t i = 0; i < at; i++)
		if (strcmp(peer->room_names[i], name->data) == 0)
			return section_error(section, "rooms", error,
				"\"%.100s\" stands there twice, first as \"%.100s\"",
				peer->rooms[at], peer->rooms[i]);
	peer->room_names[at] = strdup(name->data);
	return peer->room_names[at] != NULL ? 0
					    : section_error(section, "rooms", error, "no memory");
}

int shared_read_rooms(const struct section *section, struct platform_peer *peer,
	shared_name_room *name_room, const void *instance, const char *form, struct error *error)
{
	int64_t milliseconds = section_milliseconds(section, "room-lease");

	peer->rooms = section_list(section, "rooms", &peer->room_count);
	peer->room_lease = milliseconds / 1000;
	if (peer->room_count > PLATFORM_ROOMS_MAX)
		return section_error(
			section, "rooms", error, "has more than %d rooms", (int)PLATFORM_ROOMS_MAX);
	peer->room_names = calloc(PLATFORM_ROOMS_MAX, sizeof *peer->room_names);
	if (peer->room_names == NULL)
		return section_error(section, "rooms", error, "no memory");
	for (size_t i = 0; i < peer->room_count; i++) {
		struct buffer name = BUFFER_INIT(ROOM_NAME_MAX);
		int rc;

		if (name_room(instance, peer->rooms[i], &name) != 0)
			buffer_clear(&name);
		rc = read_room(section, peer, i, &name, form, error);
		buffer_release(&name);
		if (rc != 0)
			return -1;
	}
	if (milliseconds % 1000 == 0 && peer->room_lease >= 1 && peer->room_lease <= ROOM_LEASE_MAX)
		return 0;
	return section_error(
		section, "room-lease", error, "must be 1 second to 7 days, in whole seconds");
}

void shared_free_rooms(struct platform_peer *peer)
{
	for (size_t i = 0; peer->room_names != NULL && i < PLATFORM_ROOMS_MAX; i++)
		free(peer->room_names[i]);
	free(peer->room_names);
	peer->room_names = NULL;
}

int shared_read_lifetime(
	const struct section *section, int64_t minimum, int64_t *seconds_r, struct error *error)
{
	int64_t milliseconds = section_milliseconds(section, "lifetime");

	*seconds_r = milliseconds / 1000;
	if (milliseconds % 1000 == 0 && *seconds_r >= minimum && *seconds_r <= LIFETIME_MAX)
		return 0;
	return section_error(section, "lifetime", error,
		"must be %d seconds to 24h, in whole seconds", (int)minimum);
}

void shared_host_of(const char *url, char host[PLATFORM_URL_MAX])
{
	const char *from = strstr(url, "://") + 3;
	size_t length = from[0] == '[' ? strcspn(from, "]") + 1 : strcspn(from, ":/");

	text_lower(from, host, length + 1);
}
