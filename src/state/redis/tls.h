/* SPDX-License-Identifier: MIT
 *
 * Private to the Redis driver: TLS over a connection whose bytes the caller sends and receives, so
 * that nothing blocks. The server's certificate must be trusted and name the host.
 *
 * A build without OpenSSL refuses "rediss://" before any of these functions is called.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct tls;

/* PEM files. */
struct tls_files {
	const char *ca_file;	       /* "": the system's certificates */
	const char *certificate, *key; /* of this client; "": none */
};

/* What all connections of a link share. Reads the client's certificate and key; a later connection
 * reads them again if they have changed. NULL with an error. */
struct tls_trust;
struct tls_trust *tls_trust_new(const struct tls_files *files, struct error *error);
void tls_trust_free(struct tls_trust **trust);

/* A connection to a host, which may be a numeric address. NULL without memory. */
struct tls *tls_new(struct tls_trust *trust, const char *host);
void tls_free(struct tls **tls);

/* Takes bytes that came from the server. 0, or -1 without memory. */
int tls_receive(struct tls *tls, const char *bytes, size_t length);

/* Continues the handshake. 1: it is over; 0: it waits for the server; -1 with an error. Afterwards
 * there may be bytes to send. */
int tls_shake(struct tls *tls, struct error *error);

/* Reads what the server said. The number of bytes; 0: no more yet; -1: the connection cannot go
 * on. */
int tls_read(struct tls *tls, char *bytes, size_t size);

/* Encrypts bytes, which are then to be sent. 0 or -1. */
int tls_write(struct tls *tls, const char *bytes, size_t length);

/* How many bytes are to be sent; takes them. */
size_t tls_pending(const struct tls *tls);
void tls_take(struct tls *tls, char *bytes, size_t length);
