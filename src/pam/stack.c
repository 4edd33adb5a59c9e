/* SPDX-License-Identifier: MIT */
#include "pam/stack.h"

#include "base/identity.h"
#include "base/text.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <strings.h>
#include <syslog.h>
#include <unistd.h>

/* The conversation: the password is the answer to one question without echo. */
struct talk {
	const char *password;
	bool given, asked_more;
};

static void forget(struct pam_response *responses, int count)
{
	for (int i = 0; i < count; i++) {
		if (responses[i].resp == NULL)
			continue;
		explicit_bzero(responses[i].resp, strlen(responses[i].resp));
		free(responses[i].resp);
	}
	free(responses);
}

/* A new password, a code, a yes to something: nobody is there to answer. */
static int respond(struct talk *talk, int style, struct pam_response *response)
{
	if (style == PAM_ERROR_MSG || style == PAM_TEXT_INFO)
		return 0;
	if (style != PAM_PROMPT_ECHO_OFF || talk->given || talk->password == NULL) {
		talk->asked_more = true;
		return -1;
	}
	response->resp = strdup(talk->password);
	talk->given = true;
	return response->resp != NULL ? 0 : -1;
}

static int converse(int count, const struct pam_message **messages,
	struct pam_response **responses_r, void *context)
{
	struct pam_response *responses;

	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	responses = calloc((size_t)count, sizeof *responses);
	if (responses == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++) {
		if (respond(context, messages[i]->msg_style, &responses[i]) == 0)
			continue;
		forget(responses, count);
		return PAM_CONV_ERR;
	}
	/* A module that only tells something may leave it NULL. */
	if (responses_r != NULL)
		*responses_r = responses;
	else
		forget(responses, count);
	return PAM_SUCCESS;
}

/* ---- verdicts ---- */

static const char *word_for(int rc, const struct talk *talk)
{
	switch (rc) {
	case PAM_USER_UNKNOWN:
		return "unknown";
	case PAM_AUTH_ERR:
	case PAM_CRED_INSUFFICIENT:
	case PAM_MAXTRIES:
	case PAM_PERM_DENIED:
	case PAM_ACCT_EXPIRED:
	case PAM_CRED_EXPIRED:
	case PAM_AUTHTOK_EXPIRED:
	case PAM_NEW_AUTHTOK_REQD:
		return "deny";
	default: /* what a module makes of our refusal to say more is its own affair */
		return talk->asked_more ? "deny" : NULL;
	}
}

static void refuse(
	pam_handle_t *pam, int rc, const char *word, const struct talk *talk, struct buffer *answer)
{
	if (talk->asked_more)
		pam_syslog(
			pam, LOG_NOTICE, "asked for more than a password, which meetauth cannot");
	if (word != NULL)
		buffer_printf(answer, "%s\n", word);
	else
		buffer_printf(answer, "unavailable PAM: %s\n", pam_strerror(pam, rc));
}

/* ---- the person ---- */

/* The first field of the comment that Unix keeps about an account. */
static void describe_name(const struct passwd *account, struct buffer *answer)
{
	size_t length = strcspn(account->pw_gecos, ",");
	char name[IDENTITY_NAME_MAX + 1];

	if (length == 0 || length > IDENTITY_NAME_MAX)
		return;
	snprintf(name, sizeof name, "%.*s", (int)length, account->pw_gecos);
	if (text_is_printable(name))
		buffer_printf(answer, "name %s\n", name);
}

/* Whether getgrgid(3) means by this code that there is no such group; any other code is a failed
 * lookup. */
static bool is_nobodys(int code)
{
	return code == 0 || code == ENOENT || code == ESRCH || code == EBADF || code == EPERM;
}

/* 0, or -1 when there are more than can be told, or one whose name could not be looked up: a rule
 * that denies it would be got around. */
static int describe_groups(const char *user, gid_t first, struct buffer *answer)
{
	gid_t ids[IDENTITY_GROUPS_MAX];
	int count = IDENTITY_GROUPS_MAX;

	if (getgrouplist(user, first, ids, &count) < 0)
		return -1;
	for (int i = 0; i < count; i++) {
		const struct group *group;

		errno = 0;
		group = getgrgid(ids[i]);
		if (group == NULL && !is_nobodys(errno))
			return -1;
		if (group != NULL)
			buffer_printf(answer, "group %s\n", group->gr_name);
	}
	return 0;
}

/* Finds the subject for `user`, the name that PAM has after the modules ran. With a Unix account it
 * is the account's name; without one the plain form of `user`, or the name that a module put in the
 * place of the typed one, or the subject that a renewal asks about. Returns -1 for any other typed
 * name: modules accept several spellings of one, and each would be another person. */
static int find_subject(const struct stack_question *question, const char *user,
	char subject[IDENTITY_SUBJECT_MAX + 1], const struct passwd **account_r)
{
	*account_r = getpwnam(user);
	if (*account_r == NULL && identity_plain_name(user, subject) == 0) {
		*account_r = getpwnam(subject);
		if (*account_r == NULL)
			return 0;
	}
	if (*account_r != NULL) {
		user = (*account_r)->pw_name;
		snprintf(subject, IDENTITY_SUBJECT_MAX + 1, "%s", user);
	} else if (question->password != NULL && strcasecmp(user, question->user) == 0) {
		return -1;
	} else {
		text_lower(user, subject, IDENTITY_SUBJECT_MAX + 1);
	}
	return strlen(user) <= IDENTITY_SUBJECT_MAX ? 0 : -1;
}

/* The person, and what Unix knows of them, if it does. */
static void grant(pam_handle_t *pam, const struct stack_question *question, struct buffer *answer)
{
	struct buffer about = BUFFER_INIT(answer->maximum);
	char subject[IDENTITY_SUBJECT_MAX + 1];
	const struct passwd *account = NULL;
	const void *user = NULL;
	bool good = pam_get_item(pam, PAM_USER, &user) == PAM_SUCCESS && user != NULL &&
		    text_is_printable(user);
	int found = good ? find_subject(question, user, subject, &account) : -1;

	if (account != NULL)
		describe_name(account, &about);
	if (!good) {
		buffer_text(answer, "unavailable PAM gave no usable name\n");
	} else if (found != 0) {
		buffer_text(answer,
			"deny\nreason the name may be another spelling of somebody's: there is no "
			"account of it, and no module gave another name\n");
	} else if (account != NULL &&
		   describe_groups(account->pw_name, account->pw_gid, &about) != 0) {
		pam_syslog(pam, LOG_NOTICE,
			"is in more than %d groups, or one cannot be looked up: refused",
			IDENTITY_GROUPS_MAX);
		buffer_text(answer, "deny\n");
	} else {
		buffer_printf(answer, "grant %s\n", subject);
		buffer_append(answer, about.data, about.length);
	}
	buffer_release(&about);
}

/* ---- asking ---- */

static int prepare(pam_handle_t *pam, const struct stack_question *question)
{
	int rc = pam_set_item(pam, PAM_TTY, "meetauth"); /* some modules insist on one */

	if (rc == PAM_SUCCESS && question->client[0] != '\0')
		rc = pam_set_item(pam, PAM_RHOST, question->client);
	return rc;
}

static int judge(pam_handle_t *pam, const struct stack_question *question, struct talk *talk,
	struct buffer *answer)
{
	const int flags = PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK;
	int rc = prepare(pam, question);

	if (rc == PAM_SUCCESS && question->password != NULL)
		rc = pam_authenticate(pam, flags);
	if (rc != PAM_SUCCESS) {
		refuse(pam, rc, word_for(rc, talk), talk, answer);
		return rc;
	}
	if (question->password != NULL && !talk->given) {
		buffer_text(answer, "unavailable PAM asked for no password\n");
		return rc;
	}
	rc = pam_acct_mgmt(pam, flags);
	/* They have shown who they are: there is nobody else to be asked about them. */
	if (rc == PAM_SUCCESS)
		grant(pam, question, answer);
	else
		refuse(pam, rc, rc == PAM_USER_UNKNOWN ? "deny" : word_for(rc, talk), talk, answer);
	return rc;
}

void stack_ask(const struct stack_question *question, struct buffer *answer)
{
	struct talk talk = {.password = question->password};
	const struct pam_conv conversation = {converse, &talk};
	pam_handle_t *pam = NULL;
	int rc = pam_start(question->service, question->user, &conversation, &pam);

	if (rc != PAM_SUCCESS) {
		buffer_printf(answer, "unavailable PAM does not start (%d)\n", rc);
		return;
	}
	rc = judge(pam, question, &talk, answer);
	pam_end(pam, rc);
}

bool stack_has_service(const char *service)
{
	static const char *const folders[] = {"/etc/pam.d", "/usr/lib/pam.d"};
	char path[128];

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		snprintf(path, sizeof path, "%s/%s", folders[i], service);
		if (access(path, R_OK) == 0)
			return true;
	}
	return false;
}
