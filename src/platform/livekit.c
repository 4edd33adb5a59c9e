/* SPDX-License-Identifier: MIT
 *
 * Platform "livekit": an access token for one room of LiveKit, as in livekit/protocol (auth:
 * accesstoken, grants, verifier). It is for LiveKit Meet's page for custom tokens, or for the
 * script of an application, which gets it in the format of LiveKit's token endpoints ("Endpoint
 * token generation").
 *
 * The platform's secret is KEY:SECRET, as in LiveKit's own configuration. LiveKit finds the SECRET
 * by the KEY, so both change together.
 */
#include "base/text.h"
#include "config/config.h"
#include "platform/redirect.h"
#include "platform/shared/arrival.h"
#include "platform/shared/options.h"
#include "platform/shared/person.h"
#include "platform/shared/talk.h"
#include "platform/shared/token.h"

enum {
	ROOM_MAX = 128,
	KEY_NAME_MAX = 128,
	USER_ID_DIGITS = 8,
	IDENTITY_BYTES = 256 - 1 - USER_ID_DIGITS, /* LiveKit's max_participant_identity_length */
	EARLIER_S = 10,
	LIFETIME_MIN_S = 10,
};

struct livekit {
	struct platform_peer peer;
	const char *server_option;     /* NULL: the title */
	char api[PLATFORM_URL_MAX];    /* the server as https:// */
	char server[PLATFORM_URL_MAX]; /* and as wss://, for clients */
	int64_t lifetime;
};

/* Validates ws:// and wss:// URLs as http:// and https://, with which a WebSocket connection
 * begins. */
static int check_server(const char *text, struct error *why)
{
	char url[PLATFORM_URL_MAX];

	if ((strncmp(text, "ws://", 5) != 0 && strncmp(text, "wss://", 6) != 0) ||
		snprintf(url, sizeof url, "http%s", text + 2) >= (int)sizeof url ||
		config_check_url(url, NULL) != 0 || strchr(strstr(url, "://") + 3, '/') != NULL)
		return error_set(
			why, "must be wss://host or wss://host:port (ws:// for this machine only)");
	return 0;
}

static const struct option options[] = {
	{"server", OPTION_TEXT, NULL, "wss://host[:port] of LiveKit; wss://TITLE by default",
		.null_if_unset = true, .not_empty = true, .check = check_server,
		OPTION_INTO(struct livekit, server_option)},
	PEER_SITE("https://host[:port] of LiveKit Meet; https://TITLE by default"),
	PEER_CA_FILE,
	{"lifetime", OPTION_SECONDS, "5m", "how long a token is valid for connecting",
		.min = LIFETIME_MIN_S, .max = OPTION_DAY_S, OPTION_INTO(struct livekit, lifetime)},
	PEER_PREFILL("put the name into the token"),
	PEER_ORIGINS,
	PEER_APP,
	{0},
};

static int livekit_open(void *context, const struct section *section, struct error *error)
{
	struct livekit *livekit = context;
	const char *text = livekit->server_option;

	if (text != NULL)
		snprintf(livekit->server, sizeof livekit->server, "%s", text);
	else
		snprintf(livekit->server, sizeof livekit->server, "wss://%s",
			section_title(section));
	snprintf(livekit->api, sizeof livekit->api, "http%s", livekit->server + 2);
	livekit->peer.api = livekit->api;
	return 0;
}

/* ---- arriving ---- */

/* Reads the room from the path, or from `room_name`, which LiveKit's clients send. */
static int livekit_arrive(const void *instance, struct platform_arrival *arrival)
{
	const char *room;

	if (arrival_named(arrival, "room_name", &room) != 0)
		return -1;
	if (!text_is_token(room, 1, ROOM_MAX, "_.~-"))
		return arrival_refuse(arrival, "room_name",
			"missing, or not 1 to %d letters, digits, - . _ and ~", ROOM_MAX);
	return arrival_set_meeting(arrival, room);
}

/* ---- the token ---- */

/* Splits KEY:SECRET. Returns the length of KEY, or 0 with the error. LiveKit's own file has a space
 * after the colon; it is refused here, since it would become part of the secret. */
static size_t cut_secret(const char *secret, struct token_key *key, struct error *error)
{
	size_t length = strcspn(secret, ":");

	if (length == 0 || length > KEY_NAME_MAX || secret[length] == '\0' ||
		strchr(secret, ' ') != NULL || !text_is_printable(secret)) {
		error_set(error,
			"the secret is not KEY:SECRET, as in LiveKit's `keys` but without spaces");
		return 0;
	}
	*key = (struct token_key){"HS256", secret + length + 1, strlen(secret + length + 1), NULL};
	return length;
}

/* LiveKit grants every right that the token does not mention, so all are set. */
static json_t *rights_of(const struct platform_grant *grant)
{
	bool observer = person_is_observer(grant);

	return json_pack("{s:b, s:s, s:b, s:b, s:b, s:b}", "roomJoin", true, "room",
		grant->join->meeting_id, "roomAdmin", person_is_moderator(grant), "canSubscribe",
		true, "canPublish", !observer, "canPublishData", !observer);
}

/* LiveKit admits each identity once and disconnects the older participant. So the identity is the
 * same within a session, where a reload replaces the old connection, and different in another
 * browser of the same person. */
static json_t *identity_of(const struct platform_grant *grant)
{
	struct buffer person = BUFFER_INIT(IDENTITY_BYTES);
	json_t *identity = NULL;

	person_put_id(grant->who, person_cut_bytes, IDENTITY_BYTES, &person);
	if (!person.failed)
		identity = json_sprintf("%s#%.*s", person.data, USER_ID_DIGITS, grant->user_id);
	buffer_release(&person);
	return identity;
}

static enum platform_verdict livekit_admit(void *context, const struct platform_grant *grant)
{
	const struct livekit *livekit = context;
	const char *secret = grant->secrets.values[0];
	struct token_key key;
	size_t length = cut_secret(secret, &key, grant->error);
	json_t *claims;

	if (length == 0)
		return PLATFORM_UNABLE;
	claims = json_pack("{s:s%, s:o, s:I, s:I, s:o}", "iss", secret, length, "sub",
		identity_of(grant), "nbf", (json_int_t)(grant->now - EARLIER_S), "exp",
		(json_int_t)(grant->now + livekit->lifetime), "video", rights_of(grant));
	if (claims != NULL && livekit->peer.prefill)
		token_claim(claims, "name", person_name(grant->who));
	return token_sign(grant, &key, claims);
}

static int livekit_validate_secret(const void *context, const char *secret, struct error *error)
{
	struct token_key key;

	return cut_secret(secret, &key, error) > 0 ? token_try(&key, error) : -1;
}

/* ---- what the browser gets ---- */

static void livekit_redirect_url(const void *context, const struct join *join, const char *token,
	const struct identity *who, struct buffer *url)
{
	const struct livekit *livekit = context;

	buffer_printf(url, "%s/custom?liveKitUrl=", livekit->peer.site);
	buffer_percent(url, livekit->server);
	buffer_text(url, "&token=");
	buffer_percent(url, token);
}

static void livekit_token_response(const void *context, const struct join *join, const char *token,
	struct platform_token_response *response)
{
	const struct livekit *livekit = context;

	response->status = 201;
	if (talk_put_json(response->body, json_pack("{s:s, s:s}", "server_url", livekit->server,
						  "participant_token", token)) != 0)
		response->body->failed = true;
}

static const char *livekit_meeting_parameter(const struct join *join, const char **value_r)
{
	*value_r = join->meeting_id;
	return "room_name";
}

const struct platform_driver platform_livekit = {
	.type = "livekit",
	.summary = "LiveKit and LiveKit Meet, by signed tokens",
	.options = options,
	.instance_size = sizeof(struct livekit),
	.grant = &(const struct platform_grant_ops){.admit = livekit_admit},
	.entry =
		&(const struct platform_entry_ops){
			.name = "livekit", .page = "/rooms/", .arrive = livekit_arrive},
	.script = &(const struct platform_script_ops){.token_response = livekit_token_response,
		.meeting_parameter = livekit_meeting_parameter},
	.secret = &(const struct platform_secret_ops){.validate_secret = livekit_validate_secret},
	.open = livekit_open,
	.redirect_url = livekit_redirect_url,
};
