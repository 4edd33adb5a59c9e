/* SPDX-License-Identifier: MIT
 *
 * Internal interface of platform "webex". Private to src/platform/webex.
 */
#pragma once

#include "platform/shared/links.h"
#include "platform/shared/options.h"
#include "platform/shared/talk.h"

enum webex_name { WEBEX_NUMBER, WEBEX_ID, WEBEX_LINK };

struct webex {
	struct platform_peer peer;
	const char *site;  /* "https://host[:port]" of Webex's site, whose pages name meetings */
	char *csp_sources; /* owned: peer.redirect_sources */
	struct links join_hosts;
	bool guest_issuer;
	unsigned named_by; /* bits 1 << enum webex_name: how visitors may name a meeting */
	const char *client_id, *host_email, *issuer, *email_domain;
	int64_t link_minutes, login_lifetime;
};

/* -- meeting.c: identifies the meeting -- */

/* Parses a visit (platform.h, arrive). */
int webex_arrive(const void *instance, struct platform_arrival *arrival);

/* Appends the canonical name of a configured room (shared/options.h). Returns -1 if the text names
 * no meeting. */
int webex_name_room(const void *instance, const char *text, struct buffer *name);

/* Returns the meeting to call Webex about: the room that the join holds, or the join's own meeting
 * without rooms. Valid as long as the join. */
const char *webex_meeting_of(const struct join *join);

/* For struct platform_script_ops: the name that visits and scripts give the meeting. */
const char *webex_parameter_of(const struct join *join, const char **value_r);

/* Returns the JSON member that names this meeting in a request: "meetingNumber", "meetingId" or
 * "webLink". */
const char *webex_field_of(const char *meeting);

/* -- pair.c: the secret of a Service App, and its renewal -- */

/* A parsed secret: {"clientSecret": …, "refreshToken": …} as the operator stores it, and the
 * members that a renewal adds. */
struct webex_pair {
	json_t *root;			     /* owned; the texts below belong to it */
	const char *client_secret, *refresh; /* never NULL */
	const char *access;		     /* NULL before the first renewal */
	int64_t obtained, access_ends;	     /* seconds since 1970 */
	int64_t refresh_ends;		     /* 0: unknown */
};

/* Parses a secret. Returns 0, and the caller releases the pair, or -1 with nothing to release. */
int webex_pair_read(const char *secret, struct webex_pair *pair);
void webex_pair_release(struct webex_pair *pair);

/* For struct platform_secret_ops: renewal_due and renew. */
int64_t webex_pair_due(const void *instance, const char *secret);
int webex_pair_renew(void *instance, const char *secret, int64_t now, struct buffer *renewed,
	struct error *error);

/* Sends the form to /v1/access_token, with the client's id and secret added, and appends the new
 * secret to `renewed`. Members that the answer lacks are taken from `old`. `refused` names in the
 * error what Webex refuses with a 4xx. Blocks. Returns 0 or -1. */
enum { WEBEX_FORM_MAX = 8 * 2048 };
int webex_pair_ask(const struct webex *webex, const struct webex_pair *old, struct buffer *form,
	int64_t now, const char *refused, struct buffer *renewed, struct error *error);

/* For struct platform_secret_ops: validate_secret. */
int webex_validate_secret(const void *instance, const char *secret, struct error *error);

/* Checks the newest secret's expiry times for `meetauthctl check --connect`, without network.
 * Returns 0 or -1. */
int webex_pair_check(void *instance, const struct platform_secrets *secrets, struct error *error);

/* -- authorize.c: the first secret, by the authorization code flow (platform.h) -- */

int webex_authorization_url(const void *instance,
	const struct platform_authorization *authorization, struct buffer *url,
	struct error *error);
int webex_client_secret(const char *secret, struct buffer *client_secret);
int webex_redeem_code(void *instance, const struct platform_authorization *authorization,
	const char *client_secret, const char *code, int64_t now, struct buffer *secret,
	struct error *error);

/* -- api.c: the calls -- */

/* The context of the requests of one admit(). The calls below block and return the verdict for
 * admit(). After PLATFORM_UNAUTHORIZED the caller may try another access token. */
struct webex_call {
	const struct webex *webex;
	const struct platform_grant *grant;
	struct talk talk;
};

struct webex_request {
	const char *target, *called; /* path and query; the request's name in errors */
	const char *bearer;
	const char *method, *body; /* body NULL: GET; method NULL: POST */
	size_t answer_max;	   /* limit of the answer, bytes; 0: the usual one */
};

/* Sends a request. On a 200 with a JSON object returns PLATFORM_GRANTED with *root_r, which the
 * caller releases; otherwise *root_r is NULL. */
enum platform_verdict webex_send(
	struct webex_call *call, const struct webex_request *what, json_t **root_r);

/* The right to ask is `access`, an access token. */

/* room.c: expels everybody who is in the grant's room. */
enum platform_verdict webex_clear_room(struct webex_call *call, const char *access);

/* Requests a join link for the meeting and appends it to grant->token. */
enum platform_verdict webex_join(struct webex_call *call, const char *access);

/* Requests a guest token for a script and appends the JSON response to grant->token. */
enum platform_verdict webex_guest(struct webex_call *call, const char *access);

/* Requests a guest token with the secret of a Guest Issuer. The caller wipes and frees *token_r;
 * *lifetime_r is in seconds. */
enum platform_verdict webex_login(
	struct webex_call *call, const char *secret, char **token_r, int64_t *lifetime_r);

/* Returns a signer with the key of a Guest Issuer's secret, which the caller frees, or NULL with
 * the error. */
struct jose_signer *webex_signer(const char *secret, struct error *error);

/* Appends the JSON response with a guest token for a script to grant->token. */
enum platform_verdict webex_put_guest(struct webex_call *call, const char *token, int64_t lifetime);
