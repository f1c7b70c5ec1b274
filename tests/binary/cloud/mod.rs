//! The built program against the broker's side of AWS IoT: a gateway that lets in who has signed, before a real
//! mosquitto. The way in through mutual TLS as well.

mod aws;
pub(crate) mod gateway;
mod mutual_tls;
mod navien;
mod quirk;
mod request;
mod session;
mod tls;
mod verifier;
