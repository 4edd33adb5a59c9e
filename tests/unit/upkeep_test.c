/* SPDX-License-Identifier: MIT
 *
 * What a running process picks up and renews by itself: the halves of its files, and secrets that a
 * platform gives for a time only, over a driver whose platform takes each value once.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "config/section.h"
#include "service/upkeep.h"

#include <dirent.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define TITLE "meeting.example.org"
#define OLD   "to be renewed"
#define NEW   "renewed"

enum { LONG_TIMEOUT_S = 120, MARGIN_S = 61 }; /* of the lease, beside the peer's timeout */

static char folder[64], store_path[96], key_path[96], share[96];
static const char *languages[] = {"en"};
static const struct option options[] = {
	{"languages", OPTION_LIST, NULL, NULL}, {"share", OPTION_TEXT, NULL, NULL}};
static struct value values[] = {{.option = &options[0]}, {.option = &options[1], .line = 7}};
static struct source_part part = {1, "/m.conf", 1};
static const struct sources sources = {.parts = &part, .part_count = 1};
static const struct section top = {.sources = &sources, .values = values, .count = 2};
static struct settings settings = {.state = "memory:",
	.store = store_path,
	.store_key = key_path,
	.share = share,
	.languages = {languages, 1},
	.top = &top};

/* ---- the driver ---- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* a renewal waits at it */
static atomic_int renewals;
static unsigned looks;

static int64_t due(const void *instance, const char *secret)
{
	(void)instance;
	looks++;
	return strcmp(secret, OLD) == 0 ? 0 : INT64_MAX;
}

static int renew(void *instance, const char *secret, int64_t now, struct buffer *renewed,
	struct error *error)
{
	(void)instance;
	(void)secret;
	(void)now;
	(void)error;
	renewals++;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	buffer_text(renewed, NEW);
	return 0;
}

static const struct platform_secret_ops secret = {.renewal_due = due, .renew = renew};
static const struct platform_driver driver = {.type = "test", .secret = &secret};
static struct platform_peer peer;
static struct service_platform platform = {
	.title = TITLE, .driver = &driver, .peer = &peer, .queue = {.limit = 1}};
static struct service service = {
	.users = 1000, .settings = &settings, .platforms = &platform, .platform_count = 1};

/* ---- a process around it ---- */

static uv_loop_t loop;
static struct state *state;
static struct service *current;
static struct upkeep *upkeep;

static void copy(const char *kind, const char *name)
{
	const char *srcdir = getenv("srcdir");
	struct buffer text = BUFFER_INIT(1 << 20);
	char from[4500], to[500];

	snprintf(from, sizeof from, "%s/share/%s/%s", srcdir != NULL ? srcdir : ".", kind, name);
	snprintf(to, sizeof to, "%s/%s/%s", share, kind, name);
	assert_int_equal(file_read(from, FILE_PUBLIC, &text, NULL), 0);
	assert_int_equal(file_replace(to, text.data, text.length, 0644, NULL), 0);
	buffer_release(&text);
}

/* Copies all pages, whichever they include. */
static void copy_pages(void)
{
	const char *srcdir = getenv("srcdir");
	char path[4200];
	struct dirent *entry;
	DIR *pages;

	snprintf(path, sizeof path, "%s/share/pages", srcdir != NULL ? srcdir : ".");
	pages = opendir(path);
	assert_non_null(pages);
	while ((entry = readdir(pages)) != NULL)
		if (entry->d_name[0] != '.')
			copy("pages", entry->d_name);
	closedir(pages);
}

static void copy_share(void)
{
	char path[128];

	assert_int_equal(mkdir(share, 0755), 0);
	snprintf(path, sizeof path, "%s/pages", share);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof path, "%s/lang", share);
	assert_int_equal(mkdir(path, 0755), 0);
	copy_pages();
	copy("lang", "en.json");
}

static void add_secret(const char *text)
{
	struct secret *value = secret_new(text, strlen(text));
	unsigned version;

	assert_int_equal(store_set(store_path, key_path, TITLE, value, 0, &version, NULL), 0);
	secret_free(&value);
}

static int set_up(void **unused)
{
	struct error error = {""};

	(void)unused;
	snprintf(folder, sizeof folder, "/tmp/upkeep-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(store_path, sizeof store_path, "%s/store", folder);
	snprintf(key_path, sizeof key_path, "%s/store.key", folder);
	snprintf(share, sizeof share, "%s/share", folder);
	copy_share();
	assert_int_equal(secret_init(NULL), 0);
	assert_int_equal(store_init(store_path, key_path, NULL), 0);
	add_secret(OLD);
	state = state_open(&(struct state_options){.address = "memory:"}, NULL);
	service.files = files_load(&settings, &error);
	assert_string_equal(error.text, "");
	assert_non_null(service.files);
	current = &service;
	peer.timeout_ms = 1000;
	renewals = 0;
	looks = 0;
	upkeep = upkeep_new(&loop, state, &current);
	return state != NULL && upkeep != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

/* As main() ends. */
static int take_down(void **unused)
{
	(void)unused;
	upkeep_free(&upkeep);
	files_drop(&service.files);
	current = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	state_close(&state);
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void assert_newest(const char *text)
{
	struct store *store = store_open(store_path, key_path, NULL);
	const struct store_secret *secrets;
	size_t count;

	assert_non_null(store);
	secrets = store_secrets(store, TITLE, clock_wall(), &count);
	assert_true(count > 0);
	assert_string_equal(secret_text(secrets[0].secret), text);
	store_free(&store);
}

/* Whether another process would get the lease then. */
static bool is_free(int64_t then)
{
	struct state_resource lease;
	size_t index;

	seal_hash(store_hash_key(service.files->store), lease.key, "renewal", TITLE, "1", NULL);
	seal_random(lease.holding, sizeof lease.holding);
	return state_lease(state, &lease, 1, then, then + 1, &index) == STATE_LEASE_HELD;
}

static void run_until_renewing(void)
{
	while (renewals == 0)
		uv_run(&loop, UV_RUN_ONCE);
}

/* ---- renewals ---- */

static void open_gate(uv_timer_t *timer)
{
	pthread_mutex_unlock(&gate);
	uv_close((uv_handle_t *)timer, NULL);
}

static void a_renewal_under_way_ends_with_its_value_in_the_store(void **unused)
{
	uv_timer_t timer;

	(void)unused;
	pthread_mutex_lock(&gate);
	run_until_renewing();
	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, open_gate, 1500, 0); /* time for the next look, which must not be */
	upkeep_free(&upkeep);
	current = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_newest(NEW);
	assert_int_equal(renewals, 1);
}

static void a_lease_outlasts_the_platforms_timeout(void **unused)
{
	bool is_taken;

	(void)unused;
	peer.timeout_ms = LONG_TIMEOUT_S * 1000;
	pthread_mutex_lock(&gate);
	run_until_renewing();
	is_taken = !is_free(clock_wall() + LONG_TIMEOUT_S + MARGIN_S / 2);
	pthread_mutex_unlock(&gate);
	assert_true(is_taken);
}

static void what_another_process_renewed_is_not_sent_again(void **unused)
{
	struct secret *value = secret_new(NEW, strlen(NEW));
	unsigned version;

	(void)unused;
	assert_int_equal(store_replace(store_path, key_path, TITLE, 1, value, &version, NULL), 0);
	secret_free(&value);
	/* Our snapshot still has the old one, which is due. */
	while (looks == 0)
		uv_run(&loop, UV_RUN_ONCE);
	upkeep_free(&upkeep);
	assert_false(is_free(clock_wall())); /* it was looked at */
	assert_int_equal(renewals, 0);
	assert_newest(NEW);
}

static void block_store(bool block)
{
	char lock[128], away[160];

	snprintf(lock, sizeof lock, "%s.lock", store_path);
	snprintf(away, sizeof away, "%s.away", lock);
	if (!block)
		assert_int_equal(rmdir(lock), 0);
	assert_int_equal(block ? rename(lock, away) : rename(away, lock), 0);
	if (block)
		assert_int_equal(mkdir(lock, 0700), 0);
}

/* What is in the store was used up: whoever took the lease would send it again. */
static void who_has_an_unsaved_value_keeps_the_lease(void **unused)
{
	int64_t renewed;

	(void)unused;
	block_store(true);
	run_until_renewing();
	renewed = clock_wall();
	while (clock_wall() < renewed + 3)
		uv_run(&loop, UV_RUN_ONCE);
	assert_false(is_free(renewed + 1 + MARGIN_S));
	assert_newest(OLD);
	block_store(false);
	upkeep_free(&upkeep);
	assert_newest(NEW);
	assert_int_equal(renewals, 1);
}

/* ---- files ---- */

static void spoil(const char *path)
{
	assert_int_equal(file_replace(path, "{{nonsense}}", 12, 0600, NULL), 0);
}

static size_t versions_of(const struct files *files)
{
	size_t count;

	store_secrets(files->store, TITLE, clock_wall(), &count);
	return count;
}

/* What became of `old`, which is dropped. */
static struct files *renewed(
	struct files *old, struct error *store_error, struct error *texts_error)
{
	struct files *files;

	*store_error = *texts_error = (struct error){""};
	files = files_renew(old, &settings, store_error, texts_error);
	if (files == NULL)
		return old;
	files_complete(files, old);
	files_drop(&old);
	return files;
}

static void a_broken_page_keeps_no_secret_from_being_read(void **unused)
{
	struct error store_error, texts_error;
	struct files *files = files_load(&settings, NULL), *before;
	const struct page *page = files->pages[PAGE_LOGOUT];
	char path[160];

	(void)unused;
	assert_ptr_equal(renewed(files, &store_error, &texts_error), files);
	snprintf(path, sizeof path, "%s/pages/logout.html", share);
	spoil(path);
	add_secret(NEW);
	files = renewed(files, &store_error, &texts_error);
	assert_string_equal(store_error.text, "");
	assert_non_null(strstr(texts_error.text, "logout.html"));
	assert_ptr_equal(strstr(texts_error.text, "/m.conf:7: share: "), texts_error.text);
	assert_int_equal(versions_of(files), 2);
	assert_ptr_equal(files->pages[PAGE_LOGOUT], page);
	/* It is looked at again, and taken when it is mended. */
	before = files;
	files = renewed(files, &store_error, &texts_error);
	assert_ptr_equal(files, before);
	assert_non_null(strstr(texts_error.text, "logout.html"));
	copy("pages", "logout.html");
	files = renewed(files, &store_error, &texts_error);
	assert_string_equal(texts_error.text, "");
	assert_ptr_not_equal(files, before);
	assert_int_equal(versions_of(files), 2);
	files_drop(&files);
}

static void a_file_that_pages_share_is_read_again(void **unused)
{
	struct error store_error, texts_error;
	struct files *files = files_load(&settings, NULL), *before = files;
	struct buffer html = BUFFER_INIT(64 * 1024);
	char path[160];

	(void)unused;
	snprintf(path, sizeof path, "%s/pages/foot.html", share);
	assert_int_equal(file_replace(path, "ours", 4, 0644, NULL), 0);
	files = renewed(files, &store_error, &texts_error);
	assert_ptr_not_equal(files, before);
	for (size_t i = 0; i < PAGE_COUNT; i++) {
		buffer_clear(&html);
		page_render(files->pages[i], langs_choose(files->langs, "en"),
			(const struct page_value[]){{0}}, &html);
		assert_string_equal(html.data + html.length - 5, "ours\n");
	}
	buffer_release(&html);
	spoil(path);
	before = files;
	files = renewed(files, &store_error, &texts_error);
	assert_ptr_equal(files, before);
	assert_non_null(strstr(texts_error.text, "foot.html:"));
	copy("pages", "foot.html");
	files_drop(&files);
}

static void a_broken_store_keeps_no_page_from_being_read(void **unused)
{
	struct error store_error, texts_error;
	struct files *files = files_load(&settings, NULL);
	const struct store *store = files->store;

	(void)unused;
	spoil(store_path);
	copy("pages", "logout.html");
	files = renewed(files, &store_error, &texts_error);
	assert_non_null(strstr(store_error.text, store_path));
	assert_string_equal(texts_error.text, "");
	assert_ptr_equal(files->store, store);
	files_drop(&files);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, take_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_renewal_under_way_ends_with_its_value_in_the_store),
		TEST(a_lease_outlasts_the_platforms_timeout),
		TEST(what_another_process_renewed_is_not_sent_again),
		TEST(who_has_an_unsaved_value_keeps_the_lease),
		TEST(a_broken_page_keeps_no_secret_from_being_read),
		TEST(a_file_that_pages_share_is_read_again),
		TEST(a_broken_store_keeps_no_page_from_being_read),
	};
	int failed;

	uv_loop_init(&loop);
	worker_setup(&loop, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	uv_loop_close(&loop);
	return failed;
}
