/* text.h: the summary for people, made from a results document and nothing else, so that a
 * saved one looks as it did after the run. */
#ifndef HAIL_REPORT_TEXT_H
#define HAIL_REPORT_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* Writes a section for each one that the document has. Any JSON will do: what is missing or of
 * another type is left out, and nothing reaches the terminal but printable characters. */
void text_render(FILE *into, const json_t *document);

#endif
