/* SPDX-License-Identifier: MIT
 *
 * Backend "radius": sends user name and password to a RADIUS server (RFC 2865, PAP), with a
 * Message-Authenticator in both directions (packet.h). If the server sends an Access-Challenge, its
 * State is stored in the challenge, so that any process can continue. RADIUS cannot say that a user
 * is unknown, so no later backend is tried.
 */
#include "auth/auth.h"
#include "auth/radius/client.h"
#include "auth/users.h"
#include "base/text.h"

#include <strings.h>

enum {
	TIMEOUT_MAX_MS = 30000,
	RETRIES_MAX = 9,
	TOTAL_MAX_MS = 50000, /* nginx waits 60 s for an answer unless told otherwise */
	SERVICE_LOGIN = 1,    /* RFC 2865 section 5.6 */
	PORT_VIRTUAL = 5,     /* RFC 2865 section 5.41 */
	PROMPT_ECHO = 1,      /* RFC 2869 section 5.10 */
	STATE_AT = 1,	      /* offset in a challenge's state, after the server's index */
};

/* Values of the option groups-attribute. */
enum groups { GROUPS_FILTER_ID = 0, GROUPS_CLASS, GROUPS_NONE };

struct radius {
	struct radius_client client;
	struct config_list servers;
	const char *title, *nas_identifier;
	const char *realm; /* "": none is removed */
	unsigned retries;
	enum groups groups;
};

static int check_realm(const char *realm, struct error *why)
{
	return strpbrk(realm, "@\\") == NULL
		       ? 0
		       : error_set(why, "must be the part after the @, like \"example.org\"");
}

static const struct option options[] = {
	{"servers", OPTION_LIST, NULL,
		"host or host:port (1812) of each server; the next is tried if one does not answer",
		.required = true, .max = RADIUS_SERVERS_MAX, OPTION_INTO(struct radius, servers)},
	{"nas-identifier", OPTION_TEXT, "meetauth", "how this service identifies itself", .min = 1,
		.max = RADIUS_VALUE_MAX, OPTION_INTO(struct radius, nas_identifier)},
	{"timeout", OPTION_DURATION, "3s", "how long to wait for an answer before the next try",
		.min = 10, .max = TIMEOUT_MAX_MS, OPTION_INTO(struct radius, client.timeout_ms)},
	{"retries", OPTION_NUMBER, "2", "how often a request is repeated", .max = RETRIES_MAX,
		OPTION_INTO(struct radius, retries)},
	{"realm", OPTION_TEXT, NULL, "removed from USER@REALM and REALM\\USER", .not_empty = true,
		.check = check_realm, OPTION_INTO(struct radius, realm)},
	{"groups-attribute", OPTION_ENUM, "Filter-Id",
		"attribute with the groups, Filter-Id or Class; \"\": no groups",
		.words = OPTION_WORDS("Filter-Id", "Class", ""),
		OPTION_INTO(struct radius, groups)},
	{0},
};

/* ---- open ---- */

static int radius_open(void *instance, const struct section *section, struct error *error)
{
	struct radius *radius = instance;
	struct radius_client *client = &radius->client;

	radius->title = section_title(section);
	client->tries = radius->retries + 1;
	for (; client->count < radius->servers.count; client->count++)
		if (radius_server_parse(&client->servers[client->count],
			    radius->servers.items[client->count]) != 0)
			return section_error(section, "servers", error,
				"\"%s\" is not host, host:port or [IPv6 address]:port",
				radius->servers.items[client->count]);
	if (client->timeout_ms * client->tries * (int64_t)client->count > TOTAL_MAX_MS)
		return section_error(section, "timeout", error,
			"is too long: %zu servers with %u tries each could take more than %d s; "
			"lower timeout or retries",
			client->count, client->tries, TOTAL_MAX_MS / 1000);
	return 0;
}

/* ---- the request ---- */

enum { ANY_SERVER = RADIUS_SERVERS_MAX };

/* The input of a sign-in, from this step or the first one. */
struct typed {
	const char *name, *word;
	const char *client;
	const struct auth_challenge *asked; /* NULL in the first step */
	size_t server;			    /* index of the server, or ANY_SERVER */
};

static int write_request(const struct radius *radius, const struct typed *typed, const char *secret,
	struct radius_packet *request)
{
	radius_request_init(request);
	radius_add(request, RADIUS_USER_NAME, typed->name, strlen(typed->name));
	radius_add_password(request, secret, typed->word);
	radius_add(request, RADIUS_NAS_IDENTIFIER, radius->nas_identifier,
		strlen(radius->nas_identifier));
	radius_add_number(request, RADIUS_SERVICE_TYPE, SERVICE_LOGIN);
	radius_add_number(request, RADIUS_NAS_PORT_TYPE, PORT_VIRTUAL);
	if (typed->client[0] != '\0')
		radius_add(
			request, RADIUS_CALLING_STATION_ID, typed->client, strlen(typed->client));
	if (typed->asked != NULL && typed->asked->state_length > STATE_AT)
		radius_add(request, RADIUS_STATE, typed->asked->state + STATE_AT,
			typed->asked->state_length - STATE_AT);
	return radius_request_sign(request, secret);
}

static int send_request(struct radius *radius, const struct typed *typed, const char *secret,
	const struct radius_packet *request, struct radius_packet *reply, size_t *server_r,
	struct error *error)
{
	*server_r = typed->server;
	if (typed->server == ANY_SERVER)
		return radius_ask_all(&radius->client, request, secret, reply, server_r, error);
	if (typed->server >= radius->client.count)
		return error_set(
			error, "the server that sent the challenge is no longer configured");
	return radius_ask(&radius->client, typed->server, request, secret, reply, error);
}

static int exchange(struct radius *radius, const struct typed *typed,
	const struct auth_secrets *secrets, struct radius_packet *reply, size_t *server_r,
	struct error *error)
{
	struct radius_packet request;
	int rc = -1;

	if (secrets->count == 0 || secrets->values[0][0] == '\0')
		return error_set(error,
			"the store has no shared secret: run \"meetauthctl secret set backend/%s\"",
			radius->title);
	if (write_request(radius, typed, secrets->values[0], &request) != 0)
		error_set(error, "cannot build a request: does OpenSSL refuse MD5 (FIPS)?");
	else
		rc = send_request(
			radius, typed, secrets->values[0], &request, reply, server_r, error);
	explicit_bzero(&request, sizeof request);
	return rc;
}

/* ---- the answer ---- */

/* Copies a value as text, or "" if it is not text. */
static void read_text(const struct radius_value *value, char text[RADIUS_VALUE_MAX + 1])
{
	memcpy(text, value->bytes, value->length);
	text[value->length] = '\0';
	if (strlen(text) != value->length || !text_is_printable(text))
		text[0] = '\0';
}

/* Reads the User-Name: UTF-8 (RFC 2865 section 5), or Latin-1 from some servers; "" if it is
 * invalid or too long. Returns false if it is missing or empty. */
static bool read_user_name(const struct radius_packet *reply, char text[RADIUS_VALUE_MAX + 1])
{
	struct radius_value value = {0};
	size_t length = 0, at = 0;

	if (!radius_next(reply, RADIUS_USER_NAME, &value) || value.length == 0)
		return false;
	read_text(&value, text);
	if (text[0] != '\0')
		return true;
	for (; at < value.length && length + 2 <= RADIUS_VALUE_MAX; at++) {
		uint8_t byte = value.bytes[at];

		if (byte >= 0x80)
			text[length++] = (char)(0xc0 | byte >> 6);
		text[length++] = (char)(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte);
	}
	text[length] = '\0';
	if (at < value.length || strlen(text) != length || !text_is_printable(text))
		text[0] = '\0';
	return true;
}

/* Removes the section's realm from USER@REALM or REALM\USER. */
static void cut_realm(const char *realm, char name[RADIUS_VALUE_MAX + 1])
{
	size_t length = strlen(realm), whole = strlen(name);
	char *user = strchr(name, '\\'), *at = strrchr(name, '@');

	if (length == 0)
		return;
	if (at != NULL && strcasecmp(at + 1, realm) == 0)
		*at = '\0';
	else if (user == name + length && strncasecmp(name, realm, length) == 0)
		memmove(name, user + 1, whole - length);
}

/* Determines the subject. If the server returns a User-Name (RFC 2865 section 5.1), that is used.
 * If it returns none, or just what was typed, the server may accept several spellings of a name,
 * which must not become different subjects. */
static enum auth_verdict read_subject(const struct radius *radius,
	const struct radius_packet *reply, const char *typed, char subject[USERS_NAME_SIZE],
	struct error *error)
{
	char text[RADIUS_VALUE_MAX + 1];
	bool told = read_user_name(reply, text);

	if (!told)
		snprintf(text, sizeof text, "%s", typed);
	if (told && identity_canonical_name(text, subject) != 0) {
		error_set(error, "the User-Name in the answer is not a valid name");
		return AUTH_UNFIT;
	}
	told = told && strcasecmp(text, typed) != 0;
	cut_realm(radius->realm, text);
	if (identity_plain_name(text, subject) == 0)
		return AUTH_GRANT;
	if (told && identity_canonical_name(text, subject) == 0)
		return AUTH_GRANT;
	error_set(error, "the typed name may be one of several spellings, and the server returns "
			 "no canonical User-Name; names with a realm need the option realm");
	return AUTH_DENY;
}

/* Reads the groups. A Class may be binary (RFC 2865 section 5.25) and is then ignored; a Filter-Id
 * is text (section 5.11). A group that cannot be stored is an error, since a rule may deny it. */
static int read_groups(const struct radius *radius, const struct radius_packet *reply,
	struct identity *who, struct error *error)
{
	enum radius_type type = radius->groups == GROUPS_CLASS ? RADIUS_CLASS : RADIUS_FILTER_ID;
	struct radius_value value = {0};
	char text[RADIUS_VALUE_MAX + 1];

	while (radius->groups != GROUPS_NONE && radius_next(reply, type, &value)) {
		read_text(&value, text);
		if (value.length == 0 || (text[0] == '\0' && type == RADIUS_CLASS))
			continue;
		if (text[0] == '\0' || identity_add_group(who, text) != 0)
			return error_set(error,
				"the answer has more than %d groups, or one that is not text of at "
				"most %d bytes",
				IDENTITY_GROUPS_MAX, IDENTITY_GROUP_MAX);
	}
	return 0;
}

static enum auth_verdict grant(const struct radius *radius, const struct auth_attempt *attempt,
	const struct typed *typed, const struct radius_packet *reply)
{
	struct identity who = IDENTITY_INIT;
	char subject[USERS_NAME_SIZE];
	enum auth_verdict verdict =
		read_subject(radius, reply, typed->name, subject, attempt->error);

	if (verdict != AUTH_GRANT)
		return verdict;
	verdict = AUTH_UNFIT;
	if (identity_set(&who.subject, subject, IDENTITY_SUBJECT_MAX) != 0) {
		error_set(attempt->error, "out of memory");
	} else if (read_groups(radius, reply, &who, attempt->error) == 0) {
		who.second_factor = typed->asked != NULL;
		identity_adopt(attempt->who, &who);
		verdict = AUTH_GRANT;
	}
	if (verdict == AUTH_UNFIT) /* for the log: the server has authenticated the user */
		identity_set(&attempt->who->subject, subject, IDENTITY_SUBJECT_MAX);
	identity_release(&who);
	return verdict;
}

/* Joins the Reply-Messages (RFC 2865 section 5.18), replaces line ends by spaces and truncates at a
 * whole character. */
static void read_prompt(const struct radius_packet *reply, char prompt[AUTH_PROMPT_MAX + 1])
{
	struct radius_value value = {0};
	size_t length = 0;

	while (radius_next(reply, RADIUS_REPLY_MESSAGE, &value))
		for (size_t i = 0; i < value.length && length <= AUTH_PROMPT_MAX; i++)
			prompt[length++] = (char)(value.bytes[i] < ' ' ? ' ' : value.bytes[i]);
	if (length > AUTH_PROMPT_MAX)
		do
			length--;
		while (length > 0 && ((unsigned char)prompt[length] & 0xc0) == 0x80);
	prompt[length] = '\0';
	if (!text_is_printable(prompt))
		prompt[0] = '\0';
}

static enum auth_verdict ask_back(const struct auth_attempt *attempt, const struct typed *typed,
	const struct radius_packet *reply, size_t server)
{
	struct auth_challenge *challenge = attempt->challenge;
	struct radius_value state = {0}, prompt = {0};

	*challenge = (struct auth_challenge){.state = {(uint8_t)server}, .state_length = STATE_AT};
	memcpy(challenge->name, typed->name, strlen(typed->name) + 1);
	read_prompt(reply, challenge->prompt);
	if (radius_next(reply, RADIUS_PROMPT, &prompt))
		challenge->echo = prompt.length == 4 && prompt.bytes[3] == PROMPT_ECHO;
	if (radius_next(reply, RADIUS_STATE, &state)) {
		memcpy(challenge->state + STATE_AT, state.bytes, state.length);
		challenge->state_length += state.length;
	}
	return AUTH_CHALLENGE;
}

/* ---- the backend ---- */

/* An answer goes to the server that sent the State; others do not know it. */
static struct typed what_was_typed(const struct auth_attempt *attempt)
{
	const struct auth_challenge *asked = attempt->asked;

	if (asked == NULL)
		return (struct typed){
			attempt->name, attempt->password, attempt->client, NULL, ANY_SERVER};
	return (struct typed){asked->name, attempt->answer, attempt->client, asked,
		asked->state_length > 0 ? asked->state[0] : RADIUS_SERVERS_MAX + 1};
}

static enum auth_verdict radius_check(void *instance, const struct auth_attempt *attempt)
{
	const struct typed typed = what_was_typed(attempt);
	char canonical[USERS_NAME_SIZE];
	struct radius_packet reply;
	size_t server;

	if (identity_canonical_name(typed.name, canonical) != 0 ||
		strlen(typed.name) > RADIUS_VALUE_MAX)
		return AUTH_UNKNOWN;
	if ((typed.word[0] == '\0' && typed.asked == NULL) ||
		strlen(typed.word) > RADIUS_PASSWORD_MAX)
		return AUTH_DENY;
	if (exchange(instance, &typed, &attempt->secrets, &reply, &server, attempt->error) != 0)
		return AUTH_UNAVAILABLE;
	switch (radius_code(&reply)) {
	case RADIUS_ACCESS_ACCEPT:
		return grant(instance, attempt, &typed, &reply);
	case RADIUS_ACCESS_CHALLENGE:
		return ask_back(attempt, &typed, &reply, server);
	default:
		error_set(attempt->error, "the server rejected the request");
		return AUTH_DENY;
	}
}

/* Sends a request for an invented user to each server. A valid answer proves that the server knows
 * this client, has the same secret and signs. An Access-Accept shows that it accepts everybody. */
static int radius_connect(void *instance, const struct auth_secrets *secrets, struct error *error)
{
	struct typed typed = {"meetauth-check", "not a password", "", NULL, 0};
	struct radius *radius = instance;
	struct radius_packet reply;

	for (; typed.server < radius->client.count; typed.server++) {
		size_t server;

		if (exchange(radius, &typed, secrets, &reply, &server, error) != 0)
			return -1;
		if (radius_code(&reply) == RADIUS_ACCESS_ACCEPT)
			return error_set(error,
				"%s accepts an invented name with an invented password",
				radius->client.servers[server].name);
	}
	return 0;
}

/* Tests whether at least one server answers. */
static int radius_alive(void *instance, const struct auth_secrets *secrets, struct error *error)
{
	const struct typed nobody = {"meetauth-check", "not a password", "", NULL, ANY_SERVER};
	struct radius_packet reply;
	size_t server;

	return exchange(instance, &nobody, secrets, &reply, &server, error);
}

const struct auth_backend auth_radius = {
	.type = "radius",
	.summary = "a RADIUS server (PAP with Message-Authenticator and challenges)",
	.options = options,
	.size = sizeof(struct radius),
	.threads = 8,
	.empty_answers = true,
	.secret =
		&(const struct auth_secret){
			.generated = "put it into the RADIUS server, for this client"},
	.open = radius_open,
	.check = radius_check,
	.connect = radius_connect,
	.alive = radius_alive,
};
