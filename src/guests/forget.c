/* SPDX-License-Identifier: MIT */
#include "guests/forget.h"

#include "guests/accounts.h"
#include "guests/invites.h"

#include <limits.h>
#include <strings.h>

static bool is_person(const struct forget_person *who, const char *text)
{
	return strcasecmp(text, who->subject) == 0;
}

/* Whether the person is the guest with this subject, which a prefix and an id make. */
static bool is_guest(const struct forget_person *who, const char *prefix, const char *id)
{
	size_t length = strlen(prefix);

	return who->here && strncasecmp(who->subject, prefix, length) == 0 &&
	       strcasecmp(who->subject + length, id) == 0;
}

/* Whether a host, "BACKEND/SUBJECT", is the person. */
static bool is_host(const struct forget_person *who, const char *host)
{
	const char *slash = strchr(host, '/');
	size_t length = slash != NULL ? (size_t)(slash - host) : 0;

	return slash != NULL && is_person(who, slash + 1) &&
	       (who->backend == NULL || (strlen(who->backend) == length &&
						strncmp(host, who->backend, length) == 0));
}

/* ---- accounts ---- */

/* Takes the person out of the hosts of an account. Returns whether they were one. */
static bool unname_host(struct account *account, const struct forget_person *who)
{
	bool found = is_host(who, account->by);

	if (found)
		account->by = account->by_name = "";
	for (size_t i = 0; i < account->host_count; i++)
		if (is_host(who, account->hosts[i])) {
			found = true;
			account->hosts[i] = "";
			if (i < account->host_name_count)
				account->host_names[i] = "";
		}
	return found;
}

static int forget_in_accounts(const char *path, const struct forget_person *who,
	struct forgotten *done, struct error *error)
{
	struct records_change change;

	if (records_begin(&change, &accounts_type, path, error) != 0)
		return records_end(&change);
	for (size_t i = 0; i < records_count(change.old); i++) {
		const struct account *old = records_at(change.old, i);
		struct account account = *old;

		if ((who->here && is_person(who, old->name)) || is_person(who, old->email) ||
			is_guest(who, ACCOUNT_SUBJECT, old->id)) {
			records_drop(&change, old->id);
			done->own++;
		} else if (unname_host(&account, who)) {
			records_put(&change, &account);
			done->named++;
		}
	}
	return records_end(&change);
}

int forget_accounts(const char *path, const struct forget_person *who, struct forgotten *done_r,
	struct error *error)
{
	char removed[PATH_MAX];

	*done_r = (struct forgotten){0};
	if (snprintf(removed, sizeof removed, "%s%s", path, ACCOUNTS_REMOVED) >=
		(int)sizeof removed)
		return error_set(error, "%s%s: path too long", path, ACCOUNTS_REMOVED);
	if (forget_in_accounts(path, who, done_r, error) != 0)
		return -1;
	return forget_in_accounts(removed, who, done_r, error);
}

/* ---- invitations ---- */

int forget_invitations(const char *path, const struct forget_person *who, struct forgotten *done_r,
	struct error *error)
{
	struct records_change change;

	*done_r = (struct forgotten){0};
	if (records_begin(&change, &invites_type, path, error) != 0)
		return records_end(&change);
	for (size_t i = 0; i < records_count(change.old); i++) {
		const struct invite *invite = records_at(change.old, i);
		bool own =
			is_person(who, invite->email) || is_guest(who, INVITE_SUBJECT, invite->id);

		if (!own && !is_host(who, invite->by))
			continue;
		records_drop(&change, invite->id);
		done_r->own += own;
		done_r->named += !own;
	}
	return records_end(&change);
}
