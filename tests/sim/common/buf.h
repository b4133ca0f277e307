/* base/buf.h, for files that also see jansson.h: three functions of its JSON
 * writer bear the names of jansson's. They are hidden here under other names,
 * and common/put.h writes JSON in their place. Include it before base/file.h. */
#ifndef KEYTURN_SIM_BUF_H
#define KEYTURN_SIM_BUF_H

#define json_string buf_json_string_hidden
#define json_integer buf_json_integer_hidden
#define json_null buf_json_null_hidden
#include "base/buf.h"
#undef json_string
#undef json_integer
#undef json_null

#endif
