/* SPDX-License-Identifier: MIT
 *
 * A join: what the platform's redirect asked for. join/arrive makes it out of checked parameters,
 * session/ticket carries it through a login, platform/ turns it into an exchange and a way back.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	JOIN_FORWARD_MAX = 16,
	JOIN_MEETING_MAX = 1023, /* bytes of a meeting id: Jitsi's are the longest */
};

/* A parameter that is handed on to the platform as it came. */
struct join_forward {
	char *name;
	char *value;
};

/* All strings are owned, checked and, but for title and room, never NULL in a complete join. */
struct join {
	char *platform; /* title of the platform's section, lower case */
	char *meeting_id;
	char *meeting_token;
	char *request_token; /* worth an access token: never logged, wiped on release */
	char *title;	     /* of the guest's invitation, not in tickets; NULL: none */
	char *room; /* of the platform's pool, which takes the meeting in; NULL: it has none */
	struct join_forward *forward; /* at most JOIN_FORWARD_MAX */
	size_t forward_count;
};

/* The forms of External Meeting Authorization: an id that the platform confirms with the access
 * token, for text_is_token(); and two texts that stand in one segment of an address each. */
enum { JOIN_ID_MAX = 64, JOIN_TOKEN_MAX = 128, JOIN_REQUEST_MIN = 8, JOIN_REQUEST_MAX = 512 };
#define JOIN_ID_OTHERS "_-"

/* Whether a text can be the token in a meeting's address, which nobody confirms and which people
 * choose. Letters and digits of every script, blanks inside, and JOIN_TOKEN_OTHERS; nothing that is
 * not seen or turns the direction of writing, no separator of an address (RFC 3986), no dots alone.
 */
bool join_is_meeting_token(const char *text);
#define JOIN_TOKEN_OTHERS " ._~-!'(),&+"

/* Whether a text can be a request token: random text, base64 of either alphabet among it. No
 * segment of it may be "." or "..", in case that a server on the way decodes its slashes. */
bool join_is_request_token(const char *text);

/* The join of somebody who wants to open the guest desk, or the page of their own meetings:
 * tickets, backends and rules see it in the place of a platform and a meeting. No platform can have
 * its title. A constant. */
const struct join *join_to_desk(void);
const struct join *join_to_me(void);

#define JOIN_INIT ((struct join){0})

/* Adds a copy of a forwarded parameter. 0, or -1 without memory or with too many. */
int join_add_forward(struct join *join, const char *name, const char *value);

/* The value that the join remembers under a name; NULL: none. */
const char *join_remembered(const struct join *join, const char *name);

/* Whether a text can be the id of a meeting of some platform, for options and commands that name
 * meetings: Lync's ids contain an @, those of Skype and Webex are URLs. Each platform accepts
 * fewer. No blank, comma or double quote, because ids are written in lists and log lines. */
bool join_is_meeting_id(const char *text);
#define JOIN_MEETING_FORM "1 to 1023 letters, digits, or - . _ ~ % / @ : + ? = '"

/* Frees everything, wipes the request token; the join is empty afterwards. */
void join_release(struct join *join);
