/* SPDX-License-Identifier: MIT */
#include "auth/dialog.h"

#include "auth/answer.h"
#include "base/trace.h"

#include <strings.h>

#define FIRST_LINE "meetauth 1"

enum { REASON_MAX = 200 };

/* Runs the program and parses its answer. Returns 0, or -1 with the error. */
static int ask(const struct helper *helper, const struct buffer *question, struct buffer *raw,
	struct answer *answer, struct error *error)
{
	unsigned wrong;

	if (question->failed)
		return error_set(error, "out of memory for a request to %s", helper->program);
	if (helper_run(helper, question, raw, error) != 0)
		return -1;
	wrong = answer_read(raw->data, answer);
	if (wrong > 0)
		return error_set(error,
			"%s: line %u of its answer is not as in meetauth-command(7)",
			helper->program, wrong);
	return 0;
}

/* For requests that are not about a sign-in. */
static const struct auth_attempt nothing_typed;

static const char *words_of(const struct answer *answer, const struct auth_attempt *attempt)
{
	const char *typed[] = {attempt->password, attempt->answer, attempt->name};

	/* The user name may be logged if the program confirms it as the subject. */
	if (answer->who.subject != NULL && typed[2] != NULL &&
		strcasecmp(answer->who.subject, typed[2]) == 0)
		typed[2] = NULL;
	for (size_t i = 0; i < sizeof typed / sizeof *typed; i++)
		if (typed[i] != NULL && typed[i][0] != '\0' &&
			strcasestr(answer->text, typed[i]) != NULL)
			return "the reason is not logged, since it repeats what was typed";
	return answer->text;
}

/* Sets the error. Returns AUTH_UNAVAILABLE. */
static enum auth_verdict say_why(const struct helper *helper, const struct answer *answer,
	const struct auth_attempt *attempt, struct error *error)
{
	error_set(error, "%s is unavailable%s%.*s", helper->program,
		answer->text[0] != '\0' ? ": " : "", REASON_MAX, words_of(answer, attempt));
	return AUTH_UNAVAILABLE;
}

static enum auth_verdict say_misplaced(
	const struct helper *helper, const struct answer *answer, struct error *error)
{
	error_set(error, "%s answered \"%s\", which is not an answer to this request",
		helper->program, answer_word(answer->reply));
	return AUTH_UNAVAILABLE;
}

/* ---- requests ---- */

static void add(struct buffer *question, const char *key, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buffer_text(question, key);
	buffer_text(question, " ");
	buffer_text(question, value);
	buffer_text(question, "\n");
}

static void begin(struct buffer *question, const char *request)
{
	buffer_text(question, FIRST_LINE "\n");
	add(question, "request", request);
}

static void end(struct buffer *question)
{
	const struct trace *trace = trace_used();
	char traceparent[TRACE_PARENT_SIZE];

	if (trace != NULL) {
		trace_format(trace, traceparent);
		add(question, "traceparent", traceparent);
	}
	buffer_text(question, "end\n");
}

static void describe(struct buffer *question, const struct auth_attempt *attempt)
{
	const struct auth_challenge *asked = attempt->asked;

	begin(question, asked != NULL ? "answer" : "login");
	add(question, "user", asked != NULL ? asked->name : attempt->name);
	add(question, "password", attempt->password);
	add(question, "answer", attempt->answer);
	if (asked != NULL) {
		buffer_text(question, asked->state_length > 0 ? "state " : "");
		buffer_append(question, asked->state, asked->state_length);
		buffer_text(question, asked->state_length > 0 ? "\n" : "");
	}
	add(question, "client", attempt->client);
	add(question, "platform", attempt->join->platform);
	add(question, "meeting", attempt->join->meeting_id);
	end(question);
}

static void fill_challenge(const struct auth_attempt *attempt, const struct answer *answer)
{
	struct auth_challenge *challenge = attempt->challenge;
	const char *state = answer->state != NULL ? answer->state : "";
	/* attempt->challenge may be the same struct as attempt->asked. */
	struct auth_challenge filled = {.echo = answer->echo, .state_length = strlen(state)};

	snprintf(filled.name, sizeof filled.name, "%s",
		attempt->asked != NULL ? attempt->asked->name : attempt->name);
	snprintf(filled.prompt, sizeof filled.prompt, "%s", answer->text);
	memcpy(filled.state, state, filled.state_length);
	*challenge = filled;
}

static enum auth_verdict judge(
	const struct helper *helper, const struct auth_attempt *attempt, struct answer *answer)
{
	switch (answer->reply) {
	case REPLY_DENY:
		error_set(attempt->error, "%.*s", REASON_MAX, words_of(answer, attempt));
		identity_adopt(attempt->who, &answer->who);
		return AUTH_DENY;
	case REPLY_UNKNOWN:
		return AUTH_UNKNOWN;
	case REPLY_CHALLENGE:
		fill_challenge(attempt, answer);
		return AUTH_CHALLENGE;
	case REPLY_GRANT:
		identity_adopt(attempt->who, &answer->who);
		return AUTH_GRANT;
	case REPLY_UNAVAILABLE:
		return say_why(helper, answer, attempt, attempt->error);
	case REPLY_NONSENSE:
	case REPLY_UNKNOWN_REQUEST:
	case REPLY_READY:
		break;
	}
	return say_misplaced(helper, answer, attempt->error);
}

static bool has_line_break(const char *text)
{
	return text != NULL && strchr(text, '\n') != NULL;
}

enum auth_verdict dialog_check(void *instance, const struct auth_attempt *attempt)
{
	const struct helper *helper = instance;
	struct buffer question = BUFFER_INIT(HELPER_QUESTION_MAX);
	struct buffer raw = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct answer answer = ANSWER_INIT;
	enum auth_verdict verdict = AUTH_UNAVAILABLE;

	/* A line break would start a new line. Form fields cannot contain one, so it is not in any
	 * password. */
	if (has_line_break(attempt->password) || has_line_break(attempt->answer))
		return AUTH_DENY;
	describe(&question, attempt);
	if (ask(helper, &question, &raw, &answer, attempt->error) == 0)
		verdict = judge(helper, attempt, &answer);
	else if (answer.reply == REPLY_GRANT) { /* but with an invalid identity */
		identity_set(&attempt->who->subject, answer.who.subject, IDENTITY_SUBJECT_MAX);
		verdict = AUTH_UNFIT;
	}
	answer_release(&answer);
	buffer_wipe(&raw);
	buffer_wipe(&question);
	return verdict;
}

/* Updates name, e-mail and groups; the rest belongs to the session. */
static enum auth_verdict take_over(
	const struct helper *helper, const struct auth_renewal *renewal, struct answer *answer)
{
	struct identity *who = renewal->who, *now = &answer->who;

	if (strcmp(now->subject, who->subject) != 0) {
		error_set(renewal->error, "%s answered about another user", helper->program);
		return AUTH_UNAVAILABLE;
	}
	identity_renew(who, now);
	return AUTH_GRANT;
}

static enum auth_verdict judge_renewal(
	const struct helper *helper, const struct auth_renewal *renewal, struct answer *answer)
{
	switch (answer->reply) {
	case REPLY_DENY:
		return AUTH_DENY;
	case REPLY_UNKNOWN:
	case REPLY_UNKNOWN_REQUEST:
		return AUTH_UNKNOWN;
	case REPLY_GRANT:
		return take_over(helper, renewal, answer);
	case REPLY_UNAVAILABLE:
		return say_why(helper, answer, &nothing_typed, renewal->error);
	case REPLY_NONSENSE:
	case REPLY_CHALLENGE:
	case REPLY_READY:
		break;
	}
	return say_misplaced(helper, answer, renewal->error);
}

enum auth_verdict dialog_renew(void *instance, const struct auth_renewal *renewal)
{
	const struct helper *helper = instance;
	struct buffer question = BUFFER_INIT(HELPER_QUESTION_MAX);
	struct buffer raw = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct answer answer = ANSWER_INIT;
	enum auth_verdict verdict = AUTH_UNAVAILABLE;

	begin(&question, "renew");
	add(&question, "user", renewal->who->subject);
	end(&question);
	if (ask(helper, &question, &raw, &answer, renewal->error) == 0)
		verdict = judge_renewal(helper, renewal, &answer);
	else if (answer.reply == REPLY_GRANT)
		verdict = AUTH_UNFIT;
	answer_release(&answer);
	buffer_release(&raw);
	buffer_release(&question);
	return verdict;
}

static int ask_how_it_is(const struct helper *helper, bool need_not_know, struct error *error)
{
	struct buffer question = BUFFER_INIT(HELPER_QUESTION_MAX);
	struct buffer raw = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct answer answer = ANSWER_INIT;
	int rc = -1;

	begin(&question, "check");
	end(&question);
	if (ask(helper, &question, &raw, &answer, error) == 0) {
		if (answer.reply == REPLY_READY ||
			(need_not_know && answer.reply == REPLY_UNKNOWN_REQUEST))
			rc = 0;
		else if (answer.reply == REPLY_UNAVAILABLE)
			say_why(helper, &answer, &nothing_typed, error);
		else
			say_misplaced(helper, &answer, error);
	}
	answer_release(&answer);
	buffer_release(&raw);
	buffer_release(&question);
	return rc;
}

int dialog_connect(void *instance, const struct auth_secrets *secrets, struct error *error)
{
	return ask_how_it_is(instance, true, error);
}

int dialog_alive(void *instance, const struct auth_secrets *secrets, struct error *error)
{
	return ask_how_it_is(instance, false, error);
}
