/* SPDX-License-Identifier: MIT */
#include "pool/refuse.h"

#include "pool/fastcgi.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <fastcgi.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads only the parameters, as a request without a body: they determine the request id, the
 * language and the form of the answer. */
static int read_parameters(
	const uint8_t *bytes, const struct framing_result *framing, struct request *request)
{
	uint16_t id = framing->request_id;
	uint8_t no_body[FCGI_HEADER_LEN] = {
		FCGI_VERSION_1, FCGI_STDIN, (uint8_t)(id >> 8), (uint8_t)id};
	struct iovec parts[] = {
		{(void *)(uintptr_t)bytes, framing->params_end}, {no_body, sizeof no_body}};

	if (framing->params_end == 0)
		return -1;
	return fastcgi_play(parts, 2, 0, request);
}

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
	if (read_parameters(refusal->bytes, framing, &request) != 0)
		request_init(&request, (char *[]){NULL}, "", 0);
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
