/* SPDX-License-Identifier: MIT
 *
 * What meetauth-pam makes of PAM's answers. PAM is a stand-in here, so that each of its answers can
 * be had; with the system's PAM and its modules the program runs in test_pam.py.
 */
#include "section_fixture.h"

#include "pam/stack.h"

#include <security/pam_appl.h>
#include <security/pam_ext.h>

enum { PROMPTS_MAX = PAM_MAX_NUM_MSG + 1 };

/* What PAM does in a test, and what it was told. */
static struct {
	int start, authenticate, account; /* what each call returns */
	int styles[PROMPTS_MAX];
	int prompts;
	bool no_responses;	/* the module wants to see none */
	const char *user_after; /* what the modules make of the name */

	struct pam_conv conversation;
	char user[64], answered[64], host[64];
	unsigned authenticated, ended, logged;
} pam;

int pam_start(const char *service, const char *user, const struct pam_conv *conversation,
	pam_handle_t **handle_r)
{
	assert_string_equal(service, "meetauth");
	snprintf(pam.user, sizeof pam.user, "%s", user);
	pam.conversation = *conversation;
	*handle_r = (pam_handle_t *)&pam;
	return pam.start;
}

int pam_end(pam_handle_t *handle, int status)
{
	(void)handle;
	(void)status;
	pam.ended++;
	return PAM_SUCCESS;
}

int pam_set_item(pam_handle_t *handle, int type, const void *item)
{
	(void)handle;
	if (type == PAM_RHOST)
		snprintf(pam.host, sizeof pam.host, "%s", (const char *)item);
	return PAM_SUCCESS;
}

int pam_get_item(const pam_handle_t *handle, int type, const void **item_r)
{
	(void)handle;
	assert_int_equal(type, PAM_USER);
	*item_r = pam.user_after;
	return PAM_SUCCESS;
}

/* Asks all prompts at once, as a module may. */
static int prompt(void)
{
	const struct pam_message *messages[PROMPTS_MAX];
	struct pam_message each[PROMPTS_MAX];
	struct pam_response *responses = NULL;
	int rc;

	for (int i = 0; i < PROMPTS_MAX; i++) {
		each[i] = (struct pam_message){pam.styles[i], "says something"};
		messages[i] = &each[i];
	}
	rc = pam.conversation.conv(pam.prompts, messages, pam.no_responses ? NULL : &responses,
		pam.conversation.appdata_ptr);
	for (int i = 0; rc == PAM_SUCCESS && responses != NULL && i < pam.prompts; i++)
		if (responses[i].resp != NULL) {
			snprintf(pam.answered, sizeof pam.answered, "%s", responses[i].resp);
			free(responses[i].resp);
		}
	free(responses);
	return rc;
}

int pam_authenticate(pam_handle_t *handle, int flags)
{
	int rc;

	(void)handle;
	assert_true(((unsigned)flags & PAM_DISALLOW_NULL_AUTHTOK) != 0);
	pam.authenticated++;
	rc = pam.prompts != 0 ? prompt() : PAM_SUCCESS;
	return rc != PAM_SUCCESS ? rc : pam.authenticate;
}

int pam_acct_mgmt(pam_handle_t *handle, int flags)
{
	(void)handle;
	(void)flags;
	return pam.account;
}

const char *pam_strerror(pam_handle_t *handle, int code)
{
	(void)handle;
	return code == PAM_AUTHINFO_UNAVAIL ? "no information" : "something else";
}

void pam_syslog(const pam_handle_t *handle, int priority, const char *format, ...)
{
	(void)handle;
	(void)priority;
	(void)format;
	pam.logged++;
}

/* -- helpers -- */

/* PAM as it is with one prompt for the password, and a yes to everything. */
static int usual(void **state)
{
	(void)state;
	memset(&pam, 0, sizeof pam);
	pam.styles[0] = PAM_PROMPT_ECHO_OFF;
	pam.prompts = 1;
	pam.user_after = "anybody.here";
	return 0;
}

static void asked(const char *typed, const char *password, const char *expected)
{
	const struct stack_question question = {"meetauth", typed, password, "192.0.2.7"};
	struct buffer answer = BUFFER_INIT(16384);

	pam.ended = 0;
	stack_ask(&question, &answer);
	assert_string_equal(answer.data, expected);
	buffer_release(&answer);
}

static void says(const char *expected)
{
	asked("anybody.here", "correct horse", expected);
}

/* -- the tests -- */

static void the_password_answers_the_one_question(void **state)
{
	(void)state;
	says("grant anybody.here\n");
	assert_string_equal(pam.user, "anybody.here");
	assert_string_equal(pam.answered, "correct horse");
	assert_string_equal(pam.host, "192.0.2.7");
	assert_int_equal(pam.ended, 1);
}

static void an_account_of_unix_has_its_name_and_groups(void **state)
{
	(void)state;
	pam.user_after = "root";
	asked("ROOT", "correct horse", "grant root\nname root\ngroup root\n");
}

static void a_renewal_asks_about_the_account_alone(void **state)
{
	(void)state;
	pam.authenticate = PAM_AUTH_ERR;
	asked("anybody.here", NULL, "grant anybody.here\n");
	assert_int_equal(pam.authenticated, 0);
	pam.account = PAM_ACCT_EXPIRED;
	asked("anybody.here", NULL, "deny\n");
	pam.account = PAM_USER_UNKNOWN; /* who has a session was known */
	asked("anybody.here", NULL, "deny\n");
}

static void each_refusal_has_its_word(void **state)
{
	static const int denied[] = {PAM_AUTH_ERR, PAM_CRED_INSUFFICIENT, PAM_MAXTRIES,
		PAM_PERM_DENIED, PAM_ACCT_EXPIRED, PAM_CRED_EXPIRED, PAM_AUTHTOK_EXPIRED,
		PAM_NEW_AUTHTOK_REQD};

	(void)state;
	for (size_t i = 0; i < COUNT(denied); i++) {
		pam.authenticate = denied[i];
		says("deny\n");
		pam.authenticate = PAM_SUCCESS;
		pam.account = denied[i];
		says("deny\n");
		pam.account = PAM_SUCCESS;
	}
	pam.authenticate = PAM_USER_UNKNOWN;
	says("unknown\n");
	pam.authenticate = PAM_AUTHINFO_UNAVAIL;
	says("unavailable PAM: no information\n");
	assert_int_equal(pam.logged, 0);
	pam.start = PAM_ABORT;
	says("unavailable PAM does not start (26)\n");
	assert_int_equal(pam.ended, 0);
}

static void what_only_tells_something_is_passed_over(void **state)
{
	(void)state;
	pam.styles[0] = PAM_TEXT_INFO;
	pam.styles[1] = PAM_ERROR_MSG;
	pam.styles[2] = PAM_PROMPT_ECHO_OFF;
	pam.prompts = 3;
	says("grant anybody.here\n");
	pam.no_responses = true;
	pam.prompts = 2;
	says("unavailable PAM asked for no password\n");
}

/* A new password, a code, a yes to something. */
static void a_question_too_many_denies(void **state)
{
	(void)state;
	pam.styles[1] = PAM_PROMPT_ECHO_OFF;
	pam.prompts = 2;
	says("deny\n");
	assert_int_equal(pam.logged, 1);
	pam.styles[0] = PAM_PROMPT_ECHO_ON;
	pam.prompts = 1;
	says("deny\n");
	assert_int_equal(pam.logged, 2);
	assert_string_equal(pam.answered, "");
}

static void a_module_that_asks_for_nothing_or_too_much_fails(void **state)
{
	(void)state;
	pam.prompts = 0;
	says("unavailable PAM asked for no password\n");
	pam.prompts = -1;
	says("unavailable PAM: something else\n");
	pam.prompts = PAM_MAX_NUM_MSG + 1;
	says("unavailable PAM: something else\n");
	assert_string_equal(pam.answered, "");
}

static void a_name_is_one_person_whatever_its_spelling(void **state)
{
	static const char spelling[] =
		"deny\nreason the name may be another spelling of somebody's: there is no account "
		"of it, and no module gave another name\n";

	(void)state;
	pam.user_after = " Anybody.HERE ";
	says("grant anybody.here\n");
	pam.user_after = "EXAMPLE\\anybody.here";
	asked("example\\anybody.here", "correct horse", spelling);
	asked("somebody", "correct horse", "grant example\\anybody.here\n"); /* a module's */
	/* That is a subject already. */
	asked("EXAMPLE\\anybody.here", NULL, "grant example\\anybody.here\n");
}

static void no_usable_name_is_no_answer(void **state)
{
	(void)state;
	pam.user_after = NULL;
	says("unavailable PAM gave no usable name\n");
	pam.user_after = "line\nbreak";
	says("unavailable PAM gave no usable name\n");
}

static void a_service_that_is_not_there_is_not_found(void **state)
{
	(void)state;
	assert_true(stack_has_service("other"));
	assert_false(stack_has_service("meetauth-nobody-has-this"));
}

#define TEST(name) cmocka_unit_test_setup(name, usual)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_password_answers_the_one_question),
		TEST(an_account_of_unix_has_its_name_and_groups),
		TEST(a_renewal_asks_about_the_account_alone),
		TEST(each_refusal_has_its_word),
		TEST(what_only_tells_something_is_passed_over),
		TEST(a_question_too_many_denies),
		TEST(a_module_that_asks_for_nothing_or_too_much_fails),
		TEST(a_name_is_one_person_whatever_its_spelling),
		TEST(no_usable_name_is_no_answer),
		TEST(a_service_that_is_not_there_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
