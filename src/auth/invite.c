/* SPDX-License-Identifier: MIT
 *
 * Backend "invite": signed links that let guests without an account into one meeting (invites.h).
 * `meetauthctl invite` and the guest desk create and revoke them.
 */
#include "auth/auth.h"
#include "base/clock.h"
#include "guests/invites.h"

static const struct option options[] = {
	{"invitations", OPTION_PATH, LOCALSTATEDIR "/lib/meetauth/invitations",
		"absolute path of the file of invitations; see meetauthctl invite",
		OPTION_INTO(struct records_file, path)},
	{"lifetime", OPTION_DURATION, "30d", "default lifetime of an invitation"},
	{0},
};

static int invite_open(void *instance, const struct section *section, struct error *error)
{
	return records_open(instance, &invites_type, error) == 0
		       ? 0
		       : section_blame(section, "invitations", error);
}

static int set_identity(struct identity *who, const struct invite *invite)
{
	char subject[sizeof INVITE_SUBJECT + RECORDS_ID_SIZE];
	int rc;

	snprintf(subject, sizeof subject, INVITE_SUBJECT "%s", invite->id);
	rc = identity_set(&who->subject, subject, IDENTITY_SUBJECT_MAX);
	rc |= identity_set(&who->name, invite->name, IDENTITY_NAME_MAX);
	identity_check_name(who);
	/* Omit the e-mail: a person who has the link may not own the address. */
	rc |= identity_add_meeting(who, invite->platform, invite->meeting);
	/* A host vouches for the name, but only rules that name this backend may allow the guest.
	 */
	who->guest = true;
	return rc;
}

static int set_join(struct join *join, const struct invite *invite)
{
	join->platform = strdup(invite->platform);
	join->meeting_id = strdup(invite->meeting);
	join->meeting_token = strdup(invite->meeting_token);
	join->title = invite->title[0] != '\0' ? strdup(invite->title) : NULL;
	return join->platform != NULL && join->meeting_id != NULL && join->meeting_token != NULL &&
			       (join->title != NULL || invite->title[0] == '\0')
		       ? 0
		       : -1;
}

/* Fills all or nothing. */
static int fill(const struct auth_attempt *attempt, const struct invite *invite)
{
	struct identity who = IDENTITY_INIT;
	struct join join = JOIN_INIT;
	int rc = set_identity(&who, invite) | set_join(&join, invite);

	if (rc == 0) {
		identity_adopt(attempt->who, &who);
		join_release(attempt->leads_to);
		*attempt->leads_to = join;
		join = JOIN_INIT;
	}
	identity_release(&who);
	join_release(&join);
	return rc;
}

static bool has_active(const struct records *invites)
{
	const struct invite *invite;
	int64_t now = clock_wall();

	for (size_t i = 0; (invite = records_at(invites, i)) != NULL; i++)
		if (records_is_active(&invites_type, invite, now))
			return true;
	return false;
}

/* Without a secret no link can be checked. With the first invitation, which creates it, this
 * process reads it within a second. */
static enum auth_verdict judge(const struct records *invites, const struct auth_attempt *attempt)
{
	const struct invite *invite = invites_open(
		invites, attempt->password, attempt->secrets.values, attempt->secrets.count);

	if (invite == NULL && attempt->secrets.count == 0 && has_active(invites)) {
		error_set(attempt->error, "the secret that signs the links has not been read yet");
		return AUTH_UNAVAILABLE;
	}
	if (invite == NULL)
		return AUTH_UNKNOWN;
	if (!records_is_active(&invites_type, invite, clock_wall()))
		return AUTH_DENY;
	if (fill(attempt, invite) != 0) {
		error_set(attempt->error, "out of memory for an identity");
		return AUTH_UNAVAILABLE;
	}
	return AUTH_GRANT;
}

static enum auth_verdict invite_check(void *instance, const struct auth_attempt *attempt)
{
	struct records_file *file = instance;
	enum auth_verdict verdict;

	records_catch_up(file);
	pthread_mutex_lock(&file->lock);
	verdict = judge(file->records, attempt);
	pthread_mutex_unlock(&file->lock);
	return verdict;
}

static bool invite_session_valid(void *instance, const struct identity *who)
{
	struct records_file *file = instance;

	return strncmp(who->subject, INVITE_SUBJECT, strlen(INVITE_SUBJECT)) == 0 &&
	       records_id_active(file, who->subject + strlen(INVITE_SUBJECT));
}

static void tell_meeting(const struct invite *invite, auth_tell *tell, void *context)
{
	tell(context,
		&(struct auth_meeting){invite->platform, invite->meeting, invite->meeting_token,
			invite->title, invite->host, invite->by, invite->expires});
}

static void invite_of_guest(
	void *instance, const struct identity *who, auth_tell *tell, void *context)
{
	struct records_file *file = instance;
	const struct invite *invite = NULL;

	pthread_mutex_lock(&file->lock);
	if (strncmp(who->subject, INVITE_SUBJECT, strlen(INVITE_SUBJECT)) == 0)
		invite = records_by_id(file->records, who->subject + strlen(INVITE_SUBJECT));
	if (invite != NULL)
		tell_meeting(invite, tell, context);
	pthread_mutex_unlock(&file->lock);
}

static void invite_of_host(void *instance, const char *host, auth_tell *tell, void *context)
{
	struct records_file *file = instance;
	const struct records_owned *owned;
	int64_t now = clock_wall();
	size_t count;

	pthread_mutex_lock(&file->lock);
	owned = records_of(file->records, host, &count);
	for (size_t i = 0; i < count; i++)
		if (records_is_active(&invites_type, owned[i].record, now))
			tell_meeting(owned[i].record, tell, context);
	pthread_mutex_unlock(&file->lock);
}

static const struct auth_meetings meetings = {invite_of_guest, invite_of_host, NULL};

/* The signing secret is created with the first invitation. */
static bool invite_needs_secret(void *instance)
{
	struct records_file *file = instance;
	bool active;

	pthread_mutex_lock(&file->lock);
	active = has_active(file->records);
	pthread_mutex_unlock(&file->lock);
	return active;
}

const struct auth_backend auth_invite = {
	.type = "invite",
	.summary = "signed links that let a guest into one meeting",
	.options = options,
	.size = sizeof(struct records_file),
	.threads = 1,
	.one_meeting = true,
	.link = true,
	.secret = &(const struct auth_secret){"no other program needs it", invite_needs_secret},
	.meetings = &meetings,
	.open = invite_open,
	.close = records_close,
	.check = invite_check,
	.session_valid = invite_session_valid,
	.refresh = records_refresh,
};
