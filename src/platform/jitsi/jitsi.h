/* SPDX-License-Identifier: MIT
 *
 * How a visit from Jitsi Meet says which room it is for. Private to jitsi.c.
 */
#pragma once

#include "platform/shared/options.h"

/* Names of what a join remembers (struct join_forward); overrides have their own, "config." or
 * "interfaceConfig." in front. */
#define JITSI_ROOM   "room"   /* the room in the path of its address, encoded; "": as in the id */
#define JITSI_TENANT "tenant" /* the tenant in the path, as it came; not there: none */
#define JITSI_CLIENT "client" /* "ios", "android" or "electron"; not there: a browser */

struct jitsi {
	struct platform_peer peer;
	const char *domain_option;     /* NULL: by the site */
	char domain[PLATFORM_URL_MAX]; /* of Prosody's virtual host, lower case */
	const char *app_id, *audience, *algorithm;
	int64_t lifetime;
};

/* The meeting is TENANT/ROOM, or ROOM, both as Prosody knows them. */
int jitsi_arrive(const void *instance, struct platform_arrival *arrival);

bool jitsi_is_override(const char *name);

/* The room as Prosody knows it, the last segment of the meeting's id; NULL for a join that
 * jitsi_arrive() has not made. */
const char *jitsi_room(const struct join *join);
