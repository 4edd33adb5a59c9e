/* SPDX-License-Identifier: MIT
 *
 * The trusted certificates. Each ca-file is parsed once and shared by all connections and threads.
 * libcurl alone would parse the file for each TLS connection, which takes 19 ms for the bundle of a
 * system. It still does if it uses a TLS library other than the OpenSSL of this build.
 */
#pragma once

#include "base/error.h"

/* The certificates of one ca-file, counted by reference. */
struct trust;

/* Reads the ca-file, or reads it again if it has changed. "" means the system's certificates; if
 * there are none, no peer is trusted. Returns NULL with an error that names the file. The caller
 * calls trust_drop(). */
struct trust *trust_use(const char *ca_file, struct error *error);
void trust_drop(struct trust **trust);

/* Takes another reference, without checking the file. */
struct trust *trust_share(struct trust *trust);

/* Makes a libcurl handle (CURL *) trust the certificates of the file as they are when it connects,
 * and not reuse connections that were checked against another file. `trust` has to outlive the
 * handle's transfers. Returns 0, or -1 without memory: then the handle must not be used. */
int trust_apply(struct trust *trust, void *easy);

/* When the certificate of the connection that a libcurl handle uses ends, in seconds since 1970. 0:
 * unknown. */
int64_t trust_certificate_end(void *easy);

/* The same as trust_apply() for an OpenSSL context (SSL_CTX *) of the caller's own connections. 0,
 * or -1 if libcurl uses another TLS library: then no store is made. */
int trust_apply_context(struct trust *trust, void *context);

/* Reads the ca-files that have changed; blocks, so it runs on a worker. If a file cannot be read,
 * its old certificates stay in use, and the failure is logged once. */
void trust_refresh(void);
