/* SPDX-License-Identifier: MIT */
#include "signin/throttle.h"

#include "base/clock.h"
#include "base/fold.h"
#include "base/network.h"
#include "base/text.h"
#include "signin/known.h"
#include "signin/log.h"
#include "telemetry/metrics.h"
#include "visit/fail.h"
#include "visit/ticket.h"

enum {
	MEETING_TIMES = 10, /* all addresses together may guess a meeting's key this many times as
			       often as one */
	PREFIX_SIZE = 2 * 16 + 1,
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

/* A network's rate as a multiple of an address's rate. One IPv6 customer may have a whole /48, so
 * it gets little more; an IPv4 /24 holds many customers. */
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

/* ---- where a try comes from ---- */

struct origin {
	size_t count; /* 0: the web server does not say */
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

static void name_key(const struct visit *visit, const char *backend, const char *folded,
	uint8_t key[STATE_KEY_SIZE])
{
	tries_key(visit, key, "throttle-name", backend, folded);
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

/* The backend that has lately named an account of the typed name, or NULL. */
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
	if (wait_ms < 0) {
		visit->outcome =
			OUTCOME_ANSWERED; /* no join has failed: the visitor may try again */
		visit_set_detail(visit, "the state does not answer");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	visit->outcome = OUTCOME_LOGIN_REFUSED;
	metric_count(METRIC_LOGIN_THROTTLED);
	if (who != NULL)
		login_log(visit, "throttled", who, what);
	else
		login_log_nobody(visit, "throttled", NULL, what);
	visit->report.retry_after = wait_ms / 1000 + 1;
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

/* Fails because of the counter that `what` names, and gives back what other counters counted. */
static enum step refuse(struct visit *visit, struct tries *tries, int64_t wait_ms, const char *what)
{
	tries_give_back(visit, tries);
	return answer_throttled(visit, wait_ms, NULL, what);
}

static enum step take_networks(
	struct visit *visit, const struct origin *origin, struct tries *tries)
{
	const struct config_rate *rate = &visit->service->settings->throttle_address;
	uint8_t key[STATE_KEY_SIZE];
	int64_t wait;

	tries_key(
		visit, key, "throttle-address", origin->count > 0 ? origin->prefixes[0] : "", NULL);
	wait = tries_take(visit, tries, key, rate_of(rate, 4), true);
	if (wait != 0)
		return refuse(visit, tries, wait, "too many tries from this address");
	for (size_t i = 1; i < origin->count; i++) {
		tries_key(visit, key, "throttle-address", origin->prefixes[i], NULL);
		wait = tries_take_shared(visit, tries, key, network_rate(rate, &origin->around[i]),
			origin->prefixes[0], true);
		if (wait != 0)
			return refuse(visit, tries, wait,
				"too many tries from the networks around this address");
	}
	return STEP_NEXT;
}

/* Counts for the address and its networks; for a known browser, for the browser. */
static enum step take_address(struct visit *visit, const struct origin *origin,
	const struct known_target *known, struct tries *tries)
{
	uint8_t key[STATE_KEY_SIZE];
	int64_t wait;

	if (known == NULL)
		return take_networks(visit, origin, tries);
	known_key(visit, "throttle-browser-address",
		&(struct known_target){.kind = "", .backend = ""}, key);
	wait = tries_take(
		visit, tries, key, rate_of(&visit->service->settings->throttle_address, 4), true);
	return wait == 0 ? STEP_NEXT
			 : refuse(visit, tries, wait, "too many tries from this browser");
}

static void account_key(const struct visit *visit, const struct known_target *target, bool known,
	uint8_t key[STATE_KEY_SIZE])
{
	if (known)
		known_key(visit, "throttle-browser", target, key);
	else
		tries_key(visit, key, "throttle-account", target->name, NULL);
}

static int64_t take_account(struct visit *visit, const struct origin *origin, bool known,
	const uint8_t key[STATE_KEY_SIZE], struct tries *tries)
{
	struct state_rate rate = account_rate(visit);

	return known ? tries_take(visit, tries, key, rate, false)
		     : tries_take_shared(visit, tries, key, rate, origin->widest, false);
}

/* Whether the browser is known for the account at one of the backends that will be asked. Sets the
 * target's backend to that one. */
static bool is_known_at(
	const struct visit *visit, struct known_target *target, const struct service_backend *only)
{
	const struct service *service = visit->service;

	for (size_t i = 0; i < service->backend_count; i++) {
		const struct service_backend *backend = &service->backends[i];

		if (only != NULL ? backend != only : auth_kind(backend->driver) != AUTH_PASSWORD)
			continue;
		target->backend = backend->title;
		if (known_browser(visit, target))
			return true;
	}
	return false;
}

enum step throttle_take(struct visit *visit, const char *account,
	const struct service_backend *only, struct tries *tries)
{
	struct origin origin;
	struct known_target target;
	bool known;
	int64_t wait;

	find_origin(visit, &origin);
	if (account == NULL)
		return take_address(visit, &origin, NULL, tries);
	known_target(&target, "account", "", account);
	known = is_known_at(visit, &target, only);
	if (take_address(visit, &origin, known ? &target : NULL, tries) != STEP_NEXT)
		return STEP_DONE;
	tries->of_browser = known;
	account_key(visit, &target, known, tries->account);
	wait = take_account(visit, &origin, known, tries->account, tries);
	if (wait == 0)
		return STEP_NEXT;
	tries_give_back(visit, tries);
	return answer_account(visit, wait, account);
}

enum step throttle_take_person(
	struct visit *visit, const struct identity *who, const char *typed, struct tries *tries)
{
	const char *name = who->subject != NULL ? who->subject : typed;
	uint8_t key[STATE_KEY_SIZE];
	struct origin origin;
	struct known_target target;
	bool known;
	int64_t wait;

	find_origin(visit, &origin);
	known_target(&target, "account", who->backend, name);
	known = known_browser(visit, &target);
	account_key(visit, &target, known, key);
	if (seal_equal(key, tries->account, STATE_KEY_SIZE))
		return STEP_NEXT;
	/* The browser is known for that name at another backend only. */
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
	struct known_target target;

	find_origin(visit, &origin);
	known_target(&target, "provider", backend, "");
	return take_address(visit, &origin, known_browser(visit, &target) ? &target : NULL, tries);
}

/* Limits the guesses of one customer over all their addresses. For IPv6 that includes the networks;
 * an IPv4 /24 holds many customers. */
static int64_t take_guess(
	struct visit *visit, const struct origin *origin, const char *meeting, struct tries *tries)
{
	const struct config_rate *rate = &visit->service->settings->throttle_account;
	uint8_t key[STATE_KEY_SIZE];
	int64_t wait = 0;

	if (origin->count == 0) {
		tries_key(visit, key, "throttle-guesser", meeting, "");
		return tries_take(visit, tries, key, account_rate(visit), false);
	}
	for (size_t i = 0; i < origin->count && wait == 0; i++) {
		if (i > 0 && !origin->around[i].six)
			break;
		tries_key(visit, key, "throttle-guesser", meeting, origin->prefixes[i]);
		wait = tries_take(visit, tries, key, network_rate(rate, &origin->around[i]), false);
	}
	return wait;
}

enum step throttle_take_meeting(struct visit *visit, const char *meeting, struct tries *tries)
{
	struct state_rate all = account_rate(visit);
	uint8_t key[STATE_KEY_SIZE];
	struct origin origin;
	struct known_target target;
	int64_t wait;

	find_origin(visit, &origin);
	known_target(&target, "meeting", "", meeting);
	if (known_browser(visit, &target)) {
		if (take_address(visit, &origin, &target, tries) != STEP_NEXT)
			return STEP_DONE;
		known_key(visit, "throttle-browser", &target, key);
		wait = tries_take(visit, tries, key, all, false);
	} else {
		if (take_address(visit, &origin, NULL, tries) != STEP_NEXT)
			return STEP_DONE;
		wait = take_guess(visit, &origin, meeting, tries);
		if (wait != 0)
			return refuse(visit, tries, wait,
				"too many tries at this meeting's key from this address");
		all.count *= MEETING_TIMES;
		tries_key(visit, key, "throttle-meeting", meeting, NULL);
		wait = tries_take_shared(visit, tries, key, all, origin.widest, false);
	}
	return wait == 0 ? STEP_NEXT
			 : refuse(visit, tries, wait, "too many tries at this meeting's key");
}

enum step throttle_take_answer(struct visit *visit, unsigned count)
{
	/* Counted until the ticket has expired. */
	int64_t lifetime = visit->pending->ends - visit->pending->made;
	struct state_rate rate = {count, lifetime * 1000 * (int64_t)count};
	uint8_t key[STATE_KEY_SIZE];
	int64_t wait;

	visit_pending_key(visit, "answers", key);
	wait = state_take(visit->server->state, key, rate, clock_wall_ms());
	return wait == 0 ? STEP_NEXT
			 : answer_throttled(visit, wait, NULL, "too many answers to one question");
}
