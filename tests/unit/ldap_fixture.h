/* SPDX-License-Identifier: MIT
 *
 * A directory that says what a test wants it to say, also what no server would: it listens on
 * loopback, counts what it is asked, and remembers as whom each connection is bound.
 */
#ifndef LDAP_FIXTURE_H
#define LDAP_FIXTURE_H

#include "section_fixture.h"

#include <arpa/inet.h>
#include <lber.h>
#include <ldap.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum { FAKE_CONNECTIONS_MAX = 32, FAKE_VALUES_MAX = 80 };

#define FAKE_SERVICE  "cn=service,dc=example,dc=org"
#define FAKE_PASSWORD "right & secret"

struct fake_attribute {
	const char *name;
	const char *values[FAKE_VALUES_MAX];
};

struct fake_entry {
	const char *dn;
	struct fake_attribute attributes[6];
};

struct fake_connection {
	Sockbuf *buffer;
	int fd;
	bool person; /* bound as one */
};

/* What it does; a test sets it between two calls. */
struct fake_script {
	int bind_code; /* to a person with the right password, who otherwise gets 49 */
	const char *words;
	int policy_error; /* of the ppolicy control; -1: no control */
	bool expired_control;
	const struct fake_entry *entries; /* the answer to a search of people */
	size_t entry_count;
	const struct fake_entry *groups; /* the answer to a search below ou=groups */
	size_t group_count;
	int search_code;
	const char *reference; /* a search result reference among the answers */
	int extended_code;
	bool silent;	    /* takes everything and answers nothing */
	bool half;	    /* half an answer to a search */
	bool closes;	    /* hangs up behind the answer to a search */
	bool closes_before; /* hangs up instead of it */
};

struct fake {
	struct fake_script script;
	int listener, port, wake[2];
	pthread_t thread;
	struct fake_connection connections[FAKE_CONNECTIONS_MAX];
	/* Counted. */
	atomic_int accepted, service_binds, binds, searches, group_searches, extended;
	atomic_int searches_as_person;
	char bound_dn[512], base[256];
	char filter[512]; /* of the last search, as its bytes came */
	size_t filter_length;
};

static const struct fake_script fake_silent_script = {.policy_error = -1};

/* ---- writing ---- */

static inline void fake_send(struct fake_connection *connection, BerElement *ber)
{
	ber_flush2(connection->buffer, ber, LBER_FLUSH_FREE_ALWAYS);
}

static inline void fake_result(struct fake_connection *connection, ber_int_t id, ber_tag_t tag,
	int code, const char *words)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	static const char *const nowhere[] = {"ldap://127.0.0.1:1/dc=example,dc=org", NULL};

	if (code == LDAP_REFERRAL)
		ber_printf(ber, "{it{esst{v}}}", id, tag, code, "", "", LDAP_TAG_REFERRAL,
			(char **)(uintptr_t)nowhere);
	else
		ber_printf(ber, "{it{ess}}", id, tag, code, "", words != NULL ? words : "");
	fake_send(connection, ber);
}

static inline void fake_bind_result(
	struct fake *fake, struct fake_connection *connection, ber_int_t id, int code)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER), *inner = ber_alloc_t(LBER_USE_DER);
	const struct fake_script *script = &fake->script;
	struct berval value = {0, NULL};

	ber_printf(inner, "{te}", (ber_tag_t)0x81, script->policy_error);
	ber_flatten2(inner, &value, 0);
	ber_printf(ber, "{it{ess}", id, (ber_tag_t)LDAP_RES_BIND, code, "",
		script->words != NULL ? script->words : "");
	if (script->policy_error >= 0)
		ber_printf(ber, "t{{sO}}", (ber_tag_t)LDAP_TAG_CONTROLS,
			LDAP_CONTROL_PASSWORDPOLICYRESPONSE, &value);
	else if (script->expired_control)
		ber_printf(ber, "t{{s}}", (ber_tag_t)LDAP_TAG_CONTROLS,
			LDAP_CONTROL_X_PASSWORD_EXPIRED);
	ber_printf(ber, "}");
	fake_send(connection, ber);
	ber_free(inner, 1);
}

static inline void fake_entry(
	struct fake_connection *connection, ber_int_t id, const struct fake_entry *entry)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);

	ber_printf(ber, "{it{s{", id, (ber_tag_t)LDAP_RES_SEARCH_ENTRY, entry->dn);
	for (size_t i = 0; i < COUNT(entry->attributes) && entry->attributes[i].name; i++)
		ber_printf(ber, "{s[v]}", entry->attributes[i].name,
			(char **)(uintptr_t)entry->attributes[i].values);
	ber_printf(ber, "}}}");
	fake_send(connection, ber);
}

/* ---- reading ---- */

static inline void fake_bind(
	struct fake *fake, struct fake_connection *connection, BerElement *ber, ber_int_t id)
{
	ber_int_t version;
	struct berval dn, secret;
	bool right, service;

	ber_scanf(ber, "{imtm", &version, &dn, &(ber_tag_t){0}, &secret);
	right = secret.bv_len == strlen(FAKE_PASSWORD) &&
		memcmp(secret.bv_val, FAKE_PASSWORD, secret.bv_len) == 0;
	service = strcmp(dn.bv_val, FAKE_SERVICE) == 0;
	connection->person = !service;
	atomic_fetch_add(service ? &fake->service_binds : &fake->binds, 1);
	if (service) {
		fake_result(connection, id, LDAP_RES_BIND,
			right ? LDAP_SUCCESS : LDAP_INVALID_CREDENTIALS, NULL);
		return;
	}
	snprintf(fake->bound_dn, sizeof fake->bound_dn, "%s", dn.bv_val);
	fake_bind_result(
		fake, connection, id, right ? fake->script.bind_code : LDAP_INVALID_CREDENTIALS);
}

static inline void fake_answer_search(
	struct fake *fake, struct fake_connection *connection, ber_int_t id, bool groups)
{
	const struct fake_script *script = &fake->script;
	const struct fake_entry *entries = groups ? script->groups : script->entries;
	size_t count = groups ? script->group_count : script->entry_count;

	for (size_t i = 0; i < count; i++)
		fake_entry(connection, id, &entries[i]);
	if (script->reference != NULL) {
		BerElement *ber = ber_alloc_t(LBER_USE_DER);
		const char *const list[] = {script->reference, NULL};

		ber_printf(ber, "{it{v}}", id, (ber_tag_t)LDAP_RES_SEARCH_REFERENCE,
			(char **)(uintptr_t)list);
		fake_send(connection, ber);
	}
	if (script->half)
		assert_int_equal(send(connection->fd, "\x30\x50\x02\x01", 4, MSG_NOSIGNAL), 4);
	else
		fake_result(connection, id, LDAP_RES_SEARCH_RESULT, script->search_code, NULL);
}

static inline void fake_search(
	struct fake *fake, struct fake_connection *connection, BerElement *ber, ber_int_t id)
{
	ber_int_t scope, deref, size, time, types;
	ber_len_t left = 0;
	struct berval base;
	bool groups;

	ber_scanf(ber, "{meeiib", &base, &scope, &deref, &size, &time, &types);
	groups = strstr(base.bv_val, "ou=groups") == base.bv_val;
	snprintf(fake->base, sizeof fake->base, "%s", base.bv_val);
	atomic_fetch_add(groups ? &fake->group_searches : &fake->searches, 1);
	if (connection->person)
		atomic_fetch_add(&fake->searches_as_person, 1);
	ber_get_option(ber, LBER_OPT_BER_REMAINING_BYTES, &left);
	fake->filter_length = left < sizeof fake->filter ? left : sizeof fake->filter;
	ber_read(ber, fake->filter, fake->filter_length);
	fake_answer_search(fake, connection, id, groups);
}

static inline void fake_close(struct fake_connection *connection)
{
	ber_sockbuf_free(connection->buffer); /* closes the descriptor */
	*connection = (struct fake_connection){.fd = -1};
}

/* False: hang up. */
static inline bool fake_serve(
	struct fake *fake, struct fake_connection *connection, BerElement *ber)
{
	ber_int_t id = 0;
	ber_tag_t tag = LBER_ERROR;
	ber_len_t length;

	if (ber_scanf(ber, "i", &id) != LBER_ERROR)
		tag = ber_peek_tag(ber, &length);
	switch (tag) {
	case LDAP_REQ_BIND:
		fake_bind(fake, connection, ber, id);
		return true;
	case LDAP_REQ_SEARCH:
		if (fake->script.closes_before)
			return false;
		fake_search(fake, connection, ber, id);
		return !fake->script.closes;
	case LDAP_REQ_EXTENDED:
		atomic_fetch_add(&fake->extended, 1);
		fake_result(connection, id, LDAP_RES_EXTENDED, fake->script.extended_code, NULL);
		return true;
	default:
		return false;
	}
}

static inline void fake_read(struct fake *fake, struct fake_connection *connection)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	ber_len_t length;
	bool stays = ber_get_next(connection->buffer, &length, ber) == LBER_SEQUENCE;

	if (stays && !fake->script.silent)
		stays = fake_serve(fake, connection, ber);
	ber_free(ber, 1);
	if (!stays)
		fake_close(connection);
}

static inline void fake_accept(struct fake *fake)
{
	int fd = accept(fake->listener, NULL, NULL);

	for (size_t i = 0; fd >= 0 && i < FAKE_CONNECTIONS_MAX; i++) {
		struct fake_connection *connection = &fake->connections[i];

		if (connection->fd >= 0)
			continue;
		atomic_fetch_add(&fake->accepted, 1);
		*connection = (struct fake_connection){ber_sockbuf_alloc(), fd, false};
		ber_sockbuf_add_io(
			connection->buffer, &ber_sockbuf_io_tcp, LBER_SBIOD_LEVEL_PROVIDER, &fd);
		return;
	}
}

static inline void *fake_main(void *context)
{
	struct fake *fake = context;
	struct pollfd polls[FAKE_CONNECTIONS_MAX + 2];

	for (;;) {
		polls[0] = (struct pollfd){fake->wake[0], POLLIN, 0};
		polls[1] = (struct pollfd){fake->listener, POLLIN, 0};
		for (size_t i = 0; i < FAKE_CONNECTIONS_MAX; i++)
			polls[i + 2] = (struct pollfd){fake->connections[i].fd, POLLIN, 0};
		if (poll(polls, COUNT(polls), -1) < 0)
			continue;
		if (polls[0].revents)
			return NULL;
		for (size_t i = 0; i < FAKE_CONNECTIONS_MAX; i++)
			if (polls[i + 2].revents)
				fake_read(fake, &fake->connections[i]);
		if (polls[1].revents)
			fake_accept(fake);
	}
}

static inline void fake_start(struct fake *fake)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;

	memset(fake, 0, sizeof *fake);
	fake->script = fake_silent_script;
	for (size_t i = 0; i < FAKE_CONNECTIONS_MAX; i++)
		fake->connections[i].fd = -1;
	assert_int_equal(pipe(fake->wake), 0);
	fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fake->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fake->listener, 16), 0);
	assert_int_equal(getsockname(fake->listener, (struct sockaddr *)&address, &length), 0);
	fake->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&fake->thread, NULL, fake_main, fake), 0);
}

/* Hangs up everywhere. */
static inline void fake_stop(struct fake *fake)
{
	assert_int_equal(write(fake->wake[1], "x", 1), 1);
	pthread_join(fake->thread, NULL);
	for (size_t i = 0; i < FAKE_CONNECTIONS_MAX; i++)
		if (fake->connections[i].fd >= 0)
			fake_close(&fake->connections[i]);
	close(fake->listener);
	close(fake->wake[0]);
	close(fake->wake[1]);
}

#endif
