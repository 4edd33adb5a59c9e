/* SPDX-License-Identifier: MIT
 *
 * Sends a mail over SMTP and waits until the server has accepted it, so it runs on a worker. TLS is
 * 1.2 or later and verified, either from the first byte (smtps://) or by STARTTLS (smtp://), which
 * is mandatory.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MAIL_ADDRESS_MAX = 254,	   /* bytes: RFC 5321 4.5.3.1.3 without the brackets */
	MAIL_TEXT_MAX = 64 * 1024, /* bytes of a mail with its header */
};

struct mail_server {
	const char *url;     /* smtps://host[:port] or smtp://host[:port] */
	bool plain;	     /* smtp:// without TLS; allowed to this machine only */
	const char *ca_file; /* "": the system's */
	const char *user;    /* "": no authentication */
	int64_t timeout_ms;  /* for the whole mail */
};

/* All strings are UTF-8 without control characters; only the text may have newlines. */
struct mail {
	const char *from, *to; /* mail_is_address() */
	const char *from_name; /* "": none */
	const char *subject;
	const char *text; /* lines end with \n */
};

/* True for an address that can be read in one way only: ASCII, one @, a dot-atom (RFC 5322 3.2.3)
 * of at most 64 bytes before it and a host name after it; no quotes, no comments, no address
 * literal. */
bool mail_is_address(const char *text);

/* Checks the settings. 0, or -1 with an error that continues a sentence which begins with the URL's
 * place in the configuration. */
int mail_check_server(const struct mail_server *server, struct error *error);

enum mail_result {
	MAIL_BROKEN = 0, /* the server cannot be reached or does not accept mail from us */
	MAIL_REFUSED,	 /* the server refused this recipient; it may accept others */
	MAIL_TAKEN,
};

/* Sends the mail. `password` is for the server's `user` and may be NULL if there is none. Unless
 * the result is MAIL_TAKEN, the error has the server and the reason, but not the recipient. */
enum mail_result mail_send(const struct mail_server *server, const char *password,
	const struct mail *mail, struct error *error);

/* Tests the settings: connects, starts TLS, authenticates and disconnects. 0, or -1 with an error.
 */
int mail_try(const struct mail_server *server, const char *password, struct error *error);
