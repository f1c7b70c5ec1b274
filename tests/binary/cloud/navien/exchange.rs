//! Requests and answers of HTTP/1.1, as the double reads and writes them.

use std::collections::BTreeMap;
use std::io;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    /// Names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl Call {
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let mut first = lines.next().unwrap().split(' ');
        let headers: BTreeMap<String, String> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        Ok(Self {
            method: first.next().unwrap().to_owned(),
            path: first.next().unwrap().to_owned(),
            headers,
            body: String::from_utf8(body).unwrap(),
        })
    }

    /// The body as JSON; null where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// What the double does with a request.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Answers with this status, this header and this body.
    Answer(u16, (&'static str, String), String),
    /// Answers in chunks.
    Chunks(String),
    /// Takes the request and says nothing.
    Silence,
    /// Takes the request and closes.
    Hangup,
    /// Promises more than it sends, and closes.
    HalfAnAnswer,
    /// Something else than HTTP.
    Garbage,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, "application/json", &body.to_string())
    }

    pub(super) fn raw(status: u16, content_type: &str, body: &str) -> Self {
        Self::Answer(status, ("Content-Type", content_type.to_owned()), body.to_owned())
    }

    /// The bytes to send, with this `Date`; `None` for silence.
    pub(super) fn bytes(&self, date: &str) -> Option<String> {
        let head = |status: u16, name: &str, value: &str| {
            format!("HTTP/1.1 {status} Reason\r\nDate: {date}\r\n{name}: {value}\r\n")
        };
        Some(match self {
            Self::Answer(status, (name, value), body) => {
                format!("{}Content-Length: {}\r\n\r\n{body}", head(*status, name, value), body.len())
            }
            Self::Chunks(body) => {
                let (one, two) = body.split_at(body.len() / 2);
                let chunks = [one, two, ""].map(|part| format!("{:x}\r\n{part}\r\n", part.len()));
                format!("{}\r\n{}", head(200, "Transfer-Encoding", "chunked"), chunks.concat())
            }
            Self::Silence => return None,
            Self::Hangup => String::new(),
            Self::HalfAnAnswer => format!("{}\r\n{{\"code\":200", head(200, "Content-Length", "1000")),
            Self::Garbage => "220 smtp.example ESMTP\r\n".to_owned(),
        })
    }
}
