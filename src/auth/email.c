/* SPDX-License-Identifier: MIT
 *
 * Backend "email": authenticates visitors by a code of six digits, valid for ten minutes, that is
 * sent to their e-mail address. The response is the same in content and time for all addresses, but
 * mail is sent only to those that the policy admits.
 */
#include "auth/auth.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/typed.h"
#include "outbound/mail.h"

#include <sodium.h>

enum {
	CODE_DIGITS = 6,
	CODE_COUNT = 1000000,
	CODE_LIFETIME = 600, /* seconds */
	TIMEOUT_MAX_MS = 60000,
};

static const char *const default_text[] = {
	"Your code to sign in to the meeting:",
	"",
	"    {code}",
	"",
	"It is valid once, for ten minutes, in the browser window that requested it.",
	"",
	"Enter it only on the page that you opened yourself.",
	"If you did not request a code, somebody has typed your address, perhaps by",
	"mistake. You need not do anything.",
};

struct email {
	struct mail_server server;
	bool starttls;
	const char *from, *from_name, *subject;
	struct config_list lines;
};

static int check_from(const char *text, struct error *why)
{
	return mail_is_address(text)
		       ? 0
		       : error_set(why, "is not an address like meetings@example.org");
}

static const struct option options[] = {
	{"server", OPTION_TEXT, NULL, "the mail server, smtps://host or smtp://host (STARTTLS)",
		.required = true, OPTION_INTO(struct email, server.url)},
	{"starttls", OPTION_BOOL, "true", "false: unencrypted, only to this machine",
		OPTION_INTO(struct email, starttls)},
	{"ca-file", OPTION_TEXT, NULL, "certificates (PEM) to trust instead of the system's",
		OPTION_INTO(struct email, server.ca_file)},
	{"user", OPTION_TEXT, NULL, "user name at the server; its password is the backend's secret",
		OPTION_INTO(struct email, server.user)},
	{"from", OPTION_TEXT, NULL, "the sender's address", .required = true, .check = check_from,
		OPTION_INTO(struct email, from)},
	{"from-name", OPTION_TEXT, NULL, "the sender's name, as mail programs show it",
		OPTION_INTO(struct email, from_name)},
	{"subject", OPTION_TEXT, "Your code", "subject of the mail",
		OPTION_INTO(struct email, subject)},
	{"text", OPTION_LIST, NULL, "lines of the mail; {code} is the code",
		OPTION_INTO(struct email, lines)},
	{"timeout", OPTION_DURATION, "10s", "for sending a mail", .min = 1, .max = TIMEOUT_MAX_MS,
		OPTION_INTO(struct email, server.timeout_ms)},
	{0},
};

/* The state of a challenge. The caller seals it, so it cannot be changed. All machines of a pool
 * have the same architecture, so the struct is stored as it is. */
struct asked {
	uint8_t version; /* 1 */
	bool admitted;	 /* false: no mail is sent, and every answer is wrong */
	char code[CODE_DIGITS + 1];
	char address[MAIL_ADDRESS_MAX + 1]; /* lower case */
	int64_t made;			    /* seconds since 1970 */
};

_Static_assert(sizeof(struct asked) <= AUTH_STATE_MAX, "it must fit into a challenge");

static int email_open(void *instance, const struct section *section, struct error *error)
{
	struct email *email = instance;

	email->server.plain = !email->starttls;
	if (mail_check_server(&email->server, error) != 0)
		return section_blame(section, "server", error);
	if (email->lines.count == 0)
		email->lines = (struct config_list){
			default_text, sizeof default_text / sizeof *default_text};
	for (size_t i = 0; i < email->lines.count; i++)
		if (strstr(email->lines.items[i], "{code}") != NULL)
			return 0;
	return section_error(section, "text", error, "none of its lines contains {code}");
}

/* ---- the first step: the address ---- */

static enum auth_verdict ask(const struct auth_attempt *attempt)
{
	struct auth_challenge *challenge = attempt->challenge;
	struct asked asked;

	if (!mail_is_address(attempt->name))
		return AUTH_UNKNOWN;
	memset(&asked, 0, sizeof asked);
	asked.version = 1;
	asked.admitted = attempt->admitted;
	asked.made = clock_wall();
	/* Mail is sent to the lower-case address only: if a server considers A@ and a@ two people,
	 * the code goes to the one who is signed in. */
	text_lower(attempt->name, asked.address, MAIL_ADDRESS_MAX + 1);
	/* Make a code for every address, so that the time is the same. */
	snprintf(asked.code, sizeof asked.code, "%0*u", CODE_DIGITS,
		(unsigned)randombytes_uniform(CODE_COUNT));
	*challenge = (struct auth_challenge){.echo = true, .state_length = sizeof asked};
	snprintf(challenge->name, sizeof challenge->name, "%s", asked.address);
	memcpy(challenge->state, &asked, sizeof asked);
	explicit_bzero(&asked, sizeof asked);
	return AUTH_CHALLENGE;
}

/* Restores the state. Returns false if the challenge is not from this backend. */
static bool recall(const struct auth_challenge *challenge, struct asked *asked)
{
	if (challenge->state_length != sizeof *asked)
		return false;
	memcpy(asked, challenge->state, sizeof *asked);
	return asked->version == 1;
}

/* ---- the second step: the code ---- */

static bool is_right(const struct asked *asked, const char *answer)
{
	char code[CODE_DIGITS + 1];
	bool same;

	typed_code(answer, TYPED_DIGITS, CODE_DIGITS, code);
	same = sodium_memcmp(code, asked->code, sizeof code) == 0;
	explicit_bzero(code, sizeof code);
	return same & asked->admitted & (clock_wall() - asked->made < CODE_LIFETIME);
}

static enum auth_verdict compare(const struct auth_attempt *attempt)
{
	struct identity *who = attempt->who;
	enum auth_verdict verdict = AUTH_DENY;
	struct asked asked;

	if (!recall(attempt->asked, &asked))
		return AUTH_DENY;
	if (!is_right(&asked, attempt->answer)) {
		/* Log the address only if a code was sent to it. */
		if (asked.admitted)
			identity_set(&who->subject, asked.address, IDENTITY_SUBJECT_MAX);
		error_set(attempt->error, "%s",
			asked.admitted ? "wrong or expired code"
				       : "no rule admits this address, so no code was sent");
	} else {
		verdict = AUTH_GRANT;
		if (identity_set(&who->subject, asked.address, IDENTITY_SUBJECT_MAX) != 0 ||
			identity_set(&who->email, asked.address, IDENTITY_EMAIL_MAX) != 0) {
			error_set(attempt->error, "out of memory for an identity");
			verdict = AUTH_UNAVAILABLE;
		}
	}
	explicit_bzero(&asked, sizeof asked);
	return verdict;
}

static enum auth_verdict email_check(void *instance, const struct auth_attempt *attempt)
{
	return attempt->asked == NULL ? ask(attempt) : compare(attempt);
}

/* ---- the mail ---- */

static void write_text(const struct email *email, const char *code, struct buffer *text)
{
	for (size_t i = 0; i < email->lines.count; i++) {
		const char *line = email->lines.items[i], *place;

		while ((place = strstr(line, "{code}")) != NULL) {
			buffer_append(text, line, (size_t)(place - line));
			buffer_text(text, code);
			line = place + strlen("{code}");
		}
		buffer_text(text, line);
		buffer_text(text, "\n");
	}
}

static const char *newest(const struct auth_secrets *secrets)
{
	return secrets->count > 0 ? secrets->values[0] : NULL;
}

static int check_secret(
	const struct email *email, const struct auth_secrets *secrets, struct error *error)
{
	if (email->server.user[0] == '\0' || secrets->count > 0)
		return 0;
	return error_set(error,
		"%s: the option user is set, but the store has no password: run \"meetauthctl "
		"secret set backend/TITLE\"",
		email->server.url);
}

static int email_reach(void *instance, const struct auth_secrets *secrets, struct error *error)
{
	const struct email *email = instance;

	return check_secret(email, secrets, error) == 0
		       ? mail_try(&email->server, newest(secrets), error)
		       : -1;
}

static int send_code(const struct email *email, const struct asked *asked,
	const struct auth_secrets *secrets, struct error *error)
{
	struct buffer text = BUFFER_INIT(MAIL_TEXT_MAX);
	struct mail mail = {.from = email->from,
		.from_name = email->from_name,
		.subject = email->subject,
		.to = asked->address};
	int rc;

	write_text(email, asked->code, &text);
	mail.text = text.data;
	if (text.failed)
		rc = error_set(error, "the mail would be longer than %d bytes", MAIL_TEXT_MAX);
	else
		rc = check_secret(email, secrets, error);
	/* If the server refuses a mail, it is not unavailable: visitors who type invalid addresses
	 * must not cause an outage for others. */
	if (rc == 0 && mail_send(&email->server, newest(secrets), &mail, error) == MAIL_BROKEN)
		rc = -1;
	buffer_wipe(&text);
	return rc;
}

static int email_deliver(void *instance, const struct auth_challenge *challenge,
	const struct auth_secrets *secrets, struct error *error)
{
	struct asked asked;
	int rc;

	if (!recall(challenge, &asked))
		return 0;
	/* Connect to the server also for addresses that are not admitted, without sending: then
	 * neither load nor an unavailable server reveals who is admitted. */
	rc = asked.admitted ? send_code(instance, &asked, secrets, error)
			    : email_reach(instance, secrets, error);
	explicit_bzero(&asked, sizeof asked);
	return rc;
}

static bool email_needs_secret(void *instance)
{
	const struct email *email = instance;

	return email->server.user[0] != '\0';
}

const struct auth_backend auth_email = {
	.type = "email",
	.summary = "a one-time code by mail to an address the policy admits",
	.options = options,
	.size = sizeof(struct email),
	.threads = 4,
	.form = &(const struct auth_form){.name_label = "login.email",
		.wrong = "login.email.wrong",
		.name = AUTH_NAME_EMAIL,
		.asks_policy = true},
	.secret = &(const struct auth_secret){"make it the password of user at the mail server",
		email_needs_secret},
	.open = email_open,
	.check = email_check,
	.deliver = email_deliver,
	.connect = email_reach,
	.alive = email_reach,
};
