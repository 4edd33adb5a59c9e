/* SPDX-License-Identifier: MIT
 *
 * Builds Access-Requests and validates the answers to them, without I/O. Private to
 * src/auth/radius.
 *
 * We have our own code because no library of Debian 12 or 13 is safe against CVE-2024-3596, in
 * which MD5 collisions turn an Access-Reject into an Access-Accept in transit. radcli checks the
 * Message-Authenticator since 1.5.0, but both releases have 1.2.11; libkrad since krb5 1.22, but
 * they have 1.20 and 1.21; libradsec 0.0.5 is from 2014; libfreeradius is GPL and allows one
 * instance per process. Here a Message-Authenticator is the first attribute of each request (RFC
 * 3579 section 3.2), and a reply without a valid one is ignored. MD5 and HMAC come from libcrypto.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RADIUS_HEADER = 20,	   /* code, id, length, authenticator (RFC 2865 section 3) */
	RADIUS_PACKET_MAX = 4096,  /* bytes, the same */
	RADIUS_VALUE_MAX = 253,	   /* bytes of an attribute's value (section 5) */
	RADIUS_PASSWORD_MAX = 128, /* bytes (section 5.2) */
};

enum radius_code {
	RADIUS_ACCESS_REQUEST = 1,
	RADIUS_ACCESS_ACCEPT = 2,
	RADIUS_ACCESS_REJECT = 3,
	RADIUS_ACCESS_CHALLENGE = 11,
};

enum radius_type {
	RADIUS_USER_NAME = 1,
	RADIUS_USER_PASSWORD = 2,
	RADIUS_SERVICE_TYPE = 6,
	RADIUS_FILTER_ID = 11,
	RADIUS_REPLY_MESSAGE = 18,
	RADIUS_STATE = 24,
	RADIUS_CLASS = 25,
	RADIUS_CALLING_STATION_ID = 31,
	RADIUS_NAS_IDENTIFIER = 32,
	RADIUS_NAS_PORT_TYPE = 61,
	RADIUS_PROMPT = 76,		   /* RFC 2869 section 5.10 */
	RADIUS_MESSAGE_AUTHENTICATOR = 80, /* RFC 3579 section 3.2 */
};

struct radius_packet {
	uint8_t bytes[RADIUS_PACKET_MAX];
	size_t length;
	bool failed; /* something did not fit; the packet must not be sent */
};

/* To build a request, call radius_request_init(), which sets a random id and authenticator, then
 * add attributes, then sign. The caller wipes the request at the end. */
void radius_request_init(struct radius_packet *request);
void radius_add(
	struct radius_packet *request, enum radius_type type, const void *value, size_t length);
void radius_add_number(struct radius_packet *request, enum radius_type type, uint32_t number);
/* Adds a User-Password, hidden as in RFC 2865 section 5.2. */
void radius_add_password(struct radius_packet *request, const char *secret, const char *password);
/* Returns 0, or -1 if something did not fit or libcrypto has no MD5 (FIPS). */
int radius_request_sign(struct radius_packet *request, const char *secret);

/* Whether `reply` is a valid answer to the signed request: a well-formed Accept, Reject or
 * Challenge with its id, a valid response authenticator and a valid Message-Authenticator. Bytes
 * after the header's length are removed. If not, *why_r is a constant for the log. */
bool radius_is_answer(const struct radius_packet *request, struct radius_packet *reply,
	const char *secret, const char **why_r);

enum radius_code radius_code(const struct radius_packet *packet);

/* Finds the next attribute of a type after `value`, which is zero for the first call. Returns false
 * if there is none. The packet must have passed radius_is_answer(). The bytes belong to the packet.
 */
struct radius_value {
	const uint8_t *bytes;
	size_t length;
};
bool radius_next(
	const struct radius_packet *packet, enum radius_type type, struct radius_value *value);
