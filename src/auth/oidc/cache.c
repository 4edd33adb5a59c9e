/* SPDX-License-Identifier: MIT */
#include "auth/oidc/oidc.h"

void oidc_cache_init(struct oidc_cache *cache)
{
	*cache = (struct oidc_cache){0};
	pthread_mutex_init(&cache->lock, NULL);
	pthread_cond_init(&cache->fetched, NULL);
}

void oidc_cache_release(struct oidc_cache *cache)
{
	oidc_value_drop(cache->value);
	pthread_cond_destroy(&cache->fetched);
	pthread_mutex_destroy(&cache->lock);
}

void oidc_value_drop(struct oidc_value *value)
{
	if (value != NULL && atomic_fetch_sub(&value->holders, 1) == 1)
		value->free(value);
}

static struct oidc_value *hold(struct oidc_value *value)
{
	if (value != NULL)
		atomic_fetch_add(&value->holders, 1);
	return value;
}

static bool passed(int64_t since_ms, int64_t now_ms, int64_t ms)
{
	return since_ms == 0 || now_ms - since_ms >= ms;
}

/* Whether to fetch now: the value is not fresh, and no pause is in effect. */
static bool is_due(const struct oidc_cache *cache, const struct oidc_value *doubted, int64_t now_ms)
{
	bool forced = doubted != NULL && cache->value == doubted;

	if (cache->fetching || !passed(cache->failed_ms, now_ms, OIDC_RETRY_MS))
		return false;
	if (forced)
		return passed(cache->forced_ms, now_ms, OIDC_FORCED_MS);
	return cache->value == NULL || now_ms >= cache->fresh_until_ms;
}

/* Stores the result of a fetch. `value` is NULL after a failure. */
static void settle(struct oidc_cache *cache, struct oidc_value *value, int64_t now_ms,
	int64_t max_age_ms, const struct error *error)
{
	if (value == NULL) {
		cache->failed_ms = max_age_ms == 0 ? 0 : now_ms;
		cache->error = *error;
		return;
	}
	oidc_value_drop(cache->value);
	cache->value = value;
	cache->failed_ms = 0;
	if (max_age_ms < OIDC_FRESH_MIN_MS) /* some providers forbid caching */
		max_age_ms = OIDC_FRESH_MIN_MS;
	else if (max_age_ms > OIDC_FRESH_MAX_MS)
		max_age_ms = OIDC_FRESH_MAX_MS;
	cache->fresh_until_ms = now_ms + max_age_ms;
}

/* The caller holds the lock, which is released during the fetch. */
static void fetch_now(struct oidc_cache *cache, const struct oidc_value *doubted, int64_t now_ms,
	oidc_make *make, void *context)
{
	int64_t max_age_ms = OIDC_FRESH_MS;
	struct error error = {""};
	struct oidc_value *value;

	cache->fetching = true;
	if (doubted != NULL)
		cache->forced_ms = now_ms;
	pthread_mutex_unlock(&cache->lock);
	value = make(context, &max_age_ms, &error);
	pthread_mutex_lock(&cache->lock);
	cache->fetching = false;
	settle(cache, value, now_ms, max_age_ms, &error);
	pthread_cond_broadcast(&cache->fetched);
}

struct oidc_value *oidc_cache_get(struct oidc_cache *cache, const struct oidc_value *doubted,
	int64_t now_ms, oidc_make *make, void *context, struct error *error)
{
	struct oidc_value *value = NULL;
	bool tried = false;

	pthread_mutex_lock(&cache->lock);
	while (!tried) {
		tried = is_due(cache, doubted, now_ms);
		if (tried)
			fetch_now(cache, doubted, now_ms, make, context);
		else if (cache->fetching && (cache->value == NULL || cache->value == doubted))
			pthread_cond_wait(&cache->fetched, &cache->lock);
		else
			break;
	}
	if (cache->value != NULL && now_ms - cache->fresh_until_ms < OIDC_STALE_MS)
		value = hold(cache->value);
	else
		*error = cache->error;
	pthread_mutex_unlock(&cache->lock);
	return value;
}

bool oidc_cache_is_fresh(struct oidc_cache *cache, int64_t now_ms)
{
	bool fresh;

	pthread_mutex_lock(&cache->lock);
	fresh = cache->value != NULL && now_ms + OIDC_SOON_MS < cache->fresh_until_ms;
	pthread_mutex_unlock(&cache->lock);
	return fresh;
}

struct oidc_value *oidc_cache_peek(struct oidc_cache *cache)
{
	struct oidc_value *value;

	pthread_mutex_lock(&cache->lock);
	value = hold(cache->value);
	pthread_mutex_unlock(&cache->lock);
	return value;
}
