/* SPDX-License-Identifier: MIT */
#include "service/state.h"

#include "base/clock.h"

enum { GENERATION_KEPT_S = 24 * 3600 };

struct state_options service_state_options(const struct settings *settings)
{
	return (struct state_options){.address = settings->state,
		.timeout_ms = settings->state_timeout_ms,
		.replicas = settings->state_replicas,
		.prefix = settings->state_prefix,
		.ca_file = settings->state_ca_file,
		.certificate = settings->state_certificate,
		.certificate_key = settings->state_certificate_key,
		.sentinels = settings->sentinels.items,
		.sentinel_count = settings->sentinels.count,
		.sentinel_name = settings->sentinel_name,
		.local_folder = settings->state_required ? NULL : settings->metrics_folder};
}

const char *service_state_password(const struct store *store, enum state_peer peer)
{
	const char *name =
		peer == STATE_PEER_SENTINELS ? SERVICE_SENTINELS_SECRET : SERVICE_STATE_SECRET;
	const char *texts[STORE_VERSIONS_MAX];

	return store_texts(store, name, clock_wall(), texts) > 0 ? texts[0] : NULL;
}

static const char *password_of(enum state_peer peer, void *context)
{
	return service_state_password(context, peer);
}

struct state *service_open_state(
	const struct settings *settings, struct store *store, struct error *error)
{
	struct state_options options = service_state_options(settings);

	options.password = password_of;
	options.context = store;
	return state_open(&options, error);
}

static void generation_key(const struct store *store, uint8_t key[STATE_KEY_SIZE])
{
	store_version_key(store_hash_key(store), "generation", "", 0, key);
}

int service_tell_generation(struct state *state, const struct store *store, int64_t now)
{
	uint8_t key[STATE_KEY_SIZE];

	generation_key(store, key);
	return state_mark(state, key, (int64_t)store_generation(store), now + GENERATION_KEPT_S);
}

int64_t service_newest_generation(struct state *state, const struct store *store)
{
	uint8_t key[STATE_KEY_SIZE];

	generation_key(store, key);
	return state_marked(state, key);
}
