/* SPDX-License-Identifier: MIT
 *
 * Platform "bigbluebutton": a signed URL that joins one meeting, as in BigBlueButton's "API
 * Reference". Such a URL does not expire. It contains createTime, which the driver requests each
 * time, so that it is valid only for the meeting that is running now.
 */
#include "platform/bigbluebutton/api.h"

#include "base/text.h"
#include "platform/bigbluebutton/checksum.h"
#include "platform/shared/arrival.h"
#include "platform/shared/links.h"
#include "platform/shared/options.h"
#include "platform/shared/person.h"
#include "platform/shared/talk.h"

enum { MEETING_MIN = 2, MEETING_MAX = 128, NAME_MAX_BYTES = 64, QUERY_MAX = 4096, THREADS = 8 };

/* Limits of BigBlueButton 3.0's database and client: with longer values the client waits forever or
 * has no sound. */
enum { FULL_NAME_MAX = 100, USER_ID_MAX = 50 };

struct bbb {
	struct platform_peer peer;
	struct bbb_server server;
	const char *path;
	char url[2 * PLATFORM_URL_MAX]; /* server.api points here */
	bool create;
	const char *guest_policy;
};

/* Allows "/bigbluebutton" and deeper paths. */
static int check_path(const char *path, struct error *why)
{
	if (strlen(path) < PLATFORM_URL_MAX && path[0] == '/' &&
		links_segments(path + 1, 100, "_.~-") > 0)
		return 0;
	return error_set(why,
		"must be like \"/bigbluebutton\": letters, digits, - . _ and ~ behind slashes");
}

static const char *const checksums[] = {"sha256", "sha384", "sha512", "sha1", NULL};
static const char *const policies[] = {"ALWAYS_ACCEPT", "ALWAYS_DENY", "ASK_MODERATOR", "", NULL};

static const struct option options[] = {
	PEER_SITE("https://host[:port] of the server; https://TITLE by default"),
	{"path", OPTION_TEXT, "/bigbluebutton", "where its API is: what bbb-conf --secret shows",
		.check = check_path, OPTION_INTO(struct bbb, path)},
	PEER_CA_FILE,
	{"checksum", OPTION_ENUM, "sha256", "sha256, sha384, sha512, or sha1 for old servers",
		.words = checksums, OPTION_INTO(struct bbb, server.checksum)},
	{"create", OPTION_BOOL, "false", "create meetings that are not running",
		OPTION_INTO(struct bbb, create)},
	{"guest-policy", OPTION_ENUM, "", "of meetings that are created; the server's by default",
		.words = policies, OPTION_INTO(struct bbb, guest_policy)},
	PEER_PREFILL("show people's names, not their account names"),
	PEER_TIMEOUTS("for all requests of one join"),
	{0},
};

static int bbb_open(void *context, const struct section *section, struct error *error)
{
	struct bbb *bbb = context;

	snprintf(bbb->url, sizeof bbb->url, "%s%s/api/", bbb->peer.site, bbb->path);
	bbb->server.api = bbb->url;
	if (bbb->guest_policy[0] == '\0' || bbb->create)
		return 0;
	return section_error(section, "guest-policy", error,
		"applies to meetings that are created: it needs create = true");
}

/* ---- arriving ---- */

static int bbb_arrive(const void *instance, struct platform_arrival *arrival)
{
	const char *meeting;

	if (arrival_named(arrival, "meetingID", &meeting) != 0)
		return -1;
	if (!text_is_token(meeting, MEETING_MIN, MEETING_MAX, "_.~-"))
		return arrival_refuse(arrival, "meetingID",
			"missing, or not %d to %d letters, digits, - . _ and ~", MEETING_MIN,
			MEETING_MAX);
	return arrival_set_meeting(arrival, meeting);
}

/* ---- the meeting ---- */

/* A repeated create succeeds only with the same passwords, so they are derived from the secret and
 * the meeting. Nobody joins with them. */
static int put_password(
	struct buffer *query, const char *name, const char *meeting, const char *secret)
{
	struct buffer text = BUFFER_INIT(QUERY_MAX);
	char hex[33];
	int rc = -1;

	buffer_printf(&text, "meetauth %s %s", name, meeting);
	if (!text.failed && checksum_keyed(secret, text.data, hex) == 0) {
		talk_put_field(query, name, hex);
		rc = 0;
	}
	explicit_bzero(hex, sizeof hex);
	buffer_release(&text);
	return rc;
}

static enum bbb_result create_meeting(const struct bbb *bbb, const struct talk *talk,
	const char *meeting, const char *secret, int64_t *created_r)
{
	struct buffer query = BUFFER_INIT(QUERY_MAX);
	enum bbb_result result = BBB_UNABLE;
	char name[NAME_MAX_BYTES + 1];
	int rc;

	snprintf(name, sizeof name, "%s", meeting);
	talk_put_field(&query, "name", name);
	talk_put_field(&query, "meetingID", meeting);
	rc = put_password(&query, "attendeePW", meeting, secret);
	if (rc == 0)
		rc = put_password(&query, "moderatorPW", meeting, secret);
	if (bbb->guest_policy[0] != '\0')
		talk_put_field(&query, "guestPolicy", bbb->guest_policy);
	if (rc == 0 && !query.failed)
		result = bbb_call(
			&bbb->server, talk, "create", query.data, secret, meeting, created_r);
	else
		error_set(talk->error, "out of memory for create");
	buffer_wipe(&query);
	return result;
}

static enum bbb_result find_running(const struct bbb *bbb, const struct talk *talk,
	const char *meeting, const char *secret, int64_t *created_r)
{
	struct buffer query = BUFFER_INIT(QUERY_MAX);
	enum bbb_result result;

	talk_put_field(&query, "meetingID", meeting);
	result = bbb_call(&bbb->server, talk, "getMeetingInfo", query.failed ? "" : query.data,
		secret, meeting, created_r);
	buffer_release(&query);
	return result;
}

/* Finds the createTime of the running meeting, or creates the meeting if the option allows it. */
static enum bbb_result find_meeting(const struct bbb *bbb, const struct talk *talk,
	const char *meeting, const char *secret, int64_t *created_r)
{
	enum bbb_result result = BBB_NOT_UNIQUE;

	if (bbb->create)
		result = create_meeting(bbb, talk, meeting, secret, created_r);
	if (result == BBB_NOT_UNIQUE)
		result = find_running(bbb, talk, meeting, secret, created_r);
	return result;
}

/* ---- the address ---- */

static void put_name(struct buffer *query, const char *name)
{
	char *cut = strndup(name, person_cut_characters(name, FULL_NAME_MAX));

	if (cut == NULL)
		query->failed = true;
	else
		talk_put_field(query, "fullName", cut);
	free(cut);
}

static enum platform_verdict sign_join(const struct bbb *bbb, const struct platform_grant *grant,
	const char *secret, int64_t created)
{
	const struct identity *who = grant->who;
	struct buffer query = BUFFER_INIT(QUERY_MAX), user = BUFFER_INIT(QUERY_MAX);
	int rc = -1;

	person_put_id(who, person_cut_characters, USER_ID_MAX, &user);
	put_name(&query, bbb->peer.prefill ? person_name(who) : person_account_name(who));
	talk_put_field(&query, "meetingID", grant->join->meeting_id);
	talk_put_field(&query, "role", person_is_moderator(grant) ? "MODERATOR" : "VIEWER");
	buffer_printf(&query, "&createTime=%lld", (long long)created);
	if (!user.failed)
		talk_put_field(&query, "userID", user.data);
	if (who->guest) /* BigBlueButton documents only guest=true */
		talk_put_field(&query, "guest", "true");
	if (!query.failed && !user.failed)
		rc = bbb_sign(&bbb->server, "join", query.data, secret, grant->token);
	if (rc != 0)
		error_set(grant->error, "the join URL is too long, or out of memory");
	buffer_release(&user);
	buffer_wipe(&query);
	return rc == 0 ? PLATFORM_GRANTED : PLATFORM_UNABLE;
}

static enum platform_verdict verdict_of(enum bbb_result result)
{
	switch (result) {
	case BBB_FAILED:
	case BBB_NO_MEETING:
		return PLATFORM_REFUSED;
	case BBB_WRONG_SECRET:
		return PLATFORM_UNAUTHORIZED;
	case BBB_UNREACHABLE:
		return PLATFORM_UNREACHABLE;
	case BBB_TIMEOUT:
		return PLATFORM_TIMEOUT;
	case BBB_BUSY:
		return PLATFORM_BUSY;
	case BBB_UNABLE:
		return PLATFORM_UNABLE;
	case BBB_SUCCESS:
		return PLATFORM_GRANTED;
	case BBB_NOT_UNIQUE:
	case BBB_BAD_ANSWER:
		break;
	}
	return PLATFORM_BAD_ANSWER;
}

/* Tries an older secret only if the server refused the newer one. */
static enum platform_verdict bbb_admit(void *context, const struct platform_grant *grant)
{
	const struct bbb *bbb = context;
	struct talk talk = talk_for(&bbb->peer, grant);
	enum bbb_result result = BBB_WRONG_SECRET;
	int64_t created = 0;
	size_t i;

	for (i = 0; i < grant->secrets.count; i++) {
		result = find_meeting(
			bbb, &talk, grant->join->meeting_id, grant->secrets.values[i], &created);
		if (result != BBB_WRONG_SECRET)
			break;
	}
	if (result != BBB_SUCCESS)
		return verdict_of(result);
	*grant->accepted = i;
	return sign_join(bbb, grant, grant->secrets.values[i], created);
}

/* Requests a meeting that hardly exists: the server checks the checksum first. */
static int bbb_check_connection(
	void *context, const struct platform_secrets *secrets, struct error *error)
{
	const struct bbb *bbb = context;
	struct talk talk = talk_begin(&bbb->peer, error);
	int64_t created = 0;

	switch (find_running(bbb, &talk, "meetauth-check", secrets->values[0], &created)) {
	case BBB_SUCCESS:
	case BBB_NO_MEETING:
		return 0;
	default:
		return error_prefix(error, "getMeetingInfo with the newest secret: ");
	}
}

const struct platform_driver platform_bigbluebutton = {
	.type = "bigbluebutton",
	.summary = "BigBlueButton, by signed addresses",
	.options = options,
	.instance_size = sizeof(struct bbb),
	.grant = &(const struct platform_grant_ops){.admit = bbb_admit, .threads = THREADS},
	.entry = &(const struct platform_entry_ops){.name = "bbb", .arrive = bbb_arrive},
	.secret =
		&(const struct platform_secret_ops){
			.generated_hint = "put it into the server with \"bbb-conf --setsecret\""},
	.open = bbb_open,
	.check_connection = bbb_check_connection,
};
