/* SPDX-License-Identifier: MIT
 *
 * Identifies the conference by its sip: URI or by the https URL of an invitation. Rules see the
 * same id for both. An https URL is requested only at a listed host, and the answer must name the
 * organizer and the meeting of that URL.
 */
#include "platform/ucwa/ucwa.h"

#include "base/text.h"
#include "config/config.h"
#include "platform/shared/arrival.h"
#include "platform/shared/xml.h"

#include <strings.h>

/* MEETING_PART: half of the time is left for the home server. */
enum { URL_MAX = 600, SEGMENTS_MAX = 4, MEETING_PART = 2 };

static const char media_type[] = "Application/vnd.microsoft.lync.meeting+xml";

static bool begins(const char *url, const char *site)
{
	return strncasecmp(url, site, strlen(site)) == 0 && url[strlen(site)] == '/';
}

bool ucwa_meeting_site(const struct ucwa *ucwa, size_t index, char site[PLATFORM_URL_MAX])
{
	bool named = ucwa->meeting_hosts.count > 0;

	if (index >= (named ? ucwa->meeting_hosts.count : ucwa->domains.count))
		return false;
	if (named)
		snprintf(site, PLATFORM_URL_MAX, "%s", ucwa->meeting_hosts.items[index]);
	else
		snprintf(site, PLATFORM_URL_MAX, "https://meet.%s", ucwa->domains.items[index]);
	return true;
}

/* Finds the configured "https://HOST" that a URL begins with. Returns false if there is none. */
static bool site_of(const struct ucwa *ucwa, const char *url, char site[PLATFORM_URL_MAX])
{
	for (size_t i = 0; ucwa_meeting_site(ucwa, i, site); i++)
		if (begins(url, site))
			return true;
	return false;
}

/* Returns the organizers' domain of a host whose URLs do not contain it: the longest domain that
 * the host is below, or the only one. */
static const char *domain_of(const struct ucwa *ucwa, const char *site)
{
	char host[PLATFORM_URL_MAX];
	const char *nearest = ucwa->domains.count == 1 ? ucwa->domains.items[0] : "";

	links_host_of(site, host);
	for (size_t i = 0; i < ucwa->domains.count; i++)
		if (links_is_below(host, ucwa->domains.items[i]) &&
			strlen(ucwa->domains.items[i]) > strlen(nearest))
			nearest = ucwa->domains.items[i];
	return nearest[0] != '\0' ? nearest : NULL;
}

/* Parses [meet/][DOMAIN/]USER/ID. Returns 0 or -1. */
static int read_path(
	const struct ucwa *ucwa, const char *site, const char *path, struct conference *conference)
{
	char copy[URL_MAX], *rest = copy, *segments[SEGMENTS_MAX];
	const char *domain = domain_of(ucwa, site);
	size_t count = 0, first = 0;

	if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
		return -1;
	while (rest != NULL && count < SEGMENTS_MAX)
		segments[count++] = strsep(&rest, "/");
	if (rest != NULL || count < 2)
		return -1;
	if (count > 2 && strcasecmp(segments[0], "meet") == 0)
		first = 1;
	if (count - first == 3)
		domain = segments[first++];
	if (count - first != 2 || domain == NULL)
		return -1;
	return conference_set(conference, segments[first], domain, segments[first + 1]);
}

static int read_url(const struct ucwa *ucwa, const char *url, struct conference *conference)
{
	char site[PLATFORM_URL_MAX];

	if (!site_of(ucwa, url, site))
		return -1;
	return read_path(ucwa, site, url + strlen(site) + 1, conference);
}

static int settle(struct platform_arrival *arrival, const struct conference *conference,
	const char *parameter, const char *value)
{
	char name[CONFERENCE_TEXT_MAX];
	const char *renew, *failed;

	if (arrival_optional(arrival, "renew", &renew) != 0)
		return -1;
	if (renew != NULL && (!text_is_visible_ascii(renew) || strlen(renew) >= UCWA_TOKEN_MAX))
		return arrival_refuse(arrival, "renew", "not a token");
	conference_name(conference, name);
	if (arrival_optional(arrival, "failed", &failed) != 0 ||
		arrival_remember(arrival, "failed", failed != NULL ? "yes" : NULL) != 0 ||
		arrival_remember(arrival, parameter, value) != 0 ||
		arrival_remember(arrival, "renew", renew) != 0)
		return -1;
	return arrival_set_meeting(arrival, name);
}

/* Parses `meetingUrl`, the URL of an invitation. */
static int arrive_by_url(
	const struct ucwa *ucwa, struct platform_arrival *arrival, const char *given)
{
	struct conference conference;
	char url[URL_MAX];

	if (links_trim(given, url, sizeof url) != 0 || read_url(ucwa, url, &conference) != 0 ||
		!links_have_domain(&ucwa->domains, conference.domain))
		return arrival_refuse(arrival, "meetingUrl",
			"not the address of a meeting of `domains` at a host of meeting-hosts");
	return settle(arrival, &conference, "meetingUrl", url);
}

/* Parses `conferenceUri`, or its short form in the path, or `meetingUrl`. */
int ucwa_arrive(const void *instance, struct platform_arrival *arrival)
{
	const struct ucwa *ucwa = instance;
	struct conference conference;
	const char *uri, *url, *rest = arrival->rest[0] != '\0' ? arrival->rest : NULL;
	char written[CONFERENCE_TEXT_MAX];

	if (arrival_optional(arrival, "conferenceUri", &uri) != 0 ||
		arrival_optional(arrival, "meetingUrl", &url) != 0)
		return -1;
	if ((uri != NULL) + (url != NULL) + (rest != NULL) > 1)
		return arrival_refuse(arrival, url != NULL ? "meetingUrl" : "conferenceUri",
			"names a second meeting");
	if (url != NULL)
		return arrive_by_url(ucwa, arrival, url);
	if (uri == NULL && rest == NULL)
		return arrival_refuse(arrival, "conferenceUri",
			"missing: conferenceUri or meetingUrl is required");
	if (conference_read(uri != NULL ? uri : rest, &conference) != 0)
		return arrival_refuse(arrival, "conferenceUri",
			"neither USER@DOMAIN/ID nor "
			"sip:USER@DOMAIN;gruu;opaque=app:conf:focus:id:ID");
	if (!links_have_domain(&ucwa->domains, conference.domain))
		return arrival_refuse(arrival, "conferenceUri",
			"the organizer's domain, %.100s, is not in the option `domains`",
			conference.domain);
	conference_write(&conference, written);
	return settle(arrival, &conference, "conferenceUri", written);
}

/* ---- asking the server ---- */

static bool is_same(const struct conference *a, const struct conference *b)
{
	char left[CONFERENCE_TEXT_MAX], right[CONFERENCE_TEXT_MAX];

	conference_name(a, left);
	conference_name(b, right);
	return strcmp(left, right) == 0;
}

static enum platform_verdict read_meeting(
	struct ucwa_visit *visit, const struct fetch_answer *answer)
{
	char uri[CONFERENCE_TEXT_MAX], key[CONFERENCE_ID_MAX + 1];
	struct xml_field fields[] = {
		{"conf-uri", uri, sizeof uri, false}, {"conf-key", key, sizeof key, false}};
	struct conference found;

	if (answer->status != 200) {
		talk_bad(&visit->talk, "the meeting's address: the answer is HTTP %ld",
			answer->status);
		return answer->status == 404 || answer->status == 410 ? PLATFORM_REFUSED
								      : PLATFORM_BAD_ANSWER;
	}
	if (answer->body.data == NULL || xml_read(answer->body.data, answer->body.length,
						 "conf-info", fields, 2, visit->talk.error) != 0)
		return talk_bad(
			&visit->talk, "the answer from the meeting's address has no conf-info");
	if (conference_parse(uri, &found) != 0 || !is_same(&found, &visit->conference))
		return talk_bad(&visit->talk,
			"the answer from the meeting's address names another meeting");
	visit->conference = found;
	if (!text_is_token(key, 1, CONFERENCE_ID_MAX, ""))
		return talk_bad(&visit->talk, "the answer from the meeting's address has no key");
	memcpy(visit->key, key, strlen(key) + 1);
	return PLATFORM_GRANTED;
}

static enum platform_verdict ask(struct ucwa_visit *visit, const char *url)
{
	char site[PLATFORM_URL_MAX], whole[LINK_MAX];
	struct talk_request request = {.url = whole, .accept = media_type};
	struct fetch_answer answer = {0};
	enum platform_verdict verdict;
	int64_t deadline;

	/* Take the host's text from the configuration, not from the visitor. */
	if (!site_of(visit->ucwa, url, site) || snprintf(whole, sizeof whole, "%s%s", site,
							url + strlen(site)) >= (int)sizeof whole)
		return PLATFORM_UNABLE;
	deadline = talk_hurry(&visit->talk, MEETING_PART);
	verdict = talk_send(&visit->talk, &request, &answer);
	visit->talk.deadline = deadline;
	if (verdict == PLATFORM_GRANTED) {
		verdict = read_meeting(visit, &answer);
	} else if (verdict != PLATFORM_UNABLE && verdict != PLATFORM_BUSY) {
		/* The visitor chose this URL, so a failure must not invalidate the cached home. */
		error_prefix(visit->talk.error, "the meeting's address: ");
		verdict = PLATFORM_BAD_ANSWER;
	}
	fetch_answer_release(&answer);
	return verdict;
}

enum platform_verdict ucwa_resolve(struct ucwa_visit *visit)
{
	const struct join *join = visit->grant->join;
	const char *uri = join_remembered(join, "conferenceUri");
	const char *url = join_remembered(join, "meetingUrl");

	visit->renew = join_remembered(join, "renew");
	if (uri != NULL && conference_parse(uri, &visit->conference) == 0) {
		memcpy(visit->key, visit->conference.id, sizeof visit->key);
		return PLATFORM_GRANTED;
	}
	if (url != NULL && read_url(visit->ucwa, url, &visit->conference) == 0)
		return ask(visit, url);
	/* The configuration has changed since the visit arrived. */
	error_set(visit->talk.error, "the configuration does not allow this meeting any more");
	return PLATFORM_REFUSED;
}
