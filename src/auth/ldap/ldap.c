/* SPDX-License-Identifier: MIT
 *
 * Backend "ldap": accounts in a directory (RFC 4511). A search finds the entry, or a template makes
 * its DN, and a bind verifies the password. ldap.h lists the files.
 */
#include "auth/ldap/ldap.h"
#include "base/clock.h"

#include <signal.h>

static void ldap_close(void *instance)
{
	struct directory *directory = instance;

	pool_close(directory);
	pthread_mutex_destroy(&directory->lock);
	free(directory->nobody);
}

static struct directory_call begin_call(
	void *instance, const struct auth_secrets *secrets, struct error *error)
{
	struct directory *directory = instance;

	return (struct directory_call){.directory = directory,
		.secrets = secrets,
		.deadline = clock_monotonic_ms() + directory->timeout_ms,
		.error = error};
}

/* ---- the password ---- */

/* Interprets the result of a bind. `known`: the entry was found by a search. Otherwise servers
 * answer the same for a wrong password and an unknown name (RFC 4513 section 5.1.3), and the next
 * backend is tried. */
static enum auth_verdict judge(const struct link_answer *answer, bool known)
{
	switch (answer->code) {
	case LDAP_SUCCESS:
		return answer->barred ? AUTH_DENY : AUTH_GRANT;
	case LDAP_INVALID_CREDENTIALS:
	case LDAP_NO_SUCH_OBJECT:
	case LDAP_INVALID_DN_SYNTAX:
		return known || answer->barred ? AUTH_DENY : AUTH_UNKNOWN;
	case LDAP_INAPPROPRIATE_AUTH:
	case LDAP_INSUFFICIENT_ACCESS:
	case LDAP_CONSTRAINT_VIOLATION: /* 389 Directory Server: too many wrong passwords */
		return AUTH_DENY;
	case LDAP_UNWILLING_TO_PERFORM:
		return answer->barred ? AUTH_DENY : AUTH_UNAVAILABLE;
	default:
		return AUTH_UNAVAILABLE;
	}
}

/* Verifies the password by a bind. On AUTH_GRANT, *link_r, unless link_r is NULL, is the connection
 * that is still bound as the user. */
static enum auth_verdict prove(const struct directory_call *call, const char *dn,
	const char *password, bool known, struct link **link_r)
{
	struct link_answer answer;
	enum auth_verdict verdict;
	struct link *link;

	do {
		link = pool_take(call, LINK_PERSON);
		if (link == NULL)
			return AUTH_UNAVAILABLE;
		link_bind(link, dn, password, call->deadline, &answer);
	} while (pool_was_stale(link, answer.code));
	verdict = judge(&answer, known);
	/* Omit the server's message, which may contain personal data. */
	if (verdict == AUTH_UNAVAILABLE)
		error_set(call->error, "%s: bind: %s", call->directory->servers[link->server].url,
			ldap_err2string(answer.code));
	if (verdict == AUTH_GRANT && link_r != NULL)
		*link_r = link;
	else
		pool_put(call->directory, link, answer.code);
	if (verdict == AUTH_DENY)
		error_set(call->error, "%s",
			answer.barred
				? "the directory says that the account is locked, disabled "
				  "or expired, or that its password must be changed"
				: "wrong password, or the directory forbids the account to bind");
	return verdict;
}

/* ---- the identity ---- */

/* Copies the members that the directory provides; the others stay unchanged. */
static void adopt(struct identity *who, struct identity *from)
{
	struct identity old = *who;

	who->subject = from->subject;
	who->account = from->account;
	from->subject = old.subject;
	from->account = old.account;
	identity_renew(who, from);
}

/* Ends a sign-in with the right password, or a renewal. Returns AUTH_GRANT with `who` set, or
 * another verdict with the error. */
static enum auth_verdict conclude(
	const struct directory_call *call, struct person *person, struct identity *who)
{
	if (person->closed != NULL) {
		error_set(
			call->error, "the account is disabled or has expired (%s)", person->closed);
		return AUTH_DENY;
	}
	if (person_find_groups(call, person) != 0)
		return AUTH_UNAVAILABLE;
	if (person->broken) {
		*call->error = person->fault;
		return AUTH_UNFIT;
	}
	adopt(who, &person->who);
	return AUTH_GRANT;
}

/* Stores the typed name if it differs from the subject: a renewal finds the entry by it. */
static enum auth_verdict keep(const struct auth_attempt *attempt, enum auth_verdict verdict)
{
	if (verdict != AUTH_GRANT || strcmp(attempt->name, attempt->who->subject) == 0)
		return verdict;
	if (identity_set(&attempt->who->refresh_data, attempt->name, IDENTITY_REFRESH_DATA_MAX) ==
		0)
		return verdict;
	error_set(attempt->error, "out of memory");
	return AUTH_UNAVAILABLE;
}

/* ---- check ---- */

static enum auth_verdict check_found(const struct directory_call *call,
	const struct auth_attempt *attempt, struct person *person)
{
	bool one = person->matches == 1 && person->dn != NULL;
	/* Bind in any case, so that unknown names need as many round trips. */
	enum auth_verdict verdict = prove(
		call, one ? person->dn : call->directory->nobody, attempt->password, true, NULL);

	if (verdict == AUTH_UNAVAILABLE)
		return verdict;
	if (person->matches == 0) {
		call->error->text[0] = '\0'; /* the error is that of the dummy bind */
		return AUTH_UNKNOWN;
	}
	if (!one) {
		error_set(call->error,
			"more than one entry matches the filter; it must find only one");
		return AUTH_DENY;
	}
	if (verdict == AUTH_GRANT)
		verdict = conclude(call, person, attempt->who);
	/* With some filters an account has several names. */
	if (verdict == AUTH_DENY || verdict == AUTH_UNFIT)
		identity_set(&attempt->who->subject, person->who.subject, IDENTITY_SUBJECT_MAX);
	return verdict;
}

static enum auth_verdict check_by_search(
	const struct directory_call *call, const struct auth_attempt *attempt)
{
	enum auth_verdict verdict = AUTH_UNAVAILABLE;
	struct person person;

	if (person_find(call, attempt->name, &person) == 0)
		verdict = check_found(call, attempt, &person);
	person_release(&person);
	return verdict;
}

/* Reads the entry with the service account, or as the user if there is none. */
static enum auth_verdict read_bound(
	const struct directory_call *call, const struct auth_attempt *attempt)
{
	enum auth_verdict verdict = AUTH_UNFIT;
	struct person person;

	if (person_find(call, attempt->name, &person) != 0)
		verdict = AUTH_UNAVAILABLE;
	else if (person.matches != 1)
		error_set(call->error, "cannot read the user's entry after the bind: the user or "
				       "bind-dn needs read access to it");
	else
		verdict = conclude(call, &person, attempt->who);
	person_release(&person);
	return verdict;
}

static enum auth_verdict check_by_template(
	const struct directory_call *call, const struct auth_attempt *attempt)
{
	struct directory_call own = *call;
	struct link *link = NULL;
	enum auth_verdict verdict;
	char *dn = directory_dn(call->directory->user_dn, attempt->name);

	if (dn == NULL) {
		error_set(call->error, "out of memory for a DN");
		return AUTH_UNAVAILABLE;
	}
	verdict = prove(call, dn, attempt->password, false, &link);
	ldap_memfree(dn);
	if (verdict != AUTH_GRANT)
		return verdict;
	if (call->directory->bind_dn[0] == '\0')
		own.bound = link;
	verdict = read_bound(&own, attempt);
	pool_put(call->directory, link, verdict == AUTH_UNAVAILABLE ? LDAP_OTHER : LDAP_SUCCESS);
	return verdict;
}

static enum auth_verdict ldap_check(void *instance, const struct auth_attempt *attempt)
{
	struct directory_call call = begin_call(instance, &attempt->secrets, attempt->error);
	enum auth_verdict verdict;

	call.typed = attempt->name;
	/* A bind with an empty password is anonymous and succeeds (RFC 4513 section 5.1.2). */
	if (attempt->name[0] == '\0' || attempt->password[0] == '\0')
		return AUTH_DENY;
	verdict = call.directory->user_dn[0] != '\0' ? check_by_template(&call, attempt)
						     : check_by_search(&call, attempt);
	return keep(attempt, verdict);
}

/* ---- renew, connect ---- */

static enum auth_verdict renew_found(
	const struct directory_call *call, struct person *person, struct identity *who)
{
	if (person->matches != 1)
		return AUTH_DENY;
	if (person->broken)
		return conclude(call, person, who);
	/* The typed name now belongs to another account. */
	if (strcmp(person->who.subject, who->subject) != 0)
		return AUTH_DENY;
	if (who->account == NULL || strcmp(person->who.account, who->account) != 0) {
		error_set(call->error,
			"since the sign-in the entry was replaced or got a new password");
		return AUTH_DENY;
	}
	return conclude(call, person, who);
}

static enum auth_verdict ldap_renew(void *instance, const struct auth_renewal *renewal)
{
	struct directory_call call = begin_call(instance, &renewal->secrets, renewal->error);
	const struct identity *who = renewal->who;
	enum auth_verdict verdict = AUTH_UNAVAILABLE;
	struct person person;

	if (call.directory->user_dn[0] != '\0' && call.directory->bind_dn[0] == '\0')
		return AUTH_UNKNOWN;
	if (person_find(&call, who->refresh_data != NULL ? who->refresh_data : who->subject,
		    &person) == 0)
		verdict = renew_found(&call, &person, renewal->who);
	person_release(&person);
	return verdict;
}

/* Checks that the base exists and that the filter parses. Zero hits are fine. */
static int probe(const struct directory_call *call, struct link *link)
{
	static const char *const none[] = {LDAP_NO_ATTRS, NULL};
	const struct directory *directory = call->directory;
	char *filter = directory_filter(directory->filter, "x", NULL);
	struct link_query query = {
		directory->base, LDAP_SCOPE_BASE, "(objectClass=*)", none, 1, NULL};
	LDAPMessage *result = NULL;
	const char *what = "base";
	int code = filter != NULL ? link_search(link, &query, call->deadline, &result)
				  : LDAP_NO_MEMORY;

	ldap_msgfree(result);
	result = NULL;
	if (code == LDAP_SUCCESS) {
		what = "filter";
		query = (struct link_query){
			directory->base, directory_scope(directory), filter, none, 2, NULL};
		code = link_search(link, &query, call->deadline, &result);
	}
	if (code != LDAP_SUCCESS && code != LDAP_SIZELIMIT_EXCEEDED)
		link_error(call, link, what, code);
	ldap_msgfree(result);
	free(filter);
	return code == LDAP_SUCCESS || code == LDAP_SIZELIMIT_EXCEEDED ? 0 : -1;
}

/* Tests every server, since the others are needed when the first fails. */
static int connect_to_each(void *instance, const struct auth_secrets *secrets, struct error *error)
{
	struct directory *directory = instance;
	int rc = 0;

	if (directory_lacks_password(directory, secrets, error))
		return -1;
	for (size_t i = 0; i < directory->server_count && rc == 0; i++) {
		struct directory_call call = begin_call(instance, secrets, error);
		struct link *link;

		rc = link_open(&call, i, LINK_SERVICE, &link) == LDAP_SUCCESS ? 0 : -1;
		if (rc != 0)
			break;
		if (directory->user_dn[0] == '\0')
			rc = probe(&call, link);
		link_close(link);
	}
	return rc;
}

/* Blocks SIGPIPE: libldap may write to a closed connection, and meetauthctl, unlike the daemon,
 * does not ignore the signal. */
static int ldap_connect_check(
	void *instance, const struct auth_secrets *secrets, struct error *error)
{
	const struct timespec none = {0, 0};
	sigset_t pipe, before;
	int rc;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	rc = connect_to_each(instance, secrets, error);
	while (!sigismember(&before, SIGPIPE) && sigtimedwait(&pipe, NULL, &none) == SIGPIPE)
		;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* Tests whether at least one server works. */
static int ldap_alive(void *instance, const struct auth_secrets *secrets, struct error *error)
{
	struct directory_call call = begin_call(instance, secrets, error);
	struct link *link = pool_take(&call, LINK_SERVICE);
	int rc = 0;

	if (link == NULL)
		return -1;
	if (call.directory->user_dn[0] == '\0')
		rc = probe(&call, link);
	pool_put(call.directory, link, rc == 0 ? LDAP_SUCCESS : LDAP_SERVER_DOWN);
	return rc;
}

static bool ldap_needs_secret(void *instance)
{
	const struct directory *directory = instance;

	return directory->bind_dn[0] != '\0';
}

const struct auth_backend auth_ldap = {
	.type = "ldap",
	.summary = "accounts in an LDAP directory, including Active Directory",
	.options = directory_options,
	.size = sizeof(struct directory),
	.threads = 8,
	.second_factor = true,
	.secret = &(const struct auth_secret){"make it the password of bind-dn in the directory",
		ldap_needs_secret},
	.open = directory_open,
	.close = ldap_close,
	.check = ldap_check,
	.renew = ldap_renew,
	.connect = ldap_connect_check,
	.alive = ldap_alive,
};
