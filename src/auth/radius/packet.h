/* SPDX-License-Identifier: MIT
 *
 * RADIUS packets: what an Access-Request is made of, and whether a packet that came is the answer
 * to it. Pure. Private to auth/.
 *
 * Written here because no library of Debian 12 or 13 closes the hole of CVE-2024-3596 (an
 * Access-Reject on its way becomes an Access-Accept, since MD5 collides): radcli checks the
 * Message-Authenticator from 1.5.0 on and both have 1.2.11, libkrad from krb5 1.22 on and they have
 * 1.20 and 1.21; libradsec 0.0.5 is of 2014; libfreeradius is GPL and one instance a process. Here
 * a Message-Authenticator is the first attribute of each request (RFC 3579 section 3.2), and a
 * reply without a right one is none. MD5 and HMAC are libcrypto's.
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
	bool failed; /* something did not fit: the packet is not to be sent */
};

/* An Access-Request with an id and an authenticator by chance and room for its
 * Message-Authenticator; then attributes; then the signature, after which it may go out. Who is
 * done wipes it. */
void radius_request_init(struct radius_packet *request);
void radius_add(
	struct radius_packet *request, enum radius_type type, const void *value, size_t length);
void radius_add_number(struct radius_packet *request, enum radius_type type, uint32_t number);
/* User-Password, hidden as section 5.2 has it. */
void radius_add_password(struct radius_packet *request, const char *secret, const char *password);
/* 0, or -1 when something did not fit or libcrypto has no MD5 (FIPS). */
int radius_request_sign(struct radius_packet *request, const char *secret);

/* Whether `reply` (bytes and length as they came; more bytes than the header's length are cut off)
 * answers the signed request: an Accept, Reject or Challenge, well-formed, with its id, a right
 * response authenticator and a right Message-Authenticator. Else *why_r is a constant for the log.
 */
bool radius_is_answer(const struct radius_packet *request, struct radius_packet *reply,
	const char *secret, const char **why_r);

enum radius_code radius_code(const struct radius_packet *packet);

/* The next attribute of that type behind `value` (begin with a zero one); false when there is none.
 * The packet is one that radius_is_answer() said yes to; the bytes are the packet's. */
struct radius_value {
	const uint8_t *bytes;
	size_t length;
};
bool radius_next(
	const struct radius_packet *packet, enum radius_type type, struct radius_value *value);
