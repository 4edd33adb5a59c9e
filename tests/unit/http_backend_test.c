/* SPDX-License-Identifier: MIT
 *
 * The backend "http" against a service that says what it is told to say.
 */
#include "backend_fixture.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/socket.h>

extern const struct auth_backend auth_http;

/* Longer than the 32 bytes that some functions for HMAC-SHA-256 take alone. */
#define KEY "a key of more than thirty-two bytes, as generated"

/* ---- the service ---- */

#define JSON(body) "200 OK\r\nContent-Type: application/json\r\n\r\n" body
/* @ is the nonce of the question. */
#define SAYS(rest)  JSON("{\"version\":1,\"nonce\":\"@\",\"verdict\":" rest "}")
#define GRANT(rest) SAYS("\"grant\",\"subject\":\"anna\"" rest)

static struct {
	int fd;
	uint16_t port;
	pthread_t thread;
	const char *answer;
	atomic_uint requests;
	char head[4096], body[16384];
	char nonce[64]; /* of the first question; later ones are not looked at while `stale` */
	bool stale;
} service;

static void read_request(int fd)
{
	char text[sizeof service.body];
	size_t length = 0, wanted = SIZE_MAX;
	ssize_t got;

	while (length < wanted && (got = read(fd, text + length, sizeof text - 1 - length)) > 0) {
		char *end, *header;

		length += (size_t)got;
		text[length] = '\0';
		end = strstr(text, "\r\n\r\n");
		header = strcasestr(text, "\r\nContent-Length: ");
		if (end == NULL || header == NULL)
			continue;
		wanted = (size_t)(end + 4 - text) + strtoul(header + 18, NULL, 10);
		snprintf(service.head, sizeof service.head, "%.*s", (int)(end + 2 - text), text);
		snprintf(service.body, sizeof service.body, "%s", end + 4);
	}
}

static void write_answer(int fd)
{
	const char *nonce = strstr(service.body, "\"nonce\":\"");
	const char *at = strchr(service.answer, '@');
	char text[4096];

	if (nonce != NULL && !service.stale)
		snprintf(service.nonce, sizeof service.nonce, "%.*s", (int)strcspn(nonce + 9, "\""),
			nonce + 9);
	snprintf(text, sizeof text, "HTTP/1.1 %.*s%s%s",
		at != NULL ? (int)(at - service.answer) : (int)strlen(service.answer),
		service.answer, at != NULL ? service.nonce : "", at != NULL ? at + 1 : "");
	if (write(fd, text, strlen(text)) < 0)
		return;
	for (int i = 0; strstr(text, "X-Huge") != NULL && i < 6000; i++)
		if (write(fd, "                                                                ",
			    64) < 0)
			return;
}

static void *serve(void *unused)
{
	int fd;

	(void)unused;
	while ((fd = accept(service.fd, NULL, NULL)) >= 0) {
		read_request(fd);
		service.requests++;
		if (service.answer != NULL)
			write_answer(fd);
		else
			while (read(fd, service.head, 1) > 0) {
			} /* slow: until the other side gives up */
		close(fd);
	}
	return NULL;
}

static int service_up(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;

	(void)state;
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return -1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	service.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(service.fd, (struct sockaddr *)&address, sizeof address) != 0 ||
		listen(service.fd, 16) != 0 ||
		getsockname(service.fd, (struct sockaddr *)&address, &size) != 0)
		return -1;
	service.port = ntohs(address.sin_port);
	return pthread_create(&service.thread, NULL, serve, NULL);
}

static int service_down(void **state)
{
	(void)state;
	shutdown(service.fd, SHUT_RDWR);
	pthread_join(service.thread, NULL);
	close(service.fd);
	curl_global_cleanup();
	return 0;
}

/* ---- the backend ---- */

static void *open_with(struct fixture *fixture, const char *timeout)
{
	char options[256];

	snprintf(options, sizeof options,
		"url = \"http://127.0.0.1:%u/login/check\"\n timeout = \"%s\"", service.port,
		timeout);
	return open_backend(fixture, &auth_http, options);
}

static const char *const key_values[] = {KEY, "an older one"};
static const struct auth_secrets keys = {key_values, 2};

struct result {
	enum auth_verdict verdict;
	struct identity who;
	struct error error;
};

static struct result try(void *instance, const char *password, struct auth_secrets secrets)
{
	struct join join = {.platform = (char[]){"meeting.example.org"},
		.meeting_id = (char[]){"5f521a93c20ff6721fbb6a6c"}};
	struct result result = {.who = IDENTITY_INIT};
	struct auth_attempt attempt = {.name = "Änne \"x\"",
		.password = password,
		.join = &join,
		.client = "192.0.2.7",
		.secrets = secrets,
		.who = &result.who,
		.error = &result.error};

	result.verdict = auth_http.check(instance, &attempt);
	return result;
}

static struct result meet(struct fixture *fixture, const char *answer)
{
	void *instance = open_with(fixture, answer == NULL ? "200ms" : "20s");
	struct result result;

	service.answer = answer;
	service.requests = 0;
	result = try(instance, "correct horse", keys);
	auth_close(&auth_http, instance);
	return result;
}

/* ---- the question ---- */

/* As meetauth.conf(5) tells an operator to do it. */
static void assert_signed(const char *key)
{
	const char *header = strstr(service.head, "\r\nMeetauth-Signature: v1,t=");
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char hex[2 * sizeof mac + 1], text[sizeof service.body + 32];
	crypto_auth_hmacsha256_state state;
	size_t digits;

	assert_non_null(header);
	header += strlen("\r\nMeetauth-Signature: v1,t=");
	digits = strcspn(header, ",");
	snprintf(text, sizeof text, "v1.%.*s.%s", (int)digits, header, service.body);
	crypto_auth_hmacsha256_init(&state, (const unsigned char *)key, strlen(key));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
	assert_int_equal(strncmp(header + digits, ",hmac-sha256=", 13), 0);
	assert_int_equal(strncmp(header + digits + 13, hex, strlen(hex)), 0);
	assert_int_equal(strncmp(header + digits + 13 + strlen(hex), "\r\n", 2), 0);
}

static void assert_text(const json_t *object, const char *name, const char *text)
{
	const char *value = json_string_value(json_object_get(object, name));

	assert_non_null(value);
	assert_string_equal(value, text);
}

static void the_question_is_signed_and_has_what_is_promised(void **state)
{
	struct result result = meet(*state, SAYS("\"deny\""));
	json_t *question;

	assert_int_equal(result.verdict, AUTH_DENY);
	assert_signed(KEY);
	assert_int_equal(strncmp(service.head, "POST /login/check HTTP/1.1\r\n", 28), 0);
	assert_non_null(strstr(service.head, "\r\nContent-Type: application/json\r\n"));
	question = json_loads(service.body, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(question);
	assert_int_equal(json_object_size(question), 9);
	assert_int_equal(json_integer_value(json_object_get(question, "version")), 1);
	assert_text(question, "request", "check");
	assert_text(question, "name", "Änne \"x\"");
	assert_text(question, "password", "correct horse");
	assert_text(question, "client", "192.0.2.7");
	assert_text(question, "platform", "meeting.example.org");
	assert_text(question, "meetingId", "5f521a93c20ff6721fbb6a6c");
	assert_true(json_integer_value(json_object_get(question, "time")) > 1700000000);
	assert_int_equal(strlen(json_string_value(json_object_get(question, "nonce"))), 32);
	json_decref(question);
}

static void the_longest_that_can_be_typed_fits(void **state)
{
	char password[AUTH_PASSWORD_MAX + 1] = "";
	void *instance = open_with(*state, "20s");

	memset(password, '\x01', sizeof password - 1); /* six bytes each in JSON */
	service.answer = SAYS("\"deny\"");
	assert_int_equal(try(instance, password, keys).verdict, AUTH_DENY);
	auth_close(&auth_http, instance);
}

static void what_is_not_utf8_is_nobodys_password(void **state)
{
	void *instance = open_with(*state, "20s");

	service.requests = 0;
	assert_int_equal(try(instance, "\xff\xfe", keys).verdict, AUTH_DENY);
	assert_int_equal(service.requests, 0);
	auth_close(&auth_http, instance);
}

static void without_a_key_nothing_is_sent(void **state)
{
	void *instance = open_with(*state, "20s");
	struct result result;
	struct error error = {""};

	service.requests = 0;
	result = try(instance, "x", (struct auth_secrets){0});
	assert_int_equal(result.verdict, AUTH_UNAVAILABLE);
	assert_non_null(strstr(result.error.text, "meetauthctl secret set backend/staff"));
	assert_int_equal(auth_http.connect(instance, &(struct auth_secrets){0}, &error), -1);
	assert_non_null(strstr(error.text, "meetauthctl secret set backend/staff"));
	assert_int_equal(service.requests, 0);
	auth_close(&auth_http, instance);
}

/* ---- the answer ---- */

static void a_typed_yes_is_a_yes(void **state)
{
	struct result result =
		meet(*state, GRANT(",\"name\":\"Anna\",\"email\":\"anna@example.org\","
				   "\"groups\":[\"staff\",\"hosts\",\"staff\"],"
				   "\"secondFactor\":true"));

	assert_int_equal(result.verdict, AUTH_GRANT);
	assert_string_equal(result.who.subject, "anna");
	assert_string_equal(result.who.name, "Anna");
	assert_string_equal(result.who.email, "anna@example.org");
	assert_int_equal(result.who.group_count, 2);
	assert_true(result.who.second_factor);
	identity_release(&result.who);
	result = meet(*state, GRANT(""));
	assert_int_equal(result.verdict, AUTH_GRANT);
	assert_null(result.who.name);
	assert_null(result.who.email);
	assert_int_equal(result.who.group_count, 0);
	assert_false(result.who.second_factor);
	identity_release(&result.who);
}

static void sign_in_14_and_55_what_is_only_shown_is_left_out(void **state)
{
	static const char *const answers[] = {GRANT(",\"name\":null"), GRANT(",\"email\":null"),
		GRANT(",\"name\":\"A\\u0007\""), GRANT(",\"email\":\"a\\nb@example.org\"")};

	for (size_t i = 0; i < COUNT(answers); i++) {
		struct result result = meet(*state, answers[i]);

		assert_int_equal(result.verdict, AUTH_GRANT);
		assert_string_equal(result.who.subject, "anna");
		assert_null(result.who.name);
		assert_null(result.who.email);
		identity_release(&result.who);
	}
}

static void a_typed_no_is_a_no(void **state)
{
	assert_int_equal(meet(*state, SAYS("\"deny\"")).verdict, AUTH_DENY);
	assert_int_equal(meet(*state, SAYS("\"unknown\"")).verdict, AUTH_UNKNOWN);
}

static const struct {
	const char *answer, *words;
} no_answers[] = {
	{"200 OK\r\nContent-Type: text/html\r\n\r\n<p>Welcome", "not application/json"},
	{"200 OK\r\n\r\n{\"version\":1,\"nonce\":\"@\",\"verdict\":\"grant\",\"subject\":\"anna\"}",
		"not application/json"},
	{"204 No Content\r\n\r\n", "status 204"},
	{"302 Found\r\nLocation: /yes\r\n\r\n", "status 302"},
	{"401 Unauthorized\r\nContent-Type: application/json\r\n\r\n"
	 "{\"version\":1,\"nonce\":\"@\",\"verdict\":\"grant\",\"subject\":\"anna\"}",
		"status 401"},
	{"500 Oops\r\nContent-Type: application/json\r\n\r\n{}", "status 500"},
	{"200 OK\r\nContent-Type: application/json\r\nX-Huge: yes\r\n\r\n", "too large"},
	{"200 OK\r\nContent-Length: 900\r\nContent-Type: application/json\r\n\r\n{", "127.0.0.1:"},
	{NULL, "imeout"},
	{JSON(""), "not a JSON"},
	{JSON("true"), "not a JSON"},
	{JSON("[]"), "no \"version\""},
	{JSON("\"grant\""), "not a JSON"},
	{JSON("{}"), "no \"version\""},
	{JSON("{\"version\":1,\"verdict\":\"grant\",\"subject\":\"anna\"}"), "nonce"},
	{JSON("{\"version\":1,\"nonce\":\"\",\"verdict\":\"grant\",\"subject\":\"anna\"}"),
		"nonce belongs to another request"},
	{JSON("{\"version\":1,\"nonce\":\"@0\",\"verdict\":\"grant\",\"subject\":\"anna\"}"),
		"nonce belongs to another request"},
	{JSON("{\"version\":2,\"nonce\":\"@\",\"verdict\":\"grant\",\"subject\":\"anna\"}"),
		"version is not"},
	{JSON("{\"version\":\"1\",\"nonce\":\"@\",\"verdict\":\"grant\",\"subject\":\"anna\"}"),
		"version"},
	{JSON("{\"nonce\":\"@\",\"verdict\":\"grant\",\"subject\":\"anna\"}"), "version"},
	{SAYS("\"deny\",\"verdict\":\"grant\",\"subject\":\"anna\""), "repeats a member"},
	{SAYS("true,\"subject\":\"anna\""), "verdict"},
	{SAYS("\"GRANT\",\"subject\":\"anna\""), "neither grant nor deny"},
	{SAYS("\"\",\"subject\":\"anna\""), "neither grant nor deny"},
	{SAYS("\"granted\",\"subject\":\"anna\""), "neither grant nor deny"},
	{SAYS("\"grant\""), "without a subject"},
	{SAYS("\"grant\",\"subject\":\"\""), "without a subject"},
	{SAYS("\"grant\",\"subject\":7"), "subject"},
	{SAYS("\"grant\",\"subject\":null"), "subject"},
	{SAYS("\"grant\",\"subject\":\"an\\u0000na\""), "not a JSON"},
	{SAYS("\"grant\",\"subject\":\"an\\nna\""), "control characters"},
	{GRANT(",\"name\":[]"), "name"},
	{GRANT(",\"email\":false"), "email"},
	{GRANT(",\"groups\":\"staff\""), "groups"},
	{GRANT(",\"groups\":{\"staff\":true}"), "groups"},
	{GRANT(",\"groups\":[\"staff\",1]"), "groups"},
	{GRANT(",\"groups\":[\"staff\",\"\"]"), "groups"},
	{GRANT(",\"secondFactor\":\"true\""), "secondFactor"},
	{GRANT(",\"secondFactor\":1"), "secondFactor"},
	{GRANT(",\"group\":[\"staff\"]"), "has a member that"},
	{GRANT("}{"), "not a JSON"},
};

static void a54_only_a_typed_yes_is_a_yes(void **state)
{
	for (size_t i = 0; i < COUNT(no_answers); i++) {
		struct result result = meet(*state, no_answers[i].answer);

		/* What is wrong with one person's yes is no outage. */
		if (result.verdict != AUTH_UNAVAILABLE && result.verdict != AUTH_UNFIT)
			fail_msg("verdict %d for %s", (int)result.verdict, no_answers[i].answer);
		if (strstr(result.error.text, no_answers[i].words) == NULL)
			fail_msg("\"%s\" expected: %s", no_answers[i].words, result.error.text);
		assert_null(result.who.name);
		assert_int_equal(result.who.group_count, 0);
		assert_int_equal(service.requests, 1);
		identity_release(&result.who);
	}
}

/* Groups that are null, or anything else that is wrong with one person's data, refuse that person
 * and do not put the service out of order for the others. */
static void what_is_wrong_with_one_person_is_no_outage(void **state)
{
	static const char *const answers[] = {GRANT(",\"groups\":null"), GRANT(",\"groups\":{}"),
		GRANT(",\"groups\":[null]"), GRANT(",\"email\":{}"), GRANT(",\"name\":7"),
		GRANT(",\"secondFactor\":null"), GRANT(",\"phone\":\"1\"")};

	for (size_t i = 0; i < COUNT(answers); i++) {
		struct result result = meet(*state, answers[i]);

		if (result.verdict != AUTH_UNFIT)
			fail_msg("verdict %d for %s", (int)result.verdict, answers[i]);
		assert_string_equal(result.who.subject, "anna"); /* so that the log says who */
		assert_int_equal(result.who.group_count, 0);
		identity_release(&result.who);
	}
}

/* What a cache, or somebody who recorded it, would say. */
static void a54_an_answer_of_yesterday_is_none(void **state)
{
	struct result first = meet(*state, GRANT("")), second;

	assert_int_equal(first.verdict, AUTH_GRANT);
	identity_release(&first.who);
	service.stale = true;
	second = meet(*state, GRANT(""));
	service.stale = false;
	assert_int_equal(second.verdict, AUTH_UNAVAILABLE);
	assert_non_null(strstr(second.error.text, "nonce belongs to another request"));
}

static void a54_a_service_that_is_gone(void **state)
{
	void *instance;
	struct result result;
	char options[128];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(options, sizeof options, "url = \"http://127.0.0.1:%u/\"",
		ntohs(address.sin_port)); /* bound, and nobody listens */
	instance = open_backend(*state, &auth_http, options);
	result = try(instance, "x", keys);
	assert_int_equal(result.verdict, AUTH_UNAVAILABLE);
	assert_non_null(strstr(result.error.text, "127.0.0.1:"));
	auth_close(&auth_http, instance);
	close(fd);
}

/* ---- renew and connect ---- */

static enum auth_verdict again(
	struct fixture *fixture, const char *answer, struct identity *who, struct error *error)
{
	struct auth_renewal renewal = {keys, who, error};
	void *instance = open_with(fixture, "20s");
	enum auth_verdict verdict;

	service.answer = answer;
	verdict = auth_http.renew(instance, &renewal);
	auth_close(&auth_http, instance);
	return verdict;
}

static void groups_are_read_again(void **state)
{
	struct identity who = IDENTITY_INIT;
	struct error error = {""};

	identity_set(&who.backend, "staff", IDENTITY_NAME_MAX);
	identity_set(&who.subject, "anna", IDENTITY_SUBJECT_MAX);
	identity_set(&who.name, "Anna", IDENTITY_NAME_MAX);
	identity_add_group(&who, "staff");
	who.second_factor = true;
	assert_int_equal(again(*state, GRANT(",\"groups\":[\"hosts\"]"), &who, &error), AUTH_GRANT);
	assert_signed(KEY);
	assert_non_null(strstr(service.body, "\"request\":\"renew\",\"subject\":\"anna\""));
	assert_string_equal(who.backend, "staff");
	assert_string_equal(who.subject, "anna");
	assert_null(who.name);
	assert_true(identity_has_group(&who, "hosts"));
	assert_false(identity_has_group(&who, "staff"));
	assert_true(who.second_factor);
	assert_int_equal(again(*state, SAYS("\"deny\""), &who, &error), AUTH_DENY);
	assert_int_equal(again(*state, SAYS("\"unknown\""), &who, &error), AUTH_DENY);
	assert_int_equal(again(*state, JSON("{}"), &who, &error), AUTH_UNAVAILABLE);
	assert_int_equal(again(*state, SAYS("\"grant\",\"subject\":\"bert\""), &who, &error),
		AUTH_UNAVAILABLE);
	assert_non_null(strstr(error.text, "another user"));
	assert_true(identity_has_group(&who, "hosts"));
	identity_release(&who);
}

static void connect_wants_an_unknown(void **state)
{
	static const struct {
		const char *answer, *words;
	} cases[] = {{SAYS("\"unknown\""), NULL}, {SAYS("\"deny\""), "not \"unknown\""},
		{GRANT(""), "not \"unknown\""}, {JSON("{}"), "no \"version\""},
		{"401 No\r\n\r\n", "status 401"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		void *instance = open_with(*state, "20s");
		struct error error = {""};

		service.answer = cases[i].answer;
		assert_int_equal(auth_http.connect(instance, &keys, &error), i == 0 ? 0 : -1);
		assert_signed(KEY);
		assert_non_null(strstr(service.body, "{\"request\":\"connect\","));
		if (i > 0 && strstr(error.text, cases[i].words) == NULL)
			fail_msg("\"%s\" expected: %s", cases[i].words, error.text);
		auth_close(&auth_http, instance);
	}
}

/* ---- open ---- */

static void wrong_options_say_what_would_be_right(void **state)
{
	static const struct {
		const char *options, *words;
	} cases[] = {
		{"", "url: is missing"},
		{"url = \"http://login.example.org/\"", "http:// is for this machine only"},
		{"url = \"https://u@login.example.org/\"", "has a user name"},
		{"url = \"https://login.example.org/?a\"", "has a query"},
		{"url = \"https://a/\"\n timeout = \"1ms\"", "timeout: expected a duration"},
		{"url = \"https://a/\"\n timeout = \"51s\"", "timeout: expected a duration"},
		{"url = \"https://a/\"\n connect-timeout = \"51s\"", "from 10ms to 50s"},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		refuses(*state, &auth_http, cases[i].options, 0, cases[i].words);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(the_question_is_signed_and_has_what_is_promised),
		ROW(what_is_wrong_with_one_person_is_no_outage),
		ROW(the_longest_that_can_be_typed_fits),
		ROW(what_is_not_utf8_is_nobodys_password),
		ROW(without_a_key_nothing_is_sent),
		ROW(a_typed_yes_is_a_yes),
		ROW(sign_in_14_and_55_what_is_only_shown_is_left_out),
		ROW(a_typed_no_is_a_no),
		ROW(a54_only_a_typed_yes_is_a_yes),
		ROW(a54_an_answer_of_yesterday_is_none),
		ROW(a54_a_service_that_is_gone),
		ROW(groups_are_read_again),
		ROW(connect_wants_an_unknown),
		ROW(wrong_options_say_what_would_be_right),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon has it */
	return cmocka_run_group_tests_name("http backend", tests, service_up, service_down);
}
