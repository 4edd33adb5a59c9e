/* SPDX-License-Identifier: MIT
 *
 * The store: what is put in comes out. What it refuses to open is in store_refused_test.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "secret/store_file.h"
#include "store_fixture.h"

#include "base/clock.h"

#include <sys/wait.h>

/* -- init -- */

static void test_init_makes_two_files_for_us_alone(void **state)
{
	struct buffer key = contents(key_path), store_bytes = contents(path);
	struct stat st;

	(void)state;
	assert_int_equal(stat(key_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(key.length, 65);
	assert_int_equal(strspn(key.data, "0123456789abcdef"), 64);
	assert_int_equal(key.data[64], '\n');
	assert_memory_equal(store_bytes.data, "MEETAUTH\1", 9);
	buffer_release(&key);
	buffer_release(&store_bytes);
}

static void test_init_makes_a_ring_and_a_hash_key(void **state)
{
	struct store *store = open_store();
	const struct seal_ring *ring = store_ring(store);
	size_t count;

	(void)state;
	assert_int_equal(ring->count, 2); /* the one that seals and the next */
	assert_int_not_equal(ring->keys[0].id, ring->keys[1].id);
	assert_memory_not_equal(ring->keys[0].bytes, ring->keys[1].bytes, SEAL_KEY_SIZE);
	assert_memory_not_equal(ring->keys[0].bytes, store_hash_key(store), SEAL_KEY_SIZE);
	store_all(store, &count);
	assert_int_equal(count, 0);
	store_free(&store);
	assert_null(store);
}

static void assert_init_refuses(const char *what)
{
	struct error error;

	assert_int_equal(store_init(path, key_path, &error), -1);
	assert_non_null(strstr(error.text, "exists already"));
	assert_non_null(strstr(error.text, what));
}

static void test_init_never_overwrites(void **state)
{
	struct buffer before = contents(path), after;

	(void)state;
	assert_init_refuses(path);
	after = contents(path);
	assert_int_equal(after.length, before.length);
	assert_memory_equal(after.data, before.data, after.length);
	unlink(path);
	assert_init_refuses(key_path); /* may be the key of a store in a backup */
	assert_int_not_equal(access(path, F_OK), 0);
	buffer_release(&before);
	buffer_release(&after);
}

/* -- secrets -- */

static void test_set_adds_versions_newest_first(void **state)
{
	struct store *store;
	const struct store_secret *secrets;
	size_t count;

	(void)state;
	assert_int_equal(set_secret(NAME, "first"), 1);
	assert_int_equal(set_secret("backend/staff", "other"), 1);
	assert_int_equal(set_secret(NAME, "second"), 2);
	store = open_store();
	secrets = store_secrets(store, NAME, clock_wall(), &count);
	assert_int_equal(count, 2);
	assert_int_equal(secrets[0].version, 2);
	assert_string_equal(secret_text(secrets[0].secret), "second");
	assert_string_equal(secret_text(secrets[1].secret), "first");
	assert_true(secrets[0].created <= clock_wall() && secrets[1].created > clock_wall() - 60);
	assert_null(store_secrets(store, "meeting.example.or", clock_wall(), &count));
	assert_int_equal(count, 0);
	assert_null(store_secrets(store, "zzz", clock_wall(), &count));
	secrets = store_all(store, &count);
	assert_int_equal(count, 3);
	assert_string_equal(secrets[0].name, "backend/staff");
	store_free(&store);
}

static void test_any_byte_but_controls_is_kept(void **state)
{
	char text[256 - 0x21 + 2];
	size_t length = 0;

	(void)state;
	for (int c = 0x20; c < 256; c++)
		if (c != 0x7f)
			text[length++] = (char)c;
	text[length] = '\0';
	set_secret(NAME, text);
	assert_secret(text);
}

static void test_longest_value_and_all_versions_fit(void **state)
{
	char text[SECRET_MAX + 1];

	(void)state;
	memset(text, 'x', SECRET_MAX);
	text[SECRET_MAX] = '\0';
	for (unsigned i = 1; i <= STORE_VERSIONS_MAX; i++)
		assert_int_equal(set_secret(NAME, text), i);
	assert_secret(text);
}

static void test_too_many_versions_are_refused_and_none_removed(void **state)
{
	struct secret *value = secret_new("another", 7);
	struct error error;
	unsigned version;

	(void)state;
	for (unsigned i = 0; i < STORE_VERSIONS_MAX; i++)
		set_secret(NAME, "x");
	assert_int_equal(store_set(path, key_path, NAME, value, 0, &version, &error), -1);
	assert_non_null(strstr(error.text, "retire one"));
	assert_secret("x");
	assert_int_equal(store_retire(path, key_path, NAME, 3, &error), 0);
	assert_int_equal(store_set(path, key_path, NAME, value, 0, &version, &error), 0);
	assert_int_equal(version, STORE_VERSIONS_MAX + 1);
	secret_free(&value);
}

static void test_retired_version_is_gone_and_its_number_never_used_again(void **state)
{
	struct error error;
	struct store *store;
	size_t count;

	(void)state;
	set_secret(NAME, "first");
	set_secret(NAME, "second");
	assert_int_equal(store_retire(path, key_path, NAME, 2, &error), 0);
	assert_secret("first");
	assert_int_equal(store_retire(path, key_path, NAME, 1, &error), 0);
	store = open_store();
	assert_null(store_secrets(store, NAME, clock_wall(), &count));
	store_free(&store);
	assert_int_equal(set_secret(NAME, "third"), 3);
}

static void only(const char *text, size_t dropped)
{
	struct secret *value = text != NULL ? secret_new(text, strlen(text)) : NULL;
	struct error error = {""};
	size_t count = 99;

	if (store_set_only(path, key_path, NAME, value, &count, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(count, dropped);
	secret_free(&value);
}

static void test_only_version(void **state)
{
	struct store *store;
	size_t count;

	(void)state;
	only(NULL, 0);
	only("first", 0);
	assert_secret("first");
	set_secret(NAME, "second");
	set_secret("backend/other", "other");
	only("third", 2);
	store = open_store();
	assert_string_equal(
		secret_text(store_secrets(store, NAME, clock_wall(), &count)->secret), "third");
	assert_int_equal(count, 1);
	store_free(&store);
	only(NULL, 1);
	store = open_store();
	assert_null(store_secrets(store, NAME, clock_wall(), &count));
	assert_non_null(store_secrets(store, "backend/other", clock_wall(), &count));
	store_free(&store);
	assert_int_equal(set_secret(NAME, "fourth"), 4);
}

static void test_replaced_version_is_gone_and_the_new_one_is_the_newest(void **state)
{
	struct secret *value = secret_new("new", 3);
	struct store *store;
	const struct store_secret *secrets;
	unsigned version = 0;
	size_t count;

	(void)state;
	set_secret(NAME, "one");
	set_secret(NAME, "two");
	assert_int_equal(store_replace(path, key_path, NAME, 2, value, &version, NULL), 0);
	assert_int_equal(version, 3);
	store = open_store();
	secrets = store_secrets(store, NAME, clock_wall(), &count);
	assert_int_equal(count, 2);
	assert_string_equal(secret_text(secrets[0].secret), "new");
	assert_string_equal(secret_text(secrets[1].secret), "one");
	store_free(&store);
	secret_free(&value);
}

/* Whoever set another one meanwhile meant it. */
static void test_replace_leaves_a_newer_version_and_a_store_without_it_alone(void **state)
{
	struct secret *value = secret_new("new", 3);
	struct store *store;
	unsigned version = 0;
	size_t count;

	(void)state;
	assert_int_equal(store_replace(path, key_path, NAME, 1, value, &version, NULL), 1);
	set_secret(NAME, "one");
	set_secret(NAME, "two");
	assert_int_equal(store_replace(path, key_path, NAME, 1, value, &version, NULL), 1);
	store = open_store();
	assert_string_equal(
		secret_text(store_secrets(store, NAME, clock_wall(), &count)->secret), "two");
	assert_int_equal(count, 2);
	store_free(&store);
	secret_free(&value);
}

static unsigned set_until(const char *text, int64_t expires)
{
	struct secret *value = secret_new(text, strlen(text));
	unsigned version = 0;

	assert_int_equal(store_set(path, key_path, NAME, value, expires, &version, NULL), 0);
	secret_free(&value);
	return version;
}

/* The newest version that may be used at a time, and how many there are. */
static void assert_used(int64_t at, size_t count, const char *text)
{
	struct store *store = open_store();
	const char *texts[STORE_VERSIONS_MAX];

	assert_int_equal(store_texts(store, NAME, at, texts), count);
	if (count > 0)
		assert_string_equal(texts[0], text);
	store_free(&store);
}

static void assert_signs(int64_t at, const char *text)
{
	struct store *store = open_store();
	const struct store_secret *signing = store_signing(store, NAME, at);

	if (text == NULL)
		assert_null(signing);
	else
		assert_string_equal(secret_text(signing->secret), text);
	store_free(&store);
}

/* Not every process can verify yet what a new secret signs. */
static void test_a_new_secret_signs_when_all_have_read_it(void **state)
{
	int64_t now = clock_wall();

	(void)state;
	assert_signs(now, NULL);
	set_secret(NAME, "one");
	assert_signs(now, "one");
	set_secret(NAME, "two");
	assert_signs(now, "one");
	assert_signs(now + 60, "two");
	set_secret(NAME, "three");
	assert_signs(now, "one");
	set_until("ends", now + 100);
	set_secret(NAME, "five"); /* what four would sign ends with it */
	assert_signs(now, "five");
	assert_signs(now + 100, "five");
}

static char format_of_store(void)
{
	struct buffer bytes = contents(path);
	char format = bytes.data[8];

	buffer_release(&bytes);
	return format;
}

static void test_what_has_ended_is_as_if_it_were_not_there(void **state)
{
	int64_t now = clock_wall();
	struct store *store;

	(void)state;
	set_secret(NAME, "old");
	set_until("ends", now + 100);
	assert_used(now + 99, 2, "ends");
	assert_used(now + 100, 0, NULL); /* and the older one with it */
	set_secret(NAME, "new");
	assert_used(now + 99, 3, "new");
	assert_used(now + 100, 1, "new");
	store = open_store();
	assert_int_equal(store_ended(store, NAME, now + 1000), 0);
	store_free(&store);
	store_retire(path, key_path, NAME, 3, NULL);
	store = open_store();
	assert_int_equal(store_ended(store, NAME, now + 99), 0);
	assert_int_equal(store_ended(store, NAME, now + 100), now + 100);
	assert_int_equal(store_ended(store, "backend/none", now + 100), 0);
	store_free(&store);
}

/* Version 0.2.0 knows format 1 and no ends. */
static void test_a_store_with_ends_is_none_for_programs_that_know_none(void **state)
{
	(void)state;
	set_secret(NAME, "first");
	assert_int_equal(format_of_store(), 1);
	set_until("ends", clock_wall() + 100);
	assert_int_equal(format_of_store(), 2);
	assert_secret("ends");
	assert_int_equal(store_rekey(path, key_path, NULL), 0);
	assert_int_equal(format_of_store(), 2);
	store_retire(path, key_path, NAME, 2, NULL);
	assert_int_equal(format_of_store(), 1);
	assert_secret("first");
}

static void test_a_replacement_has_the_end_of_what_it_replaces(void **state)
{
	struct secret *value = secret_new("renewed", 7);
	int64_t end = clock_wall() + 100;
	unsigned version;

	(void)state;
	set_until("one", end);
	assert_int_equal(store_replace(path, key_path, NAME, 1, value, &version, NULL), 0);
	assert_used(end - 1, 1, "renewed");
	assert_used(end, 0, NULL);
	secret_free(&value);
}

#define KEY_NAME "meeting/lync.example.org/john@example.org/"

static void import(const char *const texts[3], int64_t expires, size_t added, size_t replaced,
	size_t unchanged)
{
	static const char *const names[] = {KEY_NAME "1", KEY_NAME "2", NAME};
	struct store_import list[3];
	struct store_imported done;

	for (size_t i = 0; i < 3; i++)
		list[i] = (struct store_import){
			names[i], secret_new(texts[i], strlen(texts[i])), expires};
	assert_int_equal(store_import(path, key_path, list, 3, &done, NULL), 0);
	assert_int_equal(done.added, added);
	assert_int_equal(done.replaced, replaced);
	assert_int_equal(done.unchanged, unchanged);
	for (size_t i = 0; i < 3; i++)
		secret_free((struct secret **)&list[i].value);
}

static void test_an_import_makes_each_key_the_only_one(void **state)
{
	int64_t end = clock_wall() + 100;
	struct buffer before, after;
	const struct store_secret *all;
	struct store *store;
	size_t count;

	(void)state;
	set_secret(NAME, "zero");
	set_secret(NAME, "c");
	import((const char *[]){"a", "b", "c"}, end, 2, 1, 0);
	assert_used(end - 1, 1, "c");
	assert_used(end, 0, NULL);
	before = contents(path);
	import((const char *[]){"a", "b", "c"}, end, 0, 0, 3);
	after = contents(path);
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, after.length);
	buffer_release(&before);
	buffer_release(&after);
	import((const char *[]){"a", "B", "c"}, 0, 0, 3, 0);
	assert_int_equal(format_of_store(), 1);
	store = open_store();
	all = store_all(store, &count);
	assert_int_equal(count, 3);
	assert_int_equal(all[0].version, 2); /* the same key with another end */
	assert_int_equal(all[1].version, 1);
	assert_int_equal(all[2].version, 2);
	assert_string_equal(secret_text(all[2].secret), "B");
	store_free(&store);
}

static void test_an_import_is_all_or_nothing(void **state)
{
	struct store_import list[] = {
		{KEY_NAME "1", secret_new("a", 1), 0}, {KEY_NAME "2", secret_new("..", 2), 0}};
	struct store_imported done;
	struct error error;
	struct store *store;
	size_t count;

	(void)state;
	assert_int_equal(store_import(path, key_path, list, 2, &done, &error), -1);
	assert_non_null(strstr(error.text, "dots"));
	store = open_store();
	store_all(store, &count);
	assert_int_equal(count, 0);
	store_free(&store);
	for (size_t i = 0; i < 2; i++)
		secret_free((struct secret **)&list[i].value);
}

static void test_meetings_of_a_platform_have_secrets_of_their_own(void **state)
{
	static const char *const good[] = {"meeting/lync.example.org/john@example.org/854T0R7G",
		"meeting/lync.example.org/john+team@example.org/854T0R7G",
		"meeting/lync.example.org:8443/a"};
	static const char *const bad[] = {"meeting/", "meeting/lync.example.org", "meeting//a",
		"meeting/lync.example.org/", "meeting/Lync.example.org/a",
		"meeting/lync.example.org/a b", "meeting/lync.example.org/..",
		"meeting/lync.example.org/a\n"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(store_check_name(good[i], NULL), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(store_check_name(bad[i], NULL), -1);
}

static void test_retire_names_what_is_not_there(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(store_retire(path, key_path, NAME, 1, &error), -1);
	assert_non_null(strstr(error.text, "no secret"));
	set_secret(NAME, "first");
	assert_int_equal(store_retire(path, key_path, NAME, 2, &error), -1);
	assert_non_null(strstr(error.text, "no version 2"));
	assert_secret("first");
}

static void test_names_and_values_are_checked(void **state)
{
	static const char *const good[] = {"a", "meeting.example.org:8443", "backend/a.b_c-D"};
	static const char *const bad[] = {"", "Meeting.example.org", "a b", "backend/",
		"backend/..", "backend/a/b", "other/x", "meeting.example.org:0", "-a"};
	static const char *const values[] = {"a\nb", "\t", "\x7f", ".", "..", ""};
	struct secret *value;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(store_check_name(good[i], &error), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(store_check_name(bad[i], &error), -1);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		value = secret_new(values[i], strlen(values[i]));
		assert_int_equal(store_set(path, key_path, NAME, value, 0, NULL, &error), -1);
		secret_free(&value);
	}
	value = secret_new("a\0b", 3);
	assert_int_equal(store_set(path, key_path, NAME, value, 0, NULL, &error), -1);
	assert_non_null(strstr(error.text, "at byte 2"));
	secret_free(&value);
}

/* -- keys -- */

static void test_rotation_goes_on_to_a_key_known_before(void **state)
{
	struct store *before = open_store(), *after;
	const struct seal_ring *old = store_ring(before), *new;
	struct buffer text = BUFFER_INIT(1024), plain = BUFFER_INIT(64);

	(void)state;
	assert_int_equal(store_rotate_keys(path, key_path, false, NULL), 0);
	after = open_store();
	new = store_ring(after);
	assert_int_equal(new->count, 3);
	assert_int_equal(new->keys[0].id, old->keys[1].id);
	/* Both ways: a process that has not read the store yet, and one that has. */
	assert_int_equal(seal_text(new, "p", "x", 1, &text), 0);
	assert_int_equal(seal_open(old, "p", text.data, &plain), 0);
	buffer_clear(&text);
	assert_int_equal(seal_text(old, "p", "x", 1, &text), 0);
	assert_int_equal(seal_open(new, "p", text.data, &plain), 0);
	assert_memory_equal(store_hash_key(before), store_hash_key(after), SEAL_KEY_SIZE);
	buffer_release(&text);
	buffer_release(&plain);
	store_free(&before);
	store_free(&after);
}

static void test_rotation_drops_the_oldest_key_in_the_end(void **state)
{
	struct store *first = open_store(), *last;
	struct buffer text = BUFFER_INIT(1024), plain = BUFFER_INIT(64);

	(void)state;
	assert_int_equal(seal_text(store_ring(first), "p", "x", 1, &text), 0);
	for (int i = 1; i < SEAL_KEYS_MAX; i++) {
		last = open_store();
		assert_int_equal(seal_open(store_ring(last), "p", text.data, &plain), 0);
		store_free(&last);
		assert_int_equal(store_rotate_keys(path, key_path, false, NULL), 0);
	}
	last = open_store();
	assert_int_equal(store_ring(last)->count, SEAL_KEYS_MAX);
	assert_int_equal(seal_open(store_ring(last), "p", text.data, &plain), -1);
	buffer_release(&text);
	buffer_release(&plain);
	store_free(&first);
	store_free(&last);
}

static void test_forgetting_voids_everything_sealed(void **state)
{
	struct store *before = open_store(), *after;

	(void)state;
	assert_int_equal(store_rotate_keys(path, key_path, true, NULL), 0);
	after = open_store();
	assert_int_equal(store_ring(after)->count, 2);
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < 2; j++)
			assert_int_not_equal(
				store_ring(after)->keys[i].id, store_ring(before)->keys[j].id);
	store_free(&before);
	store_free(&after);
}

static void test_rekey_changes_the_key_and_keeps_the_rest(void **state)
{
	struct buffer before = contents(key_path), after;
	struct store *old, *new;
	struct stat st;

	(void)state;
	set_secret(NAME, "kept");
	old = open_store();
	assert_int_equal(store_rekey(path, key_path, NULL), 0);
	after = contents(key_path);
	assert_string_not_equal(before.data, after.data);
	assert_int_equal(stat(key_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_secret("kept");
	new = open_store();
	assert_memory_equal(store_hash_key(old), store_hash_key(new), SEAL_KEY_SIZE);
	assert_memory_equal(store_ring(old), store_ring(new), sizeof(struct seal_ring));
	put_contents(key_path, before.data, before.length, 0400);
	assert_refused("another key");
	buffer_release(&before);
	buffer_release(&after);
	store_free(&old);
	store_free(&new);
}

static void test_rekey_where_the_key_cannot_be_replaced_changes_nothing(void **state)
{
	struct buffer before = contents(path), after;
	struct error error;
	char elsewhere[128];

	(void)state;
	snprintf(elsewhere, sizeof elsewhere, "%s/store.key.new.tmp", folder);
	assert_int_equal(mkdir(elsewhere, 0700), 0); /* stands in for a folder that is read-only */
	assert_int_equal(store_rekey(path, key_path, &error), -1);
	assert_non_null(strstr(error.text, "nothing was changed"));
	after = contents(path);
	assert_int_equal(after.length, before.length);
	assert_memory_equal(after.data, before.data, after.length);
	rmdir(elsewhere);
	buffer_release(&before);
	buffer_release(&after);
	store_free(&(struct store *){open_store()});
}

static void test_hash_keys_of_acceptance_differ(void **state)
{
	const uint8_t key[SEAL_KEY_SIZE] = {1};
	uint8_t one[SEAL_HASH_SIZE], other[SEAL_HASH_SIZE];

	(void)state;
	store_accepted_key(key, NAME, 1, one);
	store_accepted_key(key, NAME, 2, other);
	assert_memory_not_equal(one, other, sizeof one);
	store_accepted_key(key, "other", 1, other);
	assert_memory_not_equal(one, other, sizeof one);
	seal_hash(key, other, "accepted", NAME, "1", NULL);
	assert_memory_equal(one, other, sizeof one);
}

static void test_changes_of_two_processes_are_both_kept(void **state)
{
	enum { EACH = 4 };
	struct store *store;
	size_t count;
	int status;
	pid_t child = fork();

	(void)state;
	for (int i = 0; i < EACH; i++)
		set_secret(child == 0 ? "backend/child" : NAME, "x");
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	store = open_store();
	store_all(store, &count);
	assert_int_equal(count, 2 * EACH);
	store_free(&store);
}

static size_t count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	size_t lines = 0;
	int c;

	assert_non_null(maps);
	while ((c = fgetc(maps)) != EOF)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

static void write_secrets(size_t count)
{
	struct store_file file = STORE_FILE_INIT;
	struct error error = {""};
	json_t *secrets;

	assert_int_equal(store_file_read(path, key_path, &file, &error), 0);
	secrets = json_object_get(file.root, "secrets");
	for (size_t i = 0; i < count; i++) {
		char name[64];

		snprintf(name, sizeof name, "meeting/lync.example.org/carol/%zu", i);
		json_object_set_new(secrets, name,
			json_pack("{s:i, s:[{s:i, s:i, s:s}]}", "next", 2, "versions", "version", 1,
				"created", 1, "value", "c2VjcmV0"));
	}
	assert_int_equal(store_file_write(path, &file, &error), 0);
	store_file_release(&file);
}

/* Each in memory of its own, they took four of the 65,530 mappings of a process. */
static void test_tens_of_thousands_of_secrets_share_one_block(void **state)
{
	enum { MANY = 40000 };
	struct store *one, *other;
	size_t count, before;

	(void)state;
	write_secrets(MANY);
	before = count_mappings();
	one = open_store();
	other = open_store(); /* as a reload holds two */
	assert_in_range(count_mappings(), before, before + 300);
	store_all(other, &count);
	assert_int_equal(count, MANY);
	assert_string_equal(secret_text(store_secrets(one, "meeting/lync.example.org/carol/39999",
				    clock_wall(), &count)
						->secret),
		"secret");
	store_free(&one);
	store_free(&other);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(test_init_makes_two_files_for_us_alone),
		WITH_STORE(test_init_makes_a_ring_and_a_hash_key),
		WITH_STORE(test_init_never_overwrites),
		WITH_STORE(test_set_adds_versions_newest_first),
		WITH_STORE(test_any_byte_but_controls_is_kept),
		WITH_STORE(test_longest_value_and_all_versions_fit),
		WITH_STORE(test_too_many_versions_are_refused_and_none_removed),
		WITH_STORE(test_retired_version_is_gone_and_its_number_never_used_again),
		WITH_STORE(test_only_version),
		WITH_STORE(test_what_has_ended_is_as_if_it_were_not_there),
		WITH_STORE(test_a_new_secret_signs_when_all_have_read_it),
		WITH_STORE(test_a_store_with_ends_is_none_for_programs_that_know_none),
		WITH_STORE(test_a_replacement_has_the_end_of_what_it_replaces),
		WITH_STORE(test_an_import_makes_each_key_the_only_one),
		WITH_STORE(test_an_import_is_all_or_nothing),
		WITH_STORE(test_replaced_version_is_gone_and_the_new_one_is_the_newest),
		WITH_STORE(test_replace_leaves_a_newer_version_and_a_store_without_it_alone),
		WITH_STORE(test_meetings_of_a_platform_have_secrets_of_their_own),
		WITH_STORE(test_retire_names_what_is_not_there),
		WITH_STORE(test_names_and_values_are_checked),
		WITH_STORE(test_rotation_goes_on_to_a_key_known_before),
		WITH_STORE(test_rotation_drops_the_oldest_key_in_the_end),
		WITH_STORE(test_forgetting_voids_everything_sealed),
		WITH_STORE(test_rekey_changes_the_key_and_keeps_the_rest),
		WITH_STORE(test_rekey_where_the_key_cannot_be_replaced_changes_nothing),
		WITH_STORE(test_hash_keys_of_acceptance_differ),
		WITH_STORE(test_changes_of_two_processes_are_both_kept),
		WITH_STORE(test_tens_of_thousands_of_secrets_share_one_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
