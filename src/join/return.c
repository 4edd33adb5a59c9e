/* SPDX-License-Identifier: MIT
 *
 * Step 5: redirects to the platform with the access token ("External Meeting Authorization
 * Service", section 3.3), or shows a page for platforms without a web page.
 */
#include "join/handover.h"
#include "join/steps.h"

#include "view/onward.h"
#include "view/pages.h"
#include "visit/fail.h"

enum { URL_MAX = 16 * 1024 };

enum step return_to_platform(struct visit *visit)
{
	const struct service_platform *platform = visit->platform;
	const struct identity *who = platform->peer->prefill ? &visit->session.who : NULL;
	struct buffer url = BUFFER_INIT(URL_MAX);

	if (visit->outcome == OUTCOME_HANDED_OVER)
		return handover_return(visit);
	if (platform->driver->page != NULL)
		return pages_meeting(visit) == 0 ? STEP_DONE : visit_fail(visit, FAILURE_INTERNAL);
	platform_redirect_url(platform->driver, platform->instance, &visit->join,
		visit->exchange.token.data, who, &url);
	if (url.failed) { /* forwarded parameters may be as long as the query */
		visit_refuse_long(visit, "query", "the redirect URL would be too long");
	} else {
		onward_redirect(visit, 302, url.data);
	}
	buffer_wipe(&url);
	return STEP_DONE;
}
