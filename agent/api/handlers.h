/* Every handler, by resource. Each file's head says what its requests and answers look like; the
 * whole is in schema/openapi.yaml. */
#ifndef KEYTURN_API_HANDLERS_H
#define KEYTURN_API_HANDLERS_H

#include "request.h"

/* handle_health.c */
request_handler handle_health, handle_metrics;
/* handle_vault.c */
request_handler handle_vault_show, handle_vault_init, handle_vault_unlock, handle_vault_lock, handle_slot_add,
    handle_slot_remove;
/* handle_keys.c */
request_handler handle_keys_list, handle_key_add, handle_key_show, handle_key_change, handle_key_remove,
    handle_key_probe;
/* handle_secret.c */
request_handler handle_secret;
/* handle_deliveries.c */
request_handler handle_deliveries_list, handle_delivery_add, handle_delivery_remove, handle_consumer_forget;
/* handle_rotations.c */
request_handler handle_rotations_list, handle_rotation_open, handle_rotation_show, handle_rotation_stage,
    handle_rotation_move;
/* handle_revocations.c */
request_handler handle_revocations_list, handle_revocation_show, handle_revocation_look, handle_incidents_list,
    handle_incident_show;
struct vault_incident;
/* The whole incident as the answer. */
enum err_code answer_incident(struct request *request, const struct vault_incident *incident, struct err *err)
    ERR_MUST_CHECK;
/* handle_emergency.c */
request_handler handle_revoke, handle_revoke_plan;
/* handle_notices.c */
request_handler handle_notices_list;
/* handle_reconciliation.c */
request_handler handle_reconcile, handle_reconciliation_show;
/* handle_labels.c */
request_handler handle_labels_list, handle_label_forget, handle_label_look;
/* handle_identify.c */
request_handler handle_identify;
/* handle_inventory.c */
request_handler handle_providers_list, handle_provider_show, handle_environments_list;
/* handle_providers.c */
request_handler handle_trace;
/* handle_audit.c */
request_handler handle_audit_list, handle_audit_verify;

#endif
