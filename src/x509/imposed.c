// TLS features and explicit policies of issuers: see imposed.h.
#include "imposed.h"

#include <openssl/x509v3.h>

static bool has_extension(X509 *cert, int nid) {
  return X509_get_ext_by_NID(cert, nid, -1) >= 0;
}

bool codicil_imposes(X509 *issuer) {
  return has_extension(issuer, NID_name_constraints) || has_extension(issuer, NID_tlsfeature) ||
         has_extension(issuer, NID_policy_constraints);
}

// ---- TLS features -------------------------------------------------------------------------------

static bool has_feature(const TLS_FEATURE *features, const ASN1_INTEGER *wanted) {
  for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++) {
    if (ASN1_INTEGER_cmp(sk_ASN1_INTEGER_value(features, i), wanted) == 0) {
      return true;
    }
  }
  return false;
}

// What cannot be read is not there: of the issuer it is refused, of the subject it is missed.
static bool features_are_inherited(X509 *subject, X509 *issuer) {
  TLS_FEATURE *wanted = X509_get_ext_d2i(issuer, NID_tlsfeature, NULL, NULL);
  TLS_FEATURE *have = X509_get_ext_d2i(subject, NID_tlsfeature, NULL, NULL);
  bool ok = wanted != NULL;
  for (int i = 0; ok && i < sk_ASN1_INTEGER_num(wanted); i++) {
    ok = has_feature(have, sk_ASN1_INTEGER_value(wanted, i));
  }
  TLS_FEATURE_free(wanted);
  TLS_FEATURE_free(have);
  return ok;
}

// ---- policies -----------------------------------------------------------------------------------

// OpenSSL takes critical policy constraints for known, and reads them only when asked to. It is
// asked only where there are any: policy trees are costly, and without one any policy will do.
static int policy_error(STACK_OF(X509) * chain) {
  X509_POLICY_TREE *tree = NULL;
  int is_explicit = 0;
  // RFC 5280 §6.1.1: the initial set of policies is any-policy; an empty stack would be no policy.
  STACK_OF(ASN1_OBJECT) *any = sk_ASN1_OBJECT_new_null();
  int result = any != NULL && sk_ASN1_OBJECT_push(any, OBJ_nid2obj(NID_any_policy)) > 0
                   ? X509_policy_check(&tree, &is_explicit, chain, any, 0)
                   : X509_PCY_TREE_INTERNAL;
  sk_ASN1_OBJECT_free(any);
  X509_policy_tree_free(tree);
  switch (result) {
  case X509_PCY_TREE_VALID:
  case X509_PCY_TREE_EMPTY:
    return X509_V_OK;
  case X509_PCY_TREE_FAILURE:
    return X509_V_ERR_NO_EXPLICIT_POLICY;
  case X509_PCY_TREE_INTERNAL:
    return X509_V_ERR_OUT_OF_MEM;
  default:
    return X509_V_ERR_INVALID_POLICY_EXTENSION;
  }
}

// ---- the whole ----------------------------------------------------------------------------------

int codicil_imposed_error(STACK_OF(X509) * chain) {
  bool has_policies = false;
  for (int i = 1; i < sk_X509_num(chain); i++) {
    X509 *issuer = sk_X509_value(chain, i);
    // RFC 7633 §4.2.2: who is certified below a TLS feature has to have it, too.
    if (has_extension(issuer, NID_tlsfeature) &&
        !features_are_inherited(sk_X509_value(chain, i - 1), issuer)) {
      return X509_V_ERR_INVALID_EXTENSION;
    }
    has_policies = has_policies || has_extension(issuer, NID_policy_constraints);
  }
  return has_policies ? policy_error(chain) : X509_V_OK;
}
