/* SPDX-License-Identifier: MIT */
#include "pool/channel.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static const char variable[] = "MEETAUTHD_CHANNEL";

int channel_make(int *parent_r, int *process_r)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return -1;
	*parent_r = fds[0];
	*process_r = fds[1];
	return 0;
}

void channel_hand_over(int fd)
{
	char text[16];

	snprintf(text, sizeof text, "%d", fd);
	setenv(variable, text, 1);
	fcntl(fd, F_SETFD, 0);
}

int channel_inherited(void)
{
	const char *text = getenv(variable);
	int type = 0;
	socklen_t length = sizeof type;
	int64_t fd;

	if (text == NULL || text_to_number(text, 3, INT_MAX, &fd) != 0 ||
		getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 ||
		type != SOCK_SEQPACKET)
		return -1;
	/* Programs that this process starts must not inherit it. */
	unsetenv(variable);
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	return (int)fd;
}

void channel_send(int fd, const struct channel_message *message)
{
	while (send(fd, message, sizeof *message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		errno == EINTR)
		;
}

enum channel_read channel_receive(int fd, struct channel_message *message_r)
{
	ssize_t got;

	*message_r = (struct channel_message){0};
	do
		got = recv(fd, message_r, sizeof *message_r, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? CHANNEL_EMPTY : CHANNEL_GONE;
	return got == 0 ? CHANNEL_GONE : CHANNEL_MESSAGE;
}
