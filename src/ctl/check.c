/* SPDX-License-Identifier: MIT
 *
 * meetauthctl check: runs the checks of `meetauthd -t` and more, and prints one finding a line.
 * With --connect also connects to each platform and backend.
 */
#include "ctl/ctl.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/site.h"
#include "base/text.h"
#include "ctl/check_secret.h"
#include "ctl/check_socket.h"
#include "ctl/people.h"
#include "ctl/print.h"
#include "ctl/progress.h"
#include "outbound/fetch.h"
#include "service/lint.h"
#include "service/service.h"
#include "service/state.h"
#include "service/user.h"

#include <signal.h>
#include <sodium.h>

#define MOUNT_USUAL "/auth" /* as nginx/meetauth.conf has it */
enum { TRIAL_S = 10 };
enum { PAGE_MAX = 1024, BODY_MAX = 16 * 1024 * 1024, CONNECT_MS = 5000, TIMEOUT_MS = 10000 };

static void add_warning(void *context, const struct service_finding *finding)
{
	finding_warn_at(
		context, "policy", finding->about, finding->file, finding->line, finding->text);
}

static void check_usage(struct findings *findings, const char *address, struct state *state)
{
	struct state_usage usage;
	char text[250];

	if (state_usage(state, &usage) != 0 || usage.entries <= usage.entries_limit / 5 * 4)
		return;
	snprintf(text, sizeof text,
		"nearly full: %llu entries; with %llu nobody can join any more. Look in the log "
		"for a person or network with many joins, and lower throttle-joins and "
		"throttle-refused",
		(unsigned long long)usage.entries, (unsigned long long)usage.entries_limit);
	finding_warn(findings, "state", address, text);
}

/* Whether this user of the server may do what claims need. */
static int try_claim(struct state *state, struct error *error)
{
	uint8_t key[STATE_KEY_SIZE];

	randombytes_buf(key, sizeof key);
	if (state_claim(state, key, TRIAL_S, clock_wall()) == STATE_CLAIM_WON &&
		state_unclaim(state, key) == 0)
		return 0;
	return error_set(error, "it refuses a claim: %s", state_fault(state));
}

static void check_server(
	struct findings *findings, const struct service *service, struct state *state)
{
	const char *address = service->settings->state;
	const struct store *store = service->files->store;
	int64_t newest = service_newest_generation(state, store);
	struct error error = {0};
	char text[250];

	snprintf(text, sizeof text, "opens: %s", state_about(state));
	finding_add_result(findings, try_claim(state, &error), "state", address, text, &error);
	if (newest <= (int64_t)store_generation(store))
		return;
	snprintf(text, sizeof text,
		"another machine has change %lld of the store, this one has %llu: copy the newest "
		"store to every machine",
		(long long)newest, (unsigned long long)store_generation(store));
	finding_warn(findings, "store", service->settings->store, text);
}

/* What a warning is about. */
struct about {
	struct findings *findings;
	const char *address;
};

static void add_state_warning(const char *finding, void *context)
{
	const struct about *about = context;

	finding_warn(about->findings, "state", about->address, finding);
}

static void check_state(struct findings *findings, const struct service *service)
{
	const char *address = service->settings->state;
	struct error error = {0};
	struct state *state = service_open_state(service->settings, service->files->store, &error);

	if (state != NULL && state_about(state) != NULL)
		check_server(findings, service, state);
	else
		finding_add_result(
			findings, state != NULL ? 0 : -1, "state", address, "opens", &error);
	if (state != NULL)
		check_usage(findings, address, state);
	if (state != NULL)
		state_warn(state, add_state_warning, &(struct about){findings, address});
	state_close(&state);
}

/* Requests a page. Returns true for an answer of any status. */
static bool fetch_page(const char *url, const struct fetch_settings *settings,
	struct fetch_answer *answer, struct error *error)
{
	const struct fetch_request request = {.url = url, .body_max = BODY_MAX};
	struct fetch *fetch = fetch_new(settings, error);
	bool answered = fetch != NULL && fetch_do(fetch, &request, answer, error) == FETCH_ANSWER;

	fetch_free(&fetch);
	return answered;
}

/* Tests the path of a visitor's request: name lookup, certificate, web server, pool. Requests
 * readyz, which the web server may restrict to some addresses; its 403 is fine, too. */
static void connect_base_url(struct findings *findings, const struct settings *settings)
{
	static const struct fetch_settings limits = {"", CONNECT_MS, TIMEOUT_MS};
	const char *base = settings->base_url, *body;
	struct buffer url = BUFFER_INIT(PAGE_MAX);
	struct fetch_answer page = {0};
	struct error error = {0};
	char text[2 * PAGE_MAX];

	buffer_printf(&url, "%s/readyz", base);
	if (url.data == NULL || !fetch_page(url.data, &limits, &page, &error)) {
		finding_add(findings, false, "connect", base, error.text);
		goto done;
	}
	body = page.body.data != NULL ? page.body.data : "";
	if (page.status == 502 || page.status == 504) {
		snprintf(text, sizeof text,
			"HTTP %ld: the web server cannot reach meetauthd. Check that the pool is "
			"running, and that the web server is configured with the pool's socket and "
			"may connect to it",
			page.status);
		finding_add(findings, false, "connect", base, text);
	} else if (page.status == 503) {
		int length = (int)strcspn(body, "\r\n");

		snprintf(text, sizeof text, "HTTP 503: the pool is not ready: %.*s",
			length < PAGE_MAX ? length : PAGE_MAX, body);
		finding_add(findings, false, "connect", base,
			text_is_printable(text) ? text : "HTTP 503: the pool is not ready");
	} else if (page.status == 200 && strncmp(body, "ok\n", 3) == 0) {
		finding_add(findings, true, "connect", base, "connected, and the pool is ready");
	} else if (page.status == 403) {
		finding_add(findings, true, "connect", base,
			"connected; the web server does not allow readyz from this host");
	} else {
		snprintf(text, sizeof text,
			"HTTP %ld for %s: another program seems to answer. Check that base-url has "
			"the host and the path that the web server passes to meetauthd",
			page.status, url.data);
		finding_warn(findings, "connect", base, text);
	}
done:
	fetch_answer_release(&page);
	buffer_release(&url);
}

/* Connects to the platform as an exchange does, but requests its front page, so that no secret is
 * sent. */
static bool reach_platform(struct findings *findings, const struct service_platform *platform)
{
	const struct platform_peer *peer = platform->peer;
	const struct fetch_settings limits = {
		peer->ca_file, peer->connect_timeout_ms, peer->timeout_ms};
	struct fetch_answer page = {0};
	struct error error = {"reached"};
	bool reached = fetch_page(peer->api, &limits, &page, &error);

	error_prefix(&error, "%s: ", peer->api);
	finding_add(findings, reached, "connect", platform->title, error.text);
	fetch_answer_release(&page);
	return reached;
}

/* Also runs the driver's own test with the newest secret. */
static void connect_platform(struct findings *findings, const struct service *service,
	const struct service_platform *platform)
{
	const char *values[STORE_VERSIONS_MAX];
	struct platform_secrets secrets = {.values = values};
	struct error error = {0};
	int rc;

	if (!reach_platform(findings, platform) || platform->driver->check_connection == NULL ||
		service->files == NULL)
		return;
	secrets.count = store_texts(service->files->store, platform->title, clock_wall(), values);
	if (platform->driver->secret_scope == PLATFORM_SECRET_NONE) {
		rc = platform->driver->check_connection(platform->instance, &secrets, &error);
		finding_add_result(findings, rc, "connect", platform->title, "connected", &error);
		return;
	}
	if (secrets.count == 0)
		return; /* check_secret() has reported it */
	rc = platform->driver->check_connection(platform->instance, &secrets, &error);
	finding_add_result(findings, rc, "secret", platform->title, "the newest is usable", &error);
}

static void connect_backend(struct findings *findings, const struct service *service,
	const struct service_backend *backend)
{
	const char *values[STORE_VERSIONS_MAX];
	struct auth_secrets secrets = {.values = values};
	struct error error = {0};
	int rc;

	if (backend->driver->connect == NULL) {
		finding_add(findings, true, "connect", backend->title, "needs no connection");
		return;
	}
	if (service->files != NULL)
		secrets.count = store_texts(
			service->files->store, backend->secret_name, clock_wall(), values);
	rc = backend->driver->connect(backend->instance, &secrets, &error);
	finding_add_result(findings, rc, "connect", backend->title, "reached", &error);
}

/* Reports how scripts of an origin obtain tokens. If they cannot, service_lint() has reported it.
 */
static void check_origin(struct findings *findings, const struct service *service,
	const struct service_platform *platform, const char *origin)
{
	const char *page = redirect_page_of(platform->peer, origin);
	char text[PAGE_MAX];

	if (platform->driver->script->takes_password)
		snprintf(text, sizeof text, "%.200s: with user name and password", origin);
	else if (site_is_same(service->settings->origin, origin))
		snprintf(text, sizeof text, "%.200s: with the session cookie%s", origin,
			page != NULL ? ", or with a code if the script started the sign-in" : "");
	else if (page != NULL)
		snprintf(text, sizeof text, "%.200s: with a code, which %.300s receives", origin,
			page);
	else
		return;
	finding_add(findings, true, "script", platform->title, text);
}

static void check_scripts(struct findings *findings, const struct service *service)
{
	for (size_t i = 0; i < service->platform_count; i++) {
		const struct service_platform *platform = &service->platforms[i];
		const struct platform_peer *peer = platform->peer;
		char text[PAGE_MAX];

		for (size_t j = 0; platform->driver->script != NULL && j < peer->origins.count; j++)
			check_origin(findings, service, platform, peer->origins.items[j]);
		for (size_t j = 0; j < peer->redirects.count; j++) {
			if (!redirect_is_native(peer->redirects.items[j]))
				continue;
			snprintf(text, sizeof text, "%.300s: with a code and its verifier",
				peer->redirects.items[j]);
			finding_add(findings, true, "script", platform->title, text);
		}
	}
}

static void check_policy(struct findings *findings, const struct settings *settings)
{
	char text[100];

	if (!settings->policy.present)
		snprintf(text, sizeof text, "none: every user who signs in may join every meeting");
	else
		snprintf(text, sizeof text, "%zu rule%s, default %s", settings->policy.count,
			settings->policy.count == 1 ? "" : "s",
			settings->policy.allow_by_default ? "allow" : "deny");
	finding_add(findings, true, "policy", "", text);
}

static void check_socket(struct findings *findings, struct check_socket *found, const char *mount)
{
	struct buffer owners = BUFFER_INIT(1000);
	struct error error = {0};

	if (check_socket_owners(found, &owners, &error) != 0)
		finding_add(findings, false, "socket", found->path, error.text);
	else
		finding_add(findings, true, "socket", found->path, owners.data);
	if (found->errors == 0 && S_ISSOCK(found->file.st_mode))
		finding_add_result(findings, check_socket_answers(found, mount, &error), "socket",
			found->path, "connected, and the pool is ready", &error);
	buffer_release(&owners);
}

/* Only whether the pool is ready. */
static void check_ready(struct findings *findings, struct check_socket *found, const char *mount)
{
	struct buffer owners = BUFFER_INIT(1000);
	struct error error = {0};
	int rc;

	if (found->errors == 0 && S_ISSOCK(found->file.st_mode))
		rc = check_socket_answers(found, mount, &error);
	else
		rc = check_socket_owners(found, &owners, &error);
	finding_add_result(findings, rc, "socket", found->path, "the pool is ready", &error);
	buffer_release(&owners);
}

/* What a check connects to. */
enum reach { REACH_NOTHING = 0, REACH_PEERS, REACH_ALL };

static void check_service(struct findings *findings, struct service *service, enum reach reach)
{
	struct error error = {0};
	int platforms, backends, files;

	finding_add(findings, true, "config", service->settings->file, "good");
	check_policy(findings, service->settings);
	platforms = service_open_platforms(service, &error);
	finding_add_result(findings, platforms, "platform", "all", "good", &error);
	if (platforms == 0) {
		check_scripts(findings, service);
		service_lint(service, clock_wall(), add_warning, findings);
	}
	people_lint(service->settings, add_warning, findings);
	backends = service_open_backends(service, &error);
	finding_add_result(findings, backends, "backend", "all", "good", &error);
	files = service_open_files(service, &error);
	finding_add_result(findings, files, "files", "store, pages", "good", &error);
	if (platforms == 0 && files == 0)
		check_platform_secrets(findings, service);
	if (backends == 0 && files == 0)
		check_backend_secrets(findings, service);
	if (files == 0)
		check_state(findings, service);
	if (reach == REACH_ALL)
		connect_base_url(findings, service->settings);
	for (size_t i = 0; reach != REACH_NOTHING && platforms == 0 && i < service->platform_count;
		i++)
		connect_platform(findings, service, &service->platforms[i]);
	for (size_t i = 0; reach != REACH_NOTHING && backends == 0 && i < service->backend_count;
		i++)
		connect_backend(findings, service, &service->backends[i]);
}

/* Also looks at the pool's socket, unless `found` is NULL. */
static int check(struct ctl *ctl, enum reach reach, struct check_socket *found)
{
	struct findings findings = {.list = ctl->json ? json_array() : NULL};
	struct error error = {0};
	struct service *service = NULL;

	/* If a host closes the connection, that is a finding; SIGPIPE must not end the program.
	 * libcurl leaves this to its user. */
	signal(SIGPIPE, SIG_IGN);
	if (service_become_user(ctl->config_file, &error) == 0) {
		progress_start("checking");
		service = service_load_settings(ctl->config_file, &error);
	}
	if (service == NULL)
		finding_add(&findings, false, "config", ctl->config_file, error.text);
	else
		check_service(&findings, service, reach);
	if (service != NULL && found != NULL && (ctl->given.socket != NULL || found->errors == 0))
		check_socket(&findings, found, service->settings->mount);
	progress_stop();
	if (findings.list != NULL)
		print_json(findings.list);
	service_drop(&service);
	return findings.failed;
}

/* For the health check of a container. The pool works with the configuration that it has loaded, so
 * a mistake that the file has by now does not fail the check. */
static int run_ready(struct ctl *ctl, struct check_socket *found)
{
	struct findings findings = {.list = ctl->json ? json_array() : NULL};
	struct error error = {0};
	struct service *service = NULL;

	signal(SIGPIPE, SIG_IGN);
	if (service_become_user(ctl->config_file, &error) == 0)
		service = service_load_settings(ctl->config_file, &error);
	check_ready(&findings, found, service != NULL ? service->settings->mount : MOUNT_USUAL);
	if (findings.list != NULL)
		print_json(findings.list);
	service_drop(&service);
	return findings.failed;
}

static int run_check(struct ctl *ctl)
{
	const char *path = ctl->given.socket;
	struct check_socket found;

	check_socket_inspect(&found, path != NULL ? path : CHECK_SOCKET_DEFAULT);
	if (ctl->given.ready)
		return run_ready(ctl, &found);
	return check(ctl, ctl->given.connect ? REACH_ALL : REACH_NOTHING, &found);
}

int ctl_check_peers(struct ctl *ctl)
{
	return check(ctl, REACH_PEERS, NULL);
}

const struct ctl_command ctl_check_commands[] = {
	{"check", "[--connect] [--ready] [--socket FILE]",
		"check the configuration and everything it refers to", run_check,
		.loads_itself = true},
	{0},
};
