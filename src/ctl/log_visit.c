/* SPDX-License-Identifier: MIT */
#include "ctl/log_visit.h"

#include "session/session.h"

enum { KEYS_MAX = 3 };

/* What a code means, and what an operator can do; "": nothing. A test compares the codes with
 * service/failures.def. */
static const struct meaning {
	const char *code, *means, *advice;
} meanings[] = {
	{"internal", "meetauth could not finish the request",
		"Read the detail and the lines with level=error around this time, and run "
		"\"meetauthctl check\"."},
	{"bad-request", "the link or the form was not valid",
		"Compare the link with the platform's settings; the visitor opens the meeting's "
		"link again."},
	{"too-large", "the form was longer than 16 KiB", ""},
	{"unknown-platform",
		"the host name in the link belongs to no platform of the configuration",
		"Compare the titles of the platform sections with the host name."},
	{"login-failed", "the sign-in failed", ""},
	{"login-throttled", "there were too many tries",
		"Wait until the limit has room again, or raise throttle-account, "
		"throttle-address or throttle-refused."},
	{"denied", "the policy does not let this visitor into the meeting", ""},
	{"already-used", "the link was used before, and a link counts once",
		"The visitor opens the meeting's link again, which makes a new one."},
	{"exchange-refused",
		"the platform refused: the link has expired or was used, the meeting does not "
		"exist or is not open, or the platform has another API key",
		"The visitor opens the meeting's link again. If all visitors are refused, compare "
		"the API key: \"meetauthctl check --connect\"."},
	{"exchange-bad-answer",
		"the platform sent an answer that meetauth does not understand, or did not accept "
		"our credentials",
		"Run \"meetauthctl check --connect\"."},
	{"exchange-unreachable", "the platform could not be reached",
		"Run \"meetauthctl check --connect\"."},
	{"exchange-timeout", "the platform did not answer in time",
		"Run \"meetauthctl check --connect\", and look at the platform's own load."},
	{"backend-unavailable", "a backend that checks passwords was out of order",
		"Run \"meetauthctl check --connect\"."},
	{"overloaded", "meetauth or the platform had too much to do, or no room was free",
		"Read the detail; look at meetauth_requests_in_flight and at the load."},
	{"ticket-expired",
		"the sign-in took too long, or continued in another browser or without its cookie",
		"The visitor opens the meeting's link again and allows cookies."},
	{"not-found", "the address does not exist", ""},
	{"method-not-allowed", "the address does not accept this method", ""},
};

static const struct meaning *find_meaning(const char *code)
{
	for (size_t i = 0; code != NULL && i < sizeof meanings / sizeof *meanings; i++)
		if (strcmp(meanings[i].code, code) == 0)
			return &meanings[i];
	return NULL;
}

/* ---- who, and where ---- */

static void add_person(const struct log_entry *entry, struct buffer *text)
{
	const char *user = log_field(entry, "user"), *name = log_field(entry, "name");
	const char *backend = log_field(entry, "backend");

	if (name != NULL)
		buffer_printf(
			text, "%s (guest %s)", name, user != NULL ? user : "without a number");
	else if (user != NULL && backend != NULL)
		buffer_printf(text, "%s (backend %s)", user, backend);
	else if (backend != NULL)
		buffer_printf(text, "A visitor of the backend %s", backend);
	else
		buffer_text(text, user != NULL ? user : "A visitor");
}

static void add_meeting(const struct log_entry *entry, struct buffer *text)
{
	const char *platform = log_field(entry, "platform");
	const char *meeting = log_field(entry, "meeting_id");

	if (meeting != NULL)
		buffer_printf(text, "meeting %s", meeting);
	else
		buffer_text(text, "a meeting");
	if (platform != NULL)
		buffer_printf(text, " at %s", platform);
	else if (log_field(entry, "hostname") != NULL)
		buffer_printf(text, " at \"%s\"", log_field(entry, "hostname"));
}

/* Appends ": TEXT" of the first of these fields that the event has. */
static void add_first(
	const struct log_entry *entry, const char *const keys[KEYS_MAX], struct buffer *text)
{
	for (size_t i = 0; i < KEYS_MAX && keys[i] != NULL; i++)
		if (log_field(entry, keys[i]) != NULL) {
			buffer_printf(text, ": %s", log_field(entry, keys[i]));
			return;
		}
}

static void add_detail(const struct log_entry *entry, struct buffer *text)
{
	if (log_field(entry, "parameter") != NULL)
		buffer_printf(text, " Parameter: %s.", log_field(entry, "parameter"));
	if (log_field(entry, "detail") != NULL)
		buffer_printf(text, " Detail: %s.", log_field(entry, "detail"));
}

/* ---- the events ---- */

static void add_meaning(const struct log_entry *entry, struct buffer *text)
{
	const char *code = log_field(entry, "code"), *rule = log_field(entry, "rule");
	const struct meaning *meaning = find_meaning(code);

	buffer_printf(text, ", but %s", meaning != NULL ? meaning->means : "failed");
	if (code != NULL)
		buffer_printf(text, " (%s)", code);
	if (rule != NULL && log_field_is(entry, "code", "denied"))
		buffer_printf(text, "; the rule \"%s\" decided", rule);
	buffer_text(text, ".");
	add_detail(entry, text);
}

static void describe_join(const struct log_entry *entry, struct buffer *text)
{
	bool ok = log_field_is(entry, "result", "ok");

	add_person(entry, text);
	buffer_text(text, ok ? " joined " : " tried to join ");
	add_meeting(entry, text);
	if (!ok) {
		add_meaning(entry, text);
		return;
	}
	if (log_field(entry, "rule") != NULL)
		buffer_printf(text, "; the rule \"%s\" decided", log_field(entry, "rule"));
	if (log_field(entry, "room") != NULL)
		buffer_printf(text, "; the meeting is in the room %s", log_field(entry, "room"));
	buffer_text(text, ".");
}

static void describe_login(const struct log_entry *entry, struct buffer *text)
{
	static const struct {
		const char *result, *means;
	} results[] = {
		{"ok", " signed in"},
		{"failed", " could not sign in"},
		{"throttled", " was refused a sign-in after too many tries"},
		{"unavailable", " could not sign in, because the backend was out of order"},
		{"gone",
			" was signed out, because the account was disabled, removed or changed, or "
			"has expired"},
	};
	static const char *const keys[KEYS_MAX] = {"detail"};
	const char *means = " tried to sign in";

	for (size_t i = 0; i < sizeof results / sizeof *results; i++)
		if (log_field_is(entry, "result", results[i].result))
			means = results[i].means;
	add_person(entry, text);
	buffer_text(text, means);
	if (log_field(entry, "meeting_id") != NULL) {
		buffer_text(text, " for ");
		add_meeting(entry, text);
	}
	add_first(entry, keys, text);
	buffer_text(text, ".");
}

static void describe_logout(const struct log_entry *entry, struct buffer *text)
{
	static const char *const keys[KEYS_MAX] = {"detail"};

	add_person(entry, text);
	buffer_text(text, " signed out");
	add_first(entry, keys, text);
	buffer_text(text, ".");
}

static void describe_desk(const struct log_entry *entry, struct buffer *text)
{
	const char *action = log_field(entry, "action"), *guest = log_field(entry, "guest");

	add_person(entry, text);
	buffer_printf(text, " used the guest desk (%s", action != NULL ? action : "a change");
	if (guest != NULL)
		buffer_printf(text, ", guest %s", guest);
	if (log_field(entry, "meetings") != NULL)
		buffer_printf(text, ", %s", log_field(entry, "meetings"));
	buffer_text(text, log_field_is(entry, "result", "ok") ? ")." : "), which failed.");
	add_detail(entry, text);
}

static void describe_failure(const struct log_entry *entry, struct buffer *text)
{
	add_person(entry, text);
	buffer_text(text, " asked for a page");
	add_meaning(entry, text);
}

static const struct describer {
	const char *event;
	void (*describe)(const struct log_entry *entry, struct buffer *text);
} describers[] = {
	{"join", describe_join},
	{"login", describe_login},
	{"logout", describe_logout},
	{"desk", describe_desk},
	{"failure", describe_failure},
};

static const struct describer *find_describer(const struct log_entry *entry)
{
	for (size_t i = 0; i < sizeof describers / sizeof *describers; i++)
		if (log_field_is(entry, "event", describers[i].event))
			return &describers[i];
	return NULL;
}

bool log_visit_is_event(const struct log_entry *entry)
{
	return find_describer(entry) != NULL;
}

void log_visit_describe(const struct log_entry *entry, struct buffer *text)
{
	const struct describer *describer = find_describer(entry);

	if (describer != NULL)
		describer->describe(entry, text);
}

/* ---- what to do ---- */

/* The command that shows how the policy came to its answer. */
static void advise_policy(const struct log_entry *entry, struct buffer *text)
{
	buffer_printf(text,
		"See why: meetauthctl policy explain --user '%s' --platform '%s' --meeting '%s'",
		log_field(entry, "user"), log_field(entry, "platform"),
		log_field(entry, "meeting_id"));
	if (log_field(entry, "backend") != NULL)
		buffer_printf(text, " --backend '%s'", log_field(entry, "backend"));
}

/* Whether a word can stand in single quotes of a shell. */
static bool is_quotable(const char *text)
{
	return text != NULL && strchr(text, '\'') == NULL;
}

/* Whether it stands for a user, with log-users = "keyed". */
static bool is_keyed(const char *user)
{
	return user != NULL && strlen(user) == SESSION_LOG_NAME_SIZE - 1 &&
	       strncmp(user, "u-", 2) == 0 &&
	       strspn(user + 2, "0123456789abcdef") == SESSION_LOG_NAME_SIZE - 3;
}

bool log_visit_advise(const struct log_entry *entry, struct buffer *text)
{
	const struct meaning *meaning = find_meaning(log_field(entry, "code"));

	if (log_field_is(entry, "code", "denied") && !is_keyed(log_field(entry, "user")) &&
		is_quotable(log_field(entry, "user")) &&
		is_quotable(log_field(entry, "platform")) &&
		is_quotable(log_field(entry, "meeting_id"))) {
		advise_policy(entry, text);
		return true;
	}
	if (meaning == NULL || meaning->advice[0] == '\0')
		return false;
	buffer_text(text, meaning->advice);
	return true;
}

/* ---- one visitor ---- */

/* Whether both events have the field, and with different texts. */
static bool differs(const struct log_entry *a, const struct log_entry *b, const char *key)
{
	const char *text = log_field(a, key);

	return text != NULL && log_field(b, key) != NULL && !log_field_is(b, key, text);
}

bool log_visit_is_related(const struct log_entry *a, const struct log_entry *b)
{
	const char *client = log_field(a, "client");

	return client != NULL && log_field_is(b, "client", client) && !differs(a, b, "user") &&
	       !differs(a, b, "platform") && !differs(a, b, "meeting_id");
}
