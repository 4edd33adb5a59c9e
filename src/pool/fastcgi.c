/* SPDX-License-Identifier: MIT */
#include "pool/fastcgi.h"

#include "pool/framing.h"

#include <fcgiapp.h>
#include <fastcgi.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* libfcgi takes SIGTERM, SIGPIPE and SIGUSR1 for itself, and its SIGTERM ends nothing but its own
 * waiting: one that came before the loop listens would be lost. */
static int start_library(struct error *error)
{
	struct sigaction before;
	sigset_t term, mask;
	int rc;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, &mask);
	sigaction(SIGTERM, NULL, &before);
	rc = FCGX_Init();
	sigaction(SIGTERM, &before, NULL);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return rc == 0 ? 0 : error_set(error, "libfcgi does not start");
}

int fastcgi_init(struct error *error)
{
	if (start_library(error) != 0)
		return -1;
	/* Nobody should end the service with a USR1 meant to reopen logs, or a USR2 meant for the
	 * parent. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	return 0;
}

int fastcgi_read(int fd, size_t body_length, struct request *request)
{
	char body[FRAMING_BODY_MAX + 1];
	FCGX_Request parsed;
	int length;

	FCGX_InitRequest(&parsed, -1, 0); /* -1: a failure must not make it accept another */
	parsed.ipcFd = fd;
	parsed.keepConnection = 1; /* or FCGX_Accept_r would begin by closing it */
	FCGX_Detach(&parsed); /* if it closes, then at once and not after a lingering shutdown */
	if (FCGX_Accept_r(&parsed) != 0)
		return -1;
	length = FCGX_GetStr(body, (int)sizeof body, parsed.in);
	request_init(request, parsed.envp, body, body_length);
	if (FCGX_GetError(parsed.in) != 0 || (size_t)length != body_length)
		request->arrival = REQUEST_BROKEN;
	explicit_bzero(body, body_length + 1);
	FCGX_Free(&parsed, 0); /* streams and parameters; not the descriptor */
	return 0;
}

static FCGI_Header header_for(uint8_t type, uint16_t id, size_t length)
{
	return (FCGI_Header){
		.version = FCGI_VERSION_1,
		.type = type,
		.requestIdB1 = (unsigned char)(id >> 8),
		.requestIdB0 = (unsigned char)id,
		.contentLengthB1 = (unsigned char)(length >> 8),
		.contentLengthB0 = (unsigned char)length,
	};
}

static struct iovec part(const void *bytes, size_t length)
{
	return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
}

/* A record carries at most 65,535 bytes; the answers' heads are well below, bodies may take
 * several. */
enum { BODY_RECORD_MAX = 65528, BODY_RECORDS_MAX = 8 };

int fastcgi_write(int fd, uint16_t request_id, const char *head, size_t head_length,
	const char *body, size_t body_length)
{
	FCGI_Header records[BODY_RECORDS_MAX];
	FCGI_Header first = header_for(FCGI_STDOUT, request_id, head_length + 2);
	struct {
		FCGI_Header eof, end;
		FCGI_EndRequestBody result; /* all zero: exit 0, FCGI_REQUEST_COMPLETE */
	} tail = {
		.eof = header_for(FCGI_STDOUT, request_id, 0),
		.end = header_for(FCGI_END_REQUEST, request_id, sizeof(FCGI_EndRequestBody)),
	};
	struct iovec parts[4 + 2 * BODY_RECORDS_MAX];
	struct msghdr message = {.msg_iov = parts};
	size_t total = 0, count = 0;

	if (head_length + 2 > BODY_RECORD_MAX ||
		body_length > (size_t)BODY_RECORD_MAX * BODY_RECORDS_MAX)
		return -1;
	parts[count++] = part(&first, sizeof first);
	parts[count++] = part(head, head_length);
	parts[count++] = part("\r\n", 2);
	for (size_t i = 0; body_length > 0; i++) {
		size_t length = body_length < BODY_RECORD_MAX ? body_length : BODY_RECORD_MAX;

		records[i] = header_for(FCGI_STDOUT, request_id, length);
		parts[count++] = part(&records[i], sizeof records[i]);
		parts[count++] = part(body, length);
		body += length;
		body_length -= length;
	}
	parts[count++] = part(&tail, sizeof tail);
	message.msg_iovlen = count;
	for (size_t i = 0; i < count; i++)
		total += parts[i].iov_len;
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)total ? 0 : -1;
}

bool fastcgi_is_abandoned(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLRDHUP};

	return poll(&poller, 1, 0) > 0;
}
