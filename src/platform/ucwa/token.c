/* SPDX-License-Identifier: MIT
 *
 * Requests a token for one conference, as in "Authentication in UCWA": by the grant type
 * anonmeeting, whose password is the conference's key. A renewal keeps the anonymous identity.
 */
#include "platform/ucwa/ucwa.h"

#include "platform/shared/answer.h"

enum { FORM_MAX = 16 * 1024, LIFETIME_MAX = 24 * 3600 };

/* Whether to clear the cache: after "HTTP 403", "HTTP 502" and "Connection error". "No other HTTP
 * error codes require clearing the cache" (Root URL), and neither does a timeout. */
static bool is_lost(enum platform_verdict sent, const struct fetch_answer *answer)
{
	if (sent == PLATFORM_GRANTED)
		return answer->status == 403 || answer->status == 502;
	return sent == PLATFORM_UNREACHABLE || sent == PLATFORM_BAD_ANSWER || answer->unconnected;
}

static enum platform_verdict take_token(struct ucwa_visit *visit, const json_t *root)
{
	const char *token = answer_text(root, "access_token", UCWA_TOKEN_MAX - 1);
	const char *kind = json_string_value(json_object_get(root, "token_type"));

	if (token == NULL || kind == NULL || strcmp(kind, "Bearer") != 0 ||
		answer_number(root, "expires_in", ANSWER_NUMBER_ONLY, 1, LIFETIME_MAX,
			&visit->lifetime) != 0)
		return talk_bad(&visit->talk, "access_token, token_type or expires_in is missing "
					      "or not as documented");
	memcpy(visit->token, token, strlen(token) + 1);
	return PLATFORM_GRANTED;
}

static enum platform_verdict read_token(struct ucwa_visit *visit, const struct fetch_answer *answer)
{
	enum platform_verdict verdict = PLATFORM_BAD_ANSWER;
	json_t *root;

	if (answer->status != 200) {
		talk_bad(&visit->talk, "the conference's token: the answer is HTTP %ld",
			answer->status);
		return answer->status >= 400 && answer->status < 500 ? PLATFORM_REFUSED
								     : PLATFORM_BAD_ANSWER;
	}
	root = talk_json(&visit->talk, answer);
	if (root != NULL)
		verdict = take_token(visit, root);
	json_decref(root);
	return verdict;
}

enum platform_verdict ucwa_token(struct ucwa_visit *visit, const struct ucwa_home *home)
{
	struct buffer form = BUFFER_INIT(FORM_MAX);
	struct talk_request request = {.url = home->token,
		.media_type = "application/x-www-form-urlencoded;charset=UTF-8",
		.idempotent = true}; /* the first token is lost together with its answer */
	struct fetch_answer answer = {0};
	char uri[CONFERENCE_TEXT_MAX];
	enum platform_verdict verdict = PLATFORM_UNABLE;

	conference_write(&visit->conference, uri);
	/* As documented: the colons are not percent-encoded. */
	buffer_text(&form, "grant_type=urn:microsoft.rtc:anonmeeting");
	talk_put_field(&form, "password", visit->key);
	talk_put_field(&form, "ms_rtc_conferenceuri", uri);
	if (visit->renew != NULL)
		talk_put_field(&form, "ms_rtc_renew", visit->renew);
	request.body = form.data;
	if (form.failed)
		error_set(visit->talk.error, "out of memory for a request");
	else
		verdict = talk_send(&visit->talk, &request, &answer);
	visit->lost = is_lost(verdict, &answer);
	if (verdict == PLATFORM_GRANTED)
		verdict = read_token(visit, &answer);
	fetch_answer_release(&answer);
	buffer_wipe(&form);
	return verdict;
}

enum platform_verdict ucwa_applications(
	struct ucwa_visit *visit, const char *user, struct ucwa_home *home)
{
	struct talk_request request = {.url = user, .bearer = visit->token};
	struct buffer url = BUFFER_INIT(LINK_MAX - 1);
	struct fetch_answer answer = {0};
	json_t *root = NULL, *link;
	enum platform_verdict verdict = talk_send(&visit->talk, &request, &answer);

	if (verdict == PLATFORM_GRANTED && answer.status != 200)
		verdict = talk_bad(
			&visit->talk, "the user's address: the answer is HTTP %ld", answer.status);
	if (verdict == PLATFORM_GRANTED) {
		root = talk_json(&visit->talk, &answer);
		verdict = root != NULL ? PLATFORM_GRANTED : PLATFORM_BAD_ANSWER;
	}
	if (verdict == PLATFORM_GRANTED) {
		link = json_object_get(json_object_get(root, "_links"), "applications");
		if (links_follow(&visit->ucwa->hosts, "the link applications", user,
			    answer_text(link, "href", LINK_MAX - 1), &url, visit->talk.error) != 0)
			verdict = PLATFORM_BAD_ANSWER;
	}
	if (verdict == PLATFORM_GRANTED)
		memcpy(home->applications, url.data, url.length + 1);
	buffer_release(&url);
	json_decref(root);
	fetch_answer_release(&answer);
	return verdict;
}
