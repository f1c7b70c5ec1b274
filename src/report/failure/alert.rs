//! TLS alerts as OpenSSL writes them, for those who search: `certificate required`, `unknown ca`.

use crate::event::failure::TlsAlert;

/// RFC 8446, section 6, and RFC 5246, section 7.2, with the alerts that older versions had.
const NAMES: [(u8, &str); 34] = [
    (0, "close notify"),
    (10, "unexpected message"),
    (20, "bad record mac"),
    (21, "decryption failed"),
    (22, "record overflow"),
    (30, "decompression failure"),
    (40, "handshake failure"),
    (41, "no certificate"),
    (42, "bad certificate"),
    (43, "unsupported certificate"),
    (44, "certificate revoked"),
    (45, "certificate expired"),
    (46, "certificate unknown"),
    (47, "illegal parameter"),
    (48, "unknown ca"),
    (49, "access denied"),
    (50, "decode error"),
    (51, "decrypt error"),
    (60, "export restriction"),
    (70, "protocol version"),
    (71, "insufficient security"),
    (80, "internal error"),
    (86, "inappropriate fallback"),
    (90, "user canceled"),
    (100, "no renegotiation"),
    (109, "missing extension"),
    (110, "unsupported extension"),
    (111, "certificate unobtainable"),
    (112, "unrecognized name"),
    (113, "bad certificate status response"),
    (114, "bad certificate hash value"),
    (115, "unknown psk identity"),
    (116, "certificate required"),
    (120, "no application protocol"),
];

/// The name of an alert.
pub(super) fn words(TlsAlert(number): TlsAlert) -> String {
    let known = NAMES.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("unknown alert {number}"), |(_, name)| (*name).to_owned())
}
