//! Logs to standard error, written by a separate thread: a paused terminal must not stop the session.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, Layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::terminal::{ErrorOutput, StatusLine};

/// Starts logging this program's own events up to `level`, above the status line. What waits is written when
/// the guard is dropped. Libraries' events are left out, as they may hold secrets.
pub fn start(level: LevelFilter, status: StatusLine) -> Result<WorkerGuard, TryInitError> {
    let (writer, guard) = tracing_appender::non_blocking(ErrorOutput { status });
    let layer = Layer::new().with_writer(writer).event_format(Sentence);
    let ours = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    tracing_subscriber::registry().with(layer).with(ours).try_init()?;
    Ok(guard)
}

/// `nwdiag: warning: what happened key=value`.
struct Sentence;

impl<S, N> FormatEvent<S, N> for Sentence
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warning",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        write!(writer, "nwdiag: {level}: ")?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
