/* SPDX-License-Identifier: MIT
 *
 * The page of an application, for platforms whose tokens go to scripts: whoever comes in by the
 * platform's entry and may join is sent to it with the meeting and without a token; its script then
 * asks for one. Private to this room.
 */
#pragma once

#include "platform/platform.h"

/* Appends the page's address with NAME=VALUE, percent-encoded, as one more parameter. The peer has
 * an `app_url`. */
void app_redirect_url(
	const struct platform_peer *peer, const char *name, const char *value, struct buffer *url);
