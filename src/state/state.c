/* SPDX-License-Identifier: MIT */
#include "state/state.h"

#include "state/driver.h"

#include <sys/stat.h>

static const char lmdb_scheme[] = "lmdb:";
static const char memory_address[] = "memory:";

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

int state_check_address(const char *address, struct error *error)
{
	if (strcmp(address, memory_address) == 0)
		return 0;
	if (!starts_with(address, lmdb_scheme))
		return error_set(error,
			"\"%s\" is of an unknown kind; write \"lmdb:/run/meetauth\" (a folder)",
			address);
	if (address[strlen(lmdb_scheme)] != '/')
		return error_set(error,
			"\"%s\": the folder must be an absolute path, as in "
			"\"lmdb:/run/meetauth\"",
			address);
	return 0;
}

void state_make_folder(const char *address)
{
	if (starts_with(address, lmdb_scheme))
		mkdir(address + strlen(lmdb_scheme),
			0750); /* state_open() says why there is none */
}

struct state *state_open(const char *address, struct error *error)
{
	if (state_check_address(address, error) != 0) {
		error_prefix(error, "state: ");
		return NULL;
	}
	if (strcmp(address, memory_address) == 0)
		return state_memory_open(error);
	return state_lmdb_open(address + strlen(lmdb_scheme), STATE_LMDB_SIZE, error);
}

void state_close(struct state **state)
{
	if (*state != NULL)
		(*state)->driver->close(*state);
	*state = NULL;
}

static struct state_name name_of(enum state_kind kind, const uint8_t key[STATE_KEY_SIZE])
{
	struct state_name name;

	name.bytes[0] = (uint8_t)kind;
	memcpy(name.bytes + 1, key, STATE_KEY_SIZE);
	return name;
}

static int change(struct state *state, const struct state_name *name, int64_t now_us,
	state_decide *decide, void *context)
{
	struct state_change only = {name, decide, context};

	return state->driver->change(state, &only, 1, now_us);
}

/* ---- claims ---- */

struct claim {
	int64_t now_us;
	enum state_claim verdict;
};

static enum state_edit decide_claim(int64_t *value, bool found, void *context)
{
	struct claim *claim = context;

	if (found && *value > claim->now_us) {
		claim->verdict = STATE_CLAIM_LOST;
		return STATE_EDIT_NONE;
	}
	claim->verdict = STATE_CLAIM_WON;
	*value = claim->now_us + (int64_t)STATE_CLAIM_SECONDS * 1000000;
	return STATE_EDIT_STORE;
}

enum state_claim state_claim(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now)
{
	struct state_name name = name_of(STATE_KIND_CLAIM, key);
	struct claim claim = {.now_us = now * 1000000};

	if (change(state, &name, claim.now_us, decide_claim, &claim) != 0)
		return STATE_CLAIM_BROKEN;
	return claim.verdict;
}

/* In one step with others, or, where that does not work, each by itself. */
void state_claim_all(struct state *state, struct state_claimed *claims, size_t count, int64_t now)
{
	struct state_name names[STATE_CLAIMS_MAX];
	struct claim decisions[STATE_CLAIMS_MAX];
	struct state_change changes[STATE_CLAIMS_MAX] = {{0}};
	int rc = -1;

	for (size_t i = 0; i < count && i < STATE_CLAIMS_MAX; i++) {
		names[i] = name_of(STATE_KIND_CLAIM, claims[i].key);
		decisions[i] = (struct claim){.now_us = now * 1000000};
		changes[i] = (struct state_change){&names[i], decide_claim, &decisions[i]};
	}
	if (count <= STATE_CLAIMS_MAX)
		rc = state->driver->change(state, changes, count, now * 1000000);
	for (size_t i = 0; i < count; i++)
		claims[i].verdict =
			rc == 0 ? decisions[i].verdict : state_claim(state, claims[i].key, now);
}

static enum state_edit decide_erase(int64_t *value, bool found, void *context)
{
	(void)value;
	(void)context;
	return found ? STATE_EDIT_ERASE : STATE_EDIT_NONE;
}

int state_unclaim(struct state *state, const uint8_t key[STATE_KEY_SIZE])
{
	struct state_name name = name_of(STATE_KIND_CLAIM, key);

	return change(state, &name, 0, decide_erase, NULL);
}

/* ---- counters ---- */

/* The generic cell rate algorithm keeps one number, the theoretical arrival time: when the counter
 * is full again. Microseconds, so that "7/1s" does not drift. */
struct take {
	int64_t now_us;
	int64_t period_us;
	int64_t interval_us; /* one more each */
	int64_t wait_us;     /* out: 0 when there was one */
};

static struct take take_of(struct state_rate rate, int64_t now_ms)
{
	struct take take = {.now_us = now_ms * 1000, .period_us = rate.period_ms * 1000};

	take.interval_us = rate.count > 0 ? take.period_us / rate.count : take.period_us;
	return take;
}

/* A time beyond now + period can only come from a clock that was set back, and would lock somebody
 * out for as long as it was wrong. */
static int64_t arrival(int64_t value, bool found, const struct take *take)
{
	if (!found || value < take->now_us)
		return take->now_us;
	return value < take->now_us + take->period_us ? value : take->now_us + take->period_us;
}

static enum state_edit decide_take(int64_t *value, bool found, void *context)
{
	struct take *take = context;
	int64_t from = arrival(*value, found, take), next = from + take->interval_us;
	bool was_beyond = found && *value > from;

	take->wait_us = next - take->period_us - take->now_us;
	if (take->wait_us <= 0) {
		take->wait_us = 0;
		*value = next;
		return STATE_EDIT_STORE;
	}
	if (!was_beyond)
		return STATE_EDIT_NONE;
	*value = from; /* or it would be beyond the next time, too, and the wait never end */
	return STATE_EDIT_STORE;
}

int64_t state_take(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms)
{
	struct state_name name = name_of(STATE_KIND_COUNTER, key);
	struct take take = take_of(rate, now_ms);

	if (rate.count == 0) /* none at all: never, not "divide by zero" */
		return rate.period_ms > 0 ? rate.period_ms : 1;
	if (change(state, &name, take.now_us, decide_take, &take) != 0)
		return -1;
	return (take.wait_us + 999) / 1000;
}

static enum state_edit decide_give(int64_t *value, bool found, void *context)
{
	const struct take *take = context;

	if (!found)
		return STATE_EDIT_NONE;
	*value = arrival(*value, found, take) - take->interval_us;
	return *value > take->now_us ? STATE_EDIT_STORE : STATE_EDIT_ERASE;
}

int state_give(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms)
{
	struct state_name name = name_of(STATE_KIND_COUNTER, key);
	struct take take = take_of(rate, now_ms);

	return change(state, &name, take.now_us, decide_give, &take);
}

/* ---- marks ---- */

static enum state_edit decide_mark(int64_t *value, bool found, void *context)
{
	const int64_t *when = context;

	if (found && *value >= *when)
		return STATE_EDIT_NONE;
	*value = *when;
	return STATE_EDIT_STORE;
}

int state_mark(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t when)
{
	struct state_name name = name_of(STATE_KIND_MARK, key);
	int64_t marked = state_marked(state, key);

	/* "The secret was accepted just now" is said at every join: without a change it costs a
	 * read. */
	if (marked > 0 && marked >= when)
		return 0;
	return change(state, &name, 0, decide_mark, &when);
}

int64_t state_marked(struct state *state, const uint8_t key[STATE_KEY_SIZE])
{
	struct state_name name = name_of(STATE_KIND_MARK, key);
	int64_t value = 0;
	int rc = state->driver->read(state, &name, &value);

	if (rc < 0)
		return -1;
	return rc == 0 ? 0 : value;
}

/* ---- revocations ---- */

/* Under the key of nothing but zeros: when anybody was last revoked. */
static const uint8_t last_key[STATE_KEY_SIZE];

int state_revoke(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t when)
{
	/* In this order: cut off in between, the other sessions are looked up in vain, no more. */
	if (state_mark(state, last_key, when) != 0)
		return -1;
	return state_mark(state, key, when);
}

int64_t state_last_revocation(struct state *state)
{
	return state_marked(state, last_key);
}

/* ---- ends ---- */

static enum state_edit decide_end(int64_t *value, bool found, void *context)
{
	(void)found;
	*value = *(const int64_t *)context;
	return STATE_EDIT_STORE;
}

int state_end(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until)
{
	struct state_name name = name_of(STATE_KIND_END, key);
	int64_t until_us = until * 1000000;

	return change(state, &name, now * 1000000, decide_end, &until_us);
}

int state_ended(struct state *state, const uint8_t key[STATE_KEY_SIZE])
{
	struct state_name name = name_of(STATE_KIND_END, key);
	int64_t until_us;

	return state->driver->read(state, &name, &until_us);
}

/* ---- the state itself ---- */

int64_t state_born(const struct state *state)
{
	return state->born;
}

bool state_reachable(struct state *state)
{
	return state->driver->reachable(state);
}

const char *state_folder(const struct state *state)
{
	return state->folder;
}
