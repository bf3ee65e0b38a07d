/* document_script.h: the section `script` of the results document. */
#ifndef HAIL_REPORT_DOCUMENT_SCRIPT_H
#define HAIL_REPORT_DOCUMENT_SCRIPT_H

#include <jansson.h>

struct tally;

/* NULL: no script was played, or no memory. */
json_t *document_script(const struct tally *t);

#endif
