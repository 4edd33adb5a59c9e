/* SPDX-License-Identifier: MIT
 *
 * The state shared by the processes of one machine: an LMDB file with one tree. STATE_LMDB_SIZE
 * holds 3.6 million entries, half of which may be claims: 500 joins a second for an hour. If there
 * is no room for a new entry, expired ones are dropped first. If none has expired, claims are
 * refused (nobody can join) until some have.
 */
#include "state/driver.h"

#include "base/clock.h"
#include "state/lmdb_env.h"

#include <errno.h>
#include <unistd.h>

enum {
	/* Half of what fits into a page of 4096 bytes: split and purged pages are about two thirds
	 * full. The rest is for the pages that a change copies. */
	ENTRIES_A_PAGE = 56,
	FULL_LOOK = 32,	    /* entries checked if there is no page left */
	FULL_DROP = 4,	    /* and dropped of these; a page holds about a hundred */
	SWEEP_LOOK = 65536, /* entries checked in a sweep: some ten milliseconds */
	TROUBLE_MS = 10000, /* how long a failed change makes the state unreachable */
	SECOND_US = 1000000,
};

struct lmdb {
	struct state state;
	struct lmdb_env file;
	int64_t failed_ms;	    /* monotonic time of the last failed change; 0: never */
	int64_t swept;		    /* the second of the last sweep, */
	struct state_name swept_to; /* and where the next sweep begins */
};

/* ---- changing ---- */

static bool is_expired(const MDB_val *key, const MDB_val *data, int64_t now_us)
{
	int64_t value;

	if (key->mv_size != sizeof(struct state_name) || data->mv_size != sizeof value)
		return false;
	memcpy(&value, data->mv_data, sizeof value);
	return state_is_expired(*(const uint8_t *)key->mv_data, value, now_us);
}

/* Checks `count` entries in the direction of `step` and drops at most `most` expired ones. */
static int purge(MDB_cursor *cursor, MDB_cursor_op step, int64_t now_us, int count, int most)
{
	MDB_val key, data;
	int rc = 0;

	while (rc == 0 && count-- > 0 && most > 0) {
		rc = mdb_cursor_get(cursor, &key, &data, step);
		if (rc == 0 && is_expired(&key, &data, now_us)) {
			rc = mdb_cursor_del(cursor, 0);
			most--;
		}
	}
	return rc == MDB_NOTFOUND ? 0 : rc; /* the end of the table */
}

/* Runs with each change. The entries after the one just written are mostly on the page that is
 * copied anyway. As names are hashes, every entry comes next to a new one equally often. So no
 * entry long outlives its end (in a steady state a quarter of the file has expired), and no long
 * sweep is needed. */
static int purge_behind(MDB_cursor *cursor, int64_t now_us)
{
	return purge(cursor, MDB_NEXT, now_us, STATE_PURGE_STEP, STATE_PURGE_STEP);
}

/* Runs if there is no page left or no room for another entry of the kind. Deleting copies pages
 * like any change, so room can be made only on the page for the new entry (that of the entry before
 * it): this needs no more pages than an entry without a split. Several entries find a place only if
 * they are neighbours. */
static int make_room(MDB_cursor *cursor, const struct state_name *name, int64_t now_us)
{
	struct state_name copy = *name;
	MDB_val key = {sizeof copy, &copy}, data;
	int rc = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);

	if (rc == MDB_NOTFOUND)
		rc = mdb_cursor_get(cursor, &key, &data, MDB_LAST);
	return rc == 0 ? purge(cursor, MDB_PREV, now_us, FULL_LOOK, FULL_DROP) : rc;
}

static int apply(
	MDB_cursor *cursor, MDB_val *key, enum state_edit edit, int64_t value, bool *changed)
{
	MDB_val data = {sizeof value, &value};

	*changed |= edit != STATE_EDIT_NONE;
	if (edit == STATE_EDIT_STORE)
		return mdb_cursor_put(cursor, key, &data, MDB_CURRENT);
	return edit == STATE_EDIT_ERASE ? mdb_cursor_del(cursor, 0) : 0;
}

static bool is_too_much(MDB_cursor *cursor, const struct lmdb *lmdb, const struct state_name *name)
{
	MDB_stat stat;

	return mdb_stat(mdb_cursor_txn(cursor), mdb_cursor_dbi(cursor), &stat) != 0 ||
	       stat.ms_entries > state_room_for(name->bytes[0], lmdb->state.capacity);
}

/* Finds the entry and changes it. New claims are by far the most frequent change: guessing that
 * there is no entry saves one of two searches of the tree. */
static int edit_entry(const struct lmdb *lmdb, MDB_cursor *cursor,
	const struct state_change *change, bool *changed)
{
	struct state_name copy = *change->name;
	MDB_val key = {sizeof copy, &copy}, data;
	enum state_edit edit;
	int64_t value = 0, found;
	int rc;

	if (change->decide(&value, false, change->context) == STATE_EDIT_STORE) {
		data = (MDB_val){sizeof value, &value};
		rc = mdb_cursor_put(cursor, &key, &data, MDB_NOOVERWRITE);
		*changed |= rc == 0;
		if (rc == 0 && is_too_much(cursor, lmdb, change->name))
			return MDB_MAP_FULL;
		if (rc != MDB_KEYEXIST)
			return rc;
	} else {
		rc = mdb_cursor_get(cursor, &key, &data, MDB_SET);
		if (rc != 0)
			return rc == MDB_NOTFOUND ? 0 : rc;
	}
	if (data.mv_size != sizeof value)
		return MDB_CORRUPTED;
	memcpy(&value, data.mv_data, sizeof value);
	found = value;
	edit = change->decide(&value, true, change->context);
	if (edit == STATE_EDIT_STORE && value == found)
		return 0;
	return apply(cursor, &key, edit, value, changed);
}

/* *place_r: the last entry written or to be written; unchanged if there was none. */
static int edit_all(const struct lmdb *lmdb, MDB_cursor *cursor, const struct state_change *changes,
	size_t count, int64_t now_us, bool *changed, const struct state_name **place_r)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		bool edited = false;

		rc = edit_entry(lmdb, cursor, &changes[i], &edited);
		*changed |= edited;
		if (edited || rc != 0)
			*place_r = changes[i].name;
		if (rc == 0 && *changed && now_us > 0)
			rc = purge_behind(cursor, now_us);
	}
	return rc;
}

/* Makes all changes in one transaction, to share the cost of a commit (five system calls). If
 * *place is not NULL, makes room there first; on failure sets it to where the next try must make
 * room. */
static int change_once(struct lmdb *lmdb, const struct state_change *changes, size_t count,
	int64_t now_us, const struct state_name **place)
{
	MDB_txn *txn = NULL;
	MDB_cursor *cursor = NULL;
	bool changed = false;
	int rc = mdb_txn_begin(lmdb->file.env, NULL, 0, &txn);

	if (rc == 0)
		rc = mdb_cursor_open(txn, lmdb->file.table, &cursor);
	if (rc == 0 && *place != NULL)
		rc = make_room(cursor, *place, now_us);
	if (rc == 0)
		rc = edit_all(lmdb, cursor, changes, count, now_us, &changed, place);
	if (cursor != NULL)
		mdb_cursor_close(cursor);
	if (txn != NULL && (rc != 0 || !changed))
		mdb_txn_abort(txn);
	else if (txn != NULL)
		rc = mdb_txn_commit(txn);
	return rc;
}

/* If entries expire faster than new ones drop them (after a flood of counters, say), a kind without
 * room would fail forever: a failed change drops nothing. So once a second such a change sweeps a
 * part of the table, all of it within a minute. If the file has no page left, the sweep fails, too,
 * and make_room() has to do. */
static void sweep(struct lmdb *lmdb, int64_t now_us)
{
	MDB_val key = {sizeof lmdb->swept_to, &lmdb->swept_to}, data;
	MDB_txn *txn = NULL;
	MDB_cursor *cursor = NULL;
	int rc = mdb_txn_begin(lmdb->file.env, NULL, 0, &txn);

	lmdb->swept = now_us / SECOND_US;
	if (rc == 0)
		rc = mdb_cursor_open(txn, lmdb->file.table, &cursor);
	if (rc == 0 && mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE) == 0)
		mdb_cursor_get(cursor, &key, &data,
			MDB_PREV); /* otherwise the scan would start after it */
	if (rc == 0)
		rc = purge(cursor, MDB_NEXT, now_us, SWEEP_LOOK, SWEEP_LOOK);
	if (rc == 0)
		rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
	if (rc == 0 && key.mv_size == sizeof lmdb->swept_to)
		memcpy(&lmdb->swept_to, key.mv_data, sizeof lmdb->swept_to);
	else
		lmdb->swept_to = (struct state_name){{0}};
	if (cursor != NULL)
		mdb_cursor_close(cursor);
	if (rc == 0 || rc == MDB_NOTFOUND)
		mdb_txn_commit(txn);
	else if (txn != NULL)
		mdb_txn_abort(txn);
}

/* ---- the driver ---- */

/* Takes over the properties of the file, which is a new file after it was removed. */
static void adopt(struct lmdb *lmdb)
{
	lmdb->state.born = lmdb->file.born;
	lmdb->state.clock = lmdb->file.clock;
	lmdb->state.capacity = lmdb->file.pages * ENTRIES_A_PAGE;
}

static int tend(struct lmdb *lmdb, int64_t now)
{
	unsigned opened = lmdb->file.opened;
	int rc = lmdb_env_tend(&lmdb->file, now);

	if (lmdb->file.opened != opened)
		adopt(lmdb);
	return rc;
}

static int lmdb_change(
	struct state *state, const struct state_change *changes, size_t count, int64_t now_us)
{
	struct lmdb *lmdb = (struct lmdb *)state;
	int64_t now = now_us > 0 ? now_us / SECOND_US : lmdb->file.looked;
	const struct state_name *place = NULL;
	int dead, rc = -1;

	if (tend(lmdb, now) == 0)
		rc = change_once(lmdb, changes, count, now_us, &place);
	if (place != NULL && (rc == MDB_MAP_FULL || rc == ENOSPC)) {
		mdb_reader_check(lmdb->file.env, &dead);
		rc = change_once(lmdb, changes, count, now_us, &place);
	}
	if (rc == MDB_MAP_FULL && now_us > 0 && now_us / SECOND_US != lmdb->swept) {
		sweep(lmdb, now_us);
		rc = change_once(lmdb, changes, count, now_us, &place);
	}
	if (rc != 0 &&
		count <= 1 + STATE_LIMITS_MAX) /* the caller tries each of many changes again */
		lmdb->failed_ms = clock_monotonic_ms();
	return rc == 0 ? 0 : -1;
}

static int read_one(
	const struct lmdb *lmdb, const struct state_name *name, struct state_value *value_r)
{
	struct state_name copy = *name;
	MDB_val key = {sizeof copy, &copy}, data;
	int rc = mdb_get(lmdb->file.reader, lmdb->file.table, &key, &data);

	*value_r = (struct state_value){.is_found = rc == 0};
	if (rc == 0 && data.mv_size != sizeof value_r->value)
		return MDB_CORRUPTED;
	if (rc == 0)
		memcpy(&value_r->value, data.mv_data, sizeof value_r->value);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int lmdb_read(struct state *state, const struct state_name *names, size_t count,
	struct state_value *values_r)
{
	struct lmdb *lmdb = (struct lmdb *)state;
	int rc = 0;

	if (lmdb->file.env == NULL || mdb_txn_renew(lmdb->file.reader) != 0)
		return -1;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = read_one(lmdb, &names[i], &values_r[i]);
	mdb_txn_reset(lmdb->file.reader);
	return rc == 0 ? 0 : -1;
}

static int lmdb_each(struct state *state,
	void (*see)(const struct state_name *name, int64_t value, void *context), void *context)
{
	struct lmdb *lmdb = (struct lmdb *)state;
	MDB_cursor *cursor = NULL;
	MDB_val key, data;
	int64_t value;
	int rc;

	if (lmdb->file.env == NULL || mdb_txn_renew(lmdb->file.reader) != 0)
		return -1;
	rc = mdb_cursor_open(lmdb->file.reader, lmdb->file.table, &cursor);
	while (rc == 0) {
		rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
		if (rc != 0 || key.mv_size != sizeof(struct state_name) ||
			data.mv_size != sizeof value)
			continue; /* the end, or what the file says of itself */
		memcpy(&value, data.mv_data, sizeof value);
		see(key.mv_data, value, context);
	}
	mdb_cursor_close(cursor);
	mdb_txn_reset(lmdb->file.reader);
	return rc == MDB_NOTFOUND ? 0 : -1;
}

static int lmdb_set_born(struct state *state, int64_t born)
{
	struct lmdb *lmdb = (struct lmdb *)state;
	int rc = lmdb_env_set_born(&lmdb->file, born);

	adopt(lmdb);
	return rc;
}

/* Free pages do not count as used. */
static int lmdb_usage(struct state *state, struct state_usage *usage)
{
	struct lmdb *lmdb = (struct lmdb *)state;
	MDB_stat stat;
	int rc;

	if (lmdb->file.env == NULL || mdb_txn_renew(lmdb->file.reader) != 0)
		return -1;
	rc = mdb_stat(lmdb->file.reader, lmdb->file.table, &stat);
	mdb_txn_reset(lmdb->file.reader);
	if (rc != 0)
		return -1;
	usage->entries = stat.ms_entries;
	usage->bytes = (stat.ms_branch_pages + stat.ms_leaf_pages) * (uint64_t)stat.ms_psize;
	usage->bytes_limit = lmdb->file.pages * (uint64_t)stat.ms_psize;
	return 0;
}

static bool lmdb_reachable(struct state *state)
{
	struct lmdb *lmdb = (struct lmdb *)state;
	struct state_name none = {{STATE_KIND_MARK}};
	struct state_value value;

	if (tend(lmdb, clock_wall()) != 0 || !lmdb_env_is_current(&lmdb->file))
		return false;
	return (lmdb->failed_ms == 0 || clock_monotonic_ms() - lmdb->failed_ms >= TROUBLE_MS) &&
	       lmdb_read(state, &none, 1, &value) == 0;
}

static void lmdb_close(struct state *state)
{
	struct lmdb *lmdb = (struct lmdb *)state;

	if (lmdb->file.pid != getpid())
		return;
	lmdb_env_close(&lmdb->file);
	free(lmdb);
}

static const struct state_driver driver = {
	.change = lmdb_change,
	.read = lmdb_read,
	.each = lmdb_each,
	.set_born = lmdb_set_born,
	.usage = lmdb_usage,
	.reachable = lmdb_reachable,
	.close = lmdb_close,
};

struct state *state_lmdb_open(const char *folder, size_t size, struct error *error)
{
	struct lmdb *lmdb = calloc(1, sizeof *lmdb);

	if (lmdb == NULL) {
		error_set(error, "state %s: out of memory", folder);
		return NULL;
	}
	if (lmdb_env_open(&lmdb->file, folder, size, error) != 0) {
		free(lmdb);
		return NULL;
	}
	lmdb->state.driver = &driver;
	lmdb->state.folder = lmdb->file.folder;
	adopt(lmdb);
	return &lmdb->state;
}
