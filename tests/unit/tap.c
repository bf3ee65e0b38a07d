#include "tests/unit/tap.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int points, failures;

bool
tap_ok(bool ok, const char *format, ...)
{
	va_list args;

	printf("%s %d - ", ok ? "ok" : "not ok", ++points);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	if (!ok)
		failures++;
	return ok;
}

bool
tap_int(long long got, long long want, const char *name)
{
	if (!tap_ok(got == want, "%s", name))
		printf("# got %lld, want %lld\n", got, want);
	return got == want;
}

bool
tap_text(const char *got, const char *want, const char *name)
{
	bool same = got != NULL && want != NULL ? strcmp(got, want) == 0 : got == want;

	if (!tap_ok(same, "%s", name))
		printf("# got '%s', want '%s'\n", got ? got : "(null)", want ? want : "(null)");
	return same;
}

bool
tap_bytes(const void *got, size_t got_len, const void *want, size_t want_len, const char *name)
{
	bool same = got_len == want_len && (want_len == 0 || memcmp(got, want, want_len) == 0);

	if (!tap_ok(same, "%s", name))
		printf("# got %zu bytes, want %zu\n", got_len, want_len);
	return same;
}

int
tap_done(void)
{
	printf("1..%d\n", points);
	return failures == 0 ? 0 : 1;
}

static size_t
mapped_size(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (len + page - 1) / page * page + page;
}

void *
tap_guard(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = mapped_size(len);
	uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + size - page, page, PROT_NONE) != 0) {
		perror("tap_guard");
		exit(1);
	}
	if (len > 0)
		memcpy(map + size - page - len, data, len);
	return map + size - page - len;
}

void
tap_guard_free(void *guarded, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = mapped_size(len);

	munmap((uint8_t *)guarded - (size - page - len), size);
}
