/* SPDX-License-Identifier: MIT
 *
 * Backend "email": whoever can read the mail of an address is whose address it is. A code of six
 * digits goes there, good for ten minutes. Every address gets the same answer in the same time,
 * whether the policy admits it or not; only mail goes to no other.
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

static const struct option options[] = {
	{"server", OPTION_STRING, NULL, "the mail server, smtps://host or smtp://host (STARTTLS)"},
	{"starttls", OPTION_BOOL, "true", "false: in the clear, towards this machine only"},
	{"ca-file", OPTION_STRING, NULL, "certificates to trust instead of the system's"},
	{"user", OPTION_STRING, NULL, "name at the server; its password is the backend's secret"},
	{"from", OPTION_STRING, NULL, "the sender's address"},
	{"from-name", OPTION_STRING, NULL, "the sender's name, as mail programs show it"},
	{"subject", OPTION_STRING, "Your code", "subject of the mail"},
	{"text", OPTION_LIST, NULL, "lines of the mail; {code} is the code"},
	{"timeout", OPTION_DURATION, "10s", "for sending a mail"},
	{0},
};

static const char *const default_text[] = {
	"Your code to sign in to the meeting:",
	"",
	"    {code}",
	"",
	"It is good for ten minutes, and once, in the window that asked for it.",
	"",
	"Nobody will ever ask you for it but the page that you opened yourself.",
	"If you did not ask for a code, somebody typed your address, perhaps by",
	"mistake; you need not do anything.",
};

/* All strings are the settings'. */
struct instance {
	struct mail_server server;
	const char *from, *from_name, *subject;
	const char *const *lines;
	size_t line_count;
};

/* What a challenge remembers. Sealed by the caller, so nobody has changed it; and the machines of a
 * pool are of one kind, so no other layout is needed. */
struct asked {
	uint8_t version; /* 1 */
	bool admitted;	 /* false: no mail, and no answer is right */
	char code[CODE_DIGITS + 1];
	char address[MAIL_ADDRESS_MAX + 1]; /* in lower case */
	int64_t made;			    /* seconds since 1970 */
};

_Static_assert(sizeof(struct asked) <= AUTH_STATE_MAX, "fits a challenge");

/* ---- the section ---- */

static int check_lines(
	const struct section *section, struct instance *instance, struct error *error)
{
	bool has_code = false;

	instance->lines = section_list(section, "text", &instance->line_count);
	if (instance->line_count == 0) {
		instance->lines = default_text;
		instance->line_count = sizeof default_text / sizeof *default_text;
	}
	for (size_t i = 0; i < instance->line_count; i++)
		has_code = has_code || strstr(instance->lines[i], "{code}") != NULL;
	return has_code ? 0
			: section_error(
				  section, "text", error, "{code} stands in none of its lines");
}

static int check_section(
	const struct section *section, struct instance *instance, struct error *error)
{
	struct error why;

	if (instance->server.url[0] == '\0')
		return section_error(section, "server", error,
			"is missing: the mail server, like smtps://mail.example.org");
	if (mail_check_server(&instance->server, &why) != 0)
		return section_error(section, "server", error, "%s", why.text);
	if (!mail_is_address(instance->from))
		return section_error(
			section, "from", error, "is no address like meetings@example.org");
	if (instance->server.timeout_ms < 1 || instance->server.timeout_ms > TIMEOUT_MAX_MS)
		return section_error(section, "timeout", error, "must be 1ms to 60s");
	return check_lines(section, instance, error);
}

static int open_email(const struct section *section, void **instance_r, struct error *error)
{
	struct instance *instance = calloc(1, sizeof *instance);

	if (instance == NULL)
		return section_error(section, NULL, error, "no memory");
	*instance = (struct instance){
		.server = {section_string(section, "server"), !section_bool(section, "starttls"),
			section_string(section, "ca-file"), section_string(section, "user"),
			section_milliseconds(section, "timeout")},
		.from = section_string(section, "from"),
		.from_name = section_string(section, "from-name"),
		.subject = section_string(section, "subject"),
	};
	if (check_section(section, instance, error) != 0) {
		free(instance);
		return -1;
	}
	*instance_r = instance;
	return 0;
}

static void close_email(void *context)
{
	free(context);
}

/* ---- the first question: which address ---- */

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
	/* In lower case, and only so it is ever written to: where a server takes A@ and a@ for
	 * two people, the code goes to the one who is let in. */
	text_lower(attempt->name, asked.address, MAIL_ADDRESS_MAX + 1);
	/* Also for an address that gets none: the same work for everybody. */
	snprintf(asked.code, sizeof asked.code, "%0*u", CODE_DIGITS,
		(unsigned)randombytes_uniform(CODE_COUNT));
	*challenge = (struct auth_challenge){.echo = true, .state_length = sizeof asked};
	snprintf(challenge->name, sizeof challenge->name, "%s", asked.address);
	memcpy(challenge->state, &asked, sizeof asked);
	explicit_bzero(&asked, sizeof asked);
	return AUTH_CHALLENGE;
}

/* What was asked; false where this is none of ours. */
static bool recall(const struct auth_challenge *challenge, struct asked *asked)
{
	if (challenge->state_length != sizeof *asked)
		return false;
	memcpy(asked, challenge->state, sizeof *asked);
	return asked->version == 1;
}

/* ---- the second: which code ---- */

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
		/* An address that a code went to is known; any other is what somebody typed. */
		if (asked.admitted)
			identity_set(&who->subject, asked.address, IDENTITY_SUBJECT_MAX);
		error_set(attempt->error, "%s",
			asked.admitted ? "wrong code, or it is too old"
				       : "no rule admits this address, so no code was sent");
	} else {
		verdict = AUTH_GRANT;
		if (identity_set(&who->subject, asked.address, IDENTITY_SUBJECT_MAX) != 0 ||
			identity_set(&who->email, asked.address, IDENTITY_EMAIL_MAX) != 0) {
			error_set(attempt->error, "no memory for an identity");
			verdict = AUTH_UNAVAILABLE;
		}
	}
	explicit_bzero(&asked, sizeof asked);
	return verdict;
}

static enum auth_verdict check(void *context, const struct auth_attempt *attempt)
{
	(void)context;
	return attempt->asked == NULL ? ask(attempt) : compare(attempt);
}

/* ---- the mail ---- */

static void write_text(const struct instance *instance, const char *code, struct buffer *text)
{
	for (size_t i = 0; i < instance->line_count; i++) {
		const char *line = instance->lines[i], *place;

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
	const struct instance *instance, const struct auth_secrets *secrets, struct error *error)
{
	if (instance->server.user[0] == '\0' || secrets->count > 0)
		return 0;
	return error_set(error,
		"%s: there is a user and no password: \"meetauthctl secret set backend/TITLE\"",
		instance->server.url);
}

static int reach(void *context, const struct auth_secrets *secrets, struct error *error)
{
	const struct instance *instance = context;

	return check_secret(instance, secrets, error) == 0
		       ? mail_try(&instance->server, newest(secrets), error)
		       : -1;
}

static int send_code(const struct instance *instance, const struct asked *asked,
	const struct auth_secrets *secrets, struct error *error)
{
	struct buffer text = BUFFER_INIT(MAIL_TEXT_MAX);
	struct mail mail = {.from = instance->from,
		.from_name = instance->from_name,
		.subject = instance->subject,
		.to = asked->address};
	int rc;

	write_text(instance, asked->code, &text);
	mail.text = text.data;
	if (text.failed)
		rc = error_set(error, "the mail would be longer than %d bytes", MAIL_TEXT_MAX);
	else
		rc = check_secret(instance, secrets, error);
	/* Refused is not out of order: who types addresses that do not exist must not be able to
	 * shut the others out. */
	if (rc == 0 && mail_send(&instance->server, newest(secrets), &mail, error) == MAIL_BROKEN)
		rc = -1;
	buffer_wipe(&text);
	return rc;
}

static int deliver(void *context, const struct auth_challenge *challenge,
	const struct auth_secrets *secrets, struct error *error)
{
	struct asked asked;
	int rc;

	if (!recall(challenge, &asked))
		return 0;
	/* For an address that is not admitted the server is visited as well, and nothing sent:
	 * neither how busy we are nor what a server out of order leads to tells who is admitted. */
	rc = asked.admitted ? send_code(context, &asked, secrets, error)
			    : reach(context, secrets, error);
	explicit_bzero(&asked, sizeof asked);
	return rc;
}

static bool needs_secret(void *context)
{
	const struct instance *instance = context;

	return instance->server.user[0] != '\0';
}

const struct auth_backend auth_email = {
	.type = "email",
	.summary = "a one-time code by mail to an address the policy admits",
	.options = options,
	.kind = AUTH_FORM,
	.threads = 4,
	.name_label = "login.email",
	.asks_policy = true,
	.generated = "make it the password of user at the mail server",
	.open = open_email,
	.close = close_email,
	.needs_secret = needs_secret,
	.check = check,
	.deliver = deliver,
	.connect = reach,
	.alive = reach,
};
