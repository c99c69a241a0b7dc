codicil_unit_test(app server_stream app_io)
codicil_unit_test(app server_address app_io)
