/* SPDX-License-Identifier: MIT
 *
 * The certificates that are trusted: parsed once for each ca-file and shared by all connections and
 * threads. libcurl would read and parse the file anew for each TLS connection, which takes 19 ms
 * for the bundle of a system. Where libcurl's TLS is not the OpenSSL that this build is linked
 * with, it does.
 */
#pragma once

#include "base/error.h"

/* Counted; one for each file. */
struct trust;

/* `ca_file`: "" is the system's, which may be missing: then nobody is trusted. Reads the file, or
 * reads it again where it has changed. NULL with an error that names the file. */
struct trust *trust_use(const char *ca_file, struct error *error);
void trust_drop(struct trust **trust);

/* One more use of the same, without a look at the file. */
struct trust *trust_share(struct trust *trust);

/* Makes a handle of libcurl's (CURL *) trust those of the file as they are when it connects.
 * Connections that another file was good for are not used. `trust` outlives the handle's transfers.
 */
void trust_apply(struct trust *trust, void *easy);

/* Reads the files that have changed; on a worker. What cannot be read stays as it was, and is
 * logged once. */
void trust_refresh(void);
