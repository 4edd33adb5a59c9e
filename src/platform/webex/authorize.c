/* SPDX-License-Identifier: MIT
 *
 * Obtains the first pair of tokens by the authorization code flow (RFC 6749 section 4.1 with RFC
 * 7636): a person signs in at Webex, and the authorization code is exchanged for the pair.
 */
#include "platform/webex/webex.h"

#include "platform/shared/answer.h"

/* The scopes that our guide lists for the app, except the one for guest tokens, which an
 * integration cannot have. */
static const char scopes[] = "meeting:schedules_read meeting:schedules_write "
			     "meeting:admin_schedule_read meeting:admin_schedule_write "
			     "meeting:participants_read meeting:participants_write "
			     "meeting:admin_participants_read";

int webex_authorization_url(const void *instance,
	const struct platform_authorization *authorization, struct buffer *url, struct error *error)
{
	const struct webex *webex = instance;
	struct buffer query = BUFFER_INIT(4096);

	if (webex->guest_issuer)
		return error_set(error,
			"mode \"guest-issuer\" needs no authorization: store the secret "
			"that its page at Webex shows with \"meetauthctl secret set\"");
	talk_put_field(&query, "response_type", "code");
	talk_put_field(&query, "client_id", webex->client_id);
	talk_put_field(&query, "redirect_uri", authorization->redirect_uri);
	talk_put_field(&query, "scope", scopes);
	talk_put_field(&query, "state", authorization->state);
	talk_put_field(&query, "code_challenge", authorization->challenge);
	talk_put_field(&query, "code_challenge_method", "S256");
	buffer_printf(
		url, "%s/v1/authorize?%s", webex->peer.api, query.data != NULL ? query.data : "");
	url->failed |= query.failed;
	buffer_release(&query);
	return url->failed ? error_set(error, "out of memory for a URL") : 0;
}

int webex_redeem_code(void *instance, const struct platform_authorization *authorization,
	const char *client_secret, const char *code, int64_t now, struct buffer *secret,
	struct error *error)
{
	const struct webex_pair none = {.client_secret = client_secret};
	struct buffer form = BUFFER_INIT(WEBEX_FORM_MAX);
	int rc;

	talk_put_field(&form, "grant_type", "authorization_code");
	talk_put_field(&form, "code", code);
	talk_put_field(&form, "redirect_uri", authorization->redirect_uri);
	talk_put_field(&form, "code_verifier", authorization->verifier);
	rc = webex_pair_ask(instance, &none, &form, now,
		"the code, which is valid once and for minutes, or the client secret", secret,
		error);
	buffer_wipe(&form);
	return rc;
}

int webex_client_secret(const char *secret, struct buffer *client_secret)
{
	struct webex_pair pair;

	if (webex_pair_read(secret, &pair) != 0)
		return -1;
	buffer_text(client_secret, pair.client_secret);
	webex_pair_release(&pair);
	return client_secret->failed ? -1 : 0;
}
