/* SPDX-License-Identifier: MIT
 *
 * The log (attacks A60 and A67: what somebody sends must not forge, break or swell a line) and the
 * metrics of a pool.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- standard error, caught ---- */

static int saved_stderr = -1;

static void catch (int fd)
{
	log_flush();
	saved_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
}

static void let_go(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
}

/* What was logged since catch() to a file. */
static char *written(int fd)
{
	struct stat st;
	char *text;

	assert_int_equal(fstat(fd, &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	assert_int_equal(pread(fd, text, (size_t)st.st_size, 0), st.st_size);
	return text;
}

static int temporary_file(void)
{
	char path[] = "/tmp/telemetry_test.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

/* One line with one value, as it comes out; the caller frees it. */
static char *line_with(enum log_format format, const char *value)
{
	struct log_line line;
	int fd = temporary_file();
	char *text;

	log_setup(LOG_TO_STDERR, format);
	catch (fd);
	log_begin(&line, LOG_LEVEL_INFO, "join");
	log_text(&line, "user", value);
	log_number(&line, "n", 7);
	log_end(&line);
	log_flush();
	let_go();
	text = written(fd);
	close(fd);
	return text;
}

/* ---- the log ---- */

static void a_line_is_logfmt(void **arg)
{
	char *text = line_with(LOG_AS_LOGFMT, "alice");
	int year, month, day, hour, minute, second, ms, end = 0;

	(void)arg;
	assert_int_equal(sscanf(text, "time=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day,
				 &hour, &minute, &second, &ms, &end),
		7);
	assert_int_equal(end, 30);
	assert_in_range(year, 2020, 3000);
	assert_string_equal(text + end, "level=info event=join user=alice n=7\n");
	free(text);
}

static void the_time_is_now(void **arg)
{
	struct tm tm = {0};
	int64_t before = clock_wall();
	char *text = line_with(LOG_AS_LOGFMT, "x");
	const char *rest = strptime(text, "time=%Y-%m-%dT%H:%M:%S", &tm);

	(void)arg;
	assert_non_null(rest);
	assert_in_range(timegm(&tm), before, clock_wall());
	free(text);
}

static void logfmt_values_are_escaped(void **arg)
{
	static const struct {
		const char *value, *field;
	} cases[] = {
		{"a@b.example", "user=a@b.example"},
		{"", "user=\"\""},
		{"a b", "user=\"a b\""},
		{"a=b", "user=\"a=b\""},
		{"a\"b\\c", "user=\"a\\\"b\\\\c\""},
		{"x\nevent=join result=ok", "user=\"x\\nevent=join result=ok\""},
		{"a\r\tb", "user=\"a\\r\\tb\""},
		{"\033[2J", "user=\"\\u001b[2J\""},
		{"\177", "user=\"\\u007f\""},
		{"\xc3\xa9t\xc3\xa9", "user=\"\xc3\xa9t\xc3\xa9\""},
		{"\xf0\x9f\x98\x80", "user=\"\xf0\x9f\x98\x80\""},
		{"\xc2\x9b"
		 "31m",
			"user=\"\\u009b31m\""},	      /* CSI in one character */
		{"\xe2\x80\xa8", "user=\"\\u2028\""}, /* line separator */
		{"\xe2\x80\xae", "user=\"\\u202e\""}, /* right-to-left override */
		{"\xff"
		 "a\xc0\xaf",
			"user=\"\xef\xbf\xbd"
			"a\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xed\xa0\x80", "user=\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* surrogate */
		{"\xc3", "user=\"\xef\xbf\xbd\""}, /* ends in the middle */
		{"%s%n%x", "user=%s%n%x"},
	};

	(void)arg;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *text = line_with(LOG_AS_LOGFMT, cases[i].value);
		char expected[256];

		snprintf(expected, sizeof expected, " event=join %s n=7\n", cases[i].field);
		assert_string_equal(strstr(text, " event="), expected);
		free(text);
	}
}

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (json == NULL)
		print_error("%s in %s\n", error.text, text);
	assert_non_null(json);
	return json;
}

static void json_keeps_the_value(void **arg)
{
	static const char *const values[] = {"alice", "", "a b=c", "\"\\/", "x\ny\r\t\x01\033\177",
		"\xc3\xa9\xf0\x9f\x98\x80", "\xc2\x9b\xe2\x80\xa8\xe2\x81\xa6", "{\"a\":1}"};

	(void)arg;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		char *text = line_with(LOG_AS_JSON, values[i]);
		json_t *json = parse(text);

		assert_string_equal(json_string_value(json_object_get(json, "user")), values[i]);
		assert_string_equal(json_string_value(json_object_get(json, "event")), "join");
		assert_string_equal(json_string_value(json_object_get(json, "level")), "info");
		assert_non_null(json_string_value(json_object_get(json, "time")));
		assert_int_equal(json_integer_value(json_object_get(json, "n")), 7);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		json_decref(json);
		free(text);
	}
}

static void long_values_are_cut_between_characters(void **arg)
{
	char *value = malloc(1000001), *text;
	json_t *json;

	(void)arg;
	memset(value, 'a', 1000000);
	value[1000000] = '\0';
	memcpy(value + 510, "\xe2\x82\xac", 3); /* bytes 510 to 512: one too many */
	text = line_with(LOG_AS_JSON, value);
	json = parse(text);
	value[510] = '\0';
	assert_string_equal(json_string_value(json_object_get(json, "user")), value);
	assert_null(json_object_get(json, "cut"));
	json_decref(json);
	free(text);
	memset(value, 'b', 512);
	value[512] = '\0';
	text = line_with(LOG_AS_LOGFMT, value);
	assert_non_null(strstr(text, value));
	free(text);
	free(value);
}

/* Every fill level of a line: never too long, always whole, always says that something is missing.
 */
static void full_lines_stay_valid(void **arg)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)arg;
	for (size_t length = 0; length < 512; length += 3) {
		struct log_line line;
		char value[513], key[16];
		json_t *json;

		memset(value, '\033', length); /* six bytes each */
		value[length] = '\0';
		log_setup(LOG_TO_STDERR, LOG_AS_JSON);
		log_begin(&line, LOG_LEVEL_ERROR, "fill");
		for (int i = 0; i < 30; i++) {
			snprintf(key, sizeof key, "key%d", i);
			log_text(&line, key, value);
			snprintf(key, sizeof key, "n%d", i);
			log_number(&line, key, INT64_MIN);
		}
		assert_true(line.length <= LOG_LINE_MAX);
		assert_true(line.full || 30 * 6 * length < LOG_LINE_MAX);
		catch (open("/dev/null", O_WRONLY | O_CLOEXEC));
		log_end(&line);
		log_flush();
		let_go();
		assert_true(line.length <= LOG_LINE_MAX);
		assert_int_equal(line.text[line.length - 1], '\n');
		line.text[line.length - 1] = '\0';
		json = parse(line.text);
		assert_int_equal(json_is_true(json_object_get(json, "cut")), line.full);
		assert_true(json_integer_value(json_object_get(json, "n0")) == INT64_MIN);
		json_decref(json);
	}
	close(null);
}

static void numbers_are_written_whole(void **arg)
{
	struct log_line line;

	(void)arg;
	log_setup(LOG_TO_STDERR, LOG_AS_LOGFMT);
	log_begin(&line, LOG_LEVEL_DEBUG, "n");
	log_number(&line, "a", 0);
	log_number(&line, "b", -1);
	log_number(&line, "c", INT64_MAX);
	log_number(&line, "d", INT64_MIN);
	log_text(&line, "e", NULL);
	assert_non_null(memmem(line.text, line.length,
		"level=debug event=n a=0 b=-1 c=9223372036854775807 d=-9223372036854775808", 73));
	assert_int_equal(line.text[line.length - 1], '8');
}

static void messages_are_escaped_and_keep_errno(void **arg)
{
	int fd = temporary_file();
	char *text;

	(void)arg;
	log_setup(LOG_TO_STDERR, LOG_AS_LOGFMT);
	catch (fd);
	errno = ENOTDIR;
	log_message(LOG_LEVEL_WARNING, "config", "%s: bad\n%s", "a.conf", "x=\"1\"");
	assert_int_equal(errno, ENOTDIR);
	let_go();
	text = written(fd);
	assert_non_null(
		strstr(text, "level=warning event=config message=\"a.conf: bad\\nx=\\\"1\\\"\"\n"));
	free(text);
	close(fd);
}

static void log_lines(int count)
{
	struct log_line line;

	for (int i = 0; i < count; i++) {
		log_begin(&line, LOG_LEVEL_INFO, "flood");
		log_number(&line, "i", i);
		log_text(&line, "filler", "................................................");
		log_end(&line);
	}
	log_flush();
}

static uint64_t metric_value(const char *series)
{
	struct buffer text = BUFFER_INIT(1 << 20);
	size_t length = strlen(series);
	uint64_t value = UINT64_MAX;

	metrics_print(&text);
	assert_false(text.failed);
	for (char *line = text.data; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1)
		if (strncmp(line, series, length) == 0 && line[length] == ' ')
			value = strtoull(line + length + 1, NULL, 10);
	buffer_release(&text);
	return value;
}

static uint64_t drain(int fd)
{
	char chunk[65536];
	uint64_t lines = 0;
	ssize_t got;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((got = read(fd, chunk, sizeof chunk)) > 0)
		for (ssize_t i = 0; i < got; i++)
			lines += chunk[i] == '\n';
	return lines;
}

/* Nobody reads: it must not block, nor change the mode of a descriptor that others share, and what
 * is dropped is counted. Afterwards it goes on. */
static void check_full_target(const int ends[2])
{
	uint64_t dropped = metric_value("meetauth_log_lines_dropped_total"), lines = 0, more, last;
	int flags;

	catch (ends[1]); /* no assertion until let_go(): it would be written there */
	alarm(60);	 /* blocking would be for ever */
	log_lines(20000);
	alarm(0);
	flags = fcntl(STDERR_FILENO, F_GETFL);
	while ((more = drain(ends[0])) > 0) {
		lines += more;
		log_flush();
	}
	log_lines(1);
	last = drain(ends[0]);
	let_go();
	dropped = metric_value("meetauth_log_lines_dropped_total") - dropped;
	assert_int_equal(flags & O_NONBLOCK, 0);
	assert_true(dropped > 0);
	assert_int_equal(lines + dropped, 20000);
	assert_int_equal(last, 1);
}

static void a_full_pipe_does_not_block(void **arg)
{
	int ends[2];

	(void)arg;
	assert_int_equal(pipe(ends), 0);
	check_full_target(ends);
	close(ends[0]);
	close(ends[1]);
}

static void a_full_socket_does_not_block(void **arg)
{
	int ends[2], small = 8192;

	(void)arg;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	check_full_target(ends);
	close(ends[0]);
	close(ends[1]);
}

static void a_gone_reader_drops_all(void **arg)
{
	uint64_t dropped = metric_value("meetauth_log_lines_dropped_total");
	int ends[2];

	(void)arg;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	catch (ends[1]);
	log_lines(3);
	let_go();
	close(ends[1]);
	assert_int_equal(metric_value("meetauth_log_lines_dropped_total"), dropped + 3);
}

static void *log_in_thread(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++)
		log_lines(50);
	return NULL;
}

static void lines_of_threads_do_not_mix(void **arg)
{
	pthread_t threads[4];
	int fd = temporary_file(), lines = 0;
	char *text;

	(void)arg;
	catch (fd);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_in_thread, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	log_flush();
	let_go();
	text = written(fd);
	for (char *line = text; *line != '\0'; line = strchr(line, '\n') + 1, lines++)
		assert_memory_equal(line + 29, " level=info event=flood i=", 26);
	assert_int_equal(lines, 4 * 20 * 50);
	free(text);
	close(fd);
}

/* ---- the metrics ---- */

struct place {
	char folder[64];
};

static int set_up(void **arg)
{
	struct place *place = calloc(1, sizeof *place);

	snprintf(place->folder, sizeof place->folder, "/tmp/telemetry_test.XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	*arg = place;
	return 0;
}

static int tear_down(void **arg)
{
	static const char *const names[] = {"metrics", "metrics.lock", "metrics.tmp"};
	struct place *place = *arg;
	char path[128];

	metrics_close();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", place->folder, names[i]);
		unlink(path);
	}
	rmdir(place->folder);
	free(place);
	return 0;
}

static void open_or_fail(const char *folder)
{
	struct error error = {""};

	if (metrics_open(folder, &error) != 0)
		print_error("%s\n", error.text);
	assert_string_equal(error.text, "");
}

static void counting_needs_no_file(void **arg)
{
	uint64_t before = metric_value("meetauth_joins_total{result=\"ok\"}");

	(void)arg;
	assert_int_equal(metrics_open(NULL, NULL), 0);
	metric_count(METRIC_JOIN_OK);
	metric_add(METRIC_JOIN_OK, 4);
	assert_int_equal(metric_value("meetauth_joins_total{result=\"ok\"}"), before + 5);
	assert_int_equal(metric_value("meetauth_processes"), 1);
}

static void what_was_counted_before_is_carried_over(void **arg)
{
	const struct place *place = *arg;
	uint64_t before = metric_value("meetauth_logouts_total");

	metric_count(METRIC_LOGOUT);
	gauge_add(METRIC_IN_FLIGHT, 2);
	metric_observe(METRIC_LOGIN_SECONDS, 300);
	open_or_fail(place->folder);
	assert_int_equal(metric_value("meetauth_logouts_total"), before + 1);
	assert_int_equal(metric_value("meetauth_requests_in_flight"), 2);
	assert_int_equal(metric_value("meetauth_login_duration_seconds_count"), 1);
	gauge_add(METRIC_IN_FLIGHT, -2);
	assert_int_equal(metric_value("meetauth_requests_in_flight"), 0);
	metrics_close();
	assert_int_equal(metric_value("meetauth_logouts_total"), 0);
}

static void histograms_are_cumulative(void **arg)
{
	const struct place *place = *arg;

	open_or_fail(place->folder);
	metric_observe(METRIC_EXCHANGE_SECONDS, -3);
	metric_observe(METRIC_EXCHANGE_SECONDS, 5);
	metric_observe(METRIC_EXCHANGE_SECONDS, 6);
	metric_observe(METRIC_EXCHANGE_SECONDS, 10000);
	metric_observe(METRIC_EXCHANGE_SECONDS, 10001);
#define BUCKET(le) metric_value("meetauth_exchange_duration_seconds_bucket{le=\"" le "\"}")
	assert_int_equal(BUCKET("0.005"), 2);
	assert_int_equal(BUCKET("0.01"), 3);
	assert_int_equal(BUCKET("5"), 3);
	assert_int_equal(BUCKET("10"), 4);
	assert_int_equal(BUCKET("+Inf"), 5);
	assert_int_equal(metric_value("meetauth_exchange_duration_seconds_count"), 5);
	assert_int_equal(metric_value("meetauth_exchange_duration_seconds_sum"), 20); /* 20.012 */
}

/* Each line is a comment or a sample; HELP and TYPE come once, before the first sample of their
 * name. */
static void the_text_is_prometheus(void **arg)
{
	struct buffer text = BUFFER_INIT(1 << 20);
	char name[128] = "", other[128];
	int types = 0, builds = 0;

	(void)arg;
	metrics_print(&text);
	for (char *line = text.data, *end; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		if (sscanf(line, "# TYPE %127s", other) == 1) {
			assert_string_equal(name, other); /* HELP came right before */
			types++;
		} else if (sscanf(line, "# HELP %127s", other) == 1) {
			char twice[160];

			memcpy(name, other, sizeof name);
			snprintf(twice, sizeof twice, "# HELP %s ", name);
			assert_null(strstr(end, twice));
		} else {
			assert_int_equal(strncmp(line, name, strlen(name)), 0);
			assert_int_equal(strspn(memrchr(line, ' ', (size_t)(end - line)) + 1,
						 "0123456789.-"),
				end - (char *)memrchr(line, ' ', (size_t)(end - line)) - 1);
			builds += strncmp(line, "meetauth_build_info{version=\"", 29) == 0;
		}
	}
	assert_true(types > 10);
	assert_int_equal(builds, 1);
	buffer_release(&text);
}

static void a_file_of_another_layout_is_replaced(void **arg)
{
	const struct place *place = *arg;
	char path[128], byte = 'x';
	struct stat st;
	int fd;

	open_or_fail(place->folder);
	metric_count(METRIC_RELOAD_OK);
	metrics_close();
	open_or_fail(place->folder); /* counts stay as long as the layout does */
	assert_int_equal(metric_value("meetauth_reloads_total{result=\"ok\"}"), 1);
	metrics_close();
	snprintf(path, sizeof path, "%s/metrics", place->folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(pwrite(fd, &byte, 1, 0), 1);
	close(fd);
	open_or_fail(place->folder);
	assert_int_equal(metric_value("meetauth_reloads_total{result=\"ok\"}"), 0);
	metrics_close();
	assert_int_equal(truncate(path, 100), 0);
	open_or_fail(place->folder);
	metric_count(METRIC_RELOAD_OK);
	assert_int_equal(metric_value("meetauth_reloads_total{result=\"ok\"}"), 1);
}

static void a_missing_folder_is_an_error(void **arg)
{
	struct error error = {""};

	(void)arg;
	assert_int_equal(metrics_open("/nonexistent/folder", &error), -1);
	assert_non_null(strstr(error.text, "/nonexistent/folder"));
	metric_count(METRIC_JOIN_OK); /* and counting still works */
}

static void opening_twice_is_an_error(void **arg)
{
	const struct place *place = *arg;
	struct error error = {""};

	open_or_fail(place->folder);
	assert_int_equal(metrics_open(place->folder, &error), -1);
	assert_non_null(strstr(error.text, "open already"));
}

static void *count_in_thread(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++) {
		metric_count(METRIC_JOIN_DENIED);
		metric_observe(METRIC_REQUEST_SECONDS, i % 100);
	}
	return NULL;
}

static void counting_in_threads_is_exact(void **arg)
{
	const struct place *place = *arg;
	pthread_t threads[4];

	open_or_fail(place->folder);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_in_thread, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(metric_value("meetauth_joins_total{result=\"denied\"}"), 80000);
	assert_int_equal(metric_value("meetauth_request_duration_seconds_count"), 80000);
	assert_int_equal(
		metric_value("meetauth_request_duration_seconds_sum"), 80000 * 99 / 2 / 1000);
}

/* ---- the metrics of several processes ---- */

enum { CHILDREN = 4, ADDS = 100000 };

struct stage {
	atomic_int ready; /* children that opened the file */
	atomic_int go;
	atomic_int done;
	_Atomic uint64_t killed; /* what the last child had counted for sure */
};

static void wait_for(atomic_int *count, int value)
{
	int64_t deadline = clock_monotonic_ms() + 60000;

	while (atomic_load(count) < value) {
		if (clock_monotonic_ms() > deadline)
			_exit(70);
		usleep(100);
	}
}

/* All open at once, count, and stay until told. The last one goes on counting until it is killed.
 */
static void be_a_child(const char *folder, struct stage *stage, int index)
{
	if (metrics_open(folder, NULL) != 0)
		_exit(71);
	gauge_add(METRIC_IN_FLIGHT, 10 + index);
	atomic_fetch_add(&stage->ready, 1);
	wait_for(&stage->ready, CHILDREN);
	for (int i = 0; i < ADDS; i++)
		metric_count(METRIC_JOIN_OK);
	atomic_fetch_add(&stage->done, 1);
	while (index == CHILDREN - 1) {
		metric_count(METRIC_JOIN_FAILED);
		atomic_fetch_add(&stage->killed, 1);
	}
	wait_for(&stage->go, 1);
	_exit(0);
}

static void a_pool_is_summed_and_the_dead_do_not_count(void **arg)
{
	const struct place *place = *arg;
	struct stage *stage = mmap(
		NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[CHILDREN];
	int status;

	assert_ptr_not_equal(stage, MAP_FAILED);
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			be_a_child(place->folder, stage, i);
	}
	wait_for(&stage->done, CHILDREN);
	open_or_fail(place->folder);
	gauge_add(METRIC_IN_FLIGHT, 1);
	assert_int_equal(metric_value("meetauth_processes"), CHILDREN + 1);
	assert_int_equal(metric_value("meetauth_requests_in_flight"), 10 + 11 + 12 + 13 + 1);

	while (atomic_load(&stage->killed) < 1000)
		usleep(100);
	kill(children[CHILDREN - 1], SIGKILL);
	waitpid(children[CHILDREN - 1], &status, 0);
	assert_int_equal(metric_value("meetauth_joins_total{result=\"ok\"}"), CHILDREN * ADDS);
	assert_in_range(metric_value("meetauth_joins_total{result=\"failed\"}"),
		atomic_load(&stage->killed), atomic_load(&stage->killed) + 1);
	assert_int_equal(metric_value("meetauth_processes"), CHILDREN);
	assert_int_equal(metric_value("meetauth_requests_in_flight"), 10 + 11 + 12 + 1);

	children[CHILDREN - 1] = fork(); /* gets the dead one's slot, and nothing that was in it */
	if (children[CHILDREN - 1] == 0) {
		metrics_close();
		if (metrics_open(place->folder, NULL) != 0)
			_exit(71);
		atomic_fetch_add(&stage->ready, 1);
		wait_for(&stage->go, 1);
		_exit(0);
	}
	wait_for(&stage->ready, CHILDREN + 1);
	assert_int_equal(metric_value("meetauth_processes"), CHILDREN + 1);
	assert_int_equal(metric_value("meetauth_requests_in_flight"), 10 + 11 + 12 + 1);
	atomic_store(&stage->go, 1);
	for (int i = 0; i < CHILDREN; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(metric_value("meetauth_processes"), 1);
	assert_int_equal(metric_value("meetauth_requests_in_flight"), 1);
	gauge_add(METRIC_IN_FLIGHT, -1);
	munmap(stage, sizeof *stage);
}

#define FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_logfmt),
		cmocka_unit_test(the_time_is_now),
		cmocka_unit_test(logfmt_values_are_escaped),
		cmocka_unit_test(json_keeps_the_value),
		cmocka_unit_test(long_values_are_cut_between_characters),
		cmocka_unit_test(full_lines_stay_valid),
		cmocka_unit_test(numbers_are_written_whole),
		cmocka_unit_test(messages_are_escaped_and_keep_errno),
		cmocka_unit_test(a_full_pipe_does_not_block),
		cmocka_unit_test(a_full_socket_does_not_block),
		cmocka_unit_test(a_gone_reader_drops_all),
		cmocka_unit_test(lines_of_threads_do_not_mix),
		cmocka_unit_test(counting_needs_no_file),
		FOLDER(what_was_counted_before_is_carried_over),
		FOLDER(histograms_are_cumulative),
		cmocka_unit_test(the_text_is_prometheus),
		FOLDER(a_file_of_another_layout_is_replaced),
		cmocka_unit_test(a_missing_folder_is_an_error),
		FOLDER(opening_twice_is_an_error),
		FOLDER(counting_in_threads_is_exact),
		FOLDER(a_pool_is_summed_and_the_dead_do_not_count),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
