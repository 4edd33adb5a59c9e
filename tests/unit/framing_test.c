/* SPDX-License-Identifier: MIT
 *
 * The FastCGI edge: what framing_check() lets through, what is parsed out of it, compared with
 * libfcgi, and the answer's records. Four defects of libfcgi each have a test that such input is
 * never parsed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/fastcgi.h"
#include "pool/framing.h"

#include <fcgiapp.h>
#include <fastcgi.h>
#include <sys/socket.h>
#include <unistd.h>

/* A request being put together, byte by byte. */
struct wire {
	uint8_t bytes[128 * 1024];
	size_t length;
};

static void add_record(struct wire *wire, uint8_t type, uint16_t id, const void *content,
	size_t length, uint8_t padding)
{
	uint8_t header[8] = {1, type, (uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(length >> 8),
		(uint8_t)length, padding, 0};

	memcpy(wire->bytes + wire->length, header, 8);
	if (length > 0)
		memcpy(wire->bytes + wire->length + 8, content, length);
	memset(wire->bytes + wire->length + 8 + length, 0, padding);
	wire->length += 8 + length + padding;
}

static void add_begin(struct wire *wire, uint8_t role, uint8_t flags)
{
	add_record(wire, FCGI_BEGIN_REQUEST, 1, (uint8_t[8]){0, role, flags}, 8, 0);
}

static size_t put_pair(uint8_t *at, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value), used = 0;

	at[used++] = (uint8_t)n;
	if (v > 127) {
		at[used++] = (uint8_t)(0x80 | v >> 24);
		at[used++] = (uint8_t)(v >> 16);
		at[used++] = (uint8_t)(v >> 8);
	}
	at[used++] = (uint8_t)v;
	memcpy(at + used, name, n);
	memcpy(at + used + n, value, v);
	return used + n + v;
}

static void add_params(struct wire *wire, const char *content_length)
{
	uint8_t params[4096];
	size_t length = put_pair(params, "REQUEST_METHOD", "POST");

	length += put_pair(params + length, "DOCUMENT_URI", "/auth/login");
	length += put_pair(params + length, "QUERY_STRING", "");
	length += put_pair(params + length, "CONTENT_LENGTH", content_length);
	length += put_pair(params + length, "HTTP_COOKIE",
		"a=0123456789012345678901234567890123456789012345678901234567890123456789; "
		"b=0123456789012345678901234567890123456789012345678901234567890123456789");
	add_record(wire, FCGI_PARAMS, 1, params, length, 3);
	add_record(wire, FCGI_PARAMS, 1, NULL, 0, 0);
}

static void add_good_request(struct wire *wire, const char *body)
{
	char length[24];

	snprintf(length, sizeof length, "%zu", strlen(body));
	add_begin(wire, FCGI_RESPONDER, 0);
	add_params(wire, length);
	if (body[0] != '\0')
		add_record(wire, FCGI_STDIN, 1, body, strlen(body), 0);
	add_record(wire, FCGI_STDIN, 1, NULL, 0, 0);
}

static enum framing check(const struct wire *wire, size_t length)
{
	struct framing_result result;
	/* A copy of just that length, so that the sanitizer sees a step too far. */
	uint8_t *copy = malloc(length + 1);
	enum framing found;

	assert_non_null(copy);
	memcpy(copy, wire->bytes, length);
	found = framing_check(copy, length, 0, &result);
	free(copy);
	return found;
}

static void complete_only_with_the_last_byte(void **unused)
{
	struct wire wire = {.length = 0};

	(void)unused;
	add_good_request(&wire, "name=a&password=b");
	for (size_t length = 0; length < wire.length; length++)
		assert_int_equal(check(&wire, length), FRAMING_PARTIAL);
	assert_int_equal(check(&wire, wire.length), FRAMING_COMPLETE);
}

static void pairs_may_be_spread_over_records(void **unused)
{
	struct wire spread = {.length = 0};
	uint8_t params[512];
	size_t length = put_pair(params, "REQUEST_METHOD", "GET");

	(void)unused;
	length += put_pair(params + length, "DOCUMENT_URI", "/auth");
	add_begin(&spread, FCGI_RESPONDER, 0);
	for (size_t i = 0; i < length; i++)
		add_record(&spread, FCGI_PARAMS, 1, params + i, 1, (uint8_t)(i % 3));
	add_record(&spread, FCGI_PARAMS, 1, NULL, 0, 0);
	add_record(&spread, FCGI_STDIN, 1, NULL, 0, 0);
	assert_int_equal(check(&spread, spread.length), FRAMING_COMPLETE);
}

/* Where the connection is not kept, nothing may follow. */
static void defect_a_a_second_request_behind_the_first_is_refused(void **unused)
{
	struct wire wire = {.length = 0};

	(void)unused;
	add_good_request(&wire, "x=y");
	add_good_request(&wire, "");
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
}

/* Where it is kept, the request ends where it ends, whatever follows. */
static void a_request_on_a_kept_connection_has_an_end(void **unused)
{
	static const uint8_t more[] = {0, 1, 255};
	struct wire wire = {.length = 0};
	struct framing_result result;
	size_t end;

	(void)unused;
	add_begin(&wire, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add_params(&wire, "3");
	add_record(&wire, FCGI_STDIN, 1, "x=y", 3, 5);
	add_record(&wire, FCGI_STDIN, 1, NULL, 0, 7);
	end = wire.length;
	for (size_t i = 0; i < sizeof more; i++) {
		wire.length = end;
		memset(wire.bytes + end, 0, 255);
		wire.length += more[i];
		assert_int_equal(
			framing_check(wire.bytes, wire.length, 0, &result), FRAMING_COMPLETE);
		assert_int_equal(result.end, end);
		assert_int_equal(result.body_length, 3);
		assert_true(result.keep);
	}
	for (size_t length = 0; length < end; length++)
		assert_int_equal(check(&wire, length), FRAMING_PARTIAL);
	/* What follows is looked at by itself: the padding of nobody is no request. */
	assert_int_equal(framing_check(wire.bytes + end, 255, 1, &result), FRAMING_BROKEN);
	assert_int_equal(result.request_id, 0);
}

static size_t add_names(uint8_t *names, const char *const *what, size_t count)
{
	size_t length = 0;

	for (size_t i = 0; i < count; i++)
		length += put_pair(names + length, what[i], "");
	return length;
}

static void defect_b_management_records_are_no_request(void **unused)
{
	static const char *const same[] = {
		"FCGI_MAX_CONNS", "FCGI_MAX_CONNS", "FCGI_MAX_CONNS", "FCGI_MAX_CONNS"};
	struct wire wire = {.length = 0};
	struct framing_result result;
	uint8_t names[128];
	size_t length = add_names(names, same, 4);

	(void)unused;
	add_record(&wire, FCGI_GET_VALUES, 0, names, length, 0);
	assert_int_equal(framing_check(wire.bytes, wire.length, 0, &result), FRAMING_VALUES);
	assert_int_equal(result.values, FRAMING_MAX_CONNS);
	assert_int_equal(result.end, wire.length);
	/* between two records of a request */
	wire.length = 0;
	add_begin(&wire, FCGI_RESPONDER, 0);
	add_record(&wire, FCGI_GET_VALUES, 0, names, length, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
	/* of a request, or of an unknown type */
	wire.length = 0;
	add_record(&wire, FCGI_GET_VALUES, 1, names, length, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
	wire.length = 0;
	add_record(&wire, 200, 0, names, length, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
}

static void values_are_asked_for_by_name(void **unused)
{
	static const char *const all[] = {
		"FCGI_MPXS_CONNS", "FCGI_MAX_REQS", "FCGI_ELSE", "FCGI_MAX_CONN", ""};
	struct wire wire = {.length = 0};
	struct framing_result result;
	uint8_t names[128];
	size_t length = add_names(names, all, 5);

	(void)unused;
	add_record(&wire, FCGI_GET_VALUES, 0, names, length, 9);
	add_good_request(&wire, "");
	assert_int_equal(framing_check(wire.bytes, wire.length, 0, &result), FRAMING_VALUES);
	assert_int_equal(result.values, FRAMING_MAX_REQS | FRAMING_MPXS_CONNS);
	assert_int_equal(result.end, 8 + length + 9);
	wire.length = 0;
	add_record(&wire, FCGI_GET_VALUES, 0, NULL, 0, 0);
	assert_int_equal(framing_check(wire.bytes, wire.length, 0, &result), FRAMING_VALUES);
	assert_int_equal(result.values, 0);
	/* lengths that lead out of the record */
	for (size_t cut = 1; cut < 17; cut++) {
		wire.length = 0;
		add_record(&wire, FCGI_GET_VALUES, 0, names, cut, 255);
		assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
	}
	wire.length = 0;
	add_record(&wire, FCGI_GET_VALUES, 0, "\xff\xff\xff\xff\xff\xff\xff\xffx", 9, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
}

static void an_abort_ends_its_own_request_only(void **unused)
{
	struct framing_result result;
	struct wire wire = {.length = 0};

	(void)unused;
	for (uint8_t flags = 0; flags <= FCGI_KEEP_CONN; flags++) {
		wire.length = 0;
		add_begin(&wire, FCGI_RESPONDER, flags);
		add_params(&wire, "9");
		add_record(&wire, FCGI_STDIN, 1, "half", 4, 0);
		add_record(&wire, FCGI_ABORT_REQUEST, 1, NULL, 0, 3);
		assert_int_equal(
			framing_check(wire.bytes, wire.length, 0, &result), FRAMING_ABORTED);
		assert_int_equal(result.keep, flags == FCGI_KEEP_CONN);
		assert_int_equal(result.end, wire.length);
		assert_int_equal(result.request_id, 1);
	}
	wire.length = 0;
	add_begin(&wire, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add_record(&wire, FCGI_ABORT_REQUEST, 2, NULL, 0, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
	wire.length = 0;
	add_begin(&wire, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add_record(&wire, FCGI_ABORT_REQUEST, 1, "x", 1, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
	/* Too late it is nothing, but only for the request that was the last. */
	wire.length = 0;
	add_record(&wire, FCGI_ABORT_REQUEST, 1, NULL, 0, 0);
	assert_int_equal(framing_check(wire.bytes, wire.length, 1, &result), FRAMING_LATE_ABORT);
	assert_int_equal(result.end, 8);
	assert_int_equal(framing_check(wire.bytes, wire.length, 2, &result), FRAMING_BROKEN);
	assert_int_equal(framing_check(wire.bytes, wire.length, 0, &result), FRAMING_BROKEN);
	wire.length = 0;
	add_record(&wire, FCGI_ABORT_REQUEST, 0, NULL, 0, 0);
	assert_int_equal(framing_check(wire.bytes, wire.length, 0, &result), FRAMING_BROKEN);
}

static void defect_d_parameters_that_end_in_a_pair_are_refused(void **unused)
{
	struct wire wire = {.length = 0};

	(void)unused;
	add_begin(&wire, FCGI_RESPONDER, 0);
	add_record(&wire, FCGI_PARAMS, 1, "\x0e\x03REQUEST_METHODG", 17, 0);
	add_record(&wire, FCGI_PARAMS, 1, NULL, 0, 0);
	add_record(&wire, FCGI_STDIN, 1, NULL, 0, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
}

static void a55_huge_or_negative_lengths_are_refused(void **unused)
{
	static const uint8_t huge[][8] = {
		{0x01, 0xff, 0xff, 0xff, 0xff, 'A'}, {0x01, 0x80, 0x01, 0x00, 0x00, 'A'},
		{0xff, 0xff, 0xff, 0xff, 0x01, 'A'}, {0x00, 0x01, 'A'}, /* a name of no length */
	};

	(void)unused;
	for (size_t i = 0; i < sizeof huge / sizeof *huge; i++) {
		struct wire wire = {.length = 0};

		add_begin(&wire, FCGI_RESPONDER, 0);
		add_record(&wire, FCGI_PARAMS, 1, huge[i], 8, 0);
		assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
	}
}

static void a_nul_in_a_parameter_is_refused(void **unused)
{
	struct wire wire = {.length = 0};

	(void)unused;
	add_begin(&wire, FCGI_RESPONDER, 0);
	add_record(&wire, FCGI_PARAMS, 1, "\x04\x04NAMEva\0e", 10, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
}

static void what_is_no_responder_request_is_refused(void **unused)
{
	struct wire wire = {.length = 0};

	(void)unused;
	add_begin(&wire, FCGI_AUTHORIZER, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
	wire.length = 0;
	add_begin(&wire, FCGI_RESPONDER, 0);
	wire.bytes[0] = 2; /* version */
	assert_int_equal(check(&wire, 1), FRAMING_BROKEN);
	wire.length = 0;
	add_begin(&wire, FCGI_RESPONDER, 0);
	add_record(&wire, FCGI_PARAMS, 2, "\x01\x01xy", 4, 0); /* another request's id */
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
	wire.length = 0;
	add_begin(&wire, FCGI_RESPONDER, 0);
	add_record(&wire, FCGI_STDIN, 1, "early", 5, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
	wire.length = 0;
	add_begin(&wire, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add_begin(&wire, FCGI_RESPONDER, FCGI_KEEP_CONN); /* before the first ended */
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
}

static void too_much_is_refused_before_it_is_all_there(void **unused)
{
	static char body[62000];
	struct wire wire = {.length = 0};
	struct framing_result result;
	size_t params_end;

	(void)unused;
	memset(body, 'x', sizeof body);
	add_begin(&wire, FCGI_RESPONDER, 0);
	add_params(&wire, "16385");
	params_end = wire.length;
	add_record(&wire, FCGI_STDIN, 1, body, FRAMING_BODY_MAX, 0);
	assert_int_equal(check(&wire, wire.length), FRAMING_PARTIAL);
	/* One byte more, in a record of its own, of which the header is enough. */
	add_record(&wire, FCGI_STDIN, 1, body, 1, 0);
	assert_int_equal(check(&wire, wire.length - 1), FRAMING_TOO_LARGE);
	assert_int_equal(framing_check(wire.bytes, wire.length, 0, &result), FRAMING_TOO_LARGE);
	assert_int_equal(result.request_id, 1);
	assert_int_equal(result.params_end, params_end);
	/* The same for a record that no request has room for. */
	wire.length = params_end;
	add_record(&wire, FCGI_STDIN, 1, body, sizeof body, 0);
	assert_int_equal(check(&wire, params_end + 8), FRAMING_TOO_LARGE);
	assert_int_equal(check(&wire, FRAMING_REQUEST_MAX), FRAMING_TOO_LARGE);
	/* Parameters of that size are no body. */
	wire.length = 0;
	add_begin(&wire, FCGI_RESPONDER, 0);
	add_record(&wire, FCGI_PARAMS, 1, body, sizeof body, 0);
	assert_int_equal(check(&wire, 24), FRAMING_BROKEN);
}

static void a_request_is_never_partial_at_its_longest(void **unused)
{
	static char params[FRAMING_REQUEST_MAX];
	struct wire wire = {.length = 0};
	struct framing_result result;

	(void)unused;
	memset(params, 'x', sizeof params);
	/* One pair with a value that fills all the room there is, to the last byte. */
	memcpy(params, "\1\x80\0\xef\xe2N", 6);
	add_begin(&wire, FCGI_RESPONDER, 0);
	add_record(&wire, FCGI_PARAMS, 1, params, FRAMING_REQUEST_MAX - 24, 0);
	assert_int_equal(wire.length, FRAMING_REQUEST_MAX);
	assert_int_equal(check(&wire, wire.length - 1), FRAMING_PARTIAL);
	assert_int_equal(check(&wire, wire.length), FRAMING_BROKEN);
	assert_int_equal(framing_check(wire.bytes, 0, 0, &result), FRAMING_PARTIAL);
}

/* -- parsing -- */

/* Parses the request at the start of what was put together, which must be whole. The caller
 * releases it. */
static struct request parse(const struct wire *wire)
{
	/* A copy of just that length, so that the sanitizer sees a step too far. */
	uint8_t *copy = malloc(wire->length);
	struct framing_result framing;
	struct request request;

	assert_non_null(copy);
	memcpy(copy, wire->bytes, wire->length);
	assert_int_equal(framing_check(copy, wire->length, 0, &framing), FRAMING_COMPLETE);
	assert_int_equal(fastcgi_parse(copy, &framing, &request), 0);
	free(copy);
	return request;
}

static int socket_with(const struct wire *wire, int *peer_r)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(write(fds[1], wire->bytes, wire->length), (ssize_t)wire->length);
	*peer_r = fds[1];
	return fds[0];
}

/* Compares what was parsed with what libfcgi makes of the same bytes. */
static void assert_libfcgi_agrees(const struct wire *wire)
{
	static char body[FRAMING_BODY_MAX + 1];
	struct request request = parse(wire);
	const char *param = request.block;
	FCGX_Request theirs;
	int peer;

	FCGX_InitRequest(&theirs, -1, 0);
	theirs.ipcFd = socket_with(wire, &peer);
	theirs.keepConnection = 1; /* or it would begin by closing the descriptor */
	assert_int_equal(FCGX_Accept_r(&theirs), 0);
	assert_string_equal(theirs.envp[0], "FCGI_ROLE=RESPONDER"); /* its own */
	for (char **envp = theirs.envp + 1; *envp != NULL; envp++) {
		assert_true(param < request.block + request.params_size);
		assert_string_equal(param, *envp);
		param += strlen(param) + 1;
	}
	assert_ptr_equal(param, request.block + request.params_size);
	assert_int_equal(FCGX_GetStr(body, sizeof body, theirs.in), request.body_length);
	assert_memory_equal(body, request.body, request.body_length);
	assert_int_equal(request.body[request.body_length], '\0');
	close(theirs.ipcFd);
	FCGX_Free(&theirs, 0); /* by itself it would wait for the peer to close */
	close(peer);
	request_release(&request);
}

/* Pairs of all forms of lengths, cut into records of `size` bytes, and a body of the same. */
static void put_in_pieces(struct wire *wire, size_t size)
{
	static char value[300];
	uint8_t params[2048];
	size_t length = put_pair(params, "REQUEST_METHOD", "POST");

	memset(value, 'v', sizeof value - 1);
	length += put_pair(params + length, "EMPTY", "");
	length += put_pair(params + length, "LONG", value);
	length += put_pair(params + length, "CONTENT_LENGTH", "299");
	memcpy(params + length, "\x80\0\0\4\x80\0\0\2NAME==", 14); /* long forms of short ones */
	length += 14;
	length += put_pair(params + length, "DOCUMENT_URI", "/auth");
	add_begin(wire, FCGI_RESPONDER, FCGI_KEEP_CONN);
	for (size_t at = 0; at < length; at += size)
		add_record(wire, FCGI_PARAMS, 1, params + at,
			size < length - at ? size : length - at, (uint8_t)(at % 5));
	add_record(
		wire, FCGI_PARAMS, 1, NULL, 0, 0); /* behind padding here libfcgi loses the body */
	for (size_t at = 0; at < 299; at += size)
		add_record(wire, FCGI_STDIN, 1, value + at, size < 299 - at ? size : 299 - at,
			(uint8_t)(at % 7));
	add_record(wire, FCGI_STDIN, 1, NULL, 0, 3);
}

static void what_framing_lets_through_is_parsed_as_libfcgi_does(void **unused)
{
	struct wire wire = {.length = 0};

	(void)unused;
	add_good_request(&wire, "name=a&password=b");
	assert_libfcgi_agrees(&wire);
	wire.length = 0;
	add_good_request(&wire, "");
	assert_libfcgi_agrees(&wire);
	for (size_t size = 1; size < 900; size += size < 20 ? 1 : 97) {
		wire.length = 0;
		put_in_pieces(&wire, size);
		assert_libfcgi_agrees(&wire);
	}
}

static void a_request_is_parsed(void **unused)
{
	struct wire wire = {.length = 0};
	struct request request;

	(void)unused;
	add_good_request(&wire, "name=a&password=b");
	request = parse(&wire);
	assert_int_equal(request.arrival, REQUEST_WHOLE);
	assert_int_equal(request.method, HTTP_POST);
	assert_string_equal(request.path, "/auth/login");
	assert_string_equal(request.body, "name=a&password=b");
	request_release(&request);
}

static void padding_behind_the_parameters_is_passed_over(void **unused)
{
	struct wire wire = {.length = 0};
	uint8_t params[256];
	size_t length = put_pair(params, "REQUEST_METHOD", "POST");
	struct request request;

	(void)unused;
	length += put_pair(params + length, "DOCUMENT_URI", "/auth");
	length += put_pair(params + length, "CONTENT_LENGTH", "4");
	add_begin(&wire, FCGI_RESPONDER, 0);
	add_record(&wire, FCGI_PARAMS, 1, params, length, 0);
	add_record(&wire, FCGI_PARAMS, 1, NULL, 0, 7);
	add_record(&wire, FCGI_STDIN, 1, "body", 4, 5);
	add_record(&wire, FCGI_STDIN, 1, NULL, 0, 3);
	request = parse(&wire);
	assert_int_equal(request.arrival, REQUEST_WHOLE);
	assert_string_equal(request.body, "body");
	request_release(&request);
}

static void a57_a_body_of_another_length_than_announced_is_refused(void **unused)
{
	static const char *const lengths[] = {"18", "16", "0", "-1", "1e9", "17x", "0x11"};

	(void)unused;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct wire wire = {.length = 0};
		struct request request;

		add_begin(&wire, FCGI_RESPONDER, 0);
		add_params(&wire, lengths[i]);
		add_record(&wire, FCGI_STDIN, 1, "name=a&password=b", 17, 0);
		add_record(&wire, FCGI_STDIN, 1, NULL, 0, 0);
		request = parse(&wire);
		assert_int_equal(request.arrival, REQUEST_BROKEN);
		request_release(&request);
	}
}

/* A body of the longest size, in records with padding: nothing of them is read as the next request,
 * which lies right behind. */
static void nothing_of_a_request_is_read_as_the_next(void **unused)
{
	static char body[FRAMING_BODY_MAX];
	struct wire wire = {.length = 0};
	struct framing_result first, second;
	struct request request;

	(void)unused;
	memset(body, 'x', sizeof body);
	add_begin(&wire, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add_params(&wire, "16384");
	for (size_t at = 0; at < sizeof body; at += 4096)
		add_record(&wire, FCGI_STDIN, 1, body + at, 4096, 255);
	add_record(&wire, FCGI_STDIN, 1, NULL, 0, 255);
	add_good_request(&wire, "name=b");
	assert_int_equal(framing_check(wire.bytes, wire.length, 0, &first), FRAMING_COMPLETE);
	assert_int_equal(fastcgi_parse(wire.bytes, &first, &request), 0);
	assert_int_equal(request.arrival, REQUEST_WHOLE);
	assert_int_equal(request.body_length, sizeof body);
	assert_memory_equal(request.body, body, sizeof body);
	request_release(&request);
	assert_int_equal(framing_check(wire.bytes + first.end, wire.length - first.end, 1, &second),
		FRAMING_COMPLETE);
	assert_int_equal(fastcgi_parse(wire.bytes + first.end, &second, &request), 0);
	assert_int_equal(request.arrival, REQUEST_WHOLE);
	assert_string_equal(request.body, "name=b");
	request_release(&request);
}

/* Of a request that is refused the parameters are read: they say which form its answer takes. */
static void the_parameters_of_half_a_request_are_parsed(void **unused)
{
	struct wire wire = {.length = 0};
	struct framing_result framing;
	struct request request;

	(void)unused;
	add_begin(&wire, FCGI_RESPONDER, 0);
	add_params(&wire, "9");
	add_record(&wire, FCGI_STDIN, 1, "half", 4, 0);
	assert_int_equal(framing_check(wire.bytes, wire.length, 0, &framing), FRAMING_PARTIAL);
	assert_true(framing.params_end > 0);
	assert_int_equal(fastcgi_parse(wire.bytes, &framing, &request), 0);
	assert_int_equal(request.arrival, REQUEST_BROKEN);
	assert_string_equal(request.path, "/auth/login");
	assert_int_equal(request.body_length, 0);
	assert_string_equal(request.body, "");
	request_release(&request);
}

static void a_peer_that_has_gone_is_noticed(void **unused)
{
	struct wire none = {.length = 0};
	int peer, fd = socket_with(&none, &peer);

	(void)unused;
	assert_false(fastcgi_is_abandoned(fd));
	close(peer);
	assert_true(fastcgi_is_abandoned(fd));
	close(fd);
}

static void an_answer_is_one_well_formed_end(void **unused)
{
	static char body[100000];
	static uint8_t got[200000];
	struct wire none = {.length = 0};
	int peer, fd = socket_with(&none, &peer);
	size_t at = 0, stdout_bytes = 0;
	ssize_t length = 0, n;
	bool ended = false;

	(void)unused;
	memset(body, 'b', sizeof body);
	assert_int_equal(
		fastcgi_write(fd, 7, FASTCGI_CLOSE, "Status: 200 OK\r\n", 16, body, sizeof body),
		0);
	close(fd);
	while ((n = read(peer, got + length, sizeof got - (size_t)length)) > 0)
		length += n;
	while (at < (size_t)length) {
		size_t size = (size_t)(got[at + 4] << 8 | got[at + 5]);

		assert_false(ended);
		assert_int_equal(got[at], 1);
		assert_int_equal(got[at + 2] << 8 | got[at + 3], 7);
		if (got[at + 1] == FCGI_STDOUT)
			stdout_bytes += size;
		else
			ended = got[at + 1] == FCGI_END_REQUEST;
		at += 8 + size + got[at + 6];
	}
	assert_true(ended);
	assert_int_equal(stdout_bytes, 16 + 2 + sizeof body);
	close(peer);
}

static void an_answer_to_nobody_is_no_signal(void **unused)
{
	struct wire none = {.length = 0};
	int peer, fd = socket_with(&none, &peer);

	(void)unused;
	close(peer);
	assert_int_equal(fastcgi_write(fd, 1, FASTCGI_CLOSE, "Status: 200 OK\r\n", 16, "", 0), -1);
	close(fd);
}

static int setup(void **unused)
{
	(void)unused;
	return FCGX_Init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complete_only_with_the_last_byte),
		cmocka_unit_test(pairs_may_be_spread_over_records),
		cmocka_unit_test(defect_a_a_second_request_behind_the_first_is_refused),
		cmocka_unit_test(a_request_on_a_kept_connection_has_an_end),
		cmocka_unit_test(defect_b_management_records_are_no_request),
		cmocka_unit_test(values_are_asked_for_by_name),
		cmocka_unit_test(an_abort_ends_its_own_request_only),
		cmocka_unit_test(defect_d_parameters_that_end_in_a_pair_are_refused),
		cmocka_unit_test(a55_huge_or_negative_lengths_are_refused),
		cmocka_unit_test(a_nul_in_a_parameter_is_refused),
		cmocka_unit_test(what_is_no_responder_request_is_refused),
		cmocka_unit_test(too_much_is_refused_before_it_is_all_there),
		cmocka_unit_test(a_request_is_never_partial_at_its_longest),
		cmocka_unit_test(what_framing_lets_through_is_parsed_as_libfcgi_does),
		cmocka_unit_test(a_request_is_parsed),
		cmocka_unit_test(padding_behind_the_parameters_is_passed_over),
		cmocka_unit_test(a57_a_body_of_another_length_than_announced_is_refused),
		cmocka_unit_test(nothing_of_a_request_is_read_as_the_next),
		cmocka_unit_test(the_parameters_of_half_a_request_are_parsed),
		cmocka_unit_test(a_peer_that_has_gone_is_noticed),
		cmocka_unit_test(an_answer_is_one_well_formed_end),
		cmocka_unit_test(an_answer_to_nobody_is_no_signal),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
