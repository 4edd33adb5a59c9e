/* SPDX-License-Identifier: MIT
 *
 * Conference addresses of Lync and Skype for Business Server, which consist of an organizer and an
 * id. Private to src/platform.
 */
#pragma once

#include "base/buffer.h"

enum {
	CONFERENCE_USER_MAX = 64,
	CONFERENCE_DOMAIN_MAX = 200,
	CONFERENCE_ID_MAX = 64,
	CONFERENCE_TEXT_MAX = 400,
};

/* The program that opens a meeting, if the invitation names one. */
enum conference_program {
	CONFERENCE_ANY = 0,
	CONFERENCE_LYNC,	 /* "conf:" Communicator, Lync */
	CONFERENCE_LIVE_MEETING, /* "meet:" the console of Live Meeting */
};

/* The parts of an address, spelled as in the address. */
struct conference {
	enum conference_program program;
	char user[CONFERENCE_USER_MAX + 1], domain[CONFERENCE_DOMAIN_MAX + 1];
	char id[CONFERENCE_ID_MAX + 1];
};

/* Parses exactly "sip:USER@DOMAIN;gruu;opaque=app:conf:focus:id:ID". Returns 0 or -1. */
int conference_parse(const char *uri, struct conference *conference);

/* Parses a conference that a person pasted: the sip: address, which may have "conf:" or "meet:"
 * before it, spaces after its semicolons and parameters after its id (they are dropped), or
 * "USER@DOMAIN/ID" as in rules. Returns 0 or -1. */
int conference_read(const char *text, struct conference *conference);

/* Validates the three parts and copies them. Returns 0 or -1. */
int conference_set(
	struct conference *conference, const char *user, const char *domain, const char *id);

/* Writes the sip: address. */
void conference_write(const struct conference *conference, char uri[CONFERENCE_TEXT_MAX]);

/* Writes the meeting id for rules and the log, "user@domain/ID". Servers ignore case, so organizer
 * and id are brought into the case in which servers write them. */
void conference_name(const struct conference *conference, char name[CONFERENCE_TEXT_MAX]);
