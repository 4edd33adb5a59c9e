/* SPDX-License-Identifier: MIT
 *
 * Backend "radius": asks a RADIUS server with name and password (RFC 2865, PAP), with a
 * Message-Authenticator both ways (radius_packet.h). A server may ask back (Access-Challenge): what
 * it wants to see again, its State, travels in the caller's challenge, so that any process can go
 * on. RADIUS has no word for "nobody of that name": a chain of backends ends here.
 */
#ifdef HAVE_RADIUS

#include "auth/auth.h"
#include "auth/radius_client.h"
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
	STATE_AT = 1,	      /* in a challenge's state: behind the number of the server */
};

/* Strings are the settings' and outlive it. */
struct instance {
	struct radius_client client;
	const char *title, *nas_identifier;
	const char *realm;	 /* "": none is taken off */
	enum radius_type groups; /* 0: none */
};

static const struct option options[] = {
	{"servers", OPTION_LIST, NULL,
		"host or host:port (1812) of each server; the next is asked when one is silent"},
	{"nas-identifier", OPTION_STRING, "meetauth", "what this service is called there"},
	{"timeout", OPTION_DURATION, "3s", "how long to wait for an answer before the next try"},
	{"retries", OPTION_NUMBER, "2", "how often a server is asked again"},
	{"realm", OPTION_STRING, NULL, "taken off USER@REALM and REALM\\USER"},
	{"groups-attribute", OPTION_STRING, "Filter-Id",
		"Filter-Id or Class: each one is a group; \"\": no groups"},
	{0},
};

/* ---- open ---- */

static int open_servers(
	struct instance *instance, const struct section *section, struct error *error)
{
	size_t count;
	const char *const *names = section_list(section, "servers", &count);

	if (count == 0)
		return section_error(section, "servers", error, "needs at least one server");
	if (count > RADIUS_SERVERS_MAX)
		return section_error(
			section, "servers", error, "has more than %d servers", RADIUS_SERVERS_MAX);
	for (size_t i = 0; i < count; i++)
		if (radius_server_parse(&instance->client.servers[i], names[i]) != 0)
			return section_error(section, "servers", error,
				"\"%s\" is not host, host:port or [IPv6 address]:port", names[i]);
	instance->client.count = count;
	return 0;
}

static int open_times(struct instance *instance, const struct section *section, struct error *error)
{
	int64_t timeout = section_milliseconds(section, "timeout");
	int64_t retries = section_number(section, "retries");

	if (timeout < 10 || timeout > TIMEOUT_MAX_MS)
		return section_error(section, "timeout", error, "is not 10ms to 30s");
	if (retries > RETRIES_MAX)
		return section_error(section, "retries", error, "is more than %d", RETRIES_MAX);
	if (timeout * (retries + 1) * (int64_t)instance->client.count > TOTAL_MAX_MS)
		return section_error(section, "timeout", error,
			"is too long: %zu servers, each asked %d times, could take more than %d s; "
			"lower timeout or retries",
			instance->client.count, (int)retries + 1, TOTAL_MAX_MS / 1000);
	instance->client.timeout_ms = timeout;
	instance->client.tries = (unsigned)retries + 1;
	return 0;
}

static int open_names(struct instance *instance, const struct section *section, struct error *error)
{
	const char *groups = section_string(section, "groups-attribute");
	const char *name = section_string(section, "nas-identifier");

	if (strcmp(groups, "Filter-Id") != 0 && strcmp(groups, "Class") != 0 && groups[0] != '\0')
		return section_error(section, "groups-attribute", error,
			"is neither Filter-Id nor Class nor \"\"");
	instance->groups = groups[0] == '\0'  ? 0
			   : groups[0] == 'F' ? RADIUS_FILTER_ID
					      : RADIUS_CLASS;
	if (name[0] == '\0' || strlen(name) > RADIUS_VALUE_MAX || !text_is_printable(name))
		return section_error(section, "nas-identifier", error,
			"is not 1 to %d bytes of printable text", RADIUS_VALUE_MAX);
	instance->nas_identifier = name;
	instance->realm = section_string(section, "realm");
	if (section_has(section, "realm") &&
		(instance->realm[0] == '\0' || strpbrk(instance->realm, "@\\") != NULL))
		return section_error(section, "realm", error,
			"what stands behind the @ is needed, like \"example.org\"");
	return 0;
}

static int open_radius(const struct section *section, void **instance_r, struct error *error)
{
	struct instance *instance = calloc(1, sizeof *instance);

	if (instance == NULL)
		return section_error(section, NULL, error, "no memory");
	instance->title = section_title(section);
	if (open_servers(instance, section, error) != 0 ||
		open_times(instance, section, error) != 0 ||
		open_names(instance, section, error) != 0) {
		free(instance);
		return -1;
	}
	*instance_r = instance;
	return 0;
}

static void close_radius(void *instance)
{
	free(instance);
}

/* ---- the request ---- */

enum { ANY_SERVER = RADIUS_SERVERS_MAX };

/* What somebody typed, whether now or at the first try. */
struct typed {
	const char *name, *word;
	const char *client;
	const struct auth_challenge *asked; /* NULL at the first try */
	size_t server;			    /* the one to ask, or ANY_SERVER */
};

static int write_request(const struct instance *instance, const struct typed *typed,
	const char *secret, struct radius_packet *request)
{
	radius_request_init(request);
	radius_add(request, RADIUS_USER_NAME, typed->name, strlen(typed->name));
	radius_add_password(request, secret, typed->word);
	radius_add(request, RADIUS_NAS_IDENTIFIER, instance->nas_identifier,
		strlen(instance->nas_identifier));
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

static int send_request(struct instance *instance, const struct typed *typed, const char *secret,
	const struct radius_packet *request, struct radius_packet *reply, size_t *server_r,
	struct error *error)
{
	*server_r = typed->server;
	if (typed->server == ANY_SERVER)
		return radius_ask_all(&instance->client, request, secret, reply, server_r, error);
	if (typed->server >= instance->client.count)
		return error_set(error, "the server that asked back is not configured any more");
	return radius_ask(&instance->client, typed->server, request, secret, reply, error);
}

static int exchange(struct instance *instance, const struct typed *typed,
	const struct auth_secrets *secrets, struct radius_packet *reply, size_t *server_r,
	struct error *error)
{
	struct radius_packet request;
	int rc = -1;

	if (secrets->count == 0 || secrets->values[0][0] == '\0')
		return error_set(error,
			"no shared secret in the store: \"meetauthctl secret set backend/%s\"",
			instance->title);
	if (write_request(instance, typed, secrets->values[0], &request) != 0)
		error_set(error, "no request could be made: does OpenSSL refuse MD5 (FIPS)?");
	else
		rc = send_request(
			instance, typed, secrets->values[0], &request, reply, server_r, error);
	explicit_bzero(&request, sizeof request);
	return rc;
}

/* ---- the answer ---- */

/* A value as text; "" when it is none. */
static void read_text(const struct radius_value *value, char text[RADIUS_VALUE_MAX + 1])
{
	memcpy(text, value->bytes, value->length);
	text[value->length] = '\0';
	if (strlen(text) != value->length || !text_is_printable(text))
		text[0] = '\0';
}

/* Whom the answer names: UTF-8 (RFC 2865 section 5), or Latin-1 from servers that know no better;
 * "" where that is no text, or too long. False where it names nobody: no User-Name, or an empty
 * one. */
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

/* Takes the realm of the section off a name that has it, as USER@REALM or REALM\USER. */
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

/* The server may say whom it let in (RFC 2865 section 5.1): then that is the name, whatever was
 * typed for it. Where it does not, or repeats what was typed, it may let somebody in by several
 * spellings, who must not be somebody else in each. */
static enum auth_verdict read_subject(const struct instance *instance,
	const struct radius_packet *reply, const char *typed, char subject[USERS_NAME_SIZE],
	struct error *error)
{
	char text[RADIUS_VALUE_MAX + 1];
	bool told = read_user_name(reply, text);

	if (!told)
		snprintf(text, sizeof text, "%s", typed);
	if (told && identity_canonical_name(text, subject) != 0) {
		error_set(error, "the answer has a User-Name that is no name");
		return AUTH_UNFIT;
	}
	told = told && strcasecmp(text, typed) != 0;
	cut_realm(instance->realm, text);
	if (identity_plain_name(text, subject) == 0)
		return AUTH_GRANT;
	if (told && identity_canonical_name(text, subject) == 0)
		return AUTH_GRANT;
	error_set(error,
		"the name may be another spelling of somebody's, and the answer has no other "
		"User-Name; names with a realm need the option realm");
	return AUTH_DENY;
}

/* A Class may be anything (RFC 2865 section 5.25): what is no text is no group. A Filter-Id is text
 * (section 5.11). A group that cannot be held is an error, since a rule may deny it. */
static int read_groups(const struct instance *instance, const struct radius_packet *reply,
	struct identity *who, struct error *error)
{
	struct radius_value value = {0};
	char text[RADIUS_VALUE_MAX + 1];

	while (instance->groups != 0 && radius_next(reply, instance->groups, &value)) {
		read_text(&value, text);
		if (value.length == 0 || (text[0] == '\0' && instance->groups == RADIUS_CLASS))
			continue;
		if (text[0] == '\0' || identity_add_group(who, text) != 0)
			return error_set(error,
				"the answer has more than %d groups, or one that is not a text of "
				"at most %d bytes",
				IDENTITY_GROUPS_MAX, IDENTITY_GROUP_MAX);
	}
	return 0;
}

static enum auth_verdict grant(const struct instance *instance, const struct auth_attempt *attempt,
	const struct typed *typed, const struct radius_packet *reply)
{
	struct identity who = IDENTITY_INIT;
	char subject[USERS_NAME_SIZE];
	enum auth_verdict verdict =
		read_subject(instance, reply, typed->name, subject, attempt->error);

	if (verdict != AUTH_GRANT)
		return verdict;
	verdict = AUTH_UNFIT;
	if (identity_set(&who.subject, subject, IDENTITY_SUBJECT_MAX) != 0) {
		error_set(attempt->error, "no memory");
	} else if (read_groups(instance, reply, &who, attempt->error) == 0) {
		who.second_factor = typed->asked != NULL;
		identity_adopt(attempt->who, &who);
		verdict = AUTH_GRANT;
	}
	if (verdict == AUTH_UNFIT) /* for the log: it is them */
		identity_set(&attempt->who->subject, subject, IDENTITY_SUBJECT_MAX);
	identity_release(&who);
	return verdict;
}

/* Reply-Messages one behind the other (RFC 2865 section 5.18); line ends become blanks, and a text
 * that is too long ends at a whole character. */
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

/* A State means something to the server that gave it alone. */
static struct typed what_was_typed(const struct auth_attempt *attempt)
{
	const struct auth_challenge *asked = attempt->asked;

	if (asked == NULL)
		return (struct typed){
			attempt->name, attempt->password, attempt->client, NULL, ANY_SERVER};
	return (struct typed){asked->name, attempt->answer, attempt->client, asked,
		asked->state_length > 0 ? asked->state[0] : RADIUS_SERVERS_MAX + 1};
}

static enum auth_verdict check(void *context, const struct auth_attempt *attempt)
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
	if (exchange(context, &typed, &attempt->secrets, &reply, &server, attempt->error) != 0)
		return AUTH_UNAVAILABLE;
	switch (radius_code(&reply)) {
	case RADIUS_ACCESS_ACCEPT:
		return grant(context, attempt, &typed, &reply);
	case RADIUS_ACCESS_CHALLENGE:
		return ask_back(attempt, &typed, &reply, server);
	default:
		error_set(attempt->error, "the server rejects it");
		return AUTH_DENY;
	}
}

/* Asks each server for somebody who is not there: any answer that counts shows that it knows this
 * client, has the same secret and signs; a yes, that it lets everybody in. */
static int connect_radius(void *context, const struct auth_secrets *secrets, struct error *error)
{
	struct typed typed = {"meetauth-check", "not a password", "", NULL, 0};
	struct instance *instance = context;
	struct radius_packet reply;

	for (; typed.server < instance->client.count; typed.server++) {
		size_t server;

		if (exchange(instance, &typed, secrets, &reply, &server, error) != 0)
			return -1;
		if (radius_code(&reply) == RADIUS_ACCESS_ACCEPT)
			return error_set(error, "%s lets in a made-up name with a made-up password",
				instance->client.servers[server].name);
	}
	return 0;
}

/* Any answer of any server shows that they are there. */
static int alive(void *context, const struct auth_secrets *secrets, struct error *error)
{
	const struct typed nobody = {"meetauth-check", "not a password", "", NULL, ANY_SERVER};
	struct radius_packet reply;
	size_t server;

	return exchange(context, &nobody, secrets, &reply, &server, error);
}

static bool needs_secret(void *context)
{
	(void)context;
	return true;
}

const struct auth_backend auth_radius = {
	.type = "radius",
	.summary = "a RADIUS server (PAP, with Message-Authenticator), which may ask back",
	.options = options,
	.kind = AUTH_PASSWORD,
	.threads = 8,
	.empty_answers = true,
	.generated = "put it into the RADIUS server, for this client",
	.open = open_radius,
	.close = close_radius,
	.needs_secret = needs_secret,
	.check = check,
	.connect = connect_radius,
	.alive = alive,
};

#endif
