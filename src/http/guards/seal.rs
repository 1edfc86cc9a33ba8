//! The word of the edge: a header with a secret that is made anew at each start, and the address a request came from.
//! Without it any program on the machine could ask the shop in the name of anybody.

use rocket::Request;
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// The header.
const NAME: &str = "nexus-edge";

/// The secret that the edge and the shop behind it share.
#[derive(Clone)]
pub struct Seal(String);

impl Seal {
    /// A new one.
    pub fn new() -> Self {
        Self(crate::clock::random_hex::<32>())
    }

    /// The header's name.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// The header's value for a request from this address.
    pub fn stamp(&self, address: IpAddr) -> String {
        format!("{} {address}", self.0)
    }

    /// The address that the edge gives with a request; none when it does not come through the edge.
    pub fn read(&self, request: &Request<'_>) -> Option<IpAddr> {
        let mut lines = request.headers().get(NAME);
        let line = lines.next().filter(|_| lines.next().is_none())?;
        let (secret, address) = line.split_once(' ')?;
        let genuine: bool = secret.as_bytes().ct_eq(self.0.as_bytes()).into();
        address.parse().ok().filter(|_| genuine)
    }
}

impl Default for Seal {
    fn default() -> Self {
        Self::new()
    }
}
