/* SPDX-License-Identifier: MIT
 *
 * Decides whether a backend is called: not while it is out of order. A failure that concerns one
 * person must not block the others. So if a backend keeps failing for one person (no answer, a
 * search that takes too long), only this person is refused for a while, and all their failures
 * count as one. Before the whole backend is considered out of order, it gets a probe: a call that
 * concerns nobody. This module reads no clock: the caller passes the time.
 *
 * How each backend classifies failures, and its probe:
 *
 * - file, guest-account, meeting-key, invite, guest: only a lack of memory is a failure.
 * - ldap: the person's (AUTH_UNFIT) if the entry has no usable subject, its groups cannot be
 *   stored, or the group search is not answered with success (a limit, a referral, a missing
 *   right). In doubt (AUTH_UNAVAILABLE) if there is no server, TLS or bind of bind-dn fails,
 *   or a search or bind for the person gets no verdict. Probe: connection, base and filter,
 *   at one server.
 * - radius: the person's if the answer contains no identity; in doubt if there is no answer.
 *   Probe: an invented name.
 * - http: the person's if a grant is malformed; in doubt for another status, for no JSON, and
 *   for no answer. Probe: "connect".
 * - command: the person's if a grant is malformed; otherwise in doubt. Probe: "check", if the
 *   program says "ready".
 * - pam: as command, but without a probe: failures of several people in a row decide.
 * - email: the person's if the mail server refuses the recipient; in doubt if the mail cannot
 *   be sent. Probe: connection, TLS and authentication at the mail server.
 * - oidc: the person's if the claims contain no identity; in doubt if a request to the
 *   provider fails. Probe: metadata, keys and the client's secret.
 * - remote-user: calls nobody.
 */
#pragma once

#include "outbound/breaker.h"

enum {
	HEALTH_FAILURES = 5, /* failures in a row before a person, or the backend, is blocked */
	HEALTH_PEOPLE = 16,  /* people who are remembered; the one whose failure is the oldest is
				forgotten */
	HEALTH_PERSON_MS = 10 * 60 * 1000, /* how long a failure of a person is remembered */
};

/* Initialised with HEALTH_INIT. */
struct health {
	struct breaker all; /* of the whole backend */
	struct {
		uint64_t whom;
		int64_t failed_ms; /* monotonic; 0: unused */
		struct breaker breaker;
	} people[HEALTH_PEOPLE];
	bool probing; /* a probe is under way */
};

#define HEALTH_INIT ((struct health){.all = {.failures_max = HEALTH_FAILURES}})

/* True if the backend may be called for a person at `now_ms`. `whom` is a hash of the person; 0:
 * nobody in particular. Otherwise *wait_ms_r is how long to wait before asking again. */
bool health_allows(struct health *health, uint64_t whom, int64_t now_ms, int64_t *wait_ms_r);

/* The result of an allowed call. health_failed() returns true if the backend may be out of order:
 * the caller then probes it and passes the result to health_decide(). */
void health_succeeded(struct health *health, uint64_t whom);
bool health_failed(struct health *health, uint64_t whom, int64_t now_ms);

/* An allowed call was given up before it had a result. */
void health_abandoned(struct health *health, uint64_t whom);

/* The result of a probe: `well` is true if the backend answered. */
void health_decide(struct health *health, bool well, int64_t now_ms);
