/* wrap.h: sentences wrapped between words. */
#ifndef HAIL_REPORT_WRAP_H
#define HAIL_REPORT_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Writes a sentence, made fit for a terminal, behind what stands on the line already (so many
 * columns), and ends the line. Further lines begin at `indent`. NULL text counts as "?". */
void wrap_text(FILE *into, const char *text, size_t column, size_t indent);

#endif
