//! The text of a file as a JSON value, leniently: Python writes `Infinity` and `NaN`, which JSON does not know.

use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

use super::error::DumpError;

/// Some editors and shells of Windows put it before UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What every gzip file begins with (RFC 1952).
const GZIP: &[u8] = b"\x1f\x8b";

/// What stands for numbers that JSON cannot write, the longest first. Python's `json.dumps` writes them unless told not to:
/// older versions of the reference library told a shortest session of `Infinity` before the first drop.
const NO_NUMBERS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// The one value that `bytes` hold.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, DumpError> {
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if text.trim_ascii().is_empty() {
        return Err(DumpError::Empty);
    }
    if text.starts_with(GZIP) {
        return Err(DumpError::Compressed);
    }
    let read = match serde_json::from_slice(text) {
        Err(error) if error.is_syntax() => serde_json::from_slice(&without_no_numbers(text)),
        read => read,
    };
    read.map_err(refused)
}

/// How serde tells that it went as deep as it dares; it has no kind of its own for that.
const TOO_DEEP: &str = "recursion limit exceeded";

fn refused(error: serde_json::Error) -> DumpError {
    match error.classify() {
        Category::Eof => DumpError::Torn { line: error.line() },
        _ if error.to_string().starts_with(TOO_DEEP) => DumpError::TooDeep,
        Category::Syntax | Category::Data | Category::Io => DumpError::Broken(error),
    }
}

/// The same text with `null` for what stands for no number, outside of strings.
fn without_no_numbers(text: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut in_string = false;
    while let Some(&byte) = rest.first() {
        let word = NO_NUMBERS.iter().find(|word| !in_string && rest.starts_with(word));
        let (taken, put): (usize, &[u8]) = match word {
            Some(word) => (word.len(), b"null"),
            None if in_string && byte == b'\\' => (rest.len().min(2), &rest[..rest.len().min(2)]),
            None => (1, &rest[..1]),
        };
        in_string ^= byte == b'"';
        written.extend_from_slice(put);
        rest = &rest[taken..];
    }
    written
}

/// Whether one of these lines is a record, of this or a later nwdiag: an object with `event`; or whether the first is the
/// beginning of one.
pub fn looks_like_a_journal(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head {
        #[serde(rename = "event")]
        _event: String,
    }
    let is_record = |line: &[u8]| line.starts_with(b"{") && serde_json::from_slice::<Head>(line).is_ok();
    bytes.starts_with(b"{\"ts\":") || bytes.split(|byte| *byte == b'\n').any(is_record)
}
