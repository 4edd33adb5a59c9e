/* SPDX-License-Identifier: MIT */
#include "pool/notify.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 256 };

static bool ready, reloading, stopping; /* what was sent last */
static char status[MESSAGE_MAX];

/* The manager's socket: a path, or a name in the abstract namespace ("@…"). 0 or -1. */
static int find_manager(struct sockaddr_un *address_r, socklen_t *length_r)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t length = name != NULL ? strlen(name) : 0;

	if (length < 2 || (name[0] != '/' && name[0] != '@') ||
		length >= sizeof address_r->sun_path)
		return -1;
	*address_r = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address_r->sun_path, name, length);
	if (name[0] == '@')
		address_r->sun_path[0] = '\0';
	*length_r = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return 0;
}

/* A manager that does not read misses messages: the service does not wait for it. */
static void send_message(const char *message)
{
	struct sockaddr_un address;
	socklen_t length;
	int fd;

	if (find_manager(&address, &length) != 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address, length);
	close(fd);
}

void notify_ready(void)
{
	if (stopping || (ready && !reloading))
		return;
	send_message("READY=1");
	ready = true;
	reloading = false;
}

/* The manager compares the time with that of its own signal, to the microsecond. */
void notify_reloading(void)
{
	char message[MESSAGE_MAX];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	send_message(message);
	reloading = true;
}

void notify_stopping(void)
{
	if (!stopping)
		send_message("STOPPING=1");
	stopping = true;
}

void notify_status(const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list args;

	memcpy(message, "STATUS=", sizeof "STATUS=");
	va_start(args, format);
	vsnprintf(message + strlen(message), sizeof message - strlen(message), format, args);
	va_end(args);
	if (strcmp(message, status) == 0)
		return;
	memcpy(status, message, sizeof status);
	send_message(message);
}

int64_t notify_watchdog_ms(void)
{
	const char *pid = getenv("WATCHDOG_PID"), *limit = getenv("WATCHDOG_USEC");
	int64_t microseconds;

	if (limit == NULL || text_to_number(limit, 1, INT64_MAX, &microseconds) != 0 ||
		(pid != NULL && strtol(pid, NULL, 10) != getpid()))
		return 0;
	/* At half of the time after which the manager gives up. */
	return microseconds / 2000 > 0 ? microseconds / 2000 : 1;
}

void notify_alive(void)
{
	send_message("WATCHDOG=1");
}

void notify_forget(void)
{
	static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
		"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
}
