codicil_unit_test(app pki_subject app_pki app_io)
codicil_unit_test(app pki_issue app_pki app_io)
codicil_unit_test(app pki_store app_pki app_io)
