/* SPDX-License-Identifier: MIT
 *
 * MOUNT/open: somebody pastes the link of a meeting or of an invitation and is led there.
 */
#include "join/steps.h"

#include "view/link.h"
#include "view/onward.h"
#include "visit/fail.h"

/* Writes the address of what the link names; nothing if it leads nowhere. */
static void find_address(const struct visit *visit, const char *text, struct buffer *url)
{
	struct pasted pasted;

	if (pasted_read(visit->service, text, &pasted) == 0 && pasted.own != NULL) {
		buffer_text(url, pasted.own);
	} else if (pasted.platform != NULL) {
		const struct join join = {.meeting_id = pasted.meeting_id != NULL
								? pasted.meeting_id
								: pasted.meeting_token,
			.meeting_token = pasted.meeting_token};

		link_to_join(visit, pasted.platform, &join, url);
	}
	pasted_release(&pasted);
}

enum step open_link(struct visit *visit)
{
	struct params *query = params_parse(visit->request.query, strlen(visit->request.query));
	struct buffer url = BUFFER_INIT(8192);
	const char *text = NULL;
	enum step step = STEP_DONE;

	if (query != NULL)
		params_clean(query, "link");
	if (query != NULL && params_get(query, "link", &text) == PARAM_ONCE)
		find_address(visit, text, &url);
	if (url.length > 0 && !url.failed) {
		onward_show(visit, url.data);
	} else {
		visit_set_detail(visit, "the pasted link is to no meeting or page of this service");
		step = visit_fail(visit, FAILURE_NO_LINK);
	}
	buffer_wipe(&url);
	params_free(&query);
	return step;
}
