/* SPDX-License-Identifier: MIT */
#include "state/state.h"

#include "base/clock.h"
#include "state/driver.h"
#include "state/redis/address.h"

#include <sys/stat.h>

static const char lmdb_scheme[] = "lmdb:";
static const char memory_address[] = "memory:";

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static int check_certificate(const struct state_options *options, bool is_tls, struct error *error)
{
	bool is_certificate = is_given(options->certificate);

	if (is_certificate != is_given(options->certificate_key))
		return error_set(error, "state-certificate and state-certificate-key: set both or "
					"neither");
	if (is_certificate && !is_tls)
		return error_set(error, "state-certificate is for TLS: expected \"rediss://host\"");
	return 0;
}

static int check_server(const struct state_options *options, struct error *error)
{
	struct redis_address parsed, sentinel;

	if (redis_address_parse(options->address, &parsed, error) != 0)
		return error_prefix(error, "\"redis…\": ");
#ifndef HAVE_HIREDIS
	return error_set(error, "this build lacks redis: build it again with libhiredis-dev");
#endif
#ifndef HAVE_OPENSSL
	if (parsed.is_tls)
		return error_set(error,
			"\"%s\": this build has no TLS to a server of the state: build it again "
			"with libssl-dev",
			options->address);
#endif
	if (check_certificate(options, parsed.is_tls, error) != 0)
		return -1;
	if (options->sentinel_count == 0)
		return 0;
	if (parsed.path[0] != '\0')
		return error_set(error, "sentinels lead to no socket: expected \"redis://host\"");
	if (options->sentinel_count > STATE_SENTINELS_MAX)
		return error_set(error, "sentinels: expected at most %d", STATE_SENTINELS_MAX);
	if (!is_given(options->sentinel_name))
		return error_set(error, "sentinel-name is missing: expected the name under "
					"which the sentinels know the primary");
	for (size_t i = 0; i < options->sentinel_count; i++)
		if (redis_sentinel_parse(options->sentinels[i], &sentinel, error) != 0)
			return error_prefix(error, "sentinels: ");
	return 0;
}

int state_check(const struct state_options *options, struct error *error)
{
	const char *address = options->address;

	if (redis_is_address(address))
		return check_server(options, error);
	if (options->replicas > 0)
		return error_set(
			error, "state-replicas is for a server: expected \"redis://host\"");
	if (strcmp(address, memory_address) == 0)
		return 0;
	if (!starts_with(address, lmdb_scheme))
		return error_set(error,
			"\"%s\": unknown kind of state; write \"lmdb:/run/meetauth\" (a folder) or "
			"\"redis://host\"",
			address);
	if (address[strlen(lmdb_scheme)] != '/')
		return error_set(error,
			"\"%s\": the folder must be an absolute path, as in "
			"\"lmdb:/run/meetauth\"",
			address);
	return 0;
}

bool state_has_password(const char *address)
{
	return redis_is_address(address);
}

void state_make_folder(const char *address)
{
	if (starts_with(address, lmdb_scheme))
		mkdir(address + strlen(lmdb_scheme),
			0750); /* on failure state_open() reports why */
}

#ifdef HAVE_HIREDIS
static struct state *open_server(const struct state_options *options, struct error *error)
{
	const char *folder = options->local_folder;
	struct state *state = state_redis_open(options, error);

	if (state == NULL || folder == NULL || options->loop == NULL)
		return state;
	state->local = folder[0] != '\0' ? state_lmdb_open(folder, STATE_LMDB_SIZE, error)
					 : state_memory_open(error);
	if (state->local == NULL)
		state_close(&state);
	return state;
}
#endif

struct state *state_open(const struct state_options *options, struct error *error)
{
	const char *address = options->address;

	if (state_check(options, error) != 0) {
		error_prefix(error, "state: ");
		return NULL;
	}
	if (strcmp(address, memory_address) == 0)
		return state_memory_open(error);
#ifdef HAVE_HIREDIS
	if (redis_is_address(address))
		return open_server(options, error);
#endif
	return state_lmdb_open(address + strlen(lmdb_scheme), STATE_LMDB_SIZE, error);
}

/* Closing the server wakes fibers that go on with the local table. */
void state_close(struct state **state)
{
	struct state *local = *state != NULL ? (*state)->local : NULL;

	if (*state != NULL)
		(*state)->driver->close(*state);
	*state = NULL;
	if (local != NULL)
		local->driver->close(local);
}

/* The current time, for callers that pass none. */
static int64_t state_now(const struct state *state)
{
	return state_time(state, clock_wall_ms() * 1000);
}

/* ---- marks ---- */

int state_also(struct state *state, int rc, int local_rc)
{
	if (rc == 0)
		return 0;
	state->missed++;
	return local_rc;
}

static enum state_edit decide_mark(int64_t *value, bool found, void *context)
{
	const int64_t *mark = context;

	*value = found ? state_mark_join(*value, *mark) : *mark;
	return STATE_EDIT_STORE;
}

enum { MARKS_MAX = 2 };

/* Stores the time under each of the keys, in one change. */
static int mark_all(
	struct state *state, const uint8_t *const *keys, size_t count, int64_t when, int64_t until)
{
	int64_t mark = state_mark_value(when, state_time(state, until * 1000000) / 1000000);
	struct state_name names[MARKS_MAX];
	struct state_change changes[MARKS_MAX];
	int rc;

	for (size_t i = 0; i < count; i++) {
		names[i] = state_name_of(STATE_KIND_MARK, keys[i]);
		changes[i] = (struct state_change){&names[i], decide_mark, &mark};
	}
	rc = state->driver->change(state, changes, count, state_now(state));
	return state->local != NULL
		       ? state_also(state, rc, mark_all(state->local, keys, count, when, until))
		       : rc;
}

int state_mark(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t when, int64_t until)
{
	return mark_all(state, &key, 1, when, until);
}

int64_t state_marked(struct state *state, const uint8_t key[STATE_KEY_SIZE])
{
	struct state_name name = state_name_of(STATE_KIND_MARK, key);
	int64_t value = 0;
	int rc = state_read_one(state, &name, &value);

	if (rc < 0)
		return state->local != NULL ? state_marked(state->local, key) : -1;
	return rc == 0 ? 0 : state_mark_when(value);
}

/* ---- revocations ---- */

/* The key of all zeros stores the time of the last revocation. */
static const uint8_t last_key[STATE_KEY_SIZE];

int64_t state_shared_time(const struct state *state, int64_t now)
{
	return state->is_shared ? state_now(state) / 1000000 : now;
}

int state_revoke(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until)
{
	const uint8_t *const keys[] = {last_key, key};

	return mark_all(state, keys, 2, state_shared_time(state, now), until);
}

/* ---- ends, and what is known ---- */

enum { END_MARGIN_SECONDS = 24 * 3600 };

static enum state_edit decide_end(int64_t *value, bool found, void *context)
{
	const int64_t *until_us = context;

	if (!found || *value < *until_us)
		*value = *until_us;
	return STATE_EDIT_STORE;
}

static int keep(struct state *state, enum state_kind kind, const uint8_t key[STATE_KEY_SIZE],
	int64_t now, int64_t until)
{
	struct state_name name = state_name_of(kind, key);
	int64_t until_us = state_time(state, until * 1000000);
	int rc = state_change_one(
		state, &name, state_time(state, now * 1000000), decide_end, &until_us);

	return state->local != NULL
		       ? state_also(state, rc, keep(state->local, kind, key, now, until))
		       : rc;
}

static int is_kept(struct state *state, enum state_kind kind, const uint8_t key[STATE_KEY_SIZE])
{
	struct state_name name = state_name_of(kind, key);
	int64_t until_us;
	int rc = state_read_one(state, &name, &until_us);

	return rc < 0 && state->local != NULL ? is_kept(state->local, kind, key) : rc;
}

int state_end(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until)
{
	return keep(state, STATE_KIND_END, key, now, until + END_MARGIN_SECONDS);
}

int state_ended(struct state *state, const uint8_t key[STATE_KEY_SIZE])
{
	return is_kept(state, STATE_KIND_END, key);
}

int state_know(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until)
{
	return keep(state, STATE_KIND_KNOWN, key, now, until);
}

int state_known(struct state *state, const uint8_t key[STATE_KEY_SIZE])
{
	return is_kept(state, STATE_KIND_KNOWN, key);
}

/* ---- whether a session is over ---- */

static size_t put_revoked(const struct state_session *session, struct state_name *names)
{
	uint8_t keys[STATE_REVOKED][STATE_KEY_SIZE];

	session->make_revoked(keys, session->context);
	for (size_t i = 0; i < STATE_REVOKED; i++)
		names[i] = state_name_of(STATE_KIND_MARK, keys[i]);
	return STATE_REVOKED;
}

static bool is_revoked_since(const struct state_value *values, int64_t began)
{
	for (size_t i = 0; i < STATE_REVOKED; i++)
		if (values[i].is_found && state_mark_when(values[i].value) >= began)
			return true;
	return false;
}

/* The local table knows when somebody was revoked last, for the time without the server. */
static void keep_last_revocation(struct state *state, const struct state_value *last)
{
	int64_t when = last->is_found ? state_mark_when(last->value) : 0;

	state_catch_up(state);
	if (state->local != NULL && when > state->last_revocation &&
		state_mark(state->local, last_key, when, state_mark_until(last->value)) == 0)
		state->last_revocation = when;
}

/* What this machine has ended or revoked counts before the server has it. 0 or -1. */
static int add_local(struct state *state, const struct state_name *names, size_t count,
	struct state_value *values)
{
	struct state_value own[STATE_READS_MAX];

	if (state->local == NULL)
		return 0;
	if (state->local->driver->read(state->local, names, count, own) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (own[i].is_found &&
			(!values[i].is_found ||
				state_mark_when(own[i].value) > state_mark_when(values[i].value)))
			values[i] = own[i];
	return 0;
}

int state_is_over(struct state *state, const struct state_session *session)
{
	enum { ENDED, LAST, PROVIDER, READS = PROVIDER + 1 + STATE_REVOKED };
	struct state_name names[READS];
	struct state_value values[READS];
	size_t count = PROVIDER, revoked;
	bool is_alone = false;
	int64_t born;

	names[ENDED] =
		state_name_of(session->is_known ? STATE_KIND_KNOWN : STATE_KIND_END, session->id);
	names[LAST] = state_name_of(STATE_KIND_MARK, last_key);
	if (session->provider != NULL)
		names[count++] = state_name_of(STATE_KIND_MARK, session->provider);
	revoked = count;
	if (state->is_shared)
		count += put_revoked(session, names + revoked);

	if (state->driver->read(state, names, count, values) != 0) {
		is_alone = true;
		if (state->local == NULL ||
			state->local->driver->read(state->local, names, revoked, values) != 0)
			return -1;
	} else {
		keep_last_revocation(state, &values[LAST]);
		if (add_local(state, names, count, values) != 0)
			return -1;
	}

	born = state_born(state); /* only now: a new process has waited for its server */
	if (born == STATE_BORN_UNKNOWN)
		return -1;
	if (session->began < born || values[ENDED].is_found ||
		(session->provider != NULL && values[PROVIDER].is_found))
		return 1;
	if (!values[LAST].is_found || state_mark_when(values[LAST].value) < session->began)
		return 0;
	if (is_alone)
		return 1;
	if (!state->is_shared) {
		put_revoked(session, names);
		if (state->driver->read(state, names, STATE_REVOKED, values + revoked) != 0)
			return -1;
	}
	return is_revoked_since(values + revoked, session->began);
}

/* ---- the state itself ---- */

int64_t state_born(const struct state *state)
{
	return state->born == STATE_BORN_UNKNOWN && state->local != NULL ? state->local->born
									 : state->born;
}

int state_usage(struct state *state, struct state_usage *usage)
{
	usage->entries_limit = state_room_for(STATE_KIND_CLAIM, state->capacity);
	return state->driver->usage(state, usage);
}

bool state_reachable(struct state *state)
{
	return state->driver->reachable(state);
}

bool state_is_local(struct state *state)
{
	return state->local != NULL && !state_reachable(state);
}

const char *state_fault(struct state *state)
{
	const char *fault = state->driver->fault != NULL ? state->driver->fault(state) : NULL;

	return fault != NULL ? fault : "does not answer";
}

const char *state_about(struct state *state)
{
	return state->driver->about != NULL ? state->driver->about(state) : NULL;
}

void state_warn(
	struct state *state, void (*tell)(const char *finding, void *context), void *context)
{
	if (state->driver->warn != NULL)
		state->driver->warn(state, tell, context);
}

const char *state_folder(const struct state *state)
{
	return state->folder;
}
