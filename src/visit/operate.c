/* SPDX-License-Identifier: MIT */
#include "visit/operate.h"

#include "base/clock.h"
#include "service/reload.h"
#include "telemetry/metrics.h"
#include "telemetry/sections.h"
#include "visit/answer.h"

enum {
	TEXT_MAX = 128 * 1024,
	METRICS_MAX = 16 << 20, /* of ten thousand platforms, of which 3,500 have all series */
};

static const char text_plain[] = "text/plain; charset=utf-8";

enum step operate_healthz(struct visit *visit)
{
	visit_answer_plain(visit, 200, text_plain, "ok\n");
	return STEP_DONE;
}

/* One that has no secret, or whose secret was not accepted lately. */
static void check_secret(
	const struct visit *visit, const struct service_platform *platform, struct buffer *why)
{
	const struct store_secret *secret;
	uint8_t key[STATE_KEY_SIZE];
	size_t count;

	secret = store_secrets(visit->files->store, platform->title, visit->now, &count);
	if (platform->driver->secret_scope != PLATFORM_SECRET_PER_PLATFORM)
		return;
	if (count == 0) {
		buffer_printf(why, "platform %s: %s\n", platform->title,
			store_ended(visit->files->store, platform->title, visit->now) != 0
				? "its secret in the store has ended"
				: "no secret in the store");
		return;
	}
	store_refused_key(store_hash_key(visit->files->store), secret->name, secret->version, key);
	if (state_marked(visit->server->state, key) > visit->now - OPERATE_REFUSED_S)
		buffer_printf(why,
			"platform %s: does not accept our secret: event=join in the log says why\n",
			platform->title);
}

enum step operate_readyz(struct visit *visit)
{
	const struct service *service = visit->service;
	struct buffer why = BUFFER_INIT(TEXT_MAX);
	bool is_local = state_is_local(visit->server->state);
	const char *fault;
	size_t at = 0;
	int status;

	if (visit->server->draining)
		buffer_text(&why, "draining: this process is about to end\n");
	if (!is_local && !state_reachable(visit->server->state))
		buffer_printf(&why, "state %s: %s\n", service->settings->state,
			state_fault(visit->server->state));
	for (size_t i = 0; i < service->platform_count; i++)
		check_secret(visit, &service->platforms[i], &why);
	status = why.length > 0 ? 503 : 200;
	if (status == 200)
		buffer_text(&why, "ok\n");
	if (is_local)
		buffer_printf(&why, "state: this machine goes on without %s: %s\n",
			service->settings->state, state_fault(visit->server->state));
	while ((fault = reload_fault(visit->server->reload, &at)) != NULL)
		buffer_printf(&why, "restart: would fail: %s\n", fault);
	visit_answer_plain(visit, status, text_plain, why.data != NULL ? why.data : "");
	buffer_release(&why);
	return STEP_DONE;
}

/* If the state does not answer, the levels keep their last values. */
static void measure_state(struct state *state)
{
	struct state_usage usage;

	if (state_usage(state, &usage) != 0)
		return;
	level_set(METRIC_STATE_ENTRIES, (int64_t)usage.entries);
	level_set(METRIC_STATE_ENTRIES_LIMIT, (int64_t)usage.entries_limit);
	level_set(METRIC_STATE_BYTES, (int64_t)usage.bytes);
	level_set(METRIC_STATE_LIMIT_BYTES, (int64_t)usage.bytes_limit);
}

/* One series of a family, if the section has a secret. */
static void print_secret_time(const struct visit *visit, struct buffer *text, enum metric family,
	const char *title, const char *name)
{
	size_t count;
	const struct store_secret *secret =
		store_secrets(visit->files->store, name, visit->now, &count);

	if (count > 0)
		metrics_print_member(text, family, title, secret->created);
}

static void print_secret_times(const struct visit *visit, struct buffer *text)
{
	const struct service *service = visit->service;

	metrics_print_family(text, METRIC_BACKEND_SECRET_TIME);
	for (size_t i = 0; i < service->backend_count; i++)
		print_secret_time(visit, text, METRIC_BACKEND_SECRET_TIME,
			service->backends[i].title, service->backends[i].secret_name);
	metrics_print_family(text, METRIC_SECRET_TIME);
	for (size_t i = 0; i < service->platform_count; i++)
		print_secret_time(visit, text, METRIC_SECRET_TIME, service->platforms[i].title,
			service->platforms[i].title);
}

static const char *section_at(const void *context, const char *kind, size_t index, uint64_t *key_r)
{
	const struct service *service = context;
	bool is_backend = strcmp(kind, "backend") == 0;

	if (index >= (is_backend ? service->backend_count : service->platform_count))
		return NULL;
	*key_r = is_backend ? service->backends[index].metrics : service->platforms[index].metrics;
	return is_backend ? service->backends[index].title : service->platforms[index].title;
}

enum step operate_metrics(struct visit *visit)
{
	struct buffer *text = &visit->response.body;

	measure_state(visit->server->state);
	level_set(METRIC_STORE_GENERATION, (int64_t)store_generation(visit->files->store));
	visit_answer_plain(visit, 200, "text/plain; version=0.0.4; charset=utf-8", "");
	text->maximum = METRICS_MAX; /* pages are smaller */
	metrics_print(text);
	sections_print(text, clock_monotonic_ms(), section_at, visit->service);
	print_secret_times(visit, text);
	return STEP_DONE;
}
