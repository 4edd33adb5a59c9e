/* SPDX-License-Identifier: MIT
 *
 * For tests: a Redis server of their own, on a socket in a folder of its own. Without the program
 * (Debian: redis-server; another one in MEETAUTH_TEST_REDIS_SERVER, a path) a test skips.
 */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include "base/banned.h"

#include <ftw.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct redis_server {
	pid_t pid;
	char folder[64], socket[96], address[128];
};

static inline const char *redis_server_program(void)
{
	const char *path = getenv("MEETAUTH_TEST_REDIS_SERVER");

	return path != NULL ? path : "/usr/bin/redis-server";
}

static inline bool redis_server_missing(void)
{
	return access(redis_server_program(), X_OK) != 0;
}

static inline void redis_server_folder(struct redis_server *server)
{
	memset(server, 0, sizeof *server);
	snprintf(server->folder, sizeof server->folder, "/tmp/meetauth-redis-XXXXXX");
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->socket, sizeof server->socket, "%s/socket", server->folder);
	snprintf(server->address, sizeof server->address, "redis+unix://%s", server->socket);
}

/* Starts it with further options, given as words, NULL at the end. */
static inline void redis_server_start(struct redis_server *server, const char *const *options)
{
	const char *words[40] = {"redis-server", "--port", "0", "--unixsocket", server->socket,
		"--dir", server->folder, "--save", "", "--appendonly", "no", "--loglevel",
		"warning", "--enable-debug-command", "yes"};
	size_t count = 15;

	while (options != NULL && *options != NULL && count < 39)
		words[count++] = *options++;
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (freopen("/dev/null", "w", stdout) == NULL)
		_exit(126);
	execv(redis_server_program(), (char *const *)(uintptr_t)words);
	_exit(127);
}

/* A connection for the test itself, as soon as the server takes one. */
static inline redisContext *redis_server_connect(const struct redis_server *server)
{
	redisContext *context;

	for (;;) {
		context = redisConnectUnix(server->socket);
		assert_non_null(context);
		if (context->err == 0)
			return context;
		redisFree(context);
		assert_int_equal(waitpid(server->pid, NULL, WNOHANG), 0);
		usleep(5000);
	}
}

/* Sends a command; the reply is freed. True unless it is an error. */
static inline bool redis_server_say(const struct redis_server *server, const char *command)
{
	redisContext *context = redis_server_connect(server);
	redisReply *reply = redisCommand(context, command);
	bool good = reply != NULL && reply->type != REDIS_REPLY_ERROR;

	if (!good)
		print_message("%s: %s\n", command, reply != NULL ? reply->str : context->errstr);
	if (reply != NULL)
		freeReplyObject(reply);
	redisFree(context);
	return good;
}

static inline void redis_server_kill(struct redis_server *server)
{
	if (server->pid <= 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
	unlink(server->socket);
}

static int remove_file(const char *path, const struct stat *about, int kind, struct FTW *place)
{
	(void)about;
	(void)kind;
	(void)place;
	return remove(path);
}

static inline void redis_server_end(struct redis_server *server)
{
	static const char *const files[] = {"dump.rdb", "key.pem", "cert.pem", "sentinel.conf"};
	char path[128];

	redis_server_kill(server);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", server->folder, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/appendonlydir", server->folder);
	nftw(path, remove_file, 4, FTW_DEPTH | FTW_PHYS);
	rmdir(server->folder);
}

#endif
