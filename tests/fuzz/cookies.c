/* SPDX-License-Identifier: MIT
 *
 * Sessions and tickets: the input as it may stand in a cookie, and sealed with our own key behind a
 * front that is in order, as another version may have sealed it. What opens is sealed again, and
 * opens as the same.
 */
#include "fuzz.h"

#include "session/session.h"
#include "session/ticket.h"
#include "session/wire.h"

enum { NOW = 1790000000, VERSION = 4 };

static const struct seal_ring ring = {.count = 1, .keys = {{.id = 7, .bytes = "key"}}};
static const struct session_limits limits = {3600, 600};
static const uint8_t browser[TICKET_BROWSER_SIZE] = "0123456789abcde";

static void open_session(const char *text)
{
	struct buffer again = BUFFER_INIT(2 * SEAL_PLAIN_MAX);
	struct session session, same;

	if (session_open(&ring, text, limits, NOW, &session) == 0) {
		PROMISE(session.who.backend != NULL && session.who.subject != NULL);
		if (session_seal(&ring, &session, &again) == 0) {
			PROMISE(session_open(&ring, again.data, limits, NOW, &same) == 0);
			PROMISE(strcmp(session.who.subject, same.who.subject) == 0);
			PROMISE(session.who.group_count == same.who.group_count);
			session_release(&same);
		}
	}
	session_release(&session);
	buffer_release(&again);
}

static void open_ticket(enum ticket_kind kind, const char *text)
{
	struct pending pending = PENDING_INIT;
	struct join join = JOIN_INIT;

	ticket_open(&ring, kind, text, browser, NOW, 3600, &join, &pending);
	join_release(&join);
	pending_release(&pending);
}

/* Everything of a cookie but what stands behind its times. */
static void put_front(struct wire_out *out, unsigned kind)
{
	wire_put_number(out, VERSION, 1);
	if (kind == TICKET_NONE) {
		wire_put_bytes(out, browser, SESSION_ID_SIZE);
		for (int i = 0; i < 3; i++)
			wire_put_number(out, NOW - 1, 8);
		for (int i = 0; i < 2; i++)
			wire_put_number(out, NOW + 100, 8);
		return;
	}
	wire_put_number(out, kind, 1);
	wire_put_number(out, NOW - 1, 8);
	wire_put_number(out, NOW + 100, 8);
	wire_put_bytes(out, browser, TICKET_BROWSER_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct wire_out out = {.bytes = plain, .capacity = sizeof plain};
	struct buffer sealed = BUFFER_INIT(2 * SEAL_PLAIN_MAX);
	char *text = copy_of(bytes, length);
	unsigned kind = length > 0 ? *bytes % (TICKET_INVITE + 1) : 0;

	open_session(text);
	open_ticket(TICKET_JOIN, text);
	put_front(&out, kind);
	if (length > 0)
		wire_put_bytes(&out, bytes + 1, length - 1);
	if (!out.failed && seal_text(&ring, kind == TICKET_NONE ? "session" : "ticket", plain,
				   out.length, &sealed) == 0) {
		if (kind == TICKET_NONE)
			open_session(sealed.data);
		else
			open_ticket((enum ticket_kind)kind, sealed.data);
	}
	buffer_release(&sealed);
	free(text);
	return 0;
}
