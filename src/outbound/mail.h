/* SPDX-License-Identifier: MIT
 *
 * Sends a mail over SMTP and waits until the server has taken it: on a worker. TLS 1.2 or later,
 * verified, from the first byte (smtps://) or by STARTTLS that cannot be left out (smtp://).
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>

enum {
	MAIL_ADDRESS_MAX = 254,	   /* bytes, RFC 5321 4.5.3.1.3 less the brackets */
	MAIL_TEXT_MAX = 64 * 1024, /* bytes of a mail with its header */
};

struct mail_server {
	const char *url;     /* smtps://host[:port] or smtp://host[:port] */
	bool plain;	     /* smtp:// without STARTTLS, towards this machine only */
	const char *ca_file; /* "": the system's */
	const char *user;    /* "": does not sign in */
	int64_t timeout_ms;  /* for all of it */
};

/* All are UTF-8 without control characters, but for the newlines of the text. */
struct mail {
	const char *from, *to; /* mail_is_address() */
	const char *from_name; /* "": none */
	const char *subject;
	const char *text; /* lines end with \n */
};

/* An address that can be meant in one way only: one @, a dot-atom (RFC 5322 3.2.3) of at most 64
 * bytes before it, a host name behind it; no quotes, no comments, no address literal, nothing but
 * ASCII. */
bool mail_is_address(const char *text);

/* Whether the settings can be used. 0, or -1 with what is wrong as the rest of a sentence that
 * begins with the URL's place. */
int mail_check_server(const struct mail_server *server, struct error *error);

/* Appends the message with its header (RFC 5322, 2047, 3834), dated now. A message that would be
 * longer than the buffer's maximum marks it as failed. Nothing in the fields can add a line to the
 * header. */
void mail_write(const struct mail *mail, struct buffer *message);

enum mail_result {
	MAIL_BROKEN = 0, /* the server cannot be reached, or does not take our mail */
	MAIL_REFUSED,	 /* it takes none for this address: that says nothing about the server */
	MAIL_TAKEN,
};

/* Sends it. `password` is used where the server has a user, and may be NULL where not. On all but
 * MAIL_TAKEN the error has the server and why, and never whom it was to. */
enum mail_result mail_send(const struct mail_server *server, const char *password,
	const struct mail *mail, struct error *error);

/* Connects, starts TLS and signs in, and leaves. 0 or -1. */
int mail_try(const struct mail_server *server, const char *password, struct error *error);
