/* SPDX-License-Identifier: MIT */
#include "join/handover.h"

#include "base/site.h"
#include "base/text.h"
#include "view/onward.h"
#include "visit/fail.h"

enum { URL_MAX = 16 * 1024, STATE_MAX = 512 };

/* Parameters of OAuth 2.0; the join stores their values under the same names. */
static const char redirect_uri[] = "redirect_uri", challenge[] = "code_challenge",
		  method[] = "code_challenge_method", opaque[] = "state";

/* ---- arriving ---- */

bool handover_is_asked_for(const struct params *query)
{
	const char *value = NULL;

	return params_get(query, redirect_uri, &value) != PARAM_MISSING;
}

/* The parameters of a visit; NULL if missing. */
struct wish {
	const char *redirect_uri, *challenge, *method, *state;
};

/* The invalid parameter and the reason; `why` is NULL if all are valid. */
struct fault {
	const char *parameter, *why;
};

static const char not_listed[] =
	"not exactly one of `redirects` and `app` in the platform's section";

static struct fault read_wish(const struct params *query, struct wish *wish)
{
	const struct {
		const char *name, **value;
	} texts[] = {{redirect_uri, &wish->redirect_uri}, {challenge, &wish->challenge},
		{method, &wish->method}, {opaque, &wish->state}};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		enum params_count count = params_get(query, texts[i].name, texts[i].value);

		if (count != PARAM_ONCE && count != PARAM_MISSING)
			return (struct fault){texts[i].name, "given twice"};
	}
	return (struct fault){NULL, NULL};
}

static bool is_empty(const struct wish *wish)
{
	return wish->redirect_uri == NULL && wish->challenge == NULL && wish->method == NULL &&
	       wish->state == NULL;
}

/* Validates the parameters. A native application must send a challenge: other programs on the
 * machine could intercept its code (RFC 8252 section 8.1). */
static struct fault check_wish(const struct platform_peer *peer, const struct wish *wish)
{
	const char *origin, *target = wish->redirect_uri;
	enum redirect_kind kind;

	if (target == NULL)
		target = peer->app_url != NULL ? peer->app_url : "";
	kind = redirect_find(peer, target, &origin);
	if (kind == REDIRECT_UNKNOWN)
		return (struct fault){redirect_uri, not_listed};
	if (wish->method != NULL && strcmp(wish->method, "S256") != 0)
		return (struct fault){method, "not S256"};
	if (wish->challenge != NULL && wish->method == NULL)
		return (struct fault){method, "missing, which means \"plain\": send S256"};
	if (wish->challenge != NULL && !code_is_challenge(wish->challenge))
		return (struct fault){challenge, "not the base64url of a SHA-256 hash"};
	if (wish->challenge == NULL && kind == REDIRECT_NATIVE)
		return (struct fault){challenge, "missing: a native application needs one"};
	if (wish->state != NULL && strlen(wish->state) > STATE_MAX)
		return (struct fault){opaque, "too long"};
	return (struct fault){NULL, NULL};
}

static int remember(struct join *join, const char *name, const char *value)
{
	return value != NULL ? join_add_forward(join, name, value) : 0;
}

enum step handover_read(struct visit *visit, const struct params *query)
{
	struct join *join = &visit->join;
	struct wish wish = {NULL, NULL, NULL, NULL};
	struct fault fault;

	if (visit->platform->driver->script ==
		NULL) /* without scripts, the parameters belong to the driver */
		return STEP_NEXT;
	fault = read_wish(query, &wish);
	if (fault.why == NULL && !is_empty(&wish))
		fault = check_wish(visit->platform->peer, &wish);
	if (fault.why != NULL)
		return visit_refuse(visit, fault.parameter, fault.why);
	if (remember(join, redirect_uri, wish.redirect_uri) == 0 &&
		remember(join, challenge, wish.challenge) == 0 &&
		remember(join, opaque, wish.state) == 0)
		return STEP_NEXT;
	return visit_fail(visit, FAILURE_INTERNAL);
}

/* ---- redirecting ---- */

/* Returns the redirect target, or NULL for the platform. */
static const char *target_of(const struct visit *visit)
{
	const char *asked = join_remembered(&visit->join, redirect_uri);

	return asked != NULL ? asked : visit->platform->peer->app_url;
}

bool handover_is_due(const struct visit *visit)
{
	return !visit->script.asks && visit->platform->driver->script != NULL &&
	       target_of(visit) != NULL;
}

static void put(struct buffer *url, const char *name, const char *value)
{
	buffer_printf(url, "%c%s=", strchr(url->data, '?') != NULL ? '&' : '?', name);
	buffer_percent(url, value);
}

/* Appends a new code. Returns 0 or -1. */
static int put_code(const struct visit *visit, const char *origin, struct buffer *url)
{
	const struct store *store = visit->files->store;
	struct buffer text = BUFFER_INIT(CODE_TEXT_MAX);
	struct code code = {.ambient = visit->signin.is_ambient, .session = visit->session};
	struct code_use use = {visit->join.platform, visit->join.meeting_id, origin,
		join_remembered(&visit->join, challenge)};
	int rc;

	memcpy(code.browser, visit->browser.id, sizeof code.browser);
	rc = code_seal(store_ring(store), store_hash_key(store), &use, &code, visit->now, &text);
	if (rc == 0)
		put(url, "code", text.data);
	buffer_wipe(&text);
	return rc;
}

/* Whether the redirect needs a code. A page of our own site needs none unless its script started
 * the visit: its requests have the session cookie, and a URL is a worse place for a credential. */
static bool needs_code(const struct visit *visit, enum redirect_kind kind, const char *origin)
{
	return kind == REDIRECT_NATIVE || join_remembered(&visit->join, challenge) != NULL ||
	       !site_is_same(visit->service->settings->origin, origin);
}

/* The buffer is large enough for the longest valid parameters. */
static enum step write_url(struct visit *visit, struct buffer *url)
{
	const struct platform_script_ops *script = visit->platform->driver->script;
	const char *origin, *value = NULL, *state = join_remembered(&visit->join, opaque);
	enum redirect_kind kind = redirect_find(visit->platform->peer, target_of(visit), &origin);
	const char *name = script->meeting_parameter(&visit->join, &value);
	bool good;

	if (kind == REDIRECT_UNKNOWN) /* the configuration has changed since the visit arrived */
		return visit_refuse(visit, redirect_uri, not_listed);
	buffer_text(url, target_of(visit));
	put(url, name, value != NULL ? value : "");
	good = !needs_code(visit, kind, origin) || put_code(visit, origin, url) == 0;
	if (state != NULL)
		put(url, opaque, state);
	return good && !url->failed ? STEP_NEXT : visit_fail(visit, FAILURE_INTERNAL);
}

enum step handover_return(struct visit *visit)
{
	struct buffer url = BUFFER_INIT(URL_MAX);

	if (write_url(visit, &url) == STEP_NEXT)
		onward_redirect(visit, 302, url.data);
	buffer_wipe(&url);
	return STEP_DONE;
}
