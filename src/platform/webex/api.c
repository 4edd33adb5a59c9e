/* SPDX-License-Identifier: MIT
 *
 * The requests, as in Webex's OpenAPI descriptions (webex-meeting: /meetings/join, webex-admin:
 * /guests/token) and "Guest Issuer" (/jwt/login).
 */
#include "platform/webex/webex.h"

#include "base/text.h"
#include "outbound/jose.h"
#include "platform/shared/answer.h"
#include "platform/shared/person.h"

#include <strings.h>

enum {
	NAME_MAX_CHARACTERS = 128,
	GUEST_TOKEN_MAX = 6000, /* documented as "more than 2000" */
	BODY_MAX = 8192,
	KEY_MAX = 1024,
	LIFETIME_MAX = 10 * 24 * 3600,
};

/* The name, cut at a whole character. It is valid UTF-8: others were refused before. */
static json_t *name_of(const struct webex_call *call)
{
	const struct identity *who = call->grant->who;
	const char *name = call->webex->peer.prefill ? person_name(who) : person_account_name(who);

	return json_stringn(name, person_cut_characters(name, NAME_MAX_CHARACTERS));
}

/* The visitor's address, or an invented one. Without an address, or with the host's own, Webex
 * would treat the visitor as the host. */
static json_t *email_of(const struct webex_call *call)
{
	const struct identity *who = call->grant->who;

	if (call->webex->peer.prefill && who->email != NULL &&
		strcasecmp(who->email, call->webex->host_email) != 0)
		return json_string(who->email);
	return json_sprintf("%s@%s", call->grant->person_id, call->webex->email_domain);
}

enum platform_verdict webex_send(
	struct webex_call *call, const struct webex_request *what, json_t **root_r)
{
	struct buffer url = BUFFER_INIT(PLATFORM_URL_MAX + 4096);
	struct talk_request request = {.bearer = what->bearer,
		.media_type = what->body != NULL && what->body[0] != '\0' ? "application/json" : "",
		.body = what->body,
		.method = what->method,
		.body_max = what->answer_max,
		.idempotent = true}; /* each makes a token or a link for one guest and meeting */
	struct fetch_answer answer = {0};
	enum platform_verdict verdict = PLATFORM_UNABLE;

	*root_r = NULL;
	buffer_printf(&url, "%s%s", call->webex->peer.api, what->target);
	request.url = url.data;
	if (!url.failed)
		verdict = talk_send(&call->talk, &request, &answer);
	buffer_release(&url);
	if (verdict == PLATFORM_GRANTED && answer.status == 200) {
		*root_r = talk_json(&call->talk, &answer);
		verdict = *root_r != NULL ? PLATFORM_GRANTED : PLATFORM_BAD_ANSWER;
	} else if (verdict == PLATFORM_GRANTED) {
		verdict = talk_bad(
			&call->talk, "%s: the answer is HTTP %ld", what->called, answer.status);
		if (answer.status == 401)
			verdict = PLATFORM_UNAUTHORIZED;
		else if (answer.status == 403)
			verdict = PLATFORM_FORBIDDEN;
		else if (answer.status >= 400 && answer.status < 500 && answer.status != 429)
			verdict = PLATFORM_REFUSED;
	}
	fetch_answer_release(&answer);
	return verdict;
}

static enum platform_verdict post(struct webex_call *call, const char *path, const char *bearer,
	const char *body, json_t **root_r)
{
	return webex_send(call,
		&(struct webex_request){
			.target = path, .called = path, .bearer = bearer, .body = body},
		root_r);
}

/* Turns a refusal into PLATFORM_FORBIDDEN: a request that names no meeting can fail only because of
 * our configuration. */
static enum platform_verdict no_meetings_fault(enum platform_verdict verdict)
{
	return verdict == PLATFORM_REFUSED ? PLATFORM_FORBIDDEN : verdict;
}

/* ---- /meetings/join ---- */

static json_t *join_body(const struct webex_call *call)
{
	const struct webex *webex = call->webex;
	const char *meeting = webex_meeting_of(call->grant->join);
	json_t *body = json_pack("{s:s, s:b, s:o, s:o, s:I}", webex_field_of(meeting), meeting,
		"joinDirectly", false, "email", email_of(call), "displayName", name_of(call),
		"expirationMinutes", (json_int_t)webex->link_minutes);

	if (body != NULL && !webex->guest_issuer)
		json_object_set_new(body, "hostEmail", json_string(webex->host_email));
	return body;
}

static enum platform_verdict take_link(struct webex_call *call, const json_t *root)
{
	const char *link = answer_text(root, "joinLink", LINK_MAX - 1);

	if (link == NULL || !links_allow(&call->webex->join_hosts, link))
		return talk_bad(&call->talk,
			"joinLink is missing, or leads to a host that is not in join-hosts");
	buffer_text(call->grant->token, link);
	if (!call->grant->token->failed)
		return PLATFORM_GRANTED;
	error_set(call->grant->error, "out of memory for joinLink");
	return PLATFORM_UNABLE;
}

enum platform_verdict webex_join(struct webex_call *call, const char *access)
{
	struct buffer body = BUFFER_INIT(BODY_MAX);
	enum platform_verdict verdict = PLATFORM_UNABLE;
	json_t *root = NULL;

	if (talk_put_json(&body, join_body(call)) == 0)
		verdict = post(call, "/v1/meetings/join", access, body.data, &root);
	else
		error_set(call->grant->error, "out of memory for a request");
	if (verdict == PLATFORM_GRANTED)
		verdict = take_link(call, root);
	json_decref(root);
	buffer_wipe(&body);
	return verdict;
}

/* ---- guests ---- */

enum platform_verdict webex_put_guest(struct webex_call *call, const char *token, int64_t lifetime)
{
	const char *meeting = webex_meeting_of(call->grant->join);

	if (talk_put_json(call->grant->token,
		    json_pack("{s:s, s:I, s:s}", "accessToken", token, "expiresIn",
			    (json_int_t)lifetime, webex_field_of(meeting), meeting)) == 0)
		return PLATFORM_GRANTED;
	error_set(call->grant->error, "the guest's token is too long, or out of memory");
	return PLATFORM_UNABLE;
}

static int read_lifetime(const json_t *root, int64_t *lifetime_r)
{
	return answer_number(root, "expiresIn", ANSWER_NUMBER_ONLY, 1, LIFETIME_MAX, lifetime_r);
}

enum platform_verdict webex_guest(struct webex_call *call, const char *access)
{
	struct buffer body = BUFFER_INIT(BODY_MAX);
	enum platform_verdict verdict = PLATFORM_UNABLE;
	const char *token;
	int64_t lifetime;
	json_t *root = NULL;

	if (talk_put_json(&body, json_pack("{s:s, s:o}", "subject", call->grant->person_id,
					 "displayName", name_of(call))) == 0)
		verdict =
			no_meetings_fault(post(call, "/v1/guests/token", access, body.data, &root));
	else
		error_set(call->grant->error, "out of memory for a request");
	if (verdict == PLATFORM_GRANTED) {
		token = answer_text(root, "accessToken", GUEST_TOKEN_MAX);
		verdict = token != NULL && read_lifetime(root, &lifetime) == 0
				  ? webex_put_guest(call, token, lifetime)
				  : talk_bad(&call->talk, "accessToken or expiresIn is missing or "
							  "not as documented");
	}
	json_decref(root);
	buffer_wipe(&body);
	return verdict;
}

/* Appends the secret, which is base64, as a JWK, which has it as base64url without padding (RFC
 * 7518 section 6.4.1). */
static int put_jwk(const char *secret, struct buffer *jwk)
{
	size_t length = strspn(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/-_");

	if (length == 0 || length > KEY_MAX ||
		secret[length + strspn(secret + length, "=")] != '\0')
		return -1;
	buffer_text(jwk, "{\"kty\":\"oct\",\"k\":\"");
	for (size_t i = 0; i < length; i++) {
		char letter = secret[i] == '+' ? '-' : secret[i] == '/' ? '_' : secret[i];

		buffer_append(jwk, &letter, 1);
	}
	buffer_text(jwk, "\"}");
	return jwk->failed ? -1 : 0;
}

struct jose_signer *webex_signer(const char *secret, struct error *error)
{
	struct buffer jwk = BUFFER_INIT(2 * KEY_MAX);
	struct jose_signer *signer = NULL;

	if (put_jwk(secret, &jwk) != 0)
		error_set(error, "the secret is not base64: copy the text that the Guest Issuer's "
				 "page shows");
	else
		signer = jose_signer_new("HS256", jwk.data, jwk.length, NULL, error);
	buffer_wipe(&jwk);
	return signer;
}

static char *sign_login(const struct webex_call *call, const char *secret)
{
	struct jose_signer *signer = webex_signer(secret, call->grant->error);
	json_t *claims = json_pack("{s:s, s:o, s:s, s:I}", "sub", call->grant->person_id, "name",
		name_of(call), "iss", call->webex->issuer, "exp",
		(json_int_t)(call->grant->now + call->webex->login_lifetime));
	char *token = NULL;

	if (signer != NULL && claims != NULL)
		token = jose_sign(signer, claims, call->grant->error);
	jose_signer_free(&signer);
	json_decref(claims);
	return token;
}

enum platform_verdict webex_login(
	struct webex_call *call, const char *secret, char **token_r, int64_t *lifetime_r)
{
	char *login = sign_login(call, secret);
	enum platform_verdict verdict = PLATFORM_UNABLE;
	const char *token;
	json_t *root = NULL;

	*token_r = NULL;
	if (login != NULL) {
		verdict = no_meetings_fault(post(call, "/v1/jwt/login", login, "", &root));
		explicit_bzero(login, strlen(login));
		free(login);
	}
	if (verdict == PLATFORM_GRANTED) {
		token = answer_text(root, "token", GUEST_TOKEN_MAX);
		if (token == NULL || read_lifetime(root, lifetime_r) != 0)
			verdict = talk_bad(
				&call->talk, "token or expiresIn is missing or not as documented");
		else if ((*token_r = strdup(token)) == NULL)
			verdict = PLATFORM_UNABLE;
	}
	json_decref(root);
	return verdict;
}
