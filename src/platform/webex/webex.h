/* SPDX-License-Identifier: MIT
 *
 * Webex: what its driver's files share. Private to this room.
 */
#pragma once

#include "platform/shared/links.h"
#include "platform/shared/options.h"
#include "platform/shared/talk.h"

enum webex_name { WEBEX_NUMBER, WEBEX_ID, WEBEX_LINK };

struct webex {
	struct platform_peer peer;
	char *csp_sources; /* owned: peer.redirect_sources */
	struct links join_hosts;
	bool guest_issuer;
	unsigned named_by; /* bits of enum webex_name: how visitors may name a meeting */
	const char *client_id, *host_email, *issuer, *email_domain;
	int64_t link_minutes, login_lifetime;
};

/* -- meeting.c: which meeting? -- */

int webex_arrive(const void *instance, struct platform_arrival *arrival);

/* What a room of the configuration is known by; -1 where the text names no meeting. */
int webex_name_room(const void *instance, const char *text, struct buffer *name);

/* The meeting that a call is about: the room that the join's meeting has, where there are rooms. */
const char *webex_meeting_of(const struct join *join);

/* What the meeting is named by in a call: "meetingNumber", "meetingId" or "webLink". */
const char *webex_field_of(const char *meeting);

/* -- pair.c: the secret of a Service App -- */

/* {"clientSecret": …, "refreshToken": …} as the operator stores it, with what a renewal adds. */
struct webex_pair {
	json_t *root;			     /* owned; the texts are its */
	const char *client_secret, *refresh; /* never NULL */
	const char *access;		     /* NULL before the first renewal */
	int64_t obtained, access_ends;	     /* seconds since 1970 */
	int64_t refresh_ends;		     /* 0: unknown */
};

/* 0, or -1 where it is no such value; nothing is to be released then. */
int webex_pair_read(const char *secret, struct webex_pair *pair);
void webex_pair_release(struct webex_pair *pair);

int64_t webex_pair_due(const void *instance, const char *secret);
int webex_pair_renew(void *instance, const char *secret, int64_t now, struct buffer *renewed,
	struct error *error);
/* POST /v1/access_token with the form, to which it adds who asks. Appends the pair: what the answer
 * lacks is `old`'s. `refused` is what a 4xx is about. 0 or -1. */
enum { WEBEX_FORM_MAX = 8 * 2048 };
int webex_pair_ask(const struct webex *webex, const struct webex_pair *old, struct buffer *form,
	int64_t now, const char *refused, struct buffer *renewed, struct error *error);

int webex_validate_secret(const void *instance, const char *secret, struct error *error);
int webex_pair_check(void *instance, const struct platform_secrets *secrets, struct error *error);

/* -- authorize.c: the first pair -- */

int webex_authorization_url(const void *instance,
	const struct platform_authorization *authorization, struct buffer *url,
	struct error *error);
int webex_client_secret(const char *secret, struct buffer *client_secret);
int webex_redeem_code(void *instance, const struct platform_authorization *authorization,
	const char *client_secret, const char *code, int64_t now, struct buffer *secret,
	struct error *error);

/* -- api.c: the calls -- */

/* One after the other; each verdict as admit() has it. After PLATFORM_UNAUTHORIZED another access
 * token may be tried. */
struct webex_call {
	const struct webex *webex;
	const struct platform_grant *grant;
	struct talk talk;
};

struct webex_request {
	const char *target, *called; /* path and query; what the log calls it */
	const char *bearer;
	const char *method, *body; /* body NULL: GET; method NULL: POST */
	size_t answer_max;	   /* bytes, where more than usual */
};

/* PLATFORM_GRANTED with *root_r, the caller's, on a 200 with a JSON object; else *root_r is NULL.
 */
enum platform_verdict webex_send(
	struct webex_call *call, const struct webex_request *what, json_t **root_r);

/* -- room.c -- */

/* Expels whoever is in the grant's room. */
enum platform_verdict webex_clear_room(struct webex_call *call, const char *access);

/* -- api.c -- */

/* The address that joins the meeting into the grant's token. `access` is the right to ask. */
enum platform_verdict webex_join(struct webex_call *call, const char *access);

/* A guest's token for a script, with what it needs beside it, as JSON into the grant's token. */
enum platform_verdict webex_guest(struct webex_call *call, const char *access);

/* A guest's token by a Guest Issuer, whose secret this is: *token_r is the caller's to wipe and
 * free. */
enum platform_verdict webex_login(
	struct webex_call *call, const char *secret, char **token_r, int64_t *lifetime_r);

/* The key that a Guest Issuer's secret is; NULL with an error. The caller frees it. */
struct jose_signer *webex_signer(const char *secret, struct error *error);

/* Puts a guest's token for a script together. */
enum platform_verdict webex_put_guest(struct webex_call *call, const char *token, int64_t lifetime);
