//! What the stand-in is made of: a root that signs, requests by TLS, and the forms in which keys come.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm,
};
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// One request.
pub struct Asked {
    pub method: String,
    pub path: String,
    head: String,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).unwrap_or_default()
    }
}

/// Answers one request of a connection.
pub fn serve(stream: TcpStream, tls: Arc<ServerConfig>, answer: impl Fn(Asked) -> String) {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut stream = StreamOwned::new(ServerConnection::new(tls).unwrap(), stream);
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut first = head.split_whitespace().map(str::to_owned);
    let mut asked =
        Asked { method: first.next().unwrap(), path: first.next().unwrap(), head: head.clone(), body: String::new() };
    let mut body = vec![0; asked.header("content-length").parse().unwrap_or(0)];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    asked.body = String::from_utf8_lossy(&body).into_owned();
    let _ = stream.write_all(answer(asked).as_bytes());
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

/// A root of one's own.
pub struct Root(CertifiedIssuer<'static, KeyPair>);

impl Root {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "a stand-in");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// A chain for this key, good from and until so many seconds from now.
    pub fn sign(&self, hosts: &[String], key: &impl PublicKeyData, from: i64, to: i64) -> String {
        let mut params = CertificateParams::new(hosts.to_vec()).unwrap();
        let now = time::OffsetDateTime::now_utc();
        params.not_before = now + time::Duration::seconds(from);
        params.not_after = now + time::Duration::seconds(to);
        format!("{}{}", params.signed_by(key, &self.0).unwrap().pem(), self.pem())
    }

    /// A chain with a key of its own.
    pub fn make(&self, hosts: &[String], from: i64, to: i64) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (self.sign(hosts, &key, from, to), key.serialize_pem())
    }

    /// What the authority itself shows.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let (chain, key) = self.make(&["127.0.0.1".to_owned()], -60, 86_400);
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        Arc::new(builder.with_single_cert(chain, key).unwrap())
    }
}

/// The key of an account and its thumbprint (RFC 7638).
pub fn public_key(jwk: &Value) -> (Vec<u8>, String) {
    let part = |name: &str| jwk[name].as_str().unwrap_or_default();
    let bytes = |name: &str| BASE64.decode(part(name)).unwrap_or_default();
    let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, part("x"), part("y"));
    ([vec![4], bytes("x"), bytes("y")].concat(), BASE64.encode(digest(&SHA256, text.as_bytes())))
}

/// The key a certificate is asked for.
pub struct Requested(Vec<u8>);

impl PublicKeyData for Requested {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// The key in a request (RFC 2986) that is signed with it and names each of these hosts.
pub fn requested_key(csr: &[u8], hosts: &[String]) -> Option<Requested> {
    let (_, request, _) = element(csr)?;
    let (info, inner, rest) = element(request)?;
    let (_, _, rest) = element(rest)?;
    let (_, signature, _) = element(rest)?;
    let (_, _, behind_version) = element(inner)?;
    let (_, _, behind_subject) = element(behind_version)?;
    let (_, key_info, _) = element(behind_subject)?;
    let (_, _, bits) = element(key_info)?;
    // Both are strings of bits, whose first byte counts those that are unused.
    let (key, signature) = (element(bits)?.1.strip_prefix(&[0])?, signature.strip_prefix(&[0])?);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(info, signature).ok()?;
    let names = |host: &String| inner.windows(host.len()).any(|part| part == host.as_bytes());
    hosts.iter().all(names).then(|| Requested(key.to_vec()))
}

/// The first element of some DER: all of it, what is in it, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let first = usize::from(*der.get(1)?);
    let digits = first.saturating_sub(0x80);
    let length = match digits {
        0 => first,
        _ => der.get(2..2 + digits)?.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)),
    };
    let (start, end) = (2 + digits, 2 + digits + length);
    Some((der.get(..end)?, der.get(start..end)?, &der[end..]))
}
