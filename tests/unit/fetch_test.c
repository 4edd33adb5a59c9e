/* SPDX-License-Identifier: MIT
 *
 * Blocking requests against a server that misbehaves on request.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "outbound/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* -- a server: one thread a connection, behaviour by path -- */

static struct {
	int fd;
	char base[64];
	atomic_int connections, requests;
	char last[8192];
} server;

static const struct {
	const char *path, *answer;
	bool keep;
} answers[] = {
	{"/ok ", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true},
	{"/empty ", "HTTP/1.1 204 No Content\r\n\r\n", true},
	{"/typed ",
		"HTTP/1.1 401 Unauthorized\r\nContent-Type: Application/JSON; charset=utf-8\r\n"
		"WWW-Authenticate: Digest realm=\"a\"\r\nWWW-Authenticate: Bearer\r\n"
		"Cache-Control: public, Max-Age=600\r\nContent-Length: 2\r\n\r\n{}",
		true},
	{"/no-store ",
		"HTTP/1.1 200 OK\r\nCache-Control: max-age=60, no-store\r\nContent-Length: "
		"0\r\n\r\n",
		true},
	{"/odd-age ",
		"HTTP/1.1 200 OK\r\nCache-Control: max-age=-5, s-maxage=9, x\r\n"
		"Content-Length: 0\r\n\r\n",
		true},
	{"/redirect ", "HTTP/1.1 302 Found\r\nLocation: /ok?code=1\r\nContent-Length: 0\r\n\r\n",
		true},
	{"/junk ", "220 smtp.example.org ESMTP\r\n", false},
	{"/short ", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi", false},
	{"/large ", "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n", false},
	{"/headers ", "HTTP/1.1 200 OK\r\n", false},
	{"/hang ", "", true},
	{"/closes ", "", false},
};

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void flood(int fd, const char *piece)
{
	for (size_t i = 0; i < 20000; i++)
		if (write(fd, piece, strlen(piece)) < 0)
			return;
}

/* True while the connection is to be kept. */
static bool answer_to(int fd, int nth)
{
	if (strstr(server.last, "/dies-second ") != NULL) {
		if (nth == 1)
			say(fd, answers[0].answer);
		return nth == 1;
	}
	for (size_t i = 0; i < COUNT(answers); i++) {
		if (strstr(server.last, answers[i].path) == NULL)
			continue;
		say(fd, answers[i].answer);
		if (strcmp(answers[i].path, "/large ") == 0)
			flood(fd, "0123456789012345678901234567890123456789012345678901234567890");
		if (strcmp(answers[i].path, "/headers ") == 0)
			flood(fd, "X-Padding: 0123456789012345678901234567890123456789\r\n");
		return answers[i].keep;
	}
	return false;
}

/* A body of the tests ends with a full stop. */
static bool is_complete(const char *text, size_t length)
{
	return strstr(text, "\r\n\r\n") != NULL &&
	       (strncmp(text, "POST ", 5) != 0 || text[length - 1] == '.');
}

static void *serve_connection(void *argument)
{
	int fd = (int)(intptr_t)argument, nth = 0;
	char text[sizeof server.last];
	size_t length = 0;
	ssize_t got;

	while ((got = read(fd, text + length, sizeof text - 1 - length)) > 0) {
		length += (size_t)got;
		text[length] = '\0';
		if (!is_complete(text, length))
			continue;
		memcpy(server.last, text, length + 1);
		server.requests++;
		if (!answer_to(fd, ++nth))
			break;
		length = 0;
	}
	close(fd);
	return NULL;
}

static void *serve(void *unused)
{
	pthread_attr_t detached;

	(void)unused;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (;;) {
		pthread_t thread;
		int fd = accept(server.fd, NULL, NULL);

		if (fd < 0)
			break;
		server.connections++;
		pthread_create(&thread, &detached, serve_connection, (void *)(intptr_t)fd);
	}
	pthread_attr_destroy(&detached);
	return NULL;
}

static pthread_t accepting;

static int bind_loopback(char base[64])
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(fd, (struct sockaddr *)&address, sizeof address);
	getsockname(fd, (struct sockaddr *)&address, &length);
	snprintf(base, 64, "http://127.0.0.1:%u", ntohs(address.sin_port));
	return fd;
}

static int start_server(void **unused)
{
	(void)unused;
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	server.fd = bind_loopback(server.base);
	listen(server.fd, 64);
	return pthread_create(&accepting, NULL, serve, NULL);
}

static int stop_server(void **unused)
{
	(void)unused;
	shutdown(server.fd, SHUT_RDWR);
	close(server.fd);
	pthread_join(accepting, NULL);
	curl_global_cleanup();
	return 0;
}

/* -- what is tested -- */

struct fixture {
	struct fetch *fetch;
	struct fetch_answer answer;
	struct error error;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	fixture->fetch =
		fetch_new(&(struct fetch_settings){.connect_timeout_ms = 2000, .timeout_ms = 5000});
	server.requests = server.connections = 0;
	*state = fixture;
	return fixture->fetch == NULL;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	fetch_answer_release(&fixture->answer);
	fetch_free(&fixture->fetch);
	free(fixture);
	return 0;
}

/* Sends `request` to `base` and `path`. */
static enum fetch_result send_to(
	struct fixture *fixture, const char *base, const char *path, struct fetch_request request)
{
	char url[256];

	snprintf(url, sizeof url, "%s%s", base, path);
	request.url = url;
	fetch_answer_release(&fixture->answer);
	fixture->error.text[0] = '\0';
	return fetch_do(fixture->fetch, &request, &fixture->answer, &fixture->error);
}

static enum fetch_result get(struct fixture *fixture, const char *path)
{
	return send_to(fixture, server.base, path, (struct fetch_request){0});
}

/* -- tests -- */

static void an_answer_comes_whole_and_the_connection_is_kept(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 1; i <= 5; i++) {
		assert_int_equal(get(fixture, "/ok"), FETCH_ANSWER);
		assert_int_equal(fixture->answer.status, 200);
		assert_string_equal(fixture->answer.body.data, "hi");
		assert_int_equal(fixture->answer.max_age, -1);
		assert_string_equal(fixture->answer.content_type, "");
		assert_int_equal(server.requests, i);
	}
	assert_int_equal(server.connections, 1);
	assert_memory_equal(server.last, "GET /ok HTTP/1.1\r\n", 18);
}

static void an_empty_body_is_a_text(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/empty"), FETCH_ANSWER);
	assert_int_equal(fixture->answer.status, 204);
	assert_string_equal(fixture->answer.body.data, "");
}

static void headers_are_read(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/typed"), FETCH_ANSWER);
	assert_int_equal(fixture->answer.status, 401);
	assert_string_equal(fixture->answer.content_type, "application/json");
	assert_string_equal(fixture->answer.challenge, "Digest realm=\"a\"\nBearer\n");
	assert_int_equal(fixture->answer.max_age, 600);
	get(fixture, "/no-store");
	assert_int_equal(fixture->answer.max_age, 0);
	assert_string_equal(fixture->answer.challenge, "");
	get(fixture, "/odd-age");
	assert_int_equal(fixture->answer.max_age, -1);
}

static void a_body_is_posted_and_the_next_request_knows_nothing_of_it(void **state)
{
	struct fixture *fixture = *state;
	const char *const headers[] = {"Content-Type: application/json", "X-Extra: 1", NULL};

	assert_int_equal(send_to(fixture, server.base, "/ok",
				 (struct fetch_request){.headers = headers,
					 .body = "{\"a\":1}.",
					 .body_length = 8,
					 .user = "anna",
					 .password = "horse:1"}),
		FETCH_ANSWER);
	assert_memory_equal(server.last, "POST /ok HTTP/1.1\r\n", 19);
	assert_non_null(strstr(server.last, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(server.last, "\r\nX-Extra: 1\r\n"));
	assert_non_null(strstr(server.last, "\r\nAuthorization: Basic YW5uYTpob3JzZTox\r\n"));
	assert_non_null(strstr(server.last, "\r\n\r\n{\"a\":1}."));
	assert_int_equal(get(fixture, "/ok"), FETCH_ANSWER);
	assert_memory_equal(server.last, "GET /ok HTTP/1.1\r\n", 18);
	assert_null(strstr(server.last, "X-Extra"));
	assert_null(strstr(server.last, "Authorization"));
	assert_int_equal(server.connections, 1);
}

static void an_empty_body_is_posted_too(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(send_to(fixture, server.base, "/closes",
				 (struct fetch_request){.body = "", .timeout_ms = 200}),
		FETCH_TIMEOUT); /* the server waits for a full stop */
}

static void a11_a_redirect_is_not_followed(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/redirect"), FETCH_ANSWER);
	assert_int_equal(fixture->answer.status, 302);
	assert_string_equal(fixture->answer.location, "/ok?code=1");
	assert_int_equal(server.requests, 1);
}

static void a10_the_path_goes_out_as_it_is(void **state)
{
	static const char line[] = "GET /a/../b/./%2e%2e/ok HTTP/1.1\r\n";
	struct fixture *fixture = *state;

	get(fixture, "/a/../b/./%2e%2e/ok");
	assert_memory_equal(server.last, line, sizeof line - 1);
}

static void what_went_out_is_never_sent_again(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(get(fixture, "/dies-second"), FETCH_ANSWER);
	assert_int_equal(get(fixture, "/dies-second"), FETCH_BROKEN);
	assert_int_equal(server.requests, 2);
}

static void broken_answers_are_told_apart_and_no_error_has_the_path(void **state)
{
	static const char *const paths[] = {"/secret/junk", "/secret/short", "/secret/closes",
		"/secret/large", "/secret/headers"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(paths); i++) {
		assert_int_equal(get(fixture, paths[i]), FETCH_BROKEN);
		assert_null(strstr(fixture->error.text, "secret"));
		assert_memory_equal(fixture->error.text, "127.0.0.1:", 10);
	}
	assert_non_null(strstr(fixture->error.text, "too large"));
}

static void a_deadline_ends_a_hanging_one(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		send_to(fixture, server.base, "/hang", (struct fetch_request){.timeout_ms = 100}),
		FETCH_TIMEOUT);
	assert_int_equal(get(fixture, "/ok"), FETCH_ANSWER);
}

static void nobody_there_means_nothing_sent(void **state)
{
	struct fixture *fixture = *state;
	char base[64];
	int fd = bind_loopback(base); /* bound and not listening: refuses */

	assert_int_equal(
		send_to(fixture, base, "/secret", (struct fetch_request){0}), FETCH_UNREACHABLE);
	assert_memory_equal(fixture->error.text, base + 7, strlen(base) - 7);
	assert_null(strstr(fixture->error.text, "secret"));
	close(fd);
}

static void other_schemes_and_a_server_without_tls_are_unreachable(void **state)
{
	static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/",
		"127.0.0.1", "", "http://user:secret@127.0.0.1/"};
	struct fixture *fixture = *state;
	char base[64];

	for (size_t i = 0; i < COUNT(urls); i++) {
		assert_int_equal(send_to(fixture, urls[i], "", (struct fetch_request){0}),
			FETCH_UNREACHABLE);
		assert_null(strstr(fixture->error.text, "passwd"));
		assert_null(strstr(fixture->error.text, "secret"));
	}
	snprintf(base, sizeof base, "https%.50s", server.base + 4);
	assert_int_equal(send_to(fixture, base, "/ok", (struct fetch_request){.timeout_ms = 300}),
		FETCH_TIMEOUT);
	assert_int_equal(server.requests, 0);
}

static void a13_a_proxy_from_the_environment_is_not_used(void **state)
{
	struct fixture *fixture = *state;

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
	assert_int_equal(get(fixture, "/ok"), FETCH_ANSWER);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

static void *get_often(void *context)
{
	for (int i = 0; i < 50; i++) {
		struct fetch_answer answer;
		struct error error;
		char url[80];
		enum fetch_result result;

		snprintf(url, sizeof url, "%s/ok", server.base);
		result = fetch_do(context, &(struct fetch_request){.url = url}, &answer, &error);
		fetch_answer_release(&answer);
		if (result != FETCH_ANSWER)
			return context;
	}
	return NULL;
}

static void threads_share_it_and_its_connections(void **state)
{
	struct fixture *fixture = *state;
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_create(&threads[i], NULL, get_often, fixture->fetch);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *failed = fixture;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(server.requests, 200);
	assert_true(server.connections <= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(an_answer_comes_whole_and_the_connection_is_kept),
		T(an_empty_body_is_a_text),
		T(headers_are_read),
		T(a_body_is_posted_and_the_next_request_knows_nothing_of_it),
		T(an_empty_body_is_posted_too),
		T(a11_a_redirect_is_not_followed),
		T(a10_the_path_goes_out_as_it_is),
		T(what_went_out_is_never_sent_again),
		T(broken_answers_are_told_apart_and_no_error_has_the_path),
		T(a_deadline_ends_a_hanging_one),
		T(nobody_there_means_nothing_sent),
		T(other_schemes_and_a_server_without_tls_are_unreachable),
		T(a13_a_proxy_from_the_environment_is_not_used),
		T(threads_share_it_and_its_connections),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
