/* SPDX-License-Identifier: MIT */
#include "signin/throttle.h"

#include "base/clock.h"
#include "base/fold.h"
#include "base/network.h"
#include "base/text.h"
#include "signin/log.h"
#include "telemetry/metrics.h"
#include "visit/fail.h"
#include "visit/ticket.h"

enum {
	KNOWN_SECONDS = 14 * 24 * 3600, /* how long a browser is known for an account */
	MEETING_TIMES =
		10, /* tries at one meeting's key from everywhere, in those of one address */
	PREFIX_SIZE = 2 * 16 + 1,
	HEX_SIZE = 2 * STATE_KEY_SIZE + 1,
};

/* ---- rates ---- */

static struct state_rate rate_of(const struct config_rate *rate, unsigned quarters)
{
	return (struct state_rate){(rate->count * quarters + 3) / 4, rate->period_ms};
}

static struct state_rate account_rate(const struct visit *visit)
{
	return rate_of(&visit->service->settings->throttle_account, 4);
}

/* What a network has, in what one address has. A customer of IPv6 may have all of a /48, so it has
 * not much more; a /24 of IPv4 is many customers'. */
static struct state_rate network_rate(const struct config_rate *rate, const struct network *network)
{
	static const struct {
		bool six;
		uint8_t prefix;
		unsigned quarters;
	} rows[] = {{false, 24, 32}, {true, 56, 5}, {true, 48, 6}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].six == network->six && rows[i].prefix == network->prefix)
			return rate_of(rate, rows[i].quarters);
	return rate_of(rate, 4);
}

/* ---- where from ---- */

struct origin {
	size_t count; /* 0: where the web server does not say */
	struct network around[NETWORK_AROUND_MAX];
	char prefixes[NETWORK_AROUND_MAX][PREFIX_SIZE];
	const char *widest;
};

static void find_origin(const struct visit *visit, struct origin *origin)
{
	origin->count = network_around(visit->request.client, origin->around);
	for (size_t i = 0; i < origin->count; i++)
		text_hex(origin->around[i].address, origin->around[i].prefix / 8,
			origin->prefixes[i]);
	origin->widest = origin->count > 0 ? origin->prefixes[origin->count - 1] : "";
}

/* ---- counters ---- */

static void make_key(const struct visit *visit, uint8_t key[STATE_KEY_SIZE], const char *purpose,
	const char *first, const char *second)
{
	seal_hash(store_hash_key(visit->files->store), key, purpose, first, second, NULL);
}

/* As state_take(). */
static int64_t take(struct visit *visit, struct tries *tries, const uint8_t key[STATE_KEY_SIZE],
	struct state_rate rate, bool of_address)
{
	int64_t wait = state_take(visit->server->state, key, rate, clock_wall_ms());

	if (wait != 0 || tries->count >= TRIES_MAX)
		return wait;
	memcpy(tries->taken[tries->count].key, key, STATE_KEY_SIZE);
	tries->taken[tries->count].rate = rate;
	tries->taken[tries->count++].of_address = of_address;
	return 0;
}

/* From a counter that many share. Where it is used up there is half as much again for newcomers: of
 * those that `newcomer` tells apart each gets one in a period, if it has made no other try. So
 * whoever uses up what all need shuts out those alone who come from where they come from. */
static int64_t take_shared(struct visit *visit, struct tries *tries,
	const uint8_t key[STATE_KEY_SIZE], struct state_rate rate, const char *newcomer,
	bool of_address)
{
	struct state_rate once = {1, rate.period_ms},
			  reserve = {(rate.count + 1) / 2, rate.period_ms};
	uint8_t other[STATE_KEY_SIZE];
	char hex[HEX_SIZE];
	bool is_new;
	int64_t wait;

	text_hex(key, STATE_KEY_SIZE, hex);
	make_key(visit, other, "throttle-newcomer", hex, newcomer);
	is_new = take(visit, tries, other, once, of_address) == 0;
	wait = take(visit, tries, key, rate, of_address);
	if (wait <= 0 || !is_new)
		return wait;
	make_key(visit, other, "throttle-reserve", hex, NULL);
	return take(visit, tries, other, reserve, of_address) == 0 ? 0 : wait;
}

static void give_back(struct visit *visit, struct tries *tries, bool of_address_too)
{
	size_t kept = 0;

	for (size_t i = 0; i < tries->count; i++)
		if (of_address_too || !tries->taken[i].of_address)
			state_give(visit->server->state, tries->taken[i].key, tries->taken[i].rate,
				clock_wall_ms());
		else
			tries->taken[kept++] = tries->taken[i];
	tries->count = kept;
}

void throttle_give_back(struct visit *visit, struct tries *tries)
{
	give_back(visit, tries, true);
}

void throttle_spare_account(struct visit *visit, struct tries *tries)
{
	give_back(visit, tries, false);
}

/* ---- browsers that are known ---- */

/* What somebody has signed in to: an account, or by a provider, or with a meeting's key. */
struct place {
	const char *kind;
	const char *backend; /* whose account it is: another backend's "alice" is somebody else */
	char name[FOLD_SIZE];
};

static void find_place(struct place *place, const char *kind, const char *backend, const char *name)
{
	place->kind = kind;
	place->backend = backend;
	fold_name(name, place->name);
}

static void browser_key(const struct visit *visit, const char *purpose, const struct place *place,
	uint8_t key[STATE_KEY_SIZE])
{
	char browser[2 * TICKET_BROWSER_SIZE + 1];

	text_hex(visit->browser, TICKET_BROWSER_SIZE, browser);
	seal_hash(store_hash_key(visit->files->store), key, purpose, place->kind, place->backend,
		place->name, browser, NULL);
}

static bool is_known(const struct visit *visit, const struct place *place)
{
	uint8_t key[STATE_KEY_SIZE];

	if (!visit->browser_known)
		return false;
	browser_key(visit, "known-browser", place, key);
	return state_known(visit->server->state, key) > 0;
}

/* New browsers of one account, of one person by a provider, and with the key of a meeting, which
 * many have. */
static const struct state_rate new_browsers = {50, 24 * 3600 * 1000},
			       new_browsers_of_meeting = {1000, 24 * 3600 * 1000};

/* Whoever signs in again and again, each time with a new browser, makes no more entries. `whose`:
 * the name whose new browsers are counted. */
static void know(struct visit *visit, const struct place *place, const char *whose,
	struct state_rate new_ones)
{
	char folded[FOLD_SIZE];
	uint8_t key[STATE_KEY_SIZE];

	if (!visit->browser_known)
		return;
	fold_name(whose, folded);
	seal_hash(store_hash_key(visit->files->store), key, "new-browsers", place->kind,
		place->backend, folded, NULL);
	if (!is_known(visit, place) &&
		state_take(visit->server->state, key, new_ones, clock_wall_ms()) != 0)
		return;
	browser_key(visit, "known-browser", place, key);
	state_know(visit->server->state, key, visit->now, visit->now + KNOWN_SECONDS);
}

void throttle_know(struct visit *visit, const char *backend, const char *account)
{
	struct place place;

	find_place(&place, "account", backend, account);
	if (account[0] != '\0')
		know(visit, &place, account, new_browsers);
}

void throttle_know_meeting(struct visit *visit, const char *key)
{
	struct place place;

	find_place(&place, "meeting", "", key);
	know(visit, &place, key, new_browsers_of_meeting);
}

void throttle_know_provider(struct visit *visit, const struct identity *who)
{
	struct place place;

	find_place(&place, "provider", who->backend, "");
	know(visit, &place, who->subject, new_browsers);
}

uint64_t throttle_whom(const struct visit *visit, const char *name)
{
	uint8_t key[STATE_KEY_SIZE];
	struct place place;
	uint64_t whom;

	if (name != NULL && name[0] == '\0')
		return 0;
	find_place(&place, "whom", "", name != NULL ? name : "");
	if (name != NULL)
		make_key(visit, key, "health-name", place.name, NULL);
	else
		browser_key(visit, "health-browser", &place, key);
	memcpy(&whom, key, sizeof whom);
	return whom;
}

/* ---- the log ---- */

static void name_key(const struct visit *visit, const char *backend, const char *folded,
	uint8_t key[STATE_KEY_SIZE])
{
	make_key(visit, key, "throttle-name", backend, folded);
}

void throttle_name(struct visit *visit, const char *typed, const struct identity *who)
{
	int64_t period = visit->service->settings->throttle_account.period_ms / 1000 + 1;
	char folded[FOLD_SIZE], other[FOLD_SIZE];
	uint8_t key[STATE_KEY_SIZE];

	fold_name(typed, other);
	fold_name(who->subject, folded);
	if (strcmp(folded, other) != 0)
		return;
	name_key(visit, who->backend, folded, key);
	state_know(visit->server->state, key, visit->now, visit->now + 2 * period);
}

/* Who is meant by a name that was typed: an account that a backend has named lately, or nobody. */
static const char *find_named(const struct visit *visit, const char *typed, char folded[FOLD_SIZE])
{
	const struct service *service = visit->service;
	uint8_t key[STATE_KEY_SIZE];

	fold_name(typed, folded);
	for (size_t i = 0; i < service->backend_count; i++) {
		name_key(visit, service->backends[i].title, folded, key);
		if (state_known(visit->server->state, key) > 0)
			return service->backends[i].title;
	}
	return NULL;
}

static enum step answer_throttled(
	struct visit *visit, int64_t wait_ms, const struct identity *who, const char *what)
{
	visit->is_join = false; /* it is not over: they may try again */
	if (wait_ms < 0) {
		visit_set_detail(visit, "the state does not answer");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	visit->is_logged = true;
	metric_count(METRIC_LOGIN_THROTTLED);
	if (who != NULL)
		login_log(visit, "throttled", who, what);
	else
		login_log_nobody(visit, "throttled", NULL, what);
	visit->retry_after = wait_ms / 1000 + 1;
	return visit_fail(visit, FAILURE_LOGIN_THROTTLED);
}

static enum step answer_account(struct visit *visit, int64_t wait_ms, const char *typed)
{
	static const char what[] = "too many tries for this account";
	char folded[FOLD_SIZE];
	const char *backend = find_named(visit, typed, folded);
	const struct identity who = {.backend = (char *)(uintptr_t)backend, .subject = folded};

	return answer_throttled(visit, wait_ms, backend != NULL ? &who : NULL, what);
}

/* ---- tries ---- */

/* `what` ran out; what was taken from others before goes back. */
static enum step refuse(struct visit *visit, struct tries *tries, int64_t wait_ms, const char *what)
{
	throttle_give_back(visit, tries);
	return answer_throttled(visit, wait_ms, NULL, what);
}

static enum step take_networks(
	struct visit *visit, const struct origin *origin, struct tries *tries)
{
	const struct config_rate *rate = &visit->service->settings->throttle_address;
	uint8_t key[STATE_KEY_SIZE];
	int64_t wait;

	make_key(
		visit, key, "throttle-address", origin->count > 0 ? origin->prefixes[0] : "", NULL);
	wait = take(visit, tries, key, rate_of(rate, 4), true);
	if (wait != 0)
		return refuse(visit, tries, wait, "too many tries from this address");
	for (size_t i = 1; i < origin->count; i++) {
		make_key(visit, key, "throttle-address", origin->prefixes[i], NULL);
		wait = take_shared(visit, tries, key, network_rate(rate, &origin->around[i]),
			origin->prefixes[0], true);
		if (wait != 0)
			return refuse(visit, tries, wait,
				"too many tries from the networks around this address");
	}
	return STEP_NEXT;
}

/* From the address and its networks, or, for a browser that is known, from its own. */
static enum step take_address(struct visit *visit, const struct origin *origin,
	const struct place *known, struct tries *tries)
{
	uint8_t key[STATE_KEY_SIZE];
	int64_t wait;

	if (known == NULL)
		return take_networks(visit, origin, tries);
	browser_key(
		visit, "throttle-browser-address", &(struct place){.kind = "", .backend = ""}, key);
	wait = take(
		visit, tries, key, rate_of(&visit->service->settings->throttle_address, 4), true);
	return wait == 0 ? STEP_NEXT
			 : refuse(visit, tries, wait, "too many tries from this browser");
}

static void account_key(const struct visit *visit, const struct place *place, bool known,
	uint8_t key[STATE_KEY_SIZE])
{
	if (known)
		browser_key(visit, "throttle-browser", place, key);
	else
		make_key(visit, key, "throttle-account", place->name, NULL);
}

static int64_t take_account(struct visit *visit, const struct origin *origin, bool known,
	const uint8_t key[STATE_KEY_SIZE], struct tries *tries)
{
	struct state_rate rate = account_rate(visit);

	return known ? take(visit, tries, key, rate, false)
		     : take_shared(visit, tries, key, rate, origin->widest, false);
}

/* Whether it is known for the account of that name at a backend that the form asks, `only` or all
 * that take passwords: the place's is set to that one. */
static bool is_known_at(
	const struct visit *visit, struct place *place, const struct service_backend *only)
{
	const struct service *service = visit->service;

	for (size_t i = 0; i < service->backend_count; i++) {
		const struct service_backend *backend = &service->backends[i];

		if (only != NULL ? backend != only : auth_kind(backend->driver) != AUTH_PASSWORD)
			continue;
		place->backend = backend->title;
		if (is_known(visit, place))
			return true;
	}
	return false;
}

enum step throttle_take(struct visit *visit, const char *account,
	const struct service_backend *only, struct tries *tries)
{
	struct origin origin;
	struct place place;
	bool known;
	int64_t wait;

	find_origin(visit, &origin);
	if (account == NULL)
		return take_address(visit, &origin, NULL, tries);
	find_place(&place, "account", "", account);
	known = is_known_at(visit, &place, only);
	if (take_address(visit, &origin, known ? &place : NULL, tries) != STEP_NEXT)
		return STEP_DONE;
	tries->of_browser = known;
	account_key(visit, &place, known, tries->account);
	wait = take_account(visit, &origin, known, tries->account, tries);
	if (wait == 0)
		return STEP_NEXT;
	throttle_give_back(visit, tries);
	return answer_account(visit, wait, account);
}

enum step throttle_take_person(
	struct visit *visit, const struct identity *who, const char *typed, struct tries *tries)
{
	const char *name = who->subject != NULL ? who->subject : typed;
	uint8_t key[STATE_KEY_SIZE];
	struct origin origin;
	struct place place;
	bool known;
	int64_t wait;

	find_origin(visit, &origin);
	find_place(&place, "account", who->backend, name);
	known = is_known(visit, &place);
	account_key(visit, &place, known, key);
	if (seal_equal(key, tries->account, STATE_KEY_SIZE))
		return STEP_NEXT;
	/* The browser is known for the account of that name at another backend. */
	if (tries->of_browser && !known && take_networks(visit, &origin, tries) != STEP_NEXT)
		return STEP_DONE;
	wait = take_account(visit, &origin, known, key, tries);
	if (wait == 0)
		return STEP_NEXT;
	return who->subject != NULL
		       ? answer_throttled(visit, wait, who, "too many tries for this account")
		       : answer_account(visit, wait, typed);
}

enum step throttle_take_code(struct visit *visit, const char *backend, struct tries *tries)
{
	struct origin origin;
	struct place place;

	find_origin(visit, &origin);
	find_place(&place, "provider", backend, "");
	return take_address(visit, &origin, is_known(visit, &place) ? &place : NULL, tries);
}

/* What one customer may guess, whichever addresses of theirs they use: of IPv6, since a /24 of IPv4
 * is many customers'. */
static int64_t take_guess(
	struct visit *visit, const struct origin *origin, const char *meeting, struct tries *tries)
{
	const struct config_rate *rate = &visit->service->settings->throttle_account;
	uint8_t key[STATE_KEY_SIZE];
	int64_t wait = 0;

	if (origin->count == 0) {
		make_key(visit, key, "throttle-guesser", meeting, "");
		return take(visit, tries, key, account_rate(visit), false);
	}
	for (size_t i = 0; i < origin->count && wait == 0; i++) {
		if (i > 0 && !origin->around[i].six)
			break;
		make_key(visit, key, "throttle-guesser", meeting, origin->prefixes[i]);
		wait = take(visit, tries, key, network_rate(rate, &origin->around[i]), false);
	}
	return wait;
}

enum step throttle_take_meeting(struct visit *visit, const char *meeting, struct tries *tries)
{
	struct state_rate all = account_rate(visit);
	uint8_t key[STATE_KEY_SIZE];
	struct origin origin;
	struct place place;
	int64_t wait;

	find_origin(visit, &origin);
	find_place(&place, "meeting", "", meeting);
	if (is_known(visit, &place)) {
		if (take_address(visit, &origin, &place, tries) != STEP_NEXT)
			return STEP_DONE;
		browser_key(visit, "throttle-browser", &place, key);
		wait = take(visit, tries, key, all, false);
	} else {
		if (take_address(visit, &origin, NULL, tries) != STEP_NEXT)
			return STEP_DONE;
		wait = take_guess(visit, &origin, meeting, tries);
		if (wait != 0)
			return refuse(visit, tries, wait,
				"too many tries at this meeting's key from this address");
		all.count *= MEETING_TIMES;
		make_key(visit, key, "throttle-meeting", meeting, NULL);
		wait = take_shared(visit, tries, key, all, origin.widest, false);
	}
	return wait == 0 ? STEP_NEXT
			 : refuse(visit, tries, wait, "too many tries at this meeting's key");
}

enum step throttle_take_answer(struct visit *visit, unsigned count)
{
	/* Until the ticket is too old, and so longer than anybody could use it. */
	int64_t lifetime = visit->note->ends - visit->note->made;
	struct state_rate rate = {count, lifetime * 1000 * (int64_t)count};
	uint8_t key[STATE_KEY_SIZE];
	int64_t wait;

	visit_note_key(visit, "answers", key);
	wait = state_take(visit->server->state, key, rate, clock_wall_ms());
	return wait == 0 ? STEP_NEXT
			 : answer_throttled(visit, wait, NULL, "too many answers to one question");
}
