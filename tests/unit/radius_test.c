/* SPDX-License-Identifier: MIT
 *
 * The backend "radius": its packets against those of RFC 2865, and the backend against a server in
 * a thread that lies in all ways that are known. The integration test has a real server.
 */
#include "backend_fixture.h"

#ifdef HAVE_RADIUS

#include "auth/radius/packet.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

extern const struct auth_backend auth_radius;

#define SECRET "a shared secret"
#define NAME_OF                                                                                    \
	"\x01\x06"                                                                                 \
	"Anna"
#define STAFF                                                                                      \
	"\x0b\x07"                                                                                 \
	"staff"
#define HOSTS                                                                                      \
	"\x0b\x07"                                                                                 \
	"hosts"
#define STATE                                                                                      \
	"\x18\x06"                                                                                 \
	"\x00\x01\xfe\xff"
#define ASK                                                                                        \
	"\x12\x0b"                                                                                 \
	"The\ncode?"                                                                               \
	"\x4c\x06\x00\x00\x00\x00" STATE

/* ---- replies, true and false ---- */

enum lie {
	TRUE_REPLY = 0,
	ANOTHER_ID,
	ANOTHER_KIND,
	WRONG_PROOF,
	NO_SIGNATURE,
	WRONG_SIGNATURE,
	SIGNATURE_TWICE,
	SHORT_SIGNATURE,
	FOREIGN_SECRET,
	STATE_TWICE,
	NAME_TWICE,
	ATTRIBUTE_OF_NOTHING,
	ATTRIBUTE_TOO_LONG,
	HALF_AN_ATTRIBUTE,
	LENGTH_TOO_LONG,
	LENGTH_TOO_SHORT,
	CUT_SHORT,
	HEADER_ONLY_HALF,
	NOTHING_AT_ALL,
	LIES
};

static void put_bytes(struct radius_packet *reply, const void *bytes, size_t length)
{
	memcpy(reply->bytes + reply->length, bytes, length);
	reply->length += length;
}

#define PUT(reply, literal) put_bytes(reply, literal, sizeof(literal) - 1)

static void put_length(struct radius_packet *reply, size_t length)
{
	reply->bytes[2] = (uint8_t)(length >> 8);
	reply->bytes[3] = (uint8_t)length;
}

static void prove(struct radius_packet *reply, const uint8_t *request, const char *secret)
{
	uint8_t bytes[RADIUS_PACKET_MAX + 64];
	unsigned size;

	memcpy(bytes, reply->bytes, reply->length);
	memcpy(bytes + 4, request + 4, 16);
	memcpy(bytes + reply->length, secret, strlen(secret));
	EVP_Digest(bytes, reply->length + strlen(secret), reply->bytes + 4, &size, EVP_md5(), NULL);
}

static void sign(struct radius_packet *reply, const uint8_t *request, const char *secret, size_t at)
{
	unsigned size;

	memcpy(reply->bytes + 4, request + 4, 16);
	HMAC(EVP_md5(), secret, (int)strlen(secret), reply->bytes, reply->length, reply->bytes + at,
		&size);
}

static void put_lie(struct radius_packet *reply, enum lie lie)
{
	if (lie == SIGNATURE_TWICE)
		PUT(reply, "\x50\x12"
			   "0123456789abcdef");
	if (lie == STATE_TWICE)
		PUT(reply, STATE STATE);
	if (lie == NAME_TWICE)
		PUT(reply, NAME_OF NAME_OF);
	if (lie == ATTRIBUTE_OF_NOTHING)
		PUT(reply, "\x0b\x00");
	if (lie == ATTRIBUTE_TOO_LONG)
		PUT(reply, "\x0b\x20"
			   "staff");
	if (lie == HALF_AN_ATTRIBUTE)
		PUT(reply, "\x0b");
}

/* A reply that is right but for the one lie: whatever can be right beside it is. */
static void make_reply(struct radius_packet *reply, const uint8_t *request, uint8_t code,
	const char *attributes, size_t length, enum lie lie)
{
	const char *secret = lie == FOREIGN_SECRET ? "another secret" : SECRET;

	*reply = (struct radius_packet){.length = RADIUS_HEADER};
	reply->bytes[0] = lie == ANOTHER_KIND ? 5 : code;
	reply->bytes[1] = (uint8_t)(request[1] ^ (lie == ANOTHER_ID));
	if (lie == SHORT_SIGNATURE)
		PUT(reply, "\x50\x06"
			   "abcd");
	else if (lie != NO_SIGNATURE)
		PUT(reply, "\x50\x12\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	put_bytes(reply, attributes, length);
	put_lie(reply, lie);
	put_length(reply, lie == LENGTH_TOO_LONG    ? reply->length + 1
			  : lie == LENGTH_TOO_SHORT ? RADIUS_HEADER - 1
						    : reply->length);
	if (lie != NO_SIGNATURE && lie != SHORT_SIGNATURE)
		sign(reply, request, secret, RADIUS_HEADER + 2);
	reply->bytes[RADIUS_HEADER + 2] ^= lie == WRONG_SIGNATURE;
	prove(reply, request, secret);
	reply->bytes[4] ^= lie == WRONG_PROOF;
	reply->length = lie == CUT_SHORT	  ? reply->length - 1
			: lie == HEADER_ONLY_HALF ? 10
			: lie == NOTHING_AT_ALL	  ? 0
						  : reply->length;
}

/* ---- packets ---- */

static void make_request(struct radius_packet *request)
{
	radius_request_init(request);
	radius_add(request, RADIUS_USER_NAME, "anna", 4);
	radius_add_password(request, SECRET, "correct horse");
	assert_int_equal(radius_request_sign(request, SECRET), 0);
}

/* RFC 2865 section 7.1. */
static void a_password_is_hidden_as_in_the_rfc(void **state)
{
	static const uint8_t authenticator[16] = {0x0f, 0x40, 0x3f, 0x94, 0x73, 0x97, 0x80, 0x57,
		0xbd, 0x83, 0xd5, 0xcb, 0x98, 0xf4, 0x22, 0x7a};
	static const uint8_t hidden[16] = {0x0d, 0xbe, 0x70, 0x8d, 0x93, 0xd4, 0x13, 0xce, 0x31,
		0x96, 0xe4, 0x3f, 0x78, 0x2a, 0x0a, 0xee};
	struct radius_value value = {0};
	struct radius_packet request;

	(void)state;
	radius_request_init(&request);
	memcpy(request.bytes + 4, authenticator, sizeof authenticator);
	radius_add_password(&request, "xyzzy5461", "arctangent");
	assert_false(request.failed);
	assert_true(radius_next(&request, RADIUS_USER_PASSWORD, &value));
	assert_int_equal(value.length, sizeof hidden);
	assert_memory_equal(value.bytes, hidden, sizeof hidden);
}

/* The reply of the same section is right in all but what was not known in 2000. */
static void a50_the_reply_of_the_rfc_lacks_its_signature(void **state)
{
	static const uint8_t accept[] = {0x02, 0x00, 0x00, 0x26, 0x86, 0xfe, 0x22, 0x0e, 0x76, 0x24,
		0xba, 0x2a, 0x10, 0x05, 0xf6, 0xbf, 0x9b, 0x55, 0xe0, 0xb2, 0x06, 0x06, 0x00, 0x00,
		0x00, 0x01, 0x0f, 0x06, 0x00, 0x00, 0x00, 0x00, 0x0e, 0x06, 0xc0, 0xa8, 0x01, 0x03};
	static const uint8_t start[] = {0x01, 0x00, 0x00, 0x38, 0x0f, 0x40, 0x3f, 0x94, 0x73, 0x97,
		0x80, 0x57, 0xbd, 0x83, 0xd5, 0xcb, 0x98, 0xf4, 0x22, 0x7a};
	struct radius_packet request = {.length = sizeof start}, reply = {.length = sizeof accept};
	const char *why;

	(void)state;
	memcpy(request.bytes, start, sizeof start);
	memcpy(reply.bytes, accept, sizeof accept);
	assert_false(radius_is_answer(&request, &reply, "xyzzy5461", &why));
	assert_non_null(strstr(why, "no Message-Authenticator"));
	assert_false(radius_is_answer(&request, &reply, "xyzzy5462", &why));
	assert_non_null(strstr(why, "response authenticator"));
}

static void a_request_begins_with_its_signature(void **state)
{
	struct radius_packet request, other;
	uint8_t found[16], digest[16];
	unsigned size;

	(void)state;
	make_request(&request);
	make_request(&other);
	assert_int_equal(request.bytes[RADIUS_HEADER], RADIUS_MESSAGE_AUTHENTICATOR);
	assert_int_equal(request.bytes[RADIUS_HEADER + 1], 18);
	assert_int_equal(request.bytes[2] << 8 | request.bytes[3], request.length);
	assert_memory_not_equal(request.bytes + 4, other.bytes + 4, 16);
	memcpy(found, request.bytes + RADIUS_HEADER + 2, 16);
	memset(request.bytes + RADIUS_HEADER + 2, 0, 16);
	HMAC(EVP_md5(), SECRET, (int)strlen(SECRET), request.bytes, request.length, digest, &size);
	assert_memory_equal(found, digest, 16);
}

static void what_does_not_fit_is_not_sent(void **state)
{
	char text[300];
	struct radius_packet request;

	(void)state;
	memset(text, 'x', sizeof text);
	radius_request_init(&request);
	radius_add(&request, RADIUS_USER_NAME, text, RADIUS_VALUE_MAX + 1);
	assert_int_equal(radius_request_sign(&request, SECRET), -1);
	radius_request_init(&request);
	radius_add(&request, RADIUS_USER_NAME, text, 0);
	assert_int_equal(radius_request_sign(&request, SECRET), -1);
	radius_request_init(&request);
	for (int i = 0; i < 17; i++)
		radius_add(&request, RADIUS_CLASS, text, RADIUS_VALUE_MAX);
	assert_true(request.length <= RADIUS_PACKET_MAX);
	assert_int_equal(radius_request_sign(&request, SECRET), -1);
	radius_request_init(&request);
	text[RADIUS_PASSWORD_MAX + 1] = '\0';
	radius_add_password(&request, SECRET, text);
	assert_int_equal(radius_request_sign(&request, SECRET), -1);
}

static void a51_no_lie_is_an_answer(void **state)
{
	struct radius_packet request, reply;
	const char *why;

	(void)state;
	make_request(&request);
	for (enum lie lie = TRUE_REPLY; lie < LIES; lie++) {
		make_reply(&reply, request.bytes, RADIUS_ACCESS_ACCEPT, STAFF, 7, lie);
		if (radius_is_answer(&request, &reply, SECRET, &why) != (lie == TRUE_REPLY))
			fail_msg("lie %d: %s", (int)lie, why != NULL ? why : "taken");
		assert_true((why == NULL) == (lie == TRUE_REPLY));
	}
}

static void a51_a_reply_to_another_request_is_none(void **state)
{
	struct radius_packet request, other, reply;
	const char *why;

	(void)state;
	make_request(&request);
	make_request(&other);
	other.bytes[1] = request.bytes[1];
	make_reply(&reply, other.bytes, RADIUS_ACCESS_ACCEPT, "", 0, TRUE_REPLY);
	assert_true(radius_is_answer(&other, &reply, SECRET, &why));
	assert_false(radius_is_answer(&request, &reply, SECRET, &why));
}

/* Every bit counts, as does every byte that is missing; bytes behind the end do not. */
static void a51_every_changed_bit_and_every_cut_is_noticed(void **state)
{
	struct radius_packet request, good, reply;
	const char *why;

	(void)state;
	make_request(&request);
	make_reply(&good, request.bytes, RADIUS_ACCESS_CHALLENGE, ASK, sizeof ASK - 1, TRUE_REPLY);
	for (size_t bit = 0; bit < 8 * good.length; bit++) {
		reply = good;
		reply.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(radius_is_answer(&request, &reply, SECRET, &why));
	}
	for (size_t length = 0; length < good.length; length++) {
		reply = good;
		reply.length = length;
		assert_false(radius_is_answer(&request, &reply, SECRET, &why));
		put_length(&reply, length);
		assert_false(radius_is_answer(&request, &reply, SECRET, &why));
	}
	reply = good;
	PUT(&reply, "padding");
	assert_true(radius_is_answer(&request, &reply, SECRET, &why));
	assert_int_equal(reply.length, good.length);
}

static void attributes_come_in_order(void **state)
{
	struct radius_value value = {0};
	struct radius_packet request, reply;
	const char *why;

	(void)state;
	make_request(&request);
	make_reply(&reply, request.bytes, RADIUS_ACCESS_ACCEPT, STAFF STATE HOSTS, 20, TRUE_REPLY);
	assert_true(radius_is_answer(&request, &reply, SECRET, &why));
	assert_true(radius_next(&reply, RADIUS_FILTER_ID, &value));
	assert_memory_equal(value.bytes, "staff", value.length);
	assert_true(radius_next(&reply, RADIUS_FILTER_ID, &value));
	assert_memory_equal(value.bytes, "hosts", value.length);
	assert_false(radius_next(&reply, RADIUS_FILTER_ID, &value));
}

/* ---- a server ---- */

/* What it sends for each packet, lies first. */
struct reply {
	uint8_t code; /* 0: silence */
	const char *attributes;
	size_t length;
	bool lies;	/* all lies before it, each with an Accept */
	bool elsewhere; /* from another port */
	enum lie lie;
};

struct server {
	int fd, other_fd;
	uint16_t port;
	pthread_t thread;
	struct reply reply;
	_Atomic unsigned requests;
	_Atomic bool over;
	struct radius_packet last; /* after a check() only */
	bool same;		   /* the last two requests were byte for byte the same */
};

static void serve_one(struct server *server, const struct sockaddr_in *peer)
{
	const struct reply *want = &server->reply;
	struct radius_packet packet;
	socklen_t size = sizeof *peer;
	int fd = want->elsewhere ? server->other_fd : server->fd;

	for (enum lie lie = 1; want->lies && lie < LIES; lie++) {
		make_reply(&packet, server->last.bytes, RADIUS_ACCESS_ACCEPT, NAME_OF, 6, lie);
		sendto(fd, packet.bytes, packet.length, 0, (const struct sockaddr *)peer, size);
	}
	if (want->code == 0)
		return;
	make_reply(
		&packet, server->last.bytes, want->code, want->attributes, want->length, want->lie);
	sendto(fd, packet.bytes, packet.length, 0, (const struct sockaddr *)peer, size);
}

static void *serve(void *context)
{
	struct server *server = context;
	struct sockaddr_in peer;

	while (!server->over) {
		struct pollfd wanted = {.fd = server->fd, .events = POLLIN};
		struct radius_packet got = {0};
		socklen_t size = sizeof peer;
		ssize_t length;

		if (poll(&wanted, 1, 10) <= 0)
			continue;
		length = recvfrom(server->fd, got.bytes, sizeof got.bytes, 0,
			(struct sockaddr *)&peer, &size);
		if (length < RADIUS_HEADER)
			continue;
		got.length = (size_t)length;
		server->same = server->last.length == got.length &&
			       memcmp(server->last.bytes, got.bytes, got.length) == 0;
		server->last = got;
		server->requests++;
		serve_one(server, &peer);
	}
	return NULL;
}

static int bound(uint16_t *port_r)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port_r = ntohs(address.sin_port);
	return fd;
}

static void server_start(struct server *server, struct reply reply)
{
	uint16_t unused;

	memset(server, 0, sizeof *server);
	server->fd = bound(&server->port);
	server->other_fd = bound(&unused);
	server->reply = reply;
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

/* Waits for the thread: only then what it wrote may be read. */
static void server_stop(struct server *server)
{
	server->over = true;
	pthread_join(server->thread, NULL);
	close(server->fd);
	close(server->other_fd);
}

/* ---- the backend ---- */

/* For servers that answer, whatever else the machine does; for those that do not. */
#define PATIENT	  "5s"
#define IMPATIENT "500ms"

/* `first` may name other servers, each with a comma. */
static void *open_with(struct fixture *fixture, const struct server *server, const char *first,
	const char *timeout)
{
	char options[512];

	snprintf(options, sizeof options,
		"servers = {%s\"127.0.0.1:%u\"}\n timeout = \"%s\"\n retries = 1", first,
		server->port, timeout);
	return open_backend(fixture, &auth_radius, options);
}

static const char *const secret_values[] = {SECRET, "an older one"};
static const struct auth_secrets secrets = {secret_values, 2};

struct result {
	enum auth_verdict verdict;
	struct identity who;
	struct auth_challenge challenge;
	struct error error;
};

static struct result try(void *instance, const char *name, const char *password, const char *answer,
	const struct auth_challenge *asked)
{
	struct join join = JOIN_INIT;
	struct result result = {.who = IDENTITY_INIT};
	struct auth_attempt attempt = {.name = name,
		.password = password,
		.answer = answer,
		.asked = asked,
		.join = &join,
		.client = "192.0.2.7",
		.secrets = secrets,
		.who = &result.who,
		.challenge = &result.challenge,
		.error = &result.error};

	result.verdict = auth_radius.check(instance, &attempt);
	return result;
}

/* One try with a server that answers so. */
static struct result meet(struct fixture *fixture, struct server *server, struct reply reply,
	const char *name, const char *password)
{
	struct result result;
	void *instance;

	server_start(server, reply);
	instance = open_with(fixture, server, "",
		reply.code == 0 || reply.lie != TRUE_REPLY || reply.elsewhere ? IMPATIENT
									      : PATIENT);
	result = try(instance, name, password, NULL, NULL);
	auth_close(&auth_radius, instance);
	server_stop(server);
	return result;
}

static struct reply reply_of(uint8_t code, const char *attributes, size_t length)
{
	return (struct reply){.code = code, .attributes = attributes, .length = length};
}

#define REPLY(code, literal) reply_of(code, literal, sizeof(literal) - 1)

static void assert_attribute(
	const struct radius_packet *packet, enum radius_type type, const void *bytes, size_t length)
{
	struct radius_value value = {0};

	assert_true(radius_next(packet, type, &value));
	assert_int_equal(value.length, length);
	assert_memory_equal(value.bytes, bytes, length);
}

static void a_yes_gives_a_whole_identity(void **state)
{
	struct server server;
	struct result result =
		meet(*state, &server, REPLY(RADIUS_ACCESS_ACCEPT, STAFF HOSTS STAFF), "Anna", "x");

	assert_int_equal(result.verdict, AUTH_GRANT);
	assert_string_equal(result.who.subject, "anna");
	assert_int_equal(result.who.group_count, 2);
	assert_true(identity_has_group(&result.who, "staff"));
	assert_true(identity_has_group(&result.who, "hosts"));
	assert_false(result.who.second_factor);
	assert_int_equal(server.requests, 1);
	assert_attribute(&server.last, RADIUS_USER_NAME, "Anna", 4);
	assert_attribute(&server.last, RADIUS_NAS_IDENTIFIER, "meetauth", 8);
	assert_attribute(&server.last, RADIUS_CALLING_STATION_ID, "192.0.2.7", 9);
	assert_attribute(&server.last, RADIUS_SERVICE_TYPE, "\0\0\0\1", 4);
	assert_attribute(&server.last, RADIUS_NAS_PORT_TYPE, "\0\0\0\5", 4);
	identity_release(&result.who);
}

static void the_server_may_say_whom_it_let_in(void **state)
{
	struct server server;
	struct result result = meet(
		*state, &server, REPLY(RADIUS_ACCESS_ACCEPT, NAME_OF), "anna@example.org", "x");

	assert_int_equal(result.verdict, AUTH_GRANT);
	assert_string_equal(result.who.subject, "anna");
	identity_release(&result.who);
	result = meet(*state, &server,
		REPLY(RADIUS_ACCESS_ACCEPT, "\x01\x05"
					    "a\0b"),
		"anna", "x");
	assert_int_equal(result.verdict, AUTH_UNFIT);
	assert_null(result.who.subject);
}

/* A server that names nobody, or repeats what was typed, may take somebody by several spellings. */
static void p6_a_name_that_the_server_does_not_say_has_one_form(void **state)
{
	static const struct {
		const char *typed, *told, *options, *subject;
	} cases[] = {
		{"Dora", NULL, "", "dora"},
		{"dora  von der  Aa", NULL, "", "dora von der aa"},
		{"CORP\\dora", NULL, "", NULL},
		{"dora@corp.example.org", NULL, "", NULL},
		{"dora@corp.example.org", "dora@corp.example.org", "", NULL},
		{"Dora@corp.example.org", "dora@CORP.example.org", "", NULL},
		{"do\xcc\x81ra", NULL, "", NULL},
		{"d\xc3\xb3ra", NULL, "", NULL},
		{"dora.", NULL, "", NULL},
		{"CORP\\dora", "dora", "", "dora"},
		{"dora", "D\xc3\xb3ra@corp.example.org", "", "d\xc3\xb3ra@corp.example.org"},
		/* Latin-1, of servers that know no better */
		{"dora", "D\xf3ra@corp.example.org", "", "d\xc3\xb3ra@corp.example.org"},
		{"d\xc3\xb3ra", "D\xf3RA", "", NULL},
		{"dora@Corp", NULL, "realm = \"CORP\"", "dora"},
		{"corp\\Dora", NULL, "realm = \"CORP\"", "dora"},
		{"dora", NULL, "realm = \"CORP\"", "dora"},
		{"dora@other", NULL, "realm = \"CORP\"", NULL},
		{"other\\dora@CORP", NULL, "realm = \"CORP\"", NULL},
		{"@CORP", NULL, "realm = \"CORP\"", NULL},
		{"dora@corp", "dora@corp", "realm = \"CORP\"", "dora"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t attribute[64] = {RADIUS_USER_NAME};
		size_t length = cases[i].told != NULL ? strlen(cases[i].told) : 0;
		struct server server;
		struct result result;
		char options[128];
		void *instance;

		attribute[1] = (uint8_t)(length + 2);
		memcpy(attribute + 2, length > 0 ? cases[i].told : "", length);
		server_start(&server, reply_of(RADIUS_ACCESS_ACCEPT, (const char *)attribute,
					      length > 0 ? length + 2 : 0));
		snprintf(options, sizeof options, "servers = {\"127.0.0.1:%u\"}\n %s", server.port,
			cases[i].options);
		instance = open_backend(*state, &auth_radius, options);
		result = try(instance, cases[i].typed, "x", NULL, NULL);
		auth_close(&auth_radius, instance);
		server_stop(&server);
		if (cases[i].subject == NULL) {
			assert_int_equal(result.verdict, AUTH_DENY);
			assert_null(result.who.subject);
		} else {
			assert_int_equal(result.verdict, AUTH_GRANT);
			assert_string_equal(result.who.subject, cases[i].subject);
		}
		identity_release(&result.who);
	}
}

/* An attribute of no bytes names nobody; what is no name refuses one person. */
static void a_user_name_that_is_none(void **state)
{
	static char longer[2 + RADIUS_VALUE_MAX] = {RADIUS_USER_NAME, (char)(2 + RADIUS_VALUE_MAX)};
	struct server server;
	struct result result =
		meet(*state, &server, REPLY(RADIUS_ACCESS_ACCEPT, "\x01\x02"), "dora", "x");

	assert_int_equal(result.verdict, AUTH_GRANT);
	assert_string_equal(result.who.subject, "dora");
	identity_release(&result.who);
	result = meet(*state, &server,
		REPLY(RADIUS_ACCESS_ACCEPT, "\x01\x05"
					    "a\0b"),
		"dora", "x");
	assert_int_equal(result.verdict, AUTH_UNFIT);
	identity_release(&result.who);
	memset(longer + 2, 0xf3, RADIUS_VALUE_MAX); /* as UTF-8 it would be cut */
	result = meet(*state, &server, reply_of(RADIUS_ACCESS_ACCEPT, longer, sizeof longer),
		"dora", "x");
	assert_int_equal(result.verdict, AUTH_UNFIT);
	identity_release(&result.who);
}

static void a_no_is_a_no(void **state)
{
	struct server server;
	struct result result =
		meet(*state, &server, REPLY(RADIUS_ACCESS_REJECT, STAFF NAME_OF), "anna", "wrong");

	assert_int_equal(result.verdict, AUTH_DENY);
	assert_null(result.who.subject);
	assert_int_equal(result.who.group_count, 0);
}

static void what_is_no_text_is_no_group(void **state)
{
	struct server server;
	void *instance;
	struct result result;
	char options[128];

	server_start(&server, REPLY(RADIUS_ACCESS_ACCEPT, "\x19\x05"
							  "OU="
							  "\x19\x04\xff\xfe"
							  "\x19\x05"
							  "a\0b" STAFF));
	snprintf(options, sizeof options,
		"servers = {\"127.0.0.1:%u\"}\n groups-attribute = \"Class\"", server.port);
	instance = open_backend(*state, &auth_radius, options);
	result = try(instance, "anna", "x", NULL, NULL);
	auth_close(&auth_radius, instance);
	server_stop(&server);
	assert_int_equal(result.verdict, AUTH_GRANT);
	assert_int_equal(result.who.group_count, 1);
	assert_true(identity_has_group(&result.who, "OU="));
	identity_release(&result.who);
}

static void a_group_that_cannot_be_held_is_a_fault(void **state)
{
	char filter[2 + IDENTITY_GROUP_MAX + 2] = {
		RADIUS_FILTER_ID, (char)(3 + IDENTITY_GROUP_MAX)};
	struct server server;
	struct result result;

	result = meet(*state, &server, REPLY(RADIUS_ACCESS_ACCEPT, "\x0b\x04\xff\xfe" STAFF),
		"anna", "x");
	assert_int_equal(result.verdict, AUTH_UNFIT);
	identity_release(&result.who);
	memset(filter + 2, 'x', IDENTITY_GROUP_MAX + 1);
	result = meet(*state, &server,
		reply_of(RADIUS_ACCESS_ACCEPT, filter, 3 + IDENTITY_GROUP_MAX), "anna", "x");
	assert_int_equal(result.verdict, AUTH_UNFIT);
	assert_non_null(strstr(result.error.text, "at most 128 bytes"));
	assert_string_equal(result.who.subject, "anna"); /* so that the log says who */
	assert_int_equal(result.who.group_count, 0);
	identity_release(&result.who);
}

static void a48_some_words_are_never_sent(void **state)
{
	static const struct {
		const char *name, *password;
		enum auth_verdict verdict;
	} cases[] = {{"anna", "", AUTH_DENY}, {" anna", "x", AUTH_UNKNOWN},
		{"anna ", "x", AUTH_UNKNOWN}};
	struct server server;
	char longer[RADIUS_PASSWORD_MAX + 2] = "", name[RADIUS_VALUE_MAX + 2] = "";
	void *instance;

	memset(longer, 'x', sizeof longer - 1);
	memset(name, 'x', sizeof name - 1);
	server_start(&server, REPLY(RADIUS_ACCESS_ACCEPT, ""));
	instance = open_with(*state, &server, "", PATIENT);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
			try(instance, cases[i].name, cases[i].password, NULL, NULL).verdict,
			cases[i].verdict);
	assert_int_equal(try(instance, "anna", longer, NULL, NULL).verdict, AUTH_DENY);
	assert_int_equal(try(instance, name, "x", NULL, NULL).verdict, AUTH_UNKNOWN);
	auth_close(&auth_radius, instance);
	server_stop(&server);
	assert_int_equal(server.requests, 0);
}

/* ---- asking back ---- */

static void a_question_comes_back_with_what_the_server_wants_to_see_again(void **state)
{
	struct server server;
	struct result first, second;
	void *instance;

	server_start(&server, REPLY(RADIUS_ACCESS_CHALLENGE, ASK));
	instance = open_with(*state, &server, "", PATIENT);
	first = try(instance, "Anna", "first", NULL, NULL);
	assert_int_equal(first.verdict, AUTH_CHALLENGE);
	assert_string_equal(first.challenge.name, "Anna");
	assert_string_equal(first.challenge.prompt, "The code?");
	assert_false(first.challenge.echo);
	auth_close(&auth_radius, instance);
	server.reply = REPLY(RADIUS_ACCESS_ACCEPT, STAFF);
	instance = open_with(*state, &server, "", PATIENT); /* any process may go on */
	second = try(instance, "", "", "123456", &first.challenge);
	assert_int_equal(second.verdict, AUTH_GRANT);
	assert_string_equal(second.who.subject, "anna");
	assert_true(second.who.second_factor);
	identity_release(&second.who);
	auth_close(&auth_radius, instance);
	server_stop(&server);
	assert_int_equal(server.requests, 2);
	assert_attribute(&server.last, RADIUS_STATE, "\x00\x01\xfe\xff", 4);
	assert_attribute(&server.last, RADIUS_USER_NAME, "Anna", 4);
}

static void an_answer_goes_to_the_server_that_asked(void **state)
{
	struct server one, two;
	struct result result;
	char first[64];
	void *instance;

	server_start(&one, REPLY(RADIUS_ACCESS_ACCEPT, ""));
	server_start(&two, REPLY(RADIUS_ACCESS_REJECT, ""));
	snprintf(first, sizeof first, "\"127.0.0.1:%u\", ", one.port);
	instance = open_with(*state, &two, first, PATIENT);
	result.challenge =
		(struct auth_challenge){.name = "anna", .state = {1, 'x'}, .state_length = 2};
	assert_int_equal(try(instance, "", "", "1", &result.challenge).verdict, AUTH_DENY);
	result.challenge.state[0] = 2; /* of an older configuration */
	result = try(instance, "", "", "1", &result.challenge);
	assert_int_equal(result.verdict, AUTH_UNAVAILABLE);
	assert_non_null(strstr(result.error.text, "no longer configured"));
	auth_close(&auth_radius, instance);
	server_stop(&one);
	server_stop(&two);
	assert_int_equal(one.requests, 0);
	assert_int_equal(two.requests, 1);
}

/* 255 bytes and a character of two: the character is left out as a whole. */
static void a_long_prompt_ends_at_a_whole_character(void **state)
{
	char attributes[600] = "";
	struct result result;
	struct server server;
	size_t at = 0;

	for (int i = 0; i < 3; i++) {
		attributes[at++] = RADIUS_REPLY_MESSAGE;
		attributes[at++] = (char)(i == 1 ? 6 : 253);
		memset(attributes + at, 'a', 251);
		if (i == 1)
			memcpy(attributes + at, "aaaa", 4);
		at += i == 1 ? 4 : 251;
	}
	memcpy(attributes + 2 + 251 + 2 + 4 + 2, "\xc3\xa4", 2);
	result = meet(
		*state, &server, reply_of(RADIUS_ACCESS_CHALLENGE, attributes, at), "anna", "x");
	assert_int_equal(result.verdict, AUTH_CHALLENGE);
	assert_int_equal(strlen(result.challenge.prompt), 255);
	assert_int_equal(result.challenge.prompt[254], 'a');
	result = meet(
		*state, &server, REPLY(RADIUS_ACCESS_CHALLENGE, "\x12\x04\xff\xfe"), "anna", "x");
	assert_string_equal(result.challenge.prompt, "");
	result = meet(
		*state, &server, REPLY(RADIUS_ACCESS_CHALLENGE, "\x4c\x06\0\0\0\1"), "anna", "x");
	assert_true(result.challenge.echo);
	assert_int_equal(result.challenge.state_length, 1);
}

/* ---- lies and silence ---- */

static void a50_a51_lies_alone_let_nobody_in(void **state)
{
	struct server server;
	struct result result = meet(*state, &server, (struct reply){.lies = true}, "anna", "x");

	assert_int_equal(result.verdict, AUTH_UNAVAILABLE);
	assert_null(result.who.subject);
	assert_non_null(strstr(result.error.text, "ignored"));
	assert_int_equal(server.requests, 2);
	assert_true(server.same);
}

static void a51_lies_do_not_keep_the_truth_out(void **state)
{
	struct server server;
	struct reply reply = REPLY(RADIUS_ACCESS_REJECT, "");

	reply.lies = true;
	assert_int_equal(meet(*state, &server, reply, "anna", "x").verdict, AUTH_DENY);
	reply.code = RADIUS_ACCESS_CHALLENGE;
	assert_int_equal(meet(*state, &server, reply, "anna", "x").verdict, AUTH_CHALLENGE);
}

static void a50_an_answer_without_signature_is_none_and_the_log_says_so(void **state)
{
	struct reply reply = REPLY(RADIUS_ACCESS_ACCEPT, STAFF);
	struct server server;
	struct result result;

	reply.lie = NO_SIGNATURE;
	result = meet(*state, &server, reply, "anna", "x");
	assert_int_equal(result.verdict, AUTH_UNAVAILABLE);
	assert_non_null(strstr(result.error.text, "no Message-Authenticator"));
}

static void a51_an_answer_from_elsewhere_is_none(void **state)
{
	struct reply reply = REPLY(RADIUS_ACCESS_ACCEPT, STAFF);
	struct server server;
	struct result result;

	reply.elsewhere = true;
	result = meet(*state, &server, reply, "anna", "x");
	assert_int_equal(result.verdict, AUTH_UNAVAILABLE);
	assert_non_null(strstr(result.error.text, "no answer to 2 tries"));
}

static void a_silent_server_is_asked_last_for_a_while(void **state)
{
	struct server silent, good;
	struct result result;
	char first[64];
	void *instance;

	server_start(&silent, (struct reply){0});
	server_start(&good, REPLY(RADIUS_ACCESS_REJECT, ""));
	snprintf(first, sizeof first, "\"127.0.0.1:%u\", ", silent.port);
	instance = open_with(*state, &good, first, "1s");
	assert_int_equal(try(instance, "anna", "x", NULL, NULL).verdict, AUTH_DENY);
	assert_int_equal(silent.requests, 2);
	assert_int_equal(try(instance, "anna", "x", NULL, NULL).verdict, AUTH_DENY);
	assert_int_equal(silent.requests, 2);
	assert_int_equal(good.requests, 2);
	good.reply = (struct reply){0}; /* then the first is asked all the same */
	silent.reply = REPLY(RADIUS_ACCESS_ACCEPT, "");
	result = try(instance, "anna", "x", NULL, NULL);
	assert_int_equal(result.verdict, AUTH_GRANT);
	identity_release(&result.who);
	auth_close(&auth_radius, instance);
	server_stop(&silent);
	server_stop(&good);
}

static void where_nobody_listens_the_next_is_asked_at_once(void **state)
{
	struct server server;
	struct result result;
	char first[96];
	uint16_t port;
	void *instance;

	close(bound(&port));
	server_start(&server, REPLY(RADIUS_ACCESS_REJECT, ""));
	snprintf(first, sizeof first, "\"127.0.0.1:%u\", \"[::1]:%u\", ", port, port);
	instance = open_with(*state, &server, first, PATIENT);
	result = try(instance, "anna", "x", NULL, NULL);
	assert_int_equal(result.verdict, AUTH_DENY);
	auth_close(&auth_radius, instance);
	server_stop(&server);
}

static void without_a_secret_nothing_is_sent(void **state)
{
	struct error error = {""};
	struct server server;
	void *instance;

	server_start(&server, REPLY(RADIUS_ACCESS_ACCEPT, ""));
	instance = open_with(*state, &server, "", PATIENT);
	assert_int_equal(auth_radius.connect(instance, &(struct auth_secrets){0}, &error), -1);
	assert_non_null(strstr(error.text, "meetauthctl secret set backend/staff"));
	auth_close(&auth_radius, instance);
	server_stop(&server);
	assert_int_equal(server.requests, 0);
}

static void connect_wants_a_signed_no(void **state)
{
	struct reply unsigned_no = REPLY(RADIUS_ACCESS_REJECT, "");
	struct error error = {""};
	struct server server;
	void *instance;

	unsigned_no.lie = NO_SIGNATURE;
	server_start(&server, REPLY(RADIUS_ACCESS_REJECT, ""));
	instance = open_with(*state, &server, "", "1s");
	assert_int_equal(auth_radius.connect(instance, &secrets, &error), 0);
	server.reply = REPLY(RADIUS_ACCESS_ACCEPT, "");
	assert_int_equal(auth_radius.connect(instance, &secrets, &error), -1);
	assert_non_null(strstr(error.text, "invented"));
	server.reply = unsigned_no;
	assert_int_equal(auth_radius.connect(instance, &secrets, &error), -1);
	assert_non_null(strstr(error.text, "no Message-Authenticator"));
	auth_close(&auth_radius, instance);
	server_stop(&server);
}

/* ---- open ---- */

static void wrong_options_say_what_would_be_right(void **state)
{
	static const struct {
		const char *options, *words;
	} cases[] = {
		{"", "servers: is missing"},
		{"servers = {\"\"}", "an empty text"},
		{"servers = {\"::1\"}", "is not host, host:port"},
		{"servers = {\"[::1\"}", "is not host, host:port"},
		{"servers = {\"[host]:1\"}", "is not host, host:port"},
		{"servers = {\"host:0\"}", "is not host, host:port"},
		{"servers = {\"host:\"}", "is not host, host:port"},
		{"servers = {\"host:65536\"}", "is not host, host:port"},
		{"servers = {\"ho st\"}", "is not host, host:port"},
		{"servers = {\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"}",
			"expected 1 to 8 entries, found 9"},
		{"servers = {\"a\"}\n timeout = \"1ms\"", "from 10ms to 30s"},
		{"servers = {\"a\"}\n timeout = \"31s\"", "from 10ms to 30s"},
		{"servers = {\"a\"}\n retries = 10", "a whole number from 0 to 9"},
		{"servers = {\"a\"}\n timeout = \"30s\"", "timeout: is too long"},
		{"servers = {\"a\"}\n groups-attribute = \"Filter\"",
			"expected \"Filter-Id\", \"Class\" or \"\""},
		{"servers = {\"a\"}\n nas-identifier = \"\"",
			"nas-identifier: expected 1 to 253 bytes"},
		{"servers = {\"a\"}\n realm = \"a@b\"", "must be the part after the @"},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		refuses(*state, &auth_radius, cases[i].options, 0, cases[i].words);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_hidden_as_in_the_rfc),
		cmocka_unit_test(a50_the_reply_of_the_rfc_lacks_its_signature),
		cmocka_unit_test(a_request_begins_with_its_signature),
		cmocka_unit_test(what_does_not_fit_is_not_sent),
		cmocka_unit_test(a51_no_lie_is_an_answer),
		cmocka_unit_test(a51_a_reply_to_another_request_is_none),
		cmocka_unit_test(a51_every_changed_bit_and_every_cut_is_noticed),
		cmocka_unit_test(attributes_come_in_order),
		ROW(a_yes_gives_a_whole_identity),
		ROW(the_server_may_say_whom_it_let_in),
		ROW(p6_a_name_that_the_server_does_not_say_has_one_form),
		ROW(a_user_name_that_is_none),
		ROW(a_no_is_a_no),
		ROW(what_is_no_text_is_no_group),
		ROW(a48_some_words_are_never_sent),
		ROW(a_question_comes_back_with_what_the_server_wants_to_see_again),
		ROW(an_answer_goes_to_the_server_that_asked),
		ROW(a_long_prompt_ends_at_a_whole_character),
		ROW(a50_a51_lies_alone_let_nobody_in),
		ROW(a_group_that_cannot_be_held_is_a_fault),
		ROW(a51_lies_do_not_keep_the_truth_out),
		ROW(a50_an_answer_without_signature_is_none_and_the_log_says_so),
		ROW(a51_an_answer_from_elsewhere_is_none),
		ROW(a_silent_server_is_asked_last_for_a_while),
		ROW(where_nobody_listens_the_next_is_asked_at_once),
		ROW(without_a_secret_nothing_is_sent),
		ROW(connect_wants_a_signed_no),
		ROW(wrong_options_say_what_would_be_right),
	};

	return cmocka_run_group_tests_name("radius", tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake's word for a test that does not apply */
}

#endif
