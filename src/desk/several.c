/* SPDX-License-Identifier: MIT */
#include "desk/several.h"

#include "base/display_name.h"
#include "base/text.h"
#include "view/values.h"
#include "visit/audit.h"

static const char *const sentences[SEVERAL_OUTCOMES] = {
	[SEVERAL_BROKEN] = "desk.several.broken",
	[SEVERAL_UNKNOWN] = "desk.several.unknown",
	[SEVERAL_ENDED] = "desk.several.ended",
	[SEVERAL_FULL] = "desk.several.full",
	[SEVERAL_ALREADY] = "desk.several.already",
	[SEVERAL_BAD_NAME] = "desk.several.bad-name",
	[SEVERAL_BAD_EMAIL] = "desk.several.bad-email",
	[SEVERAL_NO_LINKS] = "desk.several.no-links",
	[SEVERAL_ADDED] = "desk.several.added",
	[SEVERAL_INVITED] = "desk.several.invited",
};

const char *several_sentence(enum several_outcome outcome)
{
	return sentences[outcome];
}

/* ---- the form ---- */

/* Splits "Name <address>" or "Name, address" in place. Returns false for a name alone. */
static bool split_address(char *line, char **address_r)
{
	char *end = strrchr(line, '>'), *at = strrchr(line, '<');

	if (at != NULL && end != NULL && end > at && end[1] == '\0')
		*end = '\0';
	else
		at = strrchr(line, ',');
	if (at == NULL)
		return false;
	*at = '\0';
	*address_r = text_trim(at + 1);
	return true;
}

static struct several_line *add_line(struct several *several, const char *text)
{
	struct several_line *line = &several->lines[several->count++];

	*line = (struct several_line){.text = text};
	return line;
}

static void add_account(struct several *several, const char *text, bool by_id)
{
	struct several_line *line = add_line(several, text);
	char *name = several->names[several->guest_count];

	line->index = several->guest_count++;
	if (!by_id)
		identity_canonical_name(
			text, name); /* "" for an invalid one, which no account has */
	several->guests[line->index] =
		(struct accounts_guest){.wanted = by_id ? text : name, .by_id = by_id};
}

/* Returns why a guest without an account cannot be invited, or SEVERAL_INVITED. */
static enum several_outcome judge_invitation(const struct desk *desk, const struct invite *invite)
{
	if (desk->secret == NULL)
		return SEVERAL_NO_LINKS;
	if (!accounts_is_email(invite->email))
		return SEVERAL_BAD_EMAIL;
	return display_name_fault(invite->name) == NULL &&
			       records_fault(&invites_type, invite) == NULL
		       ? SEVERAL_INVITED
		       : SEVERAL_BAD_NAME;
}

static void add_invitation(struct desk *desk, const char *text, char *name, const char *email)
{
	struct several *several = desk->several;
	struct several_line *line = add_line(several, text);
	struct invite invite = desk->invite;

	invite.name = text_trim(name);
	invite.email = email;
	line->is_invitation = true;
	line->outcome = judge_invitation(desk, &invite);
	if (line->outcome != SEVERAL_INVITED)
		return;
	line->index = several->invite_count++;
	several->invites[line->index] = invite;
}

/* Returns 0, or -1 if there are too many lines. */
static int read_lines(struct desk *desk)
{
	struct several *several = desk->several;
	size_t length = strlen(desk->lines) + 1;
	char *rest, *line, *address;

	several->copy = malloc(2 * length);
	if (several->copy == NULL)
		return -1;
	memcpy(several->copy, desk->lines, length);
	rest = memcpy(several->copy + length, desk->lines, length);
	while ((line = strsep(&rest, ";")) != NULL) {
		/* The same offset in the first copy, which stays unchanged. */
		char *typed = line - length;

		typed[strlen(line)] = '\0';
		typed = text_trim(typed);
		line = text_trim(line);
		if (line[0] == '\0')
			continue;
		if (several->count == SEVERAL_MAX)
			return -1;
		if (split_address(line, &address))
			add_invitation(desk, typed, line, address);
		else
			add_account(several, typed, false);
	}
	return 0;
}

static int read_ticks(struct desk *desk)
{
	const char *ids[SEVERAL_MAX];
	size_t count = params_all(desk->visit->form, "guest", ids, SEVERAL_MAX);

	if (desk->several->count + count > SEVERAL_MAX)
		return -1;
	for (size_t i = 0; i < count; i++)
		add_account(desk->several, ids[i], true);
	return 0;
}

const char *several_read(struct desk *desk)
{
	desk->several = calloc(1, sizeof *desk->several);
	if (desk->several == NULL || read_lines(desk) != 0 || read_ticks(desk) != 0)
		return "desk.fault.several";
	return desk->several->count > 0 ? NULL : "desk.fault.nobody";
}

/* ---- on a worker ---- */

static enum several_outcome outcome_of(enum accounts_invited result)
{
	switch (result) {
	case ACCOUNTS_INVITE_UNKNOWN:
		return SEVERAL_UNKNOWN;
	case ACCOUNTS_INVITE_ENDED:
		return SEVERAL_ENDED;
	case ACCOUNTS_INVITE_FULL:
		return SEVERAL_FULL;
	case ACCOUNTS_INVITE_ALREADY:
		return SEVERAL_ALREADY;
	case ACCOUNTS_INVITE_DONE:
		return SEVERAL_ADDED;
	case ACCOUNTS_INVITE_BROKEN:
	case ACCOUNTS_INVITE_REFUSED:
		break;
	}
	return SEVERAL_BROKEN;
}

static void invite_accounts(struct desk *desk)
{
	struct several *several = desk->several;
	const struct accounts_meeting meeting = {.meeting = desk->account.meetings[0],
		.host = desk->by,
		.host_name = values_account(desk->visit)};
	int rc;

	if (desk->accounts_path == NULL) { /* the configuration has no accounts */
		for (size_t i = 0; i < several->guest_count; i++)
			several->guests[i].result = ACCOUNTS_INVITE_UNKNOWN;
		return;
	}
	rc = accounts_invite(
		desk->accounts_path, &meeting, several->guests, several->guest_count, &desk->error);
	desk->broken |= rc != 0;
}

static void make_invitations(struct desk *desk)
{
	struct several *several = desk->several;
	int rc = invites_add_all(desk->invites_path, several->invites, several->invite_count,
		several->ids, &desk->error);

	desk->broken |= rc != 0;
	for (size_t i = 0; rc == 0 && i < several->invite_count; i++)
		invites_token(&several->invites[i], desk->secret, several->tokens[i]);
}

void several_work(struct desk *desk)
{
	struct several *several = desk->several;

	if (several->guest_count > 0)
		invite_accounts(desk);
	if (several->invite_count > 0)
		make_invitations(desk);
	for (size_t i = 0; i < several->count; i++) {
		struct several_line *line = &several->lines[i];
		const struct accounts_guest *guest = &several->guests[line->index];

		if (!line->is_invitation) {
			line->outcome = outcome_of(guest->result);
			line->text =
				guest->by_id && guest->name[0] != '\0' ? guest->name : line->text;
		} else if (line->outcome == SEVERAL_INVITED &&
			   several->tokens[line->index][0] == '\0') {
			line->outcome = SEVERAL_BROKEN;
		}
		desk->done |= line->outcome >= SEVERAL_ADDED;
	}
}

/* ---- the log ---- */

static void log_line(const struct desk *desk, const struct several_line *done)
{
	const struct several *several = desk->several;
	const struct visit *visit = desk->visit;
	bool ok = done->outcome >= SEVERAL_ADDED;
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "desk");
	log_text(&line, "action", "invite-several");
	log_text(&line, "result", ok ? "ok" : "failed");
	/* Log names from the files, never as typed. */
	if (done->is_invitation && ok) {
		audit_name(&line, visit, "guest", several->invites[done->index].name);
		log_text(&line, "guest_id", several->ids[done->index]);
	} else if (!done->is_invitation && several->guests[done->index].id[0] != '\0') {
		audit_name(&line, visit, "guest", several->guests[done->index].name);
		log_text(&line, "guest_id", several->guests[done->index].id);
	}
	log_text(&line, "meetings", desk->account.meetings[0]);
	audit_who(&line, visit, &visit->session.who);
	audit_request(&line, visit);
	log_text(&line, "detail", ok ? NULL : sentences[done->outcome]);
	log_end(&line);
}

void several_log(const struct desk *desk)
{
	for (size_t i = 0; i < desk->several->count; i++)
		log_line(desk, &desk->several->lines[i]);
}

void several_free(struct several **several)
{
	if (*several != NULL)
		free((*several)->copy);
	free(*several);
	*several = NULL;
}
