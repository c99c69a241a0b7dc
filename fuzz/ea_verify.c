// An authenticator over fixed keys: judged the same by two connections, and never twice valid by
// one. Finished is put right first, or nothing behind it would ever be reached; the first octet
// says whether (1), and whether it answers a request (2).
#include <stdlib.h>

#include "connection.h"
#include "ea_fixed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

// ClientCertificateRequest: context "request", ecdsa_secp256r1_sha256 and ed25519, status_request.
static const uint8_t request[] = "\21\0\0\30\7request\0\16\0\15\0\6\0\4\4\3\10\7\0\5\0\0";

// Writes the right Finished over everything before the last 36 octets.
static void repair(codicil_ea *ea, uint8_t *octets, size_t len, codicil_span asked) {
  codicil_transcript *t = &ea->transcript;
  uint8_t hash[CODICIL_HASH_MAX];
  uint8_t mac[CODICIL_HASH_MAX];
  if (len >= 36 &&
      codicil_transcript_start(t, codicil_secret_span(&ea->peer.handshake_context), asked) &&
      codicil_transcript_add(t, codicil_span_of(octets, len - 36)) &&
      codicil_transcript_hash(t, hash) &&
      codicil_keys_finished(&ea->peer, mac, codicil_span_of(hash, 32))) {
    memcpy(octets + len - 32, mac, 32);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  uint8_t *octets = len != 0 ? malloc(len) : NULL;
  if (octets == NULL) {
    return 0;
  }
  memcpy(octets, data + 1, len - 1);
  codicil_span input = codicil_span_of(octets, len - 1);
  codicil_span asked = codicil_span_of(request, (data[0] & 2) != 0 ? sizeof request - 1 : 0);
  codicil_ea *ea[2] = {fixed_ea(false), fixed_ea(false)};
  codicil_err err[3];
  if ((data[0] & 1) != 0) {
    repair(ea[0], octets, len - 1, asked);
  }
  for (size_t i = 0; i < 3; i++) {
    codicil_ea_proof *proof = NULL;
    err[i] = codicil_ea_verify(ea[i / 2], &proof, NULL, input, asked);
    assert((proof != NULL) == (err[i] == CODICIL_OK));
    assert(proof == NULL || codicil_ea_proof_certificate(proof, 0).len != 0);
    codicil_ea_proof_free(proof);
  }
  assert(err[0] == err[2] && err[1] != CODICIL_OK && err[1] != CODICIL_DECLINED);
  free(octets);
  codicil_ea_free(ea[0]);
  codicil_ea_free(ea[1]);
  return 0;
}
