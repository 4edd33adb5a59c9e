/* SPDX-License-Identifier: MIT
 *
 * The backend "email", and the mails that outbound/mail.c writes.
 */
#include "backend_fixture.h"

#include "base/clock.h"
#include "outbound/mail_message.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <sodium.h>
#include <sys/socket.h>

extern const struct auth_backend auth_email;

/* ---- addresses ---- */

static void a23_an_address_can_be_meant_in_one_way_only(void **state)
{
	static const char *const good[] = {"a@example.org", "anna.k+meetings@sub.partner.example",
		"A!#$%&'*+-/=?^_`{|}~@x", "0@0.example", "a.b.c@xn--bcher-kva.example"};
	static const char *const bad[] = {"", "@", "a", "a@", "@example.org", "a@good@evil",
		"a@good.example@evil.example", "\"a\"@example.org", "\"a b\"@example.org",
		"a b@example.org", "a@example.org ", " a@example.org", "a@example.org.",
		"a@.example.org", "a@example..org", "a@exa_mple.org", "a@-example.org",
		".a@x.example", "a.@x.example", "a..b@x.example", "a@[192.0.2.1]",
		"a@example.org:25", "a@example.org\r\nRCPT TO:<b@x>", "a\n@example.org",
		"a@example.org\n", "a(b)@x.example", "a,b@x.example", "<a@x.example>",
		"a@x.example>", "a;b@x.example", "a\\b@x.example", "a@b@", "a%00@x.example\x01",
		"\xc3\xa1@example.org", "a@ex\xc3\xa1mple.org", "a@example.org,b@example.org",
		"a:b@example.org", "[a]@example.org"};
	char longest[400];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!mail_is_address(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (mail_is_address(bad[i]))
			fail_msg("%s", bad[i]);
	memset(longest, 'a', sizeof longest);
	memcpy(longest + 64, "@example.org", sizeof "@example.org");
	assert_true(mail_is_address(longest));
	memset(longest, 'a', sizeof longest);
	memcpy(longest + 65, "@example.org", sizeof "@example.org");
	assert_false(mail_is_address(longest));
	memset(longest, 'a', sizeof longest);
	longest[1] = '@';
	for (size_t i = 1; i < 6; i++)
		longest[50 * i] = '.';
	longest[254] = '\0';
	assert_true(mail_is_address(longest));
	longest[254] = 'a';
	longest[255] = '\0';
	assert_false(mail_is_address(longest));
}

/* ---- servers ---- */

static void a_server_is_a_host_with_tls(void **state)
{
	static const struct {
		const char *url;
		bool plain;
		const char *words; /* NULL: good */
	} cases[] = {{"smtps://mail.example.org", false, NULL},
		{"smtp://mail.example.org:587", false, NULL}, {"smtp://192.0.2.1", false, NULL},
		{"smtp://localhost:25", true, NULL}, {"smtp://127.0.0.1", true, NULL},
		{"smtp://[::1]:2525", true, NULL}, {"smtp://[2001:db8::1]", false, NULL},
		{"smtp://mail.example.org", true, "this machine"},
		{"smtp://127.example.org", true, "this machine"},
		{"smtp://localhost.example.org", true, "this machine"},
		{"smtp://[2001:db8::1]", true, "this machine"},
		{"mail.example.org", false, "smtps://host"}, {"", false, "smtps://host"},
		{"https://mail.example.org", false, "smtps://host"},
		{"SMTPS://mail.example.org", false, "smtps://host"}, {"smtp://", false, "smtp"},
		{"smtp://:25", false, "smtp"}, {"smtp://mail.example.org/", false, "path"},
		{"smtp://mail.example.org/helo", false, "path"},
		{"smtp://mail.example.org?x", false, "path"},
		{"smtp://mail.example.org#x", false, "path"},
		{"smtp://anna@mail.example.org", false, "only a host"},
		{"smtp://anna:secret@mail.example.org", false, "only a host"},
		{"smtp://anna;AUTH=PLAIN@mail.example.org", false, "only a host"},
		{"smtp://mail.example.org:99999", false, "smtp"},
		{"smtp://mail_example.org", false, "host name"},
		{"smtp://mail.example.org.", false, "host name"}, {"smtp://a b", false, "smtp"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mail_server server = {cases[i].url, cases[i].plain, "", "", 1000};
		struct error error = {""};
		int rc = mail_check_server(&server, &error);

		if (rc != (cases[i].words == NULL ? 0 : -1))
			fail_msg("%s: %s", cases[i].url, error.text);
		if (rc != 0 && strstr(error.text, cases[i].words) == NULL)
			fail_msg("%s: \"%s\" expected: %s", cases[i].url, cases[i].words,
				error.text);
		assert_null(strstr(error.text, "secret"));
	}
}

/* ---- messages ---- */

static const struct mail plain = {"meetings@example.org", "anna@partner.example", "Example Org",
	"Your code", "One line\n\n.hidden\nlast"};

static struct buffer write_mail(const struct mail *mail)
{
	struct buffer message = BUFFER_INIT(MAIL_TEXT_MAX);

	mail_write(mail, &message);
	assert_false(message.failed);
	return message;
}

static void a_message_has_what_it_needs(void **state)
{
	static const char *const lines[] = {
		"\r\nFrom: =?UTF-8?B?RXhhbXBsZSBPcmc=?= <meetings@example.org>\r\n",
		"\r\nTo: <anna@partner.example>\r\n", "\r\nSubject: =?UTF-8?B?WW91ciBjb2Rl?=\r\n",
		"@example.org>\r\n", "\r\nAuto-Submitted: auto-generated\r\n",
		"\r\nContent-Type: text/plain; charset=utf-8\r\n",
		"\r\nContent-Transfer-Encoding: 7bit\r\n\r\nOne line\r\n\r\n.hidden\r\nlast\r\n",
		" +0000\r\n", "\r\nMIME-Version: 1.0\r\n"};
	struct buffer message = write_mail(&plain), other = write_mail(&plain);
	const char *id = strstr(message.data, "\r\nMessage-ID: <");

	(void)state;
	assert_int_equal(strncmp(message.data, "Date: ", 6), 0);
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strstr(message.data, lines[i]) == NULL)
			fail_msg("%s is not in %s", lines[i], message.data);
	assert_non_null(id);
	assert_null(strstr(other.data, strndupa(id, 40)));
	buffer_release(&message);
	buffer_release(&other);
}

/* Nothing in a field makes a line of its own: not even what open() and check() would refuse. */
static void nothing_adds_a_line_to_the_header(void **state)
{
	struct mail mail = plain;
	struct buffer message;
	size_t lines = 0;

	(void)state;
	mail.from_name = "Org\r\nBcc: <all@example.org>";
	mail.subject = "Code\nBcc: <all@example.org>\r\n\r\nbody";
	message = write_mail(&mail);
	assert_null(strstr(message.data, "Bcc"));
	for (const char *line = message.data; strncmp(line, "\r\n", 2) != 0; lines++)
		line = strstr(line, "\r\n") + 2;
	assert_int_equal(lines, 10);
	buffer_release(&message);
}

static void other_scripts_are_encoded_in_short_lines(void **state)
{
	struct mail mail = plain;
	struct buffer message;
	const char *body;
	char text[4096], decoded[4096];
	size_t length;

	(void)state;
	for (size_t i = 0; i < 40; i++)
		memcpy(text + 6 * i, "\xc3\xa4\xe2\x82\xac ", 7);
	mail.subject = text;
	mail.text = text;
	message = write_mail(&mail);
	for (const char *at = message.data; *at != '\0'; at++) {
		size_t line = strcspn(at, "\r");

		assert_true(line <= 76);
		for (size_t i = 0; i < line; i++)
			assert_true((unsigned char)at[i] < 0x80);
		at += line + 1;
		assert_true(*at == '\n');
	}
	body = strstr(message.data, "base64\r\n\r\n") + 10;
	assert_int_equal(sodium_base642bin((uint8_t *)decoded, sizeof decoded, body, strlen(body),
				 "\r\n", &length, NULL, sodium_base64_VARIANT_ORIGINAL),
		0);
	assert_int_equal(length, strlen(text) + 2);
	assert_memory_equal(decoded, text, strlen(text));
	buffer_release(&message);
	memset(text, 'x', 1000);
	text[1000] = '\0';
	message = write_mail(&mail);
	assert_null(strstr(message.data, "xxx"));
	buffer_release(&message);
}

/* ---- the backend ---- */

struct dialog {
	struct fixture *fixture;
	void *instance;
	struct auth_challenge challenge;
	struct identity who;
	struct error error;
};

#define GOOD "from = \"meetings@example.org\" server = \"smtps://mail.example.org\""

static void options_are_checked(void **state)
{
	static const struct {
		const char *options, *words;
	} cases[] = {{"", "server: is missing"},
		{"server = \"smtps://mail.example.org\"", "from: "},
		{"from = \"me\" server = \"smtps://mail.example.org\"",
			"from: \"me\" is not an address"},
		{"from = \"a@x.example\" server = \"mail.example.org\"", "server: "},
		{"from = \"a@x.example\" server = \"smtp://mail.example.org\" starttls = false",
			"this machine"},
		{GOOD " timeout = \"2m\"", "timeout: "}, {GOOD " timeout = \"0s\"", "timeout: "},
		{GOOD " text = {\"Hello\", \"bye\"}", "text: none of its lines contains {code}"}};

	for (size_t i = 0; i < COUNT(cases); i++)
		refuses(*state, &auth_email, cases[i].options, 0, cases[i].words);
	auth_close(&auth_email, open_backend(*state, &auth_email, GOOD " text = \"{code}\""));
}

static void start(struct dialog *dialog, struct fixture *fixture, const char *options)
{
	*dialog = (struct dialog){
		.fixture = fixture, .instance = open_backend(fixture, &auth_email, options)};
}

static enum auth_verdict ask(struct dialog *dialog, const char *address, bool admitted)
{
	struct join join = JOIN_INIT;
	struct auth_attempt attempt = {.name = address,
		.password = "",
		.join = &join,
		.client = "192.0.2.1",
		.admitted = admitted,
		.who = &dialog->who,
		.challenge = &dialog->challenge,
		.error = &dialog->error};

	return auth_email.check(dialog->instance, &attempt);
}

static enum auth_verdict answer(struct dialog *dialog, const char *code)
{
	struct join join = JOIN_INIT;
	struct auth_attempt attempt = {.name = dialog->challenge.name,
		.password = "",
		.answer = code,
		.asked = &dialog->challenge,
		.join = &join,
		.client = "192.0.2.1",
		.who = &dialog->who,
		.error = &dialog->error};

	return auth_email.check(dialog->instance, &attempt);
}

/* The six digits in the state, the only ones in it. */
static const char *code_of(struct dialog *dialog)
{
	uint8_t *state = dialog->challenge.state;

	for (size_t i = 0; i + 6 < dialog->challenge.state_length; i++) {
		size_t digits = 0;

		while (digits < 6 && isdigit(state[i + digits]))
			digits++;
		if (digits == 6)
			return (const char *)state + i;
	}
	fail_msg("no code in the state");
	return NULL;
}

static void the_code_lets_its_address_in(void **state)
{
	struct dialog dialog;
	char typed[16];

	start(&dialog, *state, GOOD);
	assert_int_equal(ask(&dialog, "Anna@Partner.EXAMPLE", true), AUTH_CHALLENGE);
	assert_string_equal(dialog.challenge.name, "anna@partner.example");
	assert_string_equal(dialog.challenge.prompt, "");
	assert_true(dialog.challenge.echo);
	assert_int_equal(answer(&dialog, code_of(&dialog)), AUTH_GRANT);
	assert_string_equal(dialog.who.subject, "anna@partner.example");
	assert_string_equal(dialog.who.email, "anna@partner.example");
	assert_null(dialog.who.name);
	assert_false(dialog.who.guest);
	identity_release(&dialog.who);
	snprintf(typed, sizeof typed, " %.3s %.3s ", code_of(&dialog), code_of(&dialog) + 3);
	assert_int_equal(answer(&dialog, typed), AUTH_GRANT);
	identity_release(&dialog.who);
	auth_close(&auth_email, dialog.instance);
}

static void no_other_answer_is_right(void **state)
{
	static const char *const others[] = {"", " ", "0", "abcdef", "1234567", "\xc2\xb2\xc2\xb2"};
	struct dialog dialog;
	char typed[32];

	start(&dialog, *state, GOOD);
	assert_int_equal(ask(&dialog, "anna@partner.example", true), AUTH_CHALLENGE);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(answer(&dialog, others[i]), AUTH_DENY);
	for (size_t i = 0; i < 6; i++) {
		snprintf(typed, sizeof typed, "%s", code_of(&dialog));
		typed[i] = typed[i] == '9' ? '0' : (char)(typed[i] + 1);
		assert_int_equal(answer(&dialog, typed), AUTH_DENY);
		snprintf(typed, sizeof typed, "%.*s", (int)i, code_of(&dialog));
		assert_int_equal(answer(&dialog, typed), AUTH_DENY);
	}
	snprintf(typed, sizeof typed, "%s0", code_of(&dialog));
	assert_int_equal(answer(&dialog, typed), AUTH_DENY);
	snprintf(typed, sizeof typed, "0%s", code_of(&dialog));
	assert_int_equal(answer(&dialog, typed), AUTH_DENY);
	/* Whose code was wrong goes to the log, and makes nobody of them. */
	assert_string_equal(dialog.who.subject, "anna@partner.example");
	assert_null(dialog.who.email);
	identity_release(&dialog.who);
	auth_close(&auth_email, dialog.instance);
}

static void a35_an_address_that_is_not_admitted_is_asked_the_same(void **state)
{
	struct dialog in, out;

	start(&in, *state, GOOD);
	assert_int_equal(ask(&in, "anna@partner.example", true), AUTH_CHALLENGE);
	auth_close(&auth_email, in.instance);
	start(&out, *state, GOOD);
	assert_int_equal(ask(&out, "anna@partner.example", false), AUTH_CHALLENGE);
	assert_string_equal(in.challenge.name, out.challenge.name);
	assert_string_equal(in.challenge.prompt, out.challenge.prompt);
	assert_int_equal(in.challenge.echo, out.challenge.echo);
	assert_int_equal(in.challenge.state_length, out.challenge.state_length);
	assert_int_equal(answer(&out, code_of(&out)), AUTH_DENY);
	assert_int_equal(answer(&out, "000000"), AUTH_DENY);
	assert_null(out.who.subject);
	auth_close(&auth_email, out.instance);
}

static void codes_are_good_for_ten_minutes(void **state)
{
	struct dialog dialog;
	int64_t now = clock_wall(), made;
	size_t place = 0;

	start(&dialog, *state, GOOD);
	assert_int_equal(ask(&dialog, "anna@partner.example", true), AUTH_CHALLENGE);
	/* Where the state has the time, whatever its layout. */
	for (; place + sizeof made <= dialog.challenge.state_length; place++) {
		memcpy(&made, dialog.challenge.state + place, sizeof made);
		if (made >= now && made <= clock_wall())
			break;
	}
	assert_true(place + sizeof made <= dialog.challenge.state_length);
	made = clock_wall() - 595;
	memcpy(dialog.challenge.state + place, &made, sizeof made);
	assert_int_equal(answer(&dialog, code_of(&dialog)), AUTH_GRANT);
	identity_release(&dialog.who);
	made = clock_wall() - 600;
	memcpy(dialog.challenge.state + place, &made, sizeof made);
	assert_int_equal(answer(&dialog, code_of(&dialog)), AUTH_DENY);
	identity_release(&dialog.who);
	auth_close(&auth_email, dialog.instance);
}

static void every_code_is_another(void **state)
{
	char first[7];
	struct dialog dialog;
	int same = 0;

	start(&dialog, *state, GOOD);
	assert_int_equal(ask(&dialog, "anna@partner.example", true), AUTH_CHALLENGE);
	snprintf(first, sizeof first, "%s", code_of(&dialog));
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ask(&dialog, "anna@partner.example", true), AUTH_CHALLENGE);
		same += strcmp(first, code_of(&dialog)) == 0;
	}
	assert_true(same < 3);
	auth_close(&auth_email, dialog.instance);
}

static void what_is_no_address_is_unknown(void **state)
{
	static const char *const bad[] = {"anna", "a@good@evil", "a@x.example\r\nBcc: b@x.example",
		"\"a\"@x.example", "a@x.example."};
	struct dialog dialog;

	start(&dialog, *state, GOOD);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(ask(&dialog, bad[i], true), AUTH_UNKNOWN);
		assert_int_equal(dialog.challenge.state_length, 0);
	}
	auth_close(&auth_email, dialog.instance);
}

static void somebody_elses_challenge_is_refused(void **state)
{
	struct dialog dialog;
	char code[8];

	start(&dialog, *state, GOOD);
	assert_int_equal(ask(&dialog, "anna@partner.example", true), AUTH_CHALLENGE);
	snprintf(code, sizeof code, "%s", code_of(&dialog));
	dialog.challenge.state_length--;
	assert_int_equal(answer(&dialog, code), AUTH_DENY);
	dialog.challenge.state_length = 0;
	assert_int_equal(answer(&dialog, code), AUTH_DENY);
	auth_close(&auth_email, dialog.instance);
}

/* ---- the server out of order ---- */

static void a_mail_that_cannot_be_sent_is_told_without_whom(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct auth_secrets none = {NULL, 0};
	socklen_t length = sizeof address;
	int closed = socket(AF_INET, SOCK_STREAM, 0); /* bound, and nobody listens */
	char options[256];
	struct dialog dialog;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(closed, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(getsockname(closed, (struct sockaddr *)&address, &length), 0);
	snprintf(options, sizeof options,
		"from = \"m@example.org\" starttls = false server = \"smtp://127.0.0.1:%d\"",
		ntohs(address.sin_port));
	start(&dialog, *state, options);
	assert_int_equal(ask(&dialog, "anna@partner.example", true), AUTH_CHALLENGE);
	assert_int_equal(
		auth_email.deliver(dialog.instance, &dialog.challenge, &none, &dialog.error), -1);
	assert_non_null(strstr(dialog.error.text, "smtp://127.0.0.1:"));
	assert_null(strstr(dialog.error.text, "anna"));
	assert_int_equal(auth_email.connect(dialog.instance, &none, &dialog.error), -1);
	/* A35: a server out of order is the same for those who are not admitted. */
	assert_int_equal(ask(&dialog, "eve@elsewhere.example", false), AUTH_CHALLENGE);
	assert_int_equal(
		auth_email.deliver(dialog.instance, &dialog.challenge, &none, &dialog.error), -1);
	auth_close(&auth_email, dialog.instance);
	close(closed);
}

static void a_user_without_a_password_is_told(void **state)
{
	struct auth_secrets none = {NULL, 0};
	struct dialog dialog;

	start(&dialog, *state, GOOD " user = \"meetings\"");
	assert_int_equal(ask(&dialog, "anna@partner.example", true), AUTH_CHALLENGE);
	assert_int_equal(
		auth_email.deliver(dialog.instance, &dialog.challenge, &none, &dialog.error), -1);
	assert_non_null(strstr(dialog.error.text, "meetauthctl secret set"));
	auth_close(&auth_email, dialog.instance);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a23_an_address_can_be_meant_in_one_way_only),
		TEST(a_server_is_a_host_with_tls),
		TEST(a_message_has_what_it_needs),
		TEST(nothing_adds_a_line_to_the_header),
		TEST(other_scripts_are_encoded_in_short_lines),
		TEST(options_are_checked),
		TEST(the_code_lets_its_address_in),
		TEST(no_other_answer_is_right),
		TEST(a35_an_address_that_is_not_admitted_is_asked_the_same),
		TEST(codes_are_good_for_ten_minutes),
		TEST(every_code_is_another),
		TEST(what_is_no_address_is_unknown),
		TEST(somebody_elses_challenge_is_refused),
		TEST(a_mail_that_cannot_be_sent_is_told_without_whom),
		TEST(a_user_without_a_password_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
