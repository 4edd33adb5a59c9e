/* SPDX-License-Identifier: MIT
 *
 * The site of request_fixture.h: a process as main.c makes it, with a memory state that answers in
 * a later turn of the loop and can be broken, a clock that can be put forward, a log that is kept,
 * and other hosts on the same loop.
 *
 * clock_…() and sink_…() stand here in the place of base/clock.c and telemetry/sink.c, and fsync()
 * in that of libc: no site outlives its test, and on a busy disk each one would wait for seconds.
 */
#include "request_site.h"

#include "base/clock.h"
#include "base/fiber.h"
#include "base/file.h"
#include "state/driver.h"
#include "telemetry/sink.h"
#include "join/exchange.h"
#include "routes.h"

#include <curl/curl.h>
#include <ftw.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LOG_MAX = 256 * 1024,
	NAMES_MAX = 4096,
	ANSWERS_MAX = 64,
	WORKERS = 16,
	PATIENCE_S = 120,
	WAITING_MAX = 4096
};

static struct {
	uv_loop_t loop;
	struct outbound *outbound;
	struct server server;
	char folder[64], conf[96], store[96], store_key[96], closed[64];
} site;

/* Both registries have to come from the objects beside this one, which have the mocks, and the
 * linker takes what is asked for first. */
__attribute__((used)) static const void *const registries[] = {auth_at, platform_at};

_Thread_local volatile bool site_runs_test; /* calloc() reads it in faults_test.c */

/* The peer's callbacks run in a turn of the program's loop. */
static bool enter_test(void)
{
	bool before = site_runs_test;

	site_runs_test = true;
	return before;
}

/* ---- the disk ---- */

int fsync(int fd)
{
	(void)fd;
	return 0;
}

/* ---- clocks ---- */

/* How far ahead they are; workers read them, too. */
static atomic_int_fast64_t wall_ahead_s, monotonic_ahead_s;

static int64_t milliseconds(clockid_t clock, int64_t ahead_s)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return ((int64_t)now.tv_sec + ahead_s) * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall(void)
{
	return milliseconds(CLOCK_REALTIME, wall_ahead_s) / 1000;
}

int64_t clock_wall_ms(void)
{
	return milliseconds(CLOCK_REALTIME, wall_ahead_s);
}

int64_t clock_boot_ms(void)
{
	return milliseconds(CLOCK_BOOTTIME, wall_ahead_s);
}

int64_t clock_monotonic_ms(void)
{
	return milliseconds(CLOCK_MONOTONIC, monotonic_ahead_s);
}

void later(int64_t seconds)
{
	wall_ahead_s += seconds;
}

void wait_out(int64_t seconds)
{
	monotonic_ahead_s += seconds;
}

int64_t site_now(void)
{
	return clock_wall();
}

/* ---- the log ---- */

static struct {
	pthread_mutex_t lock;
	size_t length;
	char text[LOG_MAX];
} lines = {.lock = PTHREAD_MUTEX_INITIALIZER};

void sink_put(const char *line, size_t length)
{
	pthread_mutex_lock(&lines.lock);
	if (length < LOG_MAX - lines.length) {
		memcpy(lines.text + lines.length, line, length);
		lines.length += length;
		lines.text[lines.length] = '\0';
	}
	pthread_mutex_unlock(&lines.lock);
}

void sink_flush(void)
{
}

void site_forget_log(void)
{
	pthread_mutex_lock(&lines.lock);
	lines.length = 0;
	lines.text[0] = '\0';
	pthread_mutex_unlock(&lines.lock);
}

const char *site_log(void)
{
	return lines.text;
}

/* ---- the state ---- */

static const struct state_driver *memory;
static char broken_reads[16], broken_changes[16];
static struct state_name names[NAMES_MAX]; /* all that was ever changed */
static size_t name_count;

static void remember_name(const struct state_name *name)
{
	for (size_t i = 0; i < name_count; i++)
		if (memcmp(&names[i], name, sizeof *name) == 0)
			return;
	if (name_count < NAMES_MAX)
		names[name_count++] = *name;
}

/* Each question waits for a later turn of the loop, as with a state on another machine. */
static struct {
	uv_timer_t turn;
	struct fiber *waiting[WAITING_MAX];
	size_t count;
} questions;

static void on_later_turn(uv_timer_t *timer)
{
	struct fiber *waiting[WAITING_MAX];
	size_t count = questions.count;

	(void)timer;
	memcpy(waiting, questions.waiting, sizeof waiting);
	questions.count = 0;
	for (size_t i = 0; i < count; i++)
		fiber_wake(waiting[i]);
}

/* The tests run on a fiber's stack here, which cmocka's longjmp() must not leave. */
static void wait_for_answer(void)
{
	if (fiber_self() == NULL || questions.count >= WAITING_MAX) {
		fprintf(stderr, "a question to the state that cannot wait: asked on no fiber\n");
		abort();
	}
	questions.waiting[questions.count++] = fiber_self();
	uv_timer_start(&questions.turn, on_later_turn, 0, 0);
	fiber_wait();
}

static int change(
	struct state *state, const struct state_change *changes, size_t count, int64_t now_us)
{
	wait_for_answer();
	for (size_t i = 0; i < count; i++)
		if (strchr(broken_changes, changes[i].name->bytes[0]) != NULL)
			return -1;
	for (size_t i = 0; i < count; i++)
		remember_name(changes[i].name);
	return memory->change(state, changes, count, now_us);
}

static int read_entries(struct state *state, const struct state_name *wanted, size_t count,
	struct state_value *values_r)
{
	wait_for_answer();
	for (size_t i = 0; i < count; i++)
		if (strchr(broken_reads, wanted[i].bytes[0]) != NULL)
			return -1;
	return memory->read(state, wanted, count, values_r);
}

static int usage(struct state *state, struct state_usage *usage)
{
	return broken_reads[0] != '\0' ? -1 : memory->usage(state, usage);
}

static bool reachable(struct state *state)
{
	(void)state;
	return broken_reads[0] == '\0' && broken_changes[0] == '\0';
}

static void open_state(void)
{
	static struct state_driver driver;
	struct state *state = state_open(&(struct state_options){.address = "memory:"}, NULL);

	assert_non_null(state);
	memory = state->driver;
	driver = *memory;
	driver.change = change;
	driver.read = read_entries;
	driver.usage = usage;
	driver.reachable = reachable;
	state->driver = &driver;
	site.server.state = state;
	name_count = 0;
	state_break("", "");
}

void state_break(const char *reads, const char *changes)
{
	snprintf(broken_reads, sizeof broken_reads, "%s", reads);
	snprintf(broken_changes, sizeof broken_changes, "%s", changes);
}

unsigned state_count(const char *kind)
{
	struct state *state = site.server.state;
	int64_t now_us = state_time(state, clock_wall_ms() * 1000);
	struct state_value value;
	unsigned count = 0;

	for (size_t i = 0; i < name_count; i++)
		if (names[i].bytes[0] == (uint8_t)kind[0] &&
			memory->read(state, &names[i], 1, &value) == 0 && value.is_found &&
			!state_is_expired(names[i].bytes[0], value.value, now_us))
			count++;
	return count;
}

/* ---- other hosts ---- */

struct connection {
	uv_tcp_t handle;
	uv_write_t write;
	char *answer;
	size_t length;
	bool hangs;
	char text[64 * 1024];
	struct connection *next;
};

struct seen {
	struct seen *next;
	char text[];
};

static struct {
	uv_tcp_t listener;
	char address[64];
	struct {
		int status;
		char *target, *headers, *body;
		char *(*make)(const char *request);
	} answers[ANSWERS_MAX];
	size_t count;
	struct seen *seen; /* the last one first */
	struct connection *connections;
} peer;

/* The target behind "GET " or "POST ". */
static bool is_for(const char *text, const char *target)
{
	const char *blank = strchr(text, ' ');

	return blank != NULL && strncmp(blank + 1, target, strlen(target)) == 0;
}

void peer_says(const char *target, int status, const char *headers, const char *body)
{
	assert_true(peer.count < ANSWERS_MAX);
	peer.answers[peer.count].status = status;
	peer.answers[peer.count].target = strdup(target);
	peer.answers[peer.count].headers = strdup(headers);
	peer.answers[peer.count++].body = strdup(body);
}

void peer_makes(const char *target, const char *headers, char *(*make)(const char *request))
{
	peer_says(target, 200, headers, "");
	peer.answers[peer.count - 1].make = make;
}

unsigned peer_requests(const char *target)
{
	unsigned count = 0;

	for (const struct seen *seen = peer.seen; seen != NULL; seen = seen->next)
		count += is_for(seen->text, target);
	return count;
}

const char *peer_last(const char *target)
{
	for (const struct seen *seen = peer.seen; seen != NULL; seen = seen->next)
		if (is_for(seen->text, target))
			return seen->text;
	fail_msg("no request for %s came", target);
	return NULL;
}

const char *peer_address(void)
{
	return peer.address;
}

void wait_for_peer(const char *target, unsigned count)
{
	while (peer_requests(target) < count)
		site_turn();
}

static void free_connection(uv_handle_t *handle)
{
	struct connection *connection = handle->data, **at = &peer.connections;

	while (*at != connection)
		at = &(*at)->next;
	*at = connection->next;
	free(connection->answer);
	free(connection);
}

static void close_connection(struct connection *connection)
{
	if (!uv_is_closing((uv_handle_t *)&connection->handle))
		uv_close((uv_handle_t *)&connection->handle, free_connection);
}

static void on_written(uv_write_t *write, int status)
{
	(void)status;
	close_connection(write->data);
}

static void write_answer(
	struct connection *connection, int status, const char *headers, const char *body)
{
	uv_buf_t bytes;
	int length = asprintf(&connection->answer,
		"HTTP/1.1 %d Said\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s", status,
		strlen(body), headers, body);

	assert_true(length > 0);
	bytes = uv_buf_init(connection->answer, (unsigned)length);
	connection->write.data = connection;
	uv_write(&connection->write, (uv_stream_t *)&connection->handle, &bytes, 1, on_written);
}

static void write_made(struct connection *connection, size_t index, const char *request)
{
	char *body = peer.answers[index].make(request);

	write_answer(connection, 200, peer.answers[index].headers, body);
	free(body);
}

void peer_goes_on(int status, const char *headers, const char *body)
{
	for (struct connection *at = peer.connections; at != NULL; at = at->next) {
		if (at->hangs && !uv_is_closing((uv_handle_t *)&at->handle))
			write_answer(at, status, headers, body);
		at->hangs = false;
	}
}

static void answer_request(struct connection *connection)
{
	struct seen *seen = calloc(1, sizeof *seen + connection->length + 1);

	memcpy(seen->text, connection->text, connection->length);
	seen->next = peer.seen;
	peer.seen = seen;
	connection->length = 0;
	for (size_t i = peer.count; i-- > 0;) {
		if (!is_for(seen->text, peer.answers[i].target))
			continue;
		if (peer.answers[i].make != NULL)
			write_made(connection, i, seen->text);
		else if (peer.answers[i].status > 0)
			write_answer(connection, peer.answers[i].status, peer.answers[i].headers,
				peer.answers[i].body);
		else if (peer.answers[i].status == PEER_HANGS_UP)
			close_connection(connection);
		else
			connection->hangs = true;
		return;
	}
	write_answer(connection, 404, "", "the test says nothing about this");
}

static bool is_whole(const struct connection *connection)
{
	const char *end = strstr(connection->text, "\r\n\r\n");
	const char *length = strcasestr(connection->text, "\r\nContent-Length:");
	size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;

	return end != NULL && connection->length >= (size_t)(end + 4 - connection->text) + body;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *bytes)
{
	struct connection *connection = handle->data;

	(void)suggested;
	*bytes = uv_buf_init(connection->text + connection->length,
		(unsigned)(sizeof connection->text - 1 - connection->length));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *bytes)
{
	struct connection *connection = stream->data;

	(void)bytes;
	if (got < 0) {
		close_connection(connection);
		return;
	}
	connection->length += (size_t)got;
	connection->text[connection->length] = '\0';
	if (is_whole(connection)) {
		bool before = enter_test();

		answer_request(connection);
		site_runs_test = before;
	}
}

static void on_connection(uv_stream_t *listener, int status)
{
	bool before = enter_test();
	struct connection *connection = calloc(1, sizeof *connection);

	site_runs_test = before;
	assert_int_equal(status, 0);
	uv_tcp_init(&site.loop, &connection->handle);
	connection->handle.data = connection;
	connection->next = peer.connections;
	peer.connections = connection;
	assert_int_equal(uv_accept(listener, (uv_stream_t *)&connection->handle), 0);
	uv_unref((uv_handle_t *)&connection->handle);
	uv_read_start((uv_stream_t *)&connection->handle, on_alloc, on_read);
}

static unsigned port_of(const uv_tcp_t *handle)
{
	struct sockaddr_in address;
	int length = sizeof address;

	assert_int_equal(uv_tcp_getsockname(handle, (struct sockaddr *)&address, &length), 0);
	return ntohs(address.sin_port);
}

static void bind_to_loopback(uv_tcp_t *handle)
{
	struct sockaddr_in address;

	uv_ip4_addr("127.0.0.1", 0, &address);
	assert_int_equal(uv_tcp_init(&site.loop, handle), 0);
	assert_int_equal(uv_tcp_bind(handle, (struct sockaddr *)&address, 0), 0);
	uv_unref((uv_handle_t *)handle);
}

static uv_tcp_t deaf; /* bound and not listening: who connects is refused */

static void open_peer(void)
{
	memset(&peer, 0, sizeof peer);
	bind_to_loopback(&peer.listener);
	assert_int_equal(uv_listen((uv_stream_t *)&peer.listener, 64, on_connection), 0);
	snprintf(peer.address, sizeof peer.address, "http://127.0.0.1:%u", port_of(&peer.listener));
	bind_to_loopback(&deaf);
	snprintf(site.closed, sizeof site.closed, "http://127.0.0.1:%u", port_of(&deaf));
}

static void close_peer(void)
{
	uv_close((uv_handle_t *)&peer.listener, NULL);
	uv_close((uv_handle_t *)&deaf, NULL);
	for (struct connection *at = peer.connections; at != NULL; at = at->next)
		close_connection(at);
}

static void forget_peer(void)
{
	for (size_t i = 0; i < peer.count; i++) {
		free(peer.answers[i].target);
		free(peer.answers[i].headers);
		free(peer.answers[i].body);
	}
	while (peer.seen != NULL) {
		struct seen *seen = peer.seen;

		peer.seen = seen->next;
		free(seen);
	}
}

/* ---- the files ---- */

static const char *srcdir(void)
{
	const char *folder = getenv("srcdir");

	return folder != NULL ? folder : ".";
}

const char *site_file(const char *name, const char *text)
{
	static char path[160];
	struct error error;

	snprintf(path, sizeof path, "%s/%s", site.folder, name);
	if (file_replace(path, text, strlen(text), 0600, &error) != 0)
		fail_msg("%s", error.text);
	return path;
}

/* Each sentence says its key and what it names. */
static void name_sentences(json_t *sentences)
{
	const char *key;
	json_t *sentence;
	void *next;

	json_object_foreach_safe(sentences, next, key, sentence)
	{
		struct buffer text = BUFFER_INIT(4096);
		const char *at = json_string_value(sentence);

		buffer_printf(&text, "(%s)", key);
		while ((at = strchr(at, '{')) != NULL) {
			size_t length = strcspn(at, ",}");
			bool is_plural = at[length] == ',';

			buffer_text(&text, " ");
			buffer_append(&text, at, length);
			buffer_text(&text, "}");
			at = is_plural ? "" : at + length;
		}
		json_object_set_new(sentences, key, json_string(text.data));
		buffer_release(&text);
	}
}

static void make_share(void)
{
	char path[4200], pages[4200], *text;
	json_t *sentences;

	snprintf(path, sizeof path, "%s/share/lang/en.json", srcdir());
	sentences = json_load_file(path, 0, NULL);
	assert_non_null(sentences);
	name_sentences(sentences);
	text = json_dumps(sentences, JSON_INDENT(1));
	json_decref(sentences);
	snprintf(path, sizeof path, "%s/lang", site.folder);
	assert_int_equal(mkdir(path, 0755), 0);
	site_file("lang/en.json", text);
	site_file("lang/ar.json", text);
	site_file("lang/pt-BR.json", text);
	free(text);
	snprintf(path, sizeof path, "%s/share/pages", srcdir());
	assert_non_null(realpath(path, pages));
	snprintf(path, sizeof path, "%s/pages", site.folder);
	assert_int_equal(symlink(pages, path), 0);
}

void site_language(const char *code)
{
	struct buffer text = BUFFER_INIT(256 * 1024);
	struct error error = {0};
	char path[4200];

	snprintf(path, sizeof path, "%s/share/lang/%s.json", srcdir(), code);
	if (file_read_text(path, FILE_PUBLIC, &text, &error) != 0)
		fail_msg("%s", error.text);
	snprintf(path, sizeof path, "lang/%s.json", code);
	site_file(path, text.data);
	buffer_release(&text);
}

void site_secret(const char *name, const char *value)
{
	struct secret *secret = secret_new(value, strlen(value));
	struct error error;
	unsigned version;

	if (store_set(site.store, site.store_key, name, secret, 0, &version, &error) != 0)
		fail_msg("%s", error.text);
	secret_free(&secret);
}

/* ---- the configuration ---- */

static void append_filled(struct buffer *text, const char *from)
{
	const struct {
		const char *name, *value;
	} rows[] = {{"@api@", peer.address}, {"@closed@", site.closed}, {"@folder@", site.folder}};

	while (*from != '\0') {
		size_t i = 0, count = sizeof rows / sizeof *rows;

		while (i < count && strncmp(from, rows[i].name, strlen(rows[i].name)) != 0)
			i++;
		if (i < count)
			buffer_text(text, rows[i].value);
		else
			buffer_append(text, from, 1);
		from += i < count ? strlen(rows[i].name) : 1;
	}
}

static void write_configuration(const char *options, const char *sections)
{
	struct buffer text = BUFFER_INIT(1 << 16);

	buffer_printf(&text,
		"base-url = \"" ORIGIN MOUNT "\"\nstore = \"%s\"\nstore-key = \"%s\"\n"
		"state = \"memory:\"\nshare = \"%s\"\n",
		site.store, site.store_key, site.folder);
	append_filled(&text, options);
	buffer_text(&text, "\n");
	append_filled(&text, sections);
	assert_false(text.failed);
	site_file("conf", text.data);
	buffer_release(&text);
}

const char *site_try_reload(void)
{
	static struct error error;
	struct service *service = service_load(site.conf, &error);

	if (service == NULL)
		return error.text;
	service_connect(service, site.outbound);
	service_drop(&site.server.service);
	site.server.service = service;
	return NULL;
}

void site_reload(void)
{
	const char *why = site_try_reload();

	if (why != NULL)
		fail_msg("%s", why);
}

void site_load(const char *options, const char *sections)
{
	write_configuration(options, sections);
	site_reload();
}

const char *site_refusal(const char *options, const char *sections)
{
	static struct error error;
	struct service *service;

	write_configuration(options, sections);
	service = service_load(site.conf, &error);
	if (service != NULL)
		fail_msg("taken: %s%s", options, sections);
	return error.text;
}

/* ---- the process ---- */

void site_upkeep(void)
{
	site.server.upkeep = upkeep_new(&site.loop, site.server.state, &site.server.service);
	assert_non_null(site.server.upkeep);
}

void site_receive(int fd, struct request *request)
{
	site_runs_test = false;
	visit_begin(&site.server, &(struct reply){.fd = fd, .request_id = 1}, request);
	site_runs_test = true;
}

void site_turn(void)
{
	site_runs_test = false;
	exchange_claim_all(&site.server);
	uv_run(&site.loop, UV_RUN_ONCE);
	exchange_claim_all(&site.server);
	site_runs_test = true;
}

unsigned site_in_flight(void)
{
	return site.server.in_flight;
}

void site_drain(void)
{
	site.server.draining = true;
}

void site_settle(void)
{
	do
		exchange_claim_all(&site.server);
	while (uv_run(&site.loop, UV_RUN_NOWAIT) != 0);
}

static void start_once(void)
{
	static bool started;

	if (started)
		return;
	started = true;
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	assert_int_equal(secret_init(NULL), 0);
}

int site_up(void **state)
{
	struct error error = {""};

	(void)state;
	start_once();
	site_runs_test = true;
	alarm(PATIENCE_S);
	memset(&site, 0, sizeof site);
	wall_ahead_s = monotonic_ahead_s = 0;
	snprintf(site.folder, sizeof site.folder, "/tmp/meetauth-request-XXXXXX");
	assert_non_null(mkdtemp(site.folder));
	snprintf(site.conf, sizeof site.conf, "%s/conf", site.folder);
	snprintf(site.store, sizeof site.store, "%s/store", site.folder);
	snprintf(site.store_key, sizeof site.store_key, "%s/store.key", site.folder);
	assert_int_equal(store_init(site.store, site.store_key, &error), 0);
	make_share();
	uv_loop_init(&site.loop);
	worker_setup(&site.loop, WORKERS);
	site.outbound = outbound_new(&site.loop);
	site.server.loop = &site.loop;
	site.server.routes = &routes;
	site.server.most_in_flight = 1000;
	open_state();
	uv_timer_init(&site.loop, &questions.turn);
	fibers_begin();
	open_peer();
	site_forget_log();
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

/* As main() ends. */
int site_down(void **state)
{
	(void)state;
	state_break("", "");
	close_peer();
	while (site.server.in_flight > 0)
		site_turn();
	browsers_down();
	upkeep_free(&site.server.upkeep);
	service_drop(&site.server.service);
	outbound_free(&site.outbound);
	uv_close((uv_handle_t *)&questions.turn, NULL);
	uv_run(&site.loop, UV_RUN_DEFAULT);
	fibers_end();
	assert_int_equal(uv_loop_close(&site.loop), 0);
	site.server.state->driver = memory;
	state_close(&site.server.state);
	forget_peer();
	alarm(0);
	return nftw(site.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
