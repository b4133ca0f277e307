/* What a provider's actions sent and what was answered, of a key that is traced. */
#include "handlers.h"

enum err_code handle_trace(struct request *request, struct err *err)
{
    return engine_trace(request_engine(request), request->path.environment, request->path.name, &request->out, err);
}
