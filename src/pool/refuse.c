/* SPDX-License-Identifier: MIT */
#include "pool/refuse.h"

#include "pool/fastcgi.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int refuse(struct connections *all, int fd, const struct refusal *refusal)
{
	const struct framing_result *framing = refusal->framing;
	struct reply reply = {.fd = fd, .request_id = framing->request_id, .keep = framing->keep};
	struct request request;
	int rest = -1;

	metric_count(METRIC_REQUEST_BROKEN);
	if (framing->request_id == 0) {
		log_message(LOG_LEVEL_WARNING, "broken-request", "%s", refusal->why);
		close(fd);
		return -1;
	}
	/* The parameters say which id, language and form the answer is to have. */
	if (framing->params_end == 0 || fastcgi_parse(refusal->bytes, framing, &request) != 0)
		request_init(&request, NULL, 0, 0);
	request.arrival = refusal->arrival;
	request.complaint = refusal->why;
	/* Closing a socket with unread bytes resets the connection, and the web server would not
	 * see the answer. */
	if (refusal->open)
		rest = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	all->receive(all->context, &reply, &request);
	if (rest >= 0)
		shutdown(rest, SHUT_WR);
	return rest;
}
