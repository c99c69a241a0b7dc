foreach(name options url hosts choose report write_out output dial resolver fields)
  codicil_unit_test(app client_${name} app_client app_io)
endforeach()
