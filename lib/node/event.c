#include "lib/node/event.h"

#include <stdbool.h>

#include "lib/base/buf.h"

static int
write_id(struct buf *into, struct stream_id id)
{
	char text[STREAM_ID_TEXT];

	stream_id_text(id, text);
	return buf_addf(into, "id: %s\n", text);
}

/* Splits the first line off; false: there is no further one. One pass: a message may be a
 * megabyte of line ends. */
static bool
take_line(struct slice *rest, struct slice *line)
{
	size_t len = 0, end;

	while (len < rest->len && rest->data[len] != '\n' && rest->data[len] != '\r')
		len++;
	*line = (struct slice){rest->data, len};
	if (len == rest->len)
		return false;
	end = rest->data[len] == '\r' && len + 1 < rest->len && rest->data[len + 1] == '\n' ?
	    2 : 1;
	*rest = (struct slice){rest->data + len + end, rest->len - len - end};
	return true;
}

static int
write_line(struct buf *into, struct slice line)
{
	if (buf_add_text(into, "data: ") != 0 || buf_add(into, line.data, line.len) != 0)
		return -1;
	return buf_add(into, "\n", 1);
}

int
event_write(struct buf *into, struct stream_id id, struct slice data)
{
	struct slice line;
	bool more;

	if (write_id(into, id) != 0)
		return -1;
	do {
		more = take_line(&data, &line);
		if (write_line(into, line) != 0)
			return -1;
	} while (more);
	return buf_add(into, "\n", 1);
}

int
event_write_position(struct buf *into, struct stream_id id)
{
	if (write_id(into, id) != 0)
		return -1;
	return buf_add(into, "\n", 1);
}
