/* SPDX-License-Identifier: MIT */
#include "ctl/check_socket.h"

#include "base/owner.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	ANSWER_MAX = 65536,
	TIMEOUT_S = 5,
	/* record types: FastCGI Specification 1.0, section 8 */
	FCGI_BEGIN = 1,
	FCGI_PARAMETERS = 4,
	FCGI_INPUT = 5,
	FCGI_OUTPUT = 6,
	FCGI_HEADER = 8,
};

/* ---- stat and connect ---- */

static int open_connection(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	int fd, why;

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

static void connect_to(struct check_socket *found)
{
	found->fd = open_connection(found->path);
	found->connect_errno = found->fd < 0 ? errno : 0;
}

void check_socket_inspect(struct check_socket *found, const char *path)
{
	char copy[PATH_MAX];
	const char *folder;

	*found = (struct check_socket){.path = path, .fd = -1};
	snprintf(copy, sizeof copy, "%s", path);
	folder = dirname(copy);
	if (stat(path, &found->file) != 0 || stat(folder, &found->folder) != 0) {
		found->errors = errno;
		return;
	}
	if (geteuid() == 0 && S_ISSOCK(found->file.st_mode) && owner_check(folder, 0, NULL) == 0)
		connect_to(found);
}

/* ---- owners and modes ---- */

static void append_owners(struct buffer *text, const struct stat *st)
{
	const struct passwd *user = getpwuid(st->st_uid);
	const struct group *group;

	if (user != NULL)
		buffer_text(text, user->pw_name);
	else
		buffer_printf(text, "%u", (unsigned)st->st_uid);
	group = getgrgid(st->st_gid);
	if (group != NULL)
		buffer_printf(text, ":%s", group->gr_name);
	else
		buffer_printf(text, ":%u", (unsigned)st->st_gid);
	buffer_printf(text, " %04o", (unsigned)(st->st_mode & 07777));
}

static bool group_may_enter(const struct check_socket *found)
{
	mode_t needed = found->folder.st_gid == found->file.st_gid ? S_IXGRP : S_IXOTH;

	return (found->folder.st_mode & needed) != 0;
}

int check_socket_owners(const struct check_socket *found, struct buffer *text, struct error *error)
{
	if (found->errors == EACCES)
		return error_set(error, "user id %u may not access the directory; run this as root",
			(unsigned)geteuid());
	if (found->errors != 0)
		return error_set(error, "%s; start the pool", strerror(found->errors));
	if (!S_ISSOCK(found->file.st_mode))
		return error_set(error, "is not a socket; remove it and start the pool");
	append_owners(text, &found->file);
	buffer_text(text, " in a directory ");
	append_owners(text, &found->folder);
	if (found->folder.st_uid != 0)
		buffer_text(text, ", in which only that user may create a socket");
	if (!(found->file.st_mode & S_IWGRP))
		return error_set(error,
			"%s: its group may not connect, and neither may the web server; use "
			"spawn-fcgi -M 0660 -G with the web server's group",
			text->data);
	if (!group_may_enter(found))
		return error_set(error,
			"%s: group id %u may connect but not enter the directory, so the web "
			"server answers 502; chgrp %u the directory",
			text->data, (unsigned)found->file.st_gid, (unsigned)found->file.st_gid);
	if ((found->file.st_mode & S_IWOTH) && (found->folder.st_mode & S_IXOTH))
		return error_set(error,
			"%s: everybody on this machine may connect and pretend to have any client "
			"address; use spawn-fcgi -M 0660",
			text->data);
	return 0;
}

/* ---- the request for readyz ---- */

static void append_record(struct buffer *request, unsigned kind, const char *bytes, size_t length)
{
	const char header[FCGI_HEADER] = {
		1, (char)kind, 0, 1, (char)(length >> 8), (char)(length & 0xff), 0, 0};

	buffer_append(request, header, sizeof header);
	buffer_append(request, bytes, length);
}

/* Appends a name-value pair. Both must be shorter than 128 bytes. */
static void append_pair(struct buffer *pairs, const char *name, const char *value)
{
	const char lengths[2] = {(char)strlen(name), (char)strlen(value)};

	buffer_append(pairs, lengths, sizeof lengths);
	buffer_text(pairs, name);
	buffer_text(pairs, value);
}

static void make_request(const char *mount, struct buffer *request)
{
	static const char responder[8] = {0, 1};
	struct buffer pairs = BUFFER_INIT(2048);
	char path[120];

	snprintf(path, sizeof path, "%.100s/readyz", mount);
	append_pair(&pairs, "REQUEST_METHOD", "GET");
	append_pair(&pairs, "SCRIPT_NAME", path);
	append_pair(&pairs, "DOCUMENT_URI", path);
	append_pair(&pairs, "REQUEST_URI", path);
	append_pair(&pairs, "QUERY_STRING", "");
	append_pair(&pairs, "CONTENT_LENGTH", "");
	append_pair(&pairs, "SERVER_PROTOCOL", "HTTP/1.1");
	append_pair(&pairs, "REMOTE_ADDR", "127.0.0.1");
	append_record(request, FCGI_BEGIN, responder, sizeof responder);
	append_record(request, FCGI_PARAMETERS, pairs.data, pairs.length);
	append_record(request, FCGI_PARAMETERS, "", 0);
	append_record(request, FCGI_INPUT, "", 0);
	buffer_release(&pairs);
}

/* Appends the contents of the FCGI_STDOUT records. */
static void take_output(const struct buffer *raw, struct buffer *output)
{
	const unsigned char *at = (const unsigned char *)raw->data;
	size_t left = raw->length;

	while (left >= FCGI_HEADER) {
		size_t content = (size_t)at[4] << 8 | at[5], whole = FCGI_HEADER + content + at[6];

		if (whole > left)
			return;
		if (at[1] == FCGI_OUTPUT)
			buffer_append(output, at + FCGI_HEADER, content);
		at += whole;
		left -= whole;
	}
}

static int ask(int fd, const char *mount, struct buffer *output, struct error *error)
{
	struct buffer request = BUFFER_INIT(4096), raw = BUFFER_INIT(ANSWER_MAX);
	char chunk[4096];
	ssize_t got = -1;

	make_request(mount, &request);
	if (!request.failed &&
		send(fd, request.data, request.length, MSG_NOSIGNAL) == (ssize_t)request.length)
		while ((got = recv(fd, chunk, sizeof chunk, 0)) > 0 && !raw.failed)
			buffer_append(&raw, chunk, (size_t)got);
	if (got < 0)
		error_set(error, "the pool does not answer: %s",
			errno == EAGAIN ? "no data within five seconds" : strerror(errno));
	else
		take_output(&raw, output);
	buffer_release(&request);
	buffer_release(&raw);
	return got < 0 ? -1 : 0;
}

/* Returns 0 for "Status: 200", or -1 with the pool's reasons in one line. */
static int read_answer(const struct buffer *output, struct error *error)
{
	static const char ready[] = "Status: 200";
	const char *text = output->data, *body;
	char reasons[300];

	if (output->length == 0)
		return error_set(error, "the pool closed the connection without an answer");
	if (strncmp(text, ready, sizeof ready - 1) == 0)
		return 0;
	body = strstr(text, "\r\n\r\n");
	if (strncmp(text, "Status: 503", 11) != 0 || body == NULL)
		return error_set(error, "another program answers there");
	snprintf(reasons, sizeof reasons, "%s", body + 4);
	for (char *c = reasons; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = c[1] == '\0' ? '\0' : ' ';
	return error_set(error, "the pool is not ready: %s", reasons);
}

int check_socket_answers(struct check_socket *found, const char *mount, struct error *error)
{
	struct buffer output = BUFFER_INIT(ANSWER_MAX);
	int rc = -1;

	if (found->fd < 0 && found->connect_errno == 0)
		connect_to(found);
	if (found->fd < 0)
		return error_set(error, "no process answers: %s; start the pool",
			strerror(found->connect_errno));
	if (ask(found->fd, mount, &output, error) == 0)
		rc = read_answer(&output, error);
	close(found->fd);
	found->fd = -1;
	buffer_release(&output);
	return rc;
}
