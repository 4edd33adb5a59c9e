/* SPDX-License-Identifier: MIT
 *
 * The state on a Redis server: what happens when the server is gone, busy, full, a replica, empty
 * or slow, when an answer is lost, and that fibers wait while the loop turns. state_test.c has what
 * entries mean.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#ifdef HAVE_HIREDIS

#include "base/clock.h"
#include "base/fiber.h"
#include "redis_server.h"
#include "state/driver.h"
#include "state/redis/address.h"
#include "state/redis/wire.h"
#include "state/state.h"

#include <netinet/in.h>
#include <uv.h>

enum { CLAIM_S = 3600, TIMEOUT_MS = 1500, PATIENCE_S = 120, MANY = 200, FINDINGS_MAX = 1024 };

static struct redis_server server;
static uv_loop_t loop;
static struct state *state;
static const char *password;
static uint32_t next_key;

/* ---- the site: a loop whose fibers ask ---- */

static int set_up(void **arg)
{
	(void)arg;
	alarm(PATIENCE_S);
	password = NULL;
	redis_server_folder(&server);
	uv_loop_init(&loop);
	return 0;
}

static int tear_down(void **arg)
{
	(void)arg;
	state_close(&state);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	fibers_end();
	redis_server_end(&server);
	alarm(0);
	return 0;
}

static const char *give_password(enum state_peer peer, void *context)
{
	(void)context;
	return peer == STATE_PEER_SERVER ? password : NULL;
}

static struct state_options options_of(uv_loop_t *on)
{
	return (struct state_options){.address = server.address,
		.timeout_ms = TIMEOUT_MS,
		.prefix = "test:",
		.password = give_password,
		.loop = on};
}

static void open_state(void)
{
	struct state_options options = options_of(&loop);

	state = state_open(&options, NULL);
	assert_non_null(state);
}

/* With a local table in memory: state-required = false. */
static void open_optional_state(void)
{
	struct state_options options = options_of(&loop);

	options.local_folder = "";
	state = state_open(&options, NULL);
	assert_non_null(state);
}

static void turn_until_reachable(bool reachable)
{
	while (state_reachable(state) != reachable)
		uv_run(&loop, UV_RUN_ONCE);
}

static void start(const char *const *options)
{
	redis_server_start(&server, options);
	redisFree(redis_server_connect(&server));
	open_state();
	turn_until_reachable(true);
}

/* What a fiber asks. */
struct asked {
	uint8_t key[STATE_KEY_SIZE];
	enum state_verdict verdict;
	bool is_local;
	int64_t number;
	bool ended;
};

static void new_key(struct asked *asked)
{
	memset(asked, 0, sizeof *asked);
	next_key++;
	memcpy(asked->key, &next_key, sizeof next_key);
}

static void ask_claim(void *context)
{
	struct asked *asked = context;

	asked->verdict = state_claim(state, asked->key, CLAIM_S, clock_wall());
	asked->ended = true;
}

static void ask_claim_all(void *context)
{
	struct asked *asked = context;
	struct state_claimed claimed = {.key = asked->key, .seconds = CLAIM_S};

	state_claim_all(state, &claimed, 1, clock_wall_ms());
	asked->verdict = claimed.verdict;
	asked->is_local = claimed.is_local;
	asked->ended = true;
}

static void ask_end(void *context)
{
	struct asked *asked = context;
	int64_t now = clock_wall();

	asked->number = state_end(state, asked->key, now, now + CLAIM_S);
	asked->ended = true;
}

static void ask_ended(void *context)
{
	struct asked *asked = context;

	asked->number = state_ended(state, asked->key);
	asked->ended = true;
}

/* Its mark is when anybody was revoked last. */
static const uint8_t last_revocation[STATE_KEY_SIZE];

static void make_revoked(uint8_t keys[STATE_REVOKED][STATE_KEY_SIZE], const void *context)
{
	memset(keys, 0xee, STATE_REVOKED * STATE_KEY_SIZE);
	memcpy(keys[1], context, STATE_KEY_SIZE);
}

static void ask_is_over(void *context)
{
	static const uint8_t id[STATE_KEY_SIZE] = "a session", provider[STATE_KEY_SIZE] = "its";
	struct asked *asked = context;

	asked->number = state_is_over(state, &(struct state_session){.id = id,
						     .provider = provider,
						     .began = state_born(state),
						     .make_revoked = make_revoked,
						     .context = asked->key});
	asked->ended = true;
}

static void ask_marked(void *context)
{
	struct asked *asked = context;

	asked->number = state_marked(state, asked->key);
	asked->ended = true;
}

static void ask_revoke(void *context)
{
	struct asked *asked = context;
	int64_t now = clock_wall();

	asked->number = state_revoke(state, asked->key, now, now + CLAIM_S);
	asked->ended = true;
}

static void ask_lease(void *context)
{
	struct asked *asked = context;
	struct state_resource thing;
	int64_t now = clock_wall();
	size_t index;

	memcpy(thing.key, asked->key, sizeof thing.key);
	memcpy(thing.holding, asked->key, sizeof thing.holding);
	asked->number = state_lease(state, &thing, 1, now, now + CLAIM_S, &index);
	asked->ended = true;
}

static void turn_until_ended(const struct asked *asked)
{
	while (!asked->ended)
		uv_run(&loop, UV_RUN_ONCE);
}

static void run(void (*ask)(void *context), struct asked *asked)
{
	asked->ended = false;
	fiber_run(ask, asked);
	turn_until_ended(asked);
}

static enum state_verdict claim(struct asked *asked)
{
	run(ask_claim, asked);
	return asked->verdict;
}

static enum state_verdict claim_new(void)
{
	struct asked asked;

	new_key(&asked);
	return claim(&asked);
}

static void expect_fault(const char *words)
{
	if (strstr(state_fault(state), words) == NULL)
		print_message("expected \"%s\" in: %s\n", words, state_fault(state));
	assert_non_null(strstr(state_fault(state), words));
}

/* ---- waiting ---- */

static void all_of_a_turn_wait_together(void **arg)
{
	static struct asked asked[MANY];

	(void)arg;
	start(NULL);
	for (size_t i = 0; i < MANY; i++) {
		new_key(&asked[i]);
		fiber_run(ask_claim, &asked[i]);
	}
	for (size_t i = 0; i < MANY; i++)
		assert_false(asked[i].ended);
	for (size_t i = 0; i < MANY; i++) {
		turn_until_ended(&asked[i]);
		assert_int_equal(asked[i].verdict, STATE_CLAIM_WON);
		assert_int_equal(claim(&asked[i]), STATE_CLAIM_LOST);
	}
}

static void ask_take(void *context)
{
	struct asked *asked = context;
	const struct state_rate rate = {MANY - 1, 24 * 3600 * 1000};

	asked->number = state_take(state, asked->key, rate, clock_wall_ms());
	asked->ended = true;
}

static void ask_take_two(void *context)
{
	struct asked *asked = context;
	const struct state_rate rate = {2, 24 * 3600 * 1000};

	asked->number = state_take(state, asked->key, rate, clock_wall_ms());
	asked->ended = true;
}

/* However many visitors meet at one counter, each is counted and none is told that the state is
 * broken. */
static void all_are_counted_who_meet_at_one_counter(void **arg)
{
	static struct asked asked[MANY];
	size_t taken = 0;

	(void)arg;
	start(NULL);
	new_key(&asked[0]);
	for (size_t i = 0; i < MANY; i++) {
		asked[i] = asked[0];
		fiber_run(ask_take, &asked[i]);
	}
	for (size_t i = 0; i < MANY; i++) {
		turn_until_ended(&asked[i]);
		assert_int_not_equal(asked[i].number, -1);
		taken += asked[i].number == 0;
	}
	assert_int_equal(taken, MANY - 1);
}

static void add_finding(const char *finding, void *context)
{
	char *all = context;

	snprintf(all + strlen(all), FINDINGS_MAX - strlen(all), "%s\n", finding);
}

/* Whether a warning has these words, or, with NULL, whether there is one. */
static bool warns(const char *words)
{
	char all[FINDINGS_MAX] = "";

	state_warn(state, add_finding, all);
	return words != NULL ? strstr(all, words) != NULL : all[0] != '\0';
}

static void what_an_operator_should_set_is_warned_of(void **arg)
{
	static const char *const safe[] = {"--appendonly", "yes", NULL};

	(void)arg;
	start(safe);
	assert_false(warns(NULL));
	assert_true(redis_server_say(&server, "CONFIG SET maxmemory-policy allkeys-lru"));
	assert_true(redis_server_say(&server, "CONFIG SET appendonly no"));
	assert_true(redis_server_say(&server, "CLIENT KILL TYPE normal"));
	while (!warns("noeviction") || !warns("appendonly"))
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(redis_server_say(&server, "CONFIG SET maxmemory-policy noeviction"));
	assert_true(redis_server_say(&server, "CONFIG SET appendonly yes"));
	assert_true(redis_server_say(&server, "CLIENT KILL TYPE normal"));
	while (warns(NULL))
		uv_run(&loop, UV_RUN_ONCE);
}

static void outside_of_a_fiber_nothing_blocks(void **arg)
{
	struct asked asked;

	(void)arg;
	start(NULL);
	new_key(&asked);
	assert_int_equal(state_claim(state, asked.key, CLAIM_S, clock_wall()), STATE_CLAIM_BROKEN);
	assert_int_equal(claim(&asked), STATE_CLAIM_WON);
}

/* ---- servers that do not serve ---- */

static void an_unreachable_server_wins_nothing(void **arg)
{
	(void)arg;
	open_state();
	assert_int_equal(state_born(state), STATE_BORN_UNKNOWN);
	assert_int_equal(claim_new(), STATE_CLAIM_BROKEN);
	expect_fault("no such file");
	/* now the breaker is open: a question fails without a turn of the loop */
	{
		struct asked asked;

		new_key(&asked);
		fiber_run(ask_claim, &asked);
		assert_true(asked.ended);
		assert_int_equal(asked.verdict, STATE_CLAIM_BROKEN);
	}
	redis_server_start(&server, NULL);
	turn_until_reachable(true);
	assert_true(state_born(state) > 0);
	assert_int_equal(claim_new(), STATE_CLAIM_WON);
}

static void a_restart_is_ridden_out(void **arg)
{
	struct asked asked;
	int64_t born;

	(void)arg;
	start(NULL);
	born = state_born(state);
	new_key(&asked);
	run(ask_revoke, &asked);
	assert_int_equal(asked.number, 0);
	assert_true(redis_server_say(&server, "SAVE"));
	redis_server_kill(&server);
	turn_until_reachable(false);
	assert_int_equal(claim_new(), STATE_CLAIM_BROKEN);
	redis_server_start(&server, NULL);
	turn_until_reachable(true);
	assert_int_equal(claim_new(), STATE_CLAIM_WON);
	/* what the server saved is there, so it is the same state */
	assert_int_equal(state_born(state), born);
	run(ask_marked, &asked);
	assert_true(asked.number > 0);
}

static void a_loading_server_wins_nothing(void **arg)
{
	const char *const slow[] = {"--key-load-delay", "2000",
		"--loading-process-events-interval-bytes", "1024", NULL};

	(void)arg;
	redis_server_start(&server, NULL);
	assert_true(redis_server_say(&server, "DEBUG POPULATE 20000"));
	assert_true(redis_server_say(&server, "SAVE"));
	redis_server_kill(&server);
	redis_server_start(&server, slow);
	redisFree(redis_server_connect(&server));
	open_state();
	assert_int_equal(claim_new(), STATE_CLAIM_BROKEN);
	expect_fault("LOADING");
}

static void a_busy_server_wins_nothing(void **arg)
{
	const char *const limits[] = {"--busy-reply-threshold", "50", NULL};
	redisContext *context;

	(void)arg;
	start(limits);
	context = redis_server_connect(&server);
	redisAppendCommand(context, "EVAL %s 0", "while true do end");
	while (redisBufferWrite(context, &(int){0}) != REDIS_OK)
		;
	/* the first may be lost while the server does not look; then it says BUSY */
	for (enum state_verdict verdict = STATE_CLAIM_WON; verdict != STATE_CLAIM_BROKEN;) {
		verdict = claim_new();
		assert_int_not_equal(verdict, STATE_CLAIM_LOST);
	}
	assert_true(redis_server_say(&server, "SCRIPT KILL"));
	redisFree(context);
	turn_until_reachable(true);
	while (claim_new() != STATE_CLAIM_WON)
		uv_run(&loop, UV_RUN_ONCE);
}

static void a_full_server_wins_nothing(void **arg)
{
	(void)arg;
	start(NULL);
	assert_true(redis_server_say(&server, "CONFIG SET maxmemory 1"));
	assert_int_equal(claim_new(), STATE_CLAIM_BROKEN);
	assert_false(state_reachable(state));
	expect_fault("OOM");
	assert_true(redis_server_say(&server, "CONFIG SET maxmemory 0"));
	assert_int_equal(claim_new(), STATE_CLAIM_WON);
	assert_true(state_reachable(state));
}

static void a_primary_without_its_replicas_wins_nothing(void **arg)
{
	(void)arg;
	start(NULL);
	assert_true(redis_server_say(&server, "CONFIG SET min-replicas-to-write 1"));
	assert_int_equal(claim_new(), STATE_CLAIM_BROKEN);
	assert_false(state_reachable(state));
	expect_fault("NOREPLICAS");
	assert_true(redis_server_say(&server, "CONFIG SET min-replicas-to-write 0"));
	assert_int_equal(claim_new(), STATE_CLAIM_WON);
	assert_true(state_reachable(state));
}

static void becomes_a_replica(const char *serves_stale_data)
{
	start((const char *const[]){"--replica-serve-stale-data", serves_stale_data, NULL});
	assert_int_equal(claim_new(), STATE_CLAIM_WON);
	assert_true(redis_server_say(&server, "REPLICAOF 127.0.0.1 1"));
	assert_int_equal(claim_new(), STATE_CLAIM_BROKEN);
	assert_false(state_reachable(state));
	while (strstr(state_fault(state), "replica;") == NULL)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(redis_server_say(&server, "REPLICAOF NO ONE"));
	turn_until_reachable(true);
	assert_int_equal(claim_new(), STATE_CLAIM_WON);
}

static void a_primary_that_becomes_a_replica_wins_nothing(void **arg)
{
	(void)arg;
	becomes_a_replica("yes"); /* READONLY */
}

static void a_replica_without_its_primary_wins_nothing(void **arg)
{
	(void)arg;
	becomes_a_replica("no"); /* MASTERDOWN */
}

/* ---- answers that are lost ---- */

static void a_lost_answer_counts_as_lost(void **arg)
{
	struct asked asked;

	(void)arg;
	start(NULL);
	new_key(&asked);
	kill(server.pid, SIGSTOP);
	assert_int_equal(claim(&asked), STATE_CLAIM_UNKNOWN);
	kill(server.pid, SIGCONT);
	turn_until_reachable(true);
	/* the server made the claim all the same, once */
	assert_int_equal(claim(&asked), STATE_CLAIM_LOST);
	assert_int_equal(claim_new(), STATE_CLAIM_WON);
}

static void a_killed_connection_repeats_nothing(void **arg)
{
	(void)arg;
	start(NULL);
	assert_true(redis_server_say(&server, "CONFIG RESETSTAT"));
	kill(server.pid, SIGSTOP);
	assert_int_equal(claim_new(), STATE_CLAIM_UNKNOWN);
	kill(server.pid, SIGCONT);
	turn_until_reachable(true);
	{
		redisContext *context = redis_server_connect(&server);
		redisReply *reply = redisCommand(context, "INFO commandstats");
		const char *line = strstr(reply->str, "cmdstat_evalsha:calls=");

		assert_non_null(line);
		assert_int_equal(strtol(line + strlen("cmdstat_evalsha:calls="), NULL, 10), 1);
		freeReplyObject(reply);
		redisFree(context);
	}
}

/* ---- replicas ---- */

static bool says(redisContext *context, const char *command, const char *words)
{
	redisReply *reply = redisCommand(context, command);
	char number[24];
	bool found;

	assert_non_null(reply);
	snprintf(number, sizeof number, "%lld", reply->integer);
	found = strstr(reply->str != NULL ? reply->str : number, words) != NULL;
	freeReplyObject(reply);
	return found;
}

static unsigned free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	close(fd);
	return ntohs(address.sin_port);
}

/* The second claim waits until the first one has asked for a replica, of which the server has none.
 * Then another server takes over, which has a replica and never heard of the claims. */
static void replicas_of_another_server_do_not_count(void **arg)
{
	struct state_options options = options_of(&loop);
	struct redis_server heir, replica;
	redisContext *to_server, *to_heir;
	struct asked asked[2];
	char port[8];

	(void)arg;
	snprintf(port, sizeof port, "%u", free_port());
	redis_server_folder(&heir);
	redis_server_start(&heir,
		(const char *const[]){"--port", port, "--repl-diskless-sync-delay", "0", NULL});
	to_heir = redis_server_connect(&heir);
	redis_server_folder(&replica);
	redis_server_start(&replica, (const char *const[]){"--replicaof", "127.0.0.1", port, NULL});
	while (!says(to_heir, "WAIT 1 100", "1"))
		;
	redis_server_start(&server, NULL);
	to_server = redis_server_connect(&server);
	options.replicas = 1;
	state = state_open(&options, NULL);
	turn_until_reachable(true);
	for (size_t i = 0; i < 2; i++) {
		new_key(&asked[i]);
		fiber_run(ask_claim, &asked[i]);
	}
	while (!asked[0].ended && !says(to_server, "INFO clients", "blocked_clients:1"))
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(rename(heir.socket, server.socket), 0);
	kill(server.pid, SIGKILL);
	for (size_t i = 0; i < 2; i++) {
		turn_until_ended(&asked[i]);
		assert_int_equal(asked[i].verdict, STATE_CLAIM_UNKNOWN);
	}
	redisFree(to_server);
	redisFree(to_heir);
	redis_server_end(&replica);
	redis_server_end(&heir);
}

static void ask_know(void *context)
{
	struct asked *asked = context;
	int64_t now = clock_wall();

	asked->number = state_know(state, asked->key, now, now + CLAIM_S);
	asked->ended = true;
}

/* What is in the state already counts as little as what is new, until a replica has it. */
static void what_lacks_its_replica_is_never_confirmed(void **arg)
{
	void (*const asks[])(void *context) = {ask_end, ask_know, ask_revoke};
	struct asked asked[3];
	struct state_options options = options_of(&loop);
	struct redis_server replica;
	redisContext *to_server;
	char port[8];

	(void)arg;
	snprintf(port, sizeof port, "%u", free_port());
	redis_server_start(&server,
		(const char *const[]){"--port", port, "--repl-diskless-sync-delay", "0", NULL});
	to_server = redis_server_connect(&server);
	options.replicas = 1;
	state = state_open(&options, NULL);
	turn_until_reachable(true);
	for (size_t i = 0; i < 3; i++) {
		new_key(&asked[i]);
		for (size_t again = 0; again < 2; again++) {
			run(asks[i], &asked[i]);
			assert_int_equal(asked[i].number, STATE_CHANGE_UNKNOWN);
		}
	}
	redis_server_folder(&replica);
	redis_server_start(&replica, (const char *const[]){"--replicaof", "127.0.0.1", port, NULL});
	while (!says(to_server, "WAIT 1 100", "1"))
		;
	for (size_t i = 0; i < 3; i++)
		do /* on a busy machine the replica may be late */
			run(asks[i], &asked[i]);
		while (asked[i].number == STATE_CHANGE_UNKNOWN);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(asked[i].number, 0);
	redisFree(to_server);
	redis_server_end(&replica);
}

/* ---- a server that is not required ---- */

static enum state_verdict claim_all(struct asked *asked)
{
	run(ask_claim_all, asked);
	return asked->verdict;
}

/* What this machine alone has claimed and ended goes to the server when that is back. */
static void a_machine_goes_on_without_its_server(void **arg)
{
	struct state_options options = options_of(NULL);
	struct asked asked, ended;
	struct state *other;

	(void)arg;
	open_optional_state();
	new_key(&asked);
	assert_int_equal(claim_all(&asked), STATE_CLAIM_WON);
	assert_true(asked.is_local);
	assert_true(state_is_local(state));
	assert_true(state_born(state) > 0);
	assert_int_equal(claim_all(&asked), STATE_CLAIM_LOST);
	new_key(&ended);
	run(ask_end, &ended);
	assert_int_equal(ended.number, 0);
	run(ask_ended, &ended);
	assert_int_equal(ended.number, 1);
	run(ask_lease, &ended);
	assert_int_equal(ended.number, STATE_LEASE_BROKEN);

	redis_server_start(&server, NULL);
	turn_until_reachable(true);
	assert_false(state_is_local(state));
	assert_int_equal(claim_all(&asked), STATE_CLAIM_LOST);
	assert_int_equal(claim(&(struct asked){.key = {1}}), STATE_CLAIM_WON);
	other = state_open(&options, NULL);
	assert_non_null(other);
	while (state_ended(other, ended.key) != 1)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(state_claim(other, asked.key, CLAIM_S, clock_wall()), STATE_CLAIM_LOST);
	state_close(&other);
}

static void nothing_is_won_twice_when_the_server_goes(void **arg)
{
	struct asked asked, unknown, limited[4];

	(void)arg;
	redis_server_start(&server, NULL);
	redisFree(redis_server_connect(&server));
	open_optional_state();
	turn_until_reachable(true);
	new_key(&asked);
	assert_int_equal(claim_all(&asked), STATE_CLAIM_WON);
	assert_false(asked.is_local);
	new_key(&unknown);
	kill(server.pid, SIGSTOP);
	assert_int_equal(claim_all(&unknown), STATE_CLAIM_UNKNOWN);
	redis_server_kill(&server);
	turn_until_reachable(false);
	assert_int_equal(claim_all(&asked), STATE_CLAIM_LOST);
	assert_int_equal(claim_all(&unknown), STATE_CLAIM_LOST);
	/* and counters count */
	new_key(&limited[0]);
	for (size_t i = 0; i < 3; i++) {
		run(ask_take_two, &limited[0]);
		assert_int_equal(limited[0].number == 0, i < 2);
	}
	/* an empty server does not give back what was won here */
	redis_server_start(&server, NULL);
	turn_until_reachable(true);
	assert_int_equal(claim_all(&asked), STATE_CLAIM_LOST);
	assert_int_equal(claim_all(&unknown), STATE_CLAIM_LOST);
}

/* The server is back, but lacks what this machine has revoked without it. */
static void a_revocation_without_the_server_counts_when_it_is_back(void **arg)
{
	redisContext *to_server;
	char away[120];
	struct asked mine;

	(void)arg;
	redis_server_start(&server, NULL);
	to_server = redis_server_connect(&server);
	open_optional_state();
	turn_until_reachable(true);
	new_key(&mine);
	run(ask_is_over, &mine);
	assert_int_equal(mine.number, 0);
	snprintf(away, sizeof away, "%s.away", server.socket);
	assert_int_equal(rename(server.socket, away), 0);
	freeReplyObject(redisCommand(to_server, "CLIENT KILL TYPE normal"));
	redisFree(to_server);
	turn_until_reachable(false);
	run(ask_revoke, &mine);
	assert_int_equal(mine.number, 0);
	assert_int_equal(rename(away, server.socket), 0);
	turn_until_reachable(true);
	run(ask_is_over, &mine);
	assert_int_equal(mine.number, 1);
}

/* A machine alone knows no revocation but when the last one was: older sessions are void. */
static void without_the_server_the_last_revocation_is_everybodys(void **arg)
{
	struct asked other, mine;

	(void)arg;
	redis_server_start(&server, NULL);
	redisFree(redis_server_connect(&server));
	open_optional_state();
	turn_until_reachable(true);
	new_key(&other);
	new_key(&mine);
	run(ask_is_over, &mine);
	assert_int_equal(mine.number, 0);
	run(ask_revoke, &other);
	run(ask_is_over, &mine);
	assert_int_equal(mine.number, 0);
	run(ask_is_over, &other);
	assert_int_equal(other.number, 1);
	redis_server_kill(&server);
	turn_until_reachable(false);
	run(ask_is_over, &mine);
	assert_int_equal(mine.number, 1);
}

/* Also if somebody was revoked since: each question makes the visitor wait. */
static void one_question_tells_whether_a_session_is_over(void **arg)
{
	struct asked other, mine;
	redisContext *context;
	redisReply *reply;

	(void)arg;
	start(NULL);
	new_key(&other);
	new_key(&mine);
	run(ask_revoke, &other);
	assert_true(redis_server_say(&server, "CONFIG RESETSTAT"));
	run(ask_is_over, &mine);
	assert_int_equal(mine.number, 0);
	context = redis_server_connect(&server);
	reply = redisCommand(context, "INFO commandstats");
	assert_non_null(reply);
	assert_non_null(strstr(reply->str, "cmdstat_mget:calls=1,"));
	freeReplyObject(reply);
	redisFree(context);
}

/* ---- states that were lost ---- */

static void scripts_that_are_gone_are_sent_again(void **arg)
{
	(void)arg;
	start(NULL);
	assert_int_equal(claim_new(), STATE_CLAIM_WON);
	assert_true(redis_server_say(&server, "SCRIPT FLUSH"));
	assert_int_equal(claim_new(), STATE_CLAIM_WON);
}

static void an_emptied_server_is_a_new_state(void **arg)
{
	struct asked asked;
	int64_t born;

	(void)arg;
	start(NULL);
	born = state_born(state);
	new_key(&asked);
	run(ask_revoke, &asked);
	while (clock_wall() < born + 3)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(redis_server_say(&server, "FLUSHALL"));
	/* nobody is told that the revocation is gone: the question fails */
	run(ask_marked, &asked);
	assert_int_equal(asked.number, -1);
	turn_until_reachable(true);
	assert_true(state_born(state) > born);
	run(ask_marked, &asked);
	assert_int_equal(asked.number, 0);
	assert_true(redis_server_say(&server, "FLUSHALL"));
	assert_int_equal(claim_new(), STATE_CLAIM_BROKEN);
	turn_until_reachable(true);
	assert_int_equal(claim_new(), STATE_CLAIM_WON);
}

/* ---- who may ---- */

static void a_password_is_needed_and_given(void **arg)
{
	struct state_options options;
	struct error error = {""};

	(void)arg;
	redis_server_start(&server, (const char *const[]){"--requirepass", "s3cret-s3cret", NULL});
	redisFree(redis_server_connect(&server));
	options = options_of(NULL);
	assert_null(state_open(&options, &error));
	assert_non_null(strstr(error.text, "NOAUTH"));
	password = "wrong-wrong";
	assert_null(state_open(&options, &error));
	assert_non_null(strstr(error.text, "WRONGPASS"));
	assert_null(strstr(error.text, password));
	password = "s3cret-s3cret";
	state = state_open(&options, &error);
	assert_non_null(state);
}

/* The ACL that the manual gives is enough, and other keys stay closed. */
static void the_acl_of_the_manual_is_enough(void **arg)
{
	char address[192];
	struct state_options options;
	struct error error = {""};
	struct asked asked;

	(void)arg;
	redis_server_start(&server, NULL);
	assert_true(redis_server_say(&server,
		"ACL SETUSER meetauth on >s3cret-s3cret resetkeys ~test:* -@all +eval +evalsha "
		"+script|load +get +mget +set +del +time +ping +select +info"));
	snprintf(address, sizeof address, "redis+unix://meetauth@%s", server.socket);
	password = "s3cret-s3cret";
	options = options_of(NULL);
	options.address = address;
	state = state_open(&options, &error);
	assert_string_equal(error.text, "");
	assert_non_null(state);
	new_key(&asked);
	assert_int_equal(state_claim(state, asked.key, CLAIM_S, clock_wall()), STATE_CLAIM_WON);
	assert_int_equal(state_claim(state, asked.key, CLAIM_S, clock_wall()), STATE_CLAIM_LOST);
	assert_int_equal(state_revoke(state, asked.key, clock_wall(), clock_wall() + 100), 0);
	state_close(&state);
	options.prefix = "other:";
	assert_null(state_open(&options, &error));
	assert_non_null(strstr(error.text, "NOPERM"));
}

static void prefixes_are_states_of_their_own(void **arg)
{
	struct state_options options = options_of(NULL);
	struct state *other;
	struct asked asked;

	(void)arg;
	start(NULL);
	new_key(&asked);
	assert_int_equal(claim(&asked), STATE_CLAIM_WON);
	options.prefix = "other:";
	other = state_open(&options, NULL);
	assert_non_null(other);
	assert_int_equal(state_claim(other, asked.key, CLAIM_S, clock_wall()), STATE_CLAIM_WON);
	state_close(&other);
}

/* ---- an operator who changes states ---- */

/* From LMDB to a server and to LMDB again: what was claimed, ended and revoked still is, and
 * sessions go on. */
static void a_state_is_copied_both_ways(void **arg)
{
	char folder[] = "/tmp/meetauth-copy-XXXXXX", path[64];
	struct state_options options = options_of(NULL);
	struct asked claimed, ended, revoked;
	struct state *lmdb, *redis;
	int64_t now = clock_wall(), born;

	(void)arg;
	redis_server_start(&server, NULL);
	redisFree(redis_server_connect(&server));
	assert_true(redis_server_say(&server, "SET test:foreign x"));
	assert_non_null(mkdtemp(folder));
	lmdb = state_lmdb_open(folder, 1 << 20, NULL);
	assert_non_null(lmdb);
	born = lmdb->born -= 1000;
	new_key(&claimed);
	new_key(&ended);
	new_key(&revoked);
	assert_int_equal(state_claim(lmdb, claimed.key, CLAIM_S, now), STATE_CLAIM_WON);
	assert_int_equal(state_end(lmdb, ended.key, now, now + CLAIM_S), 0);
	assert_int_equal(state_revoke(lmdb, revoked.key, now, now + CLAIM_S), 0);

	redis = state_open(&options, NULL);
	assert_non_null(redis);
	assert_int_equal(state_move(lmdb, redis), 4);
	state_close(&lmdb);
	snprintf(path, sizeof path, "%s/state.mdb", folder);
	unlink(path);
	state_close(&redis);
	redis = state_open(&options, NULL);
	assert_int_equal(state_born(redis), born);
	assert_int_equal(state_claim(redis, claimed.key, CLAIM_S, now), STATE_CLAIM_LOST);
	assert_int_equal(state_ended(redis, ended.key), 1);
	assert_int_equal(state_marked(redis, revoked.key), now);

	lmdb = state_lmdb_open(folder, 1 << 20, NULL);
	assert_int_equal(state_move(redis, lmdb), 4);
	state_close(&redis);
	state_close(&lmdb);
	lmdb = state_lmdb_open(folder, 1 << 20, NULL);
	assert_int_equal(state_born(lmdb), born);
	assert_int_equal(state_claim(lmdb, claimed.key, CLAIM_S, now), STATE_CLAIM_LOST);
	assert_int_equal(state_ended(lmdb, ended.key), 1);
	assert_int_equal(state_marked(lmdb, last_revocation), now);
	state_close(&lmdb);
	unlink(path);
	snprintf(path, sizeof path, "%s/state.mdb-lock", folder);
	unlink(path);
	rmdir(folder);
}

/* ---- clocks ---- */

/* A machine whose clock is an hour ahead counts by the server's clock. */
static void the_servers_clock_counts(void **arg)
{
	const int64_t hour_us = INT64_C(3600) * 1000000;
	int64_t now_us;

	(void)arg;
	start(NULL);
	now_us = clock_wall_ms() * 1000;
	/* the difference between this wall clock and the server's is less than a step */
	assert_in_range(
		state_time(state, now_us) - now_us + hour_us, hour_us - 1000000, hour_us + 1000000);
	/* as if the server's clock were an hour behind ours */
	state->clock.wall_ms -= 3600 * 1000;
	assert_in_range(now_us - state_time(state, now_us), hour_us - 1000000, hour_us + 1000000);
}

/* A server that answers late has the same clock as before, so no session is taken for older than
 * the state. */
static void a_slow_answer_moves_no_clock(void **arg)
{
	redisContext *context;
	struct asked asked;
	int64_t born, now_us = clock_wall_ms() * 1000, before_us;

	(void)arg;
	start(NULL);
	born = state_born(state);
	before_us = state_time(state, now_us);
	context = redis_server_connect(&server);
	for (int i = 0; i < 3; i++) {
		redisAppendCommand(context, "DEBUG SLEEP 0.7");
		redisBufferWrite(context, NULL);
		new_key(&asked);
		run(ask_marked, &asked); /* it waits behind the other question, and a beat too */
		turn_until_reachable(true);
		assert_int_equal(state_born(state), born);
		assert_int_equal(state_time(state, now_us), before_us);
	}
	redisFree(context);
}

static void ask_revoke_wrongly(void *context)
{
	struct asked *asked = context;
	int64_t now = clock_wall() + asked->number;

	assert_int_equal(state_revoke(state, asked->key, now, now + CLAIM_S), 0);
	asked->ended = true;
}

/* A machine whose clock is wrong revokes what has begun until then at the others, and nothing that
 * begins afterwards. */
static void the_servers_clock_tells_what_is_revoked(void **arg)
{
	const int64_t wrong_s[] = {-60, 60};

	(void)arg;
	start(NULL);
	for (size_t i = 0; i < 2; i++) {
		int64_t began = state_shared_time(state, clock_wall() + wrong_s[i]);
		struct asked asked;

		new_key(&asked);
		asked.number = wrong_s[i];
		run(ask_revoke_wrongly, &asked);
		run(ask_marked, &asked);
		assert_in_range(asked.number, began, state_shared_time(state, 0));
	}
}

/* Entries leave the server by themselves. */
static void entries_end_at_the_server(void **arg)
{
	struct asked asked;
	redisContext *context;
	redisReply *reply;

	(void)arg;
	start(NULL);
	new_key(&asked);
	assert_int_equal(claim(&asked), STATE_CLAIM_WON);
	context = redis_server_connect(&server);
	reply = redisCommand(context, "KEYS test:c:*");
	assert_int_equal(reply->elements, 1);
	{
		redisReply *ttl = redisCommand(context, "PTTL %s", reply->element[0]->str);

		assert_in_range(ttl->integer, (CLAIM_S - 60) * 1000, (CLAIM_S + 1) * 1000);
		freeReplyObject(ttl);
	}
	freeReplyObject(reply);
	redisFree(context);
}

/* ---- addresses ---- */

static void addresses_are_parsed(void **arg)
{
	struct redis_address address;
	struct error error;

	(void)arg;
	assert_int_equal(redis_address_parse("redis://db.example.org", &address, &error), 0);
	assert_string_equal(address.host, "db.example.org");
	assert_int_equal(address.port, 6379);
	assert_int_equal(address.db, 0);
	assert_string_equal(address.user, "");
	assert_int_equal(redis_address_parse("redis://me@[2001:db8::1]:7/12", &address, &error), 0);
	assert_string_equal(address.host, "2001:db8::1");
	assert_string_equal(address.user, "me");
	assert_int_equal(address.port, 7);
	assert_int_equal(address.db, 12);
	assert_int_equal(
		redis_address_parse("redis+unix:///run/redis.sock?db=3", &address, &error), 0);
	assert_string_equal(address.path, "/run/redis.sock");
	assert_int_equal(address.db, 3);
	assert_int_equal(redis_address_parse("rediss://h", &address, &error), 0);
	assert_true(address.is_tls);
	assert_int_equal(redis_address_parse("redis+unix://u@/s", &address, &error), 0);
	assert_string_equal(address.user, "u");
}

static void bad_addresses_are_refused(void **arg)
{
	static const char *const bad[] = {"redis:", "redis:/h", "redis://", "redis://:6379",
		"redis://h:", "redis://h:0", "redis://h:65536", "redis://h:1x", "redis://h/x",
		"redis://h/1/2", "redis://h/0?db=1", "redis://[::1", "redis://h h", "redis://@h",
		"redis+unix://h", "redis+unix:///s?database=1",
		"redis+unix:///s?db=", "redis://u:p@h", "redis://:p@h", "redis-cluster://h"};
	struct redis_address address;
	struct error error;

	(void)arg;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (redis_address_parse(bad[i], &address, &error) == 0)
			print_message("accepted: %s\n", bad[i]);
		assert_int_equal(redis_address_parse(bad[i], &address, &error), -1);
	}
	assert_int_equal(redis_address_parse("redis://u:hunter2@h", &address, &error), -1);
	assert_null(strstr(error.text, "hunter2"));
	assert_non_null(strstr(error.text, "secret set state"));
}

/* An array takes its memory when its length is known. */
static void an_array_that_no_answer_has_is_refused(void **unused)
{
	static const char *const bad[] = {"*800000000\r\n", "*2147483647\r\n", "*65537\r\n"};
	static const char good[] = "*65536\r\n";
	void *reply = NULL;

	(void)unused;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		redisReader *reader = wire_reader();

		assert_int_equal(redisReaderFeed(reader, bad[i], strlen(bad[i])), REDIS_OK);
		assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_ERR);
		redisReaderFree(reader);
	}
	redisReader *reader = wire_reader();

	assert_int_equal(redisReaderFeed(reader, good, strlen(good)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	redisReaderFree(reader);
}

#define SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest parsing[] = {
		cmocka_unit_test(addresses_are_parsed),
		cmocka_unit_test(bad_addresses_are_refused),
		cmocka_unit_test(an_array_that_no_answer_has_is_refused),
	};
	const struct CMUnitTest tests[] = {
		SERVER(all_of_a_turn_wait_together),
		SERVER(all_are_counted_who_meet_at_one_counter),
		SERVER(what_an_operator_should_set_is_warned_of),
		SERVER(outside_of_a_fiber_nothing_blocks),
		SERVER(an_unreachable_server_wins_nothing),
		SERVER(a_restart_is_ridden_out),
		SERVER(a_loading_server_wins_nothing),
		SERVER(a_busy_server_wins_nothing),
		SERVER(a_full_server_wins_nothing),
		SERVER(a_primary_without_its_replicas_wins_nothing),
		SERVER(a_primary_that_becomes_a_replica_wins_nothing),
		SERVER(a_replica_without_its_primary_wins_nothing),
		SERVER(a_lost_answer_counts_as_lost),
		SERVER(a_killed_connection_repeats_nothing),
		SERVER(replicas_of_another_server_do_not_count),
		SERVER(what_lacks_its_replica_is_never_confirmed),
		SERVER(a_machine_goes_on_without_its_server),
		SERVER(nothing_is_won_twice_when_the_server_goes),
		SERVER(without_the_server_the_last_revocation_is_everybodys),
		SERVER(a_revocation_without_the_server_counts_when_it_is_back),
		SERVER(one_question_tells_whether_a_session_is_over),
		SERVER(scripts_that_are_gone_are_sent_again),
		SERVER(an_emptied_server_is_a_new_state),
		SERVER(a_password_is_needed_and_given),
		SERVER(the_acl_of_the_manual_is_enough),
		SERVER(prefixes_are_states_of_their_own),
		SERVER(a_state_is_copied_both_ways),
		SERVER(the_servers_clock_counts),
		SERVER(a_slow_answer_moves_no_clock),
		SERVER(the_servers_clock_tells_what_is_revoked),
		SERVER(entries_end_at_the_server),
	};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	failed = cmocka_run_group_tests(parsing, NULL, NULL);
	if (redis_server_missing()) {
		print_message("no redis-server: the rest is left out\n");
		return failed;
	}
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no hiredis */
}

#endif
