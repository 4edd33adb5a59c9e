/* SPDX-License-Identifier: MIT
 *
 * The tokens of a Service App (RFC 6749 section 6): an access token valid for days and a refresh
 * token valid for weeks, with which the next pair is requested. The pair is the platform's secret
 * in the store, one line of JSON, so that all processes use the same pair and it is replaced
 * atomically.
 */
#include "platform/webex/webex.h"

#include "base/clock.h"
#include "outbound/jose.h"
#include "platform/shared/answer.h"

enum {
	SECRET_TEXT_MAX = 512,
	TOKEN_MAX = 2048,
	LIFETIME_MAX = 10 * 366 * 24 * 3600,
	WARN_BEFORE_S = 7 * 24 * 3600,
};

/* Returns a member in seconds, or 0 if it is missing or not a number. */
static int64_t seconds_of(const json_t *object, const char *name)
{
	int64_t seconds = 0;

	answer_number(object, name, ANSWER_NUMBER_ONLY, 1, INT64_MAX, &seconds);
	return seconds;
}

int webex_pair_read(const char *secret, struct webex_pair *pair)
{
	json_t *root = json_loads(secret, JSON_REJECT_DUPLICATES, NULL);

	*pair = (struct webex_pair){
		.root = root,
		.client_secret = answer_text(root, "clientSecret", SECRET_TEXT_MAX),
		.refresh = answer_text(root, "refreshToken", TOKEN_MAX),
		.access = answer_text(root, "accessToken", TOKEN_MAX),
		.obtained = seconds_of(root, "obtained"),
		.access_ends = seconds_of(root, "accessEnds"),
		.refresh_ends = seconds_of(root, "refreshEnds"),
	};
	if (pair->client_secret != NULL && pair->refresh != NULL)
		return 0;
	webex_pair_release(pair);
	return -1;
}

void webex_pair_release(struct webex_pair *pair)
{
	json_decref(pair->root);
	*pair = (struct webex_pair){0};
}

/* Renewal is due after three quarters of the access token's lifetime, which leaves days to bridge
 * an outage of the platform. A secret that cannot be parsed is never due. */
int64_t webex_pair_due(const void *instance, const char *secret)
{
	const struct webex *webex = instance;
	struct webex_pair pair;
	int64_t due = 0;

	if (webex->guest_issuer || webex_pair_read(secret, &pair) != 0)
		return INT64_MAX;
	/* If the clock was ahead when the pair was obtained, its expiry times are unknown. */
	if (pair.access != NULL && pair.obtained > 0 && pair.obtained <= clock_wall() &&
		pair.access_ends > pair.obtained)
		due = pair.obtained + (pair.access_ends - pair.obtained) / 4 * 3;
	webex_pair_release(&pair);
	return due;
}

/* Returns when a token expires, in seconds since 1970, or 0 if the lifetime is missing or
 * implausible. */
static int64_t end_of(const json_t *answer, const char *name, int64_t now)
{
	int64_t lifetime = seconds_of(answer, name);

	return lifetime > 0 && lifetime <= LIFETIME_MAX ? now + lifetime : 0;
}

/* Appends the new secret. Without a refresh token in the answer, the old one remains valid (RFC
 * 6749 section 6). */
static int put_pair(const struct talk *talk, const struct webex_pair *old, const json_t *answer,
	int64_t now, struct buffer *renewed)
{
	const char *access = answer_text(answer, "access_token", TOKEN_MAX);
	const char *refresh = answer_text(answer, "refresh_token", TOKEN_MAX);
	int64_t access_ends = end_of(answer, "expires_in", now);
	int64_t refresh_ends = end_of(answer, "refresh_token_expires_in", now);

	if (access == NULL || access_ends == 0)
		return error_set(talk->error, "the answer has no access_token or no expires_in");
	if (refresh == NULL &&
		(json_object_get(answer, "refresh_token") != NULL || old->refresh == NULL))
		return error_set(talk->error, "refresh_token: not a valid token");
	return talk_put_json(renewed,
		json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "clientSecret", old->client_secret,
			"refreshToken", refresh != NULL ? refresh : old->refresh, "accessToken",
			access, "obtained", (json_int_t)now, "accessEnds", (json_int_t)access_ends,
			"refreshEnds", (json_int_t)refresh_ends));
}

static int read_answer(const struct talk *talk, const struct webex_pair *old,
	const struct fetch_answer *answer, int64_t now, const char *refused, struct buffer *renewed)
{
	json_t *root;
	int rc;

	if (answer->status >= 400 && answer->status < 500 && answer->status != 429)
		return error_set(
			talk->error, "HTTP %ld: Webex refuses %s", answer->status, refused);
	if (answer->status != 200)
		return error_set(talk->error, "the answer is HTTP %ld", answer->status);
	root = talk_json(talk, answer);
	if (root == NULL)
		return -1;
	rc = put_pair(talk, old, root, now, renewed);
	json_decref(root);
	return rc;
}

int webex_pair_ask(const struct webex *webex, const struct webex_pair *old, struct buffer *form,
	int64_t now, const char *refused, struct buffer *renewed, struct error *error)
{
	struct talk talk = talk_begin(&webex->peer, error);
	char url[PLATFORM_URL_MAX + 32];
	struct talk_request request = {
		.url = url, .media_type = "application/x-www-form-urlencoded"};
	struct fetch_answer answer = {0};
	int rc = -1;

	snprintf(url, sizeof url, "%s/v1/access_token", webex->peer.api);
	talk_put_field(form, "client_id", webex->client_id);
	talk_put_field(form, "client_secret", old->client_secret);
	request.body = form->data;
	if (form->failed)
		error_set(error, "out of memory");
	else if (talk_send(&talk, &request, &answer) == PLATFORM_GRANTED)
		rc = read_answer(&talk, old, &answer, now, refused, renewed);
	fetch_answer_release(&answer);
	return rc;
}

static const char no_pair[] =
	"the secret is not {\"clientSecret\": …, \"refreshToken\": …} in one line";

int webex_pair_renew(void *instance, const char *secret, int64_t now, struct buffer *renewed,
	struct error *error)
{
	struct buffer form = BUFFER_INIT(WEBEX_FORM_MAX);
	struct webex_pair pair;
	int rc;

	if (webex_pair_read(secret, &pair) != 0)
		return error_set(error, "%s", no_pair);
	talk_put_field(&form, "grant_type", "refresh_token");
	talk_put_field(&form, "refresh_token", pair.refresh);
	rc = webex_pair_ask(instance, &pair, &form, now,
		"the refresh token (expired, or used by somebody else) or the client secret: "
		"authorize the app again and run \"meetauthctl secret set\", or run \"meetauthctl "
		"webex authorize\"",
		renewed, error);
	buffer_wipe(&form);
	webex_pair_release(&pair);
	return rc;
}

int webex_validate_secret(const void *instance, const char *secret, struct error *error)
{
	const struct webex *webex = instance;
	struct webex_pair pair;

	if (webex->guest_issuer) {
		struct jose_signer *signer = webex_signer(secret, error);
		int rc = signer != NULL ? 0 : -1;

		jose_signer_free(&signer);
		return rc;
	}
	if (webex_pair_read(secret, &pair) != 0)
		return error_set(error, "%s", no_pair);
	webex_pair_release(&pair);
	return 0;
}

/* Sends nothing to Webex: a refresh token may be valid only once, and a test must not use it up. */
int webex_pair_check(void *instance, const struct platform_secrets *secrets, struct error *error)
{
	const struct webex *webex = instance;
	struct webex_pair pair;
	int64_t now = clock_wall();
	int rc = 0;

	if (webex->guest_issuer)
		return webex_validate_secret(instance, secrets->values[0], error);
	if (webex_pair_read(secrets->values[0], &pair) != 0)
		return error_set(error, "%s", no_pair);
	if (pair.obtained > now)
		rc = error_set(error,
			"the pair's time lies in the future: the clock is or was wrong; a "
			"running meetauthd renews the pair within two minutes");
	else if (pair.refresh_ends != 0 && pair.refresh_ends < now + WARN_BEFORE_S)
		rc = error_set(error, "the refresh token expires within a week: authorize the app "
				      "again and run \"meetauthctl secret set\"");
	else if (pair.access == NULL)
		rc = error_set(error, "no access token yet: a running meetauthd requests one "
				      "within seconds and logs failures (event=renewal)");
	else if (pair.access_ends <= now)
		rc = error_set(error,
			"the access token has expired: see event=renewal in the log of meetauthd");
	webex_pair_release(&pair);
	return rc;
}
