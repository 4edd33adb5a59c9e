/* SPDX-License-Identifier: MIT
 *
 * Autodiscovery, after "Root URL" of UCWA 2.0: by the organizer's domain, inside first where that
 * is wanted, over https alone. The security check of that document asks a person about hosts that
 * are new; a service asks its list.
 */
#ifdef HAVE_EXPAT

#include "platform/ucwa.h"

enum { HOPS_MAX = 4 };

/* What came of one address. */
struct hop {
	char url[LINK_MAX];
	json_t *root; /* of an answer with links; owned */
};

static const char *href_of(const json_t *root, const char *relation)
{
	const json_t *link = json_object_get(json_object_get(root, "_links"), relation);

	return talk_text(link, "href", LINK_MAX - 1);
}

/* Writes where a link leads. 0, or -1 where that is a host off the list. */
static int follow(const struct ucwa *ucwa, const char *base, const char *link, char url[LINK_MAX])
{
	struct buffer whole = BUFFER_INIT(LINK_MAX - 1);
	int rc = links_follow(&ucwa->hosts, base, link, &whole);

	if (rc == 0)
		snprintf(url, LINK_MAX, "%s", whole.data);
	buffer_release(&whole);
	return rc;
}

static enum platform_verdict refuse_host(const struct ucwa_visit *visit, const char *what)
{
	return talk_bad(&visit->talk,
		"autodiscovery: %s leads to a host that neither domains nor hosts have", what);
}

/* A redirect, in the status or in the body, moves hop->url on; *more_r then. */
static enum platform_verdict step(struct ucwa_visit *visit, struct hop *hop, bool *more_r)
{
	struct talk_request request = {.url = hop->url};
	struct fetch_answer answer = {0};
	enum platform_verdict verdict = talk_send(&visit->talk, &request, &answer);
	const char *link = NULL;
	char next[LINK_MAX];

	*more_r = false;
	if (verdict == PLATFORM_GRANTED && answer.status == 200) {
		hop->root = talk_json(&visit->talk, &answer);
		verdict = hop->root != NULL ? PLATFORM_GRANTED : PLATFORM_BAD_ANSWER;
		link = href_of(hop->root, "redirect");
	} else if (verdict == PLATFORM_GRANTED && (answer.status == 302 || answer.status == 301)) {
		link = answer.location;
	} else if (verdict == PLATFORM_GRANTED) {
		verdict = talk_bad(
			&visit->talk, "autodiscovery: the answer is HTTP %ld", answer.status);
	}
	if (verdict == PLATFORM_GRANTED && link != NULL) {
		*more_r = follow(visit->ucwa, hop->url, link, next) == 0;
		if (*more_r)
			memcpy(hop->url, next, sizeof hop->url);
		else
			verdict = refuse_host(visit, "a redirect");
		json_decref(hop->root);
		hop->root = NULL;
	}
	fetch_answer_release(&answer);
	return verdict;
}

/* Follows redirects to an answer with links. */
static enum platform_verdict walk(struct ucwa_visit *visit, struct hop *hop)
{
	enum platform_verdict verdict = PLATFORM_GRANTED;
	bool more = true;

	for (int hops = 0; verdict == PLATFORM_GRANTED && more; hops++) {
		if (hops == HOPS_MAX)
			return talk_bad(&visit->talk, "autodiscovery: too many redirects");
		verdict = step(visit, hop, &more);
	}
	return verdict;
}

static enum platform_verdict try_at(struct ucwa_visit *visit, const char *prefix, struct hop *hop)
{
	const struct ucwa *ucwa = visit->ucwa;

	if (ucwa->autodiscover[0] != '\0')
		snprintf(hop->url, sizeof hop->url, "%s", ucwa->autodiscover);
	else
		snprintf(hop->url, sizeof hop->url, "https://%s.%s", prefix,
			visit->conference.domain);
	return walk(visit, hop);
}

/* Who may not look inside does not find it there: any failure means the next. */
static enum platform_verdict find_root(struct ucwa_visit *visit, struct hop *hop)
{
	if (visit->ucwa->internal && visit->ucwa->autodiscover[0] == '\0' &&
		try_at(visit, "LyncDiscoverInternal", hop) == PLATFORM_GRANTED)
		return PLATFORM_GRANTED;
	return try_at(visit, "LyncDiscover", hop);
}

/* The answer to a GET without a token says where tokens are made, and for what. */
static enum platform_verdict read_challenge(struct ucwa_visit *visit,
	const struct fetch_answer *answer, const char *user, struct ucwa_home *home)
{
	char href[LINK_MAX], grants[512];

	if (answer->status != 401)
		return talk_bad(&visit->talk,
			"the user's address, asked without a token: the answer is HTTP %ld",
			answer->status);
	if (ucwa_challenge(answer->challenge, "MsRtcOAuth", "href", href, sizeof href) != 0)
		return talk_bad(&visit->talk, "the challenge has no MsRtcOAuth with an href");
	if (ucwa_challenge(answer->challenge, "MsRtcOAuth", "grant_type", grants, sizeof grants) !=
			0 ||
		!ucwa_list_has(grants, "urn:microsoft.rtc:anonmeeting")) {
		error_set(visit->talk.error, "the server lets nobody join without an account "
					     "(grant_type has no anonmeeting)");
		return PLATFORM_REFUSED;
	}
	if (follow(visit->ucwa, user, href, home->token) != 0)
		return refuse_host(visit, "the challenge's href");
	return PLATFORM_GRANTED;
}

enum platform_verdict ucwa_discover(
	struct ucwa_visit *visit, struct ucwa_home *home, char user_r[LINK_MAX])
{
	struct hop hop = {0};
	struct talk_request request = {.url = user_r};
	struct fetch_answer answer = {0};
	enum platform_verdict verdict = find_root(visit, &hop);
	const char *frame;

	home->xframe[0] = '\0';
	if (verdict == PLATFORM_GRANTED &&
		follow(visit->ucwa, hop.url, href_of(hop.root, "user"), user_r) != 0)
		verdict = refuse_host(visit, "the link user");
	frame = href_of(hop.root, "xframe");
	if (verdict == PLATFORM_GRANTED && frame != NULL &&
		follow(visit->ucwa, hop.url, frame, home->xframe) != 0)
		verdict = refuse_host(visit, "the link xframe");
	if (verdict == PLATFORM_GRANTED)
		verdict = talk_send(&visit->talk, &request, &answer);
	if (verdict == PLATFORM_GRANTED)
		verdict = read_challenge(visit, &answer, user_r, home);
	fetch_answer_release(&answer);
	json_decref(hop.root);
	return verdict;
}

#endif
