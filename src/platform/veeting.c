/* SPDX-License-Identifier: MIT
 *
 * Platform "veeting": exchanges the request token for an access token and redirects the browser
 * back into the meeting, as in "External Meeting Authorization Service" (sections 3.2 and 3.3) of
 * simplex Meeting and Veeting Rooms.
 */
#include "base/memory.h"
#include "base/text.h"
#include "platform/shared/answer.h"
#include "platform/shared/options.h"

#include <strings.h>

enum {
	PATH_PARTS = 3,
	TOKEN_LIFETIME_MIN = 60, /* of request tokens, seconds */
	TOKEN_LIFETIME_MAX = 7 * 24 * 3600,
};

/* The option join-path, split at its placeholders: literal, value, literal, value, literal. */
struct path {
	char *literal[PATH_PARTS];     /* owned; the first has `site` in front */
	bool is_token[PATH_PARTS - 1]; /* true: the value is the meeting token; false: the id */
	size_t values;
};

struct veeting {
	struct platform_peer peer;
	const char *join_path;
	struct path path;
};

/* Refuses names that the redirect URL already uses. */
static int check_forward(const char *name, struct error *why)
{
	static const char *const taken[] = {"hostname", "meetingId", "meetingToken", "requestToken",
		"meetingAccessToken", "participantName", "participantEmail"};

	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		if (strcasecmp(name, taken[i]) == 0)
			return error_set(why, "has a meaning of its own and cannot be forwarded");
	return 0;
}

static const struct option options[] = {
	{"api", OPTION_ORIGIN, NULL,
		"https://host[:port] of the exchange; https://TITLE by default",
		OPTION_INTO(struct platform_peer, api)},
	PEER_SITE("https://host[:port] the browser returns to; https://TITLE by default"),
	PEER_CA_FILE,
	{"join-path", OPTION_TEXT, "/join/{meetingToken}",
		"path of a meeting; may also hold {meetingId}",
		OPTION_INTO(struct veeting, join_path)},
	PEER_PREFILL("pass on the participant's name and e-mail"),
	{"forward", OPTION_LIST, NULL, "parameters of the entry to pass on", .of = OPTION_NAME,
		.extra = "_.-", .max = JOIN_FORWARD_MAX, .distinct = true, .check = check_forward,
		OPTION_INTO(struct platform_peer, forward)},
	PEER_TIMEOUTS("for the whole exchange"),
	{"keep-alive", OPTION_DURATION, "4s",
		"how long connections may be idle; shorter than the platform's limit",
		OPTION_INTO(struct platform_peer, keep_alive_ms)},
	{"connections", OPTION_NUMBER, "0", "connections at once; 0: no limit",
		OPTION_INTO(struct platform_peer, connections_max)},
	{"request-token-lifetime", OPTION_SECONDS, "1h",
		"how long the platform accepts a request token", .min = TOKEN_LIFETIME_MIN,
		.max = TOKEN_LIFETIME_MAX, OPTION_INTO(struct platform_peer, token_lifetime)},
	{0},
};

/* ---- opening ---- */

/* Returns the next placeholder in `text`, or NULL. */
static const char *find_placeholder(const char *text, bool *is_token_r, size_t *length_r)
{
	static const char token[] = "{meetingToken}", id[] = "{meetingId}";
	const char *brace = strchr(text, '{');

	*is_token_r = brace != NULL && strncmp(brace, token, strlen(token)) == 0;
	*length_r = *is_token_r ? strlen(token) : strlen(id);
	if (brace != NULL && !*is_token_r && strncmp(brace, id, strlen(id)) != 0)
		return NULL; /* an unknown placeholder: is_plain() refuses the brace */
	return brace;
}

/* Whether a text has only unreserved characters and slashes, so that it needs no encoding. */
static bool is_plain(const char *text)
{
	return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789-._~/")] == '\0';
}

/* Whether a path begins with a slash and has no empty segment, except at its end, and no "." and
 * "..", which browsers remove. */
static bool is_straight(const char *path)
{
	size_t length;

	for (; *path == '/'; path += length) {
		path++;
		length = strcspn(path, "/");
		if ((length == 0 && *path == '/') || (length > 0 && strspn(path, ".") == length))
			return false;
		if (path[length] == '\0')
			return true;
	}
	return false;
}

/* Splits join-path. Returns NULL, or a constant that says what is wrong with it. */
static const char *cut_path(const char *site, const char *text, struct path *path)
{
	size_t tokens = 0;

	if (!is_straight(text))
		return "must begin with / and have no empty or dots-only segment";
	for (size_t i = 0; i < PATH_PARTS; i++) {
		size_t length;
		bool is_token;
		const char *next = find_placeholder(text, &is_token, &length);
		int plain = next != NULL ? (int)(next - text) : (int)strlen(text);

		path->literal[i] = xprintf("%s%.*s", i == 0 ? site : "", plain, text);
		if (!is_plain(path->literal[i] + (i == 0 ? strlen(site) : 0)))
			return "may hold letters, digits, - . _ ~ /, {meetingToken} and "
			       "{meetingId}";
		if (next == NULL)
			return tokens == 1 ? NULL : "must hold {meetingToken} exactly once";
		if (i + 1 == PATH_PARTS)
			break;
		path->is_token[path->values++] = is_token;
		tokens += is_token;
		text = next + length;
	}
	return "must hold {meetingToken} exactly once and {meetingId} at most once";
}

static int veeting_open(void *context, const struct section *section, struct error *error)
{
	struct veeting *veeting = context;
	const char *fault = cut_path(veeting->peer.site, veeting->join_path, &veeting->path);

	return fault == NULL ? 0 : section_error(section, "join-path", error, "%s", fault);
}

static void veeting_close(void *context)
{
	struct veeting *veeting = context;

	for (size_t i = 0; i < PATH_PARTS; i++)
		free(veeting->path.literal[i]);
}

/* ---- the exchange ---- */

/* Appends one path segment, percent-encoded. Makes the buffer fail for an empty segment or one of
 * dots, which HTTP clients remove, so that the request would have another path. Ids were validated
 * before; this is a second check. */
static void append_segment(struct buffer *target, const char *text)
{
	if (text[strspn(text, ".")] == '\0')
		target->failed = true;
	buffer_text(target, "/");
	buffer_percent(target, text);
}

static void veeting_request_target(
	const void *instance, const struct join *join, const char *secret, struct buffer *target)
{
	buffer_text(target, "/api/v6/meeting-room/auth");
	append_segment(target, secret);
	buffer_text(target, "/access-token");
	append_segment(target, join->meeting_id);
	append_segment(target, join->request_token);
}

enum { MESSAGE_MAX = 300, WORD_MAX = 20 };

/* Appends a platform's message for the log. Replaces long words, which may be keys or tokens, by
 * ***, and cuts a long message at a word. The caller also masks what it sent (platform.h,
 * read_answer). */
static void quote(const char *message, struct buffer *text)
{
	static const char ends[] = " \t\r\n/?&=#@:;,\"'<>()[]{}|\\";
	size_t end = text->length + MESSAGE_MAX;

	while (*message != '\0') {
		size_t length = strcspn(message, ends);

		if (text->length + length + 1 > end) {
			buffer_text(text, "...");
			return;
		}
		if (length > WORD_MAX)
			buffer_text(text, "***");
		else
			buffer_append(text, message, length);
		message += length;
		if (*message != '\0')
			buffer_append(text, message++, 1);
	}
}

/* Sets the error to the platform's own message, since only that tells a wrong API key, the most
 * likely cause, from other refusals. */
static void tell_refusal(const json_t *root, int64_t code, struct error *error)
{
	const char *message = json_string_value(json_object_get(root, "responseMessage"));
	struct buffer text = BUFFER_INIT(sizeof error->text);

	buffer_printf(&text, "responseCode %lld", (long long)code);
	if (message != NULL && message[0] != '\0') {
		buffer_text(&text, ": ");
		quote(message, &text);
	}
	error_set(error, "%s", text.data != NULL ? text.data : "responseCode is not 0");
	buffer_wipe(&text);
}

/* Parses responseCode, which older platforms send as a string. */
static enum platform_verdict read_code(const json_t *root, struct error *error)
{
	int64_t code;

	if (answer_number(root, "responseCode", ANSWER_NUMBER_OR_DIGITS, INT64_MIN, INT64_MAX,
		    &code) != 0) {
		error_set(error, "responseCode is missing or not a number");
		return PLATFORM_BAD_ANSWER;
	}
	if (code == 0)
		return PLATFORM_GRANTED;
	tell_refusal(root, code, error);
	return PLATFORM_REFUSED;
}

static enum platform_verdict read_data(
	const json_t *data, const struct join *join, struct buffer *token, struct error *error)
{
	const json_t *id = json_object_get(data, "meetingId");
	const char *access = answer_text(data, "accessToken", PLATFORM_TOKEN_MAX);

	if (!json_is_string(id) || strcmp(json_string_value(id), join->meeting_id) != 0) {
		error_set(error, "data.meetingId is not the requested meeting");
		return PLATFORM_BAD_ANSWER;
	}
	if (access == NULL) {
		error_set(error, "data.accessToken is not 1 to %d visible ASCII characters",
			PLATFORM_TOKEN_MAX);
		return PLATFORM_BAD_ANSWER;
	}
	buffer_text(token, access);
	if (token->failed) {
		error_set(error, "out of memory for the access token");
		return PLATFORM_BAD_ANSWER;
	}
	return PLATFORM_GRANTED;
}

static enum platform_verdict read_body(const struct platform_answer *answer,
	const struct join *join, struct buffer *token, struct error *error)
{
	enum platform_verdict verdict = PLATFORM_BAD_ANSWER;
	json_t *root = answer_object(answer->body, answer->length, error);

	if (root != NULL)
		verdict = read_code(root, error);
	if (verdict == PLATFORM_GRANTED)
		verdict = read_data(json_object_get(root, "data"), join, token, error);
	json_decref(root);
	return verdict;
}

static enum platform_verdict veeting_read_answer(const void *instance, const struct join *join,
	const struct platform_answer *answer, struct buffer *token, struct error *error)
{
	if (answer->status == 200)
		return read_body(answer, join, token, error);
	error_set(error, "the answer is HTTP %ld", answer->status);
	return answer->status == 401 || answer->status == 403 ? PLATFORM_REFUSED
							      : PLATFORM_BAD_ANSWER;
}

/* ---- the redirect ---- */

static void append_parameter(struct buffer *url, const char *name, const char *value)
{
	buffer_text(url, name);
	buffer_percent(url, value);
}

static void append_forwards(
	const struct platform_peer *peer, const struct join *join, struct buffer *url)
{
	for (size_t i = 0; i < join->forward_count; i++)
		for (size_t j = 0; j < peer->forward.count; j++) {
			/* The option may have changed since the ticket was made. */
			if (strcmp(join->forward[i].name, peer->forward.items[j]) != 0)
				continue;
			buffer_text(url, "&");
			buffer_text(url, peer->forward.items[j]);
			append_parameter(url, "=", join->forward[i].value);
		}
}

static void veeting_redirect_url(const void *context, const struct join *join, const char *token,
	const struct identity *who, struct buffer *url)
{
	const struct veeting *veeting = context;
	const struct path *path = &veeting->path;

	buffer_text(url, path->literal[0]);
	for (size_t i = 0; i < path->values; i++) {
		buffer_percent(url, path->is_token[i] ? join->meeting_token : join->meeting_id);
		buffer_text(url, path->literal[i + 1]);
	}
	append_parameter(url, "?meetingAccessToken=", token);
	if (who != NULL && veeting->peer.prefill) {
		if (who->name != NULL)
			append_parameter(url, "&participantName=", who->name);
		if (who->email != NULL)
			append_parameter(url, "&participantEmail=", who->email);
	}
	append_forwards(&veeting->peer, join, url);
}

const struct platform_driver platform_veeting = {
	.type = "veeting",
	.summary = "simplex Meeting, Veeting Rooms",
	.options = options,
	.instance_size = sizeof(struct veeting),
	.exchange = &(const struct platform_exchange_ops){.request_target = veeting_request_target,
		.read_answer = veeting_read_answer},
	.secret =
		&(const struct platform_secret_ops){
			.generated_hint =
				"put it into the platform's settings (\"API Key of external "
				"authentication server\")"},
	.open = veeting_open,
	.close = veeting_close,
	.redirect_url = veeting_redirect_url,
};
