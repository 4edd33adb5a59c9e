/* SPDX-License-Identifier: MIT
 *
 * The page of an application, for platforms whose tokens go to scripts: whoever comes in by the
 * platform's entry and is let in by the policy goes on to it, with the meeting and without a token;
 * its script then asks for one. Private to this room.
 */
#ifndef PLATFORM_APP_H
#define PLATFORM_APP_H

#include "platform/platform.h"

/* Reads "app" into the peer, whose origins have been read: one of them must be the page's and takes
 * the place of `site`. Where the option is not set, the peer stays as it is. 0, or -1 with
 * section_error(). */
int app_read(const struct section *section, struct platform_peer *peer, struct error *error);

/* Appends the page's address with NAME=VALUE, percent-encoded, as one more parameter. The peer has
 * an `app_url`. */
void app_redirect_url(
	const struct platform_peer *peer, const char *name, const char *value, struct buffer *url);

#endif
