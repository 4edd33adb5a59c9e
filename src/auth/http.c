/* SPDX-License-Identifier: MIT
 *
 * Backend "http": sends requests to a service of the operator. The protocol is in meetauth.conf(5):
 * a request is JSON, signed with a shared key. A grant must be a response with status 200 and
 * application/json whose object has no missing, unknown or repeated members, and the request's
 * nonce, so that it cannot come from a cache or an earlier response.
 */
#include "auth/auth.h"
#include "base/clock.h"
#include "outbound/fetch.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>

enum {
	VERSION = 1,
	NONCE_SIZE = 33, /* hex of 16 bytes, with the NUL */
	/* enough for every attempt with each byte as \u00XX */
	BODY_MAX = 8 * (AUTH_PASSWORD_MAX + 2 * IDENTITY_SUBJECT_MAX + 512),
	HEADER_MAX = 160,
	TIMEOUT_MAX_MS = 50000, /* nginx waits 60 s for an answer unless told otherwise */
};

struct http {
	struct fetch *fetch;
	struct fetch_settings settings;
	const char *url, *title;
};

/* A request and its response. */
struct call {
	char nonce[NONCE_SIZE];
	int64_t time;
	json_t *answer; /* the parsed response; owned */
};

static const struct option options[] = {
	{"url", OPTION_URL, NULL, "URL of the service: https://, or http:// on this machine",
		.required = true, OPTION_INTO(struct http, url)},
	{"ca-file", OPTION_TEXT, "", "authorities to trust instead of the system's",
		OPTION_INTO(struct http, settings.ca_file)},
	{"connect-timeout", OPTION_DURATION, "2s", "for the connection, TLS included", .min = 10,
		.max = TIMEOUT_MAX_MS, OPTION_INTO(struct http, settings.connect_timeout_ms)},
	{"timeout", OPTION_DURATION, "10s", "for the whole request", .min = 10,
		.max = TIMEOUT_MAX_MS, OPTION_INTO(struct http, settings.timeout_ms)},
	{"group-refresh", OPTION_DURATION, NULL, "how old groups may become"},
	{0},
};

static int http_open(void *instance, const struct section *section, struct error *error)
{
	struct http *http = instance;

	http->title = section_title(section);
	http->fetch = fetch_new(&http->settings, error);
	return http->fetch != NULL ? 0 : section_blame(section, "ca-file", error);
}

static void http_close(void *instance)
{
	struct http *http = instance;

	fetch_free(&http->fetch);
}

/* ---- the request ---- */

static void begin(struct call *call)
{
	uint8_t bytes[(NONCE_SIZE - 1) / 2];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(call->nonce, sizeof call->nonce, bytes, sizeof bytes);
	call->time = clock_wall();
	call->answer = NULL;
}

/* Signs "v1.TIME." and the body. With the time, the service can refuse old requests. */
static void sign(const struct call *call, const char *key, const char *body, size_t length,
	char header[HEADER_MAX])
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	char hex[2 * sizeof mac + 1], start[32];

	snprintf(start, sizeof start, "v1.%" PRId64 ".", call->time);
	crypto_auth_hmacsha256_init(&state, (const unsigned char *)key, strlen(key));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)start, strlen(start));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, length);
	crypto_auth_hmacsha256_final(&state, mac);
	explicit_bzero(&state, sizeof state);
	sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
	snprintf(header, HEADER_MAX, "Meetauth-Signature: v1,t=%" PRId64 ",hmac-sha256=%s",
		call->time, hex);
}

static int read_answer(struct call *call, const struct fetch_answer *answer, struct error *error)
{
	json_error_t why;

	if (answer->status != 200)
		return error_set(error, "the answer has status %ld, not 200", answer->status);
	if (strcmp(answer->content_type, "application/json") != 0)
		return error_set(error, "the answer is not application/json");
	call->answer =
		json_loadb(answer->body.data, answer->body.length, JSON_REJECT_DUPLICATES, &why);
	if (call->answer == NULL)
		return error_set(error, "the answer is not a JSON object, or repeats a member");
	return 0;
}

static int post(const struct http *http, struct call *call, const char *key, const char *body,
	size_t length, struct error *error)
{
	char signature[HEADER_MAX];
	const char *const headers[] = {
		"Content-Type: application/json", "Accept: application/json", signature, NULL};
	const struct fetch_request request = {
		.url = http->url, .headers = headers, .body = body, .body_length = length};
	struct fetch_answer answer = {0};
	int rc = -1;

	sign(call, key, body, length, signature);
	if (fetch_do(http->fetch, &request, &answer, error) == FETCH_ANSWER)
		rc = read_answer(call, &answer, error);
	fetch_answer_release(&answer);
	return rc;
}

/* Adds the common members to `question`, sends it and releases it. NULL means that memory ran out.
 */
static int ask(const struct http *http, struct call *call, json_t *question,
	const struct auth_secrets *secrets, struct error *error)
{
	char body[BODY_MAX];
	size_t length = 0;
	int rc = -1;

	if (question != NULL &&
		json_object_set_new(question, "version", json_integer(VERSION)) == 0 &&
		json_object_set_new(question, "time", json_integer(call->time)) == 0 &&
		json_object_set_new(question, "nonce", json_string(call->nonce)) == 0)
		length = json_dumpb(question, body, sizeof body, JSON_COMPACT);
	if (secrets->count == 0 || secrets->values[0][0] == '\0')
		error_set(error,
			"the store has no key to sign with: run \"meetauthctl secret set "
			"backend/%s\"",
			http->title);
	else if (length == 0 || length > sizeof body)
		error_set(error, "out of memory for a request");
	else
		rc = post(http, call, secrets->values[0], body, length, error);
	json_decref(question);
	explicit_bzero(body, sizeof body);
	return rc;
}

/* ---- the response ---- */

static const struct {
	const char *name;
	json_type type; /* JSON_TRUE: true or false */
	bool needed;
	bool may_be_null; /* null is the same as missing; for texts that are only displayed */
} members[] = {
	{"version", JSON_INTEGER, true, false},
	{"nonce", JSON_STRING, true, false},
	{"verdict", JSON_STRING, true, false},
	{"subject", JSON_STRING, false, false},
	{"name", JSON_STRING, false, true},
	{"email", JSON_STRING, false, true},
	{"groups", JSON_ARRAY, false, false},
	{"secondFactor", JSON_TRUE, false, false},
};

static bool has_type(const json_t *value, json_type type)
{
	return type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == type;
}

static int check_needed(const json_t *answer, struct error *error)
{
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const json_t *value = json_object_get(answer, members[i].name);

		if (value == NULL && members[i].needed)
			return error_set(error, "the answer has no \"%s\"", members[i].name);
		if (members[i].needed && !has_type(value, members[i].type))
			return error_set(
				error, "the answer's \"%s\" is of another type", members[i].name);
	}
	return 0;
}

/* Validates the members about the person. Refuses unknown members: "group" instead of "groups"
 * would silently mean no groups. */
static int check_members(const json_t *answer, struct error *error)
{
	size_t known = 0;

	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const json_t *value = json_object_get(answer, members[i].name);

		if (value != NULL && !has_type(value, members[i].type) &&
			!(members[i].may_be_null && json_is_null(value)))
			return error_set(
				error, "the answer's \"%s\" is of another type", members[i].name);
		known += value != NULL;
	}
	if (known != json_object_size(answer))
		return error_set(
			error, "the answer has a member that meetauth.conf(5) does not describe");
	return 0;
}

static const char *text_of(const struct call *call, const char *name)
{
	return json_string_value(json_object_get(call->answer, name));
}

static int check_answer(const struct call *call, struct error *error)
{
	if (check_needed(call->answer, error) != 0)
		return -1;
	if (json_integer_value(json_object_get(call->answer, "version")) != VERSION)
		return error_set(error, "the answer's version is not %d", VERSION);
	if (strcmp(text_of(call, "nonce"), call->nonce) != 0)
		return error_set(error, "the answer's nonce belongs to another request");
	return 0;
}

static int read_groups(const json_t *groups, struct identity *who)
{
	json_t *group;
	size_t i;

	json_array_foreach(groups, i,
		group) if (!json_is_string(group) ||
			   identity_add_group(who, json_string_value(group)) != 0) return -1;
	return 0;
}

/* Reads all or nothing. */
static int read_identity(const struct call *call, struct identity *who, struct error *error)
{
	const char *subject = text_of(call, "subject");

	if (subject == NULL || subject[0] == '\0')
		return error_set(error, "the answer is a grant without a subject");
	if (identity_set(&who->subject, subject, IDENTITY_SUBJECT_MAX) != 0)
		return error_set(
			error, "the answer's subject is too long or has control characters");
	/* Leave out an invalid display name. */
	identity_set(&who->name, text_of(call, "name"), IDENTITY_NAME_MAX);
	identity_set(&who->email, text_of(call, "email"), IDENTITY_EMAIL_MAX);
	if (read_groups(json_object_get(call->answer, "groups"), who) != 0)
		return error_set(error,
			"the answer's groups must be at most %d strings of at most %d bytes",
			IDENTITY_GROUPS_MAX, IDENTITY_GROUP_MAX);
	who->second_factor = json_is_true(json_object_get(call->answer, "secondFactor"));
	return 0;
}

/* Returns AUTH_UNFIT, with the subject. */
static enum auth_verdict unfit(const struct call *call, struct identity *who)
{
	identity_release(who);
	identity_set(&who->subject, text_of(call, "subject"), IDENTITY_SUBJECT_MAX);
	return AUTH_UNFIT;
}

/* Returns the verdict. Sets `who` on AUTH_GRANT, and its subject on AUTH_DENY and AUTH_UNFIT if the
 * answer has one. */
static enum auth_verdict judge(const struct call *call, struct identity *who, struct error *error)
{
	const char *verdict;

	if (check_answer(call, error) != 0)
		return AUTH_UNAVAILABLE;
	verdict = text_of(call, "verdict");
	/* An invalid grant concerns one person; it is not a failure of the service. */
	if (check_members(call->answer, error) != 0)
		return strcmp(verdict, "grant") == 0 ? unfit(call, who) : AUTH_UNAVAILABLE;
	if (strcmp(verdict, "deny") == 0) {
		/* A denial may contain the subject. */
		identity_set(&who->subject, text_of(call, "subject"), IDENTITY_SUBJECT_MAX);
		return AUTH_DENY;
	}
	if (strcmp(verdict, "unknown") == 0)
		return AUTH_UNKNOWN;
	if (strcmp(verdict, "grant") == 0) {
		if (read_identity(call, who, error) == 0)
			return AUTH_GRANT;
		return unfit(call, who);
	}
	error_set(error, "the answer's verdict is neither grant nor deny nor unknown");
	return AUTH_UNAVAILABLE;
}

/* ---- the backend ---- */

static enum auth_verdict http_check(void *instance, const struct auth_attempt *attempt)
{
	struct identity found = IDENTITY_INIT;
	json_t *name = json_string(attempt->name), *password = json_string(attempt->password);
	enum auth_verdict verdict = AUTH_UNAVAILABLE;
	struct call call;
	json_t *question;

	if (name == NULL || password == NULL) {
		/* Not UTF-8: no account has this name, and JSON cannot contain it. */
		json_decref(name);
		json_decref(password);
		return AUTH_DENY;
	}
	begin(&call);
	question = json_pack("{s:s, s:o, s:o, s:s, s:s, s:s}", "request", "check", "name", name,
		"password", password, "client", attempt->client, "platform",
		attempt->join->platform, "meetingId", attempt->join->meeting_id);
	if (ask(instance, &call, question, &attempt->secrets, attempt->error) == 0)
		verdict = judge(&call, &found, attempt->error);
	if (verdict == AUTH_GRANT || verdict == AUTH_DENY || verdict == AUTH_UNFIT)
		identity_adopt(attempt->who, &found);
	json_decref(call.answer);
	return verdict;
}

static enum auth_verdict http_renew(void *instance, const struct auth_renewal *renewal)
{
	struct identity found = IDENTITY_INIT;
	enum auth_verdict verdict = AUTH_UNAVAILABLE;
	struct call call;

	begin(&call);
	if (ask(instance, &call,
		    json_pack("{s:s, s:s}", "request", "renew", "subject", renewal->who->subject),
		    &renewal->secrets, renewal->error) == 0)
		verdict = judge(&call, &found, renewal->error);
	if (verdict == AUTH_GRANT && strcmp(found.subject, renewal->who->subject) != 0) {
		error_set(renewal->error, "the answer is about another user");
		verdict = AUTH_UNAVAILABLE;
	}
	if (verdict == AUTH_UNKNOWN)
		verdict = AUTH_DENY; /* the account is gone */
	if (verdict == AUTH_GRANT)
		identity_renew(renewal->who, &found); /* the rest remains from the sign-in */
	identity_release(&found);
	json_decref(call.answer);
	return verdict;
}

/* Sends a request about no user. A service that has the key answers "unknown". */
static int http_connect(void *instance, const struct auth_secrets *secrets, struct error *error)
{
	struct identity found = IDENTITY_INIT;
	struct call call;
	int rc;

	begin(&call);
	rc = ask(instance, &call, json_pack("{s:s}", "request", "connect"), secrets, error);
	if (rc == 0) {
		enum auth_verdict verdict = judge(&call, &found, error);

		if (verdict == AUTH_DENY || verdict == AUTH_GRANT)
			error_set(error, "the answer to \"connect\" is not \"unknown\"");
		rc = verdict == AUTH_UNKNOWN ? 0 : -1;
	}
	identity_release(&found);
	json_decref(call.answer);
	return rc;
}

const struct auth_backend auth_http = {
	.type = "http",
	.summary = "a service of your own, by signed POST requests",
	.options = options,
	.size = sizeof(struct http),
	.threads = 16,
	.secret =
		&(const struct auth_secret){
			.generated =
				"give it to the service, which verifies the signatures with it"},
	.open = http_open,
	.close = http_close,
	.check = http_check,
	.renew = http_renew,
	.connect = http_connect,
	.alive = http_connect,
};
