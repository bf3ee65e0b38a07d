/* tls_error.c: what went wrong with TLS, in words for people. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/err.h"
#include "lib/transport/tls_parts.h"

enum {
	NAMES_TEXT = 150,            /* bytes for the names of a certificate */
	ALERT_OFFSET = 1000,         /* an alert that came, as a reason of OpenSSL's */
};

void
tls_time_text(const ASN1_TIME *time, char *into)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1 ||
	    strftime(into, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		snprintf(into, 32, "?");
}

void
tls_name_text(const X509_NAME *name, char *into, size_t size)
{
	BIO *out = BIO_new(BIO_s_mem());
	int len = 0;

	if (out != NULL && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253) >= 0)
		len = BIO_read(out, into, (int)size - 1);
	into[len > 0 ? len : 0] = '\0';
	BIO_free(out);
}

/* --- the names of a certificate ------------------------------------------------------------ */

/* Adds "'name'" to a list; false when there is no room for it. */
static bool
add_name(char *into, size_t size, const char *name, int len)
{
	size_t used = strlen(into);
	int n = snprintf(into + used, size - used, "%s'%.*s'", used > 0 ? ", " : "", len, name);

	if (n < 0 || (size_t)n >= size - used) {
		into[used] = '\0';
		return false;
	}
	return true;
}

static bool
add_general_name(char *into, size_t size, const GENERAL_NAME *name)
{
	const ASN1_STRING *value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
	int len = ASN1_STRING_length(value);
	char address[INET6_ADDRSTRLEN];

	if (name->type == GEN_DNS)
		return add_name(into, size, (const char *)ASN1_STRING_get0_data(value), len);
	if (inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), address,
	    sizeof address) == NULL)
		return false;
	return add_name(into, size, address, (int)strlen(address));
}

/* Only a certificate without other names is known by its common name (RFC 6125, 6.4.4). */
static void
add_common_name(char *into, size_t size, X509 *cert)
{
	char text[80];

	if (X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, text,
	    sizeof text) > 0)
		add_name(into, size, text, (int)strlen(text));
}

static bool
is_ours(const GENERAL_NAME *name)
{
	int len = name->type == GEN_IPADD ? ASN1_STRING_length(name->d.iPAddress) : 0;

	return name->type == GEN_DNS || len == 4 || len == 16;
}

/* "'a.example', 'b.example' and 3 more". */
static void
names_text(X509 *cert, char *into, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int omitted = 0;

	*into = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (is_ours(name) &&
		    (omitted > 0 || !add_general_name(into, size - 16, name)))
			omitted++;
	}
	GENERAL_NAMES_free(names);
	if (*into == '\0' && omitted == 0)
		add_common_name(into, size - 16, cert);
	if (*into == '\0')
		snprintf(into, size, omitted > 0 ? "other names" : "no name at all");
	else if (omitted > 0)
		snprintf(into + strlen(into), size - strlen(into), " and %d more", omitted);
}

/* --- verification -------------------------------------------------------------------------- */

static void
name_mismatch(X509_STORE_CTX *ctx, const char *name, struct err *e)
{
	char names[NAMES_TEXT];

	names_text(X509_STORE_CTX_get0_cert(ctx), names, sizeof names);
	err_set(e, ERR_TLS, 0, "the certificate is not for '%.60s', but for %s", name, names);
}

/* What is wrong with the certificate that the verification has arrived at: "it" is the server's
 * own, those above are named. */
static void
refuse(X509_STORE_CTX *ctx, const char *name, struct err *e)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
	int code = X509_STORE_CTX_get_error(ctx);
	char who[96] = "it", issuer[96] = "", date[32] = "";
	const char *what = X509_verify_cert_error_string(code);

	if (cert != NULL && X509_STORE_CTX_get_error_depth(ctx) > 0)
		tls_name_text(X509_get_subject_name(cert), who, sizeof who);
	if (cert != NULL)
		tls_name_text(X509_get_issuer_name(cert), issuer, sizeof issuer);
	switch (code) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		name_mismatch(ctx, name, e);
		return;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		if (cert != NULL)
			tls_time_text(code == X509_V_ERR_CERT_HAS_EXPIRED ?
			    X509_get0_notAfter(cert) : X509_get0_notBefore(cert), date);
		err_set(e, ERR_TLS, 0, "the certificate of '%.60s' is not accepted: %s %s %s",
		    name, who, code == X509_V_ERR_CERT_HAS_EXPIRED ? "expired on" :
		    "is not valid before", date);
		return;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		err_set(e, ERR_TLS, 0, "the certificate of '%.60s' is not accepted: it is signed "
		    "by itself and not among the trusted ones (see --cacert)", name);
		return;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		err_set(e, ERR_TLS, 0, "the certificate of '%.50s' is not accepted: its issuer "
		    "'%s' is not among the trusted authorities (see --cacert)", name, issuer);
		return;
	}
	err_set(e, ERR_TLS, 0, "the certificate of '%.60s' is not accepted: %s: %s", name, who,
	    what);
}

int
tls_on_verify(int ok, X509_STORE_CTX *ctx)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(ctx,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls *t = SSL_get_app_data(ssl);

	if (!ok && t->told != NULL && t->told->class == ERR_NONE)
		refuse(ctx, t->target->name, t->told);
	return ok;
}

/* --- alerts -------------------------------------------------------------------------------- */

/* The alert that a failure is about (RFC 8446, 6.2), -1 when it is about none. */
static int
alert_of(unsigned long code)
{
	int reason = ERR_GET_REASON(code);

	if (ERR_GET_LIB(code) != ERR_LIB_SSL || reason < ALERT_OFFSET ||
	    reason > ALERT_OFFSET + 255)
		return -1;
	return reason - ALERT_OFFSET;
}

static const char *
alert_name(int alert)
{
	return alert == SSL_AD_CERTIFICATE_REQUIRED ? "certificate required" :
	    SSL_alert_desc_string_long(alert);
}

/* What it means here. */
static const char *
alert_hint(int alert)
{
	switch (alert) {
	case SSL_AD_PROTOCOL_VERSION:
		return ": no version of TLS is allowed on both sides (see --tls-min)";
	case SSL_AD_CERTIFICATE_REQUIRED:
		return ": it wants a client certificate (see --cert)";
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
		return ": it does not accept the client's certificate (see --cert)";
	case SSL_AD_UNRECOGNIZED_NAME:
		return ": it does not know that name (see --servername)";
	case SSL_AD_NO_APPLICATION_PROTOCOL:
		return ": it knows none of the protocols offered (see --alpn)";
	}
	return "";
}

static const char *
words_of(unsigned long code)
{
	const char *text = ERR_reason_error_string(code);

	return text != NULL ? text : "unknown error";
}

void
tls_handshake_why(const struct tls *t, struct err *e)
{
	const char *name = t->target->name;
	int alert = alert_of(t->code);

	if (t->alien)
		err_set(e, ERR_TLS, 0, "no TLS with '%.100s': the peer speaks %s", name,
		    t->http ? "HTTP without TLS" : "something else");
	else if (alert >= 0)
		err_set(e, ERR_TLS, 0, "no TLS with '%.80s': the peer refused with the alert "
		    "'%s'%s", name, alert_name(alert), alert_hint(alert));
	else if (t->eof)
		err_set(e, ERR_TLS, 0,
		    "no TLS with '%.100s': the peer ended the connection in the handshake", name);
	else if (t->code == 0)
		err_set(e, ERR_TLS, t->sys_errno, "no TLS with '%.100s': %s", name,
		    strerror(t->sys_errno));
	else if (ERR_GET_LIB(t->code) == ERR_LIB_SSL &&
	    ERR_GET_REASON(t->code) == SSL_R_UNSUPPORTED_PROTOCOL)
		err_set(e, ERR_TLS, 0, "no TLS with '%.100s': the peer chose a version that is "
		    "not allowed here (see --tls-min)", name);
	else
		err_set(e, ERR_TLS, 0, "no TLS with '%.100s': %s", name, words_of(t->code));
}

void
tls_why(const void *state, struct err *e)
{
	const struct tls *t = state;
	const char *name = t->target->name;
	int alert = alert_of(t->code);

	if (t->code == 0)
		err_set(e, ERR_CLOSED, t->sys_errno, "%s", strerror(t->sys_errno));
	else if (alert >= 0)
		err_set(e, ERR_TLS, 0, "the peer ended TLS with '%.80s' by the alert '%s'%s", name,
		    alert_name(alert), alert_hint(alert));
	else
		err_set(e, ERR_TLS, 0, "TLS with '%.100s' broke: %s", name, words_of(t->code));
}
