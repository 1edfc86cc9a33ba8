//! HMAC with SHA-256 for `jsonwebtoken`, and nothing else.
//!
//! The backends that come with it bring RSA and elliptic curves along, one of which has a known weakness
//! (RUSTSEC-2023-0071). Nothing here uses them, so they are left out: the shop knows one algorithm.

use hmac::{Hmac, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwkUtils, JwtSigner, JwtVerifier};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::Sha256;
use signature::{Error, Signer, Verifier};

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: signer, verifier_factory: verifier, jwk_utils: JwkUtils::new_unimplemented() };

/// Makes it the one that `jsonwebtoken` uses, which must be done before any token is signed or verified.
pub(super) fn install() {
    // It is this one already when somebody was here before.
    let _ = PROVIDER.install_default();
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Ok(Box::new(Hs256::new(*algorithm, key.try_get_hmac_secret()?)?))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    Ok(Box::new(Hs256::new(*algorithm, key.try_get_hmac_secret()?)?))
}

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Self> {
        if algorithm != Algorithm::HS256 {
            return Err(ErrorKind::InvalidAlgorithm.into());
        }
        Hmac::new_from_slice(secret).map(Self).map_err(|_| ErrorKind::InvalidKeyFormat.into())
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        Ok(self.0.clone().chain_update(message).finalize().into_bytes().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        // In constant time, so that nobody can feel their way to a signature.
        self.0.clone().chain_update(message).verify_slice(signature).map_err(Error::from_source)
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::Value;

    /// The example of RFC 7515, appendix A.1, made by others.
    const EXAMPLE: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0\
                           dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const KEY: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

    #[test]
    fn the_standards_own_example_is_accepted_and_any_change_of_it_is_not() {
        install();
        let key = DecodingKey::from_secret(&URL_SAFE_NO_PAD.decode(KEY).unwrap());
        let mut rules = jsonwebtoken::Validation::new(Algorithm::HS256);
        rules.validate_exp = false;
        rules.set_required_spec_claims(&["iss"]);
        let said = jsonwebtoken::decode::<Value>(EXAMPLE, &key, &rules).unwrap();
        assert_eq!(said.claims["iss"], "joe");
        let forged = EXAMPLE.replace(".dBj", ".dBk");
        assert!(jsonwebtoken::decode::<Value>(&forged, &key, &rules).is_err());
    }

    #[test]
    fn other_algorithms_are_refused() {
        install();
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let header = jsonwebtoken::Header::new(algorithm);
            assert!(jsonwebtoken::encode(&header, &Value::Null, &EncodingKey::from_secret(b"x")).is_err());
        }
    }
}
