/* SPDX-License-Identifier: MIT
 *
 * The access token of the trusted application, from Azure AD's token endpoint (v1) by client
 * credentials. It is cached until shortly before it expires.
 */
#include "platform/skype/skype.h"

#include "base/clock.h"
#include "platform/shared/answer.h"

enum { FORM_MAX = 16 * 1024, EARLY_S = 300, LIFETIME_MAX = 7 * 24 * 3600 };

void skype_wipe(char **token)
{
	if (*token != NULL)
		explicit_bzero(*token, strlen(*token));
	free(*token);
	*token = NULL;
}

/* ---- the cache ---- */

static char *cached(struct skype *skype, int64_t now)
{
	char *token = NULL;

	pthread_mutex_lock(&skype->lock);
	if (skype->token != NULL && now < skype->token_ends - EARLY_S)
		token = strdup(skype->token);
	pthread_mutex_unlock(&skype->lock);
	return token;
}

static void keep(struct skype *skype, const char *token, int64_t ends)
{
	pthread_mutex_lock(&skype->lock);
	skype_wipe(&skype->token);
	skype->token = strdup(token);
	skype->token_ends = ends;
	pthread_mutex_unlock(&skype->lock);
}

void skype_forget(struct skype *skype, const char *token)
{
	pthread_mutex_lock(&skype->lock);
	if (skype->token != NULL && strcmp(skype->token, token) == 0)
		skype_wipe(&skype->token);
	pthread_mutex_unlock(&skype->lock);
}

/* ---- the token endpoint ---- */

static enum platform_verdict read_token(struct skype *skype, const struct talk *talk,
	const struct fetch_answer *answer, char **token_r)
{
	json_t *root = talk_json(talk, answer);
	const char *token = answer_text(root, "access_token", SKYPE_TOKEN_MAX);
	int64_t lifetime = 0;
	enum platform_verdict verdict = PLATFORM_GRANTED;

	if (root == NULL)
		return PLATFORM_BAD_ANSWER;
	/* Version 1 of the endpoint sends expires_in as a string. */
	if (token == NULL || answer_number(root, "expires_in", ANSWER_NUMBER_OR_DIGITS, 1,
				     LIFETIME_MAX, &lifetime) != 0) {
		verdict = talk_bad(
			talk, "the token endpoint's answer has no access_token or no expires_in");
	} else {
		*token_r = strdup(token);
		keep(skype, token, clock_wall() + lifetime);
		verdict = *token_r != NULL ? PLATFORM_GRANTED : PLATFORM_UNABLE;
	}
	json_decref(root);
	return verdict;
}

static enum platform_verdict read_answer(struct skype *skype, const struct talk *talk,
	const struct fetch_answer *answer, char **token_r)
{
	if (answer->status == 200)
		return read_token(skype, talk, answer, token_r);
	if (answer->status == 401)
		talk_bad(talk,
			"the token endpoint refuses the client secret (HTTP 401): create one in "
			"Azure, then run meetauthctl secret set %s",
			skype->title);
	else
		talk_bad(talk, "the token endpoint's answer is HTTP %ld", answer->status);
	return answer->status == 400 || answer->status == 401 ? PLATFORM_UNAUTHORIZED
							      : PLATFORM_BAD_ANSWER;
}

static enum platform_verdict ask(
	struct skype *skype, const struct talk *talk, const char *secret, char **token_r)
{
	struct buffer form = BUFFER_INIT(FORM_MAX);
	struct talk_request request = {.url = skype->token_url,
		.media_type = "application/x-www-form-urlencoded",
		.idempotent =
			true}; /* client credentials may be sent again (RFC 6749 section 4.4) */
	struct fetch_answer answer = {0};
	enum platform_verdict verdict = PLATFORM_UNABLE;

	talk_put_field(&form, "grant_type", "client_credentials");
	talk_put_field(&form, "client_id", skype->client_id);
	talk_put_field(&form, "client_secret", secret);
	talk_put_field(&form, "resource", skype->resource);
	request.body = form.data;
	if (form.failed)
		error_set(talk->error, "out of memory for a request");
	else
		verdict = talk_send(talk, &request, &answer);
	if (verdict == PLATFORM_GRANTED)
		verdict = read_answer(skype, talk, &answer, token_r);
	fetch_answer_release(&answer);
	buffer_wipe(&form);
	return verdict;
}

enum platform_verdict skype_token(struct skype *skype, const struct platform_grant *grant,
	const struct talk *talk, struct skype_held *held)
{
	enum platform_verdict verdict = PLATFORM_UNAUTHORIZED;

	held->token = cached(skype, clock_wall());
	held->cached = held->token != NULL;
	if (held->cached)
		return PLATFORM_GRANTED;
	for (size_t i = 0; i < grant->secrets.count && verdict == PLATFORM_UNAUTHORIZED; i++) {
		verdict = ask(skype, talk, grant->secrets.values[i], &held->token);
		if (verdict == PLATFORM_GRANTED)
			*grant->accepted = i;
	}
	return verdict;
}

int skype_try_secret(void *instance, const struct platform_secrets *secrets, struct error *error)
{
	struct skype *skype = instance;
	struct talk talk = talk_begin(&skype->peer, error);
	char *token = NULL;
	enum platform_verdict verdict = ask(skype, &talk, secrets->values[0], &token);

	skype_wipe(&token);
	return verdict == PLATFORM_GRANTED ? 0 : error_prefix(error, "with the newest secret: ");
}
