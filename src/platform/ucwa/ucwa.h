/* SPDX-License-Identifier: MIT
 *
 * Internal interface of platform "ucwa", UCWA 2.0. Private to src/platform/ucwa.
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

/* An organizer's home server, as found by autodiscovery. */
struct ucwa_home {
	char organizer[UCWA_NAME_MAX]; /* "user@domain", lower case; "": an unused entry */
	char token[LINK_MAX];	       /* URL of the token service */
	char applications[LINK_MAX];   /* URL of the applications resource */
	char xframe[LINK_MAX];	       /* URL of the cross-domain frame, or "" */
};

struct ucwa {
	struct platform_peer peer;
	char site[PLATFORM_URL_MAX];
	const char *title;
	struct config_list domains; /* SIP domains of organizers */
	struct config_list more_hosts, meeting_hosts;
	struct links hosts;	  /* of domains and more_hosts */
	const char **all_hosts;	  /* owned */
	const char *autodiscover; /* "": LyncDiscover.DOMAIN */
	bool internal;
	pthread_mutex_t lock;	 /* protects the members below */
	struct ucwa_home *homes; /* the cache: UCWA_HOMES_MAX entries, owned */
	size_t oldest;
};

/* State of one call of admit(). */
struct ucwa_visit {
	struct ucwa *ucwa;
	const struct platform_grant *grant;
	struct talk talk;
	struct conference conference;
	char key[CONFERENCE_ID_MAX + 1]; /* the conference's key */
	const char *renew;		 /* the token to renew, or NULL */
	char token[UCWA_TOKEN_MAX];	 /* out */
	int64_t lifetime;		 /* out, seconds */
	bool lost; /* out: repeat autodiscovery (after 403, 502, connection error) */
};

/* -- meeting.c: identifies the conference -- */

/* Parses a visit (platform.h, arrive). */
int ucwa_arrive(const void *instance, struct platform_arrival *arrival);

/* Writes the nth origin of meetings' URLs, "https://HOST[:PORT]". Returns false past the last. */
bool ucwa_meeting_site(const struct ucwa *ucwa, size_t index, char site[PLATFORM_URL_MAX]);

/* Fills visit->conference and visit->key. If the meeting was named by an https URL, asks the server
 * of that URL; blocks. */
enum platform_verdict ucwa_resolve(struct ucwa_visit *visit);

/* -- challenge.c: parses WWW-Authenticate -- */

/* Copies a parameter of the challenge with that scheme from WWW-Authenticate lines (RFC 9110
 * section 11.6.1). A line may have several challenges, and values may be unquoted. Returns 0, or -1
 * if the parameter is missing or does not fit into `size` bytes. */
int ucwa_challenge(
	const char *lines, const char *scheme, const char *parameter, char *value, size_t size);

/* Whether a comma-separated list contains the word. */
bool ucwa_list_has(const char *list, const char *word);

/* -- discover.c: autodiscovery of the organizer's home server -- */

/* Fills `home` except for home->applications; `user_r` receives the URL that returns those to a
 * request with a token. Blocks. */
enum platform_verdict ucwa_discover(
	struct ucwa_visit *visit, struct ucwa_home *home, char user_r[LINK_MAX]);

/* -- token.c: tokens and applications -- */

/* Requests or renews the token for the visit's conference. Blocks. */
enum platform_verdict ucwa_token(struct ucwa_visit *visit, const struct ucwa_home *home);

/* Requests the URL of the applications with the visit's token, into home->applications. Blocks. */
enum platform_verdict ucwa_applications(
	struct ucwa_visit *visit, const char *user, struct ucwa_home *home);
