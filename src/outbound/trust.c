/* SPDX-License-Identifier: MIT */
#include "outbound/trust.h"

#include "base/file.h"
#include "telemetry/log.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>
#ifdef HAVE_OPENSSL
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#endif

enum { CA_FILE_MAX = 16 << 20 };

struct trust {
	struct trust *next;
	char *ca_file; /* "": the system's */
	unsigned users;
	struct file_stamp seen; /* of the file, when it was last read */
	void *store;		/* X509_STORE; NULL: libcurl reads the file */
};

/* Guards the list and its elements. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct trust *first;

#ifdef HAVE_OPENSSL

static bool libcurl_uses_our_openssl(void)
{
	const char *backend = curl_version_info(CURLVERSION_NOW)->ssl_version;
	char ours[32];

	snprintf(ours, sizeof ours, "OpenSSL/%d.", OPENSSL_VERSION_MAJOR);
	return backend != NULL && strncmp(backend, ours, strlen(ours)) == 0;
}

/* Loads what libcurl considers the system's certificates: a file, and a folder whose files are
 * found by name. */
static void load_system(X509_STORE *store)
{
	CURL *easy = curl_easy_init();
	char *file = NULL, *folder = NULL;

	curl_easy_getinfo(easy, CURLINFO_CAINFO, &file);
	curl_easy_getinfo(easy, CURLINFO_CAPATH, &folder);
	if (file != NULL)
		X509_STORE_load_file(store, file);
	if (folder != NULL)
		X509_STORE_load_path(store, folder);
	curl_easy_cleanup(easy);
}

/* Loads a file like X509_STORE_load_file(), but also one with a byte order mark, and neither a pipe
 * nor a device, which could have no end. -1 if the file has no certificate. */
static int load_file(X509_STORE *store, const char *ca_file)
{
	STACK_OF(X509_INFO) *found = NULL;
	struct buffer text = BUFFER_INIT(CA_FILE_MAX);
	BIO *file = NULL;
	int count = 0;

	if (file_read_text(ca_file, FILE_PUBLIC, &text, &(struct error){0}) == 0 && text.length > 0)
		file = BIO_new_mem_buf(text.data, (int)text.length);
	if (file != NULL)
		found = PEM_X509_INFO_read_bio(file, NULL, NULL, NULL);
	for (int i = 0; i < sk_X509_INFO_num(found); i++) {
		const X509_INFO *info = sk_X509_INFO_value(found, i);

		if (info->x509 != NULL)
			count += X509_STORE_add_cert(store, info->x509) == 1;
		if (info->crl != NULL)
			X509_STORE_add_crl(store, info->crl);
	}
	sk_X509_INFO_pop_free(found, X509_INFO_free);
	BIO_free(file);
	buffer_release(&text);
	return count > 0 ? 0 : -1;
}

/* Makes a store with the flags that libcurl would set. */
static void *load_store(const char *ca_file)
{
	X509_STORE *store = X509_STORE_new();

	if (store == NULL)
		return NULL;
	X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	if (ca_file[0] == '\0') {
		load_system(store);
	} else if (load_file(store, ca_file) != 0) {
		X509_STORE_free(store);
		store = NULL;
	} else {
		/* libcurl 7.87 to 8.3 adds the path that trust_apply() sets after put_store(), in
		 * threads that share the store. A path that is there already changes nothing. */
		X509_STORE_load_path(store, ca_file);
	}
	ERR_clear_error();
	return store;
}

static void free_store(void *store)
{
	X509_STORE_free(store);
}

int trust_apply_context(struct trust *trust, void *context)
{
	X509_STORE *store;

	pthread_mutex_lock(&lock);
	store = trust->store;
	if (store != NULL)
		X509_STORE_up_ref(store);
	pthread_mutex_unlock(&lock);
	if (store == NULL)
		return -1;
	SSL_CTX_set_cert_store(context, store); /* takes over the reference */
	return 0;
}

int64_t trust_certificate_end(void *easy)
{
	const struct curl_tlssessioninfo *session = NULL;
	const X509 *certificate;
	struct tm end;

	if (!libcurl_uses_our_openssl() ||
		curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK ||
		session == NULL || session->backend != CURLSSLBACKEND_OPENSSL ||
		session->internals == NULL)
		return 0;
	certificate = SSL_get0_peer_certificate(session->internals);
	if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
		return 0;
	return timegm(&end);
}

/* CURLOPT_SSL_CTX_FUNCTION. */
static CURLcode put_store(CURL *easy, void *context, void *argument)
{
	return trust_apply_context(argument, context) == 0 ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

#else

static bool libcurl_uses_our_openssl(void)
{
	return false;
}

static void *load_store(const char *ca_file)
{
	return NULL;
}

static void free_store(void *store)
{
}

int trust_apply_context(struct trust *trust, void *context)
{
	return -1;
}

int64_t trust_certificate_end(void *easy)
{
	return 0;
}

static CURLcode put_store(CURL *easy, void *context, void *argument)
{
	return CURLE_SSL_CACERT_BADFILE;
}

#endif

/* The stamp of the ca-file, or of libcurl's default file. */
static struct file_stamp stamp_of(const struct trust *trust)
{
	CURL *easy = trust->ca_file[0] == '\0' ? curl_easy_init() : NULL;
	struct file_stamp stamp = {0};
	char *file = trust->ca_file;

	if (easy != NULL)
		curl_easy_getinfo(easy, CURLINFO_CAINFO, &file);
	if (file != NULL)
		stamp = file_stamp(file);
	curl_easy_cleanup(easy);
	return stamp;
}

/* Reads the file if it has changed; the caller does not hold the lock. A broken file counts as
 * seen, and the old certificates stay. 1 if it was read, 0 if not needed, -1 with an error. */
static int renew(struct trust *trust, struct error *error)
{
	struct file_stamp now = stamp_of(trust);
	void *store, *old;
	bool changed;

	pthread_mutex_lock(&lock);
	changed = !file_stamp_equal(now, trust->seen) || trust->store == NULL;
	trust->seen = now;
	pthread_mutex_unlock(&lock);
	if (changed && trust->ca_file[0] != '\0' && access(trust->ca_file, R_OK) != 0)
		return error_set(error, "%s: cannot be read: %s", trust->ca_file, strerror(errno));
	if (!changed || !libcurl_uses_our_openssl())
		return 0;
	store = load_store(trust->ca_file);
	if (store == NULL)
		return error_set(
			error, "%s: expected certificates in PEM, found none", trust->ca_file);
	pthread_mutex_lock(&lock);
	old = trust->store;
	trust->store = store;
	pthread_mutex_unlock(&lock);
	free_store(old);
	return 1;
}

static struct trust *find_or_make(const char *ca_file)
{
	struct trust *trust = first;

	while (trust != NULL && strcmp(trust->ca_file, ca_file) != 0)
		trust = trust->next;
	if (trust != NULL)
		return trust;
	trust = calloc(1, sizeof *trust);
	if (trust == NULL)
		return NULL;
	trust->ca_file = strdup(ca_file);
	if (trust->ca_file == NULL) {
		free(trust);
		return NULL;
	}
	trust->next = first;
	first = trust;
	return trust;
}

struct trust *trust_use(const char *ca_file, struct error *error)
{
	struct trust *trust;

	pthread_mutex_lock(&lock);
	trust = find_or_make(ca_file);
	if (trust != NULL)
		trust->users++;
	pthread_mutex_unlock(&lock);
	if (trust == NULL)
		error_set(error, "%s: out of memory", ca_file);
	else if (renew(trust, error) < 0)
		trust_drop(&trust);
	return trust;
}

struct trust *trust_share(struct trust *trust)
{
	pthread_mutex_lock(&lock);
	trust->users++;
	pthread_mutex_unlock(&lock);
	return trust;
}

void trust_drop(struct trust **trust)
{
	struct trust *t = *trust, **link = &first;

	*trust = NULL;
	if (t == NULL)
		return;
	pthread_mutex_lock(&lock);
	if (--t->users > 0) {
		pthread_mutex_unlock(&lock);
		return;
	}
	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	pthread_mutex_unlock(&lock);
	free_store(t->store);
	free(t->ca_file);
	free(t);
}

static bool is_parsed(const struct trust *trust)
{
	bool parsed;

	pthread_mutex_lock(&lock);
	parsed = trust->store != NULL;
	pthread_mutex_unlock(&lock);
	return parsed;
}

int trust_apply(struct trust *trust, void *easy)
{
	CURLcode code = CURLE_OK;

	/* A resumed session is not checked again, not even against a file that has changed. */
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (!is_parsed(trust)) {
		if (trust->ca_file[0] != '\0')
			code = curl_easy_setopt(easy, CURLOPT_CAINFO, trust->ca_file);
		return code == CURLE_OK ? 0 : -1;
	}
	code = curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	/* libcurl compares this path to tell connections apart. Nothing is read from it: a file is
	 * no folder of certificates. */
	if (code == CURLE_OK && trust->ca_file[0] != '\0')
		code = curl_easy_setopt(easy, CURLOPT_CAPATH, trust->ca_file);
	if (code == CURLE_OK)
		code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, put_store);
	if (code == CURLE_OK)
		code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, trust);
	return code == CURLE_OK ? 0 : -1;
}

/* Takes a reference to the next one in the list; NULL at its end. */
static struct trust *use_next(struct trust *before)
{
	struct trust *trust;

	pthread_mutex_lock(&lock);
	trust = before == NULL ? first : before->next;
	if (trust != NULL)
		trust->users++;
	pthread_mutex_unlock(&lock);
	return trust;
}

static void log_renewal(const char *message)
{
	struct log_line line;

	log_begin(&line, message == NULL ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "reload");
	log_text(&line, "what", "ca-file");
	log_text(&line, "result", message == NULL ? "ok" : "failed");
	log_text(&line, "message", message);
	log_end(&line);
}

void trust_refresh(void)
{
	struct trust *trust = use_next(NULL), *next;

	for (; trust != NULL; trust = next) {
		struct error error;
		int rc = renew(trust, &error);

		if (rc != 0)
			log_renewal(rc > 0 ? NULL : error.text);
		next = use_next(trust);
		trust_drop(&trust);
	}
}
