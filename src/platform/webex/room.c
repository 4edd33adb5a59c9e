/* SPDX-License-Identifier: MIT
 *
 * Clears a room that another meeting used: expels everybody who is still in it, with Webex's "List
 * Meetings", "List Meeting Participants" and "Update a Participant". Webex has no request that ends
 * a meeting.
 */
#include "platform/webex/webex.h"

#include "platform/shared/answer.h"

enum { ROUNDS = 4, LIST_MAX = 1 << 20, ID_MAX = 512 };

/* Requests a list. On PLATFORM_GRANTED *items_r is the array, which belongs to *root_r, and the
 * caller releases *root_r. */
static enum platform_verdict get_list(struct webex_call *call, const char *access, const char *path,
	const struct buffer *query, json_t **root_r, const json_t **items_r)
{
	struct buffer target = BUFFER_INIT(4096);
	enum platform_verdict verdict;

	buffer_printf(&target, "%s?%s", path, query->data != NULL ? query->data : "");
	*items_r = NULL;
	*root_r = NULL;
	if (target.failed || query->failed) {
		error_set(call->grant->error, "out of memory for a request");
		verdict = PLATFORM_UNABLE;
	} else {
		verdict = webex_send(call,
			&(struct webex_request){.target = target.data,
				.called = path,
				.bearer = access,
				.answer_max = LIST_MAX},
			root_r);
	}
	buffer_release(&target);
	if (verdict == PLATFORM_GRANTED) {
		*items_r = json_object_get(*root_r, "items");
		if (!json_is_array(*items_r))
			verdict = talk_bad(&call->talk, "%s: the answer has no items", path);
	}
	return verdict;
}

static enum platform_verdict expel(struct webex_call *call, const char *access, const char *id)
{
	struct buffer target = BUFFER_INIT(4096);
	enum platform_verdict verdict = PLATFORM_UNABLE;
	json_t *root = NULL;

	buffer_text(&target, "/v1/meetingParticipants/");
	buffer_percent(&target, id);
	if (!target.failed)
		verdict = webex_send(call,
			&(struct webex_request){.target = target.data,
				.called = "/v1/meetingParticipants/…",
				.bearer = access,
				.method = "PUT",
				.body = "{\"expel\":true}"},
			&root);
	json_decref(root);
	buffer_release(&target);
	/* A refusal: the participant has already left. */
	return verdict == PLATFORM_REFUSED ? PLATFORM_GRANTED : verdict;
}

/* Expels everybody from one running meeting; *left_r becomes true if somebody was in it. */
static enum platform_verdict clear_meeting(
	struct webex_call *call, const char *access, const char *meeting, bool *left_r)
{
	struct buffer query = BUFFER_INIT(2048);
	enum platform_verdict verdict;
	const json_t *people, *person;
	json_t *root;
	size_t i;

	talk_put_field(&query, "meetingId", meeting);
	talk_put_field(&query, "hostEmail", call->webex->host_email);
	talk_put_field(&query, "max", "100");
	verdict = get_list(call, access, "/v1/meetingParticipants", &query, &root, &people);
	json_array_foreach(people, i, person)
	{
		const char *id = answer_text(person, "id", ID_MAX);
		const char *state = answer_text(person, "state", ID_MAX);

		if (state != NULL && strcmp(state, "end") == 0)
			continue;
		*left_r = true;
		if (id == NULL)
			verdict = talk_bad(
				&call->talk, "/v1/meetingParticipants: a participant without id");
		else
			verdict = expel(call, access, id);
		if (verdict != PLATFORM_GRANTED)
			break;
	}
	json_decref(root);
	buffer_release(&query);
	return verdict;
}

/* Lists the meetings that are running in the room and clears each. */
static enum platform_verdict clear_once(struct webex_call *call, const char *access, bool *left_r)
{
	const char *room = call->grant->join->room;
	const char *field = webex_field_of(room);
	struct buffer query = BUFFER_INIT(2048);
	enum platform_verdict verdict;
	const json_t *meetings, *meeting;
	json_t *root;
	size_t i;

	*left_r = false;
	talk_put_field(&query, "meetingType", "meeting");
	talk_put_field(&query, "state", "inProgress");
	talk_put_field(&query, "hostEmail", call->webex->host_email);
	talk_put_field(&query, strcmp(field, "meetingId") == 0 ? "meetingSeriesId" : field, room);
	verdict = get_list(call, access, "/v1/meetings", &query, &root, &meetings);
	json_array_foreach(meetings, i, meeting)
	{
		const char *id = answer_text(meeting, "id", ID_MAX);

		verdict = id != NULL ? clear_meeting(call, access, id, left_r)
				     : talk_bad(&call->talk, "/v1/meetings: a meeting without id");
		if (verdict != PLATFORM_GRANTED)
			break;
	}
	json_decref(root);
	buffer_release(&query);
	return verdict;
}

enum platform_verdict webex_clear_room(struct webex_call *call, const char *access)
{
	enum platform_verdict verdict = PLATFORM_GRANTED;
	bool left = true;

	for (int i = 0; i < ROUNDS && left && verdict == PLATFORM_GRANTED; i++)
		verdict = clear_once(call, access, &left);
	if (verdict == PLATFORM_REFUSED) /* the option `rooms` is wrong, not the visitor */
		return PLATFORM_FORBIDDEN;
	if (verdict == PLATFORM_GRANTED && left)
		return talk_bad(&call->talk,
			"there are still people in the room whom Webex has not expelled");
	return verdict;
}
