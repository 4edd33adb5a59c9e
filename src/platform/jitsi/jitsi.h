/* SPDX-License-Identifier: MIT
 *
 * The instance of platform "jitsi", and how a visit names its room. Private to src/platform/jitsi.
 */
#pragma once

#include "platform/shared/options.h"

/* Names under which a join stores values (struct join_forward). Overrides are stored under their
 * own names, which begin with "config." or "interfaceConfig.". */
#define JITSI_ROOM   "room"   /* as in the address, percent-encoded; "": as in the id */
#define JITSI_TENANT "tenant" /* as in the address; missing without a tenant */
#define JITSI_CLIENT "client" /* "ios", "android" or "electron"; missing for a browser */

struct jitsi {
	struct platform_peer peer;
	const char *domain_option;     /* NULL: the host of `site` */
	char domain[PLATFORM_URL_MAX]; /* Prosody's virtual host, lower case */
	const char *app_id, *audience, *algorithm;
	int64_t lifetime;
};

/* Parses a visit (platform.h, arrive). The meeting id is TENANT/ROOM or ROOM, as Prosody spells
 * them. */
int jitsi_arrive(const void *instance, struct platform_arrival *arrival);

/* Whether `name` is that of an override, "config.…" or "interfaceConfig.…". */
bool jitsi_is_override(const char *name);

/* Returns the last segment of the meeting id, the room as Prosody spells it, or NULL if
 * jitsi_arrive() did not make the join. Valid as long as the join. */
const char *jitsi_room(const struct join *join);
