/* SPDX-License-Identifier: MIT
 *
 * The yardstick of the bench: a bare libfcgi responder as its examples/threaded.c has it, threads
 * around FCGX_Accept_r with a lock, that answers a constant redirect of about the size of ours. It
 * reads nothing, exchanges nothing, keeps nothing.
 *
 *   bare THREADS [REQUESTS]        listens on descriptor 0; exits after REQUESTS (for callgrind)
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 64 };

static const char answer[] =
	"Status: 302 Found\r\n"
	"Location: https://meeting.example.org/join/8320-2640-2482-3499?meetingAccessToken="
	"81430667-540e-4755-b32a-b5c51f704c7b-03526573-1494-48fb-a648-e80073275976"
	"&participantName=Ada%20Lovelace&participantEmail=ada%40example.org\r\n"
	"Cache-Control: no-store\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"X-Request-Id: 0123456789abcdef0123456789abcdef\r\n"
	"Content-Length: 0\r\n\r\n";

static pthread_mutex_t accept_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_long left = -1; /* negative: for ever */

static void *respond(void *unused)
{
	FCGX_Request request;
	int result;

	(void)unused;
	FCGX_InitRequest(&request, 0, 0);
	for (;;) {
		pthread_mutex_lock(&accept_lock);
		result = FCGX_Accept_r(&request);
		pthread_mutex_unlock(&accept_lock);
		if (result < 0)
			return NULL;
		FCGX_PutStr(answer, sizeof answer - 1, request.out);
		FCGX_Finish_r(&request);
		if (atomic_fetch_sub(&left, 1) == 1)
			exit(0);
	}
}

int main(int argc, char **argv)
{
	pthread_t thread;
	long threads = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

	if (threads < 1 || threads > THREADS_MAX) {
		fprintf(stderr, "usage: bare THREADS [REQUESTS]   (at most %d threads)\n",
			THREADS_MAX);
		return 64;
	}
	if (argc > 2)
		left = strtol(argv[2], NULL, 10);
	FCGX_Init();
	for (long i = 1; i < threads; i++)
		if (pthread_create(&thread, NULL, respond, NULL) != 0)
			return 71;
	respond(NULL);
	return 0;
}
