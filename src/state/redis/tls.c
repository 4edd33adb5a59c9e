/* SPDX-License-Identifier: MIT */
#include "state/redis/tls.h"

#ifdef HAVE_OPENSSL

#include "base/file.h"
#include "base/memory.h"
#include "outbound/trust.h"
#include "telemetry/log.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct tls_trust {
	SSL_CTX *context;
	struct trust *trust;
	char *certificate, *key;
	struct file_stamp seen[2]; /* of both files, when they were last read */
};

struct tls {
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
};

/* A key with a passphrase is refused; OpenSSL would ask for it on the terminal. */
static int give_no_passphrase(char *buffer, int size, int is_for_writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)is_for_writing;
	(void)context;
	return -1;
}

/* 0, or -1 with an error that names the file. */
static int use_client_certificate(
	const struct tls_trust *trust, SSL_CTX *context, struct error *error)
{
	const char *file = trust->certificate, *reason;

	if (file[0] == '\0')
		return 0;
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(context, give_no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(context, file) == 1) {
		file = trust->key;
		/* a key of another kind than the certificate's is seen by the second call only */
		if (SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1 &&
			SSL_CTX_check_private_key(context) == 1)
			return 0;
	}
	reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return error_set(error, "%s: %s", file, reason != NULL ? reason : "cannot be used");
}

/* Makes a context with the files as they are now. NULL with an error. */
static SSL_CTX *make_context(const struct tls_trust *trust, struct error *error)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (context == NULL || trust_apply_context(trust->trust, context) != 0) {
		error_set(error, "TLS needs a libcurl with this build's OpenSSL");
	} else {
		SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
		if (use_client_certificate(trust, context, error) == 0)
			return context;
	}
	SSL_CTX_free(context);
	return NULL;
}

/* Notes the files as they are now. True if they have changed since. */
static bool note_files(struct tls_trust *trust)
{
	const struct file_stamp now[] = {file_stamp(trust->certificate), file_stamp(trust->key)};
	bool same = file_stamp_equal(now[0], trust->seen[0]) &&
		    file_stamp_equal(now[1], trust->seen[1]);

	memcpy(trust->seen, now, sizeof now);
	return !same;
}

struct tls_trust *tls_trust_new(const struct tls_files *files, struct error *error)
{
	struct tls_trust *trust = xcalloc(1, sizeof *trust);

	trust->certificate = xstrdup(files->certificate);
	trust->key = xstrdup(files->key);
	note_files(trust);
	trust->trust = trust_use(files->ca_file, error);
	if (trust->trust != NULL)
		trust->context = make_context(trust, error);
	if (trust->context == NULL)
		tls_trust_free(&trust);
	return trust;
}

void tls_trust_free(struct tls_trust **trust)
{
	struct tls_trust *t = *trust;

	*trust = NULL;
	if (t == NULL)
		return;
	SSL_CTX_free(t->context);
	trust_drop(&t->trust);
	free(t->certificate);
	free(t->key);
	free(t);
}

/* Reads the client's certificate and key again if one of them has changed. As long as they cannot
 * be used, as when only one of them was replaced, the former ones are shown. */
static void renew(struct tls_trust *trust)
{
	struct error error;
	SSL_CTX *context;

	if (!note_files(trust))
		return;
	context = make_context(trust, &error);
	if (context == NULL) {
		log_message(LOG_LEVEL_ERROR, "state", "%s; the former certificate stays in use",
			error.text);
		return;
	}
	SSL_CTX_free(trust->context);
	trust->context = context;
	log_message(LOG_LEVEL_INFO, "state", "%s: read again", trust->certificate);
}

/* The certificate has to name the host. */
static int expect_host(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 ? 0 : -1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1 ? 0 : -1;
}

struct tls *tls_new(struct tls_trust *trust, const char *host)
{
	struct tls *tls = calloc(1, sizeof *tls);

	if (tls == NULL)
		return NULL;
	renew(trust);
	trust_apply_context(trust->trust, trust->context); /* as trust_refresh() left it */
	tls->ssl = SSL_new(trust->context);
	tls->in = BIO_new(BIO_s_mem());
	tls->out = BIO_new(BIO_s_mem());
	if (tls->ssl == NULL || tls->in == NULL || tls->out == NULL) {
		BIO_free(tls->in);
		BIO_free(tls->out);
		SSL_free(tls->ssl);
		free(tls);
		return NULL;
	}
	SSL_set_bio(tls->ssl, tls->in, tls->out);
	SSL_set_connect_state(tls->ssl);
	if (expect_host(tls->ssl, host) != 0)
		tls_free(&tls);
	return tls;
}

void tls_free(struct tls **tls)
{
	if (*tls == NULL)
		return;
	SSL_free((*tls)->ssl);
	free(*tls);
	*tls = NULL;
}

int tls_receive(struct tls *tls, const char *bytes, size_t length)
{
	return BIO_write(tls->in, bytes, (int)length) == (int)length ? 0 : -1;
}

static void explain(const struct tls *tls, struct error *error)
{
	long verdict = SSL_get_verify_result(tls->ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (verdict != X509_V_OK)
		error_set(error, "its certificate is refused: %s",
			X509_verify_cert_error_string(verdict));
	else if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER)
		error_set(error, "its port does not speak TLS");
	else
		error_set(error, "TLS: %s", reason != NULL ? reason : "the handshake failed");
}

int tls_shake(struct tls *tls, struct error *error)
{
	int rc, why;

	ERR_clear_error();
	rc = SSL_do_handshake(tls->ssl);
	why = SSL_get_error(tls->ssl, rc);
	if (rc == 1)
		return 1;
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return 0;
	explain(tls, error);
	ERR_clear_error();
	return -1;
}

int tls_read(struct tls *tls, char *bytes, size_t size)
{
	int rc;

	ERR_clear_error();
	rc = SSL_read(tls->ssl, bytes, (int)size);
	if (rc > 0)
		return rc;
	return SSL_get_error(tls->ssl, rc) == SSL_ERROR_WANT_READ ? 0 : -1;
}

int tls_write(struct tls *tls, const char *bytes, size_t length)
{
	ERR_clear_error();
	return SSL_write(tls->ssl, bytes, (int)length) == (int)length ? 0 : -1;
}

size_t tls_pending(const struct tls *tls)
{
	return BIO_ctrl_pending(tls->out);
}

void tls_take(struct tls *tls, char *bytes, size_t length)
{
	BIO_read(tls->out, bytes, (int)length);
}

#else

struct tls_trust *tls_trust_new(const struct tls_files *files, struct error *error)
{
	error_set(error, "this build has no TLS to a server of the state: build it again with "
			 "libssl-dev");
	return NULL;
}

void tls_trust_free(struct tls_trust **trust)
{
}

struct tls *tls_new(struct tls_trust *trust, const char *host)
{
	return NULL;
}

void tls_free(struct tls **tls)
{
}

int tls_receive(struct tls *tls, const char *bytes, size_t length)
{
	return -1;
}

int tls_shake(struct tls *tls, struct error *error)
{
	return -1;
}

int tls_read(struct tls *tls, char *bytes, size_t size)
{
	return -1;
}

int tls_write(struct tls *tls, const char *bytes, size_t length)
{
	return -1;
}

size_t tls_pending(const struct tls *tls)
{
	return 0;
}

void tls_take(struct tls *tls, char *bytes, size_t length)
{
}

#endif
