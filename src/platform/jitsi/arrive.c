/* SPDX-License-Identifier: MIT
 *
 * Identifies the room. Jitsi Meet replaces {room} and {state} in `tokenAuthUrl`. {state} is a JSON
 * object with room, roomSafe (the name on its servers: normalized, lower case, percent-encoded),
 * tenant, one of ios, android and electron, and overrides of the configuration (jitsi-meet,
 * react/features/authentication/functions.any.ts). Everything passes through the visitor's browser
 * and is not trusted.
 */
#include "platform/jitsi/jitsi.h"

#include "base/text.h"
#include "platform/shared/arrival.h"
#include "platform/shared/links.h"

#include <jansson.h>

enum {
	ROOM_MAX =
		JOIN_MEETING_MAX, /* Prosody's limit, including "[TENANT]" (RFC 7622 section 3.1) */
	TENANT_MAX = 64,
	OVERRIDES_MAX = 12,
	OVERRIDE_MAX = 200,
	OVERRIDES_BYTES = 1500,
	KEY_MAX = 80
};

/* The names of a visit's room and tenant. They point into the arrival, the state or `path`. */
struct names {
	const char *room, *safe, *tenant; /* NULL: missing */
	char path[TENANT_MAX + ROOM_MAX + 2];
};

bool jitsi_is_override(const char *name)
{
	return (strncmp(name, "config.", 7) == 0 || strncmp(name, "interfaceConfig.", 16) == 0) &&
	       text_is_token(name, 1, KEY_MAX, "_.");
}

/* Whether the two digits after a "%" encode a character that a room may have: a space, one of # $ %
 * + , ; = @, or a byte beyond ASCII. An encoded dot or slash would change the path if somebody
 * decodes it twice, and Jitsi's nginx serves no page for & : ? ' and ". */
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

/* Whether a text could be roomSafe: the result of encodeURIComponent() for a normalized name, in
 * lower case. "*" is refused: to Prosody it means every room. */
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

/* Reads ROOM or TENANT/ROOM from the path after the entry. */
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

/* Parameters override the path: tokenAuthUrl may have the room in both. */
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

/* Validates the tenant. Some clients send "/tenant/", as in the page's URL. */
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

/* Derives both spellings of an ASCII room: `shown` for URLs and `safe` as on Prosody. Returns false
 * if the room has other characters or is too long. */
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

/* Each space takes three bytes (%20). */
static bool is_too_long(const char *room)
{
	size_t length = strlen(room);

	for (; *room != '\0'; room++)
		length += *room == ' ' ? 2 : 0;
	return length > ROOM_MAX;
}

/* Finds both spellings of the room. For ASCII we derive the name on Prosody and compare it with
 * roomSafe. For other characters, which need NFKC and case folding, we use roomSafe for the URL
 * too, so that the browser is led to the room that the token is for. */
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
		return arrival_refuse(arrival, "state", "room and roomSafe name different rooms");
	}
	if (known == NULL && is_safe(room)) /* received percent-encoded */
		known = room;
	if (known == NULL)
		return arrival_refuse(arrival, "room",
			"not letters, digits, spaces, - . _ and ~, or too long; for other "
			"characters put {state} into tokenAuthUrl, or percent-encode them in lower "
			"case");
	if (!is_safe(known))
		return arrival_refuse(arrival, "state",
			"roomSafe is not a percent-encoded name in lower case, or is too long");
	memcpy(shown, known, strlen(known) + 1);
	memcpy(safe, known, strlen(known) + 1);
	return 0;
}

/* Returns a scalar as JSON text, which the caller frees, or NULL if the value is not a scalar, is
 * empty or is too long for an override. */
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

/* Returns an override as JSON text, which the caller frees, or NULL. {state} has overrides from a
 * page's URL as strings of JSON: "false", "\"Team 1\"". */
static char *dump_override(const json_t *value)
{
	const char *text = json_string_value(value);
	json_t *within = text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
	char *dumped = dump_scalar(within != NULL ? within : value);

	json_decref(within);
	return dumped;
}

/* Stores the overrides in the join. Overrides are optional: those that do not fit into a ticket, or
 * that the web client would ignore, are dropped. */
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

/* Whether a tenant is Prosody's domain. The tokens of rooms without a tenant carry the domain as
 * `sub`, so such a tenant would be a second name for them, which rules do not know. The site's host
 * is refused too, in case the option `domain` is wrong. */
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
		return arrival_refuse(arrival, "tenant", "the domain itself cannot be a tenant");
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
