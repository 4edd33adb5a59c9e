/* SPDX-License-Identifier: MIT
 *
 * Whether a backend is asked: not while it is out of order. What is true of one person never counts
 * against the others: a person for whom a backend fails again and again (no answer, a search that
 * takes too long) is left alone by themselves, counts as one failure however often they try, and
 * before the backend is left alone as a whole it gets a question that is about nobody. Pure: times
 * come in, decisions go out.
 *
 * What each backend takes for whose failure:
 *
 * - file, guest-account, meeting-key, invite, guest: nobody's but a lack of memory.
 * - ldap: an entry without a usable subject or with groups that cannot be held, a group search that
 *   is answered with anything but success (a limit, a referral, no right) are the person's
 *   (AUTH_UNFIT). No server, TLS, the bind of bind-dn, silence, a search or bind of the person that
 *   is answered with no verdict on them: in doubt (AUTH_UNAVAILABLE). Asked about nobody:
 * connection, base and filter, at one server.
 * - radius: an answer that is no identity is the person's; silence, whatever for, is in doubt.
 * Asked about nobody: a made-up name.
 * - http: a grant with something wrong in it is the person's; another status, no JSON, silence are
 * in doubt. Asked about nobody: "connect".
 * - command: a grant with something wrong in it is the person's; the rest is in doubt. Asked about
 *   nobody: "check", where the program says "ready".
 * - pam: as command, but nothing can be asked about nobody: several people in a row decide.
 * - email: a recipient whom the mail server refuses is the person's; a mail that cannot be sent is
 * in doubt. Asked about nobody: connection, TLS, sign-in at the mail server.
 * - oidc: claims that are no identity are the person's; a request to the provider that fails is in
 *   doubt. Asked about nobody: metadata, keys, the client's own secret.
 * - remote-user: asks nobody.
 */
#pragma once

#include "outbound/breaker.h"

enum {
	HEALTH_FAILURES = 5, /* in a row, before a person, or a backend, is left alone */
	HEALTH_PEOPLE = 16,  /* that are remembered; the one that failed longest ago is forgotten */
	HEALTH_PERSON_MS = 10 * 60 * 1000, /* how long */
};

/* Begins as HEALTH_INIT. */
struct health {
	struct breaker all; /* the backend's */
	struct {
		uint64_t whom;
		int64_t failed_ms; /* monotonic; 0: nobody */
		struct breaker breaker;
	} people[HEALTH_PEOPLE];
	bool asking; /* a question about nobody is under way */
};

#define HEALTH_INIT ((struct health){.all = {.failures_max = HEALTH_FAILURES}})

/* Whether it may be asked about somebody (a hash; 0: about nobody in particular) at `now_ms`; else
 * *wait_ms_r says when to ask again. */
bool health_allows(struct health *health, uint64_t whom, int64_t now_ms, int64_t *wait_ms_r);

/* What became of a question that was allowed. After a failure, true: this may have been one too
 * many for the backend. It is to be asked about nobody, and health_decide() called with what comes
 * of that. */
void health_succeeded(struct health *health, uint64_t whom);
bool health_failed(struct health *health, uint64_t whom, int64_t now_ms);

/* A question that was allowed was given up before there was a result. */
void health_abandoned(struct health *health, uint64_t whom);

/* Whether the backend was well when it was asked about nobody. */
void health_decide(struct health *health, bool well, int64_t now_ms);
