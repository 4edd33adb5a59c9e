/* SPDX-License-Identifier: MIT
 *
 * What the tests of a join share: a platform, and the way from its page.
 */
#ifndef JOIN_FIXTURE_H
#define JOIN_FIXTURE_H

#include "request_fixture.h"

#include <stdio.h>

#define HOST	"meeting.example.org"
#define MEETING "platform \"" HOST "\" { type = \"mock\" api = \"@api@\" timeout = \"60s\" }\n"
#define ENTRY	"?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken="

/* A site with the sections, whose platform says yes. */
static inline void open_site(const char *options, const char *sections)
{
	site_secret(HOST, "key");
	site_load(options, sections);
	peer_says("/exchange/key/", 200, "", "access");
}

static inline const struct answer *arrive(struct browser *browser, const char *token)
{
	char target[200];

	snprintf(target, sizeof target, ENTRY "%s", token);
	return visit(browser, target);
}

#endif
