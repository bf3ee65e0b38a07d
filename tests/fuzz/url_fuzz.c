/* url_fuzz.c: a URL that is accepted has sound parts, and put together again from them it comes
 * apart the same way. */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/url.h"
#include "tests/fuzz/fuzz.h"

static bool
is_visible(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	return true;
}

static void
check_parts(const struct url *u)
{
	require(u->host[0] != '\0' && is_visible(u->host));
	require(strpbrk(u->host, "/?#@[]") == NULL);
	require(u->port > 0);
	require(u->target[0] == '/' && is_visible(u->target) && strchr(u->target,
	    '#') == NULL);
	require(u->user == NULL || strpbrk(u->user, "\r\n") == NULL);
	require(u->password == NULL || strpbrk(u->password, "\r\n") == NULL);
	require(u->password == NULL || u->user != NULL);
}

static void
check_again(const struct url *u)
{
	char authority[272];
	struct url again;
	struct buf text;

	buf_init(&text, 1 << 20);
	require(buf_addf(&text, "%s://%s%s", url_scheme_name(u->scheme),
	    url_authority(u, authority), u->target) == 0);
	require(buf_add(&text, "", 1) == 0);
	require(url_parse(&again, (char *)text.data, NULL) == 0);
	require(again.scheme == u->scheme && again.port == u->port);
	require(again.default_port == u->default_port &&
	    again.ipv6_literal == u->ipv6_literal);
	require(strcmp(again.host, u->host) == 0 && strcmp(again.target, u->target) == 0);
	url_release(&again);
	buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct err e = {0};
	struct url u;

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (url_parse(&u, text, &e) == 0) {
		check_parts(&u);
		check_again(&u);
		url_release(&u);
	} else {
		require(e.class == ERR_USAGE);
		require_sentence(e.text);
		require(u.user == NULL && u.password == NULL && u.target == NULL);
	}
	free(text);
	return 0;
}
