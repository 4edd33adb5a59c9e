/* SPDX-License-Identifier: MIT */
#include "pool/fastcgi.h"

#include "pool/framing.h"

#include <fcgiapp.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* libfcgi installs handlers for SIGTERM, SIGPIPE and SIGUSR1. Its SIGTERM handler only ends its own
 * waiting: a SIGTERM before the loop starts would be lost. */
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
	return rc == 0 ? 0 : error_set(error, "cannot start libfcgi");
}

/* libfcgi reads only from a descriptor: bytes that were read from a connection are written to one
 * end of this pair, and libfcgi reads them from the other. */
static struct {
	bool is_open;
	int write, read;
} playback;

static int open_playback(void)
{
	int ends[2];

	if (playback.is_open)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		return -1;
	playback.write = ends[0];
	playback.read = ends[1];
	playback.is_open = true;
	return 0;
}

static void close_playback(bool read_end_is_open)
{
	close(playback.write);
	if (read_end_is_open)
		close(playback.read);
	playback.is_open = false;
}

int fastcgi_init(struct error *error)
{
	if (start_library(error) != 0)
		return -1;
	if (open_playback() != 0)
		return error_set(
			error, "cannot create a socket pair for libfcgi: %s", strerror(errno));
	/* A USR1 meant to reopen logs, or a USR2 meant for the parent, must not end the process. */
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
	parsed.keepConnection = 1; /* otherwise FCGX_Accept_r() would first close it */
	FCGX_Detach(&parsed);	   /* so that closing does not wait for the peer */
	if (FCGX_Accept_r(&parsed) != 0)
		return -1;
	length = FCGX_GetStr(body, (int)sizeof body, parsed.in);
	request_init(request, parsed.envp, body, body_length);
	if (FCGX_GetError(parsed.in) != 0 || (size_t)length != body_length)
		request->arrival = REQUEST_BROKEN;
	explicit_bzero(body, body_length + 1);
	FCGX_Free(&parsed, 0); /* frees streams and parameters; does not close the descriptor */
	return 0;
}

/* Bytes left over from an earlier request must not be read as part of the next one. */
static bool playback_is_empty(void)
{
	char left;

	return recv(playback.read, &left, sizeof left, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

int fastcgi_play(const struct iovec *parts, int count, size_t body_length, struct request *request)
{
	struct msghdr message = {
		.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)count};
	size_t length = 0;

	for (int i = 0; i < count; i++)
		length += parts[i].iov_len;
	if (open_playback() != 0)
		return -1;
	if (sendmsg(playback.write, &message, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)length) {
		close_playback(true);
		return -1;
	}
	if (fastcgi_read(playback.read, body_length, request) != 0) {
		close_playback(false);
		return -1;
	}
	if (!playback_is_empty())
		close_playback(true);
	return 0;
}
