/* SPDX-License-Identifier: MIT
 *
 * One signed call, as in BigBlueButton's "API Reference": the checksum is H(CALL QUERY SECRET),
 * with the query exactly as it is sent. Answers are XML.
 */
#include "platform/bigbluebutton/api.h"

#include "base/text.h"
#include "platform/bigbluebutton/checksum.h"
#include "platform/shared/xml.h"

/* An answer lists all attendees, at about 500 bytes each. */
enum { URL_MAX = 8192, MEETING_MAX = 257, ANSWER_MAX = 4 * 1024 * 1024, KEY_SHOWN_MAX = 40 };

int bbb_sign(const struct bbb_server *server, const char *call, const char *query,
	const char *secret, struct buffer *url)
{
	struct buffer signed_text = BUFFER_INIT(URL_MAX);
	char hex[CHECKSUM_HEX_MAX];
	int rc = -1;

	buffer_printf(&signed_text, "%s%s", call, query);
	if (!signed_text.failed &&
		checksum_hex(server->checksum, signed_text.data, secret, hex) == 0) {
		buffer_printf(url, "%s%s?%s&checksum=%s", server->api, call, query, hex);
		rc = url->failed ? -1 : 0;
	}
	buffer_release(&signed_text);
	return rc;
}

/* BigBlueButton keeps messageKey stable across versions, but not its messages. */
static enum bbb_result read_failure(const char *key, struct error *error)
{
	static const struct {
		const char *key;
		enum bbb_result result;
		const char *text;
	} keys[] = {
		{"checksumError", BBB_WRONG_SECRET,
			"the server refuses the checksum: it has another secret, or does not "
			"support the algorithm"},
		{"notFound", BBB_NO_MEETING, "the meeting is not running"},
		{"invalidMeetingIdentifier", BBB_NO_MEETING, "the meeting is not running"},
		{"idNotUnique", BBB_NOT_UNIQUE, "somebody else has created the meeting"},
		{"meetingForciblyEnded", BBB_FAILED, "the meeting has been ended"},
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i].key, key) == 0) {
			error_set(error, "%s (%s)", keys[i].text, key);
			return keys[i].result;
		}
	error_set(error, "the server answers FAILED (%s)",
		text_is_token(key, 1, KEY_SHOWN_MAX, "") ? key : "no messageKey");
	return BBB_FAILED;
}

static enum bbb_result read_answer(const struct fetch_answer *answer, const char *meeting,
	int64_t *created_r, struct error *error)
{
	char code[16], key[64], id[MEETING_MAX], created[24];
	struct xml_field fields[] = {{"returncode", code, sizeof code, false},
		{"messageKey", key, sizeof key, false}, {"meetingID", id, sizeof id, false},
		{"createTime", created, sizeof created, false}};

	if (answer->status != 200) {
		error_set(error, "the answer is HTTP %ld", answer->status);
		return BBB_BAD_ANSWER;
	}
	if (answer->body.data == NULL || xml_read(answer->body.data, answer->body.length,
						 "response", fields, 4, error) != 0) {
		error_set(error, "the answer is not XML as documented");
		return BBB_BAD_ANSWER;
	}
	if (strcmp(code, "FAILED") == 0)
		return read_failure(key, error);
	if (strcmp(code, "SUCCESS") == 0 && strcmp(id, meeting) == 0 &&
		text_to_number(created, 1, INT64_MAX, created_r) == 0)
		return BBB_SUCCESS;
	error_set(error, "returncode, meetingID or createTime is not as documented");
	return BBB_BAD_ANSWER;
}

static enum bbb_result send(
	const struct talk *talk, const char *url, const char *meeting, int64_t *created_r)
{
	struct talk_request request = {
		.url = url, .accept = "application/xml, text/xml", .body_max = ANSWER_MAX};
	struct fetch_answer answer = {0};
	enum bbb_result result = BBB_BAD_ANSWER;

	switch (talk_send(talk, &request, &answer)) {
	case PLATFORM_GRANTED:
		result = read_answer(&answer, meeting, created_r, talk->error);
		break;
	case PLATFORM_UNREACHABLE:
		result = BBB_UNREACHABLE;
		break;
	case PLATFORM_TIMEOUT:
		result = BBB_TIMEOUT;
		break;
	case PLATFORM_BUSY:
		result = BBB_BUSY;
		break;
	default:
		break;
	}
	fetch_answer_release(&answer);
	return result;
}

enum bbb_result bbb_call(const struct bbb_server *server, const struct talk *talk, const char *call,
	const char *query, const char *secret, const char *meeting, int64_t *created_r)
{
	struct buffer url = BUFFER_INIT(URL_MAX);
	enum bbb_result result = BBB_UNABLE;

	if (bbb_sign(server, call, query, secret, &url) == 0)
		result = send(talk, url.data, meeting, created_r);
	else
		error_set(talk->error, "out of memory for %s", call);
	buffer_wipe(&url);
	return result;
}
