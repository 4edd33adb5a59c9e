/* SPDX-License-Identifier: MIT
 *
 * Links that people paste: to a meeting at its platform, to a meeting here, or an invitation.
 */
#pragma once

#include "service/service.h"

/* What a link leads to: a meeting, a page of this service, or both. */
struct pasted {
	const struct service_platform *platform; /* NULL: no meeting of a known platform */
	char *meeting_id; /* owned, like the rest; NULL: only the token is known */
	char *meeting_token;
	char *own; /* the address of the page of this service; NULL: another site's */
};

/* Reads the first link in a text, which may be a whole invitation. Returns 0, or -1 if the link
 * leads nowhere that this service knows. The addresses that come out are built from the
 * configuration, so they lead to this service or its platforms only. The caller releases. */
int pasted_read(const struct service *service, const char *text, struct pasted *pasted);

void pasted_release(struct pasted *pasted);
