/* SPDX-License-Identifier: MIT
 *
 * Backend "guest-account": user names and passwords for guests, which hosts create at the guest
 * desk, each for certain meetings (accounts.h).
 */
#include "auth/auth.h"
#include "base/clock.h"
#include "guests/accounts.h"

struct guest_accounts {
	struct records_file file; /* must be first (records.h) */
	struct config_list groups;
};

static const struct option options[] = {
	{"accounts", OPTION_PATH, LOCALSTATEDIR "/lib/meetauth/guest.accounts",
		"absolute path of the file of accounts, which the guest desk creates",
		OPTION_INTO(struct guest_accounts, file.path)},
	{"groups", OPTION_LIST, NULL, "groups of all guests",
		OPTION_INTO(struct guest_accounts, groups)},
	{0},
};

static int guest_account_open(void *instance, const struct section *section, struct error *error)
{
	return records_open(instance, &accounts_type, error) == 0
		       ? 0
		       : section_blame(section, "accounts", error);
}

/* The subject contains the id, since a later account may have the same name. The digest ends
 * sessions when password or expiry change. */
static int fill(struct identity *who, const char *subject, const struct account *account,
	const struct guest_accounts *instance)
{
	char digest[DIGEST_SIZE];
	int rc = identity_set(&who->subject, subject, IDENTITY_SUBJECT_MAX);

	rc |= identity_set(&who->name,
		account->display[0] != '\0' ? account->display : account->name, IDENTITY_NAME_MAX);
	/* Omit the e-mail: a host has typed it, and nobody has verified it. */
	accounts_signin_digest(account, digest);
	rc |= identity_set(&who->account, digest, IDENTITY_DIGEST_MAX);
	for (size_t i = 0; i < instance->groups.count; i++)
		rc |= identity_add_group(who, instance->groups.items[i]);
	for (size_t i = 0; i < account->meeting_count; i++) {
		char platform[IDENTITY_SUBJECT_MAX + 1];
		const char *slash = strchr(account->meetings[i], '/');

		snprintf(platform, sizeof platform, "%.*s", (int)(slash - account->meetings[i]),
			account->meetings[i]);
		rc |= identity_add_meeting(who, platform, slash + 1);
	}
	who->guest = true;
	return rc;
}

/* A copy of what we need of an account, so that the file's lock is not held while the password is
 * verified. */
struct found {
	bool known;
	char subject[sizeof ACCOUNT_SUBJECT + RECORDS_ID_SIZE]; /* "" if there is no account */
	char hash[PASSWORD_HASH_SIZE];
	struct identity who; /* empty if the account is not active */
};

static int find(struct guest_accounts *instance, const char *typed, struct found *found)
{
	char name[IDENTITY_SUBJECT_MAX + 1];
	const struct account *account, *any;
	int rc = 0;

	identity_canonical_name(typed, name);
	pthread_mutex_lock(&instance->file.lock);
	account = accounts_find(instance->file.records, name);
	any = account != NULL ? account : records_at(instance->file.records, 0);
	found->known = account != NULL;
	snprintf(found->hash, sizeof found->hash, "%s", any != NULL ? any->hash : password_nobody);
	if (account != NULL)
		snprintf(found->subject, sizeof found->subject, ACCOUNT_SUBJECT "%s", account->id);
	if (account != NULL && records_is_active(&accounts_type, account, clock_wall()))
		rc = fill(&found->who, found->subject, account, instance);
	pthread_mutex_unlock(&instance->file.lock);
	return rc;
}

/* Denies a guest who has an account. */
static enum auth_verdict refuse(
	const struct auth_attempt *attempt, const struct found *found, const char *why)
{
	identity_set(&attempt->who->subject, found->subject, IDENTITY_SUBJECT_MAX);
	error_set(attempt->error, "%s%s", why,
		found->who.subject == NULL ? "; the account has expired" : "");
	return AUTH_DENY;
}

static enum auth_verdict judge(const struct auth_attempt *attempt, struct found *found)
{
	/* Verify a hash in any case, so that the time is the same. */
	switch (password_verify(found->hash, attempt->password)) {
	case PASSWORD_BROKEN:
		error_set(attempt->error, "out of memory to hash a password");
		return AUTH_UNAVAILABLE;
	case PASSWORD_MISMATCH:
		return found->known ? refuse(attempt, found, "wrong password") : AUTH_UNKNOWN;
	case PASSWORD_MATCH:
		break;
	}
	if (!found->known)
		return AUTH_UNKNOWN;
	if (found->who.subject == NULL)
		return refuse(attempt, found, "the password is right");
	identity_adopt(attempt->who, &found->who);
	return AUTH_GRANT;
}

static enum auth_verdict guest_account_check(void *instance, const struct auth_attempt *attempt)
{
	struct found found = {.who = IDENTITY_INIT};
	enum auth_verdict verdict = AUTH_UNAVAILABLE;

	records_catch_up(&((struct guest_accounts *)instance)->file);
	if (find(instance, attempt->name, &found) == 0)
		verdict = judge(attempt, &found);
	else
		error_set(attempt->error, "out of memory for an identity");
	identity_release(&found.who);
	explicit_bzero(found.hash, sizeof found.hash);
	return verdict;
}

static bool is_unchanged(const struct account *account, const struct identity *who)
{
	char digest[DIGEST_SIZE];

	accounts_signin_digest(account, digest);
	return who->account != NULL && strcmp(who->account, digest) == 0;
}

static bool is_active_and_unchanged(struct records_file *file, const struct identity *who)
{
	const struct account *account;
	bool active;

	pthread_mutex_lock(&file->lock);
	account = records_by_id(file->records, who->subject + strlen(ACCOUNT_SUBJECT));
	active = account != NULL && records_is_active(&accounts_type, account, clock_wall()) &&
		 is_unchanged(account, who);
	pthread_mutex_unlock(&file->lock);
	return active;
}

/* Another process may have just created or changed the session's account. */
static bool guest_account_session_valid(void *instance, const struct identity *who)
{
	struct records_file *file = &((struct guest_accounts *)instance)->file;

	if (strncmp(who->subject, ACCOUNT_SUBJECT, strlen(ACCOUNT_SUBJECT)) != 0)
		return false;
	return is_active_and_unchanged(file, who) ||
	       (records_catch_up(file) && is_active_and_unchanged(file, who));
}

static void tell_meeting(
	const struct account *account, size_t index, auth_tell *tell, void *context)
{
	const char *meeting = account->meetings[index], *slash = strchr(meeting, '/');
	char platform[IDENTITY_SUBJECT_MAX + 1];

	snprintf(platform, sizeof platform, "%.*s", (int)(slash - meeting), meeting);
	tell(context, &(struct auth_meeting){platform, slash + 1, "", "",
			      accounts_host_name(account, index), accounts_host(account, index),
			      account->expires});
}

static void guest_account_of_guest(
	void *instance, const struct identity *who, auth_tell *tell, void *context)
{
	struct records_file *file = instance;
	const struct account *account = NULL;

	pthread_mutex_lock(&file->lock);
	if (strncmp(who->subject, ACCOUNT_SUBJECT, strlen(ACCOUNT_SUBJECT)) == 0)
		account = records_by_id(file->records, who->subject + strlen(ACCOUNT_SUBJECT));
	for (size_t i = 0; account != NULL && i < account->meeting_count; i++)
		tell_meeting(account, i, tell, context);
	pthread_mutex_unlock(&file->lock);
}

static void guest_account_of_host(void *instance, const char *host, auth_tell *tell, void *context)
{
	struct records_file *file = instance;
	const struct records_owned *owned;
	int64_t now = clock_wall();
	size_t count;

	pthread_mutex_lock(&file->lock);
	owned = records_of(file->records, host, &count);
	for (size_t i = 0; i < count; i++)
		if (records_is_active(&accounts_type, owned[i].record, now))
			tell_meeting(owned[i].record, owned[i].index, tell, context);
	pthread_mutex_unlock(&file->lock);
}

static bool tell_guest(
	const struct account *account, const char *folded, auth_tell_guest *tell, void *context)
{
	return tell(context,
		&(struct auth_guest){account->id, account->name, account->display, folded});
}

static void guest_account_each_guest(
	void *instance, const struct identity *who, auth_tell_guest *tell, void *context)
{
	struct records_file *file = instance;
	const struct account *account = NULL;
	int64_t now = clock_wall();
	bool more;

	pthread_mutex_lock(&file->lock);
	if (strncmp(who->subject, ACCOUNT_SUBJECT, strlen(ACCOUNT_SUBJECT)) == 0)
		account = records_by_id(file->records, who->subject + strlen(ACCOUNT_SUBJECT));
	more = account != NULL && records_is_active(&accounts_type, account, now) &&
	       tell_guest(account, "", tell, context);
	for (size_t i = 0; more && (account = records_at(file->records, i)) != NULL; i++)
		if (records_is_active(&accounts_type, account, now))
			more = tell_guest(account, records_folded(file->records, i), tell, context);
	pthread_mutex_unlock(&file->lock);
}

static const struct auth_meetings meetings = {
	guest_account_of_guest, guest_account_of_host, guest_account_each_guest};

const struct auth_backend auth_guest_account = {
	.type = "guest-account",
	.summary = "accounts for certain meetings, created at the guest desk",
	.options = options,
	.size = sizeof(struct guest_accounts),
	.meetings = &meetings,
	.open = guest_account_open,
	.close = records_close,
	.check = guest_account_check,
	.session_valid = guest_account_session_valid,
	.refresh = records_refresh,
};
