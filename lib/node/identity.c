#include "lib/node/identity.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"

static FILE *
open_file(const char *option, const char *path, struct err *e)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		err_set(e, ERR_IO, errno, "%s: cannot read '%.100s': %s", option, path,
		    strerror(errno));
	return file;
}

static X509 *
read_cert(const char *path, struct err *e)
{
	FILE *file = open_file("--tls-cert", path, e);
	X509 *cert;

	if (file == NULL)
		return NULL;
	cert = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	if (cert == NULL)
		err_set(e, ERR_IO, 0, "--tls-cert: '%.100s' holds no certificate in PEM", path);
	return cert;
}

/* Without it OpenSSL would ask the terminal. */
static int
give_no_passphrase(char *into, int size, int writing, void *asked)
{
	(void)into;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static EVP_PKEY *
read_key(const char *path, struct err *e)
{
	FILE *file = open_file("--tls-key", path, e);
	bool asked = false;
	EVP_PKEY *key;

	if (file == NULL)
		return NULL;
	key = PEM_read_PrivateKey(file, NULL, give_no_passphrase, &asked);
	fclose(file);
	if (key == NULL && asked)
		err_set(e, ERR_USAGE, 0, "--tls-key: the key in '%.100s' is encrypted: decrypt it "
		    "first", path);
	else if (key == NULL)
		err_set(e, ERR_IO, 0, "--tls-key: '%.100s' holds no private key in PEM", path);
	return key;
}

int
identity_check(const char *cert, const char *key, struct err *e)
{
	X509 *x = NULL;
	EVP_PKEY *k = NULL;
	int result = -1;

	if (cert == NULL && key == NULL)
		return 0;
	if (cert == NULL || key == NULL)
		return err_set(e, ERR_USAGE, 0, "%s needs %s", cert != NULL ? "--tls-cert" :
		    "--tls-key", cert != NULL ? "--tls-key" : "--tls-cert");
	x = read_cert(cert, e);
	if (x != NULL)
		k = read_key(key, e);
	if (k != NULL) {
		result = X509_check_private_key(x, k) == 1 ? 0 : err_set(e, ERR_USAGE, 0,
		    "--tls-key: the key in '%.80s' is not that of the certificate in '%.80s'", key,
		    cert);
	}
	X509_free(x);
	EVP_PKEY_free(k);
	ERR_clear_error();
	return result;
}
