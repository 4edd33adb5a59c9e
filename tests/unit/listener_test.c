/* SPDX-License-Identifier: MIT
 *
 * What the listener does with more connections than it can serve, and with those that are there or
 * still coming when it stops.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/fastcgi.h"
#include "pool/listener.h"
#include "pool/socket.h"

#include <fastcgi.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CROWD = 400, WORK_US = 5000 };

/* A GET of "/", whose REQUEST_ID is `number`. */
static size_t make_request(uint8_t *bytes, int number)
{
	char params[64];
	int length = snprintf(params, sizeof params,
		"%c%cREQUEST_METHODGET%c%cDOCUMENT_URI/%c%cREQUEST_ID%04d", 14, 3, 12, 1, 10, 4,
		number);
	const uint8_t begin[16] = {1, FCGI_BEGIN_REQUEST, 0, 1, 0, 8, 0, 0, 0, FCGI_RESPONDER};
	const uint8_t header[8] = {1, FCGI_PARAMS, 0, 1, 0, (uint8_t)length};
	const uint8_t ends[16] = {1, FCGI_PARAMS, 0, 1, [8] = 1, FCGI_STDIN, 0, 1};
	uint8_t *at = bytes;

	memcpy(at, begin, 16);
	memcpy(at += 16, header, 8);
	memcpy(at += 8, params, (size_t)length);
	memcpy(at += length, ends, 16);
	return (size_t)(at + 16 - bytes);
}

struct world {
	uv_loop_t loop;
	struct listener *listener;
	struct sockaddr_un address;
	int received;
	enum request_arrival arrivals[CROWD];
	int order[CROWD];
	int clients[CROWD];
	useconds_t work_us;
};

/* Takes its time, as a process does that has too much to do. */
static void receive(void *context, const struct reply *reply, struct request *request)
{
	struct world *world = context;

	assert_int_equal(reply->request_id, 1);
	assert_in_range(world->received, 0, CROWD - 1);
	world->order[world->received] = (int)strtol(request->id, NULL, 10);
	world->arrivals[world->received++] = request->arrival;
	request_release(request);
	reply_drop(reply);
	usleep(world->work_us);
}

static void set_up(struct world *world)
{
	struct error error = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	*world = (struct world){.address.sun_family = AF_UNIX};
	/* Abstract: no file is left behind. */
	snprintf(world->address.sun_path + 1, sizeof world->address.sun_path - 1,
		"meetauth-listener-test-%d", getpid());
	assert_int_equal(bind(fd, (struct sockaddr *)&world->address, sizeof world->address), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(socket_adopt(fd, &error), 0);
	assert_int_equal(fastcgi_init(&error), 0);
	uv_loop_init(&world->loop);
	world->listener =
		listener_new(&world->loop, fd, LISTENER_CONNECTIONS, receive, world, &error);
	assert_non_null(world->listener);
}

static int connect_to(const struct world *world)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (connect(fd, (const struct sockaddr *)&world->address, sizeof world->address) == 0)
		return fd;
	close(fd);
	return -1;
}

static void send_whole(int fd, int number)
{
	uint8_t bytes[128];
	size_t length = make_request(bytes, number);

	assert_int_equal(write(fd, bytes, length), (ssize_t)length);
}

static void tear_down(struct world *world)
{
	listener_free(&world->listener);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
}

/* The queue that the kernel keeps is long enough for them, though one was asked for. */
static void a_crowd_is_served_in_turn_and_told_when_it_waited_too_long(void **unused)
{
	static struct world world;
	int late = 0;

	(void)unused;
	set_up(&world);
	world.work_us = WORK_US;
	for (int i = 0; i < CROWD; i++) {
		world.clients[i] = connect_to(&world);
		assert_true(world.clients[i] >= 0);
		send_whole(world.clients[i], i);
	}
	while (world.received < CROWD)
		uv_run(&world.loop, UV_RUN_ONCE);
	for (int i = 0; i < CROWD; i++) {
		assert_int_equal(world.order[i], i);
		assert_int_equal(world.arrivals[i], late > 0 ? REQUEST_LATE : REQUEST_WHOLE);
		late += world.arrivals[i] == REQUEST_WHOLE && i + 1 < CROWD &&
			world.arrivals[i + 1] == REQUEST_LATE;
		close(world.clients[i]);
	}
	/* Nobody is late who is taken at once, and 2 s of work make somebody wait for 1 s. */
	assert_int_equal(world.arrivals[0], REQUEST_WHOLE);
	assert_int_equal(world.arrivals[CROWD - 1], REQUEST_LATE);
	assert_int_equal(listener_waiting(world.listener), 0);
	tear_down(&world);
}

/* Whoever has connected is served, whole or not yet, and nobody connects any more. */
static void a_listener_that_stops_serves_those_who_are_there(void **unused)
{
	static struct world world;
	uint8_t half[128];
	size_t length = make_request(half, 0);

	(void)unused;
	set_up(&world);
	for (int i = 0; i < 100; i++) {
		world.clients[i] = connect_to(&world);
		assert_true(world.clients[i] >= 0);
		if (i > 0)
			send_whole(world.clients[i], i);
	}
	assert_int_equal(write(world.clients[0], half, 30), 30);
	listener_stop(world.listener, 5000);
	assert_int_equal(connect_to(&world), -1);
	assert_int_equal(listener_waiting(world.listener), 100);
	while (world.received < 99)
		uv_run(&world.loop, UV_RUN_ONCE);
	assert_int_equal(listener_waiting(world.listener), 1);
	assert_int_equal(write(world.clients[0], half + 30, length - 30), (ssize_t)length - 30);
	while (listener_waiting(world.listener) > 0)
		uv_run(&world.loop, UV_RUN_ONCE);
	assert_int_equal(world.received, 100);
	for (int i = 0; i < 100; i++) {
		assert_true(
			world.arrivals[i] == REQUEST_WHOLE || world.arrivals[i] == REQUEST_LATE);
		close(world.clients[i]);
	}
	tear_down(&world);
}

/* The limit that it was given, and not the one of other times. */
static void what_does_not_come_is_not_waited_for(void **unused)
{
	static struct world world;
	struct pollfd client = {.events = POLLIN};

	(void)unused;
	set_up(&world);
	client.fd = connect_to(&world);
	listener_stop(world.listener, 0);
	while (listener_waiting(world.listener) > 0)
		uv_run(&world.loop, UV_RUN_ONCE);
	assert_int_equal(poll(&client, 1, 0), 1); /* closed */
	assert_int_equal(world.received, 0);
	close(client.fd);
	tear_down(&world);
}

/* More connections than it has room for are answered at once, and the others are not lost. */
static void without_room_it_says_so(void **unused)
{
	static struct world world;
	struct error error = {0};
	uint8_t bytes[128];
	int fd, busy = 0;

	(void)unused;
	make_request(bytes, 7);
	set_up(&world);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	world.address.sun_path[1] = 'M';
	assert_int_equal(bind(fd, (struct sockaddr *)&world.address, sizeof world.address), 0);
	assert_int_equal(socket_adopt(fd, &error), -1); /* not listening yet */
	assert_int_equal(listen(fd, 16), 0);
	listener_free(&world.listener);
	world.listener = listener_new(&world.loop, fd, 8, receive, &world, &error);
	for (int i = 0; i < 10; i++) {
		world.clients[i] = connect_to(&world);
		assert_int_equal(write(world.clients[i], bytes, 60), 60);
	}
	while (world.received < 6)
		uv_run(&world.loop, UV_RUN_ONCE);
	for (int i = 0; i < world.received; i++)
		busy += world.arrivals[i] == REQUEST_NO_ROOM;
	assert_int_equal(busy, 6);
	assert_int_equal(listener_waiting(world.listener), 4);
	for (int i = 0; i < 10; i++)
		close(world.clients[i]);
	while (listener_waiting(world.listener) > 0)
		uv_run(&world.loop, UV_RUN_ONCE);
	tear_down(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crowd_is_served_in_turn_and_told_when_it_waited_too_long),
		cmocka_unit_test(a_listener_that_stops_serves_those_who_are_there),
		cmocka_unit_test(what_does_not_come_is_not_waited_for),
		cmocka_unit_test(without_room_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
