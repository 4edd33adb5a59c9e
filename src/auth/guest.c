/* SPDX-License-Identifier: MIT
 *
 * Backend "guest": a display name and nothing else. It authenticates nobody; only rules that name
 * this backend can allow such guests.
 */
#include "auth/auth.h"
#include "base/display_name.h"
#include "guests/records.h"

static const struct option options[] = {{0}};

static enum auth_verdict guest_check(void *context, const struct auth_attempt *attempt)
{
	char name[DISPLAY_NAME_SIZE], id[RECORDS_ID_SIZE], subject[sizeof "guest-" + sizeof id];
	struct identity *who = attempt->who;

	if (display_name(attempt->name, name) != 0)
		return AUTH_UNKNOWN;
	/* A new id per visit: two guests of the same name are two people. */
	records_new_id(id);
	snprintf(subject, sizeof subject, "guest-%s", id);
	who->guest = true;
	if (identity_set(&who->subject, subject, IDENTITY_SUBJECT_MAX) != 0 ||
		identity_set(&who->name, name, IDENTITY_NAME_MAX) != 0) {
		error_set(attempt->error, "out of memory for an identity");
		return AUTH_UNAVAILABLE;
	}
	return AUTH_GRANT;
}

const struct auth_backend auth_guest = {
	.type = "guest",
	.summary = "a display name and nothing else",
	.options = options,
	.threads = 1,
	.form = &(const struct auth_form){.name_label = "login.guest.name",
		.wrong = "login.guest.wrong",
		.name = AUTH_NAME_PERSON},
	.one_meeting = true,
	.check = guest_check,
};
