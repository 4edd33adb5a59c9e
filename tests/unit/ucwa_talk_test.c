/* SPDX-License-Identifier: MIT
 *
 * The platform "ucwa" and hosts that a stand-in on one address cannot be: names inside and outside,
 * other domains, no connection and one that breaks. outbound/fetch is this file's own.
 */
#include "platform_fixture.h"

#ifdef HAVE_EXPAT

#include "outbound/fetch.h"
#include "platform/ucwa/ucwa.h"

extern const struct platform_driver platform_ucwa;

#define GOOD	"allowed-origins = {\"https://app.example.org\"} "
#define URI	"sip:john@contoso.example;gruu;opaque=app:conf:focus:id:G03W98W4"
#define INSIDE	"https://LyncDiscoverInternal.contoso.example"
#define OUTSIDE "https://LyncDiscover.contoso.example"
#define USER	"https://pool.contoso.example/user"
#define TOKEN	"https://pool.contoso.example/token"
#define MEET	"https://meet.contoso.example"
#define ROOT	"{\"_links\":{\"user\":{\"href\":\"" USER "\"}}}"
#define MEETING MEET "/john/G03W98W4"

enum { ASKED_MAX = 16, WHOLE_MS = 60000 };

/* What an address answers. */
struct answer {
	const char *url;
	enum fetch_result result;
	long status;
	const char *body, *location;
	bool unconnected;
	int64_t retry_after;
};

/* That of a server that is well. */
static const struct answer usual[] = {{INSIDE, FETCH_ANSWER, 200, ROOT, NULL, false},
	{OUTSIDE, FETCH_ANSWER, 200, ROOT, NULL, false},
	{TOKEN, FETCH_ANSWER, 200,
		"{\"access_token\":\"cwt=x\",\"token_type\":\"Bearer\",\"expires_in\":3600}", NULL,
		false},
	{MEET, FETCH_ANSWER, 200, "", NULL, false},
	{MEETING, FETCH_ANSWER, 200,
		"<conf-info><conf-uri>" URI "</conf-uri><conf-key>K</conf-key></conf-info>", NULL,
		false}};

static const struct answer *other; /* in place of the usual one; NULL: none */
static size_t other_count;
static struct {
	char url[200];
	int64_t timeout_ms;
	bool repeatable;
} asked[ASKED_MAX];
static size_t asked_count;
static int64_t retry_after; /* of the last grant */

/* ---- in place of outbound/fetch.c ---- */

struct fetch {
	int nothing;
};

struct fetch *fetch_new(const struct fetch_settings *settings, struct error *error)
{
	(void)settings;
	(void)error;
	return calloc(1, sizeof(struct fetch));
}

void fetch_free(struct fetch **fetch)
{
	free(*fetch);
	*fetch = NULL;
}

void fetch_answer_release(struct fetch_answer *answer)
{
	buffer_wipe(&answer->body);
}

static const struct answer *find(const struct answer *answers, size_t count, const char *url)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(answers[i].url, url) == 0)
			return &answers[i];
	return NULL;
}

/* Without a token the user's address says where tokens are made, with one where applications are.
 */
static void answer_user(const struct fetch_request *request, struct fetch_answer *answer)
{
	bool has_token = false;

	for (const char *const *header = request->headers; *header != NULL; header++)
		has_token |= strcmp(*header, "Authorization: Bearer cwt=x") == 0;
	answer->status = has_token ? 200 : 401;
	snprintf(answer->challenge, sizeof answer->challenge,
		"MsRtcOAuth href=\"%s\",grant_type=\"urn:microsoft.rtc:anonmeeting\"\n", TOKEN);
	buffer_text(&answer->body, "{\"_links\":{\"applications\":{\"href\":\"/ucwa/apps\"}}}");
}

enum fetch_result fetch_do(struct fetch *fetch, const struct fetch_request *request,
	struct fetch_answer *answer, struct error *error)
{
	const struct answer *found = find(other, other_count, request->url);

	(void)fetch;
	*answer = (struct fetch_answer){
		.content_type = "application/json", .body = BUFFER_INIT(FETCH_BODY_MAX)};
	assert_true(asked_count < ASKED_MAX);
	snprintf(asked[asked_count].url, sizeof asked[0].url, "%s", request->url);
	asked[asked_count].repeatable = request->repeatable;
	asked[asked_count++].timeout_ms = request->timeout_ms;
	if (strcmp(request->url, USER) == 0) {
		answer_user(request, answer);
		return FETCH_ANSWER;
	}
	if (found == NULL)
		found = find(usual, COUNT(usual), request->url);
	if (found == NULL) {
		fail_msg("nobody is to ask %s", request->url);
		return FETCH_UNREACHABLE; /* gcc does not know that it never comes here */
	}
	if (found->result != FETCH_ANSWER)
		error_set(error, "%s: out of order", found->url);
	answer->unconnected = found->unconnected;
	answer->status = found->status;
	answer->retry_after = found->retry_after;
	if (found->body != NULL)
		buffer_text(&answer->body, found->body);
	if (found->location != NULL)
		snprintf(answer->location, sizeof answer->location, "%s", found->location);
	return found->result;
}

/* ---- asking ---- */

static int64_t asked_for(const char *url)
{
	for (size_t i = 0; i < asked_count; i++)
		if (strcmp(asked[i].url, url) == 0)
			return asked[i].timeout_ms;
	return -1;
}

static enum platform_verdict ask_for(void *ucwa, const struct parameter *query, struct error *error)
{
	struct buffer token = BUFFER_INIT(PLATFORM_GRANT_MAX);
	struct join join;
	struct platform_grant grant = {.join = &join,
		.who = &alice,
		.by_script = true,
		.deadline = clock_monotonic_ms() + WHOLE_MS,
		.token = &token,
		.retry_after = &retry_after,
		.error = error};
	enum platform_verdict verdict;

	asked_count = 0;
	retry_after = 0;
	assert_null(arrive_with(&platform_ucwa, ucwa, "", query, &join));
	verdict = platform_ucwa.grant->admit(ucwa, &grant);
	buffer_wipe(&token);
	join_release(&join);
	return verdict;
}

static enum platform_verdict ask(void *ucwa, const struct answer *instead, struct error *error)
{
	other = instead;
	other_count = instead != NULL ? 1 : 0;
	return ask_for(ucwa, QUERY({"conferenceUri", URI}), error);
}

static void *open_ucwa(void **state, const char *options)
{
	return open_driver(*state, &platform_ucwa, "contoso.example", options);
}

/* ---- tests ---- */

static void inside_is_asked_where_that_is_wanted_and_first(void **state)
{
	void *ucwa = open_ucwa(state, GOOD);
	struct error error = {""};

	assert_int_equal(ask(ucwa, NULL, &error), PLATFORM_GRANTED);
	assert_string_equal(asked[0].url, OUTSIDE);
	assert_int_equal(asked_for(INSIDE), -1);
	platform_close(&platform_ucwa, &ucwa);
	ucwa = open_ucwa(state, GOOD "internal = true");
	assert_int_equal(ask(ucwa, NULL, &error), PLATFORM_GRANTED);
	assert_string_equal(asked[0].url, INSIDE);
	assert_int_equal(asked_for(OUTSIDE), -1);
	platform_close(&platform_ucwa, &ucwa);
}

static void what_hangs_inside_leaves_time_for_outside(void **state)
{
	static const struct answer hangs = {INSIDE, FETCH_TIMEOUT, 0, NULL, NULL, false};
	static const struct answer both[] = {{INSIDE, FETCH_TIMEOUT, 0, NULL, NULL, false},
		{OUTSIDE, FETCH_UNREACHABLE, 0, NULL, NULL, false}};
	void *ucwa = open_ucwa(state, GOOD "internal = true");
	struct error error = {""};

	assert_int_equal(ask(ucwa, &hangs, &error), PLATFORM_GRANTED);
	assert_in_range(asked_for(INSIDE), 1, WHOLE_MS / 2);
	assert_in_range(asked_for(OUTSIDE), WHOLE_MS / 2, WHOLE_MS);
	platform_close(&platform_ucwa, &ucwa);
	ucwa = open_ucwa(state, GOOD "internal = true");
	other = both;
	other_count = COUNT(both);
	assert_int_equal(
		ask_for(ucwa, QUERY({"conferenceUri", URI}), &error), PLATFORM_UNREACHABLE);
	assert_non_null(strstr(error.text, INSIDE ": out of order"));
	assert_non_null(strstr(error.text, OUTSIDE ": out of order"));
	platform_close(&platform_ucwa, &ucwa);
}

/* Spec 002: "HTTP 403", "HTTP 502", "Connection error"; "No other HTTP error codes". */
static void a_home_is_looked_for_anew_after_an_error_of_the_connection(void **state)
{
	static const struct {
		struct answer answer;
		bool anew;
		enum platform_verdict verdict;
	} cases[] = {{{TOKEN, FETCH_UNREACHABLE, 0, NULL, NULL, false}, true, PLATFORM_UNREACHABLE},
		{{TOKEN, FETCH_BROKEN, 0, NULL, NULL, false}, true, PLATFORM_BAD_ANSWER},
		{{TOKEN, FETCH_TIMEOUT, 0, NULL, NULL, true}, true, PLATFORM_TIMEOUT},
		{{TOKEN, FETCH_TIMEOUT, 0, NULL, NULL, false}, false, PLATFORM_TIMEOUT},
		{{TOKEN, FETCH_ANSWER, 502, "", NULL, false}, true, PLATFORM_BAD_ANSWER},
		{{TOKEN, FETCH_ANSWER, 500, "", NULL, false}, false, PLATFORM_BAD_ANSWER}};
	void *ucwa = open_ucwa(state, GOOD);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};

		assert_int_equal(ask(ucwa, NULL, &error), PLATFORM_GRANTED);
		assert_int_equal(ask(ucwa, &cases[i].answer, &error), cases[i].verdict);
		assert_int_equal(asked_for(OUTSIDE) != -1, cases[i].anew);
		assert_true(strstr(error.text, TOKEN ": out of order") != NULL ||
			    strstr(error.text, "HTTP 50") != NULL);
		assert_int_equal(ask(ucwa, NULL, &error), PLATFORM_GRANTED);
	}
	platform_close(&platform_ucwa, &ucwa);
}

/* RFC 9110, 9.2.2. The meeting's address, discovery and the token: none of them changes anything
 * that a second request would change again. */
static void each_request_may_be_repeated_on_a_fresh_connection(void **state)
{
	void *ucwa = open_ucwa(state, GOOD);
	struct error error = {""};

	other_count = 0;
	assert_int_equal(ask_for(ucwa, QUERY({"meetingUrl", MEETING}), &error), PLATFORM_GRANTED);
	assert_true(asked_for(MEETING) != -1 && asked_for(OUTSIDE) != -1 && asked_for(TOKEN) != -1);
	for (size_t i = 0; i < asked_count; i++)
		if (!asked[i].repeatable)
			fail_msg("%s is sent once only", asked[i].url);
	platform_close(&platform_ucwa, &ucwa);
}

static void a_server_that_asks_to_wait_is_busy(void **state)
{
	static const struct answer cases[] = {
		{OUTSIDE, FETCH_ANSWER, 503, "", NULL, false, 7},
		{TOKEN, FETCH_ANSWER, 429, "", NULL, false, 9},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		void *ucwa = open_ucwa(state, GOOD);
		struct error error = {""};

		if (i == 1) /* the home is known then, and stays so */
			assert_int_equal(ask(ucwa, NULL, &error), PLATFORM_GRANTED);
		assert_int_equal(ask(ucwa, &cases[i], &error), PLATFORM_BUSY);
		assert_int_equal(retry_after, cases[i].retry_after);
		assert_int_equal(ask(ucwa, NULL, &error), PLATFORM_GRANTED);
		assert_int_equal(asked_for(OUTSIDE) == -1, i == 1);
		platform_close(&platform_ucwa, &ucwa);
	}
}

static void the_host_of_a_meeting_is_not_the_home(void **state)
{
	static const struct answer cases[] = {{MEETING, FETCH_UNREACHABLE, 0, NULL, NULL, false},
		{MEETING, FETCH_TIMEOUT, 0, NULL, NULL, false},
		{MEETING, FETCH_BROKEN, 0, NULL, NULL, false}};
	void *ucwa = open_ucwa(state, GOOD);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};

		other = &cases[i];
		other_count = 1;
		assert_int_equal(
			ask_for(ucwa, QUERY({"meetingUrl", MEETING}), &error), PLATFORM_BAD_ANSWER);
		assert_string_equal(error.text, "the meeting's address: " MEETING ": out of order");
		assert_in_range(asked_for(MEETING), 1, WHOLE_MS / 2);
		assert_int_equal(asked_count, 1);
	}
	platform_close(&platform_ucwa, &ucwa);
}

#define STATUS(number, location)                                                                   \
	{                                                                                          \
		OUTSIDE, FETCH_ANSWER, number, "", location, false                                 \
	}

static void a_redirect_of_the_status_stays_in_the_domain_of_the_service(void **state)
{
	static const struct {
		struct answer answer;
		const char *refused; /* NULL: followed */
	} cases[] = {
		{STATUS(302, INSIDE), NULL},
		{STATUS(302, "https://disc.partner.example/root"), "leads to disc.partner.example"},
		{{OUTSIDE, FETCH_ANSWER, 200,
			 "{\"_links\":{\"redirect\":{\"href\":\"https://disc.partner.example/"
			 "root\"}}}",
			 NULL, false},
			NULL},
		{STATUS(302, "https://disc.evil.example/"), "leads to disc.evil.example"},
		{STATUS(301, INSIDE), NULL},
		{STATUS(303, INSIDE), NULL},
		{STATUS(307, INSIDE), NULL},
		{STATUS(308, INSIDE), NULL},
		{STATUS(303, "https://disc.partner.example/root"), "leads to disc.partner.example"},
		{STATUS(307, "https://disc.evil.example/"), "leads to disc.evil.example"},
		{STATUS(308, "http://lyncdiscover.contoso.example/"),
			"leads to lyncdiscover.contoso.example"},
		{STATUS(308, ""), "is not an https URL"},
		{STATUS(300, INSIDE), "HTTP 300"},
		{STATUS(304, INSIDE), "HTTP 304"},
		{STATUS(305, INSIDE), "HTTP 305"},
	};
	struct answer here[2] = {
		{0}, {"https://disc.partner.example/root", FETCH_ANSWER, 200, ROOT, NULL, false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		void *ucwa = open_ucwa(state, GOOD "hosts = {\"partner.example\"}");
		struct error error = {""};

		here[0] = cases[i].answer;
		other = here;
		other_count = 2;
		assert_int_equal(ask_for(ucwa, QUERY({"conferenceUri", URI}), &error),
			cases[i].refused == NULL ? PLATFORM_GRANTED : PLATFORM_BAD_ANSWER);
		if (cases[i].refused != NULL && strstr(error.text, cases[i].refused) == NULL)
			fail_msg("%zu: %s", i, error.text);
		platform_close(&platform_ucwa, &ucwa);
	}
}

static void check_reaches_the_hosts_of_meetings_too(void **state)
{
	static const struct answer down = {MEET, FETCH_UNREACHABLE, 0, NULL, NULL, false};
	const struct platform_secrets none = {NULL, 0};
	void *ucwa = open_ucwa(state, GOOD);
	struct error error = {""};

	other_count = 0;
	asked_count = 0;
	assert_int_equal(platform_ucwa.check_connection(ucwa, &none, &error), 0);
	assert_true(asked_for(OUTSIDE) != -1 && asked_for(MEET) != -1);
	other = &down;
	other_count = 1;
	assert_int_equal(platform_ucwa.check_connection(ucwa, &none, &error), -1);
	assert_string_equal(error.text, "meeting-hosts: " MEET ": out of order");
	platform_close(&platform_ucwa, &ucwa);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(inside_is_asked_where_that_is_wanted_and_first),
		TEST(what_hangs_inside_leaves_time_for_outside),
		TEST(a_home_is_looked_for_anew_after_an_error_of_the_connection),
		TEST(each_request_may_be_repeated_on_a_fresh_connection),
		TEST(a_server_that_asks_to_wait_is_busy),
		TEST(the_host_of_a_meeting_is_not_the_home),
		TEST(a_redirect_of_the_status_stays_in_the_domain_of_the_service),
		TEST(check_reaches_the_hosts_of_meetings_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no expat */
}

#endif
