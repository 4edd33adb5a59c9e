/* SPDX-License-Identifier: MIT */
#include "state/redis/tls.h"

#ifdef HAVE_OPENSSL

#include "outbound/trust.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct tls_trust {
	SSL_CTX *context;
	struct trust *trust;
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
	SSL_CTX *context, const struct tls_files *files, struct error *error)
{
	const char *file = files->certificate, *reason;

	if (file[0] == '\0')
		return 0;
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(context, give_no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(context, file) == 1) {
		file = files->key;
		if (SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1)
			return 0;
	}
	reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return error_set(error, "%s: %s", file, reason != NULL ? reason : "cannot be used");
}

struct tls_trust *tls_trust_new(const struct tls_files *files, struct error *error)
{
	struct tls_trust *trust = calloc(1, sizeof *trust);

	if (trust == NULL) {
		error_set(error, "out of memory");
		return NULL;
	}
	trust->trust = trust_use(files->ca_file, error);
	trust->context = SSL_CTX_new(TLS_client_method());
	if (trust->trust == NULL || trust->context == NULL ||
		trust_apply_context(trust->trust, trust->context) != 0) {
		if (trust->trust != NULL)
			error_set(error, "TLS needs a libcurl with this build's OpenSSL");
		tls_trust_free(&trust);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(trust->context, TLS1_2_VERSION);
	SSL_CTX_set_verify(trust->context, SSL_VERIFY_PEER, NULL);
	if (use_client_certificate(trust->context, files, error) != 0)
		tls_trust_free(&trust);
	return trust;
}

void tls_trust_free(struct tls_trust **trust)
{
	if (*trust == NULL)
		return;
	SSL_CTX_free((*trust)->context);
	trust_drop(&(*trust)->trust);
	free(*trust);
	*trust = NULL;
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
	trust_apply_context(trust->trust, trust->context); /* as the file is now */
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
