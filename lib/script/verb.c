#include "lib/script/verb.h"

#include "lib/script/symbols.h"

const struct verb_row verb_rows[] = {
	{VERB_OPEN, VERB_FIRST, "open",
	    "open NAME [ws|sse|longpoll|poll] URL [OPTION [VALUE]]... [within TIME] [as WORD]",
	    "connect a party and wait until it is open"},
	{VERB_SEND, VERB_OF_PARTY, ">", "NAME > MESSAGE",
	    "send a message: text to the end of the line, \"string\", JSON, hex 00 ff, @FILE, "
	    "<<END"},
	{VERB_EXPECT, VERB_OF_PARTY, "<",
	    "NAME < MATCHER... [within TIME] [as WORD] [save NAME [POINTER]]",
	    "wait for the first unread message that fulfils all that is said"},
	{VERB_EXPECT, VERB_OF_PARTY, "<!",
	    "NAME <! MATCHER... [within TIME] [as WORD] [save NAME [POINTER]]",
	    "demand that of the very next message"},
	{VERB_PING, VERB_OF_PARTY, "ping", "NAME ping [within TIME] [as WORD]",
	    "send a ping and wait for its pong"},
	{VERB_CLOSE, VERB_OF_PARTY, "close", "NAME close [CODE [REASON]]",
	    "begin to close in order"},
	{VERB_DROP, VERB_OF_PARTY, "drop", "NAME drop", "end the connection at once by a reset"},
	{VERB_RECONNECT, VERB_OF_PARTY, "reconnect", "NAME reconnect [within TIME] [as WORD]",
	    "open the same URL again, from the start"},
	{VERB_RESUME, VERB_OF_PARTY, "resume", "NAME resume [within TIME] [as WORD]",
	    "open the same URL again, going on from the last id"},
	{VERB_PAUSE, VERB_OF_PARTY, "pause", "NAME pause", "read nothing from the connection"},
	{VERB_CONTINUE, VERB_OF_PARTY, "continue", "NAME continue", "read from it again"},
	{VERB_CLEAR, VERB_OF_PARTY, "clear", "NAME clear", "forget the unread messages"},
	{VERB_NO_MORE, VERB_OF_PARTY, "expect-no-more", "NAME expect-no-more",
	    "demand that no message comes from here to the end"},
	{VERB_BARRIER, VERB_OF_PARTY, "barrier", "NAME barrier WORD",
	    "wait for the other strands of a parallel block that come to this word"},
	{VERB_HTTP, VERB_FIRST, "http",
	    "http METHOD URL [OPTION [VALUE]]... [body MESSAGE] [< MATCHER...] [within TIME] "
	    "[as WORD] [save NAME [POINTER]]",
	    "make one request and judge the answer"},
	{VERB_SET, VERB_FIRST, "set", "set NAME VALUE", "give a variable a value"},
	{VERB_WAIT, VERB_FIRST, "wait", "wait TIME", "let time pass"},
	{VERB_EXEC, VERB_FIRST, "exec", "exec COMMAND", "run a command of the shell"},
	{VERB_REPEAT, VERB_FIRST, "repeat", "repeat N|forever [as NAME] {",
	    "do what follows, up to the }, again and again"},
	{VERB_PARALLEL, VERB_FIRST, "parallel", "parallel {",
	    "let the parties go on beside each other"},
	{VERB_DO, VERB_FIRST, "do", "do {", "make one strand of several lines"},
	{VERB_TIMEOUT, VERB_FIRST, "timeout", "timeout TIME",
	    "set the limit of what follows in this file"},
	{VERB_INCLUDE, VERB_FIRST, "include", "include FILE",
	    "take the lines of that file as if they stood here"},
	{0},
};

const struct verb_row verb_matchers[] = {
	{VERB_EXPECT, VERB_OF_PARTY, "any", "any", "any message"},
	{VERB_EXPECT, VERB_OF_PARTY, "text", "[text] \"STRING\"", "exactly that text"},
	{VERB_EXPECT, VERB_OF_PARTY, "contains", "contains STRING", "that text somewhere in it"},
	{VERB_EXPECT, VERB_OF_PARTY, "regex", "[regex] /REGEX/[ism]",
	    "a regular expression; named groups become variables"},
	{VERB_EXPECT, VERB_OF_PARTY, "json", "[json] [exactly] PATTERN|@FILE",
	    "JSON that holds at least this; exactly: no other members; @FILE: a snapshot"},
	{VERB_EXPECT, VERB_OF_PARTY, "json-path", "json-path POINTER =|!=|<|<=|>|>= PATTERN",
	    "one value of the JSON"},
	{VERB_EXPECT, VERB_OF_PARTY, "hex", "hex HEX...", "exactly those bytes"},
	{VERB_EXPECT, VERB_OF_PARTY, "event", "event STRING", "an event of that name"},
	{VERB_EXPECT, VERB_OF_PARTY, "id", "id STRING", "a message with that id"},
	{VERB_EXPECT, VERB_OF_PARTY, "status", "status CODE[,CODE...]",
	    "the answer to opening has one of these statuses"},
	{VERB_EXPECT, VERB_OF_PARTY, "header",
	    "header \"NAME: VALUE\" | header NAME [/REGEX/ | \"STRING\"]",
	    "the answer to opening has that field"},
	{VERB_EXPECT, VERB_OF_PARTY, "none", "none [MATCHER...] for TIME",
	    "no such message for so long"},
	{VERB_EXPECT, VERB_OF_PARTY, "close", "close [CODE[,CODE...]] [\"REASON\"]",
	    "the end of the connection"},
	{VERB_EXPECT, VERB_OF_PARTY, "failed", "failed [CLASS]", "opening has failed"},
	{0},
};

const struct verb_row verb_clauses[] = {
	{VERB_EXPECT, VERB_OF_PARTY, "within", "within TIME", "the limit of this line"},
	{VERB_EXPECT, VERB_OF_PARTY, "as", "as WORD", "the name of what this line measures"},
	{VERB_EXPECT, VERB_OF_PARTY, "save", "save NAME [POINTER | header FIELD]",
	    "make a variable of the message, or of a part of it"},
	{0},
};

const struct verb_row *
verb_find(enum verb_shape shape, struct slice word)
{
	for (const struct verb_row *r = verb_rows; r->word != NULL; r++)
		if (r->shape == shape && slice_eq(word, r->word))
			return r;
	return NULL;
}

const struct verb_row *
verb_guess(enum verb_shape shape, struct slice word)
{
	const struct verb_row *closest = NULL;
	size_t best = symbols_near(word), d;

	for (const struct verb_row *r = verb_rows; r->word != NULL; r++) {
		if (r->shape != shape)
			continue;
		d = symbols_distance(word, slice_of(r->word));
		if (d <= best && (closest == NULL || d < best)) {
			best = d;
			closest = r;
		}
	}
	return closest;
}
