/* SPDX-License-Identifier: MIT */
#include "pool/reply.h"

#include "pool/connection.h"
#include "pool/fastcgi.h"

#include <unistd.h>

void reply_send(const struct reply *reply, const char *head, size_t head_length, const char *body,
	size_t body_length)
{
	bool stays = reply->connection != NULL && connection_may_stay(reply->connection);
	enum fastcgi_after after = stays	 ? FASTCGI_KEEP
				   : reply->keep ? FASTCGI_RELEASE
						 : FASTCGI_CLOSE;
	int rc = fastcgi_write(
		reply->fd, reply->request_id, after, head, head_length, body, body_length);

	if (reply->connection != NULL)
		connection_answered(reply->connection, rc == 0, stays);
	else
		close(reply->fd);
}

void reply_drop(const struct reply *reply)
{
	if (reply->connection != NULL)
		connection_answered(reply->connection, false, false);
	else
		close(reply->fd);
}

bool reply_is_abandoned(const struct reply *reply)
{
	return fastcgi_is_abandoned(reply->fd) ||
	       (reply->connection != NULL && connection_aborted(reply->connection));
}
