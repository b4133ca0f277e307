/* The table of fault kinds. */
#ifndef KEYTURN_SIM_FAULT_KINDS_H
#define KEYTURN_SIM_FAULT_KINDS_H

#include "common/fault.h"

/* The kind of that name, or NULL. */
const struct fault_kind *fault_kind_find(const char *name);

#endif
