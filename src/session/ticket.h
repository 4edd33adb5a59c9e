/* SPDX-License-Identifier: MIT
 *
 * A ticket: a pending join on its way through a login, sealed in a form field or a query parameter
 * and bound to the browser by the cookie __Host-meetauth-join, which holds a sealed random id that
 * all tabs share. Any process of the pool can finish it; nothing is kept on the server.
 *
 *   payload: version 1 | kind 1 | issued 8 | browser id 16 | platform, meeting id, meeting token,
 * request token, as 2-byte length and bytes | number of forwards 1 | name and value of each
 */
#ifndef SESSION_TICKET_H
#define SESSION_TICKET_H

#include "base/join.h"
#include "secret/seal.h"

#include <stdint.h>

#define TICKET_COOKIE "__Host-meetauth-join"

enum {
	TICKET_BROWSER_SIZE = 16,
	TICKET_TEXT_MAX = 6144, /* sealed; a request token of 512 and 16 forwards of modest size */
	TICKET_SKEW =
		60, /* seconds that the clock of the machine that made it may be ahead of ours */
};

/* What a ticket is good for; one kind does not open as another. */
enum ticket_kind {
	TICKET_NONE = 0,
	TICKET_JOIN,   /* a pending join */
	TICKET_LOGOUT, /* the logout form: no join in it */
};

/* Opens the browser's cookie value into `browser`; on anything but a cookie of ours (NULL, forged,
 * damaged) makes a new id. True when a new one was made: the cookie is to be set. */
bool ticket_browser(
	const struct seal_ring *ring, const char *cookie, uint8_t browser[TICKET_BROWSER_SIZE]);

/* As above, but -1 when there is no cookie of ours. */
int ticket_browser_open(
	const struct seal_ring *ring, const char *cookie, uint8_t browser[TICKET_BROWSER_SIZE]);

/* Appends the value of the cookie for `browser`. 0 or -1 (full). */
int ticket_browser_seal(const struct seal_ring *ring, const uint8_t browser[TICKET_BROWSER_SIZE],
	struct buffer *text);

/* Appends the sealed ticket. `join` may be NULL for TICKET_LOGOUT. 0, or -1 when it would be longer
 * than TICKET_TEXT_MAX. */
int ticket_seal(const struct seal_ring *ring, enum ticket_kind kind,
	const uint8_t browser[TICKET_BROWSER_SIZE], int64_t now, const struct join *join,
	struct buffer *text);

/* Opens a ticket of that kind for that browser, younger than `lifetime` seconds and not from
 * further in the future than TICKET_SKEW. The join is filled (empty for TICKET_LOGOUT). 0, or -1
 * for every other cause. */
int ticket_open(const struct seal_ring *ring, enum ticket_kind kind, const char *text,
	const uint8_t browser[TICKET_BROWSER_SIZE], int64_t now, int64_t lifetime,
	struct join *join);

#endif
