/* SPDX-License-Identifier: MIT
 *
 * "Anonymous Meeting Join" of the Trusted Application API: requests discovery, the application, its
 * capabilities and the anonymous token. Links are followed only to the hosts of the configuration.
 * Relations are called ms:rtc:saas:X in recorded answers and service:X in newer documents. Newer
 * documents also require the application's token for discovery.
 */
#include "platform/skype/skype.h"

#include "base/text.h"
#include "platform/shared/answer.h"

#include <sys/random.h>

enum { BODY_MAX = 16 * 1024, GUID_SIZE = 37, EXPIRY_SIZE = 32 };

/* Returns the href of a relation under either of its names, or NULL. It is below "_links", or at
 * the top in older documents. */
static const char *href_of(const json_t *root, const char *relation)
{
	static const char *const prefixes[] = {"ms:rtc:saas:", "service:"};
	const json_t *links = json_object_get(root, "_links");
	char name[80];

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		const json_t *link;

		snprintf(name, sizeof name, "%s%s", prefixes[i], relation);
		link = json_object_get(links != NULL ? links : root, name);
		if (link != NULL)
			return answer_text(link, "href", LINK_MAX - 1);
	}
	return NULL;
}

struct skype_visit {
	struct skype *skype;
	const struct talk *talk;
	const char *token; /* NULL: send no token */
	bool *unauthorized_r;
};

/* ---- requests ---- */

/* Writes 32 hex digits in the format of a GUID (RFC 4122 section 3). */
static void write_guid(const char *digits, char guid[GUID_SIZE])
{
	snprintf(guid, GUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12,
		digits + 16, digits + 20);
}

/* Sends a request with a new client-request-id. If the answer is not 200 or 201, the error contains
 * that id and the service's own ids, which Microsoft's support asks for. */
static enum platform_verdict send(const struct skype_visit *visit, const char *what,
	struct talk_request *request, struct fetch_answer *answer)
{
	static const char *const keep[] = {"X-MS-Correlation-Id", "X-MS-Server-Fqdn", NULL};
	char digits[33], id[GUID_SIZE], header[64];
	uint8_t bytes[16] = {0};
	enum platform_verdict verdict;

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		bytes[0] = 0; /* no random numbers: the id is for logs only */
	text_hex(bytes, sizeof bytes, digits);
	write_guid(digits, id);
	snprintf(header, sizeof header, "client-request-id: %s", id);
	request->header = header;
	request->keep = keep;
	verdict = talk_send(visit->talk, request, answer);
	request->header = NULL;
	if (verdict != PLATFORM_GRANTED || answer->status == 200 || answer->status == 201)
		return verdict;
	talk_bad(visit->talk, "%s: the answer is HTTP %ld (client-request-id %s, %s %s, %s %s)",
		what, answer->status, id, keep[0],
		answer->kept[0][0] != '\0' ? answer->kept[0] : "none", keep[1],
		answer->kept[1][0] != '\0' ? answer->kept[1] : "none");
	return answer->status >= 400 && answer->status < 500 && answer->status != 429
		       ? PLATFORM_REFUSED
		       : PLATFORM_BAD_ANSWER;
}

/* Requests a resource, which names no meeting: what the service refuses is the application. On
 * PLATFORM_GRANTED the caller releases *root_r. */
static enum platform_verdict get(
	const struct skype_visit *visit, const char *what, const char *url, json_t **root_r)
{
	struct talk_request request = {.url = url, .bearer = visit->token};
	struct fetch_answer answer = {0};
	enum platform_verdict verdict = send(visit, what, &request, &answer);

	*root_r = NULL;
	*visit->unauthorized_r = answer.status == 401;
	if (verdict == PLATFORM_REFUSED)
		verdict = *visit->unauthorized_r ? PLATFORM_UNAUTHORIZED : PLATFORM_FORBIDDEN;
	if (verdict == PLATFORM_GRANTED) {
		*root_r = talk_json(visit->talk, &answer);
		verdict = *root_r != NULL ? PLATFORM_GRANTED : PLATFORM_BAD_ANSWER;
	}
	fetch_answer_release(&answer);
	return verdict;
}

/* Appends the URL of a relation's link. */
static enum platform_verdict follow(const struct skype_visit *visit, const json_t *root,
	const char *base, const char *relation, struct buffer *url)
{
	const char *href = href_of(root, relation);
	char what[80];

	if (href == NULL) {
		talk_bad(visit->talk,
			"the answer has no link %s: the application lacks that permission",
			relation);
		return PLATFORM_FORBIDDEN;
	}
	snprintf(what, sizeof what, "the link %s", relation);
	return links_follow(&visit->skype->hosts, what, base, href, url, visit->talk->error) == 0
		       ? PLATFORM_GRANTED
		       : PLATFORM_BAD_ANSWER;
}

/* Requests the URL of the applications. The first try has no token: most documents describe
 * discovery as public, and a token should go only where it is required. */
static enum platform_verdict discover(const struct skype_visit *visit, struct buffer *url)
{
	struct skype_visit open = *visit;
	json_t *root;
	enum platform_verdict verdict;

	open.token = NULL;
	verdict = get(&open, "discovery", visit->skype->discover, &root);
	if (verdict == PLATFORM_UNAUTHORIZED) {
		*visit->unauthorized_r = false;
		verdict = get(visit, "discovery", visit->skype->discover, &root);
	}
	if (verdict == PLATFORM_GRANTED)
		verdict = follow(visit, root, visit->skype->discover, "applications", url);
	json_decref(root);
	return verdict;
}

/* Follows the applications to the link for anonymous tokens. Recorded answers have the application
 * as a step in between, the document has not. */
static enum platform_verdict find_capability(
	const struct skype_visit *visit, const char *applications, struct buffer *url)
{
	struct buffer first = BUFFER_INIT(LINK_MAX), second = BUFFER_INIT(LINK_MAX);
	json_t *root = NULL;
	enum platform_verdict verdict;

	buffer_printf(&first, "%s%sendpointId=", applications,
		strchr(applications, '?') != NULL ? "&" : "?");
	buffer_percent(&first, visit->skype->endpoint);
	verdict = first.failed ? PLATFORM_UNABLE : get(visit, "applications", first.data, &root);
	if (verdict == PLATFORM_GRANTED && href_of(root, "anonApplicationTokens") == NULL) {
		verdict = follow(visit, root, first.data, "application", &second);
		json_decref(root);
		root = NULL;
		if (verdict == PLATFORM_GRANTED)
			verdict = get(visit, "application", second.data, &root);
	}
	if (verdict == PLATFORM_GRANTED)
		verdict = follow(visit, root, second.length > 0 ? second.data : first.data,
			"anonApplicationTokens", url);
	json_decref(root);
	buffer_release(&first);
	buffer_release(&second);
	return verdict;
}

/* ---- the anonymous token ---- */

static void write_time(int64_t seconds, char expiry[EXPIRY_SIZE])
{
	time_t moment = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&moment, &tm) == NULL || strftime(expiry, EXPIRY_SIZE, "%FT%TZ", &tm) == 0)
		expiry[0] = '\0';
}

/* Parses "2016-06-27T01:42:13.094Z" or "/Date(1488872625837)/" (milliseconds since 1970). Returns 0
 * or -1. */
static int read_expiry(const char *text, char expiry[EXPIRY_SIZE])
{
	char copy[40];
	int64_t moment;
	size_t length;

	if (text == NULL || snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
		return -1;
	length = strlen(copy);
	if (length > 8 && strncmp(copy, "/Date(", 6) == 0 && strcmp(copy + length - 2, ")/") == 0) {
		copy[length - 2] = '\0';
		if (text_to_number(copy + 6, 1, INT64_C(253402300799999), &moment) != 0)
			return -1;
		moment /= 1000;
	} else {
		char *dot = strchr(copy, '.');

		if (dot != NULL && strspn(dot + 1, "0123456789") == strlen(dot + 1) - 1 &&
			copy[length - 1] == 'Z')
			memcpy(dot, "Z", 2);
		if (strchr(copy, 'T') == NULL || text_to_time(copy, &moment) != 0)
			return -1;
	}
	write_time(moment, expiry);
	return expiry[0] != '\0' ? 0 : -1;
}

/* Validates the answer and appends the response for the script. discoverUrl is passed on unchanged,
 * since it contains the token, encoded twice. */
static enum platform_verdict take_token(
	const struct skype_visit *visit, const json_t *root, const char *base, struct buffer *token)
{
	const char *anonymous = answer_text(root, "token", SKYPE_TOKEN_MAX);
	struct buffer discover = BUFFER_INIT(LINK_MAX);
	char expiry[EXPIRY_SIZE];
	enum platform_verdict verdict;

	if (anonymous == NULL || read_expiry(answer_text(root, "expiryTime", 39), expiry) != 0)
		return talk_bad(visit->talk, "token or expiryTime is missing or not as documented");
	verdict = follow(visit, root, base, "discover", &discover);
	if (verdict == PLATFORM_FORBIDDEN)
		verdict = PLATFORM_BAD_ANSWER;
	if (verdict == PLATFORM_GRANTED &&
		talk_put_json(token, json_pack("{s:s, s:s, s:s}", "token", anonymous, "expiryTime",
					     expiry, "discoverUrl", discover.data)) != 0) {
		error_set(visit->talk->error, "the response for the script is too long");
		verdict = PLATFORM_UNABLE;
	}
	buffer_wipe(&discover);
	return verdict;
}

static enum platform_verdict post_token(
	const struct skype_visit *visit, const struct platform_grant *grant, const char *url)
{
	const char *meeting = join_remembered(grant->join, "meetingUrl");
	struct buffer body = BUFFER_INIT(BODY_MAX);
	struct talk_request request = {.url = url,
		.bearer = visit->token,
		.media_type = "application/json; charset=utf-8",
		.idempotent = true}; /* the same applicationSessionId is the same client */
	struct fetch_answer answer = {0};
	char session[GUID_SIZE];
	enum platform_verdict verdict = PLATFORM_UNABLE;
	json_t *root = NULL;

	write_guid(grant->user_id, session);
	if (meeting != NULL &&
		talk_put_json(&body, json_pack("{s:s, s:s, s:s}", "applicationSessionId", session,
					     "allowedOrigins", visit->skype->origins, "meetingUrl",
					     meeting)) == 0) {
		request.body = body.data;
		verdict = send(visit, "anonApplicationTokens", &request, &answer);
	}
	if (verdict == PLATFORM_GRANTED)
		root = talk_json(visit->talk, &answer);
	if (verdict == PLATFORM_GRANTED)
		verdict = root != NULL ? take_token(visit, root, url, grant->token)
				       : PLATFORM_BAD_ANSWER;
	json_decref(root);
	fetch_answer_release(&answer);
	buffer_release(&body);
	return verdict;
}

enum platform_verdict skype_make_token(struct skype *skype, const struct platform_grant *grant,
	const struct talk *talk, const char *token, bool *unauthorized_r)
{
	struct skype_visit visit = {skype, talk, token, unauthorized_r};
	struct buffer applications = BUFFER_INIT(LINK_MAX), tokens = BUFFER_INIT(LINK_MAX);
	enum platform_verdict verdict;

	*unauthorized_r = false;
	verdict = discover(&visit, &applications);
	if (verdict == PLATFORM_GRANTED)
		verdict = find_capability(&visit, applications.data, &tokens);
	if (verdict == PLATFORM_GRANTED)
		verdict = post_token(&visit, grant, tokens.data);
	buffer_release(&applications);
	buffer_release(&tokens);
	return verdict;
}
