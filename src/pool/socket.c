/* SPDX-License-Identifier: MIT */
#include "pool/socket.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* How many connections the kernel may queue, up to net.core.somaxconn (4096 by default). When the
 * queue is full, the web server answers 502. */
enum { BACKLOG = 4096 };

static int open_unix(const char *path, struct error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, probe;
	mode_t mask;
	bool bound;

	if (strlen(path) >= sizeof address.sun_path)
		return error_set(error, "--listen unix:%s: path longer than %zu bytes", path,
			sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof address) == 0) {
		close(probe);
		return error_set(
			error, "--listen unix:%s: another process listens there already", path);
	}
	if (probe >= 0 && errno == ECONNREFUSED)
		unlink(path);
	if (probe >= 0)
		close(probe);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mask = umask(0117); /* the socket has mode 0660 from the start */
	bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
	umask(mask);
	if (bound && listen(fd, BACKLOG) == 0)
		return fd;
	error_set(error, "--listen unix:%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_tcp(const char *text, struct error *error)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(text, ':');
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	bool is_six = text[0] == '[';
	size_t skip = is_six ? 1 : 0;
	int64_t port;
	int fd;

	if (colon == NULL || (is_six && colon[-1] != ']') ||
		text_to_number(colon + 1, 1, 65535, &port) != 0 ||
		(size_t)(colon - text) >= sizeof host || (size_t)(colon - text) < 2 * skip + 1)
		return error_set(
			error, "--listen %s: use unix:/path, 127.0.0.1:PORT or [::1]:PORT", text);
	snprintf(host, sizeof host, "%.*s", (int)((size_t)(colon - text) - 2 * skip), text + skip);
	six.sin6_port = four.sin_port = htons((uint16_t)port);
	if ((is_six ? inet_pton(AF_INET6, host, &six.sin6_addr)
		    : inet_pton(AF_INET, host, &four.sin_addr)) != 1)
		return error_set(error, "--listen %s: not an IP address", text);
	fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (fd >= 0 &&
		bind(fd, is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four,
			is_six ? sizeof six : sizeof four) == 0 &&
		listen(fd, BACKLOG) == 0)
		return fd;
	error_set(error, "--listen %s: %s", text, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int socket_open(const char *address, struct error *error)
{
	if (strncmp(address, "unix:", 5) == 0)
		return open_unix(address + 5, error);
	return open_tcp(address, error);
}

int socket_adopt(int fd, struct error *error)
{
	int listening = 0;
	socklen_t length = sizeof listening;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || !listening)
		return error_set(error,
			"descriptor %d is not a listening socket: start meetauthd with "
			"spawn-fcgi, with systemd (StandardInput=socket), or with "
			"--listen unix:/path",
			fd);
	/* Raises the limit: spawn-fcgi sets 1024, older programs 128. */
	if (listen(fd, BACKLOG) != 0)
		return error_set(error, "descriptor %d: listen: %s", fd, strerror(errno));
	return 0;
}

int socket_passed(int *fd_r, struct error *error)
{
	enum { FIRST = 3 }; /* SD_LISTEN_FDS_START */
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int64_t count;

	if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != getpid())
		return 1;
	if (text_to_number(fds, 1, 1, &count) != 0)
		return error_set(error,
			"LISTEN_FDS=%.20s: expected one listening socket: keep one ListenStream= "
			"in the socket unit",
			fds);
	fcntl(FIRST, F_SETFD, FD_CLOEXEC);
	*fd_r = FIRST;
	return 0;
}

void socket_close(int fd)
{
	int null = fd <= STDERR_FILENO ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;

	if (null >= 0) {
		dup2(null, fd);
		close(null);
	} else {
		close(fd);
	}
}
