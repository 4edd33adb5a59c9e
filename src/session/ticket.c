/* SPDX-License-Identifier: MIT */
#include "session/ticket.h"

#include "session/identity_wire.h"

#define PURPOSE		"ticket"
#define BROWSER_PURPOSE "browser"

enum {
	VERSION = 4,
	PLAIN_MAX = TICKET_FORM_MAX / 4 * 3 - SEAL_OVERHEAD,
	ADDRESS_PLAIN_MAX = TICKET_TEXT_MAX / 4 * 3 - SEAL_OVERHEAD,
};

_Static_assert((int)PLAIN_MAX <= (int)SEAL_PLAIN_MAX, "the largest ticket can be sealed");

int ticket_browser_open(
	const struct seal_ring *ring, const char *cookie, uint8_t browser[TICKET_BROWSER_SIZE])
{
	struct buffer plain = BUFFER_INIT(TICKET_BROWSER_SIZE);
	int rc = -1;

	if (cookie != NULL && seal_open(ring, BROWSER_PURPOSE, cookie, &plain) == 0 &&
		plain.length == TICKET_BROWSER_SIZE) {
		memcpy(browser, plain.data, TICKET_BROWSER_SIZE);
		rc = 0;
	}
	buffer_release(&plain);
	return rc;
}

bool ticket_browser(
	const struct seal_ring *ring, const char *cookie, uint8_t browser[TICKET_BROWSER_SIZE])
{
	if (ticket_browser_open(ring, cookie, browser) == 0)
		return false;
	seal_random(browser, TICKET_BROWSER_SIZE);
	return true;
}

int ticket_browser_seal(const struct seal_ring *ring, const uint8_t browser[TICKET_BROWSER_SIZE],
	struct buffer *text)
{
	return seal_text(ring, BROWSER_PURPOSE, browser, TICKET_BROWSER_SIZE, text);
}

static void put_join(struct wire_out *out, const struct join *join)
{
	wire_put_text(out, join->platform);
	wire_put_text(out, join->meeting_id);
	wire_put_text(
		out, strcmp(join->meeting_token, join->meeting_id) == 0 ? "" : join->meeting_token);
	wire_put_text(out, join->request_token);
	wire_put_number(out, join->forward_count, 1);
	for (size_t i = 0; i < join->forward_count; i++) {
		wire_put_text(out, join->forward[i].name);
		wire_put_text(out, join->forward[i].value);
	}
}

static bool has_join(enum ticket_kind kind)
{
	return kind != TICKET_LOGOUT && kind != TICKET_DESK;
}

static bool has_pending(enum ticket_kind kind)
{
	return kind == TICKET_REDIRECT || kind == TICKET_CHALLENGE || kind == TICKET_INVITE;
}

static void put_pending(struct wire_out *out, const struct pending *pending)
{
	wire_put_bytes(out, pending->id, sizeof pending->id);
	wire_put_bytes(out, pending->seed, sizeof pending->seed);
	wire_put_number(out, pending->echo, 1);
	wire_put_text(out, pending->backend);
	wire_put_text(out, pending->name);
	wire_put_text(out, pending->prompt);
	wire_put_number(out, pending->state_length, 2);
	wire_put_bytes(out, pending->state, pending->state_length);
	wire_put_identity(out, &pending->who);
}

int ticket_seal(const struct seal_ring *ring, enum ticket_kind kind,
	const uint8_t browser[TICKET_BROWSER_SIZE], int64_t now, int64_t lifetime,
	const struct join *join, const struct pending *pending, struct buffer *text)
{
	uint8_t plain[PLAIN_MAX];
	struct wire_out out = {.bytes = plain,
		.capacity = kind == TICKET_CHALLENGE ? PLAIN_MAX : ADDRESS_PLAIN_MAX};
	int64_t issued = has_pending(kind) && pending->made != 0 ? pending->made : now;
	int64_t ends = has_pending(kind) && pending->ends != 0 ? pending->ends : issued + lifetime;
	int rc = -1;

	wire_put_number(&out, VERSION, 1);
	wire_put_number(&out, kind, 1);
	wire_put_number(&out, (uint64_t)issued, 8);
	wire_put_number(&out, (uint64_t)ends, 8);
	wire_put_bytes(&out, browser, TICKET_BROWSER_SIZE);
	if (has_join(kind))
		put_join(&out, join);
	if (has_pending(kind))
		put_pending(&out, pending);
	if (!out.failed)
		rc = seal_text(ring, PURPOSE, plain, out.length, text);
	explicit_bzero(plain, out.length); /* it contains the request token */
	return rc;
}

/* A string that may be empty but must be present. */
static char *get_string(struct wire_in *in)
{
	char *text = wire_get_text(in);

	return text != NULL || in->failed ? text : strdup("");
}

static int get_join(struct wire_in *in, struct join *join)
{
	size_t forwards;

	join->platform = wire_get_text(in);
	join->meeting_id = wire_get_text(in);
	join->meeting_token = wire_get_text(in);
	if (join->meeting_token == NULL && join->meeting_id != NULL && !in->failed)
		join->meeting_token = strdup(join->meeting_id);
	join->request_token = get_string(in);
	forwards = (size_t)wire_get_number(in, 1);
	if (in->failed || forwards > JOIN_FORWARD_MAX || join->platform == NULL ||
		join->meeting_id == NULL || join->meeting_token == NULL ||
		join->request_token == NULL)
		return -1;
	join->forward = forwards > 0 ? calloc(forwards, sizeof *join->forward) : NULL;
	if (forwards > 0 && join->forward == NULL)
		return -1;
	while (join->forward_count < forwards) {
		struct join_forward *forward = &join->forward[join->forward_count++];

		forward->name = get_string(in);
		forward->value = get_string(in);
		if (forward->name == NULL || forward->value == NULL)
			return -1;
	}
	return 0;
}

static int get_pending(struct wire_in *in, struct pending *pending)
{
	wire_get_bytes(in, pending->id, sizeof pending->id);
	wire_get_bytes(in, pending->seed, sizeof pending->seed);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): never NULL for its kind */
	pending->echo = wire_get_number(in, 1) != 0;
	pending->backend = wire_get_text(in);
	pending->name = wire_get_text(in);
	pending->prompt = wire_get_text(in);
	pending->state_length = (size_t)wire_get_number(in, 2);
	if (in->failed || pending->state_length > sizeof pending->state)
		return -1;
	wire_get_bytes(in, pending->state, pending->state_length);
	wire_get_identity(in, &pending->who);
	return in->failed || pending->backend == NULL ? -1 : 0;
}

void pending_release(struct pending *pending)
{
	free(pending->backend);
	free(pending->name);
	free(pending->prompt);
	identity_release(&pending->who);
	explicit_bzero(pending, sizeof *pending);
}

/* Checks version, kind, browser and times. Subtracts instead of adding, so that no time in a ticket
 * can cause an overflow. */
static enum ticket_result check_front(struct wire_in *in, enum ticket_kind kind,
	const uint8_t browser[TICKET_BROWSER_SIZE], int64_t now, int64_t lifetime,
	int64_t *issued_r, int64_t *ends_r)
{
	uint8_t bound[TICKET_BROWSER_SIZE] = {0};
	int64_t issued, ends;

	if (wire_get_number(in, 1) != VERSION || wire_get_number(in, 1) != (uint64_t)kind)
		return TICKET_BAD;
	issued = (int64_t)wire_get_number(in, 8);
	ends = (int64_t)wire_get_number(in, 8);
	wire_get_bytes(in, bound, sizeof bound);
	if (in->failed || issued < 0)
		return TICKET_BAD;
	if (!seal_equal(bound, browser, sizeof bound))
		return TICKET_FOREIGN;
	if (issued > now + TICKET_SKEW || now - issued >= lifetime || now >= ends)
		return TICKET_LATE;
	*issued_r = issued;
	*ends_r = ends;
	return TICKET_GOOD;
}

/* Reads the join and the pending sign-in. */
static enum ticket_result read_rest(struct wire_in *in, enum ticket_kind kind,
	enum ticket_result result, struct join *join, struct pending *pending)
{
	if (has_join(kind) && get_join(in, join) != 0)
		return TICKET_BAD;
	if (result != TICKET_GOOD)
		return result;
	if (has_pending(kind) && get_pending(in, pending) != 0)
		return TICKET_BAD;
	return wire_is_done(in) ? TICKET_GOOD : TICKET_BAD;
}

enum ticket_result ticket_open(const struct seal_ring *ring, enum ticket_kind kind,
	const char *text, const uint8_t browser[TICKET_BROWSER_SIZE], int64_t now, int64_t lifetime,
	struct join *join, struct pending *pending)
{
	struct buffer plain = BUFFER_INIT(PLAIN_MAX);
	int64_t issued = 0, ends = 0;
	enum ticket_result result = TICKET_BAD;

	*join = JOIN_INIT;
	if (pending != NULL)
		*pending = PENDING_INIT;
	if (seal_open(ring, PURPOSE, text, &plain) == 0) {
		struct wire_in in = {.at = (const uint8_t *)plain.data, .left = plain.length};

		result = check_front(&in, kind, browser, now, lifetime, &issued, &ends);
		if (result != TICKET_BAD)
			result = read_rest(&in, kind, result, join, pending);
	}
	buffer_wipe(&plain);
	if (result == TICKET_BAD)
		join_release(join);
	if (result != TICKET_GOOD && pending != NULL)
		pending_release(pending);
	if (result == TICKET_GOOD && has_pending(kind)) {
		pending->made = issued;
		pending->ends = ends;
	}
	return result;
}
