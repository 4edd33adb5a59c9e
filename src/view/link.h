/* SPDX-License-Identifier: MIT
 *
 * The ways back to where a visitor came from: the meeting, at the platform or at the platform's
 * entry here, and the platform's front page.
 */
#pragma once

#include "service/pasted.h"
#include "visit/visit.h"

/* Appends the address that gives the visitor a new request token: the platform's own page of the
 * meeting, or the entry here. Appends nothing without one. */
void link_to_meeting(const struct visit *visit, struct buffer *url);

/* The same for a meeting that is not the visit's; `join` needs its id and its token. */
void link_to_join(const struct visit *visit, const struct service_platform *platform,
	const struct join *join, struct buffer *url);

/* The front page of the visit's platform, "https://host"; NULL where none is known. The platform
 * owns it. */
const char *link_to_site(const struct visit *visit);
