/* SPDX-License-Identifier: MIT */
#include "service/groups.h"

#include <sodium.h>
#include <strings.h>

/* Part of the digest, so that groups are read again in sessions of older versions, which kept
 * groups by their exact names. */
#define WITHOUT_CASE "i"

static void add_names(crypto_generichash_state *hash, const struct config_list *names)
{
	for (size_t i = 0; i < names->count; i++)
		crypto_generichash_update(
			hash, (const uint8_t *)names->items[i], strlen(names->items[i]) + 1);
}

uint64_t groups_digest(const struct settings *settings)
{
	crypto_generichash_state hash;
	uint8_t bytes[crypto_generichash_BYTES];
	uint64_t digest;

	crypto_generichash_init(&hash, NULL, 0, sizeof bytes);
	crypto_generichash_update(&hash, (const uint8_t *)WITHOUT_CASE, sizeof WITHOUT_CASE);
	for (size_t i = 0; i < settings->policy.count; i++)
		add_names(&hash, &settings->policy.rules[i].groups);
	add_names(&hash, &settings->desk.groups);
	crypto_generichash_final(&hash, bytes, sizeof bytes);
	memcpy(&digest, bytes, sizeof digest);
	return digest != 0 ? digest : 1;
}

static bool has(const struct config_list *names, const char *group)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcasecmp(names->items[i], group) == 0)
			return true;
	return false;
}

static bool is_named(const struct settings *settings, const char *group)
{
	for (size_t i = 0; i < settings->policy.count; i++)
		if (has(&settings->policy.rules[i].groups, group))
			return true;
	return has(&settings->desk.groups, group);
}

void groups_trim(const struct settings *settings, uint64_t digest, struct identity *who)
{
	size_t count = 0;

	for (size_t i = 0; i < who->group_count; i++) {
		if (is_named(settings, who->groups[i]))
			who->groups[count++] = who->groups[i];
		else
			free(who->groups[i]);
	}
	who->group_count = count;
	who->groups_digest = digest;
}
