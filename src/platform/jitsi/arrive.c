/* SPDX-License-Identifier: MIT
 *
 * Which room? Jitsi Meet fills `tokenAuthUrl` with {room} and with {state}, a JSON object: room,
 * roomSafe (what its servers call it: normalized, small letters, percent-encoded), tenant, one of
 * ios, android, electron, and overrides of its configuration (jitsi-meet,
 * react/features/authentication/functions.any.ts). All of it comes through the visitor's browser.
 */
#include "platform/jitsi/jitsi.h"

#include "base/text.h"
#include "platform/shared/arrival.h"
#include "platform/shared/links.h"

#include <jansson.h>

enum {
	ROOM_MAX = JOIN_MEETING_MAX, /* of Prosody, with "[TENANT]": RFC 7622, 3.1 */
	TENANT_MAX = 64,
	OVERRIDES_MAX = 12,
	OVERRIDE_MAX = 200,
	OVERRIDES_BYTES = 1500,
	KEY_MAX = 80
};

/* Where the names were found. */
struct names {
	const char *room, *safe, *tenant; /* NULL where missing */
	char path[TENANT_MAX + ROOM_MAX + 2];
};

bool jitsi_is_override(const char *name)
{
	return (strncmp(name, "config.", 7) == 0 || strncmp(name, "interfaceConfig.", 16) == 0) &&
	       text_is_token(name, 1, KEY_MAX, "_.");
}

/* Behind a "%": a blank, one of # $ % + , ; = @, or something beyond ASCII. An encoded dot or slash
 * would be another address, also where somebody decodes twice; for & : ? ' and " Jitsi's own nginx
 * has no page. */
static bool is_encoded(const char *digits)
{
	static const char *const known[] = {"20", "23", "24", "25", "2b", "2c", "3b", "3d", "40"};
	static const char hex[] = "0123456789abcdef";

	if (strspn(digits, hex) < 2)
		return false;
	if (digits[0] >= '8')
		return true;
	if (strncmp(digits, "25", 2) == 0 && strspn(digits + 2, hex) >= 2)
		return false;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strncmp(digits, known[i], 2) == 0)
			return true;
	return false;
}

/* What encodeURIComponent() makes of a normalized name, in small letters. No "*": Prosody takes
 * that for every room. */
static bool is_safe(const char *room)
{
	if (!text_is_token(room, 1, ROOM_MAX, "_.~%-"))
		return false;
	for (; *room != '\0'; room++)
		if ((*room >= 'A' && *room <= 'Z') || (*room == '%' && !is_encoded(room + 1)))
			return false;
	return true;
}

const char *jitsi_room(const struct join *join)
{
	const char *slash = strrchr(join->meeting_id, '/');

	if (join_remembered(join, JITSI_ROOM) == NULL)
		return NULL;
	return slash != NULL ? slash + 1 : join->meeting_id;
}

/* One or two segments behind the entry: ROOM or TENANT/ROOM. */
static int read_path(struct platform_arrival *arrival, struct names *names)
{
	char *slash;

	if (arrival->rest[0] == '\0')
		return 0;
	if (strlen(arrival->rest) >= sizeof names->path)
		return arrival_refuse_length(arrival, "room", ROOM_MAX);
	memcpy(names->path, arrival->rest, strlen(arrival->rest) + 1);
	slash = strrchr(names->path, '/');
	names->room = slash != NULL ? slash + 1 : names->path;
	if (slash == NULL)
		return 0;
	*slash = '\0';
	names->tenant = names->path;
	return 0;
}

/* A parameter counts before the path: tokenAuthUrl may have a room in both. */
static int read_parameters(struct platform_arrival *arrival, struct names *names)
{
	const char *room, *tenant;

	if (arrival_optional(arrival, "room", &room) != 0 ||
		arrival_optional(arrival, "tenant", &tenant) != 0)
		return -1;
	if (room != NULL)
		names->room = room;
	if (tenant != NULL)
		names->tenant = tenant;
	return 0;
}

static int read_state(struct platform_arrival *arrival, json_t **state_r, struct names *names)
{
	const char *text;

	*state_r = NULL;
	if (arrival_optional(arrival, "state", &text) != 0)
		return -1;
	if (text == NULL)
		return 0;
	*state_r = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(*state_r))
		return arrival_refuse(arrival, "state", "not a JSON object");
	names->room = json_string_value(json_object_get(*state_r, "room"));
	names->safe = json_string_value(json_object_get(*state_r, "roomSafe"));
	names->tenant = json_string_value(json_object_get(*state_r, "tenant"));
	return 0;
}

/* The tenant comes from the address: "/tenant/" with some clients. */
static int trim_tenant(
	struct platform_arrival *arrival, const char *text, char tenant[TENANT_MAX + 1])
{
	size_t length;

	tenant[0] = '\0';
	if (text == NULL)
		return 0;
	text += strspn(text, "/");
	length = strlen(text);
	while (length > 0 && text[length - 1] == '/')
		length--;
	if (length > TENANT_MAX)
		return arrival_refuse_length(arrival, "tenant", TENANT_MAX);
	memcpy(tenant, text, length);
	tenant[length] = '\0';
	if (length > 0 && !text_is_token(tenant, 1, TENANT_MAX, "_.-"))
		return arrival_refuse(
			arrival, "tenant", "the tenant is not letters, digits, _ . and -");
	return 0;
}

/* The two names of a room whose letters are ASCII, as we know them. Whether it is one, and fits. */
static bool spell(const char *room, char shown[ROOM_MAX + 1], char safe[ROOM_MAX + 1])
{
	struct buffer text = BUFFER_INIT(ROOM_MAX);
	bool fits;

	if (!text_is_token(room, 1, ROOM_MAX, " _.~-"))
		return false;
	buffer_percent(&text, room);
	fits = !text.failed;
	if (fits) {
		memcpy(shown, text.data, text.length + 1);
		text_lower(shown, safe, ROOM_MAX + 1);
	}
	buffer_release(&text);
	return fits;
}

/* Blanks take three bytes. */
static bool is_too_long(const char *room)
{
	size_t length = strlen(room);

	for (; *room != '\0'; room++)
		length += *room == ' ' ? 2 : 0;
	return length > ROOM_MAX;
}

/* The two names of the room. What it is to Prosody for ASCII we know; for anything else (NFKC, case
 * folding) its own word is taken, and then it stands in the address too: nothing is signed for a
 * name that looks like one room and is another. */
static int settle_room(struct platform_arrival *arrival, const struct names *names,
	char shown[ROOM_MAX + 1], char safe[ROOM_MAX + 1])
{
	const char *room = names->room != NULL ? names->room : names->safe;
	const char *known = names->safe;

	if (room == NULL)
		return arrival_refuse(arrival, "room", "missing");
	if (is_too_long(room) || (known != NULL && is_too_long(known)))
		return arrival_refuse_length(arrival, "room", ROOM_MAX);
	if (spell(room, shown, safe)) {
		if (known == NULL || strcmp(safe, known) == 0)
			return 0;
		return arrival_refuse(arrival, "state", "roomSafe is not what the room is called");
	}
	if (known == NULL && is_safe(room)) /* it came encoded */
		known = room;
	if (known == NULL)
		return arrival_refuse(arrival, "room",
			"not letters, digits, blanks, - . _ and ~, or too long; others come "
			"percent-encoded in small letters, or with {state} in tokenAuthUrl");
	if (!is_safe(known))
		return arrival_refuse(arrival, "state",
			"roomSafe is not a room: more than letters, digits, blanks, - . _ and ~, "
			"or "
			"too long");
	memcpy(shown, known, strlen(known) + 1);
	memcpy(safe, known, strlen(known) + 1);
	return 0;
}

/* A scalar, as JSON; NULL where it is none, empty, or longer than an override may be. */
static char *dump_scalar(const json_t *value)
{
	const char *text = json_string_value(value);
	char *dumped;

	if (json_is_object(value) || json_is_array(value) || (text != NULL && text[0] == '\0'))
		return NULL;
	dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (dumped != NULL && strlen(dumped) <= OVERRIDE_MAX)
		return dumped;
	free(dumped);
	return NULL;
}

/* What stood in the address of a page is a text of JSON in {state}: "false", "\"Team 1\"". */
static char *dump_override(const json_t *value)
{
	const char *text = json_string_value(value);
	json_t *within = text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
	char *dumped = dump_scalar(within != NULL ? within : value);

	json_decref(within);
	return dumped;
}

/* Overrides are a comfort: what is more than a ticket holds is dropped, as is what the web client
 * would not take either. */
static int remember_overrides(struct platform_arrival *arrival, json_t *state)
{
	size_t count = 0, left = OVERRIDES_BYTES;
	const char *name;
	json_t *value;
	int rc = 0;

	json_object_foreach(state, name, value)
	{
		char *dumped = jitsi_is_override(name) ? dump_override(value) : NULL;
		size_t size = dumped != NULL ? strlen(name) + strlen(dumped) : 0;

		if (dumped != NULL && count < OVERRIDES_MAX && size <= left && rc == 0) {
			rc = arrival_remember(arrival, name, dumped);
			count++;
			left -= size;
		}
		free(dumped);
	}
	return rc;
}

static const char *client_of(json_t *state)
{
	static const char *const clients[] = {"ios", "android", "electron"};

	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++)
		if (json_is_true(json_object_get(state, clients[i])))
			return clients[i];
	return NULL;
}

/* Rooms without a tenant have Prosody's domain in its place (sub): the same word as a tenant would
 * be another name for them, which no rule knows. The host of the site can be no tenant either, and
 * may be that domain where `domain` is not what it should. */
static bool is_domain(const struct jitsi *jitsi, const char *tenant)
{
	char host[PLATFORM_URL_MAX];

	links_host_of(jitsi->peer.site, host);
	return strcmp(tenant, jitsi->domain) == 0 || strcmp(tenant, host) == 0;
}

static int settle(const struct jitsi *jitsi, struct platform_arrival *arrival,
	const struct names *names, json_t *state)
{
	char shown[ROOM_MAX + 1], safe[ROOM_MAX + 1];
	char tenant[TENANT_MAX + 1], id[TENANT_MAX + ROOM_MAX + 2];

	if (settle_room(arrival, names, shown, safe) != 0 ||
		trim_tenant(arrival, names->tenant, tenant) != 0 ||
		arrival_remember(arrival, JITSI_TENANT, tenant[0] != '\0' ? tenant : NULL) != 0)
		return -1;
	text_lower(tenant, tenant, strlen(tenant) + 1);
	if (is_domain(jitsi, tenant))
		return arrival_refuse(arrival, "tenant", "the domain itself is not a tenant");
	if (tenant[0] != '\0' && strlen(tenant) + 2 + strlen(safe) > ROOM_MAX)
		return arrival_refuse_length(arrival, "room", ROOM_MAX - strlen(tenant) - 2);
	snprintf(id, sizeof id, "%s%s%s", tenant, tenant[0] != '\0' ? "/" : "", safe);
	if (arrival_set_meeting(arrival, id) != 0 ||
		arrival_remember(arrival, JITSI_ROOM, strcmp(shown, safe) != 0 ? shown : "") != 0 ||
		arrival_remember(arrival, JITSI_CLIENT, client_of(state)) != 0)
		return -1;
	return remember_overrides(arrival, state);
}

int jitsi_arrive(const void *instance, struct platform_arrival *arrival)
{
	struct names names = {0};
	json_t *state = NULL;
	int rc = -1;

	if (read_path(arrival, &names) == 0 && read_parameters(arrival, &names) == 0 &&
		read_state(arrival, &state, &names) == 0)
		rc = settle(instance, arrival, &names, state);
	json_decref(state);
	return rc;
}
