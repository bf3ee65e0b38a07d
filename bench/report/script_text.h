/* script_text.h: what a script measured and where it failed, as tables for people. */
#ifndef HAIL_REPORT_SCRIPT_TEXT_H
#define HAIL_REPORT_SCRIPT_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* Writes one line for each label and one for each line of the script that was not kept; `label` is
 * the width of the column in front. Any JSON will do. */
void script_text(FILE *into, const json_t *script, int label);

#endif
