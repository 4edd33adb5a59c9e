/* SPDX-License-Identifier: MIT
 *
 * Platform "ucwa": a token for one conference of Lync Server 2013 or Skype for Business Server, for
 * the script of a page, as in UCWA 2.0. The driver needs no secret: everybody who knows a
 * conference's URI can request such a token from the server. The driver gives it only to visitors
 * whom the policy allows, and sends requests only to listed hosts.
 */
#include "platform/ucwa/ucwa.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/config.h"
#include "platform/redirect.h"

enum { THREADS = 8 };

static const struct option options[] = {
	{"domains", OPTION_LIST, NULL, "SIP domains of organizers; TITLE by default",
		.of = OPTION_DOMAIN, OPTION_INTO(struct ucwa, domains)},
	{"hosts", OPTION_LIST, NULL,
		"further hosts that autodiscovery may lead to, besides the domains and their "
		"subdomains",
		.of = OPTION_HOST, OPTION_INTO(struct ucwa, more_hosts)},
	{"meeting-hosts", OPTION_LIST, NULL,
		"https://host[:port] of meeting addresses; https://meet.DOMAIN by default",
		.of = OPTION_URL, .check = option_check_site,
		OPTION_INTO(struct ucwa, meeting_hosts)},
	{"autodiscover", OPTION_URL, "",
		"address of the autodiscover service; https://LyncDiscover.DOMAIN by default",
		OPTION_INTO(struct ucwa, autodiscover)},
	{"internal", OPTION_BOOL, "false", "try https://LyncDiscoverInternal.DOMAIN first",
		OPTION_INTO(struct ucwa, internal)},
	PEER_CA_FILE,
	{"allowed-origins", OPTION_LIST, NULL, "origins of pages whose scripts may request tokens",
		.of = OPTION_SENT, .required = true, OPTION_INTO(struct platform_peer, origins)},
	PEER_APP,
	PEER_TIMEOUTS("for all requests of one token"),
	{0},
};

static void collect_hosts(const struct section *section, struct ucwa *ucwa)
{
	size_t count = 0;

	ucwa->title = section_title(section);
	if (ucwa->domains.count == 0)
		ucwa->domains = (struct config_list){&ucwa->title, 1};
	ucwa->all_hosts =
		xcalloc(ucwa->domains.count + ucwa->more_hosts.count, sizeof *ucwa->all_hosts);
	for (size_t i = 0; i < ucwa->domains.count; i++)
		ucwa->all_hosts[count++] = ucwa->domains.items[i];
	for (size_t i = 0; i < ucwa->more_hosts.count; i++)
		ucwa->all_hosts[count++] = ucwa->more_hosts.items[i];
	ucwa->hosts = (struct links){{ucwa->all_hosts, count}, "domains and hosts"};
}

/* Sets peer.api to the host that `check --connect` tests first. */
static int name_api(const struct section *section, struct ucwa *ucwa, struct error *error)
{
	int length;

	if (ucwa->autodiscover[0] == '\0')
		length = snprintf(ucwa->site, sizeof ucwa->site, "https://LyncDiscover.%s",
			ucwa->domains.items[0]);
	else
		length = snprintf(ucwa->site, sizeof ucwa->site, "%s", ucwa->autodiscover);
	ucwa->peer.api = ucwa->site;
	if (ucwa->peer.app_url == NULL)
		ucwa->peer.site = ucwa->site;
	if (length < (int)sizeof ucwa->site)
		return 0;
	return section_error(section, "autodiscover", error, "is too long");
}

static int ucwa_open(void *context, const struct section *section, struct error *error)
{
	struct ucwa *ucwa = context;

	pthread_mutex_init(&ucwa->lock, NULL);
	ucwa->homes = xcalloc(UCWA_HOMES_MAX, sizeof *ucwa->homes);
	collect_hosts(section, ucwa);
	return name_api(section, ucwa, error);
}

static void ucwa_close(void *context)
{
	struct ucwa *ucwa = context;

	pthread_mutex_destroy(&ucwa->lock);
	free(ucwa->homes);
	free(ucwa->all_hosts);
}

/* ---- homes ---- */

/* Cached homes are per organizer, since a domain may have several pools. */
static void name_organizer(const struct conference *conference, char name[UCWA_NAME_MAX])
{
	snprintf(name, UCWA_NAME_MAX, "%s@%s", conference->user, conference->domain);
	text_lower(name, name, UCWA_NAME_MAX);
}

static bool recall(struct ucwa *ucwa, struct ucwa_home *home)
{
	bool found = false;

	pthread_mutex_lock(&ucwa->lock);
	for (size_t i = 0; i < UCWA_HOMES_MAX && !found; i++) {
		found = strcmp(ucwa->homes[i].organizer, home->organizer) == 0;
		if (found)
			*home = ucwa->homes[i];
	}
	pthread_mutex_unlock(&ucwa->lock);
	return found;
}

static void forget(struct ucwa *ucwa, const char *organizer)
{
	pthread_mutex_lock(&ucwa->lock);
	for (size_t i = 0; i < UCWA_HOMES_MAX; i++)
		if (strcmp(ucwa->homes[i].organizer, organizer) == 0)
			ucwa->homes[i].organizer[0] = '\0';
	pthread_mutex_unlock(&ucwa->lock);
}

static void keep(struct ucwa *ucwa, const struct ucwa_home *home)
{
	forget(ucwa, home->organizer);
	pthread_mutex_lock(&ucwa->lock);
	ucwa->homes[ucwa->oldest] = *home;
	ucwa->oldest = (ucwa->oldest + 1) % UCWA_HOMES_MAX;
	pthread_mutex_unlock(&ucwa->lock);
}

/* ---- the grant ---- */

static enum platform_verdict find_home(struct ucwa_visit *visit, struct ucwa_home *home)
{
	char user[LINK_MAX];
	enum platform_verdict verdict = ucwa_discover(visit, home, user);

	if (verdict == PLATFORM_GRANTED)
		verdict = ucwa_token(visit, home);
	if (verdict == PLATFORM_GRANTED)
		verdict = ucwa_applications(visit, user, home);
	if (verdict == PLATFORM_GRANTED)
		keep(visit->ucwa, home);
	return verdict;
}

static enum platform_verdict get_token(struct ucwa_visit *visit, struct ucwa_home *home)
{
	enum platform_verdict verdict;
	struct error first;

	name_organizer(&visit->conference, home->organizer);
	/* The script uses the home server and reports here if it saw 403, 502 or no connection. */
	if (join_remembered(visit->grant->join, "failed") != NULL)
		forget(visit->ucwa, home->organizer);
	if (!recall(visit->ucwa, home))
		return find_home(visit, home);
	verdict = ucwa_token(visit, home);
	if (verdict == PLATFORM_GRANTED || !visit->lost)
		return verdict;
	forget(visit->ucwa, home->organizer);
	first = *visit->talk.error;
	verdict = find_home(visit, home);
	if (verdict != PLATFORM_GRANTED)
		error_prefix(visit->talk.error,
			"%.200s; and after repeated autodiscovery: ", first.text);
	return verdict;
}

static enum platform_verdict put_reply(
	const struct ucwa_visit *visit, const struct ucwa_home *home, struct buffer *token)
{
	char uri[CONFERENCE_TEXT_MAX];
	json_t *reply;

	conference_write(&visit->conference, uri);
	reply = json_pack("{s:s, s:I, s:s, s:s}", "token", visit->token, "expiresIn",
		(json_int_t)visit->lifetime, "applicationsUrl", home->applications, "conferenceUri",
		uri);
	if (reply != NULL && home->xframe[0] != '\0')
		json_object_set_new(reply, "xframeUrl", json_string(home->xframe));
	if (talk_put_json(token, reply) == 0)
		return PLATFORM_GRANTED;
	error_set(visit->talk.error, "the response for the script is too long");
	return PLATFORM_UNABLE;
}

static enum platform_verdict ucwa_admit(void *context, const struct platform_grant *grant)
{
	struct ucwa *ucwa = context;
	struct ucwa_home home = {.organizer = ""};
	struct ucwa_visit visit = {.ucwa = ucwa, .grant = grant};
	enum platform_verdict verdict;

	if (!grant->by_script) {
		error_set(grant->error, "only scripts of pages get tokens of this platform");
		return PLATFORM_UNABLE;
	}
	visit.talk = talk_for(&ucwa->peer, grant);
	verdict = ucwa_resolve(&visit);
	if (verdict == PLATFORM_GRANTED)
		verdict = get_token(&visit, &home);
	if (verdict == PLATFORM_GRANTED)
		verdict = put_reply(&visit, &home, grant->token);
	explicit_bzero(visit.token, sizeof visit.token);
	explicit_bzero(visit.key, sizeof visit.key);
	return verdict;
}

static const char *ucwa_meeting_parameter(const struct join *join, const char **value_r)
{
	const char *name = "conferenceUri";

	*value_r = join_remembered(join, name);
	if (*value_r == NULL) {
		name = "meetingUrl";
		*value_r = join_remembered(join, name);
	}
	return name;
}

/* Connects to each meeting host. Every answer is good, whatever its status. */
static int reach_meetings(struct ucwa *ucwa, struct error *error)
{
	char site[PLATFORM_URL_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && ucwa_meeting_site(ucwa, i, site); i++) {
		struct talk talk = talk_begin(&ucwa->peer, error);
		struct talk_request request = {.url = site, .accept = "*/*"};
		struct fetch_answer answer = {0};

		if (talk_send(&talk, &request, &answer) != PLATFORM_GRANTED)
			rc = error_prefix(error, "meeting-hosts: ");
		fetch_answer_release(&answer);
	}
	return rc;
}

/* Runs autodiscovery for a conference that does not exist, as far as possible without a token, and
 * connects to the hosts of meeting addresses. */
static int ucwa_check_connection(
	void *context, const struct platform_secrets *secrets, struct error *error)
{
	struct ucwa *ucwa = context;
	struct ucwa_visit visit = {.ucwa = ucwa};
	struct ucwa_home home;
	char user[LINK_MAX];

	visit.talk = talk_begin(&ucwa->peer, error);
	if (conference_set(&visit.conference, "meetauth-check", ucwa->domains.items[0], "CHECK") !=
		0)
		return error_set(error, "domains: the first entry is not a domain name");
	if (ucwa_discover(&visit, &home, user) != PLATFORM_GRANTED)
		return -1;
	return reach_meetings(ucwa, error);
}

const struct platform_driver platform_ucwa = {
	.type = "ucwa",
	.summary = "Lync and Skype for Business Server, by UCWA 2.0",
	.options = options,
	.instance_size = sizeof(struct ucwa),
	.grant = &(const struct platform_grant_ops){.admit = ucwa_admit, .threads = THREADS},
	.entry = &(const struct platform_entry_ops){.name = "ucwa", .arrive = ucwa_arrive},
	.script = &(const struct platform_script_ops){.scripts_only = true,
		.meeting_parameter = ucwa_meeting_parameter},
	.secret_scope = PLATFORM_SECRET_NONE,
	.open = ucwa_open,
	.close = ucwa_close,
	.check_connection = ucwa_check_connection,
};
