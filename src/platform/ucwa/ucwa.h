/* SPDX-License-Identifier: MIT
 *
 * UCWA 2.0: what its driver's files share. Private to this room.
 */
#pragma once

#include "platform/shared/conference.h"
#include "platform/shared/links.h"
#include "platform/shared/options.h"
#include "platform/shared/talk.h"

#include <pthread.h>

enum {
	UCWA_TOKEN_MAX = 4096,
	UCWA_HOMES_MAX = 64,
	UCWA_NAME_MAX = CONFERENCE_USER_MAX + CONFERENCE_DOMAIN_MAX + 2,
};

/* Where an organizer's conferences are at home. */
struct ucwa_home {
	char organizer[UCWA_NAME_MAX]; /* "user@domain" in small letters; "": nobody's */
	char token[LINK_MAX];	       /* where tokens are made */
	char applications[LINK_MAX];   /* what spec 002 calls the UCWA URL */
	char xframe[LINK_MAX];	       /* "" where there is none */
};

struct ucwa {
	struct platform_peer peer;
	char site[PLATFORM_URL_MAX];
	const char *title;
	struct config_list domains; /* of organizers */
	struct config_list more_hosts, meeting_hosts;
	struct links hosts;	  /* domains and more_hosts */
	const char **all_hosts;	  /* owned */
	const char *autodiscover; /* "" : LyncDiscover.DOMAIN */
	bool internal;
	pthread_mutex_t lock;	 /* guards what follows */
	struct ucwa_home *homes; /* UCWA_HOMES_MAX, owned */
	size_t oldest;
};

/* One admission. */
struct ucwa_visit {
	struct ucwa *ucwa;
	const struct platform_grant *grant;
	struct talk talk;
	struct conference conference;
	char key[CONFERENCE_ID_MAX + 1]; /* the conference's */
	const char *renew;		 /* the token that is renewed; NULL: none */
	char token[UCWA_TOKEN_MAX];	 /* out */
	int64_t lifetime;		 /* out, seconds */
	bool lost; /* out: the home is to be looked for anew (403, 502, connection error) */
};

/* -- meeting.c: which conference? -- */

int ucwa_arrive(const void *instance, struct platform_arrival *arrival);

/* Writes "https://HOST[:PORT]" of the meetings' addresses, by number; false past the last. */
bool ucwa_meeting_site(const struct ucwa *ucwa, size_t index, char site[PLATFORM_URL_MAX]);

/* The conference of a visit, and its key: of its address, or, where the meeting came as an https
 * address, what the server says there. */
enum platform_verdict ucwa_resolve(struct ucwa_visit *visit);

/* -- challenge.c -- */

/* A parameter of the challenge of that scheme in WWW-Authenticate lines (RFC 9110 section 11.6.1):
 * several challenges in a line and several lines, values quoted or not. 0, or -1 where it is
 * missing or longer than `size`. */
int ucwa_challenge(
	const char *lines, const char *scheme, const char *parameter, char *value, size_t size);

/* Whether a comma-separated list has the word. */
bool ucwa_list_has(const char *list, const char *word);

/* -- discover.c: where is the organizer at home? -- */

/* `home` complete but for `applications`: *user_r is where those are asked for with a token. */
enum platform_verdict ucwa_discover(
	struct ucwa_visit *visit, struct ucwa_home *home, char user_r[LINK_MAX]);

/* -- token.c -- */

/* A token for the visit's conference. */
enum platform_verdict ucwa_token(struct ucwa_visit *visit, const struct ucwa_home *home);

/* Where applications are made, into home->applications, by the visit's token. */
enum platform_verdict ucwa_applications(
	struct ucwa_visit *visit, const char *user, struct ucwa_home *home);
