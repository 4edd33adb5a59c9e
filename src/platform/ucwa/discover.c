/* SPDX-License-Identifier: MIT
 *
 * Autodiscovery by the organizer's domain, as in "Root URL" of UCWA 2.0, but over https only. If
 * the option says so, the internal host is tried first. Where that document asks the user whether
 * to trust a new host, this driver consults the list of hosts.
 */
#include "platform/ucwa/ucwa.h"

#include "platform/shared/answer.h"

/* The internal host gets a third of the time, so that some is left for the external host. */
enum { HOPS_MAX = 4, INTERNAL_PART = 3 };

/* The URL to request next, and the result. */
struct hop {
	char url[LINK_MAX];
	json_t *root; /* the last answer with links, or NULL; owned */
};

static const char *href_of(const json_t *root, const char *relation)
{
	const json_t *link = json_object_get(json_object_get(root, "_links"), relation);

	return answer_text(link, "href", LINK_MAX - 1);
}

/* Resolves a link against `base`. */
static enum platform_verdict follow(const struct ucwa_visit *visit, const char *what,
	const char *base, const char *link, char url[LINK_MAX])
{
	struct buffer whole = BUFFER_INIT(LINK_MAX - 1);
	int rc = links_follow(&visit->ucwa->hosts, what, base, link, &whole, visit->talk.error);

	if (rc == 0)
		snprintf(url, LINK_MAX, "%s", whole.data);
	buffer_release(&whole);
	return rc == 0 ? PLATFORM_GRANTED : PLATFORM_BAD_ANSWER;
}

/* Whether two URLs are in the same domain: the host without its first label. A host of one or two
 * labels, or an IP address, is its own domain. */
static bool is_same_domain(const char *service, const char *url)
{
	char host[LINKS_HOST_MAX], other[LINKS_HOST_MAX];
	const char *dot;
	int64_t port;

	if (links_split(service, host, &port) != 0 || links_split(url, other, &port) != 0)
		return false;
	dot = strchr(host, '.');
	if (dot == NULL || strchr(dot + 1, '.') == NULL ||
		host[strspn(host, ".0123456789")] == '\0')
		return strcmp(host, other) == 0;
	return links_is_below(other, dot + 1);
}

/* Sets hop->url to the target of a redirect. A redirect by status must stay in the domain of the
 * service: "HTTP 302 redirect to a domain different from the domain of the autodiscovery service"
 * is a failure. A redirect in the body may lead to every host of the list. */
static enum platform_verdict redirect(
	const struct ucwa_visit *visit, struct hop *hop, const char *link, bool by_status)
{
	char next[LINK_MAX], host[LINKS_HOST_MAX];
	enum platform_verdict verdict =
		follow(visit, "autodiscovery: a redirect", hop->url, link, next);
	int64_t port;

	if (verdict != PLATFORM_GRANTED)
		return verdict;
	if (by_status && !is_same_domain(hop->url, next)) {
		links_split(next, host, &port);
		return talk_bad(&visit->talk,
			"autodiscovery: an HTTP redirect leads to %.80s in another domain than the "
			"service; only a redirect in _links may do that",
			host);
	}
	memcpy(hop->url, next, sizeof hop->url);
	return PLATFORM_GRANTED;
}

/* Redirects after which a GET stays a GET (RFC 9110 section 15.4). */
static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Sends one GET. After a redirect by status or in the body sets hop->url to the target and *more_r.
 */
static enum platform_verdict step(struct ucwa_visit *visit, struct hop *hop, bool *more_r)
{
	struct talk_request request = {.url = hop->url};
	struct fetch_answer answer = {0};
	enum platform_verdict verdict = talk_send(&visit->talk, &request, &answer);
	const char *link = NULL;
	bool by_status = false;

	*more_r = false;
	if (verdict == PLATFORM_GRANTED && answer.status == 200) {
		hop->root = talk_json(&visit->talk, &answer);
		verdict = hop->root != NULL ? PLATFORM_GRANTED : PLATFORM_BAD_ANSWER;
		link = href_of(hop->root, "redirect");
	} else if (verdict == PLATFORM_GRANTED && is_redirect(answer.status)) {
		link = answer.location;
		by_status = true;
	} else if (verdict == PLATFORM_GRANTED) {
		verdict = talk_bad(
			&visit->talk, "autodiscovery: the answer is HTTP %ld", answer.status);
	}
	if (verdict == PLATFORM_GRANTED && link != NULL) {
		verdict = redirect(visit, hop, link, by_status);
		*more_r = verdict == PLATFORM_GRANTED;
		json_decref(hop->root);
		hop->root = NULL;
	}
	fetch_answer_release(&answer);
	return verdict;
}

/* Follows redirects until an answer has links. */
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

/* From outside, autodiscovery fails at the internal host. On any failure, tries the external one.
 */
static enum platform_verdict find_root(struct ucwa_visit *visit, struct hop *hop)
{
	enum platform_verdict verdict;
	struct error inside;
	int64_t deadline;

	if (!visit->ucwa->internal || visit->ucwa->autodiscover[0] != '\0')
		return try_at(visit, "LyncDiscover", hop);
	deadline = talk_hurry(&visit->talk, INTERNAL_PART);
	verdict = try_at(visit, "LyncDiscoverInternal", hop);
	visit->talk.deadline = deadline;
	if (verdict == PLATFORM_GRANTED)
		return verdict;
	inside = *visit->talk.error;
	verdict = try_at(visit, "LyncDiscover", hop);
	if (verdict != PLATFORM_GRANTED)
		error_prefix(visit->talk.error, "%.200s; and at the external host: ", inside.text);
	return verdict;
}

/* Parses the challenge to a GET without a token: it has the URL of the token service and the grant
 * types. */
static enum platform_verdict read_challenge(struct ucwa_visit *visit,
	const struct fetch_answer *answer, const char *user, struct ucwa_home *home)
{
	char href[LINK_MAX], grants[512];

	if (answer->status != 401)
		return talk_bad(&visit->talk,
			"the user's address, without a token: the answer is HTTP %ld",
			answer->status);
	if (ucwa_challenge(answer->challenge, "MsRtcOAuth", "href", href, sizeof href) != 0)
		return talk_bad(&visit->talk, "the challenge has no MsRtcOAuth with an href");
	if (ucwa_challenge(answer->challenge, "MsRtcOAuth", "grant_type", grants, sizeof grants) !=
			0 ||
		!ucwa_list_has(grants, "urn:microsoft.rtc:anonmeeting")) {
		error_set(visit->talk.error, "the server does not allow anonymous join "
					     "(grant_type has no anonmeeting)");
		return PLATFORM_FORBIDDEN;
	}
	return follow(visit, "autodiscovery: the challenge's href", user, href, home->token);
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
	if (verdict == PLATFORM_GRANTED)
		verdict = follow(visit, "autodiscovery: the link user", hop.url,
			href_of(hop.root, "user"), user_r);
	frame = href_of(hop.root, "xframe");
	if (verdict == PLATFORM_GRANTED && frame != NULL)
		verdict = follow(
			visit, "autodiscovery: the link xframe", hop.url, frame, home->xframe);
	if (verdict == PLATFORM_GRANTED)
		verdict = talk_send(&visit->talk, &request, &answer);
	if (verdict == PLATFORM_GRANTED)
		verdict = read_challenge(visit, &answer, user_r, home);
	fetch_answer_release(&answer);
	json_decref(hop.root);
	return verdict;
}
