/* SPDX-License-Identifier: MIT
 *
 * What the listener does with more connections than it can serve, with those that are there or
 * still coming when it stops, and with those that the web server keeps.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "pool/listener.h"
#include "pool/socket.h"

#include <fastcgi.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CROWD = 400, WORK_MS = 5, OVERLOAD = 5000 };

/* -- the clock -- */

static int64_t ahead_ms, frozen_ms;

int64_t clock_monotonic_ms(void)
{
	struct timespec now;

	if (frozen_ms != 0)
		return frozen_ms + ahead_ms;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + ahead_ms;
}

/* From now on until thaw(), only `ahead_ms` moves the clock, however busy the machine is. */
static void freeze(void)
{
	frozen_ms = clock_monotonic_ms();
}

static void thaw(void)
{
	frozen_ms = ahead_ms = 0;
}

/* When a turn of the loop began. While the clock is frozen, turns are short. */
uint64_t uv_now(const uv_loop_t *loop)
{
	return frozen_ms != 0 ? (uint64_t)clock_monotonic_ms() : loop->time;
}

int64_t clock_wall(void)
{
	return time(NULL);
}

int64_t clock_wall_ms(void)
{
	return clock_wall() * 1000;
}

int64_t clock_boot_ms(void)
{
	return clock_monotonic_ms();
}

/* A GET of "/", whose REQUEST_ID is `number`. */
static size_t make_request(uint8_t *bytes, int number, uint8_t flags)
{
	char params[64];
	int length = snprintf(params, sizeof params,
		"%c%cREQUEST_METHODGET%c%cDOCUMENT_URI/%c%cREQUEST_ID%04d", 14, 3, 12, 1, 10, 4,
		number);
	const uint8_t begin[16] = {
		1, FCGI_BEGIN_REQUEST, 0, 1, 0, 8, 0, 0, 0, FCGI_RESPONDER, flags};
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
	enum request_arrival arrivals[OVERLOAD];
	int order[OVERLOAD];
	int64_t at_ms[OVERLOAD];
	int clients[OVERLOAD];
	int64_t work_ms;
	bool answers, holds;
	struct reply held;
};

/* By its clock, it takes time, as a process does that has too much to do; to refuse takes none. */
static void receive(void *context, const struct reply *reply, struct request *request)
{
	struct world *world = context;

	assert_int_equal(reply->request_id, 1);
	assert_in_range(world->received, 0, OVERLOAD - 1);
	world->at_ms[world->received] = ahead_ms;
	world->order[world->received] = (int)strtol(request->id, NULL, 10);
	if (request->arrival == REQUEST_WHOLE)
		ahead_ms += world->work_ms;
	world->arrivals[world->received++] = request->arrival;
	request_release(request);
	if (world->holds)
		world->held = *reply;
	else if (world->answers)
		reply_send(reply, "", 0, "", 0);
	else
		reply_drop(reply);
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
	size_t length = make_request(bytes, number, 0);

	assert_int_equal(write(fd, bytes, length), (ssize_t)length);
}

static void tear_down(struct world *world)
{
	listener_free(&world->listener);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
}

static void arrive(struct world *world, int i)
{
	world->clients[i] = connect_to(world);
	assert_true(world->clients[i] >= 0);
	send_whole(world->clients[i], i);
}

/* The queue that the kernel keeps is long enough for them, though one was asked for. The last one
 * waits for 2 s, and nobody is refused. */
static void a_crowd_that_comes_at_once_is_served_in_turn(void **unused)
{
	static struct world world;

	(void)unused;
	freeze();
	set_up(&world);
	world.work_ms = WORK_MS;
	for (int i = 0; i < CROWD; i++)
		arrive(&world, i);
	while (world.received < CROWD)
		uv_run(&world.loop, UV_RUN_ONCE);
	for (int i = 0; i < CROWD; i++) {
		assert_int_equal(world.order[i], i);
		assert_int_equal(world.arrivals[i], REQUEST_WHOLE);
		close(world.clients[i]);
	}
	assert_int_equal(listener_waiting(world.listener), 0);
	tear_down(&world);
	thaw();
}

/* A quarter more come than can be served, for 20 s. After a while, some are refused, and the
 * others wait no longer than is stated and a few batches. */
static void under_lasting_overload_those_who_waited_too_long_are_refused(void **unused)
{
	enum { BETWEEN_MS = WORK_MS - 1, STEADY = OVERLOAD / 2, BATCH_MS = 32 * WORK_MS };
	static struct world world;
	int arrived = 0, closed = 0, late = 0;

	(void)unused;
	freeze();
	set_up(&world);
	world.work_ms = WORK_MS;
	while (world.received < OVERLOAD) {
		while (arrived < OVERLOAD && arrived * BETWEEN_MS <= ahead_ms)
			arrive(&world, arrived++);
		if (arrived < OVERLOAD && world.received == arrived)
			ahead_ms += BETWEEN_MS; /* nothing to do until the next one comes */
		uv_run(&world.loop, UV_RUN_NOWAIT);
		while (closed < world.received)
			close(world.clients[closed++]);
	}
	for (int i = 0; i < OVERLOAD; i++) {
		int64_t waited_ms = world.at_ms[i] - (int64_t)world.order[i] * BETWEEN_MS;

		if (world.arrivals[i] == REQUEST_LATE)
			assert_true(world.at_ms[i] > LISTENER_OVERLOAD_MS);
		else if (i > STEADY)
			assert_true(waited_ms <= LISTENER_LATE_MS + 4 * BATCH_MS);
		late += i > STEADY && world.arrivals[i] == REQUEST_LATE;
	}
	assert_in_range(late, STEADY / 10, STEADY * 3 / 10);
	tear_down(&world);
	thaw();
}

/* Whoever has connected is served, whole or not yet, and nobody connects any more. */
static void a_listener_that_stops_serves_those_who_are_there(void **unused)
{
	static struct world world;
	uint8_t half[128];
	size_t length = make_request(half, 0, 0);

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
	make_request(bytes, 7, 0);
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

/* -- connections that the web server keeps -- */

/* An answer without a head and a body, as reply_send() sends it, and its parts. */
static const uint8_t answer[] = {1, FCGI_STDOUT, 0, 1, 0, 2, 0, 0, '\r', '\n', 1, FCGI_STDOUT, 0, 1,
	0, 0, 0, 0, 1, FCGI_END_REQUEST, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t release[] = {1, FCGI_STDERR, 0, 1, 0, 0, 0, 0};

enum after { KEPT, RELEASED, CLOSED };

static void set_up_kept(struct world *world)
{
	set_up(world);
	world->answers = true;
}

static void turn(struct world *world)
{
	for (int i = 0; i < 3; i++)
		uv_run(&world->loop, UV_RUN_NOWAIT);
}

static void ask(struct world *world, int client, uint8_t flags)
{
	uint8_t bytes[128];
	size_t length = make_request(bytes, 1, flags);

	world->received = 0; /* nobody looks at the order here */
	assert_int_equal(write(client, bytes, length), (ssize_t)length);
	turn(world);
}

/* What has come: nothing but this. */
static void expect(int client, bool answered, enum after after)
{
	uint8_t got[128];
	ssize_t length = read(client, got, sizeof got);
	size_t at = answered ? sizeof answer : 0,
	       end = at + (after == RELEASED ? sizeof release : 0);

	assert_int_equal(length, end > 0 ? (ssize_t)end : after == CLOSED ? 0 : -1);
	if (answered)
		assert_memory_equal(got, answer, sizeof answer);
	if (after == RELEASED)
		assert_memory_equal(got + at, release, sizeof release);
	if (after == CLOSED && end > 0)
		assert_int_equal(read(client, got, sizeof got), 0);
	if (after != CLOSED)
		assert_int_equal(read(client, got, sizeof got), -1); /* still open */
}

/* A kept connection that is served at once, before those in the queue, does not hide that these
 * wait too long. */
static void a_kept_connection_does_not_hide_an_overload(void **unused)
{
	enum { QUEUED = 2000 };
	static struct world world;
	uint8_t bytes[128], got[sizeof answer];
	size_t length;
	int kept, seen = 0, served = 0, late = 0;

	(void)unused;
	freeze();
	set_up_kept(&world);
	kept = connect_to(&world);
	ask(&world, kept, FCGI_KEEP_CONN);
	expect(kept, true, KEPT);
	world.work_ms = WORK_MS;
	for (int i = 0; i < QUEUED; i++)
		arrive(&world, i);
	length = make_request(bytes, QUEUED, FCGI_KEEP_CONN);
	assert_int_equal(write(kept, bytes, length), (ssize_t)length);
	world.received = 0;
	while (served + late < QUEUED) {
		uv_run(&world.loop, UV_RUN_NOWAIT);
		for (; seen < world.received; seen++) {
			served +=
				world.order[seen] < QUEUED && world.arrivals[seen] == REQUEST_WHOLE;
			late += world.order[seen] < QUEUED && world.arrivals[seen] == REQUEST_LATE;
		}
		if (read(kept, got, sizeof got) == sizeof got)
			assert_int_equal(write(kept, bytes, length), (ssize_t)length);
	}
	assert_in_range(late, QUEUED / 5, QUEUED / 2);
	for (int i = 0; i < QUEUED; i++)
		close(world.clients[i]);
	close(kept);
	tear_down(&world);
	thaw();
}

static void a_connection_is_kept_where_that_is_wanted(void **unused)
{
	static struct world world;
	int client;

	(void)unused;
	set_up_kept(&world);
	client = connect_to(&world);
	for (int i = 0; i < 10; i++) {
		ask(&world, client, FCGI_KEEP_CONN);
		expect(client, true, KEPT);
		assert_int_equal(listener_kept(world.listener), 1);
		assert_int_equal(listener_waiting(world.listener), 0);
	}
	ask(&world, client, 0);
	expect(client, true, CLOSED);
	assert_int_equal(listener_kept(world.listener), 0);
	close(client);
	tear_down(&world);
}

/* It is asked for and not forced: a request may be on its way. */
static void a_connection_is_released_after_its_requests(void **unused)
{
	static struct world world;
	int client;

	(void)unused;
	set_up_kept(&world);
	client = connect_to(&world);
	for (int i = 1; i < LISTENER_REQUESTS; i++) {
		ask(&world, client, FCGI_KEEP_CONN);
		expect(client, true, KEPT);
	}
	for (int i = 0; i < 3; i++) {
		ask(&world, client, FCGI_KEEP_CONN);
		expect(client, true, RELEASED);
	}
	close(client);
	turn(&world);
	assert_int_equal(listener_kept(world.listener), 0);
	tear_down(&world);
}

static void kept_connections_do_not_take_all_the_room(void **unused)
{
	static struct world world;
	struct error error = {0};
	int fd, clients[4];

	(void)unused;
	set_up_kept(&world);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	world.address.sun_path[1] = 'K';
	assert_int_equal(bind(fd, (struct sockaddr *)&world.address, sizeof world.address), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(socket_adopt(fd, &error), 0);
	listener_free(&world.listener);
	world.listener = listener_new(&world.loop, fd, 8, receive, &world, &error);
	for (int i = 0; i < 4; i++) {
		clients[i] = connect_to(&world);
		ask(&world, clients[i], FCGI_KEEP_CONN);
		expect(clients[i], true, i < 2 ? KEPT : RELEASED);
	}
	close(clients[0]);
	close(clients[3]);
	close(clients[2]);
	turn(&world);
	clients[0] = connect_to(&world);
	ask(&world, clients[0], FCGI_KEEP_CONN);
	expect(clients[0], true, KEPT);
	close(clients[0]);
	close(clients[1]);
	tear_down(&world);
}

/* Asked twice, then closed: nginx lets go at the first time. */
static void an_idle_connection_is_released(void **unused)
{
	static struct world world;
	struct pollfd client = {.events = POLLIN};

	(void)unused;
	set_up_kept(&world);
	client.fd = connect_to(&world);
	ask(&world, client.fd, FCGI_KEEP_CONN);
	expect(client.fd, true, KEPT);
	ahead_ms += LISTENER_IDLE_MS - 1000;
	while (poll(&client, 1, 0) == 0) { /* the rest of the time passes by itself */
		uv_run(&world.loop, UV_RUN_ONCE);
		ahead_ms += 100;
	}
	expect(client.fd, false, RELEASED);
	/* A request that was on its way is answered, and its answer says so, too. */
	for (int i = 0; i < 2; i++) {
		ahead_ms += LISTENER_DEADLINE_MS + 1;
		while (poll(&client, 1, 0) == 0)
			uv_run(&world.loop, UV_RUN_ONCE);
		expect(client.fd, false, i == 0 ? RELEASED : CLOSED);
	}
	assert_int_equal(listener_kept(world.listener), 0);
	close(client.fd);
	ahead_ms = 0;
	tear_down(&world);
}

/* Idle ones are asked to let go, and nothing closes them; what comes on them, is being answered or
 * connects last is answered. */
static void a_listener_that_stops_closes_no_kept_connection(void **unused)
{
	static struct world world;
	int idle, busy, last;

	(void)unused;
	set_up_kept(&world);
	idle = connect_to(&world);
	ask(&world, idle, FCGI_KEEP_CONN);
	expect(idle, true, KEPT);
	world.holds = true;
	busy = connect_to(&world);
	ask(&world, busy, FCGI_KEEP_CONN);
	world.holds = false;
	last = connect_to(&world);
	listener_stop(world.listener, 60000);
	turn(&world);
	expect(idle, false, RELEASED);
	expect(busy, false, KEPT);
	ahead_ms += 10 * LISTENER_DEADLINE_MS;
	ask(&world, last, FCGI_KEEP_CONN);
	expect(last, true, RELEASED);
	reply_send(&world.held, "", 0, "", 0);
	expect(busy, true, RELEASED);
	ask(&world, idle, FCGI_KEEP_CONN);
	expect(idle, true, RELEASED);
	assert_int_equal(listener_kept(world.listener), 3);
	close(idle);
	close(busy);
	close(last);
	while (listener_kept(world.listener) > 0)
		uv_run(&world.loop, UV_RUN_ONCE);
	ahead_ms = 0;
	tear_down(&world);
}

/* What comes behind it, in the same packet or later, waits. */
static void a_request_waits_for_the_answer_of_the_one_before(void **unused)
{
	static struct world world;
	uint8_t bytes[512];
	size_t length;
	int client;

	(void)unused;
	set_up_kept(&world);
	world.holds = true;
	client = connect_to(&world);
	length = make_request(bytes, 1, FCGI_KEEP_CONN);
	length += make_request(bytes + length, 2, FCGI_KEEP_CONN);
	assert_int_equal(write(client, bytes, length), (ssize_t)length);
	turn(&world);
	assert_int_equal(world.received, 1);
	length = make_request(bytes, 3, 0);
	assert_int_equal(write(client, bytes, length), (ssize_t)length);
	turn(&world);
	assert_int_equal(world.received, 1);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(world.order[i - 1], i);
		expect(client, false, KEPT);
		reply_send(&world.held, "", 0, "", 0);
		expect(client, true, i < 3 ? KEPT : CLOSED);
		turn(&world);
		assert_int_equal(world.received, i < 3 ? i + 1 : 3);
	}
	close(client);
	tear_down(&world);
}

/* The web server is gone, or has aborted it. */
static void an_answer_that_nobody_waits_for_is_known(void **unused)
{
	static const uint8_t abort_record[] = {1, FCGI_ABORT_REQUEST, 0, 1, 0, 0, 0, 0};
	static struct world world;
	int client;

	(void)unused;
	set_up_kept(&world);
	world.holds = true;
	client = connect_to(&world);
	ask(&world, client, FCGI_KEEP_CONN);
	assert_false(reply_is_abandoned(&world.held));
	assert_int_equal(write(client, abort_record, sizeof abort_record), sizeof abort_record);
	assert_true(reply_is_abandoned(&world.held));
	reply_send(&world.held, "", 0, "", 0);
	turn(&world);
	expect(client, true, KEPT);
	ask(&world, client, FCGI_KEEP_CONN);
	assert_false(reply_is_abandoned(&world.held));
	close(client);
	turn(&world);
	assert_true(reply_is_abandoned(&world.held));
	reply_drop(&world.held);
	turn(&world);
	assert_int_equal(listener_kept(world.listener), 0);
	tear_down(&world);
}

/* An answer outlives the listener; its connection ends with it. */
static void a_listener_is_freed_while_an_answer_is_made(void **unused)
{
	static struct world world;
	int client;

	(void)unused;
	set_up_kept(&world);
	world.holds = true;
	client = connect_to(&world);
	ask(&world, client, FCGI_KEEP_CONN);
	listener_free(&world.listener);
	turn(&world);
	reply_send(&world.held, "", 0, "", 0);
	expect(client, true, CLOSED);
	close(client);
	uv_run(&world.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world.loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_kept_where_that_is_wanted),
		cmocka_unit_test(a_connection_is_released_after_its_requests),
		cmocka_unit_test(kept_connections_do_not_take_all_the_room),
		cmocka_unit_test(an_idle_connection_is_released),
		cmocka_unit_test(a_listener_that_stops_closes_no_kept_connection),
		cmocka_unit_test(a_request_waits_for_the_answer_of_the_one_before),
		cmocka_unit_test(an_answer_that_nobody_waits_for_is_known),
		cmocka_unit_test(a_listener_is_freed_while_an_answer_is_made),
		cmocka_unit_test(a_crowd_that_comes_at_once_is_served_in_turn),
		cmocka_unit_test(under_lasting_overload_those_who_waited_too_long_are_refused),
		cmocka_unit_test(a_kept_connection_does_not_hide_an_overload),
		cmocka_unit_test(a_listener_that_stops_serves_those_who_are_there),
		cmocka_unit_test(what_does_not_come_is_not_waited_for),
		cmocka_unit_test(without_room_it_says_so),
	};
	struct rlimit limit;

	/* Crowds need more descriptors than the usual soft limit of 1024, as in main.c. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
