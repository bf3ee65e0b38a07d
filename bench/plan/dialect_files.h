/* dialect_files.h: the files in bench/dialects/ as they are built into the program: the Makefile
 * writes the C source. */
#ifndef HAIL_PLAN_DIALECT_FILES_H
#define HAIL_PLAN_DIALECT_FILES_H

/* The names without ".json", in order, each ended by NUL, the last by two. */
extern const char dialect_file_names[];

/* The text of each file, in the same order; NULL ends it. */
extern const char *const dialect_file_texts[];

#endif
