/* SPDX-License-Identifier: MIT
 *
 * Conferences of Lync and Skype for Business Server: who made it and which of theirs it is. Private
 * to this room.
 */
#pragma once

#include "base/buffer.h"

enum {
	CONFERENCE_USER_MAX = 64,
	CONFERENCE_DOMAIN_MAX = 200,
	CONFERENCE_ID_MAX = 64,
	CONFERENCE_TEXT_MAX = 400,
};

/* The program that joins a meeting, where an invitation says. */
enum conference_program {
	CONFERENCE_ANY = 0,
	CONFERENCE_LYNC,	 /* "conf:" Communicator, Lync */
	CONFERENCE_LIVE_MEETING, /* "meet:" the console of Live Meeting */
};

/* As they came. */
struct conference {
	enum conference_program program;
	char user[CONFERENCE_USER_MAX + 1], domain[CONFERENCE_DOMAIN_MAX + 1];
	char id[CONFERENCE_ID_MAX + 1];
};

/* Reads "sip:USER@DOMAIN;gruu;opaque=app:conf:focus:id:ID" and nothing else. 0 or -1. */
int conference_parse(const char *uri, struct conference *conference);

/* Reads a conference as people paste it: that address, perhaps with "conf:" or "meet:" in front,
 * blanks behind semicolons, and parameters behind the id, which are dropped; or "USER@DOMAIN/ID" as
 * rules have it. 0 or -1. */
int conference_read(const char *text, struct conference *conference);

/* Where the conference's key stands in such an address ("%3Fconf-key=KEY"); NULL: nowhere. */
const char *conference_key_in(const char *text);

/* Checks the three parts and takes copies. 0 or -1. */
int conference_set(
	struct conference *conference, const char *user, const char *domain, const char *id);

/* Writes that address again. */
void conference_write(const struct conference *conference, char uri[CONFERENCE_TEXT_MAX]);

/* Writes what rules and the log call it: "user@domain/ID", small and capital letters as servers,
 * which take one for the other, write them. */
void conference_name(const struct conference *conference, char name[CONFERENCE_TEXT_MAX]);
