/* SPDX-License-Identifier: MIT
 *
 * Private to the Redis driver, the state of a pool that spans machines: a Redis or Valkey server.
 * An entry is a key PREFIX KIND ":" HEX with the value as decimal text (Lua's numbers are doubles),
 * which expires by itself.
 *
 * A change is decided here and applied by a script that compares and sets: it first guesses that
 * there are no such entries; where the script finds others it changes nothing and returns them, and
 * the change is decided again. So however many machines ask, each decision was made on the values
 * that it replaced.
 *
 * The key PREFIX "born" tells when the state was made. The script and each read compare it: on a
 * server that was emptied nothing is decided before this process knows the new time.
 *
 * redis.c opens and closes, greeting.c begins a connection and compares clocks, change.c and read.c
 * ask, replicas.c waits for replicas, question.c has what they share, link*.c hold the connection.
 */
#pragma once

#include "state/driver.h"
#include "state/redis/link.h"

enum {
	BORN_SIZE = 64,
	KEY_SIZE = STATE_PREFIX_MAX + 2 + 2 * STATE_KEY_SIZE + 1,
	NUMBER_SIZE = 24,
	REASON_SIZE = 200,
	CLOCK_STEP_MS = 100,
	REFUSED_MS = 10000, /* how long a refused change makes the state unreachable */
};

/* A command with its words, for a question. */
struct command {
	struct link_question question;
	const char *words[8];
	size_t sizes[8];
};

enum greeting { GREET_AUTH = 0, GREET_SELECT, GREET_INFO, GREET_LOAD, GREET_BORN, GREETINGS };

/* What is wrong with a server that works. */
enum warning {
	WARN_EVICTION = 0,
	WARN_FILE,
	WARN_REPLICAS,
	WARN_REPLICATION,
	WARN_CLOCK,
	WARNINGS,
};

struct redis {
	struct state state;
	struct link_servers servers;
	struct link *link;
	char prefix[STATE_PREFIX_MAX + 1];
	int64_t timeout_ms;
	state_password *password;
	void *password_context;
	char born_key[KEY_SIZE], born[BORN_SIZE]; /* born "": not known now */
	char script[64]; /* the SHA-1 of redis_change_script, "": not known */
	struct command greeting[GREETINGS];
	unsigned greetings_left;
	uint64_t connection;	   /* which one this is, from 1 */
	char refusal[REASON_SIZE]; /* why the greeting failed */
	char error[REASON_SIZE];   /* the server's last */
	int64_t refused_ms;	   /* when it last refused a change; 0: it has made one since */
	int64_t short_ms;	   /* when it last lacked replicas; 0: it has had them since */
	char version[32], about[REASON_SIZE + REDIS_USER_MAX];
	char eviction[32];		      /* the policy of the server; "": not known */
	char warnings[WARNINGS][REASON_SIZE]; /* "": it is well */
	bool warned[WARNINGS];		      /* it was logged */
	int64_t ahead_ms;		      /* our wall clock, of the server's */
	struct changing *changing;	      /* those that are asked, */
	struct changing *waiting; /* and those that wait for one of them, the first one first */
	int64_t replicas;	  /* that have to have a change; 0: none */
	struct replicating *replicating; /* that wait for replicas, */
	bool asks_replicas;		 /* while others ask */
	struct command beat;
	bool beats;
	bool is_tool; /* without a loop of others: what is wrong is the tool's to print */
	int64_t beat_began_ms;
};

/* ---- question.c ---- */

extern const char redis_change_script[];

/* The words of a command, NULL after the last. They have to live as long as it. */
void redis_set_words(struct command *command, int64_t deadline_ms, const char *const *words);

/* Waits for the connection: what a question says depends on the greeting. */
bool redis_is_usable(struct redis *redis, int64_t deadline_ms);

/* What an error of the server means for the question: it has not been done. */
void redis_take_error(struct redis *redis, const char *text);

void redis_key_of(const struct redis *redis, const struct state_name *name, char key[KEY_SIZE]);
void redis_print_number(char text[NUMBER_SIZE], int64_t number);

/* Reads an entry's value; *found_r is false for nil, an entry that does not exist. 0, or -1 for
 * another kind of answer. */
int redis_parse_value(const redisReply *reply, bool *found_r, int64_t *value_r);

/* The value of a line "NAME:VALUE" of INFO; "" without one. */
void redis_find_info(const char *info, const char *name, char *value, size_t size);

/* ---- greeting.c ---- */

/* For struct link_greeting; the context is the struct redis. */
void redis_begin_greeting(void *context);
void redis_beat(void *context);

/* The state was made anew: no question is asked before its birth is known. */
void redis_forget_birth(struct redis *redis);

void redis_warn_of_replication(struct redis *redis, int64_t have, const char *error);

/* ---- replicas.c ---- */

/* Waits until `replicas` have all that was written so far. 0; -1 if they may lack it. */
int redis_await_replicas(struct redis *redis, int64_t deadline_ms);

/* ---- change.c, read.c: of struct state_driver ---- */

int redis_change(
	struct state *state, const struct state_change *changes, size_t count, int64_t now_us);
int redis_read(struct state *state, const struct state_name *names, size_t count,
	struct state_value *values_r);
int redis_each(struct state *state,
	void (*see)(const struct state_name *name, int64_t value, void *context), void *context);
int redis_set_born(struct state *state, int64_t born);
